"""The answer for each target gene: one of four words, and why."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from fusioncall.fusions import is_spliced
from fusioncall.model import Call, Census, FusionClass
from fusioncall.settings import Settings


@enum.unique
class Status(enum.Enum):
    """The four words of the design."""

    DETECTED = "DETECTED"
    INDETERMINATE = "INDETERMINATE"
    NOT_DETECTED = "NOT_DETECTED"
    NOT_ASSESSABLE = "NOT_ASSESSABLE"


@dataclass(frozen=True, slots=True)
class GeneStatus:
    """The answer for one target gene of one sample."""

    gene: str
    status: Status
    reason: str
    calls: int
    candidates: int
    target_reads: int
    fragments: int | None


def decide(
    gene: str, known_share: float, calls: Iterable[Call], census: Census, settings: Settings
) -> GeneStatus:
    """The answer for one target gene.

    Args:
        gene: the target's symbol.
        known_share: share of the target's coding bases that the reference knows, 0 to 1.
        calls: of the sample, all genes, passing or not.
        census: what was seen in the sample.
        settings: limits of adequacy and filters.
    """
    own = [call for call in calls if call.fusion.target == gene]
    passing = [call for call in own if call.passed]
    doubtful = [call for call in own if not call.passed and _is_doubtful(call, settings)]
    lacking = _lacking(known_share, census, settings)
    if passing:
        status, reason = Status.DETECTED, "; ".join(map(_describe, passing))
    elif doubtful:
        status, reason = Status.INDETERMINATE, "; ".join(map(_describe_failure, doubtful))
    elif lacking:
        status, reason = Status.NOT_ASSESSABLE, lacking
    else:
        status = Status.NOT_DETECTED
        reason = f"no molecule joins a partner to {gene} among {census.fragments} fragments"
        if own:
            reason = f"no candidate of weight ({len(own)} rejected) in {census.fragments} fragments"
    return GeneStatus(
        gene=gene,
        status=status,
        reason=reason,
        calls=len(passing),
        candidates=len(own),
        target_reads=census.target_reads.get(gene, 0),
        fragments=census.fragments,
    )


def _is_doubtful(call: Call, settings: Settings) -> bool:
    """Whether a person must look.

    One molecule of an exon-to-exon kinase fusion is enough; of anything else, but a rearrangement
    within the gene, it takes as many as a call needs.
    """
    fusion = call.fusion
    if fusion.fusion_class is FusionClass.SAME_GENE:
        return False
    is_kinase = fusion.fusion_class is FusionClass.KINASE_FUSION
    enough = 1 if is_kinase and is_spliced(fusion) else settings.filters.min_molecules
    return fusion.support.total >= enough


def _lacking(known_share: float, census: Census, settings: Settings) -> str:
    """Why a negative would mean nothing; empty if it means something."""
    if census.failure:
        return f"failed: {census.failure}"
    limits = settings.status
    if known_share < limits.min_known_share:
        share = f"{known_share:.0%} of the gene's coding bases, {limits.min_known_share:.0%}"
        return f"the reference knows {share} are needed"
    if census.fragments is None:
        return "the number of fragments is unknown, as only parts of the BAM were read"
    if census.fragments < limits.min_fragments:
        return f"{census.fragments} fragments, at least {limits.min_fragments} are needed"
    kept = sum(census.target_reads.values())
    if kept < limits.min_target_reads:
        return f"{kept} reads touch a target gene, at least {limits.min_target_reads} are needed"
    return ""


def _describe(call: Call) -> str:
    support = call.fusion.support
    counts = f"{support.split_molecules} split and {support.spanning_molecules} spanning molecules"
    return f"{call.fusion.name}, {counts}, {call.confidence.value} confidence"


def _describe_failure(call: Call) -> str:
    failed = (each for each in call.verdicts if not each.passed)
    reasons = ", ".join(f"{each.filter} {each.value} (limit {each.limit})" for each in failed)
    return f"{call.fusion.name}: {reasons}"
