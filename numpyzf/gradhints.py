"""What a wrong gradient looks like: gradcheck's error message."""
import numpy as np


def nudged(x, place, h):
    """A copy of x with h added at one place."""
    moved = x.copy()
    moved[place] += h
    return moved


def worst_of(errors, worst, tolerance, dx, right):
    """How many elements of dx are wrong, and the worst of them: two lines."""
    return (f"{np.sum(errors > tolerance)} of {dx.size} elements of the gradient are wrong: "
            f"relative error above {tolerance:g}\n"
            f"worst at [{', '.join(map(str, worst))}]: backward says {dx[worst]:.6g}, "
            f"central differences say {right[worst]:.6g}, relative error {errors[worst]:.2g}")


def resemblance(dx, right):
    """What a wrong gradient looks like: a line for the error message, or nothing."""
    if not dx.any():
        return "\nit is zero everywhere"
    factor = np.vdot(dx, right) / max(np.vdot(right, right), np.finfo(float).tiny)
    looks = [(f"{factor:.6g} times the right one", right * factor)]
    if right.ndim >= 2:
        looks += [("the right one with its last two axes transposed", right.swapaxes(-1, -2)),
                  ("the right one with its last two axes flipped", right[..., ::-1, ::-1])]
    small = 1e-6 * np.sqrt(np.mean(right ** 2))
    for words, look in looks:
        if look.shape == dx.shape and np.allclose(dx, look, rtol=1e-5, atol=small):
            return f"\nit looks like {words}"
    return ""


def limits(forward, x, dy, place, error, h):
    """A line for the error message if the differences, not the gradient, may be at fault."""
    if unsteady(forward, x) or coarse(forward(x.copy())):
        return unsteady(forward, x) or coarse(forward(x.copy()))
    below, here, above = (dy * forward(nudged(x, place, step)) for step in (-h, 0, h))
    if abs(error) < 4 * np.finfo(float).eps * np.sum(np.abs(here)) / h:
        return ("\nan error this small is within the rounding of forward(x): "
                f"try a larger h than {h:g}")
    left, right = np.sum(here - below), np.sum(above - here)
    if abs(right - left) > 1e-3 * max(abs(right), abs(left)):
        return ("\nforward has a kink here (a ReLU's zero, a tie?), where there is no gradient: "
                "move x away from it")
    return ""


def unsteady(forward, x):
    """A line for the error message if forward gives something else for the same x."""
    if np.array_equal(forward(x.copy()), forward(x.copy()), equal_nan=True):
        return ""
    return ("\nforward gives something else each time for the same x (a new dropout mask?): make "
            "it the same, with a generator of the same seed in each call")


def coarse(y):
    """A line for the error message if what forward gave was rounded to float32."""
    rounded = np.asarray(y).astype(np.float32) == y
    if not rounded.all() or np.array_equal(y, np.round(y)):         # whole numbers say nothing
        return ""
    return ("\nforward's numbers are rounded to float32, too coarse for differences: compute in "
            "float64, as x is")


def biased(forward, x):
    """A line for check_adjoint's error message: what makes forward no linear map."""
    if np.any(forward(np.zeros_like(x))):
        return "\nforward(0) is not 0: leave the bias out"
    return unsteady(forward, x)
