"""The whole way, on samples whose truth is planted."""

from __future__ import annotations

import gzip
import json
import random

import pysam
import pytest

from fusioncall.bundle import BundleInputs, build_bundle
from fusioncall.cli import main
from fusioncall.plants import Molecules, parse_fusion
from fusioncall.resources import resource_path
from fusioncall.sample_files import write_reads
from fusioncall.simulate import (
    Kind,
    ReadSettings,
    SamplePlan,
    Strandedness,
    mirrored_plan,
    simulate_sample,
)
from fusioncall.world_files import ContigNames, Dialect, write_annotation, write_genome
from sequencing import (
    found,
    result_bytes,
    rows,
    run_fastq,
    run_files,
    sequenced,
    shuffled_lines,
    without,
)

MIRRORED = (
    "fusion",
    "split_molecules",
    "spanning_molecules",
    "inserted",
    "homology_bp",
    "exon5",
    "exon3",
    "site5",
    "site3",
)
FUSIONS = ("ETV6:5-NTRK3:15", "TPM3:8-NTRK1:10", "QKI:6-NTRK2:16", "LMNA:11-20-NTRK1:11")


def seen_by_the_screen(sample):
    """The sample without split molecules of fewer than 10 target bases, the length of a tip."""
    short = {row.read_name for row in sample.evidence if row.bases3 < 10}
    return without(sample, frozenset(short))


def true_counts(sample):
    """Split and spanning molecules of each junction, copies counted once."""
    counts = {}
    names = {molecule.name for molecule in sample.molecules}
    for row in sample.evidence:
        if row.read_name in names:
            split, spanning = counts.get((row.breakpoint5, row.breakpoint3), (0, 0))
            is_split = row.kind is Kind.SPLIT
            counts[row.breakpoint5, row.breakpoint3] = (split + is_split, spanning + (not is_split))
    return counts


def planted(sample):
    """Breakpoints and true counts of the planted kinase fusions."""
    return {
        (row.breakpoint5, row.breakpoint3): (row.split_molecules, row.spanning_molecules)
        for row in sample.truth
    }


def test_exact_breakpoints_and_counts(world, reference_folder, tmp_path):
    settings = ReadSettings(error_rate=0, anchor_bp=8)  # anchor: recount.min_anchor_bp
    sample = seen_by_the_screen(sequenced(world, FUSIONS, Molecules(split=8, spanning=5), settings))
    out = run_fastq(sample, reference_folder, tmp_path / "S")
    assert found(out) == true_counts(sample)
    assert len(found(out)) == len(FUSIONS)


@pytest.mark.parametrize("strandedness", Strandedness)
def test_any_strandedness(world, reference_folder, tmp_path, strandedness):
    settings = ReadSettings(error_rate=0, anchor_bp=8, strandedness=strandedness)
    sample = seen_by_the_screen(
        sequenced(world, FUSIONS[:2], Molecules(split=6, spanning=3), settings)
    )
    out = run_fastq(sample, reference_folder, tmp_path / "S")
    assert found(out) == true_counts(sample)
    assert len(found(out)) == 2


@pytest.mark.parametrize("read_length_bp", [50, 75, 101, 150, 250])
@pytest.mark.parametrize("is_paired", [True, False])
def test_any_read_length(world, reference_folder, tmp_path, read_length_bp, is_paired):
    settings = ReadSettings(
        read_length_bp=read_length_bp,
        fragment_mean_bp=max(200, read_length_bp * 1.4),
        is_paired=is_paired,
        anchor_bp=20,
    )
    sample = sequenced(world, FUSIONS, Molecules(split=8), settings)
    assert set(found(run_fastq(sample, reference_folder, tmp_path / "S"))) == set(planted(sample))


