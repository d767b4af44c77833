"""The kernels, through functional.py, give the numbers of reference.py: over hand-picked and seeded random geometries.

A geometry is in the test's name. The error is the largest difference over the largest value: 1e-12 in float64, 1e-5 in float32.
"""
import numpy as np
import pytest

from numpyzf import functional as F, shifting, unfolding
from numpyzf import kernels, reference
from numpyzf.layers import Conv, MaxPool
from numpyzf.threads import in_parts

small = pytest.mark.small
both_dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
every_method = pytest.mark.parametrize("method", ["unfold", "shift", "direct"])


def assert_close(actual, expected):
    tolerance = {np.float64: 1e-12, np.float32: 1e-5}[expected.dtype.type]
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * np.abs(expected).max(initial=0))


def draw(rng, dtype, *shapes):
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def count(values):
    return sum(map(bool, values))


@small
def test_the_geometries_hold_the_cases_that_matter(all_cases):
    conv, pool = all_cases
    assert len(set(conv) | set(pool)) >= 200
    assert count(c.K > c.stride for c in conv) >= 30 and count(c.size > c.stride for c in pool) >= 30      # overlap
    assert count(c.K < c.stride for c in conv) >= 30 and count(c.size < c.stride for c in pool) >= 30      # gaps
    assert count((c.H + 2 * c.pad - c.K) % c.stride > c.pad for c in conv) >= 20                # edges not visited
    assert count(not c.ceil and (c.H + 2 * c.pad - c.size) % c.stride > c.pad for c in pool) >= 10
    assert count(c.y_shape() != c._replace(ceil=False).y_shape() for c in pool) >= 20           # hanging over the edge
    assert count(c.pad >= c.K for c in conv) >= 10                                              # nothing but padding
    for cases in conv, pool:
        assert count(c.H != c.W for c in cases) >= 50 and count(c.pad for c in cases) >= 30
        assert count(c.N == 1 for c in cases) >= 20 and count(c.C == 1 for c in cases) >= 20


# ---- convolution ----------------------------------------------------------------------------------------------------

@both_dtypes
@every_method
def test_conv(conv_case, method, dtype, rng):
    x, w, b, dy = draw(rng, dtype, conv_case.x_shape(), conv_case.w_shape(), conv_case.F, conv_case.y_shape())
    dy += 1         # db is its sum: around zero it would cancel, and leave rounding to compare with rounding
    windows = dict(stride=conv_case.stride, pad=conv_case.pad)
    y, saved = F.conv_forward(x, w, b, **windows, method=method)
    assert_close(y, reference.conv_forward(x, w, b, **windows))
    for actual, expected in zip(F.conv_backward(dy, saved), reference.conv_backward(dy, x, w, **windows)):
        assert_close(actual, expected)
    down = F.conv_transpose(dy, w, **windows, size=x.shape[2:], method=method)
    assert_close(down, reference.conv_transpose(dy, w, **windows, size=x.shape[2:]))


@every_method
def test_conv_gives_exactly_zero_to_pixels_that_no_window_visits(conv_case, method, rng):
    r, w = draw(rng, np.float64, conv_case.y_shape(), conv_case.w_shape())
    windows = dict(stride=conv_case.stride, pad=conv_case.pad, size=(conv_case.H, conv_case.W))
    visits = reference.conv_transpose(np.ones_like(r), np.ones_like(w), **windows)
    np.testing.assert_array_equal(F.conv_transpose(r, w, **windows, method=method)[visits == 0], 0)


@small
@pytest.mark.parametrize("limit", [1, 300, 1000, 3000, 1 << 20], ids=lambda limit: f"{limit} bytes")
def test_a_batch_that_needs_several_blocks(limit, rng, monkeypatch):
    """Images take 912 bytes of columns, rows 304: blocks of one row or of one, three, all images."""
    x, w, b, dy = draw(rng, np.float64, (5, 2, 5, 4), (3, 2, 3, 3), 3, (5, 3, 3, 2))
    monkeypatch.setattr(unfolding, "COLUMN_BYTES", limit)
    y, saved = F.conv_forward(x, w, b, method="unfold")
    assert_close(y, reference.conv_forward(x, w, b, stride=1, pad=0))
    for actual, expected in zip(F.conv_backward(dy, saved), reference.conv_backward(dy, x, w, stride=1, pad=0)):
        assert_close(actual, expected)


