"""What a network refuses, and how it says so; its parameters: drawn, copied, loaded."""
import re

import numpy as np
import pytest

from numpyzf.layers import Conv, Dropout, Flatten, Linear, MaxPool, ReLU
from numpyzf.network import Network

pytestmark = pytest.mark.small


def generator():
    return np.random.default_rng(0)


def make(filters=3):
    return Network([("conv1", Conv(2, filters, 3)), ("relu1", ReLU()), ("flatten", Flatten()),
                    ("drop1", Dropout()),
                    ("fc2", Linear(filters * 4 * 3, 2))], (2, 6, 5))


@pytest.fixture
def net(rng):
    return make().initialize(rng)


@pytest.fixture
def x(rng):
    return rng.standard_normal((3, 2, 6, 5), np.float32)


def says(kind, *words):
    """The block raises this kind of error, in one line with all the words."""
    ahead = "".join(f"(?=.*{re.escape(word)})" for word in words)
    return pytest.raises(kind, match="^(?!.*\n)" + ahead)


# ---- how a net is put together -----------------------------------------------------------------

def test_names_must_differ():
    with says(ValueError, "layer names must differ", "'conv1', 'conv1'"):
        Network([("conv1", Conv(1, 1, 1)), ("conv1", Conv(1, 1, 1))], (1, 4, 4))
    with says(ValueError, "and from 'input'"):
        Network([("input", ReLU())], (1, 4, 4))


@pytest.mark.parametrize("layers, words", [
    ([("conv1", Conv(1, 2, 3)), ("conv2", Conv(3, 2, 3))],
     ["layer conv2", "takes 3 channels", "(2, 4, 4)"]),
    ([("conv1", Conv(1, 2, 7))],
     ["layer conv1", "size 7 is larger than the padded input", "6 pixels"]),
    ([("pool1", MaxPool(3, stride=2)), ("pool2", MaxPool(3, stride=2))],
     ["layer pool2", "size 3", "2 pixels"]),
    ([("pool1", MaxPool(3, stride=2, pad=2))],
     ["layer pool1", "pad 2", "half of the pooling window's size 3"]),
    ([("flatten", Flatten()), ("fc1", Linear(35, 2))], ["layer fc1", "takes 35 features", "(36,)"]),
    ([("fc1", Linear(36, 2))], ["layer fc1", "takes 36 features", "(1, 6, 6)"]),
    ([("flatten", Flatten()), ("conv1", Conv(1, 2, 3))],
     ["layer conv1", "takes 1 channels (C, H, W)", "(36,)"]),
    ([("flatten", Flatten()), ("pool1", MaxPool(3, stride=2))],
     ["layer pool1", "takes maps (C, H, W)", "(36,)"]),
])
def test_a_layer_that_does_not_fit_is_named(layers, words):
    with says(ValueError, *words):
        Network(layers, (1, 6, 6))


# ---- what goes in ------------------------------------------------------------------------------

def test_input_of_another_kind(net, x):
    with says(TypeError, "x must be a NumPy array", "list"):
        net.forward(x.tolist())
    with says(TypeError, "x must be float32 or float64, not uint8", "astype"):
        net.forward(x.astype(np.uint8))
    with says(TypeError, "x is float64, this network float32", "x.astype(np.float32)"):
        net.forward(x.astype(np.float64))
    with says(TypeError, "x is float32, this network float64", "x.astype(np.float64)"):
        net.astype(np.float64).forward(x)


@pytest.mark.parametrize("shape, words", [
    ((6, 5), ["4 axes (NCHW), not 2", "(6, 5)"]),
    ((1, 3, 2, 6, 5), ["4 axes (NCHW), not 5"]),
    ((3, 1, 6, 5), ["(3, 1, 6, 5)", "this network takes (N, 2, 6, 5)"]),
    ((3, 2, 5, 6), ["(3, 2, 5, 6)", "this network takes (N, 2, 6, 5)"]),
    ((2, 5, 6), ["(1, 2, 5, 6)", "this network takes (N, 2, 6, 5)"])])      # one image
