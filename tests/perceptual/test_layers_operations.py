"""The operations of functional.py and normalize.py give the numbers of reference.py.

Over hand-picked and seeded random geometries, in float64 and float32. A geometry is in the test's
name. Then cases worked by hand.
"""
from typing import NamedTuple

import numpy as np
import pytest
from layer_cases import assert_close, both_dtypes, normal

from numpyzf.gradcheck import check_adjoint
from numpyzf.kernels import machine
from numpyzf.perceptual import functional, normalize, reference
from numpyzf.perceptual.pictures import resize

small = pytest.mark.small


# ---- transposed convolution --------------------------------------------------------------------

class Case(NamedTuple):
    N: int
    C: int
    H: int
    W: int
    F: int
    K: int
    stride: int
    pad: int
    extra: int

    def __str__(self):
        return (f"N{self.N}-C{self.C}-{self.H}x{self.W}-F{self.F}-K{self.K}-s{self.stride}"
                f"-p{self.pad}-e{self.extra}")

    def sizes(self):
        return [(n - 1) * self.stride + self.K - 2 * self.pad + self.extra
                for n in (self.H, self.W)]

    def windows(self):
        return dict(stride=self.stride, pad=self.pad, extra=self.extra)


def possible(count, rng):
    cases = set()
    while len(cases) < count:
        N, C, F, K, stride = rng.integers(1, [3, 4, 4, 6, 6])
        case = Case(*map(int, (N, C, *rng.integers(1, 8, 2), F, K, stride,
                               rng.integers(0, K + 1), rng.integers(0, stride))))
        if min(case.sizes()) >= 1:
            cases.add(case)
    return sorted(cases)


BY_HAND = [Case(2, 3, 4, 3, 2, 3, 2, 1, 1),         # maps twice as large
           Case(1, 1, 3, 5, 1, 4, 2, 1, 0),         # the same, by a size without a grid
           Case(1, 2, 3, 2, 2, 1, 3, 0, 2),         # gaps that no filter reaches
           Case(1, 1, 1, 1, 2, 3, 1, 0, 0),         # one pixel
           Case(2, 2, 5, 4, 1, 2, 1, 2, 0)]         # more cut off than the filter lays on
SEEDED = possible(100, np.random.default_rng(15))
cases = pytest.mark.parametrize(
    "case", [pytest.param(case, id=str(case), marks=[small] * (case in BY_HAND))
             for case in BY_HAND + SEEDED])


def test_the_geometries_hold_the_cases_that_matter():
    def count(values):
        return sum(map(bool, values))
    assert count(c.stride > c.K for c in SEEDED) >= 10 <= count(c.extra for c in SEEDED)
    assert count(c.pad >= c.K for c in SEEDED) >= 5 and count(c.H != c.W for c in SEEDED) >= 40
    assert count(c.N == 1 for c in SEEDED) >= 20 <= count(c.C == 1 for c in SEEDED)
    assert count(1 in (c.H, c.W) for c in SEEDED) >= 10
    assert count(c.K % c.stride for c in SEEDED) >= 20


@both_dtypes
@cases
def test_conv_transpose(case, dtype, rng):
    x, w, b, dy = normal(rng, dtype, (case.N, case.C, case.H, case.W),
                         (case.C, case.F, case.K, case.K), case.F, (case.N, case.F, *case.sizes()))
    y, saved = functional.conv_transpose_forward(x, w, b, **case.windows())
    assert_close(y, reference.conv_transpose_forward(x, w, b, **case.windows()), "y")
    expected = reference.conv_transpose_backward(dy, x, w, stride=case.stride, pad=case.pad)
    found = functional.conv_transpose_backward(dy, saved)
    for name, actual, right in zip(("dx", "dw", "db"), found, expected, strict=True):
        assert_close(actual, right, name)
    if dtype == np.float64 and expected[0].any():
        no_bias = np.zeros(case.F)
        check_adjoint(
            lambda x: functional.conv_transpose_forward(x, w, no_bias, **case.windows())[0],
            lambda r: functional.conv_transpose_adjoint(r, saved), x.shape, y.shape, rng)


