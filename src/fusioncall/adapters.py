"""Reads without the adapter that a sequencer reads behind the end of a short fragment.

RNA of FFPE tissue is often shorter than a read. The mates of such a fragment begin at each other's
ends, which tells its length whatever the adapter is; single reads are searched for known adapters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from fusioncall.model import (
    CIGAR_CONSUMES_QUERY,
    CIGAR_CONSUMES_REFERENCE,
    Molecule,
    Read,
    Segment,
)
from fusioncall.sequence import mismatches, places_in, reverse_complement
from fusioncall.settings import TrimSettings

_SEED_BP = 12


def without_adapters(molecules: Iterable[Molecule], settings: TrimSettings) -> Iterator[Molecule]:
    """Molecules with their reads and aligned pieces cut at the ends of their fragments.

    Args:
        molecules: aligned or not.
        settings: known adapters, and how well the mates must agree.
    """
    return (_without_adapters(each, settings) for each in molecules)


def _without_adapters(molecule: Molecule, settings: TrimSettings) -> Molecule:
    length = _fragment_bp(molecule, settings)
    reads = []
    for read in molecule.reads:
        end = length if length is not None else _adapter_start(read.sequence, settings)
        reads.append(_cut(read, end) if end < len(read.sequence) else read)
    return replace(molecule, reads=tuple(reads))


def _fragment_bp(molecule: Molecule, settings: TrimSettings) -> int | None:
    """Length of a fragment that is shorter than its reads; None if the mates do not tell."""
    if len(molecule.reads) != 2:
        return None
    first, second = (read.sequence for read in molecule.reads)
    back = reverse_complement(second)
    for seed_at in (0, _SEED_BP):
        seed = first[seed_at : seed_at + _SEED_BP]
        for place in places_in(back, seed) if len(seed) == _SEED_BP else ():
            length = len(back) - (place - seed_at)
            if place >= seed_at and _agree(first[:length], back[place - seed_at :], settings):
                return length
    return None


def _agree(one: str, other: str, settings: TrimSettings) -> bool:
    size = len(one)
    if size != len(other) or size < settings.min_overlap_bp:
        return False
    return mismatches(one, other) <= size * settings.max_mismatch_rate


def _adapter_start(sequence: str, settings: TrimSettings) -> int:
    """Where the first known adapter begins, whole or cut off by the end; the length without one."""
    starts = [len(sequence)]
    for adapter in settings.adapters:
        place = sequence.find(adapter[:_SEED_BP])
        if place >= 0:
            starts.append(place)
    beginnings = _beginnings(settings)
    if sequence.endswith(beginnings):
        starts += (len(sequence) - len(each) for each in beginnings if sequence.endswith(each))
    return min(starts)


@cache
def _beginnings(settings: TrimSettings) -> tuple[str, ...]:
    """The first bases of the adapters, from the fewest that are cut on."""
    return tuple(
        adapter[:size]
        for adapter in settings.adapters
        for size in range(settings.min_adapter_bp, min(_SEED_BP, len(adapter)))
    )


def _cut(read: Read, end: int) -> Read:
    """The first bases of a read, and what is aligned of them."""
    pieces = (_cut_piece(piece, end) for piece in read.segments if piece.query_start < end)
    return replace(
        read,
        sequence=read.sequence[:end],
        quality=read.quality[:end],
        segments=tuple(piece for piece in pieces if piece is not None),
    )


def _cut_piece(piece: Segment, end: int) -> Segment | None:
    """A piece without the read's bases from `end` on; None if nothing aligned is left."""
    surplus = piece.query_end - end
    if surplus <= 0:
        return piece
    cigar = list(piece.cigar if piece.is_reverse else piece.cigar[::-1])
    lost = 0
    while cigar and (surplus > 0 or cigar[0][0] not in "M=X"):
        operation, length = cigar.pop(0)
        if operation in "M=X" and length > surplus:
            cigar.insert(0, (operation, length - surplus))
            length = surplus
        if operation in CIGAR_CONSUMES_QUERY:
            surplus -= length
        if operation in CIGAR_CONSUMES_REFERENCE:
            lost += length
    if not cigar:
        return None
    return replace(
        piece,
        start=piece.start + (lost if piece.is_reverse else 0),
        end=piece.end - (0 if piece.is_reverse else lost),
        query_end=piece.query_start
        + sum(length for operation, length in cigar if operation in CIGAR_CONSUMES_QUERY),
        cigar=tuple(cigar if piece.is_reverse else cigar[::-1]),
    )