@pytest.mark.parametrize("inserted", ["A", "CT", "GCA", "TTAC", "GATCC", "CAGTCA", "TGACCTA"])
def test_inserted_bases(world, reference_folder, tmp_path, inserted):
    sample = sequenced(world, [f"ETV6:5-NTRK3:15:{inserted}"], Molecules(split=8))
    row = rows(run_fastq(sample, reference_folder, tmp_path / "S") / "fusions.tsv")
    assert [(each["breakpoint5"], each["breakpoint3"], each["inserted"]) for each in row] == [
        (sample.truth[0].breakpoint5, sample.truth[0].breakpoint3, inserted)
    ]


def test_copies_are_one_molecule(world, reference_folder, tmp_path):
    once = sequenced(world, FUSIONS[:1], Molecules(split=4, spanning=3))
    thrice = sequenced(world, FUSIONS[:1], Molecules(split=4, spanning=3, copies=3))
    first = run_fastq(once, reference_folder, tmp_path / "once")
    second = run_fastq(thrice, reference_folder, tmp_path / "thrice")
    assert found(first) == found(second)
    assert rows(second / "fusions.tsv")[0]["copies"] == "14"


@pytest.mark.parametrize(
    ("fusion", "expected"),
    [
        ("EML4:2-NTRK3/NM_001007156:15", "truncated-isoform"),
        ("TRIM24:12-NTRK2:18", "partial-kinase"),
        ("NTRK3:14-ETV6:6", "reciprocal"),
    ],
)
def test_other_classes_are_no_calls(world, reference_folder, tmp_path, fusion, expected):
    sample = sequenced(world, [fusion], Molecules(split=6, spanning=4))
    out = run_fastq(sample, reference_folder, tmp_path / "S")
    assert rows(out / "fusions.tsv") == []
    (candidate,) = rows(out / "candidates.tsv")
    assert (candidate["class"], candidate["failed_filters"]) == (expected, "class")
    gene = parse_fusion(world, fusion, Molecules()).name.split("::")
    (target,) = [name for name in gene if name.startswith("NTRK")]
    status = {row["gene"]: row["status"] for row in rows(out / "verdicts.tsv")}
    assert status[target] == "INDETERMINATE"


def test_no_junction_reads_no_call(world, reference_folder, tmp_path):
    sample = sequenced(world, FUSIONS, Molecules(split=8, spanning=8))
    split = frozenset(row.read_name for row in sample.evidence if row.kind is Kind.SPLIT)
    assert len(split) == 32
    out = run_fastq(without(sample, split), reference_folder, tmp_path / "S")
    assert rows(out / "fusions.tsv") == []


def test_no_fusion_gives_the_same_files(world, reference_folder, tmp_path):
    out = run_fastq(sequenced(world, [], Molecules()), reference_folder, tmp_path / "S")
    assert rows(out / "fusions.tsv") == rows(out / "candidates.tsv") == []
    comment, header, *_ = (out / "fusions.tsv").read_text().splitlines()
    assert comment == "# fusioncall fusions.tsv schema 1"
    assert header.startswith("sample\tfusion\tgene5\tgene3\t")
    assert [row["status"] for row in rows(out / "verdicts.tsv")] == ["NOT_ASSESSABLE"] * 3
    with pysam.AlignmentFile(str(out / "evidence.bam")) as evidence:
        assert evidence.check_index()
        assert list(evidence.fetch("chr15")) == []


def without_inputs(out):
    """All result files but the lines that name the input files with their checksums."""
    results = result_bytes(out, "provenance.json", "calls.json")
    made = json.loads((out / "calls.json").read_bytes())
    del made["census"]["inputs"]
    lines = results["report.html"].splitlines()
    kept = [line for line in lines if b'<th scope="row">reads</th>' not in line]
    assert len(kept) < len(lines)
    return results | {"report.html": kept, "calls.json": made}


def test_order_of_reads_and_threads_change_nothing(world, reference_folder, tmp_path):
    sample = sequenced(world, FUSIONS, Molecules(split=5, spanning=5))
    files = write_reads(sample, tmp_path)
    order = list(range(len(sample.molecules)))
    random.Random(7).shuffle(order)
    mixed = [
        shuffled_lines(path, order, tmp_path / f"{number}.fq")
        for number, path in enumerate(files, start=1)
    ]
    plain = run_files(files, reference_folder, tmp_path / "plain")
    other = run_files(mixed, reference_folder, tmp_path / "other", "--threads", "3")
    assert without_inputs(plain) == without_inputs(other)


