"""Nets of general/layers.py: cones, many projections at once, occlusion, training.

The nets have rectangles, dilation, groups, unequal padding, and branches that meet again.
"""
import numpy as np
import pytest

from numpyzf.deconvnet import RULES, project
from numpyzf.general import layers
from numpyzf.layers import Conv, Dropout, Flatten, Linear, MaxPool, ReLU
from numpyzf.look.many import project_many, top_activations
from numpyzf.look.occlusion import occlude, places
from numpyzf.network import Network
from numpyzf.training import Recipe, State, train_step

pytestmark = pytest.mark.small


def chain():
    return [("pad", layers.Pad((0, 0, 1, 1), 0.5)),
            ("conv1", layers.GeneralConv(2, 4, (3, 2), stride=(2, 1), pad=(1, 0, 0, 1), groups=2)),
            ("norm1", layers.BatchNorm(4)), ("relu1", layers.ClippedReLU(0.0, 2.0)),
            ("pool1", layers.GeneralMaxPool((2, 3), stride=(1, 2), pad=(0, 1, 1, 1))),
            ("conv2", layers.GeneralConv(4, 4, 3, pad=(2, 2, 1, 2), dilation=(1, 2), groups=4)),
            ("relu2", layers.LeakyReLU(0.1)), ("mean2", layers.AveragePool(2, stride=2, ceil=True)),
            ("flatten", Flatten()), ("fc3", Linear(64, 3)), ("softmax", layers.Softmax())]


def inception():
    """Four ways side by side, two of them rectangles; then a sum with what is pooled."""
    return [("conv1", Conv(2, 4, 3)), ("relu1", ReLU()), ("pool1", MaxPool(2, stride=2)),
            ("row", layers.GeneralConv(4, 2, (1, 3), pad=(0, 1, 0, 1)), "pool1"),
            ("column", layers.GeneralConv(2, 2, (3, 1), pad=(1, 0, 1, 0))), ("relu2", ReLU()),
            ("wide", layers.GeneralConv(4, 4, 3, pad=2, dilation=2, groups=2), "pool1"),
            ("most", layers.GeneralMaxPool(3, stride=1, pad=1), "pool1"),
            ("mean", layers.AveragePool(3, stride=1, pad=1, count_pad=True), "pool1"),
            ("all", layers.Concat(), ("relu2", "wide", "most", "mean")),
            ("conv3", layers.GeneralConv(14, 4, 1)), ("sum", layers.Add(), ("conv3", "pool1")),
            ("relu3", ReLU()), ("global", layers.GlobalAveragePool()), ("flatten", Flatten())]


def build(make, rectified=True, dtype=np.float64):
    """A net with random parameters; without rectification, a dropout that doesn't drop instead."""
    kinds = ReLU, layers.ClippedReLU, layers.LeakyReLU
    entries = [(name, Dropout() if isinstance(layer, kinds) and not rectified else layer, *inputs)
               for name, layer, *inputs in make()]
    net, rng = Network(entries, (2, 14, 13)).astype(dtype), np.random.default_rng(5)
    for value in net.parameters.values():
        value[...] = rng.standard_normal(value.shape) / np.sqrt(value[0].size)
    return net


both = pytest.mark.parametrize("make", [chain, inception])


@both
@pytest.mark.parametrize("rule", RULES)
def test_a_projection_is_zero_outside_of_the_cone(make, rule, rng):
    net, cut = build(make), 0
    trace = net.forward(rng.standard_normal((1, *net.input_shape)))
    for name in net.layers:
        if len(net.shapes[name]) != 3:
            continue
        channels, height, width = net.shapes[name]
        for row, column in np.ndindex(height, width):
            down = project(net, trace, name, (0, (row + column) % channels, row, column),
                           rule=rule, seed=1.0)
            outside = np.ones(net.input_shape[1:], bool)
            outside[net.cone(name, row, column)] = False
            assert not down[:, outside].any(), (name, row, column)
            cut += outside.any()
    assert cut > 200


