"""`report.html`: what it says, how it is marked up, and that a browser loads nothing for it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, fields, replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from builders import answers_of, candidate, fusion_of, sample_results, support
from conftest import CHECKOUT
from fusioncall.bam import read_molecules
from fusioncall.catalogue import Match
from fusioncall.facts import Fact
from fusioncall.filters import judge
from fusioncall.report import write_report
from fusioncall.tables import FusionRow, fusion_row
from sequencing import rows

VOID = {"meta", "link", "br", "rect", "line", "img", "input"}
PROVENANCE = {
    "fusioncall": "0",
    "called_with": {"fusioncall": "0", "settings_sha256": "0"},
    "settings_sha256": "0",
    "libraries": {},
    "htslib": "1",
    "reference": {"name": "world", "manifest_sha256": "0", "sources": {}},
    "catalogue": {"name": "c.tsv", "sha256": "0"},
    "own_catalogue": None,
    "tumour_type": None,
    "facts": [],
    "inputs": [],
}


class Page(HTMLParser):
    """The elements of a page in their order: tag, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = text
        self.elements: list[tuple[str, dict[str, str], list[str]]] = []
        self.open: list[int] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), []))
        if tag not in VOID:
            self.open.append(len(self.elements) - 1)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag):
        assert self.elements[self.open[-1]][0] == tag
        self.open.pop()

    def handle_data(self, data):
        for index in self.open:
            self.elements[index][2].append(data)

    def all(self, tag: str, **wanted: str) -> list[tuple[dict[str, str], str]]:
        """Attributes and text of the elements with a tag."""
        return [
            (attributes, " ".join("".join(text).split()))
            for name, attributes, text in self.elements
            if name == tag and wanted.items() <= attributes.items()
        ]


@pytest.fixture(scope="module")
def page(every_kind):
    return Page((every_kind / "report.html").read_text(encoding="utf-8"))


def test_answers_come_first(page, every_kind):
    told = [
        text for attributes, text in page.all("span") if "status" in attributes.get("class", "")
    ]
    table = rows(every_kind / "verdicts.tsv")
    words = [re.sub(r"^\W+", "", text).replace(" ", "_") for text in told]
    assert words == [row["status"] for row in table]
    before, _, _ = page.source.partition('id="fusions"')
    for row in table:
        assert row["reason"].replace("'", "&#39;").replace(">", "&gt;") in before
    assert page.all("h2")[0][1] == "Answers"


def test_each_call_is_shown(page, every_kind):
    titles = [text for _, text in page.all("h3")]
    for row in rows(every_kind / "fusions.tsv"):
        title = f"{row['fusion']}, 5' exon {row['exon5']}, 3' exon {row['exon3']}"
        assert titles.count(title) == 1
    facts = [text for _, text in page.all("dd")]
    for row in rows(every_kind / "fusions.tsv"):
        assert f"{row['breakpoint5']} and {row['breakpoint3']}" in facts
        counts = f"{row['split_molecules']} split and {row['spanning_molecules']} spanning"
        assert f"{counts} ({row['copies']} copies not counted)" in facts


def test_undecided_candidates_are_shown_too(page):
    """TRIM24::NTRK2 keeps a part of the kinase domain: NTRK2 is INDETERMINATE."""
    titles = [text for _, text in page.all("h3")]
    wanted = "TRIM24::NTRK2, 5' exon 12, 3' exon 18: not called, to be judged by a person"
    assert wanted in titles


def test_every_candidate_is_told_once(page, every_kind):
    titles = [text for _, text in page.all("h3") if "::" in text]
    _, _, rest = page.source.partition('id="candidates"')
    listed = re.findall(r'<th scope="row">([^<]+::[^<]+)</th>', rest)
    told = [title.partition(",")[0] for title in titles] + listed
    assert sorted(told) == sorted(row["fusion"] for row in rows(every_kind / "candidates.tsv"))


def test_filters(page, every_kind):
    for row in rows(every_kind / "fusions.tsv"):
        verdicts = [value for key, value in row.items() if key.startswith("filter_")]
        assert all(value.startswith("pass") for value in verdicts)
    tables = page.all("table", **{"class": "filters"})
    assert len(tables) == len([text for _, text in page.all("h3") if "::" in text])
    assert sum("FAIL" in text for _, text in tables) == 1


