"""Targets: where the kinase domain lies on the genome, and which transcripts carry it."""

from __future__ import annotations

import dataclasses
import gzip
from pathlib import Path

import pytest
import yaml

from builders import acceptor_edge, plant, simulated
from fusioncall.bundle import build_bundle
from fusioncall.coords import Strand
from fusioncall.errors import BundleError, SettingsError
from fusioncall.genes import Gene, Transcript
from fusioncall.gtf import read_annotation
from fusioncall.reference import Reference
from fusioncall.resources import resource_path
from fusioncall.sample_files import write_reads
from fusioncall.targets import place_targets, read_panel

GTF = Path("genes.gtf")
REAL_CONTIGS = dict.fromkeys(("chr1", "chr7", "chr9", "chr12", "chr15", "chr22"), 10**9)
LAST_WHOLE_ACCEPTOR = {"NTRK1": 156876080, "NTRK2": 84934162, "NTRK3": 87940753}
"""GRCh38, 1-based: first base of the last exon at which a fusion keeps the whole domain."""
NEXT_ACCEPTOR = {"NTRK1": 156876400, "NTRK2": 84948462, "NTRK3": 87933184}


@pytest.fixture(scope="module")
def genes(world, genome_files):
    contigs = {contig: len(bases) for contig, bases in world.genome.items()}
    return read_annotation(genome_files[1], contigs).genes


def panel_with(tmp_path, **changes):
    """targets.yaml with the first entry changed, as a panel."""
    document = yaml.safe_load(resource_path("targets.yaml").read_text())
    document["targets"][0] |= changes
    path = tmp_path / "targets.yaml"
    path.write_text(yaml.safe_dump(document))
    return read_panel(path)


def coding_positions(transcript):
    """The genome positions of a coding sequence, in the direction of transcription."""
    positions = []
    for _, part in transcript.coding_exons:
        bases = range(part.start, part.end)
        positions.extend(bases if transcript.strand is Strand.FORWARD else reversed(bases))
    return positions


def by_name(targets):
    return {target.name: target for target in targets}


# in the simulated world


@pytest.mark.parametrize(
    ("gene", "transcript", "first_aa", "last_aa"),
    [
        ("NTRK1", "NM_002529", 510, 784),
        ("NTRK2", "NM_006180", 554, 823),
        ("NTRK3", "NM_001012338", 538, 823),
    ],
)
def test_domain_lies_where_counting_codons_finds_it(
    world, reference, gene, transcript, first_aa, last_aa
):
    target = by_name(reference.targets)[gene]
    coding = coding_positions(world.transcript(transcript))
    assert target.domain_first == coding[3 * (first_aa - 1)]
    assert target.domain_last == coding[3 * last_aa - 1]
    assert target.reference_transcript == world.transcript(transcript).ensembl_id
    assert (target.first_aa, target.last_aa) == (first_aa, last_aa)


def test_transcripts_with_the_whole_domain_are_exactly_those_of_the_table(world, reference):
    for target in reference.targets:
        expected = {
            each.ensembl_id
            for each in world.transcripts
            if each.gene == target.name and each.kinase_aa is not None
        }
        assert set(target.whole) == expected
        for transcript in target.gene.transcripts:
            assert target.keeps_domain(transcript) is (transcript.id in expected)
    assert [len(target.whole) for target in reference.targets] == [3, 2, 2]


def test_before_and_within_the_domain_on_both_strands(reference):
    for target in reference.targets:
        step = 1 if target.gene.strand is Strand.FORWARD else -1
        first, last = target.domain_first, target.domain_last
        places = [first - step, first, first + step, last - step, last, last + step]
        assert [target.is_before_domain(p) for p in places] == [True, True, *[False] * 4]
        assert [target.is_within_domain(p) for p in places] == [False, *[True] * 4, False]


def test_another_length_of_the_protein_gives_the_same_domain_start(genes, reference):
    """The 822-residue form of NTRK2 has other residue numbers but the same bases."""
    panel = read_panel(resource_path("targets.yaml"))
    other_forms = [
        dataclasses.replace(gene, transcripts=gene.transcripts[1:2])
        if gene.name == "NTRK2"
        else gene
        for gene in genes
    ]
    assert [t.id for g in other_forms if g.name == "NTRK2" for t in g.transcripts] == [
        "ENST00000323115.8"
    ]
    target = by_name(place_targets(panel, other_forms, GTF))["NTRK2"]
    known = by_name(reference.targets)["NTRK2"]
    assert target.protein_length_aa == 822
    assert (target.domain_first, target.domain_last) == (known.domain_first, known.domain_last)


