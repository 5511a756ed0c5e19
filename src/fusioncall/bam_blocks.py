"""BAM as raw blocks: no object per record, only where each one lies in a block of bytes.

A BAM is decompressed by several threads, some hundred kilobytes at a time, and cut into blocks of
whole records. A CRAM is decoded, and regions are found by an index, by htslib in a process of its
own, which hands the records over as BAM that is not compressed.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
import threading
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, BinaryIO, TypeVar, cast

import numpy as np
from isal import igzip_lib, isal_zlib

from fusioncall.bam import open_bam, unreadable
from fusioncall.files import begins_as_cram
from fusioncall.kernels import (
    PLACES,
    SLACK,
    Bytes,
    Counts,
    Flags,
    Keys,
    Places,
    name_keys,
    unpack_bam,
    walk_bam,
)

_READ_BYTES = 1 << 18
_BLOCK_HEAD_BYTES = 18  # of bgzip; SAM specification, 4.1
_MAX_TEXT_BYTES = 1 << 16  # of a bgzip block
_HEADROOM = 1 << 16  # before a block, for the begun record of the block in front of it
SHORTEST_RECORD = 36  # up to its name; SAM specification, 4.2
_DAMAGED: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment]  # its stub is wrong
_VIEW = "import sys, pysam; pysam.view(*sys.argv[1:], catch_stdout=False)"

T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Source:
    """A BAM or CRAM, or parts of it.

    Args:
        path: the file, in any order.
        genome: bgzip FASTA of the reference, for CRAM.
        regions: of which records are read, in samtools' words; all records when empty. They need an
            index.
    """

    path: Path
    genome: Path | None = None
    regions: tuple[str, ...] = ()


@dataclass(slots=True)
class BamBlock:
    """Whole records of one BAM: `starts` says where in `buffer` each begins, `end` the last ends.

    Behind `end` the buffer has room for the bases of all records as text.
    """

    buffer: Bytes
    starts: Counts
    end: int

    def unpack(self) -> tuple[Places, Flags]:
        """Where the names and the bases, as text, of the records are, and their flags."""
        places = np.empty((self.starts.size, PLACES), dtype=np.int32)
        flags = np.empty(self.starts.size, dtype=np.uint16)
        text = self.end + SLACK + self.end % 2
        unpack_bam(self.buffer, self.starts, self.starts.size, text, places, flags)
        return places, flags

    def keys(self) -> Keys:
        """For each record a number that stands for the name of its molecule."""
        keys = np.empty(self.starts.size, dtype=np.uint64)
        name_keys(self.buffer, self.starts, self.starts.size, keys)
        return keys

    def name(self, row: int) -> str:
        """The name of a record."""
        start = int(self.starts[row]) + SHORTEST_RECORD
        size = int(self.buffer[start - SHORTEST_RECORD + 12]) - 1
        return self.buffer[start : start + size].tobytes().decode("ascii")

    def records(self, rows: Sequence[int]) -> bytes:
        """The bytes of some records."""
        last = self.starts.size - 1
        ends = (self.end if row == last else self.starts[row + 1] for row in rows)
        return b"".join(
            self.buffer[self.starts[row] : end].tobytes()
            for row, end in zip(rows, ends, strict=True)
        )


class BamReader:
    """Reads a BAM or CRAM from its first to its last record, or the records of some regions.

    Args:
        source: what is read.
        threads: that decompress and work on blocks.

    Raises:
        InputError: the file is missing, is no BAM or CRAM, or is cut off.
    """

    def __init__(self, source: Source, threads: int) -> None:
        with open_bam(source.path, 1, source.genome):
            pass
        self.header = b""
        self._source = source
        self._threads = threads
        self._is_cram = begins_as_cram(source.path)
        self._file = source.path.open("rb", buffering=0)
        self._spare: list[Bytes] = []
        self._lock = threading.Lock()

    @property
    def position(self) -> int:
        """Bytes of the file that were read so far."""
        return 0 if self._file.closed else os.lseek(self._file.fileno(), 0, os.SEEK_CUR)

    def blocks(self, work: Callable[[BamBlock], T]) -> Iterator[tuple[BamBlock, T]]:
        """The blocks in the order of the file, each with what several threads made of it.

        A block's memory is used anew once the next one is asked for. `header` is the header's bytes
        from the first block on.

        Raises:
            InputError: the file is damaged.
        """
        ahead = self._threads + 1
        pool = ThreadPoolExecutor(self._threads)
        try:
            with self._file, self._packed() as stream:
                parts = (raw for _, raw in _in_turn(pool, self._inflate, _pieces(stream), ahead))
                for block, made in _in_turn(pool, work, self._cut(parts), ahead):
                    yield block, made
                    self._recycle(block.buffer)
        except (OSError, ValueError, EOFError, zlib.error, struct.error, _DAMAGED) as error:
            raise unreadable(self._source.path, str(error), is_cram=self._is_cram) from error
        finally:
            pool.shutdown(cancel_futures=True)
            self._spare.clear()

    @contextmanager
    def _packed(self) -> Iterator[IO[bytes]]:
        """The bytes of a BAM: those of the file, or what htslib makes of a CRAM or of regions."""
        path, regions = self._source.path, self._source.regions
        if not self._is_cram and not regions:
            yield self._file
            return
        words = [sys.executable, "-c", _VIEW, "-u", *view_options(self._source, self._threads)]
        words += ["-M", str(path), *regions] if regions else ["-"]
        with (
            tempfile.TemporaryFile() as told,
            subprocess.Popen(words, stdin=self._file, stdout=subprocess.PIPE, stderr=told) as child,
        ):
            try:
                yield child.stdout  # type: ignore[misc]  # it is a pipe
                if child.wait():
                    told.seek(0)
                    raise OSError(told.read().decode(errors="replace")[-300:])
            finally:
                child.kill()

    def _inflate(self, piece: tuple[bytes, int]) -> tuple[Bytes, int]:
        """The text of some whole bgzip blocks, behind the headroom of a buffer, and its end."""
        packed, size = piece
        buffer = self._memory(size)
        end = _HEADROOM + size
        view = memoryview(buffer.data)
        reader = isal_zlib._GzipReader(cast("BinaryIO", packed), _READ_BYTES)
        filled = _HEADROOM
        while filled < end:
            amount = reader.readinto(view[filled:end])
            if not amount:
                break
            filled += amount
        if filled < end or reader.read(1):
            raise ValueError("a block has another size than it says")
        return buffer, end

    def _cut(self, parts: Iterable[tuple[Bytes, int]]) -> Iterator[BamBlock]:
        """Cut the text of a BAM into blocks of whole records; the header becomes `header`."""
        rest = np.zeros(0, dtype=np.uint8)
        for part in chain(parts, [(self._memory(0), _HEADROOM)]):
            buffer, start, end = self._joined(rest, *part)
            if not self.header:
                size = _header_bytes(buffer[start:end].tobytes())
                self.header = buffer[start : start + size].tobytes()
                start += size
            starts = np.empty((end - start) // SHORTEST_RECORD, dtype=np.int64)
            ended = np.empty(2, dtype=np.int64)
            count = walk_bam(buffer, start, end if self.header else start, starts, ended)
            used, is_wrong = ended.tolist()
            if is_wrong:
                raise ValueError("a record is damaged")
            rest = buffer[used:end].copy()
            yield BamBlock(buffer, starts[:count], used)
        if rest.size or not self.header:
            raise ValueError("is truncated")

    def _joined(self, rest: Bytes, buffer: Bytes, end: int) -> tuple[Bytes, int, int]:
        """What was left of the block before and the next text in one buffer; where it lies."""
        if rest.size > _HEADROOM:
            size = rest.size + end - _HEADROOM
            larger = self._memory(size)
            larger[_HEADROOM : _HEADROOM + size] = np.concatenate([rest, buffer[_HEADROOM:end]])
            self._recycle(buffer)
            return larger, _HEADROOM, _HEADROOM + size
        buffer[_HEADROOM - rest.size : _HEADROOM] = rest
        return buffer, _HEADROOM - rest.size, end

    def _memory(self, size: int) -> Bytes:
        """A buffer for so much text behind the headroom, and for the bases that it holds."""
        needed = 2 * (_HEADROOM + size + SLACK)
        with self._lock:
            while self._spare:
                buffer = self._spare.pop()
                if buffer.size >= needed:
                    return buffer
        return np.empty(2 * (needed // 2 + needed // 16), dtype=np.uint8)

    def _recycle(self, buffer: Bytes) -> None:
        with self._lock:
            self._spare.append(buffer)


def view_options(source: Source, threads: int) -> list[str]:
    """The words by which htslib's `view` is told of threads and genome."""
    genome = ["-T", str(source.genome)] if source.genome and begins_as_cram(source.path) else []
    return ["--no-PG", "-@", str(threads), *genome]


