"""From a solution to its exercise, and to a wrong answer: text in, text out."""
import ast
import inspect
import re
import textwrap
from pathlib import Path

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"


def exercise(solution):
    """The text that a student starts from.

    solution: the text of a solution. What stands between BEGIN SOLUTION and END SOLUTION becomes
    `raise NotImplementedError`; at the left margin, where values are, each name becomes None.
    Raises ValueError if a BEGIN has no END.
    """
    lines, block = [], None
    for line in solution.splitlines():
        mark = line.strip()
        if mark in (BEGIN, END) and (mark == BEGIN) != (block is None):
            raise ValueError(f"{BEGIN} and {END} must take turns, but {mark!r} comes twice")
        if mark == BEGIN:
            block = []
        elif mark == END:
            indent = line[:len(line) - len(line.lstrip())]
            lines += [indent + left for left in _unsolved("\n".join(block), indent)]
            block = None
        elif block is not None:
            block.append(line)
        else:
            lines.append(line)
    if block is not None:
        raise ValueError(f"the last {BEGIN} has no {END}")
    return "\n".join(lines) + "\n"


def _unsolved(block, indent):
    """The lines that stand for a block of a solution."""
    if indent:
        return ["raise NotImplementedError"]
    return [f"{target.id} = None" for node in ast.parse(textwrap.dedent(block)).body
            for target in node.targets]


def replaced(solution, name, answer):
    """A solution with another answer in the place of one.

    solution: its text.
    name: of the function or value to replace.
    answer: a function, whose source is taken, or a value.
    """
    for node in ast.parse(solution).body:
        found = [getattr(node, "name", None), *(getattr(target, "id", None)
                                                for target in getattr(node, "targets", []))]
        if name in found:
            lines = solution.splitlines()
            source = f"{name} = {answer!r}"
            if inspect.isfunction(answer):
                source = re.sub(rf"\bdef {answer.__name__}\b", f"def {name}",
                                inspect.getsource(answer), count=1)
            return "\n".join([*lines[:node.lineno - 1], source, *lines[node.end_lineno:]]) + "\n"
    raise ValueError(f"the solution has no {name}")


def start(lab, path=None):
    """Write the exercise of a lab to a new file.

    lab: a tasks.Lab.
    path: the file; NAME.py in this folder if not given.
    Returns its Path. Raises FileExistsError: a student's work is never overwritten; and
    FileNotFoundError without a folder to write into.
    """
    path = Path(path or f"{lab.name}.py")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent}: make it, or choose another one")
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(exercise(lab.solution))
    except FileExistsError:
        raise FileExistsError(f"{path} is there already, and may be your work: "
                              "rename it, or give another name") from None
    return path
