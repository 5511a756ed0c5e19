"""Judges stored calls anew, without their reads: what can be renewed, and what cannot.

A call holds every number that a filter asks for, so other limits of the filters and of the
confidence give the calls that a new run would give. Settings of the steps before them decide which
molecules are kept, aligned and counted: they need the reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import msgspec

from fusioncall.errors import SettingsError
from fusioncall.filters import judge
from fusioncall.fusions import classified_anew, with_events
from fusioncall.isoforms import with_isoforms
from fusioncall.model import Call, CodonDepth, Molecule, SampleCalls
from fusioncall.reference import Reference
from fusioncall.resistance import ResistanceSite, codon_depths
from fusioncall.settings import Change, Settings, changes

OF_READS = ("screen", "align", "trim", "discovery", "evidence", "recount")
"""Groups of settings that decide what is counted."""
OF_FILTERS = ("filters", "confidence")
"""Groups of settings that judge what was counted. All others take effect at annotation."""


def check_same_settings(made: SampleCalls, settings: Settings, where: Path) -> None:
    """Whether calls were made with the settings that are given now, up to their annotation.

    Raises:
        SettingsError: a setting differs that the calls were made or judged with.
    """
    check_settings_of_reads(made, settings, where)
    found = changes(made.settings, settings, OF_FILTERS)
    if found:
        cure = "Judge them anew: fusioncall reannotate; or give the settings of the call"
        what = f"was judged with other settings: {_text(found)}"
        raise SettingsError(what, where=where, cure=cure)


def check_settings_of_reads(made: SampleCalls, settings: Settings, where: Path) -> None:
    """Whether the settings that need the reads are those that the calls were made with.

    Raises:
        SettingsError: one differs.
    """
    found = changes(made.settings, settings, OF_READS)
    if found:
        what = f"was made with settings that cannot be renewed without reads: {_text(found)}"
        raise SettingsError(what, where=where, cure="Set them back, or run anew from the reads")


def judged_anew(made: SampleCalls) -> tuple[Change, ...]:
    """The settings that calls were judged anew with, since the reads were looked at."""
    return changes(made.first_settings or made.settings, made.settings, OF_FILTERS)


def rejudge(
    made: SampleCalls,
    molecules: Iterable[Molecule],
    sites: Iterable[ResistanceSite],
    reference: Reference,
    settings: Settings,
) -> SampleCalls:
    """The calls of a sample as other filters judge them.

    What was counted once is kept: the unfused molecules of a partner stay unknown (None) for a call
    that passes only now. Settings beside the filters' are taken from the calls.

    Args:
        made: the calls.
        molecules: that support any of them, cut at the ends of their fragments.
        sites: codons of resistance, of which fused molecules are counted again.
        reference: the bundle that the calls were made with.
        settings: with the limits to judge by.
    """
    if not changes(made.settings, settings, OF_FILTERS):
        return made
    named = (classified_anew(call.fusion, reference, settings.filters) for call in made.calls)
    cut = tuple(molecules)
    by_name = {each.name: each for each in cut}
    calls = tuple(
        with_isoforms(judge(fusion, settings), by_name, reference, settings.recount)
        for fusion in with_events(tuple(named))
    )
    first = made.first_settings or made.settings
    given = {name: getattr(settings, name) for name in OF_FILTERS}
    now = msgspec.structs.replace(first, **given)
    return replace(
        made,
        settings=now,
        first_settings=None if now == first else first,
        calls=calls,
        codons=_codons(made.codons, calls, cut, sites, reference),
    )


def _codons(
    counted: tuple[CodonDepth, ...],
    calls: tuple[Call, ...],
    molecules: tuple[Molecule, ...],
    sites: Iterable[ResistanceSite],
    reference: Reference,
) -> tuple[CodonDepth, ...]:
    """The codons as they were counted, with the molecules that support the calls of now."""
    anew = codon_depths(molecules, calls, sites, reference)
    fused = {(each.gene, each.residue): each.observed_fused for each in anew}
    return tuple(replace(each, observed_fused=fused[each.gene, each.residue]) for each in counted)


def _text(found: Iterable[Change]) -> str:
    return ", ".join(each.text for each in found)
