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

There are two sets of points. With 2 and 3 taps n is 6: the points 0, ±1, ±2 and ∞. 16 outputs of a
3×3 filter then take 36 multiplications in place of 144. With 4 to 7 taps n is 8: also ±½. 16
outputs of a 5×5 filter then take 64 in place of 400. Bᵀ holds, for each point, the coefficients of
the polynomial that is zero at all the others; A and G hold powers of the points. The gradients need
nothing new: each step is linear, and they are its adjoint.

A stride s is taken apart: pixels with the same row and column modulo s are channels of their own,
s² per channel, which every s-th tap filters at stride 1 (phases, see shared.py). A 5×5 filter of
stride 2 becomes four of 3×3 taps, some of them zero.

Cost: per tile and channel some 4·n² additions, and m·n to n² single pixels moved; per tile and
pair of maps n² multiply-adds. It pays with some 16 maps or more. Its price: powers of the points
amplify rounding, to some 1e-5 of the largest output in float32. They amplify the numbers on the
way, too, so float32 may overflow where Σ|w·x| is beyond 1e34. That shows in the result, as infinity
or NaN: each block is summed up, and where a sum isn't finite, direct.py does it all again.

Threads: there are two ways to use the cores. Many maps: a large block of images; in the transforms
threads share the channels, each written by one thread, and in the product the n² points. Few maps:
each thread takes images of its own through all steps, a few at a time, so that all stays in its
cache.
Source: Lavin & Gray 2015; the points go back to Toom, Cook and Winograd.
"""
from functools import cache
from typing import NamedTuple

import numpy as np

from ..geometry import ceil_div, conv_output_size
from . import direct
from .cache import njit
from .shared import SMALL_PRODUCT, blocks, product, run, scratch

POINTS = (0, 1, -1, 2, -2, 0.5, -0.5)       # and ∞: the first n − 1 of them
TAPS = range(2, 8)          # of a filter at stride 1; with more, a tile has fewer than two outputs
BLOCK_NBYTES = 32 << 20     # of V at a time, many maps: enough for products at full rate
FEW_MAPS = 96 * 96          # filters times channels: up to so many are few maps

quietly = np.errstate(over="ignore", invalid="ignore")  # what overflows here is done again

# Fixed numbers, for full vector instructions:
TILES_AT_ONCE = 64          # they stay in the first-level cache
SIDE = 8                    # rows of points, and columns, in a tile's memory
MOST_OUTPUTS = 5            # of a tile, along each axis: with 6 points and 2 taps, or 8 and 4


# ---- tiles: when the method pays ----------------------------------------------------------------

class Tiles(NamedTuple):
    """How the output of a convolution is cut into tiles."""
    points: int             # n, along each axis
    outputs: int            # m, along each axis of a tile
    tiles_down: int         # rows of tiles
    tiles_across: int       # tiles in a row


@cache
def tiles_of(height, width, window):
    """The Tiles of a convolution.

    height, width: of the input.
    window: geometry.Window of the filters.

    Raises ValueError unless the filters have 2 to 7 taps per stride.
    """
    size, stride, _ = window
    taps = ceil_div(size, stride)
    if taps not in TAPS:
        raise ValueError("method='winograd' takes filters with 2 to 7 taps per stride along each "
                         f"axis, not {size}×{size} with stride {stride}")
    points = points_for(taps)
    outputs = points + 1 - taps
    OH, OW = conv_output_size(height, *window), conv_output_size(width, *window)
    return Tiles(points, outputs, ceil_div(OH, outputs), ceil_div(OW, outputs))


def points_for(taps):
    """Points along each axis: with up to 3 taps, six leave tiles of 4 or 5 outputs; else eight."""
    return 6 if taps <= 3 else 8


def pays(height, width, w_shape, window):
    """True where it is faster than unfolding: many maps on both sides, many multiplications saved.

    height, width: of the input.
    w_shape: (F, C, K, K).
    window: geometry.Window of the filters.
    """
    F, C, K, _ = w_shape
    stride = window.stride
    if min(F, C * stride * stride) < 16 or ceil_div(K, stride) not in TAPS:
        return False
    points, _, tiles_down, tiles_across = tiles_of(height, width, window)
    outputs = conv_output_size(height, *window) * conv_output_size(width, *window)
    return points**2 * stride * stride * tiles_down * tiles_across < 0.6 * K * K * outputs


# ---- drivers ------------------------------------------------------------------------------------

@quietly
def conv_forward(x, w, b, window):
    """As in direct.py. Raises ValueError unless the filters have 2 to 7 taps per stride."""
    N, C, H, W = x.shape
    F, (_, stride, pad) = len(w), window
    tiles, U = tiles_of(H, W, window), filter_points(w, stride)
    OH, OW = conv_output_size(H, *window), conv_output_size(W, *window)
    y = np.empty((N, F, OH, OW), x.dtype)

    def some_images(cost, limit, start, stop):
        finite = True
        for block in blocks(start, stop, cost, limit):
            T = (block.stop - block.start) * tiles.tiles_down * tiles.tiles_across
            V = scratch("columns", (len(U), U.shape[2], T), x.dtype)
            run(inputs_to_points, C, x[block], V, *tiles, stride, pad)
            # (F, s²·C) @ (s²·C, T) -> (F, T), for each point
            M = product(U, V, scratch("outputs", (len(U), F, T), x.dtype))
            run(outputs_from_points, F, M, b, y[block], *tiles)
            finite &= np.isfinite(y[block].sum())
        return finite
    if all(share_images(some_images, N, U, tiles)):
        return y
    return direct.conv_forward(x, w, b, window)


@quietly
def conv_backward(dy, x, w, window, need_dx):
    """As in direct.py, with conv_forward's error."""
    N, C, H, W = x.shape
    F, (_, stride, pad) = len(w), window
    tiles, U = tiles_of(H, W, window), filter_points(w, stride)
    dx = np.empty_like(x) if need_dx else None

    def some_images(cost, limit, start, stop):
        dU, db, finite = np.zeros(U.shape, w.dtype), np.zeros(F, w.dtype), True
        for block in blocks(start, stop, cost, limit):
            T = (block.stop - block.start) * tiles.tiles_down * tiles.tiles_across
            V = scratch("columns", (len(U), U.shape[2], T), x.dtype)
            run(inputs_to_points, C, x[block], V, *tiles, stride, pad)
            dM = scratch("outputs", (len(U), F, T), x.dtype)
            run(outputs_to_points, F, dy[block], dM, *tiles)
            # (F, T) @ (T, s²·C) -> (F, s²·C), for each point
            dU += product(dM, V.transpose(0, 2, 1), scratch("filters", U.shape, x.dtype))
            # db = Σ dy: a polynomial at 1 is the sum of its coefficients, and point (1, 1) is n + 1
            db += dM[tiles.points + 1].sum(axis=1)
            if need_dx:
                # (s²·C, F) @ (F, T) -> (s²·C, T), for each point
                dV = product(U.transpose(0, 2, 1), dM, V)
                run(inputs_from_points, C, dV, dx[block], *tiles, stride, pad)
                finite &= np.isfinite(dx[block].sum())
        return dU, db, finite
    sums = share_images(some_images, N, U, tiles)
    dU, db, finite = sums[0]
    for own_dU, own_db, own_finite in sums[1:]:
        dU += own_dU
        db += own_db
        finite &= own_finite
    dw = filters_from_points(dU, w.shape, stride)
    if finite and np.isfinite(dw.sum()) and np.isfinite(db.sum()):
        return dx, dw, db
    return direct.conv_backward(dy, x, w, window, need_dx)


