"""Bases as text (a thin, typed layer over Biopython)."""

from __future__ import annotations

from operator import ne

from Bio import Seq


def reverse_complement(bases: str) -> str:
    """The other strand, read 5' to 3'.

    >>> reverse_complement("AACGN")
    'NCGTT'
    """
    return str(Seq.reverse_complement(bases))  # type: ignore[no-untyped-call]


def complement(bases: str) -> str:
    """The bases that pair with these, in the same order.

    >>> complement("AACGN")
    'TTGCN'
    """
    return reverse_complement(bases)[::-1]


def translate(bases: str) -> str:
    """The residues that whole codons code for, by the standard code: `*` stop, `X` unknown.

    >>> translate("ATGTAANNNCT")
    'M*X'
    """
    whole = bases[: len(bases) - len(bases) % 3]
    return str(Seq.translate(whole))  # type: ignore[no-untyped-call]


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


def distinct_triplets(text: str) -> int:
    """How many different 3-mers a sequence holds: few in a homopolymer or a short repeat.

    >>> distinct_triplets("ACACACAC")
    2
    """
    return len(set(words(text, 3)))
