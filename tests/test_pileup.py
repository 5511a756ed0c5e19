"""Supporting molecules laid on the fused sequence."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from builders import candidate, fused_text, fusion_of, support, text_pair, text_read
from fusioncall.model import Kind, Molecule
from fusioncall.pileup import MAX_MOLECULES, pile_up, window
from fusioncall.world import reverse_complement

TEXT = "ETV6:5-NTRK3:15"


@pytest.fixture
def lay(world, reference, settings):
    """Lay molecules: those named `p...` are spanning, all others split."""

    def run(molecules, text=TEXT):
        names = [each.name for each in molecules]
        counted = replace(
            support(),
            split_names=tuple(name for name in names if not name.startswith("p")),
            spanning_names=tuple(name for name in names if name.startswith("p")),
        )
        fusion = fusion_of(candidate(world, text), counted, reference, settings.filters)
        by_name = {each.name: each for each in molecules}
        return pile_up(fusion, by_name, reference, settings.recount)

    return run


@pytest.fixture
def fused(world):
    """The fused transcript around the junction: a function of offsets from the first 3' base."""
    whole, start3 = fused_text(world, TEXT)
    return lambda low, high: whole[start3 + low : start3 + high]


def single(name, text):
    return Molecule(name, (text_read(text),))


def test_reads_of_both_strands(lay, fused):
    molecules = [single("a", fused(-40, 60)), single("b", reverse_complement(fused(-30, 50)))]
    laid = lay(molecules).molecules
    assert [
        (each.reads[0].start, each.reads[0].end, each.reads[0].is_reverse) for each in laid
    ] == [
        (-40, 60, False),
        (-30, 50, True),
    ]
    assert {symbol for each in laid for symbol in each.reads[0].symbols} == {"."}


def test_differences(lay, fused):
    other = {"A": "C", "C": "G", "G": "T", "T": "A"}
    left, right = fused(-40, 20), fused(20, 60)
    wrong = single("a", left + other[right[0]] + right[1:])
    lacking = single("b", left + right[1:])
    more = single("c", left + other[right[0]] * 2 + right)
    pileup = lay([wrong, lacking, more])
    symbols = sorted(each.reads[0].symbols.strip(".") for each in pileup.molecules)
    assert len(symbols) == 3
    assert symbols[0].startswith("+")
    assert symbols[1] == "-"
    assert symbols[2] == other[right[0]]


def test_window(lay, fused):
    pileup = lay([single("a", fused(-5, 60)), single("b", reverse_complement(fused(-60, 4)))])
    sequence, lines = window(pileup, 10)
    assert sequence == f"{fused(-10, 0)}|{fused(0, 10)}"
    assert lines == (",,,,,,,,,,|,,,,", "     .....|..........")


def test_window_with_inserted_bases(world, lay):
    text = "SQSTM1:5-NTRK1:10:CTC"
    whole, start3 = fused_text(world, text)
    pileup = lay([single("a", whole[start3 - 30 : start3 + 30])], text)
    assert pileup.inserted == "CTC"
    sequence, lines = window(pileup, 5)
    assert sequence == f"{whole[start3 - 8 : start3 - 3]}|CTC|{whole[start3 : start3 + 5]}"
    assert lines == (".....|...|.....",)


def test_split_before_spanning_each_by_place(lay, fused):
    pairs = [text_pair("p1", fused(-150, 150), 60), text_pair("p2", fused(-200, 160), 60)]
    splits = [single("s1", fused(-20, 60)), single("s2", fused(-50, 30))]
    pileup = lay([*pairs, *splits])
    assert [(each.kind, each.reads[0].start) for each in pileup.molecules] == [
        (Kind.SPLIT, -50),
        (Kind.SPLIT, -20),
        (Kind.SPANNING, -200),
        (Kind.SPANNING, -150),
    ]
    assert [len(each.reads) for each in pileup.molecules] == [1, 1, 2, 2]
    assert len(window(pileup, 10)[1]) == 2


def test_no_more_than_the_cap(lay, fused):
    molecules = [single(f"s{i:03}", fused(-40 + i % 20, 60)) for i in range(MAX_MOLECULES + 7)]
    random.Random(1).shuffle(molecules)
    pileup = lay(molecules)
    assert len(pileup.molecules) == pileup.chosen == MAX_MOLECULES
    assert pileup.supporting == MAX_MOLECULES + 7


def test_what_does_not_lie_there_is_counted(lay, fused):
    noise = "".join(random.Random(2).choices("ACGT", k=100))
    pileup = lay([single("a", fused(-50, 50)), single("b", noise)])
    assert (len(pileup.molecules), pileup.chosen, pileup.supporting) == (1, 2, 2)


def test_molecules_that_are_missing_in_the_bam(world, reference, settings):
    fusion = fusion_of(candidate(world, TEXT), support(), reference, settings.filters)
    pileup = pile_up(fusion, {}, reference, settings.recount)
    assert (pileup.molecules, pileup.chosen, pileup.supporting) == ((), 0, 8)
    assert window(pileup, 10)[1] == ()
