"""Filters: each one passes at its limit and fails below it; confidence by its rule."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from builders import candidate, fusion_of, support
from fusioncall.filters import FILTERS, judge
from fusioncall.fusions import is_spliced, with_events
from fusioncall.model import Confidence, FusionClass, Site, Verdict


@pytest.fixture(scope="module")
def fusion(world, reference, pinned):
    """ETV6::NTRK3, which passes everything with high confidence."""
    named = fusion_of(candidate(world, "ETV6:5-NTRK3:15"), support(), reference, pinned.filters)
    return with_events([named])[0]


def counted(fusion, *counts, **anchor):
    """The fusion with other molecules."""
    return with_events([replace(fusion, support=support(*counts, **anchor))])[0]


def off_site(fusion, side="five", site=Site.EXON):
    return replace(fusion, **{side: replace(getattr(fusion, side), site=site)})


def verdict(fusion, pinned, name):
    (one,) = (each for each in judge(fusion, pinned).verdicts if each.filter == name)
    return one


def test_good_fusion_passes_everything(fusion, pinned):
    call = judge(fusion, pinned)
    assert call.verdicts == (
        Verdict("class", True, "kinase-fusion", "=kinase-fusion"),
        Verdict("molecules", True, "8", ">=2"),
        Verdict("split", True, "5", ">=1"),
        Verdict("anchor_bp", True, "40", ">=12"),
        Verdict("mapq_phred", True, "60", ">=1"),
        Verdict("triplets", True, str(fusion.triplets), ">=7"),
        Verdict("homology_bp", True, str(fusion.shared_bp), "<=5"),
        Verdict("excess_edits", True, "0", "=0"),
        Verdict("misfits", True, "0", "<=1"),
        Verdict("partners", True, "1", "<=10"),
        Verdict("panel", True, "no-panel", ""),
    )
    assert call.passed
    assert call.confidence is Confidence.HIGH
    assert [each.filter for each in call.verdicts] == list(FILTERS)


@pytest.mark.parametrize("found", FusionClass)
def test_only_kinase_fusions_pass(fusion, pinned, found):
    passes = found is FusionClass.KINASE_FUSION
    assert verdict(replace(fusion, fusion_class=found), pinned, "class") == Verdict(
        "class", passes, found.value, "=kinase-fusion"
    )


@pytest.mark.parametrize(
    ("split", "spanning", "passes"), [(1, 0, False), (0, 1, False), (1, 1, True), (2, 0, True)]
)
def test_two_molecules_are_enough_at_exon_edges(fusion, pinned, split, spanning, passes):
    one = counted(fusion, split, spanning)
    assert verdict(one, pinned, "molecules") == Verdict(
        "molecules", passes, str(split + spanning), ">=2"
    )


@pytest.mark.parametrize("side", ["five", "three"])
@pytest.mark.parametrize("site", [Site.EXON, Site.INTRON, Site.INTERGENIC])
@pytest.mark.parametrize(("total", "passes"), [(2, False), (3, True)])
def test_three_molecules_are_needed_elsewhere(fusion, pinned, side, site, total, passes):
    one = counted(off_site(fusion, side, site), 1, total - 1)
    assert verdict(one, pinned, "molecules") == Verdict("molecules", passes, str(total), ">=3")
    assert not is_spliced(one)


@pytest.mark.parametrize(("split", "passes"), [(0, False), (1, True)])
def test_a_split_molecule_is_needed(fusion, pinned, split, passes):
    one = counted(fusion, split, 9)
    assert verdict(one, pinned, "split") == Verdict("split", passes, str(split), ">=1")


@pytest.mark.parametrize(("anchor", "passes"), [(11, False), (12, True)])
def test_best_anchor_is_needed(fusion, pinned, anchor, passes):
    one = replace(fusion, support=support(anchor_bp=anchor))
    assert verdict(one, pinned, "anchor_bp") == Verdict("anchor_bp", passes, str(anchor), ">=12")


@pytest.mark.parametrize("side", ["five", "three"])
@pytest.mark.parametrize(("anchor", "passes"), [(14, False), (15, True)])
def test_longer_anchor_is_needed_elsewhere(fusion, pinned, side, anchor, passes):
    one = replace(off_site(fusion, side), support=support(anchor_bp=anchor))
    assert verdict(one, pinned, "anchor_bp") == Verdict("anchor_bp", passes, str(anchor), ">=15")


@pytest.mark.parametrize(
    ("general", "elsewhere", "expected"), [(4, 2, (">=4", ">=4")), (2, 4, (">=2", ">=4"))]
)
def test_limits_elsewhere_are_never_the_lower_ones(fusion, pinned, general, elsewhere, expected):
    filters = msgspec.structs.replace(
        pinned.filters,
        min_molecules=general,
        min_molecules_off_splice_site=elsewhere,
        min_anchor_bp=general,
        min_anchor_off_splice_site_bp=elsewhere,
    )
    given = msgspec.structs.replace(pinned, filters=filters)
    for name in ("molecules", "anchor_bp"):
        found = (verdict(each, given, name).limit for each in (fusion, off_site(fusion)))
        assert tuple(found) == expected


def test_anchor_is_that_of_the_shorter_side_of_one_read(fusion, pinned):
    """Long anchors of two reads on two sides are not one read with two long anchors."""
    lopsided = replace(support(anchor_bp=11), donor_anchor_bp=60, acceptor_anchor_bp=60)
    assert not verdict(replace(fusion, support=lopsided), pinned, "anchor_bp").passed


@pytest.mark.parametrize(("mapq", "passes"), [(0, False), (1, True)])
def test_tie_of_places_fails(fusion, pinned, mapq, passes):
    assert verdict(replace(fusion, mapq_phred=mapq), pinned, "mapq_phred") == Verdict(
        "mapq_phred", passes, str(mapq), ">=1"
    )


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("class", {"fusion_class": FusionClass.RECIPROCAL}),
        ("molecules", {"support": support(1, 0)}),
        ("split", {"support": support(0, 5)}),
        ("anchor_bp", {"support": support(anchor_bp=3)}),
        ("mapq_phred", {"mapq_phred": 0}),
        ("triplets", {"triplets": 6}),
        ("partners", {"partners": 11, "partner_share": 0.19}),
    ],
)
def test_one_failed_filter_is_enough_for_low(fusion, pinned, name, changes):
    call = judge(replace(fusion, **changes), pinned)
    assert [each.filter for each in call.verdicts if not each.passed] == [name]
    assert not call.passed
    assert call.confidence is Confidence.LOW


def test_limits_are_those_of_the_settings(fusion, pinned):
    filters = msgspec.structs.replace(
        pinned.filters,
        min_molecules=9,
        min_molecules_off_splice_site=10,
        min_split_molecules=6,
        min_anchor_bp=41,
        min_mapq_phred=61,
        min_triplets=19,
        max_partners=1,
        free_misfits=0,
        max_misfits_per_split=0.1,
    )
    stricter = msgspec.structs.replace(pinned, filters=filters)
    strange = replace(fusion, support=replace(fusion.support, misfit_molecules=2))
    call = judge(strange, stricter)
    assert [(each.filter, each.passed, each.limit) for each in call.verdicts] == [
        ("class", True, "=kinase-fusion"),
        ("molecules", False, ">=9"),
        ("split", False, ">=6"),
        ("anchor_bp", False, ">=41"),
        ("mapq_phred", False, ">=61"),
        ("triplets", False, ">=19"),
        ("homology_bp", True, "<=5"),
        ("excess_edits", True, "=0"),
        ("misfits", False, "<=0"),
        ("partners", True, "<=1"),
        ("panel", True, ""),
    ]
    assert verdict(off_site(fusion), stricter, "molecules").limit == ">=10"


@pytest.mark.parametrize(
    ("split", "scattered", "limit", "passes"),
    [(1, 0, 1, True), (0, 0, 1, False), (1, 1, 2, False), (2, 1, 2, True), (2, 40, 2, True)],
)
def test_split_molecules_off_the_exon_edges(fusion, pinned, split, scattered, limit, passes):
    one = replace(off_site(fusion), support=support(split, 5), scattered_junctions=scattered)
    assert verdict(one, pinned, "split") == Verdict("split", passes, str(split), f">={limit}")


def test_scattered_junctions_say_nothing_of_exon_edges(fusion, pinned):
    one = replace(fusion, support=support(1, 1), scattered_junctions=9)
    assert verdict(one, pinned, "split") == Verdict("split", True, "1", ">=1")


@pytest.mark.parametrize(("shared_bp", "passes"), [(5, True), (6, False)])
def test_homology_counts_off_the_exon_edges_only(fusion, pinned, shared_bp, passes):
    one = replace(fusion, shared_bp=shared_bp)
    assert verdict(one, pinned, "homology_bp").passed
    assert verdict(off_site(one), pinned, "homology_bp") == Verdict(
        "homology_bp", passes, str(shared_bp), "<=5"
    )


@pytest.mark.parametrize(
    ("split", "misfits", "limit", "passes"),
    [(2, 1, 1, True), (2, 2, 1, False), (10, 3, 3, True), (10, 4, 3, False), (1, 0, 1, True)],
)
def test_molecules_that_fit_in_part_fail_the_junction(
    fusion, pinned, split, misfits, limit, passes
):
    counted = replace(support(split, 3), misfit_molecules=misfits)
    one = replace(fusion, support=counted)
    assert verdict(one, pinned, "misfits") == Verdict("misfits", passes, str(misfits), f"<={limit}")


@pytest.mark.parametrize(
    ("reach_bp", "spanning", "limit"), [(39, 0, 0), (40, 0, 1), (39, 1, 1), (8, 0, 0)]
)
@pytest.mark.parametrize("misfits", [0, 1])
def test_no_misfit_is_free_beside_molecules_that_reach_less_far(
    fusion, pinned, reach_bp, spanning, limit, misfits
):
    """As a paralogue shows: reads with its first bases, and one with more that is unlike."""
    short = replace(support(2, spanning, anchor_bp=19), acceptor_anchor_bp=reach_bp)
    one = replace(fusion, support=replace(short, misfit_molecules=misfits))
    expected = Verdict("misfits", misfits <= limit, str(misfits), f"<={limit}")
    assert verdict(one, pinned, "misfits") == expected


@pytest.mark.parametrize(("triplets", "passes"), [(6, False), (7, True)])
def test_repeat_beside_the_junction_fails(fusion, pinned, triplets, passes):
    assert verdict(replace(fusion, triplets=triplets), pinned, "triplets") == Verdict(
        "triplets", passes, str(triplets), ">=7"
    )


@pytest.mark.parametrize(
    ("partners", "share", "passes"),
    [(10, 0.01, True), (11, 0.19, False), (11, 0.2, True), (99, 1.0, True)],
)
def test_weak_one_of_many_partners_fails(fusion, pinned, partners, share, passes):
    one = replace(fusion, partners=partners, partner_share=share)
    assert verdict(one, pinned, "partners") == Verdict("partners", passes, str(partners), "<=10")


def test_molecules_of_all_splice_forms_count_together(fusion, pinned):
    one = replace(fusion, support=support(1, 0), sibling_molecules=1)
    assert verdict(one, pinned, "molecules") == Verdict("molecules", True, "2", ">=2")


def test_rival_partner_is_no_high_confidence(fusion, pinned):
    assert judge(replace(fusion, rivals=("X(chr1:5:+)",)), pinned).confidence is Confidence.MEDIUM


@pytest.mark.parametrize(
    ("split", "spanning", "is_spliced_at", "expected"),
    [
        (2, 1, True, Confidence.HIGH),
        (2, 0, True, Confidence.MEDIUM),  # two molecules only
        (1, 2, True, Confidence.MEDIUM),  # one split only
        (3, 0, True, Confidence.HIGH),
        (2, 1, False, Confidence.MEDIUM),
        (90, 90, False, Confidence.MEDIUM),
    ],
)
def test_confidence(fusion, pinned, split, spanning, is_spliced_at, expected):
    one = fusion if is_spliced_at else off_site(fusion, "three", Site.INTRON)
    assert judge(counted(one, split, spanning), pinned).confidence is expected
