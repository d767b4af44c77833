"""Marks one task of a student: every check of it, in this process."""
from typing import NamedTuple

import numpy as np

from . import world
from .judge import Judge, NotDone, Refused
from .student import why_missing

PASSED, FAILED, NOT_DONE, PREDICT, NOT_RUN = ("passed", "failed", "not done yet", "predict first",
                                              "not run")


class Mark(NamedTuple):
    """What came out of one check."""
    check: str          # its name
    status: str         # PASSED, FAILED, NOT_DONE, PREDICT, NOT_RUN
    text: str = ""      # what is wrong
    hint: str = ""


def mark(lab, task, student, seed, kept=None, begins=None):
    """Run the checks of one task, one after the other; yields a Mark each.

    lab: a tasks.Lab.
    task: one of its tasks.
    student: a student.Student.
    seed: of the inputs. Each check has a generator of its own, so its inputs don't depend on
    which others are run.
    kept: of world.keep, from before the student's file was run.
    begins: a function that is told the name of each check before it begins.
    """
    kept = kept or world.keep()
    reason = _not_ready(task, student)
    for place, check in enumerate(task.checks):
        if reason:
            yield Mark(check.name, *reason)
            continue
        if begins:
            begins(check.name)
        wrong = [each for each in lab.wrong if each.task == task.number]
        judge = Judge(task, check.name, student.names[task.name], student.file, wrong, kept)
        found = _judged(check, judge, np.random.default_rng([seed, lab.tasks.index(task), place]))
        yield found
        if place == 0 and found.status != PASSED:
            # what fails in the plain case would fail in all of them, and say the same again
            reason = ((found.status, "") if found.status == NOT_DONE else
                      (NOT_RUN, f"first comes the plain case, “{check.name}”"))


def _not_ready(task, student):
    """(status, text) if a task can't be marked at all, else None."""
    answer = student.names.get(task.name)
    if task.name not in student.names or (answer is None and task.name in student.missing):
        return FAILED, sentence(why_missing(student, task.name))
    if answer is None:
        return NOT_DONE, ""
    if task.after and student.names.get(task.after) is None:
        return PREDICT, f"{task.after} is None: write down what you expect, then run this."
    if not task.prediction and not callable(answer):
        return FAILED, f"{task.name} must be a function."
    return None


def sentence(words):
    """Words with a full stop behind them, if they have no mark there."""
    return words if words.endswith((".", "?", "!")) else f"{words}."


def _judged(check, judge, rng):
    try:
        check.function(judge, rng)
        return Mark(check.name, PASSED)
    except NotDone:
        return Mark(check.name, NOT_DONE)
    except Refused as refused:
        return Mark(check.name, FAILED, refused.text, refused.hint)