def test_input_of_another_shape(net, shape, words):
    with says(ValueError, *words):
        net.forward(np.zeros(shape, np.float32))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_image_that_is_not_finite_is_named(net, x, value):
    x[2, 1, 5, 0] = value
    with says(ValueError, "image 2 of x holds NaN or infinite values"):
        net.forward(x)
    x[1, 0, 0, 4] = value
    with says(ValueError, "image 1 of x"):
        net.forward(x)
    with says(ValueError, "image 0 of x"):
        net.forward(x[1])


@pytest.mark.parametrize("use", [lambda net, x: net.forward(x),
                                 lambda net, x: net.forward(x, train=True, rng=generator()),
                                 lambda net, x: net.forward(x, until="conv1"),
                                 lambda net, x: net.predict(x),
                                 lambda net, x: net.outputs(x, ["relu1"])],
                         ids=["forward", "training", "until", "predict", "outputs"])
def test_a_net_that_nobody_initialized_does_not_run(x, use):
    """All would be zero, silently. It runs as soon as one weight is there; biases are none."""
    net = make()
    net.parameters["fc2.b"][...] = 1
    with says(ValueError, "all weights of this network are zero", "net.initialize(rng) draws them",
              "net.load_parameters(…) copies trained ones in"):
        use(net, x)
    net.parameters["fc2.w"][1, 7] = 1e-3
    use(net, x)
    use(make().initialize(generator()), x)


def test_without_any_weights_there_is_nothing_to_initialize(x):
    net = Network([("relu1", ReLU()), ("pool1", MaxPool(3, stride=2))], (2, 6, 5))
    np.testing.assert_array_equal(net.forward(x)["relu1"], np.maximum(x, 0))

def test_dropout_in_training_asks_for_a_generator(net, x):
    for rng in (None, 0):
        with says(TypeError, "rng must be a numpy.random.Generator", f"not {rng}",
                  "a training pass is net.forward(x, train=True, rng=rng)"):
            net.forward(x, train=True, rng=rng)


@pytest.mark.parametrize("use", [lambda net, x: net.forward(x, until="conv9"),
                                 lambda net, x: net.backward(net.forward(x), None, layer="conv9"),
                                 lambda net, x: net.receptive_field("conv9"),
                                 lambda net, x: net.cone("conv9", 0, 0),
                                 lambda net, x: net.outputs(x, ["conv1", "conv9"])],
                         ids=["forward", "backward", "receptive_field", "cone", "outputs"])
def test_an_unknown_layer_gets_the_list_of_layers(net, x, use):
    with says(ValueError, "no layer 'conv9'", "conv1, relu1, flatten, drop1, fc2"):
        use(net, x)


def test_backward_checks_what_it_gets(net, x):
    trace, dy = net.forward(x), np.zeros((3, 2), np.float32)
    with says(ValueError, "dy has shape (2, 2)", "the output of fc2 has (3, 2)"):
        net.backward(trace, dy[:2])
    with says(ValueError, "dy has shape (3, 2)", "the output of conv1 has (3, 3, 4, 3)"):
        net.backward(trace, dy, layer="conv1")
    with says(TypeError, "dy is float64", "float32"):
        net.backward(trace, dy.astype(np.float64))
    with says(ValueError, "this pass didn't reach fc2", "it went through: conv1, relu1"):
        net.backward(net.forward(x, until="relu1"), dy, layer="fc2")


def test_a_unit_outside_of_its_map_has_no_cone(net):
    for place in ((4, 0), (0, 3), (-1, 0)):
        with says(ValueError, f"unit ({place[0]}, {place[1]}) is outside of conv1", "4×3"):
            net.cone("conv1", *place)


# ---- parameters --------------------------------------------------------------------------------

def test_parameters_are_the_arrays_themselves(net, x):
    before = net.predict(x)
    net.parameters["fc2.b"][...] += [1, -2]
    np.testing.assert_allclose(net.predict(x) - before, [[1, -2]] * 3, rtol=1e-5)


