"""Bad input through the command line: one clear line, exit code 2, nothing that looks whole."""

from __future__ import annotations

import gzip
import json
import random
import shutil
from pathlib import Path

import pysam
import pytest

from builders import fastq_text, molecules_of, plant, simulated, write_fastq
from fusioncall import steps
from fusioncall.bam import sort_and_index
from fusioncall.sample_files import write_reads
from fusioncall.screen import ReadFiles
from fusioncall.screening import screen
from fusioncall.simulate import SimulatedSample
from fusioncall.writing import RESULTS

WHOLE = "Get the file anew from where it came from; gzip -t tells whether it is whole."
ANEW = "Get or make the file anew; samtools quickcheck tells whether it is whole."
RUN_SEQUENCES = "Give the two files of one sequencing run, unsorted and unfiltered."
END_BLOCK_BYTES = 28


@pytest.fixture(scope="module")
def sample(world) -> SimulatedSample:
    return simulated(world, plant(world, "ETV6:5-NTRK3:15", split=6, spanning=4, drawn=20))


@pytest.fixture(scope="module")
def good(sample, reference, settings, genome_files, tmp_path_factory):
    """Files of one sample that can be used: FASTQ, BAM sorted and not, and what a screen makes."""
    folder = tmp_path_factory.mktemp("good")
    first, second = write_reads(sample, folder)
    setup = steps.Setup(reference, settings, 1)
    screen(ReadFiles((first,), (second,)), setup, folder / "screened.bam", folder / "census.json")
    steps.align(folder / "screened.bam", setup, folder / "aligned.bam")
    shutil.copy(folder / "aligned.bam", folder / "sorted.bam")
    sort_and_index(folder / "sorted.bam")
    (folder / "genome.fa").write_bytes(gzip.decompress(genome_files[0].read_bytes()))
    (folder / "first.fq.gz").hardlink_to(first)
    (folder / "second.fq.gz").hardlink_to(second)
    return folder


@pytest.fixture
def records(sample):
    """Names and bases of the first and of the second reads."""
    first = [(each.name, each.first.bases) for each in sample.molecules]
    return first, [(each.name, each.second.bases) for each in sample.molecules]


@pytest.fixture
def refused(run_cli, reference_folder, tmp_path):
    """Run a command that must fail, and give its message without the beginning."""

    def run(command, *words, sample="S", reference=reference_folder, out=None):
        out = out or tmp_path / "out"
        named = {
            "run": ["--sample", sample, "--reference", reference, "--out", out],
            "screen": [
                *("--sample", sample, "--reference", reference),
                *("--out", out / "screened.bam", "--census", out / "census.json"),
            ],
            "align": ["--reference", reference, "--out", out / "aligned.bam"],
            "call": [
                *("--sample", sample, "--reference", reference),
                *("--calls", out / "calls.json", "--evidence", out / "evidence.bam"),
            ],
            "annotate": ["--reference", reference, "--out", out],
            "reference": [],
        }[command]
        done = run_cli("--quiet", command, *words, *named)
        assert done.stdout == ""
        lines = done.stderr.splitlines()
        assert len(lines) == 1, done.stderr
        start = f"fusioncall {command}: error: "
        assert lines[0].startswith(start)
        assert done.code == 2
        if out.is_dir():
            assert list(out.iterdir()) == []
        return lines[0].removeprefix(start)

    return run


def text_of(path):
    return gzip.decompress(path.read_bytes()).decode()


def changed_bam(source, target, change=lambda header, records: (header, records)):
    """A BAM with its header or records changed."""
    with pysam.AlignmentFile(str(source), "rb", check_sq=False) as bam:
        header, records = change(bam.header.to_dict(), list(bam.fetch(until_eof=True)))
        with pysam.AlignmentFile(str(target), "wb", header=header) as out:
            for record in records:
                out.write(record)
    return target


def renamed_contigs(rename):
    def change(header, records):
        for line in header["SQ"]:
            rename(line)
        for record in records:  # names of other contigs do not fit the new header
            if record.has_tag("SA"):
                record.set_tag("SA", None)
        return header, records

    return change


# the good sample, without which the rest would prove nothing


