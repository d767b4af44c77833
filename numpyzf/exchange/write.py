"""Networks out: a Network as an ONNX file, one node for every layer.

A node and its output have the layer's name, an initializer the parameter's. What is written is what
everything since 2020 reads: opset 13, IR 7, any number of images, no initializers among the inputs.
A net with dilated average pools, which ONNX has since 2023, is written as opset 19, IR 9.
"""
import numpy as np

from .. import checks
from ..files import replacing
from ..general.frames import frame, span
from ..general.layers import (Add, AveragePool, BatchNorm, ClippedReLU, Concat, GeneralConv,
                              GeneralMaxPool, GlobalAveragePool, LeakyReLU, Pad, Sigmoid, Softmax)
from ..layers import ContrastNorm, Conv, Dropout, Flatten, Linear, MaxPool, ReLU
from . import messages, wire

FORM, FORM_OF_DILATED = (7, 13), (9, 19)        # IR and opset
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
    nodes, arrays, made = [], {}, {"input": "input"}    # made: {layer: the name of its output}
    for name in net.layers:
        made[name] = _add(net, name, made, nodes, arrays, weights == "float16")
    last = [*net.layers][-1]
    if made[last] != last:
        nodes.append(_node("Identity", last, [made[last]], {}))
    _check_names(nodes, arrays)
    graph = {"node": nodes, "name": "numpyzf",
             "initializer": [_tensor(name, value) for name, value in arrays.items()],
             "input": [_images("input", net.input_shape)],
             "output": [_images(last, net.shapes[last])]}
    ir, opset = FORM_OF_DILATED if any(map(_averages_dilated, net.layers.values())) else FORM
    pieces = wire.write({"ir_version": ir, "producer_name": "numpyzf", "graph": graph,
                         "opset_import": [{"version": opset}]}, messages.MODEL)
    with replacing(path) as file:
        file.writelines(pieces)


# ---- the layers ----------------------------------------------------------------------------------
# What a layer is in a file: [(operator, attributes, arrays), …], mostly one operator, each on what
# the one before it gives. The arrays are the operator's further inputs, in their order. below and
# shape are the shapes of the layer's first input and of its output, without the batch.

def _conv(layer, below, shape):
    attributes = _window(layer)
    groups = getattr(layer, "groups", 1)
    if groups > 1:
        attributes["group"] = groups
    return [("Conv", attributes, layer.params)]


def _max_pool(layer, below, shape):
    attributes, overhang = _window(layer), _overhang(layer, below, shape)
    whole = all(0 <= over < stride for over, stride in zip(overhang, attributes["strides"]))
    if max(overhang) > 0 and whole:
        attributes["ceil_mode"] = 1
    else:
        _fit(attributes, overhang)
    return [("MaxPool", attributes, {})]


def _average_pool(layer, below, shape):
    attributes, overhang = _window(layer), _overhang(layer, below, shape)
    if layer.count_pad and max(overhang) > 0:
        # Padding counts, but not what hangs over it. So padding becomes pixels, and what hangs over
        # them padding that doesn't count.
        _fit(attributes, [min(over, 0) for over in overhang])
        (top, left, bottom, right), (C, H, W) = attributes["pads"], below
        padded = C, top + H + bottom, left + W + right
        bare = AveragePool(layer.frame.size, stride=layer.frame.stride,
                           dilation=layer.frame.dilation, ceil=True)
        return _pad(Pad((top, left, bottom, right)), below, padded) + _average_pool(bare, padded,
                                                                                    shape)
    if layer.count_pad:
        attributes["count_include_pad"] = 1
    _fit(attributes, overhang)
    return [("AveragePool", attributes, {})]


def _averages_dilated(layer):
    return isinstance(layer, AveragePool) and layer.frame.dilation != (1, 1)


def _fit(attributes, overhang):
    """Change the padding at the end so that it makes just our windows, without ceil_mode.

    That says the same to everyone: about ceil_mode readers disagree, where a last window would
    begin behind the input, and in an average.
    """
    pads = attributes["pads"]
    for axis, (over, stride) in enumerate(zip(overhang, attributes["strides"])):
        if over > 0 or over <= -stride:
            pads[axis + 2] = max(pads[axis + 2] + over, 0)


