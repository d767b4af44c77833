"""Figure 1 on 4×4 pixels, worked out by hand: what goes up, where the switches point, and what comes down."""
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from numpyzf.deconvnet import project
from numpyzf.paper import figure1, figure1_draw
from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS
from numpyzf.layers import ContrastNorm, Conv, MaxPool, ReLU
from numpyzf.network import Network

pytestmark = pytest.mark.small

IMAGE = np.array([[[1, 2, 0, 0],
                   [0, 9, 0, 4],
                   [3, 0, 0, 0],
                   [0, 0, 5, 0]]], np.uint8)
ABOVE = np.array([[1, 2, 3], [4, -5, 6], [7, 8, -9]], np.float32)       # what conv2 makes of the pooled map
STRENGTH = 17 * (1 + 2 + 4 - 5) + 7 * (3 + 6) + 5 * 7 + 9 * (8 - 9)     # its only output
UNPOOLED = STRENGTH * np.array([[0, 0, 0, 0],
                                [0, 1 + 2 + 4 - 5, 0, 3 + 6],           # four windows have the 9 as their maximum, two the 4
                                [7, 0, 0, 0],
                                [0, 0, 8 - 9, 0]])


def prepare(images):
    """The middle, if the images are larger than the net's 4×4."""
    return images.astype(np.float32)


def planted():
    """Map 0 is dead, map 1 is 2·pixel − 1; pooled over 2×2 pixels, one apart; conv2 is one weighted sum over all of the pooled map 1."""
    net = Network([("conv1", Conv(1, 2, 1)), ("relu1", ReLU()), ("pool1", MaxPool(2, stride=1)), ("conv2", Conv(2, 1, 3))], (1, 4, 4))
    net.layers["conv1"].params["w"][:, 0, 0, 0] = -1, 2
    net.layers["conv1"].params["b"][:] = 0, -1
    net.layers["conv2"].params["w"][0, 1] = ABOVE
    return net


@pytest.fixture
def result():
    return figure1.compute(planted(), IMAGE, prepare, top="conv2")


def test_what_goes_up(result):
    assert result.layers == ("input", "conv1", "relu1", "pool1") and (result.top, result.unit, result.channel) == ("conv2", (0, 0, 0, 0), 1)
    np.testing.assert_array_equal(result.up["input"], IMAGE)
    np.testing.assert_array_equal(result.up["conv1"], [-IMAGE[0].astype(float), 2.0 * IMAGE[0] - 1])
    np.testing.assert_array_equal(result.up["relu1"][1], [[1, 3, 0, 0], [0, 17, 0, 7], [5, 0, 0, 0], [0, 0, 9, 0]])
    np.testing.assert_array_equal(result.up["pool1"][1], [[17, 17, 7], [17, 17, 7], [5, 9, 9]])
    np.testing.assert_array_equal(result.index[1], [[5, 5, 7], [5, 5, 7], [8, 14, 14]])       # row·4 + column
    np.testing.assert_array_equal(result.filter, [[[2]]])
    np.testing.assert_array_equal(result.bias, [0, -1])


def test_what_comes_down(result):
    np.testing.assert_array_equal(result.down["pool1"], [np.zeros((3, 3)), STRENGTH * ABOVE])
    np.testing.assert_array_equal(result.down["relu1"][1], UNPOOLED)                # overlapping windows add
    np.testing.assert_array_equal(result.down["conv1"][1], np.maximum(UNPOOLED, 0))     # rectified
    np.testing.assert_array_equal(result.down["input"][0], 2 * np.maximum(UNPOOLED, 0))     # filtered, without bias


def test_magnified_is_the_region(result):
    m = result.closely
    assert m.corner == (0, 0)
    np.testing.assert_array_equal(m.x, result.up["relu1"][1])
    np.testing.assert_array_equal(m.y, result.up["pool1"][1])
    np.testing.assert_array_equal(m.places, [[[1, 1], [1, 1], [1, 3]], [[1, 1], [1, 1], [1, 3]], [[2, 0], [3, 2], [3, 2]]])
    np.testing.assert_array_equal(m.r, STRENGTH * ABOVE)
    np.testing.assert_array_equal(m.unpooled, UNPOOLED)
    np.testing.assert_array_equal(m.rectified, np.maximum(UNPOOLED, 0))


def test_the_way_down_begins_at_the_strongest_unit_of_all():
    """Map 0 copies the pooled map, at most 17 and mostly less; map 1 is 15 everywhere."""
    net = planted()
    net.layers["conv2"] = Conv(2, 2, 1)
    net.layers["conv2"].params["w"][0, 1] = 1
    net.layers["conv2"].params["b"][1] = 15
    net = Network(list(net.layers.items()), (1, 4, 4))
    assert figure1.compute(net, IMAGE, prepare, top="conv2").unit == (0, 0, 0, 0)


