"""Clipped ends: placed where the rest of the molecule tells to look, or not at all."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from builders import (
    EditedReference,
    Piece,
    acceptor_edge,
    bases_of,
    changed,
    donor_edge,
    flipped,
    junction_of,
    make_read,
    pair,
    piece_before,
    piece_from,
    plant,
    single,
    split_parts,
)
from fusioncall.clips import ClipPlacer
from fusioncall.coords import Strand
from fusioncall.model import Segment

INSIDE5 = {  # inside an exon of the partner, with an exon of the partner's mate
    "ETV6:5-20-NTRK3:15": ("ETV6", 4),
    "TPM3:8-20-NTRK1:10": ("TPM3", 7),
    "QKI:6-20-NTRK2:16": ("QKI", 5),
    "BTBD1:4-20-NTRK3:14": ("BTBD1", 3),
}
INSIDE3 = {  # inside an exon of the target, with an exon of the target's mate
    "ETV6:5-NTRK3:15+20": ("NTRK3", 16),
    "TPM3:8-NTRK1:10+20": ("NTRK1", 12),
    "QKI:6-NTRK2:16+20": ("NTRK2", 17),
    "BTBD1:4-NTRK3:14+20": ("NTRK3", 15),
}
MAPQ = 30


@pytest.fixture
def limits(settings):
    """Settings of the evidence whose limits stay."""
    return msgspec.structs.replace(settings.evidence, min_clip_bp=12, clip_reach_bp=1000)


def exon_read(world, gene, number, size=60):
    """A read of the first bases of an exon."""
    transcript = world.transcript(gene)
    first = acceptor_edge(transcript, number)
    return make_read(world, [piece_from(transcript.contig, first, transcript.strand, size)])


def clipped(read, *lost):
    """The read as an aligner leaves it that does not align some of its pieces."""
    kept = tuple(piece for i, piece in enumerate(read.segments) if i not in lost)
    return replace(read, segments=kept)


def found(read, mate, reference, limits):
    """The pieces of a read after its clipped ends were looked for; its mate is given as it lies."""
    molecule = pair("r", read, flipped(mate)) if mate else single("r", read)
    placed = ClipPlacer(reference, limits).placed(molecule)
    assert [replace(each, segments=()) for each in placed.reads] == [
        replace(each, segments=()) for each in molecule.reads
    ]
    assert placed.reads[1:] == molecule.reads[1:]
    return placed.reads[0].segments


def with_quality(read, *lost):
    """The pieces of a read, with the quality that a placed end gets."""
    return tuple(
        replace(piece, mapq=MAPQ) if i in lost else piece for i, piece in enumerate(read.segments)
    )


def gapped(left, right, query, *, mapq=MAPQ):
    """One piece of two stretches of a strand, the second one transcribed after the first."""
    low, high = sorted((left, right), key=lambda each: each.start)
    cigar = (
        ("M", low.end - low.start),
        ("N", high.start - low.end),
        ("M", high.end - high.start),
    )
    is_reverse = left.strand is Strand.REVERSE
    return Segment(low.contig, low.start, high.end, is_reverse, *query, cigar, mapq, 0)


# where a clipped end is looked for


@pytest.mark.parametrize("is_turned", [False, True], ids=["as transcribed", "turned"])
@pytest.mark.parametrize("text", [*INSIDE5, *INSIDE3])
@pytest.mark.parametrize("size", [12, 13, 40])
def test_clipped_end_is_placed_in_an_exon_of_the_mates_gene(
    world, reference, limits, text, is_turned, size
):
    """At either end of the read, on either strand of the genome."""
    is_donor = text in INSIDE5
    sides = (size, 60) if is_donor else (60, size)
    read = make_read(world, split_parts(junction_of(plant(world, text)), *sides))
    lost = int(not is_donor)
    if is_turned:
        read, lost = flipped(read), 1 - lost
    mate = exon_read(world, *(INSIDE5 | INSIDE3)[text])
    assert found(clipped(read, lost), mate, reference, limits) == with_quality(read, lost)


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize("text", [*INSIDE5, *INSIDE3])
def test_eleven_bases_are_not_looked_for(world, reference, limits, text, is_turned):
    is_donor = text in INSIDE5
    sides = (11, 60) if is_donor else (60, 11)
    read = clipped(
        make_read(world, split_parts(junction_of(plant(world, text)), *sides)), int(not is_donor)
    )
    read = flipped(read) if is_turned else read
    mate = exon_read(world, *(INSIDE5 | INSIDE3)[text])
    assert found(read, mate, reference, limits) == read.segments


def over_an_intron(world, text, before, after):
    """A read that leaves a partner `after` bases into an exon, with `before` of the exon before."""
    junction = junction_of(plant(world, text))
    transcript = world.transcript(text.partition(":")[0])
    number = int(text.partition(":")[2].partition("+")[0].partition("-")[0])
    target = split_parts(junction, 1, 60)[1]
    contig, strand = transcript.contig, transcript.strand
    left = piece_before(contig, donor_edge(transcript, number), strand, before)
    right = piece_from(contig, acceptor_edge(transcript, number + 1), strand, after)
    return left, right, target


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize("text", ["ETV6:4-NTRK3:15", "TPM3:7-NTRK1:10"])
@pytest.mark.parametrize(("before", "after"), [(12, 12), (4, 20), (20, 8)])
def test_clipped_end_may_lie_over_an_intron(
    world, reference, limits, *, text, is_turned, before, after
):
    left, right, target = over_an_intron(world, text, before, after)
    read = make_read(world, [left, right, target])
    size = len(read.sequence)
    query = (0, before + after)
    if is_turned:
        read, query = flipped(read), (size - before - after, size)
    lost = (1, 2) if is_turned else (0, 1)
    expected = gapped(left, right, query)
    expected = replace(expected, is_reverse=expected.is_reverse != is_turned)
    others = clipped(read, *lost).segments
    mate = exon_read(world, text.partition(":")[0], 3)
    pieces = (*others, expected) if is_turned else (expected, *others)
    assert found(clipped(read, *lost), mate, reference, limits) == pieces


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize("text", ["ETV6:4-NTRK3:15", "TPM3:7-NTRK1:10"])
@pytest.mark.parametrize("after", [1, 5, 7])
def test_few_bases_beyond_an_intron_next_to_the_junction_are_dropped(
    world, reference, limits, text, is_turned, after
):
    """They may lie anywhere; the exon before them stays."""
    left, right, target = over_an_intron(world, text, 20, after)
    whole = make_read(world, [left, right, target])
    read = clipped(whole, 0, 1)
    kept = replace(whole.segments[0], mapq=MAPQ)
    expected = replace(whole, segments=(kept, whole.segments[2]))
    if is_turned:
        read, expected = flipped(read), flipped(expected)
    mate = exon_read(world, text.partition(":")[0], 3)
    assert found(read, mate, reference, limits) == expected.segments


@pytest.mark.parametrize("mate_is", ["before", "behind"])
@pytest.mark.parametrize(("beyond", "is_found"), [(0, True), (1, False)])
def test_clipped_end_is_placed_in_the_genome_near_the_mate(
    world, reference, limits, mate_is, beyond, is_found
):
    """In an intron, up to 1,000 bases from the mate and no farther."""
    etv6 = world.transcript("ETV6")
    intron = etv6.introns[0]
    if mate_is == "before":
        mate = Piece("chr12", intron.start - 60, intron.start)
        end = mate.end + 1000 + beyond
        place = Piece("chr12", end - 17, end)
    else:
        mate = Piece("chr12", intron.end, intron.end + 60)
        start = mate.start - 1000 - beyond
        place = Piece("chr12", start, start + 17)
    target = split_parts(junction_of(plant(world, "ETV6:5-NTRK3:15")), 1, 60)[1]
    read = make_read(world, [place, target])
    pieces = found(clipped(read, 0), make_read(world, [mate]), reference, limits)
    assert pieces == (with_quality(read, 0) if is_found else clipped(read, 0).segments)


def test_mate_outside_of_all_genes_tells_where_to_look(world, reference, limits):
    mate = Piece("chr12", 500, 560)
    place = Piece("chr12", 700, 720, Strand.REVERSE)
    assert not list(reference.genes_at("chr12", 0, 1600))
    target = split_parts(junction_of(plant(world, "ETV6:5-NTRK3:15")), 1, 60)[1]
    read = make_read(world, [place, target])
    pieces = found(clipped(read, 0), make_read(world, [mate]), reference, limits)
    assert pieces == with_quality(read, 0)


@pytest.mark.parametrize("text", INSIDE3)
@pytest.mark.parametrize("has_mate", [False, True])
def test_targets_are_searched_when_no_piece_lies_in_one(world, reference, limits, text, has_mate):
    read = make_read(world, split_parts(junction_of(plant(world, text)), 60, 15))
    mate = exon_read(world, text.partition(":")[0], 3) if has_mate else None
    assert found(clipped(read, 1), mate, reference, limits) == with_quality(read, 1)


def test_other_targets_are_not_searched_when_a_piece_lies_in_one(world, reference, limits):
    read = clipped(
        make_read(world, split_parts(junction_of(plant(world, "ETV6:5-NTRK3:15+20")), 60, 15)), 1
    )
    assert found(read, exon_read(world, "NTRK1", 10), reference, limits) == read.segments


def test_clipped_end_is_placed_in_another_target_that_the_mate_lies_in(world, reference, limits):
    read = make_read(world, split_parts(junction_of(plant(world, "NTRK1:8-20-NTRK3:15")), 20, 60))
    mate = exon_read(world, "NTRK1", 7)
    assert found(clipped(read, 0), mate, reference, limits) == with_quality(read, 0)


def test_other_genes_are_not_searched(world, reference, limits):
    """A single read of a target with an end of some other gene, and one with its mate elsewhere."""
    text = "ETV6:5-20-NTRK3:15"
    read = clipped(make_read(world, split_parts(junction_of(plant(world, text)), 30, 60)), 0)
    assert found(read, None, reference, limits) == read.segments
    assert found(read, exon_read(world, "TPM3", 5), reference, limits) == read.segments


@pytest.mark.parametrize("is_turned", [False, True])
def test_clipped_end_is_not_placed_in_the_target_beside_it(world, reference, limits, is_turned):
    """Splicing within the target is no junction, whatever the mate says."""
    ntrk3 = world.transcript("NTRK3")
    parts = [
        piece_before("chr15", donor_edge(ntrk3, 14), ntrk3.strand, 20),
        piece_from("chr15", acceptor_edge(ntrk3, 15), ntrk3.strand, 60),
    ]
    for lost in (0, 1):
        read = clipped(make_read(world, parts if lost == 0 else parts[::-1]), lost)
        read = flipped(read) if is_turned else read
        mate = exon_read(world, "ETV6", 4)
        assert found(read, mate, reference, limits) == read.segments


def test_second_clipped_end_is_not_placed_in_the_target_beside_it(world, reference, limits):
    """Both ends are clipped: 15 bases of the partner, and 15 of the target's next exon."""
    ntrk3 = world.transcript("NTRK3")
    parts = [
        *split_parts(junction_of(plant(world, "ETV6:5-20-NTRK3:15")), 15, 131),
        piece_from("chr15", acceptor_edge(ntrk3, 16), ntrk3.strand, 15),
    ]
    assert len(ntrk3.exons[14]) == 131
    read = make_read(world, parts)
    expected = with_quality(clipped(read, 2), 0)
    assert found(clipped(read, 0, 2), exon_read(world, "ETV6", 4), reference, limits) == expected


