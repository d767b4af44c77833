"""The operations of general/layers.py, as numpyzf/functional.py has those of the paper's net.

Pure functions of NCHW arrays, float32 or float64, all of one call of the same dtype; inputs are
never changed. `*_forward` returns (y, saved). A `size`, `stride` or `dilation` is an integer or
(rows, columns), a `pad` an integer or (top, left, bottom, right). reference.py has the same in
plain loops.
"""
from itertools import product
from numbers import Real
from typing import NamedTuple

import numpy as np

from .. import checks, kernels
from ..functional import Switches
from ..geometry import ceil_div
from .frames import frame, output_size, pool_size


# ---- convolution -------------------------------------------------------------------------------
class ConvSaved(NamedTuple):
    """What conv_backward needs."""
    x: np.ndarray           # the input (N, C, H, W)
    w: np.ndarray           # the filters (F, C/groups, KH, KW)
    frame: kernels.Frame    # of the filters
    groups: int


def conv_forward(x, w, b, *, stride=1, pad=0, dilation=1, groups=1):
    """Convolution with any window. Group g's F/groups filters see group g's C/groups channels.

    y[n,f,p,q] = b[f] + Σ_{c,i,j} w[f,c,i,j] · x[n, g·C/groups + c, h, v], g = ⌊f·groups/F⌋,
    h = p·stride + i·dilation − top, v = q·stride + j·dilation − left

    x: (N, C, H, W); zero outside of it.
    w, b: filters (F, C/groups, KH, KW) and biases (F,).
    groups: C of them, of one channel each, is the depthwise convolution.
    Returns y (N, F, OH, OW) and saved.
    """
    w, around, groups = filters(w, stride, pad, dilation, groups)
    x = checks.array("x", x, "NCHW", like=w.dtype)
    b = checks.array("b", b, "F", like=w.dtype, shape=w.shape[:1], why="one bias per filter")
    if x.shape[1] != w.shape[1] * groups:
        raise ValueError(f"x has {x.shape[1]} channels (shape {x.shape}), the filters take "
                         f"{w.shape[1] * groups}: {groups} groups of {w.shape[1]}")
    size = output_size(around, x.shape[2:])
    y = kernels.general_forward(x, w, b, around, groups, size)
    return y, ConvSaved(x, w, around, groups)


def conv_backward(dy, saved, *, need_dx=True):
    """Gradients: dy (N, F, OH, OW) -> dx (N, C, H, W), or None without need_dx, dw, db (F,)."""
    x, w, around, groups = saved
    shape = len(x), len(w), *output_size(around, x.shape[2:])
    dy = checks.array("dy", dy, "NFHW", like=x.dtype, shape=shape, why="that of the output")
    return kernels.general_backward(dy, x, w, around, groups, need_dx)


def conv_transpose(r, w, *, stride=1, pad=0, dilation=1, groups=1, size):
    """Transposed filtering, the adjoint of conv_forward without its bias.

    r, w: (N, F, OH, OW), and filters (F, C/groups, KH, KW).
    size: (H, W) of what is made.
    Returns x (N, C, H, W).
    """
    w, around, groups = filters(w, stride, pad, dilation, groups)
    size = checks.pair("size", size)
    shape = *np.shape(r)[:1], len(w), *output_size(around, size)
    r = checks.array("r", r, "NFHW", like=w.dtype, shape=shape,
                     why=f"{around}, size {size[0]}×{size[1]}")
    return kernels.general_transpose(r, w, around, groups, size)


def filters(w, stride, pad, dilation, groups):
    """The filters w (F, C/groups, KH, KW), their Frame, and the number of groups."""
    w, groups = checks.array("w", w, "FCIJ"), checks.integer("groups", groups, 1)
    if 0 in w.shape or len(w) % groups:
        raise ValueError(f"w must hold filters (F, C/groups, KH, KW), one at least, F divisible by "
                         f"{groups} groups, not {w.shape}")
    return w, frame(w.shape[2:], stride, pad, dilation), groups


# ---- pools -------------------------------------------------------------------------------------
def max_pool_forward(x, *, size, stride, pad=0, dilation=1, ceil=False):
    """Max pooling with any window; as numpyzf.functional's, whose `unpool` goes back.

    x: (N, C, H, W). Padding counts as −∞.
    ceil: a last window may hang over the end; one that begins in the padding there is dropped.
    Returns y (N, C, OH, OW) and its Switches.
    """
    x, around = checks.array("x", x, "NCHW"), frame(size, stride, pad, dilation)
    if x.shape[2] * x.shape[3] >= 1 << 31:
        raise ValueError(f"switches are 32-bit integers: maps of {x.shape[2:]} are too large")
    shape = *x.shape[:2], *pool_size(around, x.shape[2:], ceil)
    y, index = np.empty(shape, x.dtype), np.empty(shape, np.int32)
    work = shape[0] * shape[1], x, y, index
    (KH, KW), (down, right), (top, left, *_), dilation = around
    if (KH, down, top) == (KW, right, left) and dilation == (1, 1):
        # square: padding at the end only makes more windows, and y has place for them
        kernels.run(kernels.max_pool, *work, KH, down, top, False)
    else:
        kernels.run(kernels.general_max_pool, *work, *kernels.spread(around))
    return y, Switches(index, x.shape)


