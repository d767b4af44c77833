"""What a wrong gradient looks like: the last line of gradcheck's error message."""
import numpy as np


def nudged(x, place, h):
    """A copy of x with h added at one place."""
    moved = x.copy()
    moved[place] += h
    return moved


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
    below, here, above = (dy * forward(nudged(x, place, step)) for step in (-h, 0, h))
    if abs(error) < 4 * np.finfo(float).eps * np.sum(np.abs(here)) / h:
        return ("\nan error this small is within the rounding of forward(x): "
                f"try a larger h than {h:g}")
    left, right = np.sum(here - below), np.sum(above - here)
    if abs(right - left) > 1e-3 * max(abs(right), abs(left)):
        return ("\nforward has a kink here (a ReLU's zero, a tie?), where there is no gradient: "
                "move x away from it")
    return ""
