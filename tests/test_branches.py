"""Nets with branches: a layer takes the outputs that its entry names, and what comes back adds."""
import numpy as np
import pytest

from numpyzf import functional
from numpyzf.deconvnet import RULES, project, strongest
from numpyzf.fields import Sides
from numpyzf.general.layers import (Add, BatchNorm, ClippedReLU, Concat, GlobalAveragePool,
                                    LeakyReLU)
from numpyzf.geometry import Window
from numpyzf.gradcheck import check_gradient
from numpyzf.layers import Conv, Dropout, Flatten, Linear, MaxPool, ReLU
from numpyzf.look import many
from numpyzf.look.many import project_many, top_activations
from numpyzf.look.occlusion import occlude, places, reach
from numpyzf.network import Network

small = pytest.mark.small


def build(layers, input_shape, rectified=True):
    """A net in float64 with random weights and biases; without its ReLUs if not `rectified`."""
    if not rectified:
        layers = [(name, Dropout(), *inputs) if isinstance(layer, ReLU) else (name, layer, *inputs)
                  for name, layer, *inputs in layers]
    net, rng = Network(layers, input_shape).astype(np.float64), np.random.default_rng(5)
    for value in net.parameters.values():
        value[...] = rng.standard_normal(value.shape) / np.sqrt(value[0].size)
    return net


def fire(size=(21, 17), rectified=True):
    """As in SqueezeNet: one output goes up in two ways, which are put side by side again."""
    return build([("conv1", Conv(2, 4, 3, stride=2)), ("relu1", ReLU()),
                  ("pool1", MaxPool(3, stride=2, ceil=True)),
                  ("squeeze", Conv(4, 3, 1)), ("relu2", ReLU()),
                  ("expand1", Conv(3, 4, 1)), ("relu3", ReLU()),
                  ("expand3", Conv(3, 5, 3, pad=1), "relu2"), ("relu4", ReLU()),
                  ("fire", Concat(), ("relu3", "relu4")),
                  ("conv5", Conv(9, 3, 2)), ("relu5", ReLU())], (2, *size), rectified)


def residual(size=(15, 19), rectified=True):
    """As in a ResNet: an output is added to what was made of it; the pixels go two ways as well.

    relu1 is pooled, and goes another way too. The Add takes one output twice.
    """
    return build([("conv1", Conv(2, 3, 3, pad=1)), ("relu1", ReLU()),
                  ("pool1", MaxPool(3, stride=1, pad=1)),
                  ("conv2", Conv(2, 3, 5, pad=2), ("input",)), ("relu2", ReLU()),
                  ("add1", Add(), ("pool1", "relu2", "relu1")), ("relu3", ReLU()),
                  ("pool3", MaxPool(3, stride=2, ceil=True)),
                  ("conv4", Conv(3, 3, 3, pad=1)), ("relu4", ReLU()),
                  ("add2", Add(), ["relu4", "pool3", "pool3"]), ("conv5", Conv(3, 2, 3))],
                 (2, *size), rectified)


def whole(size=(9, 8)):
    """One branch sees everything: its mean is put beside the features of the other."""
    return build([("conv1", Conv(2, 3, 3)), ("relu1", ReLU()), ("flat1", Flatten()),
                  ("fc2", Linear(3 * (size[0] - 2) * (size[1] - 2), 4)),
                  ("mean", GlobalAveragePool(), "relu1"), ("flat2", Flatten()),
                  ("both", Concat(), ("fc2", "flat2")), ("fc3", Linear(7, 3))], (2, *size))


def dense(size=(19, 23)):
    """As in a DenseNet, with other rectifications: what was made stays, put beside what follows."""
    net = build([("conv1", Conv(2, 3, 3, stride=2)), ("norm1", BatchNorm(3)),
                 ("leaky1", LeakyReLU(0.25)), ("conv2", Conv(3, 2, 3, pad=1)),
                 ("both", Concat(), ("norm1", "conv2", "norm1")), ("norm2", BatchNorm(8)),
                 ("clipped2", ClippedReLU(0.0, 0.5)), ("conv3", Conv(8, 2, 3, stride=2))],
                (2, *size))
    for name in ("norm1", "norm2"):
        own, rng = net.layers[name], np.random.default_rng(6)
        own.mean[...], own.variance[...] = rng.normal(size=own.mean.shape), 0.5
    return net


NETS = {"fire": fire, "residual": residual, "whole": whole, "dense": dense}


