"""The operations of perceptual/layers.py, as numpyzf/functional.py has those of the first paper's.

Pure functions of NCHW arrays, float32 or float64, all of one call of the same dtype; inputs are
never changed. `*_forward` returns (y, saved). Normalization stands in normalize.py. reference.py
has the same in plain loops.
"""
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .. import checks, kernels
from ..functional import ConvSaved, conv_backward, conv_forward, conv_transpose
from ..general.functional import several
from ..geometry import Window
from .pictures import bicubic_matrix


# ---- transposed convolution --------------------------------------------------------------------
class TransposeSaved(NamedTuple):
    """What conv_transpose_backward needs."""
    x: np.ndarray       # the input (N, C, H, W)
    w: np.ndarray       # the filters (C, F, K, K)
    window: Window      # K, stride and pad
    size: tuple         # (OH, OW)
    method: str         # the one that was used


def conv_transpose_forward(x, w, b, *, stride=1, pad=0, extra=0):
    """Transposed filtering, the deconvnet's way down a convolution, and a bias.

    y[n, f, p·stride + i − pad, q·stride + j − pad] += w[c,f,i,j] · x[n,c,p,q],  then + b[f]

    x: (N, C, H, W).
    w, b: filters (C, F, K, K), the axes in PyTorch's order, and biases (F,).
    stride: how far apart the outputs of two neighboring pixels lie.
    pad: rows and columns that are cut off around y.
    extra: rows and columns more at the end, fewer than stride.
    Returns y (N, F, OH, OW), with OH = (H − 1)·stride + K − 2·pad + extra, and saved.
    """
    w = checks.array("w", w, "FCKK")
    x = checks.array("x", x, "NCHW", like=w.dtype)
    b = checks.array("b", b, "F", like=w.dtype, shape=w.shape[1:2], why="one bias per map of y")
    if x.shape[1] != len(w):
        raise ValueError(f"x has {x.shape[1]} channels (shape {x.shape}), the filters w take "
                         f"{len(w)} (shape {w.shape})")
    window = Window(*checks.window(w.shape[2], stride, pad))
    size = tuple(transposed_size(n, window, extra) for n in x.shape[2:])
    method = kernels.choose("auto", len(x), *size, w.shape, window)
    y = conv_transpose(x, w, stride=stride, pad=pad, size=size, method=method)
    y += b[:, None, None]
    return y, TransposeSaved(x, w, window, size, method)


def conv_transpose_backward(dy, saved, *, need_dx=True):
    """Gradients: dy (N, F, OH, OW) -> dx (N, C, H, W), dw (C, F, K, K), db (F,).

    dx is the convolution of dy by w: what transposed filtering is the transpose of. So dw is that
    convolution's gradient, where x stands for what comes down to its output. dx is None without
    need_dx.
    """
    x, w, window, size, method = saved
    dy = checks.array("dy", dy, "NFHW", like=x.dtype, shape=(len(x), w.shape[1], *size),
                      why="that of the output")
    dx = conv_transpose_adjoint(dy, saved) if need_dx else None
    _, dw, _ = conv_backward(x, ConvSaved(dy, w, window, method), need_dx=False)
    return dx, dw, dy.sum(axis=(0, 2, 3))


def conv_transpose_adjoint(r, saved):
    """The convolution of r (M, F, OH, OW) by the filters, without a bias: (M, C, H, W)."""
    _, stride, pad = saved.window
    no_bias = np.zeros(len(saved.w), saved.w.dtype)
    return conv_forward(r, saved.w, no_bias, stride=stride, pad=pad, method=saved.method)[0]


def transposed_size(n, window, extra):
    """Pixels that n become along one axis; ValueError if there are none.

    window: geometry.Window of the filters.
    """
    size, stride, pad = window
    extra = rest("extra", extra, stride)
    made = (n - 1) * stride + size - 2 * pad + extra
    if n < 1 or made < 1:
        raise ValueError(f"{n} pixels along an axis leave nothing by a window of size {size}, "
                         f"stride {stride}, pad {pad}")
    return made


def rest(name, value, stride):
    """An integer less than the stride."""
    if checks.integer(name, value, 0) >= stride:
        raise ValueError(f"{name} must be less than the stride, {stride}, not {value}")
    return int(value)


