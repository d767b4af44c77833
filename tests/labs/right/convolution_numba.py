"""Lab convolution: literal loops, compiled by Numba; the way down by hand in the test."""
import numba
import numpy as np


def output_size(n, size, stride, pad):
    count = 0
    while -pad + count * stride + size <= n + pad:
        count += 1
    return count


first = 3


@numba.njit
def _loops(x, w, y, stride, pad, up):
    N, F, OH, OW = y.shape
    for n in range(N):
        for f in range(F):
            for p in range(OH):
                for q in range(OW):
                    for c in range(w.shape[1]):
                        for i in range(w.shape[2]):
                            for j in range(w.shape[3]):
                                h, v = p * stride + i - pad, q * stride + j - pad
                                if h < 0 or h >= x.shape[2] or v < 0 or v >= x.shape[3]:
                                    continue
                                if up:
                                    y[n, f, p, q] += w[f, c, i, j] * x[n, c, h, v]
                                else:
                                    x[n, c, h, v] += w[f, c, i, j] * y[n, f, p, q]


def conv_forward(x, w, b, stride, pad):
    sides = [output_size(n, w.shape[2], stride, pad) for n in x.shape[2:]]
    y = np.tile(b[:, None, None], (len(x), 1, *sides)).astype(x.dtype)
    _loops(x, w, y, stride, pad, True)
    return y


def unfold(x, size, *, stride, pad):
    N, C, H, W = x.shape
    OH, OW = (output_size(n, size, stride, pad) for n in (H, W))
    columns = np.zeros((N, C * size * size, OH * OW), x.dtype)
    for n, c, i, j, p, q in np.ndindex(N, C, size, size, OH, OW):
        h, v = p * stride + i - pad, q * stride + j - pad
        if 0 <= h < H and 0 <= v < W:
            columns[n, (c * size + i) * size + j, p * OW + q] = x[n, c, h, v]
    return columns


def conv_transpose(r, w, *, stride, pad, size):
    x = np.zeros((r.shape[0], w.shape[1], *size), r.dtype)
    _loops(x, w, r, stride, pad, False)
    return x


def test_conv_transpose(conv_transpose):
    r = np.array([[[[2, 3, 5]], [[7, 11, 13]]]], np.float32)               # (1, 2, 1, 3)
    w = np.arange(1, 37, dtype=np.float32).reshape(2, 2, 3, 3) ** 2
    for pad, size in ((0, (3, 5)), (1, (1, 3))):
        right = np.zeros((2, 3, 5))
        for f in range(2):
            for q in range(3):
                right[:, :, q:q + 3] += w[f] * r[0, f, 0, q]
        right = right[:, pad:pad + size[0], pad:pad + size[1]]
        x = conv_transpose(r, w, stride=1, pad=pad, size=size)
        assert x.shape == (1, 2, *size)
        assert np.array_equal(x[0], right)                                  # whole numbers


def receptive_field(windows):
    def seen(start, stop):
        for size, stride in windows[::-1]:
            start, stop = start * stride, (stop - 1) * stride + size
        return start, stop
    start, stop = seen(0, 1)
    return [stop - start, seen(1, 2)[0] - start]
