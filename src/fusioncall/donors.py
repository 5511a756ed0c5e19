"""Discovery route 1: annotated junctions, without an aligner.

Nearly every NTRK fusion joins the end of an annotated exon of the partner to the start of an
annotated exon of the target. The ends of all annotated exons (donors) are kept in one sorted array
of numbers; the foreign bases of a read before a target acceptor are looked up in it:

    read     ...CTGGAACAAGTG|GTCCCGTGGCTG...       the acceptor's first bases end the foreign part
    donor    ...CTGGAACAAGTG                       which is the end of an exon of the annotation

A donor's number holds its last 24 transcribed bases, the last base first, two bits each; so the
donors that end with a given sequence are neighbours in the array, whatever its length.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from fusioncall.coords import Breakend, Strand
from fusioncall.genes import Block, Gene, Transcript
from fusioncall.sequence import mismatches

DEPTH_BP = 24
"""Bases of a donor that its number holds."""

HALF_BP = DEPTH_BP // 2
_CODE = {"A": 0, "C": 1, "G": 2, "T": 3}
_MAX_MAPQ_PHRED = 60

Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class DonorIndex:
    """The annotated donors of a genome, sorted by their numbers.

    `contig_of`, `position_of` (0-based, last base kept) and `is_forward` belong to `keys`.
    """

    contigs: tuple[str, ...]
    keys: Keys
    contig_of: npt.NDArray[np.uint16]
    position_of: npt.NDArray[np.uint32]
    is_forward: npt.NDArray[np.bool_]

    @cached_property
    def _by_far_half(self) -> tuple[Keys, npt.NDArray[np.int64]]:
        """The half of each number that lies farther from the donor, sorted, and where it stood."""
        far = self.keys & np.uint64((1 << 2 * HALF_BP) - 1)
        order = np.argsort(far, kind="stable")
        return far[order], order

    def breakend(self, index: int) -> Breakend:
        """The donor of that place in the index."""
        strand = Strand.FORWARD if self.is_forward[index] else Strand.REVERSE
        contig = self.contigs[int(self.contig_of[index])]
        return Breakend.donor(contig, int(self.position_of[index]), strand)

    def ending(self, bases: str) -> Iterator[int]:
        """Places of the donors that end with these bases, or with 24 of them, but for few errors.

        Args:
            bases: foreign part of a read in the direction of transcription, at least one base.

        Yields:
            Donors whose last 12 bases agree (all, when there are fewer), or whose 12 bases before
            these do; in both cases with one mismatch per 12 bases at most.
        """
        near = key_of(bases[::-1][:HALF_BP])
        found: set[int] = set()
        if near is not None:
            size = min(len(bases), HALF_BP)
            shift = 2 * (DEPTH_BP - size)
            found |= set(_range(self.keys, near << shift, (near + 1) << shift))
        far = key_of(bases[::-1][HALF_BP:DEPTH_BP])
        if far is not None and len(bases) >= DEPTH_BP:
            halves, order = self._by_far_half
            found |= {int(order[place]) for place in _range(halves, far, far + 1)}
        text = bases[::-1][:DEPTH_BP]
        allowed = len(text) // HALF_BP
        for place in sorted(found):
            donor = bases_of(int(self.keys[place]))
            if mismatches(text, donor) <= allowed:
                yield place

    def mapq_phred(self, anchor_bp: int) -> int:
        """How unlikely it is that an anchor of so many bases ends like any donor by chance."""
        by_chance = -math.expm1(-self.keys.size / 4 ** min(anchor_bp, DEPTH_BP))
        if by_chance <= 0:
            return _MAX_MAPQ_PHRED
        return min(_MAX_MAPQ_PHRED, round(-10 * math.log10(by_chance)))


def _range(values: Keys, low: int, high: int) -> range:
    top = int(np.searchsorted(values, np.uint64(high))) if high < 1 << 64 else values.size
    return range(int(np.searchsorted(values, np.uint64(low))), top)


def key_of(backwards: str) -> int | None:
    """The number of bases read backwards from a donor; None if one is not ACGT.

    >>> key_of("CA"), key_of("NA")
    (4, None)
    """
    number = 0
    for base in backwards:
        code = _CODE.get(base)
        if code is None:
            return None
        number = number << 2 | code
    return number


def bases_of(key: int) -> str:
    """The bases of a number, read backwards from the donor.

    >>> bases_of(key_of("ACGT" * 6))
    'ACGTACGTACGTACGTACGTACGT'
    """
    return "".join("ACGT"[key >> shift & 3] for shift in range(2 * DEPTH_BP - 2, -2, -2))


def build_index(
    genes: Iterable[Gene],
    contigs: Sequence[str],
    transcribe: Callable[[str, tuple[Block, ...], Strand], str],
) -> DonorIndex:
    """Index the donors of an annotation; those with N or fewer than 24 bases are left out.

    Args:
        genes: of the annotation.
        contigs: names, in the order of the genome.
        transcribe: gives the bases of blocks in genome order as transcribed on a strand.
    """
    number = {name: index for index, name in enumerate(contigs)}
    rows: set[tuple[int, int, int, bool]] = set()
    for gene in genes:
        blocks = {
            (position, nearest)
            for transcript in gene.transcripts
            for position, nearest in _donors(transcript)
        }
        for position, nearest in blocks:
            key = key_of(transcribe(gene.contig, nearest, gene.strand)[::-1])
            if key is not None:
                is_forward = gene.strand is Strand.FORWARD
                rows.add((key, number[gene.contig], position, is_forward))
    ordered = sorted(rows)
    columns = list(zip(*ordered, strict=True)) if ordered else [(), (), (), ()]
    return DonorIndex(
        contigs=tuple(contigs),
        keys=np.array(columns[0], dtype=np.uint64),
        contig_of=np.array(columns[1], dtype=np.uint16),
        position_of=np.array(columns[2], dtype=np.uint32),
        is_forward=np.array(columns[3], dtype=np.bool_),
    )


def _donors(transcript: Transcript) -> Iterator[tuple[int, tuple[Block, ...]]]:
    """Each donor of a transcript, and the stretches that hold its last 24 bases."""
    exons = transcript.exons_transcribed
    forward = transcript.strand is Strand.FORWARD
    for count in range(1, len(exons)):
        chosen: list[Block] = []
        left = DEPTH_BP
        for start, end in reversed(exons[:count]):
            size = min(left, end - start)
            chosen.append((end - size, end) if forward else (start, start + size))
            left -= size
            if not left:
                last = exons[count - 1]
                yield (last[1] - 1 if forward else last[0]), tuple(sorted(chosen))
                break
