"""`report.html`: a sample's answers with all that stands behind them, in one file.

The page loads nothing and runs no script; a content security policy in it says so. The same results
give the same bytes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from markupsafe import Markup

from fusioncall.annotate import AnnotatedCall
from fusioncall.catalogue import Knowledge, Match
from fusioncall.context import resistance_sites
from fusioncall.drawing import draw_fusion, draw_pileup
from fusioncall.files import whole_file
from fusioncall.imbalance import depth_by_exon
from fusioncall.model import Census, Fusion, Molecule, Verdict
from fusioncall.page import SIGNS, render_page
from fusioncall.pileup import MAX_MOLECULES, Pileup, pile_up, window
from fusioncall.reference import Reference
from fusioncall.resistance import sites_on
from fusioncall.resistance_table import resistance_rows
from fusioncall.results import SampleResults, filter_meaning, transcript_of
from fusioncall.settings import Settings
from fusioncall.status import GeneStatus, Status
from fusioncall.tables import UNKNOWN, FusionRow, fusion_row, imbalance_cells

MAX_DOUBTFUL = 5
"""How many candidates of an undecided gene are shown as fully as a call."""
MAX_REJECTED = 100
"""How many other candidates are listed."""
_WINDOW_BP = 50

_WORDS = {
    Status.DETECTED: "A fusion that keeps the kinase domain was found.",
    Status.INDETERMINATE: "A candidate was found that a person must judge.",
    Status.NOT_DETECTED: "None was found, and the sample met the criteria of adequacy.",
    Status.NOT_ASSESSABLE: "None was found, but this sample could not have shown one reliably.",
}
_UNREAD = "The sample failed, so nothing was looked for."
_KNOWLEDGE = {
    Knowledge.PAIR: "known: this 5' gene before this target",
    Knowledge.PARTNER: "the 5' gene is known before another target",
    Knowledge.TARGET: "the pair is not in the catalogue, which says nothing against it",
}
_MATCHES = {
    Match.EXACT: "this very junction is known",
    Match.SHARED_GENES_FIVE_PRIME_EXACT: "the pair is known with this 5' breakpoint",
    Match.SHARED_GENES_THREE_PRIME_EXACT: "the pair is known with this 3' breakpoint",
    Match.SHARED_GENES: "the pair is known, with neither breakpoint",
    Match.FIVE_PRIME_EXACT: "the 5' breakpoint is known before another target",
    Match.THREE_PRIME_EXACT: "the 3' breakpoint is known behind another 5' gene",
    Match.FIVE_PRIME_GENE: "the 5' gene is known before another target",
    Match.THREE_PRIME_GENE: "the target is known with other 5' genes",
}

_TOLD = frozenset(
    (
        *("sample", "fusion", "gene5", "gene3", "breakpoint5", "breakpoint3", "target"),
        *("gene_id5", "gene_id3", "transcript5", "transcript3", "exon5", "exon3", "site5", "site3"),
        *("split_molecules", "spanning_molecules", "event_molecules", "unfused3_molecules"),
        *("fused3_fraction", "ffpm", "copies", "distinct_starts", "anchor5_bp", "anchor3_bp"),
        *("confidence", "fusion_class", "inserted", "homology_bp", "collinear_distance_bp"),
        *("precision", "unfused5_molecules", "fused5_fraction", "misfit_molecules"),
        *("rivals", "mapq_phred", "catalogue", "tumour_types", "references"),
        *("hgnc", "hgvs_r", "vicc", "breakends", "offset5_bp", "offset3_bp"),
        *("frame", "frame_note", "frames", "peptide_junction", "residues5", "residues3"),
        *("kinase", "kinase_aa", "catalogue_match", "recurrence", "transmembrane"),
    )
)
"""Columns that the page tells in words of its own, or leaves to the tables; others come by name."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a fusion: what it is, and its value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class FilterLine:
    """A filter's verdict with what it asks for."""

    verdict: Verdict
    meaning: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A call, or a candidate that a person must judge, as the page shows it."""

    anchor: str
    title: str
    target: str
    passed: bool
    facts: tuple[Line, ...]
    peptide: str
    genes: Markup
    molecules: Markup
    pileup: Pileup
    sequence: str
    lines: tuple[str, ...]
    filters: tuple[FilterLine, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of a target gene."""

    status: GeneStatus
    sign: str
    meaning: str
    shown: tuple[Shown, ...]


