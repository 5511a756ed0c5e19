"""Measure recall and false calls, and write docs/benchmarks.md.

python -m benchmarks.accuracy                    the full benchmark
python -m benchmarks.accuracy --quick --out P    a small version
python -m benchmarks.accuracy --export FOLDER    write the reads, and print how to run peers
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks import star
from benchmarks.common import Bench, default_settings, settings_digest
from benchmarks.hard_world import hard_world, wide_world
from benchmarks.limits import LimitSeries, LimitTally, limit_series, measure_limits
from benchmarks.negatives import NEGATIVES, NegativeTally, measure_sample
from benchmarks.plan import ALL_SIZES, PER_ACCEPTOR, chunks, plan
from benchmarks.planted import ACCEPTORS
from benchmarks.recall import Series, Tally, measure
from benchmarks.report import Heading, Results, render

from fusioncall.files import whole_file
from fusioncall.world import build_world

CHECKOUT = Path(__file__).parents[1]
_CHUNK = 34
_STAR_SIZES = (3, 10)

Benches = dict[str, Bench]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured.

    Args:
        per_acceptor: junctions of each acceptor.
        sizes: numbers of molecules, of those in the plan.
        libraries: of each kind of negative, the last so many.
        max_samples: of each kind of negative and library.
        has_large: whether the large negatives are made too.
        star_junctions: of each series that STAR gets.
        limit_samples: of each library and depth, at the detection limit.
    """

    name: str
    per_acceptor: int
    sizes: tuple[int, ...]
    libraries: int
    max_samples: int
    has_large: bool
    star_junctions: int
    limit_samples: int


FULL = Scale("full", PER_ACCEPTOR, ALL_SIZES, 2, 100, True, 30, 100)
QUICK = Scale("quick", 1, (2, 3), 1, 1, False, 2, 4)

_benches: Benches = {}


def open_benches(folder: Path) -> Benches:
    """The plain world and the hard one, with their bundles."""
    world, settings = build_world(), default_settings()
    return {
        "plain": Bench(wide_world(world), folder / "plain", settings),
        "hard": Bench(hard_world(world), folder / "hard", settings),
    }


def _open_in_worker(folder: Path) -> None:
    logging.disable(logging.WARNING)
    _benches.update(open_benches(Path(tempfile.mkdtemp(dir=folder))))


@dataclass(frozen=True, slots=True)
class _RecallTask:
    index: int
    series: Series


@dataclass(frozen=True, slots=True)
class _NegativeTask:
    index: int
    library: int
    sample: int
    every: int


_Task = _RecallTask | _NegativeTask | LimitSeries
_Result = dict[int, Tally] | NegativeTally | LimitTally
Run = Callable[[list[_Task]], Iterator[_Result]]


def _do(task: _Task) -> _Result:
    if isinstance(task, _RecallTask):
        return measure(_benches[task.series.bench], task.series)
    if isinstance(task, LimitSeries):
        return measure_limits(_benches["plain"], task)
    negative = NEGATIVES[task.index]
    library = negative.libraries[task.library]
    bench = _benches[negative.bench]
    return measure_sample(bench, negative, library, task.sample, task.every)


def measure_all(scale: Scale, jobs: int) -> Results:
    """Run everything.

    Args:
        scale: how much.
        jobs: processes; no effect on the results.
    """
    with tempfile.TemporaryDirectory() as folder:
        _open_in_worker(Path(folder))
        series = plan(_benches["plain"].world, scale.per_acceptor, scale.sizes)
        negatives = _negative_tasks(scale)
        tasks: list[_Task] = [*negatives, *limit_series(scale.limit_samples)]
        tasks += [_RecallTask(*each) for each in chunks(series, _CHUNK)]
        recall: list[dict[int, Tally]] = [{} for _ in series]
        false = [NegativeTally() for _ in NEGATIVES]
        limits: list[tuple[LimitSeries, LimitTally]] = []
        with _mapper(jobs, Path(folder)) as run:
            for task, result in zip(tasks, run(tasks), strict=True):
                if isinstance(task, LimitSeries):
                    if isinstance(result, LimitTally):
                        limits.append((task, result))
                elif isinstance(result, NegativeTally):
                    false[task.index].add(result)
                else:
                    for size, tally in result.items():
                        recall[task.index].setdefault(size, Tally()).add(tally)
        compared = _compare(series, scale, jobs, Path(folder)) if star.is_installed() else None
    return Results(
        _heading(series, scale),
        tuple(zip(series, recall, strict=True)),
        tuple((each, tally) for each, tally in zip(NEGATIVES, false, strict=True) if tally.samples),
        compared,
        tuple(limits),
    )


