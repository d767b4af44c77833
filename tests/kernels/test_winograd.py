"""Winograd's convolution against the loops of reference.py, and what it costs in accuracy.

Both of its ways to use the cores are tested: FEW_MAPS is set so that all maps are few, or many.
"""
import numpy as np
import pytest

from numpyzf import functional, reference
from numpyzf.geometry import Window, conv_output_size
from numpyzf.kernels import machine, winograd

small = pytest.mark.small
few_or_many = pytest.mark.parametrize("few", [1 << 30, 0], ids=["few maps", "many maps"])


def draw(rng, dtype, N, C, H, W, filters, K, stride, pad):
    """x, w, b, dy."""
    y_shape = N, filters, conv_output_size(H, K, stride, pad), conv_output_size(W, K, stride, pad)
    shapes = (N, C, H, W), (filters, C, K, K), filters, y_shape
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def all_of(x, w, b, dy, stride, pad, method):
    """y, dx, dw, db, and the transposed filtering of dy."""
    windows = dict(stride=stride, pad=pad, method=method)
    y, saved = functional.conv_forward(x, w, b, **windows)
    down = functional.conv_transpose(dy, w, **windows, size=x.shape[2:])
    return [y, *functional.conv_backward(dy, saved), down]


def expected(x, w, b, dy, stride, pad):
    """The same by reference.py."""
    gradients = reference.conv_backward(dy, x, w, stride=stride, pad=pad)
    return [reference.conv_forward(x, w, b, stride=stride, pad=pad), *gradients, gradients[0]]


def error(actual, right):
    """The largest difference relative to the largest value."""
    assert actual.shape == right.shape
    return float(np.abs(actual - right).max() / np.abs(right).max())


def assert_right(arrays, stride, pad):
    results = all_of(*arrays, stride, pad, "winograd")
    for actual, right in zip(results, expected(*arrays, stride, pad), strict=True):
        assert error(actual, right) < 1e-12


# ---- the numbers --------------------------------------------------------------------------------

@few_or_many
def test_geometries_of_all_methods(winograd_case, few, rng, monkeypatch):
    """All is zero where windows see nothing but padding: the error is not relative there."""
    monkeypatch.setattr(winograd, "FEW_MAPS", few)
    c = winograd_case
    arrays = draw(rng, np.float64, c.N, c.C, c.H, c.W, c.F, c.K, c.stride, c.pad)
    results = all_of(*arrays, c.stride, c.pad, "winograd")
    for actual, right in zip(results, expected(*arrays, c.stride, c.pad), strict=True):
        assert np.abs(actual - right).max() <= 1e-12 * max(1, np.abs(right).max())


@few_or_many
@pytest.mark.parametrize("K, stride, pad, points, outputs", [
    (2, 1, 0, 6, 5), (2, 1, 0, 7, 6), (2, 1, 0, 8, 7),
    (3, 1, 1, 6, 4), (3, 1, 1, 7, 5), (3, 1, 1, 8, 6),
    (4, 1, 2, 6, 3), (4, 1, 2, 7, 4), (4, 1, 2, 8, 5), (5, 1, 2, 6, 2), (5, 1, 2, 7, 3),
    (5, 1, 2, 8, 4), (6, 1, 3, 7, 2), (6, 1, 3, 8, 3), (7, 1, 3, 8, 2), (4, 2, 1, 7, 6),
    (5, 2, 0, 7, 5), (7, 2, 1, 8, 5), (10, 2, 3, 7, 3), (7, 3, 2, 8, 6)])
def test_all_sizes_of_tiles(K, stride, pad, points, outputs, few, rng, monkeypatch):
    """17 and 14 are never both whole tiles."""
    monkeypatch.setattr(winograd, "FEW_MAPS", few)
    monkeypatch.setattr(winograd, "COSTS", {points: 1})
    arrays = draw(rng, np.float64, 2, 3, 17, 14, 2, K, stride, pad)
    tiles = winograd.tiles_of(2, 17, 14, arrays[1].shape, Window(K, stride, pad))
    assert tiles[:2] == (points, outputs)
    assert_right(arrays, stride, pad)


