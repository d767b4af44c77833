"""Cut boxes of one size out of many maps, each at its own place, and paste them back.

The idea: a unit's projection, or the effect of a covered patch, lives in a small box of every
map. Boxes of equal size, whatever their place, stack into one batch (M, C, h, w), on which the
ordinary operations run. Where something changed in a box of every map, the maps around it are as
they were: cut them, paste the box.

Cost: one read and one write per element, in runs of a box's row. The rows are copied in
loops: assigning one slice to another takes two to three times as long. Unpooling also divides once
per element.

Threads: one map of one box, plane number m·C + c, is written by one thread.
"""
from numba import njit


@njit(nogil=True, cache=True)
def cut(x, image_of, corners, out, fill, start, stop):
    """out[m, c, i, j] = x[image_of[m], c, corners[m, 0] + i, corners[m, 1] + j].

    `fill` where that lies outside of x. x (N, C, H, W), image_of int64 (M,), corners int64 (M, 2),
    may be negative, out (M, C, h, w).
    """
    channels, rows, columns = out.shape[1:]
    height, width = x.shape[2], x.shape[3]
    for plane in range(start, stop):
        # this map of this box, and where its first pixel lies in x
        m, c = plane // channels, plane % channels
        top, left = corners[m, 0], corners[m, 1]
        # columns of the box inside of x
        j_start, j_stop = min(max(-left, 0), columns), max(min(width - left, columns), 0)
        for i in range(rows):
            line = out[m, c, i]
            if top + i < 0 or top + i >= height or j_start >= j_stop:
                # a row outside of x
                for j in range(columns):
                    line[j] = fill
            else:
                # outside at the left
                for j in range(j_start):
                    line[j] = fill
                # inside
                inside, pixels = line[j_start:], x[image_of[m], c, top + i, left + j_start:]
                for j in range(j_stop - j_start):
                    inside[j] = pixels[j]
                # outside at the right
                for j in range(j_stop, columns):
                    line[j] = fill


@njit(nogil=True, cache=True)
def paste(boxes, corners, out, start, stop):
    """out[m, c, corners[m, 0] + i, corners[m, 1] + j] = boxes[m, c, i, j], where that lies in out.

    boxes (M, C, h, w), corners int64 (M, 2), may be negative, out (M, C, H, W), otherwise
    unchanged.
    """
    channels, rows, columns = boxes.shape[1:]
    height, width = out.shape[2], out.shape[3]
    for plane in range(start, stop):
        # this map of this box, and where its first pixel lies in out
        m, c = plane // channels, plane % channels
        top, left = corners[m, 0], corners[m, 1]
        # rows and columns of the box inside of out
        i_start, i_stop = min(max(-top, 0), rows), max(min(height - top, rows), 0)
        j_start, j_stop = min(max(-left, 0), columns), max(min(width - left, columns), 0)
        if j_start < j_stop:
            # copy what is inside
            for i in range(i_start, i_stop):
                line, pixels = out[m, c, top + i, left + j_start:], boxes[m, c, i, j_start:]
                for j in range(j_stop - j_start):
                    line[j] = pixels[j]


@njit(nogil=True, cache=True, error_model="numpy")
def unpool_boxes(r, index, image_of, corners, lower, width, x, start, stop):
    """unpool where r (M, C, b, b) and x (M, C, B, B) are boxes of maps.

    corners and lower, int64 (M, 2), are the corners of the boxes of r and x. index int32 (N, C,
    OH, OW) holds the switches of whole maps, row·width + column; image_of int64 (M,) are rows of
    it. x is overwritten. What of r lies outside of the pooled maps counts for nothing.
    """
    channels, rows, columns = r.shape[1:]
    oh, ow = index.shape[2], index.shape[3]
    for plane in range(start, stop):
        # this map of this box, and the switches of the whole map
        m, c = plane // channels, plane % channels
        top, left = corners[m, 0], corners[m, 1]
        pixels, places = x[m, c], index[image_of[m], c]
        # values that come to one pixel add up: begin with zero
        pixels[:] = 0
        # rows and columns of r inside of the pooled map
        for i in range(max(-top, 0), min(oh - top, rows)):
            for j in range(max(-left, 0), min(ow - left, columns)):
                # the switch counts in the whole map, the pixels in their box
                place = places[top + i, left + j]
                pixels[place // width - lower[m, 0], place % width - lower[m, 1]] += r[m, c, i, j]
