"""Convolution's methods give the numbers of reference.py, over hand-picked and random geometries.

A geometry is in the test's name. Winograd's method has tests of its own, in test_winograd.py.
"""
import numpy as np
import pytest
from comparing import assert_close, draw

from numpyzf import functional, reference
from numpyzf.geometry import Window
from numpyzf.kernels import shift, unfold

small = pytest.mark.small
both_dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
every_method = pytest.mark.parametrize("method", ["unfold", "shift", "direct"])


def count(values):
    return sum(map(bool, values))


def assert_all_close(x, w, b, dy, method, stride=1, pad=0):
    """Forward, both gradients, and the transposed filtering of dy."""
    windows = dict(stride=stride, pad=pad)
    y, saved = functional.conv_forward(x, w, b, **windows, method=method)
    assert_close(y, reference.conv_forward(x, w, b, **windows))
    gradients = functional.conv_backward(dy, saved)
    expected = reference.conv_backward(dy, x, w, **windows)
    for actual, right in zip(gradients, expected, strict=True):
        assert_close(actual, right)
    down = functional.conv_transpose(dy, w, **windows, size=x.shape[2:], method=method)
    assert_close(down, reference.conv_transpose(dy, w, **windows, size=x.shape[2:]))


@small
def test_the_geometries_hold_the_cases_that_matter(all_cases):
    conv, pool = all_cases
    assert len(set(conv) | set(pool)) >= 200
    # overlap
    assert count(c.K > c.stride for c in conv) >= 30
    assert count(c.size > c.stride for c in pool) >= 30
    # gaps
    assert count(c.K < c.stride for c in conv) >= 30
    assert count(c.size < c.stride for c in pool) >= 30
    # edges not visited
    assert count((c.H + 2 * c.pad - c.K) % c.stride > c.pad for c in conv) >= 20
    unvisited = [not c.ceil and (c.H + 2 * c.pad - c.size) % c.stride > c.pad for c in pool]
    assert count(unvisited) >= 10
    # windows that hang over the edge, or see nothing but padding
    assert count(c.y_shape() != c._replace(ceil=False).y_shape() for c in pool) >= 20
    assert count(c.pad >= c.K for c in conv) >= 10
    for cases in (conv, pool):
        assert count(c.H != c.W for c in cases) >= 50 and count(c.pad for c in cases) >= 30
        assert count(c.N == 1 for c in cases) >= 20 and count(c.C == 1 for c in cases) >= 20


# ---- every method -------------------------------------------------------------------------------

@both_dtypes
@every_method
def test_conv(conv_case, method, dtype, rng):
    c = conv_case
    x, w, b, dy = draw(rng, dtype, c.x_shape(), c.w_shape(), c.F, c.y_shape())
    # db is the sum of dy: around zero it would cancel, and rounding be compared with rounding
    dy += 1
    assert_all_close(x, w, b, dy, method, c.stride, c.pad)


@every_method
def test_pixels_that_no_window_visits_get_exactly_zero(conv_case, method, rng):
    c = conv_case
    r, w = draw(rng, np.float64, c.y_shape(), c.w_shape())
    windows = dict(stride=c.stride, pad=c.pad, size=(c.H, c.W))
    visits = reference.conv_transpose(np.ones_like(r), np.ones_like(w), **windows)
    down = functional.conv_transpose(r, w, **windows, method=method)
    np.testing.assert_array_equal(down[visits == 0], 0)


# ---- unfold -------------------------------------------------------------------------------------

@small
@pytest.mark.parametrize("limit", [1, 300, 1000, 3000, 1 << 20], ids=lambda limit: f"{limit} bytes")
def test_a_batch_that_needs_several_blocks(limit, rng, monkeypatch):
    """912 bytes of columns an image, 304 a row: blocks of one row or of one, three, all images."""
    monkeypatch.setattr(unfold, "COLUMN_NBYTES", limit)
    arrays = draw(rng, np.float64, (5, 2, 5, 4), (3, 2, 3, 3), 3, (5, 3, 3, 2))
    assert_all_close(*arrays, "unfold")


@small
@pytest.mark.parametrize("limit, whole, number", [
    (303, False, 15), (911, False, 10), (912, True, 5), (2000, True, 3), (4560, True, 1)])
def test_blocks_are_as_large_as_their_limit_lets_them(limit, whole, number, rng, monkeypatch):
    """Rows of columns take 304 bytes, and there are three in each of five images."""
    x, = draw(rng, np.float64, (5, 2, 5, 4))
    monkeypatch.setattr(unfold, "COLUMN_NBYTES", limit)
    parts = [(rows, columns.nbytes)
             for _, rows, columns in unfold.blocks_of_columns(x, Window(3, 1, 0), 3, 2)]
    assert len(parts) == number
    for rows, nbytes in parts:
        assert nbytes <= max(limit, 304) and (rows == slice(0, 3)) == whole


@small
def test_folding_takes_a_few_images_at_a_time(rng, monkeypatch):
    """864 bytes an image: two."""
    sizes = []

    def scratch(name, shape, dtype):
        sizes.append(shape)
        return np.empty(shape, dtype)
    monkeypatch.setattr(unfold, "COLUMN_NBYTES", 2000)
    monkeypatch.setattr(unfold, "scratch", scratch)
    r, w = draw(rng, np.float64, (5, 3, 3, 2), (3, 2, 3, 3))
    functional.conv_transpose(r, w, size=(5, 4), method="unfold")
    assert sizes == [(18, 12), (18, 12), (18, 6)]


# ---- shift --------------------------------------------------------------------------------------

@small
@pytest.mark.parametrize("length, bands", [(1, 15), (8, 10), (12, 5), (1000, 5)], ids=str)
def test_shifted_rows_are_summed_in_bands_that_threads_share(length, bands, rng, monkeypatch):
    """Five images of three rows, four numbers each: bands of one row, of two and one, of all."""
    seen = []

    def run(kernel, count, *arguments):
        """Three shares, on one thread."""
        seen.append(count)
        shares = [(0, 1), (1, count - 2), (count - 2, count)]
        return [kernel(*arguments, *share) for share in shares]
    monkeypatch.setattr(shift, "STRETCH", length)
    monkeypatch.setattr(shift, "run", run)
    arrays = draw(rng, np.float64, (5, 2, 5, 4), (3, 2, 3, 3), 3, (5, 3, 3, 2))
    assert_all_close(*arrays, "shift")
    assert seen == [bands, bands]


@small
@pytest.mark.parametrize("K, stride", [(3, 1), (4, 1), (5, 1), (6, 1), (7, 2), (9, 2), (8, 3)])
@pytest.mark.parametrize("filters", [1, 2, 3])
def test_every_number_of_taps_side_by_side(filters, K, stride, rng):
    """One tap to six. A row of 18 outputs is longer than a vector of numbers, its rest is not."""
    size = K + stride, K + 17 * stride
    arrays = draw(rng, np.float64, (2, 2, *size), (filters, 2, K, K), filters, (2, filters, 2, 18))
    assert_all_close(*arrays, "shift", stride)
