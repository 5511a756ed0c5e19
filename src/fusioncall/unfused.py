"""Molecules that run over a breakpoint as the gene does without a fusion.

On the target's side they are among the kept molecules. On the partner's side the screen keeps none,
so the reads are looked at once more for the partner's own k-mers there; only samples with a call
need it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from fusioncall.coords import Breakend
from fusioncall.flanks import acceptor_flank, donor_flank
from fusioncall.kmers import KmerTable, build_table
from fusioncall.model import Molecule, Read, Segment
from fusioncall.placing import FusedSequence, unfused_starts
from fusioncall.reference import Reference
from fusioncall.settings import RecountSettings

_LOOK_BP = 40  # bases on each side of a donor whose k-mers are looked for


@dataclass(frozen=True, slots=True)
class Unfused:
    """The unfused sequences over some breakends, each cut where the fusion would be."""

    sequences: Mapping[Breakend, tuple[FusedSequence, ...]]

    def kmers(self, kmer_bp: int) -> KmerTable:
        """The k-mers near the cuts, as those of one gene."""
        near = (
            each.sequence[max(0, each.donor_bp - _LOOK_BP) : each.donor_bp + _LOOK_BP]
            for sequences in self.sequences.values()
            for each in sequences
        )
        return build_table(kmer_bp, {"unfused": near})


def over_acceptors(
    ends: Iterable[Breakend], reference: Reference, settings: RecountSettings
) -> Unfused:
    """The unfused sequences over acceptors."""
    found = {}
    for end in ends:
        flank = acceptor_flank(end, (), settings.max_fragment_bp, reference)
        found[end] = {
            (sequence, len(sequence) - len(kept))
            for sequence in flank.through
            for kept in flank.kept
            if sequence.endswith(kept)
        }
    return _unfused(found)


def over_donors(
    ends: Iterable[Breakend], reference: Reference, settings: RecountSettings
) -> Unfused:
    """The unfused sequences over donors."""
    found = {}
    for end in ends:
        flank = donor_flank(end, (), settings.max_fragment_bp, reference)
        found[end] = {
            (sequence, len(kept))
            for sequence in flank.through
            for kept in flank.kept
            if sequence.startswith(kept)
        }
    return _unfused(found)


def _unfused(found: Mapping[Breakend, Iterable[tuple[str, int]]]) -> Unfused:
    return Unfused(
        {
            end: tuple(FusedSequence(sequence, cut, 0) for sequence, cut in sorted(cuts))
            for end, cuts in found.items()
        }
    )


def count_unfused(
    molecules: Iterable[Molecule],
    unfused: Unfused,
    fused: Collection[str],
    settings: RecountSettings,
) -> dict[Breakend, int]:
    """How many molecules run over each breakend as the gene does without a fusion.

    A read must hold as many bases on both sides as a split read needs, and lie on an unfused
    sequence with as few edits; copies count once.

    Args:
        molecules: each is looked at once; aligned ones only where a piece may reach a breakend.
        unfused: the sequences.
        fused: names of the molecules that support a fusion, which are left out.
        settings: when a molecule counts.
    """
    seen: dict[Breakend, set[tuple[object, ...]]] = {end: set() for end in unfused.sequences}
    for molecule in molecules:
        if molecule.name in fused:
            continue
        for end, sequences in unfused.sequences.items():
            if not _may_cross(molecule, end):
                continue
            starts = unfused_starts(molecule, sequences, settings)
            if starts is not None:
                key = (starts, molecule.umi) if settings.collapse_copies else (molecule.name,)
                seen[end].add(key)
    return {end: len(keys) for end, keys in seen.items()}


def _may_cross(molecule: Molecule, end: Breakend) -> bool:
    pieces = [(piece, read) for read in molecule.reads for piece in read.segments]
    return not pieces or any(_reaches(piece, read, end) for piece, read in pieces)


def _reaches(segment: Segment, read: Read, end: Breakend) -> bool:
    """Whether a piece, with all that is clipped from it, reaches over a breakend."""
    clipped = len(read.sequence) - (segment.query_end - segment.query_start)
    return (
        segment.contig == end.contig
        and segment.start - clipped <= end.position < segment.end + clipped
    )
