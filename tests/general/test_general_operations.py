"""The operations of general/functional.py give the numbers of general/reference.py.

Over hand-picked and seeded random geometries, in float64 and float32. A geometry is in the test's
name. Then what isn't in the loops: cases by hand, sizes, windows that are impossible.
"""
import numpy as np
import pytest
from general_cases import (CONV, POOL, assert_close, both_dtypes, conv_cases, draw, off_kinks,
                           pool_cases)

from numpyzf.functional import relu_backward, unpool
from numpyzf.general import functional, reference
from numpyzf.gradcheck import check_adjoint
from numpyzf.kernels import general

small = pytest.mark.small
VALUES = {"normal": lambda rng, shape: rng.standard_normal(shape),
          "ties": lambda rng, shape: rng.integers(-2, 2, shape),
          "nan and inf": lambda rng, shape: rng.choice([-np.inf, -1, 0, 1, np.inf, np.nan], shape),
          "minus infinity": lambda rng, shape: np.full(shape, -np.inf)}


def normal(rng, dtype, *shapes):
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def count(values):
    return sum(map(bool, values))


def test_the_geometries_hold_the_cases_that_matter():
    for cases in (CONV, POOL):
        assert count(c.size[0] != c.size[1] for c in cases) >= 40
        assert count(c.stride[0] != c.stride[1] for c in cases) >= 40
        assert count(c.pad[:2] != c.pad[2:] for c in cases) >= 40
        assert count(c.dilation != (1, 1) for c in cases) >= 20
        assert count(s > (k - 1) * d + 1 for c in cases
                     for s, k, d in zip(c.stride, c.size, c.dilation)) >= 40
    assert count(c.groups > 1 and c.C > c.groups for c in CONV) >= 20
    assert count(c.groups > 1 and c.C == c.groups for c in CONV) >= 20
    square = [c for c in POOL if c.size[0] == c.size[1] and c.stride[0] == c.stride[1]
              and c.pad[0] == c.pad[1] and c.dilation == (1, 1)]
    assert count(c.pad[:2] != c.pad[2:] for c in square) >= 15
    assert count(2 * c.pad[0] > c.size[0] for c in square) >= 2
    assert count(c.ceil and c.sizes() != c._replace(ceil=False).sizes() for c in POOL) >= 20
    # a window of ceil that would begin in the padding at the end
    beginning = [c.ceil and -(-(n + b + a - k) // s) * s >= n + b
                 for c in POOL if c.dilation == (1, 1)
                 for n, b, a, k, s in zip(c.hw, c.pad, c.pad[2:], c.size, c.stride)]
    assert count(beginning) >= 5


# ---- convolution -------------------------------------------------------------------------------

@both_dtypes
@conv_cases
def test_conv(case, dtype, rng):
    x, w, b, dy = normal(rng, dtype, case.x_shape(), case.w_shape(), case.F,
                         (case.N, case.F, *case.sizes()))
    y, saved = functional.conv_forward(x, w, b, **case.conv())
    assert_close(y, reference.conv_forward(x, w, b, **case.conv()), "y")
    expected = reference.conv_backward(dy, x, w, **case.conv())
    found = functional.conv_backward(dy, saved)
    for name, actual, right in zip(("dx", "dw", "db"), found, expected, strict=True):
        assert_close(actual, right, name)
    down = functional.conv_transpose(dy, w, **case.conv(), size=case.hw)
    np.testing.assert_array_equal(down, found[0], strict=True)
    nothing, dw, db = functional.conv_backward(dy, saved, need_dx=False)
    assert nothing is None
    np.testing.assert_array_equal(dw, found[1])
    np.testing.assert_array_equal(db, found[2])


@conv_cases
def test_conv_transpose_is_the_adjoint_of_conv(case, rng):
    w, no_bias = rng.standard_normal(case.w_shape()), np.zeros(case.F)
    sees_a_pixel = case._replace(ceil=False).each_window_holds_a_pixel()
    x = np.ones(case.x_shape())
    if not sees_a_pixel and not functional.conv_forward(x, w, no_bias, **case.conv())[0].any():
        return                                              # padding alone: both maps are zero
    check_adjoint(lambda x: functional.conv_forward(x, w, no_bias, **case.conv())[0],
                  lambda r: functional.conv_transpose(r, w, **case.conv(), size=case.hw),
                  case.x_shape(), (case.N, case.F, *case.sizes()), rng)


@pytest.mark.parametrize("groups, channels, filters", [(1, 40, 24), (2, 40, 24), (40, 40, 40)])
def test_more_columns_than_are_made_at_a_time(groups, channels, filters, rng, monkeypatch):
    """Several images, then several rows of one image, to a block; two rows, the last one alone."""
    x, w, b = normal(rng, np.float64, (3, channels, 7, 6), (filters, channels // groups, 3, 2),
                     filters)
    windows = dict(stride=(1, 2), pad=(1, 0, 1, 1), groups=groups)
    whole, saved = functional.conv_forward(x, w, b, **windows)
    expected = functional.conv_backward(whole, saved)
    monkeypatch.setattr("numpyzf.kernels.unfold.COLUMN_NBYTES", 1)
    for limit in (2 * whole[0, 0].size, 2 * whole.shape[3], 1):
        monkeypatch.setattr("numpyzf.kernels.unfold.NARROWEST", limit)
        y, saved = functional.conv_forward(x, w, b, **windows)
        assert_close(y, whole)
        for actual, right in zip(functional.conv_backward(whole, saved), expected):
            assert_close(actual, right)


# ---- pools ---------------------------------------------------------------------------------------

@both_dtypes
@pytest.mark.parametrize("values", VALUES)
@pool_cases
def test_max_pool(case, values, dtype, rng):
    x = VALUES[values](rng, case.x_shape()).astype(dtype)
    right_y, right_index = reference.max_pool_forward(x, **case.pool())
    y, switches = functional.max_pool_forward(x, **case.pool())
    np.testing.assert_array_equal(y, right_y, strict=True)
    np.testing.assert_array_equal(switches.index, right_index, strict=True)
    assert switches.x_shape == x.shape


@pool_cases
def test_unpool_is_the_adjoint_of_max_pool_with_its_switches_fixed(case, rng):
    y, switches = functional.max_pool_forward(rng.standard_normal(case.x_shape()), **case.pool())
    flat = switches.index.reshape(*y.shape[:2], -1)

    def pick(x):
        return np.take_along_axis(x.reshape(*x.shape[:2], -1), flat, axis=2).reshape(y.shape)

    check_adjoint(pick, lambda r: unpool(r, switches), case.x_shape(), y.shape, rng)


@both_dtypes
@pytest.mark.parametrize("count_pad", [False, True], ids=["", "counted"])
@pool_cases
def test_average_pool(case, count_pad, dtype, rng):
    windows = dict(case.pool(), count_pad=count_pad)
    x, dy = normal(rng, dtype, case.x_shape(), (case.N, case.C, *case.sizes()))
    y, saved = functional.average_pool_forward(x, **windows)
    assert_close(y, reference.average_pool_forward(x, **windows), "y")
    dx = functional.average_pool_backward(dy, saved)
    assert_close(dx, reference.average_pool_backward(dy, x.shape, **windows), "dx")
    if dtype == np.float64:
        check_adjoint(lambda x: functional.average_pool_forward(x, **windows)[0],
                      lambda r: functional.average_pool_backward(r, saved), x.shape, y.shape, rng)


@small
def test_what_an_average_counts():
    x = np.arange(1.0, 10).reshape(1, 1, 3, 3)              # rows 1 2 3, 4 5 6, 7 8 9
    windows = dict(size=2, stride=2, pad=(1, 1, 0, 0), ceil=True)
    y, _ = functional.average_pool_forward(x, **windows)
    np.testing.assert_array_equal(y, [[[[1, 2.5], [5.5, 7]]]])
    y, _ = functional.average_pool_forward(x, **windows, count_pad=True)
    np.testing.assert_array_equal(y, [[[[1 / 4, 5 / 4], [11 / 4, 28 / 4]]]])
    # the last window hangs over: what is behind the padded maps is never counted
    y, _ = functional.average_pool_forward(x, size=2, stride=2, ceil=True, count_pad=True)
    np.testing.assert_array_equal(y, [[[[3, 4.5], [7.5, 9]]]])
    # but padding there is
    y, _ = functional.average_pool_forward(x, size=2, stride=2, pad=(0, 0, 1, 1), count_pad=True)
    np.testing.assert_array_equal(y, [[[[3, 9 / 4], [15 / 4, 9 / 4]]]])
    # dilated: the four corners of 3×3; then padding at the beginning, and what hangs over
    y, _ = functional.average_pool_forward(x, size=2, stride=1, dilation=2)
    np.testing.assert_array_equal(y, [[[[5]]]])
    windows = dict(size=2, stride=2, dilation=2, pad=(1, 1, 0, 0), ceil=True)
    y, _ = functional.average_pool_forward(x, **windows)
    np.testing.assert_array_equal(y, [[[[5, 5], [5, 5]]]])
    y, _ = functional.average_pool_forward(x, **windows, count_pad=True)
    np.testing.assert_array_equal(y, [[[[5 / 4, 5 / 2], [5 / 2, 5]]]])


def test_windows_are_counted_as_by_the_loops_or_refused():
    """2,000 geometries, the impossible among them: one clear error, or the right size."""
    rng, refused = np.random.default_rng(1), 0
    for _ in range(2000):
        case = draw(rng, pooling=True)
        x = np.zeros((1, 1, *case.hw))
        if case.each_window_holds_a_pixel():
            y, _ = functional.max_pool_forward(x, **case.pool())
            assert y.shape[2:] == case.sizes(), case
        else:
            refused += 1
            words = "is larger than the padded input|would hold nothing but padding"
            with pytest.raises(ValueError, match=words):
                functional.max_pool_forward(x, **case.pool())
    assert refused > 200


# ---- the others --------------------------------------------------------------------------------

@small
@both_dtypes
def test_global_average_pool(dtype, rng):
    x, dy = normal(rng, dtype, (2, 3, 4, 5), (2, 3, 1, 1))
    y, size = functional.global_average_pool_forward(x)
    assert_close(y, reference.global_average_pool_forward(x))
    dx = functional.global_average_pool_backward(dy, size)
    assert_close(dx, reference.global_average_pool_backward(dy, x.shape))


@small
@both_dtypes
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (4, 3), (1, 1, 1, 1)], ids=str)
def test_batch_norm(shape, dtype, rng):
    C = shape[1]
    x, dy, scale, shift, mean = normal(rng, dtype, shape, shape, C, C, C)
    variance = rng.uniform(0, 3, C).astype(dtype)
    y, saved = functional.batch_norm_forward(x, scale, shift, mean, variance, epsilon=0.01)
    assert_close(y, reference.batch_norm_forward(x, scale, shift, mean, variance, epsilon=0.01))
    expected = reference.batch_norm_backward(dy, x, scale, mean, variance, epsilon=0.01)
    for actual, right in zip(functional.batch_norm_backward(dy, saved), expected, strict=True):
        assert_close(actual, right)
    three = np.concatenate([dy[:1]] * 3)
    np.testing.assert_array_equal(functional.batch_norm_transpose(three, saved)[2],
                                  functional.batch_norm_backward(dy, saved)[0][0])


