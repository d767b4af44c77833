"""Projecting many units at once, in boxes.

The pixels are the same as one by one, whatever the layer, the rule and the place.
"""
import re

import numpy as np
import pytest

from numpyzf import models
from numpyzf.deconvnet import RULES, project, strongest
from numpyzf.geometry import ceil_div
from numpyzf.layers import ContrastNorm, Conv, Dropout, Flatten, Linear, MaxPool, ReLU, Rule
from numpyzf.look import many
from numpyzf.look.many import Projections, project_many, top_activations
from numpyzf.network import Network

EIGHT = [tuple(map(bool, rule)) for rule in np.ndindex(2, 2, 2)]
NORMALIZATION = ["identity", "gradient"]
small = pytest.mark.small


def build(layers, input_shape, dtype=np.float64):
    net, rng = Network(layers, input_shape).astype(dtype), np.random.default_rng(3)
    for value in net.parameters.values():
        value[...] = rng.standard_normal(value.shape)
    return net


def paper_like(size=(41, 34), dtype=np.float64):
    """All of the paper's stages: strides, paddings, overlapping pools that hang over the edge.

    From conv3 on, the field is larger than the image.
    """
    stem = [("conv1", Conv(2, 3, 4, stride=2, pad=1)), ("relu1", ReLU()),
            ("pool1", MaxPool(3, stride=2, ceil=True)),
            ("norm1", ContrastNorm(size=3, alpha=0.5)),
            ("conv2", Conv(3, 4, 3, stride=2)), ("relu2", ReLU()),
            ("pool2", MaxPool(2, stride=1, pad=1)),
            ("conv3", Conv(4, 5, 3, pad=1)), ("relu3", ReLU()), ("flatten", Flatten())]
    (features,) = Network(stem, (2, *size)).shapes["flatten"]
    head = [("fc4", Linear(features, 6)), ("relu4", ReLU()), ("drop4", Dropout()),
            ("fc5", Linear(6, 3))]
    return build([*stem, *head], (2, *size), dtype)


LAYERS = list(paper_like().layers)


def some_units(net, layer, rng, images=3, count=6):
    """Random units of random images, one of them twice; behind it the map's four corners."""
    shape = (images, *net.shapes[layer])
    units = [[rng.integers(n) for n in shape] for _ in range(count)]
    corners = []
    if len(shape) == 4:
        corners = [[rng.integers(images), rng.integers(shape[1]), row, column]
                   for row in (0, shape[2] - 1) for column in (0, shape[3] - 1)]
    return np.array([*units, units[0], *corners])


def check(net, trace, layer, units, tolerance=1e-12, **how):
    """Every picture against project's; returns the Projections, and how many hold something."""
    projections, shown = project_many(net, trace, layer, units, **how), 0
    assert len(projections) == len(units) and projections.size == net.input_shape[1:]
    assert projections.boxes.dtype == net.dtype
    for m, unit in enumerate(units):
        one = project(net, trace, layer, tuple(unit), **how)
        np.testing.assert_allclose(projections[m], one, rtol=0, atol=tolerance * np.abs(one).max(),
                                   err_msg=f"unit {unit}", strict=True)
        shown += one.any()
    return projections, shown


# ---- the same as one by one --------------------------------------------------------------------

@pytest.mark.parametrize("through_normalization", NORMALIZATION)
@pytest.mark.parametrize("rule", EIGHT, ids=str)
def test_every_rule_from_every_layer(rule, through_normalization, rng):
    net = paper_like()
    trace = net.forward(rng.standard_normal((3, *net.input_shape)))
    rule = Rule(*rule, through_normalization=through_normalization)
    for layer in LAYERS:
        units = some_units(net, layer, rng)
        for seed in ("activation", 0.5):
            _, shown = check(net, trace, layer, units, rule=rule, seed=seed)
            assert shown > 1


@pytest.mark.parametrize("rule", ["deconvnet", "gradient", "guided"])
@pytest.mark.parametrize("layer", LAYERS)
def test_float32(layer, rule, rng):
    net = paper_like((29, 44), np.float32)
    trace = net.forward(rng.standard_normal((3, *net.input_shape), np.float32))
    for how in NORMALIZATION:
        units = some_units(net, layer, rng, count=12)
        way = RULES[rule]._replace(through_normalization=how)
        _, shown = check(net, trace, layer, units, 1e-5, rule=way)
        assert shown > 1


