"""Figure 1 on 4×4 pixels, by hand: what goes up, where the switches point, what comes down."""
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from numpyzf.deconvnet import project
from numpyzf.layers import ContrastNorm, Conv, MaxPool, ReLU
from numpyzf.network import Network
from numpyzf.paper.claims import BY_CONSTRUCTION, DOES_NOT_HOLD
from numpyzf.paper.figure1.draw import CELL, draw, draw_magnified
from numpyzf.paper.figure1.measure import (Exactness, at_maximum, exactness, interest, magnify,
                                           measure)
from numpyzf.paper.figure1.report import ROUNDING, TEXT, claims, sections
from numpyzf.runs import Run

pytestmark = pytest.mark.small

IMAGE = np.array([[[1, 2, 0, 0],
                   [0, 9, 0, 4],
                   [3, 0, 0, 0],
                   [0, 0, 5, 0]]], np.uint8)
ABOVE = np.array([[1, 2, 3], [4, -5, 6], [7, 8, -9]], np.float32)       # the filter of conv2
STRENGTH = 17 * (1 + 2 + 4 - 5) + 7 * (3 + 6) + 5 * 7 + 9 * (8 - 9)     # its only output
UNPOOLED = STRENGTH * np.array([[0, 0, 0, 0],
                                [0, 1 + 2 + 4 - 5, 0, 3 + 6],   # 4 windows share the 9, 2 the 4
                                [7, 0, 0, 0],
                                [0, 0, 8 - 9, 0]])


def prepare(images):
    return images.astype(np.float32)


def planted():
    """Map 0 is dead, map 1 is 2·pixel − 1; pooled over 2×2 pixels, one apart.

    conv2 is one weighted sum over all of the pooled map 1.
    """
    net = Network([("conv1", Conv(1, 2, 1)), ("relu1", ReLU()), ("pool1", MaxPool(2, stride=1)),
                   ("conv2", Conv(2, 1, 3))], (1, 4, 4))
    net.layers["conv1"].params["w"][:, 0, 0, 0] = -1, 2
    net.layers["conv1"].params["b"][:] = 0, -1
    net.layers["conv2"].params["w"][0, 1] = ABOVE
    return net


PLANTED = Run(planted(), prepare, ())


@pytest.fixture
def stage():
    return measure(PLANTED, IMAGE, top="conv2")


# ---- numbers ------------------------------------------------------------------------------------

def test_what_goes_up(stage):
    assert stage.layers == ("input", "conv1", "relu1", "pool1")
    assert (stage.top, stage.unit, stage.channel) == ("conv2", (0, 0, 0, 0), 1)
    up = stage.up
    np.testing.assert_array_equal(up["input"], IMAGE)
    np.testing.assert_array_equal(up["conv1"], [-IMAGE[0].astype(float), 2.0 * IMAGE[0] - 1])
    np.testing.assert_array_equal(up["relu1"][1], [[1, 3, 0, 0], [0, 17, 0, 7],
                                                   [5, 0, 0, 0], [0, 0, 9, 0]])
    np.testing.assert_array_equal(up["pool1"][1], [[17, 17, 7], [17, 17, 7], [5, 9, 9]])
    np.testing.assert_array_equal(stage.index[1],                       # row·4 + column
                                  [[5, 5, 7], [5, 5, 7], [8, 14, 14]])
    np.testing.assert_array_equal(stage.filter, [[[2]]])
    np.testing.assert_array_equal(stage.bias, [0, -1])


def test_what_comes_down(stage):
    down, rectified = stage.down, np.maximum(UNPOOLED, 0)
    np.testing.assert_array_equal(down["pool1"], [np.zeros((3, 3)), STRENGTH * ABOVE])
    np.testing.assert_array_equal(down["relu1"][1], UNPOOLED)           # overlapping windows add
    np.testing.assert_array_equal(down["conv1"][1], rectified)
    np.testing.assert_array_equal(down["input"][0], 2 * rectified)      # filtered, without bias


def test_magnified_is_the_region(stage):
    m = stage.magnified
    assert m.corner == (0, 0)
    np.testing.assert_array_equal(m.x, stage.up["relu1"][1])
    np.testing.assert_array_equal(m.y, stage.up["pool1"][1])
    np.testing.assert_array_equal(m.places, [[[1, 1], [1, 1], [1, 3]], [[1, 1], [1, 1], [1, 3]],
                                             [[2, 0], [3, 2], [3, 2]]])
    np.testing.assert_array_equal(m.r, STRENGTH * ABOVE)
    np.testing.assert_array_equal(m.unpooled, UNPOOLED)
    np.testing.assert_array_equal(m.rectified, np.maximum(UNPOOLED, 0))
    assert m.interest == interest(m.y, m.r, stage.index[1]) == (True, True, 9, 7)