def results(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_good_sample_is_called(good, run_cli, reference_folder, tmp_path):
    done = run_cli(
        *("--quiet", "run", "--sample", "S", "--fastq1", good / "first.fq.gz"),
        *("--fastq2", good / "second.fq.gz", "--reference", reference_folder),
        *("--out", tmp_path / "out"),
    )
    assert (done.code, done.stderr) == (0, "")
    assert "DETECTED\tETV6::NTRK3" in done.stdout
    assert set(results(tmp_path / "out")) == set(RESULTS)


def test_bam_needs_no_index_and_gives_the_same_bytes_without_one(
    good, run_cli, reference_folder, tmp_path
):
    found = []
    for number, is_indexed in enumerate((True, False)):
        folder = tmp_path / str(number)
        folder.mkdir()
        shutil.copy(good / "sorted.bam", folder / "S.bam")
        if is_indexed:
            shutil.copy(good / "sorted.bam.bai", folder / "S.bam.bai")
        done = run_cli(
            *("--quiet", "run", "--sample", "S", "--bam", folder / "S.bam"),
            *("--reference", reference_folder, "--out", folder / "out"),
        )
        assert (done.code, done.stderr) == (0, "")
        found.append(results(folder / "out"))
    assert found[0] == found[1]
    assert set(found[0]) == set(RESULTS)
    assert b"ETV6::NTRK3" in found[0]["fusions.tsv"]


# files that are not there


@pytest.mark.parametrize("option", ["--fastq1", "--fastq2", "--bam"])
@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_missing_reads_are_named(good, refused, tmp_path, option, kind):
    path = tmp_path / "reads"
    if kind == "folder":
        path.mkdir()
    words = ["--fastq1", good / "first.fq.gz"] if option == "--fastq2" else []
    told = refused("run", *words, option, path)
    assert told == f"{path}: does not exist or is no file. Check the path."


def test_missing_lane_is_named(good, refused, tmp_path):
    lanes = f"{good / 'first.fq.gz'},{tmp_path / 'lane2.fq.gz'}"
    told = refused("screen", "--fastq1", lanes)
    assert told == f"{tmp_path / 'lane2.fq.gz'}: does not exist or is no file. Check the path."


@pytest.mark.parametrize(
    ("command", "option"),
    [("align", "--reads"), ("call", "--bam"), ("call", "--census"), ("annotate", "--calls")],
)
def test_missing_file_of_a_step_is_named(good, refused, tmp_path, command, option):
    path = tmp_path / "nowhere"
    others = ["--bam", good / "aligned.bam"] if option == "--census" else []
    told = refused(command, *others, option, path)
    assert told.startswith(f"{path}: ")
    assert told.endswith(" Check the path.")


@pytest.mark.parametrize("option", ["--settings", "--catalogue"])
def test_missing_tables_are_named(good, refused, tmp_path, option):
    path = tmp_path / "nowhere"
    told = refused("run", "--fastq1", good / "first.fq.gz", option, path)
    assert told == f"{path}: cannot be read: No such file or directory. Check the path."


@pytest.mark.parametrize("option", ["--fasta", "--gtf", "--targets", "--settings"])
def test_missing_file_of_a_bundle_is_named(refused, genome_files, tmp_path, option):
    path = tmp_path / "nowhere"
    words = {"--fasta": genome_files[0], "--gtf": genome_files[1]} | {option: path}
    flat = [word for each in words.items() for word in each]
    told = refused("reference", "build", *flat, "--out", tmp_path / "out")
    assert told.startswith(f"{path}: ")
    assert told.endswith(" Check the path.")
    assert not (tmp_path / "out").exists()


# FASTQ


@pytest.mark.parametrize("command", ["run", "screen"])
@pytest.mark.parametrize("kind", ["empty", "empty gzip", "no bytes, named gz"])
def test_fastq_without_reads_is_refused(refused, tmp_path, command, kind):
    path = tmp_path / ("reads.fq" if kind == "empty" else "reads.fq.gz")
    path.write_bytes(gzip.compress(b"") if kind == "empty gzip" else b"")
    told = refused(command, "--fastq1", path)
    assert told == f"{path}: holds no reads. Give the FASTQ of a sequenced sample."


def test_empty_lane_among_full_ones_is_refused(good, refused, tmp_path):
    path = tmp_path / "lane2.fq"
    path.touch()
    told = refused("run", "--fastq1", f"{good / 'first.fq.gz'},{path}")
    assert told == f"{path}: holds no reads. Give the FASTQ of a sequenced sample."


@pytest.mark.parametrize("command", ["run", "screen"])
@pytest.mark.parametrize("missing_bytes", [1, 8, 9, 500])
@pytest.mark.parametrize("mate", [1, 2])
def test_truncated_gzip_is_refused(good, refused, tmp_path, command, missing_bytes, mate):
    files = {1: good / "first.fq.gz", 2: good / "second.fq.gz"}
    path = tmp_path / "cut.fq.gz"
    path.write_bytes(files[mate].read_bytes()[:-missing_bytes])
    files[mate] = path
    told = refused(command, "--fastq1", files[1], "--fastq2", files[2])
    assert told.startswith(f"{path}: cannot be read as FASTQ: ")
    assert told.endswith(WHOLE)


def test_damaged_gzip_is_refused(good, refused, tmp_path):
    packed = bytearray((good / "first.fq.gz").read_bytes())
    for place in random.Random(1).sample(range(10, len(packed) - 8), 25):
        damaged = packed.copy()
        damaged[place] ^= 0xFF
        path = tmp_path / f"damaged{place}.fq.gz"
        path.write_bytes(damaged)
        assert refused("screen", "--fastq1", path).startswith(f"{path}: ")


@pytest.mark.parametrize("lines_left", [1, 2, 3])
def test_last_record_that_is_cut_off_is_refused(good, refused, tmp_path, lines_left):
    lines = text_of(good / "first.fq.gz").splitlines(keepends=True)
    path = tmp_path / "cut.fq"
    path.write_text("".join(lines[: 8 + lines_left]))
    told = refused("run", "--fastq1", path)
    assert told == f"{path}: is not whole FASTQ: record 3 is cut off. {WHOLE}"


@pytest.mark.parametrize("longer", [1, 2])
@pytest.mark.parametrize("left", [0, 1, 10])
def test_mates_of_another_number_are_refused(records, refused, tmp_path, longer, left):
    first, second = records
    cut = {1: (first, second[:left]), 2: (first[:left], second)}[longer]
    paths = [write_fastq(tmp_path / f"{i}.fq", each) for i, each in enumerate(cut, start=1)]
    told = refused("run", "--fastq1", paths[0], "--fastq2", paths[1])
    assert told.startswith(f"{paths[0]} and {paths[1]}: the two mates are out of step: ")
    assert f"more reads in file {longer}" in told
    assert told.endswith(RUN_SEQUENCES)


@pytest.mark.parametrize("place", [0, 7, -1])
def test_mates_of_another_name_are_refused(records, refused, tmp_path, place):
    first, second = records
    name = first[place][0]
    second[place] = ("somebody-else", second[place][1])
    paths = write_fastq(tmp_path / "1.fq", first), write_fastq(tmp_path / "2.fq", second)
    told = refused("run", "--fastq1", paths[0], "--fastq2", paths[1])
    assert told.startswith(f"{paths[0]} and {paths[1]}: the two mates are out of step: ")
    assert f"record {range(len(first))[place] + 1} is called {name!r}" in told
    assert "'somebody-else'" in told


def test_mates_in_another_order_are_refused(records, refused, tmp_path):
    first, second = records
    paths = write_fastq(tmp_path / "1.fq", first), write_fastq(tmp_path / "2.fq", second[::-1])
    told = refused("screen", "--fastq1", paths[0], "--fastq2", paths[1])
    assert "the two mates are out of step" in told


def bytes_that_are_no_fastq(kind, good):
    text = text_of(good / "first.fq.gz")
    lines = text.splitlines(keepends=True)
    return {
        "FASTA": (good / "genome.fa").read_bytes(),
        "BAM": (good / "aligned.bam").read_bytes(),
        "random": random.Random(5).randbytes(5000),
        "text": b"a letter\nto somebody\n",
        "blank lines": b"\n\n\n\n",
        "quality too short": text.encode().replace(b"I\n", b"\n", 1),
        "quality too long": text.encode().replace(b"I\n", b"II\n", 1),
        "plus line missing": "".join(lines[:2] + lines[3:]).encode(),
        "line in between": "".join([*lines[:4], "what?\n", *lines[4:]]).encode(),
    }[kind]


@pytest.mark.parametrize("command", ["run", "screen"])
@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    "kind",
    [
        "FASTA",
        "BAM",
        "random",
        "text",
        "blank lines",
        "quality too short",
        "quality too long",
        "plus line missing",
        "line in between",
    ],
)
def test_file_that_is_no_fastq_is_refused(good, refused, tmp_path, command, is_packed, kind):
    content = bytes_that_are_no_fastq(kind, good)
    path = tmp_path / ("reads.fq.gz" if is_packed else "reads.fq")
    path.write_bytes(gzip.compress(content) if is_packed else content)
    assert refused(command, "--fastq1", path).startswith(f"{path}: ")


