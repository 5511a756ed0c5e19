"""Annotated junctions from single reads: how few bases are enough, and what they must not be."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from builders import (
    EditedReference,
    acceptor_edge,
    bases_of,
    changed,
    donor_edge,
    exon_places,
    flipped,
    junction_of,
    make_read,
    other_base,
    pair,
    piece_before,
    piece_from,
    plant,
    single,
    split_parts,
)
from fusioncall.annotated import propose_annotated
from fusioncall.coords import Strand
from fusioncall.model import Proposal

PLANTS = {  # with the exons of a mate in the partner and of one in the target
    "ETV6:5-NTRK3:15": (("ETV6", 4), ("NTRK3", 16)),
    "TPM3:8-NTRK1:10": (("TPM3", 7), ("NTRK1", 12)),
    "QKI:6-NTRK2:16": (("QKI", 5), ("NTRK2", 17)),
    "BTBD1:4-NTRK3:14": (("BTBD1", 3), ("NTRK3", 15)),
}
NEAR = 30


@pytest.fixture
def limits(settings):
    """Settings of the discovery whose limits stay."""
    return msgspec.structs.replace(
        settings.discovery,
        min_donor_bp=12,
        min_supported_bp=8,
        min_acceptor_bp=10,
        min_foreign_mismatches=3,
    )


def exon_read(world, gene, number, size=60):
    transcript = world.transcript(gene)
    first = acceptor_edge(transcript, number)
    return make_read(world, [piece_from(transcript.contig, first, transcript.strand, size)])


def crossing(world, text, before, after):
    """A read across a junction of which only the longer side is aligned."""
    read = make_read(world, split_parts(junction_of(plant(world, text)), before, after))
    return replace(read, segments=(read.segments[int(before < after)],))


def proposed(cases, reference, limits):
    """What each read proposes with its mate, or alone; the same from both of its strands."""
    molecules = []
    for number, (read, mate) in enumerate(cases):
        for turned, one in enumerate((read, flipped(read))):
            name = f"{number}.{turned}"
            molecules.append(pair(name, one, flipped(mate)) if mate else single(name, one))
    found = {each.name: [] for each in molecules}
    for each in propose_annotated(molecules, reference, limits):
        found[each.molecule].append(replace(each, molecule="r"))
    told = [found[f"{number}.0"] for number in range(len(cases))]
    assert told == [found[f"{number}.1"] for number in range(len(cases))]
    return told


def near(world, text):
    """The proposal of a molecule with a mate that tells where to look."""
    junction = junction_of(plant(world, text))
    donor, acceptor = junction.donor.position, junction.acceptor.position
    blocks = ((donor, donor + 1),), ((acceptor, acceptor + 1),)
    return Proposal(junction, "r", NEAR, *blocks)


# how few bases


def test_eight_partner_bases_are_enough_with_a_mate_in_the_partner(world, reference, limits):
    mates = {text: exon_read(world, *PLANTS[text][0]) for text in PLANTS}
    for size, is_found in ((8, True), (7, False)):
        cases = [(crossing(world, text, size, 60), mates[text]) for text in PLANTS]
        expected = [[near(world, text)] if is_found else [] for text in PLANTS]
        assert proposed(cases, reference, limits) == expected


def test_eight_target_bases_are_enough_with_a_mate_in_the_target(world, reference, limits):
    mates = {text: exon_read(world, *PLANTS[text][1]) for text in PLANTS}
    for size, is_found in ((8, True), (7, False)):
        cases = [(crossing(world, text, 60, size), mates[text]) for text in PLANTS]
        expected = [[near(world, text)] if is_found else [] for text in PLANTS]
        assert proposed(cases, reference, limits) == expected


@pytest.mark.parametrize("sides", [(8, 60), (60, 8)])
def test_eight_bases_are_too_few_without_a_mate_there(world, reference, limits, sides):
    cases = [
        (crossing(world, text, *sides), mate)
        for text in PLANTS
        for mate in (
            None,
            exon_read(world, *PLANTS[text][sides == (8, 60)]),  # in the gene of the longer side
            exon_read(world, "SQSTM1", 3),
        )
    ]
    assert proposed(cases, reference, limits) == [[]] * 12


@pytest.mark.parametrize("sides", [(12, 60), (60, 10)])
def test_twelve_partner_and_ten_target_bases_need_no_mate(world, reference, limits, sides):
    found = proposed([(crossing(world, text, *sides), None) for text in PLANTS], reference, limits)
    assert [[each.junction for each in one] for one in found] == [
        [junction_of(plant(world, text))] for text in PLANTS
    ]
    assert all(each.mapq_phred > 0 for one in found for each in one)


@pytest.mark.parametrize("sides", [(11, 60), (60, 9)])
def test_fewer_need_a_mate(world, reference, limits, sides):
    cases = [(crossing(world, text, *sides), None) for text in PLANTS]
    assert proposed(cases, reference, limits) == [[]] * 4


def own_places(world, text, side, way):
    """The 12 places beyond the edge of the gene that is not on that side, for each transcript."""
    junction = junction_of(plant(world, text))
    is_donor = side == "acceptor"
    end = junction.donor if is_donor else junction.acceptor
    gene = text.split("-")[not is_donor].partition(":")[0]
    for transcript in world.transcripts:
        places = exon_places(transcript)
        if transcript.gene != gene or end.position not in places:
            continue
        if way == "genome":
            step = 1 if transcript.strand is Strand.FORWARD else -1
            offsets = range(1, 13) if is_donor else range(-12, 0)
            yield [end.position + step * offset for offset in offsets]
            continue
        index = places.index(end.position)
        found = places[index + 1 : index + 13] if is_donor else places[max(0, index - 12) : index]
        if len(found) == 12:
            yield found


def own_bases(world, text, side, place):
    """What the gene itself has at the place of a read, `place` bases from the junction."""
    kept = split_parts(junction_of(plant(world, text)), 1, 1)[side == "donor"]
    at = -place if side == "donor" else place - 1
    return {
        bases_of(world, replace(kept, start=places[at], end=places[at] + 1))
        for way in ("transcript", "genome")
        for places in own_places(world, text, side, way)
    }


@pytest.mark.parametrize("side", ["donor", "acceptor"])
def test_one_of_eight_bases_may_be_a_snp(world, reference, limits, side):
    """Any one, on either side of the junction; not the base that the gene itself has there."""
    cases, expected = [], []
    for text in PLANTS:
        read = crossing(world, text, *((8, 60) if side == "donor" else (60, 8)))
        mate = exon_read(world, *PLANTS[text][side == "acceptor"])
        for place in range(1, 9):
            snp = 8 - place if side == "donor" else 60 + place - 1
            base = other_base(read.sequence[snp], *own_bases(world, text, side, place))
            bases = read.sequence[:snp] + base + read.sequence[snp + 1 :]
            cases.append((replace(read, sequence=bases), mate))
            expected.append(near(world, text))
    found = proposed(cases, reference, limits)
    assert len(cases) == 32
    assert all(each in one for each, one in zip(expected, found, strict=True))
    assert proposed([(read, None) for read, _ in cases], reference, limits) == [[]] * 32


@pytest.mark.parametrize("place", [52, 57, 59])
def test_snp_among_the_last_partner_bases_is_borne(world, reference, limits, place):
    """Before eight bases of the target that a mate lies in."""
    cases = []
    for text in PLANTS:
        read = crossing(world, text, 60, 8)
        mate = exon_read(world, *PLANTS[text][1])
        cases.append((replace(read, sequence=changed(read.sequence, [place])), mate))
    assert proposed(cases, reference, limits) == [[near(world, text)] for text in PLANTS]


@pytest.mark.parametrize("side", ["donor", "acceptor"])
def test_two_of_eight_bases_may_not_differ(world, reference, limits, side):
    snps = (2, 5) if side == "donor" else (62, 65)
    cases = []
    for text in PLANTS:
        read = crossing(world, text, *((8, 60) if side == "donor" else (60, 8)))
        mate = exon_read(world, *PLANTS[text][side == "acceptor"])
        cases.append((replace(read, sequence=changed(read.sequence, snps)), mate))
    found = proposed(cases, reference, limits)
    assert not any(near(world, text) in one for text, one in zip(PLANTS, found, strict=True))


@pytest.mark.parametrize(("size", "allowed"), [(15, 1), (16, 2), (23, 2), (24, 3)])
@pytest.mark.parametrize("more", [0, 1])
def test_longer_anchor_may_have_one_snp_in_eight_bases(
    world, reference, limits, *, size, allowed, more
):
    """With a mate in the partner; the donor index bears one in twelve."""
    snps = [size - 2, size - 7, size - 12, 1][: allowed + more]
    cases = []
    for text in PLANTS:
        read = crossing(world, text, size, 60)
        mate = exon_read(world, *PLANTS[text][0])
        cases.append((replace(read, sequence=changed(read.sequence, snps)), mate))
    found = proposed(cases, reference, limits)
    seen = [near(world, text) in one for text, one in zip(PLANTS, found, strict=True)]
    assert seen == [not more] * 4


def test_donor_must_fit_along_24_bases(world, reference, limits):
    """Ten bases that end like a donor, behind others of the partner, are none."""
    cases = []
    for text in PLANTS:
        read = crossing(world, text, 60, 8)
        other = read.sequence[:50][::-1] + read.sequence[50:]
        mate = exon_read(world, *PLANTS[text][1])
        cases += [(replace(read, sequence=other), mate), (read, mate)]
    found = proposed(cases, reference, limits)
    assert found == [each for text in PLANTS for each in ([], [near(world, text)])]


def test_donors_of_the_target_are_not_asked_for_few_bases(world, reference, limits):
    """A skipped exon of the target joins two of its own edges."""
    cases = [
        (crossing(world, text, *sides), exon_read(world, gene, exon))
        for text, gene, exon in (
            ("NTRK1:8-NTRK1:10", "NTRK1", 7),
            ("NTRK3:13-NTRK3:15", "NTRK3", 12),
        )
        for sides in ((8, 60), (60, 8))
    ]
    assert proposed(cases, reference, limits) == [[]] * 4


# the gene's own continuation


@pytest.mark.parametrize("way", ["transcript", "genome"])
@pytest.mark.parametrize("side", ["donor", "acceptor"])
@pytest.mark.parametrize(("foreign", "is_found"), [(2, False), (3, True)])
def test_bases_that_the_gene_has_there_itself_propose_nothing(
    world, reference, limits, *, way, side, foreign, is_found
):
    """The other gene's bases next to the junction are written beyond the edge, but for a few."""
    differ = ([11, 8, 5] if side == "donor" else [0, 3, 6])[:foreign]
    for text in ("ETV6:5-NTRK3:15", "TPM3:8-NTRK1:10"):
        edited = EditedReference(reference, world)
        five, three = split_parts(junction_of(plant(world, text)), 12, 12)
        other, kept = (five, three) if side == "donor" else (three, five)
        written = changed(bases_of(world, other), differ)
        for places in own_places(world, text, side, way):
            edited.write(kept.contig, places, kept.strand, written)
        read = crossing(world, text, *((8, 60) if side == "donor" else (60, 8)))
        mate = exon_read(world, *PLANTS[text][side == "acceptor"])
        expected = [near(world, text)] if is_found else []
        assert proposed([(read, mate)], edited, limits) == [expected]


