"""The specification against cases worked out by hand, small enough to check on paper."""
import math

import numpy as np
import pytest

from numpyzf import reference

pytestmark = pytest.mark.small


def image(rows):
    """One image of one channel: (1, 1, H, W)."""
    return np.array(rows, float)[None, None]


# ---- convolution -------------------------------------------------------------------------------

X = image([[1, 2, 3, 4],
           [5, 6, 7, 8],
           [9, 10, 11, 12],
           [13, 14, 15, 16]])
W = image([[0, 1, 0],
           [2, 0, -1],
           [0, 0, 3]])          # not symmetric: flipped or transposed it gives other numbers


def test_conv_with_stride_and_padding():
    # top left:  [0 0 0; 0 1 2; 0 5 6]      -> 2·0 − 2 + 3·6 = 16
    # top right: [0 0 0; 2 3 4; 6 7 8]      -> 2·2 − 4 + 3·8 = 24
    # below:     [0 5 6; 0 9 10; 0 13 14]   -> 5 + 2·0 − 10 + 3·14 = 37
    #            [6 7 8; 10 11 12; 14 15 16] -> 7 + 2·10 − 12 + 3·16 = 63
    y = reference.conv_forward(X, W, np.array([100.0]), stride=2, pad=1)
    np.testing.assert_array_equal(y, image([[116, 124],
                                            [137, 163]]))


def test_conv_backward_with_stride_and_padding():
    dy = image([[1, 2],
                [3, 4]])
    dx, dw, db = reference.conv_backward(dy, X, W, stride=2, pad=1)
    # Each dy lays its multiple of the filter on its window: the 1 adds −1 at (0, 1) and 3 at
    # (1, 1), the 2 adds 4 at (0, 1).
    np.testing.assert_array_equal(dx, image([[0, -1 + 4, 0, -2],
                                             [3, 3, 4, 6],
                                             [0, -3 + 8, 0, -4],
                                             [0, 9, 0, 12]]))
    # 1·[0 0 0; 0 1 2; 0 5 6] + 2·[0 0 0; 2 3 4; 6 7 8]
    # + 3·[0 5 6; 0 9 10; 0 13 14] + 4·[6 7 8; 10 11 12; 14 15 16]
    np.testing.assert_array_equal(dw, image([[24, 43, 50],
                                             [44, 78, 88],
                                             [68, 118, 128]]))
    np.testing.assert_array_equal(db, [10])


def test_conv_sums_over_channels_and_keeps_filters_apart():
    x = np.array([[[[1.0, 2.0]], [[10.0, 20.0]]]])                      # two channels of 1×2
    w = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 0.0]]).reshape(3, 2, 1, 1)
    y = reference.conv_forward(x, w, np.array([0.0, 0.5, 0.0]), stride=1, pad=0)
    np.testing.assert_array_equal(y, [[[[21, 42]], [[-9.5, -19.5]], [[3, 6]]]])


def test_conv_transpose_adds_where_windows_overlap():
    ones = np.ones((1, 1, 3, 3))
    windows = reference.conv_transpose(ones, ones, stride=1, pad=0, size=(5, 5))    # at each pixel
    np.testing.assert_array_equal(windows, image(np.outer([1, 2, 3, 2, 1], [1, 2, 3, 2, 1])))
    w, r = image([[1, 2], [3, 4]]), image([[10, 0], [0, 100]])
    x = reference.conv_transpose(r, w, stride=1, pad=0, size=(3, 3))
    np.testing.assert_array_equal(x, image([[10, 20, 0],
                                            [30, 40 + 100, 200],
                                            [0, 300, 400]]))


def test_conv_transpose_cuts_off_what_falls_into_the_padding():
    x = reference.conv_transpose(image([[1, 10]]), W, stride=2, pad=1, size=(1, 4))
    # only the filter's middle row [2 0 −1] lies inside
    np.testing.assert_array_equal(x, image([[0, -1 + 20, 0, -10]]))


def test_conv_pixels_that_no_window_visits_get_zero():
    x, w = np.ones((1, 1, 5, 6)), np.ones((1, 1, 2, 2))
    dx, dw, _ = reference.conv_backward(np.ones((1, 1, 2, 2)), x, w, stride=3, pad=0)
    np.testing.assert_array_equal(dx, image([[1, 1, 0, 1, 1, 0],
                                             [1, 1, 0, 1, 1, 0],
                                             [0, 0, 0, 0, 0, 0],
                                             [1, 1, 0, 1, 1, 0],
                                             [1, 1, 0, 1, 1, 0]]))
    np.testing.assert_array_equal(dw, image([[4, 4], [4, 4]]))


# ---- pooling -----------------------------------------------------------------------------------

