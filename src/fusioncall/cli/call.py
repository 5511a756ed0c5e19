r"""Find and count junctions in alignments, and judge each candidate.

  fusioncall call --sample S --bam aligned.bam --census census.json --reference REF \
      --fastq1 S_1.fq.gz --fastq2 S_2.fq.gz --calls calls.json --evidence evidence.bam

The FASTQ files that were screened are read again where something is called, to count the molecules
of the partner gene that are not fused; without them that number stays unknown.

Without --census the BAM is taken for that of a whole sample (made by STAR with --chimOutType
WithinBAM, or by any aligner that writes supplementary records) and is screened first; with
--trust-alignment only what its index leads to is read, from the target genes on.

With --record-failure a BAM or reads that cannot be used are no error: calls.json with the reason
and an empty BAM are written, so that a batch goes on, and the sample's results tell it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.cli.common import (
    add_fastq,
    add_fastq2,
    add_record_failure,
    add_setup,
    add_trust,
    reads_of,
    setup_of,
)
from fusioncall.errors import InputError
from fusioncall.failures import failed_census
from fusioncall.steps import Alignments, call, record_failed_call


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall call`."""
    parser.add_argument("--sample", required=True, help="name of the sample")
    parser.add_argument("--bam", type=Path, required=True, help="alignments, in any order")
    parser.add_argument("--census", type=Path, help="JSON of counts that the screen wrote")
    parser.add_argument("--calls", type=Path, required=True, help="JSON of calls to write")
    parser.add_argument("--evidence", type=Path, required=True, help="BAM of molecules to write")
    add_fastq(parser, required=False)
    add_fastq2(parser)
    add_record_failure(parser)
    add_trust(parser)
    add_setup(parser)


def main(args: argparse.Namespace) -> None:
    """Call one sample."""
    if args.trust_alignment and args.census:
        what = "--trust-alignment was given with --census"
        raise InputError(what, cure="Give one of them: a census is of reads that were all screened")
    setup = setup_of(args)
    try:
        reads = reads_of(args) if args.fastq1 else None
        alignments = Alignments(args.bam, args.census, reads, args.trust_alignment)
        call(args.sample, alignments, setup, args.calls, args.evidence)
    except InputError as error:
        if not args.record_failure:
            raise
        source = "fastq" if args.census else "bam"
        census = failed_census(source, error, setup.reference)
        record_failed_call(args.sample, census, setup, args.calls, args.evidence)
