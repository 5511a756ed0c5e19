"""The tables of many samples, and a page that shows all their answers.

  fusioncall cohort --samples samples.tsv --results results --out results/cohort

--samples is the sample sheet of the workflow; the results of each of its samples lie below
--results in the folder of its name. --out gets fusions.tsv, verdicts.tsv and qc.tsv of all samples,
carry_over.tsv, and cohort.html. With --parquet each table is written as Apache Parquet too. A
sample without results is listed as failed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.cohort import read_cohort, write_tables
from fusioncall.cohort_page import write_page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall cohort`."""
    parser.add_argument("--samples", type=Path, required=True, help="sample sheet, TSV")
    parser.add_argument("--results", type=Path, required=True, help="folder with all samples")
    help_text = "what `carry-over` wrote, called like the runs (default: carry_over in --out)"
    parser.add_argument("--carry-over", type=Path, metavar="FOLDER", help=help_text)
    help_text = "write Parquet beside TSV (needs pyarrow)"
    parser.add_argument("--parquet", action="store_true", help=help_text)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")


def main(args: argparse.Namespace) -> None:
    """Write the tables and the page of a cohort."""
    cohort = read_cohort(args.samples, args.results, args.carry_over or args.out / "carry_over")
    write_tables(args.out, cohort, parquet=args.parquet)
    write_page(args.out / "cohort.html", cohort, args.results)
