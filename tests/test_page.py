"""The page is one file, holds its pictures, and shows text as text."""
import base64
from html.parser import HTMLParser

import pytest

from numpyzf import page, plots


class Reader(HTMLParser):
    """What a browser would make of a page.

    Its pictures, its text by tag, and everything that the browser would have to fetch.
    """

    def __init__(self, path):
        super().__init__()
        self.open, self.images, self.text, self.fetched, self.tags = [], [], [], [], set()
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.add(tag)
        if tag not in ("meta", "img"):
            self.open.append(tag)
        if tag == "img":
            self.images.append((attributes["src"], attributes["alt"]))
        for key in ("src", "href", "srcset"):
            if not attributes.get(key, "data:").startswith("data:"):
                self.fetched.append(attributes[key])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.text.append((self.open[-1], data))


def picture():
    figure = plots.figure(1, 1)
    figure.subplots().plot([1, 2])
    return figure


def test_one_file_with_every_picture(tmp_path):
    png = plots.png_bytes(picture())
    page.write(tmp_path / "index.html", "Title", [
        page.Section("One", "First.\n\nSecond.", picture(), alt="a line"),
        ("Two", "As a tuple.", png),
        page.Section("Three", "No picture.", rows=[("layer", "maps"), ("conv1", 96)])])
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
    reader = Reader(tmp_path / "index.html")
    assert reader.open == [] and reader.fetched == [] and not {"script", "link"} & reader.tags
    assert [alt for _, alt in reader.images] == ["a line", "Two"]
    prefix = "data:image/png;base64,"
    assert all(src.startswith(prefix) for src, _ in reader.images)
    assert base64.b64decode(reader.images[1][0].removeprefix(prefix), validate=True) == png
    paragraphs = [text for tag, text in reader.text if tag == "p"]
    assert paragraphs == ["First.", "Second.", "As a tuple.", "No picture."]
    cells = [(tag, text) for tag, text in reader.text if tag in ("th", "td")]
    assert cells == [("th", "layer"), ("th", "maps"), ("td", "conv1"), ("td", "96")]


def test_text_is_escaped(tmp_path):
    nasty = '<script>alert("&amp;")</script> {title} $title $$ ${sections} \' é 像'
    rows = [(nasty,), (nasty,)]
    page.write(tmp_path / "x.html", nasty, [page.Section(nasty, nasty, picture(), rows, nasty)])
    reader = Reader(tmp_path / "x.html")
    assert "script" not in reader.tags
    tags = [tag for tag, text in reader.text if text == nasty]
    assert tags == ["title", "h1", "h2", "p", "th", "td"]
    assert reader.images[0][1] == nasty


def test_names_that_are_no_text_are_shown_and_not_obeyed(tmp_path):
    """Bytes that were no UTF-8 in a file's name, escapes of a terminal, marks, and 300 letters."""
    name = "caf\udce9 \x1b[31m\x00 $\\frac{$ \u202e" + 300 * "w"
    page.write(tmp_path / "x.html", name, [page.Section(name, name, picture(), [(name,)], name)])
    reader = Reader(tmp_path / "x.html")
    shown = "caf? ?[31m? $\\frac{$ " + 300 * "w"
    assert [text for _, text in reader.text if "caf" in text] == 5 * [shown]
    assert reader.images[0][1] == shown


def test_a_page_that_fails_leaves_the_earlier_one(tmp_path):
    (tmp_path / "x.html").write_text("earlier")
    with pytest.raises(ValueError, match="figure or the bytes of a PNG"):
        page.write(tmp_path / "x.html", "t", [page.Section("h", "t", b"no picture")])
    there = [(path.name, path.read_text()) for path in tmp_path.iterdir()]
    assert there == [("x.html", "earlier")]
    with pytest.raises(OSError, match="nowhere"):
        page.write(tmp_path / "nowhere" / "x.html", "t", [])


def test_pictures_stand_below_their_table(tmp_path):
    section = page.Section("Both", "Text.", picture(), [("head",), ("cell",)])
    page.write(tmp_path / "x.html", "t", [section])
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert text.index("<h2") < text.index("<p>") < text.index("<table>") < text.index("<img")


def test_a_link_may_lead_to_a_file_beside_the_page(tmp_path):
    rows = [("page",), (page.Link("all <of> it", file='a "b"/ü.html'),)]
    page.write(tmp_path / "x.html", "t", [page.Section("All", "", rows=rows)])
    assert Reader(tmp_path / "x.html").fetched == ["a%20%22b%22/%C3%BC.html"]


def test_links_lead_to_the_section_of_that_heading_and_nowhere_else(tmp_path):
    page.write(tmp_path / "x.html", "t", [
        page.Section("All", "", rows=[("item",), (page.Link("F 1", "Figure 1: a & b"),),
                                      (page.Link("F 2", "Figure 2"),)]),
        page.Section("Figure 1: a & b", ""), page.Section("Figure 2", "", level=3)])
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    reader = Reader(tmp_path / "x.html")
    assert reader.fetched == ["#figure-1-a-b", "#figure-2"]
    assert '<h2 id="figure-1-a-b">Figure 1: a &amp; b</h2>' in text
    assert '<h3 id="figure-2">Figure 2</h3>' in text
    assert [text for tag, text in reader.text if tag == "a"] == ["F 1", "F 2"]
    assert "<p>" not in text
