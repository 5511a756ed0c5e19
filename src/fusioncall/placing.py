"""One molecule laid on fused and unfused sequences (edlib, edit distance).

What an aligner split depends on the aligner; what a molecule is does not. A molecule supports a
junction

- as *split*, when a read crosses it with an anchor on both sides and saves some edits against every
  unfused sequence of the two genes, and against the place where the aligner has it in one piece;
- as *spanning*, when its mates lie on the two sides, facing each other, no farther apart than a
  fragment is long, and do not fit an unfused sequence as a pair.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product

import edlib

from fusioncall.flanks import acceptor_flank, donor_flank
from fusioncall.model import Candidate, Kind, Molecule, Placement
from fusioncall.reference import Reference
from fusioncall.sequence import mismatches, places_in, reverse_complement, words
from fusioncall.settings import RecountSettings

_EDGE_BP = 12
_WORD_BP = 12
_MAX_COMBINATIONS = 16


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
class Hit:
    """A read on a sequence: 0-based half-open place, edits, and whether it is read backwards."""

    start: int
    end: int
    edits: int
    is_reverse: bool


def templates_of(
    candidate: Candidate, reference: Reference, settings: RecountSettings
) -> Templates:
    """The fused sequences of a candidate, every isoform, and the unfused ones of both genes."""
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


def place(
    molecule: Molecule,
    elsewhere: Sequence[int],
    templates: Templates,
    settings: RecountSettings,
) -> Placement | None:
    """How a molecule supports a candidate, or None.

    Among the isoforms the one that it fits best is taken, the first of several.

    Args:
        molecule: one or two reads.
        elsewhere: edits of each read where the aligner has it in one piece (`plain_edits`).
        templates: of the candidate.
        settings: when a molecule counts.
    """
    placements = (
        placement
        for fused in templates.fused
        if (placement := _place_on(molecule, elsewhere, fused, templates.unfused, settings))
        is not None
    )
    return min(placements, key=lambda each: each.rank, default=None)


def _place_on(
    molecule: Molecule,
    elsewhere: Sequence[int],
    fused: FusedSequence,
    unfused: Sequence[str],
    settings: RecountSettings,
) -> Placement | None:
    hits = _lay_molecule(molecule, fused.sequence, settings)
    if hits is None:
        return None
    laid = [hit for hit in hits if hit is not None]
    crossing = [
        (min(anchors), anchors, edits)
        for read, hit, plain in zip(molecule.reads, hits, elsewhere, strict=True)
        if hit is not None
        and min(anchors := _anchors(hit, fused)) >= settings.min_anchor_bp
        and plain >= hit.edits + settings.min_edit_advantage
        and (edits := _side_edits(read.sequence, hit, fused, settings)) is not None
        and _saves_edits(read.sequence, hit.edits, unfused, settings.min_edit_advantage)
    ]
    if crossing:
        _, anchors, edits = max(crossing)
        return _placement(molecule, Kind.SPLIT, (anchors, edits), laid, fused)
    if len(laid) != 2:
        return None
    sides = [_anchors(hit, fused) for hit in laid]
    if any(min(anchors) >= settings.min_anchor_bp for anchors in sides):
        return None
    (left, right) = sorted(sides, key=lambda each: each[1])
    if left[0] <= left[1] or right[1] <= right[0] or _fits_as_pair(molecule, unfused, settings):
        return None
    return _placement(molecule, Kind.SPANNING, ((left[0], right[1]), (0, 0)), laid, fused)


def _placement(
    molecule: Molecule,
    kind: Kind,
    sides: tuple[tuple[int, int], tuple[int, int]],
    laid: list[Hit],
    fused: FusedSequence,
) -> Placement:
    """The placement of a molecule; `sides` holds its anchors and the edits in them."""
    (before, after), side_edits = sides
    return Placement(
        molecule=molecule.name,
        kind=kind,
        donor_anchor_bp=before,
        acceptor_anchor_bp=after,
        edits=_edits(laid),
        side_edits=side_edits,
        laid_reads=len(laid),
        starts=_starts(laid, fused.acceptor_start),
        umi=molecule.umi,
    )


def _starts(laid: Iterable[Hit], origin: int) -> tuple[tuple[int, bool], ...]:
    """Where reads begin, counted from an offset of the sequence, and their directions."""
    return tuple(
        sorted(
            ((hit.end if hit.is_reverse else hit.start) - origin, hit.is_reverse) for hit in laid
        )
    )


def _lay_molecule(
    molecule: Molecule, sequence: str, settings: RecountSettings
) -> tuple[Hit | None, ...] | None:
    """The places of all reads, of several equal ones the first that make a fragment; else None.

    A sequence that holds an exon twice, as that of a back-splice, has two places for a read.
    """
    places = [_lays(read.sequence, sequence, settings) or (None,) for read in molecule.reads]
    for hits in islice(product(*places), _MAX_COMBINATIONS):
        laid = [hit for hit in hits if hit is not None]
        if laid and _is_fragment(laid, settings.max_fragment_bp):
            return hits
    return None


def lay(read: str, sequence: str, settings: RecountSettings, most: int | None = None) -> Hit | None:
    """The first place of a whole read with fewest edits, if they are few enough.

    Args:
        read: its bases.
        sequence: to lay it on.
        settings: how many edits are few enough.
        most: a lower limit of edits, if there is one.
    """
    return next(iter(_lays(read, sequence, settings, most)), None)


def _lays(
    read: str, sequence: str, settings: RecountSettings, most: int | None = None
) -> tuple[Hit, ...]:
    """All places of a whole read with fewest edits, on one strand, if they are few enough."""
    if not read:
        return ()
    limit = _allowed_edits(len(read), settings)
    limit = limit if most is None else min(limit, most)
    words_there = _words_of(sequence)
    texts = [
        (is_reverse, text)
        for is_reverse, text, parts in _strands(read, limit)
        if not parts or not words_there.isdisjoint(parts)
    ]
    for is_reverse, text in texts:  # most reads have a place without an edit
        exact = tuple(
            Hit(start, start + len(text), 0, is_reverse) for start in places_in(sequence, text)
        )
        if exact:
            return exact
    best: tuple[Hit, ...] = ()
    for is_reverse, text in texts if limit else ():
        found = edlib.align(text, sequence, mode="HW", task="locations", k=limit)
        edits = found["editDistance"]
        if edits < 0 or (best and best[0].edits <= edits):
            continue
        places = _places_of(text, sequence, found["locations"], edits)
        best = tuple(Hit(start, end, edits, is_reverse) for start, end in places)
    return best


@lru_cache(maxsize=16)
def _strands(read: str, edits: int) -> tuple[tuple[bool, str, tuple[str, ...]], ...]:
    """Both strands of a read: whether it is the reverse one, its bases, and words of its parts.

    Of one part more than there are edits one is free of them, so a sequence that the read lies on
    holds one of the words. Short parts have none. A read is laid on many sequences in a row.
    """
    size = len(read) // (edits + 1)
    starts = range(0, size * (edits + 1), size) if size >= _WORD_BP else ()
    return tuple(
        (is_reverse, text, tuple(text[at : at + _WORD_BP] for at in starts))
        for is_reverse, text in ((False, read), (True, reverse_complement(read)))
    )


@lru_cache(maxsize=512)
def _words_of(sequence: str) -> frozenset[str]:
    """Words of a sequence that many reads are laid on."""
    return frozenset(words(sequence, _WORD_BP))


def _places_of(
    text: str, sequence: str, locations: Sequence[tuple[int, int]], edits: int
) -> list[tuple[int, int]]:
    """Where a text lies with equally few edits: the places without an indel, if there are any.

    An error in the first or last base is a substitution or an indel at the same cost; copies of a
    molecule must begin at the same place with and without it.
    """
    size = len(text)
    starts = sorted({place for start, last in locations for place in (start, last + 1 - size)})
    straight = [
        (start, start + size)
        for start in starts
        if 0 <= start <= len(sequence) - size
        and mismatches(text, sequence[start : start + size]) == edits
    ]
    return straight or [(start, last + 1) for start, last in locations[:1]]


def _anchors(hit: Hit, fused: FusedSequence) -> tuple[int, int]:
    """Bases of a read on the donor side and on the acceptor side."""
    before = min(hit.end, fused.donor_bp) - hit.start
    after = hit.end - max(hit.start, fused.acceptor_start)
    return max(before, 0), max(after, 0)


def _is_fragment(laid: list[Hit], max_fragment_bp: int) -> bool:
    """Whether two mates face each other and end within a fragment's length."""
    if len(laid) < 2:
        return True
    if laid[0].is_reverse == laid[1].is_reverse:
        return False
    forward, reverse = sorted(laid, key=lambda hit: hit.is_reverse)
    length = reverse.end - forward.start
    return forward.start <= reverse.start and 0 < length <= max_fragment_bp


