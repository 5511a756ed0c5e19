"""What a fused transcript codes for, read base by base through the junction.

The frame is that of the 5' gene's annotated start codon. Nothing is taken from exon phases: the
fused transcript is put together as the junction has it, with the inserted bases and with pieces of
introns, and is translated.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from fusioncall.codons import translate
from fusioncall.genes import position_at
from fusioncall.reference import Reference
from fusioncall.targets import Target
from fusioncall.transcripts import TranscriptEnd, TranscriptPair

SELENOCYSTEINE = "U"
STOP = "*"
JUNCTION_MARK = "|"


@enum.unique
class Frame(enum.Enum):
    """What translation from the 5' gene's start codon does at the junction."""

    IN_FRAME = "in-frame"
    OUT_OF_FRAME = "out-of-frame"
    STOP_BEFORE_KINASE = "stop-before-kinase"
    STOP_BEFORE_3PRIME = "stop-before-3prime"
    NO_PARTNER_CDS = "no-partner-cds"
    NO_3PRIME_CDS = "no-3prime-cds"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protein:
    """A fused transcript and what it codes for.

    `bases` is the fused transcript; its first `five_bp` bases come from the 5' gene and its last
    `three_bp` from the 3' gene, what lies between is inserted. `start` is the 0-based offset of the
    codon that translation is taken to begin with (None: none) and `end` the offset behind the last
    translated base, a stop codon included. `peptide` holds the residues without the stop;
    `new_first` and `new_end` are the indices of the residues that are coded by neither gene alone.
    """

    bases: str
    five_bp: int
    three_bp: int
    frame: Frame
    note: str
    start: int | None
    end: int
    peptide: str
    has_stop: bool
    new_first: int
    new_end: int

    @property
    def cds(self) -> str:
        """The translated bases, stop codon included; empty without any."""
        return "" if self.start is None else self.bases[self.start : self.end]

    @property
    def marked_peptide(self) -> str:
        """The peptide as text with its junction.

        `|` stands before the first residue that is not coded by the 5' gene alone, residues coded
        by inserted bases or by bases of both genes are in lower case, and `*` is a stop codon.
        """
        whole = self.peptide
        if self.start is None:
            return ""
        parts = (
            whole[: self.new_first],
            JUNCTION_MARK if self.end > self.five_bp else "",
            whole[self.new_first : self.new_end].lower(),
            whole[self.new_end :],
            STOP if self.has_stop else "",
        )
        return "".join(parts)

    def junction_window(self, reach_aa: int) -> str:
        """The marked peptide, `reach_aa` residues on each side of the junction; `...` for more.

        Empty when translation does not reach the junction.
        """
        before, mark, after = self.marked_peptide.partition(JUNCTION_MARK)
        if not mark:
            return ""
        left = f"...{before[-reach_aa:]}" if len(before) > reach_aa else before
        right = f"{after[:reach_aa]}..." if len(after.rstrip(STOP)) > reach_aa else after
        return f"{left}{mark}{right}"


def read_protein(
    pair: TranscriptPair, inserted: str, target: Target | None, reference: Reference
) -> Protein:
    """Put the fused transcript together and translate it.

    Args:
        pair: the two transcripts at the junction.
        inserted: bases between the two sides, as transcribed.
        target: the target gene if it is the 3' gene, else None.
        reference: the genome.
    """
    five, three = (
        reference.transcribed(end.transcript.contig, end.kept, end.transcript.strand)
        for end in (pair.five, pair.three)
    )
    join = _Join(pair, five + inserted + three, len(five), len(five) + len(inserted), target)
    start = join.partner_start()
    if start is None:
        start, note = join.later_start()
        return join.translated(start, Frame.NO_PARTNER_CDS, note)
    frame, note = join.frame_from(start)
    if not pair.five.transcript.is_start_known:
        lacking = f"the annotation lacks the first codons of {pair.five.transcript.id}"
        note = f"{note}; {lacking}" if note else lacking
    return join.translated(start, frame, note)


@dataclass(frozen=True, slots=True)
class _Join:
    """A fused transcript under examination; offsets count its bases from 0.

    The 5' gene's bases end before `five_end`, those of the 3' gene begin at `three_start`.
    """

    pair: TranscriptPair
    bases: str
    five_end: int
    three_start: int
    target: Target | None

    def partner_start(self) -> int | None:
        """Offset of the first whole codon of the 5' gene's coding sequence, if that is kept."""
        five = self.pair.five
        offset = _kept_coding_offset(five, five.transcript.cds_phase)
        return offset if offset is not None and offset + 3 <= self.five_end else None

    def three_frame(self) -> tuple[int, int] | None:
        """Offset of the 3' gene's first kept coding base, and its place (0 to 2) in its codon."""
        three = self.pair.three
        if not three.kept_coding:
            return None
        strand = three.transcript.strand
        position = position_at(three.kept_coding, 0, strand)
        coding = three.transcript.coding_offset(position) or 0
        before = three.kept_offset(position) or 0
        return self.three_start + before, (coding - three.transcript.cds_phase) % 3

    def own_start(self) -> int | None:
        """Offset of the 3' gene's own start codon, if that is annotated and kept."""
        three = self.pair.three
        offset = _kept_coding_offset(three, 0) if three.transcript.is_start_known else None
        return None if offset is None else self.three_start + offset

    def goal(self) -> tuple[int, str]:
        """Offset of the first base that translation has to reach in frame, and what it is."""
        frame = self.three_frame()
        begin = self.three_start if frame is None else frame[0]
        three = self.pair.three
        if self.target is None or three.kept_offset(self.target.domain_last) is None:
            return begin, three.gene
        coding = three.transcript.coding_offset(self.target.domain_first)
        first = three.kept_offset(self.target.domain_first)
        if first is None or coding is None or (coding - three.transcript.cds_phase) % 3:
            return begin, self.target.domain
        return self.three_start + first, self.target.domain

    def frame_from(self, start: int) -> tuple[Frame, str]:
        """What translation from the 5' gene's start codon does, and a remark on it."""
        three = self.pair.three
        stop = self.stop_from(start)
        goal, aim = self.goal()
        stopped = Frame.STOP_BEFORE_3PRIME if aim == three.gene else Frame.STOP_BEFORE_KINASE
        own = "" if self.own_start() is None else f"; {three.gene} keeps its own start codon"
        if stop is not None and stop + 3 <= self.five_end:
            why = self._early_stop(stop)
            return (stopped, f"{why}{own}") if why else (Frame.UNKNOWN, self._unfit(start))
        frame = self.three_frame()
        if frame is None:
            return Frame.NO_3PRIME_CDS, f"the kept part of {three.transcript.id} does not code"
        if (frame[0] - frame[1] - start) % 3:
            return Frame.OUT_OF_FRAME, f"{self._stop_text(stop)}{own}"
        if self._is_unreadable(start, goal if stop is None else min(goal, stop)):
            return Frame.UNKNOWN, "the genome has N near the junction"
        if stop is not None and stop < goal:
            return stopped, f"{self._stop_text(stop)}{own}"
        return Frame.IN_FRAME, ""

    def _early_stop(self, stop: int) -> str:
        """Why translation ends before the junction; empty when the annotation denies it."""
        five = self.pair.five
        if not self._is_annotated(stop):
            return f"stop codon in {five.gene} before the junction, not in its coding sequence"
        if self.coding_at(stop) == (five, five.transcript.coding_length_bp - 3):
            return f"the coding sequence of {five.gene} ends before the junction"
        return ""

    def _unfit(self, start: int) -> str:
        """The genome denies the annotation: what it has, and the frame by counting alone."""
        frame = self.three_frame()
        name = self.pair.five.transcript.id
        text = f"the genome has a stop codon within the coding sequence of {name}"
        if frame is None:
            return text
        counted = Frame.OUT_OF_FRAME if (frame[0] - frame[1] - start) % 3 else Frame.IN_FRAME
        return f"{text}; by the number of bases: {counted.value}"

    def later_start(self) -> tuple[int | None, str]:
        """Where translation could begin if the 5' gene gives no start codon, and a remark.

        The 3' gene's own start codon if it is kept, else the first ATG of the fused transcript from
        which the goal is reached in frame and without a stop codon.
        """
        three = self.pair.three
        why = f"the kept part of {self.pair.five.gene} holds no start codon"
        frame = self.three_frame()
        if frame is None:
            return None, f"{why}, and that of {three.transcript.id} does not code"
        own = self.own_start()
        if own is not None:
            return own, f"{why}; {three.gene} keeps its own start codon"
        goal, aim = self.goal()
        for start in range((frame[0] - frame[1]) % 3, goal + 1, 3):
            if self.bases[start : start + 3] == "ATG":
                stop = self.stop_from(start)
                if stop is None or stop >= goal:
                    return start, f"{why}; the first open ATG is {self._place_text(start)}"
        return None, f"{why}, and no ATG leads to {aim if aim == three.gene else f'the {aim}'}"

    def translated(self, start: int | None, frame: Frame, note: str) -> Protein:
        """The protein from an offset to its first stop codon or the end."""
        begin = 0 if start is None else start
        residues = "" if start is None else self._residues(start)
        peptide, stop, _ = residues.partition(STOP)
        new_first = min(max(0, (self.five_end - begin) // 3), len(peptide))
        new_end = min(max(new_first, -((begin - self.three_start) // 3)), len(peptide))
        return Protein(
            bases=self.bases,
            five_bp=self.five_end,
            three_bp=len(self.bases) - self.three_start,
            frame=frame,
            note=note,
            start=start,
            end=begin + 3 * len(peptide) + len(stop) * 3,
            peptide=peptide,
            has_stop=bool(stop),
            new_first=new_first,
            new_end=new_end,
        )

    def stop_from(self, start: int) -> int | None:
        """Offset of the first stop codon in frame with an offset."""
        index = self._residues(start).find(STOP)
        return None if index < 0 else start + 3 * index

    def _residues(self, start: int) -> str:
        """All whole codons from an offset, translated; annotated selenocysteines are no stops."""
        residues = list(translate(self.bases[start:]))
        for offset in self._selenocysteines():
            index, rest = divmod(offset - start, 3)
            if not rest and 0 <= index < len(residues):
                residues[index] = residues[index].replace(STOP, SELENOCYSTEINE)
        return "".join(residues)

    def _selenocysteines(self) -> Iterator[int]:
        """Offsets of the codons that the annotation says to code for selenocysteine."""
        for end, before in ((self.pair.five, 0), (self.pair.three, self.three_start)):
            for block in end.transcript.selenocysteines:
                kept = end.kept_offset(position_at((block,), 0, end.transcript.strand))
                if kept is not None:
                    yield before + kept

    def coding_at(self, offset: int) -> tuple[TranscriptEnd, int] | None:
        """The side and the place in its coding sequence of a base; None where it is not coding."""
        if offset < self.five_end:
            end, within = self.pair.five, offset
        elif offset >= self.three_start:
            end, within = self.pair.three, offset - self.three_start
        else:
            return None
        position = position_at(end.kept, within, end.transcript.strand)
        coding = end.transcript.coding_offset(position)
        return None if coding is None else (end, coding)

    def _is_annotated(self, offset: int) -> bool:
        """Whether three bases follow each other in the coding sequence of one of the genes."""
        first, last = self.coding_at(offset), self.coding_at(offset + 2)
        return first is not None and last == (first[0], first[1] + 2)

    def _is_unreadable(self, start: int, goal: int) -> bool:
        """Whether an N can hide a stop codon; within annotated coding sequence it cannot."""
        return any(
            "N" in self.bases[offset : offset + 3] and not self._is_annotated(offset)
            for offset in range(start, goal - 2, 3)
        )

    def _stop_text(self, stop: int | None) -> str:
        if stop is None:
            return "no stop codon follows the junction"
        codons = max(0, stop - self.five_end) // 3 + 1
        return f"stop codon is number {codons} behind the junction"

    def _place_text(self, start: int) -> str:
        """Where an offset lies."""
        if start < self.three_start:
            return f"{self.five_end - start} bases before the junction"
        found = self.coding_at(start)
        if found is None:
            return f"{start - self.three_start} bases behind the junction"
        residue = (found[1] - found[0].transcript.cds_phase) // 3 + 1
        return f"M{residue} of {found[0].transcript.id}"


def _kept_coding_offset(end: TranscriptEnd, coding: int) -> int | None:
    """Kept bases before a base of the coding sequence; None where it is not kept."""
    transcript = end.transcript
    if coding >= transcript.coding_length_bp:
        return None
    return end.kept_offset(position_at(transcript.coding_blocks, coding, transcript.strand))
