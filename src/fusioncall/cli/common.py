"""Arguments that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.context import Context
from fusioncall.reference import Reference
from fusioncall.resources import resource_path
from fusioncall.screen import ReadFiles
from fusioncall.settings import Assay, read_settings
from fusioncall.steps import Setup


def add_setup(parser: argparse.ArgumentParser) -> None:
    """Declare `--reference`, `--settings` and `--threads`."""
    parser.add_argument("--reference", type=Path, required=True, help="reference bundle (folder)")
    parser.add_argument("--settings", type=Path, help="settings.yaml (default: the one that comes)")
    parser.add_argument("--threads", type=thread_count, default=1, help="threads (default: 1)")


def add_fastq(parser: argparse._ActionsContainer, *, required: bool) -> None:
    """Declare `--fastq1`; `add_fastq2` declares its mate."""
    help_text = "first (or single-end) reads, plain or gzip; lanes separated by commas"
    parser.add_argument("--fastq1", type=_paths, required=required, metavar="FASTQ", help=help_text)


def add_fastq2(parser: argparse.ArgumentParser) -> None:
    """Declare `--fastq2`."""
    help_text = "second reads of the same lanes, in the same order"
    parser.add_argument("--fastq2", type=_paths, default=(), metavar="FASTQ", help=help_text)


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
    help_text = "how the library was made, which decides about adequacy (default: %(default)s)"
    assays = [each.value for each in Assay]
    parser.add_argument("--assay", choices=assays, default=assays[0], help=help_text)
    help_text = "your own panel of normals, made by `fusioncall pon build`"
    parser.add_argument("--pon", type=Path, metavar="TSV", help=help_text)


def context_of(args: argparse.Namespace) -> Context:
    """What `add_context` declared."""
    return Context(
        catalogue=args.catalogue,
        own_catalogue=args.own_catalogue,
        tumour_type=args.tumour_type,
        assay=Assay(args.assay),
        normals=args.pon,
    )


def setup_of(args: argparse.Namespace) -> Setup:
    """Open what `add_setup` declared."""
    settings = read_settings(args.settings)
    return Setup(Reference(args.reference), settings, args.threads)


def reads_of(args: argparse.Namespace) -> ReadFiles:
    """The FASTQ files that were given."""
    return ReadFiles(args.fastq1, args.fastq2)


def thread_count(text: str) -> int:
    """Read the value of `--threads`."""
    if not text.isdecimal() or int(text) < 1:
        message = f"a whole number of at least 1, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _paths(text: str) -> tuple[Path, ...]:
    parts = text.split(",")
    if not all(parts):
        message = f"paths separated by single commas, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return tuple(Path(part) for part in parts)