@quietly
def conv_transpose(r, w, window, size):
    """As in direct.py, with conv_forward's error."""
    F, C = w.shape[:2]
    _, stride, pad = window
    tiles, U = tiles_of(*size, window), filter_points(w, stride)
    x = np.empty((len(r), C, *size), r.dtype)

    def some_images(cost, limit, start, stop):
        finite = True
        for block in blocks(start, stop, cost, limit):
            T = (block.stop - block.start) * tiles.tiles_down * tiles.tiles_across
            R = scratch("outputs", (len(U), F, T), r.dtype)
            run(outputs_to_points, F, r[block], R, *tiles)
            # (s²·C, F) @ (F, T) -> (s²·C, T), for each point
            V = scratch("columns", (len(U), U.shape[2], T), r.dtype)
            product(U.transpose(0, 2, 1), R, V)
            run(inputs_from_points, C, V, x[block], *tiles, stride, pad)
            finite &= np.isfinite(x[block].sum())
        return finite
    if all(share_images(some_images, len(r), U, tiles)):
        return x
    return direct.conv_transpose(r, w, window, size)


def share_images(some_images, count, U, tiles):
    """Use the cores in one of the two ways.

    some_images: some_images(cost, limit, start, stop) brings images start to stop through all
    steps, in blocks that cost at most `limit`, where an image costs `cost`.
    count: how many images there are.
    U: (n², F, s²·C), the filters at the points.
    tiles: the Tiles.

    Returns a list of what the calls of some_images return.
    """
    n2, F, C = U.shape
    T = tiles.tiles_down * tiles.tiles_across
    if F * C > FEW_MAPS:
        # many maps: the cost is bytes of V; what is run inside is shared
        return [some_images(T * n2 * C * U.itemsize, BLOCK_NBYTES, 0, count)]
    # few maps: the cost is multiply-adds; what is run inside stays on its thread
    pieces = len(blocks(0, count, T * C * F, SMALL_PRODUCT))
    return run(some_images, count, T * C * F, SMALL_PRODUCT, pieces=pieces)


