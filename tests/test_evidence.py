"""Proposals: the junctions that split reads and long N gaps show, however they were sequenced."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders import (
    Piece,
    acceptor_edge,
    donor_edge,
    flipped,
    junction_of,
    make_read,
    pair,
    piece_before,
    piece_from,
    plant,
    segment,
    single,
    split_parts,
    text_read,
)
from fusioncall.bam import read_molecules, sort_and_index, write_molecules
from fusioncall.coords import Strand
from fusioncall.evidence import collect, is_plain
from fusioncall.model import Proposal
from fusioncall.world import reverse_complement

FUSIONS = {
    "ETV6:5-NTRK3:15": (Strand.FORWARD, Strand.REVERSE),
    "TPM3:8-NTRK1:10": (Strand.REVERSE, Strand.FORWARD),
    "QKI:6-NTRK2:16": (Strand.FORWARD, Strand.FORWARD),
    "BTBD1:4-NTRK3:14": (Strand.REVERSE, Strand.REVERSE),
    "NTRK3:14-ETV6:6": (Strand.REVERSE, Strand.FORWARD),  # reciprocal
    "NTRK1:8-NTRK3:15": (Strand.FORWARD, Strand.REVERSE),  # two targets
    "SQSTM1:5-NTRK1:10:CTC": (Strand.FORWARD, Strand.FORWARD),
}


def proposals(molecules, reference, settings):
    return collect(molecules, reference, settings.evidence).proposals


def blocks(part):
    return ((part.start, part.end),)


def expected(junction, parts, name="r", mapq=60):
    return Proposal(junction, name, mapq, blocks(parts[0]), blocks(parts[-1]))


def shifted(parts, bases):
    """The parts of the same read as an aligner cuts it that goes too far on the 5' side."""
    first, *_, last = parts
    edge = first.end - 1 if first.strand is Strand.FORWARD else first.start
    begin = last.start if last.strand is Strand.FORWARD else last.end - 1
    way5 = 1 if first.strand is Strand.FORWARD else -1
    way3 = 1 if last.strand is Strand.FORWARD else -1
    return [
        piece_before(
            first.contig, edge + way5 * bases, first.strand, first.end - first.start + bases
        ),
        piece_from(last.contig, begin + way3 * bases, last.strand, last.end - last.start - bases),
    ]


# split reads


@pytest.mark.parametrize("text", FUSIONS)
@pytest.mark.parametrize(("before", "after"), [(50, 50), (80, 20), (20, 80), (90, 10), (10, 90)])
def test_split_read_proposes_its_junction_from_either_strand(
    world, reference, settings, text, before, after
):
    junction = junction_of(plant(world, text))
    strands = (junction.donor.donor_strand, junction.acceptor.acceptor_strand)
    assert strands == FUSIONS[text]
    parts = split_parts(junction, before, after)
    read = make_read(world, parts)
    for one in (read, flipped(read)):
        found = proposals([single("r", one)], reference, settings)
        assert found == (expected(junction, parts),)


@pytest.mark.parametrize("text", [text for text in FUSIONS if text.count(":") == 2])
@pytest.mark.parametrize("bases", [-8, -3, -1, 1, 3, 8])
def test_cut_of_the_aligner_is_mended(world, reference, settings, text, bases):
    junction = junction_of(plant(world, text))
    parts = split_parts(junction, 50, 50)
    right = make_read(world, parts)
    placed = make_read(world, shifted(parts, bases))
    read = replace(right, segments=placed.segments)
    for one in (read, flipped(read)):
        found = proposals([single("r", one)], reference, settings)
        assert found == (expected(junction, parts),)