def test_astype_is_a_copy(net):
    for dtype in (np.float64, np.float32):
        copy = net.astype(dtype)
        assert copy.dtype == dtype and net.dtype == np.float32
        for name, value in net.parameters.items():
            assert not np.shares_memory(copy.parameters[name], value)
            np.testing.assert_array_equal(copy.parameters[name], value)


@pytest.mark.parametrize("initialization, deviations", [
    ("he", {"conv1.w": 0.01, "conv2.w": (2 / 720) ** 0.5, "fc3.w": (2 / 4800) ** 0.5}),
    ("paper", {"conv1.w": 0.01, "conv2.w": 0.01, "fc3.w": 0.01})])
def test_initial_weights_have_the_deviation_of_their_initialization(initialization, deviations):
    """He: the square root of 2 / inputs of one unit, 80·3·3 and 4800 here; 0.01 in the first layer.

    Within 4 standard errors of the mean and deviation.
    """
    net = Network([("conv1", Conv(10, 80, 3)), ("conv2", Conv(80, 75, 3)), ("flatten", Flatten()),
                   ("fc3", Linear(4800, 4))], (10, 12, 12))
    for value in net.parameters.values():
        value[...] = 9
    assert net.initialize(np.random.default_rng(1), initialization) is net
    for name, deviation in deviations.items():
        w = net.parameters[name].astype(np.float64)
        assert abs(w.mean()) < 4 * deviation / w.size ** 0.5
        assert abs(w.std() / deviation - 1) < 4 / (2 * w.size) ** 0.5
        assert 2.5 < np.mean((w / w.std()) ** 4) < 3.5      # 3 for a Gaussian; uniform: 1.8
    assert not net.parameters["conv1.b"].any() and not net.parameters["fc3.b"].any()


def test_one_seed_one_net():
    nets = [make().initialize(np.random.default_rng(seed)).parameters for seed in (3, 3, 4)]
    np.testing.assert_array_equal(nets[0]["conv1.w"], nets[1]["conv1.w"])
    assert (nets[0]["conv1.w"] != nets[2]["conv1.w"]).all()


def test_initialize_refuses_other_initializations_and_seeds(net, rng):
    with says(ValueError, "initialization must be 'he' or 'paper', not 'xavier'"):
        net.initialize(rng, "xavier")
    with says(TypeError, "rng must be a numpy.random.Generator", "not 0"):
        net.initialize(0)


def test_loaded_parameters_are_copied(net, x):
    other = make()
    values = {name: value.copy() for name, value in net.parameters.items()}
    other.load_parameters(values)
    np.testing.assert_array_equal(other.predict(x), net.predict(x))
    values["conv1.w"][...] = 0
    np.testing.assert_array_equal(other.predict(x), net.predict(x))


def without(parameters, name):
    return {key: value for key, value in parameters.items() if key != name}


@pytest.mark.parametrize("spoil, kind, words", [
    (lambda p: without(p, "conv1.b"), ValueError,
     ["another architecture", "conv1.b is (3,)", "absent in what is loaded"]),
    (lambda p: p | {"fc9.w": p["fc2.w"]}, ValueError,
     ["another architecture", "fc9.w is absent in this network"]),
    (lambda p: p | {"fc2.w": p["fc2.w"].T}, ValueError,
     ["another architecture", "fc2.w is (2, 36)", "(36, 2) in what is loaded"]),
    (lambda p: p | {"fc2.b": np.float32([0, np.nan])}, ValueError,
     ["parameter fc2.b holds NaN or infinite values"]),
    (lambda p: p | {"fc2.b": np.array(["a", "b"])}, TypeError,
     ["parameter fc2.b must be float32 or float64, not <U1"]),
    (lambda p: p | {"fc2.b": np.array([1j, 2])}, TypeError,
     ["parameter fc2.b must be float32 or float64, not complex128"]),
])
def test_parameters_of_another_net_are_refused_and_nothing_is_changed(net, spoil, kind, words):
    before = {name: value.copy() for name, value in net.parameters.items()}
    bad = spoil({name: value + 1 for name, value in net.parameters.items()})
    with says(kind, *words):
        net.load_parameters(bad)
    for name, value in net.parameters.items():
        np.testing.assert_array_equal(value, before[name])
