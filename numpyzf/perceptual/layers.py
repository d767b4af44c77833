"""The layers of networks that make pictures; what a layer is stands at the head of ../layers.py.

Most make maps larger, where a window's stride would be a fraction, or see whole maps: they have no
`window`. On the way down, what is linear goes by its transpose under every rule. Normalization
multiplies as on the way up; for a Rule whose through_normalization is "gradient", instance
normalization gives its gradient. (That of a batch's normalization would cross its images.) A tanh
is passed by, but for a rule that looks at the forward pass, which takes its gradient.
"""
import numpy as np

from .. import checks
from ..general import layers as general
from ..geometry import Window
from . import functional, normalize


class ConvTranspose:
    """Transposed filtering as a layer: what the deconvnet looks with, and here learns to draw with.

    Down a convolution, the deconvnet and the gradient go by `conv_transpose`. Here that is the way
    up, by filters that are learned; and the way down is the convolution. The papers call it a
    convolution of stride 1/2, or "deconvolution". With stride 2, size 3, pad 1 and extra 1, maps
    come out twice as large. A size that is no multiple of the stride gives some pixels more taps
    than others: the grid in many enlarged pictures.

    channels, filters: maps that come in, and that are made.
    extra: rows and columns more at the end, fewer than stride (PyTorch's output_padding).

    Parameters: w (channels, filters, size, size), the axes in PyTorch's order, and b (filters,).
    A unit has channels · size² / stride² inputs; networks.start draws for as many, and
    `Network.initialize`, which takes filters · size² for that number, doesn't.
    """
    window = None

    def __init__(self, channels, filters, size, *, stride=1, pad=0, extra=0):
        self.frame = Window(*checks.window(size, stride, pad))
        self.extra = functional.rest("extra", extra, stride)
        shape = checks.integer("channels", channels, 1), checks.integer("filters", filters, 1)
        self.params = {"w": np.zeros((*shape, size, size), np.float32),
                       "b": np.zeros(filters, np.float32)}

    def __repr__(self):
        size, stride, pad = self.frame
        step, margin = f", stride 1/{stride}" if stride > 1 else "", f", pad {pad}" if pad else ""
        return f"transposed convolution {size}×{size}{step}{margin}"

    def output_shape(self, shape):
        """(C, H, W) -> (F, OH, OW); ValueError for another number of channels."""
        channels, filters = self.params["w"].shape[:2]
        checks.maps(self, shape, channels)
        return (filters, *(functional.transposed_size(n, self.frame, self.extra)
                           for n in shape[1:]))

    def forward(self, x, train=False, rng=None):
        """Transposed filtering, and add the bias."""
        _, stride, pad = self.frame
        return functional.conv_transpose_forward(x, self.params["w"], self.params["b"],
                                                 stride=stride, pad=pad, extra=self.extra)

    def backward(self, dy, saved, need_dx=True):
        """The convolution of dy, and the gradients of w and b."""
        dx, dw, db = functional.conv_transpose_backward(dy, saved, need_dx=need_dx)
        return dx, {"w": dw, "b": db}

    def project(self, r, saved, image_of, rule):
        """The convolution. The bias plays no part on the way down."""
        return functional.conv_transpose_adjoint(r, saved)


class Enlarge:
    """Nearest neighbor: every pixel becomes a square of factor×factor."""
    params = {}
    window = None

    def __init__(self, factor):
        self.factor = checks.integer("factor", factor, 1)

    def __repr__(self):
        return f"enlarge ×{self.factor}"

    def output_shape(self, shape):
        """(C, H, W) -> (C, factor·H, factor·W)."""
        C, H, W = checks.maps(self, shape)
        return C, H * self.factor, W * self.factor

    def forward(self, x, train=False, rng=None):
        return functional.enlarge_forward(x, factor=self.factor)

    def backward(self, dy, saved, need_dx=True):
        """The sum of each square."""
        return functional.enlarge_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        return functional.enlarge_backward(r, saved)


