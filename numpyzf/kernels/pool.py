"""Max pooling that records where each maximum came from; unpooling that sends values back there.

The idea: a switch is the place of a window's maximum, row·W + column in the unpadded input.
Padding counts as −∞; a window of only −∞ gets the place of its first pixel that isn't padding.
Ties go to the first in row-major order: only a strictly larger value replaces the maximum. A NaN
wins against all numbers, so that it can't vanish unseen.

Pixels are split by row and column modulo the stride (see phases.py), for a band of rows of
windows at a time, or for some small planes. Then one place of all windows is one stretch: first the
largest along each row of a window, then the largest of these rows, all in vector instructions.

Cost: min(size, stride)·(size − 1) + size − 1 comparisons per output, 6 for 3×3 windows two apart;
one read of the input, 8 or 12 bytes written per output.

Threads: a plane is written by one thread. So unpooling, where overlapping windows can add into one
place, needs no atomic additions and is the same every time.
Source: Zeiler & Fergus section 2.1 (switches).
"""
from typing import NamedTuple

import numpy as np

from .. import checks
from ..geometry import Window, pool_output_size
from .cache import njit
from .machine import run
from .phases import split_phases, take_every

WINDOWS = 512       # at a time: they and what they look at stay in the first-level cache


class RectifiedPool(NamedTuple):
    """A ReLU and the max pool behind it in one: what runs in place of the two without a Trace.

    It gives the numbers of the two layers and has less to do: the ReLU's gradient passes where the
    pool's maximum is positive, so its mask is needed at the pool's size only.
    """
    window: Window      # of the pool
    ceil: bool          # whether a last window may hang over the edge

    def forward(self, x, train=False, rng=None):
        """The maxima of max(x, 0). Saved, in training: the maxima, the switches, x's shape."""
        N, C, H, W = x.shape
        OH = pool_output_size(H, *self.window, self.ceil)
        OW = pool_output_size(W, *self.window, self.ceil)
        y = np.empty((N, C, OH, OW), x.dtype)
        if not train:                   # nothing comes down again: no switches
            run(rectified_maxima, N * C, x, y, *self.window)
            return y, None
        index = np.empty((N, C, OH, OW), np.int32)
        run(max_pool, N * C, x, y, index, *self.window, True)
        return y, (y, index, x.shape)

    def backward(self, dy, saved, need_dx=True):
        """Pass where the maximum is positive, and unpool."""
        y, index, x_shape = saved
        dy = checks.array("dy", dy, "NCHW", like=y.dtype, shape=y.shape, why="that of the output")
        dx = np.empty(x_shape, dy.dtype)
        run(unpool_positive, len(dx) * dx.shape[1], dy, y, index, dx)
        return dx, {}


