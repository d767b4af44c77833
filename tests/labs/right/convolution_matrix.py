"""Lab convolution: everything is one matrix product, by unfolding and by folding back."""
from itertools import product

import numpy as np

from numpyzf.functional import conv_forward as library_forward
from numpyzf.geometry import conv_output_size


def output_size(n, size, stride, pad):
    return int(np.floor_divide(n - size + 2 * pad, stride) + 1)


first = np.dot([1, 2, 3], [0, 0, 1])


def _parts(padded, size, stride, OH, OW):
    """Each of the size·size pixels of all windows at once, a view: (N, C, OH, OW)."""
    for i, j in product(range(size), repeat=2):
        yield padded[:, :, i:i + (OH - 1) * stride + 1:stride, j:j + (OW - 1) * stride + 1:stride]


def unfold(x, size, *, stride, pad):
    N, C, H, W = x.shape
    OH, OW = conv_output_size(H, size, stride, pad), conv_output_size(W, size, stride, pad)
    padded = np.pad(x, [(0, 0)] * 2 + [(pad, pad)] * 2)
    stacked = np.stack([*_parts(padded, size, stride, OH, OW)], axis=2)     # (N, C, K·K, OH, OW)
    return stacked.reshape(N, -1, OH * OW)


def conv_forward(x, w, b, *, stride, pad):
    F, _, K, _ = w.shape
    y = w.reshape(F, -1) @ unfold(x, K, stride=stride, pad=pad)
    y += b[:, None]
    return y.reshape(len(x), F, conv_output_size(x.shape[2], K, stride, pad), -1)


def conv_transpose(r, w, *, stride, pad, size):
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    columns = w.reshape(F, -1).T @ r.reshape(N, F, -1)                      # (N, C·K·K, OH·OW)
    columns = columns.reshape(N, C, K * K, OH, OW)
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), r.dtype)
    for k, part in enumerate(_parts(padded, K, stride, OH, OW)):
        part += columns[:, :, k]
    return padded[:, :, pad:padded.shape[2] - pad, pad:padded.shape[3] - pad]


def test_conv_transpose(conv_transpose):
    # the whole matrix of filtering, column by column, and that of the way down
    rng = np.random.default_rng(0)
    w = rng.standard_normal((2, 2, 3, 3))
    pixels = np.eye(2 * 4 * 5).reshape(-1, 2, 4, 5)
    up, _ = library_forward(pixels, w, np.zeros(2), stride=1, pad=1)
    units = np.eye(2 * 4 * 5).reshape(-1, 2, 4, 5)
    down = conv_transpose(units, w, stride=1, pad=1, size=(4, 5))
    np.testing.assert_allclose(down.reshape(40, 40).T, up.reshape(40, 40), atol=1e-12)


def receptive_field(windows):
    size = 1
    for window, stride in reversed(windows):        # from the top, another formula
        size = (size - 1) * stride + window
    return size, int(np.prod([stride for _, stride in windows]))