def test_the_way_down_begins_at_the_strongest_unit_of_all():
    """Map 0 copies the pooled map, at most 17 and mostly less; map 1 is 15 everywhere."""
    net = planted()
    net.layers["conv2"] = Conv(2, 2, 1)
    net.layers["conv2"].params["w"][0, 1] = 1
    net.layers["conv2"].params["b"][1] = 15
    run = Run(Network(list(net.layers.items()), (1, 4, 4)), prepare, ())
    assert measure(run, IMAGE, top="conv2").unit == (0, 0, 0, 0)


LAYERS = "input", "conv1", "relu1", "pool1"


def larger():
    """conv1 copies 12×12 pixels, pool1 has 3×3 windows two apart, the last of them over the edge.
    """
    net = Network([("conv1", Conv(1, 1, 1)), ("relu1", ReLU()),
                   ("pool1", MaxPool(3, stride=2, ceil=True))], (1, 12, 12))
    net.layers["conv1"].params["w"][...] = 1
    return net


def growing():
    """12×12 pixels that grow to the right: each window has its maximum at its own top right."""
    return np.arange(144, dtype=np.float32).reshape(1, 1, 12, 12) % 12 + 1


def test_the_magnified_region_is_one_where_two_windows_share_their_maximum():
    """Windows (2, 3) and (3, 3) share the pixel (6, 7). Values of other windows are left out."""
    x, net = growing(), larger()
    x[0, 0, 6, 7] = 100
    m = magnify(net, net.forward(x), LAYERS, 0, np.ones((1, 6, 6), np.float32))
    top, left = m.corner
    assert top <= 4 and left <= 6 <= left + 6 and 6 - top < 7
    np.testing.assert_array_equal(m.x, x[0, 0, top:top + 7, left:left + 7])
    assert m.unpooled[6 - top, 7 - left] == 2 and m.unpooled.sum() == 9
    for p, q in np.ndindex(3, 3):
        window = m.x[2 * p:2 * p + 3, 2 * q:2 * q + 3]
        assert m.x[tuple(m.places[p, q])] == m.y[p, q] == window.max()


def test_windows_that_hang_over_the_edge_are_not_shown():
    """The only shared maximum lies in the last row of windows, which ends beyond the map."""
    x, net = growing(), larger()
    x[0, 0, 10, 7] = 100
    m = magnify(net, net.forward(x), LAYERS, 0, np.ones((1, 6, 6), np.float32))
    assert m.x.shape == m.unpooled.shape == (7, 7) and m.x.max() < 100


def test_values_beat_none_and_negative_ones_are_wanted_too():
    y, index, r = np.ones((3, 3)), np.arange(9).reshape(3, 3), np.ones((3, 3))
    mixed, gloomy, sparse, shared = r.copy(), r.copy(), r.copy(), index.copy()
    mixed[0, 0], gloomy[0], sparse[1], shared[0, 1] = -1, -1, 0, 0
    ranks = [interest(y, sparse, index), interest(y, r, index), interest(y, gloomy, index),
             interest(y, mixed, index), interest(y, r, shared), interest(y, mixed, shared)]
    assert ranks == sorted(ranks) and len(set(ranks)) == 6
    empty = np.zeros((3, 3))                    # windows of nothing share nothing
    assert interest(empty, r, empty.astype(int)) == (False, False, 0, 0)


def test_exactness_by_hand(stage):
    """17 comes from four windows, 7 and 9 from two; 1 and 3 are lost.

    Of the windows' middles, rows and columns 1 to 3, three are maxima.
    """
    found = exactness(PLANTED, stage)
    assert found.at_maxima == 1
    assert found.at_maxima_middles == pytest.approx(3 / 9)
    assert found.unpooling == found.filtering == 0
    unpooled, rectified = [68, 14, 5, 18], [17, 7, 5, 9]
    length = np.linalg.norm([1, 3, *rectified])
    assert found.inverse == pytest.approx(np.dot(unpooled, rectified)
                                          / np.linalg.norm(unpooled) / length)
    in_middles = [17, 17, 7, 17, 17, 7, 5, 9, 9]
    assert found.inverse_middles == pytest.approx((17 * 17 + 7 * 7 + 9 * 9)
                                                  / np.linalg.norm(in_middles) / length)


