r"""Plant fusions into your own negative reads, run the pipeline, and tell what was found by level.

  fusioncall control --fastq1 N_1.fq.gz --fastq2 N_2.fq.gz --reference REF --levels 2,5,10 \
      --out control
  fusioncall control --fastq1 N_1.fq.gz --fastq2 N_2.fq.gz --reference REF --levels 0.5,1 \
      --per-million --fusion ETV6:5-NTRK3:15 --repeats 20 --out control

A planted molecule is a fragment that holds the junction; its reads have the lengths, qualities and
errors of yours, and its length is drawn from those of your fragments, as measured on the control
genes. A fusion is described by exons (of the reference transcript of a target, of the primary one
of other genes) or by breakpoints: chr12:11869969:+>chr15:87940753:-. Without --fusion the junctions
of the catalogue are planted that the reference has between the same genes.

The new folder gets recall.tsv (by level: planted, found, exact, and the genes DETECTED), spiked.tsv
(each planted fusion), the planted reads, and under samples/ the results of every run. Each sample
holds one fusion for each target gene, so there are as many runs as levels x repeats x fusions of
one gene, and one without planted molecules (level 0). The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.cli.common import (
    add_fastq,
    add_fastq2,
    add_setup,
    reads_of,
    setup_of,
)
from fusioncall.cli.contexts import add_context, context_of
from fusioncall.control import (
    RECALL_COLUMNS,
    ControlPlan,
    FragmentLengths,
    positive_control,
)
from fusioncall.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall control`."""
    add = parser.add_argument
    add_fastq(parser, required=True)
    add_fastq2(parser)
    help_text = "molecules of each fusion, separated by commas [1,2,3,5,10]"
    add("--levels", type=_levels, default=(1.0, 2.0, 3.0, 5.0, 10.0), help=help_text)
    add("--per-million", action="store_true", help="levels are molecules per million fragments")
    help_text = "a fusion to plant; may be repeated (default: the junctions of the catalogue)"
    add("--fusion", action="append", default=[], metavar="SPEC", help=help_text)
    add("--repeats", type=int, default=1, metavar="N", help="samples of each [%(default)s]")
    add("--seed", type=int, default=1, metavar="N", help="of all that is drawn [%(default)s]")
    add("--fragment-mean", type=float, metavar="BP", help="mean length of fragments, for single")
    add("--fragment-sd", type=float, metavar="BP", help="its standard deviation")
    add("--out", type=Path, required=True, help="folder to make")
    add_context(parser)
    add_setup(parser)


def main(args: argparse.Namespace) -> None:
    """Plant, run, and print the table of recall."""
    given = (args.fragment_mean, args.fragment_sd)
    if given.count(None) == 1:
        what = "--fragment-mean and --fragment-sd go together"
        raise InputError(what, cure="Give both, or neither")
    plan = ControlPlan(
        levels=args.levels,
        is_per_million=args.per_million,
        repeats=args.repeats,
        seed=args.seed,
        fusions=tuple(args.fusion),
        lengths=None if None in given else FragmentLengths(*given),
    )
    rows = positive_control(reads_of(args), plan, setup_of(args), context_of(args), args.out)
    for row in (RECALL_COLUMNS, *rows):
        print("\t".join(row))


def _levels(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(each) for each in text.split(","))
    except ValueError as error:
        message = f"numbers separated by commas, not {text!r}"
        raise argparse.ArgumentTypeError(message) from error
