"""The positive control: fusions planted into the bundled negative reads, and found."""

from __future__ import annotations

import gzip
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from builders import EditedReference, write_fastq
from conftest import CHECKOUT
from fusioncall.catalogue import Catalogue, KnownPair, known_place
from fusioncall.control import RECALL_COLUMNS, SPIKED_COLUMNS
from fusioncall.coords import Strand
from fusioncall.errors import InputError
from fusioncall.library import measure
from fusioncall.plants import Molecules, fused_parts, parse_fusion
from fusioncall.sample_files import write_reads
from fusioncall.screen import ReadFiles
from fusioncall.simulate import (
    ReadSettings,
    SamplePlan,
    Strandedness,
    background_of,
    simulate_sample,
)
from fusioncall.spike import catalogue_spikes, groups_of, parse_spike, spiked_sample
from sequencing import result_bytes, rows
from test_workflow_run import snakemake

DEMO = CHECKOUT / "tests" / "data" / "demo"
NEGATIVE = (DEMO / "negative_1.fq.gz", DEMO / "negative_2.fq.gz")
FUSIONS = ("ETV6:5-NTRK3:15", "TPM3:8-NTRK1:10", "QKI:6-NTRK2:16")


def control(run_cli, reference_folder, out, *words, files=NEGATIVE):
    reads = [f"--fastq{number}={path}" for number, path in enumerate(files, start=1)]
    options = ["--reference", reference_folder, "--settings", DEMO / "settings.yaml"]
    return run_cli("--quiet", "control", *reads, *options, "--out", out, *words)


def of_fusions(*fusions):
    return [word for each in fusions for word in ("--fusion", each)]


def library_of(world, tmp_path, **settings):
    """The library of a simulated sample, and its true fragments."""
    plan = SamplePlan("S", 3, ReadSettings(**settings), (), background_of(world, 3000))
    return write_reads(simulate_sample(world, plan), tmp_path)


def test_recall_by_level(world, reference_folder, run_cli, tmp_path):
    """One molecule is never called, eight are; nothing is found beside what was planted.

    With this seed no split read has so few bases of the target that the screen cannot see it.
    """
    out = tmp_path / "control"
    words = (*of_fusions(*FUSIONS), "--levels", "1,8", "--seed", "2")
    done = control(run_cli, reference_folder, out, *words)
    assert (done.code, done.stderr) == (0, "")
    table = rows(out / "recall.tsv")
    assert tuple(table[0]) == RECALL_COLUMNS
    told = (out / "recall.tsv").read_text(encoding="utf-8")
    assert done.stdout == told.partition("\n")[2]  # without the comment
    counts = [
        [row[name] for name in ("level", "planted", "found", "exact", "detected", "other_calls")]
        for row in table
    ]
    assert counts == [
        ["0", "0", "0", "0", "0", "0"],
        ["1", "3", "0", "0", "0", "0"],
        ["8", "3", "3", "3", "3", "0"],
    ]
    planted = rows(out / "spiked.tsv")
    assert tuple(planted[0]) == SPIKED_COLUMNS
    for row, text in zip(planted, FUSIONS * 2, strict=True):
        truth = parse_fusion(world, text, Molecules())
        assert (row["fusion"], row["breakpoint5"], row["breakpoint3"]) == (
            truth.name,
            truth.breakpoint5,
            truth.breakpoint3,
        )
        level = int(row["level"])
        seen = int(row["planted_split"]) + int(row["planted_spanning"])
        assert int(row["planted_molecules"]) == level >= seen
        if level == 8:
            assert (row["outcome"], row["status"]) == ("exact", "DETECTED")
            called = (row["called_split"], row["called_spanning"])
            assert called == (row["planted_split"], row["planted_spanning"])


