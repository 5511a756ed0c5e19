"""Molecules on the transcript pairs of a fusion: two transcripts of a partner told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders import candidate, fused_text, fusion_of, support, text_pair, text_read
from fusioncall.annotate import annotate
from fusioncall.catalogue import Catalogue
from fusioncall.filters import judge
from fusioncall.isoforms import MAX_MOLECULES, pair_molecules, with_isoforms
from fusioncall.model import Molecule
from fusioncall.sequences import write_pairs
from fusioncall.tables import fusion_row
from sequencing import rows

FUSION = "BTBD1:4-NTRK3:14"
LONG, SHORT = "T1.long", "T2.short"


class WithTranscripts:
    """A reference in which BTBD1 has two transcripts: one without the exon before the junction's.

    `mane` is the one that is MANE Select, if any is.
    """

    def __init__(self, reference, mane=""):
        self._reference = reference
        self._mane = mane

    def __getattr__(self, name):
        return getattr(self._reference, name)

    def genes_at(self, contig, start, end):
        for gene in self._reference.genes_at(contig, start, end):
            yield self._changed(gene) if gene.name == "BTBD1" else gene

    def _changed(self, gene):
        (whole,) = gene.transcripts
        skipped = whole.exons_transcribed[2]
        exons = tuple(block for block in whole.exons if block != skipped)
        made = (
            replace(whole, id=LONG, is_primary=False, is_mane=self._mane == LONG),
            replace(whole, id=SHORT, exons=exons, is_primary=False, is_mane=self._mane == SHORT),
        )
        return replace(gene, transcripts=made)


@pytest.fixture
def fused(world):
    """The fused transcripts with and without exon 3, and where the 3' gene begins in each."""
    text, cut = fused_text(world, FUSION)
    lengths = [len(exon) for exon in world.transcript("BTBD1").exons]
    first, last = sum(lengths[:2]), sum(lengths[:3])
    return {LONG: (text, cut), SHORT: (text[:first] + text[last:], cut - (last - first))}


def across(world, fused, name, label):
    """A pair of mates of 60 bases: one over the edge of the junction's exon, one over the junction.

    A mate beyond that edge that does not cross it would fit both transcripts.
    """
    text, cut = fused[name]
    edge = cut - len(world.transcript("BTBD1").exons[3])
    return text_pair(label, text[edge - 30 : cut + 40], 60)


def named(world, reference, settings, molecules):
    """The judged call that these molecules support."""
    counted = replace(support(), split_names=tuple(molecules), spanning_names=())
    return judge(
        fusion_of(candidate(world, FUSION), counted, reference, settings.filters), settings
    )


def counted(call):
    """Molecules by the 5' transcript, of the first 3' transcript."""
    return {five: number for (five, three), number in call.pair_molecules.items() if three == FIRST}


FIRST = "ENST00000629765.3"


@pytest.mark.parametrize("shown", [LONG, SHORT])
def test_reads_into_the_next_exon_decide(world, reference, settings, fused, shown):
    """Three molecules reach into the exon before, two see the junction's own exon only."""
    far = [across(world, fused, shown, f"far{number}") for number in range(3)]
    near = [
        Molecule(f"near{number}", (text_read(fused[LONG][0][fused[LONG][1] - 30 :][:60]),))
        for number in range(2)
    ]
    molecules = {each.name: each for each in [*far, *near]}
    changed = WithTranscripts(reference)
    call = named(world, changed, settings, molecules)
    assert call.fusion.five.transcript == LONG  # by its id, before anything is counted
    call = with_isoforms(call, molecules, changed, settings.recount)
    other = SHORT if shown == LONG else LONG
    assert counted(call) == {shown: 5, other: 2}
    assert (call.fusion.five.transcript, call.fusion.five.exon) == (
        shown,
        4 if shown == LONG else 3,
    )
    assert call.fusion.three.transcript == FIRST
    (annotated,) = annotate([call], Catalogue(()), changed)
    told = [
        (each.pair.five.transcript.id, each.molecules)
        for each in annotated.meaning.pairs
        if each.pair.three.transcript.id == FIRST
    ]
    assert told == [(shown, 5), (other, 2)]


@pytest.mark.parametrize("mane", [LONG, SHORT])
def test_mane_select_stays_first_and_the_count_is_told(
    world, reference, settings, fused, tmp_path, mane
):
    shown = SHORT if mane == LONG else LONG
    molecules = {f"m{number}": across(world, fused, shown, f"m{number}") for number in range(3)}
    changed = WithTranscripts(reference, mane)
    call = named(world, changed, settings, molecules)
    call = with_isoforms(call, molecules, changed, settings.recount)
    assert counted(call) == {shown: 3, mane: 0}
    annotated = annotate([call], Catalogue(()), changed)
    write_pairs(tmp_path / "t.tsv", "S", annotated)
    first, second, *_ = rows(tmp_path / "t.tsv")
    assert (first["transcript5"], first["molecules"]) == (mane, "0")
    assert (second["transcript5"], second["molecules"]) == (shown, "3")
    row = fusion_row("S", 1000, annotated[0])
    assert (row.transcript5, row.hgvs_r) == (mane, first["hgvs_r"])


def test_molecules_that_tell_nothing_leave_the_order(world, reference, settings, fused):
    text, cut = fused[LONG]
    molecules = {"a": Molecule("a", (text_read(text[cut - 30 : cut + 30]),))}
    changed = WithTranscripts(reference)
    call = with_isoforms(
        named(world, changed, settings, molecules), molecules, changed, settings.recount
    )
    assert set(call.pair_molecules.values()) == {1}
    assert call.fusion.five.transcript == LONG


def test_a_read_that_lies_nowhere_counts_for_no_pair(world, reference, settings):
    molecules = {"a": Molecule("a", (text_read("ACGTTGCA" * 8),))}
    fusion = named(world, reference, settings, molecules).fusion
    found = pair_molecules(fusion, molecules, reference, settings.recount)
    assert set(found.values()) == {0}


def test_of_many_molecules_some_are_laid(world, reference, settings, fused):
    text, cut = fused[LONG]
    read = text_read(text[cut - 30 : cut + 30])
    molecules = {f"m{n:04}": Molecule(f"m{n:04}", (read,)) for n in range(MAX_MOLECULES + 20)}
    fusion = named(world, reference, settings, molecules).fusion
    found = pair_molecules(fusion, molecules, reference, settings.recount)
    assert set(found.values()) == {MAX_MOLECULES}


def test_rejected_candidates_are_not_counted(world, reference, settings, fused):
    molecules = {"a": across(world, fused, LONG, "a")}
    fusion = named(world, reference, settings, molecules).fusion
    call = judge(replace(fusion, mapq_phred=0), settings)
    assert with_isoforms(call, molecules, reference, settings.recount) is call
