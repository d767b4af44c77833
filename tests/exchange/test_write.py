"""What write_onnx writes: ONNX's checker accepts it, and others compute the same from it."""
from importlib.util import find_spec

import numpy as np
import onnx
import pytest
from evaluating import evaluate

from numpyzf.exchange.read import read_onnx
from numpyzf.exchange.write import write_onnx
from numpyzf.general.layers import (Add, AveragePool, BatchNorm, ClippedReLU, Concat, GeneralConv,
                                    GeneralMaxPool, GlobalAveragePool, LeakyReLU, Pad, Sigmoid,
                                    Softmax)
from numpyzf.general.models import squeezenet
from numpyzf.layers import ContrastNorm, Conv, Dropout, Flatten, Linear, MaxPool, ReLU
from numpyzf.models import labnet
from numpyzf.network import Network

EVALUATORS = ["reference", pytest.param("runtime", marks=pytest.mark.skipif(
    find_spec("onnxruntime") is None, reason="onnxruntime is not installed"))]
# Each net takes (4, 9, 8).
LAYERS = {
    "conv": [Conv(4, 6, 3, stride=2, pad=1)],
    "rectangles": [GeneralConv(4, 6, (2, 3), stride=(2, 1), pad=(0, 2, 1, 0), dilation=(1, 2))],
    "groups": [GeneralConv(4, 6, 3, pad=1, groups=2)],
    "depthwise": [GeneralConv(4, 4, 3, stride=2, groups=4)],
    "relu": [Pad(1, 0.5), ReLU()],
    "leaky": [LeakyReLU(0.01)],
    "clipped": [ClippedReLU(0.1, 0.7)],
    "sigmoid": [Sigmoid()],
    "softmax of maps": [Softmax()],
    "softmax of features": [Flatten(), Linear(288, 5), Softmax()],
    "contrast norm": [ContrastNorm(size=3, alpha=0.3)],
    "contrast norm, even": [ContrastNorm(size=4, alpha=2)],
    "batch norm": [BatchNorm(4, epsilon=1e-3)],
    "batch norm of features": [Flatten(), BatchNorm(288)],
    "global": [GlobalAveragePool(), Flatten()],
    "pad": [Pad((1, 0, 2, 3), -1.5)],
    "dropout at the end": [ReLU(), Dropout(0.5)],
    "linear": [Flatten(), Linear(288, 6), ReLU(), Dropout(0.2), Linear(6, 3)],
    "rectangular max pool": [GeneralMaxPool((2, 3), stride=(1, 2), pad=(0, 1, 1, 2))],
    "dilated max pool": [GeneralMaxPool(3, stride=1, pad=1, dilation=(1, 2))],
    # one that hangs over along the rows, one that would begin in the padding along the columns
    "odd last windows": [GeneralMaxPool((3, 2), stride=(4, 3), pad=(0, 1, 0, 2), ceil=True)],
    "odd last windows, averaged": [AveragePool((3, 2), stride=(4, 3), pad=(0, 1, 0, 2), ceil=True)],
    "dilated average pool": [AveragePool((2, 3), stride=(2, 1), pad=(1, 0, 0, 2), dilation=(3, 2))],
    "dilated average pool, counted": [AveragePool(3, stride=1, pad=(1, 0, 0, 2), dilation=(3, 2),
                                                  count_pad=True)],
    "dilated average pool, odd last windows": [
        AveragePool(3, stride=(3, 2), pad=(1, 0, 0, 0), dilation=2, ceil=True)],
    "dilated average pool, odd last windows, counted": [
        AveragePool(3, stride=(3, 2), pad=(1, 0, 0, 0), dilation=2, ceil=True, count_pad=True)],
    "odd last windows, counted": [AveragePool((3, 2), stride=(4, 3), pad=(0, 1, 0, 2), ceil=True,
                                              count_pad=True)],
}
RUNTIME_REFUSES = {
    "contrast norm, even": "ONNX Runtime normalizes over odd numbers of maps only"}


def fill(net, rng):
    """Put random numbers into all that a net holds; returns it."""
    for value in net.parameters.values():
        value[...] = rng.standard_normal(value.shape) / np.sqrt(value[0].size)
    for layer in net.layers.values():
        if isinstance(layer, BatchNorm):
            layer.mean[...] = rng.standard_normal(len(layer.mean))
            layer.variance[...] = rng.uniform(0.5, 2, len(layer.mean))
    return net


