"""The layers of nets that come from elsewhere; what a layer is stands at the head of ../layers.py.

A layer that takes several outputs, Concat or Add, gets them one after the other:

    output_shape(shape, shape, …) -> shape
    forward(x, x, …, train=False, rng=None) -> y, saved
    backward(dy, saved, need_dx=True) -> (dx, dx, …), grads     one for each
    project(r, saved, image_of, rule) -> (r, r, …)

On the way down, what is linear goes by its transpose under every rule. A leaky or clipped ReLU does
as a ReLU does. A sigmoid and a softmax have no rectification to repeat: a rule that looks at the
forward pass takes their gradient, the deconvnet passes them by.
"""
import numpy as np

from .. import checks
from ..functional import relu_backward, relu_project
from ..geometry import Window
from ..layers import Conv, MaxPool
from . import functional
from .frames import describe, frame, middles, output_size, pool_size, sides, windows


class GeneralConv(Conv):
    """Convolution with any window, and groups; see functional.conv_forward.

    Parameters: w (F, C/groups, KH, KW) and b (F,).
    """
    method = "unfold"

    def __init__(self, channels, filters, size, *, stride=1, pad=0, dilation=1, groups=1):
        self.frame = frame(size, stride, pad, dilation)
        self.window = windows(self.frame)
        self.groups = checks.integer("groups", groups, 1)
        for name, count in (("channels", channels), ("filters", filters)):
            if checks.integer(name, count, 1) % groups:
                raise ValueError(f"{name} must be divisible by {groups} groups, not {count}")
        self.params = {"w": np.zeros((filters, channels // groups, *self.frame.size), np.float32),
                       "b": np.zeros(filters, np.float32)}

    def __repr__(self):
        groups = f", {self.groups} groups" if self.groups > 1 else ""
        return f"convolution {describe(self.frame)}{groups}"

    @property
    def settings(self):
        """The arguments of functional.conv_forward and conv_transpose."""
        _, stride, pad, dilation = self.frame
        return dict(stride=stride, pad=pad, dilation=dilation, groups=self.groups)

    def output_shape(self, shape):
        """(C, H, W) -> (F, OH, OW); ValueError for another number of channels."""
        filters, channels = self.params["w"].shape[:2]
        checks.maps(self, shape, channels * self.groups)
        return (filters, *output_size(self.frame, shape[1:]))

    def forward(self, x, train=False, rng=None):
        """Filter, and add the bias."""
        return functional.conv_forward(x, self.params["w"], self.params["b"], **self.settings)

    def backward(self, dy, saved, need_dx=True):
        """Transposed filtering of dy, and the gradients of w and b."""
        dx, dw, db = functional.conv_backward(dy, saved, need_dx=need_dx)
        return dx, {"w": dw, "b": db}

    def project(self, r, saved, image_of, rule):
        """Transposed filtering. The bias plays no part on the way down."""
        return functional.conv_transpose(r, saved.w, **self.settings, size=saved.x.shape[2:])


class GeneralMaxPool(MaxPool):
    """Maximum over windows of any kind. Its ways down are MaxPool's."""

    def __init__(self, size, *, stride, pad=0, dilation=1, ceil=False):
        self.frame, self.ceil = frame(size, stride, pad, dilation), bool(ceil)
        self.window = windows(self.frame)

    def __repr__(self):
        return f"max pool {describe(self.frame)}"

    def output_shape(self, shape):
        """(C, H, W) -> (C, OH, OW)."""
        checks.maps(self, shape)
        return (shape[0], *pool_size(self.frame, shape[1:], self.ceil))

    def forward(self, x, train=False, rng=None):
        """The maxima, and the switches."""
        return functional.max_pool_forward(x, **self.frame._asdict(), ceil=self.ceil)

    def middles(self, r_shape, x_shape):
        """Switches int32 (M, C, OH, OW) to the middles of the windows, for signals of r_shape."""
        return np.broadcast_to(middles(self.frame, x_shape[2:], r_shape[2:]), r_shape)


class AveragePool:
    """The mean of windows, see functional.average_pool_forward."""
    params = {}

    def __init__(self, size, *, stride, pad=0, dilation=1, ceil=False, count_pad=False):
        self.frame = frame(size, stride, pad, dilation)
        self.ceil, self.count_pad = bool(ceil), bool(count_pad)
        self.window = windows(self.frame)

    def __repr__(self):
        counted = ", padding counted" if self.count_pad and any(self.frame.pad) else ""
        return f"average pool {describe(self.frame)}{counted}"

    def output_shape(self, shape):
        """(C, H, W) -> (C, OH, OW)."""
        checks.maps(self, shape)
        return (shape[0], *pool_size(self.frame, shape[1:], self.ceil))

    def forward(self, x, train=False, rng=None):
        """The means."""
        return functional.average_pool_forward(x, **self.frame._asdict(), ceil=self.ceil,
                                               count_pad=self.count_pad)

    def backward(self, dy, saved, need_dx=True):
        """To each pixel of a window its share."""
        return functional.average_pool_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        """To each pixel of a window its share."""
        return functional.average_pool_backward(r, saved)


class GlobalAveragePool:
    """The mean of each map."""
    params = {}
    window = None       # what follows sees everything

    def __repr__(self):
        return "global average pool"

    def output_shape(self, shape):
        """(C, H, W) -> (C, 1, 1)."""
        return (checks.maps(self, shape)[0], 1, 1)

    def forward(self, x, train=False, rng=None):
        return functional.global_average_pool_forward(x)

    def backward(self, dy, saved, need_dx=True):
        return functional.global_average_pool_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        return functional.global_average_pool_backward(r, saved)


class BatchNorm:
    """Batch normalization at inference, also in training: mean and variance stay as they are.

    Parameters: scale and shift (C,). `mean` and `variance` (C,) are what the net's training left.
    """
    window = Window(1, 1, 0)

    def __init__(self, channels, *, epsilon=1e-5):
        channels = checks.integer("channels", channels, 1)
        self.epsilon = checks.finite("epsilon", epsilon)
        self.params = {"scale": np.ones(channels, np.float32),
                       "shift": np.zeros(channels, np.float32)}
        self.mean, self.variance = np.zeros(channels, np.float32), np.ones(channels, np.float32)

    def __repr__(self):
        return "batch normalization"

    def output_shape(self, shape):
        """(C, H, W) or (C,), as it is; ValueError for another number of channels."""
        channels = len(self.params["scale"])
        if len(shape) not in (1, 3) or shape[0] != channels:
            raise ValueError(f"{self} takes {channels} channels, but gets shape {shape}")
        return shape

    def forward(self, x, train=False, rng=None):
        """Normalize, scale and shift."""
        scale, shift = self.params["scale"], self.params["shift"]
        mean, variance = (value.astype(scale.dtype) for value in (self.mean, self.variance))
        return functional.batch_norm_forward(x, scale, shift, mean, variance, epsilon=self.epsilon)

    def backward(self, dy, saved, need_dx=True):
        """The gradients of x, scale and shift."""
        dx, dscale, dshift = functional.batch_norm_backward(dy, saved)
        return dx, {"scale": dscale, "shift": dshift}

    def project(self, r, saved, image_of, rule):
        """Multiply as on the way up: what a convolution does that has the normalization in it."""
        return functional.batch_norm_transpose(r, saved)


class LeakyReLU:
    """x where x > 0, else slope · x."""
    params = {}
    window = Window(1, 1, 0)

    def __init__(self, slope=0.01):
        self.slope = checks.finite("slope", slope)

    def __repr__(self):
        return f"leaky ReLU {self.slope:g}"

    def output_shape(self, shape):
        return shape

    def forward(self, x, train=False, rng=None):
        return functional.leaky_relu_forward(x, slope=self.slope)

    def backward(self, dy, saved, need_dx=True):
        """Pass where x > 0, elsewhere slope of it."""
        return functional.leaky_relu_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        """As a ReLU's, but what a ReLU stops is multiplied by slope."""
        if rule.backward_relu:
            r = functional.leaky_relu_project(r, slope=self.slope)
        if rule.forward_mask:
            r = functional.leaky_relu_backward(r, saved._replace(mask=saved.mask[image_of]))
        return r


class ClippedReLU:
    """min(max(x, low), high); ReLU6 with the values given."""
    params = {}
    window = Window(1, 1, 0)

    def __init__(self, low=0.0, high=6.0):
        self.low, self.high = float(low), float(high)
        if not self.low < self.high:
            raise ValueError(f"low must be less than high, not {low} and {high}")

    def __repr__(self):
        return f"clip to {self.low:g} … {self.high:g}"

    def output_shape(self, shape):
        return shape

    def forward(self, x, train=False, rng=None):
        return functional.clipped_relu_forward(x, low=self.low, high=self.high)

    def backward(self, dy, saved, need_dx=True):
        """Pass where low < x < high."""
        return relu_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        """As a ReLU's. There is nothing to rectify where negative values come out on the way up."""
        if rule.backward_relu and self.low >= 0:
            r = relu_project(r)
        if rule.forward_mask:
            r = relu_backward(r, saved[image_of])
        return r


class Sigmoid:
    """1 / (1 + e^−x)."""
    params = {}
    window = Window(1, 1, 0)

    def __repr__(self):
        return "sigmoid"

    def output_shape(self, shape):
        return shape

    def forward(self, x, train=False, rng=None):
        return functional.sigmoid_forward(x)

    def backward(self, dy, saved, need_dx=True):
        return functional.sigmoid_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        """The gradient where the rule looks at the forward pass; else nothing."""
        return functional.sigmoid_backward(r, saved[image_of]) if rule.forward_mask else r


class Softmax:
    """Probabilities of the classes, or of the channels at each pixel."""
    params = {}
    window = Window(1, 1, 0)

    def __repr__(self):
        return "softmax"

    def output_shape(self, shape):
        return shape

    def forward(self, x, train=False, rng=None):
        return functional.softmax_forward(x)

    def backward(self, dy, saved, need_dx=True):
        return functional.softmax_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        """The gradient where the rule looks at the forward pass; else nothing."""
        return functional.softmax_backward(r, saved[image_of]) if rule.forward_mask else r


class Concat:
    """The channels of several outputs, one after the other."""
    params = {}
    window = Window(1, 1, 0)

    def __repr__(self):
        return "concatenation"

    def output_shape(self, *shapes):
        """(C1, H, W), (C2, H, W), … -> (C1 + C2 + …, H, W); or of features, (C1,), …."""
        several(self, shapes)
        if len({tuple(shape[1:]) for shape in shapes}) != 1:
            raise ValueError(f"{self} takes outputs of one height and width, but gets "
                             f"{', '.join(map(str, shapes))}")
        return (sum(shape[0] for shape in shapes), *shapes[0][1:])

    def forward(self, *xs, train=False, rng=None):
        return functional.concat_forward(xs)

    def backward(self, dy, saved, need_dx=True):
        return functional.concat_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        return functional.concat_backward(r, saved)


class Add:
    """The sum of several outputs of one shape."""
    params = {}
    window = Window(1, 1, 0)

    def __repr__(self):
        return "sum"

    def output_shape(self, *shapes):
        """(C, H, W), (C, H, W), … -> (C, H, W)."""
        several(self, shapes)
        if len(set(map(tuple, shapes))) != 1:
            raise ValueError(f"{self} takes outputs of one shape, but gets "
                             f"{', '.join(map(str, shapes))}")
        return tuple(shapes[0])

    def forward(self, *xs, train=False, rng=None):
        return functional.add_forward(xs)

    def backward(self, dy, saved, need_dx=True):
        return functional.add_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        return functional.add_backward(r, saved)


def several(layer, shapes):
    """ValueError where a layer that takes several outputs is given one."""
    if len(shapes) < 2:
        raise ValueError(f"{layer} takes two outputs or more; the layer behind can take this one")


class Pad:
    """Constant rows and columns around the maps."""
    params = {}

    def __init__(self, pad, value=0.0):
        self.pad, self.value = frame(1, pad=pad).pad, checks.finite("value", value)
        self.window = windows(frame(1, pad=pad))

    def __repr__(self):
        return f"pad {sides(self.pad)}{f' with {self.value:g}' if self.value else ''}"

    def output_shape(self, shape):
        """(C, H, W) -> (C, top + H + bottom, left + W + right)."""
        (C, H, W), (top, left, bottom, right) = checks.maps(self, shape), self.pad
        return C, top + H + bottom, left + W + right

    def forward(self, x, train=False, rng=None):
        return functional.pad_forward(x, pad=self.pad, value=self.value)

    def backward(self, dy, saved, need_dx=True):
        return functional.pad_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        return functional.pad_backward(r, saved)
