"""The detection limit: its geometry by counting, its probabilities by integration."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from fusioncall.detection_limit import Yield, ffpm_limit, fraction_limit, yield_of

ALL = Yield(80, 80, 80)
MIXED = Yield(counted=100, showing=60, supporting=150)


@pytest.fixture
def asking(pinned):
    """Settings with other needs of a call."""

    def settings(molecules=2, split=1, probability=0.95):
        given = msgspec.structs.replace
        filters = given(pinned.filters, min_molecules=molecules, min_split_molecules=split)
        status = given(pinned.status, limit_probability=probability)
        discovery = given(pinned.discovery, min_donor_bp=12, min_acceptor_bp=10)
        return given(pinned, filters=filters, status=status, discovery=discovery)

    return settings


def counted_yield(read_bp, fragment_bp, *, is_paired):
    """The places of a junction in a fragment, looked at one by one."""
    read = min(read_bp, fragment_bp)
    spans = [(0, read), (fragment_bp - read, fragment_bp)] if is_paired else [(0, read)]
    counted = showing = supporting = 0
    for place in range(1, fragment_bp):
        sides = [(place - start, end - place) for start, end in spans]
        is_split = any(min(each) >= 8 for each in sides)
        is_spanning = (
            is_paired and sides[0][0] > sides[0][1] and sides[1][1] > sides[1][0] and not is_split
        )
        counted += is_split
        supporting += is_split or is_spanning
        showing += any(before >= 12 and after >= 10 for before, after in sides)
    return Yield(counted, showing, supporting)


@pytest.mark.parametrize("fragment", [60, 75, 80, 110, 149, 150, 151, 170, 250, 400])
def test_places_in_pairs(asking, fragment):
    found = yield_of(75, {fragment: 3}, asking())
    assert found == counted_yield(75, fragment, is_paired=True)


@pytest.mark.parametrize("read", [36, 75, 300])
def test_places_in_reads(asking, read):
    assert yield_of(read, None, asking()) == counted_yield(read, read, is_paired=False)


def test_fragments_of_several_lengths_are_averaged(asking):
    one, other = (counted_yield(75, size, is_paired=True) for size in (100, 300))
    found = yield_of(75, {100: 1, 300: 3}, asking())
    assert found == Yield(
        (one.counted + 3 * other.counted) / 4,
        (one.showing + 3 * other.showing) / 4,
        (one.supporting + 3 * other.supporting) / 4,
    )


def poisson(mean, count):
    return np.exp(count * np.log(mean) - mean - math.lgamma(count + 1))


def missed(shown, other, limits):
    """The probability of too few, given the two means: by all pairs of numbers."""
    few = 0
    for i in range(max(limits.min_molecules, limits.min_split_molecules)):
        for j in range(400 if i < limits.min_split_molecules else limits.min_molecules - i):
            few = few + poisson(shown, i) * poisson(other, j)
    return few


def test_two_molecules_of_one_kind_need_a_mean_of_4_74(asking):
    assert round(ffpm_limit(1_000_000, ALL, asking()), 4) == 4.7439
    assert round(ffpm_limit(500_000, ALL, asking()), 4) == 9.4877
    assert round(ffpm_limit(1_000_000, ALL, asking(molecules=1)), 4) == round(-math.log(0.05), 4)


@pytest.mark.parametrize(
    "needs", [{}, {"molecules": 3, "split": 2}, {"molecules": 1}, {"probability": 0.8}]
)
def test_molecules_of_two_kinds(asking, needs):
    settings = asking(**needs)
    mean = ffpm_limit(1_000_000, MIXED, settings)
    share = MIXED.showing / MIXED.supporting
    found = missed(mean * share, mean * (1 - share), settings.filters)
    assert round(float(found), 9) == round(1 - settings.status.limit_probability, 9)


@pytest.mark.parametrize("unfused", [5, 40])
@pytest.mark.parametrize("needs", [{}, {"molecules": 3, "split": 2}])
def test_fraction_reckons_with_the_chance_in_the_unfused_molecules(asking, unfused, needs):
    """Integrated over the depths that such a number of unfused molecules can come from."""
    settings = asking(**needs)
    fraction = fraction_limit(unfused, MIXED, settings)
    odds = fraction / (1 - fraction)
    root = (np.arange(40_000) + 0.5) * (np.sqrt(unfused + 60.0) / 40_000)
    depth = root**2  # dense near 0, where the density of a small shape is
    weight = np.exp((unfused - 0.5) * np.log(depth) - depth - math.lgamma(unfused + 0.5)) * root
    shown = odds * depth * MIXED.showing / MIXED.counted
    other = odds * depth * (MIXED.supporting - MIXED.showing) / MIXED.counted
    few = missed(shown, other, settings.filters)
    assert round(float((few * weight).sum() / weight.sum()), 4) == 0.05


def test_more_depth_shows_rarer_fusions(asking):
    limits = [fraction_limit(depth, MIXED, asking()) for depth in (0, 1, 10, 100, 1000, 10**6)]
    assert limits == sorted(limits, reverse=True)
    assert limits[0] > 0.99
    assert limits[-1] < 1e-5


def test_reads_that_are_too_short_show_nothing(asking):
    short = yield_of(21, None, asking())
    assert short.showing == 0
    assert fraction_limit(50, short, asking()) is None
    assert ffpm_limit(10**6, short, asking()) is None
