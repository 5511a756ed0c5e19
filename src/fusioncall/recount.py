"""Every kept molecule placed once, on the fused sequence that it fits best, or on none.

What an aligner split depends on the aligner; what a molecule is does not. So its reads are laid
(edlib, edit distance) on the fused sequences of the candidates and on the unfused sequences of the
same genes:

- a *split* molecule has a read that crosses a junction with an anchor on both sides and saves some
  edits against every unfused sequence;
- a *spanning* molecule has its mates on the two sides, facing each other, no farther apart than a
  fragment is long, and does not fit an unfused sequence as a pair.

A molecule counts for one junction: the one with most evidence among those that it fits best.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import edlib

from fusioncall.flanks import acceptor_flank, donor_flank
from fusioncall.model import Candidate, Kind, Molecule, Placement, Support
from fusioncall.reference import Reference
from fusioncall.sequence import reverse_complement
from fusioncall.settings import RecountSettings

_SEED_BP = 11
_EDGE_SEED_BP = 8


@dataclass(frozen=True, slots=True)
class FusedSequence:
    """One isoform of a fused transcript: donor side, inserted bases, acceptor side."""

    sequence: str
    donor_bp: int
    inserted_bp: int

    @property
    def acceptor_start(self) -> int:
        """Offset of the acceptor's first base."""
        return self.donor_bp + self.inserted_bp


@dataclass(frozen=True, slots=True)
class Templates:
    """The sequences that molecules are laid on for one candidate."""

    fused: tuple[FusedSequence, ...]
    unfused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Hit:
    """A read on a sequence: 0-based half-open place, edits, and whether it is read backwards."""

    start: int
    end: int
    edits: int
    is_reverse: bool


def recount(
    molecules: Sequence[Molecule],
    candidates: Sequence[Candidate],
    reference: Reference,
    settings: RecountSettings,
) -> dict[Candidate, Support]:
    """Count the molecules of each candidate.

    Args:
        molecules: those that may support a fusion, with distinct names.
        candidates: the junctions.
        reference: genome and genes.
        settings: when a molecule counts.

    Returns:
        The support of every candidate, none included.
    """
    templates = [_templates(candidate, reference, settings) for candidate in candidates]
    seeds = _seeds(templates)
    fits: dict[str, dict[int, Placement]] = {}
    for molecule in molecules:
        found: dict[int, Placement] = {}
        for index in sorted(_seeded(molecule, seeds)):
            placement = place(molecule, templates[index], settings)
            if placement is not None:
                found[index] = placement
        if found:
            fits[molecule.name] = found
    chosen = _assign(fits, candidates)
    return {
        candidate: _support(chosen.get(index, ())) for index, candidate in enumerate(candidates)
    }


def _templates(candidate: Candidate, reference: Reference, settings: RecountSettings) -> Templates:
    junction = candidate.junction
    reach = settings.max_fragment_bp
    donor = donor_flank(
        junction.donor, (p.donor_blocks for p in candidate.proposals), reach, reference
    )
    acceptor = acceptor_flank(
        junction.acceptor, (p.acceptor_blocks for p in candidate.proposals), reach, reference
    )
    fused = tuple(
        FusedSequence(before + junction.inserted + after, len(before), len(junction.inserted))
        for before, after in product(donor.kept, acceptor.kept)
    )
    return Templates(fused, donor.through + acceptor.through)


def _seeds(templates: Iterable[Templates]) -> dict[str, set[int]]:
    """k-mers of the fused sequences' donor sides, and the last bases before each junction.

    A molecule that supports a candidate has one of them exactly, unless a sequencing error lies in
    every one.
    """
    seeds: dict[str, set[int]] = defaultdict(set)
    for index, template in enumerate(templates):
        for fused in template.fused:
            text = fused.sequence[: fused.acceptor_start]
            for start in range(len(text) - _SEED_BP + 1):
                seeds[text[start : start + _SEED_BP]].add(index)
            edge = fused.sequence[max(0, fused.donor_bp - _EDGE_SEED_BP) : fused.donor_bp]
            seeds[edge].add(index)
    return seeds


def _seeded(molecule: Molecule, seeds: dict[str, set[int]]) -> set[int]:
    """The candidates of which the molecule holds a seed on either strand."""
    found: set[int] = set()
    for read in molecule.reads:
        for text in (read.sequence, reverse_complement(read.sequence)):
            for size in (_SEED_BP, _EDGE_SEED_BP):
                for start in range(len(text) - size + 1):
                    found |= seeds.get(text[start : start + size], _NOTHING)
    return found


_NOTHING: frozenset[int] = frozenset()


def place(molecule: Molecule, templates: Templates, settings: RecountSettings) -> Placement | None:
    """How a molecule supports a candidate, or None.

    Among the isoforms the one with fewest edits is taken, the first of several.
    """
    placements = (
        placement
        for fused in templates.fused
        if (placement := _place_on(molecule, fused, templates.unfused, settings)) is not None
    )
    return min(placements, key=lambda each: (each.kind is not Kind.SPLIT, each.edits), default=None)


def _place_on(
    molecule: Molecule, fused: FusedSequence, unfused: Sequence[str], settings: RecountSettings
) -> Placement | None:
    hits = [_lay(read.sequence, fused.sequence, settings) for read in molecule.reads]
    laid = [hit for hit in hits if hit is not None]
    if not laid or not _is_fragment(laid, settings.max_fragment_bp):
        return None
    crossing = [
        (min(anchors), anchors)
        for read, hit in zip(molecule.reads, hits, strict=True)
        if hit is not None
        and min(anchors := _anchors(hit, fused)) >= settings.min_anchor_bp
        and _saves_edits(read.sequence, hit.edits, unfused, settings.min_edit_advantage)
    ]
    if crossing:
        _, (before, after) = max(crossing)
        return _placement(molecule, Kind.SPLIT, (before, after), laid, fused)
    if len(laid) != 2:
        return None
    sides = [_anchors(hit, fused) for hit in laid]
    if any(min(anchors) >= settings.min_anchor_bp for anchors in sides):
        return None
    (left, right) = sorted(sides, key=lambda each: each[1])
    if left[0] <= left[1] or right[1] <= right[0] or _fits_as_pair(molecule, unfused, settings):
        return None
    return _placement(molecule, Kind.SPANNING, (left[0], right[1]), laid, fused)


