"""Molecules on fused sequences: where copies begin, and what fits a junction in part."""

from __future__ import annotations

from itertools import product

import edlib
import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from builders import (
    candidate,
    changed,
    fused_text,
    plant,
    text_pair,
    text_read,
)
from fusioncall.model import Molecule, ReadNumber
from fusioncall.placing import is_misfit, lay, templates_of
from fusioncall.recount import recount
from fusioncall.world import reverse_complement

FUSIONS = ("ETV6:5-NTRK3:15", "TPM3:8-NTRK1:10", "QKI:6-NTRK2:16", "BTBD1:4-NTRK3:14")
READ = 75


@pytest.fixture
def limits(pinned):
    """Settings of the recount whose limits stay."""
    return msgspec.structs.replace(pinned.recount, min_misfit_bp=20, max_misfit_edit_rate=0.3)


# copies


def with_base(text, place, base):
    """The text with another base at a place, which may count from the end."""
    place %= len(text)
    return text[:place] + base + text[place + 1 :]


def erroneous(fragment, name):
    """The pair of a fragment with each error in the first or last base of either read."""
    first, second = fragment[:READ], reverse_complement(fragment[-READ:])
    for place, base, number in product((0, -1), "ACGT", (0, 1)):
        texts = [first, second]
        texts[number] = with_base(texts[number], place, base)
        reads = (text_read(texts[0], ReadNumber.FIRST), text_read(texts[1], ReadNumber.SECOND))
        yield Molecule(f"{name}{place}{base}{number}", reads)


@pytest.mark.parametrize("text", FUSIONS)
@pytest.mark.parametrize(
    ("before", "after", "kind"), [(40, 120, "split"), (130, 30, "split"), (110, 105, "spanning")]
)
@pytest.mark.parametrize("is_turned", [False, True])
def test_copies_with_an_error_in_an_outer_base_are_one_molecule(
    world, reference, limits, *, text, before, after, kind, is_turned
):
    fused, cut = fused_text(world, text)
    fragment = fused[cut - before : cut + after]
    fragment = reverse_complement(fragment) if is_turned else fragment
    molecules = [text_pair("true", fragment, READ), *erroneous(fragment, "copy")]
    (support,) = recount(molecules, [candidate(world, text)], reference, limits).values()
    assert len(molecules) == 17
    assert (support.total, support.copies, support.distinct_starts) == (1, 16, 1)
    names = {"split": support.split_names, "spanning": support.spanning_names}[kind]
    assert len(names) == 17


def test_errors_in_outer_bases_leave_other_molecules_apart(world, reference, limits):
    """A fragment that begins one base later is no copy, whatever its first base is."""
    fused, cut = fused_text(world, "ETV6:5-NTRK3:15")
    molecules = [
        *erroneous(fused[cut - 40 : cut + 120], "a"),
        *erroneous(fused[cut - 39 : cut + 120], "b"),
        *erroneous(fused[cut - 40 : cut + 121], "c"),
    ]
    (support,) = recount(
        molecules, [candidate(world, "ETV6:5-NTRK3:15")], reference, limits
    ).values()
    assert (support.total, support.copies) == (3, 45)


# misfits


def astray(world, text, donor_bp, acceptor):
    """A read from the end of a donor into other bases than the acceptor's."""
    fused, cut = fused_text(world, text)
    return fused[cut - donor_bp : cut] + acceptor(fused[cut:])


def misfit(world, reference, limits, text, read):
    fused = templates_of(candidate(world, text), reference, limits).fused
    found = {
        is_misfit(Molecule("r", reads), fused, limits)
        for bases in (read, reverse_complement(read))
        for reads in (
            (text_read(bases),),
            (text_read("ACGT" * 15, ReadNumber.FIRST), text_read(bases, ReadNumber.SECOND)),
        )
    }
    (answer,) = found  # the same on either strand, alone and as a mate
    return answer


