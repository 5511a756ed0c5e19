"""The positive control of a laboratory: fusions planted into its own negative reads, and found.

Planted molecules are a further lane of the sample, so the laboratory's files are read as they are.
Each sample holds one fusion for each target gene at one level and goes through the whole pipeline.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from fusioncall.catalogue import read_table
from fusioncall.context import Context, known_partners
from fusioncall.errors import InputError, OutputError
from fusioncall.evaluate import Evaluation, Event, Outcome, evaluate, read_events
from fusioncall.files import make_folder
from fusioncall.library import Library, measure
from fusioncall.sample_files import write_reads
from fusioncall.screen import ReadFiles
from fusioncall.screening import Setup
from fusioncall.spike import (
    Planted,
    Spike,
    catalogue_spikes,
    groups_of,
    parse_spike,
    spiked_sample,
)
from fusioncall.status import Status
from fusioncall.steps import read_calls, run
from fusioncall.tables import UNKNOWN, breakpoint_cell, write_table

log = logging.getLogger(__name__)

UNSPIKED = "unspiked"
"""Name of the sample without planted molecules."""
SPIKED_COLUMNS = (
    "sample",
    "level",
    "repeat",
    "fusion",
    "breakpoint5",
    "breakpoint3",
    "planted_molecules",
    "planted_split",
    "planted_spanning",
    "outcome",
    "called_breakpoint5",
    "called_breakpoint3",
    "called_split",
    "called_spanning",
    "gene",
    "status",
    "reason",
)
RECALL_COLUMNS = (
    "level",
    "unit",
    "molecules",
    "planted",
    "found",
    "exact",
    "detected",
    "recall",
    "recall_low",
    "recall_high",
    "other_calls",
)
_FRAGMENTS_DRAWN = 2000  # of a normal distribution, where lengths are given and not measured


@dataclass(frozen=True, slots=True)
class FragmentLengths:
    """Lengths of fragments in bp, as a user gives them."""

    mean_bp: float
    sd_bp: float


@dataclass(frozen=True, slots=True)
class ControlPlan:
    """What is planted.

    Args:
        levels: molecules of each fusion, or molecules per million fragments.
        is_per_million: which of the two.
        repeats: samples of each level and group of fusions, each with its own molecules.
        seed: of all that is drawn.
        fusions: by exons or breakpoints; the junctions of the catalogue when empty.
        lengths: of fragments; measured when None.
    """

    levels: tuple[float, ...]
    is_per_million: bool = False
    repeats: int = 1
    seed: int = 1
    fusions: tuple[str, ...] = ()
    lengths: FragmentLengths | None = None

    def __post_init__(self) -> None:
        whole = self.is_per_million or all(level.is_integer() for level in self.levels)
        is_known = (
            self.levels and all(0 < level < math.inf for level in self.levels) and self.repeats > 0
        )
        if not (whole and is_known) or len(set(self.levels)) < len(self.levels):
            what = "levels are different numbers above 0, whole ones if they count molecules"
            raise InputError(what, cure="Give --levels like 1,2,5,10 and --repeats from 1")


@dataclass(frozen=True, slots=True)
class _Sample:
    """A planted sample that was run."""

    level: float
    repeat: int
    planted: tuple[Planted, ...]
    evaluation: Evaluation
    answers: Mapping[str, Mapping[str, str]]


def positive_control(
    files: ReadFiles, plan: ControlPlan, setup: Setup, context: Context, out: Path
) -> tuple[tuple[str, ...], ...]:
    """Plant, run, compare, and write `recall.tsv` and `spiked.tsv`.

    Args:
        files: the negative reads.
        plan: what is planted.
        setup: reference, thresholds, threads.
        context: known partners, and the tumour type.
        out: a new folder; it gets the planted reads and the results of every sample too.

    Returns:
        The rows of `recall.tsv`.

    Raises:
        FusioncallError: an input cannot be used, or the folder is not empty.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        what, cure = "is there and not empty", "Choose a folder that does not exist yet"
        raise OutputError(what, where=out, cure=cure)
    spikes = _spikes(plan, setup, context)
    library = _library(files, plan, setup)
    log.info("%d fusions; fragments of %d bases (median)", len(spikes), _median(library))
    make_folder(out)
    plain = out / "samples" / UNSPIKED
    run(UNSPIKED, files, setup, context, plain)
    fragments = read_calls(plain / "calls.json").census.fragments or 0
    groups = groups_of(spikes)
    samples = []
    numbered = list(product(enumerate(plan.levels), range(plan.repeats), enumerate(groups)))
    for (place, level), repeat, (number, group) in numbered:
        molecules = _molecules(level, plan, fragments)
        name = f"level{_text(level)}-{repeat + 1}-{number + 1}"
        log.info("%s: %d molecules of each of %d fusions", name, molecules, len(group))
        seed = (plan.seed, place, repeat, number)
        anchor_bp = setup.settings.recount.min_anchor_bp
        made, planted = spiked_sample(name, group, molecules, library, anchor_bp, seed)
        reads = out / "reads"
        make_folder(reads)
        first, *second = write_reads(made, reads)
        spiked = ReadFiles((*files.first, first), (*files.second, *second))
        folder = out / "samples" / name
        run(name, spiked, setup, context, folder)
        samples.append(_Sample(level, repeat + 1, planted, *_found(planted, folder)))
    write_table(out / "spiked.tsv", SPIKED_COLUMNS, _spiked_rows(samples))
    _, answers = _found((), plain)
    calls = len(read_events(plain / "fusions.tsv"))
    detected = sum(row["status"] == Status.DETECTED.value for row in answers.values())
    none = ("0", _unit(plan), "0", "0", "0", "0", str(detected), *[UNKNOWN] * 3, str(calls))
    rows = (none, *_recall_rows(samples, plan, fragments))
    write_table(out / "recall.tsv", RECALL_COLUMNS, rows)
    return rows


