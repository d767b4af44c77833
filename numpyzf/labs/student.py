"""A student's file: read it whatever it is, and run as much of it as runs."""
import __future__
import ast
import io
import json
import re
import tokenize
from pathlib import Path
from typing import NamedTuple

LARGEST = 2_000_000     # bytes


class Unreadable(ValueError):
    """Why a file can't be graded at all: one line."""


class Student(NamedTuple):
    """What came out of running a student's file."""
    names: dict         # its functions and values by name
    missing: dict       # {name: why it isn't there}
    notes: list         # lines about the file as a whole
    file: str           # the name that its lines have in a traceback


def read(path):
    """Read a student's file.

    path: a Python file in UTF-8, or whatever else it is.
    Returns its text, and notes: a list of lines about what was strange.
    Raises Unreadable.
    """
    path = Path(path)
    if path.is_dir():
        raise Unreadable(f"{path} is a folder; give the file in it")
    if not path.exists():
        raise Unreadable(f"there is no file {path}")
    if not path.is_file():
        raise Unreadable(f"{path} is no file that can be read")
    try:
        if path.stat().st_size > LARGEST:
            raise Unreadable(f"{path} has {path.stat().st_size:,} bytes: no exercise is so large")
        text, notes = _decoded(path.read_bytes(), path)
    except OSError as error:
        raise Unreadable(f"{path} can't be read ({error.strerror})") from None
    if text.lstrip().startswith("{") and '"cells"' in text:
        notes.append(f"{path.name} is a notebook: its code cells were taken; lines that begin "
                     "with % or ! were left out")
        text = _code_cells(text, path)
    return text, notes


def _decoded(content, path):
    """Bytes as text, and notes."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"),
                           (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            notes = [] if encoding == "utf-8-sig" else [f"{path.name} is in UTF-16: save it as "
                                                        "UTF-8"]
            return _plain(content.decode(encoding, "replace")), notes
    if b"\0" in content:
        raise Unreadable(f"{path} is no text: it holds zero bytes")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return _plain(content.decode(encoding)), []
    except (UnicodeDecodeError, SyntaxError):
        return _plain(content.decode("latin-1")), [f"{path.name} isn't in UTF-8: it was read as "
                                                   "Latin-1; save it as UTF-8"]


def _plain(text):
    """Without the line that names an encoding: what is passed on is UTF-8."""
    lines = re.split(r"\r\n|\r|\n", text)
    for number, line in enumerate(lines[:2]):
        if re.match(r"[ \t\f]*#.*?coding[:=]", line):
            lines[number] = "#"
    return "\n".join(lines)


def _code_cells(text, path):
    try:
        cells = json.loads(text)["cells"]
        parts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError):
        raise Unreadable(f"{path} looks like a notebook, but is damaged") from None
    lines = "\n\n".join(parts).split("\n")
    return "\n".join("#" if line.lstrip()[:1] in ("%", "!") else line for line in lines)


def run(text, file):
    """Run a student's text, statement by statement: what fails is left out, with a reason.

    text: of the file.
    file: its name in tracebacks.
    Returns a Student.
    """
    names = {"__name__": "student", "__file__": file}
    missing, notes = {}, []
    flags = 0
    for start, part in _parts(text):
        try:
            tree = ast.parse("\n" * start + part, file)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None) or start + 1
            words = getattr(error, "msg", str(error))
            if words.startswith("invalid character"):       # as docstrings have them
                words += ' (is a quote, """, missing somewhere above?)'
            note = f"line {line}: {words}: {_line(text, line)}"
            notes.append(note)
            missing |= {name: f"it can't be read: {note}"
                        for name in re.findall(r"^(?:async )?(?:def|class) (\w+)", part, re.M)}
            continue
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                for alias in node.names:
                    flags |= getattr(__future__, alias.name).compiler_flag
            why = _run(node, names, file, flags)
            if why:
                notes.append(f"line {node.lineno}: {why}: {_line(text, node.lineno)}")
                missing |= {name: notes[-1] for name in _defined(node)}
    return Student(names, missing, notes, file)


def _run(node, names, file, flags):
    """Run one statement. Returns what stopped it, or ""."""
    try:
        code = compile(ast.Module([node], []), file, "exec", flags, dont_inherit=True)
        exec(code, names)
    except KeyboardInterrupt:
        raise
    except BaseException as error:          # also SystemExit
        words = {"NotImplementedError": "it uses what isn't done yet",
                 "SystemExit": "it ends the program; the rest was read all the same",
                 "EOFError": "it asks for input(), which nobody answers here"}
        name = type(error).__name__
        try:
            return words.get(name, f"{name}: {' '.join(str(error).split())[:200]}".rstrip(": "))
        except Exception:
            return name
    return ""


def _defined(node):
    """The names that a statement would have defined."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    if hasattr(node, "name"):
        return [node.name]
    return [target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]


def _line(text, number):
    lines = text.split("\n")
    return lines[number - 1].strip()[:80] if 0 < number <= len(lines) else ""


def _parts(text):
    """(number of lines before it, text) of parts that can be read one by one.

    One part if the whole can be read; else each function is one, and what stands between them.
    """
    try:
        ast.parse(text)
        return [(0, text)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    starts, decorated, in_function = [0], False, False
    lines = text.split("\n")
    for number, line in enumerate(lines):
        head = bool(re.match(r"(async def|def|class)\b|@", line))
        # after a function's body, the next line at the left margin begins something else
        outside = re.match(r"[^\s#)\]}]", line)
        if (head and not decorated) or (outside and in_function and not head and not decorated):
            starts.append(number)
        if outside:
            decorated, in_function = line.startswith("@"), head
    # an import must not be lost because of what stands beside it
    stops = [*starts[1:], len(lines)]
    parts = [(start, "\n".join(lines[start:stop])) for start, stop in zip(starts, stops)]
    return [small for part in parts for small in _lone_imports(*part)]


def _lone_imports(start, part):
    """A part as it is; of one that can't be read and is no function, its imports beside it."""
    yield start, part
    try:
        ast.parse(part)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        if not re.match(r"(async def|def|class)\b|@", part):
            for number, line in enumerate(part.split("\n")):
                if re.match(r"(import|from)\s", line):
                    yield start + number, line


def why_missing(student, name):
    """Why a student's file has no such name: a sentence."""
    if name in student.missing:
        return f"There is no {name}: {student.missing[name]}"
    near = [known for known in student.names
            if known.lower().replace("_", "") == name.lower().replace("_", "")]
    hint = f"; is it {near[0]}?" if near else ""
    return f"There is no {name} in the file{hint}"
