"""Lab pooling: literal loops, compiled by Numba."""
import math

import numba
import numpy as np


def output_size(n, size, stride, pad=0, ceil=False):
    rounded = math.ceil if ceil else math.floor
    count = 1 + rounded((n + 2 * pad - size) / stride)
    while ceil and (count - 1) * stride >= n + pad:
        count = count - 1
    return np.int64(count)


@numba.njit
def _pool(x, y, index, size, stride, pad):
    for n in range(y.shape[0]):
        for c in range(y.shape[1]):
            for p in range(y.shape[2]):
                for q in range(y.shape[3]):
                    best = -np.inf
                    place = 0
                    for i in range(size):
                        for j in range(size):
                            h, v = p * stride + i - pad, q * stride + j - pad
                            if 0 <= h < x.shape[2] and 0 <= v < x.shape[3]:
                                if x[n, c, h, v] > best:
                                    best, place = x[n, c, h, v], h * x.shape[3] + v
                    y[n, c, p, q], index[n, c, p, q] = best, place


def _both(x, size, stride, pad, ceil):
    sides = [output_size(n, size, stride, pad, ceil) for n in x.shape[2:]]
    y = np.zeros_like(x, shape=(*x.shape[:2], *sides))
    index = np.zeros(y.shape, np.int32)
    _pool(x, y, index, size, stride, pad)
    return y, index


def max_pool(x, *, size, stride, pad=0, ceil=False):
    return _both(x, size, stride, pad, ceil)[0]


def find_switches(x, *, size, stride, pad=0, ceil=False):
    return _both(x, size, stride, pad, ceil)[1]


meeting = np.float32(11)


@numba.njit
def unpool(r, index, x_shape):
    x = np.zeros(x_shape, r.dtype)
    for n in range(r.shape[0]):
        for c in range(r.shape[1]):
            for p in range(r.shape[2]):
                for q in range(r.shape[3]):
                    place = index[n, c, p, q]
                    x[n, c, place // x_shape[3], place % x_shape[3]] += r[n, c, p, q]
    return x


def max_pool_backward(dy, x, *, size, stride, pad=0, ceil=False):
    return unpool(dy, find_switches(x, size=size, stride=stride, pad=pad, ceil=ceil), x.shape)


def test_unpool(unpool):
    r, index = np.ones((1, 2, 1, 3), np.float32), np.zeros((1, 2, 1, 3), np.int32)
    r[0, 0, 0] = 3, 4, 2
    index[0, 1] = 1
    x = unpool(r, index, (1, 2, 2, 2))
    if x[0, 0, 0, 0] != 9 or x[0, 1, 0, 1] != 3 or np.count_nonzero(x) != 2:
        raise ValueError("it should add")