@few_or_many
@pytest.mark.parametrize("limit", [1, 3000, 6000])
def test_blocks_of_the_batch(limit, few, rng, monkeypatch):
    """Seven images, one, two, four at a time: a smaller last block, sums over blocks, threads."""
    monkeypatch.setattr(winograd, "FEW_MAPS", few)
    monkeypatch.setattr(winograd, "COSTS", {6: 1})                  # four tiles an image
    monkeypatch.setattr(winograd, "BLOCK_NBYTES", limit)            # 2304 bytes an image
    monkeypatch.setattr(winograd, "NEAR_NBYTES", limit * 5 // 2)    # 5760, with those of M
    assert_right(draw(rng, np.float64, 7, 2, 6, 6, 3, 3, 1, 1), 1, 1)


@few_or_many
@pytest.mark.parametrize("K, stride", [(3, 1), (5, 1), (5, 2)])
@pytest.mark.parametrize("channels, filters", [(32, 64), (33, 31), (1, 65), (70, 3)])
def test_whole_parts_of_the_maps_and_others(K, stride, channels, filters, few, rng, monkeypatch):
    """A part is 32 maps side by side; the last part may have fewer, down to one."""
    monkeypatch.setattr(winograd, "FEW_MAPS", few)
    arrays = draw(rng, np.float64, 3, channels, 9, 11, filters, K, stride, K // 2)
    results = all_of(*arrays, stride, K // 2, "winograd")
    for actual, right in zip(results, all_of(*arrays, stride, K // 2, "direct"), strict=True):
        assert error(actual, right) < 1e-12


@few_or_many
@pytest.mark.parametrize("size, K, stride, pad", [(18, 6, 3, 1), (13, 4, 2, 0), (18, 9, 3, 1)])
def test_columns_that_no_window_visits(size, K, stride, pad, few, rng, monkeypatch):
    """Whole tiles end before the image does. Its rest must not get into the next one's padding."""
    monkeypatch.setattr(winograd, "FEW_MAPS", few)
    tiles = winograd.tiles_of(4, size, size, (3, 2, K, K), Window(K, stride, pad))
    assert stride * ((tiles.tiles_across - 1) * tiles.outputs + tiles.points) < size + pad
    assert_right(draw(rng, np.float64, 4, 2, size, size, 3, K, stride, pad), stride, pad)


@few_or_many
def test_the_same_bits_every_time(few, rng, monkeypatch):
    monkeypatch.setattr(winograd, "FEW_MAPS", few)
    arrays = draw(rng, np.float32, 20, 30, 9, 9, 40, 3, 1, 1)
    first = all_of(*arrays, 1, 1, "winograd")
    for _ in range(3):
        for again, one in zip(all_of(*arrays, 1, 1, "winograd"), first, strict=True):
            np.testing.assert_array_equal(again, one)


@small
@few_or_many
def test_no_images(few, rng, monkeypatch):
    monkeypatch.setattr(winograd, "FEW_MAPS", few)
    arrays = draw(rng, np.float64, 0, 2, 6, 6, 3, 3, 1, 1)
    y, dx, dw, db, _ = all_of(*arrays, 1, 1, "winograd")
    assert len(y) == len(dx) == 0 and not dw.any() and not db.any()
    assert dw.shape == (3, 2, 3, 3) and db.shape == (3,)


@small
def test_filters_and_points_are_adjoint(rng):
    """⟨G w Gᵀ, u⟩ = ⟨w, Gᵀ u G⟩."""
    for K, stride, points in [(3, 1, 6), (5, 1, 8), (5, 2, 7), (7, 2, 8)]:
        w = rng.standard_normal((3, 34, K, K))
        U = winograd.filter_points(w, points, stride)
        u = rng.standard_normal(U.shape)
        back, total = winograd.filters_from_points(u, w.shape, stride)
        np.testing.assert_allclose(np.vdot(U, u), np.vdot(w, back), rtol=1e-12)
        np.testing.assert_allclose(total, back.sum(), rtol=1e-9)


# ---- accuracy -----------------------------------------------------------------------------------

@pytest.mark.parametrize("name, C, size, filters, K, stride, pad", [
    ("conv2", 96, 55, 256, 5, 2, 0), ("conv3", 256, 13, 384, 3, 1, 1),
    ("conv4", 384, 13, 384, 3, 1, 1), ("conv5", 384, 13, 256, 3, 1, 1)])
def test_float32_costs_the_papers_net_less_than_1e_4(name, C, size, filters, K, stride, pad, rng):
    arrays = draw(rng, np.float32, 2, C, size, size, filters, K, stride, pad)
    assert winograd.pays(4, size, size, arrays[1].shape, Window(K, stride, pad))
    doubles = all_of(*(a.astype(np.float64) for a in arrays), stride, pad, "unfold")
    for method, limit in [("winograd", 1e-4), ("unfold", 1e-5)]:
        for actual, right in zip(all_of(*arrays, stride, pad, method), doubles, strict=True):
            assert error(actual, right) < limit


# ---- numbers that are not finite, on the way or at all ------------------------------------------

@few_or_many
@pytest.mark.parametrize("K, stride", [(3, 1), (5, 1), (5, 2)])
@pytest.mark.parametrize("x_size, w_size, dy_size", [
    (1e38, 1e-3, 1e-3), (1e-3, 1e38, 1e-3), (1e-3, 1e-3, 3e36)], ids=["x", "w", "dy"])
def test_what_overflows_on_the_way_alone_is_right(x_size, w_size, dy_size, K, stride, few, rng,
                                                  monkeypatch):
    """All sums of the definition are finite, as the other factor is small. No warning comes."""
    monkeypatch.setattr(winograd, "FEW_MAPS", few)
    x, w, b, dy = [values.clip(-1, 1) for values in draw(rng, np.float32, 4, 16, 9, 9, 16, K,
                                                         stride, 1)]
    arrays = x * np.float32(x_size), w * np.float32(w_size), b, dy * np.float32(dy_size)
    with np.errstate(over="raise", invalid="raise"):
        results = all_of(*arrays, stride, 1, "winograd")
    for actual, right in zip(results, all_of(*arrays, stride, 1, "direct"), strict=True):
        assert np.isfinite(right).all() and error(actual, right) < 1e-4


@small
@few_or_many
def test_tiles_that_overflow_on_the_way_alone_are_right(few, monkeypatch):
    """In each row the signs cancel, but half a row is one tile's: too large at the point 2."""
    monkeypatch.setattr(winograd, "FEW_MAPS", few)
    x, w = np.full((200, 2, 8, 8), 1e-6, np.float32), np.ones((3, 2, 3, 3), np.float32)
    dy = np.full((200, 3, 8, 8), 1e37, np.float32)
    dy[..., 4:] *= -1
    with np.errstate(over="raise", invalid="raise"):
        _, dx, dw, db, _ = all_of(x, w, w[:, 0, 0, 0], dy, 1, 1, "winograd")
    assert np.isfinite(dx).all() and np.isfinite(dw).all() and np.isfinite(db).all()


@pytest.fixture(params=[1 << 30, 0], ids=["few maps", "many maps"])
def one_at_a_time(request, monkeypatch):
    """Blocks of one image, and filters that are few, or many."""
    monkeypatch.setattr(winograd, "FEW_MAPS", request.param)
    monkeypatch.setattr(winograd, "BLOCK_NBYTES", 1)
    monkeypatch.setattr(winograd, "NEAR_NBYTES", 1)


@small
@pytest.mark.parametrize("place", [0, 3])
@pytest.mark.parametrize("name", ["x", "w", "b", "dy"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_reach_what_they_do_by_the_definition(value, name, place, one_at_a_time,
                                                               rng):
    """In whichever image and filter, block and thread; zeros of padding are not met."""
    arrays = dict(zip(("x", "w", "b", "dy"), draw(rng, np.float64, 4, 1, 6, 6, 4, 3, 1, 1)))
    arrays[name].reshape(4, -1)[place, 0] = value
    results = all_of(*arrays.values(), 1, 1, "winograd")
    assert any(np.isfinite(values).any() and not np.isfinite(values).all() for values in results)
    for actual, right in zip(results, all_of(*arrays.values(), 1, 1, "direct"), strict=True):
        np.testing.assert_allclose(actual, right, rtol=1e-9, atol=1e-9)


@small
@pytest.mark.parametrize("image", [0, 3])
def test_one_image_s_gradient_that_overflows_on_the_way_is_right(image, one_at_a_time, rng):
    """The filters' gradient doesn't tell: it isn't made of the filters, which are large."""
    x, w, b, dy = draw(rng, np.float32, 4, 1, 6, 6, 4, 5, 1, 1)
    w, dy = w.clip(-1, 1) * np.float32(2e37), dy.clip(-1, 1)
    dy[np.arange(4) != image] = 0
    dx, right = all_of(x, w, b, dy, 1, 1, "winograd")[1], all_of(x, w, b, dy, 1, 1, "direct")[1]
    assert np.isfinite(right).all() and error(dx, right) < 1e-4


# ---- the two ways to use the cores --------------------------------------------------------------

@pytest.fixture
def counts(monkeypatch):
    """Whether each thread takes blocks of its own, and the images of each block."""
    counts = []

    def add_up(work, parts, own):
        counts.append((own, [part.stop - part.start for part in parts]))
        return machine.add_up(work, parts, own)
    monkeypatch.setattr(winograd, "add_up", add_up)
    return counts


@small
@few_or_many
def test_blocks_keep_to_their_limits(few, counts, rng, monkeypatch):
    """Many maps: bytes of V of a block; few maps: bytes of V and M."""
    sizes = []

    def scratch(name, shape, dtype):
        sizes.append((name, shape[1]))
        return machine.scratch(name, shape, dtype)
    monkeypatch.setattr(machine, "THREADS", 1)
    monkeypatch.setattr(winograd, "FEW_MAPS", few)
    monkeypatch.setattr(winograd, "COSTS", {6: 1})                  # four tiles an image
    monkeypatch.setattr(winograd, "BLOCK_NBYTES", 5000)             # 2304 bytes an image: two
    monkeypatch.setattr(winograd, "NEAR_NBYTES", 18000)             # 5760, with those of M: three
    monkeypatch.setattr(winograd, "scratch", scratch)
    x, w, b, _ = draw(rng, np.float64, 7, 2, 6, 6, 3, 3, 1, 1)
    functional.conv_forward(np.concatenate([x, x]), w, b, pad=1, method="winograd")
    images = [(tiles - 1) // 4 for name, tiles in sizes if name == "V"]
    assert images == ([3, 3, 3, 3, 2] if few else [2] * 7)
    assert counts == [(few > 0, images)]


@small
@pytest.mark.parametrize("images, sizes", [
    (100, [20] * 5),                    # as large as they may be
    (32, [8] * 4),                      # four
    (8, [2] * 4),
    (4, [2, 2])])                       # fewer: four would be smaller than an eighth of that
def test_few_images_make_smaller_blocks(images, sizes):
    """A block of 20 images is as large as it may be."""
    tiles = winograd.Tiles(6, 4, 8, 8)
    image = 64 * 36 * 4                                 # bytes of one map's values
    U = np.zeros((36, winograd.NEAR_NBYTES // 20 // image - 1, 1), np.float32)
    parts, own = winograd.blocks_of(images, U, tiles)
    assert own and [part.stop - part.start for part in parts] == sizes


def test_few_and_many_maps_are_told_apart_by_filters_times_channels(counts, rng):
    for filters, own in [(96, True), (97, False)]:
        x, w, b, _ = draw(rng, np.float32, 3, 96, 4, 4, filters, 3, 1, 1)
        functional.conv_forward(x, w, b, pad=1, method="winograd")
        assert counts.pop() == (own, [3])


@small
@pytest.mark.parametrize("channels, filters", [(16, 32), (96, 256), (384, 512)])
def test_the_values_of_a_tile_do_not_all_meet_in_one_place_of_the_cache(channels, filters):
    """From point to point they aren't a multiple of 4 kB apart, however many tiles there are."""
    U = np.zeros((36, filters, channels), np.float32)
    for images in range(1, 70):
        for side in (1, 4):
            tiles = winograd.Tiles(6, 4, side, side)
            V, M, T = winograd.values_of(U, tiles, slice(0, images))
            assert T == images * side * side and T <= V.shape[1] == M.shape[1] <= T + 1
            assert V.strides[0] % 4096 and M.strides[0] % 4096
            assert V.ctypes.data % 64 == M.ctypes.data % 64 == 0


# ---- where it is used ---------------------------------------------------------------------------

@small
@pytest.mark.parametrize("size, w_shape, stride, pad", [
    (224, (96, 3, 7, 7), 2, 1),         # too few channels
    (13, (64, 256, 1, 1), 1, 0),        # nothing to save
    (27, (64, 64, 9, 9), 1, 4),         # more taps than there are points
    (3, (64, 64, 3, 3), 1, 0),          # one output in a tile of 16
    (9, (64, 64, 3, 3), 3, 0)])         # one tap per stride
def test_where_it_does_not_pay(size, w_shape, stride, pad):
    assert not winograd.pays(9, size, size, w_shape, Window(w_shape[2], stride, pad))


@small
@pytest.mark.parametrize("w_shape, stride, pad", [
    ((16, 16, 3, 3), 1, 1),             # just enough channels
    ((16, 4, 5, 5), 2, 0)])             # and with a stride, four for each
def test_where_it_just_pays(w_shape, stride, pad):
    assert winograd.pays(9, 27, 27, w_shape, Window(w_shape[2], stride, pad))


@small
@pytest.mark.parametrize("w_shape, size, least", [
    ((384, 384, 3, 3), 13, 4),          # 16 tiles an image, or 9, against 32 for the filters
    ((256, 96, 5, 5), 55, 2),           # 49 tiles, with stride 2
    ((64, 64, 3, 3), 7, 1)])            # few maps: the filters' way takes no time
def test_many_filters_need_some_images(w_shape, size, least):
    window = Window(w_shape[2], 2, 0) if size == 55 else Window(3, 1, 1)
    assert winograd.pays(least, size, size, w_shape, window)
    assert least == 1 or not winograd.pays(least - 1, size, size, w_shape, window)


@small
@pytest.mark.parametrize("images, size, w_shape, tiles", [
    (32, 13, (384, 384, 3, 3), (7, 5, 3, 3)),   # 9 tiles of 49 values, not 16 of 36
    (8, 13, (384, 384, 3, 3), (6, 4, 4, 4)),    # few images: the filters' values count for more
    (99, 7, (64, 64, 3, 3), (6, 4, 2, 2)),
    (99, 24, (24, 24, 3, 3), (8, 6, 4, 4)),     # 16 of 64, not 36 of 36
    (99, 28, (99, 99, 3, 3), (6, 4, 7, 7)),     # 49 of 36, not 25 of 64: a tenth isn't worth it
    (99, 14, (48, 32, 5, 5), (8, 4, 4, 4))])
def test_the_tiles_that_take_the_least_work(images, size, w_shape, tiles):
    window = Window(w_shape[2], 1, w_shape[2] // 2)
    assert winograd.tiles_of(images, size, size, w_shape, window) == tiles


@small
def test_auto_is_winograd_where_it_pays_but_not_on_the_way_down(rng):
    x, w, b, dy = draw(rng, np.float64, 1, 24, 8, 8, 24, 3, 1, 1)
    y, _ = functional.conv_forward(x, w, b, pad=1)
    down = functional.conv_transpose(dy, w, pad=1, size=(8, 8))
    for method, same in [("winograd", True), ("unfold", False)]:
        again, _ = functional.conv_forward(x, w, b, pad=1, method=method)
        assert np.array_equal(y, again) is same
        again = functional.conv_transpose(dy, w, pad=1, size=(8, 8), method=method)
        assert np.array_equal(down, again) is not same


@small
@pytest.mark.parametrize("K, stride", [(1, 1), (8, 1), (15, 2), (3, 3)])
def test_filters_that_it_cannot_take(K, stride):
    x, w, b = np.zeros((1, 1, 16, 16)), np.zeros((1, 1, K, K)), np.zeros(1)
    words = f"2 to 7 taps per stride along each axis, not {K}×{K} with stride {stride}"
    with pytest.raises(ValueError, match=words):
        functional.conv_forward(x, w, b, stride=stride, method="winograd")