def _in_turn(
    pool: ThreadPoolExecutor, work: Callable[[S], T], items: Iterable[S], ahead: int
) -> Iterator[tuple[S, T]]:
    """Each item with what a pool made of it, in their order; some are worked on ahead."""
    waiting: deque[tuple[S, Future[T]]] = deque()
    for item in items:
        waiting.append((item, pool.submit(work, item)))
        if len(waiting) > ahead:
            first, future = waiting.popleft()
            yield first, future.result()
    for item, future in waiting:
        yield item, future.result()


def _pieces(stream: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Some whole bgzip blocks at a time, with the size of their text."""
    rest = b""
    while data := stream.read(_READ_BYTES):
        data = rest + data
        at = size = 0
        while at + _BLOCK_HEAD_BYTES <= len(data):
            if data[at : at + 4] != b"\x1f\x8b\x08\x04" or data[at + 12 : at + 14] != b"BC":
                raise ValueError("a block is damaged")
            after = at + int.from_bytes(data[at + 16 : at + 18], "little") + 1
            if after > len(data):
                break
            text = int.from_bytes(data[after - 4 : after], "little")
            if text > _MAX_TEXT_BYTES:
                raise ValueError("a block is damaged")
            size += text
            at = after
        yield data[:at], size
        rest = data[at:]
    if rest:
        raise EOFError("truncated")


def _header_bytes(text: bytes) -> int:
    """The size of a BAM's header, 0 if it is not whole yet."""
    if len(text) < 12:
        return 0
    magic, words = struct.unpack_from("<4si", text)
    if magic != b"BAM\1":
        raise ValueError("does not begin as a BAM")
    at = 8 + words
    if at + 4 > len(text):
        return 0
    (contigs,) = struct.unpack_from("<i", text, at)
    at += 4
    for _ in range(contigs):
        if at + 4 > len(text):
            return 0
        (name,) = struct.unpack_from("<i", text, at)
        at += 8 + name
    return at if at <= len(text) else 0