@both
def test_a_cone_is_what_a_unit_sees(make, rng):
    """All pixels from the first with a gradient to the last, over many images for their switches.
    """
    net = build(make, rectified=False)
    for name in net.layers:
        if len(net.shapes[name]) != 3 or net.receptive_field(name) is None:
            continue
        row, column = (n // 2 for n in net.shapes[name][1:])
        seen = np.zeros(net.input_shape[1:], bool)
        for _ in range(40):
            trace = net.forward(rng.standard_normal((1, *net.input_shape)))
            dy = np.zeros_like(trace[name])
            dy[:, :, row, column] = rng.standard_normal(dy.shape[1])
            seen |= net.backward(trace, dy, layer=name, wrt_input=True)["input"][0].any(axis=0)
        for axis, side in enumerate(net.cone(name, row, column)):
            pixels = np.flatnonzero(seen.any(axis=1 - axis))
            assert (pixels[0], pixels[-1] + 1) == (side.start, side.stop), name


@both
@pytest.mark.parametrize("rule", RULES)
def test_many_units_are_projected_as_one_by_one(make, rule, rng):
    net, shown = build(make), 0
    trace = net.forward(rng.standard_normal((2, *net.input_shape)))
    for name in net.layers:
        units = np.argwhere(trace[name])[::29]
        for picture, unit in zip(project_many(net, trace, name, units, rule=rule), units):
            one = project(net, trace, name, tuple(unit), rule=rule)
            np.testing.assert_allclose(picture, one, rtol=1e-11, atol=1e-13)
            shown += one.any()
    assert shown > 40


@both
def test_without_rectification_a_projection_is_the_gradient(make, rng):
    net = build(make, rectified=False)
    trace = net.forward(rng.standard_normal((1, *net.input_shape)))
    for name in net.layers:
        if name == "softmax":               # which is no rectification, and not linear
            continue
        unit = tuple(n // 2 for n in trace[name].shape)
        dy = np.zeros_like(trace[name])
        dy[unit] = trace[name][unit]
        gradient = net.backward(trace, dy, layer=name, wrt_input=True)["input"][unit[0]]
        for rule in RULES:
            np.testing.assert_allclose(project(net, trace, name, unit, rule=rule), gradient,
                                       rtol=1e-11, atol=1e-14)


@both
def test_occlusion_is_that_of_covered_images(make, rng):
    net = build(make)
    x, (height, width) = rng.standard_normal(net.input_shape), net.input_shape[1:]
    tops, lefts = places(height, 4, 3), places(width, 4, 3)
    names = [name for name in net.layers if len(net.shapes[name]) == 3]
    result = occlude(net, x, size=4, tops=tops, lefts=lefts, value=0.5, sums=names)
    for i, j in np.ndindex(len(tops), len(lefts)):
        top, left = tops[i], lefts[j]
        covered = x.copy()
        covered[:, top:top + 4, left:left + 4] = 0.5
        trace = net.forward(covered)
        np.testing.assert_allclose(result.scores[i, j], trace.scores[0], rtol=1e-11)
        for name in names:
            np.testing.assert_allclose(result.sums[name][i, j], trace[name][0].sum(axis=(1, 2)),
                                       rtol=1e-10, atol=1e-11)


@both
def test_a_training_step_changes_every_parameter(make, rng):
    net = build(make, dtype=np.float32)
    before = {name: value.copy() for name, value in net.parameters.items()}
    x = rng.standard_normal((4, *net.input_shape), np.float32)
    train_step(State(net, rng, 0.1), x, np.array([0, 2, 1, 1]), 0.1, Recipe())
    for name, value in net.parameters.items():
        assert (value != before[name]).any(), name


@both
def test_the_table_of_a_net(make):
    net = build(make)
    text = str(net)
    assert all(repr(layer) in text for layer in net.layers.values())


def test_the_strongest_units_of_a_branch(rng):
    net, x = build(inception), rng.standard_normal((5, 2, 14, 13))
    found = top_activations(net, x, "all", 2, batch=2)["all"]
    maps = net.forward(x)["all"]
    np.testing.assert_allclose(found.values[:, 0], maps.max(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_array_equal(maps[tuple(found.units[:, 0].T)], found.values[:, 0])
