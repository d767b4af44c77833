"""A model file as plain tuples: nodes in an order in which they can be run, and constants."""
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import texts
from . import messages, wire

OLDEST_IR, NEWEST_OPSET = 3, 26     # what was checked against; older files had no opsets
# The value of an attribute that isn't what its type says, or is of a type that no convnet needs:
# no function takes it for a number, a string, a list or a tensor.
UNREAD = ("of a type that isn't read",)


class Node(NamedTuple):
    """One operator at work."""
    op: str             # "Conv"
    name: str           # may be ""
    inputs: list        # names of values; "" is an optional one that isn't given
    outputs: list
    attributes: dict    # {name: int, float, str, list of them, or a tensor's message}
    domain: str         # "" is ONNX's own
    number: int         # its place among the nodes, from 0

    def __str__(self):
        called = f"'{texts.short(self.name, 100)}'" if self.name else f"number {self.number}"
        return f"{texts.short(self.op)} {called}"


class Value(NamedTuple):
    """An input of the graph."""
    name: str
    kind: int           # type of its numbers, see messages.py
    shape: list         # ints; a string or None where the file leaves it open


class Model(NamedTuple):
    """What a model file says."""
    nodes: list         # of Node
    tensors: dict       # {name: message}: weights and other constants
    inputs: list        # of Value, without those that are constants
    outputs: list       # of names
    opset: int          # version of the operators
    ir: int             # version of the format
    producer: str       # the program that wrote it
    folder: Path        # where files beside the model are
    nbytes: int         # of the model file


def read_model(path):
    """Read a model file.

    path: Path of the file.
    Returns a Model. Raises ValueError if it is damaged or no ONNX, OSError if it can't be read.
    """
    if path.exists() and not path.is_file():        # a pipe would never end
        raise ValueError("a folder, or another thing that is no file, and no ONNX model")
    with open(path, "rb") as file:
        data = file.read()
    try:
        found = wire.read(memoryview(data), messages.MODEL)
    except ValueError as error:
        raise ValueError(f"no ONNX model, or a damaged one: {error}") from None
    graph, ir = found.get("graph"), found.get("ir_version", 0)
    if graph is None or not graph.get("node") or ir < 1:
        raise ValueError("no ONNX model, or a damaged one")
    if ir < OLDEST_IR:
        raise ValueError(f"an ONNX file of 2017 (IR version {ir}); write it anew, with version "
                         f"{OLDEST_IR} or newer")
    if graph.get("sparse_initializer"):
        raise ValueError("it has sparse tensors; write it with dense ones")
    tensors = {}
    for tensor in graph.get("initializer", []):
        if not tensor.get("name") or tensor["name"] in tensors:
            raise ValueError(f"two tensors, or none, have the name {tensor.get('name', '')!r}")
        tensors[tensor["name"]] = tensor
    nodes = [_node(message, number) for number, message in enumerate(graph["node"])]
    inputs = [_value(message) for message in graph.get("input", [])]
    return Model(nodes, tensors, [value for value in inputs if value.name not in tensors],
                 [message.get("name", "") for message in graph.get("output", [])],
                 _opset(found), ir, found.get("producer_name", ""), path.parent, len(data))


def _opset(found):
    """The version of ONNX's own operators."""
    versions = [opset.get("version", 0) for opset in found.get("opset_import", [])
                if opset.get("domain", "") in ("", "ai.onnx")]
    if len(versions) != 1:
        raise ValueError("it doesn't say which version of the operators it means (opset_import)")
    if not 1 <= versions[0] <= NEWEST_OPSET:
        raise ValueError(f"its operators are of version {versions[0]}; numpyzf knows 1 to "
                         f"{NEWEST_OPSET}: export it with opset_version=18")
    return versions[0]


def _value(message):
    tensor = message.get("type", {}).get("tensor_type", {})
    dims = tensor.get("shape", {}).get("dim", [])
    return Value(message.get("name", ""), tensor.get("elem_type", 0),
                 [dim.get("dim_value", dim.get("dim_param")) for dim in dims])


def _node(message, number):
    domain = message.get("domain", "")
    node = Node(message.get("op_type", ""), message.get("name", ""), message.get("input", []),
                message.get("output", []), {}, "" if domain == "ai.onnx" else domain, number)
    for attribute in message.get("attribute", []):
        name = attribute.get("name", "")
        if name in node.attributes:
            raise ValueError(f"{node} has two attributes {name!r}")
        node.attributes[name] = _attribute(attribute)
    return node


def _attribute(message):
    """The value of an attribute, or UNREAD."""
    field = messages.ATTRIBUTE_TYPES.get(message.get("type"))
    if not {*message} <= {"name", "type", field}:       # a value of another type
        return UNREAD
    # what is zero or empty may be left out
    value = message.get(field, {"f": 0.0, "i": 0, "s": b"", "floats": b""}.get(field, []))
    if field == "f":        # of all numbers that this float32 may stand for the shortest: 0.0005
        value = float(str(np.float32(value)))
    if field == "floats":
        value = np.frombuffer(value, "<f4").tolist()
    if field == "s":
        value = str(value, "utf-8", "replace")
    return UNREAD if field is None or field == "t" and value == [] else value