@pytest.mark.parametrize("kind", ["FASTA", "random", "text"])
def test_plain_file_that_is_named_gz_is_refused(good, refused, tmp_path, kind):
    path = tmp_path / "reads.fq.gz"
    path.write_bytes(bytes_that_are_no_fastq(kind, good))
    assert refused("run", "--fastq1", path).startswith(f"{path}: ")


def test_two_molecules_of_one_name_name_the_file(records, refused, tmp_path):
    path = write_fastq(tmp_path / "reads.fq", [*records[0], *records[0]])
    told = refused("run", "--fastq1", path)
    assert "two molecules are called" in told
    assert str(path) in told


def test_reads_without_bases_beside_others_are_no_error(
    records, run_cli, reference_folder, tmp_path
):
    """Trimming leaves empty reads; their mates still count."""
    first, second = records
    second = [(name, "" if i % 2 else bases) for i, (name, bases) in enumerate(second)]
    paths = write_fastq(tmp_path / "1.fq", first), write_fastq(tmp_path / "2.fq", second)
    done = run_cli(
        *("--quiet", "run", "--sample", "S", "--fastq1", paths[0], "--fastq2", paths[1]),
        *("--reference", reference_folder, "--out", tmp_path / "out"),
    )
    assert (done.code, done.stderr) == (0, "")
    assert "DETECTED\tETV6::NTRK3" in done.stdout