@njit(nogil=True, cache=True)
def max_pool(x, y, index, size, stride, pad, rectify, start, stop):
    """The maximum of each window, and its switch: where in the plane it stands.

    x: (N, C, H, W).
    y: (N, C, OH, OW), a result: the maxima.
    index: int32 (N, C, OH, OW), a result: the switches, row·W + column.
    size, stride, pad: of the windows.
    rectify: pool max(x, 0). The results are those that a ReLU and then this pool would give.
    start, stop: which of the N·C planes. Number n·C + c is x[n, c].
    """
    channels, width = x.shape[1], x.shape[3]
    oh, ow = y.shape[2], y.shape[3]
    overhang = (size - 1) // stride
    row_length = ow + overhang
    # a stretch has a band of rows of windows, or all rows of a group of small planes; below each
    # plane's rows are those that its last windows look at
    band = max(1, min(oh, WINDOWS // row_length))
    plane_length = (band + overhang) * row_length
    group = 1
    if band == oh:
        # with a larger stride than 2 a window has more pixels: fewer windows, then
        group = max(1, min(stop - start, 4 * WINDOWS // (max(4, stride * stride) * plane_length)))
    length = group * plane_length
    zero = x.dtype.type(0)
    # the largest place that is computed, in the plane or counted from a band's first row
    if max(x.shape[2], (band + overhang) * stride + size) * width >= 1 << 31:
        raise ValueError("switches are 32-bit integers: x is too large for windows of this size")
    # where each window of a stretch begins: row·W, counted from the band's first row; its column,
    # negative in the padding; and the sum of the two
    row_places, columns = np.empty(length, np.int32), np.empty(length, np.int32)
    corners = np.empty(length, np.int32)
    for q in range(length):
        row_places[q] = q % plane_length // row_length * stride * width
        columns[q] = q % row_length * stride - pad
        corners[q] = row_places[q] + columns[q]
    # memory: the split pixels; maxima along rows, and their switches; the windows' own
    phases = np.empty((stride * stride, length + overhang), x.dtype)
    row_maxima = np.empty((min(size, stride), length), x.dtype)
    row_switches = np.empty((min(size, stride), length), np.int32)
    maxima, switches = np.empty(length, x.dtype), np.empty(length, np.int32)
    for first in range(start, stop, group):
        # this group: the last one may have fewer planes
        planes = min(group, stop - first)
        for top in range(0, oh, band):
            # this band: how many rows of windows; row·W of its first row; how many numbers are
            # filled
            rows, base = min(band, oh - top), np.int32(top * stride * width)
            seen = (planes - 1) * plane_length + (rows + overhang) * row_length
            # split the pixels of each plane: channel c of image n
            for g in range(planes):
                n, c = (first + g) // channels, (first + g) % channels
                split_phases(x[n, c], phases, g * plane_length, x.dtype.type(-np.inf), top,
                             rows + overhang, row_length, stride, pad)
            # along the rows; row a of window (p, q) is also row a + stride of window (p − 1, q):
            # computed once
            for a in range(min(size, stride)):
                pixels, best, place = phases[a * stride], row_maxima[a], row_switches[a]
                row = np.int32((a - pad) * width)
                # begin with the first pixel; a ReLU's zero is then beaten by positive ones only
                if rectify:
                    for q in range(seen):
                        best[q] = zero if pixels[q] <= zero else pixels[q]
                else:
                    for q in range(seen):
                        best[q] = pixels[q]
                # its switch counts from the band's first row, so the plane's row 0 is −base. A
                # place in the padding moves to row 0, to column 0, or both. It stays the switch of
                # a window in which all is −∞, or with a ReLU nothing positive
                for q in range(seen):
                    place[q] = np.int32(max(row_places[q] + row, -base) + max(columns[q], 0))
                # the other pixels of the row, one after the other
                for j in range(1, size):
                    pixels = phases[a * stride + j % stride, j // stride:]
                    keep_larger(pixels, corners, np.int32(row + j), best, place, seen)
            # down the rows: begin with row 0, counting switches from the plane's first pixel
            windows = seen - overhang * row_length
            for q in range(windows):
                maxima[q], switches[q] = row_maxima[0, q], np.int32(row_switches[0, q] + base)
            # row i of the windows is row i % stride of windows i // stride further down
            for i in range(1, size):
                below = i // stride * row_length
                keep_larger(row_maxima[i % stride, below:], row_switches[i % stride, below:], base,
                            maxima, switches, windows)
            # write the rows, without what lies between them
            for g in range(planes):
                n, c = (first + g) // channels, (first + g) % channels
                for p in range(rows):
                    begin = g * plane_length + p * row_length
                    values, places = maxima[begin:], switches[begin:]
                    out, out_index = y[n, c, top + p], index[n, c, top + p]
                    for q in range(ow):
                        out[q] = values[q]
                    for q in range(ow):
                        out_index[q] = places[q]


@njit(nogil=True, cache=True)
def rectified_maxima(x, y, size, stride, pad, start, stop):
    """The maxima that max_pool finds of max(x, 0), without switches: in half the time.

    x, y, size, stride, pad, start, stop: as in max_pool.
    """
    channels, height, width = x.shape[1:]
    oh, ow = y.shape[2], y.shape[3]
    zero = x.dtype.type(0)
    # memory: maxima down the columns for each row of windows, zero in the padding; the same split
    # by column modulo the stride, the rows one after the other; the maxima of all windows
    overhang = (size - 1) // stride
    row_length = ow + overhang
    columns = np.zeros((oh, max(row_length * stride, pad + width)), x.dtype)
    phases = np.empty((stride, oh * row_length), x.dtype)
    maxima = np.empty(oh * row_length, x.dtype)
    windows = oh * row_length - overhang
    for plane in range(start, stop):
        # this channel of this image
        n, c = plane // channels, plane % channels
        for p in range(oh):
            # down the columns: zero, or the largest pixel of the rows that are seen
            best = columns[p, pad:]
            for v in range(width):
                best[v] = zero
            for h in range(max(p * stride - pad, 0), min(p * stride - pad + size, height)):
                for v in range(width):
                    best[v] = larger(x[n, c, h, v], best[v])
            # split
            for a in range(stride):
                take_every(stride, columns[p, a:], phases[a, p * row_length:], row_length)
        # along the rows, of all windows and of what lies between two rows of them
        for q in range(windows):
            maxima[q] = phases[0, q]
        for j in range(1, size):
            near = phases[j % stride, j // stride:]
            for q in range(windows):
                maxima[q] = larger(near[q], maxima[q])
        # write the rows
        for p in range(oh):
            own, out = maxima[p * row_length:], y[n, c, p]
            for q in range(ow):
                out[q] = own[q]


@njit(inline="always")
def larger(value, best):
    """`value` if it is larger than `best` or the first NaN, else `best`."""
    return value if (not value <= best) & (best == best) else best


@njit(inline="always")
def keep_larger(values, places, shift, best, place, count):
    """Where values[q] > best[q], or is the first NaN, take it and its place, places[q] + shift.

    values, places: numbers and their places.
    shift: added to every place.
    best, place: the largest so far and where it was, `count` of each; overwritten.
    count: how many numbers to compare.
    """
    # `+ shift` belongs in here: without it the compiler chooses between two addresses, not between
    # two numbers, and makes no vector code (half the speed)
    for q in range(count):
        value, so_far = values[q], best[q]
        better = (not value <= so_far) & (so_far == so_far)
        best[q] = value if better else so_far
        place[q] = np.int32(places[q] + shift) if better else place[q]


@njit(nogil=True, cache=True)
def unpool(r, index, x, start, stop):
    """Zero, but for the values sent to their places. Values that come to one place add up.

    r: (N, C, OH, OW).
    index: int32 (N, C, OH, OW), the place of each value, row·W + column.
    x: (N, C, H, W), the result.
    start, stop: which of the N·C planes, as in max_pool.
    """
    channels, oh, ow = r.shape[1:]
    for plane in range(start, stop):
        # this channel of this image, as a flat array: a switch is a place in it
        n, c = plane // channels, plane % channels
        pixels = x[n, c].reshape(-1)
        # zero where no window has its maximum
        pixels[:] = 0
        # send every value to its place
        for p in range(oh):
            for q in range(ow):
                pixels[index[n, c, p, q]] += r[n, c, p, q]


@njit(nogil=True, cache=True)
def unpool_positive(r, y, index, x, start, stop):
    """unpool, but of the values only whose maximum y (N, C, OH, OW) is positive: past a ReLU."""
    channels, oh, ow = r.shape[1:]
    zero = r.dtype.type(0)
    for plane in range(start, stop):
        # this channel of this image, as in unpool
        n, c = plane // channels, plane % channels
        pixels = x[n, c].reshape(-1)
        pixels[:] = 0
        # the ReLU's gradient passes where its output was positive; elsewhere nothing is sent
        for p in range(oh):
            for q in range(ow):
                pixels[index[n, c, p, q]] += r[n, c, p, q] if y[n, c, p, q] > zero else zero
