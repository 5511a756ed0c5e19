"""What a run is given: its config and its sample sheet, checked before any job starts.

The workflow calls `check_config` and `read_samples` while Snakemake reads the rules, so nothing has
been started or written when one of them refuses. A single value is held to the JSON schemas of
`workflow/schemas`; what lies between values, rows and files is checked here.

This module needs nothing beyond jsonschema and PyYAML, which Snakemake itself brings along.
"""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fusioncall.errors import SettingsError
from fusioncall.schema import check_schema, load_schema, nearest

NEEDED_COLUMNS = ("sample", "fastq1", "fastq2", "bam")
COLUMNS = (*NEEDED_COLUMNS, "strandedness", "tumour_type", "run", "assay")
"""Columns of the sample sheet, in any order; the needed ones must be there."""

_ALIGNMENT_ENDINGS = (".bam", ".cram", ".sam")
_READS_ENDINGS = (".fastq", ".fq", ".fastq.gz", ".fq.gz")
NOT_SAMPLES = ("reference", "cohort")
"""Folders of the results that are not those of samples."""

_MAY_BE_URL = ("reference.fasta", "reference.gtf")


@enum.unique
class Strandedness(enum.Enum):
    """What the library keeps of the strand: read 1 along the transcript, against it, or neither."""

    UNSTRANDED = "unstranded"
    FORWARD = "forward"
    REVERSE = "reverse"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of the sample sheet: the reads of one sample.

    Either `bam` is given, or `fastq1` with one path per lane; `fastq2` holds the mates of the
    same lanes, or nothing for single-end reads. Paths are as the user wrote them. `tumour_type` is
    what the user calls the tumour, `run` names what was sequenced together, and `assay` tells how
    the library was made; empty when not told.
    """

    name: str
    fastq1: tuple[str, ...]
    fastq2: tuple[str, ...]
    bam: str | None
    strandedness: Strandedness
    tumour_type: str = ""
    run: str = ""
    assay: str = ""


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the sheet: where it stands, and its cells that are not empty."""

    sheet: Path
    line: int
    cells: Mapping[str, str]

    def place(self, column: str = "") -> str:
        """File, line and column for a message."""
        return f"{self.sheet}, line {self.line}" + (f", column {column}" if column else "")

    def paths(self, column: str) -> tuple[str, ...]:
        """The paths in a cell: one per lane."""
        cell = self.cells.get(column, "")
        return tuple(cell.split(",")) if cell else ()


def is_url(source: str) -> bool:
    """Whether the source is an address to download from, and not a local file.

    >>> is_url("https://example.org/genome.fa.gz")
    True
    >>> is_url("data/genome.fa.gz")
    False
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", source) is not None


def check_config(config: Mapping[str, Any], path: str | Path, schema: Path) -> None:
    """Check the config of a run, and that the files it names are there.

    Args:
        config: the config, with what the command line added to it.
        path: the file or files that it was read from, for messages.
        schema: the JSON schema of the config.

    Raises:
        SettingsError: a key or value cannot be used, or a file is missing.
    """
    check_schema(config, load_schema(schema), str(path), "key")
    given = {
        f"{group}{key}": value
        for group, keys in (("", config), ("reference.", config["reference"]))
        for key, value in keys.items()
        if isinstance(value, str)
    }
    _check_reference(given, str(path))
    files = ("samples", "settings", "catalogue", "own_catalogue", "pon", "fasta", "gtf", "targets")
    for key in files:
        name = key if key in config else f"reference.{key}"
        if name in given and not (name in _MAY_BE_URL and is_url(given[name])):
            _check_file(given[name], f"{path}, key {name}")


def _check_reference(given: Mapping[str, str], path: str) -> None:
    """Check that the reference is given in one of the two ways."""
    place = f"{path}, key reference"
    bundle = given.get("reference.bundle")
    if bundle is None:
        for key in ("fasta", "gtf", "name", "folder"):
            if f"reference.{key}" not in given:
                raise SettingsError(
                    f"the reference has no {key!r}",
                    where=place,
                    cure="Give 'bundle' for a reference that is built already, or 'fasta', 'gtf', "
                    "'name' and 'folder' to build one",
                )
        return
    for key in ("fasta", "gtf"):
        if f"reference.{key}" in given:
            raise SettingsError(
                f"both 'bundle' and {key!r} are given",
                where=place,
                cure="Keep the bundle or the files to build one from, and leave the others empty",
            )
    if not (Path(bundle) / "manifest.json").is_file():
        raise SettingsError(
            f"{bundle!r} is not a reference bundle, for it has no manifest.json",
            where=f"{place}.bundle",
            cure="Correct the path, or build the bundle with 'fusioncall reference build'",
        )


def read_samples(path: Path, schema: Path, *, is_checked: bool = False) -> tuple[Sample, ...]:
    """Read and check the sample sheet, and that the files it names are there.

    Args:
        path: the sheet: tab-separated text with a header; lines that start with # are comments.
        schema: the JSON schema of one row.
        is_checked: the run that this process is a job of has checked the sheet. To look at all
            files of thousands of samples again in each of their jobs would drown a file server.

    Returns:
        The samples, in the order of the sheet.

    Raises:
        SettingsError: the sheet, a row or a cell cannot be used, or a file is missing.
    """
    rows = _read_rows(path)
    if not is_checked:
        _check_rows(rows, path, schema)
    return tuple(_sample(row) for row in rows)


def _check_rows(rows: tuple[_Row, ...], path: Path, schema: Path) -> None:
    """Check each row, all rows together, and that the files they name are there."""
    rules = load_schema(schema)
    for row in rows:
        _check_name(row)
        check_schema(row.cells, rules, row.place(), "column")
        _check_cells(row)
    _check_repeats(rows)
    for row in rows:
        for column in ("fastq1", "fastq2", "bam"):
            for file in row.paths(column):
                _check_file(file, row.place(column), sheet=path)


def batches(samples: Iterable[Sample], size: int) -> tuple[tuple[str, ...], ...]:
    """The names of the samples that one process aligns, in the order of the sheet.

    Args:
        samples: of the sheet; one given as BAM is aligned already.
        size: of a batch, the last one excepted. Of 1: no batches.
    """
    names = [sample.name for sample in samples if not sample.bam]
    if size == 1:
        return ()
    return tuple(tuple(names[first : first + size]) for first in range(0, len(names), size))


def read_groups(path: Path) -> dict[str, Any]:
    """The groups of a settings file as they stand there; the steps check what is in them.

    Raises:
        SettingsError: it is no YAML.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        what = " ".join(f"is not YAML: {error}".split())
        raise SettingsError(what, where=path, cure="Mend the file") from error
    return document if isinstance(document, dict) else {}


