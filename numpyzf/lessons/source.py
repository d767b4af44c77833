"""Reading a lesson: a Python file in the percent format, as cells with what its head says."""
import json
import re
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent.parent.parent / "tutorials"
HEAD = re.compile(r"# %%(?: \[(markdown)\])?(?: tags=(\[.*\]))?\s*")
TAGS = ("check", "numbers", "answer", "cover")
FACTS = ("Question", "In the paper", "Running time", "Before it")


class Cell(NamedTuple):
    """One cell of a lesson."""
    kind: str           # "markdown" or "code"
    text: str           # without the "# " of a text cell
    line: int           # where it begins in the file, below its head; the first line is 1
    tags: tuple = ()    # of TAGS

    @property
    def is_hidden(self):
        """Whether the notebook leaves it out."""
        return "answer" in self.tags or "numbers" in self.tags


class Lesson(NamedTuple):
    """One lesson, as its source says."""
    path: Path          # of the source
    number: int
    title: str          # without the number
    facts: dict         # {"Question": text, …}, by FACTS
    cells: list         # of Cell

    @property
    def notebook(self):
        """The path of its notebook, beside the source."""
        return self.path.with_suffix(".ipynb")

    @property
    def shown(self):
        """The cells of the notebook: all but answers and numbers."""
        return [cell for cell in self.cells if not cell.is_hidden]


def lessons(folder=FOLDER):
    """All lessons of a folder, in order.

    Raises FileNotFoundError if there are none: they come with the repository, and are no part of an
    installed package.
    """
    paths = sorted(Path(folder).glob("[0-9][0-9]-*.py"))
    if not paths:
        raise FileNotFoundError(f"no lessons in {folder}: they come with the source of numpyzf, in "
                                "its folder tutorials")
    return [read(path) for path in paths]


def find(number, folder=FOLDER):
    """The lesson of a number; ValueError if there is none."""
    found = {lesson.number: lesson for lesson in lessons(folder)}
    if number not in found:
        numbers = ", ".join(map(str, found))
        raise ValueError(f"no lesson {number}; the lessons are {numbers}")
    return found[number]


def read(path):
    """Read a lesson.

    path: of its source, NN-name.py.
    Returns a Lesson. Raises ValueError that names file and line for what is no cell, and for a
    first cell without title and facts.
    """
    path, cells, head, lines = Path(path), [], None, []
    text = path.read_text(encoding="utf-8")
    for number, line in enumerate([*text.splitlines(), "# %%"], 1):
        if not line.startswith("# %%"):
            lines.append(line)
            continue
        if head is not None:
            cells.append(_cell(path, head, lines))
        elif any(lines):
            raise ValueError(f"{path}, line 1: a lesson begins with a line '# %% [markdown]'")
        head, lines = (number, line), []
    number, title, facts = _opening(path, cells)
    return Lesson(path, number, title, facts, cells)


def _cell(path, head, lines):
    number, line = head
    match = HEAD.fullmatch(line)
    tags = _tags(match[2]) if match else None
    if tags is None:
        raise ValueError(f"{path}, line {number}: a cell's head is '# %%' or '# %% [markdown]', "
                         'perhaps with tags=["…"] behind it, of the tags '
                         f"{', '.join(TAGS)}; not {line!r}")
    start = number + 1
    while lines and not lines[0].strip():
        lines, start = lines[1:], start + 1
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    if not lines:
        raise ValueError(f"{path}, line {number}: this cell is empty")
    kind = match[1] or "code"
    if kind == "markdown":
        lines = [_uncommented(path, start + i, line) for i, line in enumerate(lines)]
    return Cell(kind, "\n".join(lines), start, tags)


def _tags(text):
    """The tags in a cell's head, such as '["check"]'; None for what can't be."""
    try:
        tags = tuple(json.loads(text or "[]"))
        return tags if set(tags) <= set(TAGS) else None
    except (json.JSONDecodeError, TypeError):
        return None


def _uncommented(path, number, line):
    if line != "#" and not line.startswith("# "):
        raise ValueError(f"{path}, line {number}: each line of a text begins with '# ', "
                         f"not {line!r}; code needs a line '# %%' above it")
    return line[2:]


def _opening(path, cells):
    """Number, title and facts, from the first cell."""
    text = cells[0].text if cells and cells[0].kind == "markdown" else ""
    match = re.match(r"# (\d+)\. (.+)\n", text)
    if not match or int(match[1]) != int(path.name[:2]):
        raise ValueError(f"{path}, line 2: a lesson begins with its number, the one of its file's "
                         "name, and its title: # # 4. The title")
    items = re.findall(r"^- \*\*([^*:]+):\*\* ((?:.+\n?)(?:  .+\n?)*)", text, re.M)
    facts = {key: " ".join(value.split()) for key, value in items}
    missing = [key for key in FACTS if key not in facts]
    if missing:
        raise ValueError(f"{path}, line 2: the first cell doesn't say {', '.join(missing)}, in "
                         f"lines such as: # - **{missing[0]}:** …")
    return int(match[1]), match[2], facts
