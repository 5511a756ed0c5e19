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
    """The shell commands of a dry run, without what stands behind `||`."""
    return [first for first, *_ in halves(done)]


def halves(done) -> list[list[str]]:
    """The shell commands of a dry run, parted at `||`, without what says that a step works."""
    begin, end = r"(?:\( touch [^&]*\.begun'? && )?", r" && rm -f [^&]*\.begun'? \)"
    found = re.findall(rf"^Shell command: {begin}(fusioncall .*)$", done.stdout, re.MULTILINE)
    return [re.sub(end, "", " ".join(line.split())).split(" || ") for line in found]


REFERENCE_JOBS = {"reference_build": 1, "reference_check": 1}
BAM_JOBS = {"call": 1, "annotate": 1, "report": 1}
COHORT_JOBS = {"all": 1, "cohort": 1, "complete": 1}


@pytest.mark.parametrize(
    ("rows", "jobs"),
    [
        (
            PAIRED + LANES + BAM,
            {"screen": 2, "align": 2, "call": 3, "carry_over": 1, "annotate": 3, "report": 3},
        ),
        (SINGLE, {"screen": 1, "align": 1, "call": 1, "annotate": 1, "report": 1}),
        (BAM, BAM_JOBS),
    ],
    ids=["two FASTQ and one BAM", "single-end", "BAM"],
)
@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_jobs_of_samples(run_folder, snakefile, rows, jobs):
    done = snakemake(run_folder, "-n", sheet=HEADER + rows, snakefile=CHECKOUT / snakefile)
    assert planned(done) == COHORT_JOBS | REFERENCE_JOBS | jobs


@pytest.mark.parametrize(
    ("runs", "compared"),
    [(("", "", ""), 1), (("R1", "R1", "R1"), 1), (("R1", "R2", "R1"), 1), (("R1", "R2", ""), 0)],
)
def test_samples_of_one_run_are_compared(run_folder, runs, compared):
    rows = [row[:-1].split("\t") for row in (PAIRED, LANES, BAM)]
    filled = [
        "\t".join([*row, *[""] * (5 - len(row)), run]) for row, run in zip(rows, runs, strict=True)
    ]
    sheet = f"{HEADER[:-1]}\trun\n" + "\n".join(filled) + "\n"
    jobs = planned(snakemake(run_folder, "-n", sheet=sheet))
    assert jobs.get("carry_over", 0) == compared
    assert jobs["annotate"] == 3


def test_parquet_is_one_more_form_of_the_tables(run_folder):
    done = snakemake(run_folder, "-n", sheet=HEADER + BAM, parquet=True)
    (command,) = (each for each in commands(done) if " cohort " in each)
    assert " --parquet " in command
    assert "results/cohort/verdicts.parquet" in done.stdout


def test_samples_are_aligned_in_batches(run_folder):
    sheet = HEADER + PAIRED + BAM + LANES + SINGLE
    done = snakemake(run_folder, "-n", sheet=sheet, batch_size=2)
    jobs = {"screen": 3, "align_batch_1": 1, "align_batch_2": 1}
    jobs |= {"call": 4, "annotate": 4, "report": 4, "carry_over": 1}
    assert planned(done) == COHORT_JOBS | REFERENCE_JOBS | jobs
    aligning = [" ".join(line.split()) for line in commands(done) if " align " in line]
    assert sorted(aligning) == [
        (
            f"fusioncall align --reads {' '.join(f'results/{s}/work/screened.bam' for s in batch)}"
            " --reference reference/tiny --out"
            f" {' '.join(f'results/{s}/work/aligned.bam' for s in batch)}"
            f" --threads 2 2> results/batches/logs/align_{number}.log"
        )
        for number, batch in enumerate(("PL", "S"), start=1)
    ]


def test_a_step_that_ends_with_an_error_may_give_its_sample_up(run_folder):
    done = snakemake(run_folder, "-n", "--retries", "2", sheet=HEADER + PAIRED + BAM)
    folder = "results/P"
    reference = "--reference reference/tiny"
    call = f"--calls {folder}/calls.json --evidence {folder}/evidence.bam"
    found = {
        each[1].split()[2]: each[1] for each in halves(done) if len(each) > 1 and folder in each[0]
    }
    assert found == {
        "screen": (
            f"fusioncall give-up screen {reference} --out {folder}/work/screened.bam"
            f" --census {folder}/work/census.json --exit-code $? --begun {folder}/logs/screen.begun"
            f" --tried 1/3 --memory-mb 4000 --minutes 10 --note {folder}/work/given_up.txt"
            f" 2>> {folder}/logs/screen.log"
        ),
        "align": (
            f"fusioncall give-up align --out {folder}/work/aligned.bam --exit-code $?"
            f" --begun {folder}/logs/align.begun --tried 1/3 --memory-mb <TBD> --minutes 15"
            f" --note {folder}/work/given_up.txt 2>> {folder}/logs/align.log"
        ),
        "call": (
            f"fusioncall give-up call --sample P --census {folder}/work/census.json {reference}"
            f" {call} --exit-code $? --begun {folder}/logs/call.begun --tried 1/3"
            f" --memory-mb 4000 --minutes 10 --note {folder}/work/given_up.txt"
            f" 2>> {folder}/logs/call.log"
        ),
    }


