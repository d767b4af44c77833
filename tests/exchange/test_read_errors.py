"""What can't be read: one line that names the file, and all nodes, with a way out of each."""
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from building import attribute, encoded, model, node, random, saved, tensor

from numpyzf.exchange import read
from numpyzf.exchange.fold import FOLDS
from numpyzf.exchange.operators import OPERATORS
from numpyzf.exchange.read import examine, read_onnx

W = random(4, 3, 3, 3)
pytestmark = pytest.mark.small


def refused(path, words, **options):
    """The error of a file: one line, which begins with the file's name and has these words."""
    with pytest.raises(ValueError) as error:
        read_onnx(path, **options)
    text = str(error.value)
    assert text.startswith(f"{path}: ") and "\n" not in text
    assert words in text, text
    return text


# ---- nodes that aren't supported -----------------------------------------------------------------

@pytest.mark.parametrize("nodes, tensors, words", [
    ([node("HardSwish", "x", "y", name="act")], {},
     "HardSwish 'act': numpyzf has no such operator (replace it"),
    ([node("QLinearConv", "x w", "y")], {}, "8 bits (export the net as it was before"),
    ([node("DequantizeLinear", "x", "y")], {}, "before it was quantized"),
    ([node("If", "x", "y")], {}, "a graph in the graph"),
    ([node("Attention", "x", "y", domain="com.microsoft")], {},
     "domain com.microsoft (export with ONNX's own operators)"),
    ([node("Conv", "x w", "y")], {"w": random(4, 3, 3)}, "filters are of shape (4, 3, 3)"),
    ([node("Conv", "x w", "y", strides=[1, 1, 1])], {"w": W}, "attribute strides has 3 numbers"),
    ([node("Conv", "x w", "y", pads=[-1, 0, 0, 0])], {"w": W}, "attribute pads is [-1, 0, 0, 0]"),
    ([node("Conv", "x w", "y", strides=[0, 1])], {"w": W}, "attribute strides is [0, 1]"),
    ([node("Conv", "x w", "y", pads=[1, 1, 1, 1], auto_pad="VALID")], {"w": W}, "only one"),
    ([node("Conv", "x w", "y", auto_pad="SAME")], {"w": W}, "auto_pad is 'SAME'"),
    ([node("Conv", "x w", "y", group=3)], {"w": W}, "in 3 groups"),
    ([node("Conv", "x w", "y", kernel_shape=[3, 5])], {"w": W}, "kernel_shape is [3, 5]"),
    ([node("Conv", "x w", "y", strids=[1, 1])], {"w": W}, "attribute strids isn't one"),
    ([node("Conv", "x w b c", "y")], {"w": W, "b": random(4), "c": random(4)}, "4 inputs"),
    ([node("Conv", "x w b", "y")], {"w": W, "b": random(3)}, "b has shape (3,)"),
    ([node("Conv", "x", "y")], {}, "input 2 is missing"),
    ([node("Conv", "x x", "y")], {}, "its filters, input 2, must be a constant"),
    ([node("Conv", "x w", "y", group=1.0)], {"w": W}, "attribute group is 1.0"),
    ([node("MaxPool", "x", "y")], {}, "kernel_shape is missing"),
    ([node("MaxPool", "x", "y i", kernel_shape=[2, 2]), node("Add", "y i", "z")], {},
     "more than the first of its outputs is used"),
    ([node("MaxPool", "x", "y", kernel_shape=[9, 9])], {}, "larger than the padded input"),
    ([node("AveragePool", "x", "y", kernel_shape=[2, 2], ceil_mode=2)], {}, "ceil_mode is 2"),
    ([node("BatchNormalization", "x s s s s", "y", training_mode=1)], {"s": np.ones(3, "f")},
     "training_mode), or each pixel on its own (spatial = 0) (export the net for inference"),
    ([node("BatchNormalization", "x s s s v", "y")],
     {"s": np.ones(3, "f"), "v": -np.ones(3, "f")}, "a variance that isn't positive"),
    ([node("Dropout", "x r t", "y")], {"r": np.float32(.5), "t": np.array(True)}, "training_mode"),
    ([node("Softmax", "x", "y")], {}, "axis is -1 for (N, 3, 8, 8)"),
    ([node("Flatten", "x", "y", axis=2)], {}, "attribute axis is 2"),
    ([node("Transpose", "x", "y", perm=[0, 2, 3, 1])], {}, "--inputs-as-nchw"),
    ([node("Transpose", "x", "y", perm=[0, 1, 2, 7])], {}, "attribute perm is [0, 1, 2, 7]"),
    ([node("Concat", "", "a", axis=1), node("Add", "x a", "y")], {}, "input 1 is missing"),
    ([node("Sum", "", "a"), node("Add", "x a", "y")], {}, "Sum number 0"),
    ([node("Concat", "x x", "y", axis=0)], {}, "attribute axis is 0; read here is 1"),
    ([node("Mul", "x c", "y")], {"c": random(8)}, "constant has shape (8,) for (N, 3, 8, 8)"),
    ([node("Add", "x c", "y")], {"c": random(3, 8, 8)}, "one for each channel"),
    ([node("Mul", "x x", "y")], {}, "the net computes both of its inputs"),
    ([node("Div", "c x", "y")], {"c": np.float32(1)}, "it divides by what the net computes"),
    ([node("Div", "x c", "y")], {"c": np.float32(0)}, "or by 0"),
    ([node("GlobalAveragePool", "x", "p"), node("Add", "x p", "y")], {},
     "it adds (N, 3, 8, 8) and (N, 3, 1, 1)"),
    ([node("Flatten", "x", "f"), node("Gemm", "f w", "y", transA=1)], {"w": random(192, 2)},
     "transA is 1"),
    ([node("Flatten", "x", "f"), node("Gemm", "f w", "y")], {"w": random(9, 2)},
     "a matrix of 9 inputs doesn't fit (N, 192)"),
    ([node("Gemm", "x w", "y")], {"w": random(192, 2)}, "doesn't fit (N, 3, 8, 8)"),
    ([node("Reshape", "x s", "y")], {"s": np.array([-1, 64])}, "it makes [-1, 64] of (N, 3, 8, 8)"),
    ([node("Reshape", "x s", "y")], {"s": np.array([2, 192])}, "keep images apart"),
    ([node("Reshape", "x s", "y")], {"s": np.array([0, 12, 4, 4])}, "(N, 12, 4, 4)"),
    ([node("Squeeze", "x", "y")], {}, "it has no axes"),
    ([node("Cast", "x", "y", to=7)], {}, "the type 7"),
    ([node("Pad", "x p", "y", mode="reflect")], {"p": np.zeros(8, int)}, "mode is reflect"),
    ([node("Pad", "x p", "y")], {"p": np.array([1, 0, 0, 0, 0, 0, 0, 0])}, "its pads are"),
    ([node("LeakyRelu", "x", "y", alpha=float("nan"))], {}, "the number nan"),
    ([node("Split", "x", "a b", axis=1), node("Add", "a b", "y")], {}, "Split number 0"),
    ([node("Shape", "x", "s"), node("Mul", "s s", "y")], {}, "computes with the number of images"),
    ([node("Sqrt", "w", "r"), node("Conv", "x r", "y")], {"w": W}, "it computes with const"),
    ([node("Add", "x z", "y")], {}, "takes 'z', which nothing before it makes"),
])
def test_each_node_says_why(tmp_path, nodes, tensors, words):
    refused(saved(tmp_path, nodes, tensors), words)


