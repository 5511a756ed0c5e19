"""Exact junctions: whatever the aligner cut, the same place is found, and it is the true one."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import assume, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from builders import (
    STRAND_PAIRS,
    SmallReference,
    acceptor_edge,
    donor_edge,
    exon_edges,
    make_read,
    split_parts,
)
from fusioncall.coords import Breakend, Strand
from fusioncall.junctions import Join, group, homology_bp, refine
from fusioncall.model import Junction, Proposal
from fusioncall.world import reverse_complement

SIZE = 400
ANCHOR = 60
CUTS = [(0, 0), *itertools.product((-20, -13, -5, -2, -1, 0, 1, 2, 5, 13, 20), repeat=2)]


def step(strand):
    return 1 if strand is Strand.FORWARD else -1


def moved(junction, bases):
    """Both sides of a junction moved in the direction of transcription."""
    donor, acceptor = junction.donor, junction.acceptor
    return Junction(
        Breakend(donor.contig, donor.position + bases * step(donor.donor_strand), donor.keeps),
        Breakend(
            acceptor.contig,
            acceptor.position + bases * step(acceptor.acceptor_strand),
            acceptor.keeps,
        ),
    )


def cut_by_aligner(junction, before, donor_shift, acceptor_shift):
    """A join as an aligner makes it that cut each side some bases off the true place."""
    donor, acceptor = junction.donor, junction.acceptor
    return Join(
        Breakend(
            donor.contig,
            donor.position + donor_shift * step(donor.donor_strand),
            donor.keeps,
        ),
        before + donor_shift,
        Breakend(
            acceptor.contig,
            acceptor.position + acceptor_shift * step(acceptor.acceptor_strand),
            acceptor.keeps,
        ),
        before + len(junction.inserted) + acceptor_shift,
    )


def found(reference, junction, sequence, shifts=(0, 0), *, before=ANCHOR, window=20):
    """What `refine` makes of a read whose true junction is known."""
    join = cut_by_aligner(junction, before, *shifts)
    return refine(sequence, join, (window, window), window, reference)


def constructed(donor_strand, acceptor_strand, homology, seed=0, *, is_annotated=True):
    """A junction of two contigs with so many bases of homology, its edge at the true place.

    `homology` is (bases before the edge, bases behind it) by which the join could be moved.
    """
    stir = random.Random(seed)
    donor = "".join(stir.choices("ACGT", k=SIZE))
    acceptor = list(stir.choices("ACGT", k=SIZE))
    middle = SIZE // 2  # as transcribed: donor keeps [:middle], acceptor keeps [middle:]
    before, behind = homology
    acceptor[middle - before : middle + behind] = donor[middle - before : middle + behind]
    for place in (middle - before - 1, middle + behind):  # the homology ends here
        acceptor[place] = stir.choice("ACGT".replace(donor[place], ""))
    texts = {"five": donor, "three": "".join(acceptor)}
    strands = {"five": donor_strand, "three": acceptor_strand}
    genome = {
        name: text if strands[name] is Strand.FORWARD else reverse_complement(text)
        for name, text in texts.items()
    }

    def position(name, place):
        return place if strands[name] is Strand.FORWARD else SIZE - 1 - place

    last, first = position("five", middle - 1), position("three", middle)
    edges = {
        "donors": [("five", donor_strand, last)],
        "acceptors": [("three", acceptor_strand, first)],
    }
    reference = SmallReference(genome, **(edges if is_annotated else {}))
    junction = Junction(
        Breakend.donor("five", last, donor_strand),
        Breakend.acceptor("three", first, acceptor_strand),
    )
    sequence = donor[middle - ANCHOR : middle] + texts["three"][middle : middle + ANCHOR]
    return reference, junction, sequence


def fused(reference, junction, before=100, after=100):
    """The fused sequence around a junction, cut out of the genome here."""
    parts = []
    for end, strand, size, is_donor in (
        (junction.donor, junction.donor.donor_strand, before, True),
        (junction.acceptor, junction.acceptor.acceptor_strand, after, False),
    ):
        forward = (strand is Strand.FORWARD) is is_donor  # lies to the left of its breakend
        low = end.position - size + 1 if forward else end.position
        text = reference.genome[end.contig][low : low + size]
        parts.append(text if strand is Strand.FORWARD else reverse_complement(text))
    return "".join(parts)


# every cut of an aligner


@pytest.mark.parametrize(("donor_strand", "acceptor_strand"), STRAND_PAIRS)
@pytest.mark.parametrize("homology", [(0, 0), (1, 0), (0, 2), (4, 3), (9, 6)])
def test_every_cut_within_the_window_gives_the_annotated_edges(
    donor_strand, acceptor_strand, homology
):
    reference, junction, sequence = constructed(donor_strand, acceptor_strand, homology)
    assert {found(reference, junction, sequence, cut) for cut in CUTS} == {junction}


@limits(deadline=None, max_examples=150)
@given(
    strands=st.sampled_from(STRAND_PAIRS),
    homology=st.tuples(st.integers(0, 12), st.integers(0, 12)),
    seed=st.integers(0, 10_000),
    shifts=st.tuples(st.integers(-20, 20), st.integers(-20, 20)),
    is_annotated=st.booleans(),
)
def test_any_cut_of_any_junction(strands, homology, seed, shifts, is_annotated):
    """Without annotated edges the join lies as far 5' as the fused sequence allows.

    That place must lie within the window of the aligner's cut.
    """
    assume(is_annotated or max(shifts) + homology[0] <= 20)
    reference, junction, sequence = constructed(*strands, homology, seed, is_annotated=is_annotated)
    expected = junction if is_annotated else moved(junction, -homology[0])
    assert found(reference, junction, sequence, shifts) == expected


@pytest.mark.parametrize(("donor_strand", "acceptor_strand"), STRAND_PAIRS)
@pytest.mark.parametrize("side", ["donor", "acceptor"])
@pytest.mark.parametrize("homology", [(3, 4), (0, 5), (5, 0)])
def test_one_annotated_edge_settles_homology(donor_strand, acceptor_strand, side, homology):
    """A break inside an exon of one gene, at an exon's edge of the other."""
    full, junction, sequence = constructed(donor_strand, acceptor_strand, homology)
    end = getattr(junction, side)
    strand = donor_strand if side == "donor" else acceptor_strand
    reference = SmallReference(full.genome, **{f"{side}s": [(end.contig, strand, end.position)]})
    assert {found(reference, junction, sequence, cut) for cut in CUTS} == {junction}


