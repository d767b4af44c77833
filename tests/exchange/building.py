"""Small model files, written by numpyzf's own writer of messages."""
import numpy as np

from numpyzf.exchange import messages, wire

KINDS = {"float32": messages.FLOAT, "float64": messages.DOUBLE, "float16": messages.FLOAT16,
         "int64": messages.INT64, "int32": messages.INT32, "uint8": messages.UINT8,
         "int8": messages.INT8, "bool": messages.BOOL}


def tensor(name, value):
    """A tensor's message."""
    value = np.asarray(value)
    return {"name": name, "dims": [*value.shape], "data_type": KINDS[value.dtype.name],
            "raw_data": np.ascontiguousarray(value)}


def attribute(name, value):
    """An attribute's message."""
    if isinstance(value, dict):
        return {"name": name, "t": value, "type": 4}
    if isinstance(value, str):
        return {"name": name, "s": value.encode(), "type": 3}
    if isinstance(value, list):
        return {"name": name, "ints": value, "type": 7}
    kind, number = ("f", 1) if isinstance(value, float) else ("i", 2)
    return {"name": name, kind: value, "type": number}


def node(op, inputs, outputs, **attributes):
    """A node's message; inputs and outputs are names with spaces between them, "-" for none."""
    about = {key: attributes.pop(key) for key in ("name", "domain") if key in attributes}
    names = [[name.strip("-") for name in text.split()] for text in (inputs, outputs)]
    return {"op_type": op, "input": names[0], "output": names[1], **about,
            "attribute": [attribute(*pair) for pair in attributes.items()]}


def value_info(name, shape, kind=messages.FLOAT):
    """The message of an input or an output."""
    dims = [{"dim_param": n} if isinstance(n, str) else {"dim_value": n} for n in shape]
    return {"name": name, "type": {"tensor_type": {"elem_type": kind, "shape": {"dim": dims}}}}


def model(nodes, tensors=None, *, shape=("N", 3, 8, 8), opset=13, ir=7, also_inputs=(), kind=1):
    """A model's message: of the image "x" its last node's first output, opset 13."""
    tensors = {name: value if isinstance(value, dict) else tensor(name, value)
               for name, value in (tensors or {}).items()}
    inputs = [value_info("x", shape, kind)]
    inputs += [value_info(name, tensors[name]["dims"]) for name in also_inputs]
    last = nodes[-1]["output"][0]
    # enough for a checker: the reader doesn't look at an output's shape
    output = {"name": last, "type": {"tensor_type": {"elem_type": kind}}}
    return {"ir_version": ir, "producer_name": "tests", "opset_import": [{"version": opset}],
            "graph": {"name": "g", "node": nodes, "initializer": [*tensors.values()],
                      "input": inputs, "output": [output]}}


def encoded(message):
    """The bytes of a model's message."""
    return b"".join(wire.write(message, messages.MODEL))


def saved(folder, *arguments, **more):
    """The Path of a file that holds `model` of these arguments."""
    path = folder / "net.onnx"
    path.write_bytes(encoded(model(*arguments, **more)))
    return path


def random(*shape, seed=0, dtype=np.float32):
    """Normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)
