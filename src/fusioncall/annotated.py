"""Discovery route 1: reads that run from a target acceptor back into the end of another exon.

No alignment is needed: the acceptor's first bases are found in the read, the bases before them are
foreign to the gene, and the donor index tells which annotated exons end like that. It needs fewer
bases than an aligner does to split a read. A short anchor can fit several donors: all are
proposed, with a mapping quality of 0, and the recount and the filters decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fusioncall.coords import Breakend
from fusioncall.evidence import is_neighbour
from fusioncall.flanks import acceptor_flank
from fusioncall.model import Junction, Molecule, Proposal
from fusioncall.reference import Reference
from fusioncall.sequence import reverse_complement
from fusioncall.settings import DiscoverySettings

_SEED_BP = 10
_SEED_STARTS = (0, _SEED_BP, 2 * _SEED_BP)
_LOOK_BP = 3 * _SEED_BP
_FOREIGN_BP = 12


@dataclass(frozen=True, slots=True)
class _Acceptor:
    """An acceptor of a target: its first bases, and what comes before it without a fusion."""

    end: Breakend
    kept: str
    before: tuple[str, ...]


def propose_annotated(
    molecules: Iterable[Molecule], reference: Reference, settings: DiscoverySettings
) -> tuple[Proposal, ...]:
    """Find the annotated junctions that single reads show.

    Args:
        molecules: that may support a fusion.
        reference: donors, targets and genome.
        settings: how many bases are needed on each side.

    Returns:
        At most one proposal per molecule and junction, in the order of the molecules.
    """
    seeds = _seeds(reference)
    proposals: list[Proposal] = []
    for molecule in molecules:
        found: dict[Junction, int] = {}
        for read in molecule.reads:
            for text in (read.sequence, reverse_complement(read.sequence)):
                for junction, mapq, anchor in _junctions(text, seeds, reference, settings):
                    if anchor >= settings.min_donor_bp or _is_near(molecule, junction.donor):
                        found[junction] = max(mapq, found.get(junction, 0))
        proposals.extend(
            _proposal(junction, molecule.name, found[junction])
            for junction in sorted(found, key=lambda each: each.sort_key)
        )
    return tuple(proposals)


def _seeds(reference: Reference) -> dict[str, list[tuple[int, _Acceptor]]]:
    """k-mers of the first bases of every acceptor, with their offset from it."""
    seeds: dict[str, list[tuple[int, _Acceptor]]] = {}
    for acceptor in _acceptors(reference):
        for offset in _SEED_STARTS:
            word = acceptor.kept[offset : offset + _SEED_BP]
            if len(word) == _SEED_BP:
                seeds.setdefault(word, []).append((offset, acceptor))
    return seeds


def _acceptors(reference: Reference) -> Iterator[_Acceptor]:
    """The annotated acceptors of the targets' coding transcripts, each with every continuation."""
    for target in reference.targets:
        gene = target.gene
        positions = {
            position
            for transcript in gene.transcripts
            if transcript.cds
            for position in gene.acceptors
            if transcript.is_acceptor(position)
        }
        for position in sorted(positions):
            end = Breakend.acceptor(gene.contig, position, gene.strand)
            flank = acceptor_flank(end, (), _LOOK_BP, reference)
            for kept in flank.kept:
                before = {each[: -len(kept)] for each in flank.through if each.endswith(kept)}
                yield _Acceptor(end, kept, tuple(sorted(before)))


def _junctions(
    text: str,
    seeds: dict[str, list[tuple[int, _Acceptor]]],
    reference: Reference,
    settings: DiscoverySettings,
) -> Iterator[tuple[Junction, int, int]]:
    """The junctions of a read as transcribed, their mapping quality and bases of the donor."""
    for acceptor, cut in _crossings(text, seeds, settings):
        foreign = text[:cut]
        donors = {reference.donors.breakend(place) for place in reference.donors.ending(foreign)}
        mapq = reference.donors.mapq_phred(len(foreign)) if len(donors) == 1 else 0
        for donor in donors:
            yield Junction(donor, acceptor.end), mapq, len(foreign)


def _is_near(molecule: Molecule, end: Breakend) -> bool:
    """Whether a piece of the molecule is aligned in the neighbourhood of a breakend."""
    return any(is_neighbour(piece, end) for read in molecule.reads for piece in read.segments)


def _crossings(
    text: str, seeds: dict[str, list[tuple[int, _Acceptor]]], settings: DiscoverySettings
) -> set[tuple[_Acceptor, int]]:
    """Acceptors that the read crosses with foreign bases before them, and where."""
    crossings: set[tuple[_Acceptor, int]] = set()
    for start in range(len(text) - _SEED_BP + 1):
        for offset, acceptor in seeds.get(text[start : start + _SEED_BP], ()):
            cut = start - offset
            if settings.min_supported_donor_bp <= cut and _is_crossing(
                text, cut, acceptor, settings
            ):
                crossings.add((acceptor, cut))
    return crossings


def _is_crossing(text: str, cut: int, acceptor: _Acceptor, settings: DiscoverySettings) -> bool:
    """Whether the bases from the cut on are the acceptor's, and those before it not the gene's."""
    inside = text[cut : cut + len(acceptor.kept)]
    if len(inside) < settings.min_acceptor_bp:
        return False
    if _mismatches(inside, acceptor.kept) > len(inside) // _SEED_BP:
        return False
    foreign = text[max(0, cut - _FOREIGN_BP) : cut][::-1]
    return all(
        _mismatches(foreign, before[::-1]) >= settings.min_foreign_mismatches
        for before in acceptor.before
    )


def _mismatches(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=False))


def _proposal(junction: Junction, molecule: str, mapq: int) -> Proposal:
    donor, acceptor = junction.donor.position, junction.acceptor.position
    return Proposal(
        junction=junction,
        molecule=molecule,
        mapq_phred=mapq,
        donor_blocks=((donor, donor + 1),),
        acceptor_blocks=((acceptor, acceptor + 1),),
    )
