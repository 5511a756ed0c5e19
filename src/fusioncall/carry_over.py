"""Carry-over between samples: molecules of one sample that were read under the name of another.

An index that hops to another library in the flow cell, or a drop in the wrong well, takes a small
share of a sample's molecules into others that were sequenced with it. A junction that a sample
shares with a stronger one of its run or lane counts as carried over unless the sample has more
molecules of it than this share can bring.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from fusioncall.coords import breakpoint_text
from fusioncall.errors import InputError
from fusioncall.files import write_json
from fusioncall.filters import FILTERS
from fusioncall.model import Call, Confidence, Fusion, SampleCalls, Verdict
from fusioncall.settings import CarryOverSettings

CARRY_OVER = "carry_over"
"""Name of the verdict."""

VERDICTS = (*FILTERS, CARRY_OVER)
"""The names of all verdicts of a call in the tables, in the order of their columns."""

SCHEMA = 1
"""Version of the file of a run."""

_UNKNOWN_LANE = "other"
_NOT_A_GENE = "intergenic"

Key = tuple[str, ...]
"""What two samples have in common: a junction, or two genes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A junction of a sample that another sample of its run or lane has too.

    Breakpoints are text as in the tables. `source` is the sample that has most of it for its size,
    with `source_fragments`, copies included. Carry-over brings up to `expected` molecules on
    average, and seldom more than `limit`, which is 0 where the source is not the stronger one.
    """

    fusion: str
    breakpoint5: str
    breakpoint3: str
    inserted: str
    molecules: int
    source: str
    source_fragments: int
    expected: float
    limit: int

    @property
    def is_suspected(self) -> bool:
        """Whether carry-over explains all molecules."""
        return self.molecules <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCarryOver:
    """What was found for one sample among so many others of its run or lane."""

    compared: int = 0
    comparisons: tuple[Comparison, ...] = ()

    @property
    def suspected(self) -> tuple[Comparison, ...]:
        """The junctions that carry-over explains."""
        return tuple(each for each in self.comparisons if each.is_suspected)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCarryOver:
    """The samples of a run by name: the content of the file that `fusioncall carry-over` writes."""

    schema: int
    samples: dict[str, SampleCarryOver] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """The samples that can have carried over into one: their names, without its own."""

    names: frozenset[str]
    fragments: int


def compare(
    samples: Sequence[SampleCalls], settings: CarryOverSettings, *, is_run: bool
) -> RunCarryOver:
    """Compare the junctions of samples that were handled together.

    Args:
        samples: with their calls; one whose reads are none or not counted takes no part.
        settings: how much may be carried over.
        is_run: whether they are known to be of one run. Otherwise two samples are compared only
            if they share a lane, as the names of their reads tell, or if a lane is not told.
    """
    fragments = {each.sample: each.census.fragments or 0 for each in samples}
    usable = [each for each in samples if fragments[each.sample]]
    neighbours = _neighbours(usable, fragments, is_run=is_run)
    found = _fragments_by_key(usable)
    made = {each.sample: SampleCarryOver() for each in samples}
    for each in usable:
        around = neighbours[each.sample]
        comparisons = (
            _compare(call.fusion, each.sample, around, (found, fragments), settings)
            for call in each.calls
        )
        made[each.sample] = SampleCarryOver(
            compared=len(around.names), comparisons=tuple(filter(None, comparisons))
        )
    return RunCarryOver(schema=SCHEMA, samples=dict(sorted(made.items())))


def _compare(
    fusion: Fusion,
    sample: str,
    neighbours: _Neighbours,
    counts: tuple[Mapping[Key, Mapping[str, int]], Mapping[str, int]],
    settings: CarryOverSettings,
) -> Comparison | None:
    found, fragments = counts
    theirs = {
        name: count
        for name, count in found.get(_key(fusion), {}).items()
        if name in neighbours.names
    }
    if not theirs or not fusion.support.total:
        return None
    shares = {name: count / fragments[name] for name, count in theirs.items()}
    source = min(theirs, key=lambda name: (-shares[name], name))
    hopped = sum(theirs.values()) / neighbours.fragments * settings.hopped_share
    soiled = shares[source] * settings.soiled_share
    expected = fragments[sample] * (hopped + soiled)
    is_weaker = _fragments(fusion) / fragments[sample] < shares[source]
    return Comparison(
        fusion=fusion.name,
        breakpoint5=_breakpoints(fusion)[0],
        breakpoint3=_breakpoints(fusion)[1],
        inserted=fusion.inserted,
        molecules=fusion.support.total,
        source=source,
        source_fragments=theirs[source],
        expected=round(expected, 3),
        limit=poisson_limit(expected, settings.max_chance) if is_weaker else 0,
    )


def poisson_limit(expected: float, chance: float) -> int:
    """The largest count that a Poisson variable of this mean reaches with at least this chance.

    >>> poisson_limit(0.0, 0.001), poisson_limit(0.1, 0.001), poisson_limit(1.0, 0.001)
    (0, 2, 5)
    """
    count, reached = 0, 1.0
    while reached >= chance:
        log_share = count * math.log(expected) - math.lgamma(count + 1) if expected else 0.0
        reached -= math.exp(log_share - expected)
        count += 1
    return count - 1


def _fragments_by_key(samples: Iterable[SampleCalls]) -> dict[Key, dict[str, int]]:
    """Fragments, copies included, that support a junction or join two genes, by sample."""
    found: dict[Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for each in samples:
        for call in each.calls:
            if call.fusion.support.total:
                for key in (_junction(call.fusion), _genes(call.fusion)):
                    found[key][each.sample] += _fragments(call.fusion)
    return found


def _fragments(fusion: Fusion) -> int:
    """Supporting molecules with their copies: each copy can be carried over."""
    return fusion.support.total + fusion.support.copies


def _key(fusion: Fusion) -> Key:
    """By what other samples are asked: without a split read the breakpoints are estimates."""
    is_exact = fusion.support.split_molecules or _NOT_A_GENE in _genes(fusion)
    return _junction(fusion) if is_exact else _genes(fusion)


def _junction(fusion: Fusion) -> Key:
    return (*_breakpoints(fusion), fusion.inserted)


def _genes(fusion: Fusion) -> Key:
    return fusion.five.gene_id, fusion.three.gene_id


def _breakpoints(fusion: Fusion) -> tuple[str, str]:
    five, three = (
        breakpoint_text(side.contig, side.position, side.strand)
        for side in (fusion.five, fusion.three)
    )
    return five, three


def _neighbours(
    samples: Sequence[SampleCalls], fragments: Mapping[str, int], *, is_run: bool
) -> dict[str, _Neighbours]:
    """For each sample the others that it can have molecules of; alike lanes are looked at once."""
    groups: dict[frozenset[str], list[SampleCalls]] = defaultdict(list)
    for each in samples:
        groups[frozenset() if is_run else _known_lanes(each)].append(each)
    made = {}
    for lanes, members in groups.items():
        around = [
            other
            for others, group in groups.items()
            if not lanes or not others or lanes & others
            for other in group
        ]
        names = frozenset(each.sample for each in around)
        total = sum(fragments[each] for each in names)
        for each in members:
            rest = total - fragments[each.sample]
            made[each.sample] = _Neighbours(names - {each.sample}, rest)
    return made


def _known_lanes(sample: SampleCalls) -> frozenset[str]:
    """The lanes that the names of the reads tell; none if some names tell no lane."""
    lanes = frozenset(sample.census.lanes)
    return frozenset() if _UNKNOWN_LANE in lanes else lanes


def with_carry_over(calls: Iterable[Call], found: SampleCarryOver) -> tuple[Call, ...]:
    """The calls with the verdict on carry-over; one that it explains is a call no longer."""
    by_junction: dict[Key, Comparison] = {
        (each.breakpoint5, each.breakpoint3, each.inserted): each for each in found.comparisons
    }
    judged = []
    for call in calls:
        verdict = carried_over(by_junction.get(_junction(call.fusion)), found.compared)
        verdicts = (*(each for each in call.verdicts if each.filter != CARRY_OVER), verdict)
        confidence = call.confidence if verdict.passed else Confidence.LOW
        judged.append(replace(call, verdicts=verdicts, confidence=confidence))
    return tuple(judged)


def carried_over(comparison: Comparison | None, compared: int) -> Verdict:
    """More molecules than what is carried over from stronger samples of the run or lane."""
    if not compared:
        return Verdict(CARRY_OVER, passed=True, value="not-compared", limit="")
    if comparison is None:
        return Verdict(CARRY_OVER, passed=True, value="in-no-other", limit="")
    source = f"{comparison.source} with {comparison.source_fragments} fragments"
    limit = f">{comparison.limit}"
    if comparison.is_suspected:
        value = f"suspected from {source}: {comparison.molecules}"
        return Verdict(CARRY_OVER, passed=False, value=value, limit=limit)
    value = f"also in {source}: {comparison.molecules}"
    return Verdict(CARRY_OVER, passed=True, value=value, limit=limit)


def write_carry_over(path: Path, found: RunCarryOver) -> None:
    """Write what was found in a run."""
    write_json(path, found)


def read_carry_over(path: Path | None, sample: str) -> SampleCarryOver:
    """What was found for a sample; without a file nothing was compared.

    Raises:
        InputError: the file cannot be read, or does not know the sample.
    """
    if path is None:
        return SampleCarryOver()
    cure = "Make it with this version: fusioncall carry-over"
    try:
        found = msgspec.json.decode(path.read_bytes(), type=RunCarryOver)
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise InputError(what, where=path, cure="Check the path") from error
    except msgspec.MsgspecError as error:
        raise InputError(f"is no file of carry-over: {error}", where=path, cure=cure) from error
    if sample not in found.samples:
        what = f"says nothing of sample {sample}"
        raise InputError(what, where=path, cure="Give the file of the sample's own run")
    return found.samples[sample]
