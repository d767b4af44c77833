"""What came beside what is right: the difference in words, which never tell the right array."""
import numpy as np

SHOWN = 48      # arrays of so many elements or fewer are shown
NUMBERS = (int, float, np.ndarray)
RIGHT = 1e-4    # of the largest value: rounding of float32, and of sums in another order, is less


def difference(what, got, right, tolerance=RIGHT):
    """What is wrong with `got`: a sentence, or "" if it is right.

    what: the words for it, "y" or "the result".
    got: what a student's function gave, anything.
    right: an array, a number, a string, None, or a tuple, list or dictionary of these.
    tolerance: the error allowed, as a share of the largest right value. None for exact.

    First the type, then the shape, then what isn't finite, then the first element that differs.
    The dtype is not looked at; see `dtype_difference`.
    """
    if got is None and right is not None:
        return f"{what} is None: is there a `return`?"
    if isinstance(right, tuple | list):
        if not isinstance(got, tuple | list) or len(got) != len(right):
            return (f"{what} must be a tuple of {len(right)}, not "
                    f"{kind_of(got)}{_count(got)}")
        parts = [(f"{what}[{i}]", *pair) for i, pair in enumerate(zip(got, right))]
        return next(filter(None, (difference(*part, tolerance) for part in parts)), "")
    if isinstance(right, dict):
        if type(got) is not dict or set(got) != set(right):
            keys = ", ".join(map(repr, right))
            return f"{what} must be a dictionary with the keys {keys}, not {kind_of(got)}"
        parts = [(f"{what}[{key!r}]", got[key], right[key]) for key in right]
        return next(filter(None, (difference(*part, tolerance) for part in parts)), "")
    if isinstance(right, np.ndarray) and right.ndim:
        return _array_type(what, got, right) or _values(what, got, right, tolerance)
    if isinstance(right, str | bool | np.bool_ | None):
        plain = isinstance(got, str | bool | np.bool_ | None)
        if not plain or isinstance(got, str) != isinstance(right, str) or got != right:
            return f"{what} is {show(got)}, and should not be"
        return ""
    return _number_type(what, got, right) or _values(what, got, np.asarray(right), tolerance)


def _count(got):
    return f" of {len(got)}" if isinstance(got, tuple | list) else ""


def _array_type(what, got, right):
    if type(got) is not np.ndarray:
        return f"{what} is {kind_of(got)}, not a plain numpy array"
    if got.shape != right.shape:
        return f"{what} has shape {got.shape}, not {right.shape}"
    if got.dtype.kind not in "biuf":
        return f"{what} holds no numbers: its dtype is {got.dtype}"
    return ""


def _number_type(what, got, right):
    """Refuse what is no number, and a float where the right one is an integer."""
    number = type(got) in NUMBERS or isinstance(got, np.integer | np.floating)
    if not number or np.shape(got) or np.asarray(got).dtype.kind not in "iuf":
        shape = f" of shape {np.shape(got)}" if type(got) is np.ndarray else ""
        return f"{what} is {kind_of(got)}{shape}, not a number"
    if np.asarray(right).dtype.kind in "iu" and np.asarray(got).dtype.kind == "f":
        return f"{what} is {show(got)}, a float; it must be an integer"
    return ""


def _values(what, got, right, tolerance):
    """The first element that differs, and by how much."""
    a, b = np.asarray(got, np.float64), np.asarray(right, np.float64)
    strange = ~np.isfinite(a) & np.isfinite(b)
    if strange.any():
        place = _place(strange)
        some = f"{_at(what, place)} is {a[place]}"
        count = f"; {strange.sum()} of {a.size} elements are not finite" if a.ndim else ""
        return f"{some}, not a finite number{count}"
    allowed = 0.0
    if tolerance is not None and right.dtype.kind == "f" and np.isfinite(b).any():
        allowed = tolerance * np.max(np.abs(b[np.isfinite(b)]), initial=0)
    alike = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):         # infinity − infinity
        wrong = ~(alike | (np.abs(a - b) <= allowed))
    if not wrong.any():
        return ""
    place = _place(wrong)
    by = a[place] - b[place]
    amount = (f"{abs(by):.4g} too {'large' if by > 0 else 'small'}" if np.isfinite(by)
              else "and should not be")
    count = f"; {wrong.sum()} of {a.size} elements differ" if a.ndim else ""
    return f"{_at(what, place)} is {a[place]:.6g}, {amount}{count}"


def _place(mask):
    """The first True, in row-major order."""
    return tuple(map(int, np.unravel_index(np.argmax(mask), mask.shape)))


def _at(what, place):
    return f"{what}[{', '.join(map(str, place))}]" if place else what


def dtype_difference(what, got, right):
    """A sentence if an array has another dtype than the right one; tuples element by element."""
    if isinstance(right, tuple | list) and isinstance(got, tuple | list):
        parts = [(f"{what}[{i}]", *pair) for i, pair in enumerate(zip(got, right))]
        return next(filter(None, (dtype_difference(*part) for part in parts)), "")
    if type(got) is np.ndarray and isinstance(right, np.ndarray) and got.dtype != right.dtype:
        return f"{what} is {got.dtype}, not {right.dtype}"
    return ""


def kind_of(value):
    """ "a list", "an int", "None": what a value is, without asking the value itself."""
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' or name == 'ndarray' else 'a'} {name}"


def show(value):
    """A value in a few words: small things as they are, others by their kind."""
    if type(value) in (int, float, str, bool) or value is None:
        return repr(value)[:60]
    if isinstance(value, np.integer | np.floating | np.bool_):
        return str(value)
    if type(value) in (tuple, list) and len(value) <= 8:
        inside = ", ".join(map(show, value))
        if type(value) is list:
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if type(value) is np.ndarray:
        return f"{value.dtype} {value.shape}"
    return getattr(value, "__name__", kind_of(value)) if callable(value) else kind_of(value)


def picture(name, array):
    """Lines that show a small array; of a large one its dtype and shape.

    Leading axes of length 1 are left out of the picture, and the shape says so.
    """
    head = f"{name}: {array.dtype} {array.shape}"
    if array.size > SHOWN or array.dtype.kind not in "biuf" or not array.size:
        return [head]
    plane = array
    while plane.ndim > 2 and len(plane) == 1:
        plane = plane[0]
    text = np.array2string(plane, precision=4, suppress_small=True, max_line_width=86)
    return [head, *("    " + line for line in text.splitlines())]