def test_swapped_mates_change_no_call(world, reference_folder, tmp_path):
    files = write_reads(sequenced(world, FUSIONS, Molecules(split=5, spanning=5)), tmp_path)
    plain = run_files(files, reference_folder, tmp_path / "plain")
    swapped = run_files(files[::-1], reference_folder, tmp_path / "swapped")
    others = (
        "provenance.json",
        "report.html",
        "evidence.bam",
        "evidence.bam.bai",
        "qc.json",
        "calls.json",
    )
    assert result_bytes(plain, *others) == result_bytes(swapped, *others)
    seen, turned = (json.loads((each / "qc.json").read_bytes()) for each in (plain, swapped))
    strand, other = seen["reads"].pop("strand"), turned["reads"].pop("strand")
    assert (strand["sense"], strand["antisense"]) == (other["antisense"], other["sense"])
    assert seen == turned


def test_lanes_are_one_sample(world, reference_folder, tmp_path):
    sample = sequenced(world, FUSIONS, Molecules(split=5, spanning=5))
    files = write_reads(sample, tmp_path)
    half = len(sample.molecules) // 2
    orders = {"L1": range(half), "L2": range(half, len(sample.molecules))}
    lanes = [
        ",".join(
            str(shuffled_part(path, orders[lane], tmp_path / f"{lane}_{number}.fq"))
            for lane in orders
        )
        for number, path in enumerate(files, start=1)
    ]
    whole = run_files(files, reference_folder, tmp_path / "whole")
    parts = run_files(lanes, reference_folder, tmp_path / "parts")
    assert without_inputs(whole) == without_inputs(parts)


def test_run_gives_the_files_of_the_steps(world, reference_folder, tmp_path):
    """Also of odd letters, empty mates and names of two lanes; `run` hands on no BAM."""
    sample = sequenced(world, FUSIONS, Molecules(split=5, spanning=5))
    lanes = ([], [])
    for number, path in enumerate(write_reads(sample, tmp_path), start=1):
        odd = random.Random(number)
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        for at in range(0, len(lines), 4):
            lines[at] = lines[at].split()[0] + ":ACGTACGT" * (at % 3 == 0)
            changed = odd.randrange(len(lines[at + 1]))
            letter = odd.choice(".nURk0=-aN")
            lines[at + 1] = lines[at + 1][:changed] + letter + lines[at + 1][changed + 1 :]
            if number == 2 and odd.random() < 0.1:
                lines[at + 1] = lines[at + 3] = ""
        for lane in "AB":  # the same reads twice
            out = tmp_path / f"{lane}_{number}.fq"
            out.write_text("\n".join(lines) + "\n")
            lanes[number - 1].append(str(out))
    files = [",".join(each) for each in lanes]
    ran = run_files(files, reference_folder, tmp_path / "run")
    work, out = tmp_path / "work", tmp_path / "out"
    work.mkdir()
    fastq = [f"--fastq{number}={each}" for number, each in enumerate(files, start=1)]
    steps = (
        ["screen", "--sample=S", *fastq, f"--out={work}/s.bam", f"--census={work}/census.json"],
        ["align", f"--reads={work}/s.bam", f"--out={work}/a.bam"],
        ["call", "--sample=S", f"--bam={work}/a.bam", *fastq, f"--census={work}/census.json"],
        ["annotate", f"--calls={out}/calls.json", f"--out={out}"],
        ["report", f"--calls={out}/calls.json", f"--evidence={out}/evidence.bam"],
    )
    steps[2].extend([f"--calls={out}/calls.json", f"--evidence={out}/evidence.bam"])
    steps[4].append(f"--out={out}/report.html")
    for words in steps:
        assert main(["--quiet", *words, f"--reference={reference_folder}"]) == 0
    assert result_bytes(ran) == result_bytes(out)
    assert len(found(ran)) > 1
    with pysam.AlignmentFile(out / "evidence.bam") as evidence:
        names = {record.query_name for record in evidence}
    assert any(name.endswith(":ACGTACGT:lane2") for name in names)


