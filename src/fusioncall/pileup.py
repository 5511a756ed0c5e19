"""The supporting molecules of a fusion, laid base by base on its fused sequence.

It shows what the recount counted: the reads of `evidence.bam` on the sequence of the annotated
isoforms, whatever an aligner made of them. Positions count from the first base behind the donor.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import edlib

from fusioncall.flanks import acceptor_flank, donor_flank
from fusioncall.model import Fusion, Kind, Molecule, Read
from fusioncall.nomenclature import junction_of
from fusioncall.placing import lay
from fusioncall.reference import Reference
from fusioncall.sequence import reverse_complement
from fusioncall.settings import RecountSettings

MAX_MOLECULES = 40
"""How many molecules of a fusion are laid, at most."""

_OPERATION = re.compile(r"(\d+)([=XID])")


@dataclass(frozen=True, slots=True)
class LaidRead:
    """A read on the fused sequence.

    `symbols` has one letter for each base from `start` to `end` (half-open): `.` like the sequence,
    a base that differs, `-` a base that the read lacks, `+` like the sequence with further bases of
    the read before it.
    """

    start: int
    end: int
    is_reverse: bool
    symbols: str


@dataclass(frozen=True, slots=True)
class LaidMolecule:
    """The reads of a molecule that lie on the fused sequence."""

    kind: Kind
    reads: tuple[LaidRead, ...]


@dataclass(frozen=True, slots=True)
class Pileup:
    """Molecules on one isoform of a fused sequence: split ones first, then by their place.

    `supporting` counts all molecules with copies; `chosen` those that were tried, which are more
    than `molecules` when some lie on another isoform.
    """

    before: str
    inserted: str
    after: str
    molecules: tuple[LaidMolecule, ...]
    supporting: int
    chosen: int


def pile_up(
    fusion: Fusion,
    molecules: Mapping[str, Molecule],
    reference: Reference,
    settings: RecountSettings,
) -> Pileup:
    """Lay the molecules of a fusion on the isoform that most of them fit.

    Args:
        fusion: with the names of its molecules.
        molecules: by name; those that are missing are left out.
        reference: genome and genes.
        settings: how long a fragment may be, and how many edits a read may have.
    """
    support, junction = fusion.support, junction_of(fusion)
    named = [(name, Kind.SPLIT) for name in support.split_names]
    named += [(name, Kind.SPANNING) for name in support.spanning_names]
    chosen = [(molecules[name], kind) for name, kind in named if name in molecules][:MAX_MOLECULES]
    reads = [read for molecule, _ in chosen for read in molecule.reads]
    reach = settings.max_fragment_bp
    befores = donor_flank(junction.donor, (), reach, reference).kept
    afters = acceptor_flank(junction.acceptor, (), reach, reference).kept
    middle = fusion.inserted
    before = _best(befores, lambda text: text + middle + afters[0], reads, settings)
    after = _best(afters, lambda text: before + middle + text, reads, settings)
    whole, origin = before + middle + after, len(before)
    laid = []
    for molecule, kind in chosen:
        hits = tuple(
            hit
            for read in molecule.reads
            if (hit := _laid(read, whole, origin, settings)) is not None
        )
        if hits:
            laid.append(LaidMolecule(kind, hits))
    laid.sort(key=_order)
    return Pileup(before, middle, after, tuple(laid), len(named), len(chosen))


def window(pileup: Pileup, reach_bp: int) -> tuple[str, tuple[str, ...]]:
    """The pile-up as lines of text, with `|` at the junction.

    Args:
        pileup: of a fusion.
        reach_bp: bases shown on each side.

    Returns:
        The fused sequence, and a line of the same length for each split molecule. A read of the
        other strand has `,` in place of `.`.
    """
    size = len(pileup.inserted)
    low, high = -min(reach_bp, len(pileup.before)), size + min(reach_bp, len(pileup.after))
    cuts = {0, size}

    def line(letters: Sequence[str]) -> str:
        text = "".join(
            f"|{letter}" if position in cuts else letter
            for position, letter in enumerate(letters, start=low)
        )
        return text.rstrip()

    sequence = pileup.before[low:] + pileup.inserted + pileup.after[: high - size]
    lines = []
    for molecule in pileup.molecules:
        if molecule.kind is not Kind.SPLIT:
            continue
        letters = [" "] * (high - low)
        for read in molecule.reads:
            for position, symbol in enumerate(read.symbols, start=read.start):
                if low <= position < high:
                    dot = "," if read.is_reverse else "."
                    letters[position - low] = dot if symbol == "." else symbol
        lines.append(line(letters))
    return line(sequence), tuple(lines)


def _best(
    sides: Sequence[str],
    join: Callable[[str], str],
    reads: Sequence[Read],
    settings: RecountSettings,
) -> str:
    """The sequence of a side on which most reads lie, with fewest edits, the first of several."""
    if len(sides) == 1:
        return sides[0]

    def key(side: str) -> tuple[int, int]:
        hits = [lay(read.sequence, join(side), settings) for read in reads]
        fitting = [hit.edits for hit in hits if hit is not None]
        return (-len(fitting), sum(fitting))

    return min(sides, key=key)


def _laid(read: Read, sequence: str, origin: int, settings: RecountSettings) -> LaidRead | None:
    """A read where the recount lays it."""
    hit = lay(read.sequence, sequence, settings)
    if hit is None:
        return None
    text = reverse_complement(read.sequence) if hit.is_reverse else read.sequence
    path = edlib.align(text, sequence[hit.start : hit.end], mode="NW", task="path")["cigar"]
    return LaidRead(hit.start - origin, hit.end - origin, hit.is_reverse, _symbols(text, path))


def _symbols(text: str, cigar: str) -> str:
    """One letter for each base of the sequence that the alignment covers.

    >>> _symbols("ACGTTA", "2=1X1I2=1D")
    '..G+.-'
    """
    symbols: list[str] = []
    place, has_insertion = 0, False
    for count, operation in _OPERATION.findall(cigar):
        size = int(count)
        if operation == "I":
            has_insertion, place = True, place + size
            continue
        letters = {"=": "." * size, "X": text[place : place + size], "D": "-" * size}[operation]
        if has_insertion and operation == "=":
            letters = f"+{letters[1:]}"
        symbols.append(letters)
        has_insertion = False
        place += 0 if operation == "D" else size
    return "".join(symbols)


def _order(molecule: LaidMolecule) -> tuple[bool, list[tuple[int, int, bool]]]:
    places = sorted((read.start, read.end, read.is_reverse) for read in molecule.reads)
    return (molecule.kind is not Kind.SPLIT, places)
