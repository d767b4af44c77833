"""The judge: calls what a student wrote, compares, and says what is wrong and why it may be.

What its methods are for stands at the head of numpyzf/labs/__init__.py.
"""
import copy
import inspect
import re
import traceback
from typing import NamedTuple

import numpy as np

from . import world
from .comparing import RIGHT, difference, dtype_difference, picture, show
from .tasks import hint_of

# Hints for what `manners` finds.
DTYPE = ("Keep to the dtype of the input, or to the one that the contract names: np.zeros and "
         "np.empty make float64 unless they are told, np.empty(shape, x.dtype).")
INPUT = ("The caller still needs its array. Work on a copy, `x = x.copy()`, or write into a new "
         "array.")
MEMORY = ("What you return is a part of an array that you use again, so the next call changes what "
          "the caller still holds. Make a new array in each call.")
AGAIN = "The result must depend on the arguments alone: keep nothing from one call to the next."
WORLD = ("Other code relies on it. Use `with np.errstate(…)` for a warning, and a generator, "
         "np.random.default_rng, for chance.")

# Hints for errors that Python raises, by the kind; then by what they say.
ERRORS = {
    "EOFError": "Nobody answers input() here: take it out.",
    "SystemExit": "A function returns or raises an error; it doesn't end the program.",
    "MemoryError": "Look at the shape of what you make: is it the output's?",
    "RecursionError": "A function calls itself, and nothing ends that.",
    "IndexError": "Print the indices and the shape. Does a window reach over the edge? Are rows "
                  "and columns, or H and W, exchanged?",
}
INTEGER = ("Sizes, and places in an array, are integers: // and not /, and an integer dtype for an "
           "array of places.")
BY_NAME = "It gets more arguments than it takes in a row: give the rest by name, such as stride=2."


class Refused(Exception):
    """A check has failed: what came, what is wrong with it, and a hint or ""."""

    def __init__(self, text, hint=""):
        super().__init__(text)
        self.text, self.hint = text, hint


class NotDone(Exception):
    """The student's function raises NotImplementedError."""


class Outcome(NamedTuple):
    """What one call did."""
    value: object           # what it returned, copied
    raw: object             # the same, not copied
    error: object           # or the exception
    arguments: tuple        # what the arguments were after the call
    keywords: dict
    changed: list           # outside of it, see world.py


