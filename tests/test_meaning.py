"""What a call means: transcripts, frame, protein, names.

The frames and peptides are compared with translations of fused transcripts that this module puts
together itself, from the world's own exons and with a codon table of its own.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest
from msgspec import structs

from builders import candidate, fused_text, fusion_of, junction_of, plant, support
from fusioncall.annotate import annotate
from fusioncall.catalogue import Catalogue
from fusioncall.coords import Strand
from fusioncall.filters import judge
from fusioncall.gtf import read_annotation
from fusioncall.meaning import interpret
from fusioncall.nomenclature import (
    hgnc_name,
    hgvs_rna,
    parse_breakends,
    rna_position,
)
from fusioncall.protein import Frame
from fusioncall.resources import resource_path
from fusioncall.retained import Kept, kept_helix
from fusioncall.sequence import reverse_complement
from fusioncall.tables import fusion_row
from fusioncall.targets import place_targets, read_panel
from fusioncall.transcripts import TranscriptPair, transcript_pairs
from fusioncall.world_files import Dialect, write_annotation

BASES = "TCAG"
RESIDUES = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
CODONS = dict(zip(map("".join, itertools.product(BASES, repeat=3)), RESIDUES, strict=True))


def translated(bases):
    """All whole codons, by the table above."""
    return "".join(CODONS[bases[i : i + 3]] for i in range(0, len(bases) - 2, 3))


@pytest.fixture(scope="module")
def named(world, reference, settings):
    """The fusion of a specification, named as a run names it."""

    def name(text):
        return fusion_of(candidate(world, text), support(), reference, settings.filters)

    return name


@pytest.fixture(scope="module")
def meaning(named, reference):
    """The meaning of a specification."""
    return lambda text: interpret(named(text), reference)


# every junction of the world


UNTRANSLATED = ("TFG:1", "TP53:1", "BTBD1:1-450", "TFG:8-100")
DONORS = (
    *("ETV6:4", "ETV6:5", "TPM3:8", "LMNA:11-20", "LMNA:2", "SQSTM1:5", "TFG:5", "QKI:6"),
    *("TRIM24:12", "EML4:2", "BTBD1:4", "STRN:3", "NACC2:4", "IRF2BP2:1", "SSBP2:12", "TP53:8"),
    *("AFAP1:14", "RBPMS:5", "PAN3:1", "LYN:8", "AKAP13:3", "ETV6:5+31", "TPM3:8-7", "QKI:6+2"),
    # in the untranslated part before the start codon, and behind the stop codon
    *UNTRANSLATED,
)
ACCEPTORS = (
    *("NTRK1:8", "NTRK1:9", "NTRK1:10", "NTRK1:11", "NTRK1:12", "NTRK1:13", "NTRK1:14"),
    *("NTRK1:10-25", "NTRK1:12+5", "NTRK2:5", "NTRK2:13", "NTRK2:15", "NTRK2:16", "NTRK2:17"),
    *("NTRK3:3", "NTRK3:13", "NTRK3:14", "NTRK3:15", "NTRK3:16", "NTRK3:15-14", "NTRK3:14+8"),
)
INSERTED = ("", ":A", ":AC", ":ACG", ":TAA", ":CCTAGGA")
EVERY = [
    f"{five}-{three}{inserted}"
    for (number, five), (other, three) in itertools.product(enumerate(DONORS), enumerate(ACCEPTORS))
    for inserted in ("", INSERTED[(number + other) % len(INSERTED)])
]


@pytest.mark.parametrize("donor", DONORS)
def test_frame_and_peptide_are_those_of_the_fused_transcript(world, meaning, donor):
    for text in sorted(set(EVERY)):
        if text.startswith(f"{donor}-"):
            check_protein(world, text, meaning(text))


def check_protein(world, text, found):
    fusion = plant(world, text)
    five, three = world.transcript(fusion.transcript5), world.transcript(fusion.transcript3)
    fused, behind = fused_text(world, text)
    five_end = behind - len(fusion.inserted)
    start = five.coding_start_bp
    wanted = (five.ensembl_id, three.ensembl_id)
    (protein,) = (
        each.protein
        for each in found.pairs
        if (each.pair.five.transcript.id, each.pair.three.transcript.id) == wanted
    )
    assert protein.bases == fused
    # where the kinase begins, or what is left of it
    kinase = len(fused) - (three.length_bp - three.coding_start_bp - 3 * three.kinase_aa[0])
    if start + 3 > five_end:
        assert protein.frame is Frame.NO_PARTNER_CDS
        check_later_start(
            protein, fused, kinase, len(fused) - three.length_bp + three.coding_start_bp, behind
        )
        return
    peptide, stop, _ = translated(fused[start:]).partition("*")
    assert (protein.peptide, protein.has_stop) == (peptide, bool(stop))
    assert protein.cds == fused[start : start + 3 * len(peptide + stop)]
    end = start + 3 * len(peptide)
    if end + 3 <= five_end:
        expected = Frame.STOP_BEFORE_KINASE
    elif (kinase - start) % 3:
        expected = Frame.OUT_OF_FRAME
    else:
        expected = Frame.STOP_BEFORE_KINASE if end < max(kinase, behind) else Frame.IN_FRAME
    assert protein.frame is expected, text
    if expected is Frame.IN_FRAME:
        own = translated(world.coding_sequence(three)).rstrip("*")
        assert peptide.endswith(own[three.kinase_aa[0] :] if kinase >= behind else own[-150:])


def check_later_start(protein, fused, kinase, own, behind):
    """The 3' gene's own start codon, else the first ATG that leads to the kinase without a stop."""
    if own < behind:
        last = max(kinase, behind + (kinase - behind) % 3)
        atgs = [at for at in range(kinase % 3, last + 1, 3) if fused[at : at + 3] == "ATG"]
        own = next((at for at in atgs if "*" not in translated(fused[at:last])), None)
    assert protein.start == own
    assert protein.peptide == ("" if own is None else translated(fused[own:]).partition("*")[0])


def test_the_start_codon_is_kept_or_not_in_enough_junctions(world):
    """Every case of the property above is met."""
    cases = Counter()
    for text in set(EVERY):
        fusion = plant(world, text)
        five, three = world.transcript(fusion.transcript5), world.transcript(fusion.transcript3)
        fused, behind = fused_text(world, text)
        kept = five.coding_start_bp + 3 <= behind - len(fusion.inserted)
        own = len(fused) - three.length_bp + three.coding_start_bp >= behind
        cases[kept, own, bool(fusion.inserted)] += 1
    assert len(cases) == 8
    assert min(cases.values()) >= 3


def test_the_junction_is_marked_in_the_peptide(world, meaning):
    for text in sorted(set(EVERY)):
        _fused, behind = fused_text(world, text)
        for each in meaning(text).pairs[:1]:
            protein = each.protein
            if protein.start is None or protein.frame is Frame.NO_PARTNER_CDS:
                continue
            before, mark, after = protein.marked_peptide.rstrip("*").partition("|")
            assert before.isupper()
            assert (before + after).upper() == protein.peptide
            if not mark:
                continue
            five_end = behind - len(plant(world, text).inserted)
            mixed = re.match("[a-z]*", after)[0]
            assert len(before) == (five_end - protein.start) // 3
            first_three = -((protein.start - behind) // 3)
            assert len(before + mixed) == min(first_three, len(protein.peptide))


class Annotated:
    """A reference of the world's genome and the genes of one GTF."""

    def __init__(self, world, path, dialect):
        write_annotation(world, path, dialect)
        lengths = {contig: len(bases) for contig, bases in world.genome.items()}
        self.genome = world.genome
        self.genes = read_annotation(path, lengths).genes
        self.targets = place_targets(read_panel(resource_path("targets.yaml")), self.genes, path)
        self.manifest = SimpleNamespace(name="world")

    def genes_at(self, contig, start, end):
        return (
            gene
            for gene in self.genes
            if gene.contig == contig and gene.start < end and start < gene.end
        )

    def transcribed(self, contig, blocks, strand):
        bases = "".join(self.genome[contig][start:end] for start, end in blocks)
        return bases if strand is Strand.FORWARD else reverse_complement(bases)


