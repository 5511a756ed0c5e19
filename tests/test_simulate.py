"""The simulator: gene structures, annotation dialects, reads, and the truth about them."""

from __future__ import annotations

import argparse
import csv
import gzip
import re
from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusioncall.cli import simulate as command
from fusioncall.cli.simulate import DEFAULT_FUSIONS
from fusioncall.coords import Interval, Strand
from fusioncall.errors import FusioncallError, SettingsError
from fusioncall.plants import Molecules, fused_parts, fusion_class, parse_fusion
from fusioncall.resources import resource_path
from fusioncall.sequence import reverse_complement
from fusioncall.simulate import (
    Kind,
    ReadSettings,
    SamplePlan,
    Strandedness,
    background_of,
    mirrored_plan,
    simulate_sample,
)
from fusioncall.world import build_world
from fusioncall.world_files import ContigNames, Dialect, gtf_lines, write_genome

STOPS = {"TAA", "TAG", "TGA"}


@pytest.fixture(scope="module")
def world():
    return build_world()


def exon_table():
    """The exon table, read without the code under test."""
    lines = resource_path("simulated_genes.tsv").read_text().splitlines()
    return list(csv.DictReader([x for x in lines if not x.startswith("#")], delimiter="\t"))


def parse_gtf(lines):
    """Feature rows per transcript, read without the code under test."""
    features = defaultdict(lambda: defaultdict(list))
    for line in lines:
        if line.startswith("#"):
            continue
        contig, _, feature, start, end, _, strand, frame, attributes = line.split("\t")
        contig = re.sub(r"^NC_0+(\d+)\.\d+$", r"chr\1", contig)
        contig = contig if contig.startswith("chr") else f"chr{contig}"
        transcript = re.search(r'transcript_id "([^"]+)"', attributes)
        if transcript and feature != "gene":
            row = (contig, strand, int(start), int(end), frame)
            features[transcript[1]][feature].append(row)
    return features


def spliced(genome, exons):
    """Sequence of GTF rows, which lie in the direction of transcription."""
    parts = []
    for contig, strand, start, end, *_ in exons:
        text = genome[contig][start - 1 : end]
        parts.append(text if strand == "+" else reverse_complement(text))
    return "".join(parts)


def plant(world, text, **molecules):
    return parse_fusion(world, text, Molecules(**molecules))


# the genome


@pytest.mark.parametrize("seed", [None, *range(12)])
def test_coding_sequences_start_with_atg_and_stop_only_at_their_end(seed):
    world = build_world() if seed is None else build_world(seed)
    for transcript in world.transcripts:
        coding = world.coding_sequence(transcript)
        codons = [coding[i : i + 3] for i in range(0, len(coding), 3)]
        stops = [i for i, codon in enumerate(codons) if codon in STOPS]
        assert codons[0] == "ATG", transcript.refseq_id
        assert stops == [len(codons) - 1], transcript.refseq_id
        assert len(codons[-1]) == 3, transcript.refseq_id
        start = transcript.coding_start_bp
        assert world.sequence(transcript)[start : start + 90] == coding[:90]


def test_exons_keep_their_true_lengths_strands_and_coding_parts(world):
    by_transcript = defaultdict(list)
    for row in exon_table():
        by_transcript[row["refseq_id"]].append(row)
    assert [t.refseq_id for t in world.transcripts] == list(by_transcript)
    for transcript in world.transcripts:
        rows = by_transcript[transcript.refseq_id]
        lengths = [int(row["exon_end"]) - int(row["exon_start_1based"]) + 1 for row in rows]
        assert [len(exon) for exon in transcript.exons] == lengths
        assert {row["strand"] for row in rows} == {transcript.strand.value}
        coding = [
            (i, int(row["cds_end"]) - int(row["cds_start_1based"]) + 1)
            for i, row in enumerate(rows)
            if row["cds_end"] != "."
        ]
        assert [(i, len(part)) for i, part in transcript.coding_exons] == coding


