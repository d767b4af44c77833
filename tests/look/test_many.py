"""Projecting many units at once, in windows: the same pixels as one by one, whatever the layer, the rule and the place."""
import re

import numpy as np
import pytest

from numpyzf import models
from numpyzf.deconvnet import project
from numpyzf.look import many
from numpyzf.look.many import project_many
from numpyzf.layers import ContrastNorm, Conv, Dropout, Flatten, Linear, MaxPool, ReLU
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
    """All of the paper's stages: strides, paddings, overlapping pools that hang over the edge; from conv3 on a field larger than the image."""
    stem = [("conv1", Conv(2, 3, 4, stride=2, pad=1)), ("relu1", ReLU()), ("pool1", MaxPool(3, stride=2, ceil=True)),
            ("norm1", ContrastNorm(size=3, alpha=0.5)), ("conv2", Conv(3, 4, 3, stride=2)), ("relu2", ReLU()),
            ("pool2", MaxPool(2, stride=1, pad=1)), ("conv3", Conv(4, 5, 3, pad=1)), ("relu3", ReLU()), ("flatten", Flatten())]
    features, = Network(stem, (2, *size)).shapes["flatten"]
    return build([*stem, ("fc4", Linear(features, 6)), ("relu4", ReLU()), ("drop4", Dropout()), ("fc5", Linear(6, 3))], (2, *size), dtype)


LAYERS = list(paper_like().layers)


def some_units(net, layer, rng, images=3, count=6):
    """Random units of random images, one of them twice, and behind it the map's four corners, in some channel each."""
    shape = (images, *net.shapes[layer])
    units = [[rng.integers(n) for n in shape] for _ in range(count)]
    corners = [[rng.integers(images), rng.integers(shape[1]), row, column] for row in (0, -1 % shape[2]) for column in (0, -1 % shape[3])] \
        if len(shape) == 4 else []
    return np.array([*units, units[0], *corners])


def check(net, trace, layer, units, tolerance=1e-12, **how):
    """Every picture against project's; returns the Projections and how many pictures hold something."""
    many, shown = project_many(net, trace, layer, units, **how), 0
    assert len(many) == len(units) and many.size == net.input_shape[1:] and many.windows.dtype == net.dtype
    for m, unit in enumerate(units):
        one = project(net, trace, layer, tuple(unit), **how)
        np.testing.assert_allclose(many[m], one, rtol=0, atol=tolerance * np.abs(one).max(), err_msg=f"unit {unit}", strict=True)
        shown += one.any()
    return many, shown


# ---- the same as one by one --------------------------------------------------------------------

@pytest.mark.parametrize("through_normalization", NORMALIZATION)
@pytest.mark.parametrize("rule", EIGHT, ids=str)
def test_every_rule_from_every_layer(rule, through_normalization, rng):
    net = paper_like()
    trace = net.forward(rng.standard_normal((3, *net.input_shape)))
    for layer in LAYERS:
        units = some_units(net, layer, rng)
        for seed in ("activation", 0.5):
            _, shown = check(net, trace, layer, units, rule=rule, through_normalization=through_normalization, seed=seed)
            assert shown > 1


@pytest.mark.parametrize("rule", ["deconvnet", "gradient", "guided"])
@pytest.mark.parametrize("layer", LAYERS)
def test_float32(layer, rule, rng):
    net = paper_like((29, 44), np.float32)
    trace = net.forward(rng.standard_normal((3, *net.input_shape), np.float32))
    for how in NORMALIZATION:
        _, shown = check(net, trace, layer, some_units(net, layer, rng, count=12), 1e-5, rule=rule, through_normalization=how)
        assert shown > 1


