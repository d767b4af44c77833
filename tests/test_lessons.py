"""The lessons: each runs, keeps its rules, and its notebook is what its source makes.

A lesson is run once, beside the tests (conftest.py), in Jupyter's own kernel where nbclient is
installed (the extra `test` has it), else by the builder. What it prints must be what the notebook
says: words exactly, whole numbers exactly, other numbers within 2 % or 2 in their last digit, since
a net's differ a little from one machine to another. Pictures are not compared.
"""
import json
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from numpyzf import cli
from numpyzf.labs import LABS
from numpyzf.lessons import index, notebook, rules, source

ROOT = Path(__file__).parent.parent
JUPYTER = ("nbformat", "nbclient", "ipykernel")
LESSONS = source.lessons(ROOT / "tutorials")


def each_lesson(test):
    return pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.path.stem)(test)


def committed(lesson):
    return json.loads(lesson.notebook.read_text(encoding="utf-8"))


def differences(old, new):
    """Where two printed texts differ: pairs of words or numbers."""
    number = r"-?\d+\.?\d*(?:e[+-]?\d+)?"
    parts = [re.findall(rf"{number}|[^\s\d-]+|-", text) for text in (old, new)]
    if len(parts[0]) != len(parts[1]):
        return [(old, new)]
    return [(a, b) for a, b in zip(*parts) if not _alike(a, b)]


def _alike(a, b):
    fraction = r"-?\d+\.(\d*)(?:e[+-]?\d+)?"
    decimals = [re.fullmatch(fraction, text) for text in (a, b)]
    if not all(decimals):
        return a == b
    last = 10.0 ** -min(len(match[1]) for match in decimals)
    a, b = float(a), float(b)
    return abs(a - b) <= max(0.02 * max(abs(a), abs(b)), 2.001 * last)


def stale(lesson, made, outputs):
    """What in a notebook isn't what its source gives.

    made: the notebook.
    outputs: of each code cell, the hidden ones too, from a new run.
    """
    new = notebook.make(lesson.shown, notebook.shown(lesson, outputs))
    if len(made["cells"]) != len(new["cells"]):
        return ["the number of cells"]
    found = []
    for old, cell in zip(made["cells"], new["cells"]):
        names = {*old, *cell} - {"outputs"}
        found += [(cell["id"], name) for name in names if old.get(name) != cell.get(name)]
        given = [notebook.texts(c.get("outputs", [])) for c in (old, cell)]
        found += [(cell["id"], *pair) for pair in differences(*given)]
        pictures = [["image/png" in output.get("data", {}) for output in c.get("outputs", [])]
                    for c in (old, cell)]
        if sum(pictures[0]) != sum(pictures[1]):
            found.append((cell["id"], "a picture"))
    return found


def run_anew(stem):
    """The outputs of all code cells of a lesson, the hidden ones too: its one run in all tests."""
    (lesson,) = [lesson for lesson in LESSONS if lesson.path.stem == stem]
    if not all(map(find_spec, JUPYTER)):
        return notebook.run_apart(lesson)
    import nbclient
    import nbformat
    from traitlets.config import Config
    made = nbformat.reads(notebook.as_text(notebook.make(lesson.cells)), as_version=4)
    # not by ports, which another program may take before the kernel does
    config = {"KernelManager": {"transport": "ipc"}} if sys.platform != "win32" else {}
    client = nbclient.NotebookClient(made, timeout=600, kernel_name="python3",
                                     config=Config(config))
    environment = os.environ | notebook.TWO_THREADS | {"PYTHONPATH": str(ROOT)}
    try:
        client.execute(cwd=str(ROOT), env=environment)
    except Exception as error:                          # all that it says, without colors
        said = re.sub(r"\x1b\[[\d;]*m", "", str(error))
        raise RuntimeError(f"{lesson.path.name}: {type(error).__name__}: {said}") from None
    return [cell.outputs for cell in made.cells if cell.cell_type == "code"]


# ---- the lessons that there are ----------------------------------------------------------------

def test_jupyter_is_there():
    """Without it the lessons are run by the builder, and not in Jupyter's kernel."""
    for name in JUPYTER:
        pytest.importorskip(name, reason=f"{name} isn't installed: the lessons run without "
                            'Jupyter; pip install -e ".[test]"')


@each_lesson
@pytest.mark.beside(run_anew, each=True)
def test_its_notebook_is_what_its_source_makes(lesson, beside):
    assert stale(lesson, committed(lesson), beside) == []


@each_lesson
@pytest.mark.beside(run_anew, each=True)
def test_it_keeps_the_rules(lesson, beside):
    assert rules.problems(lesson, beside) == []


