"""Results renewed without reads: the same bytes, the calls of a new run, or a plain refusal."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from fusioncall.plants import Molecules
from fusioncall.resources import resource_path
from fusioncall.simulate import ReadSettings
from sequencing import result_bytes, rows, run_fastq, run_files, sequenced

FUSIONS = ("ETV6:5-NTRK3:15", "TPM3:8-NTRK1:10", "LMNA:11-20-NTRK1:11")
LENIENT = yaml.safe_load(resource_path("settings.yaml").read_text(encoding="utf-8"))["assay"][
    "whole_transcriptome"
] | {"min_fragments": 0}
STRICT = {"filters": {"min_molecules": 7}, "confidence": {"high_min_molecules": 9}}


def changed_settings(folder: Path, name: str, changes: dict[str, dict[str, object]]) -> Path:
    values = yaml.safe_load(resource_path("settings.yaml").read_text(encoding="utf-8"))
    for group, inner in changes.items():
        values[group] |= inner
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def sample(world):
    """Six molecules of each fusion, and 5 % errors so that candidates have numbers to judge."""
    return sequenced(world, FUSIONS, Molecules(split=4, spanning=2), ReadSettings(error_rate=0.002))


@pytest.fixture(scope="module")
def results(sample, reference_folder, tmp_path_factory):
    return run_fastq(sample, reference_folder, tmp_path_factory.mktemp("old") / "S")


def reannotate(run_cli, reference_folder, *words):
    return run_cli("--quiet", "reannotate", *words, "--reference", reference_folder)


def test_nothing_changed_gives_the_same_bytes(results, reference_folder, run_cli, tmp_path):
    done = reannotate(run_cli, reference_folder, results, "--out", tmp_path / "new")
    assert (done.code, done.stderr) == (0, "")
    assert result_bytes(tmp_path / "new") == result_bytes(results)


def test_own_folder(results, reference_folder, run_cli, tmp_path):
    copy = Path(shutil.copytree(results, tmp_path / "S"))
    assert reannotate(run_cli, reference_folder, copy, "--out", copy).code == 0
    assert result_bytes(copy) == result_bytes(results)


@pytest.mark.parametrize(
    "changes", [STRICT, {"filters": {"max_read_through_bp": 0, "min_anchor_bp": 45}}]
)
def test_other_limits_give_the_calls_of_a_new_run(
    results, reference_folder, run_cli, tmp_path, changes
):
    settings = changed_settings(tmp_path, "other", changes)
    words = (results, "--settings", settings, "--out", tmp_path / "new")
    assert reannotate(run_cli, reference_folder, *words).code == 0
    reads = sorted(results.with_name("S.reads").glob("*.fq.gz"))
    run_files(reads, reference_folder, tmp_path / "run", "--settings", str(settings))
    for name in ("verdicts.tsv", "resistance.tsv", "context.tsv", "qc.json", "evidence.bam"):
        assert (tmp_path / "new" / name).read_bytes() == (tmp_path / "run" / name).read_bytes()
    # the partner's unfused molecules were counted for what was called then
    counted = {"unfused5_molecules", "fused5_fraction"}
    for table in ("fusions.tsv", "candidates.tsv"):
        new, run = (
            [{k: v for k, v in row.items() if k not in counted} for row in rows(folder / table)]
            for folder in (tmp_path / "new", tmp_path / "run")
        )
        assert new == run
    told = json.loads((tmp_path / "new" / "provenance.json").read_text())["judged_anew"]
    assert {each["name"] for each in told} == {
        f"{group}.{key}" for group, inner in changes.items() for key in inner
    }


def test_there_and_back(results, reference_folder, run_cli, tmp_path):
    settings = changed_settings(tmp_path, "strict", STRICT)
    words = (results, "--settings", settings, "--out", tmp_path / "strict")
    assert reannotate(run_cli, reference_folder, *words).code == 0
    assert rows(tmp_path / "strict" / "fusions.tsv") == []
    words = (tmp_path / "strict", "--out", tmp_path / "back")
    assert reannotate(run_cli, reference_folder, *words).code == 0
    assert result_bytes(tmp_path / "back") == result_bytes(results)


def test_status_and_catalogue(results, reference_folder, run_cli, tmp_path):
    settings = changed_settings(tmp_path, "status", {"assay": {"whole_transcriptome": LENIENT}})
    catalogue = tmp_path / "catalogue.tsv"
    catalogue.write_text("partner\ttarget\ttumour_types\treferences\tsource\n", encoding="utf-8")
    words = (results, "--settings", settings, "--catalogue", catalogue, "--out", tmp_path / "new")
    assert reannotate(run_cli, reference_folder, *words).code == 0
    answers = {row["gene"]: row["status"] for row in rows(tmp_path / "new" / "verdicts.tsv")}
    assert answers == {"NTRK1": "DETECTED", "NTRK2": "NOT_DETECTED", "NTRK3": "DETECTED"}
    known = {row["catalogue"] for row in rows(tmp_path / "new" / "fusions.tsv")}
    assert known == {"target-only"}
    assert (tmp_path / "new" / "calls.json").read_bytes() == (results / "calls.json").read_bytes()
    told = json.loads((tmp_path / "new" / "provenance.json").read_text())
    assert told["judged_anew"] is None
    assert told["catalogue"]["name"] == "catalogue.tsv"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("screen.min_stretch_bp", 19),
        ("trim.min_adapter_bp", 7),
        ("discovery.min_donor_bp", 13),
        ("evidence.min_lone_pairs", 3),
        ("recount.collapse_copies", False),
        ("align.min_score", 16),
    ],
)
def test_settings_of_the_reads_are_refused(
    results, reference_folder, run_cli, tmp_path, name, value
):
    group, _, key = name.partition(".")
    settings = changed_settings(tmp_path, "other", {group: {key: value}})
    words = (results, "--settings", settings, "--out", tmp_path / "new")
    done = reannotate(run_cli, reference_folder, *words)
    assert done.code == 2
    assert f"{name} (" in done.stderr
    assert f", now {value}). Set them back, or run anew from the reads." in done.stderr
    assert not (tmp_path / "new").exists()


def test_annotate_asks_for_the_settings_of_the_call(results, reference_folder, run_cli, tmp_path):
    settings = changed_settings(tmp_path, "strict", STRICT)
    words = ("--calls", results / "calls.json", "--reference", reference_folder)
    done = run_cli("annotate", *words, "--settings", settings, "--out", tmp_path / "new")
    assert done.code == 2
    assert "filters.min_molecules (2, now 7)" in done.stderr
    assert "fusioncall reannotate" in done.stderr


def test_another_version_is_named(results, reference_folder, run_cli, tmp_path):
    copy = Path(shutil.copytree(results, tmp_path / "S"))
    made = json.loads((copy / "calls.json").read_text())
    (copy / "calls.json").write_text(json.dumps(made | {"schema": 2, "fusioncall": "0.0.7"}))
    done = reannotate(run_cli, reference_folder, copy, "--out", tmp_path / "new")
    assert done.code == 2
    assert "is calls.json of version 2, made by fusioncall 0.0.7. Use that version" in done.stderr


def test_evidence_of_another_run_is_refused(results, reference_folder, run_cli, tmp_path, world):
    other = sequenced(world, FUSIONS[:1], Molecules(split=4), seed=7)
    folder = run_fastq(other, reference_folder, tmp_path / "other")
    copy = Path(shutil.copytree(results, tmp_path / "S"))
    shutil.copy(folder / "evidence.bam", copy / "evidence.bam")
    done = reannotate(run_cli, reference_folder, copy, "--out", tmp_path / "new")
    assert done.code == 2
    assert "molecules of calls.json" in done.stderr


def test_tumour_type_and_own_catalogue(results, reference_folder, run_cli, tmp_path):
    own = tmp_path / "own.tsv"
    own.write_text("partner\ttarget\ttumour_types\treferences\tsource\n", encoding="utf-8")
    words = (results, "--out", tmp_path / "a", "--tumour-type", "glioma", "--own-catalogue", own)
    assert reannotate(run_cli, reference_folder, *words).code == 0
    done = reannotate(run_cli, reference_folder, tmp_path / "a", "--out", tmp_path / "b")
    assert done.code == 0
    assert "was annotated with an own catalogue too, and none is given now" in done.stderr
    told = json.loads((tmp_path / "b" / "provenance.json").read_text())
    assert (told["tumour_type"], told["own_catalogue"]) == ("glioma", None)
    again = (tmp_path / "b" / "context.tsv").read_bytes()
    assert again == (tmp_path / "a" / "context.tsv").read_bytes()


def test_several_folders(results, reference_folder, run_cli, tmp_path):
    second = Path(shutil.copytree(results, tmp_path / "T"))
    words = (results, second, "--out", tmp_path / "new")
    assert reannotate(run_cli, reference_folder, *words).code == 0
    for name in ("S", "T"):
        assert result_bytes(tmp_path / "new" / name) == result_bytes(results)
    done = reannotate(run_cli, reference_folder, results, results, "--out", tmp_path / "twice")
    assert done.code == 2
    assert not (tmp_path / "twice").exists()


def test_panel_and_assay_of_the_old_results(results, reference_folder, run_cli, tmp_path):
    panel = tmp_path / "pon.tsv"
    assert run_cli("--quiet", "pon", "build", "--out", panel, results).code == 0
    words = (results, "--assay", "hybrid_capture", "--pon", panel, "--out", tmp_path / "a")
    assert reannotate(run_cli, reference_folder, *words).code == 0
    done = reannotate(run_cli, reference_folder, tmp_path / "a", "--out", tmp_path / "b")
    assert (done.code, done.stderr) == (
        2,
        (
            f"fusioncall reannotate: error: {tmp_path}/a: was judged with the panel of normals "
            "pon.tsv. Give it or a newer one: --pon.\n"
        ),
    )
    assert not (tmp_path / "b").exists()
    words = (tmp_path / "a", "--pon", panel, "--out", tmp_path / "b")
    assert reannotate(run_cli, reference_folder, *words).code == 0
    assert result_bytes(tmp_path / "b") == result_bytes(tmp_path / "a")
    assert {row["assay"] for row in rows(tmp_path / "b" / "verdicts.tsv")} == {"hybrid_capture"}


def test_carry_over_of_the_old_results(results, reference_folder, run_cli, tmp_path):
    copy = Path(shutil.copytree(results, tmp_path / "S"))
    qc = json.loads((copy / "qc.json").read_bytes())
    qc["carry_over"]["compared_samples"] = 3
    (copy / "qc.json").write_text(json.dumps(qc), encoding="utf-8")
    done = reannotate(run_cli, reference_folder, copy, "--out", tmp_path / "new")
    assert (done.code, done.stderr) == (
        2,
        (
            f"fusioncall reannotate: error: {copy}: was compared with 3 samples of its run. "
            "Give what was found: --carry-over cohort/carry_over/<run>.json.\n"
        ),
    )
    assert not (tmp_path / "new").exists()
