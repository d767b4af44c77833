"""Lab speed: no columns: a product for each place in the filter, over shifted images."""
import numpy as np

copies = 9


def windows(x, size, stride):
    views = np.lib.stride_tricks.sliding_window_view(x, (1, 1, size, size))
    return views[:, :, ::stride, ::stride, 0, 0]


def convolve(x, w, b, *, stride=1, pad=0):
    N, C, H, W = x.shape
    F, _, K, _ = w.shape
    OH, OW = (H + 2 * pad - K) // stride + 1, (W + 2 * pad - K) // stride + 1
    padded = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    y = np.empty((F, N, OH, OW), x.dtype)
    y[...] = b.reshape(F, 1, 1, 1)
    for i in range(K):
        for j in range(K):
            shifted = padded[:, :, i:i + OH * stride:stride, j:j + OW * stride:stride]
            y += np.tensordot(w[:, :, i, j], shifted, axes=(1, 1))
    return y.swapaxes(0, 1)                 # a view of fresh memory


def convolve_in_blocks(x, w, b, *, limit, stride=1, pad=0):
    first = convolve(x[:1], w, b, stride=stride, pad=pad)
    y = np.empty((len(x), *first.shape[1:]), x.dtype)
    for n in range(len(x)):                 # a block may be smaller than the limit
        y[n] = convolve(x[n:n + 1], w, b, stride=stride, pad=pad)[0]
    return y


limits = "BCAD"


def test_convolve(convolve):
    x = np.sin(np.arange(2 * 2 * 6 * 5.0)).reshape(2, 2, 6, 5).astype("f4")
    w = np.cos(np.arange(3 * 2 * 9.0)).reshape(3, 2, 3, 3).astype("f4")
    b = np.array([0.3, -1.1, 2.7], "f4")
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    y = convolve(x, w, b, stride=2, pad=1)
    for n, f, p, q in np.ndindex(2, 3, 3, 3):
        right = (padded[n, :, 2 * p:2 * p + 3, 2 * q:2 * q + 3] * w[f]).sum() + b[f]
        assert abs(y[n, f, p, q] - right) < 1e-4
