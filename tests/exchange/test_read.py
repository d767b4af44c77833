"""Files as networks: each gives what ONNX's reference evaluator makes of it."""
import numpy as np
import onnx
import pytest
from building import attribute, encoded, model, node, random, saved, tensor
from evaluating import evaluate

from numpyzf.deconvnet import project
from numpyzf.exchange.read import examine, read_onnx
from numpyzf.general import layers as general
from numpyzf.layers import ContrastNorm, Conv, Flatten, Linear, MaxPool, ReLU

W = random(4, 3, 3, 3)
B = random(4, seed=1)


def kinds(net):
    return [type(layer) for layer in net.layers.values()]


def check(path, x=None, **options):
    """Read a file, compare its scores with the reference evaluator's; returns the network."""
    net = read_onnx(path, **options)
    model = onnx.load(path)             # whole, for its checker: with the output's shape
    last = [*net.layers][-1]
    model.graph.output[0].CopyFrom(onnx.helper.make_tensor_value_info(
        model.graph.output[0].name, onnx.TensorProto.FLOAT, ["N", *net.shapes[last]]))
    path = path.with_name("whole.onnx")
    onnx.save(model, path)
    if x is None:
        x = random(2, *net.input_shape, seed=9)
    expected, got = evaluate(path, x), net.forward(x).scores
    assert got.dtype == np.float32 and got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    return net


# ---- windows -------------------------------------------------------------------------------------

@pytest.mark.parametrize("attributes, kind", [
    ({}, Conv),
    ({"pads": [1, 1, 1, 1], "strides": [2, 2], "kernel_shape": [3, 3]}, Conv),
    ({"pads": [0, 1, 2, 0]}, general.GeneralConv),
    ({"strides": [1, 2]}, general.GeneralConv),
    ({"dilations": [2, 1]}, general.GeneralConv),
    ({"auto_pad": "NOTSET", "pads": [1, 0, 0, 0]}, general.GeneralConv),
])
def test_convolutions(tmp_path, attributes, kind):
    path = saved(tmp_path, [node("Conv", "x w b", "y", **attributes)], {"w": W, "b": B})
    assert kinds(check(path)) == [kind]


@pytest.mark.parametrize("groups, shape", [(3, (6, 1, 3, 3)), (3, (3, 1, 1, 5))])
def test_groups_and_rectangles(tmp_path, groups, shape):
    path = saved(tmp_path, [node("Conv", "x w", "y", group=groups)], {"w": random(*shape)})
    check(path)


@pytest.mark.parametrize("op, attributes, kind", [
    ("MaxPool", {"strides": [2, 2]}, MaxPool),
    ("MaxPool", {}, MaxPool),                                       # the stride is 1 then
    ("MaxPool", {"strides": [2, 2], "ceil_mode": 1}, MaxPool),
    ("MaxPool", {"strides": [2, 2], "pads": [1, 1, 1, 1]}, MaxPool),
    ("MaxPool", {"strides": [2, 2], "pads": [0, 0, 1, 1]}, general.GeneralMaxPool),
    ("MaxPool", {"strides": [2, 1], "dilations": [1, 2]}, general.GeneralMaxPool),
    ("AveragePool", {"strides": [2, 2]}, general.AveragePool),
    ("AveragePool", {"strides": [2, 2], "pads": [1, 0, 0, 1]}, general.AveragePool),
    ("AveragePool", {"pads": [1, 1, 1, 1], "count_include_pad": 1}, general.AveragePool),
    ("AveragePool", {"strides": [2, 2], "ceil_mode": 1}, general.AveragePool),
    ("AveragePool", {"dilations": [2, 3], "pads": [1, 0, 0, 2]}, general.AveragePool),
])
def test_pools(tmp_path, op, attributes, kind):
    path = saved(tmp_path, [node(op, "x", "y", kernel_shape=[3, 3], **attributes)],
                 shape=(1, 2, 8, 7), opset=19 if op == "AveragePool" else 13)
    assert kinds(check(path, -1 - np.abs(random(1, 2, 8, 7)))) == [kind]    # padding isn't 0


