"""Fusion molecules that look like a user's own reads, of junctions of the bundle's genes.

Every molecule is a fragment that holds the junction, drawn from the fused transcript. Its reads
have the lengths and qualities of reads of the user's, and errors as these qualities say. What each
molecule shows is known by construction.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fusioncall.catalogue import Catalogue
from fusioncall.coords import Breakend, Strand, parse_breakpoint
from fusioncall.errors import InputError
from fusioncall.fusions import name_fusion
from fusioncall.genes import Gene
from fusioncall.gtf import contig_key
from fusioncall.library import Library, preferred
from fusioncall.model import Candidate, Fusion, FusionClass, Junction, Support
from fusioncall.reference import Reference
from fusioncall.results import kept_exons, transcript_of
from fusioncall.sequence import reverse_complement
from fusioncall.settings import FilterSettings
from fusioncall.simulate import (
    Kind,
    ReadSettings,
    SamplePlan,
    SimulatedMolecule,
    SimulatedRead,
    SimulatedSample,
)
from fusioncall.tables import breakpoint_cell

log = logging.getLogger(__name__)

_EXONS = re.compile(r"(?P<five>[\w.]+):(?P<donor>\d+)-(?P<three>[\w.]+):(?P<acceptor>\d+)")
_REACH_BP = 5000
_KNOWN_BP = 200
_MAX_DRAWS = 1000
_LETTERS = "ACGT"
_NOTHING = Support(
    split_molecules=0,
    spanning_molecules=0,
    unfused3_molecules=0,
    unfused5_molecules=None,
    rivals=(),
    excess_edits=0,
    misfit_molecules=0,
    copies=0,
    distinct_starts=0,
    best_anchor_bp=0,
    donor_anchor_bp=0,
    acceptor_anchor_bp=0,
    split_names=(),
    spanning_names=(),
)


@dataclass(frozen=True, slots=True)
class Spike:
    """A fusion to plant: its name and class on this bundle, and the two parts of its transcript."""

    fusion: Fusion
    before: str
    after: str

    @property
    def junction(self) -> tuple[str, str]:
        """Both breakpoints as tables write them."""
        return breakpoint_cell(self.fusion.five), breakpoint_cell(self.fusion.three)

    @property
    def is_known(self) -> bool:
        """Whether the reference knows the bases beside the junction."""
        return "N" not in self.before[-_KNOWN_BP:] + self.after[:_KNOWN_BP]


def parse_spike(text: str, reference: Reference, settings: FilterSettings) -> Spike:
    """Read `ETV6:5-NTRK3:15` (exons) or `chr12:11869969:+>chr15:87940753:-` (breakpoints).

    Exons are numbered in the reference transcript of a target, and in the primary one of others.

    Raises:
        InputError: the text is neither, or names what the bundle does not have.
    """
    exons = _EXONS.fullmatch(text)
    if exons:
        fives, threes = (reference.genes_called(exons[side]) for side in ("five", "three"))
        five = _edge(fives[0], int(exons["donor"]), reference, end=True)
        three = _edge(threes[0], int(exons["acceptor"]), reference, end=False)
    else:
        five, three = _breakpoints(text, reference)
    spike = _spike(five, three, reference, settings)
    if spike is None:
        what = "is no fusion that is called: a partner in sense before a whole kinase domain"
        raise InputError(what, where=text, cure="Choose another junction")
    if not spike.is_known:
        what = "lies beside bases that the reference does not know (N)"
        raise InputError(what, where=text, cure="Choose another junction")
    return spike


_Place = tuple[str, int, Strand]


def _edge(gene: Gene, number: int, reference: Reference, *, end: bool) -> _Place:
    transcript = preferred(gene, reference)
    exons = transcript.exons_transcribed
    if not 1 <= number <= len(exons):
        what = f"{gene.name} {transcript.id} has no exon {number}"
        raise InputError(what, cure=f"Name an exon from 1 to {len(exons)}")
    start, stop = exons[number - 1]
    is_last = end is (gene.strand is Strand.FORWARD)
    return gene.contig, stop - 1 if is_last else start, gene.strand


def _breakpoints(text: str, reference: Reference) -> tuple[_Place, _Place]:
    cure = "Write it like ETV6:5-NTRK3:15, or chr12:11869969:+>chr15:87940753:-"
    one, _, other = text.partition(">")
    try:
        five, three = parse_breakpoint(one), parse_breakpoint(other)
    except ValueError as error:
        raise InputError(f"describes no fusion: {error}", where=text, cure=cure) from error
    for contig, position, _ in (five, three):
        if position >= reference.contigs.get(contig, 0):
            what = f"the reference has no base {position + 1} of {contig}"
            raise InputError(what, where=text, cure=cure)
    return five, three


def _spike(
    five: _Place, three: _Place, reference: Reference, settings: FilterSettings
) -> Spike | None:
    """The fusion of two places; None if it is none that is called."""
    junction = Junction(Breakend.donor(*five), Breakend.acceptor(*three))
    target = reference.target_at(three[0], three[1])
    if target is None or target.gene.strand is not three[2]:
        return None
    fusion = name_fusion(Candidate(junction, 0, 0, ()), _NOTHING, reference, settings)
    if fusion.fusion_class is not FusionClass.KINASE_FUSION:
        return None
    before, after = (
        reference.transcribed(
            side.contig,
            kept_exons(end, side.strand, transcript_of(side, reference), _REACH_BP),
            side.strand,
        )
        for side, end in (
            (fusion.five, junction.donor),
            (fusion.three, junction.acceptor),
        )
    )
    return Spike(fusion, before, after)


def catalogue_spikes(
    catalogue: Catalogue, reference: Reference, settings: FilterSettings
) -> tuple[Spike, ...]:
    """The junctions of a catalogue that this bundle has between the same genes, in its order.

    Raises:
        InputError: there is none; the catalogue is of another genome build.
    """
    spelt = {contig_key(name): name for name in reference.contigs}
    found: dict[tuple[str, str], Spike] = {}
    for pair in catalogue.pairs:
        for places in pair.junctions:
            known = [parse_breakpoint(place) for place in places]
            sides = [(spelt.get(contig, ""), at, strand) for contig, at, strand in known]
            if any(at >= reference.contigs.get(contig, 0) for contig, at, _ in sides):
                continue
            spike = _spike(sides[0], sides[1], reference, settings)
            names = (pair.partner, pair.target)
            if (
                spike
                and spike.is_known
                and (spike.fusion.five.gene, spike.fusion.three.gene) == names
            ):
                found.setdefault(spike.junction, spike)
    if not found:
        what = "no junction of the catalogue lies in its genes on this reference"
        cure = "Name junctions of it: --fusion ETV6:5-NTRK3:15"
        raise InputError(what, where=reference.path, cure=cure)
    count = sum(len(pair.junctions) for pair in catalogue.pairs)
    if len(found) < count:
        what = (
            "their places are not in the same genes here, or beside unknown bases, or stand twice"
        )
        log.warning(
            "%d of %d junctions of the catalogue left out: %s", count - len(found), count, what
        )
    return tuple(found.values())


def groups_of(spikes: Iterable[Spike]) -> tuple[tuple[Spike, ...], ...]:
    """Fusions that go into one sample: one for each target, so that none helps another."""
    groups: list[list[Spike]] = []
    for spike in spikes:
        free = next(
            (
                group
                for group in groups
                if all(each.fusion.target != spike.fusion.target for each in group)
            ),
            None,
        )
        if free is None:
            groups.append([spike])
        else:
            free.append(spike)
    return tuple(tuple(group) for group in groups)


@dataclass(frozen=True, slots=True)
class Planted:
    """What was planted of a fusion into a sample, and what its molecules show by construction."""

    sample: str
    spike: Spike
    molecules: int
    split: int
    spanning: int


def spiked_sample(
    name: str,
    spikes: Sequence[Spike],
    molecules: int,
    library: Library,
    anchor_bp: int,
    seed: Sequence[int],
) -> tuple[SimulatedSample, tuple[Planted, ...]]:
    """Molecules of some fusions, with their truth.

    Args:
        name: of the sample.
        spikes: what is planted.
        molecules: of each.
        library: how the reads look.
        anchor_bp: bases on both sides that make a read a split read.
        seed: of everything that is drawn.

    Raises:
        InputError: so many different molecules do not exist.
    """
    random = np.random.default_rng(list(seed))
    made: list[SimulatedMolecule] = []
    planted = []
    for spike in spikes:
        kinds = []
        for drawn in _drawn(spike, molecules, library, random):
            read_name = f"SPIKE:1:{name}:1:1101:{len(made) + 1}:1"
            made.append(_sequenced(read_name, drawn, library, random))
            kinds.append(_shown(drawn, anchor_bp))
        split, spanning = kinds.count(Kind.SPLIT), kinds.count(Kind.SPANNING)
        planted.append(Planted(name, spike, molecules, split, spanning))
    plan = SamplePlan(name, settings=ReadSettings(is_paired=library.is_paired))
    return SimulatedSample(plan, tuple(made), (), ()), tuple(planted)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A fragment: its bases as transcribed, the junction in it, and the reads that it gets."""

    text: str
    cut: int
    qualities: tuple[str, ...]
    is_flipped: bool

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """The parts that are read, first read first."""
        size = len(self.text)
        ends = (True, False) if self.is_flipped else (False, True)
        return tuple(
            (max(0, size - len(quality)), size) if from_right else (0, min(len(quality), size))
            for quality, from_right in zip(self.qualities, ends, strict=False)
        )


