"""The sequences on each side of a junction: what the fused transcript holds, and what it lacks.

For a donor, `kept` sequences end with the last base of the donor and `through` sequences run past
it as the unfused gene does; for an acceptor they begin with its first base, and run up to it.

    donor side      kept ------>|            acceptor side         |------> kept
                 through ------>|------>                    ------>|------> through
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, product

from fusioncall.coords import Breakend, Side, Strand
from fusioncall.genes import Block, Transcript
from fusioncall.reference import Reference

Blocks = tuple[Block, ...]
Cut = tuple[str, int]
"""A sequence, and an offset in it."""


@dataclass(frozen=True, slots=True)
class Flank:
    """Distinct sequences of one side, as transcribed, in a fixed order."""

    kept: tuple[str, ...]
    through: tuple[str, ...]
    is_donor: bool

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """Each sequence that runs through, with the offset of the border to the kept part."""
        pairs = product(self.through, self.kept)
        if self.is_donor:
            found = {(text, len(kept)) for text, kept in pairs if text.startswith(kept)}
        else:
            found = {(text, len(text) - len(kept)) for text, kept in pairs if text.endswith(kept)}
        return tuple(sorted(found))


def donor_flank(
    end: Breakend, observed: Iterable[Blocks], reach_bp: int, reference: Reference
) -> Flank:
    """The sequences on the donor side.

    Args:
        end: the donor.
        observed: aligned stretches of split reads, cut at the donor; an isoform that only they
            show is followed too.
        reach_bp: bases on each side of the donor.
        reference: genome and genes.
    """
    return _flank(end, observed, reach_bp, reference, is_donor=True)


def acceptor_flank(
    end: Breakend, observed: Iterable[Blocks], reach_bp: int, reference: Reference
) -> Flank:
    """The sequences on the acceptor side; arguments as for `donor_flank`."""
    return _flank(end, observed, reach_bp, reference, is_donor=False)


def _flank(
    end: Breakend,
    observed: Iterable[Blocks],
    reach_bp: int,
    reference: Reference,
    *,
    is_donor: bool,
) -> Flank:
    strand = end.donor_strand if is_donor else end.acceptor_strand
    kept: set[Blocks] = set()
    through: set[tuple[Blocks, Blocks]] = set()
    genomic_lost = _genomic_lost(end, reach_bp)
    annotated = list(_transcripts_at(end, strand, reference))
    annotated = annotated or list(_through_intron(end, strand, reference))
    for exons in annotated:
        inside = kept_blocks(exons, end, reach_bp)
        kept.add(inside)
        through.add((inside, genomic_lost))
        beyond = _nearest(_lost(exons, end), end, reach_bp, lost=True)
        through.add((inside, beyond))
    known_introns = {intron for exons in annotated for intron in _introns(exons)}
    for blocks in [*observed, *([] if kept else [((end.position, end.position + 1),)])]:
        if kept and known_introns.issuperset(_introns(blocks)):
            continue
        inside = _nearest(_extended(blocks, end, reach_bp), end, reach_bp, lost=False)
        kept.add(inside)
        through.add((inside, genomic_lost))
    contig = end.contig
    texts = {reference.transcribed(contig, blocks, strand) for blocks in kept}
    whole = {
        reference.transcribed(contig, tuple(sorted(inside + beyond)), strand)
        for inside, beyond in through
    }
    return Flank(tuple(sorted(texts)), tuple(sorted(whole)), is_donor)


def _transcripts_at(end: Breakend, strand: Strand, reference: Reference) -> Iterator[Blocks]:
    """The exons of the sense transcripts that have the breakend in an exon."""
    for transcript in _sense_transcripts(end, strand, reference):
        if transcript.exon_index(end.position) is not None:
            yield transcript.exons


def _sense_transcripts(end: Breakend, strand: Strand, reference: Reference) -> Iterator[Transcript]:
    for gene in reference.genes_at(end.contig, end.position, end.position + 1):
        if gene.strand is strand:
            yield from gene.transcripts


def _through_intron(end: Breakend, strand: Strand, reference: Reference) -> Iterator[Blocks]:
    """The exons of the sense transcripts around an intron with the breakend, and that intron."""
    for transcript in _sense_transcripts(end, strand, reference):
        for (start, left), (right, stop) in pairwise(transcript.exons):
            if left <= end.position < right:
                outside = [each for each in transcript.exons if each[1] <= start or stop <= each[0]]
                yield tuple(sorted([*outside, (start, stop)]))


def _introns(blocks: Blocks) -> Iterator[Block]:
    for left, right in pairwise(blocks):
        yield left[1], right[0]


def kept_blocks(blocks: Blocks, end: Breakend, reach_bp: int) -> Blocks:
    """The part of blocks that a breakend keeps, up to so many bases from it, in genome order."""
    at = end.position
    if end.keeps is Side.LEFT:
        kept = tuple((start, min(stop, at + 1)) for start, stop in blocks if start <= at)
    else:
        kept = tuple((max(start, at), stop) for start, stop in blocks if stop > at)
    return _nearest(kept, end, reach_bp, lost=False)


def _lost(blocks: Blocks, end: Breakend) -> Blocks:
    """The part of blocks that the breakend leaves behind."""
    at = end.position
    if end.keeps is Side.LEFT:
        return tuple((max(start, at + 1), stop) for start, stop in blocks if stop > at + 1)
    return tuple((start, min(stop, at)) for start, stop in blocks if start < at)


def _genomic_lost(end: Breakend, reach_bp: int) -> Blocks:
    """The genome next to the breakend on the side that is left behind."""
    if end.keeps is Side.LEFT:
        return ((end.position + 1, end.position + 1 + reach_bp),)
    return ((max(0, end.position - reach_bp), end.position),)


def _extended(blocks: Blocks, end: Breakend, reach_bp: int) -> Blocks:
    """Observed blocks, the outermost one stretched along the genome."""
    if end.keeps is Side.LEFT:
        return ((max(0, blocks[0][1] - reach_bp), blocks[0][1]), *blocks[1:])
    return (*blocks[:-1], (blocks[-1][0], blocks[-1][0] + reach_bp))


def _nearest(blocks: Blocks, end: Breakend, reach_bp: int, *, lost: bool) -> Blocks:
    """The `reach_bp` bases of blocks that lie nearest to the breakend."""
    from_right = (end.keeps is Side.LEFT) != lost
    left = reach_bp
    chosen: list[Block] = []
    for start, stop in blocks[::-1] if from_right else blocks:
        size = min(stop - start, left)
        chosen.append((stop - size, stop) if from_right else (start, start + size))
        left -= size
        if left == 0:
            break
    return tuple(sorted(chosen))
