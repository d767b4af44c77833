"""Networks out: a Network as an ONNX file, one node for every layer.

A node and its output have the layer's name, an initializer the parameter's. What is written is what
everything since 2020 reads: opset 13, IR 7, any number of images, no initializers among the inputs.
"""
import numpy as np

from .. import checks
from ..checkpoints import replacing
from ..geometry import ceil_div
from ..layers import ContrastNorm, Conv, Dropout, Flatten, Linear, MaxPool, ReLU
from . import messages, wire

IR, OPSET = 7, 13
NUMBERS = {"float32": messages.FLOAT, "float16": messages.FLOAT16, "int64": messages.INT64}
MOST_FLOAT16 = 65504
KINDS = {type_: number for number, type_ in messages.ATTRIBUTE_TYPES.items()}


def write_onnx(net, path, *, weights="float32"):
    """Write a network as an ONNX file; an earlier file stays until the new one is complete.

    The file's input, "input", is float32 (N, C, H, W): images prepared as for the net. Its output
    has the name of the last layer. The file says nothing about preparation or classes.

    net: a Network of the layers in layers.py and general/layers.py; float64 is written as float32.
    path: the file.
    weights: "float32"; or "float16" for half the size, and a loss of accuracy: what convolutions
    and fully connected layers hold then goes through a Cast. All else stays float32.
    Raises ValueError for a layer of another kind, two things of one name, a weight that float16
    can't hold, or more than 2 GB; OSError naming the file.

    Source: https://onnx.ai/onnx/operators/.
    """
    checks.one_of("weights", weights, ("float32", "float16"))
    path = checks.path("path", path)
    _check_layers(net)
    nodes, arrays = [], {}
    for name in net.layers:
        _add(net, name, nodes, arrays, weights == "float16")
    _check_names(nodes, arrays)
    last = [*net.layers][-1]
    graph = {"node": nodes, "name": "numpyzf",
             "initializer": [_tensor(name, value) for name, value in arrays.items()],
             "input": [_images("input", net.input_shape)],
             "output": [_images(last, net.shapes[last])]}
    pieces = wire.write({"ir_version": IR, "producer_name": "numpyzf", "graph": graph,
                         "opset_import": [{"version": OPSET}]}, messages.MODEL)
    with replacing(path) as file:
        file.writelines(pieces)


# ---- the layers ----------------------------------------------------------------------------------
# Each gives [(operator, attributes, arrays), …], mostly one, which run one after the other. The
# arrays are the operator's further inputs, in their order. below, shape: of the layer's input and
# output, (C, H, W).

def _conv(layer, below, shape):
    _, stride, pad = layer.window
    attributes = {"kernel_shape": [*layer.params["w"].shape[2:]], "strides": [stride] * 2,
                  "pads": [pad] * 4}
    return [("Conv", attributes, layer.params)]


def _max_pool(layer, below, shape):
    size, stride, pad = layer.window
    return [("MaxPool", _pooling((size,) * 2, (stride,) * 2, (pad,) * 4, layer.ceil, below, shape),
             {})]


def _pooling(size, stride, pad, ceil, below, shape):
    """The attributes of a pool.

    size, stride: (rows, columns); the size is a dilated window's span.
    pad: (top, left, bottom, right).
    """
    attributes = {"kernel_shape": [*size], "strides": [*stride], "pads": [*pad]}
    if ceil:
        rows, columns = ([n + pad[i] + pad[i + 2], size[i], stride[i]]
                         for i, n in enumerate(below[1:]))
        plain = [ceil_div(n - k, s) + 1 for n, k, s in (rows, columns)]
        if plain == [*shape[1:]]:
            attributes["ceil_mode"] = 1
        else:
            # A last window would begin behind the input. Here it is left out, but not all readers
            # do that: padding at the end that makes just our windows says the same to everyone.
            ends = [(count - 1) * s + k - n for count, (n, k, s) in zip(shape[1:], (rows, columns))]
            attributes["pads"][2:] = [pad[2] + max(ends[0], 0), pad[3] + max(ends[1], 0)]
    return attributes


