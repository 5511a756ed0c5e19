"""The story: from the alignments of kept molecules to judged fusions."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from fusioncall.annotated import propose_annotated
from fusioncall.evidence import collect, is_plain
from fusioncall.filters import judge
from fusioncall.fusions import name_fusion, with_events
from fusioncall.junctions import group
from fusioncall.model import Call, Molecule
from fusioncall.recount import recount
from fusioncall.reference import Reference
from fusioncall.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """The calls of a sample in the order of their junctions, and counts of the way there."""

    calls: tuple[Call, ...]
    proposals: int
    normal_splices: int


def call_molecules(
    molecules: Sequence[Molecule], reference: Reference, settings: Settings
) -> Found:
    """Find, count, name and judge the fusions of some molecules.

    Args:
        molecules: with distinct names and all their alignments.
        reference: the open bundle.
        settings: all thresholds.
    """
    doubtful = [each for each in molecules if not is_plain(each, reference, settings.recount)]
    annotated = propose_annotated(doubtful, reference, settings.discovery)
    evidence = collect(molecules, reference, settings.evidence)
    proposals = (*annotated, *evidence.proposals)
    candidates = group(proposals, reference)
    log.info("%d proposals of %d junctions", len(proposals), len(candidates))
    support = recount(molecules, candidates, reference, settings.recount)
    fusions = [name_fusion(each, support[each], reference, settings.filters) for each in candidates]
    calls = tuple(judge(fusion, settings) for fusion in with_events(fusions))
    log.info("%d calls, %d candidates", sum(call.passed for call in calls), len(calls))
    return Found(calls, len(proposals), evidence.normal_splices)
