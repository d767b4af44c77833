"""Winograd's kernels: maps and filters to their values at the points, and back.

winograd.py has what they are for, and the letters.

Values at the points are (n², R, maps) for T ≤ R tiles; point (i, j) is number n·i + j. Tiles are
ordered by image, row of tiles, column of tiles. All arithmetic is on LANES maps side by side, a
part of the maps, in vector instructions. So an image's maps are laid out anew, part by part:

    a row of maps c, c+1, c+2       00 01 02 03       00 01 02 03       00 01 02 03
    side by side                    00 00 00   01 01 01   02 02 02   03 03 03
    of maps                         c c+1 c+2  c c+1 c+2  c c+1 c+2  c c+1 c+2

A tile has memory of its own, and is transformed where it is: number (SIDE·i + j)·LANES + l is row
i, column j, map l of the part. SIDE and LANES are fixed numbers. So the compiler knows that rows
don't overlap, and needs no check before each loop. The last part may have fewer maps, `lanes`.
"""
import numpy as np

from .cache import njit
from .phases import inside
from .polynomials import LANES, SIDE, times_A, times_AT, times_B, times_BT


# ---- inputs and outputs -------------------------------------------------------------------------

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

    Returns a sum of all numbers in the result, and of those in the padding.
    """
    channels, total = x.shape[1], x.dtype.type(0)
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
                total += sum_of(pixels[part])
    return total


@njit(nogil=True, cache=True)
def outputs_from_points(values, b, y, points, outputs, tiles_down, tiles_across, start, stop):
    """Aᵀ p A of every tile p, and the bias. What hangs over the edge is cut.

    values: (n², R, F).
    b: (F,).
    y: (G, F, OH, OW), the result.
    points, outputs, tiles_down, tiles_across: the Tiles.
    start, stop: which of the G images.

    Returns a sum of all numbers in the result, and of those that were cut.
    """
    filters, total = y.shape[1], y.dtype.type(0)
    parts = (filters + LANES - 1) // LANES
    # memory: the outputs of all tiles, (parts, rows, columns, LANES); a tile
    rows, columns = tiles_down * outputs, tiles_across * outputs
    pixels = np.zeros((parts, rows * columns * LANES), y.dtype)
    tile = np.zeros(SIDE * SIDE * LANES, y.dtype)
    for n in range(start, stop):
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
                    # add the bias
                    place = (down * outputs * columns + across * outputs) * LANES
                    add_bias(tile, SIDE, pixels[part, place:], columns, outputs, lanes, b[first:])
        # to the maps
        for part in range(parts):
            take_apart(pixels[part], y[n, part * LANES:], rows, columns, 0, 0, 1)
            total += sum_of(pixels[part])
    return total


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
                    tile[:(points - 1) * SIDE * LANES] = 0
                    place = (down * outputs * columns + across * outputs) * LANES
                    copy_square(pixels[part, place:], columns, tile, SIDE, outputs, lanes)
                    # transform it, along its rows and down all columns
                    for i in range(outputs):
                        times_A(tile[i * SIDE * LANES:], LANES, lanes, points, outputs)
                    for j in range(points):
                        times_A(tile[j * LANES:], SIDE * LANES, lanes, points, outputs)
                    # write its values
                    write_values(tile, values, t, first, points, lanes)


# ---- filters ------------------------------------------------------------------------------------

@njit(nogil=True, cache=True)
def filters_to_points(w, U, scales, points, taps, stride, start, stop):
    """G w Gᵀ of every filter w.

    w: (F, C, K, K).
    U: (n², F, s²·C), the result.
    scales: (n,), of the points.
    points, taps, stride: n, r and s.
    start, stop: which of the F filters.
    """
    channels, size = w.shape[1], w.shape[2]
    tile = np.zeros(SIDE * SIDE * LANES, w.dtype)
    for f in range(start, stop):
        for phase in range(stride * stride):
            # the phase's first tap, and how many rows and columns of taps it has
            top, left = phase // stride, phase % stride
            down = (size - top + stride - 1) // stride
            across = (size - left + stride - 1) // stride
            for first in range(0, channels, LANES):
                lanes = min(LANES, channels - first)
                # this phase's taps; those behind the filter's edge are zero, and so are those that
                # times_A finds behind the last
                tile[:(points - 1) * SIDE * LANES] = 0
                for i in range(down):
                    for j in range(across):
                        # one tap of all channels after the other
                        own = tile[(i * SIDE + j) * LANES:]
                        tap = w[f, first:, top + i * stride, left + j * stride]
                        for lane in range(lanes):
                            own[lane] = tap[lane]
                # transform them, along the rows and down all columns
                for i in range(taps):
                    times_A(tile[i * SIDE * LANES:], LANES, lanes, points, taps)
                for j in range(points):
                    times_A(tile[j * LANES:], SIDE * LANES, lanes, points, taps)
                # scale, and write
                scale_values(tile, scales, points, lanes)
                write_values(tile, U, f, phase * channels + first, points, lanes)


@njit(nogil=True, cache=True)
def points_to_filters(dU, dw, scales, points, taps, stride, start, stop):
    """Gᵀ u G of every filter's values u: the adjoint of filters_to_points.

    dU: (n², F, s²·C).
    dw: (F, C, K, K), the result.
    scales, points, taps, stride, start, stop: as there.

    Returns the sum of the result.
    """
    channels, size, total = dw.shape[1], dw.shape[2], dw.dtype.type(0)
    tile = np.zeros(SIDE * SIDE * LANES, dw.dtype)
    for f in range(start, stop):
        for phase in range(stride * stride):
            # the phase's first tap, and how many rows and columns of taps it has
            top, left = phase // stride, phase % stride
            down = (size - top + stride - 1) // stride
            across = (size - left + stride - 1) // stride
            for first in range(0, channels, LANES):
                lanes = min(LANES, channels - first)
                # read the values, and scale them
                read_values(dU, tile, f, phase * channels + first, points, lanes)
                scale_values(tile, scales, points, lanes)
                # transform them, down all columns, and along the rows that are left
                for j in range(points):
                    times_AT(tile[j * LANES:], SIDE * LANES, lanes, points, taps)
                for i in range(taps):
                    times_AT(tile[i * SIDE * LANES:], LANES, lanes, points, taps)
                # write this phase's taps
                for i in range(down):
                    for j in range(across):
                        own = tile[(i * SIDE + j) * LANES:]
                        tap = dw[f, first:, top + i * stride, left + j * stride]
                        for lane in range(lanes):
                            tap[lane] = own[lane]
        total += sum_of(dw[f].reshape(-1))
    return total


# ---- copies -------------------------------------------------------------------------------------
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


@njit(nogil=True, fastmath={"reassoc"})     # in any order: what is asked is whether it's finite
def sum_of(pixels):
    """The sum of all pixels."""
    total = pixels.dtype.type(0)
    # by their numbers: a loop over the pixels themselves would take ten times as long
    for pixel in range(len(pixels)):
        total += pixels[pixel]
    return total


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
def add_bias(source, source_side, out, out_side, side, lanes, bias):
    """out = source + bias, as in copy_square."""
    for i in range(side):
        for j in range(side):
            own, other = source[(i * source_side + j) * LANES:], out[(i * out_side + j) * LANES:]
            for lane in range(lanes):
                other[lane] = own[lane] + bias[lane]


@njit(inline="always")
def write_values(tile, values, t, first, points, lanes):
    """values[:, t, first:first + lanes] = tile."""
    for i in range(points):
        for j in range(points):
            own, out = tile[(i * SIDE + j) * LANES:], values[i * points + j, t, first:]
            for lane in range(lanes):
                out[lane] = own[lane]


@njit(inline="always")
def scale_values(tile, scales, points, lanes):
    """Each of the tile's values times the scales of its row and its column."""
    for i in range(points):
        for j in range(points):
            own, scale = tile[(i * SIDE + j) * LANES:], scales[i] * scales[j]
            for lane in range(lanes):
                own[lane] *= scale


@njit(inline="always")
def read_values(values, tile, t, first, points, lanes):
    """tile = values[:, t, first:first + lanes]."""
    for i in range(points):
        for j in range(points):
            own, out = values[i * points + j, t, first:], tile[(i * SIDE + j) * LANES:]
            for lane in range(lanes):
                out[lane] = own[lane]
