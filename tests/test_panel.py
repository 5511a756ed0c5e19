"""The panel of normals: built from results, read again, and what it does to candidates."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from builders import candidate, fusion_of, support
from fusioncall.catalogue import Catalogue, KnownPair
from fusioncall.errors import FusioncallError
from fusioncall.files import sha256
from fusioncall.filters import judge
from fusioncall.model import PanelHit
from fusioncall.panel import build_panel, read_panel_of_normals, with_normals, write_panel
from fusioncall.plants import Molecules
from fusioncall.reference import MANIFEST
from sequencing import rows, run_fastq, sequenced

ARTEFACT, KNOWN, LOST = "OAZ1:2-NTRK3:15", "ETV6:5-NTRK3:15", "TPM3:8-NTRK1:10"
COLUMNS = (
    *("sample", "breakpoint5", "breakpoint3", "gene5", "gene3"),
    *("split_molecules", "spanning_molecules", "ffpm"),
)
ONE = ("chr12:100:+", "chr15:900:-", "OAZ1", "NTRK3", "1", "0", "2.500")


@pytest.fixture
def results(tmp_path):
    """A folder of results with some candidates."""

    def make(name, *candidates, reference=("world", "abc"), sample=None):
        folder = tmp_path / name
        folder.mkdir()
        sample = sample or name
        table = [COLUMNS, *((sample, *each) for each in candidates)]
        text = "".join("\t".join(row) + "\n" for row in table)
        (folder / "candidates.tsv").write_text(text)
        told = dict(zip(("name", "manifest_sha256"), reference, strict=True))
        document = {"sample": sample, "fusioncall": "0", "reference": told, "more": 1}
        (folder / "provenance.json").write_text(json.dumps(document))
        return folder

    return make


def reason_of(run):
    with pytest.raises(FusioncallError) as caught:
        run()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# build, write, read


def test_panel_says_in_which_samples_a_junction_is(results, tmp_path):
    other = ("chr2:5:-", "chr15:900:-", "A", "NTRK3", "0", "2", ".")
    nothing = ("chr3:5:-", "chr15:900:-", "B", "NTRK3", "0", "0", "0.000")
    stronger = (*ONE[:6], "7.250")
    folders = [results("N2", ONE, other, nothing), results("N1", stronger), results("N3")]
    write_panel(tmp_path / "pon.tsv", build_panel(folders))
    lines = (tmp_path / "pon.tsv").read_text().splitlines()
    mark, _, head = lines[0].partition("\t")
    assert mark == "#panel of normals"
    assert json.loads(head) == {
        "schema": 1,
        "fusioncall": json.loads(head)["fusioncall"],
        "reference": "world",
        "reference_sha256": "abc",
        "samples": [
            {"sample": name, "candidates_sha256": sha256(tmp_path / name / "candidates.tsv")}
            for name in ("N1", "N2", "N3")
        ],
    }
    assert lines[1:] == [
        "breakpoint5\tbreakpoint3\tgene5\tgene3\tsamples\tmax_ffpm",
        "chr12:100:+\tchr15:900:-\tOAZ1\tNTRK3\t1,2\t7.250",
        "chr2:5:-\tchr15:900:-\tA\tNTRK3\t2\t.",
    ]


def test_panel_does_not_depend_on_the_order_of_the_samples(results, tmp_path):
    folders = [results("N2", ONE), results("N1", ONE), results("N3")]
    for name, given in (("a", folders), ("b", folders[::-1])):
        write_panel(tmp_path / name, build_panel(given))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_panel_is_read_as_it_was_written(results, tmp_path):
    made = build_panel([results("N1", ONE), results("N2")])
    write_panel(tmp_path / "pon.tsv", made)
    read = read_panel_of_normals(tmp_path / "pon.tsv", "abc")
    assert (read.head, read.junctions) == (made.head, made.junctions)


def test_what_cannot_be_built_is_refused(results, tmp_path):
    one, two = results("N1", ONE), results("N2", reference=("world", "other"))
    assert reason_of(lambda: build_panel([one, two])) == (
        f"{two}: was made with another reference bundle than {one}."
        " Take samples of one bundle into a panel."
    )
    again = results("again", sample="N1")
    assert reason_of(lambda: build_panel([one, again])) == (
        f"{again}: is of the sample N1, as {one} is. Give each sample once, under its own name."
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    assert reason_of(lambda: build_panel([empty])) == (
        f"{empty}/provenance.json: cannot be read: No such file or directory."
        " Name folders of finished samples."
    )
    (one / "provenance.json").write_text("{}")
    assert "is no provenance.json: " in reason_of(lambda: build_panel([one]))
    (two / "candidates.tsv").write_text("sample\tbreakpoint5\n")
    assert "lacks the column breakpoint3" in reason_of(lambda: build_panel([two]))
    wrong = results("N4", (*ONE[:6], "many"))
    assert "has 'many' for a number of molecules" in reason_of(lambda: build_panel([wrong]))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"schema":1', '"schema":2', "has layout 2, this version reads 1"),
        ('"schema":1', '"schema":"x"', "is no panel of normals of this version"),
        ("#panel of", "#table of", "is no panel of normals"),
        ("chr12:100:+", "chr12:0:+", "is no panel of normals of this version"),
        ("\t1\t2.500", "\t2\t2.500", "a junction is in sample 2 of 1"),
        ("\t1\t2.500", "\tone\t2.500", "is no panel of normals of this version"),
        ("max_ffpm", "ffpm", "lacks the column max_ffpm"),
    ],
)
def test_broken_panel_is_refused(results, tmp_path, old, new, told):
    path = tmp_path / "pon.tsv"
    write_panel(path, build_panel([results("N1", ONE)]))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert told in reason_of(lambda: read_panel_of_normals(path, "abc"))


def test_panel_of_another_reference_is_refused(results, tmp_path):
    path = tmp_path / "pon.tsv"
    write_panel(path, build_panel([results("N1", ONE)]))
    assert reason_of(lambda: read_panel_of_normals(path, "xyz")) == (
        f"{path}: was made with another reference bundle (world) than the one in use."
        " Build the panel with results of this bundle."
    )


# what it does


@pytest.fixture
def call(world, reference, pinned):
    fusion = fusion_of(candidate(world, ARTEFACT), support(4, 0), reference, pinned.filters)
    return judge(fusion, pinned)


@pytest.fixture
def looked_up(call, results, pinned):
    """The call, looked up in a panel of so many samples that hold its junction."""

    def look(holding, size, *, shift=0, ffpm="2.500", known=False, fragments=1_000_000):
        five, three = call.fusion.five, call.fusion.three
        row = (
            f"{five.contig}:{five.position + 1 + shift}:{five.strand.value}",
            f"{three.contig}:{three.position + 1 - shift}:{three.strand.value}",
            *("OAZ1", "NTRK3", "1", "0", ffpm),
        )
        folders = [
            results(f"N{number}", *([row] if number < holding else [])) for number in range(size)
        ]
        pair = KnownPair(partner="OAZ1", target="NTRK3", tumour_types="", references="", source="x")
        catalogue = Catalogue((pair,) if known else ())
        (found,) = with_normals([call], fragments, build_panel(folders), catalogue, pinned)
        return found

    return look


def panel_verdict(call):
    (found,) = (each for each in call.verdicts if each.filter == "panel")
    return found.passed, found.value, found.limit


@pytest.mark.parametrize(
    ("holding", "size", "verdict"),
    [
        (0, 5, (True, "0/5", "<3")),
        (2, 5, (True, "2/5", "<3")),
        (3, 5, (False, "3/5", "<3")),
        (3, 150, (False, "3/150", "<3")),
        (3, 151, (True, "3/151", "<4")),
    ],
)
def test_recurrent_junction_is_no_call(call, looked_up, holding, size, verdict):
    found = looked_up(holding, size)
    assert panel_verdict(found) == verdict
    assert found.passed is verdict[0]
    assert found.confidence is (call.confidence if verdict[0] else type(call.confidence)("low"))


def test_junction_of_a_known_pair_is_only_marked(call, looked_up):
    found = looked_up(5, 5, known=True)
    assert panel_verdict(found) == (True, "5/5,known-pair", "<3")
    assert found.passed
    assert found.confidence is call.confidence


@pytest.mark.parametrize(("shift", "samples"), [(5, 3), (-5, 3), (6, 0)])
def test_junction_may_lie_a_few_bases_off(looked_up, shift, samples):
    assert looked_up(3, 4, shift=shift).fusion.normals.samples == samples


@pytest.mark.parametrize(
    ("ffpm", "fragments", "is_stronger"),
    [("0.400", 1_000_000, False), ("0.399", 1_000_000, True), (".", 10**9, True), ("9", 0, True)],
)
def test_far_more_molecules_than_in_the_panel(looked_up, ffpm, fragments, is_stronger):
    """Four molecules, against ten times as many as the strongest normal has."""
    found = looked_up(3, 4, ffpm=ffpm, fragments=fragments)
    assert found.fusion.normals == PanelHit(
        samples=3, size=4, is_known_pair=False, is_stronger=is_stronger
    )


def test_samples_with_several_near_junctions_count_once(call, results, pinned):
    five, three = call.fusion.five, call.fusion.three
    near = [
        (
            f"{five.contig}:{five.position + 1 + shift}:{five.strand.value}",
            f"{three.contig}:{three.position + 1}:{three.strand.value}",
            *("OAZ1", "NTRK3", "1", "0", "1.000"),
        )
        for shift in (0, 1, 2)
    ]
    panel = build_panel([results("N1", *near), results("N2", near[0])])
    (found,) = with_normals([call], 10, panel, Catalogue(()), pinned)
    assert found.fusion.normals.samples == 2


# from reads to answers


@pytest.fixture(scope="module")
def normals(world, reference_folder, tmp_path_factory):
    """Results of three samples with a recurrent artefact, and with a junction of a known pair."""
    folder = tmp_path_factory.mktemp("normals")
    made = []
    for number in range(3):
        sample = sequenced(world, [ARTEFACT, KNOWN], Molecules(split=2, spanning=1), seed=number)
        out = run_fastq(sample, reference_folder, folder / f"N{number}")
        document = json.loads((out / "provenance.json").read_text())
        document["sample"] = f"N{number}"
        (out / "provenance.json").write_text(json.dumps(document))
        made.append(out)
    return made


@pytest.fixture(scope="module")
def positive(world):
    """A sample with the artefact, the known junction, and one that the panel does not hold."""
    planted = Molecules(split=3, spanning=3)
    return sequenced(world, [ARTEFACT, KNOWN, LOST], planted, seed=9)


def test_the_panel_in_a_run(normals, positive, run_cli, reference_folder, tmp_path):
    pon = tmp_path / "pon.tsv"
    done = run_cli("--quiet", "pon", "build", "--out", pon, *normals)
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{pon}: 3 samples, ")
    plain = run_fastq(positive, reference_folder, tmp_path / "plain")
    marked = run_fastq(positive, reference_folder, tmp_path / "marked", "--pon", str(pon))
    assert {row["fusion"] for row in rows(plain / "fusions.tsv")} == {
        *("OAZ1::NTRK3", "ETV6::NTRK3", "TPM3::NTRK1")
    }
    assert {row["fusion"] for row in rows(marked / "fusions.tsv")} == {
        *("ETV6::NTRK3", "TPM3::NTRK1")
    }
    told = {row["fusion"]: row["filter_panel"] for row in rows(marked / "candidates.tsv")}
    assert told["OAZ1::NTRK3"] == "FAIL:3/3<3"
    assert told["ETV6::NTRK3"] == "pass:3/3,known-pair<3"
    assert told["TPM3::NTRK1"] == "pass:0/3,known-pair<3"
    before = {row["fusion"]: row["filter_panel"] for row in rows(plain / "candidates.tsv")}
    assert set(before.values()) == {"pass:no-panel"}
    assert {row["fusion"]: row["panel"] for row in rows(marked / "fusions.tsv")} == {
        "ETV6::NTRK3": "3/3",
        "TPM3::NTRK1": "0/3",
    }
    source = json.loads((marked / "provenance.json").read_text())["panel_of_normals"]
    assert source == {"name": "pon.tsv", "sha256": sha256(pon)}


def test_panel_of_another_bundle_ends_a_run(
    normals, positive, run_cli, copied_bundle, tmp_path, reference_folder
):
    head = (reference_folder / MANIFEST).read_text()
    (copied_bundle / MANIFEST).write_text(head.replace('"name": "world"', '"name": "mars"'))
    pon = tmp_path / "pon.tsv"
    run_cli("--quiet", "pon", "build", "--out", pon, *normals)
    reads = Path(normals[0]).with_name(f"{normals[0].name}.reads")
    files = sorted(reads.glob("*.gz"))
    done = run_cli(
        *("--quiet", "run", "--sample", "S", "--fastq1", files[0], "--fastq2", files[1]),
        *("--reference", copied_bundle, "--out", tmp_path / "out", "--pon", pon),
    )
    assert done.code == 2
    assert "was made with another reference bundle (world) than the one in use" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_filter_asks_nothing_without_a_panel(call):
    assert panel_verdict(call) == (True, "no-panel", "")
    assert replace(call.fusion, normals=None) == call.fusion
