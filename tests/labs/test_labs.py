"""Every lab: the solution has full marks, the exercise none, and no wrong answer survives."""
import re
from pathlib import Path

import pytest

from numpyzf.labs import LABS
from numpyzf.labs.exercise import BEGIN, END, exercise, replaced, start
from numpyzf.labs.marking import NOT_DONE, PASSED, PREDICT, mark
from numpyzf.labs.mutants import table
from numpyzf.labs.student import run
from numpyzf.labs.tasks import load, title_of

RIGHT = sorted((Path(__file__).parent / "right").glob("*.py"))
each_lab = pytest.mark.parametrize("lab", [load(name) for name in LABS], ids=LABS)


def statuses(lab, text, seed=0):
    """{"2.1/ties": status} of all checks of a file's text, in this process."""
    student = run(text, "student.py")
    assert student.notes == []
    return {f"{task.number}/{found.check}": (found.status, found.text, found.hint)
            for task in lab.tasks for found in mark(lab, task, student, seed)}


@each_lab
@pytest.mark.parametrize("seed", [0, 1, 20])
def test_the_solution_has_full_marks(lab, seed):
    """Its checks compare with the library: so this fails too if the library has changed."""
    found = statuses(lab, lab.solution, seed)
    assert {key: value for key, value in found.items() if value[0] != PASSED} == {}


@each_lab
def test_the_exercise_has_none(lab):
    text = exercise(lab.solution)
    assert BEGIN not in text and END not in text
    assert {status for status, _, _ in statuses(lab, text).values()} <= {NOT_DONE, PREDICT}


@each_lab
def test_a_solution_that_no_longer_matches_loses_marks(lab):
    """For each task: the solution with a function that does nothing."""
    for task in lab.tasks:
        text = replaced(lab.solution, task.name, "nothing" if task.prediction else nothing)
        failed = {key.split("/")[0] for key, value in statuses(lab, text).items()
                  if value[0] == "failed"}
        assert failed == {task.number}


def nothing(*arguments, **keywords):
    return None


def not_as_they_should(name):
    """Seed 0 with all tasks; the others with the task that the answer belongs to."""
    lab = load(name)
    rows = table(lab) + table(lab, range(1, 21), others=False)
    assert len(rows) == 21 * len(lab.wrong)
    return [row for row in rows if not row.as_it_should]


@each_lab
@pytest.mark.beside(not_as_they_should, each=True)
def test_no_wrong_answer_survives(lab, beside):
    """Each fails the check that names it, no other, in its own task only; with its own hint.

    With other inputs, too.
    """
    assert beside == []


@each_lab
def test_every_check_refuses_some_wrong_answer(lab):
    """A check that nothing needs, or that nothing tests, isn't there."""
    checks = {(task.number, check.name) for task in lab.tasks for check in task.checks}
    assert {(wrong.task, wrong.check) for wrong in lab.wrong} == checks


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
@pytest.mark.parametrize("seed", [0, 3])
def test_right_answers_in_other_styles_pass(path, seed):
    lab = load(path.stem.split("_")[0])
    found = statuses(lab, path.read_text(encoding="utf-8"), seed)
    assert {key: value for key, value in found.items() if value[0] != PASSED} == {}


@each_lab
def test_the_words_of_a_lab(lab):
    """What the grader and students rely on: numbers, titles, contracts, the first line."""
    assert lab.solution.startswith(f'"""Lab {lab.name}: ')
    assert f"numpyzf lab check {lab.name}.py" in lab.solution
    assert len({task.number for task in lab.tasks}) == len(lab.tasks)
    for task in lab.tasks:
        assert f"Task {task.number}" in lab.solution
        assert all(title_of(check) and check.points > 0 for check in task.checks)
        assert len({check.name for check in task.checks}) == len(task.checks)
    numbers = re.findall(r"Task (\d\.\d)[:,]", lab.solution)
    assert numbers == [task.number for task in lab.tasks]


def test_start_never_overwrites(tmp_path):
    lab = load("pooling")
    path = start(lab, tmp_path / "mine.py")
    assert path.read_text(encoding="utf-8") == exercise(lab.solution)
    path.write_text("hours of work")
    with pytest.raises(FileExistsError, match="may be your work"):
        start(lab, path)
    assert path.read_text() == "hours of work"


def test_an_exercise_is_made_from_a_solution():
    text = exercise("# BEGIN SOLUTION\na, b = 1, 2\n# END SOLUTION\n"
                    .replace("a, b = 1, 2", "a = 1\nb = 2")
                    + "def f():\n    x = 1\n    # BEGIN SOLUTION\n    return x\n"
                      "    # END SOLUTION\n")
    assert text == "a = None\nb = None\ndef f():\n    x = 1\n    raise NotImplementedError\n"


@pytest.mark.parametrize("text", ["# BEGIN SOLUTION\n", "# END SOLUTION\n",
                                  "# BEGIN SOLUTION\n# BEGIN SOLUTION\n# END SOLUTION\n"])
def test_marks_that_do_not_match_are_refused(text):
    with pytest.raises(ValueError, match="SOLUTION"):
        exercise(text)


# what a function may do with these arguments: the result is the same
SAME = {("numerical_gradient", 2), ("relu_backward", 1), ("rectify", 1), ("top_units", 0),
        ("occlusion_map", 1)}


@each_lab
@pytest.mark.parametrize("wrong", ["np.abs(value)", "np.maximum(value, 0)"])
def test_who_takes_values_for_positive_is_refused(lab, wrong):
    """The solution, of an argument's absolute values, or with negative ones as zeros."""
    survived = set()
    for task in lab.tasks:
        for place in range(0 if task.prediction or task.name.startswith("test") else 3):
            text = lab.solution + f"""

_right = {task.name}


def {task.name}(*given, **named):
    given = list(given)
    value = given[{place}]
    if not (isinstance(value, np.ndarray) and value.dtype.kind == "f"):
        raise ValueError("no such argument")
    given[{place}] = {wrong}
    return _right(*given, **named)
"""
            found = {value[0] for key, value in statuses(lab, text).items()
                     if key.startswith(f"{task.number}/")}
            if found == {PASSED}:
                survived.add((task.name, place))
    assert survived <= SAME
