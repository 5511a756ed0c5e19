"""Building a reference bundle from a genome and its annotation."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import mappy
import msgspec
import numpy as np
import pysam

from fusioncall import __version__
from fusioncall.coords import Strand
from fusioncall.donors import build_index
from fusioncall.errors import BundleError
from fusioncall.files import fingerprint, lacks_bgzf_end, sha256, whole_folder
from fusioncall.genes import Block, Gene, Transcript
from fusioncall.gtf import Annotation, read_annotation
from fusioncall.kmers import KmerTable, build_table, tip_codes, window_codes
from fusioncall.masked import kept_blocks, write_masked
from fusioncall.reference import (
    DONORS,
    FILES,
    GENES,
    GENOME,
    INDEX,
    KMERS,
    MANIFEST,
    SCHEMA_VERSION,
    TARGETS,
    FileRecord,
    Manifest,
    SourceRecord,
)
from fusioncall.sequence import reverse_complement
from fusioncall.settings import Settings
from fusioncall.targets import Target, place_targets, read_panel

log = logging.getLogger(__name__)

_LINE_BP = 60
_PIECE_BP = _LINE_BP << 14  # written at a time: whole lines
_BASES = b"ACGTUNRYSWKMBDHV"


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleInputs:
    """What a bundle is made of; `name` is the name of the genome build."""

    fasta: Path
    gtf: Path
    targets: Path
    controls: Path
    name: str


def build_bundle(inputs: BundleInputs, out: Path, settings: Settings, threads: int) -> Manifest:
    """Make a reference bundle.

    Args:
        inputs: the genome, its annotation and the genes to look for.
        out: the folder to make; an old bundle there is replaced once the new one is whole.
        settings: `reference` and `align.preset` are used.
        threads: for the aligner's index.

    Raises:
        BundleError: an input cannot be used.
        OutputError: the folder cannot be written.
    """
    _refuse_foreign(out)
    with whole_folder(out) as folder:
        log.info("genome: %s", inputs.fasta)
        contigs = _write_genome(inputs.fasta, folder / GENOME)
        log.info("genes: %s", inputs.gtf)
        annotation = read_annotation(inputs.gtf, contigs)
        targets = place_targets(read_panel(inputs.targets), annotation.genes, inputs.gtf)
        _write_genes(annotation.genes, folder / GENES)
        (folder / TARGETS).write_bytes(msgspec.json.format(msgspec.json.encode(targets)))
        _write_donors(annotation.genes, contigs, folder)
        known = _write_kmers(inputs, targets, annotation.genes, folder, settings)
        log.info("aligner index of the %s", settings.reference.index)
        _write_index(folder, annotation.genes, targets, settings, threads)
        manifest = Manifest(
            schema=SCHEMA_VERSION,
            fusioncall=__version__,
            mappy=mappy.__version__,
            preset=settings.align.preset,
            settings=settings.reference,
            name=inputs.name,
            sources=_sources(inputs),
            contigs=contigs,
            genes=len(annotation.genes),
            transcripts=_placed(annotation),
            transcripts_on_other_contigs=annotation.transcripts_on_other_contigs,
            transcripts_malformed=annotation.transcripts_malformed,
            target_sequence_known=known,
            files={name: _record(folder / name) for name in FILES},
        )
        packed = msgspec.json.format(msgspec.json.encode(manifest))
        (folder / MANIFEST).write_bytes(packed + b"\n")
    return manifest


def _refuse_foreign(out: Path) -> None:
    """Refuse to replace a folder that holds anything but the files of a bundle.

    An empty one is taken (Snakemake makes it), as is a bundle that has lost its manifest.
    """
    if out.is_dir():
        foreign = sorted({path.name for path in out.iterdir()} - {*FILES, MANIFEST})
        if not foreign:
            return
        what = f"is a folder that holds {foreign[0]}, which is no file of a reference bundle"
    elif out.exists():
        what = "is a file"
    else:
        return
    raise BundleError(what, where=out, cure="Choose a folder that does not exist yet")


def _sources(inputs: BundleInputs) -> dict[str, SourceRecord]:
    files = {
        "fasta": inputs.fasta,
        "gtf": inputs.gtf,
        "targets": inputs.targets,
        "controls": inputs.controls,
    }
    return {role: SourceRecord(name=path.name, sha256=sha256(path)) for role, path in files.items()}


def _placed(annotation: Annotation) -> int:
    left_out = annotation.transcripts_on_other_contigs + annotation.transcripts_malformed
    return annotation.transcripts_read - left_out


def _record(path: Path) -> FileRecord:
    return FileRecord(bytes=path.stat().st_size, sha256=sha256(path), fingerprint=fingerprint(path))


def _write_genome(fasta: Path, out: Path) -> dict[str, int]:
    """Copy a FASTA as indexed bgzip in upper case; give the length of each contig."""
    contigs: dict[str, int] = {}
    cure = "Give a genome FASTA, plain or gzip"
    if lacks_bgzf_end(fasta):
        raise BundleError("is cut off", where=fasta, cure="Get the file anew")
    try:
        with pysam.FastxFile(str(fasta)) as records, pysam.BGZFile(str(out), "wb", None) as stream:
            for record in records:
                name, sequence = record.name or "", record.sequence or ""
                where = f"{fasta}, contig {name}"
                if record.quality is not None:
                    raise BundleError("is FASTQ, not FASTA", where=fasta, cure=cure)
                if not sequence:
                    raise BundleError("holds no bases", where=where, cure=cure)
                if name in contigs:
                    raise BundleError("appears twice", where=where, cure="Keep one of the two")
                contigs[name] = len(sequence)
                stream.write(f">{name}\n".encode())
                for lines in _in_lines(sequence, where):
                    stream.write(lines)
    except (OSError, ValueError) as error:
        raise BundleError(f"cannot be read as FASTA: {error}", where=fasta, cure=cure) from error
    if not contigs:
        raise BundleError("holds no sequence", where=fasta, cure=cure)
    pysam.faidx(str(out))
    return contigs


def _in_lines(sequence: str, where: str) -> Iterator[bytes]:
    """The bases in upper case and in lines, some lines at a time: a contig can be of 250 Mb."""
    for first in range(0, len(sequence), _PIECE_BP):
        piece = sequence[first : first + _PIECE_BP].upper().encode()
        if piece.translate(None, _BASES):
            what = "holds letters that are no bases"
            raise BundleError(what, where=where, cure="Give a genome FASTA, plain or gzip")
        lines = (piece[start : start + _LINE_BP] for start in range(0, len(piece), _LINE_BP))
        yield b"\n".join(lines) + b"\n"


def _write_genes(genes: Iterable[Gene], out: Path) -> None:
    with pysam.BGZFile(str(out), "wb", None) as stream:
        for gene in sorted(genes, key=lambda each: (each.contig, each.start, each.end, each.id)):
            place = f"{gene.contig}\t{gene.start}\t{gene.end}\t{gene.name}\t0\t{gene.strand.value}"
            stream.write(place.encode() + b"\t" + msgspec.json.encode(gene) + b"\n")
    pysam.tabix_index(str(out), preset="bed", force=True)


def _write_index(
    folder: Path,
    genes: Iterable[Gene],
    targets: Iterable[Target],
    settings: Settings,
    threads: int,
) -> None:
    """Write the minimap2 index of the whole genome, or of what lies beside its exons."""
    source = folder / GENOME
    if settings.reference.index == "exons":
        whole = (target.gene for target in targets)
        kept = kept_blocks(genes, whole, settings.reference.index_flank_bp)
        source = folder / "masked.fa.gz"
        write_masked(folder / GENOME, kept, source)
    preset = settings.align.preset
    index = mappy.Aligner(
        fn_idx_in=str(source), fn_idx_out=str(folder / INDEX), preset=preset, n_threads=threads
    )
    if not index:
        what = f"minimap2 could not index the genome with the preset {preset!r}"
        raise BundleError(what, where=folder / GENOME, cure="Check align.preset in the settings")
    if source != folder / GENOME:
        source.unlink()


def _write_kmers(
    inputs: BundleInputs,
    targets: Iterable[Target],
    genes: Iterable[Gene],
    folder: Path,
    settings: Settings,
) -> dict[str, float]:
    """Write the k-mer table; give the share of each target's coding bases that are not N."""
    controls = _controls(inputs.controls, genes)
    with pysam.FastaFile(str(folder / GENOME)) as genome:
        known = {each.name: _known_share(genome, each) for each in targets}
        for name, share in known.items():
            if share == 0:
                what = f"holds no sequence for the coding exons of {name}, only N"
                raise BundleError(what, where=inputs.fasta, cure="Give a FASTA that holds the gene")
        genes_in_order = (*(target.gene for target in targets), *controls)
        sequences = {
            gene.name: tuple(_bait_sequences(genome, gene, settings)) for gene in genes_in_order
        }
        named = {each.gene.name: each.reference_transcript for each in targets}
        exons = {
            gene.name: _exon_sequences(genome, gene, named.get(gene.name), settings)
            for gene in genes_in_order
        }
        starts = [text for each in targets for text in _exon_starts(genome, each.gene, settings)]
    size = settings.reference.kmer_bp
    baits = (text for each in targets for text in sequences[each.gene.name])
    table = replace(
        build_table(size, sequences, exons),
        tips=tip_codes(starts, size),
        windows=window_codes(baits),
    )
    _save(table, folder / KMERS)
    return known