@small
@both_dtypes
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (7,), (3, 4)], ids=str)
def test_element_by_element(shape, dtype, rng):
    x, (dy,) = off_kinks(rng, *shape).astype(dtype), normal(rng, dtype, shape)
    y, leaky = functional.leaky_relu_forward(x, slope=0.25)
    np.testing.assert_array_equal(y, reference.leaky_relu_forward(x, slope=0.25), strict=True)
    np.testing.assert_array_equal(functional.leaky_relu_backward(dy, leaky),
                                  reference.leaky_relu_backward(dy, x, slope=0.25), strict=True)
    np.testing.assert_array_equal(functional.leaky_relu_project(dy, slope=0.25),
                                  reference.leaky_relu_forward(dy, slope=0.25), strict=True)
    bounds = dict(low=-0.15, high=0.25)
    y, mask = functional.clipped_relu_forward(x, **bounds)
    np.testing.assert_array_equal(y, reference.clipped_relu_forward(x, **bounds), strict=True)
    np.testing.assert_array_equal(relu_backward(dy, mask),
                                  reference.clipped_relu_backward(dy, x, **bounds), strict=True)
    y, saved = functional.sigmoid_forward(x)
    assert_close(y, reference.sigmoid_forward(x))
    assert_close(functional.sigmoid_backward(dy, saved), reference.sigmoid_backward(dy, x))


