"""Convolution by unfolding: windows become columns, and BLAS multiplies them with the filters.

The idea: lay every window of the input out as a column. Convolution is then one matrix product,
(F, C·K·K) @ (C·K·K, windows), one call of BLAS at the machine's full rate. Row (c, i, j) of the
columns is channel c, shifted by (i, j), of which every stride-th pixel is taken: unfolding is
C·K·K shifted copies. `fold` is the adjoint: it adds every column back where it came from. One more
row of columns, of ones, meets the bias on the way forward, and makes its gradient on the way back.

Cost: unfolding writes C·K·K·OH·OW numbers for each image and reads as many. The product then does F
multiplications with each of them: the larger F, the less unfolding matters.

Threads: columns of some images, or of some rows of one image, are made at a time. Of many blocks
like this, each is one thread's. Few are brought through one after the other: then one thread writes
all of a row of columns, or in `fold` all of a plane of x, and `product` cuts the product. Filters
of one pixel: images are shared, or if they are few the product.
Source: im2col, as in Chellapilla et al. 2006 and Caffe.
"""
import numpy as np

from ..geometry import Window, conv_output_size
from .cache import njit
from .machine import add_up, blocks, product, run, scratch
from .phases import inside, take_every

COLUMN_NBYTES = 8 << 20         # of columns at a time
NARROWEST = 512                 # columns at a time, at least: BLAS packs the filters anew for each
OWN_BLOCKS = 4                  # from so many blocks on, each is one thread's
ONE_PIXEL = Window(1, 1, 0)     # filters of one pixel: no unfolding

# ---- drivers ------------------------------------------------------------------------------------


def conv_forward(x, w, b, window):
    """As in direct.py: one matrix product for each block of columns."""
    F = len(w)
    OH, OW = conv_output_size(x.shape[2], *window), conv_output_size(x.shape[3], *window)
    y = np.empty((len(x), F, OH, OW), x.dtype)
    if window == ONE_PIXEL:
        return filter_pixels(w.reshape(F, -1), b, x, y)
    # the bias is the filters' last column, and meets the row of ones
    wb = np.hstack([w.reshape(F, -1), b[:, None]])

    def some_outputs(block):
        images, rows = block
        if images.stop - images.start == 1:
            # (F, C·K·K+1) @ (C·K·K+1, P) -> (F, P), some rows of one image, written in place
            product(wb, columns_of(x, block, window, OW), as_matrices(y, block)[0])
        else:
            # (F, C·K·K+1) @ (C·K·K+1, G·P) -> (F, G·P) -> (G, F, OH, OW)
            out = product(wb, columns_of(x, block, window, OW))
            y[images] = out.reshape(F, *y[images, 0].shape).transpose(1, 0, 2, 3)
        return []
    add_up(some_outputs, *blocks_of_outputs(w[0].size + 1, len(x), OH, OW, x.dtype))
    return y


def conv_backward(dy, x, w, window, need_dx):
    """As in direct.py. x is unfolded again: the columns of the way forward are not kept."""
    F, (OH, OW) = len(w), dy.shape[2:]
    dx = conv_transpose(dy, w, window, x.shape[2:]) if need_dx else None

    def some_outputs(block):
        images, rows = block
        if window == ONE_PIXEL:
            # (G, F, P) @ (G, P, C) -> (G, F, C), summed over the images
            signal = as_matrices(dy, block)
            dw = product(signal, as_matrices(x, block).transpose(0, 2, 1))
            return [dw.sum(axis=0), signal.sum(axis=(0, 2))]
        # (G, F, rows, OW) -> (F, G·P), no copy for one image
        signal = dy[images, :, rows].transpose(1, 0, 2, 3).reshape(F, -1)
        # (F, G·P) @ (G·P, C·K·K+1): dw, and db in the last column
        dwb = product(signal, columns_of(x, block, window, OW).T)
        return [dwb[:, :-1], dwb[:, -1]]
    dw, db = add_up(some_outputs, *blocks_of_outputs(w[0].size + 1, len(x), OH, OW, x.dtype))
    return dx, np.ascontiguousarray(dw).reshape(w.shape), np.ascontiguousarray(db)