@contextmanager
def _mapper(jobs: int, folder: Path) -> Iterator[Run]:
    """A function that does tasks in order, in this process or in several."""
    if jobs == 1:
        yield lambda tasks: _told(map(_do, tasks), len(tasks))
        return
    with ProcessPoolExecutor(jobs, initializer=_open_in_worker, initargs=(folder,)) as pool:
        yield lambda tasks: _told(pool.map(_do, tasks), len(tasks))


def _told(results: Iterable[T], count: int) -> Iterator[T]:
    for number, result in enumerate(results, start=1):
        sys.stderr.write(f"\r{number} of {count} ")
        yield result
    sys.stderr.write("\n")


def _negative_tasks(scale: Scale) -> list[_NegativeTask]:
    return [
        _NegativeTask(index, library, sample, 10 if negative.is_deep and not scale.has_large else 1)
        for index, negative in enumerate(NEGATIVES)
        if scale.has_large or not negative.is_large
        for library in range(len(negative.libraries))[-scale.libraries :]
        for sample in range(min(negative.samples, scale.max_samples))
    ]


def _compare(series: list[Series], scale: Scale, jobs: int, folder: Path) -> star.StarResult:
    samples = star.samples_of(star.wanted(series), _STAR_SIZES, scale.star_junctions)
    work = folder / "star"
    work.mkdir()
    return star.compare(_benches["plain"], samples, work, jobs)


def _heading(series: list[Series], scale: Scale) -> Heading:
    donors = {case.text.split("-")[0] for case in series[0].cases}
    return Heading(
        commit=_commit(),
        settings_sha256=settings_digest(_benches["plain"].settings),
        scale=scale.name,
        donors=len(donors),
        genes=len({case.gene5 for case in series[0].cases}),
        acceptors=len(ACCEPTORS),
    )


def _commit() -> str:
    """Short commit, marked when what decides about calls differs from it."""
    git = ("git", "-C", str(CHECKOUT))
    try:
        told = subprocess.run(
            [*git, "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True
        )
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--", "src", "config", "resources", "benchmarks"],
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return told.stdout.strip() + (", with changes" if changed.stdout.strip() else "")


PEERS = """
Files for a comparison are in {folder}: all_1.fq and all_2.fq (a read's name begins with its
sample, up to the colon), truth.tsv, genome.fa, genes.gtf. Arriba on STAR, and Fuzzion2, on them:

STAR --runMode genomeGenerate --genomeDir index --genomeFastaFiles genome.fa \\
  --sjdbGTFfile genes.gtf --sjdbOverhang 100 --genomeSAindexNbases 8
STAR --genomeDir index --readFilesIn all_1.fq all_2.fq \\
  --parametersFiles {parameters}
arriba -x Aligned.out.bam -g genes.gtf -a genome.fa -o fusions.tsv -O discarded.tsv -f blacklist
fuzzion2 -pattern=patterns.txt -rank=world.krank -fastq1=all_1.fq -fastq2=all_2.fq > hits.txt

Split all_1.fq and all_2.fq by sample before, to have one answer per sample.
"""


def export(folder: Path) -> None:
    """Write reads, truth and genome for other callers, and print the commands."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(build_world(), Path(temporary) / "plain", default_settings())
        star.write_genome(bench, folder)
    samples = star.samples_of(star.wanted(plan(bench.world, 6)), (2, 3, 10), 30)
    star.write_fastq(samples, folder)
    with whole_file(folder / "truth.tsv") as path:
        path.write_text("".join(star.truth_lines(samples)), encoding="utf-8")
    sys.stdout.write(PEERS.format(folder=folder, parameters=star.PARAMETERS))


def main(arguments: list[str] | None = None) -> Results | None:
    """Read the command line, measure, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a small version")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "docs" / "benchmarks.md")
    parser.add_argument("--export", type=Path, help="write reads for peers, measure nothing")
    args = parser.parse_args(arguments)
    if args.export:
        export(args.export)
        return None
    results = measure_all(QUICK if args.quick else FULL, args.jobs)
    with whole_file(args.out) as path:
        path.write_text(render(results), encoding="utf-8")
    return results


if __name__ == "__main__":
    main()
