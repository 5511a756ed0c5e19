"""How rare a fusion could have been and still would have been called in this sample.

`docs/algorithm.md` derives the formulas. A molecule of a fused transcript over the junction can be
one that shows it (a split read with anchors long enough to be looked up), another one that supports
it (a shorter anchor, or mates on both sides), or neither. How many there are of each, for one
molecule that is counted over an unfused acceptor, follows from the lengths of reads and fragments.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fusioncall.adequacy import insert_bp
from fusioncall.model import SampleCalls
from fusioncall.settings import Assay, Settings

_PRIOR = 0.5  # of Jeffreys, for the mean of a Poisson count
_STEPS = 60
_WIDTH = 30.0  # natural logarithm of the odds and means that are looked at


@dataclass(frozen=True, slots=True)
class Yield:
    """Places of a junction in a fragment, by what its molecule is then: means over all fragments.

    `counted` are those of molecules that would be counted over an unfused acceptor, `showing` those
    with a split read from which the junction is found, `supporting` all that count for a fusion.
    """

    counted: float
    showing: float
    supporting: float


@dataclass(frozen=True, slots=True)
class AcceptorLimit:
    """The unfused molecules over the acceptor of an exon, and the fused share that would be called.

    `fraction` is None where nothing is known of it.
    """

    exon: int
    unfused_molecules: int
    fraction: float | None


@dataclass(frozen=True, slots=True)
class DetectionLimit:
    """What of a target gene would have been called in this sample with the stated probability.

    `ffpm` are fused molecules per million fragments. None: not known, and `note` says why.
    """

    probability: float
    acceptors: tuple[AcceptorLimit, ...]
    ffpm: float | None
    note: str

    @property
    def largest(self) -> AcceptorLimit | None:
        """The acceptor with the largest fraction; None if none is known."""
        known = [each for each in self.acceptors if each.fraction is not None]
        return max(known, key=lambda each: (each.fraction or 0.0, -each.exon), default=None)

    @property
    def words(self) -> str:
        """The limits and the note in words."""
        told = []
        largest = self.largest
        if largest is not None and largest.fraction is not None:
            share = _rounded(100 * largest.fraction)
            told.append(f"of {share} % of the transcripts at exon {largest.exon}")
        if self.ffpm is not None:
            told.append(f"of {_rounded(self.ffpm)} molecules per million fragments")
        called = f"would have been called with a probability of {self.probability:g}"
        stated = f"a fusion {' or '.join(told)} {called}" if told else "detection limit not known"
        return f"{stated} ({self.note})" if self.note else stated


def _rounded(value: float) -> str:
    """A number to three digits.

    >>> _rounded(1738.18), _rounded(0.012345)
    ('1740', '0.0123')
    """
    return f"{float(f'{value:.3g}'):.10g}"


def limit_of(gene: str, made: SampleCalls, assay: Assay, settings: Settings) -> DetectionLimit:
    """The detection limit of a sample for a target gene.

    Args:
        gene: the target's symbol.
        made: what was seen in the sample.
        assay: how the library was made.
        settings: what a call needs, and the probability.
    """
    depths = [each for each in made.acceptors if each.gene == gene]
    is_expressed = any(each.unfused_molecules for each in depths)
    is_insert_known = insert_bp(made, settings) is not None
    sizes = made.insert_sizes if is_insert_known else None
    library = yield_of(made.census.median_read_bp, sizes, settings)
    is_drawn = assay is not Assay.AMPLICON and settings.recount.collapse_copies
    acceptors = []
    for each in depths:
        unfused = each.unfused_molecules
        known = is_drawn and is_expressed
        fraction = fraction_limit(unfused, library, settings) if known else None
        acceptors.append(AcceptorLimit(each.exon, unfused, fraction))
    fragments = made.census.fragments
    ffpm = ffpm_limit(fragments, library, settings) if is_drawn and fragments else None
    notes = {
        "the molecules of an amplicon are not drawn by chance": not is_drawn,
        "the reads are too short to show a junction": not library.showing,
        "depth over the acceptors was not counted": not depths,
        "the gene is not expressed without a fusion, so no fused share is known": bool(depths)
        and not is_expressed,
        "insert size not known, so that only split molecules are reckoned with": (
            not is_insert_known and fragments is not None and made.census.reads > fragments
        ),
        "the number of fragments is not known": fragments is None,
    }
    note = "; ".join(text for text, holds in notes.items() if holds)
    return DetectionLimit(settings.status.limit_probability, tuple(acceptors), ffpm, note)


def yield_of(read_bp: int, insert_sizes: Mapping[int, int] | None, settings: Settings) -> Yield:
    """What the lengths of a library's reads and fragments make of molecules over a junction.

    Args:
        read_bp: median length of a read.
        insert_sizes: pairs by the length of their fragments in bases; None for single reads and
            where it is not known, and then the reads are taken for themselves.
        settings: what a split read and a looked-up read must hold.
    """
    weights = insert_sizes or {read_bp: 1}
    total = sum(weights.values())
    parts = [(_yield(read_bp, size, settings), weight) for size, weight in weights.items()]
    return Yield(
        *(
            sum(getattr(part, name) * weight for part, weight in parts) / total
            for name in ("counted", "showing", "supporting")
        )
    )


def _yield(read_bp: int, fragment_bp: int, settings: Settings) -> Yield:
    """Numbers of places in a fragment of one length."""
    read = min(read_bp, fragment_bp)
    split = settings.recount.min_anchor_bp
    before = max(split, settings.discovery.min_donor_bp)
    after = max(split, settings.discovery.min_acceptor_bp)
    counted = _places(read, fragment_bp, split, split)
    between = max(0, fragment_bp - 2 * read + 2 * split - 1)
    showing = _places(read, fragment_bp, before, after)
    return Yield(counted, showing, counted + between)


def _places(read: int, fragment: int, before: int, after: int) -> int:
    """Places at which a read of either end has so many bases on the two sides."""
    one = max(0, read - before - after + 1)
    shift = fragment - read
    return one + min(one, shift)


def fraction_limit(unfused: int, library: Yield, settings: Settings) -> float | None:
    """The fused fraction that would have been called.

    Args:
        unfused: molecules over the acceptor without a fusion.
        library: what becomes of fused molecules.
        settings: what a call needs, and with which probability.

    Returns:
        fused / (fused + unfused) molecules, 0 to 1; None if reads are too short to show a fusion.
    """
    if not library.showing:
        return None
    size = unfused + _PRIOR
    showing = library.showing / library.counted
    others = (library.supporting - library.showing) / library.counted

    def chance(shown: float, other: float, i: int, j: int) -> float:
        return _negative_multinomial(size, (shown, other), (i, j))

    odds = _least(lambda x: _missed(chance, (x * showing, x * others), settings), settings)
    return odds / (1 + odds)


def ffpm_limit(fragments: int, library: Yield, settings: Settings) -> float | None:
    """The fused molecules per million fragments, split and spanning, that would have been called.

    Args:
        fragments: of the sample, at least one.
        library: what becomes of fused molecules.
        settings: what a call needs, and with which probability.

    Returns:
        Molecules per million; None if reads are too short to show a fusion.
    """
    if not library.showing:
        return None
    showing = library.showing / library.supporting

    def chance(shown: float, other: float, i: int, j: int) -> float:
        return _poisson(shown, i) * _poisson(other, j)

    mean = _least(lambda x: _missed(chance, (x * showing, x * (1 - showing)), settings), settings)
    return 1e6 * mean / fragments


_Chance = Callable[[float, float, int, int], float]
"""Probability of so many showing and other molecules, with given means."""


def _missed(chance: _Chance, means: tuple[float, float], settings: Settings) -> float:
    """The probability of too few showing molecules, or of too few molecules together."""
    split, total = settings.filters.min_split_molecules, settings.filters.min_molecules
    shown, other = means
    too_few_shown = sum(chance(shown, 0.0, i, 0) for i in range(split))
    too_few = sum(chance(shown, other, i, j) for i in range(split, total) for j in range(total - i))
    return too_few_shown + too_few


def _least(missed: Callable[[float], float], settings: Settings) -> float:
    """The least argument at which few enough fusions are missed."""
    allowed = 1 - settings.status.limit_probability
    low, high = -_WIDTH, _WIDTH
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if missed(math.exp(middle)) > allowed else (low, middle)
    return math.exp(high)


def _poisson(mean: float, count: int) -> float:
    if not mean:
        return float(count == 0)
    return math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))


def _negative_multinomial(
    size: float, means: tuple[float, float], counts: tuple[int, int]
) -> float:
    """Poisson counts whose common factor has a gamma distribution of this shape and rate 1."""
    if any(count and not mean for mean, count in zip(means, counts, strict=True)):
        return 0.0
    log = math.lgamma(size + sum(counts)) - math.lgamma(size)
    log -= (size + sum(counts)) * math.log1p(sum(means))
    for mean, count in zip(means, counts, strict=True):
        log -= math.lgamma(count + 1)
        log += count * math.log(mean) if count else 0.0
    return math.exp(log)
