"""The public operations: pure functions for the way up, the gradient, and the deconvnet's way down.

Arrays are NCHW, float32 or float64, all of one call of the same dtype; inputs are never changed.
`*_forward` returns (y, saved) with what its backward needs. Arguments are checked first, see
checks.py: a TypeError for a wrong type or dtype, a ValueError for a wrong shape or value. What
takes time runs in kernels/, the machine room; reference.py has the same in plain loops.

A NaN: a network refuses it (checks.images). A pool takes it as the maximum. A ReLU leaves it up and
stops the gradient there; the deconvnet's rectification lets it through.

A convolution can be computed in four ways, the `method`, which give the same to rounding, but for
"winograd": to some 3e-5 of the largest in float32. kernels/__init__.py has more, also of NaN.
"""
from typing import NamedTuple

import numpy as np

from . import checks, kernels
from .geometry import Window, conv_output_size, pool_output_size


# ---- convolution -------------------------------------------------------------------------------
class ConvSaved(NamedTuple):
    """What conv_backward needs."""
    x: np.ndarray       # the input (N, C, H, W)
    w: np.ndarray       # the filters (F, C, K, K)
    window: Window      # K, stride and pad
    method: str         # the one that was used, never "auto"


def conv_forward(x, w, b, *, stride=1, pad=0, method="auto"):
    """Convolution (in the field's sense: the filters are not flipped).

    y[n,f,p,q] = b[f] + Σ_{c,i,j} w[f,c,i,j] · x[n, c, p·stride + i − pad, q·stride + j − pad]

    x: (N, C, H, W); zero outside of it.
    w, b: filters (F, C, K, K) and biases (F,).
    stride, pad: pixels from one window to the next; rows and columns of zeros around x.
    method: "auto", "winograd", "shift", "unfold" or "direct".
    Returns y (N, F, OH, OW), with OH = ⌊(H + 2·pad − K)/stride⌋ + 1, and saved. Section 2.
    """
    x, w, b = checks.weighted(x, "NCHW", w, "FCKK", b)
    window = Window(*checks.window(w.shape[2], stride, pad))
    method = kernels.choose(method, len(x), *x.shape[2:], w.shape, window)
    y = kernels.METHODS[method].conv_forward(x, w, b, window)
    return y, ConvSaved(x, w, window, method)


def conv_backward(dy, saved, *, need_dx=True):
    """Gradients of a convolution: dy (N, F, OH, OW) -> dx (N, C, H, W), dw (F, C, K, K), db (F,).

    dx is conv_transpose(dy, w); it is None without need_dx. A first layer in training doesn't
    need it.
    """
    x, w, window, method = saved
    N, _, H, W = x.shape
    shape = N, len(w), conv_output_size(H, *window), conv_output_size(W, *window)
    dy = checks.array("dy", dy, "NFHW", like=x.dtype, shape=shape, why="that of the output")
    return kernels.METHODS[method].conv_backward(dy, x, w, window, need_dx)


def conv_transpose(r, w, *, stride=1, pad=0, size, method="auto"):
    """Transposed filtering: the adjoint of conv_forward without its bias.

    ⟨conv x, r⟩ = ⟨x, conv_transpose r⟩
    x[n, c, p·stride + i − pad, q·stride + j − pad] += w[f,c,i,j] · r[n,f,p,q]

    Both the gradient of a convolution's input and the deconvnet's filtering (section 2.1).

    r, w: (N, F, OH, OW), and filters (F, C, K, K).
    size: (H, W) of what is made: with stride > 1 several sizes have one output size.
    method: "auto" is "unfold" here: project and project_many then give the same, to rounding.
    Returns x (N, C, H, W).
    """
    w, (H, W) = checks.array("w", w, "FCKK"), checks.pair("size", size)
    window = Window(*checks.window(w.shape[2], stride, pad))
    shape = *np.shape(r)[:1], len(w), conv_output_size(H, *window), conv_output_size(W, *window)
    r = checks.array("r", r, "NFHW", like=w.dtype, shape=shape, why=f"{window}, size {H}×{W}")
    method = "unfold" if method == "auto" else kernels.choose(method, 1, H, W, w.shape, window)
    return kernels.METHODS[method].conv_transpose(r, w, window, (H, W))