@pytest.mark.parametrize("dialect", [Dialect.ENSEMBL, Dialect.REFSEQ])
def test_every_dialect_tells_the_same(world, named, meaning, tmp_path, dialect):
    annotated = Annotated(world, tmp_path / "genes.gtf.gz", dialect)
    ids = {each.ensembl_id: each.refseq_id for each in world.transcripts}
    for text in sorted(set(EVERY))[::7]:
        fusion = named(text)
        sides = (
            replace(side, gene_id=next(g.id for g in annotated.genes if g.name == side.gene))
            for side in (fusion.five, fusion.three)
        )
        five, three = sides
        found = interpret(replace(fusion, five=five, three=three), annotated)
        told = {
            tuple(
                ids.get(end.transcript.id, end.transcript.id)
                for end in (each.pair.five, each.pair.three)
            ): (each.protein, each.residues5, each.residues3, each.domain.ranges)
            for each in found.pairs
        }
        expected = {
            (ids[each.pair.five.transcript.id], ids[each.pair.three.transcript.id]): (
                each.protein,
                each.residues5,
                each.residues3,
                each.domain.ranges,
            )
            for each in meaning(text).pairs
        }
        assert {key: value[1:] for key, value in told.items()} == {
            key: value[1:] for key, value in expected.items()
        }
        for key, (protein, *_) in expected.items():
            assert replace(told[key][0], note="") == replace(protein, note="")


