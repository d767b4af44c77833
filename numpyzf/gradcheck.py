"""Is a backward pass right? Two checks that don't look at its code: central differences, and the adjoint identity.

`check_gradient` nudges every element of the input up and down and watches the output; it works for every smooth operation.
`check_adjoint` compares two inner products; it works for a linear operation and its transpose, needs no nudging, and is
good to rounding. Both draw random values from a generator that you pass. A constant dy would hide errors: a backward
that averages dy, mirrors it or mixes up its axes gives the same numbers when all of dy is 1.

Both run in float64. In float32 a central difference has about three good digits, too few to see a gradient that is 0.1 % off.
"""
import numpy as np

FLOOR = 1e-3    # elements below this part of the gradient's RMS are measured against it: differences are noise there


def numerical_gradient(f, x, dy, h=1e-5):
    """Gradient of Σ dy·f(x) with respect to every element of x, by central differences.

    f takes an array like x, a float64 array of any shape, and returns one like dy. x is not changed; f gets a fresh
    array each time. h is the nudge: [Σ dy·f(x + h) − Σ dy·f(x − h)] / 2h. Costs two calls of f per element of x.

    Raises TypeError if x is not float64, ValueError if f(x) doesn't have dy's shape.

    >>> numerical_gradient(lambda x: x ** 2, np.array([1.0, -3.0]), dy=np.array([1.0, 10.0])).round(6)
    array([  2., -60.])
    """
    _check_float64(x)
    if np.shape(f(x.copy())) != np.shape(dy):
        raise ValueError(f"dy has shape {np.shape(dy)}, but f(x) has shape {np.shape(f(x.copy()))}")
    gradient = np.empty_like(x)
    for place in np.ndindex(x.shape):
        above, below = _nudged(x, place, h), _nudged(x, place, -h)
        change = np.subtract(f(above.copy()), f(below.copy()))      # before the sum, so that what stays cancels exactly
        gradient[place] = np.sum(dy * change) / (above[place] - below[place])
    return gradient


def check_gradient(forward, backward, x, rng, *, tolerance=1e-6, h=1e-5):
    """Compare backward(dy), for a random dy, with central differences of forward at x; -> the largest relative error.

    forward(x) -> y, an array or a number; backward(dy) -> dx, like x. x is a float64 array, rng a numpy.random.Generator.
    Every element counts: its error is |a − b| / max(|a|, |b|, FLOOR · RMS of the numerical gradient).

    Keep x at least a few h away from kinks, such as a ReLU's zero or a tie in a max pool: there is no gradient there.

    Raises AssertionError if an error exceeds the tolerance, and says where and what the gradient looks like. Raises
    TypeError or ValueError if the check can't be made: x not float64, values that aren't finite, or a gradient that is
    zero everywhere, where a backward that does nothing would pass.

    >>> x, w = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]])
    >>> check_gradient(lambda x: x @ w.T, lambda dy: dy @ w, x, np.random.default_rng(0)) < 1e-6
    True
    >>> check_gradient(lambda x: x @ w.T, lambda dy: 2 * dy @ w, x, np.random.default_rng(0))
    Traceback (most recent call last):
    AssertionError: 2 of 2 elements of the gradient are wrong: relative error above 1e-06
    worst at [0, 0]: backward says 10.0285, central differences say 5.01423, relative error 0.5
    it looks like 2 times the right one
    """
    _check_float64(x)
    y = np.asarray(forward(x.copy()))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("x and forward(x) must be finite: a NaN or an infinity has no gradient")
    dy = random_signs(y.shape, rng)
    dx = np.asarray(backward(dy.copy()))
    _check_result("backward(dy)", dx, x.shape)
    right = numerical_gradient(forward, x, dy, h)
    if not (right.any() or dx.any()):
        raise ValueError("the gradient is zero everywhere at this x, where a backward that does nothing would pass")
    scale = np.maximum(np.maximum(np.abs(dx), np.abs(right)), FLOOR * _rms(right))
    errors = np.divide(np.abs(dx - right), scale, out=np.zeros_like(x), where=scale > 0)
    worst = np.unravel_index(np.argmax(errors), x.shape)
    if errors[worst] > tolerance:
        raise AssertionError("\n".join(
            [f"{np.sum(errors > tolerance)} of {x.size} elements of the gradient are wrong: relative error above {tolerance:g}",
             f"worst at [{', '.join(map(str, worst))}]: backward says {dx[worst]:.6g}, central differences say "
             f"{right[worst]:.6g}, relative error {errors[worst]:.2g}"]
            + (_resemblance(dx, right) or _limits(forward, x, dy, worst, abs(dx[worst] - right[worst]), h))))
    return float(errors[worst])


