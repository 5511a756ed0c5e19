"""Measure fusioncall beside Fuzzion2 and Arriba on the same reads, and write docs/beside.md.

python -m benchmarks.beside --fuzzion2 DIR --arriba DIR    half an hour, 13 GB of memory
python -m benchmarks.beside --arriba DIR --quick           few reads, to standard output

DIR is a checkout in which the program was built. Programs that are not given are left out; Arriba
needs STAR and samtools.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from benchmarks.accuracy import open_benches
from benchmarks.beside_calls import (
    ARRIBA,
    BACKGROUND,
    CHIMERAS,
    CONFIDENCES,
    FEWEST_PAIRS,
    FULL,
    FUZZION2,
    NEAR_BP,
    OWN,
    QUICK,
    Answers,
    Group,
    Peers,
    Tallies,
    Tally,
    Trial,
    best,
    groups,
    is_near,
    pattern_cases,
    tallies,
)
from benchmarks.common import table_lines
from benchmarks.peers import FLANK_BP, Arriba, Fuzzion2, Told, commit_of, run, write_known
from benchmarks.speed import CHECKOUT, READ_BP, Cost, Files, measure, prepare, run_command
from benchmarks.speed import star as star_command

import fusioncall
from fusioncall.files import whole_file

ABOUT = """`make beside` writes this page. Every program gets the same reads of the simulated
genome that [benchmarks](benchmarks.md) describes: true exon structures, invented sequence. It tells
how the programs do on what was planted, not on patients. Simulation and thresholds of fusioncall
have the same authors; those of the peers were set on human samples.
"""

HOW = """- fusioncall: `fusioncall run`, settings as they come.
- STAR + Arriba: STAR's index with the annotation, STAR's options as in the `run_arriba.sh` of
  Arriba, piped into `arriba` with the same FASTA and GTF. The list of known fusions holds the
  pairs of `resources/known_partners.tsv`. No blacklist: there is none for an invented genome, and
  Arriba's authors warn that without it there are ten times as many false calls. Tags and protein
  domains alter no call and were left out. Of its calls those of NTRK1, NTRK2 and NTRK3 count, with
  any confidence.
- Fuzzion2: options as they come; a rank table of {kmer}-mers of the genome, made by `kmerank`; for
  each planted join of annotated exons one pattern, with {flank} bases on each side. It finds what
  it has a pattern for and nothing else, so it was told the answers. A pattern is counted from
  {fewest} read pairs on, as the others ask for two; Fuzzion2 itself lists every pair.
