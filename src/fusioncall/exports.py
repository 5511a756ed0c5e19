"""A user's own catalogue: a table like ours, or an export of COSMIC or of the Mitelman Database.

fusioncall ships neither of the two: their licences are the user's. Only pairs, tumour types,
references and the number of samples or articles are taken; what else an export holds is not read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fusioncall.catalogue import (
    COLUMNS,
    SEPARATOR,
    Catalogue,
    KnownPair,
    read_catalogue,
    read_table,
)
from fusioncall.errors import SettingsError

_COSMIC_GENES = ("FIVE_PRIME_GENE_SYMBOL", "THREE_PRIME_GENE_SYMBOL")
_OLD_COSMIC_GENES = ("5'_GENE_NAME", "3'_GENE_NAME")
_MITELMAN_GENES, _MITELMAN_LONG = "GeneShort", "GeneLong"
_MITELMAN_ENCODING = "latin-1"


@dataclass(frozen=True, slots=True)
class _Report:
    """One sample or article that shows a pair."""

    partner: str
    target: str
    tumour_type: str
    reference: str
    case: str


def read_own_catalogue(path: Path, targets: Iterable[str]) -> Catalogue:
    """Read a user's own catalogue, whichever of the known forms it has.

    Args:
        path: a table with the columns of `known_partners.tsv`; `Cosmic_Fusion_*.tsv` of COSMIC (98
            and later) or `CosmicFusionExport.tsv` (before); `MBCA.TXT.DATA` of the Mitelman
            Database. Plain or gzip.
        targets: symbols of the target genes; of an export, pairs with another 3' gene are left out.

    Raises:
        SettingsError: the file cannot be read or has none of these forms.
    """
    table = read_table(path, encoding=_MITELMAN_ENCODING)
    columns = set(table.columns)
    if columns.issuperset(COLUMNS):
        return read_catalogue(path)
    rows = ({str(name): cell or "" for name, cell in row.items()} for row in table.rows)
    forms: tuple[tuple[set[str], str, Callable[[Mapping[str, str]], Iterator[_Report]]], ...] = (
        ({*_COSMIC_GENES}, "COSMIC", _cosmic),
        ({*_OLD_COSMIC_GENES}, "COSMIC", _old_cosmic),
        ({_MITELMAN_GENES}, "Mitelman", _mitelman),
    )
    wanted = frozenset(targets)
    for needed, source, reports in forms:
        if needed <= columns:
            return _catalogue((each for row in rows for each in reports(row)), source, wanted)
    what = "is no catalogue of known partners, and no export of COSMIC or Mitelman"
    cure = f"Give a table with the columns {', '.join(COLUMNS)}, or one of the exports as it is"
    raise SettingsError(what, where=path, cure=cure)


def _cosmic(row: Mapping[str, str]) -> Iterator[_Report]:
    partner, target = (row[name] for name in _COSMIC_GENES)
    sample = row.get("COSMIC_SAMPLE_ID", "")
    yield _Report(partner, target, "", _pubmed(row), sample)


def _old_cosmic(row: Mapping[str, str]) -> Iterator[_Report]:
    partner, target = (row[name].partition("_ENST")[0] for name in _OLD_COSMIC_GENES)
    words = (row.get(name, "") for name in ("PRIMARY_SITE", "HISTOLOGY_SUBTYPE_1"))
    tumour = " ".join(word.replace("_", " ") for word in words if word not in {"", "NS"})
    yield _Report(partner, target, tumour, _pubmed(row), row.get("SAMPLE_ID", ""))


def _mitelman(row: Mapping[str, str]) -> Iterator[_Report]:
    """The pairs of a row; `GeneLong` holds them all where they are too long for `GeneShort`."""
    number = row.get("RefNo", "")
    for name in (row.get(_MITELMAN_LONG) or row[_MITELMAN_GENES]).split(","):
        partner, joiner, target = name.strip().partition("::")
        if joiner:
            yield _Report(partner, target, "", f"Mitelman RefNo {number}" if number else "", number)


def _pubmed(row: Mapping[str, str]) -> str:
    number = row.get("PUBMED_PMID", "")
    return f"PMID:{number}" if re.fullmatch(r"[1-9][0-9]*", number) else ""


def _catalogue(reports: Iterable[_Report], source: str, targets: frozenset[str]) -> Catalogue:
    """One row per pair; a pair is recurrent when two samples or articles show it."""
    groups: dict[tuple[str, str], list[_Report]] = defaultdict(list)
    for each in reports:
        if each.partner and each.target in targets:
            groups[each.partner, each.target].append(each)
    return Catalogue(
        tuple(
            KnownPair(
                partner=partner,
                target=target,
                tumour_types=_entries(each.tumour_type for each in group),
                references=_entries(each.reference for each in group) or source,
                source=source,
                recurrence="recurrent" if len({each.case for each in group}) > 1 else "reported",
            )
            for (partner, target), group in sorted(groups.items())
        )
    )


def _entries(texts: Iterable[str]) -> str:
    return SEPARATOR.join(dict.fromkeys(filter(None, texts)))