# ---- larger maps, with nothing to learn --------------------------------------------------------
class Larger(NamedTuple):
    """What the ways back from larger maps need."""
    factor: int
    size: tuple         # (H, W) of the input

    def check(self, dy):
        """dy (N, C, factor·H, factor·W), C-contiguous."""
        shape = (*np.shape(dy)[:2], *(n * self.factor for n in self.size))
        return checks.array("dy", dy, "NCHW", shape=shape, why="that of the output")


def enlarge_forward(x, *, factor):
    """Nearest neighbor: y[n,c,p,q] = x[n, c, ⌊p/factor⌋, ⌊q/factor⌋].

    x: (N, C, H, W) -> y (N, C, factor·H, factor·W), and saved.
    """
    x, factor = checks.array("x", x, "NCHW"), checks.integer("factor", factor, 1)
    N, C, H, W = x.shape
    y = np.empty((N, C, H * factor, W * factor), x.dtype)
    kernels.run(enlarge_planes, N * C, x.reshape(N * C, H, W),
                y.reshape(N * C, H, factor, W, factor))
    return y, Larger(factor, (H, W))


def enlarge_planes(x, y, start, stop):
    """y (M, H, factor, W, factor) of x (M, H, W), for planes from start to stop."""
    for j in range(y.shape[4]):
        y[start:stop, :, 0, :, j] = x[start:stop]
    for i in range(1, y.shape[2]):                          # a row, once more
        y[start:stop, :, i] = y[start:stop, :, 0]


def enlarge_backward(dy, saved):
    """The sum of each factor×factor square: dy (N, C, factor·H, factor·W) -> dx (N, C, H, W)."""
    dy, (factor, (H, W)) = saved.check(dy), saved
    N, C, _, _ = dy.shape
    dx = np.empty((N, C, H, W), dy.dtype)
    kernels.run(sum_squares, N * C, dy.reshape(N * C, H, factor, W, factor),
                dx.reshape(N * C, H, W))
    return dx


def sum_squares(dy, dx, start, stop):
    """dx (M, H, W) of dy (M, H, factor, W, factor), for planes from start to stop."""
    rows = dy[start:stop, :, 0].copy()                      # (M, H, W, factor)
    for i in range(1, dy.shape[2]):
        rows += dy[start:stop, :, i]
    dx[start:stop] = rows[..., 0]
    for j in range(1, dy.shape[4]):
        dx[start:stop] += rows[..., j]


def pixel_shuffle_forward(x, *, factor):
    """Sub-pixel rearrangement: factor² maps become one, which is larger by factor.

    y[n, c, h·factor + i, v·factor + j] = x[n, c·factor² + i·factor + j, h, v]

    x: (N, C·factor², H, W) -> y (N, C, factor·H, factor·W), and saved. Source: Shi et al. 2016,
    arXiv 1609.05158, in PyTorch's order.
    """
    x, factor = checks.array("x", x, "NCHW"), checks.integer("factor", factor, 1)
    N, maps, H, W = x.shape
    C = shuffled(maps, factor)
    y = np.empty((N, C, H * factor, W * factor), x.dtype)
    kernels.run(kernels.shuffle, N * C, x.reshape(N * C, factor, factor, H, W),
                y.reshape(N * C, H * factor, W * factor))
    return y, Larger(factor, (H, W))


def pixel_shuffle_backward(dy, saved):
    """Back to its place: dy (N, C, factor·H, factor·W) -> dx (N, C·factor², H, W)."""
    dy, (factor, (H, W)) = saved.check(dy), saved
    N, C, _, _ = dy.shape
    dx = np.empty((N, C * factor ** 2, H, W), dy.dtype)
    kernels.run(kernels.unshuffle, N * C, dy.reshape(N * C, H * factor, W * factor),
                dx.reshape(N * C, factor, factor, H, W))
    return dx


def shuffled(maps, factor):
    """How many channels `maps` maps become; ValueError if that isn't a whole number."""
    if maps % factor ** 2:
        raise ValueError(f"a pixel shuffle ×{factor} takes maps in multiples of {factor ** 2}, "
                         f"not {maps}")
    return maps // factor ** 2


