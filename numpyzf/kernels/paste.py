"""Paste small boxes into larger arrays, each at its own place: the way back of `cut`, see window.py.

The idea: where something changed in a small box of every map, the maps around it are as they were. Cut them, paste the box.

Cost: one read and one write per element, in runs of a box's row. One map of one box per thread at a time.
"""
from numba import njit, prange


@njit(parallel=True, cache=True)
def paste(boxes, corners, out):
    """out[m, c, corners[m, 0] + i, corners[m, 1] + j] = boxes[m, c, i, j]; what falls outside of out is left away.

    boxes (M, C, h, w), corners int64 (M, 2), may be negative, out (M, C, H, W), otherwise unchanged.
    """
    count, channels, rows, columns = boxes.shape
    height, width = out.shape[2], out.shape[3]
    for job in prange(count * channels):
        m, c = job // channels, job % channels
        top, left = corners[m, 0], corners[m, 1]
        first, last = min(max(-left, 0), columns), max(min(width - left, columns), 0)      # columns of the box inside of out
        if first < last:
            for i in range(min(max(-top, 0), rows), max(min(height - top, rows), 0)):
                out[m, c, top + i, left + first:left + last] = boxes[m, c, i, first:last]
