"""Build a panel of normals: which junctions recur in samples that hold no fusion.

  fusioncall pon build --out pon.tsv results/N1 results/N2 results/N3 ...

Each folder holds the results of a sample that your laboratory knows to be negative; they must all
be of one reference bundle. Give the panel to `run`, `annotate` and `report` by --pon. It never
removes a junction of a known pair of genes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.panel import build_panel, write_panel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall pon`."""
    actions = parser.add_subparsers(dest="action", metavar="build", required=True)
    build = actions.add_parser("build", help="make a panel from results of negative samples")
    build.add_argument("--out", type=Path, required=True, metavar="TSV", help="panel to write")
    build.add_argument("folders", type=Path, nargs="+", metavar="DIR", help="results of a sample")


def main(args: argparse.Namespace) -> None:
    """Build."""
    panel = build_panel(args.folders)
    write_panel(args.out, panel)
    print(f"{args.out}: {len(panel.head.samples)} samples, {len(panel.junctions)} junctions")
