"""`fusioncall diff`: what differs between two folders of results, and why."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from fusioncall.plants import Molecules
from sequencing import rows, run_fastq, sequenced
from test_reannotate import changed_settings
from test_report import Page, browse

FUSIONS = ("ETV6:5-NTRK3:15", "TPM3:8-NTRK1:10")


@pytest.fixture(scope="module")
def results(world, reference_folder, tmp_path_factory):
    """A sample with two fusions of six molecules."""
    sample = sequenced(world, FUSIONS, Molecules(split=4, spanning=2))
    return run_fastq(sample, reference_folder, tmp_path_factory.mktemp("old") / "S")


@pytest.fixture
def strict(results, reference_folder, run_cli, tmp_path):
    """The same sample judged with a limit of seven molecules."""
    settings = changed_settings(tmp_path, "strict", {"filters": {"min_molecules": 7}})
    words = (results, "--reference", reference_folder, "--settings", settings)
    assert run_cli("--quiet", "reannotate", *words, "--out", tmp_path / "new" / "S").code == 0
    return tmp_path / "new" / "S"


def test_nothing_differs(results, run_cli, tmp_path):
    done = run_cli("diff", results, results, "--json", tmp_path / "d.json")
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "1 samples in both; 0 differ, 0 in a status",
        "",
        "What they were made with",
        "  no difference",
    ]
    (told,) = json.loads((tmp_path / "d.json").read_text())["samples"]
    assert told == {
        "sample": "S",
        "found_in": "both",
        "status_changed": False,
        "answers": [],
        "calls": [],
        "causes": [],
    }


def test_two_settings(results, strict, run_cli, tmp_path):
    done = run_cli("diff", results, strict, "--json", tmp_path / "d.json")
    assert done.code == 1
    assert "  settings: settings.filters.min_molecules: 2 -> 7 (samples: all 1)" in done.stdout
    assert re.search(r"^  lost: ETV6::NTRK3 \S+: now: a candidate that fails", done.stdout, re.M)
    assert "NTRK3: DETECTED -> INDETERMINATE: ETV6::NTRK3, molecules 6 (limit >=7)" in done.stdout
    told = json.loads((tmp_path / "d.json").read_text())
    assert told["status_changed"] is True
    (sample,) = told["samples"]
    assert [(each["kind"], each["fusion"], each["why"]) for each in sample["calls"]] == [
        ("lost", name, "now: a candidate that fails molecules 6>=7")
        for name in ("ETV6::NTRK3", "TPM3::NTRK1")
    ]
    assert [(each["gene"], each["old"], each["new"]) for each in sample["answers"]] == [
        (gene, "DETECTED", "INDETERMINATE") for gene in ("NTRK1", "NTRK3")
    ]
    causes = {each["name"]: (each["old"], each["new"]) for each in sample["causes"]}
    assert causes == {
        "settings.filters.min_molecules": (2, 7),
        "judged_anew.filters.min_molecules.old": (".", 2),
        "judged_anew.filters.min_molecules.new": (".", 7),
    }


def test_the_other_way_round(results, strict, run_cli):
    done = run_cli("diff", strict, results)
    assert done.code == 1
    gained = [line for line in done.stdout.splitlines() if line.startswith("  gained")]
    assert len(gained) == 2
    assert all("before: a candidate that fails molecules 6>=7" in line for line in gained)


def test_another_catalogue_changes_calls_and_no_status(
    results, reference_folder, run_cli, tmp_path
):
    catalogue = tmp_path / "mine.tsv"
    catalogue.write_text("partner\ttarget\ttumour_types\treferences\tsource\n", encoding="utf-8")
    words = (results, "--reference", reference_folder, "--catalogue", catalogue)
    assert run_cli("--quiet", "reannotate", *words, "--out", tmp_path / "new").code == 0
    done = run_cli("diff", results, tmp_path / "new", "--json", tmp_path / "d.json")
    assert done.code == 0
    (sample,) = json.loads((tmp_path / "d.json").read_text())["samples"]
    assert {each["kind"] for each in sample["calls"]} == {"changed"}
    columns = [
        {one["name"]: (one["old"], one["new"]) for one in each["columns"]}
        for each in sample["calls"]
    ]
    assert all(each["catalogue"] == ("known-pair", "target-only") for each in columns)
    assert {each["kind"] for each in sample["causes"]} == {"catalogue"}
    names = {each["name"]: each["new"] for each in sample["causes"]}
    assert names["catalogue.name"] == "mine.tsv"


def test_a_cohort(results, strict, run_cli, tmp_path):
    old = tmp_path / "old"
    for name in ("S", "T"):
        shutil.copytree(results, old / name)
    (old / "cohort").mkdir()
    (old / "cohort" / "verdicts.tsv").write_text("sample\tgene\tstatus\n", encoding="utf-8")
    done = run_cli("diff", old, strict.parent)
    assert done.code == 1
    assert done.stdout.startswith("1 samples in both, 1 only in the old folder; 2 differ, 2 in a")
    assert "Sample S (only in the old folder)" in done.stdout  # T is a copy of the sample S
    assert "NTRK2: NOT_ASSESSABLE -> .: ." in done.stdout


def test_a_table_of_another_version(results, run_cli, tmp_path):
    copy = Path(shutil.copytree(results, tmp_path / "S"))
    lines = (copy / "fusions.tsv").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line.rpartition("\t")[0] for line in lines) + "\n"
    (copy / "fusions.tsv").write_text(text, encoding="utf-8")
    done = run_cli("diff", copy, results)
    assert done.code == 0
    assert "  version: fusions.tsv: column panel: no -> yes (samples: all 1)" in done.stdout


def test_same_making_but_other_results(results, run_cli, tmp_path):
    copy = Path(shutil.copytree(results, tmp_path / "S"))
    table = copy / "verdicts.tsv"
    table.write_text(table.read_text().replace("NOT_ASSESSABLE", "NOT_DETECTED"), encoding="utf-8")
    done = run_cli("diff", results, copy)
    assert done.code == 1
    assert "  why: nothing that provenance.json tells" in done.stdout


@pytest.mark.parametrize("kind", ["empty", "missing", "mixed", "broken", "no table"])
def test_what_cannot_be_compared(results, run_cli, tmp_path, kind):
    copy = Path(shutil.copytree(results, tmp_path / "many" / "S"))
    given = {"empty": tmp_path / "e", "missing": tmp_path / "x", "mixed": copy.parent}
    (tmp_path / "e").mkdir()
    if kind == "broken":
        (copy / "provenance.json").write_text("{")
    if kind == "no table":
        (copy / "verdicts.tsv").unlink()
    done = run_cli("diff", results, given.get(kind, copy))
    assert done.code == 2
    assert done.stderr.startswith("fusioncall diff: error: ")
    assert done.stderr.count("\n") == 1


def test_page(results, strict, run_cli, tmp_path):
    """Everything that the tables hold is text of the page, and none of it markup."""
    table = strict / "verdicts.tsv"
    evil = "<script>x</script>"
    table.write_text(table.read_text().replace("limit >=7", evil), encoding="utf-8")
    assert run_cli("diff", results, strict, "--html", tmp_path / "d.html").code == 1
    page = Page((tmp_path / "d.html").read_text(encoding="utf-8"))
    assert page.all("script") == []
    cells = [text for _, text in page.all("td")]
    assert sum(evil in text for text in cells) == 2
    assert cells.count("lost") == len(rows(results / "fusions.tsv")) == 2
    assert "settings.filters.min_molecules" in cells


@pytest.mark.slow
def test_in_a_browser(results, strict, run_cli, tool, tmp_path):
    folder = tmp_path / "page"
    folder.mkdir()
    assert run_cli("diff", results, strict, "--html", folder / "report.html").code == 1
    shown, console, asked = browse(tool, folder, "--dump-dom")
    assert console == []
    assert asked == set()
    assert '<h2 id="causes">What they were made with</h2>' in shown
    assert shown.count("<article") == 1
