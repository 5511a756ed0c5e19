"""What is done with the results of a sample that are there: renewed, explained, cut out."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fusioncall.adapters import without_adapters
from fusioncall.bam import read_molecules, write_molecules
from fusioncall.bam_blocks import Source
from fusioncall.context import Context, resistance_sites
from fusioncall.errors import InputError
from fusioncall.explain import Evidence, depths, explanation
from fusioncall.files import write_json
from fusioncall.look import look_for
from fusioncall.model import Molecule, SampleCalls
from fusioncall.question import ask
from fusioncall.rejudge import check_settings_of_reads, rejudge
from fusioncall.screen import ReadFiles, describe_inputs
from fusioncall.screening import Setup, screen_of
from fusioncall.settings import Assay
from fusioncall.steps import (
    align,
    annotate_and_report,
    check_reference,
    new_results,
    read_calls,
    read_json,
)
from fusioncall.tables import VERDICT_COLUMNS, read_rows
from fusioncall.testcase import Case, chosen_call, cut_out, write_testcase
from fusioncall.writing import write_evidence

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the calls: the context, and the carry-over of the sample's run."""

    context: Context
    carry_over: Path | None = None


def reannotate(folder: Path, setup: Setup, known: Known, out: Path) -> None:
    """The results of a sample anew, from its `calls.json` and `evidence.bam`, without its reads.

    Calls are judged anew where the filters or the confidence have other limits, and
    `provenance.json` says so. The files take their place in `out` only when all of them are whole.

    Args:
        folder: the results of the sample.
        setup: the reference that the calls were made with, thresholds, threads.
        known: beside the calls; tumour type and assay of the old results where none are given.
        out: the folder of the new results, which may be the same.

    Raises:
        InputError: a file cannot be read, or was made with another reference; or the old results
            rest on a panel of normals or on other samples of the run, and these are not given.
        SettingsError: a setting differs that needs the reads, or a catalogue cannot be used.
    """
    calls = folder / "calls.json"
    made = read_calls(calls)
    check_reference(made, setup, calls)
    check_settings_of_reads(made, setup.settings, calls)
    molecules = _supporting(folder, made, setup)
    fragments = without_adapters(molecules, setup.settings.trim)
    judged = rejudge(made, fragments, resistance_sites(), setup.reference, setup.settings)
    context = _as_before(folder, known)
    with new_results(out) as work:
        write_json(work / "calls.json", judged)
        index = work / "evidence.bam.bai"
        write_evidence(work / "evidence.bam", index, molecules, judged, setup.reference.contigs)
        annotate_and_report(work, setup, context, known.carry_over)


def _as_before(folder: Path, known: Known) -> Context:
    """The context with tumour type and assay of the old results, if none are given.

    What stopped calls must be given again. A warning says so where the old results had a user's own
    catalogue and none is given now.
    """
    context = known.context
    old = read_json(folder / "provenance.json", _OldContext, "provenance.json", "fusioncall run")
    seen = read_json(folder / "qc.json", _OldCounts, "qc.json", "fusioncall run")
    if old.panel_of_normals is not None and context.normals is None:
        what = f"was judged with the panel of normals {old.panel_of_normals['name']}"
        raise InputError(what, where=folder, cure="Give it or a newer one: --pon")
    if seen.carry_over["compared_samples"] and known.carry_over is None:
        what = f"was compared with {seen.carry_over['compared_samples']} samples of its run"
        cure = "Give what was found: --carry-over cohort/carry_over/<run>.json"
        raise InputError(what, where=folder, cure=cure)
    if old.own_catalogue is not None and context.own_catalogue is None:
        log.warning("%s: was annotated with an own catalogue too, and none is given now", folder)
    return replace(
        context,
        tumour_type=context.tumour_type or old.tumour_type or "",
        assay=context.assay or old.assay,
    )


@dataclass(frozen=True, slots=True)
class _OldContext:
    """What old results were annotated with."""

    tumour_type: str | None = None
    assay: Assay | None = None
    own_catalogue: dict[str, str] | None = None
    panel_of_normals: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class _OldCounts:
    """What old results were compared with."""

    carry_over: dict[str, int]


def reannotate_samples(folders: Sequence[Path], setup: Setup, known: Known, out: Path) -> None:
    """`reannotate` for each folder: one into `out`, several into folders of their names in it.

    Raises:
        FusioncallError: as `reannotate`; or two of the folders have one name.
    """
    if len(folders) == 1:
        reannotate(folders[0], setup, known, out)
        return
    names = [folder.resolve().name for folder in folders]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        what, cure = f"two folders are called {double}", "Renew them one by one"
        raise InputError(what, cure=cure)
    for folder, name in zip(folders, names, strict=True):
        reannotate(folder, setup, known, out / name)


