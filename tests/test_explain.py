"""`fusioncall explain` on fusions that are not called for a reason that was planted."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from builders import fused_text, text_pair, text_read, write_fastq
from fusioncall.explain import seen_share
from fusioncall.model import Molecule
from fusioncall.plants import Molecules
from fusioncall.sample_files import write_reads
from fusioncall.sequence import reverse_complement
from fusioncall.simulate import ReadSettings
from sequencing import run_files, sequenced
from test_reannotate import changed_settings

ADAPTER = "AGATCGGAAGAGCACACGTCTGAACTCCAGTCA"
SPEC = "ETV6:5-NTRK3:15"


def background(world, folder):
    """FASTQ of a sample without any fusion."""
    sample = sequenced(world, (), Molecules())
    return write_reads(sample, folder)


def with_molecules(files, folder, molecules: list[Molecule]):
    """The lanes of a sample, with one more of some molecules."""
    lanes = []
    for number, path in enumerate(files):
        records = [(each.name, each.reads[number].sequence) for each in molecules]
        extra = write_fastq(folder / f"planted_{number + 1}.fq.gz", records)
        lanes.append(f"{path},{extra}")
    return lanes


@pytest.fixture
def explained(world, reference_folder, run_cli, tmp_path):
    """Run a sample with some molecules, and explain a question with its reads and without."""

    def explain(molecules, *asked, settings=None):
        files = background(world, tmp_path)
        lanes = with_molecules(files, tmp_path, molecules) if molecules else list(map(str, files))
        options = [] if settings is None else ["--settings", str(settings)]
        out = run_files(lanes, reference_folder, tmp_path / "S", *options)
        words = ("explain", "--sample-dir", out, *asked, "--reference", reference_folder)
        reads = ("--fastq1", lanes[0], "--fastq2", lanes[1])
        without, given = run_cli("--quiet", *words), run_cli("--quiet", *words, *reads)
        assert (without.code, without.stderr) == (0, "")
        assert (given.code, given.stderr) == (0, "")
        return " ".join(given.stdout.split()), " ".join(without.stdout.split())

    return explain


def fragments(world, spec, *places, size=200, read_bp=100):
    """Pairs of a fused transcript, each by how many bases of its fragment lie before the join."""
    text, cut = fused_text(world, spec)
    return [
        text_pair(f"planted{number}", text[cut - before : cut - before + size], read_bp)
        for number, before in enumerate(places)
    ]


def test_called(world, explained):
    page, _ = explained(fragments(world, SPEC, 30, 40, 50, 60), "ETV6", "NTRK3")
    assert "In short: it was called, at chr12:" in page
    assert "NTRK3: DETECTED: ETV6::NTRK3, 4 split and 0 spanning molecules" in page
    assert page.count("; counted for chr12:") == 4


def test_one_molecule_only(world, explained):
    page, without = explained(fragments(world, SPEC, 50), "ETV6", "NTRK3")
    failed = "In short: a candidate was found and not called. It fails molecules 1 (limit >=2)."
    assert failed in page
    assert failed in without
    assert "NTRK3: INDETERMINATE" in page
    assert "FAIL molecules 1, limit >=2: Enough molecules in all splice forms" in page
    assert "planted0: 50 and 50 bases, 0 mismatches; counted for chr12:" in page


def test_short_anchors(world, explained):
    """Reads with five and six bases of ETV6, whose mates do not reach it."""
    molecules = fragments(world, SPEC, 5, 6)
    page, without = explained(molecules, "ETV6", "NTRK3")
    assert "there is no candidate. 2 molecules come near: 1: 6 bases on a side" in page
    text, cut = fused_text(world, SPEC)
    assert f"{text[cut - 6 : cut]}|{text[cut : cut + 40]}..." in page
    assert "Whether any read comes near is not known: give the reads of the sample." in without


def test_adapter(world, explained):
    """The fused bases stand behind the end of the fragment, where the adapter is cut off."""
    text, cut = fused_text(world, SPEC)
    inside = text[cut : cut + 60]
    turned = reverse_complement(inside)
    behind = ADAPTER + reverse_complement(text[cut - 40 : cut + 40])
    reads = [
        replace(read, sequence=(each + behind)[:150])
        for read, each in zip(text_pair("adapter", inside, 60).reads, (inside, turned), strict=True)
    ]
    page, _ = explained([Molecule("adapter", tuple(reads))], "ETV6", "NTRK3")
    assert "1 molecules come near: 1: the junction lies in what was cut off as adapter" in page


def test_a_filter_of_the_user(world, explained, tmp_path):
    """Low mapping is a number that the filters judge: here every call is below the limit."""
    settings = changed_settings(tmp_path, "mapq", {"filters": {"min_mapq_phred": 90}})
    molecules = fragments(world, SPEC, 30, 40, 50, 60)
    page, _ = explained(molecules, "ETV6", "NTRK3", settings=settings)
    assert re.search(r"It fails mapq_phred \d+ \(limit >=90\)\.", page)
    assert "A split read whose two pieces have one place on the genome" in page


def test_too_many_differences(world, explained):
    """Every ninth base of the reads is another one, but near the junction."""
    molecules = []
    for each in fragments(world, SPEC, 50, 45):
        reads = []
        for read in each.reads:
            bases = list(read.sequence)
            for place in (*range(3, 20, 4), *range(80, 100, 4)):
                bases[place] = {"A": "C", "C": "G", "G": "T", "T": "A"}[bases[place]]
            reads.append(replace(read, sequence="".join(bases)))
        molecules.append(replace(each, reads=tuple(reads)))
    page, _ = explained(molecules, "ETV6", "NTRK3")
    assert "a candidate was found and not called. It fails molecules 0 (limit >=2)" in page
    assert "2 molecules come near: 2: too many differences from the annotated" in page


def test_no_reads_at_all(explained):
    page, without = explained([], "ETV6", "NTRK3")
    assert "None of the" in page
    assert "shows a junction of ETV6::NTRK3, not even with four bases on a side." in page
    assert "none, in either direction" in page
    assert "WHAT THE DEPTH WOULD HAVE ALLOWED Unfused molecules over the exon starts" in page
    assert "not known without the reads. Reads by exon" in without


def test_depth(world, reference_folder, run_cli, tmp_path):
    """The unfused molecules over an exon start, counted by where they were planted."""
    gene = next(each for each in world.transcripts if each.gene == "NTRK3" and each.kinase_aa)
    text = world.sequence(gene)
    before = sum(len(exon) for exon in gene.exons[:14])  # as transcribed
    molecules = [
        text_pair(f"n{number}", text[before - 30 - number : before + 170 - number], 100)
        for number in range(12)
    ]
    lanes = with_molecules(background(world, tmp_path), tmp_path, molecules)
    quiet = run_files(background(world, tmp_path), reference_folder, tmp_path / "none")
    out = run_files(lanes, reference_folder, tmp_path / "S")
    counts = []
    plain = background(world, tmp_path)
    for folder, reads in ((quiet, list(map(str, plain))), (out, lanes)):
        words = ("explain", "--sample-dir", folder, "ETV6", "NTRK3")
        given = ("--reference", reference_folder, "--fastq1", reads[0], "--fastq2", reads[1])
        page = run_cli("--quiet", *words, *given).stdout
        counts.append(
            {
                int(exon): int(number)
                for number, exon in re.findall(r"^ +(\d+) .*NTRK3 exon (\d+) of", page, re.M)
            }
        )
    assert {exon: counts[1][exon] - counts[0][exon] for exon in counts[1]} == {
        exon: 12 * (exon == 15) for exon in counts[0]
    }


def test_seen_share():
    """By the sum of the binomial distribution."""
    assert seen_share(2, 2) == 0.975  # both, with a share whose square is 0.95
    assert seen_share(59, 1) == 0.05  # 1 - 0.95 ** 59 is 0.9515
    assert seen_share(58, 1) == 0.051
    assert seen_share(0, 2) is None


def test_spanning_pairs_alone(world, explained):
    """Mates in exons before and behind the junction, and no read over it."""
    text, cut = fused_text(world, SPEC)
    molecules = [
        text_pair(f"pair{n}", text[cut - 110 - n : cut + 110 + n], 100) for n in range(1, 4)
    ]
    page, without = explained(molecules, "ETV6", "NTRK3")
    told = "3 molecules hold exon sequence of both genes without such a read: pair1, pair2, pair3"
    assert told in page
    assert told in without
    assert "3 of them are counted for a candidate" in page
    assert "FAIL split 0, limit >=1: Reads across the junction" in page


def test_a_bam(world, reference_folder, run_cli, tmp_path):
    """The reads as the alignments of a whole sample, of which the results were made."""
    files = with_molecules(
        background(world, tmp_path), tmp_path, fragments(world, SPEC, 30, 40, 50)
    )
    reads = [f"--fastq{number}={lane}" for number, lane in enumerate(files, start=1)]
    bundle = ("--reference", reference_folder)
    kept, aligned = tmp_path / "kept.bam", tmp_path / "aligned.bam"
    census = ("--census", tmp_path / "census.json")
    assert run_cli("screen", "--sample", "S", *reads, *bundle, "--out", kept, *census).code == 0
    assert run_cli("align", "--reads", kept, *bundle, "--out", aligned).code == 0
    words = ("run", "--sample", "S", "--bam", aligned, "--out", tmp_path / "S")
    assert run_cli("--quiet", *words, *bundle).code == 0
    words = ("explain", "--sample-dir", tmp_path / "S", "ETV6", "NTRK3", "--bam", aligned)
    done = run_cli("--quiet", *words, *bundle)
    assert (done.code, done.stderr) == (0, "")
    page = " ".join(done.stdout.split())
    assert "In short: it was called" in page
    assert page.count("; counted for chr12:") == 3
    assert "screened again" in page


def test_the_other_direction(world, explained):
    page, _ = explained(fragments(world, "NTRK3:14-ETV6:6", 40, 50, 60), "ETV6", "NTRK3")
    assert "CANDIDATES (0)" in page
    assert "the other way round, not called: NTRK3::ETV6 chr15:" in page


def test_a_junction(world, explained):
    from fusioncall.plants import parse_fusion

    plant = parse_fusion(world, SPEC, Molecules())
    five, three = plant.breakpoint5, plant.breakpoint3
    page, _ = explained(fragments(world, SPEC, 30, 40, 50), five, three)
    assert f"In short: it was called, at {five}>{three} (3 split, 0 spanning)." in page


def test_a_partner_outside_the_annotation(world, explained):
    """A junction whose 5' side lies where no gene is, with one molecule."""
    plant = fused_text(world, SPEC)
    contig = next(iter(world.genome))
    spaces = world.genome[contig]
    genes = [each.place for each in world.transcripts if each.contig == contig]
    at = next(
        place
        for place in range(2000, len(spaces) - 2000, 50)
        if all(place + 1500 < each.start or each.end < place - 1500 for each in genes)
    )
    text, cut = plant
    fragment = spaces[at - 99 : at + 1] + text[cut : cut + 100]
    molecule = text_pair("outside", fragment[50:], 100)
    from fusioncall.plants import parse_fusion

    three = parse_fusion(world, SPEC, Molecules()).breakpoint3
    page, _ = explained([molecule], f"{contig}:{at + 1}:+", three)
    assert "outside: 50 and 50 bases, 0 mismatches" in page


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("ETV66", "NTRK3"), "has no gene ETV66. Names like it are ETV6"),
        (("ETV6", "NTRK9"), "has no gene NTRK9. Names like it are NTRK3, NTRK2, NTRK1"),
        (("QQQQQQQ", "NTRK3"), "has no gene QQQQQQQ. Give the symbol or junction."),
        (("ETV6", "TPM3"), "no side of ETV6::TPM3 is a target gene (NTRK1, NTRK2, NTRK3)"),
        (("ETV6", "chr15:88104:-"), "is neither a pair of genes nor a junction"),
        (("chr12:0:+", "chr15:88104:-"), "a breakpoint is 1-based"),
        (("chrQ:9:+", "chr15:88104:-"), "the reference has no contig chrQ"),
        (("chr12:25882:+", "chr15:99999999:-"), "bases only"),
    ],
)
def test_questions_without_sense(every_kind, reference_folder, run_cli, asked, told):
    done = run_cli("explain", "--sample-dir", every_kind, *asked, "--reference", reference_folder)
    assert done.code == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_reads_of_another_sample_are_refused(
    every_kind, world, reference_folder, run_cli, tmp_path
):
    first, second = background(world, tmp_path)
    words = ("explain", "--sample-dir", every_kind, "ETV6", "NTRK3")
    reads = ("--reference", reference_folder, "--fastq1", first, "--fastq2", second)
    done = run_cli("--quiet", *words, *reads)
    assert done.code == 2
    assert "are not the reads of S: another checksum than in calls.json" in done.stderr


def test_second_reads_alone(every_kind, reference_folder, run_cli):
    words = ("explain", "--sample-dir", every_kind, "ETV6", "NTRK3", "--fastq2", "x.fq")
    done = run_cli(*words, "--reference", reference_folder)
    assert done.code == 2
    assert "--fastq2 was given without --fastq1" in done.stderr


def test_single_reads(world, reference_folder, run_cli, tmp_path):
    text, cut = fused_text(world, SPEC)
    reads = [Molecule("one", (text_read(text[cut - 50 : cut + 50]),))]
    sample = sequenced(world, (), Molecules(), ReadSettings(is_paired=False))
    (path,) = write_reads(sample, tmp_path)
    (lane,) = with_molecules([path], tmp_path, reads)
    out = run_files([lane], reference_folder, tmp_path / "S")
    words = ("explain", "--sample-dir", out, "etv6", "ntrk3", "--fastq1", lane)
    done = run_cli("--quiet", *words, "--reference", reference_folder)
    assert done.code == 0
    assert "one: 50 and 50 bases, 0 mismatches; counted for" in " ".join(done.stdout.split())