@pytest.mark.parametrize(
    ("transcript", "exons", "residues"),
    [
        ("NM_002529", 17, 796),
        ("NM_001012331", 16, 790),
        ("NM_006180", 21, 838),
        ("NM_001018064", 17, 822),
        ("NM_001007097", 13, 477),
        ("NM_001012338", 20, 839),
        ("NM_002530", 19, 825),
        ("NM_001007156", 16, 612),
        ("ENST00000542733", 16, 617),
        ("ENST00000558676", 14, 705),
    ],
)
def test_target_isoforms_have_the_published_exons_and_residues(world, transcript, exons, residues):
    found = world.transcript(transcript)
    assert len(found.exons) == exons
    assert len(world.coding_sequence(found)) == 3 * (residues + 1)


def test_no_join_to_a_target_exon_can_make_a_stop_codon_of_itself(world):
    checked = 0
    for transcript in world.transcripts:
        coding_bp = 0
        for _, part in transcript.coding_exons:
            if transcript.role == "target" and coding_bp % 3:
                assert world.bases(part, transcript.strand)[0] == "C"
                checked += 1
            coding_bp += len(part)
    assert checked > 100


def test_exons_shared_by_isoforms_in_reality_are_shared_here(world):
    real = Counter((r["contig"], r["exon_start_1based"], r["exon_end"]) for r in exon_table())
    here = Counter(exon for t in world.transcripts for exon in t.exons)
    assert sorted(real.values()) == sorted(here.values())


def test_introns_run_gt_to_ag_and_are_no_longer_than_real_ones(world):
    introns = {(i, t.strand) for t in world.transcripts for i in t.introns}
    assert len(introns) > 400
    for intron, strand in introns:
        bases = world.bases(intron, strand)
        assert (bases[:2], bases[-2:]) == ("GT", "AG")


def test_neighbours_of_ntrk1_lie_as_on_chromosome_1(world):
    order = ["TPM3", "LMNA", "BCAN", "PRCC", "INSRR", "NTRK1", "PEAR1", "TPR", "IRF2BP2"]
    starts = [world.transcript(gene).place.start for gene in order]
    assert starts == sorted(starts)
    lmna, ntrk1 = world.transcript("LMNA"), world.transcript("NTRK1")
    assert lmna.strand is ntrk1.strand is Strand.FORWARD
    assert 20_000 < ntrk1.place.start - lmna.place.end < 60_000
    insrr, long_form = world.transcript("INSRR"), world.transcript("NM_001007792")
    assert insrr.strand is Strand.REVERSE
    assert long_form.place.start < insrr.place.start
    assert insrr.place.end < ntrk1.place.start


def test_genome_is_small(world, tmp_path):
    assert 600_000 < sum(map(len, world.genome.values())) < 1_200_000
    write_genome(world, tmp_path / "genome.fa.gz", ContigNames.CHR)
    assert (tmp_path / "genome.fa.gz").stat().st_size < 350_000


def test_another_seed_changes_bases_but_not_structures(world):
    other = build_world(5)
    assert other.transcripts == world.transcripts
    assert other.genome != world.genome
    assert build_world().genome == world.genome


def test_mirrored_world_is_the_same_world_from_the_other_side(world):
    mirrored = world.mirrored()
    assert mirrored.mirrored() == world
    assert mirrored.genome != world.genome
    for one, other in zip(world.transcripts, mirrored.transcripts, strict=True):
        assert other.strand is one.strand.opposite
        assert mirrored.sequence(other) == world.sequence(one)
        assert mirrored.coding_sequence(other) == world.coding_sequence(one)
        assert [len(i) for i in other.introns] == [len(i) for i in one.introns]


def test_unusable_exon_table_names_the_file(tmp_path):
    path = tmp_path / "genes.tsv"
    path.write_text("gene\tcontig\nNTRK1\tchr1\n")
    with pytest.raises(SettingsError, match=r"genes\.tsv"):
        build_world(table=path)


# the annotation


def test_dialects_hold_the_same_exons_and_codons(world):
    tables = {dialect: parse_gtf(gtf_lines(world, dialect)) for dialect in Dialect}
    contents = {
        dialect: sorted(
            (tuple(f["exon"]), tuple(f["CDS"]), tuple(f["start_codon"]), tuple(f["stop_codon"]))
            for f in table.values()
        )
        for dialect, table in tables.items()
    }
    assert contents[Dialect.GENCODE] == contents[Dialect.ENSEMBL] == contents[Dialect.REFSEQ]
    expected = sorted(
        tuple((e.contig, t.strand.value, e.start + 1, e.end, ".") for e in t.exons)
        for t in world.transcripts
    )
    assert sorted(exons for exons, *_ in contents[Dialect.GENCODE]) == expected
    assert len(expected) == len(world.transcripts)


