"""What the tests of this folder share: seeded geometries, one of every layer, what counts as close.
"""
from typing import NamedTuple

import numpy as np
import pytest

from numpyzf.general import layers, reference

TOLERANCE = {np.float64: 1e-12, np.float32: 1e-5}      # of the largest value
both_dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])


def assert_close(actual, expected, name=""):
    """The largest difference over the largest value, by dtype; shape and dtype are the same."""
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype), name
    atol = TOLERANCE[expected.dtype.type] * np.abs(expected).max(initial=0)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol, err_msg=name)


def off_kinks(rng, *shape):
    """Values in random order, 0.1 apart and none closer to zero than 0.05."""
    n = int(np.prod(shape))
    return (rng.permutation(n) - n // 2 + 0.5).reshape(shape) / 10


# ---- geometries ----------------------------------------------------------------------------------

class Case(NamedTuple):
    """A window of any kind over maps of any size; what a pool doesn't have is 1."""
    N: int
    C: int
    F: int
    groups: int
    hw: tuple
    size: tuple
    stride: tuple
    pad: tuple
    dilation: tuple
    ceil: bool

    def __str__(self):
        words = ["x".join(map(str, part)) for part in self[4:9]]
        return (f"N{self.N}-C{self.C}-F{self.F}-g{self.groups}-{words[0]}-K{words[1]}-s{words[2]}"
                f"-p{words[3]}-d{words[4]}" + ("-ceil" if self.ceil else ""))

    def x_shape(self):
        return self.N, self.C, *self.hw

    def w_shape(self):
        return self.F, self.C // self.groups, *self.size

    def sizes(self):
        """(OH, OW), as reference.py counts."""
        return reference.output_size(self.hw, self.size, self.stride, self.pad, self.dilation,
                                     self.ceil)

    def conv(self):
        return dict(stride=self.stride, pad=self.pad, dilation=self.dilation, groups=self.groups)

    def pool(self):
        return dict(size=self.size, stride=self.stride, pad=self.pad, dilation=self.dilation,
                    ceil=self.ceil)

    def each_window_holds_a_pixel(self):
        if 0 in self.sizes():
            return False
        _, index = reference.max_pool_forward(np.zeros((1, 1, *self.hw)), **self.pool())
        return bool((index >= 0).all())


def draw(rng, pooling):
    """One geometry, which may be impossible."""
    groups, pairs = int(rng.integers(1, 4)), lambda least, most: rng.integers(least, most, 2)
    C, F = groups * rng.integers(1, 3), groups * rng.integers(1, 3)
    if rng.integers(4) == 0:
        C, F = groups, groups * rng.integers(1, 3)         # depthwise
    size, dilation = pairs(1, 5), pairs(1, 4)
    if rng.integers(2):
        dilation = np.ones(2, int)
    stride, pad = pairs(1, 6), rng.integers(0, 3 if pooling else 5, 4)
    if pooling and rng.integers(4) == 0:                    # what the square pools' kernel takes
        size[1], stride[1], pad[1], dilation[:] = size[0], stride[0], pad[0], 1
    sides = [tuple(map(int, values))
             for values in (pairs(1, 10), size, stride, pad, dilation)]
    return Case(int(rng.integers(1, 3)), int(C), int(F), groups, *sides,
                ceil=bool(pooling and rng.integers(2)))


def possible(count, rng, pooling):
    cases = set()
    while len(cases) < count:
        case = draw(rng, pooling)
        if pooling:
            case = case._replace(F=1, groups=1)
        if case.each_window_holds_a_pixel() if pooling else 0 not in case.sizes():
            cases.add(case)
    return sorted(cases)


HAND_CONV = [Case(2, 4, 6, 2, (5, 6), (3, 2), (1, 1), (1, 0, 2, 1), (1, 1), False),
             Case(1, 3, 3, 3, (6, 5), (3, 3), (2, 1), (1, 1, 1, 1), (1, 1), False),    # depthwise
             Case(1, 2, 3, 1, (7, 7), (2, 3), (1, 2), (0, 0, 0, 0), (3, 2), False),
             Case(1, 2, 1, 1, (1, 4), (1, 3), (3, 2), (2, 4, 0, 3), (1, 1), False),  # only padding
             Case(1, 1, 2, 1, (7, 5), (1, 2), (4, 3), (0, 0, 0, 0), (1, 1), False)]  # gaps
HAND_POOL = [Case(2, 2, 1, 1, (6, 5), (3, 2), (2, 2), (0, 0, 0, 0), (1, 1), True),
             Case(1, 2, 1, 1, (5, 5), (2, 2), (2, 2), (1, 0, 1, 1), (1, 1), True),   # one dropped
             Case(1, 1, 1, 1, (7, 6), (2, 3), (1, 2), (1, 1, 0, 2), (2, 1), False),
             Case(1, 2, 1, 1, (6, 7), (2, 2), (1, 1), (0, 0, 1, 0), (2, 2), False),
             Case(1, 1, 1, 1, (2, 2), (3, 3), (2, 2), (0, 0, 0, 0), (1, 1), True),   # larger
             Case(1, 2, 1, 1, (7, 9), (1, 2), (3, 4), (0, 0, 0, 0), (1, 1), True)]   # gaps
CONV = HAND_CONV + possible(120, np.random.default_rng(13), pooling=False)
POOL = HAND_POOL + possible(120, np.random.default_rng(13), pooling=True)


def named(cases, by_hand):
    return [pytest.param(case, id=str(case), marks=[pytest.mark.small] * (case in by_hand))
            for case in cases]


conv_cases = pytest.mark.parametrize("case", named(CONV, HAND_CONV))
pool_cases = pytest.mark.parametrize("case", named(POOL, HAND_POOL))


# ---- one of every layer --------------------------------------------------------------------------

def normalized():
    layer = layers.BatchNorm(3, epsilon=1e-3)
    rng = np.random.default_rng(5)
    layer.mean, layer.variance = rng.standard_normal(3), rng.uniform(0.5, 2, 3)
    return layer


# name: (a function that makes the layer, the shapes of its inputs without the batch)
LAYERS = {
    "convolution": (lambda: layers.GeneralConv(3, 2, (3, 2), stride=(2, 1), pad=(1, 0, 2, 1)),
                    [(3, 6, 5)]),
    "dilated": (lambda: layers.GeneralConv(3, 2, 2, dilation=(2, 3)), [(3, 6, 5)]),
    "groups": (lambda: layers.GeneralConv(4, 6, 3, pad=1, groups=2), [(4, 4, 5)]),
    "depthwise": (lambda: layers.GeneralConv(3, 3, 3, pad=1, stride=2, groups=3), [(3, 6, 5)]),
    "max pool": (lambda: layers.GeneralMaxPool((3, 2), stride=(2, 1), pad=(1, 0, 0, 1), ceil=True),
                 [(3, 6, 5)]),
    "average pool": (lambda: layers.AveragePool((3, 2), stride=(2, 1), pad=(1, 0, 1, 1), ceil=True),
                     [(3, 6, 5)]),
    "average pool, counted": (lambda: layers.AveragePool(3, stride=2, pad=1, ceil=True,
                                                         count_pad=True), [(3, 6, 4)]),
    "dilated average pool": (lambda: layers.AveragePool((2, 3), stride=(2, 1), pad=(1, 2, 0, 1),
                                                        dilation=(3, 2), count_pad=True),
                             [(3, 6, 5)]),
    "global average pool": (layers.GlobalAveragePool, [(3, 4, 5)]),
    "batch normalization": (normalized, [(3, 4, 2)]),
    "batch normalization of features": (normalized, [(3,)]),
    "leaky ReLU": (lambda: layers.LeakyReLU(0.2), [(3, 4, 2)]),
    "clipped ReLU": (lambda: layers.ClippedReLU(0.0, 0.72), [(3, 4, 2)]),
    "clipped on both sides": (lambda: layers.ClippedReLU(-0.52, 0.72), [(3, 4, 2)]),
    "sigmoid": (layers.Sigmoid, [(3, 4, 2)]),
    "softmax": (layers.Softmax, [(5,)]),
    "softmax of maps": (layers.Softmax, [(3, 2, 2)]),
    "concatenation": (layers.Concat, [(2, 3, 4), (1, 3, 4), (3, 3, 4)]),
    "concatenation of features": (layers.Concat, [(2,), (5,)]),
    "sum": (layers.Add, [(2, 3, 4), (2, 3, 4), (2, 3, 4)]),
    "padding": (lambda: layers.Pad((1, 0, 2, 3), -1.5), [(3, 4, 2)])}
NOT_LINEAR = ("leaky ReLU", "clipped ReLU", "clipped on both sides", "sigmoid", "softmax",
              "softmax of maps")
every_layer = pytest.mark.parametrize("name", LAYERS)


def build(name, dtype=np.float64, N=2):
    """A layer with random parameters, and its inputs: a list of arrays."""
    make, shapes = LAYERS[name]
    layer, rng = make(), np.random.default_rng(7)
    layer.params = {key: rng.standard_normal(value.shape).astype(dtype)
                    for key, value in layer.params.items()}
    return layer, [off_kinks(rng, N, *shape).astype(dtype) / 3 for shape in shapes]


def listed(down):
    """What comes down, one for each input, as a list."""
    return down if isinstance(down, list) else [down]
