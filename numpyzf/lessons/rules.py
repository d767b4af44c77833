"""What a lesson has to keep, above all: each number of a text is computed, by a cell below it."""
import ast
import re
from itertools import pairwise

from . import notebook

# −5, 1,500, 0.067, .067, 1e-4; not the 1 of conv1, and not the 3 of 3D
NUMBER = re.compile(r"(?<![\w.)\]])-?(?<![\w.])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?"
                    r"|\d+(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+)(?![A-Za-z_0-9])")
# what isn't a claim: a figure's number, an exercise's, CIFAR-10, an address, the opening's facts
REFERENCE = re.compile(r"\b(?:figures?|tables?|sections?|lessons?|exercises?|labs?) "
                       r"\d[\d.]*(?:(?:, | and | to | or |–)\d[\d.]*)*|^\s*\d+\. |\]\([^)]*\)"
                       r"|https?://\S+|\b[A-Za-z]{2,}-\d+|^\*\*\d+\.\*\*|^# \d+\."
                       r"|^- \*\*(?:In the paper|Running time|Before it):(?:.+\n?)(?:  .+\n?)*",
                       re.I | re.M)


def problems(lesson, outputs):
    """What a lesson doesn't keep.

    lesson: source.Lesson.
    outputs: of each of its code cells, the hidden ones too, as notebook.run gives them.
    Returns lines, each with file and line number; none if all is well.
    """
    rest = iter(outputs)
    cells = [(cell, next(rest) if cell.kind == "code" else []) for cell in lesson.cells]
    lines = _unfounded(cells) + _unasserted(lesson.cells) + _hidden(lesson.cells)
    lines += _exercises(lesson.cells)
    if not any("image/png" in output.get("data", {}) for _, own in cells for output in own):
        lines.append((1, "the lesson shows no picture"))
    return [f"{lesson.path.name}, line {number}: {text}" for number, text in sorted(lines)]


# ---- numbers ------------------------------------------------------------------------------------

def numbers(text):
    """The numbers that a text states, in order: [(value, decimals), …].

    >>> numbers("From 1,500 to −2.50, that is 8 %; conv1 and section 2.1 don't count")
    [(1500.0, 0), (-2.5, 2), (8.0, 0)]
    """
    text = REFERENCE.sub(lambda match: "\n" * match[0].count("\n"), text)
    return [_number(match[0]) for match in NUMBER.finditer(text.replace("−", "-"))]


def _number(text):
    text = text.replace(",", "")
    return float(text), 9 if "e" in text else len(text.partition(".")[2])


def _unfounded(cells):
    """Texts whose numbers aren't, one by one, those of the numbers cell below."""
    lines, text, given = [], None, []
    for cell, outputs in [*cells, (None, [])]:
        if cell is None or cell.kind == "markdown":
            if text:
                lines += _differences(text, given)
            text, given = cell, []
        elif "numbers" in cell.tags:
            given += [_number(match[0]) for match in NUMBER.finditer(notebook.texts(outputs))]
    return lines


def _differences(text, given):
    said = numbers(text.text)
    for (value, decimals), (computed, _) in zip(said, given):
        if value != computed and not (decimals and round(computed, decimals) == value):
            return [(text.line, f"a text says {_list(said)}, its numbers cell {_list(given)}: "
                     f"{value:g} is not {computed:g}")]
    if len(said) != len(given):
        return [(text.line, f"a text says {_list(said)}, its numbers cell {_list(given)}")]
    return []


def _list(values):
    return ", ".join(f"{value:g}" for value, _ in values) or "nothing"


# ---- structure ----------------------------------------------------------------------------------

def _unasserted(cells):
    """Sections with code in which neither an assert nor a number is checked."""
    starts = [i for i, cell in enumerate(cells) if cell.text.startswith("## ")]
    lines = []
    for start, stop in pairwise([*starts, len(cells)]):
        code = [cell for cell in cells[start:stop] if cell.kind == "code"]
        checks = any("numbers" in cell.tags or re.search(r"^ *assert ", cell.text, re.M)
                     for cell in code)
        if code and not checks:
            lines.append((cells[start].line, "this section asserts nothing of what it says"))
    return lines


def _hidden(cells):
    """Numbers cells that are more than an expression: the notebook, without it, may lack a name."""
    return [(cell.line, "a numbers cell is one expression, a list")
            for cell in cells if "numbers" in cell.tags
            and not (len(body := ast.parse(cell.text).body) == 1 and isinstance(body[0], ast.Expr))]


def _exercises(cells):
    first = next((i for i, cell in enumerate(cells) if cell.text.startswith("## Exercises")), None)
    if first is None:
        return [(1, "the lesson has no section '## Exercises'")]
    line, text, lines = cells[first].line, cells[first].text, []
    asked = re.split(r"^\d+\. ", text, flags=re.M)[1:]
    lines += [(line, f"exercise {number} doesn't say what to predict")
              for number, words in enumerate(asked, 1) if "predict" not in words.lower()]
    if "numpyzf lab " not in text:
        lines.append((line, "the exercises name no lab: numpyzf lab start …"))
    answers = [re.match(r"\*\*(\d+)\.\*\*", cell.text) for cell in cells if "answer" in cell.tags]
    given = [int(match[1]) for match in answers if match]
    if not asked or given != [*range(1, len(asked) + 1)]:
        lines.append((line, f"{len(asked)} exercises, but answers to {given or 'none'}"))
    if not all(cell.is_hidden for cell in cells[first + 1:]):
        lines.append((line, "behind the exercises there are only answers"))
    return lines
