"""Convolution of few channels by sums of shifted rows, without BLAS: kernels/shift.py, and how its work is shared among the threads.

The way down (conv_transpose, and the gradient in the input) is unfolding.py's: a first layer in training doesn't go it.
"""
import numpy as np

from . import kernels
from .geometry import conv_output_size
from .threads import in_threads
from .unfolding import conv_transpose

RUN = 2048          # outputs summed up at a time, for each of two filters: they stay in the first-level cache


def pays(w_shape, stride):
    """True where it is the fastest way: too few channels for Winograd's method, three taps at least side by side."""
    _, C, K, _ = w_shape
    return C * stride * stride < 16 and K > 2 * stride


def conv_forward(x, w, b, stride, pad):
    """functional.conv_forward of checked arrays: x (N, C, H, W), w (F, C, K, K), b (F,) -> y (N, F, OH, OW)."""
    y = np.empty((len(x), len(w), *(conv_output_size(n, w.shape[2], stride, pad) for n in x.shape[2:])), x.dtype)
    band, jobs = _bands(y.shape, w.shape[2], stride)
    in_threads(lambda first, last: kernels.shift_forward(x, w, b, y, first, last, stride, pad, band), jobs)
    return y


def conv_backward(dy, x, w, stride, pad, need_dx):
    """functional.conv_backward of checked arrays: dy (N, F, OH, OW) -> dx (N, C, H, W) or None, dw (F, C, K, K), db (F,)."""
    band, jobs = _bands(dy.shape, w.shape[2], stride)

    def part(first, last):
        dw, db = np.zeros_like(w), np.zeros(len(w), w.dtype)
        kernels.shift_weights(dy, x, dw, db, first, last, stride, pad, band)
        return dw, db
    dw, db = map(sum, zip(*in_threads(part, jobs)))
    return conv_transpose(dy, w, stride, pad, x.shape[2:]) if need_dx else None, dw, db


def _bands(y_shape, K, stride):
    """Rows of outputs in a band, the last of an image may have fewer; and the number of bands in all images."""
    N, _, OH, OW = y_shape
    band = max(1, min(OH, RUN // (OW + (K - 1) // stride)))
    return band, N * -(-OH // band)
