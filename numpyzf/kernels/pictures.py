"""What networks that make pictures need: sub-pixel rearrangement, smoothing, the pixel loss.

Each goes through its pictures once from top to bottom, a row at a time. Cost: bytes, not
operations; in NumPy the rearrangement would be factor² copies of every factor-th pixel, the
smoothing two products with matrices of mostly zeros, the loss six passes.

Threads: a plane is in one piece, or a part of a flat array.
Source: Shi et al. 2016 (rearrangement), Johnson et al. 2016 section 3.2 (pixel loss).
"""
import numpy as np

from .cache import njit


@njit(nogil=True, cache=True)
def shuffle(x, y, start, stop):
    """y[m, h·factor + i, v·factor + j] = x[m, i, j, h, v].

    x: (M, factor, factor, H, W).
    y: (M, factor·H, factor·W), the result.
    start, stop: which of the M planes.
    """
    factor, height, width = x.shape[2:]
    for m in range(start, stop):
        # row h of map (i, j) goes to row h·factor + i
        for i in range(factor):
            for h in range(height):
                out = y[m, h * factor + i]
                # one map after the other fills every factor-th place of the row
                for j in range(factor):
                    row = x[m, i, j, h]
                    for v in range(width):
                        out[v * factor + j] = row[v]


@njit(nogil=True, cache=True)
def unshuffle(y, x, start, stop):
    """The other way: x (M, factor, factor, H, W) of y (M, factor·H, factor·W), as in shuffle."""
    factor, height, width = x.shape[2:]
    for m in range(start, stop):
        # row h·factor + i goes to row h of maps (i, 0), (i, 1) …
        for i in range(factor):
            for h in range(height):
                row = y[m, h * factor + i]
                # every factor-th pixel of the row goes to one map
                for j in range(factor):
                    out = x[m, i, j, h]
                    for v in range(width):
                        out[v] = row[v * factor + j]


@njit(nogil=True, cache=True)
def smooth(x, y, weights, start, stop):
    """The weighted mean of neighbors down the rows, then along the columns; zeros beyond the edge.

    x: (M, H, W).
    y: (M, H, W), the result.
    weights: (T,), T odd: the middle one is the pixel's own.
    start, stop: which of the M planes.
    """
    height, width = x.shape[1:]
    half = len(weights) // 2
    # memory: a row's means down the rows, with zeros on both sides
    means = np.zeros(width + 2 * half, x.dtype)
    for m in range(start, stop):
        for h in range(height):
            # down the rows: the neighbors above and below that there are
            middle = means[half:half + width]
            middle[:] = 0
            for k in range(max(0, half - h), min(len(weights), half + height - h)):
                row, weight = x[m, h + k - half], weights[k]
                for v in range(width):
                    middle[v] += weight * row[v]
            # along the columns
            out = y[m, h]
            out[:] = 0
            for k in range(len(weights)):
                near, weight = means[k:], weights[k]
                for v in range(width):
                    out[v] += weight * near[v]


@njit(nogil=True, cache=True, fastmath={"reassoc"})     # so that sums become vector code
def pixel_loss(y, target, gradient, power, size, start, stop):
    """Σ |y − target|^power, added up in float64, and the gradient of the sum over `size`.

    y, target: flat.
    gradient: flat, a result.
    power: 1 or 2.
    size: the gradient is divided by it; what is returned isn't.
    start, stop: which elements.
    """
    # this share
    y, target, gradient = y[start:stop], target[start:stop], gradient[start:stop]
    total, scale = 0.0, gradient.dtype.type(power / size)
    # the choice stands outside of the loops
    if power == 1:
        for i in range(y.size):
            step = y[i] - target[i]
            total += abs(np.float64(step))
            # the sign; nothing for zero, and a NaN stays one
            gradient[i] = scale if step > 0 else -scale if step < 0 else step
    else:
        for i in range(y.size):
            step = y[i] - target[i]
            total += np.float64(step) * np.float64(step)
            gradient[i] = step * scale
    return total
