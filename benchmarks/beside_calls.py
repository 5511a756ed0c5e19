"""Samples with planted fusions and without, and what fusioncall and its peers tell of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import star
from benchmarks.accuracy import Benches
from benchmarks.common import Bench, Place, place_of, seeded
from benchmarks.negatives import NEGATIVES, TARGETS, background, control_switches
from benchmarks.peers import Arriba, Fuzzion2, Told, gene_names, run
from benchmarks.planted import Case, Shape, annotated_cases, shaped_cases
from benchmarks.recall import BASE, Mix, Series, drawn_molecules

from fusioncall.model import Molecule

NEAR_BP = 10
SIZES = (3, 10)
ANCHORS = ((10, 12), (13, 15))
BACKGROUND = 4_000
"""Unfused pairs of all genes that every sample holds too."""

CHIMERAS = 60
"""Chimeras of control genes that every sample holds too: without any, Arriba's filter `in_vitro`
takes the planted fusion for the one that its library makes most of."""

FEWEST_PAIRS = 2
"""Read pairs that make a pattern of Fuzzion2 a call, as fusioncall and Arriba ask for two."""

OWN, ARRIBA, FUZZION2 = "fusioncall", "STAR + Arriba", "Fuzzion2"
CONFIDENCES = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: junctions of each acceptor and shape, negatives of each kind."""

    per_acceptor: int
    per_shape: int
    negatives: int


FULL, QUICK = Scale(2, 10, 5), Scale(1, 2, 1)


@dataclass(frozen=True, slots=True)
class Trial:
    """A sample with what is known of it; without a case it is a negative.

    Args:
        group: kind of junction, or of negative.
        size: number of supporting molecules.
        has_split: whether a read crosses the junction.
        case: the planted junction.
        sample: name and reads.
    """

    group: str
    size: int
    has_split: bool
    case: Case | None
    sample: star.Sample


@dataclass(slots=True)
class Tally:
    """What a program told of some samples with a planted junction, and of false calls."""

    samples: int = 0
    exact: int = 0
    near: int = 0
    pair: int = 0
    false: int = 0
    confidences: Counter[str] = field(default_factory=Counter)
    false_confidences: Counter[str] = field(default_factory=Counter)

    def add(self, trial: Trial, told: Sequence[Told]) -> None:
        """Count one sample."""
        matching = [each for each in told if is_near(each, trial.case)]
        others = [each for each in told if each not in matching]
        self.samples += 1
        self.exact += any(_distance(each, trial.case) == 0 for each in matching)
        self.near += bool(matching)
        self.pair += any(_has_genes(each, trial.case) for each in told)
        self.false += len(others)
        self.confidences.update(best(matching))
        self.false_confidences.update(each.confidence for each in others)


Tallies = Mapping[tuple[str, int], Mapping[str, Tally]]


def best(told: Sequence[Told]) -> list[str]:
    """The highest confidence, if there is any."""
    return [name for name in CONFIDENCES if any(each.confidence == name for each in told)][:1]


def _has_genes(told: Told, case: Case | None) -> bool:
    if case is None:
        return False
    wanted = {case.gene5, _target(case)}
    return all(wanted & set(gene_names(each)) for each in told.genes)


def _target(case: Case) -> str:
    return next(name for name in TARGETS if f"-{name}:" in case.text)


def is_near(told: Told, case: Case | None) -> bool:
    """Whether both breakpoints lie where they were planted, or some bases from there."""
    distance = _distance(told, case)
    return distance is not None and distance <= NEAR_BP


def _distance(told: Told, case: Case | None) -> int | None:
    """Of the farther breakpoint from a place at which a call is exact; None on another contig."""
    if case is None:
        return None
    distances = (
        _apart(told.places[::order], (place.breakpoint5, place.breakpoint3))
        for place in case.exact
        for order in (1, -1)
    )
    return min((each for each in distances if each is not None), default=None)


def _apart(one: Sequence[str], other: Sequence[str]) -> int | None:
    worst = 0
    for mine, its in zip(one, other, strict=True):
        contig, place = mine.split(":")[:2]
        other_contig, other_place = its.split(":")[:2]
        if contig != other_contig:
            return None
        worst = max(worst, abs(int(place) - int(other_place)))
    return worst


