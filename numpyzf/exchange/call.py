"""A node as what reads it sees it: what is asked of it is checked, and what nobody asked is told.

An attribute that was overlooked would change what a net computes, and nobody would notice. So a
node may have no attribute and no input but those that its operator's function in operators.py or
fold.py has asked for.
"""
from typing import NamedTuple

import numpy as np

from . import messages, tensors

UNBOUNDED = np.finfo(np.float32).max        # the largest number of all


class Unsupported(ValueError):
    """What a node asks for and numpyzf doesn't have; and a way out, which may be empty.

    shape: of what the node would make, without the batch, where that is known: so more of the nodes
    behind it can be looked at.
    """

    def __init__(self, what, way_out="", shape=None):
        super().__init__(what)
        self.way_out, self.shape = way_out, shape


class NotKnown(Exception):
    """An input comes from a node that isn't supported, so nothing is known about it."""


class Output(NamedTuple):
    """A value that the net computes: the output of a layer, or the images."""
    layer: str          # its name, or "input"
    shape: tuple        # without the batch


class Call:
    """One node, asked for its inputs and attributes. A value is an array, or an Output."""

    def __init__(self, node, values, builder):
        self.node, self.values, self.builder = node, values, builder
        self.opset = builder.model.opset
        self.asked_inputs, self.asked_attributes = set(), set()

    # ---- inputs ----
    def has(self, i):
        """Whether input i is given."""
        self.asked_inputs.add(i)
        return i < len(self.node.inputs) and self.node.inputs[i] != ""

    def is_constant(self, i):
        """Whether input i is known before the net runs."""
        name = self.node.inputs[i] if self.has(i) else ""
        return (name not in self.values and name in self.builder.model.tensors
                or isinstance(self.values.get(name), np.ndarray))

    def value(self, i):
        """Input i, whatever it is."""
        if not self.has(i):
            raise ValueError(f"its input {i + 1} is missing")
        name = self.node.inputs[i]
        if name in self.values:
            if self.values[name] is None:
                raise NotKnown
            return self.values[name]
        if name in self.builder.model.tensors:
            return tensors.array(self.builder.model.tensors[name], self.builder.model.folder)
        raise ValueError(f"it takes {name!r}, which nothing before it makes")

    def constant(self, i, what):
        """Input i, an array without the batch's size in it. what: what is said of another."""
        value = self.value(i)
        if isinstance(value, Output):
            raise Unsupported(f"{what}, input {i + 1}, must be a constant, but the net computes "
                              "it")
        return without_batch(value)

    def integers(self, i, what):
        """Input i, one axis of integer constants, as a list."""
        value = self.constant(i, what)
        if value.ndim > 1 or value.dtype.kind not in "iu" or value.size > 64:
            raise ValueError(f"{what} is {value.dtype} of shape {value.shape}, no list of integers")
        return value.ravel().tolist()

    def number(self, i, what):
        """Input i, a constant of one number."""
        value = self.constant(i, what)
        if value.size != 1:
            raise ValueError(f"{what} has shape {value.shape}, but must be one number")
        return value.item()

    def output(self, i=0):
        """Input i, which a layer computes."""
        value = self.value(i)
        if not isinstance(value, Output):
            raise Unsupported(f"its input {i + 1} is a constant", "fold constants when you export")
        return value

    def maps(self, i=0):
        """Input i, maps (C, H, W) that a layer computes."""
        value = self.output(i)
        if len(value.shape) != 3:
            raise ValueError(f"it takes maps (N, C, H, W), but gets {with_batch(value.shape)}")
        return value

    # ---- attributes ----
    def attribute(self, name, default):
        """An attribute of the kind that `default` is: an integer, a float or a string."""
        self.asked_attributes.add(name)
        value = self.node.attributes.get(name, default)
        if type(value) is not type(default):
            raise ValueError(f"its attribute {name} is {value!r}, not of type "
                             f"{type(default).__name__}")
        return value

    def flag(self, name, default=0):
        """An attribute that is 0 or 1, as a bool."""
        value = self.attribute(name, default)
        if value not in (0, 1):
            raise ValueError(f"its attribute {name} is {value}, neither 0 nor 1")
        return bool(value)

    def ints(self, name, count, default=None, least=None):
        """An attribute of `count` integers (None: any number), each at least `least`."""
        self.asked_attributes.add(name)
        value = self.node.attributes.get(name, default)
        if value is None:
            raise ValueError(f"its attribute {name} is missing")
        if not isinstance(value, list) or not all(isinstance(number, int) for number in value):
            raise ValueError(f"its attribute {name} is {value!r}, no list of integers")
        if count is not None and len(value) != count:
            raise Unsupported(f"its attribute {name} has {len(value)} numbers, not {count}: read "
                              "here are nets of two dimensions (N, C, H, W)")
        if least is not None and min(value, default=least) < least:
            raise Unsupported(f"its attribute {name} is {value}; read here are numbers of at least "
                              f"{least}")
        return value

    def axes(self, since, default=None):
        """The axes: an attribute before opset `since`, then input 2."""
        if self.opset < since:
            return self.ints("axes", None, default)
        return self.integers(1, "axes") if self.has(1) else default

    def kind(self):
        """The type of numbers that a Cast makes; its name before opset 6."""
        value = self.attribute("to", 0 if self.opset >= 6 else "")
        return value if self.opset >= 6 else getattr(messages, value, None)

    def tensor(self, name):
        """An attribute that is a tensor, as an array; None if it isn't there."""
        self.asked_attributes.add(name)
        value = self.node.attributes.get(name)
        if value is not None and not isinstance(value, dict):
            raise ValueError(f"its attribute {name} is {value!r}, no tensor")
        return value if value is None else tensors.array(value, self.builder.model.folder)

    # ---- what comes out ----
    def add(self, layer, *inputs, part=""):
        """Put a layer into the net, at the outputs `inputs`. Returns its Output."""
        return self.builder.add(self.node, layer, inputs, part)

    def room(self, *shapes):
        """Count arrays that are made before they are; ValueError if they get too many."""
        self.builder.room(shapes)

    def unasked(self):
        """A word about what is there and nobody asked for; "" if there is nothing."""
        extra = sorted(set(self.node.attributes) - self.asked_attributes)
        if extra:
            return f"its attribute {', '.join(extra)} isn't one that numpyzf knows"
        inputs = [i for i, name in enumerate(self.node.inputs)
                  if name and i not in self.asked_inputs]
        return f"it has {len(self.node.inputs)} inputs, which are too many" if inputs else ""


def without_batch(value):
    """An array that doesn't depend on the number of images."""
    if not np.ma.is_masked(value):
        return np.ma.getdata(value)
    raise Unsupported("it computes with the number of images",
                      "use that number only in a Reshape, or export with a fixed batch")


def with_batch(shape):
    """A shape as ONNX writes it: "(N, 64, 7, 7)"."""
    return f"({', '.join(['N', *map(str, shape)])})"


def within(value):
    """A number, if float32 holds it."""
    if not abs(value) <= UNBOUNDED:
        raise ValueError(f"it has the number {value}")
    return value


def finite(value):
    """A constant, if it holds no NaN and no infinite number, as float32 neither."""
    if value.dtype.kind == "f" and value.size:
        if not (-UNBOUNDED <= value.min() and value.max() <= UNBOUNDED):
            raise ValueError("its constants hold NaN or infinite numbers")
    return value
