"""The reference bundle: one folder with all that a run needs.

| file | what |
| --- | --- |
| `genome.fa.gz` (+ `.fai`, `.gzi`) | the genome, bgzip, upper case |
| `genome.mmi` | minimap2 index, of the whole genome or of what lies beside exons |
| `genes.bed.gz` (+ `.tbi`) | every gene with its transcripts, tabix |
| `targets.json` | the target genes with their domains on this genome |
| `kmers.npz` | k-mers of the target and control genes |
| `donors.npz` | the ends of all annotated exons |
| `manifest.json` | versions, contigs, SHA-256 of the inputs and of every file above |
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pysam

from fusioncall import __version__
from fusioncall.coords import Strand
from fusioncall.donors import DonorIndex
from fusioncall.errors import BundleError, InputError
from fusioncall.files import fingerprint, sha256
from fusioncall.genes import Block, Gene
from fusioncall.kmers import KmerTable
from fusioncall.sequence import reverse_complement
from fusioncall.settings import ReferenceSettings
from fusioncall.targets import Target

_BIN_BITS = 14  # genes are read by stretches of 16,384 bases, as a tabix index holds them

SCHEMA_VERSION = 4
"""Version of the bundle's layout; a bundle of another version is refused."""

GENOME, INDEX, GENES, TARGETS, KMERS, DONORS, MANIFEST = (
    "genome.fa.gz",
    "genome.mmi",
    "genes.bed.gz",
    "targets.json",
    "kmers.npz",
    "donors.npz",
    "manifest.json",
)
FILES = (
    GENOME,
    f"{GENOME}.fai",
    f"{GENOME}.gzi",
    INDEX,
    GENES,
    f"{GENES}.tbi",
    TARGETS,
    KMERS,
    DONORS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """A file as it was when the bundle was built; `fingerprint` as `files.fingerprint` has it."""

    bytes: int
    sha256: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """An input of the bundle."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a bundle was made of. `contigs` holds lengths in bp, in the order of the FASTA."""

    schema: int
    fusioncall: str
    mappy: str
    preset: str
    settings: ReferenceSettings
    name: str
    sources: dict[str, SourceRecord]
    contigs: dict[str, int]
    genes: int
    transcripts: int
    transcripts_on_other_contigs: int
    transcripts_malformed: int
    target_sequence_known: dict[str, float]
    files: dict[str, FileRecord]


class Reference:
    """An open reference bundle.

    Args:
        path: the folder.

    Raises:
        BundleError: it is no bundle, is of another version, or a file was changed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = read_manifest(path)
        check_files(path, self.manifest)
        self.contigs = self.manifest.contigs
        self._genome = pysam.FastaFile(str(path / GENOME))
        self._genes = pysam.TabixFile(str(path / GENES))
        self._known_genes: dict[bytes, Gene] = {}
        self._bins: dict[tuple[str, int], tuple[Gene, ...]] = {}
        self.targets = msgspec.json.decode((path / TARGETS).read_bytes(), type=tuple[Target, ...])

    @cached_property
    def kmers(self) -> KmerTable:
        """k-mers of the targets, in their order, then those of the control genes."""
        with np.load(self.path / KMERS) as arrays:
            return KmerTable(
                kmer_bp=int(arrays["kmer_bp"]),
                names=tuple(arrays["names"].tolist()),
                codes=arrays["codes"],
                owners=arrays["owners"],
                exons=arrays["exons"],
                is_sense=arrays["is_sense"],
                exon_names=tuple(arrays["exon_names"].tolist()),
                tips=arrays["tips"],
                windows=arrays["windows"],
            )

    @cached_property
    def donors(self) -> DonorIndex:
        """The ends of all annotated exons."""
        with np.load(self.path / DONORS) as arrays:
            return DonorIndex(tuple(self.contigs), **{name: arrays[name] for name in arrays})

    @property
    def genome_path(self) -> Path:
        """The genome, as bgzip FASTA with its indices."""
        return self.path / GENOME

    @property
    def index_path(self) -> Path:
        """The minimap2 index."""
        return self.path / INDEX

    def bases(self, contig: str, start: int, end: int) -> str:
        """Forward-strand bases of a 0-based half-open stretch, cut at the contig's ends."""
        length = self.contigs[contig]
        start, end = max(0, start), min(end, length)
        return self._genome.fetch(contig, start, end) if start < end else ""

    def transcribed(self, contig: str, blocks: tuple[Block, ...], strand: Strand) -> str:
        """The bases of blocks in genome order, joined, as transcribed on `strand`."""
        forward = "".join(self.bases(contig, start, end) for start, end in blocks)
        return forward if strand is Strand.FORWARD else reverse_complement(forward)

    def genes_at(self, contig: str, start: int, end: int) -> list[Gene]:
        """The genes that overlap a 0-based half-open stretch, in the order of their start."""
        if start >= end:
            return []
        first, last = max(0, start) >> _BIN_BITS, (end - 1) >> _BIN_BITS
        genes: Iterable[Gene] = self._genes_in(contig, first)
        if last > first:
            bins = range(first, last + 1)
            genes = {
                id(gene): gene for each in bins for gene in self._genes_in(contig, each)
            }.values()
        return [gene for gene in genes if gene.start < end and start < gene.end]

    def _genes_in(self, contig: str, number: int) -> tuple[Gene, ...]:
        """The genes that overlap a bin of a contig, read once."""
        known = self._bins.get((contig, number))
        if known is None:
            place = number << _BIN_BITS, (number + 1) << _BIN_BITS
            is_known = contig in self._genes.contigs
            lines = self._genes.fetch(contig, *place) if is_known else ()
            known = self._bins[contig, number] = tuple(self._gene(line) for line in lines)
        return known

    def _gene(self, line: str) -> Gene:
        packed = line.split("\t", 6)[6].encode()
        gene = self._known_genes.get(packed)
        if gene is None:
            gene = self._known_genes[packed] = msgspec.json.decode(packed, type=Gene)
        return gene

    def genes_called(self, symbol: str) -> tuple[Gene, ...]:
        """The genes of a symbol, in the order of the genome; small letters stand for capitals.

        Raises:
            InputError: the annotation has none; the error names those that are spelt like it.
        """
        wanted, names, found = symbol.upper(), set(), []
        for line in self._all_genes():
            name = line.split("\t", 4)[3].upper()
            names.add(name)
            if name == wanted:
                found.append(self._gene(line))
        if not found:
            near = difflib.get_close_matches(wanted, sorted(names), n=5)
            what = f"the annotation has no gene {symbol}"
            cure = f"Names like it are {', '.join(near)}" if near else "Give the symbol or junction"
            raise InputError(what, where=self.path, cure=cure)
        return tuple(found)

    def _all_genes(self) -> Iterator[str]:
        for contig in self._genes.contigs:
            yield from self._genes.fetch(contig)

    def splice_sites(
        self, contig: str, strand: Strand, positions: npt.NDArray[np.int64]
    ) -> tuple[set[int], set[int]]:
        """The annotated donors and acceptors on a strand in the range of some 0-based positions."""
        low, high = int(positions.min()), int(positions.max()) + 1
        donors: set[int] = set()
        acceptors: set[int] = set()
        for gene in self.genes_at(contig, low, high):
            if gene.strand is strand:
                donors |= gene.donors
                acceptors |= gene.acceptors
        return donors, acceptors

    def target_at(self, contig: str, position: int) -> Target | None:
        """The target gene that spans the 0-based position, if any."""
        for target in self.targets:
            gene = target.gene
            if gene.contig == contig and gene.start <= position < gene.end:
                return target
        return None


def read_manifest(path: Path) -> Manifest:
    """The manifest of a bundle.

    Raises:
        BundleError: there is none, it cannot be read or is of another version.
    """
    manifest = path / MANIFEST
    rebuild = "Build it with this version: fusioncall reference build"
    try:
        packed = manifest.read_bytes()
        schema = msgspec.json.decode(packed)["schema"]
    except FileNotFoundError as error:
        what = f"is no reference bundle: it has no {MANIFEST}"
        cure = "Give the folder that `fusioncall reference build --out` made"
        raise BundleError(what, where=path, cure=cure) from error
    except (OSError, msgspec.DecodeError, KeyError, TypeError) as error:
        raise BundleError(f"cannot be read: {error}", where=manifest, cure=rebuild) from error
    if schema != SCHEMA_VERSION:
        what = f"is a bundle of version {schema}; fusioncall {__version__} reads {SCHEMA_VERSION}"
        raise BundleError(what, where=path, cure=rebuild)
    try:
        return msgspec.json.decode(packed, type=Manifest)
    except msgspec.ValidationError as error:
        raise BundleError(f"does not fit: {error}", where=manifest, cure=rebuild) from error


def check_files(path: Path, manifest: Manifest, digest: str = "fingerprint") -> None:
    """Compare a bundle's files with its manifest.

    Args:
        path: the bundle.
        manifest: its manifest.
        digest: `fingerprint` (quick, at each run) or `sha256` (every byte).

    Raises:
        BundleError: a file is missing or was changed.
    """
    measure = {"fingerprint": fingerprint, "sha256": sha256}[digest]
    cure = "Build the bundle anew: fusioncall reference build"
    unlisted = [name for name in FILES if name not in manifest.files]
    if unlisted:
        what = f"lists no {unlisted[0]}, which this version needs"
        raise BundleError(what, where=path / MANIFEST, cure=cure)
    for name, record in manifest.files.items():
        file = path / name
        if not file.is_file():
            raise BundleError("is missing from the reference bundle", where=file, cure=cure)
        if file.stat().st_size != record.bytes or measure(file) != getattr(record, digest):
            what = "was changed since the reference bundle was built"
            raise BundleError(what, where=file, cure=cure)
