"""The k-mer kernel: which genes' k-mers do the reads hold?

k-mers of up to 15 bases are packed two bits a base (A 0, C 1, G 2, T 3); a k-mer and its reverse
complement are one, the smaller of the two codes. Bases other than ACGT end a k-mer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numba
import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint32]
Owners = npt.NDArray[np.uint8]
Bytes = npt.NDArray[np.uint8]
Hits = npt.NDArray[np.uint16]

_FILTER_BITS = 22
_MULTIPLIER = 2654435769  # 2^32 / golden ratio: spreads neighbouring codes (Knuth, TAOCP 3, 6.4)
_MIN_DISTINCT_TRIPLETS = 5

TIP_BP = 10
"""Bases of a word at the end of a read: 4^10 is a thousand times the words of all exons."""

_CODE_OF_BASE = np.full(256, 4, dtype=np.uint8)
for _code, _base in enumerate("ACGT"):
    _CODE_OF_BASE[ord(_base)] = _CODE_OF_BASE[ord(_base.lower())] = _code


@dataclass(frozen=True, slots=True)
class KmerTable:
    """The k-mers of some genes.

    `codes` are sorted; `owners[i]` is the index in `names` of the gene that holds `codes[i]`. A
    k-mer of several genes belongs to the first of them. `tips` are sorted codes of the shorter
    words that a read may end with when it reaches only some bases into a target's exon.
    """

    kmer_bp: int
    names: tuple[str, ...]
    codes: Codes
    owners: Owners
    tips: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.uint32))

    @property
    def filter(self) -> Bytes:
        """A bit for each hash value of a code in the table: 512 KiB, most look-ups end there."""
        bits = np.zeros(1 << _FILTER_BITS, dtype=np.bool_)
        bits[_hash(self.codes)] = True
        return np.packbits(bits, bitorder="little")


def build_table(kmer_bp: int, sequences: Mapping[str, Iterable[str]]) -> KmerTable:
    """The k-mers of some genes, without those of low complexity.

    Args:
        kmer_bp: length of a k-mer in bases, at most 15.
        sequences: the sequences of each gene; earlier genes own the k-mers that they share.
    """
    owner_of: dict[int, int] = {}
    for owner, texts in enumerate(sequences.values()):
        for text in texts:
            for code in kmer_codes(text, kmer_bp).tolist():
                owner_of.setdefault(code, owner)
    codes = np.array(sorted(owner_of), dtype=np.uint32)
    owners = np.array([owner_of[code] for code in codes.tolist()], dtype=np.uint8)
    return KmerTable(kmer_bp, tuple(sequences), codes, owners)


def tip_codes(exon_starts: Iterable[str], kmer_bp: int) -> Codes:
    """The words that a read ends with when it reaches into an exon by less than a k-mer.

    Args:
        exon_starts: the first bases of exons, as transcribed, `kmer_bp` - 1 of them.
        kmer_bp: length of the k-mers that the table finds by itself.
    """
    words = {
        text[start : start + TIP_BP]
        for text in exon_starts
        for start in range(min(len(text), kmer_bp - 1) - TIP_BP + 1)
    }
    numbers = {
        int("".join(str("ACGT".index(base)) for base in word), 4)
        for word in words
        if set(word) <= set("ACGT") and _distinct_triplets(word) >= _MIN_DISTINCT_TRIPLETS
    }
    return np.array(sorted(numbers), dtype=np.uint32)


def end_in_tips(tips: Codes, sequences: list[bytes]) -> npt.NDArray[np.bool_]:
    """Which sequences end, on either strand, with one of the words of `tip_codes`."""
    found = np.zeros(len(sequences) + 1, dtype=np.bool_)
    buffer = np.frombuffer(b"\n".join(sequences) + b"\n", dtype=np.uint8)
    _scan_ends(buffer, _CODE_OF_BASE, tips, found)
    return found[: len(sequences)]


def kmer_codes(text: str, kmer_bp: int) -> Codes:
    """The codes of the k-mers of a sequence that are not of low complexity, in its order.

    >>> kmer_codes("ACGTTGCAATCGG", 13).tolist() == kmer_codes("CCGATTGCAACGT", 13).tolist()
    True
    >>> kmer_codes("A" * 20, 15).size
    0
    """
    words = (text[i : i + kmer_bp] for i in range(len(text) - kmer_bp + 1))
    complex_words = [word for word in words if _distinct_triplets(word) >= _MIN_DISTINCT_TRIPLETS]
    buffer = np.frombuffer("\n".join(complex_words).encode(), dtype=np.uint8)
    return _encode(buffer, kmer_bp, _CODE_OF_BASE)


def count_hits(table: KmerTable, bit_filter: Bytes, sequences: list[bytes]) -> Hits:
    """How many k-mers of each gene each sequence holds.

    Args:
        table: the genes' k-mers.
        bit_filter: `table.filter`, made once.
        sequences: reads, as ASCII.

    Returns:
        One row per sequence, one column per gene of the table.
    """
    hits = np.zeros((len(sequences) + 1, len(table.names)), dtype=np.uint16)
    buffer = np.frombuffer(b"\n".join(sequences), dtype=np.uint8)
    _scan(buffer, table.kmer_bp, _CODE_OF_BASE, bit_filter, table.codes, table.owners, hits)
    return hits[: len(sequences)]


def _distinct_triplets(word: str) -> int:
    return len({word[i : i + 3] for i in range(len(word) - 2)})


def _hash(codes: Codes) -> npt.NDArray[np.uint64]:
    mixed = (codes.astype(np.uint64) * np.uint64(_MULTIPLIER)) & np.uint64(0xFFFFFFFF)
    return mixed >> np.uint64(32 - _FILTER_BITS)


@numba.njit(nogil=True, cache=True)
def _encode(buffer: Bytes, kmer_bp: int, code_of_base: Bytes) -> Codes:  # pragma: no cover
    """Codes of all k-mers in a buffer whose sequences are parted by anything but ACGT."""
    codes = np.empty(buffer.size, dtype=np.uint32)
    found = 0
    mask = (np.uint64(1) << np.uint64(2 * kmer_bp)) - np.uint64(1)
    top = np.uint64(2 * (kmer_bp - 1))
    forward = np.uint64(0)
    reverse = np.uint64(0)
    length = 0
    for byte in buffer:
        base = np.uint64(code_of_base[byte])
        if base > 3:
            length = 0
            continue
        forward = ((forward << np.uint64(2)) | base) & mask
        reverse = (reverse >> np.uint64(2)) | ((np.uint64(3) - base) << top)
        length += 1
        if length >= kmer_bp:
            codes[found] = np.uint32(min(forward, reverse))
            found += 1
    return codes[:found]


@numba.njit(nogil=True, cache=True)
def _scan(  # noqa: PLR0913, PLR0917 - a kernel takes plain arrays  # pragma: no cover
    buffer: Bytes,
    kmer_bp: int,
    code_of_base: Bytes,
    bit_filter: Bytes,
    codes: Codes,
    owners: Owners,
    hits: Hits,
) -> None:
    """Add up, for each line of the buffer, its k-mers of each gene."""
    mask = (np.uint64(1) << np.uint64(2 * kmer_bp)) - np.uint64(1)
    top = np.uint64(2 * (kmer_bp - 1))
    forward = np.uint64(0)
    reverse = np.uint64(0)
    length = 0
    row = 0
    for byte in buffer:
        base = np.uint64(code_of_base[byte])
        if base > 3:
            length = 0
            if byte == 10:
                row += 1
            continue
        forward = ((forward << np.uint64(2)) | base) & mask
        reverse = (reverse >> np.uint64(2)) | ((np.uint64(3) - base) << top)
        length += 1
        if length < kmer_bp:
            continue
        code = min(forward, reverse)
        mixed = (code * np.uint64(_MULTIPLIER)) & np.uint64(0xFFFFFFFF)
        bit = mixed >> np.uint64(32 - _FILTER_BITS)
        if not (bit_filter[bit >> np.uint64(3)] >> (bit & np.uint64(7))) & 1:
            continue
        low = 0
        high = codes.size
        while low < high:
            middle = (low + high) // 2
            if codes[middle] < code:
                low = middle + 1
            else:
                high = middle
        if low < codes.size and codes[low] == code:
            hits[row, owners[low]] += 1


@numba.njit(nogil=True, cache=True)
def _scan_ends(
    buffer: Bytes, code_of_base: Bytes, tips: Codes, found: npt.NDArray[np.bool_]
) -> None:  # pragma: no cover
    """Mark the lines whose last bases, or whose first ones on the other strand, are a tip."""
    row = 0
    start = 0
    for position in range(buffer.size):
        if buffer[position] != 10:
            continue
        if position - start >= TIP_BP:
            last = np.uint64(0)
            first = np.uint64(0)
            is_last = True
            is_first = True
            for i in range(TIP_BP):
                base = np.uint64(code_of_base[buffer[position - TIP_BP + i]])
                is_last = is_last and bool(base <= 3)
                last = last << np.uint64(2) | base & np.uint64(3)
                base = np.uint64(code_of_base[buffer[start + TIP_BP - 1 - i]])
                is_first = is_first and bool(base <= 3)
                first = first << np.uint64(2) | (np.uint64(3) - (base & np.uint64(3)))
            for code, is_word in ((last, is_last), (first, is_first)):
                place = np.searchsorted(tips, np.uint32(code))
                if is_word and place < tips.size and tips[place] == code:
                    found[row] = True
        row += 1
        start = position + 1
