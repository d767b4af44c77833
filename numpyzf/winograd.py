"""Convolution by Winograd's method: what stands between the kernels' transforms, one matrix product for each of n² points.

The derivation and the costs are in kernels/winograd.py. Forward, with points of the input V, the filters U and the output M,

    M[k] = U[k] V[k]                 (F, C) @ (C, T) -> (F, T), for each point k, T tiles

and backward, the same three arrays: dU[k] = dM[k] V[k]ᵀ, dV[k] = U[k]ᵀ dM[k].

Two ways to use the cores. Many maps: a large block of images; threads share the channels in the transforms, and BLAS multiplies with all
of its own. Few maps: each thread takes images of its own through all steps, a few at a time, so that all stays in its cache; BLAS
multiplies such small matrices where it is called, without waking another thread, at twice the rate of shared ones.
"""
from functools import cache, reduce
from typing import NamedTuple

import numpy as np

from . import kernels
from .geometry import conv_output_size
from .scratch import blocks, scratch
from .threads import SMALL_PRODUCT, in_threads

POINTS = (0, 1, -1, 2, -2, 0.5, -0.5)       # and ∞: the first n − 1 of them
TAPS = range(2, 8)                  # of a filter at stride 1 along each axis; more would leave less than two outputs a tile
BLOCK_BYTES = 32 << 20              # points of the input at a time, many maps: enough for products at full rate
FEW = 96 * 96                       # few maps: filters times channels


class Tiles(NamedTuple):
    """How the output of a convolution is cut into m×m tiles, down × across of them, each made at n×n points."""
    n: int
    m: int
    down: int
    across: int


