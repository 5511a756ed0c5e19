"""Compare two result folders: answers and calls that differ, and what they were made with.

  fusioncall diff old/S new/S
  fusioncall diff old new --json diff.json --html diff.html

Both folders are that of a sample, or both hold a folder for each sample. Each call is gained, lost
or changed; of one that is gained or lost, the filters that it fails in the other folder are told.
Version, reference, settings, catalogue and reads that differ come from provenance.json. Folders of
several versions can be compared: columns are found by name.

Exit code: 1 if the status of a gene changed (or one folder lacks a sample), 0 if none did, 2 if
something cannot be read.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.difference import compare
from fusioncall.difference_page import text_lines, write_difference_json, write_difference_page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall diff`."""
    parser.add_argument("old", type=Path, metavar="OLD", help="folder of results")
    parser.add_argument("new", type=Path, metavar="NEW", help="folder of results")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the difference as JSON")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write it as a page")


def main(args: argparse.Namespace) -> int:
    """Compare, tell, and write what is asked for."""
    difference = compare(args.old, args.new)
    if args.json:
        write_difference_json(args.json, difference)
    if args.html:
        write_difference_page(args.html, difference)
    for line in text_lines(difference):
        print(line)
    return int(difference.status_changed)
