"""What the tests of the layers share: one of every layer, what counts as close."""
import numpy as np
import pytest

from numpyzf.perceptual import layers

TOLERANCE = {np.float64: 1e-12, np.float32: 1e-5}      # of the largest value
both_dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])


def assert_close(actual, expected, name=""):
    """The largest difference over the largest value, by dtype; shape and dtype are the same."""
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype), name
    atol = TOLERANCE[expected.dtype.type] * np.abs(expected).max(initial=0)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol, err_msg=name)


def normal(rng, dtype, *shapes):
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


# name: (a function that makes the layer, the shapes of its inputs without the batch, train)
LAYERS = {
    "transposed convolution": (lambda: layers.ConvTranspose(3, 2, 3, stride=2, pad=1, extra=1),
                               [(3, 4, 3)], False),
    "transposed, with gaps": (lambda: layers.ConvTranspose(2, 3, 2, stride=3), [(2, 3, 2)], False),
    "enlarge": (lambda: layers.Enlarge(3), [(2, 3, 2)], False),
    "pixel shuffle": (lambda: layers.PixelShuffle(2), [(8, 3, 2)], False),
    "bicubic": (lambda: layers.BicubicEnlarge(2), [(2, 4, 3)], False),
    "smoothing": (lambda: layers.Smooth(2), [(2, 4, 3)], False),
    "smoothing, odd": (lambda: layers.Smooth(3), [(2, 4, 3)], False),
    "reflection": (lambda: layers.ReflectPad(2), [(2, 4, 3)], False),
    "batch norm, training": (lambda: layers.BatchNorm(3), [(3, 4, 2)], True),
    "batch norm of features, training": (lambda: layers.BatchNorm(3), [(3,)], True),
    "batch norm": (lambda: layers.BatchNorm(3), [(3, 4, 2)], False),
    "instance norm": (lambda: layers.InstanceNorm(3), [(3, 4, 2)], False),
    "tanh": (lambda: layers.ScaledTanh(-1.0, 2.0), [(3, 4, 2)], False),
    "cropped sum": (layers.CroppedAdd, [(2, 7, 4), (2, 3, 6), (2, 5, 4)], False)}
LINEAR = ["transposed convolution", "transposed, with gaps", "enlarge", "pixel shuffle", "bicubic",
          "smoothing", "smoothing, odd", "reflection", "cropped sum"]
NORMS = ["batch norm, training", "batch norm of features, training", "batch norm", "instance norm"]
every_layer = pytest.mark.parametrize("name", LAYERS)


def build(name, dtype=np.float64, N=3):
    """A layer with random parameters; its inputs, a list of arrays; whether it trains."""
    make, shapes, train = LAYERS[name]
    layer, rng = make(), np.random.default_rng(7)
    layer.params = {key: rng.standard_normal(value.shape).astype(dtype)
                    for key, value in layer.params.items()}
    return layer, [rng.standard_normal((N, *shape)).astype(dtype) for shape in shapes], train


def listed(down):
    """What comes down, one for each input, as a list."""
    return down if isinstance(down, list) else [down]


def replaced(values, number, value):
    return [*values[:number], value, *values[number + 1:]]
