"""The gradients of whole nets: every parameter and every pixel, in float64, within 1e-6.

They are compared with central differences. Single operations are checked in test_gradients.py.
Here is what only a whole net can get wrong: the order on the way down, names, what was saved for
whom.
"""
import numpy as np
import pytest

from numpyzf.functional import softmax_cross_entropy
from numpyzf.gradcheck import check_gradient
from numpyzf.layers import ContrastNorm, Conv, Dropout, Flatten, Linear, MaxPool, ReLU
from numpyzf.network import Network

pytestmark = pytest.mark.small
SEED = 29       # of those tried, one with values far from all kinks, and few units that never fire


def every_layer():
    """Every kind of layer; windows that overlap, hang over the edge, leave an edge unvisited."""
    return Network([("conv1", Conv(2, 3, 3, pad=1)), ("relu1", ReLU()),
                    ("pool1", MaxPool(3, stride=2, ceil=True)),
                    ("norm1", ContrastNorm(size=3, alpha=1.5)),
                    ("conv2", Conv(3, 2, 2)), ("relu2", ReLU()), ("flatten", Flatten()),
                    ("fc3", Linear(4, 4)), ("relu3", ReLU()), ("drop3", Dropout(0.4)),
                    ("fc4", Linear(4, 3))], (2, 6, 5))


def only_convolutions():
    """Strides, gaps in a pool, a normalization first, no ReLU at the end; method="direct"."""
    return Network([("norm1", ContrastNorm(size=2, alpha=2.0, beta=0.5, k=1.0)),
                    ("conv1", Conv(2, 2, 3, stride=2, pad=2, method="direct")),
                    ("pool1", MaxPool(1, stride=2)), ("relu1", ReLU()),
                    ("conv2", Conv(2, 3, 2, pad=1))], (2, 6, 5))


def drawn(build):
    """The net with weights and biases, two images, and the generator that drew them."""
    rng, net = np.random.default_rng(SEED), build().astype(np.float64)
    for value in net.parameters.values():
        value[...] = rng.uniform(0.3, 0.9, value.shape) * rng.choice([-1, 1], value.shape)
    return net, rng.standard_normal((2, *net.input_shape)), rng


def kink_margin(net, trace):
    """How far the values are from where a ReLU or a maximum would change its mind.

    There is no gradient there.
    """
    below, margins = ["input", *net.layers], []
    for before, name in zip(below, net.layers):
        x, layer = trace[before], net.layers[name]
        if isinstance(layer, ReLU):
            margins.append(np.abs(x).min())
        if isinstance(layer, MaxPool):
            size, stride, _ = layer.window
            for place in np.ndindex(*trace[name].shape[2:]):
                rows, columns = (slice(i * stride, i * stride + size) for i in place)
                window = np.sort(x[:, :, rows, columns].reshape(*x.shape[:2], -1))
                if window.shape[2] > 1:
                    gaps = window[:, :, -1] - window[:, :, -2]
                    # a window that is all zero behind a ReLU stays zero
                    margins.append(gaps[window[:, :, -1] > 0].min(initial=1))
    return min(margins)


def with_value(net, name, value):
    changed = net.astype(np.float64)
    changed.parameters[name][...] = value
    return changed


PASSES = {"every layer": (every_layer, False), "every layer, in training": (every_layer, True),
          "only convolutions": (only_convolutions, False)}


@pytest.fixture(params=PASSES)
def case(request):
    """net, x, and forward(net, x) -> Trace, which drops the same values each time."""
    build, train = PASSES[request.param]
    net, x, rng = drawn(build)
    assert kink_margin(net, net.forward(x)) > 0.02
    return net, x, lambda net, x: net.forward(x, train=train, rng=np.random.default_rng(5)), rng


def test_every_parameter(case):
    net, x, forward, rng = case
    trace = forward(net, x)
    for name, value in net.parameters.items():
        check_gradient(lambda value: forward(with_value(net, name, value), x).scores,
                       lambda dy: net.backward(trace, dy)[name], value.copy(), rng)


def test_every_pixel(case):
    net, x, forward, rng = case
    trace = forward(net, x)
    check_gradient(lambda x: forward(net, x).scores,
                   lambda dy: net.backward(trace, dy, wrt_input=True)["input"], x, rng)


@pytest.mark.parametrize("train", [False, True])
def test_from_every_layer_to_every_pixel(train):
    """In training, too, where the ReLU and the pool behind it are one: backward goes up again."""
    net, x, rng = drawn(every_layer)
    x = x[:1]

    def forward(x, until=None):
        return net.forward(x, train=train, rng=np.random.default_rng(5), until=until)

    for name in net.layers:
        trace = forward(x)
        check_gradient(lambda x: forward(x, until=name).scores,
                       lambda dy: net.backward(trace, dy, layer=name, wrt_input=True)["input"],
                       x, rng)


def test_the_loss_that_training_makes_small():
    net, x, rng = drawn(every_layer)
    labels = np.array([2, 0])

    def loss(net):
        trace = net.forward(x, train=True, rng=np.random.default_rng(5))
        return softmax_cross_entropy(trace.scores, labels)[0]

    trace = net.forward(x, train=True, rng=np.random.default_rng(5))
    grads = net.backward(trace, softmax_cross_entropy(trace.scores, labels)[1])
    for name, value in net.parameters.items():
        check_gradient(lambda value: loss(with_value(net, name, value)),
                       lambda dy: dy * grads[name], value.copy(), rng)


def test_the_checks_above_have_something_to_check():
    """Dropout drops here, and hardly a gradient is zero, where anything would do."""
    net, x, _ = drawn(every_layer)
    trace = net.forward(x, train=True, rng=np.random.default_rng(5))
    assert set(np.unique(trace.saved["drop3"])) == {0, 1 / 0.6}
    for name, value in net.backward(trace, np.ones((2, 3)), wrt_input=True).items():
        assert np.mean(value != 0) > 0.8, name
