"""Convolution of few channels, or few filters, by sums of shifted rows of pixels: no product.

The idea: as in direct.py, an output row is a sum of input rows, each shifted by a tap and times
its weight. There every multiply-add loads a pixel and a sum, and stores the sum. Here up to five
neighboring taps are added in one go, for two filters, a filter and its partner. Ten multiply-adds
then load five pixels and two sums, and store two sums; the ten weights stay in registers. Nor is a
row short: pixels are split by row and column modulo the stride (see phases.py), for a band of
output rows. The pixels under one tap of all its windows are then one contiguous stretch; sums that
fall between two rows are discarded. The gradient of the weights is the same with other roles: sums
of products of a stretch of pixels and a stretch of dy, ten at a time.

Cost: 2·N·F·C·K·K·OH·row_length operations, where row_length is a little more than OW. Pixels are
split once for all filters. Unfolding would write C·K·K numbers for each window, each for F products
only. The fewer filters there are, the less a matrix product makes up for that; and with few
channels its rows are short.

The way down: few filters mean few maps to come down from, and at stride 1 that is a convolution of
few channels. Else conv_transpose is left to unfold.py.

Threads: each band of rows of an image is one thread's. In the gradient each thread sums dw and db
up over its own bands.

fastmath: "contract" lets a product and its sum be rounded once and not twice. Where stretches are
summed up, "reassoc" lets the compiler choose the order of the sum, and "nsz" lets it ignore the
sign of zero. NaN and infinity count as ever, and the same machine gives the same bits every time.
"""
import numpy as np

from ..geometry import Window, conv_output_size
from . import unfold
from .cache import njit
from .machine import run
from .phases import split_phases

# outputs summed up at a time, for each of two filters: they stay in the first-level cache
STRETCH = 2048
FEW = 16            # with fewer channels, or fewer filters, a matrix product is slow
SHORTEST = 16       # row of outputs, for few filters
MOST_ROWS = 960     # of taps in all filters; 64 filters of 3 channels have so many with 5 rows each

# ---- drivers ------------------------------------------------------------------------------------


def pays(width, w_shape, window):
    """True where shift is the fastest: few maps, and 3 or more taps per stride.

    There are two cases. Few filters: fewer than FEW, at stride 1, and rows of SHORTEST outputs or
    more, twice as many as a filter has columns. Few channels: fewer than FEW, where each phase of a
    stride counts as one, and up to MOST_ROWS rows of taps in all filters.

    width: of the input.
    w_shape: (F, C, K, K).
    window: geometry.Window of the filters.
    """
    (F, C, _, _), (size, stride, _) = w_shape, window
    OW = conv_output_size(width, *window)
    few_filters = F < FEW and stride == 1 and OW >= max(SHORTEST, 2 * size)
    few_channels = C * stride * stride < FEW and F * C * size <= MOST_ROWS
    return size > 2 * stride and (few_filters or few_channels)