def test_reads_over_the_junction(page, every_kind):
    """As many lines as split molecules, each as long as the sequence at most."""
    calls = rows(every_kind / "fusions.tsv")
    pres = [text for tag, _, text in page.elements if tag == "pre"]
    for row, text in zip(calls, pres, strict=False):
        sequence, *lines = "".join(text).rstrip("\n").split("\n")
        inserted = "" if row["inserted"] == "." else row["inserted"]
        assert re.fullmatch(rf"[ACGT]{{50}}\|({inserted}\|)?[ACGT]{{50}}", sequence)
        assert len(lines) == int(row["split_molecules"]) + int(row["copies"])
        for line in lines:
            assert len(line) <= len(sequence)
            assert line[49:52].strip(".,+") in {"|", "|" + (inserted and "")}
    told = [text for _, text in page.all("figcaption") if "supporting molecules" in text]
    assert all(re.search(r"\b10 of 10 supporting", text) for text in told)


def test_one_page_and_nothing_else(page):
    policies = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policies[0][0]["content"].startswith("default-src 'none'; style-src 'sha256-")
    assert page.all("script") == []
    for _, attributes, _ in page.elements:
        for name in ("src", "href", "data", "action", "srcset", "poster"):
            assert attributes.get(name, "#").startswith(("#", "data:,"))
        assert not any(name == "style" or name.startswith("on") for name in attributes)
    (style,) = page.all("style")
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert re.findall(r"https?://", page.source) == []