@pytest.mark.parametrize("name, field", [("relu1", "unpooling"), ("input", "filtering")])
def test_a_way_down_that_is_no_transpose_is_found(stage, name, field):
    stage.down[name] = stage.down[name] * 1.001
    assert getattr(exactness(PLANTED, stage), field) > 1e-4


def test_a_value_at_another_place_is_found(stage):
    stage.down["relu1"][1, 0, 3] = 5            # where 0 isn't the maximum of its only window
    found = exactness(PLANTED, stage)
    assert found.at_maxima == pytest.approx(4 / 5)
    assert found.unpooling == 0                 # the transpose alone would not have told
    stage.down["relu1"][1] *= 0
    assert exactness(PLANTED, stage).at_maxima == 1     # nothing came down to a wrong place


def test_at_maximum_with_windows_over_the_edge():
    """3×3 windows two apart; the last ones see two rows or columns."""
    x = np.array([[[5, 1, 2, 3], [0, 0, 0, 0], [0, 0, 0, 0], [0, 7, 0, 8]]])
    y = np.array([[[5, 3], [7, 8]]])
    found = at_maximum(x, y, (3, 2, 0))
    np.testing.assert_array_equal(found[0], [[1, 0, 0, 1], [0, 0, 0, 0],
                                             [0, 0, 0, 0], [0, 1, 0, 1]])


@pytest.mark.parametrize("change, message", [
    ({"stage": "3"}, "stage '3' must have conv3"), ({"top": "relu1"}, "below 'relu1'"),
    ({"top": "pool1"}, "below 'pool1'"), ({"top": "conv9"}, "conv9"), ({"stage": "2"}, "relu2")])
def test_refuses_stages_that_are_none(change, message):
    with pytest.raises(ValueError, match=message):
        measure(PLANTED, IMAGE, **{"top": "conv2"} | change)


def test_refuses_maps_that_are_too_small(rng):
    net = Network([("conv1", Conv(1, 2, 1)), ("relu1", ReLU()), ("pool1", MaxPool(2, stride=2)),
                   ("conv2", Conv(2, 1, 1))], (1, 4, 4)).initialize(rng)
    message = "no 3×3 windows that lie inside of the 4×4 pixels of relu1"
    with pytest.raises(ValueError, match=message):
        measure(Run(net, prepare, ()), IMAGE, top="conv2")


# ---- the pictures -------------------------------------------------------------------------------

def nothing_is_cut(figure):
    renderer, frame = FigureCanvasAgg(figure).get_renderer(), figure.bbox
    for axes in figure.axes:
        for text in axes.texts:
            box = text.get_window_extent(renderer)
            assert frame.x0 <= box.x0 and box.x1 <= frame.x1, text.get_text()
            assert frame.y0 <= box.y0 and box.y1 <= frame.y1, text.get_text()


@pytest.mark.parametrize("number, below", [("1", "input"), ("2", "norm1")])
def test_a_stage_is_what_the_whole_descent_passes(rng, number, below):
    """Two stages, in color and not square: all is what the deconvnet itself gives."""
    net = Network([("conv1", Conv(3, 4, 3, pad=1)), ("relu1", ReLU()),
                   ("pool1", MaxPool(3, stride=2, ceil=True)), ("norm1", ContrastNorm()),
                   ("conv2", Conv(4, 5, 3, pad=1)), ("relu2", ReLU()),
                   ("pool2", MaxPool(3, stride=2, ceil=True)),
                   ("conv5", Conv(5, 3, 3, pad=1))], (3, 17, 20)).initialize(rng)
    image = rng.integers(0, 256, (3, 17, 20), np.uint8)
    run = Run(net, lambda images: (images / 64 - 2).astype(np.float32), ())
    stage = measure(run, image, stage=number)
    trace = net.forward(run.prepare(image[None]))
    assert stage.layers == (below, f"conv{number}", f"relu{number}", f"pool{number}")
    pixels = project(net, trace, "conv5", unit=stage.unit)
    if number == "1":
        np.testing.assert_allclose(stage.down["input"], pixels, rtol=1e-5,
                                   atol=1e-7 * np.abs(pixels).max())
    assert trace["conv5"][stage.unit] == trace["conv5"].max()
    for name in stage.layers:
        np.testing.assert_array_equal(stage.up[name], trace[name][0])
    found = exactness(run, stage)
    assert found.at_maxima == 1 and max(found.unpooling, found.filtering) < ROUNDING
    for figure in (draw(stage), draw_magnified(stage)):
        nothing_is_cut(figure)
        assert figure.get_size_inches()[0] <= 9


