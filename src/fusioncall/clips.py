"""Clipped ends of reads, placed where the rest of the molecule tells to look.

An aligner leaves the last bases of a read unaligned when they are too few to have one place in the
genome. In the genes of the mate, and near it, they may have: a split read of a breakpoint inside an
exon or an intron is found from fewer bases so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from fusioncall.coords import Strand
from fusioncall.flanks import Blocks
from fusioncall.genes import Block, Gene
from fusioncall.model import Molecule, Read, Segment
from fusioncall.reference import Reference
from fusioncall.sequence import mismatches, places_in, reverse_complement
from fusioncall.settings import EvidenceSettings

_SEED_BP = 8
_MISMATCH_PER_BP = 16
_EARLY_BP = 6  # an aligner that meets an error near the junction may end as early as this
_MAPQ_PHRED = 30  # twelve bases fit some place of 10,000 by chance in 0.1 %


@dataclass(frozen=True, slots=True)
class _Window:
    """Stretches of a contig, and their bases on the forward strand in one string."""

    contig: str
    blocks: Blocks
    bases: str

    def holds(self, piece: Segment) -> bool:
        """Whether a piece lies within the outermost places of the window."""
        low, high = self.blocks[0][0], self.blocks[-1][1]
        return piece.contig == self.contig and low < piece.end and piece.start < high


class ClipPlacer:
    """Places clipped ends.

    Args:
        reference: genome, genes and targets.
        settings: how long a clipped end must be, and how far from the mate it may lie.
    """

    def __init__(self, reference: Reference, settings: EvidenceSettings) -> None:
        self._reference = reference
        self._settings = settings
        self._targets = {target.gene.id: target.gene for target in reference.targets}
        self._of_gene: dict[str, tuple[_Window, ...]] = {}

    def placed(self, molecule: Molecule) -> Molecule:
        """The molecule with a piece more for each clipped end that has one place."""
        if not any(self._clips(read) for read in molecule.reads):
            return molecule
        pieces = [piece for read in molecule.reads for piece in read.segments]
        windows = tuple(self._windows(pieces))
        if not windows:
            return molecule
        return replace(
            molecule, reads=tuple(self._with_clips(read, windows) for read in molecule.reads)
        )

    def _clips(self, read: Read) -> list[tuple[int, int]]:
        """The unaligned ends of a read that are long enough, as 0-based half-open places in it."""
        if not read.segments:
            return []
        first = min(piece.query_start for piece in read.segments)
        last = max(piece.query_end for piece in read.segments)
        ends = ((0, first), (last, len(read.sequence)))
        return [(start, end) for start, end in ends if end - start >= self._settings.min_clip_bp]

    def _windows(self, pieces: Sequence[Segment]) -> Iterator[_Window]:
        """Where the molecule's pieces lie, if in a target and elsewhere; else also the targets."""
        genes: dict[str, Gene] = {}
        for piece in pieces:
            for gene in self._reference.genes_at(piece.contig, piece.start, piece.end):
                genes[gene.id] = gene
        held = [self._reference.target_at(piece.contig, piece.start) for piece in pieces]
        if all(held) and len({target.name for target in held if target}) == 1:
            return
        inside = genes.keys() & self._targets.keys()
        for gene in [*genes.values(), *(() if inside else self._targets.values())]:
            if gene.id not in self._of_gene:
                self._of_gene[gene.id] = tuple(self._transcripts(gene))
            yield from self._of_gene[gene.id]
        reach = self._settings.clip_reach_bp
        for piece in pieces:
            end = min(piece.end + reach, self._reference.contigs[piece.contig])
            yield self._window(piece.contig, ((max(0, piece.start - reach), end),))

    def _transcripts(self, gene: Gene) -> Iterator[_Window]:
        for exons in sorted({transcript.exons for transcript in gene.transcripts}):
            yield self._window(gene.contig, exons)

    def _window(self, contig: str, blocks: Blocks) -> _Window:
        bases = self._reference.transcribed(contig, blocks, Strand.FORWARD)
        return _Window(contig, blocks, bases)

    def _is_foreign(self, window: _Window, beside: Segment) -> bool:
        """Whether a clipped end in the window would join other genes than its read lies in."""
        own = self._reference.target_at(beside.contig, beside.start)
        other = self._reference.target_at(window.contig, window.blocks[0][0])
        return not window.holds(beside) and (own is None or own is not other)

    def _with_clips(self, read: Read, windows: Sequence[_Window]) -> Read:
        found = list(read.segments)
        for start, end in self._clips(read):
            beside = read.segments[0 if start == 0 else -1]
            foreign = [window for window in windows if self._is_foreign(window, beside)]
            for early in (0, _EARLY_BP):
                place = (start, end - early) if start == 0 else (start + early, end)
                if place[1] - place[0] < self._settings.min_clip_bp:
                    break
                hits = set(_hits(read.sequence, place, foreign))
                if hits:
                    found += hits if len(hits) == 1 else ()
                    break
        return replace(read, segments=tuple(sorted(found, key=lambda each: each.query_start)))


def _hits(read: str, place: tuple[int, int], windows: Iterable[_Window]) -> Iterator[Segment]:
    """Every piece that the bases of a read at `place` make in the windows."""
    clip = read[slice(*place)]
    for is_reverse, text in ((False, clip), (True, reverse_complement(clip))):
        for window in windows:
            for offset, edits in _places(text, window.bases):
                yield _piece(window, offset, place, edits, is_reverse=is_reverse)


def _places(text: str, bases: str) -> Iterator[tuple[int, int]]:
    """Where a text lies, and its mismatches; one end of it must agree."""
    allowed = len(text) // _MISMATCH_PER_BP
    seen = set()
    for seed_at in (0, len(text) - _SEED_BP):
        seed = text[seed_at : seed_at + _SEED_BP]
        for found in places_in(bases, seed):
            start = found - seed_at
            here = bases[max(0, start) : start + len(text)]
            if start not in seen and len(here) == len(text):
                seen.add(start)
                edits = mismatches(text, here)
                if edits <= allowed:
                    yield start, edits


def _piece(
    window: _Window, offset: int, query: tuple[int, int], edits: int, *, is_reverse: bool
) -> Segment:
    """The piece at an offset of a window's bases, with an N gap for each stretch left out.

    A few bases beyond a gap on the side of the junction are dropped: they may lie anywhere.
    """
    blocks = _stretch(window.blocks, offset, query[1] - query[0])
    is_first = query[0] == 0
    inner = 0 if is_first == is_reverse else -1
    while len(blocks) > 1 and blocks[inner][1] - blocks[inner][0] < _SEED_BP:
        start, end = blocks.pop(inner)
        lost = end - start
        query = (query[0], query[1] - lost) if is_first else (query[0] + lost, query[1])
    cigar = [("M", blocks[0][1] - blocks[0][0])]
    for before, after in pairwise(blocks):
        cigar += [("N", after[0] - before[1]), ("M", after[1] - after[0])]
    return Segment(
        window.contig,
        blocks[0][0],
        blocks[-1][1],
        is_reverse,
        *query,
        tuple(cigar),
        _MAPQ_PHRED,
        edits,
    )


def _stretch(blocks: Blocks, offset: int, size: int) -> list[Block]:
    """The part of blocks with `size` bases from an offset on."""
    found = []
    for start, end in blocks:
        length = min(end - start - offset, size)
        if length > 0:
            found.append((start + offset, start + offset + length))
            size -= length
        offset = max(0, offset - (end - start))
    return found
