"""Convolution and max pooling with any window: rectangles, dilation, unequal padding, groups.

The idea of the convolution is that of unfold.py: windows become columns, and one product with the
filters does the rest. A group of filters sees a group of channels only; these channels' columns
are neighbors, so one array of columns serves all groups, and the product is one per group. As the
axes differ, nothing is split by phases here: a row of columns is taken from the pixels directly,
every stride-th of them. This is slower than unfold.py's way, and short.

The pool compares pixel by pixel, all windows of a row at a time.

Cost: as unfold.py; of the pool KH·KW comparisons per output.

Threads: as in unfold.py; a plane of the pool's outputs is written by one thread.
"""
from typing import NamedTuple

import numpy as np

from .cache import njit
from .machine import add_up, product, run, scratch
from .phases import inside, take_every
from .unfold import blocks_of_outputs


class Frame(NamedTuple):
    """A window whose axes may differ; pairs are (along rows, along columns).

    Pixel (i, j) of window (p, q) is row p·stride[0] + i·dilation[0] − pad[0], column
    q·stride[1] + j·dilation[1] − pad[1].
    """
    size: tuple         # (KH, KW), in taps
    stride: tuple       # from one window to the next
    pad: tuple          # (top, left, bottom, right)
    dilation: tuple     # from one tap to the next


# ---- drivers ------------------------------------------------------------------------------------

