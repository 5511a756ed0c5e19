"""The steps of a run, from file to file. The workflow calls them one by one, `run` in a row."""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import msgspec

from fusioncall import __version__
from fusioncall.adapters import without_adapters
from fusioncall.align import Aligner
from fusioncall.annotate import annotate
from fusioncall.bam import (
    check_contigs,
    open_bam,
    read_molecules,
    write_molecules,
)
from fusioncall.context import Context, context_facts, known_partners, resistance_sites
from fusioncall.errors import BundleError, InputError
from fusioncall.files import json_bytes, make_folder, sha256, whole_file, write_json
from fusioncall.model import Call, Census, Molecule, SampleCalls
from fusioncall.panel import read_panel_of_normals, with_normals
from fusioncall.pipeline import call_molecules, unfused_donors, with_unfused_donors
from fusioncall.provenance import provenance_of, settings_digest
from fusioncall.reference import MANIFEST, Reference
from fusioncall.report import write_report
from fusioncall.resistance import codon_depths
from fusioncall.results import SampleResults
from fusioncall.screen import ReadFiles, Screen, describe_inputs
from fusioncall.settings import Settings
from fusioncall.status import answers
from fusioncall.writing import RESULTS, write_evidence, write_results

log = logging.getLogger(__name__)

T = TypeVar("T")

CALLS_SCHEMA = 2
"""Version of `calls.json`."""

_SAMPLE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class Alignments:
    """The alignments of a sample's molecules.

    Args:
        bam: of the kept molecules, or of a whole sample in any order.
        census: of the screen; without it the BAM is that of a whole sample, and is screened.
        reads: that were screened, to count the unfused molecules of a partner; a BAM of a whole
            sample holds them itself.
    """

    bam: Path
    census: Path | None = None
    reads: ReadFiles | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """What every step needs: the open reference, all thresholds, and how many threads."""

    reference: Reference
    settings: Settings
    threads: int


def check_sample_name(name: str) -> str:
    """The name, if files and tables can carry it.

    Raises:
        InputError: it holds anything but letters, digits, dot, underscore and hyphen.
    """
    if not _SAMPLE_NAME.fullmatch(name):
        what = f"the sample name {name!r} holds other characters than letters, digits, . _ -"
        raise InputError(what, cure="Rename the sample; begin with a letter or digit")
    return name


def screen(files: ReadFiles, setup: Setup, reads: Path, census: Path) -> None:
    """FASTQ -> unaligned BAM of the kept molecules, and the census of all.

    Raises:
        InputError: a file cannot be used.
    """
    looker = _screen(setup)
    kept = 0

    def count(molecules: Iterable[Molecule]) -> Iterable[Molecule]:
        nonlocal kept
        for molecule in molecules:
            kept += 1
            yield molecule

    with whole_file(census) as census_part, whole_file(reads) as reads_part:
        write_molecules(reads_part, count(looker.fastq(files)), {})
        seen = looker.census("fastq", kept)
        census_part.write_bytes(json_bytes(seen))
    log.info("%d of %d molecules touch a target", kept, seen.fragments)


