"""Winograd's convolution: a tile of outputs by polynomial interpolation, with a fraction of the multiplications.

The idea: along one axis, m outputs of a filter with r taps are coefficients of a product of two polynomials, known from its
values at m + r − 1 points. Here these are always six: 0, 1, −1, 2, −2 and ∞. So six inputs give m = 7 − r outputs with 6
multiplications in place of m·r; in two dimensions, one axis after the other, m² outputs with 36 in place of m²r²: for 3×3 filters
36, not 144. Channels are summed at the points, where a convolution is one matrix product per point (numpyzf/winograd.py):

    Y = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ d B)] A        d 6×6 inputs, w r×r taps, Y m×m outputs, ⊙ element by element

Bᵀ is the same for every r; A and G hold powers of the points. The gradients need nothing new: each step is linear, and they are its
adjoint. `inputs_from_points` is that of `inputs_to_points`, and `outputs_to_points` that of `outputs_from_points`.

A stride s is taken apart: the pixels with the same row and column modulo s are channels of their own, s² per channel, which every s-th
tap filters at stride 1. A 5×5 filter of stride 2 becomes four of 3×3 taps, some of them zero.

Layout: points (36, channels, T), point (i, j) is number 6·i + j. The T tiles are ordered by row of tiles, image, column of tiles: then
one row of tiles of some images is one contiguous run, and so is each row of pixels they are cut from, once it has been transformed along
the columns. All arithmetic is on such runs, in vector instructions; only `gather` and `scatter` deal with single pixels.

Threads: these kernels are called by several Python threads at once (numpyzf/winograd.py), each for channels or images of its own.

Cost: per tile and channel some 200 additions and 24 to 36 single pixels moved, per tile and pair of maps 36 multiply-adds: it pays with
some 20 maps or more. Its price: powers of the points amplify rounding, to 1e-5 of the largest output or so in float32.
Source: Lavin & Gray 2015; the points go back to Toom, Cook and Winograd.
"""
import numpy as np
from numba import njit

RUN = 64        # tiles in a run, about: what is at hand of them stays in the first-level cache


# ---- the four one-dimensional transforms, of n tiles at once: rows a, a + s, … of d become rows b, b + u, … of e ---------

@njit(inline="always")
def _inputs_to_points(d, a, s, e, b, u, n):
    """e = Bᵀ d, six rows to six."""
    two, four, five = d.dtype.type(2), d.dtype.type(4), d.dtype.type(5)
    for t in range(n):
        d0, d1, d2, d3, d4, d5 = d[a, t], d[a + s, t], d[a + 2 * s, t], d[a + 3 * s, t], d[a + 4 * s, t], d[a + 5 * s, t]
        even, odd, even2, odd2 = d4 - four * d2, d3 - four * d1, d4 - d2, two * (d3 - d1)
        e[b, t] = four * d0 - five * d2 + d4
        e[b + u, t] = even + odd
        e[b + 2 * u, t] = even - odd
        e[b + 3 * u, t] = even2 + odd2
        e[b + 4 * u, t] = even2 - odd2
        e[b + 5 * u, t] = four * d1 - five * d3 + d5


@njit(inline="always")
def _inputs_from_points(d, a, s, e, b, u, n):
    """e += B d, six rows to six: the adjoint of _inputs_to_points, added up."""
    two, four, five = d.dtype.type(2), d.dtype.type(4), d.dtype.type(5)
    for t in range(n):
        d0, d1, d2, d3, d4, d5 = d[a, t], d[a + s, t], d[a + 2 * s, t], d[a + 3 * s, t], d[a + 4 * s, t], d[a + 5 * s, t]
        even, odd, even2, odd2 = d1 + d2, d1 - d2, d3 + d4, two * (d3 - d4)
        e[b, t] += four * d0
        e[b + u, t] += four * (d5 - odd) - odd2
        e[b + 2 * u, t] -= five * d0 + four * even + even2
        e[b + 3 * u, t] += odd + odd2 - five * d5
        e[b + 4 * u, t] += d0 + even + even2
        e[b + 5 * u, t] += d5


