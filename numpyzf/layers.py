"""The layers: what holds parameters, and the three passes side by side.

Every layer has the same methods, and no data of a pass stays in it:

    forward(x, train=False, rng=None) -> y, saved      up
    backward(dy, saved, need_dx=True) -> dx, grads     the gradient; grads named as in `params`
    project(r, saved, image_of, rule) -> r             the deconvnet and its relatives, by `rule`

Going down, backward and project differ at the ReLU; and at contrast normalization, which project
passes by unless it is asked for the gradient. r (M, …) holds M signals; `image_of` (M,) says for
each one which image of the forward pass, which row of the arrays in `saved`, it belongs to.

A layer of your own is a class with these three methods and

    params             its arrays by name, {} without any; `initialize` sets "b" and draws "w"
    window             its geometry.Window, or None where no small part of the image is seen
    output_shape(shape) -> shape        without the batch; ValueError for an input that doesn't fit
    __repr__           what print(net) shows
"""
from typing import NamedTuple

import numpy as np

from . import checks, functional, kernels
from .geometry import Window, conv_output_size, pool_output_size


class Rule(NamedTuple):
    """How a signal goes down: three choices, so eight rules; and the way through normalization."""
    forward_mask: bool      # at a ReLU, pass only where the forward input was positive
    switches: bool          # at a pool, go to where the maximum was; else to the window's middle
    backward_relu: bool     # at a ReLU, pass only what is itself positive
    through_normalization: str = "identity"     # as in the paper's deconvnet; or "gradient"


class Conv:
    """Convolution with F filters of size×size over C channels, see functional.conv_forward.

    Parameters: w (F, C, size, size) and b (F,).
    """

    def __init__(self, channels, filters, size, *, stride=1, pad=0, method="auto"):
        self.window = Window(*checks.window(size, stride, pad))
        self.method = checks.one_of("method", method, ("auto", *kernels.METHODS))
        shape = checks.integer("filters", filters, 1), checks.integer("channels", channels, 1)
        self.params = {"w": np.zeros((*shape, size, size), np.float32),
                       "b": np.zeros(filters, np.float32)}

    def __repr__(self):
        size, stride, pad = self.window
        step, margin = f"/{stride}" if stride > 1 else "", f", pad {pad}" if pad else ""
        return f"convolution {size}×{size}{step}{margin}"

    def output_shape(self, shape):
        """(C, H, W) -> (F, OH, OW); ValueError for another number of channels."""
        filters, channels = self.params["w"].shape[:2]
        checks.maps(self, shape, channels)
        # an error now, and not in a pass, if the method can't take these filters
        kernels.choose(self.method, 1, *shape[1:], self.params["w"].shape, self.window)
        return (filters, *(conv_output_size(n, *self.window) for n in shape[1:]))

    def forward(self, x, train=False, rng=None):
        """Filter, and add the bias."""
        _, stride, pad = self.window
        return functional.conv_forward(x, self.params["w"], self.params["b"],
                                       stride=stride, pad=pad, method=self.method)

    def backward(self, dy, saved, need_dx=True):
        """Transposed filtering of dy, and the gradients of w and b."""
        dx, dw, db = functional.conv_backward(dy, saved, need_dx=need_dx)
        return dx, {"w": dw, "b": db}

    def project(self, r, saved, image_of, rule):
        """Transposed filtering. The bias plays no part on the way down."""
        _, stride, pad = self.window
        return functional.conv_transpose(r, saved.w, stride=stride, pad=pad,
                                         size=saved.x.shape[2:], method=self.method)


class ReLU:
    """max(x, 0). The layer where gradient, deconvnet and guided backpropagation differ."""
    params = {}
    window = Window(1, 1, 0)

    def __repr__(self):
        return "ReLU"

    def output_shape(self, shape):
        return shape

    def forward(self, x, train=False, rng=None):
        return functional.relu_forward(x)

    def backward(self, dy, saved, need_dx=True):
        """Pass where x > 0."""
        return functional.relu_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        """deconvnet: pass where r > 0; gradient: where x > 0; guided: where both."""
        if rule.backward_relu:
            r = functional.relu_project(r)
        if rule.forward_mask:
            r = functional.relu_backward(r, saved[image_of])
        return r


