"""The operations of functional.py as literal loops: the specification, as numpyzf/reference.py.

Sums run in float64; the result has the input's dtype. Where nothing else is said, arguments are as
in functional.py: (rows, columns), and padding (top, left, bottom, right), all spelled out.
"""
import math

import numpy as np


def places(p, q, i, j, stride, pad, dilation):
    """The pixel (h, v) under tap (i, j) of window (p, q)."""
    return (p * stride[0] + i * dilation[0] - pad[0], q * stride[1] + j * dilation[1] - pad[1])


def output_size(hw, size, stride, pad, dilation, ceil=False):
    """(OH, OW): windows are laid from the padded maps' first pixel on, as long as they fit.

    With ceil, also one more that hangs over the end by less than a stride; but then the last one is
    dropped if it begins in the padding at the end, or behind it.
    """
    sizes = []
    for axis in (0, 1):
        begin, end = -pad[axis], hw[axis] + pad[axis + 2]
        span = (size[axis] - 1) * dilation[axis] + 1
        count = 0
        while begin + span <= end:
            begin, count = begin + stride[axis], count + 1
        if ceil and begin + span - end < stride[axis]:
            begin, count = begin + stride[axis], count + 1
        if ceil and begin - stride[axis] >= hw[axis]:
            count -= 1
        sizes.append(count)
    return tuple(sizes)


def conv_forward(x, w, b, *, stride, pad, dilation, groups):
    """y[n,f,p,q] = b[f] + Σ_cij w[f,c,i,j] · x[n, g·C/groups + c, h, v], g the group of f."""
    (N, _, H, W), (F, C, KH, KW) = x.shape, w.shape         # C channels in a group
    y = np.empty((N, F, *output_size((H, W), (KH, KW), stride, pad, dilation)), x.dtype)
    x, w, b = (a.astype(float) for a in (x, w, b))
    for n, f, p, q in np.ndindex(y.shape):
        group, total = f // (F // groups), b[f]
        for c, i, j in np.ndindex(C, KH, KW):
            h, v = places(p, q, i, j, stride, pad, dilation)
            if 0 <= h < H and 0 <= v < W:                   # zero outside of x
                total += w[f, c, i, j] * x[n, group * C + c, h, v]
        y[n, f, p, q] = total
    return y


def conv_backward(dy, x, w, *, stride, pad, dilation, groups):
    """(dx, dw, db) of Σ dy·y: each product of the forward pass hands dy on to both its factors."""
    (_, _, H, W), (F, C, KH, KW), dtype = x.shape, w.shape, x.dtype
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(F)
    dy, x, w = (a.astype(float) for a in (dy, x, w))
    for n, f, p, q in np.ndindex(dy.shape):
        group, d = f // (F // groups), dy[n, f, p, q]
        db[f] += d
        for c, i, j in np.ndindex(C, KH, KW):
            h, v = places(p, q, i, j, stride, pad, dilation)
            if 0 <= h < H and 0 <= v < W:
                dx[n, group * C + c, h, v] += d * w[f, c, i, j]
                dw[f, c, i, j] += d * x[n, group * C + c, h, v]
    return dx.astype(dtype), dw.astype(dtype), db.astype(dtype)


def max_pool_forward(x, *, size, stride, pad, dilation, ceil):
    """The maximum of each window and its place h·W + v, the first in row-major order of equals."""
    N, C, H, W = x.shape
    y = np.empty((N, C, *output_size((H, W), size, stride, pad, dilation, ceil)), x.dtype)
    index = np.empty(y.shape, np.int32)
    for n, c, p, q in np.ndindex(y.shape):
        best, place = None, -1
        for i, j in np.ndindex(*size):
            h, v = places(p, q, i, j, stride, pad, dilation)
            if 0 <= h < H and 0 <= v < W:
                value = x[n, c, h, v]
                first_nan = math.isnan(value) and (best is None or not math.isnan(best))
                if best is None or value > best or first_nan:
                    best, place = value, h * W + v
        y[n, c, p, q], index[n, c, p, q] = best, place
    return y, index


def average_pool_forward(x, *, size, stride, pad, dilation, ceil, count_pad):
    """Each window's sum, over its pixels in x; with count_pad, over those in the padded x."""
    N, C, H, W = x.shape
    y = np.empty((N, C, *output_size((H, W), size, stride, pad, dilation, ceil)), x.dtype)
    x = x.astype(float)
    for n, c, p, q in np.ndindex(y.shape):
        total, count = 0, 0
        for i, j in np.ndindex(*size):
            h, v = places(p, q, i, j, stride, pad, dilation)
            if 0 <= h < H and 0 <= v < W:
                total, count = total + x[n, c, h, v], count + 1
            elif count_pad and -pad[0] <= h < H + pad[2] and -pad[1] <= v < W + pad[3]:
                count += 1
        y[n, c, p, q] = total / count
    return y


def average_pool_backward(dy, x_shape, *, size, stride, pad, dilation, ceil, count_pad):
    """Every window hands dy/count on to its pixels."""
    (_, _, H, W), dx = x_shape, np.zeros(x_shape)
    for n, c, p, q in np.ndindex(dy.shape):
        under = [places(p, q, i, j, stride, pad, dilation) for i, j in np.ndindex(*size)]
        inside = [(h, v) for h, v in under if 0 <= h < H and 0 <= v < W]
        padded = [(h, v) for h, v in under
                  if -pad[0] <= h < H + pad[2] and -pad[1] <= v < W + pad[3]]
        for h, v in inside:
            dx[n, c, h, v] += dy[n, c, p, q] / len(padded if count_pad else inside)
    return dx.astype(dy.dtype)