def _placement(
    molecule: Molecule,
    kind: Kind,
    anchors: tuple[int, int],
    laid: list[_Hit],
    fused: FusedSequence,
) -> Placement:
    starts = sorted(
        ((hit.end if hit.is_reverse else hit.start) - fused.acceptor_start, hit.is_reverse)
        for hit in laid
    )
    edits = sum(hit.edits for hit in laid)
    return Placement(molecule.name, kind, *anchors, edits, tuple(starts))


def _lay(read: str, sequence: str, settings: RecountSettings) -> _Hit | None:
    """The place of a whole read with fewest edits on either strand, if they are few enough."""
    limit = max(1, int(len(read) * settings.max_edit_rate))
    best: _Hit | None = None
    for is_reverse in (False, True):
        text = reverse_complement(read) if is_reverse else read
        found = edlib.align(text, sequence, mode="HW", task="locations", k=limit)
        if found["editDistance"] < 0 or (best and best.edits <= found["editDistance"]):
            continue
        start, last = found["locations"][0]
        best = _Hit(start, last + 1, found["editDistance"], is_reverse)
    return best


def _anchors(hit: _Hit, fused: FusedSequence) -> tuple[int, int]:
    """Bases of a read on the donor side and on the acceptor side."""
    before = min(hit.end, fused.donor_bp) - hit.start
    after = hit.end - max(hit.start, fused.acceptor_start)
    return max(before, 0), max(after, 0)


def _is_fragment(laid: list[_Hit], max_fragment_bp: int) -> bool:
    """Whether two mates face each other and end within a fragment's length."""
    if len(laid) < 2:
        return True
    if laid[0].is_reverse == laid[1].is_reverse:
        return False
    forward, reverse = sorted(laid, key=lambda hit: hit.is_reverse)
    length = reverse.end - forward.start
    return forward.start <= reverse.start and 0 < length <= max_fragment_bp


def _saves_edits(read: str, edits: int, unfused: Sequence[str], advantage: int) -> bool:
    """Whether every unfused sequence costs the read so many edits more."""
    enough = edits + advantage - 1
    return all(
        edlib.align(text, sequence, mode="HW", task="distance", k=enough)["editDistance"] < 0
        for text in (read, reverse_complement(read))
        for sequence in unfused
    )


def _fits_as_pair(molecule: Molecule, unfused: Sequence[str], settings: RecountSettings) -> bool:
    """Whether both mates lie on one unfused sequence as a fragment does."""
    for sequence in unfused:
        hits = [_lay(read.sequence, sequence, settings) for read in molecule.reads]
        laid = [hit for hit in hits if hit is not None]
        if len(laid) == len(hits) and _is_fragment(laid, settings.max_fragment_bp):
            return True
    return False


def _assign(
    fits: dict[str, dict[int, Placement]], candidates: Sequence[Candidate]
) -> dict[int, tuple[Placement, ...]]:
    """Give each molecule to one candidate: split molecules first, then the spanning ones.

    Among candidates that a molecule fits with equally few edits it goes to the one that most split
    molecules fit (then most proposals, then the first in order).
    """
    popularity: Counter[int] = Counter(
        index
        for found in fits.values()
        for index, placement in found.items()
        if placement.kind is Kind.SPLIT and placement.edits == _fewest_edits(found)
    )
    chosen: dict[int, list[Placement]] = defaultdict(list)
    for name in sorted(fits):
        found = fits[name]
        best = min(
            found,
            key=lambda index: (
                found[index].kind is not Kind.SPLIT,
                found[index].edits,
                -popularity[index],
                -len(candidates[index].proposals),
                index,
            ),
        )
        chosen[best].append(found[best])
    return {index: tuple(placements) for index, placements in chosen.items()}


def _fewest_edits(found: dict[int, Placement]) -> int:
    return min(each.edits for each in found.values() if each.kind is Kind.SPLIT)


def _support(placements: Sequence[Placement]) -> Support:
    """Count molecules; those with the same starts are copies, the first by kind and name counts."""
    originals: dict[tuple[tuple[int, bool], ...], Placement] = {}
    ordered = sorted(placements, key=lambda each: (each.kind is not Kind.SPLIT, each.molecule))
    for placement in ordered:
        originals.setdefault(placement.starts, placement)
    counted = list(originals.values())
    split = [each for each in counted if each.kind is Kind.SPLIT]
    return Support(
        split_molecules=len(split),
        spanning_molecules=len(counted) - len(split),
        copies=len(placements) - len(counted),
        distinct_starts=len({min(start for start, _ in each.starts) for each in counted}),
        best_anchor_bp=max(
            (min(each.donor_anchor_bp, each.acceptor_anchor_bp) for each in split), default=0
        ),
        donor_anchor_bp=max((each.donor_anchor_bp for each in split), default=0),
        acceptor_anchor_bp=max((each.acceptor_anchor_bp for each in split), default=0),
        split_names=_names(placements, Kind.SPLIT),
        spanning_names=_names(placements, Kind.SPANNING),
    )


def _names(placements: Iterable[Placement], kind: Kind) -> tuple[str, ...]:
    return tuple(sorted(each.molecule for each in placements if each.kind is kind))
