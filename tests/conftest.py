"""What several test modules share: the small world, its reference bundle, and the command line."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import NamedTuple, NoReturn

import hypothesis
import msgspec
import pytest

from fusioncall.bundle import BundleInputs, build_bundle
from fusioncall.cli import main
from fusioncall.plants import Molecules, parse_fusion
from fusioncall.reference import Reference
from fusioncall.resources import resource_path
from fusioncall.settings import read_settings
from fusioncall.simulate import ReadSettings, SamplePlan, background_of, simulate_sample
from fusioncall.world import build_world
from fusioncall.world_files import ContigNames, Dialect, write_annotation, write_genome
from sequencing import run_fastq

# A slow machine is no failure, and every run tries the same examples.
hypothesis.settings.register_profile("fusioncall", deadline=None, derandomize=True)
hypothesis.settings.load_profile("fusioncall")

CHECKOUT = Path(__file__).parents[1]


class Outcome(NamedTuple):
    """What a command left behind."""

    code: int
    stdout: str
    stderr: str


def lacking(what: str) -> NoReturn:
    """Skip a test for which something is missing; in continuous integration nothing may be."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and CI must not skip this test")
    pytest.skip(what)


@pytest.fixture(scope="session")
def world():
    """The small genome with its transcripts."""
    return build_world()


@pytest.fixture(scope="session")
def settings():
    """The settings that come with fusioncall."""
    return read_settings()


@pytest.fixture(scope="session")
def pinned(settings):
    """Settings whose limits stay when those of the file are tuned: for tests at a limit."""
    given = msgspec.structs.replace
    return given(
        settings,
        recount=given(
            settings.recount,
            min_anchor_bp=8,
            min_edit_advantage=3,
            max_edit_rate=0.06,
            max_fragment_bp=1000,
            max_side_edit_rate=0.04,
            free_side_edits=2,
            merge_window_bp=10,
            merge_edits=2,
            collapse_copies=True,
        ),
        filters=given(
            settings.filters,
            min_molecules=2,
            min_split_molecules=1,
            min_molecules_off_splice_site=3,
            min_anchor_bp=12,
            min_anchor_off_splice_site_bp=15,
            min_split_off_splice_site=2,
            max_homology_off_splice_site_bp=5,
            min_triplets=7,
            max_partners=10,
            min_partner_share=0.2,
            max_read_through_bp=1_000_000,
            min_mapq_phred=1,
            min_panel_samples=3,
            min_panel_share=0.02,
            panel_window_bp=5,
            max_panel_ratio=10,
        ),
        confidence=given(settings.confidence, high_min_molecules=3, high_min_split=2),
        status=given(
            settings.status,
            min_known_share=0.95,
            min_insert_pairs=20,
            limit_acceptors=6,
            limit_probability=0.95,
        ),
        assay=given(
            settings.assay,
            whole_transcriptome=given(
                settings.assay.whole_transcriptome,
                min_fragments=100_000,
                min_control_genes=1,
                min_control_depth=1,
            ),
        ),
    )


@pytest.fixture(scope="session")
def genome_files(world, tmp_path_factory):
    """FASTA and GENCODE GTF of the world."""
    folder = tmp_path_factory.mktemp("genome")
    fasta, gtf = folder / "world.fa.gz", folder / "world.gtf.gz"
    write_genome(world, fasta, ContigNames.CHR)
    write_annotation(world, gtf, Dialect.GENCODE)
    return fasta, gtf


@pytest.fixture(scope="session")
def bundle_inputs(genome_files):
    """All that the world's bundle is made of."""
    fasta, gtf = genome_files
    return BundleInputs(
        fasta=fasta,
        gtf=gtf,
        targets=resource_path("targets.yaml"),
        controls=resource_path("control_genes.tsv"),
        name="world",
    )


@pytest.fixture(scope="session")
def reference_folder(bundle_inputs, settings, tmp_path_factory):
    """The world's reference bundle; not to be changed (`changed_bundle` gives a copy)."""
    folder = tmp_path_factory.mktemp("bundle") / "reference"
    build_bundle(bundle_inputs, folder, settings, 1)
    return folder


@pytest.fixture(scope="session")
def reference(reference_folder):
    """The world's open reference bundle."""
    return Reference(reference_folder)


EVERY_KIND = (
    "ETV6:4-NTRK3:14",
    "ETV6:5-NTRK3:15",
    "TPM3:8-NTRK1:10",
    "LMNA:11-20-NTRK1:11",
    "SQSTM1:5-NTRK1:10:CTC",
    "NTRK3:14-ETV6:6",
    "EML4:2-NTRK3/NM_001007156:15",
    "TRIM24:12-NTRK2:18",
)


@pytest.fixture(scope="session")
def every_kind(world, reference_folder, tmp_path_factory):
    """The result files of one sample with a fusion of each kind; not to be changed."""
    plants = tuple(parse_fusion(world, text, Molecules(split=5, spanning=5)) for text in EVERY_KIND)
    reads = ReadSettings(error_rate=0.003)
    plan = SamplePlan("S", 4, reads, plants, background_of(world, 1000))
    out = tmp_path_factory.mktemp("every_kind") / "S"
    return run_fastq(simulate_sample(world, plan), reference_folder, out)


@pytest.fixture
def copied_bundle(reference_folder, tmp_path):
    """A copy of the world's bundle that a test may break."""
    return Path(shutil.copytree(reference_folder, tmp_path / "copied-bundle"))


@pytest.fixture
def shared():
    """A file of the data that lies beside the checkout; the test is skipped without it."""

    def find(name: str) -> Path:
        path = CHECKOUT.parent / "shared" / name
        if not path.is_file():
            lacking(f"../shared/{name} is missing")
        return path

    return find


@pytest.fixture
def tool():
    """The path of an external program; the test is skipped without it."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            lacking(f"{name} is not installed")
        return path

    return find


@pytest.fixture
def run_cli(capfd):
    """Run a command in this process; what C libraries print is seen too."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*words: object) -> Outcome:
        capfd.readouterr()
        try:
            code = main([str(word) for word in words])
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 1
        return Outcome(code, *capfd.readouterr())

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
