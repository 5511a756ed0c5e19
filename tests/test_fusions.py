"""Naming: which genes a junction joins, where in them, and what is left of the kinase."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from builders import (
    EditedReference,
    candidate,
    candidate_of,
    changed,
    donor_edge,
    exon_places,
    fused_text,
    fusion_of,
    junction_of,
    other_base,
    plant,
    support,
)
from fusioncall.coords import Breakend, Strand, parse_breakpoint
from fusioncall.fusions import collinear_distance_bp, name_fusion, with_events
from fusioncall.model import FusionClass, Junction, Site
from fusioncall.settings import read_settings

KINASE = FusionClass.KINASE_FUSION


LIMITS = read_settings().filters


def named(world, reference, text):
    return fusion_of(candidate(world, text), support(), reference, LIMITS)


def joined(reference, donor, acceptor):
    """The fusion of two places, each (contig, 0-based position, strand of transcription)."""
    junction = Junction(Breakend.donor(*donor), Breakend.acceptor(*acceptor))
    return fusion_of(candidate_of(junction), support(), reference, LIMITS)


def acceptor_of(world, text):
    return parse_breakpoint(plant(world, text).breakpoint3)


def domain_of(reference, gene):
    (target,) = (each for each in reference.targets if each.name == gene)
    return target


# what it means


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ETV6:5-NTRK3:15", KINASE),
        ("ETV6:4-NTRK3:14", KINASE),
        ("TPM3:8-NTRK1:10", KINASE),
        ("TPM3:8-NTRK1:13", KINASE),
        ("LMNA:11-150-NTRK1:11", KINASE),
        ("QKI:6-NTRK2:17", KINASE),
        ("SQSTM1:5-NTRK1:10:CTC", KINASE),
        ("ETV6:5-NTRK3:15-40", KINASE),  # within the intron before exon 15
        ("NTRK1:8-NTRK3:15", KINASE),  # two targets
        ("ETV6:5-NTRK3:16", FusionClass.PARTIAL_KINASE),
        ("TPM3:8-NTRK1:14", FusionClass.PARTIAL_KINASE),
        ("TRIM24:12-NTRK2:18", FusionClass.PARTIAL_KINASE),
        ("EML4:2-NTRK3/NM_001007156:15", FusionClass.TRUNCATED_ISOFORM),
        ("EML4:2-NTRK3/NM_001007156:16", FusionClass.TRUNCATED_ISOFORM),
        ("QKI:6-NTRK2/NM_001007097:13", FusionClass.TRUNCATED_ISOFORM),
        ("NTRK3:14-ETV6:6", FusionClass.RECIPROCAL),
        ("NTRK1:8-LMNA:12", FusionClass.RECIPROCAL),
        ("PRCC:3-NTRK1:2", FusionClass.READ_THROUGH),
        ("LMNA:4-NTRK1:2", FusionClass.READ_THROUGH),
        ("LMNA:4-NTRK1:3", KINASE),
        ("TPM3:8-NTRK1:2", KINASE),  # other strand
        ("ETV6:5-NTRK3:2", KINASE),  # other contig
        ("NTRK1:12-NTRK1:10", FusionClass.SAME_GENE),
        ("NTRK3:4-NTRK3:15", FusionClass.SAME_GENE),
    ],
)
def test_class_of_a_planted_junction(world, reference, text, expected):
    assert named(world, reference, text).fusion_class is expected


@pytest.mark.parametrize("gene", ["NTRK1", "NTRK2", "NTRK3"])
def test_class_changes_at_the_first_and_behind_the_last_base_of_the_domain(world, reference, gene):
    """Breaks inside exons; the donor is that of ETV6 exon 5."""
    target = domain_of(reference, gene)
    strand = target.gene.strand
    step = 1 if strand is Strand.FORWARD else -1
    donor = parse_breakpoint(plant(world, "ETV6:5-NTRK3:15").breakpoint5)
    places = {
        "base before": target.domain_first - step,
        "first base": target.domain_first,
        "second base": target.domain_first + step,
        "last base": target.domain_last,
        "base behind": target.domain_last + step,
    }
    classes = {
        name: joined(reference, donor, (target.gene.contig, place, strand)).fusion_class
        for name, place in places.items()
    }
    assert classes == {
        "base before": KINASE,
        "first base": KINASE,
        "second base": FusionClass.PARTIAL_KINASE,
        "last base": FusionClass.PARTIAL_KINASE,
        "base behind": FusionClass.NO_KINASE,
    }


@pytest.mark.parametrize(
    ("more", "expected"), [(0, FusionClass.READ_THROUGH), (-1, FusionClass.KINASE_FUSION)]
)
def test_read_through_reaches_as_far_as_its_limit(world, reference, more, expected):
    distance = named(world, reference, "LMNA:4-NTRK1:2").distance_bp
    limits = msgspec.structs.replace(LIMITS, max_read_through_bp=distance + more)
    fusion = fusion_of(candidate(world, "LMNA:4-NTRK1:2"), support(), reference, limits)
    assert fusion.fusion_class is expected


def test_partner_on_the_other_strand_is_antisense(world, reference):
    etv6 = world.transcript("ETV6")
    exon = etv6.exons[4]
    fusion = joined(
        reference,
        (exon.contig, exon.start + 20, etv6.strand.opposite),
        acceptor_of(world, "ETV6:5-NTRK3:15"),
    )
    assert fusion.fusion_class is FusionClass.ANTISENSE_PARTNER
    assert (fusion.name, fusion.five.is_sense, fusion.five.exon) == ("ETV6::NTRK3", False, 5)
    assert fusion.five.site is Site.EXON


@pytest.mark.parametrize("strand", Strand)
def test_partner_outside_of_all_genes_is_intergenic(world, reference, strand):
    fusion = joined(reference, ("chr12", 50, strand), acceptor_of(world, "ETV6:5-NTRK3:15"))
    assert fusion.fusion_class is FusionClass.INTERGENIC_PARTNER
    assert fusion.name == "intergenic::NTRK3"
    assert (fusion.five.gene_id, fusion.five.transcript, fusion.five.exon) == ("intergenic", "", 0)
    assert fusion.five.site is Site.INTERGENIC
    assert fusion.target == "NTRK3"


@pytest.mark.parametrize("text", ["ETV6:5-TPM3:3", "LMNA:2-PRCC:2"])
def test_junction_without_a_target_in_sense_is_a_mistake_of_ours(world, reference, text):
    with pytest.raises(ValueError, match="no target gene in sense"):
        named(world, reference, text)


# names


@pytest.mark.parametrize(
    ("text", "names", "five", "three"),
    [
        ("ETV6:5-NTRK3:15", ("ETV6::NTRK3", "NTRK3"), ("splice-site", 5), ("splice-site", 15)),
        ("TPM3:8-NTRK1:10", ("TPM3::NTRK1", "NTRK1"), ("splice-site", 8), ("splice-site", 10)),
        ("LMNA:11-150-NTRK1:11", ("LMNA::NTRK1", "NTRK1"), ("exon", 11), ("splice-site", 11)),
        ("ETV6:5+30-NTRK3:15", ("ETV6::NTRK3", "NTRK3"), ("intron", 5), ("splice-site", 15)),
        ("ETV6:5-NTRK3:15-40", ("ETV6::NTRK3", "NTRK3"), ("splice-site", 5), ("intron", 15)),
        ("TPM3:8+30-NTRK1:10-40", ("TPM3::NTRK1", "NTRK1"), ("intron", 8), ("intron", 10)),
        ("QKI:6-NTRK2:16+9", ("QKI::NTRK2", "NTRK2"), ("splice-site", 6), ("exon", 16)),
        ("NTRK3:14-ETV6:6", ("NTRK3::ETV6", "NTRK3"), ("splice-site", 14), ("splice-site", 6)),
        ("NTRK1:8-NTRK3:15", ("NTRK1::NTRK3", "NTRK3"), ("splice-site", 8), ("splice-site", 15)),
    ],
)
def test_genes_sites_and_exon_numbers(world, reference, text, names, five, three):
    fusion = named(world, reference, text)
    assert (fusion.name, fusion.target) == names
    assert (fusion.five.site.value, fusion.five.exon) == five
    assert (fusion.three.site.value, fusion.three.exon) == three
    planted = plant(world, text)
    for side, text_of in ((fusion.five, planted.breakpoint5), (fusion.three, planted.breakpoint3)):
        assert (side.contig, side.position, side.strand) == parse_breakpoint(text_of)
        assert side.is_sense
        assert side.biotype == "protein_coding"
    expected = world.transcript(planted.transcript3)
    assert fusion.three.gene_id == expected.gene_id


def test_exon_is_numbered_in_the_transcript_that_has_the_edge(world, reference):
    """Exon 15 of truncated TrkC begins where no kinase transcript has an exon."""
    fusion = named(world, reference, "EML4:2-NTRK3/NM_001007156:15")
    assert fusion.three.transcript == world.transcript("NM_001007156").ensembl_id
    assert (fusion.three.site, fusion.three.exon) == (Site.SPLICE_SITE, 15)


def test_primary_transcript_names_an_edge_that_several_have(world, reference):
    fusion = named(world, reference, "TPM3:8-NTRK1:13")
    assert fusion.three.transcript == world.transcript("NM_002529").ensembl_id
    assert fusion.three.exon == 13
    lmna = named(world, reference, "LMNA:4-NTRK1:11")
    assert lmna.five.transcript == world.transcript("NM_170707").ensembl_id


def test_last_exon_end_is_no_splice_site(world, reference):
    """The end of a transcript is no donor, nor its beginning an acceptor."""
    etv6, ntrk1 = world.transcript("ETV6"), world.transcript("NTRK1")
    last = donor_edge(etv6, len(etv6.exons))
    fusion = joined(
        reference, ("chr12", last, etv6.strand), ("chr1", ntrk1.exons[0].start, ntrk1.strand)
    )
    assert (fusion.five.site, fusion.five.exon) == (Site.EXON, len(etv6.exons))
    assert fusion.three.site is Site.EXON


def test_gene_within_a_gene_of_the_other_strand(world, reference):
    """INSRR lies inside the long form of NTRK1: a donor there is NTRK1's if it runs its way."""
    insrr = world.transcript("INSRR")
    edge = donor_edge(insrr, 5)
    acceptor = acceptor_of(world, "ETV6:5-NTRK3:15")
    sense = joined(reference, ("chr1", edge, Strand.REVERSE), acceptor)
    assert (sense.name, sense.five.site, sense.five.exon) == (
        "INSRR::NTRK3",
        Site.SPLICE_SITE,
        5,
    )
    other = joined(reference, ("chr1", edge, Strand.FORWARD), acceptor)
    assert other.name == "NTRK1::NTRK3"
    assert other.five.is_sense