# ---- pooling -----------------------------------------------------------------------------------
class Switches(NamedTuple):
    """Where each maximum came from."""
    index: np.ndarray   # int32 (N, C, OH, OW): row·W + column in the input
    x_shape: tuple      # of the input, (N, C, H, W)


def max_pool_forward(x, *, size, stride, pad=0, ceil=False):
    """Max pooling over size×size windows, which may overlap.

    x: (N, C, H, W). Padding counts as −∞.
    ceil: a last window may hang over the edge (the paper's net needs it: 110 -> 55).
    Returns y (N, C, OH, OW) and its Switches. Of equal values the first in row-major order is
    taken. A NaN in a window is its maximum.
    """
    x, window = checks.array("x", x, "NCHW"), Window(*checks.window(size, stride, pad))
    N, C, H, W = x.shape
    OH = pool_output_size(H, *window, ceil)
    OW = pool_output_size(W, *window, ceil)
    y = np.empty((N, C, OH, OW), x.dtype)
    index = np.empty((N, C, OH, OW), np.int32)
    kernels.run(kernels.max_pool, N * C, x, y, index, *window, False)
    return y, Switches(index, x.shape)


def unpool(r, switches):
    """Send each value to the place where its maximum came from; values that meet there add.

    The exact adjoint of pooling with these switches: both the gradient of max pooling and the
    deconvnet's unpooling (section 2.1). r (N, C, OH, OW) -> x of shape switches.x_shape.
    """
    r, index = checks.switches(r, switches)
    x = np.empty(switches.x_shape, r.dtype)
    kernels.run(kernels.unpool, len(x) * x.shape[1], r, index, x)
    return x


max_pool_backward = unpool


# ---- contrast normalization --------------------------------------------------------------------
class NormSaved(NamedTuple):
    """What contrast_norm_backward needs."""
    x: np.ndarray       # the input (N, C, H, W)
    s: np.ndarray       # k + α/size · Σ x², of the same shape
    size: int
    alpha: float
    beta: float


