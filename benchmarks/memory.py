"""Measure what an index of a human-size genome costs, and write docs/memory.md.

python -m benchmarks.memory                    a genome of 100 Mb
python -m benchmarks.memory --genome 0.0324,0.13 --exons 0.0324,0.13,1 --steps 0.0324,1

A size is a share of the human genome's 3.1 Gb (`benchmarks.human_size`). The whole genome can be
indexed at a small share only: at full size that needs more memory than most machines have. What was
measured in the folder of `--work` is kept there and not measured again.
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
from typing import TypeVar

import msgspec
import yaml
from benchmarks import index_kinds
from benchmarks.human_size import CHROMOSOME_BP, write_human_size
from benchmarks.speed import CHECKOUT, Cost
from benchmarks.speed import measure as measure_all

from fusioncall.files import write_json
from fusioncall.plants import Molecules, parse_fusion
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
class Index:
    """What one kind of index of a genome takes: to build its bundle, and to load it."""

    kind: str
    share: float
    index_bytes: int
    build: Cost
    load: Cost


@dataclass(frozen=True, slots=True)
class Steps:
    """What a sample takes: its steps, `run`, and `align` of `BATCH` samples by one process."""

    kind: str
    share: float
    steps: dict[str, Cost]
    run: Cost
    batch: Cost


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bench:
    """Where everything lies, and how often it is measured."""

    work: Path
    runs: int

    def index(self, kind: str, share: float) -> Index:
        """Build a bundle and load its index."""

        def make() -> Index:
            build = self._kept(kind, share, "build", Cost, lambda: self._build(kind, share))
            path = self._bundle(kind, share) / "genome.mmi"
            load = measure(f'{sys.executable} -c "{_LOAD}" {path}', self.runs)
            return Index(kind, share, path.stat().st_size, build, load)

        return self._kept(kind, share, "index", Index, make)

    def steps(self, kind: str, share: float) -> Steps:
        """Run a sample."""

        def make() -> Steps:
            self.index(kind, share)
            sample, own = self.work / "sample", f"--reference {self._bundle(kind, share)}"
            reads = f"--fastq1 {self.work}/S_1.fq.gz --fastq2 {self.work}/S_2.fq.gz"
            commands = _commands(reads, own, sample)
            steps = {
                name: measure(f"{_fusioncall()} {words}", self.runs)
                for name, words in commands.items()
            }
            run = f"{_fusioncall()} run --sample S {reads} {own} --out {sample}/run"
            given = " ".join([f"{sample}/screened.bam"] * BATCH)
            outs = " ".join(f"{sample}/{number}.bam" for number in range(BATCH))
            batch = f"{_fusioncall()} align {own} --reads {given} --out {outs}"
            made = Steps(kind, share, steps, measure(run, self.runs), measure(batch, self.runs))
            shutil.rmtree(sample)
            return made

        return self._kept(kind, share, "steps", Steps, make)

    def _genome(self, share: float) -> Path:
        return self.work / f"share-{share:g}"

    def _bundle(self, kind: str, share: float) -> Path:
        return self._genome(share) / kind

    def _kept(self, kind: str, share: float, name: str, type_: type[T], make: Callable[[], T]) -> T:
        """What was measured before, or else now."""
        kept = self._genome(share) / f"{kind}.{name}.json"
        if not kept.is_file():
            write_json(kept, make())
        return msgspec.json.decode(kept.read_bytes(), type=type_)

    def _build(self, kind: str, share: float) -> Cost:
        source = self._genome(share)
        if not (source / "genome.fa").is_file():
            write_human_size(source, share)
        settings = source / f"{kind}.yaml"
        given = yaml.safe_load(resource_path("settings.yaml").read_text(encoding="utf-8"))
        given["reference"]["index"] = kind
        settings.write_text(yaml.safe_dump(given), encoding="utf-8")
        command = (
            f"{_fusioncall()} reference build --fasta {source}/genome.fa --settings {settings}"
            f" --gtf {source}/genes.gtf.gz --out {self._bundle(kind, share)} --threads 2"
        )
        return measure(command, 1)


def measure(command: str, runs: int) -> Cost:
    """What a command needs: the median of some runs."""
    return measure_all({command: command}, runs)[command]


def _fusioncall() -> str:
    return f"{sys.executable} -m fusioncall --quiet"


def _commands(reads: str, own: str, sample: Path) -> dict[str, str]:
    """The steps of a sample, one process each."""
    files = f"--census {sample}/census.json"
    return {
        "screen": f"screen --sample S {reads} {own} --out {sample}/screened.bam {files}",
        "align": f"align --reads {sample}/screened.bam {own} --out {sample}/aligned.bam",
        "call": f"call --sample S --bam {sample}/aligned.bam {files} {reads} {own}"
        f" --calls {sample}/calls.json --evidence {sample}/evidence.bam",
        "annotate": f"annotate --calls {sample}/calls.json {own} --out {sample}/out",
        "report": f"report --calls {sample}/calls.json --evidence {sample}/evidence.bam {own}"
        f" --out {sample}/report.html",
    }


def write_sample(folder: Path) -> None:
    """Reads of the genes that every size of the genome holds, with two fusions."""
    world = build_world()
    plants = tuple(parse_fusion(world, text, Molecules(split=20, spanning=20)) for text in _FUSIONS)
    plan = SamplePlan("S", 1, ReadSettings(), plants, background_of(world, _FRAGMENTS))
    write_reads(simulate_sample(world, plan), folder)


def index_table(indexes: Iterable[Index]) -> Iterator[str]:
    """What a bundle and its index take."""
    yield (
        "| genome | index of | build: peak GB | index: GB on disk | load: peak GB | load: CPU s |"
    )
    yield f"|{' --- |' * 6}"
    for each in indexes:
        cells = (
            _megabases(each.share),
            each.kind,
            f"{_gigabytes(each.build):.2f}",
            f"{each.index_bytes / 1e9:.2f}",
            f"{_gigabytes(each.load):.2f}",
            f"{each.load.cpu:.1f}",
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def projected(small: Index, large: Index) -> Iterator[str]:
    """An index of the whole genome at full size, by the line through two sizes."""

    def at_full(get: Callable[[Index], float]) -> float:
        low, high = get(small), get(large)
        return high + (high - low) / (large.share - small.share) * (1 - large.share)

    yield (
        f"By the line through {_megabases(small.share)} and {_megabases(large.share)}, an index of"
        f" the whole genome of {_HUMAN_BP / 1e9:.2f} Gb takes"
        f" {at_full(lambda each: _gigabytes(each.build)):.0f} GB of memory to build,"
        f" {at_full(lambda each: each.index_bytes / 1e9):.0f} GB on disk,"
        f" {at_full(lambda each: _gigabytes(each.load)):.0f} GB of memory to use, and"
        f" {at_full(lambda each: each.load.cpu):.0f} s of CPU to load. It was not built.\n"
    )


def step_tables(measured: Sequence[tuple[Index, Steps]]) -> Iterator[str]:
    """What the steps of a sample take, and what a batch saves."""
    names = ("screen", "align", "call", "annotate", "report")
    yield f"| CPU s of | index of |{'|'.join(f' `{name}` ' for name in names)}| loading the index |"
    yield f"|{' --- |' * (len(names) + 3)}"
    for index, each in measured:
        cells = [f"{each.steps[name].cpu:.1f}" for name in names]
        cells.append(f"{index.load.cpu:.1f}")
        yield f"| {_megabases(each.share)} | {each.kind} | {' | '.join(cells)} |"
    yield ""
    yield f"| peak GB of | index of |{'|'.join(f' `{name}` ' for name in names)}| `run` |"
    yield f"|{' --- |' * (len(names) + 3)}"
    for _, each in measured:
        cells = [f"{_gigabytes(each.steps[name]):.2f}" for name in names]
        cells.append(f"{_gigabytes(each.run):.2f}")
        yield f"| {_megabases(each.share)} | {each.kind} | {' | '.join(cells)} |"
    yield ""
    yield (
        "| genome | index of | `align` of one sample | of each further one | all steps, CPU s of"
        f" each of {COHORT} samples | with `align` in one batch |"
    )
    yield f"|{' --- |' * 6}"
    for _, each in measured:
        first = each.steps["align"].cpu
        further = max(0.0, each.batch.cpu - first) / (BATCH - 1)
        whole = sum(cost.cpu for cost in each.steps.values())
        shared = whole - first + (first + (COHORT - 1) * further) / COHORT
        cells = [f"{first:.1f}", f"{further:.2f}", f"{whole:.1f}", f"{shared:.1f}"]
        yield f"| {_megabases(each.share)} | {each.kind} | {' | '.join(cells)} |"
    yield ""


def _megabases(share: float) -> str:
    return f"{share * _HUMAN_BP / 1e6:.0f} Mb"


def _gigabytes(cost: Cost) -> float:
    """Of 10^9 bytes; the kernel counts in KiB."""
    return cost.peak_mb * 2**20 / 1e9


def page(
    bench: Bench, by_kind: dict[str, list[float]], steps_of: Sequence[float], tables: str
) -> str:
    """docs/memory.md.

    Args:
        bench: does the work.
        by_kind: shares of the genomes that are indexed, rising, by kind of index.
        steps_of: shares with which a sample is run.
        tables: of `benchmarks.index_kinds`.
    """
    indexes = {kind: [bench.index(kind, each) for each in by_kind[kind]] for kind in KINDS}
    every = [each for kind in KINDS for each in indexes[kind]]
    whole = indexes["genome"]
    measured = [
        (each, bench.steps(each.kind, each.share)) for each in every if each.share in steps_of
    ]
    lines = [
        "# Memory: the index of a genome of human size\n",
        _ABOUT.format(cores=os.cpu_count(), runs=bench.runs),
        "## The index\n",
        *index_table(every),
        *(projected(*whole[-2:]) if len(whole) > 1 else ()),
        _MEMORY,
        "## The steps of a sample\n",
        *step_tables(measured),
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
(10^9 bytes), CPU is user and system time. Measured on {cores} cores that other work used too,
which adds to the CPU time; runs of which the median is given: {runs}. Of the sample the screen
keeps 2,000 molecules, as of a real one; what the screen takes by the number of reads stands in
[speed](speed.md).
"""