def test_annotated_coding_parts_spell_the_protein(world):
    for features in parse_gtf(gtf_lines(world, Dialect.ENSEMBL)).values():
        coding = spliced(world.genome, features["CDS"])
        assert len(coding) % 3 == 0
        assert not STOPS & {coding[i : i + 3] for i in range(0, len(coding), 3)}
        assert spliced(world.genome, features["start_codon"]) == "ATG" == coding[:3]
        assert spliced(world.genome, features["stop_codon"]) in STOPS
        before = 0
        for _, _, start, end, frame in features["CDS"]:
            assert (before + int(frame)) % 3 == 0
            before += end - start + 1


@pytest.mark.parametrize(
    ("dialect", "gene", "exon"),
    [
        (
            Dialect.GENCODE,
            'chr1\tHAVANA\tgene\t.*gene_id "ENSG00000198400.1"; .*gene_name "NTRK1";',
            'transcript_id "ENST00000524377.1"; .*exon_number 10; .*tag "MANE_Select";',
        ),
        (
            Dialect.ENSEMBL,
            '1\tensembl_havana\tgene\t.*gene_id "ENSG00000198400"; gene_version "1";',
            'transcript_id "ENST00000524377"; transcript_version "1"; exon_number "10";',
        ),
        (
            Dialect.REFSEQ,
            'NC_000001.11\tBestRefSeq\tgene\t.*gene_id "NTRK1"; transcript_id "";',
            'transcript_id "NM_002529.4"; .*gene "NTRK1"; .*exon_number "10";',
        ),
    ],
)
def test_each_dialect_writes_its_own_attributes(world, dialect, gene, exon):
    lines = list(gtf_lines(world, dialect))
    assert sum(bool(re.match(gene, line)) for line in lines) == 1
    exons = [line for line in lines if "\texon\t" in line]
    assert sum(bool(re.search(exon, line)) for line in exons) == 1
    assert ("gene_name" in "".join(lines)) is (dialect is not Dialect.REFSEQ)


# planted fusions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ETV6:5-NTRK3:15", "kinase-fusion"),
        ("ETV6:4-NTRK3:14", "kinase-fusion"),
        ("ETV6:5-NTRK3:15:ACC", "kinase-fusion"),
        ("ETV6:5-NTRK3:15:ACCC", "out-of-frame"),
        ("ETV6:5-NTRK3:15:ACTAAC", "out-of-frame"),
        ("LMNA:11-150-NTRK1:11", "kinase-fusion"),
        ("LMNA:11-149-NTRK1:11", "out-of-frame"),
        ("TPM3:8-NTRK1:13", "kinase-fusion"),
        ("LMNA:11-150-NTRK1:13+26", "kinase-fusion"),
        ("LMNA:11-150-NTRK1:13+27", "partial-kinase"),
        ("LMNA:11-150-NTRK1:14", "partial-kinase"),
        ("ETV6:5-NTRK3:20+185", "kinase-lost"),
        ("ETV6:1-200-NTRK3:15", "out-of-frame"),
        ("NTRK3:14-ETV6:6", "reciprocal"),
        ("EML4:2-NTRK3/NM_001007156:15", "truncated-isoform"),
        ("NTRK3:4-NTRK3:15", "same-gene"),
        ("TP53:4-ETV6:5", "other"),
    ],
)
def test_class_follows_from_the_structure(world, text, expected):
    assert fusion_class(world, plant(world, text)) == expected


def test_default_set_has_six_kinase_fusions(world):
    classes = Counter(fusion_class(world, plant(world, text)) for text in DEFAULT_FUSIONS)
    assert classes == {
        "kinase-fusion": 6,
        "reciprocal": 1,
        "truncated-isoform": 1,
        "partial-kinase": 1,
    }


def test_breakpoint_specification_equals_exon_specification(world):
    by_exon = plant(world, "ETV6:5-NTRK3:15:ACGT")
    text = f"ETV6@{by_exon.breakpoint5}-NTRK3@{by_exon.breakpoint3}:ACGT"
    assert plant(world, text) == by_exon
    exon = world.transcript("ETV6").exons[4]
    assert by_exon.breakpoint5 == f"chr12:{exon.end}:+"
    exon = world.transcript("NTRK3").exons[14]
    assert by_exon.breakpoint3 == f"chr15:{exon.end}:-"


