"""What is known of a tumour type and of treatments: rows of two tables, with source and date.

`prevalence.tsv` tells how often tumours of a type have an NTRK fusion, `therapies.tsv` what was
known of TRK inhibitors at a date. Nothing of it stands in code, and nothing of it decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fusioncall.catalogue import SEPARATOR, read_table

PREVALENCE_COLUMNS = ("tumour_type", "words", "percent", "population", "source")
THERAPY_COLUMNS = ("topic", "about", "statement", "source", "as_of")
PREVALENCE = "prevalence"
"""Topic of a row of `prevalence.tsv`."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement with its source; `as_of` is the month of the knowledge, or empty.

    `about` is a tumour type, or a drug and a country; `population` tells what was counted.
    """

    topic: str
    about: str
    statement: str
    population: str
    source: str
    as_of: str


def tumour_facts(path: Path, tumour_type: str) -> Iterator[Fact]:
    """The rows of `prevalence.tsv` on a tumour type, then those on all tumours.

    A row is on the tumour type if one of its words occurs in it, whatever the case.

    Raises:
        SettingsError: the table cannot be read or lacks a column.
    """
    given = tumour_type.casefold()
    special, general = [], []
    for row in _rows(path, PREVALENCE_COLUMNS):
        words = [word for word in row["words"].casefold().split(SEPARATOR) if word]
        share = f"{row['percent']} % of tumours have an NTRK fusion"
        fact = Fact(PREVALENCE, row["tumour_type"], share, row["population"], row["source"], "")
        if not words:
            general.append(fact)
        elif any(word in given for word in words):
            special.append(fact)
    yield from special
    yield from general


def therapy_facts(path: Path) -> Iterator[Fact]:
    """The rows of `therapies.tsv`.

    Raises:
        SettingsError: the table cannot be read or lacks a column.
    """
    for row in _rows(path, THERAPY_COLUMNS):
        yield Fact(row["topic"], row["about"], row["statement"], "", row["source"], row["as_of"])


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    for row in read_table(path, columns).rows:
        yield {name: row[name] or "" for name in columns}
