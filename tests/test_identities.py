"""What must hold whatever the numbers are: adjoints, linearity, ties, padding, shifts, threads."""
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from numpyzf import functional
from numpyzf.gradcheck import check_adjoint

small = pytest.mark.small
every_method = pytest.mark.parametrize("method", ["unfold", "shift", "direct"])


# ---- adjoints and linearity --------------------------------------------------------------------

def case_windows(case, method):
    return dict(stride=case.stride, pad=case.pad, method=method)


@every_method
def test_conv_transpose_is_the_adjoint_of_conv(conv_case, method, rng):
    w, no_bias = rng.standard_normal(conv_case.w_shape()), np.zeros(conv_case.F)
    windows, size = case_windows(conv_case, method), (conv_case.H, conv_case.W)
    check_adjoint(lambda x: functional.conv_forward(x, w, no_bias, **windows)[0],
                  lambda y: functional.conv_transpose(y, w, **windows, size=size),
                  conv_case.x_shape(), conv_case.y_shape(), rng)


@every_method
def test_conv_backward_is_the_adjoint_of_conv_in_its_filters(conv_case, method, rng):
    x, no_bias = rng.standard_normal(conv_case.x_shape()), np.zeros(conv_case.F)
    windows = case_windows(conv_case, method)
    _, saved = functional.conv_forward(x, np.zeros(conv_case.w_shape()), no_bias, **windows)
    check_adjoint(lambda w: functional.conv_forward(x, w, no_bias, **windows)[0],
                  lambda y: functional.conv_backward(y, saved)[1],
                  conv_case.w_shape(), conv_case.y_shape(), rng)


@every_method
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_conv_transpose_is_the_gradient_of_conv_bit_for_bit(conv_case, method, dtype, rng):
    x, w, dy = (rng.standard_normal(shape).astype(dtype)
                for shape in (conv_case.x_shape(), conv_case.w_shape(), conv_case.y_shape()))
    windows = case_windows(conv_case, method)
    _, saved = functional.conv_forward(x, w, np.ones(conv_case.F, dtype), **windows)
    down = functional.conv_transpose(dy, w, **windows, size=(conv_case.H, conv_case.W))
    np.testing.assert_array_equal(functional.conv_backward(dy, saved)[0], down, strict=True)


def test_unpool_is_the_adjoint_of_pool_with_its_switches_fixed(pool_case, rng):
    x = rng.standard_normal(pool_case.x_shape())
    y, switches = functional.max_pool_forward(x, **pool_case.windows())
    flat = switches.index.reshape(*x.shape[:2], -1)

    def pick(x):
        return np.take_along_axis(x.reshape(*x.shape[:2], -1), flat, axis=2).reshape(y.shape)

    np.testing.assert_array_equal(pick(x), y)           # the switches point at the maxima
    check_adjoint(pick, lambda r: functional.unpool(r, switches), x.shape, y.shape, rng)


@small
def test_linear_transpose_is_the_adjoint_of_linear(rng):
    w = rng.standard_normal((4, 5))
    check_adjoint(lambda x: functional.linear_forward(x, w, np.zeros(4))[0],
                  lambda y: functional.linear_transpose(y, w), (3, 5), (3, 4), rng)


@small
@every_method
def test_filtering_and_unpooling_are_linear(method, rng):
    """f(2·a − 8·b) = 2·f(a) − 8·f(b), and exactly so.

    Scaling by powers of two doesn't round, nor do sums of small integers.
    """
    w = rng.integers(-4, 5, (3, 2, 3, 3)).astype(float)
    x, windows = rng.standard_normal((2, 3, 6, 5)), dict(stride=2, pad=1, method=method)
    _, switches = functional.max_pool_forward(x, size=3, stride=2, ceil=True)
    maps = {(2, 2, 6, 5): lambda x: functional.conv_forward(x, w, np.zeros(3), **windows)[0],
            (2, 3, 3, 3): lambda r: functional.conv_transpose(r, w, **windows, size=(6, 5)),
            (2, 3, 3, 2): lambda r: functional.unpool(r, switches)}
    for shape, f in maps.items():
        a, b = rng.integers(-9, 10, (2, *shape)).astype(float)
        np.testing.assert_array_equal(f(2 * a - 8 * b), 2 * f(a) - 8 * f(b))


# ---- pooling -----------------------------------------------------------------------------------

def test_padding_is_never_a_maximum_of_negative_values(pool_case, rng):
    x = rng.uniform(-2, -1, pool_case.x_shape())
    y, switches = functional.max_pool_forward(x, **pool_case.windows())
    assert y.max() <= -1
    assert switches.index.min() >= 0 and switches.index.max() < pool_case.H * pool_case.W


def test_of_equal_values_one_gets_the_gradient(pool_case, rng):
    x = np.zeros(pool_case.x_shape())                   # every window is one large tie
    y, switches = functional.max_pool_forward(x, **pool_case.windows())
    dx = functional.max_pool_backward(np.ones(y.shape), switches)
    assert dx.sum() == y.size
    # The first in row-major order: the top left pixel of each window that lies inside the image.
    tops, lefts = (np.maximum(np.arange(n) * pool_case.stride - pool_case.pad, 0)
                   for n in y.shape[2:])
    expected = np.broadcast_to(tops[:, None] * pool_case.W + lefts, y.shape)
    np.testing.assert_array_equal(switches.index, expected)


