"""A sample whose job dies is given up after the last try, and the others go on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
import yaml

from conftest import CHECKOUT, lacking
from fusioncall.plants import Molecules
from fusioncall.sample_files import write_reads
from sequencing import rows, sequenced
from slurm import DAEMONS, daemon, running_slurm
from test_profiles import PROFILES, need_executor

FUSION = "ETV6:5-NTRK3:15"
SAMPLES = ("one", "two", "dies")
ASKED = r", with \d+ MB and \d+ minutes asked for"


@pytest.fixture
def give_up(run_cli):
    """Run `fusioncall give-up` for a step, as the workflow does."""

    def run(step, *words, code=137, tried="3/3", folder):
        asked = ("--exit-code", code, "--tried", tried, "--memory-mb", 900, "--minutes", 5)
        files = ("--begun", folder / "begun", "--note", folder / "given_up.txt")
        return run_cli("give-up", step, *asked, *files, *words)

    return run


@pytest.mark.parametrize(("tried", "code"), [("1/3", 137), ("2/3", 1), ("3/3", 2), ("3/3", 127)])
def test_before_the_last_try_and_for_an_error_of_the_run_nothing_is_given_up(
    give_up, tmp_path, tried, code
):
    out = tmp_path / "aligned.bam"
    done = give_up("align", "--out", out, code=code, tried=tried, folder=tmp_path)
    assert done.code == code
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "how"),
    [
        (137, "was ended by signal 9 (SIGKILL)"),
        (1, "ended with exit code 1"),
        (255, "ended with exit code 255"),
    ],
)
def test_alignments_that_were_given_up_are_told_by_the_call(
    give_up, run_cli, reference_folder, tmp_path, code, how
):
    out = tmp_path / "aligned.bam"
    assert give_up("align", "--out", out, code=code, folder=tmp_path).code == 0
    asked = "with 900 MB and 5 minutes asked for: see align.log"
    told = f"align {how} in the last of 3 tries, {asked}"
    assert (tmp_path / "given_up.txt").read_text() == f"{told}\n"
    words = ("call", "--sample", "S", "--bam", out, "--reference", reference_folder)
    words += ("--calls", tmp_path / "calls.json", "--evidence", tmp_path / "evidence.bam")
    refused = run_cli(*words)
    assert (refused.code, told in refused.stderr) == (2, True)
    assert run_cli(*words, "--record-failure").code == 0
    assert json.loads((tmp_path / "calls.json").read_text())["census"]["failure"] == told


@pytest.mark.parametrize("code", [1, 2])
def test_a_file_that_tells_of_an_unfinished_try_gives_the_step_up(give_up, tmp_path, code):
    (tmp_path / "begun").touch()
    out = tmp_path / "aligned.bam"
    assert give_up("align", "--out", out, code=code, folder=tmp_path).code == 0
    told = "align was ended with its whole job (time limit, lost node) in try 2 of 3: see align.log"
    assert (tmp_path / "given_up.txt").read_text() == f"{told}\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["aligned.bam", "given_up.txt"]


@pytest.mark.parametrize(("tried", "code"), [("1/3", 1), ("1/1", 2)])
def test_a_try_that_ended_by_itself_leaves_no_such_file(give_up, tmp_path, tried, code):
    (tmp_path / "begun").touch()
    done = give_up("align", "--out", tmp_path / "a.bam", code=code, tried=tried, folder=tmp_path)
    assert done.code == code
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def folder(world, reference_folder, tmp_path_factory):
    """Three samples, their sheet and a config; `bin/fusioncall` kills itself as `KILL` says."""
    folder = tmp_path_factory.mktemp("given up")
    lines = ["sample\tfastq1\tfastq2\tbam"]
    for seed, name in enumerate(SAMPLES, start=1):
        made = sequenced(world, [FUSION], Molecules(split=9, spanning=0), seed=seed)
        (folder / name).mkdir()
        files = (path.relative_to(folder) for path in write_reads(made, folder / name))
        lines.append("\t".join([name, *map(str, files), ""]))
    (folder / "samples.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = {"samples": "samples.tsv", "reference": {"bundle": str(reference_folder)}}
    config["settings"] = str(CHECKOUT / "tests" / "data" / "demo" / "settings.yaml")
    return folder, config


def snakemake(folder, config, *words, kill="", whole=False):
    """Run the workflow; the step `kill` of the sample `dies` is killed whenever it begins.

    If it is the whole job, the shells that it runs in are killed with it.
    """
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(CHECKOUT / "Snakefile")]
    command += ["--directory", str(folder), "--cores", "2", "--configfile", "config.yaml"]
    command += ["--replace-workflow-config", "--nolock", *words]
    startup = folder / "startup"
    startup.mkdir(exist_ok=True)
    (startup / "sitecustomize.py").write_text(KILLING, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(startup), "KILL": kill, "WHOLE": "yes" * whole}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


KILLING = """
import os, signal, sys
words = sys.orig_argv
if os.environ["KILL"] in words and "give-up" not in words and any("dies" in word for word in words):
    if any(word.endswith("fusioncall") for word in words):
        with open("kills.txt", "a") as stream:
            stream.write("killed\\n")
        if os.environ["WHOLE"]:
            import itertools, psutil
            parents = psutil.Process().parents()
            shells = itertools.takewhile(lambda each: each.name() == "bash", parents)
            for each in reversed(list(shells)):  # the outer one first, which else goes on
                each.kill()
        os.kill(os.getpid(), signal.SIGKILL)
