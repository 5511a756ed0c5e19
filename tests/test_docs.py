"""The documents and the code say the same: columns, keys, options, settings, modules, links."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator

import pytest
import yaml

from conftest import CHECKOUT
from fusioncall.catalogue import Match
from fusioncall.cli import COMMANDS, _parser
from fusioncall.cohort import CARRY_OVER_COLUMNS, QC_COLUMNS
from fusioncall.model import FusionClass
from fusioncall.protein import Frame
from fusioncall.resistance_table import RESISTANCE_COLUMNS
from fusioncall.sequences import PAIR_COLUMNS
from fusioncall.status import Status
from fusioncall.tables import CANDIDATE_COLUMNS, CONTEXT_COLUMNS, FUSION_COLUMNS, VERDICT_COLUMNS
from fusioncall.vcf import FORMAT_FIELDS, INFO_FIELDS
from test_architecture import ORDER

DOCUMENTS = sorted(
    [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").glob("*.md"), CHECKOUT / "config" / "README.md"]
)
OUTPUTS = CHECKOUT / "docs" / "outputs.md"
FOREIGN_OPTIONS = {
    # of Snakemake
    *("--configfile", "--cores", "--replace-workflow-config", "--resources", "--retries"),
    *("--sdm", "--lint", "--report"),
    # of pip
    "--only-binary",
    *("--sdm", "--lint", "--report", "--workflow-profile", "--jobs"),
    *("--default-resources", "--set-resources", "--group-components"),
    # of bcftools
    "--check-ref",
    # of STAR
    "--chimOutType",
}
by_name = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of any level."""
    parts = re.split(r"^#+ (.+)$", text, flags=re.MULTILINE)
    found = [body for title, body in zip(parts[1::2], parts[2::2], strict=True) if title == heading]
    assert len(found) == 1, heading
    return found[0]


def first_cells(text: str, column: str) -> list[str]:
    """The first cells, without backticks, of the first table with this column in front."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith(f"| {column} |"):
            break
    cells = []
    for line in lines:
        if not line.startswith("|"):
            break
        cells.append(line.split("|")[1].strip().strip("`"))
    return cells[1:]


def documented(heading: str, column: str) -> list[str]:
    return first_cells(section(OUTPUTS.read_text(encoding="utf-8"), heading), column)


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("fusions.tsv", FUSION_COLUMNS),
        ("candidates.tsv", CANDIDATE_COLUMNS[len(FUSION_COLUMNS) :]),
        ("verdicts.tsv", VERDICT_COLUMNS),
        ("transcripts.tsv", PAIR_COLUMNS),
        ("context.tsv", CONTEXT_COLUMNS),
        ("resistance.tsv", RESISTANCE_COLUMNS),
        ("The cohort's qc.tsv", QC_COLUMNS),
        ("The cohort's carry_over.tsv", CARRY_OVER_COLUMNS),
    ],
)
def test_columns(table, columns):
    assert documented(table, "column") == list(columns)


def test_vcf_fields():
    fields = [name for name, *_ in (*INFO_FIELDS, *FORMAT_FIELDS)]
    assert documented("fusions.vcf.gz", "field") == fields


def test_candidates_begin_with_the_columns_of_fusions():
    assert CANDIDATE_COLUMNS[: len(FUSION_COLUMNS)] == FUSION_COLUMNS


def test_classes():
    assert sorted(documented("Classes", "class")) == sorted(each.value for each in FusionClass)


def test_matches():
    assert documented("Match", "match") == [each.value for each in Match]


def test_frames():
    assert documented("Frame and peptide", "frame") == [each.value for each in Frame]


def test_status_words():
    words = sorted(each.value for each in Status)
    assert sorted(documented("verdicts.tsv", "status")) == words
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert sorted(first_cells(section(readme, "The four words"), "status")) == words


def leaves(value: object, path: str = "") -> Iterator[str]:
    """The paths of all values of a JSON document; `[]` stands for the entries of a list."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}.[]")
    else:
        yield path


