"""The catalogue of known partners."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest
import yaml

from builders import candidate, fusion_of, support
from fusioncall.annotate import annotate
from fusioncall.catalogue import COLUMNS, Catalogue, Knowledge, KnownPair, read_catalogue
from fusioncall.errors import SettingsError
from fusioncall.filters import judge
from fusioncall.fusions import with_events
from fusioncall.resources import resource_path

HEADER = "\t".join(COLUMNS)
ETV6 = KnownPair("ETV6", "NTRK3", "infantile fibrosarcoma", "PMID:1", "article")


def written(tmp_path, *lines):
    path = tmp_path / "partners.tsv"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def message_of(path):
    with pytest.raises(SettingsError) as caught:
        read_catalogue(path)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_rows_are_read_in_their_order(tmp_path):
    path = written(
        tmp_path,
        "# a comment",
        HEADER,
        "ETV6\tNTRK3\tinfantile fibrosarcoma\tPMID:1\tarticle",
        "",
        "TPM3\tNTRK1\t\tlist\tMitelman",
    )
    tpm3 = KnownPair("TPM3", "NTRK1", "", "list", "Mitelman")
    assert read_catalogue(path) == Catalogue((ETV6, tpm3))


def test_columns_may_come_in_another_order_with_others(tmp_path):
    path = written(
        tmp_path,
        "note\tsource\treferences\ttumour_types\ttarget\tpartner",
        "x\tarticle\tPMID:1\tinfantile fibrosarcoma\tNTRK3\tETV6",
    )
    assert read_catalogue(path).pairs == (ETV6,)


@pytest.mark.parametrize(
    ("partner", "target", "expected"),
    [
        ("ETV6", "NTRK3", (Knowledge.PAIR, ETV6)),
        ("ETV6", "NTRK1", (Knowledge.PARTNER, None)),
        ("NTRK3", "ETV6", (Knowledge.TARGET, None)),
        ("XYZ", "NTRK3", (Knowledge.TARGET, None)),
        ("etv6", "NTRK3", (Knowledge.TARGET, None)),
    ],
)
def test_what_is_known_of_a_pair(partner, target, expected):
    assert Catalogue((ETV6,)).find(partner, target) == expected


KNOWN = Catalogue(
    (
        replace(ETV6, junctions=(("12:25882:+", "15:88104:-"), ("12:24323:+", "15:93531:-"))),
        KnownPair("TPM3", "NTRK1", "", "", "", junctions=(("1:12355:-", "1:92510:+"),)),
        KnownPair("LMNA", "NTRK1", "", "", ""),
    )
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ETV6:5-NTRK3:15", "EXACT"),
        ("ETV6:4-NTRK3:14", "EXACT"),
        ("ETV6:5-NTRK3:15:ACG", "EXACT"),
        ("ETV6:5-NTRK3:14", "SHARED_GENES_FIVE_PRIME_EXACT"),
        ("ETV6:5-NTRK3:13", "SHARED_GENES_FIVE_PRIME_EXACT"),
        ("ETV6:6-NTRK3:15", "SHARED_GENES_THREE_PRIME_EXACT"),
        ("ETV6:6-NTRK3:13", "SHARED_GENES"),
        ("LMNA:2-NTRK1:13", "SHARED_GENES"),
        ("ETV6:5-NTRK1:13", "FIVE_PRIME_EXACT"),
        ("BTBD1:4-NTRK3:14", "THREE_PRIME_EXACT"),
        ("LMNA:2-NTRK3:14", "THREE_PRIME_EXACT"),
        ("ETV6:6-NTRK1:13", "FIVE_PRIME_GENE"),
        ("BTBD1:4-NTRK3:13", "THREE_PRIME_GENE"),
        ("NTRK3:14-ETV6:6", None),
        ("BTBD1:4-NTRK2:16", None),
    ],
)
def test_match(world, reference, settings, text, expected):
    fusion = fusion_of(candidate(world, text), support(), reference, settings.filters)
    found = KNOWN.match(fusion)
    assert (found and found.value) == expected


def test_junction_that_is_none_is_refused(tmp_path):
    header = f"{HEADER}\tjunctions"
    path = written(tmp_path, header, "ETV6\tNTRK3\ta\tb\tc\tchr12:5:+")
    assert message_of(path) == (
        f"{path}: the row of ETV6::NTRK3 has no junction: expected contig:position:strand, "
        "for example chr12:11869969:+, got ''. Write it like chr12:11869969:+>chr15:87940753:-."
    )


@pytest.mark.parametrize("column", COLUMNS)
def test_missing_column_is_named(tmp_path, column):
    names = [name for name in COLUMNS if name != column]
    path = written(tmp_path, "\t".join(names), "\t".join("abcd"))
    assert message_of(path) == (
        f"{path}: lacks the column {column}. "
        "Its columns are partner, target, tumour_types, references, source."
    )


def test_empty_file_is_refused(tmp_path):
    path = written(tmp_path)
    assert message_of(path).startswith(f"{path}: lacks the column partner.")


def test_pair_that_stands_twice_is_named(tmp_path):
    path = written(tmp_path, HEADER, "ETV6\tNTRK3\ta\tb\tc", "ETV6\tNTRK3\tx\ty\tz")
    assert message_of(path) == f"{path}: lists ETV6::NTRK3 twice. Join the two rows."


def test_row_that_is_too_short_is_refused(tmp_path):
    path = written(tmp_path, HEADER, "ETV6")
    assert "ETV6" in message_of(path)


def test_missing_file_and_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "partners.tsv"
    assert message_of(path).startswith(f"{path}: cannot be read: ")
    path.write_bytes(b"\xff\xfe\x00")
    assert message_of(path).startswith(f"{path}: is not UTF-8 text: ")


def test_the_catalogue_that_comes_with_fusioncall_is_sound():
    path = resource_path("known_partners.tsv")
    pairs = read_catalogue(path).pairs
    with path.open(newline="") as stream:
        rows = list(csv.DictReader((x for x in stream if x[0] != "#"), delimiter="\t"))
    assert [(each.partner, each.target) for each in pairs] == [
        (row["partner"], row["target"]) for row in rows
    ]
    targets = yaml.safe_load(resource_path("targets.yaml").read_text())["targets"]
    assert {each.target for each in pairs} <= {each["gene"] for each in targets}
    assert {each.source for each in pairs} == {"article", "Mitelman"}
    assert all(each.partner and each.references for each in pairs)
    assert {each.recurrence for each in pairs} == {"recurrent", "reported", "listed"}
    junctions = [junction for each in pairs for junction in each.junctions]
    assert (len(junctions), sum(bool(each.junctions) for each in pairs)) == (25, 18)
    known = {(each.partner, each.target) for each in pairs}
    assert {("ETV6", "NTRK3"), ("TPM3", "NTRK1"), ("LMNA", "NTRK1"), ("QKI", "NTRK2")} <= known


# the order of the tables


def test_calls_are_annotated_and_ordered(world, reference, settings):
    texts = {
        "ETV6:5-NTRK3:16": (50, 50),  # rejected
        "TPM3:8-NTRK1:10": (2, 1),
        "ETV6:5-NTRK3:15": (5, 3),
        "ETV6:4-NTRK3:14": (5, 3),
        "BTBD1:4-NTRK3:14": (5, 3),
        "NTRK3:14-ETV6:6": (60, 60),  # rejected
    }
    fusions = [
        fusion_of(candidate(world, text), support(*counts), reference, settings.filters)
        for text, counts in texts.items()
    ]
    calls = [judge(fusion, settings) for fusion in with_events(fusions)]
    for given in (calls, calls[::-1]):
        found = annotate(given, Catalogue((ETV6,)), reference)
        assert [
            (each.call.fusion.name, each.call.fusion.three.exon, each.knowledge) for each in found
        ] == [
            ("BTBD1::NTRK3", 14, Knowledge.TARGET),
            ("ETV6::NTRK3", 14, Knowledge.PAIR),
            ("ETV6::NTRK3", 15, Knowledge.PAIR),
            ("TPM3::NTRK1", 10, Knowledge.TARGET),
            ("NTRK3::ETV6", 6, Knowledge.TARGET),
            ("ETV6::NTRK3", 16, Knowledge.PAIR),
        ]
