"""Whether every sample of a cohort could be read; if not, exit with 2 and name those that failed.

fusioncall complete --qc results/cohort/qc.tsv
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.cohort import check_complete


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall complete`."""
    help_text = "the table qc.tsv that `cohort` wrote"
    parser.add_argument("--qc", type=Path, required=True, metavar="TSV", help=help_text)


def main(args: argparse.Namespace) -> None:
    """Check a cohort."""
    print(f"{check_complete(args.qc)} samples, none of them failed")
