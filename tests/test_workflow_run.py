"""The real workflow on the demonstration data: the files, and the bytes of `fusioncall run`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conftest import CHECKOUT
from fusioncall.cli import main
from fusioncall.writing import RESULTS
from sequencing import found, result_bytes, rows

pytestmark = pytest.mark.slow

DEMO = CHECKOUT / "tests" / "data" / "demo"
ETV6_NTRK3 = {("chr12:25882:+", "chr15:88104:-"): (10, 10)}  # as planted
READS = {
    "etv6_ntrk3": ("etv6_ntrk3_1.fq.gz", "etv6_ntrk3_2.fq.gz"),
    "tpm3_ntrk1_single": ("tpm3_ntrk1_single_1.fq.gz",),
    "negative": ("negative_1.fq.gz", "negative_2.fq.gz"),
}


def snakemake(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the checkout's workflow in a folder."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(CHECKOUT / "Snakefile")]
    options = ["--directory", str(folder), "--cores", "2", "--configfile", "config.yaml"]
    options += ["--replace-workflow-config", "--workflow-profile", "none"]
    return subprocess.run(
        [*command, *options, *words], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder in which the workflow ran on the demonstration data, and on a BAM.

    Each sample is alone in its run, as for `fusioncall run`.
    """
    folder = tmp_path_factory.mktemp("project with space")
    data = Path(shutil.copytree(DEMO, folder / "data"))
    header = "sample\tfastq1\tfastq2\tbam\trun\n"
    lines = [
        "\t".join([sample, *(f"data/{name}" for name in files), *[""] * (3 - len(files)), sample])
        for sample, files in READS.items()
    ]
    config = {
        "samples": "samples.tsv",
        "outdir": "results",
        "settings": "data/settings.yaml",
        "reference": {
            "fasta": "data/genome.fa.gz",
            "gtf": "data/genes.gtf.gz",
            "name": "demo",
            "folder": "reference",
        },
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (folder / "samples.tsv").write_text(header + "\n".join(lines) + "\n", encoding="utf-8")
    first = snakemake(folder, "--notemp")
    assert first.returncode == 0, first.stderr[-3000:]
    aligned = folder / "results" / "etv6_ntrk3" / "work" / "aligned.bam"
    shutil.copy(aligned, data / "aligned.bam")
    sheet = folder / "samples.tsv"
    sheet.write_text(
        sheet.read_text() + "from_bam\t\t\tdata/aligned.bam\tfrom_bam\n", encoding="utf-8"
    )
    second = snakemake(folder)
    assert second.returncode == 0, second.stderr[-3000:]
    return folder


def test_every_sample_has_every_file(project):
    for sample in [*READS, "from_bam"]:
        folder = project / "results" / sample
        assert [name for name in RESULTS if not (folder / name).is_file()] == []
    assert found(project / "results" / "etv6_ntrk3") == {
        ("chr12:25882:+", "chr15:88104:-"): (10, 10)
    }
    assert found(project / "results" / "negative") == {}
    statuses = {
        row["gene"]: row["status"] for row in rows(project / "results/negative/verdicts.tsv")
    }
    assert statuses == dict.fromkeys(("NTRK1", "NTRK2", "NTRK3"), "NOT_DETECTED")


@pytest.mark.parametrize("sample", READS)
def test_run_gives_the_same_bytes(project, tmp_path, sample):
    files = [str(project / "data" / name) for name in READS[sample]]
    reads = [f"--fastq{number}={path}" for number, path in enumerate(files, start=1)]
    words = ["--quiet", "run", "--sample", sample, *reads, "--out", str(tmp_path / "S")]
    words += ["--reference", str(project / "reference" / "demo")]
    assert main([*words, "--settings", str(project / "data" / "settings.yaml")]) == 0
    assert result_bytes(tmp_path / "S") == result_bytes(project / "results" / sample)


def test_batch_gives_the_same_bytes(project):
    options = ("--config", "batch_size=2", "outdir=batched", "samples=batched.tsv")
    sheet = (project / "samples.tsv").read_text().splitlines(keepends=True)
    (project / "batched.tsv").write_text("".join(sheet[: 1 + len(READS)]), encoding="utf-8")
    done = snakemake(project, *options)
    assert done.returncode == 0, done.stderr[-3000:]
    logs = sorted(path.name for path in (project / "batched" / "batches" / "logs").iterdir())
    assert logs == ["align_1.log", "align_2.log"]
    for sample in READS:
        assert result_bytes(project / "batched" / sample) == result_bytes(
            project / "results" / sample
        )


def test_a_bam_of_kept_reads_gives_the_same_calls(project):
    results = project / "results"
    assert found(results / "from_bam") == found(results / "etv6_ntrk3")
    census = json.loads((results / "from_bam" / "qc.json").read_text())["reads"]
    assert census["source"] == "bam"


def test_a_second_time_there_is_nothing_to_do(project):
    again = snakemake(project, "--dry-run")
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout + again.stderr


def test_snakemakes_own_report_holds_answers_calls_and_reports(project):
    done = snakemake(project, "--report", "report.zip")
    assert done.returncode == 0, done.stderr[-3000:]
    for name in ("report.html", "verdicts.tsv", "fusions.tsv"):
        assert done.stderr.count(f"Adding {name} ") == len(READS) + 1
