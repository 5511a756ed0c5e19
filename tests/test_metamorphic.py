"""What must not change, whatever the sample is: more reads lose no call, order decides nothing."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from builders import aligned, molecules_of, plant
from fusioncall.model import Molecule, ReadNumber
from fusioncall.pipeline import Found, call_molecules
from fusioncall.simulate import ReadSettings, SamplePlan, simulate_sample

FUSIONS = (
    "ETV6:5-NTRK3:15",
    "TPM3:8-NTRK1:10",
    "QKI:6-NTRK2:16",
    "LMNA:11-20-NTRK1:11",
    "BTBD1:4-NTRK3:14+20",
)
GENES = ("NTRK1", "NTRK2", "NTRK3", "ETV6", "TPM3", "LMNA", "GAPDH")
LIBRARY = ReadSettings(read_length_bp=75, error_rate=0.005)


@pytest.fixture(scope="module")
def sample(world, reference, settings):
    """The aligned molecules of a sample by its seed: of fusions, and of the genes without one."""

    @cache
    def made(seed: int, split: int = 3, spanning: int = 2, background: int = 0):
        plants = tuple(plant(world, text, split=split, spanning=spanning) for text in FUSIONS)
        genes = tuple((gene, background) for gene in GENES)
        plan = SamplePlan("S", seed, LIBRARY, plants if split else (), genes)
        molecules = molecules_of(simulate_sample(world, plan))
        named = [replace(each, name=f"{seed}:{each.name}") for each in molecules]
        return tuple(aligned(named, reference, settings))

    return made


def calls_of(molecules, reference, settings):
    """The junctions that pass."""
    found = call_molecules(molecules, reference, settings)
    return {place_of(call) for call in found.calls if call.passed}


def place_of(call):
    five, three = call.fusion.five, call.fusion.three
    return (call.fusion.name, five.position, three.position, call.fusion.inserted)


def expected_of(world):
    junctions = [plant(world, text) for text in FUSIONS]
    return {
        (
            each.name,
            *(int(text.split(":")[1]) - 1 for text in (each.breakpoint5, each.breakpoint3)),
            "",
        )
        for each in junctions
    }


@pytest.mark.parametrize("seed", range(1, 3))
def test_background_loses_no_call_and_adds_none(world, sample, reference, settings, seed):
    alone = calls_of(sample(seed), reference, settings)
    background = sample(100 + seed, 0, 0, 30)
    assert len(background) == 30 * len(GENES)
    assert alone <= expected_of(world)
    assert len(alone) >= 4
    assert calls_of([*sample(seed), *background], reference, settings) == alone
    assert calls_of(background, reference, settings) == set()


@pytest.mark.parametrize("seed", range(1, 3))
def test_more_molecules_of_the_same_junctions_lose_no_call(
    world, sample, reference, settings, seed
):
    known = set()
    molecules: list[Molecule] = []
    for more in range(3):
        molecules += sample(10 * seed + more)
        found = calls_of(molecules, reference, settings)
        assert known <= found
        known = found
    assert known == expected_of(world)


@given(kept=st.sets(st.integers(0, 24), min_size=1))
@limits(max_examples=5)
def test_every_part_of_a_sample_calls_no_more_than_the_whole(sample, reference, settings, kept):
    """Off the exon edges one read may pass alone and not beside others: these are left out."""
    molecules = sample(5)
    part = [molecules[index] for index in sorted(kept)]
    whole = calls_of(molecules, reference, settings)
    spliced = {"ETV6::NTRK3", "TPM3::NTRK1", "QKI::NTRK2"}
    found = calls_of(part, reference, settings)
    assert {each for each in found if each[0] in spliced} <= whole


def swapped(molecule: Molecule) -> Molecule:
    first, second = molecule.reads
    reads = (
        replace(second, number=ReadNumber.FIRST),
        replace(first, number=ReadNumber.SECOND),
    )
    return replace(molecule, reads=reads)


def unnamed(found: Found) -> list[object]:
    """All calls, with the number of their molecules instead of the names."""
    return [
        replace(
            call.fusion,
            support=replace(
                call.fusion.support,
                split_names=("",) * len(call.fusion.support.split_names),
                spanning_names=("",) * len(call.fusion.support.spanning_names),
            ),
        )
        for call in found.calls
    ]


@given(seed=st.integers(0, 2**32))
@limits(max_examples=2)
def test_order_mates_and_names_decide_nothing(sample, reference, settings, seed):
    molecules = [*sample(7), *sample(107, 0, 0, 6)]
    copies = [replace(each, name=f"again:{each.name}") for each in molecules[::9]]
    molecules += copies
    known = call_molecules(molecules, reference, settings)
    assert known.calls
    stir = random.Random(seed)
    mixed = stir.sample(molecules, len(molecules))
    assert call_molecules(mixed, reference, settings) == known
    turned = [swapped(each) if stir.random() < 0.5 else each for each in mixed]
    assert call_molecules(turned, reference, settings) == known
    renamed = [replace(each, name=f"{number:06d}") for number, each in enumerate(mixed)]
    assert unnamed(call_molecules(renamed, reference, settings)) == unnamed(known)
