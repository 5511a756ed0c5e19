"""Recall: which planted junctions are called, exact to the base, from how many molecules."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from benchmarks.common import (
    ANCHOR_BP,
    Bench,
    Fragment,
    Library,
    anchors,
    fragments_over,
    many_fragments,
    place_of,
    plain_template,
    seeded,
    sequenced,
)
from benchmarks.planted import Case

from fusioncall.evaluate import Proportion
from fusioncall.model import Call, Molecule

WILD_TYPE_MOLECULES = 100
"""Wild-type molecules of the target, and as many of the partner, where a series has any."""


@enum.unique
class Mix(enum.Enum):
    """Which molecules are taken over a junction."""

    RANDOM = "random"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Series:
    """Junctions sequenced in one way, from growing numbers of molecules.

    Args:
        table: that its rows belong to.
        name: of its rows.
        cases: the junctions.
        library: how they are sequenced.
        sizes: numbers of supporting molecules, rising; each holds the molecules of the one before.
        mix: random fragments over the junction, or those with a read across it.
        best_anchor_bp: lowest and highest anchor on the shorter side, if only such are taken.
        has_wild_type: whether wild-type molecules of both genes are added.
        bench: name of the world.
    """

    table: str
    name: str
    cases: tuple[Case, ...]
    library: Library
    sizes: tuple[int, ...]
    mix: Mix = Mix.RANDOM
    best_anchor_bp: tuple[int, int] | None = None
    has_wild_type: bool = False
    bench: str = "plain"


@dataclass(slots=True)
class Tally:
    """What became of the junctions of one cell.

    Args:
        planted: junctions.
        exact: passing calls at the place of the plant.
        seen: of the others, those with a candidate there that does not pass.
        with_split: junctions with a read across the junction among their molecules.
        exact_with_split: of those, the ones called exact.
        seen_with_split: of those, the ones called exact or reported.
        elsewhere: passing calls at any other place.
        lost: junctions that fewer of the same molecules were enough for.
        examples: descriptions of some misses and wrong calls.
    """

    planted: int = 0
    exact: int = 0
    seen: int = 0
    with_split: int = 0
    exact_with_split: int = 0
    seen_with_split: int = 0
    elsewhere: int = 0
    lost: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def recall(self) -> Proportion:
        """Of all junctions."""
        return Proportion(self.exact, self.planted)

    @property
    def recall_with_split(self) -> Proportion:
        """Of the junctions that a read crosses."""
        return Proportion(self.exact_with_split, self.with_split)

    def add(self, other: Tally) -> None:
        """Add the counts of another tally."""
        for name in Tally.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Shown:
    """A supporting molecule, and whether a read of it crosses the junction."""

    fragment: Fragment
    is_split: bool


def measure(bench: Bench, series: Series) -> dict[int, Tally]:
    """The tally of each number of molecules."""
    tallies = {size: Tally() for size in series.sizes}
    for case in series.cases:
        was_called = False
        shown, molecules = drawn_molecules(series, case)
        background = _wild_type(bench, series, case)
        for size in series.sizes:
            if size > len(shown):
                break
            calls = bench.calls([*molecules[:size], *background])
            has_split = any(each.is_split for each in shown[:size])
            was_called = _record(tallies[size], case, calls, was_called, has_split=has_split)
    return tallies


def _record(
    tally: Tally, case: Case, calls: Sequence[Call], was_called: bool, *, has_split: bool
) -> bool:
    """Count one junction; says whether it was called exact."""
    passing = {place_of(call) for call in calls if call.passed}
    is_exact = bool(passing & case.exact)
    is_seen = bool({place_of(call) for call in calls} & case.exact)
    wrong = len(passing - case.exact) + max(0, len(passing & case.exact) - 1)
    tally.planted += 1
    tally.exact += is_exact
    tally.seen += is_seen and not is_exact
    tally.with_split += has_split
    tally.exact_with_split += is_exact and has_split
    tally.seen_with_split += is_seen and has_split
    tally.elsewhere += wrong
    tally.lost += was_called and not is_exact
    if wrong or (has_split and not is_exact) or (was_called and not is_exact):
        tally.examples.append(f"{case.text}: {describe(calls) or 'nothing'}")
    return is_exact


def describe(calls: Iterable[Call]) -> str:
    """Candidates in short, with the filters that they fail."""
    words = []
    for call in calls:
        place, support = place_of(call), call.fusion.support
        failed = ",".join(f"{v.filter}={v.value}" for v in call.verdicts if not v.passed)
        insert = f" +{place.inserted}" if place.inserted else ""
        words.append(
            f"{call.fusion.name} {place.breakpoint5} {place.breakpoint3}{insert} "
            f"{support.split_molecules}+{support.spanning_molecules} {failed or 'passes'}"
        )
    return "; ".join(words)


def drawn_molecules(series: Series, case: Case) -> tuple[list[Shown], list[Molecule]]:
    """Supporting molecules of a junction in random order, as many as the largest size."""
    random = seeded(series.table, series.name, case.text)
    template, library = case.template, series.library
    reach = library.fragment_mean_bp + 5 * library.fragment_sd_bp
    first = max(0, template.five_end - reach)
    wanted = max(series.sizes)
    pool = fragments_over(
        template, library, 60 * wanted + 200, random, range(first, template.five_end)
    )
    shown = []
    for fragment in pool:
        held = anchors(template, fragment, library)
        if held is not None and _is_wanted(series, held):
            shown.append(Shown(fragment, held[1]))
    shown = shown[:wanted]
    return shown, [
        sequenced(f"m{number}", template, each.fragment, library, random)
        for number, each in enumerate(shown)
    ]


def _is_wanted(series: Series, held: tuple[tuple[int, int], bool]) -> bool:
    sides, is_split = held
    if series.best_anchor_bp is not None:
        low, high = series.best_anchor_bp
        return is_split and low <= min(sides) <= high
    return is_split or series.mix is Mix.RANDOM


def _wild_type(bench: Bench, series: Series, case: Case) -> list[Molecule]:
    if not series.has_wild_type:
        return []
    random = seeded("wild type", series.name, case.text)
    target = case.text.split("-")[-1].partition(":")[0]
    molecules = []
    for gene in (case.gene5, target):
        template = plain_template(bench.world.sequence(bench.world.transcript(gene)))
        drawn = many_fragments(template, series.library, WILD_TYPE_MOLECULES, random)
        molecules += [
            sequenced(f"{gene}{number}", template, fragment, series.library, random)
            for number, fragment in enumerate(drawn)
        ]
    return molecules


BASE = Library()
LAYOUTS = (
    Library(read_length_bp=50),
    BASE,
    Library(read_length_bp=101, fragment_min_bp=101),
    Library(read_length_bp=150, fragment_mean_bp=300, fragment_min_bp=150),
    Library(is_paired=False),
    Library(read_length_bp=101, is_paired=False, fragment_min_bp=101),
)
"""Read lengths, with fragments of about 250 bases (300 for 2x150)."""

ANCHOR_RANGES = ((ANCHOR_BP, 12), (13, 15), (16, 20), (21, 30))


def molecules_of(series: Series, case: Case) -> list[Molecule]:
    """The supporting molecules of a junction, as many as the largest size of the series."""
    return drawn_molecules(series, case)[1]


def with_short_fragments(library: Library) -> Library:
    """As of FFPE tissue: mates overlap, some fragments are shorter than a read."""
    return replace(library, fragment_mean_bp=110, fragment_sd_bp=25, fragment_min_bp=50)


def with_long_fragments(library: Library) -> Library:
    """As of fresh tissue."""
    return replace(library, fragment_mean_bp=400, fragment_sd_bp=80)
