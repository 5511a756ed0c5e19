"""Reads, molecules and junctions for tests, from few arguments.

A read is cut out of the world's genome, piece by piece, so what it shows is known by construction.
A piece is a stretch of a contig with the strand on which it is read; bases between pieces are given
as text.
"""

from __future__ import annotations

import gzip
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fusioncall.align import Aligner
from fusioncall.annotate import annotate
from fusioncall.catalogue import Catalogue
from fusioncall.coords import Breakend, Strand, parse_breakpoint
from fusioncall.fusions import name_fusion, with_events
from fusioncall.model import (
    AlignmentCounts,
    Call,
    Candidate,
    Census,
    Fusion,
    Junction,
    Molecule,
    Read,
    ReadNumber,
    SampleCalls,
    Segment,
    Support,
)
from fusioncall.plants import Molecules, PlantedFusion, fused_parts, parse_fusion
from fusioncall.reference import Reference
from fusioncall.results import SampleResults
from fusioncall.settings import Assay, FilterSettings, Settings, read_settings
from fusioncall.simulate import ReadSettings, SamplePlan, SimulatedSample, simulate_sample
from fusioncall.status import GeneStatus, answers
from fusioncall.world import SimulatedTranscript, World, reverse_complement

STRAND_PAIRS = tuple(itertools.product(Strand, Strand))


# pieces, segments, reads


@dataclass(frozen=True)
class Piece:
    """A stretch of a contig, 0-based and half-open, read on a strand."""

    contig: str
    start: int
    end: int
    strand: Strand = Strand.FORWARD


def bases_of(world: World, piece: Piece) -> str:
    text = world.genome[piece.contig][piece.start : piece.end]
    return text if piece.strand is Strand.FORWARD else reverse_complement(text)


def segment(
    contig: str, start: int, cigar: str, *, reverse: bool = False, mapq: int = 60, edits: int = 0
) -> Segment:
    """A segment from a whole CIGAR, clips included, in genome order."""
    parts = [(operation, int(size)) for size, operation in re.findall(r"(\d+)([MIDNSH=X])", cigar)]
    inner = [part for part in parts if part[0] not in "SH"]
    first = parts.index(inner[0])
    left = sum(size for _, size in parts[:first])
    right = sum(size for _, size in parts[first + len(inner) :])
    query = sum(size for operation, size in inner if operation in "MI=X")
    before = right if reverse else left
    span = sum(size for operation, size in inner if operation in "MDN=X")
    return Segment(
        contig, start, start + span, reverse, before, before + query, tuple(inner), mapq, edits
    )


def make_read(
    world: World,
    parts: Sequence[Piece | str],
    number: ReadNumber = ReadNumber.SINGLE,
    *,
    mapq: int = 60,
) -> Read:
    """A read of some pieces one after the other; each piece is a segment of its own."""
    texts = [part if isinstance(part, str) else bases_of(world, part) for part in parts]
    sequence = "".join(texts)
    segments = []
    place = 0
    for part, text in zip(parts, texts, strict=True):
        if isinstance(part, Piece):
            size = len(text)
            segments.append(
                Segment(
                    part.contig,
                    part.start,
                    part.end,
                    part.strand is Strand.REVERSE,
                    place,
                    place + size,
                    (("M", size),),
                    mapq,
                    0,
                )
            )
        place += len(text)
    return Read(number, sequence, "I" * len(sequence), tuple(segments))


def flipped(read: Read) -> Read:
    """The same stretch of the molecule, sequenced from its other strand."""
    size = len(read.sequence)
    segments = tuple(
        replace(
            each,
            is_reverse=not each.is_reverse,
            query_start=size - each.query_end,
            query_end=size - each.query_start,
        )
        for each in reversed(read.segments)
    )
    return replace(
        read,
        sequence=reverse_complement(read.sequence),
        quality=read.quality[::-1],
        segments=segments,
    )


def single(name: str, read: Read) -> Molecule:
    return Molecule(name, (replace(read, number=ReadNumber.SINGLE),))


