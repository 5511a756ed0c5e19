"""Pairs without a split read: estimated, told, and never called."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import msgspec
import pytest

from builders import (
    acceptor_edge,
    aligned,
    answers_of,
    candidate,
    census,
    donor_edge,
    flipped,
    junction_of,
    make_read,
    molecules_of,
    pair,
    piece_before,
    piece_from,
    plant,
    sample_calls,
    simulated,
    single,
    split_parts,
    support,
)
from fusioncall.annotate import annotate
from fusioncall.catalogue import read_catalogue
from fusioncall.coords import Strand
from fusioncall.model import Molecule, Proposal
from fusioncall.pairs import propose_spanned
from fusioncall.pipeline import call_molecules
from fusioncall.resources import resource_path
from fusioncall.status import Status
from fusioncall.tables import fusion_row

PLANTS = ("ETV6:5-NTRK3:15", "TPM3:8-NTRK1:10", "QKI:6-NTRK2:16", "BTBD1:4-NTRK3:14")
SIZE = 40


@pytest.fixture
def limits(settings):
    """Settings of the evidence whose limits stay."""
    return msgspec.structs.replace(settings.evidence, min_lone_pairs=2)


def moved(piece, bases):
    """A piece moved in the direction in which its strand is transcribed."""
    way = bases if piece.strand is Strand.FORWARD else -bases
    return replace(piece, start=piece.start + way, end=piece.end + way)


def lone(world, text, name, before=5, after=5):
    """A pair that ends so many bases before a junction and begins so many behind it."""
    left, right = split_parts(junction_of(plant(world, text)), SIZE, SIZE)
    mates = (make_read(world, [moved(left, -before)]), make_read(world, [moved(right, after)]))
    return pair(name, *mates)


def two(world, text):
    return [lone(world, text, "a", 5, 3), lone(world, text, "b", 2, 9)]


def estimated(world, text, name):
    junction = junction_of(plant(world, text))
    donor, acceptor = junction.donor.position, junction.acceptor.position
    return Proposal(junction, name, 60, ((donor, donor + 1),), ((acceptor, acceptor + 1),))


def proposed(molecules, reference, limits, counted=None):
    return propose_spanned(molecules, counted or {}, reference, limits)


# which junction


@pytest.mark.parametrize("text", PLANTS)
def test_two_pairs_give_the_tightest_annotated_junction(world, reference, limits, text):
    molecules = two(world, text)
    expected = tuple(estimated(world, text, name) for name in "ab")
    assert proposed(molecules, reference, limits) == expected
    assert proposed(molecules[::-1], reference, limits) == expected


@pytest.mark.parametrize("text", PLANTS)
def test_mates_may_come_in_either_order(world, reference, limits, text):
    molecules = [replace(each, reads=each.reads[::-1]) for each in two(world, text)]
    expected = tuple(estimated(world, text, name) for name in "ab")
    assert proposed(molecules, reference, limits) == expected


@pytest.mark.parametrize("text", PLANTS)
@pytest.mark.parametrize("side", ["donor", "acceptor"])
def test_mates_in_several_exons_must_all_be_allowed(world, reference, limits, text, side):
    """A mate one exon farther from the junction changes nothing."""
    planted = plant(world, text)
    far = lone(world, text, "b")
    reads = list(far.reads)
    if side == "donor":
        transcript = world.transcript(planted.transcript5)
        number = int(text.split("-")[0].partition(":")[2]) - 1
        edge = donor_edge(transcript, number)
        piece = piece_before(transcript.contig, edge, transcript.strand, SIZE)
        reads[0] = replace(make_read(world, [piece]), number=reads[0].number)
    else:
        transcript = world.transcript(planted.transcript3)
        edge = acceptor_edge(transcript, int(text.rpartition(":")[2]) + 1)
        piece = piece_from(transcript.contig, edge, transcript.strand, SIZE)
        reads[1] = replace(flipped(make_read(world, [piece])), number=reads[1].number)
    molecules = [lone(world, text, "a"), replace(far, reads=tuple(reads))]
    expected = tuple(estimated(world, text, name) for name in "ab")
    assert proposed(molecules, reference, limits) == expected


@pytest.mark.parametrize("text", PLANTS)
@pytest.mark.parametrize(("beyond", "is_same"), [(7, True), (8, False)])
def test_seven_bases_beyond_an_edge_are_none(world, reference, limits, text, beyond, is_same):
    """An aligner sets them into the intron; eight bases would be a split read."""
    known = estimated(world, text, "a").junction
    for sides in ((-beyond, 5), (5, -beyond)):
        molecules = [lone(world, text, "a", *sides), lone(world, text, "b")]
        first, second = proposed(molecules, reference, limits)
        assert first.junction == second.junction
        same = (first.junction.donor == known.donor, first.junction.acceptor == known.acceptor)
        assert same == (is_same or sides[0] > 0, is_same or sides[1] > 0)


def test_mate_behind_the_last_donor_gives_nothing(world, reference, limits):
    etv6 = world.transcript("ETV6")
    last = piece_from("chr12", acceptor_edge(etv6, len(etv6.exons)), etv6.strand, SIZE)
    one, other = two(world, "ETV6:5-NTRK3:15")
    reads = (replace(make_read(world, [moved(last, 50)]), number=one.reads[0].number),)
    beyond = replace(one, reads=(*reads, one.reads[1]))
    assert proposed([beyond, other], reference, limits) == ()


# which pairs


@pytest.mark.parametrize("text", PLANTS)
def test_one_pair_is_a_chimera_of_the_library(world, reference, limits, text):
    assert proposed([lone(world, text, "a")], reference, limits) == ()


def test_pairs_of_different_genes_do_not_add_up(world, reference, limits):
    molecules = [lone(world, text, name) for text, name in zip(PLANTS, "abcd", strict=True)]
    assert proposed(molecules, reference, limits) == ()


def test_gene_pairs_come_one_by_one(world, reference, limits):
    texts = PLANTS[:2]
    molecules = [lone(world, text, f"{text}{i}", 2 + i) for i in range(3) for text in texts]
    found = proposed(molecules, reference, limits)
    junctions = Counter(each.junction for each in found)
    assert junctions == {junction_of(plant(world, text)): 3 for text in texts}


@pytest.mark.parametrize("text", PLANTS)
@pytest.mark.parametrize("turned", [(True, False), (False, True), (True, True)])
def test_mates_that_do_not_face_each_other_propose_nothing(world, reference, limits, text, turned):
    """`flipped` changes the strand of a read in place."""
    molecules = [
        replace(
            each,
            reads=tuple(
                flipped(read) if turn else read
                for read, turn in zip(each.reads, turned, strict=True)
            ),
        )
        for each in two(world, text)
    ]
    assert proposed(molecules, reference, limits) == ()


def test_pairs_out_of_a_target_propose_nothing(world, reference, limits):
    """The target's 5' part is not what a kinase fusion keeps."""
    assert proposed(two(world, "NTRK3:14-ETV6:6"), reference, limits) == ()


def test_pairs_within_a_target_or_without_one_propose_nothing(world, reference, limits):
    for text in ("NTRK3:4-NTRK3:15", "ETV6:5-TPM3:3"):
        assert proposed(two(world, text), reference, limits) == ()


def test_single_reads_and_unaligned_mates_propose_nothing(world, reference, limits):
    molecules = two(world, "ETV6:5-NTRK3:15")
    alone = [single(each.name, each.reads[0]) for each in molecules]
    bare = [
        Molecule(each.name, (each.reads[0], replace(each.reads[1], segments=())))
        for each in molecules
    ]
    for given in (alone, bare):
        assert proposed(given, reference, limits) == ()


# what is known already


def test_supported_junction_of_the_two_genes_explains_its_pairs(world, reference, limits):
    text = "ETV6:5-NTRK3:15"
    molecules = two(world, text)
    known = candidate(world, "ETV6:4-NTRK3:14")
    assert proposed(molecules, reference, limits, {known: support(1, 0)}) == ()
    empty = {known: replace(support(0, 0), split_names=(), spanning_names=())}
    assert len(proposed(molecules, reference, limits, empty)) == 2
    others = {candidate(world, "TPM3:8-NTRK3:15"): support(1, 0)}
    assert len(proposed(molecules, reference, limits, others)) == 2


def test_molecules_of_another_junction_are_not_taken_again(world, reference, limits):
    text = "ETV6:5-NTRK3:15"
    molecules = [*two(world, text), lone(world, text, "split0")]
    known = {candidate(world, "TPM3:8-NTRK3:15"): support(1, 0)}
    assert [each.molecule for each in proposed(molecules, reference, limits, known)] == ["a", "b"]


# through the pipeline


@pytest.mark.parametrize("text", PLANTS)
def test_lone_pairs_become_a_candidate_and_no_call(world, reference, settings, text):
    places = {"a": (5, 3), "b": (2, 9), "c": (4, 4)}
    molecules = [lone(world, text, name, *sides) for name, sides in places.items()]
    (call,) = call_molecules(molecules, reference, settings).calls
    fusion = call.fusion
    planted = junction_of(plant(world, text))
    assert fusion.five.position == planted.donor.position
    assert fusion.three.position == planted.acceptor.position
    assert fusion.support.split_molecules == 0
    assert fusion.support.spanning_names == ("a", "b", "c")
    assert not call.passed
    assert "split" in {each.filter for each in call.verdicts if not each.passed}
    (annotated,) = annotate([call], read_catalogue(resource_path("known_partners.tsv")), reference)
    assert fusion_row("S", 10, annotated).precision == "estimated"
    statuses = answers_of(sample_calls([call], census()), reference, settings)
    assert {each.gene: each.status for each in statuses}[fusion.target] is Status.INDETERMINATE


def test_one_lone_pair_changes_no_answer(world, reference, settings):
    molecules = [lone(world, "ETV6:5-NTRK3:15", "a")]
    assert call_molecules(molecules, reference, settings).calls == ()


def test_copies_of_one_lone_pair_are_one(world, reference, settings):
    molecules = [lone(world, "ETV6:5-NTRK3:15", name) for name in "abc"]
    calls = call_molecules(molecules, reference, settings).calls
    statuses = answers_of(sample_calls(calls, census()), reference, settings)
    assert {each.gene: each.status for each in statuses}["NTRK3"] is Status.NOT_DETECTED


def test_no_molecule_counts_twice(world, reference, settings):
    """Fusions with split reads, and lone pairs of the same genes and of others."""
    plants = [
        plant(world, "ETV6:5-NTRK3:15", split=4, spanning=4),
        plant(world, "ETV6:4-NTRK3:14", spanning=4),
        plant(world, "TPM3:8-NTRK3:15", spanning=4),
        plant(world, "TPM3:8-NTRK1:10", spanning=4),
        plant(world, "QKI:6-NTRK2:16", split=1),
    ]
    sample = simulated(world, *plants, read_length_bp=75, error_rate=0.005)
    molecules = aligned(molecules_of(sample), reference, settings)
    calls = call_molecules(molecules, reference, settings).calls
    names = Counter(name for call in calls for name in call.fusion.support.names)
    shown = {row.read_name for row in sample.evidence}
    told = {row.read_name for row in sample.evidence if row.breakpoint5 != plants[1].breakpoint5}
    assert (len(told), len(shown)) == (17, 21)
    assert told <= set(names) <= shown  # ETV6 and NTRK3 have a junction with split reads already
    assert set(names.values()) == {1}
    places = [(call.fusion.five, call.fusion.three, call.fusion.inserted) for call in calls]
    assert len(set(places)) == len(places)


def test_planted_spanning_pairs_are_all_counted_and_named(world, reference, settings):
    """With alignments as the aligner makes them."""
    text = "TPM3:8-NTRK1:10"
    sample = simulated(world, plant(world, text, spanning=12), read_length_bp=75)
    molecules = aligned(molecules_of(sample), reference, settings)
    calls = call_molecules(molecules, reference, settings).calls
    assert [call.passed for call in calls] == [False]
    (fusion,) = (call.fusion for call in calls)
    assert fusion.name == "TPM3::NTRK1"
    shown = {row.read_name for row in sample.evidence}
    assert set(fusion.support.names) == shown
    assert (fusion.support.split_molecules, len(shown)) == (0, 12)
