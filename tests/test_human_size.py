"""The invented genome of human size: the small world's genes lie in it, and its GTF is whole."""

from __future__ import annotations

import sys

import pysam
import pytest

from conftest import CHECKOUT
from fusioncall.gtf import read_annotation
from fusioncall.resources import resource_path
from fusioncall.world import World, read_transcripts

sys.path.insert(0, str(CHECKOUT))

from benchmarks.human_size import CHROMOSOME_BP, stretched, write_human_size

SHARE = 0.001


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A small version: its genome and the transcripts of the small world in it, and the folder."""
    folder = tmp_path_factory.mktemp("human size")
    core, total = write_human_size(folder, SHARE)
    pysam.faidx(str(folder / "genome.fa"))
    with pysam.FastaFile(str(folder / "genome.fa")) as genome:
        bases = {contig: genome.fetch(contig) for contig in genome.references}
    assert sum(map(len, bases.values())) == total
    return World(bases, core.transcripts), folder


def test_transcripts_keep_their_sequences(world, written):
    moved, _ = written
    placed = {each.refseq_id: each for each in moved.transcripts}
    assert placed.keys() == {each.refseq_id for each in world.transcripts}
    for each in world.transcripts:
        assert moved.sequence(placed[each.refseq_id]) == world.sequence(each)
        assert moved.coding_sequence(placed[each.refseq_id]) == world.coding_sequence(each)


def test_introns_have_their_true_lengths(world):
    real = {
        each.refseq_id: [len(intron) for intron in each.introns]
        for each in read_transcripts(resource_path("simulated_genes.tsv"))
    }
    long = stretched(world)
    assert {each.refseq_id: [len(i) for i in each.introns] for each in long.transcripts} == real


def test_annotation_fits_the_genome(written):
    moved, folder = written
    lengths = {contig: len(bases) for contig, bases in moved.genome.items()}
    assert lengths.keys() == CHROMOSOME_BP.keys()
    annotation = read_annotation(folder / "genes.gtf.gz", lengths)
    assert (annotation.transcripts_malformed, annotation.transcripts_on_other_contigs) == (0, 0)
    assert {each.gene for each in moved.transcripts} <= {each.name for each in annotation.genes}


def test_second_time_gives_the_same_bytes(written, tmp_path):
    _, folder = written
    write_human_size(tmp_path, SHARE)
    for name in ("genome.fa", "genes.gtf.gz"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
