"""Compare calls with the catalogue, write the tables and the answer for each target gene.

  fusioncall annotate --calls calls.json --reference REF --out results/S

--out gets fusions.tsv, candidates.tsv, verdicts.tsv, transcripts.tsv, fusion_transcripts.fa,
fusion_peptides.fa, context.tsv, resistance.tsv, fusions.vcf.gz and its index, fusions.json,
arriba.tsv, star-fusion.tsv, two files for MultiQC, qc.json and provenance.json.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.cli.common import add_setup, setup_of
from fusioncall.cli.contexts import add_called, add_context, called_of, context_of
from fusioncall.steps import annotate_sample


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall annotate`."""
    add_called(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder of the sample's results")
    add_context(parser)
    add_setup(parser)


def main(args: argparse.Namespace) -> None:
    """Annotate one sample."""
    annotate_sample(called_of(args), setup_of(args), context_of(args), args.out)
