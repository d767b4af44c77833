"""The cases of one operator each that ONNX's own tests consist of, where two dimensions fit them.

A case is a model of one node, all of whose inputs are the graph's, and their numbers. Here the
image takes the place of those that a net computes; the others become initializers. Numbers without
an axis of images or of rows and columns are put into an image in which they are the same numbers.
"""
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from evaluating import mended
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from numpyzf.exchange.operators import OPERATORS
from numpyzf.exchange.read import read_onnx

FOLDER = Path(onnx.__file__).parent / "backend/test/data/node"
EACH = ("Clip", "Dropout", "Identity", "LeakyRelu", "Relu", "Sigmoid", "Sum")   # any axes will do
COMPUTED = ("Add", "Concat", "Sum")         # a net computes all of their inputs
# A Cast's cases are about types of numbers; each number of a net is a float32 here.
CASES = [path for path in sorted(FOLDER.iterdir()) if "expanded" not in path.name
         and not path.name.startswith("test_cast")]

# What numpyzf doesn't have, and what it then says.
REFUSED = {
    "batchnorm_epsilon_training_mode": "training_mode",
    "batchnorm_example_training_mode": "training_mode",
    "clip_min_greater_than_max": "low must be less than high",
    "concat_2d_axis_0": "its attribute axis is 0",
    "concat_2d_axis_negative_2": "its attribute axis is -2",
    "concat_3d_axis_0": "its attribute axis is 0",
    "concat_3d_axis_2": "its attribute axis is 2",
    "flatten_axis0": "its attribute axis is 0",
    "flatten_axis2": "its attribute axis is 2",
    "flatten_axis3": "its attribute axis is 3",
    "flatten_negative_axis1": "its attribute axis is -1",
    "flatten_negative_axis2": "its attribute axis is -2",
    "flatten_negative_axis4": "its attribute axis is -4",
    "gemm_all_attributes": "its attribute transA is 1",
    "gemm_transposeA": "its attribute transA is 1",
    "gemm_default_matrix_bias": "its bias has shape (3, 4)",
    "softmax_axis_0": "its attribute axis is 0",
    "softmax_axis_2": "its attribute axis is 2",
    "squeeze": "0, the images, must stay",
    "squeeze_negative_axes": "read here are those that flatten",
    "matmul_4d": "its matrix has shape (1, 2, 4, 3)",
    "matmul_4d_1d": "its matrix has shape (3,)",
    "matmul_bcast": "its matrix has shape (1, 2, 4, 2)",
    "softmax_default_axis": "its attribute axis is -1",
    "training_dropout": "training_mode",
    "training_dropout_default": "training_mode",
    "training_dropout_default_mask": "training_mode",
    "training_dropout_mask": "training_mode",
    "training_dropout_zero_ratio": "training_mode",
    "training_dropout_zero_ratio_mask": "training_mode",
}


def numbers(path):
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return numpy_helper.to_array(tensor)


def left_out(model, folder):
    """Why a case can't be put to a net of images; None if it can."""
    if len(model.graph.node) != 1 or model.graph.node[0].op_type not in OPERATORS:
        return "another operator"
    kind = model.graph.input[0].type
    if not kind.HasField("tensor_type") or kind.tensor_type.elem_type != onnx.TensorProto.FLOAT:
        return "numbers of another type than float32"
    op, axes = model.graph.node[0].op_type, len(kind.tensor_type.shape.dim)
    if op in EACH or axes == 4 or axes == 2 and op in ("Concat", "Gemm", "MatMul", "Softmax") or (
            axes == 3 and op in ("Concat", "Softmax") and "negative" not in folder.name):
        return None
    if axes == 1 and op in ("Mul", "Sub", "Div"):
        return None
    return "inputs without images, rows and columns"


def placed(x, op):
    """The shape (N, C, H, W) of what holds the numbers x, and whether it is flattened then."""
    if x.ndim == 4 and op not in EACH:
        return x.shape, False
    if op in EACH:
        return (1, x.size, 1, 1), False
    if x.ndim == 1:
        return (1, x.size, 1, 1), True
    return (*x.shape, *(1 for _ in range(4 - x.ndim))), x.ndim == 2


