"""Boxes of maps, against padding the maps widely and slicing."""
import numpy as np
import pytest

from numpyzf.geometry import Window
from numpyzf.layers import ContrastNorm, Conv, Dropout, Flatten, Linear, MaxPool, ReLU, Rule
from numpyzf.look import boxes

pytestmark = pytest.mark.small
MARGIN = 30
both_dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])


def slices(x, image_of, corners, size, fill=0):
    """Boxes by plain NumPy: of maps with a margin that no box reaches over."""
    margins = [(0, 0), (0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)]
    wide, (h, w) = np.pad(x, margins, constant_values=fill), size
    return np.array([wide[n, :, MARGIN + top:MARGIN + top + h, MARGIN + left:MARGIN + left + w]
                     for n, (top, left) in zip(image_of, corners)])


# ---- cut and paste -----------------------------------------------------------------------------

@pytest.mark.parametrize("size", [(1, 1), (4, 4), (9, 9), (3, 7)], ids=str)
@pytest.mark.parametrize("dtype, fill", [(np.float32, 0), (np.float64, 1), (bool, False)])
def test_cut(size, dtype, fill, rng):
    """Inside, over every edge, larger than the maps, and without any contact."""
    x = rng.standard_normal((3, 2, 6, 5))
    x = x > 0 if dtype is bool else x.astype(dtype)
    image_of, corners = rng.integers(0, 3, 60), rng.integers(-12, 10, (60, 2))
    found = boxes.cut(x, image_of, corners, size, fill)
    np.testing.assert_array_equal(found, slices(x, image_of, corners, size, fill), strict=True)


@both_dtypes
@pytest.mark.parametrize("side, size", [((2, 3), (5, 4)), ((1, 1), (3, 3)), ((6, 5), (4, 3)),
                                        ((3, 7), (4, 4))], ids=str)
def test_paste_writes_what_lies_inside_and_nothing_else(side, size, dtype, rng):
    """At every place, also without any contact; what was there around the boxes stays."""
    tops, lefts = (range(-b - 1, n + 2) for b, n in zip(side, size))
    corners = np.array([(top, left) for top in tops for left in lefts])
    pieces, out = (rng.standard_normal((len(corners), 2, *shape)).astype(dtype)
                   for shape in (side, size))
    expected = out.copy()
    for m, (top, left) in enumerate(corners):
        for i, j in np.ndindex(side):
            if 0 <= top + i < size[0] and 0 <= left + j < size[1]:
                expected[m, :, top + i, left + j] = pieces[m, :, i, j]
    assert boxes.paste(pieces, corners, out) is None
    np.testing.assert_array_equal(out, expected)


def test_in_maps_puts_back_what_was_cut(rng):
    x, corners = rng.standard_normal((1, 2, 6, 5)), rng.integers(-3, 6, (40, 2))
    maps = boxes.in_maps(boxes.cut(x, np.zeros(40, int), corners, (4, 4)), corners, (6, 5))
    for picture, (top, left) in zip(maps, corners):
        expected = np.zeros_like(x[0])
        rows = slice(max(top, 0), max(top + 4, 0))
        columns = slice(max(left, 0), max(left + 4, 0))
        expected[:, rows, columns] = x[0, :, rows, columns]
        np.testing.assert_array_equal(picture, expected)


def test_blank_outside_leaves_what_is_inside(rng):
    r, corners = rng.standard_normal((80, 2, 4, 4)), rng.integers(-6, 8, (80, 2))
    inside = slices(np.ones((1, 1, 6, 5)), np.zeros(80, int), corners, (4, 4))
    expected = r * inside
    assert boxes.blank_outside(r, corners, (6, 5)) is r
    np.testing.assert_array_equal(r, expected)


# ---- each layer's way down ---------------------------------------------------------------------

LAYERS = {
    "conv": Conv(2, 3, 3, stride=2, pad=1),
    "conv by plain loops": Conv(2, 3, 2, pad=1, method="direct"),
    "conv with gaps": Conv(2, 3, 2, stride=3),
    "relu": ReLU(),
    "pool": MaxPool(3, stride=2, ceil=True),
    "pool without overlap": MaxPool(2, stride=2),
    "pool with gaps": MaxPool(2, stride=3),
    "pool with padding": MaxPool(3, stride=1, pad=1),
    "norm": ContrastNorm(size=2, alpha=0.7),
    "dropout": Dropout(),
}


@pytest.mark.parametrize("title", LAYERS)
@pytest.mark.parametrize("choices", list(np.ndindex(2, 2, 2)), ids=str)
@pytest.mark.parametrize("through_normalization", ["identity", "gradient"])
def test_project_boxes_is_project_cut_to_boxes(title, choices, through_normalization, rng):
    """Whole maps that hold something in one box only: nothing comes in from outside of it."""
    layer, rule = LAYERS[title], Rule(*map(bool, choices), through_normalization)
    if "w" in layer.params:
        layer.params["w"] = rng.standard_normal(layer.params["w"].shape)
        layer.params["b"] = rng.standard_normal(layer.params["b"].shape)
    x = rng.standard_normal((3, 2, 11, 8))
    y, saved = layer.forward(x, train=True, rng=rng)
    maps, (H, W) = y.shape[1], y.shape[2:]
    image_of, corners = rng.integers(0, 3, 40), rng.integers(-2, max(H, W), (40, 2))
    r = rng.standard_normal((40, maps, 3, 3))
    whole = layer.project(boxes.in_maps(r, corners, (H, W)), saved, image_of, rule)
    # beyond the edges there are no units, so no signals either
    boxes.blank_outside(r, corners, (H, W))
    lower, side = boxes.below(corners, 3, Window(*layer.window))
    found = boxes.project_boxes(layer, r, saved, image_of, corners, rule)
    expected = slices(whole, range(40), lower, (side, side))
    assert expected.any() and boxes.knows(layer)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13 * np.abs(expected).max())


def test_unpooling_takes_no_notice_of_what_lies_beyond_the_edges(rng):
    """No switches are there. The caller needs no blank_outside in front of it."""
    layer = MaxPool(3, stride=2, ceil=True)
    y, saved = layer.forward(rng.standard_normal((3, 2, 11, 8)))
    image_of, corners = rng.integers(0, 3, 40), rng.integers(-2, 6, (40, 2))
    r, rule = rng.standard_normal((40, 2, 3, 3)), Rule(False, True, True)
    found = boxes.project_boxes(layer, r.copy(), saved, image_of, corners, rule)
    inside = boxes.blank_outside(r, corners, y.shape[2:])
    expected = boxes.project_boxes(layer, inside, saved, image_of, corners, rule)
    np.testing.assert_array_equal(found, expected)


def test_below_are_the_corners_and_the_side_of_what_the_windows_look_at():
    lower, side = boxes.below(np.array([[0, 2], [-1, 5]]), 4, Window(5, 3, 2))
    assert lower.tolist() == [[-2, 4], [-5, 13]] and side == 3 * 3 + 5


def test_layers_without_maps_and_layers_of_ones_own_are_not_known():
    class Own(ReLU):
        """Its way down may be another one."""

    for layer in (Flatten(), Linear(2, 2), Own()):
        assert not boxes.knows(layer)


def test_dropout_at_test_time_dropped_nothing(rng):
    r = rng.standard_normal((2, 3, 4, 4))
    found = boxes.project_boxes(Dropout(), r, None, np.zeros(2, int), np.zeros((2, 2), int), None)
    np.testing.assert_array_equal(found, r)