def test_gene_in_sense_is_taken_before_an_exon_edge_of_the_other_strand(world, reference):
    """An exon of NTRK1's long form ends within INSRR; transcribed that way it is INSRR's."""
    insrr, long_form = world.transcript("INSRR"), world.transcript("NM_001007792")
    edges = [donor_edge(long_form, number) for number in range(1, len(long_form.exons))]
    within = [edge for edge in edges if insrr.place.start <= edge < insrr.place.end]
    assert within
    acceptor = acceptor_of(world, "ETV6:5-NTRK3:15")
    for edge in within:
        fusion = joined(reference, ("chr1", edge, Strand.REVERSE), acceptor)
        assert (fusion.name, fusion.five.is_sense) == ("INSRR::NTRK3", True)


def test_what_was_counted_is_carried_on(world, reference):
    junction = junction_of(plant(world, "SQSTM1:5-NTRK1:10:CTC"))
    counted = support(7, 2, anchor_bp=33)
    fusion = fusion_of(candidate_of(junction, homology_bp=0, mapq=42), counted, reference, LIMITS)
    assert fusion.inserted == "CTC"
    assert fusion.support is counted
    assert (fusion.homology_bp, fusion.mapq_phred) == (0, 42)


# events and partners


def test_splice_forms_of_one_event_share_their_molecules(world, reference):
    counts = {
        "ETV6:5-NTRK3:15": (4, 1),
        "ETV6:4-NTRK3:14": (1, 0),
        "ETV6:5-20-NTRK3:15": (2, 0),  # off the exon edges: an event of its own
        "BTBD1:4-NTRK3:14": (1, 1),
        "EML4:2-NTRK3:14": (0, 0),
        "ETV6:5-NTRK3:16": (30, 0),  # of another class
        "TPM3:8-NTRK1:10": (9, 9),  # of another target
    }
    fusions = [
        name_fusion(candidate(world, text), support(*each), reference, LIMITS)
        for text, each in counts.items()
    ]
    for order in (1, -1):
        told = with_events(fusions[::order])[::order]
        assert [each.event_molecules for each in told] == [6, 6, 2, 2, 0, 30, 18]
        assert [each.partners for each in told] == [2, 2, 2, 2, 2, 1, 1]
        assert [each.partner_share for each in told] == [1, 1, 1, 0.25, 0, 1, 1]
    assert with_events([]) == ()


