"""A folder of submissions: which files are graded, and the table of all."""
import csv

import pytest

from numpyzf import cli
from numpyzf.labs import LABS, grade
from numpyzf.labs.exercise import exercise
from numpyzf.labs.submissions import candidates, submissions
from numpyzf.labs.tasks import load

SOLUTION = load("pooling").solution
RIGHT, EMPTY = SOLUTION, exercise(SOLUTION)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_what_says_its_lab_comes_before_what_doesn_t(tmp_path):
    """A helper, whose name comes first, is no submission; its own is."""
    helper, work = write(tmp_path / "aux.py", "x = 1"), write(tmp_path / "work.py", RIGHT)
    assert candidates(tmp_path, LABS, "pooling") == candidates(tmp_path, LABS) == [work]
    assert candidates(tmp_path, LABS, "speed") == [helper, work]        # neither says that
    named = write(tmp_path / "my pooling.py", RIGHT)
    assert candidates(tmp_path, LABS, "pooling") == [named, work]
    own = write(tmp_path / "pooling.py", RIGHT)
    assert candidates(tmp_path, LABS, "pooling") == [own, named, work]
    write(tmp_path / ".hidden.py", RIGHT)
    write(tmp_path / "notes.txt", RIGHT)
    assert len(candidates(tmp_path, LABS, "pooling")) == 3


def test_a_note_says_that_there_are_others(tmp_path):
    write(tmp_path / "a.py", RIGHT)
    write(tmp_path / "b.py", EMPTY)
    assert grade.find(tmp_path, LABS) == ("pooling", tmp_path / "a.py", (
        "of the 2 files here that may be it, a.py was graded; numpyzf lab grade grades all in a "
        "folder"))
    report = grade.check(tmp_path, lab="pooling", task="1.1")
    assert report.notes[0].startswith("of the 2 files here")


def test_files_in_folders_of_students(tmp_path):
    ada = write(tmp_path / "ada" / "pooling.py", RIGHT)
    write(tmp_path / "ada" / "helper.py", "x = 1")
    bob = write(tmp_path / "bob" / "work.py", "x = 1")
    write(tmp_path / "__MACOSX" / "bob" / "work.py", "x = 1")
    assert submissions(tmp_path, LABS, "pooling") == [ada, bob]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The folder in which three submissions were graded, and what the command printed."""
    top = tmp_path_factory.mktemp("graded")
    write(top / "ten" / "ada.py", RIGHT)
    write(top / "ten" / "bob" / "mine.py", EMPTY)
    write(top / "ten" / "eve" / "mine.py", "print(1)")
    assert cli.main(["lab", "grade", str(top / "ten"), "--out", str(top / "out")]) == 0
    return top / "out"


def test_a_table_of_all(graded):
    with open(graded / "scores.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    points = str(grade.load("pooling").points)
    assert rows[0][:4] == ["file", "lab", "points", "of"]
    assert rows[1][:4] == ["ada.py", "pooling", points, points] and rows[1][4] == rows[1][5]
    assert rows[2][:5] == ["bob/mine.py", "pooling", "0", points, "0"]
    assert rows[3][0] == "eve/mine.py" and "doesn't say which lab it is" in rows[3][6]


def test_a_report_for_each(graded):
    assert sorted(path.relative_to(graded).as_posix() for path in graded.rglob("*.*")) == [
        "ada.py.txt", "bob/mine.py.txt", "scores.csv"]
    assert "checks pass" in (graded / "ada.py.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name, message", [("nowhere", "there is no folder"),
                                           ("empty", "there are no submissions")])
def test_nothing_to_grade_is_one_line(tmp_path, capsys, name, message):
    (tmp_path / "empty").mkdir()
    assert cli.main(["lab", "grade", str(tmp_path / name), "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err and not (tmp_path / "out").exists()
