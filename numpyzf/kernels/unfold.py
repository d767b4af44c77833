"""Unfold windows into columns, and fold columns back: what turns a convolution into one matrix product.

The idea: lay every window of the input out as a column. Convolution is then (F, C·K·K) @ (C·K·K, windows), one call
of BLAS at the machine's full rate. Row (c, i, j) of the columns is channel c, shifted by (i, j) and thinned by the
stride, so unfolding is C·K·K shifted copies. `fold` is the adjoint: it adds every column back where it came from.

Cost: unfolding writes C·K·K·OH·OW numbers and reads as many; the product then does F multiplications with each of
them, so the larger F, the less unfolding matters. Source: im2col, as in Chellapilla et al. 2006 and Caffe.
"""
import numpy as np
from numba import njit


@njit(inline="always")
def inside(n, shift, stride, count):
    """Which windows o in [0, count) have their pixel o·stride + shift inside [0, n): a range [lo, hi)."""
    lo = 0 if shift >= 0 else (-shift + stride - 1) // stride
    hi = (n - 1 - shift) // stride + 1 if n - 1 - shift >= 0 else 0
    lo = min(lo, count)
    return lo, max(min(hi, count), lo)


@njit(inline="always")
def thin(pixels, line, count, stride):
    """line[u] = pixels[u·stride]. Strides of 1 and 2 are said apart, so that the compiler can use vector instructions."""
    if stride == 1:
        for u in range(count):
            line[u] = pixels[u]
    elif stride == 2:
        for u in range(count):
            line[u] = pixels[2 * u]
    else:
        for u in range(count):
            line[u] = pixels[u * stride]


@njit(inline="always")
def deal(plane, dealt, fill, top, rows, across, stride, pad):
    """Deal pixels out by row and column modulo the stride: what a window sees at (i, j) is then a neighbor of what the next one sees there.

    dealt[a·stride + b, p·across + q] = plane[(top + p)·stride + a − pad, q·stride + b − pad], for p < rows, q < across; `fill` outside of the plane.
    """
    height, width = plane.shape
    for a in range(stride):
        for b in range(stride):
            left, right = inside(width, b - pad, stride, across)
            for p in range(rows):
                h = (top + p) * stride + a - pad
                line = dealt[a * stride + b, p * across:]
                if 0 <= h < height:
                    for q in range(left):
                        line[q] = fill
                    thin(plane[h, left * stride + b - pad:], line[left:], right - left, stride)
                    for q in range(right, across):
                        line[q] = fill
                else:
                    for q in range(across):
                        line[q] = fill


@njit(nogil=True, cache=True)
def unfold(x, cols, first, last, start, k, stride, pad, rows, ow):
    """x (G, C, H, W) -> cols (C·k·k + 1, G·rows·ow), the windows of output rows start … start + rows − 1; the last row is of ones.

    first … last − 1: the share of the C·k pairs (channel, row of the filter) that this call does.
    A row of x, with its margin, is dealt out by column modulo the stride: then all that is copied from it is contiguous.
    """
    images, channels, height, width = x.shape
    lines = np.zeros((stride, ow + (k - 1) // stride), x.dtype)
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for job in range(first, last):
        c, i = job // k, job % k
        for g in range(images):
            for o in range(rows):
                h, at = (start + o) * stride + i - pad, (g * rows + o) * ow
                if 0 <= h < height:
                    for phase in range(stride):
                        lo, hi = inside(width, phase - pad, stride, lines.shape[1])
                        thin(x[g, c, h, lo * stride + phase - pad:], lines[phase, lo:], hi - lo, stride)
                        for u in range((k - phase + stride - 1) // stride):
                            values, line = cols[job * k + u * stride + phase, at:], lines[phase, u:]
                            for q in range(ow):
                                values[q] = line[q]
                else:
                    for j in range(k):
                        values = cols[job * k + j, at:]
                        for q in range(ow):
                            values[q] = zero
                if job == 0:
                    values = cols[channels * k * k, at:]
                    for q in range(ow):
                        values[q] = one


@njit(nogil=True, cache=True)
def fold(cols, x, first, last, k, stride, pad, oh, ow):
    """Adjoint of unfold: cols (C·k·k, G·oh·ow) -> channels first … last − 1 of x (G, C, H, W), overwritten by the sums.

    Row by row of x: what comes to it from all windows is added up in lines, as in unfold, and then put in place.
    """
    images, channels, height, width = x.shape
    lines = np.empty((stride, ow + (k - 1) // stride), x.dtype)
    zero = x.dtype.type(0)
    for c in range(first, last):
        for g in range(images):
            for h in range(height):
                lines[:] = 0
                for i in range((h + pad) % stride, k, stride):
                    o = (h + pad - i) // stride
                    if 0 <= o < oh:
                        for phase in range(stride):
                            for u in range((k - phase + stride - 1) // stride):
                                values, line = cols[(c * k + i) * k + u * stride + phase, (g * oh + o) * ow:], lines[phase, u:]
                                for q in range(ow):
                                    line[q] += values[q]
                out = x[g, c, h]
                for w in range(width):
                    out[w] = zero
                for phase in range(stride):
                    lo, hi = inside(width, phase - pad, stride, lines.shape[1])
                    line, pixels = lines[phase, lo:], x[g, c, h, lo * stride + phase - pad:]
                    for u in range(hi - lo):
                        pixels[u * stride] = line[u]
