"""Convolution by Winograd's method: what stands between the kernels' transforms, one matrix product for each of 36 points.

The derivation and the costs are in kernels/winograd.py. Forward, with points of the input V, the filters U and the output M,

    M[k] = U[k] V[k]                 (F, C) @ (C, T) -> (F, T), for each point k, T tiles

and backward, the same three arrays: dU[k] = dM[k] V[k]ᵀ, dV[k] = U[k]ᵀ dM[k].
"""
from typing import NamedTuple

import numpy as np

from . import kernels
from .geometry import conv_output_size
from .scratch import blocks, scratch

POINTS = (0, 1, -1, 2, -2)          # and ∞
BLOCK_BYTES = 32 << 20              # points of the input: large enough for the products to run at full rate


class Tiles(NamedTuple):
    """How the output of a convolution is cut into m×m tiles: their number along each axis, the planes with margins they lie in."""
    m: int
    rows: int
    columns: int
    input_size: tuple
    output_size: tuple

    def starts(self, images, of, step):
        """Where each tile begins in planes of size `of`, one per image: (images · rows · columns,), tiles in row-major order."""
        g, i, j = np.ogrid[:images, :self.rows, :self.columns]
        return ((g * of[0] + i * step) * of[1] + j * step).reshape(-1)


def tiles_of(shape, K, stride, pad):
    """The Tiles of a convolution of x (N, C, H, W) with K×K filters; ValueError where they have more than 5 taps at stride 1."""
    m = 7 - -(-K // stride)
    if m < 2:
        raise ValueError(f"method='winograd' takes filters of 5×5 or less (times the stride), not {K}×{K} with stride {stride}")
    rows, columns = (-(-conv_output_size(n, K, stride, pad) // m) for n in shape[2:])
    return Tiles(m, rows, columns, tuple(stride * ((n - 1) * m + 6) for n in (rows, columns)), (rows * m, columns * m))


def pays(x_shape, w_shape, stride, pad):
    """True where the method is faster than unfolding: enough maps on both sides, and enough multiplications saved."""
    (_, C, H, W), (F, _, K, _) = x_shape, w_shape
    if min(F, C * stride * stride) < 24 or 7 - -(-K // stride) < 2 or K == 1:
        return False
    tiles = tiles_of(x_shape, K, stride, pad)
    outputs = conv_output_size(H, K, stride, pad) * conv_output_size(W, K, stride, pad)
    return 36 * stride * stride * tiles.rows * tiles.columns < 0.6 * K * K * outputs


def conv_forward(x, w, b, stride, pad):
    """functional.conv_forward of checked arrays: x (N, C, H, W), w (F, C, K, K), b (F,) -> y (N, F, OH, OW)."""
    F, _, K, _ = w.shape
    tiles = tiles_of(x.shape, K, stride, pad)
    y = np.empty((len(x), F, *(conv_output_size(n, K, stride, pad) for n in x.shape[2:])), x.dtype)
    U = filter_points(w, stride)
    for block in _blocks(x, stride, tiles):
        V = _input_points(x[block], stride, pad, tiles)
        M = np.matmul(U, V, out=scratch("outputs", (36, F, V.shape[2]), x.dtype))
        kernels.outputs_from_points(M, b, y[block], tiles.starts(len(x[block]), tiles.output_size, tiles.m), tiles.output_size, tiles.m)
    return y


def conv_backward(dy, x, w, stride, pad, need_dx):
    """functional.conv_backward of checked arrays: dy (N, F, OH, OW) -> dx (N, C, H, W) or None, dw (F, C, K, K), db (F,)."""
    F, C, K, _ = w.shape
    tiles = tiles_of(x.shape, K, stride, pad)
    dx = np.empty_like(x) if need_dx else None
    dU, db = np.zeros((F, 36, stride * stride * C), x.dtype).transpose(1, 0, 2), np.zeros(F, x.dtype)
    Ut = filter_points(w, stride).transpose(0, 2, 1) if need_dx else None
    for n, block in enumerate(_blocks(x, stride, tiles)):
        V = _input_points(x[block], stride, pad, tiles)
        dM = _output_points(dy[block], tiles)
        db += dM[7].sum(axis=1)                     # at the point (1, 1) a tile's polynomial is the sum of its coefficients
        if n == 0:
            np.matmul(dM, V.transpose(0, 2, 1), out=dU)                         # (F, T) @ (T, C) -> (F, C), for each point
        else:
            dU += dM @ V.transpose(0, 2, 1)
        if need_dx:
            _inputs(np.matmul(Ut, dM, out=V), dx[block], stride, pad, tiles)    # (C, F) @ (F, T) -> (C, T)
    return dx, filters_from_points(dU, w.shape, stride), db


def conv_transpose(r, w, stride, pad, size):
    """functional.conv_transpose of checked arrays: r (N, F, OH, OW), w (F, C, K, K), size (H, W) -> x (N, C, H, W)."""
    F, C, K, _ = w.shape
    x = np.empty((len(r), C, *size), r.dtype)
    tiles, Ut = tiles_of(x.shape, K, stride, pad), filter_points(w, stride).transpose(0, 2, 1)
    for block in _blocks(x, stride, tiles):
        points = _output_points(r[block], tiles)
        _inputs(np.matmul(Ut, points, out=scratch("columns", (36, Ut.shape[1], points.shape[2]), r.dtype)), x[block], stride, pad, tiles)
    return x


def filter_points(w, stride):
    """G w Gᵀ: filters (F, C, K, K) at the 36 points, (36, F, stride²·C), the last axis by (row, column modulo stride, channel)."""
    F, C = w.shape[:2]
    U = np.empty((F, 36, stride * stride * C), w.dtype)
    for phase, (taps, powers) in enumerate(_phases(w.shape[2], stride, w.dtype)):
        part = w[taps].reshape(F, C, -1).transpose(0, 2, 1)
        np.matmul(powers, part, out=U[:, :, phase * C:(phase + 1) * C])         # (36, taps) @ (taps, C) -> (36, C), for each filter
    return U.transpose(1, 0, 2)


def filters_from_points(dU, shape, stride):
    """The adjoint of filter_points: (36, F, stride²·C) -> (F, C, K, K)."""
    F, C = shape[:2]
    dw = np.empty(shape, dU.dtype)
    for phase, (taps, powers) in enumerate(_phases(shape[2], stride, dU.dtype)):
        part = dU[:, :, phase * C:(phase + 1) * C].transpose(1, 2, 0)           # (F, C, 36)
        dw[taps] = (part @ powers).reshape(dw[taps].shape)
    return dw


def _phases(K, stride, dtype):
    """For each row and column modulo the stride: the taps there, as an index of w, and their powers (36, taps) at the points.

    G[i, k] = pᵢᵏ / Π_{j≠i} (pᵢ − pⱼ), and at ∞ the highest power alone.
    """
    p, r = np.array(POINTS, float), -(-K // stride)
    G = np.vstack([p[:, None] ** np.arange(r), np.arange(r) == r - 1])
    G[:5] /= np.prod(p[:, None] - p + np.eye(5), axis=1)[:, None]
    for a in range(stride):
        for b in range(stride):
            rows, columns = len(range(a, K, stride)), len(range(b, K, stride))
            yield ((slice(None), slice(None), slice(a, None, stride), slice(b, None, stride)),
                   np.kron(G[:, :rows], G[:, :columns]).astype(dtype))


def _input_points(x, stride, pad, tiles):
    V = scratch("columns", (36, stride * stride * x.shape[1], len(x) * tiles.rows * tiles.columns), x.dtype)
    kernels.inputs_to_points(x, V, tiles.starts(len(x), tiles.input_size, tiles.m * stride), tiles.input_size, tiles.m, stride, pad)
    return V


def _inputs(points, x, stride, pad, tiles):
    kernels.inputs_from_points(points, x, tiles.starts(len(x), tiles.input_size, tiles.m * stride), tiles.input_size, tiles.m, stride, pad)


def _output_points(dy, tiles):
    points = scratch("outputs", (36, dy.shape[1], len(dy) * tiles.rows * tiles.columns), dy.dtype)
    kernels.outputs_to_points(dy, points, tiles.starts(len(dy), tiles.output_size, tiles.m), tiles.output_size, tiles.m)
    return points


def _blocks(x, stride, tiles):
    return blocks(len(x), 36 * stride * stride * x.shape[1] * tiles.rows * tiles.columns * x.itemsize, BLOCK_BYTES)
