"""Projecting activations: what a projection is, by hand and by what must hold for every net.

And what `project` refuses.
"""
import inspect
import re

import numpy as np
import pytest

from numpyzf.deconvnet import RULES, descend, project
from numpyzf.layers import ContrastNorm, Conv, Dropout, Flatten, Linear, MaxPool, ReLU, Rule
from numpyzf.look.many import project_many
from numpyzf.network import Network

pytestmark = pytest.mark.small
EIGHT = [tuple(map(bool, rule)) for rule in np.ndindex(2, 2, 2)]
ALL = slice(None)


def build(layers, size, seed=0):
    """A net in float64 over one map, with random weights and biases."""
    net, rng = Network(layers, (1, *size)).astype(np.float64), np.random.default_rng(seed)
    for value in net.parameters.values():
        value[...] = rng.standard_normal(value.shape)
    return net


def paper_like(rectify=True):
    """The paper's stages, with or without ReLUs, over 9×10 pixels."""
    layers = [("conv1", Conv(1, 3, 3, stride=1, pad=1)), ("relu1", ReLU()),
              ("pool1", MaxPool(3, stride=2, ceil=True)),
              ("norm1", ContrastNorm(size=3, alpha=0.5)), ("conv2", Conv(3, 4, 2)),
              ("relu2", ReLU()), ("pool2", MaxPool(2, stride=2, ceil=True)),
              ("flatten", Flatten()), ("fc3", Linear(16, 5)), ("relu3", ReLU()),
              ("drop3", Dropout()), ("fc4", Linear(5, 3))]
    kept = [(name, layer) for name, layer in layers if rectify or not isinstance(layer, ReLU)]
    return build(kept, (9, 10))


@pytest.fixture
def x(rng):
    return rng.standard_normal((3, 1, 9, 10))


def some_units(net, layer, rng, count=4):
    shape = (3, *net.shapes[layer])
    return [tuple(int(rng.integers(n)) for n in shape) for _ in range(count)]


def gradient(net, trace, layer, unit):
    """The gradient of that unit's activation, times the activation, which seeds a projection."""
    dy = np.zeros((len(trace), *net.shapes[layer]))
    dy[unit] = trace[layer][unit]
    return net.backward(trace, dy, layer=layer, wrt_input=True)["input"][unit[0]]


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=1e-13)


# ---- the ReLU is the difference ----------------------------------------------------------------

def four_cases(x):
    """One maximum of a 2×2 image goes through four units: all combinations of signs come down.

        unit                  0    1    2    3
        going up, 1·w         1    2   −1   −2      the forward mask passes 0 and 1
        coming down, v        3   −4    5   −6      the backward ReLU passes 0 and 2
        at the pixel, w·v     3   −8   −5   12
    """
    net = Network([("pool1", MaxPool(2, stride=2)), ("conv1", Conv(1, 4, 1)), ("relu1", ReLU()),
                   ("conv2", Conv(4, 1, 1))], (1, 2, 2))
    net.load_parameters({"conv1.w": np.float32([1, 2, -1, -2]).reshape(4, 1, 1, 1),
                         "conv1.b": np.zeros(4, np.float32),
                         "conv2.w": np.float32([3, -4, 5, -6]).reshape(1, 4, 1, 1),
                         "conv2.b": np.float32([7])})
    return net, net.forward(np.float32(x).reshape(1, 1, 2, 2))


@pytest.mark.parametrize("rule, pixel", [
    ("gradient", 3 - 8), ("deconvnet", 3 - 5), ("guided", 3),
    ((True, True, False), 3 - 8), ((False, True, True), 3 - 5), ((True, True, True), 3),
    ((False, True, False), 3 - 8 - 5 + 12)], ids=str)
