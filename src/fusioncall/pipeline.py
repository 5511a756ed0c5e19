"""The story: from the alignments of kept molecules to judged fusions."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fusioncall.annotated import propose_annotated
from fusioncall.clips import ClipPlacer
from fusioncall.coords import Breakend
from fusioncall.depth import acceptor_depths, insert_sizes, limit_acceptors
from fusioncall.evidence import Evidence, collect, is_plain
from fusioncall.filters import judge
from fusioncall.fusions import name_fusion, with_events
from fusioncall.junctions import group
from fusioncall.model import AcceptorDepth, Call, Candidate, Fusion, Molecule, Support
from fusioncall.nomenclature import junction_of
from fusioncall.pairs import propose_spanned
from fusioncall.recount import recount
from fusioncall.reference import Reference
from fusioncall.settings import Settings
from fusioncall.unfused import Unfused, count_unfused, over_acceptors, over_donors

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """The calls of a sample in the order of their junctions, and counts of the way there.

    `acceptors` and `insert_sizes` are those of the targets where nothing is fused (`depth`).
    """

    calls: tuple[Call, ...]
    proposals: int
    normal_splices: int
    acceptors: tuple[AcceptorDepth, ...]
    insert_sizes: dict[int, int]


def call_molecules(
    molecules: Sequence[Molecule], reference: Reference, settings: Settings
) -> Found:
    """Find, count, name and judge the fusions of some molecules.

    Args:
        molecules: with distinct names and all their alignments, cut at the ends of their fragments.
        reference: the open bundle.
        settings: all thresholds.
    """
    doubtful = [each for each in molecules if not is_plain(each, reference, settings.recount)]
    annotated = propose_annotated(doubtful, reference, settings.discovery)
    evidence = _collect(molecules, doubtful, reference, settings)
    proposals = (*annotated, *evidence.proposals)
    candidates = group(proposals, reference)
    log.info("%d proposals of %d junctions", len(proposals), len(candidates))
    support = recount(doubtful, candidates, reference, settings.recount)
    support = _with_lone_pairs(doubtful, support, reference, settings)
    support, acceptors = _with_unfused(molecules, support, reference, settings)
    in_order = sorted(support, key=lambda each: each.junction.sort_key)
    fusions = [name_fusion(each, support[each], reference, settings.filters) for each in in_order]
    calls = tuple(judge(fusion, settings) for fusion in with_events(fusions))
    log.info("%d calls, %d candidates", sum(call.passed for call in calls), len(calls))
    sizes = insert_sizes(molecules, reference.targets)
    return Found(calls, len(proposals), evidence.normal_splices, acceptors, sizes)


def _collect(
    molecules: Iterable[Molecule],
    doubtful: Iterable[Molecule],
    reference: Reference,
    settings: Settings,
) -> Evidence:
    """What the alignments show, clipped ends included."""
    placer = ClipPlacer(reference, settings.evidence)
    placed = {each.name: placer.placed(each) for each in doubtful}
    pieced = [placed.get(each.name, each) for each in molecules]
    return collect(pieced, reference, settings.evidence)


def _with_lone_pairs(
    doubtful: Iterable[Molecule],
    support: Mapping[Candidate, Support],
    reference: Reference,
    settings: Settings,
) -> dict[Candidate, Support]:
    """Add the gene pairs that only spanning pairs show."""
    spanned = propose_spanned(doubtful, support, reference, settings.evidence)
    lone = group(spanned, reference)
    junctions = {each.junction for each in lone}
    names = {each.molecule for each in spanned}
    pairs = [each for each in doubtful if each.name in names]
    kept = {each: counts for each, counts in support.items() if each.junction not in junctions}
    counted = recount(pairs, lone, reference, settings.recount)
    enough = settings.evidence.min_lone_pairs  # copies of one pair are one pair
    return kept | {each: counts for each, counts in counted.items() if counts.total >= enough}


def _with_unfused(
    molecules: Iterable[Molecule],
    support: Mapping[Candidate, Support],
    reference: Reference,
    settings: Settings,
) -> tuple[dict[Candidate, Support], tuple[AcceptorDepth, ...]]:
    """Add the molecules that run over each acceptor without a fusion; and those of the targets'."""
    fused = {name for each in support.values() for name in each.names}
    limit = settings.status.limit_acceptors
    usual = (limit_acceptors(target, limit).values() for target in reference.targets)
    ends = {candidate.junction.acceptor for candidate in support}.union(*usual)
    unfused = over_acceptors(ends, reference, settings.recount)
    counts = count_unfused(molecules, unfused, fused, settings.recount)
    counted = {
        candidate: replace(each, unfused3_molecules=counts[candidate.junction.acceptor])
        for candidate, each in support.items()
    }
    return counted, tuple(acceptor_depths(reference.targets, counts, limit))


def unfused_donors(calls: Iterable[Call], reference: Reference, settings: Settings) -> Unfused:
    """The unfused sequences over the donors of the calls that pass."""
    ends = {junction_of(call.fusion).donor for call in calls if call.passed}
    return over_donors(ends, reference, settings.recount)


def with_unfused_donors(
    calls: Iterable[Call], unfused: Unfused, molecules: Iterable[Molecule], settings: Settings
) -> tuple[Call, ...]:
    """Add the molecules that run over the donor of each call without a fusion.

    Args:
        calls: of the sample.
        unfused: of `unfused_donors`.
        molecules: all that hold k-mers of it, cut at the ends of their fragments.
        settings: all thresholds.
    """
    calls = tuple(calls)
    fused = {name for call in calls for name in call.fusion.support.names}
    counts = count_unfused(molecules, unfused, fused, settings.recount)
    return tuple(
        replace(call, fusion=_with_donor_count(call, counts)) if call.passed else call
        for call in calls
    )


def _with_donor_count(call: Call, counts: Mapping[Breakend, int]) -> Fusion:
    donor = junction_of(call.fusion).donor
    support = replace(call.fusion.support, unfused5_molecules=counts[donor])
    return replace(call.fusion, support=support)
