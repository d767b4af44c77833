"""The operations as literal loops: the specification. Slow on purpose, no trick, one formula each.

Sums run in float64; the result has the input's dtype. Letters as everywhere: N images, C channels,
H×W size, F filters, K kernel, OH×OW output. functional.py must give the same numbers, to rounding.
"""
import math

import numpy as np

from .geometry import conv_output_size, pool_output_size


def conv_forward(x, w, b, *, stride, pad):
    """y[n,f,p,q] = b[f] + Σ_cij w[f,c,i,j] · x[n, c, p·stride + i − pad, q·stride + j − pad]."""
    (N, C, H, W), (F, _, K, _) = x.shape, w.shape
    OH, OW = conv_output_size(H, K, stride, pad), conv_output_size(W, K, stride, pad)
    y = np.empty((N, F, OH, OW), x.dtype)
    x, w, b = (a.astype(float) for a in (x, w, b))
    for n, f, p, q in np.ndindex(y.shape):
        total = b[f]
        for c, i, j in np.ndindex(C, K, K):
            h, v = p * stride + i - pad, q * stride + j - pad
            if 0 <= h < H and 0 <= v < W:           # zero outside of x
                total += w[f, c, i, j] * x[n, c, h, v]
        y[n, f, p, q] = total
    return y


def conv_backward(dy, x, w, *, stride, pad):
    """(dx, dw, db) of Σ dy·y: each product of the forward pass hands dy on to both its factors."""
    (_, C, H, W), (F, _, K, _), dtype = x.shape, w.shape, x.dtype
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(F)
    dy, x, w = (a.astype(float) for a in (dy, x, w))
    for n, f, p, q in np.ndindex(dy.shape):
        d = dy[n, f, p, q]
        db[f] += d
        for c, i, j in np.ndindex(C, K, K):
            h, v = p * stride + i - pad, q * stride + j - pad
            if 0 <= h < H and 0 <= v < W:
                dx[n, c, h, v] += d * w[f, c, i, j]
                dw[f, c, i, j] += d * x[n, c, h, v]
    return dx.astype(dtype), dw.astype(dtype), db.astype(dtype)


def conv_transpose(r, w, *, stride, pad, size):
    """x[n, c, p·stride + i − pad, q·stride + j − pad] += w[f,c,i,j] · r[n,f,p,q]; size = (H, W)."""
    (_, C, K, _), (H, W), dtype = w.shape, size, r.dtype
    x = np.zeros((len(r), C, H, W))
    r, w = (a.astype(float) for a in (r, w))
    for n, f, p, q in np.ndindex(r.shape):
        for c, i, j in np.ndindex(C, K, K):
            h, v = p * stride + i - pad, q * stride + j - pad
            if 0 <= h < H and 0 <= v < W:
                x[n, c, h, v] += w[f, c, i, j] * r[n, f, p, q]
    return x.astype(dtype)


def max_pool_forward(x, *, size, stride, pad=0, ceil=False):
    """The maximum of each window and its place h·W + v, the first in row-major order of equals."""
    N, C, H, W = x.shape
    OH = pool_output_size(H, size, stride, pad, ceil)
    OW = pool_output_size(W, size, stride, pad, ceil)
    y, index = np.empty((N, C, OH, OW), x.dtype), np.empty((N, C, OH, OW), np.int32)
    for n, c, p, q in np.ndindex(y.shape):
        best, place = None, -1
        for i, j in np.ndindex(size, size):
            h, v = p * stride + i - pad, q * stride + j - pad
            if 0 <= h < H and 0 <= v < W:
                value = x[n, c, h, v]
                first_nan = math.isnan(value) and (best is None or not math.isnan(best))
                if best is None or value > best or first_nan:
                    best, place = value, h * W + v
        y[n, c, p, q], index[n, c, p, q] = best, place
    return y, index


def unpool(r, index, x_shape):
    """x[n, c, place] += r for every window: the adjoint of pooling with its switches fixed."""
    x = np.zeros(x_shape)
    for n, c, p, q in np.ndindex(r.shape):
        h, v = divmod(int(index[n, c, p, q]), x_shape[3])
        x[n, c, h, v] += r[n, c, p, q]
    return x.astype(r.dtype)