def test_gradient_deconvnet_and_guided_by_hand(rule, pixel):
    net, trace = four_cases([[0, 0.5], [1, 0.25]])
    assert trace["conv2"].item() == 3 - 8 + 7           # 1·3 − 2·4, and the bias
    down = project(net, trace, "conv2", (0, 0, 0, 0), rule=rule, seed=1.0)
    np.testing.assert_array_equal(down, np.float32([[[0, 0], [pixel, 0]]]), strict=True)
    scaled = project(net, trace, "conv2", (0, 0, 0, 0), rule=rule)      # the seed: the value, 2
    np.testing.assert_array_equal(scaled, 2 * down)


@pytest.mark.parametrize("rule, pixel", [((True, False, False), -5), ((False, False, True), -2),
                                         ((True, False, True), 3), ((False, False, False), 2)],
                         ids=str)
def test_without_switches_a_value_goes_to_the_middle_of_its_window(rule, pixel):
    net, trace = four_cases([[0, 0.5], [1, 0.25]])
    down = project(net, trace, "conv2", (0, 0, 0, 0), rule=rule, seed=1.0)
    # of 2×2, the last pixel
    np.testing.assert_array_equal(down, np.float32([[[0, 0], [0, pixel]]]))


def test_the_sign_of_the_seed_decides_what_is_rectified_away():
    """Seeded with −1, units 1 and 3 get something positive, −v; the gradient changes its sign."""
    net, trace = four_cases([[1, 0], [0, 0]])
    for rule, pixel in {"gradient": -3 + 8, "deconvnet": 8 - 12, "guided": 8}.items():
        down = project(net, trace, "conv2", (0, 0, 0, 0), rule=rule, seed=-1)
        assert down[0, 0, 0] == pixel


# ---- without a ReLU it is the gradient ---------------------------------------------------------

@pytest.mark.parametrize("layer", ["conv1", "pool1", "norm1", "conv2", "pool2", "flatten", "fc3",
                                   "drop3", "fc4"])
def test_without_any_relu_every_projection_is_the_gradient(x, layer, rng):
    net = paper_like(rectify=False)
    trace = net.forward(x)
    for unit in some_units(net, layer, rng):
        expected = gradient(net, trace, layer, unit)
        for rule in EIGHT:
            if rule[1]:
                how = Rule(*rule, through_normalization="gradient")
                close(project(net, trace, layer, unit, rule=how), expected)


@pytest.mark.parametrize("layer", ["conv1", "relu1", "pool1", "norm1", "conv2", "relu2", "pool2",
                                   "flatten", "fc3", "relu3", "drop3", "fc4"])
def test_with_relus_the_rule_gradient_is_the_gradient(x, layer, rng):
    net = paper_like()
    trace = net.forward(x)
    rule = RULES["gradient"]._replace(through_normalization="gradient")
    for unit in some_units(net, layer, rng):
        down = project(net, trace, layer, unit, rule=rule)
        close(down, gradient(net, trace, layer, unit))


def test_normalization_is_passed_by_unless_its_gradient_is_asked_for(x):
    net = paper_like()
    trace, unit = net.forward(x), (1, 2, 1, 3)
    value = trace["norm1"][unit]
    above = project(net, trace, "norm1", unit)
    below = project(net, trace, "pool1", unit, seed=value)
    assert value > 0
    np.testing.assert_array_equal(above, below)
    rule = RULES["deconvnet"]._replace(through_normalization="gradient")
    assert not np.allclose(project(net, trace, "norm1", unit, rule=rule), below)


# ---- seeds, biases, sums -----------------------------------------------------------------------

@pytest.mark.parametrize("rule", EIGHT, ids=str)
def test_a_projection_scales_with_its_seed(x, rule):
    """Exactly so, by powers of two, as long as the seed stays positive."""
    net = paper_like()
    trace = net.forward(x)
    one, four = (project(net, trace, "conv2", (0, 1, 2, 2), rule=rule, seed=seed)
                 for seed in (1, 4.0))
    assert one.any()
    np.testing.assert_array_equal(four, 4 * one)


