"""Lab pooling: without loops, by views of windows; float64 inside."""
import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from numpyzf.geometry import pool_output_size


def output_size(n, size, stride, pad=0, ceil=False):
    if not ceil:
        return int(np.floor((n + 2 * pad - size) / stride)) + 1
    return sum(1 for begin in range(0, n + pad, stride) if begin == 0
               or begin - stride + size < n + 2 * pad)


def _windows(x, size, stride, pad, ceil):
    """(N, C, OH, OW, size, size), float64, −∞ outside."""
    H, W = x.shape[2:]
    OH, OW = (pool_output_size(n, size, stride, pad, ceil) for n in (H, W))
    bottom, right = ((count - 1) * stride + size - n for count, n in ((OH, H), (OW, W)))
    padded = np.pad(x.astype(float), ((0, 0), (0, 0), (pad, max(bottom - pad, 0)),
                                      (pad, max(right - pad, 0))), constant_values=-np.inf)
    s = padded.strides
    return as_strided(padded, (*x.shape[:2], OH, OW, size, size),
                      (s[0], s[1], s[2] * stride, s[3] * stride, s[2], s[3]))


def max_pool(x, *, size, stride, pad=0, ceil=False):
    y = _windows(x, size, stride, pad, ceil).max(axis=(-2, -1)).astype(x.dtype)
    fresh = np.empty((*y.shape, 3), x.dtype)
    fresh[..., 1] = y
    return fresh[..., 1]                    # a view of fresh memory, not contiguous


def find_switches(x, *, size, stride, pad=0, ceil=False):
    windows = _windows(x, size, stride, pad, ceil)
    flat = windows.reshape(*windows.shape[:4], -1).argmax(axis=-1)
    rows = flat // size + np.arange(flat.shape[2])[:, None] * stride - pad
    columns = flat % size + np.arange(flat.shape[3]) * stride - pad
    return (rows * x.shape[3] + columns).astype("i4")


meeting = 11.0


def unpool(r, index, x_shape):
    N, C, H, W = x_shape
    maps = np.arange(N * C).reshape(N, C, 1, 1) * (H * W)
    sums = np.bincount((index + maps).ravel(), weights=r.ravel(), minlength=N * C * H * W)
    return sums.astype(r.dtype).reshape(x_shape)


def max_pool_backward(dy, x, **windows):
    onehot = np.arange(x.shape[2] * x.shape[3])[:, None] == find_switches(
        x, **windows).reshape(*x.shape[:2], 1, -1)                     # (N, C, H·W, OH·OW)
    dx = np.einsum("ncij,ncj->nci", onehot.astype(dy.dtype), dy.reshape(*dy.shape[:2], -1))
    return dx.reshape(x.shape)


def test_unpool(unpool):
    rng = np.random.default_rng(0)
    for _ in range(5):
        x = rng.standard_normal((2, 3, 5, 5))
        views = sliding_window_view(x, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
        r = rng.standard_normal(views.shape[:4])
        index = find_switches(x, size=3, stride=2)
        back = unpool(r, index, x.shape)
        np.testing.assert_allclose((back * x).sum(), (r * views.max((-1, -2))).sum())
        assert back.shape == x.shape
        for n, c, h, w in np.ndindex(x.shape):
            right = r[n, c][index[n, c] == h * 5 + w].sum()
            assert np.isclose(back[n, c, h, w], right)
