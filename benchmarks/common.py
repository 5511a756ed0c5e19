"""What the parts of the accuracy benchmark share: worlds, reads, and the way from reads to calls.

Reads go the way of `fusioncall run`: k-mer screen, alignment, calls. Only the files between the
steps are left out where thousands of small samples are called; the functions are the same.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from fusioncall import __version__
from fusioncall.adapters import without_adapters
from fusioncall.align import Aligner
from fusioncall.annotate import annotate
from fusioncall.bundle import BundleInputs, build_bundle
from fusioncall.catalogue import Catalogue
from fusioncall.coords import breakpoint_text
from fusioncall.evaluate import Proportion
from fusioncall.model import (
    AlignmentCounts,
    Call,
    Census,
    Molecule,
    Partner,
    Read,
    ReadNumber,
    SampleCalls,
)
from fusioncall.pipeline import Found, call_molecules
from fusioncall.reference import Reference
from fusioncall.resources import resource_path
from fusioncall.screen import Screen
from fusioncall.sequence import reverse_complement
from fusioncall.settings import Assay, Settings, read_settings
from fusioncall.status import GeneStatus, answers
from fusioncall.steps import CALLS_SCHEMA
from fusioncall.world import World
from fusioncall.world_files import ContigNames, Dialect, write_annotation, write_genome

ANCHOR_BP = 10
"""Bases on each side that make a molecule of the benchmark a supporting one."""

ADAPTERS = ("AGATCGGAAGAGCACACGTCTGAACTCCAGTCA", "AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT")
"""What a sequencer reads behind the end of a fragment: first read, second read."""

_LETTERS = np.frombuffer(b"ACGT", dtype=np.uint8)
_BATCH = 512
_MAX_BATCHES = 40

Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Library:
    """How molecules are sequenced; fragment lengths are normal, cut off at `fragment_min_bp`."""

    read_length_bp: int = 75
    is_paired: bool = True
    error_rate: float = 0.001
    fragment_mean_bp: int = 250
    fragment_sd_bp: int = 50
    fragment_min_bp: int = 75
    has_adapters: bool = False

    @property
    def layout(self) -> str:
        """Short form: 2x75."""
        return f"{2 if self.is_paired else 1}x{self.read_length_bp}"


@dataclass(frozen=True, slots=True)
class Template:
    """A transcript to take fragments from; what lies from `five_end` to `three_start` is inserted.

    Without a junction both are the length of the transcript.
    """

    bases: str
    five_end: int
    three_start: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """A stretch of a template, and whether its first read is read backwards."""

    start: int
    end: int
    is_flipped: bool

    def spans(self, library: Library) -> tuple[tuple[int, int], ...]:
        """The stretches that are read, leftmost first."""
        left = (self.start, min(self.start + library.read_length_bp, self.end))
        right = (max(self.end - library.read_length_bp, self.start), self.end)
        if library.is_paired:
            return (left, right)
        return (right,) if self.is_flipped else (left,)

    def key(self, library: Library) -> tuple[int, int]:
        """What two copies of one molecule share."""
        if library.is_paired:
            return (self.start, self.end)
        return (self.end, 1) if self.is_flipped else (self.start, 0)


def share_text(proportion: Proportion) -> str:
    """A share in percent with its interval; a dot without anything counted."""
    if not proportion.whole:
        return "."
    low, high = (100 * limit for limit in proportion.interval)
    value = 100 * proportion.part / proportion.whole
    return f"{value:.1f} ({low:.1f}-{high:.1f})"


def table_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of a table in Markdown, and an empty one."""
    yield "| " + " | ".join(header) + " |"
    yield "|" + " --- |" * len(header)
    for row in rows:
        yield "| " + " | ".join(map(str, row)) + " |"
    yield ""


def seeded(*words: object) -> Random:
    """A generator of its own for each use, the same on every machine."""
    return np.random.default_rng(zlib.crc32("|".join(map(str, words)).encode()))


def plain_template(bases: str) -> Template:
    """A transcript without a junction."""
    return Template(bases, len(bases), len(bases))


