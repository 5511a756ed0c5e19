"""Measure time and memory, and write docs/speed.md.

python -m benchmarks.speed                           2 and 20 million pairs, an hour and a half
python -m benchmarks.speed --pairs 2 --growth 1,2    some minutes
python -m benchmarks.speed --qualities real.fq.gz    also with the qualities of real reads
python -m benchmarks.speed --quick                   a look at it, to standard output

Everything is compared with what other programs need for the same files on the same machine, in
turns, as ratios of medians, so that the numbers hold for other machines too. Programs that are not
installed are left out.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pysam
from benchmarks.common import default_settings

from fusioncall.bundle import BundleInputs, build_bundle
from fusioncall.fastq import BlockReader
from fusioncall.kernels import first_stranger, split_records
from fusioncall.reference import Reference
from fusioncall.resources import resource_path
from fusioncall.scan import Scanner
from fusioncall.sequence import reverse_complement
from fusioncall.world import build_world
from fusioncall.world_files import ContigNames, Dialect, write_annotation, write_genome

Letters = npt.NDArray[np.uint8]
"""Text as bytes, a row for each read."""

CHECKOUT = Path(__file__).parents[1]
READ_BP = 100
_CHUNK = 50_000
_EXTRA_BP = 5_000_000
_TARGET_SHARE = 0.002
_MOST_SPAN_BP = 350
_FUSION_PAIRS = 2000
_REAL_MILLIONS = 5
_NO_CACHE = "PYTHONDONTWRITEBYTECODE"
"""With it every start of Python would compile all modules anew, which no user has it do."""

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

    @property
    def genome(self) -> Path:
        """The genome as FASTA."""
        return self.folder / "genome.fa"

    @property
    def real(self) -> Files:
        """The same with the qualities of real reads."""
        return Files(self.folder / "real")

    @property
    def fusion(self) -> tuple[Path, Path]:
        """A lane with reads of a fusion."""
        return self.folder / "fusion_1.fq.gz", self.folder / "fusion_2.fq.gz"

    def fastq(self, millions: float) -> tuple[Path, Path]:
        """The two files of so many million pairs."""
        first, second = (self.folder / f"{millions:g}M_{mate}.fq.gz" for mate in (1, 2))
        return first, second


@dataclass(frozen=True, slots=True)
class Sizes:
    """Million pairs, in their order: beside decompression, for growth, and from FASTQ to calls."""

    pairs: Sequence[float]
    growth: Sequence[float]
    calls: Sequence[float]

    @property
    def all(self) -> list[float]:
        """Each size once."""
        return sorted({*self.pairs, *self.growth, *self.calls})


@dataclass(frozen=True, slots=True)
class Source:
    """What reads are drawn from: bases of no gene, and target transcripts.

    `qualities` are those of real reads, a row for each; without them they are binned.
    """

    extra: npt.NDArray[np.uint8]
    baits: Sequence[str]
    target_share: float = _TARGET_SHARE
    qualities: Letters | None = None

    @property
    def bait_bases(self) -> list[npt.NDArray[np.uint8]]:
        """The transcripts as bytes."""
        return [np.frombuffer(bait.encode(), dtype=np.uint8) for bait in self.baits]

    @property
    def bait_starts(self) -> npt.NDArray[np.int64]:
        """The places of all transcripts, in a row, at which a fragment fits into its own."""
        sizes = np.array([len(bait) for bait in self.baits])
        begins = np.cumsum(sizes) - sizes
        fitting = [np.arange(b, b + s - _MOST_SPAN_BP) for b, s in zip(begins, sizes, strict=True)]
        return np.concatenate(fitting)


def measure(commands: Mapping[str, str], runs: int) -> dict[str, Cost]:
    """Run some shell commands in turns, some times each; their children count with them."""
    environment = {key: each for key, each in os.environ.items() if key != _NO_CACHE}
    costs: dict[str, list[list[float]]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            done = subprocess.run(
                [sys.executable, "-S", "-c", _WATCH, command],
                capture_output=True,
                text=True,
                check=False,
                env=environment,
            )
            if done.returncode:
                raise SystemExit(f"{command}\n{done.stderr}")
            costs[name].append([float(word) for word in done.stdout.split()])
    return {
        name: Cost(*(statistics.median(each) for each in zip(*found, strict=True)))
        for name, found in costs.items()
    }


def prepare(folder: Path, sizes: Sequence[float], qualities: Path | None = None) -> Files:
    """Genome, bundle and reads; the larger files begin with the smaller ones.

    Args:
        folder: for all files.
        sizes: million pairs, in their order.
        qualities: FASTQ of real reads, whose qualities further reads get.
    """
    files = Files(folder)
    world = build_world()
    random = np.random.default_rng(5)
    extra = _BASES[random.integers(0, 4, _EXTRA_BP)]
    gtf = folder / "genes.gtf.gz"
    write_genome(world, folder / "world.fa.gz", ContigNames.CHR)
    with (
        pysam.BGZFile(str(folder / "world.fa.gz"), "rb", None) as packed,
        files.genome.open("wb") as out,
    ):
        shutil.copyfileobj(packed, out)
        out.write(b">extra\n" + extra.tobytes() + b"\n")
    write_annotation(world, gtf, Dialect.GENCODE)
    controls, targets = resource_path("control_genes.tsv"), resource_path("targets.yaml")
    inputs = BundleInputs(
        fasta=files.genome, gtf=gtf, targets=targets, controls=controls, name="speed"
    )
    build_bundle(inputs, files.bundle, default_settings(), 2)
    baits = [world.sequence(each) for each in world.transcripts if each.role == "target"]
    done, before = 0.0, ()
    for size in sizes:
        rest = round((size - done) * 1_000_000)
        _write_reads(files.fastq(size), before, _chunks(rest, done, Source(extra, baits)))
        done, before = size, files.fastq(size)
    if qualities is not None:
        files.real.folder.mkdir()
        files.real.bundle.symlink_to(files.bundle.resolve())
        source = Source(extra, baits, qualities=_real_qualities(qualities))
        pairs = round(_REAL_MILLIONS * 1_000_000)
        _write_reads(files.real.fastq(_REAL_MILLIONS), (), _chunks(pairs, 0, source))
    joined = Source(extra, ["".join(baits)], target_share=1.0)
    _write_reads(files.fusion, (), _chunks(_FUSION_PAIRS, -1, joined))
    return files


def _real_qualities(path: Path) -> Letters:
    """The qualities of a FASTQ file's reads, those of longer ones cut."""
    with pysam.FastxFile(str(path)) as reads:
        found = [read.quality[:READ_BP] for read in reads if len(read.quality or "") >= READ_BP]
    return np.frombuffer("".join(found).encode(), dtype=np.uint8).reshape(-1, READ_BP)


