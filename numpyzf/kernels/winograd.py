"""Winograd's convolution: a tile of outputs by polynomial interpolation, with a fraction of the multiplications.

The idea: along one axis, m outputs of a filter with r taps are coefficients of a product of two polynomials, known from its
values at n = m + r − 1 points. So n inputs give m outputs with n multiplications in place of m·r; in two dimensions, one axis after the
other, m² outputs with n² in place of m²r². Channels are summed at the points, where a convolution is one matrix product per point
(numpyzf/winograd.py):

    Y = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ d B)] A        d n×n inputs, w r×r taps, Y m×m outputs, ⊙ element by element

Two sets of points: n = 6 (0, ±1, ±2, ∞) for 2 and 3 taps, 36 multiplications for 16 outputs of a 3×3 filter in place of 144; and n = 8
(also ±½) for 4 to 7, 64 in place of 400 for 16 outputs of a 5×5 filter. Bᵀ holds, for each point, the coefficients of the polynomial
that is zero at all the others; A and G hold powers of the points. The gradients need nothing new: each step is linear, and they are its
adjoint. `inputs_from_points` is that of `inputs_to_points`, and `outputs_to_points` that of `outputs_from_points`.

A stride s is taken apart: the pixels with the same row and column modulo s are channels of their own, s² per channel, which every s-th
tap filters at stride 1. A 5×5 filter of stride 2 becomes four of 3×3 taps, some of them zero.

Layout: points (n², channels, T), point (i, j) is number n·i + j. The T tiles are ordered by row of tiles, image, column of tiles: then
one row of tiles of some images (or a part of one's) is one contiguous run, and so is each row of pixels they are cut from, once it has
been transformed along the columns. All arithmetic is on such runs, in vector instructions; only `gather` and `scatter` deal with single pixels.

Threads: these kernels are called by several Python threads at once (numpyzf/winograd.py), each for channels or images of its own.

Cost: per tile and channel 4·n² additions or so and m·n to n² single pixels moved, per tile and pair of maps n² multiply-adds: it pays with
some 16 maps or more. Its price: powers of the points amplify rounding, to 1e-5 of the largest output or so in float32.
Source: Lavin & Gray 2015; the points go back to Toom, Cook and Winograd.
"""
import numpy as np
from numba import njit

RUN = 64        # tiles in a run: what is at hand of them stays in the first-level cache. A fixed length, for full vector instructions
SIDE = 8        # rows of points in a tile at hand; a fixed number for the same reason


# ---- the four one-dimensional transforms, of RUN tiles at once: rows a, a + s, … of d become rows b, b + u, … of e -------
# A pair of points ±p shares its even and odd powers: what stands for p is even + p·odd, for −p even − p·odd.

@njit(inline="always")
def _inputs_to_points(d, a, s, e, b, u, n):
    """e = Bᵀ d, n rows to n."""
    number = d.dtype.type
    for t in range(RUN):
        d0, d1, d2, d3, d4, d5 = d[a, t], d[a + s, t], d[a + 2 * s, t], d[a + 3 * s, t], d[a + 4 * s, t], d[a + 5 * s, t]
        if n == 6:
            even, odd, even2, odd2 = d4 - number(4) * d2, d3 - number(4) * d1, d4 - d2, number(2) * (d3 - d1)
            e[b, t] = number(4) * d0 - number(5) * d2 + d4
            e[b + 5 * u, t] = number(4) * d1 - number(5) * d3 + d5
        else:
            d6, d7 = d[a + 6 * s, t], d[a + 7 * s, t]
            even, odd = d6 - number(4.25) * d4 + d2, d5 - number(4.25) * d3 + d1
            even2, odd2 = d6 - number(1.25) * d4 + number(0.25) * d2, number(2) * d5 - number(2.5) * d3 + number(0.5) * d1
            half, odd_half = d6 - number(5) * d4 + number(4) * d2, number(0.5) * d5 - number(2.5) * d3 + number(2) * d1
            e[b, t] = d6 - d0 + number(5.25) * (d2 - d4)
            e[b + 5 * u, t] = half + odd_half
            e[b + 6 * u, t] = half - odd_half
            e[b + 7 * u, t] = d7 - d1 + number(5.25) * (d3 - d5)
        e[b + u, t] = even + odd
        e[b + 2 * u, t] = even - odd
        e[b + 3 * u, t] = even2 + odd2
        e[b + 4 * u, t] = even2 - odd2


