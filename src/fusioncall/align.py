"""The kept reads against the whole genome, by minimap2 within this process (mappy).

Each read is aligned by itself: a molecule of a fusion has its mates on two genes, which an aligner
that pairs them would rather not see.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

import mappy

from fusioncall.errors import BundleError
from fusioncall.model import Molecule, Read, Segment
from fusioncall.settings import AlignSettings

_CIGAR = re.compile(r"(\d+)([MIDNSHP=X])")


class Aligner:
    """A minimap2 index in memory.

    Args:
        index: of the reference bundle.
        settings: preset and size of a batch.

    Raises:
        BundleError: the index cannot be loaded.
    """

    def __init__(self, index: Path, settings: AlignSettings) -> None:
        self._aligner = mappy.Aligner(
            fn_idx_in=str(index),
            preset=settings.preset,
            min_cnt=1,
            min_chain_score=settings.min_chain_score,
            min_dp_score=settings.min_score,
        )
        if not self._aligner:
            what, cure = "minimap2 cannot load this index", "Build the reference bundle anew"
            raise BundleError(what, where=index, cure=cure)
        self._batch = settings.batch_molecules

    def align(self, molecules: Iterable[Molecule], threads: int) -> Iterator[Molecule]:
        """Molecules with their alignments, in the order given.

        Args:
            molecules: as screened.
            threads: no effect on the result.
        """
        waiting: deque[Future[list[Molecule]]] = deque()
        iterator = iter(molecules)
        with ThreadPoolExecutor(threads) as pool:
            while batch := list(islice(iterator, self._batch)):
                waiting.append(pool.submit(self._align_batch, batch))
                if len(waiting) > threads:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()

    def _align_batch(self, batch: list[Molecule]) -> list[Molecule]:
        buffer = mappy.ThreadBuffer()
        return [
            replace(
                molecule,
                reads=tuple(
                    replace(read, segments=self._segments(read, buffer)) for read in molecule.reads
                ),
            )
            for molecule in batch
        ]

    def _segments(self, read: Read, buffer: mappy.ThreadBuffer) -> tuple[Segment, ...]:
        """The pieces that minimap2 reports as primary or supplementary, in the read's order."""
        hits = (
            hit for hit in self._aligner.map(read.sequence, buf=buffer, cs=False) if hit.is_primary
        )
        return tuple(sorted(map(_segment, hits), key=lambda each: (each.query_start, each.contig)))


def _segment(hit: mappy.Alignment) -> Segment:
    return Segment(
        contig=hit.ctg,
        start=hit.r_st,
        end=hit.r_en,
        is_reverse=hit.strand < 0,
        query_start=hit.q_st,
        query_end=hit.q_en,
        cigar=tuple(
            (operation, int(length)) for length, operation in _CIGAR.findall(hit.cigar_str)
        ),
        mapq=hit.mapq,
        edits=hit.NM,
    )
