"""The tables of many samples: rows of all of them, failed ones, twins, other versions."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys

import pytest

from conftest import lacking
from fusioncall.carry_over import Comparison, RunCarryOver, SampleCarryOver, write_carry_over
from fusioncall.cohort import CARRY_OVER_COLUMNS, QC_COLUMNS
from fusioncall.tables import FUSION_COLUMNS, VERDICT_COLUMNS
from sequencing import rows

HEADER = "sample\tfastq1\tfastq2\tbam\trun\n"
SHARED = Comparison(
    fusion="ETV6::NTRK3",
    breakpoint5="chr12:1:+",
    breakpoint3="chr15:2:-",
    inserted="",
    molecules=3,
    source="B",
    source_fragments=300,
    expected=0.6,
    limit=4,
)


@pytest.fixture
def project(every_kind, tmp_path):
    """Two samples with results, of one run, and one without."""
    for name in ("A", "B"):
        shutil.copytree(every_kind, tmp_path / "results" / name)
        for path in (tmp_path / "results" / name).glob("*.tsv"):
            path.write_text(path.read_text().replace("\nS\t", f"\n{name}\t"))
        qc = tmp_path / "results" / name / "qc.json"
        qc.write_text(qc.read_text().replace('"sample": "S"', f'"sample": "{name}"'))
    sheet = f"{HEADER}A\ta.fq\t\t\tR1\nB\tb.fq\t\t\tR1\nlost\tc.fq\t\t\t\n"
    (tmp_path / "samples.tsv").write_text(sheet)
    found = {
        "A": SampleCarryOver(compared=1, comparisons=(SHARED,)),
        "B": SampleCarryOver(compared=1),
    }
    (tmp_path / "carry_over").mkdir()
    write_carry_over(tmp_path / "carry_over" / "R1.json", RunCarryOver(schema=1, samples=found))
    return tmp_path


@pytest.fixture
def cohort(project, run_cli):
    """Run `fusioncall cohort`, and give what it left behind."""

    def run(*words):
        return run_cli(
            *("--quiet", "cohort", "--samples", project / "samples.tsv", "--results"),
            *(project / "results", "--carry-over", project / "carry_over"),
            *("--out", project / "cohort", *words),
        )

    return run


def test_rows_of_all_samples_in_the_order_of_the_sheet(project, cohort, every_kind):
    assert cohort() == (0, "", "")
    for name, columns in (("fusions", FUSION_COLUMNS), ("verdicts", VERDICT_COLUMNS)):
        made = rows(project / "cohort" / f"{name}.tsv")
        own = rows(every_kind / f"{name}.tsv")
        assert list(made[0]) == list(columns)
        expected = [row | {"sample": sample} for sample in ("A", "B") for row in own]
        assert [row for row in made if row["sample"] != "lost"] == expected


def test_a_sample_without_results_is_told_as_failed(project, cohort):
    cohort()
    reason = "there are no results: fusions.tsv is missing"
    told = [row for row in rows(project / "cohort" / "verdicts.tsv") if row["sample"] == "lost"]
    assert [(row["gene"], row["status"], row["reason"]) for row in told] == [
        (gene, "NOT_ASSESSABLE", f"failed: {reason}") for gene in ("NTRK1", "NTRK2", "NTRK3")
    ]
    qc = {row["sample"]: row for row in rows(project / "cohort" / "qc.tsv")}
    assert (qc["lost"]["result"], qc["lost"]["failure"]) == ("failed", reason)
    assert {value for key, value in qc["lost"].items() if key not in {"sample", "result"}} == {
        ".",
        reason,
    }


def test_qc_holds_the_numbers_of_each_sample(project, cohort, every_kind):
    cohort()
    table = rows(project / "cohort" / "qc.tsv")
    assert list(table[0]) == list(QC_COLUMNS)
    document = json.loads((every_kind / "qc.json").read_text())
    row = table[0]
    assert (row["run"], row["result"], row["failure"]) == ("R1", "ok", ".")
    for name in ("fragments", "reads", "bases", "median_read_bp", "kept_molecules"):
        assert row[name] == str(document["reads"][name])
    assert row["control_genes"] == str(
        sum(count > 0 for count in document["reads"]["control_reads"].values())
    )
    assert row["lanes"] == "SIM:1:FC:1"
    assert (row["candidates"], row["calls"]) == ("8", "5")


def test_samples_with_the_same_reads_are_told(project, cohort):
    cohort()
    twins = {row["sample"]: row["same_reads_as"] for row in rows(project / "cohort" / "qc.tsv")}
    assert twins == {"A": "B", "B": "A", "lost": "."}


def test_what_samples_share(project, cohort):
    cohort()
    table = rows(project / "cohort" / "carry_over.tsv")
    cells = ("A", "R1", "ETV6::NTRK3", "chr12:1:+", "chr15:2:-", ".", "3", "B", "300", "0.600")
    assert table == [dict(zip(CARRY_OVER_COLUMNS, (*cells, "4", "yes"), strict=True))]


def test_the_same_bytes_each_time(project, cohort):
    cohort()
    first = {path.name: path.read_bytes() for path in (project / "cohort").iterdir()}
    assert set(first) == {
        *("fusions.tsv", "verdicts.tsv", "qc.tsv", "carry_over.tsv", "cohort.html"),
    }
    cohort()
    assert {path.name: path.read_bytes() for path in (project / "cohort").iterdir()} == first


def test_tables_of_another_version_are_refused(project, cohort):
    path = project / "results" / "B" / "fusions.tsv"
    path.write_text("sample\tfusion\n")
    told = (
        f"fusioncall cohort: error: {path}: is no fusions.tsv of this version. "
        "Write the tables of the sample anew with this version.\n"
    )
    assert cohort() == (2, "", told)
    assert not (project / "cohort").exists()


def test_other_target_genes_are_refused(project, cohort):
    path = project / "results" / "B" / "verdicts.tsv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    code, _, told = cohort()
    assert code == 2
    assert f"{path}: has other target genes than the other samples. " in told


def test_broken_json_is_refused(project, cohort):
    path = project / "results" / "B" / "qc.json"
    path.write_bytes(path.read_bytes()[:50])
    code, _, told = cohort()
    assert code == 2
    assert told.startswith(f"fusioncall cohort: error: {path}: is not whole: ")


def test_complete_names_the_failed_ones(project, cohort, run_cli):
    cohort()
    qc = project / "cohort" / "qc.tsv"
    told = (
        f"fusioncall complete: error: {qc}: 1 of 3 samples failed: lost. "
        "Their reasons stand there; mend what they tell and run again.\n"
    )
    assert run_cli("--quiet", "complete", "--qc", qc) == (2, "", told)
    (project / "samples.tsv").write_text(f"{HEADER}A\ta.fq\t\t\tR1\nB\tb.fq\t\t\tR1\n")
    cohort()
    done = run_cli("--quiet", "complete", "--qc", qc)
    assert done == (0, "2 samples, none of them failed\n", "")


def test_parquet_without_pyarrow_is_one_line(project, cohort, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    told = (
        "fusioncall cohort: error: Parquet needs pyarrow, which is missing. "
        "Install it: pip install pyarrow.\n"
    )
    assert cohort("--parquet") == (2, "", told)


def test_parquet_holds_what_tsv_holds(project, cohort):
    if importlib.util.find_spec("pyarrow") is None:
        lacking("pyarrow is not installed")
    parquet = importlib.import_module("pyarrow.parquet")
    cohort("--parquet")
    for name in ("fusions", "verdicts", "qc", "carry_over"):
        table = parquet.read_table(project / "cohort" / f"{name}.parquet").to_pylist()
        expected = rows(project / "cohort" / f"{name}.tsv")
        assert len(table) == len(expected) > 0
        for made, row in zip(table, expected, strict=True):
            assert list(made) == list(row)
            for column, value in made.items():
                if isinstance(value, float):
                    assert value == float(row[column])
                else:
                    assert str("." if value is None else value) == row[column]
    assert isinstance(table[0]["molecules"], int)
    assert isinstance(table[0]["expected_molecules"], float)


def test_carry_over_of_a_run_that_is_not_there(project, run_cli):
    words = ("--quiet", "carry-over", "--samples", project / "samples.tsv", "--run", "R9")
    done = run_cli(*words, "--calls", "{sample}.json", "--out", project / "x.json")
    assert (done.code, done.stderr) == (
        2,
        (
            f"fusioncall carry-over: error: {project}/samples.tsv: has no sample of run 'R9'. "
            "Give --run as the sheet has it.\n"
        ),
    )
