"""The scan kernel against the rule written out with sets and loops."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from builders import expected_hits, own_words, touches
from fusioncall.kmers import build_table, tip_codes, window_codes
from fusioncall.scan import MIN_STRETCH_BP, Scanner, name_groups
from fusioncall.screen import _as_block
from fusioncall.world import reverse_complement

RANDOM = random.Random(11)
GENES = {name: ["".join(RANDOM.choices("ACGT", k=300))] for name in ("T1", "T2", "C1")}
TARGETS = [text for name in ("T1", "T2") for text in GENES[name]]
STARTS = [text[120:134] for text in TARGETS]
WINDOWS = {text[i : i + 20] for text in TARGETS for i in range(len(text) - 19)}
WINDOWS |= {reverse_complement(window) for window in WINDOWS}
TIPS = {start[i : i + 10] for start in STARTS for i in range(5)}


def table(kmer_bp):
    return replace(
        build_table(kmer_bp, GENES),
        tips=tip_codes(STARTS, 15),
        windows=window_codes(TARGETS),
    )


def scan(settings, kmer_bp, reads):
    names = [f"r{i}" for i in range(len(reads))]
    return Scanner(table(kmer_bp), 2, settings.screen).scan(*_as_block(names, reads))


def stirred(amount, seed):
    """Reads with pieces of genes, some with errors, some at an end."""
    stir = random.Random(seed)
    for _ in range(amount):
        text = stir.choice([text for each in GENES.values() for text in each])
        size = stir.choice([*range(8, 26), 60])
        start = stir.choice([stir.randrange(len(text) - size), 120])
        piece = list(text[start : start + size])
        for _ in range(stir.choice([0, 0, 1, 2, 3])):
            piece[stir.randrange(len(piece))] = stir.choice("ACGTN")
        before, after = (
            "".join(stir.choices("ACGT", k=stir.choice([0, 0, 3, 20, 50]))) for _ in "ba"
        )
        read = before + "".join(piece) + after
        read = reverse_complement(read) if stir.random() < 0.5 else read
        yield read.lower() if stir.random() < 0.1 else read


@pytest.mark.parametrize("kmer_bp", [11, 13, 15])
@pytest.mark.parametrize("turn", [False, True])
def test_kept_reads_are_those_of_the_rule(settings, kmer_bp, turn):
    reads = ["", "A", "ACGTACGTAC", *stirred(1000, kmer_bp)]
    reads = [reverse_complement(read) if turn else read for read in reads]
    sets = own_words(kmer_bp, GENES)
    wanted = [touches(read, kmer_bp, sets, windows=WINDOWS, tips=TIPS) for read in reads]
    assert scan(settings, kmer_bp, reads).kept.astype(bool).tolist() == wanted
    assert 200 < sum(wanted) < 950


def test_every_place_of_a_stretch_is_found(settings):
    """The looked-up words are every eighth one: a stretch must hold one wherever it begins."""
    stretch = TARGETS[0][40 : 40 + MIN_STRETCH_BP]
    reads = ["N" * before + stretch + "N" * after for before in range(30) for after in range(30)]
    reads += ["N" * before + stretch + "N" * (1500 - before) for before in range(1500)]
    assert scan(settings, 15, reads).kept.all()


def test_kmer_at_the_end_of_a_long_read_is_found(settings):
    """The words of a long read are looked up in lots; none may be left out where one lot ends."""
    kmer = TARGETS[0][40:55]
    reads = ["A" * before + kmer for before in range(480, 1100)]
    assert scan(settings, 15, reads).kept.all()


def test_counts_of_genes_and_bases(settings):
    reads = list(stirred(2000, 5))
    found = scan(settings, 15, reads)
    hits = expected_hits(15, GENES, reads)
    assert found.genes.tolist() == [sum(row[gene] >= 10 for row in hits) for gene in range(3)]
    assert found.totals.tolist() == [sum(map(len, reads)), sum(len(read) < 20 for read in reads), 0]
    assert np.flatnonzero(found.lengths).tolist() == sorted({len(read) for read in reads})


def test_strand_is_that_of_most_kmers(settings):
    sense = TARGETS[0][:60]
    found = scan(settings, 15, [sense, sense, reverse_complement(sense)])
    assert found.strands.tolist() == [2, 1]


def test_exons_count_their_kmers(settings):
    one, two = TARGETS[0][:60], TARGETS[0][60:100]
    made = build_table(15, GENES, {"T1": {1: one, 2: two}})
    block = _as_block(["a", "b"], [TARGETS[0][:100], one[:30]])
    found = Scanner(made, 2, settings.screen).scan(*block)
    assert found.exons.tolist() == [14, 46 + 16, 26]


def test_names_are_grouped_by_lane():
    names = [*(f"I:1:F:{lane}:{tile}:5:7" for lane in (1, 2, 1) for tile in (9, 10)), "r1", "a:b"]
    names += [f"I:1:F:{lane}:1:5:7" for lane in range(100, 300)]
    groups = name_groups(*_as_block(names, [""] * len(names)))
    assert groups["I:1:F:1"] == 4
    assert groups["I:1:F:2"] == 2
    assert sum(groups.values()) == len(names)
    assert len(groups) == 63
