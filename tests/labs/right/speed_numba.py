"""Lab speed: the seven loops as they are, compiled by Numba."""
import numba
import numpy as np

copies = 9


def windows(x, size, stride):
    rows, columns = ((n - size) // stride + 1 for n in x.shape[2:])
    views = np.ndarray((*x.shape[:2], rows, columns, size, size), x.dtype, x,
                       strides=(*x.strides[:2], *(s * stride for s in x.strides[2:]),
                                *x.strides[2:]))
    return views


@numba.njit
def _loops(x, w, b, stride, y):
    for n in range(y.shape[0]):
        for f in range(y.shape[1]):
            for p in range(y.shape[2]):
                for q in range(y.shape[3]):
                    total = b[f]
                    for c in range(w.shape[1]):
                        for i in range(w.shape[2]):
                            for j in range(w.shape[3]):
                                total += w[f, c, i, j] * x[n, c, p * stride + i, q * stride + j]
                    y[n, f, p, q] = total


def convolve(x, w, b, *, stride=1, pad=0):
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows, columns = ((n - w.shape[2]) // stride + 1 for n in padded.shape[2:])
    y = np.empty((len(x), len(w), rows, columns), x.dtype)
    _loops(padded, w, b, stride, y)
    return y


def convolve_in_blocks(x, w, b, *, limit, stride=1, pad=0):
    return convolve(x, w, b, stride=stride, pad=pad)        # it has no columns at all


limits = "BCAD"


def test_convolve(convolve):
    rng = np.random.default_rng(5)
    for stride in (1, 2):
        x, w, b = rng.random((2, 2, 5, 7)), rng.random((3, 2, 3, 3)), rng.random(3)
        x, w, b = x.astype(np.float32), w.astype(np.float32), b.astype(np.float32)
        padded = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)))
        right = np.zeros((2, 3, 7 // stride + stride // 2, (11 - 3) // stride + 1), np.float32)
        _loops(padded, w, b, stride, right)
        y = convolve(x, w, b, stride=stride, pad=2)
        assert y.shape == right.shape and np.allclose(y, right, rtol=1e-4)
