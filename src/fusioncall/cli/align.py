"""Align the kept reads to the whole reference (minimap2 within this process).

  fusioncall align --reads screened.bam --reference REF --out aligned.bam

--out gets a BAM grouped by name; a read that was split has supplementary records and SA tags.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.cli.common import add_setup, setup_of
from fusioncall.steps import align


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall align`."""
    parser.add_argument("--reads", type=Path, required=True, help="unaligned BAM of the screen")
    parser.add_argument("--out", type=Path, required=True, help="BAM to write")
    add_setup(parser)


def main(args: argparse.Namespace) -> None:
    """Align one sample."""
    align(args.reads, setup_of(args), args.out)
