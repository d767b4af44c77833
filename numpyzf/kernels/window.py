"""Cut windows of one size out of many maps, each at its own place: what lets one batch hold the surroundings of many units.

The idea: a unit's projection, or the effect of a covered patch, lives in a small window of every map. Windows of equal
size, whatever their place, stack into one batch (M, C, size, size), on which the ordinary operations run.

Cost: one read and one write per element, in runs of a window's row; unpooling also divides once per element. One window's
map per thread at a time.
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


@njit(parallel=True, cache=True, error_model="numpy")
def unpool_windows(r, index, images, corners, lower, width, x):
    """unpool where r (M, C, b, b) and x (M, C, B, B) are windows of maps, at `corners` and `lower`, int64 (M, 2).

    index int32 (N, C, OH, OW) holds the switches of whole maps, row·width + column. x is overwritten; what of r lies outside of
    the pooled maps counts for nothing.
    """
    count, channels, rows, columns = r.shape
    height, breadth = index.shape[2], index.shape[3]
    for job in prange(count * channels):
        m, c = job // channels, job % channels
        top, left = corners[m, 0], corners[m, 1]
        plane, places = x[m, c], index[images[m], c]
        plane[:] = 0
        for i in range(max(-top, 0), min(height - top, rows)):
            for j in range(max(-left, 0), min(breadth - left, columns)):
                place = places[top + i, left + j]
                plane[place // width - lower[m, 0], place % width - lower[m, 1]] += r[m, c, i, j]
