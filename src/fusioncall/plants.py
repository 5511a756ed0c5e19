"""Fusions to plant into simulated reads: where they break, what they join, what they would mean.

A fused transcript is made as the cell makes it: the 5' gene's exons up to its breakpoint, perhaps
some inserted bases, then the 3' gene's exons from its breakpoint on. A breakpoint inside an intron
keeps the piece of intron between it and the exon.

A specification names both sides by exon, or by exon and offset, or by breakpoint:

    ETV6:5-NTRK3:15                     end of exon 5 to start of exon 15
    ETV6:5-NTRK3/NM_002530:15           exon number of another transcript than the gene's first
    LMNA:11-20-NTRK1:11+7               20 bases before the exon's end, 7 bases into the exon
    ETV6:5+30-NTRK3:15-40               30 bases into the intron, from 40 bases before the exon
    ETV6:5-NTRK3:15:ACGT                four bases inserted
    ETV6@chr12:9000:+-NTRK3@chr15:800:- by last base kept and first base kept
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fusioncall.coords import Interval, Strand, breakpoint_text, parse_breakpoint
from fusioncall.errors import SettingsError
from fusioncall.world import SimulatedTranscript, World

KINASE_FUSION = "kinase-fusion"
"""Class of a fusion that keeps the whole kinase domain of a target in frame."""

_SIDE = (
    r"(?P<gene{0}>[A-Za-z][A-Za-z0-9]*)(?:/(?P<transcript{0}>[A-Za-z0-9_.]+))?"
    r"(?::(?P<exon{0}>\d+)(?P<offset{0}>[+-]\d+)?|@(?P<breakpoint{0}>[\w.]+:\d+:[+-]))"
)
_SPECIFICATION = re.compile(_SIDE.format(5) + "-" + _SIDE.format(3) + "(?::(?P<inserted>[ACGT]+))?")


@dataclass(frozen=True, slots=True)
class Molecules:
    """How many molecules of a fused transcript are sequenced.

    Args:
        split: molecules with a split read, exactly this many.
        spanning: molecules with a spanning pair and no split read, exactly this many.
        drawn: molecules drawn at random over the whole fused transcript, in addition.
        copies: times that each molecule is written; more than 1 makes PCR duplicates.
    """

    split: int = 0
    spanning: int = 0
    drawn: int = 0
    copies: int = 1


@dataclass(frozen=True, slots=True)
class PlantedFusion:
    """A fused transcript to take reads from.

    Args:
        gene5: gene that the transcript begins in.
        transcript5: RefSeq id (with version) of its transcript.
        gene3: gene that the transcript ends in.
        transcript3: RefSeq id of its transcript.
        breakpoint5: last base kept of the 5' gene, `contig:position:strand`, 1-based.
        breakpoint3: first base kept of the 3' gene, likewise.
        inserted: bases between the two, in the direction of transcription.
        molecules: how many molecules are sequenced.
    """

    gene5: str
    transcript5: str
    gene3: str
    transcript3: str
    breakpoint5: str
    breakpoint3: str
    inserted: str = ""
    molecules: Molecules = Molecules()

    @property
    def name(self) -> str:
        """Both genes, as HGNC writes a fusion."""
        return f"{self.gene5}::{self.gene3}"

    def mirrored(self, world: World) -> PlantedFusion:
        """The same fusion in `world.mirrored()`."""
        return replace(
            self,
            breakpoint5=_mirrored_text(world, self.breakpoint5),
            breakpoint3=_mirrored_text(world, self.breakpoint3),
        )


def _mirrored_text(world: World, breakpoint: str) -> str:
    contig, position, strand = parse_breakpoint(breakpoint)
    return breakpoint_text(contig, world.mirror_position(contig, position), strand.opposite)


def parse_fusion(world: World, text: str, molecules: Molecules) -> PlantedFusion:
    """Read a specification as the module's docstring shows it.

    Args:
        world: genome that the fusion is planted in.
        text: the specification.
        molecules: how many molecules are sequenced.

    Raises:
        SettingsError: the text is no specification, or names what the genome does not have.
    """
    match = _SPECIFICATION.fullmatch(text)
    if match is None:
        raise SettingsError(
            f"{text!r} does not describe a fusion",
            cure="Write it like ETV6:5-NTRK3:15, ETV6:5-NTRK3:15:ACGT or "
            "ETV6@chr12:9000:+-NTRK3@chr15:800:-",
        )
    five = world.transcript(match["transcript5"] or match["gene5"])
    three = world.transcript(match["transcript3"] or match["gene3"])
    for transcript, gene in ((five, match["gene5"]), (three, match["gene3"])):
        if transcript.gene != gene:
            raise SettingsError(
                f"{transcript.refseq_id} is a transcript of {transcript.gene}, not of {gene}",
                where=text,
                cure="Name a transcript of the gene",
            )
    plant = PlantedFusion(
        gene5=five.gene,
        transcript5=five.refseq_id,
        gene3=three.gene,
        transcript3=three.refseq_id,
        breakpoint5=match["breakpoint5"]
        or _exon_breakpoint(five, int(match["exon5"]), int(match["offset5"] or 0), at_end=True),
        breakpoint3=match["breakpoint3"]
        or _exon_breakpoint(three, int(match["exon3"]), int(match["offset3"] or 0), at_end=False),
        inserted=match["inserted"] or "",
        molecules=molecules,
    )
    fused_pieces(world, plant)
    return plant


def _exon_breakpoint(
    transcript: SimulatedTranscript, number: int, offset: int, *, at_end: bool
) -> str:
    """The breakpoint `offset` bases downstream of an exon's last (or first) base."""
    if not 1 <= number <= len(transcript.exons):
        raise SettingsError(
            f"{transcript.gene} {transcript.refseq_id} has no exon {number}",
            cure=f"Name an exon from 1 to {len(transcript.exons)}, or another transcript",
        )
    exon = transcript.exons[number - 1]
    is_forward = transcript.strand is Strand.FORWARD
    edge = exon.end - 1 if is_forward is at_end else exon.start
    position = edge + offset if is_forward else edge - offset
    return breakpoint_text(transcript.contig, position, transcript.strand)


