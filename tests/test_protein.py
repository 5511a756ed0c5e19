"""Frame and peptide of junctions of hand-written genes: every way in which a reading can end."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from fusioncall.coords import Strand
from fusioncall.genes import Gene, Transcript
from fusioncall.model import Partner, Site
from fusioncall.protein import Frame, read_protein
from fusioncall.retained import kept_residues
from fusioncall.sequence import reverse_complement
from fusioncall.targets import Target
from fusioncall.transcripts import TranscriptPair, transcript_ends

# 5' UTR, M A K | W L, intron, D *, 3' UTR: the partner, 57 bases
PARTNER = "CCCCCATGGCTAAATGGCTTGTCCCTTGACCAGGATTGACCCCCCCCCCCCCCCCCC"
PARTNER_EXONS = ((0, 20), (33, 57))
# 5' UTR, M V, intron, E F G (kinase) H *, 3' UTR: the target, 60 bases
TARGET = "CCACCCATGGTTGTCCCCCCCCCCAGGAATTTGGTCATTAACCCCCCCCCCCCCCCCCCC"
TARGET_EXONS = ((0, 12), (26, 60))


def gene(name, exons, cds, strand=Strand.FORWARD, **more):
    transcript = Transcript(
        f"T{name}", f"G{name}", name, f"c{name}", strand, exons, cds, is_primary=True, **more
    )
    return Gene(f"G{name}", name, "protein_coding", f"c{name}", strand, 0, 60, (transcript,))


class Genes:
    """What is asked of a reference, from text."""

    def __init__(self, five, three, partner=PARTNER, target=TARGET):
        self.texts = {five.contig: partner, three.contig: target}
        self.genes = {five.contig: five, three.contig: three}
        whole = (three.transcripts[0].id,)
        self.target = Target(three, "kinase", whole[0], 6, 4, 5, 29, 34, whole, "made up")
        self.targets = (self.target,)
        self.manifest = SimpleNamespace(name="made-up")

    def transcribed(self, contig, blocks, strand):
        text = "".join(self.texts[contig][start:end] for start, end in blocks)
        return text if strand is Strand.FORWARD else reverse_complement(text)

    def genes_at(self, contig, start, end):
        yield self.genes[contig]


FIVE = gene("P", PARTNER_EXONS, (5, 39))
THREE = gene("K", TARGET_EXONS, (6, 41))


def read(last, first, inserted="", *, genes=None):
    """The protein that joins the partner's base `last` to the target's base `first`."""
    genes = genes or Genes(FIVE, THREE)
    ends = []
    for each, position, is_donor in (
        (genes.genes["cP"], last, True),
        (genes.genes["cK"], first, False),
    ):
        side = Partner(
            gene=each.name,
            gene_id=each.id,
            biotype="",
            transcript="",
            exon=0,
            site=Site.EXON,
            is_sense=True,
            contig=each.contig,
            position=position,
            strand=each.strand,
        )
        (end,) = transcript_ends(side, genes, is_donor=is_donor)
        ends.append(end)
    pair = TranscriptPair(*ends)
    return pair, read_protein(pair, inserted, genes.target, genes)


@pytest.mark.parametrize(
    ("last", "first", "inserted", "frame", "peptide", "note"),
    [
        (19, 26, "", "in-frame", "MAKWL|EFGH*", ""),
        (19, 26, "GCA", "in-frame", "MAKWL|aEFGH*", ""),
        (18, 28, "", "in-frame", "MAKW|lFGH*", ""),  # CT of CTT, A of GAA
        (19, 28, "AA", "in-frame", "MAKWL|kFGH*", ""),  # inserted bases mend the frame
        (19, 26, "A", "out-of-frame", "MAKWL|rIWSLTPPPPP", "no stop codon follows the junction"),
        (19, 27, "", "out-of-frame", "MAKWL|NLVINPPPPPP", "no stop codon follows the junction"),
        (
            19,
            26,
            "TGA",
            "stop-before-kinase",
            "MAKWL|*",
            "stop codon is number 1 behind the junction",
        ),
        (
            *(19, 26, "GCATAG", "stop-before-kinase", "MAKWL|a*"),
            "stop codon is number 2 behind the junction",
        ),
        (19, 29, "", "in-frame", "MAKWL|FGH*", ""),
        (19, 32, "", "in-frame", "MAKWL|GH*", ""),  # within the kinase
        (19, 35, "", "in-frame", "MAKWL|H*", ""),  # behind the kinase
        (
            *(19, 41, "", "no-3prime-cds", "MAKWL|PPPPPP"),
            "the kept part of TK does not code",
        ),
        (
            *(28, 26, "", "stop-before-kinase", "MAKWLVP*"),
            "stop codon in P before the junction, not in its coding sequence",
        ),
        (
            *(45, 26, "", "stop-before-kinase", "MAKWLD*"),
            "the coding sequence of P ends before the junction",
        ),
    ],
)
def test_reading(last, first, inserted, frame, peptide, note):
    _, protein = read(last, first, inserted)
    assert (protein.frame.value, protein.note) == (frame, note)
    assert protein.marked_peptide == peptide


def test_without_a_start_codon_the_own_one_of_the_target_is_told():
    _, protein = read(4, 2)
    assert protein.frame is Frame.NO_PARTNER_CDS
    assert protein.note == "the kept part of P holds no start codon; K keeps its own start codon"
    assert protein.marked_peptide == "|MVEFGH*"


def test_without_a_start_codon_the_first_open_one_is_told():
    target = TARGET.replace("GAATTTGGT", "ATGTTTGGT")
    _, protein = read(4, 26, genes=Genes(FIVE, THREE, target=target))
    assert protein.note == "the kept part of P holds no start codon; the first open ATG is M3 of TK"
    assert protein.marked_peptide == "|MFGH*"
    partner = "CATGC" + PARTNER[5:]
    _, protein = read(3, 26, genes=Genes(FIVE, THREE, partner=partner))
    assert protein.note.endswith("the first open ATG is 3 bases before the junction")
    assert protein.marked_peptide == "M|EFGH*"
    _, protein = read(4, 26)
    assert protein.note == "the kept part of P holds no start codon, and no ATG leads to the kinase"
    assert (protein.marked_peptide, protein.cds) == ("", "")


def test_half_a_start_codon_is_none():
    assert read(6, 26)[1].frame is Frame.NO_PARTNER_CDS
    assert read(7, 26)[1].frame is Frame.IN_FRAME


def test_a_partner_that_does_not_code():
    five = gene("P", PARTNER_EXONS, None)
    pair, protein = read(19, 26, genes=Genes(five, THREE))
    assert protein.frame is Frame.NO_PARTNER_CDS
    assert str(kept_residues(pair.five, is_donor=True)) == "none of 0"


def test_a_target_transcript_that_does_not_code():
    genes = Genes(FIVE, THREE)
    genes.genes["cK"] = gene("K", TARGET_EXONS, None)
    assert read(19, 26, genes=genes)[1].frame is Frame.NO_3PRIME_CDS


def test_acceptor_in_the_untranslated_part_reads_on_into_the_start_codon():
    pair, protein = read(19, 3)  # CCC, then ATG
    assert protein.frame is Frame.IN_FRAME
    assert protein.marked_peptide == "MAKWL|PMVEFGH*"
    assert str(kept_residues(pair.three, is_donor=False)) == "1-6 of 6"
    _, protein = read(19, 4)
    assert protein.frame is Frame.OUT_OF_FRAME
    assert protein.note.endswith("; K keeps its own start codon")


def test_incomplete_coding_sequence_is_read_in_its_own_frame():
    five = gene("P", PARTNER_EXONS, (6, 39), cds_phase=2, is_start_known=False)
    pair, protein = read(19, 26, genes=Genes(five, THREE))
    assert protein.frame is Frame.IN_FRAME
    assert protein.note == "the annotation lacks the first codons of TP"
    assert protein.marked_peptide == "AKWL|EFGH*"
    assert str(kept_residues(pair.five, is_donor=True)) == "1-4 of 5"
    three = gene("K", TARGET_EXONS, (7, 41), cds_phase=2, is_start_known=False)
    pair, protein = read(19, 26, genes=Genes(FIVE, three))
    assert protein.frame is Frame.IN_FRAME
    assert str(kept_residues(pair.three, is_donor=False)) == "2-5 of 5"


@pytest.mark.parametrize("cds", [(6, 41), (6, 38)])
def test_the_stop_codon_may_stand_within_or_behind_the_annotated_coding_sequence(cds):
    pair, protein = read(19, 26, genes=Genes(FIVE, gene("K", TARGET_EXONS, cds)))
    assert protein.marked_peptide == "MAKWL|EFGH*"
    assert str(kept_residues(pair.three, is_donor=False)) == "3-6 of 6"
    assert pair.three.transcript.cds == (6, 41)


def test_length_of_a_protein_whose_end_is_not_known():
    three = gene("K", TARGET_EXONS, (6, 35), is_end_known=False)
    pair, _ = read(19, 26, genes=Genes(FIVE, three))
    assert str(kept_residues(pair.three, is_donor=False)) == "3-5 of 5"
    hidden = TARGET.replace("TAA", "NNN")
    pair, _ = read(19, 26, genes=Genes(FIVE, THREE, target=hidden))
    assert str(kept_residues(pair.three, is_donor=False)) == "3-6 of 6"


def test_selenocysteine_is_no_stop():
    partner = PARTNER.replace("AAATGG", "TGATGG")
    assert "TGATGG" in partner
    _, protein = read(19, 26, genes=Genes(FIVE, THREE, partner=partner))
    assert protein.frame is Frame.UNKNOWN
    assert protein.note == (
        "the genome has a stop codon within the coding sequence of TP; "
        "by the number of bases: in-frame"
    )
    _, protein = read(19, 27, genes=Genes(FIVE, THREE, partner=partner))
    assert protein.note.endswith("; by the number of bases: out-of-frame")
    five = gene("P", PARTNER_EXONS, (5, 39), selenocysteines=((11, 14),))
    _, protein = read(19, 26, genes=Genes(five, THREE, partner=partner))
    assert (protein.frame, protein.marked_peptide) == (Frame.IN_FRAME, "MAUWL|EFGH*")


def test_unknown_bases_hide_nothing_within_known_coding_sequence():
    partner = PARTNER.replace("AAATGG", "NNNTGG")
    _, protein = read(19, 26, genes=Genes(FIVE, THREE, partner=partner))
    assert (protein.frame, protein.marked_peptide) == (Frame.IN_FRAME, "MAXWL|EFGH*")


def test_unknown_bases_at_the_junction_leave_the_frame_unknown():
    _, protein = read(19, 26, "NNN")
    assert (protein.frame, protein.note) == (Frame.UNKNOWN, "the genome has N near the junction")
    assert read(19, 26, "NN")[1].frame is Frame.OUT_OF_FRAME


def test_both_strands_read_the_same():
    def turned(each, length):
        (transcript,) = each.transcripts
        blocks = tuple((length - end, length - start) for start, end in transcript.exons[::-1])
        low, high = transcript.cds
        mirrored = replace(
            transcript, strand=Strand.REVERSE, exons=blocks, cds=(length - high, length - low)
        )
        return replace(each, strand=Strand.REVERSE, transcripts=(mirrored,))

    size = len(PARTNER)
    turned_genes = Genes(turned(FIVE, size), THREE, partner=reverse_complement(PARTNER))
    for last in (4, 6, 18, 19, 25, 28, 45):
        forward, reverse = read(last, 26)[1], read(size - 1 - last, 26, genes=turned_genes)[1]
        assert forward == reverse