_MEMORY = """\
`reference.index: genome` is the default. minimap2 keeps a seed for every third base and needs more
while it sorts them. Its author names 20 GB and more as the peak for spliced alignment to a human
genome ([minimap2, issue 75](https://github.com/lh3/minimap2/issues/75)). Real repeats make seeds
equal, which saves a little that an invented genome does not.

`reference.index: exons` keeps the exons of all annotated genes, the target genes as a whole, and
`reference.index_flank_bp` bases beside both. All else is N in the index, which has no seeds there.
The half byte that minimap2 keeps for every base remains, so coordinates stay as they are and reads
are spliced over introns as before. So a machine of 8 GB builds such a bundle of a genome of human
size and runs samples with it. The genome that sequences are read from is whole with either kind;
only the aligner does not see all of it. To build such a bundle, copy `config/settings.yaml`, write
`exons` at `reference.index`, and give the copy by `--settings`, or as `settings` in the config of
the workflow. `manifest.json` of the bundle and `provenance.json` of each sample hold the kind.

Other levers were weighed. Without the bases in its index minimap2 gives no CIGAR. Parts of the
genome one after the other (`-I`) need all reads again for each part, and the best of several parts
cannot be told from one read at a time. A wider window (`-w`) drops seeds that short anchors need:
with 5, any 19 equal bases hold a seed of 15; with 10 it takes 24.
"""

