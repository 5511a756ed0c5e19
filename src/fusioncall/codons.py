"""Codons to residues, by Biopython; apart from `sequence`, since not every command needs it."""

from __future__ import annotations

from Bio import Seq


def translate(bases: str) -> str:
    """The residues that whole codons code for, by the standard code: `*` stop, `X` unknown.

    >>> translate("ATGTAANNNCT")
    'M*X'
    """
    whole = bases[: len(bases) - len(bases) % 3]
    return str(Seq.translate(whole))  # type: ignore[no-untyped-call]
