"""Codons of resistance: where they lie, what molecules show there, and when that is a mutation."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from builders import Piece, candidate, flipped, fusion_of, make_read, pair, single, support
from fusioncall.codons import translate
from fusioncall.coords import Strand
from fusioncall.errors import SettingsError
from fusioncall.filters import judge
from fusioncall.genes import Transcript, position_at
from fusioncall.resistance import changes, codon_depths, read_sites, sites_on, verdict
from fusioncall.resources import resource_path
from fusioncall.sequence import complement
from fusioncall.world import read_transcripts

SITES = read_sites(resource_path("resistance.tsv"))
PUBLISHED = {  # GRCh38, first to last base; NTRK1 595 and 667 as CIViC places them
    ("NTRK1", 589): ("chr1", 156876532, 156876534),
    ("NTRK1", 595): ("chr1", 156876550, 156876552),
    ("NTRK1", 667): ("chr1", 156879315, 156879317),
    ("NTRK2", 633): ("chr9", 84948594, 84948596),
    ("NTRK2", 639): ("chr9", 84948612, 84948614),
    ("NTRK2", 709): ("chr9", 84955470, 84955472),
    ("NTRK3", 617): ("chr15", 87933050, 87933052),
    ("NTRK3", 623): ("chr15", 87933032, 87933034),
    ("NTRK3", 696): ("chr15", 87929236, 87929238),
}


def test_every_numbering_names_the_published_places():
    real = [
        Transcript(
            each.refseq_id,
            each.gene_id,
            each.gene,
            each.contig,
            each.strand,
            tuple(sorted((exon.start, exon.end) for exon in each.exons)),
            (each.coding.start, each.coding.end),
        )
        for each in read_transcripts(resource_path("simulated_genes.tsv"))
    ]
    found = {}
    for site in SITES:
        carriers = [
            each
            for each in real
            if each.gene_name == site.gene
            and each.coding_length_bp == 3 * site.protein_length_aa + 3
        ]
        assert carriers, site
        for carrier in carriers[:1]:
            first = 3 * (site.residue - 1)
            places = sorted(
                position_at(carrier.coding_blocks, first + step, carrier.strand)
                for step in range(3)
            )
            place = (carrier.contig, places[0] + 1, places[-1] + 1)
            found.setdefault((site.gene, site.changes), set()).add(place)
    assert len(SITES) == 18
    assert sorted(next(iter(places)) for places in found.values()) == sorted(PUBLISHED.values())
    assert all(len(places) == 1 for places in found.values())


def test_sites_follow_the_numbering_of_the_reference(reference):
    found = [(site.gene, site.residue) for site in sites_on(SITES, reference.targets)]
    assert found == list(PUBLISHED)


@pytest.fixture(scope="module")
def codon(reference):
    """What is seen at NTRK3 623 and where it lies."""

    def find(molecules, calls=()):
        depths = codon_depths(molecules, calls, SITES, reference)
        return next(each for each in depths if (each.gene, each.residue) == ("NTRK3", 623))

    return find


@pytest.fixture(scope="module")
def over(world, codon):
    """A read over the codon of NTRK3 that shows given bases as transcribed, or the genome's."""
    places = sorted(codon([]).places)

    def make(shown=None, strand=Strand.FORWARD, before=30):
        start = places[0] - before
        read = make_read(world, [Piece("chr15", start, start + 80)])
        if shown:
            text = read.sequence
            mutated = complement(shown)[::-1]  # NTRK3 lies on the reverse strand
            text = text[:before] + mutated + text[before + 3 :]
            read = replace(read, sequence=text)
        return read if strand is Strand.FORWARD else flipped(read)

    return make


def other_codon(depth):
    """A codon of another residue."""
    own = translate(depth.reference)
    return next(each for each in ("AGA", "GCA", "TGT") if translate(each) != own)


