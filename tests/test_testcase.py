"""`fusioncall testcase`: the call comes again, and nothing tells whose it is."""

from __future__ import annotations

import gzip
import json

import pysam
import pytest

from fusioncall.cli import main
from fusioncall.plants import Molecules
from fusioncall.sample_files import write_reads
from fusioncall.simulate import ReadSettings
from sequencing import found, rows, run_files, sequenced

FUSIONS = ("ETV6:5-NTRK3:15", "ETV6:4-NTRK3:14", "TPM3:8-NTRK1:10")
SECRETS = (b"Patient0815", b"SIM:1", b"scanner7", b"/tmp/")


@pytest.fixture(scope="module")
def sample(world, reference_folder, tmp_path_factory):
    """Results and FASTQ of a sample with a telling name."""
    folder = tmp_path_factory.mktemp("Patient0815")
    made = sequenced(world, FUSIONS, Molecules(split=5, spanning=3), ReadSettings(anchor_bp=12))
    files = write_reads(made, folder)
    words = ["--quiet", "run", "--sample", "Patient0815", "--out", str(folder / "out")]
    words += [f"--fastq{number}={path}" for number, path in enumerate(files, start=1)]
    assert main([*words, "--reference", str(reference_folder)]) == 0
    return folder / "out", files


def contents(folder):
    """The bytes of each file, unpacked."""
    texts = {}
    for path in folder.iterdir():
        packed = path.read_bytes()
        texts[path.name] = gzip.decompress(packed) if path.suffix in {".gz", ".bam"} else packed
        texts[f"{path.name}, as it is"] = packed
    return texts


@pytest.mark.parametrize("fusion", ["TPM3::NTRK1", "ETV6::NTRK3"])
def test_the_call_comes_again(sample, reference_folder, run_cli, tmp_path, fusion):
    out, _ = sample
    row = next(each for each in rows(out / "fusions.tsv") if each["fusion"] == fusion)
    asked = (row["breakpoint5"], row["breakpoint3"])
    case = tmp_path / "case"
    words = ("testcase", "--sample-dir", out, *asked, "--reference", reference_folder)
    done = run_cli("--quiet", *words, "--out", case)
    assert (done.code, done.stderr) == (0, "")
    assert "can still identify a person" in done.stdout
    expected = {asked: (int(row["split_molecules"]), int(row["spanning_molecules"]))}
    files = [case / "testcase_1.fq.gz", case / "testcase_2.fq.gz"]
    settings = ("--settings", str(case / "settings.yaml"))
    assert found(run_files(files, reference_folder, tmp_path / "S", *settings)) == expected
    words = ("run", "--sample", "B", "--bam", case / "testcase.bam", *settings)
    again = ("--reference", reference_folder, "--out", tmp_path / "B")
    assert run_cli("--quiet", *words, *again).code == 0
    assert found(tmp_path / "B") == expected
    told = json.loads((case / "testcase.json").read_text())
    assert (told["fusion"], told["breakpoint5"], told["breakpoint3"]) == (fusion, *asked)


def test_nothing_tells_whose_it_is(sample, reference_folder, run_cli, tmp_path):
    out, files = sample
    case = tmp_path / "case"
    words = ("testcase", "--sample-dir", out, "TPM3", "NTRK1", "--reference", reference_folder)
    reads = ("--with-unfused", "--fastq1", files[0], "--fastq2", files[1])
    assert run_cli("--quiet", *words, *reads, "--out", case).code == 0
    texts = contents(case)
    assert len(texts) == 14
    assert [(name, each) for name, text in texts.items() for each in SECRETS if each in text] == []
    with pysam.AlignmentFile(str(case / "testcase.bam")) as bam:
        assert set(bam.header.to_dict()) == {"HD", "SQ"}
        names = {record.query_name for record in bam}
    told = json.loads(texts["testcase.json"])
    count = told["supporting"] + told["unfused"]
    assert names == {f"m{number}" for number in range(1, count + 1)}
    assert b"THE SEQUENCE ITSELF CAN STILL IDENTIFY A PERSON" in texts["README.txt"]


