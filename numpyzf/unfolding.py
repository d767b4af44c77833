"""Convolution by unfolding: windows become columns (kernels/unfold.py), and BLAS multiplies them with the filters.

One more row of columns, of ones, carries the bias, and its gradient. As in winograd.py there are two ways to use the cores. Many maps:
columns of a few images, or of some rows of one, in turn; threads share the unfolding, and BLAS multiplies with all of its own. Few maps:
each thread takes images of its own through all steps, in products so small that BLAS makes them on that thread.
"""
import numpy as np

from . import kernels
from .geometry import conv_output_size
from .scratch import blocks, scratch
from .threads import SMALL_PRODUCT, in_threads

COLUMN_BYTES = 8 << 20          # of columns at a time, many maps
OWN_BYTES = 1 << 19             # the same for each thread, few maps
FEW = 1 << 13                   # few maps: filters times rows of columns


def conv_forward(x, w, b, stride, pad):
    """functional.conv_forward of checked arrays: x (N, C, H, W), w (F, C, K, K), b (F,) -> y (N, F, OH, OW)."""
    F, _, K, _ = w.shape
    OH, OW = (conv_output_size(n, K, stride, pad) for n in x.shape[2:])
    y = np.empty((len(x), F, OH, OW), x.dtype)
    wb = np.hstack([w.reshape(F, -1), b[:, None]])
    if wb.size <= FEW:
        def part(first, last):
            for images, cols, band in _own_columns(x[first:last], wb.shape, K, stride, pad, OH, OW):
                np.matmul(wb, cols, out=_bands(y[first:last][images], band))                # (F, C·K·K+1) @ (C·K·K+1, P), per band
        in_threads(part, len(x))
        return y
    for images, rows, cols in _columns(x, K, stride, pad, OH, OW):
        if images.stop - images.start == 1:
            np.matmul(wb, cols, out=y[images].reshape(F, OH * OW)[:, rows.start * OW:rows.stop * OW])
        else:
            y[images] = np.matmul(wb, cols).reshape(F, -1, OH, OW).transpose(1, 0, 2, 3)    # (F, G·P) -> (G, F, OH, OW)
    return y


def conv_backward(dy, x, w, stride, pad, need_dx):
    """functional.conv_backward of checked arrays: dy (N, F, OH, OW) -> dx (N, C, H, W) or None, dw (F, C, K, K), db (F,)."""
    F, C, K, _ = w.shape
    OH, OW = dy.shape[2:]
    dx = conv_transpose(dy, w, stride, pad, x.shape[2:]) if need_dx else None
    shape = F, C * K * K + 1
    if F * shape[1] <= FEW:
        def part(first, last):
            total = np.zeros(shape, x.dtype)
            for images, cols, band in _own_columns(x[first:last], shape, K, stride, pad, OH, OW):
                total += np.matmul(_bands(dy[first:last][images], band), cols.swapaxes(2, 3)).sum(axis=(0, 1))
            return total
        dwb = sum(in_threads(part, len(x)))
    else:
        dwb = np.zeros(shape, x.dtype)
        for images, rows, cols in _columns(x, K, stride, pad, OH, OW):
            dwb += _maps_first(dy[images, :, rows]) @ cols.T        # (F, G·P) @ (G·P, C·K·K+1): dw, and db in the last column
    return dx, np.ascontiguousarray(dwb[:, :-1]).reshape(w.shape), np.ascontiguousarray(dwb[:, -1])


def conv_transpose(r, w, stride, pad, size):
    """functional.conv_transpose of checked arrays: r (N, F, OH, OW), w (F, C, K, K), size (H, W) -> x (N, C, H, W)."""
    (N, F, OH, OW), (_, C, K, _) = r.shape, w.shape
    x = np.empty((N, C, *size), r.dtype)
    wt = w.reshape(F, C * K * K).T
    for images in blocks(N, C * K * K * OH * OW * r.itemsize, COLUMN_BYTES):
        R = _maps_first(r[images])
        cols = np.matmul(wt, R, out=scratch("columns", (len(wt), R.shape[1]), r.dtype))     # (C·K·K, F) @ (F, G·P)
        in_threads(lambda first, last: kernels.fold(cols, x[images], first, last, K, stride, pad, OH, OW), C)
    return x


def _columns(x, K, stride, pad, OH, OW):
    """Yields (images, output rows, columns (C·K·K + 1, G·P)), a few images or a part of one's rows at a time."""
    C = x.shape[1]
    row_bytes = (C * K * K + 1) * OW * x.itemsize
    if OH * row_bytes <= COLUMN_BYTES:
        parts = [(images, slice(0, OH)) for images in blocks(len(x), OH * row_bytes, COLUMN_BYTES)]
    else:
        parts = [(slice(n, n + 1), rows) for n in range(len(x)) for rows in blocks(OH, row_bytes, COLUMN_BYTES)]
    for images, rows in parts:
        count, G = rows.stop - rows.start, images.stop - images.start
        cols = scratch("columns", (C * K * K + 1, G * count * OW), x.dtype)
        layout = count * OW, 0, cols.shape[1]
        in_threads(lambda first, last: kernels.unfold(x[images], cols.reshape(-1), (first, last, rows.start), layout,
                                                      K, stride, pad, count, OW, count), C * K)
        yield images, rows, cols


def _own_columns(x, shape, K, stride, pad, OH, OW):
    """Yields (images, columns (G, bands, C·K·K + 1, P), rows per band): for each image and band of output rows a small matrix."""
    F, height = shape
    band = max(n for n in range(1, OH + 1) if OH % n == 0 and (n == 1 or F * height * n * OW <= SMALL_PRODUCT))
    for images in blocks(len(x), height * OH * OW * x.itemsize, OWN_BYTES):
        cols = scratch("columns", (images.stop - images.start, OH // band, height, band * OW), x.dtype)
        layout = cols[0].size, cols[0, 0].size, band * OW
        kernels.unfold(x[images], cols.reshape(-1), (0, x.shape[1] * K, 0), layout, K, stride, pad, OH, OW, band)
        yield images, cols, band


def _bands(y, band):
    """A view of y (G, F, OH, OW): (G, bands, F, P)."""
    return y.reshape(*y.shape[:2], y.shape[2] // band, band * y.shape[3]).transpose(0, 2, 1, 3)


def _maps_first(y):
    """(G, F, OH, OW) -> (F, G·OH·OW): the layout of a product with the filters. No copy for one image."""
    return y.transpose(1, 0, 2, 3).reshape(y.shape[1], -1)
