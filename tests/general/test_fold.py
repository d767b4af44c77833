"""Folding batch normalization into what is before it: the same scores, fewer layers."""
import numpy as np
import pytest
from general_cases import assert_close

from numpyzf.deconvnet import RULES, project
from numpyzf.general.fold import fold_batch_norm
from numpyzf.general.layers import Add, BatchNorm, Concat, GeneralConv, LeakyReLU
from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network

pytestmark = pytest.mark.small


def drawn(layers, input_shape=(2, 6, 5), dtype=np.float64):
    """A network with random parameters and statistics."""
    net, rng = Network(layers, input_shape).astype(dtype), np.random.default_rng(2)
    for value in net.parameters.values():
        value[...] = rng.standard_normal(value.shape)
    for layer in net.layers.values():
        if isinstance(layer, BatchNorm):
            C = len(layer.mean)
            layer.mean = rng.standard_normal(C).astype(np.float32)
            layer.variance = rng.uniform(0.5, 2, C).astype(np.float32)
    return net


def chain(dtype=np.float64):
    return drawn([("conv1", Conv(2, 3, 3, pad=1)), ("bn1", BatchNorm(3)), ("relu1", ReLU()),
                  ("conv2", GeneralConv(3, 6, (1, 3), groups=3)), ("bn2", BatchNorm(6)),
                  ("scale2", BatchNorm(6, epsilon=0.0)), ("relu2", LeakyReLU(0.1)),
                  ("flatten", Flatten()), ("fc3", Linear(108, 4)), ("bn3", BatchNorm(4))],
                 dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_chain_keeps_its_scores(dtype, rng):
    net, x = chain(dtype), rng.standard_normal((3, 2, 6, 5)).astype(dtype)
    before = {name: value.copy() for name, value in net.parameters.items()}
    folded = fold_batch_norm(net)
    assert [*folded.layers] == ["conv1", "relu1", "conv2", "relu2", "flatten", "fc3"]
    assert folded.dtype == dtype
    trace, right = folded.forward(x), net.forward(x)
    for name, same in (("conv1", "bn1"), ("conv2", "scale2"), ("relu2", "relu2"), ("fc3", "bn3")):
        assert_close(trace[name], right[same], name)
    for name, value in net.parameters.items():                  # and the net is as it was
        np.testing.assert_array_equal(value, before[name])
        assert not any(np.shares_memory(value, other) for other in folded.parameters.values())


@pytest.mark.parametrize("rule", RULES)
def test_and_its_projections(rule, rng):
    """Kept or folded, the way down is the same: a normalization multiplies what passes it."""
    net, x = chain(), rng.standard_normal((1, 2, 6, 5))
    folded = fold_batch_norm(net)
    trace, other = net.forward(x), folded.forward(x)
    for kept, name, unit in (("scale2", "conv2", (0, 4, 2, 1)), ("bn3", "fc3", (0, 2))):
        assert_close(project(folded, other, name, unit, rule=rule),
                     project(net, trace, kept, unit, rule=rule))


def test_what_others_take_too_stays(rng):
    net = drawn([("conv1", Conv(2, 3, 1)), ("bn1", BatchNorm(3)), ("sum", Add(), ("conv1", "bn1")),
                 ("bn2", BatchNorm(3)), ("relu2", ReLU()), ("conv3", Conv(3, 3, 1)),
                 ("conv4", Conv(3, 2, 1), "relu2"), ("bn4", BatchNorm(2)),
                 ("bn3", BatchNorm(3), "conv3"), ("both", Concat(), ("bn3", "bn4")),
                 ("bn5", BatchNorm(5))])
    folded = fold_batch_norm(net)
    assert [*folded.layers] == ["conv1", "bn1", "sum", "bn2", "relu2", "conv4", "conv3", "both",
                                "bn5"]
    assert folded.inputs["both"] == ("conv3", "conv4") and folded.inputs["conv3"] == ("relu2",)
    x = rng.standard_normal((2, 2, 6, 5))
    assert_close(folded.forward(x).scores, net.forward(x).scores)


def test_the_output_stays_the_last(rng):
    """A normalization at the end of a net goes into a convolution that stands further up."""
    net = drawn([("conv1", Conv(2, 3, 1)), ("relu1", ReLU(), "input"), ("bn1", BatchNorm(3),
                                                                        "conv1")])
    folded, x = fold_batch_norm(net), rng.standard_normal((2, 2, 6, 5))
    assert [*folded.layers] == ["relu1", "conv1"]
    assert_close(folded.forward(x).scores, net.forward(x).scores)


def test_twice_the_same_output_is_taken_twice(rng):
    net = drawn([("conv1", Conv(2, 3, 1)), ("bn1", BatchNorm(3)),
                 ("sum", Add(), ("bn1", "bn1")), ("bn2", BatchNorm(3))])
    folded, x = fold_batch_norm(net), rng.standard_normal((2, 2, 6, 5))
    assert [*folded.layers] == ["conv1", "sum", "bn2"]
    assert_close(folded.forward(x).scores, net.forward(x).scores)


def test_nothing_to_fold():
    net = drawn([("bn1", BatchNorm(2)), ("conv1", Conv(2, 3, 1))])
    assert [*fold_batch_norm(net).layers] == ["bn1", "conv1"]
