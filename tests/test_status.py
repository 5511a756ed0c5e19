"""The four words, each with its exact reason."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from builders import candidate, census, fusion_of, support
from fusioncall.filters import judge
from fusioncall.fusions import with_events
from fusioncall.status import GeneStatus, Status, decide


@pytest.fixture
def call(world, reference, pinned):
    """A judged fusion of a specification, with so many split and spanning molecules."""

    def make(text, split=5, spanning=3, **changes):
        counted = support(split, spanning)
        fusion = fusion_of(candidate(world, text), counted, reference, pinned.filters)
        return judge(replace(with_events([fusion])[0], **changes), pinned)

    return make


def answer(calls, pinned, gene="NTRK3", known_share=1.0, **counts):
    found = decide(gene, known_share, calls, census(**counts), pinned)
    return found.status.value, found.reason


def test_passing_call_is_detected(call, pinned):
    calls = [call("ETV6:5-NTRK3:15"), call("TPM3:8-NTRK1:10"), call("ETV6:5-NTRK3:16")]
    found = decide("NTRK3", 1.0, calls, census(NTRK3=44, NTRK1=5), pinned)
    assert found == GeneStatus(
        gene="NTRK3",
        status=Status.DETECTED,
        reason="ETV6::NTRK3, 5 split and 3 spanning molecules, high confidence",
        calls=1,
        candidates=2,
        target_reads=44,
        fragments=200_000,
    )


def test_all_passing_calls_are_told(call, pinned):
    calls = [call("ETV6:5-NTRK3:15"), call("ETV6:4-NTRK3:14", 1, 1)]
    assert answer(calls, pinned) == (
        "DETECTED",
        (
            "ETV6::NTRK3, 5 split and 3 spanning molecules, high confidence; "
            "ETV6::NTRK3, 1 split and 1 spanning molecules, medium confidence"
        ),
    )


def test_call_is_detected_however_small_the_sample(call, pinned):
    assert answer([call("ETV6:5-NTRK3:15")], pinned, known_share=0.1, fragments=9)[0] == (
        "DETECTED"
    )


def test_one_molecule_of_a_spliced_kinase_fusion_is_indeterminate(call, pinned):
    assert answer([call("ETV6:5-NTRK3:15", 1, 0)], pinned) == (
        "INDETERMINATE",
        "ETV6::NTRK3: molecules 1 (limit >=2)",
    )


REJECTED = ("NOT_DETECTED", "no candidate of weight (1 rejected) in 200000 fragments")


@pytest.mark.parametrize(
    ("text", "counts", "expected"),
    [
        (
            "LMNA:11-150-NTRK1:11",
            (1, 1),
            ("INDETERMINATE", "LMNA::NTRK1: molecules 2 (limit >=3)"),
        ),
        ("LMNA:11-150-NTRK1:11", (1, 0), REJECTED),
        (
            "TPM3:8-NTRK1:14",
            (2, 0),
            ("INDETERMINATE", "TPM3::NTRK1: class partial-kinase (limit =kinase-fusion)"),
        ),
        ("TPM3:8-NTRK1:14", (1, 0), REJECTED),
        (
            "NTRK1:8-LMNA:12",
            (4, 4),
            ("INDETERMINATE", "NTRK1::LMNA: class reciprocal (limit =kinase-fusion)"),
        ),
        ("NTRK1:12-NTRK1:10", (50, 50), REJECTED),
        ("TPM3:8-NTRK1:10", (0, 0), REJECTED),
    ],
)
def test_doubtful_and_rejected_candidates(call, pinned, text, counts, expected):
    assert answer([call(text, *counts)], pinned, gene="NTRK1") == expected


def test_all_failed_filters_are_told(call, pinned):
    one = call("ETV6:5-NTRK3:16", 0, 2, mapq_phred=0)
    assert answer([one], pinned) == (
        "INDETERMINATE",
        (
            "ETV6::NTRK3: class partial-kinase (limit =kinase-fusion), split 0 (limit >=1), "
            "mapq_phred 0 (limit >=1)"
        ),
    )


def test_doubt_of_one_gene_says_nothing_of_another(call, pinned):
    calls = [call("ETV6:5-NTRK3:15", 1, 0)]
    assert answer(calls, pinned, gene="NTRK1") == (
        "NOT_DETECTED",
        "no molecule joins a partner to NTRK1 among 200000 fragments",
    )


def test_nothing_found_in_a_large_sample_is_not_detected(pinned):
    assert answer([], pinned, fragments=100_000) == (
        "NOT_DETECTED",
        "no molecule joins a partner to NTRK3 among 100000 fragments",
    )


def test_nothing_found_in_a_small_sample_is_not_assessable(pinned):
    assert answer([], pinned, fragments=99_999) == (
        "NOT_ASSESSABLE",
        "99999 fragments, at least 100000 are needed",
    )


@pytest.mark.parametrize(("share", "status"), [(0.95, "NOT_DETECTED"), (0.94, "NOT_ASSESSABLE")])
def test_target_of_n_is_not_assessable(pinned, share, status):
    found = answer([], pinned, known_share=share)
    assert found[0] == status
    if status == "NOT_ASSESSABLE":
        assert found[1] == "the reference knows 94% of the gene's coding bases, 95% are needed"


@pytest.mark.parametrize(("reads", "status"), [(29, "NOT_ASSESSABLE"), (30, "NOT_DETECTED")])
def test_reads_of_targets_may_be_asked_for(pinned, reads, status):
    limits = msgspec.structs.replace(pinned.status, min_target_reads=30)
    stricter = msgspec.structs.replace(pinned, status=limits)
    found = answer([], stricter, NTRK1=9, NTRK3=reads - 9)
    assert found[0] == status
    if status == "NOT_ASSESSABLE":
        assert found[1] == "29 reads touch a target gene, at least 30 are needed"


def test_rejected_candidate_in_a_small_sample_is_not_assessable(call, pinned):
    calls = [call("NTRK3:4-NTRK3:15")]
    assert answer(calls, pinned, fragments=10) == (
        "NOT_ASSESSABLE",
        "10 fragments, at least 100000 are needed",
    )