def test_domain_in_another_frame_is_not_whole(tmp_path):
    """Residues 20 to 60 of 99: bases 57 to 179 of 300."""

    def transcript(name, exons, cds):
        return Transcript(name, "G", "NTRK1", "c", Strand.FORWARD, exons, cds)

    transcripts = (
        transcript("reference", ((0, 300),), (0, 300)),
        transcript("later start in frame", ((0, 300),), (30, 300)),
        transcript("other frame", ((0, 300),), (1, 300)),
        transcript("frame lost within", ((0, 100), (101, 300)), (0, 300)),
        transcript("frame found within", ((0, 100), (102, 300)), (1, 300)),
        transcript("starts within", ((0, 300),), (60, 300)),
        transcript("ends within", ((0, 300),), (0, 177)),
        transcript("does not code", ((0, 300),), None),
    )
    gene = Gene("G", "NTRK1", "protein_coding", "c", Strand.FORWARD, 0, 300, transcripts)
    form = {"protein_length_aa": 99, "first_aa": 20, "last_aa": 60, "transcripts": ["reference"]}
    document = yaml.safe_load(resource_path("targets.yaml").read_text())
    document["targets"] = [document["targets"][0] | {"domain_forms": [form]}]
    path = tmp_path / "one.yaml"
    path.write_text(yaml.safe_dump(document))
    (target,) = place_targets(read_panel(path), [gene], GTF)
    assert (target.domain_first, target.domain_last) == (57, 179)
    assert target.whole == ("reference", "later start in frame")


# another gene needs no Python


@pytest.fixture
def four_targets(world, bundle_inputs, settings, tmp_path):
    """A bundle whose targets.yaml has LYN too, with a made-up domain of residues 247 to 501."""
    lyn = world.transcript("LYN")
    document = yaml.safe_load(resource_path("targets.yaml").read_text())
    document["targets"].append(
        {
            "gene": "LYN",
            "gene_ids": [],
            "protein": "LYN",
            "domain": "kinase",
            "domain_forms": [
                {
                    "protein_length_aa": len(world.coding_sequence(lyn)) // 3 - 1,
                    "first_aa": 247,
                    "last_aa": 501,
                    "transcripts": [],
                }
            ],
            "source": "made up for this test",
        }
    )
    path = tmp_path / "four.yaml"
    path.write_text(yaml.safe_dump(document))
    folder = tmp_path / "four"
    build_bundle(dataclasses.replace(bundle_inputs, targets=path), folder, settings, 1)
    return folder


def test_a_fourth_target_is_placed_screened_and_called(world, four_targets, run_cli, tmp_path):
    reference = Reference(four_targets)
    lyn = world.transcript("LYN")
    coding = coding_positions(lyn)
    target = by_name(reference.targets)["LYN"]
    assert [each.name for each in reference.targets] == ["NTRK1", "NTRK2", "NTRK3", "LYN"]
    assert (target.domain_first, target.domain_last) == (coding[3 * 246], coding[3 * 501 - 1])
    assert reference.kmers.names[:4] == ("NTRK1", "NTRK2", "NTRK3", "LYN")

    is_forward = lyn.strand is Strand.FORWARD
    before = [
        number
        for number in range(2, len(lyn.exons) + 1)
        if (acceptor_edge(lyn, number) <= target.domain_first) is is_forward
    ]
    fusion = plant(world, f"ETV6:5-LYN:{before[-1]}", split=6, spanning=4)
    files = write_reads(simulated(world, fusion), tmp_path)
    done = run_cli(
        *("--quiet", "run", "--sample", "S", "--fastq1", files[0], "--fastq2", files[1]),
        *("--reference", four_targets, "--out", tmp_path / "out"),
    )
    assert (done.code, done.stderr) == (0, "")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[1:3] for row in rows] == [
        ["gene", "status"],
        ["NTRK1", "NOT_ASSESSABLE"],
        ["NTRK2", "NOT_ASSESSABLE"],
        ["NTRK3", "NOT_ASSESSABLE"],
        ["LYN", "INDETERMINATE"],
    ]
    # it is called, but the invented sequence of LYN has no open frame
    assert (rows[4][3].partition(":")[0], rows[4][4]) == ("ETV6", "1")
    assert "frame lost" in rows[4][3]


# messages


