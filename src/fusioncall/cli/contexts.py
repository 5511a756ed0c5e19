"""Arguments of the commands that tell what is known beside the reads."""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.context import Context
from fusioncall.resources import resource_path


def add_context(parser: argparse.ArgumentParser) -> None:
    """Declare `--catalogue`, `--own-catalogue` and `--tumour-type`."""
    help_text = "known partners, TSV (default: the one that comes)"
    default = resource_path("known_partners.tsv")
    parser.add_argument("--catalogue", type=Path, default=default, metavar="TSV", help=help_text)
    help_text = (
        "your own known partners, added to the others: TSV, or an export of COSMIC or Mitelman"
    )
    parser.add_argument("--own-catalogue", type=Path, metavar="FILE", help=help_text)
    help_text = "what the tumour is, in words; facts that are known of it go into context.tsv"
    parser.add_argument("--tumour-type", default="", metavar="WORDS", help=help_text)


def context_of(args: argparse.Namespace) -> Context:
    """What `add_context` declared."""
    return Context(args.catalogue, args.own_catalogue, args.tumour_type)
