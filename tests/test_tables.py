"""Tables with the version of their form: written and read back."""

from __future__ import annotations

import csv
import itertools

import pandas as pd
import pytest

from conftest import CHECKOUT
from fusioncall.errors import InputError
from fusioncall.resistance_table import RESISTANCE_COLUMNS
from fusioncall.sequences import PAIR_COLUMNS
from fusioncall.tables import (
    CANDIDATE_COLUMNS,
    CONTEXT_COLUMNS,
    FUSION_COLUMNS,
    VERDICT_COLUMNS,
    read_rows,
    write_table,
)
from sequencing import rows

TABLES = {
    "fusions.tsv": FUSION_COLUMNS,
    "candidates.tsv": CANDIDATE_COLUMNS,
    "verdicts.tsv": VERDICT_COLUMNS,
    "transcripts.tsv": PAIR_COLUMNS,
    "context.tsv": CONTEXT_COLUMNS,
    "resistance.tsv": RESISTANCE_COLUMNS,
}


@pytest.mark.parametrize(("name", "columns"), TABLES.items())
def test_every_table_tells_its_form(every_kind, name, columns):
    path = every_kind / name
    first, second, *rest = path.read_text(encoding="utf-8").splitlines()
    assert first == f"# fusioncall {name} schema 1"
    assert tuple(second.split("\t")) == columns
    assert not any(line.startswith("#") for line in rest)
    assert list(read_rows(path, columns)) == rows(path)


@pytest.mark.parametrize("name", ["arriba.tsv", "star-fusion.tsv"])
def test_forms_of_other_callers_have_no_comment(every_kind, name):
    first, *rest = (every_kind / name).read_text(encoding="utf-8").splitlines()
    assert "\t" in first
    assert not any(line.startswith("#") for line in rest)


def test_the_ways_that_the_documents_tell(every_kind):
    """`skiprows=1` of pandas, and a reader that leaves out one line."""
    path = every_kind / "candidates.tsv"
    frame = pd.read_csv(path, sep="\t", skiprows=1, dtype=str, keep_default_na=False)
    assert frame.to_dict("records") == rows(path)
    with path.open(newline="", encoding="utf-8") as stream:
        lines = itertools.islice(stream, 1, None)
        assert list(csv.DictReader(lines, delimiter="\t")) == rows(path)
    told = " ".join((CHECKOUT / "docs" / "outputs.md").read_text(encoding="utf-8").split())
    assert 'pandas.read_csv(path, sep="\\t", skiprows=1)' in told


def test_a_cell_may_hold_anything_but_blanks(tmp_path):
    path = tmp_path / "t.tsv"
    write_table(path, ("a", "b"), [("# x", "1\t 2\n"), ("GRCh38#0#chr1", ".")])
    assert read_rows(path, ("a", "b")) == (
        {"a": "# x", "b": "1 2"},
        {"a": "GRCh38#0#chr1", "b": "."},
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\tb\n1\t2\n",
        "# fusioncall t.tsv schema 2\na\tb\n1\t2\n",
        "# fusioncall u.tsv schema 1\na\tb\n1\t2\n",
        "# fusioncall t.tsv schema 1\na\tc\n1\t2\n",
        "# fusioncall t.tsv schema 1\na\tb\n1\n",
    ],
)
def test_another_form_is_refused(tmp_path, text):
    path = tmp_path / "t.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"is no t\.tsv of this version"):
        read_rows(path, ("a", "b"))


def test_a_missing_table_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_rows(tmp_path / "t.tsv", ("a",))