@njit(inline="always")
def _inputs_from_points(d, a, s, e, b, u, n):
    """e += B d, n rows to n: the adjoint of _inputs_to_points, added up."""
    number = d.dtype.type
    for t in range(RUN):
        d0, d1, d2, d3, d4, d5 = d[a, t], d[a + s, t], d[a + 2 * s, t], d[a + 3 * s, t], d[a + 4 * s, t], d[a + 5 * s, t]
        even, odd, even2, odd2 = d1 + d2, d1 - d2, d3 + d4, number(2) * (d3 - d4)
        if n == 6:
            e[b, t] += number(4) * d0
            e[b + u, t] += number(4) * (d5 - odd) - odd2
            e[b + 2 * u, t] -= number(5) * d0 + number(4) * even + even2
            e[b + 3 * u, t] += odd + odd2 - number(5) * d5
            e[b + 4 * u, t] += d0 + even + even2
            e[b + 5 * u, t] += d5
        else:
            d6, d7 = d[a + 6 * s, t], d[a + 7 * s, t]
            half, odd_half = d5 + d6, number(0.5) * (d5 - d6)
            e[b, t] -= d0
            e[b + u, t] += odd + number(0.25) * odd2 + number(4) * odd_half - d7
            e[b + 2 * u, t] += number(5.25) * d0 + even + number(0.25) * even2 + number(4) * half
            e[b + 3 * u, t] += number(5.25) * d7 - number(4.25) * odd - number(1.25) * odd2 - number(5) * odd_half
            e[b + 4 * u, t] -= number(5.25) * d0 + number(4.25) * even + number(1.25) * even2 + number(5) * half
            e[b + 5 * u, t] += odd + odd2 + odd_half - number(5.25) * d7
            e[b + 6 * u, t] += d0 + even + even2 + half
            e[b + 7 * u, t] += d7


@njit(inline="always")
def _outputs_from_points(d, a, s, e, b, u, n, m):
    """e = Aᵀ d, n rows to m (five are written, the largest m): row k is Σ point^k · d; ∞ stands for the highest power."""
    number = d.dtype.type
    for t in range(RUN):
        d1, d2, d3, d4 = d[a + s, t], d[a + 2 * s, t], d[a + 3 * s, t], d[a + 4 * s, t]
        even, odd, even2, odd2 = d1 + d2, d1 - d2, d3 + d4, d3 - d4
        e0, e1, e2 = d[a, t] + even + even2, odd + number(2) * odd2, even + number(4) * even2
        e3, e4 = odd + number(8) * odd2, even + number(16) * even2
        if n == 8:
            half, odd_half = d[a + 5 * s, t] + d[a + 6 * s, t], d[a + 5 * s, t] - d[a + 6 * s, t]
            e0, e1, e2 = e0 + half, e1 + number(0.5) * odd_half, e2 + number(0.25) * half
            e3, e4 = e3 + number(0.125) * odd_half, e4 + number(0.0625) * half
        e[b, t], e[b + u, t], e[b + 2 * u, t], e[b + 3 * u, t], e[b + 4 * u, t] = e0, e1, e2, e3, e4
    for t in range(RUN):
        e[b + (m - 1) * u, t] += d[a + (n - 1) * s, t]