def read_runs(path: Path) -> dict[str, str]:
    """Read the names of the samples, each with its run (empty when not told), and nothing else.

    Raises:
        SettingsError: the sheet cannot be used, or a sample has no name.
    """
    rows = _read_rows(path)
    for row in rows:
        _check_name(row)
    return {row.cells["sample"]: row.cells.get("run", "") for row in rows}


def _check_name(row: _Row) -> None:
    if "sample" not in row.cells:
        raise SettingsError(
            "the name of the sample is blank",
            where=row.place("sample"),
            cure="Give each row a name",
        )
    if row.cells["sample"] in NOT_SAMPLES:
        raise SettingsError(
            f"the folder {row.cells['sample']!r} of the results is not for a sample",
            where=row.place("sample"),
            cure="Give the sample another name",
        )


def _sample(row: _Row) -> Sample:
    return Sample(
        name=row.cells["sample"],
        fastq1=row.paths("fastq1"),
        fastq2=row.paths("fastq2"),
        bam=row.cells.get("bam"),
        strandedness=Strandedness(row.cells.get("strandedness", "unknown")),
        tumour_type=row.cells.get("tumour_type", ""),
        run=row.cells.get("run", ""),
        assay=row.cells.get("assay", ""),
    )


def _read_rows(path: Path) -> tuple[_Row, ...]:
    """Split the sheet into rows of named cells."""
    lines = [
        (number, line)
        for number, line in enumerate(re.split(r"\r\n|\n|\r", _read_text(path)), start=1)
        if line.strip() and not line.startswith("#")
    ]
    if not lines:
        raise SettingsError(
            "the sample sheet is empty",
            where=path,
            cure=f"Begin with a line of tab-separated column names: {' '.join(COLUMNS)}",
        )
    header = _read_header(path, *lines[0])
    rows = tuple(_row(path, number, line, header) for number, line in lines[1:])
    if not rows:
        raise SettingsError(
            "the sample sheet has no sample",
            where=path,
            cure="Add a line for each sample below the column names",
        )
    return rows


def _read_text(path: Path) -> str:
    _check_file(str(path), "sample sheet")
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SettingsError(
            "the sample sheet is not UTF-8 text",
            where=f"{path}, line {line}",
            cure="Save it as tab-separated text in UTF-8",
        ) from None


def _read_header(path: Path, line_number: int, line: str) -> tuple[str, ...]:
    """The column names, each known and given once."""
    place = f"{path}, line {line_number}"
    header = tuple(name.strip() for name in line.split("\t"))
    for separator, word in ((",", "commas"), (";", "semicolons"), (" ", "spaces")):
        if len(header) == 1 and len(header[0].split(separator)) > 1:
            raise SettingsError(
                f"the columns are separated by {word}, not by tabs",
                where=place,
                cure="Save the sheet as tab-separated text",
            )
    for name in header:
        if name not in COLUMNS:
            raise SettingsError(
                f"unknown column {name!r}",
                where=place,
                cure=nearest(name, COLUMNS),
            )
        if header.count(name) > 1:
            raise SettingsError(
                f"column {name!r} is there twice", where=place, cure="Remove one of the two"
            )
    for name in NEEDED_COLUMNS:
        if name not in header:
            raise SettingsError(
                f"column {name!r} is missing",
                where=place,
                cure="Add it; its cells may be empty" if name != "sample" else "Add it",
            )
    return header