def test_splicing_of_the_target_proposes_nothing(world, reference, limits):
    """Reads over every exon border of each target, with a mate in a partner on each strand."""
    mates = [exon_read(world, "ETV6", 4), exon_read(world, "TPM3", 7)]
    cases = []
    for gene in ("NTRK1", "NTRK2", "NTRK3"):
        transcript = world.transcript(gene)
        text, end = world.sequence(transcript), 0
        for exon in transcript.exons[:-1]:
            end += len(exon)
            for before in (8, 30):
                read = make_read(world, [text[end - before : end + 40]])
                cases += [(read, mate) for mate in mates]
    assert len(cases) == 4 * (16 + 20 + 19)
    assert not any(proposed(cases, reference, limits))


def test_splicing_of_the_partner_proposes_nothing_with_a_mate_in_a_target(world, reference, limits):
    mate = exon_read(world, "NTRK3", 16)
    cases = []
    for gene in ("ETV6", "TPM3"):
        transcript = world.transcript(gene)
        for number in range(2, len(transcript.exons) - 1):
            contig, strand = transcript.contig, transcript.strand
            before = piece_before(contig, donor_edge(transcript, number), strand, 40)
            after = piece_from(contig, acceptor_edge(transcript, number + 1), strand, 30)
            cases.append((make_read(world, [before, after]), mate))
    assert len(cases) == 12
    assert not any(proposed(cases, reference, limits))
