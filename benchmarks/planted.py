"""Which junctions are planted, and where a caller must put them."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from benchmarks.common import Place, Random, Template, seeded, substituted

from fusioncall.coords import Strand, breakpoint_text, parse_breakpoint
from fusioncall.errors import SettingsError
from fusioncall.plants import (
    KINASE_FUSION,
    Molecules,
    PlantedFusion,
    fused_parts,
    fusion_class,
    parse_fusion,
)
from fusioncall.world import SimulatedTranscript, World

ACCEPTORS = (
    *(("NTRK1", exon) for exon in (8, 9, 10, 11, 12, 13)),
    *(("NTRK2", exon) for exon in (11, 12, 13, 15, 16, 17)),
    *(("NTRK3", exon) for exon in (10, 11, 12, 14, 15)),
)
"""Acceptor exons of known fusions, in the numbers of each gene's first transcript."""

_TRIES = 30
_REACH_BP = 50


@enum.unique
class Shape(enum.Enum):
    """Where a planted junction lies and what is peculiar to it."""

    ANNOTATED = "annotated exon to annotated exon"
    EXON5 = "inside a partner exon"
    EXON3 = "inside a target exon"
    EXONS = "inside exons of both"
    INTRON5 = "in a partner intron"
    INTRON3 = "in a target intron"
    INTRONS = "in introns of both"
    SNP5 = "SNP within 10 bases, partner side"
    SNP3 = "SNP within 10 bases, target side"
    INSERTED = "1 to 8 inserted bases"


@dataclass(frozen=True, slots=True)
class Case:
    """A planted junction: the fused transcript, and the places at which a call is exact."""

    text: str
    template: Template
    exact: frozenset[Place]
    gene5: str
    inserted_bp: int = 0


def partner_genes(world: World) -> tuple[str, ...]:
    """The partner genes of the world."""
    genes = (each.gene for each in world.transcripts if each.role == "partner")
    return tuple(dict.fromkeys(genes))


def annotated_cases(
    world: World, per_acceptor: int, genes: Sequence[str] | None = None
) -> list[Case]:
    """In-frame joins of partner exons to each acceptor, all partner genes in turn."""
    cases = []
    for gene, exon in ACCEPTORS:
        found = 0
        for donor in _donors_in_turn(world, seeded(gene, exon), genes or partner_genes(world)):
            plant = _kinase_fusion(world, f"{donor}-{gene}:{exon}")
            if plant is not None and found < per_acceptor:
                cases.append(_case(world, f"{donor}-{gene}:{exon}", plant))
                found += 1
    return cases


def _donors_in_turn(world: World, random: Random, genes: Sequence[str]) -> Iterator[str]:
    """One donor exon of each gene, then a second one of each, and so on."""
    by_gene: dict[str, list[str]] = defaultdict(list)
    for gene in genes:
        exons = range(1, len(world.transcript(gene).exons))
        by_gene[gene] = [f"{gene}:{exons[i]}" for i in random.permutation(len(exons)).tolist()]
    order = [genes[i] for i in random.permutation(len(genes)).tolist()]
    for turn in zip_longest(*(by_gene[gene] for gene in order)):
        yield from (donor for donor in turn if donor)


def _kinase_fusion(world: World, text: str) -> PlantedFusion | None:
    try:
        plant = parse_fusion(world, text, Molecules())
    except SettingsError:
        return None
    return plant if fusion_class(world, plant) == KINASE_FUSION else None


def _case(world: World, text: str, plant: PlantedFusion) -> Case:
    five, inserted, three = fused_parts(world, plant)
    template = Template(five + inserted + three, len(five), len(five) + len(inserted))
    return Case(text, template, exact_places(world, plant), plant.gene5, len(inserted))


def shaped_cases(world: World, shape: Shape, base: Sequence[Case], count: int) -> list[Case]:
    """In-frame junctions of one shape, spread over the acceptors and partners of `base`."""
    cases: list[Case] = []
    donors = list(_donors_in_turn(world, seeded("donors"), partner_genes(world)))
    for index in seeded(shape.value).permutation(len(base)).tolist():
        if len(cases) == count:
            break
        made = _reshaped(world, base[index], donors, shape, 1 + len(cases) % 8)
        if made is not None:
            cases.append(made)
    return cases


def _reshaped(
    world: World, case: Case, donors: Sequence[str], shape: Shape, inserted_bp: int
) -> Case | None:
    if shape is Shape.ANNOTATED:
        return case
    random = seeded(shape.value, case.text)
    if shape in {Shape.SNP5, Shape.SNP3}:
        return _with_snp(case, shape, random)
    five, three = case.text.split("-")
    for _ in range(_TRIES):
        if shape is Shape.INSERTED:  # which donor keeps the frame depends on the insert
            five = donors[int(random.integers(len(donors)))]
        text = _altered(five, three, shape, inserted_bp, random)
        plant = _kinase_fusion(world, text)
        if plant is not None and _is_of_shape(world, plant, shape):
            return _case(world, text, plant)
    return None


