"""Molecules -> proposals: the junctions that the alignments of single molecules show.

Two pieces of one read that lie side by side in the read but not on the genome propose a junction;
so does an N gap between a target gene and sequence outside of it, for an aligner that allows
introns of a megabase writes LMNA::NTRK1 as a plain spliced read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from fusioncall.coords import Breakend, Side
from fusioncall.genes import Block
from fusioncall.junctions import Join, refine
from fusioncall.model import (
    CIGAR_CONSUMES_QUERY,
    CIGAR_CONSUMES_REFERENCE,
    Molecule,
    Proposal,
    Read,
    Segment,
)
from fusioncall.reference import Reference
from fusioncall.sequence import reverse_complement
from fusioncall.settings import EvidenceSettings, RecountSettings

_SHORT_RUN_BP = 8
_HANGING_BP = 20
_NEIGHBOURHOOD_BP = 500_000  # most genes are shorter; an unrelated place is as near in 1 of 3,000


@dataclass(frozen=True, slots=True)
class Evidence:
    """Proposals, and how many N gaps at targets were plain splicing."""

    proposals: tuple[Proposal, ...]
    normal_splices: int


def collect(
    molecules: Iterable[Molecule], reference: Reference, settings: EvidenceSettings
) -> Evidence:
    """Find the junctions that each molecule proposes.

    Args:
        molecules: with their alignments.
        reference: genome, genes and targets.
        settings: which pieces are long enough.

    Returns:
        At most one proposal per molecule and junction, in the order of the molecules.
    """
    proposals: list[Proposal] = []
    normal = 0
    for molecule in molecules:
        found: dict[tuple[object, ...], Proposal] = {}
        for read in molecule.reads:
            for left, right, is_gap in _neighbours(read, settings):
                if is_gap and _is_splicing(left, right, reference):
                    normal += _touches_target(left, right, reference)
                    continue
                proposal = _propose(molecule.name, read, (left, right), reference, settings)
                if proposal is not None:
                    key = proposal.junction.sort_key
                    known = found.get(key)
                    if known is None or known.mapq_phred < proposal.mapq_phred:
                        found[key] = proposal
        proposals.extend(found[key] for key in sorted(found))
    return Evidence(tuple(proposals), normal)


def plain_edits(read: Read, reference: Reference) -> int:
    """Fewest edits with which one place of the genome explains a whole read.

    Unaligned bases count as edits, and so do a few bases beyond an intron that no transcript has:
    an aligner finds a place for ten bases in any gene. A piece whose N gap joins two genes explains
    nothing.
    """
    return min(
        (
            len(read.sequence)
            - (segment.query_end - segment.query_start)
            + segment.edits
            + _beyond_new_introns(segment, reference)
            for segment in read.segments
            if all(
                _share_gene(segment.contig, start - 1, end, reference)
                for start, end in segment.gaps
            )
        ),
        default=len(read.sequence),
    )


def _beyond_new_introns(segment: Segment, reference: Reference) -> int:
    """Bases of a piece that hang on it by an unannotated intron, if they are few."""
    hanging = 0
    for gap in segment.gaps:
        before = sum(end - start for start, end in segment.blocks if end <= gap[0])
        after = sum(end - start for start, end in segment.blocks if start >= gap[1])
        if min(before, after) < _HANGING_BP and _is_new(segment.contig, gap, reference):
            hanging += min(before, after)
    return hanging


def is_plain(molecule: Molecule, reference: Reference, settings: RecountSettings) -> bool:
    """Whether the genome explains both reads of a molecule well, and within one gene.

    No fused sequence can then fit it better by the edits that a split read must save, and its mates
    span nothing: it supports no fusion.
    """
    limit = settings.min_edit_advantage
    if any(plain_edits(read, reference) >= limit for read in molecule.reads):
        return False
    pieces = [segment for read in molecule.reads for segment in read.segments]
    if not pieces:
        return True
    low = min(pieces, key=lambda piece: piece.start)
    high = max(pieces, key=lambda piece: piece.end)
    if low.contig != high.contig:
        return False
    return _share_gene(low.contig, low.start, high.end - 1, reference)


def is_neighbour(segment: Segment, end: Breakend) -> bool:
    """Whether a piece lies so near to a breakend that one gene may hold both."""
    return segment.contig == end.contig and abs(segment.start - end.position) <= _NEIGHBOURHOOD_BP


def _neighbours(read: Read, settings: EvidenceSettings) -> Iterator[tuple[Segment, Segment, bool]]:
    """Pairs of pieces that follow each other in the read, and whether an N gap parts them."""
    for left, right in pairwise(read.segments):
        overlap = left.query_end - right.query_start
        shorter = min(left.query_end - left.query_start, right.query_end - right.query_start)
        if shorter - max(overlap, 0) < settings.min_segment_bp:
            continue
        if -overlap <= settings.max_query_gap_bp:
            yield left, right, False
    for segment in read.segments:
        for index in range(len(segment.gaps)):
            yield *_split_at_gap(segment, index), True


def _split_at_gap(segment: Segment, gap: int) -> tuple[Segment, Segment]:
    """The two parts of a piece around its N gap of that index, in the order of the read."""
    places = [i for i, (operation, _) in enumerate(segment.cigar) if operation == "N"]
    low, high = segment.cigar[: places[gap]], segment.cigar[places[gap] + 1 :]
    low_query, high_query = (
        _consumed(low, CIGAR_CONSUMES_QUERY),
        _consumed(high, CIGAR_CONSUMES_QUERY),
    )
    low_end = segment.start + _consumed(low, CIGAR_CONSUMES_REFERENCE)
    high_start = segment.end - _consumed(high, CIGAR_CONSUMES_REFERENCE)
    first_query = high_query if segment.is_reverse else low_query
    middle = segment.query_start + first_query
    early, late = (segment.query_start, middle), (middle, segment.query_end)
    low_place, high_place = (late, early) if segment.is_reverse else (early, late)
    low_part = _part(segment, (segment.start, low_end), low_place, low)
    high_part = _part(segment, (high_start, segment.end), high_place, high)
    return (high_part, low_part) if segment.is_reverse else (low_part, high_part)


def _consumed(cigar: tuple[tuple[str, int], ...], operations: frozenset[str]) -> int:
    return sum(length for operation, length in cigar if operation in operations)


def _part(
    segment: Segment,
    place: tuple[int, int],
    query: tuple[int, int],
    cigar: tuple[tuple[str, int], ...],
) -> Segment:
    return Segment(
        segment.contig,
        *place,
        segment.is_reverse,
        *query,
        cigar,
        segment.mapq,
        segment.edits,
    )


def _touches_target(left: Segment, right: Segment, reference: Reference) -> bool:
    ends = (_leaving(left), _entering(right))
    return any(reference.target_at(end.contig, end.position) for end in ends)


def _is_splicing(left: Segment, right: Segment, reference: Reference) -> bool:
    """Whether an N gap joins two places of one gene."""
    low, high = sorted((_leaving(left).position, _entering(right).position))
    return _share_gene(left.contig, low, high, reference)


def _share_gene(contig: str, low: int, high: int, reference: Reference) -> bool:
    return any(
        gene.start <= low and high < gene.end for gene in reference.genes_at(contig, low, low + 1)
    )


def _leaving(segment: Segment) -> Breakend:
    """The breakend at which the read leaves a piece."""
    if segment.is_reverse:
        return Breakend(segment.contig, segment.start, Side.RIGHT)
    return Breakend(segment.contig, segment.end - 1, Side.LEFT)


def _entering(segment: Segment) -> Breakend:
    """The breakend at which the read enters a piece."""
    if segment.is_reverse:
        return Breakend(segment.contig, segment.end - 1, Side.LEFT)
    return Breakend(segment.contig, segment.start, Side.RIGHT)


def _propose(
    molecule: str,
    read: Read,
    pieces: tuple[Segment, Segment],
    reference: Reference,
    settings: EvidenceSettings,
) -> Proposal | None:
    """The exact junction of two pieces, read so that the target gene is sense; None without one."""
    left, right = (
        _trimmed(pieces[0], _leaving(pieces[0]).keeps),
        _trimmed(pieces[1], _entering(pieces[1]).keeps),
    )
    along = _sense_score(_leaving(left), _entering(right), reference)
    against = _sense_score(_entering(right), _leaving(left), reference)
    if along == against == 0:
        return None
    if (along, _order(right)) >= (against, _order(left)):
        sequence = read.sequence
        donor, acceptor = left, right
        join = Join(_leaving(left), left.query_end, _entering(right), right.query_start)
    else:
        size = len(read.sequence)
        sequence = reverse_complement(read.sequence)
        donor, acceptor = right, left
        join = Join(
            _entering(right), size - right.query_start, _leaving(left), size - left.query_end
        )
    window = settings.refine_window_bp
    runs = _run(donor, join.donor.keeps, window), _run(acceptor, join.acceptor.keeps, window)
    junction = refine(sequence, join, runs, window, reference)
    return Proposal(
        junction=junction,
        molecule=molecule,
        mapq_phred=min(left.mapq, right.mapq),
        donor_blocks=_cut(donor, junction.donor),
        acceptor_blocks=_cut(acceptor, junction.acceptor),
    )


def _order(segment: Segment) -> tuple[str, int]:
    """What decides between two directions that are sense alike, whichever way a read was read."""
    return segment.contig, segment.start


def _sense_score(donor: Breakend, acceptor: Breakend, reference: Reference) -> int:
    """2 if the acceptor lies in a target in sense, and 1 more if the donor does."""
    enters = reference.target_at(acceptor.contig, acceptor.position)
    leaves = reference.target_at(donor.contig, donor.position)
    score = 2 if enters and enters.gene.strand is acceptor.acceptor_strand else 0
    return score + (1 if leaves and leaves.gene.strand is donor.donor_strand else 0)


def _trimmed(segment: Segment, keeps: Side) -> Segment:
    """A piece without an indel at its breakend, and without a few bases beyond an indel or N gap.

    An aligner that wants the intron to begin with GT pays for it with an indel beside the gap, and
    finds a place for some inserted bases in any intron. When they are those of an exon,
    they are given back (`junctions.with_short_exons`).
    """
    cigar = list(segment.cigar if keeps is Side.RIGHT else segment.cigar[::-1])
    dropped: list[tuple[str, int]] = []
    while len(cigar) > 1 and (
        cigar[0][0] in "IDN" or (cigar[1][0] in "IDN" and cigar[0][1] < _SHORT_RUN_BP)
    ):
        dropped.append(cigar.pop(0))
    bases = _consumed(tuple(dropped), CIGAR_CONSUMES_REFERENCE)
    query = _consumed(tuple(dropped), CIGAR_CONSUMES_QUERY)
    query_end_lost = (keeps is Side.LEFT) != segment.is_reverse
    return replace(
        segment,
        start=segment.start + (bases if keeps is Side.RIGHT else 0),
        end=segment.end - (bases if keeps is Side.LEFT else 0),
        query_start=segment.query_start + (0 if query_end_lost else query),
        query_end=segment.query_end - (query if query_end_lost else 0),
        cigar=tuple(cigar if keeps is Side.RIGHT else cigar[::-1]),
    )


def _is_new(contig: str, gap: Block, reference: Reference) -> bool:
    return not any(gap in gene.introns for gene in reference.genes_at(contig, *gap))


def _run(segment: Segment, keeps: Side, window: int) -> int:
    """Aligned bases without an indel or gap next to the breakend, one less, at most the window."""
    cigar = segment.cigar[::-1] if keeps is Side.LEFT else segment.cigar
    run = 0
    for operation, length in cigar:
        if operation not in "M=X":
            break
        run += length
    return min(run - 1, window)


def _cut(segment: Segment, end: Breakend) -> tuple[tuple[int, int], ...]:
    """The aligned stretches of a piece, its edge moved to the breakend."""
    blocks = list(segment.blocks)
    if end.keeps is Side.LEFT:
        blocks[-1] = (min(blocks[-1][0], end.position), end.position + 1)
    else:
        blocks[0] = (end.position, max(blocks[0][1], end.position + 1))
    return tuple(blocks)