@pytest.mark.parametrize("auto, more, pads", [
    ("VALID", {"strides": [2, 2]}, [0, 0, 0, 0]),
    ("SAME_UPPER", {}, [1, 1, 1, 1]),
    ("SAME_UPPER", {"strides": [2, 2]}, [0, 1, 1, 1]),      # 8 rows, 7 columns: an odd one at the
    ("SAME_LOWER", {"strides": [2, 2]}, [1, 1, 0, 1]),      # end for UPPER, else at the beginning
    ("SAME_UPPER", {"strides": [3, 3]}, [0, 1, 1, 1]),
    ("SAME_UPPER", {"strides": [5, 5]}, [0, 0, 0, 1]),
    ("SAME_UPPER", {"dilations": [3, 2]}, [3, 2, 3, 2]),
    ("SAME_LOWER", {"strides": [2, 1], "dilations": [3, 2]}, [3, 2, 2, 2]),
])
def test_auto_pad_is_as_pads_worked_out_by_hand(tmp_path, auto, more, pads):
    """The evaluator of onnx 1.22 pads for VALID, and at the wrong end for SAME_UPPER."""
    x = random(2, 3, 8, 7)
    for op, inputs, own in (("Conv", "x w", {}), ("MaxPool", "x", {"kernel_shape": [3, 3]}),
                            ("AveragePool", "x", {"kernel_shape": [3, 3]})):
        got, expected = (
            read_onnx(saved(tmp_path, [node(op, inputs, "y", **own, **more, **padding)], {"w": W},
                            shape=(1, 3, 8, 7))).forward(x).scores
            for padding in ({"auto_pad": auto}, {"pads": pads}))
        assert np.array_equal(got, expected)
        if auto != "VALID":
            assert got.shape[2:] == tuple(-(-n // s) for n, s in
                                          zip((8, 7), more.get("strides", [1, 1])))


@pytest.mark.parametrize("op, attributes", [
    ("GlobalAveragePool", {}), ("GlobalMaxPool", {}), ("ReduceMean", {"axes": [2, 3]}),
    ("ReduceMean", {"axes": [-1, -2], "keepdims": 0}),
])
def test_pools_of_whole_maps(tmp_path, op, attributes):
    check(saved(tmp_path, [node(op, "x", "y", **attributes)]))


def test_the_mean_s_axes_are_an_input_since_opset_18(tmp_path):
    check(saved(tmp_path, [node("ReduceMean", "x axes", "y")], {"axes": np.array([3, 2])},
                opset=18))


@pytest.mark.parametrize("opset, nodes, tensors", [
    (10, [node("Pad", "x", "y", pads=[0, 0, 1, 0, 0, 0, 2, 3], value=0.5)], {}),
    (11, [node("Pad", "x p v", "y")],
     {"p": np.array([0, 0, 1, 0, 0, 0, 2, 3]), "v": np.float32(-1)}),
    (13, [node("Pad", "x p", "y")], {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1])}),
    (18, [node("Pad", "x p - axes", "y")],
     {"p": np.array([1, 2, 3, 4]), "axes": np.array([-1, 2])}),
])
def test_padding(tmp_path, opset, nodes, tensors):
    assert kinds(check(saved(tmp_path, nodes, tensors, opset=opset))) == [general.Pad]


# ---- each number, each channel -------------------------------------------------------------------

