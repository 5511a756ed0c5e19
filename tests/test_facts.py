"""Facts on tumour types and treatments: the tables that come, and how they are found."""

from __future__ import annotations

import re

import pytest

from fusioncall.errors import SettingsError
from fusioncall.facts import Fact, therapy_facts, tumour_facts
from fusioncall.resources import resource_path

PREVALENCE = resource_path("prevalence.tsv")
THERAPIES = resource_path("therapies.tsv")


def about(tumour_type):
    return [fact.about for fact in tumour_facts(PREVALENCE, tumour_type)]


@pytest.mark.parametrize(
    ("tumour_type", "expected"),
    [
        ("Infantile fibrosarcoma", {"infantile fibrosarcoma", "soft tissue sarcoma"}),
        ("papillary thyroid carcinoma", {"papillary thyroid carcinoma", "thyroid carcinoma"}),
        ("SECRETORY BREAST CARCINOMA", {"secretory carcinoma of the breast", "breast cancer"}),
        ("adenocarcinoma of the colon", {"colorectal cancer"}),
        ("NSCLC", {"non-small cell lung cancer"}),
        ("unheard-of tumour", set()),
        ("", set()),
    ],
)
def test_facts_on_a_tumour_type_come_before_those_on_all(tumour_type, expected):
    found = about(tumour_type)
    special = [name for name in found if name != "all solid tumours"]
    assert set(special) == expected
    assert found[: len(special)] == special
    assert len(found) - len(special) == 9


def test_sources_that_disagree_both_stand():
    facts = list(tumour_facts(PREVALENCE, "congenital mesoblastic nephroma"))
    told = [(fact.statement.partition(" %")[0], fact.source) for fact in facts[:2]]
    assert [share for share, _ in told] == [">83", "21.52"]
    assert len({source for _, source in told}) == 2


def test_every_fact_has_a_source():
    everything = [*tumour_facts(PREVALENCE, "x"), *therapy_facts(THERAPIES)]
    assert all(fact.source and fact.statement and fact.about for fact in everything)
    for path in (PREVALENCE, THERAPIES):
        assert path.read_text(encoding="utf-8").startswith("#")


def test_treatments_are_dated_and_the_replaced_appraisal_is_told():
    facts = list(therapy_facts(THERAPIES))
    assert all(re.fullmatch(r"20\d\d-\d\d", fact.as_of) for fact in facts)
    (entrectinib,) = (fact for fact in facts if fact.about == "entrectinib, England")
    assert "TA1118" in entrectinib.statement


def test_a_table_without_a_column_is_refused(tmp_path):
    path = tmp_path / "facts.tsv"
    path.write_text("tumour_type\twords\n")
    with pytest.raises(SettingsError, match="lacks the column percent"):
        list(tumour_facts(path, "x"))


def test_a_row_as_it_stands(tmp_path):
    path = tmp_path / "facts.tsv"
    path.write_text(
        "tumour_type\twords\tpercent\tpopulation\tsource\nglioma\tglio; astro\t1.4\t\tPMID 1\n"
    )
    fact = Fact("prevalence", "glioma", "1.4 % of tumours have an NTRK fusion", "", "PMID 1", "")
    assert list(tumour_facts(path, "Astrocytoma")) == [fact]
    assert list(tumour_facts(path, "sarcoma")) == []


@pytest.mark.parametrize("fused", [True, False])
def test_context_of_a_sample(world, reference_folder, run_cli, tmp_path, fused):
    from sequencing import rows

    reads, out = tmp_path / "reads", tmp_path / "S"
    fusion = ["--fusion", "ETV6:5-NTRK3:15" if fused else "none"]
    words = ["simulate", "--out", reads, "--sample", "S", "--background", "100", *fusion]
    assert run_cli(*words).code == 0
    files = ["--fastq1", reads / "S_1.fq.gz", "--fastq2", reads / "S_2.fq.gz"]
    words = ["--reference", reference_folder, "--out", out, "--tumour-type", "glioblastoma"]
    assert run_cli("run", "--sample", "S", *files, *words).code == 0
    topics = [row["topic"] for row in rows(out / "context.tsv")]
    assert topics[:11] == ["prevalence"] * 11
    assert ("approval" in topics) is fused
    assert '"tumour_type": "glioblastoma"' in (out / "provenance.json").read_text()
