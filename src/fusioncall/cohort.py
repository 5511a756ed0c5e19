"""Many samples together: carry-over between those of a run, and their tables as one.

A cohort is read from the files of its samples. One without results keeps its place and is told as
failed.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from fusioncall.carry_over import Comparison, compare, read_carry_over, write_carry_over
from fusioncall.errors import InputError
from fusioncall.files import make_folder
from fusioncall.parquet import write_parquet
from fusioncall.settings import CarryOverSettings
from fusioncall.sheet import read_runs
from fusioncall.status import Status
from fusioncall.steps import read_calls
from fusioncall.tables import FUSION_COLUMNS, UNKNOWN, VERDICT_COLUMNS, read_rows, write_table

NO_RUN = "_"
"""What the file of carry-over is called for samples whose run is not told; no run can be."""

_NEEDED = ("fusions.tsv", "verdicts.tsv", "qc.json", "provenance.json")

Row = dict[str, str]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class QcRow:
    """A row of the cohort's `qc.tsv`; what is not known of a failed sample is `.`."""

    sample: str
    run: str
    result: str
    failure: str
    source: str = UNKNOWN
    fragments: str = UNKNOWN
    reads: str = UNKNOWN
    bases: str = UNKNOWN
    min_read_bp: str = UNKNOWN
    median_read_bp: str = UNKNOWN
    max_read_bp: str = UNKNOWN
    short_reads: str = UNKNOWN
    low_quality_reads: str = UNKNOWN
    kept_molecules: str = UNKNOWN
    kept_copies: str = UNKNOWN
    target_reads: str = UNKNOWN
    control_reads: str = UNKNOWN
    control_genes: str = UNKNOWN
    library: str = UNKNOWN
    lanes: str = UNKNOWN
    candidates: str = UNKNOWN
    calls: str = UNKNOWN
    compared_samples: str = UNKNOWN
    suspected_junctions: str = UNKNOWN
    same_reads_as: str = UNKNOWN
    fusioncall: str = UNKNOWN
    settings_sha256: str = UNKNOWN
    reference: str = UNKNOWN
    reference_sha256: str = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryOverRow:
    """A row of the cohort's `carry_over.tsv`."""

    sample: str
    run: str
    fusion: str
    breakpoint5: str
    breakpoint3: str
    inserted: str
    molecules: str
    source: str
    source_fragments: str
    expected_molecules: str
    limit: str
    suspected: str


QC_COLUMNS = tuple(field.name for field in dataclasses.fields(QcRow))
CARRY_OVER_COLUMNS = tuple(field.name for field in dataclasses.fields(CarryOverRow))


@dataclass(frozen=True, slots=True)
class CohortSample:
    """A sample with its rows of each table."""

    qc: QcRow
    verdicts: tuple[Row, ...]
    fusions: tuple[Row, ...]
    carry_over: tuple[CarryOverRow, ...]
    has_report: bool

    @property
    def name(self) -> str:
        """Its name."""
        return self.qc.sample

    @property
    def is_failed(self) -> bool:
        """Whether it could not be read, or has no results."""
        return self.qc.result == "failed"


@dataclass(frozen=True, slots=True)
class Cohort:
    """The samples in the order of the sheet, and the target genes in theirs."""

    samples: tuple[CohortSample, ...]
    genes: tuple[str, ...]


def compare_run(sheet: Path, run: str, calls: str, settings: CarryOverSettings, out: Path) -> None:
    """Compare the samples of a run, and write what may have been carried over.

    Args:
        sheet: the sample sheet.
        run: its name; empty for the samples whose run is not told.
        calls: path of each sample's `calls.json`, with `{sample}` in place of its name.
        settings: how much may be carried over.
        out: where to write.

    Raises:
        SettingsError: the sheet cannot be used.
        InputError: it has no sample of this run, or the calls of one cannot be read.
    """
    names = [name for name, of_run in read_runs(sheet).items() if of_run == run]
    if not names:
        what = f"has no sample of run {run!r}" if run else "has no sample without a run"
        raise InputError(what, where=sheet, cure="Give --run as the sheet has it")
    samples = [read_calls(Path(calls.replace("{sample}", name))) for name in names]
    write_carry_over(out, compare(samples, settings, is_run=bool(run)))


