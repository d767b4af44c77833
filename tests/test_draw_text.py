"""Names in a picture: nothing is parsed, nothing warned of, and a font is looked for."""
import shutil
import warnings
from pathlib import Path

import matplotlib
import pytest
from matplotlib import font_manager
from matplotlib.text import Text

from numpyzf import draw_text, plots


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch):
    monkeypatch.setattr(draw_text, "TOLD", set())
    draw_text._fonts.cache_clear()


def drawn(*names):
    """A figure with these texts, drawn without a warning."""
    with plots.style():
        figure = plots.figure(3, 1)
        for i, name in enumerate(names):
            figure.text(0.1, 0.2 + 0.2 * i, name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.png_bytes(figure, dpi=30)
    return figure.findobj(Text)


def words(texts):
    return [text.get_text() for text in texts]


@pytest.mark.parametrize("name, text", [
    ("\x1b[31mred", "?[31mred"), ("caf\udce9", "caf?"), ("a\u202eb", "ab"), ("a\nb", "a\nb"),
    (r"$\frac{$", r"$\frac{$"), ("Füße", "Füße")])
def test_a_name_is_drawn_as_it_is_or_cleaned(name, text, capsys):
    assert words(drawn(name)) == [text]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("fonts", [[], ["a font that can't be read"]])
def test_what_no_font_has_is_told_once(capsys, monkeypatch, fonts, tmp_path):
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    entries = [font_manager.FontEntry(fname=str(broken), name=name) for name in fonts]
    own = [font for font in font_manager.fontManager.ttflist
           if font.fname.startswith(matplotlib.get_data_path())]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own + entries)
    assert words(drawn("鞋子", "boot 鞋")) == ["??", "boot ?"]
    assert words(drawn("子", "帽")) == ["?", "?"]
    assert capsys.readouterr().err.splitlines() == [
        "no installed font has these characters, drawn as ?: 子 鞋",
        "no installed font has these characters, drawn as ?: 帽"]


def test_an_installed_font_that_has_it_is_used(capsys, caplog, monkeypatch, tmp_path):
    """STIX has a script A, and DejaVu Sans hasn't; here it is a font of the user's."""
    source = Path(matplotlib.get_data_path(), "fonts", "ttf", "STIXGeneral.ttf")
    file = shutil.copy(source, tmp_path / "user.ttf")
    user = font_manager.FontEntry(fname=str(file), name="A user's font", weight=700)
    monkeypatch.setattr(font_manager.fontManager, "ttflist",
                        [*font_manager.fontManager.ttflist, user])
    script, plain = drawn("\U0001d49c", "A")
    assert script.get_text() == "\U0001d49c" and "A user's font" in script.get_fontfamily()
    assert "A user's font" not in plain.get_fontfamily()
    assert capsys.readouterr().err == "" and caplog.records == []
