"""Every kept molecule counted once, for the junction that it fits best, or for none.

A molecule counts for one junction: the one with most evidence among those that it fits best.
Junctions that sequencing errors have made of a neighbour are given back to it. Copies of one
molecule, by the places where its reads begin and by its UMI, count once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from fusioncall.coords import Strand
from fusioncall.evidence import is_neighbour, plain_edits
from fusioncall.model import (
    Candidate,
    Junction,
    Kind,
    Molecule,
    Placement,
    Support,
)
from fusioncall.placing import (
    Templates,
    is_misfit,
    place,
    templates_of,
)
from fusioncall.reference import Reference
from fusioncall.seeds import holding
from fusioncall.sequence import reverse_complement, words
from fusioncall.settings import RecountSettings

_SEED_BP = 11
_EDGE_SEED_BP = 8

Fits = dict[str, dict[int, Placement]]
"""For the name of a molecule, how it fits each candidate, by the candidate's place in order."""

Misfits = Mapping[int, frozenset[str]]
"""For each candidate, by its place in order, the molecules that it explains in part."""


def recount(
    molecules: Sequence[Molecule],
    candidates: Sequence[Candidate],
    reference: Reference,
    settings: RecountSettings,
) -> dict[Candidate, Support]:
    """Count the molecules of each candidate.

    Args:
        molecules: with distinct names; those that the genome explains well need not be among them.
        candidates: the junctions.
        reference: genome and genes.
        settings: when a molecule counts.

    Returns:
        The support of every candidate, also of those without any.
    """
    templates = [templates_of(candidate, reference, settings) for candidate in candidates]
    seeded = _seeded_by(molecules, templates)
    fits, misfits = _fits(seeded, candidates, templates, reference, settings)
    edges = [_annotated_edges(each.junction, reference) for each in candidates]
    chosen = _assign(fits, candidates, edges, settings)
    supports: dict[Candidate, Support] = {}
    for index, candidate in enumerate(candidates):
        placements = chosen.get(index, ())
        rivals = tuple(candidates[each].junction for each in _rivals(index, placements, fits))
        counted = _collapsed(placements, settings)
        support = _support(placements, counted, rivals)
        supports[candidate] = replace(
            support,
            excess_edits=_excess_edits(counted, settings),
            misfit_molecules=len(misfits.get(index, ())),
        )
    return supports


def _fits(
    seeded: Iterable[tuple[Molecule, Iterable[int]]],
    candidates: Sequence[Candidate],
    templates: Sequence[Templates],
    reference: Reference,
    settings: RecountSettings,
) -> tuple[Fits, Misfits]:
    """For the name of each molecule that fits any candidate, how it fits each of them.

    Beside it, for each candidate the molecules that it explains in part: a read goes on from the
    donor into something else than the acceptor, or crosses the junction and its mate lies nowhere.
    """
    fits: Fits = {}
    misfits: dict[int, set[str]] = defaultdict(set)
    for molecule, indices in seeded:
        found: dict[int, Placement] = {}
        elsewhere = tuple(plain_edits(read, reference) for read in molecule.reads)
        for index in indices:
            placement = place(molecule, elsewhere, templates[index], settings)
            if placement is None:
                if is_misfit(molecule, templates[index].fused, settings):
                    misfits[index].add(molecule.name)
                continue
            is_whole = placement.laid_reads == len(molecule.reads)
            if not is_whole and placement.kind is Kind.SPLIT:
                misfits[index].add(molecule.name)
            if is_whole or not _contradicts(
                molecule, elsewhere, candidates[index].junction, settings
            ):
                found[index] = placement
        if found:
            fits[molecule.name] = found
    return fits, {index: frozenset(names) for index, names in misfits.items()}


def _contradicts(
    molecule: Molecule, elsewhere: Sequence[int], junction: Junction, settings: RecountSettings
) -> bool:
    """Whether a mate that is not on the fused sequence lies well in quite another place.

    So do the mates of a fusion of a paralogue, whose split reads look like those of the target.
    """
    ends = (junction.donor, junction.acceptor)
    return any(
        edits < settings.min_edit_advantage
        and not any(is_neighbour(piece, end) for piece in read.segments for end in ends)
        for read, edits in zip(molecule.reads, elsewhere, strict=True)
    )


