"""The steps of a run, from file to file. The workflow calls them one by one, `run` in a row."""

from __future__ import annotations

import dataclasses
import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from fusioncall import __version__
from fusioncall.adapters import without_adapters
from fusioncall.align import Aligner
from fusioncall.annotate import annotate
from fusioncall.bam import (
    alignment_counts,
    check_contigs,
    open_bam,
    read_molecules,
    write_molecules,
)
from fusioncall.bam_blocks import Source
from fusioncall.carry_over import read_carry_over, with_carry_over
from fusioncall.context import (
    Context,
    context_facts,
    imbalance_sites,
    known_partners,
    resistance_sites,
)
from fusioncall.errors import BundleError, FusioncallError, InputError, OutputError
from fusioncall.failures import check_not_failed
from fusioncall.files import json_bytes, make_folder, sha256, whole_file, write_json
from fusioncall.imbalance import imbalances
from fusioncall.isoforms import with_isoforms
from fusioncall.model import AlignmentCounts, Call, Census, Molecule, SampleCalls
from fusioncall.panel import read_panel_of_normals, with_normals
from fusioncall.pipeline import call_molecules, unfused_donors, with_unfused_donors
from fusioncall.provenance import provenance_of
from fusioncall.reference import MANIFEST
from fusioncall.rejudge import check_same_settings
from fusioncall.report import write_report
from fusioncall.resistance import codon_depths
from fusioncall.results import SampleResults
from fusioncall.screen import ReadFiles, Screen, describe_inputs
from fusioncall.screening import Setup, check_sample_name, screen_of
from fusioncall.status import answers
from fusioncall.trusted import look_of, places_led_to, trusting
from fusioncall.writing import RESULTS, write_evidence, write_results

log = logging.getLogger(__name__)

T = TypeVar("T")

CALLS_SCHEMA = 3
"""Version of `calls.json`."""


@dataclass(frozen=True, slots=True)
class Alignments:
    """The alignments of a sample's molecules.

    Args:
        bam: of the kept molecules, or of a whole sample in any order.
        census: of the screen; without it the BAM is that of a whole sample, and is screened.
        reads: that were screened, to count the unfused molecules of a partner; a BAM of a whole
            sample holds them itself.
        are_trusted: whether of a whole sample only what the index leads to is read, from the target
            genes on.
    """

    bam: Path
    census: Path | None = None
    reads: ReadFiles | None = None
    are_trusted: bool = False


@dataclass(frozen=True, slots=True)
class Called:
    """The files of a sample that its tables and report are made of.

    Args:
        calls: `calls.json`.
        carry_over: of the sample's run; without it nothing was compared with other samples.
    """

    calls: Path
    carry_over: Path | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    """The molecules that touch a target; `reads` are what a second look can be taken at."""

    census: Census
    molecules: tuple[Molecule, ...]
    counts: AlignmentCounts
    reads: ReadFiles | Source | None


def align(reads: Path, setup: Setup, out: Path) -> None:
    """Unaligned BAM -> BAM with the pieces of each read, in the order of the molecules' names.

    Raises:
        InputError: the reads cannot be used.
    """
    align_batch([(reads, out)], setup)


def align_batch(batch: Sequence[tuple[Path, Path]], setup: Setup) -> None:
    """Align several samples with one load of the index; each file is that of `align`.

    A sample that cannot be aligned gets no file, and the others get theirs.

    Args:
        batch: unaligned BAM of each sample, and where to write its alignments.
        setup: reference, thresholds, threads.

    Raises:
        BundleError: the bundle's index does not fit the settings or cannot be loaded.
        InputError: the reads of a sample cannot be used.
        OutputError: a file cannot be written.
    """
    aligner = _aligner(setup)
    failed: list[FusioncallError] = []
    for reads, out in batch:
        try:
            molecules, _ = read_molecules(reads, {}, None, setup.threads)
            with whole_file(out) as temporary:
                aligned = aligner.align(molecules, setup.threads)
                write_molecules(temporary, aligned, setup.reference.contigs)
        except (InputError, OutputError) as error:
            failed.append(error)
        else:
            log.info("%s: %d molecules aligned", reads, len(molecules))
    if len(batch) == 1 and failed:
        raise failed[0]
    if failed:
        told = "; ".join(f"{error.where}: {error.what}" for error in failed)
        what = f"{len(failed)} of {len(batch)} samples could not be aligned: {told}"
        cure = "Mend what is told and align it again; the other samples are done"
        raise InputError(what, cure=cure)


