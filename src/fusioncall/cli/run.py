"""One sample, from reads to calls, in one process: the same files as the workflow makes.

  fusioncall run --sample S1 --fastq1 S1_1.fq.gz --fastq2 S1_2.fq.gz --reference REF --out R/S1
  fusioncall run --sample S2 --fastq1 S2_L1.fq.gz,S2_L2.fq.gz --reference REF --out R/S2
  fusioncall run --sample S3 --bam S3.bam --reference REF --out R/S3

A BAM must hold chimeric alignments (STAR with --chimOutType WithinBAM, or supplementary records) of
the whole sample, in any order; it needs no index. With --trust-alignment, an indexed BAM or CRAM is
read at the target genes only, with the mates and further pieces of the reads there and the reads
without a place: in seconds, but a fusion whose reads lie elsewhere is missed, so that finding
nothing is no answer. The folder given by --out gets report.html,
fusions.tsv, candidates.tsv, verdicts.tsv, transcripts.tsv, fusion_transcripts.fa,
fusion_peptides.fa, context.tsv, resistance.tsv, fusions.vcf.gz and evidence.bam with their indexes,
fusions.json, arriba.tsv, star-fusion.tsv, two files for MultiQC, calls.json, qc.json and
provenance.json.

Whether molecules were carried over from other samples of the run is not looked at, and the results
say so; the workflow does it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.cli.common import add_fastq, add_fastq2, add_setup, add_trust, reads_of, setup_of
from fusioncall.cli.contexts import add_context, context_of
from fusioncall.errors import InputError
from fusioncall.screening import check_sample_name
from fusioncall.steps import Alignments, run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall run`."""
    parser.add_argument("--sample", required=True, help="name of the sample")
    reads = parser.add_mutually_exclusive_group(required=True)
    add_fastq(reads, required=False)
    reads.add_argument("--bam", type=Path, help="BAM or CRAM of the whole sample")
    add_fastq2(parser)
    add_trust(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder of the sample's results")
    add_context(parser)
    add_setup(parser)


def main(args: argparse.Namespace) -> None:
    """Run all steps."""
    check_sample_name(args.sample)
    if args.bam and args.fastq2:
        what, cure = "--fastq2 was given with --bam", "Give either FASTQ files or a BAM"
        raise InputError(what, cure=cure)
    if args.trust_alignment and not args.bam:
        what = "--trust-alignment was given without --bam"
        raise InputError(what, cure="Leave it out: only a BAM holds alignments")
    reads = Alignments(args.bam, are_trusted=args.trust_alignment) if args.bam else reads_of(args)
    run(args.sample, reads, setup_of(args), context_of(args), args.out)
    _, _, table = (args.out / "verdicts.tsv").read_text(encoding="utf-8").partition("\n")
    print(table, end="")
