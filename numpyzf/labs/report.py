"""What a check of a file gives: as data, as text for a terminal, as Gradescope's results.json."""
import json
import textwrap
from typing import NamedTuple

from ..files import replacing
from .marking import FAILED, NOT_DONE, NOT_RUN, PASSED, PREDICT
from .tasks import title_of


class Result(NamedTuple):
    """One check of one task."""
    number: str         # of the task
    name: str           # of the function or value
    check: str
    title: str          # what the check asks for
    points: int
    status: str         # "passed", "failed", "not done yet", "predict first", "not run"
    text: str           # what is wrong
    hint: str
    held_back: bool     # whether a student sees it only later

    @property
    def score(self):
        return self.points if self.status == PASSED else 0


class Report(NamedTuple):
    """Everything about one file."""
    lab: str
    file: str
    seed: int
    results: list       # of Result, in the order of the tasks
    notes: list         # lines about the file as a whole
    printed: dict       # {number of a task: the beginning of what it printed}
    problem: str = ""   # why nothing could be graded

    @property
    def score(self):
        return sum(result.score for result in self.results)

    @property
    def points(self):
        return sum(result.points for result in self.results)


def empty(lab, tasks, file, seed, hold_back):
    """A Report in which nothing has been run."""
    held = set(hold_back)
    results = [Result(task.number, task.name, check.name, title_of(check), check.points, NOT_RUN,
                      "the grader ended before it came here", "",
                      task.number in held or f"{task.number}/{check.name}" in held)
               for task in tasks for check in task.checks]
    return Report(lab.name, str(file), seed, results, [], {})


# ---- for a terminal ------------------------------------------------------------------------------

def as_text(report):
    """Lines for a terminal: each task, what is wrong, and the sum."""
    lines = [f"{report.file}: lab {report.lab}"]
    if report.problem:
        return [*lines, report.problem]
    lines += [f"note: {note}" for note in report.notes]
    seen = set()
    for number in dict.fromkeys(result.number for result in report.results):
        lines += ["", *_task_text(report, number, seen)]
    done = sum(result.status == PASSED for result in report.results)
    lines += ["", f"{report.score} of {report.points} points; {done} of {len(report.results)} "
                  "checks pass"]
    if report.seed:
        lines[-1] += f" (--seed {report.seed})"
    return lines


def _task_text(report, number, seen):
    results = [result for result in report.results if result.number == number]
    score, points = (sum(getattr(r, key) for r in results) for key in ("score", "points"))
    head = f"{number}  {results[0].name}"
    first = results[0]
    same = len({(result.status, result.text) for result in results}) == 1
    if same and (first.status in (NOT_DONE, PREDICT) or (first.text and not first.hint)):
        tail = f"    {first.text}" if first.text else ""
        lines = [f"{head:<32} {score} of {points}  {first.status}"]
        lines += _indented(tail.strip(), 4)
    else:
        lines = [f"{head:<32} {score} of {points}"]
        for result in results:
            if result.status != NOT_RUN:
                lines += _result_text(result)
        for text in dict.fromkeys(r.text for r in results if r.status == NOT_RUN):
            names = [r.check for r in results if (r.status, r.text) == (NOT_RUN, text)]
            lines += _indented(f"not run: {', '.join(names)} ({text})", 4)
    printed = report.printed.get(number)
    if printed and printed not in seen:
        seen.add(printed)
        lines += ["    it printed:", *(f"    | {line}" for line in printed.splitlines())]
    return lines


def _result_text(result):
    mark = {PASSED: "ok", FAILED: "FAILED"}.get(result.status, result.status)
    lines = [f"    {mark:<7} {result.check}: {result.title}"]
    lines += _indented(result.text, 12)
    if result.hint:
        lines += textwrap.wrap(f"Hint: {result.hint}", 98, initial_indent=" " * 12,
                               subsequent_indent=" " * 18)
    return lines


def _indented(text, spaces):
    """The lines of a text, indented; a long one is a sentence, and goes on below."""
    return [part for line in text.splitlines()
            for part in ([" " * spaces + line] if len(line) + spaces <= 98 else textwrap.wrap(
                line, 98, initial_indent=" " * spaces, subsequent_indent=" " * spaces,
                break_long_words=False, break_on_hyphens=False))]


# ---- for Gradescope ------------------------------------------------------------------------------

def as_gradescope(report, seconds):
    """The dictionary that Gradescope reads from results.json."""
    tests = []
    for result in report.results:
        parts = [result.title + ".", result.status if result.status != PASSED else "",
                 result.text, f"Hint: {result.hint}" if result.hint else ""]
        tests.append({
            "number": result.number, "name": f"{result.number} {result.name}: {result.check}",
            "score": result.score, "max_score": result.points,
            "status": "passed" if result.status == PASSED else "failed",
            "output": "\n".join(filter(None, parts)), "output_format": "text",
            "visibility": "after_published" if result.held_back else "visible"})
    return {"score": report.score, "execution_time": round(seconds), "output": _summary(report),
            "output_format": "text", "visibility": "visible", "stdout_visibility": "hidden",
            "tests": tests}


def _summary(report):
    public = [result for result in report.results if not result.held_back]
    passed = sum(result.status == PASSED for result in public)
    lines = [report.problem, *report.notes,
             f"{passed} of {len(public)} public checks pass. More checks may be run later."]
    return "\n".join(filter(None, lines))


def write_json(report, path, seconds):
    """Write Gradescope's results.json. Whenever this is interrupted, a whole file is there."""
    with replacing(path) as file:
        file.write(json.dumps(as_gradescope(report, seconds), indent=1).encode())
