"""Discordant pairs without a split read: between which exons does the junction lie?

The mates of such a molecule lie in two genes and no read crosses the junction, so it is not known
to the base. The nearest annotated exon edges that all pairs of the two genes allow are proposed. A
junction without a split read never passes the filters, but it is not kept silent either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from fusioncall.coords import Breakend, Strand
from fusioncall.genes import Gene
from fusioncall.model import Candidate, Junction, Molecule, Proposal, Segment, Support
from fusioncall.reference import Reference
from fusioncall.settings import EvidenceSettings

_OVERHANG_BP = 7  # fewer bases beyond the junction than a split read needs


@dataclass(frozen=True, slots=True)
class _Pair:
    """A molecule whose mates face each other from two genes; pieces next to the junction."""

    molecule: str
    partner: Segment
    target: Segment


def propose_spanned(
    molecules: Iterable[Molecule],
    counted: Mapping[Candidate, Support],
    reference: Reference,
    settings: EvidenceSettings,
) -> tuple[Proposal, ...]:
    """Estimate the junctions of gene pairs that only spanning pairs show.

    Args:
        molecules: that may support a fusion.
        counted: what the other routes found; their molecules and pairs of genes are left out.
        reference: genes and targets.
        settings: how many pairs are enough.

    Returns:
        One proposal per molecule, in the order of the genes and molecules.
    """
    supported = {candidate: each for candidate, each in counted.items() if each.total}
    taken = {name for each in supported.values() for name in each.names}
    found: dict[tuple[str, str], list[_Pair]] = defaultdict(list)
    genes: dict[str, Gene] = {}
    for molecule in molecules:
        if molecule.name in taken:
            continue
        for partner, target, pair in _pairs(molecule, reference):
            genes |= {partner.id: partner, target.id: target}
            found[partner.id, target.id].append(pair)
    known = set().union(*(_gene_pairs(each.junction, reference) for each in supported))
    return tuple(
        proposal
        for (partner, target), pairs in sorted(found.items())
        if (partner, target) not in known and len(pairs) >= settings.min_lone_pairs
        for proposal in _proposals(genes[partner], genes[target], pairs)
    )


def _pairs(molecule: Molecule, reference: Reference) -> Iterator[tuple[Gene, Gene, _Pair]]:
    """The molecule as a pair of a partner's mate and a target's, both in sense."""
    if len(molecule.reads) != 2 or not all(read.segments for read in molecule.reads):
        return
    for five, three in (molecule.reads, molecule.reads[::-1]):
        first, last = three.segments[-1], five.segments[-1]
        target = reference.target_at(first.contig, first.start)
        if target is None or (target.gene.strand is Strand.REVERSE) is first.is_reverse:
            continue
        for gene in reference.genes_at(last.contig, last.start, last.end):
            if gene.id == target.gene.id or (gene.strand is Strand.REVERSE) is not last.is_reverse:
                continue
            yield gene, target.gene, _Pair(molecule.name, last, first)


def _gene_pairs(junction: Junction, reference: Reference) -> set[tuple[str, str]]:
    ends = (junction.donor, junction.acceptor)
    one, other = (
        {gene.id for gene in reference.genes_at(end.contig, end.position, end.position + 1)}
        for end in ends
    )
    return {(five, three) for five in one for three in other}


def _proposals(partner: Gene, target: Gene, pairs: list[_Pair]) -> Iterator[Proposal]:
    """The tightest annotated junction that all pairs allow, once for each pair."""
    donor = _nearest_donor(partner, [each.partner for each in pairs])
    acceptor = _nearest_acceptor(target, [each.target for each in pairs])
    if donor is None or acceptor is None:
        return
    junction = Junction(
        Breakend.donor(partner.contig, donor, partner.strand),
        Breakend.acceptor(target.contig, acceptor, target.strand),
    )
    for pair in sorted(pairs, key=lambda each: each.molecule):
        mapq = min(pair.partner.mapq, pair.target.mapq)
        yield Proposal.without_alignment(junction, pair.molecule, mapq)


def _nearest_donor(gene: Gene, pieces: Iterable[Segment]) -> int | None:
    """The first donor behind all pieces, in the direction of transcription."""
    if gene.strand is Strand.FORWARD:
        last = max(piece.end for piece in pieces) - 1 - _OVERHANG_BP
        return min((each for each in gene.donors if each >= last), default=None)
    last = min(piece.start for piece in pieces) + _OVERHANG_BP
    return max((each for each in gene.donors if each <= last), default=None)


def _nearest_acceptor(gene: Gene, pieces: Iterable[Segment]) -> int | None:
    """The last acceptor before all pieces, in the direction of transcription."""
    if gene.strand is Strand.FORWARD:
        first = min(piece.start for piece in pieces) + _OVERHANG_BP
        return max((each for each in gene.acceptors if each <= first), default=None)
    first = max(piece.end for piece in pieces) - 1 - _OVERHANG_BP
    return min((each for each in gene.acceptors if each >= first), default=None)
