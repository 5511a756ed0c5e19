"""The k-mers of the target and control genes, and other words that show a target.

k-mers of up to 15 bases are packed two bits a base (A 0, C 1, G 2, T 3); a k-mer and its reverse
complement are one, the smaller of the two codes. Bases other than ACGT end a k-mer. `scan.py` looks
for them in reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fusioncall.kernels import END_BP, TIP_BP, Codes
from fusioncall.sequence import distinct_triplets, reverse_complement, words

Owners = npt.NDArray[np.uint8]
Windows = npt.NDArray[np.uint64]

_MIN_DISTINCT_TRIPLETS = 5
_MIN_WINDOW_TRIPLETS = 7
_MOST_EXONS = 0xFFFF

CODE_OF_BASE = np.full(256, 4, dtype=np.uint8)
for _code, _base in enumerate("ACGT"):
    CODE_OF_BASE[ord(_base)] = CODE_OF_BASE[ord(_base.lower())] = _code


@dataclass(frozen=True, slots=True)
class KmerTable:
    """The k-mers of some genes.

    `codes` are sorted; `owners[i]` is the index in `names` of the gene that holds `codes[i]`. A
    k-mer of several genes belongs to the first of them. `exons[i]` is 0, or 1 more than the index
    in `exon_names` of its exon, and `is_sense[i]` whether the code, not that of the other strand,
    is transcribed. `tips` are sorted codes of the shorter words that a read may end with when it
    reaches only some bases into a target's exon, and `windows` those of `window_codes`.
    """

    kmer_bp: int
    names: tuple[str, ...]
    codes: Codes
    owners: Owners
    exons: npt.NDArray[np.uint16]
    is_sense: npt.NDArray[np.bool_]
    exon_names: tuple[str, ...] = ()
    tips: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.uint32))
    windows: Windows = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))

    @property
    def exon_kmers(self) -> npt.NDArray[np.int64]:
        """How many k-mers each exon of `exon_names` has."""
        return np.bincount(self.exons, minlength=len(self.exon_names) + 1)[1:]


def build_table(
    kmer_bp: int,
    sequences: Mapping[str, Iterable[str]],
    exons: Mapping[str, Mapping[int, str]] | None = None,
) -> KmerTable:
    """The k-mers of some genes, without those of low complexity.

    Args:
        kmer_bp: length of a k-mer in bases, at most 15.
        sequences: the sequences of each gene, as transcribed; earlier genes own the k-mers that
            they share.
        exons: for a gene, the sequences of its numbered exons.
    """
    owner_of: dict[int, int] = {}
    sense_of: dict[int, bool] = {}
    for owner, texts in enumerate(sequences.values()):
        for text in texts:
            oriented = (array.tolist() for array in _oriented(text, kmer_bp))
            for code, is_sense in zip(*oriented, strict=True):
                if owner_of.setdefault(code, owner) == owner:
                    sense_of.setdefault(code, is_sense)
    codes = np.array(sorted(owner_of), dtype=np.uint32)
    in_order = codes.tolist()
    names = tuple(sequences)
    exon_names, exon_of = _exons(kmer_bp, names, exons or {}, owner_of)
    return KmerTable(
        kmer_bp=kmer_bp,
        names=names,
        codes=codes,
        owners=np.array([owner_of[code] for code in in_order], dtype=np.uint8),
        exons=np.array([exon_of.get(code, 0) for code in in_order], dtype=np.uint16),
        is_sense=np.array([sense_of[code] for code in in_order], dtype=np.bool_),
        exon_names=exon_names,
    )


def _exons(
    kmer_bp: int,
    names: tuple[str, ...],
    exons: Mapping[str, Mapping[int, str]],
    owner_of: Mapping[int, int],
) -> tuple[tuple[str, ...], dict[int, int]]:
    """Names of the exons (`NTRK1:9`), and the exon of each k-mer, counted from 1."""
    exon_names: list[str] = []
    exon_of: dict[int, int] = {}
    for owner, name in enumerate(names):
        for number, text in exons.get(name, {}).items():
            exon_names.append(f"{name}:{number}")
            for code in kmer_codes(text, kmer_bp).tolist():
                if owner_of.get(code) == owner:
                    exon_of.setdefault(code, len(exon_names))
    if len(exon_names) > _MOST_EXONS:
        message = f"{len(exon_names)} exons are too many for the table"
        raise ValueError(message)
    return tuple(exon_names), exon_of


def window_codes(sequences: Iterable[str]) -> Windows:
    """All stretches of 20 bases on both strands, without those of low complexity.

    They are packed as a read is written, the first base in the lowest bits: A 0, C 1, T 2, G 3.
    """
    stretches = {
        word
        for text in sequences
        for word in words(text, END_BP)
        if set(word) <= set("ACGT") and distinct_triplets(word) >= _MIN_WINDOW_TRIPLETS
    }
    both = stretches | {reverse_complement(word) for word in stretches}
    numbers = sorted(
        sum("ACTG".index(base) << (2 * place) for place, base in enumerate(word)) for word in both
    )
    return np.array(numbers, dtype=np.uint64)


def tip_codes(exon_starts: Iterable[str], kmer_bp: int) -> Codes:
    """The words that a read ends with when it reaches into an exon by less than a k-mer.

    Args:
        exon_starts: the first bases of exons, as transcribed, `kmer_bp` - 1 of them.
        kmer_bp: length of the k-mers that the table finds by itself.
    """
    tips = {word for text in exon_starts for word in words(text[: kmer_bp - 1], TIP_BP)}
    numbers = {
        int("".join(str("ACGT".index(base)) for base in word), 4)
        for word in tips
        if set(word) <= set("ACGT") and distinct_triplets(word) >= _MIN_DISTINCT_TRIPLETS
    }
    return np.array(sorted(numbers), dtype=np.uint32)


def kmer_codes(text: str, kmer_bp: int) -> Codes:
    """The codes of the k-mers of a sequence that are not of low complexity, in its order.

    >>> kmer_codes("ACGTTGCAATCGG", 13).tolist() == kmer_codes("CCGATTGCAACGT", 13).tolist()
    True
    >>> kmer_codes("A" * 20, 15).size
    0
    """
    return _oriented(text, kmer_bp)[0]


def _oriented(text: str, kmer_bp: int) -> tuple[Codes, npt.NDArray[np.bool_]]:
    """The codes of `kmer_codes`, and whether each is that of the given strand."""
    complex_words = [
        word for word in words(text, kmer_bp) if distinct_triplets(word) >= _MIN_DISTINCT_TRIPLETS
    ]
    letters = np.frombuffer("".join(complex_words).encode(), dtype=np.uint8)
    bases = CODE_OF_BASE[letters].reshape(-1, kmer_bp).astype(np.uint32)
    bases = bases[(bases < 4).all(axis=1)]
    shifts = np.arange(2 * (kmer_bp - 1), -1, -2, dtype=np.uint32)
    forward = (bases << shifts).sum(axis=1, dtype=np.uint32)
    reverse = ((3 - bases) << shifts[::-1]).sum(axis=1, dtype=np.uint32)
    return np.minimum(forward, reverse), forward <= reverse
