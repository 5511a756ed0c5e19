"""The real workflow on a batch: one broken sample, carry-over, and what a change does again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from conftest import CHECKOUT
from fusioncall.plants import Molecules
from fusioncall.resources import resource_path
from fusioncall.sample_files import write_reads
from fusioncall.writing import RESULTS
from sequencing import rows, sequenced

pytestmark = pytest.mark.slow

FUSION = "ETV6:5-NTRK3:15"
SPLIT = {"strong": 40, "hopped": 2, "broken": 30, "apart": 2}
RUNS = {"strong": "R1", "hopped": "R1", "broken": "R1", "apart": "R2"}
AGAIN = {"all": 1, "cohort": 1, "complete": 1}
TOLD = "cannot be read as FASTQ: Compressed file ended before the end-of-stream marker was reached"


@dataclass(frozen=True)
class Batch:
    """A folder in which the workflow ran with a truncated file, and once more when it was mended.

    `broken` and `mended` are the two runs, `after_broken` and `before_mended` dry runs between
    them, and `told` the tables of the first run.
    """

    folder: Path
    broken: subprocess.CompletedProcess[str]
    after_broken: dict[str, int]
    before_mended: dict[str, int]
    mended: subprocess.CompletedProcess[str]
    told: dict[str, list[dict[str, str]]]
    page: str


def snakemake(folder, *words):
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(CHECKOUT / "Snakefile")]
    command += ["--directory", str(folder), "--cores", "2", "--configfile", "config.yaml"]
    command += ["--replace-workflow-config", "--nolock"]
    return subprocess.run(
        [*command, *words], cwd=folder, capture_output=True, text=True, check=False
    )


def planned(folder) -> dict[str, int]:
    """Jobs per rule of a dry run; none if there is nothing to do."""
    done = snakemake(folder, "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    table = done.stdout.rpartition("Job stats:")[2]
    jobs = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}
    jobs.pop("total", None)
    assert jobs or "Nothing to be done" in done.stdout + done.stderr
    return jobs


def write_settings(folder, **changes):
    """Settings for small samples, with `group_key` replaced."""
    document = yaml.safe_load(resource_path("settings.yaml").read_text(encoding="utf-8"))
    document["assay"]["whole_transcriptome"] |= {"min_fragments": 100, "min_control_genes": None}
    for place, value in changes.items():
        group, _, key = place.partition("__")
        document[group][key] = value
    (folder / "settings.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")


def statuses(table) -> dict[str, str]:
    return {row["sample"]: row["status"] for row in table if row["gene"] == "NTRK3"}


@pytest.fixture(scope="module")
def batch(world, reference_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("a batch")
    lines = ["sample\tfastq1\tfastq2\tbam\trun"]
    for seed, (name, split) in enumerate(SPLIT.items(), start=1):
        made = sequenced(world, [FUSION], Molecules(split=split, spanning=0), seed=seed)
        (folder / name).mkdir()
        first, second = write_reads(
            replace(made, plan=replace(made.plan, name=name)), folder / name
        )
        files = (path.relative_to(folder) for path in (first, second))
        lines.append("\t".join([name, *map(str, files), "", RUNS[name]]))
    (folder / "samples.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = {
        "samples": "samples.tsv",
        "outdir": "results",
        "settings": "settings.yaml",
        "own_catalogue": "own.tsv",
        "reference": {"bundle": str(reference_folder)},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    shutil.copyfile(resource_path("known_partners.tsv"), folder / "own.tsv")
    write_settings(folder)
    truncated = next((folder / "broken").glob("*_1.fq.gz"))
    whole = truncated.read_bytes()
    truncated.write_bytes(whole[: len(whole) // 2])
    broken = snakemake(folder)
    cohort = folder / "results" / "cohort"
    told = {name: rows(cohort / f"{name}.tsv") for name in ("verdicts", "fusions", "qc")}
    told["carry_over"] = rows(cohort / "carry_over.tsv")
    page = (cohort / "cohort.html").read_text(encoding="utf-8")
    after_broken = planned(folder)
    truncated.write_bytes(whole)
    before_mended = planned(folder)
    return Batch(folder, broken, after_broken, before_mended, snakemake(folder), told, page)


def test_a_truncated_file_fails_the_workflow_and_no_other_sample(batch):
    assert batch.broken.returncode == 1
    assert "1 of 4 samples failed: broken." in batch.broken.stdout + batch.broken.stderr
    assert statuses(batch.told["verdicts"]) == {
        "strong": "DETECTED",
        "hopped": "INDETERMINATE",
        "broken": "NOT_ASSESSABLE",
        "apart": "DETECTED",
    }
    assert {row["sample"]: row["result"] for row in batch.told["qc"]} == {
        **dict.fromkeys(SPLIT, "ok"),
        "broken": "failed",
    }


def test_the_broken_sample_tells_why_in_one_line(batch):
    reasons = {row["reason"] for row in batch.told["verdicts"] if row["sample"] == "broken"}
    (reason,) = reasons
    assert re.fullmatch(rf"failed: \w+_1\.fq\.gz: {TOLD} \(read as far as record \d+\)", reason)
    (row,) = (row for row in batch.told["qc"] if row["sample"] == "broken")
    assert f"failed: {row['failure']}" == reason
    assert row["failure"] in batch.page


def test_a_hopped_fusion_names_its_source(batch):
    (row,) = (
        row for row in batch.told["verdicts"] if (row["sample"], row["gene"]) == ("hopped", "NTRK3")
    )
    assert row["reason"].startswith("ETV6::NTRK3, carry_over suspected from strong with 40 ")
    assert {row["sample"] for row in batch.told["fusions"]} == {"strong", "apart"}
    (told,) = (row for row in batch.told["carry_over"] if row["suspected"] == "yes")
    assert (told["sample"], told["source"], told["molecules"]) == ("hopped", "strong", "2")


def test_the_weak_samples_own_files_tell_it(batch):
    folder = batch.folder / "results" / "hopped"
    (row,) = rows(folder / "candidates.tsv")
    told = row["filter_carry_over"]
    assert told.startswith("FAIL:suspected from strong with 40 fragments: 2>")
    assert (row["passed"], row["confidence"]) == ("no", "low")
    assert rows(folder / "fusions.tsv") == []
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "suspected from strong with 40 fragments: 2" in page
    assert "compared with 2 of the run or lane, suspected for 1 of 1 junctions" in page
    alone = (batch.folder / "results" / "apart" / "report.html").read_text(encoding="utf-8")
    assert "not looked at, for no other sample of the run or lane was given" in alone


def test_what_is_done_again_beside_a_broken_sample_is_only_the_complaint(batch):
    assert batch.after_broken == {"all": 1, "complete": 1}


def test_a_mended_file_does_its_sample_again_and_compares_its_run(batch):
    assert batch.before_mended == AGAIN | {
        **dict.fromkeys(("screen", "align", "call", "carry_over"), 1),
        **dict.fromkeys(("annotate", "report"), 3),
    }
    assert batch.mended.returncode == 0, batch.mended.stderr[-3000:]
    cohort = batch.folder / "results" / "cohort"
    assert statuses(rows(cohort / "verdicts.tsv")) == {
        "strong": "DETECTED",
        "hopped": "INDETERMINATE",
        "broken": "DETECTED",
        "apart": "DETECTED",
    }
    told = (cohort / "complete.txt").read_text(encoding="utf-8")
    assert told == "4 samples, none of them failed\n"
    for sample in SPLIT:
        folder = batch.folder / "results" / sample
        assert [name for name in RESULTS if not (folder / name).is_file()] == []


def test_nothing_changed(batch):
    assert planned(batch.folder) == {}


@pytest.fixture
def changed(batch):
    """Touch a file, and put its time back afterwards."""
    kept = []

    def touch(path):
        kept.append((path, path.stat().st_mtime_ns))
        os.utime(path)

    yield touch
    for path, time in kept:
        os.utime(path, ns=(time, time))


def test_fastq_of_one_sample_changed(batch, changed):
    """A file of the same bytes would be no reason, so one byte of its gzip header changes."""
    path = next((batch.folder / "apart").glob("*_2.fq.gz"))
    content = path.read_bytes()
    changed(path)
    path.write_bytes(content[:9] + b"\x00" + content[10:])
    jobs = planned(batch.folder)
    path.write_bytes(content)
    once = dict.fromkeys(("screen", "align", "call", "annotate", "report"), 1)
    assert jobs == AGAIN | once


def test_catalogue_changed(batch, changed):
    path = batch.folder / "own.tsv"
    content = path.read_text(encoding="utf-8")
    changed(path)
    path.write_text(f"{content}\n", encoding="utf-8")
    jobs = planned(batch.folder)
    path.write_text(content, encoding="utf-8")
    assert jobs == AGAIN | {"annotate": 4, "report": 4}


@pytest.mark.parametrize(
    ("place", "value", "again"),
    [
        ("status__min_insert_pairs", 21, {}),
        ("resistance__min_molecules", 21, {}),
        ("carry_over__hopped_share", 0.01, {"carry_over": 1}),
        ("filters__min_molecules", 3, {"call": 4, "carry_over": 1}),
        ("align__batch_molecules", 999, {"align": 4, "call": 4, "carry_over": 1}),
        (
            "screen__low_quality_phred",
            21,
            {"screen": 4, "align": 4, "call": 4, "carry_over": 1},
        ),
    ],
)
def test_threshold_changed(batch, changed, place, value, again):
    changed(batch.folder / "settings.yaml")
    write_settings(batch.folder, **{place: value})
    jobs = planned(batch.folder)
    write_settings(batch.folder)
    if "align" in again:
        again = again | {"screen": 4}  # its BAM of kept reads is not kept
    assert jobs == AGAIN | again | {"annotate": 4, "report": 4}


def test_settings_with_another_comment_are_no_reason(batch, changed):
    path = batch.folder / "settings.yaml"
    changed(path)
    path.write_text(f"# a comment\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    jobs = planned(batch.folder)
    write_settings(batch.folder)
    assert jobs == {}
