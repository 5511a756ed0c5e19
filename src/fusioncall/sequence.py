"""Bases as text (a thin, typed layer over Biopython)."""

from __future__ import annotations

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
