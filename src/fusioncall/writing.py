"""The files of a sample, each by its module; `steps` adds the report and `provenance.json`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from fusioncall.assayed import write_assayed
from fusioncall.bam import sort_and_index, write_molecules
from fusioncall.context import resistance_sites
from fusioncall.files import make_folder, write_json
from fusioncall.imbalance import Imbalance
from fusioncall.model import Molecule, SampleCalls
from fusioncall.multiqc import write_multiqc
from fusioncall.peers import write_arriba, write_star_fusion
from fusioncall.reference import Reference
from fusioncall.resistance import sites_on
from fusioncall.resistance_table import write_resistance
from fusioncall.results import SampleResults
from fusioncall.sequences import write_pairs, write_peptides, write_transcripts
from fusioncall.settings import Settings
from fusioncall.status import GeneStatus
from fusioncall.tables import (
    breakpoint_cell,
    write_candidates,
    write_context,
    write_fusions,
    write_verdicts,
)
from fusioncall.vcf import write_vcf

RESULTS = (
    "report.html",
    "fusions.tsv",
    "candidates.tsv",
    "verdicts.tsv",
    "transcripts.tsv",
    "fusion_transcripts.fa",
    "fusion_peptides.fa",
    "context.tsv",
    "resistance.tsv",
    "fusions.vcf.gz",
    "fusions.vcf.gz.tbi",
    "fusions.json",
    "arriba.tsv",
    "star-fusion.tsv",
    "fusioncall_answers_mqc.json",
    "fusioncall_calls_mqc.json",
    "calls.json",
    "evidence.bam",
    "evidence.bam.bai",
    "qc.json",
    "provenance.json",
)
"""The files of a sample."""


def write_results(
    out: Path, results: SampleResults, reference: Reference, settings: Settings
) -> None:
    """Write the tables and sequences of a sample, its VCF and JSON, and `qc.json`, into a folder.

    Args:
        out: the folder; it is made if it is missing.
        results: what is told.
        reference: genome and genes.
        settings: when a codon of resistance is mutated or assessable.
    """
    make_folder(out)
    made, annotated = results.made, results.annotated
    write_fusions(out / "fusions.tsv", results.sample, results.fragments, annotated)
    write_candidates(out / "candidates.tsv", results.sample, results.fragments, annotated)
    write_verdicts(out / "verdicts.tsv", results.sample, results.statuses, results.imbalances)
    write_pairs(out / "transcripts.tsv", results.sample, annotated)
    write_transcripts(out / "fusion_transcripts.fa", annotated)
    write_peptides(out / "fusion_peptides.fa", annotated)
    sites = sites_on(resistance_sites(), reference.targets)
    write_resistance(
        out / "resistance.tsv", results.sample, made.codons, sites, settings.resistance
    )
    write_context(out / "context.tsv", results.sample, results.facts)
    write_vcf(out / "fusions.vcf.gz", results, reference)
    write_assayed(out / "fusions.json", results, reference)
    write_arriba(out / "arriba.tsv", results, reference)
    write_star_fusion(out / "star-fusion.tsv", results, reference)
    write_multiqc(out, results)
    write_json(out / "qc.json", _qc(results))


def write_evidence(
    path: Path,
    index: Path,
    molecules: Iterable[Molecule],
    made: SampleCalls,
    contigs: Mapping[str, int],
) -> None:
    """Write the molecules that support any candidate, each marked with what it supports.

    Tags: `XF` the fusion, `XJ` its two breakpoints, `XK` split or spanning.

    Args:
        path: the BAM.
        index: its index.
        molecules: with their alignments.
        made: the candidates.
        contigs: names and lengths.
    """
    tags: dict[str, dict[str, str]] = {}
    for each in made.calls:
        fusion = each.fusion
        place = f"{breakpoint_cell(fusion.five)}>{breakpoint_cell(fusion.three)}"
        for kind, names in (
            ("split", fusion.support.split_names),
            ("spanning", fusion.support.spanning_names),
        ):
            tags |= {name: {"XF": fusion.name, "XJ": place, "XK": kind} for name in names}
    supporting = (molecule for molecule in molecules if molecule.name in tags)
    write_molecules(path, supporting, contigs, tags)
    sort_and_index(path, index)


def _qc(results: SampleResults) -> dict[str, Any]:
    made = results.made
    census = msgspec.to_builtins(made.census)
    del census["inputs"], census["failure"]
    return {
        "schema": 1,
        "sample": made.sample,
        "failure": made.census.failure or None,
        "reads": census,
        "alignments_of_kept_molecules": made.alignments,
        "molecules": made.molecules,
        "proposals": made.proposals,
        "normal_splices": made.normal_splices,
        "candidates": len(made.calls),
        "calls": sum(each.passed for each in made.calls),
        "carry_over": {
            "compared_samples": results.carry_over.compared,
            "suspected_junctions": len(results.carry_over.suspected),
        },
        "status": {each.gene: each.status for each in results.statuses},
        "adequacy": {each.gene: _adequacy(each) for each in results.statuses},
        "detection_limit": {each.gene: each.limit for each in results.statuses},
        "imbalance": {gene: _balance(each) for gene, each in results.imbalances.items()},
    }


def _balance(found: Imbalance) -> dict[str, Any]:
    """The imbalance of a target, rounded to what it is worth."""
    log2, low, high = (None if each is None else round(each, 3) for each in found.ratio)
    sides = {"five": found.five, "three": found.three}
    return {
        "transcript": found.transcript,
        "log2": log2,
        "low": low,
        "high": high,
        "dispersion": round(found.dispersion, 3),
        **{
            name: {
                "exons": side.exons,
                "depth": round(side.depth, 3),
                "molecules": round(side.molecules, 1),
            }
            for name, side in sides.items()
        },
    }


def _adequacy(answer: GeneStatus) -> dict[str, Any]:
    """The criteria of a target gene by their names, and what they are judged from."""
    adequacy = answer.adequacy
    return {
        "assay": adequacy.assay,
        "lacking": adequacy.lacking,
        "insert_pairs": adequacy.insert_pairs,
        "control_depths": adequacy.controls,
        "criteria": {
            each.name: {"value": each.value, "limit": each.limit, "is_met": each.is_met}
            for each in adequacy.criteria
        },
    }
