"""Convolution by unfolding: windows become columns (kernels/unfold.py), and BLAS multiplies them with the filters.

One more row of columns, of ones, carries the bias, and its gradient. Columns of a few images, or of some rows of one, are made in turn:
threads share the unfolding, and BLAS multiplies with all of its own.
"""
import numpy as np

from . import kernels
from .geometry import conv_output_size
from .scratch import blocks, scratch
from .threads import in_threads

COLUMN_BYTES = 8 << 20          # of columns at a time


def conv_forward(x, w, b, stride, pad):
    """functional.conv_forward of checked arrays: x (N, C, H, W), w (F, C, K, K), b (F,) -> y (N, F, OH, OW)."""
    F, _, K, _ = w.shape
    OH, OW = (conv_output_size(n, K, stride, pad) for n in x.shape[2:])
    y = np.empty((len(x), F, OH, OW), x.dtype)
    wb = np.hstack([w.reshape(F, -1), b[:, None]])
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
    dwb = np.zeros((F, C * K * K + 1), x.dtype)
    for images, rows, cols in _columns(x, K, stride, pad, OH, OW):
        dwb += _maps_first(dy[images, :, rows]) @ cols.T            # (F, G·P) @ (G·P, C·K·K+1): dw, and db in the last column
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
        in_threads(lambda first, last: kernels.unfold(x[images], cols, first, last, rows.start, K, stride, pad, count, OW), C * K)
        yield images, rows, cols


def _maps_first(y):
    """(G, F, OH, OW) -> (F, G·OH·OW): the layout of a product with the filters. No copy for one image."""
    return y.transpose(1, 0, 2, 3).reshape(y.shape[1], -1)