def test_biases_play_no_part_on_the_way_down(x):
    """On the way up they do: they decide what the switches and masks are.

    So these are taken from one and the same pass.
    """
    net = paper_like()
    trace = net.forward(x)
    before = [project(net, trace, "fc4", (1, 2), rule=rule, seed=1.0) for rule in EIGHT]
    for name, value in net.parameters.items():
        if name.endswith(".b"):
            value += 100
    for rule, down in zip(EIGHT, before):
        now = project(net, trace, "fc4", (1, 2), rule=rule, seed=1.0)
        np.testing.assert_array_equal(now, down)


def whole_and_parts(net, trace, layer, channel, rule):
    whole = project(net, trace, layer, (1, channel, ALL, ALL), rule=rule)
    parts = [project(net, trace, layer, (1, channel, *place), rule=rule)
             for place in np.ndindex(*net.shapes[layer][1:])]
    return whole, sum(parts)


@pytest.mark.parametrize("rule", EIGHT, ids=str)
def test_a_whole_map_is_the_sum_of_its_units_unless_it_is_rectified_on_the_way(x, rule):
    for net, linear in ((paper_like(rectify=False), True), (paper_like(), not rule[2])):
        whole, parts = whole_and_parts(net, net.forward(x), "conv2", 1, rule)
        if linear:
            close(whole, parts)
        else:
            assert np.abs(whole - parts).max() > 0.01 * np.abs(whole).max()


def test_where_pooling_windows_overlap_values_add():
    """The middle of 5×5 pixels is the maximum of all four windows of 3×3 pixels, two apart."""
    net = build([("pool1", MaxPool(3, stride=2)), ("conv1", Conv(1, 1, 1))], (5, 5))
    x = np.zeros((1, 1, 5, 5))
    x[0, 0, 2, 2] = 1
    trace = net.forward(x)
    whole = project(net, trace, "pool1", (0, 0, ALL, ALL), seed=10)
    np.testing.assert_array_equal(whole, 40 * x[0])
    one = project(net, trace, "pool1", (0, 0, 1, 0), seed=10)
    np.testing.assert_array_equal(one, 10 * x[0])


def test_one_row_or_column_of_a_map_can_be_seeded(x):
    net = paper_like(rectify=False)
    trace = net.forward(x)
    row = project(net, trace, "conv1", (2, 0, 3, slice(2, 5)))
    close(row, sum(project(net, trace, "conv1", (2, 0, 3, column)) for column in (2, 3, 4)))


# ---- where a projection may not be -------------------------------------------------------------

@pytest.mark.parametrize("layer", ["conv1", "pool1", "norm1", "conv2", "pool2"])
def test_a_projection_is_zero_outside_of_the_cone(x, layer):
    net = paper_like()
    trace = net.forward(x)
    nothing = 0
    for channel, row, column in np.ndindex(*net.shapes[layer]):
        outside = np.ones((9, 10), bool)
        outside[net.cone(layer, row, column)] = False
        for rule in EIGHT:
            down = project(net, trace, layer, (1, channel, row, column), rule=rule, seed=1.0)
            assert not down[:, outside].any()
            nothing += not down.any()
    # for a rule or two, all of it may be rectified away
    assert nothing < 0.2 * 8 * np.prod(net.shapes[layer])


def test_with_a_projection_of_a_layer_of_relus_nothing_new_begins(x):
    """A unit of relu2 that fires is its unit of conv2: the same value, the same way down."""
    net = paper_like()
    trace = net.forward(x)
    units = [tuple(map(int, unit)) for unit in np.argwhere(trace["relu2"] > 0)[::7]]
    assert len(units) > 5
    for unit in units:
        for rule in EIGHT:
            above = project(net, trace, "relu2", unit, rule=rule)
            below = project(net, trace, "conv2", unit, rule=rule)
            np.testing.assert_array_equal(above, below)


# ---- a pass made for training ------------------------------------------------------------------

