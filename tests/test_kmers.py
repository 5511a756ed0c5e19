"""The k-mer kernel against a solution with Python sets."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import expected_hits, is_complex
from fusioncall.kmers import (
    KmerTable,
    build_table,
    count_hits,
    end_in_tips,
    kmer_codes,
    tip_codes,
)
from fusioncall.world import reverse_complement

BASES = st.text("ACGT", max_size=80)
READS = st.lists(st.text("ACGTNacgtn", max_size=80), max_size=8)


def hits_of(table, reads):
    return count_hits(table, table.filter, [read.encode() for read in reads]).tolist()


@settings(deadline=None, max_examples=150)
@given(
    size=st.integers(11, 15),
    genes=st.dictionaries(
        st.sampled_from("ABCD"), st.lists(BASES, min_size=1, max_size=3), min_size=1
    ),
    strangers=READS,
    data=st.data(),
)
def test_hits_are_those_of_a_set_of_words(size, genes, strangers, data):
    texts = [text for each in genes.values() for text in each]
    cuts = st.tuples(st.sampled_from(texts), st.integers(0, 60), st.integers(0, 80), st.booleans())
    reads = list(strangers)
    for text, start, length, is_turned in data.draw(st.lists(cuts, max_size=6)):
        piece = text[start : start + length]
        reads.append(reverse_complement(piece) if is_turned else piece.lower())
    table = build_table(size, genes)
    assert hits_of(table, reads) == expected_hits(size, genes, reads)


@settings(deadline=None)
@given(gene=BASES, reads=READS)
def test_both_strands_have_the_same_hits(gene, reads):
    table = build_table(13, {"G": [gene]})
    turned = build_table(13, {"G": [reverse_complement(gene)]})
    assert table.codes.tolist() == turned.codes.tolist()
    other = [reverse_complement(read.upper()) for read in reads]
    assert hits_of(table, reads) == hits_of(table, other) == hits_of(turned, reads)


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
    assert hits_of(table, [word]) == [[1, 0]]


def test_no_kmer_runs_from_one_read_into_the_next():
    word = "ACGTTGCAATCGGAT"
    table = build_table(15, {"G": [word]})
    for cut in range(16):
        assert hits_of(table, [word[:cut], word[cut:]]) == [[cut == 15], [cut == 0]]


def test_empty_reads_and_no_reads_have_rows():
    table = build_table(15, {"G": ["ACGTTGCAATCGGAT"]})
    assert hits_of(table, ["", "ACGTTGCAATCGGAT", "", ""]) == [[0], [1], [0], [0]]
    assert hits_of(table, []) == []


def test_table_is_sorted_and_holds_no_code_twice():
    table = build_table(11, {"A": ["ACGTTGCAATCGGATTACGTTGCAATCGG"], "B": ["GGCTAACGTTGCAATC"]})
    assert isinstance(table, KmerTable)
    assert (np.diff(table.codes.astype(np.int64)) > 0).all()
    assert table.codes.size == table.owners.size > 0


def complex_words(start, kmer_bp):
    """The words of 10 bases that a read can end with before it holds a k-mer of the exon."""
    words = {start[i : i + 10] for i in range(kmer_bp - 10)}
    return {word for word in words if is_complex(word)}


@given(
    start=st.text("ACGT", min_size=14, max_size=14),
    reads=READS,
    before=st.text("ACGT", max_size=20),
    length=st.integers(8, 16),
)
def test_reads_that_end_in_the_start_of_an_exon_are_found(start, reads, before, length):
    exon = start + "ACGT"
    reads = [*reads, before + exon[:length], reverse_complement(before + exon[:length])]
    words = complex_words(start, 15)
    expected = [
        read.upper()[-10:] in words or reverse_complement(read.upper()[:10]) in words
        for read in reads
    ]
    found = end_in_tips(tip_codes([start], 15), [read.encode() for read in reads])
    assert found.tolist() == expected
