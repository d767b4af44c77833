"""Winograd's convolution: tiles of outputs by polynomial interpolation, with fewer multiplications.

The idea: along one axis, m outputs of a filter with r taps are coefficients of a product of two
polynomials. The product is known from its values at n = m + r − 1 points: n inputs give m outputs
with n multiplications in place of m·r. In two dimensions, one axis after the other, m² outputs take
n² in place of m²r². Channels are summed at the points:

    Y = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ d B)] A      d n×n inputs, w r×r taps, Y m×m outputs, ⊙ by element

So a convolution is one matrix product for each of the n² points k. With values of the input V, of
the filters U and of the output M, T tiles,

    M[k] = U[k] V[k]                      (F, C) @ (C, T) -> (F, T)

and backward, with the same three arrays, dU[k] = dM[k] V[k]ᵀ and dV[k] = U[k]ᵀ dM[k].

There are three sets of points. Six are 0, ±1, ±2 and ∞: 16 outputs of a 3×3 filter then take 36
multiplications in place of 144. Seven have ½, too, and eight ±½: 36 outputs of a 3×3 filter take 64
in place of 324, 16 of a 5×5 filter 64 in place of 400. Which is best depends on how well tiles
cover the output: 13×13 outputs are 16 tiles of 4×4, or 9 of 5×5, or 9 of 6×6. Bᵀ holds, for each
point, the coefficients of the polynomial that is zero at all the others; A and G hold powers of the
points. The gradients need nothing new: each step is linear, and they are its adjoint.

A stride s is taken apart: pixels with the same row and column modulo s are channels of their own,
s² per channel, which every s-th tap filters at stride 1 (phases.py). A 5×5 filter of
stride 2 becomes four of 3×3 taps, some of them zero.

Cost: per tile and channel some 4·n² additions; per tile and pair of maps n² multiply-adds. It pays
with some 16 maps or more, and with enough tiles for what the filters' way to the points costs. Its
price: powers of the points amplify rounding, to some 3e-5 of the largest output in float32. They
amplify the numbers on the way, too, so float32 may overflow where Σ|w·x| is beyond 1e34. That shows
in the result, as infinity or NaN: results are summed up, and where the sum isn't finite, direct.py
does it all again.

Threads: there are two ways to use the cores. Many maps: a large block of images; in the transforms
threads share the images, and in the product the n² points. Few maps: each thread takes images of
its own through all steps, a few at a time, so that what goes from step to step stays near.
Source: Lavin & Gray 2015; the points go back to Toom, Cook and Winograd.
"""
import math
from functools import cache
from typing import NamedTuple

import numpy as np

from ..geometry import ceil_div, conv_output_size
from . import direct
from .machine import add_up, blocks, product, run, scratch
from .points import (filters_to_points, inputs_from_points, inputs_to_points, outputs_from_points,
                     outputs_to_points, points_to_filters)

POINTS = (0, 1, -1, 2, -2, 0.5, -0.5)       # and ∞: the first n − 1 of them
# n; and what a multiplication costs with its share of the transforms, compared to six points
COSTS = {6: 1, 7: 1.15, 8: 1.25}
TAPS = range(2, 8)          # of a filter at stride 1; with more, a tile has fewer than two outputs
BLOCK_NBYTES = 32 << 20     # of V at a time, many maps: enough for products at full rate
FEW_MAPS = 96 * 96          # filters times channels: up to so many are few maps
NEAR_NBYTES = 5 << 19       # of V and M, few maps: they stay in a cache of one or two megabytes
FILTER_GRAIN = 1 << 20      # bytes of filters at the points for each piece of their way
FILTER_TILES = 32           # many filters' way to the points takes as long as that of so many tiles

quietly = np.errstate(over="ignore", invalid="ignore")  # what overflows here is done again


# ---- tiles: when the method pays ----------------------------------------------------------------

class Tiles(NamedTuple):
    """How the output of a convolution is cut into tiles."""
    points: int             # n, along each axis
    outputs: int            # m, along each axis of a tile
    tiles_down: int         # rows of tiles
    tiles_across: int       # tiles in a row


