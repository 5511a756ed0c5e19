"""Scans blocks of reads: which records touch a target, and what they add to the census."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import numpy.typing as npt

from fusioncall.kernels import (
    BUCKET_BITS,
    MAX_LENGTH_BP,
    MOST_GROUPS,
    SIEVE_BITS,
    STEP_BP,
    TIP_BP,
    WORD_BP,
    Bytes,
    Codes,
    Counts,
    Places,
    as_struct,
    count_groups,
    fill_sieve,
    insert_kmers,
    longest,
    look_at_records,
    measure,
)
from fusioncall.kmers import CODE_OF_BASE, KmerTable, Windows
from fusioncall.settings import ScreenSettings

Bits = npt.NDArray[np.uint64]

MIN_STRETCH_BP = WORD_BP + STEP_BP - 1
"""A target stretch of so many bases without an error holds a looked-up word wherever it lies."""

_PARTS = tuple(combinations(range(4), 2))
_NOTHING = np.uint32(0xFFFFFFFF)
_NUMBER = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tables:
    """What the looks compare with, in the order of `Tables` of `kernels.c`.

    `kmers` is a hash table of codes, each with gene, exon and strand. `sieve` has a bit for each
    word of 11, `ends` one bit table for each pair of parts. `windows` hold, for each pair, the
    target's stretches of 20 in the order of that pair's word; `starts` say where those begin whose
    word has given upper bits.
    """

    number_of_base: Bytes
    kmers: Codes
    sieve: Bits
    ends: Bits
    windows: Windows
    starts: npt.NDArray[np.int32]
    tips: Codes
    first_tips: Codes
    slots: int
    tip_count: int
    first_tip_count: int
    kmer_bp: int
    genes: int
    targets: int
    least_row: int
    least_hits: int
    most_mismatches: int


@dataclass(frozen=True, slots=True)
class _Findings:
    """What the looks count, in the order of `Findings` of `kernels.c`."""

    kept: Bytes
    genes: Counts
    exons: Counts
    strands: Counts
    hits: Codes


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
        self._settings = settings
        self._tables = _tables(table, targets, settings)
        self._struct = as_struct(self._tables)

    def nothing(self, records: int, longest_bp: int) -> Scan:
        """What is known of so many records before any look at them.

        Args:
            records: how many.
            longest_bp: length of the longest one; from MAX_LENGTH_BP on they are counted together.
        """
        return Scan(
            kept=np.zeros(records, dtype=np.uint8),
            genes=np.zeros(len(self._table.names), dtype=np.int64),
            exons=np.zeros(len(self._table.exon_names) + 1, dtype=np.int64),
            lengths=np.zeros(min(longest_bp, MAX_LENGTH_BP) + 1, dtype=np.int64),
        )

    def scan(self, buffer: Bytes, places: Places, *, with_groups: bool = False) -> Scan:
        """Look at some records of a block; 64 bytes behind its text must be readable."""
        amount, limits = len(places), self._settings
        longest_bp = longest(places, amount)
        made = self.nothing(amount, longest_bp)
        least = limits.short_read_bp, limits.low_quality_phred
        measure(places, amount, *least, made.lengths, made.totals)
        hits = np.empty(longest_bp, dtype=np.uint32)
        found = _Findings(made.kept, made.genes, made.exons, made.strands, hits)
        look_at_records(buffer, places, amount, self._struct, as_struct(found))
        if with_groups:
            made.groups = name_groups(buffer, places)
        return made


def name_groups(buffer: Bytes, places: Places) -> dict[str, int]:
    """How many names have which instrument, run, flowcell and lane (those of Illumina do)."""
    where = np.zeros((MOST_GROUPS, 2), dtype=np.int32)
    counts = np.zeros(MOST_GROUPS, dtype=np.int64)
    amount = count_groups(buffer, places, len(places), where, counts)
    found: dict[str, int] = {}
    for (start, end), count in zip(where[:amount].tolist(), counts.tolist(), strict=False):
        name = buffer[start:end].tobytes().decode("ascii")
        found[name] = found.get(name, 0) + count
    return found


def _tables(table: KmerTable, targets: int, settings: ScreenSettings) -> _Tables:
    kmers = _hashed(table)
    windows, starts, words = _end_tables(table.windows)
    first_tips = _as_written(table.tips, turned=True)
    last_tips = _as_written(table.tips, turned=False)
    ends = (words, first_tips, last_tips | np.uint32(5 << 20))
    return _Tables(
        number_of_base=CODE_OF_BASE,
        kmers=kmers,
        sieve=_sieve(table),
        ends=_bit_table(len(_PARTS) << 20, ends),
        windows=windows,
        starts=starts,
        tips=last_tips,
        first_tips=first_tips,
        slots=len(kmers),
        tip_count=last_tips.size,
        first_tip_count=first_tips.size,
        kmer_bp=table.kmer_bp,
        genes=len(table.names),
        targets=targets,
        least_row=settings.min_stretch_bp - table.kmer_bp + 1,
        least_hits=settings.min_census_hits,
        most_mismatches=settings.max_end_mismatches,
    )


def _hashed(table: KmerTable) -> Codes:
    slots = 1 << max(8, int(table.codes.size).bit_length() + 1)
    kmers = np.full((slots, 2), _NOTHING, dtype=np.uint32)
    owners = table.owners.astype(np.uint32) | table.exons.astype(np.uint32) << np.uint32(8)
    owners |= table.is_sense.astype(np.uint32) << np.uint32(31)
    insert_kmers(kmers, slots, table.codes, owners, table.codes.size)
    return kmers


def _digits(codes: Codes, size: int) -> Bytes:
    """The bases of each code, first base first, numbered as in the text: A 0, C 1, T 2, G 3."""
    shifts = np.arange(2 * (size - 1), -1, -2, dtype=np.uint32)
    digits = codes[:, None] >> shifts & 3
    return (digits ^ digits >> 1).astype(np.uint8)


def _as_written(codes: Codes, *, turned: bool) -> Codes:
    """Words of ten as numbers whose lowest two bits are the first base, in their order."""
    digits = _digits(codes, TIP_BP)
    shifts = np.arange(0, 2 * TIP_BP, 2, dtype=np.uint32)
    bases = (_turned(digits) if turned else digits).astype(np.uint32)
    return np.sort((bases << shifts).sum(axis=1, dtype=np.uint32))


def _turned(digits: Bytes) -> Bytes:
    return digits[:, ::-1] ^ np.uint8(2)


def _bit_table(size: int, numbers: Iterable[Codes]) -> Bits:
    """A bit for each number below `size`, set for those given."""
    flags = np.zeros(size, dtype=np.bool_)
    for each in numbers:
        flags[each] = True
    return np.packbits(flags, bitorder="little").view(np.uint64)


def _sieve(table: KmerTable) -> Bits:
    digits = _digits(table.codes, table.kmer_bp)
    both = np.concatenate([digits, _turned(digits)])
    letters = np.frombuffer(b"ACTG", dtype=np.uint8)[both]
    sieve = np.zeros(1 << (SIEVE_BITS - 6), dtype=np.uint64)
    fill_sieve(sieve, letters, *letters.shape)
    return sieve


def _end_tables(windows: Windows) -> tuple[Windows, npt.NDArray[np.int32], Codes]:
    """The windows in the order of each pair's word, where which words begin, and these words."""
    parts = []
    for pair, (low, high) in enumerate(_PARTS):
        one = (windows >> np.uint64(10 * low)) & np.uint64(1023)
        other = (windows >> np.uint64(10 * high)) & np.uint64(1023)
        parts.append(one | other << np.uint64(10) | np.uint64(pair << 20))
    words = np.concatenate(parts)
    numbered = np.sort(words << np.uint64(32) | np.arange(words.size, dtype=np.uint64))
    order = (numbered & _NUMBER).astype(np.int64)  # much faster than a stable argsort
    buckets = len(_PARTS) << (20 - BUCKET_BITS)
    starts = np.zeros(buckets + 1, dtype=np.int32)
    np.cumsum(np.bincount(words.astype(np.int64) >> BUCKET_BITS, minlength=buckets), out=starts[1:])
    return np.tile(windows, len(_PARTS))[order], starts, words.astype(np.uint32)
