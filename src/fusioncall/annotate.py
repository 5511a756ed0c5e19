"""Calls with what they mean and what is known of them, in the order of the tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fusioncall.catalogue import Catalogue, Knowledge, KnownPair, Match
from fusioncall.meaning import Meaning, interpret
from fusioncall.model import Call
from fusioncall.reference import Reference


@dataclass(frozen=True, slots=True)
class AnnotatedCall:
    """A call, what it means, and what the catalogue says of its pair and its breakpoints."""

    call: Call
    knowledge: Knowledge
    known_pair: KnownPair | None
    match: Match | None
    meaning: Meaning


def annotate(
    calls: Iterable[Call], catalogue: Catalogue, reference: Reference
) -> tuple[AnnotatedCall, ...]:
    """Interpret each call, look it up, and put them in the order of the tables.

    A rejected candidate is interpreted in the preferred transcript pair only. The order: passing
    first, then most molecules, then the names and places.
    """
    annotated = (
        AnnotatedCall(
            call,
            *catalogue.find(call.fusion.five.gene, call.fusion.three.gene),
            catalogue.match(call.fusion),
            interpret(call.fusion, reference, call.pair_molecules, every_pair=call.passed),
        )
        for call in calls
    )
    return tuple(sorted(annotated, key=_order))


def _order(annotated: AnnotatedCall) -> tuple[object, ...]:
    call = annotated.call
    fusion = call.fusion
    sides = (fusion.five, fusion.three)
    places = tuple((side.contig, side.position, side.strand.value) for side in sides)
    return (not call.passed, -fusion.support.total, fusion.name, places, fusion.inserted)
