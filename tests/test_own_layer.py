"""A layer of one's own, as layers.py says how to write one: it does all that the others do."""
import numpy as np
import pytest

from numpyzf.deconvnet import RULES, project
from numpyzf.geometry import ReceptiveField, Window
from numpyzf.gradcheck import check_gradient
from numpyzf.layers import Conv, Flatten, Linear, MaxPool, ReLU
from numpyzf.look import many
from numpyzf.look.many import project_many
from numpyzf.network import Network
from numpyzf.training import Recipe, State, train_step

pytestmark = pytest.mark.small


class Scale:
    """y[n, c] = w[c]·x[n, c] + b[c]: each map has a factor and an offset."""

    def __init__(self, maps):
        self.window = Window(1, 1, 0)
        self.params = {"w": np.ones(maps, np.float32), "b": np.zeros(maps, np.float32)}

    def output_shape(self, shape):
        if shape[0] != len(self.params["w"]):
            raise ValueError(f"scale takes {len(self.params['w'])} maps, but gets shape {shape}")
        return shape

    def forward(self, x, train=False, rng=None):
        w, b = (self.params[key][:, None, None] for key in "wb")
        return w * x + b, (x, self.params["w"])

    def backward(self, dy, saved, need_dx=True):
        x, w = saved
        grads = {"w": (dy * x).sum(axis=(0, 2, 3)), "b": dy.sum(axis=(0, 2, 3))}
        return dy * w[:, None, None], grads

    def project(self, r, saved, image_of, rule):
        return r * saved[1][:, None, None]


def with_scale(dtype=np.float64):
    """A scale behind a convolution, in front of a ReLU and a pool, and once more above them."""
    net = Network([("conv1", Conv(1, 3, 3, pad=1)), ("scale1", Scale(3)), ("relu1", ReLU()),
                   ("pool1", MaxPool(2, stride=2)), ("scale2", Scale(3)),
                   ("conv2", Conv(3, 2, 3)), ("relu2", ReLU()), ("flatten", Flatten()),
                   ("fc3", Linear(2 * 3 * 2, 3))], (1, 10, 8)).astype(dtype)
    rng = np.random.default_rng(4)
    for value in net.parameters.values():
        value[...] = rng.standard_normal(value.shape)
    return net


@pytest.fixture
def x(rng):
    return rng.standard_normal((2, 1, 10, 8))


def test_it_is_counted_initialized_and_copied(rng):
    net = with_scale(np.float32)
    assert net.receptive_field("scale2") == ReceptiveField(4, 2, -1) == net.receptive_field("pool1")
    assert net.cone("scale2", 0, 1) == (slice(0, 3), slice(1, 5))
    assert "Scale object" in repr(net) and net.convolutions == ["conv1", "conv2"]
    net.initialize(rng)
    assert net.parameters["scale1.w"].all() and not net.parameters["scale1.b"].any()
    other = with_scale(np.float32)
    other.load_parameters(net.parameters)
    np.testing.assert_array_equal(other.layers["scale2"].params["w"], net.parameters["scale2.w"])
    with pytest.raises(ValueError, match=r"layer scale1: scale takes 4 maps, but gets shape \(3,"):
        Network([("conv1", Conv(1, 3, 3)), ("scale1", Scale(4))], (1, 10, 8))


@pytest.mark.parametrize("train", [False, True])
def test_up_and_the_gradient(x, train, rng):
    net = with_scale()
    trace = net.forward(x, train=train)
    w, b = net.parameters["scale1.w"], net.parameters["scale1.b"]
    np.testing.assert_array_equal(trace["scale1"][:, 1], w[1] * trace["conv1"][:, 1] + b[1])

    def backward(dy):
        return net.backward(trace, dy, wrt_input=True)

    check_gradient(lambda x: net.forward(x).scores, lambda dy: backward(dy)["input"], x, rng)
    for name in ("scale1.w", "scale1.b", "scale2.w", "scale2.b", "conv1.w"):
        def scores(value):
            changed = net.astype(np.float64)
            changed.parameters[name][...] = value
            return changed.forward(x).scores
        check_gradient(scores, lambda dy: backward(dy)[name], net.parameters[name].copy(), rng)


def test_a_training_step_changes_it(x, rng):
    net = with_scale(np.float32)
    before = {name: value.copy() for name, value in net.parameters.items()}
    state = State(net, rng, 0.1)
    train_step(state, x.astype(np.float32), np.array([0, 2]), 0.1, Recipe())
    for name in ("scale1.w", "scale2.b"):
        assert (net.parameters[name] != before[name]).all()