def _aligner(setup: Setup) -> Aligner:
    built_with, wanted = setup.reference.manifest.preset, setup.settings.align.preset
    if built_with != wanted:
        what = f"was built for the preset {built_with}, the settings ask for {wanted}"
        cure = "Build a bundle with these settings, or set align.preset back"
        raise BundleError(what, where=setup.reference.path, cure=cure)
    return Aligner(setup.reference.index_path, setup.settings.align)


def call(
    sample: str,
    alignments: Alignments,
    setup: Setup,
    calls: Path,
    evidence: Path,
) -> None:
    """BAM -> `calls.json` and the BAM of all supporting molecules with its index.

    Args:
        sample: its name.
        alignments: of its molecules.
        setup: reference, thresholds, threads.
        calls: where to write.
        evidence: where to write.

    Raises:
        InputError: the BAM cannot be used or fits another genome.
    """
    check_sample_name(sample)
    kept = _kept(alignments, setup, evidence.parent)
    make_folder(evidence.parent)
    _call_kept(sample, kept, setup, calls, evidence)


def _call_kept(sample: str, kept: _Kept, setup: Setup, calls: Path, evidence: Path) -> None:
    fragments = tuple(without_adapters(kept.molecules, setup.settings.trim))
    found = call_molecules(fragments, setup.reference, setup.settings)
    judged = _with_unfused_donors(found.calls, kept.reads, setup, evidence.parent)
    by_name = {each.name: each for each in fragments}
    recounting = setup.settings.recount
    judged = tuple(with_isoforms(each, by_name, setup.reference, recounting) for each in judged)
    made = dataclasses.replace(
        _no_calls(sample, kept.census, setup),
        alignments=kept.counts,
        molecules=len(kept.molecules),
        proposals=found.proposals,
        normal_splices=found.normal_splices,
        calls=judged,
        codons=codon_depths(fragments, judged, resistance_sites(), setup.reference),
        acceptors=found.acceptors,
        insert_sizes=found.insert_sizes,
    )
    _write_calls(made, kept.molecules, setup, calls, evidence)


def record_failed_call(
    sample: str, census: Census, setup: Setup, calls: Path, evidence: Path
) -> None:
    """What the later steps need of a sample that failed: no molecule, and the census with why."""
    check_sample_name(sample)
    made = _no_calls(sample, census, setup)
    _write_calls(made, (), setup, calls, evidence)


def _no_calls(sample: str, census: Census, setup: Setup) -> SampleCalls:
    return SampleCalls(
        schema=CALLS_SCHEMA,
        sample=sample,
        fusioncall=__version__,
        settings=setup.settings,
        reference=setup.reference.manifest.name,
        reference_sha256=sha256(setup.reference.path / MANIFEST),
        census=census,
        alignments=AlignmentCounts(),
        molecules=0,
        proposals=0,
        normal_splices=0,
        calls=(),
    )


def _write_calls(
    made: SampleCalls, molecules: Iterable[Molecule], setup: Setup, calls: Path, evidence: Path
) -> None:
    """`calls.json`, and the BAM of all supporting molecules with its index."""
    index = evidence.with_name(f"{evidence.name}.bai")
    with (
        whole_file(calls) as calls_part,
        whole_file(index) as index_part,
        whole_file(evidence) as evidence_part,
    ):
        write_evidence(evidence_part, index_part, molecules, made, setup.reference.contigs)
        calls_part.write_bytes(json_bytes(made))


def annotate_sample(called: Called, setup: Setup, context: Context, out: Path) -> None:
    """`calls.json` -> the tables, sequences, `qc.json` and `provenance.json` in a folder.

    Raises:
        InputError: the calls cannot be read, or were made with another reference.
        SettingsError: a catalogue cannot be used.
    """
    results = _results(called, setup, context)
    write_results(out, results, setup.reference, setup.settings)
    provenance = provenance_of(results.made, setup.reference, setup.settings, context)
    write_json(out / "provenance.json", provenance)