# how well it must fit


@pytest.mark.parametrize(
    ("size", "errors", "is_found"),
    [
        (12, (6,), False),
        (15, (7,), False),
        (16, (8,), True),
        (16, (7,), True),
        (31, (10, 20), False),
        (32, (10, 20), True),
        (32, (10, 15, 20), False),
        (48, (10, 15, 20), True),
        (32, (7, 24), False),  # neither end agrees in eight bases
        (32, (8, 24), True),
        (32, (7, 23), True),
    ],
)
@pytest.mark.parametrize("is_turned", [False, True])
def test_one_base_in_sixteen_may_differ(
    world, reference, limits, *, size, errors, is_found, is_turned
):
    read = make_read(world, split_parts(junction_of(plant(world, "ETV6:5-20-NTRK3:15")), size, 60))
    text = changed(read.sequence[:size], errors) + read.sequence[size:]
    read = replace(read, sequence=text)
    first = replace(read.segments[0], mapq=MAPQ, edits=len(errors))
    expected = replace(read, segments=(first, read.segments[1]) if is_found else read.segments[1:])
    if is_turned:
        read, expected = flipped(read), flipped(expected)
    pieces = found(clipped(read, int(is_turned)), exon_read(world, "ETV6", 4), reference, limits)
    assert pieces == expected.segments


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize(("early", "kept"), [(3, 0), (4, 12), (5, 13), (6, 14), (7, 0)])
def test_target_bases_at_a_clipped_end_are_given_up(
    world, reference, limits, early, kept, is_turned
):
    """An aligner that meets an error near the junction ends there: six bases, if 12 are left."""
    whole = make_read(world, split_parts(junction_of(plant(world, "ETV6:5-20-NTRK3:15")), 14, 60))
    donor, acceptor = whole.segments
    own = world.genome["chr12"][donor.end : donor.end + early]
    assert sum(map(str.__ne__, own, whole.sequence[14:])) >= 2
    assert own[0] != whole.sequence[14]
    late = replace(  # NTRK3 lies on the - strand: the read begins at the end of the piece
        acceptor,
        end=acceptor.end - early,
        query_start=acceptor.query_start + early,
        cigar=(("M", 60 - early),),
    )
    first = replace(donor, end=donor.start + kept, query_end=kept, cigar=(("M", kept),), mapq=MAPQ)
    read = replace(whole, segments=(late,))
    expected = replace(whole, segments=(first, late) if kept else (late,))
    if is_turned:
        read, expected = flipped(read), flipped(expected)
    assert found(read, exon_read(world, "ETV6", 4), reference, limits) == expected.segments


