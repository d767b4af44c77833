"""The page of all lessons, tutorials/index.html: it opens without a network."""
import io
import json
from html import escape
from typing import NamedTuple

from PIL import Image

from .. import page
from . import notebook

TITLE = "numpyzf: lessons"
WIDTH = 240         # of the pictures, in pixels
INTRODUCTION = """\
<p>One idea each, best in this order. A notebook has been run already: read it, or open it in
Jupyter or VS Code, change something, and run it again. The plain Python file is the same lesson,
and runs as a script. Exercises come last; <code>numpyzf lesson answers 1</code> shows the answers
to those of lesson 1.</p>"""


class Entry(NamedTuple):
    """What the page says of one lesson, or of anything like it."""
    heading: str
    question: str
    facts: dict             # {"Running time": text, …}
    links: dict             # {text: address}
    picture: bytes = b""    # a PNG file


def write(folder, lessons):
    """Write folder/index.html from the sources and the notebooks that are there.

    folder: a Path.
    lessons: source.Lesson, in order.
    Raises ValueError for a lesson without a notebook.
    """
    cards = [_card(_entry(lesson)) for lesson in lessons]
    page.write_html(folder / "index.html", TITLE, "\n".join([INTRODUCTION, *cards]))


def _entry(lesson):
    if not lesson.notebook.exists():
        raise ValueError(f"{lesson.notebook} isn't there: numpyzf lesson build {lesson.number}")
    made = json.loads(lesson.notebook.read_text(encoding="utf-8"))
    facts = {key: text for key, text in lesson.facts.items() if key != "Question"}
    links = {"notebook": lesson.notebook.name, "plain Python": lesson.path.name}
    return Entry(f"{lesson.number}. {lesson.title}", lesson.facts["Question"], facts, links,
                 small(cover(made)))


def cover(made):
    """The picture of a notebook that stands for it: that of the cell tagged "cover", or the first.

    Returns the bytes of a PNG file, b"" if there is no picture.
    """
    pictures = notebook.pictures(made)
    chosen = [png for tags, png in pictures if "cover" in tags] or [png for _, png in pictures]
    return chosen[0] if chosen else b""


def small(png):
    """A PNG file made WIDTH pixels wide."""
    if not png:
        return b""
    image, buffer = Image.open(io.BytesIO(png)).convert("RGB"), io.BytesIO()
    image.thumbnail((WIDTH, WIDTH))
    image.save(buffer, "png", optimize=True)
    return buffer.getvalue()


def _card(entry):
    image = page.image(entry.picture, f"A picture from: {entry.heading}") if entry.picture else ""
    facts = "<br>\n".join(f"{escape(key)}: {escape(text.rstrip('.'))}"
                          for key, text in entry.facts.items())
    links = " · ".join(f'<a href="{escape(address)}">{escape(text)}</a>'
                       for text, address in entry.links.items())
    return ('<section style="display: flex; flex-wrap: wrap; gap: 0 2rem; margin-top: 2.5rem">\n'
            f'<div style="flex: 0 0 {WIDTH}px">{image}</div>\n'
            '<div style="flex: 1 1 20rem">\n'
            f'<h2 style="margin-top: .6rem">{escape(entry.heading)}</h2>\n'
            f"<p>{escape(entry.question)}</p>\n"
            f'<p style="color: #555; font-size: .95rem">{facts}</p>\n<p>{links}</p>\n'
            "</div>\n</section>")