@njit(inline="always")
def _outputs_to_points(d, a, s, e, b, u, n, m):
    """e = A d, m rows (of five, the others zero) to n: the polynomial with coefficients d at each point. The adjoint of the above."""
    number = d.dtype.type
    for t in range(RUN):
        d0, d1, d2, d3, d4 = d[a, t], d[a + s, t], d[a + 2 * s, t], d[a + 3 * s, t], d[a + 4 * s, t]
        even, odd = d0 + d2 + d4, d1 + d3
        even2, odd2 = d0 + number(4) * d2 + number(16) * d4, number(2) * d1 + number(8) * d3
        e[b, t] = d0
        e[b + u, t] = even + odd
        e[b + 2 * u, t] = even - odd
        e[b + 3 * u, t] = even2 + odd2
        e[b + 4 * u, t] = even2 - odd2
        if n == 8:
            half, odd_half = d0 + number(0.25) * d2 + number(0.0625) * d4, number(0.5) * d1 + number(0.125) * d3
            e[b + 5 * u, t] = half + odd_half
            e[b + 6 * u, t] = half - odd_half
    for t in range(RUN):
        e[b + (n - 1) * u, t] = d[a + (m - 1) * s, t]


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
    """run[k, t] = pixel offset + k·step of tile t, for k < taps and t < n.

    To be read some time later: a vector of numbers that have just been written one by one is not in the processor's reach for some cycles.
    """
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
def inputs_to_points(x, points, first, last, n, m, down, across, stride, pad):
    """Bᵀ d B of every tile d: x (G, C, H, W) -> points (n², stride²·C, T), T = down·G·across tiles of m×m outputs."""
    images, channels, height, width = x.shape
    rows, wide = (down - 1) * m + n, stride * ((across - 1) * m + n)
    starts = _starts(across, m * stride, wide)
    zero, group, inner = x.dtype.type(0), max(1, RUN // across), min(width, wide - pad)        # columns that no window visits stay out
    lines, pixels = np.zeros(group * wide, x.dtype), np.zeros((SIDE * rows, RUN), x.dtype)
    along, tiles = np.zeros((SIDE * rows, RUN), x.dtype), np.zeros((SIDE * SIDE, RUN), x.dtype)
    for c in range(first, last):
        for g in range(0, images, group):
            count = min(group, images - g)
            for left in range(0, across, RUN):
                size = count * min(RUN, across - left)
                for phase in range(stride * stride):
                    for row in range(rows):
                        h = row * stride + phase // stride - pad
                        for i in range(count):
                            line = lines[i * wide + pad:]
                            if 0 <= h < height:
                                _copy(x[g + i, c, h], line, inner)
                            else:
                                _fill(line, zero, inner)
                        _gather(lines, starts, phase % stride + left * m * stride, stride, pixels[SIDE * row:], n, size)
                    for row in range(rows):
                        _inputs_to_points(pixels, SIDE * row, 1, along, SIDE * row, 1, n)
                    for y in range(down):
                        for j in range(n):
                            _inputs_to_points(along, SIDE * y * m + j, SIDE, tiles, j, SIDE, n)
                        at = (y * images + g) * across + left
                        for i in range(n):
                            for j in range(n):
                                _copy(tiles[i * SIDE + j], points[i * n + j, phase * channels + c, at:], size)


@njit(nogil=True, cache=True)
def inputs_from_points(points, x, first, last, n, m, down, across, stride, pad):
    """The adjoint: B p Bᵀ of every tile, added up where tiles overlap; points (n², stride²·C, T) -> x (G, C, H, W)."""
    images, channels, height, width = x.shape
    rows, wide = (down - 1) * m + n, stride * ((across - 1) * m + n)
    starts = _starts(across, m * stride, wide)
    zero, group, inner = x.dtype.type(0), max(1, RUN // across), min(width, wide - pad)
    lines, pixels = np.zeros(group * wide, x.dtype), np.zeros((SIDE, RUN), x.dtype)
    along, tiles = np.zeros((SIDE * rows, RUN), x.dtype), np.zeros((SIDE * SIDE, RUN), x.dtype)
    for c in range(first, last):
        for g in range(0, images, group):
            count = min(group, images - g)
            x[g:g + count, c] = 0
            for left in range(0, across, RUN):
                size = count * min(RUN, across - left)
                for phase in range(stride * stride):
                    along[:] = 0
                    for y in range(down):
                        at = (y * images + g) * across + left
                        for i in range(n):
                            for j in range(n):
                                _copy(points[i * n + j, phase * channels + c, at:], tiles[i * SIDE + j], size)
                        for j in range(n):
                            _inputs_from_points(tiles, j, SIDE, along, SIDE * y * m + j, SIDE, n)
                    for row in range(rows):
                        h = row * stride + phase // stride - pad
                        if 0 <= h < height:
                            pixels[:] = 0
                            _fill(lines, zero, lines.size)
                            _inputs_from_points(along, SIDE * row, 1, pixels, 0, 1, n)
                            _scatter(pixels, lines, starts, phase % stride + left * m * stride, stride, n, size)
                            for i in range(count):
                                line, out = lines[i * wide + pad:], x[g + i, c, h]
                                for w in range(inner):
                                    out[w] += line[w]


@njit(nogil=True, cache=True)
def outputs_from_points(points, bias, y, first, last, n, m, down, across):
    """Aᵀ p A of every tile, and the bias: points (n², F, T) -> y (G, F, OH, OW). What hangs over the edge is cut."""
    images, filters, oh, ow = y.shape
    wide = across * m
    starts = _starts(across, m, wide)
    group = max(1, RUN // across)
    lines, tiles = np.empty(group * wide, y.dtype), np.zeros((SIDE * SIDE, RUN), y.dtype)
    along, pixels = np.zeros((5 * SIDE, RUN), y.dtype), np.zeros((5, RUN), y.dtype)
    for f in range(first, last):
        for g in range(0, images, group):
            count = min(group, images - g)
            for left in range(0, across, RUN):
                size = count * min(RUN, across - left)
                for row in range(down):
                    at = (row * images + g) * across + left
                    for i in range(n):
                        for j in range(n):
                            _copy(points[i * n + j, f, at:], tiles[i * SIDE + j], size)
                    for j in range(n):
                        _outputs_from_points(tiles, j, SIDE, along, j, SIDE, n, m)
                    for i in range(min(m, oh - row * m)):
                        _outputs_from_points(along, SIDE * i, 1, pixels, 0, 1, n, m)
                        _fill(lines, bias[f], lines.size)
                        _scatter(pixels, lines, starts, left * m, 1, m, size)
                        for k in range(count):
                            _copy(lines[k * wide + left * m:], y[g + k, f, row * m + i, left * m:], min(ow - left * m, RUN * m))


@njit(nogil=True, cache=True)
def outputs_to_points(dy, points, first, last, n, m, down, across):
    """The adjoint: A t Aᵀ of every tile t; dy (G, F, OH, OW) -> points (n², F, T)."""
    images, filters, oh, ow = dy.shape
    wide = across * m
    starts = _starts(across, m, wide)
    zero, group = dy.dtype.type(0), max(1, RUN // across)
    lines, tiles = np.zeros(group * wide, dy.dtype), np.zeros((SIDE * SIDE, RUN), dy.dtype)
    along, pixels = np.zeros((5 * SIDE, RUN), dy.dtype), np.zeros((5 * SIDE, RUN), dy.dtype)
    for f in range(first, last):
        for g in range(0, images, group):
            count = min(group, images - g)
            for left in range(0, across, RUN):
                size = count * min(RUN, across - left)
                for row in range(down):
                    for i in range(m):
                        for k in range(count):
                            if row * m + i < oh:
                                _copy(dy[g + k, f, row * m + i], lines[k * wide:], ow)
                            else:
                                _fill(lines[k * wide:], zero, ow)
                        _gather(lines, starts, left * m, 1, pixels[SIDE * i:], m, size)
                    for i in range(m):
                        _outputs_to_points(pixels, SIDE * i, 1, along, SIDE * i, 1, n, m)
                    for j in range(n):
                        _outputs_to_points(along, j, SIDE, tiles, j, SIDE, n, m)
                    at = (row * images + g) * across + left
                    for i in range(n):
                        for j in range(n):
                            _copy(tiles[i * SIDE + j], points[i * n + j, f, at:], size)
