"""--trust-alignment: what the index leads to is found; what stays unknown is told."""

from __future__ import annotations

import json
import os
import shutil

import pysam
import pytest

from builders import molecules_of
from fusioncall.align import Aligner
from fusioncall.bam import sort_and_index, write_molecules
from fusioncall.cli import main
from fusioncall.errors import InputError
from fusioncall.plants import Molecules
from fusioncall.trusted import COULD_MISS, look_of
from sequencing import result_bytes, rows, sequenced
from test_cram import as_cram

FUSIONS = ("ETV6:5-NTRK3:15", "LMNA:11-20-NTRK1:11", "QKI:6-NTRK2:16")
UNKNOWN_TO_IT = {"fragments", "ffpm", "reason", "status"}


@pytest.fixture(scope="module")
def aligned(world, reference, settings, tmp_path_factory):
    """All reads of a sample with three fusions, aligned, sorted and indexed."""
    folder = tmp_path_factory.mktemp("trusted")
    sample = sequenced(world, FUSIONS, Molecules(split=6, spanning=4))
    aligner = Aligner(reference.index_path, settings.align)
    write_molecules(
        folder / "S.bam", aligner.align(tuple(molecules_of(sample)), 1), reference.contigs
    )
    sort_and_index(folder / "S.bam")
    return folder / "S.bam"


def run(bam, reference_folder, out, *options):
    words = ["--sample", "S", "--bam", str(bam), "--reference", str(reference_folder)]
    assert main(["--quiet", "run", *words, "--out", str(out), *options]) == 0
    return out


