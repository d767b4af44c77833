"""Winograd's convolution: a tile of outputs by polynomial interpolation, with a fraction of the multiplications.

The idea: along one axis, m outputs of a filter with r taps are coefficients of a product of two polynomials, known from its
values at m + r − 1 points. Here these are always six: 0, 1, −1, 2, −2 and ∞. So six inputs give m = 7 − r outputs with 6
multiplications in place of m·r; in two dimensions, one axis after the other, m² outputs with 36 in place of m²r²: for 3×3 filters
36, not 144. Channels are summed at the points, where a convolution is one matrix product per point (functional.py):

    Y = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ d B)] A        d 6×6 inputs, w r×r taps, Y m×m outputs, ⊙ element by element

Bᵀ is the same for every r; A and G hold powers of the points. The gradients need nothing new: each step is linear, and they are its
adjoint. `inputs_from_points` is that of `inputs_to_points`, and `outputs_to_points` that of `outputs_from_points`.

A stride s is taken apart: the pixels with the same row and column modulo s are channels of their own, s² per channel, which every s-th
tap filters at stride 1. A 5×5 filter of stride 2 becomes four of 3×3 taps, some of them zero.

Layout: planes with a margin of zeros, where tile t begins at starts[t]; one row of tiles (point, channel) per plane. The transforms
run over many tiles at once, CHUNK of them, whose 36 numbers each stay in the first-level cache.

Cost: per tile and channel 36 numbers moved and about 150 additions, per tile and pair of maps 36 multiply-adds: it pays with
some 20 maps or more. Its price: powers of the points amplify rounding, to 1e-5 of the largest output or so in float32.
Source: Lavin & Gray 2015; the points go back to Toom, Cook and Winograd.
"""
import numpy as np
from numba import njit, prange

CHUNK = 64


# The four one-dimensional transforms, of n tiles at once. Rows a, a + step, … of d are what they take, the same rows of e what they make.

@njit(inline="always")
def _inputs_to_points(d, e, a, step, n):
    """e = Bᵀ d, six rows to six."""
    two, four, five = d.dtype.type(2), d.dtype.type(4), d.dtype.type(5)
    for t in range(n):
        d0, d1, d2 = d[a, t], d[a + step, t], d[a + 2 * step, t]
        d3, d4, d5 = d[a + 3 * step, t], d[a + 4 * step, t], d[a + 5 * step, t]
        even, odd, even2, odd2 = d4 - four * d2, d3 - four * d1, d4 - d2, two * (d3 - d1)
        e[a, t] = four * d0 - five * d2 + d4
        e[a + step, t] = even + odd
        e[a + 2 * step, t] = even - odd
        e[a + 3 * step, t] = even2 + odd2
        e[a + 4 * step, t] = even2 - odd2
        e[a + 5 * step, t] = four * d1 - five * d3 + d5


@njit(inline="always")
def _inputs_from_points(d, e, a, step, n):
    """e = B d, six rows to six: the adjoint of _inputs_to_points."""
    two, four, five = d.dtype.type(2), d.dtype.type(4), d.dtype.type(5)
    for t in range(n):
        d0, d1, d2 = d[a, t], d[a + step, t], d[a + 2 * step, t]
        d3, d4, d5 = d[a + 3 * step, t], d[a + 4 * step, t], d[a + 5 * step, t]
        even, odd, even2, odd2 = d1 + d2, d1 - d2, d3 + d4, two * (d3 - d4)
        e[a, t] = four * d0
        e[a + step, t] = four * (d5 - odd) - odd2
        e[a + 2 * step, t] = -five * d0 - four * even - even2
        e[a + 3 * step, t] = odd + odd2 - five * d5
        e[a + 4 * step, t] = d0 + even + even2
        e[a + 5 * step, t] = d5


@njit(inline="always")
def _outputs_from_points(d, e, a, step, n, m):
    """e = Aᵀ d, six rows to m: row k is Σ point^k · d, and ∞ stands for the highest power."""
    for k in range(m):
        power, sign = d.dtype.type(2 ** k), d.dtype.type(1 - 2 * (k % 2))
        for t in range(n):
            e[a + k * step, t] = d[a + step, t] + sign * d[a + 2 * step, t] + power * (d[a + 3 * step, t] + sign * d[a + 4 * step, t])
    for t in range(n):
        e[a, t] += d[a, t]
        e[a + (m - 1) * step, t] += d[a + 5 * step, t]


@njit(inline="always")
def _outputs_to_points(d, e, a, step, n, m):
    """e = A d, m rows to six: the polynomial with coefficients d at each point. The adjoint of _outputs_from_points."""
    for t in range(n):
        e[a, t] = d[a, t]
        e[a + 5 * step, t] = d[a + (m - 1) * step, t]
    for k in range(1, 5):
        point = d.dtype.type((1, -1, 2, -2)[k - 1])
        for t in range(n):
            e[a + k * step, t] = d[a + (m - 1) * step, t]
        for i in range(m - 2, -1, -1):                      # Horner's rule
            for t in range(n):
                e[a + k * step, t] = e[a + k * step, t] * point + d[a + i * step, t]