@pytest.mark.parametrize("layer", ["conv1", "relu1", "pool1", "norm1", "conv2", "fc3", "drop3",
                                   "fc4"])
def test_a_training_pass_is_projected_as_if_relu_and_pool_were_two_layers(x, layer, rng):
    """Through the same dropout, which is drawn once: the pass that goes up again drops the same."""
    net = paper_like()
    generator, same = np.random.default_rng(5), np.random.default_rng(5)
    training = net.forward(x, train=True, rng=generator)
    plain = net.forward(x, train=True, rng=same, until="fc4")       # runs every layer by itself
    for unit in some_units(net, layer, rng):
        for rule in EIGHT:
            actual = project(net, training, layer, unit, rule=rule)
            expected = project(net, plain, layer, unit, rule=rule)
            np.testing.assert_array_equal(actual, expected)
    assert generator.random() == same.random()                      # both drew as often


def test_signals_go_down_through_a_training_pass(x, rng):
    """Nobody has asked this trace for anything before."""
    net, r = paper_like(), rng.standard_normal((3, 3))
    passes = [net.forward(x, train=True, rng=np.random.default_rng(5), until=until)
              for until in (None, "fc4")]
    actual, expected = (descend(net, trace, {"fc4": r}, np.arange(3), RULES["deconvnet"])
                        for trace in passes)
    assert expected.any()
    np.testing.assert_array_equal(actual, expected)


def test_what_dropout_dropped_gets_nothing_on_the_way_down(x, rng):
    net = paper_like(rectify=False)
    trace = net.forward(x, train=True, rng=rng)
    dropped = trace.saved["drop3"] == 0
    assert 0 < dropped.sum() < dropped.size
    rule, r = Rule(False, True, True, "gradient"), rng.standard_normal((3, 3))
    close(descend(net, trace, {"fc4": r}, np.arange(3), rule),
          net.backward(trace, r, wrt_input=True)["input"])
    close(descend(net, trace, {"drop3": dropped * 1.0}, np.arange(3), rule), np.zeros_like(x))


def test_signals_go_down_by_the_switches_of_their_own_image(x):
    net = paper_like()
    trace, image_of = net.forward(x), np.array([2, 0, 2])
    units = [(2, 1, 0, 1), (0, 3, 2, 2), (2, 3, 1, 2)]
    r = np.zeros((3, *net.shapes["conv2"]))
    for signal, unit in zip(r, units):
        signal[unit[1:]] = 1
    for rule in EIGHT:
        pixels = descend(net, trace, {"conv2": r}, image_of, Rule(*rule))
        for down, unit in zip(pixels, units):
            close(down, project(net, trace, "conv2", unit, rule=rule, seed=1))


def test_what_each_layer_hands_down_can_be_kept(x, rng):
    """Under its name; from there, the way down ends in the same pixels."""
    net, kept = paper_like(), {}
    trace, image_of, rule = net.forward(x), np.array([2, 0]), RULES["deconvnet"]
    pixels = descend(net, trace, {"fc3": rng.uniform(1, 2, (2, 5))}, image_of, rule, kept)
    names = ["input", *net.up_to("fc3")]
    assert list(kept) == names[:0:-1] and kept["conv1"] is pixels and pixels.any()
    for name, below in zip(names[2:], names[1:]):
        assert kept[name].shape == (2, *net.shapes[below])
        down = descend(net, trace, {below: kept[name]}, image_of, rule)
        np.testing.assert_array_equal(down, pixels)


def test_pixels_go_in_again_as_they_come_out(x):
    """One image needs no batch axis, nor has a projection one."""
    net = paper_like()
    pixels = project(net, net.forward(x[1]), "conv2", (0, 1, 2, 2))
    np.testing.assert_array_equal(pixels, project(net, net.forward(x[1:2]), "conv2", (0, 1, 2, 2)))
    again = net.forward(pixels)
    assert pixels.shape == (1, 9, 10) and again["input"].shape == (1, 1, 9, 10)
    np.testing.assert_array_equal(again.scores, net.forward(pixels[None]).scores)