@both_dtypes
@pytest.mark.parametrize("stride, K, extra", [(2, 3, 1), (1, 3, 0), (2, 4, 0), (1, 9, 0)])
@pytest.mark.parametrize("C, F", [(18, 20), (32, 3)])
def test_many_maps_where_other_ways_of_convolving_are_chosen(C, F, stride, K, extra, dtype, rng):
    """Within what Winograd's way allows in float32."""
    x, w, b = normal(rng, dtype, (2, C, 5, 6), (C, F, K, K), F)
    windows = dict(stride=stride, pad=1)
    y, saved = functional.conv_transpose_forward(x, w, b, **windows, extra=extra)
    right = reference.conv_transpose_forward(x, w, b, **windows, extra=extra)
    dy, = normal(rng, dtype, y.shape)
    pairs = [(y, right), *zip(functional.conv_transpose_backward(dy, saved),
                              reference.conv_transpose_backward(dy, x, w, **windows))]
    for actual, expected in pairs:
        np.testing.assert_allclose(actual, expected, rtol=0, atol=np.abs(expected).max() * (
            3e-5 if dtype == np.float32 else 1e-12))


@small
def test_a_filter_laid_on_the_map_by_hand():
    x = np.array([1.0, 2]).reshape(1, 1, 1, 2)
    w = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]).reshape(1, 1, 3, 3)
    y, _ = functional.conv_transpose_forward(x, w, np.array([0.5]), stride=2)
    np.testing.assert_array_equal(y[0, 0] - 0.5, [[1, 2, 3 + 2, 4, 6], [4, 5, 6 + 8, 10, 12],
                                                  [7, 8, 9 + 14, 16, 18]])
    y, _ = functional.conv_transpose_forward(x, w, np.zeros(1), stride=2, pad=1, extra=1)
    np.testing.assert_array_equal(y[0, 0], [[5, 14, 10, 12], [8, 23, 16, 18]])


@small
def test_why_there_is_a_grid():
    """Filters of ones over a map of ones: how many taps each pixel gets, in the middle."""
    ones = np.ones((1, 1, 6, 6))
    for size, rows in (3, {1, 2, 4}), (4, {4}):
        y, _ = functional.conv_transpose_forward(ones, np.ones((1, 1, size, size)), np.zeros(1),
                                                 stride=2, pad=1)
        assert set(y[0, 0, 2:-2, 2:-2].ravel()) == rows


# ---- larger maps -------------------------------------------------------------------------------

SHAPES = [(1, 1, 1, 1), (2, 3, 4, 5), (1, 2, 7, 1), (3, 1, 2, 6)]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=lambda s: "x".join(map(str, s)))
factors = pytest.mark.parametrize("factor", [1, 2, 3, 4])


@small
@both_dtypes
@factors
@shapes
@pytest.mark.parametrize("name", ["enlarge", "pixel_shuffle", "bicubic_enlarge"])
def test_larger_maps(name, shape, factor, dtype, rng):
    if name == "pixel_shuffle":
        shape = (shape[0], shape[1] * factor ** 2, *shape[2:])
    x, = normal(rng, dtype, shape)
    up, down = (getattr(functional, f"{name}_{way}") for way in ("forward", "backward"))
    loops_up, loops_down = (getattr(reference, f"{name}_{way}") for way in ("forward", "backward"))
    y, saved = up(x, factor=factor)
    assert_close(y, loops_up(x, factor=factor), "y")
    dy, = normal(rng, dtype, y.shape)
    dx = down(dy, saved)
    assert_close(dx, loops_down(dy, factor=factor), "dx")
    assert y.flags.c_contiguous and dx.flags.c_contiguous
    if dtype == np.float64:
        check_adjoint(lambda x: up(x, factor=factor)[0], lambda r: down(r, saved), x.shape, y.shape,
                      rng)


@pytest.mark.parametrize("name", ["enlarge", "pixel_shuffle"])
def test_more_than_one_thread_s_share(name, rng):
    x = rng.standard_normal((2, 20, 60, 70), np.float32)
    y, saved = getattr(functional, f"{name}_forward")(x, factor=2)
    down = getattr(functional, f"{name}_backward")
    if name == "enlarge":
        np.testing.assert_array_equal(y, x.repeat(2, axis=2).repeat(2, axis=3))
        np.testing.assert_array_equal(down(y, saved), 4 * x)
    else:
        np.testing.assert_array_equal(y[:, :, 1::2, ::2], x[:, 2::4])
        np.testing.assert_array_equal(down(y, saved), x)


@small
def test_a_pixel_shuffle_by_hand():
    x = np.arange(8.0).reshape(1, 8, 1, 1)          # maps 0 … 3 make the first one, row by row
    np.testing.assert_array_equal(functional.pixel_shuffle_forward(x, factor=2)[0],
                                  [[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]])


@small
def test_a_square_by_hand():
    x = np.array([[1.0, 2]]).reshape(1, 1, 1, 2)
    y, saved = functional.enlarge_forward(x, factor=2)
    np.testing.assert_array_equal(y[0, 0], [[1, 1, 2, 2], [1, 1, 2, 2]])
    dy = np.array([[1.0, 2, 3, 4], [10, 20, 30, 40]]).reshape(1, 1, 2, 4)
    np.testing.assert_array_equal(functional.enlarge_backward(dy, saved)[0, 0], [[33, 77]])