def conv_forward(x, w, b, window):
    """As in direct.py, band by band of output rows."""
    N, (size, stride, pad) = len(x), window
    OH, OW = conv_output_size(x.shape[2], *window), conv_output_size(x.shape[3], *window)
    y = np.empty((N, len(w), OH, OW), x.dtype)
    # a band of as many rows as make a stretch
    band = max(1, min(OH, STRETCH // (OW + (size - 1) // stride)))
    bands = (OH + band - 1) // band
    run(shift_forward, N * bands, x, w, b, y, stride, pad, band)
    return y


def conv_backward(dy, x, w, window, need_dx):
    """As in direct.py."""
    N, F, OH, OW = dy.shape
    size, stride, pad = window
    # bands as in conv_forward
    band = max(1, min(OH, STRETCH // (OW + (size - 1) // stride)))
    bands = (OH + band - 1) // band
    dw, db = np.zeros_like(w), np.zeros(F, w.dtype)
    # the sums of each share, in the order of the shares
    sums = run(shift_weights, N * bands, dy, x, size, stride, pad, band)
    for own_dw, own_db in sums:
        dw += own_dw
        db += own_db
    return conv_transpose(dy, w, window, x.shape[2:]) if need_dx else None, dw, db


def conv_transpose(r, w, window, size):
    """As in direct.py. From few maps, at stride 1, it is a convolution by filters turned around."""
    filter_size, stride, pad = window
    if len(w) >= FEW or stride > 1 or pad >= filter_size:
        return unfold.conv_transpose(r, w, window, size)
    # (F, C, K, K) -> (C, F, K, K): each channel of the result is a sum over the maps of r
    turned = np.ascontiguousarray(w.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1])
    no_bias = np.zeros(len(turned), w.dtype)
    return conv_forward(r, turned, no_bias, Window(filter_size, 1, filter_size - 1 - pad))


# ---- kernels ------------------------------------------------------------------------------------

@njit(nogil=True, cache=True, fastmath={"contract"})
def shift_forward(x, w, b, y, stride, pad, band, start, stop):
    """y[n, f, p, q] = b[f] + Σ_{c,i,j} w[f, c, i, j] · x[n, c, h, v].

    Here h = p·stride + i − pad and v = q·stride + j − pad.

    x: (N, C, H, W).
    w: (F, C, size, size).
    b: (F,).
    y: (N, F, OH, OW), the result.
    stride, pad: of the filters.
    band: how many rows of outputs a band has. An image's last band has what is left.
    start, stop: which of the N·bands bands. Number n·bands + i is band i of image n.
    """
    channels, filters, size, oh, ow = x.shape[1], w.shape[0], w.shape[2], y.shape[2], y.shape[3]
    # how pixels are split: drawn in phases.py
    overhang = (size - 1) // stride
    row_length, count, bands = ow + overhang, stride * stride, (oh + band - 1) // band
    phases = np.zeros((channels * count, (band + overhang) * row_length + overhang), x.dtype)
    sums, partner_sums = np.empty(band * row_length, x.dtype), np.empty(band * row_length, x.dtype)
    for band_number in range(start, stop):
        # this band: its image and its rows of outputs
        n, top = band_number // bands, band_number % bands * band
        rows = min(band, oh - top)
        length = rows * row_length
        # split the pixels that this band's windows look at
        for c in range(channels):
            split_phases(x[n, c], phases[c * count:], 0, x.dtype.type(0), top, rows + overhang,
                         row_length, stride, pad)
        for f in range(0, filters, 2):
            partner = min(f + 1, filters - 1)       # an odd number: the last is its own partner
            # begin with the bias
            for q in range(length):
                sums[q], partner_sums[q] = b[f], b[partner]
            # add all taps: in row i of the filter, those of one phase in one go
            for c in range(channels):
                for i in range(size):
                    for j in range(stride):
                        # the pixels under tap j; those under tap j + stride begin one further on
                        phase = c * count + i % stride * stride + j
                        pixels = phases[phase, i // stride * row_length:]
                        add_taps(pixels, w[f, c, i], w[partner, c, i], j, stride,
                                 (size - j + stride - 1) // stride, sums, partner_sums, length)
            # write the rows, without what lies between them
            for p in range(rows):
                out, partner_out = y[n, f, top + p], y[n, partner, top + p]
                line, partner_line = sums[p * row_length:], partner_sums[p * row_length:]
                for q in range(ow):
                    out[q] = line[q]
                for q in range(ow):
                    partner_out[q] = partner_line[q]


@njit(nogil=True, cache=True, fastmath={"contract", "reassoc", "nsz"})
def shift_weights(dy, x, size, stride, pad, band, start, stop):
    """dw[f, c, i, j] = Σ_{n,p,q} dy[n, f, p, q] · x[n, c, h, v], h and v as in shift_forward.

    Between the rows a zero meets whatever pixel is there. So a NaN or an infinity in x also reaches
    taps that don't see it.

    dy: (N, F, OH, OW).
    x: (N, C, H, W).
    size, stride, pad: of the filters.
    band: as in shift_forward.
    start, stop: which of the bands, as in shift_forward.

    Returns dw (F, C, size, size) and db[f] = Σ dy[n, f], summed over these bands.
    """
    channels, filters, oh, ow = x.shape[1], dy.shape[1], dy.shape[2], dy.shape[3]
    # how pixels are split: drawn in phases.py
    overhang = (size - 1) // stride
    row_length, count, bands = ow + overhang, stride * stride, (oh + band - 1) // band
    zero = x.dtype.type(0)
    phases = np.zeros((channels * count, (band + overhang) * row_length + overhang), x.dtype)
    # dy of a filter and its partner; between the rows they stay zero
    signal = np.zeros(band * row_length, x.dtype)
    partner_signal = np.zeros(band * row_length, x.dtype)
    dw, db = np.zeros((filters, channels, size, size), x.dtype), np.zeros(filters, x.dtype)
    # stand-in for the missing partner when the number of filters is odd
    stand_in = np.zeros((channels, size, size), x.dtype)
    for band_number in range(start, stop):
        # this band: its image and its rows of outputs
        n, top = band_number // bands, band_number % bands * band
        rows = min(band, oh - top)
        length = rows * row_length
        # split the pixels that this band's windows look at
        for c in range(channels):
            split_phases(x[n, c], phases[c * count:], 0, zero, top, rows + overhang, row_length,
                         stride, pad)
        for f in range(0, filters, 2):
            partner = min(f + 1, filters - 1)
            # lay the rows of dy out as the pixels lie
            for p in range(rows):
                values, partner_values = dy[n, f, top + p], dy[n, partner, top + p]
                line, partner_line = signal[p * row_length:], partner_signal[p * row_length:]
                # what lies between the rows stays zero
                for q in range(ow):
                    line[q] = values[q]
                for q in range(ow):
                    partner_line[q] = partner_values[q]
            # db: sum the signal up; the last one of an odd number of filters has no partner
            total, partner_total = zero, zero
            for q in range(length):
                total += signal[q]
                partner_total += partner_signal[q]
            db[f] += total
            if partner > f:
                db[partner] += partner_total
            # dw: in row i of the filter, the taps of one phase in one go
            partner_dw = dw[partner] if partner > f else stand_in
            for c in range(channels):
                for i in range(size):
                    for j in range(stride):
                        # the pixels under tap j; those under tap j + stride begin one further on
                        phase = c * count + i % stride * stride + j
                        pixels = phases[phase, i // stride * row_length:]
                        sum_taps(pixels, signal, partner_signal, length, dw[f, c, i],
                                 partner_dw[c, i], j, stride, (size - j + stride - 1) // stride)
    return dw, db


# ---- the inner loops, for every number of taps side by side -------------------------------------
#
# w, v: a row of weights of a filter, and of its partner.
# first, step, taps: which of them: `taps` weights, number first, first + step, and so on.
# pixels: those under the first of these taps.
# length: how many windows there are, with those between two rows.

@njit(inline="always")
def add_taps(pixels, w, v, first, step, taps, sums, partner_sums, length):
    """sums[q] += Σ_t w[first + t·step] · pixels[q + t] for t < taps.

    The same for partner_sums, with v.
    """
    # five, four, three taps: weights in registers, one pass over the sums
    if taps == 5:
        w0, w1, w2 = w[first], w[first + step], w[first + 2 * step]
        w3, w4 = w[first + 3 * step], w[first + 4 * step]
        v0, v1, v2 = v[first], v[first + step], v[first + 2 * step]
        v3, v4 = v[first + 3 * step], v[first + 4 * step]
        # five pixels, each for two filters
        for q in range(length):
            x0, x1, x2 = pixels[q], pixels[q + 1], pixels[q + 2]
            x3, x4 = pixels[q + 3], pixels[q + 4]
            sums[q] = sums[q] + w0 * x0 + w1 * x1 + w2 * x2 + w3 * x3 + w4 * x4
            partner_sums[q] = partner_sums[q] + v0 * x0 + v1 * x1 + v2 * x2 + v3 * x3 + v4 * x4
    elif taps == 4:
        # the same with four
        w0, w1, w2, w3 = w[first], w[first + step], w[first + 2 * step], w[first + 3 * step]
        v0, v1, v2, v3 = v[first], v[first + step], v[first + 2 * step], v[first + 3 * step]
        for q in range(length):
            x0, x1, x2, x3 = pixels[q], pixels[q + 1], pixels[q + 2], pixels[q + 3]
            sums[q] = sums[q] + w0 * x0 + w1 * x1 + w2 * x2 + w3 * x3
            partner_sums[q] = partner_sums[q] + v0 * x0 + v1 * x1 + v2 * x2 + v3 * x3
    elif taps == 3:
        # and with three
        w0, w1, w2 = w[first], w[first + step], w[first + 2 * step]
        v0, v1, v2 = v[first], v[first + step], v[first + 2 * step]
        for q in range(length):
            x0, x1, x2 = pixels[q], pixels[q + 1], pixels[q + 2]
            sums[q] = sums[q] + w0 * x0 + w1 * x1 + w2 * x2
            partner_sums[q] = partner_sums[q] + v0 * x0 + v1 * x1 + v2 * x2
    else:
        # any other number: a pass for each tap
        for t in range(taps):
            w0, v0, shifted = w[first + t * step], v[first + t * step], pixels[t:]
            for q in range(length):
                sums[q] += w0 * shifted[q]
                partner_sums[q] += v0 * shifted[q]


@njit(inline="always")
def sum_taps(pixels, signal, partner_signal, length, w, v, first, step, taps):
    """w[first + t·step] += Σ_q signal[q] · pixels[q + t] for t < taps.

    The same for v, with partner_signal.
    """
    # s and t: a sum in a register for each tap of the filter, and of its partner
    a, b = signal, partner_signal
    s0 = s1 = s2 = s3 = s4 = t0 = t1 = t2 = t3 = t4 = pixels.dtype.type(0)
    if taps == 5:
        # five pixels meet the two signals
        for q in range(length):
            x0, x1, x2 = pixels[q], pixels[q + 1], pixels[q + 2]
            x3, x4 = pixels[q + 3], pixels[q + 4]
            # the filter's sums
            s0, s1, s2 = s0 + a[q] * x0, s1 + a[q] * x1, s2 + a[q] * x2
            s3, s4 = s3 + a[q] * x3, s4 + a[q] * x4
            # the partner's
            t0, t1, t2 = t0 + b[q] * x0, t1 + b[q] * x1, t2 + b[q] * x2
            t3, t4 = t3 + b[q] * x3, t4 + b[q] * x4
    elif taps == 4:
        # the same with four
        for q in range(length):
            x0, x1, x2, x3 = pixels[q], pixels[q + 1], pixels[q + 2], pixels[q + 3]
            s0, s1, s2, s3 = s0 + a[q] * x0, s1 + a[q] * x1, s2 + a[q] * x2, s3 + a[q] * x3
            t0, t1, t2, t3 = t0 + b[q] * x0, t1 + b[q] * x1, t2 + b[q] * x2, t3 + b[q] * x3
    elif taps == 3:
        # and with three
        for q in range(length):
            x0, x1, x2 = pixels[q], pixels[q + 1], pixels[q + 2]
            s0, s1, s2 = s0 + a[q] * x0, s1 + a[q] * x1, s2 + a[q] * x2
            t0, t1, t2 = t0 + b[q] * x0, t1 + b[q] * x1, t2 + b[q] * x2
    else:
        # any other number: a pass for each tap, which adds its sums to the weights itself
        for tap in range(taps):
            s, t, shifted = s0, t0, pixels[tap:]
            for q in range(length):
                s += a[q] * shifted[q]
                t += b[q] * shifted[q]
            w[first + tap * step] += s
            v[first + tap * step] += t
    # add the sums of three, four, five taps to the weights
    if 3 <= taps <= 5:
        # the filter's, then the partner's
        w[first] += s0
        w[first + step] += s1
        w[first + 2 * step] += s2
        v[first] += t0
        v[first + step] += t1
        v[first + 2 * step] += t2
    # the fourth tap, and the fifth
    if 4 <= taps <= 5:
        w[first + 3 * step] += s3
        v[first + 3 * step] += t3
    if taps == 5:
        w[first + 4 * step] += s4
        v[first + 4 * step] += t4
