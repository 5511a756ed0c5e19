"""Filters: each says of a fusion whether it passes, with its number and limit. None deletes.

Confidence, among fusions that pass every filter: *high* with both sides on annotated exon edges and
enough molecules (`confidence` in the settings) and no other partner that fits as well, *medium*
otherwise. A fusion that fails a filter is
*low*.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from fusioncall.fusions import is_spliced
from fusioncall.model import Call, Confidence, Fusion, FusionClass, Verdict
from fusioncall.settings import Settings

Filter = Callable[[Fusion, Settings], tuple[bool, str, str]]
"""Says of a fusion: whether it passes, its value, the limit."""


def judge(fusion: Fusion, settings: Settings) -> Call:
    """Ask every filter, then grade."""
    verdicts = tuple(Verdict(name, *rule(fusion, settings)) for name, rule in FILTERS.items())
    passed = all(verdict.passed for verdict in verdicts)
    return Call(fusion, verdicts, _confidence(fusion, settings) if passed else Confidence.LOW)


def judged_anew(call: Call, settings: Settings) -> Call:
    """Ask the panel of normals of a call that the other filters have judged."""
    verdict = Verdict("panel", *panel(call.fusion, settings))
    others = tuple(each for each in call.verdicts if each.filter != verdict.filter)
    confidence = call.confidence if verdict.passed else Confidence.LOW
    return Call(call.fusion, (*others, verdict), confidence)


def _confidence(fusion: Fusion, settings: Settings) -> Confidence:
    limits = settings.confidence
    enough = fusion.support.total >= limits.high_min_molecules
    enough_split = fusion.support.split_molecules >= limits.high_min_split
    is_high = is_spliced(fusion) and enough and enough_split and not fusion.rivals
    return Confidence.HIGH if is_high else Confidence.MEDIUM


def _at_least(value: int, limit: int) -> tuple[bool, str, str]:
    return value >= limit, str(value), f">={limit}"


def kinase_kept(fusion: Fusion, settings: Settings) -> tuple[bool, str, str]:  # noqa: ARG001 - a Filter
    """A partner's 5' end in sense, before a target acceptor that keeps the domain whole."""
    wanted = FusionClass.KINASE_FUSION
    found = fusion.fusion_class
    return found is wanted, found.value, f"={wanted.value}"


def molecules(fusion: Fusion, settings: Settings) -> tuple[bool, str, str]:
    """Enough molecules in all splice forms, more when a side is not an annotated exon edge."""
    limits = settings.filters
    limit = limits.min_molecules
    if not is_spliced(fusion):
        limit = max(limit, limits.min_molecules_off_splice_site)
    return _at_least(fusion.event_molecules, limit)


def split_molecules(fusion: Fusion, settings: Settings) -> tuple[bool, str, str]:
    """Reads across the junction; when a side is not an annotated exon edge, more.

    Reverse transcriptase that changes templates makes single reads with a random junction each. One
    split read is enough for spanning pairs that no other such junction of the two genes explains.
    """
    limits = settings.filters
    limit = limits.min_split_molecules
    if not is_spliced(fusion) and fusion.scattered_junctions > 0:
        limit = max(limit, limits.min_split_off_splice_site)
    return _at_least(fusion.support.split_molecules, limit)


def anchor(fusion: Fusion, settings: Settings) -> tuple[bool, str, str]:
    """A split read that reaches far enough into both sides, when one is not an exon edge."""
    limits = settings.filters
    limit = limits.min_anchor_bp
    if not is_spliced(fusion):
        limit = max(limit, limits.min_anchor_off_splice_site_bp)
    return _at_least(fusion.support.best_anchor_bp, limit)


def mapping_quality(fusion: Fusion, settings: Settings) -> tuple[bool, str, str]:
    """A split read whose two pieces have one place on the genome."""
    return _at_least(fusion.mapq_phred, settings.filters.min_mapq_phred)


def complexity(fusion: Fusion, settings: Settings) -> tuple[bool, str, str]:
    """No homopolymer or short repeat beside the junction."""
    return _at_least(fusion.triplets, settings.filters.min_triplets)


def partners(fusion: Fusion, settings: Settings) -> tuple[bool, str, str]:
    """One of few partners of its target, or one of the strongest of many."""
    limits = settings.filters
    passed = (
        fusion.partners <= limits.max_partners or fusion.partner_share >= limits.min_partner_share
    )
    return passed, str(fusion.partners), f"<={limits.max_partners}"


def homology(fusion: Fusion, settings: Settings) -> tuple[bool, str, str]:
    """No long homology off the exon edges: it is where a polymerase changes templates."""
    limit = settings.filters.max_homology_off_splice_site_bp
    passed = is_spliced(fusion) or fusion.shared_bp <= limit
    return passed, str(fusion.shared_bp), f"<={limit}"


def likeness(fusion: Fusion, settings: Settings) -> tuple[bool, str, str]:  # noqa: ARG001 - a Filter
    """Split reads that are like the two genes, and not like a paralogue of one."""
    return fusion.support.excess_edits == 0, str(fusion.support.excess_edits), "=0"


def misfits(fusion: Fusion, settings: Settings) -> tuple[bool, str, str]:
    """Not many reads that go on from the donor into something like the acceptor.

    None is free where no pair spans the junction and no split read holds twice as many bases of the
    acceptor as tell a misfit: the first bases of a paralogue can be the target's but for an edit,
    and the screen keeps few of its reads, so one misfit may stand for many.
    """
    support = fusion.support
    limits = settings.filters
    is_deep = support.acceptor_anchor_bp >= 2 * settings.recount.min_misfit_bp
    free = limits.free_misfits if is_deep or support.spanning_molecules else 0
    limit = max(free, int(support.split_molecules * limits.max_misfits_per_split))
    return support.misfit_molecules <= limit, str(support.misfit_molecules), f"<={limit}"


def panel(fusion: Fusion, settings: Settings) -> tuple[bool, str, str]:
    """Not a junction of many of the laboratory's own negatives, unless its genes are a known pair.

    Without a panel of normals nothing is asked.
    """
    normals, limits = fusion.normals, settings.filters
    if normals is None:
        return True, "no-panel", ""
    many = max(limits.min_panel_samples, math.ceil(limits.min_panel_share * normals.size))
    known = ",known-pair" if normals.is_known_pair else ""
    passed = normals.is_known_pair or normals.samples < many
    return passed, f"{normals.samples}/{normals.size}{known}", f"<{many}"


FILTERS: dict[str, Filter] = {
    "class": kinase_kept,
    "molecules": molecules,
    "split": split_molecules,
    "anchor_bp": anchor,
    "mapq_phred": mapping_quality,
    "triplets": complexity,
    "homology_bp": homology,
    "excess_edits": likeness,
    "misfits": misfits,
    "partners": partners,
    "panel": panel,
}
"""All filters by name, in the order of their columns."""
