"""Which molecules hold which short words: all of them looked at together, not one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby, islice

import numpy as np
import numpy.typing as npt

from fusioncall.kmers import CODE_OF_BASE
from fusioncall.model import Molecule

_BATCH = 10_000  # molecules, so that memory does not depend on how many there are


def holding(
    molecules: Iterable[Molecule], words: Collection[str]
) -> Iterator[tuple[Molecule, set[str]]]:
    """The molecules of which a read holds some of these words, each with those that it holds.

    Args:
        molecules: to look at.
        words: of at most 12 bases; those with other letters than ACGT are not found.
    """
    tables = _tables(words)
    rest = iter(molecules)
    while batch := list(islice(rest, _BATCH)):
        texts = [" ".join(read.sequence for read in molecule.reads) for molecule in batch]
        starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
        joined = " ".join(texts).upper()
        bases = CODE_OF_BASE[np.frombuffer(joined.encode(), dtype=np.uint8)]
        found: dict[int, set[str]] = defaultdict(set)
        for size, table in tables.items():
            places = np.flatnonzero(table[_codes(bases, size)])
            owners = np.searchsorted(starts, places, side="right") - 1
            for owner, place in zip(owners.tolist(), places.tolist(), strict=True):
                found[owner].add(joined[place : place + size])
        yield from ((batch[owner], found[owner]) for owner in sorted(found))


def _tables(words: Iterable[str]) -> dict[int, npt.NDArray[np.bool_]]:
    """For each length of a word, whether the word of a code is one of them."""
    tables = {}
    for size, group in groupby(sorted(filter(None, words), key=len), key=len):
        bases = CODE_OF_BASE[np.frombuffer(" ".join(group).encode(), dtype=np.uint8)]
        tables[size] = np.zeros((1 << 2 * size) + 1, dtype=np.bool_)
        tables[size][_codes(bases, size)[:: size + 1]] = True
        tables[size][-1] = False
    return tables


def _codes(bases: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.int32]:
    """The code of the word at each place, two bits a base; 4^size where another letter is in it."""
    amount = max(0, bases.size - size + 1)
    codes = np.zeros(amount, dtype=np.int32)
    for place in range(size):
        codes <<= 2
        codes |= bases[place : place + amount] & 3
    others = np.concatenate([[0], np.cumsum(bases > 3, dtype=np.int32)])
    codes[others[size : size + amount] > others[:amount]] = 1 << 2 * size
    return codes