def test_pool_takes_the_maximum_and_its_place():
    x = image([[1, 2, 0, 1],
               [4, 3, 7, 5],
               [9, 0, 1, 8]])
    y, index = reference.max_pool_forward(x, size=2, stride=1)
    np.testing.assert_array_equal(y, image([[4, 7, 7],
                                            [9, 7, 8]]))
    np.testing.assert_array_equal(index, image([[4, 6, 6],              # row·4 + column
                                                [8, 6, 11]]))
    assert index.dtype == np.int32


@pytest.mark.parametrize("window, place", [
    ([[5, 5], [5, 5]], 0), ([[0, 5], [5, 0]], 1), ([[0, 0], [5, 5]], 2), ([[0, 5], [0, 5]], 1),
    ([[-0.0, 0.0], [0.0, -0.0]], 0)])
def test_pool_gives_a_tie_to_the_first_in_row_major_order(window, place):
    _, index = reference.max_pool_forward(image(window), size=2, stride=2)
    assert index.item() == place


def test_unpool_adds_where_windows_share_their_maximum():
    x = np.zeros((1, 1, 5, 5))
    x[0, 0, 2, 2] = 9                               # lies in all four windows of 3×3 stride 2
    y, index = reference.max_pool_forward(x, size=3, stride=2)
    np.testing.assert_array_equal(y, image([[9, 9], [9, 9]]))
    expected = np.zeros((1, 1, 5, 5))
    expected[0, 0, 2, 2] = 1 + 2 + 3 + 4
    dx = reference.unpool(image([[1, 2], [3, 4]]), index, x.shape)
    np.testing.assert_array_equal(dx, expected)


def test_unpool_when_two_of_three_windows_share_a_maximum():
    x = image([[0, 1, 5, 2, 3, 4, 1]])
    y, index = reference.max_pool_forward(np.repeat(x, 3, axis=2), size=3, stride=2)
    np.testing.assert_array_equal(y, image([[5, 5, 4]]))
    np.testing.assert_array_equal(index, image([[2, 2, 5]]))
    dx = reference.unpool(image([[10, 20, 40]]), index, (1, 1, 3, 7))
    np.testing.assert_array_equal(dx, image([[0, 0, 30, 0, 0, 40, 0], [0] * 7, [0] * 7]))


def test_pool_edges_that_no_window_visits_get_zero():
    x = image(np.arange(25).reshape(5, 5))          # the largest lie in the last row and column
    y, index = reference.max_pool_forward(x, size=2, stride=2)
    np.testing.assert_array_equal(y, image([[6, 8], [16, 18]]))
    dx = reference.unpool(np.ones((1, 1, 2, 2)), index, x.shape)
    np.testing.assert_array_equal(dx, image([[0, 0, 0, 0, 0],
                                             [0, 1, 0, 1, 0],
                                             [0, 0, 0, 0, 0],
                                             [0, 1, 0, 1, 0],
                                             [0, 0, 0, 0, 0]]))


def test_pool_with_ceil_lets_the_last_window_hang_over():
    x = image(np.arange(25).reshape(5, 5))
    y, index = reference.max_pool_forward(x, size=2, stride=2, ceil=True)
    np.testing.assert_array_equal(y, image([[6, 8, 9],
                                            [16, 18, 19],
                                            [21, 23, 24]]))
    np.testing.assert_array_equal(index, y)         # here each value is its own place


def test_pool_with_stride_larger_than_its_window():
    x = image([[3, 1, 9, 4, 5], [2, 0, 9, 6, 0]])
    y, index = reference.max_pool_forward(x, size=2, stride=3)
    np.testing.assert_array_equal(y, image([[3, 6]]))           # the nines lie between the windows
    np.testing.assert_array_equal(index, image([[0, 8]]))


def test_pool_never_takes_padding():
    x = image([[-1, -2], [-3, -4]])
    y, index = reference.max_pool_forward(x, size=2, stride=2, pad=1)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(index, image([[0, 1], [2, 3]]))


@pytest.mark.parametrize("window, maximum, place", [
    ([[1, math.nan], [5, math.nan]], math.nan, 1),
    ([[math.inf, 1], [math.nan, 2]], math.nan, 2),
    ([[1, 2], [math.inf, math.inf]], math.inf, 2),
    ([[-math.inf, -math.inf], [-math.inf, -math.inf]], -math.inf, 0),
    ([[-math.inf, -math.inf], [-math.inf, -9]], -9, 3),
])
def test_pool_of_nan_and_infinity(window, maximum, place):
    y, index = reference.max_pool_forward(image(window), size=2, stride=2)
    np.testing.assert_array_equal(y.item(), maximum)
    assert index.item() == place


# ---- contrast normalization --------------------------------------------------------------------

MAPS = np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1)
PLAIN = dict(beta=1.0, k=1.0)           # with alpha = size: y[c] = x[c] / (1 + Σ x²)


def test_contrast_norm_of_three_maps():
    y = reference.contrast_norm_forward(MAPS, size=3, alpha=3.0, **PLAIN)
    expected = [1 / (1 + 1 + 4), 2 / (1 + 1 + 4 + 9), 3 / (1 + 4 + 9)]
    np.testing.assert_allclose(y.ravel(), expected, rtol=1e-15)


