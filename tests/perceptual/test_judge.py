"""The judge: its gradient, the pictures it takes, and that it stays as it is."""
import numpy as np
import pytest

from numpyzf import runs
from numpyzf.exchange.write import write_onnx
from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network
from numpyzf.perceptual import losses
from numpyzf.perceptual.judge import judge_of

# Of each kind of layer, as far up as pictures of 45×39 pixels have more than one place.
KINDS = [("squeezenet", ["conv1"]), ("squeezenet", ["relu1"]), ("squeezenet", ["pool1"]),
         ("squeezenet", ["fire2.squeeze_relu", "fire2.expand3"]), ("squeezenet", ["fire2"]),
         ("squeezenet", ["pool3"]), ("squeezenet", ["fire5"]), ("squeezenet", ["relu1", "fire4"]),
         ("labnet-cifar10", ["relu1"]), ("labnet-cifar10", ["pool1"]),
         ("labnet-cifar10", ["norm1"]), ("labnet-cifar10", ["relu2", "relu4"]),
         ("labnet-cifar10", ["pool5", "norm2", "conv1"])]


def loss(judge, x, target):
    """The feature losses of a judge's layers, added, and their gradient with respect to x."""
    own, other = judge.features(x), judge.features(target)
    value, signals = 0.0, {}
    for layer in judge.layers:
        one, signals[layer] = losses.feature(own[layer], other[layer])
        value += one
    return value, judge.pull(own, signals, x.shape[1])


@pytest.mark.parametrize("net, layers", KINDS, ids=lambda value: str(value))
@pytest.mark.parametrize("channels", [3, 1], ids=["rgb", "gray"])
def test_what_it_pulls_is_the_gradient(net, layers, channels, rng):
    """By central differences. The pictures aren't square, and the step is so small that ReLUs and
    pools stay on their sides.
    """
    judge = judge_of(net, layers)
    x, target = (rng.random((2, channels, 45, 39)) for _ in range(2))
    _, dx = loss(judge, x, target)
    assert dx.shape == x.shape and dx.dtype == np.float64
    directions = [rng.standard_normal(x.shape) / np.sqrt(x.size) for _ in range(2)]
    for _ in range(2):
        pixel = np.zeros_like(x)
        pixel[tuple(rng.integers(x.shape))] = 1
        directions.append(pixel)
    typical = np.sqrt(np.mean(dx ** 2))
    for direction in directions:
        up, down = (loss(judge, x + step * direction, target)[0] for step in (1e-6, -1e-6))
        expected = (dx * direction).sum()
        assert (up - down) / 2e-6 == pytest.approx(expected, rel=1e-6, abs=1e-3 * typical)


def test_a_gray_picture_is_judged_as_three_equal_channels(rng):
    judge = judge_of("squeezenet", ["relu1"])
    gray, target = rng.random((1, 1, 20, 17)), rng.random((1, 3, 20, 17))
    rgb = gray.repeat(3, axis=1)
    (value, dx), (same, dx_rgb) = (loss(judge, x, target) for x in (gray, rgb))
    assert value == same
    np.testing.assert_allclose(dx, dx_rgb.sum(axis=1, keepdims=True), rtol=1e-12)


def test_float32_and_float64_agree(rng):
    judge = judge_of("squeezenet", ["relu1", "fire3"])
    x, target = rng.random((2, 3, 40, 40)), rng.random((2, 3, 40, 40))
    (value, dx), (rough, rough_dx) = (loss(judge, x.astype(dtype), target.astype(dtype))
                                      for dtype in (np.float64, np.float32))
    assert rough_dx.dtype == np.float32 and rough == pytest.approx(value, rel=1e-4)
    assert np.linalg.norm(rough_dx - dx) < 1e-3 * np.linalg.norm(dx)


def test_a_picture_is_prepared_as_by_its_net():
    """0 … 1 here is 0 … 255 there, minus the net's mean, by its scale."""
    run = runs.pretrained()
    judge = judge_of("labnet-cifar10", ["relu1"])
    image = np.random.default_rng(1).integers(256, size=(1, 3, 32, 32), dtype=np.uint8)
    mean = run.prepare.mean.mean(axis=(1, 2), keepdims=True)
    x = ((image - mean) / run.prepare.scale).astype(np.float32)
    expected = run.net.forward(x, until="relu1")["relu1"]
    actual = judge.features((image / 255).astype(np.float32))["relu1"]
    np.testing.assert_allclose(actual, expected, atol=1e-4 * expected.max())


