"""Cut windows of one size out of many maps, each at its own place: what lets one batch hold the surroundings of many units.

The idea: a unit's projection, or the effect of a covered patch, lives in a small window of every map. Windows of equal
size, whatever their place, stack into one batch (M, C, size, size), on which the ordinary operations run.

Cost: one read and one write per element, in runs of a window's row. One window's map per thread at a time.
"""
from numba import njit, prange


@njit(parallel=True, cache=True)
def cut(x, images, corners, out, fill):
    """out[m, c, i, j] = x[images[m], c, corners[m, 0] + i, corners[m, 1] + j], or `fill` where that lies outside of x.

    x (N, C, H, W), images int64 (M,), corners int64 (M, 2), may be negative, out (M, C, h, w).
    """
    count, channels, rows, columns = out.shape
    height, width = x.shape[2], x.shape[3]
    for job in prange(count * channels):
        m, c = job // channels, job % channels
        top, left = corners[m, 0], corners[m, 1]
        first, last = min(max(-left, 0), columns), max(min(width - left, columns), 0)      # columns of out inside of x
        for i in range(rows):
            line = out[m, c, i]
            if top + i < 0 or top + i >= height or first >= last:
                line[:] = fill
            else:
                line[:first] = fill
                line[first:last] = x[images[m], c, top + i, left + first:left + last]
                line[last:] = fill