ODD = {
    "gaps between windows": [Conv(1, 2, 2, stride=3), ReLU(), MaxPool(2, stride=3), Conv(2, 3, 1)],
    "padded twice": [Conv(1, 2, 3, pad=2), Conv(2, 2, 3, pad=2), ReLU(),
                     Conv(2, 3, 3, stride=2, pad=1)],
    "nothing but padding": [Conv(1, 2, 2, pad=2), ReLU(),
                            MaxPool(3, stride=2, pad=1, ceil=True), Conv(2, 2, 1, pad=1)],
    "pools that hang over": [MaxPool(3, stride=2, ceil=True),
                             MaxPool(4, stride=3, pad=2, ceil=True), Conv(1, 2, 1)],
    "by plain loops": [Conv(1, 2, 3, stride=2, pad=1, method="direct"), ReLU(),
                       ContrastNorm(size=2, alpha=1.0, beta=0.5),
                       Conv(2, 2, 2, pad=1, method="direct")],
}


@small
@pytest.mark.parametrize("title", ODD)
def test_every_unit_of_odd_geometries(title, rng):
    net = build([(f"layer{i}", layer) for i, layer in enumerate(ODD[title], 1)], (1, 16, 13))
    trace = net.forward(rng.standard_normal((2, 1, 16, 13)))
    for layer in net.layers:
        units = np.argwhere(np.ones((2, *net.shapes[layer]), bool))
        for rule in EIGHT[rng.integers(2)::2]:
            some = units[rng.permutation(len(units))[:60]]
            _, shown = check(net, trace, layer, some, rule=Rule(*rule, "gradient"), seed=1)
            assert shown > 1


@small
def test_a_training_pass_goes_down_as_if_relu_and_pool_were_two_layers(rng):
    """With dropout between maps. Nobody has asked the trace for an output before."""
    net = build([("conv1", Conv(1, 3, 3, pad=1)), ("relu1", ReLU()),
                 ("pool1", MaxPool(3, stride=2)), ("drop1", Dropout()),
                 ("conv2", Conv(3, 2, 3, pad=1))], (1, 14, 12))
    x = rng.standard_normal((2, 1, 14, 12))
    training, plain = (net.forward(x, train=True, rng=np.random.default_rng(7), until=until)
                       for until in (None, "conv2"))
    assert (training.saved["drop1"] == 0).any()
    for layer in ("conv2", "pool1", "relu1"):
        units = some_units(net, layer, rng, images=2)
        for rule in RULES:
            projections, shown = check(net, training, layer, units, rule=rule)
            expected = project_many(net, plain, layer, units, rule=rule)
            np.testing.assert_array_equal(projections.boxes, expected.boxes)
            assert shown > 1


def test_the_network_of_the_paper(rng):
    """A few units each, of which the corners stick out; pool5 reaches 171 of 224 pixels."""
    net = models.zfnet().initialize(rng)
    trace = net.forward(rng.standard_normal((1, 3, 224, 224), np.float32), until="pool5")
    sides = {"conv1": 7, "conv2": 27, "conv3": 75, "conv4": 107, "conv5": 139, "pool5": 171}
    for layer, side in sides.items():
        corners = some_units(net, layer, rng, images=1, count=1)[-4::3]
        units = np.array([*corners, strongest(trace, layer, 7)])
        projections, shown = check(net, trace, layer, units, 1e-5, seed=1.0)
        assert projections.boxes.shape == (3, 3, side, side) and shown == 3


@small
@pytest.mark.parametrize("layer, starts", [("pool1", []), ("conv2", []), ("pool2", []),
                                           ("conv3", ["relu2"]), ("flatten", ["flatten"])])
def test_boxes_are_left_where_they_get_as_large_as_the_maps(layer, starts, rng, monkeypatch):
    """From conv3 at relu2: boxes of 4×4 in maps of 4×3."""
    seen, descend = [], many.descend
    monkeypatch.setattr(many, "descend", lambda net, trace, signals, *rest:
                        seen.extend(signals) or descend(net, trace, signals, *rest))
    net = paper_like()
    trace = net.forward(rng.standard_normal((1, *net.input_shape)))
    project_many(net, trace, layer, [(0, 1)] if layer == "flatten" else [(0, 1, 0, 2)])
    assert seen == starts


# ---- boxes and pictures ------------------------------------------------------------------------

@small
@pytest.mark.parametrize("layer", [name for name in LAYERS if name[:2] != "fc"])
def test_a_box_is_the_receptive_field_and_zero_outside_of_the_image(layer, rng):
    net = paper_like()
    trace = net.forward(rng.standard_normal((3, *net.input_shape)))
    units, field = some_units(net, layer, rng), net.receptive_field(layer)
    projections = project_many(net, trace, layer, units, seed=1, rule=(False, True, False))
    sides = [min(field.size, n) for n in (41, 34)] if field else (41, 34)
    assert projections.boxes.shape == (len(units), 2, *sides)
    assert projections.corners.shape == (len(units), 2)
    outside = 0
    for unit, box, corner in zip(units, projections.boxes, projections.corners):
        for axis, (place, first, n, side) in enumerate(zip(unit[2:], corner, (41, 34), sides)):
            inside = field and field.size < n
            assert first == (field.start + field.stride * place if inside else 0)
            beyond = [i for i in range(side) if not 0 <= first + i < n]
            assert not np.take(box, beyond, axis=axis + 1).any()
            outside += len(beyond)
    assert outside > 0 or not field or field.size >= 34 or field.start == 0


