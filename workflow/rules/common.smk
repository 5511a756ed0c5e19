# Reads and checks the config and the sample sheet before any job starts, and finds inputs.
import json
import os
import shutil
import sys
from pathlib import Path

try:
    from fusioncall import sheet
except ModuleNotFoundError:
    # A checkout that is not installed beside Snakemake: with `--sdm conda` it need not be.
    sys.path.append(
        workflow.current_basedir.join("../../src").get_path_or_uri(secret_free=True)
    )
    from fusioncall import sheet
from fusioncall.errors import FusioncallError
from fusioncall.resources import resource_path

# The rules call the fusioncall that belongs to this Snakemake, or else the one on PATH.
beside_snakemake = Path(sys.executable).parent
if (beside_snakemake / "fusioncall").exists():
    os.environ.update(
        PATH=f"{beside_snakemake}{os.pathsep}{os.environ.get('PATH', '')}"
    )

try:
    sheet.check_config(
        config,
        ", ".join(map(str, workflow.configfiles)) or "the config",
        Path(workflow.source_path("../schemas/config.schema.yaml")),
    )
    SAMPLES = {
        sample.name: sample
        for sample in sheet.read_samples(
            Path(config["samples"]),
            Path(workflow.source_path("../schemas/samples.schema.yaml")),
            is_checked=not workflow.is_main_process,
        )
    }
    SETTINGS = sheet.read_groups(
        Path(config.get("settings") or resource_path("settings.yaml"))
    )
except FusioncallError as error:
    print(f"fusioncall: error: {error}", file=sys.stderr)
    sys.exit(2)

# Around the command of a step: a file is there while it works, so that the last try can tell that the
# one before was ended with its whole job. After the last try the sample is recorded as failed.
BEGIN = "( {resources.begin} {params.begun:q} && "
END = " && rm -f {params.begun:q} )"
HOW_IT_ENDED = (
    " --exit-code $? --begun {params.begun:q} --tried {resources.tried}"
    " --memory-mb {resources.mem_mb}"
    " --minutes {resources.runtime} --note {params.note:q} 2>> {log:q}"
)

PRODUCTS = (
    "report.html",
    "fusions.tsv",
    "candidates.tsv",
    "verdicts.tsv",
    "transcripts.tsv",
    "fusion_transcripts.fa",
    "fusion_peptides.fa",
    "context.tsv",
    "resistance.tsv",
    "fusions.vcf.gz",
    "fusions.vcf.gz.tbi",
    "fusions.json",
    "arriba.tsv",
    "star-fusion.tsv",
    "fusioncall_answers_mqc.json",
    "fusioncall_calls_mqc.json",
    "calls.json",
    "evidence.bam",
    "evidence.bam.bai",
    "qc.json",
    "provenance.json",
)
OUTDIR = str(Path(config["outdir"]))
REFERENCE = config["reference"]
BUNDLE = str(
    Path(REFERENCE.get("bundle") or Path(REFERENCE["folder"]) / REFERENCE["name"])
)
# A file of the reference that is given by its URL is kept here, under the name of its kind.
DOWNLOADS = f"{BUNDLE}.downloads"

BATCHES = sheet.batches(SAMPLES.values(), config.get("batch_size") or 1)


# Samples of one run are compared with each other; those without a run as one of this name.
NO_RUN = "_"
RUNS = {}
for each in SAMPLES.values():
    RUNS.setdefault(each.run or NO_RUN, []).append(each.name)
COMPARED_RUNS = {run: names for run, names in RUNS.items() if len(names) > 1}
COHORT_FORMS = ["tsv", "parquet"] if config.get("parquet") else ["tsv"]


wildcard_constraints:
    # not the names themselves: with thousands of them each match would read them all
    sample=r"(?!(?:cohort|reference)/)[A-Za-z0-9][A-Za-z0-9._-]*",
    run=r"[A-Za-z0-9_][A-Za-z0-9._-]*",
    kind="fasta|gtf",
    compressed=r"|\.gz",


def reference_source(kind):
    """Path of the FASTA or GTF: as given, or where its URL is downloaded to."""

    def path(wildcards):
        given = REFERENCE[kind]
        if not sheet.is_url(given):
            return given
        return f"{DOWNLOADS}/{kind}{'.gz' if given.endswith('.gz') else ''}"

    return path


def alignments(wildcards):
    """The user's BAM, or the kept reads of the sample, aligned by minimap2 or by STAR."""
    made = "star/Aligned.out.bam" if config.get("star_index") else "aligned.bam"
    return SAMPLES[wildcards.sample].bam or f"{OUTDIR}/{wildcards.sample}/work/{made}"


def census(wildcards):
    """The counts of the screen; a sample given as BAM has none."""
    if SAMPLES[wildcards.sample].bam:
        return []
    return f"{OUTDIR}/{wildcards.sample}/work/census.json"


