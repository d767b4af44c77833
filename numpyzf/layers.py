"""The layers: what holds parameters, and the three passes side by side.

Every layer has the same methods, and no data of a pass stays in it:

    forward(x, train=False, rng=None) -> y, saved      what goes up
    backward(dy, saved, need_dx=True) -> dx, grads     the gradient; grads under the names in `params`
    project(r, saved, images, rule) -> r               the deconvnet, and its relatives, by `rule`

Going down, backward and project do the same thing, but at the ReLU (and, by choice, at contrast normalization).
r (M, …) holds M signals; `images` says for each one which image of the forward pass, a row of `saved`, it belongs to.

Layers of maps also have project_windows(r, saved, images, corners, rule) -> r: project where r (M, C, b, b) holds but a small
window of each signal's maps, see windows.py; r comes back as the windows below.
"""
from numbers import Integral
from typing import NamedTuple

import numpy as np

from . import functional as F
from .look import boxes as windows
from .geometry import Window, check_window, conv_output_size, pool_output_size


class Rule(NamedTuple):
    """How a signal goes down: three independent choices, eight rules; and one at contrast normalization.

    forward_mask: at a ReLU, pass only where the forward input was positive.
    switches: at a pool, go to where the maximum was; else to the middle of the window.
    backward_relu: at a ReLU, pass only what is itself positive.
    through_normalization: "identity", as the paper's deconvnet does, or "gradient".
    """
    forward_mask: bool
    switches: bool
    backward_relu: bool
    through_normalization: str = "identity"


class Conv:
    """Convolution with F filters of size×size over C channels, params w (F, C, size, size) and b (F,).

    method: "auto", "winograd", "shift", "unfold" or "direct", see functional.conv_forward.
    """

    def __init__(self, channels, filters, size, *, stride=1, pad=0, method="auto"):
        size, stride, pad = check_window(size, stride, pad)
        _check_counts(channels=channels, filters=filters)
        F.check_method(method)
        self.window, self.method = Window(size, stride, pad), method
        self.params = {"w": np.zeros((filters, channels, size, size), np.float32), "b": np.zeros(filters, np.float32)}

    def __repr__(self):
        size, stride, pad = self.window
        return f"convolution {size}×{size}" + f"/{stride}" * (stride > 1) + f", pad {pad}" * (pad > 0)

    def output_shape(self, shape):
        """(C, H, W) -> (F, OH, OW); ValueError for another number of channels."""
        filters, channels = self.params["w"].shape[:2]
        if len(shape) != 3 or shape[0] != channels:
            raise ValueError(f"{self} takes {channels} channels (C, H, W), but gets shape {shape}")
        return filters, *(conv_output_size(n, *self.window) for n in shape[1:])

    def forward(self, x, train=False, rng=None):
        """Filter, and add the bias."""
        _, stride, pad = self.window
        return F.conv_forward(x, self.params["w"], self.params["b"], stride=stride, pad=pad, method=self.method)

    def backward(self, dy, saved, need_dx=True):
        """Transposed filtering of dy, and the gradients of w and b."""
        dx, dw, db = F.conv_backward(dy, saved, need_dx=need_dx)
        return dx, {"w": dw, "b": db}

    def project(self, r, saved, images, rule):
        """Transposed filtering. The bias plays no part on the way down."""
        _, stride, pad = self.window
        return F.conv_transpose(r, saved.w, stride=stride, pad=pad, size=saved.x.shape[2:], method=self.method)

    def project_windows(self, r, saved, images, corners, rule):
        """Transposed filtering; no padding, since windows go on over the edges, but there are no units there."""
        corners, side = windows.below(corners, r.shape[2], self.window)
        r = F.conv_transpose(r, saved.w, stride=self.window.stride, pad=0, size=(side, side), method=self.method)
        return windows.blank(r, corners, saved.x.shape[2:])


