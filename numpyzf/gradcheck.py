"""Is a backward pass right? Two checks that don't look at its code.

`check_gradient` nudges every element of the input up and down and watches the output; it works
for every smooth operation. `check_adjoint` compares two inner products; it works for a linear
operation and its transpose, needs no nudging, and is exact but for rounding. Both draw random dy:
a backward that averages dy, mirrors it or mixes up its axes is right where all of dy is 1. Both run
in float64: in float32 a central difference has about three good digits, too few.
"""
import numpy as np

from . import checks
from .gradhints import biased, limits, nudged, resemblance, worst_of

FLOOR = 1e-3    # of the gradient's RMS: for smaller elements the differences are noise


def numerical_gradient(f, x, dy, h=1e-5):
    """Gradient of Σ dy·f(x) with respect to every element of x, by central differences.

    f: takes an array like x, a fresh one each time, and returns one like dy.
    x: float64, any shape; not changed.
    dy: of f(x)'s shape.
    h: the nudge: [Σ dy·f(x + h) − Σ dy·f(x − h)] / 2h. Two calls of f for each element of x.

    Raises TypeError if x is not float64, ValueError if f(x) doesn't have dy's shape.

    >>> dy = np.array([1.0, 10.0])
    >>> numerical_gradient(lambda x: x ** 2, np.array([1.0, -3.0]), dy).round(6)
    array([  2., -60.])
    """
    checks.float64("x", x)
    checks.same_shape("dy", dy, "f(x)", f(x.copy()))
    gradient = np.empty_like(x)
    for place in np.ndindex(x.shape):
        above, below = nudged(x, place, h), nudged(x, place, -h)
        # subtracted before the sum, so that what stays the same cancels exactly
        change = np.subtract(f(above.copy()), f(below.copy()))
        gradient[place] = np.sum(dy * change) / (above[place] - below[place])
    return gradient


def check_gradient(forward, backward, x, rng, *, tolerance=1e-6, h=1e-5):
    """Compare backward(dy), for a random dy, with central differences of forward at x.

    forward: forward(x) -> y, an array or a number.
    backward: backward(dy) -> dx, like x.
    x: float64, a few h away from kinks (a ReLU's zero, a tie in a pool), which have no gradient.
    rng: a numpy.random.Generator.

    The error of an element is |a − b| / max(|a|, |b|, FLOOR · RMS of the numerical gradient).
    Returns the largest error. Raises AssertionError if that exceeds the tolerance, and says where
    and what the gradient looks like. Raises TypeError or ValueError if the check can't be made: x
    not float64, values that aren't finite, or a gradient that is zero everywhere.

    >>> x, w = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]])
    >>> check_gradient(lambda x: x @ w.T, lambda dy: dy @ w, x, np.random.default_rng(0)) < 1e-6
    True
    >>> check_gradient(lambda x: x @ w.T, lambda dy: 2 * dy @ w, x, np.random.default_rng(0))
    Traceback (most recent call last):
    AssertionError: 2 of 2 elements of the gradient are wrong: relative error above 1e-06
    worst at [0, 0]: backward says 10.0285, central differences say 5.01423, relative error 0.5
    it looks like 2 times the right one
    """
    checks.float64("x", x)
    y = np.asarray(forward(x.copy()))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("x and forward(x) must be finite: a NaN or an infinity has no gradient")
    dy = random_signs(y.shape, rng)
    dx = checks.result("backward(dy)", backward(dy.copy()), x.shape)
    right = numerical_gradient(forward, x, dy, h)
    if not np.isfinite(right).all():
        raise ValueError(f"forward is not finite within {h:g} of x: there are no differences")
    if not (right.any() or dx.any()):
        raise ValueError("the gradient is zero everywhere at this x, "
                         "where a backward that does nothing would pass")
    floor = FLOOR * np.sqrt(np.mean(right ** 2))
    scale = np.maximum(np.maximum(np.abs(dx), np.abs(right)), floor)
    errors = np.divide(np.abs(dx - right), scale, out=np.zeros_like(x), where=scale > 0)
    worst = np.unravel_index(np.argmax(errors), x.shape)
    if errors[worst] > tolerance:
        hint = resemblance(dx, right) or limits(forward, x, dy, worst, dx[worst] - right[worst], h)
        raise AssertionError(worst_of(errors, worst, tolerance, dx, right) + hint)
    return float(errors[worst])


def check_adjoint(forward, transpose, x_shape, y_shape, rng, *, tolerance=1e-12):
    """Check ⟨forward(x), y⟩ = ⟨x, transpose(y)⟩ for random float64 x and y.

    forward: a linear map, without bias, from arrays of x_shape to arrays of y_shape.
    transpose: goes back. Where forward does y[i] += a·x[j], it must do x[j] += a·y[i].

    Returns the error relative to |x|·|transpose(y)|. Raises AssertionError if it exceeds the
    tolerance, ValueError if both maps give only zeros.

    >>> a, rng = np.arange(6.0).reshape(2, 3), np.random.default_rng(0)
    >>> check_adjoint(lambda x: a @ x, lambda y: a.T @ y, (3,), (2,), rng) < 1e-12
    True
    """
    x, y = random_signs(x_shape, rng), random_signs(y_shape, rng)
    up = checks.result("forward(x)", forward(x.copy()), y.shape)
    down = checks.result("transpose(y)", transpose(y.copy()), x.shape)
    if not (up.any() or down.any()):
        raise ValueError("forward(x) and transpose(y) are zero everywhere, which proves nothing")
    left, right = np.vdot(up, y), np.vdot(x, down)
    scale = np.linalg.norm(x) * np.linalg.norm(down)
    error = float(abs(left - right) / scale) if scale else np.inf
    if error > tolerance:
        raise AssertionError(f"<forward(x), y> = {left:.15g}, "
                             f"but <x, transpose(y)> = {right:.15g}: "
                             f"relative error {error:.2g}, allowed {tolerance:g}"
                             f"{biased(forward, x)}")
    return error


def random_signs(shape, rng):
    """Random signs and sizes 0.5 … 1.5, float64: none near zero, so all elements are checked."""
    return np.asarray(rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 1.5, shape))