class MaxPool:
    """Maximum over size×size windows, which may overlap; records its switches."""
    params = {}

    def __init__(self, size, *, stride, pad=0, ceil=False):
        self.window, self.ceil = Window(*checks.window(size, stride, pad)), ceil

    def __repr__(self):
        size, stride, pad = self.window
        return f"max pool {size}×{size}/{stride}{f', pad {pad}' if pad else ''}"

    def output_shape(self, shape):
        """(C, H, W) -> (C, OH, OW)."""
        checks.maps(self, shape)
        return (shape[0], *(pool_output_size(n, *self.window, self.ceil) for n in shape[1:]))

    def forward(self, x, train=False, rng=None):
        """The maxima, and the switches."""
        size, stride, pad = self.window
        return functional.max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=self.ceil)

    def backward(self, dy, saved, need_dx=True):
        """Unpool by the switches."""
        return functional.unpool(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        """Unpool by the switches; without them to each window's middle, or the last pixel."""
        index = saved.index[image_of] if rule.switches else self.middles(r.shape, saved.x_shape)
        x_shape = len(r), *saved.x_shape[1:]
        return functional.unpool(r, functional.Switches(index, x_shape))

    def middles(self, r_shape, x_shape):
        """Switches int32 (M, C, OH, OW) to the middles of the windows, for signals of r_shape."""
        size, stride, pad = self.window
        rows, columns = (np.minimum(np.arange(count) * stride - pad + size // 2, n - 1)
                         for count, n in zip(r_shape[2:], x_shape[2:]))
        places = (rows[:, None] * x_shape[3] + columns).astype(np.int32)        # (OH, OW)
        return np.broadcast_to(places, r_shape)


class ContrastNorm:
    """Contrast normalization across maps, see functional.contrast_norm_forward."""
    params = {}
    window = Window(1, 1, 0)

    def __init__(self, *, size=5, alpha=5e-4, beta=0.75, k=2.0):
        checks.norm(size, alpha, beta, k)
        self.constants = {"size": size, "alpha": alpha, "beta": beta, "k": k}

    def __repr__(self):
        return f"contrast normalization over {self.constants['size']} maps"

    def output_shape(self, shape):
        return checks.maps(self, shape)

    def forward(self, x, train=False, rng=None):
        """Divide by the strength of the neighboring maps."""
        return functional.contrast_norm_forward(x, **self.constants)

    def backward(self, dy, saved, need_dx=True):
        """The gradient of the division."""
        return functional.contrast_norm_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        """Nothing, as in the paper; or the gradient."""
        if rule.through_normalization == "identity":
            return r
        saved = saved._replace(x=saved.x[image_of], s=saved.s[image_of])
        return functional.contrast_norm_backward(r, saved)


class Flatten:
    """(C, H, W) maps to C·H·W features, row-major."""
    params = {}
    window = None       # what follows sees everything

    def __repr__(self):
        return "flatten"

    def output_shape(self, shape):
        """(C, H, W) -> (C·H·W,)."""
        return (int(np.prod(shape)),)

    def forward(self, x, train=False, rng=None):
        return x.reshape(len(x), int(np.prod(x.shape[1:]))), x.shape

    def backward(self, dy, saved, need_dx=True):
        return dy.reshape(saved), {}

    def project(self, r, saved, image_of, rule):
        return r.reshape(len(r), *saved[1:])


class Linear:
    """Fully connected layer. Parameters: w (outputs, inputs) and b (outputs,)."""
    window = None

    def __init__(self, inputs, outputs):
        shape = checks.integer("outputs", outputs, 1), checks.integer("inputs", inputs, 1)
        self.params = {"w": np.zeros(shape, np.float32), "b": np.zeros(outputs, np.float32)}

    def __repr__(self):
        return "fully connected"

    def output_shape(self, shape):
        """(inputs,) -> (outputs,); ValueError for another number of inputs."""
        outputs, inputs = self.params["w"].shape
        if shape != (inputs,):
            raise ValueError(f"{self} layer takes {inputs} features, but gets shape {shape}")
        return (outputs,)

    def forward(self, x, train=False, rng=None):
        """x wᵀ + b."""
        return functional.linear_forward(x, self.params["w"], self.params["b"])

    def backward(self, dy, saved, need_dx=True):
        """dy w, and the gradients of w and b."""
        dx, dw, db = functional.linear_backward(dy, saved, need_dx=need_dx)
        return dx, {"w": dw, "b": db}

    def project(self, r, saved, image_of, rule):
        """r w: the transposed matrix, without bias."""
        return functional.linear_transpose(r, saved.w)


class Dropout:
    """In training, set values to zero with probability `rate`, scale the rest by 1/(1 − rate)."""
    params = {}
    window = Window(1, 1, 0)

    def __init__(self, rate=0.5):
        self.rate = checks.rate(rate)

    def __repr__(self):
        return f"dropout {self.rate:g}"

    def output_shape(self, shape):
        return shape

    def forward(self, x, train=False, rng=None):
        """Drop in training, which needs rng, a numpy.random.Generator; else nothing."""
        if not train:
            return x, None
        return functional.dropout_forward(x, rate=self.rate, rng=rng)

    def backward(self, dy, saved, need_dx=True):
        """Pass what was not dropped."""
        return (dy if saved is None else functional.dropout_backward(dy, saved)), {}

    def project(self, r, saved, image_of, rule):
        return r if saved is None else functional.dropout_backward(r, saved[image_of])