# ---- filters at the points ----------------------------------------------------------------------

def filter_points(w, stride):
    """G w Gᵀ of every filter w: filters at the points.

    w: (F, C, K, K).
    stride: of the filters.

    Returns (n², F, s²·C). Number phase·C + c along the last axis is channel c of this phase.
    """
    F, C = w.shape[:2]
    phases = filter_phases(w.shape[2], stride, w.dtype)
    U = np.empty((F, len(phases[0][1]), stride * stride * C), w.dtype)
    for phase, (taps, powers) in enumerate(phases):
        # the phase's taps: (F, C, a, b) -> (F, a·b, C)
        part = w[taps].reshape(F, C, -1).transpose(0, 2, 1)
        # (n², a·b) @ (a·b, C) -> (n², C), for each filter
        np.matmul(powers, part, out=U[:, :, phase * C:(phase + 1) * C])
    return U.transpose(1, 0, 2)


def filters_from_points(dU, shape, stride):
    """The adjoint of filter_points: Gᵀ u G of every filter's values u.

    dU: (n², F, s²·C).
    shape: (F, C, K, K) of the result.
    stride: of the filters.

    Returns dw (F, C, K, K).
    """
    C = shape[1]
    dw = np.empty(shape, dU.dtype)
    for phase, (taps, powers) in enumerate(filter_phases(shape[2], stride, dU.dtype)):
        # (F, C, n²) @ (n², a·b) -> (F, C, a·b)
        part = dU[:, :, phase * C:(phase + 1) * C].transpose(1, 2, 0)
        dw[taps] = (part @ powers).reshape(dw[taps].shape)
    return dw


@cache
def filter_phases(K, stride, dtype):
    """For each phase (row, column modulo the stride): its taps, and their powers at the points.

    K: rows and columns of a filter.
    stride: of the filters.
    dtype: of the powers.

    Returns a list of (taps, powers): w[taps] are the taps (F, C, a, b), powers are (n², a·b). Along
    one axis the powers are G[i, k] = pᵢᵏ / Π_{j≠i} (pᵢ − pⱼ), and at ∞ only the highest is 1.
    """
    r = ceil_div(K, stride)
    p = np.array(POINTS[:points_for(r) - 1], float)
    # a row of powers for each point, and one for ∞
    G = np.vstack([p[:, None] ** np.arange(r), np.arange(r) == r - 1])
    # the differences pᵢ − pⱼ; 1 on the diagonal leaves j = i out of the product
    G[:-1] /= np.prod(p[:, None] - p + np.eye(len(p)), axis=1)[:, None]
    counts = [len(range(a, K, stride)) for a in range(stride)]
    phases = []
    for a in range(stride):
        for b in range(stride):
            taps = slice(None), slice(None), slice(a, None, stride), slice(b, None, stride)
            # two dimensions: every row's power times every column's
            powers = np.kron(G[:, :counts[a]], G[:, :counts[b]])
            phases.append((taps, powers.astype(dtype)))
    return phases


