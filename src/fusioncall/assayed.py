"""Calls -> AssayedFusion of the GA4GH/VICC gene fusion specification, as JSON.

The places are sequence locations of VRS 2: the boundary between two bases, counted from 0, on a
sequence named by its refget accession. A side that keeps the bases left of it has an `end`, one
that keeps those right of it a `start`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from fusioncall import __version__
from fusioncall.annotate import AnnotatedCall
from fusioncall.coords import Breakend, Side, Strand
from fusioncall.files import write_json
from fusioncall.meaning import PairMeaning
from fusioncall.model import Partner
from fusioncall.nomenclature import junction_of
from fusioncall.protein import Frame
from fusioncall.reference import Reference
from fusioncall.results import SampleResults, transcript_of
from fusioncall.transcripts import exon_offset_bp

_SCHEMA = 1
_CHUNK_BP = 1 << 24
_ENSEMBL = "https://www.ensembl.org"
# The specification's word for a transcript that is not MANE.
_OTHER_TRANSCRIPT = "longest_compatible_remaining"
_ASSAY = {
    "type": "Assay",
    "assayName": "RNA-seq assay",
    "assayId": "obi:OBI_0001271",
    "fusionDetection": "observed",
}


def write_assayed(path: Path, results: SampleResults, reference: Reference) -> None:
    """Write each call as AssayedFusion, in the order of `fusions.tsv`."""

    @cache
    def accession(contig: str) -> str:
        return refget_accession(contig, reference)

    document = {
        "schema": _SCHEMA,
        "sample": results.sample,
        "fusioncall": __version__,
        "reference": reference.manifest.name,
        "fusions": [_assayed(each, reference, accession) for each in results.passing],
    }
    write_json(path, document)


def refget_accession(contig: str, reference: Reference) -> str:
    """The refget accession of a contig, from its bases: `SQ.` and a truncated SHA-512."""
    digest = hashlib.sha512()
    for start in range(0, reference.contigs[contig], _CHUNK_BP):
        digest.update(reference.bases(contig, start, start + _CHUNK_BP).upper().encode())
    return f"SQ.{_truncated(digest.digest())}"


def location(accession: str, contig: str, end: Breakend) -> dict[str, Any]:
    """The VRS location of a breakend's boundary, with its computed identifier."""
    is_end = end.keeps is Side.LEFT
    boundary = end.position + 1 if is_end else end.position
    sequence = {"refgetAccession": accession, "type": "SequenceReference"}
    inherent = {
        "end": boundary if is_end else None,
        "sequenceReference": sequence,
        "start": None if is_end else boundary,
        "type": "SequenceLocation",
    }
    canonical = json.dumps(inherent, separators=(",", ":")).encode()
    digest = _truncated(hashlib.sha512(canonical).digest())
    return {
        "id": f"ga4gh:SL.{digest}",
        "type": "SequenceLocation",
        "digest": digest,
        "sequenceReference": {**sequence, "name": contig},
        "end" if is_end else "start": boundary,
    }


def _truncated(digest: bytes) -> str:
    """The first 24 bytes of a SHA-512 digest in the URL-safe form of base 64."""
    return base64.urlsafe_b64encode(digest[:24]).decode()


def _assayed(
    annotated: AnnotatedCall, reference: Reference, accession: Callable[[str], str]
) -> dict[str, Any]:
    fusion = annotated.call.fusion
    junction, support = junction_of(fusion), fusion.support
    five = _segment(fusion.five, junction.donor, reference, accession, is_donor=True)
    three = _segment(fusion.three, junction.acceptor, reference, accession, is_donor=False)
    unfused = (support.unfused5_molecules, support.unfused3_molecules)
    for side, count in zip((five, three), unfused, strict=True):
        if side["type"] == "TranscriptSegmentElement" and count is not None:
            over = support.split_molecules + count
            side["coverage"] = {"type": "BreakpointCoverage", "fragmentCoverage": over}
    return {
        "type": "AssayedFusion",
        "structure": [five, *_linker(fusion.inserted), three],
        "viccNomenclature": annotated.meaning.vicc,
        **_frame(annotated.meaning.first),
        "assay": _ASSAY,
        "readData": {
            "type": "ReadData",
            "split": {"type": "SplitReads", "splitReads": support.split_molecules},
            "spanning": {"type": "SpanningReads", "spanningReads": support.spanning_molecules},
        },
    }


def _frame(found: PairMeaning | None) -> dict[str, bool]:
    """Whether the reading frame is preserved; nothing where a stop codon or the genes forbid it."""
    frame = found.protein.frame if found else Frame.UNKNOWN
    if frame not in {Frame.IN_FRAME, Frame.OUT_OF_FRAME}:
        return {}
    return {"readingFramePreserved": frame is Frame.IN_FRAME}


def _segment(
    partner: Partner,
    end: Breakend,
    reference: Reference,
    accession: Callable[[str], str],
    *,
    is_donor: bool,
) -> dict[str, Any]:
    """A side as the part of its transcript, or as the gene alone where no exon is near."""
    transcript = transcript_of(partner, reference)
    if transcript is None or not partner.exon or transcript.strand is not partner.strand:
        return {"type": "GeneElement", "gene": _gene(partner)}
    place = location(accession(end.contig), end.contig, end)
    is_exonic = transcript.exon_index(end.position) is not None
    place["extensions"] = [{"name": "is_exonic", "value": is_exonic}]
    side = "End" if is_donor else "Start"
    return {
        "type": "TranscriptSegmentElement",
        "transcript": _transcript_curie(transcript.id),
        "transcriptStatus": "mane_select" if transcript.is_mane else _OTHER_TRANSCRIPT,
        "strand": 1 if partner.strand is Strand.FORWARD else -1,
        f"exon{side}": partner.exon,
        f"exon{side}Offset": exon_offset_bp(
            transcript, partner.exon, partner.position, is_donor=is_donor
        ),
        "gene": _gene(partner),
        f"elementGenomic{side}": place,
    }


def _linker(inserted: str) -> Iterator[dict[str, Any]]:
    """The inserted bases, if there are any."""
    if inserted:
        sequence = {
            "id": f"sequence:{inserted}",
            "type": "LiteralSequenceExpression",
            "sequence": inserted,
        }
        yield {"type": "LinkerSequenceElement", "linkerSequence": sequence}


def _gene(partner: Partner) -> dict[str, Any]:
    gene: dict[str, Any] = {"conceptType": "Gene", "name": partner.gene}
    if partner.gene_id.startswith("ENSG"):
        code = partner.gene_id
        gene["primaryCoding"] = {"id": f"ensembl:{code}", "code": code, "system": _ENSEMBL}
    return gene


def _transcript_curie(name: str) -> str:
    """The id of a transcript with the name of its collection.

    >>> _transcript_curie("NM_152263.3"), _transcript_curie("ENST00000651641.1")
    ('refseq:NM_152263.3', 'ensembl:ENST00000651641.1')
    >>> _transcript_curie("T1")
    'transcript:T1'
    """
    if name.startswith("ENST"):
        return f"ensembl:{name}"
    known = name.startswith(("NM_", "NR_", "XM_", "XR_"))
    return f"refseq:{name}" if known else f"transcript:{name}"
