"""`cohort.html`: what it says, and that it can be searched and sorted in a browser."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from browser import browser
from fusioncall.cohort import CarryOverRow, Cohort, CohortSample, QcRow
from fusioncall.cohort_page import write_page
from fusioncall.status import Status
from fusioncall.tables import FUSION_COLUMNS, VERDICT_COLUMNS
from test_report import VOID, Page

GENES = ("NTRK1", "NTRK2", "NTRK3")
FUSIONS = ("TPM3::NTRK1", "TRIM24::NTRK2", "ETV6::NTRK3")
VOID.update(("input",))


def sample_of(number: int, statuses: tuple[Status, ...], **changes: str) -> CohortSample:
    """A sample with these answers."""
    name = f"S{number}"
    verdicts, fusions = [], []
    for gene, fusion, status in zip(GENES, FUSIONS, statuses, strict=True):
        reason = {
            Status.DETECTED: f"{fusion}, 5 split",
            Status.INDETERMINATE: f"{fusion}: molecules 1 (limit >=2)",
            Status.NOT_DETECTED: f"no molecule joins a partner to {gene}",
            Status.NOT_ASSESSABLE: "9 fragments, at least 100000 are needed",
        }[status]
        told = {"sample": name, "gene": gene, "status": status.value, "reason": reason}
        verdicts.append(dict.fromkeys(VERDICT_COLUMNS, "0") | told)
        if status is Status.DETECTED:
            told = {"sample": name, "fusion": fusion, "target": gene}
            fusions.append(dict.fromkeys(FUSION_COLUMNS, "0") | told)
    given = {
        "run": f"R{number % 7}",
        "result": "ok",
        "failure": ".",
        "fragments": str(1000 * number),
        "fusioncall": "0.1.0",
        "reference": "GRCh38",
        "reference_sha256": "a",
        "settings_sha256": "b",
    }
    qc = QcRow(sample=name, **(given | changes))
    return CohortSample(qc, tuple(verdicts), tuple(fusions), (), has_report=True)


def failed(number: int, reason: str) -> CohortSample:
    none = (Status.NOT_ASSESSABLE,) * 3
    made = sample_of(number, none, result="failed", failure=reason, fragments=".")
    verdicts = tuple(row | {"reason": f"failed: {reason}"} for row in made.verdicts)
    return replace(made, verdicts=verdicts, has_report=False)


def answers_of(number: int) -> tuple[Status, ...]:
    """Each tenth is detected, each 25th to be looked at, each 40th not assessable."""
    if number % 10 == 0:
        one = [Status.NOT_DETECTED] * 3
        one[number // 10 % 3] = Status.DETECTED
        return tuple(one)
    if number % 25 == 1:
        return (Status.NOT_DETECTED, Status.NOT_DETECTED, Status.INDETERMINATE)
    if number % 40 == 2:
        return (Status.NOT_ASSESSABLE,) * 3
    return (Status.NOT_DETECTED,) * 3


def carried(name: str) -> CarryOverRow:
    return CarryOverRow(
        sample=name,
        run="R1",
        fusion="ETV6::NTRK3",
        breakpoint5="chr12:11869969:+",
        breakpoint3="chr15:88054411:-",
        inserted=".",
        molecules="3",
        source="S30",
        source_fragments="812",
        expected_molecules="2.114",
        limit="8",
        suspected="yes",
    )


@pytest.fixture(scope="module")
def thousand():
    """A thousand samples, of which three failed."""
    made = [sample_of(number, answers_of(number)) for number in range(1000)]
    for number in (7, 77, 777):
        made[number] = failed(number, f"S{number}_1.fq.gz: holds no reads")
    made[26] = replace(made[26], carry_over=(carried("S26"),))
    return Cohort(tuple(made), GENES)


@pytest.fixture(scope="module")
def written(thousand, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort page")
    write_page(folder / "cohort" / "cohort.html", thousand, folder / "my results")
    return folder / "cohort" / "cohort.html"


@pytest.fixture(scope="module")
def page(written):
    return Page(written.read_text(encoding="utf-8"))


def test_a_row_for_each_sample_with_its_report(page):
    links = {
        text: attributes["href"] for attributes, text in page.all("a") if "/" in str(attributes)
    }
    assert len(links) == 997
    assert links["S5"] == "../my%20results/S5/report.html"
    assert len([1 for attributes, _ in page.all("tr") if "data-answers" in attributes]) == 1000


def test_counts_come_first(page, thousand):
    before, _, _ = page.source.partition('id="failed"')
    cells = [int(text) for text in re.findall(r'<td class="number">([\d,]+)</td>', before)]
    order = ("DETECTED", "INDETERMINATE", "NOT_ASSESSABLE", "NOT_DETECTED")
    assert cells == [
        sum(each.verdicts[place]["status"] == word for each in thousand.samples)
        for place in range(3)
        for word in order
    ]
    assert (
        "1,000 samples; failed: 3; junctions suspected of carry-over from another sample: 1. "
        in before
    )


def test_failed_samples_are_listed_with_their_reason(page):
    _, _, rest = page.source.partition('id="failed"')
    section = Page(f"<section><h2{rest.partition('</section>')[0]}</section>")
    assert [text for _, text in section.all("th", scope="row")] == ["S7", "S77", "S777"]
    assert [text for _, text in section.all("td")] == [
        f"S{number}_1.fq.gz: holds no reads" for number in (7, 77, 777)
    ]


def test_carry_over_is_listed_with_its_source(page):
    _, _, rest = page.source.partition('id="carry-over"')
    section = Page(f"<section><h2{rest.partition('</section>')[0]}</section>")
    assert [text for _, text in section.all("td")] == [
        *("ETV6::NTRK3", "chr12:11869969:+chr15:88054411:-", "3", "S30", "812", "2.114", "8"),
    ]


def test_marked_up_for_a_screen_reader(page):
    assert all(attributes.get("scope") in {"col", "row"} for attributes, _ in page.all("th"))
    tables = page.source.count("<table")
    assert tables == page.source.count("<caption>") == 5
    labels = {attributes["for"] for attributes, _ in page.all("label")}
    assert labels == {"search", "answer"}
    assert labels <= {attributes.get("id") for _, attributes, _ in page.elements}
    assert page.all("p", role="status", **{"aria-live": "polite"})[0][1] == "1,000 samples."
    signs = [attributes for attributes, text in page.all("span") if text in {"\u25cf", "\u25d0"}]
    assert all(attributes.get("aria-hidden") == "true" for attributes in signs)


def test_versions_that_differ_are_told(thousand, tmp_path):
    assert "Not all samples were made alike" not in written_text(thousand, tmp_path)
    first = thousand.samples[0]
    other = replace(first, qc=replace(first.qc, settings_sha256="c"))
    mixed = replace(thousand, samples=(other, *thousand.samples[1:]))
    told = written_text(mixed, tmp_path)
    assert "there are 2 kinds of versions, references or settings" in told


def written_text(cohort, folder):
    write_page(folder / "c.html", cohort, folder)
    return (folder / "c.html").read_text(encoding="utf-8")


def test_names_are_escaped(tmp_path):
    evil = "<img src=x onerror=alert(1)>&\"'<script>alert(2)</script>"
    cohort = Cohort((failed(1, evil), sample_of(2, answers_of(2), same_reads_as=evil)), GENES)
    page = Page(written_text(cohort, tmp_path))
    assert page.all("img") == []
    assert len(page.all("script")) == 1
    assert any(evil in text for _, text in page.all("td"))
    assert any(evil in text for _, text in page.all("li"))


def test_samples_with_the_same_reads_are_told_once(tmp_path):
    twins = {1: "S2,S3", 2: "S1,S3", 3: "S1,S2"}
    samples = [sample_of(n, answers_of(n), same_reads_as=told) for n, told in twins.items()]
    page = Page(written_text(Cohort((*samples, sample_of(4, answers_of(4))), GENES), tmp_path))
    (told,) = (text for _, text in page.all("li"))
    assert told == "A file of the same bytes was given for S1, S2, S3."


def test_no_sample_with_results(tmp_path):
    lost = replace(failed(1, "there are no results"), verdicts=())
    page = Page(written_text(Cohort((lost,), ()), tmp_path))
    assert [text for _, text in page.all("th", scope="row")] == ["S1", "S1"]


# in a browser

SHOWN = "Array.from(document.querySelectorAll('#grid tbody tr:not([hidden])'))"
NAMES = f"{SHOWN}.map((row) => row.cells[0].textContent)"
TOLD = "document.getElementById('shown').textContent"


def heads(browser):
    """The heads of the grid that say how it is sorted."""
    return browser.value(
        "Array.from(document.querySelectorAll('#grid th[aria-sort]'))"
        ".map((head) => [head.textContent, head.getAttribute('aria-sort')])"
    )


def head(number: int) -> str:
    return f"#grid thead th:nth-child({number}) button"


@pytest.fixture
def opened(written, tool, tmp_path):
    with browser(tool, tmp_path) as chromium:
        chromium.open(written)
        yield chromium
        assert chromium.console == []
        assert chromium.requests == [written.as_uri()]


@pytest.mark.slow
def test_search_by_keyboard(opened, thousand):
    assert opened.value(TOLD) == "1,000 samples."
    opened.click("#search")
    opened.type("etv6 r3 detected")
    told = (Status.DETECTED, Status.INDETERMINATE)  # with ETV6 in its fusions or its reason
    expected = [f"S{n}" for n in range(1000) if n % 7 == 3 and answers_of(n)[2] in told]
    assert len(expected) > 5
    assert opened.value(NAMES) == expected
    assert opened.value(TOLD) == f"{len(expected)} of 1,000 samples."
    opened.click("#reset")
    assert opened.value(f"{SHOWN}.length") == 1000
    assert opened.value("document.getElementById('search').value") == ""


@pytest.mark.slow
def test_sort_by_mouse(opened, thousand):
    opened.click(head(1))
    assert heads(opened) == [["Sample", "ascending"]]
    names = [f"S{number}" for number in range(1000)]
    assert opened.value(NAMES) == names
    opened.click(head(1))
    assert heads(opened) == [["Sample", "descending"]]
    assert opened.value(NAMES) == names[::-1]
    opened.click(head(7))
    assert heads(opened) == [["Fragments", "ascending"]]
    lost = ["S7", "S77", "S777"]
    sized = [name for name in names if name not in lost]
    assert opened.value(NAMES) == [*sized, *lost]
    opened.click(head(7))
    assert opened.value(NAMES) == [*sized[::-1], *lost]


@pytest.mark.slow
def test_sort_by_answer_and_by_keyboard(opened, thousand):
    order = ("DETECTED", "INDETERMINATE", "NOT_ASSESSABLE", "NOT_DETECTED")
    by_answer = sorted(thousand.samples, key=lambda each: order.index(each.verdicts[2]["status"]))
    opened.click(head(4))
    opened.press("Tab")
    assert opened.value("document.activeElement.textContent") == "NTRK3"
    opened.press("Enter")
    assert heads(opened) == [["NTRK3", "ascending"]]
    assert opened.value(NAMES) == [each.name for each in by_answer]


@pytest.mark.slow
def test_filter_by_answer(opened, thousand):
    choose = "{{ const s = document.getElementById('answer'); s.value = '{}';"
    choose += " s.dispatchEvent(new Event('change')) }}"
    for word in ("failed", "DETECTED", "INDETERMINATE"):
        opened.value(choose.format(word))
        expected = [
            each.name
            for each in thousand.samples
            if (each.is_failed if word == "failed" else has(each, word))
        ]
        assert len(expected) > 2
        assert opened.value(NAMES) == expected


def has(sample, word):
    return any(row["status"] == word for row in sample.verdicts)


@pytest.mark.slow
def test_what_a_screen_reader_is_told(opened):
    nodes = opened.send("Accessibility.getFullAXTree")["nodes"]
    named = {
        (each["role"]["value"], each["name"]["value"])
        for each in nodes
        if "name" in each and "role" in each
    }
    assert ("searchbox", "Search") in named
    assert ("combobox", "Answer") in named
    assert ("button", "NTRK3") in named
    assert ("status", "") in named
    assert ("columnheader", "NTRK3") in named


@pytest.mark.slow
def test_print(opened):
    content = opened.pdf()
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    assert len(boxes) > 10
    assert {(round(float(width)), round(float(height))) for width, height in boxes} == {(842, 595)}


@pytest.mark.slow
def test_the_policy_of_the_page_holds(written, tool, tmp_path):
    """An image, a script and a style that got into the page: the browser refuses each of them."""
    evil = (
        '<img src="http://example.invalid/x.png" alt=""><script>document.title = 1</script>'
        "<p style='color: red'>x</p></main>"
    )
    changed = tmp_path / "cohort.html"
    text = written.read_text(encoding="utf-8")
    changed.write_text(text.replace("</main>", evil), encoding="utf-8")
    with browser(tool, tmp_path) as chromium:
        chromium.open(changed)
        assert chromium.value("document.title") == "NTRK fusions in 1000 samples by fusioncall"
        refused = [each for each in chromium.console if "Content Security Policy" in each]
    assert len(refused) == 3


@pytest.mark.slow
def test_without_its_script_the_page_is_whole(written, tool, tmp_path):
    with browser(tool, tmp_path) as chromium:
        chromium.send("Emulation.setScriptExecutionDisabled", value=True)
        chromium.open(written)
        chromium.send("Emulation.setScriptExecutionDisabled", value=False)
        assert chromium.value("document.querySelector('.controls').hidden") is True
        assert chromium.value(f"{SHOWN}.length") == 1000
        assert chromium.value("document.querySelectorAll('#grid button').length") == 0
