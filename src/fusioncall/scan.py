"""Scans blocks of reads: which records touch a target, and what they add to the census."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations

import numba
import numpy as np
import numpy.typing as npt

from fusioncall.kmers import CODE_OF_BASE, TIP_BP, Codes, KmerTable, Windows
from fusioncall.looks import (
    BUCKET_BITS,
    NOTHING,
    WORD_BP,
    Bits,
    Counts,
    Marks,
    check_ends,
    check_tips,
    check_words,
    insert,
    mark_ends,
    mark_words,
)
from fusioncall.records import Bytes, Number, Places
from fusioncall.settings import ScreenSettings

MAX_LENGTH_BP = 1 << 16
"""Read lengths from here on are counted together."""

_PARTS = tuple(combinations(range(4), 2))
_MAX_GROUPS = 64  # of read names in one block; more are counted together


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lookup:
    """The tables of the looks.

    `keys` and `values` are a hash table from a k-mer's code to gene, exon and strand. `sieve` has a
    bit for each word of 11, `ends` one bit table for each pair of parts. `windows` hold, for each
    pair, the target's stretches of 20 in the order of that pair's word; `starts` say where those
    begin whose word has given upper bits.
    """

    keys: Codes
    values: Codes
    sieve: Bits
    ends: Bits
    windows: Windows
    starts: npt.NDArray[np.int32]
    tips: Codes
    first_tips: Codes


@dataclass(slots=True)
class Scan:
    """What a block holds.

    `kept` marks the records that touch a target. `genes` are reads with enough k-mers, `exons` the
    k-mers that such reads hold of an exon, `strands` such reads in sense and in antisense.
    `totals` are bases, short reads and reads of low quality. `groups` count read names by what
    stands before their fourth colon.
    """

    kept: Bytes
    genes: Counts
    exons: Counts
    lengths: Counts
    strands: Counts = field(default_factory=lambda: np.zeros(2, dtype=np.int64))
    totals: Counts = field(default_factory=lambda: np.zeros(3, dtype=np.int64))
    groups: dict[str, int] = field(default_factory=dict)


class Scanner:
    """Looks at blocks of reads; may be used by several threads at the same time.

    Args:
        table: k-mers of the targets, then of the control genes.
        targets: how many of the table's genes are targets.
        settings: what is enough.
    """

    def __init__(self, table: KmerTable, targets: int, settings: ScreenSettings) -> None:
        self._table = table
        self._targets = targets
        self._settings = settings
        self._lookup = _lookup(table)

    def nothing(self, records: int) -> Scan:
        """What is known of so many records before any look at them."""
        return Scan(
            kept=np.zeros(records, dtype=np.uint8),
            genes=np.zeros(len(self._table.names), dtype=np.int64),
            exons=np.zeros(len(self._table.exon_names) + 1, dtype=np.int64),
            lengths=np.zeros(MAX_LENGTH_BP + 1, dtype=np.int64),
        )

    def scan(self, buffer: Bytes, places: Places, *, with_groups: bool = False) -> Scan:
        """Look at some records of a block; 64 bytes behind its text must be readable."""
        made = self.nothing(len(places))
        limits = self._settings
        _measure(places, limits.short_read_bp, limits.low_quality_phred, made.lengths, made.totals)
        marks = np.empty(len(places), dtype=np.uint16)
        self._look_for_words(buffer, places, marks, made)
        self._look_at_ends(buffer, places, marks, made.kept)
        if with_groups:
            made.groups = name_groups(buffer, places)
        return made

    def _look_for_words(self, buffer: Bytes, places: Places, marks: Marks, made: Scan) -> None:
        look, size, limits = self._lookup, self._table.kmer_bp, self._settings
        mark_words(buffer, places, look.sieve, marks)
        check_words(
            buffer,
            places,
            marks,
            size,
            self._targets,
            look.keys,
            look.values,
            look.sieve,
            CODE_OF_BASE,
            (limits.min_stretch_bp - size + 1, limits.min_census_hits),
            made.kept,
            made.genes,
            made.exons,
            made.strands,
        )

    def _look_at_ends(self, buffer: Bytes, places: Places, marks: Marks, kept: Bytes) -> None:
        look, most = self._lookup, self._settings.max_end_mismatches
        mark_ends(buffer, places, look.ends, marks)
        check_ends(buffer, places, marks, look.windows, look.starts, CODE_OF_BASE, most, kept)
        check_tips(buffer, places, marks, look.tips, look.first_tips, CODE_OF_BASE, kept)


def name_groups(buffer: Bytes, places: Places) -> dict[str, int]:
    """How many names have which instrument, run, flowcell and lane (those of Illumina do)."""
    where = np.zeros((_MAX_GROUPS, 2), dtype=np.int32)
    counts = np.zeros(_MAX_GROUPS, dtype=np.int64)
    amount = _group(buffer, places, where, counts)
    found: dict[str, int] = {}
    for (start, end), count in zip(where[:amount].tolist(), counts.tolist(), strict=False):
        name = buffer[start:end].tobytes().decode("ascii")
        found[name] = found.get(name, 0) + count
    return found


def _lookup(table: KmerTable) -> _Lookup:
    keys, values = _hashed(table)
    windows, starts, words = _end_tables(table.windows)
    first_tips = _as_written(table.tips, turned=True)
    last_tips = _as_written(table.tips, turned=False)
    ends = (words, first_tips, last_tips | np.uint32(5 << 20))
    return _Lookup(
        keys=keys,
        values=values,
        sieve=_sieve(table),
        ends=_bit_table(len(_PARTS) << 20, ends),
        windows=windows,
        starts=starts,
        tips=last_tips,
        first_tips=first_tips,
    )


def _hashed(table: KmerTable) -> tuple[Codes, Codes]:
    bits = max(8, int(table.codes.size).bit_length() + 1)
    keys = np.full(1 << bits, NOTHING, dtype=np.uint32)
    values = np.zeros(1 << bits, dtype=np.uint32)
    packed = table.owners.astype(np.uint32) | table.exons.astype(np.uint32) << np.uint32(8)
    packed |= table.is_sense.astype(np.uint32) << np.uint32(31)
    insert(keys, values, table.codes, packed)
    return keys, values


def _digits(codes: npt.NDArray[np.integer], size: int) -> npt.NDArray[np.uint32]:
    """The bases of each code, first base first, numbered as in the text: A 0, C 1, T 2, G 3."""
    shifts = np.arange(2 * (size - 1), -1, -2, dtype=np.uint64)
    digits = (codes.astype(np.uint64)[:, None] >> shifts) & np.uint64(3)
    return np.take(np.array([0, 1, 3, 2], dtype=np.uint32), digits)


def _written(digits: npt.NDArray[np.uint32]) -> Codes:
    """Digits to numbers whose lowest two bits are the first base."""
    shifts = np.arange(0, 2 * digits.shape[1], 2, dtype=np.uint32)
    codes: Codes = (digits << shifts).sum(axis=1).astype(np.uint32)
    return codes


def _as_written(codes: Codes, *, turned: bool) -> Codes:
    digits = _digits(codes, TIP_BP)
    return np.unique(_written(_turned(digits) if turned else digits))


def _turned(digits: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    return digits[:, ::-1] ^ np.uint32(2)


def _bit_table(size: int, numbers: Iterable[Codes]) -> Bits:
    """A bit for each number below `size`, set for those given."""
    flags = np.zeros(size, dtype=np.bool_)
    for each in numbers:
        flags[each] = True
    return np.packbits(flags, bitorder="little").view(np.uint64)


def _sieve(table: KmerTable) -> Bits:
    digits = _digits(table.codes, table.kmer_bp)
    words = (
        _written(strand[:, start : start + WORD_BP])
        for strand in (digits, _turned(digits))
        for start in range(table.kmer_bp - WORD_BP + 1)
    )
    return _bit_table(1 << (2 * WORD_BP), words)


def _end_tables(windows: Windows) -> tuple[Windows, npt.NDArray[np.int32], Codes]:
    """The windows in the order of each pair's word, where which words begin, and these words."""
    parts = []
    for pair, (low, high) in enumerate(_PARTS):
        one = (windows >> np.uint64(10 * low)) & np.uint64(1023)
        other = (windows >> np.uint64(10 * high)) & np.uint64(1023)
        parts.append(one | other << np.uint64(10) | np.uint64(pair << 20))
    words = np.concatenate(parts).astype(np.uint32)
    order = np.argsort(words, kind="stable")
    buckets = np.arange((len(_PARTS) << (20 - BUCKET_BITS)) + 1)
    upper = words[order] >> np.uint32(BUCKET_BITS)
    starts = np.searchsorted(upper, buckets).astype(np.int32)
    return np.tile(windows, len(_PARTS))[order], starts, words


