"""Max pooling that records where each maximum came from, and unpooling that sends values back there.

The idea: a switch is the place of a window's maximum, row·W + column in the unpadded input. Padding counts as −∞, so
it is never looked at; windows are cut at the edges instead. Ties go to the first in row-major order (only a strictly
larger value replaces the maximum), and a NaN wins against all numbers, so that it can't vanish unseen.

Cost: K·K comparisons per output; one read of the input, 8 or 12 bytes written per output. One plane per thread, so
unpooling, where overlapping windows can add into one place, needs no atomic additions and is the same in every run.
Source: Zeiler & Fergus section 2.1 (switches).
"""
import numpy as np
from numba import njit, prange

from .unfold import inside


@njit(parallel=True, cache=True)
def max_pool(x, y, index, size, stride, pad):
    """x (N, C, H, W) -> y and index (int32), both (N, C, OH, OW).

    One output row at a time: first the first pixel of each window, then the windows' pixels in row-major order, each for
    all windows of the row at once. Gathering these pixels in `line` first leaves a comparison that runs in vector instructions.
    """
    images, channels, height, width = x.shape
    oh, ow = y.shape[2], y.shape[3]
    step = np.int32(stride)
    for job in prange(images * channels):
        n, c = job // channels, job % channels
        plane = x[n, c].reshape(-1)
        line = np.empty(ow, x.dtype)
        for p in range(oh):
            best, place = y[n, c, p], index[n, c, p]
            top, bottom = max(p * stride - pad, 0), min(p * stride - pad + size, height)
            for q in range(ow):
                place[q] = top * width + max(q * stride - pad, 0)
                best[q] = plane[place[q]]
            for h in range(top, bottom):
                for j in range(size):
                    lo, hi = inside(width, j - pad, stride, ow)
                    first = h * width + lo * stride + j - pad
                    pixels = plane[first:(h + 1) * width]
                    for q in range(hi - lo):
                        line[q] = pixels[q * stride]
                    here, b, s = np.int32(first), best[lo:hi], place[lo:hi]
                    for q in range(hi - lo):
                        better = (line[q] > b[q]) | ((line[q] != line[q]) & (b[q] == b[q]))
                        b[q] = line[q] if better else b[q]
                        s[q] = here + np.int32(q) * step if better else s[q]


@njit(parallel=True, cache=True)
def unpool(r, index, x):
    """r and index (N, C, OH, OW) -> x (N, C, H, W): zero but for the sums of the values sent to each place."""
    images, channels, oh, ow = r.shape
    for job in prange(images * channels):
        n, c = job // channels, job % channels
        plane = x[n, c].reshape(-1)
        plane[:] = 0
        for p in range(oh):
            for q in range(ow):
                plane[index[n, c, p, q]] += r[n, c, p, q]
