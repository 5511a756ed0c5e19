"""Write the small genome and its annotation to files.

The annotation comes in the three dialects that users have: `gencode`, `ensembl` and `refseq` (as
NCBI writes it), which differ in ids, attributes and contig names. Files hold no time and no path:
the same world gives the same bytes.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pysam

from fusioncall.coords import Interval, Strand
from fusioncall.files import whole_file
from fusioncall.world import SimulatedTranscript, World

_FASTA_LINE = 60
_NCBI_VERSIONS = {
    "chr1": 11,
    "chr2": 12,
    "chr3": 12,
    "chr4": 12,
    "chr5": 10,
    "chr6": 12,
    "chr7": 14,
    "chr8": 11,
    "chr9": 12,
    "chr10": 11,
    "chr11": 10,
    "chr12": 12,
    "chr13": 11,
    "chr14": 9,
    "chr15": 10,
    "chr16": 10,
    "chr17": 11,
    "chr18": 10,
    "chr19": 10,
    "chr20": 11,
    "chr21": 9,
    "chr22": 11,
}
"""Version of each chromosome's RefSeq accession in GRCh38."""


@enum.unique
class Dialect(enum.Enum):
    """Who writes the GTF."""

    GENCODE = "gencode"
    ENSEMBL = "ensembl"
    REFSEQ = "refseq"


@enum.unique
class ContigNames(enum.Enum):
    """How the FASTA names contigs: `chr1` or `1`."""

    CHR = "chr"
    PLAIN = "plain"

    def of(self, contig: str) -> str:
        """The name of a contig that the world calls `chr1`.

        >>> ContigNames.PLAIN.of("chr1")
        '1'
        """
        return contig if self is ContigNames.CHR else contig.removeprefix("chr")


def ncbi_contig(contig: str) -> str:
    """The RefSeq accession of a chromosome of GRCh38.

    >>> ncbi_contig("chr1")
    'NC_000001.11'
    """
    return f"NC_{int(contig.removeprefix('chr')):06d}.{_NCBI_VERSIONS[contig]}"


def write_genome(world: World, path: Path, names: ContigNames) -> None:
    """Write the genome as bgzip-compressed FASTA, which samtools can index."""
    lines = []
    for contig, bases in world.genome.items():
        lines.append(f">{names.of(contig)}\n")
        lines.extend(
            f"{bases[start : start + _FASTA_LINE]}\n" for start in range(0, len(bases), _FASTA_LINE)
        )
    _write_bgzip(path, "".join(lines))


def write_annotation(world: World, path: Path, dialect: Dialect) -> None:
    """Write the transcripts as bgzip-compressed GTF."""
    _write_bgzip(path, "".join(f"{line}\n" for line in gtf_lines(world, dialect)))


def _write_bgzip(path: Path, text: str) -> None:
    with whole_file(path) as temporary, pysam.BGZFile(str(temporary), "wb", None) as stream:
        stream.write(text.encode("ascii"))


@dataclass(frozen=True, slots=True)
class _Writer:
    """What one dialect puts into a row."""

    source: str
    contig: Callable[[str], str]
    gene: Callable[[SimulatedTranscript], str]
    transcript: Callable[[SimulatedTranscript, str, int], str]


def gtf_lines(world: World, dialect: Dialect) -> Iterator[str]:
    """The rows of the annotation, gene after gene along the genome.

    Args:
        world: genome and transcripts.
        dialect: who writes.
    """
    writer = _WRITERS[dialect]
    yield f"#!genome-build fusioncall-simulated {dialect.value}"
    order = {contig: index for index, contig in enumerate(world.genome)}
    by_gene = {
        name: list(group) for name, group in groupby(world.transcripts, key=lambda t: t.gene)
    }
    for group in sorted(
        by_gene.values(), key=lambda g: (order[g[0].contig], min(t.place for t in g), g[0].gene)
    ):
        places = [transcript.place for transcript in group]
        whole = Interval(group[0].contig, min(p.start for p in places), max(p.end for p in places))
        yield _line(writer, group[0], "gene", (whole, "."), writer.gene(group[0]))
        for transcript in group:
            yield from _transcript_lines(writer, transcript)


def _transcript_lines(writer: _Writer, transcript: SimulatedTranscript) -> Iterator[str]:
    for feature, number, place, frame in _features(transcript):
        attributes = writer.transcript(transcript, feature, number)
        yield _line(writer, transcript, feature, (place, frame), attributes)


def _line(
    writer: _Writer,
    transcript: SimulatedTranscript,
    feature: str,
    place_and_frame: tuple[Interval, str],
    attributes: str,
) -> str:
    place, frame = place_and_frame
    contig, strand = writer.contig(place.contig), transcript.strand.value
    columns = (contig, writer.source, feature, place.start + 1, place.end, ".", strand, frame)
    return "\t".join([*map(str, columns), attributes])


