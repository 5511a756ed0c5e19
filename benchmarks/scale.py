"""What Snakemake needs to plan many samples: time and memory of a dry run, and its jobs.

    python -m benchmarks.scale --samples 1000 10000

prints the table of docs/scaling.md. The samples are pairs of empty FASTQ files and the bundle is
empty too: a dry run looks at names, sizes and times only. `--keep` leaves the folder, from which
`snakemake --dry-run` can be called by hand.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml
from benchmarks.speed import measure

CHECKOUT = Path(__file__).parents[1]


def write_project(folder: Path, samples: int) -> None:
    """Write sheet, config, reads and bundle of so many samples."""
    (folder / "reads").mkdir(parents=True)
    (folder / "bundle").mkdir()
    (folder / "bundle" / "manifest.json").touch()
    lines = ["sample\tfastq1\tfastq2\tbam"]
    for number in range(samples):
        name = f"S{number:05d}"
        mates = [f"reads/{name}_{mate}.fq.gz" for mate in (1, 2)]
        for mate in mates:
            (folder / mate).touch()
        lines.append("\t".join([name, *mates, ""]))
    (folder / "samples.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = {"samples": "samples.tsv", "outdir": "results", "reference": {"bundle": "bundle"}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def dry_run_command(folder: Path, profile: str) -> str:
    """The dry run of a project with a profile of the workflow."""
    words = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "all"]
    words += ["--snakefile", str(CHECKOUT / "Snakefile"), "--directory", str(folder)]
    words += ["--configfile", str(folder / "config.yaml"), "--replace-workflow-config"]
    words += ["--workflow-profile", str(CHECKOUT / "workflow" / "profiles" / profile)]
    return shlex.join(words)


def row(folder: Path, samples: int, profile: str) -> str:
    """A row of the table: samples, profile, wall s, CPU s, peak MB."""
    write_project(folder, samples)
    cost = measure(dry_run_command(folder, profile), 1)
    return f"| {samples} | {profile} | {cost.wall:.0f} | {cost.cpu:.0f} | {cost.peak_mb:.0f} |"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--samples", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--profile", default="default", help="folder of workflow/profiles")
    parser.add_argument("--keep", type=Path, help="new folder for the projects")
    given = parser.parse_args(argv)
    sys.stdout.write("| samples | profile | wall s | CPU s | peak MB |\n")
    sys.stdout.write("| --- | --- | --- | --- | --- |\n")
    with tempfile.TemporaryDirectory() as folder:
        for samples in given.samples:
            place = (given.keep or Path(folder)) / str(samples)
            sys.stdout.write(row(place, samples, given.profile) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