def net_of(layers, rng):
    """A filled net of layers one behind the other."""
    named = [(f"layer{i}", layer) for i, layer in enumerate(layers)]
    return fill(Network(named, (4, 9, 8)), rng)


def four_pools(case):
    """A net of one pool of each kind, over the same windows."""
    windows = case.windows()
    layers = {"max": MaxPool(**windows), "general": GeneralMaxPool(**windows),
              "mean": AveragePool(**windows), "counted": AveragePool(**windows, count_pad=True)}
    return Network([*((name, layer, "input") for name, layer in layers.items()),
                    ("all", Concat(), tuple(layers))], case.x_shape()[1:])


def assert_others_give_our_scores(net, tmp_path, rng, evaluator, images=2):
    write_onnx(net, tmp_path / "net.onnx")
    x = rng.standard_normal((images, *net.input_shape)).astype(np.float32)
    y, found = net.predict(x), evaluate(tmp_path / "net.onnx", x, evaluator)
    assert found.shape == y.shape and found.dtype == np.float32
    assert np.abs(found - y).max() <= 1e-5 * np.abs(y).max()


# ---- what others compute -------------------------------------------------------------------------

@pytest.mark.parametrize("evaluator", EVALUATORS)
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name, evaluator, tmp_path, rng):
    if evaluator == "runtime" and name in RUNTIME_REFUSES:
        pytest.skip(RUNTIME_REFUSES[name])
    assert_others_give_our_scores(net_of(LAYERS[name], rng), tmp_path, rng, evaluator)


@pytest.mark.parametrize("evaluator", EVALUATORS)
def test_pools(pool_case, evaluator, tmp_path, rng):
    assert_others_give_our_scores(four_pools(pool_case), tmp_path, rng, evaluator, pool_case.N)


@pytest.mark.parametrize("evaluator", EVALUATORS)
def test_branches(evaluator, tmp_path, rng):
    net = Network([("a", Conv(3, 4, 1)), ("b", ReLU()), ("c", Conv(3, 4, 3, pad=1), "input"),
                   ("d", Add(), ("b", "c")), ("e", Concat(), ("d", "a", "input")),
                   ("f", Add(), ("e", "e", "e")), ("unused", ReLU(), "c"), ("g", ReLU(), "f")],
                  (3, 5, 6))
    assert_others_give_our_scores(fill(net, rng), tmp_path, rng, evaluator)


@pytest.mark.parametrize("evaluator", EVALUATORS)
@pytest.mark.parametrize("images", [1, 3])
@pytest.mark.parametrize("make, side", [(labnet, 30), (squeezenet, 67)])
def test_whole_nets_for_any_number_of_images(make, side, images, evaluator, tmp_path, rng):
    net = fill(make(7, input_shape=(3, side, side + 1)), rng)
    assert_others_give_our_scores(net, tmp_path, rng, evaluator, images)


# ---- read back -----------------------------------------------------------------------------------

def assert_the_same_bits(net, tmp_path, rng):
    write_onnx(net, tmp_path / "net.onnx")
    again = read_onnx(tmp_path / "net.onnx")
    assert {name: value.tobytes() for name, value in again.parameters.items()} == {
        name: value.tobytes() for name, value in net.parameters.items()}
    x = rng.standard_normal((2, *net.input_shape)).astype(np.float32)
    assert again.predict(x).tobytes() == net.predict(x).tobytes()
    return again


@pytest.mark.parametrize("name", LAYERS)
def test_layers_read_back(name, tmp_path, rng):
    assert_the_same_bits(net_of(LAYERS[name], rng), tmp_path, rng)


def test_pools_read_back(pool_case, tmp_path, rng):
    assert_the_same_bits(four_pools(pool_case), tmp_path, rng)