def conv_transpose(r, w, window, size):
    """As in direct.py: the product makes columns, which `fold` adds up in x."""
    N, F, OH, OW = r.shape
    C, K, _ = w.shape[1:]
    x = np.empty((N, C, *size), r.dtype)
    wt = w.reshape(F, C * K * K).T
    if window == ONE_PIXEL:
        return filter_pixels(wt, None, r, x)

    def some_images(block):
        images, _ = block
        # (G, F, OH, OW) -> (F, G·P), no copy for one image
        signal = r[images].transpose(1, 0, 2, 3).reshape(F, -1)
        # (C·K·K, F) @ (F, G·P) -> (C·K·K, G·P)
        out = scratch("columns", (C * K * K, signal.shape[1]), r.dtype)
        columns = product(wt, signal, out)
        run(fold, C, columns, x[images], K, window.stride, window.pad, OH, OW)
        return []
    add_up(some_images, *blocks_of_outputs(w[0].size, N, OH, OW, r.dtype, whole=True))
    return x


def filter_pixels(w, b, x, y):
    """Filters of one pixel, (F, C): the pixels, as they lie, are the columns.

    b: (F,), or None.
    x, y: (N, C, H, W), and the result (N, F, H, W), which is returned.
    """
    N, C, H, W = x.shape

    def some_images(x, y, start, stop):
        # (F, C) @ (G, C, P) -> (G, F, P), written in place
        y = product(w, x[start:stop], y[start:stop])
        # what was just written is still near
        if b is not None:
            y += b[:, None]
    pixels, out = x.reshape(N, C, H * W), y.reshape(N, len(w), H * W)
    if N < OWN_BLOCKS:
        # threads share the product
        some_images(pixels, out, 0, N)
    else:
        run(some_images, N, pixels, out)
    return y


