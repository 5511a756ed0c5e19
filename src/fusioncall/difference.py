"""Compares two result folders: which answers and calls differ, and what of their making does.

A call of one folder is that of the other if genes, breakpoints and inserted bases agree. What the
results were made with comes from `provenance.json` alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusioncall.catalogue import Table, read_table
from fusioncall.errors import InputError
from fusioncall.settings import Change, flat

_KEY = ("gene5", "gene3", "breakpoint5", "breakpoint3", "inserted")
_VERDICTS, _FUSIONS, _CANDIDATES, _PROVENANCE = (
    "verdicts.tsv",
    "fusions.tsv",
    "candidates.tsv",
    "provenance.json",
)
NOTHING = "."
"""Stands for what one of the two folders does not have."""

_KINDS = {
    "reference": ("reference",),
    "settings": ("settings", "judged_anew"),
    "catalogue": ("catalogue", "own_catalogue", "tumour_type", "facts"),
    "reads": ("inputs",),
    "version": ("fusioncall", "called_with", "libraries", "htslib", "schema"),
}
"""What a cause is, and the keys of `provenance.json` that tell it."""
_NOT_A_CAUSE = frozenset({"sample", "settings_sha256"})

Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the two folders say of a target gene; `.` where one of them says nothing."""

    gene: str
    old: str
    new: str
    old_reason: str
    new_reason: str

    @property
    def status_changed(self) -> bool:
        """Whether the status is another one."""
        return self.old != self.new


