"""The screen: keep the molecules that touch a target gene, count all the others.

A molecule is kept when one of its reads holds k-mers of a target gene, or ends with the first 10 to
14 bases of one of its exons, which are too few for a k-mer. The same look at every read
counts the reads that hold k-mers of each target and control gene.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import dnaio
import numpy as np
import numpy.typing as npt
from isal import igzip_lib

from fusioncall.bam import molecule_name, open_bam, umi_of
from fusioncall.errors import InputError
from fusioncall.files import lacks_bgzf_end, sha256
from fusioncall.kmers import Hits, KmerTable, count_hits, end_in_tips
from fusioncall.model import Census, InputFile, Molecule, Read, ReadNumber
from fusioncall.settings import ScreenSettings

_DAMAGED: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment]  # its stub is wrong
_MAX_NAME_BYTES = 254  # SAM specification, QNAME
_BATCH_READS = 8192
_WHOLE = "Get the file anew from where it came from; gzip -t tells whether it is whole"

T = TypeVar("T")
Found = tuple[Hits, npt.NDArray[np.bool_]]
"""k-mers of each gene in each read, and whether the read ends with the start of a target's exon."""


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """The FASTQ files of a sample, one per lane; `second` is empty for single-end reads."""

    first: tuple[Path, ...]
    second: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        if self.second and len(self.first) != len(self.second):
            raise InputError(
                f"{len(self.first)} files of first reads but {len(self.second)} of second reads",
                cure="Give the lanes of both mates in the same order, separated by commas",
            )
        for path in (*self.first, *self.second):
            if not path.is_file():
                raise InputError("does not exist or is no file", where=path, cure="Check the path")
        given = [*self.first, *self.second]
        for number, path in enumerate(given):
            if any(path.samefile(other) for other in given[:number]):
                raise InputError("is given twice", where=path, cure="Give each FASTQ file once")

    @property
    def is_paired(self) -> bool:
        """Whether the molecules have two reads."""
        return bool(self.second)

    @property
    def lanes(self) -> Iterator[tuple[Path, ...]]:
        """The files of each lane: one, or those of the two mates."""
        if self.second:
            yield from zip(self.first, self.second, strict=True)
        else:
            yield from ((path,) for path in self.first)


@dataclass(slots=True)
class _Tally:
    """Running counts of a screen; `gene_reads` has one number per gene of the k-mer table."""

    gene_reads: npt.NDArray[np.int64]
    fragments: int = 0
    reads: int = 0
    bases: int = 0
    shortest: int | None = None
    longest: int = 0

    def add(self, sequences: list[bytes], fragments: int, enough: npt.NDArray[np.bool_]) -> None:
        lengths = [len(sequence) for sequence in sequences]
        self.fragments += fragments
        self.reads += len(sequences)
        self.bases += sum(lengths)
        self.longest = max(self.longest, *lengths)
        self.shortest = min(lengths if self.shortest is None else [self.shortest, *lengths])
        self.gene_reads = self.gene_reads + enough.sum(axis=0)