def blocks_of_outputs(height, N, OH, OW, dtype, whole=False):
    """Those outputs whose columns are made at a time.

    height: how many numbers a column has.
    N, OH, OW: how many images; the size of an output.
    dtype: of the columns.
    whole: whole images only.

    Returns a list of blocks (images, rows), slices of N and of OH; and whether threads take a block
    each. Where blocks are few, or as large as whole images can be, threads share what is done for
    each, and there are columns of one block only.
    """
    limit = max(COLUMN_NBYTES // (height * dtype.itemsize), NARROWEST)
    if whole or OH * OW <= limit:
        # several images only if one's columns are too narrow: their outputs have to be copied
        several = limit if OH * OW < NARROWEST else OH * OW
        parts = [(images, slice(0, OH)) for images in blocks(0, N, OH * OW, several)]
    else:
        parts = [(slice(n, n + 1), rows) for n in range(N) for rows in blocks(0, OH, OW, limit)]
    own = len(parts) >= OWN_BLOCKS and not (whole and OH * OW > limit)
    return parts or [(slice(0, 0), slice(0, OH))], own


def as_matrices(maps, block):
    """The block's part of maps (N, C, H, W), a view (G, C, P): P pixels of each of G images."""
    (images, rows), (_, C, H, W) = block, maps.shape
    matrices = maps[images].reshape(images.stop - images.start, C, H * W)
    return matrices[:, :, rows.start * W:rows.stop * W]


def columns_of(x, block, window, OW):
    """Unfold the windows of a block of outputs.

    x: (N, C, H, W).
    block: (images, rows), slices of N and of the rows of outputs.
    window: geometry.Window of the filters.
    OW: outputs in a row.

    Returns the columns (C·K·K + 1, G·P): P outputs of each of G images. They are scratch memory of
    this thread, which the next call overwrites.
    """
    (images, rows), C, (K, stride, pad) = block, x.shape[1], window
    count, G = rows.stop - rows.start, images.stop - images.start
    columns = scratch("columns", (C * K * K + 1, G * count * OW), x.dtype)
    run(unfold, C * K, x[images], columns, rows.start, K, stride, pad, count, OW)
    return columns


# ---- kernels ------------------------------------------------------------------------------------

@njit(nogil=True, cache=True)
def unfold(x, columns, top, size, stride, pad, rows, ow, start, stop):
    """Lay windows of x out as columns: `rows` rows of outputs, from row `top` on.

    A row of x is split by column modulo the stride (see phases.py). Then all that is copied from it
    is contiguous.

    x: (G, C, H, W).
    columns: (C·size·size + 1, G·rows·ow), the result.
    top: the first row of outputs.
    size, stride, pad: of the filters.
    rows: how many rows of outputs.
    ow: outputs in a row.
    start, stop: which of the C·size pairs (channel, row of the filter). A pair is `size` rows of
    columns. Pair 0 also writes the last row of columns, of ones.
    """
    images, channels, height, width = x.shape
    row_length = ow + (size - 1) // stride
    phases = np.zeros((stride, row_length), x.dtype)        # padding stays zero
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for pair in range(start, stop):
        # row i of channel c's filter: rows pair·size to pair·size + size of columns
        c, i = pair // size, pair % size
        for g in range(images):
            for p in range(rows):
                # the row of pixels under row i of the filter; where its outputs stand in columns
                h, place = (top + p) * stride + i - pad, (g * rows + p) * ow
                if 0 <= h < height:
                    for phase in range(stride):
                        # split: the row's pixels of this phase
                        q_start, q_stop = inside(width, phase - pad, stride, row_length)
                        pixels = x[g, c, h, q_start * stride + phase - pad:]
                        take_every(stride, pixels, phases[phase, q_start:], q_stop - q_start)
                        # copy: a stretch for every tap j = tap·stride + phase of the filter's row
                        for tap in range((size - phase + stride - 1) // stride):
                            out = columns[pair * size + tap * stride + phase, place:]
                            line = phases[phase, tap:]
                            for q in range(ow):
                                out[q] = line[q]
                else:
                    # a row of padding
                    for j in range(size):
                        out = columns[pair * size + j, place:]
                        for q in range(ow):
                            out[q] = zero
                # the ones that meet the bias
                if pair == 0:
                    out = columns[channels * size * size, place:]
                    for q in range(ow):
                        out[q] = one


@njit(nogil=True, cache=True)
def fold(columns, x, size, stride, pad, oh, ow, start, stop):
    """The adjoint of unfold: every column is added back where it came from.

    Each row of x by itself: what comes to it from all windows is added up, split by column modulo
    the stride as in unfold. Then it is put in place.

    columns: (C·size·size, G·oh·ow).
    x: (G, C, H, W), the result.
    size, stride, pad: of the filters.
    oh, ow: the size of the outputs.
    start, stop: which of the C channels.
    """
    images, _, height, width = x.shape
    row_length = ow + (size - 1) // stride
    sums = np.empty((stride, row_length), x.dtype)
    zero = x.dtype.type(0)
    for c in range(start, stop):
        # every row h of x by itself
        for g in range(images):
            for h in range(height):
                # add up: row i of the filter saw this row from row p of outputs
                sums[:] = 0
                for i in range((h + pad) % stride, size, stride):
                    p = (h + pad - i) // stride
                    if 0 <= p < oh:
                        for phase in range(stride):
                            # every tap j = tap·stride + phase of the filter's row
                            for tap in range((size - phase + stride - 1) // stride):
                                row = (c * size + i) * size + tap * stride + phase
                                values, line = columns[row, (g * oh + p) * ow:], sums[phase, tap:]
                                for q in range(ow):
                                    line[q] += values[q]
                # put in place: zero where no window looked
                out = x[g, c, h]
                for v in range(width):
                    out[v] = zero
                for phase in range(stride):
                    # the columns q of this phase for which q·stride + phase − pad lies in x
                    q_start = max(pad - phase + stride - 1, 0) // stride
                    q_stop = min((width - 1 + pad - phase) // stride + 1, row_length)
                    line = sums[phase, q_start:]
                    pixels = x[g, c, h, q_start * stride + phase - pad:]
                    for q in range(q_stop - q_start):
                        pixels[q * stride] = line[q]
