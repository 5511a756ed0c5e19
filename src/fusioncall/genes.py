"""Gene models: genes, their transcripts and exons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from fusioncall.coords import Strand

Block = tuple[int, int]
"""A stretch of one contig: 0-based start and end, half-open."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """One transcript of an annotation.

    `exons` and `cds` are in genome order whatever the strand; `cds` runs from the first to the last
    coding base, stop codon included where the annotation tells it, and is None without one.
    `cds_phase` is the number of coding bases before the first whole codon: 0, unless the annotation
    lacks the beginning of the coding sequence, of which `is_start_known` tells, as `is_end_known`
    does of its end. `selenocysteines` are the stretches whose UGA codes for one. `is_primary` marks
    MANE Select and Ensembl canonical transcripts, `is_mane` MANE Select alone.
    """

    id: str
    gene_id: str
    gene_name: str
    contig: str
    strand: Strand
    exons: tuple[Block, ...]
    cds: Block | None = None
    is_primary: bool = False
    is_mane: bool = False
    cds_phase: int = 0
    is_start_known: bool = True
    is_end_known: bool = True
    selenocysteines: tuple[Block, ...] = ()

    @property
    def start(self) -> int:
        """First base, 0-based."""
        return self.exons[0][0]

    @property
    def end(self) -> int:
        """Base after the last, 0-based."""
        return self.exons[-1][1]

    @property
    def accession(self) -> str:
        """The id without its version: `ENST00000629765.3` is `ENST00000629765`.

        >>> Transcript("NM_1.4", "g", "G", "c", Strand.FORWARD, ((0, 9),)).accession
        'NM_1'
        """
        return self.id.partition(".")[0]

    @property
    def exons_transcribed(self) -> tuple[Block, ...]:
        """The exons from 5' to 3'; the exon number of the first is 1."""
        return self.exons if self.strand is Strand.FORWARD else self.exons[::-1]

    @property
    def introns(self) -> Iterator[Block]:
        """The introns in genome order."""
        for (_, start), (end, _) in pairwise(self.exons):
            yield start, end

    def exon_index(self, position: int) -> int | None:
        """Which exon, counted from 0 in transcription order, holds the 0-based position."""
        for index, (start, end) in enumerate(self.exons_transcribed):
            if start <= position < end:
                return index
        return None

    def is_donor(self, position: int) -> bool:
        """Whether `position` is the last base of an exon that is followed by another one."""
        if self.strand is Strand.FORWARD:
            return any(position == end - 1 for _, end in self.exons[:-1])
        return any(position == start for start, _ in self.exons[1:])

    def is_acceptor(self, position: int) -> bool:
        """Whether `position` is the first base of an exon that follows another one."""
        if self.strand is Strand.FORWARD:
            return any(position == start for start, _ in self.exons[1:])
        return any(position == end - 1 for _, end in self.exons[:-1])

    @property
    def coding_blocks(self) -> tuple[Block, ...]:
        """The coding parts of the exons in genome order."""
        if self.cds is None:
            return ()
        first, last = self.cds
        cut = ((max(start, first), min(end, last)) for start, end in self.exons)
        return tuple((start, end) for start, end in cut if start < end)

    def coding_offset(self, position: int) -> int | None:
        """Coding bases 5' of the 0-based position, or None where it is not coding."""
        return offset_in(self.coding_blocks, position, self.strand)

    @property
    def coding_length_bp(self) -> int:
        """Number of coding bases, stop codon included where the annotation tells it."""
        return sum(end - start for start, end in self.coding_blocks)


@dataclass(frozen=True)
class Gene:
    """A gene and all its transcripts; two places of one gene id on the genome are two genes."""

    id: str
    name: str
    biotype: str
    contig: str
    strand: Strand
    start: int
    end: int
    transcripts: tuple[Transcript, ...]

    @cached_property
    def introns(self) -> frozenset[Block]:
        """The introns of all transcripts."""
        return frozenset(each for transcript in self.transcripts for each in transcript.introns)

    @cached_property
    def donors(self) -> frozenset[int]:
        """The last bases of all exons that are followed by another one."""
        is_forward = self.strand is Strand.FORWARD
        return frozenset(
            start - 1 if is_forward else end
            for transcript in self.transcripts
            for start, end in transcript.introns
        )

    @cached_property
    def acceptors(self) -> frozenset[int]:
        """The first bases of all exons that follow another one."""
        is_forward = self.strand is Strand.FORWARD
        return frozenset(
            end if is_forward else start - 1
            for transcript in self.transcripts
            for start, end in transcript.introns
        )

    @property
    def is_coding(self) -> bool:
        """Whether any transcript codes for a protein."""
        return any(transcript.cds for transcript in self.transcripts)


def offset_in(blocks: tuple[Block, ...], position: int, strand: Strand) -> int | None:
    """Bases of `blocks` that are transcribed before the 0-based position, None if outside.

    >>> offset_in(((10, 20), (30, 40)), 31, Strand.FORWARD)
    11
    >>> offset_in(((10, 20), (30, 40)), 31, Strand.REVERSE)
    8
    """
    before = 0
    for start, end in blocks if strand is Strand.FORWARD else blocks[::-1]:
        if start <= position < end:
            inside = position - start if strand is Strand.FORWARD else end - 1 - position
            return before + inside
        before += end - start
    return None


def position_at(blocks: tuple[Block, ...], offset: int, strand: Strand) -> int:
    """The 0-based position of the base with `offset` bases of `blocks` transcribed before it.

    >>> position_at(((10, 20), (30, 40)), 11, Strand.FORWARD)
    31
    >>> position_at(((10, 20), (30, 40)), 8, Strand.REVERSE)
    31

    Raises:
        IndexError: the blocks are shorter than that.
    """
    left = offset
    for start, end in blocks if strand is Strand.FORWARD else blocks[::-1]:
        if left < end - start:
            return start + left if strand is Strand.FORWARD else end - 1 - left
        left -= end - start
    message = f"offset {offset} lies outside of the blocks"
    raise IndexError(message)
