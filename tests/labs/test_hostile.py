"""Unfinished and hostile files: each becomes a readable result, and nothing is left behind."""
import json
import os
import re
import time
from pathlib import Path

import pytest

from numpyzf.labs import check, exercise, grade, report as reports
from numpyzf.labs.student import run
from numpyzf.labs.tasks import load

LAB = load("pooling")
PROC = Path("/proc")
linux = pytest.mark.skipif(not PROC.is_dir(), reason="memory and processes are watched on Linux")


def with_bodies(**bodies):
    """The solution, with other bodies for some functions; all take any arguments."""
    text = LAB.solution
    for name, body in bodies.items():
        lines = "\n    ".join(body.split("\n"))
        source = f"def {name}(*arguments, **keywords):\n    {lines}\n"
        text = exercise.replaced(text, name, 0).replace(f"{name} = 0\n", source)
    return text


@pytest.fixture
def graded(tmp_path, monkeypatch):
    """Grade a text or bytes; returns ({task: statuses}, {task: all its words}, the Report).

    No temporary folder and no process may be left.
    """
    def graded(content, name="pooling.py", **options):
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        monkeypatch.setattr(grade.tempfile, "tempdir", str(scratch))
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        report = check(path, **options)
        assert list(scratch.iterdir()) == [] and processes_of(scratch) == []
        assert sorted(p.name for p in tmp_path.iterdir()) == [name, "scratch"]
        scratch.rmdir()
        statuses, words = {}, {}
        for result in report.results:
            statuses.setdefault(result.number, []).append(result.status)
            words[result.number] = words.get(result.number, "") + f"{result.text}\n{result.hint}\n"
        assert "Traceback" not in str(words)
        return {key: set(value) for key, value in statuses.items()}, words, report
    return graded


def processes_of(folder):
    """Numbers of the processes that a grader has started for this folder, and that still run."""
    found = []
    time.sleep(0.1)             # what was killed is gone at once, but not within no time
    for number in filter(str.isdecimal, os.listdir(PROC) if PROC.is_dir() else []):
        try:
            if f"TMPDIR={folder}".encode() in (PROC / number / "environ").read_bytes():
                found.append(int(number))
        except OSError:
            pass
    return found


def test_what_never_ends_or_ends_too_early(graded):
    """One hostile body for each task: the others are graded all the same."""
    statuses, words, report = graded(with_bodies(
        output_size="while True:\n    pass",
        max_pool="import sys\nsys.exit('bye')",
        find_switches="import os\nos._exit(0)",
        unpool="return input('a number? ')",
        max_pool_backward="import ctypes\nctypes.string_at(0)"), time_limit=4)
    assert "takes longer than 4 s, and was stopped in line" in words["1.1"]
    assert "while True" in words["1.1"] or ": pass" in words["1.1"]
    assert "raises SystemExit: bye" in words["2.1"] and "doesn't end the program" in words["2.1"]
    assert "ended in the middle of this check, with exit status 0" in words["2.2"]
    assert "raises EOFError" in words["3.2"] and "Nobody answers input()" in words["3.2"]
    assert "interpreter crashed (SIGSEGV)" in words["3.3"] and "string_at(0)" in words["3.3"]
    assert statuses["3.1"] == statuses["3.4"] == {"passed"}
    assert report.score == 4 and all("failed" in statuses[key] for key in words
                                     if key not in ("3.1", "3.4"))


@linux
def test_too_much(graded):
    statuses, words, report = graded(with_bodies(
        output_size="while True:\n    print('more and more' * 1000)",
        max_pool="return np.zeros(10**11, np.uint8)",
        find_switches="kept = []\nwhile True:\n    kept.append(np.ones(10**6))",
        unpool="import os, time\nfor _ in range(3):\n    os.fork()\ntime.sleep(100)",
        max_pool_backward="return max_pool_backward()"), time_limit=5, memory_limit=300 << 20)
    assert "longer than 5 s" in words["1.1"] and "in line" in words["1.1"]
    assert len(report.printed["1.1"]) < 3000 and report.printed["1.1"].endswith("and more")
    assert "Unable to allocate 93.1 GiB" in words["2.1"]
    assert "MemoryError" in words["2.2"] or "GiB of memory" in words["2.2"]
    assert "longer than 5 s" in words["3.2"] and "time.sleep(100)" in words["3.2"]
    assert "RecursionError" in words["3.3"] and "calls itself" in words["3.3"]
    assert report.score == 4