@each_lesson
def test_its_file(lesson):
    """As the builder writes it, valid, and small."""
    text, made = lesson.notebook.read_text(encoding="utf-8"), committed(lesson)
    assert text == notebook.as_text(made)
    assert len(text) < 400_000
    nbformat = pytest.importorskip("nbformat", reason="nbformat isn't installed: the notebook is "
                                   'not validated; pip install -e ".[test]"')
    nbformat.validate(nbformat.reads(text, as_version=nbformat.NO_CONVERT), version=4,
                      version_minor=5)


def test_lessons_are_numbered():
    numbers = [lesson.number for lesson in LESSONS]
    assert numbers == sorted(set(numbers))


def test_the_index_is_of_these_lessons(tmp_path):
    """All but its pictures, whose bytes another release of Pillow may write otherwise."""
    index.write(tmp_path, LESSONS)
    texts = [re.sub(r'src="[^"]*"', "", (folder / "index.html").read_text(encoding="utf-8"))
             for folder in (tmp_path, ROOT / "tutorials")]
    assert texts[0] == texts[1]
    for lesson in LESSONS:
        assert f'href="{lesson.notebook.name}"' in texts[0]
    assert texts[0].count("<img") == len(LESSONS) + len(LABS)
    for name in LABS:
        assert f"numpyzf lab start {name}<" in texts[0]
    assert "http" not in texts[0]


# ---- a planted lesson --------------------------------------------------------------------------

PLANTED = '''# %% [markdown]
# # 3. A planted lesson
#
# - **Question:** How much is it, & why?
# - **In the paper:** section 2.1
# - **Running time:** 1 second
# - **Before it:** nothing that
#   takes long

# %%
import numpy as np

from numpyzf import plots

# %% [markdown]
# ## A section
#
# The map conv5 of Figure 7 has 13 rows; −2.5 is what one sees, and 8 % are left.

# %%
rows = list(range(13))
print(len(rows), "rows")
-2.5

# %% tags=["numbers"]
[len(rows), -2.5, round(100 / len(rows))]

# %% tags=["check"]
assert len(rows) > 12

# %% tags=["cover"]
figure = plots.figure(2, 1)
figure.subplots().plot(rows)
figure

# %% [markdown]
# ## Exercises
#
# 1. **Predict** the sum of the rows. More: `numpyzf lab start pooling`.

# %% [markdown] tags=["answer"]
# **1.** It is 78.

# %% tags=["numbers"]
[sum(rows)]

# %% tags=["answer"]
assert sum(rows) < 79
'''


@pytest.fixture
def plant(tmp_path):
    """plant((old, new), …) writes the lesson with these changes, and reads it."""
    def write(*changes, name="03-planted.py"):
        text = PLANTED
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return source.read(path)
    return write


def problems(lesson):
    return rules.problems(lesson, notebook.run(lesson.cells, "p"))


@pytest.mark.small
def test_a_lesson_that_keeps_the_rules(plant):
    assert problems(plant()) == []


@pytest.mark.small
@pytest.mark.parametrize("old, new, said", [
    ("has 13 rows", "has 14 rows", "says 14, -2.5, 8, its numbers cell 13, -2.5, 8: 14 is not 13"),
    ("has 13 rows", "has −13 rows", "-13 is not 13"),
    ("has 13 rows", "has many rows", "-2.5 is not 13"),
    ("−2.5 is", "−2.4 is", "-2.4 is not -2.5"),
    ("−2.5 is", "2.5 is", "2.5 is not -2.5"),
    ("−2.5 is", "−2 is", "-2 is not -2.5"),
    ("and 8 %", "and 9 %", "9 is not 8"),
    ("and 8 % are left", "and 8 % of 13 are left", "says 13, -2.5, 8, 13, its numbers cell 13, -2"),
    ("and 8 % are left", "and some are left", "says 13, -2.5, its numbers cell 13, -2.5, 8"),
    ("[len(rows), -2.5", "[len(rows) + 1, -2.5", "13 is not 14"),
    ("How much is it, & why?", "How much is 5, & why?", "says 5, its numbers cell nothing"),
    ("It is 78.", "It is 77.", "77 is not 78"),
    ("[sum(rows)]", "total = [sum(rows)]", "a numbers cell is one expression"),
    ("[sum(rows)]", "1\n[sum(rows)]", "a numbers cell is one expression"),
    ('# %% tags=["numbers"]\n[len(rows), -2.5, round(100 / len(rows))]\n\n'
     '# %% tags=["check"]\nassert len', '# %%\nlen', "asserts nothing"),
    ("**Predict** the", "**Compute** the", "exercise 1 doesn't say what to predict"),
    ("`numpyzf lab start pooling`", "a lab", "name no lab"),
    ("**1.** It is 78.", "**2.** It is 78.", "1 exercises, but answers to [2]"),
    ("# ## Exercises", "# ## Practice", "no section '## Exercises'"),
    ("plot(rows)\nfigure", "plot(rows)", "shows no picture"),
    ('tags=["answer"]\nassert', "\nassert", "only answers"),
], ids=str)
def test_a_lesson_that_breaks_a_rule(plant, old, new, said):
    found = problems(plant((old, new)))
    assert any(said in line for line in found), found
    assert all(line.startswith("03-planted.py, line ") for line in found)


