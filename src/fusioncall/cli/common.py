"""Arguments that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.errors import InputError
from fusioncall.reference import Reference
from fusioncall.screen import ReadFiles
from fusioncall.screening import Setup
from fusioncall.settings import read_settings


def add_setup(parser: argparse.ArgumentParser) -> None:
    """Declare `--reference`, `--settings` and `--threads`."""
    add_settings(parser)
    add_reference(parser)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Declare `--settings`."""
    parser.add_argument("--settings", type=Path, help="settings.yaml (default: the one that comes)")


def add_reference(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Declare `--reference` and `--threads`, for a command that needs no settings given."""
    help_text = "reference bundle (folder)"
    parser.add_argument("--reference", type=Path, required=required, help=help_text)
    parser.add_argument("--threads", type=thread_count, default=1, help="threads (default: 1)")


def add_fastq(parser: argparse._ActionsContainer, *, required: bool) -> None:
    """Declare `--fastq1`; `add_fastq2` declares its mate."""
    help_text = "first (or single-end) reads, plain or gzip; lanes separated by commas"
    parser.add_argument("--fastq1", type=_paths, required=required, metavar="FASTQ", help=help_text)


def add_fastq2(parser: argparse.ArgumentParser) -> None:
    """Declare `--fastq2`."""
    help_text = "second reads of the same lanes, in the same order"
    parser.add_argument("--fastq2", type=_paths, default=(), metavar="FASTQ", help=help_text)


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Declare `--trust-alignment`."""
    help_text = (
        "read of an indexed BAM only the target genes, what their reads lead to, and the unplaced"
        " reads; finding nothing then means nothing"
    )
    parser.add_argument("--trust-alignment", action="store_true", help=help_text)


def add_record_failure(parser: argparse.ArgumentParser) -> None:
    """Declare `--record-failure`."""
    help_text = "write results that tell the reason, when the sample's files cannot be used"
    parser.add_argument("--record-failure", action="store_true", help=help_text)


def setup_of(args: argparse.Namespace) -> Setup:
    """Open what `add_setup` or `add_reference` declared."""
    settings = read_settings(getattr(args, "settings", None))
    return Setup(Reference(args.reference), settings, args.threads)


def add_question(parser: argparse.ArgumentParser) -> None:
    """Declare `--sample-dir` and the two sides that are asked for."""
    help_text = "folder of the sample's results"
    parser.add_argument("--sample-dir", type=Path, required=True, metavar="DIR", help=help_text)
    parser.add_argument("five", metavar="FIVE", help="5' gene, or breakpoint")
    parser.add_argument("three", metavar="THREE", help="3' gene, or breakpoint")


def add_reads(parser: argparse.ArgumentParser, help_text: str) -> None:
    """Declare `--fastq1` or `--bam`, and `--fastq2`: the reads of a sample that has results."""
    reads = parser.add_argument_group(help_text).add_mutually_exclusive_group()
    add_fastq(reads, required=False)
    reads.add_argument("--bam", type=Path, help="BAM or CRAM of the whole sample")
    add_fastq2(parser)


def given_reads(args: argparse.Namespace) -> ReadFiles | Path | None:
    """What `add_reads` declared; None without any.

    Raises:
        InputError: second reads without first ones.
    """
    if args.fastq2 and not args.fastq1:
        raise InputError("--fastq2 was given without --fastq1", cure="Give both mates, or a BAM")
    return reads_of(args) if args.fastq1 else args.bam


def reads_of(args: argparse.Namespace) -> ReadFiles:
    """The FASTQ files that were given."""
    return ReadFiles(args.fastq1, args.fastq2)


def thread_count(text: str) -> int:
    """Read the value of `--threads`."""
    if not text.isdecimal() or int(text) < 1:
        message = f"a whole number of at least 1, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def sample_path(text: str) -> str:
    """Read a path that holds {sample} in place of a sample's name."""
    if "{sample}" not in text:
        message = f"a path with {{sample}} in it, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return text


def _paths(text: str) -> tuple[Path, ...]:
    parts = text.split(",")
    if not all(parts):
        message = f"paths separated by single commas, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return tuple(Path(part) for part in parts)
