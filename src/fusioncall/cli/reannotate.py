"""Renew the results of a sample with another catalogue or other limits, without its reads.

  fusioncall reannotate results/S --reference REF --catalogue NEW.tsv --out renewed/S
  fusioncall reannotate results/S1 results/S2 --reference REF --settings NEW.yaml --out renewed

It takes calls.json and evidence.bam of each folder and writes every file of the sample into --out,
or for several folders into folders of their names in it. Settings of the filters, the confidence,
the status and the resistance take effect; provenance.json names those by which calls were judged
anew (judged_anew). Settings that decide which molecules are kept and counted need the reads: where
one differs, nothing is written. Without --tumour-type and --assay they stay those of the old
results. An own catalogue must be given again, and so must a panel of normals (--pon) and the
carry-over of the run, if the old results had them: without them a call could pass that they had
stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.afterwards import Known, reannotate_samples
from fusioncall.cli.common import add_setup, setup_of
from fusioncall.cli.contexts import add_carry_over, add_context, context_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall reannotate`."""
    help_text = "folder of a sample's results"
    parser.add_argument("folders", type=Path, nargs="+", metavar="SAMPLE_DIR", help=help_text)
    help_text = "folder of the new results; of several samples, the one that their folders go into"
    parser.add_argument("--out", type=Path, required=True, help=help_text)
    add_carry_over(parser)
    add_context(parser)
    add_setup(parser)


def main(args: argparse.Namespace) -> None:
    """Renew the results of the samples."""
    known = Known(context_of(args), args.carry_over)
    reannotate_samples(args.folders, setup_of(args), known, args.out)