@pytest.mark.parametrize("order", [1, -1])
def test_other_junctions_off_the_exon_edges_are_counted(world, reference, order):
    """Those with molecules between the same two genes; an insert between edges is one as well."""
    expected = {
        ("ETV6:5-20-NTRK3:15", 2): 2,
        ("ETV6:5-33-NTRK3:15+9", 1): 2,
        ("ETV6:5-NTRK3:15:ACG", 4): 2,
        ("ETV6:5-41-NTRK3:15", 0): 3,  # without molecules
        ("ETV6:5-NTRK3:15", 9): 3,  # on the edges
        ("BTBD1:4-20-NTRK3:14", 1): 0,
        ("ETV6:5-20-NTRK1:10", 1): 0,
    }
    fusions = [
        name_fusion(candidate(world, text), support(split, 0), reference, LIMITS)
        for text, split in expected
    ]
    told = with_events(fusions[::order])[::order]
    assert [each.scattered_junctions for each in told] == list(expected.values())


# shared bases


def beside(world, text, *, is_donor):
    """The places before and from a cut on, along the transcript; the gene's strand and contig."""
    planted = plant(world, text)
    transcript = world.transcript(planted.transcript5 if is_donor else planted.transcript3)
    junction = junction_of(planted)
    end = junction.donor if is_donor else junction.acceptor
    places = exon_places(transcript)
    cut = places.index(end.position) + is_donor
    return transcript, places[:cut], places[cut:]


