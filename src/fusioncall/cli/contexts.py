"""Arguments of the commands that tell what is known beside the reads."""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.context import Context
from fusioncall.resources import resource_path
from fusioncall.settings import Assay
from fusioncall.steps import Called


def add_context(parser: argparse.ArgumentParser) -> None:
    """Declare what is known beside the reads, from `--catalogue` to `--pon`."""
    help_text = "known partners, TSV (default: the one that comes)"
    default = resource_path("known_partners.tsv")
    parser.add_argument("--catalogue", type=Path, default=default, metavar="TSV", help=help_text)
    help_text = (
        "your own known partners, added to the others: TSV, or an export of COSMIC or Mitelman"
    )
    parser.add_argument("--own-catalogue", type=Path, metavar="FILE", help=help_text)
    help_text = "what the tumour is, in words; facts that are known of it go into context.tsv"
    parser.add_argument("--tumour-type", default="", metavar="WORDS", help=help_text)
    assays = [each.value for each in Assay]
    help_text = f"how the library was made, which decides about adequacy (default: {assays[0]})"
    parser.add_argument("--assay", choices=assays, help=help_text)
    help_text = "your own panel of normals, made by `fusioncall pon build`"
    parser.add_argument("--pon", type=Path, metavar="TSV", help=help_text)


def context_of(args: argparse.Namespace) -> Context:
    """What `add_context` declared."""
    return Context(
        catalogue=args.catalogue,
        own_catalogue=args.own_catalogue,
        tumour_type=args.tumour_type,
        assay=Assay(args.assay) if args.assay else None,
        normals=args.pon,
    )


def add_called(parser: argparse.ArgumentParser) -> None:
    """Declare `--calls` and `--carry-over`."""
    parser.add_argument("--calls", type=Path, required=True, help="JSON that `call` wrote")
    add_carry_over(parser)


def add_carry_over(parser: argparse.ArgumentParser) -> None:
    """Declare `--carry-over`."""
    help_text = "JSON that `carry-over` wrote for the sample's run (default: nothing was compared)"
    parser.add_argument("--carry-over", type=Path, metavar="JSON", help=help_text)


def called_of(args: argparse.Namespace) -> Called:
    """What `add_called` declared."""
    return Called(args.calls, args.carry_over)
