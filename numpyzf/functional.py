"""The public operations: pure functions on arrays, forward, backward, and the two that go down: conv_transpose, unpool.

Arrays are NCHW, float32 or float64, all of one call of the same dtype; inputs are never changed. `*_forward` returns
(y, saved) with what its backward needs. Errors: TypeError for a wrong type or dtype, ValueError for a wrong shape or value.

Convolution comes in four ways: method="direct" (loops in Numba; the one to read first), "unfold" (Numba unfolds windows into columns,
BLAS multiplies), "shift" (the loops again, arranged for few channels, in shifting.py) and "winograd" (a third of the multiplications or
so, in winograd.py). The first three give the same numbers to rounding; Winograd's differ by up to some 1e-5 of the largest in float32,
and a NaN or an infinity in x makes all outputs of its tiles NaN, a few pixels beyond the windows that see it. "auto", the default, is
"winograd" or "shift" where that is faster, else "unfold".
"""
from numbers import Real
from typing import NamedTuple

import numpy as np

from . import kernels
from .geometry import Window, ceil_div, check_window, conv_output_size, pool_output_size


def check_array(name, array, ndim, like=None):
    """`array` C-contiguous if it is a float32 or float64 ndarray of `ndim` axes (and of dtype `like`), else an error.

    `ndim` is a number or, for a message that says what the axes are, letters such as "NCHW".
    """
    axes = ndim if isinstance(ndim, str) else None
    ndim = len(ndim) if axes else ndim
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} must be a NumPy array, not {type(array).__name__}")
    if array.dtype not in (np.float32, np.float64):
        raise TypeError(f"{name} must be float32 or float64, not {array.dtype}; convert it with {name}.astype(np.float32)")
    if like is not None and array.dtype != like:
        raise TypeError(f"{name} is {array.dtype} but the other arrays of this call are {like}; they must be the same")
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} axes{f' ({axes})' if axes else ''}, not {array.ndim}: shape {array.shape}")
    return np.ascontiguousarray(array)


def _check_shape(name, array, shape, why):
    if array.shape != tuple(shape):
        raise ValueError(f"{name} has shape {array.shape}, expected {tuple(shape)}: {why}")


# ---- convolution ----------------------------------------------------------------------------------------------------

class ConvSaved(NamedTuple):
    """What conv_backward needs: the input (N, C, H, W), the filters (F, C, K, K), how the windows lie, the method used (never "auto")."""
    x: np.ndarray
    w: np.ndarray
    stride: int
    pad: int
    method: str


def conv_forward(x, w, b, *, stride=1, pad=0, method="auto"):
    """Convolution (in the field's sense: the filters are not flipped).

    x (N, C, H, W), w (F, C, K, K), b (F,) -> y (N, F, OH, OW) with OH = ⌊(H + 2·pad − K)/stride⌋ + 1, and saved.
    y[n,f,p,q] = b[f] + Σ_{c,i,j} w[f,c,i,j] · x[n, c, p·stride + i − pad, q·stride + j − pad], zero outside x.
    """
    x, w, b, (OH, OW) = _check_conv(x, w, b, stride, pad, method)
    _, stride, pad = check_window(w.shape[2], stride, pad)
    window = Window(w.shape[2], stride, pad)
    method = kernels.choose(method, *x.shape[2:], w.shape, window)
    y = kernels.METHODS[method].conv_forward(x, w, b, window)
    return y, ConvSaved(x, w, stride, pad, method)


def conv_backward(dy, saved, *, need_dx=True):
    """Gradients of a convolution: dy (N, F, OH, OW) -> dx (N, C, H, W) or None, dw (F, C, K, K), db (F,).

    dx is conv_transpose(dy, w), by the method that conv_forward used. need_dx=False leaves it out: the first layer of a net in
    training doesn't need it.
    """
    x, w, stride, pad, method = saved
    (N, C, H, W), (F, _, K, _) = x.shape, w.shape
    OH, OW = conv_output_size(H, K, stride, pad), conv_output_size(W, K, stride, pad)
    dy = check_array("dy", dy, "NFHW", like=x.dtype)
    _check_shape("dy", dy, (N, F, OH, OW), "the shape of the convolution's output")
    return kernels.METHODS[method].conv_backward(dy, x, w, Window(K, stride, pad), need_dx)