def align(reads: Path, setup: Setup, out: Path) -> None:
    """Unaligned BAM -> BAM with the pieces of each read, in the order of the molecules' names.

    Raises:
        InputError: the reads cannot be used.
    """
    built_with, wanted = setup.reference.manifest.preset, setup.settings.align.preset
    if built_with != wanted:
        what = f"was built for the preset {built_with}, the settings ask for {wanted}"
        cure = "Build a bundle with these settings, or set align.preset back"
        raise BundleError(what, where=setup.reference.path, cure=cure)
    molecules, _ = read_molecules(reads, {}, None, setup.threads)
    aligner = Aligner(setup.reference.index_path, setup.settings.align)
    with whole_file(out) as temporary:
        aligned = aligner.align(molecules, setup.threads)
        write_molecules(temporary, aligned, setup.reference.contigs)
    log.info("%d molecules aligned", len(molecules))


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
    bam, census = alignments.bam, alignments.census
    contigs = setup.reference.contigs
    genome = setup.reference.genome_path
    with open_bam(bam, 1, genome) as opened:
        lengths = dict(zip(opened.references, opened.lengths, strict=True))
    check_contigs(bam, lengths, contigs)
    if census is None:
        seen, names = _screen_bam(bam, setup)
    else:
        seen, names = _read_json(census, Census, "census of the screen", "fusioncall screen"), None
    molecules, counts = read_molecules(bam, contigs, names, setup.threads, genome)
    if counts.unknown_contig:
        log.warning("%d alignments lie on contigs unknown to the reference", counts.unknown_contig)
    fragments = tuple(without_adapters(molecules, setup.settings.trim))
    found = call_molecules(fragments, setup.reference, setup.settings)
    judged = _with_unfused_donors(found.calls, alignments, setup)
    made = SampleCalls(
        schema=CALLS_SCHEMA,
        sample=sample,
        fusioncall=__version__,
        settings_sha256=settings_digest(setup.settings),
        reference=setup.reference.manifest.name,
        reference_sha256=sha256(setup.reference.path / MANIFEST),
        census=seen,
        alignments=counts,
        molecules=len(molecules),
        proposals=found.proposals,
        normal_splices=found.normal_splices,
        calls=judged,
        codons=codon_depths(fragments, judged, resistance_sites(), setup.reference),
        acceptors=found.acceptors,
        insert_sizes=found.insert_sizes,
    )
    index = evidence.with_name(f"{evidence.name}.bai")
    with (
        whole_file(calls) as calls_part,
        whole_file(index) as index_part,
        whole_file(evidence) as evidence_part,
    ):
        write_evidence(evidence_part, index_part, molecules, made, contigs)
        calls_part.write_bytes(json_bytes(made))


def annotate_sample(calls: Path, setup: Setup, context: Context, out: Path) -> None:
    """`calls.json` -> the tables, sequences, `qc.json` and `provenance.json` in a folder.

    Raises:
        InputError: the calls cannot be read, or were made with another reference.
        SettingsError: a catalogue cannot be used.
    """
    results = _results(calls, setup, context)
    write_results(out, results, setup.reference, setup.settings)
    provenance = provenance_of(results.made, setup.reference, setup.settings, context)
    write_json(out / "provenance.json", provenance)


def report_sample(calls: Path, evidence: Path, setup: Setup, context: Context, out: Path) -> None:
    """`calls.json` and the BAM of the supporting molecules -> `report.html`.

    Raises:
        InputError: a file cannot be read, or was made with another reference.
        SettingsError: a catalogue cannot be used.
    """
    results = _results(calls, setup, context)
    molecules, _ = read_molecules(evidence, setup.reference.contigs, None, setup.threads)
    by_name = {each.name: each for each in without_adapters(molecules, setup.settings.trim)}
    provenance = provenance_of(results.made, setup.reference, setup.settings, context)
    write_report(out, results, by_name, setup.reference, setup.settings, provenance)


def run(sample: str, reads: ReadFiles | Path, setup: Setup, context: Context, out: Path) -> None:
    """All steps for one sample.

    The files take their place in `out` only when all of them are whole.

    Args:
        sample: its name.
        reads: FASTQ files, or the BAM of a whole sample.
        setup: reference, thresholds, threads.
        context: known partners, and the tumour type.
        out: the sample's folder.

    Raises:
        FusioncallError: an input cannot be used, or the folder cannot be written.
    """
    check_sample_name(sample)
    make_folder(out)
    with tempfile.TemporaryDirectory(prefix=".run-", dir=out) as folder:
        work = Path(folder)
        call(
            sample,
            _aligned(reads, setup, work),
            setup,
            work / "calls.json",
            work / "evidence.bam",
        )
        annotate_sample(work / "calls.json", setup, context, work)
        report = work / "report.html"
        report_sample(work / "calls.json", work / "evidence.bam", setup, context, report)
        for name in RESULTS:
            (work / name).replace(out / name)