@pytest.mark.parametrize("opset, nodes, tensors, kind", [
    (13, [node("Relu", "x", "y")], {}, ReLU),
    (13, [node("LeakyRelu", "x", "y", alpha=0.2)], {}, general.LeakyReLU),
    (13, [node("LeakyRelu", "x", "y")], {}, general.LeakyReLU),
    (13, [node("Sigmoid", "x", "y")], {}, general.Sigmoid),
    (10, [node("Clip", "x", "y", min=0.0, max=0.7)], {}, general.ClippedReLU),
    (10, [node("Clip", "x", "y", min=0.0)], {}, ReLU),
    (11, [node("Clip", "x low high", "y")], {"low": np.float32(-.5), "high": np.float32(6)},
     general.ClippedReLU),
    (13, [node("Clip", "x low", "y")], {"low": np.float32(0)}, ReLU),
    (13, [node("Clip", "x - high", "y")], {"high": np.float32(.5)}, general.ClippedReLU),
    (13, [node("LRN", "x", "y", size=2)], {}, ContrastNorm),
    (13, [node("LRN", "x", "y", size=5, alpha=0.3, beta=0.6, bias=2.0)], {}, ContrastNorm),
    (13, [node("Mul", "x c", "y")], {"c": np.float32(3)}, general.BatchNorm),
    (13, [node("Mul", "c x", "y")], {"c": random(3, 1, 1)}, general.BatchNorm),
    (13, [node("Add", "x c", "y")], {"c": random(1, 3, 1, 1)}, general.BatchNorm),
    (13, [node("Sub", "x c", "y")], {"c": random(3, 1, 1)}, general.BatchNorm),
    (13, [node("Sub", "c x", "y")], {"c": random(3, 1, 1)}, general.BatchNorm),
    (13, [node("Div", "x c", "y")], {"c": random(1, 3, 1, 1)}, general.BatchNorm),
    (13, [node("Softmax", "x", "y", axis=1)], {}, general.Softmax),
    (13, [node("Softmax", "x", "y", axis=-3)], {}, general.Softmax),
])
def test_each_number(tmp_path, opset, nodes, tensors, kind):
    assert kinds(check(saved(tmp_path, nodes, tensors, opset=opset))) == [kind]


def test_an_axis_says_where_a_constant_stands_before_opset_7(tmp_path):
    c = random(3)
    path = saved(tmp_path, [node("Mul", "x c", "y", broadcast=1, axis=1)], {"c": c}, opset=6)
    x = random(2, 3, 8, 8)
    assert (read_onnx(path).forward(x).scores == x * c[:, None, None]).all()


NORM = {"s": random(3), "t": random(3, seed=1), "m": random(3, seed=2),
        "v": np.abs(random(3, seed=3)) + np.float32(0.1)}


@pytest.mark.parametrize("opset", [8, 9, 13, 15])
def test_batch_normalization(tmp_path, opset):
    path = saved(tmp_path, [node("BatchNormalization", "x s t m v", "y", epsilon=1e-3)], NORM,
                 opset=opset)
    assert kinds(check(path)) == [general.BatchNorm]


def test_batch_normalization_is_folded_on_request(tmp_path):
    nodes = [node("Conv", "x w", "a"), node("BatchNormalization", "a s t m v", "b"),
             node("Relu", "b", "y")]
    path = saved(tmp_path, nodes, {"w": random(3, 3, 3, 3), **NORM})
    assert kinds(check(path)) == [Conv, general.BatchNorm, ReLU]
    assert kinds(check(path, fold_norms=True)) == [Conv, ReLU]


@pytest.mark.parametrize("nodes", [
    [node("Identity", "x", "a")],
    [node("Dropout", "x", "a", ratio=0.3)],
    [node("Cast", "x", "h", to=10), node("Cast", "h", "a", to=1)],
    [node("Clip", "x", "a", max=3.4028234e38)],
    [node("Transpose", "x", "a", perm=[0, 1, 2, 3])],
    [node("Pad", "x", "a", pads=[0] * 8)],
    [node("Sum", "x", "a")],
    [node("Concat", "x", "a", axis=1)],
    [node("Reshape", "x shape", "a")],
    [node("Constant", "", "c", value=tensor("", np.float32(1)))],
], ids=lambda nodes: nodes[-1]["op_type"])
def test_what_does_nothing_is_gone(tmp_path, nodes):
    last = nodes[-1]["output"][0]
    nodes = [*nodes, node("Relu", "x" if last == "c" else last, "y")]
    path = saved(tmp_path, nodes, {"shape": np.array([0, 3, -1, 8])}, opset=10)
    net = read_onnx(path)
    x = random(2, 3, 8, 8)
    assert kinds(net) == [ReLU] and (net.forward(x).scores == np.maximum(x, 0)).all()


@pytest.mark.parametrize("opset, nodes, tensors", [
    (6, [node("Dropout", "x", "a", is_test=1, ratio=0.5)], {}),
    (12, [node("Dropout", "x r", "a mask", seed=1)], {"r": np.float32(0.5)}),
    (13, [node("Dropout", "x r t", "a")], {"r": np.float32(0.5), "t": np.array(False)}),
])
def test_dropout_of_every_version_is_gone(tmp_path, opset, nodes, tensors):
    path = saved(tmp_path, [*nodes, node("Relu", "a", "y")], tensors, opset=opset)
    assert kinds(read_onnx(path)) == [ReLU]