@pytest.mark.small
def test_a_text_may_round_and_its_numbers_may_stand_in_two_cells(plant):
    old = "[len(rows), -2.5, round(100 / len(rows))]\n"
    two = ("[len(rows)]\n\n# %%\nmean = -2.4983\n\n# %% tags=[\"numbers\"]\n"
           "[mean, 100 // 12]\n")
    assert problems(plant((old, two))) == []


@pytest.mark.small
def test_what_is_a_number():
    text = """# 4. A title, of 2 words
- **In the paper:** Figures 2, 3 and 4,
  and section 5
- **Question:** How many of 6?
1. See conv1, Table 7, [page 8](https://x.org/9) and exercise 10; 11 is one.
**12.** a 3D map of 5×7, 1,500 and .25; −3 − 4·(−2) = 5; CIFAR-10, 2–3, 1e-4, 81.50 %"""
    assert rules.numbers(text) == [
        (2, 0), (6, 0), (8, 0), (11, 0), (5, 0), (7, 0), (1500, 0), (0.25, 2), (-3, 0), (4, 0),
        (-2, 0), (5, 0), (2, 0), (3, 0), (1e-4, 9), (81.5, 2)]


@pytest.mark.small
@pytest.mark.parametrize("old, new", [
    ('"rows")', '"columns")'), ("list(range(13))", "[*range(13)]"), ("\n-2.5\n", "\n-2.6\n"),
    ("A section", "Another section"), ("figure.subplots()", "figure.subplots(1, 1)"),
    ("\nfigure\n", "\n"), ('# %% tags=["check"]', "# %%"), ("# %%\nrows", "# %% [markdown]\n# rows")
], ids=str)
def test_a_notebook_that_is_not_its_source_s(plant, old, new):
    """Each of these changes of the source is noticed, in the notebook of the unchanged one."""
    lesson = plant()
    outputs = notebook.run(lesson.cells, "p")
    made = notebook.make(lesson.shown, notebook.shown(lesson, outputs))
    assert stale(lesson, made, outputs) == []
    if "[markdown]" in new:
        changed = plant(("# %%\nrows = list(range(13))\nprint(len(rows), \"rows\")\n-2.5",
                                "# %%\nrows = list(range(13))"))
    else:
        changed = plant((old, new))
    assert stale(changed, made, notebook.run(changed.cells, "p"))


@pytest.mark.small
def test_numbers_may_differ_in_their_last_digits():
    assert differences("loss 0.512, map 3", "loss  0.518,\n map 3") == []
    assert differences("[0.512 -1.0e-05]", "[0.530 -1.0e-05]") == [("0.512", "0.530")]
    assert differences("map 3", "map 4") == [("3", "4")]
    assert differences("81.4 % right", "81.5 % right") == []
    assert differences("81.4 % right", "81.4 % wrong") == [("right", "wrong")]
    assert differences("-0.5", "0.5") == [("-0.5", "0.5")]


# ---- the builder -------------------------------------------------------------------------------

def test_built_twice_it_is_the_same_file(plant):
    lesson = plant()
    notebook.write(lesson, notebook.run_apart(lesson))
    first = lesson.notebook.read_bytes()
    notebook.write(lesson, notebook.run_apart(lesson))
    assert lesson.notebook.read_bytes() == first
    made = json.loads(first)
    assert [cell["cell_type"] for cell in made["cells"]] == [
        "markdown", "code", "markdown", "code", "code", "code", "markdown"]
    assert [*made] == ["cells", "metadata", "nbformat", "nbformat_minor"]
    assert [cell["id"] for cell in made["cells"][:2]] == ["cell-01", "cell-02"]
    rows, check, picture = made["cells"][3:6]
    assert [output.get("execution_count") for output in rows["outputs"]] == [None, 2]
    assert rows["execution_count"] == 2 and picture["execution_count"] == 4
    assert [output["output_type"] for output in rows["outputs"]] == ["stream", "execute_result"]
    assert notebook.texts(rows["outputs"]) == "13 rows\n\n-2.5" and check["outputs"] == []
    assert picture["outputs"][0]["data"]["text/plain"] == ["<Figure size 200x100 with 1 Axes>"]
    assert check["metadata"] == {"tags": ["check"], "jupyter": {"source_hidden": True}}
    assert index.cover(made).startswith(b"\x89PNG")
    assert "It is 78" not in first.decode() and "sum(rows)" not in first.decode()