def test_weights_that_are_no_numbers(tmp_path):
    for value in (np.nan, np.inf, -np.inf):
        w = W.copy()
        w[1, 2, 0, 1] = value
        refused(saved(tmp_path, [node("Conv", "x w", "y")], {"w": w}), "NaN or infinite")
    refused(saved(tmp_path, [node("Conv", "x w", "y")], {"w": W.astype(float) * 1e300}), "infinite")
    refused(saved(tmp_path, [node("Flatten", "x", "f"), node("Gemm", "f w", "y", alpha=3e38)],
                  {"w": 9 + random(192, 2)}), "infinite")


def test_all_nodes_are_told_at_once(tmp_path):
    nodes = [node("HardSwish", "x", "a", name="first"), node("Conv", "a w", "b", name="conv"),
             node("HardSwish", "b", "c", name="second"), node("Conv", "c w", "d", strides=[0, 1]),
             node("Split", "d", "e f"), node("Mish", "e", "g"), node("MaxPool", "g", "h"),
             node("Mul", "h g", "y", name="gate"), node("LSTM", "x", "unused")]
    text = refused(saved(tmp_path, nodes[:-2] + nodes[-1:] + nodes[-2:-1],
                         {"w": random(3, 3, 3, 3)}), "7 of its 9 nodes can't be read: ")
    for words in ("HardSwish 'first', 'second': numpyzf has no such",
                  "Conv number 3: its attribute strides", "Split number 4", "Mish number 5",
                  "MaxPool number 6: its attribute kernel_shape is missing",
                  "Mul 'gate': the net computes both"):
        assert words in text
    assert "'conv'" not in text and "LSTM" not in text


