"""The answer for each target gene: one of four words, and why."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fusioncall.adequacy import Adequacy, assess
from fusioncall.annotate import AnnotatedCall
from fusioncall.detection_limit import DetectionLimit, limit_of
from fusioncall.fusions import is_spliced
from fusioncall.meaning import Meaning
from fusioncall.model import Call, FusionClass, SampleCalls
from fusioncall.protein import Frame
from fusioncall.retained import Kept
from fusioncall.settings import Assay, Settings

_LOST = frozenset({Frame.OUT_OF_FRAME, Frame.STOP_BEFORE_KINASE})


@enum.unique
class Status(enum.Enum):
    """The four words of the design."""

    DETECTED = "DETECTED"
    INDETERMINATE = "INDETERMINATE"
    NOT_DETECTED = "NOT_DETECTED"
    NOT_ASSESSABLE = "NOT_ASSESSABLE"


@dataclass(frozen=True, slots=True)
class GeneStatus:
    """The answer for one target gene of one sample, and what a negative rests on.

    `calls` passed every filter; `candidates` are all.
    """

    gene: str
    status: Status
    reason: str
    calls: int
    candidates: int
    target_reads: int
    fragments: int | None
    adequacy: Adequacy
    limit: DetectionLimit


def answers(
    made: SampleCalls,
    annotated: Sequence[AnnotatedCall],
    known_shares: Mapping[str, float],
    assay: Assay,
    settings: Settings,
) -> tuple[GeneStatus, ...]:
    """The answers for all target genes of a sample.

    Args:
        made: what was seen in the sample.
        annotated: its calls.
        known_shares: for each target gene, the share of its coding bases that the reference knows.
        assay: how the library was made.
        settings: limits of adequacy and of the filters.
    """
    return tuple(
        decide(
            gene,
            annotated,
            assess(made, known_share, assay, settings),
            limit_of(gene, made, assay, settings),
            settings,
        )
        for gene, known_share in known_shares.items()
    )


def decide(
    gene: str,
    annotated: Iterable[AnnotatedCall],
    adequacy: Adequacy,
    limit: DetectionLimit,
    settings: Settings,
) -> GeneStatus:
    """The answer for one target gene.

    Args:
        gene: the target's symbol.
        annotated: calls of the sample, all genes, passing or not.
        adequacy: of the sample for this gene.
        limit: what the sample would have shown of this gene.
        settings: limits of the filters.
    """
    own = [each for each in annotated if each.call.fusion.target == gene]
    passing = [each for each in own if each.call.passed]
    doubts = [(each.call, doubt_of(each, settings)) for each in own]
    sure = [call for call, doubt in doubts if call.passed and not doubt]
    doubtful = [(call, doubt) for call, doubt in doubts if doubt]
    if sure:
        beside = [(call, doubt) for call, doubt in doubtful if call.passed]
        status = Status.DETECTED
        reason = "; ".join([*map(_describe, sure), *_told(beside)])
    elif doubtful:
        status, reason = Status.INDETERMINATE, "; ".join(_told(doubtful))
    elif adequacy.lacking:
        status, reason = Status.NOT_ASSESSABLE, f"{adequacy.lacking}{_assay_note(adequacy)}"
    else:
        status = Status.NOT_DETECTED
        reason = f"{_nothing(gene, own, adequacy)}; {limit.words}{_assay_note(adequacy)}"
    return GeneStatus(
        gene=gene,
        status=status,
        reason=reason,
        calls=len(passing),
        candidates=len(own),
        target_reads=adequacy.target_reads.get(gene, 0),
        fragments=adequacy.fragments,
        adequacy=adequacy,
        limit=limit,
    )


def doubt_of(annotated: AnnotatedCall, settings: Settings) -> str:
    """Why a person must look at a call or candidate; empty if it speaks for itself.

    A call is in doubt when its frame is lost. Of what failed a filter, one molecule of an
    exon-to-exon kinase fusion is enough; of anything else, but a rearrangement within the gene or
    what the panel of normals knows, it takes as many as a call needs.
    """
    call = annotated.call
    if call.passed:
        return frame_loss(annotated.meaning)
    return _failure(call) if _is_doubtful(call, settings) else ""


def frame_loss(meaning: Meaning) -> str:
    """That the kinase is not read in frame, whichever transcripts are joined; empty otherwise.

    Asked are the pairs whose 5' transcript codes for a protein and whose 3' one has the whole
    domain: the others have no frame to lose. One pair that keeps the frame, or of which it is not
    known, is enough to leave the call as it is, and so is one that keeps no start codon of the
    partner.
    """
    asked = [
        each
        for each in meaning.pairs
        if each.pair.five.transcript.cds is not None and each.domain.kept is Kept.WHOLE
    ]
    if not asked or any(each.protein.frame not in _LOST for each in asked):
        return ""
    told = ", ".join(sorted({each.protein.frame.value for each in asked}))
    return f"frame lost: {told} in each of {len(asked)} coding transcript pairs"


def _is_doubtful(call: Call, settings: Settings) -> bool:
    fusion = call.fusion
    if fusion.fusion_class is FusionClass.SAME_GENE or _is_normal(call):
        return False
    is_kinase = fusion.fusion_class is FusionClass.KINASE_FUSION
    enough = 1 if is_kinase and is_spliced(fusion) else settings.filters.min_molecules
    return fusion.support.total >= enough


def _is_normal(call: Call) -> bool:
    """Whether the panel of normals explains a candidate, and not only resembles it."""
    normals = call.fusion.normals
    failed = any(each.filter == "panel" and not each.passed for each in call.verdicts)
    return failed and normals is not None and not normals.is_stronger


def _nothing(gene: str, own: list[AnnotatedCall], adequacy: Adequacy) -> str:
    if own:
        return f"no candidate of weight ({len(own)} rejected) in {adequacy.fragments} fragments"
    return f"no molecule joins a partner to {gene} among {adequacy.fragments} fragments"


def _assay_note(adequacy: Adequacy) -> str:
    if not adequacy.assay.is_partner_dependent:
        return ""
    return "; partner-dependent assay: only partners that its primers allow can be seen"


def _told(doubtful: Iterable[tuple[Call, str]]) -> list[str]:
    return [f"{call.fusion.name}, {doubt}" for call, doubt in doubtful]


def _describe(call: Call) -> str:
    support = call.fusion.support
    counts = f"{support.split_molecules} split and {support.spanning_molecules} spanning molecules"
    return f"{call.fusion.name}, {counts}, {call.confidence.value} confidence"


def _failure(call: Call) -> str:
    """What a candidate is, and the filters that it failed."""
    failed = (each for each in call.verdicts if not each.passed)
    reasons = ", ".join(f"{each.filter} {each.value} (limit {each.limit})" for each in failed)
    words = _kind(call)
    return f"{words}: {reasons}" if words else reasons


_CLASSES = {
    FusionClass.PARTIAL_KINASE: "kinase domain cut",
    FusionClass.RECIPROCAL: "reciprocal only",
}


def _kind(call: Call) -> str:
    """What makes a candidate doubtful, as far as there is a word for it."""
    fusion = call.fusion
    if fusion.fusion_class in _CLASSES:
        return _CLASSES[fusion.fusion_class]
    if fusion.support.total == 1:
        return "one molecule only"
    return "" if fusion.support.split_molecules else "spanning pairs only"
