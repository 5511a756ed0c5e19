"""Measure what an index of a human-size genome costs, and write docs/memory.md.

python -m benchmarks.memory                    a genome of 100 Mb
python -m benchmarks.memory --shares 0.0324,0.13,1 --genome-up-to 0.13 --work FOLDER

A share is that of the human genome's 3.1 Gb (`benchmarks.human_size`). An index of the whole genome
is measured up to the share of `--genome-up-to` only: at full size it needs more memory than most
machines have. What was measured in `--work` is kept there and not measured again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import yaml
from benchmarks import index_kinds
from benchmarks.human_size import CHROMOSOME_BP, write_human_size
from benchmarks.speed import CHECKOUT, Cost, measure

from fusioncall.files import write_json
from fusioncall.plants import Molecules, parse_fusion
from fusioncall.reference import FILES
from fusioncall.resources import resource_path
from fusioncall.sample_files import write_reads
from fusioncall.simulate import ReadSettings, SamplePlan, background_of, simulate_sample
from fusioncall.world import build_world

KINDS = index_kinds.KINDS
BATCH = 10
"""Samples that are aligned by one process."""

COHORT = 100
"""Samples that the page tells the costs of."""

_FRAGMENTS = 30_000
_FUSIONS = ("ETV6:5-NTRK3:15", "TPM3:8-NTRK1:10")
_LOAD = "import mappy, sys; mappy.Aligner(fn_idx_in=sys.argv[1], preset='splice:sr') or sys.exit(1)"
_HUMAN_BP = sum(CHROMOSOME_BP.values())


@dataclass(frozen=True, slots=True)
class Measured:
    """What a bundle with one kind of index costs; `steps` are those of one sample.

    `batch` is the alignment of `BATCH` samples by one process.
    """

    kind: str
    share: float
    index_bytes: int
    bundle_bytes: int
    build: Cost
    load: Cost
    steps: dict[str, Cost]
    run: Cost
    batch: Cost


@dataclass(frozen=True, slots=True)
class Bench:
    """Where everything lies, and how often it is measured."""

    work: Path
    runs: int

    @property
    def reads(self) -> str:
        """The options that give the sample's reads."""
        return f"--fastq1 {self.work}/S_1.fq.gz --fastq2 {self.work}/S_2.fq.gz"

    def genome(self, share: float) -> Path:
        """The folder of a genome."""
        return self.work / f"share-{share:g}"

    def measured(self, kind: str, share: float) -> Measured:
        """Measure, unless that was done before."""
        kept = self.genome(share) / f"{kind}.json"
        if not kept.is_file():
            write_json(kept, self._measure(kind, share))
        return msgspec.json.decode(kept.read_bytes(), type=Measured)

    def _measure(self, kind: str, share: float) -> Measured:
        bundle = self.genome(share) / kind
        build = self._build(kind, share, bundle)
        sample = self.work / "sample"
        commands = _commands(self.reads, bundle, sample)
        steps = {name: measure(command, self.runs) for name, command in commands.items()}
        given = " ".join([f"{sample}/screened.bam"] * BATCH)
        outs = " ".join(f"{sample}/{number}.bam" for number in range(BATCH))
        own = f"--reference {bundle} --threads 1"
        made = Measured(
            kind=kind,
            share=share,
            index_bytes=(bundle / "genome.mmi").stat().st_size,
            bundle_bytes=sum((bundle / name).stat().st_size for name in FILES),
            build=build,
            load=measure(f'{sys.executable} -c "{_LOAD}" {bundle}/genome.mmi', self.runs),
            steps=steps,
            run=measure(
                f"{_fusioncall()} run --sample S {self.reads} {own} --out {sample}/run", self.runs
            ),
            batch=measure(f"{_fusioncall()} align {own} --reads {given} --out {outs}", 1),
        )
        shutil.rmtree(sample)
        return made

    def _build(self, kind: str, share: float, bundle: Path) -> Cost:
        """The cost of building a bundle, which stays there."""
        kept = self.genome(share) / f"{kind}.build.json"
        if not kept.is_file():
            source = self.genome(share)
            if not (source / "genome.fa").is_file():
                write_human_size(source, share)
            settings = source / f"{kind}.yaml"
            given = yaml.safe_load(resource_path("settings.yaml").read_text(encoding="utf-8"))
            given["reference"]["index"] = kind
            settings.write_text(yaml.safe_dump(given), encoding="utf-8")
            command = (
                f"{_fusioncall()} reference build --fasta {source}/genome.fa --settings {settings}"
                f" --gtf {source}/genes.gtf.gz --out {bundle} --threads 2"
            )
            write_json(kept, measure(command, 1))
        return msgspec.json.decode(kept.read_bytes(), type=Cost)