class Judge:
    """Judges one check of one task.

    task: the tasks.Task.
    check: the name of the check.
    answer: the student's function or value.
    file: the name that the student's lines have in a traceback.
    wrong: the tasks.Wrong of this task.
    kept: of world.keep.
    """

    def __init__(self, task, check, answer, file, wrong, kept):
        self.task, self.answer, self.file, self.kept = task, answer, file, kept
        self.wrong = sorted(wrong, key=lambda each: each.check != check)    # this check's first
        self.right_so_far = []          # (arguments, keywords, tolerance, Outcome) of `compare`

    # ---- a function beside the right one ----
    def compare(self, right, *arguments, tolerance=RIGHT, hint="", **keywords):
        """Refuse the student's function where its result isn't that of `right`.

        right: a function with the contract's arguments.
        arguments, keywords: for both. Each function gets copies of its own. What is given here is
        kept, to recognize wrong answers by: a check must not change it afterwards.
        tolerance: see comparing.difference.
        hint: where no wrong answer is recognized.
        Returns the right result.
        """
        expected = _call(right, arguments, keywords, self.kept)
        if expected.error:
            raise expected.error
        came = self._try(arguments, keywords)
        problem = self._problem(came, expected.value, tolerance)
        if problem:
            text = self._text(right, arguments, keywords, came, problem)
            raise Refused(text, self._recognize((arguments, keywords, tolerance, came)) or hint
                          or _error_hint(came.error))
        self.right_so_far.append((arguments, keywords, tolerance, came))
        return expected.value

    def manners(self, right, *arguments, **keywords):
        """Refuse another dtype, a changed input, shared memory, a changed world; not values."""
        expected = _call(right, arguments, keywords, self.kept)
        first = self._try(arguments, keywords)

        def refuse(problem, hint):
            raise Refused(self._text(right, arguments, keywords, None, problem), hint)

        if first.error:
            refuse(_error_text(first.error, self.file), _error_hint(first.error))
        names = [*inspect.signature(right).parameters]
        given = dict(zip(names, arguments)) | keywords
        after = dict(zip(names, first.arguments)) | first.keywords
        for name, value in given.items():
            if not alike(value, after[name]):
                refuse(f"It changes its argument {name}.", INPUT)
        if first.changed:
            refuse(f"It changes {', '.join(first.changed[:4])}.", WORLD)
        for what, got, right_part in self._parts(first.value, expected.value):
            problem = dtype_difference(what, got, right_part)
            if problem:
                refuse(f"{problem}.", DTYPE)
        second = self._try(arguments, keywords)
        if _arrays(second.raw) and _meet(_arrays(first.raw), _arrays(second.raw)):
            refuse("Two calls return the same memory.", MEMORY)
        if second.error or not alike(first.value, second.value):
            refuse("Called twice with the same arguments, it gives two results.", AGAIN)

    def call(self, *arguments, **keywords):
        """Call the student's function with copies; returns a copy of what it returned.

        An error in it, or None as a result, is a Refused.
        """
        came = self._try(arguments, keywords)
        problem = came.error and _error_text(came.error, self.file)
        if came.value is None and not came.error:
            problem = "It returned None: is there a `return`?"
        if problem:
            raise Refused(self._text(self.answer, arguments, keywords, None, problem),
                          _error_hint(came.error))
        return came.value

    def fail(self, text, hint=""):
        """Refuse, in words."""
        raise Refused(text, hint)

    # ---- a prediction ----
    def predicted(self, right, text, tolerance=RIGHT):
        """Refuse a prediction that isn't `right`; `text` shows what happens."""
        def differs(answer):
            answer = float(answer) if type(answer) is int else answer       # 11.0 will do for 11
            return difference("it", value, answer, tolerance)

        # an array is as good as a tuple of its numbers
        value = self.answer.tolist() if isinstance(self.answer, np.ndarray) else self.answer
        if differs(right):
            hints = [hint_of(wrong) for wrong in self.wrong if not differs(wrong.answer)]
            parts = value if type(value) in (tuple, list) else [value]
            if type(right) is not str and any(isinstance(part, str) for part in parts):
                hints = ["Write numbers, without quotes."]
            raise Refused(f"You predicted {show(value)}. {text}", hints[0] if hints else "")

    # ---- a student's test ----
    def accepts(self, right, wrong, hint=""):
        """Refuse a student's test that refuses one of some right functions.

        right, wrong: {what is said of it: the function}. The wrong ones, those of `refuses`, help
        to see what is the matter with the test.
        """
        for text, function in right.items():
            came = self._try((function,), {})
            if came.error:
                raise Refused(f"Your test refuses a right function, {text}.\n"
                              f"{_error_text(came.error, self.file)}",
                              self._recognize_test([*right.values(), *wrong.values()]) or hint)
            if came.value is not None:
                raise Refused(f"Your test returns {show(came.value)}. A test says no with "
                              "`assert`, and otherwise returns nothing.")

    def refuses(self, wrong, hint=""):
        """Refuse a student's test that accepts one of some wrong functions.

        wrong: {what is wrong with it: the function}; "overwrites where windows overlap".
        """
        for text, function in wrong.items():
            if not self._try((function,), {}).error:
                raise Refused(f"Your test accepts a function that {text}.",
                              self._recognize_test([*wrong.values()]) or hint)

    def _recognize_test(self, functions):
        """The hint of the first wrong test that accepts and refuses the same functions."""
        def verdicts(test):
            return [_call(test, (each,), {}, self.kept).error is None for each in functions]
        own = verdicts(self.answer)
        return next((hint_of(wrong) for wrong in self.wrong if verdicts(wrong.answer) == own), "")

    # ---- how it does that ----
    def _try(self, arguments, keywords):
        came = _call(self.answer, arguments, keywords, self.kept)
        if isinstance(came.error, NotImplementedError):
            raise NotDone
        return came

    def _parts(self, got, right):
        """(name, got, right) for each thing that the contract says is returned."""
        if self.task.returns and isinstance(got, tuple | list) and len(got) == len(right):
            return [*zip(self.task.returns, got, right)]
        return [("the result", got, right)]

    def _problem(self, came, expected, tolerance):
        """What is wrong with an outcome, in words, or "". """
        if came.error:
            return _error_text(came.error, self.file)
        problems = (difference(*part, tolerance) for part in self._parts(came.value, expected))
        problem = next(filter(None, problems), "")
        return problem and f"{problem[0].upper() if problem[:3] == 'the' else problem[0]}" \
                           f"{problem[1:]}{'' if problem[-1] == '?' else '.'}"

    def _recognize(self, last):
        """The hint of the first wrong answer that does what the student's function did.

        It has to do so for this input, `last`, and for those before it that came out right.
        """
        for wrong in self.wrong:
            if all(self._does_the_same(wrong.answer, *call)
                   for call in [last, *self.right_so_far]):
                return hint_of(wrong)
        return ""

    def _does_the_same(self, function, arguments, keywords, tolerance, came):
        made = _call(function, arguments, keywords, self.kept)
        if made.error or came.error:
            return type(made.error) is type(came.error)
        return not difference("it", came.value, made.value, tolerance)

    def _text(self, right, arguments, keywords, came, problem):
        """The call, its arrays, what came, and what is wrong with it."""
        names = [*inspect.signature(right).parameters]
        given = dict(zip(names, arguments)) | keywords
        words, lines = [], []
        for name, value in given.items():
            if isinstance(value, np.ndarray):
                lines += ["    " + line for line in picture(name, value)]
            shown = name if isinstance(value, np.ndarray) else show(value)
            if isinstance(value, np.random.Generator):
                shown = "rng"
            words.append(shown if name in names[:len(arguments)] else f"{name}={shown}")
        lines.insert(0, f"{self.task.name}({', '.join(words)})")
        if came and not came.error:
            for what, got, _ in self._parts(came.value, self.task.returns or None):
                if type(got) is np.ndarray and got.ndim:
                    lines += picture(f"{what} came as", got)
        return "\n".join([*lines, problem])


