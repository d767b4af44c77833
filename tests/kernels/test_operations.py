"""The public operations, all of them: any memory layout, read-only arrays, NumPy's integers.

And linear layers and the loss, which need no kernel, against reference.py.
"""
import numpy as np
import pytest
from comparing import assert_close, draw

from numpyzf import functional, reference
from numpyzf.layers import Conv, MaxPool

small = pytest.mark.small
both_dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])


@small
@both_dtypes
@pytest.mark.parametrize("N, I, O", [(1, 1, 1), (1, 5, 3), (4, 1, 3), (4, 5, 1), (3, 7, 5)])
def test_linear(N, I, O, dtype, rng):
    x, w, b, dy = draw(rng, dtype, (N, I), (O, I), O, (N, O))
    y, saved = functional.linear_forward(x, w, b)
    assert_close(y, reference.linear_forward(x, w, b))
    results = functional.linear_backward(dy, saved)
    for actual, expected in zip(results, reference.linear_backward(dy, x, w), strict=True):
        assert_close(actual, expected)


@small
@both_dtypes
@pytest.mark.parametrize("N, classes", [(1, 1), (1, 4), (5, 2), (6, 10)])
def test_softmax_cross_entropy(N, classes, dtype, rng):
    scores, = draw(rng, dtype, (N, classes))
    labels = rng.integers(0, classes, N)
    loss, dscores = functional.softmax_cross_entropy(scores, labels)
    expected_loss, expected_dscores = reference.softmax_cross_entropy(scores, labels)
    assert isinstance(loss, float)
    assert_close(np.asarray(loss, dtype), np.asarray(expected_loss, dtype))
    assert_close(dscores, expected_dscores)


# ---- what may come in ---------------------------------------------------------------------------

def conv_both_ways(x, w, b, dy, method):
    windows = dict(stride=2, pad=1, method=method)
    y, saved = functional.conv_forward(x, w, b, **windows)
    down = functional.conv_transpose(dy, w, **windows, size=(6, 5))
    return y, *functional.conv_backward(dy, saved), down


def pool_both_ways(x, dy):
    y, switches = functional.max_pool_forward(x, size=3, stride=2, ceil=True)
    return y, switches.index, functional.unpool(dy, switches)


def norm_both_ways(x, dy):
    y, saved = functional.contrast_norm_forward(x)
    return y, functional.contrast_norm_backward(dy, saved)


def relu_both_ways(x, dy):
    y, mask = functional.relu_forward(x)
    return y, mask, functional.relu_backward(dy, mask)


def linear_both_ways(x, w, b, dy):
    y, saved = functional.linear_forward(x, w, b)
    return y, *functional.linear_backward(dy, saved), functional.linear_transpose(dy, w)


def dropout_both_ways(x, dy):
    y, mask = functional.dropout_forward(x, rate=0.5, rng=np.random.default_rng(1))
    return y, mask, functional.dropout_backward(dy, mask)


def loss_and_gradient(scores):
    return functional.softmax_cross_entropy(scores, np.array([0, 4, 2]))


CONV_SHAPES = [(2, 3, 6, 5), (4, 3, 3, 3), (4,), (2, 4, 3, 3)]
OPERATIONS = {      # name: (function, shapes of its arrays)
    "conv, unfold": (lambda *arrays: conv_both_ways(*arrays, "unfold"), CONV_SHAPES),
    "conv, shift": (lambda *arrays: conv_both_ways(*arrays, "shift"), CONV_SHAPES),
    "conv, winograd": (lambda *arrays: conv_both_ways(*arrays, "winograd"), CONV_SHAPES),
    "conv, direct": (lambda *arrays: conv_both_ways(*arrays, "direct"), CONV_SHAPES),
    "max pool": (pool_both_ways, [(2, 3, 6, 5), (2, 3, 3, 2)]),
    "contrast norm": (norm_both_ways, [(2, 6, 3, 4), (2, 6, 3, 4)]),
    "relu": (relu_both_ways, [(2, 3, 4, 5), (2, 3, 4, 5)]),
    "linear": (linear_both_ways, [(3, 5), (4, 5), (4,), (3, 4)]),
    "dropout": (dropout_both_ways, [(3, 5), (3, 5)]),
    "softmax": (lambda scores: (functional.softmax(scores),), [(3, 5)]),
    "softmax cross-entropy": (loss_and_gradient, [(3, 5)]),
}
every_operation = pytest.mark.parametrize("name", OPERATIONS)