def conv_transpose(r, w, *, stride=1, pad=0, size, method="auto"):
    """Transposed filtering, the adjoint of conv_forward (without bias): ⟨conv x, r⟩ = ⟨x, conv_transpose r⟩.

    r (N, F, OH, OW), w (F, C, K, K), size = (H, W) -> x (N, C, H, W). Every r[n,f,p,q] adds r·w[f] onto the window it
    looks at. It is both the gradient with respect to a convolution's input and the deconvnet's filtering (section 2.1).
    `size` must be said, since with stride > 1 several input sizes give the same output size. "auto" is "unfold" here: a
    projection's pixels are then the same to rounding however they are computed.
    """
    r = check_array("r", r, "NFHW")
    w = check_array("w", w, "FCKK", like=r.dtype)
    _check_square(w)
    check_method(method)
    if np.shape(size) != (2,):
        raise ValueError(f"size must be (H, W), the size of the input to make, not {size!r}")
    _, stride, pad = check_window(w.shape[2], stride, pad)
    (N, F, OH, OW), (_, C, K, _), (H, W) = r.shape, w.shape, size
    _check_shape("r", r, (N, w.shape[0], conv_output_size(H, K, stride, pad), conv_output_size(W, K, stride, pad)),
                 f"the output shape of filters {w.shape}, stride {stride}, pad {pad} on size {H}×{W}")
    method = "unfold" if method == "auto" else method
    return kernels.METHODS[method].conv_transpose(r, w, Window(K, stride, pad), (H, W))


def check_method(method):
    """Raise a ValueError unless method is one of the ways to convolve."""
    if method not in ("auto", *kernels.METHODS):
        raise ValueError(f"method must be 'auto', 'winograd', 'shift', 'unfold' or 'direct', not {method!r}")


def _check_square(w):
    if w.shape[2] != w.shape[3] or 0 in w.shape:
        raise ValueError(f"w must hold square filters (F, C, K, K), one at least, not {w.shape}")


def _check_conv(x, w, b, stride, pad, method):
    x = check_array("x", x, "NCHW")
    w = check_array("w", w, "FCKK", like=x.dtype)
    b = check_array("b", b, "F", like=x.dtype)
    check_method(method)
    _check_square(w)
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"x has {x.shape[1]} channels (shape {x.shape}), the filters look at {w.shape[1]} (shape {w.shape})")
    _check_shape("b", b, w.shape[:1], "one bias per filter")
    return x, w, b, [conv_output_size(n, w.shape[2], stride, pad) for n in x.shape[2:]]


# ---- pooling --------------------------------------------------------------------------------------------------------

class Switches(NamedTuple):
    """Where each maximum came from: index int32 (N, C, OH, OW) = row·W + column in an input of shape x_shape."""
    index: np.ndarray
    x_shape: tuple


def max_pool_forward(x, *, size, stride, pad=0, ceil=False):
    """Max pooling over size×size windows, which may overlap. x (N, C, H, W) -> y (N, C, OH, OW) and its Switches.

    Padding counts as −∞. With `ceil` a last window may hang over the edge (the paper's net needs it: 110 -> 55).
    Ties: the first in row-major order. A NaN in a window is its maximum.
    """
    x = check_array("x", x, "NCHW")
    size, stride, pad = check_window(size, stride, pad)
    OH, OW = (pool_output_size(n, size, stride, pad, ceil) for n in x.shape[2:])
    y = np.empty((*x.shape[:2], OH, OW), x.dtype)
    index = np.empty(y.shape, np.int32)
    kernels.run(kernels.max_pool, len(x) * x.shape[1], x, y, index, size, stride, pad, False)
    return y, Switches(index, x.shape)


def unpool(r, switches):
    """Send each value of r (N, C, OH, OW) to the place its maximum came from; -> x of shape switches.x_shape.

    Where overlapping windows have their maximum in one place, their values add: the exact adjoint of pooling with
    these switches. It is both the gradient of max pooling and the deconvnet's unpooling (section 2.1).
    """
    r = check_array("r", r, "NCHW")
    if not isinstance(switches, Switches) or np.asarray(switches.index).dtype.kind not in "iu":
        raise TypeError(f"switches must be the Switches of max_pool_forward, with integers, not {type(switches).__name__}")
    _check_shape("r", r, switches.index.shape, "one value per switch")
    N, C, H, W = switches.x_shape
    _check_shape("r", r, (N, C, *r.shape[2:]), f"the switches belong to an input of shape {switches.x_shape}")
    if r.size and not 0 <= switches.index.min() <= switches.index.max() < H * W:
        raise ValueError(f"switches point outside their {H}×{W} input: {switches.index.min()} … {switches.index.max()}")
    x = np.empty(switches.x_shape, r.dtype)
    index = np.ascontiguousarray(switches.index, np.int32)
    kernels.run(kernels.unpool, N * C, r, index, x)
    return x