def test_names_cannot_give_orders_to_a_terminal(tmp_path):
    text = refused(saved(tmp_path, [node("Bad\x1b[31m", "x", "y", name="n\nm")]), "'n m'")
    assert "\x1b" not in text


# ---- the file as a whole -------------------------------------------------------------------------

@pytest.mark.parametrize("change, words", [
    (lambda m: m.pop("graph"), "no ONNX model"),
    (lambda m: m.pop("ir_version"), "no ONNX model"),
    (lambda m: m.update(ir_version=2), "IR version 2"),
    (lambda m: m.pop("opset_import"), "opset_import"),
    (lambda m: m.update(opset_import=[{"version": 99}]), "of version 99; numpyzf knows 1 to"),
    (lambda m: m.update(opset_import=[{"domain": "ai.onnx.ml", "version": 3}]), "opset_import"),
    (lambda m: m["graph"].update(node=[]), "no ONNX model"),
    (lambda m: m["graph"].update(sparse_initializer=[b""]), "sparse"),
    (lambda m: m["graph"]["initializer"].append(tensor("w", W)), "two tensors"),
    (lambda m: m["graph"]["initializer"].append(tensor("y", W)), "makes 'y', which is there"),
    (lambda m: m["graph"]["node"].append(node("Relu", "x", "y")), "makes 'y', which is there"),
    (lambda m: m["graph"]["node"].reverse(), "takes 'a', which nothing before it makes"),
    (lambda m: m["graph"].update(output=[]), "it has 0 outputs"),
    (lambda m: m["graph"]["output"].append({"name": "a"}), "2 outputs; say which one by output="),
    (lambda m: m["graph"].update(output=[{"name": "no"}]), "no node makes 'no'"),
    (lambda m: m["graph"].update(output=[{"name": "x"}]), "no node makes 'x'"),
    (lambda m: m["graph"].update(input=[]), "it takes 0 inputs"),
    (lambda m: m["graph"]["node"][0]["attribute"].extend([attribute("group", 1)] * 2),
     "two attributes 'group'"),
    (lambda m: m["graph"]["node"][0]["attribute"].append({"name": "group", "i": 1, "type": 5}),
     "its attribute group is"),
    (lambda m: m["graph"]["node"][0]["attribute"].append({"name": "pads", "ints": [1], "type": 6}),
     "its attribute pads is"),
    (lambda m: m["graph"]["node"][0]["attribute"].append({"name": "group", "i": 1}),
     "its attribute group is"),
    (lambda m: m["graph"].update(input=[{"name": "x", "type": {"tensor_type": {"elem_type": 1}}}]),
     "shape []"),
])
def test_a_file_that_cannot_be(tmp_path, change, words):
    message = model([node("Conv", "x w", "a"), node("Relu", "a", "y")], {"w": W})
    change(message)
    path = tmp_path / "net.onnx"
    path.write_bytes(encoded(message))
    refused(path, words)


@pytest.mark.parametrize("shape, kind, words", [
    (("N", 3, 8), 1, "shape ['N', 3, 8]; numpyzf reads nets of images"),
    (("N", 0, 8, 8), 1, "images need three numbers"),
    (("N", 3, 1 << 40, 8), 1, "images need three numbers"),
    (("N", 3, 8, 8), 2, "type 2, no floats"),
])
def test_an_input_that_is_no_image(tmp_path, shape, kind, words):
    refused(saved(tmp_path, [node("Relu", "x", "y")], shape=shape, kind=kind), words)


def test_two_images(tmp_path):
    message = model([node("Add", "x z", "y")])
    message["graph"]["input"] += model([node("Add", "x z", "y")])["graph"]["input"]
    message["graph"]["input"][1]["name"] = "z"
    path = tmp_path / "net.onnx"
    path.write_bytes(encoded(message))
    refused(path, "it takes 2 inputs (x, z)")


