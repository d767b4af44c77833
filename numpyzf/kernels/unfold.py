"""Unfold windows into columns, and fold columns back: what turns a convolution into one matrix product.

The idea: lay every window of the input out as a column. Convolution is then (F, C·K·K) @ (C·K·K, windows), one call
of BLAS at the machine's full rate. Row (c, i, j) of the columns is channel c, shifted by (i, j) and thinned by the
stride, so unfolding is C·K·K shifted copies. `fold` is the adjoint: it adds every column back where it came from.

Cost: unfolding writes C·K·K·OH·OW numbers and reads as many; the product then does F multiplications with each of
them, so the larger F, the less unfolding matters. Source: im2col, as in Chellapilla et al. 2006 and Caffe.
"""
from numba import njit, prange


@njit(inline="always")
def inside(n, shift, stride, count):
    """Which windows o in [0, count) have their pixel o·stride + shift inside [0, n): a range [lo, hi)."""
    lo = 0 if shift >= 0 else (-shift + stride - 1) // stride
    hi = (n - 1 - shift) // stride + 1 if n - 1 - shift >= 0 else 0
    lo = min(lo, count)
    return lo, max(min(hi, count), lo)


@njit(parallel=True, cache=True)
def unfold(x, cols, k, stride, pad, oh, ow):
    """x (G, C, H, W) -> cols (≥ C·k·k, G·oh·ow), every element of the first C·k·k rows written."""
    images, channels, height, width = x.shape
    for row in prange(channels * k * k):        # a row of cols belongs to one thread
        c, i, j = row // (k * k), row // k % k, row % k
        top, bottom = inside(height, i - pad, stride, oh)
        left, right = inside(width, j - pad, stride, ow)
        for g in range(images):
            for o in range(oh):
                out = cols[row, (g * oh + o) * ow:(g * oh + o + 1) * ow]
                if o < top or o >= bottom:
                    out[:] = 0
                    continue
                line = x[g, c, o * stride + i - pad]
                out[:left] = 0
                out[right:] = 0
                if stride == 1:                 # said apart, so that it becomes a plain copy
                    for q in range(left, right):
                        out[q] = line[q + j - pad]
                else:
                    for q in range(left, right):
                        out[q] = line[q * stride + j - pad]


@njit(parallel=True, cache=True)
def fold(cols, x, k, stride, pad, oh, ow):
    """Adjoint of unfold: cols (C·k·k, G·oh·ow) -> x (G, C, H, W), overwritten by the sums."""
    images, channels, height, width = x.shape
    for plane in prange(images * channels):     # a plane of x belongs to one thread
        g, c = plane // channels, plane % channels
        x[g, c] = 0
        for i in range(k):
            top, bottom = inside(height, i - pad, stride, oh)
            for j in range(k):
                left, right = inside(width, j - pad, stride, ow)
                row = (c * k + i) * k + j
                for o in range(top, bottom):
                    line = x[g, c, o * stride + i - pad]
                    values = cols[row, (g * oh + o) * ow:(g * oh + o + 1) * ow]
                    if stride == 1:
                        for q in range(left, right):
                            line[q + j - pad] += values[q]
                    else:
                        for q in range(left, right):
                            line[q * stride + j - pad] += values[q]
