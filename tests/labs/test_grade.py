"""The grader: its report after every check, killed or not; one task, other inputs, the command."""
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from numpyzf import cli
from numpyzf.labs import LABS, check, grade, judge, report as reports, student
from numpyzf.labs.exercise import exercise, replaced
from numpyzf.labs.marking import PASSED, mark, sentence
from numpyzf.labs.tasks import load

LAB = load("pooling")
TEST_FIELDS = {"number", "name", "score", "max_score", "status", "output", "output_format",
               "visibility"}


@pytest.fixture
def solved(tmp_path):
    path = tmp_path / "pooling.py"
    path.write_text(LAB.solution, encoding="utf-8")
    return path


def test_the_report_is_told_after_every_check(solved):
    told = []
    report = check(solved, task="3.2", changed=lambda r: told.append([x.status for x in r.results]))
    assert told[0] == ["not run"] * 5 and told[-1] == ["passed"] * 5
    assert [states.count("passed") for states in told[:6]] == [0, 1, 2, 3, 4, 5]
    assert (report.score, report.points, report.lab, report.notes) == (7, 7, "pooling", [])


def test_a_wrong_answer_as_a_student_sees_it(solved):
    """The smallest input, what came, what is wrong with it, a hint; nothing of the right array."""
    wrong = next(each for each in LAB.wrong if each.check == "overlap" and each.task == "3.2")
    solved.write_text(replaced(LAB.solution, "unpool", wrong.answer), encoding="utf-8")
    report = check(solved, task="3.2")
    text = "\n".join(reports.as_text(report))
    assert report.score == 5 and "    FAILED  overlap: where values meet, they add" in text
    assert "unpool(r, index, (1, 1, 2, 2))" in text and "r: float32 (1, 1, 1, 3)" in text
    assert "the result came as: float32 (1, 1, 2, 2)" in text and " too small; 1 of 4" in text
    assert "Hint: Where two values meet, yours keeps the last. They add" in text


@pytest.mark.small
def test_the_text_for_a_terminal():
    """Long sentences go on below; what wasn't run can't be read as a name; one stop at the end."""
    report = reports.empty(LAB, [LAB.task("2.1")], "pooling.py", 0, [])
    first, *others = report.results
    sentence = "A sentence that is so long. " * 5
    results = [first._replace(status="failed", text="    x: [[ 1.   2.]]\n" + sentence),
               *(each._replace(text="first comes the plain case") for each in others)]
    lines = reports.as_text(report._replace(results=results))
    assert max(map(len, lines)) <= 98 and "                x: [[ 1.   2.]]" in lines
    text = " ".join(" ".join(lines).split())
    assert sentence.strip() in text
    assert "not run: not square, maps, " in text and "manners (first comes the plain case)" in text


@pytest.mark.small
@pytest.mark.parametrize("answer, text, hint", [
    ("11", "You predicted '11'.", "without quotes"),
    ([11, "2"], "You predicted [11, '2'].", "without quotes"),
    (1, "You predicted 1.", "doesn't replace"), (11.0, "", "")])
def test_a_prediction(answer, text, hint):
    found, = mark(LAB, LAB.task("3.1"), student.run(f"meeting = {answer!r}", "student.py"), 0)
    assert text in found.text and hint in found.hint and (found.status == PASSED) == (not text)


@pytest.mark.small
@pytest.mark.parametrize("body, text, hint", [
    ("return None", "is None: is there a `return`?", ""),
    ("return x[0.5]", "raises IndexError", judge.INTEGER),
    ("return np.zeros(x.shape[2] / 2)", "raises TypeError", judge.INTEGER),
    ("return x[9]", "raises IndexError", judge.ERRORS["IndexError"]),
    ("return np.add.reduce(x) + max_pool(x, 2, 2)", "takes 1 positional", judge.BY_NAME),
    ("return x + 'a'", "raises", ""), ("yield x", "The result is a generator", "")])
def test_what_is_said_of_a_call(body, text, hint):
    code = f"import numpy as np\ndef max_pool(x, *, size, stride, pad=0, ceil=False):\n    {body}\n"
    found = next(mark(LAB, LAB.task("2.1"), student.run(code, "student.py"), 0))
    assert text in found.text and found.hint == hint and "?." not in found.text


def test_what_the_file_changes_is_put_back_for_the_figure_too(solved):
    solved.write_text("import numpy as np\nnp.float32 = None\ndel np.zeros\n" + LAB.solution,
                      encoding="utf-8")
    figure = solved.parent / "figure.png"
    assert not grade.draw(solved, "pooling", figure)
    assert figure.exists()


