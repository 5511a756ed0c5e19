"""The catalogue of known partners, and what it says of a pair."""

from __future__ import annotations

import csv
import enum
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fusioncall.errors import SettingsError

COLUMNS = ("partner", "target", "tumour_types", "references", "source")


@enum.unique
class Knowledge(enum.Enum):
    """How much of a pair the catalogue knows."""

    PAIR = "known-pair"
    PARTNER = "partner-of-other-target"
    TARGET = "target-only"


@dataclass(frozen=True, slots=True)
class KnownPair:
    """One row of `known_partners.tsv`."""

    partner: str
    target: str
    tumour_types: str
    references: str
    source: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Known pairs of 5' partner and target."""

    pairs: tuple[KnownPair, ...]

    def find(self, partner: str, target: str) -> tuple[Knowledge, KnownPair | None]:
        """What is known of a partner before a target; a pair that is not listed is no less true."""
        for pair in self.pairs:
            if (pair.partner, pair.target) == (partner, target):
                return Knowledge.PAIR, pair
        if any(pair.partner == partner for pair in self.pairs):
            return Knowledge.PARTNER, None
        return Knowledge.TARGET, None


def read_catalogue(path: Path) -> Catalogue:
    """Read a catalogue: tab-separated, `#` comments, the columns of `COLUMNS`.

    Raises:
        SettingsError: the file cannot be read, lacks a column or lists a pair twice.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise SettingsError(what, where=path, cure="Check the path") from error
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 text: {error}"
        raise SettingsError(what, where=path, cure="Save the table as UTF-8") from error
    rows = [line for line in lines if line.strip() and not line.startswith("#")]
    reader = csv.DictReader(rows, delimiter="\t")
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        what = f"lacks the column {missing[0]}"
        raise SettingsError(what, where=path, cure=f"Its columns are {', '.join(COLUMNS)}")
    table = list(reader)
    for row in table:
        if None in row or None in row.values():
            what = f"the row of {row[COLUMNS[0]]} has another number of cells than the header"
            cure = "Separate the cells by tabs; leave an unknown one empty"
            raise SettingsError(what, where=path, cure=cure)
    pairs = tuple(KnownPair(**{name: row[name] for name in COLUMNS}) for row in table)
    _refuse_doubles(pairs, path)
    return Catalogue(pairs)


def _refuse_doubles(pairs: Iterable[KnownPair], path: Path) -> None:
    seen: set[tuple[str, str]] = set()
    for pair in pairs:
        key = (pair.partner, pair.target)
        if key in seen:
            what = f"lists {pair.partner}::{pair.target} twice"
            raise SettingsError(what, where=path, cure="Join the two rows")
        seen.add(key)
