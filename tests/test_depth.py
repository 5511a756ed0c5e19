"""Depth over the acceptors of the targets, and insert sizes, of molecules made by hand."""

from __future__ import annotations

import pytest

from builders import aligned, text_pair
from fusioncall.depth import insert_sizes, limit_acceptors
from fusioncall.pipeline import call_molecules


def target_of(reference, gene):
    return next(each for each in reference.targets if each.name == gene)


@pytest.mark.parametrize(
    ("gene", "exons"),
    [  # those that every transcript with the whole domain has: not the cassettes before it
        ("NTRK1", [8, 10, 11, 12, 13]),
        ("NTRK2", [12, 13, 14, 16, 17]),
        ("NTRK3", [10, 11, 12, 13, 14, 15]),
    ],
)
def test_acceptors_before_the_domain(reference, gene, exons):
    found = limit_acceptors(target_of(reference, gene), 6)
    assert list(found) == exons
    transcript = next(
        each
        for each in target_of(reference, gene).gene.transcripts
        if each.id == target_of(reference, gene).reference_transcript
    )
    assert [transcript.exon_index(end.position) for end in found.values()] == [
        exon - 1 for exon in exons
    ]
    assert all(transcript.is_acceptor(end.position) for end in found.values())


def test_fewer_acceptors_are_the_last_ones(reference):
    assert list(limit_acceptors(target_of(reference, "NTRK3"), 2)) == [14, 15]


@pytest.fixture
def over(world):
    """Pairs of fragments of a gene around the first base of an exon."""

    def pairs(gene, exon, sizes, before=100):
        transcript = world.transcript(gene)
        cut = sum(each.end - each.start for each in transcript.exons[: exon - 1])
        text = world.sequence(transcript)
        return [
            text_pair(f"{gene}.{exon}.{n}", text[cut - before - n : cut - before - n + size], 75)
            for n, size in enumerate(sizes)
        ]

    return pairs


@pytest.mark.parametrize(("gene", "exon"), [("NTRK1", 13), ("NTRK2", 13), ("NTRK3", 15)])
def test_insert_sizes_are_those_of_the_fragments(over, reference, settings, gene, exon):
    sizes = [100, 180, 180, 260, 400]
    molecules = aligned(over(gene, exon, sizes), reference, settings)
    assert insert_sizes(molecules, reference.targets) == {100: 1, 180: 2, 260: 1, 400: 1}


def test_pairs_whose_ends_the_aligner_cut_off_tell_no_insert_size(over, reference, settings):
    """Ten bases of a short exon are left at the end of a read."""
    molecules = aligned(over("NTRK3", 13, [100]), reference, settings)
    assert [read.segments[0].query_start for read in molecules[0].reads] != [0, 0]
    assert insert_sizes(molecules, reference.targets) == {}


def test_single_reads_and_other_genes_tell_no_insert_size(over, world, reference, settings):
    pairs = [*over("GAPDH", 5, [200]), *over("NTRK3", 15, [200])]
    molecules = aligned(pairs, reference, settings)
    singles = [type(each)(each.name, each.reads[:1]) for each in molecules]
    assert insert_sizes([molecules[0], *singles], reference.targets) == {}


def test_unfused_molecules_are_counted_over_each_acceptor(over, reference, settings):
    """Fragments of 90 bases that begin 40 bases before an exon, one base apart from each other."""
    molecules = aligned(
        [*over("NTRK3", 15, [90] * 7, before=40), *over("NTRK3", 14, [90] * 3, before=40)],
        reference,
        settings,
    )
    found = call_molecules(molecules, reference, settings)
    counts = {(each.gene, each.exon): each.unfused_molecules for each in found.acceptors}
    assert counts[("NTRK3", 15)] == 7
    assert counts[("NTRK3", 14)] == 3
    assert sum(counts.values()) == 10
    assert found.insert_sizes == {90: 10}


def test_copies_of_an_unfused_molecule_count_once(over, reference, settings):
    (one,) = over("NTRK3", 15, [90], before=40)
    copies = [type(one)(name, one.reads) for name in "abc"]
    found = call_molecules(aligned(copies, reference, settings), reference, settings)
    assert sum(each.unfused_molecules for each in found.acceptors) == 1