@pytest.fixture(scope="module")
def whole(aligned, reference_folder, tmp_path_factory):
    return run(aligned, reference_folder, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def trusted(aligned, reference_folder, tmp_path_factory):
    return run(aligned, reference_folder, tmp_path_factory.mktemp("parts"), "--trust-alignment")


def known(table):
    return [{k: v for k, v in row.items() if k not in UNKNOWN_TO_IT} for row in table]


def test_calls_are_those_of_the_whole_file(whole, trusted):
    found = rows(trusted / "fusions.tsv")
    assert len(found) == len(FUSIONS)
    assert known(found) == known(rows(whole / "fusions.tsv"))
    assert {row["ffpm"] for row in found} == {"."}


def test_molecules_come_with_mates_and_pieces_from_elsewhere(whole, trusted):
    def records(out):
        with pysam.AlignmentFile(str(out / "evidence.bam")) as bam:
            return [each.to_string() for each in bam]

    assert records(trusted) == records(whole)
    counts = [
        json.loads((each / "qc.json").read_bytes())["alignments_of_kept_molecules"]
        for each in (whole, trusted)
    ]
    assert counts[0] == counts[1]


def test_what_is_unknown_is_told(aligned, whole, trusted):
    seen, all_seen = (
        json.loads((each / "qc.json").read_bytes())["reads"] for each in (trusted, whole)
    )
    assert all_seen["trusted"] is None
    assert (seen["fragments"], seen["control_reads"], seen["lanes"]) == (None, {}, {})
    assert set(seen["exon_depth"]) == {"NTRK1", "NTRK2", "NTRK3"}
    assert seen["target_reads"] == all_seen["target_reads"]
    assert 0 < seen["reads"] < all_seen["reads"]
    look = seen["trusted"]
    with pysam.AlignmentFile(str(aligned)) as bam:
        every = list(bam.fetch(until_eof=True))
    unmapped = [each for each in every if each.is_unmapped]
    placed = sum(each.reference_id >= 0 for each in unmapped)
    assert look["mapped_alignments"] == len(every) - len(unmapped)
    assert look["unmapped_beside_mate"] == placed
    assert look["unmapped_without_place"] == len(unmapped) - placed
    assert tuple(look["could_miss"]) == COULD_MISS
    assert (look["margin_bp"], look["regions"][-1]) == (10000, "*")
    (given,) = json.loads((trusted / "provenance.json").read_bytes())["inputs"]
    assert (given["name"], given["sha256"]) == ("S.bam", None)
    page = (trusted / "report.html").read_text(encoding="utf-8")
    assert all(sentence in page for sentence in COULD_MISS)


def test_negative_is_no_answer(world, reference, settings, reference_folder, tmp_path):
    sample = sequenced(world, FUSIONS[:1], Molecules(split=6, spanning=4))
    aligner = Aligner(reference.index_path, settings.align)
    write_molecules(
        tmp_path / "S.bam", aligner.align(tuple(molecules_of(sample)), 1), reference.contigs
    )
    sort_and_index(tmp_path / "S.bam")
    out = run(tmp_path / "S.bam", reference_folder, tmp_path / "out", "--trust-alignment")
    told = {row["gene"]: row for row in rows(out / "verdicts.tsv")}
    assert {gene: row["status"] for gene, row in told.items()} == {
        "NTRK1": "NOT_ASSESSABLE",
        "NTRK2": "NOT_ASSESSABLE",
        "NTRK3": "DETECTED",
    }
    assert {row["fragments"] for row in told.values()} == {"."}
    assert told["NTRK1"]["reason"] == (
        "the number of fragments is unknown, as only parts of the BAM were read"
    )
    answers = json.loads((out / "fusioncall_answers_mqc.json").read_bytes())
    assert "fragments" not in answers["data"]["S"]


def test_cram_and_any_number_of_threads_give_the_same_bytes(
    aligned, trusted, reference_folder, tmp_path
):
    about_the_file = ("provenance.json", "report.html", "qc.json", "calls.json")
    expected = result_bytes(trusted, *about_the_file)
    several = run(aligned, reference_folder, tmp_path / "t", "--trust-alignment", "--threads", "3")
    assert result_bytes(several) == result_bytes(trusted)
    cram = as_cram(aligned, reference_folder / "genome.fa.gz", tmp_path / "S.cram")
    pysam.index(str(cram))
    out = run(cram, reference_folder, tmp_path / "cram", "--trust-alignment")
    assert result_bytes(out, *about_the_file) == expected
    look = json.loads((out / "qc.json").read_bytes())["reads"]["trusted"]
    assert look["mapped_alignments"] is None


def test_read_without_a_place_is_found(aligned, reference_folder, whole, tmp_path):
    with pysam.AlignmentFile(str(whole / "evidence.bam")) as bam:
        alone = min(each.query_name for each in bam if each.get_tag("XK") == "split")
    with pysam.AlignmentFile(str(aligned)) as bam:
        every = list(bam.fetch(until_eof=True))
        header = bam.header
    with pysam.AlignmentFile(str(tmp_path / "S.bam"), "wb", header=header) as out:
        for record in every:
            if record.query_name == alone:
                if record.is_supplementary:
                    continue
                unplace(record)
            out.write(record)
    sort_and_index(tmp_path / "S.bam")
    found = [
        run(tmp_path / "S.bam", reference_folder, tmp_path / word, *options) / "candidates.tsv"
        for word, options in (("w", ()), ("t", ("--trust-alignment",)))
    ]
    assert known(rows(found[1])) == known(rows(found[0]))


def unplace(record):
    sequence, quality = record.get_forward_sequence(), record.get_forward_qualities()
    flag = record.flag & (pysam.FPAIRED | pysam.FREAD1 | pysam.FREAD2)
    record.flag = flag | pysam.FUNMAP | (pysam.FMUNMAP if record.is_paired else 0)
    record.reference_id = record.next_reference_id = -1
    record.reference_start = record.next_reference_start = -1
    record.cigarstring, record.mapping_quality = None, 0
    record.query_sequence, record.query_qualities = sequence, quality
    record.set_tag("SA", None)


# what is refused


def copied(aligned, folder):
    shutil.copy(aligned, folder / "S.bam")
    shutil.copy(f"{aligned}.bai", folder / "S.bam.bai")
    return folder / "S.bam"


CURE = "Make it anew with samtools index, or leave --trust-alignment out."


def test_missing_or_old_index_is_refused(aligned, reference, tmp_path):
    bam = copied(aligned, tmp_path)
    index = tmp_path / "S.bam.bai"
    look_of(bam, reference.targets, 10, reference.genome_path)
    os.utime(index, (1, 1))
    with pytest.raises(InputError) as caught:
        look_of(bam, reference.targets, 10, reference.genome_path)
    assert str(caught.value) == f"{index}: is older than S.bam. {CURE}"
    index.unlink()
    with pytest.raises(InputError) as caught:
        look_of(bam, reference.targets, 10, reference.genome_path)
    assert str(caught.value) == f"{bam}: has no index. {CURE}"


def test_index_may_have_either_name(aligned, reference, tmp_path):
    bam = copied(aligned, tmp_path)
    (tmp_path / "S.bam.bai").rename(tmp_path / "S.bai")
    targets = reference.targets
    look = look_of(bam, targets, 10, reference.genome_path)
    expected = [
        f"{t.gene.contig}:{max(0, t.gene.start - 10) + 1}-{t.gene.end + 10}" for t in targets
    ]
    assert list(look.regions) == [*expected, "*"]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (
            ["run", "--fastq1", "a.fq", "--out", "out"],
            "--trust-alignment was given without --bam. Leave it out: only a BAM holds alignments.",
        ),
        (
            ["call", "--bam", "a", "--census", "c", "--calls", "d", "--evidence", "e"],
            (
                "--trust-alignment was given with --census."
                " Give one of them: a census is of reads that were all screened."
            ),
        ),
    ],
)
def test_option_that_does_not_fit_is_refused(reference_folder, capsys, words, what):
    common = ["--sample", "S", "--reference", str(reference_folder), "--trust-alignment"]
    assert main(["--quiet", *words, *common]) == 2
    assert capsys.readouterr().err == f"fusioncall {words[0]}: error: {what}\n"
