"""GTF of GENCODE, Ensembl, RefSeq (NCBI) and UCSC -> genes.

What differs between them and is settled here: the attribute that holds the gene's symbol, version
suffixes, where the biotype and the MANE mark stand, whether the stop codon is part of the CDS, and
the names of the contigs.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from fusioncall.coords import Strand
from fusioncall.errors import BundleError
from fusioncall.files import lacks_bgzf_end
from fusioncall.genes import Block, Gene, Transcript

_ATTRIBUTE = re.compile(r'\s*([^\s;"]+)\s+(?:"([^"]*)"|([^\s;"]+))\s*(?:;|$)')
_SELENOCYSTEINE = "Selenocysteine"
_MODEL_FEATURES = frozenset({"exon", "CDS", "stop_codon", _SELENOCYSTEINE})
_MANE_TAGS = frozenset({"MANE_Select", "MANE Select"})
_PRIMARY_TAGS = _MANE_TAGS | {"Ensembl_canonical"}
_START_MISSING_TAG = "cds_start_NF"
_END_MISSING_TAG = "cds_end_NF"
_ROMAN_ACCESSIONS = {"23": "X", "24": "Y"}
_MITOCHONDRION = "NC_012920"


@dataclass(slots=True)
class _Draft:
    """What has been read of one transcript so far."""

    gene_id: str
    gene_name: str
    biotype: str
    contig: str
    strand: Strand
    exons: list[Block] = field(default_factory=list)
    coding: list[Block] = field(default_factory=list)
    phases: dict[Block, int] = field(default_factory=dict)
    selenocysteines: list[Block] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Annotation:
    """The genes of a GTF that lie on the contigs of a genome, and what was left out."""

    genes: tuple[Gene, ...]
    transcripts_read: int
    transcripts_on_other_contigs: int
    transcripts_malformed: int


def contig_key(name: str) -> str:
    """One name for the several spellings of a human contig.

    >>> [contig_key(name) for name in ("chr1", "1", "NC_000001.11", "chrM", "MT", "NC_000023.11")]
    ['1', '1', '1', 'MT', 'MT', 'X']
    >>> contig_key("KI270706.1")
    'KI270706.1'
    """
    if name.startswith(_MITOCHONDRION):
        return "MT"
    accession = re.fullmatch(r"NC_0000(\d\d)\.\d+", name)
    if accession:
        number = str(int(accession[1]))
        return _ROMAN_ACCESSIONS.get(number, number)
    plain = name[3:] if name.lower().startswith("chr") else name
    return "MT" if plain in {"M", "MT"} else plain


def read_annotation(path: Path, contigs: Mapping[str, int]) -> Annotation:
    """Read the genes of a GTF.

    Args:
        path: GTF, plain or gzip.
        contigs: name and length in bp of each contig of the genome. A gene's contig may be spelt
            otherwise in the GTF (`1` for `chr1`, `NC_000001.11`).

    Raises:
        BundleError: the file cannot be read, is not GTF, or fits no contig of the genome.
    """
    names = {contig_key(name): name for name in contigs} | {name: name for name in contigs}
    drafts: dict[tuple[str, str, str, int], _Draft] = {}
    placements: dict[tuple[str, str, str], int] = {}
    gene_biotypes: dict[str, str] = {}
    for row in _rows(path):
        gene_id = row.attributes.get("gene_id", "")
        if row.feature == "gene":
            gene_biotypes[gene_id] = _biotype(row.attributes, "gene")
            continue
        transcript_id = _versioned(row.attributes, "transcript")
        if not transcript_id:
            continue
        place = (transcript_id, row.contig, row.strand)
        if row.feature == "transcript":
            placements[place] = placements.get(place, -1) + 1
        elif row.feature in _MODEL_FEATURES:
            key = (*place, max(placements.get(place, 0), 0))
            draft = drafts.get(key)
            if draft is None:
                draft = drafts[key] = _draft(row, _genome_name(row.contig, names))
            _add(draft, row)
    return _assemble(path, drafts, gene_biotypes, contigs)


def _add(draft: _Draft, row: _Row) -> None:
    """Put a row of a transcript into its draft."""
    draft.tags |= row.tags
    if row.feature == "exon":
        draft.exons.append(row.block)
    elif row.feature == _SELENOCYSTEINE:
        draft.selenocysteines.append(row.block)
    else:
        draft.coding.append(row.block)
        if row.feature == "CDS":
            draft.phases[row.block] = int(row.frame) if row.frame in {"0", "1", "2"} else 0


@dataclass(frozen=True, slots=True)
class _Row:
    contig: str
    feature: str
    block: Block
    strand: str
    frame: str
    attributes: dict[str, str]
    tags: frozenset[str]


def _rows(path: Path) -> Iterator[_Row]:
    if path.is_file() and lacks_bgzf_end(path):
        raise BundleError("is cut off", where=path, cure="Get the file anew")
    opener = gzip.open if path.suffix in {".gz", ".bgz"} else open
    wanted = _MODEL_FEATURES | {"gene", "transcript"}
    try:
        with opener(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.startswith("#") or not line.strip():
                    continue
                row = _row(line, path, number, wanted)
                if row is not None:
                    yield row
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        what = f"cannot be read as GTF: {error}"
        raise BundleError(what, where=path, cure="Check the path and get the file anew") from error


def _row(line: str, path: Path, number: int, wanted: frozenset[str]) -> _Row | None:
    columns = line.rstrip("\r\n").split("\t")
    if len(columns) != 9 or not (columns[3].isdecimal() and columns[4].isdecimal()):
        raise BundleError(
            f"expected 9 tab-separated GTF columns with numbers in 4 and 5, found {len(columns)}",
            where=f"{path}, line {number}",
            cure="Give a GTF file (not GFF3 or BED)",
        )
    if columns[2] not in wanted:
        return None
    pairs = [(key, quoted or bare) for key, quoted, bare in _ATTRIBUTE.findall(columns[8])]
    if "gene_id" not in dict(pairs):
        raise BundleError(
            "has no gene_id attribute",
            where=f"{path}, line {number}",
            cure="Give a GTF file; GFF3 writes its attributes in another way",
        )
    return _Row(
        contig=columns[0],
        feature=columns[2],
        block=(int(columns[3]) - 1, int(columns[4])),
        strand=columns[6],
        frame=columns[7],
        attributes=dict(pairs),
        tags=frozenset(value for key, value in pairs if key == "tag"),
    )


def _genome_name(contig: str, names: Mapping[str, str]) -> str:
    """The genome's name for a contig of the GTF: the very same one before another spelling."""
    return names.get(contig) or names.get(contig_key(contig), contig)


