"""The command line: `fusioncall COMMAND`, one module of this package per command.

Each module has a docstring (its help), `add_arguments(parser)` and `main(args)`, which parses
nothing, calls one function of the library and writes. Errors that a user can cure end in one line
on standard error and exit code 2.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import logging
import os
import sys
from collections.abc import Collection, Sequence

import pysam

from fusioncall import __version__
from fusioncall.errors import FusioncallError

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy starts threads of algebra, never used

_GC_OBJECTS = 50_000
"""New objects before Python looks for cycles; molecules have none, and looks at them are slow."""

COMMANDS = {
    "run": "one sample, from reads to calls, in one process",
    "reference": "build or check a reference bundle",
    "screen": "keep the reads that touch a target gene, count all the others",
    "align": "align the kept reads to the whole reference",
    "call": "find and count junctions in alignments, judge each candidate",
    "give-up": "record a sample as failed whose step died in its last try",
    "carry-over": "compare the samples of a run: which junctions came from another one",
    "annotate": "compare calls with the catalogue, write tables and the answer per gene",
    "report": "write a sample's report, one HTML page",
    "reannotate": "renew a sample's results with another catalogue or limits, without reads",
    "explain": "tell why a fusion was called in a sample, or not",
    "testcase": "cut the molecules of one call into small files without names",
    "diff": "compare two result folders: what differs, and why",
    "control": "plant fusions into your own negative reads, and show that they are found",
    "cohort": "tables and one page of many samples",
    "complete": "whether every sample of a cohort could be read",
    "pon": "build a panel of normals from your own negative samples",
    "simulate": "make a small genome with planted fusions, reads, and the truth",
    "evaluate": "compare calls with a truth table",
    "download": "fetch a file and check its SHA-256",
}
"""Each command and its one-line help, in the order of the work."""


def _parser(wanted: Collection[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of all commands; those not wanted are not imported, and have no arguments."""
    parser = argparse.ArgumentParser(
        prog="fusioncall",
        description="NTRK fusions from RNA-seq reads.",
        epilog="fusioncall COMMAND --help tells all that a command needs. For research use.",
    )
    parser.add_argument("--version", action="version", version=f"fusioncall {__version__}")
    parser.add_argument("--quiet", action="store_true", help="log warnings and errors only")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        form = argparse.RawDescriptionHelpFormatter
        command = commands.add_parser(name, help=summary, formatter_class=form)
        if name not in wanted:
            continue
        module = importlib.import_module(f"fusioncall.cli.{name.replace('-', '_')}")
        command.description = module.__doc__
        module.add_arguments(command)
        command.set_defaults(main=module.main)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the words after `fusioncall`; those of this process when left out.

    Returns:
        The exit code: that of the command, 0 for most; 2 when the user's input or command cannot
        be used.
    """
    words = sys.argv[1:] if argv is None else argv
    args = _parser(COMMANDS.keys() & set(words)).parse_args(words)
    logging.basicConfig(
        level=logging.WARNING if args.quiet else logging.INFO,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
        stream=sys.stderr,
        force=True,
    )
    gc.set_threshold(_GC_OBJECTS, *gc.get_threshold()[1:])
    pysam.set_verbosity(0)  # our own messages say what htslib would print
    try:
        code: int | None = args.main(args)
    except FusioncallError as error:
        print(f"fusioncall {args.command}: error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 1
    return code or 0
