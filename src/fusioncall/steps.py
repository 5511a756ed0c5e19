"""The steps of a run, from file to file. The workflow calls them one by one, `run` in a row."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
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
from fusioncall.pipeline import call_molecules, unfused_donors, with_unfused_donors
from fusioncall.provenance import provenance_of, settings_digest
from fusioncall.reference import MANIFEST
from fusioncall.report import write_report
from fusioncall.resistance import codon_depths
from fusioncall.results import SampleResults
from fusioncall.screen import ReadFiles, Screen, describe_inputs
from fusioncall.screening import Setup, check_sample_name, screen, screen_of
from fusioncall.status import decide
from fusioncall.writing import RESULTS, write_evidence, write_results

log = logging.getLogger(__name__)

T = TypeVar("T")

CALLS_SCHEMA = 2
"""Version of `calls.json`."""


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
    known = setup.reference.manifest.target_sequence_known
    statuses = (
        decide(target.name, known[target.name], made.calls, made.census, setup.settings)
        for target in setup.reference.targets
    )
    catalogue = known_partners(context, (target.name for target in setup.reference.targets))
    annotated = annotate(made.calls, catalogue, setup.reference)
    has_calls = any(each.call.passed for each in annotated)
    facts = tuple(context_facts(context, has_calls=has_calls))
    return SampleResults(made, annotated, tuple(statuses), facts)


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
        molecules: Iterable[Molecule] = looker.fastq(alignments.reads, is_digested=False)
    else:
        genome = setup.reference.genome_path
        names = frozenset(looker.bam(alignments.bam, genome))
        contigs = setup.reference.contigs
        molecules, _ = read_molecules(alignments.bam, contigs, names, setup.threads, genome)
    fragments = without_adapters(molecules, setup.settings.trim)
    return with_unfused_donors(calls, unfused, fragments, setup.settings)


def _screen_bam(bam: Path, setup: Setup) -> tuple[Census, frozenset[str]]:
    looker = screen_of(setup)
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
