"""A run as a model file: others get our scores from it, by what the JSON file says."""
import json

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from numpyzf import modelfiles, runs
from numpyzf.data.preprocess import Preparation
from numpyzf.layers import Conv, Flatten, Linear
from numpyzf.network import Network


def small_run(rng, channels, classes=("cat", "Käse", "a\udc80b")):
    """A run whose images, 7×7, are larger than its net's input, 5×5; it has names of any kind."""
    net = Network([("conv", Conv(channels, 2, 3)), ("flatten", Flatten()),
                   ("fc", Linear(18, len(classes)))], (channels, 5, 5)).initialize(rng)
    mean = rng.uniform(0, 255, (channels, 7, 7)).astype(np.float32)
    return runs.Run(net, Preparation(mean, 61.3, 5, 0, False), classes)


@pytest.mark.small
@pytest.mark.parametrize("channels, word", [(1, "gray"), (3, "RGB")])
def test_the_json_file_says_how_an_image_becomes_an_input(channels, word, tmp_path, rng):
    run = small_run(rng, channels)
    about = json.loads(modelfiles.export(run, tmp_path / "net.onnx").read_text(encoding="utf-8"))
    assert tuple(about["names"]) == run.classes and about["channels"] == word
    image = rng.integers(0, 256, (channels, about["size"], about["size"]), np.uint8)
    x = (image - np.array(about["mean"], np.float32)) / np.float32(about["scale"])
    graph = onnx.load(tmp_path / "net.onnx").graph
    side = graph.input[0].type.tensor_type.shape.dim[2].dim_value
    first = (about["size"] - side) // 2
    x = x[None, :, first:first + side, first:first + side]
    y = run.net.predict(run.prepare(image[None]))
    found, = ReferenceEvaluator(str(tmp_path / "net.onnx")).run(None, {"input": x})
    assert np.abs(found - y).max() <= 1e-5 * np.abs(y).max()


def test_another_ending_is_refused_before_anything_is_written(tmp_path, rng):
    with pytest.raises(ValueError, match=r"net\.json.*\.onnx"):
        modelfiles.export(small_run(rng, 3), tmp_path / "net.json")
    assert [*tmp_path.iterdir()] == []