def _fusioncall() -> str:
    return f"{sys.executable} -m fusioncall --quiet"


def _commands(reads: str, bundle: Path, sample: Path) -> dict[str, str]:
    """The steps of a sample, one process each."""
    own = f"--reference {bundle}"
    files = f"--census {sample}/census.json"
    return {
        "screen": f"{_fusioncall()} screen --sample S {reads} {own} --out {sample}/screened.bam"
        f" {files} --threads 1",
        "align": f"{_fusioncall()} align --reads {sample}/screened.bam {own}"
        f" --out {sample}/aligned.bam --threads 1",
        "call": f"{_fusioncall()} call --sample S --bam {sample}/aligned.bam {files} {reads} {own}"
        f" --calls {sample}/calls.json --evidence {sample}/evidence.bam --threads 1",
        "annotate": f"{_fusioncall()} annotate --calls {sample}/calls.json {own}"
        f" --out {sample}/out",
        "report": f"{_fusioncall()} report --calls {sample}/calls.json"
        f" --evidence {sample}/evidence.bam {own} --out {sample}/report.html",
    }


def write_sample(folder: Path) -> None:
    """Reads of the genes that every size of the genome holds, with two fusions."""
    world = build_world()
    plants = tuple(parse_fusion(world, text, Molecules(split=20, spanning=20)) for text in _FUSIONS)
    plan = SamplePlan("S", 1, ReadSettings(), plants, background_of(world, _FRAGMENTS))
    write_reads(simulate_sample(world, plan), folder)


