"""The records of some molecules of a BAM, copied to a file of their own.

Where all records of a molecule stand together, as aligners write them and sorting by name leaves
them, one look at the file is enough. In any other order a mate may have passed before a read tells
that the molecule is wanted, and the file is read once more. The order is not taken from the header:
each molecule must have its single read, or both its mates, in one place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pysam

from fusioncall.bam import molecule_name, open_packed
from fusioncall.bam_blocks import BamBlock, BamReader, Source
from fusioncall.kernels import Bytes, Flags, Keys, insert_keys, mark_keys
from fusioncall.progress import Progress
from fusioncall.scan import Scan, Scanner

_NOT_PRIMARY = pysam.FSECONDARY | pysam.FSUPPLEMENTARY
_NOT_A_READ = _NOT_PRIMARY | pysam.FQCFAIL
_SINGLE, _FIRST, _SECOND = 1, 1 << 20, 1 << 40


@dataclass(frozen=True, slots=True)
class Look:
    """What was scanned of a block's reads of one mate and strand.

    `is_turned` says that they are stored on the other strand than first mates are sequenced.
    """

    scan: Scan
    is_turned: bool
    fragments: int


@dataclass(frozen=True, slots=True)
class _Marked:
    """The records of a block: keys of their names, their flags, and 1 for each that is wanted."""

    keys: Keys
    flags: Flags
    kept: Bytes
    looks: tuple[Look, ...]


def pick_records(
    source: Source, out: Path, scanner: Scanner, threads: int, count: Callable[[Look], int]
) -> frozenset[str]:
    """Copy all records of the molecules that touch a target to a BAM.

    Args:
        source: in any order.
        out: the BAM to write; some records of other molecules may be among them.
        scanner: tells which reads touch a target.
        threads: that decompress and scan.
        count: takes what was seen, and gives how many fragments that makes so far.

    Returns:
        The names of the molecules that touch a target.

    Raises:
        InputError: the file cannot be read or is damaged.
    """
    names: set[str] = set()
    keys: list[Keys] = []
    size = source.path.stat().st_size
    reader = BamReader(source, threads)
    with open_packed(out) as packed, Progress("screen", size) as progress:
        groups = _Groups(packed)
        for block, marked in reader.blocks(partial(_look, scanner)):
            if not packed.tell():
                packed.write(reader.header)
            fragments = max(map(count, marked.looks))
            progress.update(reader.position, fragments)
            kept = np.flatnonzero(marked.kept)
            names.update(molecule_name(block.name(row)) for row in kept.tolist())
            keys.append(marked.keys[kept])
            groups.add(block, marked)
        groups.end()
    if not groups.are_whole:
        with open_packed(out) as packed, Progress("collect", size) as progress:
            packed.write(reader.header)
            _copy(BamReader(source, threads), np.concatenate(keys), packed, progress)
    return frozenset(names)


def _look(scanner: Scanner, block: BamBlock) -> _Marked:
    """Which records of a block touch a target; turned reads are scanned as they are stored."""
    places, flags = block.unpack()
    kept = np.zeros(flags.size, dtype=np.uint8)
    is_read = flags & _NOT_A_READ == 0
    looks = []
    for is_second, is_turned in product((False, True), repeat=2):
        is_kind = (flags & pysam.FREAD2 > 0) == is_second
        is_kind &= (flags & pysam.FREVERSE > 0) == is_turned
        rows = np.flatnonzero(is_read & is_kind)
        scan = scanner.scan(block.buffer, places[rows], with_groups=not is_second)
        kept[rows] = scan.kept
        looks.append(Look(scan, is_second is not is_turned, 0 if is_second else rows.size))
    return _Marked(block.keys(), flags, kept, tuple(looks))


@dataclass(slots=True)
class _Group:
    """The records of one name in a row; `reads` adds up what primary records it has."""

    key: int
    is_wanted: bool
    reads: int
    records: bytes


class _Groups:
    """Copies wanted molecules with all their records, as long as these stand together.

    Args:
        out: takes the records.
    """

    def __init__(self, out: pysam.BGZFile) -> None:
        self._out = out
        self._last: _Group | None = None
        self.are_whole = True

    def add(self, block: BamBlock, marked: _Marked) -> None:
        """Take the next block; once a molecule is not whole, nothing more is done."""
        if not self.are_whole or not marked.keys.size:
            return
        changes = np.flatnonzero(marked.keys[1:] != marked.keys[:-1]) + 1
        firsts = np.concatenate([[0], changes])
        is_wanted = np.maximum.reduceat(marked.kept, firsts)
        reads = np.add.reduceat(_reads(marked.flags), firsts)
        begun = self._continued(int(marked.keys[0]))
        is_wanted[0] |= begun.is_wanted
        reads[0] += begun.reads
        ends = np.append(changes, marked.keys.size)
        for group in np.flatnonzero(is_wanted[:-1]).tolist():
            before = b"" if group else begun.records
            self._out.write(before + block.records(range(firsts[group], ends[group])))
        self._check(reads[:-1])
        rows = range(firsts[-1], ends[-1])
        before = begun.records if firsts.size == 1 else b""
        self._last = _Group(
            key=int(marked.keys[-1]),
            is_wanted=bool(is_wanted[-1]),
            reads=int(reads[-1]),
            records=before + block.records(rows),
        )

    def end(self) -> None:
        """Take the last molecule."""
        self._continued(0)

    def _continued(self, key: int) -> _Group:
        """The last group if it has that key; else it is finished, and an empty one begins."""
        last = self._last
        if last is not None:
            if last.key == key:
                return last
            self._check(np.array([last.reads]))
            self._out.write(last.records if last.is_wanted else b"")
        self._last = None
        return _Group(key, is_wanted=False, reads=0, records=b"")

    def _check(self, reads: npt.NDArray[np.int64]) -> None:
        self.are_whole &= bool(((reads == _SINGLE) | (reads == _FIRST + _SECOND)).all())


def _copy(reader: BamReader, keys: Keys, out: pysam.BGZFile, progress: Progress) -> None:
    """Copy all records of names with certain keys; the few other names that share one come too."""
    table = np.zeros(1 << max(8, int(keys.size).bit_length() + 2), dtype=np.uint64)
    insert_keys(keys, keys.size, table, table.size)

    def rows(block: BamBlock) -> list[int]:
        marks = np.empty(block.starts.size, dtype=np.uint8)
        mark_keys(block.keys(), block.starts.size, table, table.size, marks)
        return np.flatnonzero(marks).tolist()

    for block, chosen in reader.blocks(rows):
        progress.update(reader.position, 0)
        out.write(block.records(chosen))


def _reads(flags: Flags) -> npt.NDArray[np.int64]:
    """For each record which read it is the primary record of; the sum tells what a group has."""
    first, second = (flags & each > 0 for each in (pysam.FREAD1, pysam.FREAD2))
    is_paired = (flags & pysam.FPAIRED > 0) & (first != second)
    kinds = np.where(is_paired, np.where(first, _FIRST, _SECOND), _SINGLE)
    return np.where(flags & _NOT_PRIMARY, 0, kinds)
