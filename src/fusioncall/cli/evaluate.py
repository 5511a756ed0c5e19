"""Compare calls with a truth table, and print recall and precision.

Of truth.tsv (as `fusioncall simulate` writes it) only the fusions of class kinase-fusion are
expected; everything that is called beside them is false. For each expected fusion and each false
call one row is printed (and written with --out): exact, other-breakpoint, missed or false, with the
distance of the breakpoints in bp. Recall and precision come with Wilson's 95 % interval.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from fusioncall.evaluate import (
    TABLE_COLUMNS,
    evaluate,
    read_events,
    summary_rows,
    table_rows,
)
from fusioncall.files import whole_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("--truth", type=Path, required=True, metavar="TSV", help="what was planted")
    add("--fusions", type=Path, required=True, nargs="+", metavar="TSV", help="tables of calls")
    add("--out", type=Path, metavar="TSV", help="write the table of comparisons here too")


def main(args: argparse.Namespace) -> None:
    """Compare, print, and write the table if asked."""
    truth = read_events(args.truth)
    calls = [call for path in args.fusions for call in read_events(path)]
    evaluation = evaluate(truth, calls)
    rows = [TABLE_COLUMNS, *table_rows(evaluation)]
    if args.out is not None:
        with whole_file(args.out) as temporary:
            lines = ("\t".join(row) + "\n" for row in rows)
            temporary.write_text("".join(lines), encoding="utf-8")
    _print_aligned([row[:9] for row in rows])
    print()
    _print_aligned(summary_rows(evaluation))


def _print_aligned(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
