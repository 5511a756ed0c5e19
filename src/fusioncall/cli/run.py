"""One sample, from reads to calls, in one process: the same files as the workflow makes.

  fusioncall run --sample S1 --fastq1 S1_1.fq.gz --fastq2 S1_2.fq.gz --reference REF --out R/S1
  fusioncall run --sample S2 --fastq1 S2_L1.fq.gz,S2_L2.fq.gz --reference REF --out R/S2
  fusioncall run --sample S3 --bam S3.bam --reference REF --out R/S3

A BAM must hold chimeric alignments (STAR with --chimOutType WithinBAM, or supplementary records) of
the whole sample, in any order; it needs no index. The folder given by --out gets report.html,
fusions.tsv, candidates.tsv, verdicts.tsv, transcripts.tsv, fusion_transcripts.fa,
fusion_peptides.fa, context.tsv, resistance.tsv, fusions.vcf.gz and evidence.bam with their indexes,
fusions.json, arriba.tsv, star-fusion.tsv, two files for MultiQC, qc.json and provenance.json.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.cli.common import add_fastq, add_fastq2, add_setup, reads_of, setup_of
from fusioncall.cli.contexts import add_context, context_of
from fusioncall.errors import InputError
from fusioncall.screening import check_sample_name
from fusioncall.steps import run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall run`."""
    parser.add_argument("--sample", required=True, help="name of the sample")
    reads = parser.add_mutually_exclusive_group(required=True)
    add_fastq(reads, required=False)
    reads.add_argument("--bam", type=Path, help="BAM or CRAM of the whole sample")
    add_fastq2(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder of the sample's results")
    add_context(parser)
    add_setup(parser)


def main(args: argparse.Namespace) -> None:
    """Run all steps."""
    check_sample_name(args.sample)
    if args.bam and args.fastq2:
        what, cure = "--fastq2 was given with --bam", "Give either FASTQ files or a BAM"
        raise InputError(what, cure=cure)
    reads = args.bam or reads_of(args)
    run(args.sample, reads, setup_of(args), context_of(args), args.out)
    print((args.out / "verdicts.tsv").read_text(encoding="utf-8"), end="")
