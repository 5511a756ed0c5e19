"""What is known beside the reads: partners, tumour types, treatments, resistance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fusioncall.catalogue import Catalogue, read_catalogue
from fusioncall.exports import read_own_catalogue
from fusioncall.facts import Fact, therapy_facts, tumour_facts
from fusioncall.imbalance import ImbalanceSite, read_imbalance_sites
from fusioncall.resistance import ResistanceSite, read_sites
from fusioncall.resources import resource_path
from fusioncall.settings import Assay

_PREVALENCE, _THERAPIES, _RESISTANCE = "prevalence.tsv", "therapies.tsv", "resistance.tsv"
_IMBALANCE = "imbalance.tsv"
FACT_TABLES = (_PREVALENCE, _THERAPIES, _RESISTANCE, _IMBALANCE)
"""Tables of `resources/` that `context.tsv`, `resistance.tsv` and the imbalance are made with."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beside the reads.

    `catalogue` is the table of known partners, `own_catalogue` the user's own that is added to it;
    `tumour_type` is what the user calls the tumour, empty when unknown; `assay` is how the library
    was made, None when not told, and `normals` the laboratory's own panel of normals.
    """

    catalogue: Path
    own_catalogue: Path | None = None
    tumour_type: str = ""
    assay: Assay | None = None
    normals: Path | None = None

    @property
    def taken_assay(self) -> Assay:
        """The assay whose limits are asked: a whole transcriptome when none is told."""
        return self.assay or Assay.WHOLE_TRANSCRIPTOME


def known_partners(context: Context, targets: Iterable[str]) -> Catalogue:
    """The catalogue, with the user's own joined to it.

    Args:
        context: where they lie.
        targets: symbols of the target genes.

    Raises:
        SettingsError: a catalogue cannot be used.
    """
    known = read_catalogue(context.catalogue)
    if context.own_catalogue is None:
        return known
    return known.joined(read_own_catalogue(context.own_catalogue, targets))


def context_facts(context: Context, *, has_calls: bool) -> Iterator[Fact]:
    """Facts on the tumour type; on treatments with a call only."""
    yield from tumour_facts(resource_path(_PREVALENCE), context.tumour_type)
    if has_calls:
        yield from therapy_facts(resource_path(_THERAPIES))


def resistance_sites() -> tuple[ResistanceSite, ...]:
    """The codons of resistance, in every numbering."""
    return read_sites(resource_path(_RESISTANCE))


def imbalance_sites() -> tuple[ImbalanceSite, ...]:
    """The exons on both sides of the usual breakpoints, in every numbering."""
    return read_imbalance_sites(resource_path(_IMBALANCE))
