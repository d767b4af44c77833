"""Boxes cut out of maps, pasted back and unpooled, against loops over single pixels."""
import numpy as np
import pytest

from numpyzf import kernels

pytestmark = pytest.mark.small
every_size = pytest.mark.parametrize(
    "box, size", [((2, 3), (5, 4)), ((1, 1), (3, 3)), ((6, 5), (4, 3)), ((3, 7), (4, 4))], ids=str)


def all_corners(box, size):
    """Every place where a box touches a map of this size, and those around."""
    return np.array([(top, left) for top in range(-box[0] - 1, size[0] + 2)
                     for left in range(-box[1] - 1, size[1] + 2)])


def pixels_inside(corners, box, size):
    """All (m, i, j, h, v): pixel (i, j) of box m is pixel (h, v) of the map."""
    for m, (top, left) in enumerate(corners):
        for i, j in np.ndindex(box):
            if 0 <= top + i < size[0] and 0 <= left + j < size[1]:
                yield m, i, j, top + i, left + j


@every_size
@pytest.mark.parametrize("dtype, fill", [(np.float64, 3), (np.float32, -np.inf), (bool, False)])
def test_cut(box, size, dtype, fill, rng):
    corners = all_corners(box, size)
    image_of = rng.integers(0, 3, len(corners))
    x = rng.integers(0, 2, (3, 2, *size)).astype(dtype)
    out = np.ones((len(corners), 2, *box), dtype)
    expected = np.full_like(out, fill)
    for m, i, j, h, v in pixels_inside(corners, box, size):
        expected[m, :, i, j] = x[image_of[m], :, h, v]
    kernels.run(kernels.cut, 2 * len(corners), x, image_of, corners, out, out.dtype.type(fill))
    np.testing.assert_array_equal(out, expected)


@every_size
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_paste(box, size, dtype, rng):
    corners = all_corners(box, size)
    boxes = rng.standard_normal((len(corners), 2, *box)).astype(dtype)
    out = rng.standard_normal((len(corners), 2, *size)).astype(dtype)
    expected = out.copy()
    for m, i, j, h, v in pixels_inside(corners, box, size):
        expected[m, :, h, v] = boxes[m, :, i, j]
    kernels.run(kernels.paste, 2 * len(corners), boxes, corners, out)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_unpool_boxes(dtype, rng):
    """Pools of 3×3, stride 2, of maps 9×11: boxes of 2×2 pooled pixels, and of 5×5 pixels."""
    x = rng.standard_normal((3, 2, 9, 11)).astype(dtype)
    y, index = np.empty((3, 2, 4, 5), dtype), np.empty((3, 2, 4, 5), np.int32)
    kernels.run(kernels.max_pool, 6, x, y, index, 3, 2, 0, False)
    corners = all_corners((2, 2), (4, 5))
    lower, image_of = 2 * corners, rng.integers(0, 3, len(corners))
    r = rng.standard_normal((len(corners), 2, 2, 2)).astype(dtype)
    out = np.full((len(corners), 2, 5, 5), 7, dtype)
    expected = np.zeros_like(out)
    for m, i, j, p, q in pixels_inside(corners, (2, 2), (4, 5)):
        for c in range(2):
            h, v = np.subtract(divmod(index[image_of[m], c, p, q], 11), lower[m])
            expected[m, c, h, v] += r[m, c, i, j]
    planes = 2 * len(corners)
    kernels.run(kernels.unpool_boxes, planes, r, index, image_of, corners, lower, 11, out)
    np.testing.assert_array_equal(out, expected)


def test_a_share_writes_its_own_planes(rng):
    corners, whole = np.zeros((2, 2), np.int64), np.arange(2)
    boxes, index = rng.standard_normal((2, 2, 2, 2)), np.zeros((2, 2, 2, 2), np.int32)
    calls = [(kernels.cut, (boxes, whole, corners, cut := np.full((2, 2, 2, 2), 7.0), 0.0)),
             (kernels.paste, (boxes, corners, pasted := np.full((2, 2, 2, 2), 7.0))),
             (kernels.unpool_boxes,
              (boxes, index, whole, corners, corners, 2, up := np.full((2, 2, 2, 2), 7.0)))]
    for kernel, arguments in calls:
        kernel(*arguments, 1, 3)
    for written in (cut, pasted, up):
        planes = written.reshape(4, -1)
        assert (planes[[0, 3]] == 7).all() and (planes[1:3] != 7).all()