# ---- kernels: between maps and values at the points ---------------------------------------------
#
# Values at the points are (n², channels, T); point (i, j) is number n·i + j. The T tiles are
# ordered by row of tiles, image, column of tiles. Then one row of tiles of some images is one
# contiguous stretch. All arithmetic is on stretches of TILES_AT_ONCE tiles, in vector instructions:
# element t belongs to tile t. Where a row has more tiles, a stretch is a part of it.
#
# Only two loops move single pixels, one tile after the other. They gather from `lines`, one row of
# pixels of each of these images, or scatter into it. starts[t] is where tile t begins there.
#
# Copies are loops: making NumPy's slices would take longer than to copy what is in them.

@njit(nogil=True, cache=True)
def inputs_to_points(x, values, points, outputs, tiles_down, tiles_across, stride, pad,
                     start, stop):
    """Bᵀ d B of every tile d.

    x: (G, C, H, W).
    values: (n², s²·C, T), the result.
    points, outputs, tiles_down, tiles_across: the Tiles.
    stride, pad: of the filters.
    start, stop: which of the C channels.
    """
    images, channels, height, width = x.shape
    # rows of one phase that a column of tiles looks at
    rows = (tiles_down - 1) * outputs + points
    # pixels of all phases that a row of tiles looks at
    line_length = stride * ((tiles_across - 1) * outputs + points)
    # so many images, one row of tiles each, fill TILES_AT_ONCE tiles
    group = max(1, TILES_AT_ONCE // tiles_across)
    # columns of x that a window visits
    inner, zero = min(width, line_length - pad), x.dtype.type(0)
    # where tile t begins in `lines`
    tile = np.arange(TILES_AT_ONCE)
    starts = tile // tiles_across * line_length + tile % tiles_across * outputs * stride
    # memory: rows of pixels; those of each tile; transformed along rows; and along columns
    lines = np.zeros(group * line_length, x.dtype)
    pixels = np.zeros((SIDE * rows, TILES_AT_ONCE), x.dtype)
    along = np.zeros((SIDE * rows, TILES_AT_ONCE), x.dtype)
    tiles = np.zeros((SIDE * SIDE, TILES_AT_ONCE), x.dtype)
    for c in range(start, stop):
        # a stretch: tiles from column `left` on, of `count` images from `first` on
        for first in range(0, images, group):
            count = min(group, images - first)
            for left in range(0, tiles_across, TILES_AT_ONCE):
                length = count * min(TILES_AT_ONCE, tiles_across - left)
                for phase in range(stride * stride):
                    offset = phase % stride + left * outputs * stride
                    # gather all rows of pixels before any is transformed: a vector load of numbers
                    # that have just been stored one at a time would stall
                    for row in range(rows):
                        h = row * stride + phase // stride - pad
                        # this row of each image, with its padding
                        for image in range(count):
                            line = lines[image * line_length + pad:]
                            if 0 <= h < height:
                                own = x[first + image, c, h]
                                for v in range(inner):
                                    line[v] = own[v]
                            else:
                                # above or below the image: zeros
                                for v in range(inner):
                                    line[v] = zero
                        # pixel k of every tile's row
                        for k in range(points):
                            line, out = lines[offset + k * stride:], pixels[SIDE * row + k]
                            for t in range(length):
                                out[t] = line[starts[t]]
                    # along the rows
                    for row in range(rows):
                        times_BT(pixels, SIDE * row, 1, along, SIDE * row, 1, points)
                    for down in range(tiles_down):
                        # down the columns of a row of tiles; where tiles overlap, rows serve two
                        for j in range(points):
                            times_BT(along, SIDE * down * outputs + j, SIDE, tiles, j, SIDE, points)
                        # write: one stretch for each point
                        place = (down * images + first) * tiles_across + left
                        for i in range(points):
                            for j in range(points):
                                out = values[i * points + j, phase * channels + c, place:]
                                own = tiles[i * SIDE + j]
                                for t in range(length):
                                    out[t] = own[t]


@njit(nogil=True, cache=True)
def inputs_from_points(values, x, points, outputs, tiles_down, tiles_across, stride, pad,
                       start, stop):
    """B p Bᵀ of every tile p, added up where tiles overlap: the adjoint of inputs_to_points.

    values: (n², s²·C, T).
    x: (G, C, H, W), the result.
    points, outputs, tiles_down, tiles_across: the Tiles.
    stride, pad: of the filters.
    start, stop: which of the C channels.
    """
    images, channels, height, width = x.shape
    # as in inputs_to_points
    rows = (tiles_down - 1) * outputs + points
    line_length = stride * ((tiles_across - 1) * outputs + points)
    group = max(1, TILES_AT_ONCE // tiles_across)
    inner, zero = min(width, line_length - pad), x.dtype.type(0)
    tile = np.arange(TILES_AT_ONCE)
    starts = tile // tiles_across * line_length + tile % tiles_across * outputs * stride
    # memory: rows of pixels; a row of each tile; columns of all tiles added up; one row of tiles
    lines = np.zeros(group * line_length, x.dtype)
    pixels = np.zeros((SIDE, TILES_AT_ONCE), x.dtype)
    along = np.zeros((SIDE * rows, TILES_AT_ONCE), x.dtype)
    tiles = np.zeros((SIDE * SIDE, TILES_AT_ONCE), x.dtype)
    for c in range(start, stop):
        # a stretch, as in inputs_to_points
        for first in range(0, images, group):
            count = min(group, images - first)
            # what comes to one pixel from several tiles and phases adds up: begin with zero
            x[first:first + count, c] = 0
            for left in range(0, tiles_across, TILES_AT_ONCE):
                length = count * min(TILES_AT_ONCE, tiles_across - left)
                for phase in range(stride * stride):
                    offset = phase % stride + left * outputs * stride
                    # rows of this phase, to be added up from all rows of tiles
                    along[:] = 0
                    for down in range(tiles_down):
                        # read: one stretch for each point
                        place = (down * images + first) * tiles_across + left
                        for i in range(points):
                            for j in range(points):
                                own = values[i * points + j, phase * channels + c, place:]
                                out = tiles[i * SIDE + j]
                                for t in range(length):
                                    out[t] = own[t]
                        # up the columns, added to what other tiles brought to these rows
                        for j in range(points):
                            times_B(tiles, j, SIDE, along, SIDE * down * outputs + j, SIDE, points)
                    for row in range(rows):
                        h = row * stride + phase // stride - pad
                        if 0 <= h < height:
                            # along the row
                            pixels[:] = 0
                            times_B(along, SIDE * row, 1, pixels, 0, 1, points)
                            # scatter: what comes to one pixel from several tiles adds up
                            for v in range(lines.size):
                                lines[v] = zero
                            for k in range(points):
                                line, own = lines[offset + k * stride:], pixels[k]
                                for t in range(length):
                                    line[starts[t]] += own[t]
                            # to this row of each image, without its padding
                            for image in range(count):
                                line = lines[image * line_length + pad:]
                                out = x[first + image, c, h]
                                for v in range(inner):
                                    out[v] += line[v]


@njit(nogil=True, cache=True)
def outputs_from_points(values, b, y, points, outputs, tiles_down, tiles_across, start, stop):
    """Aᵀ p A of every tile p, and the bias. What hangs over the edge is cut.

    values: (n², F, T).
    b: (F,).
    y: (G, F, OH, OW), the result.
    points, outputs, tiles_down, tiles_across: the Tiles.
    start, stop: which of the F filters.
    """
    images, _, oh, ow = y.shape
    # outputs in a row of tiles; so many images, one row of tiles each, fill TILES_AT_ONCE tiles
    line_length = tiles_across * outputs
    group = max(1, TILES_AT_ONCE // tiles_across)
    # where tile t begins in `lines`
    tile = np.arange(TILES_AT_ONCE)
    starts = tile // tiles_across * line_length + tile % tiles_across * outputs
    # memory: rows of outputs; one row of tiles; transformed down the columns; a row of each tile
    lines = np.empty(group * line_length, y.dtype)
    tiles = np.zeros((SIDE * SIDE, TILES_AT_ONCE), y.dtype)
    along = np.zeros((MOST_OUTPUTS * SIDE, TILES_AT_ONCE), y.dtype)
    pixels = np.zeros((MOST_OUTPUTS, TILES_AT_ONCE), y.dtype)
    for f in range(start, stop):
        # a stretch: tiles from column `left` on, of `count` images from `first` on
        for first in range(0, images, group):
            count = min(group, images - first)
            for left in range(0, tiles_across, TILES_AT_ONCE):
                length = count * min(TILES_AT_ONCE, tiles_across - left)
                for down in range(tiles_down):
                    # read: one stretch for each point
                    place = (down * images + first) * tiles_across + left
                    for i in range(points):
                        for j in range(points):
                            own, out = values[i * points + j, f, place:], tiles[i * SIDE + j]
                            for t in range(length):
                                out[t] = own[t]
                    # down the columns
                    for j in range(points):
                        times_AT(tiles, j, SIDE, along, j, SIDE, points, outputs)
                    for i in range(min(outputs, oh - down * outputs)):
                        # along the row
                        times_AT(along, SIDE * i, 1, pixels, 0, 1, points, outputs)
                        # scatter onto the bias
                        for v in range(lines.size):
                            lines[v] = b[f]
                        for k in range(outputs):
                            line, own = lines[left * outputs + k:], pixels[k]
                            for t in range(length):
                                line[starts[t]] += own[t]
                        # write this row of each image, or the part of it that the stretch has
                        for image in range(count):
                            line = lines[image * line_length + left * outputs:]
                            out = y[first + image, f, down * outputs + i, left * outputs:]
                            for v in range(min(ow - left * outputs, TILES_AT_ONCE * outputs)):
                                out[v] = line[v]


@njit(nogil=True, cache=True)
def outputs_to_points(dy, values, points, outputs, tiles_down, tiles_across, start, stop):
    """A d Aᵀ of every tile d: the adjoint of outputs_from_points, without the bias.

    dy: (G, F, OH, OW).
    values: (n², F, T), the result.
    points, outputs, tiles_down, tiles_across: the Tiles.
    start, stop: which of the F filters.
    """
    images, _, oh, ow = dy.shape
    # as in outputs_from_points
    line_length = tiles_across * outputs
    group, zero = max(1, TILES_AT_ONCE // tiles_across), dy.dtype.type(0)
    tile = np.arange(TILES_AT_ONCE)
    starts = tile // tiles_across * line_length + tile % tiles_across * outputs
    # memory: rows of dy, zero behind the edge; those of each tile; transformed along rows; and
    # along columns
    lines = np.zeros(group * line_length, dy.dtype)
    pixels = np.zeros((MOST_OUTPUTS * SIDE, TILES_AT_ONCE), dy.dtype)
    along = np.zeros((MOST_OUTPUTS * SIDE, TILES_AT_ONCE), dy.dtype)
    tiles = np.zeros((SIDE * SIDE, TILES_AT_ONCE), dy.dtype)
    for f in range(start, stop):
        # a stretch, as in outputs_from_points
        for first in range(0, images, group):
            count = min(group, images - first)
            for left in range(0, tiles_across, TILES_AT_ONCE):
                length = count * min(TILES_AT_ONCE, tiles_across - left)
                for down in range(tiles_down):
                    # gather all rows before any is transformed, as in inputs_to_points
                    for i in range(outputs):
                        # this row of each image
                        for image in range(count):
                            line = lines[image * line_length:]
                            if down * outputs + i < oh:
                                own = dy[first + image, f, down * outputs + i]
                                for v in range(ow):
                                    line[v] = own[v]
                            else:
                                # below the last row: zeros
                                for v in range(ow):
                                    line[v] = zero
                        # number k of every tile's row
                        for k in range(outputs):
                            line, out = lines[left * outputs + k:], pixels[SIDE * i + k]
                            for t in range(length):
                                out[t] = line[starts[t]]
                    # along the rows
                    for i in range(outputs):
                        times_A(pixels, SIDE * i, 1, along, SIDE * i, 1, points, outputs)
                    # down the columns
                    for j in range(points):
                        times_A(along, j, SIDE, tiles, j, SIDE, points, outputs)
                    # write: one stretch for each point
                    place = (down * images + first) * tiles_across + left
                    for i in range(points):
                        for j in range(points):
                            own, out = tiles[i * SIDE + j], values[i * points + j, f, place:]
                            for t in range(length):
                                out[t] = own[t]


# ---- algebra: the four one-dimensional transforms, of TILES_AT_ONCE tiles ------------------------
#
# Rows src0, src0 + src_step, … of src become rows dst0, dst0 + dst_step, … of dst. A step of 1
# goes along a tile's row, a step of SIDE down its column.
#
# Points p and −p share their even and their odd powers: one gets the sum of the two parts, the
# other the difference. `even` and `odd` are the parts of ±1, `even2` and `odd2` those of ±2,
# `even_half` and `odd_half` those of ±½.

@njit(inline="always")
def times_BT(src, src0, src_step, dst, dst0, dst_step, points):
    """dst = Bᵀ src, n rows to n."""
    number = src.dtype.type
    for t in range(TILES_AT_ONCE):
        # the first six inputs
        d0, d1, d2 = src[src0, t], src[src0 + src_step, t], src[src0 + 2 * src_step, t]
        d3, d4 = src[src0 + 3 * src_step, t], src[src0 + 4 * src_step, t]
        d5 = src[src0 + 5 * src_step, t]
        if points == 6:
            # pairs ±1 and ±2; the points 0 and ∞
            even, odd = d4 - number(4) * d2, d3 - number(4) * d1
            even2, odd2 = d4 - d2, number(2) * (d3 - d1)
            dst[dst0, t] = number(4) * d0 - number(5) * d2 + d4
            dst[dst0 + 5 * dst_step, t] = number(4) * d1 - number(5) * d3 + d5
        else:
            # pairs ±1, ±2 and ±½
            d6, d7 = src[src0 + 6 * src_step, t], src[src0 + 7 * src_step, t]
            even, odd = d6 - number(4.25) * d4 + d2, d5 - number(4.25) * d3 + d1
            even2 = d6 - number(1.25) * d4 + number(0.25) * d2
            odd2 = number(2) * d5 - number(2.5) * d3 + number(0.5) * d1
            even_half = d6 - number(5) * d4 + number(4) * d2
            odd_half = number(0.5) * d5 - number(2.5) * d3 + number(2) * d1
            # the points 0, ½, −½ and ∞
            dst[dst0, t] = d6 - d0 + number(5.25) * (d2 - d4)
            dst[dst0 + 5 * dst_step, t] = even_half + odd_half
            dst[dst0 + 6 * dst_step, t] = even_half - odd_half
            dst[dst0 + 7 * dst_step, t] = d7 - d1 + number(5.25) * (d3 - d5)
        # the points 1, −1, 2, −2
        dst[dst0 + dst_step, t] = even + odd
        dst[dst0 + 2 * dst_step, t] = even - odd
        dst[dst0 + 3 * dst_step, t] = even2 + odd2
        dst[dst0 + 4 * dst_step, t] = even2 - odd2


@njit(inline="always")
def times_B(src, src0, src_step, dst, dst0, dst_step, points):
    """dst += B src, n rows to n: the adjoint of times_BT, added up."""
    number = src.dtype.type
    for t in range(TILES_AT_ONCE):
        # the values at 0, 1, −1, 2, −2; the sixth is that at ∞ or at ½
        d0, d1, d2 = src[src0, t], src[src0 + src_step, t], src[src0 + 2 * src_step, t]
        d3, d4 = src[src0 + 3 * src_step, t], src[src0 + 4 * src_step, t]
        d5 = src[src0 + 5 * src_step, t]
        even, odd, even2, odd2 = d1 + d2, d1 - d2, d3 + d4, number(2) * (d3 - d4)
        if points == 6:
            # six inputs
            dst[dst0, t] += number(4) * d0
            dst[dst0 + dst_step, t] += number(4) * (d5 - odd) - odd2
            dst[dst0 + 2 * dst_step, t] -= number(5) * d0 + number(4) * even + even2
            dst[dst0 + 3 * dst_step, t] += odd + odd2 - number(5) * d5
            dst[dst0 + 4 * dst_step, t] += d0 + even + even2
            dst[dst0 + 5 * dst_step, t] += d5
        else:
            # the values at ½, −½ and ∞
            d6, d7 = src[src0 + 6 * src_step, t], src[src0 + 7 * src_step, t]
            even_half, odd_half = d5 + d6, number(0.5) * (d5 - d6)
            # inputs 0 to 3
            dst[dst0, t] -= d0
            dst[dst0 + dst_step, t] += odd + number(0.25) * odd2 + number(4) * odd_half - d7
            dst[dst0 + 2 * dst_step, t] += (number(5.25) * d0 + even + number(0.25) * even2
                                            + number(4) * even_half)
            dst[dst0 + 3 * dst_step, t] += (number(5.25) * d7 - number(4.25) * odd
                                            - number(1.25) * odd2 - number(5) * odd_half)
            # inputs 4 to 7
            dst[dst0 + 4 * dst_step, t] -= (number(5.25) * d0 + number(4.25) * even
                                            + number(1.25) * even2 + number(5) * even_half)
            dst[dst0 + 5 * dst_step, t] += odd + odd2 + odd_half - number(5.25) * d7
            dst[dst0 + 6 * dst_step, t] += d0 + even + even2 + even_half
            dst[dst0 + 7 * dst_step, t] += d7


@njit(inline="always")
def times_AT(src, src0, src_step, dst, dst0, dst_step, points, outputs):
    """dst = Aᵀ src, n rows to m: row k is Σ point^k · src. MOST_OUTPUTS rows are written."""
    number = src.dtype.type
    for t in range(TILES_AT_ONCE):
        # pairs ±1 and ±2
        d1, d2 = src[src0 + src_step, t], src[src0 + 2 * src_step, t]
        d3, d4 = src[src0 + 3 * src_step, t], src[src0 + 4 * src_step, t]
        even, odd, even2, odd2 = d1 + d2, d1 - d2, d3 + d4, d3 - d4
        # their powers 0 to 4
        y0, y1 = src[src0, t] + even + even2, odd + number(2) * odd2
        y2, y3 = even + number(4) * even2, odd + number(8) * odd2
        y4 = even + number(16) * even2
        if points == 8:
            # and those of ±½
            even_half = src[src0 + 5 * src_step, t] + src[src0 + 6 * src_step, t]
            odd_half = src[src0 + 5 * src_step, t] - src[src0 + 6 * src_step, t]
            y0, y1, y2 = y0 + even_half, y1 + number(0.5) * odd_half, y2 + number(0.25) * even_half
            y3, y4 = y3 + number(0.125) * odd_half, y4 + number(0.0625) * even_half
        # write
        dst[dst0, t], dst[dst0 + dst_step, t], dst[dst0 + 2 * dst_step, t] = y0, y1, y2
        dst[dst0 + 3 * dst_step, t], dst[dst0 + 4 * dst_step, t] = y3, y4
    # ∞ stands for the highest power
    for t in range(TILES_AT_ONCE):
        dst[dst0 + (outputs - 1) * dst_step, t] += src[src0 + (points - 1) * src_step, t]


@njit(inline="always")
def times_A(src, src0, src_step, dst, dst0, dst_step, points, outputs):
    """dst = A src, the adjoint of times_AT: the polynomial with coefficients src, at each point.

    m rows to n. MOST_OUTPUTS rows are read: those behind the m-th are zero.
    """
    number = src.dtype.type
    for t in range(TILES_AT_ONCE):
        # pairs ±1 and ±2
        d0, d1, d2 = src[src0, t], src[src0 + src_step, t], src[src0 + 2 * src_step, t]
        d3, d4 = src[src0 + 3 * src_step, t], src[src0 + 4 * src_step, t]
        even, odd = d0 + d2 + d4, d1 + d3
        even2, odd2 = d0 + number(4) * d2 + number(16) * d4, number(2) * d1 + number(8) * d3
        # the points 0, 1, −1, 2, −2
        dst[dst0, t] = d0
        dst[dst0 + dst_step, t] = even + odd
        dst[dst0 + 2 * dst_step, t] = even - odd
        dst[dst0 + 3 * dst_step, t] = even2 + odd2
        dst[dst0 + 4 * dst_step, t] = even2 - odd2
        if points == 8:
            # and ±½
            even_half = d0 + number(0.25) * d2 + number(0.0625) * d4
            odd_half = number(0.5) * d1 + number(0.125) * d3
            dst[dst0 + 5 * dst_step, t] = even_half + odd_half
            dst[dst0 + 6 * dst_step, t] = even_half - odd_half
    # ∞: the highest coefficient
    for t in range(TILES_AT_ONCE):
        dst[dst0 + (points - 1) * dst_step, t] = src[src0 + (outputs - 1) * src_step, t]