def test_the_drawing(stage):
    figure = draw(stage)
    nothing_is_cut(figure)
    words = [text.get_text() for text in figure.axes[0].texts]
    assert {"Max pooling", "Max unpooling", "Filter  {F}", "Filter, transposed  {Fᵀ}"} <= set(words)
    assert words.count("Rectify (ReLU)") == 2
    assert sum("map 1 (of 2)" in word for word in words) == 6
    assert "pooled map\nmap 1 (of 2)\n3×3\n5 … 17" in words
    pictures = [axes.images[0].get_array() for axes in figure.axes[1:]]
    assert len(pictures) == 8 + 1 + 2           # up and down, the switches, the filter twice
    switches = next(picture for picture in pictures if picture.min() == 0.25)
    assert np.argwhere(switches == 1).tolist() == [[1, 1], [1, 3], [2, 0], [3, 2]]


def test_the_magnified_drawing_has_the_numbers(stage):
    figure = draw_magnified(stage)
    nothing_is_cut(figure)
    words = [text.get_text() for text in figure.axes[0].texts]
    assert words.count("abde") == 3             # the windows that have the 9, in three grids
    assert words.count("1.70") == 1 + 4 and "pooled, pool1\n×10¹" in words
    assert f"{2 * STRENGTH / 1000:.2f}" in words
    dropped = f"{-STRENGTH / 1000:.2f}".replace("-", "−")
    assert words.count(dropped) == 1            # by the ReLU
    assert "a … i: 9 windows of 2×2 pixels" in words[-1]
    assert f"≈ {2 * STRENGTH / 1000:.2f}" in words[-1]


def test_the_words_say_how_each_shared_window_s_frame_is_drawn(stage):
    """Windows are one pixel apart; the four that have the 9 are the first two of two rows."""
    figure = draw_magnified(stage)
    words = " ".join(figure.axes[0].texts[-1].get_text().split())
    assert ("a (dashed) and b (dotted) and d (dash-dotted) and e (dashed) have one maximum. What "
            "comes down through them adds up:") in words
    frames = [patch for patch in figure.axes[0].patches
              if patch.get_linestyle() in ("--", ":", "-.")]
    assert [frame.get_linestyle() for frame in frames] == ["--", ":", "-.", "--"]
    first = np.array(frames[0].xy)
    steps = [np.round((np.array(frame.xy) - first) / CELL) for frame in frames]
    assert np.array_equal(steps, [[0, 0], [1, 0], [0, -1], [1, -1]])


# ---- words and verdicts -------------------------------------------------------------------------

def test_claims_say_what_was_measured():
    good = Exactness(1.0, 0.4, 1e-9, 1e-9, 0.6, 0.5)
    found = claims([[good, good], [good, good]])
    assert [claim.verdict for claim in found] == 4 * [BY_CONSTRUCTION]
    assert "100.0 % of the unpooled" in found[0].measured
    assert "40.0 %. 2 images each, 2 seeds" in found[0].measured
    assert "0.60 with switches, 0.50" in found[1].measured


@pytest.mark.parametrize("number, field, value, measured", [
    (0, "at_maxima", 0.99, "99.8 ± 0.4 %"), (1, "inverse", 0.1, "0.47 ± 0.18"),
    (2, "unpooling", 1e-5, "1.0e-05"), (3, "filtering", 1e-5, "1.0e-05")])
def test_a_claim_falls_when_its_own_number_is_wrong(number, field, value, measured):
    good = Exactness(1.0, 0.4, 1e-9, 1e-9, 0.6, 0.5)
    found = claims([[good, good], [good, good._replace(**{field: value})]])
    assert [i for i, claim in enumerate(found) if claim.verdict == DOES_NOT_HOLD] == [number]
    assert measured in found[number].measured


def test_the_words_name_the_layers_and_windows_that_are_shown(stage):
    first, second = sections(stage)
    assert "conv1 filters it" in first.text and "one activation in conv2" in first.text
    assert "every 2×2 pixels" in first.text and "Only map 1 is shown" in first.text
    assert "each 2×2 pixels and 1 pixels apart" in second.text
    assert first.alt == TEXT["alt: stage"] and second.alt == TEXT["alt: magnified"]
