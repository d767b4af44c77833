"""One HTML page that holds its pictures itself.

It opens without a network, can be sent by mail, and needs no other file. Its frame is page.html.
"""
import html
import re
from base64 import b64encode
from importlib.resources import files
from string import Template
from typing import NamedTuple
from urllib.parse import quote

from . import plots, texts
from .files import replacing


class Section(NamedTuple):
    """One part of a page: a heading, a text, and, if wanted, a table and a picture."""
    heading: str
    text: str               # an empty line separates paragraphs
    picture: object = None  # a matplotlib figure, or the bytes of a PNG file
    rows: list = ()         # the table: rows of cells, text or Link; the first row is the head
    alt: str = ""           # what the picture shows, for those who can't see it; else the heading
    level: int = 2          # of the heading: 2, or 3 below another section


class Link(NamedTuple):
    """A cell of a table that leads to a section, or to a file beside the page."""
    text: str
    heading: str = ""       # the section's heading
    file: str = ""          # or the file's name


def write(path, title, sections):
    """Write one page that needs no other file.

    path: the file; an earlier page stays whole if writing fails.
    title: text.
    sections: a list of Section, or of tuples like it.

    All text is cleaned, see texts.clean, and escaped. Raises ValueError for picture bytes that are
    no PNG file.
    """
    write_html(path, title, "\n".join(section_html(Section(*section)) for section in sections))


def write_html(path, title, sections):
    """Write one page whose sections are HTML already.

    path, title: as in `write`.
    sections: HTML; it is put into the frame as it is.
    """
    frame = Template(files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    text = frame.substitute(title=escape(title), sections=sections)
    with replacing(path) as file:
        file.write(text.encode())


def escape(text):
    """Text as HTML that shows it: cleaned, see texts.clean, and escaped."""
    return html.escape(texts.clean(text))


def section_html(section):
    """A Section as HTML, for `write_html`. Raises ValueError for picture bytes that are no PNG."""
    level, heading = section.level, section.heading
    parts = [f'<h{level} id="{_anchor(heading)}">{escape(heading)}</h{level}>']
    for paragraph in section.text.split("\n\n"):
        if paragraph:
            parts.append(f"<p>{escape(paragraph)}</p>")
    if section.rows:
        parts.append(_table(section.rows))
    if section.picture is not None:
        parts.append(image(section.picture, section.alt or heading))
    return "<section>\n" + "\n".join(parts) + "\n</section>"


def _table(rows):
    lines = [_row(rows[0], "th")] + [_row(row, "td") for row in rows[1:]]
    return '<div class="table"><table>\n' + "\n".join(lines) + "\n</table></div>"


def _row(cells, tag):
    return "<tr>" + "".join(f"<{tag}>{_cell(cell)}</{tag}>" for cell in cells) + "</tr>"


def _cell(cell):
    if isinstance(cell, Link):
        where = quote(cell.file) if cell.file else f"#{_anchor(cell.heading)}"
        return f'<a href="{where}">{escape(cell.text)}</a>'
    return escape(cell)


def _anchor(heading):
    """The name by which links find a heading.

    >>> _anchor("Figure 1: a & b")
    'figure-1-a-b'
    """
    return re.sub("[^a-z0-9]+", "-", heading.lower()).strip("-")


def image(picture, alt):
    """An HTML image that holds its picture itself.

    picture: a matplotlib figure, or the bytes of a PNG file.
    alt: text, what it shows.
    Raises ValueError for bytes that are no PNG file.
    """
    png = picture if isinstance(picture, bytes) else plots.png_bytes(picture)
    if not png.startswith(b"\x89PNG\r\n\x1a\n"):
        raise ValueError(f"the picture {alt!r} must be a matplotlib figure or the bytes of a "
                         "PNG file")
    data = b64encode(png).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}">'
