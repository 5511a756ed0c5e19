"""A genome with the size, the repeats and the genes of the human one, of invented bases.

python -m benchmarks.human_size FOLDER --share 1    genome.fa and genes.gtf.gz in FOLDER

What memory and time of an index depend on is like GRCh38 with GENCODE: 24 chromosomes of the human
lengths, a quarter of them old repeats, 60,000 genes with 250,000 transcripts, introns of the human
lengths. The genes of `fusioncall simulate` lie in it with their true introns. A share below 1
gives shorter chromosomes with fewer genes, for smaller machines.
"""

from __future__ import annotations

import argparse
import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pysam
from benchmarks.common import Random, seeded

from fusioncall.coords import Interval, Strand
from fusioncall.resources import resource_path
from fusioncall.world import SimulatedTranscript, World, build_world, read_transcripts
from fusioncall.world_files import Dialect, gtf_lines

CHROMOSOME_BP = {
    "chr1": 248_956_422,
    "chr2": 242_193_529,
    "chr3": 198_295_559,
    "chr4": 190_214_555,
    "chr5": 181_538_259,
    "chr6": 170_805_979,
    "chr7": 159_345_973,
    "chr8": 145_138_636,
    "chr9": 138_394_717,
    "chr10": 133_797_422,
    "chr11": 135_086_622,
    "chr12": 133_275_309,
    "chr13": 114_364_328,
    "chr14": 107_043_718,
    "chr15": 101_991_189,
    "chr16": 90_338_345,
    "chr17": 83_257_441,
    "chr18": 80_373_285,
    "chr19": 58_617_616,
    "chr20": 64_444_167,
    "chr21": 46_709_983,
    "chr22": 50_818_468,
    "chrX": 156_040_895,
    "chrY": 57_227_415,
}
"""Lengths of GRCh38."""

GAP_MAX_BP = 100_000
"""Bases left between two genes of `fusioncall simulate`, of more in reality."""

_LINE_BP = 60
_FLANK_BP = 20_000
_LETTERS = np.frombuffer(b"ACGT", dtype=np.uint8)

