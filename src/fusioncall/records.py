"""Kernels on FASTQ text: where the parts of each record are, and whether it is whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np
import numpy.typing as npt
from numba import types
from numba.extending import intrinsic

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int32]
"""One row per record: name from, to (first blank); bases from, to; qualities from, their sum.

The sum of the Phred values is -1 where there are no qualities.
"""

Number = Any
"""A number within a kernel, of numba's types."""

WHOLE_SO_FAR, NO_AT, NO_PLUS, OTHER_NAME, OTHER_LENGTH, CHARACTER = range(6)
"""What is wrong with a record."""

# Bytes are looked at eight at a time, as one number whose lowest byte is the first.

_U = np.uint64
_LOW7 = _U(0x7F7F7F7F7F7F7F7F)
_TOP = _U(0x8080808080808080)
_ONES = _U(0x0101010101010101)
_EVEN = _U(0x00FF00FF00FF00FF)
_EVEN_ONES = _U(0x0001000100010001)
_LINE_ENDS = _U(0x0A0A0A0A0A0A0A0A)
_ABOVE_BLANK = _U(0x5F5F5F5F5F5F5F5F)  # added to 33 or more it reaches the top bit
_BLANKS = _U(0x2121212121212121)  # the lowest printable character, !


def _load(_context: Number, buffer: Number, at: Number) -> Number:
    """Eight bytes of a buffer, from a place in it on, as one number."""

    def generate(context: Number, builder: Number, signature: Number, args: Number) -> Number:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        eight = context.get_value_type(types.uint64).as_pointer()
        place = builder.bitcast(builder.gep(array.data, [args[1]]), eight)
        return builder.load(place, align=1)

    return types.uint64(buffer, at), generate


load = cast("Callable[[Bytes, Number], Number]", intrinsic(_load))
"""Eight bytes of a buffer, from a place in it on, as one number (in kernels only)."""


@numba.njit(nogil=True, cache=True)
def _line_end(buffer: Bytes, at: Number, size: Number) -> Number:  # pragma: no cover
    """The next line end from `at` on, `size` or more without one."""
    while at < size:
        x = load(buffer, at) ^ _LINE_ENDS
        found = ~(((x & _LOW7) + _LOW7) | x | _LOW7)
        if found:
            below = ((found - _U(1)) & ~found) & _ONES
            return at + np.int64((below * _ONES) >> _U(56)) - 1
        at += 8
    return size


@numba.njit(nogil=True, cache=True)
def _blank(buffer: Bytes, at: Number, size: Number) -> Number:  # pragma: no cover
    """The next blank, tab or line end from `at` on, `size` or more without one."""
    while at < size:
        x = load(buffer, at)
        found = ~(((x & _LOW7) + _ABOVE_BLANK) | x | _LOW7)
        if found:
            below = ((found - _U(1)) & ~found) & _ONES
            return at + np.int64((below * _ONES) >> _U(56)) - 1
        at += 8
    return size


@numba.njit(nogil=True, cache=True)
def _is_printed(buffer: Bytes, start: Number, end: Number) -> bool:  # pragma: no cover
    """Whether all bytes are printable ASCII without blanks, as bases and qualities are."""
    wrong = _U(0)
    at = start
    while at + 16 <= end:
        x = load(buffer, at)
        y = load(buffer, at + 8)
        wrong |= (x - _BLANKS) | x | (y - _BLANKS) | y
        at += 16
    while at + 8 <= end:
        x = load(buffer, at)
        wrong |= (x - _BLANKS) | x
        at += 8
    for i in range(at, end):
        if buffer[_U(i)] < 33 or buffer[_U(i)] > 127:
            wrong = _TOP
    return not wrong & _TOP


@numba.njit(nogil=True, cache=True)
def _quality_sum(buffer: Bytes, start: Number, end: Number) -> Number:  # pragma: no cover
    """The sum of the Phred values, -1 if a byte is not printable ASCII or is a blank."""
    wrong = _U(0)
    total: Number = 0
    at = start
    while at + 8 <= end:
        x = load(buffer, at)
        wrong |= (x - _BLANKS) | x
        pairs = (x & _EVEN) + ((x >> _U(8)) & _EVEN)
        total += np.int64((pairs * _EVEN_ONES) >> _U(48))
        at += 8
    for i in range(at, end):
        if buffer[_U(i)] < 33 or buffer[_U(i)] > 127:
            return -1
        total += buffer[_U(i)]
    return -1 if wrong & _TOP else total - 33 * (end - start)


