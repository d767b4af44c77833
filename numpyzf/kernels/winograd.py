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

Cost: per tile and channel some 4·n² additions; per tile and pair of maps n² multiply-adds. It pays
with some 16 maps or more, and with enough tiles for what the filters' way to the points costs. Its
price: powers of the points amplify rounding, to some 1e-5 of the largest output in float32. They
amplify the numbers on the way, too, so float32 may overflow where Σ|w·x| is beyond 1e34. That shows
in the result, as infinity or NaN: results are summed up, and where the sum isn't finite, direct.py
does it all again.

Threads: there are two ways to use the cores. Many maps: a large block of images; in the transforms
threads share the images, and in the product the n² points. Few maps: each thread takes images of
its own through all steps, a few at a time, so that what goes from step to step stays near.
Source: Lavin & Gray 2015; the points go back to Toom, Cook and Winograd.
"""
from functools import cache
from typing import NamedTuple

import numpy as np

from ..geometry import ceil_div, conv_output_size
from . import direct
from .cache import njit
from .shared import SMALL_PRODUCT, add_up, blocks, inside, product, run, scratch

POINTS = (0, 1, -1, 2, -2, 0.5, -0.5)       # and ∞: the first n − 1 of them
TAPS = range(2, 8)          # of a filter at stride 1; with more, a tile has fewer than two outputs
BLOCK_NBYTES = 32 << 20     # of V at a time, many maps: enough for products at full rate
FEW_MAPS = 96 * 96          # filters times channels: up to so many are few maps
FILTER_TILES = 32           # many filters' way to the points takes as long as that of so many tiles

quietly = np.errstate(over="ignore", invalid="ignore")  # what overflows here is done again

# Fixed numbers, for full vector instructions:
LANES = 32                  # maps side by side
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
    points, _, tiles_down, tiles_across = tiles_of(height, width, window)
    tiles = images * tiles_down * tiles_across
    if F * C * stride * stride > FEW_MAPS:
        tiles += FILTER_TILES
    outputs = conv_output_size(height, *window) * conv_output_size(width, *window)
    return points**2 * stride * stride * tiles < 0.6 * K * K * images * outputs


# ---- drivers ------------------------------------------------------------------------------------

@quietly
def conv_forward(x, w, b, window):
    """As in direct.py. Raises ValueError unless the filters have 2 to 7 taps per stride."""
    N, _, H, W = x.shape
    F, (_, stride, pad) = len(w), window
    tiles, U = tiles_of(H, W, window), filter_points(w, stride)
    OH, OW = conv_output_size(H, *window), conv_output_size(W, *window)
    y, filters = np.empty((N, F, OH, OW), x.dtype), U.transpose(0, 2, 1)
    if filters[0].size <= FEW_MAPS:     # small products are faster by a half if they lie like this
        filters = np.ascontiguousarray(filters)

    def some_images(block):
        V, M, T = values_of(U, tiles, block)
        run(inputs_to_points, block.stop - block.start, x[block], V, *tiles, stride, pad)
        # (T, s²·C) @ (s²·C, F) -> (T, F), for each point
        product(V[:, :T], filters, M[:, :T])
        run(outputs_from_points, block.stop - block.start, M, b, y[block], *tiles)
        return [y[block].sum()]
    total, = add_up(some_images, *blocks_of(N, U, tiles))
    return y if np.isfinite(total) else direct.conv_forward(x, w, b, window)


@quietly
def conv_backward(dy, x, w, window, need_dx):
    """As in direct.py, with conv_forward's error."""
    N, _, H, W = x.shape
    _, stride, pad = window
    tiles, U = tiles_of(H, W, window), filter_points(w, stride)
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
        run(inputs_from_points, block.stop - block.start, dV, dx[block], *tiles, stride, pad)
        return [dU, db, dx[block].sum()]
    dU, db, total = add_up(some_images, *blocks_of(N, U, tiles))
    dw = filters_from_points(dU, w.shape, stride)
    if np.isfinite(total + dw.sum() + db.sum()):
        return dx, dw, db
    return direct.conv_backward(dy, x, w, window, need_dx)