def _overhang(layer, below, shape):
    """Pixels, along each axis, from the end of the padded input to the end of the last window."""
    around = _frame(layer)
    return [(count - 1) * around.stride[axis] + span(around, axis)
            - around.pad[axis] - n - around.pad[axis + 2]
            for axis, (n, count) in enumerate(zip(below[1:], shape[1:]))]


def _window(layer):
    """The attributes that all windows have."""
    around = _frame(layer)
    attributes = {"kernel_shape": [*around.size], "strides": [*around.stride],
                  "pads": [*around.pad]}
    if around.dilation != (1, 1):
        attributes["dilations"] = [*around.dilation]
    return attributes


def _frame(layer):
    """The Frame of a layer; those of layers.py have square windows."""
    return getattr(layer, "frame", None) or frame(*layer.window)


def _contrast_norm(layer, below, shape):
    alpha, beta, bias = (float(layer.constants[key]) for key in ("alpha", "beta", "k"))
    attributes = {"size": int(layer.constants["size"]), "alpha": alpha, "beta": beta, "bias": bias}
    return [("LRN", attributes, {})]


def _batch_norm(layer, below, shape):
    arrays = layer.params | {"mean": layer.mean, "variance": layer.variance}
    # The momentum is for training, where 1 keeps mean and variance as they are. ONNX's reference
    # evaluator mixes the images' own in by it even at inference.
    return [("BatchNormalization", {"epsilon": layer.epsilon, "momentum": 1.0}, arrays)]


def _clip(layer, below, shape):
    return [("Clip", {}, {"low": np.float32(layer.low), "high": np.float32(layer.high)})]


def _pad(layer, below, shape):
    top, left, bottom, right = layer.pad
    return [("Pad", {}, {"pads": np.array([0, 0, top, left, 0, 0, bottom, right]),
                         "value": np.float32(layer.value)})]


def _simple(operator, **attributes):
    """Of a layer without parameters that is one operator."""
    return lambda layer, below, shape: [(operator, attributes, {})]


WRITERS = {
    Conv: _conv, GeneralConv: _conv,
    Linear: lambda layer, below, shape: [("Gemm", {"transB": 1}, layer.params)],
    ReLU: _simple("Relu"),
    LeakyReLU: lambda layer, below, shape: [("LeakyRelu", {"alpha": layer.slope}, {})],
    ClippedReLU: _clip,
    Sigmoid: _simple("Sigmoid"),
    Softmax: _simple("Softmax", axis=1),
    MaxPool: _max_pool, GeneralMaxPool: _max_pool,
    AveragePool: _average_pool,
    GlobalAveragePool: _simple("GlobalAveragePool"),
    ContrastNorm: _contrast_norm,
    BatchNorm: _batch_norm,
    Flatten: _simple("Flatten", axis=1),
    Pad: _pad,
    Concat: _simple("Concat", axis=1),
    Add: _simple("Sum"),
    Dropout: lambda layer, below, shape: [],        # nothing, as at inference
}


# ---- a graph made of them ------------------------------------------------------------------------

def _add(net, name, made, nodes, arrays, half):
    """Append a layer's nodes to the list, and its arrays to the dictionary {name: array}.

    made: {layer: the name of its output}, of those before it.
    Returns the name of this one's.
    """
    layer, below = net.layers[name], net.inputs[name]
    operations = WRITERS[type(layer)](layer, net.shapes[below[0]], net.shapes[name])
    inputs = [made[key] for key in below]
    for number, (operator, attributes, own) in enumerate(operations, 1):
        for key, value in own.items():
            inputs.append(f"{name}.{key}")
            if half and key in layer.params and isinstance(layer, Conv | Linear):
                nodes.append(_node("Cast", f"{name}.{key}", [f"{name}.{key}.float16"],
                                   {"to": messages.FLOAT}))
                arrays[f"{name}.{key}.float16"] = _half(f"{name}.{key}", value)
            else:
                arrays[f"{name}.{key}"] = value
        output = name if number == len(operations) else f"{name}.{operator}"
        nodes.append(_node(operator, output, inputs, attributes))
        inputs = [output]
    return inputs[0]


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
                             + ("as it is empty" if not name
                                 else "which is the name of another array")
                             + ": give it another name")
        seen.add(name)
