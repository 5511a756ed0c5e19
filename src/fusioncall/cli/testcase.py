r"""Cut the molecules of one call into small files without names, for a bug report.

  fusioncall testcase --sample-dir results/S ETV6 NTRK3 --reference REF --out case
  fusioncall testcase --sample-dir results/S ETV6 NTRK3 --reference REF --out case --with-unfused \
      --fastq1 S_1.fq.gz --fastq2 S_2.fq.gz

The call is named by its genes, or by its two breakpoints where the genes have several. The new
folder gets FASTQ and BAM of the molecules that support it (with --with-unfused also of those that
run over its 3' breakpoint without a fusion), the settings, and a note. Read names are numbers; no
name of a sample, machine or folder is in the files.

The sequence itself can still identify a person: reads show germline variants.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.afterwards import cut_testcase
from fusioncall.cli.common import add_question, add_reads, add_reference, given_reads, setup_of
from fusioncall.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall testcase`."""
    add_question(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder to make")
    help_text = "with the molecules that are not fused there; it takes the reads of the sample"
    parser.add_argument("--with-unfused", action="store_true", help=help_text)
    add_reads(parser, "the reads that the results were made of")
    add_reference(parser)


def main(args: argparse.Namespace) -> None:
    """Cut the molecules out, and say what they are."""
    reads = given_reads(args)
    if args.with_unfused is not (reads is not None):
        what = "--with-unfused and the reads of the sample go together"
        raise InputError(what, cure="Give --fastq1 or --bam with it, or neither")
    asked = (args.five, args.three)
    case = cut_testcase(args.sample_dir, asked, reads, setup_of(args), args.out)
    unfused = len(case.molecules) - case.supporting
    print(f"{args.out}: {case.supporting} supporting and {unfused} unfused molecules.")
    print("The sequence itself can still identify a person: reads show germline variants.")
