"""Items are computed once, kept whole, and put on one page.

First with made-up items, then with all real ones on a quick study.
"""
import ast
import io
import json
import re
from html import escape
from importlib import import_module
from inspect import getsource
from string import Formatter
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from PIL import Image

from numpyzf import page, plots, texts
from numpyzf.paper import reproduce
from numpyzf.paper.claims import (BY_CONSTRUCTION, DOES_NOT_HOLD, HOLDS, NOT_DECIDED,
                                  NOT_TESTABLE, VERDICTS, Claim, NotTestable, Report)
from numpyzf.paper.study import Study


class Counted:
    """An item that counts how often it is computed, and raises an error when it is given one."""

    def __init__(self, name):
        self.name, self.count, self.error = name, 0, None

    def __call__(self, study):
        self.count += 1
        if self.error:
            raise self.error
        figure = plots.figure(1, 1)
        figure.subplots().plot([self.count])
        claims = [Claim(f"{self.name} is so", f"{self.count} <times>", HOLDS),
                  Claim("and more", "no data", NOT_TESTABLE)]
        rows = [("a", "b"), (1, np.float32(2.5))]
        return Report(claims, [
            page.Section(f"picture of {self.name}", "text", figure, alt="a line"),
            page.Section(f"table of {self.name}", "more", rows=rows)])


@pytest.fixture
def items(monkeypatch):
    """Three made-up items, of which two answer to another name, too."""
    counted = [Counted("fig1"), Counted("table1"), Counted("fig9")]
    also = {"fig1": (), "table1": ("fig8",), "fig9": ("table4",)}
    listed = [reproduce.Item(item.name, f"Heading of {item.name}: all", item, also[item.name])
              for item in counted]
    monkeypatch.setattr(reproduce, "ITEMS", listed)
    return counted


def quick_study(folder, report=lambda text: None):
    return Study(folder, quick=True, report=report)


@pytest.fixture
def study(tmp_path):
    return quick_study(tmp_path / "paper")


def test_items_by_their_names_in_the_papers_order(items):
    found = reproduce.find(["table4", "fig8", "table1"])
    assert [item.name for item in found] == ["table1", "fig9"]
    assert [item.name for item in reproduce.find(["all"])] == ["fig1", "table1", "fig9"]
    there_are = "there are: all, fig1, table1, fig8, fig9, table4"
    with pytest.raises(ValueError, match=f"no item 'fig10'; {there_are}"):
        reproduce.find(["fig1", "fig10"])


def test_a_finished_item_is_not_computed_again_unless_wanted(items, study):
    reproduce.compute(study, ["fig1"])
    reproduce.compute(study, ["all"])
    assert [item.count for item in items] == [1, 1, 1]
    reproduce.compute(study, ["fig8"], again=True)
    assert [item.count for item in items] == [1, 2, 1]


def test_interrupted_and_started_again_it_goes_on(items, study):
    items[1].error = KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        reproduce.compute(study, ["all"])
    text = (study.out / "index.html").read_text(encoding="utf-8")
    assert "Heading of fig1" in text and "Heading of table1" not in text
    items[1].error = None
    reproduce.compute(quick_study(study.out), ["all"])
    assert [item.count for item in items] == [1, 2, 1]


def test_what_is_kept_comes_back_as_it_was(items, study):
    reproduce.compute(study, ["all"])
    report = reproduce.read(study.out, "fig1")
    assert report.claims == [Claim("fig1 is so", "1 <times>", HOLDS),
                             Claim("and more", "no data", NOT_TESTABLE)]
    picture, table = report.sections
    png = (study.out / "items" / "fig1-1.png").read_bytes()
    assert picture == page.Section("picture of fig1", "text", png, [], "a line")
    assert table == page.Section("table of fig1", "more", None, [["a", "b"], [1, 2.5]])


def test_an_item_that_can_not_be_computed_says_why_and_the_others_go_on(items, tmp_path):
    lines = []
    study = quick_study(tmp_path / "paper", lines.append)
    items[1].error = NotTestable("it takes four classes")
    page_path = reproduce.compute(study, ["all"])
    claim, = reproduce.read(study.out, "table1").claims
    assert (claim.measured, claim.verdict) == ("it takes four classes", NOT_TESTABLE)
    assert "Heading of table1: all" in claim.paper
    assert "  not testable here: it takes four classes" in lines
    assert page_path.read_text(encoding="utf-8").count("it takes four classes") == 1
    reproduce.compute(study, ["all"])
    assert [item.count for item in items] == [1, 1, 1]