def anchors(
    template: Template, fragment: Fragment, library: Library
) -> tuple[tuple[int, int], bool] | None:
    """Bases on the 5' and 3' side, and whether one read holds both; None without support."""
    sides = [
        (min(end, template.five_end) - start, end - max(start, template.three_start))
        for start, end in fragment.spans(library)
    ]
    best = max(sides, key=min)
    if min(best) >= ANCHOR_BP:
        return best, True
    if library.is_paired and sides[0][0] >= ANCHOR_BP and sides[-1][1] >= ANCHOR_BP:
        return (sides[0][0], sides[-1][1]), False
    return None


def fragments_over(
    template: Template, library: Library, count: int, random: Random, start_at: range | None = None
) -> list[Fragment]:
    """Up to `count` distinct fragments that begin in `start_at` (anywhere when None)."""
    length = len(template.bases)
    low = min(library.fragment_min_bp, length)
    starts_in = start_at or range(length - low + 1)
    found: dict[tuple[int, int], Fragment] = {}
    for _ in range(_MAX_BATCHES):
        sizes = random.normal(library.fragment_mean_bp, library.fragment_sd_bp, _BATCH)
        starts = random.integers(starts_in.start, starts_in.stop, _BATCH)
        flips = random.integers(0, 2, _BATCH)
        for start, size, flip in zip(
            starts.tolist(), np.rint(sizes).astype(int).tolist(), flips.tolist(), strict=True
        ):
            if size >= low and start + size <= length:
                fragment = Fragment(start, start + size, bool(flip))
                found.setdefault(fragment.key(library), fragment)
        if len(found) >= count:
            break
    return list(found.values())[:count]


def many_fragments(
    template: Template, library: Library, count: int, random: Random
) -> list[Fragment]:
    """Fragments at random places, copies included; all of a short transcript if need be."""
    length = len(template.bases)
    sizes = random.normal(library.fragment_mean_bp, library.fragment_sd_bp, count)
    clipped = np.clip(np.rint(sizes).astype(int), min(library.fragment_min_bp, length), length)
    starts = random.integers(0, length - clipped + 1)
    flips = random.integers(0, 2, count).astype(bool)
    return [
        Fragment(start, start + size, flip)
        for start, size, flip in zip(starts.tolist(), clipped.tolist(), flips.tolist(), strict=True)
    ]


def sequenced(
    name: str, template: Template, fragment: Fragment, library: Library, random: Random
) -> Molecule:
    """The reads of a fragment."""
    texts = [template.bases[start:end] for start, end in fragment.spans(library)]
    if library.is_paired:
        texts[1] = reverse_complement(texts[1])
        if fragment.is_flipped:
            texts.reverse()
    elif fragment.is_flipped:
        texts[0] = reverse_complement(texts[0])
    if library.has_adapters:
        size = library.read_length_bp
        tails = [adapter + "G" * size for adapter in ADAPTERS]
        texts = [(text + tail)[:size] for text, tail in zip(texts, tails, strict=False)]
    return molecule_of(name, texts, library.error_rate, random)


def molecule_of(name: str, texts: Sequence[str], error_rate: float, random: Random) -> Molecule:
    """A molecule with these reads, with sequencing errors."""
    numbers = (ReadNumber.FIRST, ReadNumber.SECOND) if len(texts) == 2 else (ReadNumber.SINGLE,)
    reads = (
        Read(number, *_with_errors(text, error_rate, random), ())
        for number, text in zip(numbers, texts, strict=True)
    )
    return Molecule(name, tuple(reads))


def _with_errors(text: str, error_rate: float, random: Random) -> tuple[str, str]:
    wrong = random.random(len(text)) < error_rate
    if not wrong.any():
        return text, "I" * len(text)
    quality = np.where(wrong, np.uint8(ord("+")), np.uint8(ord("I"))).tobytes().decode()
    return substituted(text, np.flatnonzero(wrong), random), quality