def shared(world, reference, text, before, after):
    """`shared_bp` when the genes are alike along so many bases before and from the cut on.

    The target is given the partner's bases, the first one beyond them excepted.
    """
    edited = EditedReference(reference, world)
    five, five_before, five_after = beside(world, text, is_donor=True)
    three, three_before, three_after = beside(world, text, is_donor=False)
    given = list(zip(five_before[::-1][:before], three_before[::-1], strict=False))
    given += zip(five_after[:after], three_after, strict=False)
    for source, place in given:
        edited.write(three.contig, [place], three.strand, base_at(edited, five, source))
    step = 1 if five.strand is Strand.FORWARD else -1
    cut = five_before[-1]
    ends = (
        (five_before[-before - 1], cut - step * before, three_before[-before - 1]),
        (five_after[after], cut + step * (after + 1), three_after[after]),
    )
    for along, genome, place in ends:
        base = other_base(base_at(edited, five, along), base_at(edited, five, genome))
        edited.write(three.contig, [place], three.strand, base)
    return fusion_of(candidate(world, text), support(), edited, LIMITS).shared_bp


def base_at(reference, transcript, place):
    return reference.transcribed(transcript.contig, ((place, place + 1),), transcript.strand)


SHARING = ("ETV6:5-20-NTRK3:15+3", "TPM3:8-20-NTRK1:10+3", "QKI:6-20-NTRK2:16+3")


@pytest.mark.parametrize("text", SHARING)
@pytest.mark.parametrize(("before", "after"), [(0, 0), (3, 0), (4, 0), (9, 0), (0, 6), (9, 4)])
def test_bases_are_shared_along_transcripts_over_an_exon_border(
    world, reference, text, before, after
):
    """Three bases into the target's exon: more of them lie in the exon before."""
    assert shared(world, reference, text, before, after) == before + after


@pytest.mark.parametrize("text", ["ETV6:5-3-NTRK3:15+30", "BTBD1:4-3-NTRK1:10+30"])
@pytest.mark.parametrize("after", [2, 3, 4, 9])
def test_bases_are_shared_behind_the_partners_exon(world, reference, text, after):
    """Three bases before the end of the partner's exon: more of them lie in the next one."""
    assert shared(world, reference, text, 0, after) == after