@pytest.mark.parametrize("copy_in", ["an exon of the gene", "an intron near the mate", "elsewhere"])
def test_clipped_end_with_two_places_has_none(world, reference, limits, copy_in):
    etv6 = world.transcript("ETV6")
    mate = exon_read(world, "ETV6", 4)
    read = make_read(world, split_parts(junction_of(plant(world, "ETV6:5-20-NTRK3:15")), 20, 60))
    assert found(clipped(read, 0), mate, reference, limits) == with_quality(read, 0)
    places = {
        "an exon of the gene": etv6.exons[1].start + 30,
        "an intron near the mate": etv6.exons[3].start - 500,
        "elsewhere": etv6.introns[1].start + 30,
    }
    edited = EditedReference(reference, world)
    start = places[copy_in]
    source = Piece("chr12", read.segments[0].start, read.segments[0].end)
    edited.write("chr12", range(start, start + 20), Strand.FORWARD, bases_of(world, source))
    expected = with_quality(read, 0) if copy_in == "elsewhere" else read.segments[1:]
    assert found(clipped(read, 0), mate, edited, limits) == expected


# what is left alone


def test_molecules_without_clipped_ends_or_alignments_stay_as_they_are(world, reference, limits):
    placer = ClipPlacer(reference, limits)
    text = "ETV6:5-20-NTRK3:15"
    whole = make_read(world, split_parts(junction_of(plant(world, text)), 40, 60))
    bare = replace(whole, segments=())
    mate = flipped(exon_read(world, "ETV6", 4))
    for molecule in (single("r", whole), pair("r", whole, mate), pair("r", bare, mate)):
        assert placer.placed(molecule) is molecule