def test_down_it_is_the_gradient(x):
    net = with_scale()
    trace, dy = net.forward(x), np.zeros((2, *with_scale().shapes["conv2"]))
    dy[1, 0, 2, 1] = trace["conv2"][1, 0, 2, 1]
    down = project(net, trace, "conv2", (1, 0, 2, 1), rule="gradient")
    gradient = net.backward(trace, dy, layer="conv2", wrt_input=True)["input"][1]
    assert gradient.any()
    np.testing.assert_allclose(down, gradient, rtol=1e-12)


@pytest.mark.parametrize("layer, starts", [("conv1", []), ("scale1", ["scale1"]),
                                           ("pool1", ["scale1"]), ("conv2", ["scale2"]),
                                           ("fc3", ["fc3"])])
@pytest.mark.parametrize("rule", RULES)
def test_many_units_go_down_in_whole_maps_from_there(x, layer, starts, rule, monkeypatch):
    net, seen, descend = with_scale(), [], many.descend
    trace = net.forward(x)
    units = np.argwhere(trace[layer])[::7]
    monkeypatch.setattr(many, "descend", lambda net, trace, signals, *rest:
                        seen.extend(signals) or descend(net, trace, signals, *rest))
    projections = project_many(net, trace, layer, units, rule=rule)
    assert seen == starts and len(projections) == len(units) > 0
    for unit, picture in zip(units, projections):
        one = project(net, trace, layer, unit, rule=rule)
        np.testing.assert_allclose(picture, one, rtol=1e-12, atol=1e-12)


class Leaky(ReLU):
    """A ReLU that passes a tenth of what is negative."""

    def forward(self, x, train=False, rng=None):
        return np.where(x > 0, x, x / 10), x > 0

    def backward(self, dy, saved, need_dx=True):
        return np.where(saved, dy, dy / 10), {}


class Doubled(MaxPool):
    """A pool that gives twice the maxima."""

    def forward(self, x, train=False, rng=None):
        y, switches = super().forward(x, train, rng)
        return 2 * y, switches

    def backward(self, dy, saved, need_dx=True):
        return super().backward(2 * dy, saved, need_dx)


@pytest.mark.parametrize("relu, pool", [(Leaky(), MaxPool(2, stride=2)),
                                        (ReLU(), Doubled(2, stride=2))])
def test_a_layer_derived_from_another_runs_in_training_too(x, relu, pool, rng):
    """A training pass makes one of a ReLU and a pool, but not of what is derived from them."""
    net = Network([("conv1", Conv(1, 3, 3)), ("relu1", relu), ("pool1", pool)], (1, 10, 8))
    net = net.initialize(rng).astype(np.float64)
    net.parameters["conv1.b"][...] = -0.03              # many windows with nothing positive
    plain, training = net.forward(x), net.forward(x, train=True)
    assert (plain.scores > 0).any() and (plain.scores <= 0).any()
    np.testing.assert_array_equal(training.scores, plain.scores)
    dy = rng.standard_normal(plain.scores.shape)
    for name, value in net.backward(plain, dy, wrt_input=True).items():
        found = net.backward(training, dy, wrt_input=True)[name]
        np.testing.assert_array_equal(found, value)


class Reordered:
    """Nothing, but that what comes out lies in memory in another order."""
    params, window = {}, Window(1, 1, 0)

    def output_shape(self, shape):
        return shape

    def forward(self, x, train=False, rng=None):
        return np.asfortranarray(x), None

    def backward(self, dy, saved, need_dx=True):
        return np.asfortranarray(dy), {}

    def project(self, r, saved, image_of, rule):
        return np.asfortranarray(r)


def test_arrays_may_lie_in_memory_in_any_order(x, rng):
    """Around a ReLU and a pool, too, of which a training pass makes one."""
    net = Network([("own1", Reordered()), ("conv1", Conv(1, 3, 3)), ("own2", Reordered()),
                   ("relu1", ReLU()), ("pool1", MaxPool(2, stride=2)), ("own3", Reordered()),
                   ("conv2", Conv(3, 2, 2)), ("own4", Reordered())], (1, 10, 8))
    net = net.initialize(rng).astype(np.float64)
    other = Network([(name, layer) for name, layer in net.layers.items() if name[:3] != "own"],
                    (1, 10, 8))
    dy = rng.standard_normal((2, *net.shapes["conv2"]))
    expected = other.backward(other.forward(x), dy, wrt_input=True)
    for train in (False, True):
        found = net.backward(net.forward(x, train=train), dy, wrt_input=True)
        for name, value in expected.items():
            np.testing.assert_array_equal(found[name], value, name)
    for rule in RULES:
        np.testing.assert_array_equal(
            project(net, net.forward(x), "own4", (1, 0, 2, 1), rule=rule),
            project(other, other.forward(x), "conv2", (1, 0, 2, 1), rule=rule))