@pytest.mark.parametrize("size", [(227, 227), (64, 100), (33, 17)])
def test_it_takes_pictures_of_other_sizes(size, rng):
    judge = judge_of("squeezenet", ["relu1", "pool1"])
    trace = judge.features(rng.random((1, 3, *size), np.float32))
    assert trace["relu1"].shape[1:] == (64, *((n - 3) // 2 + 1 for n in size))


@pytest.mark.parametrize("channels", [1, 3])
def test_targets_are_features(channels, rng):
    """Also of a view that isn't contiguous; and where a kept ReLU has a pool behind it."""
    judge = judge_of("squeezenet", ["relu1", "fire2"])
    x = rng.random((2, 40, 50, channels)).astype(np.float32).transpose(0, 3, 1, 2)
    trace, seen = judge.features(x), judge.targets(x)
    assert [*seen] == judge.layers
    for layer in seen:
        np.testing.assert_array_equal(seen[layer], trace[layer])
        assert judge.targets(x[:0])[layer].shape == (0, *seen[layer].shape[1:])


def test_it_keeps_few_sizes(rng):
    judge = judge_of("labnet-cifar10", ["relu1"])
    shapes = [(1, 3, 16 + n, 20) for n in range(9)]
    kept = [judge.net_for(np.zeros(shape, np.float32)) for shape in shapes]
    assert judge.net_for(np.zeros(shapes[-1], np.float32)) is kept[-1]
    assert judge.net_for(np.zeros(shapes[0], np.float32)) is not kept[0]


def test_nothing_above_its_layers_is_computed():
    judge = judge_of("squeezenet", ["pool1", "relu1"])
    assert [*judge.net.layers] == ["conv1", "relu1", "pool1"]


@pytest.mark.parametrize("net, layers", [("squeezenet", ["fire4"]), ("labnet-cifar10", ["relu4"])])
def test_its_parameters_stay_as_they_are(net, layers, rng):
    judge = judge_of(net, layers)
    before = {name: value.copy() for name, value in judge.net.parameters.items()}
    for dtype in (np.float32, np.float64):
        loss(judge, rng.random((1, 3, 48, 48)).astype(dtype), rng.random((1, 3, 48, 48)).astype(
            dtype))
    for name, value in judge.net.parameters.items():
        np.testing.assert_array_equal(value, before[name])


def test_random_weights_are_a_control_of_the_same_size(rng):
    x = rng.random((1, 3, 40, 40), np.float32)
    trained, one, again, other = (judge_of("squeezenet", ["relu1", "fire2"], random=seed)
                                  for seed in (None, 1, 1, 2))
    maps = [judge.features(x)["fire2"] for judge in (trained, one, again, other)]
    assert len({array.shape for array in maps}) == 1
    np.testing.assert_array_equal(maps[1], maps[2])
    assert (maps[0] != maps[1]).any() and (maps[1] != maps[3]).any()


def test_bad_input_is_refused_with_what_to_do(rng):
    with pytest.raises(ValueError, match="relu99.*the layers are.*fire9"):
        judge_of("squeezenet", ["relu99"])
    judge = judge_of("squeezenet", ["fire9"])
    with pytest.raises(ValueError, match="20×12 pixels.*fire9"):
        judge.features(rng.random((1, 3, 12, 20), np.float32))
    with pytest.raises(ValueError, match="this judge takes pictures"):
        judge.features(rng.random((1, 4, 64, 64), np.float32))
    with pytest.raises(ValueError, match="or of one channel"):
        judge.targets(rng.random((1, 4, 64, 64), np.float32))
    with pytest.raises(ValueError, match="60×60 pixels.*fc6"):
        judge_of("labnet-cifar10", ["fc6"]).features(rng.random((1, 3, 60, 60), np.float32))


def test_a_net_of_one_s_own_whose_layers_have_any_names(tmp_path, rng):
    layers = [("f.0", Conv(3, 4, 3, pad=1)), ("f.1", ReLU()), ("f.2", Conv(4, 2, 3)),
              ("flat", Flatten()), ("scores", Linear(72, 5))]
    for kept, default in ((layers, ["f.1"]), (layers[:1] + layers[2:], None)):
        net = Network(kept, (3, 8, 8)).initialize(rng)
        path = tmp_path / "own.onnx"
        write_onnx(net, path)
        assert judge_of(str(path), ["f.2"]).layers == ["f.2"]
        if default:
            assert judge_of(str(path)).layers == default
        else:
            with pytest.raises(ValueError, match="own.onnx has no ReLU to judge by: name layers; "
                                                 "it has f.0, f.2"):
                judge_of(str(path))


@pytest.mark.parametrize("size", [(56, 49), (72, 64)], ids=str)
@pytest.mark.parametrize("layer", ["relu1", "fire2", "fire3", "fire4"])
def test_units_inside_see_no_padding(layer, size, rng):
    """They come out the same where the picture goes on beyond its border; the next ones don't."""
    judge, far = judge_of("squeezenet", [layer]), 16        # a multiple of the strides
    x = rng.random((1, 3, *(n + 2 * far for n in size)))
    whole = judge.features(x)[layer]
    own = judge.features(x[:, :, far:-far, far:-far])[layer]
    stride = judge.net.receptive_field(layer).stride
    rows, columns = judge.inside(layer, size)
    same = np.zeros(own.shape[2:], bool)
    same[rows, columns] = True
    shifted = whole[:, :, far // stride:, far // stride:][:, :, :own.shape[2], :own.shape[3]]
    np.testing.assert_allclose(own[..., same], shifted[..., same], rtol=0, atol=1e-9)
    others = np.abs(own - shifted).max(axis=(0, 1))[~same]
    assert (others > 1e-6).all() and (layer == "relu1" or len(others))


def test_units_whose_middle_lies_in_a_margin_are_left_out():
    judge = judge_of("squeezenet", ["fire2"])       # windows of 15 pixels, 4 apart, from −4 on
    assert judge.inside("fire2", (3, 60, 43)) == (slice(1, 13), slice(1, 9))
    # from 12 − 7 pixels on, and as far from the other side
    assert judge.inside("fire2", (60, 43), 12) == (slice(3, 12), slice(3, 7))
    assert judge.inside("fire2", (60, 15), 12) == (slice(3, 12), slice(None))


def test_a_layer_that_is_named_twice_counts_once():
    assert judge_of("squeezenet", ["relu1", "fire2", "relu1"]).layers == ["relu1", "fire2"]