@pytest.fixture(params=NETS.values(), ids=NETS)
def net(request):
    return request.param()


@pytest.fixture
def x(net, rng):
    return rng.standard_normal((3, *net.input_shape))


# ---- up ------------------------------------------------------------------------------------------

@small
def test_the_way_up_by_hand(rng):
    net = fire()
    x, p = rng.standard_normal((2, *net.input_shape)), net.parameters
    trace = net.forward(x)
    below = trace["relu2"]
    ones, _ = functional.conv_forward(below, p["expand1.w"], p["expand1.b"])
    threes, _ = functional.conv_forward(below, p["expand3.w"], p["expand3.b"], pad=1)
    together = np.concatenate([np.maximum(ones, 0), np.maximum(threes, 0)], axis=1)
    np.testing.assert_array_equal(trace["fire"], together)
    net = residual()
    trace = net.forward(x := rng.standard_normal((2, *net.input_shape)))
    pixels, _ = functional.conv_forward(x, net.parameters["conv2.w"], net.parameters["conv2.b"],
                                        pad=2)
    sums = trace["pool1"] + np.maximum(pixels, 0) + trace["relu1"]
    np.testing.assert_allclose(trace["add1"], sums, rtol=1e-13)
    np.testing.assert_allclose(trace["add2"], trace["relu4"] + 2 * trace["pool3"], rtol=1e-13)


@small
def test_some_outputs_are_those_of_the_trace(net, x):
    trace, names = net.forward(x), [*net.layers][::-1]
    outputs = net.outputs(x, names, batch=2)
    assert list(outputs) == names
    for name in names:
        np.testing.assert_allclose(outputs[name], trace[name], rtol=1e-12, atol=1e-13)


@small
def test_only_what_an_output_is_made_of_is_computed(rng):
    net = fire()
    del net.layers["expand3"].params["w"]           # whoever goes through it fails
    assert net.up_to("relu3")[-3:] == ["relu2", "expand1", "relu3"]
    net.outputs(rng.standard_normal((2, *net.input_shape)), ["relu3"])


# ---- the gradient --------------------------------------------------------------------------------

@small
def test_gradients_against_central_differences(net, x, rng):
    trace, last = net.forward(x), [*net.layers][-1]
    check_gradient(lambda x: net.forward(x).scores,
                   lambda dy: net.backward(trace, dy, wrt_input=True)["input"], x, rng)
    for name, value in net.parameters.items():
        def forward(new, value=value):
            before, value[...] = value.copy(), new
            scores = net.forward(x).scores
            value[...] = before
            return scores
        check_gradient(forward, lambda dy, name=name: net.backward(trace, dy)[name],
                       value.copy(), rng)
    assert last == trace.names[-1]


@small
def test_the_gradient_of_an_output_in_the_middle(rng):
    """It leaves out what the output isn't made of."""
    net = fire()
    x = rng.standard_normal((2, *net.input_shape))
    trace = net.forward(x)
    dy = rng.standard_normal(trace["relu3"].shape)
    grads = net.backward(trace, dy, layer="relu3", wrt_input=True)
    assert {name.partition(".")[0] for name in grads} == {"input", "conv1", "squeeze", "expand1"}
    check_gradient(lambda x: net.forward(x)["relu3"], lambda dy: net.backward(
        trace, dy, layer="relu3", wrt_input=True)["input"], x, rng)


@small
def test_a_training_pass_gives_the_same_bits_and_keeps_less(net, x, rng):
    plain, training = net.forward(x), net.forward(x, train=True, rng=np.random.default_rng(0))
    assert list(training.outputs) == ["input"]
    np.testing.assert_array_equal(training.scores, plain.scores)
    dy = rng.standard_normal(plain.scores.shape)
    expected = net.backward(plain, dy, wrt_input=True)
    actual = net.backward(training, dy, wrt_input=True)
    assert actual.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(actual[name], expected[name])


@small
def test_a_relu_that_goes_two_ways_is_not_merged_with_its_pool(rng):
    net = residual()
    lean, inputs, _ = net.forward(rng.standard_normal((1, 2, 15, 19)), train=True).lean
    assert "relu1" in lean and "relu3" not in lean and inputs["pool3"] == ("add1",)


# ---- down ----------------------------------------------------------------------------------------

