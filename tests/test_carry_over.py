"""Carry-over between samples: who is compared with whom, what is expected, what is suspected."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from math import exp, factorial

import msgspec
import pytest

from builders import answers_of, candidate, census, fusion_of, sample_results, support
from conftest import CHECKOUT
from fusioncall.carry_over import (
    RunCarryOver,
    SampleCarryOver,
    carried_over,
    compare,
    poisson_limit,
    read_carry_over,
    with_carry_over,
    write_carry_over,
)
from fusioncall.errors import InputError
from fusioncall.filters import judge
from fusioncall.model import Confidence, Verdict

sys.path.insert(0, str(CHECKOUT))

from benchmarks import carry_over
from benchmarks.common import default_settings

LANE, OTHER_LANE = "SIM:1:FC:1", "SIM:1:FC:2"


@pytest.fixture
def limits(settings):
    """The rates that the expected numbers below were worked out with."""
    return msgspec.structs.replace(
        settings.carry_over, hopped_share=0.02, soiled_share=0.002, max_chance=0.001
    )


@pytest.fixture
def sample(world, reference, pinned):
    """A sample with so many split and spanning molecules of each junction."""

    def make(name, *junctions, fragments=100_000, lanes=(LANE,), copies=0):
        calls = []
        for text, split, spanning in junctions:
            counted = replace(support(split, spanning), copies=copies)
            fusion = fusion_of(candidate(world, text), counted, reference, pinned.filters)
            calls.append(judge(fusion, pinned))
        seen = replace(census(fragments), lanes=dict.fromkeys(lanes, fragments))
        return replace(sample_results(calls, reference, pinned, name).made, census=seen)

    return make


def found(samples, limits, *, is_run=False):
    """Compared samples, and for each junction the source, the expected number and the limit."""
    return {
        name: (
            each.compared,
            [(one.molecules, one.source, one.expected, one.limit) for one in each.comparisons],
        )
        for name, each in compare(samples, limits, is_run=is_run).samples.items()
    }


ETV6, TPM3 = "ETV6:5-NTRK3:15", "TPM3:8-NTRK1:10"


def tail(expected, count):
    """The chance of so many or more, term by term."""
    return 1 - sum(exp(-expected) * expected**k / factorial(k) for k in range(count))


@pytest.mark.parametrize("expected", [0.001, 0.02, 0.5, 1, 3.3, 12, 40])
@pytest.mark.parametrize("chance", [0.05, 0.001])
def test_the_limit_is_the_largest_count_that_is_not_too_rare(expected, chance):
    limit = poisson_limit(expected, chance)
    assert tail(expected, limit) >= chance > tail(expected, limit + 1)


def test_a_large_number_does_not_overflow():
    assert 20_000 < poisson_limit(20_000.0, 0.001) < 20_000 + 4 * 20_000**0.5


def test_a_weak_sample_beside_a_strong_one(sample, limits):
    """500 molecules: 0.02 * 500 / 2 hopped + 0.002 * 500 by a drop, so 6 expected."""
    samples = [sample("A", (ETV6, 300, 200)), sample("B", (ETV6, 3, 1)), sample("C")]
    assert found(samples, limits) == {
        "A": (2, [(500, "B", round(0.02 * 4 / 2 + 0.002 * 4, 3), 0)]),
        "B": (2, [(4, "A", 6.0, 15)]),
        "C": (2, []),
    }


def test_two_strong_samples_survive(sample, limits):
    samples = [sample("A", (ETV6, 300, 200)), sample("B", (ETV6, 20, 10)), sample("C")]
    run = compare(samples, limits, is_run=False)
    assert [run.samples[name].suspected for name in "ABC"] == [(), (), ()]


def test_the_size_of_the_samples_counts(sample, limits):
    """A sample of a tenth of the fragments gets a tenth of the molecules."""
    samples = [
        sample("A", (ETV6, 300, 200), fragments=1_000_000),
        sample("B", (ETV6, 3, 1), fragments=100_000),
    ]
    assert found(samples, limits)["B"] == (1, [(4, "A", 1.1, 5)])


def test_copies_are_carried_over_too(sample, limits):
    samples = [sample("A", (ETV6, 300, 200), copies=500), sample("B", (ETV6, 3, 1))]
    assert found(samples, limits)["B"] == (1, [(4, "A", 22.0, 38)])


def test_another_junction_of_the_same_genes_is_no_source(sample, limits):
    samples = [sample("A", (ETV6, 300, 200)), sample("B", ("ETV6:4-NTRK3:14", 3, 1))]
    assert found(samples, limits)["B"] == (1, [])


def test_without_a_split_read_the_genes_are_compared(sample, limits):
    """The breakpoints of spanning pairs are estimates, so they cannot be compared."""
    samples = [sample("A", (ETV6, 300, 200)), sample("B", ("ETV6:4-NTRK3:14", 0, 4))]
    assert found(samples, limits)["B"] == (1, [(4, "A", 11.0, 23)])


def test_the_strongest_for_its_size_is_named(sample, limits):
    samples = [
        sample("A", (ETV6, 300, 200), fragments=1_000_000),
        sample("B", (ETV6, 100, 100)),
        sample("C", (ETV6, 2, 1)),
    ]
    expected = round(100_000 * (0.02 * 700 / 1_100_000 + 0.002 * 200 / 100_000), 3)
    assert found(samples, limits)["C"] == (2, [(3, "B", expected, 7)])


def test_equals_are_not_suspected(sample, limits):
    samples = [sample("A", (ETV6, 1, 0)), sample("B", (ETV6, 1, 0))]
    run = compare(samples, limits, is_run=False)
    assert [each.limit for name in "AB" for each in run.samples[name].comparisons] == [0, 0]


@pytest.mark.parametrize(
    ("lanes", "is_run", "compared"),
    [
        ((LANE, OTHER_LANE), False, 0),
        ((LANE, LANE), False, 1),
        ((LANE, OTHER_LANE), True, 1),
        ((LANE, "other"), False, 1),
        (("other", "other"), False, 1),
    ],
    ids=["other lane", "same lane", "one run", "a lane unknown", "both unknown"],
)
def test_who_is_compared(sample, limits, lanes, is_run, compared):
    strong, weak = lanes
    samples = [
        sample("A", (ETV6, 300, 200), lanes=(strong,)),
        sample("B", (ETV6, 3, 1), lanes=(weak,)),
    ]
    assert found(samples, limits, is_run=is_run)["B"][0] == compared


def test_one_lane_in_common_is_enough(sample, limits):
    samples = [
        sample("A", (ETV6, 300, 200), lanes=(OTHER_LANE,)),
        sample("B", (ETV6, 3, 1), lanes=(LANE, OTHER_LANE)),
        sample("C", (ETV6, 300, 200), lanes=(LANE,)),
        sample("D", lanes=("SIM:1:FC:3",)),
    ]
    compared = {name: each for name, (each, _) in found(samples, limits).items()}
    assert compared == {"A": 1, "B": 2, "C": 1, "D": 0}


def test_a_sample_that_failed_takes_no_part(sample, limits):
    failed = replace(sample("F"), census=replace(census(0), failure="b.fq: holds no reads"))
    samples = [sample("A", (ETV6, 3, 1)), failed]
    assert found(samples, limits, is_run=True) == {"A": (0, []), "F": (0, [])}


def test_the_order_of_the_samples_does_not_matter(sample, limits):
    samples = [sample(name, (ETV6, 3, 1), (TPM3, 30, 1)) for name in "ABC"]
    first = compare(samples, limits, is_run=False)
    assert list(first.samples) == ["A", "B", "C"]
    assert compare(samples[::-1], limits, is_run=False) == first


def test_a_suspected_call_is_none_and_the_answer_names_the_source(
    sample, reference, limits, pinned
):
    strong, weak = sample("A", (ETV6, 300, 200)), sample("B", (ETV6, 3, 1), (TPM3, 3, 1))
    run = compare([strong, weak], limits, is_run=False)
    carried, own = with_carry_over(weak.calls, run.samples["B"])
    assert carried.verdicts[-1] == Verdict(
        "carry_over", passed=False, value="suspected from A with 500 fragments: 4", limit=">23"
    )
    assert (carried.passed, carried.confidence) == (False, Confidence.LOW)
    assert own.verdicts[-1] == Verdict("carry_over", passed=True, value="in-no-other", limit="")
    assert own.passed
    told = answers_of(replace(weak, calls=(carried, own)), reference, pinned)
    answers = {each.gene: (each.status.value, each.reason) for each in told}
    assert answers["NTRK3"] == (
        "INDETERMINATE",
        "ETV6::NTRK3, carry_over suspected from A with 500 fragments: 4 (limit >23)",
    )
    assert answers["NTRK1"][0] == "DETECTED"


def test_a_strong_call_tells_the_other_sample(sample, limits):
    strong, weak = sample("A", (ETV6, 300, 200)), sample("B", (ETV6, 20, 10))
    run = compare([strong, weak], limits, is_run=False)
    (call,) = with_carry_over(weak.calls, run.samples["B"])
    assert call.passed
    assert call.verdicts[-1] == Verdict(
        "carry_over", passed=True, value="also in A with 500 fragments: 30", limit=">23"
    )


def test_without_others_nothing_was_compared(sample, limits):
    (call,) = with_carry_over(sample("A", (ETV6, 3, 1)).calls, SampleCarryOver())
    assert call.verdicts[-1] == carried_over(None, 0)
    assert call.verdicts[-1].value == "not-compared"
    assert call.passed


def test_judged_twice_is_judged_once(sample, limits):
    samples = [sample("A", (ETV6, 300, 200)), sample("B", (ETV6, 3, 1))]
    run = compare(samples, limits, is_run=False)
    once = with_carry_over(samples[1].calls, run.samples["B"])
    assert with_carry_over(once, run.samples["B"]) == once


def test_the_file_comes_back(sample, limits, tmp_path):
    samples = [sample("A", (ETV6, 300, 200)), sample("B", (ETV6, 3, 1))]
    run = compare(samples, limits, is_run=False)
    write_carry_over(tmp_path / "run.json", run)
    assert read_carry_over(tmp_path / "run.json", "B") == run.samples["B"]
    assert read_carry_over(None, "B") == SampleCarryOver()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "is no file of carry-over: Input data was truncated. Make it with this version:"),
        (
            json.dumps(msgspec.to_builtins(RunCarryOver(schema=1))),
            "says nothing of sample S. Give the file of the sample's own run.",
        ),
    ],
)
def test_another_file_is_refused(tmp_path, content, told):
    path = tmp_path / "run.json"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_carry_over(path, "S")
    assert str(caught.value).startswith(f"{path}: {told}")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_carry_over(tmp_path / "none.json", "S")


def test_measured_lanes():
    """A few lanes of the benchmark: what hops is found, and a strong fusion survives."""
    found = carry_over.measure(carry_over.Lane(24, 300, 0.025), default_settings(), 10)
    assert found.called > 20
    assert found.missed == 0
    found = carry_over.measure(carry_over.Lane(24, 300, 0.006, own=30), default_settings(), 10)
    assert (found.owners, found.suspected) == (10, 0)