# ---- fully connected -----------------------------------------------------------------------------

FLAT = node("Flatten", "x", "f")


@pytest.mark.parametrize("nodes, tensors", [
    ([node("Gemm", "f w b", "y", transB=1)], {"w": random(5, 12), "b": random(5)}),
    ([node("Gemm", "f w b", "y")], {"w": random(12, 5), "b": random(1, 5)}),
    ([node("Gemm", "f w", "y", alpha=0.5)], {"w": random(12, 5)}),
    ([node("Gemm", "f w b", "y", alpha=2.0, beta=-3.0)], {"w": random(12, 5), "b": random(5)}),
    ([node("Gemm", "f w b", "y")], {"w": random(12, 5), "b": np.float32(2)}),
    ([node("MatMul", "f w", "y")], {"w": random(12, 5)}),
    ([node("MatMul", "f w", "m"), node("Add", "m b", "y")], {"w": random(12, 5), "b": random(5)}),
    ([node("MatMul", "f w", "m"), node("Add", "b m", "y")], {"w": random(12, 5), "b": random(5)}),
    ([node("Transpose", "w", "wt", perm=[1, 0]), node("MatMul", "f wt", "m"),
      node("Add", "b m", "y")], {"w": random(5, 12), "b": random(5)}),
    ([node("Transpose", "w", "wt"), node("Gemm", "f wt b", "y")],
     {"w": random(5, 12), "b": random(5)}),
])
def test_fully_connected(tmp_path, nodes, tensors):
    """Among them the three ways in which PyTorch writes a Linear."""
    net = check(saved(tmp_path, [FLAT, *nodes], tensors, shape=("N", 3, 2, 2)))
    assert kinds(net) == [Flatten, Linear]


def test_a_bias_goes_only_where_nothing_else_reads(tmp_path):
    nodes = [FLAT, node("MatMul", "f w", "m"), node("Identity", "m", "same"),
             node("Add", "m b", "a"), node("Relu", "same", "r"), node("Add", "a r", "y")]
    net = check(saved(tmp_path, nodes, {"w": random(12, 5), "b": random(5)}, shape=(1, 3, 2, 2)))
    assert kinds(net) == [Flatten, Linear, general.BatchNorm, ReLU, general.Add]


def test_a_bias_is_given_once(tmp_path):
    nodes = [node("Conv", "x w", "c"), node("Add", "c b", "d"), node("Add", "d b", "y")]
    net = check(saved(tmp_path, nodes, {"w": W, "b": B.reshape(4, 1, 1)}))
    assert kinds(net) == [Conv, general.BatchNorm]


# ---- branches ------------------------------------------------------------------------------------

def test_branches(tmp_path):
    nodes = [node("Conv", "x w b", "c", name="stem"), node("Relu", "c", "r"),
             node("MaxPool", "c", "p", kernel_shape=[1, 1]), node("Sum", "r p c", "s"),
             node("Concat", "s c", "k", axis=-3), node("Add", "k k", "y")]
    net = check(saved(tmp_path, nodes, {"w": W, "b": B}))
    assert [*net.layers] == ["stem", "relu1", "pool1", "add1", "concat1", "add2"]
    assert net.inputs["add1"] == ("relu1", "pool1", "stem")
    assert net.inputs["add2"] == ("concat1", "concat1")
    trace = net.forward(random(1, 3, 8, 8))
    assert project(net, trace, "add2", (0, 0, 2, 2)).any()


def test_only_what_the_output_needs_is_read(tmp_path):
    nodes = [node("Relu", "x", "a"), node("Resize", "a", "b"), node("LSTM", "x", "c"),
             node("Sigmoid", "a", "y")]
    assert kinds(read_onnx(saved(tmp_path, nodes))) == [ReLU, general.Sigmoid]
    assert kinds(read_onnx(saved(tmp_path, nodes), output="a")) == [ReLU]


# ---- shapes and constants ------------------------------------------------------------------------

def ints(name, *values):
    return node("Constant", "", name, value=tensor("", np.array(values)))


