"""What a lesson has to keep, above all: no number in a text that no code stands for."""
import ast
import re
from itertools import pairwise

from . import notebook

# −5, 1,500, 0.067, .067, 1e-4; not the 1 of conv1, and not the 3 of 3D
NUMBER = re.compile(r"(?<![\w.)\]])-?(?<![\w.])"
                    r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+)"
                    r"(?![A-Za-z_0-9])(?P<percent> ?%)?")
# what isn't a claim: a figure's number, an exercise's, an address
REFERENCE = re.compile(r"\b(?:figures?|tables?|sections?|lessons?|exercises?|labs?) "
                       r"\d[\d.]*(?:(?:, | and | to | or |–)\d[\d.]*)*|^\s*\d+\. |\]\([^)]*\)"
                       r"|https?://\S+|^\*\*\d+\.\*\*", re.I | re.M)


def problems(lesson, made):
    """What a lesson doesn't keep.

    lesson: source.Lesson.
    made: its notebook, run.
    Returns lines, each with file and line number; none if all is well.
    """
    outputs = iter([cell["outputs"] for cell in made["cells"] if cell["cell_type"] == "code"])
    cells = [(cell, [] if cell.kind == "markdown" or cell.is_answer else next(outputs))
             for cell in lesson.cells]
    lines = []
    for section in _sections(cells):
        lines += _unfounded(section) + _unasserted(section)
    lines += _exercises(lesson)
    if not notebook.pictures(made):
        lines.append((1, "the lesson shows no picture"))
    return [f"{lesson.path.name}, line {number}: {text}" for number, text in lines]


def _sections(cells):
    """Split at the headings "## …"."""
    starts = [i for i, (cell, _) in enumerate(cells)
              if cell.kind == "markdown" and cell.text.startswith("## ")]
    return [cells[a:b] for a, b in pairwise([0, *starts, len(cells)])]


# ---- numbers ------------------------------------------------------------------------------------

def numbers(text):
    """The numbers of a text: [(value, decimals, whether it is in percent), …].

    >>> numbers("From 1,500 to −2.50, that is 8 %; conv1 and section 2.1 don't count")
    [(1500.0, 0, False), (-2.5, 2, False), (8.0, 0, True)]
    """
    text = REFERENCE.sub(" ", text).replace("−", "-")
    found = []
    for match in NUMBER.finditer(text):
        number = match[0].rstrip(" %").replace(",", "")
        decimals = len(number.partition(".")[2]) if "e" not in number else 9
        found.append((float(number), decimals, bool(match["percent"])))
    return found


def constants(code):
    """The numbers that a piece of code holds, comments and texts aside; −5 is 5 and −5."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            found.add(float(node.value))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            found |= {-value for value in constants(ast.unparse(node.operand))}
    return found


def stands_for(known, value, decimals, percent):
    """Whether one of the known numbers is this one, rounded to as many decimals.

    A whole number must be met exactly.

    >>> stands_for({0.8146}, 81.5, 1, True), stands_for({3.2}, 3, 0, False)
    (True, False)
    """
    if percent and any(round(100 * n, decimals) == value for n in known):
        return True
    return any(n == value or decimals and round(n, decimals) == value for n in known)


def _unfounded(section):
    """The numbers in the texts of a section for which none of its code or outputs stands."""
    known, lines = set(), []
    for cell, outputs in section:
        if cell.kind == "code":
            known |= constants(cell.text)
            known |= {value for value, _, _ in numbers(notebook.texts(outputs))}
    for cell, _ in section:
        if cell.kind == "markdown":
            allowed = known | {float(number) for number in cell.cited}
            for i, line in enumerate(cell.text.splitlines()):
                if re.match(r"# |- \*\*(In the paper|Running time|Before it):", line):
                    continue
                lines += [(cell.line + i, f"the text says {value:g}, but no code and no output of "
                           "its section does") for value, decimals, percent in numbers(line)
                          if not stands_for(allowed, value, decimals, percent)]
    return lines


# ---- structure ----------------------------------------------------------------------------------

def _unasserted(section):
    code = [cell for cell, _ in section if cell.kind == "code"]
    asserts = any(isinstance(node, ast.Assert) for cell in code
                  for node in ast.walk(ast.parse(cell.text)))
    beginning = section[0][0].kind == "code" or not section[0][0].text.startswith("## ")
    if code and not asserts and not beginning:
        return [(section[0][0].line, "this section asserts nothing of what it says")]
    return []


def _exercises(lesson):
    texts = [cell for cell in lesson.cells if cell.kind == "markdown"]
    start = next((i for i, cell in enumerate(texts) if cell.text.startswith("## Exercises")), None)
    if start is None:
        return [(1, "the lesson has no section '## Exercises'")]
    lines, line = [], texts[start].line
    asked = re.split(r"^\d+\. ", texts[start].text, flags=re.M)[1:]
    lines += [(line, f"exercise {number} doesn't say what to predict")
              for number, text in enumerate(asked, 1) if "predict" not in text.lower()]
    if "numpyzf lab " not in texts[start].text:
        lines.append((line, "the exercises name no lab: numpyzf lab start …"))
    answers = [re.match(r"\*\*(\d+)\.\*\*", cell.text) for cell in texts if cell.is_answer]
    given = [int(match[1]) for match in answers if match]
    if not asked or given != [*range(1, len(asked) + 1)]:
        lines.append((line, f"{len(asked)} exercises, but answers to {given or 'none'}"))
    first = lesson.cells.index(texts[start])
    if not all(cell.is_answer for cell in lesson.cells[first + 1:]):
        lines.append((line, "behind the exercises there are only answers"))
    return lines
