"""All eight rules of the way down, against a second implementation that shares no code with layers.py and deconvnet.py.

It is written from the paper with the literal loops of reference.py, and slow. Each rule is three booleans: (forward ReLU
mask?, pooling switches?, backward ReLU?). deconvnet = (no, yes, yes), gradient = (yes, yes, no), guided = (yes, yes, yes).
"""
import numpy as np
import pytest

from numpyzf import reference
from numpyzf.deconvnet import RULES, project
from numpyzf.layers import ContrastNorm, Conv, Flatten, Linear, MaxPool, ReLU
from numpyzf.network import Network

pytestmark = pytest.mark.small
EIGHT = [tuple(map(bool, rule)) for rule in np.ndindex(2, 2, 2)]
NORM = dict(size=3, alpha=2.0, beta=0.75, k=1.0)


@pytest.fixture(scope="module")
def net():
    """Overlapping windows that hang over the edge, a padded pool, strides, and fully connected layers; 8×9 pixels."""
    net = Network([("conv1", Conv(1, 2, 3, pad=1)), ("relu1", ReLU()), ("pool1", MaxPool(3, stride=2, ceil=True)),
                   ("norm1", ContrastNorm(**NORM)), ("conv2", Conv(2, 3, 2, stride=1)), ("relu2", ReLU()),
                   ("pool2", MaxPool(2, stride=1, pad=1)), ("flatten", Flatten()), ("fc3", Linear(48, 4)), ("relu3", ReLU()),
                   ("fc4", Linear(4, 2))], (1, 8, 9)).astype(np.float64)
    rng = np.random.default_rng(7)
    for value in net.parameters.values():
        value[...] = rng.standard_normal(value.shape)
    return net


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(6).standard_normal((2, 1, 8, 9))


@pytest.fixture(scope="module")
def outputs(net, x):
    """What each layer gave on the way up, "input" first."""
    trace = net.forward(x)
    return {name: trace[name] for name in net.shapes}


def slow_project(net, outputs, layer, unit, rule, through_normalization):
    """Seed the unit with its activation, all else zero, and go down, one layer after the other."""
    forward_mask, switches, backward_relu = rule
    image = slice(unit[0], unit[0] + 1)
    r = np.zeros_like(outputs[layer][image])
    r[(0, *unit[1:])] = outputs[layer][unit]
    names = list(outputs)
    for name, before in reversed(list(zip(names[1:names.index(layer) + 1], names))):
        x, kind = outputs[before][image], name[:4]
        if kind == "conv":
            windows = {"conv1": dict(stride=1, pad=1), "conv2": dict(stride=1, pad=0)}[name]
            r = reference.conv_transpose(r, net.parameters[name + ".w"], size=x.shape[2:], **windows)
        elif kind == "relu":
            if backward_relu:
                r = reference.relu_forward(r)
            if forward_mask:
                r = reference.relu_backward(r, x)
        elif kind == "pool":
            windows = {"pool1": dict(size=3, stride=2, ceil=True), "pool2": dict(size=2, stride=1, pad=1)}[name]
            _, index = reference.max_pool_forward(x, **windows)
            r = reference.unpool(r, index if switches else middles(index, x.shape, **windows), x.shape)
        elif kind == "norm" and through_normalization == "gradient":
            r = reference.contrast_norm_backward(r, x, **NORM)
        elif kind == "flat":
            r = r.reshape(x.shape)
        elif kind[:2] == "fc":
            r = np.array([[sum(r[0, o] * w for o, w in enumerate(column)) for column in net.parameters[name + ".w"].T]])
    return r[0]


def middles(index, x_shape, size, stride, pad=0, ceil=False):
    """The middle pixel of each window; of an even size, the one after the middle. Cut at the last row and column."""
    index = index.copy()
    for n, c, p, q in np.ndindex(index.shape):
        row, column = (min(i * stride - pad + size // 2, n - 1) for i, n in zip((p, q), x_shape[2:]))
        index[n, c, p, q] = row * x_shape[3] + column
    return index


@pytest.mark.parametrize("through_normalization", ["identity", "gradient"])
@pytest.mark.parametrize("rule", EIGHT, ids=str)
def test_every_rule_from_every_layer(net, x, outputs, rule, through_normalization):
    trace = net.forward(x)
    for layer in net.layers:
        for place in (np.argmax, np.argmin):            # the strongest unit, and (but behind a ReLU) the most negative
            unit = np.unravel_index(place(outputs[layer]), outputs[layer].shape)
            expected = slow_project(net, outputs, layer, unit, rule, through_normalization)
            down = project(net, trace, layer, unit=unit, rule=rule, through_normalization=through_normalization)
            np.testing.assert_allclose(down, expected, rtol=1e-11, atol=1e-12)


def test_the_eight_rules_give_eight_pictures(net, x):
    trace = net.forward(x)
    pictures = [project(net, trace, "fc4", unit=(0, 1), rule=rule) for rule in EIGHT]
    assert all(np.abs(a - b).max() > 0.5 * np.abs(a).max() > 0 for i, a in enumerate(pictures) for b in pictures[:i])


@pytest.mark.parametrize("name, rule", [("deconvnet", (False, True, True)), ("gradient", (True, True, False)), ("guided", (True, True, True))])
def test_rules_with_a_name(net, x, name, rule):
    trace = net.forward(x)
    by_name, by_choices = (project(net, trace, "fc4", unit=(0, 1), rule=how) for how in (name, rule))
    np.testing.assert_array_equal(by_name, by_choices)
    assert set(RULES) == {"deconvnet", "gradient", "guided"}


def test_middles_by_hand():
    """3×3 windows, two apart, on 4×4 pixels; the last ones hang over, their middles lie at the edge."""
    net = Network([("conv1", Conv(1, 1, 1)), ("pool1", MaxPool(3, stride=2, ceil=True))], (1, 4, 4))
    net.parameters["conv1.w"][...] = 1
    trace = net.forward(np.zeros((1, 1, 4, 4), np.float32))
    everything = (0, 0, slice(None), slice(None))
    down = project(net, trace, "pool1", unit=everything, rule=(False, False, False), seed=1)
    np.testing.assert_array_equal(down[0], [[0, 0, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0], [0, 1, 0, 1]])
    down = project(net, trace, "pool1", unit=everything, seed=1)        # a tie everywhere: the switches point at first pixels
    np.testing.assert_array_equal(down[0], [[1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]])