@linux
@pytest.mark.parametrize("start", [
    "import os\nfor _ in range(3):\n    os.fork()",             # three that go on with the grader
    "import os\nif os.fork() == 0:\n    os.setsid()\n    while True:\n        pass",
    "import subprocess\nsubprocess.Popen(['sleep', '100'], start_new_session=True)"])
def test_processes_that_it_starts(graded, start):
    """The grader ends them, also those that left the group, and isn't told things twice."""
    body = f"{start}\nreturn (arguments[0] - arguments[1]) // arguments[2] + 1"
    statuses, words, report = graded(with_bodies(output_size=body), task="1.1", time_limit=30)
    assert [result.status for result in report.results].count("passed") == 2      # fits, floor


def test_a_bad_guest(graded):
    """What changes the world, or shows figures, is put right."""
    statuses, words, report = graded(with_bodies(
        output_size="import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        max_pool="from numpyzf.functional import max_pool_forward\n"
                 "np.seterr(all='raise')\nnp.random.seed(0)\nnp.max = max\n"
                 "return max_pool_forward(arguments[0], **keywords)[0]",
        find_switches="import numpyzf.functional as library\n"
                      "library.max_pool_forward = lambda x, **options: (x, None)\n"
                      "return np.zeros(1)",
        unpool="arguments[0][...] = 0\nreturn arguments[0]",
        max_pool_backward="arguments[1].shape = -1\n"
                          "return np.zeros_like(arguments[0]).tolist()"), time_limit=20)
    assert "The result is None: is there a `return`?" in words["1.1"]
    assert statuses["2.1"] == {"passed", "failed"} and words["2.1"].count("\n\n") >= 6
    assert "changes np.max, np.seterr, np.random's own generator" in words["2.1"]
    assert "has shape (1,), not (1, 1, 1, 1)" in words["2.2"]
    assert "is a list, not a plain numpy array" in words["3.3"]
    assert statuses["3.4"] == {"passed"}


PRETENDS = """
class Pretends:
    shape, dtype, ndim = (1, 1, 1, 1), np.dtype("f4"), 4
    def __eq__(self, other): return True
    def __array__(self, *arguments, **keywords): return np.zeros(1)
    def __repr__(self): raise ValueError
    def __getattr__(self, name): return self
return Pretends()"""
SUBCLASS = """
class Array(np.ndarray):
    def __eq__(self, other): return np.ones(self.shape, bool)
    def __array_ufunc__(self, *arguments, **keywords): return 0.0
return np.zeros((1, 1, 1, 1), np.float32).view(Array)"""


def test_objects_that_pretend(graded):
    statuses, words, report = graded(with_bodies(
        output_size="class Number(int):\n    def __eq__(self, other): return True\n"
                    "    def __sub__(self, other): return 0\nreturn Number(7)",
        max_pool=PRETENDS.strip(), find_switches=SUBCLASS.strip(),
        unpool="return np.array([[[[None]]]])",
        max_pool_backward="class Odd(Exception):\n    def __str__(self): raise ValueError\n"
                          "raise Odd()"))
    assert "a Number, not a number" in words["1.1"]
    assert "is a Pretends, not a plain numpy array" in words["2.1"]
    assert "is an Array, not a plain numpy array" in words["2.2"]
    assert "holds no numbers: its dtype is object" in words["3.2"]
    assert "raises Odd" in words["3.3"]
    assert report.score == 4


# ---- the file as a whole -------------------------------------------------------------------------

def test_a_syntax_error_costs_one_task(graded):
    text = LAB.solution.replace("    count = left // stride + 1", "    count = left // stride + ")
    statuses, words, report = graded(text)
    assert re.search(r"There is no output_size: it can't be read: line \d+: invalid syntax: "
                     r"count = left // stride \+", words["1.1"])
    assert {key for key in statuses if statuses[key] != {"passed"}} == {"1.1"}


@pytest.mark.parametrize("broken", ["    text = '''never closed", "    call((1, 2]", "  odd = 1",
                                    "\tx = 1", "    x = ‘quotes’"])
def test_other_syntax_errors(broken):
    mark = "    left = n + 2 * pad - size"
    student = run(LAB.solution.replace(mark, f"{broken}\n{mark}"), "pooling.py")
    assert "output_size" in student.missing and "output_size" not in student.names
    assert {task.name for task in LAB.tasks[1:]} <= set(student.names)