@pytest.mark.parametrize("retries", [0, 2])
def test_a_file_tells_that_a_step_has_begun(run_folder, retries):
    done = snakemake(run_folder, "-n", "--retries", str(retries), sheet=HEADER + PAIRED)
    assert "( touch results/P/logs/screen.begun && fusioncall screen" in done.stdout


def test_batch_of_one_is_the_sample_alone(run_folder):
    done = snakemake(run_folder, "-n", sheet=HEADER + PAIRED + SINGLE, batch_size=1)
    assert planned(done)["align"] == 2


def test_bundle_that_is_built_already_is_only_checked(run_folder):
    done = snakemake(run_folder, "-n", sheet=HEADER + BAM, reference={"bundle": "bundle/"})
    assert planned(done) == COHORT_JOBS | {"reference_check": 1} | BAM_JOBS
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
    assert planned(done) == COHORT_JOBS | {"download": 2} | BAM_JOBS | REFERENCE_JOBS
    found = sorted(commands(done))
    folder = "reference/tiny.downloads"
    logs = "results/reference/logs"
    assert [command for command in found if " download " in command] == [
        (
            "fusioncall download --url 'https://example.org/genes.gtf?version=1&plain=yes'"
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
        sheet=f"{HEADER[:-1]}\ttumour_type\tassay\n{LANES}{BAM[:-1]}\tglioma (low)\tamplicon\n",
        outdir="my results/",
        settings="settings.yaml",
        catalogue="genes.gtf",
        own_catalogue="genes.gtf",
        pon="genes.gtf",
        assay="hybrid_capture",
        reference=BUILD | {"targets": "settings.yaml"},
    )
    lanes = "'my results/L"
    bam = "'my results/B"
    cohort = "'my results/cohort"
    carry_over = f"--carry-over {cohort}/carry_over/_.json' "
    told = (
        (lanes, "--assay hybrid_capture"),
        (bam, "--tumour-type 'glioma (low)' --assay amplicon"),
    )
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
                f"{lanes}/work/screened.bam' --census {lanes}/work/census.json' "
                "--record-failure --threads 2 2> "
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
                f"--calls {lanes}/calls.json' --evidence {lanes}/evidence.bam' "
                "--record-failure --threads 2 2> "
                f"{lanes}/logs/call.log'"
            ),
            (
                "fusioncall call --sample B --bam 'in a folder/b.bam' --reference reference/tiny "
                f"--settings settings.yaml --calls {bam}/calls.json' --evidence "
                f"{bam}/evidence.bam' --record-failure --threads 2 2> {bam}/logs/call.log'"
            ),
            *(
                f"fusioncall annotate --calls {sample}/calls.json' {carry_over}--reference "
                f"reference/tiny --settings settings.yaml --catalogue genes.gtf "
                f"--own-catalogue genes.gtf {options} --pon genes.gtf --out {sample}' 2> "
                f"{sample}/logs/annotate.log'"
                for sample, options in told
            ),
            *(
                f"fusioncall report --calls {sample}/calls.json' {carry_over}--evidence "
                f"{sample}/evidence.bam' --reference reference/tiny --settings settings.yaml "
                f"--catalogue genes.gtf --own-catalogue genes.gtf {options} --pon genes.gtf --out "
                f"{sample}/report.html' 2> {sample}/logs/report.log'"
                for sample, options in told
            ),
            (
                "fusioncall carry-over --samples samples.tsv --calls "
                "'my results/{sample}/calls.json' --settings settings.yaml --out "
                f"{cohort}/carry_over/_.json' 2> {cohort}/logs/carry_over/_.log'"
            ),
            (
                "fusioncall cohort --samples samples.tsv --results 'my results' "
                f"--out {cohort}' 2> {cohort}/logs/cohort.log'"
            ),
            (
                f"fusioncall complete --qc {cohort}/qc.tsv' > {cohort}/complete.txt' 2> "
                f"{cohort}/logs/complete.log'"
            ),
        ]
    )


def test_alignments_of_a_bam_are_trusted_if_the_config_says_so(run_folder):
    done = snakemake(run_folder, "-n", sheet=HEADER + PAIRED + BAM, trust_alignment=True)
    calls = [each for each in commands(done) if each.startswith("fusioncall call ")]
    assert sorted((each.split()[3], "--trust-alignment" in each.split()) for each in calls) == [
        ("B", True),
        ("P", False),
    ]


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
        f"fusions_{rule}": count
        for rule, count in (COHORT_JOBS | BAM_JOBS | REFERENCE_JOBS).items()
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
        "tumour_type run assay."
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
