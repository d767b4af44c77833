"""What a unit of a net sees: through layers one after the other, branches, windows of any shape.

geometry.py has one step, from a layer's output to what it takes; these go all the way, for
Network's methods of the same names. Integers only.
"""
from typing import NamedTuple

from . import checks
from .geometry import IDENTITY, ReceptiveField, Window, pixels_below, see_through


class Sides(NamedTuple):
    """The windows along both axes of a layer whose windows aren't square."""
    rows: Window
    columns: Window


def along(window, axis):
    """The Window along axis 0, down the rows, or 1, of a layer's `window`: one Window, or Sides."""
    return window[axis] if isinstance(window, Sides) else window


def up_to(inputs, names):
    """The names of some layers, and of all that they are made of, from the pixels up.

    inputs: {layer: names of the outputs that it takes}, in the net's order.
    names: of the layers.
    """
    needed = set(names)
    for name in reversed(inputs):
        if name in needed:
            needed.update(inputs[name])
    return [name for name in inputs if name in needed]


def receptive_field(net, name, axis):
    """The ReceptiveField of a unit of layer `name` along an axis; None where that is all pixels."""
    fields = {"input": IDENTITY}
    for key in net.up_to(name):
        window = along(net.layers[key].window, axis)
        field = union([fields[below] for below in net.inputs[key]])
        fields[key] = field and window and see_through(field, window)
    return fields[name]


def union(fields):
    """The receptive field of a unit that takes units with these fields, one of each branch.

    None where there is no such field: a branch sees the whole image, or the strides differ.

    >>> union([ReceptiveField(3, 2, 0), ReceptiveField(5, 2, -3)])
    ReceptiveField(size=6, stride=2, start=-3)
    """
    if None in fields or len({field.stride for field in fields}) > 1:
        return None
    start = min(field.start for field in fields)
    stop = max(field.start + field.size for field in fields)
    return ReceptiveField(stop - start, fields[0].stride, start)


def cone(net, name, row, column):
    """The pixels that a unit of layer `name` sees, as two slices: rows and columns."""
    if receptive_field(net, name, 0) is None:
        return tuple(slice(0, n) for n in net.input_shape[1:])
    checks.place(row, column, *net.shapes[name][1:], name)
    return seen_along(net, name, row, 0), seen_along(net, name, column, 1)


def seen_along(net, name, place, axis):
    """The pixels along an axis that the units of layer `name` at one place of it see: a slice."""
    seen = {name: (place, place + 1)}                   # half-open ranges of each output's units
    for key in reversed(net.up_to(name)):               # from `name` down to the input
        window = along(net.layers[key].window, axis)
        for below in net.inputs[key]:
            start, stop = pixels_below(*seen[key], window, net.shapes[below][1 + axis])
            other_start, other_stop = seen.get(below, (start, stop))        # of another branch
            seen[below] = min(start, other_start), max(stop, other_stop)
    return slice(*seen["input"])
