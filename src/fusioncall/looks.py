"""The looks at a read: numba kernels that say which records of a block touch a target.

Four looks, the first two for every read; sizes are in bases.

1. A word of 11 at every eighth place is looked up in a bit table, so a stretch of 18 target bases
   without an error cannot be missed. What the table lets pass is checked exactly, by k-mers.
2. A k-mer at an end of the read is enough.
3. The 20 bases at either end may have two errors: of four parts of 5 at least two are free of
   them, and each of the six pairs of parts has a bit table.
4. The 10 bases at either end may be among the first 14 of an exon (`kmers.tip_codes`).

Words are packed as they stand in the text, the first base in the lowest two bits: A 0, C 1, T 2,
G 3, which are two bits of their ASCII codes. Kernels of this module are called from Python only,
since numba's cache does not notice that a kernel of another module has changed.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from fusioncall.kmers import TIP_BP, Codes, Windows
from fusioncall.records import Bytes, Number, Places, load

Counts = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]
Marks = npt.NDArray[np.uint16]

WORD_BP = 11
STEP_BP = 8
END_BP = 20
MIN_STRETCH_BP = WORD_BP + STEP_BP - 1
"""A target stretch of so many bases without an error holds a looked-up word wherever it lies."""

BUCKET_BITS = 4  # words that share all but so many bits stand together
NOTHING = np.uint32(0xFFFFFFFF)
_U = np.uint64
_TWO_BITS = _U(0x0303030303030303)
_PAIRS = _U(0x000F000F000F000F)
_GATHER = _U(1 << 48 | 1 << 36 | 1 << 24 | 1 << 12)  # four bits of each 16 to the upper 16
_FIRST_TIP = 1  # the pair of the first and second part of the first bases
_LAST_TIP = 32 << 6  # the pair of the third and fourth part of the last bases
_FIVE_BASES = _U(0x3FF)
_NEXT_FIVE = _U(0xFFC00)
_TEN_BASES = _U(0xFFFFF)
_WORD_MASK = _U((1 << (2 * WORD_BP)) - 1)
_ODD_BITS = _U(0x5555555555)


@numba.njit(nogil=True, cache=True)
def insert(keys: Codes, values: Codes, codes: Codes, packed: Codes) -> None:  # pragma: no cover
    """Fill a hash table; its size is a power of two, and its free keys are `NOTHING`."""
    for i in range(codes.size):
        slot = _slot(keys, codes[i])
        keys[slot] = codes[i]
        values[slot] = packed[i]


@numba.njit(nogil=True, cache=True)
def _slot(keys: Codes, code: Number) -> Number:  # pragma: no cover
    """Where a code stands in the hash table, or the free place for it."""
    mask = _U(keys.size - 1)
    slot = ((_U(code) * _U(0x9E3779B97F4A7C15)) >> _U(40)) & mask
    while keys[slot] != NOTHING and keys[slot] != code:
        slot = (slot + _U(1)) & mask
    return np.int64(slot)


@numba.njit(nogil=True, cache=True)
def _eight(buffer: Bytes, at: Number) -> Number:  # pragma: no cover
    """Eight bases in 16 bits, the first one lowest; other letters stand for some base."""
    x = (load(buffer, at) >> _U(1)) & _TWO_BITS
    return (((x | (x >> _U(6))) & _PAIRS) * _GATHER) >> _U(48)


@numba.njit(nogil=True, cache=True)
def _bit(bits: Bits, number: Number) -> Number:  # pragma: no cover
    """The bit of that number in a bit table."""
    return np.int64((bits[number >> _U(6)] >> (number & _U(63))) & _U(1))


@numba.njit(nogil=True, cache=True)
def _word(buffer: Bytes, at: Number) -> Number:  # pragma: no cover
    """The eleven bases from a place on as one number."""
    return (_eight(buffer, at) | _eight(buffer, at + 8) << _U(16)) & _WORD_MASK


@numba.njit(nogil=True, cache=True)
def mark_words(
    buffer: Bytes, places: Places, sieve: Bits, marks: Marks
) -> None:  # pragma: no cover
    """Mark the records of which any looked-up word is in the sieve."""
    for row in range(places.shape[0]):
        at = np.int64(places[row, 2])
        last = np.int64(places[row, 3]) - WORD_BP
        found = 0
        if at <= last:
            found = _bit(sieve, _word(buffer, last))
            here = _eight(buffer, at)
            while at <= last:
                there = _eight(buffer, at + STEP_BP)
                found |= _bit(sieve, (here | there << _U(16)) & _WORD_MASK)
                here = there
                at += STEP_BP
        marks[row] = found


@numba.njit(nogil=True, cache=True)
def check_words(  # noqa: PLR0913, PLR0917 - a kernel takes plain arrays
    buffer: Bytes,
    places: Places,
    marks: Marks,
    size: Number,
    targets: Number,
    keys: Codes,
    values: Codes,
    sieve: Bits,
    code_of_base: Bytes,
    least: tuple[int, int],
    kept: Bytes,
    genes: Counts,
    exons: Counts,
    strands: Counts,
) -> None:  # pragma: no cover
    """Count the k-mers of the marked records, and keep those that hold enough of a target's.

    Args:
        buffer: of a block.
        places: its records.
        marks: of `mark_words`.
        size: bases of a k-mer.
        targets: genes of which k-mers keep a record; they are the first ones.
        keys: hash table of the k-mers.
        values: what is known of each.
        sieve: the bit table of all words within k-mers.
        code_of_base: number of each letter.
        least: k-mers in a row for which a record is kept, and k-mers to count for a gene.
        kept: is set to 1 for kept records.
        genes: records that count for each gene.
        exons: k-mers of each exon in such records.
        strands: such records in sense and antisense.
    """
    longest: Number = 0
    for row in range(places.shape[0]):
        longest = max(longest, np.int64(places[row, 3]) - np.int64(places[row, 2]))
    hits = np.empty(longest + 1, dtype=np.uint32)
    for row in range(places.shape[0]):
        start, end = np.int64(places[row, 2]), np.int64(places[row, 3])
        if marks[row] and _holds_word(buffer, start, end, size, sieve, keys, code_of_base):
            count, run, at_end = _count(
                buffer, start, end, size, targets, keys, values, code_of_base, hits
            )
            kept[row] = at_end or run >= least[0]
            _take_census(hits, count, least[1], genes, exons, strands)


@numba.njit(nogil=True, cache=True)
def _holds_word(  # noqa: PLR0913, PLR0917 - a kernel takes plain arrays
    buffer: Bytes,
    start: Number,
    end: Number,
    size: Number,
    sieve: Bits,
    keys: Codes,
    code_of_base: Bytes,
) -> bool:  # pragma: no cover
    """Whether a looked-up word of a read is part of a k-mer of the table."""
    last = end - WORD_BP
    margin = size - WORD_BP
    at = start
    here = _eight(buffer, at)
    while at <= last:
        there = _eight(buffer, at + STEP_BP)
        if (
            _bit(sieve, (here | there << _U(16)) & _WORD_MASK)
            and _has_neighbours(buffer, at, start, end, margin, sieve)
            and _holds_kmer(
                buffer, max(start, at - margin), min(end, at + size), size, keys, code_of_base
            )
        ):
            return True
        here = there
        at += STEP_BP
    return (
        last >= start
        and bool(_bit(sieve, _word(buffer, last)))
        and _has_neighbours(buffer, last, start, end, margin, sieve)
        and _holds_kmer(buffer, max(start, last - margin), end, size, keys, code_of_base)
    )


@numba.njit(nogil=True, cache=True)
def _has_neighbours(
    buffer: Bytes, at: Number, start: Number, end: Number, wanted: Number, sieve: Bits
) -> bool:  # pragma: no cover
    """Whether so many words beside one of the sieve, in a row with it, are in the sieve too."""
    left = 0
    right = 0
    while right < wanted and at + right + 1 <= end - WORD_BP:
        if not _bit(sieve, _word(buffer, at + right + 1)):
            break
        right += 1
    while left + right < wanted and at - left > start:
        if not _bit(sieve, _word(buffer, at - left - 1)):
            return False
        left += 1
    return bool(left + right == wanted)


@numba.njit(nogil=True, cache=True)
def _holds_kmer(
    buffer: Bytes, start: Number, end: Number, size: Number, keys: Codes, code_of_base: Bytes
) -> bool:  # pragma: no cover
    """Whether a stretch of a read holds a k-mer of the table."""
    mask = (_U(1) << _U(2 * size)) - _U(1)
    top = _U(2 * (size - 1))
    forward = reverse = _U(0)
    length = 0
    for i in range(start, end):
        base = _U(code_of_base[buffer[_U(i)]])
        if base > _U(3):
            length = 0
            continue
        forward = ((forward << _U(2)) | base) & mask
        reverse = (reverse >> _U(2)) | ((_U(3) - base) << top)
        length += 1
        if length >= size:
            code = np.uint32(min(forward, reverse))
            if keys[_slot(keys, code)] == code:
                return True
    return False


@numba.njit(nogil=True, cache=True)
def _count(  # noqa: PLR0913, PLR0917 - a kernel takes plain arrays
    buffer: Bytes,
    start: Number,
    end: Number,
    size: Number,
    targets: Number,
    keys: Codes,
    values: Codes,
    code_of_base: Bytes,
    hits: Codes,
) -> tuple[int, int, bool]:  # pragma: no cover
    """Write the table's value for each k-mer of a read into `hits`.

    Returns:
        How many there are, the most target k-mers in a row, whether one stands at an end.
    """
    mask = (_U(1) << _U(2 * size)) - _U(1)
    top = _U(2 * (size - 1))
    forward = reverse = _U(0)
    length = run = longest = count = 0
    at_end = False
    for i in range(start, end):
        base = _U(code_of_base[buffer[_U(i)]])
        if base > _U(3):
            length = run = 0
            continue
        forward = ((forward << _U(2)) | base) & mask
        reverse = (reverse >> _U(2)) | ((_U(3) - base) << top)
        length += 1
        if length < size:
            continue
        code = np.uint32(min(forward, reverse))
        slot = _slot(keys, code)
        if keys[slot] != code:
            run = 0
            continue
        value = values[slot]
        is_turned = np.uint32(0x80000000) if forward > reverse else np.uint32(0)
        hits[count] = value ^ is_turned
        count += 1
        if (value & np.uint32(0xFF)) < targets:
            run += 1
            longest = max(longest, run)
            at_end = at_end or i + 1 == end or i + 1 - size == start
        else:
            run = 0
    return count, longest, at_end


@numba.njit(nogil=True, cache=True)
def _take_census(
    hits: Codes, count: Number, least: Number, genes: Counts, exons: Counts, strands: Counts
) -> None:  # pragma: no cover
    """Add the k-mers of one read to the counts of those genes of which it holds enough."""
    for gene in range(genes.size):
        own = 0
        sense = 0
        for i in range(count):
            if (hits[i] & np.uint32(0xFF)) == gene:
                own += 1
                sense += 1 if hits[i] >> np.uint32(31) else -1
        if own < least:
            continue
        genes[gene] += 1
        strands[0] += sense > 0
        strands[1] += sense < 0
        for i in range(count):
            if (hits[i] & np.uint32(0xFF)) == gene:
                exons[(hits[i] >> np.uint32(8)) & np.uint32(0xFFFF)] += 1


@numba.njit(nogil=True, cache=True)
def mark_ends(buffer: Bytes, places: Places, ends: Bits, marks: Marks) -> None:  # pragma: no cover
    """Mark the records of which 20 bases at an end share two of four parts with a target.

    The lower six bits of a mark are the pairs of the first bases, the next six those of the last.
    """
    for row in range(places.shape[0]):
        start = np.int64(places[row, 2])
        end = np.int64(places[row, 3])
        if end - start < END_BP:
            marks[row] = _FIRST_TIP | _LAST_TIP
            continue
        first = _passing_pairs(_twenty(buffer, start), ends)
        last = _passing_pairs(_twenty(buffer, end - END_BP), ends)
        marks[row] = first | last << 6


@numba.njit(nogil=True, cache=True)
def _twenty(buffer: Bytes, at: Number) -> Number:  # pragma: no cover
    """The twenty bases from a place on as one number."""
    low = _eight(buffer, at) | _eight(buffer, at + 8) << _U(16)
    return low | (_eight(buffer, at + 16) & _U(0xFF)) << _U(32)


@numba.njit(nogil=True, cache=True)
def _passing_pairs(code: Number, ends: Bits) -> Number:  # pragma: no cover
    """A bit for each pair of parts of 20 bases that some stretch of a target has too."""
    ab = code & _TEN_BASES
    bc = (code >> _U(10)) & _TEN_BASES
    cd = code >> _U(20)
    passing = _bit(ends, ab)
    passing |= _bit(ends, (ab & _FIVE_BASES) | (cd & _FIVE_BASES) << _U(10) | _U(1 << 20)) << 1
    passing |= _bit(ends, (ab & _FIVE_BASES) | (cd & _NEXT_FIVE) | _U(2 << 20)) << 2
    passing |= _bit(ends, bc | _U(3 << 20)) << 3
    passing |= _bit(ends, ab >> _U(10) | (cd & _NEXT_FIVE) | _U(4 << 20)) << 4
    return passing | _bit(ends, cd | _U(5 << 20)) << 5


@numba.njit(nogil=True, cache=True)
def check_ends(  # noqa: PLR0913, PLR0917 - a kernel takes plain arrays
    buffer: Bytes,
    places: Places,
    marks: Marks,
    windows: Windows,
    starts: npt.NDArray[np.int32],
    code_of_base: Bytes,
    most: Number,
    kept: Bytes,
) -> None:  # pragma: no cover
    """Keep the marked records of which 20 bases at an end are a target's, but for mismatches."""
    for row in range(places.shape[0]):
        mark = marks[row]
        if not mark or kept[row]:
            continue
        start, end = np.int64(places[row, 2]), np.int64(places[row, 3])
        if end - start < END_BP:
            continue
        for side in range(2):
            passing = (mark >> (6 * side)) & 63
            if not passing:
                continue
            at = start if side == 0 else end - END_BP
            code = _twenty(buffer, at)
            for pair in range(6):
                if not (passing >> pair) & 1:
                    continue
                bucket = _pair_word(code, pair) >> _U(BUCKET_BITS)
                if _fits(buffer, at, code, bucket, windows, starts, code_of_base, most):
                    kept[row] = 1