@dataclass(frozen=True, slots=True)
class FusedPieces:
    """What a fused transcript is made of; pieces are in the direction of transcription."""

    five: tuple[Interval, ...]
    inserted: str
    three: tuple[Interval, ...]


def fused_pieces(world: World, plant: PlantedFusion) -> FusedPieces:
    """The stretches of the genome that a planted fusion joins.

    Raises:
        SettingsError: a breakpoint does not lie within its transcript, on its strand.
    """
    five, three = world.transcript(plant.transcript5), world.transcript(plant.transcript3)
    last = _checked_position(five, plant.breakpoint5)
    first = _checked_position(three, plant.breakpoint3)
    keeps_left = five.strand is Strand.FORWARD
    kept5 = _kept(five, last, left=keeps_left)
    keeps_left = three.strand is Strand.REVERSE
    kept3 = _kept(three, first, left=keeps_left)
    return FusedPieces(kept5, plant.inserted, kept3)


def _checked_position(transcript: SimulatedTranscript, breakpoint: str) -> int:
    try:
        contig, position, strand = parse_breakpoint(breakpoint)
    except ValueError as error:
        raise SettingsError(str(error), cure="Correct the breakpoint") from error
    if not transcript.place.contains(contig, position) or strand is not transcript.strand:
        raise SettingsError(
            f"the breakpoint {breakpoint} does not lie within {transcript.gene} "
            f"{transcript.refseq_id} on its strand",
            cure=f"Choose a position within {transcript.place.text_1based}:"
            f"{transcript.strand.value}",
        )
    return position


def _kept(transcript: SimulatedTranscript, position: int, *, left: bool) -> tuple[Interval, ...]:
    """Exons on one side of a position (which is kept), with the piece of intron it cuts off."""
    contig = transcript.contig
    exons = sorted(transcript.exons)
    if left:
        whole = [exon for exon in exons if exon.start <= position]
        kept = [*whole[:-1], Interval(contig, whole[-1].start, position + 1)]
    else:
        whole = [exon for exon in exons if exon.end > position]
        kept = [Interval(contig, position, whole[0].end), *whole[1:]]
    return tuple(kept if transcript.strand is Strand.FORWARD else kept[::-1])


def fused_parts(world: World, plant: PlantedFusion) -> tuple[str, str, str]:
    """The sequences of the 5' part, the inserted bases and the 3' part."""
    pieces = fused_pieces(world, plant)
    five, three = world.transcript(plant.transcript5), world.transcript(plant.transcript3)
    return (
        "".join(world.bases(piece, five.strand) for piece in pieces.five),
        pieces.inserted,
        "".join(world.bases(piece, three.strand) for piece in pieces.three),
    )


def fusion_class(world: World, plant: PlantedFusion) -> str:
    """What a planted fusion means, by the structure of its transcript.

    Returns:
        One of
        `other` (no target gene), `same-gene`,
        `reciprocal` (the target gives the 5' part only),
        `truncated-isoform` (the target's transcript has no whole kinase domain),
        `kinase-lost`, `partial-kinase` (the breakpoint is behind, or within, the domain),
        `out-of-frame` (a frame other than the target's, a stop, or no start codon before it),
        `kinase-fusion`.
    """
    five, three = world.transcript(plant.transcript5), world.transcript(plant.transcript3)
    if five.gene == three.gene:
        return "same-gene"
    if three.role != "target":
        return "reciprocal" if five.role == "target" else "other"
    if three.kinase_aa is None:
        return "truncated-isoform"
    start, end = (
        three.length_bp - three.coding_start_bp - 3 * residue for residue in three.kinase_aa
    )
    kept_bp = _exonic_bp(three, fused_pieces(world, plant).three)
    if kept_bp < start:
        return "partial-kinase" if kept_bp > end else "kinase-lost"
    part5, inserted, part3 = fused_parts(world, plant)
    fused = part5 + inserted + part3
    if five.coding_start_bp + 3 > len(part5):
        return "out-of-frame"
    is_read = _reads_through(fused, five.coding_start_bp, len(fused) - start)
    return KINASE_FUSION if is_read else "out-of-frame"


def _exonic_bp(transcript: SimulatedTranscript, pieces: Sequence[Interval]) -> int:
    return sum(
        max(0, min(piece.end, exon.end) - max(piece.start, exon.start))
        for piece in pieces
        for exon in transcript.exons
    )


def _reads_through(fused: str, start: int, end: int) -> bool:
    """Whether translation from `start` reaches `end` in frame and without a stop."""
    codons = {fused[place : place + 3] for place in range(start, end, 3)}
    return (end - start) % 3 == 0 and not codons & {"TAA", "TAG", "TGA"}