def as_net(model, values):
    """The model as one of images, and the images."""
    node = model.graph.node[0]
    op, names = node.op_type, [value.name for value in model.graph.input]
    count = len(values) if op in COMPUTED else 1
    shapes = [placed(x, op) for x in values[:count]]
    image = np.concatenate([x.reshape(shape) for x, (shape, _) in zip(values, shapes)], axis=1)
    before, start = [], 0
    for name, (shape, flat) in zip(names, shapes):
        # a convolution cuts its channels out of the image: one 1 in each filter
        cut = np.eye(image.shape[1], dtype=np.float32)[start:start + shape[1], :, None, None]
        start += shape[1]
        model.graph.initializer.append(numpy_helper.from_array(cut, f"cut {name}"))
        before.append(helper.make_node("Conv", ["image", f"cut {name}"],
                                       [f"{name} maps" if flat else name]))
        if flat:
            before.append(helper.make_node("Flatten", [f"{name} maps"], [name]))
    for name, value in zip(names[count:], values[count:]):
        model.graph.initializer.append(numpy_helper.from_array(value, name))
    del model.graph.node[:], model.graph.input[:], model.graph.output[1:]
    model.graph.node.extend([*before, node])
    model.graph.input.append(helper.make_tensor_value_info("image", 1, image.shape))
    model.ir_version = max(model.ir_version, 4)
    return image


def read_case(folder, tmp_path):
    """The network of a case, its images, what must come out, and the case's evaluator's view."""
    model = onnx.load(folder / "model.onnx")
    data = folder / "test_data_set_0"
    values = [numbers(data / f"input_{i}.pb") for i in range(len(model.graph.input))]
    expected = numbers(data / "output_0.pb")
    own = {value.name: x for value, x in zip(model.graph.input, values)}
    if folder.name == "test_averagepool_2d_ceil_last_window_starts_on_pad":
        # its file has four digits: what the evaluator says of it has all
        expected = ReferenceEvaluator(model, new_ops=mended(model)).run(None, own)[0]
    image = as_net(model, values)
    onnx.save(model, tmp_path / "net.onnx")
    return read_onnx(tmp_path / "net.onnx"), image, expected


def sorted_cases():
    """{reason: names of the cases that are left out for it}, and the folders of the others."""
    reasons, cases = {}, []
    for folder in CASES:
        reason = left_out(onnx.load(folder / "model.onnx"), folder)
        if reason is None:
            cases.append(folder)
        else:
            reasons.setdefault(reason, []).append(folder.name)
    return reasons, cases


REASONS, WITH_IMAGES = sorted_cases()


def ids(folder):
    return folder.name.removeprefix("test_")


@pytest.mark.parametrize("folder", [f for f in WITH_IMAGES if ids(f) not in REFUSED], ids=ids)
def test_case(folder, tmp_path):
    net, image, expected = read_case(folder, tmp_path)
    got = net.forward(image).scores.reshape(expected.shape)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("folder", [f for f in WITH_IMAGES if ids(f) in REFUSED], ids=ids)
def test_refused_case(folder, tmp_path):
    with pytest.raises(ValueError) as error:
        read_case(folder, tmp_path)
    assert REFUSED[ids(folder)] in str(error.value)


def test_what_is_left_out_is_known():
    """Most operators aren't a convnet's; print says how many cases of its own each reason has."""
    for reason, names in REASONS.items():
        print(f"{len(names)} cases left out: {reason}")
        if reason != "another operator":
            print("   ", ", ".join(name.removeprefix("test_") for name in names))
    assert {*REFUSED} <= {ids(folder) for folder in WITH_IMAGES}
    operators = Counter(onnx.load(f / "model.onnx").graph.node[0].op_type for f in WITH_IMAGES)
    print(dict(operators))
    for op in ("Conv", "MaxPool", "AveragePool", "LRN", "Gemm", "BatchNormalization", "Softmax"):
        assert operators[op] >= 2
