"""Operators that join outputs, shift and scale channels, or change shapes; see operators.py."""
import math

import numpy as np

from ..general.layers import Add, BatchNorm, Concat, Pad
from ..layers import Flatten
from .call import Output, Unsupported, finite, with_batch, within

# ---- several inputs, and arithmetic with constants -----------------------------------------------

def concat(call):
    """Channels one after the other."""
    outputs = [call.output(i) for i in range(len(call.node.inputs))]
    axis = call.attribute("axis", 1)
    count = len(outputs[0].shape) + 1
    if axis not in (1, 1 - count):
        raise Unsupported(f"its attribute axis is {axis}; read here is 1, the channels")
    return outputs[0] if len(outputs) == 1 else call.add(Concat(), *outputs)


def sum_outputs(call):
    """The sum of outputs of one shape."""
    call.ints("consumed_inputs", None, [])
    outputs = [call.output(i) for i in range(len(call.node.inputs))]
    return outputs[0] if len(outputs) == 1 else _add_outputs(call, outputs)


def _add_outputs(call, outputs):
    shapes = [x.shape for x in outputs]
    if len(set(shapes)) > 1:
        raise Unsupported(f"it adds {' and '.join(map(with_batch, shapes))}; read here are sums of "
                          "one shape")
    return call.add(Add(), *outputs)


def arithmetic(call):
    """x + c, x − c, c − x, x · c, x / c with a number c for each channel; or x + y."""
    op, first = call.node.op, 1 if call.is_constant(0) else 0
    call.ints("consumed_inputs", None, []), call.attribute("broadcast", 0)
    shift = call.attribute("axis", 0) if call.opset < 7 else 0
    if not call.is_constant(1 - first):
        if op == "Add":
            return _add_outputs(call, [call.output(0), call.output(1)])
        raise Unsupported("the net computes both of its inputs; numpyzf has no gates, as of swish "
                          "or squeeze and excitation", "take a net without them")
    x = call.output(first)
    c = _per_channel(call.constant(1 - first, "its constant"), x, shift)
    if op == "Add" or op == "Sub":
        if (op, first) == ("Sub", 1):
            return add_batch_norm(call, x, -1, c)
        return _add_shift(call, x, c if op == "Add" else -c)
    if op == "Div":
        if first == 1 or not c.all():
            raise Unsupported("it divides by what the net computes, or by 0")
        c = finite(1 / c.astype(np.float64))
    return add_batch_norm(call, x, c, 0)


def _add_shift(call, x, c):
    """Add numbers: to the bias of the layer before, if it has none and nothing else reads it.

    The sum is then that layer's output, so what reads the sum counts from now on as well.
    """
    builder = call.builder
    if x.layer in builder.without_bias and builder.uses[x.layer] == 1:
        builder.layers[x.layer].params["b"][...] = c
        return x
    return add_batch_norm(call, x, 1, c)


def _per_channel(c, x, axis):
    """A constant that is broadcast over x as (C,), or ()."""
    shape = c.shape[1:] if c.ndim == len(x.shape) + 1 and c.shape[0] == 1 else c.shape
    if axis == 1 and c.ndim == 1:           # before opset 7 an axis said where c stands
        shape = (len(c), *(1 for _ in x.shape[1:]))
    channels = (x.shape[0], *(1 for _ in x.shape[1:]))
    if c.size != 1 and shape != channels or c.ndim > len(x.shape) + 1:
        raise Unsupported(f"its constant has shape {c.shape} for {with_batch(x.shape)}; read here "
                          "is one number, or one for each channel")
    return finite(c).astype(np.float32).reshape(() if c.size == 1 else -1)


def add_batch_norm(call, x, scale, shift, mean=0, variance=1, epsilon=0.0):
    """scale · (x − mean) / √(variance + epsilon) + shift, each one number or one per channel."""
    call.room((4, x.shape[0]))
    layer = BatchNorm(x.shape[0], epsilon=epsilon)
    layer.params["scale"][...], layer.params["shift"][...] = scale, shift
    layer.mean[...], layer.variance[...] = mean, variance
    return call.add(layer, x)


# ---- shapes --------------------------------------------------------------------------------------

def flatten(call):
    """(N, C, H, W) to (N, C·H·W)."""
    axis, x = call.attribute("axis", 1), call.output()
    if axis not in (1, -len(x.shape)):
        raise Unsupported(f"its attribute axis is {axis}; read here is 1, which keeps images apart")
    return _flat(call, x)