def every_other(a):
    wide = np.full((*a.shape[:-1], 2 * a.shape[-1]), np.nan)
    wide[..., ::2] = a
    return wide[..., ::2]


def padded(a):
    return np.pad(a, 1, constant_values=np.nan)[(slice(1, -1),) * a.ndim]


LAYOUTS = {"every other element": every_other, "reversed": lambda a: a[::-1].copy()[::-1],
           "column-major": np.asfortranarray, "padded": padded}


@small
@every_operation
@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_memory_layout_gives_the_same_bits(name, layout, rng):
    function, shapes = OPERATIONS[name]
    arrays = draw(rng, np.float64, *shapes)
    for actual, expected in zip(function(*map(LAYOUTS[layout], arrays)), function(*arrays)):
        np.testing.assert_array_equal(actual, expected, strict=True)
        assert isinstance(actual, float) or actual.flags.c_contiguous


@small
@every_operation
def test_inputs_are_not_changed(name, rng):
    function, shapes = OPERATIONS[name]
    arrays = draw(rng, np.float64, *shapes)
    before = [a.copy() for a in arrays]
    results = function(*arrays)
    for array, old in zip(arrays, before):
        np.testing.assert_array_equal(array, old)
        assert not any(np.shares_memory(array, result) for result in results)


@small
@every_operation
def test_read_only_inputs_are_accepted(name, rng):
    function, shapes = OPERATIONS[name]
    arrays = draw(rng, np.float64, *shapes)
    expected = function(*arrays)
    for array in arrays:
        array.flags.writeable = False                   # as np.load(..., mmap_mode="r") gives them
    for actual, right in zip(function(*arrays), expected):
        np.testing.assert_array_equal(actual, right, strict=True)


@small
@pytest.mark.parametrize("integer", [np.int8, np.uint8, np.int32, np.uint64])
@pytest.mark.parametrize("method", ["unfold", "shift", "direct", "winograd"])
def test_numpys_integers_are_as_good_as_pythons(method, integer, rng):
    """Small and unsigned ones must not overflow: 2·100 + 9 pixels, and 0 − pad."""
    x, w, b = draw(rng, np.float64, (1, 2, 9, 9), (3, 2, 5, 5), 3)
    mine, right = [dict(stride=kind(2), pad=kind(100), method=method) for kind in (integer, int)]
    y, saved = functional.conv_forward(x, w, b, **mine)
    right_y, right_saved = functional.conv_forward(x, w, b, **right)
    down = functional.conv_transpose(y, w, **mine, size=(9, 9))
    right_down = functional.conv_transpose(y, w, **right, size=(9, 9))
    pairs = [(y, right_y), (down, right_down),
             *zip(functional.conv_backward(y, saved), functional.conv_backward(y, right_saved))]
    for actual, expected in pairs:
        np.testing.assert_array_equal(actual, expected, strict=True)


@small
@pytest.mark.parametrize("integer", [np.int8, np.uint8, np.int32, np.uint64])
def test_numpys_integers_as_windows_of_pools_and_layers(integer, rng):
    x, = draw(rng, np.float64, (1, 2, 9, 9))
    y, switches = functional.max_pool_forward(x, size=integer(5), stride=integer(2), pad=integer(1))
    expected_y, expected_index = reference.max_pool_forward(x, size=5, stride=2, pad=1)
    np.testing.assert_array_equal(y, expected_y)
    np.testing.assert_array_equal(switches.index, expected_index)
    windows = dict(stride=integer(2), pad=integer(1))
    for layer in (MaxPool(integer(5), **windows), Conv(2, 3, integer(5), **windows)):
        assert layer.window == (5, 2, 1) and all(type(n) is int for n in layer.window)