def shuffled_part(path, order, out):
    lines = gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)
    out.write_text("".join("".join(lines[4 * i : 4 * i + 4]) for i in order))
    return out


def test_mirrored_genome_gives_mirrored_calls(world, settings, tmp_path):
    mirror = world.mirrored()
    plants = tuple(parse_fusion(world, text, Molecules(split=6, spanning=6)) for text in FUSIONS)
    plan = SamplePlan("S", 1, ReadSettings(), plants, (("NTRK1", 30),))
    calls = {}
    for name, side, side_plan in (
        ("plain", world, plan),
        ("mirror", mirror, mirrored_plan(world, plan)),
    ):
        folder = tmp_path / name
        folder.mkdir()
        write_genome(side, folder / "g.fa.gz", ContigNames.CHR)
        write_annotation(side, folder / "g.gtf.gz", Dialect.GENCODE)
        inputs = BundleInputs(
            fasta=folder / "g.fa.gz",
            gtf=folder / "g.gtf.gz",
            targets=resource_path("targets.yaml"),
            controls=resource_path("control_genes.tsv"),
            name="world",
        )
        build_bundle(inputs, folder / "reference", settings, 1)
        sample = simulate_sample(side, side_plan)
        out = run_fastq(sample, folder / "reference", folder / "S")
        assert set(found(out)) == set(planted(sample))
        calls[name] = {tuple(row[name] for name in MIRRORED) for row in rows(out / "fusions.tsv")}
    assert calls["plain"] == calls["mirror"]
    assert len(calls["plain"]) == len(FUSIONS)


def renamed(breakpoint, names):
    contig, _, rest = breakpoint.partition(":")
    return f"{names.of(contig)}:{rest}"


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("names", ContigNames)
def test_any_dialect_and_contig_names(world, settings, tmp_path, dialect, names):
    write_genome(world, tmp_path / "g.fa.gz", names)
    write_annotation(world, tmp_path / "g.gtf.gz", dialect)
    inputs = BundleInputs(
        fasta=tmp_path / "g.fa.gz",
        gtf=tmp_path / "g.gtf.gz",
        targets=resource_path("targets.yaml"),
        controls=resource_path("control_genes.tsv"),
        name="world",
    )
    build_bundle(inputs, tmp_path / "reference", settings, 1)
    sample = sequenced(world, FUSIONS, Molecules(split=6))
    out = run_fastq(sample, tmp_path / "reference", tmp_path / "S")
    expected = {tuple(renamed(side, names) for side in sides) for sides in planted(sample)}
    assert set(found(out)) == expected
    assert {row["fusion"] for row in rows(out / "fusions.tsv")} == {
        "ETV6::NTRK3",
        "TPM3::NTRK1",
        "QKI::NTRK2",
        "LMNA::NTRK1",
    }


def test_evidence_holds_the_supporting_molecules(world, reference_folder, tmp_path):
    settings = ReadSettings(anchor_bp=8, error_rate=0)
    sample = sequenced(world, FUSIONS[:1], Molecules(split=8, spanning=4), settings)
    sample = seen_by_the_screen(sample)
    names = {molecule.name for molecule in sample.molecules}
    out = run_fastq(sample, reference_folder, tmp_path / "S")
    truth = {row.read_name: row.kind.value for row in sample.evidence if row.read_name in names}
    with pysam.AlignmentFile(str(out / "evidence.bam")) as evidence:
        kinds = {record.query_name: record.get_tag("XK") for record in evidence}
        assert {record.get_tag("XF") for record in evidence.fetch("chr15")} == {"ETV6::NTRK3"}
    assert kinds == truth