def test_same_seed_same_bytes(reference_folder, run_cli, tmp_path):
    words = (*of_fusions(FUSIONS[0]), "--levels", "3")
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        assert control(run_cli, reference_folder, tmp_path / name, *words, "--seed", seed).code == 0
    for table in ("recall.tsv", "spiked.tsv"):
        assert (tmp_path / "a" / table).read_bytes() == (tmp_path / "b" / table).read_bytes()
    sample = "samples/level3-1-1"
    assert result_bytes(tmp_path / "a" / sample) == result_bytes(tmp_path / "b" / sample)
    reads = "reads/level3-1-1_1.fq.gz"
    assert (tmp_path / "a" / reads).read_bytes() == (tmp_path / "b" / reads).read_bytes()
    assert (tmp_path / "a" / reads).read_bytes() != (tmp_path / "c" / reads).read_bytes()


def test_per_million_and_repeats(reference_folder, run_cli, tmp_path):
    """The bundled negative has 3,000 fragments: 2,000 per million are six molecules."""
    words = (*of_fusions(FUSIONS[0]), "--levels", "2000", "--per-million", "--repeats", "2")
    assert control(run_cli, reference_folder, tmp_path / "c", *words).code == 0
    fragments = int(rows(tmp_path / "c/samples/unspiked/verdicts.tsv")[0]["fragments"])
    (_, row) = rows(tmp_path / "c" / "recall.tsv")
    assert (row["unit"], row["molecules"]) == ("per-million", str(round(fragments * 0.002)))
    assert (row["planted"], row["found"]) == ("2", "2")
    samples = [row["sample"] for row in rows(tmp_path / "c" / "spiked.tsv")]
    assert samples == ["level2000-1-1", "level2000-2-1"]
    done = control(
        run_cli, reference_folder, tmp_path / "d", "--levels", "1", "--per-million", *words[:2]
    )
    assert done.code == 2
    assert "is no molecule" in done.stderr


def test_single_reads(reference_folder, run_cli, tmp_path):
    words = (*of_fusions(FUSIONS[1]), "--levels", "8")
    done = control(run_cli, reference_folder, tmp_path / "c", *words, files=NEGATIVE[:1])
    assert done.code == 2
    assert "Give --fragment-mean and --fragment-sd" in done.stderr
    words = (*words, "--fragment-mean", "200", "--fragment-sd", "20")
    done = control(run_cli, reference_folder, tmp_path / "c", *words, files=NEGATIVE[:1])
    assert done.code == 0
    (row,) = rows(tmp_path / "c" / "spiked.tsv")
    assert (row["planted_spanning"], row["outcome"]) == ("0", "exact")
    assert row["called_split"] == row["planted_split"]


def test_catalogue_by_default(world, reference_folder, run_cli, tmp_path):
    plant = parse_fusion(world, FUSIONS[0], Molecules())
    junctions = f"{plant.breakpoint5}>{plant.breakpoint3}; chr1:5:+>chr15:9:-"
    header = "partner\ttarget\ttumour_types\treferences\tsource\trecurrence\tjunctions\n"
    (tmp_path / "c.tsv").write_text(f"{header}ETV6\tNTRK3\t\t\tx\t\t{junctions}\n")
    words = ("--catalogue", tmp_path / "c.tsv", "--levels", "4")
    assert control(run_cli, reference_folder, tmp_path / "c", *words).code == 0
    (row,) = rows(tmp_path / "c" / "spiked.tsv")
    assert (row["breakpoint5"], row["breakpoint3"]) == (plant.breakpoint5, plant.breakpoint3)
    done = control(run_cli, reference_folder, tmp_path / "d", "--levels", "4")
    assert done.code == 2
    assert "no junction of the catalogue lies in its genes on this reference" in done.stderr


def test_measured_library(world, reference, tmp_path):
    """Lengths of reads as written, of fragments as drawn, and the strand of the first read."""
    files = library_of(
        world,
        tmp_path,
        read_length_bp=76,
        fragment_mean_bp=180,
        fragment_sd_bp=25,
        fragment_min_bp=76,
        strandedness=Strandedness.REVERSE,
        error_rate=0.0,
    )
    library = measure(ReadFiles(files[:1], files[1:]), reference)
    assert {tuple(map(len, each)) for each in library.qualities} == {(76, 76)}
    assert len(library.qualities) == len(gzip.decompress(files[0].read_bytes()).split(b"\n")) // 4
    assert library.sense_share == 0.0
    sizes = np.array(library.fragments_bp)
    assert sizes.size > 1000
    assert abs(sizes.mean() - 180) < 4 * 25 / sizes.size**0.5
    assert 22 < sizes.std() < 28