class ReLU:
    """max(x, 0). The one layer where gradient, deconvnet and guided backpropagation differ."""
    params = {}
    window = Window(1, 1, 0)

    def __repr__(self):
        return "ReLU"

    def output_shape(self, shape):
        """Unchanged."""
        return shape

    def forward(self, x, train=False, rng=None):
        """Rectify."""
        return F.relu_forward(x)

    def backward(self, dy, saved, need_dx=True):
        """Pass where x > 0."""
        return F.relu_backward(dy, saved), {}

    def project(self, r, saved, images, rule):
        """deconvnet: pass where r > 0; gradient: where x > 0; guided: where both."""
        if rule.backward_relu:
            r = F.relu_project(r)
        if rule.forward_mask:
            r = F.relu_backward(r, saved[images])
        return r

    def project_windows(self, r, saved, images, corners, rule):
        """The same, with windows of the masks."""
        if rule.forward_mask:
            saved, images = windows.cut(saved, images, corners, r.shape[2:]), slice(None)
        return self.project(r, saved, images, rule)


class MaxPool:
    """Maximum over size×size windows, which may overlap; records its switches."""
    params = {}

    def __init__(self, size, *, stride, pad=0, ceil=False):
        self.window, self.ceil = Window(*check_window(size, stride, pad)), ceil

    def __repr__(self):
        size, stride, pad = self.window
        return f"max pool {size}×{size}/{stride}" + f", pad {pad}" * (pad > 0)

    def output_shape(self, shape):
        """(C, H, W) -> (C, OH, OW)."""
        if len(shape) != 3:
            raise ValueError(f"{self} takes maps (C, H, W), but gets shape {shape}")
        return shape[0], *(pool_output_size(n, *self.window, self.ceil) for n in shape[1:])

    def forward(self, x, train=False, rng=None):
        """The maxima, and the switches."""
        size, stride, pad = self.window
        return F.max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=self.ceil)

    def backward(self, dy, saved, need_dx=True):
        """Unpool by the switches."""
        return F.unpool(dy, saved), {}

    def project(self, r, saved, images, rule):
        """Unpool by the switches; or, without them, to the middle of each window."""
        index = saved.index[images] if rule.switches else self._middles(r.shape, saved.x_shape)
        return F.unpool(r, F.Switches(index, (len(r), *saved.x_shape[1:])))

    def project_windows(self, r, saved, images, corners, rule):
        """The same; the switches are read where they are."""
        index = saved.index
        if not rule.switches:
            index, images = np.ascontiguousarray(self._middles((1, *index.shape[1:]), saved.x_shape)), np.zeros_like(images)
        return windows.unpool(r, index, images, corners, saved.x_shape[3], self.window)

    def _middles(self, r_shape, x_shape):
        size, stride, pad = self.window
        rows, columns = (np.minimum(np.arange(count) * stride - pad + size // 2, n - 1)
                         for count, n in zip(r_shape[2:], x_shape[2:]))
        return np.broadcast_to((rows[:, None] * x_shape[3] + columns).astype(np.int32), r_shape)


class ContrastNorm:
    """Contrast normalization across maps, see functional.contrast_norm_forward."""
    params = {}
    window = Window(1, 1, 0)

    def __init__(self, *, size=5, alpha=5e-4, beta=0.75, k=2.0):
        self.constants = {"size": size, "alpha": alpha, "beta": beta, "k": k}

    def __repr__(self):
        return f"contrast normalization over {self.constants['size']} maps"

    def output_shape(self, shape):
        """Unchanged; ValueError unless it is (C, H, W)."""
        if len(shape) != 3:
            raise ValueError(f"{self} takes maps (C, H, W), but gets shape {shape}")
        return shape

    def forward(self, x, train=False, rng=None):
        """Divide by the strength of the neighboring maps."""
        return F.contrast_norm_forward(x, **self.constants)

    def backward(self, dy, saved, need_dx=True):
        """The gradient of the division."""
        return F.contrast_norm_backward(dy, saved), {}

    def project(self, r, saved, images, rule):
        """Nothing, as in the paper; or the gradient."""
        if rule.through_normalization == "identity":
            return r
        return F.contrast_norm_backward(r, saved._replace(x=saved.x[images], s=saved.s[images]))

    def project_windows(self, r, saved, images, corners, rule):
        """The same, with windows of what was normalized; outside of the maps, where r is zero, any strength but 0 will do."""
        if rule.through_normalization == "gradient":
            x, s = (windows.cut(a, images, corners, r.shape[2:], fill=1) for a in (saved.x, saved.s))
            saved, images = saved._replace(x=x, s=s), slice(None)
        return self.project(r, saved, images, rule)


class Flatten:
    """(C, H, W) maps to C·H·W features, row-major."""
    params = {}
    window = None       # what follows sees everything

    def __repr__(self):
        return "flatten"

    def output_shape(self, shape):
        """(C, H, W) -> (C·H·W,)."""
        return int(np.prod(shape)),

    def forward(self, x, train=False, rng=None):
        """Reshape."""
        return x.reshape(len(x), *self.output_shape(x.shape[1:])), x.shape

    def backward(self, dy, saved, need_dx=True):
        """Reshape back."""
        return dy.reshape(saved), {}

    def project(self, r, saved, images, rule):
        """Reshape back."""
        return r.reshape(len(r), *saved[1:])


class Linear:
    """Fully connected layer, params w (outputs, inputs) and b (outputs,)."""
    window = None

    def __init__(self, inputs, outputs):
        _check_counts(inputs=inputs, outputs=outputs)
        self.params = {"w": np.zeros((outputs, inputs), np.float32), "b": np.zeros(outputs, np.float32)}

    def __repr__(self):
        return "fully connected"

    def output_shape(self, shape):
        """(inputs,) -> (outputs,); ValueError for another number of inputs."""
        outputs, inputs = self.params["w"].shape
        if shape != (inputs,):
            raise ValueError(f"{self} layer takes {inputs} features, but gets shape {shape}")
        return outputs,

    def forward(self, x, train=False, rng=None):
        """x wᵀ + b."""
        return F.linear_forward(x, self.params["w"], self.params["b"])

    def backward(self, dy, saved, need_dx=True):
        """dy w, and the gradients of w and b."""
        dx, dw, db = F.linear_backward(dy, saved, need_dx=need_dx)
        return dx, {"w": dw, "b": db}

    def project(self, r, saved, images, rule):
        """r w: the transposed matrix, without bias."""
        return F.linear_transpose(r, saved.w)


class Dropout:
    """In training, set each value to zero with probability `rate` and scale the rest by 1/(1 − rate); else nothing."""
    params = {}
    window = Window(1, 1, 0)

    def __init__(self, rate=0.5):
        F.check_rate(rate)
        self.rate = rate

    def __repr__(self):
        return f"dropout {self.rate:g}"

    def output_shape(self, shape):
        """Unchanged."""
        return shape

    def forward(self, x, train=False, rng=None):
        """Drop in training; rng is then needed."""
        if not train:
            return x, None
        if not isinstance(rng, np.random.Generator):
            raise TypeError(f"dropout in training needs rng, a numpy.random.Generator, not {rng!r}: net.forward(x, train=True, rng=rng)")
        return F.dropout_forward(x, rate=self.rate, rng=rng)

    def backward(self, dy, saved, need_dx=True):
        """Pass what was not dropped."""
        return (dy if saved is None else F.dropout_backward(dy, saved)), {}

    def project(self, r, saved, images, rule):
        """Pass what was not dropped."""
        return r if saved is None else F.dropout_backward(r, saved[images])

    def project_windows(self, r, saved, images, corners, rule):
        """The same, with windows of the mask."""
        return r if saved is None else F.dropout_backward(r, windows.cut(saved, images, corners, r.shape[2:]))


def _check_counts(**counts):
    for name, value in counts.items():
        if not isinstance(value, Integral) or value < 1:
            raise ValueError(f"{name} must be an integer of 1 or more, not {value!r}")
