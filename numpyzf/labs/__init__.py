"""Labs: a student writes the operations, and the grader says precisely what is wrong.

    numpyzf lab start pooling       writes the exercise, pooling.py
    numpyzf lab check pooling.py    grades it
    labs.check("pooling.py")        the same as data

The grader guards against unfinished work: endless loops, too much memory, crashes. It is no sandbox
against malice.

How a lab is made
-----------------
A lab is a folder here, with its name in LABS. Each lab has the same files for the same jobs:

    __init__.py   a docstring whose first line is the title, and ABOUT, a tasks.About
    solution.py   the student's file with everything in it. The exercise is made from it: a body
                  between "# BEGIN SOLUTION" and "# END SOLUTION" becomes NotImplementedError; a
                  value between them at the left margin, a prediction, becomes None. Docstrings
                  are contracts; what stands outside of BEGIN and END the student gets as it is.
    checks.py     TASKS, a list of tasks.Task, each with its tasks.Check
    wrong.py      WRONG, a list of tasks.Wrong: wrong answers, one misconception each
    draw.py       draw(student) -> a matplotlib figure: the student's functions in a working net;
                  student.unpool is the function of that name

A task is one function, one prediction (a value) or one test. It never needs another task: what it
doesn't ask for comes from the library.

A check is a function check(judge, rng). Its docstring says in one line what is asked; students
read it. It makes inputs from rng, the smallest first, and has them judged:

    judge.compare(right, x, size=2, stride=2)       the student's result must be that of `right`
    judge.manners(right, x, size=2, stride=2)       dtype, inputs not changed, memory of its own
    judge.predicted(right, text)                    a prediction; `text` shows what happens
    judge.accepts(RIGHT, CAUGHT); judge.refuses(CAUGHT)     a student's test, tried on functions
    judge.call(x, size=2); judge.fail("…")          for all else

`right` comes from functional.py or reference.py, with the names that the contract gives its
arguments. It is never solution.py: so the solution's own marks show that it still is what the
library does. compare doesn't mind the dtype, and hands out copies: these are for manners.

The first check of a task is the plain case. While it fails, the others aren't run. Every other
check is about one thing, and has inputs that show this one thing only: padding in the check of
padding and nowhere else. A wrong answer in wrong.py names the check that must refuse it. It must
fail that check and no other (but for those that aren't run), and only its task.

A wrong answer is a function like the student's; its docstring is its hint. When a student's result
is wrong, the judge runs the wrong answers on the same input, those that name this check first. If
one gives the same, its hint is the student's. So a mistake stands in one place: it tests the
grader, and it explains. A wrong answer uses only names that solution.py imports. What manners finds
has its hint in judge.py: Wrong(..., hint=judge.MEMORY).

tests/labs/ runs all this for every lab in LABS: the solution has full marks, the exercise none, no
wrong answer survives, for 20 seeds. Right answers in other styles, whole files, go into
tests/labs/right/ as NAME_style.py.
"""
from .grade import check
from .report import Report, Result

__all__ = ["LABS", "Report", "Result", "check"]

LABS = (
    "convolution",
    "gradients",
    "pooling",
    "deconvnet",
    "training",
    "looking",
    "speed",
    "losses",
)