@small
def test_blocks_are_as_large_as_their_limit_lets_them(rng, monkeypatch):
    """Rows of columns take 304 bytes, and there are three in each of five images."""
    x, = draw(rng, np.float64, (5, 2, 5, 4))
    for limit, whole in (303, False), (911, False), (912, True), (2000, True), (5 * 912, True):
        monkeypatch.setattr(unfolding, "COLUMN_BYTES", limit)
        parts = [(images, rows, cols.nbytes) for images, rows, cols in unfolding._columns(x, 3, 1, 0, 3, 2)]
        assert all(size <= max(limit, 304) for *_, size in parts)
        assert all(rows == slice(0, 3) for _, rows, _ in parts) == whole
        assert len(parts) == {303: 15, 911: 10, 912: 5, 2000: 3, 4560: 1}[limit]


@small
@pytest.mark.parametrize("run, bands", [(1, 15), (8, 10), (12, 5), (1000, 5)], ids=lambda value: str(value))
def test_shifted_rows_are_summed_in_bands_that_threads_share(run, bands, rng, monkeypatch):
    """Five images of three output rows, four numbers each with what lies between: bands of one row, of two and one, of all."""
    x, w, b, dy = draw(rng, np.float64, (5, 2, 5, 4), (3, 2, 3, 3), 3, (5, 3, 3, 2))
    seen = []

    def in_threads(work, count):
        seen.append(count)
        return [work(0, 1), work(1, count - 2), work(count - 2, count)]
    monkeypatch.setattr(shifting, "RUN", run)
    monkeypatch.setattr(shifting, "in_threads", in_threads)
    y, saved = F.conv_forward(x, w, b, method="shift")
    assert_close(y, reference.conv_forward(x, w, b, stride=1, pad=0))
    for actual, expected in zip(F.conv_backward(dy, saved), reference.conv_backward(dy, x, w, stride=1, pad=0)):
        assert_close(actual, expected)
    assert seen == [bands, bands]


@small
@pytest.mark.parametrize("K, stride", [(3, 1), (4, 1), (5, 1), (6, 1), (7, 2), (9, 2), (8, 3)])
def test_every_number_of_taps_side_by_side(K, stride, rng):
    """One tap to six; a row of 18 outputs and more is longer than a vector of numbers, and its rest is not."""
    for filters in 1, 2, 3:
        x, w, b, dy = draw(rng, np.float64, (2, 2, K + stride, K + 17 * stride), (filters, 2, K, K), filters, (2, filters, 2, 18))
        y, saved = F.conv_forward(x, w, b, stride=stride, method="shift")
        assert_close(y, reference.conv_forward(x, w, b, stride=stride, pad=0))
        for actual, expected in zip(F.conv_backward(dy, saved), reference.conv_backward(dy, x, w, stride=stride, pad=0)):
            assert_close(actual, expected)


def test_each_convolution_goes_the_way_that_is_fastest_for_it(rng):
    """The first of the lab nets and of zfnet have one or three channels; the second of a lab net 32, and 48 filters."""
    for shapes, stride, method in [(((2, 1, 28, 28), (4, 1, 5, 5)), 1, "shift"), (((2, 3, 32, 32), (4, 3, 7, 7)), 2, "shift"),
                                   (((2, 3, 64, 64), (16, 3, 11, 11)), 4, "winograd"), (((2, 32, 14, 14), (48, 32, 5, 5)), 1, "winograd"),
                                   (((2, 3, 8, 8), (4, 3, 1, 1)), 1, "unfold"), (((2, 32, 8, 8), (4, 32, 3, 3)), 1, "unfold")]:
        x, w = draw(rng, np.float32, *shapes)
        assert F.conv_forward(x, w, np.zeros(len(w), np.float32), stride=stride)[1].method == method


