"""Molecules that hold one of some words: exactly those that a search of their text finds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fusioncall.seeds
from fusioncall.model import Molecule, Read, ReadNumber
from fusioncall.seeds import holding

BASES = st.text(alphabet="ACGTN", max_size=12)


def molecule(name, *texts):
    numbers = (ReadNumber.FIRST, ReadNumber.SECOND)
    reads = (Read(number, text, "", ()) for number, text in zip(numbers, texts, strict=False))
    return Molecule(name, tuple(reads))


@settings(max_examples=300)
@given(
    texts=st.lists(st.tuples(BASES, BASES), max_size=8),
    words=st.sets(st.text(alphabet="ACGT", min_size=1, max_size=4), max_size=6),
)
def test_those_whose_text_holds_a_word(texts, words):
    molecules = [molecule(str(number), *each) for number, each in enumerate(texts)]
    held = [
        (each, {word for word in words for read in each.reads if word in read.sequence})
        for each in molecules
    ]
    assert list(holding(molecules, words)) == [(each, found) for each, found in held if found]


@pytest.mark.parametrize("words", [[], [""], ["ACN"]])
def test_no_word_to_be_found(words):
    assert list(holding([molecule("a", "ACNACGT", "ACGTT")], words)) == []


def test_a_word_does_not_join_the_end_of_one_read_to_the_next():
    molecules = [molecule("a", "AAC", "GTT"), molecule("b", "CAA", "AAA")]
    assert list(holding(molecules, ["ACGT", "TTCA"])) == []


def test_batches_go_on_where_the_one_before_ended(monkeypatch):
    monkeypatch.setattr(fusioncall.seeds, "_BATCH", 2)
    molecules = [molecule(str(i), "ACGT" if i % 3 else "GGGG") for i in range(7)]
    assert [each.name for each, _ in holding(molecules, ["CGT"])] == ["1", "2", "4", "5"]