@quietly
def conv_transpose(r, w, window, size):
    """As in direct.py, with conv_forward's error."""
    _, stride, pad = window
    tiles, U = tiles_of(*size, window), filter_points(w, stride)
    x = np.empty((len(r), w.shape[1], *size), r.dtype)

    def some_images(block):
        V, R, T = values_of(U, tiles, block)
        run(outputs_to_points, block.stop - block.start, r[block], R, *tiles)
        # (T, F) @ (F, s²·C) -> (T, s²·C), for each point
        product(R[:, :T], U, V[:, :T])
        run(inputs_from_points, block.stop - block.start, V, x[block], *tiles, stride, pad)
        return [x[block].sum()]
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
    T = tiles.tiles_down * tiles.tiles_across
    few = F * C <= FEW_MAPS
    if few:         # a few images stay in the cache; the cost is in multiply-adds
        return blocks(0, count, T * C * F, SMALL_PRODUCT) or [slice(0, 0)], True
    return blocks(0, count, T * n2 * C * U.itemsize, BLOCK_NBYTES) or [slice(0, 0)], False


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
# Values at the points are (n², R, maps) for T ≤ R tiles; point (i, j) is number n·i + j. Tiles are
# ordered by image, row of tiles, column of tiles. All arithmetic is on LANES maps side by side, a
# part of the maps, in vector instructions. So an image's maps are laid out anew, part by part:
#
#     a row of maps c, c+1, c+2       00 01 02 03       00 01 02 03       00 01 02 03
#     side by side                    00 00 00   01 01 01   02 02 02   03 03 03
#     of maps                         c c+1 c+2  c c+1 c+2  c c+1 c+2  c c+1 c+2
#
# A tile has memory of its own, and is transformed where it is: number (SIDE·i + j)·LANES + l is row
# i, column j, map l of the part. SIDE and LANES are fixed numbers. So the compiler knows that rows
# don't overlap, and needs no check before each loop. The last part may have fewer maps, `lanes`.

@njit(nogil=True, cache=True)
def inputs_to_points(x, values, points, outputs, tiles_down, tiles_across, stride, pad,
                     start, stop):
    """Bᵀ d B of every tile d.

    x: (G, C, H, W).
    values: (n², R, s²·C), the result.
    points, outputs, tiles_down, tiles_across: the Tiles.
    stride, pad: of the filters.
    start, stop: which of the G images.
    """
    channels = x.shape[1]
    parts = (channels + LANES - 1) // LANES
    # memory: the pixels of a phase that tiles look at, (parts, rows, columns, LANES); a tile
    rows, columns = (tiles_down - 1) * outputs + points, (tiles_across - 1) * outputs + points
    pixels = np.empty((parts, rows * columns * LANES), x.dtype)
    tile = np.zeros(SIDE * SIDE * LANES, x.dtype)
    for n in range(start, stop):
        for phase in range(stride * stride):
            # lay out: every stride-th pixel, from row and column −pad + the phase's on
            top, left = phase // stride - pad, phase % stride - pad
            for part in range(parts):
                lay_out(x[n, part * LANES:], pixels[part], rows, columns, top, left, stride)
            for down in range(tiles_down):
                for across in range(tiles_across):
                    t = (n * tiles_down + down) * tiles_across + across
                    # all parts of a tile: their values are neighbors
                    for part in range(parts):
                        lanes, first = min(LANES, channels - part * LANES), part * LANES
                        # read the tile
                        place = (down * outputs * columns + across * outputs) * LANES
                        copy_square(pixels[part, place:], columns, tile, SIDE, points, lanes)
                        # transform it, down the columns and along the rows
                        for j in range(points):
                            times_BT(tile[j * LANES:], SIDE * LANES, lanes, points)
                        for i in range(points):
                            times_BT(tile[i * SIDE * LANES:], LANES, lanes, points)
                        # write its values
                        write_values(tile, values, t, phase * channels + first, points, lanes)


