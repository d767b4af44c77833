"""Constants that a file computes are computed here, once, while it is read.

PyTorch writes `x.view(len(x), -1)` as Shape, Gather, Unsqueeze, Concat and Reshape. All but the
Reshape work on a few integers: the shape of x. One of them, the number of images, isn't known. It
is a masked element of a NumPy masked array: it may be moved around, and not computed with.
"""
import math

import numpy as np

from .call import Output, Unsupported
from .messages import BFLOAT16, BOOL
from .tensors import DTYPES, MOST_AXES

MOST_NUMBERS = 1 << 28      # of one constant that a file declares and doesn't hold


def constants_only(call):
    """Whether nothing that this node takes depends on the image."""
    given = [i for i, name in enumerate(call.node.inputs) if name]
    return call.node.op == "Shape" or all(call.is_constant(i) for i in given)


def fold(call):
    """The constant that a node computes."""
    if call.node.op not in FOLDS:
        raise Unsupported("it computes with constants; folded here are "
                          f"{', '.join(sorted(FOLDS))}",
                          "fold constants when you export, or by a tool such as onnxsim")
    return FOLDS[call.node.op](call)


def _constant(call):
    value = call.tensor("value")
    if value is not None:
        return value
    for name, dtype in (("value_float", np.float32), ("value_int", np.int64),
                        ("value_floats", np.float32), ("value_ints", np.int64)):
        if name in call.node.attributes:
            call.asked_attributes.add(name)
            return np.array(call.node.attributes[name], dtype)
    raise Unsupported("it has no value that is numbers")


def _constant_of_shape(call):
    value, shape = call.tensor("value"), call.integers(0, "its shape")
    value = np.zeros(1, np.float32) if value is None else value
    if value.size != 1:
        raise ValueError(f"its value has shape {value.shape}, but must be one number")
    return np.broadcast_to(value.reshape(()), _sane(shape))


def _sane(shape):
    """A shape that a file declares, without the numbers to it."""
    if min(shape, default=0) < 0 or len(shape) > MOST_AXES or math.prod(shape) > MOST_NUMBERS:
        raise ValueError(f"a constant of shape {shape[:MOST_AXES + 1]}; the most is "
                         f"{MOST_NUMBERS:,} numbers")
    return tuple(shape)


def _shape(call):
    value = call.value(0)
    if isinstance(value, Output):
        shape = np.ma.array([0, *value.shape], np.int64, mask=[True, *(False for _ in value.shape)])
    else:
        shape = np.array(value.shape, np.int64)
    start = call.attribute("start", 0)
    end = call.attribute("end", len(shape)) if "end" in call.node.attributes else len(shape)
    return shape[start:end]


