"""Max pooling that records where each maximum came from, and unpooling that sends values back there.

The idea: a switch is the place of a window's maximum, row·W + column in the unpadded input. Padding counts as −∞, so
it is never looked at; windows are cut at the edges instead. Ties go to the first in row-major order (only a strictly
larger value replaces the maximum), and a NaN wins against all numbers, so that it can't vanish unseen.

Cost: K·K comparisons per output; one read of the input, 8 or 12 bytes written per output. One plane per thread, so
unpooling, where overlapping windows can add into one place, needs no atomic additions and is the same in every run.
Source: Zeiler & Fergus section 2.1 (switches).
"""
from numba import njit, prange


@njit(parallel=True, cache=True)
def max_pool(x, y, index, size, stride, pad):
    """x (N, C, H, W) -> y and index (int32), both (N, C, OH, OW)."""
    images, channels, height, width = x.shape
    oh, ow = y.shape[2], y.shape[3]
    for plane in prange(images * channels):
        n, c = plane // channels, plane % channels
        for p in range(oh):
            top, bottom = max(p * stride - pad, 0), min(p * stride - pad + size, height)
            for q in range(ow):
                left, right = max(q * stride - pad, 0), min(q * stride - pad + size, width)
                best, place = x[n, c, top, left], top * width + left
                for h in range(top, bottom):
                    for w in range(left, right):
                        value = x[n, c, h, w]
                        if value > best or (value != value and best == best):
                            best, place = value, h * width + w
                y[n, c, p, q] = best
                index[n, c, p, q] = place


@njit(parallel=True, cache=True)
def unpool(r, index, x):
    """r and index (N, C, OH, OW) -> x (N, C, H, W): zero but for the sums of the values sent to each place."""
    images, channels, oh, ow = r.shape
    width = x.shape[3]
    for plane in prange(images * channels):
        n, c = plane // channels, plane % channels
        x[n, c] = 0
        for p in range(oh):
            for q in range(ow):
                place = index[n, c, p, q]
                x[n, c, place // width, place % width] += r[n, c, p, q]