def spread(size, amount):
    """So many places in a text, evenly spread."""
    return [(2 * i + 1) * size // (2 * amount) for i in range(amount)]


def like(size, percent):
    """Bases of which so many percent are an acceptor's; the others are evenly spread."""
    wrong = round(size * (100 - percent) / 100)
    return lambda bases: changed(bases[:size], spread(size, wrong))


@pytest.mark.parametrize("text", FUSIONS)
@pytest.mark.parametrize(("size", "percent"), [(20, 85), (40, 75), (40, 87), (60, 80), (60, 86)])
def test_read_of_a_paralogue_is_a_misfit(world, reference, limits, text, size, percent):
    assert misfit(world, reference, limits, text, astray(world, text, 15, like(size, percent)))


@pytest.mark.parametrize("text", FUSIONS)
@pytest.mark.parametrize(("size", "errors"), [(20, 0), (20, 2), (40, 4), (60, 5), (60, 7)])
def test_read_of_the_fusion_with_errors_is_none(world, reference, limits, text, size, errors):
    read = astray(world, text, 15, lambda bases: changed(bases[:size], spread(size, errors)))
    assert not misfit(world, reference, limits, text, read)


@pytest.mark.parametrize("text", FUSIONS)
def test_short_read_into_a_paralogue_says_nothing(world, reference, limits, text):
    """Nineteen bases behind the donor; twenty tell."""
    found = [
        misfit(world, reference, limits, text, astray(world, text, 15, like(size, 80)))
        for size in (19, 20)
    ]
    assert found == [False, True]


@pytest.mark.parametrize("text", FUSIONS)
def test_read_into_something_else_is_none(world, reference, limits, text):
    """Unfused partner, and bases that resemble nothing."""
    planted = plant(world, text)
    partner = world.sequence(world.transcript(planted.transcript5))
    fused, cut = fused_text(world, text)
    place = partner.index(fused[cut - 40 : cut]) + 40
    unfused = partner[place - 15 : place + 50]
    reverse = astray(world, text, 15, lambda bases: bases[:50][::-1])
    for read in (unfused, reverse):
        assert not misfit(world, reference, limits, text, read)


@pytest.mark.parametrize("text", FUSIONS)
@pytest.mark.parametrize(("donor_bp", "expected"), [(11, False), (12, True)])
def test_twelve_bases_of_the_donor_must_be_there(
    world, reference, limits, text, donor_bp, expected
):
    read = astray(world, text, donor_bp, like(40, 80))
    assert misfit(world, reference, limits, text, read) is expected


def test_misfits_are_counted_as_molecules(world, reference, limits):
    """Beside true molecules, and those of the partner without a fusion."""
    text = "ETV6:5-NTRK3:15"
    partner, (fused, cut) = world.sequence(world.transcript("ETV6")), fused_text(world, text)
    end = partner.index(fused[cut - 40 : cut]) + 40
    true = [text_pair(f"true{i}", fused[cut - 30 - i : cut + 100], READ) for i in range(6)]
    unfused = [text_pair(f"wild{i}", partner[end - 30 - i : end + 100], READ) for i in range(3)]
    strange = [
        Molecule(f"strange{i}", (text_read(astray(world, text, 15 + i, like(50, 80))),))
        for i in range(4)
    ]
    (support,) = recount(
        [*true, *unfused, *strange], [candidate(world, text)], reference, limits
    ).values()
    assert (support.split_molecules, support.misfit_molecules) == (6, 4)


@pytest.mark.parametrize(("mate", "expected"), [("own", 0), ("nothing", 1)])
def test_split_read_whose_mate_fits_nowhere_is_a_misfit(world, reference, limits, mate, expected):
    text = "ETV6:5-NTRK3:15"
    fused, cut = fused_text(world, text)
    other = fused[cut + 60 : cut + 120]
    other = other if mate == "own" else other[::-1]
    reads = (
        text_read(fused[cut - 40 : cut + 35], ReadNumber.FIRST),
        text_read(reverse_complement(other), ReadNumber.SECOND),
    )
    (support,) = recount(
        [Molecule("r", reads)], [candidate(world, text)], reference, limits
    ).values()
    assert (support.split_molecules, support.misfit_molecules) == (1, expected)


@hypothesis_settings(max_examples=400)
@given(
    sequence=st.text(alphabet="ACGT", min_size=40, max_size=120),
    start=st.integers(0, 20),
    size=st.integers(20, 60),
    edits=st.lists(
        st.tuples(st.integers(0, 59), st.sampled_from(["", "A", "C", "G", "T", "AC"])), max_size=4
    ),
    is_reverse=st.booleans(),
)
def test_places_are_those_of_an_alignment_without_a_shortcut(
    pinned, sequence, start, size, edits, is_reverse
):
    """Nothing that edlib would place is left out for want of an equal word."""
    letters = list(sequence[start : start + size])
    for place, change in edits:
        letters[place % len(letters)] = change
    read = "".join(letters)
    limit = max(1, int(len(read) * pinned.recount.max_edit_rate))
    both = [
        edlib.align(text, sequence, mode="HW", task="distance", k=limit)["editDistance"]
        for text in (read, reverse_complement(read))
    ]
    fewest = min((each for each in both if each >= 0), default=None)
    hit = lay(reverse_complement(read) if is_reverse else read, sequence, pinned.recount)
    assert (None if hit is None else hit.edits) == fewest