class AverageSaved(NamedTuple):
    """What average_pool_backward needs."""
    size: tuple             # (H, W) of the input
    frame: kernels.Frame    # of the windows
    cells: np.ndarray       # (OH, OW): how many pixels each window's sum is divided by


def average_pool_forward(x, *, size, stride, pad=0, dilation=1, ceil=False, count_pad=False):
    """The mean of each window's pixels.

    x: (N, C, H, W).
    ceil: a last window may hang over the end; one that begins in the padding there is dropped.
    count_pad: padding counts, as zeros; what hangs over the padded input never does. Else the
    sum is divided by the number of pixels that aren't padding.
    Returns y (N, C, OH, OW) and saved.
    """
    x, around = checks.array("x", x, "NCHW"), frame(size, stride, pad, dilation)
    sizes = pool_size(around, x.shape[2:], ceil)
    rows, columns = (cells_along(around, axis, x.shape[2 + axis], sizes[axis], count_pad)
                     for axis in (0, 1))
    cells = np.outer(rows, columns).astype(x.dtype)
    y = np.zeros((*x.shape[:2], *sizes), x.dtype)
    for outputs, pixels in taps(around, x.shape[2:], sizes):
        y[outputs] += x[pixels]
    y /= cells
    return y, AverageSaved(x.shape[2:], around, cells)


def average_pool_backward(dy, saved):
    """Each pixel of a window gets its share: dy (N, C, OH, OW) -> dx (N, C, H, W)."""
    size, around, cells = saved
    dy = checks.array("dy", dy, "NCHW", like=cells.dtype, shape=(*np.shape(dy)[:2], *cells.shape),
                      why="that of the output")
    dx, shares = np.zeros((*dy.shape[:2], *size), dy.dtype), dy / cells
    for outputs, pixels in taps(around, size, cells.shape):
        dx[pixels] += shares[outputs]
    return dx


def cells_along(around, axis, n, count, count_pad):
    """(count,): along one axis of n pixels, how many a window holds; with count_pad, padding too.
    """
    begin = np.arange(count) * around.stride[axis] - around.pad[axis]
    least, most = (-around.pad[axis], n + around.pad[axis + 2]) if count_pad else (0, n)
    # the first tap that counts, and the one behind the last
    start = ceil_div(np.maximum(least - begin, 0), around.dilation[axis])
    return np.minimum(ceil_div(most - begin, around.dilation[axis]), around.size[axis]) - start


