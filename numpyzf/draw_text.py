"""The words in a figure, taken for what they are: names are no formulas and give no orders.

A class may be called "$a$", or "$$", and in any script for which a font is installed.
"""
import logging
import sys
import warnings
from contextlib import contextmanager
from functools import cache

from . import texts

TOLD = set()        # characters of which was said that no font has them


@contextmanager
def plain(figure):
    """Make every text of a matplotlib figure plain, to draw it then: `with plain(figure): …`.

    Nothing is parsed. Control characters go, see texts.clean. What matplotlib's own font lacks is
    drawn in an installed font that has it; where there is none, as "?", which is told on stderr.
    Matplotlib's own words about that are not.

    figure: changed in place.
    """
    from matplotlib.text import Text
    formulas = _formulas(figure)
    found = [text for text in figure.findobj(Text) if text not in formulas]
    for text in found:
        text.set_parse_math(False)
        text.set_text("\n".join(map(texts.clean, text.get_text().split("\n"))))
    families, lacking = _fonts(frozenset("".join(text.get_text() for text in found)) - {"\n"})
    _tell(lacking)
    for text in found:
        if not text.get_text().isascii():
            text.set_text("".join("?" if c in lacking else c for c in text.get_text()))
            text.set_fontfamily(["DejaVu Sans", *families])
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(logging.ERROR)         # "Failed to find font weight normal": then bold it is
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from")
            yield
    finally:
        log.setLevel(level)


def _formulas(figure):
    """What matplotlib writes along axes of powers: 10² is a formula."""
    from matplotlib.text import Text
    from matplotlib.ticker import LogFormatter
    powers = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if isinstance(axis.get_major_formatter(), LogFormatter):
                powers |= set(axis.findobj(Text)) - {axis.label}
    return powers


@cache
def _fonts(characters):
    """Installed fonts for what of `characters` matplotlib's own font lacks, and what no font has.

    characters: a frozenset.
    Returns a tuple of families and a frozenset.
    """
    import matplotlib
    from matplotlib import font_manager
    lacking = characters - _characters(font_manager.findfont("DejaVu Sans"))
    families = []
    for font in sorted(font_manager.fontManager.ttflist, key=lambda font: font.name):
        if not lacking:
            break
        if not font.fname.startswith(matplotlib.get_data_path()):   # those are for formulas
            has = lacking & _characters(font.fname)
            if has:
                families.append(font.name)
                lacking -= has
    return tuple(families), lacking


def _characters(path):
    """The characters that a font file has; none of one that matplotlib can't read."""
    from matplotlib.ft2font import FT2Font
    try:
        return set(map(chr, FT2Font(path).get_charmap()))
    except (OSError, RuntimeError):
        return set()


def _tell(lacking):
    new = lacking - TOLD
    TOLD.update(new)
    if new and sys.stderr is not None:
        print("no installed font has these characters, drawn as ?: "
              f"{texts.short(' '.join(sorted(new)))}", file=sys.stderr)
