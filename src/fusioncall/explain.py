"""Why a fusion was called or not: all that is known of a pair in a sample, as a page of text."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import comb

from fusioncall.look import Look, Near, by_junction
from fusioncall.model import Call, Molecule, SampleCalls
from fusioncall.question import Edge, Question, acceptor_edges
from fusioncall.reference import Reference
from fusioncall.results import filter_meaning
from fusioncall.settings import Settings
from fusioncall.tables import breakpoint_cell
from fusioncall.targets import Target
from fusioncall.unfused import count_unfused, over_acceptors

MAX_CANDIDATES = 5
"""How many candidates are told with every filter."""
MAX_READS = 10
"""How many reads are shown."""
PROBABILITY = 0.95
"""With which a share of fused molecules would have been seen."""
_SHOWN_BP = 40
_WIDTH = 96


@dataclass(frozen=True, slots=True)
class Depth:
    """An exon start of the target, and the molecules that run over it without a fusion."""

    edge: Edge
    molecules: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was read beside the calls.

    `look` is what the molecules show; `is_whole` tells whether they are all that the screen kept,
    or those of `evidence.bam` alone; `depths` are known with all of them only.
    """

    look: Look
    is_whole: bool
    depths: tuple[Depth, ...]


def depths(
    question: Question,
    molecules: Sequence[Molecule],
    made: SampleCalls,
    reference: Reference,
) -> tuple[Depth, ...]:
    """The unfused molecules over the exon starts of the target on the 3' side.

    Args:
        question: whose 3' side is looked at; nothing if it is no target.
        molecules: all that the screen kept, cut at the ends of their fragments.
        made: the calls, whose molecules are left out.
        reference: genome and genes.
    """
    target = _target(question, reference)
    if target is None:
        return ()
    gene = target.gene
    own = next(each for each in gene.transcripts if each.id == target.reference_transcript)
    edges = [
        edge
        for edge in acceptor_edges([gene], reference)
        if own.is_acceptor(edge.end.position) and target.is_before_domain(edge.end.position)
    ]
    fused = {name for call in made.calls for name in call.fusion.support.names}
    recount = made.settings.recount
    unfused = over_acceptors([edge.end for edge in edges], reference, recount)
    counts = count_unfused(molecules, unfused, fused, recount)
    return tuple(Depth(edge, counts[edge.end]) for edge in edges)


def seen_share(molecules: int, needed: int) -> float | None:
    """The smallest fused share of molecules of which enough are among so many with 95 %.

    By the binomial distribution, in steps of 1 in 1,000; None where not even all would be enough.

    >>> seen_share(100, 2), seen_share(1, 2)
    (0.047, None)
    """
    if molecules < needed:
        return None
    return next(
        share / 1000
        for share in range(1, 1001)
        if _probability(molecules, needed, share / 1000) >= PROBABILITY
    )


def _probability(molecules: int, needed: int, share: float) -> float:
    """Of at least so many fused ones among the molecules."""
    fewer = sum(
        comb(molecules, count) * share**count * (1 - share) ** (molecules - count)
        for count in range(needed)
    )
    return 1 - fewer


def explanation(
    question: Question,
    made: SampleCalls,
    answers: Iterable[Mapping[str, str]],
    evidence: Evidence,
    reference: Reference,
) -> Iterator[str]:
    """The page, line by line.

    Args:
        question: what is asked.
        made: the calls of the sample.
        answers: rows of its `verdicts.tsv`.
        evidence: what the reads show.
        reference: genome and genes.
    """
    own = [call for call in made.calls if question.is_asked(call.fusion)]
    yield f"{question.text} in sample {made.sample}"
    yield ""
    yield from _wrapped(_in_short(question, own, evidence, made.settings))
    yield ""
    yield "THE ANSWER AS IT WAS GIVEN"
    names = {target.name for target in _targets(question, reference)}
    for row in answers:
        if row["gene"] in names:
            yield from _wrapped(f"{row['gene']}: {row['status']}: {row['reason']}", "  ")
    yield from _candidate_lines(question, own, made)
    yield from _near_lines(question, evidence, made)
    yield from _depth_lines(question, evidence, made, reference)
    yield ""
    yield "WHAT THIS RESTS ON"
    yield from _wrapped(_ground(evidence, made), "  ")


