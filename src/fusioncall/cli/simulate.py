"""Make a small genome with planted fusions, reads, and the truth.

The genome has the real gene structures of NTRK1, NTRK2, NTRK3 and some thirty other genes, with
shrunken introns and invented bases. The output folder gets

  genome.fa.gz  genes.gtf.gz  SAMPLE_1.fq.gz  SAMPLE_2.fq.gz  truth.tsv  molecules.tsv.gz

A fusion (--fusion, may be repeated) is described by exons or by breakpoints:

  ETV6:5-NTRK3:15                      end of exon 5 to start of exon 15
  ETV6:5-NTRK3/NM_002530:15            exon numbers of another transcript than the gene's first
  LMNA:11-150-NTRK1:11                 150 bases before the end of exon 11 (+20: into the intron)
  ETV6:5-NTRK3:15:ACGT                 with inserted bases
  ETV6@chr12:9000:+-NTRK3@chr15:800:-  by last base kept and first base kept (1-based)

Without --fusion, a set of nine is planted: six kinase fusions (ETV6::NTRK3 in two forms,
TPM3::NTRK1, LMNA::NTRK1 broken inside an exon, QKI::NTRK2, and SQSTM1::NTRK1 with three inserted
bases) and three that are none (reciprocal NTRK3::ETV6, a join to truncated TrkC, and one behind the
start of the kinase domain). `--fusion none` plants nothing.
"""

from __future__ import annotations

import argparse
import logging
import re
from pathlib import Path

from fusioncall.errors import SettingsError
from fusioncall.plants import Molecules, PlantedFusion, parse_fusion
from fusioncall.sample_files import write_molecules, write_reads, write_truth
from fusioncall.simulate import (
    ReadSettings,
    SamplePlan,
    Strandedness,
    background_of,
    simulate_sample,
)
from fusioncall.world import DEFAULT_SEED, World, build_world
from fusioncall.world_files import ContigNames, Dialect, write_annotation, write_genome

DEFAULT_FUSIONS = (
    "ETV6:5-NTRK3:15",
    "ETV6:4-NTRK3:14",
    "TPM3:8-NTRK1:10",
    "LMNA:11-150-NTRK1:11",
    "QKI:6-NTRK2:16",
    "SQSTM1:5-NTRK1:10:CTC",
    "NTRK3:14-ETV6:6",
    "EML4:2-NTRK3/NM_001007156:15",
    "TRIM24:12-NTRK2:18",
)
"""What is planted when the user names no fusion."""

_LOG = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    reads = ReadSettings()
    add = parser.add_argument
    add("--out", type=Path, required=True, metavar="DIR", help="output folder")
    add("--sample", default="simulated", metavar="NAME", help="name of the sample [%(default)s]")
    add("--seed", type=int, default=1, metavar="N", help="seed of the reads [%(default)s]")
    add(
        "--world-seed",
        type=int,
        default=DEFAULT_SEED,
        metavar="N",
        help="seed of the genome's bases [%(default)s]",
    )
    add(
        "--dialect",
        choices=[d.value for d in Dialect],
        default="gencode",
        help="form of the annotation [%(default)s]",
    )
    add(
        "--contigs",
        choices=[c.value for c in ContigNames],
        default="chr",
        help="contigs of the FASTA: chr1 or 1 [%(default)s]",
    )
    add("--fusion", action="append", metavar="SPEC", help="fusion to plant, or none")
    add(
        "--molecules",
        type=int,
        default=20,
        metavar="N",
        help="molecules of each fusion: half split, half spanning; all split with --single "
        "[%(default)s]",
    )
    add(
        "--background",
        type=int,
        default=20_000,
        metavar="N",
        help="fragments of wild-type transcripts [%(default)s]",
    )
    add("--single", action="store_true", help="single-end reads")
    add(
        "--strandedness",
        choices=[s.value for s in Strandedness],
        default="unstranded",
        help="strand of the transcript that the first read shows [%(default)s]",
    )
    numbers = {
        "--read-length": (int, reads.read_length_bp, "length of a read, in bp"),
        "--fragment-mean": (float, reads.fragment_mean_bp, "mean fragment length, in bp"),
        "--fragment-sd": (float, reads.fragment_sd_bp, "its standard deviation, in bp"),
        "--error-rate": (float, reads.error_rate, "substitutions per base"),
    }
    for option, (kind, default, text) in numbers.items():
        add(option, type=kind, default=default, metavar="N", help=f"{text} [%(default)s]")


def main(args: argparse.Namespace) -> None:
    """Simulate one sample and write it."""
    _check(args)
    world = build_world(args.world_seed)
    plan = SamplePlan(
        name=args.sample,
        seed=args.seed,
        settings=ReadSettings(
            read_length_bp=args.read_length,
            fragment_mean_bp=args.fragment_mean,
            fragment_sd_bp=args.fragment_sd,
            error_rate=args.error_rate,
            strandedness=Strandedness(args.strandedness),
            is_paired=not args.single,
        ),
        plants=_plants(world, args),
        background=background_of(world, args.background),
    )
    sample = simulate_sample(world, plan)
    names = ContigNames(args.contigs)
    write_genome(world, args.out / "genome.fa.gz", names)
    write_annotation(world, args.out / "genes.gtf.gz", Dialect(args.dialect))
    write_reads(sample, args.out)
    write_molecules([sample], args.out / "molecules.tsv.gz", names)
    write_truth([sample], args.out / "truth.tsv", names)
    _LOG.info(
        "%s: %d fusions planted, %d molecules written to %s",
        plan.name,
        len(plan.plants),
        len(sample.molecules),
        args.out,
    )


def _check(args: argparse.Namespace) -> None:
    for option in ("seed", "world_seed", "molecules", "background"):
        if getattr(args, option) < 0:
            raise SettingsError(
                f"--{option.replace('_', '-')} is {getattr(args, option)}",
                cure="Give 0 or more",
            )
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", args.sample):
        raise SettingsError(
            f"{args.sample!r} cannot be part of a file name",
            cure="Give --sample letters, digits, '.', '_' and '-' only",
        )


def _plants(world: World, args: argparse.Namespace) -> tuple[PlantedFusion, ...]:
    texts = DEFAULT_FUSIONS if args.fusion is None else args.fusion
    split = args.molecules if args.single else (args.molecules + 1) // 2
    molecules = Molecules(split=split, spanning=args.molecules - split)
    return tuple(parse_fusion(world, text, molecules) for text in texts if text != "none")