def build_table(all_measured: Iterable[Measured]) -> Iterator[str]:
    """What the bundle and its index take."""
    yield (
        "| genome | index of | build: wall s | build: CPU s | build: peak GB | index, GB on disk"
        " | load: CPU s | load: peak GB | `align`: peak GB | `run`: peak GB |"
    )
    yield f"|{' --- |' * 10}"
    for each in all_measured:
        cells = (
            _megabases(each.share),
            each.kind,
            f"{each.build.wall:.0f}",
            f"{each.build.cpu:.0f}",
            _gb(each.build),
            f"{each.index_bytes / 1e9:.2f}",
            f"{each.load.cpu:.1f}",
            _gb(each.load),
            _gb(each.steps["align"]),
            _gb(each.run),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def projected(small: Measured, large: Measured) -> Iterator[str]:
    """The index of a whole genome at full size, by the line through two sizes."""

    def at_full(get: Callable[[Measured], float]) -> float:
        low, high = get(small), get(large)
        slope = (high - low) / (large.share - small.share)
        return float(high + slope * (1 - large.share))

    yield (
        f"An index of the whole genome, by the line through {_megabases(small.share)} and"
        f" {_megabases(large.share)} to {_HUMAN_BP / 1e9:.2f} Gb:"
        f" build {at_full(lambda each: _gigabytes(each.build)):.0f} GB of memory,"
        f" index {at_full(lambda each: each.index_bytes) / 1e9:.0f} GB on disk,"
        f" `align` {at_full(lambda each: _gigabytes(each.steps['align'])):.0f} GB of memory,"
        f" {at_full(lambda each: each.load.cpu):.0f} s of CPU to load."
    )
    yield ""


def step_table(all_measured: Iterable[Measured]) -> Iterator[str]:
    """What the steps of a sample take, and what a batch saves."""
    names = ("screen", "align", "call", "annotate", "report")
    yield (
        f"| genome | index of |{'|'.join(f' `{name}` ' for name in names)}| load alone"
        f" | `align`, each further sample | all steps | all steps, in a batch of {COHORT} |"
    )
    yield f"|{' --- |' * (len(names) + 6)}"
    for each in all_measured:
        first = each.steps["align"].cpu
        further = max(0.0, each.batch.cpu - first) / (BATCH - 1)
        whole = sum(each.steps[name].cpu for name in names)
        shared = whole - first + (first + (COHORT - 1) * further) / COHORT
        cells = [f"{each.steps[name].cpu:.1f}" for name in names]
        cells += [f"{each.load.cpu:.1f}", f"{further:.2f}", f"{whole:.1f}", f"{shared:.1f}"]
        yield f"| {_megabases(each.share)} | {each.kind} | {' | '.join(cells)} |"
    yield ""


def _megabases(share: float) -> str:
    return f"{share * _HUMAN_BP / 1e6:.0f} Mb"


def _gb(cost: Cost) -> str:
    return f"{_gigabytes(cost):.2f}"


def _gigabytes(cost: Cost) -> float:
    """Of 10^9 bytes; the kernel counts in KiB."""
    return cost.peak_mb * 2**20 / 1e9


def page(bench: Bench, shares: Sequence[float], genome_up_to: float, tables: str) -> str:
    """docs/memory.md."""
    by_kind = {
        kind: [
            bench.measured(kind, each) for each in shares if kind == "exons" or each <= genome_up_to
        ]
        for kind in KINDS
    }
    every = [each for kind in KINDS for each in by_kind[kind]]
    whole = by_kind["genome"]
    lines = [
        "# Memory: the index of a genome of human size\n",
        _ABOUT.format(cores=os.cpu_count(), runs=bench.runs),
        "## The index and its memory\n",
        *build_table(every),
        *(projected(*whole[-2:]) if len(whole) > 1 else ()),
        _MEMORY,
        "## The steps of a sample, CPU seconds\n",
        *step_table(every),
        _STEPS,
        "## What an index of exons loses\n",
        _LOSES,
        tables,
    ]
    return "\n".join(lines)


_ABOUT = """\
`python -m benchmarks.memory` writes this page. The genomes are invented, with the chromosomes,
genes, exons and introns, and roughly the repeats, of the human one (`benchmarks/human_size.py`);
smaller ones have shorter chromosomes with fewer genes. Memory is the peak of resident memory in GB
(10^9 bytes), CPU is user and system time. Measured on {cores} cores that much other work used too,
so wall times are too long; the steps of a sample are medians of {runs} runs. Of the sample the
screen keeps 2,000 molecules, as of a real one; what the screen takes by the number of reads stands
in [speed](speed.md).
"""

_MEMORY = """\
`reference.index: genome` is the default. minimap2 keeps a seed for every third base and needs more
while it sorts them. Its author names 20 GB and more as the peak for spliced alignment to a human
genome ([minimap2, issue 75](https://github.com/lh3/minimap2/issues/75)). Real repeats make seeds
equal, which saves a little that an invented genome does not.

`reference.index: exons` keeps the exons of all annotated genes, the target genes as a whole, and
`reference.index_flank_bp` bases beside both. All else is N in the index, which has no seeds there.
The half byte that minimap2 keeps for every base remains, so coordinates stay as they are and reads
are spliced over introns as before. The genome that sequences are read from is whole with either
kind; only the aligner does not see all of it. To build such a bundle, copy `config/settings.yaml`,
write `exons` at `reference.index`, and give the copy by `--settings`, or as `settings` in the
config of the workflow. `manifest.json` of the bundle and `provenance.json` of each sample hold the
kind.

Other levers were weighed. Without the bases (`--idx-no-seq`) minimap2 gives no CIGAR. Parts of the
genome one after the other (`-I`) need all reads again for each part, and the best of several parts
cannot be told from one read at a time. A wider window (`-w`) drops seeds that short anchors need:
with 5, any 19 equal bases hold a seed of 15; with 10 it takes 24.
"""

_STEPS = """\
The index is read anew by each process, and building its tables from the file takes the time, not
the disk: the file was in the page cache here. So one process for a batch of samples (`fusioncall
align` with several files, `batch_size` in the config of the workflow) saves nearly all of `align`.
A sample of which nothing was kept does not load the index at all.
"""

_LOSES = """\
The same reads with either kind of index, in the worlds of [the accuracy tables](benchmarks.md)
with introns of human length, 2x75. In percent of the planted junctions: called from 3 and from 10
molecules; behind a plus, reported as a candidate that does not pass.
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, and write docs/memory.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shares", default="0.0324", help="sizes, as shares of 3.1 Gb")
    parser.add_argument("--genome-up-to", type=float, default=0.0324, help="largest share")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is taken")
    parser.add_argument("--work", type=Path, help="folder to keep genomes and figures in")
    parser.add_argument("--tables", type=Path, help="output of benchmarks.index_kinds")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "docs" / "memory.md")
    args = parser.parse_args(argv)
    shares = [float(each) for each in args.shares.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args.work or Path(folder), args.runs)
        bench.work.mkdir(parents=True, exist_ok=True)
        if not (bench.work / "S_2.fq.gz").is_file():
            write_sample(bench.work)
        if args.tables:
            tables = args.tables.read_text(encoding="utf-8")
        else:
            tables = "\n".join(index_kinds.tables(index_kinds.FULL))
        args.out.write_text(page(bench, shares, args.genome_up_to, tables), encoding="utf-8")


if __name__ == "__main__":
    main()