def _in_short(
    question: Question, own: Sequence[Call], evidence: Evidence, settings: Settings
) -> str:
    passing = [call for call in own if call.passed]
    if passing:
        places = ", ".join(_place(call) for call in passing)
        return f"In short: it was called, at {places}."
    if own:
        best = max(own, key=lambda call: call.fusion.support.total)
        failed = [each for each in best.verdicts if not each.passed]
        told = ", ".join(f"{each.filter} {each.value} (limit {each.limit})" for each in failed)
        found = f"In short: a candidate was found and not called. It fails {told}."
        missed = [each for each in evidence.look.near if each.why_not]
        more = f" {len(missed)} molecules come near: {_reasons(missed)}." if missed else ""
        return found + more
    look = evidence.look
    nothing = "In short: it was not called, and there is no candidate."
    if look.near:
        return f"{nothing} {len(look.near)} molecules come near: {_reasons(look.near)}."
    if look.both:
        count = len(look.both)
        return (
            f"{nothing} No read runs over an annotated junction of the two, but {count} molecules"
            " hold exon sequence of both genes."
        )
    if not evidence.is_whole:
        return f"{nothing} Whether any read comes near is not known: give the reads of the sample."
    limits = settings.screen
    return (
        f"{nothing} None of the {look.molecules} molecules that touch a target shows a junction of"
        f" {question.text}, not even with four bases on a side. A molecule with fewer than"
        f" {limits.min_stretch_bp} target bases in a row, or {settings.reference.kmer_bp} at the"
        " end of a read, is not among them."
    )


def _reasons(near: Iterable[Near]) -> str:
    """Why molecules that come near do not count, each reason with their number."""
    counts = Counter(each.why_not for each in near)
    told = [f"{count}: {reason}" for reason, count in counts.items() if reason]
    if counts[""]:
        told.append(f"{counts['']}: fit, but were counted otherwise or not at all")
    return "; ".join(told)


def _place(call: Call) -> str:
    fusion = call.fusion
    counts = f"{fusion.support.split_molecules} split, {fusion.support.spanning_molecules} spanning"
    inserted = f" with {fusion.inserted} inserted" if fusion.inserted else ""
    return f"{breakpoint_cell(fusion.five)}>{breakpoint_cell(fusion.three)}{inserted} ({counts})"


def _candidate_lines(question: Question, own: Sequence[Call], made: SampleCalls) -> Iterator[str]:
    yield ""
    yield f"CANDIDATES ({len(own)})"
    ranked = sorted(own, key=lambda call: (not call.passed, -call.fusion.support.total))
    for call in ranked[:MAX_CANDIDATES]:
        fusion = call.fusion
        yield f"  {fusion.name} {_place(call)}"
        yield f"    class {fusion.fusion_class.value}, confidence {call.confidence.value}"
        for each in call.verdicts:
            word = "pass" if each.passed else "FAIL"
            value = f"{each.filter} {each.value}, limit {each.limit}"
            yield from _wrapped(f"{word} {value}: {filter_meaning(each.filter)}", "    ")
    for call in ranked[MAX_CANDIDATES:]:
        failed = ", ".join(each.filter for each in call.verdicts if not each.passed)
        yield f"  {_place(call)}: fails {failed or 'nothing'}"
    others = [
        (call, words)
        for call in made.calls
        if call not in own
        for words, applies in (
            ("another junction of the two", question.concerns(call.fusion)),
            ("the other way round", question.is_reversed_by(call.fusion)),
        )
        if applies
    ]
    for call, words in others:
        state = "called" if call.passed else "not called"
        yield f"  {words}, {state}: {call.fusion.name} {_place(call)}"
    if not own and not others:
        yield "  none, in either direction"


