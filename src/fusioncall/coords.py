"""Positions on contigs: strands, intervals and breakends.

Inside the program every coordinate is 0-based and every interval half-open. This module and the
format writers are the only places that add or take away 1.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


@enum.unique
class Strand(enum.Enum):
    """Strand of transcription."""

    FORWARD = "+"
    REVERSE = "-"

    @property
    def opposite(self) -> Strand:
        """The other strand."""
        return Strand.REVERSE if self is Strand.FORWARD else Strand.FORWARD


@enum.unique
class Side(enum.Enum):
    """Part of the contig that a breakend keeps, seen on the forward strand."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A stretch of a contig, 0-based and half-open.

    >>> Interval("chr1", 99, 200).text_1based
    'chr1:100-200'
    >>> len(Interval("chr1", 99, 200))
    101
    """

    contig: str
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def contains(self, contig: str, position: int) -> bool:
        """Whether the 0-based position lies within."""
        return contig == self.contig and self.start <= position < self.end

    @property
    def text_1based(self) -> str:
        """`contig:first-last`, 1-based and inclusive, as genome browsers write it."""
        return f"{self.contig}:{self.start + 1}-{self.end}"


@dataclass(frozen=True, slots=True)
class Breakend:
    """One side of a junction: the last base kept, and which part of the contig is kept.

    `position` is the 0-based index of the last base kept. A transcript that *leaves* a gene here
    (the donor, 5' side) and keeps LEFT is transcribed on `+`; one that *enters* here (the acceptor,
    3' side) and keeps LEFT is transcribed on `-`:

        donor,    keeps LEFT   ====>|             strand +
        donor,    keeps RIGHT             |<====  strand -
        acceptor, keeps RIGHT             |====>  strand +
        acceptor, keeps LEFT   <====|             strand -
    """

    contig: str
    position: int
    keeps: Side

    @property
    def donor_strand(self) -> Strand:
        """Strand of transcription if transcription leaves the contig here."""
        return Strand.FORWARD if self.keeps is Side.LEFT else Strand.REVERSE

    @property
    def acceptor_strand(self) -> Strand:
        """Strand of transcription if transcription enters the contig here."""
        return self.donor_strand.opposite

    @classmethod
    def donor(cls, contig: str, position: int, strand: Strand) -> Breakend:
        """The breakend of a donor whose last base kept is `position` on `strand`."""
        return cls(contig, position, Side.LEFT if strand is Strand.FORWARD else Side.RIGHT)

    @classmethod
    def acceptor(cls, contig: str, position: int, strand: Strand) -> Breakend:
        """The breakend of an acceptor whose first base kept is `position` on `strand`."""
        return cls.donor(contig, position, strand.opposite)


def breakpoint_text(contig: str, position: int, strand: Strand) -> str:
    """Write a breakpoint for a table: contig, 1-based position, strand of transcription.

    >>> breakpoint_text("chr12", 11869968, Strand.FORWARD)
    'chr12:11869969:+'
    """
    return f"{contig}:{position + 1}:{strand.value}"


def parse_breakpoint(text: str) -> tuple[str, int, Strand]:
    """Read `contig:position:strand` (1-based) into contig, 0-based position and strand.

    >>> parse_breakpoint("chr12:11869969:+") == ("chr12", 11869968, Strand.FORWARD)
    True
    >>> parse_breakpoint("chr12:0:+")
    Traceback (most recent call last):
    ValueError: a breakpoint is 1-based, so its position is at least 1: 'chr12:0:+'

    Raises:
        ValueError: the text is not a breakpoint.
    """
    contig, _, rest = text.rpartition(":")
    contig, _, number = contig.rpartition(":")
    if not contig or not number.isdecimal() or rest not in {"+", "-"}:
        message = f"expected contig:position:strand, for example chr12:11869969:+, got {text!r}"
        raise ValueError(message)
    if int(number) < 1:
        message = f"a breakpoint is 1-based, so its position is at least 1: {text!r}"
        raise ValueError(message)
    return contig, int(number) - 1, Strand(rest)