@small
def test_kinks_and_numbers_that_are_none():
    x = np.array([-np.inf, -1000.0, -0.0, 0.0, 6.0, 1000.0, np.inf, np.nan])
    ones = np.ones(8)
    y, saved = functional.leaky_relu_forward(x, slope=0.5)
    np.testing.assert_array_equal(y, [-np.inf, -500, 0, 0, 6, 1000, np.inf, np.nan])
    np.testing.assert_array_equal(functional.leaky_relu_backward(ones, saved),
                                  [.5, .5, .5, .5, 1, 1, 1, .5])
    y, mask = functional.clipped_relu_forward(x)
    np.testing.assert_array_equal(y, [0, 0, 0, 0, 6, 6, 6, np.nan])
    np.testing.assert_array_equal(mask, np.zeros(8, bool))
    with np.errstate(over="raise", invalid="raise"):         # e^1000 would be too large
        y, _ = functional.sigmoid_forward(x[:-1])
        np.testing.assert_array_equal(y[[0, 1, 2, 3, 5, 6]], [0, 0, .5, .5, 1, 1])
        y, _ = functional.softmax_forward(np.array([[1000.0, -1000.0, 1000.0]]))
    np.testing.assert_array_equal(y, [[.5, 0, .5]])


@small
@both_dtypes
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (4, 6), (1, 1)], ids=str)
def test_softmax(shape, dtype, rng):
    x, dy = normal(rng, dtype, shape, shape)
    y, saved = functional.softmax_forward(x)
    assert_close(y, reference.softmax_forward(x))
    assert_close(functional.softmax_backward(dy, saved), reference.softmax_backward(dy, x))


