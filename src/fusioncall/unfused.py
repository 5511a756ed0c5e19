"""Molecules that run over a breakpoint as the gene does without a fusion.

On the target's side they are among the kept molecules. On the partner's side the screen keeps none,
so the reads are looked at once more for the partner's own k-mers there; only samples with a call
need it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from fusioncall.coords import Breakend
from fusioncall.flanks import Flank, acceptor_flank, donor_flank
from fusioncall.kmers import KmerTable, build_table
from fusioncall.model import Molecule
from fusioncall.placing import FusedSequence, unfused_starts
from fusioncall.reference import Reference
from fusioncall.seeds import holding
from fusioncall.sequence import reverse_complement, words
from fusioncall.settings import RecountSettings

_SEED_BP = 11
_LOOK_BP = 40  # bases on each side of a donor whose k-mers are looked for


@dataclass(frozen=True, slots=True)
class Unfused:
    """The unfused sequences over some breakends, each cut where the fusion would be."""

    sequences: Mapping[Breakend, tuple[FusedSequence, ...]]

    def kmers(self, kmer_bp: int) -> KmerTable:
        """The k-mers near the cuts, as those of one gene."""
        near = (text for end in self.sequences for text in self.near(end))
        return build_table(kmer_bp, {"unfused": near})

    def near(self, end: Breakend) -> Iterator[str]:
        """The bases on both sides of the cuts over a breakend."""
        for each in self.sequences[end]:
            yield each.sequence[max(0, each.donor_bp - _LOOK_BP) : each.donor_bp + _LOOK_BP]


def over_acceptors(
    ends: Iterable[Breakend], reference: Reference, settings: RecountSettings
) -> Unfused:
    """The unfused sequences over acceptors."""
    reach = settings.max_fragment_bp
    return _over({end: acceptor_flank(end, (), reach, reference) for end in ends})


def over_donors(
    ends: Iterable[Breakend], reference: Reference, settings: RecountSettings
) -> Unfused:
    """The unfused sequences over donors."""
    reach = settings.max_fragment_bp
    return _over({end: donor_flank(end, (), reach, reference) for end in ends})


def _over(flanks: Mapping[Breakend, Flank]) -> Unfused:
    return Unfused(
        {
            end: tuple(FusedSequence(text, cut, 0) for text, cut in flank.cuts)
            for end, flank in flanks.items()
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
        molecules: each is looked at once; where they are aligned plays no part.
        unfused: the sequences.
        fused: names of the molecules that support a fusion, which are left out.
        settings: when a molecule counts.
    """
    sequences = tuple(unfused.sequences.values())
    seen: list[set[tuple[object, ...]]] = [set() for _ in sequences]
    seeds = _seeds(unfused)
    for molecule, held in holding(molecules, seeds):
        if molecule.name in fused:
            continue
        for index in set[int]().union(*(seeds[word] for word in held)):
            starts = unfused_starts(molecule, sequences[index], settings)
            if starts is not None:
                key = (starts, molecule.umi) if settings.collapse_copies else (molecule.name,)
                seen[index].add(key)
    return {end: len(keys) for end, keys in zip(unfused.sequences, seen, strict=True)}


def _seeds(unfused: Unfused) -> dict[str, set[int]]:
    """Words near the cuts, on either strand, with the indices of the breakends that they lie at."""
    seeds: dict[str, set[int]] = defaultdict(set)
    for index, end in enumerate(unfused.sequences):
        for near in unfused.near(end):
            for text in (near, reverse_complement(near)):
                for word in words(text, _SEED_BP):
                    seeds[word].add(index)
    return seeds
