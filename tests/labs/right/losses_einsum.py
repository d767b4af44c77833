"""Lab losses, by einsum and slices."""
import numpy as np

grows = np.array([1, 4]).tolist()


def gram(y):
    return np.einsum("nchw,ndhw->ncd", y, y) / y.dtype.type(y[0].size)


def test_gram(gram):
    y = np.random.default_rng(1).uniform(-1, 3, (3, 4, 5, 2)).astype(np.float32)
    expected = np.einsum("nchw,ndhw->ncd", y, y, dtype=float) / 40
    np.testing.assert_allclose(gram(y), expected, rtol=1e-4, atol=1e-5)


def feature_loss(y, target):
    d = (y - target).ravel()
    return d @ d / d.size, np.reshape(d, y.shape) * y.dtype.type(2 / d.size)


def style_loss(y, gram, target):
    d = gram - target
    slope = (d + d.transpose(0, 2, 1)) * y.dtype.type(2 / y.size)
    return float(np.einsum("ncd,ncd->", d, d)) / len(y), np.einsum("ncd,ndhw->nchw", slope, y)


def total_variation(x):
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    middle = padded[:, :, 1:-1, 1:-1]
    up, down = padded[:, :, :-2, 1:-1], padded[:, :, 2:, 1:-1]
    left, right = padded[:, :, 1:-1, :-2], padded[:, :, 1:-1, 2:]
    loss = np.sum((down - middle) ** 2) + np.sum((right - middle) ** 2)
    return loss / len(x), (4 * middle - up - down - left - right) * x.dtype.type(2 / len(x))
