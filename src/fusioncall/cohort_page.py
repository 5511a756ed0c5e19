"""`cohort.html`: the answers of many samples on one page, which can be sorted and searched.

The page loads nothing. Its own script sorts and filters rows that are there without it; a content
security policy lets this script pass, and no other. The same results give the same bytes.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fusioncall import __version__
from fusioncall.cohort import Cohort, CohortSample
from fusioncall.files import whole_file
from fusioncall.page import SIGNS, render_page
from fusioncall.status import Status
from fusioncall.tables import UNKNOWN

_ORDER = (
    Status.DETECTED,
    Status.INDETERMINATE,
    Status.NOT_ASSESSABLE,
    Status.NOT_DETECTED,
)
"""By which a column of answers is sorted: what wants a look comes first."""

_TELLING = frozenset((Status.INDETERMINATE.value, Status.NOT_ASSESSABLE.value))


@dataclass(frozen=True, slots=True)
class Cell:
    """An answer in the grid."""

    status: str
    sign: str
    words: str
    order: int


@dataclass(frozen=True, slots=True)
class GridRow:
    """A sample in the grid."""

    sample: CohortSample
    cells: tuple[Cell, ...]
    fusions: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GeneCount:
    """How many samples have each answer for a gene, in the order of the columns."""

    gene: str
    counts: tuple[int, ...]


def write_page(path: Path, cohort: Cohort, results: Path) -> None:
    """Write the page of a cohort.

    Args:
        path: where to.
        cohort: the samples.
        results: folder that holds the folder of each sample, with its report.
    """
    samples = cohort.samples
    page = render_page(
        "cohort.html.jinja",
        styles=("cohort.css",),
        script="cohort.js",
        version=__version__,
        genes=cohort.genes,
        columns=[_cell(each.value) for each in _ORDER],
        counts=list(_counts(cohort)),
        rows=[_grid_row(each) for each in samples],
        failed=[each for each in samples if each.is_failed],
        suspected=[row for each in samples for row in each.carry_over if row.suspected == "yes"],
        not_compared=sum(each.qc.compared_samples == "0" for each in samples),
        twins=_twins(samples),
        made_with=_made_with(samples),
        folder=os.path.relpath(results, path.parent),
        unknown=UNKNOWN,
    )
    with whole_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _cell(status: str) -> Cell:
    known = Status(status)
    return Cell(status, SIGNS[known], status.replace("_", " "), _ORDER.index(known))


def _grid_row(sample: CohortSample) -> GridRow:
    told = (row["reason"] for row in sample.verdicts if row["status"] in _TELLING)
    return GridRow(
        sample=sample,
        cells=tuple(_cell(row["status"]) for row in sample.verdicts),
        fusions=tuple(dict.fromkeys(row["fusion"] for row in sample.fusions)),
        reasons=tuple(dict.fromkeys(told)),
    )


def _counts(cohort: Cohort) -> Iterator[GeneCount]:
    for place, gene in enumerate(cohort.genes):
        found = Counter(each.verdicts[place]["status"] for each in cohort.samples)
        yield GeneCount(gene, tuple(found[each.value] for each in _ORDER))


def _twins(samples: Iterable[CohortSample]) -> tuple[tuple[str, ...], ...]:
    """The groups of samples that share a file of reads, each once."""
    groups = (
        tuple(sorted((each.name, *each.qc.same_reads_as.split(","))))
        for each in samples
        if each.qc.same_reads_as != UNKNOWN
    )
    return tuple(dict.fromkeys(groups))


def _made_with(samples: tuple[CohortSample, ...]) -> list[tuple[int, tuple[str, ...]]]:
    """How many samples were made with which version, reference and settings, most first."""
    found = Counter(
        (qc.fusioncall, qc.reference, qc.reference_sha256, qc.settings_sha256)
        for qc in (each.qc for each in samples)
        if qc.fusioncall != UNKNOWN
    )
    return sorted(((count, key) for key, count in found.items()), key=lambda e: (-e[0], e[1]))
