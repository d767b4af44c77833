"""Texts are read from text.md: headings, paragraphs, and nothing else."""
from itertools import count

import pytest

from numpyzf import texts

pytestmark = pytest.mark.small
NUMBERS = count()       # Python keeps a package that was imported, so each gets another name


@pytest.fixture
def read(tmp_path, monkeypatch):
    """read(content) reads it as the text.md of a package."""
    monkeypatch.syspath_prepend(tmp_path)

    def read(content):
        folder = tmp_path / f"package_with_a_text_{next(NUMBERS)}"
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        (folder / "text.md").write_text(content, encoding="utf-8")
        return texts.read(folder.name)
    return read


def test_headings_and_paragraphs(read):
    found = read("# Not read\n\nNor this.\n\n## one\n\nFirst line\nand second, of “{x:.1%}”.\n\n"
                 "Another paragraph.\n\n## two words\nNo empty line.\n")
    assert found == {"one": "First line and second, of “{x:.1%}”.\n\nAnother paragraph.",
                     "two words": "No empty line."}
    assert found["one"].format(x=0.5).startswith("First line and second, of “50.0%”.")


def test_a_heading_may_be_the_first_line_and_a_text_may_be_empty(read):
    assert read("## one\n## two\n\n# a line with one #, no heading\n### nor this\n") == {
        "one": "", "two": "# a line with one #, no heading ### nor this"}


def test_no_headings(read):
    assert read("Words.\n") == {}


def test_the_words_of_the_demo():
    found = texts.read("numpyzf.tour")
    assert set(found) == {"overview", "curve", "filters", "filters in color", "maps",
                          "how to read projections", "explain"}
    assert all(text and "\n#" not in text for text in found.values())