@small
@pytest.mark.parametrize("make", [fire, residual])
def test_without_relus_projecting_is_the_gradient(make, rng):
    net = make(rectified=False)
    trace = net.forward(rng.standard_normal((2, *net.input_shape)))
    for layer in net.layers:
        unit = (1, 0, *(n // 2 for n in net.shapes[layer][1:]))
        dy = np.zeros_like(trace[layer])
        dy[unit] = 1
        gradient = net.backward(trace, dy, layer=layer, wrt_input=True)["input"][1]
        for rule in RULES:
            np.testing.assert_allclose(project(net, trace, layer, unit, rule=rule, seed=1.0),
                                       gradient, rtol=1e-12, atol=1e-14)


@small
def test_the_deconvnet_adds_what_two_branches_hand_down(rng):
    """By hand, from fire's second map of expand3's ReLU's, and both branches below the concat."""
    net = fire()
    trace, p = net.forward(rng.standard_normal((2, *net.input_shape))), net.parameters
    n, c, row, column = strongest(trace, "relu5", 1)
    r = np.zeros((1, *net.shapes["relu5"]))
    r[0, c, row, column] = trace["relu5"][n, c, row, column]
    r = functional.conv_transpose(r, p["conv5.w"], size=net.shapes["fire"][1:])
    ones, threes = np.maximum(r[:, :4], 0), np.maximum(r[:, 4:], 0)
    r = (functional.conv_transpose(ones, p["expand1.w"], size=net.shapes["relu2"][1:])
         + functional.conv_transpose(threes, p["expand3.w"], pad=1, size=net.shapes["relu2"][1:]))
    r = functional.conv_transpose(np.maximum(r, 0), p["squeeze.w"], size=net.shapes["pool1"][1:])
    switches = trace.saved["pool1"]
    r = functional.unpool(r, switches._replace(index=switches.index[n:n + 1],
                                               x_shape=(1, *switches.x_shape[1:])))
    r = functional.conv_transpose(np.maximum(r, 0), p["conv1.w"], stride=2, size=(21, 17))
    np.testing.assert_allclose(project(net, trace, "relu5", (n, c, row, column)), r[0], atol=1e-13)


@pytest.mark.parametrize("rule", RULES)
def test_many_units_are_projected_as_one_by_one(net, x, rule):
    trace, shown = net.forward(x), 0
    for layer in net.layers:
        units = np.argwhere(trace[layer])[::37]
        projections = project_many(net, trace, layer, units, rule=rule)
        for picture, unit in zip(projections, units):
            one = project(net, trace, layer, tuple(unit), rule=rule)
            np.testing.assert_allclose(picture, one, rtol=1e-11, atol=1e-13)
            shown += one.any()
    assert shown > 10


@small
@pytest.mark.parametrize("make", [fire, residual, dense])
def test_many_units_stay_in_boxes_through_branches(make, rng, monkeypatch):
    """Boxes of two branches meet in one; whole maps only where boxes get as large as these."""
    net, whole_maps, descend = make((45, 45)), [], many.descend
    trace = net.forward(rng.standard_normal((1, *net.input_shape)))
    monkeypatch.setattr(many, "descend", lambda net, trace, signals, *rest:
                        whole_maps.extend(signals) or descend(net, trace, signals, *rest))
    for layer in net.layers:
        project_many(net, trace, layer, [(0, 0, 2, 3)])
    assert whole_maps == []


@small
@pytest.mark.parametrize("make", [fire, residual])
def test_fields_and_cones_are_what_a_unit_sees(make, rng):
    """All pixels with a gradient, in a net without ReLUs; over many images for their switches."""
    net = make((35, 29), rectified=False)
    for layer in net.layers:
        _, H, W = net.shapes[layer]
        row, column = H // 2, W // 2
        cone = net.cone(layer, row, column)
        field = net.receptive_field(layer)
        start = field.start + field.stride * row
        assert cone[0] == slice(max(start, 0), min(start + field.size, 35))
        seen = np.zeros(net.input_shape[1:], bool)
        for _ in range(40):
            trace = net.forward(rng.standard_normal((1, *net.input_shape)))
            dy = np.zeros_like(trace[layer])
            dy[:, :, row, column] = rng.standard_normal(len(trace[layer][0]))
            gradient = net.backward(trace, dy, layer=layer, wrt_input=True)["input"]
            seen |= gradient[0].any(axis=0)
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        assert (rows[0], rows[-1] + 1) == (cone[0].start, cone[0].stop), layer
        assert (columns[0], columns[-1] + 1) == (cone[1].start, cone[1].stop), layer


# ---- what a net is used for ----------------------------------------------------------------------

@pytest.mark.parametrize("size", [1, 4, 6])
def test_occlusion_is_that_of_covered_images(net, x, size):
    """Boxes up to the first branch, whole maps from there."""
    height, width = net.input_shape[1:]
    tops, lefts = places(height, size, 3), places(width, size, 3)
    last = [name for name in net.layers if len(net.shapes[name]) == 3]
    result = occlude(net, x[0], size=size, tops=tops, lefts=lefts, value=0.5, sums=last)
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            covered = x[0].copy()
            covered[:, top:top + size, left:left + size] = 0.5
            trace = net.forward(covered)
            np.testing.assert_allclose(result.scores[i, j], trace.scores[0], rtol=1e-11, atol=1e-12)
            for name in last:
                np.testing.assert_allclose(result.sums[name][i, j],
                                           trace[name][0].sum(axis=(1, 2)), rtol=1e-10, atol=1e-11)


@small
def test_boxes_end_at_the_first_branch():
    assert list(reach(fire(), 3)) == ["conv1", "relu1", "pool1", "squeeze", "relu2"]
    assert list(reach(residual(), 3)) == []             # the pixels go two ways


@small
def test_the_strongest_units(net, x):
    trace, names = net.forward(x), [*net.layers]
    tops = top_activations(net, x, names, 2, batch=2)
    for name in names:
        flat = trace[name].reshape(3, net.shapes[name][0], -1).max(axis=2)
        np.testing.assert_allclose(tops[name].values[:, 0], flat.max(axis=0), rtol=1e-12)


@small
def test_the_table_says_what_a_layer_takes():
    lines = str(fire()).splitlines()
    assert any(line.startswith("expand3") and "convolution 3×3, pad 1 of relu2 " in line
               for line in lines)
    assert any("concatenation of relu3, relu4 " in line for line in lines)
    assert "of relu1" not in str(fire())                # what comes before it goes without saying


# ---- what is refused -----------------------------------------------------------------------------

CONV = Conv(1, 1, 1)


@small
@pytest.mark.parametrize("layers, words", [
    ([("a", CONV), ("b", CONV, "c"), ("c", CONV)], r"layer b takes the output of 'c', which isn't "
                                                   r"among those made before it: input, a"),
    ([("a", CONV, "a")], "layer a takes the output of 'a'"),
    ([("a", CONV), ("b", Add(), ("a", 3))], "layer b takes the output of 3"),
    ([("a", Conv(1, 1, 2)), ("b", Add(), ("a", "input"))], "layer b: sum takes outputs of one"),
    ([("a", Conv(1, 1, 2)), ("b", Concat(), ("a", "input"))], "layer b: concatenation takes"),
])
def test_what_does_not_fit_is_refused(layers, words):
    with pytest.raises(ValueError, match=words):
        Network(layers, (1, 4, 4))


@small
@pytest.mark.parametrize("inputs", [(), None, 3, {"a": 1}])
def test_inputs_are_a_name_or_names(inputs):
    with pytest.raises(TypeError, match="layer b: its inputs must be the name of a layer or"):
        Network([("a", CONV), ("b", CONV, inputs)], (1, 4, 4))


@small
def test_an_error_in_a_branch_names_its_layer(rng):
    net = fire()
    net.layers["expand3"].params["w"] = np.zeros((5, 2, 3, 3))
    with pytest.raises(ValueError, match="layer expand3: "):
        net.forward(rng.standard_normal((1, *net.input_shape)))


@small
def test_windows_of_two_sides():
    """Rows and columns each have a field of their own."""
    class Wide(Dropout):
        window = Sides(Window(1, 1, 0), Window(3, 2, 1))

        def output_shape(self, shape):
            return shape[0], shape[1], (shape[2] - 1) // 2 + 1

    net = Network([("a", Conv(1, 1, 3, pad=1)), ("wide", Wide())], (1, 9, 9))
    assert net.receptive_field("wide", 0) == (3, 1, -1)
    assert net.receptive_field("wide", 1) == (5, 2, -2)
    assert net.cone("wide", 4, 2) == (slice(3, 6), slice(2, 7))


@small
def test_a_layer_that_was_taken_out_is_named(rng):
    """Of net.layers, whose entries can be exchanged: what takes its output would find nothing."""
    net = fire()
    del net.layers["relu1"]
    net.layers["more"] = ReLU()
    with pytest.raises(ValueError, match="more, relu1 was put into net.layers or taken out of it"):
        net.forward(rng.standard_normal((1, *net.input_shape)))
