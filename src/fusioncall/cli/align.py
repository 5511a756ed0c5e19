"""Align the kept reads to the whole reference (minimap2 within this process).

  fusioncall align --reads screened.bam --reference REF --out aligned.bam
  fusioncall align --reads A.bam B.bam --reference REF --out A.aligned.bam B.aligned.bam

--out gets a BAM grouped by name; a read that was split has supplementary records and SA tags. Of
several samples each gets the same file as alone, and the reference is loaded once for all. One that
cannot be read gets no file; the others get theirs, and the exit code is 2.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.cli.common import add_setup, setup_of
from fusioncall.errors import InputError
from fusioncall.steps import align_batch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall align`."""
    help_text = "unaligned BAM of the screen, of one sample or of several"
    parser.add_argument(
        "--reads", type=Path, nargs="+", required=True, metavar="BAM", help=help_text
    )
    help_text = "BAM to write for each of them"
    parser.add_argument("--out", type=Path, nargs="+", required=True, metavar="BAM", help=help_text)
    add_setup(parser)


def main(args: argparse.Namespace) -> None:
    """Align one sample or several."""
    cure = "Give one file to write for each file of reads"
    if len(args.reads) != len(args.out):
        what = f"{len(args.reads)} files of reads were given and {len(args.out)} to write"
        raise InputError(what, cure=cure)
    if len({out.resolve() for out in args.out}) != len(args.out):
        raise InputError("one file was given twice to be written", cure=cure)
    align_batch(list(zip(args.reads, args.out, strict=True)), setup_of(args))
