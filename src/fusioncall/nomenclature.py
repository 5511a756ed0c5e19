"""Names of a fusion: HGNC, HGVS, VICC, and its breakends with the genome build.

HGNC: Bruford 2021 (doi:10.1038/s41375-021-01436-6). HGVS: adjoined transcripts at the RNA level
(hgvs-nomenclature.org, recommendations, RNA; after SVD-WG007). VICC: Gene Fusion Specification
(fusions.cancervariants.org), as fusor writes it.
"""

from __future__ import annotations

import re

from fusioncall.coords import Breakend, Strand, breakpoint_text, parse_breakpoint
from fusioncall.genes import Transcript, offset_in
from fusioncall.model import Fusion, FusionClass, Junction
from fusioncall.transcripts import TranscriptEnd, TranscriptPair

JOINER = "::"
UNKNOWN_GENE = "?"
_BREAKENDS = re.compile(r"([^:]+):(.+?:\d+:[+-])::(?:([ACGTN]+)::)?(.+?:\d+:[+-])")


def hgnc_name(fusion: Fusion) -> str:
    """`ETV6::NTRK3`; a transcript that reads through two neighbours takes a hyphen."""
    joiner = "-" if fusion.fusion_class is FusionClass.READ_THROUGH else JOINER
    return f"{fusion.five.gene}{joiner}{fusion.three.gene}"


def hgvs_rna(pair: TranscriptPair, inserted: str) -> str:
    """The adjoined transcript: `NM_001987.4:r.?_463::NM_001012338.2:r.1397_?`.

    The outer ends are `?`, because only the junction was sequenced. Inserted bases stand between
    the two in the letters of RNA. A place in an intron, which a transcript has not, is written with
    the contig in front: `chr12(NM_001987.4):r.?_463+30`.
    """
    five = f"{_reference(pair.five)}:r.?_{rna_position(pair.five)}"
    three = f"{_reference(pair.three)}:r.{rna_position(pair.three)}_?"
    linker = [inserted.lower().replace("t", "u")] if inserted else []
    return JOINER.join([five, *linker, three])


def _reference(end: TranscriptEnd) -> str:
    transcript = end.transcript
    if transcript.exon_index(end.position) is None:
        return f"{transcript.contig}({transcript.id})"
    return transcript.id


def rna_position(end: TranscriptEnd) -> str:
    """Where one side lies, as HGVS counts: from the start codon, else from the first base.

    `-5` lies before the start codon and `*5` behind the stop codon. A base of an intron is named by
    the nearest exon, and by the one before it when both are as near: `463+30`, `464-12`.
    """
    transcript, position = end.transcript, end.position
    if transcript.exon_index(position) is not None:
        return _exon_position(transcript, position)
    start, stop = next(each for each in transcript.introns if each[0] <= position < each[1])
    is_forward = transcript.strand is Strand.FORWARD
    after_exon = position - start + 1 if is_forward else stop - position
    before_exon = stop - position if is_forward else position - start + 1
    upstream, downstream = (start - 1, stop) if is_forward else (stop, start - 1)
    if after_exon <= before_exon:
        return f"{_exon_position(transcript, upstream)}+{after_exon}"
    return f"{_exon_position(transcript, downstream)}-{before_exon}"


def _exon_position(transcript: Transcript, position: int) -> str:
    """The number of an exonic base, 0-based on the contig."""
    offset = offset_in(transcript.exons, position, transcript.strand)
    if offset is None:
        message = f"{position} lies in no exon of {transcript.id}"
        raise ValueError(message)
    if transcript.cds is None:
        return str(offset + 1)
    low, high = transcript.cds
    first = low if transcript.strand is Strand.FORWARD else high - 1
    before = offset_in(transcript.exons, first, transcript.strand) or 0
    behind = before + transcript.coding_length_bp
    if offset < before:
        return str(offset - before)
    return f"*{offset - behind + 1}" if offset >= behind else str(offset - before + 1)


def vicc_name(five: TranscriptEnd | None, inserted: str, three: TranscriptEnd | None) -> str:
    """`NM_152263.3(TPM3):e.8::NM_002529.3(NTRK1):e.10`; `?` stands for a side without a gene.

    A junction off the exon's edge gets its offset, as in `e.11+7`: from the last base of the 5'
    exon, from the first base of the 3' exon, positive downstream.
    """
    linker = [inserted] if inserted else []
    return JOINER.join([_segment(five), *linker, _segment(three)])


def _segment(end: TranscriptEnd | None) -> str:
    if end is None:
        return UNKNOWN_GENE
    offset = f"{end.offset_bp:+d}" if end.offset_bp else ""
    return f"{end.transcript.id}({end.gene}):e.{end.exon}{offset}"


def breakends_text(build: str, junction: Junction) -> str:
    """Both breakpoints with the name of the genome: `GRCh38:chr12:11869969:+::chr15:87940753:-`.

    Positions are 1-based; inserted bases stand between the two.
    """
    donor, acceptor = junction.donor, junction.acceptor
    sides = (
        breakpoint_text(donor.contig, donor.position, donor.donor_strand),
        breakpoint_text(acceptor.contig, acceptor.position, acceptor.acceptor_strand),
    )
    linker = [junction.inserted] if junction.inserted else []
    return f"{build}:{JOINER.join([sides[0], *linker, sides[1]])}"


def parse_breakends(text: str) -> tuple[str, Junction]:
    """Read what `breakends_text` writes.

    >>> build, junction = parse_breakends("GRCh38:chr12:11869969:+::ACG::chr15:87940753:-")
    >>> breakends_text(build, junction)
    'GRCh38:chr12:11869969:+::ACG::chr15:87940753:-'

    Raises:
        ValueError: the text is something else.
    """
    match = _BREAKENDS.fullmatch(text)
    if match is None:
        message = f"expected build:breakpoint::breakpoint, got {text!r}"
        raise ValueError(message)
    build, five, inserted, three = match.groups()
    junction = Junction(
        Breakend.donor(*parse_breakpoint(five)),
        Breakend.acceptor(*parse_breakpoint(three)),
        inserted or "",
    )
    return build, junction


def junction_of(fusion: Fusion) -> Junction:
    """The junction of a named fusion."""
    five, three = fusion.five, fusion.three
    return Junction(
        Breakend.donor(five.contig, five.position, five.strand),
        Breakend.acceptor(three.contig, three.position, three.strand),
        fusion.inserted,
    )
