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
            plane, out = x[g, c].reshape(-1), cols[row, g * oh * ow:(g + 1) * oh * ow]
            out[:top * ow] = 0
            out[bottom * ow:] = 0
            first = (top * stride + i - pad) * width + left * stride + j - pad      # in plane, of the first pixel copied
            if stride == 1 and ow == width and bottom > top and right > left:
                # Output rows are as long as input rows: all rows are one run. What it wraps over the edges is zeroed below.
                run = (bottom - top) * ow - left - (ow - right)
                start = top * ow + left
                out[start:start + run] = plane[first:first + run]
            else:
                for o in range(top, bottom):
                    source, target = first + (o - top) * stride * width, o * ow + left
                    for q in range(right - left):
                        out[target + q] = plane[source + q * stride]
            for o in range(top, bottom):
                for q in range(left):
                    out[o * ow + q] = 0
                for q in range(right, ow):
                    out[o * ow + q] = 0


@njit(parallel=True, cache=True)
def fold(cols, x, k, stride, pad, oh, ow):
    """Adjoint of unfold: cols (C·k·k, G·oh·ow) -> x (G, C, H, W), overwritten by the sums."""
    images, channels, height, width = x.shape
    for job in prange(images * channels):       # a plane of x belongs to one thread
        g, c = job // channels, job % channels
        plane = x[g, c].reshape(-1)
        plane[:] = 0
        for i in range(k):
            top, bottom = inside(height, i - pad, stride, oh)
            for j in range(k):
                left, right = inside(width, j - pad, stride, ow)
                values = cols[(c * k + i) * k + j, g * oh * ow:(g + 1) * oh * ow]
                for o in range(top, bottom):
                    target, source = (o * stride + i - pad) * width + left * stride + j - pad, o * ow + left
                    if stride == 1:             # said apart, so that the compiler can use vector instructions
                        for q in range(right - left):
                            plane[target + q] += values[source + q]
                    else:
                        for q in range(right - left):
                            plane[target + q * stride] += values[source + q]
