"""Kernels on BAM records as they lie in the file: where each one is, its name, its bases.

A record is its size in four bytes and so many bytes more; from its beginning on stand, among
others, the length of its name at 12, of its CIGAR at 16 (operations), its flag at 18, the number of
its bases at 20, and at 36 the name, the CIGAR, the bases, two in a byte, and the qualities (SAM
specification, 4.2). Nothing else is looked at here.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from fusioncall.records import Bytes, Number, Places, load

Starts = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.uint16]
Pairs = npt.NDArray[np.uint16]

SHORTEST_RECORD = 36
MAX_RECORD_BYTES = 1 << 27

_NAME = 36
_U = np.uint64
_HALF = _U(0xFFFFFFFF)
_SHORT = _U(0xFFFF)
_NO_KEY = _U(0)
_FIRST_FACTOR = _U(0x9E3779B97F4A7C15)
_SECOND_FACTOR = _U(0xBF58476D1CE4E5B9)


def _pairs() -> Pairs:
    """The two letters of each byte of bases, as a number whose lowest byte is the first one."""
    letters = np.frombuffer(b"=ACMGRSVTWYHKDBN", dtype=np.uint8).astype(np.uint16)
    codes = np.arange(256)
    pairs: Pairs = letters[codes >> 4] | letters[codes & 15] << np.uint16(8)
    return pairs


PAIRS = _pairs()
"""What `unpack` takes as `pairs`."""


@numba.njit(nogil=True, cache=True)
def _half(buffer: Bytes, at: Number) -> Number:  # pragma: no cover
    """Four bytes from a place on as a number."""
    return np.int64(load(buffer, at) & _HALF)


@numba.njit(nogil=True, cache=True)
def _short(buffer: Bytes, at: Number) -> Number:  # pragma: no cover
    """Two bytes from a place on as a number."""
    return np.int64(load(buffer, at) & _SHORT)


@numba.njit(nogil=True, cache=True)
def walk(
    buffer: Bytes, at: Number, end: Number, starts: Starts
) -> tuple[int, int, bool]:  # pragma: no cover
    """Write where the whole records between two places begin.

    Returns:
        How many there are, where the last one ends, and whether what follows is no record.
    """
    count = 0
    while at + 4 <= end:
        size = _half(buffer, at)
        if size < SHORTEST_RECORD - 4 or size > MAX_RECORD_BYTES:
            return count, at, True
        after = at + 4 + size
        if after > end:
            break
        bases = _half(buffer, at + 20)
        name = np.int64(buffer[at + 12])
        parts = name + 4 * _short(buffer, at + 16) + (bases + 1) // 2 + bases
        if not name or _NAME + parts > 4 + size or buffer[at + _NAME + name - 1]:
            return count, at, True
        for i in range(at + _NAME, at + _NAME + name - 1):
            if buffer[_U(i)] < 32 or buffer[_U(i)] > 126:
                return count, at, True
        starts[count] = at
        count += 1
        at = after
    return count, at, False


@numba.njit(nogil=True, cache=True)
def unpack(
    buffer: Bytes, starts: Starts, text: Number, pairs: Pairs, places: Places, flags: Flags
) -> None:  # pragma: no cover
    """Write the bases of records as text into the buffer, and where they and the names are.

    Args:
        buffer: with the records; from `text` on there is room for a byte for each of theirs.
        starts: where the records begin.
        text: where the bases go, an even number.
        pairs: the letters of each byte of bases.
        places: a row for each record.
        flags: those of the records.
    """
    letters = buffer[text:].view(np.uint16)
    done = 0
    for row in range(starts.size):
        start = starts[row]
        name = start + _NAME
        name_end = name + np.int64(buffer[start + 12]) - 1
        packed = name_end + 1 + 4 * _short(buffer, start + 16)
        bases = _half(buffer, start + 20)
        for i in range((bases + 1) // 2):
            letters[done + i] = pairs[buffer[_U(packed + i)]]
        places[row, 0] = name
        places[row, 1] = name_end
        places[row, 2] = text + 2 * done
        places[row, 3] = text + 2 * done + bases
        places[row, 4] = -1
        places[row, 5] = -1
        flags[row] = _short(buffer, start + 18)
        done += (bases + 1) // 2


@numba.njit(nogil=True, cache=True)
def name_keys(buffer: Bytes, starts: Starts, keys: Keys) -> None:  # pragma: no cover
    """Write a number for the molecule's name of each record; `/1` and `/2` are no part of it."""
    for row in range(starts.size):
        at = starts[row] + _NAME
        end = at + np.int64(buffer[starts[row] + 12]) - 1
        if end - at >= 2 and buffer[end - 2] == 47 and 49 <= buffer[end - 1] <= 50:
            end -= 2
        key = _U(end - at) * _FIRST_FACTOR
        while at + 8 <= end:
            key = _mixed(key, load(buffer, at))
            at += 8
        if at < end:
            rest = load(buffer, at) & ((_U(1) << _U(8 * (end - at))) - _U(1))
            key = _mixed(key, rest)
        keys[row] = key | _U(1)


@numba.njit(nogil=True, cache=True)
def _mixed(key: Number, word: Number) -> Number:  # pragma: no cover
    """A number that depends on each bit of two others."""
    key = (key ^ word) * _SECOND_FACTOR
    return (key ^ (key >> _U(29))) * _FIRST_FACTOR ^ (key >> _U(32))


def key_table(keys: Keys) -> Keys:
    """A hash table of the keys of names, for `wanted`."""
    table = np.zeros(1 << max(8, int(keys.size).bit_length() + 2), dtype=np.uint64)
    _insert(table, keys)
    return table


@numba.njit(nogil=True, cache=True)
def _insert(table: Keys, keys: Keys) -> None:  # pragma: no cover
    for key in keys:
        table[_slot(table, key)] = key


@numba.njit(nogil=True, cache=True)
def _slot(table: Keys, key: Number) -> Number:  # pragma: no cover
    """Where a key stands in the table, or the free place for it."""
    mask = _U(table.size - 1)
    slot = (key >> _U(20)) & mask
    while table[slot] != _NO_KEY and table[slot] != key:
        slot = (slot + _U(1)) & mask
    return slot


@numba.njit(nogil=True, cache=True)
def wanted(keys: Keys, table: Keys, marks: Bytes) -> None:  # pragma: no cover
    """Mark the records whose key is in the table."""
    for row in range(keys.size):
        marks[row] = table[_slot(table, keys[row])] == keys[row]