@small
def test_a_pool_of_a_constant_image_sends_each_gradient_to_one_pixel():
    _, switches = functional.max_pool_forward(np.ones((1, 1, 4, 4)), size=2, stride=2)
    dx = functional.max_pool_backward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), switches)
    expected = [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(dx[0, 0], expected)


# ---- dropout -----------------------------------------------------------------------------------

@small
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_dropout_drops_the_rate_and_scales_the_rest(rate, dtype, rng):
    x = rng.uniform(1, 2, (100, 400)).astype(dtype)
    y, mask = functional.dropout_forward(x, rate=rate, rng=rng)
    assert y.dtype == mask.dtype == dtype
    assert set(np.unique(mask)) == {dtype(0), dtype(1 / (1 - rate))}
    np.testing.assert_array_equal(y, x * mask)
    deviation = math.sqrt(rate * (1 - rate) / x.size)   # of the share that is dropped
    assert abs(np.mean(mask == 0) - rate) < 4 * deviation
    # the expected value is kept
    assert abs(mask.mean(dtype=np.float64) - 1) < 4 * deviation / (1 - rate)


@small
def test_dropout_is_spread_evenly(rng):
    _, mask = functional.dropout_forward(np.ones((1000, 50)), rate=0.5, rng=rng)
    dropped = (mask == 0).mean(axis=0)
    # every column, 5 standard deviations
    assert np.abs(dropped - 0.5).max() < 5 * 0.5 / math.sqrt(1000)
    correlation = np.corrcoef(mask[:, 0], mask[:, 1])[0, 1]
    assert abs(correlation) < 5 / math.sqrt(1000)


@small
def test_dropout_of_rate_zero_changes_nothing(rng):
    x = rng.standard_normal((3, 4))
    np.testing.assert_array_equal(functional.dropout_forward(x, rate=0, rng=rng)[0], x)


@small
def test_the_same_seed_drops_the_same_values():
    ones = np.ones((8, 8))
    masks = [functional.dropout_forward(ones, rate=0.5, rng=np.random.default_rng(seed))[1]
             for seed in (3, 3, 4)]
    np.testing.assert_array_equal(masks[0], masks[1])
    assert (masks[0] != masks[2]).any()


# ---- softmax -----------------------------------------------------------------------------------

@small
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("scores, label, probabilities, loss", [
    ([1e4, -1e4, 0], 0, [1, 0, 0], 0),
    ([1e4, -1e4, 0], 1, [1, 0, 0], 2e4),
    ([1e4, -1e4, 0], 2, [1, 0, 0], 1e4),
    ([-1e4, -1e4], 1, [0.5, 0.5], math.log(2)),
    ([1e4, 1e4, 1e4, 1e4], 3, [0.25, 0.25, 0.25, 0.25], math.log(4)),
])
def test_softmax_of_large_scores(scores, label, probabilities, loss, dtype):
    scores = np.array([scores], dtype)
    np.testing.assert_array_equal(functional.softmax(scores), np.array([probabilities], dtype))
    actual, dscores = functional.softmax_cross_entropy(scores, np.array([label]))
    assert actual == dtype(loss)
    expected = [probabilities - np.eye(len(probabilities))[label]]
    np.testing.assert_allclose(dscores, expected, rtol=4 * np.finfo(dtype).eps)


@small
def test_softmax_takes_off_each_rows_own_maximum():
    # less the first row's maximum, the second would vanish
    scores = np.array([[1e4, 0.0], [-1e4, -1e4]])
    np.testing.assert_array_equal(functional.softmax(scores), [[1, 0], [0.5, 0.5]])
    loss, dscores = functional.softmax_cross_entropy(scores, [0, 1])
    assert loss == math.log(2) / 2
    np.testing.assert_allclose(dscores, [[0, 0], [0.25, -0.25]], rtol=1e-15)


@small
@pytest.mark.parametrize("shift", [1024.0, -4096.0])
def test_a_shift_of_all_scores_changes_nothing(shift, rng):
    # eighths: the shift doesn't round
    scores, labels = rng.integers(-64, 64, (5, 6)) / 8, rng.integers(0, 6, 5)
    np.testing.assert_array_equal(functional.softmax(scores + shift), functional.softmax(scores))
    loss, dscores = functional.softmax_cross_entropy(scores, labels)
    shifted_loss, shifted_dscores = functional.softmax_cross_entropy(scores + shift, labels)
    assert shifted_loss == loss
    np.testing.assert_array_equal(shifted_dscores, dscores)


@small
def test_probabilities_add_up_to_one_and_gradients_to_zero(rng):
    scores = 5 * rng.standard_normal((6, 7))
    np.testing.assert_allclose(functional.softmax(scores).sum(axis=1), 1, rtol=1e-14)
    _, dscores = functional.softmax_cross_entropy(scores, rng.integers(0, 7, 6))
    np.testing.assert_allclose(dscores.sum(axis=1), 0, atol=1e-15)


# ---- threads -----------------------------------------------------------------------------------

def forward_and_back(x, w, method):
    y, saved = functional.conv_forward(x, w, np.zeros(len(w)), stride=1, pad=1, method=method)
    dx, dw, _ = functional.conv_backward(y, saved)
    pooled, switches = functional.max_pool_forward(y, size=3, stride=2, ceil=True)
    return y, dx, dw, pooled, switches.index, functional.unpool(pooled, switches)


@every_method
def test_two_threads_at_once_get_the_bits_they_get_alone(method, rng):
    jobs = [(rng.standard_normal((2, 4, side, side)), rng.standard_normal((8, 4, 3, 3)))
            for side in (23, 24)]
    expected = [forward_and_back(x, w, method) for x, w in jobs]
    with ThreadPoolExecutor(2) as pool:
        rounds = [pool.submit(forward_and_back, *jobs[turn % 2], method) for turn in range(100)]
        for turn, future in enumerate(rounds):
            for actual, right in zip(future.result(), expected[turn % 2]):
                np.testing.assert_array_equal(actual, right)