def _draft(row: _Row, contig: str) -> _Draft:
    attributes = row.attributes
    return _Draft(
        gene_id=_versioned(attributes, "gene"),
        gene_name=attributes.get("gene_name") or attributes.get("gene") or attributes["gene_id"],
        biotype=_biotype(attributes, "gene"),
        contig=contig,
        strand=Strand.REVERSE if row.strand == "-" else Strand.FORWARD,
    )


def _versioned(attributes: Mapping[str, str], kind: str) -> str:
    """The id with its version, which Ensembl writes as an attribute of its own."""
    name = attributes.get(f"{kind}_id", "")
    version = attributes.get(f"{kind}_version", "")
    return f"{name}.{version}" if name and version and "." not in name else name


def _biotype(attributes: Mapping[str, str], kind: str) -> str:
    return attributes.get(f"{kind}_biotype") or attributes.get(f"{kind}_type") or ""


def _assemble(
    path: Path,
    drafts: Mapping[tuple[str, str, str, int], _Draft],
    gene_biotypes: Mapping[str, str],
    contigs: Mapping[str, int],
) -> Annotation:
    genes: dict[tuple[str, str, Strand], list[Transcript]] = {}
    biotypes: dict[str, str] = {}
    elsewhere = malformed = 0
    for (transcript_id, _, _, _), draft in drafts.items():
        if draft.contig not in contigs:
            elsewhere += 1
            continue
        transcript = _transcript(transcript_id, draft, contigs[draft.contig])
        if transcript is None:
            malformed += 1
            continue
        genes.setdefault((draft.gene_id, draft.contig, draft.strand), []).append(transcript)
        unversioned = draft.gene_id.partition(".")[0]
        biotypes[draft.gene_id] = (
            draft.biotype or gene_biotypes.get(draft.gene_id) or gene_biotypes.get(unversioned, "")
        )
    if not genes:
        shown = ", ".join(sorted({draft.contig for draft in drafts.values()})[:3]) or "none"
        raise BundleError(
            f"no transcript lies on a contig of the genome (GTF contigs: {shown}; "
            f"genome contigs: {', '.join(list(contigs)[:3])})",
            where=path,
            cure="Give the GTF and the FASTA of one genome build",
        )
    return Annotation(
        genes=tuple(_genes(genes, biotypes)),
        transcripts_read=len(drafts),
        transcripts_on_other_contigs=elsewhere,
        transcripts_malformed=malformed,
    )