max_pool_backward = unpool


# ---- contrast normalization -----------------------------------------------------------------------------------------

class NormSaved(NamedTuple):
    """What contrast_norm_backward needs: x and s = k + α/size·Σ x² (N, C, H, W), and the constants."""
    x: np.ndarray
    s: np.ndarray
    size: int
    alpha: float
    beta: float


def contrast_norm_forward(x, *, size=5, alpha=5e-4, beta=0.75, k=2.0):
    """Divide each activation by the strength of its neighbors across maps: y[c] = x[c] / (k + α/size · Σ x[c']²)^β.

    x (N, C, H, W) -> y of the same shape, and saved. c' runs over the `size` maps around c, cut at the first and last
    map: ONNX's LRN. The paper gives no constants; these are the comparison network's (α = 5 · 1e-4, divided by size).
    """
    x = check_array("x", x, "NCHW")
    size, _, _ = check_window(size, stride=1, pad=0)
    if not (k > 0 and alpha >= 0):
        raise ValueError(f"contrast normalization needs k > 0 and alpha ≥ 0, not k={k}, alpha={alpha}")
    y, s = np.empty_like(x), np.empty_like(x)
    cast = x.dtype.type
    _in_chunks(kernels.contrast_norm, (x, y, s), (size - 1) // 2, size // 2, cast(alpha / size), cast(beta), cast(k))
    return y, NormSaved(x, s, size, alpha, beta)


def contrast_norm_backward(dy, saved):
    """Gradient of contrast normalization: dy (N, C, H, W) -> dx of the same shape."""
    x, s, size, alpha, beta = saved
    dy = check_array("dy", dy, "NCHW", like=x.dtype)
    _check_shape("dy", dy, x.shape, "the shape of the normalization's output")
    dx = np.empty_like(x)
    cast = x.dtype.type
    _in_chunks(kernels.contrast_norm_gradient, (dy, x, s, dx), (size - 1) // 2, size // 2, cast(2 * beta * alpha / size), cast(beta))
    return dx


def _in_chunks(kernel, arrays, *constants):
    """Call one of the two kernels for the chunks of pixels of arrays (N, C, H, W), shared among the threads."""
    N, C, H, W = arrays[0].shape
    flat = [array.reshape(N, C, H * W) for array in arrays]
    kernels.run(kernel, N * ceil_div(H * W, kernels.NORM_CHUNK), *flat, *constants)


# ---- ReLU -----------------------------------------------------------------------------------------------------------

def relu_forward(x):
    """y = max(x, 0) and the mask x > 0, any shape. NaN stays NaN."""
    x = check_array("x", x, np.ndim(x))
    y, mask = np.empty_like(x), np.empty(x.shape, bool)
    kernels.run(kernels.relu, x.size, x.reshape(-1), y.reshape(-1), mask.reshape(-1), least=kernels.FEW)
    return y, mask


def relu_backward(dy, mask):
    """The gradient: pass where the *forward* input was positive."""
    if getattr(mask, "dtype", None) != bool:
        raise TypeError(f"mask must be the boolean array of relu_forward, not {getattr(mask, 'dtype', type(mask).__name__)}")
    dy = check_array("dy", dy, mask.ndim)
    _check_shape("dy", dy, mask.shape, "the shape of the mask")
    dx = np.empty_like(dy)
    kernels.run(kernels.relu_gradient, dy.size, dy.reshape(-1), np.ascontiguousarray(mask).reshape(-1), dx.reshape(-1), least=kernels.FEW)
    return dx


def relu_project(r):
    """The deconvnet's rectification: pass where the signal *coming down* is positive, max(r, 0) (section 2.1).

    This is the one line in which deconvnet and gradient differ; guided backpropagation applies both.
    """
    return relu_forward(r)[0]


# ---- fully connected, dropout, loss ---------------------------------------------------------------------------------

class LinearSaved(NamedTuple):
    """What linear_backward needs: the input (N, I) and the weights (O, I)."""
    x: np.ndarray
    w: np.ndarray


def linear_forward(x, w, b):
    """y = x wᵀ + b: x (N, I), w (O, I), b (O,) -> y (N, O), and saved."""
    x = check_array("x", x, "NI")
    w = check_array("w", w, "OI", like=x.dtype)
    b = check_array("b", b, "O", like=x.dtype)
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"x has {x.shape[1]} features (shape {x.shape}), the weights take {w.shape[1]} (shape {w.shape})")
    _check_shape("b", b, w.shape[:1], "one bias per output")
    y = x @ w.T                                     # (N, I) @ (I, O) -> (N, O)
    y += b
    return y, LinearSaved(x, w)


def linear_backward(dy, saved, *, need_dx=True):
    """Gradients of a fully connected layer: dy (N, O) -> dx (N, I) or None, dw (O, I), db (O,)."""
    x, w = saved
    dy = check_array("dy", dy, "NO", like=x.dtype)
    _check_shape("dy", dy, (len(x), len(w)), "the shape of the layer's output")
    return linear_transpose(dy, w) if need_dx else None, dy.T @ x, dy.sum(axis=0)


def linear_transpose(r, w):
    """r w, the adjoint of x wᵀ: r (N, O), w (O, I) -> (N, I)."""
    r = check_array("r", r, "NO")
    w = check_array("w", w, "OI", like=r.dtype)
    _check_shape("r", r, (len(r), len(w)), f"one value per output of the weights {w.shape}")
    return r @ w


def dropout_forward(x, *, rate, rng):
    """Set each value to zero with probability `rate`, and scale the others by 1/(1 − rate); -> y, mask.

    The scaling keeps the expected value, so that nothing is to be done at test time (the paper's era scaled there).
    mask has x's shape and dtype and holds 0 or 1/(1 − rate). rng is a numpy.random.Generator.
    """
    x = check_array("x", x, np.ndim(x))
    check_rate(rate)
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, such as numpy.random.default_rng(0), not {rng!r}")
    mask = (rng.random(x.shape, np.float32) >= rate) * x.dtype.type(1 / (1 - rate))
    return x * mask, mask


def check_rate(rate):
    """Raise a TypeError or ValueError unless rate is a number in [0, 1)."""
    if not isinstance(rate, Real):
        raise TypeError(f"rate must be a number in [0, 1), not {rate!r}")
    if not 0 <= rate < 1:
        raise ValueError(f"rate must lie in [0, 1), not {rate}")


def dropout_backward(dy, mask):
    """dx = dy · mask."""
    dy = check_array("dy", dy, mask.ndim, like=mask.dtype)
    _check_shape("dy", dy, mask.shape, "the shape of the mask")
    return dy * mask


def softmax(scores):
    """Probabilities (N, classes) of scores (N, classes): e^s / Σ e^s, with each row's maximum taken off first."""
    scores = check_array("scores", scores, "NK")
    exps = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exps / exps.sum(axis=1, keepdims=True)


def softmax_cross_entropy(scores, labels):
    """Mean over the batch of −log softmax(scores)[label], and its gradient.

    scores (N, classes) float, labels (N,) integers in [0, classes) -> loss (a Python float, nats), dscores (N, classes).
    Stable for large scores, ±1e4 and far beyond, since log Σ e^s is taken after subtracting the row's maximum.
    """
    scores = check_array("scores", scores, "NK")
    labels = np.asarray(labels)
    N, classes = scores.shape
    if labels.dtype.kind not in "iu":
        raise TypeError(f"labels must be integers, not {labels.dtype}")
    _check_shape("labels", labels, (N,), "one label per row of scores")
    if N == 0 or classes == 0:
        raise ValueError(f"scores has shape {scores.shape}: it takes one image and one class at least to have a mean loss")
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        raise ValueError(f"labels[{wrong[0]}] is {labels[wrong[0]]}, but there are {classes} classes: 0 … {classes - 1}")
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = np.arange(N)
    loss = float(np.mean(log_sum[:, 0] - shifted[rows, labels], dtype=np.float64))
    dscores = np.exp(shifted - log_sum)
    dscores[rows, labels] -= 1
    dscores /= N
    return loss, dscores