def larger():
    """conv1 copies 12×12 pixels, pool1 has 3×3 windows two apart; what comes down into them is an array of its own."""
    net = Network([("conv1", Conv(1, 1, 1)), ("relu1", ReLU()), ("pool1", MaxPool(3, stride=2, ceil=True))], (1, 12, 12))
    net.layers["conv1"].params["w"][...] = 1
    return net


def test_the_magnified_region_is_one_where_two_windows_share_their_maximum():
    """Windows (2, 3) and (3, 3) share the pixel (6, 7); what comes from the windows around them is left out."""
    x = np.arange(144, dtype=np.float32).reshape(1, 1, 12, 12) % 12 + 1         # maxima at the top right of each window, none shared …
    x[0, 0, 6, 7] = 100                                                         # … but this one
    net, r = larger(), np.ones((1, 6, 6), np.float32)
    m = figure1.magnify(net, net.forward(x), ("relu1", "pool1"), 0, r)
    top, left = m.corner
    assert top <= 4 and left <= 6 <= left + 6 and 6 - top < 7
    np.testing.assert_array_equal(m.x, x[0, 0, top:top + 7, left:left + 7])
    assert m.unpooled[6 - top, 7 - left] == 2 and m.unpooled.sum() == 9
    for p, q in np.ndindex(3, 3):
        assert m.x[tuple(m.places[p, q])] == m.y[p, q] == m.x[2 * p:2 * p + 3, 2 * q:2 * q + 3].max()


def test_windows_that_hang_over_the_edge_are_not_shown():
    """The only shared maximum lies in the last row of windows, which ends a pixel beyond the map."""
    x = np.arange(144, dtype=np.float32).reshape(1, 1, 12, 12) % 12 + 1
    x[0, 0, 10, 7] = 100
    net = larger()
    m = figure1.magnify(net, net.forward(x), ("relu1", "pool1"), 0, np.ones((1, 6, 6), np.float32))
    assert m.x.shape == m.unpooled.shape == (7, 7) and m.x.max() < 100


def test_values_beat_none_and_negative_ones_are_wanted_too():
    y, index = np.ones((3, 3)), np.arange(9).reshape(3, 3)
    r = np.ones((3, 3))
    mixed, gloomy, few = r.copy(), r.copy(), r.copy()
    mixed[0, 0], gloomy[0], few[1] = -1, -1, 0
    shared = index.copy()
    shared[0, 1] = 0
    ranks = [figure1._interest(y, few, index), figure1._interest(y, r, index), figure1._interest(y, gloomy, index), figure1._interest(y, mixed, index),
             figure1._interest(y, r, shared), figure1._interest(y, mixed, shared)]
    assert ranks == sorted(ranks) and len(set(ranks)) == 6
    assert figure1._interest(np.zeros((3, 3)), r, np.zeros((3, 3), int)) == (False, False, 0, 0)     # windows of nothing share nothing


def test_measured_by_hand(result):
    measured = figure1.measure(planted(), result)
    assert measured.at_maxima == 1
    assert measured.at_maxima_without == pytest.approx(3 / 9)       # of the middles, rows and columns 1 to 3, three are maxima
    assert measured.unpooling == measured.filtering == 0
    unpooled, rectified = [68, 14, 5, 18], [17, 7, 5, 9]            # 17 from four windows, 7 and 9 from two; 1 and 3 are lost
    assert measured.inverse == pytest.approx(np.dot(unpooled, rectified) / np.linalg.norm(unpooled) / np.linalg.norm([1, 3, *rectified]))
    assert measured.inverse_without == pytest.approx((17 * 17 + 7 * 7 + 9 * 9) / np.linalg.norm([17, 17, 7, 17, 17, 7, 5, 9, 9])
                                                     / np.linalg.norm([1, 3, *rectified]))


@pytest.mark.parametrize("name, change, field", [("relu1", 1.001, "unpooling"), ("input", 1.001, "filtering")])
def test_a_way_down_that_is_no_transpose_is_found(result, name, change, field):
    result.down[name] = result.down[name] * change
    assert getattr(figure1.measure(planted(), result), field) > 1e-4


def test_a_value_at_another_place_is_found(result):
    result.down["relu1"][1, 0, 3] = 5       # where 0 isn't the maximum of its only window
    measured = figure1.measure(planted(), result)
    assert measured.at_maxima == pytest.approx(4 / 5) and measured.unpooling == 0       # the transpose alone would not have told
    result.down["relu1"][1] *= 0
    assert figure1.measure(planted(), result).at_maxima == 1        # nothing came down: nothing at a wrong place


def test_at_maximum_with_windows_over_the_edge():
    x = np.array([[[5, 1, 2, 3], [0, 0, 0, 0], [0, 0, 0, 0], [0, 7, 0, 8]]])
    y = np.array([[[5, 3], [7, 8]]])        # 3×3 windows two apart; rows and columns 2 to 3 for the last
    found = figure1.at_maximum(x, y, (3, 2, 0))
    np.testing.assert_array_equal(found[0], [[1, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 1]])


