"""Compare the samples of a run: which junctions may have come from another sample.

  fusioncall carry-over --samples samples.tsv --calls 'results/{sample}/calls.json' --out run.json

--samples is the sample sheet of the workflow, and --calls tells where the calls of each of its
samples lie. With --run the samples of this run are compared, each with all the others. Without it
those whose column `run` is empty are, each with those that share a lane by the names of their
reads. `annotate` and `report` take the file that is written.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.cli.common import sample_path
from fusioncall.cohort import compare_run
from fusioncall.settings import read_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall carry-over`."""
    parser.add_argument("--samples", type=Path, required=True, help="sample sheet, TSV")
    parser.add_argument("--run", default="", help="name of the run (default: the empty one)")
    help_text = "path of each sample's JSON of calls, with {sample} in place of its name"
    parser.add_argument("--calls", type=sample_path, required=True, help=help_text)
    parser.add_argument("--settings", type=Path, help="settings.yaml (default: the one that comes)")
    parser.add_argument("--out", type=Path, required=True, help="JSON to write")


def main(args: argparse.Namespace) -> None:
    """Compare the samples of a run."""
    limits = read_settings(args.settings).carry_over
    compare_run(args.samples, args.run, args.calls, limits, args.out)