def test_what_is_missing_is_named_and_the_rest_graded(graded):
    text = LAB.solution.replace("import numpy as np", "import numpy as np\nimport nunpy\n"
                                "from numpyzf.functional import unpol\nprint(undefined)")
    text += "\nmax_pool(np.zeros((1, 1, 4, 4)), size=2, stride=2).nothing\nraise SystemExit\n"
    statuses, words, report = graded(text, task="1.1")
    assert statuses == {"1.1": {"passed"}}
    notes = "\n".join(report.notes)
    assert "ModuleNotFoundError: No module named 'nunpy': import nunpy" in notes
    assert "cannot import name 'unpol'" in notes
    assert "NameError: name 'undefined' is not defined: print(undefined)" in notes
    assert "has no attribute 'nothing'" in notes and "it ends the program" in notes


@linux
@pytest.mark.parametrize("start", [
    "import os\nos.fork()", "import threading, time\nthreading.Thread(target=time.sleep, "
    "args=(1000,)).start()", "import sys\nsys.stdout.close()\nsys.stderr.close()",
    "import os\nos.chdir('/')", "import sys\nsys.stdout = None",
    "import builtins\nbuiltins.print = builtins.len = None"])
def test_what_it_does_when_it_is_read(graded, start):
    text = LAB.solution.replace("import numpy as np", f"import numpy as np\n{start}", 1)
    statuses, words, report = graded(text, task="1.1", time_limit=30)
    assert statuses == {"1.1": {"passed"}}


def test_words_that_no_file_can_hold(graded, tmp_path):
    """Half of a character pair, in an error's text."""
    statuses, words, report = graded(with_bodies(output_size="raise ValueError('\\ud800')"),
                                     task="1.1")
    reports.write_json(report, tmp_path / "results.json", 1)
    assert "ValueError" in (tmp_path / "results.json").read_text(encoding="utf-8")


def test_a_file_that_hangs_when_it_is_read(graded):
    """Every task would hang in the same way: it is waited for once."""
    statuses, words, report = graded(LAB.solution + "\nwhile True:\n    pass\n", time_limit=3)
    assert set.union(*statuses.values()) == {"failed"}
    assert all("When the file is read: it takes longer than 3 s" in each for each in words.values())


@pytest.mark.parametrize("content, note", [
    (LAB.solution.encode("utf-8-sig"), None),
    (LAB.solution.encode("utf-16"), "is in UTF-16"),
    (LAB.solution.replace("−", "-").replace("×", "x").encode("ascii", "replace") + b"# caf\xe9\n",
     "isn't in UTF-8"),
    (b"# coding: latin-1\n" + LAB.solution.encode("latin-1", "replace"), None),
    (LAB.solution.replace("\n", "\r\n").encode(), None),
    (b"", None)], ids=["BOM", "UTF-16", "Latin-1", "cookie", "CRLF", "empty"])
def test_encodings(graded, content, note):
    statuses, words, report = graded(content, task="1.1")
    assert statuses == {"1.1": {"passed" if content else "failed"}}
    assert note is None or note in report.notes[0]


def test_a_notebook_gives_its_code(graded):
    cells = [{"cell_type": "markdown", "source": ["# not code ((("]},
             {"cell_type": "code", "source": ["%matplotlib inline\n", "!ls\n"]},
             {"cell_type": "code", "source": LAB.solution}]
    statuses, words, report = graded(json.dumps({"cells": cells, "nbformat": 4}),
                                     name="pooling.ipynb", task="1.1")
    assert statuses == {"1.1": {"passed"}} and "is a notebook" in report.notes[0]


@pytest.mark.parametrize("content, problem", [
    (b'{"cells": [', "is damaged"), (b"\x7fELF\0\0\0", "is no text"),
    (b"x = 1\n" * 400_000, "no exercise is so large")])
def test_what_is_no_text(graded, content, problem):
    statuses, words, report = graded(content)
    assert problem in report.problem and report.score == 0
    assert set.union(*statuses.values()) == {"failed"}


def test_what_is_no_file(tmp_path):
    missing = check(tmp_path / "pooling.py")
    assert missing.problem == f"there is no file {tmp_path / 'pooling.py'}"
    (tmp_path / "pooling").mkdir()
    with pytest.raises(ValueError, match="pooling: there is no .py or .ipynb file in it"):
        check(tmp_path / "pooling")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pooling-pipe.py")
        assert "is no file" in check(tmp_path / "pooling-pipe.py").problem
    with pytest.raises(ValueError, match="there is no file .*other.py"):
        check(tmp_path / "other.py")