def test_only_what_does_nothing(tmp_path):
    refused(saved(tmp_path, [node("Identity", "x", "y")]), "it has no layers")


def test_bad_arguments(tmp_path):
    path = saved(tmp_path, [node("Relu", "x", "y")])
    refused(path, "no node makes 'z'; its last values are y", output="z")
    refused(path, "size must be at least 1", size=0)
    refused(path, "three numbers", size=(1, 2, 3))
    with pytest.raises(TypeError, match="path must be a path"):
        read_onnx(5)
    with pytest.raises(FileNotFoundError, match="no file .*other.onnx"):
        read_onnx(tmp_path / "other.onnx")
    refused(tmp_path, "a folder")
    (tmp_path / "text").write_text("# A text of some lines\n" * 20)
    refused(tmp_path / "text", "no ONNX model, or a damaged one")
    (tmp_path / "empty").write_bytes(b"")
    refused(tmp_path / "empty", "no ONNX model")


# ---- a small file that says it is large ----------------------------------------------------------

def ints(name, *values):
    return node("Constant", "", name, value=tensor("", np.array(values)))


@pytest.mark.parametrize("nodes, words", [
    ([ints("s", 1 << 30, 3, 1, 1), node("ConstantOfShape", "s", "w"), node("Conv", "x w", "y")],
     "the most is"),
    ([ints("s", 1 << 62, 1 << 62, 4, 4), node("ConstantOfShape", "s", "w"),
      node("Conv", "x w", "y")], "the most is"),
    ([ints("s", -5), node("ConstantOfShape", "s", "w"), node("Conv", "x w", "y")], "of shape [-5]"),
    ([ints("s", 1 << 19, 3, 1, 1), node("ConstantOfShape", "s", "w"),
      *(node("Conv", "x w", f"c{i}") for i in range(9)),
      node("Sum", " ".join(f"c{i}" for i in range(9)), "y")], "more memory than a model file of"),
    ([ints("a", 1 << 28), node("ConstantOfShape", "a", "c"), ints("b", 1 << 27, 1),
      node("ConstantOfShape", "b", "d"), node("Add", "c d", "w"), node("Conv", "x w", "y")],
     "more memory"),
    ([ints("a", 1 << 28), node("ConstantOfShape", "a", "c"), node("Concat", "c c", "w", axis=0),
      node("Conv", "x w", "y")], "more memory"),
    ([ints("a", 1 << 28, 1), node("ConstantOfShape", "a", "c"), ints("i", *[0] * 60),
      node("Expand", "i e", "i2"), node("Gather", "c i2", "w", axis=1), node("Conv", "x w", "y")],
     "more memory"),
    ([node("Concat", "x x", "c0", axis=1),
      *(node("Concat", f"c{i} c{i}", f"c{i + 1}", axis=1) for i in range(60)),
      node("Relu", "c60", "y")], "numbers of one image"),
])
def test_a_bomb_does_not_go_off(tmp_path, monkeypatch, nodes, words):
    monkeypatch.setattr(read, "SMALL", 1 << 24)
    path = saved(tmp_path, nodes, {"e": np.array([40, 60])})
    tracemalloc.start()
    try:
        refused(path, words)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


def test_as_much_as_the_file_allows(tmp_path, monkeypatch):
    """The bound is where it says: arrays of four times the file, or SMALL, and not one more."""
    path = saved(tmp_path, [node("Conv", "x w", "y")], {"w": W})
    monkeypatch.setattr(read, "SMALL", W.nbytes)
    assert read.TIMES * path.stat().st_size > W.nbytes
    read_onnx(path)
    monkeypatch.setattr(read, "TIMES", 0)
    read_onnx(path)
    monkeypatch.setattr(read, "SMALL", W.nbytes - 1)
    refused(path, "more memory")


def test_every_operator_has_a_test():
    """Each operator that is read or folded stands in a test of this folder."""
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_read*.py"))
    missing = [op for op in {**OPERATORS, **FOLDS} if f'"{op}"' not in tests]
    assert missing == []


def test_examine_goes_on(tmp_path):
    reading = examine(saved(tmp_path, [node("Elu", "x", "a"), node("Celu", "a", "y")]))
    assert [problem.node.op for problem in reading.problems] == ["Elu", "Celu"]