def pair(name: str, first: Read, second: Read) -> Molecule:
    """A molecule of two mates, both given as transcribed; the second one is turned."""
    return Molecule(
        name,
        (
            replace(first, number=ReadNumber.FIRST),
            replace(flipped(second), number=ReadNumber.SECOND),
        ),
    )


def text_read(text: str, number: ReadNumber = ReadNumber.SINGLE) -> Read:
    """A read without alignment."""
    return Read(number, text, "I" * len(text), ())


def text_pair(name: str, fragment: str, read_bp: int) -> Molecule:
    """Both ends of a fragment, without alignment."""
    first = text_read(fragment[:read_bp], ReadNumber.FIRST)
    second = text_read(reverse_complement(fragment[-read_bp:]), ReadNumber.SECOND)
    return Molecule(name, (first, second))


# junctions


def plant(world: World, text: str, **molecules: int) -> PlantedFusion:
    return parse_fusion(world, text, Molecules(**molecules))


def junction_of(fusion: PlantedFusion) -> Junction:
    return Junction(
        Breakend.donor(*parse_breakpoint(fusion.breakpoint5)),
        Breakend.acceptor(*parse_breakpoint(fusion.breakpoint3)),
        fusion.inserted,
    )


def candidate_of(junction: Junction, *, homology_bp: int = 0, mapq: int = 60) -> Candidate:
    """A candidate without proposals: only annotated isoforms are followed."""
    return Candidate(junction, homology_bp, mapq, ())


def candidate(world: World, text: str) -> Candidate:
    return candidate_of(junction_of(plant(world, text)))


def fused_text(world: World, text: str) -> tuple[str, int]:
    """The fused transcript of a specification, and the offset of its first 3' base."""
    five, inserted, three = fused_parts(world, plant(world, text))
    return five + inserted + three, len(five) + len(inserted)


def piece_before(contig: str, position: int, strand: Strand, size: int) -> Piece:
    """The `size` bases of a strand that end with the base at `position`."""
    if strand is Strand.FORWARD:
        return Piece(contig, position - size + 1, position + 1, strand)
    return Piece(contig, position, position + size, strand)


def piece_from(contig: str, position: int, strand: Strand, size: int) -> Piece:
    """The `size` bases of a strand that begin with the base at `position`."""
    return replace(piece_before(contig, position, strand.opposite, size), strand=strand)


def split_parts(junction: Junction, before: int, after: int) -> list[Piece | str]:
    """The parts of a read across a junction, in the direction of transcription."""
    donor, acceptor = junction.donor, junction.acceptor
    left = piece_before(donor.contig, donor.position, donor.donor_strand, before)
    right = piece_from(acceptor.contig, acceptor.position, acceptor.acceptor_strand, after)
    return [left, junction.inserted, right] if junction.inserted else [left, right]


def donor_edge(transcript: SimulatedTranscript, number: int) -> int:
    """The 0-based last base of an exon (counted from 1)."""
    exon = transcript.exons[number - 1]
    return exon.end - 1 if transcript.strand is Strand.FORWARD else exon.start


def acceptor_edge(transcript: SimulatedTranscript, number: int) -> int:
    """The 0-based first base of an exon (counted from 1)."""
    exon = transcript.exons[number - 1]
    return exon.start if transcript.strand is Strand.FORWARD else exon.end - 1


def exon_edges(world: World, role: str | None = None) -> Iterator[tuple[SimulatedTranscript, int]]:
    """All transcripts with the numbers of their exons, the first and last left out."""
    for transcript in world.transcripts:
        if role is None or transcript.role == role:
            for number in range(2, len(transcript.exons)):
                yield transcript, number


def exon_places(transcript: SimulatedTranscript) -> list[int]:
    """All 0-based places of the exons, in the direction of transcription."""
    forward = transcript.strand is Strand.FORWARD
    return [
        place
        for exon in transcript.exons
        for place in (
            range(exon.start, exon.end) if forward else range(exon.end - 1, exon.start - 1, -1)
        )
    ]


def other_base(*bases: str) -> str:
    """A base that is none of these."""
    return min(set("ACGT") - set(bases))