@pytest.mark.parametrize("text", ["NTRK1:8-NTRK1:10", "NTRK1:8-NTRK3:15"])
@pytest.mark.parametrize("turned", ["donor", "acceptor"])
def test_ends_of_two_targets_that_meet_are_read_one_way(world, reference, settings, text, turned):
    """Head to head or tail to tail, both readings are as good: the strand must not decide."""
    junction = junction_of(plant(world, text))
    before, after = split_parts(junction, 50, 50)
    if turned == "donor":
        before = replace(before, strand=before.strand.opposite)
    else:
        after = replace(after, strand=after.strand.opposite)
    read = make_read(world, [before, after])
    one, other = (
        proposals([single("r", each)], reference, settings) for each in (read, flipped(read))
    )
    assert len(one) == 1
    assert one == other


def test_pieces_from_a_bam_with_sa_tags_propose_the_same(world, reference, settings, tmp_path):
    molecules = []
    for number, text in enumerate(FUSIONS):
        read = make_read(world, split_parts(junction_of(plant(world, text)), 40, 60))
        mate = make_read(world, [Piece("chr12", 3000, 3080)])
        molecules += [
            single(f"a{number}", read),
            single(f"b{number}", flipped(read)),
            pair(f"c{number}", read, mate),
            pair(f"d{number}", mate, read),
        ]
    molecules.sort(key=lambda each: each.name)
    write_molecules(tmp_path / "m.bam", molecules, reference.contigs)
    sort_and_index(tmp_path / "m.bam")
    found, _ = read_molecules(tmp_path / "m.bam", reference.contigs, None, 1)
    one = collect(molecules, reference, settings.evidence)
    assert collect(found, reference, settings.evidence) == one
    junctions = [junction_of(plant(world, text)) for text in FUSIONS]
    assert [each.junction for each in one.proposals] == junctions * 4


def test_junction_seen_by_both_mates_is_one_proposal_with_the_better_quality(
    world, reference, settings
):
    junction = junction_of(plant(world, "ETV6:5-NTRK3:15"))
    parts = split_parts(junction, 50, 50)
    good, bad = (make_read(world, parts, mapq=mapq) for mapq in (60, 7))
    for reads in ((good, bad), (bad, good)):
        assert proposals([pair("r", *reads)], reference, settings) == (expected(junction, parts),)


def test_quality_is_that_of_the_worse_piece(world, reference, settings):
    junction = junction_of(plant(world, "ETV6:5-NTRK3:15"))
    parts = split_parts(junction, 50, 50)
    read = make_read(world, parts)
    for worse in (0, 1):
        pieces = tuple(
            replace(piece, mapq=5 if i == worse else 60) for i, piece in enumerate(read.segments)
        )
        molecule = single("r", replace(read, segments=pieces))
        assert proposals([molecule], reference, settings) == (expected(junction, parts, mapq=5),)


def test_proposals_come_in_the_order_of_the_molecules(world, reference, settings):
    texts = list(FUSIONS)
    reads = [make_read(world, split_parts(junction_of(plant(world, t)), 50, 50)) for t in texts]
    molecules = [single(f"r{i}", read) for i, read in enumerate(reads)]
    forward = proposals(molecules, reference, settings)
    assert [each.molecule for each in forward] == [f"r{i}" for i in range(len(texts))]
    assert proposals(molecules[::-1], reference, settings) == forward[::-1]


# pieces that propose nothing


@pytest.mark.parametrize("short_side", ["donor", "acceptor"])
def test_piece_shorter_than_the_limit_is_ignored(world, reference, settings, short_side):
    junction = junction_of(plant(world, "ETV6:5-NTRK3:15"))
    limit = settings.evidence.min_segment_bp
    found = {}
    for size in (limit - 1, limit):
        sizes = (size, 60) if short_side == "donor" else (60, size)
        read = make_read(world, split_parts(junction, *sizes))
        found[size] = [
            each.junction
            for one in (read, flipped(read))
            for each in proposals([single("r", one)], reference, settings)
        ]
    assert found == {limit - 1: [], limit: [junction, junction]}