def _seeds(templates: Iterable[Templates]) -> dict[str, set[int]]:
    """k-mers of the fused sequences' donor sides, and the last bases before each junction.

    They are given on both strands. A molecule that supports a candidate has one of them exactly,
    unless a sequencing error lies in every one.
    """
    seeds: dict[str, set[int]] = defaultdict(set)
    for index, template in enumerate(templates):
        for fused in template.fused:
            text = fused.sequence[: fused.acceptor_start]
            edge = fused.sequence[max(0, fused.donor_bp - _EDGE_SEED_BP) : fused.donor_bp]
            for word in (*words(text, _SEED_BP), *words(edge, _EDGE_SEED_BP)):
                seeds[word].add(index)
                seeds[reverse_complement(word)].add(index)
    return seeds


def _seeded_by(
    molecules: Iterable[Molecule], templates: Sequence[Templates]
) -> list[tuple[Molecule, list[int]]]:
    """Each molecule with the candidates of which it holds a seed, if any."""
    seeds = _seeds(templates)
    return [
        (molecule, sorted(set().union(*(seeds[word] for word in held))))
        for molecule, held in holding(molecules, seeds)
    ]


def _annotated_edges(junction: Junction, reference: Reference) -> int:
    """How many sides of a junction are annotated exon edges."""
    donor, acceptor = junction.donor, junction.acceptor
    place = np.array([donor.position])
    donors, _ = reference.splice_sites(donor.contig, donor.donor_strand, place)
    place = np.array([acceptor.position])
    _, acceptors = reference.splice_sites(acceptor.contig, acceptor.acceptor_strand, place)
    return (donor.position in donors) + (acceptor.position in acceptors)


def _assign(
    fits: Fits, candidates: Sequence[Candidate], edges: Sequence[int], settings: RecountSettings
) -> dict[int, tuple[Placement, ...]]:
    """Give each molecule to one candidate: split molecules first, then the spanning ones.

    Among candidates that a molecule fits equally well it goes to the one that most split molecules
    fit (then most annotated exon edges, fewest inserted bases, most proposals, then the first in
    order).
    """
    popularity: Counter[int] = Counter(
        index
        for found in fits.values()
        for index, placement in found.items()
        if placement.kind is Kind.SPLIT and placement.rank == _best_rank(found)
    )
    chosen: dict[int, list[Placement]] = defaultdict(list)
    for name in sorted(fits):
        found = fits[name]
        best = min(
            found,
            key=lambda index: (
                found[index].rank,
                -popularity[index],
                -edges[index],
                len(candidates[index].junction.inserted),
                -len(candidates[index].proposals),
                index,
            ),
        )
        chosen[best].append(found[best])
    _prefer_edges(chosen, fits, candidates, edges, settings)
    _merge_errors(chosen, fits, candidates, settings)
    return {index: tuple(placements) for index, placements in chosen.items()}


def _prefer_edges(
    chosen: dict[int, list[Placement]],
    fits: Fits,
    candidates: Sequence[Candidate],
    edges: Sequence[int],
    settings: RecountSettings,
) -> None:
    """Give the molecules of a junction to one of exon edges that differs by one base of sequence.

    A SNP beside the junction of two exons looks like an inserted base beside a lost one. It is the
    likelier of the two: one base in a thousand, against one junction in hundreds off the exon edges
    and one in twenty with an insertion.
    """
    for index in sorted(chosen):
        names = [each.molecule for each in chosen[index]]
        common = set.intersection(*(set(fits[name]) for name in names)) if names else set()
        for other in sorted(common):
            one, edge = candidates[index].junction, candidates[other].junction
            if (
                edges[other] > edges[index]
                and _are_neighbours(one, edge, settings.merge_window_bp)
                and _surplus_bp(one, edge) == 0
                and all(
                    fits[each.molecule][other].kind is each.kind
                    and fits[each.molecule][other].edits <= each.edits + 1
                    for each in chosen[index]
                )
            ):
                chosen[other] += [fits[name][other] for name in names]
                chosen[index] = []
                break


def _surplus_bp(one: Junction, other: Junction) -> int:
    """By how many bases the fused sequence of the second junction is the longer one."""
    before = other.donor.position - one.donor.position
    after = one.acceptor.position - other.acceptor.position
    forward5 = one.donor.donor_strand is Strand.FORWARD
    forward3 = one.acceptor.acceptor_strand is Strand.FORWARD
    inserted = len(other.inserted) - len(one.inserted)
    return (before if forward5 else -before) + (after if forward3 else -after) + inserted