def _write_reads(
    paths: tuple[Path, Path], before: tuple[Path, ...], chunks: Iterator[tuple[bytes, bytes]]
) -> None:
    """Write both mates, behind a copy of files that were made before."""
    with ExitStack() as stack:
        streams = []
        for mate, path in enumerate(paths):
            if before:
                shutil.copyfile(before[mate], path)
            out = stack.enter_context(path.open("ab"))
            packer = subprocess.Popen(["gzip", "-6"], stdin=subprocess.PIPE, stdout=out)
            stack.callback(packer.wait)
            assert packer.stdin is not None
            streams.append(stack.enter_context(packer.stdin))
        for first, second in chunks:
            streams[0].write(first)
            streams[1].write(second)


def _chunks(pairs: int, done: float, source: Source) -> Iterator[tuple[bytes, bytes]]:
    """FASTQ of both mates, of genes with very different expression."""
    random = np.random.default_rng(round(1000 * (done + 2)))
    extra = source.extra
    genes = extra.size // 2000
    weights = random.lognormal(0, 2.2, genes)
    text = np.concatenate([extra, *source.bait_bases])
    of_baits = source.bait_starts
    turned = np.frombuffer(reverse_complement(text.tobytes().decode()).encode(), dtype=np.uint8)
    for chunk in range(-(-pairs // _CHUNK)):
        size = min(_CHUNK, pairs - chunk * _CHUNK)
        starts = random.choice(genes, size, p=weights / weights.sum()) * 2000
        starts += random.integers(0, 1600, size)
        of_target = random.random(size) < source.target_share
        starts[of_target] = extra.size + random.choice(of_baits, of_target.sum())
        spans = random.integers(150, _MOST_SPAN_BP, size)
        along = np.arange(READ_BP)
        mates = [text[starts[:, None] + along]]
        mates.append(turned[(text.size - starts - spans)[:, None] + along])
        names = _names(round(done * 1_000_000) + chunk * _CHUNK, size, random)
        first, second = (
            _fastq(names, bases, mate, random, source.qualities)
            for mate, bases in enumerate(mates, start=1)
        )
        yield first, second


def _names(done: int, size: int, random: np.random.Generator) -> Letters:
    """Names as of Illumina, of equal length; each has the number of its pair."""
    places = random.integers(10_000, 33_000, size).tolist()
    names = [
        f"A00123:45:HXXXXDSXX:1:{1101 + number // _CHUNK}:{x}:{10_000 + number % _CHUNK}"
        for number, x in enumerate(places, start=done)
    ]
    return np.frombuffer("".join(names).encode(), dtype=np.uint8).reshape(size, -1)


def _fastq(
    names: Letters,
    bases: Letters,
    mate: int,
    random: np.random.Generator,
    qualities: Letters | None,
) -> bytes:
    wrong = random.random(bases.shape, dtype=np.float32) < 0.003
    bases[wrong] = _BASES[random.integers(0, 4, wrong.sum())]
    if qualities is None:
        level = random.random(bases.shape, dtype=np.float32)
        quality = _QUALITIES[(level < 0.05).astype(np.int8) + (level < 0.015)]
    else:
        quality = qualities[random.integers(0, len(qualities), len(bases))]
    fixed = (b"@", b" %d:N:0:ACGTACGT\n" % mate, b"\n+\n", b"\n")
    at, title, plus, end = (
        np.broadcast_to(np.frombuffer(text, dtype=np.uint8), (len(names), len(text)))
        for text in fixed
    )
    return np.hstack([at, names, title, bases, plus, quality, end]).tobytes()


def screen_command(files: Files, millions: float, threads: int) -> str:
    """The screen of so many million pairs."""
    first, second = files.fastq(millions)
    return (
        f"{_fusioncall()} --quiet screen --sample S --fastq1 {first} --fastq2 {second}"
        f" --reference {files.bundle} --out {files.folder}/kept.bam"
        f" --census {files.folder}/census.json --threads {threads}"
    )


def run_command(first: Sequence[Path], second: Sequence[Path], files: Files) -> str:
    """FASTQ to calls."""
    lanes = (",".join(map(str, paths)) for paths in (first, second))
    return (
        f"{_fusioncall()} --quiet run --sample S --fastq1 {next(lanes)} --fastq2 {next(lanes)}"
        f" --reference {files.bundle} --out {files.folder}/run --threads 2"
    )


def call_command(files: Files, bam: Path) -> str:
    """A whole sample's BAM or CRAM to calls."""
    return (
        f"{_fusioncall()} --quiet call --sample S --bam {bam} --reference {files.bundle}"
        f" --calls {files.folder}/calls.json --evidence {files.folder}/evidence.bam --threads 2"
    )


def _fusioncall() -> str:
    return f"{shlex.quote(sys.executable)} -m fusioncall"


def decompression(files: Files, millions: float, runs: int, told: str = "") -> Iterator[str]:
    """The screen against programs that do nothing but decompress; `told` is told of the files."""
    first, second = files.fastq(millions)
    commands = {
        f"`{tool} -dc`, both files at once": (
            f"{tool} -dc {first} >/dev/null & {tool} -dc {second} >/dev/null & wait"
        )
        for tool in ("igzip", "gzip")
        if shutil.which(tool)
    }
    screens = ("screen, 1 thread", "screen, 2 threads")
    for threads, name in enumerate(screens, start=1):
        commands[name] = screen_command(files, millions, threads)
    costs = measure(commands, runs)
    yield f"### {millions:g} million pairs of 2 x {READ_BP}{told}\n"
    yield f"| command | wall s | CPU s | peak MB | {screens[0]}: wall, CPU | {screens[1]} |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, cost in costs.items():
        ratios = ["" if name in screens else _ratio(costs[each], cost) for each in screens]
        yield f"| {name} | {_cells(cost)} | {ratios[0]} | {ratios[1]} |"
    yield ""


def with_real_qualities(files: Files, runs: int) -> Iterator[str]:
    """The same of reads with the qualities of real ones, if there are any."""
    if files.real.folder.exists():
        told = ", with the qualities of real reads, which pack less well"
        yield from decompression(files.real, _REAL_MILLIONS, runs, told)


def growth(files: Files, sizes: Sequence[float], runs: int) -> Iterator[str]:
    """Time and memory of the screen by the number of pairs."""
    yield "| million pairs | wall s | CPU s | peak MB |"
    yield "| --- | --- | --- | --- |"
    costs = measure({f"{size:g}": screen_command(files, size, 2) for size in sizes}, runs)
    for size, cost in costs.items():
        yield f"| {size} | {_cells(cost)} |"
    yield ""


def stages(files: Files, millions: float, runs: int) -> Iterator[str]:
    """Where the CPU time of the screen goes, each stage by itself in this process."""
    start = measure({"start": f"{_fusioncall()} screen --help"}, runs)["start"].cpu
    whole = measure({"screen": screen_command(files, millions, 1)}, runs)["screen"].cpu
    seconds = {"start of Python and the libraries": start}
    seconds |= _stage_seconds(files, millions)
    seconds["bundle opened, kept molecules made and written, threads"] = whole - sum(
        seconds.values()
    )
    yield "| stage | CPU s | share |"
    yield "| --- | --- | --- |"
    for stage, cost in seconds.items():
        yield f"| {stage} | {cost:.2f} | {100 * cost / whole:.0f} % |"
    yield ""


def _stage_seconds(files: Files, millions: float) -> dict[str, float]:
    """What each stage takes for both files."""
    reference, settings = Reference(files.bundle), default_settings()
    scanner = Scanner(reference.kmers, len(reference.targets), settings.screen)
    seconds: Counter[str] = Counter()

    @contextmanager
    def timed(stage: str, share: float = 1.0) -> Iterator[None]:
        begun = time.process_time()
        yield
        seconds[stage] += share * (time.process_time() - begun)

    for path in files.fastq(millions):
        text = path.read_bytes()
        with timed("SHA-256 of the files"):
            hashlib.sha256(text)
        reader = BlockReader(path, is_digested=False)
        while True:
            with timed("decompression"):
                block = reader.read()
            if block is None:
                break
            places, ended = np.empty_like(block.places), np.zeros(2, dtype=np.int64)
            _, _, start, end, quality, *_ = block.places[-1].tolist()
            with timed("records found and checked"):
                split_records(block.buffer, quality + end - start + 1, places, ended)
            with timed("looks at the reads"):
                scanner.scan(block.buffer, block.places)
            with timed("names of mates compared", 0.5):
                first_stranger(block.places, block.places, len(block.places))
            reader.recycle(block)
        reader.close()
    seconds["decompression"] -= seconds["records found and checked"]  # `read` does both
    return dict(seconds)


def whole_run(files: Files, millions: float, runs: int) -> Iterator[str]:
    """FASTQ to calls, beside STAR."""
    first, second = files.fastq(millions)
    fusion1, fusion2 = files.fusion
    commands = {
        "FASTQ to calls, 2 threads": run_command([first], [second], files),
        "the same with a fusion: the reads are looked at twice": run_command(
            [first, fusion1], [second, fusion2], files
        ),
    }
    other = "STAR with Arriba's options, 2 threads"
    aligned = {other: star(files, millions)} if shutil.which("STAR") else {}
    costs = measure(commands | aligned, runs)
    yield f"### {millions:g} million pairs\n"
    yield "| command | wall s | CPU s | peak MB | STAR / own: wall, CPU, memory |"
    yield "| --- | --- | --- | --- | --- |"
    for name, cost in costs.items():
        is_compared = aligned and name in commands
        shares = _shares(costs[other], cost) if is_compared else ""
        yield f"| {name} | {_cells(cost)} | {shares} |"
    yield ""


def star(files: Files, millions: float, making: str = "") -> str:
    """Make STAR's index; the command that aligns so many million pairs.

    Args:
        files: genome and reads.
        millions: pairs.
        making: more options for the making of the index.
    """
    index, out = files.folder / "star", files.folder / "star-out"
    make = (
        f"STAR --runMode genomeGenerate --genomeDir {index} --genomeSAindexNbases 10"
        f" --genomeFastaFiles {files.genome} --outTmpDir {files.folder}/tmp1"
        f" --outFileNamePrefix {out}/ {making}"
    )
    subprocess.run(f"mkdir -p {out} && {make}", shell=True, check=True, capture_output=True)
    first, second = files.fastq(millions)
    return (
        f"rm -rf {files.folder}/tmp2; STAR --runThreadN 2 --genomeDir {index} --readFilesIn"
        f" {first} {second} --readFilesCommand 'gzip -dc' --outFileNamePrefix {out}/"
        f" --outTmpDir {files.folder}/tmp2 {_STAR}"
    )


def alignments(files: Files, runs: int) -> Iterator[str]:
    """BAM and CRAM of a whole sample, made by STAR, beside samtools view -c of the same file."""
    made = files.folder / "star-out" / "Aligned.out.bam"
    if not (made.exists() and shutil.which("samtools")):
        yield "STAR or samtools was not there.\n"
        return
    bam, cram = files.folder / "sorted.bam", files.folder / "sorted.cram"
    pysam.sort("--no-PG", "-o", str(bam), str(made))
    pysam.index(str(bam))
    pysam.faidx(str(files.genome))
    pysam.view("-C", "-T", str(files.genome), "-o", str(cram), str(bam), catch_stdout=False)
    yield "The calls of the few kept molecules are a part of each; the start is another.\n"
    yield "| command | wall s | CPU s | peak MB | own / samtools: wall, CPU |"
    yield "| --- | --- | --- | --- | --- |"
    for path, form, ways in (
        (bam, "BAM, sorted by place", ("", "--trust-alignment")),
        (made, "BAM, as STAR wrote it", ("",)),
        (cram, "CRAM, sorted by place", ("",)),
    ):
        count = f"`samtools view -c -@ 1`, {form}"
        own = {f"{form} to calls, 2 threads {way}".rstrip(): way for way in ways}
        commands = {name: f"{call_command(files, path)} {way}" for name, way in own.items()}
        costs = measure({count: f"samtools view -c -@ 1 -T {files.genome} {path}"} | commands, runs)
        yield f"| {count} | {_cells(costs[count])} | |"
        for name in own:
            yield f"| {name} | {_cells(costs[name])} | {_ratio(costs[name], costs[count])} |"
    yield ""


def _cells(cost: Cost) -> str:
    return f"{cost.wall:.2f} | {cost.cpu:.2f} | {cost.peak_mb:.0f}"


def _ratio(own: Cost, other: Cost) -> str:
    return f"{own.wall / other.wall:.2f}x, {own.cpu / other.cpu:.2f}x"


def _shares(other: Cost, own: Cost) -> str:
    memory = other.peak_mb / own.peak_mb
    return f"{other.wall / own.wall:.0f}x, {other.cpu / own.cpu:.0f}x, {memory:.1f}x"


def page(files: Files, sizes: Sizes, runs: int) -> str:
    """docs/speed.md."""
    about = (
        f"`make bench` writes this page. Every number is the median of {runs} runs; ratios compare"
        f" commands that ran in turns on the same files, on {os.cpu_count()} cores. CPU is user and"
        " system time, with that of all children. The reads are of a small genome, so the memory of"
        " a whole run is without that of the index of a whole genome.\n"
    )
    least = min(sizes.pairs)
    largest_first = sizes.calls[::-1]  # what STAR aligned last is the BAM of the next section
    lines = [
        "# Speed and memory\n",
        about,
        "## Screen and decompression\n",
        *(line for millions in sizes.pairs for line in decompression(files, millions, runs)),
        *with_real_qualities(files, runs),
        f"## What the CPU time of the screen goes to, {least:g} million pairs\n",
        *stages(files, least, runs),
        "With more cores the decompression of one file, which nothing can divide, is the limit.\n",
        "## Growth of the screen, 2 threads\n",
        *growth(files, sizes.growth, runs),
        "## FASTQ to calls\n",
        *(line for millions in largest_first for line in whole_run(files, millions, runs)),
        f"## BAM and CRAM to calls, {largest_first[-1]:g} million pairs\n",
        *alignments(files, runs),
    ]
    return "\n".join(lines).rstrip() + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and write docs/speed.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    help_text = "million pairs, separated by commas"
    parser.add_argument("--pairs", type=_sizes, default="2,20", help=help_text)
    parser.add_argument("--growth", type=_sizes, default="1,2,5,10,20", help=help_text)
    parser.add_argument("--calls", type=_sizes, default="2,5", help=f"to calls: {help_text}")
    parser.add_argument("--qualities", type=Path, help="FASTQ of real reads, for their qualities")
    parser.add_argument("--runs", type=int, default=5, help="of which the median is taken")
    parser.add_argument("--folder", type=Path, help="for the files (default: the temporary one)")
    parser.add_argument("--quick", action="store_true", help="few reads, to standard output")
    args = parser.parse_args(argv)
    few = [0.1]
    sizes = Sizes(few, few, few) if args.quick else Sizes(args.pairs, args.growth, args.calls)
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        files = prepare(Path(folder), sizes.all, args.qualities)
        text = page(files, sizes, 1 if args.quick else args.runs)
    if args.quick:
        sys.stdout.write(text)
    else:
        (CHECKOUT / "docs" / "speed.md").write_text(text, encoding="utf-8")
    return 0


def _sizes(text: str) -> list[float]:
    return sorted(float(each) for each in text.split(","))


if __name__ == "__main__":
    raise SystemExit(main())
