"""CRAM is read like BAM, with the genome of the bundle and no other."""

from __future__ import annotations

import gzip

import pysam
import pytest

from fusioncall.cli import main
from fusioncall.plants import Molecules
from fusioncall.sample_files import write_reads
from sequencing import result_bytes, sequenced

ABOUT_THE_FILE = ("calls.json", "provenance.json", "report.html")


@pytest.fixture(scope="module")
def aligned(world, reference_folder, tmp_path_factory):
    """Alignments of a sample, as BAM."""
    folder = tmp_path_factory.mktemp("aligned")
    sample = sequenced(world, ("ETV6:5-NTRK3:15",), Molecules(split=5, spanning=5))
    files = [str(path) for path in write_reads(sample, folder)]
    common = ["--reference", str(reference_folder)]
    reads, census, bam = (str(folder / name) for name in ("s.bam", "census.json", "a.bam"))
    words = ["--fastq1", files[0], "--fastq2", files[1], "--out", reads, "--census", census]
    assert main(["--quiet", "screen", "--sample", "S", *words, *common]) == 0
    assert main(["--quiet", "align", "--reads", reads, "--out", bam, *common]) == 0
    return folder / "a.bam"


def as_cram(bam, genome, path):
    with (
        pysam.AlignmentFile(str(bam)) as given,
        pysam.AlignmentFile(
            str(path), "wc", header=given.header, reference_filename=str(genome)
        ) as out,
    ):
        for record in given:
            out.write(record)
    return path


def run(reads, reference_folder, out):
    words = ["--sample", "S", "--bam", str(reads), "--reference", str(reference_folder)]
    return main(["--quiet", "run", *words, "--out", str(out)])


def test_cram_gives_the_bytes_of_bam(aligned, reference_folder, tmp_path):
    cram = as_cram(aligned, reference_folder / "genome.fa.gz", tmp_path / "a.cram")
    assert run(aligned, reference_folder, tmp_path / "bam") == 0
    assert run(cram, reference_folder, tmp_path / "cram") == 0
    expected = result_bytes(tmp_path / "bam", *ABOUT_THE_FILE)
    assert result_bytes(tmp_path / "cram", *ABOUT_THE_FILE) == expected


def test_cram_that_is_cut_off_is_refused(aligned, reference_folder, tmp_path, capsys):
    cram = as_cram(aligned, reference_folder / "genome.fa.gz", tmp_path / "a.cram")
    cram.write_bytes(cram.read_bytes()[:-38])
    assert run(cram, reference_folder, tmp_path / "out") == 2
    assert f"{cram}: is cut off." in capsys.readouterr().err
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())


def test_cram_of_another_genome_is_refused(aligned, reference_folder, tmp_path, capsys):
    text = gzip.decompress((reference_folder / "genome.fa.gz").read_bytes()).decode()
    other = tmp_path / "other.fa"
    other.write_text(text.replace("ACGT", "ACGA"), encoding="ascii")
    cram = as_cram(aligned, other, tmp_path / "a.cram")
    assert run(cram, reference_folder, tmp_path / "out") == 2
    assert "of another genome than the reference bundle" in capsys.readouterr().err
