"""Records <-> TSV. The columns are the fields of a frozen dataclass, in their order.

`docs/outputs.md` says what each column means; a test compares it with this module both ways.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fusioncall.annotate import AnnotatedCall
from fusioncall.carry_over import VERDICTS
from fusioncall.coords import breakpoint_text
from fusioncall.errors import InputError
from fusioncall.facts import Fact
from fusioncall.files import whole_file
from fusioncall.imbalance import Imbalance
from fusioncall.meaning import PairMeaning
from fusioncall.model import Partner
from fusioncall.protein import Frame
from fusioncall.status import GeneStatus

SCHEMA = 1
"""Version of the tables: raised when a column is renamed, moved, left out or means another thing,
not when one joins behind the others."""

UNKNOWN = "."
"""What stands where nothing is known or nothing applies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionRow:
    """A row of `fusions.tsv`, and the first columns of a row of `candidates.tsv`."""

    sample: str
    fusion: str
    gene5: str
    gene3: str
    breakpoint5: str
    breakpoint3: str
    split_molecules: int
    spanning_molecules: int
    confidence: str
    fusion_class: str
    target: str
    gene_id5: str
    gene_id3: str
    transcript5: str
    transcript3: str
    exon5: str
    exon3: str
    site5: str
    site3: str
    inserted: str
    homology_bp: int
    collinear_distance_bp: str
    event_molecules: int
    unfused3_molecules: int
    fused3_fraction: str
    ffpm: str
    rivals: str
    copies: int
    distinct_starts: int
    anchor5_bp: int
    anchor3_bp: int
    mapq_phred: int
    catalogue: str
    tumour_types: str
    references: str
    precision: str
    unfused5_molecules: str
    fused5_fraction: str
    misfit_molecules: int
    hgnc: str
    hgvs_r: str
    vicc: str
    breakends: str
    offset5_bp: str
    offset3_bp: str
    frame: str
    frame_note: str
    frames: str
    peptide_junction: str
    residues5: str
    residues3: str
    kinase: str
    kinase_aa: str
    catalogue_match: str
    recurrence: str
    transmembrane: str
    panel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRow:
    """A row of `verdicts.tsv`."""

    sample: str
    gene: str
    status: str
    reason: str
    calls: int
    candidates: int
    target_reads: int
    fragments: int | str
    assay: str
    failing: str
    not_judged: str
    known_share: str
    target_share: str
    read_bp: str
    insert_bp: str
    insert_pairs: int
    control_genes: str
    control_depths: str
    copies_share: str
    low_quality_share: str
    short_share: str
    limit_fraction: str
    limit_exon: str
    limit_ffpm: str
    limit_probability: str
    limit_note: str
    acceptor_molecules: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImbalanceCells:
    """The last columns of a row of `verdicts.tsv`."""

    imbalance_log2: str
    imbalance_low: str
    imbalance_high: str
    imbalance_depth5: str
    imbalance_depth3: str
    imbalance_exons5: str
    imbalance_exons3: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRow:
    """A row of `context.tsv`."""

    sample: str
    topic: str
    about: str
    statement: str
    population: str
    source: str
    as_of: str


_HEADINGS = {"fusion_class": "class"}
FUSION_COLUMNS = tuple(
    _HEADINGS.get(field.name, field.name) for field in dataclasses.fields(FusionRow)
)
VERDICT_COLUMNS = tuple(
    field.name for kind in (VerdictRow, ImbalanceCells) for field in dataclasses.fields(kind)
)
CONTEXT_COLUMNS = tuple(field.name for field in dataclasses.fields(ContextRow))
CANDIDATE_COLUMNS = (
    *FUSION_COLUMNS,
    "passed",
    "failed_filters",
    *(f"filter_{name}" for name in VERDICTS),
)


