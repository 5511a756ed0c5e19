"""Real reads of a spike-in experiment, 2 x 101 (../shared/data): one NTRK fusion among seventeen.

FusionCatcher, STAR-Fusion and Arriba agree on its breakpoints.
"""

from __future__ import annotations

import subprocess

import pytest

from fusioncall.bundle import BundleInputs, build_bundle
from fusioncall.cli import main
from fusioncall.resources import resource_path
from sequencing import rows, run_files

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared_data(request):
    """The folder of real reads and sequence."""
    from conftest import CHECKOUT, lacking

    folder = CHECKOUT.parent / "shared" / "data"
    if not (folder / "spike_in" / "reads_1.fq.gz").is_file():
        lacking("../shared/data is missing")
    return folder


@pytest.fixture(scope="module")
def real_reference(shared_data, settings, tmp_path_factory):
    """A bundle of the partial GRCh38."""
    folder = tmp_path_factory.mktemp("grch38") / "reference"
    inputs = BundleInputs(
        fasta=shared_data / "grch38_partial" / "genome.fa.gz",
        gtf=shared_data / "grch38_partial" / "genes.gtf.gz",
        targets=resource_path("targets.yaml"),
        controls=resource_path("control_genes.tsv"),
        name="GRCh38_partial",
    )
    build_bundle(inputs, folder, settings, 2)
    return folder


@pytest.fixture(scope="module")
def spike_in(shared_data):
    """The two FASTQ files."""
    return [shared_data / "spike_in" / f"reads_{number}.fq.gz" for number in (1, 2)]


@pytest.fixture(scope="module")
def from_fastq(real_reference, spike_in, tmp_path_factory):
    """Results from the FASTQ files."""
    return run_files(spike_in, real_reference, tmp_path_factory.mktemp("fastq") / "S")


@pytest.fixture(scope="module")
def star_bam(shared_data, spike_in, tmp_path_factory):
    """A BAM that STAR made of the same reads, with chimeric alignments within."""
    import shutil

    from conftest import lacking

    for tool in ("STAR", "samtools"):
        if shutil.which(tool) is None:
            lacking(f"{tool} is not installed")
    folder = tmp_path_factory.mktemp("star")
    genome = folder / "genome.fa"
    data = shared_data / "grch38_partial"
    run(f"gzip -dc {data / 'genome.fa.gz'} > {genome}")
    run(f"gzip -dc {data / 'genes.gtf.gz'} > {folder / 'genes.gtf'}")
    run(
        f"STAR --runMode genomeGenerate --genomeDir {folder / 'index'} --genomeFastaFiles {genome}"
        f" --sjdbGTFfile {folder / 'genes.gtf'} --sjdbOverhang 100 --genomeSAindexNbases 10"
        f" --genomeSAsparseD 2 --runThreadN 2 --outFileNamePrefix {folder}/index_"
    )
    genome.unlink()
    run(
        f"STAR --genomeDir {folder / 'index'} --readFilesIn {spike_in[0]} {spike_in[1]}"
        f" --readFilesCommand gzip -dc --parametersFiles {resource_path('star.params')}"
        f" --runThreadN 2 --outFileNamePrefix {folder}/"
    )
    shutil.rmtree(folder / "index")
    run(f"samtools sort -o {folder}/sorted.bam {folder}/Aligned.out.bam")
    return folder / "sorted.bam"


@pytest.fixture(scope="module")
def from_star(real_reference, star_bam, tmp_path_factory):
    """Results from the BAM."""
    out = tmp_path_factory.mktemp("bam") / "S"
    words = ["--quiet", "run", "--sample", "S", "--bam", str(star_bam)]
    assert main([*words, "--reference", str(real_reference), "--out", str(out)]) == 0
    return out


def run(line: str) -> None:
    """A shell line that must succeed."""
    subprocess.run(line, shell=True, check=True, capture_output=True)