class Screen:
    """Looks at reads in batches, with several threads, and keeps count.

    Args:
        table: k-mers of the targets, then of the control genes.
        targets: how many of the table's genes are targets.
        settings: how many k-mers are enough.
        threads: that look at reads at the same time; no effect on the result.
    """

    def __init__(
        self, table: KmerTable, targets: int, settings: ScreenSettings, threads: int
    ) -> None:
        self._table = table
        self._targets = targets
        self._threads = threads
        self._filter = table.filter
        self._settings = settings
        self._tally = _Tally(np.zeros(len(table.names), dtype=np.int64))

    def fastq(self, files: ReadFiles) -> Iterator[Molecule]:
        """The molecules of FASTQ files that hold target k-mers, in the order of the files.

        Raises:
            InputError: a file cannot be read, is not FASTQ, is empty or cut off, or the mates are
                out of step.
        """
        names: set[str] = set()
        for number, lane in enumerate(files.lanes, start=1):
            batches = _batches(_fastq_records(lane), _BATCH_READS // len(lane))
            for batch, hits in self._look(batches, _fastq_sequences):
                kept = hits.reshape(len(batch), len(lane)).any(axis=1)
                for index in np.flatnonzero(kept).tolist():
                    molecule = _fastq_molecule(batch[index], number, names, lane[0])
                    names.add(molecule.name)
                    yield molecule

    def bam(self, path: Path) -> Iterator[str]:
        """The names of a BAM's molecules that hold target k-mers, once per read.

        Raises:
            InputError: the file cannot be read or is cut off.
        """
        with open_bam(path, self._threads) as alignments:
            reads = (
                record
                for record in alignments.fetch(until_eof=True)
                if not (record.is_secondary or record.is_supplementary or record.is_qcfail)
            )
            named = (
                (record.query_name or "", record.query_sequence or "", not record.is_read2)
                for record in reads
            )
            for batch, hits in self._look(_batches(named, _BATCH_READS), _bam_sequences):
                for index in np.flatnonzero(hits).tolist():
                    yield molecule_name(batch[index][0])

    def census(self, source: str, kept: int, inputs: tuple[InputFile, ...]) -> Census:
        """What was counted, once all reads have been looked at."""
        tally, names = self._tally, self._table.names
        counts = dict(zip(names, tally.gene_reads.tolist(), strict=True))
        return Census(
            source=source,
            fragments=tally.fragments,
            reads=tally.reads,
            bases=tally.bases,
            min_read_bp=tally.shortest or 0,
            max_read_bp=tally.longest,
            kept_molecules=kept,
            target_reads={name: counts[name] for name in names[: self._targets]},
            control_reads={name: counts[name] for name in names[self._targets :]},
            inputs=inputs,
        )

    def _look(
        self, batches: Iterable[list[T]], sequences_of: Callable[[list[T]], tuple[list[bytes], int]]
    ) -> Iterator[tuple[list[T], npt.NDArray[np.bool_]]]:
        """Each batch, in order, and for each of its reads whether it holds target k-mers.

        `sequences_of` gives the sequences of a batch and how many fragments it begins.
        """
        waiting: deque[tuple[list[T], list[bytes], int, Future[Found]]] = deque()
        with ThreadPoolExecutor(self._threads) as pool:
            for batch in batches:
                sequences, fragments = sequences_of(batch)
                hits = pool.submit(self._scan, sequences)
                waiting.append((batch, sequences, fragments, hits))
                if len(waiting) > 2 * self._threads:
                    yield self._judge(*waiting.popleft())
            while waiting:
                yield self._judge(*waiting.popleft())

    def _scan(self, sequences: list[bytes]) -> Found:
        hits = count_hits(self._table, self._filter, sequences)
        return hits, end_in_tips(self._table.tips, sequences)

    def _judge(
        self, batch: list[T], sequences: list[bytes], fragments: int, hits: Future[Found]
    ) -> tuple[list[T], npt.NDArray[np.bool_]]:
        found, tips = hits.result()
        self._tally.add(sequences, fragments, found >= self._settings.min_census_hits)
        kept = found[:, : self._targets] >= self._settings.min_kmer_hits
        return batch, np.any(kept, axis=1) | tips


def describe_inputs(paths: Iterable[Path]) -> tuple[InputFile, ...]:
    """Name, size and SHA-256 of the files that were read."""
    return tuple(
        InputFile(name=path.name, bytes=path.stat().st_size, sha256=sha256(path)) for path in paths
    )


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _fastq_records(lane: tuple[Path, ...]) -> Iterator[tuple[dnaio.SequenceRecord, ...]]:
    """The records of one file, or the pairs of two, checked for order and wholeness."""
    where = " and ".join(str(path) for path in lane)
    empty = True
    for path in lane:
        if lacks_bgzf_end(path):
            raise InputError("is cut off", where=path, cure=_WHOLE)
    try:
        with dnaio.open(*lane, fileformat="fastq", mode="r", open_threads=0) as reader:
            for record in reader:
                empty = False
                yield record if isinstance(record, tuple) else (record,)
    except dnaio.FileFormatError as error:
        paired = "paired" in str(error)
        what = "the two mates are out of step" if paired else "is not whole FASTQ"
        cure = "Give the two files of one sequencing run, unsorted and unfiltered"
        told = f"{what}: {str(error).rstrip('.')}"
        raise InputError(told, where=where, cure=cure if paired else _WHOLE) from error
    except (EOFError, OSError, ValueError, zlib.error, _DAMAGED) as error:
        raise InputError(f"cannot be read as FASTQ: {error}", where=where, cure=_WHOLE) from error
    if empty:
        raise InputError("holds no reads", where=where, cure="Give the FASTQ of a sequenced sample")


def _fastq_sequences(
    batch: list[tuple[dnaio.SequenceRecord, ...]],
) -> tuple[list[bytes], int]:
    return [record.sequence.encode() for records in batch for record in records], len(batch)


def _bam_sequences(batch: list[tuple[str, str, bool]]) -> tuple[list[bytes], int]:
    return [sequence.encode() for _, sequence, _ in batch], sum(begins for *_, begins in batch)


def _fastq_molecule(
    records: tuple[dnaio.SequenceRecord, ...], lane: int, taken: set[str], where: Path
) -> Molecule:
    """A molecule of FASTQ records; a name that an earlier lane used gets its lane's number."""
    name = molecule_name(records[0].id)
    umi = umi_of(name)
    if name in taken and lane > 1:
        name = f"{name}:lane{lane}"
    if name in taken:
        what = f"two molecules are called {name}"
        cure = "Give each molecule a name of its own; split interleaved mates into two files"
        raise InputError(what, where=where, cure=cure)
    if len(name) > _MAX_NAME_BYTES:
        what = f"the read name {name[:30]}... has more than {_MAX_NAME_BYTES} characters"
        raise InputError(what, where=where, cure="Shorten the names; BAM cannot hold them")
    numbers = (ReadNumber.FIRST, ReadNumber.SECOND) if len(records) == 2 else (ReadNumber.SINGLE,)
    reads = (
        Read(number, record.sequence.upper(), record.qualities or "", ())
        for number, record in zip(numbers, records, strict=True)
    )
    return Molecule(name, tuple(reads), umi)
