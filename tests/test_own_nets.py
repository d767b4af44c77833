"""What students do next: another last layer, frozen layers, a part of another net's parameters."""
import copy
import pickle

import numpy as np
import pytest

from numpyzf import training
from numpyzf.deconvnet import project
from numpyzf.layers import Conv, Dropout, Flatten, Linear, MaxPool, ReLU
from numpyzf.network import Network

pytestmark = pytest.mark.small


def net_of(classes):
    layers = [("conv1", Conv(1, 3, 3, pad=1)), ("relu1", ReLU()), ("pool1", MaxPool(2, stride=2)),
              ("conv2", Conv(3, 4, 3, pad=1)), ("flatten", Flatten()), ("drop3", Dropout(0.25)),
              ("fc3", Linear(4 * 16, classes))]
    return Network(layers, (1, 8, 8)).initialize(np.random.default_rng(classes))


@pytest.fixture
def x(rng):
    return rng.standard_normal((4, 1, 8, 8), np.float32)


def trained(net, x, **recipe):
    """A copy of the net after one step."""
    state = training.State(copy.deepcopy(net), np.random.default_rng(0), 0.1)
    training.train_step(state, x, np.array([0, 1, 1, 0]), 0.1, training.Recipe(**recipe))
    return state.net


def changed(net, other):
    return [name for name, value in net.parameters.items()
            if not np.array_equal(value, other.parameters[name])]


# ---- another last layer --------------------------------------------------------------------------

def test_a_net_with_another_last_layer_is_made_of_a_list_of_layers(x):
    old = net_of(10)
    net = Network([*[*old.layers.items()][:-1], ("fc3", Linear(4 * 16, 2))], old.input_shape)
    trace = net.forward(x)
    np.testing.assert_array_equal(trace["conv2"], old.forward(x)["conv2"])
    assert trace.scores.shape == (4, 2) and not trace.scores.any()
    grads = net.backward(trace, np.ones((4, 2), np.float32))
    assert grads["fc3.w"].shape == (2, 64)
    assert net.parameters["conv1.w"] is old.parameters["conv1.w"]


@pytest.mark.parametrize("run", [lambda net, x: net.forward(x), lambda net, x: net.forward(
    x, train=True, rng=np.random.default_rng(0))], ids=["pass", "training pass"])
def test_a_layer_that_was_exchanged_in_place_is_told_at_once(run, x):
    net = net_of(10)
    net.layers["fc3"] = Linear(4 * 16, 2)
    with pytest.raises(ValueError, match=r"^layer fc3: its output is \(2,\) for each image, but "
                                         r"its output_shape said \(10,\).*make a new Network"):
        run(net, x)


def test_a_layer_of_ones_own_may_give_its_shape_as_a_list(x):
    net = net_of(2)
    net.layers["relu1"].output_shape = list
    assert Network([*net.layers.items()], (1, 8, 8)).forward(x).scores.shape == (4, 2)


# ---- frozen layers -------------------------------------------------------------------------------

def test_frozen_layers_stay_and_the_others_do_as_without(x):
    net = net_of(2)
    net.parameters["conv1.w"][...] *= 100           # beyond the radius: not renormalized either
    whole, part = trained(net, x), trained(net, x, frozen=("conv1", "drop3"))
    assert changed(net, whole) == [*net.parameters]
    assert changed(net, part) == ["conv2.w", "conv2.b", "fc3.w", "fc3.b"]
    assert changed(whole, part) == ["conv1.w", "conv1.b"]


@pytest.mark.parametrize("frozen", [("conv9",), "conv1", 3])
def test_only_layers_can_be_frozen(frozen):
    state = training.State(net_of(2), np.random.default_rng(0), 0.1)
    images, labels = np.zeros((4, 1, 8, 8), np.uint8), np.array([0, 1, 0, 1])
    with pytest.raises(ValueError, match="frozen must list layers, of conv1, relu1, .*, not "):
        training.train(state, images, labels, (images, labels), prepare=None,
                       recipe=training.Recipe(frozen=frozen))


# ---- parameters in part --------------------------------------------------------------------------

def test_parameters_of_some_layers_are_loaded():
    net, other = net_of(2), net_of(10)
    before = copy.deepcopy(net)
    net.load_parameters(other.parameters, layers=["conv1", "conv2"])
    assert changed(net, before) == ["conv1.w", "conv2.w"]       # their biases are zero in both
    np.testing.assert_array_equal(net.parameters["conv2.w"], other.parameters["conv2.w"])
    net.load_parameters({"conv1.b": np.ones(3, np.float32), "conv1.w": np.ones((3, 1, 3, 3))},
                        layers=["conv1"])
    assert net.parameters["conv1.b"].all()


@pytest.mark.parametrize("layers, error, words", [
    (["conv1", "fc3"], ValueError, r"fc3\.w is \(2, 64\) in this network, \(10, 64\) in what is"),
    (["conv9"], ValueError, "no layer with parameters has the name 'conv9'"),
    (["relu1"], ValueError, "no layer with parameters has the name 'relu1'"),
    ("conv1", TypeError, r"layers must be a sequence of names, such as \('conv1',\)")])
def test_parameters_that_cannot_be_loaded_change_nothing(layers, error, words):
    net, other = net_of(2), net_of(10)
    before = copy.deepcopy(net)
    with pytest.raises(error, match=words):
        net.load_parameters(other.parameters, layers=layers)
    assert changed(net, before) == []
    with pytest.raises(TypeError, match="parameters must be a dictionary of arrays"):
        net.load_parameters([1])


# ---- kinds of numbers ----------------------------------------------------------------------------

@pytest.mark.parametrize("dtype", [np.float16, int, complex])
def test_a_network_computes_in_float32_or_float64(dtype, x):
    with pytest.raises(TypeError, match="dtype must be float32 or float64, not .*To store one"):
        net_of(2).astype(dtype)
    with pytest.raises(TypeError, match=r"convert it with x\.astype\(np\.float32\)"):
        net_of(2).forward(x.astype(dtype))


# ---- pickle --------------------------------------------------------------------------------------

@pytest.mark.parametrize("train", [False, True])
def test_a_trace_can_be_pickled(train, x):
    """With its net: a training pass is completed from a copy, and goes down as before."""
    net = net_of(2)
    trace = net.forward(x, train=train, rng=np.random.default_rng(1))
    other_net, other = pickle.loads(pickle.dumps((net, trace)))
    grads, other_grads = (n.backward(t, t.scores) for n, t in ((net, trace), (other_net, other)))
    assert all(np.array_equal(grads[name], other_grads[name]) for name in grads)
    unit = (0, 1, 2, 2)
    np.testing.assert_array_equal(project(net, trace, "conv2", unit),
                                  project(other_net, other, "conv2", unit))


# ---- errors in a pass ----------------------------------------------------------------------------

@pytest.mark.parametrize("error", [ValueError, TypeError])
@pytest.mark.parametrize("way", ["forward", "backward", "project"])
def test_an_error_in_a_pass_names_the_layer(way, error, x):
    def fail(*arguments, **options):
        raise error("odd")
    net = net_of(2)
    trace = net.forward(x)
    setattr(net.layers["conv2"], way, fail)
    uses = {"forward": [lambda: net.forward(x), lambda: net.predict(x)],
            "backward": [lambda: net.backward(trace, trace.scores)],
            "project": [lambda: project(net, trace, "fc3", (0, 0))]}
    for use in uses[way]:
        with pytest.raises(error, match="^layer conv2: odd$"):
            use()
