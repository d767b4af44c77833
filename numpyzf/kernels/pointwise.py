"""What looks at one pixel at a time: ReLU, contrast normalization, and the step of training.

ReLU and the momentum step pass over memory once. Cost: bytes, not operations; NumPy would need a
pass for each operator, four for the step. Each begins by taking its slice, so that its loop runs
from 0: Numba then knows that no index is negative, and the compiler uses vector instructions.

Contrast normalization divides each activation by the strength of its neighbors in other maps:
y[c] = x[c] / s[c]^β with s[c] = k + (α/size) Σ x[c']² over `size` maps around c. All maps of one
pixel need each other and nothing else. So an image's pixels are cut into chunks, and the inner loop
runs along the chunk. s is kept for the way back.
Cost: about 2·size operations and one power per element. β = 3/4, the usual value, needs two square
roots, s^¾ = √s · √√s, and no power: the forward pass is then several times faster.

Threads: each number is written by one thread, which has a part of a flat array, or some chunks.
Source: Krizhevsky et al. 2012 section 3.3; ONNX's LRN.
"""
import numpy as np

from .cache import njit

NORM_CHUNK = 128        # pixels: a few hundred maps of a chunk stay in the second-level cache


@njit(nogil=True, cache=True)
def relu(x, y, mask, start, stop):
    """y = max(x, 0), where a NaN stays NaN; mask = x > 0.

    x: flat.
    y: flat, a result; may be x.
    mask: flat, bool, a result.
    start, stop: which elements.
    """
    # this share
    x, y, mask = x[start:stop], y[start:stop], mask[start:stop]
    zero = x.dtype.type(0)
    # chosen by x <= 0, which a NaN is not: it stays
    for i in range(x.size):
        mask[i] = x[i] > zero
        y[i] = zero if x[i] <= zero else x[i]


@njit(nogil=True, cache=True)
def relu_gradient(dy, mask, dx, start, stop):
    """dx = dy where mask, else 0.

    dy: flat.
    mask: flat, bool, as relu made it.
    dx: flat, the result; may be dy.
    start, stop: which elements.
    """
    # this share
    dy, mask, dx = dy[start:stop], mask[start:stop], dx[start:stop]
    zero = dy.dtype.type(0)
    # a choice, not a product: 0 · NaN would be NaN
    for i in range(dy.size):
        dx[i] = dy[i] if mask[i] else zero


@njit(nogil=True, cache=True)
def momentum_step(w, velocity, gradient, rate, momentum, start, stop):
    """velocity = momentum·velocity − rate·gradient, then w += velocity, both in place.

    w, velocity, gradient: flat.
    rate, momentum: numbers of their dtype.
    start, stop: which elements.
    """
    # this share
    w, velocity, gradient = w[start:stop], velocity[start:stop], gradient[start:stop]
    # both updates in one pass
    for i in range(w.size):
        velocity[i] = momentum * velocity[i] - rate * gradient[i]
        w[i] += velocity[i]


@njit(nogil=True, cache=True, error_model="numpy")
def contrast_norm(x, y, s, before, after, scale, beta, k, start, stop):
    """s[c] = k + scale·Σ x[c']² over the neighbors c' of map c, and y[c] = x[c] / s[c]^β.

    x: (N, C, P), P pixels.
    y: (N, C, P), a result.
    s: (N, C, P), a result.
    before, after: map c looks at so many maps before it, at itself, and at so many after it.
    scale: α/size.
    beta, k: as in the formula.
    start, stop: which of the N·chunks chunks. Number n·chunks + i is chunk i of image n.
    """
    channels, pixels = x.shape[1:]
    chunks = (pixels + NORM_CHUNK - 1) // NORM_CHUNK
    for chunk in range(start, stop):
        # the chunk: a range of pixels of image n
        n, first = chunk // chunks, chunk % chunks * NORM_CHUNK
        part = slice(first, min(first + NORM_CHUNK, pixels))
        total = np.empty(min(NORM_CHUNK, pixels - first), x.dtype)
        for c in range(channels):
            strength, own, out = s[n, c, part], x[n, c, part], y[n, c, part]
            # Σ x² over the maps that this map looks at
            total[:] = 0
            for other in range(max(c - before, 0), min(c + after + 1, channels)):
                near = x[n, other, part]
                for p in range(total.size):
                    total[p] += near[p] * near[p]
            # s = k + scale·Σ, and y = x / s^β
            for p in range(total.size):
                strength[p] = k + scale * total[p]
            # β = 3/4 needs two square roots; the choice stands outside of the loops, or they would
            # not become vector code
            if beta == 0.75:
                for p in range(total.size):
                    root = np.sqrt(strength[p])
                    out[p] = own[p] / (root * np.sqrt(root))
            else:
                for p in range(total.size):
                    out[p] = own[p] / strength[p] ** beta


@njit(nogil=True, cache=True, error_model="numpy")
def contrast_norm_gradient(dy, x, s, dx, before, after, factor, beta, start, stop):
    """dx[c] = dy[c]/s[c]^β − factor·x[c]·Σ dy[c']·x[c'] / s[c']^(β+1), c' the maps that look at c.

    dy: (N, C, P).
    x, s: (N, C, P), as in contrast_norm.
    dx: (N, C, P), the result.
    before, after, beta: as in contrast_norm.
    factor: 2βα/size.
    start, stop: which of the chunks, as in contrast_norm.
    """
    channels, pixels = x.shape[1:]
    chunks = (pixels + NORM_CHUNK - 1) // NORM_CHUNK
    for chunk in range(start, stop):
        # the chunk: a range of pixels of image n
        n, first = chunk // chunks, chunk % chunks * NORM_CHUNK
        part = slice(first, min(first + NORM_CHUNK, pixels))
        ratios = np.empty((channels, min(NORM_CHUNK, pixels - first)), x.dtype)
        total = np.empty(ratios.shape[1], x.dtype)
        # of every map: dx = dy / s^β, the first term, and the ratio dy·x / s^(β+1)
        for c in range(channels):
            signal, own, strength = dy[n, c, part], x[n, c, part], s[n, c, part]
            out, ratio = dx[n, c, part], ratios[c]
            # dx = dy / s^β
            if beta == 0.75:
                for p in range(total.size):
                    root = np.sqrt(strength[p])
                    out[p] = signal[p] / (root * np.sqrt(root))
            else:
                for p in range(total.size):
                    out[p] = signal[p] / strength[p] ** beta
            # the ratio
            for p in range(total.size):
                ratio[p] = out[p] * own[p] / strength[p]
        for c in range(channels):
            own, out = x[n, c, part], dx[n, c, part]
            # Σ of the ratios of the maps that look at this one: before and after change places
            total[:] = 0
            for other in range(max(c - after, 0), min(c + before + 1, channels)):
                ratio = ratios[other]
                for p in range(total.size):
                    total[p] += ratio[p]
            # the second term
            for p in range(total.size):
                out[p] -= factor * own[p] * total[p]