def test_the_one_fusion_and_no_other(from_fastq):
    calls = rows(from_fastq / "fusions.tsv")
    assert [(row["fusion"], row["breakpoint5"], row["breakpoint3"]) for row in calls] == [
        ("ETV6::NTRK3", "chr12:11869969:+", "chr15:87940753:-")
    ]
    (row,) = calls
    assert (row["exon5"], row["exon3"]) == ("5", "15")
    assert (row["site5"], row["site3"]) == ("splice-site", "splice-site")
    assert (row["confidence"], row["class"]) == ("high", "kinase-fusion")
    # FusionCatcher publishes 8 reads across the junction and 6 spanning pairs for these reads
    assert int(row["split_molecules"]) >= 8
    assert int(row["split_molecules"]) + int(row["spanning_molecules"]) >= 14


def test_a_star_bam_gives_the_same_row(from_fastq, from_star):
    tables = [
        [
            # the aligners have scales of their own for the mapping quality
            {name: cell for name, cell in row.items() if name != "mapq_phred"}
            for row in rows(out / "fusions.tsv")
        ]
        for out in (from_fastq, from_star)
    ]
    assert tables[0] == tables[1]
    assert len(tables[0]) == 1


def test_a_star_bam_gives_the_same_answers(from_fastq, from_star):
    answers = [
        [(row["gene"], row["status"], row["reason"]) for row in rows(out / "verdicts.tsv")]
        for out in (from_fastq, from_star)
    ]
    assert answers[0] == answers[1]
    assert [gene for gene, status, _ in answers[0] if status == "DETECTED"] == ["NTRK3"]


ETV6_E1_TO_E4 = (  # residues 1 to 154
    "MSETPAQCSIKQERISYTPPESPVPSYASSTPLHVPVPRALRMEEDSIRLPAHLRLQPIYWSRDDVAQWLKWAENEFSLRPIDSNTFEMNGKA"
    "LLLLTKEDFRYRSPHSGDVLYELLQHILKQRKPRILFSPFFHPGNSIHTQPEVILHQNHEE"
)


def test_frame_and_names_of_the_one_fusion(from_fastq):
    (row,) = rows(from_fastq / "fusions.tsv")
    assert (row["frame"], row["frames"]) == ("in-frame", "in-frame:4")
    assert row["hgvs_r"] == "NM_001987:r.?_1009::NM_001012338:r.1586_?"
    assert row["vicc"] == "NM_001987(ETV6):e.5::NM_001012338(NTRK3):e.15"
    assert (row["residues5"], row["residues3"]) == ("1-336 of 452", "530-839 of 839")
    assert (row["kinase"], row["kinase_aa"]) == ("whole", "538-823 of 839 (NM_001012338)")
    assert (row["catalogue_match"], row["recurrence"]) == ("EXACT", "recurrent")
    assert row["peptide_junction"] == "...PEEHAMPIGRIA|dVQHIKRRDIVL..."
    names = [each["transcript3"] for each in rows(from_fastq / "transcripts.tsv")]
    assert names == ["NM_001012338", "NM_001243101", "NM_002530", "NM_001320135"]


def test_sequences_of_the_one_fusion(from_fastq):
    text = (from_fastq / "fusion_transcripts.fa").read_text()
    transcript, cds = ("".join(record.splitlines()[1:]) for record in text.split(">")[1:])
    # across the junction, as FusionCatcher prints it of another sample
    assert "GAGCACGCCATGCCCATTGGGAGAATAGCAGATGTGCAGCACATTAAGAGGAGAGACATCGTGCTGAAGCGAGA" in cds
    assert cds in transcript
    peptide = "".join((from_fastq / "fusion_peptides.fa").read_text().splitlines()[1:])
    assert peptide.startswith(ETV6_E1_TO_E4)
    assert len(peptide) == 336 + 1 + 310 == len(cds) // 3 - 1
