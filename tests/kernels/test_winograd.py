"""Winograd's convolution against the loops of reference.py, in both of its ways to use the cores, and what it costs in accuracy."""
import numpy as np
import pytest

from numpyzf import functional as F
from numpyzf import reference, winograd
from numpyzf.geometry import conv_output_size
from numpyzf.scratch import scratch

small = pytest.mark.small
few_or_many = pytest.mark.parametrize("few", [1 << 30, 0], ids=["few maps", "many maps"])


def draw(rng, dtype, N, C, H, W, filters, K, stride, pad):
    y_shape = N, filters, conv_output_size(H, K, stride, pad), conv_output_size(W, K, stride, pad)
    return [rng.standard_normal(shape).astype(dtype) for shape in ((N, C, H, W), (filters, C, K, K), filters, y_shape)]


def all_of(x, w, b, dy, stride, pad, method):
    """y, dx, dw, db, and the transposed filtering of dy."""
    y, saved = F.conv_forward(x, w, b, stride=stride, pad=pad, method=method)
    return y, *F.conv_backward(dy, saved), F.conv_transpose(dy, w, stride=stride, pad=pad, size=x.shape[2:], method=method)


def expected(x, w, b, dy, stride, pad):
    gradients = reference.conv_backward(dy, x, w, stride=stride, pad=pad)
    return reference.conv_forward(x, w, b, stride=stride, pad=pad), *gradients, gradients[0]


def error(actual, right):
    """The largest difference relative to the largest value."""
    assert actual.shape == right.shape
    return float(np.abs(actual - right).max() / np.abs(right).max())


@few_or_many
def test_geometries_of_the_kernels_tests(winograd_case, few, rng, monkeypatch):
    monkeypatch.setattr(winograd, "FEW", few)
    c = winograd_case
    arrays = draw(rng, np.float64, c.N, c.C, c.H, c.W, c.F, c.K, c.stride, c.pad)
    for actual, right in zip(all_of(*arrays, c.stride, c.pad, "winograd"), expected(*arrays, c.stride, c.pad)):
        assert np.abs(actual - right).max() <= 1e-12 * max(1, np.abs(right).max())      # all zero where windows see padding alone


@few_or_many
@pytest.mark.parametrize("K, stride, pad", [
    (2, 1, 0), (3, 1, 1), (4, 1, 2), (5, 1, 2), (6, 1, 3), (7, 1, 3), (4, 2, 1), (5, 2, 0), (7, 2, 1), (10, 2, 3), (7, 3, 2)])
def test_all_sizes_of_tiles(K, stride, pad, few, rng, monkeypatch):
    """2 and 3 taps are tiles of 5 and 4 outputs, 4 to 7 taps of 5 to 2; neither 17 nor 14 pixels are whole tiles of all of them."""
    monkeypatch.setattr(winograd, "FEW", few)
    arrays = draw(rng, np.float64, 2, 3, 17, 14, 2, K, stride, pad)
    for actual, right in zip(all_of(*arrays, stride, pad, "winograd"), expected(*arrays, stride, pad)):
        assert error(actual, right) < 1e-12


