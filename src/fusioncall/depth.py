"""What a sample shows of the targets where nothing is fused: depth over acceptors, insert sizes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from fusioncall.coords import Breakend, Strand
from fusioncall.genes import Transcript, offset_in
from fusioncall.model import AcceptorDepth, Molecule, Segment
from fusioncall.targets import Target


def limit_acceptors(target: Target, count: int) -> dict[int, Breakend]:
    """The acceptors of a target over which unfused molecules are counted.

    Args:
        target: the gene.
        count: how many are looked at, the last ones that keep the whole domain.

    Returns:
        Exon numbers of the reference transcript with the first base of each, in their order. Of
        the last `count` those are left out that another transcript with the whole domain skips,
        as long as any remain.
    """
    whole = [each for each in target.gene.transcripts if target.keeps_domain(each)]
    named = next(each for each in whole if each.id == target.reference_transcript)
    exons = enumerate(named.exons_transcribed, start=1)
    firsts = {number: _first_base(named, exon) for number, exon in exons if number > 1}
    before = {number: at for number, at in firsts.items() if target.is_before_domain(at)}
    last = dict(list(before.items())[-count:])
    shared = {
        number: at for number, at in last.items() if all(_has(each, at, target) for each in whole)
    }
    return {
        number: Breakend.acceptor(target.gene.contig, at, target.gene.strand)
        for number, at in (shared or last).items()
    }


def _first_base(transcript: Transcript, exon: tuple[int, int]) -> int:
    start, end = exon
    return start if transcript.strand is Strand.FORWARD else end - 1


def _has(transcript: Transcript, position: int, target: Target) -> bool:
    """Whether a transcript has this acceptor, or begins only behind it."""
    forward = target.gene.strand is Strand.FORWARD
    begins_behind = transcript.start >= position if forward else transcript.end <= position + 1
    return begins_behind or transcript.is_acceptor(position)


def acceptor_depths(
    targets: Iterable[Target], counts: Mapping[Breakend, int], limit: int
) -> Iterator[AcceptorDepth]:
    """The unfused molecules over the acceptors of `limit_acceptors`.

    Args:
        targets: the genes.
        counts: unfused molecules over breakends.
        limit: how many acceptors of each target are looked at.
    """
    for target in targets:
        for exon, end in limit_acceptors(target, limit).items():
            yield AcceptorDepth(
                gene=target.name,
                exon=exon,
                contig=end.contig,
                position=end.position,
                unfused_molecules=counts[end],
            )


def insert_sizes(molecules: Iterable[Molecule], targets: Iterable[Target]) -> dict[int, int]:
    """How many pairs on transcripts of the targets have fragments of which length, in bases.

    A pair counts if each mate is aligned in one piece from its first base on, both face each other,
    and the fragment begins and ends in exons of a transcript with the whole domain: the reference
    transcript first. Copies are not told apart.
    """
    sizes: Counter[int] = Counter()
    in_order = [(target, _transcripts(target)) for target in targets]
    for molecule in molecules:
        pieces = [read.segments for read in molecule.reads]
        if len(pieces) != 2 or any(len(each) != 1 for each in pieces):
            continue
        size = _size(pieces[0][0], pieces[1][0], in_order)
        if size:
            sizes[size] += 1
    return dict(sorted(sizes.items()))


def _transcripts(target: Target) -> list[Transcript]:
    whole = [each for each in target.gene.transcripts if target.keeps_domain(each)]
    return sorted(whole, key=lambda each: (each.id != target.reference_transcript, each.id))


def _size(
    one: Segment, other: Segment, targets: Iterable[tuple[Target, list[Transcript]]]
) -> int | None:
    """Transcribed bases from the outer end of one mate to that of the other; None if not known."""
    if one.contig != other.contig or one.is_reverse == other.is_reverse:
        return None
    if one.query_start or other.query_start:
        return None
    forward, reverse = sorted((one, other), key=lambda each: each.is_reverse)
    start, last = forward.start, reverse.end - 1
    if start > last:
        return None
    for target, transcripts in targets:
        gene = target.gene
        if gene.contig != one.contig or start < gene.start or last >= gene.end:
            continue
        for transcript in transcripts:
            ends = [
                offset_in(transcript.exons, place, transcript.strand) for place in (start, last)
            ]
            if ends[0] is not None and ends[1] is not None:
                return abs(ends[1] - ends[0]) + 1
    return None
