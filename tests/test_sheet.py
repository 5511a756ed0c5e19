"""The config and the sample sheet: what is taken, and the one line for all that is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fusioncall.errors import SettingsError
from fusioncall.settings import Assay
from fusioncall.sheet import (
    Sample,
    Strandedness,
    batches,
    check_config,
    read_groups,
    read_runs,
    read_samples,
)

SCHEMAS = Path(__file__).parents[1] / "workflow" / "schemas"
HEADER = "sample\tfastq1\tfastq2\tbam\tstrandedness\n"
FILES = ("a_1.fq.gz", "a_2.fq.gz", "b_1.fq.gz", "b_2.fq.gz", "c.bam", "genome.fa", "genes.gtf")


@pytest.fixture(autouse=True)
def run_folder(tmp_path, monkeypatch):
    """A folder to run in, with the files that the sheets name."""
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        Path(name).touch()
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "manifest.json").touch()
    return tmp_path


def read(content: str | bytes) -> tuple[Sample, ...]:
    Path("samples.tsv").write_bytes(content.encode() if isinstance(content, str) else content)
    return read_samples(Path("samples.tsv"), SCHEMAS / "samples.schema.yaml")


def refusal(content: str | bytes) -> str:
    with pytest.raises(SettingsError) as caught:
        read(content)
    return str(caught.value)


def config(**changes: object) -> dict[str, object]:
    """A config that is right but for the changes; `reference` is replaced as a whole."""
    Path("samples.tsv").write_text(HEADER)
    reference = {"fasta": "genome.fa", "gtf": "genes.gtf", "name": "tiny", "folder": "reference"}
    return {"samples": "samples.tsv", "outdir": "results", "reference": reference} | changes


def config_refusal(given: dict[str, object]) -> str:
    with pytest.raises(SettingsError) as caught:
        check_config(given, "config.yaml", SCHEMAS / "config.schema.yaml")
    return str(caught.value)


PAIRED = Sample("A", ("a_1.fq.gz",), ("a_2.fq.gz",), None, Strandedness.REVERSE)


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}A\ta_1.fq.gz\ta_2.fq.gz\t\treverse\n",
        f"{HEADER}A\ta_1.fq.gz\ta_2.fq.gz\t\treverse",
        f"# a comment\n\n{HEADER}\n#B\tb_1.fq.gz\t\t\t\nA\ta_1.fq.gz\ta_2.fq.gz\t\treverse\n",
        f"{HEADER}A\ta_1.fq.gz\ta_2.fq.gz\t\treverse\n".replace("\n", "\r\n"),
        f"\ufeff{HEADER}A\ta_1.fq.gz\ta_2.fq.gz\t\treverse\n",
        "strandedness\tbam\tfastq2\tfastq1\tsample\nreverse\t\ta_2.fq.gz\ta_1.fq.gz\tA\n",
    ],
    ids=["plain", "no last newline", "comments", "CRLF", "BOM", "other order"],
)
def test_one_pair_in_every_dress(content):
    assert read(content) == (PAIRED,)


@pytest.mark.parametrize("assay", [each.value for each in Assay])
def test_assay(assay):
    header = HEADER.replace("\n", "\tassay\n")
    (sample,) = read(f"{header}A\ta_1.fq.gz\ta_2.fq.gz\t\treverse\t{assay}\n")
    assert sample == replace(PAIRED, assay=assay)
    check_config(config(assay=assay), "config.yaml", SCHEMAS / "config.schema.yaml")


def test_assay_that_is_not_known():
    header = HEADER.replace("\n", "\tassay\n")
    cure = "Write whole_transcriptome, hybrid_capture or amplicon, or leave"
    assert refusal(f"{header}A\ta_1.fq.gz\t\t\t\tcapture\n") == (
        f"samples.tsv, line 2, column assay: 'capture' cannot be used. {cure} the cell empty."
    )
    assert config_refusal(config(assay="capture")) == (
        f"config.yaml, key assay: 'capture' cannot be used. {cure} it empty."
    )


@pytest.mark.parametrize("words", ["glioma", "Spitz tumour, atypical (skin)", "x" * 100])
def test_tumour_type(words):
    header = HEADER.replace("\n", "\ttumour_type\n")
    (sample,) = read(f"{header}A\ta_1.fq.gz\ta_2.fq.gz\t\treverse\t{words}\n")
    assert sample == replace(PAIRED, tumour_type=words)


@pytest.mark.parametrize("words", ["-glioma", "gl{io}ma", "x" * 101, "$(x)", "a'b", " glioma"])
def test_tumour_type_that_cannot_be_used(words):
    header = HEADER.replace("\n", "\ttumour_type\n")
    with pytest.raises(SettingsError, match="line 2, column tumour_type"):
        read(f"{header}A\ta_1.fq.gz\t\t\t\t{words}\n")


def test_run():
    header = HEADER.replace("\n", "\trun\n")
    (sample,) = read(f"{header}A\ta_1.fq.gz\ta_2.fq.gz\t\treverse\t2026-11_R1.b\n")
    assert sample == replace(PAIRED, run="2026-11_R1.b")


@pytest.mark.parametrize("run", ["-R1", "_", "R 1", "R/1", "$(x)", "x" * 129])
def test_run_that_cannot_be_used(run):
    header = HEADER.replace("\n", "\trun\n")
    with pytest.raises(SettingsError, match="line 2, column run"):
        read(f"{header}A\ta_1.fq.gz\t\t\t\t{run}\n")


@pytest.mark.parametrize("name", ["cohort", "reference"])
def test_a_folder_of_the_results_is_no_sample(name):
    with pytest.raises(SettingsError) as caught:
        read(f"{HEADER}{name}\ta_1.fq.gz\n")
    assert str(caught.value) == (
        f"samples.tsv, line 2, column sample: the folder {name!r} of the results is not for a "
        "sample. Give the sample another name."
    )


def test_runs_are_read_without_a_look_at_files():
    header = HEADER.replace("\n", "\trun\n")
    Path("runs.tsv").write_text(f"{header}A\tno.fq\t\t\t\tR1\nB\tnone.fq\n")
    assert read_runs(Path("runs.tsv")) == {"A": "R1", "B": ""}


def test_groups_of_settings():
    Path("settings.yaml").write_text("status:\n  min_fragments: 1\n")
    assert read_groups(Path("settings.yaml")) == {"status": {"min_fragments": 1}}
    Path("settings.yaml").write_text("")
    assert read_groups(Path("settings.yaml")) == {}
    Path("settings.yaml").write_text("a: [1\n")
    with pytest.raises(SettingsError, match=r"^settings.yaml: is not YAML: .* Mend the file\.$"):
        read_groups(Path("settings.yaml"))


def test_every_kind_of_sample_in_the_order_of_the_sheet():
    Path("in a folder").mkdir()
    Path("in a folder/d.bam").touch()
    assert read(
        f"{HEADER}"
        "two.lanes\ta_1.fq.gz,b_1.fq.gz\ta_2.fq.gz,b_2.fq.gz\n"
        "0_bam\t\t\tc.bam\tunknown\n"
        "A-space\t\t\tin a folder/d.bam\t\n"
    ) == (
        Sample(
            "two.lanes",
            ("a_1.fq.gz", "b_1.fq.gz"),
            ("a_2.fq.gz", "b_2.fq.gz"),
            None,
            Strandedness.UNKNOWN,
        ),
        Sample("0_bam", (), (), "c.bam", Strandedness.UNKNOWN),
        Sample("A-space", (), (), "in a folder/d.bam", Strandedness.UNKNOWN),
    )


def test_single_end_sample_without_the_last_column():
    sheet = "sample\tfastq1\tfastq2\tbam\nA\ta_1.fq.gz\t\t\n"
    assert read(sheet) == (Sample("A", ("a_1.fq.gz",), (), None, Strandedness.UNKNOWN),)


NAME_CURE = "Use up to 128 letters, digits, '.', '_' and '-', with a letter or digit first."
PATHS_CURE = (
    "Give a path without quotes, backslash, $, {}, control characters, or a hyphen or blank in "
    "front or a blank at the end; several lanes are separated by commas."
)


@pytest.mark.parametrize(
    "name",
    [
        *("a/b", "../up", "a b", " a", "a ", "a'b", 'a"b', "$(touch x)", "`x`", "-rf", ".hidden"),
        *("..", "a;b", "a\\b", "a{b}", "a\x07b", "ä", "a\u2028b", "a*"),
    ],
)
def test_sample_names_that_are_refused(name):
    assert refusal(f"{HEADER}{name}\ta_1.fq.gz\t\t\t\n") == (
        f"samples.tsv, line 2, column sample: {name!r} cannot be used. {NAME_CURE}"
    )


def test_sample_name_that_is_too_long():
    assert refusal(f"{HEADER}{'x' * 129}\ta_1.fq.gz\t\t\t\n") == (
        f"samples.tsv, line 2, column sample: '{'x' * 76}... cannot be used. {NAME_CURE}"
    )
    assert len(read(f"{HEADER}{'x' * 128}\ta_1.fq.gz\t\t\t\n")) == 1


@pytest.mark.parametrize(
    "path",
    ["a'b", 'a"b', "$HOME/a", "$(touch x)", "`x`", "-a.fq", "a\\b", "a{b}", " a", "a ", "a\x07b"],
)
def test_paths_that_are_refused(path):
    assert refusal(f"{HEADER}A\t{path}\t\t\t\n") == (
        f"samples.tsv, line 2, column fastq1: {path!r} cannot be used. {PATHS_CURE}"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "",
            (
                ": the sample sheet is empty. Begin with a line of tab-separated column "
                "names: sample fastq1 fastq2 bam strandedness tumour_type run assay."
            ),
        ),
        (
            HEADER,
            (
                ": the sample sheet has no sample. Add a line for each sample below the "
                "column names."
            ),
        ),
        (
            f"{HEADER}A\ta_1.fq.gz\t\t\t\n".encode() + b"B\t\xff\t\t\t\n",
            (
                ", line 3: the sample sheet is not UTF-8 text. Save it as tab-separated "
                "text in UTF-8."
            ),
        ),
        (
            "sample,fastq1,fastq2,bam\nA,a_1.fq.gz,,\n",
            (
                ", line 1: the columns are separated by commas, not by tabs. Save the sheet "
                "as tab-separated text."
            ),
        ),
        (
            "sample;fastq1;fastq2;bam\nA;a_1.fq.gz;;\n",
            (
                ", line 1: the columns are separated by semicolons, not by tabs. Save the "
                "sheet as tab-separated text."
            ),
        ),
        (
            "sample fastq1 fastq2 bam\n",
            (
                ", line 1: the columns are separated by spaces, not by tabs. Save the sheet "
                "as tab-separated text."
            ),
        ),
        (
            f"{HEADER}A,a_1.fq.gz,a_2.fq.gz,,\n",
            (
                ", line 2: the cells are separated by commas or semicolons, not by tabs. "
                "Save the sheet as tab-separated text."
            ),
        ),
        (
            "sample\tfastq_1\tfastq2\tbam\n",
            ", line 1: unknown column 'fastq_1'. Perhaps 'fastq1' is meant.",
        ),
        (
            "sample\tfastq1\tfastq2\tbam\ttissue\n",
            (
                ", line 1: unknown column 'tissue'. Known are: sample, fastq1, fastq2, bam, "
                "strandedness, tumour_type, run, assay."
            ),
        ),
        (
            "sample\tfastq1\tfastq1\tfastq2\tbam\n",
            ", line 1: column 'fastq1' is there twice. Remove one of the two.",
        ),
        (
            "fastq1\tfastq2\tbam\n",
            ", line 1: column 'sample' is missing. Add it.",
        ),
        (
            "sample\tfastq1\tfastq2\nA\ta_1.fq.gz\n",
            ", line 1: column 'bam' is missing. Add it; its cells may be empty.",
        ),
        (
            f"{HEADER}A\ta_1.fq.gz\t\t\t\tmore\n",
            (
                ", line 2: the row has 6 cells, but there are 5 columns. Remove the tabs "
                "that are too many."
            ),
        ),
        (
            f"{HEADER}\ta_1.fq.gz\t\t\t\n",
            (", line 2, column sample: the name of the sample is blank. Give each row a name."),
        ),
        (
            f"{HEADER}A\ta_1.fq.gz\t  \t\t\n",
            (
                ", line 2, column fastq2: the cell holds nothing but blanks. Give a value, "
                "or leave the cell wholly empty."
            ),
        ),
        (
            f"{HEADER}A\ta_1.fq.gz,\t\t\t\n",
            (
                ", line 2, column fastq1: there is a blank between two commas or beside "
                "one. Give a path for each lane, or remove the comma."
            ),
        ),
        (
            f"{HEADER}A\ta_1.fq.gz, b_1.fq.gz\t\t\t\n",
            (
                ", line 2, column fastq1: the path ' b_1.fq.gz' begins or ends with a "
                "blank, or begins with a hyphen. Remove the blank; write a path that begins with a "
                "hyphen as ./-."
            ),
        ),
        (
            f"{HEADER}A\ta_1.fq.gz\t\tc.bam\t\n",
            (
                ", line 2: the sample has both FASTQ and BAM. Keep one of the two; BAM and "
                "FASTQ of the same reads would count them twice."
            ),
        ),
        (
            f"{HEADER}A\t\ta_2.fq.gz\t\t\n",
            (
                ", line 2: fastq2 is given without fastq1. Give the first reads in fastq1; "
                "single-end reads go there, too."
            ),
        ),
        (
            f"{HEADER}A\t\t\t\treverse\n",
            (
                ", line 2: the sample has neither FASTQ nor BAM. Give fastq1 (and fastq2 "
                "for paired reads) or bam."
            ),
        ),
        (
            f"{HEADER}A\ta_1.fq.gz,b_1.fq.gz\ta_2.fq.gz\t\t\n",
            (
                ", line 2: fastq1 has 2 lanes, but fastq2 has 1. Give as many files in "
                "fastq2 as in fastq1, in the same order."
            ),
        ),
        (
            f"{HEADER}A\t\t\tc.bam,d.bam\t\n",
            (
                ", line 2, column bam: several BAM files are given. Merge them into one, or "
                "give each its own sample and row."
            ),
        ),
        (
            f"{HEADER}A\tc.bam\t\t\t\n",
            (
                ", line 2, column fastq1: 'c.bam' looks like alignments. FASTQ goes into "
                "fastq1 and fastq2, BAM into bam."
            ),
        ),
        (
            f"{HEADER}A\t\t\ta_1.fq.gz\t\n",
            (
                ", line 2, column bam: 'a_1.fq.gz' looks like FASTQ. FASTQ goes into fastq1 "
                "and fastq2, BAM into bam."
            ),
        ),
        (
            f"{HEADER}A\thttps://example.org/a.fq.gz\t\t\t\n",
            (
                ", line 2, column fastq1: 'https://example.org/a.fq.gz' is an address, not "
                "a file. Download it first."
            ),
        ),
        (
            f"{HEADER}A\ta_1.fq.gz\t\t\tsecond\n",
            (
                ", line 2, column strandedness: 'second' cannot be used. Write unstranded, "
                "forward, reverse or unknown, or leave the cell empty."
            ),
        ),
        (
            f"{HEADER}A\ta_1.fq.gz\t\t\t\n\n#\nA\tb_1.fq.gz\t\t\t\n",
            (
                ", line 5, column sample: sample 'A' is already in line 2. Give each sample "
                "its own name; lanes of one sample go into one row, separated by commas."
            ),
        ),
        (
            f"{HEADER}A\ta_1.fq.gz\ta_1.fq.gz\t\t\n",
            (
                ", line 2, column fastq2: 'a_1.fq.gz' is already given in line 2, column "
                "fastq1. Give each file once."
            ),
        ),
        (
            f"{HEADER}A\ta_1.fq.gz\t\t\t\nB\t./a_1.fq.gz\t\t\t\n",
            (
                ", line 3, column fastq1: './a_1.fq.gz' is already given in line 2, column "
                "fastq1. Give each file once."
            ),
        ),
        (
            f"{HEADER}A\tbundle\t\t\t\n",
            ", line 2, column fastq1: 'bundle' is a folder, not a file. Name the file.",
        ),
    ],
)
def test_sheets_that_are_refused(content, message):
    assert refusal(content) == f"samples.tsv{message}"


def test_missing_file_tells_the_folder_that_paths_count_from(tmp_path):
    assert refusal(f"{HEADER}A\tlost.fq.gz\t\t\t\n") == (
        "samples.tsv, line 2, column fastq1: there is no file 'lost.fq.gz'. "
        f"Correct the path; it counts from the folder '{tmp_path}'."
    )
    assert refusal(f"{HEADER}A\t{tmp_path}/lost.fq.gz\t\t\t\n") == (
        f"samples.tsv, line 2, column fastq1: there is no file '{tmp_path}/lost.fq.gz'. "
        "Correct the path."
    )
    long_name = "x" * 300
    assert f"there is no file '{long_name}'" in refusal(f"{HEADER}A\t{long_name}\t\t\t\n")


def test_missing_file_that_lies_beside_the_sheet():
    Path("sheets").mkdir()
    Path("sheets/d.fq.gz").touch()
    Path("sheets/samples.tsv").write_text(f"{HEADER}A\td.fq.gz\t\t\t\n")
    with pytest.raises(SettingsError) as caught:
        read_samples(Path("sheets/samples.tsv"), SCHEMAS / "samples.schema.yaml")
    assert str(caught.value) == (
        "sheets/samples.tsv, line 2, column fastq1: there is no file 'd.fq.gz'. "
        "Write it as 'sheets/d.fq.gz', from the folder of the run."
    )


def test_missing_sheet(tmp_path):
    with pytest.raises(SettingsError) as caught:
        read_samples(Path("lost.tsv"), SCHEMAS / "samples.schema.yaml")
    assert str(caught.value) == (
        "sample sheet: there is no file 'lost.tsv'. "
        f"Correct the path; it counts from the folder '{tmp_path}'."
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"settings": None, "catalogue": None},
        {"trust_alignment": None},
        {"trust_alignment": True},
        {"settings": "genome.fa", "catalogue": "genes.gtf"},
        {"reference": {"bundle": "bundle"}},
        {"reference": {"bundle": "bundle", "fasta": None, "gtf": None, "name": "x"}},
        {
            "reference": {
                "fasta": "https://example.org/g.fa.gz",
                "fasta_sha256": "0" * 64,
                "gtf": "ftp://example.org/g.gtf.gz",
                "name": "GRCh38",
                "folder": "/tmp/reference",
                "targets": None,
            }
        },
    ],
)
def test_configs_that_are_taken(changes):
    check_config(config(**changes), "config.yaml", SCHEMAS / "config.schema.yaml")


PATH_CURE = "Give a path without quotes, backslash, $, {}, control characters, or a hyphen in front"
TWO_WAYS = (
    "Give 'bundle' for a reference that is built already, or 'fasta', 'gtf', 'name' and 'folder' "
    "to build one."
)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"sampels": "x"},
            ": unknown key 'sampels'. Perhaps 'samples' is meant.",
        ),
        (
            {"reference": {"bundel": "bundle"}},
            ", key reference: unknown key 'bundel'. Perhaps 'bundle' is meant.",
        ),
        (
            {"samples": 5},
            f", key samples: 5 is a number. {PATH_CURE}.",
        ),
        (
            {"outdir": None},
            f", key outdir: the value is blank. {PATH_CURE}.",
        ),
        (
            {"outdir": "$HOME/results"},
            f", key outdir: '$HOME/results' cannot be used. {PATH_CURE}.",
        ),
        (
            {"settings": ["a", "b"]},
            f", key settings: ['a', 'b'] is a list. {PATH_CURE}, or leave it empty.",
        ),
        (
            {"settings": "-lost"},
            f", key settings: '-lost' cannot be used. {PATH_CURE}, or leave it empty.",
        ),
        (
            {"reference": "bundle"},
            (
                ", key reference: 'bundle' is text. Give 'bundle', or 'fasta', 'gtf', "
                "'name' and 'folder', indented below 'reference'."
            ),
        ),
        (
            {"reference": {"fasta": "genome.fa", "gtf": "genes.gtf", "name": 38, "folder": "r"}},
            (
                ", key reference.name: 38 is a number. Use up to 128 letters, digits, '.', "
                "'_' and '-', with a letter or digit first, in quotes if it is a number."
            ),
        ),
        (
            {"reference": {"fasta": "genome.fa", "gtf": "genes.gtf", "folder": "r"}},
            f", key reference: the reference has no 'name'. {TWO_WAYS}",
        ),
        (
            {"reference": {}},
            f", key reference: the reference has no 'fasta'. {TWO_WAYS}",
        ),
        (
            {"reference": {"bundle": "bundle", "gtf": "genes.gtf"}},
            (
                ", key reference: both 'bundle' and 'gtf' are given. Keep the bundle or the "
                "files to build one from, and leave the others empty."
            ),
        ),
        (
            {"reference": {"bundle": "lost"}},
            (
                ", key reference.bundle: 'lost' is not a reference bundle, for it has no "
                "manifest.json. Correct the path, or build the bundle with 'fusioncall reference "
                "build'."
            ),
        ),
        (
            {"batch_size": 0},
            (
                ", key batch_size: 0 cannot be used. Give a whole number of at least 1, or leave "
                "it empty."
            ),
        ),
        (
            {"trust_alignment": "yes"},
            ", key trust_alignment: 'yes' is text. Give true or false, or leave it empty.",
        ),
        (
            {"reference": {"bundle": "bundle", "fasta_sha256": "0" * 63}},
            (
                f", key reference.fasta_sha256: '{'0' * 63}' cannot be used. Give the 64 "
                "hexadecimal digits of the SHA-256 sum in quotes, or leave it empty."
            ),
        ),
    ],
)
def test_configs_that_are_refused(changes, message):
    assert config_refusal(config(**changes)) == f"config.yaml{message}"


def test_config_without_a_key_that_is_needed():
    given = config()
    del given["outdir"]
    assert config_refusal(given) == "config.yaml: key 'outdir' is missing. Add it."


@pytest.mark.parametrize(
    "key", ["samples", "settings", "catalogue", "own_catalogue", "pon", "fasta", "gtf", "targets"]
)
def test_files_of_the_config_that_are_missing(key, tmp_path):
    given = config()
    group, name = (
        (given, key)
        if key in {"samples", "settings", "catalogue", "own_catalogue", "pon"}
        else (given["reference"], f"reference.{key}")
    )
    assert isinstance(group, dict)
    group[key] = "lost"
    assert config_refusal(given) == (
        f"config.yaml, key {name}: there is no file 'lost'. "
        f"Correct the path; it counts from the folder '{tmp_path}'."
    )


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (1, ()),
        (2, (("s1", "s2"), ("s3", "s5"), ("s6",))),
        (3, (("s1", "s2", "s3"), ("s5", "s6"))),
        (100, (("s1", "s2", "s3", "s5", "s6"),)),
    ],
)
def test_batches_are_samples_in_the_order_of_the_sheet(size, expected):
    given = [
        Sample(f"s{n}", ("r.fq",), (), "s4.bam" if n == 4 else None, Strandedness.UNKNOWN)
        for n in range(1, 7)
    ]
    assert batches(given, size) == expected


def test_a_sheet_that_was_checked_is_only_read():
    content = f"{HEADER}A\tlost.fq.gz\nB\tlost.fq.gz\t\t\n"
    assert "there is no file" in refusal(content.replace("\nB\tlost", "\nB\talso_lost"))
    read_again = read_samples(Path("samples.tsv"), SCHEMAS / "samples.schema.yaml", is_checked=True)
    assert [sample.fastq1 for sample in read_again] == [("lost.fq.gz",), ("also_lost.fq.gz",)]
