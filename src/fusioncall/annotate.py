"""Calls compared with what is known: the catalogue, and the answer for each target gene."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fusioncall.catalogue import Catalogue, Knowledge, KnownPair
from fusioncall.model import Call


@dataclass(frozen=True, slots=True)
class AnnotatedCall:
    """A call and what the catalogue says of its pair."""

    call: Call
    knowledge: Knowledge
    known_pair: KnownPair | None


def annotate(calls: Iterable[Call], catalogue: Catalogue) -> tuple[AnnotatedCall, ...]:
    """Look each call up, and put them in the order of the tables.

    That order: passing first, then most molecules, then the names and places.
    """
    annotated = (
        AnnotatedCall(call, *catalogue.find(call.fusion.five.gene, call.fusion.three.gene))
        for call in calls
    )
    return tuple(sorted(annotated, key=_order))


def _order(annotated: AnnotatedCall) -> tuple[object, ...]:
    call = annotated.call
    fusion = call.fusion
    sides = (fusion.five, fusion.three)
    places = tuple((side.contig, side.position, side.strand.value) for side in sides)
    return (not call.passed, -fusion.support.total, fusion.name, places, fusion.inserted)
