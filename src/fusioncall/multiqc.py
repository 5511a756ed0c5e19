"""A sample's answers and calls as MultiQC takes them: custom content that needs no configuration.

MultiQC finds files that end with `_mqc.json`, and joins those of all samples that have one `id`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fusioncall.files import write_json
from fusioncall.results import SampleResults
from fusioncall.status import Status
from fusioncall.tables import fusion_row

ANSWERS, CALLS = "fusioncall_answers_mqc.json", "fusioncall_calls_mqc.json"
"""Names of the two files."""

_COLOURS = {
    Status.DETECTED: "#a4243b",
    Status.INDETERMINATE: "#8a5a00",
    Status.NOT_DETECTED: "#1b6b3a",
    Status.NOT_ASSESSABLE: "#4a4a4a",
}
_CALL_COLUMNS = {
    "sample": "Sample",
    "fusion": "Fusion",
    "breakpoint5": "5' breakpoint",
    "breakpoint3": "3' breakpoint",
    "exon5": "5' exon",
    "exon3": "3' exon",
    "frame": "Frame",
    "split_molecules": "Split molecules",
    "spanning_molecules": "Spanning molecules",
    "confidence": "Confidence",
    "catalogue": "Catalogue",
}


def write_multiqc(folder: Path, results: SampleResults) -> None:
    """Write both files of a sample."""
    write_json(folder / ANSWERS, _answers(results))
    write_json(folder / CALLS, _calls(results))


def _answers(results: SampleResults) -> dict[str, Any]:
    genes = [each.gene for each in results.statuses]
    census = results.made.census
    numbers = {
        "fragments": ("Fragments", "Molecules of the whole sample", results.fragments),
        "target_reads": (
            "Target reads",
            "Reads that touch a target gene",
            sum(census.target_reads.values()),
        ),
        "calls": ("Calls", "Junctions that passed every filter", len(results.passing)),
    }
    headers = {gene: _status_header(gene) for gene in genes}
    headers |= {
        key: {"title": title, "description": told, "format": "{:,d}", "scale": "Greys", "min": 0}
        for key, (title, told, _) in numbers.items()
    }
    row: dict[str, Any] = {each.gene: each.status.value for each in results.statuses}
    row |= {key: value for key, (_, _, value) in numbers.items() if value is not None}
    return {
        "id": "fusioncall_answers",
        "section_name": "Answers",
        "description": (
            "The answer for each target gene. NOT_ASSESSABLE: no fusion was seen, and the sample "
            "could not have shown one; INDETERMINATE: a person must look at a candidate."
        ),
        **_PARENT,
        "plot_type": "table",
        "pconfig": {"id": "fusioncall_answers_table", "title": "fusioncall: answers"},
        "headers": headers,
        "data": {results.sample: row},
    }


def _calls(results: SampleResults) -> dict[str, Any]:
    """A row for each call; without any, a row that says so, or MultiQC would drop the sample."""
    data = {}
    for number, each in enumerate(results.passing, start=1):
        row = fusion_row(results.sample, results.fragments, each)
        data[f"{row.sample} {number} {row.fusion}"] = {
            key: getattr(row, key) for key in _CALL_COLUMNS
        }
    headers: dict[str, dict[str, Any]] = {
        key: {"title": told} for key, told in _CALL_COLUMNS.items()
    }
    for key in ("split_molecules", "spanning_molecules"):
        headers[key] |= {"format": "{:,d}", "scale": "Blues", "min": 0}
    return {
        "id": "fusioncall_calls",
        "section_name": "Calls",
        "description": "Every junction that passed all filters.",
        **_PARENT,
        "plot_type": "table",
        "pconfig": {
            "id": "fusioncall_calls_table",
            "title": "fusioncall: calls",
            "col1_header": "Call",
        },
        "headers": headers,
        "data": data or {f"{results.sample} no call": {"sample": results.sample}},
    }


_PARENT = {
    "parent_id": "fusioncall",
    "parent_name": "fusioncall",
    "parent_description": "NTRK fusions from RNA-seq reads. For research use, not for diagnosis.",
}


def _status_header(gene: str) -> dict[str, Any]:
    return {
        "title": gene,
        "description": f"Is there a fusion of {gene}?",
        "scale": False,
        "cond_formatting_rules": {each.value.lower(): [{"s_eq": each.value}] for each in _COLOURS},
        "cond_formatting_colours": [
            {each.value.lower(): colour} for each, colour in _COLOURS.items()
        ],
    }