def test_too_few_pairs_on_control_genes(reference, tmp_path):
    files = [
        write_fastq(tmp_path / f"{number}.fq", [(f"r{i}", "ACGTTGCA" * 12) for i in range(60)])
        for number in (1, 2)
    ]
    with pytest.raises(InputError, match="only 0 pairs lie on control genes"):
        measure(ReadFiles(tuple(files[:1]), tuple(files[1:])), reference)


@pytest.fixture(scope="module")
def library(reference):
    """The library of the bundled negative."""
    return measure(ReadFiles(NEGATIVE[:1], NEGATIVE[1:]), reference)


@pytest.mark.parametrize("text", [*FUSIONS, "SQSTM1:5-NTRK1:10"])
def test_molecules_come_from_the_fused_transcript(world, reference, settings, library, text):
    spike = parse_spike(text, reference, settings.filters)
    five, _, three = fused_parts(world, parse_fusion(world, text, Molecules()))
    assert five.endswith(spike.before[-500:])
    assert three.startswith(spike.after[:500])
    perfect = replace(library, qualities=(("~" * 100, "~" * 90),))  # one error in 10^9 bases
    sample, (planted,) = spiked_sample("S", [spike], 200, perfect, 8, (1,))
    whole, cut = spike.before + spike.after, len(spike.before)
    turned = whole[::-1].translate(str.maketrans("ACGT", "TGCA"))
    kinds = Counter()
    for molecule in sample.molecules:
        first, second = molecule.first.bases, molecule.second.bases
        back = second[::-1].translate(str.maketrans("ACGT", "TGCA"))
        if first in whole:
            start, end = whole.index(first), whole.index(back) + len(back)
            spans = ((start, start + len(first)), (end - len(back), end))
        else:
            assert first in turned
            forward = first[::-1].translate(str.maketrans("ACGT", "TGCA"))
            start, end = whole.index(second), whole.index(forward) + len(forward)
            spans = ((start, start + len(second)), (end - len(forward), end))
        assert start < cut < end
        anchors = [min(cut - low, high - cut) for low, high in spans]
        split = max(anchors) >= 8
        kinds["split"] += split
        kinds["spanning"] += not split and spans[0][1] <= cut + 7 and spans[1][0] >= cut - 7
    assert (planted.split, planted.spanning) == (kinds["split"], kinds["spanning"])
    assert len({(each.first.bases, each.second.bases) for each in sample.molecules}) == 200


def test_errors_follow_the_qualities(reference, settings, library):
    """Bases of Phred 10 are wrong in a tenth, those of Phred 40 in 1 of 10,000."""
    spike = parse_spike(FUSIONS[0], reference, settings.filters)
    mixed = replace(library, qualities=(("+" * 50 + "I" * 50,) * 2,), sense_share=1.0)
    sample, _ = spiked_sample("S", [spike], 200, mixed, 8, (1,))
    whole = spike.before + spike.after
    wrong = np.zeros(100, dtype=int)
    for molecule in sample.molecules:
        bases = molecule.first.bases
        best = min(
            (
                [a != b for a, b in zip(bases, whole[at : at + 100], strict=False)]
                for at in range(len(spike.before) - 500, len(spike.before))
            ),
            key=sum,
        )
        wrong[: len(best)] += best
    assert 800 < wrong[:50].sum() < 1200  # of 10,000; three standard deviations are 90
    assert wrong[50:].sum() < 10


def test_groups_hold_one_fusion_of_each_target(reference, settings):
    texts = (*FUSIONS, "ETV6:4-NTRK3:14", "LMNA:10-NTRK1:10")
    spikes = [parse_spike(each, reference, settings.filters) for each in texts]
    groups = groups_of(spikes)
    assert [[each.fusion.target for each in group] for group in groups] == [
        ["NTRK3", "NTRK1", "NTRK2"],
        ["NTRK3", "NTRK1"],
    ]


