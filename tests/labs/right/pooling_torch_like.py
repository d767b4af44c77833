"""Lab pooling: padded with the smallest number, slices of the whole batch, float32 inside."""
from itertools import product

import numpy as np


def output_size(n, size, stride, pad=0, ceil=False):
    q, rest = divmod(n + 2 * pad - size, stride)
    q += 1
    if ceil and rest > 0:
        q += 1
        if (q - 1) * stride >= n + pad:
            q -= 1
    return q


def _each(x, size, stride, pad, ceil):
    OH, OW = (output_size(n, size, stride, pad, ceil) for n in x.shape[2:])
    H, W = x.shape[2:]
    big = np.full((*x.shape[:2], H + 2 * pad + stride * size, W + 2 * pad + stride * size),
                  np.finfo(x.dtype).min, x.dtype)
    big[:, :, pad:pad + H, pad:pad + W] = x
    for i, j in product(range(size), range(size)):
        yield i, j, big[:, :, i:i + OH * stride:stride, j:j + OW * stride:stride][:, :, :OH, :OW]


def max_pool(x, *, size, stride, pad=0, ceil=False):
    y = None
    for _, _, part in _each(x, size, stride, pad, ceil):
        y = part.copy() if y is None else np.maximum(y, part)
    return y


def find_switches(x, *, size, stride, pad=0, ceil=False):
    best = index = None
    for i, j, part in _each(x, size, stride, pad, ceil):
        if best is None:
            best = np.full(part.shape, -np.inf, x.dtype)
            index = np.zeros(part.shape, np.int32)
            rows = np.arange(part.shape[2], dtype=np.int32)[:, None] * stride - pad
            columns = np.arange(part.shape[3], dtype=np.int32) * stride - pad
        won = part > best
        index = np.where(won, (rows + i) * np.int32(x.shape[3]) + columns + j, index)
        best = np.where(won, part, best)
    return index.astype(np.int32)


meeting = 10 + 1


def unpool(r, index, x_shape):
    x = np.zeros(x_shape, r.dtype)
    planes, r, index = (x.reshape(-1, x_shape[2] * x_shape[3]),
                        r.reshape(len(r) * r.shape[1], -1), index.reshape(len(r) * r.shape[1], -1))
    for plane, values, places in zip(planes, r, index):
        np.add.at(plane, places, values)
    return x


def max_pool_backward(dy, x, size, stride, pad=0, ceil=False):
    return unpool(dy, find_switches(x, size=size, stride=stride, pad=pad, ceil=ceil), x.shape)


def test_unpool(unpool):
    index = np.array([0, 1, 1, 1, 2, 0], np.int32).reshape(1, 2, 1, 3)
    r = np.array([1, 2, 4, 8, 16, 32], np.float32).reshape(1, 2, 1, 3)
    got = unpool(r, index, (1, 2, 1, 3)).ravel().tolist()
    assert got == [1, 6, 0, 32, 8, 16], got
