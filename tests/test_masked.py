"""The index of exons: what lies beside them stays, the rest of the genome is N."""

from __future__ import annotations

import gzip

import msgspec
import pysam
import pytest

from builders import Piece, aligned, make_read
from fusioncall.bundle import build_bundle
from fusioncall.coords import Strand
from fusioncall.genes import Gene, Transcript
from fusioncall.masked import kept_blocks, write_masked
from fusioncall.model import Molecule
from fusioncall.reference import FILES, MANIFEST, Reference

FLANK_BP = 40


def gene(name, contig, *transcripts):
    made = tuple(
        Transcript(f"{name}.{i}", name, name, contig, Strand.FORWARD, exons)
        for i, exons in enumerate(transcripts)
    )
    start, end = min(t.start for t in made), max(t.end for t in made)
    return Gene(name, name, "protein_coding", contig, Strand.FORWARD, start, end, made)


def test_exons_of_all_transcripts_are_kept_with_what_lies_beside_them():
    one = gene("A", "c", ((100, 110), (500, 510)), ((105, 130), (300, 310)))
    other = gene("B", "d", ((3, 9),))
    assert kept_blocks([one, other], [], 10) == {
        "c": ((90, 140), (290, 320), (490, 520)),
        "d": ((0, 19),),
    }


def test_kept_stretches_that_touch_are_one():
    one = gene("A", "c", ((100, 110), (130, 140), (161, 170)))
    assert kept_blocks([one], [], 10) == {"c": ((90, 150), (151, 180))}


def test_stretch_within_another_does_not_end_it():
    one = gene("A", "c", ((100, 200), (250, 260)), ((110, 120), (255, 258)))
    assert kept_blocks([one], [], 0) == {"c": ((100, 200), (250, 260))}


def test_whole_genes_keep_their_introns():
    one = gene("A", "c", ((100, 110), (500, 510)))
    assert kept_blocks([one], [one], 10) == {"c": ((90, 520),)}


def test_masked_copy_has_the_same_places(tmp_path):
    genome = tmp_path / "genome.fa"
    genome.write_text(">c\nACGTACGTAC\nGTAC\n>d\nTTTT\n>e\nGG\n")
    pysam.faidx(str(genome))
    out = tmp_path / "masked.fa.gz"
    write_masked(genome, {"c": ((1, 3), (9, 30)), "d": ((0, 4),)}, out)
    assert gzip.decompress(out.read_bytes()) == b">c\nNCGNNNNNNCGTAC\n>d\nTTTT\n>e\nNN\n"


@pytest.fixture(scope="module")
def of_exons(bundle_inputs, settings, tmp_path_factory):
    """The world's bundle with an index of exons."""
    made = msgspec.structs.replace(settings.reference, index="exons", index_flank_bp=FLANK_BP)
    folder = tmp_path_factory.mktemp("exons") / "reference"
    build_bundle(bundle_inputs, folder, msgspec.structs.replace(settings, reference=made), 1)
    return Reference(folder)


def segments(world, reference, settings, *pieces):
    """The alignments of a read of some pieces."""
    molecule = Molecule("m", (make_read(world, pieces),))
    return aligned([molecule], reference, settings)[0].reads[0].segments


def long_intron(world, role):
    introns = (i for t in world.transcripts if t.role == role for i in t.introns)
    return max(introns, key=len)


def test_only_the_index_differs(of_exons, reference_folder):
    names = {name for name in FILES if name != "genome.mmi"}
    for name in names:
        assert (of_exons.path / name).read_bytes() == (reference_folder / name).read_bytes()
    assert {path.name for path in of_exons.path.iterdir()} == {*FILES, MANIFEST}
    assert of_exons.manifest.settings.index == "exons"
    assert of_exons.manifest.settings.index_flank_bp == FLANK_BP


def test_spliced_read_has_the_same_alignment(world, reference, of_exons, settings):
    """Over an intron of which only the ends are left."""
    intron = long_intron(world, "partner")
    pieces = (
        Piece(intron.contig, intron.start - 40, intron.start),
        Piece(intron.contig, intron.end, intron.end + 40),
    )
    (found,) = segments(world, of_exons, settings, *pieces)
    assert found.cigar == (("M", 40), ("N", len(intron)), ("M", 40))
    assert segments(world, reference, settings, *pieces) == (found,)


def test_read_beside_an_exon_has_the_same_alignment(world, reference, of_exons, settings):
    intron = long_intron(world, "partner")
    piece = Piece(intron.contig, intron.start - 40, intron.start + FLANK_BP)
    (found,) = segments(world, of_exons, settings, piece)
    assert found.cigar == (("M", 40 + FLANK_BP),)
    assert segments(world, reference, settings, piece) == (found,)


def test_read_deep_in_an_intron_has_none(world, reference, of_exons, settings):
    intron = long_intron(world, "partner")
    piece = Piece(intron.contig, intron.start + 2 * FLANK_BP, intron.start + 4 * FLANK_BP)
    assert segments(world, of_exons, settings, piece) == ()
    assert len(segments(world, reference, settings, piece)) == 1


def test_introns_of_targets_are_there(world, reference, of_exons, settings):
    intron = long_intron(world, "target")
    piece = Piece(intron.contig, intron.start + 2 * FLANK_BP, intron.start + 4 * FLANK_BP)
    (found,) = segments(world, of_exons, settings, piece)
    assert segments(world, reference, settings, piece) == (found,)
