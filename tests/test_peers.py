"""`arriba.tsv` and `star-fusion.tsv`: the columns and the meanings of these callers."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import pytest

from builders import STRAND_PAIRS, candidate, fused_text, fusion_of, sample_results, support
from fusioncall.coords import Strand, parse_breakpoint
from fusioncall.genes import Transcript
from fusioncall.meaning import interpret
from fusioncall.model import Partner, Site
from fusioncall.peers import ARRIBA_COLUMNS, STAR_FUSION_COLUMNS, arriba_peptide, arriba_site
from fusioncall.protein import Frame
from fusioncall.world import reverse_complement
from sequencing import rows

# Headers as the callers write them: Arriba 2.5.1 (output_fusions.cpp), STAR-Fusion 1.15.1.
ARRIBA_HEADER = (
    "#gene1 gene2 strand1(gene/fusion) strand2(gene/fusion) breakpoint1 breakpoint2 site1 site2 "
    "type split_reads1 split_reads2 discordant_mates coverage1 coverage2 confidence reading_frame "
    "tags retained_protein_domains closest_genomic_breakpoint1 closest_genomic_breakpoint2 "
    "gene_id1 gene_id2 transcript_id1 transcript_id2 direction1 direction2 filters "
    "fusion_transcript peptide_sequence read_identifiers"
)
STAR_FUSION_HEADER = (
    "#FusionName JunctionReadCount SpanningFragCount est_J est_S SpliceType LeftGene "
    "LeftBreakpoint RightGene RightBreakpoint JunctionReads SpanningFrags LargeAnchorSupport FFPM "
    "LeftBreakDinuc LeftBreakEntropy RightBreakDinuc RightBreakEntropy annots"
)


def test_columns():
    assert " ".join(ARRIBA_COLUMNS) == ARRIBA_HEADER
    assert " ".join(STAR_FUSION_COLUMNS) == STAR_FUSION_HEADER


@pytest.fixture(scope="module")
def calls(every_kind):
    """Rows of `fusions.tsv`, `arriba.tsv` and `star-fusion.tsv` of the same calls."""
    tables = ("fusions.tsv", "arriba.tsv", "star-fusion.tsv")
    found = [rows(every_kind / name) for name in tables]
    assert [len(table) for table in found] == [5, 5, 5]
    return list(zip(*found, strict=True))


def test_genes_places_and_counts(calls):
    for ours, arriba, star in calls:
        assert (arriba["#gene1"], arriba["gene2"]) == (ours["gene5"], ours["gene3"])
        assert star["#FusionName"] == f"{ours['gene5']}--{ours['gene3']}"
        assert star["LeftGene"] == f"{ours['gene5']}^{ours['gene_id5']}"
        assert star["RightGene"] == f"{ours['gene3']}^{ours['gene_id3']}"
        assert (star["LeftBreakpoint"], star["RightBreakpoint"]) == (
            ours["breakpoint5"],
            ours["breakpoint3"],
        )
        for number, side in enumerate("53", start=1):
            contig, position, strand = parse_breakpoint(ours[f"breakpoint{side}"])
            assert arriba[f"breakpoint{number}"] == f"{contig}:{position + 1}"
            both = f"{strand.value}/{strand.value}"
            assert arriba[f"strand{number}(gene/fusion)"] == both
            assert arriba[f"gene_id{number}"] == ours[f"gene_id{side}"]
            assert arriba[f"transcript_id{number}"] == ours[f"transcript{side}"]
        split, spanning = ours["split_molecules"], ours["spanning_molecules"]
        assert (star["JunctionReadCount"], star["SpanningFragCount"]) == (split, spanning)
        assert (arriba["split_reads1"], arriba["split_reads2"]) == (split, "0")
        assert arriba["discordant_mates"] == spanning
        assert int(arriba["coverage2"]) == int(split) + int(ours["unfused3_molecules"])
        assert int(arriba["coverage1"]) == int(split) + int(ours["unfused5_molecules"])
        assert arriba["confidence"] == ours["confidence"]
        names = star["JunctionReads"].split(",") + star["SpanningFrags"].split(",")
        assert arriba["read_identifiers"].split(",") == names
        assert len(set(names)) == int(split) + int(spanning) + int(ours["copies"])
        assert float(star["FFPM"]) == pytest.approx(float(ours["ffpm"]), abs=0.001)


AGFUSION = """
import json, logging, sys
from agfusion.parsers import Arriba, STARFusion
log = logging.getLogger()
json.dump([list(Arriba(sys.argv[1], log)), list(STARFusion(sys.argv[2], log))], sys.stdout)
"""


@pytest.mark.slow
def test_agfusion_reads_both(every_kind, calls, tool):
    """The parsers of AGFusion for the files of both callers."""
    paths = [str(every_kind / name) for name in ("arriba.tsv", "star-fusion.tsv")]
    done = subprocess.run(
        [tool("agfusion-python"), "-c", AGFUSION, *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = [
        {
            "gene5prime": ours["gene_id5"].partition(".")[0],
            "gene3prime": ours["gene_id3"].partition(".")[0],
            "alternative_name_5prime": ours["gene5"],
            "alternative_name_3prime": ours["gene3"],
            "gene5prime_junction": int(ours["breakpoint5"].split(":")[1]),
            "gene3prime_junction": int(ours["breakpoint3"].split(":")[1]),
        }
        for ours, _, _ in calls
    ]
    assert json.loads(done.stdout) == [expected, expected]


def test_what_is_known_of_each_call(calls):
    told = [
        tuple(arriba[name] for name in ("type", "direction1", "direction2", "site1", "site2"))
        for _, arriba, _ in calls
    ]
    edges = ("CDS/splice-site", "CDS/splice-site")
    assert told == [
        ("translocation", "downstream", "downstream", *edges),
        ("translocation", "downstream", "downstream", *edges),
        ("deletion/read-through", "downstream", "upstream", "CDS", "CDS/splice-site"),
        ("translocation", "downstream", "upstream", *edges),
        ("inversion", "upstream", "upstream", *edges),
    ]
    names = ("SpliceType", "LeftBreakDinuc", "RightBreakDinuc", "LargeAnchorSupport")
    told = [tuple(star[name] for name in names) for _, _, star in calls]
    assert told == [
        ("ONLY_REF_SPLICE", "GT", "AG", "YES_LDAS"),
        ("ONLY_REF_SPLICE", "GT", "AG", "YES_LDAS"),
        ("INCL_NON_REF_SPLICE", "CG", "AG", "YES_LDAS"),
        ("INCL_NON_REF_SPLICE", "GT", "AG", "YES_LDAS"),
        ("ONLY_REF_SPLICE", "GT", "AG", "YES_LDAS"),
    ]
    assert [json.loads(star["annots"]) for _, _, star in calls] == [
        ["INTERCHROMOSOMAL[chr12--chr15]"],
        ["INTERCHROMOSOMAL[chr12--chr15]"],
        ["INTRACHROMOSOMAL[chr1:0.05Mb]"],
        ["INTERCHROMOSOMAL[chr5--chr1]"],
        ["INTRACHROMOSOMAL[chr1:0.08Mb]"],
    ]


def test_fused_transcript(world, calls):
    texts = ("ETV6:4-NTRK3:14", "ETV6:5-NTRK3:15", "LMNA:11-20-NTRK1:11")
    texts += ("SQSTM1:5-NTRK1:10:CTC", "TPM3:8-NTRK1:10")
    for text, (ours, arriba, _) in zip(texts, calls, strict=True):
        whole, start3 = fused_text(world, text)
        five, *inserted, three = arriba["fusion_transcript"].split("|")
        assert (five[0], five[-1], three[0], three[-1]) == ("(", ")", "(", ")")
        size = 0 if ours["inserted"] == "." else len(ours["inserted"])
        assert inserted == ([ours["inserted"].lower()] if size else [])
        plain = [side.strip("()").replace("___", "") for side in (five, three)]
        assert plain == [whole[start3 - size - 100 : start3 - size], whole[start3 : start3 + 100]]


def test_frame_and_peptide(calls, every_kind):
    told = [arriba["reading_frame"] for _, arriba, _ in calls]
    frames = {"in-frame": "in-frame", "out-of-frame": "out-of-frame"}
    assert told == [frames.get(ours["frame"], "stop-codon") for ours, _, _ in calls]
    text = (every_kind / "fusion_peptides.fa").read_text(encoding="utf-8")
    peptides = ["".join(each.split("\n")[1:]) for each in text.split(">")[1:]]
    for peptide, (_, arriba, _) in zip(peptides, calls, strict=True):
        written = arriba["peptide_sequence"]
        assert written.replace("|", "").rstrip("*").upper() == peptide


@pytest.mark.parametrize(
    ("text", "near"),
    [
        # a codon of one base of ETV6 and two of NTRK3
        ("ETV6:5-NTRK3:15", "SGSLS|sFPSA"),
        # one base of SQSTM1 and two inserted ones, then the third with two of NTRK1
        ("SQSTM1:5-NTRK1:10:CTC", "PSCQP|p|pGRAQ"),
        # out of frame: all that follows
        ("LMNA:11-20-NTRK1:11", "RTMGP|kllpq"),
        # three bases of an intron before the junction and four behind it
        ("ETV6:5+3-NTRK3:15-4", "GSLSc|tsfpf"),
    ],
)
def test_peptide_in_the_signs_of_arriba(world, reference, settings, text, near):
    """Each residue stands where most of its bases do; small letters are those of no gene alone."""
    fusion = fusion_of(candidate(world, text), support(), reference, settings.filters)
    found = interpret(fusion, reference).first
    written = arriba_peptide(found)
    assert near in written
    assert written.replace("|", "").rstrip("*").upper() == found.protein.peptide
    assert written.endswith("*") == found.protein.has_stop
    before, _, _ = written.partition("|")
    assert before[:-1].isupper()


def test_no_peptide_without_translation_through_the_junction(world, reference, settings):
    """A 5' gene that does not code, and one whose coding sequence ends before the junction."""
    fusion = fusion_of(candidate(world, "ETV6:5-NTRK3:15"), support(), reference, settings.filters)
    found = interpret(fusion, reference).first
    protein = found.protein
    lost = replace(protein, frame=Frame.NO_PARTNER_CDS)
    stopped = replace(protein, frame=Frame.STOP_BEFORE_KINASE, end=protein.five_bp - 3)
    assert arriba_peptide(replace(found, protein=lost)) == ""
    assert arriba_peptide(replace(found, protein=stopped)) == ""


