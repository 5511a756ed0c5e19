"""The functions of `kernels.c`: they take arrays and run without the interpreter's lock.

The build of the package compiles them to a library (`hatch_build.py`). What they do is told in
`kernels.c`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Bytes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint32]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.uint16]
Keys = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int32]
"""One row per record: name from, to (first blank); bases from, to; qualities from, their sum; key.

The sum of the Phred values is -1 where there are no qualities. The key, in two columns, stands for
the name of a read of FASTQ, and is the same for its mate.
"""

PLACES = 8
"""Columns of `Places`."""

Struct = Counts
"""A structure of C: the addresses of arrays, and numbers, eight bytes each."""

SLACK = 64
"""Bytes behind a text that must be readable."""

NO_AT, NO_PLUS, OTHER_NAME, OTHER_LENGTH, CHARACTER = range(1, 6)
"""What is wrong with a record; 0 if nothing is."""

_LIBRARY = Path(__file__).with_name("libkernels.so")
_SIZES = 8


def _load() -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(_LIBRARY))
    except OSError as error:
        message = f"{_LIBRARY} cannot be loaded; install the package anew (make setup): {error}"
        raise ImportError(message) from error


def _address(array: npt.NDArray[Any]) -> int:
    if not array.flags.c_contiguous:
        message = "a kernel was given an array with gaps"
        raise ValueError(message)
    return array.ctypes.data


def _kernel(name: str) -> Callable[..., int]:
    """A function of the library that takes arrays and whole numbers."""
    function = _library[name]
    function.restype = ctypes.c_int64

    def call(*arguments: npt.NDArray[Any] | int) -> int:
        passed = (
            ctypes.c_int64(each) if isinstance(each, int) else ctypes.c_void_p(_address(each))
            for each in arguments
        )
        return int(function(*passed))

    return call


def as_struct(record: DataclassInstance) -> Struct:
    """The arrays and numbers of a record, in their order, as the structure that a kernel takes.

    It holds addresses only: the record must outlive it.
    """
    values = (getattr(record, field.name) for field in fields(record))
    numbers = [each if isinstance(each, int) else _address(each) for each in values]
    return np.array(numbers, dtype=np.int64)


_library = _load()
WORD_BP, STEP_BP, END_BP, TIP_BP, BUCKET_BITS, SIEVE_BITS, MOST_GROUPS, MAX_LENGTH_BP = (
    ctypes.c_int32 * _SIZES
).in_dll(_library, "SIZES")
"""Sizes that both sides need."""

split_records = _kernel("split_records")
first_stranger = _kernel("first_stranger")
longest = _kernel("longest")
measure = _kernel("measure")
count_groups = _kernel("count_groups")
fill_sieve = _kernel("fill_sieve")
insert_kmers = _kernel("insert_kmers")
look_at_records = _kernel("look_at_records")
walk_bam = _kernel("walk_bam")
unpack_bam = _kernel("unpack_bam")
name_keys = _kernel("name_keys")
insert_keys = _kernel("insert_keys")
mark_keys = _kernel("mark_keys")
mix_starts = _kernel("mix_starts")
pack_reads = _kernel("pack_reads")