def _near_lines(question: Question, evidence: Evidence, made: SampleCalls) -> Iterator[str]:
    look = evidence.look
    pairs = len(question.donors) * len(question.acceptors)
    counted = {name: _place(call) for call in made.calls for name in call.fusion.support.names}
    yield ""
    yield f"READS THAT COME NEAREST ({len(look.near)} molecules)"
    yield from _wrapped(
        f"Looked for {pairs} junctions ({len(question.donors)} on the 5' side, "
        f"{len(question.acceptors)} on the 3' side) in {look.molecules} molecules.",
        "  ",
    )
    for (five, three), reads in by_junction(look.near).items():
        best = max(min(each.sides_bp) for each in reads)
        yield from _wrapped(f"{five} to {three}: {len(reads)} molecules, best {best} bases", "  ")
    for each in look.near[:MAX_READS]:
        before, after = each.sides_bp
        why = counted.get(each.molecule)
        state = f"counted for {why}" if why else f"not counted: {each.why_not or _EXPLAINED}"
        yield from _wrapped(
            f"{each.molecule}: {before} and {after} bases, {each.mismatches} mismatches; {state}",
            "  ",
        )
        yield f"    {_shown(each)}"
    if look.both:
        names = ", ".join(look.both[:MAX_READS])
        words = "molecules hold exon sequence of both genes without such a read"
        yield from _wrapped(f"{len(look.both)} {words}: {names}", "  ")
        used = sum(name in counted for name in look.both)
        yield f"  {used} of them are counted for a candidate"


_EXPLAINED = "the genome, or another junction, explains the molecule as well or better"


def _shown(near: Near) -> str:
    """The read with its junction marked, cut far from it."""
    left, right = near.marked.split("|")
    before = left if len(left) <= _SHOWN_BP else f"...{left[-_SHOWN_BP:]}"
    after = right if len(right) <= _SHOWN_BP else f"{right[:_SHOWN_BP]}..."
    return f"{before}|{after}"


def _depth_lines(
    question: Question, evidence: Evidence, made: SampleCalls, reference: Reference
) -> Iterator[str]:
    target = _target(question, reference)
    if target is None:
        return
    yield ""
    yield "WHAT THE DEPTH WOULD HAVE ALLOWED"
    needed = made.settings.filters.min_molecules
    if evidence.depths:
        yield from _wrapped(
            "Unfused molecules over the exon starts, and the smallest share of fused ones of which"
            f" {needed} would have been seen with 95 % (- if there are too few for any share):",
            "  ",
        )
        for depth in evidence.depths:
            share = seen_share(depth.molecules, needed)
            told = "-" if share is None else f"{share:.3f}"
            yield f"  {depth.molecules:6d}  {told:>5s}  {depth.edge.label}"
        yield from _wrapped(
            "The partner's promoter decides how much of a fusion is transcribed, so a fusion can"
            " be seen where the gene itself is not expressed, with every share.",
            "  ",
        )
        return
    exons = made.census.exon_depth.get(target.name, {})
    yield from _wrapped(
        "Unfused molecules over the exon starts are not known without the reads. Reads by exon,"
        " as the screen counted them: "
        + ", ".join(f"{exon} {depth:g}" for exon, depth in exons.items()),
        "  ",
    )


def _ground(evidence: Evidence, made: SampleCalls) -> str:
    whole = "an unknown number of" if made.census.fragments is None else made.census.fragments
    kept = f"{made.census.kept_molecules} of {whole} molecules touch a target"
    if evidence.is_whole:
        return f"calls.json, and the reads of the sample, screened again: {kept}."
    return (
        f"calls.json, and the {evidence.look.molecules} molecules of evidence.bam, which support"
        f" candidates; {kept}. The others were not looked at: give the reads of the sample."
    )


def _targets(question: Question, reference: Reference) -> list[Target]:
    ids = {gene.id for gene in (*question.five_genes, *question.three_genes)}
    return [target for target in reference.targets if target.gene.id in ids]


def _target(question: Question, reference: Reference) -> Target | None:
    """The target on the 3' side."""
    ids = {gene.id for gene in question.three_genes}
    return next((each for each in reference.targets if each.gene.id in ids), None)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
