"""Calls against truth, on tables written by hand."""

from __future__ import annotations

import argparse
from math import isclose

import pytest

from fusioncall.cli import evaluate as command
from fusioncall.errors import InputError
from fusioncall.evaluate import Event, Outcome, Proportion, evaluate, read_events, table_rows

TRUTH_HEADER = (
    "sample fusion gene5 gene3 breakpoint5 breakpoint3 class inserted split_molecules "
    "spanning_molecules read_length_bp error_rate"
)
CALLS_HEADER = (
    "sample fusion gene5 gene3 breakpoint5 breakpoint3 split_molecules spanning_molecules "
    "confidence class"
)
TRUTH = """
s1 ETV6::NTRK3 ETV6 NTRK3 chr12:100:+ chr15:900:- kinase-fusion . 10 5 100 0.0
s1 ETV6::NTRK3 ETV6 NTRK3 chr12:60:+ chr15:990:- kinase-fusion . 8 4 100 0.0
s1 NTRK3::ETV6 NTRK3 ETV6 chr15:950:- chr12:110:+ reciprocal . 10 5 100 0.0
s1 TPM3::NTRK1 TPM3 NTRK1 chr1:50:- chr1:80:+ kinase-fusion ACG 6 3 100 0.0
s2 LMNA::NTRK1 LMNA NTRK1 chr1:70:+ chr1:85:+ kinase-fusion . 2 1 100 0.0
"""
CALLS = """
s1 ETV6::NTRK3 ETV6 NTRK3 chr12:100:+ chr15:900:- 9 5 high kinase-fusion
s1 ETV6::NTRK3 ETV6 NTRK3 chr12:63:+ chr15:983:- 8 4 high kinase-fusion
s1 NTRK3::ETV6 NTRK3 ETV6 chr15:950:- chr12:110:+ 10 5 high reciprocal
s1 LMNA::NTRK1 LMNA NTRK1 chr1:70:+ chr1:85:+ 2 1 low kinase-fusion
s3 QKI::NTRK2 QKI NTRK2 chr6:9:+ chr9:9:+ 3 0 low kinase-fusion
"""


def table(header, body):
    lines = [header, *body.strip().splitlines()]
    return "\n".join("\t".join(line.split(" ")) for line in lines) + "\n"


@pytest.fixture
def truth_path(tmp_path):
    path = tmp_path / "truth.tsv"
    path.write_text(table(TRUTH_HEADER, TRUTH))
    return path


@pytest.fixture
def calls_path(tmp_path):
    path = tmp_path / "fusions.tsv"
    path.write_text("# fusioncall 0.1\n# a comment\n" + table(CALLS_HEADER, CALLS))
    return path


def event(breakpoint5="chr12:100:+", breakpoint3="chr15:900:-", sample="s", **values):
    genes = {"gene5": "ETV6", "gene3": "NTRK3", "fusion_class": "kinase-fusion", **values}
    return Event(
        sample=sample,
        fusion=f"{genes['gene5']}::{genes['gene3']}",
        breakpoint5=breakpoint5,
        breakpoint3=breakpoint3,
        split_molecules=1,
        spanning_molecules=0,
        **genes,
    )


def test_each_expected_fusion_and_each_call_gets_its_outcome(truth_path, calls_path):
    found = evaluate(read_events(truth_path), read_events(calls_path))
    rows = [row[:9] for row in table_rows(found)]
    etv6 = ("s1", "ETV6::NTRK3")
    assert rows == [
        (*etv6, "exact", *["chr12:100:+", "chr15:900:-"] * 2, "0", "0"),
        (
            *etv6,
            "other-breakpoint",
            *("chr12:60:+", "chr15:990:-", "chr12:63:+", "chr15:983:-"),
            *("3", "7"),
        ),
        ("s1", "TPM3::NTRK1", "missed", "chr1:50:-", "chr1:80:+", ".", ".", ".", "."),
        ("s2", "LMNA::NTRK1", "missed", "chr1:70:+", "chr1:85:+", ".", ".", ".", "."),
        ("s1", "LMNA::NTRK1", "false", ".", ".", "chr1:70:+", "chr1:85:+", ".", "."),
        ("s1", "NTRK3::ETV6", "false", ".", ".", "chr15:950:-", "chr12:110:+", ".", "."),
        ("s3", "QKI::NTRK2", "false", ".", ".", "chr6:9:+", "chr9:9:+", ".", "."),
    ]
    assert next(table_rows(found))[9:] == ("10", "5", "9", "5")
    assert (found.recall, found.exact_recall) == (Proportion(2, 4), Proportion(1, 4))
    assert found.precision == Proportion(2, 5)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (0, 10, 0.0, 0.2775327998628892),
        (10, 10, 0.7224672001371107, 1.0),
        (5, 10, 0.236593090512564, 0.7634069094874361),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson_interval(part, whole, low, high):
    found = Proportion(part, whole).interval
    tolerance = 5e-5 if whole == 263 else 1e-9
    assert isclose(found[0], low, abs_tol=tolerance)
    assert isclose(found[1], high, abs_tol=tolerance)


