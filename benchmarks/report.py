"""The results as one page of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.negatives import Negative, NegativeTally
from benchmarks.plan import FACTORS, GRID, SHAPES, SHORT_ANCHORS, SPLIT
from benchmarks.recall import Series, Tally
from benchmarks.star import StarResult

from fusioncall.evaluate import Proportion

_MAX_EXAMPLES = 12


@dataclass(frozen=True, slots=True)
class Heading:
    """What a run was made of."""

    commit: str
    settings_sha256: str
    scale: str
    donors: int
    genes: int
    acceptors: int


@dataclass(frozen=True, slots=True)
class Results:
    """All that was measured; `star` is None where STAR is not installed."""

    heading: Heading
    recall: tuple[tuple[Series, dict[int, Tally]], ...]
    negatives: tuple[tuple[Negative, NegativeTally], ...]
    star: StarResult | None


def render(results: Results) -> str:
    """The page."""
    return "\n".join([*_head(results), *_recall(results), *_negatives(results), *_star(results)])


def percent(proportion: Proportion) -> str:
    """Percent with Wilson's 95 % interval."""
    if not proportion.whole:
        return "."
    low, high = (100 * limit for limit in proportion.interval)
    value = 100 * proportion.part / proportion.whole
    return f"{value:.1f} ({low:.1f}-{high:.1f})"


def table_of(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of a table, and a blank one."""
    yield "| " + " | ".join(header) + " |"
    yield "|" + " --- |" * len(header)
    for row in rows:
        yield "| " + " | ".join(map(str, row)) + " |"
    yield ""


def _head(results: Results) -> Iterator[str]:
    heading = results.heading
    yield from (
        "# Accuracy benchmark",
        "",
        "Made by `make accuracy`; do not edit. It runs on the simulated genome of",
        "`fusioncall simulate`: true exon structures, invented sequence. What it says of sequence",
        "similarity holds for the paralogues, pseudogenes and repeats planted there, not for the",
        "human genome.",
        "",
        f"- commit: {heading.commit}",
        f"- SHA-256 of the settings: {heading.settings_sha256}",
        f"- scale: {heading.scale}",
        f"- annotated junctions, all in frame: {heading.donors} donor exons of {heading.genes}",
        f"  partner genes, {heading.acceptors} acceptor exons of NTRK1, NTRK2 and NTRK3",
        "",
    )


_NOTES = {
    GRID: (
        "Read length and number of molecules, annotated junctions",
        """Supporting molecules are random fragments over the junction with 10 bases or more on
each side, in one read (split) or in the two mates (spanning). Fragments are 250 +- 50 bases long
(300 +- 50 for 2x150), 0.1 % of the bases are wrong. Without a split molecule no breakpoint can be
known to the base.""",
    ),
    SPLIT: (
        "The same, with split molecules only",
        """Each molecule has a read across the junction, with 10 bases or more on each side.""",
    ),
    FACTORS: (
        "One factor at a time, and corners",
        """Random molecules on annotated junctions. Short fragments: 110 +- 25 bases, at least 50;
long ones: 400 +- 80. Wild type: 100 molecules of each of the two genes.""",
    ),
    SHAPES: (
        "Other junctions",
        """Random molecules. A junction off the exon edges needs one molecule more by the settings,
so 2 are not enough for it.""",
    ),
    SHORT_ANCHORS: (
        "Short anchors",
        """Only split molecules whose best read has so many bases on its shorter side.""",
    ),
}


def _recall(results: Results) -> Iterator[str]:
    yield from ("## Recall", "")
    yield "A junction counts when a passing call has both breakpoints exact to the base. *All* is"
    yield "the share of all junctions, *with split* of those that a read crosses; in percent, with"
    yield "Wilson's 95 % interval. *Seen* counts candidates at the exact place that do not pass:"
    yield "one molecule is reported and never called."
    yield ""
    for table, (title, note) in _NOTES.items():
        rows = [
            (
                series.name,
                size,
                tally.planted,
                percent(tally.recall),
                tally.with_split,
                percent(tally.recall_with_split),
                tally.seen,
                tally.elsewhere,
            )
            for series, tallies in results.recall
            if series.table == table
            for size, tally in tallies.items()
        ]
        if rows:
            yield from (f"### {title}", "", note, "")
            columns = ("library or junction", "molecules", "n", "all", "n with split")
            yield from table_of((*columns, "with split", "seen", "wrong place"), rows)
    lost = sum(tally.lost for _, tallies in results.recall for tally in tallies.values())
    yield f"Junctions that fewer of the same molecules were enough for, and more were not: {lost}."
    yield ""
    yield from _examples(_missed(results))


def _missed(results: Results) -> list[str]:
    """Some misses and wrong calls of the larger sizes, one or two of each series."""
    found = []
    for series, tallies in results.recall:
        size = max(tallies)
        found += [f"{series.name}, {size} molecules, {e}" for e in tallies[size].examples[:1]]
    return found


def _examples(texts: Sequence[str]) -> Iterator[str]:
    if texts:
        yield from ("Examples:", "")
        yield from (f"- {text}" for text in texts[:_MAX_EXAMPLES])
        yield ""


def _negatives(results: Results) -> Iterator[str]:
    yield from ("## Samples without a fusion", "")
    yield "2x101 with 0.1 % and 2x75 with 1 % errors, half each. A passing call is a false one; an"
    yield "INDETERMINATE answer, for one gene of one sample, is counted apart."
    yield ""
    columns = ("kind", "samples", "fragments", "kept", "candidates", "passing calls")
    rows = [
        (
            negative.name + (" *" if negative.has_true_calls else ""),
            tally.samples,
            tally.fragments,
            tally.kept,
            tally.candidates,
            tally.false_calls,
            percent(Proportion(tally.samples_with_call, tally.samples)),
            tally.indeterminate,
        )
        for negative, tally in results.negatives
    ]
    last = ("samples with a call, %", "INDETERMINATE")
    yield from table_of((*columns, *last), rows)
    yield "\\* These reads do show a fusion, another sample's; one sample alone cannot tell."
    yield ""
    yield from _examples(
        [
            text
            for negative, tally in results.negatives
            if not negative.has_true_calls
            for text in tally.examples[:2]
        ]
    )


def _star(results: Results) -> Iterator[str]:
    yield from ("## STAR and the BAM route, on the same reads", "")
    star = results.star
    if star is None:
        yield from ("STAR was not installed.", "")
        return
    rows = [
        ("same junctions and same molecule counts", star.samples, percent(star.same_counts)),
        ("same junctions", star.samples, percent(star.same_junctions)),
        ("exact, FASTQ and minimap2", star.samples, percent(star.exact_fastq)),
        ("exact, BAM of STAR", star.samples, percent(star.exact_star)),
    ]
    yield from table_of(("passing calls", "samples", "percent"), rows)
    yield from _examples(star.differences)
