"""What a sample must show for a negative to mean anything: each limit at its edge."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import pytest

from builders import census, sample_calls
from fusioncall.adequacy import assess, control_depths, insert_bp
from fusioncall.plants import Molecules
from fusioncall.settings import Assay
from sequencing import rows, run_fastq, sequenced

WHOLE = Assay.WHOLE_TRANSCRIPTOME


@pytest.fixture
def limited(pinned):
    """Settings with limits of one kind of assay."""

    def settings(assay=WHOLE, **limits):
        given = msgspec.structs.replace
        changed = given(pinned.assay.of(assay), **limits)
        return given(pinned, assay=given(pinned.assay, **{assay.value: changed}))

    return settings


@pytest.fixture
def sample():
    """What was seen in a good sample, with changes of its census."""

    def make(**changes):
        counts = replace(
            census(),
            kept_molecules=50,
            kept_copies=10,
            low_quality_reads=4000,
            short_reads=2000,
            target_reads={"NTRK1": 10, "NTRK2": 20, "NTRK3": 30},
        )
        return sample_calls([], replace(counts, **changes), insert_sizes={200: 15, 300: 15})

    return make


@pytest.mark.parametrize(
    ("limit", "met", "missed", "told"),
    [
        ("min_fragments", 200_000, 200_001, "200000 fragments, at least 200001 needed"),
        ("min_target_reads", 60, 61, "60 reads of a target gene, at least 61 needed"),
        (
            "min_target_share",
            0.00025,
            0.0003,
            "0.025% of the fragments touch a target gene, at least 0.030% needed",
        ),
        ("min_read_bp", 100, 101, "100 bases in the median read, at least 101 needed"),
        ("min_insert_bp", 200, 201, "200 bases in the median insert, at least 201 needed"),
        ("min_control_genes", 1, 2, "1 control genes detected, at least 2 needed"),
        (
            "max_copies_share",
            0.2,
            0.19,
            "20.000% copies among the kept molecules, at most 19.000% allowed",
        ),
        (
            "max_low_quality_share",
            0.01,
            0.009,
            "1.000% reads of low quality, at most 0.900% allowed",
        ),
        ("max_short_share", 0.005, 0.004, "0.500% short reads, at most 0.400% allowed"),
    ],
)
def test_each_limit_at_its_edge(sample, limited, limit, met, missed, told):
    assert assess(sample(), 1.0, WHOLE, limited(**{limit: met})).lacking == ""
    found = assess(sample(), 1.0, WHOLE, limited(**{limit: missed}))
    assert found.lacking == told
    assert [each.name for each in found.failing] == [limit[4:]]


@pytest.mark.parametrize(("share", "told"), [(0.95, ""), (0.94, "94.000%")])
def test_target_of_n(sample, pinned, share, told):
    whole = f"{told} of the gene's coding bases known to the reference, at least 95.000% needed"
    assert assess(sample(), share, WHOLE, pinned).lacking == (whole if told else "")


def test_all_failing_criteria_are_told(sample, limited):
    found = assess(sample(), 0.5, WHOLE, limited(min_fragments=10**6, max_short_share=0))
    assert [each.name for each in found.failing] == ["known_share", "fragments", "short_share"]
    assert found.lacking.count("; ") == 2


def test_what_has_no_limit_is_not_judged(sample, pinned):
    found = assess(sample(), 1.0, WHOLE, pinned)
    assert [each.name for each in found.not_judged] == [
        *("target_reads", "target_share", "read_bp", "insert_bp"),
        *("copies_share", "low_quality_share", "short_share"),
    ]
    assert found.not_judged[2].words == "100 bases in the median read, not judged"
    assert found.lacking == ""


@pytest.mark.parametrize(
    ("limit", "changes", "told"),
    [
        (
            {"max_copies_share": 1},
            {"source": "bam"},
            "copies among the kept molecules: not known, at most 100.000% allowed",
        ),
        (
            {"max_low_quality_share": 1},
            {"source": "bam"},
            "reads of low quality: not known, at most 100.000% allowed",
        ),
        (
            {"min_control_genes": 1},
            {"control_reads": {}},
            "control genes detected: not known, at least 1 needed",
        ),
        (
            {"min_read_bp": 1},
            {"median_read_bp": 0},
            "bases in the median read: not known, at least 1 needed",
        ),
    ],
)
def test_what_is_not_known_meets_no_limit(sample, limited, limit, changes, told):
    assert assess(sample(**changes), 1.0, WHOLE, limited(**limit)).lacking == told


def test_insert_size_needs_enough_pairs(sample, pinned, limited):
    few = replace(sample(), insert_sizes={200: 10, 300: 9})
    enough = replace(sample(), insert_sizes={200: 10, 300: 10})
    assert (insert_bp(few, pinned), insert_bp(enough, pinned)) == (None, 200)
    told = assess(few, 1.0, WHOLE, limited(min_insert_bp=1)).lacking
    assert told == "bases in the median insert: not known, at least 1 needed"


def test_control_gene_is_detected_by_its_median_exon(sample, limited):
    depth = {"GAPDH": {"1": 0.0, "2": 5.0, "3": 90.0}, "TBP": {"1": 0.0, "2": 0.0, "3": 90.0}}
    made = sample(control_reads={"GAPDH": 9, "TBP": 9, "HMBS": 0}, exon_depth=depth)
    assert control_depths(made.census) == {"GAPDH": 5.0, "TBP": 0.0, "HMBS": 0.0}
    for limit, genes in ((5, 1), (5.5, 0)):
        found = assess(made, 1.0, WHOLE, limited(min_control_depth=limit))
        assert found.value("control_genes") == genes


@pytest.mark.parametrize("assay", Assay)
def test_each_assay_has_its_own_limits(sample, limited, assay):
    settings = limited(assay, min_fragments=10**9)
    assert [
        other for other in Assay if "1000000000" in assess(sample(), 1.0, other, settings).lacking
    ] == [assay]


def test_assay_without_any_limit_is_not_judged(sample, pinned):
    found = assess(sample(), 1.0, Assay.AMPLICON, pinned)
    assert not found.is_judged
    assert found.lacking == (
        "no limit of adequacy is set for amplicon: the laboratory's own to set"
    )


def test_assay_reaches_the_files(world, reference_folder, tmp_path):
    sample = sequenced(world, [], Molecules())
    out = run_fastq(sample, reference_folder, tmp_path / "out", "--assay", "amplicon")
    answers = rows(out / "verdicts.tsv")
    assert {row["status"] for row in answers} == {"NOT_ASSESSABLE"}
    assert {row["assay"] for row in answers} == {"amplicon"}
    assert all("partner-dependent assay" in row["reason"] for row in answers)
    assert {row["limit_ffpm"] for row in answers} == {"."}
    assert json.loads((out / "provenance.json").read_text())["assay"] == "amplicon"
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Criteria (assay: amplicon; group assay of the settings)" in page
    assert "no limit of adequacy is set for amplicon" in page


def test_nothing_is_set_for_amplicon_panels_as_it_comes(settings):
    limits = msgspec.structs.asdict(settings.assay.amplicon)
    assert {name for name, value in limits.items() if value is not None} == {"min_control_depth"}