"""

COST = """Medians of {runs} runs in turns, on {cores} cores. The memory is that of the largest
process; STAR and Arriba run at the same time. The genome has six million bases: with a human one
fusioncall needs what [memory](memory.md) tells, STAR some 30 GB.
Fuzzion2 reads its whole rank table at each start.
"""

PLANTED = """2x75, fragments of 250 bases, 0.1 % errors. Each sample holds the molecules over one
junction, {background} unfused pairs of all genes, and {chimeras} single chimeras of control genes:
without any, Arriba's filter `in_vitro` takes the planted fusion for what the library makes most of.
*Exact*: both breakpoints equal to the base, under fusioncall's rule for joins that several places
explain alike; *near*: both within {near} bases; *genes*: a call of the two genes, anywhere. Other
calls are all those that are not near; of Fuzzion2 these are patterns of an exon edge close by.
"""

FALSE = """2x75, samples as of [benchmarks](benchmarks.md), with the same pairs of all genes.
Fuzzion2 looks for the patterns of the planted junctions.
"""

_NOT_FALSE = {
    "reciprocal, truncated, kinase cut": "true joins, of no whole kinase",
    "exon skipping and deletions within targets": "true joins, within one gene",
    "circular RNA of targets": "true joins, within one gene",
    "read-through of neighbours into NTRK1": "true joins, of neighbours",
}
"""Negatives whose reads do show a join, which a caller for all kinds of events may report."""


def cost_commands(files: Files, millions: float, peers: Peers) -> dict[str, str]:
    """FASTQ to calls, by program."""
    first, second = files.fastq(millions)
    commands = {OWN: run_command([first], [second], files)}
    if peers.fuzzion2:
        find = peers.fuzzion2.command(first, second)
        told = f"{peers.fuzzion2.program('fuzzum')} -id=S"
        commands[FUZZION2] = f"{find} | {told}"
    if peers.arriba:
        gtf = files.folder / "genes.gtf"
        run(f"gzip -dc {gtf}.gz > {gtf}")
        align = star_command(files, millions, f"--sjdbGTFfile {gtf} --sjdbOverhang 100")
        told = peers.arriba.command(
            Path("/dev/stdin"), files.genome, gtf, files.folder / "fusions.tsv"
        )
        commands[ARRIBA] = f"{align} --outStd BAM_Unsorted --outBAMcompression 0 | {told}"
    return commands


def cost_lines(costs: Mapping[str, Cost]) -> Iterator[str]:
    """The table of costs, with ratios to fusioncall."""
    own = costs[OWN]
    rows = (
        (
            name,
            f"{cost.wall:.1f}",
            f"{cost.cpu:.1f}",
            f"{cost.peak_mb:.0f}",
            ", ".join(
                f"{one / other:.1f}x"
                for one, other in zip(astuple(cost), astuple(own), strict=True)
            ),
        )
        for name, cost in costs.items()
    )
    header = ("program", "wall s", "CPU s", "peak MB", "by fusioncall: wall, CPU, memory")
    return table_lines(header, rows)


def recall_lines(counted: Tallies, splits: Counter[tuple[str, int]]) -> Iterator[str]:
    """The table of planted junctions."""
    programs = list(next(iter(counted.values())))
    header = ["junction", "molecules", "n", "with split read", f"{OWN}: exact, near, genes"]
    if ARRIBA in programs:
        header += [f"{ARRIBA}: exact, near, genes", "near: high, medium, low"]
    if FUZZION2 in programs:
        header += [f"{FUZZION2}: its pattern"]
    header += [f"other calls: {', '.join(programs)}"]
    rows = []
    for (group, size), row in counted.items():
        cells = [group, size, row[OWN].samples, splits[group, size], _found(row[OWN])]
        if ARRIBA in programs:
            cells += [_found(row[ARRIBA]), _by_confidence(row[ARRIBA].confidences)]
        if FUZZION2 in programs:
            cells += [row[FUZZION2].exact]
        cells += [", ".join(str(row[name].false) for name in programs)]
        rows.append(cells)
    return table_lines(header, rows)


def _found(tally: Tally) -> str:
    return f"{tally.exact}, {tally.near}, {tally.pair}"


def _by_confidence(counts: Counter[str]) -> str:
    return ", ".join(str(counts[name]) for name in CONFIDENCES)


def false_lines(counted: Tallies) -> Iterator[str]:
    """The table of calls in samples without a fusion."""
    programs = list(next(iter(counted.values())))
    header = ["sample", "n", OWN]
    header += [f"{ARRIBA}: high, medium, low"] if ARRIBA in programs else []
    header += [FUZZION2] if FUZZION2 in programs else []
    rows = []
    for (group, _), row in counted.items():
        note = f" ({_NOT_FALSE[group]})" if group in _NOT_FALSE else ""
        cells = [group + note, row[OWN].samples, row[OWN].false]
        if ARRIBA in programs:
            cells += [_by_confidence(row[ARRIBA].false_confidences)]
        if FUZZION2 in programs:
            cells += [row[FUZZION2].false]
        rows.append(cells)
    return table_lines(header, rows)


def difference_lines(group: Group, answers: Answers) -> Iterator[str]:
    """Planted junctions that only one of fusioncall and Arriba puts within some bases."""
    if ARRIBA not in answers:
        return
    for found, missed in ((ARRIBA, OWN), (OWN, ARRIBA)):
        only = [
            trial
            for trial in group.trials
            if _has_near(trial, answers[found]) and not _has_near(trial, answers[missed])
        ]
        yield f"Samples of {found} alone: {len(only)}.\n"
        for name, trials in _by_group(only).items():
            told = "; ".join(
                f"{trial.sample.text} ({trial.size}{_marked(trial, answers[found])})"
                for trial in trials
            )
            yield f"- {name}: {told}"
        yield ""


def _has_near(trial: Trial, told: Mapping[str, Sequence[Told]]) -> bool:
    return any(is_near(each, trial.case) for each in told[trial.sample.name])


def _marked(trial: Trial, told: Mapping[str, Sequence[Told]]) -> str:
    return "".join(
        f", {each}" for each in best([t for t in told[trial.sample.name] if is_near(t, trial.case)])
    )


def _by_group(trials: Iterable[Trial]) -> dict[str, list[Trial]]:
    found: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        found[trial.group].append(trial)
    return found


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured: million pairs, runs of each program, bases of a k-mer of Fuzzion2."""

    pairs: float
    runs: int
    kmer_bp: int