def _contrast_norm(layer, below, shape):
    constants = layer.constants
    return [("LRN", {"size": constants["size"], "alpha": float(constants["alpha"]),
                     "beta": float(constants["beta"]), "bias": float(constants["k"])}, {})]


WRITERS = {
    Conv: _conv,
    MaxPool: _max_pool,
    ReLU: lambda layer, below, shape: [("Relu", {}, {})],
    ContrastNorm: _contrast_norm,
    Flatten: lambda layer, below, shape: [("Flatten", {"axis": 1}, {})],
    Linear: lambda layer, below, shape: [("Gemm", {"transB": 1}, layer.params)],
    Dropout: lambda layer, below, shape: [("Identity", {}, {})],        # as at inference
}


# ---- a graph made of them ------------------------------------------------------------------------

def _add(net, name, nodes, arrays, half):
    """Append a layer's nodes to the list, and its arrays to the dictionary {name: array}."""
    layer, below = net.layers[name], net.inputs[name]
    shape_below = net.shapes[below[0]]
    operations = WRITERS[type(layer)](layer, shape_below, net.shapes[name])
    for number, (operator, attributes, own) in enumerate(operations, 1):
        inputs = [*below]
        for key, value in own.items():
            inputs.append(f"{name}.{key}")
            if half and f"{name}.{key}" in net.parameters and isinstance(layer, Conv | Linear):
                nodes.append(_node("Cast", f"{name}.{key}", [f"{name}.{key}.float16"],
                                   {"to": messages.FLOAT}))
                arrays[f"{name}.{key}.float16"] = _half(f"{name}.{key}", value)
            else:
                arrays[f"{name}.{key}"] = value
        made = name if number == len(operations) else f"{name}.{operator}"
        nodes.append(_node(operator, made, inputs, attributes))
        below = [made]


def _half(name, value):
    largest = np.abs(value).max()
    if not largest <= MOST_FLOAT16:
        raise ValueError(f"{name} holds {largest:g}, but float16 ends at {MOST_FLOAT16:,}: write "
                         "weights=\"float32\"")
    return value.astype(np.float16)


def _node(operator, name, inputs, attributes):
    """A node, whose one output has its name."""
    return {"input": inputs, "output": [name], "name": name, "op_type": operator,
            "attribute": [_attribute(key, value) for key, value in attributes.items()]}


def _attribute(name, value):
    field = {int: "i", float: "f", list: "ints"}[type(value)]
    return {"name": name, field: value, "type": KINDS[field]}


def _tensor(name, value):
    """An initializer: little-endian, row-major."""
    if value.dtype == np.float64:
        value = value.astype(np.float32)
    value = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
    return {"dims": [*value.shape], "data_type": NUMBERS[value.dtype.name], "name": name,
            "raw_data": value}


def _images(name, shape):
    """What goes in or comes out: any number, N, of arrays of one shape."""
    dims = [{"dim_param": "N"}, *({"dim_value": n} for n in shape)]
    return {"name": name,
            "type": {"tensor_type": {"elem_type": messages.FLOAT, "shape": {"dim": dims}}}}


# ---- checks --------------------------------------------------------------------------------------

def _check_layers(net):
    """Name all layers that can't be written at once."""
    odd = [f"{name} ({layer!r})" for name, layer in net.layers.items()
           if type(layer) not in WRITERS]
    if odd:
        raise ValueError(f"no ONNX operator is known for {', '.join(odd)}: what can be written are "
                         f"the layers {', '.join(kind.__name__ for kind in WRITERS)}")


def _check_names(nodes, arrays):
    """In a file all names differ."""
    seen = {"input", "", *arrays}
    for name in [node["name"] for node in nodes]:
        if name in seen:
            raise ValueError(f"in an ONNX file a layer can't be called {name!r}, "
                             + ("as it is empty" if not name else "which is the name of another array")
                             + ": give it another name")
        seen.add(name)