@small
@both_dtypes
def test_bicubic_is_what_pictures_are_resized_by(dtype, rng):
    x, = normal(rng, dtype, (2, 3, 6, 9))
    y, _ = functional.bicubic_enlarge_forward(x, factor=4)
    np.testing.assert_array_equal(y, resize(x, 24, 36))


@small
def test_bicubic_by_hand():
    """Twice as many: at ¼ and ¾ between two pixels; one bright pixel far from the edges."""
    x = np.zeros((1, 1, 1, 8))
    x[..., 4] = 128
    y, _ = functional.bicubic_enlarge_forward(x, factor=2)
    # the cubic at 7/4, 5/4, 3/4, 1/4 and back, × 128: −3 −9 29 111
    row = [0, 0, 0, 0, 0, -3, -9, 29, 111, 111, 29, -9, -3, 0, 0, 0]
    np.testing.assert_array_equal(y[0, 0, 0], row)
    np.testing.assert_array_equal(y[0, 0, 1], row)      # one row alone is its own mirror image


# ---- smoothing, reflection ---------------------------------------------------------------------

@small
@both_dtypes
@factors
@shapes
def test_smooth(shape, factor, dtype, rng):
    x, = normal(rng, dtype, shape)
    assert_close(functional.smooth(x, factor=factor), reference.smooth(x, factor=factor))


@small
@both_dtypes
@pytest.mark.parametrize("shape, pad", [((2, 3, 4, 5), 0), ((2, 3, 4, 5), 1), ((2, 3, 4, 5), 3),
                                        ((1, 1, 2, 7), 1), ((1, 1, 1, 1), 0), ((3, 1, 9, 8), 7)])
def test_reflect_pad(shape, pad, dtype, rng):
    x, = normal(rng, dtype, shape)
    y, saved = functional.reflect_pad_forward(x, pad=pad)
    np.testing.assert_array_equal(y, reference.reflect_pad_forward(x, pad=pad), strict=True)
    np.testing.assert_array_equal(y, np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), "reflect"))
    dy, = normal(rng, dtype, y.shape)
    dx = functional.reflect_pad_backward(dy, saved)
    assert_close(dx, reference.reflect_pad_backward(dy, pad=pad), "dx")
    assert dx.flags.c_contiguous
    if dtype == np.float64:
        check_adjoint(lambda x: functional.reflect_pad_forward(x, pad=pad)[0],
                      lambda r: functional.reflect_pad_backward(r, saved), x.shape, y.shape, rng)


@small
def test_a_mirror_by_hand():
    x = np.array([[1.0, 2, 3], [4, 5, 6]]).reshape(1, 1, 2, 3)
    y, saved = functional.reflect_pad_forward(x, pad=1)
    np.testing.assert_array_equal(y[0, 0], [[5, 4, 5, 6, 5], [2, 1, 2, 3, 2], [5, 4, 5, 6, 5],
                                            [2, 1, 2, 3, 2]])
    dx = functional.reflect_pad_backward(np.ones_like(y), saved)
    np.testing.assert_array_equal(dx[0, 0], [[2, 6, 2], [2, 6, 2]])     # how often each is shown


# ---- normalization -----------------------------------------------------------------------------

@small
@both_dtypes
@pytest.mark.parametrize("batch", [True, False], ids=["batch", "instance"])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 2, 3, 1), (3, 1, 2, 2), (1, 1, 1, 2)], ids=str)
def test_normalize(shape, batch, dtype, rng):
    C = shape[1]
    x, dy, scale, shift = normal(rng, dtype, shape, shape, C, C)
    x = 2 + x
    y, saved, mean, variance = normalize.normalize_forward(x, scale, shift, batch=batch,
                                                           epsilon=0.01)
    expected = reference.normalize_forward(x, scale, shift, batch=batch, epsilon=0.01)
    assert_close(y, expected, "y")
    axes = (0, 2, 3) if batch else (2, 3)
    assert_close(mean, x.mean(axis=axes).reshape(-1, C))
    assert_close(variance, x.var(axis=axes).reshape(-1, C))
    expected = reference.normalize_backward(dy, x, scale, batch=batch, epsilon=0.01)
    for name, actual, right in zip(("dx", "dscale", "dshift"),
                                   normalize.normalize_backward(dy, saved), expected, strict=True):
        atol = (1e-12 if dtype == np.float64 else 2e-5) * max(np.abs(right).max(), 1)
        np.testing.assert_allclose(actual, right, rtol=0, atol=atol, err_msg=name)
        assert actual.dtype == dtype and actual.shape == right.shape