def test_tie_within_exons_leaves_the_donor_first():
    """The documented tie-break: with five bases of homology the donor ends five bases early."""
    reference, junction, sequence = constructed(*STRAND_PAIRS[0], (2, 3), is_annotated=False)
    chosen = found(reference, junction, sequence)
    assert chosen.donor.position == junction.donor.position - 2
    assert chosen.acceptor.position == junction.acceptor.position - 2
    assert fused(reference, chosen, 98, 102) == fused(reference, junction, 100, 100)


# inserted bases


def foreign(length, reference, junction):
    """Inserted bases that agree nowhere with what either gene has there."""
    donor_next = fused(
        reference, Junction(moved(junction, length).donor, junction.acceptor), length, 0
    )
    acceptor_before = fused(
        reference, Junction(junction.donor, moved(junction, -length).acceptor), 0, length
    )
    return "".join(
        min(set("ACGT") - {one, other})
        for one, other in zip(donor_next, acceptor_before, strict=True)
    )


@pytest.mark.parametrize(("donor_strand", "acceptor_strand"), STRAND_PAIRS)
@pytest.mark.parametrize("length", range(1, 9))
@pytest.mark.parametrize("is_annotated", [True, False])
def test_inserted_bases_are_found(donor_strand, acceptor_strand, length, is_annotated):
    reference, plain, sequence = constructed(
        donor_strand, acceptor_strand, (0, 0), length, is_annotated=is_annotated
    )
    inserted = foreign(length, reference, plain)
    junction = Junction(plain.donor, plain.acceptor, inserted)
    read = sequence[:ANCHOR] + inserted + sequence[ANCHOR:]
    cuts = [(0, 0), (-7, 0), (0, 7), (-3, 5), (length, 0), (0, -length), (2, -2)]
    assert {found(reference, junction, read, cut) for cut in cuts} == {junction}


# sequencing errors


@pytest.mark.parametrize(("donor_strand", "acceptor_strand"), STRAND_PAIRS)
@pytest.mark.parametrize("place", [-6, -3, -2, -1, 0, 1, 2, 5])
def test_error_beside_the_junction_does_not_move_it(donor_strand, acceptor_strand, place):
    reference, junction, sequence = constructed(donor_strand, acceptor_strand, (1, 1), place + 50)
    at = ANCHOR + place
    for wrong in set("ACGTN") - {sequence[at]}:
        read = sequence[:at] + wrong + sequence[at + 1 :]
        for cut in [(0, 0), (place, place), (-10, -10), (10, 10), (-4, 4)]:
            assert found(reference, junction, read, cut) == junction


# at the ends of reads and contigs


@pytest.mark.parametrize(("donor_strand", "acceptor_strand"), STRAND_PAIRS)
@pytest.mark.parametrize(("before", "after"), [(10, 60), (60, 10), (10, 10)])
def test_short_pieces_at_the_ends_of_a_read(donor_strand, acceptor_strand, before, after):
    reference, junction, sequence = constructed(donor_strand, acceptor_strand, (1, 0))
    read = sequence[ANCHOR - before : ANCHOR + after]
    join = cut_by_aligner(junction, before, 0, 0)
    assert refine(read, join, (before - 1, after - 1), 20, reference) == junction


