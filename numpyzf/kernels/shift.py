"""Convolution of few channels: sums of shifted rows of pixels, several taps and two filters at a time. No columns, no product.

The idea: as in direct.py, an output row is a sum of input rows, each shifted by a tap and times its weight. There every
multiply-add loads a pixel and a sum, and stores the sum. Here up to five neighboring taps are added in one go, for two filters: for ten
multiply-adds five loads of pixels, two of sums, two stores, and the ten weights stay in registers. Nor is a row short: pixels are dealt
out by row and column modulo the stride (unfold.py), for a band of output rows, so that the pixels under one tap of all its windows are one
contiguous run, `across` for each row of outputs, a little more than OW; what is summed up between the rows is left away.
The gradient of the weights is the same with other roles: sums of products of a run of pixels and a run of dy, ten at a time.

Cost: 2·N·F·C·K·K·OH·across operations; pixels are dealt out once for all filters. Unfolding writes C·K·K numbers for each window,
each of use to F filters only; the fewer channels, the less a matrix product makes up for that.

Threads: called by several Python threads at once (numpyzf/shifting.py), each for bands of its own. Job number g·bands + k is band k of image g.
fastmath: "contract" lets a product and a sum be rounded once and not twice; "reassoc", where runs are summed up, in which order. Neither
touches NaN or infinity, and the same machine gives the same bits in every run.
"""
import numpy as np
from numba import njit

from .unfold import deal


@njit(inline="always")
def _add_taps(pixels, w, v, first, step, taps, a, b, n):
    """a[q] += Σ_u w[first + u·step] · pixels[q + u], and the same with v to b, for q < n and u < taps."""
    if taps == 5:
        w0, w1, w2, w3, w4 = w[first], w[first + step], w[first + 2 * step], w[first + 3 * step], w[first + 4 * step]
        v0, v1, v2, v3, v4 = v[first], v[first + step], v[first + 2 * step], v[first + 3 * step], v[first + 4 * step]
        for q in range(n):
            x0, x1, x2, x3, x4 = pixels[q], pixels[q + 1], pixels[q + 2], pixels[q + 3], pixels[q + 4]
            a[q] = a[q] + w0 * x0 + w1 * x1 + w2 * x2 + w3 * x3 + w4 * x4
            b[q] = b[q] + v0 * x0 + v1 * x1 + v2 * x2 + v3 * x3 + v4 * x4
    elif taps == 4:
        w0, w1, w2, w3 = w[first], w[first + step], w[first + 2 * step], w[first + 3 * step]
        v0, v1, v2, v3 = v[first], v[first + step], v[first + 2 * step], v[first + 3 * step]
        for q in range(n):
            x0, x1, x2, x3 = pixels[q], pixels[q + 1], pixels[q + 2], pixels[q + 3]
            a[q] = a[q] + w0 * x0 + w1 * x1 + w2 * x2 + w3 * x3
            b[q] = b[q] + v0 * x0 + v1 * x1 + v2 * x2 + v3 * x3
    elif taps == 3:
        w0, w1, w2 = w[first], w[first + step], w[first + 2 * step]
        v0, v1, v2 = v[first], v[first + step], v[first + 2 * step]
        for q in range(n):
            x0, x1, x2 = pixels[q], pixels[q + 1], pixels[q + 2]
            a[q] = a[q] + w0 * x0 + w1 * x1 + w2 * x2
            b[q] = b[q] + v0 * x0 + v1 * x1 + v2 * x2
    else:
        for u in range(taps):
            w0, v0, shifted = w[first + u * step], v[first + u * step], pixels[u:]
            for q in range(n):
                a[q] += w0 * shifted[q]
                b[q] += v0 * shifted[q]


@njit(inline="always")
def _sum_taps(pixels, a, b, n, w, v, first, step, taps):
    """The adjoint in the weights: w[first + u·step] += Σ_q a[q] · pixels[q + u], and the same with b to v."""
    s0 = s1 = s2 = s3 = s4 = t0 = t1 = t2 = t3 = t4 = pixels.dtype.type(0)
    if taps == 5:
        for q in range(n):
            x0, x1, x2, x3, x4 = pixels[q], pixels[q + 1], pixels[q + 2], pixels[q + 3], pixels[q + 4]
            s0, s1, s2, s3, s4 = s0 + a[q] * x0, s1 + a[q] * x1, s2 + a[q] * x2, s3 + a[q] * x3, s4 + a[q] * x4
            t0, t1, t2, t3, t4 = t0 + b[q] * x0, t1 + b[q] * x1, t2 + b[q] * x2, t3 + b[q] * x3, t4 + b[q] * x4
    elif taps == 4:
        for q in range(n):
            x0, x1, x2, x3 = pixels[q], pixels[q + 1], pixels[q + 2], pixels[q + 3]
            s0, s1, s2, s3 = s0 + a[q] * x0, s1 + a[q] * x1, s2 + a[q] * x2, s3 + a[q] * x3
            t0, t1, t2, t3 = t0 + b[q] * x0, t1 + b[q] * x1, t2 + b[q] * x2, t3 + b[q] * x3
    elif taps == 3:
        for q in range(n):
            x0, x1, x2 = pixels[q], pixels[q + 1], pixels[q + 2]
            s0, s1, s2 = s0 + a[q] * x0, s1 + a[q] * x1, s2 + a[q] * x2
            t0, t1, t2 = t0 + b[q] * x0, t1 + b[q] * x1, t2 + b[q] * x2
    else:
        for u in range(taps):
            s, t, shifted = s0, t0, pixels[u:]
            for q in range(n):
                s += a[q] * shifted[q]
                t += b[q] * shifted[q]
            w[first + u * step] += s
            v[first + u * step] += t
    if 3 <= taps <= 5:
        w[first], w[first + step], w[first + 2 * step] = w[first] + s0, w[first + step] + s1, w[first + 2 * step] + s2
        v[first], v[first + step], v[first + 2 * step] = v[first] + t0, v[first + step] + t1, v[first + 2 * step] + t2
    if 4 <= taps <= 5:
        w[first + 3 * step] += s3
        v[first + 3 * step] += t3
    if taps == 5:
        w[first + 4 * step] += s4
        v[first + 4 * step] += t4


