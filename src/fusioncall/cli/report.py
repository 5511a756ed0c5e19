"""Write the report of a sample: one HTML page that needs nothing else.

fusioncall report --calls calls.json --evidence evidence.bam --reference REF --out report.html
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.cli.common import add_setup, setup_of
from fusioncall.cli.contexts import add_called, add_context, called_of, context_of
from fusioncall.steps import report_sample


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall report`."""
    add_called(parser)
    parser.add_argument("--evidence", type=Path, required=True, help="BAM that `call` wrote")
    parser.add_argument("--out", type=Path, required=True, help="HTML to write")
    add_context(parser)
    add_setup(parser)


def main(args: argparse.Namespace) -> None:
    """Write the report of one sample."""
    report_sample(called_of(args), args.evidence, setup_of(args), context_of(args), args.out)