@small
def test_folding_takes_a_few_images_at_a_time(rng, monkeypatch):
    sizes = []
    monkeypatch.setattr(unfolding, "COLUMN_BYTES", 2000)            # 864 bytes an image: two
    monkeypatch.setattr(unfolding, "scratch", lambda name, shape, dtype: sizes.append(shape) or np.empty(shape, dtype))
    F.conv_transpose(*draw(rng, np.float64, (5, 3, 3, 2), (3, 2, 3, 3)), size=(5, 4), method="unfold")
    assert sizes == [(18, 12), (18, 12), (18, 6)]


# ---- pooling --------------------------------------------------------------------------------------------------------

@both_dtypes
@pytest.mark.parametrize("values", ["normal", "ties", "nan and inf"])
def test_max_pool_and_unpool(pool_case, values, dtype, rng):
    shape = pool_case.x_shape()
    x = {"normal": rng.standard_normal(shape), "ties": rng.integers(-2, 2, shape),
         "nan and inf": rng.choice([-np.inf, -1, 0, 1, np.inf, np.nan], shape)}[values].astype(dtype)
    y, switches = F.max_pool_forward(x, **pool_case.windows())
    expected_y, expected_index = reference.max_pool_forward(x, **pool_case.windows())
    np.testing.assert_array_equal(y, expected_y, strict=True)
    np.testing.assert_array_equal(switches.index, expected_index, strict=True)
    r, = draw(rng, dtype, y.shape)
    assert_close(F.unpool(r, switches), reference.unpool(r, expected_index, shape))


@pytest.mark.parametrize("values", ["normal", "nan and inf", "minus infinity"])
@pytest.mark.parametrize("H, W, size, stride, pad", [(40, 33, 3, 1, 1), (85, 61, 3, 2, 0), (70, 64, 2, 2, 1), (5, 600, 2, 1, 0)])
def test_max_pool_of_an_image_with_more_windows_than_a_band(H, W, size, stride, pad, values, rng):
    """A band has some 512 windows at most: several bands of rows, the last one smaller, or rows that are longer."""
    x = {"normal": rng.standard_normal((1, 1, H, W)), "nan and inf": rng.choice([-np.inf, 0, 1, np.inf, np.nan], (1, 1, H, W)),
         "minus infinity": np.full((1, 1, H, W), -np.inf)}[values]
    windows = dict(size=size, stride=stride, pad=pad)
    expected_y, expected_index = reference.max_pool_forward(x, **windows, ceil=False)
    y, index = np.zeros((2, *expected_y.shape[1:])), np.zeros((2, *expected_y.shape[1:]), np.int32)
    kernels.max_pool(x, y[:1], index[:1], 0, x.shape[1], size, stride, pad)
    np.testing.assert_array_equal(y[:1], expected_y)
    np.testing.assert_array_equal(index[:1], expected_index)
    assert not y[1].any() and not index[1].any()                # nothing is written behind the end


# ---- contrast normalization -----------------------------------------------------------------------------------------

@both_dtypes
@pytest.mark.parametrize("beta", [0.75, 0.6])                   # 0.75 has a way of its own: two square roots
@pytest.mark.parametrize("C", [1, 3, 8])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8])
def test_contrast_norm(size, C, beta, dtype, rng):
    x, dy = draw(rng, dtype, (2, C, 3, 4), (2, C, 3, 4))
    constants = dict(size=size, alpha=2.0, beta=beta, k=1.5)    # a large alpha, so that the neighbors matter
    y, saved = F.contrast_norm_forward(x, **constants)
    assert_close(y, reference.contrast_norm_forward(x, **constants))
    assert_close(F.contrast_norm_backward(dy, saved), reference.contrast_norm_backward(dy, x, **constants))


@both_dtypes
def test_contrast_norm_of_an_image_larger_than_a_chunk(dtype, rng):
    x, dy = draw(rng, dtype, (2, 4, 13, 23), (2, 4, 13, 23))    # 299 pixels: two full chunks and a part
    y, saved = F.contrast_norm_forward(x, alpha=2.0)
    assert_close(y, reference.contrast_norm_forward(x, alpha=2.0))
    assert_close(F.contrast_norm_backward(dy, saved), reference.contrast_norm_backward(dy, x, alpha=2.0))


@small
def test_contrast_norm_with_its_default_constants(rng):
    x, dy = draw(rng, np.float64, (1, 6, 2, 2), (1, 6, 2, 2))
    y, saved = F.contrast_norm_forward(100 * x)                 # activations as large as the paper's
    assert_close(y, reference.contrast_norm_forward(100 * x))
    assert_close(F.contrast_norm_backward(dy, saved), reference.contrast_norm_backward(dy, 100 * x))