def check_adjoint(forward, transpose, x_shape, y_shape, rng, *, tolerance=1e-12):
    """Check ⟨forward(x), y⟩ = ⟨x, transpose(y)⟩ for random float64 x and y; -> the error relative to |x|·|transpose(y)|.

    forward is a linear map, without bias, from arrays of x_shape to arrays of y_shape; transpose goes back. Where forward
    does y[i] += a·x[j], its transpose must do x[j] += a·y[i].

    Raises AssertionError if the two products differ by more than the tolerance, ValueError if both maps give only zeros.

    >>> a = np.arange(6.0).reshape(2, 3)
    >>> check_adjoint(lambda x: a @ x, lambda y: a.T @ y, (3,), (2,), np.random.default_rng(0)) < 1e-12
    True
    """
    x, y = random_signs(x_shape, rng), random_signs(y_shape, rng)
    up, down = np.asarray(forward(x.copy())), np.asarray(transpose(y.copy()))
    _check_result("forward(x)", up, y.shape)
    _check_result("transpose(y)", down, x.shape)
    if not (up.any() or down.any()):
        raise ValueError("forward(x) and transpose(y) are zero everywhere, which proves nothing")
    left, right = np.vdot(up, y), np.vdot(x, down)
    scale = np.linalg.norm(x) * np.linalg.norm(down)
    error = float(abs(left - right) / scale) if scale else np.inf
    if error > tolerance:
        hint = "\nforward(0) is not 0: leave the bias out" if np.any(forward(np.zeros(x_shape))) else ""
        raise AssertionError(f"<forward(x), y> = {left:.15g}, but <x, transpose(y)> = {right:.15g}: "
                             f"relative error {error:.2g}, allowed {tolerance:g}{hint}")
    return error


def random_signs(shape, rng):
    """Float64 array of random signs and sizes 0.5 … 1.5: none of them near zero, so that no element goes unchecked."""
    return np.asarray(rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 1.5, shape))


def _nudged(x, place, h):
    moved = x.copy()
    moved[place] += h
    return moved


def _rms(a):
    return np.sqrt(np.mean(a ** 2))


def _check_float64(x):
    if not isinstance(x, np.ndarray) or x.dtype != np.float64:
        raise TypeError(f"x must be a float64 array, not {getattr(x, 'dtype', type(x).__name__)}: anything coarser drowns "
                        "the differences in rounding; convert x, and all parameters, with .astype(np.float64)")


def _check_result(name, array, shape):
    if array.shape != shape:
        raise AssertionError(f"{name} has shape {array.shape}, expected {shape}")
    if array.dtype != np.float64:
        raise AssertionError(f"{name} is {array.dtype}, expected float64, like its input")
    if not np.isfinite(array).all():
        raise AssertionError(f"{name} has {np.sum(~np.isfinite(array))} values that are not finite (NaN or infinity)")


def _resemblance(dx, right):
    """What a wrong gradient looks like: a line for the error message, or none."""
    if not dx.any():
        return ["it is zero everywhere"]
    factor = np.vdot(dx, right) / max(np.vdot(right, right), np.finfo(float).tiny)
    looks = [(f"{factor:.6g} times the right one", right * factor)]
    if right.ndim >= 2:
        looks += [("the right one with its last two axes transposed", right.swapaxes(-1, -2)),
                  ("the right one with its last two axes flipped", right[..., ::-1, ::-1])]
    return [f"it looks like {words}" for words, look in looks
            if look.shape == dx.shape and np.allclose(dx, look, rtol=1e-5, atol=1e-6 * _rms(right))][:1]


def _limits(forward, x, dy, place, error, h):
    """A line for the error message if the differences, not the gradient, may be at fault, or none."""
    below, here, above = (dy * forward(_nudged(x, place, step)) for step in (-h, 0, h))
    if error < 4 * np.finfo(float).eps * np.sum(np.abs(here)) / h:
        return [f"an error this small is within the rounding of forward(x): try a larger h than {h:g}"]
    left, right = np.sum(here - below), np.sum(above - here)
    if abs(right - left) > 1e-3 * max(abs(right), abs(left)):
        return ["forward has a kink here (a ReLU's zero, a tie?), where there is no gradient: move x away from it"]
    return []