def tiles_of(shape, K, stride, pad):
    """The Tiles of a convolution of x (N, C, H, W) with K×K filters; ValueError unless they have 2 to 7 taps at stride 1."""
    taps = -(-K // stride)
    if taps not in TAPS:
        raise ValueError(f"method='winograd' takes filters with 2 to 7 taps per stride along each axis, not {K}×{K} with stride {stride}")
    n = _side(taps)
    m = n + 1 - taps
    return Tiles(n, m, *(-(-conv_output_size(size, K, stride, pad) // m) for size in shape[2:]))


def _side(taps):
    """Points along each axis: six leave tiles of 4 or 5 outputs for up to 3 taps, for more it takes eight."""
    return 6 if taps <= 3 else 8


def pays(x_shape, w_shape, stride, pad):
    """True where the method is faster than unfolding: enough maps on both sides, and enough multiplications saved."""
    (_, C, H, W), (F, _, K, _) = x_shape, w_shape
    if min(F, C * stride * stride) < 16 or -(-K // stride) not in TAPS:
        return False
    n, _, down, across = tiles_of(x_shape, K, stride, pad)
    outputs = conv_output_size(H, K, stride, pad) * conv_output_size(W, K, stride, pad)
    return n * n * stride * stride * down * across < 0.6 * K * K * outputs


def conv_forward(x, w, b, stride, pad):
    """functional.conv_forward of checked arrays: x (N, C, H, W), w (F, C, K, K), b (F,) -> y (N, F, OH, OW)."""
    F, _, K, _ = w.shape
    tiles, U = tiles_of(x.shape, K, stride, pad), filter_points(w, stride)
    y = np.empty((len(x), F, *(conv_output_size(n, K, stride, pad) for n in x.shape[2:])), x.dtype)

    def images(block, share):
        V = _input_points(x[block], stride, pad, tiles, share)
        M = np.matmul(U, V, out=scratch("outputs", (len(U), F, V.shape[2]), x.dtype))
        share(lambda first, last: kernels.outputs_from_points(M, b, y[block], first, last, *tiles), F)
        return ()
    _for_all(images, len(x), U.shape[2], F, tiles, x.itemsize)
    return y


def conv_backward(dy, x, w, stride, pad, need_dx):
    """functional.conv_backward of checked arrays: dy (N, F, OH, OW) -> dx (N, C, H, W) or None, dw (F, C, K, K), db (F,)."""
    tiles = tiles_of(x.shape, w.shape[2], stride, pad)
    U = filter_points(w, stride)
    dx = np.empty_like(x) if need_dx else None

    def images(block, share):
        V = _input_points(x[block], stride, pad, tiles, share)
        dM = _output_points(dy[block], tiles, share)
        dU = np.matmul(dM, V.transpose(0, 2, 1), out=scratch("filters", U.shape, x.dtype))     # (F, T) @ (T, C), for each point
        db = dM[tiles.n + 1].sum(axis=1)            # at the point (1, 1) a tile's polynomial is the sum of its coefficients
        if need_dx:
            _inputs(np.matmul(U.transpose(0, 2, 1), dM, out=V), dx[block], stride, pad, tiles, share)    # (C, F) @ (F, T)
        return dU, db
    dU, db = _for_all(images, len(x), U.shape[2], len(w), tiles, x.itemsize) or (np.zeros_like(U), np.zeros(len(w), w.dtype))
    return dx, filters_from_points(dU, w.shape, stride), db


def conv_transpose(r, w, stride, pad, size):
    """functional.conv_transpose of checked arrays: r (N, F, OH, OW), w (F, C, K, K), size (H, W) -> x (N, C, H, W)."""
    x = np.empty((len(r), w.shape[1], *size), r.dtype)
    tiles, U = tiles_of(x.shape, w.shape[2], stride, pad), filter_points(w, stride)

    def images(block, share):
        R = _output_points(r[block], tiles, share)
        V = np.matmul(U.transpose(0, 2, 1), R, out=scratch("columns", (len(U), U.shape[2], R.shape[2]), r.dtype))
        _inputs(V, x[block], stride, pad, tiles, share)
        return ()
    _for_all(images, len(x), U.shape[2], len(w), tiles, x.itemsize)
    return x


def _for_all(work, count, C, F, tiles, itemsize):
    """Call work(block, share) for all blocks of `count` images, in one of the two ways; -> a list, the sums of the arrays it returns.

    share(f, channels) calls f(first, last) for all of the channels: here and now, or shared among the threads.
    """
    many = C * F > FEW
    size = tiles.down * tiles.across * (tiles.n**2 * C * itemsize if many else C * F)
    share = in_threads if many else lambda function, channels: function(0, channels)

    def part(first, last):
        parts = blocks(last - first, size, BLOCK_BYTES if many else SMALL_PRODUCT)
        return reduce(_add, (work(slice(first + block.start, first + block.stop), share) for block in parts), [])
    first, *others = [part(0, count)] if many else in_threads(part, count)
    return reduce(_add, others, first)


def _add(totals, results):
    """Sums, in place. The first results are copied, since the next block writes over them."""
    if not totals:
        return [np.array(result) for result in results]
    for total, result in zip(totals, results):
        total += result
    return totals


def _input_points(x, stride, pad, tiles, share):
    C = x.shape[1]
    points = scratch("columns", (tiles.n**2, stride * stride * C, len(x) * tiles.down * tiles.across), x.dtype)
    share(lambda first, last: kernels.inputs_to_points(x, points, first, last, *tiles, stride, pad), C)
    return points


def _inputs(points, x, stride, pad, tiles, share):
    share(lambda first, last: kernels.inputs_from_points(points, x, first, last, *tiles, stride, pad), x.shape[1])


def _output_points(dy, tiles, share):
    points = scratch("outputs", (tiles.n**2, dy.shape[1], len(dy) * tiles.down * tiles.across), dy.dtype)
    share(lambda first, last: kernels.outputs_to_points(dy, points, first, last, *tiles), dy.shape[1])
    return points


def filter_points(w, stride):
    """G w Gᵀ: filters (F, C, K, K) at the points, (n², F, stride²·C), the last axis by (row, column modulo stride, channel)."""
    F, C = w.shape[:2]
    phases = _phases(w.shape[2], stride, w.dtype)
    U = np.empty((F, len(phases[0][1]), stride * stride * C), w.dtype)
    for phase, (taps, powers) in enumerate(phases):
        part = w[taps].reshape(F, C, -1).transpose(0, 2, 1)
        np.matmul(powers, part, out=U[:, :, phase * C:(phase + 1) * C])         # (n², taps) @ (taps, C) -> (n², C), for each filter
    return U.transpose(1, 0, 2)


def filters_from_points(dU, shape, stride):
    """The adjoint of filter_points: (n², F, stride²·C) -> (F, C, K, K)."""
    F, C = shape[:2]
    dw = np.empty(shape, dU.dtype)
    for phase, (taps, powers) in enumerate(_phases(shape[2], stride, dU.dtype)):
        part = dU[:, :, phase * C:(phase + 1) * C].transpose(1, 2, 0)           # (F, C, n²)
        dw[taps] = (part @ powers).reshape(dw[taps].shape)
    return dw


@cache
def _phases(K, stride, dtype):
    """For each row and column modulo the stride: the taps there, as an index of w, and their powers (n², taps) at the points.

    G[i, k] = pᵢᵏ / Π_{j≠i} (pᵢ − pⱼ), and at ∞ the highest power alone.
    """
    r = -(-K // stride)
    p = np.array(POINTS[:_side(r) - 1], float)
    G = np.vstack([p[:, None] ** np.arange(r), np.arange(r) == r - 1])
    G[:-1] /= np.prod(p[:, None] - p + np.eye(len(p)), axis=1)[:, None]
    counts = [len(range(a, K, stride)) for a in range(stride)]
    return [((slice(None), slice(None), slice(a, None, stride), slice(b, None, stride)), np.kron(G[:, :counts[a]], G[:, :counts[b]]).astype(dtype))
            for a in range(stride) for b in range(stride)]
