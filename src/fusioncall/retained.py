"""What a fused transcript retains of the proteins of its two genes, residue by residue."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fusioncall.coords import Strand
from fusioncall.genes import Block, Transcript
from fusioncall.targets import Target
from fusioncall.transcripts import TranscriptEnd


@enum.unique
class Kept(enum.Enum):
    """How much of the kinase domain the fused transcript holds."""

    WHOLE = "whole"
    PARTIAL = "partial"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Residues:
    """A stretch of a protein, 1-based and inclusive, and that protein's length; 0-0 for none."""

    first: int
    last: int
    length: int

    def __str__(self) -> str:
        span = f"{self.first}-{self.last}" if self.first else "none"
        return f"{span} of {self.length}"


@dataclass(frozen=True, slots=True)
class Domain:
    """What is left of a target's domain: residues in the numbering of the named transcript."""

    kept: Kept
    ranges: tuple[tuple[int, int], ...]
    transcript: str
    length_aa: int

    def __str__(self) -> str:
        spans = ",".join(f"{first}-{last}" for first, last in self.ranges) or "none"
        return f"{spans} of {self.length_aa} ({self.transcript})"


_HELIX = {Kept.WHOLE: "kept", Kept.PARTIAL: "partial", Kept.ABSENT: "lost"}


@dataclass(frozen=True, slots=True)
class KeptHelix:
    """What is left of a target's transmembrane helix; whether a source of its place was read."""

    kept: Kept
    verified: bool

    def __str__(self) -> str:
        return _HELIX[self.kept] if self.verified else f"{_HELIX[self.kept]} (unverified)"


def kept_residues(end: TranscriptEnd, *, is_donor: bool) -> Residues:
    """Which residues of a transcript's own protein the fused transcript still codes for whole.

    Args:
        end: one side of the junction.
        is_donor: whether it is the 5' side.
    """
    kept_bp = sum(stop - start for start, stop in end.kept_coding)
    total_bp = end.transcript.coding_length_bp
    if is_donor:
        last = min(max(0, kept_bp - end.transcript.cds_phase) // 3, end.protein_aa)
        return Residues(min(1, last), last, end.protein_aa)
    lost_bp = max(0, total_bp - kept_bp - end.transcript.cds_phase)
    first = -(-lost_bp // 3) + 1
    kept = first <= end.protein_aa and kept_bp > 0
    return Residues(first if kept else 0, end.protein_aa if kept else 0, end.protein_aa)


def kept_domain(end: TranscriptEnd, target: Target) -> Domain:
    """What the fused transcript holds of a target's domain, codon by codon and in its frame.

    Args:
        end: the side of the junction that lies in the target.
        target: the target; the residues are in the numbering of its reference transcript.
    """
    numbered = target.numbering_transcript
    residues = _kept_of(end, numbered, target.first_aa, target.last_aa)
    ends = {target.first_aa, target.last_aa}
    amount = Kept.PARTIAL if residues else Kept.ABSENT
    if target.keeps_domain(end.transcript) and ends.issubset(residues):
        amount = Kept.WHOLE
    return Domain(amount, _runs(residues), numbered.id, target.protein_length_aa)


def kept_helix(end: TranscriptEnd, target: Target) -> KeptHelix | None:
    """What the fused transcript holds of a target's transmembrane helix; None if that is not known.

    Args:
        end: the side of the junction that lies in the target.
        target: the target.
    """
    if target.helix is None:
        return None
    first, last = target.helix.first_aa, target.helix.last_aa
    residues = _kept_of(end, target.numbering_transcript, first, last)
    kept = Kept.PARTIAL if residues else Kept.ABSENT
    if len(residues) == last - first + 1:
        kept = Kept.WHOLE
    return KeptHelix(kept, target.helix.verified)


def _kept_of(end: TranscriptEnd, numbered: Transcript, first: int, last: int) -> list[int]:
    """Which of some residues the kept part of a transcript codes for in its own frame."""
    strand, phase = end.transcript.strand, end.transcript.cds_phase
    places = _places(numbered.coding_blocks, numbered.strand)
    coding = {place: at for at, place in enumerate(_places(end.transcript.coding_blocks, strand))}
    kept = {place: coding[place] - phase for place in _places(end.kept_coding, strand)}
    return [
        residue
        for residue in range(first, last + 1)
        if _is_codon([kept.get(place) for place in places[3 * residue - 3 : 3 * residue]])
    ]


def _places(blocks: tuple[Block, ...], strand: Strand) -> list[int]:
    """The 0-based positions of the bases of blocks in the direction of transcription."""
    forward = [place for start, end in blocks for place in range(start, end)]
    return forward if strand is Strand.FORWARD else forward[::-1]


def _is_codon(coding: list[int | None]) -> bool:
    """Whether three kept bases with these places in a reading frame are one of its codons."""
    first = coding[0]
    return first is not None and first % 3 == 0 and coding == [first, first + 1, first + 2]


def _runs(numbers: list[int]) -> tuple[tuple[int, int], ...]:
    """Ascending numbers as runs.

    >>> _runs([1, 2, 3, 7, 8])
    ((1, 3), (7, 8))
    """
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return tuple(runs)