@dataclass(frozen=True, slots=True)
class CallDifference:
    """A call that one folder alone has (`gained`, `lost`), or that differs (`changed`).

    `why` says what the other folder has at this junction; `columns` are the cells that differ.
    """

    kind: str
    fusion: str
    breakpoint5: str
    breakpoint3: str
    why: str
    columns: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that the results were made with and that differs, by the key that tells it."""

    kind: str
    change: Change


@dataclass(frozen=True, slots=True)
class SampleDifference:
    """What differs between the two results of a sample; `found_in` is `both`, `old` or `new`."""

    sample: str
    found_in: str
    answers: tuple[Answer, ...]
    calls: tuple[CallDifference, ...]
    causes: tuple[Cause, ...]

    @property
    def status_changed(self) -> bool:
        """Whether any answer is another one; so it is where one folder has no answer."""
        return any(each.status_changed for each in self.answers)

    @property
    def differs(self) -> bool:
        """Whether any answer or call differs."""
        return bool(self.answers or self.calls)


@dataclass(frozen=True, slots=True)
class Difference:
    """All samples of two folders, in the order of their names."""

    samples: tuple[SampleDifference, ...]

    @property
    def status_changed(self) -> bool:
        """Whether the status of any gene of any sample is another one."""
        return any(each.status_changed for each in self.samples)


@dataclass(frozen=True, slots=True)
class _Results:
    """The tables of a sample."""

    verdicts: Table
    fusions: Table
    candidates: Table
    provenance: Mapping[str, Any]


def compare(old: Path, new: Path) -> Difference:
    """Compare two folders: both of one sample, or both of many.

    Raises:
        InputError: a folder holds no results, or the two are not of one kind.
        SettingsError: a table cannot be read.
    """
    olds, news = _samples(old), _samples(new)
    if isinstance(olds, Path) and isinstance(news, Path):
        return Difference((_compared(olds, news),))
    if isinstance(olds, Path) or isinstance(news, Path):
        what = "holds many samples, and the other folder is that of one"
        where = new if isinstance(olds, Path) else old
        raise InputError(what, where=where, cure="Give two folders of one kind")
    names = sorted(olds.keys() | news.keys())
    return Difference(tuple(_compared(olds.get(name), news.get(name)) for name in names))


def _samples(folder: Path) -> Path | dict[str, Path]:
    """The folder itself if it is that of a sample, else those of the samples in it by name."""
    if (folder / _PROVENANCE).is_file():
        return folder
    found = {each.parent.name: each.parent for each in folder.glob(f"*/{_PROVENANCE}")}
    if not found:
        what = f"holds no results: neither it nor a folder in it has a {_PROVENANCE}"
        raise InputError(what, where=folder, cure="Give the folder of a sample, or of many")
    return found


def _compared(old: Path | None, new: Path | None) -> SampleDifference:
    one, other = (_read(each) if each else None for each in (old, new))
    known = next(each for each in (other, one) if each is not None)
    causes = tuple(_causes(one, other)) if one and other else ()
    return SampleDifference(
        sample=str(known.provenance["sample"]),
        found_in="both" if one and other else "old" if one else "new",
        answers=tuple(_answers(one, other)),
        calls=tuple(_calls(one, other)),
        causes=causes,
    )


def _read(folder: Path) -> _Results:
    path = folder / _PROVENANCE
    try:
        provenance = json.loads(path.read_bytes())
        provenance["sample"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = f"cannot be read: {error!r}"
        raise InputError(what, where=path, cure="Make the results anew") from error
    return _Results(
        read_table(folder / _VERDICTS, ("gene", "status", "reason")),
        read_table(folder / _FUSIONS, ("fusion", *_KEY)),
        read_table(folder / _CANDIDATES, ("fusion", *_KEY, "failed_filters")),
        provenance,
    )


def _rows(table: Table) -> list[Cells]:
    return [{str(k): v or "" for k, v in row.items()} for row in table.rows]


def _answers(old: _Results | None, new: _Results | None) -> Iterator[Answer]:
    """The answers that differ in status or in reason."""
    one, other = (
        {row["gene"]: row for row in _rows(each.verdicts)} if each else {} for each in (old, new)
    )
    nothing = {"status": NOTHING, "reason": NOTHING}
    for gene in dict.fromkeys((*one, *other)):
        was, now = one.get(gene, nothing), other.get(gene, nothing)
        if (was["status"], was["reason"]) != (now["status"], now["reason"]):
            yield Answer(gene, was["status"], now["status"], was["reason"], now["reason"])


def _calls(old: _Results | None, new: _Results | None) -> Iterator[CallDifference]:
    one, other = (_by_key(each.fusions) if each else {} for each in (old, new))
    for key in sorted(one.keys() | other.keys()):
        was, now = one.get(key), other.get(key)
        row = now or was or {}
        told = (row["fusion"], row["breakpoint5"], row["breakpoint3"])
        if was is None:
            yield CallDifference("gained", *told, f"before: {_rejection(old, key)}")
        elif now is None:
            yield CallDifference("lost", *told, f"now: {_rejection(new, key)}")
        else:
            columns = tuple(
                Change(name, was[name], now[name])
                for name in was
                if name in now and name != "sample" and was[name] != now[name]
            )
            if columns:
                yield CallDifference("changed", *told, "", columns)


def _by_key(table: Table) -> dict[tuple[str, ...], Cells]:
    return {tuple(row[name] for name in _KEY): row for row in _rows(table)}


def _rejection(results: _Results | None, key: tuple[str, ...]) -> str:
    """Why the folder without the call does not have it."""
    if results is None:
        return "no results of the sample"
    row = _by_key(results.candidates).get(key)
    if row is None:
        return "no candidate at this junction"
    failed = [
        f"{name} {row.get(f'filter_{name}', '').removeprefix('FAIL:')}"
        for name in row["failed_filters"].split(",")
    ]
    return f"a candidate that fails {', '.join(failed)}"


def _causes(old: _Results, new: _Results) -> Iterator[Cause]:
    one, other = (_flat_provenance(each.provenance) for each in (old, new))
    for name in dict.fromkeys((*one, *other)):
        was, now = (NOTHING if each.get(name) is None else each[name] for each in (one, other))
        if was != now and name not in _NOT_A_CAUSE:
            yield Cause(_kind(name), Change(name, was, now))
    for table in ("fusions", "verdicts"):
        was, now = (frozenset(getattr(each, table).columns) for each in (old, new))
        for name in sorted(was ^ now):
            has = ("no", "yes") if name in now else ("yes", "no")
            yield Cause("version", Change(f"{table}.tsv: column {name}", *has))


def _flat_provenance(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """The values by dotted names, in which what stands in lists has its own name."""
    return flat({key: _named(value) for key, value in provenance.items()})


def _named(value: object) -> object:
    """The value with lists of named things as groups by their names."""
    if isinstance(value, Mapping):
        return {key: _named(inner) for key, inner in value.items()}
    if isinstance(value, list) and all(isinstance(one, Mapping) and "name" in one for one in value):
        return {
            one["name"]: {key: _named(inner) for key, inner in one.items() if key != "name"}
            for one in value
        }
    return value


def _kind(name: str) -> str:
    first = name.partition(".")[0]
    return next((kind for kind, keys in _KINDS.items() if first in keys), "other")