def planted_series(bench: Bench, scale: Scale) -> Iterator[Series]:
    """The junctions, by group."""
    cases = tuple(annotated_cases(bench.world, scale.per_acceptor))
    yield Series("beside", Shape.ANNOTATED.value, cases, BASE, SIZES)
    for shape in Shape:
        if shape is not Shape.ANNOTATED:
            shaped = tuple(shaped_cases(bench.world, shape, cases, scale.per_shape))
            yield Series("beside", shape.value, shaped, BASE, SIZES)
    for low, high in ANCHORS:
        name = f"annotated, shorter side of each read {low} to {high} bases"
        some = cases[:: max(1, len(cases) // scale.per_shape)]
        yield Series("beside", name, some, BASE, SIZES, Mix.SPLIT, (low, high))


def planted_trials(series: Iterable[Series]) -> list[Trial]:
    """A sample for each junction and number of molecules."""
    trials: list[Trial] = []
    for each in series:
        for case in each.cases:
            shown, molecules = drawn_molecules(each, case)
            for size in each.sizes:
                if size > len(shown):
                    continue
                has_split = any(one.is_split for one in shown[:size])
                sample = _sample(f"P{len(trials):04d}", case.text, molecules[:size], case.exact)
                trials.append(Trial(each.name, size, has_split, case, sample))
    return trials


def negative_trials(bench: Bench, scale: Scale) -> list[Trial]:
    """Samples of each kind of negative; a tenth of the deep ones."""
    trials: list[Trial] = []
    for kind in NEGATIVES:
        if kind.is_large or kind.has_true_calls:
            continue
        for number in range(min(kind.samples, scale.negatives)):
            random = seeded("beside", kind.name, number)
            made = list(kind.make(bench.world, BASE, random))[:: 10 if kind.is_deep else 1]
            sample = _sample(f"N{len(trials):04d}", f"{kind.name}, {number}", made, frozenset())
            trials.append(Trial(kind.name, 0, False, None, sample))
    return trials


def _sample(
    name: str, text: str, molecules: Iterable[Molecule], exact: frozenset[Place]
) -> star.Sample:
    renamed = tuple(replace(each, name=f"{name}:{each.name}") for each in molecules)
    return star.Sample(name, text, exact, renamed)


@dataclass(frozen=True, slots=True)
class Group:
    """Samples of one world, and unfused reads that each holds too."""

    bench: Bench
    trials: Sequence[Trial]
    background: star.Sample
    folder: Path


def own_calls(group: Group) -> dict[str, list[Told]]:
    """Passing calls of fusioncall, by sample."""
    kept = group.bench.screened(group.background.molecules)
    told = {}
    for trial in group.trials:
        calls = group.bench.calls([*trial.sample.molecules, *kept])
        told[trial.sample.name] = [
            Told((call.fusion.five.gene, call.fusion.three.gene), _places(place_of(call)))
            for call in calls
            if call.passed
        ]
    return told


def _places(place: Place) -> tuple[str, str]:
    five, three = (each.rpartition(":")[0] for each in (place.breakpoint5, place.breakpoint3))
    return five, three


def peer_arriba(group: Group, arriba: Arriba, threads: int) -> dict[str, list[Told]]:
    """Calls of Arriba that touch a target, by sample; STAR aligns all reads in one run."""
    files = _write(group)
    bam = star.aligned(group.bench, files, group.folder, threads)
    bams = star.split_by_sample(bam, group.folder)
    common = bams[group.background.name]

    def called(trial: Trial) -> list[Told]:
        name = trial.sample.name
        own, whole = bams[name], group.folder / f"{name}.whole.bam"
        run(f"samtools cat -o {whole} {own} {common}")
        fasta, gtf = group.folder / "genome.fa", group.folder / "genes.gtf"
        told = arriba.calls(whole, fasta, gtf, group.folder / f"{name}.tsv")
        return [each for each in told if _touches_target(each)]

    with ThreadPoolExecutor(threads) as pool:
        told = pool.map(called, group.trials)
        return {trial.sample.name: each for trial, each in zip(group.trials, told, strict=True)}


def _touches_target(told: Told) -> bool:
    return any(name in TARGETS for genes in told.genes for name in gene_names(genes))


def peer_fuzzion2(
    group: Group, fuzzion2: Fuzzion2, patterns: Mapping[str, Case]
) -> dict[str, list[Told]]:
    """Patterns that Fuzzion2 finds in enough read pairs, by sample."""
    hits = fuzzion2.hits(*_write(group))
    common = hits.get(group.background.name, Counter())
    told = {}
    for trial in group.trials:
        found = hits.get(trial.sample.name, Counter()) + common
        told[trial.sample.name] = [
            _told_pattern(patterns[name]) for name, pairs in found.items() if pairs >= FEWEST_PAIRS
        ]
    return told


def _told_pattern(case: Case) -> Told:
    return Told((case.gene5, _target(case)), _places(min(case.exact)))


def _write(group: Group) -> tuple[Path, Path]:
    samples = [*(trial.sample for trial in group.trials), group.background]
    return star.write_fastq(samples, group.folder)


Answers = dict[str, dict[str, list[Told]]]
"""For each program and sample, what it told."""


def tallies(trials: Iterable[Trial], answers: Answers) -> Tallies:
    """The counts of each group of samples, number of molecules and program."""
    counted: dict[tuple[str, int], dict[str, Tally]] = defaultdict(dict)
    for trial in trials:
        row = counted[trial.group, trial.size]
        for program, told in answers.items():
            row.setdefault(program, Tally()).add(trial, told[trial.sample.name])
    return counted


@dataclass(frozen=True, slots=True)
class Peers:
    """The programs that are there."""

    arriba: Arriba | None
    fuzzion2: Fuzzion2 | None

    def answers(self, group: Group, patterns: Mapping[str, Case], threads: int) -> Answers:
        """What each program tells of the samples."""
        found: Answers = {OWN: own_calls(group)}
        if self.arriba:
            found[ARRIBA] = peer_arriba(group, self.arriba, threads)
        if self.fuzzion2:
            found[FUZZION2] = peer_fuzzion2(group, self.fuzzion2, patterns)
        return found


def groups(benches: Benches, scale: Scale, folder: Path) -> tuple[Group, Group]:
    """The samples with planted fusions, and those without."""
    plain, hard = benches["plain"], benches["hard"]
    for name in ("planted", "negative"):
        (folder / name).mkdir()
    planted = planted_trials(planted_series(plain, scale))
    negative = negative_trials(hard, scale)
    return (
        Group(plain, planted, _background(plain), folder / "planted"),
        Group(hard, negative, _background(hard), folder / "negative"),
    )


def _background(bench: Bench) -> star.Sample:
    random = seeded("beside", "background")
    unfused = background(bench.world, BASE, BACKGROUND, random)
    chimeras = control_switches(bench.world, BASE, CHIMERAS, random)
    return _sample("B", "background", [*unfused, *chimeras], frozenset())


def pattern_cases(trials: Iterable[Trial]) -> dict[str, Case]:
    """The joins of annotated exons, which Fuzzion2 gets as patterns."""
    return {
        trial.case.text: trial.case
        for trial in trials
        if trial.case and trial.group == Shape.ANNOTATED.value
    }