def _write_donors(genes: Iterable[Gene], contigs: Mapping[str, int], folder: Path) -> None:
    with pysam.FastaFile(str(folder / GENOME)) as genome:

        def transcribe(contig: str, blocks: tuple[Block, ...], strand: Strand) -> str:
            bases = _joined(genome, contig, blocks)
            return bases if strand is Strand.FORWARD else reverse_complement(bases)

        in_order = sorted(genes, key=lambda each: (each.contig, each.start))
        index = build_index(in_order, tuple(contigs), transcribe)
    np.savez(
        folder / DONORS,
        keys=index.keys,
        contig_of=index.contig_of,
        position_of=index.position_of,
        is_forward=index.is_forward,
    )


def _controls(path: Path, genes: Iterable[Gene]) -> list[Gene]:
    """The control genes of `control_genes.tsv` that the annotation has, coding ones only."""
    rows = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    names = [row.split("\t")[0] for row in rows[1:]]
    found: Mapping[str, Gene] = {gene.name: gene for gene in genes if gene.is_coding}
    return [found[name] for name in names if name in found]


def _save(table: KmerTable, path: Path) -> None:
    np.savez(
        path,
        kmer_bp=np.array(table.kmer_bp),
        names=np.array(table.names),
        codes=table.codes,
        owners=table.owners,
        exons=table.exons,
        is_sense=table.is_sense,
        exon_names=np.array(table.exon_names, dtype=np.str_),
        tips=table.tips,
        windows=table.windows,
    )