def read_calls(path: Path) -> SampleCalls:
    """Read `calls.json`.

    Raises:
        InputError: it is missing, broken, or of another version.
    """
    return _read_json(path, SampleCalls, "calls.json", "fusioncall call")


def _results(calls: Path, setup: Setup, context: Context) -> SampleResults:
    """The calls, compared with what is known."""
    made = read_calls(calls)
    if made.reference_sha256 != sha256(setup.reference.path / MANIFEST):
        what = f"was made with another reference bundle than {setup.reference.path}"
        raise InputError(what, where=calls, cure="Give the bundle of the run, or call anew")
    settings = setup.settings
    catalogue = known_partners(context, (target.name for target in setup.reference.targets))
    if context.normals is not None:
        panel = read_panel_of_normals(context.normals, made.reference_sha256)
        fragments = made.census.fragments
        judged = with_normals(made.calls, fragments, panel, catalogue, settings)
        made = replace(made, calls=judged)
    annotated = annotate(made.calls, catalogue, setup.reference)
    known = setup.reference.manifest.target_sequence_known
    shares = {target.name: known[target.name] for target in setup.reference.targets}
    statuses = answers(made, annotated, shares, context.assay, settings)
    has_calls = any(each.call.passed for each in annotated)
    facts = tuple(context_facts(context, has_calls=has_calls))
    return SampleResults(made, annotated, statuses, facts)


def _aligned(reads: ReadFiles | Path, setup: Setup, work: Path) -> Alignments:
    """The alignments of a sample and the census, which a BAM of the user's has not yet."""
    if isinstance(reads, Path):
        return Alignments(reads)
    screen(reads, setup, work / "screened.bam", work / "census.json")
    align(work / "screened.bam", setup, work / "aligned.bam")
    return Alignments(work / "aligned.bam", work / "census.json", reads)


def _with_unfused_donors(
    calls: tuple[Call, ...], alignments: Alignments, setup: Setup
) -> tuple[Call, ...]:
    """The calls with the unfused molecules of their partners, from a second look at the reads."""
    is_known = alignments.census is None or alignments.reads is not None
    if not is_known or not any(call.passed for call in calls):
        return calls
    unfused = unfused_donors(calls, setup.reference, setup.settings)
    table = unfused.kmers(setup.reference.kmers.kmer_bp)
    looker = Screen(table, 1, setup.settings.screen, setup.threads)
    if alignments.reads is not None:
        molecules: Iterable[Molecule] = looker.fastq(alignments.reads)
    else:
        genome = setup.reference.genome_path
        names = frozenset(looker.bam(alignments.bam, genome))
        contigs = setup.reference.contigs
        molecules, _ = read_molecules(alignments.bam, contigs, names, setup.threads, genome)
    fragments = without_adapters(molecules, setup.settings.trim)
    return with_unfused_donors(calls, unfused, fragments, setup.settings)


def _screen(setup: Setup) -> Screen:
    targets = len(setup.reference.targets)
    return Screen(setup.reference.kmers, targets, setup.settings.screen, setup.threads)


def _screen_bam(bam: Path, setup: Setup) -> tuple[Census, frozenset[str]]:
    looker = _screen(setup)
    names = frozenset(looker.bam(bam, setup.reference.genome_path))
    seen = looker.census("bam", len(names), describe_inputs((bam,)))
    if not seen.bases:
        what = "holds no reads"
        raise InputError(what, where=bam, cure="Give the BAM of a sequenced sample")
    log.info("%d of %d molecules touch a target", len(names), seen.fragments)
    return seen, names


def _read_json(path: Path, kind: type[T], called: str, maker: str) -> T:
    """A record that an earlier step wrote; `called` and `maker` name it and the step."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise InputError(what, where=path, cure="Check the path") from error
    except msgspec.MsgspecError as error:
        cure = f"Make it with this version: {maker}"
        raise InputError(f"is no {called}: {error}", where=path, cure=cure) from error
