"""The networks of perceptual/networks.py: the paper's sizes, gradients, other sizes, beginnings."""
import numpy as np
import pytest

from numpyzf import models
from numpyzf.deconvnet import project
from numpyzf.general.models import squeezenet
from numpyzf.layers import ReLU
from numpyzf.perceptual import layers, networks
from numpyzf.perceptual.adam import adam_step

SMALL = {"superres": lambda: networks.paper_superres(4, (3, 3, 4)),
         "style": lambda: networks.paper_style((3, 44, 42), maps=2),
         "style, instance": lambda: networks.paper_style((3, 41, 44), maps=2, norm="instance"),
         "small style": lambda: networks.small_style((3, 12, 8), maps=2)}
every_net = pytest.mark.parametrize("name", SMALL)


def shapes(net, *names):
    return [net.shapes[name] for name in names]


# ---- what the paper says -------------------------------------------------------------------------

@pytest.mark.small
@pytest.mark.parametrize("scale, side", [(4, 72), (8, 36)])
def test_sizes_and_parameters_of_the_paper_s_superres(scale, side):
    net, doublings = networks.paper_superres(scale, (3, side, side)), scale.bit_length() - 1
    assert shapes(net, "conv1_relu", "block4") == [(64, side, side)] * 2
    assert shapes(net, "up1_relu", f"up{doublings}") == [(64, 2 * side, 2 * side), (64, 288, 288)]
    assert shapes(net, "pixels", "output") == [(3, 288, 288)] * 2
    assert f"up{doublings + 1}" not in net.layers and "block5" not in net.layers
    block, up = 2 * (64 * 64 * 9 + 64 + 2 * 64), 64 * 64 * 9 + 64 + 2 * 64
    ends = 64 * 3 * 81 + 64 + 2 * 64 + 3 * 64 * 81 + 3
    assert sum(w.size for w in net.parameters.values()) == 4 * block + doublings * up + ends


@pytest.mark.small
def test_sizes_and_parameters_of_the_paper_s_style():
    net = networks.paper_style()
    assert shapes(net, "mirror", "conv1", "conv2", "conv3") == [
        (3, 336, 336), (32, 336, 336), (64, 168, 168), (128, 84, 84)]
    assert [net.shapes[f"block{n}"] for n in range(1, 6)] == [
        (128, side, side) for side in (80, 76, 72, 68, 64)]
    assert shapes(net, "up1", "up2", "pixels", "output") == [
        (64, 128, 128), (32, 256, 256), (3, 256, 256), (3, 256, 256)]
    assert sum(w.size for w in net.parameters.values()) == 1_679_235


@pytest.mark.small
@every_net
def test_where_normalizations_and_relus_are(name):
    """Behind every layer of filters but a block's second one, which has no ReLU, and the last."""
    net = SMALL[name]()
    kinds = {type(layer).__name__ for layer in net.layers.values()}
    assert ("InstanceNorm" in kinds) != ("BatchNorm" in kinds)
    order = [(key, type(layer).__name__) for key, layer in net.layers.items()]
    for (key, kind), (_, behind), (_, further) in zip(order, order[1:], order[2:]):
        if kind in ("Conv", "ConvTranspose") and key != "pixels":
            assert behind.endswith("Norm"), key
            assert (further == "ReLU") != key.endswith("conv2") or not key.startswith("block"), key
    assert [key for key, kind in order][-2:] == ["pixels", "output"]
    assert not any(kind == "ReLU" for (key, _), (_, kind) in zip(order, order[1:])
                   if key in ("block1", "block5"))


@pytest.mark.small
def test_a_small_style_network_has_no_stride_half_and_no_zeros_around_convolutions():
    net = networks.small_style((3, 20, 24))
    for name, layer in net.layers.items():
        assert not isinstance(layer, layers.ConvTranspose)
        assert isinstance(layer, layers.Smooth) or getattr(layer.window, "pad", 0) == 0, name
    assert net.shapes["output"] == (3, 20, 24) and net.shapes["block3"] == (32, 5, 6)
    assert networks.small_style((3, 5, 5), maps=2).shapes["output"] == (3, 8, 8)


@pytest.mark.small
@pytest.mark.parametrize("make, smallest", [
    (lambda shape: networks.paper_style(shape, maps=1), 41),
    (lambda shape: networks.small_style(shape, maps=1), 5)])
def test_the_smallest_picture(make, smallest):
    make((3, smallest, smallest))
    with pytest.raises(ValueError, match="layer (conv1_)?mirror: reflection padding of"):
        make((3, smallest - 1, smallest))


# ---- they run, and their gradients are right -----------------------------------------------------

@every_net
def test_a_pass_up_and_down_in_float32(name, rng):
    net = networks.start(SMALL[name](), rng)
    x = rng.random((2, *net.input_shape), np.float32)
    trace = net.forward(x, train=True)
    assert trace.scores.shape == (2, *net.shapes["output"]) and trace.scores.dtype == np.float32
    assert 0 <= trace.scores.min() < trace.scores.max() <= 1
    grads = net.backward(trace, trace.scores - np.float32(0.5), wrt_input=True)
    assert grads.keys() == {*net.parameters, "input"}
    for key, value in net.parameters.items():
        assert grads[key].dtype == np.float32 and grads[key].shape == value.shape
        assert np.isfinite(grads[key]).all() and (grads[key].any() or key.endswith(".b"))
    moments = {key: (np.zeros_like(w), np.zeros_like(w)) for key, w in net.parameters.items()}
    before = trace.scores
    adam_step(net.parameters, moments, grads, 1, rate=1e-5)
    after = net.forward(x, train=True).scores
    assert ((after - 0.5) ** 2).sum() < ((before - 0.5) ** 2).sum()