def _gather(call):
    data, index = call.value(0), call.constant(1, "the index")
    axis = _axis(call.attribute("axis", 0), data.ndim)
    if index.dtype.kind not in "iu" or index.ndim + data.ndim - 1 > MOST_AXES:
        raise ValueError(f"its index is {index.dtype} of shape {index.shape}")
    count = data.shape[axis]
    if index.size and not (-count <= index.min() and index.max() < count):
        raise ValueError(f"its index is not within {count} numbers")
    call.room((index.size, data.size // max(count, 1)))
    # one axis of indices, since a masked array that gives one number gives another type
    shape = data.shape[:axis] + index.shape + data.shape[axis + 1:]
    return data.take(index.ravel(), axis).reshape(shape)


def _slice(call):
    data = call.value(0)
    if call.opset < 10:
        starts, stops = call.ints("starts", None), call.ints("ends", None)
        axes, steps = call.ints("axes", None, [*range(len(starts))]), [1] * len(starts)
    else:
        starts, stops = call.integers(1, "starts"), call.integers(2, "ends")
        axes = call.integers(3, "axes") if call.has(3) else [*range(len(starts))]
        steps = call.integers(4, "steps") if call.has(4) else [1] * len(starts)
    if not len(starts) == len(stops) == len(axes) == len(steps):
        raise ValueError("its starts, ends, axes and steps differ in number")
    index = [slice(None)] * data.ndim
    for start, stop, axis, step in zip(starts, stops, axes, steps):
        axis = _axis(axis, data.ndim)
        if step == 0:
            raise ValueError("a step of 0")
        index[axis] = slice(start, stop, step)
    return data[tuple(index)]


def _cast(call):
    value, kind = call.value(0), call.kind()
    call.attribute("saturate", 1)
    if kind not in DTYPES:
        raise Unsupported(f"its attribute to is the type {kind}, which isn't read here")
    call.room(value.shape)
    dtype = {BFLOAT16: np.float32, BOOL: bool}.get(kind, DTYPES[kind])
    with np.errstate(all="ignore"):
        return value.astype(dtype)


def _concat(call):
    values = [call.value(i) for i in range(max(1, len(call.node.inputs)))]
    call.room(*(value.shape for value in values))
    axis = _axis(call.attribute("axis", 1 if call.opset < 4 else 0), values[0].ndim)
    masked = any(np.ma.is_masked(value) for value in values)
    return (np.ma if masked else np).concatenate(values, axis)


def _reshape(call):
    value = call.value(0)
    shape = call.ints("shape", None) if call.opset < 5 else call.integers(1, "the shape")
    if not call.attribute("allowzero", 0):
        if any(n == 0 and i >= value.ndim for i, n in enumerate(shape)):
            raise ValueError(f"its shape is {shape} for {value.shape}")
        shape = [value.shape[i] if n == 0 else n for i, n in enumerate(shape)]
    if len(shape) > MOST_AXES or min(shape, default=0) < -1:
        raise ValueError(f"its shape is {shape[:MOST_AXES + 1]}")
    call.room(value.shape)          # of what isn't contiguous a copy is made
    return value.reshape(shape)


def _squeeze(call):
    value = call.value(0)
    axes = call.axes(13)
    if axes is None:
        axes = [i for i, n in enumerate(value.shape) if n == 1]
    axes = {_axis(axis, value.ndim) for axis in axes}
    if any(value.shape[axis] != 1 for axis in axes):
        raise ValueError(f"axes {sorted(axes)} of {value.shape} aren't all 1")
    return value.reshape([n for i, n in enumerate(value.shape) if i not in axes])


def _unsqueeze(call):
    value, axes = call.value(0), call.axes(13, [])
    count = value.ndim + len(axes)
    places = {_axis(axis, count) for axis in axes}
    if len(places) != len(axes) or count > MOST_AXES:
        raise ValueError(f"its axes are {axes[:MOST_AXES + 1]}")
    sides = iter(value.shape)
    return value.reshape([1 if i in places else next(sides) for i in range(count)])


def _transpose(call):
    value = call.value(0)
    return value.transpose(call.ints("perm", None, [*range(value.ndim)][::-1]))


def _expand(call):
    value, shape = call.constant(0, "what it repeats"), call.integers(1, "the shape")
    return np.broadcast_to(value, _sane(np.broadcast_shapes(value.shape, _sane(shape))))


def _arithmetic(call):
    a, b = call.constant(0, "its first input"), call.constant(1, "its second input")
    call.attribute("axis", 0), call.attribute("broadcast", 0)       # of opset 1 to 6
    call.room(np.broadcast_shapes(a.shape, b.shape))
    if call.node.op == "Div" and b.dtype.kind in "iu":
        if not b.all():
            raise ValueError("a division by 0")
        return np.trunc(a / b).astype(a.dtype)
    operation = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}
    with np.errstate(all="ignore"):
        return operation[call.node.op](a, b)


def _axis(axis, count):
    """An axis, which may count from the end, as one of 0 … count − 1."""
    if not -count <= axis < count:
        raise ValueError(f"axis {axis} of {count}")
    return axis % count


FOLDS = {"Constant": _constant, "ConstantOfShape": _constant_of_shape, "Shape": _shape,
         "Gather": _gather, "Slice": _slice, "Cast": _cast, "Concat": _concat,
         "Reshape": _reshape, "Squeeze": _squeeze, "Unsqueeze": _unsqueeze,
         "Transpose": _transpose, "Expand": _expand, "Identity": lambda call: call.value(0),
         "Add": _arithmetic, "Sub": _arithmetic, "Mul": _arithmetic, "Div": _arithmetic}
