"""The resistance codons of a sample as a table."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fusioncall.codons import translate
from fusioncall.coords import Interval
from fusioncall.model import CodonDepth
from fusioncall.resistance import ResistanceSite, changes, verdict
from fusioncall.settings import ResistanceSettings
from fusioncall.tables import UNKNOWN, write_table


@dataclass(frozen=True, slots=True, kw_only=True)
class ResistanceRow:
    """A row of `resistance.tsv`."""

    sample: str
    gene: str
    site: str
    residue: str
    transcript: str
    codon_place: str
    codon: str
    mutated: str
    changes: str
    molecules: int
    codons: str
    fused_molecules: int
    fused_codons: str
    unclear_molecules: int
    known_changes: str
    source: str


RESISTANCE_COLUMNS = tuple(field.name for field in dataclasses.fields(ResistanceRow))


def write_resistance(
    path: Path,
    sample: str,
    depths: Iterable[CodonDepth],
    sites: Iterable[ResistanceSite],
    settings: ResistanceSettings,
) -> None:
    """Write `resistance.tsv`: what is seen at each codon.

    Args:
        path: the file.
        sample: its name.
        depths: what was seen.
        sites: those of the numbering that the depths are in.
        settings: when a codon is mutated or assessable.
    """
    rows = resistance_rows(sample, depths, sites, settings)
    cells = (tuple(str(getattr(row, name)) for name in RESISTANCE_COLUMNS) for row in rows)
    write_table(path, RESISTANCE_COLUMNS, cells)


def resistance_rows(
    sample: str,
    depths: Iterable[CodonDepth],
    sites: Iterable[ResistanceSite],
    settings: ResistanceSettings,
) -> list[ResistanceRow]:
    """The rows of `resistance.tsv`; the arguments are those of `write_resistance`."""
    known = {(site.gene, site.residue): site for site in sites}
    return [_row(sample, each, known[each.gene, each.residue], settings) for each in depths]


def _row(
    sample: str, depth: CodonDepth, site: ResistanceSite, settings: ResistanceSettings
) -> ResistanceRow:
    places = sorted(depth.places)
    return ResistanceRow(
        sample=sample,
        gene=depth.gene,
        site=site.site,
        residue=f"{translate(depth.reference)}{depth.residue}",
        transcript=depth.transcript,
        codon_place=Interval(depth.contig, places[0], places[-1] + 1).text_1based,
        codon=depth.reference,
        mutated=verdict(depth, settings),
        changes=",".join(changes(depth, settings)) or UNKNOWN,
        molecules=sum(depth.observed.values()),
        codons=_counts(depth.observed),
        fused_molecules=sum(depth.observed_fused.values()),
        fused_codons=_counts(depth.observed_fused),
        unclear_molecules=depth.unclear,
        known_changes=site.changes,
        source=site.source,
    )


def _counts(codons: Mapping[str, int]) -> str:
    return ",".join(f"{codon}:{number}" for codon, number in codons.items()) or UNKNOWN