def test_marked_up_for_a_screen_reader(page):
    assert page.all("html")[0][0]["lang"] == "en"
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("header")) == 1
    levels = [int(tag[1]) for tag, _, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(attributes.get("scope") in {"col", "row"} for attributes, _ in page.all("th"))
    ids = Counter(attributes["id"] for _, attributes, _ in page.elements if "id" in attributes)
    assert set(ids.values()) == {1}
    for _, attributes, _ in page.elements:
        for name in attributes.get("aria-labelledby", "").split():
            assert name in ids
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids
    drawings = page.all("svg")
    assert len(drawings) == 2 * len(page.all("article"))
    assert all(attributes["role"] == "img" for attributes, _ in drawings)
    assert len(page.all("desc")) == len(page.all("title")) - 1 == len(drawings)
    assert all("tabindex" in attributes for attributes, _ in page.all("div", role="region"))


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2."""
    values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_contrast(page):
    """All colours of text, and those of lines and fills, against white: WCAG 2 AAA, and 3 to 1."""
    text = (CHECKOUT / "resources" / "report.css").read_text(encoding="utf-8")
    names = dict(re.findall(r"--(\w+): (#\w{6})", text))
    for name, least in (("ink", 7), ("soft", 7), ("five", 7), ("three", 4.5), ("line", 3)):
        assert 1.05 / (luminance(names[name]) + 0.05) >= least, name
    for colour in re.findall(r"stroke: (#\w{6})", text):
        assert 1.05 / (luminance(colour) + 0.05) >= 3, colour
    (link,) = re.findall(r"^a \{ color: (#\w{6})", text, re.MULTILINE)
    assert 1.05 / (luminance(link) + 0.05) >= 7


def test_names_are_escaped(world, reference, settings, tmp_path):
    evil = "<img src=x onerror=alert(1)>&\"'</svg><script>alert(2)</script>"
    named = fusion_of(candidate(world, "ETV6:5-NTRK3:15"), support(), reference, settings.filters)
    fusion = replace(named, five=replace(named.five, gene=evil), rivals=(evil,))
    provenance = PROVENANCE | {"inputs": [{"name": evil, "bytes": 1, "sha256": "0"}]}
    results = sample_results([judge(fusion, settings)], reference, settings)
    write_report(tmp_path / "r.html", results, {}, reference, settings, provenance)
    page = Page((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert page.all("img") == page.all("script") == []
    assert any(evil in text for _, text in page.all("h3"))
    assert any(evil in text for _, text in page.all("text"))
    assert any(evil in text for _, text in page.all("dd"))
    assert any(evil in text for _, text in page.all("td"))


def test_a_column_without_words_of_its_own_comes_by_its_name(world, reference, settings):
    from fusioncall.report import Line, _facts

    named = fusion_of(candidate(world, "ETV6:5-NTRK3:15"), support(), reference, settings.filters)
    (annotated,) = sample_results([judge(named, settings)], reference, settings).annotated
    row = fusion_row("S", 1000, annotated)

    @dataclass(frozen=True, kw_only=True)
    class LaterRow(FusionRow):
        later_column: str
        empty_column: str

    told = {field.name: getattr(row, field.name) for field in fields(row)}
    later = LaterRow(**told, later_column="in-frame", empty_column=".")
    assert list(_facts(later, annotated)) == [
        *_facts(row, annotated),
        Line("later column", "in-frame"),
    ]


def test_what_the_call_means(page, every_kind):
    """Frame, kinase domain and names of each call, and its whole protein with the junction."""
    told = [text for _, text in page.all("dd")]
    proteins = [text for _, text in page.all("code")]
    calls = rows(every_kind / "fusions.tsv")
    for row in calls:
        note = "" if row["frame_note"] == "." else f": {row['frame_note']}"
        wanted = (f"{row['frame']}{note}", f"{row['kinase']}, residues {row['kinase_aa']}")
        for words in (*wanted, row["hgvs_r"], row["vicc"], row["hgnc"], row["breakends"]):
            assert words in told
        assert row["peptide_junction"] == "." or row["peptide_junction"] in told
    assert len(calls) == 5
    title, peptide = "", {}
    for line in (every_kind / "fusion_peptides.fa").read_text(encoding="utf-8").splitlines():
        title = line if line.startswith(">") else title
        peptide[title] = peptide.get(title, "") + line.removeprefix(title)
    assert len(peptide) == len(calls)
    for text in peptide.values():
        assert text in {each.replace("|", "").strip("*").upper() for each in proteins}
    assert "the pair is known with this 5' breakpoint" not in told
    assert "LMNA, exon 11 (-20 bases) of " in " ".join(told)


def test_a_match_has_words(world, reference, settings):
    from fusioncall.report import _MATCHES, Line, _facts

    assert list(_MATCHES) == list(Match)
    named = fusion_of(candidate(world, "ETV6:5-NTRK3:15"), support(), reference, settings.filters)
    (annotated,) = sample_results([judge(named, settings)], reference, settings).annotated
    known = replace(annotated, match=Match.EXACT)
    line = Line("Nearest known junction", "this very junction is known")
    assert line not in _facts(fusion_row("S", 1000, annotated), annotated)
    assert line in _facts(fusion_row("S", 1000, known), known)


def test_resistance_codons(page, every_kind):
    _, _, rest = page.source.partition('id="resistance"')
    section = Page(f"<section><h2{rest.partition('</section>')[0]}</section>")
    table = rows(every_kind / "resistance.tsv")
    assert [text for _, text in section.all("th", scope="row")] == [
        f"{row['gene']} {row['residue']}" for row in table
    ]
    cells = [text for _, text in section.all("td")]
    assert cells[1::4] == [row["mutated"].replace("-", " ") for row in table]


def test_what_is_known_has_source_and_date(world, reference, settings, tmp_path):
    named = fusion_of(candidate(world, "ETV6:5-NTRK3:15"), support(), reference, settings.filters)
    facts = (
        Fact("prevalence", "glioma <b>", "2 % have it", "adults", "Someone 2020", ""),
        Fact("approval", "drug", "USA: 2018", "", "FDA", "2026-07"),
    )
    results = replace(sample_results([judge(named, settings)], reference, settings), facts=facts)
    provenance = PROVENANCE | {"tumour_type": "glioma <b>"}
    write_report(tmp_path / "r.html", results, {}, reference, settings, provenance)
    page = Page((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert page.all("b") == []
    cells = [text for _, text in page.all("td")]
    place = cells.index("2 % have it (adults)")
    assert cells[place : place + 6] == [
        *("2 % have it (adults)", "Someone 2020", "not dated"),
        *("USA: 2018", "FDA", "2026-07"),
    ]
    assert any(text.endswith("Tumour type as given: glioma <b>.") for _, text in page.all("p"))


def test_treatments_only_with_a_call(every_kind):
    told = {row["statement"] for row in rows(every_kind / "context.tsv")}
    page = Page((every_kind / "report.html").read_text(encoding="utf-8"))
    cells = " ".join(text for _, text in page.all("td"))
    assert len(told) > 3
    assert all(" ".join(each.split()) in cells for each in told)


@pytest.mark.parametrize(("fragments", "word"), [(200_000, "NOT DETECTED"), (10, "NOT ASSESSABLE")])
def test_negative(reference, settings, tmp_path, fragments, word):
    empty = sample_results([], reference, settings)
    census = replace(empty.made.census, fragments=fragments)
    made = replace(empty.made, census=census)
    results = replace(empty, made=made, statuses=answers_of(made, reference, settings))
    write_report(tmp_path / "r.html", results, {}, reference, settings, PROVENANCE)
    page = Page((tmp_path / "r.html").read_text(encoding="utf-8"))
    told = [
        text for attributes, text in page.all("span") if "status" in attributes.get("class", "")
    ]
    assert [re.sub(r"^\W+", "", text) for text in told] == [word] * 3
    assert page.all("article") == []
    would = "it would mean something" if fragments > 10 else "it would mean nothing"
    assert [text for _, text in page.all("td")].count(would) == 3


@pytest.mark.parametrize(
    "text",
    ["LMNA:11-20-NTRK1:11", "SQSTM1:5-NTRK1:10:CTC", "NTRK3:14-ETV6:6", "TPM3:8-NTRK1:10"],
)
def test_drawing(world, reference, settings, text):
    """The bars of the fused transcript are the exons that are kept, and none is outside."""
    from fusioncall.drawing import draw_fusion
    from fusioncall.results import transcript_of

    fusion = fusion_of(candidate(world, text), support(), reference, settings.filters)
    transcripts = tuple(transcript_of(side, reference) for side in (fusion.five, fusion.three))
    target = next(each for each in reference.targets if each.name == fusion.target)
    drawing = Page(draw_fusion(fusion, transcripts, target, "x", {}))
    bars = [attributes for attributes, _ in drawing.all("rect") if "x" in attributes]
    for bar in bars:
        assert float(bar["x"]) >= 0
        assert float(bar["x"]) + float(bar["width"]) <= 960
    fused = [bar for bar in bars if bar["y"] == "212.0"]
    kinds = Counter(bar["class"] for bar in fused)
    assert kinds["five"] == fusion.five.exon
    assert kinds["three"] == len(transcripts[1].exons) - fusion.three.exon + 1
    lost = Counter(bar["class"] for bar in bars if bar["y"] in {"30.0", "122.0"})["lost"]
    inside = text.startswith("LMNA")
    exons = sum(len(each.exons) for each in transcripts)
    assert lost == exons - kinds["five"] - kinds["three"] + inside
    assert any(bar["class"] == "domain" for bar in bars)


def test_depth_is_drawn_and_told(page, every_kind):
    """A bar for each exon of the target with reads, as high as they are; the same in words."""
    counted = json.loads((every_kind / "qc.json").read_text(encoding="utf-8"))
    depth = counted["reads"]["exon_depth"]["NTRK3"]
    (drawing,) = (
        Page(f"<svg>{text}</svg>")
        for text in re.findall(r"<svg[^>]*>(.*?)</svg>", page.source)
        if "Genes of ETV6::NTRK3" in text and "exon 15, chr15" in text
    )
    bars = [attributes for attributes, _ in drawing.all("rect", **{"class": "depth"})]
    wanted = [each for each in depth.values() if each]
    assert len(bars) == len(wanted) > 10
    for bar, each in zip(bars, wanted, strict=True):
        assert float(bar["height"]) == pytest.approx(30 * each / max(wanted), abs=0.06)
    (told,) = (text for _, text in drawing.all("desc"))
    words = ", ".join(f"exon {exon} {each:.1f}" for exon, each in depth.items())
    assert told.endswith(f"Reads over the exons of NTRK3: {words}.")


def test_balance(page, every_kind):
    _, _, rest = page.source.partition('id="balance"')
    section = Page(f"<section><h2{rest.partition('</section>')[0]}</section>")
    cells = [text for _, text in section.all("td")]
    for number, row in enumerate(rows(every_kind / "verdicts.tsv")):
        log2, interval, *depth = cells[6 * number : 6 * number + 4]
        known = row["imbalance_log2"] != "."
        assert log2 == (row["imbalance_log2"] if known else "not known: too few reads")
        told = f"{row['imbalance_low']} to {row['imbalance_high']}"
        assert interval == (told if known else "")
        assert depth == [row["imbalance_depth5"], row["imbalance_depth3"]]


def test_same_bytes_whatever_the_order(every_kind, reference, settings, world, tmp_path):
    molecules, _ = read_molecules(every_kind / "evidence.bam", reference.contigs, None, 1)
    names = {each.name: each for each in molecules}
    turned = dict(reversed(names.items()))
    fusion = fusion_of(
        candidate(world, "ETV6:5-NTRK3:15"),
        replace(support(), split_names=tuple(sorted(names)[:5]), spanning_names=()),
        reference,
        settings.filters,
    )
    results = sample_results([judge(fusion, settings)], reference, settings)
    for path, given in (("a", names), ("b", turned)):
        write_report(tmp_path / path, results, given, reference, settings, PROVENANCE)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def chromium(tool):
    """The browser by the first of its names that is installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None) or tool("chromium")