def read_cohort(sheet: Path, results: Path, carry_over: Path) -> Cohort:
    """Read the results of all samples of a sheet.

    Args:
        sheet: the sample sheet.
        results: folder that holds the folder of each sample.
        carry_over: folder of the files that `compare_run` wrote, each called like its run.

    Raises:
        SettingsError: the sheet cannot be used.
        InputError: a file of a sample is broken, or of another version.
    """
    runs = read_runs(sheet)
    documents = {name: _documents(results / name) for name in runs}
    twins = _same_reads(documents)
    verdicts = {
        name: read_rows(results / name / "verdicts.tsv", VERDICT_COLUMNS)
        for name, found in documents.items()
        if not isinstance(found, str)
    }
    genes = tuple(dict.fromkeys(row["gene"] for rows in verdicts.values() for row in rows))
    for name, rows in verdicts.items():
        if tuple(row["gene"] for row in rows) != genes:
            what = "has other target genes than the other samples"
            cure = "Make all samples of a cohort with one reference bundle"
            raise InputError(what, where=results / name / "verdicts.tsv", cure=cure)
    samples = []
    for name, run in runs.items():
        found = documents[name]
        if isinstance(found, str):
            samples.append(_without_results(name, run, found, genes))
            continue
        compared = carry_over / f"{run or NO_RUN}.json"
        samples.append(
            CohortSample(
                qc=_qc_row(run, *found, twins[name]),
                verdicts=verdicts[name],
                fusions=read_rows(results / name / "fusions.tsv", FUSION_COLUMNS),
                carry_over=tuple(_carry_over_rows(name, run, compared)),
                has_report=(results / name / "report.html").is_file(),
            )
        )
    return Cohort(tuple(samples), genes)


def write_tables(out: Path, cohort: Cohort, *, parquet: bool) -> None:
    """Write `fusions`, `verdicts`, `qc` and `carry_over` of a cohort.

    Args:
        out: the folder.
        cohort: the samples.
        parquet: whether to write each table as Parquet too.

    Raises:
        OutputError: a file cannot be written, or pyarrow is missing.
    """
    make_folder(out)
    samples = cohort.samples
    tables: dict[str, tuple[tuple[str, ...], Iterable[Row]]] = {
        "fusions": (FUSION_COLUMNS, (row for each in samples for row in each.fusions)),
        "verdicts": (VERDICT_COLUMNS, (row for each in samples for row in each.verdicts)),
        "qc": (QC_COLUMNS, (dataclasses.asdict(each.qc) for each in samples)),
        "carry_over": (
            CARRY_OVER_COLUMNS,
            (dataclasses.asdict(row) for each in samples for row in each.carry_over),
        ),
    }
    for name, (columns, rows) in tables.items():
        cells = [tuple(row[column] for column in columns) for row in rows]
        write_table(out / f"{name}.tsv", columns, cells)
        if parquet:
            write_parquet(out / f"{name}.parquet", columns, cells)


def check_complete(qc: Path) -> int:
    """The number of samples in a cohort's `qc.tsv`.

    Raises:
        InputError: it cannot be read, or a sample failed.
    """
    rows = read_rows(qc, QC_COLUMNS)
    failed = [row["sample"] for row in rows if row["result"] == "failed"]
    if failed:
        what = f"{len(failed)} of {len(rows)} samples failed: {', '.join(failed)}"
        cure = "Their reasons stand there; mend what they tell and run again"
        raise InputError(what, where=qc, cure=cure)
    return len(rows)


def _documents(folder: Path) -> tuple[Json, Json] | str:
    """`qc.json` and `provenance.json` of a sample, or why there are none."""
    for name in _NEEDED:
        if not (folder / name).is_file():
            return f"there are no results: {name} is missing"
    return _read_json(folder / "qc.json"), _read_json(folder / "provenance.json")


