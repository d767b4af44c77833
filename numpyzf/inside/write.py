"""Puts the page together: page.html with its style, its script, the data and the sheets.

The page is one file that opens offline, see page.html. What comes from outside (names of classes,
files and layers) stands in the data alone, and the script shows it as text.
"""
import json
from base64 import b64encode
from importlib.resources import files
from string import Template

from .. import page
from ..files import replacing


def write(path, data, sheets):
    """Write the page to look inside a net.

    path: the file; an earlier page stays whole if writing fails.
    data: what build.py gathers, a dict that JSON can hold, without NaN or infinite numbers.
    sheets: {name: the bytes of a WebP file}, in the order in which a browser shall get them.

    The same data and sheets give the same bytes. Returns the file's size in bytes.
    Raises ValueError for a number that JSON doesn't have, OSError for a path that can't be written.
    """
    frame = Template(_read("page.html"))
    text = frame.substitute(
        title=page.escape(f"Inside {data['title']}"), style=_read("page.css"), data=as_json(data),
        script=script(),
        sheets="\n".join(_sheet(name, sheet) for name, sheet in sheets.items()))
    content = text.encode()
    with replacing(path) as file:
        file.write(content)
    return len(content)


def as_json(data):
    """Data as JSON that may stand inside a script element: no character of it opens a tag.

    >>> as_json(["</script>"])
    '["\\\\u003c/script>"]'
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", r"\u003c")


def script():
    """What page.html runs: the files of the folder script, in the order of their numbers."""
    names = sorted(file.name for file in files(__package__).joinpath("script").iterdir())
    return "\n".join(_read(f"script/{name}") for name in names)


def _sheet(name, sheet):
    """A picture sheet as a script element that no browser runs; the script reads its text."""
    return (f'<script type="text/plain" id="sheet-{page.escape(name)}">'
            f'{b64encode(sheet).decode()}</script>')


def _read(name):
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