Bases = npt.NDArray[np.uint8]
Lengths = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A family of repeats: its length, that of its copies, their share of the genome, their age."""

    name: str
    whole_bp: int
    copy_bp: int
    share: float
    divergence: float


REPEATS = (Repeat("Alu", 300, 300, 0.10, 0.12), Repeat("L1", 6_000, 1_000, 0.15, 0.15))
"""The two largest families of the human genome, roughly."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of gene: how many a whole genome has, and their means.

    Args:
        genes: of a genome of human size.
        exons: of a gene, on average.
        transcripts: of a gene, on average.
        exon_bp: of an exon, median.
        last_bp: of the last exon, median.
        intron_bp: of an intron, median; the mean is 3.6 times as long.
        is_coding: whether it has a coding sequence.
    """

    genes: int
    exons: float
    transcripts: float
    exon_bp: int
    last_bp: int
    intron_bp: int
    is_coding: bool


KINDS = (
    Kind(20_000, 10, 8.5, 125, 1_500, 1_600, True),
    Kind(19_000, 3, 3, 220, 500, 3_000, False),
    Kind(21_000, 1, 1, 300, 300, 0, False),
)
"""Coding genes, long RNAs, and pseudogenes with small RNAs, as in GENCODE."""


def stretched(world: World) -> World:
    """The small world with introns of human length, and long stretches between its genes.

    The bases beside exons stay, so that what `fusioncall simulate` promises of them holds.
    """
    real = {each.refseq_id: each for each in read_transcripts(resource_path("simulated_genes.tsv"))}
    genome: dict[str, str] = {}
    moved: dict[str, SimulatedTranscript] = {}
    for contig, text in world.genome.items():
        here = [each for each in world.transcripts if each.contig == contig]
        random = seeded("stretched", contig)
        cuts = [*_insertions(here, [real.get(each.refseq_id) for each in here], random)]
        ends = [0, *(place for place, _ in cuts), len(text)]
        fill = [_random_bases(random, size).tobytes().decode() for _, size in cuts] + [""]
        pieces = zip(pairwise(ends), fill, strict=True)
        genome[contig] = "".join(text[start:end] + more for (start, end), more in pieces)
        moved |= {each.refseq_id: _moved(each, cuts) for each in here}
    return World(genome, tuple(moved[each.refseq_id] for each in world.transcripts))


def _insertions(
    here: Sequence[SimulatedTranscript],
    real: Sequence[SimulatedTranscript | None],
    random: Random,
) -> Iterator[tuple[int, int]]:
    """Where bases are put into a contig, and how many: in the middle of what is not exonic."""
    small = _merged(exon for each in here for exon in each.exons)
    known = _merged(exon for each in real if each for exon in each.exons)
    for index, (left, right) in enumerate(pairwise(small)):
        inside = any(each.place.start < left[1] < each.place.end for each in here)
        if len(known) == len(small):
            wanted = known[index + 1][0] - known[index][1]
        else:
            wanted = int(random.lognormal(np.log(1_600), 1.6)) if inside else GAP_MAX_BP
        wanted = wanted if inside else min(wanted, GAP_MAX_BP)
        yield (left[1] + right[0]) // 2, max(0, wanted - (right[0] - left[1]))


def _merged(intervals: Iterable[Interval]) -> list[tuple[int, int]]:
    """Stretches of one contig, those joined that overlap or touch."""
    joined: list[tuple[int, int]] = []
    for each in sorted(intervals):
        if joined and each.start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], each.end))
        else:
            joined.append((each.start, each.end))
    return joined


def _moved(transcript: SimulatedTranscript, cuts: Sequence[tuple[int, int]]) -> SimulatedTranscript:
    places = [place for place, _ in cuts]
    sums = [0, *np.cumsum([size for _, size in cuts], dtype=np.int64).tolist()]

    def move(each: Interval) -> Interval:
        by = sums[bisect.bisect_right(places, each.start)]
        to = sums[bisect.bisect_left(places, each.end)]
        return Interval(each.contig, each.start + by, each.end + to)

    return replace(
        transcript,
        exons=tuple(move(exon) for exon in transcript.exons),
        coding=move(transcript.coding),
    )


def shifted(transcript: SimulatedTranscript, by: int) -> SimulatedTranscript:
    """The transcript, some bases further along its contig."""

    def move(each: Interval) -> Interval:
        return Interval(each.contig, each.start + by, each.end + by)

    exons = tuple(move(exon) for exon in transcript.exons)
    return replace(transcript, exons=exons, coding=move(transcript.coding))


def write_human_size(folder: Path, share: float) -> tuple[World, int]:
    """Write genome.fa and genes.gtf.gz.

    Args:
        folder: to write into.
        share: of the human genome's size and number of genes.

    Returns:
        The genes of `fusioncall simulate` as they lie in it, without its genome, and the size in
        bp.
    """
    folder.mkdir(parents=True, exist_ok=True)
    core = stretched(build_world())
    placed: list[SimulatedTranscript] = []
    total = 0
    with (
        (folder / "genome.fa").open("wb") as fasta,
        pysam.BGZFile(str(folder / "genes.gtf.gz"), "wb", None) as gtf,
    ):
        for contig, real_bp in CHROMOSOME_BP.items():
            bases, transcripts, own = _contig(contig, int(real_bp * share), core, share)
            total += bases.size
            _write_fasta(fasta, contig, bases)
            lines = gtf_lines(World({contig: ""}, transcripts), Dialect.GENCODE)
            gtf.write("".join(f"{line}\n" for line in lines).encode())
            placed += own
    return World({}, tuple(placed)), total


def _contig(
    contig: str, length_bp: int, core: World, share: float
) -> tuple[Bases, tuple[SimulatedTranscript, ...], list[SimulatedTranscript]]:
    """The bases of a chromosome, all its transcripts, and those of `fusioncall simulate`."""
    random = seeded("human size", contig)
    text = core.genome.get(contig, "")
    length_bp = max(length_bp, len(text) + 4 * _FLANK_BP)
    bases = _random_bases(random, length_bp)
    _add_repeats(bases, random)
    start = length_bp // 3
    start = min(start, length_bp - len(text) - _FLANK_BP)
    bases[start : start + len(text)] = np.frombuffer(text.encode(), dtype=np.uint8)
    own = [shifted(each, start) for each in core.transcripts if each.contig == contig]
    part = share * CHROMOSOME_BP[contig] / sum(CHROMOSOME_BP.values())
    rooms = ((_FLANK_BP, start - _FLANK_BP), (start + len(text) + _FLANK_BP, length_bp - _FLANK_BP))
    invented: list[SimulatedTranscript] = []
    for room in rooms:
        count = part * (room[1] - room[0]) / length_bp
        invented += _genes(contig, room, count, random)
    _add_splice_sites(bases, invented)
    return bases, (*own, *invented), own


def _random_bases(random: Random, size: int) -> Bases:
    return _LETTERS[random.integers(0, 4, size, dtype=np.uint8)]


def _add_repeats(bases: Bases, random: Random) -> None:
    for family in REPEATS:
        whole = _random_bases(seeded(family.name), family.whole_bp)
        count = int(bases.size * family.share / family.copy_bp)
        for _ in range(0, count, 1000):
            starts = random.integers(0, family.whole_bp - family.copy_bp + 1, 1000)
            copies = whole[starts[:, None] + np.arange(family.copy_bp)]
            wrong = random.random(copies.shape, dtype=np.float32) < family.divergence
            copies[wrong] = _random_bases(random, int(wrong.sum()))
            places = random.integers(0, bases.size - family.copy_bp, 1000)
            bases[places[:, None] + np.arange(family.copy_bp)] = copies


def _genes(
    contig: str, room: tuple[int, int], share: float, random: Random
) -> Iterator[SimulatedTranscript]:
    """Genes side by side in random order, as many as that share of a genome has."""
    made = []
    for kind in KINDS:
        made += [(kind, _structure(kind, random)) for _ in range(round(kind.genes * share))]
    free = room[1] - room[0] - sum(int(ends[-1]) for _, (_, ends) in made)
    while free < 0 and made:
        free += int(made.pop()[1][1][-1])
    gaps = np.diff(np.sort(random.integers(0, max(free, 0) + 1, len(made))), prepend=0)
    at = room[0]
    for number, index in enumerate(random.permutation(len(made)).tolist()):
        kind, (starts, ends) = made[index]
        at += int(gaps[number])
        name = f"{contig[3:]}{room[0]:09d}{number:05d}"
        yield from _transcripts(name, contig, kind, (starts + at, ends + at), random)
        at += int(ends[-1])


def _structure(kind: Kind, random: Random) -> tuple[Lengths, Lengths]:
    """Starts and ends of a gene's exons, from 0 on."""
    count = int(random.poisson(kind.exons - 1)) + 1 if kind.exons > 1 else 1
    sizes = np.maximum(40, random.lognormal(np.log(kind.exon_bp), 0.5, count).astype(np.int64))
    sizes[-1] = max(40, int(random.lognormal(np.log(kind.last_bp), 0.8)))
    introns = random.lognormal(np.log(max(kind.intron_bp, 1)), 1.6, count - 1)
    steps = sizes[:-1] + np.clip(introns, 80, 500_000).astype(np.int64)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(steps)])
    return starts, starts + sizes


