"""Simulated reads of a sample: planted fusions, wild-type background, and the exact truth.

Molecules are fragments of a fused or wild-type transcript. A fragment is sequenced from both ends,
mates facing inward, or from one end. What it shows of a junction is known by construction:

    split      at least one read covers the junction with `anchor_bp` bases or more on both sides
    spanning   no such read, but the mates lie on opposite sides, with as many bases there

Everything is drawn from one seeded generator and in transcript coordinates, so the same plan gives
the same reads, also in the mirrored world.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fusioncall.errors import SettingsError
from fusioncall.plants import PlantedFusion, fused_parts, fusion_class
from fusioncall.sequence import reverse_complement
from fusioncall.world import World

_BATCH = 4_096
_MAX_BATCHES = 100
_GOOD, _BAD = "I", "+"
_LETTERS = "ACGT"


@enum.unique
class Strandedness(enum.Enum):
    """Which strand of the transcript the first read shows."""

    UNSTRANDED = "unstranded"
    FORWARD = "forward"
    REVERSE = "reverse"


@enum.unique
class Kind(enum.Enum):
    """What a molecule shows of a junction."""

    SPLIT = "split"
    SPANNING = "spanning"


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """How a library is sequenced.

    Args:
        read_length_bp: length of a read; a shorter fragment gives shorter reads, without adapter.
        fragment_mean_bp: mean of the normal distribution of fragment lengths.
        fragment_sd_bp: its standard deviation.
        fragment_min_bp: shorter fragments are not drawn; the read length when None.
        error_rate: probability of a substitution, per base.
        strandedness: `forward` if the first read shows the transcript, `reverse` if its complement.
        is_paired: whether both ends are sequenced.
        anchor_bp: bases on each side of a junction that make a read a split read.
    """

    read_length_bp: int = 100
    fragment_mean_bp: float = 250.0
    fragment_sd_bp: float = 50.0
    fragment_min_bp: int | None = None
    error_rate: float = 0.001
    strandedness: Strandedness = Strandedness.UNSTRANDED
    is_paired: bool = True
    anchor_bp: int = 10

    def __post_init__(self) -> None:
        problems = {
            "the read length must be at least twice the anchor": (
                self.anchor_bp < 1 or self.read_length_bp < 2 * self.anchor_bp
            ),
            "the mean fragment length must be at least 1 bp": self.fragment_mean_bp < 1,
            "the spread of fragment lengths cannot be negative": self.fragment_sd_bp < 0,
            "the shortest fragment must be at least 1 bp": (
                self.fragment_min_bp is not None and self.fragment_min_bp < 1
            ),
            "the error rate must lie between 0 and 1": not 0 <= self.error_rate < 1,
        }
        for problem, is_there in problems.items():
            if is_there:
                raise SettingsError(problem, cure="Change this setting of the simulation")


@dataclass(frozen=True, slots=True)
class SamplePlan:
    """What is sequenced in a sample.

    Args:
        name: of the sample.
        seed: of everything drawn at random.
        settings: how it is sequenced.
        plants: fused transcripts.
        background: wild-type transcripts, each with its number of fragments.
    """

    name: str
    seed: int = 1
    settings: ReadSettings = ReadSettings()
    plants: tuple[PlantedFusion, ...] = ()
    background: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class SimulatedRead:
    """Bases and qualities of one read, as in FASTQ."""

    bases: str
    quality: str


@dataclass(frozen=True, slots=True)
class SimulatedMolecule:
    """The reads of one fragment; `second` is None in single-end data."""

    name: str
    first: SimulatedRead
    second: SimulatedRead | None


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One planted fusion and what of it was sequenced; a row of `truth.tsv`."""

    sample: str
    fusion: str
    gene5: str
    gene3: str
    breakpoint5: str
    breakpoint3: str
    fusion_class: str
    inserted: str
    split_molecules: int
    spanning_molecules: int
    read_length_bp: int
    error_rate: float


@dataclass(frozen=True, slots=True)
class MoleculeRow:
    """What one fragment shows of a planted fusion; a row of `molecules.tsv.gz`.

    Args:
        molecule: number of the molecule within its fusion, from 1; its copies share it.
        kind: what the fragment shows.
        bases5: bases on the 5' side: of the best split read, or of the mate on that side.
        bases3: bases on the 3' side, likewise.
    """

    read_name: str
    fusion: str
    breakpoint5: str
    breakpoint3: str
    molecule: int
    kind: Kind
    bases5: int
    bases3: int


@dataclass(frozen=True, slots=True)
class SimulatedSample:
    """Reads and truth of one sample."""

    plan: SamplePlan
    molecules: tuple[SimulatedMolecule, ...]
    truth: tuple[TruthRow, ...]
    evidence: tuple[MoleculeRow, ...]