@numba.njit(nogil=True, cache=True)
def _measure(
    places: Places, short_bp: Number, low_phred: Number, lengths: Counts, totals: Counts
) -> None:  # pragma: no cover
    """Count bases, lengths, short reads and those of low quality."""
    for row in range(places.shape[0]):
        size: Number = np.int64(places[row, 3]) - np.int64(places[row, 2])
        lengths[min(size, MAX_LENGTH_BP)] += 1
        totals[0] += size
        totals[1] += size < short_bp
        phred = np.int64(places[row, 5])
        totals[2] += phred >= 0 and size > 0 and phred < low_phred * size


@numba.njit(nogil=True, cache=True)
def _group(  # noqa: C901 - a kernel is one loop
    buffer: Bytes, places: Places, where: Places, counts: Counts
) -> Number:  # pragma: no cover
    """Count names by what stands before their fourth colon; nothing, without six colons."""
    amount = 0
    last = 0
    for row in range(places.shape[0]):
        start, end = places[row, 0], places[row, 1]
        if amount and _begins_as(buffer, start, end, where[last]):
            counts[last] += 1
            continue
        colons = 0
        stop = start
        for i in range(start, end):
            if buffer[np.uint64(i)] == 58:
                colons += 1
                if colons == 4:
                    stop = i
        if colons < 6:
            stop = start
        last = 0
        while last < amount and not _is_same(buffer, start, stop, where[last]):
            last += 1
        if last == amount:
            if amount < where.shape[0] - 1:
                where[last, 0], where[last, 1] = start, stop
                amount += 1
            else:  # the last one takes all others, and has no name
                last = where.shape[0] - 1
                amount = where.shape[0]
        counts[last] += 1
    return amount


@numba.njit(nogil=True, cache=True)
def _is_same(buffer: Bytes, start: Number, stop: Number, place: Places) -> bool:  # pragma: no cover
    if stop - start != place[1] - place[0]:
        return False
    for i in range(stop - start):
        if buffer[np.uint64(start + i)] != buffer[np.uint64(place[0] + i)]:
            return False
    return True


@numba.njit(nogil=True, cache=True)
def _begins_as(
    buffer: Bytes, start: Number, end: Number, place: Places
) -> bool:  # pragma: no cover
    """Whether a name begins as the one before it did, its fourth colon included."""
    size = place[1] - place[0]
    if not size or end - start <= size or buffer[np.uint64(start + size)] != 58:
        return False
    return _is_same(buffer, start, start + size, place)
