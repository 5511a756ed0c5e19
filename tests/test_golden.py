"""The tables of one sample, to the letter. `make golden` renews the expected ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
TABLES = (
    *("fusions.tsv", "candidates.tsv", "verdicts.tsv"),
    *("transcripts.tsv", "fusion_transcripts.fa", "fusion_peptides.fa"),
    "resistance.tsv",
)


@pytest.mark.parametrize("name", TABLES)
def test_table(every_kind, name):
    made = (every_kind / name).read_text(encoding="utf-8")
    if os.environ.get("RENEW_GOLDEN"):
        (GOLDEN / name).write_text(made, encoding="utf-8")
    assert made == (GOLDEN / name).read_text(encoding="utf-8")