@njit(parallel=True, cache=True)
def inputs_to_points(x, points, starts, size, m, stride, pad):
    """Bᵀ d B of every tile: x (G, C, H, W) -> points (36, stride²·C, T).

    starts (T,): where each tile begins in G planes of `size` pixels with their margins, one after the other.
    """
    images, channels, height, width = x.shape
    hp, wp = size
    height, width = min(height, hp - pad), min(width, wp - pad)         # rows and columns that no window visits stay out
    for c in prange(channels):
        planes = np.zeros(images * hp * wp, x.dtype)
        d, e = np.empty((36, CHUNK), x.dtype), np.empty((36, CHUNK), x.dtype)
        for g in range(images):
            for h in range(height):
                at = (g * hp + h + pad) * wp + pad
                planes[at:at + width] = x[g, c, h, :width]
        for phase in range(stride * stride):
            for lo in range(0, starts.size, CHUNK):
                begin = starts[lo:lo + CHUNK]
                n = begin.size
                for k in range(36):
                    pixels = planes[(k // 6 * stride + phase // stride) * wp + k % 6 * stride + phase % stride:]
                    tile = d[k]
                    for t in range(n):
                        tile[t] = pixels[begin[t]]
                for j in range(6):
                    _inputs_to_points(d, e, j, 6, n)
                for i in range(6):
                    _inputs_to_points(e, d, 6 * i, 1, n)
                for k in range(36):
                    points[k, phase * channels + c, lo:lo + n] = d[k, :n]


@njit(parallel=True, cache=True)
def inputs_from_points(points, x, starts, size, m, stride, pad):
    """The adjoint: B p Bᵀ of every tile, added up where tiles overlap; points (36, stride²·C, T) -> x (G, C, H, W)."""
    images, channels, height, width = x.shape
    hp, wp = size
    height, width = min(height, hp - pad), min(width, wp - pad)
    for c in prange(channels):
        planes = np.zeros(images * hp * wp, x.dtype)
        d, e = np.empty((36, CHUNK), x.dtype), np.empty((36, CHUNK), x.dtype)
        for phase in range(stride * stride):
            for lo in range(0, starts.size, CHUNK):
                begin = starts[lo:lo + CHUNK]
                n = begin.size
                for k in range(36):
                    d[k, :n] = points[k, phase * channels + c, lo:lo + n]
                for j in range(6):
                    _inputs_from_points(d, e, j, 6, n)
                for i in range(6):
                    _inputs_from_points(e, d, 6 * i, 1, n)
                for k in range(36):
                    pixels = planes[(k // 6 * stride + phase // stride) * wp + k % 6 * stride + phase % stride:]
                    tile = d[k]
                    for t in range(n):
                        pixels[begin[t]] += tile[t]
        for g in range(images):
            x[g, c] = 0
            for h in range(height):
                at = (g * hp + h + pad) * wp + pad
                x[g, c, h, :width] = planes[at:at + width]


@njit(parallel=True, cache=True)
def outputs_from_points(points, bias, y, starts, size, m):
    """Aᵀ p A of every tile, and the bias: points (36, F, T) -> y (G, F, OH, OW). Tiles do not overlap; what hangs over the edge is cut."""
    images, filters, oh, ow = y.shape
    hp, wp = size
    for f in prange(filters):
        planes = np.empty(images * hp * wp, y.dtype)
        d, e = np.empty((36, CHUNK), y.dtype), np.empty((36, CHUNK), y.dtype)
        for lo in range(0, starts.size, CHUNK):
            begin = starts[lo:lo + CHUNK]
            n = begin.size
            for k in range(36):
                d[k, :n] = points[k, f, lo:lo + n]
            for j in range(6):
                _outputs_from_points(d, e, j, 6, n, m)
            for i in range(m):
                _outputs_from_points(e, d, 6 * i, 1, n, m)
                for j in range(m):
                    pixels, tile = planes[i * wp + j:], d[6 * i + j]
                    for t in range(n):
                        pixels[begin[t]] = tile[t]
        for g in range(images):
            for p in range(oh):
                at = (g * hp + p) * wp
                y[g, f, p] = planes[at:at + ow] + bias[f]


@njit(parallel=True, cache=True)
def outputs_to_points(dy, points, starts, size, m):
    """The adjoint: A t Aᵀ of every tile t; dy (G, F, OH, OW) -> points (36, F, T)."""
    images, filters, oh, ow = dy.shape
    hp, wp = size
    for f in prange(filters):
        planes = np.zeros(images * hp * wp, dy.dtype)
        d, e = np.empty((36, CHUNK), dy.dtype), np.empty((36, CHUNK), dy.dtype)
        for g in range(images):
            for p in range(oh):
                at = (g * hp + p) * wp
                planes[at:at + ow] = dy[g, f, p]
        for lo in range(0, starts.size, CHUNK):
            begin = starts[lo:lo + CHUNK]
            n = begin.size
            for i in range(m):
                for j in range(m):
                    pixels, tile = planes[i * wp + j:], d[6 * i + j]
                    for t in range(n):
                        tile[t] = pixels[begin[t]]
            for j in range(m):
                _outputs_to_points(d, e, j, 6, n, m)
            for i in range(6):
                _outputs_to_points(e, d, 6 * i, 1, n, m)
            for k in range(36):
                points[k, f, lo:lo + n] = d[k, :n]
