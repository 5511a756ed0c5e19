"""The k-mer table against a solution with Python sets; `test_scan.py` has its use."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import is_complex, words_of
from fusioncall.kmers import KmerTable, build_table, kmer_codes, tip_codes, window_codes
from fusioncall.world import reverse_complement

BASES = st.text("ACGT", max_size=80)


@settings(deadline=None, max_examples=150)
@given(
    size=st.integers(11, 15),
    genes=st.dictionaries(
        st.sampled_from("ABCD"), st.lists(BASES, min_size=1, max_size=3), min_size=1
    ),
)
def test_table_holds_the_words_of_each_gene(size, genes):
    table = build_table(size, genes)
    owners = dict(zip(table.codes.tolist(), table.owners.tolist(), strict=True))
    expected = {}
    for owner, texts in enumerate(genes.values()):
        for text in texts:
            for word in words_of(text, size):
                if is_complex(word):
                    expected.setdefault(int(kmer_codes(word, size)[0]), owner)
    assert owners == expected


@given(gene=BASES)
def test_both_strands_have_the_same_codes(gene):
    table = build_table(13, {"G": [gene]})
    turned = build_table(13, {"G": [reverse_complement(gene)]})
    assert table.codes.tolist() == turned.codes.tolist()


def test_two_letters_stand_for_no_other_kmer():
    """All 4^5 words of a small size by their codes: as many as there are pairs of strands."""
    words = ["".join(letters) for letters in itertools.product("ACGT", repeat=7)]
    codes = {}
    for word in words:
        for code in kmer_codes(word, 7).tolist():
            codes.setdefault(code, set()).add(min(word, reverse_complement(word)))
    assert all(len(each) == 1 for each in codes.values())
    complex_words = {min(w, reverse_complement(w)) for w in words if is_complex(w)}
    assert len(codes) == len(complex_words)


@pytest.mark.parametrize(
    ("word", "is_kept"),
    [
        ("A" * 15, False),
        ("AC" * 8, False),
        ("ACG" * 5, False),
        ("ACGT" * 4, False),
        ("A" * 13 + "CG", False),  # AAA, AAC, ACG
        ("A" * 11 + "CGTC", True),  # AAA, AAC, ACG, CGT, GTC
        ("ACGTC" * 3, True),
    ],
)
def test_low_complexity_is_left_out(word, is_kept):
    word = word[:15]
    assert (kmer_codes(word, 15).size == 1) is is_kept
    assert (build_table(15, {"G": [word]}).codes.size == 1) is is_kept


def test_shared_kmer_belongs_to_the_first_gene():
    word = "ACGTTGCAATCGGAT"
    table = build_table(15, {"FIRST": [word], "SECOND": [reverse_complement(word)]})
    assert table.names == ("FIRST", "SECOND")
    assert table.owners.tolist() == [0]


def test_kmers_know_their_exon_and_their_strand():
    one, two = "ACGTTGCAATCGGATTA", "CCGATAGGCTAAGTCTT"
    texts = {"G": [one + two, two + "ACCCTGATTA"], "H": [reverse_complement(one)]}
    table = build_table(15, texts, {"G": {1: one, 2: two}, "H": {1: reverse_complement(one)}})
    assert table.exon_names == ("G:1", "G:2", "H:1")
    assert table.exon_kmers.tolist() == [3, 3, 0]
    code = int(kmer_codes(one, 15)[0])
    row = table.codes.tolist().index(code)
    canonical = min(one[:15], reverse_complement(one[:15])) == one[:15]
    assert (table.exons[row], table.is_sense[row]) == (1, canonical)


def test_table_is_sorted_and_holds_no_code_twice():
    table = build_table(11, {"A": ["ACGTTGCAATCGGATTACGTTGCAATCGG"], "B": ["GGCTAACGTTGCAATC"]})
    assert isinstance(table, KmerTable)
    assert (np.diff(table.codes.astype(np.int64)) > 0).all()
    assert table.codes.size == table.owners.size > 0


def test_tips_are_the_first_words_of_an_exon():
    start = "ACGTTGCAATCGGA"
    words = {start[i : i + 10] for i in range(5)}
    assert tip_codes([start], 15).tolist() == sorted(
        sum("ACGT".index(base) * 4 ** (9 - place) for place, base in enumerate(word))
        for word in words
    )


def test_windows_are_those_of_both_strands_without_low_complexity():
    text = "ACGTTGCAATCGGATTACCGTA"
    codes = window_codes([text, "A" * 30, "ACGTTGCAATNGGATTACCGTA"])
    words = {text[i : i + 20] for i in range(3)}
    words |= {reverse_complement(word) for word in words}
    assert codes.tolist() == sorted(
        sum("ACTG".index(base) * 4**place for place, base in enumerate(word)) for word in words
    )