def _call(function, arguments, keywords, kept):
    """Call a function with copies of the arguments; returns the Outcome, whatever happens."""
    arguments, keywords = copy.deepcopy((arguments, keywords))
    value = error = None
    try:
        value = function(*arguments, **keywords)
    except KeyboardInterrupt:
        raise
    except BaseException as came:       # also SystemExit
        error = came
    changed = world.put_back(kept)
    return Outcome(_copied(value), value, error, arguments, keywords, changed)


def _copied(value):
    if isinstance(value, tuple | list):
        copies = map(_copied, value)
        return [*copies] if isinstance(value, list) else tuple(copies)
    if type(value) is dict:
        return {key: _copied(each) for key, each in value.items()}
    return value.copy() if type(value) is np.ndarray else value


def _arrays(value):
    """The arrays in a result."""
    if isinstance(value, tuple | list):
        return [array for each in value for array in _arrays(each)]
    if type(value) is dict:
        return _arrays([*value.values()])
    return [value] if type(value) is np.ndarray and value.size else []


def _meet(some, others):
    return any(np.may_share_memory(a, b) for a in some for b in others)


def alike(a, b):
    """Whether two values hold the same: arrays bit by bit, containers and objects inside."""
    if isinstance(a, np.ndarray):
        return type(a) is type(b) and a.dtype == b.dtype and np.array_equal(
            a, b, equal_nan=a.dtype.kind == "f")
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, np.random.Generator) or callable(a):
        return True                     # a generator is there to be used
    if type(a).__module__ not in ("builtins", "numpy") and hasattr(a, "__dict__"):
        return alike(vars(a), vars(b))
    return type(a).__module__ not in ("builtins", "numpy") or bool(a == b)


def _said(error):
    """The text of an exception, "" if it has none or is none."""
    try:
        return str(error) if error else ""
    except Exception:                   # an exception of the student's own
        return ""


def _error_hint(error):
    """The hint that goes with an exception, or with None: "" """
    if isinstance(error, IndexError | TypeError) and "integer" in _said(error):
        return INTEGER
    if isinstance(error, TypeError) and re.search("positional arguments? .*but", _said(error)):
        return BY_NAME
    return ERRORS.get(type(error).__name__, "")


def _error_text(error, file):
    """An exception in words, with the last line of the student's file that it came through."""
    said = _said(error)
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    text = " ".join(text.split())[:300]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == file:
            return f"It raises {text}\nin line {frame.lineno}: {frame.line}"
    return f"It raises {text}"