def _merge_errors(
    chosen: dict[int, list[Placement]],
    fits: Fits,
    candidates: Sequence[Candidate],
    settings: RecountSettings,
) -> None:
    """Give the molecules of a junction to a stronger neighbour that they fit almost as well.

    A sequencing error beside a junction, or within its inserted bases, makes a junction of its own.
    Its molecules fit the true one with an edit more; those of another exon edge do not.
    """
    by_strength = sorted(
        chosen,
        key=lambda index: (-len(chosen[index]), len(candidates[index].junction.inserted), index),
    )
    for place_in_order, weaker in reversed(list(enumerate(by_strength))):
        for stronger in by_strength[:place_in_order]:
            one, other = candidates[weaker].junction, candidates[stronger].junction
            if not _are_neighbours(one, other, settings.merge_window_bp):
                continue
            moved = [fits[each.molecule].get(stronger) for each in chosen[weaker]]
            if all(
                new is not None
                and new.kind is old.kind
                and new.edits <= old.edits + settings.merge_edits
                for old, new in zip(chosen[weaker], moved, strict=True)
            ):
                chosen[stronger] += [new for new in moved if new is not None]
                chosen[weaker] = []
                break


def _are_neighbours(one: Junction, other: Junction, window_bp: int) -> bool:
    """Whether both sides of two junctions lie within a few bases of each other."""
    pairs = ((one.donor, other.donor), (one.acceptor, other.acceptor))
    return all(
        (a.contig, a.keeps) == (b.contig, b.keeps) and abs(a.position - b.position) <= window_bp
        for a, b in pairs
    )


def _best_rank(found: dict[int, Placement]) -> tuple[bool, int, int]:
    return min(each.rank for each in found.values())


def _rivals(chosen: int, placements: Sequence[Placement], fits: Fits) -> list[int]:
    """Other candidates that every molecule of one fits as well."""
    if not placements:
        return []
    others = set.intersection(
        *(
            {
                index
                for index, placement in fits[each.molecule].items()
                if index != chosen and placement.rank == each.rank
            }
            for each in placements
        )
    )
    return sorted(others)


def _collapsed(placements: Sequence[Placement], settings: RecountSettings) -> tuple[Placement, ...]:
    """One placement of each set of copies: the first by kind and name."""
    ordered = sorted(placements, key=lambda each: (each.kind is not Kind.SPLIT, each.molecule))
    if not settings.collapse_copies:
        return tuple(ordered)
    originals: dict[tuple[object, ...], Placement] = {}
    for placement in ordered:
        originals.setdefault((placement.starts, placement.umi), placement)
    return tuple(originals.values())


def _support(
    placements: Sequence[Placement],
    counted: Sequence[Placement],
    rivals: tuple[Junction, ...],
) -> Support:
    """Count molecules; those left out of `counted` are copies."""
    split = [each for each in counted if each.kind is Kind.SPLIT]
    return Support(
        split_molecules=len(split),
        spanning_molecules=len(counted) - len(split),
        unfused3_molecules=0,
        unfused5_molecules=None,
        rivals=rivals,
        excess_edits=0,
        misfit_molecules=0,
        copies=len(placements) - len(counted),
        distinct_starts=len({min(start for start, _ in each.starts) for each in counted}),
        best_anchor_bp=max(
            (min(each.donor_anchor_bp, each.acceptor_anchor_bp) for each in split), default=0
        ),
        donor_anchor_bp=max((each.donor_anchor_bp for each in split), default=0),
        acceptor_anchor_bp=max((each.acceptor_anchor_bp for each in split), default=0),
        split_names=_names(placements, Kind.SPLIT),
        spanning_names=_names(placements, Kind.SPANNING),
    )


def _excess_edits(counted: Sequence[Placement], settings: RecountSettings) -> int:
    """Edits of all split reads on the worse side, beyond those that its bases allow.

    Sequencing errors are scattered, and a SNP is one base, in each read; the reads of a paralogue
    differ from the target in many places, and all alike.
    """
    split = [each for each in counted if each.kind is Kind.SPLIT]
    bases = (
        sum(each.donor_anchor_bp for each in split),
        sum(each.acceptor_anchor_bp for each in split),
    )
    edits = (sum(each.side_edits[0] for each in split), sum(each.side_edits[1] for each in split))
    free = settings.free_side_edits
    snp = free + len(split) - 1  # one base in each read, and the errors beside it
    allowed = (max(free, snp, int(size * settings.max_side_edit_rate)) for size in bases)
    return max(0, *(count - limit for count, limit in zip(edits, allowed, strict=True)))


def _names(placements: Iterable[Placement], kind: Kind) -> tuple[str, ...]:
    return tuple(sorted(each.molecule for each in placements if each.kind is kind))