_STEPS = """\
The index is read anew by each process, and building its tables from the file takes the time, not
the disk: the file was in the page cache here. So one process for a batch of samples (`fusioncall
align` with several files, `batch_size` in the config of the workflow) saves nearly all of `align`,
and more with an index of the whole genome, which takes far longer to load. A sample of which
nothing was kept does not load the index at all.
"""

_LOSES = """\
The same reads with either kind of index, in the worlds of [the accuracy tables](benchmarks.md)
with introns of human length, 2x75. In percent of the planted junctions: called from 3 and from 10
molecules; behind a plus, reported as a candidate that does not pass. What is lost with `exons` is
not reported either, so that the answer can be NOT_DETECTED.
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, and write docs/memory.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--genome", default="0.0324", help="sizes indexed as a whole")
    parser.add_argument("--exons", default="0.0324", help="sizes of which the exons are indexed")
    parser.add_argument("--steps", default="0.0324", help="sizes with which a sample is run")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is taken")
    parser.add_argument("--work", type=Path, help="folder to keep genomes and figures in")
    parser.add_argument("--tables", type=Path, help="output of benchmarks.index_kinds")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "docs" / "memory.md")
    args = parser.parse_args(argv)
    by_kind = {"genome": _shares(args.genome), "exons": _shares(args.exons)}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args.work or Path(folder), args.runs)
        bench.work.mkdir(parents=True, exist_ok=True)
        if not (bench.work / "S_2.fq.gz").is_file():
            write_sample(bench.work)
        if args.tables:
            tables = args.tables.read_text(encoding="utf-8")
        else:
            tables = "\n".join(index_kinds.tables(index_kinds.FULL))
        args.out.write_text(page(bench, by_kind, _shares(args.steps), tables), encoding="utf-8")


def _shares(text: str) -> list[float]:
    return sorted(float(each) for each in text.split(","))


if __name__ == "__main__":
    main()