@small
def test_a_picture_is_the_box_at_its_corner(rng):
    net = build([("conv1", Conv(1, 2, 3, pad=1))], (1, 6, 7))
    trace = net.forward(rng.standard_normal((1, 1, 6, 7)))
    projections = project_many(net, trace, "conv1", [(0, 1, 0, 6), (0, 0, 2, 3)], seed=1)
    w = net.parameters["conv1.w"]
    np.testing.assert_array_equal(projections.corners, [[-1, 5], [1, 2]])
    seen = np.where([[0, 0, 0], [1, 1, 0], [1, 1, 0]], w[1, 0], 0)
    np.testing.assert_array_equal(projections.boxes[0, 0], seen)
    np.testing.assert_array_equal(projections.boxes[1, 0], w[0, 0])
    expected = np.zeros((1, 6, 7))
    expected[0, :2, 5:] = w[1, 0, 1:, :2]
    np.testing.assert_array_equal(projections[0], expected)


@pytest.fixture
def five():
    """Five projections of 2×3 pixels in two channels, at places of their own in 4×6."""
    values = np.arange(5 * 2 * 2 * 3, dtype=np.float32).reshape(5, 2, 2, 3)
    return Projections(values, np.array([[0, 0], [2, 3], [-1, 2], [1, -2], [3, 5]]), [4, 6])


@small
def test_pictures_one_by_one_and_several(five):
    """As of a list, but that a slice gives an array (M, C, H, W)."""
    pictures = list(five)
    assert len(five) == len(pictures) == 5 and five[1].shape == (2, 4, 6)
    np.testing.assert_array_equal(five[1][:, 2:, 3:], five.boxes[1])
    assert np.count_nonzero(five[1]) == 12 and np.count_nonzero(five[4]) == 2
    for m in range(5):
        np.testing.assert_array_equal(five[m], pictures[m], strict=True)
        np.testing.assert_array_equal(five[m - 5], pictures[m], strict=True)
        np.testing.assert_array_equal(five[np.int32(m)], pictures[m], strict=True)
    for part in (slice(None), slice(3), slice(1, 4), slice(-2, None), slice(None, None, -1),
                 slice(4, 1, -2), slice(2, 99)):
        np.testing.assert_array_equal(five[part], np.array(pictures)[part], strict=True)
    assert five[3:3].shape == (0, 2, 4, 6)


@small
def test_what_is_no_number_of_a_projection(five):
    for m in (5, -6, 99):
        with pytest.raises(IndexError, match=f"no projection {m}: there are 5"):
            five[m]
    for m in (1.0, "1", None, True, (0, 1)):
        with pytest.raises(TypeError, match="number of a projection must be an integer, not "):
            five[m]


@small
def test_projections_say_what_they_hold(five):
    assert repr(five) == "5 projections, boxes of 2×3 pixels in images of 2×4×6; p[m] is picture m"


# ---- many --------------------------------------------------------------------------------------

@small
@pytest.mark.parametrize("layer, largest", [("conv1", 2 * 4 * 4), ("pool1", 2 * 8 * 8),
                                            ("conv2", 2 * 16 * 16), ("conv3", 2 * 41 * 34),
                                            ("fc5", 2 * 41 * 34)])
def test_units_go_down_in_chunks_of_bounded_size(layer, largest, rng, monkeypatch):
    """As many as have their largest arrays, here the pixels, within CHUNK_NBYTES; one at least."""
    net = paper_like()
    trace = net.forward(rng.standard_normal((3, *net.input_shape)))
    units = some_units(net, layer, rng, count=16)
    expected = project_many(net, trace, layer, units).boxes
    counts, go_down = [], many.descend_in_boxes
    monkeypatch.setattr(many, "descend_in_boxes", lambda net, trace, layer, values, *rest:
                        counts.append(len(values)) or go_down(net, trace, layer, values, *rest))
    for limit, count in ((5 * 8 * largest, 5), (1, 1)):
        counts.clear()
        monkeypatch.setattr(many, "CHUNK_NBYTES", limit)
        found = project_many(net, trace, layer, units).boxes
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
        assert max(counts) == count and sum(counts) == len(units)
        assert len(counts) == ceil_div(len(units), count)


