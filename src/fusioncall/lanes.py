"""Blocks of FASTQ, read and scanned ahead by several threads, in the order of their files.

A lane joins its one or two files to molecules: it gives pieces of blocks whose records belong
together. Files are read side by side and blocks scanned as they come; what comes out, an error
included, has the order of the records.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fusioncall.errors import InputError
from fusioncall.fastq import WHOLE, Block, BlockReader
from fusioncall.kernels import first_stranger
from fusioncall.model import InputFile
from fusioncall.scan import Scan, Scanner

_BLOCKS_AHEAD = 2
_SWITCH_SECONDS = 1e-4
"""For which a thread that is done with a block waits for the one that makes molecules."""

_RUN = "Give the two files of one sequencing run, unsorted and unfiltered"


@dataclass(frozen=True, slots=True)
class Piece:
    """Records that belong together: `kept[i]` is about row `rows[k] + i` of each `blocks[k]`."""

    blocks: tuple[Block, ...]
    rows: tuple[int, ...]
    kept: npt.NDArray[np.bool_]


class Feed:
    """The scanned blocks of one file, read ahead by tasks of a pool.

    One task at a time reads; it starts the next one, unless enough blocks wait to be taken, and
    scans its block itself, which lies in the cache of its core.
    """

    def __init__(
        self, reader: BlockReader, scan: Callable[[Block], Scan], pool: ThreadPoolExecutor
    ) -> None:
        self.reader = reader
        self._scan = scan
        self._pool = pool
        self._ready: queue.SimpleQueue[tuple[Block, Future[Scan]] | BaseException | None]
        self._ready = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._ahead = 0
        pool.submit(self._read)

    def next(self) -> tuple[Block, Scan] | None:
        """The next block with what it holds, None behind the last one."""
        item = self._ready.get()
        if item is None:
            return None
        if isinstance(item, BaseException):
            raise item
        with self._lock:
            self._ahead -= 1
            was_waiting = self._ahead == _BLOCKS_AHEAD - 1
        if was_waiting:
            self._pool.submit(self._read)
        block, scan = item
        return block, scan.result()

    def _read(self) -> None:
        try:
            block = self.reader.read()
        except BaseException as error:  # noqa: BLE001 - raised again where the blocks are taken
            self._ready.put(error)
            return
        if block is None:
            self._ready.put(None)
            return
        scanned: Future[Scan] = Future()
        with self._lock:  # until the block is handed over no other may be read
            self._ready.put((block, scanned))
            self._ahead += 1
            goes_on = self._ahead < _BLOCKS_AHEAD
        if goes_on:
            self._pool.submit(self._read)
        try:
            scanned.set_result(self._scan(block))
        except BaseException as error:  # noqa: BLE001 - likewise
            scanned.set_exception(error)


class _Cursor:
    """A place in the blocks of one file."""

    def __init__(self, feed: Feed, add: Callable[[Scan], None]) -> None:
        self._feed = feed
        self._add = add
        self.block: Block | None = None
        self.kept = np.zeros(0, dtype=np.uint8)
        self.row = 0

    @property
    def left(self) -> int:
        """Records of the block from here on; 0 at the end of the file."""
        return self.kept.size - self.row

    def go(self, amount: int) -> None:
        """Pass some records, and take the next block behind the last one.

        Raises:
            InputError: the next record is broken.
        """
        self.row += amount
        while self.row == self.kept.size:
            if self.block is not None:
                if self.block.problem:
                    raise InputError(self.block.problem, where=self.block.path, cure=WHOLE)
                self._feed.reader.recycle(self.block)
            item = self._feed.next()
            self.row = 0
            if item is None:
                self.block, self.kept = None, self.kept[:0]
                return
            self.block, scan = item
            self.kept = scan.kept
            self._add(scan)


class Lane:
    """The one or two files of a lane, open to be read from the first to the last record.

    Args:
        paths: the file of single reads, or those of the two mates.
        scanner: looks at each block.
        threads: that read and scan at the same time.
        is_digested: whether the SHA-256 of the files is wanted.
    """

    def __init__(
        self, paths: tuple[Path, ...], scanner: Scanner, threads: int, *, is_digested: bool
    ) -> None:
        self._paths = paths
        self._where = " and ".join(str(path) for path in paths)
        self._readers = [BlockReader(path, is_digested=is_digested) for path in paths]
        self._scanner = scanner
        self._threads = threads

    @property
    def position(self) -> int:
        """Bytes of the files that were read so far."""
        return sum(reader.position for reader in self._readers)

    @property
    def inputs(self) -> list[InputFile]:
        """Name, size and SHA-256 of the files, once they have been read."""
        return [
            InputFile(name=reader.path.name, bytes=reader.position, sha256=reader.sha256)
            for reader in self._readers
        ]

    def pieces(self, add: Callable[..., None]) -> Iterator[Piece]:
        """The records of the lane in their order.

        Args:
            add: takes what each block holds, and as `is_turned` whether it is of second mates.

        Raises:
            InputError: a file cannot be read, holds no reads or a broken record, or the mates are
                out of step.
        """
        pool = ThreadPoolExecutor(self._threads)
        usual = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_SECONDS)
        try:
            cursors = [
                _Cursor(
                    Feed(reader, self._look(is_first=not number), pool),
                    partial(add, is_turned=bool(number)),
                )
                for number, reader in enumerate(self._readers)
            ]
            yield from self._joined(cursors)
        finally:
            sys.setswitchinterval(usual)
            pool.shutdown(cancel_futures=True)
            for reader in self._readers:
                reader.close()

    def _look(self, *, is_first: bool) -> Callable[[Block], Scan]:
        def look(block: Block) -> Scan:
            return self._scanner.scan(block.buffer, block.places, with_groups=is_first)

        return look

    def _joined(self, cursors: list[_Cursor]) -> Iterator[Piece]:
        passed = amount = 0
        while True:
            for cursor in cursors:
                cursor.go(amount)
            amount = min(cursor.left for cursor in cursors)
            if not amount:
                break
            blocks = tuple(cursor.block for cursor in cursors if cursor.block is not None)
            rows = tuple(cursor.row for cursor in cursors)
            self._check_names(blocks, rows, amount)
            kept = np.zeros(amount, dtype=np.uint8)
            for cursor in cursors:
                kept |= cursor.kept[cursor.row : cursor.row + amount]
            yield Piece(blocks, rows, kept.astype(np.bool_))
            passed += amount
        for number, cursor in enumerate(cursors, start=1):
            if cursor.left:
                what = f"the two mates are out of step: there are more reads in file {number}"
                raise InputError(f"{what}, {passed} in the other", where=self._where, cure=_RUN)
        if not passed:
            cure = "Give the FASTQ of a sequenced sample"
            raise InputError("holds no reads", where=self._where, cure=cure)

    def _check_names(self, blocks: tuple[Block, ...], rows: tuple[int, ...], amount: int) -> None:
        if len(blocks) == 1:
            return
        first, second = (
            block.places[row : row + amount] for block, row in zip(blocks, rows, strict=True)
        )
        row = first_stranger(first, second, amount)
        if row < amount:
            names = [
                block.names([start + row])[0] for block, start in zip(blocks, rows, strict=True)
            ]
            number = blocks[0].first + rows[0] + row + 1
            what = (
                f"record {number} is called {names[0]!r} in the one file, {names[1]!r} in the other"
            )
            told = f"the two mates are out of step: {what}"
            raise InputError(told, where=self._where, cure=_RUN)