# ---- what is kept, damaged ------------------------------------------------------------------

CLAIM, SECTION = ["so", "1", HOLDS, "", ""], ["a", "b", None, [], "", 2]


MADE = {"version": "1", "date": "2026-01-01", "machine": "m", "seconds": 5, "seeds": 2}


def kept(claim=(), section=(), made=MADE):
    """The JSON of one claim and one section; some of their values, {index: value}, are others."""
    values = [list(CLAIM), list(SECTION)]
    for own, others in zip(values, (claim, section)):
        for i, value in dict(others).items():
            own[i] = value
    return json.dumps({"claims": values[:1], "sections": values[1:], "made": made}).encode()


@pytest.mark.parametrize("damage", [
    b"", b"{", b'{"claims": []}', b'{"claims": [[1]], "sections": []}', b"[]", b"1", b'"text"',
    b"\x89PNG\xff\xfe\x00", b"\xff" * 1000, b"[" * 100_000, b'{"claims":' * 100_000,
    b'{"claims": 1' + b"0" * 5000 + b"}", kept()[:-20],
    b'{"claims": "abc", "sections": []}', b'{"claims": [], "sections": {"a": 1}}',
    b'{"claims": ["abc"], "sections": []}',
    kept(claim={0: 5}), kept(claim={1: None}), kept(claim={2: "true"}), kept(claim={2: []}),
    kept(section={0: 1}), kept(section={1: None}), kept(section={4: {}}), kept(section={5: 9}),
    kept(section={5: "2"}), kept(section={5: [2]}), kept(section={3: 1}), kept(section={3: "ab"}),
    kept(section={3: [1]}), kept(section={3: ["ab"]}), kept(section={3: [["a", ["b"]]]}),
    kept(section={3: [["a", None]]}), kept(section={2: "gone.png"}), kept(section={2: 0}),
    kept(section={2: True}), kept(section={2: ["fig1-1.png"]}), kept(section={2: "fig9-1.png"}),
    kept(section={2: "../study.json"}), kept(section={2: "/etc/passwd"}),
    kept(section={2: "../items/fig1-1.png"}), kept(section={2: "a\0b"}),
    kept(made=None), kept(made=MADE | {"seconds": "5"}), kept(made={"version": "1"}),
    kept().replace(b'"made"', b'"other"')], ids=range(45))
def test_an_item_that_is_not_what_was_written_is_computed_again(items, study, damage):
    reproduce.compute(study, ["all"])
    (study.out / "items" / "fig1.json").write_bytes(damage)
    reproduce.compute(study, ["all"])
    assert [item.count for item in items] == [2, 1, 1]
    assert reproduce.read(study.out, "fig1").claims[0].measured == "2 <times>"


def test_what_was_written_is_read(items, study):
    reproduce.compute(study, ["all"])
    (study.out / "items" / "fig1.json").write_bytes(kept(section={2: "fig1-1.png"}))
    reproduce.compute(study, ["all"])
    assert [item.count for item in items] == [1, 1, 1]


@pytest.mark.parametrize("damage", [
    lambda png: b"no picture", lambda png: b"", lambda png: png[8:], lambda png: png[:-1],
    lambda png: png[:200] + bytes([png[200] ^ 1]) + png[201:], lambda png: b"x" + png[1:]],
    ids=["text", "empty", "no signature", "cut short", "a bit", "another signature"])
def test_an_item_whose_picture_is_damaged_is_computed_again(items, study, damage):
    reproduce.compute(study, ["all"])
    path = study.out / "items" / "fig1-1.png"
    path.write_bytes(damage(path.read_bytes()))
    reproduce.compute(study, ["all"])
    assert [item.count for item in items] == [2, 1, 1]


def test_an_item_that_is_a_folder_is_not_finished(study):
    (study.out / "items" / "fig1.json").mkdir(parents=True)
    assert reproduce.read(study.out, "fig1") is None


