"""The 5'/3' imbalance of the targets."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from builders import census
from fusioncall.context import imbalance_sites
from fusioncall.errors import SettingsError
from fusioncall.imbalance import exon_sizes, imbalances, read_imbalance_sites
from fusioncall.kmers import build_table
from fusioncall.plants import Molecules, parse_fusion
from fusioncall.simulate import ReadSettings, SamplePlan, simulate_sample
from sequencing import rows, run_fastq

EXONS = {
    "NTRK1": ((2, 3, 4, 5, 6, 7), (14, 15, 16, 17)),
    "NTRK2": ((5, 6, 7, 8, 9, 10, 11), (18, 19, 20, 21)),
    "NTRK3": ((4, 5, 6, 7, 8, 9, 10), (16, 17, 19, 20)),
}


@pytest.fixture
def told(reference, settings):
    """The imbalance of NTRK1 at given depths of its 5' and 3' exons, from reads of 100 bases."""

    def make(five, three, **changes):
        depth = {str(exon): 1.0 for exon in exon_sizes(reference.kmers, "NTRK1")}
        for exons, depths in zip(EXONS["NTRK1"], (five, three), strict=True):
            given = depths if isinstance(depths, tuple) else (depths,) * len(exons)
            depth |= dict(zip(map(str, exons), given, strict=True))
        made = replace(
            census(),
            **{"fragments": 1000, "reads": 1000, "max_read_bp": 100, "kept_molecules": 100}
            | changes,
            exon_depth={"NTRK1": depth},
        )
        sites = imbalance_sites()
        found = imbalances(made, reference.kmers, reference.targets, sites, settings.imbalance)
        return found[0]

    return make


def test_exons_are_those_of_the_facts(reference, settings):
    found = imbalances(
        census(), reference.kmers, reference.targets, imbalance_sites(), settings.imbalance
    )
    assert {each.gene: (each.five.exons, each.three.exons) for each in found} == EXONS
    assert {each.log2 for each in found} == {None}


@pytest.mark.parametrize(
    ("gene", "accession", "length", "exons"),
    [
        ("NTRK1", "ENST00000368196", 790, ((2, 3, 4, 5, 6, 7), (13, 14, 15, 16))),
        ("NTRK2", "ENST00000323115", 822, ((2, 3, 4, 5, 6, 7, 8), (14, 15, 16, 17))),
        ("NTRK3", "ENST00000394480", 825, ((4, 5, 6, 7, 8, 9, 10), (16, 17, 18, 19))),
    ],
)
def test_the_other_numberings_mean_the_same_exons(
    reference, settings, gene, accession, length, exons
):
    """On an annotation with another protein length, the same places of the genome are taken."""
    target = next(each for each in reference.targets if each.name == gene)
    other = next(each for each in target.gene.transcripts if each.accession == accession)
    texts = {
        number: reference.transcribed(other.contig, (block,), other.strand)
        for number, block in enumerate(other.exons_transcribed, start=1)
    }
    table = build_table(15, {gene: list(texts.values())}, {gene: texts})
    changed = replace(target, reference_transcript=other.id, protein_length_aa=length)
    (found,) = imbalances(census(), table, [changed], imbalance_sites(), settings.imbalance)
    assert (found.five.exons, found.three.exons) == exons

    def places(transcript, numbers):
        return [transcript.exons_transcribed[number - 1][0] for number in numbers]

    for side in (0, 1):
        own = target.numbering_transcript
        assert places(other, exons[side]) == places(own, EXONS[gene][side])


def test_ratio_and_interval(told, reference):
    """By hand: k-mers over the most that a molecule adds are molecules."""
    sizes = exon_sizes(reference.kmers, "NTRK1")
    five, three = (sum(sizes[exon] for exon in exons) for exons in EXONS["NTRK1"])
    molecules = [20 * five / 86, 80 * three / 86]  # 100 bases hold 86 k-mers of 15
    found = told(20.0, 80.0)
    assert [found.five.molecules, found.three.molecules] == pytest.approx(molecules)
    ratio = (80 + 0.5 * 86 / three) / (20 + 0.5 * 86 / five)
    error = math.sqrt(sum(1 / (each + 0.5) for each in molecules)) / math.log(2)
    expected = [math.log2(ratio), math.log2(ratio) - 1.959964 * error]
    assert [found.log2, found.low] == pytest.approx(expected)
    assert found.high - found.log2 == pytest.approx(found.log2 - found.low)
    assert found.dispersion == 1.0


def width(found):
    return found.high - found.low


def test_mates_and_copies_are_not_independent(told):
    """The second mate and a copy of a molecule add depth and no certainty."""
    single = told(20.0, 20.0)
    paired = told(40.0, 40.0, reads=2000)
    assert [paired.five.molecules, paired.log2, paired.low] == pytest.approx(
        [single.five.molecules, single.log2, single.low]
    )
    copied = told(40.0, 40.0, kept_molecules=200, kept_copies=100)
    assert [copied.five.molecules, copied.low] == pytest.approx([single.five.molecules, single.low])
    assert width(told(40.0, 40.0)) < width(single)


def test_uneven_exons_widen_the_interval(told):
    even, uneven = told(20.0, 20.0), told((5.0, 35.0, 5.0, 35.0, 5.0, 35.0), 20.0)
    assert even.dispersion == 1.0
    assert uneven.dispersion > 2
    deep = told((500.0, 3500.0, 500.0, 3500.0, 500.0, 3500.0), 2000.0)
    # more reads do not make an uneven gene more certain
    assert width(deep) == pytest.approx(width(uneven), rel=0.05)


def test_a_long_read_is_no_more_than_one_molecule(told):
    found = told(30.0, 30.0, max_read_bp=100_000)
    assert (found.five.molecules, found.three.molecules) == pytest.approx((30, 30))


@pytest.mark.parametrize(("five", "three"), [(0.0, 0.0), (0.5, 0.5)])
def test_too_few_molecules_tell_nothing(told, five, three):
    found = told(five, three)
    assert (found.log2, found.low, found.high) == (None, None, None)


def test_a_side_without_reads_has_a_ratio(told):
    found = told(0.0, 30.0)
    assert found.low > 2


def test_a_broken_table_is_refused(tmp_path):
    path = tmp_path / "imbalance.tsv"
    path.write_text("gene\tprotein_length_aa\tresidues5\tresidues3\tsource\nA\t9\t1-x\t2-3\t\n")
    with pytest.raises(SettingsError, match="has a row of A without residues"):
        read_imbalance_sites(path)


def expressed(world, folder, reference_folder, fusions, background):
    """`verdicts.tsv` and `qc.json` of a sample, by gene; fused transcripts are expressed whole."""
    plants = tuple(parse_fusion(world, text, Molecules(drawn=400)) for text in fusions)
    plan = SamplePlan("S", 7, ReadSettings(), plants, background)
    out = run_fastq(simulate_sample(world, plan), reference_folder, folder / "S")
    told = json.loads((out / "qc.json").read_text(encoding="utf-8"))["imbalance"]
    return {row["gene"]: row for row in rows(out / "verdicts.tsv")}, told


def test_it_rises_with_a_fusion_and_not_with_expression(world, reference_folder, tmp_path):
    table, told = expressed(
        world,
        tmp_path,
        reference_folder,
        ["TPM3:8-NTRK1:10", "ETV6:5-NTRK3:15"],
        (("NTRK2", 600), ("NTRK3", 100)),
    )
    # alone: none of the 5' exons; beside the normal gene: both; expression alone: neither
    assert table["NTRK1"]["imbalance_depth5"] == "0.00"
    assert float(table["NTRK1"]["imbalance_low"]) > 1
    assert float(table["NTRK3"]["imbalance_low"]) > 1
    assert float(table["NTRK2"]["imbalance_low"]) < 0 < float(table["NTRK2"]["imbalance_high"])
    for gene, row in table.items():
        assert row["imbalance_exons5"] == ",".join(map(str, EXONS[gene][0]))
        assert row["imbalance_log2"] == f"{told[gene]['log2']:+.2f}"


def test_truncated_isoforms_lower_it_and_too_little_is_unknown(world, reference_folder, tmp_path):
    table, _ = expressed(
        world, tmp_path, reference_folder, [], (("NM_001007156", 400), ("NTRK1", 6))
    )
    assert float(table["NTRK3"]["imbalance_high"]) < -2
    assert table["NTRK1"]["imbalance_log2"] == "."
    assert float(table["NTRK1"]["imbalance_depth3"]) > 0
    assert table["NTRK2"]["imbalance_log2"] == "."


def test_the_interval_holds_what_it_promises(reference, settings):
    """Reads at random places of one transcript: 95 % of the intervals hold a ratio of one."""
    random = np.random.default_rng(11)
    sizes = exon_sizes(reference.kmers, "NTRK1")
    edges = np.cumsum([0, *sizes.values()])
    misses = 0
    for _ in range(400):
        # k-mers in a row stand for the transcript; a fragment of 150 has mates of 80
        starts = random.integers(0, edges[-1] - 150, 120)
        covered = np.zeros(edges[-1])
        for start in starts:
            covered[start : start + 80] += 1
            covered[start + 70 : start + 150] += 1
        depth = {
            str(exon): float(covered[edges[i] : edges[i + 1]].mean())
            for i, exon in enumerate(sizes)
        }
        made = replace(
            census(),
            **{"fragments": 120, "reads": 240, "max_read_bp": 94, "kept_molecules": 120},
            exon_depth={"NTRK1": depth},
        )
        found = imbalances(
            made, reference.kmers, reference.targets, imbalance_sites(), settings.imbalance
        )[0]
        misses += not found.low < 0 < found.high
    assert misses <= 20
