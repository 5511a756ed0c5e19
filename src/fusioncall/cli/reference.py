"""Build or check a reference bundle: the folder with all that a run needs.

  fusioncall reference build --fasta GRCh38.fa.gz --gtf gencode.gtf.gz --out REF --name GRCh38
  fusioncall reference check REF

`build` takes a genome as FASTA and its annotation as GTF (GENCODE, Ensembl, RefSeq or UCSC), plain
or gzip, with contigs named `chr1` or `1`. `check` reads every byte of a bundle and compares it with
the bundle's manifest; a run makes a quicker check by itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fusioncall.bundle import BundleInputs, build_bundle
from fusioncall.cli.common import thread_count
from fusioncall.errors import BundleError
from fusioncall.reference import check_files, read_manifest
from fusioncall.resources import resource_path
from fusioncall.settings import read_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `fusioncall reference`."""
    actions = parser.add_subparsers(dest="action", metavar="build|check", required=True)
    build = actions.add_parser("build", help="make a bundle from a FASTA and a GTF")
    build.add_argument("--fasta", type=Path, required=True, help="genome, FASTA, plain or gzip")
    build.add_argument("--gtf", type=Path, required=True, help="annotation, GTF, plain or gzip")
    build.add_argument("--out", type=Path, required=True, help="folder to make")
    build.add_argument("--name", help="name of the genome build (default: that of the FASTA)")
    build.add_argument("--targets", type=Path, help="targets.yaml with the genes to look for")
    build.add_argument("--settings", type=Path, help="settings.yaml (default: the one that comes)")
    build.add_argument("--threads", type=thread_count, default=1, help="threads (default: 1)")
    check = actions.add_parser("check", help="compare every byte of a bundle with its manifest")
    check.add_argument("reference", type=Path, metavar="REF", help="the bundle's folder")


def main(args: argparse.Namespace) -> None:
    """Build or check."""
    if args.action == "check":
        manifest = read_manifest(args.reference)
        check_files(args.reference, manifest, "sha256")
        print(f"{args.reference}: whole, {manifest.name}, {len(manifest.contigs)} contigs")
        return
    for path in (args.fasta, args.gtf):
        if not path.is_file():
            raise BundleError("does not exist or is no file", where=path, cure="Check the path")
    inputs = BundleInputs(
        fasta=args.fasta,
        gtf=args.gtf,
        targets=args.targets or resource_path("targets.yaml"),
        controls=resource_path("control_genes.tsv"),
        name=args.name or args.fasta.name.partition(".")[0],
    )
    manifest = build_bundle(inputs, args.out, read_settings(args.settings), args.threads)
    print(f"{args.out}: {manifest.name}, {manifest.genes} genes, {len(manifest.contigs)} contigs")