def test_catalogue_of_another_build(reference, settings):
    pair = KnownPair("ETV6", "NTRK3", "", "", "x", "", ((known_place("chr12:1:+"),) * 2,))
    with pytest.raises(InputError, match="--fusion ETV6:5-NTRK3:15"):
        catalogue_spikes(Catalogue((pair,)), reference, settings.filters)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--fusion", "ETV6:99-NTRK3:15"), "has no exon 99"),
        (("--fusion", "NTRK3:14-ETV6:6"), "is no fusion that is called"),
        (("--fusion", "ETV6-NTRK3"), "describes no fusion"),
        (("--fusion", "chr12:9:+>chrQ:9:+"), "has no base 9 of chrQ"),
        (("--fusion", "ETV7:5-NTRK3:15"), "has no gene ETV7. Names like it are ETV6"),
        ((*of_fusions(FUSIONS[0], FUSIONS[0]),), "named twice"),
        (("--levels", "0"), "numbers above 0"),
        (("--levels", "1.5"), "whole ones"),
        (("--levels", "2,2"), "different numbers"),
        (("--levels", "nan"), "numbers above 0"),
        (("--fragment-mean", "9"), "go together"),
    ],
)
def test_bad_plans(reference_folder, run_cli, tmp_path, words, told):
    done = control(run_cli, reference_folder, tmp_path / "c", *words)
    assert done.code == 2
    assert told in done.stderr
    assert not (tmp_path / "c").exists()


@pytest.mark.slow
def test_rule_of_the_workflow(reference_folder, run_cli, tmp_path):
    """The rule writes what the command does; it runs only when it is asked for."""
    data = Path(shutil.copytree(DEMO, tmp_path / "data"))
    given = {"fastq1": ["data/negative_1.fq.gz"], "fastq2": ["data/negative_2.fq.gz"]}
    config = {
        "samples": "samples.tsv",
        "outdir": "results",
        "settings": "data/settings.yaml",
        "reference": {"bundle": str(reference_folder)},
        "positive_control": given | {"levels": "4", "fusions": [FUSIONS[0]]},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    header, reads = "sample\tfastq1\tfastq2\tbam", [data / path.name for path in NEGATIVE]
    sheet = f"{header}\nN\t{reads[0]}\t{reads[1]}\t\n"
    (tmp_path / "samples.tsv").write_text(sheet, encoding="utf-8")
    plan = snakemake(tmp_path, "--dry-run")
    assert plan.returncode == 0, plan.stderr[-2000:]
    assert "positive_control" not in plan.stdout
    done = snakemake(tmp_path, "positive_control")
    assert done.returncode == 0, done.stderr[-2000:]
    words = (*of_fusions(FUSIONS[0]), "--levels", "4")
    assert control(run_cli, reference_folder, tmp_path / "own", *words).code == 0
    for name in ("recall.tsv", "spiked.tsv"):
        made = tmp_path / "results" / "positive_control" / name
        assert made.read_bytes() == (tmp_path / "own" / name).read_bytes()


def test_unknown_bases_are_not_planted(world, reference, settings):
    """A reference that knows no base of the partner's last exon."""
    edited = EditedReference(reference, world)
    etv6 = next(each for each in world.transcripts if each.gene == "ETV6")
    exon = etv6.exons[4]  # as transcribed, the fifth
    edited.write(exon.contig, range(exon.start, exon.end), Strand.FORWARD, "N" * len(exon))
    with pytest.raises(InputError, match="the reference does not know"):
        parse_spike(FUSIONS[0], edited, settings.filters)
    plant = parse_fusion(world, FUSIONS[0], Molecules())
    places = (known_place(plant.breakpoint5), known_place(plant.breakpoint3))
    pair = KnownPair("ETV6", "NTRK3", "", "", "x", "", (places,))
    with pytest.raises(InputError, match="no junction of the catalogue"):
        catalogue_spikes(Catalogue((pair,)), edited, settings.filters)
    (spike,) = catalogue_spikes(Catalogue((pair,)), reference, settings.filters)
    assert spike.junction == (plant.breakpoint5, plant.breakpoint3)