def test_claims_say_what_was_measured():
    good = figure1.Measured(1.0, 0.4, 1e-9, 1e-9, 0.6, 0.5)
    assert [claim.verdict for claim in figure1.claims([[good, good], [good, good]])] == 4 * [HOLDS]
    for field, value, number in (("at_maxima", 0.999, 0), ("inverse", 0.1, 1), ("unpooling", 1e-5, 2), ("filtering", 1e-5, 3)):
        verdicts = [claim.verdict for claim in figure1.claims([[good, good], [good, good._replace(**{field: value})]])]
        assert [i for i, verdict in enumerate(verdicts) if verdict == DOES_NOT_HOLD] == [number]


def test_a_stage_is_what_the_whole_descent_passes(rng):
    """Both stages of a net, of which the second has norm1 below, in color and not square; all is what the deconvnet itself gives."""
    net = Network([("conv1", Conv(3, 4, 3, pad=1)), ("relu1", ReLU()), ("pool1", MaxPool(3, stride=2, ceil=True)), ("norm1", ContrastNorm()),
                   ("conv2", Conv(4, 5, 3, pad=1)), ("relu2", ReLU()), ("pool2", MaxPool(3, stride=2, ceil=True)),
                   ("conv5", Conv(5, 3, 3, pad=1))], (3, 17, 20)).initialize(rng)
    image = rng.integers(0, 256, (3, 17, 20), np.uint8)
    for stage in "12":
        result = figure1.compute(net, image, lambda images: (images / 64 - 2).astype(np.float32), stage=stage)
        trace = net.forward((image[None] / 64 - 2).astype(np.float32))
        assert result.layers[0] == {"1": "input", "2": "norm1"}[stage]
        pixels = project(net, trace, "conv5", unit=result.unit)
        if stage == "1":
            np.testing.assert_allclose(result.down["input"], pixels, rtol=1e-5, atol=1e-7 * np.abs(pixels).max())
        assert trace["conv5"][result.unit] == trace["conv5"].max()
        for name in result.layers:
            np.testing.assert_array_equal(result.up[name], trace[name][0])
        measured = figure1.measure(net, result)
        assert measured.at_maxima == 1 and max(measured.unpooling, measured.filtering) < figure1.ROUNDING
        for figure in (figure1.draw(result), figure1_draw.closely(result)):
            nothing_is_cut(figure)
            assert figure.get_size_inches()[0] <= 9


def nothing_is_cut(figure):
    renderer, frame = FigureCanvasAgg(figure).get_renderer(), figure.bbox
    for axes in figure.axes:
        for text in axes.texts:
            box = text.get_window_extent(renderer)
            assert frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1, text.get_text()


def test_the_drawings(result):
    figure = figure1.draw(result)
    nothing_is_cut(figure)
    words = [text.get_text() for text in figure.axes[0].texts]
    assert {"Max pooling", "Max unpooling", "Filter  {F}", "Filter, transposed  {Fᵀ}"} <= set(words) and words.count("Rectify (ReLU)") == 2
    assert sum("map 1 (of 2)" in word for word in words) == 6 and "pooled map\nmap 1 (of 2)\n3×3\n5 … 17" in words
    assert sum(len(axes.images) for axes in figure.axes) == 8 + 1 + 2       # up and down, the switches, the filter twice
    switches = next(axes.images[0].get_array() for axes in figure.axes[1:] if axes.images[0].get_array().min() == 0.25)
    assert np.argwhere(switches == 1).tolist() == [[1, 1], [1, 3], [2, 0], [3, 2]]


def test_the_magnified_drawing_has_the_numbers(result):
    figure = figure1_draw.closely(result)
    nothing_is_cut(figure)
    words = [text.get_text() for text in figure.axes[0].texts]
    assert words.count("abde") == 3                                 # the windows that have the 9 of the image, in three grids
    assert words.count("1.70") == 1 + 4 and "pooled, pool1\n×10¹" in words
    assert f"{2 * STRENGTH / 1000:.2f}" in words
    assert words.count(f"{-STRENGTH / 1000:.2f}".replace("-", "−")) == 1        # dropped by the ReLU
    assert "a … i: 9 windows of 2×2 pixels" in words[-1] and f"≈ {2 * STRENGTH / 1000:.2f}" in words[-1]


@pytest.mark.parametrize("change, message", [({"stage": "3"}, "stage '3' must have conv3"), ({"top": "relu1"}, "below 'relu1'"),
                                             ({"top": "conv9"}, "conv9"), ({"stage": "2"}, "relu2")])
def test_refuses_stages_that_are_none(change, message):
    with pytest.raises(ValueError, match=message):
        figure1.compute(planted(), IMAGE, prepare, **{"top": "conv2"} | change)


def test_refuses_maps_that_are_too_small():
    net = Network([("conv1", Conv(1, 2, 1)), ("relu1", ReLU()), ("pool1", MaxPool(2, stride=2)), ("conv2", Conv(2, 1, 1))], (1, 4, 4))
    with pytest.raises(ValueError, match="no 3×3 windows that lie inside of the 4×4 pixels of relu1"):
        figure1.compute(net, IMAGE, prepare, top="conv2")