def measured_calls(peers: Peers, is_quick: bool, folder: Path) -> list[str]:
    """The part of the page on calls."""
    made = groups(open_benches(folder), QUICK if is_quick else FULL, folder)
    planted, negative = made
    patterns = pattern_cases(planted.trials)
    if peers.fuzzion2:
        peers.fuzzion2.write_patterns(patterns.values())
    threads = os.cpu_count() or 1
    told, false = (peers.answers(group, patterns, threads) for group in made)
    splits = Counter((each.group, each.size) for each in planted.trials if each.has_split)
    return [
        *recall_lines(tallies(planted.trials, told), splits),
        "### Where the two differ\n",
        *difference_lines(planted, told),
        "## False calls\n",
        FALSE,
        *false_lines(tallies(negative.trials, false)),
    ]


def page(peers: Peers, sizes: Sizes, is_quick: bool, folder: Path, ready: Path | None) -> str:
    """docs/beside.md."""
    for name in ("cost", "calls"):
        (folder / name).mkdir()
    files = _files(folder / "cost", sizes.pairs, ready)
    if peers.fuzzion2 and not peers.fuzzion2.rank.exists():
        peers.fuzzion2.make_rank(files.genome, sizes.kmer_bp)
    calls = measured_calls(peers, is_quick, folder / "calls")
    costs = measure(cost_commands(files, sizes.pairs, peers), sizes.runs)
    lines = [
        "# Beside other programs\n",
        ABOUT,
        *version_lines(peers),
        "## How each was run\n",
        HOW.format(kmer=sizes.kmer_bp, flank=FLANK_BP, fewest=FEWEST_PAIRS),
        f"## Cost of FASTQ to calls, {sizes.pairs:g} million pairs of 2 x {READ_BP}, 2 threads\n",
        COST.format(runs=sizes.runs, cores=os.cpu_count()),
        *cost_lines(costs),
        "## Planted junctions\n",
        PLANTED.format(near=NEAR_BP, background=BACKGROUND, chimeras=CHIMERAS),
        *calls,
    ]
    return "\n".join(lines).rstrip() + "\n"


def _files(folder: Path, pairs: float, ready: Path | None) -> Files:
    if ready is None:
        return prepare(folder, [pairs])
    for path in ready.iterdir():
        (folder / path.name).symlink_to(path.resolve())
    return Files(folder)


def version_lines(peers: Peers) -> Iterator[str]:
    """What was compared."""
    yield f"- fusioncall {fusioncall.__version__}, commit {commit_of(CHECKOUT)}"
    if peers.arriba:
        yield f"- {peers.arriba.version()}, on STAR {run('STAR --version').strip()}"
    if peers.fuzzion2:
        yield f"- {peers.fuzzion2.version()}"
    yield ""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and write docs/beside.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fuzzion2", type=Path, help="checkout of Fuzzion2, built")
    parser.add_argument("--arriba", type=Path, help="checkout of Arriba, built")
    parser.add_argument("--pairs", type=float, default=2, help="million pairs for the cost")
    parser.add_argument("--runs", type=int, default=5, help="of which the median is taken")
    parser.add_argument("--kmer", type=int, default=15, help="bases of a k-mer of Fuzzion2")
    parser.add_argument("--rank", type=Path, help="rank table of the genome, made before")
    parser.add_argument("--ready", type=Path, help="folder with the files for the cost")
    parser.add_argument("--folder", type=Path, help="for the files (default: the temporary one)")
    parser.add_argument("--quick", action="store_true", help="few reads, to standard output")
    args = parser.parse_args(argv)
    logging.disable(logging.WARNING)
    sizes = Sizes(0.1, 1, 11) if args.quick else Sizes(args.pairs, args.runs, args.kmer)
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        peers = Peers(
            Arriba(args.arriba, write_known(folder / "known.tsv")) if args.arriba else None,
            Fuzzion2(args.fuzzion2, args.rank or folder / "rank.krt", folder / "patterns.txt")
            if args.fuzzion2
            else None,
        )
        text = page(peers, sizes, args.quick, folder, args.ready)
    if args.quick:
        sys.stdout.write(text)
    else:
        with whole_file(CHECKOUT / "docs" / "beside.md") as path:
            path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