def _row(path: Path, number: int, line: str, header: tuple[str, ...]) -> _Row:
    cells = line.split("\t")
    if len(cells) > len(header):
        raise SettingsError(
            f"the row has {len(cells)} cells, but there are {len(header)} columns",
            where=f"{path}, line {number}",
            cure="Remove the tabs that are too many",
        )
    if len(cells) == 1 and ("," in line or ";" in line):
        raise SettingsError(
            "the cells are separated by commas or semicolons, not by tabs",
            where=f"{path}, line {number}",
            cure="Save the sheet as tab-separated text",
        )
    named = dict(zip(header, cells, strict=False))
    row = _Row(path, number, {name: cell for name, cell in named.items() if cell})
    for column, cell in row.cells.items():
        if not cell.strip():
            raise SettingsError(
                "the cell holds nothing but blanks",
                where=row.place(column),
                cure="Give a value, or leave the cell wholly empty",
            )
    return row


def _check_cells(row: _Row) -> None:
    """Check what the cells of one row say together."""
    first, second, bam = row.paths("fastq1"), row.paths("fastq2"), row.paths("bam")
    if bam and (first or second):
        raise SettingsError(
            "the sample has both FASTQ and BAM",
            where=row.place(),
            cure="Keep one of the two; BAM and FASTQ of the same reads would count them twice",
        )
    if second and not first:
        raise SettingsError(
            "fastq2 is given without fastq1",
            where=row.place(),
            cure="Give the first reads in fastq1; single-end reads go there, too",
        )
    if not (first or bam):
        raise SettingsError(
            "the sample has neither FASTQ nor BAM",
            where=row.place(),
            cure="Give fastq1 (and fastq2 for paired reads) or bam",
        )
    if second and len(first) != len(second):
        raise SettingsError(
            f"fastq1 has {len(first)} lanes, but fastq2 has {len(second)}",
            where=row.place(),
            cure="Give as many files in fastq2 as in fastq1, in the same order",
        )
    if len(bam) > 1:
        raise SettingsError(
            "several BAM files are given",
            where=row.place("bam"),
            cure="Merge them into one, or give each its own sample and row",
        )
    for column in ("fastq1", "fastq2", "bam"):
        for file in row.paths(column):
            _check_path(file, row.place(column), is_reads=column != "bam")


def _check_path(file: str, place: str, *, is_reads: bool) -> None:
    """Check one path of a cell, without looking at the disk."""
    if not file:
        raise SettingsError(
            "there is a blank between two commas or beside one",
            where=place,
            cure="Give a path for each lane, or remove the comma",
        )
    if file != file.strip() or file.startswith("-"):
        raise SettingsError(
            f"the path {file!r} begins or ends with a blank, or begins with a hyphen",
            where=place,
            cure="Remove the blank; write a path that begins with a hyphen as ./-",
        )
    if is_url(file):
        raise SettingsError(
            f"{file!r} is an address, not a file", where=place, cure="Download it first"
        )
    wrong = _ALIGNMENT_ENDINGS if is_reads else _READS_ENDINGS
    if file.lower().endswith(wrong):
        raise SettingsError(
            f"{file!r} looks like {'alignments' if is_reads else 'FASTQ'}",
            where=place,
            cure="FASTQ goes into fastq1 and fastq2, BAM into bam",
        )


def _check_repeats(rows: Iterable[_Row]) -> None:
    """Check that no sample and no file is there twice."""
    names: dict[str, int] = {}
    files: dict[Path, str] = {}
    for row in rows:
        name = row.cells["sample"]
        if name in names:
            raise SettingsError(
                f"sample {name!r} is already in line {names[name]}",
                where=row.place("sample"),
                cure="Give each sample its own name; lanes of one sample go into one row, "
                "separated by commas",
            )
        names[name] = row.line
        for column in ("fastq1", "fastq2", "bam"):
            for file in row.paths(column):
                real = Path(file).resolve()
                if real in files:
                    raise SettingsError(
                        f"{file!r} is already given in {files[real]}",
                        where=row.place(column),
                        cure="Give each file once",
                    )
                files[real] = f"line {row.line}, column {column}"


def _check_file(file: str, place: str, sheet: Path | None = None) -> None:
    """Check that a local file is there and can be read.

    Args:
        file: its path, from the working folder.
        place: where it is named, for the message.
        sheet: the sheet that names it, to find a path that was written from there.
    """
    path = Path(file)
    if os.access(path, os.F_OK):
        if path.is_dir():
            raise SettingsError(
                f"{file!r} is a folder, not a file", where=place, cure="Name the file"
            )
        if os.access(path, os.R_OK):
            return
        raise SettingsError(
            f"{file!r} cannot be read", where=place, cure="Ask its owner for the right to read it"
        )
    cure = f"Correct the path; it counts from the folder {str(Path.cwd())!r}"
    if path.is_absolute():
        cure = "Correct the path"
    elif sheet is not None and os.access(sheet.parent / path, os.R_OK):
        cure = f"Write it as {str(sheet.parent / path)!r}, from the folder of the run"
    raise SettingsError(f"there is no file {file!r}", where=place, cure=cure)
