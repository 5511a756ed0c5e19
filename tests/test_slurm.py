"""The workflow on a real Slurm: the files are those of a run without one, byte for byte."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conftest import CHECKOUT, lacking
from fusioncall.plants import Molecules, parse_fusion
from fusioncall.sample_files import write_reads
from fusioncall.simulate import ReadSettings, SamplePlan, background_of, simulate_sample
from fusioncall.writing import RESULTS
from sequencing import found, result_bytes
from slurm import DAEMONS, daemon, running_slurm
from test_profiles import PROFILES, need_executor

pytestmark = pytest.mark.slow

SAMPLES = {f"S{number}": fusion for number, fusion in enumerate(("none", "ETV6:5-NTRK3:15") * 4)}


@pytest.fixture(scope="module")
def project(world, genome_files, tmp_path_factory):
    """A folder with the reads of eight samples, their sheet and a config."""
    folder = tmp_path_factory.mktemp("project with space")
    lines = ["sample\tfastq1\tfastq2\tbam"]
    for number, (name, fusion) in enumerate(SAMPLES.items()):
        plants = () if fusion == "none" else (parse_fusion(world, fusion, Molecules(5, 5)),)
        plan = SamplePlan(name, number, ReadSettings(), plants, background_of(world, 2500))
        first, second = write_reads(simulate_sample(world, plan), folder)
        lines.append(f"{name}\t{first.name}\t{second.name}\t")
    (folder / "samples.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    fasta, gtf = map(str, genome_files)
    reference = {"fasta": fasta, "gtf": gtf, "name": "world", "folder": "reference"}
    config = {"samples": "samples.tsv", "outdir": "results", "reference": reference}
    config["settings"] = str(CHECKOUT / "tests" / "data" / "demo" / "settings.yaml")
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


def snakemake(folder: Path, environment: os._Environ[str], *words: str) -> None:
    """Run the checkout's workflow in a folder."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(CHECKOUT / "Snakefile")]
    command += ["--directory", str(folder), "--configfile", "config.yaml"]
    command += ["--replace-workflow-config", *words]
    given = {**environment, "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        command, env=given, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_slurm_gives_the_bytes_of_a_local_run(project, tmp_path):
    need_executor("slurm")
    for name in DAEMONS:
        if daemon(name) is None:
            lacking(f"{name} is not installed")
    on_slurm = Path(shutil.copytree(project, tmp_path / "on slurm"))
    with running_slurm(tmp_path) as environment:
        command = ["--workflow-profile", str(PROFILES / "slurm")]
        command += ["--group-components", "calls=4", "answers=8"]
        command += ["--slurm-status-command", "squeue"]
        command += ["--slurm-init-seconds-before-status-checks", "1"]
        snakemake(on_slurm, environment, *command)
        states = subprocess.run(
            ["squeue", "--states=all", "--noheader", "--format=%T"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    # the probe of the test, reference build and check, two groups of calls, what compares the
    # samples, two groups of answers, the cohort, and whether it is complete
    assert states.stdout.split() == ["COMPLETED"] * 10
    snakemake(project, os.environ, "--workflow-profile", "none", "--cores", "2")
    for cohort in (on_slurm / "results" / "cohort", project / "results" / "cohort"):
        assert {"cohort.html", "fusions.tsv", "verdicts.tsv", "qc.tsv", "complete.txt"} <= {
            path.name for path in cohort.iterdir()
        }
    for path in (project / "results" / "cohort").glob("*.*"):
        assert (on_slurm / "results" / "cohort" / path.name).read_bytes() == path.read_bytes()
    for name, fusion in SAMPLES.items():
        of_slurm = on_slurm / "results" / name
        assert set(RESULTS) <= {path.name for path in of_slurm.iterdir()}
        assert result_bytes(of_slurm) == result_bytes(project / "results" / name)
        assert len(found(of_slurm)) == (fusion != "none")
