"""The table of wrong answers: which check refuses each, and with which hint."""
from typing import NamedTuple

from .exercise import replaced
from .marking import FAILED, mark
from .student import run
from .tasks import hint_of


class Row(NamedTuple):
    """What became of one wrong answer."""
    task: str
    answer: str         # the name of the wrong function, or the wrong value
    seed: int           # of the inputs
    check: str          # that has to refuse it
    refused_by: list    # the checks that did, "2.1/ties" each
    hint: str           # the student's
    expected_hint: str

    @property
    def as_it_should(self):
        """Whether the check that names it refuses it, no other does, and the hint is its own."""
        return (self.refused_by == [f"{self.task}/{self.check}"]
                and self.hint == self.expected_hint)


def table(lab, seeds=(0,), others=True):
    """Mark every wrong answer of a lab, in the solution's place, in this process.

    lab: a tasks.Lab.
    seeds: of the inputs. The file with the wrong answer is run once, and marked with each.
    others: whether to mark all tasks, and not only the one that the answer belongs to.
    Returns a list of Row.
    """
    rows = []
    for wrong in lab.wrong:
        task = lab.task(wrong.task)
        student = run(replaced(lab.solution, task.name, wrong.answer), "wrong.py")
        name = getattr(wrong.answer, "__name__", repr(wrong.answer))
        for seed in seeds:
            failed, hint = _refused_by(lab, lab.tasks if others else [task], student, seed)
            rows.append(Row(task.number, name, seed, wrong.check, failed, hint, hint_of(wrong)))
    return rows


def _refused_by(lab, tasks, student, seed):
    """The checks that fail, "2.1/ties" each, and the first hint."""
    failed, hint = [], ""
    for task in tasks:
        for found in mark(lab, task, student, seed):
            if found.status == FAILED:
                failed.append(f"{task.number}/{found.check}")
                hint = hint or found.hint
    return failed, hint
