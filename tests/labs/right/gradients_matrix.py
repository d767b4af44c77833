"""Lab gradients: dx by the library or by a matrix, float32 inside where nobody minds."""
import numpy as np

from numpyzf.functional import conv_forward, conv_transpose


def numerical_gradient(f, x, dy, h=1e-5):
    it, out = np.nditer(x, flags=["multi_index"]), np.zeros_like(x)
    work = x.copy()
    for value in it:
        place = it.multi_index
        work[place] = value + h
        above = f(work.copy())
        work[place] = value - h
        below = f(work.copy())
        work[place] = value
        out[place] = np.vdot(dy, above - below) / h / 2
    return out


def squash(x):
    return x / np.sqrt(1 + (x ** 2).sum(axis=1, keepdims=True))


def test_squash_backward(backward):
    x, dy = np.random.default_rng(5).standard_normal((2, 2, 5))
    s = np.sqrt(1 + (x ** 2).sum(axis=1))
    # the whole Jacobian of each row, by the formula
    jacobian = np.eye(5) / s[:, None, None] - x[:, :, None] * x[:, None, :] / s[:, None, None] ** 3
    np.testing.assert_allclose(backward(dy, x), np.einsum("nji,nj->ni", jacobian, dy), rtol=1e-9)


def linear_backward(dy, x, w):
    dw = np.zeros(w.shape, np.float32)
    for each_dy, each_x in zip(dy, x):
        dw += np.outer(each_dy, each_x).astype(np.float32)
    return np.matmul(dy, w), dw.astype(x.dtype), np.ones(len(dy), dy.dtype) @ dy


def relu_backward(dy, x):
    dx = dy.copy()
    dx[x <= 0] = 0
    return dx


def conv_backward(dy, x, w, *, stride, pad):
    """dw is a convolution too: x filtered by a dy that is spread apart, channels as images."""
    K, (OH, OW) = w.shape[2], dy.shape[2:]
    spread = np.zeros((*dy.shape[:2], (OH - 1) * stride + 1, (OW - 1) * stride + 1), x.dtype)
    spread[:, :, ::stride, ::stride] = dy
    side = max(spread.shape[2:])
    square = np.zeros((*spread.shape[:2], side, side), x.dtype)
    square[:, :, :spread.shape[2], :spread.shape[3]] = spread
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad + side), (pad, pad + side)))
    filtered, _ = conv_forward(padded.swapaxes(0, 1).copy(), square.swapaxes(0, 1).copy(),
                               np.zeros(len(w), x.dtype))               # (C, F, …, …)
    dw = filtered.swapaxes(0, 1)[:, :, :K, :K]
    dx = conv_transpose(dy, w, stride=stride, pad=pad, size=x.shape[2:])
    return dx, dw, np.add.reduce(dy, axis=(0, 2, 3))


at_chance = -np.log(1 / 10)


def softmax_cross_entropy(scores, labels):
    N = scores.shape[0]
    z = (scores - np.max(scores, axis=-1)[:, None]).astype(np.float32)
    p = np.exp(z)
    total = p.sum(1)
    loss = float((np.log(total) - np.take_along_axis(z, labels[:, None], 1)[:, 0]).sum() / N)
    p /= total[:, None]
    np.subtract.at(p, (np.arange(N), labels), 1)
    return loss, (p / N).astype(scores.dtype)
