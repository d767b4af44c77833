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
one row of tiles of some images (or a part of one's) is one contiguous run, and so is each row of pixels they are cut from, once it has
been transformed along the columns. All arithmetic is on such runs, in vector instructions; only `gather` and `scatter` deal with single pixels.

Threads: these kernels are called by several Python threads at once (numpyzf/winograd.py), each for channels or images of its own.

Cost: per tile and channel some 200 additions and 24 to 36 single pixels moved, per tile and pair of maps 36 multiply-adds: it pays with
some 20 maps or more. Its price: powers of the points amplify rounding, to 1e-5 of the largest output or so in float32.
Source: Lavin & Gray 2015; the points go back to Toom, Cook and Winograd.
"""
import numpy as np
from numba import njit

RUN = 32        # tiles in a run: what is at hand of them stays in the first-level cache. A fixed length, for full vector instructions


# ---- the four one-dimensional transforms, of RUN tiles at once: rows a, a + s, … of d become rows b, b + u, … of e ---------

@njit(inline="always")
def _inputs_to_points(d, a, s, e, b, u):
    """e = Bᵀ d, six rows to six."""
    two, four, five = d.dtype.type(2), d.dtype.type(4), d.dtype.type(5)
    for t in range(RUN):
        d0, d1, d2, d3, d4, d5 = d[a, t], d[a + s, t], d[a + 2 * s, t], d[a + 3 * s, t], d[a + 4 * s, t], d[a + 5 * s, t]
        even, odd, even2, odd2 = d4 - four * d2, d3 - four * d1, d4 - d2, two * (d3 - d1)
        e[b, t] = four * d0 - five * d2 + d4
        e[b + u, t] = even + odd
        e[b + 2 * u, t] = even - odd
        e[b + 3 * u, t] = even2 + odd2
        e[b + 4 * u, t] = even2 - odd2
        e[b + 5 * u, t] = four * d1 - five * d3 + d5


@njit(inline="always")
def _inputs_from_points(d, a, s, e, b, u):
    """e += B d, six rows to six: the adjoint of _inputs_to_points, added up."""
    two, four, five = d.dtype.type(2), d.dtype.type(4), d.dtype.type(5)
    for t in range(RUN):
        d0, d1, d2, d3, d4, d5 = d[a, t], d[a + s, t], d[a + 2 * s, t], d[a + 3 * s, t], d[a + 4 * s, t], d[a + 5 * s, t]
        even, odd, even2, odd2 = d1 + d2, d1 - d2, d3 + d4, two * (d3 - d4)
        e[b, t] += four * d0
        e[b + u, t] += four * (d5 - odd) - odd2
        e[b + 2 * u, t] -= five * d0 + four * even + even2
        e[b + 3 * u, t] += odd + odd2 - five * d5
        e[b + 4 * u, t] += d0 + even + even2
        e[b + 5 * u, t] += d5


@njit(inline="always")
def _outputs_from_points(d, a, s, e, b, u, m):
    """e = Aᵀ d, six rows to m (the five of the largest m are written): row k is Σ point^k · d; ∞ stands for the highest power."""
    two, four, eight, sixteen = d.dtype.type(2), d.dtype.type(4), d.dtype.type(8), d.dtype.type(16)
    for t in range(RUN):
        d1, d2, d3, d4 = d[a + s, t], d[a + 2 * s, t], d[a + 3 * s, t], d[a + 4 * s, t]
        even, odd, even2, odd2 = d1 + d2, d1 - d2, d3 + d4, d3 - d4
        e[b, t] = d[a, t] + even + even2
        e[b + u, t] = odd + two * odd2
        e[b + 2 * u, t] = even + four * even2
        e[b + 3 * u, t] = odd + eight * odd2
        e[b + 4 * u, t] = even + sixteen * even2
    for t in range(RUN):
        e[b + (m - 1) * u, t] += d[a + 5 * s, t]


@njit(inline="always")
def _outputs_to_points(d, a, s, e, b, u, m):
    """e = A d, m rows (of five, the others zero) to six: the polynomial with coefficients d at each point. The adjoint of the above."""
    two, four, eight, sixteen = d.dtype.type(2), d.dtype.type(4), d.dtype.type(8), d.dtype.type(16)
    for t in range(RUN):
        d0, d1, d2, d3, d4 = d[a, t], d[a + s, t], d[a + 2 * s, t], d[a + 3 * s, t], d[a + 4 * s, t]
        even, odd, even2, odd2 = d0 + d2 + d4, d1 + d3, d0 + four * d2 + sixteen * d4, two * d1 + eight * d3
        e[b, t] = d0
        e[b + u, t] = even + odd
        e[b + 2 * u, t] = even - odd
        e[b + 3 * u, t] = even2 + odd2
        e[b + 4 * u, t] = even2 - odd2
    for t in range(RUN):
        e[b + 5 * u, t] = d[a + (m - 1) * s, t]


# ---- rows of pixels and runs of tiles. Loops, since NumPy's slices would take longer than what is copied --------------------

@njit(inline="always")
def _starts(across, step, width):
    """Where each tile of a run begins in `lines`, a row of pixels of each image: `across` tiles in each, `step` pixels apart."""
    starts = np.empty(RUN, np.int64)
    for t in range(RUN):
        starts[t] = t // across * width + t % across * step
    return starts


@njit(inline="always")
def _copy(values, out, n):
    for t in range(n):
        out[t] = values[t]


@njit(inline="always")
def _fill(out, value, n):
    for t in range(n):
        out[t] = value


@njit(inline="always")
def _gather(lines, starts, offset, step, run, taps, n):
    """run[k, t] = pixel offset + k·step of tile t, for k < taps."""
    for k in range(taps):
        pixels, out = lines[offset + k * step:], run[k]
        for t in range(n):
            out[t] = pixels[starts[t]]


@njit(inline="always")
def _scatter(run, lines, starts, offset, step, taps, n):
    """The adjoint of _gather: values that come to one pixel add up."""
    for k in range(taps):
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
    zero, group, inner = x.dtype.type(0), max(1, RUN // across), min(width, wide - pad)        # columns that no window visits stay out
    lines, pixels = np.zeros(group * wide, x.dtype), np.zeros((6, RUN), x.dtype)
    along, tiles = np.zeros((6 * rows, RUN), x.dtype), np.zeros((36, RUN), x.dtype)
    for c in range(first, last):
        for g in range(0, images, group):
            count = min(group, images - g)
            for left in range(0, across, RUN):
                n = count * min(RUN, across - left)
                for phase in range(stride * stride):
                    for row in range(rows):
                        h = row * stride + phase // stride - pad
                        for i in range(count):
                            line = lines[i * wide + pad:]
                            if 0 <= h < height:
                                _copy(x[g + i, c, h], line, inner)
                            else:
                                _fill(line, zero, inner)
                        _gather(lines, starts, phase % stride + left * m * stride, stride, pixels, 6, n)
                        _inputs_to_points(pixels, 0, 1, along, 6 * row, 1)
                    for y in range(down):
                        for j in range(6):
                            _inputs_to_points(along, 6 * y * m + j, 6, tiles, j, 6)
                        at = (y * images + g) * across + left
                        for k in range(36):
                            _copy(tiles[k], points[k, phase * channels + c, at:], n)


@njit(nogil=True, cache=True)
def inputs_from_points(points, x, first, last, m, down, across, stride, pad):
    """The adjoint: B p Bᵀ of every tile, added up where tiles overlap; points (36, stride²·C, T) -> x (G, C, H, W)."""
    images, channels, height, width = x.shape
    rows, wide = (down - 1) * m + 6, stride * ((across - 1) * m + 6)
    starts = _starts(across, m * stride, wide)
    zero, group, inner = x.dtype.type(0), max(1, RUN // across), min(width, wide - pad)
    lines, pixels = np.zeros(group * wide, x.dtype), np.zeros((6, RUN), x.dtype)
    along, tiles = np.zeros((6 * rows, RUN), x.dtype), np.zeros((36, RUN), x.dtype)
    for c in range(first, last):
        for g in range(0, images, group):
            count = min(group, images - g)
            x[g:g + count, c] = 0
            for left in range(0, across, RUN):
                n = count * min(RUN, across - left)
                for phase in range(stride * stride):
                    along[:] = 0
                    for y in range(down):
                        at = (y * images + g) * across + left
                        for k in range(36):
                            _copy(points[k, phase * channels + c, at:], tiles[k], n)
                        for j in range(6):
                            _inputs_from_points(tiles, j, 6, along, 6 * y * m + j, 6)
                    for row in range(rows):
                        h = row * stride + phase // stride - pad
                        if 0 <= h < height:
                            pixels[:] = 0
                            _fill(lines, zero, lines.size)
                            _inputs_from_points(along, 6 * row, 1, pixels, 0, 1)
                            _scatter(pixels, lines, starts, phase % stride + left * m * stride, stride, 6, n)
                            for i in range(count):
                                line, out = lines[i * wide + pad:], x[g + i, c, h]
                                for w in range(inner):
                                    out[w] += line[w]


@njit(nogil=True, cache=True)
def outputs_from_points(points, bias, y, first, last, m, down, across):
    """Aᵀ p A of every tile, and the bias: points (36, F, T) -> y (G, F, OH, OW). What hangs over the edge is cut."""
    images, filters, oh, ow = y.shape
    wide = across * m
    starts = _starts(across, m, wide)
    group = max(1, RUN // across)
    lines, tiles = np.empty(group * wide, y.dtype), np.zeros((36, RUN), y.dtype)
    along, pixels = np.zeros((30, RUN), y.dtype), np.zeros((5, RUN), y.dtype)
    for f in range(first, last):
        for g in range(0, images, group):
            count = min(group, images - g)
            for left in range(0, across, RUN):
                n = count * min(RUN, across - left)
                for row in range(down):
                    at = (row * images + g) * across + left
                    for k in range(36):
                        _copy(points[k, f, at:], tiles[k], n)
                    for j in range(6):
                        _outputs_from_points(tiles, j, 6, along, j, 6, m)
                    for i in range(min(m, oh - row * m)):
                        _outputs_from_points(along, 6 * i, 1, pixels, 0, 1, m)
                        _fill(lines, bias[f], lines.size)
                        _scatter(pixels, lines, starts, left * m, 1, m, n)
                        for k in range(count):
                            _copy(lines[k * wide + left * m:], y[g + k, f, row * m + i, left * m:], min(ow - left * m, RUN * m))


@njit(nogil=True, cache=True)
def outputs_to_points(dy, points, first, last, m, down, across):
    """The adjoint: A t Aᵀ of every tile t; dy (G, F, OH, OW) -> points (36, F, T)."""
    images, filters, oh, ow = dy.shape
    wide = across * m
    starts = _starts(across, m, wide)
    zero, group = dy.dtype.type(0), max(1, RUN // across)
    lines, tiles = np.zeros(group * wide, dy.dtype), np.zeros((36, RUN), dy.dtype)
    along, pixels = np.zeros((30, RUN), dy.dtype), np.zeros((5, RUN), dy.dtype)
    for f in range(first, last):
        for g in range(0, images, group):
            count = min(group, images - g)
            for left in range(0, across, RUN):
                n = count * min(RUN, across - left)
                for row in range(down):
                    for i in range(m):
                        for k in range(count):
                            if row * m + i < oh:
                                _copy(dy[g + k, f, row * m + i], lines[k * wide:], ow)
                            else:
                                _fill(lines[k * wide:], zero, ow)
                        _gather(lines, starts, left * m, 1, pixels, m, n)
                        _outputs_to_points(pixels, 0, 1, along, 6 * i, 1, m)
                    for j in range(6):
                        _outputs_to_points(along, j, 6, tiles, j, 6, m)
                    at = (row * images + g) * across + left
                    for k in range(36):
                        _copy(tiles[k], points[k, f, at:], n)
