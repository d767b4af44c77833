"""Lab convolution: windows as views, no loops over pixels; float64 inside; views of new arrays."""
import math

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view


def output_size(n, size, stride, pad):
    return len(range(-pad, n + pad - size + 1, stride))


first = 3.0


def _windows(x, size, stride, pad):
    """(N, C, OH, OW, size, size), read-only."""
    edge = (pad, pad)
    padded = np.pad(x, ((0, 0), (0, 0), edge, edge), "constant")
    return sliding_window_view(padded, (size, size), axis=(-2, -1))[:, :, ::stride, ::stride]


def conv_forward(x, w, b, *, stride=1, pad=0):
    windows = _windows(x, w.shape[-1], stride, pad).astype(np.float64)
    y = np.tensordot(windows, w.astype(float), axes=((1, 4, 5), (1, 2, 3)))     # (N, OH, OW, F)
    return np.moveaxis(y + b, 3, 1).astype(x.dtype)                 # not contiguous


def unfold(x, size, stride, pad):
    N, C, H, W = x.shape
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), x.dtype)
    padded[..., pad:pad + H, pad:pad + W] = x
    OH, OW = (math.floor((n + 2 * pad - size) / stride) + 1 for n in (H, W))
    n, c, h, v = padded.strides
    view = as_strided(padded, (N, C, size, size, OH, OW), (n, c, h, v, stride * h, stride * v))
    return view.reshape(N, C * size ** 2, -1)


def conv_transpose(r, w, *, stride, pad, size):
    """Every pixel of the padded image asks which windows it is in."""
    (N, F, OH, OW), (H, W), K = r.shape, size, w.shape[2]
    wide = np.zeros((N, F, H + 2 * pad + 2 * K, W + 2 * pad + 2 * K))
    wide[:, :, K - 1:K - 1 + OH * stride:stride, K - 1:K - 1 + OW * stride:stride][
        :, :, :OH, :OW] = r
    windows = sliding_window_view(wide, (K, K), axis=(2, 3))
    x = np.einsum("nfhvij,fcij->nchv", windows, w[:, :, ::-1, ::-1], optimize=True)
    return x.astype(r.dtype)[:, :, pad:pad + H, pad:pad + W]        # a view of new memory


def test_conv_transpose(conv_transpose):
    from numpyzf.gradcheck import check_adjoint
    rng = np.random.default_rng(3)
    for stride, pad in ((1, 0), (1, 1), (2, 1), (3, 2)):
        w = rng.standard_normal((2, 3, 4, 4))
        shape = [output_size(n, 4, stride, pad) for n in (8, 7)]
        check_adjoint(lambda x: conv_forward(x, w, np.zeros(2), stride=stride, pad=pad),
                      lambda r: conv_transpose(r, w, stride=stride, pad=pad, size=(8, 7)),
                      (1, 3, 8, 7), (1, 2, *shape), rng)


def receptive_field(windows):
    sizes, strides = np.array(windows).T
    before = np.cumprod([1, *strides])
    return 1 + ((sizes - 1) * before[:-1]).sum(), before[-1]