@njit(nogil=True, cache=True)
def inputs_from_points(values, x, points, outputs, tiles_down, tiles_across, stride, pad,
                       start, stop):
    """The adjoint of inputs_to_points: B v Bᵀ of every tile, added up where tiles overlap.

    values: (n², R, s²·C).
    x: (G, C, H, W), the result.
    points, outputs, tiles_down, tiles_across: the Tiles.
    stride, pad: of the filters.
    start, stop: which of the G images.
    """
    channels = x.shape[1]
    # as in inputs_to_points
    parts = (channels + LANES - 1) // LANES
    rows, columns = (tiles_down - 1) * outputs + points, (tiles_across - 1) * outputs + points
    pixels = np.empty((parts, rows * columns * LANES), x.dtype)
    tile = np.zeros(SIDE * SIDE * LANES, x.dtype)
    for n in range(start, stop):
        # zero where no tile looks
        x[n] = 0
        for phase in range(stride * stride):
            pixels[:] = 0
            for down in range(tiles_down):
                for across in range(tiles_across):
                    t = (n * tiles_down + down) * tiles_across + across
                    for part in range(parts):
                        lanes, first = min(LANES, channels - part * LANES), part * LANES
                        # read the tile's values
                        read_values(values, tile, t, phase * channels + first, points, lanes)
                        # transform them, down the columns and along the rows
                        for j in range(points):
                            times_B(tile[j * LANES:], SIDE * LANES, lanes, points)
                        for i in range(points):
                            times_B(tile[i * SIDE * LANES:], LANES, lanes, points)
                        # what several tiles bring to one pixel adds up
                        place = (down * outputs * columns + across * outputs) * LANES
                        add_square(tile, SIDE, pixels[part, place:], columns, points, lanes)
            # back to the maps, without the padding
            top, left = phase // stride - pad, phase % stride - pad
            for part in range(parts):
                take_apart(pixels[part], x[n, part * LANES:], rows, columns, top, left, stride)


@njit(nogil=True, cache=True)
def outputs_from_points(values, b, y, points, outputs, tiles_down, tiles_across, start, stop):
    """Aᵀ p A of every tile p, and the bias. What hangs over the edge is cut.

    values: (n², R, F).
    b: (F,).
    y: (G, F, OH, OW), the result.
    points, outputs, tiles_down, tiles_across: the Tiles.
    start, stop: which of the G images.
    """
    filters = y.shape[1]
    parts = (filters + LANES - 1) // LANES
    # memory: the outputs of all tiles, (parts, rows, columns, LANES); a tile
    rows, columns = tiles_down * outputs, tiles_across * outputs
    pixels = np.empty((parts, rows * columns * LANES), y.dtype)
    tile = np.zeros(SIDE * SIDE * LANES, y.dtype)
    for n in range(start, stop):
        for part in range(parts):
            # begin with the bias
            lanes, first = min(LANES, filters - part * LANES), part * LANES
            own, bias = pixels[part], b[first:]
            for pixel in range(rows * columns):
                for lane in range(lanes):
                    own[pixel * LANES + lane] = bias[lane]
        for down in range(tiles_down):
            for across in range(tiles_across):
                t = (n * tiles_down + down) * tiles_across + across
                for part in range(parts):
                    lanes, first = min(LANES, filters - part * LANES), part * LANES
                    # read the tile's values
                    read_values(values, tile, t, first, points, lanes)
                    # transform them: down all columns, and along the rows that are left
                    for j in range(points):
                        times_AT(tile[j * LANES:], SIDE * LANES, lanes, points, outputs)
                    for i in range(outputs):
                        times_AT(tile[i * SIDE * LANES:], LANES, lanes, points, outputs)
                    # add them to the bias
                    place = (down * outputs * columns + across * outputs) * LANES
                    add_square(tile, SIDE, pixels[part, place:], columns, outputs, lanes)
        # to the maps
        for part in range(parts):
            take_apart(pixels[part], y[n, part * LANES:], rows, columns, 0, 0, 1)