def changed(text: str, places: Iterable[int]) -> str:
    """The text with another base at each of some places."""
    bases = list(text)
    for place in places:
        bases[place] = {"A": "C", "C": "G", "G": "T", "T": "A"}[bases[place]]
    return "".join(bases)


def aligned(
    molecules: Iterable[Molecule], reference: Reference, settings: Settings
) -> list[Molecule]:
    """The molecules with their alignments."""
    return list(Aligner(reference.index_path, settings.align).align(molecules, 1))


# what was counted


def support(split: int = 5, spanning: int = 3, *, anchor_bp: int = 40) -> Support:
    return Support(
        split_molecules=split,
        spanning_molecules=spanning,
        unfused3_molecules=0,
        unfused5_molecules=None,
        rivals=(),
        excess_edits=0,
        misfit_molecules=0,
        copies=0,
        distinct_starts=split + spanning,
        best_anchor_bp=anchor_bp,
        donor_anchor_bp=anchor_bp,
        acceptor_anchor_bp=anchor_bp,
        split_names=tuple(f"split{i}" for i in range(split)),
        spanning_names=tuple(f"spanning{i}" for i in range(spanning)),
    )


def fusion_of(
    candidate: Candidate, counted: Support, reference: Reference, limits: FilterSettings
) -> Fusion:
    """A named fusion that is alone in its sample."""
    (fusion,) = with_events([name_fusion(candidate, counted, reference, limits)])
    return fusion


def census(fragments: int = 200_000, **target_reads: int) -> Census:
    return Census(
        source="fastq",
        fragments=fragments,
        reads=2 * fragments,
        bases=200 * fragments,
        min_read_bp=100,
        max_read_bp=100,
        kept_molecules=sum(target_reads.values()),
        target_reads={"NTRK1": 0, "NTRK2": 0, "NTRK3": 0} | target_reads,
        median_read_bp=100,
        control_reads={"GAPDH": 400},
        exon_depth={"GAPDH": {"1": 30.0, "2": 40.0, "3": 50.0}},
        inputs=(),
    )


def sample_calls(calls: Sequence[Call], counts: Census, **changes: object) -> SampleCalls:
    """Judged calls as those of a sample `S`."""
    made = SampleCalls(
        schema=3,
        sample="S",
        fusioncall="0",
        settings=read_settings(),
        reference="world",
        reference_sha256="",
        census=counts,
        alignments=AlignmentCounts(),
        molecules=0,
        proposals=0,
        normal_splices=0,
        calls=tuple(calls),
    )
    return replace(made, **changes)


def sample_results(
    calls: Sequence[Call], reference: Reference, settings: Settings, name: str = "S"
) -> SampleResults:
    """Judged calls as those of a sample, with the answers; the catalogue is empty."""
    made = sample_calls(calls, census(), sample=name)
    annotated = annotate(calls, Catalogue(()), reference)
    return SampleResults(made, annotated, answers_of(made, reference, settings))


def answers_of(
    made: SampleCalls, reference: Reference, settings: Settings
) -> tuple[GeneStatus, ...]:
    """The answers of a whole-transcriptome sample on a reference that knows all bases."""
    annotated = annotate(made.calls, Catalogue(()), reference)
    shares = {each.name: 1.0 for each in reference.targets}
    return answers(made, annotated, shares, Assay.WHOLE_TRANSCRIPTOME, settings)


# k-mers, by sets of words


def is_complex(word):
    return len({word[i : i + 3] for i in range(len(word) - 2)}) >= 5


def words_of(text, size):
    """The k-mers of a sequence as text, the smaller one of both strands; None where there is N."""
    for i in range(len(text) - size + 1):
        word = text[i : i + size].upper()
        yield min(word, reverse_complement(word)) if set(word) <= set("ACGT") else None


def own_words(size, genes):
    """The words of each gene, by sets; one that several hold is that of the first."""
    sets, taken = [], set()
    for texts in genes.values():
        words = {word for text in texts for word in words_of(text, size) if word}
        sets.append({word for word in words if is_complex(word)} - taken)
        taken |= words
    return sets


