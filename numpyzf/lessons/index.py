"""The page of all lessons and labs, tutorials/index.html: it opens without a network."""
import io
import json
from html import escape
from typing import NamedTuple

from PIL import Image

from .. import page
from ..labs import LABS
from ..labs.tasks import load
from . import notebook

TITLE = "numpyzf: lessons and labs"
WIDTH = 240         # of the pictures, in pixels
INTRODUCTION = """\
<p>One idea each, best in this order. A notebook has been run already: read it, or open it in
Jupyter or VS Code, change something, and run it again. The plain Python file is the same lesson,
and runs as a script. Exercises come last; <code>numpyzf lesson answers 1</code> shows the answers
to those of lesson 1. <a href="#labs">Labs</a> stand behind the lessons.</p>"""
LABS_INTRODUCTION = """\
<h2 id="labs" style="margin-top: 4rem">Labs</h2>
<p>Now you write the operations, and the grader says precisely what is wrong.
<code>numpyzf lab start pooling</code> writes the exercise,
<code>numpyzf lab check pooling.py</code> grades it as often as you like. When a lab passes, your
functions draw a figure. Each stands alone, in any order.</p>"""


class Entry(NamedTuple):
    """What the page says of one lesson or lab."""
    heading: str
    question: str
    facts: dict             # {"Running time": text, …}
    links: dict             # {text: address}
    picture: bytes = b""    # a PNG file
    command: str = ""       # how to begin


def write(folder, lessons):
    """Write folder/index.html from the sources and the notebooks that are there.

    folder: a Path.
    lessons: source.Lesson, in order.
    Labs are on it that go with one of these lessons. Raises ValueError for a lesson without a
    notebook.
    """
    entries = {lesson.number: _entry(lesson) for lesson in lessons}
    labs = [_lab(lab, entries[lab.about.lesson]) for lab in map(load, LABS)
            if lab.about.lesson in entries]
    parts = [INTRODUCTION, *map(_card, entries.values()), LABS_INTRODUCTION, *map(_card, labs)]
    page.write_html(folder / "index.html", TITLE, "\n".join(parts))


def _entry(lesson):
    if not lesson.notebook.exists():
        raise ValueError(f"{lesson.notebook} isn't there: numpyzf lesson build {lesson.number}")
    made = json.loads(lesson.notebook.read_text(encoding="utf-8"))
    facts = {key: text for key, text in lesson.facts.items() if key != "Question"}
    links = {"notebook": lesson.notebook.name, "plain Python": lesson.path.name}
    return Entry(f"{lesson.number}. {lesson.title}", lesson.facts["Question"], facts, links,
                 small(cover(made)))


def _lab(lab, lesson):
    """The entry of a lab, with the picture of the lesson that it goes with."""
    facts = {"In the paper": f"section {lab.about.section}",
             "Time": f"about {lab.about.minutes} minutes, {len(lab.tasks)} tasks, "
                     f"{lab.points} points",
             "Before it": f"{lab.about.needs} (lesson {lab.about.lesson})"}
    return Entry(f"Lab: {lab.title}", lab.summary, facts, {}, lesson.picture,
                 f"numpyzf lab start {lab.name}")


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
    links += f"<code>{escape(entry.command)}</code>" if entry.command else ""
    return ('<section style="display: flex; flex-wrap: wrap; gap: 0 2rem; margin-top: 2.5rem">\n'
            f'<div style="flex: 0 0 {WIDTH}px">{image}</div>\n'
            '<div style="flex: 1 1 20rem">\n'
            f'<h2 style="margin-top: .6rem">{escape(entry.heading)}</h2>\n'
            f"<p>{escape(entry.question)}</p>\n"
            f'<p style="color: #555; font-size: .95rem">{facts}</p>\n<p>{links}</p>\n'
            "</div>\n</section>")