def fusion_row(sample: str, fragments: int | None, annotated: AnnotatedCall) -> FusionRow:
    """The row of a call of a sample of so many fragments, None if unknown."""
    call = annotated.call
    fusion, support = call.fusion, call.fusion.support
    known = annotated.known_pair
    distance, normals = fusion.distance_bp, fusion.normals
    unfused5 = support.unfused5_molecules
    return FusionRow(
        sample=sample,
        fusion=fusion.name,
        gene5=fusion.five.gene,
        gene3=fusion.three.gene,
        breakpoint5=breakpoint_cell(fusion.five),
        breakpoint3=breakpoint_cell(fusion.three),
        split_molecules=support.split_molecules,
        spanning_molecules=support.spanning_molecules,
        confidence=call.confidence.value,
        fusion_class=fusion.fusion_class.value,
        target=fusion.target,
        gene_id5=fusion.five.gene_id,
        gene_id3=fusion.three.gene_id,
        transcript5=fusion.five.transcript or UNKNOWN,
        transcript3=fusion.three.transcript or UNKNOWN,
        exon5=str(fusion.five.exon or UNKNOWN),
        exon3=str(fusion.three.exon or UNKNOWN),
        site5=fusion.five.site.value,
        site3=fusion.three.site.value,
        inserted=fusion.inserted or UNKNOWN,
        homology_bp=fusion.homology_bp,
        collinear_distance_bp=UNKNOWN if distance is None else str(distance),
        event_molecules=fusion.event_molecules,
        unfused3_molecules=support.unfused3_molecules,
        fused3_fraction=_fraction(support.split_molecules, support.unfused3_molecules),
        ffpm=f"{1e6 * support.total / fragments:.3f}" if fragments else UNKNOWN,
        rivals=",".join(fusion.rivals) or UNKNOWN,
        copies=support.copies,
        distinct_starts=support.distinct_starts,
        anchor5_bp=support.donor_anchor_bp,
        anchor3_bp=support.acceptor_anchor_bp,
        mapq_phred=fusion.mapq_phred,
        catalogue=annotated.knowledge.value,
        tumour_types=(known.tumour_types if known else "") or UNKNOWN,
        references=(known.references if known else "") or UNKNOWN,
        precision="exact" if support.split_molecules else "estimated",
        unfused5_molecules=UNKNOWN if unfused5 is None else str(unfused5),
        fused5_fraction=(
            UNKNOWN if unfused5 is None else _fraction(support.split_molecules, unfused5)
        ),
        misfit_molecules=support.misfit_molecules,
        hgnc=annotated.meaning.hgnc,
        vicc=annotated.meaning.vicc,
        breakends=annotated.meaning.breakends,
        frames=_frames(annotated),
        catalogue_match=annotated.match.value if annotated.match else UNKNOWN,
        recurrence=(known.recurrence if known else "") or UNKNOWN,
        panel=f"{normals.samples}/{normals.size}" if normals else UNKNOWN,
        **_first_pair_cells(annotated.meaning.first),
    )


def _frames(annotated: AnnotatedCall) -> str:
    counts = annotated.meaning.frames if annotated.call.passed else ()
    return ",".join(f"{frame.value}:{number}" for frame, number in counts) or UNKNOWN


def pair_cells(found: PairMeaning) -> dict[str, str]:
    """What a transcript pair says of a junction, by the names of the columns."""
    protein, five, three = found.protein, found.pair.five, found.pair.three
    return {
        "hgvs_r": found.hgvs,
        "offset5_bp": str(five.offset_bp),
        "offset3_bp": str(three.offset_bp),
        "frame": protein.frame.value,
        "frame_note": protein.note or UNKNOWN,
        "peptide_junction": protein.junction_window(PEPTIDE_WINDOW_AA) or UNKNOWN,
        "residues5": str(found.residues5),
        "residues3": str(found.residues3),
        "kinase": found.domain.kept.value,
        "kinase_aa": str(found.domain),
        "transmembrane": str(found.helix) if found.helix else UNKNOWN,
    }


PEPTIDE_WINDOW_AA = 12
"""Residues that a table shows on each side of the junction."""

_NO_PAIR = dict.fromkeys(
    (
        *("hgvs_r", "offset5_bp", "offset3_bp", "frame_note", "peptide_junction"),
        *("residues5", "residues3", "kinase", "kinase_aa", "transmembrane"),
    ),
    UNKNOWN,
) | {"frame": Frame.UNKNOWN.value, "frame_note": "a side lies in no gene in sense"}


def _first_pair_cells(found: PairMeaning | None) -> dict[str, str]:
    return pair_cells(found) if found else _NO_PAIR


def candidate_cells(
    sample: str, fragments: int | None, annotated: AnnotatedCall
) -> tuple[str, ...]:
    """The row of a candidate: that of a call, then the verdict of each filter."""
    verdicts = annotated.call.verdicts
    failed = [verdict.filter for verdict in verdicts if not verdict.passed]
    told = (f"{'pass' if each.passed else 'FAIL'}:{each.value}{each.limit}" for each in verdicts)
    row = _cells(fusion_row(sample, fragments, annotated))
    return (*row, "no" if failed else "yes", ",".join(failed) or UNKNOWN, *told)


def write_fusions(
    path: Path, sample: str, fragments: int | None, calls: Iterable[AnnotatedCall]
) -> None:
    """Write `fusions.tsv`: the calls that passed every filter."""
    rows = (_cells(fusion_row(sample, fragments, each)) for each in calls if each.call.passed)
    write_table(path, FUSION_COLUMNS, rows)


def write_candidates(
    path: Path, sample: str, fragments: int | None, calls: Iterable[AnnotatedCall]
) -> None:
    """Write `candidates.tsv`: every candidate with the verdict of each filter."""
    rows = (candidate_cells(sample, fragments, each) for each in calls)
    write_table(path, CANDIDATE_COLUMNS, rows)


def write_verdicts(
    path: Path,
    sample: str,
    statuses: Iterable[GeneStatus],
    imbalances: Mapping[str, Imbalance],
) -> None:
    """Write `verdicts.tsv`: the answer for each target gene, with its imbalance by its name."""
    rows = (
        (verdict_row(sample, each), imbalance_cells(imbalances.get(each.gene))) for each in statuses
    )
    write_table(path, VERDICT_COLUMNS, ((*_cells(row), *_cells(added)) for row, added in rows))