@njit(nogil=True, cache=True)
def outputs_to_points(dy, values, points, outputs, tiles_down, tiles_across, start, stop):
    """A d Aᵀ of every tile d: the adjoint of outputs_from_points, without the bias.

    dy: (G, F, OH, OW).
    values: (n², R, F), the result.
    points, outputs, tiles_down, tiles_across: the Tiles.
    start, stop: which of the G images.
    """
    filters = dy.shape[1]
    # as in outputs_from_points
    parts = (filters + LANES - 1) // LANES
    rows, columns = tiles_down * outputs, tiles_across * outputs
    pixels = np.empty((parts, rows * columns * LANES), dy.dtype)
    tile = np.zeros(SIDE * SIDE * LANES, dy.dtype)
    for n in range(start, stop):
        # lay out, with zeros behind the edge
        for part in range(parts):
            lay_out(dy[n, part * LANES:], pixels[part], rows, columns, 0, 0, 1)
        for down in range(tiles_down):
            for across in range(tiles_across):
                t = (n * tiles_down + down) * tiles_across + across
                for part in range(parts):
                    lanes, first = min(LANES, filters - part * LANES), part * LANES
                    # read the tile; times_A finds zeros behind its outputs
                    tile[:MOST_OUTPUTS * SIDE * LANES] = 0
                    place = (down * outputs * columns + across * outputs) * LANES
                    copy_square(pixels[part, place:], columns, tile, SIDE, outputs, lanes)
                    # transform it, along its rows and down all columns
                    for i in range(outputs):
                        times_A(tile[i * SIDE * LANES:], LANES, lanes, points, outputs)
                    for j in range(points):
                        times_A(tile[j * LANES:], SIDE * LANES, lanes, points, outputs)
                    # write its values
                    write_values(tile, values, t, first, points, lanes)


# ---- kernels: copies ----------------------------------------------------------------------------
#
# Copies are loops: making NumPy's slices would take longer than to copy what is in them. lay_out
# and take_apart are functions of their own, not copied into those that call them: there Numba would
# count references to slices, in each loop.

@njit(nogil=True)
def lay_out(maps, pixels, rows, columns, top, left, stride):
    """Lay the first LANES maps out side by side, as drawn above: every stride-th of their pixels.

    maps: (C, H, W).
    pixels: flat, (rows, columns, LANES), the result; zero outside of the maps.
    rows, columns: how many pixels are laid out.
    top, left: where in the maps the first pixel is; negative in the padding.
    stride: from one pixel to the next.
    """
    height, width = maps.shape[1:]
    q_start, q_stop = inside(width, left, stride, columns)
    pixels[:] = 0
    for row in range(rows):
        h = row * stride + top
        if 0 <= h < height:
            # one pixel of all maps after the other
            for q in range(q_start, q_stop):
                out, v = pixels[(row * columns + q) * LANES:], q * stride + left
                for lane in range(min(LANES, len(maps))):
                    out[lane] = maps[lane, h, v]


@njit(nogil=True)
def take_apart(pixels, maps, rows, columns, top, left, stride):
    """The other way: from side by side to the maps. What is outside of the maps is left out."""
    height, width = maps.shape[1:]
    q_start, q_stop = inside(width, left, stride, columns)
    for row in range(rows):
        h = row * stride + top
        if 0 <= h < height:
            # a row of one map after the other
            for lane in range(min(LANES, len(maps))):
                out = maps[lane, h, q_start * stride + left:]
                own = pixels[(row * columns + q_start) * LANES + lane:]
                for q in range(q_stop - q_start):
                    out[q * stride] = own[q * LANES]


@njit(inline="always")
def copy_square(source, source_side, out, out_side, side, lanes):
    """out = source: side×side pixels of `lanes` maps, where rows have so many pixels."""
    for i in range(side):
        for j in range(side):
            own, other = source[(i * source_side + j) * LANES:], out[(i * out_side + j) * LANES:]
            for lane in range(lanes):
                other[lane] = own[lane]


