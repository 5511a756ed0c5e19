"""Whether fusions at the stated detection limit are found as often as stated.

python -m benchmarks.limits    print the table

Each sample has a depth of its own, drawn by chance. Its limit is stated from its unfused molecules,
without a look at how they were made; then a fusion of just that fraction (or of that many
molecules per million fragments) of the *true* depth is added, and the sample is called anew.
"""

from __future__ import annotations

import argparse
import functools
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from benchmarks.common import (
    Bench,
    Fragment,
    Library,
    Random,
    Template,
    default_settings,
    place_of,
    plain_template,
    seeded,
    sequenced,
    share_text,
    table_lines,
)
from benchmarks.planted import Case, annotated_cases

from fusioncall.detection_limit import DetectionLimit
from fusioncall.evaluate import Proportion
from fusioncall.model import Census, Molecule
from fusioncall.world import World, build_world

FRAGMENTS = 1_000_000
"""Of each sample; only those near the junction are made."""

_ANCHOR_BP = 8  # of a split read, by definition of what is counted
_REACH_BP = 600  # longer than any fragment
_TRIALS = 20_000
_DONORS = 12  # of each acceptor, among which one far enough from the start is looked for


@dataclass(frozen=True, slots=True)
class LimitSeries:
    """Samples of one library and one mean depth over the acceptor, 0 for a gene not expressed.

    `of_limit` times the stated limit is planted.
    """

    library: Library
    mean_unfused: int
    samples: int
    of_limit: float = 1.0


@dataclass(frozen=True, slots=True)
class LimitTally:
    """How many fusions at the limit were called, and the median of the limits."""

    fraction: Proportion
    ffpm: Proportion
    median_fraction: float | None
    median_ffpm: float


LIBRARIES = (
    Library(read_length_bp=75),
    Library(read_length_bp=150, fragment_mean_bp=300, fragment_min_bp=150),
    Library(read_length_bp=75, is_paired=False),
)
DEPTHS = (0, 10, 100)


def limit_series(samples: int) -> tuple[LimitSeries, ...]:
    """All that is measured, with so many samples each."""
    return tuple(LimitSeries(each, depth, samples) for each in LIBRARIES for depth in DEPTHS)


def measure_limits(bench: Bench, series: LimitSeries) -> LimitTally:
    """Make the samples of a series, ask for their limits, plant fusions there, and call."""
    cases = _cases(bench)
    found_fraction, found_ffpm = [], []
    fractions, ffpms = [], []
    for number in range(series.samples):
        case = cases[number % len(cases)]
        random = seeded("limit", series.library.layout, series.mean_unfused, number)
        sample = _Sample(bench, case, series, random)
        limit = sample.limit
        own = next(each for each in limit.acceptors if each.exon == sample.exon)
        ffpms.append(limit.ffpm or 0.0)
        if own.fraction is not None:
            fractions.append(own.fraction)
            odds = own.fraction / (1 - own.fraction)
            mean = series.of_limit * odds * series.mean_unfused
            found_fraction.append(sample.is_found(mean, only_split=True))
        only_split = "only split" in limit.note
        mean = series.of_limit * (limit.ffpm or 0.0) * FRAGMENTS / 1e6
        found_ffpm.append(sample.is_found(mean, only_split=only_split))
    return LimitTally(
        Proportion(sum(found_fraction), len(found_fraction)),
        Proportion(sum(found_ffpm), len(found_ffpm)),
        _median(fractions),
        _median(ffpms) or 0.0,
    )


