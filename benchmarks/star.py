"""The same reads through STAR and the BAM route: are the junctions and counts those of FASTQ?

STAR aligns each pair by itself, so the reads of all samples go through it in one run.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pysam
from benchmarks.common import Bench, Place, fastq, place_of
from benchmarks.planted import Shape
from benchmarks.recall import Series, molecules_of

from fusioncall.adapters import without_adapters
from fusioncall.bam_blocks import Source
from fusioncall.evaluate import Proportion
from fusioncall.model import Call, Molecule
from fusioncall.pipeline import call_molecules
from fusioncall.resources import resource_path
from fusioncall.screen import Screen

PARAMETERS = resource_path("star.params")
"""Chimeric alignment as Arriba recommends it, in STAR's own form."""

Counts = dict[Place, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Sample:
    """Reads of one planted junction; all names begin with the sample's."""

    name: str
    text: str
    exact: frozenset[Place]
    molecules: tuple[Molecule, ...]


@dataclass(frozen=True, slots=True)
class StarResult:
    """How the two routes compare, over passing calls."""

    samples: int
    same_counts: Proportion
    same_junctions: Proportion
    exact_fastq: Proportion
    exact_star: Proportion
    differences: tuple[str, ...]


def is_installed() -> bool:
    """Whether STAR can be run."""
    return shutil.which("STAR") is not None


def samples_of(series: Iterable[Series], sizes: Sequence[int], count: int) -> list[Sample]:
    """Samples of `count` junctions of each series, with so many molecules each."""
    samples: list[Sample] = []
    for each in series:
        for case in each.cases[:: max(1, len(each.cases) // count)][:count]:
            molecules = molecules_of(each, case)
            for size in sizes:
                name = f"S{len(samples):04d}"
                renamed = tuple(replace(one, name=f"{name}:{one.name}") for one in molecules[:size])
                text = f"{each.name}: {case.text}, {size} molecules"
                samples.append(Sample(name, text, case.exact, renamed))
    return samples


def compare(bench: Bench, samples: Sequence[Sample], folder: Path, threads: int) -> StarResult:
    """Run both routes on all samples."""
    files = write_fastq(samples, folder)
    bams = split_by_sample(aligned(bench, files, folder, threads), folder)
    same = junctions = exact_fastq = exact_star = 0
    differences = []
    for sample in samples:
        one = _counts(bench.calls(sample.molecules))
        bam = bams.get(sample.name)
        other = _counts(_bam_calls(bench, bam)) if bam else {}
        same += one == other
        junctions += set(one) == set(other)
        exact_fastq += bool(set(one) & sample.exact)
        exact_star += bool(set(other) & sample.exact)
        if one != other:
            differences.append(f"{sample.text}: FASTQ {_told(one)}, STAR {_told(other)}")
    whole = len(samples)
    return StarResult(
        whole,
        Proportion(same, whole),
        Proportion(junctions, whole),
        Proportion(exact_fastq, whole),
        Proportion(exact_star, whole),
        tuple(differences),
    )


def _counts(calls: Iterable[Call]) -> Counts:
    return {
        place_of(call): (
            call.fusion.support.split_molecules,
            call.fusion.support.spanning_molecules,
        )
        for call in calls
        if call.passed
    }


def _told(counts: Counts) -> str:
    words = [
        f"{place.breakpoint5} {place.breakpoint3} {place.inserted}".strip() + f" {split}+{spanning}"
        for place, (split, spanning) in sorted(counts.items())
    ]
    return "; ".join(words) or "nothing"


def write_fastq(samples: Iterable[Sample], folder: Path) -> tuple[Path, Path]:
    """All reads of all samples in two files."""
    molecules = [each for sample in samples for each in sample.molecules]
    paths = folder / "all_1.fq", folder / "all_2.fq"
    for mate, path in enumerate(paths):
        path.write_text("".join(fastq(molecules, mate)), encoding="ascii")
    return paths


def aligned(bench: Bench, files: Sequence[Path], folder: Path, threads: int) -> Path:
    """The BAM that STAR makes of these reads, with an index made for them."""
    fasta, gtf = write_genome(bench, folder)
    index = folder / "index"
    _run(
        f"STAR --runMode genomeGenerate --genomeDir {index} --genomeFastaFiles {fasta}"
        f" --sjdbGTFfile {gtf} --sjdbOverhang 100 --genomeSAindexNbases 8"
        f" --runThreadN {threads} --outFileNamePrefix {folder}/index_"
    )
    _run(
        f"STAR --genomeDir {index} --readFilesIn {files[0]} {files[1]}"
        f" --parametersFiles {PARAMETERS} --runThreadN {threads} --outFileNamePrefix {folder}/"
    )
    return folder / "Aligned.out.bam"


def write_genome(bench: Bench, folder: Path) -> tuple[Path, Path]:
    """FASTA and GTF of the world, not compressed."""
    fasta, gtf = folder / "genome.fa", folder / "genes.gtf"
    for packed, plain in ((bench.inputs.fasta, fasta), (bench.inputs.gtf, gtf)):
        plain.write_bytes(gzip.decompress(packed.read_bytes()))
    return fasta, gtf


def truth_lines(samples: Iterable[Sample]) -> Iterator[str]:
    """Sample, what was planted, and the exact places, one row per sample."""
    yield "sample\tplanted\tbreakpoint5\tbreakpoint3\tinserted\n"
    for sample in samples:
        place = min(sample.exact, key=lambda each: len(each.inserted))
        cells = (sample.name, sample.text, place.breakpoint5, place.breakpoint3)
        yield "\t".join((*cells, place.inserted or ".")) + "\n"


def _run(line: str) -> None:
    subprocess.run(line.split(), check=True, capture_output=True)


def split_by_sample(bam: Path, folder: Path) -> dict[str, Path]:
    """One BAM per sample."""
    records: dict[str, list[pysam.AlignedSegment]] = defaultdict(list)
    paths = {}
    with pysam.AlignmentFile(str(bam)) as alignments:
        for record in alignments:
            records[(record.query_name or "").partition(":")[0]].append(record)
        for name, group in records.items():
            paths[name] = folder / f"{name}.bam"
            with pysam.AlignmentFile(str(paths[name]), "wb", template=alignments) as out:
                for record in group:
                    out.write(record)
    return paths


def _bam_calls(bench: Bench, bam: Path) -> tuple[Call, ...]:
    """As `fusioncall run` calls the BAM of a whole sample."""
    reference, settings = bench.reference, bench.settings
    screen = Screen(reference.kmers, len(reference.targets), settings.screen, 1)
    molecules, _ = screen.bam(Source(bam), reference.contigs, bam.parent)
    fragments = list(without_adapters(molecules, settings.trim))
    return call_molecules(fragments, reference, settings).calls


def wanted(series: Iterable[Series]) -> list[Series]:
    """The series whose junctions STAR gets too: plain ones and the other shapes, 2x75 and 2x101."""
    shapes = {f"{shape.value}, 2x75" for shape in Shape}
    return [
        each
        for each in series
        if (each.table == "grid" and each.name in {"2x75", "2x101"}) or each.name in shapes
    ]
