"""Modules import only from those above them in this list (docs/develop.md shows it too)."""

from __future__ import annotations

import ast
import re

from conftest import CHECKOUT

PACKAGE = CHECKOUT / "src" / "fusioncall"
WORDS = "__init__ errors coords genes sequence codons resources files settings schema"
REFERENCE = "gtf targets kernels kmers donors masked reference bundle download"
FLOW = (
    "model seeds bam bam_blocks fastq scan lanes progress picked trusted failures kept"
    " screen screening align flanks junctions adapters evidence annotated clips placing recount"
    " pairs unfused depth fusions filters carry_over transcripts protein retained nomenclature"
    " isoforms meaning catalogue exports facts resistance panel imbalance context annotate adequacy"
    " detection_limit status rejudge tables sequences resistance_table"
)
TELLING = (
    "provenance results vcf peers assayed multiqc pileup drawing page report writing difference"
    " difference_page question look explain testcase"
)
DOORS = (
    "pipeline steps afterwards sheet parquet cohort cohort_page world plants simulate world_files"
    " sample_files evaluate library spike control"
)
ORDER = f"{WORDS} {REFERENCE} {FLOW} {TELLING} {DOORS}".split(" ")


def imported(module: str) -> set[str]:
    tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fusioncall"):
            module_name = (node.module or "").partition(".")[2]
            names |= {module_name} if module_name else {alias.name for alias in node.names}
    return {name for name in names if name in ORDER}


def test_every_module_is_listed():
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__main__"}
    assert modules == set(ORDER)


def test_imports_only_go_up():
    wrong = [
        f"{module} imports {name}"
        for place, module in enumerate(ORDER)
        for name in imported(module)
        if ORDER.index(name) >= place
    ]
    assert wrong == []


def test_the_library_does_not_know_the_command_line():
    for module in ORDER:
        text = (PACKAGE / f"{module}.py").read_text(encoding="utf-8")
        assert not re.search(r"fusioncall\.cli\b", text) or module == "__init__", module