def page_text(study):
    """The page of a study that isn't quick, in which all verdicts stand."""
    study.quick = False
    return reproduce.write_page(study).read_text(encoding="utf-8")


def test_the_page_says_for_each_claim_what_was_measured_and_whether_it_holds(items, study):
    reproduce.compute(study, ["all"])
    text = page_text(study)
    once, twice = 3, 2 * 3      # three items, each claim at its own place and in the overview
    assert text.count("<b>✓ holds</b>") == text.count("<b>– not testable here</b>") == twice
    counts = ("Of 6 statements 3 hold, 0 don't at this size, 0 are not decided, and 3 can't be "
              "tested here.")
    assert escape(counts) in text
    assert text.count("1 &lt;times&gt;") == once
    pictures, thumbnails = text.count('<label class="zoom">'), 3
    assert pictures == 3 and text.count("<img") == pictures + thumbnails + 1    # and one on top
    assert text.count('href="#item-1"') == 1 + 2 and text.count('id="item-1"') == 1
    stored = json.loads((study.out / "items" / "fig9.json").read_text())
    assert stored["claims"][1][2] == NOT_TESTABLE


def test_pictures_come_before_tables_and_statements_and_all_of_them_last(items, study):
    reproduce.compute(study, ["all"])
    text = page_text(study)
    places = [text.index(part) for part in (
        "<img", 'class="sheet"', 'id="item-0"', 'class="zoom"', "<table>", "The paper says",
        'id="item-1"', "All statements")]
    assert places == sorted(places)
    assert text.count("✓ 1 · – 1") == 3         # one line in the sheet for each item


def test_a_quick_page_says_so_and_has_no_verdict(items, study):
    text = reproduce.compute(study, ["all"]).read_text(encoding="utf-8")
    assert "<b>✓ holds</b>" not in text and "statements 3 hold" not in text
    assert text.index("A quick run: few images") < text.index("<img")
    assert text.count("quick run, no verdict") == 2 * 3


def test_the_page_says_when_where_and_how_long(items, study):
    reproduce.compute(study, ["all"])
    made = {"version": "9.9", "date": "2031-01-02", "machine": "a box", "seconds": 3600, "seeds": 7}
    report = reproduce.read(study.out, "fig1")
    for name, date in (("fig1", "2031-01-02"), ("table1", "2031-01-03"), ("fig9", "2031-01-02")):
        reproduce.keep(study.out, name, report._replace(made=made | {"date": date}))
    text = page_text(study)
    assert "numpyzf 9.9, with fashion-mnist-small and rendered scenes, 7 seeds" in text
    assert "2031-01-02 to 2031-01-03 on a box" in text and "the items took 3:00:00" in text


def test_what_does_not_hold_and_what_is_not_decided_have_signs_of_their_own(items, study):
    reproduce.compute(study, ["all"])
    claims = [Claim("so", "it isn't", DOES_NOT_HOLD), Claim("may be", "1", NOT_DECIDED),
              Claim("is", "1", BY_CONSTRUCTION)]
    reproduce.keep(study.out, "table1", Report(claims, []))
    text = page_text(study)
    for words in ("✗ does not hold at this size", "? not decided", "= so by construction"):
        assert text.count(f"<b>{words}</b>") == 2
    assert text.count("<b>✓ holds</b>") == 2 * 2
    assert escape("Of 6 statements 2 hold, 1 don't at this size, 1 are not decided") in text


# ---- the real items, on few images ----------------------------------------------------------

def whole_paper():
    """The files of a quick study with every item finished, but for its nets, and its lines."""
    lines = []
    with TemporaryDirectory() as folder:
        study = quick_study(folder, lines.append)
        path = reproduce.compute(study, ["all"])
        files = [path, study.out / "study.json", *(study.out / "items").iterdir()]
        return {str(file.relative_to(folder)): file.read_bytes() for file in files}, lines


with_the_paper = pytest.mark.beside(whole_paper, each=False)