VIEW = [node("Shape", "x", "s"), node("Constant", "", "zero", value=tensor("", np.array(0))),
        node("Gather", "s zero", "n", axis=0), node("Unsqueeze", "n", "n1", axes=[0]),
        ints("rest", -1)]


@pytest.mark.parametrize("nodes, opset", [
    ([*VIEW, node("Concat", "n1 rest", "v", axis=0), node("Reshape", "x v", "y")], 9),
    ([node("Shape", "x", "s"), ints("a", 0), ints("b", 1), node("Slice", "s a b", "n"),
      ints("rest", -1), node("Concat", "n rest", "v", axis=0), node("Reshape", "x v", "y")], 11),
    ([node("Shape", "x", "s"), node("Slice", "s", "n", starts=[0], ends=[1]), ints("k", 192),
      node("Cast", "k", "k1", to=7), node("Concat", "n k1", "v", axis=0),
      node("Reshape", "x v", "y")], 9),
    ([node("Shape", "x", "n", start=0, end=1), node("Shape", "x", "s", start=1),
      ints("i", 0), ints("j", 1), ints("l", 2), node("Gather", "s i", "c"),
      node("Gather", "s j", "h"), node("Gather", "s l", "w"), node("Mul", "c h", "ch"),
      node("Mul", "ch w", "k"), node("Concat", "n k", "v", axis=0),
      node("Reshape", "x v", "y")], 15),
    ([ints("v", -1, 192), node("Reshape", "x v", "y")], 13),
    ([ints("v", 0, -1), node("Reshape", "x v", "y")], 13),
    ([node("Reshape", "x", "y", shape=[0, -1])], 1),
    ([node("Flatten", "x", "y")], 9),
    ([node("Flatten", "x", "y", axis=-3)], 13),
])
def test_flattened_in_every_way(tmp_path, nodes, opset):
    """x.view(len(x), -1) as PyTorch writes it, old and new, and what is shorter."""
    path = saved(tmp_path, nodes, opset=opset)
    net = read_onnx(path)
    x = random(2, 3, 8, 8)
    assert kinds(net) == [Flatten] and (net.forward(x).scores == x.reshape(2, -1)).all()


@pytest.mark.parametrize("shape", [[1, 192], [1, -1], [4, 192], [4, -1]])
def test_a_frozen_batch_is_set_free(tmp_path, shape):
    path = saved(tmp_path, [ints("v", *shape), node("Reshape", "x v", "y")],
                 shape=(shape[0], 3, 8, 8))
    assert read_onnx(path).forward(random(5, 3, 8, 8)).scores.shape == (5, 192)


@pytest.mark.parametrize("opset, nodes", [
    (11, [node("Squeeze", "p", "y", axes=[2, 3])]),
    (13, [ints("a", -1, 2), node("Squeeze", "p a", "y")]),
])
def test_squeeze(tmp_path, opset, nodes):
    path = saved(tmp_path, [node("GlobalAveragePool", "x", "p"), *nodes], opset=opset)
    assert kinds(check(path)) == [general.GlobalAveragePool, Flatten]


def test_constants_are_folded(tmp_path):
    """Filters that the file makes of others: cut, turned, multiplied, joined, cast."""
    nodes = [ints("from", -1), ints("to", -100), ints("axis", 0), ints("step", -1),
             node("Slice", "w from to axis step", "turned"),
             node("Transpose", "turned", "t", perm=[1, 0, 2, 3]), node("Mul", "t k", "scaled"),
             node("Cast", "scaled", "half", to=10), node("Cast", "half", "single", to=1),
             ints("shape", 3, 3, 3, 3),
             node("ConstantOfShape", "shape", "ones", value=tensor("", np.float32([0.5]))),
             node("Concat", "single ones", "both", axis=0), ints("two", 0, 5, 1),
             node("Gather", "both two", "some", axis=0), ints("s2", 1, 3, 27),
             node("Reshape", "some s2", "r1"), node("Squeeze", "r1", "r2", axes=[0]),
             ints("s3", 0, 3, 3, -1), node("Reshape", "r2 s3", "filters"),
             node("Expand", "k e", "b1"), node("Sub", "b1 k", "b2"), node("Add", "b2 k", "b3"),
             node("Div", "b3 k", "b"), node("Conv", "x filters b", "y")]
    path = saved(tmp_path, nodes, {"w": random(3, 3, 3, 3), "k": np.float32([3.0]),
                                   "e": np.array([3])}, opset=12)
    assert kinds(check(path)) == [Conv]