def test_contrast_norm_of_even_size_looks_one_map_further_up():
    y = reference.contrast_norm_forward(MAPS, size=2, alpha=2.0, **PLAIN)
    expected = [1 / (1 + 1 + 4), 2 / (1 + 4 + 9), 3 / (1 + 9)]
    np.testing.assert_allclose(y.ravel(), expected, rtol=1e-15)


def test_contrast_norm_with_the_comparison_networks_constants():
    y = reference.contrast_norm_forward(np.full((1, 1, 1, 1), 100.0))   # 2 + 5e-4/5 · 100² = 3
    np.testing.assert_allclose(y.item(), 100 / 3 ** 0.75, rtol=1e-15)


@pytest.mark.parametrize("dy, dx", [
    # y[0] = x0 / s, s = 1 + x0² + x1² = 6
    ([1, 0, 0], [1 / 6 - 2 * 1 * 1 / 36, -2 * 2 * 1 / 36, 0]),
    # s = 1 + x0² + x1² + x2² = 15
    ([0, 1, 0], [-2 * 1 * 2 / 225, 1 / 15 - 2 * 2 * 2 / 225, -2 * 3 * 2 / 225]),
    ([0, 0, 1], [0, -2 * 2 * 3 / 196, 1 / 14 - 2 * 3 * 3 / 196]),
])
def test_contrast_norm_backward_of_three_maps(dy, dx):
    dy = np.array(dy, float).reshape(1, 3, 1, 1)
    result = reference.contrast_norm_backward(dy, MAPS, size=3, alpha=3.0, **PLAIN)
    np.testing.assert_allclose(result.ravel(), dx, rtol=1e-14)


def test_contrast_norm_backward_with_another_power():
    x = np.ones((1, 1, 1, 1))           # y = x / (1 + x²)², dy/dx = 1/4 − 2·2/8 at x = 1
    dx = reference.contrast_norm_backward(x, x, size=1, alpha=1.0, beta=2.0, k=1.0)
    assert dx.item() == 1 / 4 - 4 / 8


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 9])
def test_contrast_norm_is_the_lrn_of_onnx(size, rng):
    """square_sum[n, c, …] = Σ x[n, i, …]², i from c − ⌊(size−1)/2⌋ to c + ⌈(size−1)/2⌉, cut."""
    alpha, beta, bias = 0.3, 0.6, 1.5
    x = rng.standard_normal((2, 7, 2, 3))
    square_sum = np.zeros_like(x)
    for c in range(7):
        first = max(0, c - math.floor((size - 1) / 2))
        last = min(7 - 1, c + math.ceil((size - 1) / 2))
        square_sum[:, c] = np.sum(x[:, first:last + 1] ** 2, axis=1)
    expected = x / (bias + alpha / size * square_sum) ** beta
    y = reference.contrast_norm_forward(x, size=size, alpha=alpha, beta=beta, k=bias)
    np.testing.assert_allclose(y, expected, rtol=1e-14)


# ---- the others --------------------------------------------------------------------------------

def test_relu():
    x = np.array([-2.0, -0.0, 0.0, 3.0, math.nan, math.inf, -math.inf])
    np.testing.assert_array_equal(reference.relu_forward(x), [0, 0, 0, 3, math.nan, math.inf, 0])
    dx = reference.relu_backward(np.arange(1.0, 8.0), x)
    np.testing.assert_array_equal(dx, [0, 0, 0, 4, 0, 6, 0])


def test_linear():
    x, w = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[10.0, 1.0], [0.0, -1.0], [5.0, 5.0]])
    b = np.array([0.5, 0.0, -15.0])
    y = reference.linear_forward(x, w, b)
    np.testing.assert_array_equal(y, [[12.5, -2, 0], [34.5, -4, 20]])
    dx, dw, db = reference.linear_backward(np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]]), x, w)
    np.testing.assert_array_equal(dx, [[20, 11], [0, -1]])
    np.testing.assert_array_equal(dw, [[1, 2], [3, 4], [2, 4]])
    np.testing.assert_array_equal(db, [1, 1, 2])


def test_softmax_cross_entropy():
    # probabilities 1/8 2/8 5/8 and 1/4 1/4 2/4
    scores = np.log([[1.0, 2.0, 5.0], [1.0, 1.0, 2.0]])
    loss, dscores = reference.softmax_cross_entropy(scores, [2, 0])
    assert loss == pytest.approx((math.log(8 / 5) + math.log(4)) / 2, rel=1e-15)
    expected = [[1 / 16, 2 / 16, (5 / 8 - 1) / 2], [(1 / 4 - 1) / 2, 1 / 8, 1 / 4]]
    np.testing.assert_allclose(dscores, expected, rtol=1e-14)
