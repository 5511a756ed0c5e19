r"""Keep the reads that touch a target gene, count all the others.

  fusioncall screen --sample S --fastq1 S_1.fq.gz --fastq2 S_2.fq.gz --reference REF \
      --out screened.bam --census census.json

--out gets the kept molecules as unaligned BAM, --census the counts of everything that was seen.
With --record-failure reads that cannot be used are no error: an empty BAM and a census with the
reason take the place of the others, so that a batch goes on, and the sample's results tell it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.cli.common import (
    add_fastq,
    add_fastq2,
    add_record_failure,
    add_setup,
    reads_of,
    setup_of,
)
from fusioncall.errors import InputError
from fusioncall.screening import check_sample_name, record_failed_screen, screen


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall screen`."""
    parser.add_argument("--sample", required=True, help="name of the sample")
    add_fastq(parser, required=True)
    add_fastq2(parser)
    parser.add_argument("--out", type=Path, required=True, help="unaligned BAM to write")
    parser.add_argument("--census", type=Path, required=True, help="JSON of counts to write")
    add_record_failure(parser)
    add_setup(parser)


def main(args: argparse.Namespace) -> None:
    """Screen one sample."""
    check_sample_name(args.sample)
    setup = setup_of(args)
    try:
        screen(reads_of(args), setup, args.out, args.census)
    except InputError as error:
        if not args.record_failure:
            raise
        record_failed_screen(error, setup, args.out, args.census)