def taps(around, hw, sizes):
    """For each tap of a window: the outputs whose pixel isn't padding, and the pixels.

    hw, sizes: (H, W) of the maps, (OH, OW) of the outputs.
    Yields two indices, of (N, C, OH, OW) and of (N, C, H, W).
    """
    for place in product(*map(range, around.size)):
        outputs, pixels = [...], [...]
        for n, count, tap, stride, before, dilation in zip(hw, sizes, place, around.stride,
                                                           around.pad, around.dilation):
            # output o sees pixel o·stride + shift: from the first that isn't before the maps to
            # the last that isn't behind them
            shift = tap * dilation - before
            start = max(ceil_div(-shift, stride), 0)
            stop = min((n - 1 - shift) // stride + 1, count)
            outputs.append(slice(start, stop))
            pixels.append(slice(start * stride + shift, (stop - 1) * stride + shift + 1, stride))
        if all(part.start < part.stop for part in outputs[1:]):
            yield tuple(outputs), tuple(pixels)


def global_average_pool_forward(x):
    """The mean of each map: x (N, C, H, W) -> y (N, C, 1, 1); saved is (H, W)."""
    x = checks.array("x", x, "NCHW")
    return x.mean(axis=(2, 3), keepdims=True), x.shape[2:]


def global_average_pool_backward(dy, size):
    """dy (N, C, 1, 1) -> dx (N, C, H, W): dy/(H·W) everywhere."""
    dy = checks.array("dy", dy, "NCHW", shape=(*np.shape(dy)[:2], 1, 1), why="one per map")
    dx = np.empty((*dy.shape[:2], *size), dy.dtype)
    dx[...] = dy / (size[0] * size[1])
    return dx


# ---- batch normalization -----------------------------------------------------------------------
class BatchNormSaved(NamedTuple):
    """What batch_norm_backward needs."""
    x: np.ndarray           # the input (N, C, …)
    mean: np.ndarray        # (C,)
    scale: np.ndarray       # (C,)
    root: np.ndarray        # (C,): √(variance + epsilon)


def batch_norm_forward(x, scale, shift, mean, variance, *, epsilon=1e-5):
    """Batch normalization at inference: with the mean and variance that training has left.

    y[n,c] = scale[c] · (x[n,c] − mean[c]) / √(variance[c] + epsilon) + shift[c]

    x: (N, C, H, W) or (N, C).
    scale, shift, mean, variance: (C,).
    Returns y, of x's shape, and saved.
    """
    x = checks.array("x", x)
    shape = np.shape(scale)[:1]
    values = [checks.array(name, value, "C", like=x.dtype, shape=shape, why="one per channel")
              for name, value in (("scale", scale), ("shift", shift), ("mean", mean),
                                  ("variance", variance))]
    scale, shift, mean, variance = values
    if x.ndim not in (2, 4) or x.shape[1:2] != shape:
        raise ValueError(f"x must be (N, {len(scale)}, H, W) or (N, {len(scale)}), not {x.shape}")
    variance = variance + x.dtype.type(epsilon)
    if not (variance > 0).all():
        raise ValueError(f"variance + epsilon must be positive in every channel, not "
                         f"{variance.min()}")
    saved = BatchNormSaved(x, mean, scale, np.sqrt(variance))
    y = x - per_channel(mean, x)
    y *= per_channel(scale / saved.root, x)
    y += per_channel(shift, x)
    return y, saved


def batch_norm_backward(dy, saved):
    """Gradients: dy -> dx, both like x, dscale (C,), dshift (C,)."""
    x, mean, scale, root = saved
    dy = checks.array("dy", dy, like=x.dtype, shape=x.shape, why="that of the output")
    others = (0, *range(2, x.ndim))
    dscale = (dy * (x - per_channel(mean, x))).sum(axis=others) / root
    return batch_norm_transpose(dy, saved), dscale, dy.sum(axis=others)


def batch_norm_transpose(r, saved):
    """r · scale / √(variance + epsilon): the adjoint, of any number of signals, or boxes of them.
    """
    r = checks.array("r", r, like=saved.x.dtype)
    if r.ndim != saved.x.ndim or r.shape[1] != len(saved.scale):
        raise ValueError(f"r has shape {r.shape}, but the output has {saved.x.shape}")
    return r * per_channel(saved.scale / saved.root, r)


def per_channel(values, x):
    """values (C,) so that they broadcast along axis 1 of x."""
    return values.reshape(-1, *(1,) * (x.ndim - 2))


# ---- what goes element by element --------------------------------------------------------------
class LeakySaved(NamedTuple):
    """What leaky_relu_backward needs."""
    mask: np.ndarray        # x > 0
    slope: float


def leaky_relu_forward(x, *, slope=0.01):
    """y = x where x > 0, else slope · x; any shape. Returns y and saved."""
    x, slope = checks.array("x", x), checks.finite("slope", slope)
    mask = x > 0
    return np.where(mask, x, x.dtype.type(slope) * x), LeakySaved(mask, slope)


def leaky_relu_backward(dy, saved):
    """The gradient: dy where the *forward* input was positive, else slope · dy."""
    dy, mask = checks.masked(dy, saved.mask)
    return np.where(mask, dy, dy.dtype.type(saved.slope) * dy)


def leaky_relu_project(r, *, slope=0.01):
    """The deconvnet's rectification, leaking too: what comes down keeps slope of its negatives."""
    return leaky_relu_forward(r, slope=slope)[0]


def clipped_relu_forward(x, *, low=0.0, high=6.0):
    """y = min(max(x, low), high) and the mask low < x < high; any shape. A NaN stays NaN.

    The way back is numpyzf.functional.relu_backward(dy, mask).
    """
    x = checks.array("x", x)
    if not (isinstance(low, Real) and isinstance(high, Real) and low < high):
        raise ValueError(f"low must be less than high, not {low!r} and {high!r}")
    low, high = x.dtype.type(low), x.dtype.type(high)
    return np.clip(x, low, high), (x > low) & (x < high)


def sigmoid_forward(x):
    """y = 1 / (1 + e^−x), any shape; saved is y. Both ways of writing it, so that e^… is ≤ 1."""
    x = checks.array("x", x)
    small = np.exp(-np.abs(x))
    y = np.where(x >= 0, 1, small) / (1 + small)
    return y, y


def sigmoid_backward(dy, y):
    """dx = dy · y · (1 − y)."""
    dy = checks.array("dy", dy, like=y.dtype, shape=y.shape, why="that of the output")
    return dy * y * (1 - y)


def softmax_forward(x):
    """Probabilities along axis 1, e^x / Σ e^x, of x (N, K) or (N, C, H, W); saved is y."""
    x = checks.array("x", x)
    if x.ndim < 2:
        raise ValueError(f"x must be (N, K) or (N, C, H, W), not {x.shape}")
    y = np.exp(x - x.max(axis=1, keepdims=True))
    y /= y.sum(axis=1, keepdims=True)
    return y, y


def softmax_backward(dy, y):
    """dx[k] = y[k] · (dy[k] − Σ dy·y)."""
    dy = checks.array("dy", dy, like=y.dtype, shape=y.shape, why="that of the output")
    return y * (dy - (dy * y).sum(axis=1, keepdims=True))


# ---- several inputs, and padding ---------------------------------------------------------------
def concat_forward(xs):
    """Channels one after the other: a list of (N, C…, H, W) or (N, C…) -> y; saved: the counts."""
    xs = several(xs)
    for number, x in enumerate(xs):
        if x.ndim < 2 or (x.shape[0], *x.shape[2:]) != (xs[0].shape[0], *xs[0].shape[2:]):
            raise ValueError(f"input {number} has shape {x.shape}, input 0 {xs[0].shape}: all axes "
                             "but the channels must be the same")
    counts = [x.shape[1] for x in xs]
    y = np.empty((len(xs[0]), sum(counts), *xs[0].shape[2:]), np.result_type(*xs))
    places = [0, *np.cumsum(counts)]
    for x, first, last in zip(xs, places, places[1:]):
        kernels.run(copy_images, len(x), x, y[:, first:last], light=True)
    return y, counts


def copy_images(x, y, start, stop):
    """y[n] = x[n] for images from start to stop."""
    y[start:stop] = x[start:stop]


def concat_backward(dy, counts):
    """Cut dy into a list of arrays, of so many channels each."""
    dy = checks.array("dy", dy)
    if dy.ndim < 2 or dy.shape[1] != sum(counts):
        raise ValueError(f"dy has shape {dy.shape}, expected {sum(counts)} channels")
    parts = []
    for part in np.split(dy, np.cumsum(counts)[:-1], axis=1):
        parts.append(np.empty(part.shape, dy.dtype))
        kernels.run(copy_images, len(part), part, parts[-1], light=True)
    return parts


def add_forward(xs):
    """The sum of a list of arrays of one shape; saved: how many they are."""
    xs = several(xs)
    for number, x in enumerate(xs[1:], 1):
        checks.array(f"input {number}", x, shape=xs[0].shape, why="that of input 0")
    y = xs[0] + xs[1] if len(xs) > 1 else xs[0].copy()
    for x in xs[2:]:
        y += x
    return y, len(xs)


def add_backward(dy, count):
    """To every input the whole of dy: a list of one and the same array."""
    return [checks.array("dy", dy)] * count


def several(xs):
    """A list of one array or more, of one dtype."""
    if not isinstance(xs, (list, tuple)) or not xs:
        raise TypeError(f"xs must be a list of arrays, not {type(xs).__name__}")
    first = checks.array("input 0", xs[0])
    others = [checks.array(f"input {number}", x, like=first.dtype)
              for number, x in enumerate(xs[1:], 1)]
    return [first, *others]


class PadSaved(NamedTuple):
    """What pad_backward needs."""
    pad: tuple              # (top, left, bottom, right)
    size: tuple             # (H, W) of the padded maps


def pad_forward(x, *, pad, value=0.0):
    """Rows and columns of one value around x (N, C, H, W) -> y and saved."""
    x, (top, left, bottom, right) = checks.array("x", x, "NCHW"), frame(1, pad=pad).pad
    N, C, H, W = x.shape
    size = top + H + bottom, left + W + right
    y = np.full((N, C, *size), checks.finite("value", value), x.dtype)
    y[:, :, top:top + H, left:left + W] = x
    return y, PadSaved((top, left, bottom, right), size)


def pad_backward(dy, saved):
    """Cut the padding off: dy (N, C, top + H + bottom, left + W + right) -> dx (N, C, H, W)."""
    (top, left, bottom, right), (height, width) = saved
    dy = checks.array("dy", dy, "NCHW", shape=(*np.shape(dy)[:2], height, width),
                      why="that of the output")
    return np.ascontiguousarray(dy[:, :, top:height - bottom, left:width - right])