@numba.njit(nogil=True, cache=True)
def _pair_word(code: Number, pair: Number) -> Number:  # pragma: no cover
    """The two parts of a pair as one number, with the number of the pair above it."""
    low, high = ((0, 10), (0, 20), (0, 30), (10, 20), (10, 30), (20, 30))[pair]
    one = (code >> _U(low)) & _FIVE_BASES
    other = (code >> _U(high)) & _FIVE_BASES
    return one | other << _U(10) | _U(pair) << _U(20)


@numba.njit(nogil=True, cache=True)
def _fits(  # noqa: PLR0913, PLR0917 - a kernel takes plain arrays
    buffer: Bytes,
    start: Number,
    code: Number,
    bucket: Number,
    windows: Windows,
    starts: npt.NDArray[np.int32],
    code_of_base: Bytes,
    most: Number,
) -> bool:  # pragma: no cover
    """Whether 20 bases are those of a target but for some mismatches; other letters are such."""
    for row in range(starts[bucket], starts[bucket + _U(1)]):
        x = code ^ windows[_U(row)]
        x = (x | (x >> _U(1))) & _ODD_BITS
        if _bits_set(x, most) > most:
            continue
        for i in range(END_BP):
            if code_of_base[buffer[_U(start + i)]] > 3:
                x |= _U(1) << _U(2 * i)
        if _bits_set(x, most) <= most:
            return True
    return False