"""


def results_of(done, folder, failed=("dies",)):
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{len(failed)} of 3 samples failed: {', '.join(failed)}." in done.stdout + done.stderr
    return {row["sample"]: row for row in rows(folder / "cohort" / "qc.tsv")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "retries", "batch_size"),
    [("screen", 0, 1), ("align", 0, 1), ("align", 0, 3), ("call", 1, 1)],
)
def test_a_job_that_is_killed_fails_its_sample_alone(folder, step, retries, batch_size):
    folder, config = folder
    outdir = f"results of {step} {batch_size}"
    config = config | {"outdir": outdir, "batch_size": batch_size}
    (folder / "kills.txt").unlink(missing_ok=True)
    done = snakemake(folder, config, "--retries", str(retries), kill=step)
    told = results_of(done, folder / outdir)
    assert {name: row["result"] for name, row in told.items()} == {
        "one": "ok",
        "two": "ok",
        "dies": "failed",
    }
    tries = " in the last of 2 tries" if retries else ""
    reason = rf"{step} was ended by signal 9 \(SIGKILL\){tries}{ASKED}: see {step}\.log"
    assert re.fullmatch(reason, told["dies"]["failure"])
    assert len((folder / "kills.txt").read_text().splitlines()) == retries + min(batch_size, 2)
    statuses = {
        (row["sample"], row["status"]): row["reason"]
        for row in rows(folder / outdir / "cohort" / "verdicts.tsv")
        if row["gene"] == "NTRK3"
    }
    assert statuses.keys() == {
        ("one", "DETECTED"),
        ("two", "DETECTED"),
        ("dies", "NOT_ASSESSABLE"),
    }
    again = snakemake(folder, config)
    assert again.returncode == 0, again.stdout + again.stderr
    mended = (folder / outdir / "cohort" / "complete.txt").read_text(encoding="utf-8")
    assert mended == "3 samples, none of them failed\n"
    assert "Nothing to be done" in snakemake(folder, config).stderr


@pytest.mark.slow
@pytest.mark.parametrize(("step", "batch_size"), [("screen", 1), ("align", 3), ("call", 1)])
def test_a_job_that_is_ended_as_a_whole_fails_its_sample(folder, step, batch_size):
    """Its shells are killed with it, in the first of two tries; the second one records it."""
    folder, config = folder
    outdir = f"results of whole {step}"
    config = config | {"outdir": outdir, "batch_size": batch_size}
    (folder / "kills.txt").unlink(missing_ok=True)
    done = snakemake(folder, config, "--retries", "1", kill=step, whole=True)
    given_up = SAMPLES if batch_size > 1 else ("dies",)
    told = results_of(done, folder / outdir, given_up)
    failed = {name: row["failure"] for name, row in told.items() if row["result"] == "failed"}
    how = "was ended with its whole job (time limit, lost node) in try 1 of 2"
    assert failed == dict.fromkeys(given_up, f"{step} {how}: see {step}.log")
    assert (folder / "kills.txt").read_text() == "killed\n"
    again = snakemake(folder, config)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "none of them failed" in (folder / outdir / "cohort" / "complete.txt").read_text()


@pytest.mark.slow
def test_a_sample_whose_star_dies_is_given_up(folder, tmp_path, monkeypatch):
    folder, config = folder
    star = tmp_path / "STAR"
    star.write_text("#!/bin/sh\necho begun\nkill -9 $$\n", encoding="ascii")
    star.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "SAindex").touch()
    lines = (folder / "samples.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "alone.tsv").write_text(lines[0] + lines[-1], encoding="utf-8")
    config = config | {"samples": "alone.tsv", "star_index": str(tmp_path), "outdir": "of STAR"}
    done = snakemake(folder, config)
    assert done.returncode == 1, done.stdout + done.stderr
    (row,) = rows(folder / "of STAR" / "cohort" / "qc.tsv")
    reason = rf"align was ended by signal 9 \(SIGKILL\){ASKED}: see align\.log"
    assert (row["result"], bool(re.fullmatch(reason, row["failure"]))) == ("failed", True)
    assert (folder / "of STAR" / "dies" / "logs" / "align.log").read_text().startswith("begun\n")


@pytest.mark.slow
def test_in_a_group_of_slurm_only_the_sample_that_dies_is_given_up(folder, tmp_path, monkeypatch):
    need_executor("slurm")
    for name in DAEMONS:
        if daemon(name) is None:
            lacking(f"{name} is not installed")
    folder, config = folder
    words = ["--workflow-profile", str(PROFILES / "slurm"), "--retries", "1"]
    words += ["--group-components", "calls=3", "answers=6", "--slurm-status-command", "squeue"]
    words += ["--slurm-init-seconds-before-status-checks", "1"]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "slurm").mkdir()
    with running_slurm(tmp_path / "slurm") as environment:
        for name in ("SLURM_CONF", "PATH"):
            monkeypatch.setenv(name, environment[name])
        done = snakemake(folder, config | {"outdir": "on slurm"}, *words, kill="call")
    told = results_of(done, folder / "on slurm")
    assert {name: row["result"] for name, row in told.items()} == {
        "one": "ok",
        "two": "ok",
        "dies": "failed",
    }
    reason = rf"call was ended by signal 9 \(SIGKILL\) in the last of 2 tries{ASKED}: see call\.log"
    assert re.fullmatch(reason, told["dies"]["failure"])
