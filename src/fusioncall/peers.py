"""Calls in the columns of two other callers, for programs that read those.

`arriba.tsv` has the columns of Arriba 2.5, `star-fusion.tsv` those of STAR-Fusion 1.15. What
fusioncall does not know stands as these callers write it when they do not: a dot.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from fusioncall.annotate import AnnotatedCall
from fusioncall.coords import Breakend, Side, Strand, breakpoint_text
from fusioncall.fusions import is_spliced
from fusioncall.genes import Transcript, position_at
from fusioncall.meaning import PairMeaning
from fusioncall.model import Fusion, Partner, Site
from fusioncall.nomenclature import junction_of
from fusioncall.protein import STOP, Frame
from fusioncall.reference import Reference
from fusioncall.results import (
    SampleResults,
    bases_before,
    bases_from,
    kept_exons,
    transcript_of,
)
from fusioncall.tables import UNKNOWN, write_foreign_table
from fusioncall.transcripts import TranscriptEnd

ARRIBA_COLUMNS = (
    *("#gene1", "gene2", "strand1(gene/fusion)", "strand2(gene/fusion)"),
    *("breakpoint1", "breakpoint2", "site1", "site2", "type"),
    *("split_reads1", "split_reads2", "discordant_mates", "coverage1", "coverage2"),
    *("confidence", "reading_frame", "tags", "retained_protein_domains"),
    *("closest_genomic_breakpoint1", "closest_genomic_breakpoint2"),
    *("gene_id1", "gene_id2", "transcript_id1", "transcript_id2", "direction1", "direction2"),
    *("filters", "fusion_transcript", "peptide_sequence", "read_identifiers"),
)

STAR_FUSION_COLUMNS = (
    *("#FusionName", "JunctionReadCount", "SpanningFragCount", "est_J", "est_S", "SpliceType"),
    *("LeftGene", "LeftBreakpoint", "RightGene", "RightBreakpoint"),
    *("JunctionReads", "SpanningFrags", "LargeAnchorSupport", "FFPM"),
    *("LeftBreakDinuc", "LeftBreakEntropy", "RightBreakDinuc", "RightBreakEntropy", "annots"),
)

# Facts of the two formats, not limits of ours.
_ARRIBA_READ_THROUGH_BP = 400_000
_STAR_FUSION_LARGE_ANCHOR_BP = 25
_STAR_FUSION_ENTROPY_BP = 15
_TRANSCRIPT_BP = 100
_ARRIBA_FRAMES = {
    Frame.IN_FRAME: "in-frame",
    Frame.OUT_OF_FRAME: "out-of-frame",
    Frame.STOP_BEFORE_KINASE: "stop-codon",
    Frame.STOP_BEFORE_3PRIME: "stop-codon",
}


def write_arriba(path: Path, results: SampleResults, reference: Reference) -> None:
    """Write the calls as Arriba would."""
    rows = (_arriba_row(each, reference) for each in results.passing)
    write_foreign_table(path, ARRIBA_COLUMNS, rows)


def write_star_fusion(path: Path, results: SampleResults, reference: Reference) -> None:
    """Write the calls as STAR-Fusion would."""
    fusions = (each.call.fusion for each in results.passing)
    rows = (_star_fusion_row(fusion, results.fragments, reference) for fusion in fusions)
    write_foreign_table(path, STAR_FUSION_COLUMNS, rows)


def _arriba_row(annotated: AnnotatedCall, reference: Reference) -> tuple[str, ...]:
    fusion, found = annotated.call.fusion, annotated.meaning.first
    five, three, support = fusion.five, fusion.three, fusion.support
    junction = junction_of(fusion)
    transcripts = [transcript_of(side, reference) for side in (five, three)]
    names = ",".join((*support.split_names, *support.spanning_names))
    row = {
        "#gene1": five.gene,
        "gene2": three.gene,
        "strand1(gene/fusion)": _arriba_strands(five),
        "strand2(gene/fusion)": _arriba_strands(three),
        "breakpoint1": f"{five.contig}:{five.position + 1}",
        "breakpoint2": f"{three.contig}:{three.position + 1}",
        "site1": arriba_site(five, transcripts[0]),
        "site2": arriba_site(three, transcripts[1]),
        "type": arriba_type(junction.donor, junction.acceptor),
        "split_reads1": str(support.split_molecules),
        "split_reads2": "0",
        "discordant_mates": str(support.spanning_molecules),
        "coverage1": str(support.split_molecules + (support.unfused5_molecules or 0)),
        "coverage2": str(support.split_molecules + support.unfused3_molecules),
        "confidence": annotated.call.confidence.value,
        "reading_frame": _ARRIBA_FRAMES.get(found.protein.frame, "") if found else "",
        "gene_id1": five.gene_id,
        "gene_id2": three.gene_id,
        "transcript_id1": five.transcript,
        "transcript_id2": three.transcript,
        "direction1": _arriba_direction(junction.donor),
        "direction2": _arriba_direction(junction.acceptor),
        "fusion_transcript": _arriba_transcript(fusion, transcripts, reference),
        "peptide_sequence": arriba_peptide(found) if found else "",
        "read_identifiers": names,
    }
    return tuple(row.get(column) or UNKNOWN for column in ARRIBA_COLUMNS)


def _arriba_strands(partner: Partner) -> str:
    """Strand of the gene and strand that is transcribed."""
    strand = partner.strand
    gene = strand if partner.is_sense else strand.opposite
    known = partner.site is not Site.INTERGENIC
    return f"{gene.value if known else UNKNOWN}/{strand.value}"


def _arriba_direction(end: Breakend) -> str:
    """Where along the contig the other gene follows."""
    return "downstream" if end.keeps is Side.LEFT else "upstream"


def arriba_type(donor: Breakend, acceptor: Breakend) -> str:
    """The rearrangement that explains a junction of two genes in sense.

    >>> donor = Breakend("chr1", 1_000_000, Side.LEFT)
    >>> arriba_type(donor, Breakend("chr1", 2_000_000, Side.RIGHT))
    'deletion'
    >>> arriba_type(donor, Breakend("chr1", 1_100_000, Side.RIGHT))
    'deletion/read-through'
    >>> arriba_type(donor, Breakend("chr1", 500, Side.RIGHT))
    'duplication'
    >>> arriba_type(donor, Breakend("chr1", 500, Side.LEFT))
    'inversion'
    >>> arriba_type(donor, Breakend("chr2", 500, Side.LEFT))
    'translocation'
    """
    if donor.contig != acceptor.contig:
        return "translocation"
    if donor.keeps is acceptor.keeps:
        return "inversion"
    low, high = sorted((donor, acceptor), key=lambda end: end.position)
    if low.keeps is Side.RIGHT:
        return "duplication"
    is_near = high.position - low.position < _ARRIBA_READ_THROUGH_BP
    return "deletion/read-through" if is_near else "deletion"


def arriba_site(partner: Partner, transcript: Transcript | None) -> str:
    """What part of its transcript a breakpoint lies in."""
    if partner.site in {Site.INTRON, Site.INTERGENIC} or transcript is None:
        return partner.site.value
    place = "exon"
    if transcript.cds is not None:
        first, last = transcript.cds
        before, after = "5'UTR", "3'UTR"
        if transcript.strand is Strand.REVERSE:
            before, after = after, before
        place = "CDS"
        if partner.position < first:
            place = before
        elif partner.position >= last:
            place = after
    return f"{place}/splice-site" if partner.site is Site.SPLICE_SITE else place


def _arriba_transcript(
    fusion: Fusion, transcripts: Iterable[Transcript | None], reference: Reference
) -> str:
    """Fused bases by the reference, in Arriba's signs.

    Parentheses hold bases of the genome, `___` stands for an intron, `|` for the junction, and
    inserted bases are in small letters between two of these.
    """
    junction = junction_of(fusion)
    ends = (junction.donor, junction.acceptor)
    sides = []
    for partner, end, transcript in zip(
        (fusion.five, fusion.three), ends, transcripts, strict=True
    ):
        blocks = kept_exons(end, partner.strand, transcript, _TRANSCRIPT_BP)
        ordered = blocks if partner.strand is Strand.FORWARD else blocks[::-1]
        texts = (
            reference.transcribed(partner.contig, (block,), partner.strand) for block in ordered
        )
        sides.append(f"({'___'.join(texts)})")
    inserted = f"{fusion.inserted.lower()}|" if fusion.inserted else ""
    return f"{sides[0]}|{inserted}{sides[1]}"


def arriba_peptide(found: PairMeaning) -> str:
    """The fusion peptide in Arriba's signs; empty where translation does not reach the junction.

    `|` stands for the junction, one on each side of residues of inserted bases; a residue across it
    stands where two of its bases lie. Small letters are residues that neither gene has by itself:
    across the junction, of inserted bases, out of frame, or of bases that do not code.
    """
    protein = found.protein
    if found.protein.frame not in _ARRIBA_FRAMES or protein.end <= protein.five_bp:
        return ""
    three_start = len(protein.bases) - protein.three_bp
    sides = ["", "", ""]
    for index, residue in enumerate(protein.peptide):
        first = (protein.start or 0) + 3 * index
        bases = range(first, first + 3)
        origins = [(base >= protein.five_bp) + (base >= three_start) for base in bases]
        is_own = (set(origins) == {0} and _is_codon(found.pair.five, first)) or (
            set(origins) == {2} and _is_codon(found.pair.three, first - three_start)
        )
        sides[sorted(origins)[1]] += residue if is_own else residue.lower()
    five, inserted, three = (side.replace("x", "?").replace("X", "?") for side in sides)
    middle = f"{inserted}|" if inserted else ""
    return f"{five}|{middle}{three}{STOP if protein.has_stop else ''}"


def _is_codon(end: TranscriptEnd, within: int) -> bool:
    """Whether three kept bases from an offset on are a codon of the transcript's own protein."""
    transcript = end.transcript
    places = (position_at(end.kept, within + step, transcript.strand) for step in range(3))
    coding = [transcript.coding_offset(place) for place in places]
    first = coding[0]
    if first is None or coding != [first, first + 1, first + 2]:
        return False
    return (first - transcript.cds_phase) % 3 == 0


