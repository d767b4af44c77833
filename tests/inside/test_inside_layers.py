"""Which layers are shown, how deep, and what feeds a unit."""
import numpy as np
import pytest

from numpyzf import models
from numpyzf.general.layers import Concat, GlobalAveragePool
from numpyzf.general.models import squeezenet
from numpyzf.inside import layers
from numpyzf.layers import ContrastNorm, Conv, Flatten, Linear, MaxPool, ReLU
from numpyzf.network import Network

pytestmark = pytest.mark.small


def test_of_a_small_net_all_convolutions_and_fully_connected_layers():
    assert layers.shown_layers(models.labnet()) == [
        "conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"]


def test_of_a_large_net_every_meeting_between_the_first_relu_and_the_last_maps():
    assert layers.shown_layers(squeezenet()) == [
        "relu1", "fire2", "fire3", "fire4", "fire5", "fire6", "fire7", "fire8", "fire9", "relu10"]


def test_convolutions_in_branches_are_left_out():
    net = Network([("a", Conv(1, 2, 1)), ("b", Conv(2, 2, 1)), ("c", Conv(2, 2, 1), "a"),
                   ("both", Concat(), ("b", "c")), ("d", Conv(4, 2, 1)), ("flat", Flatten())],
                  (1, 4, 4))
    assert layers.shown_layers(net) == ["a", "d"]


def test_without_any_layer_of_units_it_says_so():
    net = Network([("pool", MaxPool(2, stride=2)), ("flat", Flatten())], (1, 4, 4))
    with pytest.raises(ValueError, match="no units to look at; its layers are pool, flat"):
        layers.shown_layers(net)


def test_which_layers_are_of_classes():
    lab, large, names = models.labnet(), squeezenet(), range(1000)
    assert [name for name in layers.shown_layers(lab)
            if layers.are_classes(lab, name, range(10))] == ["fc8"]
    assert [name for name in layers.shown_layers(large)
            if layers.are_classes(large, name, names)] == ["relu10"]
    assert not layers.are_classes(lab, "fc8", range(9))


def test_how_deep():
    lab, large = models.labnet(), squeezenet()
    assert [layers.depth(lab, "fc8", first) for first in (True, False)] == [9, 1]
    assert [layers.depth(lab, "conv5", first) for first in (True, False)] == [9, 3]
    # fire7 sees 143 pixels a side of 227: less than half of the image; fire8 sees 175
    assert [layers.depth(large, name, True) for name in ("relu1", "fire7", "fire8")] == [9, 9, 3]
    assert layers.depth(large, "relu1", False) == 1


# ---- what feeds a unit ---------------------------------------------------------------------------

def chain():
    """A net with branches and fully connected layers, without biases."""
    net = Network([
        ("conv1", Conv(2, 4, 3, pad=1)), ("relu1", ReLU()), ("pool1", MaxPool(3, stride=2)),
        ("left", Conv(4, 3, 1)), ("left relu", ReLU()), ("right", Conv(4, 2, 3, pad=1), "pool1"),
        ("both", Concat(), ("left relu", "right")), ("conv2", Conv(5, 6, 3, stride=2, pad=1)),
        ("relu2", ReLU()), ("flat", Flatten()), ("fc3", Linear(24, 7)), ("relu3", ReLU()),
        ("fc4", Linear(7, 5))], (2, 9, 9))
    return net.initialize(np.random.default_rng(0)).astype(np.float64)


def units_of(y):
    """All units with a positive value: integers (M, axes)."""
    return np.argwhere(y > 0)


@pytest.mark.parametrize("lower, upper", [("conv1", "conv2"), ("conv2", "fc3"), ("fc3", "fc4"),
                                          ("pool1", "both"), ("conv1", "fc4")])
def test_without_biases_the_shares_of_all_units_below_add_up_to_one(lower, upper, rng):
    net = chain()
    trace = net.forward(rng.standard_normal((3, 2, 9, 9)))
    units = units_of(trace[upper])
    part = layers.between(net, lower, upper)
    found = layers.shares(part, trace[lower], upper, units)
    assert found.shape == (len(units), net.shapes[lower][0]) and len(units) > 3
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-9)


def test_a_share_is_gradient_times_activation_also_through_normalization(rng):
    """Compared with Network.backward, one unit after the other."""
    net = Network([("conv1", Conv(2, 4, 3, pad=1)), ("relu1", ReLU()),
                   ("norm1", ContrastNorm(alpha=0.5)), ("conv2", Conv(4, 3, 3, pad=1))], (2, 7, 7))
    net = net.initialize(rng).astype(np.float64)
    x = 20 * rng.standard_normal((2, 2, 7, 7))
    trace, part = net.forward(x), layers.between(net, "conv1", "conv2")
    units = units_of(trace["conv2"])[::9]
    found = layers.shares(part, trace["conv1"], "conv2", units)
    lower = part.forward(trace["conv1"])
    for unit, own in zip(units, found):
        seed = np.zeros_like(trace["conv2"])
        seed[tuple(unit)] = 1
        gradient = part.backward(lower, seed, wrt_input=True)["input"]
        expected = (gradient * trace["conv1"]).sum(axis=(0, 2, 3)) / trace["conv2"][tuple(unit)]
        np.testing.assert_allclose(own, expected, atol=1e-12)
    assert np.abs(found.sum(axis=1) - 1).max() > 0.01       # the normalization takes its part


def test_what_passes_by_is_no_way_from_layer_to_layer():
    net = chain()
    assert layers.between(net, "left", "conv2") is None     # the other branch passes by
    assert layers.between(net, "conv2", "conv1") is None
    pixels = Network([("conv1", Conv(1, 1, 1)), ("both", Concat(), ("conv1", "input")),
                      ("conv2", Conv(2, 1, 1))], (1, 3, 3))
    assert layers.between(pixels, "conv1", "conv2") is None
    assert [*layers.between(net, "pool1", "both").layers] == ["left", "left relu", "right", "both"]


def test_the_largest_amounts_feed():
    mean = np.array([0.1, -0.5, 0.0, 0.3])
    assert layers.feeders(mean, 2) == [[2, 1, -0.5], [2, 3, 0.3], [2, 0, 0.1]]
    assert layers.feeders(mean, 2, most=1) == [[2, 1, -0.5]]
    assert layers.feeders(np.full(4, np.nan), 2) == []


def test_average_pools_pass_on(rng):
    net = Network([("conv1", Conv(1, 4, 3)), ("relu1", ReLU()), ("conv2", Conv(4, 3, 1)),
                   ("pool", GlobalAveragePool()), ("flat", Flatten())], (1, 6, 6))
    net = net.initialize(rng).astype(np.float64)
    trace = net.forward(rng.standard_normal((2, 1, 6, 6)))
    units = units_of(trace["flat"])
    found = layers.shares(layers.between(net, "conv2", "flat"), trace["conv2"], "flat", units)
    np.testing.assert_allclose(found, np.eye(3)[units[:, 1]], atol=1e-12)
