r"""Find and count junctions in alignments, and judge each candidate.

  fusioncall call --sample S --bam aligned.bam --census census.json --reference REF \
      --calls calls.json --evidence evidence.bam

Without --census the BAM is taken for that of a whole sample (made by STAR with --chimOutType
WithinBAM, or by any aligner that writes supplementary records) and is screened first.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.cli.common import add_setup, setup_of
from fusioncall.steps import call


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall call`."""
    parser.add_argument("--sample", required=True, help="name of the sample")
    parser.add_argument("--bam", type=Path, required=True, help="alignments, in any order")
    parser.add_argument("--census", type=Path, help="JSON of counts that the screen wrote")
    parser.add_argument("--calls", type=Path, required=True, help="JSON of calls to write")
    parser.add_argument("--evidence", type=Path, required=True, help="BAM of molecules to write")
    add_setup(parser)


def main(args: argparse.Namespace) -> None:
    """Call one sample."""
    call(args.sample, args.bam, args.census, setup_of(args), args.calls, args.evidence)
