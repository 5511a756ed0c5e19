"""FASTQ by minimap2, FASTQ by STAR and a whole BAM of STAR give the same junctions and counts."""

from __future__ import annotations

import gzip
import shutil
import subprocess

import pytest
import yaml

from conftest import CHECKOUT, lacking
from fusioncall.plants import Molecules
from fusioncall.resources import resource_path
from fusioncall.sample_files import write_reads
from fusioncall.simulate import ReadSettings
from fusioncall.world_files import ContigNames, Dialect, write_annotation, write_genome
from sequencing import rows, run_files, sequenced
from test_workflow_run import snakemake

pytestmark = pytest.mark.slow

FUSIONS = (
    "ETV6:5-NTRK3:15",
    "ETV6:4-NTRK3:14",
    "TPM3:8-NTRK1:10",
    "LMNA:11-20-NTRK1:11",
    "QKI:6-NTRK2:16",
    "SQSTM1:5-NTRK1:10:CTC",
    "NTRK3:14-ETV6:6",
)
BY_ALIGNER = {"mapq_phred", "filter_mapq_phred"}
LIBRARIES = {
    "short": ReadSettings(read_length_bp=50, fragment_mean_bp=180, error_rate=0.005),
    "usual": ReadSettings(read_length_bp=101, fragment_mean_bp=250, error_rate=0.005),
    "single": ReadSettings(read_length_bp=75, is_paired=False, error_rate=0.001),
}


def run(words: str, **options) -> None:
    done = subprocess.run(words.split(), capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def star_index(world, tmp_path_factory):
    """STAR's index of the small world."""
    for tool in ("STAR", "samtools"):
        if shutil.which(tool) is None:
            lacking(f"{tool} is not installed")
    folder = tmp_path_factory.mktemp("star")
    write_genome(world, folder / "genome.fa.gz", ContigNames.CHR)
    write_annotation(world, folder / "genes.gtf.gz", Dialect.GENCODE)
    for name in ("genome.fa", "genes.gtf"):
        (folder / name).write_bytes(gzip.decompress((folder / f"{name}.gz").read_bytes()))
    run(
        "STAR --runMode genomeGenerate --genomeDir index --genomeFastaFiles genome.fa"
        " --sjdbGTFfile genes.gtf --sjdbOverhang 100 --genomeSAindexNbases 8",
        cwd=folder,
    )
    return folder / "index"


@pytest.fixture(scope="module")
def routes(world, reference_folder, star_index, tmp_path_factory):
    """The result folders of each library by each route."""
    folder = tmp_path_factory.mktemp("routes")
    lines, found = [], {}
    for name, library in LIBRARIES.items():
        asked = Molecules(split=4, spanning=2 if library.is_paired else 0)
        sample = sequenced(world, FUSIONS, asked, library)
        reads = folder / name
        reads.mkdir()
        files = write_reads(sample, reads)
        given = " ".join(map(str, files))
        run(
            f"STAR --genomeDir {star_index} --readFilesIn {given} --readFilesCommand gzip -dc"
            f" --parametersFiles {resource_path('star.params')} --outFileNamePrefix {reads}/"
        )
        pair = "\t".join([*map(str, files), *[""] * (2 - len(files))])
        # each in a run of its own, for the same reads are in several
        lines += [f"{name}_star\t{pair}\t\t{name}_star"]
        lines += [f"{name}_bam\t\t\t{reads}/Aligned.out.bam\t{name}_bam"]
        found[name] = {
            "minimap2": run_files(files, reference_folder, folder / f"{name}_minimap2"),
            "STAR": folder / "results" / f"{name}_star",
            "BAM": folder / "results" / f"{name}_bam",
        }
    config = {
        "samples": "samples.tsv",
        "outdir": "results",
        "star_index": str(star_index),
        "reference": {"bundle": str(reference_folder)},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    sheet = "\n".join(["sample\tfastq1\tfastq2\tbam\trun", *lines, ""])
    (folder / "samples.tsv").write_text(sheet, encoding="utf-8")
    done = snakemake(folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return found


def counts(out):
    """Every candidate with molecules, but for what is the aligner's own."""
    return [
        {key: value for key, value in row.items() if key not in BY_ALIGNER | {"sample"}}
        for row in rows(out / "candidates.tsv")
        if row["split_molecules"] != "0" or row["spanning_molecules"] != "0"
    ]


@pytest.mark.parametrize("route", ["STAR", "BAM"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_every_route_gives_the_same_junctions_and_counts(routes, library, route):
    expected = counts(routes[library]["minimap2"])
    assert len(expected) >= len(FUSIONS)
    assert counts(routes[library][route]) == expected


def test_the_workflow_is_that_of_this_checkout():
    assert (CHECKOUT / "resources" / "star.params").samefile(resource_path("star.params"))