def imbalance_cells(found: Imbalance | None) -> ImbalanceCells:
    """The imbalance of a target as columns; all unknown where its exons are not."""
    if found is None:
        return ImbalanceCells(
            **dict.fromkeys((field.name for field in dataclasses.fields(ImbalanceCells)), UNKNOWN)
        )
    ratios = (f"{each:+.2f}" if each is not None else UNKNOWN for each in found.ratio)
    log2, low, high = ratios
    return ImbalanceCells(
        imbalance_log2=log2,
        imbalance_low=low,
        imbalance_high=high,
        imbalance_depth5=f"{found.five.depth:.2f}",
        imbalance_depth3=f"{found.three.depth:.2f}",
        imbalance_exons5=",".join(map(str, found.five.exons)) or UNKNOWN,
        imbalance_exons3=",".join(map(str, found.three.exons)) or UNKNOWN,
    )


def verdict_row(sample: str, answer: GeneStatus) -> VerdictRow:
    """The row of a target gene: the answer, and every number that it rests on."""
    adequacy, limit, largest = answer.adequacy, answer.limit, answer.limit.largest
    return VerdictRow(
        sample=sample,
        gene=answer.gene,
        status=answer.status.value,
        reason=answer.reason,
        calls=answer.calls,
        candidates=answer.candidates,
        target_reads=answer.target_reads,
        fragments=UNKNOWN if answer.fragments is None else answer.fragments,
        assay=adequacy.assay.value,
        failing=_listed(each.name for each in adequacy.failing),
        not_judged=_listed(each.name for each in adequacy.not_judged),
        insert_pairs=adequacy.insert_pairs,
        control_depths=_listed(f"{gene}:{depth:g}" for gene, depth in adequacy.controls.items()),
        limit_fraction=_number(largest.fraction if largest else None),
        limit_exon=str(largest.exon) if largest else UNKNOWN,
        limit_ffpm=_number(limit.ffpm),
        limit_probability=f"{limit.probability:g}",
        limit_note=limit.note or UNKNOWN,
        acceptor_molecules=_listed(
            f"{each.exon}:{each.unfused_molecules}" for each in limit.acceptors
        ),
        **{name: _number(adequacy.value(name)) for name in _ADEQUACY_CELLS},
    )


_ADEQUACY_CELLS = (
    *("known_share", "target_share", "read_bp", "insert_bp", "control_genes"),
    *("copies_share", "low_quality_share", "short_share"),
)


def _listed(texts: Iterable[str]) -> str:
    return ",".join(texts) or UNKNOWN


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.6g}"


def write_context(path: Path, sample: str, facts: Iterable[Fact]) -> None:
    """Write `context.tsv`: what is known beside the reads."""
    rows = (
        ContextRow(
            sample=sample,
            topic=each.topic,
            about=each.about,
            statement=each.statement,
            population=each.population or UNKNOWN,
            source=each.source,
            as_of=each.as_of or UNKNOWN,
        )
        for each in facts
    )
    write_table(path, CONTEXT_COLUMNS, map(_cells, rows))


def _fraction(fused: int, unfused: int) -> str:
    return f"{fused / (fused + unfused):.3f}" if fused + unfused else UNKNOWN


def breakpoint_cell(partner: Partner) -> str:
    """A side of a junction as `contig:position:strand`."""
    return breakpoint_text(partner.contig, partner.position, partner.strand)


def _cells(row: FusionRow | VerdictRow | ImbalanceCells | ContextRow) -> tuple[str, ...]:
    return tuple(str(getattr(row, field.name)) for field in dataclasses.fields(row))


def write_table(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Write a table of fusioncall's own: the comment with its version, a header, and rows.

    Blanks within a cell become single spaces.
    """
    _write(path, [version_line(path.name), "\t".join(columns)], rows)


def write_foreign_table(
    path: Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]
) -> None:
    """Write a table as another program has it: without the comment."""
    _write(path, ["\t".join(columns)], rows)


def version_line(name: str) -> str:
    """The first line of a table: `# fusioncall fusions.tsv schema 1`."""
    return f"# fusioncall {name} schema {SCHEMA}"


def _write(path: Path, head: Iterable[str], rows: Iterable[tuple[str, ...]]) -> None:
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as out:
        out.writelines(f"{line}\n" for line in head)
        for row in rows:
            out.write("\t".join(" ".join(cell.split()) for cell in row) + "\n")


def read_rows(path: Path, columns: tuple[str, ...]) -> tuple[dict[str, str], ...]:
    """The rows of a table that `write_table` wrote, each by the names of its columns.

    Args:
        path: the table; its name is part of its first line.
        columns: that it has in this version.

    Raises:
        InputError: it cannot be read, or is no such table of this version.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        what = f"cannot be read: {error}"
        raise InputError(what, where=path, cure="Check the path") from error
    head = [version_line(path.name), "\t".join(columns)]
    rows = [line.split("\t") for line in lines[2:]]
    if lines[:2] != head or any(len(row) != len(columns) for row in rows):
        cure = "Write the tables of the sample anew with this version"
        raise InputError(f"is no {path.name} of this version", where=path, cure=cure)
    return tuple(dict(zip(columns, row, strict=True)) for row in rows)
