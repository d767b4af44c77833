"""Lab gradients: literal loops, one formula each; the convolution's compiled by Numba."""
import math

import numba
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    flat = x.ravel().copy()
    slopes = []
    for i in range(len(flat)):
        old = flat[i]
        flat[i] = old + h
        above = float(np.sum(f(flat.reshape(x.shape)) * dy))
        flat[i] = old - h
        below = float(np.sum(f(flat.reshape(x.shape)) * dy))
        flat[i] = old
        slopes.append((above - below) / (2 * h))
    return np.array(slopes).reshape(x.shape)


def squash(x):
    return x / np.sqrt(1 + (x ** 2).sum(axis=1, keepdims=True))


def test_squash_backward(backward):
    x = np.array([[1.0, -2.0, 0.5], [0.3, 0.2, -1.0]])
    dy = np.array([[1.0, 3.0, -2.0], [-1.0, 0.7, 4.0]])
    slopes = numerical_gradient(squash, x, dy)
    assert np.allclose(backward(dy, x), slopes, rtol=1e-4, atol=1e-7)


def linear_backward(dy, x, w):
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros(len(w), w.dtype)
    for n in range(len(x)):
        for o in range(len(w)):
            db[o] += dy[n, o]
            for i in range(w.shape[1]):
                dx[n, i] += dy[n, o] * w[o, i]
                dw[o, i] += dy[n, o] * x[n, i]
    return dx, dw, db


def relu_backward(dy, x):
    dx = np.zeros_like(dy)
    for place in np.ndindex(x.shape):
        if x[place] > 0:
            dx[place] = dy[place]
    return dx


@numba.njit
def _loops(dy, x, w, dx, dw, db, stride, pad):
    for n in range(dy.shape[0]):
        for f in range(dy.shape[1]):
            for p in range(dy.shape[2]):
                for q in range(dy.shape[3]):
                    db[f] += dy[n, f, p, q]
                    for c in range(w.shape[1]):
                        for i in range(w.shape[2]):
                            for j in range(w.shape[3]):
                                h, v = p * stride + i - pad, q * stride + j - pad
                                if 0 <= h < x.shape[2] and 0 <= v < x.shape[3]:
                                    dx[n, c, h, v] += dy[n, f, p, q] * w[f, c, i, j]
                                    dw[f, c, i, j] += dy[n, f, p, q] * x[n, c, h, v]


def conv_backward(dy, x, w, *, stride, pad):
    gradients = np.zeros_like(x), np.zeros_like(w), np.zeros(w.shape[0], w.dtype)
    _loops(dy, x, w, *gradients, stride, pad)
    return gradients


at_chance = math.log(10)


def softmax_cross_entropy(scores, labels):
    loss, dscores = 0.0, np.empty_like(scores)
    for n, (row, label) in enumerate(zip(scores.tolist(), labels.tolist())):
        top = max(row)
        exps = [math.exp(score - top) for score in row]
        loss += math.log(sum(exps)) + top - row[label]
        dscores[n] = [e / sum(exps) for e in exps]
        dscores[n, label] -= 1
    return loss / len(scores), dscores / len(scores)