def write_report(
    path: Path,
    results: SampleResults,
    molecules: Mapping[str, Molecule],
    reference: Reference,
    settings: Settings,
    provenance: Mapping[str, Any],
) -> None:
    """Write the report of a sample.

    Args:
        path: where to.
        results: what is told.
        molecules: of `evidence.bam`, by name.
        reference: genome and genes.
        settings: the limits that are shown.
        provenance: the content of `provenance.json`.
    """
    shown = {
        id(each): _shown(number, each, results, molecules, (reference, settings))
        for number, each in enumerate(_in_full(results), start=1)
    }
    rejected = [each for each in results.annotated if id(each) not in shown]
    page = render_page(
        "report.html.jinja",
        results=results,
        answers=[_answer(status, shown.values(), results) for status in results.statuses],
        shown=shown.values(),
        rejected=[fusion_row(results.sample, 0, each) for each in rejected[:MAX_REJECTED]],
        reasons=[_failed(each) for each in rejected[:MAX_REJECTED]],
        rejected_count=len(rejected),
        codons=resistance_rows(
            results.sample,
            results.made.codons,
            sites_on(resistance_sites(), reference.targets),
            settings.resistance,
        ),
        balances=[(gene, imbalance_cells(found)) for gene, found in results.imbalances.items()],
        max_molecules=MAX_MOLECULES,
        window_bp=_WINDOW_BP,
        numbers=_numbers(results.made.census),
        census=results.made.census,
        provenance=msgspec.to_builtins(provenance),
    )
    with whole_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _in_full(results: SampleResults) -> Iterable[AnnotatedCall]:
    """The calls, and the strongest candidates of the genes that are undecided."""
    yield from results.passing
    for status in results.statuses:
        if status.status is Status.INDETERMINATE:
            own = [each for each in results.annotated if each.call.fusion.target == status.gene]
            yield from own[:MAX_DOUBTFUL]


def _shown(
    number: int,
    annotated: AnnotatedCall,
    results: SampleResults,
    molecules: Mapping[str, Molecule],
    setup: tuple[Reference, Settings],
) -> Shown:
    reference, settings = setup
    call = annotated.call
    fusion = call.fusion
    target = next(each for each in reference.targets if each.name == fusion.target)
    transcripts = (transcript_of(fusion.five, reference), transcript_of(fusion.three, reference))
    pileup = pile_up(fusion, molecules, reference, settings.recount)
    sequence, lines = window(pileup, _WINDOW_BP)
    row = fusion_row(results.sample, results.fragments, annotated)
    return Shown(
        anchor=f"fusion{number}",
        title=_title(fusion),
        target=fusion.target,
        passed=call.passed,
        facts=tuple(_facts(row, annotated)),
        peptide=annotated.meaning.first.protein.marked_peptide if annotated.meaning.first else "",
        genes=Markup(
            draw_fusion(
                fusion,
                transcripts,
                target,
                f"genes{number}",
                depth_by_exon(target, results.made.census),
            )
        ),
        molecules=Markup(draw_pileup(pileup, fusion, f"molecules{number}")),
        pileup=pileup,
        sequence=sequence,
        lines=lines,
        filters=tuple(FilterLine(each, filter_meaning(each.filter)) for each in call.verdicts),
    )


def _title(fusion: Fusion) -> str:
    """The fusion with its exons, so that two splice forms are told apart."""
    sides = zip(("5'", "3'"), (fusion.five, fusion.three), strict=True)
    exons = [f"{side} exon {each.exon}" for side, each in sides if each.exon]
    return ", ".join((fusion.name, *exons))


def _facts(row: FusionRow, annotated: AnnotatedCall) -> Iterable[Line]:
    """What the page says of a fusion, in its order."""
    precision = (
        "" if row.precision == "exact" else f" ({row.precision}: no read crosses the junction)"
    )
    yield Line("Breakpoints", f"{row.breakpoint5} and {row.breakpoint3}{precision}")
    yield Line("5' side", _side(row.gene5, row.transcript5, row.exon5, row.offset5_bp, row.site5))
    yield Line("3' side", _side(row.gene3, row.transcript3, row.exon3, row.offset3_bp, row.site3))
    yield Line("Class", row.fusion_class)
    yield Line("Confidence", row.confidence)
    yield from _meaning(row)
    yield from _evidence(row)
    yield from _known(row, annotated)
    for name, value in dataclasses.asdict(row).items():
        if name not in _TOLD and value != UNKNOWN:
            yield Line(name.replace("_", " "), str(value))