@small
def test_features_are_normalized_over_the_batch(rng):
    x, scale, shift = normal(rng, np.float64, (5, 3), 3, 3)
    y, saved, _, _ = normalize.normalize_forward(x, scale, shift, batch=True)
    maps = x[:, :, None, None]
    np.testing.assert_array_equal(
        y, normalize.normalize_forward(maps, scale, shift, batch=True)[0][:, :, 0, 0])


@small
@pytest.mark.parametrize("batch, expected", [
    # mean 3 of 0, 2, 4, 6, variance 5; and mean 1 and 5, variance 1
    (True, [-3 / 5 ** .5, -1 / 5 ** .5, 1 / 5 ** .5, 3 / 5 ** .5]), (False, [-1, 1, -1, 1])])
def test_a_norm_by_hand(batch, expected):
    x = np.array([0.0, 2, 4, 6]).reshape(2, 1, 1, 2)
    y, saved, _, _ = normalize.normalize_forward(x, np.array([3.0]), np.array([10.0]), batch=batch,
                                                 epsilon=1e-15)
    np.testing.assert_allclose(y.ravel(), 10 + 3 * np.array(expected), rtol=1e-12)
    # a change that keeps contrast or mean is undone: nothing comes down of it
    for dy in (np.ones_like(x), saved.normal.reshape(x.shape)):
        np.testing.assert_allclose(normalize.normalize_backward(dy, saved)[0], 0, atol=1e-12)


def test_pieces_of_channels_give_the_numbers_of_one(rng, monkeypatch):
    x, dy, scale, shift = normal(rng, np.float32, (3, 5, 40, 40), (3, 5, 40, 40), 5, 5)
    results = []
    for grain in 100, 1 << 40:
        monkeypatch.setattr(machine, "GRAIN", grain)
        for batch in True, False:
            y, saved, *moments = normalize.normalize_forward(x, scale, shift, batch=batch)
            results.append([y, *moments, *normalize.normalize_backward(dy, saved)])
    for some, whole in zip(results[:2], results[2:]):
        for actual, right in zip(some, whole, strict=True):
            np.testing.assert_array_equal(actual, right)


@pytest.mark.parametrize("batch", [True, False])
def test_a_mean_far_from_zero_costs_no_digits(batch, rng):
    x = (100 + rng.standard_normal((2, 2, 50, 50))).astype(np.float32)
    ones, zeros = np.ones(2, np.float32), np.zeros(2, np.float32)
    y = normalize.normalize_forward(x, ones, zeros, batch=batch)[0]
    right = normalize.normalize_forward(x.astype(float), ones.astype(float), zeros.astype(float),
                                        batch=batch)[0]
    np.testing.assert_allclose(y, right, atol=3e-5)


# ---- the others --------------------------------------------------------------------------------

@small
@both_dtypes
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (7,), (1, 1)], ids=str)
def test_scaled_tanh(shape, dtype, rng):
    x, dy = normal(rng, dtype, shape, shape)
    y, saved = functional.scaled_tanh_forward(x, low=-1, high=2)
    assert_close(y, reference.scaled_tanh_forward(x, low=-1, high=2))
    assert_close(functional.scaled_tanh_backward(dy, saved),
                 reference.scaled_tanh_backward(dy, x, low=-1, high=2))


@small
def test_a_tanh_reaches_its_ends_and_not_beyond():
    x = np.array([-np.inf, -1000.0, 0.0, 1000.0, np.inf])
    y, saved = functional.scaled_tanh_forward(x)
    np.testing.assert_array_equal(y, [0, 0, 0.5, 1, 1])
    np.testing.assert_array_equal(functional.scaled_tanh_backward(np.ones(5), saved),
                                  [0, 0, 0.5, 0, 0])


@small
@both_dtypes
@pytest.mark.parametrize("sizes", [[(3, 4), (3, 4)], [(7, 6), (3, 4)], [(3, 6), (7, 4), (5, 4)]],
                         ids=str)
def test_cropped_add(sizes, dtype, rng):
    xs = normal(rng, dtype, *[(2, 3, *size) for size in sizes])
    y, saved = functional.cropped_add_forward(xs)
    assert_close(y, reference.cropped_add_forward(xs))
    dy, = normal(rng, dtype, y.shape)
    parts = functional.cropped_add_backward(dy, saved)
    for actual, right in zip(parts, reference.cropped_add_backward(dy, sizes), strict=True):
        np.testing.assert_array_equal(actual, right, strict=True)