def test_constants_of_every_form(tmp_path):
    nodes = [{"op_type": "Constant", "output": ["a"], "attribute": [
                {"name": "value_floats", "floats": np.float32([1, 2, 3]), "type": 6}]},
             node("Constant", "", "one", value_int=1), node("Constant", "", "two", value_int=2),
             node("Constant", "", "axes", value_ints=[1, 2]), node("Unsqueeze", "a axes", "b"),
             node("Constant", "", "h", value_float=0.5), node("Mul", "b h", "c"),
             node("Div", "two one", "d"), node("Mul", "x c", "y")]
    check(saved(tmp_path, nodes))


# ---- what breaks in other importers --------------------------------------------------------------

def test_initializers_among_the_inputs(tmp_path):
    path = saved(tmp_path, [node("Conv", "x w b", "y")], {"w": W, "b": B}, ir=3, opset=8,
                 also_inputs=("w", "b"))
    check(path)


def test_half_precision_weights(tmp_path):
    """Behind a Cast, as numpyzf writes them, or in a net that is all of it in half precision."""
    half, bias = W.astype(np.float16), B.astype(np.float16)
    path = saved(tmp_path, [node("Cast", "w", "c", to=1), node("Conv", "x c b", "y")],
                 {"w": half, "b": B})
    net = check(path)
    assert (net.parameters["conv1.w"] == half).all()
    path = saved(tmp_path, [node("Conv", "x w b", "y")], {"w": half, "b": bias}, kind=10)
    net = read_onnx(path)
    assert net.dtype == np.float32 and (net.parameters["conv1.w"] == half).all()


def test_half_precision_bit_patterns(tmp_path):
    """float16 without raw_data stands in a list of integers."""
    half = W.astype(np.float16)
    message = {"name": "w", "dims": [*W.shape], "data_type": 10,
               "int32_data": b"".join(map(_varint, half.view("<u2").ravel()))}
    path = saved(tmp_path, [node("Cast", "w", "c", to=1), node("Conv", "x c", "y")], {"w": message})
    assert (check(path).parameters["conv1.w"] == half).all()


def _varint(n):
    from numpyzf.exchange.wire import varint
    return varint(n)


def test_weights_in_a_file_of_their_own(tmp_path):
    """As PyTorch's newer exporter writes them: opset 18, IR 10."""
    (tmp_path / "net.onnx.data").write_bytes(W.tobytes() + B.tobytes())

    def outside(name, value, offset):
        pairs = [("location", "net.onnx.data"), ("offset", offset), ("length", value.nbytes)]
        return {"name": name, "dims": [*value.shape], "data_type": 1, "data_location": 1,
                "external_data": [{"key": key, "value": str(text)} for key, text in pairs]}

    path = saved(tmp_path, [node("Conv", "x w b", "y")],
                 {"w": outside("w", W, 0), "b": outside("b", B, W.nbytes)}, opset=18, ir=10)
    net = check(path)
    assert (net.parameters["conv1.w"] == W).all() and (net.parameters["conv1.b"] == B).all()


def test_softmax_before_opset_13(tmp_path):
    nodes = [node("GlobalAveragePool", "x", "p"), node("Softmax", "p", "y")]
    got = read_onnx(saved(tmp_path, nodes, opset=9)).forward(random(2, 3, 8, 8)).scores
    np.testing.assert_allclose(got.sum(axis=(1, 2, 3)), 1, rtol=1e-6)
    assert np.ptp(got, axis=1).min() > 0.01     # not a softmax over one number, all ones


def test_the_size_where_the_file_leaves_it_open(tmp_path):
    path = saved(tmp_path, [node("Relu", "x", "y")], shape=("N", 3, "H", "W"))
    assert read_onnx(path, size=12).input_shape == (3, 12, 12)
    assert read_onnx(path, size=(4, 6)).input_shape == (3, 4, 6)
    with pytest.raises(ValueError, match="'x' has shape .*; say the side of the images, size=224"):
        read_onnx(path)