def _side_edits(
    read: str, hit: Hit, fused: FusedSequence, settings: RecountSettings
) -> tuple[int, int] | None:
    """Edits on each side of the junction; None if one side has more than twice those allowed.

    A paralogue of the target fits one side of the junction badly and the whole read well enough.
    """
    text = reverse_complement(read) if hit.is_reverse else read
    before, after = _anchors(hit, fused)
    sides = (
        (text[:before], fused.sequence[hit.start : fused.donor_bp]),
        (text[-after:], fused.sequence[fused.acceptor_start : hit.end]),
    )
    edits = [
        int(edlib.align(bases, expected, task="distance")["editDistance"])
        for bases, expected in sides
    ]
    if any(
        count > _allowed_edits(2 * len(bases), settings)
        for count, (bases, _) in zip(edits, sides, strict=True)
    ):
        return None
    return edits[0], edits[1]


def _allowed_edits(size: int, settings: RecountSettings) -> int:
    return max(1, int(size * settings.max_edit_rate))


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
        hits = [lay(read.sequence, sequence, settings) for read in molecule.reads]
        laid = [hit for hit in hits if hit is not None]
        if len(laid) == len(hits) and _is_fragment(laid, settings.max_fragment_bp):
            return True
    return False


def is_misfit(
    molecule: Molecule, fused: Sequence[FusedSequence], settings: RecountSettings
) -> bool:
    """Whether a read goes on from the donor into bases like the acceptor's that are not the same.

    So do the reads of a fusion of a paralogue, of which those with few bases beyond the junction
    look like a fusion of the target.
    """
    texts = [
        text
        for read in molecule.reads
        for text in (read.sequence, reverse_complement(read.sequence))
    ]
    return any(_goes_astray(text, sequence, settings) for sequence in fused for text in texts)