@numba.njit(nogil=True, cache=True)
def split(  # noqa: C901, PLR0911, PLR0912, PLR0915 - a kernel is one loop
    buffer: Bytes, size: Number, places: Places
) -> tuple[int, int, int]:  # pragma: no cover
    """Find the whole records in the first `size` bytes; 64 more must be readable.

    Returns:
        How many records, how many bytes they take, and what is wrong with the one behind them (0:
        nothing, but it may be cut off).
    """
    count: Number = 0
    at: Number = 0
    usual: Number = 0
    while at < size:
        if buffer[at] != 64:  # @
            return count, at, NO_AT
        name_end = _blank(buffer, at + 1, size)
        end1 = _line_end(buffer, name_end, size)
        if end1 >= size:
            break
        bases = end1 + 1
        end2 = bases + usual
        has_guessed = end2 < size and buffer[end2] == 10
        bases_end = end2 - 1 if end2 > bases and buffer[end2 - 1] == 13 else end2
        is_good = has_guessed and _is_printed(buffer, bases, bases_end)
        if not is_good:
            end2 = _line_end(buffer, bases, size)
            if end2 >= size:
                break
            usual = end2 - bases
            bases_end = end2 - 1 if end2 > bases and buffer[end2 - 1] == 13 else end2
            is_good = _is_printed(buffer, bases, bases_end)
        plus = end2 + 1
        if plus >= size:
            break
        if buffer[plus] != 43:  # +
            return count, at, NO_PLUS
        end3 = plus + 1
        if buffer[end3] != 10:
            end3 = _line_end(buffer, end3, size)
        if end3 >= size:
            break
        title_end = end1 - 1 if buffer[end1 - 1] == 13 else end1
        again_end = end3 - 1 if buffer[end3 - 1] == 13 else end3
        if again_end > plus + 1:
            if again_end - plus != title_end - at:
                return count, at, OTHER_NAME
            for i in range(1, title_end - at):
                if buffer[plus + i] != buffer[at + i]:
                    return count, at, OTHER_NAME
        quality = end3 + 1
        quality_end = quality + bases_end - bases
        if quality_end + 1 >= size:
            found = _line_end(buffer, quality, size)
            if found >= size:
                break
            if found < quality_end:
                return count, at, OTHER_LENGTH
        end4 = quality_end
        if buffer[end4] == 13 and end4 + 1 < size:
            end4 += 1
        if buffer[end4] != 10:
            return count, at, OTHER_LENGTH
        phred = _quality_sum(buffer, quality, quality_end)
        if phred < 0:
            short = _line_end(buffer, quality, size) < quality_end
            return count, at, OTHER_LENGTH if short else CHARACTER
        if not is_good:
            return count, at, CHARACTER
        if not _is_printed(buffer, at + 1, name_end):
            return count, at, CHARACTER
        places[count, 0] = at + 1
        places[count, 1] = name_end
        places[count, 2] = bases
        places[count, 3] = bases_end
        places[count, 4] = quality
        places[count, 5] = phred
        count += 1
        at = end4 + 1
    return count, at, WHOLE_SO_FAR


@numba.njit(nogil=True, cache=True)
def first_stranger(
    buffer1: Bytes, places1: Places, buffer2: Bytes, places2: Places
) -> Number:  # pragma: no cover
    """The first row at which two mates have not one name; the number of rows if all have.

    The last characters may differ if they are 1, 2 or 3, as in `read/1` and `read/2`.
    """
    for row in range(places1.shape[0]):
        start1, end1 = places1[row, 0], places1[row, 1]
        start2, end2 = places2[row, 0], places2[row, 1]
        size = end1 - start1
        if end2 - start2 != size:
            return row
        done = 0
        differs = _U(0)
        while done + 8 <= size - 1:
            differs |= load(buffer1, start1 + done) ^ load(buffer2, start2 + done)
            done += 8
        if differs:
            return row
        while done < size - 1:
            if buffer1[start1 + done] != buffer2[start2 + done]:
                return row
            done += 1
        if size:
            last1, last2 = buffer1[end1 - 1], buffer2[end2 - 1]
            if last1 != last2 and not (49 <= last1 <= 51 and 49 <= last2 <= 51):
                return row
    return places1.shape[0]
