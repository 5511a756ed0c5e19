"""The transcript pairs of the calls as a table, their sequences as FASTA."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from fusioncall.annotate import AnnotatedCall
from fusioncall.files import whole_file
from fusioncall.meaning import PairMeaning
from fusioncall.tables import UNKNOWN, breakpoint_cell, pair_cells, write_table
from fusioncall.transcripts import TranscriptEnd

PAIR_COLUMNS = (
    *("sample", "fusion", "breakpoint5", "breakpoint3", "inserted", "pair"),
    *("transcript5", "mane5", "exon5", "offset5_bp", "site5"),
    *("transcript3", "mane3", "exon3", "offset3_bp", "site3"),
    *("frame", "frame_note", "peptide_junction", "peptide_aa", "residues5", "residues3"),
    *("kinase", "kinase_aa", "hgvs_r", "vicc", "molecules", "transmembrane"),
)
"""Columns of `transcripts.tsv`."""

_LINE = 60


def write_pairs(path: Path, sample: str, calls: Iterable[AnnotatedCall]) -> None:
    """Write `transcripts.tsv`: each transcript pair of each call that passed every filter."""
    rows = (
        tuple(cells[name] for name in PAIR_COLUMNS)
        for each in calls
        if each.call.passed
        for cells in _pair_rows(sample, each)
    )
    write_table(path, PAIR_COLUMNS, rows)


def _pair_rows(sample: str, annotated: AnnotatedCall) -> Iterator[dict[str, str]]:
    fusion = annotated.call.fusion
    for number, found in enumerate(annotated.meaning.pairs, start=1):
        yield {
            "sample": sample,
            "fusion": fusion.name,
            "breakpoint5": breakpoint_cell(fusion.five),
            "breakpoint3": breakpoint_cell(fusion.three),
            "inserted": fusion.inserted or UNKNOWN,
            "pair": str(number),
            **_end_cells(found.pair.five, "5"),
            **_end_cells(found.pair.three, "3"),
            **pair_cells(found),
            "peptide_aa": str(len(found.protein.peptide)),
            "vicc": found.vicc,
            "molecules": UNKNOWN if found.molecules is None else str(found.molecules),
        }


def _end_cells(end: TranscriptEnd, side: str) -> dict[str, str]:
    return {
        f"transcript{side}": end.transcript.id,
        f"mane{side}": "yes" if end.transcript.is_mane else "no",
        f"exon{side}": str(end.exon),
        f"site{side}": end.site.value,
    }


def write_transcripts(path: Path, calls: Iterable[AnnotatedCall]) -> None:
    """Write `fusion_transcripts.fa`: the fused transcript and its CDS, first pair of each call."""
    _write_fasta(path, (record for each in calls for record in _transcript_records(each)))


def write_peptides(path: Path, calls: Iterable[AnnotatedCall]) -> None:
    """Write `fusion_peptides.fa`: the peptide of the first pair of each call."""
    _write_fasta(path, (record for each in calls for record in _peptide_records(each)))


def _first_pair(annotated: AnnotatedCall) -> PairMeaning | None:
    return annotated.meaning.first if annotated.call.passed else None


def _name(annotated: AnnotatedCall) -> str:
    fusion = annotated.call.fusion
    sides = (breakpoint_cell(fusion.five), breakpoint_cell(fusion.three))
    return "|".join([fusion.name, *sides, *([fusion.inserted] if fusion.inserted else [])])


def _transcript_records(annotated: AnnotatedCall) -> Iterator[tuple[str, str]]:
    found = _first_pair(annotated)
    if found is None:
        return
    protein = found.protein
    behind = len(protein.bases) - protein.three_bp + 1
    place = f"last5={protein.five_bp} first3={behind}"
    coding = UNKNOWN if protein.start is None else f"{protein.start + 1}-{protein.end}"
    name = _name(annotated)
    yield f"{name}|transcript {found.hgvs} {place} cds={coding}", protein.bases
    if protein.start is not None:
        start = protein.start
        place = f"last5={max(0, protein.five_bp - start)} first3={max(1, behind - start)}"
        yield f"{name}|cds {found.hgvs} {place} frame={protein.frame.value}", protein.cds


def _peptide_records(annotated: AnnotatedCall) -> Iterator[tuple[str, str]]:
    found = _first_pair(annotated)
    if found is None or not found.protein.peptide:
        return
    protein = found.protein
    place = f"last5={protein.new_first} first3={protein.new_end + 1}"
    yield f"{_name(annotated)} {found.hgvs} {place} frame={protein.frame.value}", protein.peptide


def _write_fasta(path: Path, records: Iterable[tuple[str, str]]) -> None:
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as out:
        for title, text in records:
            out.write(f">{title}\n")
            out.writelines(f"{text[at : at + _LINE]}\n" for at in range(0, len(text), _LINE))