# names


WORKED = (  # HGVS strings of common junctions; TPM3's 775 is that of the recommendation's example
    ("TPM3:8-NTRK1:10", "NM_152263.3:r.?_775::NM_002529.3:r.1196_?"),
    ("LMNA:11-150-NTRK1:11", "NM_170707:r.?_1818::NM_002529.3:r.1252_?"),
    ("QKI:6-NTRK2:16", "ENST00000361752:r.?_934::NM_006180.4:r.1445_?"),
    ("TRIM24:12-NTRK2:15", "ENST00000343526:r.?_2014::NM_006180.4:r.1397_?"),
    ("TRIM24:12-NTRK2:16", "ENST00000343526:r.?_2014::NM_006180.4:r.1445_?"),
    ("ETV6:4-NTRK3:14", "NM_001987.4:r.?_463::NM_001012338.2:r.1397_?"),
    ("ETV6:5-NTRK3:15", "NM_001987.4:r.?_1009::NM_001012338.2:r.1586_?"),
    ("EML4:2-NTRK3:14", "NM_019063.4:r.?_208::NM_001012338.2:r.1397_?"),
)


def renamed(end, name):
    return replace(end, transcript=replace(end.transcript, id=name))


@pytest.mark.parametrize(("text", "expected"), WORKED)
def test_hgvs_of_common_junctions(named, reference, text, expected):
    first, *_ = transcript_pairs(named(text), reference)
    five, three = (part.partition(":")[0] for part in expected.split("::"))
    pair = TranscriptPair(renamed(first.five, five), renamed(first.three, three))
    assert hgvs_rna(pair, "") == expected


def test_hgvs_writes_inserted_bases_as_rna(meaning):
    assert meaning("ETV6:5-NTRK3:15:ACGT").pairs[0].hgvs == (
        "ENST00000396373.8:r.?_1009::acgu::ENST00000629765.3:r.1586_?"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ETV6:5+1-NTRK3:15", "1009+1"),
        ("ETV6:5+30-NTRK3:15", "1009+30"),
        ("ETV6:5-3-NTRK3:15", "1006"),
        ("IRF2BP2:1-NTRK1:10", None),
        ("ETV6:1-40-NTRK3:15", "-8"),
        ("ETV6:8-5-NTRK3:15", "*4340"),
    ],
)
def test_hgvs_counts_from_the_start_codon(world, named, reference, text, expected):
    pair, *_ = transcript_pairs(named(text), reference)
    if expected is None:
        assert rna_position(pair.five).isdecimal()
    else:
        assert rna_position(pair.five) == expected


