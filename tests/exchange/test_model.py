"""A run as a model file, and a model file as a run: what the JSON file says, options, neither."""
import json

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from numpyzf import data, runs
from numpyzf.data.preprocess import Preparation
from numpyzf.deconvnet import project, strongest
from numpyzf.exchange.model import export, load_model
from numpyzf.exchange.write import write_onnx
from numpyzf.general.layers import BatchNorm, GlobalAveragePool, Softmax
from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network

CLASSES = ("cat", "Käse", "a\udc80b")


def small_run(rng, channels, classes=CLASSES):
    """A run whose images, 7×7, are larger than its net's input, 5×5; it has names of any kind."""
    net = Network([("conv", Conv(channels, 2, 3)), ("flatten", Flatten()),
                   ("fc", Linear(18, len(classes)))], (channels, 5, 5)).initialize(rng)
    mean = rng.uniform(0, 255, (channels, 7, 7)).astype(np.float32)
    return runs.Run(net, Preparation(mean, 61.3, 5, 0, False), classes)


@pytest.fixture
def model(tmp_path, rng):
    """A model file of a net of 3×6×6 images that ends in a softmax, and the net up to it."""
    layers = [("conv", Conv(3, 4, 3)), ("norm", BatchNorm(4)), ("relu", ReLU()),
              ("last", Conv(4, 3, 1)), ("mean", GlobalAveragePool())]
    net = Network([*layers, ("flatten", Flatten())], (3, 6, 6)).initialize(rng)
    net.layers["norm"].mean[...] = rng.normal(size=4)
    whole = [(name, net.layers[name]) for name in net.layers]
    write_onnx(Network([*whole, ("softmax", Softmax())], (3, 6, 6)), tmp_path / "net.onnx")
    return tmp_path / "net.onnx", net


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (4, 3, 6, 6), np.uint8)


def about(path, **values):
    path.with_suffix(".json").write_text(json.dumps(values), encoding="utf-8")


def near(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4 * np.abs(b).max())


# ---- out -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("channels, word", [(1, "gray"), (3, "RGB")])
def test_the_json_file_says_how_an_image_becomes_an_input(channels, word, tmp_path, rng):
    run = small_run(rng, channels)
    told = json.loads(export(run, tmp_path / "net.onnx").read_text(encoding="utf-8"))
    assert tuple(told["names"]) == run.classes and told["channels"] == word
    image = rng.integers(0, 256, (channels, told["size"], told["size"]), np.uint8)
    x = (image - np.array(told["mean"], np.float32)) / np.float32(told["scale"])
    graph = onnx.load(tmp_path / "net.onnx").graph
    side = graph.input[0].type.tensor_type.shape.dim[2].dim_value
    first = (told["size"] - side) // 2
    x = x[None, :, first:first + side, first:first + side]
    y = run.net.predict(run.prepare(image[None]))
    found, = ReferenceEvaluator(str(tmp_path / "net.onnx")).run(None, {"input": x})
    assert np.abs(found - y).max() <= 1e-5 * np.abs(y).max()


def test_another_ending_is_refused_before_anything_is_written(tmp_path, rng):
    with pytest.raises(ValueError, match=r"net\.json.*\.onnx"):
        export(small_run(rng, 3), tmp_path / "net.json")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("channels", [1, 3])
def test_what_goes_out_comes_in_again(channels, tmp_path, rng):
    """Images of any kind get the same scores, from the same input."""
    run = small_run(rng, channels)
    export(run, tmp_path / "net.onnx")
    again = load_model(tmp_path / "net.onnx")
    images = rng.integers(0, 256, (5, channels, 7, 7), np.uint8)
    np.testing.assert_array_equal(again.prepare(images), run.prepare(images))
    np.testing.assert_array_equal(again.net.predict(again.prepare(images)),
                                  run.net.predict(run.prepare(images)))
    assert again.classes == run.classes
    assert again.settings["assumed"][0] == "size from net.json"
    # and once more: with one number per channel, and a scale of each
    thrice = again._replace(prepare=again.prepare._replace(
        mean=np.ones_like(again.prepare.mean) * 7, scale=again.prepare.scale * 2))
    export(thrice, tmp_path / "more.onnx")
    assert json.loads((tmp_path / "more.json").read_text())["mean"] == [7.0] * channels
    np.testing.assert_array_equal(load_model(tmp_path / "more.onnx").prepare(images),
                                  thrice.prepare(images))


# ---- in ------------------------------------------------------------------------------------------

def test_without_a_word_imagenet_s_numbers_are_assumed_and_told(model, images):
    path, net = model
    run = load_model(path)
    mean, scale = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
    x = ((images - mean[:, None, None]) / scale[:, None, None]).astype(np.float32)
    near(run.prepare(images), x)
    near(run.net.predict(run.prepare(images)), net.predict(x))     # the scores, no probabilities
    assert run.classes == ("class 0", "class 1", "class 2")
    assert run.settings["assumed"] == [
        "size from the file", "channels RGB assumed", "mean assumed to be ImageNet's",
        "scale assumed to be ImageNet's", "classes as numbers"]
    assert "norm" not in run.net.layers                            # folded


