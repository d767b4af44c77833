"""Cut boxes of one size out of many maps, each at its own place, and paste them back.

The idea: a unit's projection, or the effect of a covered square, lies in a small box of every map.
Boxes of equal size, whatever their place, stack into one batch (M, C, h, w), on which the ordinary
operations run. Where only a box of a map has changed, all around it is as it was: cut that from the
old map, and paste the box.

Cost: one read and one write per element, a row of a box at a time. Rows are copied in loops:
assigning one slice to another takes two to three times as long. Unpooling also divides once per
element.

Threads: one map of one box, a plane, is written by one thread.
"""
from .cache import njit


@njit(nogil=True, cache=True)
def cut(x, image_of, corners, out, fill, start, stop):
    """out[m, c, i, j] = x[image_of[m], c, corners[m, 0] + i, corners[m, 1] + j].

    x: (N, C, H, W).
    image_of: int64 (M,), the image of each box.
    corners: int64 (M, 2), row and column of each box's first pixel; may be negative.
    out: (M, C, h, w), the result.
    fill: what stands where a box lies outside of x.
    start, stop: which of the M·C planes of out. Number m·C + c is out[m, c].
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

    boxes: (M, C, h, w).
    corners: int64 (M, 2), row and column of each box's first pixel; may be negative.
    out: (M, C, H, W), the result. What lies around the boxes stays.
    start, stop: which of the M·C planes, as in cut.
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
def unpool_boxes(r, index, image_of, corners, lower_corners, width, x, start, stop):
    """unpool where r and x are boxes of maps.

    r: (M, C, b, b). What of it lies outside of the pooled maps counts for nothing.
    index: int32 (N, C, OH, OW), the switches of whole maps, row·width + column.
    image_of: int64 (M,), the image of each box: a row of index.
    corners: int64 (M, 2), row and column of the first value of each box of r.
    lower_corners: int64 (M, 2), row and column of the first pixel of each box of x.
    width: of the whole maps that x is a box of.
    x: (M, C, B, B), the result.
    start, stop: which of the M·C planes, as in cut.
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
                h, v = place // width - lower_corners[m, 0], place % width - lower_corners[m, 1]
                pixels[h, v] += r[m, c, i, j]