def bicubic_enlarge_forward(x, *, factor):
    """pictures.resize by a whole factor, a fixed linear map: y = R x Cᵀ, of two bicubic matrices.

    x: (N, C, H, W) -> y (N, C, factor·H, factor·W), and saved.
    """
    x, factor = checks.array("x", x, "NCHW"), checks.integer("factor", factor, 1)
    rows, columns = (enlarging(n, factor, x.dtype) for n in x.shape[2:])
    return on_planes(x, rows, columns.T), Larger(factor, x.shape[2:])


def bicubic_enlarge_backward(dy, saved):
    """By the transposed matrices, Rᵀ dy C: dy (N, C, factor·H, factor·W) -> dx (N, C, H, W)."""
    dy, (factor, size) = saved.check(dy), saved
    rows, columns = (enlarging(n, factor, dy.dtype) for n in size)
    return on_planes(dy, rows.T, columns)


def on_planes(x, left, right):
    """left @ x @ right of every map of x (N, C, H, W): (N, C, H', W')."""
    N, C, H, W = x.shape
    y = np.empty((N * C, len(left), right.shape[1]), x.dtype)
    kernels.run(multiply_planes, N * C, x.reshape(N * C, H, W), y, left, right)
    return y.reshape(N, C, *y.shape[1:])


def multiply_planes(x, y, left, right, start, stop):
    """left @ x @ right of planes from start to stop."""
    np.matmul(left @ x[start:stop], right, out=y[start:stop])


@lru_cache(maxsize=32)
def enlarging(n, factor, dtype):
    """The matrix (n·factor, n) of a dtype. It isn't made anew for every batch; read-only."""
    matrix = bicubic_matrix(n, n * factor).astype(dtype)
    matrix.flags.writeable = False
    return matrix


# ---- smoothing ---------------------------------------------------------------------------------
def smooth(x, *, factor):
    """The weighted mean of factor + 1 neighbors down the rows, then along the columns.

    The weights are ½ 1 … 1 ½, over factor; of an odd factor, just its mean. Whatever repeats every
    `factor` pixels adds up to nothing but its mean: so no grid of that period is left, nor one of
    a part of it. Beyond the border there are zeros. The weights are symmetric, so this is its own
    adjoint.

    x: (N, C, H, W) -> y of the same shape.
    """
    x, factor = checks.array("x", x, "NCHW"), checks.integer("factor", factor, 1)
    weights = np.full(factor + 1 - factor % 2, 1 / factor, x.dtype)
    if factor % 2 == 0:
        weights[[0, -1]] /= 2
    y, planes = np.empty_like(x), (len(x) * x.shape[1], *x.shape[2:])
    kernels.run(kernels.smooth, planes[0], x.reshape(planes), y.reshape(planes), weights)
    return y


# ---- reflection padding ------------------------------------------------------------------------
def reflect_pad_forward(x, *, pad):
    """`pad` rows and columns on each side, a mirror image of those inside: c b | a b c d | c b.

    x: (N, C, H, W), of more than pad pixels a side, as the edge itself isn't repeated.
    Returns y (N, C, H + 2·pad, W + 2·pad), and saved: pad and (H, W).
    """
    x, pad = checks.array("x", x, "NCHW"), checks.integer("pad", pad, 0, checks.MOST_SIDE)
    H, W = reflectable(x.shape[2:], pad)
    y = np.empty((*x.shape[:2], H + 2 * pad, W + 2 * pad), x.dtype)
    rows = y[:, :, pad:pad + H]
    rows[..., pad:pad + W] = x
    rows[..., :pad] = rows[..., 2 * pad:pad:-1]                     # columns, then rows
    rows[..., pad + W:] = rows[..., pad + W - 2:W - 2:-1]
    y[:, :, :pad] = y[:, :, 2 * pad:pad:-1]
    y[:, :, pad + H:] = y[:, :, pad + H - 2:H - 2:-1]
    return y, (pad, (H, W))


