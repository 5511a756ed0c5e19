"""Tells what differs between two result folders: as text, as JSON, and as a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusioncall import __version__
from fusioncall.difference import Cause, Difference, SampleDifference
from fusioncall.files import whole_file, write_json
from fusioncall.page import render_page

_SCHEMA = 1
_WHERE = {"old": "only in the old folder", "new": "only in the new folder"}
NO_CAUSE = "nothing that provenance.json tells; results of one origin should be the same"


@dataclass(frozen=True, slots=True)
class SharedCause:
    """A cause, and the samples that it holds for."""

    cause: Cause
    samples: tuple[str, ...]


def shared_causes(difference: Difference) -> tuple[SharedCause, ...]:
    """Each cause once, with its samples, by kind and name."""
    samples: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    causes: dict[tuple[str, str, str, str], Cause] = {}
    for sample in difference.samples:
        for cause in sample.causes:
            change = cause.change
            key = (cause.kind, change.name, str(change.old), str(change.new))
            causes[key] = cause
            samples[key].append(sample.sample)
    return tuple(SharedCause(causes[key], tuple(samples[key])) for key in sorted(causes))


def summary(difference: Difference) -> str:
    """How many samples were compared, and how many differ, in one line."""
    found = [each.found_in for each in difference.samples]
    differing = sum(each.differs for each in difference.samples)
    changed = sum(each.status_changed for each in difference.samples)
    told = [f"{found.count('both')} samples in both"]
    told += [f"{found.count(key)} {words}" for key, words in _WHERE.items() if key in found]
    return f"{', '.join(told)}; {differing} differ, {changed} in a status"


def text_lines(difference: Difference) -> Iterator[str]:
    """The difference as lines of text."""
    yield summary(difference)
    yield ""
    yield "What they were made with"
    count = sum(each.found_in == "both" for each in difference.samples)
    for shared in shared_causes(difference):
        of = f"all {count}" if len(shared.samples) == count else ", ".join(shared.samples)
        change = shared.cause.change
        yield f"  {shared.cause.kind}: {change.name}: {change.old} -> {change.new} (samples: {of})"
    if not any(each.causes for each in difference.samples):
        yield "  no difference"
    for sample in difference.samples:
        if sample.differs:
            yield ""
            yield from _sample_lines(sample)


def _sample_lines(sample: SampleDifference) -> Iterator[str]:
    where = _WHERE.get(sample.found_in)
    yield f"Sample {sample.sample}{f' ({where})' if where else ''}"
    for answer in sample.answers:
        if answer.status_changed:
            yield f"  {answer.gene}: {answer.old} -> {answer.new}: {answer.new_reason}"
        else:
            yield f"  {answer.gene}: {answer.new} as before, now for: {answer.new_reason}"
    for call in sample.calls:
        place = f"{call.fusion} {call.breakpoint5}>{call.breakpoint3}"
        cells = ", ".join(f"{each.name} {each.old} -> {each.new}" for each in call.columns)
        yield f"  {call.kind}: {place}: {call.why or cells}"
    if sample.found_in == "both" and not sample.causes:
        yield f"  why: {NO_CAUSE}"


def write_difference_json(path: Path, difference: Difference) -> None:
    """Write the difference for a program to read."""
    document: dict[str, Any] = {
        "schema": _SCHEMA,
        "fusioncall": __version__,
        "status_changed": difference.status_changed,
        "samples": [_as_json(each) for each in difference.samples],
    }
    write_json(path, document)


def _as_json(sample: SampleDifference) -> dict[str, Any]:
    return {
        "sample": sample.sample,
        "found_in": sample.found_in,
        "status_changed": sample.status_changed,
        "answers": sample.answers,
        "calls": sample.calls,
        "causes": [
            {
                "kind": each.kind,
                "name": each.change.name,
                "old": each.change.old,
                "new": each.change.new,
            }
            for each in sample.causes
        ],
    }


def write_difference_page(path: Path, difference: Difference) -> None:
    """Write the difference as a page in the style of the report."""
    page = render_page(
        "difference.html.jinja",
        difference=difference,
        differing=_differing(difference.samples),
        causes=shared_causes(difference),
        summary=summary(difference),
        no_cause=NO_CAUSE,
        where=_WHERE,
        version=__version__,
    )
    with whole_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _differing(samples: Iterable[SampleDifference]) -> list[SampleDifference]:
    return [each for each in samples if each.differs]