def _transcript(transcript_id: str, draft: _Draft, contig_length: int) -> Transcript | None:
    """The transcript of a draft; None when its exons overlap, are empty or leave the contig."""
    exons = sorted(draft.exons)
    overlap = any(left[1] > right[0] for left, right in pairwise(exons))
    backwards = any(start >= end for start, end in exons)
    if not exons or overlap or backwards or exons[0][0] < 0 or exons[-1][1] > contig_length:
        return None
    starts, ends = zip(*draft.coding, strict=True) if draft.coding else ((), ())
    phase = _first_phase(draft)
    return Transcript(
        id=transcript_id,
        gene_id=draft.gene_id,
        gene_name=draft.gene_name,
        contig=draft.contig,
        strand=draft.strand,
        exons=tuple(exons),
        cds=(min(starts), max(ends)) if starts else None,
        is_primary=not _PRIMARY_TAGS.isdisjoint(draft.tags),
        is_mane=not _MANE_TAGS.isdisjoint(draft.tags),
        cds_phase=phase,
        is_start_known=not phase and _START_MISSING_TAG not in draft.tags,
        is_end_known=_END_MISSING_TAG not in draft.tags,
        selenocysteines=tuple(sorted(draft.selenocysteines)),
    )


def _first_phase(draft: _Draft) -> int:
    """Coding bases before the first whole codon: the frame column of the first CDS row."""
    if not draft.phases:
        return 0
    first = min(draft.phases) if draft.strand is Strand.FORWARD else max(draft.phases)
    return draft.phases[first]


def _genes(
    grouped: Mapping[tuple[str, str, Strand], list[Transcript]], biotypes: Mapping[str, str]
) -> Iterator[Gene]:
    for (gene_id, contig, strand), transcripts in grouped.items():
        for cluster in _clusters(transcripts):
            coding = any(transcript.cds for transcript in cluster)
            yield Gene(
                id=gene_id,
                name=cluster[0].gene_name,
                biotype=biotypes[gene_id] or ("protein_coding" if coding else "unknown"),
                contig=contig,
                strand=strand,
                start=min(transcript.start for transcript in cluster),
                end=max(transcript.end for transcript in cluster),
                transcripts=tuple(sorted(cluster, key=lambda each: each.id)),
            )


def _clusters(transcripts: Iterable[Transcript]) -> Iterator[list[Transcript]]:
    """Transcripts that overlap, directly or through others: one place of a gene on the genome."""
    cluster: list[Transcript] = []
    reach = -1
    for transcript in sorted(transcripts, key=lambda each: (each.start, each.end, each.id)):
        if cluster and transcript.start >= reach:
            yield cluster
            cluster = []
        cluster.append(transcript)
        reach = max(reach, transcript.end)
    if cluster:
        yield cluster