@njit(inline="always")
def _outputs_from_points(d, a, s, e, b, u, n, m):
    """e = Aᵀ d, six rows to m: row k is Σ point^k · d, and ∞ stands for the highest power."""
    for k in range(m):
        power, sign = d.dtype.type(2 ** k), d.dtype.type(1 - 2 * (k % 2))
        for t in range(n):
            e[b + k * u, t] = d[a + s, t] + sign * d[a + 2 * s, t] + power * (d[a + 3 * s, t] + sign * d[a + 4 * s, t])
    for t in range(n):
        e[b, t] += d[a, t]
        e[b + (m - 1) * u, t] += d[a + 5 * s, t]


@njit(inline="always")
def _outputs_to_points(d, a, s, e, b, u, n, m):
    """e = A d, m rows to six: the polynomial with coefficients d at each point. The adjoint of _outputs_from_points."""
    for k in range(1, 5):
        point = d.dtype.type((1, -1, 2, -2)[k - 1])
        for t in range(n):
            e[b + k * u, t] = d[a + (m - 1) * s, t]
        for i in range(m - 2, -1, -1):                      # Horner's rule
            for t in range(n):
                e[b + k * u, t] = e[b + k * u, t] * point + d[a + i * s, t]
    for t in range(n):
        e[b, t] = d[a, t]
        e[b + 5 * u, t] = d[a + (m - 1) * s, t]


# ---- rows of pixels and runs of tiles -------------------------------------------------------------------------------

