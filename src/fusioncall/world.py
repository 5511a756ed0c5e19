"""The small genome that tests, demo and benchmark run on: true gene structures, invented sequence.

`resources/simulated_genes.tsv` holds the real exons. Every stretch that is exonic in any transcript
keeps its true length; what lies between is shrunk by a fixed rule, so that order, strand, nesting,
phases and isoforms stay as in reality while the genome shrinks to about a megabase. The bases are
random, then made to look like genes: introns run GT..AG, each coding sequence starts with ATG and
has no stop codon in frame before its end, in every isoform.

One departure from nature helps to test: within the three targets each coding exon that starts
inside a codon starts with C, so no join of a coding exon to it can make a stop codon of itself.
"""

from __future__ import annotations

import bisect
import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np

from fusioncall.coords import Interval, Strand
from fusioncall.errors import SettingsError
from fusioncall.resources import resource_path
from fusioncall.sequence import complement, reverse_complement

DEFAULT_SEED = 20_240_917
"""Seed of the genome when none is given."""

INTRON_MIN_BP = 200
INTRON_MAX_BP = 1_500
INTRON_BP_PER_LOG = 200
"""An intron shrinks to this many bases times ln(real length / 100 bp), within the two limits."""

GAP_MIN_BP = 2_000
GAP_MAX_BP = 15_000
GAP_SHRINK = 30
"""The stretch between two genes shrinks by this factor, within the two limits."""

FLANK_BP = 2_000
"""Bases before the first and after the last gene of a contig."""

_REPAIR_ROUNDS = 50
_STOPS = ("TAA", "TAG", "TGA")


@dataclass(frozen=True, slots=True)
class SimulatedTranscript:
    """A transcript of the small genome.

    Args:
        gene: symbol.
        gene_id: Ensembl gene id with version.
        role: target, partner, neighbour or control.
        refseq_id: RefSeq id with version.
        ensembl_id: Ensembl id with version.
        is_mane: whether it is known to be the MANE Select transcript.
        kinase_aa: first (0-based) and end residue of the kinase domain, if it has a whole one.
        strand: strand of transcription.
        exons: in the direction of transcription.
        coding: from the outermost coding base to the other, introns and stop codon included.
    """

    gene: str
    gene_id: str
    role: str
    refseq_id: str
    ensembl_id: str
    is_mane: bool
    kinase_aa: tuple[int, int] | None
    strand: Strand
    exons: tuple[Interval, ...]
    coding: Interval

    @property
    def contig(self) -> str:
        """Contig that it lies on."""
        return self.exons[0].contig

    @property
    def place(self) -> Interval:
        """From its first to its last base on the contig."""
        starts, ends = [e.start for e in self.exons], [e.end for e in self.exons]
        return Interval(self.contig, min(starts), max(ends))

    @property
    def length_bp(self) -> int:
        """Length without introns."""
        return sum(len(exon) for exon in self.exons)

    @property
    def coding_exons(self) -> tuple[tuple[int, Interval], ...]:
        """Index (from 0) and coding part of each exon that codes, stop codon included."""
        clipped = (
            (
                index,
                Interval(
                    self.contig,
                    max(exon.start, self.coding.start),
                    min(exon.end, self.coding.end),
                ),
            )
            for index, exon in enumerate(self.exons)
        )
        return tuple((index, part) for index, part in clipped if part.start < part.end)

    @property
    def coding_start_bp(self) -> int:
        """Bases of the transcript before its start codon."""
        index, part = self.coding_exons[0]
        before = sum(len(exon) for exon in self.exons[:index])
        exon = self.exons[index]
        if self.strand is Strand.FORWARD:
            return before + part.start - exon.start
        return before + exon.end - part.end

    @property
    def introns(self) -> tuple[Interval, ...]:
        """Introns in the direction of transcription."""
        ordered = sorted(self.exons)
        gaps = tuple(Interval(self.contig, a.end, b.start) for a, b in pairwise(ordered))
        return gaps if self.strand is Strand.FORWARD else gaps[::-1]