def _altered(five: str, three: str, shape: Shape, inserted_bp: int, random: Random) -> str:
    if shape is Shape.INSERTED:
        bases = "".join("ACGT"[code] for code in random.integers(0, 4, inserted_bp))
        return f"{five}-{three}:{bases}"
    offset5 = offset3 = 0
    if shape in {Shape.EXON5, Shape.EXONS}:
        offset5 = -int(random.integers(5, 60))
    if shape in {Shape.EXON3, Shape.EXONS}:
        offset3 = int(random.integers(5, 60))
    if shape in {Shape.INTRON5, Shape.INTRONS}:
        offset5 = int(random.integers(15, 100))
    if shape in {Shape.INTRON3, Shape.INTRONS}:
        offset3 = -int(random.integers(15, 100))
    return f"{five}{offset5:+d}-{three}{offset3:+d}"


def _is_of_shape(world: World, plant: PlantedFusion, shape: Shape) -> bool:
    """Whether the breakpoints that should lie inside exons, or introns, do."""
    sides = (
        (plant.transcript5, plant.breakpoint5, shape in {Shape.INTRON5, Shape.INTRONS}),
        (plant.transcript3, plant.breakpoint3, shape in {Shape.INTRON3, Shape.INTRONS}),
    )
    for name, text, is_intronic in sides:
        _, position, _ = parse_breakpoint(text)
        exons = world.transcript(name).exons
        if any(exon.start <= position < exon.end for exon in exons) is is_intronic:
            return False
    return True


def _with_snp(case: Case, shape: Shape, random: Random) -> Case:
    away = int(random.integers(1, 11))
    junction = case.template.five_end
    place = junction - away if shape is Shape.SNP5 else junction + away - 1
    bases = substituted(case.template.bases, np.array([place]), random)
    side = "partner" if shape is Shape.SNP5 else "target"
    text = f"{case.text} with {bases[place]} {away} bases from the junction, {side} side"
    return Case(text, Template(bases, junction, junction), case.exact, case.gene5)


def exact_places(world: World, plant: PlantedFusion) -> frozenset[Place]:
    """The places that a call may give.

    Without inserted bases that is one: of all joins that give the same sequence the one with most
    annotated exon edges, then the first in the direction of transcription. Inserted bases that the
    genome shows beside a breakpoint may be taken for the gene's.
    """
    five, inserted, three = fused_parts(world, plant)
    donor = _Edge.of(world, plant.transcript5, plant.breakpoint5)
    acceptor = _Edge.of(world, plant.transcript3, plant.breakpoint3)
    onward = _agreeing(donor.bases(world, 1, _REACH_BP), inserted + three)
    before = acceptor.bases(world, -_REACH_BP, _REACH_BP)
    back = _agreeing(before[::-1], (five + inserted)[::-1])
    size = len(inserted)
    if size:
        fewest = max(0, size - back - onward)
        return frozenset(
            Place(donor.text(leave), acceptor.text(enter - size), inserted[leave:enter])
            for leave in range(onward + 1)
            for enter in range(size - back, size + 1)
            if leave <= enter and fewest <= enter - leave
        )
    best = min(
        range(-back, onward + 1),
        key=lambda shift: (-_edges(world, donor, acceptor, shift), shift),
    )
    return frozenset({Place(donor.text(best), acceptor.text(best))})


def _edges(world: World, donor: _Edge, acceptor: _Edge, shift: int) -> int:
    return donor.is_donor(world, shift) + acceptor.is_acceptor(world, shift)


def _agreeing(one: str, other: str) -> int:
    """How many leading bases two sequences share."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


@dataclass(frozen=True, slots=True)
class _Edge:
    """A breakpoint of a transcript."""

    transcript: SimulatedTranscript
    position: int

    @classmethod
    def of(cls, world: World, transcript: str, breakpoint: str) -> _Edge:
        return cls(world.transcript(transcript), parse_breakpoint(breakpoint)[1])

    @property
    def step(self) -> int:
        return 1 if self.transcript.strand is Strand.FORWARD else -1

    def bases(self, world: World, first: int, count: int) -> str:
        """Bases of the genome from `first` bases downstream of the breakpoint on."""
        low = self.position + self.step * first
        start = low if self.step > 0 else low - count + 1
        contig = self.transcript.contig
        place = type(self.transcript.place)(contig, start, start + count)
        return world.bases(place, self.transcript.strand)

    def text(self, shift: int) -> str:
        """The breakpoint, some bases downstream."""
        position = self.position + self.step * shift
        return breakpoint_text(self.transcript.contig, position, self.transcript.strand)

    def is_donor(self, world: World, shift: int) -> bool:
        """Whether an exon ends there."""
        return self._is_edge(world, shift, at_end=True)

    def is_acceptor(self, world: World, shift: int) -> bool:
        """Whether an exon begins there."""
        return self._is_edge(world, shift, at_end=False)

    def _is_edge(self, world: World, shift: int, *, at_end: bool) -> bool:
        position = self.position + self.step * shift
        mine = self.transcript
        return any(
            position == (exon.end - 1 if (self.step > 0) is at_end else exon.start)
            for each in world.transcripts
            if each.contig == mine.contig and each.strand is mine.strand
            for exon in each.exons
        )