def _features(transcript: SimulatedTranscript) -> Iterator[tuple[str, int, Interval, str]]:
    """Feature, exon number, place and frame of each row of a transcript."""
    yield "transcript", 0, transcript.place, "."
    for number, exon in enumerate(transcript.exons, start=1):
        yield "exon", number, exon, "."
    parts = transcript.coding_exons
    length_bp = sum(len(part) for _, part in parts)
    spans = {
        "CDS": (0, length_bp - 3),
        "start_codon": (0, 3),
        "stop_codon": (length_bp - 3, length_bp),
    }
    for feature, (first, end) in spans.items():
        before = 0
        for index, part in parts:
            low, high = max(first - before, 0), min(end - before, len(part))
            if low < high:
                frame = str(-(before + low - first) % 3)
                yield feature, index + 1, _slice(part, low, high, transcript.strand), frame
            before += len(part)


def _slice(part: Interval, low: int, high: int, strand: Strand) -> Interval:
    """Bases `low` to `high` of an interval, counted in the direction of transcription."""
    if strand is Strand.FORWARD:
        return Interval(part.contig, part.start + low, part.start + high)
    return Interval(part.contig, part.end - high, part.end - low)


def _attributes(pairs: Iterable[tuple[str, str]]) -> str:
    return " ".join(f'{key} "{value}";' for key, value in pairs)


def _gencode_gene(transcript: SimulatedTranscript) -> str:
    pairs = [
        ("gene_id", transcript.gene_id),
        ("gene_type", "protein_coding"),
        ("gene_name", transcript.gene),
    ]
    return f"{_attributes(pairs)} level 2;"


def _gencode_transcript(transcript: SimulatedTranscript, feature: str, number: int) -> str:
    pairs = [
        ("gene_id", transcript.gene_id),
        ("transcript_id", transcript.ensembl_id),
        ("gene_type", "protein_coding"),
        ("gene_name", transcript.gene),
        ("transcript_type", "protein_coding"),
        ("transcript_name", f"{transcript.gene}-{transcript.ensembl_id[-4:]}"),
    ]
    exon = f" exon_number {number};" if feature != "transcript" else ""
    tags = [("tag", "basic"), *([("tag", "MANE_Select")] if transcript.is_mane else [])]
    return f"{_attributes(pairs)}{exon} level 2; {_attributes(tags)}"


def _ensembl_gene(transcript: SimulatedTranscript) -> str:
    name, _, version = transcript.gene_id.partition(".")
    return _attributes(
        [
            ("gene_id", name),
            ("gene_version", version),
            ("gene_name", transcript.gene),
            ("gene_source", "ensembl_havana"),
            ("gene_biotype", "protein_coding"),
        ]
    )


def _ensembl_transcript(transcript: SimulatedTranscript, feature: str, number: int) -> str:
    gene, _, gene_version = transcript.gene_id.partition(".")
    name, _, version = transcript.ensembl_id.partition(".")
    return _attributes(
        [
            ("gene_id", gene),
            ("gene_version", gene_version),
            ("transcript_id", name),
            ("transcript_version", version),
            *([("exon_number", str(number))] if feature != "transcript" else []),
            ("gene_name", transcript.gene),
            ("gene_source", "ensembl_havana"),
            ("gene_biotype", "protein_coding"),
            ("transcript_source", "ensembl_havana"),
            ("transcript_biotype", "protein_coding"),
            ("tag", "basic"),
            *([("tag", "MANE_Select")] if transcript.is_mane else []),
        ]
    )


def _refseq_gene(transcript: SimulatedTranscript) -> str:
    return _attributes(
        [
            ("gene_id", transcript.gene),
            ("transcript_id", ""),
            ("gbkey", "Gene"),
            ("gene", transcript.gene),
            ("gene_biotype", "protein_coding"),
        ]
    )


def _refseq_transcript(transcript: SimulatedTranscript, feature: str, number: int) -> str:
    is_rna = feature in {"transcript", "exon"}
    return _attributes(
        [
            ("gene_id", transcript.gene),
            ("transcript_id", transcript.refseq_id),
            ("gbkey", "mRNA" if is_rna else "CDS"),
            ("gene", transcript.gene),
            *([("tag", "MANE Select")] if transcript.is_mane and is_rna else []),
            *([("transcript_biotype", "mRNA")] if is_rna else []),
            *([("exon_number", str(number))] if feature != "transcript" else []),
        ]
    )


_WRITERS = {
    Dialect.GENCODE: _Writer("HAVANA", str, _gencode_gene, _gencode_transcript),
    Dialect.ENSEMBL: _Writer(
        "ensembl_havana", ContigNames.PLAIN.of, _ensembl_gene, _ensembl_transcript
    ),
    Dialect.REFSEQ: _Writer("BestRefSeq", ncbi_contig, _refseq_gene, _refseq_transcript),
}