def _star_fusion_row(
    fusion: Fusion, fragments: int | None, reference: Reference
) -> tuple[str, ...]:
    five, three, support = fusion.five, fusion.three, fusion.support
    size = _STAR_FUSION_ENTROPY_BP
    large = support.best_anchor_bp >= _STAR_FUSION_LARGE_ANCHOR_BP
    row = {
        "#FusionName": f"{five.gene}--{three.gene}",
        "JunctionReadCount": str(support.split_molecules),
        "SpanningFragCount": str(support.spanning_molecules),
        "est_J": f"{support.split_molecules:.2f}",
        "est_S": f"{support.spanning_molecules:.2f}",
        "SpliceType": "ONLY_REF_SPLICE" if is_spliced(fusion) else "INCL_NON_REF_SPLICE",
        "LeftGene": f"{five.gene}^{five.gene_id}",
        "LeftBreakpoint": breakpoint_text(five.contig, five.position, five.strand),
        "RightGene": f"{three.gene}^{three.gene_id}",
        "RightBreakpoint": breakpoint_text(three.contig, three.position, three.strand),
        "JunctionReads": ",".join(support.split_names),
        "SpanningFrags": ",".join(support.spanning_names),
        "LargeAnchorSupport": "YES_LDAS" if large else "NO_LDAS",
        "FFPM": f"{1e6 * support.total / fragments:.4f}" if fragments else UNKNOWN,
        "LeftBreakDinuc": bases_from(*_place(five, 3), reference)[1:],
        "LeftBreakEntropy": f"{entropy(bases_before(*_place(five, size), reference)):.4f}",
        "RightBreakDinuc": bases_before(*_place(three, 3), reference)[:-1],
        "RightBreakEntropy": f"{entropy(bases_from(*_place(three, size), reference)):.4f}",
        "annots": json.dumps([_star_fusion_distance(five, three)]),
    }
    return tuple(row[column] or UNKNOWN for column in STAR_FUSION_COLUMNS)


def _place(partner: Partner, size: int) -> tuple[str, int, Strand, int]:
    return partner.contig, partner.position, partner.strand, size


def entropy(bases: str) -> float:
    """Shannon entropy of a sequence's letters in bits, 0 to 2.

    >>> entropy("ACGTACGT"), entropy("AAAA"), entropy("AC")
    (2.0, 0.0, 1.0)
    """
    shares = (count / len(bases) for count in Counter(bases).values())
    return sum(share * math.log2(1 / share) for share in shares)


def _star_fusion_distance(five: Partner, three: Partner) -> str:
    if five.contig != three.contig:
        return f"INTERCHROMOSOMAL[{five.contig}--{three.contig}]"
    apart = abs(five.position - three.position) / 1e6
    return f"INTRACHROMOSOMAL[{five.contig}:{apart:.2f}Mb]"
