"""What a lab is made of: tasks, their checks, wrong answers; and `load`, which reads a lab."""
from importlib import import_module
from importlib.resources import files
from typing import NamedTuple


class Check(NamedTuple):
    """One thing that a task is judged by."""
    name: str               # a word or two, unique in its task
    points: int
    function: object        # function(judge, rng); its docstring says what is asked


class Task(NamedTuple):
    """One thing for the student to write."""
    number: str             # "2.1"
    name: str               # of the function or value in the student's file
    checks: list            # of Check; the first is the plain case
    returns: tuple = ()     # names of what the function returns, if that is more than one thing
    prediction: bool = False    # whether it is a value to predict, and no function
    after: str = None       # the prediction that has to be made first: its name


class Wrong(NamedTuple):
    """A wrong answer: one misconception."""
    task: str               # the task's number
    check: str              # the name of the check that must refuse it
    answer: object          # a function like the student's; or, of a prediction, the value
    hint: str = None        # if it isn't the function's docstring


class About(NamedTuple):
    """What stands in the list of labs."""
    section: str            # of the paper
    minutes: int            # for a student who has heard the lecture
    needs: str              # what a student must know before
    lesson: int             # the lesson that goes with it


class Lab(NamedTuple):
    """A lab, read."""
    name: str
    title: str
    summary: str            # a sentence or two
    about: About
    solution: str           # the text of solution.py
    tasks: list             # of Task
    wrong: list             # of Wrong

    def task(self, number):
        """The task with this number; ValueError if there is none."""
        for task in self.tasks:
            if task.number == number:
                return task
        numbers = ", ".join(task.number for task in self.tasks)
        raise ValueError(f"lab {self.name} has no task {number}; it has {numbers}")

    @property
    def points(self):
        return sum(check.points for task in self.tasks for check in task.checks)


def load(name):
    """Read the lab of this name, one of LABS."""
    package = f"{__package__}.{name}"
    room = import_module(package)
    title, _, summary = room.__doc__.partition("\n")
    return Lab(name, title.rstrip("."), " ".join(summary.split()), room.ABOUT,
               files(package).joinpath("solution.py").read_text(encoding="utf-8"),
               import_module(f"{package}.checks").TASKS, import_module(f"{package}.wrong").WRONG)


def hint_of(wrong):
    """The hint that goes with a wrong answer, in one line."""
    return " ".join((wrong.hint or wrong.answer.__doc__).split())


def title_of(check):
    """What a check asks for: its docstring in one line."""
    return " ".join(check.function.__doc__.split()).rstrip(".")
