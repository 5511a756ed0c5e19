"""FASTQ as raw blocks: no object per read, only the places of its parts in a block of bytes.

A block holds whole records. `BlockReader` fills it from plain text or gzip; a record that does not
fit begins the next block. Every record is checked, and the first broken one ends the file.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np
import numpy.typing as npt
from isal import igzip_lib, isal_zlib

from fusioncall.errors import InputError
from fusioncall.files import lacks_bgzf_end
from fusioncall.kernels import (
    CHARACTER,
    NO_AT,
    NO_PLUS,
    OTHER_LENGTH,
    OTHER_NAME,
    PLACES,
    SLACK,
    Bytes,
    Places,
    split_records,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

BLOCK_BYTES = 1 << 23
WHOLE = "Get the file anew from where it came from; gzip -t tells whether it is whole"

_MAX_RECORD_BYTES = 1 << 25
_READ_BYTES = 1 << 19
_SHORTEST_RECORD = 6  # @, +, four line ends
_DAMAGED: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment]  # its stub is wrong
_GZIP = b"\x1f\x8b"

_PROBLEMS = {
    NO_AT: "does not begin with @",
    NO_PLUS: "has a third line that does not begin with +",
    OTHER_NAME: "has another name behind its +",
    OTHER_LENGTH: "has not as many qualities as bases",
    CHARACTER: "holds a character that FASTQ does not have",
}


@dataclass(slots=True)
class Block:
    """Whole records of one file: `places` says where in `buffer` their parts are.

    `problem` is what is wrong with the record behind the last one, empty if nothing is.
    """

    path: Path
    first: int
    buffer: Bytes
    places: Places
    problem: str = ""

    def names(self, rows: npt.NDArray[np.intp] | list[int]) -> list[str]:
        """The names of some records."""
        text = self.buffer.data
        return [str(text[start:end], "ascii") for start, end in self.places[rows, :2].tolist()]


class BlockReader:
    """Reads one FASTQ file from its first to its last byte.

    Args:
        path: plain text, gzip of one or many members, or bgzip.
        block_bytes: how much text a block holds; longer records get a longer one.
        is_digested: whether the file's SHA-256 is wanted.

    Raises:
        InputError: a bgzip file that lacks its end mark.
    """

    def __init__(
        self, path: Path, block_bytes: int = BLOCK_BYTES, *, is_digested: bool = True
    ) -> None:
        if lacks_bgzf_end(path):
            raise InputError("is cut off", where=path, cure=WHOLE)
        self.path = path
        self.bytes = path.stat().st_size
        self._block_bytes = block_bytes
        self._file = _Watched(path, is_digested=is_digested)
        with path.open("rb") as stream:
            is_gzip = stream.read(len(_GZIP)) == _GZIP
        self._source = (
            isal_zlib._GzipReader(cast("BinaryIO", self._file), _READ_BYTES)
            if is_gzip
            else self._file
        )
        self._rest: Bytes = np.zeros(0, dtype=np.uint8)
        self._records = 0
        self._ended = False
        self._spare: list[tuple[Bytes, Places]] = []

    @property
    def position(self) -> int:
        """Bytes of the file that were read so far."""
        return self._file.position

    @property
    def sha256(self) -> str:
        """Of the bytes that were read, in hexadecimal; empty if it was not wanted."""
        return self._file.digest.hexdigest() if self._file.digest else ""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def recycle(self, block: Block) -> None:
        """Give back a block that is no longer needed; its memory takes a later one."""
        base = block.places.base
        if base is not None:
            self._spare.append((block.buffer, base))

    def read(self) -> Block | None:
        """The next block, None behind the last one; a block with a problem is the last."""
        if self._ended:
            return None
        buffer, places = self._memory(self._block_bytes)
        filled = self._rest.size
        buffer[:filled] = self._rest
        while True:
            filled, problem = self._fill(buffer, filled)
            ended = np.zeros(2, dtype=np.int64)
            count = split_records(buffer, filled, places, ended)
            used, flaw = ended.tolist()
            if flaw:
                problem, self._ended = self._told(count, _PROBLEMS[flaw]), True
            elif problem:
                problem += f" (read as far as record {self._records + count})"
            elif self._ended and used < filled:
                problem = self._told(count, "is cut off")
            elif buffer.size > _MAX_RECORD_BYTES and not count:
                problem, self._ended = self._told(0, "is too long"), True
            if count or self._ended:
                break
            buffer, places = _grown(buffer, filled)
        self._rest = buffer[used:filled].copy()
        block = Block(self.path, self._records, buffer, places[:count], problem)
        self._records += count
        return block

    def _told(self, count: int, what: str) -> str:
        return f"is not whole FASTQ: record {self._records + count + 1} {what}"

    def _fill(self, buffer: Bytes, filled: int) -> tuple[int, str]:
        """Read until the buffer is full or the file ends; a last line gets its end.

        Returns:
            How much of the buffer is filled, and why the file cannot be read on, if so.
        """
        view = memoryview(buffer.data)[: buffer.size - SLACK]
        try:
            while filled < len(view):
                amount = self._source.readinto(view[filled:])
                if not amount:
                    self._ended = True
                    break
                filled += amount
        except (EOFError, OSError, ValueError, zlib.error, _DAMAGED) as error:
            self._ended = True
            return filled, f"cannot be read as FASTQ: {error}"
        if self._ended and filled and buffer[filled - 1] != ord("\n"):
            buffer[filled] = ord("\n")
            filled += 1
        return filled, ""

    def _memory(self, size: int) -> tuple[Bytes, Places]:
        while self._spare:
            buffer, places = self._spare.pop()
            if buffer.size == size + SLACK > self._rest.size:
                return buffer, places
        return _memory(max(size, 2 * self._rest.size))


class _Watched(io.RawIOBase):
    """A file of which it is known how far it was read, and that is hashed on the way if wanted."""

    def __init__(self, path: Path, *, is_digested: bool) -> None:
        self._stream = path.open("rb", buffering=0)
        self.digest = hashlib.sha256() if is_digested else None
        self.position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, view: Buffer) -> int:
        amount = self._stream.readinto(view) or 0
        if self.digest:
            self.digest.update(memoryview(view)[:amount])
        self.position += amount
        return amount

    def close(self) -> None:
        self._stream.close()
        super().close()


def _memory(size: int) -> tuple[Bytes, Places]:
    places = np.empty((size // _SHORTEST_RECORD + 2, PLACES), dtype=np.int32)
    return np.empty(size + SLACK, dtype=np.uint8), places


def _grown(buffer: Bytes, filled: int) -> tuple[Bytes, Places]:
    """Memory of twice the size with the same beginning."""
    larger, places = _memory(2 * (buffer.size - SLACK))
    larger[:filled] = buffer[:filled]
    return larger, places