@njit(nogil=True, cache=True, fastmath={"contract"})
def shift_forward(x, w, bias, y, first, last, stride, pad, band):
    """y[n, f, p, q] = bias[f] + Σ_{c,i,j} w[f, c, i, j] · x[n, c, p·stride + i − pad, q·stride + j − pad], for jobs first … last − 1.

    A band is `band` rows of outputs, the last one of an image what is left.
    """
    channels, filters, k, oh, ow = x.shape[1], w.shape[0], w.shape[2], y.shape[2], y.shape[3]
    more = (k - 1) // stride
    across, phases, bands = ow + more, stride * stride, (oh + band - 1) // band
    dealt = np.zeros((channels * phases, (band + more) * across + more), x.dtype)
    a, b = np.empty(band * across, x.dtype), np.empty(band * across, x.dtype)
    for job in range(first, last):
        n, top = job // bands, job % bands * band
        rows = min(band, oh - top)
        size = rows * across
        for c in range(channels):
            deal(x[n, c], dealt[c * phases:], x.dtype.type(0), top, rows + more, across, stride, pad)
        for f in range(0, filters, 2):
            other = min(f + 1, filters - 1)                 # of an odd number of filters the last is made twice
            for q in range(size):
                a[q], b[q] = bias[f], bias[other]
            for c in range(channels):
                for i in range(k):
                    for j in range(stride):
                        pixels = dealt[c * phases + i % stride * stride + j, i // stride * across:]
                        _add_taps(pixels, w[f, c, i], w[other, c, i], j, stride, (k - j + stride - 1) // stride, a, b, size)
            for p in range(rows):
                out, other_out, sums, other_sums = y[n, f, top + p], y[n, other, top + p], a[p * across:], b[p * across:]
                for q in range(ow):
                    out[q] = sums[q]
                for q in range(ow):
                    other_out[q] = other_sums[q]


@njit(nogil=True, cache=True, fastmath={"contract", "reassoc", "nsz"})
def shift_weights(dy, x, dw, db, first, last, stride, pad, band):
    """dw[f, c, i, j] += Σ_{n,p,q} dy[n, f, p, q] · x[n, c, p·stride + i − pad, q·stride + j − pad], db[f] += Σ dy[n, f], over jobs first … last − 1.

    Between the rows a zero meets whatever pixel is there: a NaN or an infinity in x also reaches taps that don't see it.
    """
    channels, filters, k, oh, ow = x.shape[1], dw.shape[0], dw.shape[2], dy.shape[2], dy.shape[3]
    more = (k - 1) // stride
    across, phases, bands = ow + more, stride * stride, (oh + band - 1) // band
    zero = x.dtype.type(0)
    dealt = np.zeros((channels * phases, (band + more) * across + more), x.dtype)
    a, b = np.zeros(band * across, x.dtype), np.zeros(band * across, x.dtype)          # between the rows they stay zero
    spare = np.empty((channels, k, k), x.dtype)             # for the partner that the last of an odd number of filters has not
    for job in range(first, last):
        n, top = job // bands, job % bands * band
        rows = min(band, oh - top)
        size = rows * across
        for c in range(channels):
            deal(x[n, c], dealt[c * phases:], zero, top, rows + more, across, stride, pad)
        for f in range(0, filters, 2):
            other = min(f + 1, filters - 1)
            for p in range(rows):
                values, other_values, line, other_line = dy[n, f, top + p], dy[n, other, top + p], a[p * across:], b[p * across:]
                for q in range(ow):
                    line[q] = values[q]
                for q in range(ow):
                    other_line[q] = other_values[q]
            s, t = zero, zero
            for q in range(size):
                s += a[q]
                t += b[q]
            db[f] += s
            if other > f:
                db[other] += t
            partner = dw[other] if other > f else spare
            for c in range(channels):
                for i in range(k):
                    for j in range(stride):
                        pixels = dealt[c * phases + i % stride * stride + j, i // stride * across:]
                        _sum_taps(pixels, a, b, size, dw[f, c, i], partner[c, i], j, stride, (k - j + stride - 1) // stride)