@pytest.mark.small
def test_the_cover_is_the_cell_that_says_so(plant):
    other = ('# %% tags=["cover"]', "# %%\nplots.figure(1, 1)\n\n# %% tags=[\"cover\"]")
    lesson = plant(other)
    made = notebook.make(lesson.shown, notebook.shown(lesson, notebook.run(lesson.cells, "p")))
    (_, first), (tags, second) = notebook.pictures(made)
    assert index.cover(made) == second != first and tags == ["cover"]


@pytest.mark.small
@pytest.mark.parametrize("change, words", [
    (("assert len(rows) > 12", "assert len(rows) > 13"), "line 29: AssertionError"),
    (("print(len(rows)", "print(len(rose)"), "line 22: NameError: name 'rose'"),
    (("print(len(rows)", "print((len(rows)"), "line 22: SyntaxError"),
    (("figure.subplots()", "figure.sub()"), "line 33: AttributeError"),
], ids=str)
def test_a_cell_that_fails_is_named(plant, change, words):
    lesson = plant(change)
    with pytest.raises(ValueError, match=re.escape(f"03-planted.py, {words}")):
        notebook.run(lesson.cells, "03-planted.py")


@pytest.mark.small
@pytest.mark.parametrize("change, words", [
    (("# # 3. A planted lesson", "# # 4. A planted lesson"), "line 2: a lesson begins with its"),
    (("# - **In the paper:** section 2.1\n", ""), "line 2: the first cell doesn't say In the"),
    (("# ## A section", "## A section"), "line 16: each line of a text begins with '# '"),
    (("# %% [markdown]\n# ## A section", "# %% [text]\n# ## A section"), "line 15: a cell's head"),
    (('tags=["cover"]', "tags=[cover]"), "line 31: a cell's head is"),
    (('tags=["cover"]', 'labels=["cover"]'), "line 31: a cell's head is"),
    (('tags=["cover"]', 'tags=["covers"]'), "line 31: a cell's head is"),
    (("assert sum(rows) < 79", ""), "line 47: this cell is empty"),
    (("# %% [markdown]\n# # 3", "import os\n# %% [markdown]\n# # 3"), "line 1: a lesson begins"),
], ids=str)
def test_a_source_that_is_no_lesson(plant, change, words):
    with pytest.raises(ValueError, match="03-planted.py, " + re.escape(words)):
        plant(change)


@pytest.mark.small
def test_what_a_source_says(plant):
    lesson = plant()
    assert (lesson.number, lesson.title) == (3, "A planted lesson")
    assert lesson.facts["Before it"] == "nothing that takes long"
    assert [cell.line for cell in lesson.cells[:3]] == [2, 11, 16]
    assert lesson.cells[5].tags == ("check",)
    assert len(lesson.cells) == 11 and len(lesson.shown) == 7


# ---- the command -------------------------------------------------------------------------------

def test_the_command_builds_lists_and_answers(plant, capsys):
    folder = plant().path.parent
    assert cli.main(["lesson", "build", "3", "--folder", str(folder)]) == 0
    assert "03-planted.ipynb: 7 cells, 1 picture, " in capsys.readouterr().out
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "How much is it, &amp; why?" in page and "data:image/png;base64," in page
    assert "numpyzf lab start pooling<" in page and "lab start training<" not in page
    assert cli.main(["lesson", "list", "--folder", str(folder)]) == 0
    assert " 3. A planted lesson   (1 second)" in capsys.readouterr().out
    assert cli.main(["lesson", "answers", "3", "--folder", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "**1.** It is 78." in out and "    assert sum(rows) < 79" in out and "[sum" not in out
    assert out.index("Predict") < out.index("It is 78.")


@pytest.mark.parametrize("arguments, words", [
    (["answers", "4"], "no lesson 4; the lessons are 3"),
    (["answers"], "name the lesson whose answers you want, such as: numpyzf lesson answers 3"),
    (["build"], "03-planted.py doesn't keep 1 of the rules"),
    (["list", "--folder", "/nowhere"], "no lessons in /nowhere: they come with the source"),
], ids=str)
def test_what_the_command_refuses(plant, capsys, arguments, words):
    folder = plant(("13 rows;", "14 rows;")).path.parent
    if "--folder" not in arguments:
        arguments = [*arguments, "--folder", str(folder)]
    assert cli.main(["lesson", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_figure_shows_itself_in_a_notebook():
    """Whether or not pyplot was imported: notebooks ask an object for this."""
    from numpyzf import plots
    assert plots.figure(2, 1)._repr_png_().startswith(b"\x89PNG")