@small
@both_dtypes
@pytest.mark.parametrize("rest", [(3, 4), ()], ids=["maps", "features"])
def test_concat_and_add(rest, dtype, rng):
    xs = normal(rng, dtype, (2, 1, *rest), (2, 3, *rest), (2, 2, *rest))
    y, counts = functional.concat_forward(xs)
    np.testing.assert_array_equal(y, reference.concat_forward(xs), strict=True)
    for part, x in zip(functional.concat_backward(y, counts), xs, strict=True):
        np.testing.assert_array_equal(part, x, strict=True)
        assert part.flags.c_contiguous
    xs = normal(rng, dtype, *[(2, 3, *rest)] * 3)
    y, number = functional.add_forward(xs)
    assert_close(y, reference.add_forward(xs))
    down = functional.add_backward(y, number)
    assert len(down) == 3 and all((part == y).all() for part in down)


@small
@both_dtypes
def test_pad(dtype, rng):
    x, = normal(rng, dtype, (2, 3, 4, 5))
    y, saved = functional.pad_forward(x, pad=(1, 0, 2, 3), value=-2)
    np.testing.assert_array_equal(y, reference.pad_forward(x, pad=(1, 0, 2, 3), value=-2),
                                  strict=True)
    np.testing.assert_array_equal(functional.pad_backward(y, saved), x, strict=True)
    for pad in (0, (0, 0, 0, 0)):
        np.testing.assert_array_equal(functional.pad_forward(x, pad=pad)[0], x)


# ---- the kernels ---------------------------------------------------------------------------------

@small
def test_a_share_writes_its_own_planes_and_rows(rng):
    x = rng.standard_normal((2, 2, 4, 5))
    windows = (2, 3), (1, 2), (1, 0), (1, 1)
    y, index = np.full((2, 2, 4, 2), -7.0), np.full((2, 2, 4, 2), -7, np.int32)
    general.general_max_pool(x, y, index, *windows, 1, 3)
    for array in (y, index):
        planes = array.reshape(4, -1)
        assert (planes[[0, 3]] == -7).all() and (planes[1:3] != -7).all()
    columns = np.full((12, 16), -7.0)           # 2·2·3 rows; 2 images of 4·2 outputs
    general.unfold_any(x, columns, *windows, 0, 4, 2, 3, 8)
    assert (columns[[0, 1, 2, 8, 9, 10, 11]] == -7).all() and (columns[3:8] != -7).all()
    down = np.full(x.shape, -7.0)
    general.fold_any(np.ones((12, 16)), down, *windows, 4, 2, 1, 2)
    assert (down[:, 0] == -7).all() and (down[:, 1] != -7).all()