def _read_json(path: Path) -> Json:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Json)
    except msgspec.MsgspecError as error:
        cure = "Make it anew: fusioncall annotate"
        raise InputError(f"is not whole: {error}", where=path, cure=cure) from error


def _same_reads(documents: Mapping[str, tuple[Json, Json] | str]) -> dict[str, list[str]]:
    """For each sample the others that have a file of reads with the same bytes."""
    owners: dict[str, list[str]] = defaultdict(list)
    for name, found in documents.items():
        if not isinstance(found, str):
            for digest in {each["sha256"] for each in found[1]["inputs"]}:
                owners[digest].append(name)
    twins: dict[str, list[str]] = {name: [] for name in documents}
    for names in owners.values():
        for name in names:
            twins[name] += (each for each in names if each != name)
    return {name: sorted(set(others)) for name, others in twins.items()}


def _without_results(name: str, run: str, reason: str, genes: Iterable[str]) -> CohortSample:
    told = {
        "sample": name,
        "status": Status.NOT_ASSESSABLE.value,
        "reason": f"failed: {reason}",
        **dict.fromkeys(("calls", "candidates", "target_reads", "fragments"), "0"),
    }
    unknown = dict.fromkeys(VERDICT_COLUMNS, UNKNOWN)
    return CohortSample(
        qc=QcRow(sample=name, run=run or UNKNOWN, result="failed", failure=reason),
        verdicts=tuple(unknown | told | {"gene": gene} for gene in genes),
        fusions=(),
        carry_over=(),
        has_report=False,
    )


def _qc_row(run: str, qc: Json, provenance: Json, twins: list[str]) -> QcRow:
    reads, carry_over, failure = qc["reads"], qc["carry_over"], qc["failure"]
    versions = {
        "fusioncall": provenance["fusioncall"],
        "settings_sha256": provenance["settings_sha256"],
        "reference": provenance["reference"]["name"],
        "reference_sha256": provenance["reference"]["manifest_sha256"],
    }
    if failure:
        given = {"source": reads["source"], "result": "failed", "failure": failure}
        return QcRow(sample=qc["sample"], run=run or UNKNOWN, **given, **versions)
    plain = (
        *("source", "fragments", "reads", "bases", "min_read_bp", "median_read_bp"),
        *("max_read_bp", "short_reads", "low_quality_reads", "kept_molecules", "kept_copies"),
    )
    controls = reads["control_reads"].values()
    return QcRow(
        sample=qc["sample"],
        run=run or UNKNOWN,
        result="ok",
        failure=UNKNOWN,
        **{name: str(reads[name]) for name in plain},
        target_reads=str(sum(reads["target_reads"].values())),
        control_reads=str(sum(controls)),
        control_genes=str(sum(map(bool, controls))),
        library=reads["strand"]["library"],
        lanes=",".join(reads["lanes"]) or UNKNOWN,
        candidates=str(qc["candidates"]),
        calls=str(qc["calls"]),
        compared_samples=str(carry_over["compared_samples"]),
        suspected_junctions=str(carry_over["suspected_junctions"]),
        same_reads_as=",".join(twins) or UNKNOWN,
        **versions,
    )


def _carry_over_rows(name: str, run: str, path: Path) -> Iterator[CarryOverRow]:
    """What the sample has in common with others; nothing for one that is alone in its run."""
    if not path.is_file():
        return
    for each in read_carry_over(path, name).comparisons:
        yield _carry_over_row(name, run, each)


def _carry_over_row(name: str, run: str, each: Comparison) -> CarryOverRow:
    return CarryOverRow(
        sample=name,
        run=run or UNKNOWN,
        fusion=each.fusion,
        breakpoint5=each.breakpoint5,
        breakpoint3=each.breakpoint3,
        inserted=each.inserted or UNKNOWN,
        molecules=str(each.molecules),
        source=each.source,
        source_fragments=str(each.source_fragments),
        expected_molecules=f"{each.expected:.3f}",
        limit=str(each.limit),
        suspected="yes" if each.is_suspected else "no",
    )
