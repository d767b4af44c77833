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
                          "how to read projections", "explain", "every unit", "every unit shows"}
    assert all(text and "\n#" not in text for text in found.values())


# ---- names from outside --------------------------------------------------------------------------

@pytest.mark.parametrize("name, shown", [
    ("Ankle boot", "Ankle boot"), (r"$\frac{$", r"$\frac{$"), ("\x1b[31mred\x07", "?[31mred?"),
    ("two\nlines\tand\u2028more", "two lines and more"), ("a\u202eb\u200fc\u2066", "abc"),
    ("caf\udce9", "caf?"), ("鞋子 🙂", "鞋子 🙂"), ("nul\0", "nul?"), ("\ue000", "?"), (3, "3")])
def test_a_name_is_one_line_that_gives_no_orders(name, shown):
    assert texts.clean(name) == shown
    shown.encode()


@pytest.mark.parametrize("name, shown", [
    ("  a \n b ", "a b"), ("", "?"), ("\u202e", "?"), ("u\u0308ber", "über"),
    ("12345678", "12345678"), ("123456789", "1234…789")])
def test_a_short_name_keeps_both_ends(name, shown):
    assert texts.short(name, 8) == shown


def test_a_list_of_names_ends_somewhere():
    assert texts.listed(["a"]) == "a" and texts.listed("abc", most=3) == "a, b, c"
    assert texts.listed("abcd", most=3) == "a, b, c and 1 more"
    assert texts.listed(["x" * 99]) == texts.short("x" * 99)


@pytest.mark.parametrize("parts, name", [
    (["photo", "conv3", "guided"], "photo-conv3-guided.png"),
    (["a/b\\c", "caf\udce9\n"], "a_b_c-caf_ .png"),
    (["x" * 238, "conv3"], "x" * 190 + "-conv3.png"),
    (["鞋" * 100, "conv3"], "鞋" * 63 + "-conv3.png")])
def test_a_file_s_name_that_every_file_system_takes(parts, name, tmp_path):
    assert texts.file_name(*parts) == name
    assert len(name.encode()) <= texts.FILE_NAME
    (tmp_path / name).write_text("")