def tiles_of(images, height, width, w_shape, window):
    """The Tiles of a convolution: of all that are possible, those that take the least work.

    images: how many there are.
    height, width: of the input.
    w_shape: (F, C, K, K).
    window: geometry.Window of the filters.

    Raises ValueError unless the filters have 2 to 7 taps per stride.
    """
    size, stride, _ = window
    taps = ceil_div(size, stride)
    if taps not in TAPS:
        raise ValueError("method='winograd' takes filters with 2 to 7 taps per stride along each "
                         f"axis, not {size}×{size} with stride {stride}")
    OH, OW = conv_output_size(height, *window), conv_output_size(width, *window)
    possible = []
    for points in COSTS:
        outputs = points + 1 - taps
        if outputs >= 2:
            possible.append(Tiles(points, outputs, ceil_div(OH, outputs), ceil_div(OW, outputs)))
    return min(possible, key=lambda tiles: COSTS[tiles.points] * multiplications(
        tiles, images, w_shape, stride))


def multiplications(tiles, images, w_shape, stride):
    """How many each pair of maps takes; the filters' way to the points counts as more tiles."""
    points, _, tiles_down, tiles_across = tiles
    F, C = w_shape[:2]
    count = images * tiles_down * tiles_across
    if F * C * stride * stride > FEW_MAPS:
        count += FILTER_TILES
    return points * points * stride * stride * count


def pays(images, height, width, w_shape, window):
    """True where it is faster than unfolding: many maps on both sides, many multiplications saved.

    images: how many there are.
    height, width: of the input.
    w_shape: (F, C, K, K).
    window: geometry.Window of the filters.
    """
    F, C, K, _ = w_shape
    stride = window.stride
    if min(F, C * stride * stride) < 16 or ceil_div(K, stride) not in TAPS:
        return False
    tiles = tiles_of(images, height, width, w_shape, window)
    outputs = conv_output_size(height, *window) * conv_output_size(width, *window)
    return multiplications(tiles, images, w_shape, stride) < 0.6 * K * K * images * outputs


# ---- drivers ------------------------------------------------------------------------------------

@quietly
def conv_forward(x, w, b, window):
    """As in direct.py. Raises ValueError unless the filters have 2 to 7 taps per stride."""
    N, _, H, W = x.shape
    F, (_, stride, pad) = len(w), window
    tiles = tiles_of(N, H, W, w.shape, window)
    U = filter_points(w, tiles.points, stride)
    OH, OW = conv_output_size(H, *window), conv_output_size(W, *window)
    y, filters = np.empty((N, F, OH, OW), x.dtype), U.transpose(0, 2, 1)
    if filters[0].size <= FEW_MAPS:     # small products are faster by a half if they lie like this
        filters = np.ascontiguousarray(filters)

    def some_images(block):
        V, M, T = values_of(U, tiles, block)
        run(inputs_to_points, block.stop - block.start, x[block], V, *tiles, stride, pad)
        # (T, s²·C) @ (s²·C, F) -> (T, F), for each point
        product(V[:, :T], filters, M[:, :T])
        sums = run(outputs_from_points, block.stop - block.start, M, b, y[block], *tiles)
        return [sum(sums)]
    total, = add_up(some_images, *blocks_of(N, U, tiles))
    return y if np.isfinite(total) else direct.conv_forward(x, w, b, window)


@quietly
def conv_backward(dy, x, w, window, need_dx):
    """As in direct.py, with conv_forward's error."""
    N, _, H, W = x.shape
    _, stride, pad = window
    tiles = tiles_of(N, H, W, w.shape, window)
    U = filter_points(w, tiles.points, stride)
    dx = np.empty_like(x) if need_dx else None

    def some_images(block):
        V, dM, T = values_of(U, tiles, block)
        run(inputs_to_points, block.stop - block.start, x[block], V, *tiles, stride, pad)
        run(outputs_to_points, block.stop - block.start, dy[block], dM, *tiles)
        # (F, T) @ (T, s²·C) -> (F, s²·C), for each point
        dU = product(dM[:, :T].transpose(0, 2, 1), V[:, :T])
        # db = Σ dy: a polynomial at 1 is the sum of its coefficients, and point (1, 1) is n + 1
        db = dM[tiles.points + 1, :T].sum(axis=0)
        if not need_dx:
            return [dU, db, 0]
        # (T, F) @ (F, s²·C) -> (T, s²·C), for each point; V has done its work
        dV = V
        product(dM[:, :T], U, dV[:, :T])
        sums = run(inputs_from_points, block.stop - block.start, dV, dx[block], *tiles, stride,
                   pad)
        return [dU, db, sum(sums)]
    dU, db, total = add_up(some_images, *blocks_of(N, U, tiles))
    dw, dw_total = filters_from_points(dU, w.shape, stride)
    if np.isfinite(total + dw_total + db.sum()):
        return dx, dw, db
    return direct.conv_backward(dy, x, w, window, need_dx)


