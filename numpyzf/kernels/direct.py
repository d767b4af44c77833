"""Convolution as its definition says, without BLAS: its loops, the innermost along a row.

The idea: a row of y[n, f] is a sum of shifted input rows, each times one weight. With the loop over
columns innermost, the compiler makes vector multiply-adds of it. The two gradients are the same
seven loops with another array on the left.

Cost: 2·N·F·C·K·K·OH·OW operations. Each multiply-add loads and stores its sum. So this method stays
well below the speed of a matrix product, which keeps its sums in registers. It is the one to read
first.

Threads: one thread writes all of a plane of y or x, or all weights of one pair of maps.
"""
import numpy as np

from ..geometry import conv_output_size
from .cache import njit
from .machine import run
from .phases import inside

# ---- drivers ------------------------------------------------------------------------------------


def conv_forward(x, w, b, window):
    """functional.conv_forward of checked arrays.

    x: (N, C, H, W).
    w: (F, C, K, K).
    b: (F,).
    window: geometry.Window of the filters.

    Returns y (N, F, OH, OW).
    """
    N, F = len(x), len(w)
    OH, OW = conv_output_size(x.shape[2], *window), conv_output_size(x.shape[3], *window)
    y = np.empty((N, F, OH, OW), x.dtype)
    run(direct_forward, N * F, x, w, b, y, window.stride, window.pad)
    return y


def conv_backward(dy, x, w, window, need_dx):
    """functional.conv_backward of checked arrays.

    dy: (N, F, OH, OW).
    x: (N, C, H, W).
    w: (F, C, K, K).
    window: geometry.Window of the filters.
    need_dx: False leaves dx out.

    Returns dx (N, C, H, W) or None, dw (F, C, K, K), db (F,).
    """
    F, C = w.shape[:2]
    dx = conv_transpose(dy, w, window, x.shape[2:]) if need_dx else None
    dw = np.empty_like(w)
    run(direct_weights, F * C, dy, x, dw, window.stride, window.pad)
    return dx, dw, dy.sum(axis=(0, 2, 3))


def conv_transpose(r, w, window, size):
    """functional.conv_transpose of checked arrays.

    r: (N, F, OH, OW).
    w: (F, C, K, K).
    window: geometry.Window of the filters.
    size: (H, W) of the result.

    Returns x (N, C, H, W).
    """
    N, C = len(r), w.shape[1]
    x = np.empty((N, C, *size), r.dtype)
    run(direct_transpose, N * C, r, w, x, window.stride, window.pad)
    return x


# ---- kernels ------------------------------------------------------------------------------------

@njit(nogil=True, cache=True)
def direct_forward(x, w, b, y, stride, pad, start, stop):
    """y[n, f, p, q] = b[f] + Σ_{c,i,j} w[f, c, i, j] · x[n, c, h, v].

    Here h = p·stride + i − pad and v = q·stride + j − pad.

    x: (N, C, H, W).
    w: (F, C, size, size).
    b: (F,).
    y: (N, F, OH, OW), the result.
    stride, pad: of the filters.
    start, stop: which of the N·F planes of y. Number n·F + f is y[n, f].
    """
    channels, height, width = x.shape[1:]
    filters, size = w.shape[0], w.shape[2]
    oh, ow = y.shape[2], y.shape[3]
    for plane in range(start, stop):
        # this filter's output of this image
        n, f = plane // filters, plane % filters
        # begin with the bias
        y[n, f] = b[f]
        for c in range(channels):
            for i in range(size):
                # rows of outputs whose pixel under (i, j) isn't padding
                p_start, p_stop = inside(height, i - pad, stride, oh)
                for j in range(size):
                    # and columns of outputs
                    q_start, q_stop = inside(width, j - pad, stride, ow)
                    weight = w[f, c, i, j]
                    # add weight · (shifted rows of x) to the rows of y
                    for p in range(p_start, p_stop):
                        pixels = x[n, c, p * stride + i - pad, q_start * stride + j - pad:]
                        out = y[n, f, p, q_start:]
                        for q in range(q_stop - q_start):
                            out[q] += weight * pixels[q * stride]


@njit(nogil=True, cache=True)
def direct_weights(dy, x, dw, stride, pad, start, stop):
    """dw[f, c, i, j] = Σ_{n,p,q} dy[n, f, p, q] · x[n, c, h, v], h and v as in direct_forward.

    dy: (N, F, OH, OW).
    x: (N, C, H, W).
    dw: (F, C, size, size), the result.
    stride, pad: of the filters.
    start, stop: which of the F·C pairs of maps. Number f·C + c is dw[f, c].
    """
    images, channels, height, width = x.shape
    size = dw.shape[2]
    oh, ow = dy.shape[2], dy.shape[3]
    for pair in range(start, stop):
        # the weights of this filter for this channel
        f, c = pair // channels, pair % channels
        for i in range(size):
            # rows of outputs whose pixel under (i, j) isn't padding
            p_start, p_stop = inside(height, i - pad, stride, oh)
            for j in range(size):
                # and columns of outputs
                q_start, q_stop = inside(width, j - pad, stride, ow)
                # one weight met a pixel in each image and at each output: sum over all of them,
                # in float64, since a long sum in float32 would lose digits
                total = 0.0
                # pixels under (i, j), row by row of dy
                for n in range(images):
                    for p in range(p_start, p_stop):
                        pixels = x[n, c, p * stride + i - pad, q_start * stride + j - pad:]
                        signal = dy[n, f, p, q_start:]
                        for q in range(q_stop - q_start):
                            total += signal[q] * pixels[q * stride]
                dw[f, c, i, j] = total


@njit(nogil=True, cache=True)
def direct_transpose(r, w, x, stride, pad, start, stop):
    """x[n, c, h, v] = Σ w[f, c, i, j] · r[n, f, p, q], the adjoint of direct_forward.

    The sum goes over all f, i, j, p, q that lead to (h, v), as there.

    r: (N, F, OH, OW).
    w: (F, C, size, size).
    x: (N, C, H, W), the result.
    stride, pad: of the filters.
    start, stop: which of the N·C planes of x. Number n·C + c is x[n, c].
    """
    channels, height, width = x.shape[1:]
    filters, size = w.shape[0], w.shape[2]
    oh, ow = r.shape[2], r.shape[3]
    for plane in range(start, stop):
        # this channel of this image
        n, c = plane // channels, plane % channels
        # values that come to one pixel add up: begin with zero
        x[n, c] = 0
        for f in range(filters):
            for i in range(size):
                # rows of outputs whose pixel under (i, j) isn't padding
                p_start, p_stop = inside(height, i - pad, stride, oh)
                for j in range(size):
                    # and columns of outputs
                    q_start, q_stop = inside(width, j - pad, stride, ow)
                    weight = w[f, c, i, j]
                    # add weight · (rows of r) to the shifted rows of x
                    for p in range(p_start, p_stop):
                        out = x[n, c, p * stride + i - pad, q_start * stride + j - pad:]
                        signal = r[n, f, p, q_start:]
                        for q in range(q_stop - q_start):
                            out[q * stride] += weight * signal[q]