def global_average_pool_forward(x):
    """y[n,c] = Σ_hv x[n,c,h,v] / (H·W)."""
    N, C, H, W = x.shape
    y = np.empty((N, C, 1, 1), x.dtype)
    for n, c in np.ndindex(N, C):
        y[n, c] = sum(float(x[n, c, h, v]) for h, v in np.ndindex(H, W)) / (H * W)
    return y


def global_average_pool_backward(dy, x_shape):
    """dx[n,c,h,v] = dy[n,c] / (H·W)."""
    dx = np.empty(x_shape, dy.dtype)
    for n, c, h, v in np.ndindex(x_shape):
        dx[n, c, h, v] = dy[n, c, 0, 0] / (x_shape[2] * x_shape[3])
    return dx


def batch_norm_forward(x, scale, shift, mean, variance, *, epsilon):
    """y[n,c] = scale[c] · (x[n,c] − mean[c]) / √(variance[c] + epsilon) + shift[c]."""
    y = np.empty_like(x)
    x, scale, shift, mean, variance = (a.astype(float) for a in (x, scale, shift, mean, variance))
    for place in np.ndindex(x.shape):
        c = place[1]
        y[place] = scale[c] * (x[place] - mean[c]) / math.sqrt(variance[c] + epsilon) + shift[c]
    return y


def batch_norm_backward(dy, x, scale, mean, variance, *, epsilon):
    """(dx, dscale, dshift) of Σ dy·y; mean and variance are constants."""
    dx, dscale, dshift = np.zeros(x.shape), np.zeros(scale.shape), np.zeros(scale.shape)
    dtype = x.dtype
    dy, x, scale, mean, variance = (a.astype(float) for a in (dy, x, scale, mean, variance))
    for place in np.ndindex(x.shape):
        c = place[1]
        root = math.sqrt(variance[c] + epsilon)
        dx[place] = dy[place] * scale[c] / root
        dscale[c] += dy[place] * (x[place] - mean[c]) / root
        dshift[c] += dy[place]
    return dx.astype(dtype), dscale.astype(dtype), dshift.astype(dtype)


def leaky_relu_forward(x, *, slope):
    """y = x where x > 0, else slope · x."""
    y = np.empty_like(x)
    for place in np.ndindex(x.shape):
        y[place] = x[place] if x[place] > 0 else slope * x[place]
    return y


def leaky_relu_backward(dy, x, *, slope):
    """dx = dy where x > 0, else slope · dy."""
    dx = np.empty_like(dy)
    for place in np.ndindex(x.shape):
        dx[place] = dy[place] if x[place] > 0 else slope * dy[place]
    return dx


def clipped_relu_forward(x, *, low, high):
    """y = low below low, high above high, else x; NaN stays NaN."""
    y = np.empty_like(x)
    for place in np.ndindex(x.shape):
        y[place] = low if x[place] < low else high if x[place] > high else x[place]
    return y


def clipped_relu_backward(dy, x, *, low, high):
    """dx = dy where low < x < high, else 0."""
    dx = np.empty_like(dy)
    for place in np.ndindex(x.shape):
        dx[place] = dy[place] if low < x[place] < high else 0
    return dx


def sigmoid_forward(x):
    """y = 1 / (1 + e^−x)."""
    y = np.empty_like(x)
    for place in np.ndindex(x.shape):
        y[place] = 1 / (1 + math.exp(-float(x[place])))
    return y


def sigmoid_backward(dy, x):
    """dx = dy · e^−x / (1 + e^−x)²."""
    dx = np.empty_like(dy)
    for place in np.ndindex(x.shape):
        e = math.exp(-float(x[place]))
        dx[place] = dy[place] * e / (1 + e) ** 2
    return dx


def softmax_forward(x):
    """y[n,k,…] = e^x[n,k,…] / Σ_m e^x[n,m,…]."""
    y = np.empty_like(x)
    for n, k, *rest in np.ndindex(x.shape):
        exps = [math.exp(float(x[(n, m, *rest)])) for m in range(x.shape[1])]
        y[(n, k, *rest)] = exps[k] / sum(exps)
    return y


def softmax_backward(dy, x):
    """dx[k] = Σ_m dy[m] · y[m] · ((k == m) − y[k])."""
    dx, y = np.zeros(x.shape), softmax_forward(x.astype(float))
    for n, k, *rest in np.ndindex(x.shape):
        for m in range(x.shape[1]):
            slope = y[(n, m, *rest)] * ((k == m) - y[(n, k, *rest)])
            dx[(n, k, *rest)] += dy[(n, m, *rest)] * slope
    return dx.astype(dy.dtype)


def concat_forward(xs):
    """Channel c of y is channel c − (the channels before) of the input that it falls into."""
    y = np.empty((len(xs[0]), sum(x.shape[1] for x in xs), *xs[0].shape[2:]), xs[0].dtype)
    before = 0
    for x in xs:
        for n, c, *rest in np.ndindex(x.shape):
            y[(n, before + c, *rest)] = x[(n, c, *rest)]
        before += x.shape[1]
    return y


def add_forward(xs):
    """y = Σ x, element by element."""
    y = np.empty_like(xs[0])
    for place in np.ndindex(y.shape):
        y[place] = sum(float(x[place]) for x in xs)
    return y


def pad_forward(x, *, pad, value):
    """y[n,c,h,v] = x[n, c, h − top, v − left], or value outside of x."""
    (N, C, H, W), (top, left, bottom, right) = x.shape, pad
    y = np.empty((N, C, top + H + bottom, left + W + right), x.dtype)
    for n, c, h, v in np.ndindex(y.shape):
        inside = 0 <= h - top < H and 0 <= v - left < W
        y[n, c, h, v] = x[n, c, h - top, v - left] if inside else value
    return y