def test_breakpoint_in_introns_keeps_the_piece_of_intron(world):
    five, _, three = fused_parts(world, plant(world, "ETV6:5+30-NTRK3:15-40"))
    whole5, _, whole3 = fused_parts(world, plant(world, "ETV6:5-NTRK3:15"))
    assert (five[:-30], three[40:]) == (whole5, whole3)
    assert five[-30:-28] == "GT"
    assert three[38:40] == "AG"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ETV6-NTRK3", "does not describe a fusion"),
        ("ETV6:5-NTRK3:15:ACGN", "does not describe a fusion"),
        ("NOGENE:5-NTRK3:15", "no gene or transcript named 'NOGENE'"),
        ("ETV6:9-NTRK3:15", "has no exon 9"),
        ("ETV6:0-NTRK3:15", "has no exon 0"),
        ("ETV6/NM_002530:5-NTRK3:15", "a transcript of NTRK3, not of ETV6"),
        ("ETV6@chr12:25882:--NTRK3:15", "does not lie within ETV6"),
        ("ETV6@chr12:1:+-NTRK3:15", "does not lie within ETV6"),
        ("ETV6@chr12:0:+-NTRK3:15", "at least 1"),
    ],
)
def test_bad_specification_is_an_error_that_says_what(world, text, message):
    with pytest.raises(SettingsError, match=message):
        plant(world, text)


# reads


def independent_template(world, row_of, text):
    """A fused sequence built from GTF rows and breakpoint texts alone."""
    transcript5, transcript3 = text
    exons = parse_gtf(gtf_lines(world, Dialect.REFSEQ))
    parts = []
    for name, breakpoint, keeps_head in (
        (transcript5, row_of.breakpoint5, True),
        (transcript3, row_of.breakpoint3, False),
    ):
        contig, position, strand = breakpoint.split(":")
        kept = []
        for exon_contig, exon_strand, start, end, _ in exons[name]["exon"]:
            assert (exon_contig, exon_strand) == (contig, strand)
            keeps_low = keeps_head is (strand == "+")
            low = start if keeps_low else max(start, int(position))
            high = min(end, int(position)) if keeps_low else end
            if low <= high:
                kept.append((contig, strand, low, high))
        parts.append(spliced(world.genome, kept))
    return parts


CASES = [
    ("ETV6:5-NTRK3:15", "NM_001987.5", "NM_001012338.3"),
    ("LMNA:11-150-NTRK1:11", "NM_170707.4", "NM_002529.4"),
    ("TPM3:8-NTRK1:10:ACGTTCA", "NM_152263.4", "NM_002529.4"),
    ("NTRK2:13-QKI:7", "NM_006180.6", "NM_006775.3"),
]


@pytest.mark.parametrize("lengths_bp", [(100, 250, 50), (30, 50, 12)], ids=str)
@pytest.mark.parametrize("is_paired", [True, False])
@pytest.mark.parametrize("strandedness", list(Strandedness))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_truth_agrees_with_the_reads(world, case, strandedness, is_paired, lengths_bp):
    text, *transcripts = case
    wanted = plant(world, text, split=60, spanning=40 if is_paired else 0, drawn=150)
    sequencing = ReadSettings(
        *lengths_bp, error_rate=0, strandedness=strandedness, is_paired=is_paired
    )
    plan = SamplePlan("s", 3, sequencing, (wanted,), (("NTRK3", 30), ("GAPDH", 50)))
    sample = simulate_sample(world, plan)
    (row,) = sample.truth
    five, three = independent_template(world, row, transcripts)
    fused = five + row.inserted + three
    told = {one.read_name: one for one in sample.evidence}
    seen = Counter()
    for molecule in sample.molecules:
        shown = seen_on(fused, len(five), len(row.inserted), molecule, strandedness)
        kind = told[molecule.name].kind if molecule.name in told else None
        if shown is None:
            assert kind is None
            continue
        seen[shown[0]] += 1
        assert kind is not None
        assert (kind, told[molecule.name].bases5, told[molecule.name].bases3) == shown
    assert seen[Kind.SPLIT] == row.split_molecules >= 60
    assert seen[Kind.SPANNING] == row.spanning_molecules
    assert (row.spanning_molecules >= 40) is is_paired
    assert len(sample.molecules) == 60 + (40 if is_paired else 0) + 150 + 80


