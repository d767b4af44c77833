"""A picture found by optimization: L-BFGS, kept inside of black and white.

Style transfer of one picture and the inversion of features change the pixels themselves until a
loss is small. The paper uses L-BFGS for it, projected to the range of pixels (section 4.1).
"""
from collections import deque
from typing import NamedTuple

import numpy as np

from .. import checks

FIRST = 0.05        # how far the first step moves the pixel that it moves most
DECREASE = 1e-4     # share of the decrease that the gradient promises which a step must bring
HALVINGS = 20       # of a step at most


class Found(NamedTuple):
    """What an optimization ended with."""
    x: np.ndarray       # the best picture, of values 0 … 1
    values: list        # of the loss, at the start and after each step
    trouble: str        # what was wrong where it ended before its last step; empty at a minimum


def minimize(loss, x, *, steps, memory=10, progress=None):
    """Make a loss of pictures small by L-BFGS (Nocedal & Wright 2006, section 7.2).

    A step goes from x against the gradient, stretched by what the last steps have told about the
    loss's curvature. What leaves 0 … 1 is clipped; a pixel that is black or white already, and
    would leave, isn't moved. A step that doesn't make the loss smaller is halved until it does. So
    no step makes the picture worse, and NaN never gets into it.

    loss: loss(x) -> value, gradient. It must give the same numbers for the same x.
    x: floats 0 … 1, any shape; not changed.
    steps: at most so many.
    memory: of how many steps the curvature is remembered.
    progress: progress(step, value), called after each.
    Returns Found. It ends early where no step makes the loss smaller. Raises ValueError for a loss
    that isn't finite at the start; one that becomes so later ends it, with trouble.
    """
    steps = checks.integer("steps", steps, 0)
    value, gradient = loss(x)
    if not (np.isfinite(value) and np.isfinite(gradient).all()):
        raise ValueError(f"the loss of the first picture is {value}: there is no way down from it; "
                         "try smaller weights, or another net")
    pairs, values = deque(maxlen=checks.integer("memory", memory, 1)), [value]
    while len(values) <= steps:
        free = ((x > 0) | (gradient < 0)) & ((x < 1) | (gradient > 0))
        downhill = np.where(free, -gradient, 0)
        step = np.where(free, _stretched(downhill, pairs), 0)
        if not pairs or np.vdot(step, downhill) <= 0:
            pairs.clear()
            step = downhill * (FIRST / max(np.abs(downhill).max(), np.finfo(x.dtype).tiny))
        there, new, new_gradient = _shortened(loss, x, value, gradient, step)
        if there is None and pairs:     # once more, without what it remembers
            pairs.clear()
            continue
        if there is None:
            return Found(x, values, "" if np.isfinite(new) else
                         f"behind step {len(values) - 1} the loss is {new}, however short the step")
        moved, changed = there - x, new_gradient - gradient
        if np.vdot(moved, changed) > 0:
            pairs.append((moved, changed))
        x, value, gradient = there, new, new_gradient
        values.append(value)
        if progress:
            progress(len(values) - 1, value)
    return Found(x, values, "")


def _stretched(downhill, pairs):
    """The inverse Hessian that the pairs (moved, changed) tell of, times `downhill`."""
    step, parts = downhill.copy(), []
    for moved, changed in reversed(pairs):
        part = np.vdot(moved, step) / np.vdot(moved, changed)
        step -= part * changed
        parts.append(part)
    if pairs:
        moved, changed = pairs[-1]
        step *= np.vdot(moved, changed) / np.vdot(changed, changed)
    for (moved, changed), part in zip(pairs, reversed(parts)):
        step += (part - np.vdot(changed, step) / np.vdot(moved, changed)) * moved
    return step


def _shortened(loss, x, value, gradient, step):
    """Halve a step until it makes the loss smaller.

    Returns x, value and gradient there; None, the last value and None if no half does.
    """
    new = value
    for _ in range(HALVINGS):
        there = np.clip(x + step, 0, 1)
        promised = np.vdot(gradient, there - x)
        if promised >= 0:       # nothing moves any more
            break
        new, new_gradient = loss(there)
        finite = np.isfinite(new) and np.isfinite(new_gradient).all()
        if finite and new < value and new <= value + DECREASE * promised:
            return there, new, new_gradient
        step = step / 2
    return None, new, None
