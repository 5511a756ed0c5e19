"""The records of some molecules of a BAM, copied to a file of their own.

Where all records of a molecule stand together, as aligners write them and sorting by name leaves
them, one look at the file is enough. In any other order a mate may have passed before a read tells
that the molecule is wanted, and the file is read once more. The order is not taken from the header:
each molecule must have its single read, or both its mates, in one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

import numpy as np
import numpy.typing as npt
import pysam

from fusioncall.bam_blocks import BamBlock, BamReader
from fusioncall.bam_records import Flags, Keys, key_table, wanted
from fusioncall.progress import Progress
from fusioncall.records import Bytes

_NOT_PRIMARY = pysam.FSECONDARY | pysam.FSUPPLEMENTARY
_SINGLE, _FIRST, _SECOND = 1, 1 << 20, 1 << 40


@dataclass(frozen=True, slots=True)
class Marked:
    """The records of a block: keys of their names, their flags, and 1 for each that is wanted."""

    keys: Keys
    flags: Flags
    kept: Bytes


@dataclass(slots=True)
class _Group:
    """The records of one name in a row; `reads` adds up what primary records it has."""

    key: int
    is_wanted: bool
    reads: int
    records: bytes


class Groups:
    """Copies wanted molecules with all their records, as long as these stand together.

    Args:
        out: takes the records.
    """

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._last: _Group | None = None
        self.are_whole = True

    def add(self, block: BamBlock, marked: Marked) -> None:
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


def copy_records(reader: BamReader, keys: Keys, out: IO[bytes], progress: Progress) -> None:
    """Copy all records of some molecules.

    Args:
        reader: of the BAM.
        keys: of the molecules' names; the few other names that share a key are copied too.
        out: takes the records.
        progress: is told how far it is.

    Raises:
        InputError: the file is damaged.
    """
    table = key_table(keys)

    def rows(block: BamBlock) -> list[int]:
        marks = np.empty(block.starts.size, dtype=np.uint8)
        wanted(block.keys(), table, marks)
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