ODD = {
    "gaps between windows": [Conv(1, 2, 2, stride=3), ReLU(), MaxPool(2, stride=3), Conv(2, 3, 1)],
    "padded twice": [Conv(1, 2, 3, pad=2), Conv(2, 2, 3, pad=2), ReLU(), Conv(2, 3, 3, stride=2, pad=1)],
    "nothing but padding": [Conv(1, 2, 2, pad=2), ReLU(), MaxPool(3, stride=2, pad=1, ceil=True), Conv(2, 2, 1, pad=1)],
    "pools that hang over": [MaxPool(3, stride=2, ceil=True), MaxPool(4, stride=3, pad=2, ceil=True), Conv(1, 2, 1)],
    "by plain loops": [Conv(1, 2, 3, stride=2, pad=1, method="direct"), ReLU(), ContrastNorm(size=2, alpha=1.0, beta=0.5),
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
            _, shown = check(net, trace, layer, units[rng.permutation(len(units))[:60]], rule=rule, seed=1, through_normalization="gradient")
            assert shown > 1


@small
def test_dropout_between_maps_in_training(rng):
    net = build([("conv1", Conv(1, 3, 3, pad=1)), ("drop1", Dropout()), ("conv2", Conv(3, 2, 3, pad=1))], (1, 12, 12))
    trace = net.forward(rng.standard_normal((2, 1, 12, 12)), train=True, rng=rng)
    for name in net.layers:
        trace.outputs[name] = np.ones((2, *net.shapes[name]))       # a training pass doesn't keep what it put out
    assert (trace.saved["drop1"] == 0).any()
    check(net, trace, "conv2", some_units(net, "conv2", rng, images=2), seed=1)


@small
def test_a_layer_that_knows_no_windows_goes_down_in_whole_maps(rng):
    class Twice:
        params, window, output_shape = {}, ReLU.window, ReLU.output_shape

        def forward(self, x, train=False, rng=None):
            return 2 * x, None

        def project(self, r, saved, images, rule):
            return 2 * r

    net = build([("conv1", Conv(1, 3, 3, pad=1)), ("twice", Twice()), ("conv2", Conv(3, 2, 3, pad=1))], (1, 12, 12))
    trace = net.forward(rng.standard_normal((2, 1, 12, 12)))
    for layer in ("twice", "conv2"):
        _, shown = check(net, trace, layer, some_units(net, layer, rng, images=2))
        assert shown > 1


def test_the_network_of_the_paper(rng):
    """A few units each, of which the corners stick out; conv5 and pool5 reach 139 and 171 of 224 pixels."""
    net = models.zfnet().initialize(rng)
    trace = net.forward(rng.standard_normal((1, 3, 224, 224), np.float32), until="pool5")
    for layer, side in {"conv1": 7, "conv2": 27, "conv3": 75, "conv4": 107, "conv5": 139, "pool5": 171}.items():
        corners = some_units(net, layer, rng, images=1, count=1)[-4::3]
        strongest = many.strongest(trace, layer, 7)
        many, shown = check(net, trace, layer, np.array([*corners, strongest]), 1e-5, seed=1.0)
        assert many.windows.shape == (3, 3, side, side) and shown == 3


@small
@pytest.mark.parametrize("layer, start", [("pool1", None), ("conv2", None), ("pool2", None), ("conv3", "relu2"), ("flatten", "flatten")])
def test_windows_are_left_where_they_get_as_large_as_the_maps(layer, start, rng, monkeypatch):
    """From conv3 at relu2: windows of 4×4 in maps of 4×3."""
    starts, descend = [], many.descend
    monkeypatch.setattr(deconvnet, "descend", lambda net, trace, layer, *rest: starts.append(layer) or descend(net, trace, layer, *rest))
    net = paper_like()
    project_many(net, net.forward(rng.standard_normal((1, *net.input_shape))), layer, [(0, 1, 0, 2) if start != "flatten" else (0, 1)])
    assert starts == [start] * (start is not None)


# ---- windows -----------------------------------------------------------------------------------

@small
@pytest.mark.parametrize("layer", [name for name in LAYERS if name[:2] != "fc"])
def test_a_window_is_the_receptive_field_and_zero_outside_of_the_image(layer, rng):
    net = paper_like()
    trace = net.forward(rng.standard_normal((3, *net.input_shape)))
    units, field = some_units(net, layer, rng), net.receptive_field(layer)
    many = project_many(net, trace, layer, units, seed=1, rule=(False, True, False))
    sides = [min(field.size, n) for n in (41, 34)] if field else (41, 34)
    assert many.windows.shape == (len(units), 2, *sides) and many.corners.shape == (len(units), 2)
    outside = 0
    for unit, window, corner in zip(units, many.windows, many.corners):
        for axis, (place, first, n, side) in enumerate(zip(unit[2:], corner, (41, 34), sides)):
            assert first == (field.start + field.stride * place if field and field.size < n else 0)
            beyond = [i for i in range(side) if not 0 <= first + i < n]
            assert not np.take(window, beyond, axis=axis + 1).any()
            outside += len(beyond)
    assert outside > 0 or not field or field.size >= 34 or field.start == 0


@small
def test_a_picture_is_the_window_at_its_corner(rng):
    net = build([("conv1", Conv(1, 2, 3, pad=1))], (1, 6, 7))
    trace = net.forward(rng.standard_normal((1, 1, 6, 7)))
    many = project_many(net, trace, "conv1", [(0, 1, 0, 6), (0, 0, 2, 3)], seed=1)
    w = net.parameters["conv1.w"]
    np.testing.assert_array_equal(many.corners, [[-1, 5], [1, 2]])
    np.testing.assert_array_equal(many.windows[0, 0], np.where([[0, 0, 0], [1, 1, 0], [1, 1, 0]], w[1, 0], 0))
    np.testing.assert_array_equal(many.windows[1, 0], w[0, 0])
    expected = np.zeros((1, 6, 7))
    expected[0, :2, 5:] = w[1, 0, 1:, :2]
    np.testing.assert_array_equal(many[0], expected)
    pictures = list(many)
    assert len(pictures) == 2
    np.testing.assert_array_equal(pictures[1], many[-1])


# ---- many --------------------------------------------------------------------------------------

@small
@pytest.mark.parametrize("layer, largest", [("conv1", 2 * 4 * 4), ("pool1", 2 * 8 * 8), ("conv2", 2 * 16 * 16), ("conv3", 2 * 41 * 34),
                                            ("fc5", 2 * 41 * 34)])
def test_units_go_down_in_chunks_of_bounded_size(layer, largest, rng, monkeypatch):
    """As many at a time as have their largest arrays, here the pixels, within CHUNK_BYTES; one at least."""
    net = paper_like()
    trace = net.forward(rng.standard_normal((3, *net.input_shape)))
    units = some_units(net, layer, rng, count=16)
    expected = project_many(net, trace, layer, units).windows
    sizes, go_down = [], many._descend_in_windows
    monkeypatch.setattr(deconvnet, "_descend_in_windows", lambda net, trace, layer, values, *rest:
                        sizes.append(len(values)) or go_down(net, trace, layer, values, *rest))
    for limit, size in ((5 * 8 * largest, 5), (1, 1)):
        sizes.clear()
        monkeypatch.setattr(deconvnet, "CHUNK_BYTES", limit)
        np.testing.assert_allclose(project_many(net, trace, layer, units).windows, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
        assert max(sizes) == size and sum(sizes) == len(units) and len(sizes) == -(-len(units) // size)


@small
@pytest.mark.parametrize("layer", ["conv2", "conv3", "fc4"])
def test_no_units(layer, rng):
    net = paper_like()
    trace = net.forward(rng.standard_normal((1, *net.input_shape)))
    for units in ([], np.empty((0, 1 + len(net.shapes[layer])), int)):
        many = project_many(net, trace, layer, units)
        assert len(many) == 0 and many.windows.ndim == 4 and many.corners.shape == (0, 2) and list(many) == []


@small
def test_what_top_activations_finds_can_be_projected(rng):
    net = paper_like()
    x = rng.standard_normal((4, *net.input_shape))
    for layer in ("conv2", "fc5"):
        top = many.top_activations(net, x, layer, 2)
        many, shown = check(net, net.forward(x), layer, top.units.reshape(-1, top.units.shape[2]))
        assert shown > 2


# ---- what is refused ---------------------------------------------------------------------------

@small
@pytest.mark.parametrize("layer, arguments, words", [
    ("conv9", {}, ["no layer 'conv9'"]),
    ("conv2", {"units": [(0, 1)]}, ["units of conv2 must be integers (M, 4), one (n, channel, row, column) per row, not int64 (1, 2)"]),
    ("conv2", {"units": (0, 1, 0, 0)}, ["must be integers (M, 4)", "(4,)"]),
    ("conv2", {"units": [(0, 1, 0, 0.5)]}, ["must be integers (M, 4)", "not float64 (1, 4)"]),
    ("fc4", {"units": [(0, 1, 0, 0)]}, ["must be integers (M, 2), one (n, feature) per row"]),
    ("conv2", {"units": [(0, 0, 0, 0), (0, 4, 0, 0)]}, ["units[1], (0, 4, 0, 0), is outside of conv2, whose output is (1, 4, 4, 3)", "counts from 0"]),
    ("conv2", {"units": [(0, 0, -1, 0)]}, ["units[0], (0, 0, -1, 0), is outside of conv2"]),
    ("conv2", {"units": [(1, 0, 0, 0)]}, ["outside of conv2"]),
    ("fc4", {"units": [(0, 6)]}, ["units[0], (0, 6), is outside of fc4, whose output is (1, 6)"]),
    ("conv2", {"rule": "backprop"}, ["rule must be one of deconvnet"]),
    ("conv2", {"through_normalization": None}, ["through_normalization must be"]),
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
