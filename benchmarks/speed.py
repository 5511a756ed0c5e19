"""Measure time and memory, and write docs/speed.md.

python -m benchmarks.speed                         2 million pairs, growth up to 5 million
python -m benchmarks.speed --pairs 20 --growth 1,2,5,10,20   as large as the disk allows
python -m benchmarks.speed --quick                 a look at it, to standard output

Everything is compared with what other programs need for the same files on the same machine in the
same minutes, as ratios of medians, so that the numbers hold for other machines too. Programs that
are not installed are left out.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pysam
from benchmarks.common import default_settings

from fusioncall.bundle import BundleInputs, build_bundle
from fusioncall.resources import resource_path
from fusioncall.sequence import reverse_complement
from fusioncall.world import build_world
from fusioncall.world_files import ContigNames, Dialect, write_annotation, write_genome

CHECKOUT = Path(__file__).parents[1]
READ_BP = 100
_CHUNK = 50_000
_EXTRA_BP = 5_000_000
_TARGET_SHARE = 0.002
_QUALITIES = np.frombuffer(b"F:,#", dtype=np.uint8)
_BASES = np.frombuffer(b"ACGT", dtype=np.uint8)
_STAR = (
    "--outSAMtype BAM Unsorted --outSAMunmapped Within --outFilterMultimapNmax 50"
    " --peOverlapNbasesMin 10 --alignSplicedMateMapLminOverLmate 0.5"
    " --alignSJstitchMismatchNmax 5 -1 5 5 --chimSegmentMin 10 --chimOutType WithinBAM HardClip"
    " --chimJunctionOverhangMin 10 --chimScoreDropMax 30 --chimScoreJunctionNonGTAG 0"
    " --chimScoreSeparation 1 --chimSegmentReadGapMax 3 --chimMultimapNmax 50"
)
"""Options that the authors of Arriba recommend."""


_WATCH = """
import os, sys, time
start = time.perf_counter()
child = os.posix_spawn("/bin/sh", ["sh", "-c", sys.argv[1] + " >&2"], os.environ)
_, status, used = os.wait4(child, 0)
wall = time.perf_counter() - start
print(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A small process that starts a command: the peak memory of a child is never below its parent's."""


_BOUNDS = (
    "The start of Python, numba and the bundle takes 0.7 to 0.8 s of CPU, as much as 2 million"
    " pairs need to be decompressed; the growth shows what each further pair costs. On a machine"
    " that is busy otherwise the wall time follows the CPU time. Of the screen's own work on a"
    " pair about a quarter each is finding and checking the records, the look for words, the look"
    " at the ends, and the SHA-256 of the files for `provenance.json`; kept molecules cost most"
    " each, as only they become objects. With more cores the decompression of one file, which"
    " nothing can divide, is the limit."
)


_BAM = (
    "The rest is what a BAM costs beside being read: the start, and the calls. A sample with a call"
    " is read once more, for the unfused molecules of the partner.\n"
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command needed: the median of some runs."""

    wall: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Files:
    """What is measured on."""

    folder: Path

    @property
    def bundle(self) -> Path:
        """The reference bundle."""
        return self.folder / "bundle"

    def fastq(self, millions: float) -> tuple[Path, Path]:
        """The two files of so many million pairs."""
        first, second = (self.folder / f"{millions:g}M_{mate}.fq.gz" for mate in (1, 2))
        return first, second


def measure(command: str, runs: int) -> Cost:
    """Run a shell command some times; its children count with it."""
    costs = []
    for _ in range(runs):
        done = subprocess.run(
            [sys.executable, "-S", "-c", _WATCH, command],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{command}\n{done.stderr}")
        costs.append([float(word) for word in done.stdout.split()])
    return Cost(*(statistics.median(each) for each in zip(*costs, strict=True)))


def prepare(folder: Path, sizes: Sequence[float]) -> Files:
    """Genome, bundle and reads."""
    files = Files(folder)
    world = build_world()
    random = np.random.default_rng(5)
    extra = _BASES[random.integers(0, 4, _EXTRA_BP)]
    fasta, gtf = folder / "genome.fa", folder / "genes.gtf.gz"
    write_genome(world, folder / "world.fa.gz", ContigNames.CHR)
    with pysam.BGZFile(str(folder / "world.fa.gz"), "rb", None) as packed, fasta.open("wb") as out:
        shutil.copyfileobj(packed, out)
        out.write(b">extra\n" + extra.tobytes() + b"\n")
    write_annotation(world, gtf, Dialect.GENCODE)
    controls, targets = resource_path("control_genes.tsv"), resource_path("targets.yaml")
    inputs = BundleInputs(fasta=fasta, gtf=gtf, targets=targets, controls=controls, name="speed")
    build_bundle(inputs, files.bundle, default_settings(), 2)
    wanted = [world.sequence(each) for each in world.transcripts if each.role == "target"]
    baits = np.frombuffer("".join(wanted).encode(), dtype=np.uint8)
    for size in sizes:
        _write_reads(files.fastq(size), int(size * 1_000_000), extra, baits)
    return files


def _write_reads(
    paths: tuple[Path, Path], pairs: int, extra: npt.NDArray[np.uint8], baits: npt.NDArray[np.uint8]
) -> None:
    with ExitStack() as stack:
        streams = []
        for path in paths:
            out = stack.enter_context(path.open("wb"))
            packer = subprocess.Popen(["gzip", "-6"], stdin=subprocess.PIPE, stdout=out)
            stack.callback(packer.wait)
            assert packer.stdin is not None
            streams.append(stack.enter_context(packer.stdin))
        for first, second in _chunks(pairs, extra, baits):
            streams[0].write(first)
            streams[1].write(second)


def _chunks(
    pairs: int, extra: npt.NDArray[np.uint8], baits: npt.NDArray[np.uint8]
) -> Iterator[tuple[bytes, bytes]]:
    """FASTQ of both mates, of genes with very different expression, with binned qualities."""
    random = np.random.default_rng(pairs)
    genes = extra.size // 2000
    weights = random.lognormal(0, 2.2, genes)
    text = np.concatenate([extra, baits])
    turned = np.frombuffer(reverse_complement(text.tobytes().decode()).encode(), dtype=np.uint8)
    for done in range(0, pairs, _CHUNK):
        size = min(_CHUNK, pairs - done)
        starts = random.choice(genes, size, p=weights / weights.sum()) * 2000
        starts += random.integers(0, 1600, size)
        of_target = random.random(size) < _TARGET_SHARE
        starts[of_target] = extra.size + random.integers(0, baits.size - 400, of_target.sum())
        spans = random.integers(150, 350, size)
        along = np.arange(READ_BP)
        mates = [text[starts[:, None] + along]]
        mates.append(turned[(text.size - starts - spans)[:, None] + along])
        names = _names(done, size, random)
        yield _fastq(names, mates[0], 1, random), _fastq(names, mates[1], 2, random)


def _names(done: int, size: int, random: np.random.Generator) -> list[str]:
    places = random.integers(1000, 33000, (size, 2)).tolist()
    return [f"A00123:45:HXXXXDSXX:1:{1101 + done // _CHUNK}:{x}:{y}" for x, y in places]


def _fastq(
    names: list[str], bases: npt.NDArray[np.uint8], mate: int, random: np.random.Generator
) -> bytes:
    wrong = random.random(bases.shape) < 0.003
    bases[wrong] = _BASES[random.integers(0, 4, wrong.sum())]
    level = random.random(bases.shape)
    quality = _QUALITIES[(level < 0.05).astype(np.int8) + (level < 0.015)]
    texts, marks = bases.tobytes().decode(), quality.tobytes().decode()
    return "".join(
        f"@{name} {mate}:N:0:ACGTACGT\n{texts[at : at + READ_BP]}\n+\n{marks[at : at + READ_BP]}\n"
        for name, at in zip(names, range(0, len(texts), READ_BP), strict=True)
    ).encode()


def screen_command(files: Files, millions: float, threads: int) -> str:
    """The screen of so many million pairs."""
    first, second = files.fastq(millions)
    return (
        f"{_fusioncall()} --quiet screen --sample S --fastq1 {first} --fastq2 {second}"
        f" --reference {files.bundle} --out {files.folder}/kept.bam"
        f" --census {files.folder}/census.json --threads {threads}"
    )


def run_command(files: Files, millions: float) -> str:
    """FASTQ to calls."""
    first, second = files.fastq(millions)
    return (
        f"{_fusioncall()} --quiet run --sample S --fastq1 {first} --fastq2 {second}"
        f" --reference {files.bundle} --out {files.folder}/run --threads 2"
    )


def _fusioncall() -> str:
    return f"{shlex.quote(sys.executable)} -m fusioncall"


def decompression(files: Files, millions: float, runs: int) -> Iterator[str]:
    """The screen against programs that do nothing but decompress."""
    first, second = files.fastq(millions)
    screens = {n: measure(screen_command(files, millions, n), runs) for n in (1, 2)}
    yield f"### {millions:g} million pairs of 2 x {READ_BP}\n"
    yield (
        "| command | wall s | CPU s | peak MB"
        " | screen, 1 thread: wall, CPU | screen, 2 threads: wall, CPU |"
    )
    yield "| --- | --- | --- | --- | --- | --- |"
    for tool in ("igzip", "gzip"):
        if shutil.which(tool) is None:
            continue
        together = f"{tool} -dc {first} >/dev/null & {tool} -dc {second} >/dev/null & wait"
        other = measure(together, runs)
        yield (
            f"| `{tool} -dc`, both files at once | {_cells(other)}"
            f" | {_ratio(screens[1], other)} | {_ratio(screens[2], other)} |"
        )
    for threads, cost in screens.items():
        yield f"| screen, {threads} thread{'s' * (threads > 1)} | {_cells(cost)} | | |"
    yield ""


def growth(files: Files, sizes: Sequence[float], runs: int) -> Iterator[str]:
    """Time and memory of the screen by the number of pairs."""
    yield "| million pairs | wall s | CPU s | peak MB |"
    yield "| --- | --- | --- | --- |"
    for size in sizes:
        yield f"| {size:g} | {_cells(measure(screen_command(files, size, 2), runs))} |"
    yield ""


def whole_run(files: Files, millions: float, runs: int) -> Iterator[str]:
    """FASTQ to calls, beside STAR."""
    own = measure(run_command(files, millions), runs)
    yield "| command | wall s | CPU s | peak MB | CPU of STAR / own |"
    yield "| --- | --- | --- | --- | --- |"
    yield f"| FASTQ to calls, 2 threads | {_cells(own)} | |"
    if shutil.which("STAR"):
        index, out = files.folder / "star", files.folder / "star-out"
        make = (
            f"STAR --runMode genomeGenerate --genomeDir {index} --genomeSAindexNbases 10"
            f" --genomeFastaFiles {files.folder}/genome.fa --outTmpDir {files.folder}/tmp1"
            f" --outFileNamePrefix {out}/"
        )
        subprocess.run(f"mkdir -p {out} && {make}", shell=True, check=True, capture_output=True)
        first, second = files.fastq(millions)
        star = measure(
            f"rm -rf {files.folder}/tmp2; STAR --runThreadN 2 --genomeDir {index} --readFilesIn"
            f" {first} {second} --readFilesCommand 'gzip -dc' --outFileNamePrefix {out}/"
            f" --outTmpDir {files.folder}/tmp2 {_STAR}",
            1,
        )
        yield f"| STAR with Arriba's options, one run | {_cells(star)} | {star.cpu / own.cpu:.1f} |"
    yield ""


def bam(files: Files, runs: int) -> Iterator[str]:
    """STAR's BAM of the whole sample to calls, beside a count of its records."""
    grouped = files.folder / "star-out" / "Aligned.out.bam"
    if not grouped.exists() or shutil.which("samtools") is None:
        return
    by_place, kept, names = (files.folder / name for name in ("s.bam", "k.bam", "names.txt"))
    pysam.sort("-o", str(by_place), str(grouped))
    pysam.index(str(by_place))
    with pysam.AlignmentFile(str(files.folder / "kept.bam"), check_sq=False) as screened:
        lines = {f"{record.query_name}\n" for record in screened.fetch(until_eof=True)}
    names.write_text("".join(sorted(lines)), encoding="ascii")
    pysam.view("-b", "-N", str(names), "-o", str(kept), str(by_place), catch_stdout=False)
    other = measure(f"samtools view -c {by_place}", runs)
    rest = measure(_call_command(files, kept), runs)
    yield "| command | wall s | CPU s | peak MB | CPU without the rest / `samtools view -c` |"
    yield "| --- | --- | --- | --- | --- |"
    yield f"| `samtools view -c` | {_cells(other)} | |"
    yield f"| the rest: `call` of the kept molecules alone | {_cells(rest)} | |"
    for word, path, option in (
        ("sorted by coordinate", by_place, ""),
        ("as STAR wrote it", grouped, ""),
        ("sorted by coordinate, `--trust-alignment`", by_place, "--trust-alignment"),
    ):
        own = measure(f"{_call_command(files, path)} {option}", runs)
        ratio = (own.cpu - rest.cpu) / other.cpu
        yield f"| `call`, 2 threads, {word} | {_cells(own)} | {ratio:.1f} |"
    yield ""


def _call_command(files: Files, path: Path) -> str:
    return (
        f"{_fusioncall()} --quiet call --sample S --bam {path} --reference {files.bundle}"
        f" --calls {files.folder}/c.json --evidence {files.folder}/e.bam --threads 2"
    )


def _cells(cost: Cost) -> str:
    return f"{cost.wall:.2f} | {cost.cpu:.2f} | {cost.peak_mb:.0f}"


def _ratio(own: Cost, other: Cost) -> str:
    return f"{own.wall / other.wall:.2f}x, {own.cpu / other.cpu:.2f}x"


def page(files: Files, millions: float, sizes: Sequence[float], runs: int) -> str:
    """docs/speed.md."""
    about = (
        f"`make bench` writes this page. Every number is the median of {runs} runs; ratios compare"
        f" commands that ran on the same files in the same minutes, on {os.cpu_count()} cores."
        " CPU is user and system time; a run begins with loading Python and the libraries, which"
        " takes most of a second.\n"
    )
    lines = [
        "# Speed and memory\n",
        about,
        "## Screen and decompression\n",
        *decompression(files, millions, runs),
        "## Growth of the screen, 2 threads\n",
        *growth(files, sizes, runs),
        f"## FASTQ to calls, {millions:g} million pairs\n",
        *whole_run(files, millions, runs),
        "## BAM to calls\n",
        _BAM,
        *bam(files, runs),
        "## What bounds it\n",
        _BOUNDS,
    ]
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and write docs/speed.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=float, default=2, help="million pairs")
    parser.add_argument("--growth", default="1,2,5", help="million pairs, separated by commas")
    parser.add_argument("--runs", type=int, default=5, help="of which the median is taken")
    parser.add_argument("--quick", action="store_true", help="few reads, to standard output")
    args = parser.parse_args(argv)
    pairs = 0.1 if args.quick else args.pairs
    sizes = [0.1] if args.quick else [float(each) for each in args.growth.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        files = prepare(Path(folder), sorted({pairs, *sizes}))
        text = page(files, pairs, sizes, 1 if args.quick else args.runs)
    if args.quick:
        sys.stdout.write(text)
    else:
        (CHECKOUT / "docs" / "speed.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