def reflect_pad_backward(dy, saved):
    """What is in the mirror adds: dy (N, C, H + 2·pad, W + 2·pad) -> dx (N, C, H, W)."""
    pad, (H, W) = saved
    shape = (*np.shape(dy)[:2], H + 2 * pad, W + 2 * pad)
    dy = checks.array("dy", dy, "NCHW", shape=shape, why="that of the output")
    rows = dy[:, :, pad:pad + H].copy()
    rows[:, :, 1:pad + 1] += dy[:, :, :pad][:, :, ::-1]
    rows[:, :, H - 1 - pad:H - 1] += dy[:, :, pad + H:][:, :, ::-1]
    dx = rows[..., pad:pad + W].copy()
    dx[..., 1:pad + 1] += rows[..., :pad][..., ::-1]
    dx[..., W - 1 - pad:W - 1] += rows[..., pad + W:][..., ::-1]
    return dx


def reflectable(size, pad):
    """(H, W) of maps that can be padded so; else ValueError."""
    H, W = size
    if min(H, W) <= pad:
        raise ValueError(f"reflection padding of {pad} takes maps of {pad + 1} pixels or more a "
                         f"side, not {H}×{W}")
    return H, W


# ---- the others --------------------------------------------------------------------------------
class TanhSaved(NamedTuple):
    """What scaled_tanh_backward needs."""
    tanh: np.ndarray
    half: float             # (high − low) / 2


def scaled_tanh_forward(x, *, low=0.0, high=1.0):
    """y = low + (high − low) · (tanh x + 1) / 2, any shape: between low and high, whatever x is.

    Returns y and saved.
    """
    x, (low, high) = checks.array("x", x), ordered(low, high)
    saved = TanhSaved(np.tanh(x), (high - low) / 2)
    y = saved.tanh * x.dtype.type(saved.half)
    y += x.dtype.type((low + high) / 2)
    return np.clip(y, x.dtype.type(low), x.dtype.type(high), out=y), saved      # but for rounding


def ordered(low, high):
    """Two numbers, the first less than the second, as Python's floats."""
    low, high = checks.finite("low", low), checks.finite("high", high)
    if not low < high:
        raise ValueError(f"low must be less than high, not {low:g} and {high:g}")
    return low, high


def scaled_tanh_backward(dy, saved):
    """dx = dy · (high − low)/2 · (1 − tanh² x)."""
    tanh, half = saved
    dy = checks.array("dy", dy, like=tanh.dtype, shape=tanh.shape, why="that of the output")
    dx = 1 - tanh * tanh
    dx *= dy
    dx *= dy.dtype.type(half)
    return dx


def cropped_add_forward(xs):
    """The sum of maps, of which the larger ones are cropped at the center; saved: their sizes.

    xs: a list of (N, C, H, W); H and W may differ between them, by even numbers.
    Returns y (N, C, H, W), of the least H and the least W, and saved.
    """
    xs = several(xs)
    sizes = [checks.array(f"input {number}", x, "NCHW").shape[2:] for number, x in enumerate(xs)]
    for number, x in enumerate(xs):
        if x.shape[:2] != xs[0].shape[:2]:
            raise ValueError(f"input {number} has shape {x.shape}, input 0 {xs[0].shape}: all axes "
                             "but rows and columns must be the same")
    places = centers(sizes)
    y = xs[0][places[0]].copy()
    for x, place in zip(xs[1:], places[1:]):
        y += x[place]
    return y, sizes


def cropped_add_backward(dy, sizes):
    """To every input the whole of dy (N, C, H, W), with zeros around it where it was cropped."""
    dy, places = checks.array("dy", dy, "NCHW"), centers(sizes)
    parts = []
    for size, place in zip(sizes, places):
        part = dy
        if size != dy.shape[2:]:
            part = np.zeros((*dy.shape[:2], *size), dy.dtype)
            part[place] = dy
        parts.append(part)
    return parts


def centers(sizes):
    """For each (H, W) the index of its middle, of the least H and the least W; or ValueError."""
    least = [min(lengths) for lengths in zip(*sizes)]
    for size in sizes:
        if any((n - m) % 2 for n, m in zip(size, least)):
            raise ValueError(f"maps of {size[0]}×{size[1]} have no middle of "
                             f"{least[0]}×{least[1]} pixels: sizes must differ by even numbers")
    starts = [[(n - m) // 2 for n, m in zip(size, least)] for size in sizes]
    return [(..., slice(top, top + least[0]), slice(left, left + least[1]))
            for top, left in starts]
