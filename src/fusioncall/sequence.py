"""Bases as text."""

from __future__ import annotations

from collections.abc import Iterator
from operator import ne

_PAIRED = str.maketrans("ACGTURYKMBVDHacgturykmbvdh", "TGCAAYRMKVBHDtgcaayrmkvbhd")


def reverse_complement(bases: str) -> str:
    """The other strand, read 5' to 3'.

    >>> reverse_complement("AACGN")
    'NCGTT'
    """
    return complement(bases)[::-1]


def complement(bases: str) -> str:
    """The bases that pair with these, in the same order.

    >>> complement("AACGN")
    'TTGCN'
    """
    return bases.translate(_PAIRED)


def mismatches(one: str, other: str) -> int:
    """How many letters of two sequences differ, as far as the shorter one goes.

    >>> mismatches("ACGT", "AGGA")
    2
    """
    return sum(map(ne, one, other))


def words(text: str, size: int) -> list[str]:
    """All stretches of so many letters of a sequence, in its order.

    >>> words("ACGT", 3), words("AC", 3)
    (['ACG', 'CGT'], [])
    """
    return [text[start : start + size] for start in range(len(text) - size + 1)]


def places_in(text: str, word: str) -> Iterator[int]:
    """Where a word begins in a sequence, in its order; the places may overlap.

    >>> list(places_in("ACACA", "ACA"))
    [0, 2]
    """
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + 1)


def distinct_triplets(text: str) -> int:
    """How many different 3-mers a sequence holds: few in a homopolymer or a short repeat.

    >>> distinct_triplets("ACACACAC")
    2
    """
    return len(set(words(text, 3)))