@pytest.mark.parametrize("number", ["10", "10.0"])
def test_a_wrong_prediction_is_answered_in_lines_of_a_terminal(solved, number):
    solved.write_text(LAB.solution.replace("meeting = 11", f"meeting = {number}"), encoding="utf-8")
    lines = reports.as_text(check(solved, task="3.1"))
    assert f"            You predicted {number}. If x[2] grows" in "\n".join(lines)
    assert "Hint: The larger value doesn't win" in "\n".join(lines)
    assert max(map(len, lines)) < 100


def test_seeds_change_inputs_and_tasks_do_not(solved):
    """The same check has the same inputs whether the others are run or not."""
    solved.write_text(LAB.solution.replace("y[:, :, p, q] = window", "y[:, :, p, q] = 1 + window"),
                      encoding="utf-8")
    whole, alone = check(solved), check(solved, task="2.1")
    other = check(solved, task="2.1", seed=5)
    texts = [next(r.text for r in report.results if r.number == "2.1")
             for report in (whole, alone, other)]
    assert texts[0] == texts[1] != texts[2] and "1 too large" in texts[2]


# ---- Gradescope ----------------------------------------------------------------------------------

def test_gradescope_s_results(solved, capsys, tmp_path):
    results = tmp_path / "results.json"
    arguments = ["lab", "check", str(solved), "--json", str(results), "--hold-back", "1.1",
                 "2.2/ties"]
    assert cli.main(arguments) == 0
    found = json.loads(results.read_text(encoding="utf-8"))
    assert found["score"] == LAB.points == sum(test["score"] for test in found["tests"])
    assert all(set(test) == TEST_FIELDS and test["status"] == "passed" for test in found["tests"])
    held = [test["name"] for test in found["tests"] if test["visibility"] == "after_published"]
    assert len(held) == 6 and held[-1] == "2.2 find_switches: ties"
    public = len(found["tests"]) - 6
    assert (f"{public} of {public} public checks pass. More checks may be run later."
            in found["output"])
    assert "40 of 40 points" in capsys.readouterr().out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["pooling.py", "results.json"]


def test_an_exercise_gets_zero_without_a_traceback(tmp_path, capsys):
    path, results = tmp_path / "pooling.py", tmp_path / "results.json"
    path.write_text(exercise(LAB.solution), encoding="utf-8")
    assert cli.main(["lab", "check", str(path), "--json", str(results)]) == 0
    found = json.loads(results.read_text(encoding="utf-8"))
    assert found["score"] == 0 and {test["status"] for test in found["tests"]} == {"failed"}
    out, err = capsys.readouterr()
    assert "not done yet" in out and "predict first" in out and "Traceback" not in out + err


def test_a_folder_without_a_file_is_a_result_too(tmp_path, capsys):
    results = tmp_path / "results.json"
    (tmp_path / "submission").mkdir()
    status = cli.main(["lab", "check", str(tmp_path / "submission"), "--lab", "pooling", "--json",
                       str(results)])
    found = json.loads(results.read_text(encoding="utf-8"))
    assert status == 2 and found["score"] == 0 and "there is no file" in found["output"]
    assert "numpyzf: there is no file" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, a child of a killed grader goes on")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_in_the_middle_the_report_is_whole(tmp_path, number):
    """And no process goes on."""
    path, results = tmp_path / "pooling.py", tmp_path / "results.json"
    path.write_text(replaced(LAB.solution, "find_switches", hang), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "numpyzf", "lab", "check", str(path), "--json", str(results),
         "--time-limit", "100"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | {"TMPDIR": str(tmp_path)})
    try:
        passed = 0
        while passed < 12:              # 1.1 and 2.1, and 2.2 hangs
            time.sleep(0.05)
            if results.exists():
                found = json.loads(results.read_text(encoding="utf-8"))
                passed = sum(test["status"] == "passed" for test in found["tests"])
                assert process.poll() is None
        workers = [pid for pid in Path("/proc").iterdir() if is_worker(pid, str(tmp_path))]
        assert workers
        process.send_signal(number)
        process.wait(20)
        found = json.loads(results.read_text(encoding="utf-8"))
        assert 12 <= sum(test["status"] == "passed" for test in found["tests"]) < 34
        deadline = time.monotonic() + 20
        while any(is_worker(pid, str(tmp_path)) for pid in workers):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()


def is_worker(process, mark):
    """Whether a folder of /proc is a worker's that has `mark` in its order, and that still runs."""
    try:
        return mark.encode() in (process / "cmdline").read_bytes() and (
            b"labs.worker" in (process / "cmdline").read_bytes())
    except OSError:
        return False


def hang(x, **windows):
    import time
    time.sleep(1000)


