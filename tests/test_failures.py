"""A sample that cannot be read goes through all steps, and its files tell why."""

from __future__ import annotations

import json
import re

import pytest

from builders import molecules_of, plant, simulated
from fusioncall.sample_files import write_reads
from fusioncall.writing import RESULTS
from sequencing import rows

TRUNCATED = "cannot be read as FASTQ: Compressed file ended before the end-of-stream marker"


@pytest.fixture
def reads(world, tmp_path):
    """Both FASTQ of a sample with a fusion, the first one cut off."""
    sample = simulated(world, plant(world, "ETV6:5-NTRK3:15", split=6, spanning=4, drawn=20))
    assert molecules_of(sample)
    first, second = write_reads(sample, tmp_path)
    first.write_bytes(first.read_bytes()[:-100])
    return first, second


@pytest.fixture
def steps(run_cli, reference_folder, tmp_path):
    """Run one step after the other, each with its exit code 0."""

    def run(*commands):
        for words in commands:
            done = run_cli("--quiet", *words, "--reference", reference_folder)
            assert done.code == 0, done.stderr
            assert done.stdout == ""
        return done

    return run


def finish(steps, folder, out):
    steps(
        ("annotate", "--calls", folder / "calls.json", "--out", out),
        (
            *("report", "--calls", folder / "calls.json", "--evidence", out / "evidence.bam"),
            *("--out", out / "report.html"),
        ),
    )


def test_truncated_fastq(reads, steps, tmp_path):
    out = tmp_path / "out"
    fastq = ("--fastq1", reads[0], "--fastq2", reads[1])
    work = tmp_path / "work"
    done = steps(
        (
            *("screen", "--sample", "S", *fastq, "--record-failure"),
            *("--out", work / "screened.bam", "--census", work / "census.json"),
        )
    )
    (line,) = done.stderr.splitlines()
    assert f" failed: {reads[0]}: {TRUNCATED}" in line
    steps(
        ("align", "--reads", work / "screened.bam", "--out", work / "aligned.bam"),
        (
            *("call", "--sample", "S", "--bam", work / "aligned.bam", *fastq),
            *("--census", work / "census.json", "--calls", work / "calls.json"),
            *("--evidence", out / "evidence.bam", "--record-failure"),
        ),
    )
    finish(steps, work, out)
    told(out, rf"{reads[0].name}: {TRUNCATED} was reached \(read as far as record \d+\)")


def told(out, reason):
    assert {path.name for path in out.iterdir()} == set(RESULTS) - {"calls.json"}
    verdicts = rows(out / "verdicts.tsv")
    assert [row["gene"] for row in verdicts] == ["NTRK1", "NTRK2", "NTRK3"]
    assert {row["status"] for row in verdicts} == {"NOT_ASSESSABLE"}
    (failure,) = {row["reason"] for row in verdicts}
    assert re.fullmatch(f"failed: {reason}", failure)
    qc = json.loads((out / "qc.json").read_text())
    assert f"failed: {qc['failure']}" == failure
    assert qc["reads"]["fragments"] == 0
    assert rows(out / "candidates.tsv") == []
    page = (out / "report.html").read_text()
    assert "The sample failed, so nothing was looked for." in page
    assert failure in page


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "is not BAM"), (b"@HD\tVN:1.6\n", "is not BAM")],
)
def test_bam(steps, tmp_path, content, reason):
    bam = tmp_path / "in a folder" / "b.bam"
    bam.parent.mkdir()
    bam.write_bytes(content)
    out = tmp_path / "out"
    steps(
        (
            *("call", "--sample", "S", "--bam", bam, "--calls", tmp_path / "calls.json"),
            *("--evidence", out / "evidence.bam", "--record-failure"),
        )
    )
    finish(steps, tmp_path, out)
    told(out, f"b.bam: {reason}")


def test_without_the_option_it_is_an_error(reads, run_cli, reference_folder, tmp_path):
    done = run_cli(
        *("--quiet", "screen", "--sample", "S", "--fastq1", reads[0], "--fastq2", reads[1]),
        *("--reference", reference_folder, "--out", tmp_path / "screened.bam"),
        *("--census", tmp_path / "census.json"),
    )
    assert done.code == 2
    assert not (tmp_path / "screened.bam").exists()


def test_an_error_that_is_not_the_samples_is_not_recorded(reads, run_cli, tmp_path):
    done = run_cli(
        *("--quiet", "screen", "--sample", "S", "--fastq1", reads[1], "--record-failure"),
        *("--reference", tmp_path, "--out", tmp_path / "screened.bam"),
        *("--census", tmp_path / "census.json"),
    )
    assert done.code == 2
    assert "is no reference bundle" in done.stderr
    assert not (tmp_path / "census.json").exists()


def test_a_sample_that_could_be_read_tells_no_failure(every_kind):
    assert json.loads((every_kind / "qc.json").read_text())["failure"] is None