def test_missing_gene_is_named(genes, tmp_path):
    panel = panel_with(tmp_path, gene="NTRK9", gene_ids=["ENSG0", "9999"])
    with pytest.raises(BundleError) as caught:
        place_targets(panel, genes, GTF)
    assert str(caught.value) == (
        "genes.gtf: has no gene NTRK9 (looked for NTRK9, ENSG0, 9999) on the genome's contigs. "
        "Use an annotation and FASTA with this gene, or take it out of targets.yaml."
    )


def test_gene_is_found_by_its_id_without_version(genes, tmp_path):
    panel = panel_with(tmp_path, gene="TRK-A", gene_ids=["ENSG00000198400"])
    assert place_targets(panel, genes, GTF)[0].gene.name == "NTRK1"


def test_protein_length_that_fits_no_transcript_is_told(genes, tmp_path):
    form = {"protein_length_aa": 700, "first_aa": 1, "last_aa": 9, "transcripts": []}
    with pytest.raises(BundleError) as caught:
        place_targets(panel_with(tmp_path, domain_forms=[form]), genes, GTF)
    assert str(caught.value) == (
        "genes.gtf: no transcript of NTRK1 has a protein length that targets.yaml knows "
        "(codons found: [761, 791, 797]). "
        "Add a domain_forms entry for one of its transcripts to targets.yaml."
    )


@pytest.mark.parametrize(("first_aa", "last_aa"), [(510, 797), (510, 5000), (900, 950), (600, 510)])
def test_domain_that_does_not_lie_in_the_protein_is_refused(genes, tmp_path, first_aa, last_aa):
    form = {"protein_length_aa": 796, "transcripts": []}
    forms = [form | {"first_aa": first_aa, "last_aa": last_aa}]
    with pytest.raises((BundleError, SettingsError), match="NTRK1"):
        place_targets(panel_with(tmp_path, domain_forms=forms), genes, GTF)


@pytest.mark.parametrize("schema", [0, 2])
def test_panel_of_another_version_is_refused(tmp_path, schema):
    document = yaml.safe_load(resource_path("targets.yaml").read_text()) | {"schema": schema}
    path = tmp_path / "targets.yaml"
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(SettingsError, match=r"targets\.yaml"):
        read_panel(path)


def test_unknown_key_of_the_panel_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"targets\.yaml: does not fit: .*`colour`"):
        panel_with(tmp_path, colour="red")


# on the real genome


def real_genes_of_gene_pred(path):
    """The NTRK genes of a UCSC genePred table with bin column, read without the code under test."""
    found = {}
    with gzip.open(path, "rt") as lines:
        for line in lines:
            _, name, contig, strand, _, _, cds_start, cds_end, _, starts, ends, _, symbol, *_ = (
                line.split("\t")
            )
            if symbol not in LAST_WHOLE_ACCEPTOR or "_" in contig:
                continue
            exons = [
                (int(start), int(end))
                for start, end in zip(starts.split(","), ends.split(","), strict=True)
                if start
            ]
            cds = (int(cds_start), int(cds_end))
            found.setdefault(symbol, []).append(
                Transcript(name, symbol, symbol, contig, Strand(strand), tuple(exons), cds)
            )
    return [
        Gene(
            symbol,
            symbol,
            "protein_coding",
            each[0].contig,
            each[0].strand,
            min(t.start for t in each),
            max(t.end for t in each),
            tuple(each),
        )
        for symbol, each in found.items()
    ]


@pytest.mark.parametrize("source", ["gtf", "genePred"])
def test_last_acceptor_that_keeps_the_real_kinases_whole(shared, source):
    if source == "gtf":
        path = shared("data/grch38_partial/genes.gtf.gz")
        genes = read_annotation(path, REAL_CONTIGS).genes
    else:
        genes = real_genes_of_gene_pred(shared("data/annotation/hg38.refGene.txt.gz"))
    targets = by_name(place_targets(read_panel(resource_path("targets.yaml")), genes, GTF))
    last, following = {}, {}
    for name, target in targets.items():
        is_forward = target.gene.strand is Strand.FORWARD
        (carrier,) = (t for t in target.gene.transcripts if t.id == target.reference_transcript)
        acceptors = [
            start if is_forward else end - 1 for start, end in carrier.exons_transcribed[1:]
        ]
        whole = [place + 1 for place in acceptors if target.is_before_domain(place)]
        last[name] = whole[-1]
        following[name] = acceptors[len(whole)] + 1
        assert target.is_within_domain(acceptors[len(whole)])
    assert last == LAST_WHOLE_ACCEPTOR
    assert following == NEXT_ACCEPTOR