def test_names_that_bam_cannot_hold_are_refused(records, refused, tmp_path):
    """It holds up to 254 bytes."""
    paths = []
    for size in (254, 255):
        records_of_size = [(name.ljust(size, "x"), bases) for name, bases in records[0]]
        paths.append(write_fastq(tmp_path / f"{size}.fq", records_of_size))
    told = refused("run", "--fastq1", paths[1])
    assert told.startswith(f"{paths[1]}: the read name {records[0][0][0][:20]}")
    assert told.endswith("has more than 254 characters. Shorten the names; BAM cannot hold them.")
    told = refused("run", "--fastq1", paths[0], "--catalogue", tmp_path / "none")
    assert told.startswith(f"{tmp_path / 'none'}: cannot be read")  # so the names were taken


# how the files are given


def test_lanes_without_partners_are_refused(good, refused, tmp_path):
    other = shutil.copy(good / "first.fq.gz", tmp_path / "lane2.fq.gz")
    told = refused(
        *("run", "--fastq1", f"{good / 'first.fq.gz'},{other}"),
        *("--fastq2", good / "second.fq.gz"),
    )
    assert told == (
        "2 files of first reads but 1 of second reads. "
        "Give the lanes of both mates in the same order, separated by commas."
    )


@pytest.mark.parametrize("spelling", ["same", "through another folder", "symbolic link"])
def test_one_file_as_both_mates_is_refused(good, refused, tmp_path, spelling):
    path = good / "first.fq.gz"
    (tmp_path / "link.fq.gz").symlink_to(path)
    again = {
        "same": path,
        "through another folder": good / ".." / good.name / "first.fq.gz",
        "symbolic link": tmp_path / "link.fq.gz",
    }[spelling]
    told = refused("run", "--fastq1", path, "--fastq2", again)
    assert told == f"{again}: is given twice. Give each FASTQ file once."


