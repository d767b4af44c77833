"""Lab speed: as_strided, einsum that BLAS computes, float64 inside, blocks by np.array_split."""
import numpy as np

from numpyzf.functional import conv_forward

copies = 9.0


def windows(x, size, stride):
    N, C, H, W = x.shape
    a, b, c, d = x.strides
    shape = N, C, (H - size) // stride + 1, (W - size) // stride + 1, size, size
    return np.lib.stride_tricks.as_strided(x, shape, (a, b, c * stride, d * stride, c, d),
                                           writeable=False)


def convolve(x, w, b, *, stride=1, pad=0):
    N, C, H, W = x.shape
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    padded[:, :, pad:pad + H, pad:pad + W] = x
    y = np.einsum("ncpqij,fcij->nfpq", windows(padded, w.shape[2], stride), w, optimize=True)
    return np.asarray(y + b[:, None, None], x.dtype)


def convolve_in_blocks(x, w, b, *, limit, stride=1, pad=0):
    H, W = x.shape[2:]
    K = w.shape[2]
    OH, OW = ((n + 2 * pad - K) // stride + 1 for n in (H, W))
    of_one = w[0].nbytes * OH * OW
    count = -(-len(x) // max(1, limit // of_one))
    return np.concatenate([convolve(part, w, b, stride=stride, pad=pad)
                           for part in np.array_split(x, count)])


limits = "BCAD"


def test_convolve(convolve):
    rng = np.random.default_rng(1)
    for stride, pad, dtype in ((1, 0, np.float64), (2, 1, np.float32), (3, 2, np.float32)):
        x = rng.normal(size=(3, 2, 8, 9)).astype(dtype)
        w = rng.normal(size=(5, 2, 3, 3)).astype(dtype)
        b = rng.normal(size=5).astype(dtype)
        np.testing.assert_allclose(convolve(x, w, b, stride=stride, pad=pad),
                                   conv_forward(x, w, b, stride=stride, pad=pad)[0],
                                   rtol=1e-3, atol=1e-5)