def test_what_stands_beside_it_counts_and_what_is_given_counts_more(model, images):
    path, net = model
    about(path, mean=10, scale=[1, 2, 4], names=["a", "b", "c"])
    run = load_model(path)
    assert run.classes == ("a", "b", "c")
    near(run.prepare(images), (images - 10.0) / np.array([1, 2, 4])[:, None, None])
    run = load_model(path, mean=(1, 2, 3), names=["x", "y", "z"])
    assert run.classes == ("x", "y", "z")
    expected = (images - np.array([1.0, 2, 3])[:, None, None]) / np.array([1, 2, 4])[:, None, None]
    near(run.prepare(images), expected)
    assert run.settings["assumed"] == [
        "size from the file", "channels RGB assumed", "mean as given", "scale from net.json",
        "names as given"]


def test_a_net_that_takes_bgr_is_turned_to_rgb(model, images):
    """Mean and scale are in the order of the net's channels; projections come out as RGB."""
    path, net = model
    run = load_model(path, channels="BGR", mean=[1, 2, 3], scale=[4, 5, 6])
    bgr = images[:, ::-1]
    x = (bgr - np.array([1.0, 2, 3])[:, None, None]) / np.array([4, 5, 6])[:, None, None]
    x = np.ascontiguousarray(x, np.float32)
    near(run.net.predict(run.prepare(images)), net.predict(x))
    trace, turned = net.forward(x), run.net.forward(run.prepare(images))
    unit = strongest(trace, "relu", 0)
    near(project(run.net, turned, "relu", unit, seed=1.0),
         project(net, trace, "relu", unit, seed=1.0)[::-1])


def test_squeezenet_names_what_is_on_a_photograph():
    """Of the dozen that come along: the eight that show one of its classes, and the cat among."""
    run = load_model()
    x = run.prepare(data.photographs())
    names = sorted(path.stem for path in data.PHOTOGRAPHS.glob("*.jpg"))
    found = dict(zip(names, (run.classes[c] for c in run.net.predict(x, batch=4).argmax(axis=1))))
    right = {"boots": "cowboy boot", "cardigan": "cardigan", "cat": "Egyptian cat",
             "coffee": "espresso", "hat": "sombrero", "jeans": "jean", "sandals": "sandal",
             "skirt": "miniskirt", "t-shirt": "jersey"}
    assert {name: found[name] for name in right} == right
    assert len(run.classes) == 1000 and len(found) == 12


# ---- what is refused -----------------------------------------------------------------------------

@pytest.mark.parametrize("values, words", [
    ({"mean": [1, 2]}, "mean must be a number, 3 of them"),
    ({"mean": "dark"}, "mean must be a number"),
    ({"mean": [float("nan")] * 3}, "mean must be a number"),
    ({"scale": 0}, "scale must be positive"),
    ({"scale": [1, 1, -1]}, "scale must be positive"),
    ({"channels": "rgb"}, "channels must be 'RGB' or 'BGR', not 'rgb'"),
    ({"names": ["a", "b"]}, "2 names, but the net has 3 scores"),
    ({"names": "abc"}, "names must be a list"),
    ({"size": 4}, "size must be"),
    ({"meen": 3}, "unknown key meen; it takes size, channels, mean, scale, names"),
])
def test_a_wrong_word_is_refused_and_the_file_named(model, values, words):
    path, _ = model
    about(path, **values)
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        load_model(path)
    assert "net.onnx" in str(caught.value) or "net.json" in str(caught.value)


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000, "\udcff"])
def test_a_damaged_json_file_is_named(model, text):
    path, _ = model
    path.with_suffix(".json").write_text(text, errors="surrogateescape")
    with pytest.raises(ValueError, match=r"net\.json"):
        load_model(path)


def test_a_net_without_one_score_per_class_is_refused(tmp_path, rng):
    net = Network([("conv", Conv(3, 4, 3))], (3, 6, 6)).initialize(rng)
    write_onnx(net, tmp_path / "maps.onnx")
    with pytest.raises(ValueError, match=r"maps\.onnx: its last layer, conv, gives \(4, 4, 4\)"):
        load_model(tmp_path / "maps.onnx")


def test_bgr_takes_a_convolution_at_the_beginning(tmp_path, rng):
    net = Network([("norm", BatchNorm(3)), ("relu", ReLU()), ("conv", Conv(3, 4, 6)),
                   ("flatten", Flatten())], (3, 6, 6)).initialize(rng)
    write_onnx(net, tmp_path / "net.onnx")
    with pytest.raises(ValueError, match=r"net\.onnx: its first layer, norm, is a batch norm"):
        load_model(tmp_path / "net.onnx", channels="BGR")