@pytest.fixture
def paper(beside, tmp_path):
    """The folder of that study."""
    folder, (files, _) = tmp_path / "whole paper", beside
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@with_the_paper
def test_items_in_processes_of_their_own_are_kept_as_those_computed_here(paper, beside, tmp_path):
    """Those of the whole paper were computed in one process; here are two, of which one trains."""
    there, names, told = tmp_path / "processes", ["fig3", "table1"], []
    reproduce.compute(quick_study(there, told.append), names, processes=2)
    assert "  table1: net scenes-seed-0" in told and len(told) == 6
    assert "  net scenes-seed-0" in beside[1]
    kept, here = [], beside[1]
    for lines, folder, wanted, processes in ((told, there, names, 2), (here, paper, ["all"], 1)):
        items, told = reproduce.find(wanted), []
        done = {line.partition(" ")[0] for line in lines if "] done: " in line}
        assert done == {f"[{number}/{len(items)}]" for number in range(1, len(items) + 1)}
        path = reproduce.compute(quick_study(folder, told.append), wanted, processes=processes)
        assert len(told) == len(items)
        assert all(line.endswith("(finished before)") for line in told)
        reports = {item.name: reproduce.read(folder, item.name) for item in items}
        kept.append([claim.paper for name in names for claim in reports[name].claims])
        pictures = sum(section.picture is not None for report in reports.values()
                       for section in report.sections)
        assert path.read_text(encoding="utf-8").count('class="zoom"') == pictures
    assert kept[0] == kept[1]       # what is measured differs in rounding


def test_an_item_that_fails_in_its_process_says_why_and_loses_nothing(tmp_path):
    study = quick_study(tmp_path / "paper")
    damaged = study.out / "nets" / "scenes-seed-0" / "checkpoint.npz"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("no net")
    with pytest.raises(ChildProcessError, match="table1 could not be computed: .*"
                                                "checkpoint.npz can't be read as .npz"):
        reproduce.compute(study, ["fig3", "table1"], processes=2)
    assert damaged.read_text() == "no net" and reproduce.read(study.out, "table1") is None


def test_every_figure_and_table_of_the_paper_has_an_item():
    figures, tables = {f"fig{n}" for n in range(1, 10)}, {f"table{n}" for n in range(1, 8)}
    assert sorted(reproduce.names()) == sorted(figures | tables | {"training", "limits"})


@pytest.mark.parametrize("item", reproduce.ITEMS, ids=lambda item: item.name)
def test_an_item_is_built_by_the_one_rule(item):
    package, _, last = item.report.__module__.rpartition(".")
    assert (last, item.report.__name__) == ("report", "report")
    introduction = ast.parse(getsource(import_module(package)))
    assert ast.get_docstring(introduction) and len(introduction.body) == 1
    for name in ("measure", "draw", "report"):
        module = import_module(f"{package}.{name}")
        assert module.__doc__ and getattr(module, name).__module__ == module.__name__
    for heading, text in texts.read(package).items():
        for _, field, _, _ in Formatter().parse(text):
            assert field is None or field[:1].isalpha(), f"{heading}: {{{field}}} has no name"


@pytest.mark.parametrize("item", reproduce.ITEMS, ids=lambda item: item.name)
@with_the_paper
def test_an_item_has_claims_with_a_verdict_and_pictures_with_a_text(paper, item):
    report = reproduce.read(paper, item.name)
    assert report.claims
    for claim in report.claims:
        assert len(claim.paper) > 30 and len(claim.measured) > 10, claim
        has_number = any(letter.isdigit() for letter in claim.measured)
        assert claim.verdict == NOT_TESTABLE or has_number, claim
        assert claim.verdict in VERDICTS
    pictures = [section for section in report.sections if section.picture is not None]
    assert pictures
    for section in pictures:
        assert section.text and section.heading and section.alt
        with Image.open(io.BytesIO(section.picture)) as image:
            shades = np.asarray(image.convert("L"))
        fits_the_page, is_empty = shades.shape[1] <= 9.05 * plots.DPI, shades.std() <= 5
        assert fits_the_page and not is_empty, section.heading


@with_the_paper
def test_the_page_has_every_item_and_fetches_nothing(paper):
    text = (paper / "index.html").read_text(encoding="utf-8")
    anchors = set(re.findall(r' id="([^"]+)"', text))
    assert all(escape(item.heading) in text for item in reproduce.ITEMS)
    assert set(re.findall(r'href="#([^"]+)"', text)) <= anchors
    assert not re.findall(r'(?:src|href)="(?!data:|#)', text) and "<script" not in text
