"""Compare calls with the truth: what was found, at which distance, and what was called wrongly.

Only planted fusions of class `kinase-fusion` are expected among the calls. A call belongs to an
expected fusion of the same sample if the genes agree in order:

    exact              both breakpoints agree to the base
    other-breakpoint   the same genes, contigs and strands, at another place
    missed             no call belongs to the expected fusion
    false              the call belongs to no expected fusion (that no other call has taken)

Exact matches are made first, then the nearest of the others; each call and each expected fusion is
used once. Contigs compare without a leading `chr`.
"""

from __future__ import annotations

import csv
import enum
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusioncall.coords import parse_breakpoint
from fusioncall.errors import InputError
from fusioncall.plants import KINASE_FUSION

_NORMAL_QUANTILE = 1.959963984540054
"""Of a two-sided interval of 95 %."""

_SHARED_COLUMNS = (
    "sample",
    "fusion",
    "gene5",
    "gene3",
    "breakpoint5",
    "breakpoint3",
    "split_molecules",
    "spanning_molecules",
    "class",
)


@enum.unique
class Outcome(enum.Enum):
    """What became of an expected fusion or of a call."""

    EXACT = "exact"
    OTHER_BREAKPOINT = "other-breakpoint"
    MISSED = "missed"
    FALSE = "false"


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """One row of a truth table or of a table of calls.

    Args:
        breakpoint5: last base kept of the 5' gene, as written.
        breakpoint3: first base kept of the 3' gene, as written.
        fusion_class: the column `class`.
    """

    sample: str
    fusion: str
    gene5: str
    gene3: str
    breakpoint5: str
    breakpoint3: str
    split_molecules: int
    spanning_molecules: int
    fusion_class: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """An expected fusion and the call that belongs to it; one of them is None if there is none."""

    outcome: Outcome
    truth: Event | None
    call: Event | None

    @property
    def event(self) -> Event:
        """The expected fusion, or else the call."""
        event = self.truth or self.call
        if event is None:
            message = "a comparison has an expected fusion or a call"
            raise ValueError(message)
        return event

    @property
    def distances_bp(self) -> tuple[int, int] | None:
        """How far the 5' and the 3' breakpoint lie from the truth."""
        if self.truth is None or self.call is None:
            return None
        return _distances_bp(self.truth, self.call)


@dataclass(frozen=True, slots=True)
class Proportion:
    """Part of a whole, with its 95 % interval after Wilson.

    >>> Proportion(9, 10).text
    '9/10 = 0.900 (95 % interval 0.596 to 0.982)'
    >>> Proportion(0, 0).text
    '0/0 = not defined'
    """

    part: int
    whole: int

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper limit; 0 to 1 when there is nothing to count."""
        if self.whole == 0:
            return 0.0, 1.0
        value, square = self.part / self.whole, _NORMAL_QUANTILE**2
        middle = value + square / (2 * self.whole)
        spread = _NORMAL_QUANTILE * math.sqrt(
            value * (1 - value) / self.whole + square / (4 * self.whole**2)
        )
        scale = 1 + square / self.whole
        return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)

    @property
    def text(self) -> str:
        """Counts, value and interval."""
        if self.whole == 0:
            return f"{self.part}/{self.whole} = not defined"
        low, high = self.interval
        value = self.part / self.whole
        return f"{self.part}/{self.whole} = {value:.3f} (95 % interval {low:.3f} to {high:.3f})"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All comparisons: expected fusions first, then false calls, each sorted."""

    comparisons: tuple[Comparison, ...]

    def count(self, *outcomes: Outcome) -> int:
        """How many comparisons have one of the outcomes."""
        return sum(one.outcome in outcomes for one in self.comparisons)

    @property
    def recall(self) -> Proportion:
        """Expected fusions that were called, at whichever breakpoint."""
        found = self.count(Outcome.EXACT, Outcome.OTHER_BREAKPOINT)
        return Proportion(found, found + self.count(Outcome.MISSED))

    @property
    def exact_recall(self) -> Proportion:
        """Expected fusions that were called exact to the base."""
        return Proportion(self.count(Outcome.EXACT), self.recall.whole)

    @property
    def precision(self) -> Proportion:
        """Calls that belong to an expected fusion."""
        found = self.recall.part
        return Proportion(found, found + self.count(Outcome.FALSE))


