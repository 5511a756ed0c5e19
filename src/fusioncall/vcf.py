"""Candidates -> VCF: each junction as two breakend records that name each other.

The record of each side stands at the last base kept there. With p the mate's position, t the base
here and i the inserted bases (on the forward strand of this side):

    this side keeps LEFT    ti[p[  mate keeps RIGHT      ti]p]  mate keeps LEFT
    this side keeps RIGHT   ]p]it  mate keeps LEFT       [p[it  mate keeps RIGHT
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pysam
from pysam import bcftools

from fusioncall import __version__
from fusioncall.annotate import AnnotatedCall
from fusioncall.carry_over import VERDICTS
from fusioncall.coords import Breakend, Side, Strand
from fusioncall.files import whole_file
from fusioncall.junctions import shifts_bp
from fusioncall.model import Call, Fusion, Partner
from fusioncall.nomenclature import junction_of
from fusioncall.reference import Reference
from fusioncall.results import (
    SampleResults,
    bases_before,
    filter_meaning,
)
from fusioncall.sequence import reverse_complement
from fusioncall.tables import UNKNOWN, fusion_row

INFO_FIELDS = (
    ("SVTYPE", 1, "String", "Type of structural variant"),
    ("MATEID", 1, "String", "ID of the record of the other side"),
    ("EVENT", 1, "String", "Junction that both records describe"),
    ("SIDE", 1, "String", "Which side of the fused transcript this record is: 5 or 3"),
    ("STRAND", 1, "String", "Strand of transcription at this side"),
    ("FUSION", 1, "String", "Both genes, the 5' gene first"),
    ("GENE", 1, "String", "Gene at this side"),
    ("GENEID", 1, "String", "Gene id in the annotation"),
    ("TARGET", 1, "String", "Target gene concerned"),
    ("CLASS", 1, "String", "What the junction means for the target gene"),
    ("FRAME", 1, "String", "What translation from the 5' gene does at the junction"),
    ("HGVS", 1, "String", "The junction as HGVS writes adjoined transcripts"),
    ("CONFIDENCE", 1, "String", "How sure the call is: high, medium or low"),
    ("IMPRECISE", 0, "Flag", "No read crosses the junction: the places are estimated"),
    ("CIPOS", 2, "Integer", "By how many bases the join can be moved without a change"),
    ("HOMLEN", 1, "Integer", "Bases that both sides share at the junction"),
    ("HOMSEQ", 1, "String", "These bases, on the forward strand"),
)
"""INFO keys with number, type and description."""

FORMAT_FIELDS = (
    ("SPLIT", 1, "Integer", "Molecules with a read across the junction"),
    ("SPAN", 1, "Integer", "Molecules whose mates lie on the two sides, none across it"),
)
"""FORMAT keys, likewise."""


@dataclass(frozen=True, slots=True)
class _Record:
    """One breakend as VCF tells it; `position` is 0-based."""

    name: str
    mate: str
    event: str
    side: str
    partner: Partner
    end: Breakend
    other: Breakend
    annotated: AnnotatedCall

    @property
    def call(self) -> Call:
        """The candidate."""
        return self.annotated.call


def write_vcf(path: Path, results: SampleResults, reference: Reference) -> None:
    """Write every candidate as bgzip VCF, with a tabix index beside it.

    The same results give the same bytes: the header holds no date and no path.
    """
    ranks = {contig: rank for rank, contig in enumerate(reference.contigs)}
    records = sorted(
        _records(results), key=lambda each: (ranks[each.end.contig], each.end.position, each.name)
    )
    header = _header(results, reference)
    with whole_file(path.with_name(f"{path.name}.tbi")) as index, whole_file(path) as temporary:
        with pysam.VariantFile(str(temporary), "wz", header=header) as vcf:
            for record in records:
                vcf.write(_line(record, vcf, reference))
        bcftools.index("--tbi", "--output", str(index), str(temporary), catch_stdout=False)


def alternative(base: str, inserted: str, end: Breakend, other: Breakend) -> str:
    """ALT of a breakend.

    Args:
        base: at the breakend, forward strand.
        inserted: bases between the two sides, on the forward strand of this side.
        end: this side.
        other: the mate.

    >>> left, right = Breakend("chr1", 9, Side.LEFT), Breakend("chr2", 19, Side.RIGHT)
    >>> alternative("A", "GG", left, right), alternative("C", "GG", right, left)
    ('AGG[chr2:20[', ']chr1:10]GGC')
    """
    bracket = "[" if other.keeps is Side.RIGHT else "]"
    mate = f"{bracket}{other.contig}:{other.position + 1}{bracket}"
    return f"{base}{inserted}{mate}" if end.keeps is Side.LEFT else f"{mate}{inserted}{base}"


def _header(results: SampleResults, reference: Reference) -> pysam.VariantHeader:
    header = pysam.VariantHeader()
    header.add_meta("source", f"fusioncall {__version__}")
    header.add_meta("reference", reference.manifest.sources["fasta"].name)
    for contig, size in reference.contigs.items():
        header.contigs.add(contig, length=size, assembly=reference.manifest.name)
    for name in VERDICTS:
        told = filter_meaning(name).replace('"', "'")
        header.filters.add(name, None, None, f"Not met: {told}")
    for name, number, kind, told in INFO_FIELDS:
        header.info.add(name, number, kind, told)
    for name, number, kind, told in FORMAT_FIELDS:
        header.formats.add(name, number, kind, told)
    header.add_sample(results.sample)
    return header


def _records(results: SampleResults) -> Iterator[_Record]:
    """Both breakends of every candidate; candidates are numbered in the order of the tables."""
    for number, annotated in enumerate(results.annotated, start=1):
        fusion = annotated.call.fusion
        junction = junction_of(fusion)
        donor, acceptor = junction.donor, junction.acceptor
        event = f"junction{number}"
        sides = (
            ("5", "3", fusion.five, donor, acceptor),
            ("3", "5", fusion.three, acceptor, donor),
        )
        for side, mate, partner, end, other in sides:
            names = (f"{event}_{side}", f"{event}_{mate}", event, side)
            yield _Record(*names, partner, end, other, annotated)


def _line(record: _Record, vcf: pysam.VariantFile, reference: Reference) -> pysam.VariantRecord:
    fusion, end = record.call.fusion, record.end
    base = reference.bases(end.contig, end.position, end.position + 1)
    inserted = _on_forward(fusion.inserted, record.partner.strand)
    line: pysam.VariantRecord = vcf.new_record(
        contig=end.contig,
        start=end.position,
        id=record.name,
        alleles=(base, alternative(base, inserted, end, record.other)),
        filter=[each.filter for each in record.call.verdicts if not each.passed] or "PASS",
    )
    row = fusion_row("", 0, record.annotated)
    info: dict[str, Any] = {
        "SVTYPE": "BND",
        "MATEID": record.mate,
        "EVENT": record.event,
        "SIDE": record.side,
        "STRAND": record.partner.strand.value,
        "FUSION": _word(fusion.name),
        "GENE": _word(record.partner.gene),
        "GENEID": _word(record.partner.gene_id),
        "TARGET": _word(fusion.target),
        "CLASS": fusion.fusion_class.value,
        "FRAME": row.frame,
        "CONFIDENCE": record.call.confidence.value,
    }
    if row.hgvs_r != UNKNOWN:
        info["HGVS"] = _word(row.hgvs_r)
    if not fusion.support.split_molecules:
        info["IMPRECISE"] = True
    if fusion.homology_bp:
        info |= _homology(fusion, record, reference)
    for key, value in info.items():
        line.info[key] = value
    line.samples[0]["SPLIT"] = fusion.support.split_molecules
    line.samples[0]["SPAN"] = fusion.support.spanning_molecules
    return line


def _homology(fusion: Fusion, record: _Record, reference: Reference) -> dict[str, Any]:
    """How far the join can be moved, along the forward strand, and over which bases."""
    back, on = shifts_bp(junction_of(fusion), reference)
    end, strand = record.end, record.partner.strand
    step = 1 if strand is Strand.FORWARD else -1
    # the shared bases: as many before the join on the donor side as after it on the acceptor side
    last = end.position + step * (on if record.side == "5" else on - 1)
    shared = bases_before(end.contig, last, strand, back + on, reference)
    return {
        "CIPOS": (-back, on) if step > 0 else (-on, back),
        "HOMLEN": back + on,
        "HOMSEQ": _on_forward(shared, strand),
    }


def _on_forward(bases: str, strand: Strand) -> str:
    return bases if strand is Strand.FORWARD else reverse_complement(bases)


def _word(text: str) -> str:
    """Text as INFO can hold it: characters that VCF keeps for itself as `%` and two digits."""
    return quote(text, safe="!\"#$&'()*+-./:<>?@[\\]^_`{|}~")
