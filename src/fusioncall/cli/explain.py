r"""Tell why a fusion was called in a sample, or not, on a page of text.

  fusioncall explain --sample-dir results/S ETV6 NTRK3 --reference REF \
      --fastq1 S_1.fq.gz --fastq2 S_2.fq.gz
  fusioncall explain --sample-dir results/S chr12:11869969:+ chr15:87940753:- --reference REF

The 5' gene stands first, then the 3' gene; or the last base kept and the first base kept of a
junction, 1-based with the strand of transcription. The page tells the answer that was given, every
candidate with each filter, the reads that come nearest with the junction marked, and what the depth
would have allowed.

Give the reads of the sample: they are screened again, with the settings of the calls. Without them
only the molecules of evidence.bam are looked at, which support candidates, and the page says so.
"""

from __future__ import annotations

import argparse

from fusioncall.afterwards import explain_sample
from fusioncall.cli.common import add_question, add_reads, add_reference, given_reads, setup_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall explain`."""
    add_question(parser)
    add_reads(parser, "the reads that the results were made of")
    add_reference(parser)


def main(args: argparse.Namespace) -> None:
    """Explain."""
    asked = (args.five, args.three)
    for line in explain_sample(args.sample_dir, asked, given_reads(args), setup_of(args)):
        print(line)
