"""Eight well-known nets that come with onnx, each in a small file that computes its weights.

In the files all weights of a tensor are one number, so that all classes get nearly the same score:
the nets are run so, and with random weights. The long ones are for `pytest -m long`.
"""
from pathlib import Path

import numpy as np
import onnx
import pytest
from building import random
from evaluating import mended
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from numpyzf.exchange.read import read_onnx

FOLDER = Path(onnx.__file__).parent / "backend/test/data/light"
NAMES = ("zfnet512", "bvlc_alexnet", "squeezenet", "vgg19", "resnet50", "inception_v1",
         "inception_v2", "densenet121")
LONG = pytest.mark.long


def randomized(model):
    """Give a model weights of its own, at He's size, in place of the constants."""
    rng = np.random.default_rng(0)
    shapes = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    positive = {name for node in model.graph.node if node.op_type == "BatchNormalization"
                for name in (node.input[1], node.input[4])}         # scale and variance
    nodes = []
    for node in model.graph.node:
        if node.op_type != "ConstantOfShape":
            nodes.append(node)
            continue
        shape, name = shapes[node.input[0]], node.output[0]
        value = rng.standard_normal(shape, np.float32)
        value = (np.abs(value) + np.float32(0.3) if name in positive else
                 value * np.float32(0.1 if len(shape) == 1 else np.sqrt(2 / np.prod(shape[1:]))))
        model.graph.initializer.append(numpy_helper.from_array(value, name))
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def images_of(model):
    """The input that is no initializer."""
    given = {tensor.name for tensor in model.graph.initializer}
    return next(value for value in model.graph.input if value.name not in given)


@pytest.mark.parametrize("name, weights, side", [
    ("zfnet512", "own", 224), ("squeezenet", "random", 64), ("densenet121", "random", 64),
    *(pytest.param(name, weights, 224, marks=LONG) for name in NAMES
      for weights in ("own", "random")),
])
def test_scores_are_the_evaluator_s(tmp_path, name, weights, side):
    path = FOLDER / f"light_{name}.onnx"
    model = onnx.load(path)
    value = images_of(model)
    model.ir_version = 4            # initializers that aren't inputs are allowed since then
    if weights == "random":
        randomized(model)
    for dim in value.type.tensor_type.shape.dim[2:]:
        dim.dim_value = side
    if (weights, side) != ("own", 224):
        path = tmp_path / "net.onnx"
        onnx.save(model, path)
    x = random(1, 3, side, side)
    expected = ReferenceEvaluator(model, new_ops=mended(model)).run(None, {value.name: x})[0]
    net = read_onnx(path)
    got = net.forward(x).scores
    if name == "zfnet512":          # a Zeiler–Fergus net, whose layers get the paper's names
        assert [*net.layers][:8] == ["conv1", "relu1", "norm1", "pool1",
                                     "conv2", "relu2", "norm2", "pool2"]
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    if weights == "random":
        assert np.ptp(expected) > 0.5 * np.abs(expected).max()      # classes differ


def test_what_a_shuffled_net_lacks():
    words = "Reshape .*it makes .N, 4, 28, 56, 56. of .N, 112, 56, 56.*Transpose"
    with pytest.raises(ValueError, match=words):
        read_onnx(FOLDER / "light_shufflenet.onnx")