@njit(inline="always")
def _starts(across, step, width):
    """Where each tile of a run begins in `lines`, a row of pixels of each image: `across` tiles in each, `step` pixels apart."""
    starts = np.empty(max(1, RUN // across) * across, np.int64)
    for t in range(starts.size):
        starts[t] = t // across * width + t % across * step
    return starts


@njit(inline="always")
def _gather(lines, starts, offset, step, run, n):
    """run[k, t] = pixel offset + k·step of tile t."""
    for k in range(run.shape[0]):
        pixels, out = lines[offset + k * step:], run[k]
        for t in range(n):
            out[t] = pixels[starts[t]]


@njit(inline="always")
def _scatter(run, lines, starts, offset, step, n):
    """The adjoint of _gather: values that come to one pixel add up."""
    for k in range(run.shape[0]):
        pixels, values = lines[offset + k * step:], run[k]
        for t in range(n):
            pixels[starts[t]] += values[t]


# ---- the kernels, for channels first … last − 1 ---------------------------------------------------------------------

@njit(nogil=True, cache=True)
def inputs_to_points(x, points, first, last, m, down, across, stride, pad):
    """Bᵀ d B of every tile d: x (G, C, H, W) -> points (36, stride²·C, T), T = down·G·across tiles of m×m outputs."""
    images, channels, height, width = x.shape
    rows, wide = (down - 1) * m + 6, stride * ((across - 1) * m + 6)
    starts = _starts(across, m * stride, wide)
    group, inner = starts.size // across, min(width, wide - pad)        # columns that no window visits stay out
    lines, pixels = np.zeros(group * wide, x.dtype), np.empty((6, starts.size), x.dtype)
    along, tiles = np.empty((6 * rows, starts.size), x.dtype), np.empty((36, starts.size), x.dtype)
    for c in range(first, last):
        for g in range(0, images, group):
            count = min(group, images - g)
            n = count * across
            for phase in range(stride * stride):
                for row in range(rows):
                    h = row * stride + phase // stride - pad
                    for i in range(count):
                        line = lines[i * wide + pad:i * wide + pad + inner]
                        if 0 <= h < height:
                            line[:] = x[g + i, c, h, :inner]
                        else:
                            line[:] = 0
                    _gather(lines, starts, phase % stride, stride, pixels, n)
                    _inputs_to_points(pixels, 0, 1, along, row, rows, n)
                for y in range(down):
                    for j in range(6):
                        _inputs_to_points(along, j * rows + y * m, 1, tiles, j, 6, n)
                    at = (y * images + g) * across
                    for k in range(36):
                        points[k, phase * channels + c, at:at + n] = tiles[k, :n]


@njit(nogil=True, cache=True)
def inputs_from_points(points, x, first, last, m, down, across, stride, pad):
    """The adjoint: B p Bᵀ of every tile, added up where tiles overlap; points (36, stride²·C, T) -> x (G, C, H, W)."""
    images, channels, height, width = x.shape
    rows, wide = (down - 1) * m + 6, stride * ((across - 1) * m + 6)
    starts = _starts(across, m * stride, wide)
    group, inner = starts.size // across, min(width, wide - pad)
    lines, pixels = np.zeros(group * wide, x.dtype), np.empty((6, starts.size), x.dtype)
    along, tiles = np.empty((6 * rows, starts.size), x.dtype), np.empty((36, starts.size), x.dtype)
    for c in range(first, last):
        for g in range(0, images, group):
            count = min(group, images - g)
            n = count * across
            x[g:g + count, c] = 0
            for phase in range(stride * stride):
                along[:] = 0
                for y in range(down):
                    at = (y * images + g) * across
                    for k in range(36):
                        tiles[k, :n] = points[k, phase * channels + c, at:at + n]
                    for j in range(6):
                        _inputs_from_points(tiles, j, 6, along, j * rows + y * m, 1, n)
                for row in range(rows):
                    h = row * stride + phase // stride - pad
                    if 0 <= h < height:
                        pixels[:] = 0
                        lines[:] = 0
                        _inputs_from_points(along, row, rows, pixels, 0, 1, n)
                        _scatter(pixels, lines, starts, phase % stride, stride, n)
                        for i in range(count):
                            line, out = lines[i * wide + pad:i * wide + pad + inner], x[g + i, c, h, :inner]
                            for w in range(inner):
                                out[w] += line[w]


@njit(nogil=True, cache=True)
def outputs_from_points(points, bias, y, first, last, m, down, across):
    """Aᵀ p A of every tile, and the bias: points (36, F, T) -> y (G, F, OH, OW). What hangs over the edge is cut."""
    images, filters, oh, ow = y.shape
    wide = across * m
    starts = _starts(across, m, wide)
    group = starts.size // across
    lines, tiles = np.empty(group * wide, y.dtype), np.empty((36, starts.size), y.dtype)
    along, pixels = np.empty((6 * m, starts.size), y.dtype), np.empty((m, starts.size), y.dtype)
    for f in range(first, last):
        for g in range(0, images, group):
            count = min(group, images - g)
            n = count * across
            for row in range(down):
                at = (row * images + g) * across
                for k in range(36):
                    tiles[k, :n] = points[k, f, at:at + n]
                for j in range(6):
                    _outputs_from_points(tiles, j, 6, along, j, 6, n, m)
                for i in range(min(m, oh - row * m)):
                    _outputs_from_points(along, 6 * i, 1, pixels, 0, 1, n, m)
                    lines[:] = bias[f]
                    _scatter(pixels, lines, starts, 0, 1, n)
                    for k in range(count):
                        y[g + k, f, row * m + i] = lines[k * wide:k * wide + ow]


@njit(nogil=True, cache=True)
def outputs_to_points(dy, points, first, last, m, down, across):
    """The adjoint: A t Aᵀ of every tile t; dy (G, F, OH, OW) -> points (36, F, T)."""
    images, filters, oh, ow = dy.shape
    wide = across * m
    starts = _starts(across, m, wide)
    group = starts.size // across
    lines, tiles = np.zeros(group * wide, dy.dtype), np.empty((36, starts.size), dy.dtype)
    along, pixels = np.empty((6 * m, starts.size), dy.dtype), np.empty((m, starts.size), dy.dtype)
    for f in range(first, last):
        for g in range(0, images, group):
            count = min(group, images - g)
            n = count * across
            for row in range(down):
                for i in range(m):
                    for k in range(count):
                        line = lines[k * wide:k * wide + ow]
                        if row * m + i < oh:
                            line[:] = dy[g + k, f, row * m + i]
                        else:
                            line[:] = 0
                    _gather(lines, starts, 0, 1, pixels, n)
                    _outputs_to_points(pixels, 0, 1, along, 6 * i, 1, n, m)
                for j in range(6):
                    _outputs_to_points(along, j, 6, tiles, j, 6, n, m)
                at = (row * images + g) * across
                for k in range(36):
                    points[k, f, at:at + n] = tiles[k, :n]
