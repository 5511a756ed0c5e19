"""The files for MultiQC, and the report that it makes of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from builders import sample_results
from fusioncall.multiqc import ANSWERS, CALLS, write_multiqc
from fusioncall.status import Status
from sequencing import rows


@pytest.fixture
def negative(reference, settings):
    """A sample `N` without any candidate."""
    return sample_results([], reference, settings, name="N")


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_answers(every_kind):
    document = read(every_kind / ANSWERS)
    table = rows(every_kind / "verdicts.tsv")
    row = document["data"]["S"]
    assert {each["gene"]: each["status"] for each in table} == {
        gene: row[gene] for gene in ("NTRK1", "NTRK2", "NTRK3")
    }
    assert (row["fragments"], row["calls"]) == (int(table[0]["fragments"]), 5)
    assert row["target_reads"] == sum(int(each["target_reads"]) for each in table)
    assert list(document["headers"]) == list(row)
    rules = document["headers"]["NTRK1"]["cond_formatting_rules"]
    assert [rule[0]["s_eq"] for rule in rules.values()] == [each.value for each in Status]


def test_calls(every_kind):
    document = read(every_kind / CALLS)
    table = rows(every_kind / "fusions.tsv")
    assert list(document["data"]) == [
        f"S {number} {row['fusion']}" for number, row in enumerate(table, start=1)
    ]
    for told, row in zip(document["data"].values(), table, strict=True):
        assert {key: str(value) for key, value in told.items()} == {
            key: row[key] for key in document["headers"]
        }


def test_a_sample_without_calls_is_not_left_out(negative, tmp_path):
    write_multiqc(tmp_path, negative)
    assert read(tmp_path / CALLS)["data"] == {"N no call": {"sample": "N"}}
    assert read(tmp_path / ANSWERS)["data"]["N"]["NTRK2"] == "NOT_DETECTED"


@pytest.mark.slow
def test_multiqc_shows_both_sections(every_kind, negative, tmp_path, tool):
    """MultiQC itself, without any configuration, on the folder of a run."""
    shutil.copytree(every_kind, tmp_path / "results" / "S")
    (tmp_path / "results" / "N").mkdir()
    write_multiqc(tmp_path / "results" / "N", negative)
    environment = os.environ | {"HOME": str(tmp_path), "MULTIQC_NO_VERSION_CHECK": "true"}
    command = [tool("multiqc"), "results/", "--strict"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    data = tmp_path / "multiqc_data"
    answers = rows(data / "multiqc_fusioncall_answers_table.txt")
    assert [(row["Sample"], row["NTRK1"], row["NTRK2"], row["NTRK3"]) for row in answers] == [
        ("N", "NOT_DETECTED", "NOT_DETECTED", "NOT_DETECTED"),
        ("S", "DETECTED", "INDETERMINATE", "DETECTED"),
    ]
    calls = rows(data / "multiqc_fusioncall_calls_table.txt")
    assert [row["Sample"] for row in calls] == [
        "N no call",
        *(f"S {n} {row['fusion']}" for n, row in enumerate(rows(every_kind / "fusions.tsv"), 1)),
    ]
    page = (tmp_path / "multiqc_report.html").read_text(encoding="utf-8")
    assert "fusioncall_answers_table" in page
    assert "NTRK fusions from RNA-seq reads" in page