def general_forward(x, w, b, frame, groups, size):
    """The convolution of general.functional.conv_forward, of checked arrays.

    x: (N, C, H, W).
    w: (F, C/groups, KH, KW).
    b: (F,).
    frame: the Frame of the filters.
    groups: how many groups of channels and of filters there are.
    size: (OH, OW) of the result.

    Returns y (N, F, OH, OW).
    """
    F, (OH, OW) = len(w), size
    y = np.empty((len(x), F, OH, OW), x.dtype)
    wg = w.reshape(groups, F // groups, -1)

    def some_outputs(block):
        images, rows = block
        # (groups, F/groups, K) @ (groups, K, G·P) -> (groups, F/groups, G·P), K = C/groups·KH·KW
        out = product(wg, columns_of(x, block, frame, groups, OW))
        # -> (F, G, rows, OW) -> (G, F, rows, OW)
        out = out.reshape(F, *y[images, 0, rows].shape).transpose(1, 0, 2, 3)
        np.add(out, b[:, None, None], y[images, :, rows])
        return []
    add_up(some_outputs, *blocks_of_outputs(groups * wg.shape[2], len(x), OH, OW, x.dtype))
    return y


def general_backward(dy, x, w, frame, groups, need_dx):
    """The gradients: dy (N, F, OH, OW) -> dx (N, C, H, W) or None, dw like w, db (F,)."""
    F, (OH, OW) = len(w), dy.shape[2:]
    dx = general_transpose(dy, w, frame, groups, x.shape[2:]) if need_dx else None

    def some_outputs(block):
        images, rows = block
        # (G, F, rows, OW) -> (groups, F/groups, G·P)
        signal = dy[images, :, rows].transpose(1, 0, 2, 3).reshape(groups, F // groups, -1)
        # (groups, F/groups, G·P) @ (groups, G·P, K) -> (groups, F/groups, K)
        return [product(signal, columns_of(x, block, frame, groups, OW).transpose(0, 2, 1))]
    dw, = add_up(some_outputs, *blocks_of_outputs(groups * w[0].size, len(x), OH, OW, x.dtype))
    return dx, dw.reshape(w.shape), dy.sum(axis=(0, 2, 3))


def general_transpose(r, w, frame, groups, size):
    """Transposed filtering: r (N, F, OH, OW) -> x (N, C, *size)."""
    N, F, OH, OW = r.shape
    C, K = w.shape[1] * groups, w[0].size               # K numbers of a filter
    x = np.empty((N, C, *size), r.dtype)
    wt = w.reshape(groups, F // groups, K).transpose(0, 2, 1)

    def some_images(block):
        images, _ = block
        # (G, F, OH, OW) -> (groups, F/groups, G·P)
        signal = r[images].transpose(1, 0, 2, 3).reshape(groups, F // groups, -1)
        # (groups, K, F/groups) @ (groups, F/groups, G·P) -> (groups, K, G·P)
        out = scratch("columns", (groups, K, signal.shape[2]), r.dtype)
        # one filter in a group: nothing is summed, and the product takes a third of the time
        multiply = np.multiply if F == groups else product
        columns = multiply(wt, signal, out).reshape(groups * K, -1)
        run(fold_any, C, columns, x[images], *spread(frame), OH, OW)
        return []
    add_up(some_images, *blocks_of_outputs(groups * K, N, OH, OW, r.dtype, whole=True))
    return x


def spread(frame):
    """What kernels take of a Frame: size, stride, the padding before, dilation; pairs of ints."""
    return frame.size, frame.stride, frame.pad[:2], frame.dilation


def columns_of(x, block, frame, groups, OW):
    """Unfold the windows of a block of outputs.

    x: (N, C, H, W).
    block: (images, rows), slices of N and of the rows of outputs.
    frame: the Frame of the filters.
    groups: how many groups of channels there are.
    OW: outputs in a row.

    Returns the columns (groups, C/groups·KH·KW, G·P): P outputs of each of G images. They are
    scratch memory of this thread, which the next call overwrites.
    """
    (images, rows), height = block, x.shape[1] * frame.size[0] * frame.size[1]
    count, G = rows.stop - rows.start, images.stop - images.start
    columns = scratch("columns", (height, G * count * OW), x.dtype)
    run(unfold_any, height, x[images], columns, *spread(frame), rows.start, count, OW)
    return columns.reshape(groups, height // groups, -1)


# ---- kernels ------------------------------------------------------------------------------------

@njit(nogil=True, cache=True)
def unfold_any(x, columns, size, stride, pad, dilation, top, rows, ow, start, stop):
    """Lay windows of x out as columns: `rows` rows of outputs, from row `top` on.

    x: (G, C, H, W).
    columns: (C·KH·KW, G·rows·ow), the result.
    size, stride, pad, dilation: of the filters, pairs of integers; pad before the first pixel.
    top: the first row of outputs.
    rows: how many rows of outputs.
    ow: outputs in a row.
    start, stop: which of the C·KH·KW rows of columns.
    """
    images, _, height, width = x.shape
    zero = x.dtype.type(0)
    for line in range(start, stop):
        # this row of columns is tap (i, j) of channel c
        c, i, j = line // (size[0] * size[1]), line // size[1] % size[0], line % size[1]
        # the columns of outputs whose pixel under the tap isn't padding; the first one's pixel
        q_start, q_stop = inside(width, j * dilation[1] - pad[1], stride[1], ow)
        first = q_start * stride[1] + j * dilation[1] - pad[1]
        for g in range(images):
            for p in range(rows):
                # the row of pixels under the tap; where its outputs stand in columns
                h = (top + p) * stride[0] + i * dilation[0] - pad[0]
                out = columns[line, (g * rows + p) * ow:]
                if 0 <= h < height and q_start < q_stop:
                    # padding at the left
                    for q in range(q_start):
                        out[q] = zero
                    # pixels
                    take_every(stride[1], x[g, c, h, first:], out[q_start:], q_stop - q_start)
                    # padding at the right
                    for q in range(q_stop, ow):
                        out[q] = zero
                else:
                    # a row of padding
                    for q in range(ow):
                        out[q] = zero


@njit(nogil=True, cache=True)
def fold_any(columns, x, size, stride, pad, dilation, oh, ow, start, stop):
    """The adjoint of unfold_any: every column is added back where it came from.

    columns: (C·KH·KW, G·oh·ow).
    x: (G, C, H, W), the result.
    size, stride, pad, dilation: of the filters, pairs of integers; pad before the first pixel.
    oh, ow: the size of the outputs.
    start, stop: which of the C channels.
    """
    images, _, height, width = x.shape
    for c in range(start, stop):
        for g in range(images):
            # zero where no window looks
            x[g, c] = 0
            for i in range(size[0]):
                # the rows of outputs whose pixel under tap (i, j) isn't padding
                p_start, p_stop = inside(height, i * dilation[0] - pad[0], stride[0], oh)
                for j in range(size[1]):
                    # and the columns of outputs; the first one's pixel
                    q_start, q_stop = inside(width, j * dilation[1] - pad[1], stride[1], ow)
                    first = q_start * stride[1] + j * dilation[1] - pad[1]
                    if q_start == q_stop:
                        continue
                    # add this tap's row of columns to the pixels under it
                    values = columns[(c * size[0] + i) * size[1] + j]
                    for p in range(p_start, p_stop):
                        out = x[g, c, p * stride[0] + i * dilation[0] - pad[0], first:]
                        line = values[(g * oh + p) * ow + q_start:]
                        for q in range(q_stop - q_start):
                            out[q * stride[1]] += line[q]


@njit(nogil=True, cache=True)
def general_max_pool(x, y, index, size, stride, pad, dilation, start, stop):
    """The maximum of each window, and its switch: where in the plane it stands.

    Each window must hold a pixel that isn't padding.

    x: (N, C, H, W).
    y: (N, C, OH, OW), a result: the maxima.
    index: int32 (N, C, OH, OW), a result: the switches, row·W + column.
    size, stride, pad, dilation: of the windows, pairs of integers; pad before the first pixel.
    start, stop: which of the N·C planes. Number n·C + c is x[n, c].
    """
    channels, height, width = x.shape[1:]
    oh, ow = y.shape[2], y.shape[3]
    line = np.empty(ow, x.dtype)
    for plane in range(start, stop):
        # this channel of this image
        n, c = plane // channels, plane % channels
        for p in range(oh):
            # a row of windows, which have seen nothing yet
            best, place = y[n, c, p], index[n, c, p]
            best[:] = -np.inf
            place[:] = -1
            for i in range(size[0]):
                # the row of pixels under row i of the windows, if it isn't padding
                h = p * stride[0] + i * dilation[0] - pad[0]
                if not 0 <= h < height:
                    continue
                for j in range(size[1]):
                    # the windows whose pixel under tap (i, j) isn't padding; the first one's
                    shift = j * dilation[1] - pad[1]
                    q_start, q_stop = inside(width, shift, stride[1], ow)
                    if q_start == q_stop:
                        continue
                    first = q_start * stride[1] + shift
                    # their pixels, one after the other: the compiler makes vector code of the rest
                    take_every(stride[1], x[n, c, h, first:], line, q_stop - q_start)
                    so_far, switches = best[q_start:], place[q_start:]
                    corner = np.int32(h * width + first)
                    for q in range(q_stop - q_start):
                        # a window's first pixel, a larger one, or its first NaN is taken
                        value, largest, switch = line[q], so_far[q], switches[q]
                        better = (not value <= largest) & (largest == largest) | (switch < 0)
                        so_far[q] = value if better else largest
                        here = np.int32(corner + np.int32(q) * np.int32(stride[1]))
                        switches[q] = here if better else switch