def test_an_intron_is_counted_from_its_nearer_end(reference, named):
    pair, *_ = transcript_pairs(named("ETV6:5+1-NTRK3:15"), reference)
    transcript = pair.five.transcript
    start, stop = next(each for each in transcript.introns if each[0] == pair.five.position)
    length = stop - start
    made = [
        rna_position(replace(pair.five, position=start + step, exon=5)) for step in range(length)
    ]
    half = -(-length // 2)
    assert made == [
        *(f"1009+{step}" for step in range(1, half + 1)),
        *(f"1010-{step}" for step in range(length - half, 0, -1)),
    ]


SYMBOLS = ("ETV6", "HLA-A", "AFAP1-AS1", "SPECC1L-ADORA2A")


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_symbols_with_hyphens_survive(named, symbol):
    fusion = named("ETV6:5-NTRK3:15")
    fusion = replace(fusion, five=replace(fusion.five, gene=symbol))
    assert hgnc_name(fusion) == f"{symbol}::NTRK3"


def test_a_read_through_takes_a_hyphen(meaning):
    assert meaning("PRCC:1-NTRK1:2").hgnc == "PRCC-NTRK1"
    assert meaning("BCAN:3-NTRK1:10").hgnc == "BCAN::NTRK1"


def position_of(text, transcript, *, is_donor):
    """The 0-based position that an HGVS place or a VICC exon names: the inverse, by other means."""
    transcribed = [
        place
        for start, end in transcript.exons_transcribed
        for place in (
            range(start, end)
            if transcript.strand is Strand.FORWARD
            else range(end - 1, start - 1, -1)
        )
    ]
    step = 1 if transcript.strand is Strand.FORWARD else -1
    vicc = re.fullmatch(r"e\.(\d+)([+-]\d+)?", text)
    if vicc:
        start, end = transcript.exons_transcribed[int(vicc[1]) - 1]
        first, last = (start, end - 1) if step == 1 else (end - 1, start)
        return (last if is_donor else first) + step * int(vicc[2] or 0)
    hgvs = re.fullmatch(r"(\*?)(-?\d+)([+-]\d+)?", text)
    coding = [place for place in transcribed if transcript.cds[0] <= place < transcript.cds[1]]
    first = transcribed.index(coding[0])
    number = int(hgvs[2])
    offset = first + len(coding) + number - 1 if hgvs[1] else first + number - (number > 0)
    return transcribed[offset] + step * int(hgvs[3] or 0)


def test_names_parsed_back_give_the_same_breakends(world, meaning):
    for text in sorted(set(EVERY)):
        junction = junction_of(plant(world, text))
        found = meaning(text)
        assert parse_breakends(found.breakends) == ("world", junction)
        for each in found.pairs:
            five, three = each.pair.five.transcript, each.pair.three.transcript
            sides, *linker = (each.hgvs.split("::")[::2], *each.hgvs.split("::")[1:-1])
            if not junction.inserted:
                sides, linker = each.hgvs.split("::"), []
            else:
                one, middle, two = each.hgvs.split("::")
                sides, linker = [one, two], [middle.upper().replace("U", "T")]
            assert "".join(linker) == junction.inserted
            donor = re.fullmatch(r"(?:\w+\()?([\w.]+)\)?:r\.\?_(.+)", sides[0])
            acceptor = re.fullmatch(r"(?:\w+\()?([\w.]+)\)?:r\.(.+)_\?", sides[1])
            assert (donor[1], acceptor[1]) == (five.id, three.id)
            assert position_of(donor[2], five, is_donor=True) == junction.donor.position
            assert position_of(acceptor[2], three, is_donor=False) == junction.acceptor.position
            parts = each.vicc.split("::")
            assert parts[1:-1] == ([junction.inserted] if junction.inserted else [])
            ends = [
                re.fullmatch(r"([\w.]+)\((\w+)\):(e\..+)", part)
                for part in parts[:: len(parts) - 1]
            ]
            assert [end[1] for end in ends] == [five.id, three.id]
            assert position_of(ends[0][3], five, is_donor=True) == junction.donor.position
            assert position_of(ends[1][3], three, is_donor=False) == junction.acceptor.position


def test_vicc_name_of_the_published_example(named, reference):
    # shipped with fusor: TPM3 NM_152263.3 exon 8, NTRK1 NM_002529.3 exon 10
    pair, *_ = transcript_pairs(named("TPM3:8-NTRK1:10"), reference)
    from fusioncall.nomenclature import vicc_name

    five, three = renamed(pair.five, "NM_152263.3"), renamed(pair.three, "NM_002529.3")
    assert vicc_name(five, "", three) == "NM_152263.3(TPM3):e.8::NM_002529.3(NTRK1):e.10"
    assert vicc_name(None, "", three) == "?::NM_002529.3(NTRK1):e.10"


@pytest.mark.parametrize("text", ["", "chr1:5:+::chr2:6:-", "GRCh38:chr1:0:+::chr2:6:-"])
def test_text_that_names_no_breakends_is_refused(text):
    with pytest.raises(ValueError, match="breakpoint"):
        parse_breakends(text)


# transcripts


def test_every_compatible_transcript_is_named_with_its_own_exon(meaning):
    named = {
        each.pair.three.transcript.id: each.pair.three.exon
        for each in meaning("ETV6:5-NTRK3:15").pairs
    }
    assert named == {
        "ENST00000629765.3": 15,
        "ENST00000394480.6": 15,
        "ENST00000542733.6": 13,
        "ENST00000558676.5": 12,
    }
    exons = {
        each.pair.three.transcript.id: each.pair.three.exon
        for each in meaning("TPM3:8-NTRK1:10").pairs
    }
    assert exons == {"ENST00000524377.1": 10, "ENST00000368196.7": 9, "ENST00000392302.6": 10}


def test_the_first_pair_is_the_one_that_the_call_names(named, reference):
    for text in sorted(set(EVERY)):
        fusion = named(text)
        first, *_ = transcript_pairs(fusion, reference)
        assert (first.five.transcript.id, first.three.transcript.id) == (
            fusion.five.transcript,
            fusion.three.transcript,
        )
        assert (first.five.exon, first.three.exon) == (fusion.five.exon, fusion.three.exon)
        assert (first.five.site, first.three.site) == (fusion.five.site, fusion.three.site)


def test_mane_select_comes_first(world, named, reference):
    pairs = transcript_pairs(named("LMNA:2-NTRK1:10"), reference)
    marks = [(each.five.transcript.is_mane, each.three.transcript.is_mane) for each in pairs]
    assert marks[0] == (True, True)
    assert len(marks) == 6


@pytest.mark.parametrize(
    ("text", "five", "three"),
    [
        ("ETV6:5-NTRK3:15", 0, 0),
        ("ETV6:5-3-NTRK3:15+4", -3, 4),
        ("ETV6:5+3-NTRK3:15-4", 3, -4),
        ("TPM3:8+3-NTRK1:10-4", 3, -4),
    ],
)
def test_offsets_are_positive_downstream(named, reference, text, five, three):
    pair, *_ = transcript_pairs(named(text), reference)
    assert (pair.five.offset_bp, pair.three.offset_bp) == (five, three)


def test_a_side_without_a_gene_has_no_pairs(world, named, reference):
    fusion = named("ETV6:5-NTRK3:15")
    lost = replace(fusion.five, gene="intergenic", gene_id="intergenic", is_sense=False)
    found = interpret(replace(fusion, five=lost), reference)
    assert found.pairs == ()
    assert found.vicc == "?::ENST00000629765.3(NTRK3):e.15"


def test_the_row_of_a_side_without_a_gene(named, reference, settings):
    fusion = named("ETV6:5-NTRK3:15")
    lost = replace(fusion.five, gene="intergenic", gene_id="intergenic", is_sense=False)
    call = judge(replace(fusion, five=lost), settings)
    (annotated,) = annotate([call], Catalogue(()), reference)
    row = fusion_row("S", 1000, annotated)
    assert (row.frame, row.frame_note) == ("unknown", "a side lies in no gene in sense")
    assert (row.hgvs_r, row.peptide_junction, row.kinase, row.frames) == (".", ".", ".", ".")
    assert row.hgnc == "intergenic::NTRK3"
    assert row.vicc == "?::ENST00000629765.3(NTRK3):e.15"


def test_a_rejected_candidate_is_looked_at_in_one_pair(named, reference, settings):
    call = judge(replace(named("ETV6:5-NTRK3:15"), mapq_phred=0), settings)
    (annotated,) = annotate([call], Catalogue(()), reference)
    assert len(annotated.meaning.pairs) == 1
    row = fusion_row("S", 1000, annotated)
    assert (row.frame, row.frames) == ("in-frame", ".")


# what is kept


@pytest.mark.parametrize(
    ("text", "kept", "ranges"),
    [
        ("ETV6:5-NTRK3:15", Kept.WHOLE, ((538, 823),)),
        ("ETV6:5-NTRK3:16", Kept.PARTIAL, ((573, 823),)),
        ("ETV6:5-NTRK3/NM_001007156:15", Kept.ABSENT, ()),
        ("TPM3:8-NTRK1:13", Kept.WHOLE, ((510, 784),)),
        ("TPM3:8-NTRK1:14", Kept.PARTIAL, ((545, 784),)),
        ("QKI:6-NTRK2:17", Kept.WHOLE, ((554, 823),)),
        ("QKI:6-NTRK2:18", Kept.PARTIAL, ((589, 823),)),
        ("NTRK3:14-ETV6:6", Kept.ABSENT, ()),
        ("NTRK3:17-ETV6:6", Kept.PARTIAL, ((538, 711),)),
    ],
)
def test_kinase_domain(meaning, text, kept, ranges):
    domain = meaning(text).pairs[0].domain
    assert (domain.kept, domain.ranges) == (kept, ranges)


@pytest.mark.parametrize(
    ("text", "helix"),
    [
        # exon 11 of NTRK1 and exon 13 of NTRK3 hold the helix; ETV6 joins behind it
        ("TPM3:8-NTRK1:10", "kept (unverified)"),
        ("LMNA:11-20-NTRK1:11", "kept (unverified)"),
        ("TPM3:8-NTRK1:12", "lost (unverified)"),
        ("ETV6:5-NTRK3:12", "kept (unverified)"),
        ("ETV6:5-NTRK3:13", "partial (unverified)"),
        ("ETV6:4-NTRK3:14", "lost (unverified)"),
        ("QKI:6-NTRK2:13", "kept (unverified)"),
        ("QKI:6-NTRK2:14", "partial (unverified)"),
        ("QKI:6-NTRK2:16", "lost (unverified)"),
        ("NTRK1:11-TPM3:9", "kept (unverified)"),
    ],
)
def test_transmembrane_helix(meaning, text, helix):
    assert str(meaning(text).first.helix) == helix


def test_a_helix_that_is_not_known_is_not_told(reference, named):
    fusion = named("TPM3:8-NTRK1:10")
    ends = transcript_pairs(fusion, reference)[0]
    target = next(each for each in reference.targets if each.name == "NTRK1")
    assert kept_helix(ends.three, replace(target, helix=None)) is None
    verified = structs.replace(target.helix, verified=True)
    assert str(kept_helix(ends.three, replace(target, helix=verified))) == "kept"


def test_a_transcript_without_the_kinase_insert_keeps_the_domain_whole(meaning):
    pairs = {each.pair.three.transcript.id: each for each in meaning("ETV6:5-NTRK3:15").pairs}
    domain = pairs["ENST00000394480.6"].domain
    assert (domain.kept, domain.ranges) == (Kept.WHOLE, ((538, 711), (726, 823)))
    assert str(domain) == "538-711,726-823 of 839 (ENST00000629765.3)"
    assert pairs["ENST00000542733.6"].domain.kept is Kept.PARTIAL


@pytest.mark.parametrize(
    ("text", "five", "three"),
    [
        ("ETV6:5-NTRK3:15", "1-336 of 452", "530-839 of 839"),
        ("ETV6:4-NTRK3:14", "1-154 of 452", "467-839 of 839"),
        ("ETV6:1-40-NTRK3:15", "none of 452", "530-839 of 839"),
        ("ETV6:8-5-NTRK3:15", "1-452 of 452", "530-839 of 839"),
        ("ETV6:5-NTRK3:2", "1-336 of 452", "1-839 of 839"),
    ],
)
def test_kept_residues(meaning, text, five, three):
    first = meaning(text).pairs[0]
    assert (str(first.residues5), str(first.residues3)) == (five, three)