def _median(values: Sequence[float]) -> float | None:
    return sorted(values)[len(values) // 2] if values else None


@functools.cache
def _cases(bench: Bench) -> list[Case]:
    """Junctions before each acceptor of which a limit is stated, far from any transcript's end."""
    (answers, _) = bench.answers((), _census(Library()))
    stated = {(each.gene, acceptor.exon) for each in answers for acceptor in each.limit.acceptors}
    by_acceptor: dict[tuple[str, int], Case] = {}
    for case in annotated_cases(bench.world, _DONORS):
        if case.template.five_end >= _REACH_BP and _acceptor(case) in stated:
            by_acceptor.setdefault(_acceptor(case), case)
    return list(by_acceptor.values())


def _acceptor(case: Case) -> tuple[str, int]:
    gene, _, exon = case.text.split("-")[1].partition(":")
    return gene, int(exon)


def _census(library: Library) -> Census:
    return Census(
        source="fastq",
        fragments=FRAGMENTS,
        reads=FRAGMENTS * (2 if library.is_paired else 1),
        bases=FRAGMENTS * library.read_length_bp,
        min_read_bp=library.read_length_bp,
        max_read_bp=library.read_length_bp,
        median_read_bp=library.read_length_bp,
        kept_molecules=0,
        target_reads=dict.fromkeys(("NTRK1", "NTRK2", "NTRK3"), 0),
        control_reads={},
        inputs=(),
    )


class _Sample:
    """A sample without a fusion, to which one can be added.

    Args:
        bench: the world.
        case: the junction that may be added.
        series: library and depth.
        random: of this sample.
    """

    def __init__(self, bench: Bench, case: Case, series: LimitSeries, random: Random) -> None:
        self._bench, self._case, self._library, self._random = bench, case, series.library, random
        gene, self.exon = _acceptor(case)
        template, cut = _unfused(bench.world, gene, self.exon)
        mean = series.mean_unfused
        self._molecules = self._drawn("wild", template, cut, mean, only_split=True)
        answers, _ = bench.answers(bench.screened(self._molecules), _census(series.library))
        self.limit: DetectionLimit = next(each.limit for each in answers if each.gene == gene)

    def is_found(self, mean: float, *, only_split: bool) -> bool:
        """Whether the fusion is called when molecules of it are added.

        Args:
            mean: of the number of molecules that support it.
            only_split: whether split molecules alone make up the mean.
        """
        case = self._case
        cut = case.template.five_end
        added = self._drawn("fused", case.template, cut, mean, only_split=only_split)
        calls = self._bench.calls([*self._molecules, *added])
        return any(call.passed and place_of(call) in case.exact for call in calls)

    def _drawn(
        self, name: str, template: Template, cut: int, mean: float, *, only_split: bool
    ) -> list[Molecule]:
        """Random fragments around a place, so many that `mean` of them lie over it, on average."""
        starts = range(max(0, cut - _REACH_BP), min(cut, len(template.bases) - _REACH_BP))
        share = _share_over(self._library, cut, starts, only_split=only_split)
        count = int(self._random.poisson(mean / share))
        fragments = _fragments(self._library, count, starts, self._random)
        return [
            sequenced(f"{name}{number}", template, each, self._library, self._random)
            for number, each in enumerate(fragments)
        ]


def _unfused(world: World, gene: str, exon: int) -> tuple[Template, int]:
    """The first transcript of a gene, and the bases before an exon of it."""
    transcript = world.transcript(gene)
    before = sum(each.end - each.start for each in transcript.exons[: exon - 1])
    return plain_template(world.sequence(transcript)), before


def _fragments(library: Library, count: int, starts: range, random: Random) -> list[Fragment]:
    """Fragments that begin anywhere in `starts`, each by itself: copies may be among them."""
    sizes = random.normal(library.fragment_mean_bp, library.fragment_sd_bp, count)
    sizes = np.clip(np.rint(sizes), library.fragment_min_bp, _REACH_BP).astype(int)
    begins = random.integers(starts.start, starts.stop, count)
    flips = random.integers(0, 2, count).astype(bool)
    return [
        Fragment(begin, begin + size, flip)
        for begin, size, flip in zip(begins.tolist(), sizes.tolist(), flips.tolist(), strict=True)
    ]


@functools.cache
def _share_over(library: Library, cut: int, starts: range, *, only_split: bool) -> float:
    """Which share of the fragments that begin in `starts` lie over a place."""
    trials = _fragments(library, _TRIALS, starts, seeded("share", library.layout, cut))
    over = sum(_is_over(each, cut, library, only_split=only_split) for each in trials)
    return over / len(trials)


def _is_over(fragment: Fragment, cut: int, library: Library, *, only_split: bool) -> bool:
    """Whether a fragment lies over a place as a split molecule, or also as a spanning one."""
    sides = [(cut - start, end - cut) for start, end in fragment.spans(library)]
    if any(min(side) >= _ANCHOR_BP for side in sides):
        return True
    apart = sides[0][0] > sides[0][1] and sides[-1][1] > sides[-1][0]
    return not only_split and len(sides) == 2 and apart


COLUMNS = (
    *("library", "unfused molecules", "samples", "called at the fraction, %"),
    *("median fraction, %", "called at the FFPM, %", "median FFPM"),
)


def limit_rows(
    measured: Iterable[tuple[LimitSeries, LimitTally]],
) -> Iterator[tuple[str, ...]]:
    """The rows of a table with these columns."""
    for series, tally in measured:
        median = tally.median_fraction
        yield (
            series.library.layout,
            str(series.mean_unfused),
            str(series.samples),
            share_text(tally.fraction),
            "." if median is None else f"{100 * median:.2f}",
            share_text(tally.ffpm),
            f"{tally.median_ffpm:.2f}",
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=100, help="samples of each series")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(build_world(), Path(folder) / "plain", default_settings())
        measured = ((each, measure_limits(bench, each)) for each in limit_series(args.samples))
        for line in table_lines(COLUMNS, limit_rows(measured)):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