@pytest.mark.parametrize("make, side", [(labnet, 30), (squeezenet, 67)])
def test_whole_nets_read_back(make, side, tmp_path, rng):
    net = fill(make(7, input_shape=(3, side, side + 1)), rng)
    again = assert_the_same_bits(net, tmp_path, rng)
    kinds = {name: type(layer) for name, layer in net.layers.items() if type(layer) is not Dropout}
    assert {name: type(layer) for name, layer in again.layers.items()} == kinds
    write_onnx(again, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == (tmp_path / "net.onnx").read_bytes()


# ---- the file ------------------------------------------------------------------------------------

@pytest.mark.small
def test_the_form_of_the_file(tmp_path, rng):
    net = fill(Network([("conv", Conv(3, 4, 3)), ("flatten", Flatten()), ("fc", Linear(36, 2))],
                       (3, 5, 5)), rng)
    write_onnx(net, tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    graph, (opset,) = model.graph, model.opset_import
    assert (model.ir_version, opset.domain, opset.version) == (7, "", 13)
    assert [value.name for value in graph.input] == ["input"]
    assert [value.name for value in graph.output] == ["fc"]
    dims = [graph.input[0].type.tensor_type.shape.dim, graph.output[0].type.tensor_type.shape.dim]
    assert [[d.dim_param or d.dim_value for d in shape] for shape in dims] == [["N", 3, 5, 5],
                                                                               ["N", 2]]
    assert [node.name for node in graph.node] == ["conv", "flatten", "fc"]
    for tensor in graph.initializer:
        np.testing.assert_array_equal(onnx.numpy_helper.to_array(tensor),
                                      net.parameters[tensor.name])
        assert tensor.raw_data
    assert len(graph.initializer) == len(net.parameters)
    first = (tmp_path / "net.onnx").read_bytes()
    write_onnx(net.astype(np.float64), tmp_path / "net.onnx")
    assert (tmp_path / "net.onnx").read_bytes() == first


@pytest.mark.small
def test_only_dilated_averages_need_a_newer_form(tmp_path, rng):
    for name, form in (("dilated average pool", (9, 19)), ("dilated max pool", (7, 13)),
                       ("odd last windows, averaged", (7, 13))):
        write_onnx(net_of(LAYERS[name], rng), tmp_path / "net.onnx")
        model = onnx.load(tmp_path / "net.onnx")
        assert (model.ir_version, model.opset_import[0].version) == form, name


def test_half_the_bytes(tmp_path, rng):
    net = fill(Network([("conv", Conv(3, 4, 3)), ("norm", BatchNorm(4)), ("flatten", Flatten()),
                        ("fc", Linear(36, 99))], (3, 5, 5)), rng)
    x = rng.standard_normal((2, 3, 5, 5)).astype(np.float32)
    write_onnx(net, tmp_path / "net.onnx", weights="float16")
    model = onnx.load(tmp_path / "net.onnx")
    kinds = {tensor.name: onnx.TensorProto.DataType.Name(tensor.data_type)
             for tensor in model.graph.initializer}
    assert [name for name, kind in kinds.items() if kind == "FLOAT16"] == [
        "conv.w.float16", "conv.b.float16", "fc.w.float16", "fc.b.float16"]
    assert set(kinds) > {"norm.scale", "norm.shift", "norm.mean", "norm.variance"}
    for name, value in net.parameters.items():
        if not name.startswith("norm"):
            value[...] = value.astype(np.float16)
    y = net.predict(x)
    assert np.abs(evaluate(tmp_path / "net.onnx", x) - y).max() <= 1e-5 * np.abs(y).max()


# ---- what is refused -----------------------------------------------------------------------------

class Mine(ReLU):
    """A layer that could do anything."""


@pytest.mark.small
def test_layers_that_no_operator_is_known_for_are_named_all_at_once(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_text("the earlier file")
    net = Network([("one", Mine()), ("two", ReLU()), ("three", Mine())], (3, 5, 5))
    with pytest.raises(ValueError, match=r"one .*three .*ReLU"):
        write_onnx(net, path)
    assert path.read_text() == "the earlier file" and [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("names", [("", "b"), ("conv.w", "conv"), ("conv", "conv.b")])
def test_two_things_of_one_name(names, tmp_path):
    net = Network([(names[0], Conv(3, 3, 1)), (names[1], Conv(3, 3, 1))], (3, 5, 5))
    with pytest.raises(ValueError, match="name"):
        write_onnx(net, tmp_path / "net.onnx")


@pytest.mark.small
def test_what_float16_cannot_hold(tmp_path):
    net = Network([("conv", Conv(3, 3, 1))], (3, 5, 5))
    net.parameters["conv.b"][1] = -70000
    with pytest.raises(ValueError, match=r"conv\.b holds 70000.*float32"):
        write_onnx(net, tmp_path / "net.onnx", weights="float16")
    write_onnx(net, tmp_path / "net.onnx")


@pytest.mark.small
def test_other_weights_than_the_two(tmp_path):
    with pytest.raises(ValueError, match="weights"):
        write_onnx(Network([("a", ReLU())], (3, 5, 5)), tmp_path / "net.onnx", weights="int8")