def carry_over(wildcards):
    """What was found in the other samples of the run; nothing for a sample that is alone in it."""
    run = SAMPLES[wildcards.sample].run or NO_RUN
    return f"{OUTDIR}/cohort/carry_over/{run}.json" if run in COMPARED_RUNS else []


# A step is done again when a threshold that it rests on has another value; the time of the file is
# no reason. A group that is not listed here is taken for one that every step rests on.
TAKES_EFFECT_AT = {
    "reference": "build",
    "screen": "screen",
    "align": "align",
    **dict.fromkeys(
        ("trim", "discovery", "evidence", "recount", "filters", "confidence"), "call"
    ),
    "carry_over": "carry_over",
    **dict.fromkeys(("status", "assay", "resistance", "imbalance"), "annotate"),
}
# Megabytes to index a genome: for each of its file, and at most (docs/memory.md).
INDEX_KIND = SETTINGS.get("reference", {}).get("index")
BUILD_MEMORY = (8, 10000) if INDEX_KIND == "exons" else (40, 48000)
SETTINGS_FILE = ancient(config["settings"]) if config.get("settings") else []


def thresholds(*steps):
    """The thresholds that take effect at these steps, as text; without a step all of them."""
    wanted = {
        group: values
        for group, values in SETTINGS.items()
        if not steps or TAKES_EFFECT_AT.get(group, steps[0]) in steps
    }
    return json.dumps(wanted, sort_keys=True)


def trust(wildcards):
    """The option by which only what the index of the user's BAM leads to is read."""
    is_asked = config.get("trust_alignment") and SAMPLES[wildcards.sample].bam
    return ["--trust-alignment"] if is_asked else []


def option(name, value):
    """The words of an option for a shell line; none if it has no value."""
    return [name, value] if value else []


def assay(wildcards):
    """The option for how the library was made: by the sample sheet, else by the config."""
    return option("--assay", SAMPLES[wildcards.sample].assay or config.get("assay"))


# How often a job is tried, by `retries` of the profile; known to `tries` when the work begins.
os.environ.setdefault("FUSIONCALL_TRIES", "1")


envvars:
    "FUSIONCALL_TRIES",


def tries():
    """How often a job is tried; its own Snakemake on another machine is told."""
    if workflow.is_main_process:
        retries = getattr(workflow.execution_settings, "retries", 0)
        os.environ["FUSIONCALL_TRIES"] = str(1 + retries)
    return int(os.environ["FUSIONCALL_TRIES"])


def tried(wildcards, attempt):
    """Which try of a job this is, and of how many."""
    return f"{attempt}/{tries()}"


def begin(wildcards, attempt):
    """What a try does with the file that tells that a step has begun: the last one asks for it."""
    return "test ! -e" if 1 < tries() == attempt else "touch"


def note(sample):
    """What tells that a sample was given up, and why."""
    return f"{OUTDIR}/{sample}/work/given_up.txt"


def memory(base, per_input_mb=0, at_most=64000):
    """Megabytes for a job: they grow with its input and with each attempt."""

    def mem_mb(wildcards, input, attempt):
        grown = base + (per_input_mb * input.size_mb if per_input_mb else 0)
        return attempt * int(min(grown, at_most))

    return mem_mb


def bundle_memory(base):
    """Megabytes for a job that loads the bundle's index: they grow with each attempt."""

    def mem_mb(wildcards, input, attempt):
        manifest = Path(input.reference)
        manifest.stat()  # raises if the bundle is yet to be built; Snakemake asks again later
        held = sum(file.stat().st_size for file in manifest.parent.glob("*.mmi"))
        return attempt * int(base + 1.5 * held / 1e6)

    return mem_mb


def index_memory(base):
    """Megabytes for a job that loads STAR's index: they grow with each attempt."""

    def mem_mb(wildcards, input, attempt):
        held = sum(file.stat().st_size for file in Path(input.index).parent.iterdir())
        return attempt * int(base + 1.2 * held / 1e6)

    return mem_mb


def minutes(base, per_input_gb=0):
    """Run time for a job: it grows with its input and with each attempt."""

    def runtime(wildcards, input, attempt):
        grown = base + (per_input_gb * input.size_mb / 1000 if per_input_gb else 0)
        return attempt * int(grown)

    return runtime


def sample_minutes(base, per_reads_gb):
    """Run time for a job of a sample: it grows with the sample's reads and with each attempt.

    The reads are there from the start, so the time of a group of jobs is known before its first job
    has made the input of the second.
    """

    def runtime(wildcards, attempt):
        sample = SAMPLES[wildcards.sample]
        files = (*sample.fastq1, *sample.fastq2, *filter(None, [sample.bam]))
        reads_gb = sum(os.stat(file).st_size for file in files) / 1e9
        return attempt * int(base + per_reads_gb * reads_gb)

    return runtime