def test_unfused_molecules(sample, reference_folder, run_cli, tmp_path):
    out, files = sample
    row = next(each for each in rows(out / "fusions.tsv") if each["fusion"] == "TPM3::NTRK1")
    case = tmp_path / "case"
    words = ("testcase", "--sample-dir", out, "TPM3", "NTRK1", "--reference", reference_folder)
    reads = ("--with-unfused", "--fastq1", files[0], "--fastq2", files[1])
    assert run_cli("--quiet", *words, *reads, "--out", case).code == 0
    told = json.loads((case / "testcase.json").read_text())
    assert told["unfused"] == int(row["unfused3_molecules"]) > 0
    files = [case / "testcase_1.fq.gz", case / "testcase_2.fq.gz"]
    (again,) = rows(run_files(files, reference_folder, tmp_path / "S") / "fusions.tsv")
    for name in ("split_molecules", "spanning_molecules", "unfused3_molecules"):
        assert again[name] == row[name]


def test_same_bytes_again(sample, reference_folder, run_cli, tmp_path):
    out, _ = sample
    words = ("testcase", "--sample-dir", out, "TPM3", "NTRK1", "--reference", reference_folder)
    for name in ("a", "b"):
        assert run_cli("--quiet", *words, "--out", tmp_path / name).code == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_identifiers_stay_and_names_go(world, reference_folder, run_cli, tmp_path):
    """Copies are told by their identifiers, so these are kept behind the numbers."""
    made = sequenced(world, FUSIONS[2:], Molecules(split=4, copies=2), ReadSettings(anchor_bp=12))
    files = write_reads(made, tmp_path)
    tagged = []
    for path in files:
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        for number in range(0, len(lines), 4):
            lines[number] += f"_{'ACGT'[number // 4 % 4] * 3}{'ACGT'[number // 16 % 4] * 3}"
        tagged.append(tmp_path / f"u_{path.name}")
        tagged[-1].write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    out = run_files(tagged, reference_folder, tmp_path / "S")
    case = tmp_path / "case"
    words = ("testcase", "--sample-dir", out, "TPM3", "NTRK1", "--reference", reference_folder)
    assert run_cli("--quiet", *words, "--out", case).code == 0
    reads = [case / "testcase_1.fq.gz", case / "testcase_2.fq.gz"]
    assert found(run_files(reads, reference_folder, tmp_path / "again")) == found(out)


@pytest.mark.parametrize(
    ("asked", "options", "told"),
    [
        (("ETV6", "NTRK3"), (), "holds several junctions of ETV6::NTRK3: chr12:"),
        (("QKI", "NTRK2"), (), "holds no candidate of QKI::NTRK2"),
        (("TPM3", "NTRK1"), ("--with-unfused",), "go together"),
    ],
    ids=["several", "none", "no reads"],
)
def test_what_cannot_be_cut(  # noqa: PLR0917 - fixtures
    sample, reference_folder, run_cli, tmp_path, asked, options, told
):
    out, _ = sample
    words = ("testcase", "--sample-dir", out, *asked, "--reference", reference_folder, *options)
    done = run_cli("--quiet", *words, "--out", tmp_path / "case")
    assert done.code == 2
    assert told in done.stderr
    assert not (tmp_path / "case").exists()


def test_a_folder_with_files_is_left_alone(sample, reference_folder, run_cli, tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    words = ("testcase", "--sample-dir", sample[0], "TPM3", "NTRK1")
    done = run_cli("--quiet", *words, "--reference", reference_folder, "--out", tmp_path)
    assert done.code == 2
    assert "is there and not empty" in done.stderr
    assert (tmp_path / "mine.txt").read_text() == "x"