def _transcripts(
    name: str, contig: str, kind: Kind, exons: tuple[Lengths, Lengths], random: Random
) -> Iterator[SimulatedTranscript]:
    """Transcripts of a gene: the whole one, and others that lack some of its exons."""
    blocks = [
        Interval(contig, a, b) for a, b in zip(*(each.tolist() for each in exons), strict=True)
    ]
    strand = Strand.FORWARD if random.random() < 0.5 else Strand.REVERSE
    for number in range(1 + int(random.poisson(kind.transcripts - 1))):
        chosen = [each for each in blocks if not number or random.random() < 0.8] or blocks[:1]
        inner = Interval(contig, chosen[0].start + 10, chosen[-1].end - 10)
        yield SimulatedTranscript(
            gene=f"GENE{name}",
            gene_id=f"ENSG8{name}.1",
            role="invented",
            refseq_id=f"NM_8{name}{number:03d}.1",
            ensembl_id=f"ENST8{name}{number:03d}.1",
            is_mane=not number,
            kinase_aa=None,
            strand=strand,
            exons=tuple(chosen if strand is Strand.FORWARD else chosen[::-1]),
            coding=inner if kind.is_coding else Interval(contig, 0, 0),
        )


def _add_splice_sites(bases: Bases, transcripts: Iterable[SimulatedTranscript]) -> None:
    """Introns run GT..AG in the direction of transcription."""
    for each in transcripts:
        if not each.is_mane:
            continue
        ends = (b"GT", b"AG") if each.strand is Strand.FORWARD else (b"CT", b"AC")
        for intron in each.introns:
            bases[intron.start : intron.start + 2] = np.frombuffer(ends[0], dtype=np.uint8)
            bases[intron.end - 2 : intron.end] = np.frombuffer(ends[1], dtype=np.uint8)


def _write_fasta(stream: object, contig: str, bases: Bases) -> None:
    whole = bases.size // _LINE_BP * _LINE_BP
    lines = np.full((whole // _LINE_BP, _LINE_BP + 1), ord("\n"), dtype=np.uint8)
    lines[:, :_LINE_BP] = bases[:whole].reshape(-1, _LINE_BP)
    stream.write(f">{contig}\n".encode() + lines.tobytes())
    if whole < bases.size:
        stream.write(bases[whole:].tobytes() + b"\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Write genome and annotation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--share", type=float, default=1.0, help="of the human genome's size")
    args = parser.parse_args(argv)
    write_human_size(args.folder, args.share)


if __name__ == "__main__":
    main()