def browse(tool, folder, *words):
    """Open the folder's page in headless Chromium; no name of a host can be looked up.

    Returns:
        Standard output, what the page wrote to the console, and the addresses that it asked for.
    """
    log, page = folder / "net.json", (folder / "report.html").as_uri()
    command = [
        *(chromium(tool), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *("--disable-background-networking", "--enable-logging=stderr"),
        *("--host-resolver-rules=MAP * ~NOTFOUND", f"--log-net-log={log}"),
        *(f"--user-data-dir={folder}/profile", *words, page),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    asked = set()
    for event in json.loads(log.read_text(encoding="utf-8"))["events"]:
        given = event.get("params")
        # what Chromium asks for on its own account has no origin
        if isinstance(given, dict) and given.get("initiator", "not an origin") != "not an origin":
            asked.add(given["url"])
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, console, asked - {page}


@pytest.mark.slow
def test_in_a_browser(every_kind, tool, tmp_path):
    (tmp_path / "report.html").write_bytes((every_kind / "report.html").read_bytes())
    shown, console, asked = browse(tool, tmp_path, "--dump-dom")
    assert console == []
    assert asked == set()
    source = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert shown.count("<svg") == source.count("<svg") > 0
    assert '<h2 id="answers">Answers</h2>' in shown


@pytest.mark.slow
def test_the_policy_of_the_page_holds(every_kind, tool, tmp_path):
    """An image, a script and a style that got into the page: the browser refuses each of them."""
    source = (every_kind / "report.html").read_text(encoding="utf-8")
    image = '<img src="http://example.invalid/x.png" alt="">'
    evil = f"{image}<script>document.title = 1</script><p style='color: red'>x</p></main>"
    page = tmp_path / "report.html"
    page.write_text(source.replace("</main>", evil), encoding="utf-8")
    _, console, asked = browse(tool, tmp_path, "--dump-dom")
    assert asked == set()
    assert sum("Content Security Policy" in line for line in console) == 3
    page.write_text(image, encoding="utf-8")
    _, _, asked = browse(tool, tmp_path, "--dump-dom")
    assert asked == {"http://example.invalid/x.png"}


@pytest.mark.slow
def test_print_on_a4(every_kind, tool, tmp_path):
    (tmp_path / "report.html").write_bytes((every_kind / "report.html").read_bytes())
    browse(tool, tmp_path, f"--print-to-pdf={tmp_path}/report.pdf", "--no-pdf-header-footer")
    boxes = re.findall(
        rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", (tmp_path / "report.pdf").read_bytes()
    )
    assert len(boxes) > 3
    assert {(round(float(width)), round(float(height))) for width, height in boxes} == {(595, 842)}
