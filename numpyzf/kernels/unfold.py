"""Unfold windows into columns, and fold columns back: what turns a convolution into one matrix product.

The idea: lay every window of the input out as a column. Convolution is then (F, C·K·K) @ (C·K·K, windows), one call
of BLAS at the machine's full rate. Row (c, i, j) of the columns is channel c, shifted by (i, j) and thinned by the
stride, so unfolding is C·K·K shifted copies. `fold` is the adjoint: it adds every column back where it came from.

Cost: unfolding writes C·K·K·OH·OW numbers and reads as many; the product then does F multiplications with each of
them, so the larger F, the less unfolding matters. Source: im2col, as in Chellapilla et al. 2006 and Caffe.
"""
import numpy as np
from numba import njit, prange


@njit(inline="always")
def inside(n, shift, stride, count):
    """Which windows o in [0, count) have their pixel o·stride + shift inside [0, n): a range [lo, hi)."""
    lo = 0 if shift >= 0 else (-shift + stride - 1) // stride
    hi = (n - 1 - shift) // stride + 1 if n - 1 - shift >= 0 else 0
    lo = min(lo, count)
    return lo, max(min(hi, count), lo)


@njit(inline="always")
def thin(pixels, line, stride):
    """line[u] = pixels[u·stride]. Strides of 1 and 2 are said apart, so that the compiler can use vector instructions."""
    if stride == 1:
        for u in range(line.size):
            line[u] = pixels[u]
    elif stride == 2:
        for u in range(line.size):
            line[u] = pixels[2 * u]
    else:
        for u in range(line.size):
            line[u] = pixels[u * stride]


@njit(parallel=True, cache=True)
def unfold(x, cols, k, stride, pad, first, oh, ow):
    """x (G, C, H, W) -> cols (≥ C·k·k, G·oh·ow), every element of the first C·k·k rows written: windows of oh rows from `first` on.

    A row of x, with its margin, is dealt out by column modulo the stride: then all that is copied from it is contiguous.
    """
    images, channels, height, width = x.shape
    for job in prange(channels * k):            # k rows of cols belong to one thread
        c, i = job // k, job % k
        lines = np.zeros((stride, ow + (k - 1) // stride), x.dtype)
        for g in range(images):
            for o in range(oh):
                h, target = (first + o) * stride + i - pad, (g * oh + o) * ow
                if 0 <= h < height:
                    for phase in range(stride):
                        lo, hi = inside(width, phase - pad, stride, lines.shape[1])
                        thin(x[g, c, h, lo * stride + phase - pad:], lines[phase, lo:hi], stride)
                    for phase in range(stride):
                        for u in range((k - phase + stride - 1) // stride):
                            values, line = cols[job * k + u * stride + phase, target:target + ow], lines[phase, u:u + ow]
                            for q in range(ow):
                                values[q] = line[q]
                else:
                    cols[job * k:(job + 1) * k, target:target + ow] = 0


@njit(parallel=True, cache=True)
def fold(cols, x, k, stride, pad, oh, ow):
    """Adjoint of unfold: cols (C·k·k, G·oh·ow) -> x (G, C, H, W), overwritten by the sums.

    Row by row of x: what comes to it from all windows is added up in lines, as in unfold, and then put in place.
    """
    images, channels, height, width = x.shape
    for job in prange(images * channels):       # a plane of x belongs to one thread
        g, c = job // channels, job % channels
        lines = np.empty((stride, ow + (k - 1) // stride), x.dtype)
        for h in range(height):
            lines[:] = 0
            for i in range((h + pad) % stride, k, stride):
                o = (h + pad - i) // stride
                if 0 <= o < oh:
                    source = (g * oh + o) * ow
                    for phase in range(stride):
                        for u in range((k - phase + stride - 1) // stride):
                            values, line = cols[(c * k + i) * k + u * stride + phase, source:source + ow], lines[phase, u:u + ow]
                            for q in range(ow):
                                line[q] += values[q]
            x[g, c, h] = 0
            for phase in range(stride):
                lo, hi = inside(width, phase - pad, stride, lines.shape[1])
                line, pixels = lines[phase, lo:hi], x[g, c, h, lo * stride + phase - pad:]
                for u in range(hi - lo):
                    pixels[u * stride] = line[u]