@few_or_many
@pytest.mark.parametrize("limit", [1, 3000, 6000])
def test_blocks_of_the_batch(limit, few, rng, monkeypatch):
    """Seven images, each alone, two at a time, or four: a last block that is smaller, and sums over blocks and threads."""
    monkeypatch.setattr(winograd, "FEW", few)
    monkeypatch.setattr(winograd, "BLOCK_BYTES", limit)             # 2304 bytes an image
    monkeypatch.setattr(winograd, "SMALL_PRODUCT", limit // 64)     # 24 multiply-adds an image
    arrays = draw(rng, np.float64, 7, 2, 6, 6, 3, 3, 1, 1)
    for actual, right in zip(all_of(*arrays, 1, 1, "winograd"), expected(*arrays, 1, 1)):
        assert error(actual, right) < 1e-12


@few_or_many
@pytest.mark.parametrize("K, stride, width", [(3, 1, 300), (5, 1, 270), (3, 1, 257), (3, 1, 100), (5, 2, 530)])
def test_rows_of_more_tiles_than_a_run_and_more_images(K, stride, width, few, rng, monkeypatch):
    """A run is 64 tiles: a part of a row of 65 and more, or two rows of 25, of five images."""
    monkeypatch.setattr(winograd, "FEW", few)
    arrays = draw(rng, np.float64, 5, 2, 7, width, 3, K, stride, K // 2)
    for actual, right in zip(all_of(*arrays, stride, K // 2, "winograd"), all_of(*arrays, stride, K // 2, "direct")):
        assert error(actual, right) < 1e-12


@few_or_many
@pytest.mark.parametrize("size, K, stride, pad", [(18, 6, 3, 1), (13, 4, 2, 0), (18, 9, 3, 1)])
def test_columns_that_no_window_visits_and_no_tile_holds(size, K, stride, pad, few, rng, monkeypatch):
    """Whole tiles end before the image does: what is left of an image must not get into the next one's margin, nor its into this."""
    monkeypatch.setattr(winograd, "FEW", few)
    tiles = winograd.tiles_of((4, 2, size, size), K, stride, pad)
    assert stride * ((tiles.across - 1) * tiles.m + tiles.n) < size + pad
    arrays = draw(rng, np.float64, 4, 2, size, size, 3, K, stride, pad)
    for actual, right in zip(all_of(*arrays, stride, pad, "winograd"), expected(*arrays, stride, pad)):
        assert error(actual, right) < 1e-12


@small
@few_or_many
def test_memory_and_products_keep_to_their_limits(few, rng, monkeypatch):
    """Many maps: points of the input of a block; few maps: multiply-adds of one product."""
    sizes, counts = [], []
    monkeypatch.setattr(winograd, "FEW", few)
    monkeypatch.setattr(winograd, "BLOCK_BYTES", 5000)              # 2304 bytes an image: two
    monkeypatch.setattr(winograd, "SMALL_PRODUCT", 80)              # 24 multiply-adds an image: three
    monkeypatch.setattr(winograd, "scratch", lambda name, shape, dtype: sizes.append((name, shape[2])) or scratch(name, shape, dtype))
    monkeypatch.setattr(winograd, "in_threads", lambda work, count: counts.append(count) or [work(0, count)])
    x, w, b, _ = draw(rng, np.float64, 7, 2, 6, 6, 3, 3, 1, 1)
    F.conv_forward(x, w, b, pad=1, method="winograd")
    assert [tiles // 4 for name, tiles in sizes if name == "columns"] == ([3, 3, 1] if few else [2, 2, 2, 1])
    assert counts == ([7] if few else 4 * [2, 3])                   # shares of images, or of channels and filters


def test_few_and_many_maps_are_told_apart_by_filters_times_channels(rng, monkeypatch):
    counts = []
    monkeypatch.setattr(winograd, "in_threads", lambda work, count: counts.append(count) or [work(0, count)])
    for filters, shares in (96, [3]), (97, [96, 97]):
        x, w, b, _ = draw(rng, np.float32, 3, 96, 4, 4, filters, 3, 1, 1)
        F.conv_forward(x, w, b, pad=1, method="winograd")
        assert counts == shares
        counts.clear()


@pytest.mark.parametrize("name, C, size, filters, K, stride, pad", [
    ("conv2", 96, 55, 256, 5, 2, 0), ("conv3", 256, 13, 384, 3, 1, 1), ("conv4", 384, 13, 384, 3, 1, 1), ("conv5", 384, 13, 256, 3, 1, 1)])
def test_the_papers_net_takes_it_and_float32_costs_less_than_1e_4(name, C, size, filters, K, stride, pad, rng):
    arrays = draw(rng, np.float32, 2, C, size, size, filters, K, stride, pad)
    assert winograd.pays(arrays[0].shape, arrays[1].shape, stride, pad)
    doubles = all_of(*(a.astype(np.float64) for a in arrays), stride, pad, "unfold")
    for actual, right in zip(all_of(*arrays, stride, pad, "winograd"), doubles):
        assert error(actual, right) < 1e-4
    for actual, right in zip(all_of(*arrays, stride, pad, "unfold"), doubles):
        assert error(actual, right) < 1e-5


@small
@pytest.mark.parametrize("x_shape, w_shape, stride, pad", [
    ((32, 3, 224, 224), (96, 3, 7, 7), 2, 1),       # too few channels
    ((9, 256, 13, 13), (64, 256, 1, 1), 1, 0),      # nothing to save
    ((9, 64, 27, 27), (64, 64, 9, 9), 1, 4),        # more taps than there are points
    ((9, 64, 3, 3), (64, 64, 3, 3), 1, 0),          # one output in a tile of 16
    ((9, 64, 9, 9), (64, 64, 3, 3), 3, 0)])         # one tap per stride
def test_where_it_does_not_pay(x_shape, w_shape, stride, pad):
    assert not winograd.pays(x_shape, w_shape, stride, pad)


@small
@pytest.mark.parametrize("x_shape, w_shape, stride, pad", [
    ((9, 16, 27, 27), (16, 16, 3, 3), 1, 1),        # just enough channels
    ((9, 4, 27, 27), (16, 4, 5, 5), 2, 0)])         # and with a stride, four for each
def test_where_it_just_pays(x_shape, w_shape, stride, pad):
    assert winograd.pays(x_shape, w_shape, stride, pad)


@small
def test_auto_is_winograd_where_it_pays_but_not_on_the_way_down(rng):
    x, w, b, dy = draw(rng, np.float64, 1, 24, 8, 8, 24, 3, 1, 1)
    for method, same in ("winograd", True), ("unfold", False):
        assert np.array_equal(F.conv_forward(x, w, b, pad=1)[0], F.conv_forward(x, w, b, pad=1, method=method)[0]) is same
        down = F.conv_transpose(dy, w, pad=1, size=(8, 8), method=method)
        assert np.array_equal(F.conv_transpose(dy, w, pad=1, size=(8, 8)), down) is not same


@small
def test_filters_and_points_are_adjoint(rng):
    """⟨G w Gᵀ, u⟩ = ⟨w, Gᵀ u G⟩."""
    for K, stride in (3, 1), (5, 1), (5, 2), (7, 2):
        w = rng.standard_normal((3, 2, K, K))
        points = winograd.filter_points(w, stride)
        u = rng.standard_normal(points.shape)
        np.testing.assert_allclose(np.vdot(points, u), np.vdot(w, winograd.filters_from_points(u, w.shape, stride)), rtol=1e-12)


@small
@pytest.mark.parametrize("K, stride", [(1, 1), (8, 1), (15, 2), (3, 3)])
def test_filters_that_it_cannot_take(K, stride):
    x, w, b = np.zeros((1, 1, 16, 16)), np.zeros((1, 1, K, K)), np.zeros(1)
    with pytest.raises(ValueError, match=f"takes filters with 2 to 7 taps per stride along each axis, not {K}×{K} with stride {stride}"):
        F.conv_forward(x, w, b, stride=stride, method="winograd")


@small
@few_or_many
def test_no_images(few, rng, monkeypatch):
    monkeypatch.setattr(winograd, "FEW", few)
    arrays = draw(rng, np.float64, 0, 2, 6, 6, 3, 3, 1, 1)
    y, dx, dw, db, _ = all_of(*arrays, 1, 1, "winograd")
    assert len(y) == len(dx) == 0 and not dw.any() and not db.any() and dw.shape == (3, 2, 3, 3) and db.shape == (3,)


@few_or_many
def test_the_same_bits_every_time(few, rng, monkeypatch):
    monkeypatch.setattr(winograd, "FEW", few)
    arrays = draw(rng, np.float32, 20, 30, 9, 9, 40, 3, 1, 1)
    first = all_of(*arrays, 1, 1, "winograd")
    for _ in range(3):
        for again, one in zip(all_of(*arrays, 1, 1, "winograd"), first):
            np.testing.assert_array_equal(again, one)
