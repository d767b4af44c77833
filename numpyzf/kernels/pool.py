"""Max pooling that records where each maximum came from, and unpooling that sends values back there.

The idea: a switch is the place of a window's maximum, row·W + column in the unpadded input. Padding counts as −∞, so
it is never looked at; windows are cut at the edges instead. Ties go to the first in row-major order (only a strictly
larger value replaces the maximum), and a NaN wins against all numbers, so that it can't vanish unseen.

Cost: some 2·K comparisons per output, along the rows and then down; one read of the input, 8 or 12 bytes written per output. A plane
is one thread's, so unpooling, where overlapping windows can add into one place, needs no atomic additions and is the same in every run.
Source: Zeiler & Fergus section 2.1 (switches).
"""
import numpy as np
from numba import njit

from .unfold import deal

WINDOWS = 512       # at a time: they and what they look at stay in the first-level cache


@njit(inline="always")
def _keep_larger(values, places, shift, best, place, n):
    """Where values[q] is larger than best[q], or the first NaN, take it and its place, places[q] + shift, for q < n.

    Without the addition the compiler would choose between two addresses, not two numbers: no vector instructions, half the speed.
    """
    for q in range(n):
        value, so_far = values[q], best[q]
        better = (not value <= so_far) & (so_far == so_far)
        best[q] = value if better else so_far
        place[q] = np.int32(places[q] + shift) if better else place[q]


@njit(nogil=True, cache=True)
def max_pool(x, y, index, first, last, size, stride, pad):
    """x (N, C, H, W) -> y and index (int32), both (N, C, OH, OW): planes first … last − 1 of the N·C.

    For a band of rows of windows at a time, the pixels they look at are dealt out by row and column modulo the stride. Then pixel j of
    every window's row is one contiguous run, `across` for each row (a little more than OW), and so is row i of all windows: first the
    largest along each row, then the largest of these down the windows, all in vector instructions.
    """
    channels, width = x.shape[1], x.shape[3]
    oh, ow = y.shape[2], y.shape[3]
    more = (size - 1) // stride
    across = ow + more
    band = max(1, min(oh, WINDOWS // across))
    length, phases = (band + more) * across, min(size, stride)
    above, left, home = np.empty(length, np.int32), np.empty(length, np.int32), np.empty(length, np.int32)
    for q in range(length):
        above[q], left[q] = q // across * stride * width, q % across * stride - pad         # row·W, from the band's first, and column
        home[q] = above[q] + left[q]
    dealt = np.empty((stride * stride, length + more), x.dtype)
    along, along_places = np.empty((phases, length), x.dtype), np.empty((phases, length), np.int32)
    best, places = np.empty(band * across, x.dtype), np.empty(band * across, np.int32)
    for job in range(first, last):
        n, c = job // channels, job % channels
        for start in range(0, oh, band):
            rows, base = min(band, oh - start), np.int32(start * stride * width)       # places along the rows are counted from base
            deal(x[n, c], dealt, x.dtype.type(-np.inf), start, rows + more, across, stride, pad)
            for a in range(phases):
                pixels, larger, place = dealt[a * stride], along[a], along_places[a]
                row = np.int32((a - pad) * width)
                for q in range((rows + more) * across):
                    larger[q] = pixels[q]
                for q in range((rows + more) * across):     # if all is −∞, the switch is the first pixel that isn't padding
                    place[q] = np.int32(max(above[q] + row, -base) + max(left[q], 0))
                for j in range(1, size):
                    _keep_larger(dealt[a * stride + j % stride, j // stride:], home, np.int32(row + j), larger, place, (rows + more) * across)
            for q in range(rows * across):
                best[q], places[q] = along[0, q], np.int32(along_places[0, q] + base)
            for i in range(1, size):
                down = i // stride * across
                _keep_larger(along[i % stride, down:], along_places[i % stride, down:], base, best, places, rows * across)
            for p in range(rows):
                values, switches, out, out_index = best[p * across:], places[p * across:], y[n, c, start + p], index[n, c, start + p]
                for q in range(ow):
                    out[q] = values[q]
                for q in range(ow):
                    out_index[q] = switches[q]


@njit(nogil=True, cache=True)
def unpool(r, index, x, first, last):
    """r and index (N, C, OH, OW) -> planes first … last − 1 of x (N, C, H, W): zero but for the sums of the values sent to each place."""
    channels, oh, ow = r.shape[1:]
    for job in range(first, last):
        n, c = job // channels, job % channels
        plane = x[n, c].reshape(-1)
        plane[:] = 0
        for p in range(oh):
            for q in range(ow):
                plane[index[n, c, p, q]] += r[n, c, p, q]