class PixelShuffle(Enlarge):
    """Sub-pixel rearrangement: factor² maps become one that is larger by factor."""

    def __repr__(self):
        return f"pixel shuffle ×{self.factor}"

    def output_shape(self, shape):
        """(C·factor², H, W) -> (C, factor·H, factor·W)."""
        maps, H, W = checks.maps(self, shape)
        return functional.shuffled(maps, self.factor), H * self.factor, W * self.factor

    def forward(self, x, train=False, rng=None):
        return functional.pixel_shuffle_forward(x, factor=self.factor)

    def backward(self, dy, saved, need_dx=True):
        """Back to its place."""
        return functional.pixel_shuffle_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        return functional.pixel_shuffle_backward(r, saved)


class BicubicEnlarge(Enlarge):
    """Bicubic interpolation, as pictures.resize does it; nothing to learn."""

    def __repr__(self):
        return f"bicubic ×{self.factor}"

    def forward(self, x, train=False, rng=None):
        return functional.bicubic_enlarge_forward(x, factor=self.factor)

    def backward(self, dy, saved, need_dx=True):
        """By the transposed matrices."""
        return functional.bicubic_enlarge_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        return functional.bicubic_enlarge_backward(r, saved)


class Smooth:
    """The mean over factor neighbors each way: it takes out the grid that `factor` can make.

    Behind a PixelShuffle of the same factor, whose maps needn't agree. See functional.smooth.
    """
    params = {}

    def __init__(self, factor):
        self.factor = checks.integer("factor", factor, 1)
        self.window = Window(factor + 1 - factor % 2, 1, factor // 2)

    def __repr__(self):
        return f"smoothing over {self.factor} pixels"

    def output_shape(self, shape):
        return checks.maps(self, shape)

    def forward(self, x, train=False, rng=None):
        return functional.smooth(x, factor=self.factor), None

    def backward(self, dy, saved, need_dx=True):
        """The same once more: the matrix is symmetric."""
        return functional.smooth(dy, factor=self.factor), {}

    def project(self, r, saved, image_of, rule):
        return functional.smooth(r, factor=self.factor)


class ReflectPad:
    """A mirror image of what is inside, `pad` rows and columns on each side: no frame of zeros."""
    params = {}
    window = None       # at the edge a unit sees what lies at the other side of it

    def __init__(self, pad):
        self.pad = checks.integer("pad", pad, 0, checks.MOST_SIDE)

    def __repr__(self):
        return f"reflection pad {self.pad}"

    def output_shape(self, shape):
        """(C, H, W) -> (C, H + 2·pad, W + 2·pad); ValueError for maps that are too small."""
        H, W = functional.reflectable(checks.maps(self, shape)[1:], self.pad)
        return shape[0], H + 2 * self.pad, W + 2 * self.pad

    def forward(self, x, train=False, rng=None):
        return functional.reflect_pad_forward(x, pad=self.pad)

    def backward(self, dy, saved, need_dx=True):
        """What is in the mirror adds to what it shows."""
        return functional.reflect_pad_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        return functional.reflect_pad_backward(r, saved)


class BatchNorm(general.BatchNorm):
    """Batch normalization that can be trained; at inference it is general.BatchNorm.

    In training, each channel is normalized by its own mean and variance over the batch, and
    `mean` and `variance` (C,), float64, move towards these: by `momentum`, and the variance as
    that of which the batch is a sample, with one number fewer in the divisor. They aren't
    parameters, but belong to the trained net, and to its file (learn.running). A trace that makes a
    training pass once more, for a layer's output (network.Trace), moves them once more.
    """

    def __init__(self, channels, *, momentum=0.1, epsilon=1e-5):
        super().__init__(channels, epsilon=epsilon)
        self.momentum = checks.finite("momentum", momentum)
        if not 0 <= self.momentum <= 1:
            raise ValueError(f"momentum must lie between 0 and 1, not {momentum}")
        self.mean, self.variance = np.zeros(channels), np.ones(channels)

    def forward(self, x, train=False, rng=None):
        """Normalize, scale and shift; in training by this batch."""
        if not train:
            return super().forward(x)
        y, saved, mean, variance = normalize.normalize_forward(
            x, self.params["scale"], self.params["shift"], batch=True, epsilon=self.epsilon)
        count = x.size // x.shape[1]
        new = mean[0], variance[0].astype(np.float64) * (count / (count - 1))
        for running, value in zip((self.mean, self.variance), new):
            running += self.momentum * (value - running)
        return y, saved

    def backward(self, dy, saved, need_dx=True):
        """The gradients of x, scale and shift; in training also through mean and variance."""
        if not isinstance(saved, normalize.NormSaved):
            return super().backward(dy, saved)
        dx, dscale, dshift = normalize.normalize_backward(dy, saved)
        return dx, {"scale": dscale, "shift": dshift}

    def project(self, r, saved, image_of, rule):
        """Multiply as on the way up, by what mean and variance were."""
        if not isinstance(saved, normalize.NormSaved):
            return super().project(r, saved, image_of, rule)
        return normalize.normalize_transpose(r, saved, image_of)


class InstanceNorm:
    """Normalization of each channel of each image by its own mean and variance, always.

    So an image's contrast is lost, and one image alone comes out as in any batch. Parameters: scale
    and shift (C,).
    """
    window = None       # mean and variance see whole maps

    def __init__(self, channels, *, epsilon=1e-5):
        channels = checks.integer("channels", channels, 1)
        checks.positive(epsilon=epsilon)
        self.epsilon = epsilon
        self.params = {"scale": np.ones(channels, np.float32),
                       "shift": np.zeros(channels, np.float32)}

    def __repr__(self):
        return "instance normalization"

    def output_shape(self, shape):
        """(C, H, W), as it is; ValueError for other channels, or maps of a single pixel."""
        checks.maps(self, shape, len(self.params["scale"]))
        if shape[1] * shape[2] == 1:
            raise ValueError(f"{self} takes maps of two pixels or more, not {shape}: the variance "
                             "of one is zero")
        return shape

    def forward(self, x, train=False, rng=None):
        """Normalize, scale and shift."""
        return normalize.normalize_forward(x, self.params["scale"], self.params["shift"],
                                           batch=False, epsilon=self.epsilon)[:2]

    def backward(self, dy, saved, need_dx=True):
        """The gradients of x, scale and shift, also through mean and variance."""
        dx, dscale, dshift = normalize.normalize_backward(dy, saved)
        return dx, {"scale": dscale, "shift": dshift}

    def project(self, r, saved, image_of, rule):
        """Multiply as on the way up, as by constants; or the gradient."""
        if rule.through_normalization == "identity":
            return normalize.normalize_transpose(r, saved, image_of)
        saved = saved._replace(normal=saved.normal[image_of], root=saved.root[image_of])
        return normalize.normalize_backward(r, saved)[0]


class ScaledTanh:
    """tanh between low and high: a picture whose values can't leave their range."""
    params = {}
    window = Window(1, 1, 0)

    def __init__(self, low=0.0, high=1.0):
        self.low, self.high = functional.ordered(low, high)

    def __repr__(self):
        return f"tanh to {self.low:g} … {self.high:g}"

    def output_shape(self, shape):
        return shape

    def forward(self, x, train=False, rng=None):
        return functional.scaled_tanh_forward(x, low=self.low, high=self.high)

    def backward(self, dy, saved, need_dx=True):
        return functional.scaled_tanh_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        """The gradient where the rule looks at the forward pass; else nothing."""
        if not rule.forward_mask:
            return r
        return functional.scaled_tanh_backward(r, saved._replace(tanh=saved.tanh[image_of]))


class CroppedAdd:
    """The sum of several outputs, of which the larger ones are cropped at the center."""
    params = {}
    window = None       # each output is cropped by its own number of pixels

    def __repr__(self):
        return "cropped sum"

    def output_shape(self, *shapes):
        """(C, H1, W1), (C, H2, W2), … -> (C, least H, least W); ValueError without a middle."""
        general.several(self, shapes)
        if len({checks.maps(self, shape)[0] for shape in shapes}) != 1:
            raise ValueError(f"{self} takes outputs of one number of channels, but gets "
                             f"{', '.join(map(str, shapes))}")
        functional.centers([shape[1:] for shape in shapes])
        return (shapes[0][0], *(min(shape[axis] for shape in shapes) for axis in (1, 2)))

    def forward(self, *xs, train=False, rng=None):
        return functional.cropped_add_forward(xs)

    def backward(self, dy, saved, need_dx=True):
        """To every output the whole, with zeros around it where it was cropped."""
        return functional.cropped_add_backward(dy, saved), {}

    def project(self, r, saved, image_of, rule):
        return functional.cropped_add_backward(r, saved)
