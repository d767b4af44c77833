"""All eight rules of the way down, against a second implementation.

It shares no code with layers.py and deconvnet.py: it is written from the paper with the literal
loops of reference.py, and slow. Each rule is three booleans: (forward ReLU mask?, pooling
switches?, backward ReLU?). deconvnet = (no, yes, yes), gradient = (yes, yes, no), guided = (yes,
yes, yes).
"""
import itertools

import numpy as np
import pytest

from numpyzf import reference
from numpyzf.deconvnet import RULES, project
from numpyzf.layers import ContrastNorm, Conv, Flatten, Linear, MaxPool, ReLU, Rule
from numpyzf.network import Network

pytestmark = pytest.mark.small
EIGHT = [tuple(map(bool, rule)) for rule in np.ndindex(2, 2, 2)]
NORM = dict(size=3, alpha=2.0, beta=0.75, k=1.0)


@pytest.fixture(scope="module")
def net():
    """Overlapping windows that hang over the edge, a padded pool, fully connected; 8×9 pixels."""
    net = Network([("conv1", Conv(1, 2, 3, pad=1)), ("relu1", ReLU()),
                   ("pool1", MaxPool(3, stride=2, ceil=True)), ("norm1", ContrastNorm(**NORM)),
                   ("conv2", Conv(2, 3, 2, stride=1)), ("relu2", ReLU()),
                   ("pool2", MaxPool(2, stride=1, pad=1)), ("flatten", Flatten()),
                   ("fc3", Linear(48, 4)), ("relu3", ReLU()),
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
            w = net.parameters[name + ".w"]
            r = reference.conv_transpose(r, w, size=x.shape[2:], **windows)
        elif kind == "relu":
            if backward_relu:
                r = reference.relu_forward(r)
            if forward_mask:
                r = reference.relu_backward(r, x)
        elif kind == "pool":
            windows = {"pool1": dict(size=3, stride=2, ceil=True),
                       "pool2": dict(size=2, stride=1, pad=1)}[name]
            _, index = reference.max_pool_forward(x, **windows)
            if not switches:
                index = middles(index, x.shape, **windows)
            r = reference.unpool(r, index, x.shape)
        elif kind == "norm" and through_normalization == "gradient":
            r = reference.contrast_norm_backward(r, x, **NORM)
        elif kind == "flat":
            r = r.reshape(x.shape)
        elif kind[:2] == "fc":
            columns = net.parameters[name + ".w"].T
            r = np.array([[sum(r[0, o] * w for o, w in enumerate(column)) for column in columns]])
    return r[0]


def middles(index, x_shape, size, stride, pad=0, ceil=False):
    """The middle pixel of each window; of an even size, the one after the middle.

    Cut at the last row and column.
    """
    index = index.copy()
    for n, c, p, q in np.ndindex(index.shape):
        row, column = (min(i * stride - pad + size // 2, n - 1)
                       for i, n in zip((p, q), x_shape[2:]))
        index[n, c, p, q] = row * x_shape[3] + column
    return index


@pytest.mark.parametrize("through_normalization", ["identity", "gradient"])
@pytest.mark.parametrize("rule", EIGHT, ids=str)
def test_every_rule_from_every_layer(net, x, outputs, rule, through_normalization):
    trace = net.forward(x)
    for layer in net.layers:
        # the strongest unit, and (but behind a ReLU) the most negative
        for place in (np.argmax, np.argmin):
            unit = np.unravel_index(place(outputs[layer]), outputs[layer].shape)
            expected = slow_project(net, outputs, layer, unit, rule, through_normalization)
            how = Rule(*rule, through_normalization=through_normalization)
            down = project(net, trace, layer, unit, rule=how)
            np.testing.assert_allclose(down, expected, rtol=1e-11, atol=1e-12)


def test_the_eight_rules_give_eight_pictures(net, x):
    trace = net.forward(x)
    pictures = [project(net, trace, "fc4", (0, 1), rule=rule) for rule in EIGHT]
    for a, b in itertools.combinations(pictures, 2):
        assert a.any() and np.abs(b - a).max() > 0.5 * np.abs(b).max() > 0


@pytest.mark.parametrize("name, booleans", [("deconvnet", (False, True, True)),
                                            ("gradient", (True, True, False)),
                                            ("guided", (True, True, True))])
def test_a_rule_may_be_a_name_or_a_rule_or_three_booleans(net, x, name, booleans):
    """Booleans in a tuple or a list, and 0 and 1 for them."""
    trace = net.forward(x)
    by_name = project(net, trace, "fc4", (0, 1), rule=name)
    others = RULES[name], Rule(*booleans), booleans, list(booleans), tuple(map(int, booleans))
    for rule in others:
        np.testing.assert_array_equal(project(net, trace, "fc4", (0, 1), rule=rule), by_name)
    assert RULES[name] == Rule(*booleans, through_normalization="identity")
    assert set(RULES) == {"deconvnet", "gradient", "guided"}


def test_middles_by_hand():
    """3×3 windows, two apart, on 4×4 pixels; the last ones hang over, with middles at the edge."""
    net = Network([("conv1", Conv(1, 1, 1)), ("pool1", MaxPool(3, stride=2, ceil=True))], (1, 4, 4))
    net.parameters["conv1.w"][...] = 1
    trace = net.forward(np.zeros((1, 1, 4, 4), np.float32))
    everything = (0, 0, slice(None), slice(None))
    down = project(net, trace, "pool1", everything, rule=(False, False, False), seed=1)
    np.testing.assert_array_equal(down[0], [[0, 0, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0], [0, 1, 0, 1]])
    # a tie everywhere: the switches point at first pixels
    down = project(net, trace, "pool1", everything, seed=1)
    np.testing.assert_array_equal(down[0], [[1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]])