def explain_sample(
    folder: Path, asked: tuple[str, str], reads: ReadFiles | Path | None, setup: Setup
) -> Iterator[str]:
    """Why a fusion was called or not, as lines of text.

    Args:
        folder: the results of a sample.
        asked: two gene symbols, or two breakpoints (1-based).
        reads: of the sample; without them only those of `evidence.bam` are looked at.
        setup: reference and threads; the settings are those of the calls.

    Raises:
        InputError: a file cannot be read, is not of this sample, or the question has no sense.
    """
    made, setup = _made(folder, setup)
    question = ask(*asked, setup.reference)
    answers = read_rows(folder / "verdicts.tsv", VERDICT_COLUMNS)
    molecules = supporting_or_kept(folder, made, reads, setup)
    fragments = tuple(without_adapters(molecules, setup.settings.trim))
    known = () if reads is None else depths(question, fragments, made, setup.reference)
    look = look_for(question, molecules, setup.reference, setup.settings)
    evidence = Evidence(look, reads is not None, known)
    yield from explanation(question, made, answers, evidence, setup.reference)


def cut_testcase(
    folder: Path,
    asked: tuple[str, str],
    unfused_of: ReadFiles | Path | None,
    setup: Setup,
    out: Path,
) -> Case:
    """The molecules of one call of a sample -> a folder of small files without names.

    Args:
        folder: the results of the sample.
        asked: two gene symbols, or two breakpoints (1-based).
        unfused_of: the sample's reads, if its molecules without the fusion are wanted too.
        setup: reference and threads.
        out: the new folder.

    Raises:
        InputError: a file cannot be read, or there is no such call, or several.
        OutputError: the folder is not empty, or cannot be written.
    """
    made, setup = _made(folder, setup)
    call_of = chosen_call(ask(*asked, setup.reference), made, folder / "calls.json")
    molecules = _supporting(folder, made, setup)
    if unfused_of is not None:
        supporting = {each.name for each in molecules}
        kept = supporting_or_kept(folder, made, unfused_of, setup)
        with tempfile.TemporaryDirectory() as work:
            unaligned, aligned = Path(work) / "reads.bam", Path(work) / "aligned.bam"
            others = [each for each in kept if each.name not in supporting]
            if isinstance(unfused_of, Path):
                molecules = (*molecules, *others)
            else:
                write_molecules(unaligned, others, {})
                align(unaligned, setup, aligned)
                more, _ = read_molecules(aligned, setup.reference.contigs, None, setup.threads)
                molecules = (*molecules, *more)
    case = cut_out(call_of, molecules, made, setup.reference, with_unfused=unfused_of is not None)
    write_testcase(out, case, made, setup.reference)
    return case


def supporting_or_kept(
    folder: Path, made: SampleCalls, reads: ReadFiles | Path | None, setup: Setup
) -> tuple[Molecule, ...]:
    """The molecules of `evidence.bam`, or of the reads all that the screen keeps, by their names.

    Raises:
        InputError: the reads are not those that the calls were made of.
    """
    contigs = setup.reference.contigs
    if reads is None:
        return _supporting(folder, made, setup)
    looker = screen_of(setup)
    if isinstance(reads, Path):
        with tempfile.TemporaryDirectory(prefix="fusioncall-") as scratch:
            source = Source(reads, setup.reference.genome_path)
            molecules, _ = looker.bam(source, contigs, Path(scratch))
        inputs = describe_inputs((reads,))
    else:
        molecules = tuple(sorted(looker.fastq(reads), key=lambda each: each.name))
        inputs = looker.inputs
    if {each.sha256 for each in inputs} != {each.sha256 for each in made.census.inputs}:
        what = f"are not the reads of {made.sample}: another checksum than in calls.json"
        names_of = ", ".join(each.name for each in made.census.inputs)
        raise InputError(what, where=inputs[0].name, cure=f"Give {names_of}, all lanes")
    return molecules


def _supporting(folder: Path, made: SampleCalls, setup: Setup) -> tuple[Molecule, ...]:
    """The molecules of `evidence.bam`, all those of the calls among them."""
    evidence = folder / "evidence.bam"
    molecules, _ = read_molecules(evidence, setup.reference.contigs, None, setup.threads)
    _check_evidence(made, molecules, evidence)
    return molecules


def _made(folder: Path, setup: Setup) -> tuple[SampleCalls, Setup]:
    """The calls of a folder, and the setup with their settings."""
    calls = folder / "calls.json"
    made = read_calls(calls)
    check_reference(made, setup, calls)
    return made, replace(setup, settings=made.settings)


def _check_evidence(made: SampleCalls, molecules: Iterable[Molecule], evidence: Path) -> None:
    """Whether a BAM holds the molecules of the calls."""
    wanted = {name for call in made.calls for name in call.fusion.support.names}
    missing = sorted(wanted - {each.name for each in molecules})
    if missing:
        what = f"lacks {len(missing)} molecules of calls.json, {missing[0]} among them"
        raise InputError(what, where=evidence, cure="Give the files of one run, or run anew")
