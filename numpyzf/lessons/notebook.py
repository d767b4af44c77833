"""From a lesson to a notebook: run its cells, and write what they gave as nbformat 4.5 is written.

No notebook package is needed. Nothing of the time or the place gets into the file: the same source
gives the same bytes on one machine.
"""
import ast
import io
import json
import linecache
import multiprocessing
import os
from base64 import b64decode, b64encode
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import redirect_stdout

from ..files import replacing

METADATA = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"}}
# The last bits of NumPy's own linear algebra depend on the number of threads, those of our products
# and kernels don't. Lessons are run on two, so that their numbers are the same on any machine of
# this kind.
TWO_THREADS = {"NUMBA_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}


def write(lesson, outputs):
    """Write the notebook of a lesson beside it, without what is hidden.

    lesson: source.Lesson.
    outputs: of each of its code cells, the hidden ones too, as `run` gives them.
    Returns the notebook, a dictionary.
    """
    notebook = make(lesson.shown, shown(lesson, outputs))
    with replacing(lesson.notebook) as file:
        file.write(as_text(notebook).encode())
    return notebook


def shown(lesson, outputs):
    """The outputs of those code cells that are in the notebook."""
    code = [cell for cell in lesson.cells if cell.kind == "code"]
    return [own for cell, own in zip(code, outputs) if not cell.is_hidden]


# ---- running ------------------------------------------------------------------------------------

def run(cells, path):
    """Run the code cells in one namespace, as a notebook does.

    cells: source.Cell.
    path: of the source, for messages.
    Returns a list with the outputs of each code cell, as nbformat has them. Raises ValueError with
    the line of the source where it failed.
    """
    namespace, outputs = {"__name__": "__main__"}, []
    for cell in cells:
        if cell.kind == "code":
            printed = io.StringIO()
            with redirect_stdout(printed):
                value = _value(cell, path, namespace)
            outputs.append(_outputs(printed.getvalue(), value))
    return outputs


def run_apart(lesson):
    """`run` all cells of a lesson in a fresh process, as Jupyter's kernel is one.

    Raises ValueError, too, if the process dies.
    """
    context, kept = multiprocessing.get_context("spawn"), dict(os.environ)
    os.environ.update(TWO_THREADS)              # for the process that starts now
    try:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return pool.submit(run, lesson.cells, str(lesson.path)).result()
    except BrokenProcessPool:
        raise ValueError(f"{lesson.path}: the process that ran it was killed, perhaps because "
                         "memory ran out") from None
    finally:
        for name in TWO_THREADS:
            os.environ.pop(name)
        os.environ.update(kept)


def _value(cell, path, namespace):
    """Run one cell; the value of its last line if that is an expression, else None."""
    try:
        # empty lines above, so that a traceback names the line of the source
        tree = ast.parse("\n" * (cell.line - 1) + cell.text, path)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, path, "exec"), namespace)
        if last is not None:
            code = compile(ast.Expression(last.value), path, "eval")
            return eval(code, namespace)
        return None
    except Exception as error:
        line = _line(error, path, cell.line)
        said = str(error) or linecache.getline(path, line)
        text = " ".join(f"{type(error).__name__}: {said}".split())
        raise ValueError(f"{path}, line {line}: {text}") from error


def _line(error, path, otherwise):
    """The last line of the source that an error went through."""
    line, step = getattr(error, "lineno", None) or otherwise, error.__traceback__
    while step:
        code = step.tb_frame.f_code
        if code.co_filename == path:
            line = step.tb_lineno
        step = step.tb_next
    return line


def _outputs(printed, value):
    outputs = []
    if printed:
        outputs.append({"output_type": "stream", "name": "stdout", "text": lines_of(printed)})
    if value is not None:
        data = {"text/plain": lines_of(repr(value))}
        if hasattr(value, "_repr_png_"):
            data["image/png"] = b64encode(value._repr_png_()).decode()
        outputs.append({"output_type": "execute_result", "metadata": {}, "data": data})
    return outputs


# ---- the file -----------------------------------------------------------------------------------

def make(cells, outputs=None):
    """A notebook as a dictionary.

    cells: source.Cell.
    outputs: of each code cell, what `run` returned; without them the notebook has not been run.
    """
    made, count = [], 0
    for number, cell in enumerate(cells, 1):
        entry = {"cell_type": cell.kind, "id": f"cell-{number:02}", "metadata": _metadata(cell),
                 "source": lines_of(cell.text)}
        if cell.kind == "code":
            count += 1
            entry.update(execution_count=None, outputs=[])
            if outputs is not None:
                entry.update(execution_count=count, outputs=_numbered(outputs[count - 1], count))
        made.append(entry)
    return {"cells": made, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}


def _numbered(outputs, count):
    """The outputs, of which a cell's value bears the cell's number."""
    return [{**output, "execution_count": count} if output["output_type"] == "execute_result"
            else output for output in outputs]


def _metadata(cell):
    metadata = {"tags": [*cell.tags]} if cell.tags else {}
    if "check" in cell.tags:
        metadata["jupyter"] = {"source_hidden": True}       # folded, one click away
    return metadata


def as_text(notebook):
    """The text of the file: sorted keys, one line per line of source, as Jupyter writes it."""
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def lines_of(text):
    """A text as a list of lines that keep their ends."""
    return text.splitlines(keepends=True)


def pictures(notebook):
    """The PNG files that a notebook holds: [(tags of the cell, bytes), …]."""
    return [(cell["metadata"].get("tags", []), b64decode(output["data"]["image/png"]))
            for cell in notebook["cells"] for output in cell.get("outputs", [])
            if "image/png" in output.get("data", {})]


def texts(outputs):
    """What one cell's outputs say in words, without pictures."""
    parts = []
    for output in outputs:
        if output["output_type"] == "stream" and output["name"] == "stdout":
            parts.append("".join(output["text"]))
        elif output["output_type"] in ("execute_result", "display_data"):
            parts.append("".join(output["data"].get("text/plain", "")))
    return "\n".join(parts)