def _goes_astray(text: str, fused: FusedSequence, settings: RecountSettings) -> bool:
    edge = fused.sequence[max(0, fused.donor_bp - _EDGE_BP) : fused.acceptor_start]
    place = text.find(edge)
    beyond = text[place + len(edge) :]
    if place < 0 or len(beyond) < settings.min_misfit_bp:
        return False
    end = fused.acceptor_start + len(beyond) + _EDGE_BP
    expected = fused.sequence[fused.acceptor_start : end]
    most = int(len(beyond) * settings.max_misfit_edit_rate)
    edits = edlib.align(beyond, expected, mode="SHW", task="distance", k=most)["editDistance"]
    return bool(edits > _allowed_edits(2 * len(beyond), settings))


def unfused_starts(
    molecule: Molecule, sequences: Sequence[FusedSequence], settings: RecountSettings
) -> tuple[int, tuple[tuple[int, bool], ...]] | None:
    """The unfused sequence that a molecule fits best, and where its reads begin on it.

    None when no read of it crosses the cut there with enough bases on both sides.
    """
    best: list[Hit] = []
    chosen = 0
    for number, sequence in enumerate(sequences):
        most = _edits(best) - 1 if len(best) == len(molecule.reads) else None
        if most == -1:
            break  # no later one can be better
        laid = _lay_each(molecule, sequence.sequence, settings, most)
        if (len(laid), -_edits(laid)) > (len(best), -_edits(best)):
            best, chosen = laid, number
    if all(min(_anchors(hit, sequences[chosen])) < settings.min_anchor_bp for hit in best):
        return None
    return chosen, _starts(best, sequences[chosen].donor_bp)


def _lay_each(
    molecule: Molecule, sequence: str, settings: RecountSettings, most: int | None
) -> list[Hit]:
    """The places of the reads, each by itself; none where not all lie with the most edits given."""
    laid = []
    for read in molecule.reads:
        hit = lay(read.sequence, sequence, settings, most)
        if hit is not None:
            laid.append(hit)
            most = None if most is None else most - hit.edits
        elif most is not None:
            return []
    return laid


def _edits(hits: Iterable[Hit]) -> int:
    return sum(hit.edits for hit in hits)