def report_sample(
    called: Called, evidence: Path, setup: Setup, context: Context, out: Path
) -> None:
    """`calls.json` and the BAM of the supporting molecules -> `report.html`.

    Raises:
        InputError: a file cannot be read, or was made with another reference.
        SettingsError: a catalogue cannot be used.
    """
    results = _results(called, setup, context)
    molecules, _ = read_molecules(evidence, setup.reference.contigs, None, setup.threads)
    by_name = {each.name: each for each in without_adapters(molecules, setup.settings.trim)}
    provenance = provenance_of(results.made, setup.reference, setup.settings, context)
    write_report(out, results, by_name, setup.reference, setup.settings, provenance)


@contextmanager
def new_results(out: Path) -> Iterator[Path]:
    """A folder for the files of a sample, which take their place in `out` when all are whole."""
    make_folder(out)
    with tempfile.TemporaryDirectory(prefix=".run-", dir=out) as folder:
        yield Path(folder)
        for name in RESULTS:
            (Path(folder) / name).replace(out / name)


def annotate_and_report(
    work: Path, setup: Setup, context: Context, carry_over: Path | None = None
) -> None:
    """The last two steps for a folder that holds `calls.json` and `evidence.bam`.

    Args:
        work: the folder, which takes the results.
        setup: reference, thresholds, threads.
        context: known partners, and the tumour type.
        carry_over: of the sample's run.

    Raises:
        FusioncallError: as `annotate_sample` and `report_sample`.
    """
    called = Called(work / "calls.json", carry_over)
    annotate_sample(called, setup, context, work)
    report_sample(called, work / "evidence.bam", setup, context, work / "report.html")


def run(
    sample: str, reads: ReadFiles | Alignments, setup: Setup, context: Context, out: Path
) -> None:
    """All steps for one sample.

    The files take their place in `out` only when all of them are whole.

    Args:
        sample: its name.
        reads: FASTQ files, or the alignments of a whole sample.
        setup: reference, thresholds, threads.
        context: known partners, and the tumour type.
        out: the sample's folder.

    Raises:
        FusioncallError: an input cannot be used, or the folder cannot be written.
    """
    check_sample_name(sample)
    with new_results(out) as work:
        if isinstance(reads, Alignments):
            kept = _kept(reads, setup, work)
        else:
            kept = _aligned(reads, setup)
        _call_kept(sample, kept, setup, work / "calls.json", work / "evidence.bam")
        annotate_and_report(work, setup, context)


def read_calls(path: Path) -> SampleCalls:
    """Read `calls.json`.

    Raises:
        InputError: it is missing, broken, or of another version.
    """
    called, maker = "calls.json", "fusioncall call"
    header = read_json(path, _Header, called, maker)
    if header.schema != CALLS_SCHEMA:
        what = f"is {called} of version {header.schema}, made by fusioncall {header.fusioncall}"
        cure = f"Use that version for it, or call anew; this one ({__version__}) reads version"
        raise InputError(what, where=path, cure=f"{cure} {CALLS_SCHEMA}")
    return read_json(path, SampleCalls, called, maker)


@dataclass(frozen=True, slots=True)
class _Header:
    """What every version of `calls.json` says of itself."""

    schema: int
    fusioncall: str


def check_reference(made: SampleCalls, setup: Setup, where: Path) -> None:
    """Whether calls were made with the reference that is given.

    Raises:
        InputError: they were made with another one.
    """
    if made.reference_sha256 != sha256(setup.reference.path / MANIFEST):
        what = f"was made with another reference bundle than {setup.reference.path}"
        raise InputError(what, where=where, cure="Give the bundle of the run, or call anew")


def _results(called: Called, setup: Setup, context: Context) -> SampleResults:
    """The calls, compared with the other samples of the run and with what is known."""
    made = read_calls(called.calls)
    check_reference(made, setup, called.calls)
    check_same_settings(made, setup.settings, called.calls)
    catalogue = known_partners(context, (target.name for target in setup.reference.targets))
    if context.normals is not None:
        panel = read_panel_of_normals(context.normals, made.reference_sha256)
        fragments = made.census.fragments
        judged = with_normals(made.calls, fragments, panel, catalogue, setup.settings)
        made = dataclasses.replace(made, calls=judged)
    carry_over = read_carry_over(called.carry_over, made.sample)
    made = dataclasses.replace(made, calls=with_carry_over(made.calls, carry_over))
    annotated = annotate(made.calls, catalogue, setup.reference)
    known = setup.reference.manifest.target_sequence_known
    shares = {target.name: known[target.name] for target in setup.reference.targets}
    statuses = answers(made, annotated, shares, context.taken_assay, setup.settings)
    has_calls = any(each.call.passed for each in annotated)
    facts = tuple(context_facts(context, has_calls=has_calls))
    balance = imbalances(
        made.census,
        setup.reference.kmers,
        setup.reference.targets,
        imbalance_sites(),
        setup.settings.imbalance,
    )
    by_gene = {each.gene: each for each in balance}
    return SampleResults(made, annotated, statuses, facts, by_gene, carry_over)