def _known_share(genome: pysam.FastaFile, target: Target) -> float:
    """Share of the reference transcript's coding bases that the genome has, 0 to 1."""
    carrier = target.numbering_transcript
    bases = _joined(genome, carrier.contig, carrier.coding_blocks)
    return round(1 - bases.count("N") / len(bases), 4)


def _bait_sequences(genome: pysam.FastaFile, gene: Gene, settings: Settings) -> Iterator[str]:
    """Coding transcripts of a gene, spliced, with some UTR; and their exons with some intron."""
    flank = settings.reference.exon_flank_bp
    for transcript in gene.transcripts:
        blocks = _around_coding(transcript, settings.reference.utr_flank_bp)
        if not blocks:
            continue
        yield _as_transcribed(_joined(genome, gene.contig, blocks), gene)
        for start, end in blocks:
            flanked = genome.fetch(gene.contig, max(0, start - flank), end + flank)
            yield _as_transcribed(flanked, gene)


def _exon_sequences(
    genome: pysam.FastaFile, gene: Gene, named: str | None, settings: Settings
) -> dict[int, str]:
    """The numbered exons of one coding transcript, without untranslated bases far from the CDS.

    It is the one of that id, or else the primary one of the annotation, or that which codes for
    most.
    """
    coding = [each for each in gene.transcripts if each.cds]
    chosen = max(
        coding, key=lambda each: (each.id == named, each.is_primary, each.coding_length_bp, each.id)
    )
    made = {}
    for start, end in _around_coding(chosen, settings.reference.utr_flank_bp):
        number = (chosen.exon_index(start) or 0) + 1
        made[number] = _as_transcribed(genome.fetch(gene.contig, start, end), gene)
    return dict(sorted(made.items()))


def _as_transcribed(bases: str, gene: Gene) -> str:
    return bases if gene.strand is Strand.FORWARD else reverse_complement(bases)


def _exon_starts(genome: pysam.FastaFile, gene: Gene, settings: Settings) -> Iterator[str]:
    """The first transcribed bases, too few for a k-mer, of every exon that follows another one."""
    size = settings.reference.kmer_bp - 1
    for position in sorted(gene.acceptors):
        if not any(each.cds and each.is_acceptor(position) for each in gene.transcripts):
            continue
        if gene.strand is Strand.FORWARD:
            yield genome.fetch(gene.contig, position, position + size)
        else:
            start = max(0, position + 1 - size)
            yield reverse_complement(genome.fetch(gene.contig, start, position + 1))


def _around_coding(transcript: Transcript, utr_bp: int) -> tuple[Block, ...]:
    """The exons cut to the coding part and `utr_bp` transcribed bases on each side of it."""
    if transcript.cds is None:
        return ()
    bases = [(start, end) for start, end in transcript.exons]
    before = _trim(bases[::-1], transcript.cds[0], utr_bp, upstream=True)
    after = _trim(bases, transcript.cds[1], utr_bp, upstream=False)
    cut = ((max(start, before), min(end, after)) for start, end in bases)
    return tuple((start, end) for start, end in cut if start < end)


def _trim(exons: list[Block], edge: int, utr_bp: int, *, upstream: bool) -> int:
    """The genome position that lies `utr_bp` exonic bases beyond an edge of the coding part."""
    left = utr_bp
    position = edge
    for start, end in exons:
        if upstream and start < edge:
            top = min(end, edge)
            position = max(start, top - left)
            left -= top - position
        elif not upstream and end > edge:
            bottom = max(start, edge)
            position = min(end, bottom + left)
            left -= position - bottom
        if left == 0:
            break
    return position


def _joined(genome: pysam.FastaFile, contig: str, blocks: Iterable[Block]) -> str:
    return "".join(genome.fetch(contig, start, end) for start, end in blocks)