def test_a_unit_needs_no_name(x):
    """As project_many's units."""
    net = paper_like()
    trace = net.forward(x)
    np.testing.assert_array_equal(project(net, trace, "conv2", (1, 2, 1, 3)),
                                  project(net, trace, "conv2", unit=(1, 2, 1, 3)))
    arguments = [list(inspect.signature(f).parameters.values()) for f in (project, project_many)]
    for one, many in zip(*arguments):
        assert one.kind == many.kind and one.default == many.default
        assert one.name == many.name or (one.name, many.name) == ("unit", "units")


# ---- what is refused ---------------------------------------------------------------------------

@pytest.mark.parametrize("layer, arguments, words", [
    ("conv9", {}, ["no layer 'conv9'; the layers are: conv1, relu1"]),
    ("input", {}, ["no layer 'input'"]),
    ("conv2", {"unit": (0, 1)}, ["a unit of conv2 is (n, channel, row, column), not (0, 1)",
                                 "for a whole map say (n, channel, slice(None), slice(None))"]),
    ("conv2", {"unit": 3}, ["a unit of conv2 is (n, channel, row, column), not 3"]),
    ("fc3", {"unit": (0, 1, 0, 0)}, ["a unit of fc3 is (n, feature), not (0, 1, 0, 0)"]),
    ("conv2", {"unit": (3, 0, 0, 0)}, ["unit (3, 0, 0, 0) is outside of conv2, "
                                       "whose output is (3, 4, 3, 4)"]),
    ("conv2", {"unit": (0, 4, 0, 0)}, ["outside of conv2"]),
    ("conv2", {"unit": (0, 0, -1, 0)}, ["outside of conv2", "counts from 0"]),
    ("conv2", {"unit": (0, 0, 0, 4)}, ["outside of conv2"]),
    ("conv2", {"unit": (0, 0, 0.5, 0)}, ["outside of conv2"]),
    ("conv2", {"unit": (0, ALL, 0, 0)}, ["outside of conv2"]),
    ("conv2", {"unit": (ALL, 0, 0, 0)}, ["outside of conv2"]),
    ("conv2", {"rule": "backprop"}, ["rule must be one of deconvnet, gradient, guided, or a Rule, "
                                     "or three booleans", "not 'backprop'"]),
    ("conv2", {"rule": (True, True)}, ["three booleans (forward ReLU mask, pooling switches, "
                                       "backward ReLU), not (True, True)"]),
    ("conv2", {"rule": None}, ["rule must be one of", "three booleans", "not None"]),
    ("conv2", {"rule": Rule(True, True, True, "none")},
     ["through_normalization must be 'identity' or 'gradient', not 'none'"]),
    ("conv2", {"rule": [True, True, True, None]},
     ["through_normalization must be 'identity' or 'gradient', not None"]),
    ("conv2", {"seed": "one"}, ["seed must be 'activation' or a finite number, not 'one'"]),
    ("conv2", {"seed": None}, ["seed must be 'activation' or a finite number, not None"]),
])
def test_project_says_what_is_wrong(x, layer, arguments, words):
    net = paper_like()
    with pytest.raises(ValueError, match=".*".join(map(re.escape, words))):
        project(net, net.forward(x), layer, **{"unit": (0, 0, 0, 0), **arguments})


def test_a_layer_that_the_pass_did_not_reach(x):
    net = paper_like()
    words = "no layer 'fc3' in this pass; it went through: conv1, relu1, pool1"
    with pytest.raises(KeyError, match=words):
        project(net, net.forward(x, until="pool1"), "fc3", (0, 0))


def test_the_way_through_normalization_is_a_part_of_the_rule(x):
    with pytest.raises(TypeError, match="through_normalization"):
        project(paper_like(), None, "conv2", (0, 0, 0, 0), through_normalization="gradient")