def _aligned(files: ReadFiles, setup: Setup) -> _Kept:
    """What `screen`, `align` and `call` hand on by files, without these files."""
    aligner = _aligner(setup)
    looker = screen_of(setup)
    screened = sorted(looker.fastq(files), key=lambda each: each.name)
    census = looker.census("fastq", len(screened))
    log.info("%d of %d molecules touch a target", len(screened), census.fragments)
    molecules = tuple(aligner.align(screened, setup.threads))
    return _Kept(census, molecules, alignment_counts(molecules), files)


def _with_unfused_donors(
    calls: tuple[Call, ...], reads: ReadFiles | Source | None, setup: Setup, folder: Path
) -> tuple[Call, ...]:
    """The calls with the unfused molecules of their partners, from a second look at the reads."""
    if reads is None or not any(call.passed for call in calls):
        return calls
    unfused = unfused_donors(calls, setup.reference, setup.settings)
    table = unfused.kmers(setup.reference.kmers.kmer_bp)
    looker = Screen(table, 1, setup.settings.screen, setup.threads)
    if isinstance(reads, ReadFiles):
        molecules: Iterable[Molecule] = looker.fastq(reads, is_digested=False)
    else:
        molecules, _ = looker.bam(reads, setup.reference.contigs, folder)
    fragments = without_adapters(molecules, setup.settings.trim)
    return with_unfused_donors(calls, unfused, fragments, setup.settings)


def _kept(alignments: Alignments, setup: Setup, folder: Path) -> _Kept:
    """The molecules that touch a target, from the screen's BAM or that of a whole sample."""
    bam, genome, contigs = alignments.bam, setup.reference.genome_path, setup.reference.contigs
    with open_bam(bam, 1, genome) as opened:
        check_not_failed(opened)
        check_contigs(bam, dict(zip(opened.references, opened.lengths, strict=True)), contigs)
    kept = _gathered(alignments, setup, folder)
    strange = kept.counts.unknown_contig
    if strange:
        log.warning("%d alignments lie on contigs unknown to the reference", strange)
    return kept


def _gathered(alignments: Alignments, setup: Setup, folder: Path) -> _Kept:
    bam, genome, contigs = alignments.bam, setup.reference.genome_path, setup.reference.contigs
    if alignments.census is not None:
        seen = read_json(alignments.census, Census, "census of the screen", "fusioncall screen")
        molecules, counts = read_molecules(bam, contigs, None, setup.threads, genome)
        return _Kept(seen, molecules, counts, alignments.reads)
    make_folder(folder)
    looker = screen_of(setup)
    if alignments.are_trusted:
        margin_bp = setup.settings.screen.trusted_margin_bp
        look = look_of(bam, setup.reference.targets, margin_bp, genome)
        first, _ = screen_of(setup).bam(Source(bam, genome, look.regions), contigs, folder)
        source = Source(bam, genome, (*look.regions, *places_led_to(look, first)))
        molecules, counts = looker.bam(source, contigs, folder)
        seen = trusting(looker.census("bam", len(molecules), ()), look, bam)
        log.info("%d molecules touch a target; only parts of the BAM were read", len(molecules))
        return _Kept(seen, molecules, counts, source)
    source = Source(bam, genome)
    molecules, counts = looker.bam(source, contigs, folder)
    seen = looker.census("bam", len(molecules), describe_inputs((bam,)))
    if not seen.bases:
        what = "holds no reads"
        raise InputError(what, where=bam, cure="Give the BAM of a sequenced sample")
    log.info("%d of %d molecules touch a target", len(molecules), seen.fragments)
    return _Kept(seen, molecules, counts, source)


def read_json(path: Path, kind: type[T], called: str, maker: str) -> T:
    """A record that an earlier step wrote; `called` and `maker` name it and the step."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise InputError(what, where=path, cure="Check the path") from error
    except msgspec.MsgspecError as error:
        cure = f"Make it with this version: {maker}"
        raise InputError(f"is no {called}: {error}", where=path, cure=cure) from error
