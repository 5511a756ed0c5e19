"""From planted fusions to result files, for tests of the whole way."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fusioncall.cli import main
from fusioncall.plants import Molecules, parse_fusion
from fusioncall.sample_files import write_reads
from fusioncall.simulate import ReadSettings, SamplePlan, SimulatedSample, simulate_sample
from fusioncall.world import World
from fusioncall.writing import RESULTS

BACKGROUND = (("GAPDH", 60), ("NTRK1", 40), ("NTRK2", 40), ("NTRK3", 40), ("ETV6", 40))


def sequenced(
    world: World,
    fusions: Sequence[str],
    molecules: Molecules,
    settings: ReadSettings | None = None,
    seed: int = 1,
) -> SimulatedSample:
    """A sample named `S` with some fusions and some wild-type transcripts."""
    plants = tuple(parse_fusion(world, text, molecules) for text in fusions)
    return simulate_sample(
        world, SamplePlan("S", seed, settings or ReadSettings(), plants, BACKGROUND)
    )


def run_fastq(sample: SimulatedSample, reference: Path, out: Path, *options: str) -> Path:
    """Write a sample's FASTQ beside `out` and run it; gives `out`."""
    folder = out.with_name(f"{out.name}.reads")
    folder.mkdir(parents=True)
    files = write_reads(sample, folder)
    return run_files(files, reference, out, *options)


def run_files(files: Sequence[Path], reference: Path, out: Path, *options: str) -> Path:
    """`fusioncall run` for a sample named `S`."""
    reads = [f"--fastq{number}={path}" for number, path in enumerate(files, start=1)]
    words = ["--quiet", "run", "--sample", "S", *reads, "--reference", str(reference)]
    assert main([*words, "--out", str(out), *options]) == 0
    return out


def rows(table: Path) -> list[dict[str, str]]:
    """The rows of a TSV, with or without the comment with its version."""
    text = table.read_text(encoding="utf-8")
    lines = [line.split("\t") for line in text.splitlines() if not line.startswith("# ")]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def found(out: Path) -> dict[tuple[str, str], tuple[int, int]]:
    """Split and spanning molecules of each pair of breakpoints in `fusions.tsv`."""
    return {
        (row["breakpoint5"], row["breakpoint3"]): (
            int(row["split_molecules"]),
            int(row["spanning_molecules"]),
        )
        for row in rows(out / "fusions.tsv")
    }


def result_bytes(out: Path, *left_out: str) -> dict[str, bytes]:
    """The bytes of each result file."""
    return {name: (out / name).read_bytes() for name in RESULTS if name not in left_out}


def without(sample: SimulatedSample, names: frozenset[str]) -> SimulatedSample:
    """The sample without some molecules."""
    kept = tuple(each for each in sample.molecules if each.name not in names)
    return replace(sample, molecules=kept)


def shuffled_lines(path: Path, order: Sequence[int], out: Path) -> Path:
    """A FASTQ with its records in another order."""
    lines = gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)
    records = ["".join(lines[start : start + 4]) for start in range(0, len(lines), 4)]
    assert len(records) == len(order)
    out.write_text("".join(records[index] for index in order), encoding="utf-8")
    return out