def contrast_norm_forward(x, *, size=5, alpha=5e-4, beta=0.75, k=2.0):
    """y[c] = x[c] / s[c]^β, s[c] = k + α/size · Σ x[c']² over neighbors c' of c: ONNX's LRN."""
    y = np.empty_like(x)
    x = x.astype(float)
    for n, c, h, v in np.ndindex(x.shape):
        near = neighbors(c, x.shape[1], size)
        s = k + alpha / size * sum(x[n, other, h, v] ** 2 for other in near)
        y[n, c, h, v] = x[n, c, h, v] / s ** beta
    return y


def contrast_norm_backward(dy, x, *, size=5, alpha=5e-4, beta=0.75, k=2.0):
    """dy[c] goes through x[c] in the numerator, and through x[c'] in s[c] for every neighbor c'."""
    dx, dtype = np.zeros(x.shape), x.dtype
    dy, x = (a.astype(float) for a in (dy, x))
    for n, c, h, v in np.ndindex(x.shape):
        near = neighbors(c, x.shape[1], size)
        s = k + alpha / size * sum(x[n, other, h, v] ** 2 for other in near)
        d = dy[n, c, h, v]
        dx[n, c, h, v] += d / s ** beta
        for other in near:
            ds = alpha / size * 2 * x[n, other, h, v]
            dx[n, other, h, v] -= d * x[n, c, h, v] * beta * s ** (-beta - 1) * ds
    return dx.astype(dtype)


def neighbors(c, C, size):
    """The `size` maps around map c, from c − ⌊(size−1)/2⌋ to c + ⌈(size−1)/2⌉, cut to 0 … C − 1."""
    return range(max(c - (size - 1) // 2, 0), min(c + size // 2 + 1, C))


def relu_forward(x):
    """y = max(x, 0), element by element; NaN stays NaN."""
    y = np.empty_like(x)
    for place in np.ndindex(x.shape):
        y[place] = 0 if x[place] <= 0 else x[place]
    return y


def relu_backward(dy, x):
    """dx = dy where x > 0, else 0."""
    dx = np.empty_like(dy)
    for place in np.ndindex(x.shape):
        dx[place] = dy[place] if x[place] > 0 else 0
    return dx


def linear_forward(x, w, b):
    """y[n,o] = b[o] + Σ_i w[o,i] · x[n,i]."""
    y = np.empty((len(x), len(w)), x.dtype)
    x, w, b = (a.astype(float) for a in (x, w, b))
    for n, o in np.ndindex(y.shape):
        y[n, o] = b[o] + sum(w[o, i] * x[n, i] for i in range(w.shape[1]))
    return y


def linear_backward(dy, x, w):
    """Gradients (dx, dw, db) of Σ dy·y."""
    dx, dw, db, dtype = np.zeros(x.shape), np.zeros(w.shape), np.zeros(len(w)), x.dtype
    dy, x, w = (a.astype(float) for a in (dy, x, w))
    for n, o in np.ndindex(dy.shape):
        db[o] += dy[n, o]
        for i in range(w.shape[1]):
            dx[n, i] += dy[n, o] * w[o, i]
            dw[o, i] += dy[n, o] * x[n, i]
    return dx.astype(dtype), dw.astype(dtype), db.astype(dtype)


def softmax_cross_entropy(scores, labels):
    """Mean of −log p[label], where p = softmax(scores), and its gradient (p − onehot)/N."""
    (N, classes), loss, dscores = scores.shape, 0.0, np.empty_like(scores)
    scores = scores.astype(float)
    for n in range(N):
        top = scores[n].max()                   # e^(s − top) can't overflow, and the shift cancels
        exps = [math.exp(s - top) for s in scores[n]]
        loss += math.log(sum(exps)) - (scores[n, labels[n]] - top)
        for c in range(classes):
            dscores[n, c] = (exps[c] / sum(exps) - (c == labels[n])) / N
    return float(loss / N), dscores