def test_bases_of_both_pieces_do_not_count_for_the_limit(world, reference, settings):
    """A piece of 12 bases of which the other piece holds 3 has 9 of its own."""
    junction = junction_of(plant(world, "ETV6:5-NTRK3:15"))
    read = make_read(world, split_parts(junction, 60, 12))
    first, second = read.segments
    for overlap, amount in ((2, 1), (3, 0)):
        longer = replace(
            first,
            end=first.end + overlap,
            query_end=first.query_end + overlap,
            cigar=(("M", 60 + overlap),),
        )
        molecule = single("r", replace(read, segments=(longer, second)))
        assert len(proposals([molecule], reference, settings)) == amount


def test_long_insert_is_no_junction(world, reference, settings):
    junction = junction_of(plant(world, "ETV6:5-NTRK3:15"))
    first, second = split_parts(junction, 60, 60)
    limit = settings.evidence.max_query_gap_bp
    amounts = [
        len(
            proposals(
                [single("r", make_read(world, [first, "ACTG" * 7 + "A" * more, second]))],
                reference,
                settings,
            )
        )
        for more in (limit - 28, limit - 27)
    ]
    assert amounts == [1, 0]


def test_junction_without_a_target_is_none(world, reference, settings):
    read = make_read(world, split_parts(junction_of(plant(world, "ETV6:5-TPM3:3")), 50, 50))
    found = collect([single("r", read), single("s", flipped(read))], reference, settings.evidence)
    assert (found.proposals, found.normal_splices) == ((), 0)


def test_whole_and_unaligned_reads_propose_nothing(world, reference, settings):
    place = reference.targets[0].gene.start
    whole = make_read(world, [Piece("chr1", place, place + 100)])
    molecules = [single("a", whole), single("b", text_read(whole.sequence))]
    found = collect(molecules, reference, settings.evidence)
    assert (found.proposals, found.normal_splices) == ((), 0)


# N gaps


def gapped(world, *stretches):
    """A read of stretches of chr1 that an aligner wrote with N gaps."""
    cigar = []
    for i, (start, end) in enumerate(stretches):
        if i:
            cigar.append(f"{start - stretches[i - 1][1]}N")
        cigar.append(f"{end - start}M")
    text = "".join(world.genome["chr1"][start:end] for start, end in stretches)
    return replace(text_read(text), segments=(segment("chr1", stretches[0][0], "".join(cigar)),))


def test_gap_from_lmna_to_ntrk1_is_a_junction(world, reference, settings):
    lmna, ntrk1 = world.transcript("LMNA"), world.transcript("NTRK1")
    junction = junction_of(plant(world, "LMNA:10-NTRK1:11"))
    edge, first = donor_edge(lmna, 10) + 1, acceptor_edge(ntrk1, 11)
    before = lmna.exons[8].end
    next_exon = ntrk1.exons[11]
    inside10, inside11 = lmna.exons[9].start, ntrk1.exons[10].end
    plain = gapped(world, (edge - 40, edge), (first, first + 60))
    spliced = gapped(
        world,
        (before - 20, before),
        (inside10, edge),
        (first, inside11),
        (next_exon.start, next_exon.start + 25),
    )
    for read in (plain, flipped(plain)):
        found = collect([single("r", read)], reference, settings.evidence)
        assert found.normal_splices == 0
        assert found.proposals == (
            Proposal(junction, "r", 60, ((edge - 40, edge),), ((first, first + 60),)),
        )
    for read in (spliced, flipped(spliced)):
        found = collect([single("r", read)], reference, settings.evidence)
        assert found.normal_splices == 1  # exon 11 to exon 12 of NTRK1
        assert found.proposals == (
            Proposal(
                junction,
                "r",
                60,
                ((before - 20, before), (inside10, edge)),
                ((first, inside11), (next_exon.start, next_exon.start + 25)),
            ),
        )


def test_splicing_within_genes_is_counted_at_targets_only(world, reference, settings):
    counts = {}
    for gene, exon in (("NTRK1", 8), ("NTRK1", 2), ("LMNA", 5)):
        transcript = world.transcript(gene)
        end, start = transcript.exons[exon - 1].end, transcript.exons[exon].start
        read = gapped(world, (end - 40, end), (start, start + 40))
        molecules = [single("a", read), single("b", flipped(read))]
        found = collect(molecules, reference, settings.evidence)
        assert found.proposals == ()
        counts[gene, exon] = found.normal_splices
    assert counts == {("NTRK1", 8): 2, ("NTRK1", 2): 2, ("LMNA", 5): 0}


