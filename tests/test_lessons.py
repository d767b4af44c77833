"""The lessons: each runs, keeps its rules, and its notebook is what its source makes.

A lesson is run once, in Jupyter's own kernel where nbclient is installed (the extra `test` has it),
else by the builder. What it prints must be what the notebook says: words exactly, whole numbers
exactly, other numbers within 2 % or 2 in their last digit, since a net's differ a little from one
machine to another. Pictures are not compared.
"""
import json
import re
from pathlib import Path

import pytest

from numpyzf import cli
from numpyzf.lessons import index, notebook, rules, source

ROOT = Path(__file__).parent.parent
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
    outputs: of each code cell, from a new run.
    """
    new = notebook.make(lesson.shown, outputs)
    if len(made["cells"]) != len(new["cells"]):
        return ["the number of cells"]
    found = []
    for old, cell in zip(made["cells"], new["cells"]):
        names = {*old, *cell} - {"outputs"}
        found += [(cell["id"], name) for name in names if old.get(name) != cell.get(name)]
        given = [notebook.texts(c.get("outputs", [])) for c in (old, cell)]
        found += [(cell["id"], *pair) for pair in differences(*given)]
        kinds = [[*output.get("data", [])] for c in (old, cell) for output in c.get("outputs", [])
                 if "image/png" in output.get("data", [])]
        if len(kinds) % 2:
            found.append((cell["id"], "a picture"))
    return found


def run_anew(lesson, monkeypatch):
    """The outputs of a lesson's shown code cells; its answers run behind them."""
    try:
        import nbclient
        import nbformat
    except ImportError:
        return notebook.run_apart(lesson.cells, str(lesson.path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    made = nbformat.reads(notebook.as_text(notebook.make(lesson.cells)), as_version=4)
    nbclient.NotebookClient(made, timeout=120, kernel_name="python3").execute(cwd=str(ROOT))
    return [cell.outputs for cell in made.cells if cell.cell_type == "code"]


# ---- the lessons that there are ----------------------------------------------------------------

def test_jupyter_is_there():
    """Without it the lessons are run by the builder, and not in Jupyter's kernel."""
    for name in ("nbformat", "nbclient", "ipykernel"):
        pytest.importorskip(name, reason=f"{name} isn't installed: the lessons run without "
                            'Jupyter; pip install -e ".[test]"')


@each_lesson
def test_its_notebook_is_what_its_source_makes(lesson, monkeypatch):
    made = committed(lesson)
    assert stale(lesson, made, run_anew(lesson, monkeypatch)) == []


@each_lesson
def test_it_keeps_the_rules(lesson):
    assert rules.problems(lesson, committed(lesson)) == []


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
    assert texts[0].count("<img") == len(LESSONS)
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
# The map conv5 of Figure 7 has 13 rows; −2.5 is their mean, and 8 % are left. It began in 1974.

# %%
rows = list(range(13))
print(len(rows), "rows")
-2.5

# %% tags=["check"]
assert len(rows) == 13 and 0.08 > 0

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

# %% tags=["answer"]
assert sum(rows) == 78
'''
CITED = ("# %% [markdown]\n# ## A section", "# %% [markdown] cited=[1974]\n# ## A section")


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
    return rules.problems(lesson, notebook.make(lesson.shown, notebook.run(lesson.shown, "p")))


def test_a_lesson_that_keeps_the_rules(plant):
    assert problems(plant(CITED)) == []


def test_a_number_of_another_source_has_to_be_named(plant):
    assert problems(plant()) == ["03-planted.py, line 18: the text says 1974, but no code and no "
                                 "output of its section does"]


@pytest.mark.parametrize("old, new, said", [
    ("has 13 rows", "has 14 rows", "says 14"),
    ("has 13 rows", "has −13 rows", "says -13"),
    ("−2.5 is", "−2.4 is", "says -2.4"),
    ("−2.5 is", "2.5 is", None),        # the code's −2.5 holds both: a sign may stand in the text
    ("and 8 %", "and 9 %", "says 9"),
    ("and 8 %", "and 8", "says 8"),
    ("It is 78.", "It is 77.", "says 77"),
    ("assert len(rows) == 13 and 0.08 > 0", "0.08", "asserts nothing"),
    ("**Predict** the", "**Compute** the", "exercise 1 doesn't say what to predict"),
    ("`numpyzf lab start pooling`", "a lab", "name no lab"),
    ("**1.** It is 78.", "**2.** It is 78.", "1 exercises, but answers to [2]"),
    ("# ## Exercises", "# ## Practice", "no section '## Exercises'"),
    ("plot(rows)\nfigure", "plot(rows)", "shows no picture"),
    ('tags=["answer"]\nassert', "\nassert", "only answers"),
], ids=str)
def test_a_lesson_that_breaks_a_rule(plant, old, new, said):
    found = problems(plant(CITED, (old, new)))
    if said is None:
        assert found == []
    else:
        assert len(found) == 1 and said in found[0], found


def test_a_number_of_another_section_is_no_proof(plant):
    moved = ("# ## Exercises\n#\n", "# ## Behind\n#\n# As −2.5 said.\n\n# %%\nassert rows\n\n"
             "# %% [markdown]\n# ## Exercises\n#\n")
    found = problems(plant(CITED, moved))
    assert len(found) == 1 and "says -2.5" in found[0]


@pytest.mark.parametrize("old, new", [
    ('"rows")', '"columns")'), ("list(range(13))", "[*range(13)]"), ("\n-2.5\n", "\n-2.6\n"),
    ("A section", "Another section"), ("figure.subplots()", "figure.subplots(1, 1)"),
    ("\nfigure\n", "\n"), ('# %% tags=["check"]', "# %%"), ("# %%\nrows", "# %% [markdown]\n# rows")
], ids=str)
def test_a_notebook_that_is_not_its_source_s(plant, old, new):
    """Each of these changes of the source is noticed, in the notebook of the unchanged one."""
    lesson = plant(CITED)
    outputs = notebook.run(lesson.shown, "p")
    made = notebook.make(lesson.shown, outputs)
    assert stale(lesson, made, outputs) == []
    if "[markdown]" in new:
        changed = plant(CITED, ("# %%\nrows = list(range(13))\nprint(len(rows), \"rows\")\n-2.5",
                                "# %%\nrows = list(range(13))"))
    else:
        changed = plant(CITED, (old, new))
    assert stale(changed, made, notebook.run(changed.shown, "p"))


def test_numbers_may_differ_in_their_last_digits():
    assert differences("loss 0.512, map 3", "loss  0.518,\n map 3") == []
    assert differences("[0.512 -1.0e-05]", "[0.530 -1.0e-05]") == [("0.512", "0.530")]
    assert differences("map 3", "map 4") == [("3", "4")]
    assert differences("81.4 % right", "81.5 % right") == []
    assert differences("81.4 % right", "81.4 % wrong") == [("right", "wrong")]
    assert differences("-0.5", "0.5") == [("-0.5", "0.5")]


# ---- the builder -------------------------------------------------------------------------------

def test_built_twice_it_is_the_same_file(plant):
    lesson = plant(CITED)
    notebook.build(lesson)
    first = lesson.notebook.read_bytes()
    notebook.build(lesson)
    assert lesson.notebook.read_bytes() == first
    made = json.loads(first)
    assert [cell["cell_type"] for cell in made["cells"]] == [
        "markdown", "code", "markdown", "code", "code", "code", "markdown"]
    rows, check, picture = made["cells"][3:6]
    assert [output["output_type"] for output in rows["outputs"]] == ["stream", "execute_result"]
    assert notebook.texts(rows["outputs"]) == "13 rows\n\n-2.5" and check["outputs"] == []
    assert picture["outputs"][0]["data"]["text/plain"] == ["<Figure size 200x100 with 1 Axes>"]
    assert check["metadata"] == {"tags": ["check"], "jupyter": {"source_hidden": True}}
    assert index.cover(made).startswith(b"\x89PNG")
    assert "It is 78" not in first.decode() and "== 78" not in first.decode()


@pytest.mark.parametrize("change, words", [
    (("assert len(rows) == 13", "assert len(rows) == 12"), "03-planted.py, line 26: AssertionErr"),
    (("print(len(rows)", "print(len(rose)"), "line 22: NameError: name 'rose'"),
    (("print(len(rows)", "print((len(rows)"), "line 22: SyntaxError"),
    (("figure.subplots()", "figure.sub()"), "line 30: AttributeError"),
], ids=str)
def test_a_cell_that_fails_is_named(plant, change, words):
    lesson = plant(CITED, change)
    lesson.notebook.write_text("as before")
    with pytest.raises(RuntimeError, match=re.escape(words)):
        notebook.build(lesson)
    assert lesson.notebook.read_text() == "as before"


@pytest.mark.parametrize("change, words", [
    (("# # 3. A planted lesson", "# # 4. A planted lesson"), "line 2: a lesson begins with its"),
    (("# - **In the paper:** section 2.1\n", ""), "line 2: the first cell doesn't say In the"),
    (("# ## A section", "## A section"), "line 16: each line of a text begins with '# '"),
    (("# %% [markdown]\n# ## A section", "# %% [text]\n# ## A section"), "line 15: a cell's head"),
    (('tags=["cover"]', "tags=[cover]"), "line 28: behind '# %%' may stand tags and cited"),
    (('tags=["cover"]', 'labels=["cover"]'), "line 28: behind '# %%' may stand tags and cited"),
    (("assert sum(rows) == 78", ""), "line 41: this cell is empty"),
    (("# %% [markdown]\n# # 3", "import os\n# %% [markdown]\n# # 3"), "line 1: a lesson begins"),
], ids=str)
def test_a_source_that_is_no_lesson(plant, change, words):
    with pytest.raises(ValueError, match="03-planted.py, " + re.escape(words)):
        plant(change)


def test_what_a_source_says(plant):
    lesson = plant(CITED)
    assert (lesson.number, lesson.title) == (3, "A planted lesson")
    assert lesson.facts["Before it"] == "nothing that takes long"
    assert [cell.line for cell in lesson.cells[:3]] == [2, 11, 16]
    assert lesson.cells[2].cited == (1974,) and lesson.cells[4].tags == ("check",)
    assert len(lesson.cells) == 9 and len(lesson.shown) == 7


# ---- the command -------------------------------------------------------------------------------

def test_the_command_builds_lists_and_answers(plant, capsys):
    folder = plant(CITED).path.parent
    assert cli.main(["lesson", "build", "3", "--folder", str(folder)]) == 0
    assert "03-planted.ipynb: 7 cells, 1 picture, " in capsys.readouterr().out
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "How much is it, &amp; why?" in page and "data:image/png;base64," in page
    assert cli.main(["lesson", "list", "--folder", str(folder)]) == 0
    assert " 3. A planted lesson   (1 second)" in capsys.readouterr().out
    assert cli.main(["lesson", "answers", "3", "--folder", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "**1.** It is 78." in out and "    assert sum(rows) == 78" in out
    assert out.index("Predict") < out.index("It is 78.")


@pytest.mark.parametrize("arguments, words", [
    (["answers", "4"], "no lesson 4; the lessons are 3"),
    (["answers"], "name the lesson whose answers you want, such as: numpyzf lesson answers 3"),
    (["build"], "03-planted.py doesn't keep 1 of the rules"),
    (["list", "--folder", "/nowhere"], "no lessons in /nowhere: they come with the source"),
], ids=str)
def test_what_the_command_refuses(plant, capsys, arguments, words):
    folder = plant().path.parent
    if "--folder" not in arguments:
        arguments = [*arguments, "--folder", str(folder)]
    assert cli.main(["lesson", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_figure_shows_itself_in_a_notebook():
    """Whether or not pyplot was imported: notebooks ask an object for this."""
    from numpyzf import plots
    assert plots.figure(2, 1)._repr_png_().startswith(b"\x89PNG")