def seen_on(fused, five_bp, inserted_bp, molecule, strandedness):
    """What a molecule shows, found by searching its reads in the fused sequence."""
    reads = [molecule.first.bases] + ([molecule.second.bases] if molecule.second else [])
    orientations = {
        Strandedness.FORWARD: [False],
        Strandedness.REVERSE: [True],
        Strandedness.UNSTRANDED: [False, True],
    }[strandedness]
    for is_flipped in orientations:
        sense = list(reads)
        sense[0] = reverse_complement(sense[0]) if is_flipped else sense[0]
        if len(sense) == 2:
            sense[1] = sense[1] if is_flipped else reverse_complement(sense[1])
            sense = sense[::-1] if is_flipped else sense
        starts = [fused.find(read) for read in sense]
        if -1 in starts:
            continue
        assert starts == sorted(starts)
        sides = [
            (
                min(start + len(read), five_bp) - start,
                start + len(read) - max(start, five_bp + inserted_bp),
            )
            for start, read in zip(starts, sense, strict=True)
        ]
        split = [side for side in sides if min(side) >= 10]
        if split:
            return (Kind.SPLIT, *max(split, key=min))
        if len(sense) == 2 and sides[0][0] >= 10 and sides[1][1] >= 10:
            return Kind.SPANNING, sides[0][0], sides[1][1]
    return None


def test_wanted_molecules_are_exact_and_differ(world):
    wanted = plant(world, "ETV6:5-NTRK3:15", split=7, spanning=4)
    sample = simulate_sample(world, SamplePlan("s", 1, ReadSettings(error_rate=0), (wanted,)))
    assert (sample.truth[0].split_molecules, sample.truth[0].spanning_molecules) == (7, 4)
    assert len(sample.molecules) == 11
    assert len({frozenset((m.first.bases, m.second.bases)) for m in sample.molecules}) == 11


def test_all_molecules_that_can_differ_are_found_and_no_more(world):
    # fragments of 50 bp, reads of 30: each of the two reads covers the junction in 11 ways
    sequencing = ReadSettings(30, 50, 0, error_rate=0)
    for split in (22, 23):
        plan = SamplePlan("s", 1, sequencing, (plant(world, "ETV6:5-NTRK3:15", split=split),))
        if split == 23:
            with pytest.raises(SettingsError, match="1 split and 0 spanning ones are missing"):
                simulate_sample(world, plan)
        else:
            rows = simulate_sample(world, plan).evidence
            assert sorted((r.bases5, r.bases3) for r in rows) == sorted(
                2 * [(five, 30 - five) for five in range(10, 21)]
            )


def test_copies_are_written_but_counted_once(world):
    wanted = plant(world, "ETV6:5-NTRK3:15", split=3, spanning=2, copies=4)
    sample = simulate_sample(world, SamplePlan("s", 1, ReadSettings(error_rate=0), (wanted,)))
    assert len(sample.molecules) == 20
    assert len({m.first.bases for m in sample.molecules}) == 5
    assert (sample.truth[0].split_molecules, sample.truth[0].spanning_molecules) == (3, 2)
    assert Counter(row.molecule for row in sample.evidence) == dict.fromkeys(range(1, 6), 4)


def test_wrong_bases_and_low_qualities_fall_together(world):
    wanted = plant(world, "ETV6:5-NTRK3:15", split=200)
    clean = simulate_sample(world, SamplePlan("s", 1, ReadSettings(error_rate=0), (wanted,)))
    noisy_settings = ReadSettings(error_rate=0.02)
    noisy = simulate_sample(world, SamplePlan("s", 1, noisy_settings, (wanted,)))
    wrong = 0
    for one, other in zip(clean.molecules, noisy.molecules, strict=True):
        assert one.name == other.name
        for right, read in ((one.first, other.first), (one.second, other.second)):
            assert set(right.quality) == {"I"}
            differs = [a != b for a, b in zip(right.bases, read.bases, strict=True)]
            assert differs == [quality == "+" for quality in read.quality]
            wrong += sum(differs)
    assert 600 < wrong < 1000  # expected 800 of 40,000, standard deviation 28


