"""Whether finding nothing in a sample means anything: its numbers, against those of its assay."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from fusioncall.model import Census, SampleCalls
from fusioncall.settings import AdequacySettings, Assay, Settings

_WORDS = {
    "known_share": "of the gene's coding bases known to the reference",
    "fragments": "fragments",
    "target_reads": "reads of a target gene",
    "target_share": "of the fragments touch a target gene",
    "read_bp": "bases in the median read",
    "insert_bp": "bases in the median insert",
    "control_genes": "control genes detected",
    "copies_share": "copies among the kept molecules",
    "low_quality_share": "reads of low quality",
    "short_share": "short reads",
}
"""What each number is, in the order of the criteria."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """A number of a sample and what is asked of it.

    `value` is None where it is not known, `limit` where none is set: then nothing is judged. A
    number that is not known does not meet a limit.
    """

    name: str
    value: float | None
    limit: float | None
    is_minimum: bool

    @property
    def is_met(self) -> bool | None:
        """Whether the limit is met; None if there is none."""
        if self.limit is None:
            return None
        if self.value is None:
            return False
        return self.value >= self.limit if self.is_minimum else self.value <= self.limit

    @property
    def words(self) -> str:
        """The number and its limit in words."""
        what = _WORDS[self.name]
        found = f"{what}: not known"
        if self.value is not None:
            found = f"{_text(self.name, self.value)} {what}"
        if self.limit is None:
            return f"{found}, not judged"
        rule = "at least {} needed" if self.is_minimum else "at most {} allowed"
        return f"{found}, {rule.format(_text(self.name, self.limit))}"


def _text(name: str, value: float) -> str:
    return f"{value:.3%}" if name.endswith("_share") else f"{value:.10g}"


@dataclass(frozen=True, slots=True)
class Adequacy:
    """What a sample showed for one target gene, and how its assay's limits judge it.

    `controls` are the control genes of the reference, each with its depth: reads over its median
    exon. `target_reads` are those of each target gene, and `insert_pairs` the pairs that the insert
    size is told from. `unread` tells why the sample was not read as a whole, if it was not.
    """

    assay: Assay
    criteria: tuple[Criterion, ...]
    controls: Mapping[str, float]
    target_reads: Mapping[str, int]
    fragments: int | None
    insert_pairs: int
    unread: str

    @property
    def is_judged(self) -> bool:
        """Whether any limit of the assay is set."""
        return any(each.limit is not None for each in self.criteria if each.name != "known_share")

    @property
    def failing(self) -> tuple[Criterion, ...]:
        """The criteria that are not met."""
        return tuple(each for each in self.criteria if each.is_met is False)

    @property
    def not_judged(self) -> tuple[Criterion, ...]:
        """The criteria without a limit."""
        return tuple(each for each in self.criteria if each.is_met is None)

    @property
    def lacking(self) -> str:
        """Why a negative would mean nothing, every reason; empty if it means something."""
        if self.unread:
            return self.unread
        reasons = [each.words for each in self.failing]
        if not self.is_judged:
            reasons.append(
                f"no limit of adequacy is set for {self.assay.value}: the laboratory's own to set"
            )
        return "; ".join(reasons)

    def value(self, name: str) -> float | None:
        """A number by the name of its criterion; None where it is not known."""
        return next(each.value for each in self.criteria if each.name == name)


def assess(made: SampleCalls, known_share: float, assay: Assay, settings: Settings) -> Adequacy:
    """Judge a sample for one target gene.

    Args:
        made: what was seen in the sample.
        known_share: share of the target's coding bases that the reference knows, 0 to 1.
        assay: how the library was made.
        settings: the limits.
    """
    limits = settings.assay.of(assay)
    controls = control_depths(made.census)
    values = _values(made, known_share, controls, limits, settings)
    asked = msgspec.structs.asdict(limits) | {"min_known_share": settings.status.min_known_share}
    criteria = []
    for name in _WORDS:
        is_minimum = f"min_{name}" in asked
        limit = asked[f"min_{name}" if is_minimum else f"max_{name}"]
        criteria.append(Criterion(name, values[name], limit, is_minimum))
    return Adequacy(
        assay=assay,
        criteria=tuple(criteria),
        controls=controls,
        target_reads=made.census.target_reads,
        fragments=made.census.fragments,
        insert_pairs=sum(made.insert_sizes.values()),
        unread=_unread(made.census),
    )


def _unread(census: Census) -> str:
    if census.failure:
        return f"failed: {census.failure}"
    if census.fragments is None:
        return "the number of fragments is unknown, as only parts of the BAM were read"
    return ""


def _values(
    made: SampleCalls,
    known_share: float,
    controls: Mapping[str, float],
    limits: AdequacySettings,
    settings: Settings,
) -> dict[str, float | None]:
    census = made.census
    is_counted = census.source == "fastq"  # copies and qualities are not, in a BAM
    detected = sum(depth >= limits.min_control_depth for depth in controls.values())
    return {
        "known_share": known_share,
        "fragments": census.fragments,
        "target_reads": sum(census.target_reads.values()),
        "target_share": _share(census.kept_molecules, census.fragments),
        "read_bp": census.median_read_bp or None,
        "insert_bp": insert_bp(made, settings),
        "control_genes": detected if controls else None,
        "copies_share": _share(census.kept_copies, census.kept_molecules) if is_counted else None,
        "low_quality_share": _share(census.low_quality_reads, census.reads) if is_counted else None,
        "short_share": _share(census.short_reads, census.reads),
    }


def control_depths(census: Census) -> dict[str, float]:
    """For each control gene of the reference, the reads over its median exon."""
    return {
        gene: statistics.median(census.exon_depth[gene].values())
        if census.exon_depth.get(gene)
        else 0.0
        for gene in census.control_reads
    }


def insert_bp(made: SampleCalls, settings: Settings) -> int | None:
    """The median insert size (lower one of two), None if too few pairs tell it."""
    pairs = sum(made.insert_sizes.values())
    if pairs < settings.status.min_insert_pairs:
        return None
    return statistics.median_low(Counter(made.insert_sizes).elements())


def _share(part: int, whole: int | None) -> float | None:
    return part / whole if whole else None
