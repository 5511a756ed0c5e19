"""The kept reads against the whole genome, by minimap2 within this process (mappy).

Each read is aligned by itself: a molecule of a fusion has its mates on two genes, which an aligner
that pairs them would rather not see.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from itertools import islice
from pathlib import Path

import mappy

from fusioncall.bam import in_order
from fusioncall.errors import BundleError
from fusioncall.model import CIGAR_OPERATIONS, Molecule, Read, Segment
from fusioncall.settings import AlignSettings


class Aligner:
    """A minimap2 index, which is loaded before the first molecule is aligned.

    Args:
        index: of the reference bundle.
        settings: preset and size of a batch.
    """

    def __init__(self, index: Path, settings: AlignSettings) -> None:
        self._path = index
        self._settings = settings

    def align(self, molecules: Iterable[Molecule], threads: int) -> Iterator[Molecule]:
        """Molecules with their alignments, in the order given.

        Args:
            molecules: as screened.
            threads: no effect on the result.

        Raises:
            BundleError: the index cannot be loaded.
        """
        waiting: deque[Future[list[Molecule]]] = deque()
        iterator = iter(molecules)
        with ThreadPoolExecutor(threads) as pool:
            while batch := list(islice(iterator, self._settings.batch_molecules)):
                waiting.append(pool.submit(_align_batch, self._index, batch))
                if len(waiting) > threads:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()

    @cached_property
    def _index(self) -> mappy.Aligner:
        index = mappy.Aligner(
            fn_idx_in=str(self._path),
            preset=self._settings.preset,
            min_cnt=1,
            min_chain_score=self._settings.min_chain_score,
            min_dp_score=self._settings.min_score,
        )
        if not index:
            what, cure = "minimap2 cannot load this index", "Build the reference bundle anew"
            raise BundleError(what, where=self._path, cure=cure)
        return index


def _align_batch(index: mappy.Aligner, batch: list[Molecule]) -> list[Molecule]:
    buffer = mappy.ThreadBuffer()
    return [
        Molecule(
            molecule.name,
            tuple(
                Read(read.number, read.sequence, read.quality, _segments(index, read, buffer))
                for read in molecule.reads
            ),
            molecule.umi,
        )
        for molecule in batch
    ]


def _segments(index: mappy.Aligner, read: Read, buffer: mappy.ThreadBuffer) -> tuple[Segment, ...]:
    """The pieces that minimap2 reports as primary or supplementary, in the read's order."""
    hits = (hit for hit in index.map(read.sequence, buf=buffer, cs=False) if hit.is_primary)
    return in_order(list(map(_segment, hits)))


def _segment(hit: mappy.Alignment) -> Segment:
    return Segment(
        contig=hit.ctg,
        start=hit.r_st,
        end=hit.r_en,
        is_reverse=hit.strand < 0,
        query_start=hit.q_st,
        query_end=hit.q_en,
        cigar=tuple((CIGAR_OPERATIONS[operation], length) for length, operation in hit.cigar),
        mapq=hit.mapq,
        edits=hit.NM,
    )