@every_net
def test_gradients_against_central_differences(name, rng):
    """Along a random direction of each parameter, and of the picture; without kinks for that."""
    net = networks.start(SMALL[name](), rng).astype(np.float64)
    for key, layer in net.layers.items():
        if isinstance(layer, ReLU):
            net.layers[key] = layers.ScaledTanh(-1, 2)
    x, h = rng.random((2, *net.input_shape)), 1e-5
    trace = net.forward(x, train=True)
    dy = rng.standard_normal(trace.scores.shape)
    grads, slopes = net.backward(trace, dy, wrt_input=True), {}
    for key, value in {**net.parameters, "input": x}.items():
        if name == "superres" and key.startswith(("block2", "block3")):     # as the other blocks
            continue
        direction, start = rng.standard_normal(value.shape), value.copy()
        direction /= np.sqrt((direction ** 2).sum())
        ends = []
        for step in h, -h:
            value[...] = start + step * direction
            ends.append((dy * net.forward(x, train=True).scores).sum())
        value[...] = start
        slopes[key] = (grads[key] * direction).sum(), (ends[0] - ends[1]) / (2 * h)
    # nothing but what a normalization behind it takes away again may have no gradient
    largest = max(abs(right) for _, right in slopes.values())
    without = {key for key, (_, right) in slopes.items() if abs(right) < 1e-6 * largest}
    assert all(key.endswith(("conv1.b", "conv2.b", "conv3.b", "up1.b", "up2.b", "norm2.shift"))
               for key in without)
    for key, (slope, right) in slopes.items():
        assert slope == pytest.approx(right, rel=1e-6, abs=1e-8 * largest), key


@every_net
def test_a_signal_comes_down_by_every_rule(name, rng):
    net = networks.start(SMALL[name](), rng)
    trace = net.forward(rng.random((1, *net.input_shape), np.float32))
    for rule in "deconvnet", "gradient", "guided":
        assert project(net, trace, "output", (0, 1, 2, 3), rule=rule).shape == net.input_shape


# ---- beginnings ----------------------------------------------------------------------------------

def test_start_draws_as_large_as_a_unit_s_inputs_ask(rng):
    """Variance 2 / inputs; a convolution of stride 1/2 has a quarter of its taps at each pixel."""
    net = networks.start(networks.paper_superres(4), rng)
    for name, inputs in [("conv1", 3 * 81), ("block2.conv1", 64 * 9), ("up1", 64 * 9 / 4),
                         ("pixels", 64 * 81)]:
        w = net.layers[name].params["w"]
        assert w.std() == pytest.approx(np.sqrt(2 / inputs), rel=0.03)
    x = rng.standard_normal((1, 64, 20, 20), np.float32)
    up = net.layers["up1"].forward(x)[0]
    assert (up ** 2).mean() == pytest.approx(2, rel=0.1)            # as a convolution's would be
    for name, layer in net.layers.items():
        if isinstance(layer, layers.BatchNorm):
            assert (layer.params["scale"] == 1).all() and not layer.params["shift"].any()


def test_start_is_the_same_from_the_same_seed_and_draws_anew():
    one, other = (networks.start(networks.small_style(), np.random.default_rng(3))
                  for _ in range(2))
    for key, value in one.parameters.items():
        np.testing.assert_array_equal(value, other.parameters[key])
    other.layers["conv1"].params["b"][...] = 7
    networks.start(other, np.random.default_rng(4))
    assert not other.parameters["conv1.b"].any()
    assert (one.parameters["conv1.w"] != other.parameters["conv1.w"]).all()


# ---- other sizes ---------------------------------------------------------------------------------

def test_at_size_has_the_same_parameters_and_layers(rng):
    net = networks.start(networks.paper_superres(4, (3, 6, 6)), rng)
    other = networks.at_size(net, (3, 9, 4))
    assert other.shapes["output"] == (3, 36, 16) and net.shapes["output"] == (3, 24, 24)
    for key, value in net.parameters.items():
        assert other.parameters[key] is value
    assert other.inputs == net.inputs and other.layers["block2"] is net.layers["block2"]
    other.parameters["conv1.w"][...] *= 2
    x = rng.random((1, 3, 6, 6), np.float32)
    doubled = networks.at_size(other, (3, 6, 6))
    np.testing.assert_array_equal(net.predict(x), doubled.predict(x))


def test_a_judge_at_another_size(rng):
    net = squeezenet().initialize(rng)
    other = networks.at_size(net, (3, 64, 96))
    assert other.shapes["fire3"] == (128, 15, 23) and other.shapes["flatten"] == (1000,)
    x = rng.random((1, 3, 64, 96), np.float32)
    trace = other.forward(x, until="pool1")
    np.testing.assert_array_equal(trace["conv1"], net.layers["conv1"].forward(x)[0])


def test_what_a_net_can_t_be_made_for():
    with pytest.raises(ValueError, match="layer fc6: fully connected layer takes"):
        networks.at_size(models.labnet(), (1, 40, 40))
    with pytest.raises(ValueError, match="layer conv1: .* takes 3 channels"):
        networks.at_size(networks.paper_superres(4), (1, 72, 72))


@pytest.mark.small
@pytest.mark.parametrize("make, error, words", [
    (lambda: networks.paper_superres(3), ValueError, "scale must be a power of two.*not 3"),
    (lambda: networks.paper_superres(1), ValueError, "scale must be at least 2"),
    (lambda: networks.paper_superres(4.0), TypeError, "scale must be an integer"),
    (lambda: networks.paper_style(norm="layer"), ValueError,
     "norm must be 'batch' or 'instance', not 'layer'"),
    (lambda: networks.start(networks.small_style(), 0), TypeError,
     "rng must be a numpy.random.Generator")])
def test_one_clear_error(make, error, words):
    with pytest.raises(error, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)