class Own(ReLU):
    """A layer of one's own, which goes down in whole maps."""


@small
@pytest.mark.parametrize("layers, largest", [
    # boxes of 1, 3, 5 pixels a side; the pixels are the largest array
    ([Conv(2, 4, 3), ReLU(), Conv(4, 2, 3)], 2 * 5 * 5),
    # from the second layer on whole maps: 4 of 18×14, and 2 of 20×16 pixels
    ([Conv(2, 4, 3), Own(), Conv(4, 2, 3)], 4 * 18 * 14),
    # the last layer itself: its output is a whole map already
    ([Conv(2, 8, 3), ReLU(), Own()], 8 * 18 * 14)], ids=["known", "own", "own and last"])
def test_the_largest_array_where_a_layer_of_ones_own_needs_whole_maps(layers, largest, rng):
    net = build([(f"layer{i}", layer) for i, layer in enumerate(layers, 1)], (2, 20, 16))
    assert many.largest_array(net, "layer3") == largest
    trace = net.forward(rng.standard_normal((2, 2, 20, 16)))
    _, shown = check(net, trace, "layer3", some_units(net, "layer3", rng, images=2), seed=1)
    assert shown > 1


@small
@pytest.mark.parametrize("layer", ["conv2", "conv3", "fc4"])
def test_no_units(layer, rng):
    net = paper_like()
    trace = net.forward(rng.standard_normal((1, *net.input_shape)))
    for units in ([], np.empty((0, 1 + len(net.shapes[layer])), int)):
        projections = project_many(net, trace, layer, units)
        assert projections.boxes.ndim == 4 and projections.corners.shape == (0, 2)
        assert len(projections) == 0 and list(projections) == []
        assert projections[:].shape == (0, 2, 41, 34) and repr(projections).startswith("0 proj")


@small
def test_what_top_activations_finds_can_be_projected(rng):
    net = paper_like()
    x = rng.standard_normal((4, *net.input_shape))
    for layer, top in top_activations(net, x, ["conv2", "fc5"], 2).items():
        units = top.units.reshape(-1, top.units.shape[2])
        _, shown = check(net, net.forward(x), layer, units)
        assert shown > 2


# ---- what is refused ---------------------------------------------------------------------------

@small
@pytest.mark.parametrize("layer, arguments, words", [
    ("conv9", {}, ["no layer 'conv9'"]),
    ("conv2", {"units": [(0, 1)]}, ["units of conv2 must be integers (M, 4), one "
                                    "(n, channel, row, column) per row, not int64 (1, 2)"]),
    ("conv2", {"units": (0, 1, 0, 0)}, ["must be integers (M, 4)", "(4,)"]),
    ("conv2", {"units": [(0, 1, 0, 0.5)]}, ["must be integers (M, 4)", "not float64 (1, 4)"]),
    ("fc4", {"units": [(0, 1, 0, 0)]}, ["must be integers (M, 2), one (n, feature) per row"]),
    ("conv2", {"units": [(0, 0, 0, 0), (0, 4, 0, 0)]},
     ["units[1], (0, 4, 0, 0), is outside of conv2, whose output is (1, 4, 4, 3)",
      "counts from 0"]),
    ("conv2", {"units": [(0, 0, -1, 0)]}, ["units[0], (0, 0, -1, 0), is outside of conv2"]),
    ("conv2", {"units": [(1, 0, 0, 0)]}, ["outside of conv2"]),
    ("fc4", {"units": [(0, 6)]}, ["units[0], (0, 6), is outside of fc4, whose output is (1, 6)"]),
    ("conv2", {"rule": "backprop"}, ["rule must be one of deconvnet"]),
    ("conv2", {"rule": (1, 1, 1, 1, 1)}, ["a Rule, or three booleans"]),
    ("conv2", {"rule": Rule(True, True, True, None)}, ["through_normalization must be"]),
    ("conv2", {"seed": np.nan}, ["seed must be 'activation' or a finite number, not nan"]),
])
def test_project_many_says_what_is_wrong(layer, arguments, words, rng):
    net = paper_like()
    trace = net.forward(rng.standard_normal((1, *net.input_shape)))
    with pytest.raises(ValueError, match=".*".join(map(re.escape, words))):
        project_many(net, trace, layer, **{"units": [(0, 0, 0, 0)], **arguments})


@small
def test_a_trace_of_another_network(rng):
    trace = paper_like((41, 30)).forward(rng.standard_normal((1, 2, 41, 30)))
    with pytest.raises(ValueError, match="the trace is of another network"):
        project_many(paper_like(), trace, "conv2", [(0, 0, 0, 0)])