@dataclass(frozen=True, slots=True, repr=False)
class World:
    """A small genome with its transcripts; contigs are named as `chr1` is.

    Args:
        genome: bases of each contig, in the order of the chromosomes.
        transcripts: in the order of the table.
    """

    genome: Mapping[str, str]
    transcripts: tuple[SimulatedTranscript, ...]

    def __repr__(self) -> str:
        return f"<World of {len(self.genome)} contigs, {len(self.transcripts)} transcripts>"

    def bases(self, interval: Interval, strand: Strand) -> str:
        """The bases of an interval, read in the direction of `strand`."""
        text = self.genome[interval.contig][interval.start : interval.end]
        return text if strand is Strand.FORWARD else reverse_complement(text)

    def sequence(self, transcript: SimulatedTranscript) -> str:
        """The spliced sequence of a transcript."""
        return "".join(self.bases(exon, transcript.strand) for exon in transcript.exons)

    def coding_sequence(self, transcript: SimulatedTranscript) -> str:
        """The coding sequence of a transcript, from start to stop codon."""
        return "".join(self.bases(part, transcript.strand) for _, part in transcript.coding_exons)

    def transcript(self, name: str) -> SimulatedTranscript:
        """A transcript by RefSeq or Ensembl id, or the first one of a gene by symbol.

        Raises:
            SettingsError: the small genome has no such gene or transcript.
        """
        for transcript in self.transcripts:
            ids = (transcript.refseq_id, transcript.ensembl_id)
            names = {transcript.gene, *ids, *(text.partition(".")[0] for text in ids)}
            if name in names:
                return transcript
        genes = ", ".join(dict.fromkeys(t.gene for t in self.transcripts))
        raise SettingsError(
            f"the small genome has no gene or transcript named {name!r}",
            cure=f"Take one of its genes ({genes}), or a transcript listed in simulated_genes.tsv",
        )

    def mirrored(self) -> World:
        """The same world read from the other strand: coordinates and strands flipped."""
        genome = {contig: reverse_complement(text) for contig, text in self.genome.items()}
        flipped = (
            replace(
                transcript,
                strand=transcript.strand.opposite,
                exons=tuple(self.mirror_interval(exon) for exon in transcript.exons),
                coding=self.mirror_interval(transcript.coding),
            )
            for transcript in self.transcripts
        )
        return World(genome, tuple(flipped))

    def mirror_interval(self, interval: Interval) -> Interval:
        """Where an interval lies after its contig is reverse-complemented."""
        length = len(self.genome[interval.contig])
        return Interval(interval.contig, length - interval.end, length - interval.start)

    def mirror_position(self, contig: str, position: int) -> int:
        """Where a base lies after its contig is reverse-complemented."""
        return len(self.genome[contig]) - 1 - position


def build_world(seed: int = DEFAULT_SEED, table: Path | None = None) -> World:
    """Build the small genome.

    Args:
        seed: of the random bases; the gene structures do not depend on it.
        table: exon table; the one that comes with fusioncall when left out.
    """
    real = read_transcripts(table or resource_path("simulated_genes.tsv"))
    by_contig = defaultdict(list)
    for transcript in real:
        by_contig[transcript.contig].append(transcript)
    maps = {contig: _Shrink.of(group) for contig, group in by_contig.items()}
    transcripts = tuple(maps[transcript.contig].move(transcript) for transcript in real)
    genome = {}
    for contig in sorted(by_contig, key=_contig_number):
        random = np.random.default_rng([seed, _contig_number(contig)])
        here = [t for t in transcripts if t.contig == contig]
        genome[contig] = _Bases(maps[contig].length_bp, random).with_genes(here)
    return World(genome, transcripts)


def _contig_number(contig: str) -> int:
    return int(contig.removeprefix("chr"))