# ---- the others -----------------------------------------------------------------------------------------------------

@both_dtypes
@pytest.mark.parametrize("shape", [pytest.param((2, 3, 4, 5), marks=small), pytest.param((7,), marks=small),
                                   pytest.param((3, 2 ** 14 + 5), id="several chunks")])
def test_relu(shape, dtype, rng):
    x, dy = draw(rng, dtype, shape, shape)
    x.flat[:6] = [0.0, -0.0, np.nan, np.inf, -np.inf, np.finfo(dtype).tiny]
    y, mask = F.relu_forward(x)
    np.testing.assert_array_equal(y, reference.relu_forward(x), strict=True)
    np.testing.assert_array_equal(F.relu_backward(dy, mask), reference.relu_backward(dy, x), strict=True)
    np.testing.assert_array_equal(F.relu_project(x), y, strict=True)


@small
@both_dtypes
@pytest.mark.parametrize("N, I, O", [(1, 1, 1), (1, 5, 3), (4, 1, 3), (4, 5, 1), (3, 7, 5)])
def test_linear(N, I, O, dtype, rng):
    x, w, b, dy = draw(rng, dtype, (N, I), (O, I), O, (N, O))
    y, saved = F.linear_forward(x, w, b)
    assert_close(y, reference.linear_forward(x, w, b))
    for actual, expected in zip(F.linear_backward(dy, saved), reference.linear_backward(dy, x, w)):
        assert_close(actual, expected)


@small
@both_dtypes
@pytest.mark.parametrize("N, classes", [(1, 1), (1, 4), (5, 2), (6, 10)])
def test_softmax_cross_entropy(N, classes, dtype, rng):
    scores, = draw(rng, dtype, (N, classes))
    labels = rng.integers(0, classes, N)
    loss, dscores = F.softmax_cross_entropy(scores, labels)
    expected_loss, expected_dscores = reference.softmax_cross_entropy(scores, labels)
    assert isinstance(loss, float)
    assert_close(np.asarray(loss, dtype), np.asarray(expected_loss, dtype))
    assert_close(dscores, expected_dscores)


@both_dtypes
@pytest.mark.parametrize("size", [pytest.param(10, marks=small), 2 ** 17 + 5])
def test_momentum_step(size, dtype, rng):
    w, velocity, gradient = draw(rng, dtype, size, size, size)
    expected_velocity = dtype(0.9) * velocity - dtype(0.01) * gradient
    expected_w = w + expected_velocity
    in_parts(lambda *parts: kernels.momentum_step(*parts, dtype(0.01), dtype(0.9)), w, velocity, gradient)
    assert_close(velocity, expected_velocity)
    assert_close(w, expected_w)


# ---- what may come in -----------------------------------------------------------------------------------------------

def conv_both_ways(x, w, b, dy, method):
    y, saved = F.conv_forward(x, w, b, stride=2, pad=1, method=method)
    return y, *F.conv_backward(dy, saved), F.conv_transpose(dy, w, stride=2, pad=1, size=(6, 5), method=method)


def pool_both_ways(x, dy):
    y, switches = F.max_pool_forward(x, size=3, stride=2, ceil=True)
    return y, switches.index, F.unpool(dy, switches)


def norm_both_ways(x, dy):
    y, saved = F.contrast_norm_forward(x)
    return y, F.contrast_norm_backward(dy, saved)


def relu_both_ways(x, dy):
    y, mask = F.relu_forward(x)
    return y, mask, F.relu_backward(dy, mask)


def linear_both_ways(x, w, b, dy):
    y, saved = F.linear_forward(x, w, b)
    return y, *F.linear_backward(dy, saved), F.linear_transpose(dy, w)


def dropout_both_ways(x, dy):
    y, mask = F.dropout_forward(x, rate=0.5, rng=np.random.default_rng(1))
    return y, mask, F.dropout_backward(dy, mask)


