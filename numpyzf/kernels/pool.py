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

from .unfold import deal

WINDOWS = 512       # at a time: they and what they look at stay in the first-level cache


@njit(parallel=True, cache=True)
def max_pool(x, y, index, size, stride, pad):
    """x (N, C, H, W) -> y and index (int32), both (N, C, OH, OW).

    Some rows of windows at a time, the pixels they look at are dealt out by row and column modulo the stride. Then pixel (i, j) of
    all windows is one contiguous run, `across` for each row of windows (a little more than OW), and is compared with the best so far
    in vector instructions.
    """
    images, channels, height, width = x.shape
    oh, ow = y.shape[2], y.shape[3]
    more = (size - 1) // stride
    across = ow + more
    band = max(1, min(oh, WINDOWS // across))
    home = np.empty(band * across, np.int32)                # row·W + column of a window's first pixel, seen from the band's first
    for q in range(home.size):
        home[q] = q // across * stride * width + q % across * stride
    for job in prange(images * channels):
        n, c = job // channels, job % channels
        dealt = np.empty((stride * stride, (band + more + 1) * across), x.dtype)
        best, place = np.empty(home.size, x.dtype), np.empty(home.size, np.int32)
        for start in range(0, oh, band):
            rows = min(band, oh - start)
            deal(x[n, c], dealt, x.dtype.type(-np.inf), start, rows + more, across, stride, pad)
            best[:] = -np.inf
            for p in range(rows):                           # if all is −∞, the switch is the first pixel that isn't padding
                for q in range(across):
                    place[p * across + q] = max((start + p) * stride - pad, 0) * width + max(q * stride - pad, 0)
            for i in range(size):
                for j in range(size):
                    first = i // stride * across + j // stride
                    pixels = dealt[i % stride * stride + j % stride, first:first + rows * across]
                    here = np.int32((start * stride + i - pad) * width + j - pad)
                    for q in range(pixels.size):
                        better = (pixels[q] > best[q]) | ((pixels[q] != pixels[q]) & (best[q] == best[q]))
                        best[q] = pixels[q] if better else best[q]
                        place[q] = home[q] + here if better else place[q]
            for p in range(rows):
                values, places, out, out_index = best[p * across:], place[p * across:], y[n, c, start + p], index[n, c, start + p]
                for q in range(ow):
                    out[q] = values[q]
                for q in range(ow):
                    out_index[q] = places[q]


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