def with_insert(world, reference, text, errors, alike):
    """`shared_bp` of a junction whose inserted bases are the partner's next, but for errors.

    Behind them the partner goes on as the target does, for so many bases.
    """
    plain, _, inserted = text.rpartition(":")
    edited = EditedReference(reference, world)
    five, _, five_after = beside(world, plain, is_donor=True)
    three, three_before, three_after = beside(world, plain, is_donor=False)
    size = len(inserted)
    next_bases = changed(inserted, range(errors))
    edited.write(five.contig, five_after[:size], five.strand, next_bases)
    for source, place in zip(three_after[:alike], five_after[size:], strict=False):
        edited.write(five.contig, [place], five.strand, base_at(edited, three, source))
    beyond = other_base(base_at(edited, three, three_after[alike]))
    edited.write(five.contig, [five_after[size + alike]], five.strand, beyond)
    last = other_base(next_bases[-1], inserted[-1])
    edited.write(three.contig, [three_before[-1]], three.strand, last)
    return fusion_of(candidate(world, text), support(), edited, LIMITS).shared_bp


@pytest.mark.parametrize("inserted", ["A", "CT", "GAC"])
@pytest.mark.parametrize("errors", [0, 1])
@pytest.mark.parametrize("text", ["ETV6:5-30-NTRK3:15+40", "TPM3:8-30-NTRK1:10+40"])
def test_inserted_bases_may_be_shared_bases_with_an_error(world, reference, text, inserted, errors):
    assert with_insert(world, reference, f"{text}:{inserted}", errors, 8) == 8


@pytest.mark.parametrize("text", ["ETV6:5-30-NTRK3:15+40", "TPM3:8-30-NTRK1:10+40"])
def test_inserted_bases_with_two_errors_are_no_shared_bases(world, reference, text):
    assert with_insert(world, reference, f"{text}:GAC", 2, 8) < 8


def test_homology_of_the_genome_is_the_least(world, reference):
    text = "ETV6:5-20-NTRK3:15+3"
    one = candidate_of(junction_of(plant(world, text)), homology_bp=7)
    assert fusion_of(one, support(), reference, LIMITS).shared_bp == 7


@pytest.mark.parametrize("text", ["ETV6:5-NTRK3:15", "TPM3:8-NTRK1:10", "LMNA:11-150-NTRK1:11"])
def test_triplets_are_those_of_the_poorer_side(world, reference, text):
    fused, cut = fused_text(world, text)
    sides = (fused[cut - 20 : cut], fused[cut : cut + 20])
    expected = min(len({side[i : i + 3] for i in range(18)}) for side in sides)
    assert named(world, reference, text).triplets == expected


def test_rivals_are_named_with_their_place(world, reference):
    rival = junction_of(plant(world, "TPM3:8-NTRK3:15"))
    counted = replace(support(), rivals=(rival,))
    fusion = fusion_of(candidate(world, "ETV6:5-NTRK3:15"), counted, reference, LIMITS)
    place = plant(world, "TPM3:8-NTRK3:15").breakpoint5
    assert fusion.rivals == (f"TPM3({place})",)


# distance


@pytest.mark.parametrize(
    ("text", "is_collinear"),
    [
        ("LMNA:4-NTRK1:11", True),  # + strand, upstream
        ("NTRK1:8-LMNA:5", False),  # + strand, downstream first
        ("NTRK1:8-PEAR1:3", True),
        ("TPM3:8-NTRK1:10", False),  # other strands
        ("ETV6:5-NTRK3:15", False),  # other contigs
        ("NTRK3:4-NTRK3:15", True),  # - strand, as spliced
        ("NTRK3:15-NTRK3:4", False),  # - strand, circular
    ],
)
def test_distance_along_the_strand(world, reference, text, is_collinear):
    fusion = named(world, reference, text)
    between = abs(fusion.three.position - fusion.five.position) - 1
    expected = between if is_collinear else None
    assert fusion.distance_bp == expected
    assert collinear_distance_bp(fusion.five, fusion.three) == expected


def test_neighbouring_bases_have_no_distance(world, reference):
    start = world.transcript("NTRK1").exons[7].start
    fusion = joined(
        reference, ("chr1", start + 9, Strand.FORWARD), ("chr1", start + 10, Strand.FORWARD)
    )
    assert fusion.distance_bp == 0