def read_transcripts(path: Path) -> tuple[SimulatedTranscript, ...]:
    """Read the exon table.

    Raises:
        SettingsError: the table cannot be read or a row cannot be understood.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = list(csv.DictReader((x for x in lines if x[:1] != "#"), delimiter="\t"))
        groups = groupby(rows, key=lambda row: row["refseq_id"])
        return tuple(_transcript_of(list(group)) for _, group in groups)
    except (OSError, KeyError, ValueError) as error:
        raise SettingsError(
            f"the exon table cannot be used ({type(error).__name__}: {error})",
            where=path,
            cure="Restore resources/simulated_genes.tsv from the repository",
        ) from error


def _transcript_of(rows: Sequence[Mapping[str, str]]) -> SimulatedTranscript:
    first = rows[0]
    contig = first["contig"]
    exons = tuple(
        Interval(contig, int(row["exon_start_1based"]) - 1, int(row["exon_end"])) for row in rows
    )
    coding = [row for row in rows if row["cds_end"] != "."]
    kinase = first["kinase_aa"].split("-")
    return SimulatedTranscript(
        gene=first["gene"],
        gene_id=first["gene_id"],
        role=first["role"],
        refseq_id=first["refseq_id"],
        ensembl_id=first["ensembl_id"],
        is_mane=first["mane"] == "yes",
        kinase_aa=None if kinase == ["."] else (int(kinase[0]) - 1, int(kinase[1])),
        strand=Strand(first["strand"]),
        exons=exons,
        coding=Interval(
            contig,
            min(int(row["cds_start_1based"]) for row in coding) - 1,
            max(int(row["cds_end"]) for row in coding),
        ),
    )


def _merged(intervals: Iterable[Interval]) -> Iterator[Interval]:
    """Join intervals of one contig that overlap or touch."""
    current: Interval | None = None
    for interval in sorted(intervals):
        if current is None:
            current = interval
        elif interval.start <= current.end:
            current = replace(current, end=max(current.end, interval.end))
        else:
            yield current
            current = interval
    if current is not None:
        yield current


def shrunk_intron_bp(real_bp: int) -> int:
    """Length of an intron of the small genome.

    >>> [shrunk_intron_bp(length) for length in (90, 400, 20_000, 500_000)]
    [90, 277, 1060, 1500]
    """
    logarithmic = round(INTRON_BP_PER_LOG * math.log(max(real_bp, 100) / 100))
    return min(real_bp, max(INTRON_MIN_BP, min(INTRON_MAX_BP, logarithmic)))


def _shrunk_gap_bp(real_bp: int) -> int:
    return min(real_bp, max(GAP_MIN_BP, min(GAP_MAX_BP, real_bp // GAP_SHRINK)))


@dataclass(frozen=True, slots=True)
class _Shrink:
    """Where each exonic stretch of one real chromosome lies in the small one."""

    real: tuple[Interval, ...]
    starts: tuple[int, ...]

    @classmethod
    def of(cls, transcripts: Sequence[SimulatedTranscript]) -> _Shrink:
        stretches = tuple(_merged(e for t in transcripts for e in t.exons))
        starts = [FLANK_BP]
        for left, right in pairwise(stretches):
            gap = right.start - left.end
            is_intron = any(t.place.start < left.end < t.place.end for t in transcripts)
            shrunk = shrunk_intron_bp(gap) if is_intron else _shrunk_gap_bp(gap)
            starts.append(starts[-1] + len(left) + shrunk)
        return cls(stretches, tuple(starts))

    @property
    def length_bp(self) -> int:
        return self.starts[-1] + len(self.real[-1]) + FLANK_BP

    def interval(self, real: Interval) -> Interval:
        """Move an interval that begins and ends in exonic stretches."""
        return Interval(real.contig, self._base(real.start), self._base(real.end - 1) + 1)

    def _base(self, real: int) -> int:
        index = bisect.bisect_right(self.real, real, key=lambda stretch: stretch.start) - 1
        return self.starts[index] + real - self.real[index].start

    def move(self, transcript: SimulatedTranscript) -> SimulatedTranscript:
        return replace(
            transcript,
            exons=tuple(self.interval(exon) for exon in transcript.exons),
            coding=self.interval(transcript.coding),
        )


class _Bases:
    """The bases of one contig while they are made; bases once fixed are never changed again."""

    def __init__(self, length_bp: int, random: np.random.Generator) -> None:
        letters = np.frombuffer(b"ACGT", dtype=np.uint8)
        self._bases = bytearray(letters[random.integers(0, 4, length_bp)].tobytes())
        self._fixed: set[int] = set()
        self._random = random

    def with_genes(self, transcripts: Sequence[SimulatedTranscript]) -> str:
        """Write splice sites, start and stop codons, remove other stop codons in frame."""
        for transcript in transcripts:
            for intron in transcript.introns:
                positions = _positions([intron], transcript.strand)
                self._fix(positions[:2], "GT", transcript)
                self._fix(positions[-2:], "AG", transcript)
        for transcript in transcripts:
            coding = _positions([part for _, part in transcript.coding_exons], transcript.strand)
            self._fix(coding[:3], "ATG", transcript)
            self._fix(coding[-3:], str(self._random.choice(_STOPS)), transcript)
            if transcript.role == "target":
                self._start_exons_with_c(transcript)
        for _ in range(_REPAIR_ROUNDS):
            if not sum(self._remove_stops(transcript) for transcript in transcripts):
                return self._bases.decode("ascii")
        message = f"stop codons remain in frame on {transcripts[0].contig}: use another seed"
        raise ValueError(message)

    def _fix(self, positions: Sequence[int], text: str, transcript: SimulatedTranscript) -> None:
        """Write bases in the direction of transcription, unless another isoform has done so."""
        if all(position in self._fixed for position in positions):
            return
        bases = text if transcript.strand is Strand.FORWARD else complement(text)
        for position, base in zip(positions, bases, strict=True):
            if position in self._fixed and chr(self._bases[position]) != base:
                message = f"{transcript.refseq_id}: two genes claim {transcript.contig}:{position}"
                raise ValueError(message)
            self._bases[position] = ord(base)
            self._fixed.add(position)

    def _start_exons_with_c(self, transcript: SimulatedTranscript) -> None:
        coding_bp = 0
        for _, part in transcript.coding_exons:
            positions = _positions([part], transcript.strand)
            if coding_bp % 3:
                self._fix(positions[:1], "C", transcript)
            coding_bp += len(part)

    def _remove_stops(self, transcript: SimulatedTranscript) -> int:
        """Put a C into each stop codon in frame, and say how many there were.

        No stop codon has a C, so none can arise in another isoform; in a gene of the other strand
        (one exon of NTRK1 lies on one of INSRR) one can, and is removed in the next round.
        """
        positions = _positions([part for _, part in transcript.coding_exons], transcript.strand)
        is_forward = transcript.strand is Strand.FORWARD
        removed = 0
        for first in range(0, len(positions) - 3, 3):
            codon = positions[first : first + 3]
            text = "".join(chr(self._bases[position]) for position in codon)
            if (text if is_forward else complement(text)) in _STOPS:
                free = [position for position in codon if position not in self._fixed]
                chosen = free[int(self._random.integers(len(free)))]
                self._bases[chosen] = ord("C" if is_forward else "G")
                removed += 1
        return removed


def _positions(parts: Iterable[Interval], strand: Strand) -> list[int]:
    """The bases of some intervals in the direction of transcription."""
    if strand is Strand.FORWARD:
        return [position for part in parts for position in range(part.start, part.end)]
    return [position for part in parts for position in range(part.end - 1, part.start - 1, -1)]