@pytest.mark.parametrize("command", ["run", "screen"])
def test_one_file_as_two_lanes_is_refused(good, refused, command):
    path = good / "first.fq.gz"
    told = refused(command, "--fastq1", f"{path},{path}")
    assert told == f"{path}: is given twice. Give each FASTQ file once."


def test_bam_together_with_second_reads_is_refused(good, refused):
    told = refused("run", "--bam", good / "aligned.bam", "--fastq2", good / "second.fq.gz")
    assert told == "--fastq2 was given with --bam. Give either FASTQ files or a BAM."


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--bam", "a.bam", "--fastq1", "a.fq"],
        ["--fastq2", "a.fq"],
        ["--fastq1", "a.fq,"],
        ["--fastq1", ""],
        ["--fastq1", "a.fq", "--threads", "0"],
        ["--fastq1", "a.fq", "--colour", "red"],
    ],
    ids=" ".join,
)
def test_words_that_argparse_refuses(run_cli, reference_folder, tmp_path, words):
    """It shows the usage first; the last line says what is wrong."""
    done = run_cli(
        *("run", "--sample", "S", "--reference", reference_folder, "--out", tmp_path / "out"),
        *words,
    )
    assert done.code == 2
    assert done.stderr.splitlines()[-1].startswith("fusioncall run: error: ") or (
        done.stderr.splitlines()[-1] == "fusioncall: error: unrecognized arguments: --colour red"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["run", "screen", "call"])
@pytest.mark.parametrize(
    "name",
    [
        *("a/b", "/etc", "..", ".", "a b", " a", "a'b", 'a"b', "$(touch x)", "`x`", "a;b", "a\nb"),
        *("a\n", "_a", "é", "", "x" * 129),
    ],
)
def test_sample_name_that_no_file_can_carry_is_refused(good, refused, command, name):
    reads = {
        "call": [f"--bam={good / 'aligned.bam'}"],
        "run": [f"--bam={good / 'aligned.bam'}"],
        "screen": [f"--fastq1={good / 'first.fq.gz'}"],
    }[command]
    told = refused(command, *reads, sample=name)
    assert told.startswith("the sample name ")
    assert repr(name) in told
    assert told.endswith("Rename the sample; begin with a letter or digit.")


# BAM


@pytest.mark.parametrize("command", ["run", "call"])
@pytest.mark.parametrize("missing_bytes", [END_BLOCK_BYTES, 1, 200, 1000])
def test_bam_that_is_cut_off_is_refused(good, refused, tmp_path, command, missing_bytes):
    """First without its end block only, then without some of its content."""
    path = tmp_path / "cut.bam"
    path.write_bytes((good / "sorted.bam").read_bytes()[:-missing_bytes])
    assert refused(command, "--bam", path) == f"{path}: is cut off. {ANEW}"


@pytest.mark.parametrize("left", [10, 100])
def test_bam_cut_off_in_its_header_is_refused(good, refused, tmp_path, left):
    path = tmp_path / "cut.bam"
    path.write_bytes((good / "sorted.bam").read_bytes()[:left])
    assert refused("run", "--bam", path).startswith(f"{path}: ")


