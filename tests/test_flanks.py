"""Fused and unfused sequences beside a breakend, against the planted transcripts."""

from __future__ import annotations

import pytest

from builders import (
    Piece,
    bases_of,
    exon_places,
    junction_of,
    plant,
)
from fusioncall.coords import Strand, breakpoint_text
from fusioncall.flanks import acceptor_flank, donor_flank
from fusioncall.plants import fused_parts

REACH = 400
DONORS = (  # a partner's exon and offset; the intron behind it
    "ETV6:5+30",
    "TPM3:8+30",
    "TPM3:3+50",  # two forms of the gene have this intron
    "TPM3:8+1",
    "TPM3:1+100",
    "LMNA:4+60",
    "QKI:6+1",
    "BTBD1:4+200",
)
ACCEPTORS = (  # a target's exon and offset; the intron before it
    "NTRK3:15-40",  # three kinase forms of the gene and a truncated one
    "NTRK3:17-100",
    "NTRK3:14-1",
    "NTRK1:10-40",
    "NTRK1:10-1",
    "NTRK1:9-100",  # exon 9 is skipped in two forms
    "NTRK2:16-30",
    "NTRK2:13-300",
)


def ends_of(world, text):
    """The gene and the breakend of one side; the other one is any."""
    gene, _, rest = text.partition(":")
    is_donor = "+" in rest
    planted = plant(world, f"{text}-NTRK3:15" if is_donor else f"ETV6:5-{text}")
    junction = junction_of(planted)
    return gene, junction.donor if is_donor else junction.acceptor, is_donor


def holding(world, gene, end):
    """The transcripts of a gene that the breakend lies in, which must be in no exon."""
    found = []
    for transcript in world.transcripts:
        if transcript.gene == gene and transcript.place.contains(end.contig, end.position):
            assert end.position not in exon_places(transcript)
            found.append(transcript)
    return found


def part_of(world, transcript, end, *, is_donor):
    """What a fusion at the breakend keeps of a transcript."""
    place = breakpoint_text(end.contig, end.position, transcript.strand)
    side = f"{transcript.gene}/{transcript.refseq_id}@{place}"
    text = f"{side}-NTRK3:15" if is_donor else f"ETV6:5-{side}"
    five, _, three = fused_parts(world, plant(world, text))
    return five[-REACH:] if is_donor else three[:REACH]


def flank_of(end, reference, *, is_donor, observed=()):
    flank = donor_flank if is_donor else acceptor_flank
    return flank(end, observed, REACH, reference)


@pytest.mark.parametrize("text", [*DONORS, *ACCEPTORS])
def test_breakend_in_an_intron_follows_every_transcript(world, reference, text):
    gene, end, is_donor = ends_of(world, text)
    transcripts = holding(world, gene, end)
    expected = {part_of(world, each, end, is_donor=is_donor) for each in transcripts}
    found = flank_of(end, reference, is_donor=is_donor).kept
    assert found == tuple(sorted(expected))


@pytest.mark.parametrize(
    ("text", "forms"), [("TPM3:1+100", 1), ("NTRK1:9-100", 2), ("NTRK3:17-100", 4)]
)
def test_forms_that_end_in_other_ways_are_told_apart(world, reference, text, forms):
    _, end, is_donor = ends_of(world, text)
    assert len(flank_of(end, reference, is_donor=is_donor).kept) == forms


@pytest.mark.parametrize("text", [*DONORS, *ACCEPTORS])
def test_unfused_sequences_run_on_through_the_intron(world, reference, text):
    """Through the genome, and through the rest of the intron into the next exons."""
    gene, end, is_donor = ends_of(world, text)
    found = flank_of(end, reference, is_donor=is_donor)
    for transcript in holding(world, gene, end):
        kept = part_of(world, transcript, end, is_donor=is_donor)
        contig, at = end.contig, end.position
        forward = transcript.strand is Strand.FORWARD
        low, high = (at + 1, at + 1 + REACH) if forward == is_donor else (at - REACH, at)
        genome = bases_of(world, Piece(contig, low, high, transcript.strand))
        assert (kept + genome if is_donor else genome + kept) in found.through
        places = beyond(transcript, end, is_donor=is_donor)
        rest = "".join(
            bases_of(world, Piece(contig, place, place + 1, transcript.strand)) for place in places
        )
        assert (kept + rest if is_donor else rest + kept) in found.through
    assert all(
        any(each.startswith(kept) if is_donor else each.endswith(kept) for kept in found.kept)
        for each in found.through
    )


def beyond(transcript, end, *, is_donor):
    """The nearest places that a fusion leaves behind, if the intron is kept."""
    (intron,) = (each for each in transcript.introns if each.contains(end.contig, end.position))
    inside = range(intron.start, intron.end)
    places = sorted({*exon_places(transcript), *inside})
    if transcript.strand is Strand.REVERSE:
        places.reverse()
    index = places.index(end.position)
    return (
        places[index + 1 : index + 1 + REACH] if is_donor else places[max(0, index - REACH) : index]
    )


def test_breakend_in_an_exon_of_one_form_follows_only_forms_with_it_in_an_exon(world, reference):
    """Truncated TrkC ends in an exon where the kinase forms have an intron."""
    longer = world.transcript("NM_001007156")
    kinase = world.transcript("NM_002530")
    last = longer.exons[-1]
    place = last.start + 100
    assert place not in exon_places(kinase)
    assert kinase.place.contains("chr15", place)
    text = f"NTRK3/{longer.refseq_id}@{breakpoint_text('chr15', place, longer.strand)}"
    end = junction_of(plant(world, f"ETV6:5-{text}")).acceptor
    expected = part_of(world, longer, end, is_donor=False)
    assert flank_of(end, reference, is_donor=False).kept == (expected,)


def test_place_outside_of_all_genes_runs_along_the_genome(world, reference):
    end = junction_of(plant(world, "ETV6:5-NTRK3:15")).donor
    outside = type(end)(end.contig, 1000, end.keeps)
    found = donor_flank(outside, (), REACH, reference)
    assert found.kept == (world.genome["chr12"][601:1001],)
    assert found.through == (world.genome["chr12"][601:1401],)