def test_layers_have_their_nodes_names_or_numbers(tmp_path):
    nodes = [node("Relu", "x", "a", name="/features/0/Relu"), node("Relu", "a", "b"),
             node("Relu", "b", "c", name="relu1"), node("Relu", "c", "d", name="input"),
             node("Relu", "d", "e", name="n17"), node("Relu", "e", "y", name="a\x1b[31m")]
    net = read_onnx(saved(tmp_path, nodes))
    assert [*net.layers] == ["features/0", "relu1", "relu1_2", "input_2", "relu2", "a?[31m"]


def test_names_that_are_paths_say_nothing_twice(tmp_path):
    """As PyTorch's older exporter writes them; those that would be the same stay as they are."""
    def names(*own):
        nodes = [node("Relu", f"{i or 'x'}", f"{i + 1}", name=name) for i, name in enumerate(own)]
        return [*read_onnx(saved(tmp_path, nodes)).layers]

    assert names("/f/f.0/Relu", "/f/f.1/Relu", "/f/f.1/f.1.2/Relu", "/g/Relu", "/g/Add") == [
        "f.0", "f.1/Relu", "f.1.2", "g/Relu", "g/Add"]
    assert names("/a/Relu", "a") == ["a/Relu", "a"]
    assert names("/input/Relu", "b/c") == ["input/Relu", "b/c"]
    assert names("/f/f.0/Relu", "a/" * 200 + "b") == ["f/f.0/Relu", "a/" * 200 + "b"]


def test_weights_are_the_net_s_own(tmp_path):
    """They can be trained, and don't hold the file's bytes."""
    net = read_onnx(saved(tmp_path, [node("Conv", "x w b", "y")], {"w": W, "b": B}))
    for value in net.parameters.values():
        assert value.flags.writeable and value.flags.c_contiguous and value.base is None


def test_one_tensor_of_two_layers_is_two_parameters(tmp_path):
    w = random(3, 3, 1, 1)
    net = read_onnx(saved(tmp_path, [node("Conv", "x w", "a"), node("Conv", "a w", "y")], {"w": w}))
    net.parameters["conv1.w"][...] = 0
    assert (net.parameters["conv2.w"] == w).all()


def test_unpacked_numbers(tmp_path):
    """Repeated numbers may come packed or not: here each dims and pads is a field of its own."""
    message = model([node("Conv", "x w", "y", pads=[1, 0, 2, 1])], {"w": W})
    data = encoded(message)
    packed = encoded({"graph": {"node": [{"attribute": [attribute("pads", [1, 0, 2, 1])]}]}})
    assert b"\x42\x04\x01\x00\x02\x01" in packed and b"\x42\x04\x01\x00\x02\x01" in data
    # 2 bytes and 4 of a packed field become 4 fields of 2 bytes: all lengths around grow by 2
    message["graph"]["node"][0]["attribute"][0] = {"name": "pads", "type": 7}
    extra = b"\x40\x01\x40\x00\x40\x02\x40\x01"
    path = tmp_path / "net.onnx"
    path.write_bytes(_with_extra(message, extra))
    shape = read_onnx(path).shapes["conv1"]
    path.write_bytes(data)
    assert read_onnx(path).shapes["conv1"] == shape == (4, 9, 7)


def _with_extra(message, extra):
    """The bytes of a model whose first node's first attribute ends with `extra`."""
    from numpyzf.exchange import messages, wire

    def field(number, content):
        return wire.varint(number << 3 | 2) + wire.varint(len(content)) + content

    graph = message.pop("graph")
    first = graph["node"][0]
    own = b"".join(wire.write(first.pop("attribute")[0], messages.ATTRIBUTE)) + extra
    nodes = b"".join(wire.write(first, messages.NODE)) + field(5, own)
    rest = b"".join(wire.write(graph | {"node": []}, messages.GRAPH))
    return b"".join(wire.write(message, messages.MODEL)) + field(7, field(1, nodes) + rest)


@pytest.mark.small
def test_examine_tells_about_the_file(tmp_path):
    reading = examine(saved(tmp_path, [node("Relu", "x", "y")]))
    assert (reading.model.ir, reading.model.opset, reading.model.producer) == (7, 13, "tests")
    assert reading.input_shape == (3, 8, 8) and reading.problems == []