def test_damaged_bam_is_refused(good, refused, tmp_path):
    packed = (good / "sorted.bam").read_bytes()
    path = tmp_path / "damaged.bam"
    for place in (len(packed) // 3, len(packed) // 2, len(packed) - 300):
        damaged = bytearray(packed)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        assert refused("run", "--bam", path).startswith(f"{path}: ")


def test_reads_cut_off_between_screen_and_alignment_are_refused(good, refused, tmp_path):
    path = tmp_path / "screened.bam"
    path.write_bytes((good / "screened.bam").read_bytes()[:-END_BLOCK_BYTES])
    assert refused("align", "--reads", path) == f"{path}: is cut off. {ANEW}"


@pytest.mark.parametrize("command", ["run", "call"])
@pytest.mark.parametrize("kind", ["SAM", "FASTQ", "gzip FASTQ", "FASTA", "random", "empty", "text"])
def test_file_that_is_no_bam_is_refused(good, refused, tmp_path, command, kind):
    path = tmp_path / "sample.bam"
    if kind == "SAM":
        with (
            pysam.AlignmentFile(str(good / "sorted.bam")) as bam,
            pysam.AlignmentFile(str(path), "w", header=bam.header) as out,
        ):
            for record in bam:
                out.write(record)
    else:
        path.write_bytes(
            {
                "FASTQ": text_of(good / "first.fq.gz").encode(),
                "gzip FASTQ": (good / "first.fq.gz").read_bytes(),
                "FASTA": (good / "genome.fa").read_bytes(),
                "random": random.Random(5).randbytes(5000),
                "empty": b"",
                "text": b"a letter\nto somebody\n",
            }[kind]
        )
    assert refused(command, "--bam", path).startswith(f"{path}: ")


def test_bam_without_records_is_refused(good, refused, tmp_path):
    path = changed_bam(good / "sorted.bam", tmp_path / "S.bam", lambda header, _: (header, []))
    assert refused("run", "--bam", path) == (
        f"{path}: holds no reads. Give the BAM of a sequenced sample."
    )


def test_unaligned_bam_is_refused(good, refused):
    path = good / "screened.bam"
    assert refused("run", "--bam", path) == (
        f"{path}: holds no alignments: its header names no contig. "
        "Give the reads as FASTQ, or an aligned BAM."
    )


def test_call_of_a_refused_bam_makes_no_folder(good, refused, tmp_path):
    refused("call", "--bam", good / "screened.bam", "--census", good / "census.json")
    assert not (tmp_path / "out").exists()


FIT = "Build a reference from the genome that the BAM was aligned to, or give the FASTQ files."


@pytest.mark.parametrize("command", ["run", "call"])
def test_bam_of_contigs_without_chr_is_refused(good, refused, tmp_path, command):
    def rename(line):
        line["SN"] = line["SN"].removeprefix("chr")

    path = changed_bam(good / "sorted.bam", tmp_path / "S.bam", renamed_contigs(rename))
    assert refused(command, "--bam", path) == (
        f"{path}: contigs unknown to the reference: 1, 2, 3 (14 in all); "
        f"the difference is the prefix chr. {FIT}"
    )


def test_bam_of_another_genome_is_refused(good, refused, tmp_path):
    def rename(line):
        line["SN"] = f"scaffold_{line['SN']}"

    path = changed_bam(good / "sorted.bam", tmp_path / "S.bam", renamed_contigs(rename))
    assert refused("run", "--bam", path) == (
        f"{path}: contigs unknown to the reference: scaffold_chr1, scaffold_chr2, scaffold_chr3 "
        f"(14 in all). {FIT}"
    )


def test_bam_of_another_build_is_refused(good, refused, tmp_path, world):
    def rename(line):
        line["LN"] += 7 if line["SN"] == "chr9" else 0

    path = changed_bam(good / "sorted.bam", tmp_path / "S.bam", renamed_contigs(rename))
    length = len(world.genome["chr9"])
    assert refused("run", "--bam", path) == (
        f"{path}: contig chr9 has {length + 7} bp, in the reference {length} bp. {FIT}"
    )


def test_bam_of_two_samples_with_the_same_names_is_refused(good, refused, tmp_path):
    def change(header, records):
        other = records[0].to_dict()
        again = pysam.AlignedSegment.from_dict(other, pysam.AlignmentHeader.from_dict(header))
        bases = again.query_sequence
        again.query_sequence = ("C" if bases[0] == "A" else "A") + bases[1:]
        return header, [*records, again]

    path = changed_bam(good / "sorted.bam", tmp_path / "S.bam", change)
    told = refused("run", "--bam", path)
    assert told.startswith(f"{path}: two different reads are called SIM:1:FC:1:")


# reference bundle


@pytest.mark.parametrize("command", ["run", "screen", "call", "align"])
def test_bundle_of_another_version_is_refused(good, refused, copied_bundle, command):
    manifest = copied_bundle / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"schema": 99}))
    told = refused(command, *reads_of(command, good), reference=copied_bundle)
    assert told.startswith(f"{copied_bundle}: is a bundle of version 99; ")
    assert told.endswith("Build it with this version: fusioncall reference build.")