@dataclass(frozen=True, slots=True)
class _Template:
    """A transcript to take fragments from; `five_end` to `three_start` is what was inserted."""

    bases: str
    five_end: int
    three_start: int


@dataclass(frozen=True, slots=True)
class _Fragment:
    start: int
    end: int
    is_flipped: bool

    def read_spans(self, settings: ReadSettings) -> tuple[tuple[int, int], ...]:
        """Parts of the transcript that are read, leftmost first."""
        left = (self.start, min(self.start + settings.read_length_bp, self.end))
        right = (max(self.end - settings.read_length_bp, self.start), self.end)
        if settings.is_paired:
            return (left, right)
        return (right,) if self.is_flipped else (left,)


@dataclass(frozen=True, slots=True)
class _Shown:
    kind: Kind
    bases5: int
    bases3: int


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A fragment to be written, and what is to be said of it."""

    template: _Template
    fragment: _Fragment
    plant: PlantedFusion | None = None
    molecule: int = 0
    shown: _Shown | None = None


def simulate_sample(world: World, plan: SamplePlan) -> SimulatedSample:
    """Draw the fragments of a sample, sequence them, and say what they show.

    Args:
        world: genome and transcripts.
        plan: what is sequenced.

    Raises:
        SettingsError: a wanted molecule cannot exist with these read settings.
    """
    random = np.random.default_rng(plan.seed)
    drawn: list[_Drawn] = []
    truth = []
    for plant in plan.plants:
        of_plant = list(_draw_plant(world, plant, plan.settings, random))
        truth.append(_truth_row(world, plan, plant, of_plant))
        drawn.extend(one for one in of_plant for _ in range(plant.molecules.copies))
    for name, fragments in plan.background:
        sequence = world.sequence(world.transcript(name))
        template = _Template(sequence, len(sequence), len(sequence))
        batch = _fragments(len(sequence), plan.settings, random, fragments)
        drawn.extend(_Drawn(template, fragment) for fragment in batch)
    shuffled = [drawn[index] for index in random.permutation(len(drawn))]
    named = [(_read_name(index), one) for index, one in enumerate(shuffled)]
    return SimulatedSample(
        plan,
        tuple(_sequenced(name, one, plan.settings, random) for name, one in named),
        tuple(truth),
        tuple(_molecule_row(name, one) for name, one in named if one.shown is not None),
    )


def _draw_plant(
    world: World, plant: PlantedFusion, settings: ReadSettings, random: np.random.Generator
) -> Iterator[_Drawn]:
    """Fragments of a fused transcript: those wanted by kind, then those at random; no two alike."""
    five, inserted, three = fused_parts(world, plant)
    template = _Template(five + inserted + three, len(five), len(five) + len(inserted))
    wanted = {Kind.SPLIT: plant.molecules.split, Kind.SPANNING: plant.molecules.spanning}
    at_random = plant.molecules.drawn
    seen: set[tuple[int, int]] = set()
    for _ in range(_MAX_BATCHES):
        if not any(wanted.values()) and not at_random:
            return
        for fragment in _fragments(len(template.bases), settings, random, _BATCH):
            if (fragment.start, fragment.end) in seen:
                continue
            shown = _shown(template, fragment, settings)
            if shown is not None and wanted[shown.kind]:
                wanted[shown.kind] -= 1
            elif at_random and not any(wanted.values()):
                at_random -= 1
            else:
                continue
            seen.add((fragment.start, fragment.end))
            yield _Drawn(template, fragment, plant, len(seen), shown)
    if any(wanted.values()) or at_random:
        raise _not_drawn(plant, wanted)


def _not_drawn(plant: PlantedFusion, wanted: dict[Kind, int]) -> SettingsError:
    asked = plant.molecules
    return SettingsError(
        f"{plant.name} cannot give {asked.split} split, {asked.spanning} spanning and "
        f"{asked.drawn} other molecules that differ: {wanted[Kind.SPLIT]} split and "
        f"{wanted[Kind.SPANNING]} spanning ones are missing",
        cure="Ask for fewer or for longer reads; a spanning pair needs paired reads and fragments "
        "longer than both",
    )


def _fragments(
    length_bp: int, settings: ReadSettings, random: np.random.Generator, count: int
) -> Iterator[_Fragment]:
    """Fragments at random places of a transcript."""
    shortest = settings.fragment_min_bp or settings.read_length_bp
    low, high = min(shortest, length_bp), length_bp
    mean, spread = settings.fragment_mean_bp, settings.fragment_sd_bp
    lengths = np.rint(random.normal(mean, spread, count))
    for _ in range(_MAX_BATCHES):
        outside = (lengths < low) | (lengths > high)
        if not outside.any():
            break
        lengths[outside] = np.rint(random.normal(mean, spread, int(outside.sum())))
    sizes = np.clip(lengths, low, high).astype(np.int64)
    starts = random.integers(0, high - sizes + 1)
    flips = random.integers(0, 2, count).astype(bool)
    if settings.strandedness is not Strandedness.UNSTRANDED:
        flips[:] = settings.strandedness is Strandedness.REVERSE
    for start, size, flip in zip(starts.tolist(), sizes.tolist(), flips.tolist(), strict=True):
        yield _Fragment(start, start + size, flip)


def _shown(template: _Template, fragment: _Fragment, settings: ReadSettings) -> _Shown | None:
    """What a fragment shows of the junction of its template."""
    anchor = settings.anchor_bp
    sides = [
        (min(end, template.five_end) - start, end - max(start, template.three_start))
        for start, end in fragment.read_spans(settings)
    ]
    best = max(sides, key=min)
    if min(best) >= anchor:
        return _Shown(Kind.SPLIT, *best)
    left5, right3 = sides[0][0], sides[-1][1]
    if settings.is_paired and left5 >= anchor and right3 >= anchor:
        return _Shown(Kind.SPANNING, left5, right3)
    return None


def _truth_row(
    world: World, plan: SamplePlan, plant: PlantedFusion, drawn: Sequence[_Drawn]
) -> TruthRow:
    kinds = [one.shown.kind for one in drawn if one.shown is not None]
    return TruthRow(
        sample=plan.name,
        fusion=plant.name,
        gene5=plant.gene5,
        gene3=plant.gene3,
        breakpoint5=plant.breakpoint5,
        breakpoint3=plant.breakpoint3,
        fusion_class=fusion_class(world, plant),
        inserted=plant.inserted,
        split_molecules=kinds.count(Kind.SPLIT),
        spanning_molecules=kinds.count(Kind.SPANNING),
        read_length_bp=plan.settings.read_length_bp,
        error_rate=plan.settings.error_rate,
    )


def _molecule_row(name: str, drawn: _Drawn) -> MoleculeRow:
    if drawn.plant is None or drawn.shown is None:
        message = "only a molecule that shows a junction has a row"
        raise ValueError(message)
    plant, shown = drawn.plant, drawn.shown
    return MoleculeRow(
        name,
        plant.name,
        plant.breakpoint5,
        plant.breakpoint3,
        drawn.molecule,
        shown.kind,
        shown.bases5,
        shown.bases3,
    )


def _read_name(index: int) -> str:
    """A name as an Illumina machine gives, which says nothing of the molecule."""
    tile, place = divmod(index, 10_000)
    row, column = divmod(place, 100)
    return f"SIM:1:FC:1:{1101 + tile}:{1000 + 10 * row}:{1000 + 10 * column}"


def _sequenced(
    name: str, drawn: _Drawn, settings: ReadSettings, random: np.random.Generator
) -> SimulatedMolecule:
    spans = drawn.fragment.read_spans(settings)
    texts = [drawn.template.bases[start:end] for start, end in spans]
    flipped = drawn.fragment.is_flipped
    if settings.is_paired:
        texts[1] = reverse_complement(texts[1])
        if flipped:
            texts.reverse()
    elif flipped:
        texts[0] = reverse_complement(texts[0])
    reads = [_with_errors(text, settings.error_rate, random) for text in texts]
    return SimulatedMolecule(name, reads[0], reads[1] if settings.is_paired else None)


def _with_errors(text: str, error_rate: float, random: np.random.Generator) -> SimulatedRead:
    """Substitute bases at random; the quality of a wrong base is low."""
    read = SimulatedRead(text, _GOOD * len(text))
    for place in np.flatnonzero(random.random(len(text)) < error_rate).tolist():
        others = _LETTERS.replace(text[place], "")
        wrong = others[int(random.integers(0, 3))]
        read = SimulatedRead(
            read.bases[:place] + wrong + read.bases[place + 1 :],
            read.quality[:place] + _BAD + read.quality[place + 1 :],
        )
    return read


def background_of(world: World, fragments: int) -> tuple[tuple[str, int], ...]:
    """Spread fragments over all transcripts: control genes most, target genes least.

    Args:
        world: genome and transcripts.
        fragments: number of fragments in all.

    Returns:
        RefSeq id and number of fragments of each transcript.
    """
    weights = [{"control": 20, "target": 1}.get(t.role, 2) for t in world.transcripts]
    ends = np.floor(np.cumsum(weights) * (fragments / sum(weights)) + 1e-9).astype(int).tolist()
    starts = [0, *ends[:-1]]
    counts = [end - start for start, end in zip(starts, ends, strict=True)]
    names = [transcript.refseq_id for transcript in world.transcripts]
    return tuple((n, count) for n, count in zip(names, counts, strict=True) if count)


def mirrored_plan(world: World, plan: SamplePlan) -> SamplePlan:
    """The same plan for `world.mirrored()`."""
    return replace(plan, plants=tuple(plant.mirrored(world) for plant in plan.plants))