@quietly
def conv_transpose(r, w, window, size):
    """As in direct.py, with conv_forward's error."""
    _, stride, pad = window
    tiles = tiles_of(len(r), *size, w.shape, window)
    U = filter_points(w, tiles.points, stride)
    x = np.empty((len(r), w.shape[1], *size), r.dtype)

    def some_images(block):
        V, R, T = values_of(U, tiles, block)
        run(outputs_to_points, block.stop - block.start, r[block], R, *tiles)
        # (T, F) @ (F, s²·C) -> (T, s²·C), for each point
        product(R[:, :T], U, V[:, :T])
        sums = run(inputs_from_points, block.stop - block.start, V, x[block], *tiles, stride, pad)
        return [sum(sums)]
    total, = add_up(some_images, *blocks_of(len(r), U, tiles))
    return x if np.isfinite(total) else direct.conv_transpose(r, w, window, size)


def blocks_of(count, U, tiles):
    """The blocks of images, and in which of the two ways threads share them.

    count: how many images there are.
    U: (n², F, s²·C), the filters at the points.
    tiles: the Tiles.

    Returns a list of slices, and whether each of them is one thread's.
    """
    n2, F, C = U.shape
    T = tiles.tiles_down * tiles.tiles_across       # of an image
    if F * C > FEW_MAPS:
        return blocks(0, count, T * n2 * C * U.itemsize, BLOCK_NBYTES) or [slice(0, 0)], False
    # a few images; but four blocks or more, unless they get too small for a thread
    cost = T * n2 * (F + C) * U.itemsize
    limit = min(NEAR_NBYTES, max(count * cost // 4, NEAR_NBYTES // 8))
    return blocks(0, count, cost, limit) or [slice(0, 0)], True


def values_of(U, tiles, block):
    """Scratch memory for values at the points.

    U: (n², F, s²·C), the filters at the points.
    tiles: the Tiles.
    block: a slice of images.

    Returns V (n², R, s²·C), M (n², R, F) and T, the number of the tiles. R is T or, so that it is
    odd, T + 1, of which the last isn't used. Else the n² values of a tile could lie multiples of
    4 kB apart, all at a few places of the cache, which would lose them at once. (With 1024 maps
    they lie so anyway.)
    """
    n2, F, C = U.shape
    T = (block.stop - block.start) * tiles.tiles_down * tiles.tiles_across
    odd = T + 1 - T % 2
    return scratch("V", (n2, odd, C), U.dtype), scratch("M", (n2, odd, F), U.dtype), T


# ---- filters at the points ----------------------------------------------------------------------

def filter_points(w, points, stride):
    """G w Gᵀ of every filter w: filters at the points.

    w: (F, C, K, K).
    points: n, along each axis.
    stride: of the filters.

    Returns (n², F, s²·C). Number phase·C + c along the last axis is channel c of this phase.
    """
    F, C, K, _ = w.shape
    U = np.empty((points * points, F, stride * stride * C), w.dtype)
    scales = scales_of(points, w.dtype)
    run(filters_to_points, F, w, U, scales, points, ceil_div(K, stride), stride,
        pieces=U.nbytes // FILTER_GRAIN)
    return U


def filters_from_points(dU, shape, stride):
    """The adjoint of filter_points: Gᵀ u G of every filter's values u.

    dU: (n², F, s²·C).
    shape: (F, C, K, K) of the result.
    stride: of the filters.

    Returns dw (F, C, K, K) and its sum.
    """
    dw, points = np.empty(shape, dU.dtype), math.isqrt(len(dU))
    scales = scales_of(points, dU.dtype)
    sums = run(points_to_filters, len(dw), dU, dw, scales, points, ceil_div(shape[2], stride),
               stride, pieces=dU.nbytes // FILTER_GRAIN)
    return dw, sum(sums)


@cache
def scales_of(points, dtype):
    """1 / Π_{j≠i} (pᵢ − pⱼ) for each point i, and 1 for ∞.

    A filter is, like a row of outputs, the coefficients of a polynomial: with r taps for m, A gives
    its values at the points. G is this A, scaled: the scales belong to Bᵀ, which has the
    polynomials that are zero at all points but one. But filters are fewer than tiles.
    """
    p = np.array(POINTS[:points - 1], float)
    # the differences pᵢ − pⱼ; 1 on the diagonal leaves j = i out of the product
    return np.append(1 / np.prod(p[:, None] - p + np.eye(len(p)), axis=1), 1).astype(dtype)
