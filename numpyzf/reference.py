"""Every operation as literal loops: the specification. Slow on purpose, no kernel, no trick, one formula each.

Sums run in Python floats (float64); the result has the input's dtype. Letters as everywhere: N images, C channels,
H×W size, F filters, K kernel, OH×OW output. Compare functional.py, which must give the same numbers.
"""
import math

import numpy as np

from .geometry import conv_output_size, pool_output_size


def conv_forward(x, w, b, *, stride, pad):
    """y[n,f,p,q] = b[f] + Σ_{c,i,j} w[f,c,i,j] · x[n, c, p·stride + i − pad, q·stride + j − pad]; zero outside x."""
    (N, C, H, W), (F, _, K, _) = x.shape, w.shape
    OH, OW = conv_output_size(H, K, stride, pad), conv_output_size(W, K, stride, pad)
    y = np.empty((N, F, OH, OW), x.dtype)
    for n, f, p, q in np.ndindex(N, F, OH, OW):
        total = float(b[f])
        for c, i, j in np.ndindex(C, K, K):
            h, v = p * stride + i - pad, q * stride + j - pad
            if 0 <= h < H and 0 <= v < W:
                total += float(w[f, c, i, j]) * float(x[n, c, h, v])
        y[n, f, p, q] = total
    return y


def conv_backward(dy, x, w, *, stride, pad):
    """Gradients (dx, dw, db) of Σ dy·y: each product of the forward pass hands dy on to both of its factors."""
    (N, C, H, W), (F, _, K, _) = x.shape, w.shape
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(F)
    for n, f, p, q in np.ndindex(dy.shape):
        d = float(dy[n, f, p, q])
        db[f] += d
        for c, i, j in np.ndindex(C, K, K):
            h, v = p * stride + i - pad, q * stride + j - pad
            if 0 <= h < H and 0 <= v < W:
                dx[n, c, h, v] += d * float(w[f, c, i, j])
                dw[f, c, i, j] += d * float(x[n, c, h, v])
    return dx.astype(x.dtype), dw.astype(x.dtype), db.astype(x.dtype)


def conv_transpose(r, w, *, stride, pad, size):
    """x[n, c, p·stride + i − pad, q·stride + j − pad] += w[f,c,i,j] · r[n,f,p,q], cut to size = (H, W)."""
    F, C, K, _ = w.shape
    x = np.zeros((r.shape[0], C, *size))
    for n, f, p, q in np.ndindex(r.shape):
        for c, i, j in np.ndindex(C, K, K):
            h, v = p * stride + i - pad, q * stride + j - pad
            if 0 <= h < size[0] and 0 <= v < size[1]:
                x[n, c, h, v] += float(w[f, c, i, j]) * float(r[n, f, p, q])
    return x.astype(r.dtype)


def max_pool_forward(x, *, size, stride, pad=0, ceil=False):
    """(y, index): the maximum of each window and its place h·W + v; the first in row-major order among equals."""
    N, C, H, W = x.shape
    OH, OW = pool_output_size(H, size, stride, pad, ceil), pool_output_size(W, size, stride, pad, ceil)
    y, index = np.empty((N, C, OH, OW), x.dtype), np.empty((N, C, OH, OW), np.int32)
    for n, c, p, q in np.ndindex(y.shape):
        best, place = None, -1
        for i, j in np.ndindex(size, size):
            h, v = p * stride + i - pad, q * stride + j - pad
            if 0 <= h < H and 0 <= v < W:
                value = x[n, c, h, v]
                if best is None or value > best or (math.isnan(value) and not math.isnan(best)):
                    best, place = value, h * W + v
        y[n, c, p, q], index[n, c, p, q] = best, place
    return y, index


def unpool(r, index, x_shape):
    """x[n, c, place] += r for every window: the adjoint of pooling with its switches fixed."""
    x = np.zeros(x_shape)
    for n, c, p, q in np.ndindex(r.shape):
        h, v = divmod(int(index[n, c, p, q]), x_shape[3])
        x[n, c, h, v] += float(r[n, c, p, q])
    return x.astype(r.dtype)


def contrast_norm_forward(x, *, size=5, alpha=5e-4, beta=0.75, k=2.0):
    """y[c] = x[c] / (k + α/size · Σ x[c']²)^β, c' from c − ⌊(size−1)/2⌋ to c + ⌈(size−1)/2⌉ (ONNX LRN)."""
    C = x.shape[1]
    y = np.empty_like(x)
    for n, c, h, v in np.ndindex(x.shape):
        near = range(max(c - (size - 1) // 2, 0), min(c + size // 2 + 1, C))
        s = k + alpha / size * sum(float(x[n, other, h, v]) ** 2 for other in near)
        y[n, c, h, v] = float(x[n, c, h, v]) / s ** beta
    return y


def contrast_norm_backward(dy, x, *, size=5, alpha=5e-4, beta=0.75, k=2.0):
    """dx: through the numerator of y[c], and through the sum s[c] of every map c that x[c'] is a neighbor of."""
    C = x.shape[1]
    dx = np.zeros(x.shape)
    for n, c, h, v in np.ndindex(x.shape):
        near = range(max(c - (size - 1) // 2, 0), min(c + size // 2 + 1, C))
        s = k + alpha / size * sum(float(x[n, other, h, v]) ** 2 for other in near)
        d = float(dy[n, c, h, v])
        dx[n, c, h, v] += d / s ** beta
        for other in near:
            dx[n, other, h, v] -= d * float(x[n, c, h, v]) * beta * s ** (-beta - 1) * alpha / size * 2 * float(x[n, other, h, v])
    return dx.astype(x.dtype)


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
    y = np.empty((x.shape[0], w.shape[0]), x.dtype)
    for n, o in np.ndindex(y.shape):
        y[n, o] = float(b[o]) + sum(float(w[o, i]) * float(x[n, i]) for i in range(w.shape[1]))
    return y


def linear_backward(dy, x, w):
    """Gradients (dx, dw, db) of Σ dy·y."""
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(w.shape[0])
    for n, o in np.ndindex(dy.shape):
        d = float(dy[n, o])
        db[o] += d
        for i in range(w.shape[1]):
            dx[n, i] += d * float(w[o, i])
            dw[o, i] += d * float(x[n, i])
    return dx.astype(x.dtype), dw.astype(x.dtype), db.astype(x.dtype)


def softmax_cross_entropy(scores, labels):
    """(loss, dscores): mean over images of −log p[label] with p = softmax(scores), and its gradient (p − onehot)/N."""
    N, classes = scores.shape
    loss, dscores = 0.0, np.empty_like(scores)
    for n in range(N):
        top = float(scores[n].max())                    # e^(s − top) can't overflow, and the shift cancels
        exps = [math.exp(float(s) - top) for s in scores[n]]
        loss += math.log(sum(exps)) - (float(scores[n, labels[n]]) - top)
        for c in range(classes):
            dscores[n, c] = (exps[c] / sum(exps) - (c == labels[n])) / N
    return loss / N, dscores