# ---- the bundle ----------------------------------------------------------------------------------

def test_the_bundle_runs_in_a_place_like_gradescope_s(tmp_path, capsys):
    """Without setup.sh, which installs from the network: the packages are those of this Python."""
    assert cli.main(["lab", "bundle", "pooling", "--out", str(tmp_path / "p.zip"), "--hold-back",
                     "3.4"]) == 0
    root = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        archive.extractall(root / "source")
        assert archive.getinfo("run_autograder").external_attr >> 16 & 0o111
        assert archive.getinfo("setup.sh").external_attr >> 16 & 0o111
    (root / "submission").mkdir()
    (root / "submission" / "pooling.py").write_text(LAB.solution, encoding="utf-8")
    (root / "run_autograder").write_bytes((root / "source" / "run_autograder").read_bytes())
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(["bash", str(root / "run_autograder")], cwd=tmp_path, text=True,
                          capture_output=True, env=os.environ | {"PATH": path})
    assert done.returncode == 0, done.stderr
    found = json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))
    assert found["score"] == LAB.points, found
    held = [test["number"] for test in found["tests"] if test["visibility"] == "after_published"]
    assert held == ["3.4", "3.4"]


# ---- the command ---------------------------------------------------------------------------------

def test_list_start_and_mutants(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["lab", "list"]) == 0
    out = capsys.readouterr().out
    names = [line.split()[0] for line in out.splitlines() if line[:1].islower()]
    assert names == [*LABS]
    assert cli.main(["lab", "start", "pooling"]) == 0 and Path("pooling.py").exists()
    assert cli.main(["lab", "start", "pooling"]) == 2
    assert "pooling.py is there already" in capsys.readouterr().err
    assert cli.main(["lab", "mutants", "pooling"]) == 0
    out = capsys.readouterr().out
    assert out.count("refused by") == len(LAB.wrong) and "each is refused" in out


@pytest.mark.parametrize("arguments, message", [
    (["--task", "9.9"], "lab pooling has no task 9.9; it has 1.1"),
    (["--hold-back", "2.1/tie"], "nothing called '2.1/tie' to hold back"),
    (["--time-limit", "0"], "--time-limit"), (["--seed", "-1"], "--seed")])
def test_wrong_options_are_one_line(solved, capsys, arguments, message):
    try:
        status = cli.main(["lab", "check", str(solved), *arguments])
    except SystemExit as stop:
        status = stop.code
    assert status == 2 and message in capsys.readouterr().err


def test_the_lab_is_seen_from_the_file_or_said(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("x = 1")
    assert grade.find(path, LABS, "pooling") == ("pooling", path, "")
    with pytest.raises(ValueError, match="--lab"):
        grade.find(path, LABS)
    path.write_text(exercise(LAB.solution), encoding="utf-16")
    assert grade.find(path, LABS) == ("pooling", path, "")
    assert grade.find(tmp_path / "my-pooling (2).py", LABS)[0] == "pooling"
    assert grade.find(tmp_path, LABS, "pooling") == grade.find(tmp_path, LABS) == (
        "pooling", path, "")
    with pytest.raises(ValueError, match="no lab 'poling'"):
        grade.find(path, LABS, "poling")
    with pytest.raises(ValueError, match="^there is no file .*nothing.py$"):
        grade.find(tmp_path / "nothing.py", LABS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty: there is no .py or .ipynb file in it"):
        grade.find(tmp_path / "empty", LABS)


def test_a_print_in_a_loop_does_not_bury_the_answer(tmp_path):
    path = tmp_path / "pooling.py"
    path.write_text("for i in range(400):\n    print(i)\n" + LAB.solution, encoding="utf-8")
    text = reports.as_text(grade.check(path, task="1.1"))
    assert [line for line in text if line.startswith("    |")] == [
        *(f"    | {i}" for i in range(20)), "    | … and more"]


def test_a_quote_that_is_missing_above_is_asked_for(tmp_path):
    path = tmp_path / "pooling.py"
    path.write_text(LAB.solution.replace('"""Task 2.1', '""Task 2.1', 1), encoding="utf-8")
    notes = " ".join(grade.check(path, task="2.1").notes)
    assert "invalid character" in notes and '(is a quote, """, missing somewhere above?)' in notes


def test_no_full_stop_behind_a_question_mark():
    assert sentence("is it maxpool?") == "is it maxpool?" and sentence("None") == "None."


def test_a_file_in_a_folder_that_is_not_there(tmp_path, capsys):
    assert cli.main(["lab", "start", "pooling", str(tmp_path / "nodir" / "p.py")]) == 2
    error = capsys.readouterr().err
    assert "there is no folder" in error and "Errno" not in error