def _spikes(plan: ControlPlan, setup: Setup, context: Context) -> tuple[Spike, ...]:
    reference, limits = setup.reference, setup.settings.filters
    if plan.fusions:
        found = tuple(parse_spike(text, reference, limits) for text in plan.fusions)
        if len({each.junction for each in found}) < len(found):
            raise InputError("a fusion is named twice", cure="Name each of them once")
        return found
    catalogue = known_partners(context, (target.name for target in reference.targets))
    return catalogue_spikes(catalogue, reference, limits)


def _library(files: ReadFiles, plan: ControlPlan, setup: Setup) -> Library:
    if plan.lengths is None and files.is_paired:
        return measure(files, setup.reference)
    lengths = plan.lengths
    if lengths is None:
        what = "single reads do not tell how long their fragments are"
        cure = "Give --fragment-mean and --fragment-sd"
        raise InputError(what, where=files.first[0], cure=cure)
    library = measure(files, setup.reference, with_lengths=False)
    random = np.random.default_rng(plan.seed)
    drawn = np.rint(random.normal(lengths.mean_bp, lengths.sd_bp, _FRAGMENTS_DRAWN))
    sizes = tuple(max(2, int(size)) for size in drawn)
    return replace(library, fragments_bp=sizes)


def _median(library: Library) -> int:
    return sorted(library.fragments_bp)[len(library.fragments_bp) // 2]


def _molecules(level: float, plan: ControlPlan, fragments: int) -> int:
    if not plan.is_per_million:
        return int(level)
    molecules = round(level * fragments / 1e6)
    if not molecules:
        what = f"{level:g} per million of {fragments} fragments is no molecule"
        raise InputError(what, cure="Plant more, or count molecules")
    return molecules


def _text(level: float) -> str:
    return f"{level:.12g}"


def _unit(plan: ControlPlan) -> str:
    return "per-million" if plan.is_per_million else "molecules"


def _found(
    planted: Iterable[Planted], folder: Path
) -> tuple[Evaluation, dict[str, Mapping[str, str]]]:
    """What became of the planted fusions of a sample, and its answers by gene."""
    truth = [
        Event(
            sample=each.sample,
            fusion=each.spike.fusion.name,
            gene5=each.spike.fusion.five.gene,
            gene3=each.spike.fusion.three.gene,
            breakpoint5=breakpoint_cell(each.spike.fusion.five),
            breakpoint3=breakpoint_cell(each.spike.fusion.three),
            split_molecules=each.split,
            spanning_molecules=each.spanning,
            fusion_class=each.spike.fusion.fusion_class.value,
        )
        for each in planted
    ]
    rows = read_table(folder / "verdicts.tsv", ("gene", "status", "reason")).rows
    answers: dict[str, Mapping[str, str]] = {
        str(row["gene"]): {str(key): cell or "" for key, cell in row.items()} for row in rows
    }
    return evaluate(truth, read_events(folder / "fusions.tsv")), answers


def _spiked_rows(samples: Iterable[_Sample]) -> Iterator[tuple[str, ...]]:
    for sample in samples:
        compared = {
            (one.truth.fusion, one.truth.breakpoint5, one.truth.breakpoint3): one
            for one in sample.evaluation.comparisons
            if one.truth is not None
        }
        for each in sample.planted:
            fusion = each.spike.fusion
            one = compared[(fusion.name, *each.spike.junction)]
            call = one.call
            called = (
                (
                    call.breakpoint5,
                    call.breakpoint3,
                    str(call.split_molecules),
                    str(call.spanning_molecules),
                )
                if call
                else (UNKNOWN,) * 4
            )
            answer = sample.answers[fusion.target]
            yield (
                each.sample,
                _text(sample.level),
                str(sample.repeat),
                fusion.name,
                *each.spike.junction,
                str(each.molecules),
                str(each.split),
                str(each.spanning),
                one.outcome.value,
                *called,
                fusion.target,
                answer["status"],
                answer["reason"],
            )


def _recall_rows(
    samples: Sequence[_Sample], plan: ControlPlan, fragments: int
) -> Iterator[tuple[str, ...]]:
    for level in plan.levels:
        own = [sample for sample in samples if sample.level == level]
        every = Evaluation(tuple(one for each in own for one in each.evaluation.comparisons))
        recall = every.recall
        low, high = recall.interval
        detected = sum(
            sample.answers[each.spike.fusion.target]["status"] == Status.DETECTED.value
            for sample in own
            for each in sample.planted
        )
        yield (
            _text(level),
            _unit(plan),
            str(_molecules(level, plan, fragments)),
            str(recall.whole),
            str(recall.part),
            str(every.exact_recall.part),
            str(detected),
            f"{recall.part / recall.whole:.3f}",
            f"{low:.3f}",
            f"{high:.3f}",
            str(every.count(Outcome.FALSE)),
        )