def test_reads_are_as_long_as_a_shorter_fragment(world):
    short = ReadSettings(
        read_length_bp=100, fragment_mean_bp=80, fragment_sd_bp=20, fragment_min_bp=40, error_rate=0
    )
    sample = simulate_sample(world, SamplePlan("s", 1, short, (), (("GAPDH", 200),)))
    lengths = {len(m.first.bases) for m in sample.molecules}
    assert min(lengths) >= 40
    assert max(lengths) <= 100
    assert len(lengths) > 20
    for molecule in sample.molecules:
        if len(molecule.first.bases) < 100:
            assert molecule.second.bases == reverse_complement(molecule.first.bases)


@pytest.mark.parametrize("strandedness", list(Strandedness))
def test_single_end_reads_are_the_first_reads_of_the_pairs(world, strandedness):
    paired = ReadSettings(error_rate=0, strandedness=strandedness)
    plan = SamplePlan("s", 1, paired, (), background_of(world, 500))
    single = replace(plan, settings=replace(paired, is_paired=False))
    first = [(m.name, m.first) for m in simulate_sample(world, plan).molecules]
    assert [(m.name, m.first) for m in simulate_sample(world, single).molecules] == first


def test_read_names_are_unique_and_tell_nothing(world):
    wanted = plant(world, "ETV6:5-NTRK3:15", split=5, spanning=5)
    plan = SamplePlan("s", 1, ReadSettings(), (wanted,), background_of(world, 12_000))
    names = [m.name for m in simulate_sample(world, plan).molecules]
    assert len(set(names)) == len(names) == 12_010
    assert all(re.fullmatch(r"SIM:1:FC:1:\d+:\d+:\d+", name) for name in names)
    kinds = [row.read_name for row in simulate_sample(world, plan).evidence]
    assert kinds != names[:10]


def test_background_adds_up_and_favours_controls(world):
    counts = dict(background_of(world, 5_000))
    assert sum(counts.values()) == 5_000
    roles = Counter()
    for name, number in counts.items():
        roles[world.transcript(name).role] += number
    assert roles["control"] > roles["partner"] > roles["target"] > 0
    assert background_of(world, 0) == ()


def test_impossible_wish_is_an_error(world):
    wanted = plant(world, "ETV6:5-NTRK3:15", spanning=1)
    with pytest.raises(SettingsError, match="1 spanning ones are missing"):
        simulate_sample(world, SamplePlan("s", 1, ReadSettings(is_paired=False), (wanted,)))


@pytest.mark.parametrize(
    "values",
    [
        {"read_length_bp": 19},
        {"error_rate": 1.0},
        {"error_rate": -0.1},
        {"fragment_sd_bp": -1},
        {"fragment_mean_bp": 0},
        {"fragment_min_bp": 0},
        {"anchor_bp": 0},
    ],
)
def test_settings_out_of_range_are_errors(values):
    with pytest.raises(SettingsError):
        ReadSettings(**values)


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 1000),
    read_length_bp=st.integers(20, 151),
    strandedness=st.sampled_from(Strandedness),
    text=st.sampled_from(DEFAULT_FUSIONS),
)
def test_mirrored_world_gives_the_same_reads(world, seed, read_length_bp, strandedness, text):
    sequencing = ReadSettings(read_length_bp=read_length_bp, strandedness=strandedness)
    wanted = plant(world, text, split=3, drawn=20)
    plan = SamplePlan("s", seed, sequencing, (wanted,), (("NTRK1", 5),))
    here = simulate_sample(world, plan)
    there = simulate_sample(world.mirrored(), mirrored_plan(world, plan))
    assert there.molecules == here.molecules
    assert there.truth[0].breakpoint5 != here.truth[0].breakpoint5
    back = mirrored_plan(world.mirrored(), there.plan)
    assert back == plan
    blank = {"breakpoint5": "", "breakpoint3": ""}
    assert replace(there.truth[0], **blank) == replace(here.truth[0], **blank)


def test_mirror_position_and_interval_agree(world):
    interval = Interval("chr1", 10, 20)
    mirrored = world.mirror_interval(interval)
    assert len(mirrored) == 10
    assert world.mirror_position("chr1", 10) == mirrored.end - 1
    assert world.mirror_position("chr1", 19) == mirrored.start