@njit(inline="always")
def add_square(source, source_side, out, out_side, side, lanes):
    """out += source, as in copy_square."""
    for i in range(side):
        for j in range(side):
            own, other = source[(i * source_side + j) * LANES:], out[(i * out_side + j) * LANES:]
            for lane in range(lanes):
                other[lane] += own[lane]


@njit(inline="always")
def write_values(tile, values, t, first, points, lanes):
    """values[:, t, first:first + lanes] = tile."""
    for i in range(points):
        for j in range(points):
            own, out = tile[(i * SIDE + j) * LANES:], values[i * points + j, t, first:]
            for lane in range(lanes):
                out[lane] = own[lane]


@njit(inline="always")
def read_values(values, tile, t, first, points, lanes):
    """tile = values[:, t, first:first + lanes]."""
    for i in range(points):
        for j in range(points):
            own, out = values[i * points + j, t, first:], tile[(i * SIDE + j) * LANES:]
            for lane in range(lanes):
                out[lane] = own[lane]


# ---- algebra: the four one-dimensional transforms, in place --------------------------------------
#
# `count` transforms at once: number k of transform t is tile[k·step + t]. A step of LANES goes
# along a tile's row, a step of SIDE·LANES down its column.
#
# Points p and −p share their even and their odd powers: one gets the sum of the two parts, the
# other the difference. `even` and `odd` are the parts of ±1, `even2` and `odd2` those of ±2,
# `even_half` and `odd_half` those of ±½.

@njit(inline="always")
def times_BT(tile, step, count, points):
    """Bᵀ d, n numbers to n."""
    number = tile.dtype.type
    for t in range(count):
        # the first six inputs
        d0, d1, d2 = tile[t], tile[step + t], tile[2 * step + t]
        d3, d4, d5 = tile[3 * step + t], tile[4 * step + t], tile[5 * step + t]
        if points == 6:
            # pairs ±1 and ±2; the points 0 and ∞
            even, odd = d4 - number(4) * d2, d3 - number(4) * d1
            even2, odd2 = d4 - d2, number(2) * (d3 - d1)
            tile[t] = number(4) * d0 - number(5) * d2 + d4
            tile[5 * step + t] = number(4) * d1 - number(5) * d3 + d5
        else:
            # pairs ±1, ±2 and ±½
            d6, d7 = tile[6 * step + t], tile[7 * step + t]
            even, odd = d6 - number(4.25) * d4 + d2, d5 - number(4.25) * d3 + d1
            even2 = d6 - number(1.25) * d4 + number(0.25) * d2
            odd2 = number(2) * d5 - number(2.5) * d3 + number(0.5) * d1
            even_half = d6 - number(5) * d4 + number(4) * d2
            odd_half = number(0.5) * d5 - number(2.5) * d3 + number(2) * d1
            # the points 0, ½, −½ and ∞
            tile[t] = d6 - d0 + number(5.25) * (d2 - d4)
            tile[5 * step + t] = even_half + odd_half
            tile[6 * step + t] = even_half - odd_half
            tile[7 * step + t] = d7 - d1 + number(5.25) * (d3 - d5)
        # the points 1, −1, 2, −2
        tile[step + t], tile[2 * step + t] = even + odd, even - odd
        tile[3 * step + t], tile[4 * step + t] = even2 + odd2, even2 - odd2