def test_no_empty_cell(calls):
    for tables in calls:
        assert all(cell for row in tables for cell in row.values())


def test_no_calls(reference, settings, tmp_path):
    from fusioncall.peers import write_arriba, write_star_fusion

    results = sample_results([], reference, settings)
    write_arriba(tmp_path / "a", results, reference)
    write_star_fusion(tmp_path / "s", results, reference)
    assert (tmp_path / "a").read_text() == "\t".join(ARRIBA_HEADER.split(" ")) + "\n"
    assert (tmp_path / "s").read_text() == "\t".join(STAR_FUSION_HEADER.split(" ")) + "\n"


@pytest.mark.parametrize(("strand", "_"), STRAND_PAIRS[::3])
def test_sites(strand, _):
    """A transcript of two exons, 100 to 200 and 300 to 400, coding from 150 to 350."""
    exons = ((100, 200), (300, 400))
    transcript = Transcript("t", "g", "G", "chr1", strand, exons, (150, 350))
    ends = ("5'UTR", "3'UTR") if strand is Strand.FORWARD else ("3'UTR", "5'UTR")

    def site(position, kind, of=transcript):
        partner = Partner(
            gene="G",
            gene_id="g",
            biotype="protein_coding",
            transcript="t",
            exon=1,
            site=kind,
            is_sense=True,
            contig="chr1",
            position=position,
            strand=strand,
        )
        return arriba_site(partner, of)

    assert site(149, Site.EXON) == ends[0]
    assert site(150, Site.EXON) == "CDS"
    assert site(199, Site.SPLICE_SITE) == "CDS/splice-site"
    assert site(349, Site.EXON) == "CDS"
    assert site(350, Site.EXON) == ends[1]
    assert site(250, Site.INTRON) == "intron"
    assert site(500, Site.INTERGENIC, None) == "intergenic"
    assert site(150, Site.EXON, Transcript("t", "g", "G", "chr1", strand, exons)) == "exon"


def test_entropy_is_that_of_the_bases_kept(world, calls):
    for ours, _, star in calls:
        contig, position, strand = parse_breakpoint(ours["breakpoint5"])
        bases = world.genome[contig]
        before = bases[position - 14 : position + 1]
        if strand is Strand.REVERSE:
            before = reverse_complement(bases[position : position + 15])
        most = max(before.count(base) for base in "ACGT")
        assert 0 < float(star["LeftBreakEntropy"]) <= 2
        assert (most == 15) == (float(star["LeftBreakEntropy"]) == 0)
