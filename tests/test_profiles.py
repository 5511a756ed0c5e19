"""The profiles of clusters: that Snakemake takes them, and what a site can cap."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conftest import CHECKOUT, lacking

PROFILES = CHECKOUT / "workflow" / "profiles"


def need_executor(executor: str) -> None:
    """Skip a test for which Snakemake has not this executor."""
    plugin = f"snakemake_executor_plugin_{executor.replace('-', '_')}"
    if importlib.util.find_spec(plugin) is None:
        lacking(f"{plugin} is not installed")


@pytest.fixture
def run_folder(tmp_path):
    """A folder to run in, with two samples and a bundle."""
    for name in ("a_1.fq.gz", "a_2.fq.gz", "b.bam", "bundle/manifest.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    header = "sample\tfastq1\tfastq2\tbam\n"
    (tmp_path / "samples.tsv").write_text(f"{header}A\ta_1.fq.gz\ta_2.fq.gz\t\nB\t\t\tb.bam\n")
    config = {"samples": "samples.tsv", "outdir": "results", "reference": {"bundle": "bundle"}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


def dry_run(folder: Path, profile: str, *words: str) -> str:
    """What a dry run with a profile says."""
    settings = yaml.safe_load((PROFILES / profile / "config.yaml").read_text(encoding="utf-8"))
    need_executor(settings["executor"])
    command = [sys.executable, "-m", "snakemake", "--dry-run"]
    command += ["--snakefile", str(CHECKOUT / "Snakefile"), "--directory", str(folder)]
    command += ["--configfile", "config.yaml", "--replace-workflow-config"]
    command += ["--workflow-profile", str(PROFILES / profile), *words]
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def resources(said: str, rule: str, name: str) -> set[str]:
    """The values of a resource in all planned jobs of a rule."""
    blocks = re.findall(rf"^    rule {rule}:\n((?:        .*\n)+)", said, re.MULTILINE)
    assert blocks
    return {
        value
        for block in blocks
        for line in block.splitlines()
        for value in re.findall(rf"\b{name}(?:=|: )([^,\s]+)", line)
    }


@pytest.mark.parametrize("profile", ["slurm", "lsf", "sge", "kubernetes"])
def test_time_is_known_before_the_input_is_made(run_folder, profile):
    said = dry_run(run_folder, profile)
    assert re.search(r"^total +13$", said, re.MULTILINE)
    assert resources(said, "screen", "runtime") == {"10"}
    assert resources(said, "align", "runtime") == {"15"}
    assert resources(said, "call", "runtime") == {"10"}


def test_profiles_of_clusters_group_alike():
    profiles = {
        path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in PROFILES.glob("*/config.yaml")
        if path.parent.name != "default"
    }
    assert set(profiles) == {"slurm", "lsf", "sge", "kubernetes"}
    for settings in profiles.values():
        for key in ("groups", "group-components", "retries", "keep-going", "latency-wait"):
            assert settings[key] == profiles["slurm"][key]


def test_every_rule_of_a_sample_has_a_group():
    rules = re.findall(
        r"^rule (\w+):", (CHECKOUT / "workflow/rules/detect.smk").read_text(), re.MULTILINE
    )
    slurm = yaml.safe_load((PROFILES / "slurm" / "config.yaml").read_text(encoding="utf-8"))
    assert set(rules) == set(slurm["groups"])
    assert set(slurm["groups"].values()) == set(slurm["group-components"])


def test_time_grows_with_the_reads(run_folder):
    with (run_folder / "a_1.fq.gz").open("wb") as reads:
        reads.truncate(2_000_000_000)  # a hole: no such space is taken
    said = dry_run(run_folder, "slurm")
    assert resources(said, "screen", "runtime") == {"30"}
    assert resources(said, "align", "runtime") == {"25"}
    assert resources(said, "call", "runtime") == {"10", "50"}


def test_a_site_can_cap_threads_and_memory(run_folder):
    memory = ["--set-resources", "align:mem_mb=min(6000, 4000 * attempt)", "call:mem_mb=3000"]
    said = dry_run(run_folder, "slurm", *memory)
    assert resources(said, "align", "threads") == {"2"}  # of the 4 of the rule
    assert resources(said, "align", "mem_mb") == {"4000"}
    assert resources(said, "call", "mem_mb") == {"3000"}


KUBECTL = """
import json, os, subprocess, sys, yaml
words = sys.argv[1:]
if words[0] == "create":
    pod = yaml.safe_load(sys.stdin)
    (container,) = pod["spec"]["containers"]
    with open("pods.jsonl", "a") as stream:
        stream.write(json.dumps(pod["spec"]) + "\\n")
    done = subprocess.run(container["command"], cwd=container["workingDir"], capture_output=True)
    name = f"pod/{pod['metadata']['generateName']}{os.getpid()}"
    os.makedirs("pods/pod", exist_ok=True)
    with open(f"pods/{name}", "w") as stream:
        stream.write("Failed" if done.returncode else "Succeeded")
    print(name)
else:
    assert words[:4] == ["get", "--ignore-not-found", "--output", "jsonpath={.status.phase}"]
    print(open(f"pods/{words[4]}").read(), end="")
"""

PODS = """
rule all:
    input: "made.txt"
rule step:
    output: "made.txt"
    threads: 4
    resources: mem_mb=lambda wildcards, attempt: 700 * attempt, runtime=3
    shell: "test {resources.mem_mb} -gt 700 && touch {output}"
"""


def test_kubernetes_gets_a_pod_for_each_try_of_a_job(tmp_path):
    """With a kubectl that runs a pod's command in this machine."""
    folder = tmp_path / "with space"
    (folder / "bin").mkdir(parents=True)
    kubectl = folder / "bin" / "kubectl"
    kubectl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$0.py" "$@"\n')
    kubectl.with_name("kubectl.py").write_text(KUBECTL)
    kubectl.chmod(0o755)
    (folder / "Snakefile").write_text(PODS)
    need_executor("cluster-generic")
    profile = Path(shutil.copytree(PROFILES / "kubernetes", tmp_path / "profile"))
    settings = yaml.safe_load((PROFILES / "kubernetes" / "config.yaml").read_text("utf-8"))
    settings = {key: value for key, value in settings.items() if not key.startswith("group")}
    settings |= {"seconds-between-status-checks": 1, "latency-wait": 5}
    (profile / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment["PATH"] = f"{kubectl.parent}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, "-m", "snakemake", "--workflow-profile", str(profile)]
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    pods = [json.loads(line) for line in (folder / "pods.jsonl").read_text().splitlines()]
    wanted = [pod["containers"][0]["resources"] for pod in pods]
    assert wanted == [
        {"requests": {"cpu": 2, "memory": f"{mb}M"}, "limits": {"memory": f"{mb}M"}}
        for mb in (700, 1400)
    ]
    assert [pod["activeDeadlineSeconds"] for pod in pods] == [180, 180]
    assert {pod["containers"][0]["workingDir"] for pod in pods} == {str(folder)}