@pytest.mark.parametrize("name", ["qc.json", "provenance.json", "fusions.json"])
def test_keys(every_kind, name):
    found = set(leaves(json.loads((every_kind / name).read_text(encoding="utf-8"))))
    told = [key for cell in documented(name, "key") for key in cell.replace("`", "").split(", ")]
    rules = {key: re.compile(re.escape(key).replace(r"\*", "[^.]+")) for key in told}
    covered = {path: [key for key in told if rules[key].fullmatch(path)] for path in found}
    assert {path for path, keys in covered.items() if len(keys) != 1} == set()
    assert {key for keys in covered.values() for key in keys} == set(told)


def test_result_files(every_kind):
    text = OUTPUTS.read_text(encoding="utf-8")
    told = first_cells(section(text, "The files of a sample"), "file")
    names = {name.strip(" `") for cell in told for name in cell.split(",")}
    assert names == {path.name for path in every_kind.iterdir()}


def parsers(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, set[str]]]:
    """Each command, the commands below it included, with its options."""
    yield name, set(parser._option_string_actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, inner in action.choices.items():
                yield from parsers(inner, f"{name} {word}")


@pytest.fixture(scope="module")
def options():
    """The options of each command."""
    return dict(parsers(_parser(), "fusioncall"))


@by_name
def test_commands_exist(document, options):
    for line in document.read_text(encoding="utf-8").splitlines():
        for code in [line] if line.startswith("    ") else re.findall(r"`([^`]+)`", line):
            # the first line of a table is no command
            for words in re.findall(
                r"(?<!# )\bfusioncall ([a-z]+(?:-[a-z]+)*(?: (?:build|check))?)\b", code
            ):
                assert f"fusioncall {words}" in options, line


@by_name
def test_options_exist(document, options):
    known = set().union(*options.values(), FOREIGN_OPTIONS)
    mentioned = re.findall(r"(?<![\w-])--[A-Za-z][\w-]*", document.read_text(encoding="utf-8"))
    assert set(mentioned) <= known


@by_name
def test_options_fit_their_command(document, options):
    for line in document.read_text(encoding="utf-8").splitlines():
        found = re.search(r"fusioncall ((?:reference (?:build|check))|[a-z-]+) (--.*)", line)
        if line.startswith("    ") and found and f"fusioncall {found[1]}" in options:
            given = set(re.findall(r"(?<!\S)--[a-z][\w-]*", found[2]))
            assert given <= options[f"fusioncall {found[1]}"], line


def test_readme_names_the_commands_of_a_run():
    text = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    assert [name for name in COMMANDS if f"fusioncall {name}" not in text] == []


def anchors(text: str) -> set[str]:
    """The anchors that a page's headings get."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


@by_name
def test_links(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        if "://" in target:
            continue
        path = document.parent / name if name else document
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path.read_text(encoding="utf-8")), target


@by_name
def test_make_targets_exist(document):
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    text = document.read_text(encoding="utf-8")
    mentioned = re.findall(r"(?:`|^    )make ([a-z-]+)", text, flags=re.MULTILINE)
    assert set(mentioned) <= known


def test_settings_are_explained():
    given = yaml.safe_load((CHECKOUT / "config" / "settings.yaml").read_text(encoding="utf-8"))
    text = (CHECKOUT / "docs" / "algorithm.md").read_text(encoding="utf-8")
    keys = {f"{group}.{key}" for group, values in given.items() for key in values}
    told = set(re.findall(rf"`((?:{'|'.join(given)})\.\w+)`", text))
    assert told == keys


def test_modules_are_listed_in_their_order():
    text = section((CHECKOUT / "docs" / "develop.md").read_text(encoding="utf-8"), "Modules")
    assert first_cells(text, "module") == [name for name in ORDER if name != "__init__"]