OPERATIONS = {      # name: (function, shapes of its arrays)
    "conv, unfold": (lambda *arrays: conv_both_ways(*arrays, "unfold"), [(2, 3, 6, 5), (4, 3, 3, 3), (4,), (2, 4, 3, 3)]),
    "conv, shift": (lambda *arrays: conv_both_ways(*arrays, "shift"), [(2, 3, 6, 5), (4, 3, 3, 3), (4,), (2, 4, 3, 3)]),
    "conv, winograd": (lambda *arrays: conv_both_ways(*arrays, "winograd"), [(2, 3, 6, 5), (4, 3, 3, 3), (4,), (2, 4, 3, 3)]),
    "conv, direct": (lambda *arrays: conv_both_ways(*arrays, "direct"), [(2, 3, 6, 5), (4, 3, 3, 3), (4,), (2, 4, 3, 3)]),
    "max pool": (pool_both_ways, [(2, 3, 6, 5), (2, 3, 3, 2)]),
    "contrast norm": (norm_both_ways, [(2, 6, 3, 4), (2, 6, 3, 4)]),
    "relu": (relu_both_ways, [(2, 3, 4, 5), (2, 3, 4, 5)]),
    "linear": (linear_both_ways, [(3, 5), (4, 5), (4,), (3, 4)]),
    "dropout": (dropout_both_ways, [(3, 5), (3, 5)]),
    "softmax": (lambda scores: (F.softmax(scores),), [(3, 5)]),
    "softmax cross-entropy": (lambda scores: F.softmax_cross_entropy(scores, np.array([0, 4, 2])), [(3, 5)]),
}
every_operation = pytest.mark.parametrize("name", OPERATIONS)


def every_other(a):
    wide = np.full((*a.shape[:-1], 2 * a.shape[-1]), np.nan)
    wide[..., ::2] = a
    return wide[..., ::2]


LAYOUTS = {"every other element": every_other, "reversed": lambda a: a[::-1].copy()[::-1], "column-major": np.asfortranarray,
           "padded": lambda a: np.pad(a, 1, constant_values=np.nan)[(slice(1, -1),) * a.ndim]}


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
        array.flags.writeable = False                           # as np.load(..., mmap_mode="r") gives them
    for actual, right in zip(function(*arrays), expected):
        np.testing.assert_array_equal(actual, right, strict=True)


@small
@pytest.mark.parametrize("integer", [np.int8, np.uint8, np.int32, np.uint64])
@pytest.mark.parametrize("method", ["unfold", "shift", "direct", "winograd"])
def test_numpys_integers_are_as_good_as_pythons(method, integer, rng):
    """Small and unsigned ones must not overflow: 2·100 + 9 pixels, and 0 − pad."""
    x, w, b = draw(rng, np.float64, (1, 2, 9, 9), (3, 2, 5, 5), 3)
    y, saved = F.conv_forward(x, w, b, stride=integer(2), pad=integer(100), method=method)
    right, right_saved = F.conv_forward(x, w, b, stride=2, pad=100, method=method)
    np.testing.assert_array_equal(y, right, strict=True)
    for actual, expected in zip(F.conv_backward(y, saved), F.conv_backward(y, right_saved)):
        np.testing.assert_array_equal(actual, expected, strict=True)
    down = F.conv_transpose(y, w, stride=integer(2), pad=integer(100), size=(9, 9), method=method)
    np.testing.assert_array_equal(down, F.conv_transpose(y, w, stride=2, pad=100, size=(9, 9), method=method), strict=True)


@small
@pytest.mark.parametrize("integer", [np.int8, np.uint8, np.int32, np.uint64])
def test_numpys_integers_as_windows_of_pools_and_layers(integer, rng):
    x, = draw(rng, np.float64, (1, 2, 9, 9))
    y, switches = F.max_pool_forward(x, size=integer(5), stride=integer(2), pad=integer(1))
    expected_y, expected_index = reference.max_pool_forward(x, size=5, stride=2, pad=1)
    np.testing.assert_array_equal(y, expected_y)
    np.testing.assert_array_equal(switches.index, expected_index)
    for layer in MaxPool(integer(5), stride=integer(2), pad=integer(1)), Conv(2, 3, integer(5), stride=integer(2), pad=integer(1)):
        assert layer.window == (5, 2, 1) and all(type(n) is int for n in layer.window)