@pytest.mark.parametrize("donor_strand", Strand)
def test_junction_at_the_end_of_a_contig(donor_strand):
    stir = random.Random(4)
    donor, acceptor = ("".join(stir.choices("ACGT", k=80)) for _ in range(2))
    acceptor = "A" + acceptor[1:]
    forward = donor_strand is Strand.FORWARD
    genome = {"five": donor if forward else reverse_complement(donor), "three": acceptor}
    junction = Junction(
        Breakend.donor("five", 79 if forward else 0, donor_strand),
        Breakend.acceptor("three", 0, Strand.FORWARD),
    )
    reference = SmallReference(genome)
    read = donor[-ANCHOR:] + acceptor[:ANCHOR]
    assert found(reference, junction, read) == junction
    assert homology_bp(junction, reference) == 0


# homology


def homology_by_trying(reference, junction, reach=60):
    """By how many bases the join can be moved, by moving it."""
    whole = fused(reference, junction, 100, 100)
    total = 0
    for way in (-1, 1):
        for bases in range(1, reach):
            other = moved(junction, way * bases)
            if fused(reference, other, 100 + way * bases, 100 - way * bases) != whole:
                break
            total += 1
    return total


@limits(deadline=None, max_examples=150)
@given(
    strands=st.sampled_from(STRAND_PAIRS),
    homology=st.tuples(st.integers(0, 45), st.integers(0, 45)),
    seed=st.integers(0, 10_000),
)
def test_homology_is_what_moving_the_join_finds(strands, homology, seed):
    reference, junction, _ = constructed(*strands, homology, seed)
    assert homology_by_trying(reference, junction) == sum(homology)
    assert homology_bp(junction, reference) == sum(homology)
    for bases in (-homology[0], homology[1]):
        assert homology_bp(moved(junction, bases), reference) == min(50, homology[0] + bases) + min(
            50, homology[1] - bases
        )


def test_homology_of_real_exon_edges_of_the_world(world, reference):
    small = SmallReference(world.genome)
    donors = list(itertools.islice(exon_edges(world, "partner"), 0, None, 9))
    acceptors = list(itertools.islice(exon_edges(world, "target"), 0, None, 7))
    seen = set()
    for (five, number5), (three, number3) in itertools.product(donors, acceptors):
        junction = Junction(
            Breakend.donor(five.contig, donor_edge(five, number5), five.strand),
            Breakend.acceptor(three.contig, acceptor_edge(three, number3), three.strand),
        )
        expected = homology_by_trying(small, junction)
        assert homology_bp(junction, reference) == expected
        seen.add(expected)
    assert {0, 1, 2, 3} <= seen


def test_inserted_bases_leave_no_homology():
    reference, junction, _ = constructed(*STRAND_PAIRS[0], (5, 5))
    inserted = Junction(junction.donor, junction.acceptor, "A")
    assert (homology_bp(junction, reference), homology_bp(inserted, reference)) == (10, 0)


# the world's junctions


def test_all_sampled_edges_of_the_world_are_found_from_every_cut(world, reference):
    """Partners' donors before targets' acceptors, as read from the genome."""
    donors = list(itertools.islice(exon_edges(world, "partner"), 3, None, 31))
    acceptors = list(itertools.islice(exon_edges(world, "target"), 2, None, 17))
    pairs = set()
    for (five, number5), (three, number3) in itertools.product(donors, acceptors):
        junction = Junction(
            Breakend.donor(five.contig, donor_edge(five, number5), five.strand),
            Breakend.acceptor(three.contig, acceptor_edge(three, number3), three.strand),
        )
        sequence = make_read(world, split_parts(junction, ANCHOR, ANCHOR)).sequence
        pairs.add((five.strand, three.strand))
        for cut in [(0, 0), (-20, -20), (20, 20), (-6, 3), (4, -4)]:
            assert found(reference, junction, sequence, cut) == junction
    assert pairs == set(STRAND_PAIRS)


# grouping


def proposal(junction, molecule, mapq):
    return Proposal(junction, molecule, mapq, ((0, 1),), ((0, 1),))


@given(order=st.permutations(range(5)))
def test_proposals_of_a_junction_are_one_candidate_in_any_order(order):
    reference, one, _ = constructed(*STRAND_PAIRS[0], (2, 3))
    other = moved(one, 1)
    assume(one != other)
    proposals = [
        proposal(other, "e", 3),
        proposal(one, "b", 7),
        proposal(one, "a", 60),
        proposal(one, "c", 0),
        proposal(other, "d", 9),
    ]
    first, second = group([proposals[i] for i in order], reference)
    assert (first.junction, first.homology_bp, first.best_mapq_phred) == (one, 5, 60)
    assert [each.molecule for each in first.proposals] == ["a", "b", "c"]
    assert (second.junction, second.homology_bp, second.best_mapq_phred) == (other, 5, 9)
    assert [each.molecule for each in second.proposals] == ["d", "e"]