@pytest.mark.parametrize("command", ["run", "screen", "call", "align"])
def test_changed_bundle_is_refused(good, refused, copied_bundle, command):
    path = copied_bundle / "genome.mmi"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    told = refused(command, *reads_of(command, good), reference=copied_bundle)
    assert told == (
        f"{path}: was changed since the reference bundle was built. "
        "Build the bundle anew: fusioncall reference build."
    )


@pytest.mark.parametrize("kind", ["missing", "file", "folder"])
def test_reference_that_is_no_bundle_is_refused(good, refused, tmp_path, kind):
    path = {"missing": tmp_path / "none", "file": good / "census.json", "folder": good}[kind]
    told = refused("run", "--fastq1", good / "first.fq.gz", reference=path)
    assert told.startswith(f"{path}")


def reads_of(command, good) -> list[str | Path]:
    return {
        "run": ["--fastq1", good / "first.fq.gz"],
        "screen": ["--fastq1", good / "first.fq.gz"],
        "align": ["--reads", good / "screened.bam"],
        "call": ["--bam", good / "aligned.bam", "--census", good / "census.json"],
    }[command]


# steps


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"source": 5}'])
@pytest.mark.parametrize(("command", "option"), [("call", "--census"), ("annotate", "--calls")])
def test_file_of_another_step_that_is_broken_is_named(
    good, refused, tmp_path, command, option, content
):
    path = tmp_path / "broken.json"
    path.write_text(content)
    others = ["--bam", good / "aligned.bam"] if command == "call" else []
    assert refused(command, *others, option, path).startswith(f"{path}: ")


# output


@pytest.mark.parametrize("command", ["run", "screen", "call", "align"])
@pytest.mark.parametrize("depth", ["the file itself", "below it"])
def test_output_below_a_file_is_refused(good, refused, tmp_path, command, depth):
    path = tmp_path / "file"
    path.write_text("words")
    out = path if depth == "the file itself" else path / "results"
    told = refused(command, *reads_of(command, good), out=out)
    assert told.startswith(f"{path}")
    assert "cannot be written: " in told
    assert path.read_text() == "words"


@pytest.mark.parametrize(
    "words",
    [
        ("screen", "--out", "--census"),
        ("screen", "--census", "--out"),
        ("call", "--calls", "--evidence"),
        ("call", "--evidence", "--calls"),
    ],
)
def test_one_of_two_outputs_that_cannot_be_written_leaves_none(
    good, run_cli, reference_folder, tmp_path, words
):
    command, first, second = words
    (tmp_path / "file").touch()
    out = tmp_path / "out"
    done = run_cli(
        *("--quiet", command, "--sample", "S", "--reference", reference_folder),
        *(*reads_of(command, good), first, out / "first", second, tmp_path / "file" / "second"),
    )
    assert done.code == 2
    assert len(done.stderr.splitlines()) == 1
    assert not out.exists() or list(out.iterdir()) == []


def test_bundle_below_a_file_is_refused(refused, genome_files, tmp_path):
    path = tmp_path / "file"
    path.write_text("words")
    told = refused(
        *("reference", "build", "--fasta", genome_files[0], "--gtf", genome_files[1]),
        *("--out", path / "bundle"),
    )
    assert told.startswith(f"{path}: cannot be written: ")


def test_failed_run_leaves_older_results_alone(good, run_cli, reference_folder, tmp_path):
    """Results of before stay whole: none of them is replaced, nothing is added."""
    out = tmp_path / "out"
    words = ["--quiet", "run", "--sample", "S", "--reference", reference_folder, "--out", out]
    done = run_cli(*words, "--fastq1", good / "first.fq.gz", "--fastq2", good / "second.fq.gz")
    assert done.code == 0
    before = results(out)
    cut = tmp_path / "cut.bam"
    cut.write_bytes((good / "sorted.bam").read_bytes()[:-END_BLOCK_BYTES])
    assert run_cli(*words, "--bam", cut).code == 2
    assert results(out) == before


def test_fastq_of_the_helpers_is_what_the_sample_holds(sample, good):
    """The tests above change text that is made here; it must be that of the files."""
    first = [(each.name, each.first.bases) for each in sample.molecules]
    assert text_of(good / "first.fq.gz") == fastq_text(first)
    assert len(molecules_of(sample)) == 30