def touches(read, size, sets, targets=2, *, windows=(), tips=()):
    """The rule of the screen for one read, base by base.

    `windows` are the 20-base stretches of the targets on both strands, `tips` the words that a
    read may end with.
    """
    own = set().union(*sets[:targets])
    hits = [word in own for word in words_of(read, size)]
    runs = "".join("x" if hit else " " for hit in hits).split()
    upper = read.upper()
    turned = reverse_complement(upper)
    return (
        any(len(run) + size - 1 >= 18 for run in runs)
        or (bool(hits) and (hits[0] or hits[-1]))
        or any(
            sum(a != b for a, b in zip(end, window, strict=True)) <= 2
            for end in (upper[:20], upper[-20:])
            if len(end) == 20
            for window in windows
        )
        or upper[-10:] in tips
        or turned[-10:] in tips
    )


def expected_hits(size, genes, reads):
    """Hits of each read and gene, by sets of words."""
    sets = own_words(size, genes)
    return [[sum(word in each for word in words_of(read, size)) for each in sets] for read in reads]


# samples


def simulated(world: World, *plants: PlantedFusion, name: str = "S", **reads: object):
    """A simulated sample; without sequencing errors and with the anchor of `recount`, as given."""
    library = ReadSettings(**({"error_rate": 0.0, "anchor_bp": 8} | reads))
    return simulate_sample(world, SamplePlan(name, settings=library, plants=plants))


def molecules_of(sample: SimulatedSample) -> list[Molecule]:
    """The molecules of a simulated sample, without alignments, in the order of their names."""
    made = []
    for each in sample.molecules:
        if each.second is None:
            made.append(Molecule(each.name, (text_read(each.first.bases),)))
            continue
        first = text_read(each.first.bases, ReadNumber.FIRST)
        second = text_read(each.second.bases, ReadNumber.SECOND)
        made.append(Molecule(each.name, (first, second)))
    return sorted(made, key=lambda molecule: molecule.name)


def fastq_text(records: Iterable[tuple[str, str]], end: str = "\n") -> str:
    return "".join(
        end.join((f"@{name}", bases, "+", "I" * len(bases), "")) for name, bases in records
    )


def write_fastq(path: Path, records: Iterable[tuple[str, str]], end: str = "\n") -> Path:
    """FASTQ of names and bases, gzip if the name says so."""
    content = fastq_text(records, end).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


class EditedReference:
    """A `Reference` with other bases in some places; genes, targets and donors stay as they are."""

    def __init__(self, reference: Reference, world: World) -> None:
        self._reference = reference
        self.genome = dict(world.genome)

    def __getattr__(self, name: str):
        return getattr(self._reference, name)

    def write(self, contig: str, places: Sequence[int], strand: Strand, text: str) -> None:
        """Write bases of a strand at 0-based places, given in the direction of transcription."""
        bases = list(self.genome[contig])
        for place, base in zip(places, text, strict=True):
            bases[place] = base if strand is Strand.FORWARD else reverse_complement(base)
        self.genome[contig] = "".join(bases)

    def transcribed(self, contig, blocks, strand):
        forward = "".join(self.genome[contig][max(0, start) : end] for start, end in blocks)
        return forward if strand is Strand.FORWARD else reverse_complement(forward)


class SmallReference:
    """As much of a `Reference` as finding exact junctions needs, from bases and exon edges.

    `donors` and `acceptors` are (contig, strand, 0-based position).
    """

    def __init__(self, genome, donors=(), acceptors=()) -> None:
        self.genome = genome
        self.contigs = {contig: len(bases) for contig, bases in genome.items()}
        self._donors, self._acceptors = set(donors), set(acceptors)

    def genes_at(self, contig, start, end):
        """No gene models: only edges."""
        return ()

    def bases(self, contig, start, end):
        return self.genome[contig][start:end]

    def transcribed(self, contig, blocks, strand):
        forward = "".join(self.genome[contig][start:end] for start, end in blocks)
        return forward if strand is Strand.FORWARD else reverse_complement(forward)

    def splice_sites(self, contig, strand, positions):
        low, high = min(positions), max(positions)
        return tuple(
            {
                place
                for on, way, place in sites
                if (on, way) == (contig, strand) and low <= place <= high
            }
            for sites in (self._donors, self._acceptors)
        )
