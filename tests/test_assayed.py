"""`fusions.json`: AssayedFusion of the GA4GH/VICC gene fusion specification.

The schema in `tests/data/fusor` was exported from the published models of fusor 0.10.4. Where fusor
is installed (`.ci/run`), its models read our files themselves.
"""

from __future__ import annotations

import json
import subprocess

import jsonschema
import pytest

from builders import SmallReference, sample_results
from conftest import CHECKOUT
from fusioncall.assayed import location, refget_accession, write_assayed
from fusioncall.coords import Breakend, Side, Strand, breakpoint_text, parse_breakpoint
from fusioncall.genes import Transcript
from fusioncall.transcripts import exon_offset_bp
from sequencing import rows

SCHEMA = CHECKOUT / "tests" / "data" / "fusor" / "assayed_fusion.schema.json"
CHR1_GRCH38 = "SQ.Ya6Rs7DHhDeg7YaOSg1EoNi3U_nQ9SvO"


@pytest.fixture(scope="module")
def document(every_kind):
    return json.loads((every_kind / "fusions.json").read_text(encoding="utf-8"))


def test_models_of_fusor(document):
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    assert len(document["fusions"]) == 5
    for fusion in document["fusions"]:
        assert [error.message for error in validator.iter_errors(fusion)] == []
        known = set(schema["properties"])
        assert set(fusion) <= known


def test_the_schema_refuses_what_is_wrong(document):
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    for path, value in [
        (("structure", 0, "strand"), "+"),
        (("structure", 0, "transcript"), "NM_1"),
        (("structure", 0, "type"), "Gene"),
        (("readData", "split", "splitReads"), -1),
        (("assay", "fusionDetection"), "seen"),
        (("structure", 0, "elementGenomicEnd", "sequenceReference", "refgetAccession"), "chr1"),
    ]:
        broken = json.loads(json.dumps(document["fusions"][0]))
        inner = broken
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        assert not validator.is_valid(broken), path


def breakpoint_of(element, side):
    """The breakpoint of a segment as the tables write it."""
    place = element[f"elementGenomic{side}"]
    strand = Strand.FORWARD if element["strand"] == 1 else Strand.REVERSE
    (key,) = {"start", "end"} & set(place)
    position = place[key] - (key == "end")
    return breakpoint_text(place["sequenceReference"]["name"], position, strand)


def test_calls_come_back(document, every_kind):
    table = rows(every_kind / "fusions.tsv")
    pairs = {
        (row["breakpoint5"], row["breakpoint3"], row["inserted"]): row
        for row in rows(every_kind / "transcripts.tsv")
        if row["pair"] == "1"
    }
    assert (document["sample"], document["reference"]) == ("S", "world")
    for fusion, row in zip(document["fusions"], table, strict=True):
        five, *linker, three = fusion["structure"]
        assert breakpoint_of(five, "End") == row["breakpoint5"]
        assert breakpoint_of(three, "Start") == row["breakpoint3"]
        for element, side in ((five, "5"), (three, "3")):
            assert element["gene"]["name"] == row[f"gene{side}"]
            assert element["gene"]["primaryCoding"]["code"] == row[f"gene_id{side}"]
            assert element["transcript"] == f"ensembl:{row[f'transcript{side}']}"
        assert (str(five["exonEnd"]), str(three["exonStart"])) == (row["exon5"], row["exon3"])
        marks = {"in-frame": True, "out-of-frame": False}
        assert fusion.get("readingFramePreserved") is marks.get(row["frame"])
        assert fusion["viccNomenclature"] == row["vicc"]
        first = pairs[row["breakpoint5"], row["breakpoint3"], row["inserted"]]
        for element, side in ((five, "5"), (three, "3")):
            word = (
                "mane_select" if first[f"mane{side}"] == "yes" else "longest_compatible_remaining"
            )
            assert element["transcriptStatus"] == word
        inserted = [each["linkerSequence"]["sequence"] for each in linker]
        assert inserted == ([] if row["inserted"] == "." else [row["inserted"]])
        for element, side in ((five, "5"), (three, "3")):
            over = int(row["split_molecules"]) + int(row[f"unfused{side}_molecules"])
            assert element["coverage"]["fragmentCoverage"] == over
        reads = fusion["readData"]
        assert str(reads["split"]["splitReads"]) == row["split_molecules"]
        assert str(reads["spanning"]["spanningReads"]) == row["spanning_molecules"]
        assert five["gene"]["name"] != three["gene"]["name"]