def _drawn(
    spike: Spike, molecules: int, library: Library, random: np.random.Generator
) -> Iterator[_Drawn]:
    """Different fragments that hold the junction."""
    whole, cut = spike.before + spike.after, len(spike.before)
    seen: set[tuple[int, int]] = set()
    for _ in range(molecules):
        for _ in range(_MAX_DRAWS):
            size = min(int(random.choice(library.fragments_bp)), len(whole))
            low, high = max(0, cut - size + 1), min(cut - 1, len(whole) - size)
            start = int(random.integers(low, high + 1)) if low <= high else 0
            if low <= high and (start, size) not in seen:
                break
        else:
            what = f"{spike.fusion.name} cannot give {molecules} different molecules"
            raise InputError(what, cure="Ask for fewer")
        seen.add((start, size))
        qualities = library.qualities[int(random.integers(len(library.qualities)))]
        is_flipped = bool(random.random() >= library.sense_share)
        yield _Drawn(whole[start : start + size], cut - start, qualities, is_flipped)


def _shown(drawn: _Drawn, anchor_bp: int) -> Kind | None:
    """What the reads show of the junction."""
    spans = sorted(drawn.spans)
    sides = [(min(end, drawn.cut) - start, end - max(start, drawn.cut)) for start, end in spans]
    if max(map(min, sides)) >= anchor_bp:
        return Kind.SPLIT
    if len(spans) == 2 and sides[0][0] >= anchor_bp and sides[1][1] >= anchor_bp:
        return Kind.SPANNING
    return None


def _sequenced(
    name: str, drawn: _Drawn, library: Library, random: np.random.Generator
) -> SimulatedMolecule:
    reads = []
    for number, ((start, end), quality) in enumerate(
        zip(drawn.spans, drawn.qualities, strict=True)
    ):
        bases = drawn.text[start:end]
        if drawn.is_flipped is (number == 0):
            bases = reverse_complement(bases)
        reads.append(_with_errors(bases, quality[: len(bases)], random))
    return SimulatedMolecule(name, reads[0], reads[1] if library.is_paired else None)


def _with_errors(bases: str, quality: str, random: np.random.Generator) -> SimulatedRead:
    """Bases with as many substitutions as their qualities say."""
    rates = [10 ** ((33 - ord(letter)) / 10) for letter in quality]
    changed = list(bases)
    for place in np.flatnonzero(random.random(len(bases)) < rates).tolist():
        others = _LETTERS.replace(bases[place], "")
        changed[place] = others[int(random.integers(len(others)))]
    return SimulatedRead("".join(changed), quality)