def test_exact_match_comes_before_a_near_one():
    near, exact = event("chr12:101:+"), event()
    found = evaluate([event()], [near, exact])
    assert [one.outcome for one in found.comparisons] == [Outcome.EXACT, Outcome.FALSE]
    assert found.comparisons[0].call == exact
    assert found.comparisons[1].call == near


def test_second_call_of_the_same_breakpoints_is_false():
    found = evaluate([event()], [event(), event()])
    assert found.precision == Proportion(1, 2)


@pytest.mark.parametrize(
    "call",
    [
        event(sample="t"),
        event("chr12:100:-"),
        event("chr13:100:+"),
        event(gene5="ETV7"),
        event("chr15:900:-", "chr12:100:+", gene5="NTRK3", gene3="ETV6"),
    ],
)
def test_other_sample_strand_contig_gene_or_order_is_no_match(call):
    found = evaluate([event()], [call])
    assert [one.outcome for one in found.comparisons] == [Outcome.MISSED, Outcome.FALSE]


def test_contigs_compare_without_chr():
    found = evaluate([event()], [event("12:100:+", "15:900:-")])
    assert found.recall == found.exact_recall == Proportion(1, 1)


@pytest.mark.parametrize("fusion_class", ["reciprocal", "truncated-isoform", "partial-kinase"])
def test_other_classes_are_not_expected(fusion_class):
    planted = event(fusion_class=fusion_class)
    assert evaluate([planted], []).recall == Proportion(0, 0)
    assert evaluate([planted], [event()]).precision == Proportion(0, 1)


def test_order_of_rows_changes_nothing(truth_path, calls_path):
    truth, calls = read_events(truth_path), read_events(calls_path)
    assert evaluate(truth[::-1], calls[::-1]) == evaluate(truth, calls)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sample\tfusion\n", r"lacks the columns gene5, .*class"),
        ("", "lacks the columns sample"),
        (
            "#x\n" + table(CALLS_HEADER, "s1 A::B A B chr1:5 chr2:5:+ 1 1 low kinase-fusion"),
            r"line 3: the row cannot be understood: expected contig:position:strand",
        ),
        (
            table(CALLS_HEADER, "s1 A::B A B chr1:5:+ chr2:5:+ x 1 low kinase-fusion"),
            r"line 2: the row cannot be understood: invalid literal",
        ),
        (table(CALLS_HEADER, "s1 A::B A B chr1:5:+"), "line 2: the row cannot be understood"),
    ],
)
def test_unusable_table_is_an_error_with_its_place(tmp_path, text, message):
    path = tmp_path / "calls.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_events(path)


def test_absent_table_is_an_error(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_events(tmp_path / "no.tsv")


def run(*words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    command.main(parser.parse_args([str(word) for word in words]))


def test_command_prints_and_writes(truth_path, calls_path, tmp_path, capsys):
    more = tmp_path / "more.tsv"
    more.write_text(
        table(CALLS_HEADER, "s2 LMNA::NTRK1 LMNA NTRK1 chr1:70:+ chr1:85:+ 2 1 low kinase-fusion")
    )
    out = tmp_path / "table.tsv"
    run("--truth", truth_path, "--fusions", calls_path, more, "--out", out)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split()[:3] == ["sample", "fusion", "outcome"]
    assert printed[-3:] == [
        "recall                     3/4 = 0.750 (95 % interval 0.301 to 0.954)",
        "recall, exact breakpoints  2/4 = 0.500 (95 % interval 0.150 to 0.850)",
        "precision                  3/6 = 0.500 (95 % interval 0.188 to 0.812)",
    ]
    lines = out.read_text().splitlines()
    assert len(lines) == 1 + 4 + 3
    assert {len(line.split("\t")) for line in lines} == {13}
    assert "s2\tLMNA::NTRK1\texact\t" in out.read_text()