def test_offset_of_a_breakpoint_inside_an_exon(document):
    """LMNA:11-20 was planted: 20 bases before the end of exon 11."""
    offsets = [
        (fusion["structure"][0]["exonEndOffset"], fusion["structure"][-1]["exonStartOffset"])
        for fusion in document["fusions"]
    ]
    assert offsets == [(0, 0), (0, 0), (-20, 0), (0, 0), (0, 0)]


def test_published_example_comes_back():
    """TPM3::NTRK1 as fusor ships it: places, and identifiers computed from them."""
    five = Breakend.donor(*parse_breakpoint("chr1:154170400:-"))
    three = Breakend.acceptor(*parse_breakpoint("chr1:156874571:+"))
    found = [location(CHR1_GRCH38, "chr1", end) for end in (five, three)]
    assert [each["start"] for each in found] == [154170399, 156874570]
    assert [each["id"] for each in found] == [
        "ga4gh:SL.Lnne0bSsgjzmNkKsNnXg98FeJSrDJuLb",
        "ga4gh:SL.Hw9hRbWb7AEt3h-naNmsGvV41h9G8vQt",
    ]
    first_exon = location(CHR1_GRCH38, "chr1", Breakend("chr1", 154192134, Side.LEFT))
    assert first_exon["end"] == 154192135
    assert first_exon["id"] == "ga4gh:SL.Q8vkGp7_xR9vI0PQ7g1IvUUeQ4JlJG8l"


FUSOR = """
import json, sys
from importlib.resources import files
from fusor.models import AssayedFusion
from fusor.nomenclature import generate_nomenclature
example = json.loads((files("fusor") / "examples" / "tpm3_ntrk1.json").read_text())
models = [AssayedFusion(**given) for given in [*json.load(sys.stdin)["fusions"], example]]
json.dump([
    (each.model_dump(mode="json", exclude_none=True), generate_nomenclature(each, None))
    for each in models
], sys.stdout)
"""


@pytest.mark.slow
def test_fusor_reads_and_writes_them(document, tool):
    """The published models themselves, and fusor's own name of each call."""
    done = subprocess.run(
        [tool("fusor-python"), "-c", FUSOR],
        input=json.dumps(document),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *ours, (example, _) = json.loads(done.stdout)
    assert [given for given, _ in ours] == document["fusions"]
    assert [name for _, name in ours] == [each["viccNomenclature"] for each in document["fusions"]]
    sides = zip(example["structure"], ("End", "Start"), ("154170400:-", "156874571:+"), strict=True)
    for element, side, place in sides:
        parsed = parse_breakpoint(f"chr1:{place}")
        end = (Breakend.donor if side == "End" else Breakend.acceptor)(*parsed)
        theirs = element[f"elementGenomic{side}"]
        found = location(CHR1_GRCH38, "chr1", end)
        assert {key: found[key] for key in ("id", "digest", "start")} == {
            key: theirs[key] for key in ("id", "digest", "start")
        }


def test_refget_accession_of_a_known_sequence():
    small = SmallReference({"c": "ACGT"})
    assert refget_accession("c", small) == "SQ.aKF498dAxcJAqme6QYQ7EZ07-fiw8Kw2"


@pytest.mark.parametrize("strand", Strand)
def test_offsets(strand):
    """Exons 100 to 200 and 300 to 400 in the direction of transcription, from one end or other."""
    transcript = Transcript("t", "g", "G", "chr1", strand, ((100, 200), (300, 400)))

    def place(offset):
        return offset if strand is Strand.FORWARD else 499 - offset

    def donor(offset, exon):
        return exon_offset_bp(transcript, exon, place(offset), is_donor=True)

    def acceptor(offset, exon):
        return exon_offset_bp(transcript, exon, place(offset), is_donor=False)

    assert (donor(199, 1), donor(189, 1), donor(211, 1), donor(399, 2)) == (0, -10, 12, 0)
    assert (acceptor(300, 2), acceptor(305, 2), acceptor(290, 2)) == (0, 5, -10)
    assert acceptor(100, 1) == 0


def test_no_calls(reference, settings, tmp_path):
    write_assayed(tmp_path / "f.json", sample_results([], reference, settings), reference)
    assert json.loads((tmp_path / "f.json").read_text())["fusions"] == []