def test_gap_between_neighbours_without_a_target_is_nothing(world, reference, settings):
    bcan, prcc = world.transcript("BCAN"), world.transcript("PRCC")
    end, start = bcan.exons[2].end, prcc.exons[2].start
    read = gapped(world, (end - 40, end), (start, start + 40))
    found = collect([single("r", read)], reference, settings.evidence)
    assert (found.proposals, found.normal_splices) == ((), 0)


def test_circular_order_within_a_target_is_proposed(world, reference, settings):
    """Exon 12 before exon 10: a split within one gene is no splicing."""
    ntrk1 = world.transcript("NTRK1")
    last, first = donor_edge(ntrk1, 12), acceptor_edge(ntrk1, 10)
    parts = [
        piece_before("chr1", last, Strand.FORWARD, 40),
        piece_from("chr1", first, Strand.FORWARD, 40),
    ]
    (found,) = proposals([single("r", make_read(world, parts))], reference, settings)
    assert (found.junction.donor.position, found.junction.acceptor.position) == (last, first)


# plain molecules


def mates(world, start, gap=120, contig="chr1"):
    left = make_read(world, [Piece(contig, start, start + 100)])
    right = make_read(world, [Piece(contig, start + gap, start + gap + 100)])
    return left, right


def test_pair_within_one_gene_is_plain(world, reference, pinned):
    start = world.transcript("NTRK1").exons[7].start
    left, right = mates(world, start)
    assert is_plain(pair("r", left, right), reference, pinned.recount)
    assert is_plain(pair("r", right, left), reference, pinned.recount)
    assert is_plain(single("r", left), reference, pinned.recount)


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((2, 0), True),
        ((3, 0), False),
        ((0, 2), True),
        ((0, 3), False),
        ((1, 1), True),
        ((2, 1), False),
    ],
)
def test_edits_and_clipped_bases_make_a_read_doubtful(
    world, reference, pinned, number, changes, expected
):
    edits, clip = changes
    molecule = pair("r", *mates(world, world.transcript("NTRK1").exons[7].start))
    reads = list(molecule.reads)
    (piece,) = reads[number].segments
    size = len(reads[number].sequence) - clip
    shorter = replace(
        piece, end=piece.start + size, query_end=size, cigar=(("M", size),), edits=edits
    )
    reads[number] = replace(reads[number], segments=(shorter,))
    assert is_plain(replace(molecule, reads=tuple(reads)), reference, pinned.recount) is expected


def test_other_molecules_are_not_plain(world, reference, pinned):
    ntrk1, pear1 = world.transcript("NTRK1"), world.transcript("PEAR1")
    left, right = mates(world, ntrk1.exons[7].start)
    neighbour = make_read(world, [Piece("chr1", pear1.place.start, pear1.place.start + 100)])
    elsewhere = make_read(world, [Piece("chr12", 3000, 3100)])
    start = ntrk1.exons[7].start
    same_place = make_read(world, [Piece("chr15", start + 120, start + 220)])
    split = make_read(world, split_parts(junction_of(plant(world, "ETV6:5-NTRK3:15")), 50, 50))
    bare = text_read(reverse_complement(left.sequence))
    for molecule in (
        pair("r", left, neighbour),
        pair("r", left, elsewhere),
        pair("r", left, same_place),
        pair("r", left, bare),
        pair("r", bare, left),
        pair("r", split, right),
        single("r", split),
        single("r", bare),
    ):
        assert not is_plain(molecule, reference, pinned.recount)


def test_pair_outside_of_all_genes_is_not_plain(world, reference, pinned):
    assert not is_plain(pair("r", *mates(world, 100)), reference, pinned.recount)
