"""Windows of maps, against padding the maps widely and slicing."""
import numpy as np
import pytest

from numpyzf import functional
from numpyzf.look import boxes as windows
from numpyzf.geometry import Window

pytestmark = pytest.mark.small
MARGIN = 30


def slices(maps, images, corners, h, w, fill=0):
    """Windows by plain NumPy: of maps with a margin that no window reaches over."""
    wide = np.pad(maps, [(0, 0), (0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)], constant_values=fill)
    return np.array([wide[n, :, MARGIN + top:MARGIN + top + h, MARGIN + left:MARGIN + left + w] for n, (top, left) in zip(images, corners)])


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (9, 9), (3, 7)], ids=str)
@pytest.mark.parametrize("dtype, fill", [(np.float32, 0), (np.float64, 1), (bool, False)])
def test_cut(size, dtype, fill, rng):
    """Inside, over every edge, larger than the maps, and without any contact."""
    x = (rng.standard_normal((3, 2, 6, 5)) > 0).astype(dtype) if dtype is bool else rng.standard_normal((3, 2, 6, 5)).astype(dtype)
    images, corners = rng.integers(0, 3, 60), rng.integers(-12, 10, (60, 2))
    np.testing.assert_array_equal(windows.cut(x, images, corners, size, fill), slices(x, images, corners, *size, fill), strict=True)


def test_paste_puts_back_what_was_cut(rng):
    x, corners = rng.standard_normal((1, 2, 6, 5)), rng.integers(-3, 6, (40, 2))
    pasted = windows.paste(windows.cut(x, np.zeros(40), corners, (4, 4)), corners, (6, 5))
    for picture, (top, left) in zip(pasted, corners):
        expected = np.zeros_like(x[0])
        part = (slice(None), slice(max(top, 0), max(top + 4, 0)), slice(max(left, 0), max(left + 4, 0)))
        expected[part] = x[0][part]
        np.testing.assert_array_equal(picture, expected)


def test_blank_leaves_what_is_inside(rng):
    r, corners = rng.standard_normal((80, 2, 4, 4)), rng.integers(-6, 8, (80, 2))
    inside = slices(np.ones((1, 1, 6, 5)), np.zeros(80, int), corners, 4, 4)
    expected = r * inside
    assert windows.blank(r, corners, (6, 5)) is r
    np.testing.assert_array_equal(r, expected)


@pytest.mark.parametrize("window, ceil", [(Window(3, 2, 0), True), (Window(2, 2, 0), False), (Window(2, 3, 0), False), (Window(3, 1, 1), False)], ids=str)
def test_unpool_is_unpooling_of_the_whole_map_cut_to_the_windows_below(window, ceil, rng):
    """Whole maps that hold something in one window only, so that nothing comes in from outside of it."""
    size, stride, pad = window
    _, switches = functional.max_pool_forward(rng.standard_normal((3, 2, 11, 8)), size=size, stride=stride, pad=pad, ceil=ceil)
    OH, OW = switches.index.shape[2:]
    images, corners = rng.integers(0, 3, 40), rng.integers(-2, max(OH, OW), (40, 2))
    r = rng.standard_normal((40, 2, 3, 3))
    lower, side = windows.below(corners, 3, window)
    assert side == 2 * stride + size
    np.testing.assert_array_equal(lower, corners * stride - pad)
    whole = functional.unpool(windows.paste(r, corners, (OH, OW)), functional.Switches(switches.index[images], (40, 2, 11, 8)))
    np.testing.assert_allclose(windows.unpool(r, switches.index, images, corners, 8, window),
                               slices(whole, range(40), lower, side, side), rtol=1e-14)