@numba.njit(nogil=True, cache=True)
def _bits_set(x: Number, most: Number) -> Number:  # pragma: no cover
    """How many bits are set, counted no farther than one more than `most`."""
    count = 0
    while x and count <= most:
        x &= x - _U(1)
        count += 1
    return count


@numba.njit(nogil=True, cache=True)
def check_tips(  # noqa: PLR0913, PLR0917 - a kernel takes plain arrays
    buffer: Bytes,
    places: Places,
    marks: Marks,
    tips: Codes,
    first_tips: Codes,
    code_of_base: Bytes,
    kept: Bytes,
) -> None:  # pragma: no cover
    """Keep the marked records of which the outer ten bases at an end are a tip."""
    for row in range(places.shape[0]):
        start, end = np.int64(places[row, 2]), np.int64(places[row, 3])
        if kept[row] or end - start < TIP_BP:
            continue
        if (marks[row] & _FIRST_TIP and _is_tip(buffer, start, first_tips, code_of_base)) or (
            marks[row] & _LAST_TIP and _is_tip(buffer, end - TIP_BP, tips, code_of_base)
        ):
            kept[row] = 1


@numba.njit(nogil=True, cache=True)
def _is_tip(
    buffer: Bytes, start: Number, tips: Codes, code_of_base: Bytes
) -> bool:  # pragma: no cover
    """Whether the ten bases from `start` on are one of the tips."""
    word = np.uint32(0)
    for i in range(TIP_BP):
        letter = buffer[_U(start + i)]
        if code_of_base[letter] > 3:
            return False
        word |= np.uint32((letter >> 1) & 3) << np.uint32(2 * i)
    place = np.searchsorted(tips, word)
    return bool(place < tips.size and tips[place] == word)