def _evidence(row: FusionRow) -> Iterable[Line]:
    """What the reads show."""
    counts = f"{row.split_molecules} split and {row.spanning_molecules} spanning"
    yield Line("Molecules", f"{counts} ({row.copies} copies not counted)")
    yield Line("Molecules of the event", f"{row.event_molecules} in all splice forms")
    fused = row.split_molecules
    share5 = _share(row.fused5_fraction, fused, row.unfused5_molecules)
    yield Line("Fused share at the 5' breakpoint", share5)
    share3 = _share(row.fused3_fraction, fused, str(row.unfused3_molecules))
    yield Line("Fused share at the 3' breakpoint", share3)
    if row.misfit_molecules:
        yield Line("Molecules that fit in part", str(row.misfit_molecules))
    yield Line("Molecules per million fragments", row.ffpm)
    yield Line("Bases of split reads, at most", f"{row.anchor5_bp} (5') and {row.anchor3_bp} (3')")
    yield Line("Inserted bases", "none" if row.inserted == UNKNOWN else row.inserted)
    if row.homology_bp:
        yield Line("Homology at the junction", f"{row.homology_bp} bases")
    if row.collinear_distance_bp != UNKNOWN:
        yield Line("Distance along one strand", f"{row.collinear_distance_bp} bases")
    if row.rivals != UNKNOWN:
        yield Line("Other partners that fit as well", row.rivals)


def _known(row: FusionRow, annotated: AnnotatedCall) -> Iterable[Line]:
    """What the catalogue says."""
    yield Line("Catalogue", _KNOWLEDGE[annotated.knowledge])
    if annotated.match:
        yield Line("Nearest known junction", _MATCHES[annotated.match])
    if row.recurrence != UNKNOWN:
        yield Line("Cases of the pair", row.recurrence)
    if row.tumour_types != UNKNOWN:
        yield Line("Tumour types of the pair", row.tumour_types)
    if row.references != UNKNOWN:
        yield Line("References of the pair", row.references)


def _meaning(row: FusionRow) -> Iterable[Line]:
    """What the junction does to the protein, and its names."""
    note = "" if row.frame_note == UNKNOWN else f": {row.frame_note}"
    yield Line("Reading frame", f"{row.frame}{note}")
    if row.frames != UNKNOWN:
        counts = row.frames.replace(":", " ").replace(",", ", ")
        yield Line("Transcript pairs by their frame", counts)
    if row.peptide_junction != UNKNOWN:
        yield Line("Residues at the junction", row.peptide_junction)
    if row.kinase != UNKNOWN:
        kept = f"{row.residues5} of the 5' gene, {row.residues3} of the 3' gene"
        yield Line("Residues kept", kept)
        yield Line("Kinase domain in the transcript", f"{row.kinase}, residues {row.kinase_aa}")
    if row.transmembrane != UNKNOWN:
        yield Line("Transmembrane helix of the target", row.transmembrane)
    yield Line("HGNC name", row.hgnc)
    if row.hgvs_r != UNKNOWN:
        yield Line("HGVS name", row.hgvs_r)
    yield Line("VICC name", row.vicc)
    yield Line("Breakends", row.breakends)


def _side(gene: str, transcript: str, exon: str, offset: str, site: str) -> str:
    if transcript == UNKNOWN:
        return f"{gene}, {site}"
    where = "" if offset in {"0", UNKNOWN} else f" ({int(offset):+d} bases)"
    return f"{gene}, exon {exon}{where} of {transcript}, {site}"


def _share(share: str, fused: int, unfused: str) -> str:
    return (
        "not known" if share == UNKNOWN else f"{share} ({fused} fused, {unfused} unfused molecules)"
    )


def _answer(status: GeneStatus, shown: Iterable[Shown], results: SampleResults) -> Answer:
    return Answer(
        status=status,
        sign=SIGNS[status.status],
        meaning=_UNREAD if results.made.census.failure else _WORDS[status.status],
        shown=tuple(each for each in shown if each.target == status.gene),
    )


def _failed(annotated: AnnotatedCall) -> str:
    verdicts = (each for each in annotated.call.verdicts if not each.passed)
    return ", ".join(f"{each.filter} {each.value} (limit {each.limit})" for each in verdicts)


def _numbers(census: Census) -> list[Line]:
    """Every number of the census by its name."""
    values = ((field.name, getattr(census, field.name)) for field in dataclasses.fields(census))
    return [
        Line(
            name.replace("_bp", " (bases)").replace("_", " "),
            "unknown" if value is None else f"{value:,}",
        )
        for name, value in values
        if isinstance(value, int | float) or name == "fragments"
    ]