def evaluate(truth: Iterable[Event], calls: Iterable[Event]) -> Evaluation:
    """Compare calls with the truth.

    Args:
        truth: everything that was planted, of any class.
        calls: every call of every sample, also of samples in which nothing was planted.
    """
    expected = sorted(event for event in truth if event.fusion_class == KINASE_FUSION)
    called = sorted(calls)
    pairs = sorted(
        (sum(distances), row, column)
        for row, event in enumerate(expected)
        for column, call in enumerate(called)
        if (distances := _distances_bp(event, call)) is not None
    )
    call_of: dict[int, int] = {}
    for _, row, column in pairs:
        if row not in call_of and column not in call_of.values():
            call_of[row] = column
    found = [
        _compared(event, called[call_of[row]]) if row in call_of else _missed(event)
        for row, event in enumerate(expected)
    ]
    taken = set(call_of.values())
    wrong = [
        Comparison(Outcome.FALSE, None, call)
        for column, call in enumerate(called)
        if column not in taken
    ]
    return Evaluation((*found, *wrong))


def _compared(event: Event, call: Event) -> Comparison:
    is_exact = _distances_bp(event, call) == (0, 0)
    return Comparison(Outcome.EXACT if is_exact else Outcome.OTHER_BREAKPOINT, event, call)


def _missed(event: Event) -> Comparison:
    return Comparison(Outcome.MISSED, event, None)


def _distances_bp(event: Event, call: Event) -> tuple[int, int] | None:
    """Distance of both breakpoints, or None if the two cannot be the same fusion."""
    if (event.sample, event.gene5, event.gene3) != (call.sample, call.gene5, call.gene3):
        return None
    distances = []
    for one, other in (
        (event.breakpoint5, call.breakpoint5),
        (event.breakpoint3, call.breakpoint3),
    ):
        contig1, position1, strand1 = parse_breakpoint(one)
        contig2, position2, strand2 = parse_breakpoint(other)
        if strand1 is not strand2 or contig1.removeprefix("chr") != contig2.removeprefix("chr"):
            return None
        distances.append(abs(position1 - position2))
    return distances[0], distances[1]


def read_events(path: Path) -> tuple[Event, ...]:
    """Read a truth table or a table of calls; lines that start with '#' are comments.

    Raises:
        InputError: the file cannot be read, lacks a column, or a row cannot be understood.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot be read: {error}", where=path, cure="Check the path and its permissions"
        ) from error
    numbered = [(n, x) for n, x in enumerate(lines, start=1) if x and not x.startswith("#")]
    rows = csv.DictReader((text for _, text in numbered), delimiter="\t", quoting=csv.QUOTE_NONE)
    missing = [name for name in _SHARED_COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise InputError(
            f"lacks the columns {', '.join(missing)}",
            where=path,
            cure="Give a truth.tsv of `fusioncall simulate` or a fusions.tsv of `fusioncall run`",
        )
    numbers = (number for number, _ in numbered[1:])
    return tuple(_event(row, f"{path}, line {n}") for n, row in zip(numbers, rows, strict=True))


def _event(row: Mapping[str, str | None], where: str) -> Event:
    try:
        text = {name: row[name] or "" for name in _SHARED_COLUMNS}
        parse_breakpoint(text["breakpoint5"])
        parse_breakpoint(text["breakpoint3"])
        return Event(
            sample=text["sample"],
            fusion=text["fusion"],
            gene5=text["gene5"],
            gene3=text["gene3"],
            breakpoint5=text["breakpoint5"],
            breakpoint3=text["breakpoint3"],
            split_molecules=int(text["split_molecules"]),
            spanning_molecules=int(text["spanning_molecules"]),
            fusion_class=text["class"],
        )
    except ValueError as error:
        raise InputError(
            f"the row cannot be understood: {error}", where=where, cure="Correct the row"
        ) from error


TABLE_COLUMNS = (
    "sample",
    "fusion",
    "outcome",
    "truth_breakpoint5",
    "truth_breakpoint3",
    "called_breakpoint5",
    "called_breakpoint3",
    "distance5_bp",
    "distance3_bp",
    "truth_split_molecules",
    "truth_spanning_molecules",
    "called_split_molecules",
    "called_spanning_molecules",
)
"""Columns of the table of comparisons; `.` where there is no truth or no call."""


def table_rows(evaluation: Evaluation) -> Iterator[tuple[str, ...]]:
    """The comparisons as text, one row each."""
    for one in evaluation.comparisons:
        truth, called = _cells(one.truth), _cells(one.call)
        distances = one.distances_bp
        far = (".", ".") if distances is None else (str(distances[0]), str(distances[1]))
        head = (one.event.sample, one.event.fusion, one.outcome.value)
        yield (*head, *truth[:2], *called[:2], *far, *truth[2:], *called[2:])


def _cells(event: Event | None) -> Sequence[str]:
    if event is None:
        return (".", ".", ".", ".")
    counts = (str(event.split_molecules), str(event.spanning_molecules))
    return (event.breakpoint5, event.breakpoint3, *counts)


def summary_rows(evaluation: Evaluation) -> tuple[tuple[str, str], ...]:
    """Name and value of each summary figure."""
    return (
        ("recall", evaluation.recall.text),
        ("recall, exact breakpoints", evaluation.exact_recall.text),
        ("precision", evaluation.precision.text),
    )