@njit(inline="always")
def times_B(tile, step, count, points):
    """B v, n numbers to n: the adjoint of times_BT."""
    number = tile.dtype.type
    for t in range(count):
        # the values at 0, 1, −1, 2, −2; the sixth is that at ∞ or at ½
        d0, d1, d2 = tile[t], tile[step + t], tile[2 * step + t]
        d3, d4, d5 = tile[3 * step + t], tile[4 * step + t], tile[5 * step + t]
        even, odd, even2, odd2 = d1 + d2, d1 - d2, d3 + d4, number(2) * (d3 - d4)
        if points == 6:
            # six inputs
            tile[t] = number(4) * d0
            tile[step + t] = number(4) * (d5 - odd) - odd2
            tile[2 * step + t] = -number(5) * d0 - number(4) * even - even2
            tile[3 * step + t] = odd + odd2 - number(5) * d5
            tile[4 * step + t] = d0 + even + even2
        else:
            # the values at ½, −½ and ∞
            d6, d7 = tile[6 * step + t], tile[7 * step + t]
            even_half, odd_half = d5 + d6, number(0.5) * (d5 - d6)
            # inputs 0 to 3
            tile[t] = -d0
            tile[step + t] = odd + number(0.25) * odd2 + number(4) * odd_half - d7
            tile[2 * step + t] = (number(5.25) * d0 + even + number(0.25) * even2
                                  + number(4) * even_half)
            tile[3 * step + t] = (number(5.25) * d7 - number(4.25) * odd
                                  - number(1.25) * odd2 - number(5) * odd_half)
            # inputs 4 to 7
            tile[4 * step + t] = -(number(5.25) * d0 + number(4.25) * even
                                   + number(1.25) * even2 + number(5) * even_half)
            tile[5 * step + t] = odd + odd2 + odd_half - number(5.25) * d7
            tile[6 * step + t] = d0 + even + even2 + even_half
            tile[7 * step + t] = d7


@njit(inline="always")
def times_AT(tile, step, count, points, outputs):
    """Aᵀ p, n numbers to m: number k is Σ point^k · p. MOST_OUTPUTS are written."""
    number = tile.dtype.type
    for t in range(count):
        # pairs ±1 and ±2
        d1, d2, d3, d4 = tile[step + t], tile[2 * step + t], tile[3 * step + t], tile[4 * step + t]
        even, odd, even2, odd2 = d1 + d2, d1 - d2, d3 + d4, d3 - d4
        # their powers 0 to 4
        y0, y1 = tile[t] + even + even2, odd + number(2) * odd2
        y2, y3 = even + number(4) * even2, odd + number(8) * odd2
        y4 = even + number(16) * even2
        if points == 8:
            # and those of ±½
            even_half = tile[5 * step + t] + tile[6 * step + t]
            odd_half = tile[5 * step + t] - tile[6 * step + t]
            y0, y1, y2 = y0 + even_half, y1 + number(0.5) * odd_half, y2 + number(0.25) * even_half
            y3, y4 = y3 + number(0.125) * odd_half, y4 + number(0.0625) * even_half
        # write
        tile[t], tile[step + t], tile[2 * step + t] = y0, y1, y2
        tile[3 * step + t], tile[4 * step + t] = y3, y4
    # ∞ stands for the highest power
    own, out = tile[(points - 1) * step:], tile[(outputs - 1) * step:]
    for t in range(count):
        out[t] += own[t]


@njit(inline="always")
def times_A(tile, step, count, points, outputs):
    """A d, the adjoint of times_AT: the polynomial with coefficients d, at each point.

    m numbers to n. MOST_OUTPUTS are read: those behind the m-th are zero.
    """
    number = tile.dtype.type
    # ∞: the highest coefficient
    own, out = tile[(outputs - 1) * step:], tile[(points - 1) * step:]
    for t in range(count):
        out[t] = own[t]
    for t in range(count):
        # pairs ±1 and ±2
        d0, d1, d2 = tile[t], tile[step + t], tile[2 * step + t]
        d3, d4 = tile[3 * step + t], tile[4 * step + t]
        even, odd = d0 + d2 + d4, d1 + d3
        even2, odd2 = d0 + number(4) * d2 + number(16) * d4, number(2) * d1 + number(8) * d3
        # the points 1, −1, 2, −2; 0 stays as it is
        tile[step + t], tile[2 * step + t] = even + odd, even - odd
        tile[3 * step + t], tile[4 * step + t] = even2 + odd2, even2 - odd2
        if points == 8:
            # and ±½
            even_half = d0 + number(0.25) * d2 + number(0.0625) * d4
            odd_half = number(0.5) * d1 + number(0.125) * d3
            tile[5 * step + t] = even_half + odd_half
            tile[6 * step + t] = even_half - odd_half
