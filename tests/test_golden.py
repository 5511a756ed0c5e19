"""The tables of one sample, to the letter. `make golden` renews the expected ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fusioncall.plants import Molecules, parse_fusion
from fusioncall.simulate import ReadSettings, SamplePlan, background_of, simulate_sample
from sequencing import run_fastq

GOLDEN = Path(__file__).parent / "golden"
TABLES = (
    *("fusions.tsv", "candidates.tsv", "verdicts.tsv"),
    *("transcripts.tsv", "fusion_transcripts.fa", "fusion_peptides.fa"),
    "resistance.tsv",
)
FUSIONS = (
    "ETV6:4-NTRK3:14",
    "ETV6:5-NTRK3:15",
    "TPM3:8-NTRK1:10",
    "LMNA:11-20-NTRK1:11",
    "SQSTM1:5-NTRK1:10:CTC",
    "NTRK3:14-ETV6:6",
    "EML4:2-NTRK3/NM_001007156:15",
    "TRIM24:12-NTRK2:18",
)


@pytest.fixture(scope="module")
def results(world, reference_folder, tmp_path_factory):
    """One sample with a fusion of each kind."""
    plants = tuple(parse_fusion(world, text, Molecules(split=5, spanning=5)) for text in FUSIONS)
    settings = ReadSettings(error_rate=0.003)
    plan = SamplePlan("S", 4, settings, plants, background_of(world, 1000))
    out = tmp_path_factory.mktemp("golden") / "S"
    return run_fastq(simulate_sample(world, plan), reference_folder, out)


@pytest.mark.parametrize("name", TABLES)
def test_table(results, name):
    made = (results / name).read_text(encoding="utf-8")
    if os.environ.get("RENEW_GOLDEN"):
        (GOLDEN / name).write_text(made, encoding="utf-8")
    assert made == (GOLDEN / name).read_text(encoding="utf-8")
