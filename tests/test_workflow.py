"""The workflow: which jobs it plans, and what it says when it will not plan any."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).parents[1]
SNAKEMAKE = Path(sys.executable).parent / "snakemake"
HEADER = "sample\tfastq1\tfastq2\tbam\tstrandedness\n"
PAIRED = "P\tp_1.fq.gz\tp_2.fq.gz\t\treverse\n"
LANES = "L\tl1_1.fq.gz,l2_1.fq.gz\tl1_2.fq.gz,l2_2.fq.gz\t\t\n"
SINGLE = "S\ts.fq.gz\n"
BAM = "B\t\t\tin a folder/b.bam\t\n"
BUILD = {"fasta": "genome.fa", "gtf": "genes.gtf", "name": "tiny", "folder": "reference"}


@pytest.fixture
def run_folder(tmp_path):
    """A folder to run in, with all files that the tests name, empty."""
    folder = tmp_path / "run"
    for name in (
        *("p_1.fq.gz", "p_2.fq.gz", "l1_1.fq.gz", "l1_2.fq.gz", "l2_1.fq.gz", "l2_2.fq.gz"),
        *("s.fq.gz", "in a folder/b.bam", "genome.fa", "genes.gtf", "bundle/manifest.json"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def snakemake(folder, *words, sheet=HEADER + PAIRED, snakefile=CHECKOUT / "Snakefile", **config):
    """Run Snakemake in a folder, with a sheet, and a config that is right but for the changes."""
    given = {"samples": "samples.tsv", "outdir": "results", "reference": BUILD} | config
    (folder / "samples.tsv").write_text(sheet)
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump(given))
    command = [SNAKEMAKE, "--snakefile", snakefile, "--directory", folder, "--cores", "2", *words]
    environment = os.environ | {"XDG_CACHE_HOME": str(folder.parent / "cache")}
    return subprocess.run(
        command, env=environment, cwd=folder.parent, capture_output=True, text=True, check=False
    )


def planned(done) -> dict[str, int]:
    """Jobs per rule, from the table that a dry run ends with."""
    assert done.returncode == 0, done.stdout + done.stderr
    table = done.stdout.rpartition("Job stats:")[2]
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE))
    assert int(jobs.pop("total")) == sum(map(int, jobs.values()))
    return {rule: int(count) for rule, count in jobs.items()}


def commands(done) -> list[str]:
    """The shell commands of a dry run."""
    return re.findall(r"^Shell command: (fusioncall .*)$", done.stdout, re.MULTILINE)


REFERENCE_JOBS = {"reference_build": 1, "reference_check": 1}
BAM_JOBS = {"call": 1, "annotate": 1, "report": 1}


@pytest.mark.parametrize(
    ("rows", "jobs"),
    [
        (PAIRED + LANES + BAM, {"screen": 2, "align": 2, "call": 3, "annotate": 3, "report": 3}),
        (SINGLE, {"screen": 1, "align": 1, "call": 1, "annotate": 1, "report": 1}),
        (BAM, BAM_JOBS),
    ],
    ids=["two FASTQ and one BAM", "single-end", "BAM"],
)
@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_jobs_of_samples(run_folder, snakefile, rows, jobs):
    done = snakemake(run_folder, "-n", sheet=HEADER + rows, snakefile=CHECKOUT / snakefile)
    assert planned(done) == {"all": 1} | REFERENCE_JOBS | jobs


def test_bundle_that_is_built_already_is_only_checked(run_folder):
    done = snakemake(run_folder, "-n", sheet=HEADER + BAM, reference={"bundle": "bundle/"})
    assert planned(done) == {"all": 1, "reference_check": 1} | BAM_JOBS
    assert commands(done)[0] == (
        "fusioncall reference check bundle > results/reference/check.txt "
        "2> results/reference/logs/check.log"
    )


def test_reference_by_address_is_downloaded(run_folder):
    reference = BUILD | {
        "fasta": "https://example.org/genome.fa.gz",
        "fasta_sha256": "a" * 64,
        "gtf": "https://example.org/genes.gtf?version=1&plain=yes",
    }
    done = snakemake(run_folder, "-n", sheet=HEADER + BAM, reference=reference)
    assert planned(done) == {"all": 1, "download": 2} | BAM_JOBS | REFERENCE_JOBS
    found = sorted(commands(done))
    folder = "reference/tiny.downloads"
    logs = "results/reference/logs"
    assert [command for command in found if " download " in command] == [
        (
            "fusioncall download --url 'https://example.org/genes.gtf?version=1&plain=yes' "
            f" --out {folder}/gtf 2> {logs}/download_gtf.log"
        ),
        (
            f"fusioncall download --url https://example.org/genome.fa.gz --sha256 {'a' * 64} "
            f"--out {folder}/fasta.gz 2> {logs}/download_fasta.gz.log"
        ),
    ]
    assert (
        f"fusioncall reference build --fasta {folder}/fasta.gz --gtf {folder}/gtf --name tiny "
        f"--out reference/tiny --threads 2 2> {logs}/build.log"
    ) in [" ".join(command.split()) for command in found]


def test_commands_of_samples(run_folder):
    (run_folder / "settings.yaml").touch()
    done = snakemake(
        run_folder,
        "-n",
        sheet=f"{HEADER[:-1]}\ttumour_type\n{LANES}{BAM[:-1]}\tglioma (low)\n",
        outdir="my results/",
        settings="settings.yaml",
        catalogue="genes.gtf",
        own_catalogue="genes.gtf",
        reference=BUILD | {"targets": "settings.yaml"},
    )
    lanes = "'my results/L"
    bam = "'my results/B"
    assert sorted(" ".join(command.split()) for command in commands(done)) == sorted(
        [
            (
                "fusioncall reference build --fasta genome.fa --gtf genes.gtf --name tiny "
                "--targets settings.yaml --settings settings.yaml --out reference/tiny "
                "--threads 2 2> "
                "'my results/reference/logs/build.log'"
            ),
            (
                "fusioncall reference check reference/tiny > 'my results/reference/check.txt' 2> "
                "'my results/reference/logs/check.log'"
            ),
            (
                "fusioncall screen --sample L --fastq1 l1_1.fq.gz,l2_1.fq.gz --fastq2 "
                "l1_2.fq.gz,l2_2.fq.gz --reference reference/tiny --settings settings.yaml --out "
                f"{lanes}/work/screened.bam' --census {lanes}/work/census.json' --threads 2 2> "
                f"{lanes}/logs/screen.log'"
            ),
            (
                f"fusioncall align --reads {lanes}/work/screened.bam' --reference reference/tiny "
                f"--settings settings.yaml --out {lanes}/work/aligned.bam' --threads 2 2> "
                f"{lanes}/logs/align.log'"
            ),
            (
                f"fusioncall call --sample L --bam {lanes}/work/aligned.bam' --census "
                f"{lanes}/work/census.json' --fastq1 l1_1.fq.gz,l2_1.fq.gz --fastq2 "
                f"l1_2.fq.gz,l2_2.fq.gz --reference reference/tiny --settings settings.yaml "
                f"--calls {lanes}/work/calls.json' --evidence {lanes}/evidence.bam' --threads 2 2> "
                f"{lanes}/logs/call.log'"
            ),
            (
                "fusioncall call --sample B --bam 'in a folder/b.bam' --reference reference/tiny "
                f"--settings settings.yaml --calls {bam}/work/calls.json' --evidence "
                f"{bam}/evidence.bam' --threads 2 2> {bam}/logs/call.log'"
            ),
            *(
                f"fusioncall annotate --calls {sample}/work/calls.json' --reference "
                f"reference/tiny --settings settings.yaml --catalogue genes.gtf "
                f"--own-catalogue genes.gtf {tumour}--out {sample}' 2> "
                f"{sample}/logs/annotate.log'"
                for sample, tumour in ((lanes, ""), (bam, "--tumour-type 'glioma (low)' "))
            ),
            *(
                f"fusioncall report --calls {sample}/work/calls.json' --evidence "
                f"{sample}/evidence.bam' --reference reference/tiny --settings settings.yaml "
                f"--catalogue genes.gtf --own-catalogue genes.gtf {tumour}--out "
                f"{sample}/report.html' 2> {sample}/logs/report.log'"
                for sample, tumour in ((lanes, ""), (bam, "--tumour-type 'glioma (low)' "))
            ),
        ]
    )


def test_import_as_module_from_elsewhere(run_folder):
    mine = run_folder / "Snakefile"
    mine.write_text(
        'configfile: "config/config.yaml"\n'
        "module fusions:\n"
        f'    snakefile: "{CHECKOUT}/workflow/Snakefile"\n'
        "    config: config\n"
        "use rule * from fusions as fusions_*\n"
    )
    done = snakemake(run_folder, "-n", sheet=HEADER + BAM, snakefile=mine)
    assert planned(done) == {
        f"fusions_{rule}": count for rule, count in ({"all": 1} | BAM_JOBS | REFERENCE_JOBS).items()
    }


CONFIG_IS_EXTENDED = (
    "Config file config/config.yaml is extended by additional config specified via the command "
    "line."
)


def refusal(folder, *words, **given) -> str:
    """The one line of a run that is refused, which must not begin anything."""
    done = snakemake(folder, *words, **given)
    made = {path.name for path in folder.iterdir()}
    assert made <= {
        *("p_1.fq.gz", "p_2.fq.gz", "l1_1.fq.gz", "l1_2.fq.gz", "l2_1.fq.gz", "l2_2.fq.gz"),
        *("s.fq.gz", "in a folder", "genome.fa", "genes.gtf", "bundle"),
        *("samples.tsv", "config", ".snakemake"),
    }
    assert (done.returncode, done.stdout) == (2, "")
    profile, *others, line = done.stderr.splitlines()
    assert profile.startswith("Using workflow specific profile ")
    assert others == [CONFIG_IS_EXTENDED] * ("--config" in words)
    return line


# Each kind of refusal is in test_sheet.py; here is what only a run can show.
@pytest.mark.parametrize("words", [(), ("-n",)], ids=["run", "dry run"])
def test_bad_sheet_is_one_line(run_folder, words):
    assert refusal(run_folder, *words, sheet=HEADER + PAIRED + "$(touch x)\ts.fq.gz\n") == (
        "fusioncall: error: samples.tsv, line 3, column sample: '$(touch x)' cannot be used. "
        "Use up to 128 letters, digits, '.', '_' and '-', with a letter or digit first."
    )


def test_bad_config_is_one_line(run_folder):
    assert refusal(run_folder, sampels="samples.tsv") == (
        "fusioncall: error: config/config.yaml: unknown key 'sampels'. Perhaps 'samples' is meant."
    )


def test_key_of_the_command_line_is_checked_too(run_folder):
    assert refusal(run_folder, "--config", "outdri=elsewhere") == (
        "fusioncall: error: config/config.yaml: unknown key 'outdri'. Perhaps 'outdir' is meant."
    )


def test_missing_reads_are_one_line(run_folder):
    assert refusal(run_folder, sheet=f"{HEADER}A\tlost.fq.gz\n") == (
        "fusioncall: error: samples.tsv, line 2, column fastq1: there is no file 'lost.fq.gz'. "
        f"Correct the path; it counts from the folder '{run_folder}'."
    )


def test_bad_sheet_is_one_line_in_a_module(run_folder):
    snakefile = CHECKOUT / "workflow" / "Snakefile"
    assert refusal(run_folder, sheet="", snakefile=snakefile) == (
        "fusioncall: error: samples.tsv: the sample sheet is empty. Begin with a line of "
        "tab-separated column names: sample fastq1 fastq2 bam strandedness "
        "tumour_type."
    )


def test_versions_of_the_conda_environment_are_those_of_the_lock():
    environment = yaml.safe_load((CHECKOUT / "workflow/envs/fusioncall.yaml").read_text())
    (pip,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    pinned = {tuple(line.split(" ==")) for line in pip if not line.startswith("fusioncall ")}
    lock = (CHECKOUT / "requirements.lock").read_text()
    locked = set(re.findall(r"^([\w-]+)==([^\s;]+)", lock, re.MULTILINE))
    assert pinned <= locked
    project = (CHECKOUT / "pyproject.toml").read_text()
    needed = re.search(r"^dependencies = \[(.*?)\]", project, re.MULTILINE | re.DOTALL)
    assert needed is not None
    assert {name for name, _ in pinned} == set(re.findall(r'"([a-z0-9]+)', needed[1]))


@pytest.mark.parametrize("name", ["fusioncall", "star"])
def test_conda_packages_have_exact_versions(name):
    environment = yaml.safe_load((CHECKOUT / "workflow" / "envs" / f"{name}.yaml").read_text())
    packages = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    assert [one for one in packages if not re.fullmatch(r"\w+ =\d+(\.\w+)+", one)] == []
