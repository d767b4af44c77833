"""One HTML page that holds its pictures itself: it opens offline, can be sent by mail, and needs nothing beside it."""
import re
from base64 import b64encode
from html import escape
from typing import NamedTuple

from . import plots
from .checkpoints import replacing

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light; }}
body {{ margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 56rem; background: #fdfdfb; color: #222;
       font: 1.06rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }}
h1 {{ font-size: 1.9rem; line-height: 1.2; margin: 0 0 1.5rem; }}
h2 {{ font-size: 1.3rem; line-height: 1.3; margin: 3rem 0 .5rem; }}
h3 {{ font-size: 1.06rem; line-height: 1.3; margin: 2rem 0 .5rem; }}
a {{ color: #00558c; }}
td a {{ white-space: nowrap; }}
p {{ max-width: 44rem; margin: .6rem 0; }}
img {{ display: block; max-width: 100%; height: auto; margin: 1.2rem 0; background: white; }}
.table {{ overflow-x: auto; }}
table {{ border-collapse: collapse; margin: 1.2rem 0; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: left; padding: .25rem 1.5rem .25rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }}
</style>
</head>
<body>
<h1>{title}</h1>
{sections}
</body>
</html>
"""


class Section(NamedTuple):
    """One part of a page: a heading, text (an empty line between paragraphs), and, if wanted, a picture and a table.

    picture: a matplotlib figure or the bytes of a PNG file; alt: what it shows, for those who can't see it (else the heading).
    rows: the table, a list of rows of cells, text or Link, the first of which is the heading. level: 2, or 3 below another section.
    """
    heading: str
    text: str
    picture: object = None
    rows: list = ()
    alt: str = ""
    level: int = 2


class Link(NamedTuple):
    """A cell of a table that leads to the section with this heading."""
    text: str
    heading: str


def write(path, title, sections):
    """Write one self-contained page; sections is a list of Section, or of tuples like it.

    All text is escaped. An earlier page stays whole if writing fails.
    Raises ValueError for picture bytes that are no PNG.
    """
    html = PAGE.format(title=escape(title), sections="\n".join(_section(*section) for section in sections))
    with replacing(path) as file:
        file.write(html.encode())


def _section(heading, text, picture=None, rows=(), alt="", level=2):
    parts = [f'<h{level} id="{_anchor(heading)}">{escape(heading)}</h{level}>']
    parts += [f"<p>{escape(paragraph)}</p>" for paragraph in text.split("\n\n") if paragraph]
    if rows:
        parts.append(_table(rows))
    if picture is not None:
        parts.append(_image(picture, alt or heading))
    return "<section>\n" + "\n".join(parts) + "\n</section>"


def _anchor(heading):
    return re.sub("[^a-z0-9]+", "-", heading.lower()).strip("-")


def _image(picture, alt):
    png = picture if isinstance(picture, bytes) else plots.png_bytes(picture)
    if not png.startswith(b"\x89PNG\r\n\x1a\n"):
        raise ValueError(f"the picture {alt!r} must be a matplotlib figure or the bytes of a PNG file")
    return f'<img src="data:image/png;base64,{b64encode(png).decode()}" alt="{escape(alt)}">'


def _table(rows):
    head, *body = [[_cell(cell) for cell in row] for row in rows]
    lines = ["<tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in body]
    return '<div class="table"><table>\n' + "\n".join(lines) + "\n</table></div>"


def _cell(cell):
    if isinstance(cell, Link):
        return f'<a href="#{_anchor(cell.heading)}">{escape(cell.text)}</a>'
    return escape(str(cell))