def test_codons_are_those_of_the_transcript(world, codon):
    depth = codon([])
    ntrk3 = world.transcript("NM_001012338")
    coding = world.coding_sequence(ntrk3)
    assert depth.reference == coding[3 * 622 : 3 * 623]
    assert depth.transcript == ntrk3.ensembl_id
    assert (depth.observed, depth.observed_fused, depth.unclear) == ({}, {}, 0)


def test_molecules_are_counted_by_what_they_show(codon, over):
    depth = codon([])
    other = other_codon(depth)
    molecules = [
        single("a", over()),
        single("b", over(strand=Strand.REVERSE)),
        single("c", over(other)),
        single("d", over(other, Strand.REVERSE)),
        pair("mates agree", over(), over(before=40)),
        pair("mates disagree", over(), over(other)),
        single("n", over("NNN")),
        single("beside", over(before=-3)),
        single("half", over(before=79)),
    ]
    depth = codon(molecules)
    assert depth.observed == {depth.reference: 3, other: 2}
    assert depth.unclear == 2


def test_a_read_with_a_deletion_in_the_codon_does_not_show_it(codon, over):
    read = over()
    (segment,) = read.segments
    cut = replace(segment, cigar=(("M", 31), ("D", 1), ("M", 48)), query_end=79)
    read = replace(read, sequence=read.sequence[:31] + read.sequence[32:], segments=(cut,))
    assert codon([single("a", read)]).observed == {}


def test_bases_after_an_insertion_are_read_in_their_place(codon, over):
    read = over()
    (segment,) = read.segments
    longer = replace(segment, cigar=(("M", 10), ("I", 2), ("M", 70)), query_end=82)
    read = replace(
        read, sequence=read.sequence[:10] + "AC" + read.sequence[10:], segments=(longer,)
    )
    depth = codon([single("a", read)])
    assert depth.observed == {depth.reference: 1}


def test_fused_molecules_are_those_of_calls(world, reference, settings, codon, over):
    counted = replace(support(), split_names=("a",), spanning_names=("b",))
    fusion = fusion_of(candidate(world, "ETV6:5-NTRK3:15"), counted, reference, settings.filters)
    call = judge(fusion, settings)
    assert call.passed
    molecules = [single(name, over()) for name in "abc"]
    depth = codon(molecules, [call])
    assert depth.observed_fused == {depth.reference: 2}
    rejected = judge(replace(fusion, mapq_phred=0), settings)
    assert codon(molecules, [rejected]).observed_fused == {}


@pytest.mark.parametrize(
    ("genome", "mutated", "expected"),
    [
        (0, 0, "not-assessable"),
        (19, 0, "not-assessable"),
        (20, 0, "no"),
        (18, 2, "no"),
        (0, 3, "yes"),
        (57, 3, "yes"),
        (58, 3, "no"),
    ],
)
def test_verdict(settings, codon, genome, mutated, expected):
    limits = msgspec.structs.replace(
        settings.resistance, min_molecules=20, min_mutated_molecules=3, min_mutated_share=0.05
    )
    depth = codon([])
    other = other_codon(depth)
    seen = replace(depth, observed={depth.reference: genome, other: mutated})
    assert verdict(seen, limits) == expected
    name = f"{translate(depth.reference)}623{translate(other)}"
    assert changes(seen, limits) == ((name,) if expected == "yes" else ())


def test_another_codon_of_the_same_residue_is_no_mutation(settings, codon):
    depth = replace(codon([]), reference="GGG", observed={"GGA": 50})
    assert verdict(depth, settings.resistance) == "no"


def test_a_table_that_cannot_be_used_is_refused(tmp_path):
    path = tmp_path / "resistance.tsv"
    path.write_text("gene\n")
    with pytest.raises(SettingsError, match="lacks the column protein_length_aa"):
        read_sites(path)
    header = "gene\tprotein_length_aa\tresidue\taa\tsite\tchanges\tsource"
    path.write_text(f"{header}\nNTRK1\tx\t5\tG\ts\tc\tq\n")
    with pytest.raises(SettingsError, match="a row of NTRK1 without a number"):
        read_sites(path)
