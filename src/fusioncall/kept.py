"""Kept molecules as they lie in blocks of FASTQ, and what is made of them: objects, or BAM."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pysam

from fusioncall.bam import umi_of
from fusioncall.bam_blocks import SHORTEST_RECORD
from fusioncall.kernels import Bytes, Keys, Places, mix_starts, pack_reads
from fusioncall.model import Molecule, Read, ReadNumber

_MATES, _SINGLE = (ReadNumber.FIRST, ReadNumber.SECOND), (ReadNumber.SINGLE,)
_MATE = pysam.FPAIRED | pysam.FUNMAP | pysam.FMUNMAP
_MATE_FLAGS, _SINGLE_FLAGS = (_MATE | pysam.FREAD1, _MATE | pysam.FREAD2), (pysam.FUNMAP,)
_BASES = b"=ACMGRSVTWYHKDBN"  # the base of each code of BAM; SAM specification, 4.2
_TOLD = dict(zip(_BASES + _BASES.lower() + b"Uu0123", 2 * _BASES + b"TTACGT", strict=True))
_BASE_IN_BAM = bytes(_TOLD.get(letter, ord("N")) for letter in range(256))
"""The base that a BAM holds of each letter: U is T, and 0 to 3 are bases too, as htslib has it."""
_CODES = np.array([_BASES.index(base) for base in _BASE_IN_BAM], dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Kept:
    """Kept molecules in the order of their files; valid until the next ones are asked for.

    `names` are those of the molecules. For each of their one or two reads, `texts` has the block
    that they lie in and `places` where in it.
    """

    names: list[str]
    texts: tuple[Bytes, ...]
    places: tuple[Places, ...]

    def molecules(self) -> Iterator[Molecule]:
        """The molecules as objects, the same as `read_molecules` makes of a BAM of them."""
        numbers = _MATES if len(self.texts) == 2 else _SINGLE
        reads = (
            _reads(number, text, places)
            for number, text, places in zip(numbers, self.texts, self.places, strict=True)
        )
        for name, *of_molecule in zip(self.names, *reads, strict=True):
            yield Molecule(name, tuple(of_molecule), umi_of(name))

    def start_keys(self, size: int) -> Keys:
        """For each molecule a number for its identifier and its reads' first bases, `size` each."""
        umis = (umi_of(name).encode() for name in self.names)
        keys = np.array([zlib.crc32(umi) if umi else 0 for umi in umis], dtype=np.uint64)
        for text, places in zip(self.texts, self.places, strict=True):
            mix_starts(text, places, len(places), size, keys)
        return keys

    def packed(self) -> bytes:
        """The molecules as the records of a BAM, without alignments, those of mates in turn."""
        names = [(name or "*").encode("ascii") for name in self.names]
        name_sizes = np.array([len(name) for name in names], dtype=np.int64)
        bases = np.stack([each[:, 3] - each[:, 2] for each in self.places], axis=1).astype(np.int64)
        sizes = SHORTEST_RECORD + name_sizes[:, None] + 1 + (bases + 1) // 2 + bases
        ends = np.cumsum(sizes).reshape(sizes.shape)
        made = np.empty(int(sizes.sum()), dtype=np.uint8)
        told = np.frombuffer(b"".join(names), dtype=np.uint8), np.cumsum(name_sizes)
        flags = _MATE_FLAGS if len(self.texts) == 2 else _SINGLE_FLAGS
        for mate, flag in enumerate(flags):
            starts = np.ascontiguousarray(ends[:, mate] - sizes[:, mate])
            text, places = self.texts[mate], self.places[mate]
            pack_reads(text, places, len(places), flag, _CODES, *told, starts, made)
        return made.tobytes()


def _reads(number: ReadNumber, text: Bytes, places: Places) -> Iterator[Read]:
    view = text.data
    for _, _, start, end, quality, *_ in places.tolist():
        bases = bytes(view[start:end]).translate(_BASE_IN_BAM).decode("ascii")
        yield Read(number, bases, str(view[quality : quality + end - start], "ascii"), ())