def substituted(text: str, places: npt.NDArray[np.int64], random: Random) -> str:
    """The text with another base at each of these places."""
    bases = np.frombuffer(text.encode(), dtype=np.uint8).copy()
    codes = np.searchsorted(_LETTERS, bases[places])
    bases[places] = _LETTERS[(codes + random.integers(1, 4, places.size)) % 4]
    return bases.tobytes().decode()


class Bench:
    """A world with its open bundle: takes molecules, gives calls.

    Args:
        world: genome and transcripts.
        folder: to build the bundle in.
        settings: all thresholds.
    """

    def __init__(self, world: World, folder: Path, settings: Settings) -> None:
        self.world = world
        self.settings = settings
        self.folder = folder
        self.inputs = _bundle_inputs(world, folder)
        build_bundle(self.inputs, folder / "bundle", settings, 1)
        self.reference = Reference(folder / "bundle")
        self.aligner = Aligner(self.reference.index_path, settings.align)
        targets = len(self.reference.targets)
        self._screen = Screen(self.reference.kmers, targets, settings.screen, 1)

    def screened(self, molecules: Sequence[Molecule]) -> list[Molecule]:
        """The molecules that the screen keeps."""
        return self._screen.molecules(molecules)

    def calls(self, molecules: Sequence[Molecule]) -> tuple[Call, ...]:
        """Screen, align, call."""
        return self._found(self.screened(molecules)).calls

    def answers(
        self, kept: Sequence[Molecule], census: Census
    ) -> tuple[tuple[GeneStatus, ...], tuple[Call, ...]]:
        """Align, call, answer: from the kept molecules of a sample and the counts of all."""
        found = self._found(kept)
        made = SampleCalls(
            schema=CALLS_SCHEMA,
            sample="S",
            fusioncall=__version__,
            settings=self.settings,
            reference=self.reference.manifest.name,
            reference_sha256="",
            census=census,
            alignments=AlignmentCounts(),
            molecules=len(kept),
            proposals=found.proposals,
            normal_splices=found.normal_splices,
            calls=found.calls,
            acceptors=found.acceptors,
            insert_sizes=found.insert_sizes,
        )
        annotated = annotate(found.calls, Catalogue(()), self.reference)
        known = self.reference.manifest.target_sequence_known
        shares = {target.name: known[target.name] for target in self.reference.targets}
        assay = Assay.WHOLE_TRANSCRIPTOME
        return answers(made, annotated, shares, assay, self.settings), found.calls

    def _found(self, kept: Sequence[Molecule]) -> Found:
        aligned = self.aligner.align(kept, 1)
        fragments = list(without_adapters(aligned, self.settings.trim))
        return call_molecules(fragments, self.reference, self.settings)


def _bundle_inputs(world: World, folder: Path) -> BundleInputs:
    folder.mkdir(parents=True)
    fasta, gtf = folder / "genome.fa.gz", folder / "genes.gtf.gz"
    write_genome(world, fasta, ContigNames.CHR)
    write_annotation(world, gtf, Dialect.GENCODE)
    return BundleInputs(
        fasta=fasta,
        gtf=gtf,
        targets=resource_path("targets.yaml"),
        controls=resource_path("control_genes.tsv"),
        name="world",
    )


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Both breakpoints of a junction, as in the tables, and what is inserted between them."""

    breakpoint5: str
    breakpoint3: str
    inserted: str = ""


def place_of(call: Call) -> Place:
    """Where a call lies."""
    fusion = call.fusion
    return Place(_breakpoint(fusion.five), _breakpoint(fusion.three), fusion.inserted)


def _breakpoint(partner: Partner) -> str:
    return breakpoint_text(partner.contig, partner.position, partner.strand)


def fastq(molecules: Iterable[Molecule], mate: int) -> Iterable[str]:
    """FASTQ records of one mate, 0 or 1."""
    for each in molecules:
        read = each.reads[mate]
        yield f"@{each.name}\n{read.sequence}\n+\n{read.quality}\n"


def settings_digest(settings: Settings) -> str:
    """SHA-256 of all thresholds, as in provenance.json."""
    return hashlib.sha256(msgspec.json.encode(settings)).hexdigest()


def default_settings() -> Settings:
    """The settings that come with fusioncall."""
    return read_settings()