def contrast_norm_forward(x, *, size=5, alpha=5e-4, beta=0.75, k=2.0):
    """Divide each activation by the strength of its neighbors across maps.

    y[c] = x[c] / s[c]^β,  s[c] = k + α/size · Σ x[c']²

    c' runs over the `size` maps around c, cut at the first and last map: ONNX's LRN. The paper
    gives no constants; these are the comparison network's, whose α, 1e-4, is alpha/size.

    x: (N, C, H, W).
    Returns y, of the same shape, and saved. Section 2.
    """
    x, size = checks.array("x", x, "NCHW"), checks.norm(size, alpha, beta, k)
    y, s, number = np.empty_like(x), np.empty_like(x), x.dtype.type
    before, after = (size - 1) // 2, size // 2
    flat = *x.shape[:2], x.shape[2] * x.shape[3]               # the kernel takes (N, C, H·W)
    chunks = len(x) * ((flat[2] - 1) // kernels.NORM_CHUNK + 1)
    kernels.run(kernels.contrast_norm, chunks, x.reshape(flat), y.reshape(flat), s.reshape(flat),
                before, after, number(alpha / size), number(beta), number(k))
    return y, NormSaved(x, s, size, alpha, beta)


def contrast_norm_backward(dy, saved):
    """Gradient of contrast normalization.

    dx[c] = dy[c] / s[c]^β − 2βα/size · x[c] · Σ dy[c'] · x[c'] / s[c']^(β+1)

    dy: (N, C, H, W). c' runs over the maps that have c among their neighbors.
    Returns dx of the same shape.
    """
    x, s, size, alpha, beta = saved
    dy = checks.array("dy", dy, "NCHW", like=x.dtype, shape=x.shape, why="that of the output")
    dx, number = np.empty_like(x), x.dtype.type
    before, after = (size - 1) // 2, size // 2
    flat = *x.shape[:2], x.shape[2] * x.shape[3]
    chunks = len(x) * ((flat[2] - 1) // kernels.NORM_CHUNK + 1)
    kernels.run(kernels.contrast_norm_gradient, chunks, dy.reshape(flat), x.reshape(flat),
                s.reshape(flat), dx.reshape(flat), before, after,
                number(2 * beta * alpha / size), number(beta))
    return dx


# ---- ReLU --------------------------------------------------------------------------------------
def relu_forward(x):
    """y = max(x, 0) and the mask x > 0, any shape. A NaN stays NaN."""
    x = checks.array("x", x)
    y, mask = np.empty_like(x), np.empty(x.shape, bool)
    flat = x.reshape(-1), y.reshape(-1), mask.reshape(-1)
    kernels.run(kernels.relu, x.size, *flat, light=True)
    return y, mask


def relu_backward(dy, mask):
    """The gradient: pass where the *forward* input was positive."""
    dy, mask = checks.masked(dy, mask)
    dx = np.empty_like(dy)
    flat = dy.reshape(-1), mask.reshape(-1), dx.reshape(-1)
    kernels.run(kernels.relu_gradient, dy.size, *flat, light=True)
    return dx


def relu_project(r):
    """The deconvnet's rectification: pass where the signal *coming down* is positive (section 2.1).

    The line in which deconvnet and gradient differ; guided backpropagation applies both.
    """
    return np.maximum(r, 0)


# ---- fully connected, dropout, loss ------------------------------------------------------------
class LinearSaved(NamedTuple):
    """What linear_backward needs."""
    x: np.ndarray       # the input (N, I)
    w: np.ndarray       # the weights (O, I)


def linear_forward(x, w, b):
    """y = x wᵀ + b: x (N, I), w (O, I), b (O,) -> y (N, O), and saved."""
    x, w, b = checks.weighted(x, "NI", w, "OI", b)
    # (O, I) @ (I, N) -> (O, N) -> (N, O): BLAS takes a fifth less time than for (N, I) @ (I, O)
    y = np.add(kernels.product(w, x.T).T, b, order="C")
    return y, LinearSaved(x, w)


def linear_backward(dy, saved, *, need_dx=True):
    """Gradients: dy (N, O) -> dx (N, I), or None without need_dx, dw (O, I), db (O,)."""
    x, w = saved
    shape = len(x), len(w)
    dy = checks.array("dy", dy, "NO", like=x.dtype, shape=shape, why="that of the output")
    dx = kernels.product(dy, w) if need_dx else None                # (N, O) @ (O, I) -> (N, I)
    dw = kernels.product(dy.T, x)                                   # (O, N) @ (N, I) -> (O, I)
    db = dy.sum(axis=0)
    return dx, dw, db


def linear_transpose(r, w):
    """r w, the adjoint of x wᵀ: r (N, O), w (O, I) -> (N, I)."""
    r, w = checks.features(r, w)
    return kernels.product(r, w)                                    # (N, O) @ (O, I) -> (N, I)


def dropout_forward(x, *, rate, rng):
    """Set each value to zero with probability `rate`, and scale the others by 1/(1 − rate).

    The scaling keeps the expected value, so that nothing is to be done at test time (the paper's
    era scaled there). rng: a numpy.random.Generator.
    Returns y and the mask, of x's shape and dtype, which holds 0 or 1/(1 − rate).
    """
    hint = "; a training pass is net.forward(x, train=True, rng=rng)"
    x, rate, rng = checks.array("x", x), checks.rate(rate), checks.generator("rng", rng, hint)
    mask = (rng.random(x.shape, np.float32) >= rate) * x.dtype.type(1 / (1 - rate))
    return x * mask, mask


def dropout_backward(dy, mask):
    """dx = dy · mask."""
    dy, mask = checks.masked(dy, mask, boolean=False)
    return dy * mask


def softmax(scores):
    """Probabilities (N, classes) of scores (N, classes): e^s / Σ e^s.

    Each row's maximum is taken off first, which changes nothing but keeps e^s from overflowing.
    """
    scores = checks.array("scores", scores, "NK")
    highest = scores.max(axis=1, keepdims=True)
    exps = np.exp(scores - highest)
    return exps / exps.sum(axis=1, keepdims=True)


def softmax_cross_entropy(scores, labels):
    """Mean over the batch of −log softmax(scores)[label], and its gradient. Section 2.

    scores: (N, classes). Stable for large ones, ±1e4 and far beyond, since each row's maximum is
    taken off.
    labels: integers (N,) in [0, classes).
    Returns the loss, a Python float in nats, and dscores (N, classes).
    """
    scores, labels = checks.labels(scores, labels)
    N, _ = scores.shape
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    images = np.arange(N)
    loss = float(np.mean(log_sum[:, 0] - shifted[images, labels], dtype=np.float64))
    dscores = np.exp(shifted - log_sum)             # the probabilities
    dscores[images, labels] -= 1
    dscores /= N
    return loss, dscores
