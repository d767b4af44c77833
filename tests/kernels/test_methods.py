"""Convolution's methods give the numbers of reference.py, over hand-picked and random geometries.

A geometry is in the test's name. Winograd's method has tests of its own, in test_winograd.py.
"""
import numpy as np
import pytest
from comparing import assert_close, draw

from numpyzf import functional, reference
from numpyzf.kernels import machine, shift, unfold

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
@pytest.mark.parametrize("narrowest", [1, 2, 4, 12, 99])
@pytest.mark.parametrize("limit", [1, 300, 1000, 3000, 1 << 20], ids=lambda limit: f"{limit} bytes")
def test_a_batch_that_needs_several_blocks(limit, narrowest, rng, monkeypatch):
    """Six columns of 152 bytes an image, in three rows: blocks of one row, or some images."""
    monkeypatch.setattr(unfold, "COLUMN_NBYTES", limit)
    monkeypatch.setattr(unfold, "NARROWEST", narrowest)
    arrays = draw(rng, np.float64, (5, 2, 5, 4), (3, 2, 3, 3), 3, (5, 3, 3, 2))
    assert_all_close(*arrays, "unfold")


@small
@pytest.mark.parametrize("narrowest", [1, 2, 4, 12, 99])
@pytest.mark.parametrize("shape", [(5, 4, 3, 2), (1, 4, 3, 2), (0, 4, 3, 2), (5, 1, 1, 1)])
def test_filters_of_one_pixel_are_products(shape, narrowest, rng, monkeypatch):
    monkeypatch.setattr(unfold, "COLUMN_NBYTES", 1)
    monkeypatch.setattr(unfold, "NARROWEST", narrowest)
    monkeypatch.setattr(unfold, "unfold", None)                 # not called
    monkeypatch.setattr(unfold, "fold", None)
    monkeypatch.setattr(machine, "GRAIN", 128)                  # of 24 bytes a map: some pieces
    x, w, b, dy = draw(rng, np.float64, shape, (3, shape[1], 1, 1), 3, (shape[0], 3, *shape[2:]))
    y, saved = functional.conv_forward(x, w, b, method="unfold")
    np.testing.assert_allclose(y, np.einsum("nchw,fc->nfhw", x, w[..., 0, 0]) + b[:, None, None],
                               rtol=0, atol=1e-12)
    dx, dw, db = functional.conv_backward(dy, saved)
    np.testing.assert_allclose(dx, np.einsum("nfhw,fc->nchw", dy, w[..., 0, 0]), rtol=0, atol=1e-12)
    np.testing.assert_allclose(dw[..., 0, 0], np.einsum("nfhw,nchw->fc", dy, x), rtol=0, atol=1e-12)
    np.testing.assert_allclose(db, dy.sum(axis=(0, 2, 3)), rtol=0, atol=1e-12)
    assert dw.flags.c_contiguous and db.flags.c_contiguous


@small
@pytest.mark.parametrize("columns, whole, number", [
    (1, False, 15), (2, False, 15), (5, False, 10), (6, False, 5), (13, False, 5), (1, True, 5),
    (6, True, 5)])
def test_images_of_many_outputs_come_one_by_one(columns, whole, number, monkeypatch):
    """Three rows of two outputs an image, which is more than the narrowest block has."""
    monkeypatch.setattr(unfold, "COLUMN_NBYTES", 8 * 19 * columns)
    monkeypatch.setattr(unfold, "NARROWEST", 2)
    found, own = unfold.blocks_of_outputs(19, 5, 3, 2, np.dtype(np.float64), whole)
    # threads that have a block each have its columns, too
    assert own is (columns >= 6 or not whole) and len(found) == number
    assert all(images.stop - images.start == 1 for images, _ in found)
    seen = sorted((images.start, row) for images, rows in found
                  for row in range(rows.start, rows.stop))
    assert seen == [(n, row) for n in range(5) for row in range(3)]


@small
@pytest.mark.parametrize("columns, images, own", [(12, [2, 2, 1], False), (30, [5], False)])
def test_images_of_few_outputs_share_a_block(columns, images, own, monkeypatch):
    """Six outputs an image. Few blocks aren't shared; what is done for each of them is."""
    monkeypatch.setattr(unfold, "COLUMN_NBYTES", 8 * 19 * columns)
    monkeypatch.setattr(unfold, "NARROWEST", 7)
    found, shared_out = unfold.blocks_of_outputs(19, 5, 3, 2, np.dtype(np.float64))
    assert [block[0].stop - block[0].start for block in found] == images and shared_out is own


# ---- shift --------------------------------------------------------------------------------------

@small
@pytest.mark.parametrize("length, bands, down", [(1, 15, 25), (8, 10, 25), (12, 5, 15),
                                                 (1000, 5, 5)], ids=str)
def test_shifted_rows_are_summed_in_bands_that_threads_share(length, bands, down, rng,
                                                             monkeypatch):
    """Five images of three rows, four numbers each: bands of one row, of two and one, of all.

    The same on the way down, a convolution that makes five rows of six numbers.
    """
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
    assert seen == [bands, bands, down, down]


@small
@pytest.mark.parametrize("K, stride", [(3, 1), (4, 1), (5, 1), (6, 1), (7, 2), (9, 2), (8, 3)])
@pytest.mark.parametrize("filters", [1, 2, 3, shift.FEW])
def test_every_number_of_taps_side_by_side(filters, K, stride, rng):
    """One tap to six. A row of 18 outputs is longer than a vector of numbers, its rest is not."""
    size = K + stride, K + 17 * stride
    arrays = draw(rng, np.float64, (2, 2, *size), (filters, 2, K, K), filters, (2, filters, 2, 18))
    assert_all_close(*arrays, "shift", stride)