def _flat(call, x):
    return x if len(x.shape) == 1 else call.add(Flatten(), x)


def reshape(call):
    """A Reshape that flattens, as nets do before the first fully connected layer."""
    x = call.output()
    copy = not call.flag("allowzero")
    if call.opset < 5:
        call.ints("consumed_inputs", None, [])
        shape = np.array(call.ints("shape", None))
    else:
        shape = call.value(1)
    if isinstance(shape, Output) or shape.ndim != 1 or shape.dtype.kind not in "iu":
        raise Unsupported("its shape isn't a list of constant integers")
    batch, *rest = [None if hidden else n for n, hidden in
                    zip(np.ma.getdata(shape).tolist(), np.ma.getmaskarray(shape))] or [0]
    if copy:
        rest = [x.shape[i] if n == 0 and i < len(x.shape) else n for i, n in enumerate(rest)]
    if rest.count(-1) == 1 and batch != -1 and None not in rest:
        rest[rest.index(-1)] = math.prod(x.shape) // max(1, -math.prod(rest))
    kept = batch in (None, -1, 1, call.builder.batch) or batch == 0 and copy
    if not kept or None in rest or math.prod(rest) != math.prod(x.shape) or not rest:
        written = ["N" if hidden else n for n, hidden in zip(shape.tolist(),
                                                             np.ma.getmaskarray(shape))]
        raise Unsupported(f"it makes {written} of {with_batch(x.shape)}; read here are those that "
                          "keep images apart and flatten the rest")
    return _reshaped(call, x, tuple(rest))


def _reshaped(call, x, shape):
    if shape == x.shape:
        return x
    if len(shape) == 1:
        return _flat(call, x)
    raise Unsupported(f"it makes {with_batch(shape)} of {with_batch(x.shape)}; read here are those "
                      "that flatten", shape=shape)


def squeeze(call):
    """Axes of length 1 go: (N, C, 1, 1) to (N, C)."""
    axes, x = call.axes(13), call.output()
    if axes is None:
        raise Unsupported("it has no axes, so that one image is another shape than two",
                          "export it with axes, or as a Flatten")
    places = {axis % (len(x.shape) + 1) for axis in axes}
    if 0 in places:
        raise Unsupported(f"its axes are {axes}; 0, the images, must stay")
    return _reshaped(call, x, tuple(n for i, n in enumerate(x.shape, 1) if i not in places))


def transpose(call):
    """A Transpose that leaves all axes where they are."""
    x = call.output()
    count = len(x.shape) + 1
    perm = call.ints("perm", count, [*range(count)][::-1])
    if sorted(perm) != [*range(count)]:
        raise ValueError(f"its attribute perm is {perm}")
    if perm != [*range(count)]:
        raise Unsupported(f"its attribute perm {perm} moves axes of {with_batch(x.shape)}",
                          "export the net with axes (N, C, H, W) all through; tf2onnx has "
                          "--inputs-as-nchw for the input",
                          shape=[x.shape[axis - 1] for axis in perm[1:]] if perm[0] == 0 else None)
    return x


def pad(call):
    """Rows and columns around the maps."""
    mode = call.attribute("mode", "constant")
    if mode != "constant":
        raise Unsupported(f"its attribute mode is {mode}; read here is constant")
    if call.opset < 11:
        pads = call.ints("paddings" if call.opset < 2 else "pads", None)
        value, axes = call.attribute("value", 0.0), None
    else:
        pads = call.integers(1, "its pads")
        value = call.number(2, "its value") if call.has(2) else 0.0
        axes = call.integers(3, "its axes") if call.has(3) else None
    x = call.maps()
    axes = [*range(4)] if axes is None else [axis % 4 for axis in axes]
    if len(pads) != 2 * len(axes) or len({*axes}) != len(axes):
        raise ValueError(f"its pads are {pads} for axes {axes}")
    before, after = dict(zip(axes, pads)), dict(zip(axes, pads[len(axes):]))
    top, left, bottom, right = (side.get(axis, 0) for side in (before, after) for axis in (2, 3))
    others = [side.get(axis, 0) for side in (before, after) for axis in (0, 1)]
    if any(others) or min(top, left, bottom, right) < 0:
        raise Unsupported(f"its pads are {pads}; read here are rows and columns that are added")
    if not any(pads):
        return x
    return call.add(Pad((top, left, bottom, right), value=within(float(value))), x)