# the command


def run(folder, *options):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    command.main(parser.parse_args(["--out", str(folder), "--background", "300", *options]))


def read_tsv(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def test_command_writes_the_same_bytes_twice(tmp_path):
    run(tmp_path / "a")
    run(tmp_path / "b")
    run(tmp_path / "c", "--seed", "2")
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == [
        "genes.gtf.gz",
        "genome.fa.gz",
        "molecules.tsv.gz",
        "simulated_1.fq.gz",
        "simulated_2.fq.gz",
        "truth.tsv",
    ]
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    reads = [(tmp_path / folder / "simulated_1.fq.gz").read_bytes() for folder in "ac"]
    assert reads[0] != reads[1]
    genomes = [(tmp_path / folder / "genome.fa.gz").read_bytes() for folder in "ac"]
    assert genomes[0] == genomes[1]


def test_command_writes_truth_that_its_own_files_bear_out(tmp_path):
    fusion = "ETV6:5-NTRK3:15:GATC"
    options = ("--fusion", fusion, "--contigs", "plain", "--dialect", "refseq", "--sample", "S-1")
    run(tmp_path, *options, "--molecules", "9", "--error-rate", "0")
    (truth,) = read_tsv(tmp_path / "truth.tsv")
    assert list(truth.values())[:4] == ["S-1", "ETV6::NTRK3", "ETV6", "NTRK3"]
    assert (truth["class"], truth["inserted"]) == ("out-of-frame", "GATC")
    assert (truth["split_molecules"], truth["spanning_molecules"]) == ("5", "4")
    assert (truth["read_length_bp"], truth["error_rate"]) == ("100", "0.0")
    with gzip.open(tmp_path / "genome.fa.gz", "rt") as stream:
        records = [record.split("\n", 1) for record in stream.read().split(">")[1:]]
    genome = {name: bases.replace("\n", "") for name, bases in records}
    assert set(genome) >= {"1", "12", "15"}
    contig5, position5, strand5 = truth["breakpoint5"].split(":")
    contig3, position3, strand3 = truth["breakpoint3"].split(":")
    assert (contig5, strand5, contig3, strand3) == ("12", "+", "15", "-")
    before = genome["12"][int(position5) - 10 : int(position5)]
    after = reverse_complement(genome["15"][int(position3) - 10 : int(position3)])
    core = before + "GATC" + after
    bases = {}
    for number in "12":
        with gzip.open(tmp_path / f"S-1_{number}.fq.gz", "rt") as stream:
            lines = stream.read().splitlines()
        for name, sequence in zip(lines[::4], lines[1::4], strict=True):
            bases.setdefault(name[1:], []).append(sequence)
    assert len(bases) == 309
    split = {
        name
        for name, pair in bases.items()
        if any(core in read or core in reverse_complement(read) for read in pair)
    }
    told = read_tsv(tmp_path / "molecules.tsv.gz")
    assert split == {row["read_name"] for row in told if row["kind"] == "split"}
    assert len(split) == 5
    assert Counter(row["kind"] for row in told) == {"split": 5, "spanning": 4}
    assert {row["breakpoint5"] for row in told} == {truth["breakpoint5"]}


def test_single_end_command_writes_one_file_and_split_molecules_only(tmp_path):
    run(tmp_path, "--single", "--fusion", "TPM3:8-NTRK1:10", "--molecules", "6")
    assert not (tmp_path / "simulated_2.fq.gz").exists()
    (truth,) = read_tsv(tmp_path / "truth.tsv")
    assert (truth["split_molecules"], truth["spanning_molecules"]) == ("6", "0")


def test_no_fusion_leaves_an_empty_truth(tmp_path):
    run(tmp_path, "--fusion", "none")
    assert read_tsv(tmp_path / "truth.tsv") == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--fusion", "ETV6:50-NTRK3:15"), "has no exon 50"),
        (("--molecules", "-1"), "--molecules is -1"),
        (("--sample", "a/b"), "cannot be part of a file name"),
        (("--read-length", "5"), "read length"),
    ],
)
def test_bad_option_is_an_error_and_writes_nothing(tmp_path, options, message):
    with pytest.raises(FusioncallError, match=message):
        run(tmp_path, *options)
    assert not list(tmp_path.iterdir())
