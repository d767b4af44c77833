"""ONNX's operators of 2-D convnets as layers: one function each.

A function takes a call.Call. It returns an Output, after it has put layers into the net, or what
it takes where the operator does nothing at inference. It raises call.Unsupported for what numpyzf
doesn't have, and ValueError for what can't be.

What changed between versions of an operator stands in its function: call.opset is the version.
Source: https://onnx.ai/onnx/operators/.
"""
import math
from typing import NamedTuple

import numpy as np

from ..general.layers import (Add, AveragePool, BatchNorm, ClippedReLU, Concat, GeneralConv,
                              GeneralMaxPool, GlobalAveragePool, LeakyReLU, Pad, Sigmoid, Softmax)
from ..geometry import ceil_div
from ..layers import ContrastNorm, Conv, Flatten, Linear, MaxPool, ReLU
from .call import Output, Unsupported, with_batch
from .messages import BFLOAT16, DOUBLE, FLOAT, FLOAT16

UNBOUNDED = np.finfo(np.float32).max        # a Clip at this value doesn't clip


# ---- windows -------------------------------------------------------------------------------------

class Window(NamedTuple):
    """What a convolution or a pool says of its windows; two numbers each, rows first."""
    size: tuple
    stride: tuple
    pad: tuple          # top, left, bottom, right
    dilation: tuple

    @property
    def simple(self):
        """Whether one axis says it all: square, padded alike on all sides, not dilated."""
        return len({*self.size}) == len({*self.stride}) == len({*self.pad}) == max(self.dilation) == 1


def _window(call, size):
    stride = call.ints("strides", 2, [1, 1], least=1)
    dilation = call.ints("dilations", 2, [1, 1], least=1)
    pad = call.ints("pads", 4, [0, 0, 0, 0], least=0)
    auto = call.attribute("auto_pad", "NOTSET")
    if auto not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise ValueError(f"its attribute auto_pad is {auto!r}")
    if auto != "NOTSET" and any(pad):
        raise ValueError(f"it has pads {pad} and auto_pad {auto}; only one can be meant")
    if auto.startswith("SAME"):
        pad = [0] * 4
        for axis, n in enumerate(call.maps().shape[1:]):
            span = (size[axis] - 1) * dilation[axis] + 1
            total = max(0, (ceil_div(n, stride[axis]) - 1) * stride[axis] + span - n)
            less, more = total // 2, ceil_div(total, 2)     # an odd pixel is at the end for UPPER
            pad[axis], pad[axis + 2] = (less, more) if auto == "SAME_UPPER" else (more, less)
    return Window(tuple(size), tuple(stride), tuple(pad), tuple(dilation))


def _conv(call):
    w = call.constant(1, "its filters")
    if w.ndim != 4:
        raise Unsupported(f"its filters are of shape {w.shape}; read here are those of two "
                          "dimensions (F, C, KH, KW)")
    size = call.ints("kernel_shape", 2, [*w.shape[2:]])
    if size != [*w.shape[2:]]:
        raise ValueError(f"its attribute kernel_shape is {size}, but its filters are of {w.shape}")
    groups, window = call.attribute("group", 1), _window(call, size)
    (C, _, _), (F, own) = call.maps().shape, w.shape[:2]
    if groups < 1 or own * groups != C or F % groups:
        raise ValueError(f"{F} filters over {own} channels, in {groups} groups, don't fit an input "
                         f"of {C} channels")
    call.room(w.shape)
    if groups == 1 and window.simple:
        layer = Conv(C, F, size[0], stride=window.stride[0], pad=window.pad[0])
    else:
        layer = GeneralConv(C, F, size, stride=window.stride, pad=window.pad,
                            dilation=window.dilation, groups=groups)
    out = call.add(layer, call.output())
    _fill(layer, "w", w)
    if call.has(2):
        _fill(layer, "b", call.constant(2, "its bias"))
    else:
        call.builder.without_bias.add(out.layer)
    return out


def _fill(layer, key, value, factor=1.0):
    """Copy a constant, times a factor, into a layer's parameter, as float32."""
    own = layer.params[key]
    if value.shape != own.shape:
        raise ValueError(f"{key} has shape {value.shape}, but must have {own.shape}")
    with np.errstate(all="ignore"):
        own[...] = value
        if factor != 1:
            own *= np.float32(factor)
    finite(own)


def finite(value):
    """A constant, if it holds no NaN and no infinite number, as float32 neither."""
    if value.dtype.kind == "f" and value.size:
        if not (-UNBOUNDED <= value.min() and value.max() <= UNBOUNDED):
            raise ValueError("its constants hold NaN or infinite numbers")
    return value


def _max_pool(call):
    window = _window(call, call.ints("kernel_shape", 2, least=1))
    ceil = _flag(call, "ceil_mode")
    _flag(call, "storage_order")            # of the indices, which no net uses here
    size, stride, pad, dilation = window
    if window.simple and 2 * pad[0] <= size[0]:
        layer = MaxPool(size[0], stride=stride[0], pad=pad[0], ceil=ceil)
    else:
        layer = GeneralMaxPool(size, stride=stride, pad=pad, dilation=dilation, ceil=ceil)
    return call.add(layer, call.maps())


def _average_pool(call):
    size, stride, pad, dilation = _window(call, call.ints("kernel_shape", 2, least=1))
    if max(dilation) > 1:
        raise Unsupported(f"its attribute dilations is {list(dilation)}; average pools aren't "
                          "dilated here")
    ceil = _flag(call, "ceil_mode")
    count_pad = _flag(call, "count_include_pad")
    return call.add(AveragePool(size, stride=stride, pad=pad, ceil=ceil, count_pad=count_pad),
                    call.maps())


def _flag(call, name, default=0):
    value = call.attribute(name, default)
    if value not in (0, 1):
        raise ValueError(f"its attribute {name} is {value}, neither 0 nor 1")
    return bool(value)


def _global_average_pool(call):
    return call.add(GlobalAveragePool(), call.maps())


def _global_max_pool(call):
    x = call.maps()
    return call.add(GeneralMaxPool(x.shape[1:], stride=1), x)


def _reduce_mean(call):
    axes, keep = call.axes(18), _flag(call, "keepdims", 1)
    call.attribute("noop_with_empty_axes", 0)
    x = call.maps()
    if axes is None or sorted(axis % 4 for axis in axes) != [2, 3]:
        raise Unsupported(f"its axes are {axes}; read here is the mean over [2, 3], rows and "
                          "columns")
    mean = call.add(GlobalAveragePool(), x)
    return mean if keep else call.add(Flatten(), mean, part="flatten")


# ---- normalization and what is done to each number -----------------------------------------------

def _lrn(call):
    size = call.attribute("size", 0)
    alpha, beta, k = (_within(call.attribute(name, default)) for name, default in
                      (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0)))
    return call.add(ContrastNorm(size=size, alpha=alpha, beta=beta, k=k), call.maps())


def _batch_norm(call):
    names = ("scale", "shift", "mean", "variance")
    scale, shift, mean, variance = (finite(call.constant(i, f"its {name}"))
                                    for i, name in enumerate(names, 1))
    call.attribute("momentum", 0.9), call.ints("consumed_inputs", None, [])
    call.attribute("is_test", 1)
    if _flag(call, "training_mode") or not _flag(call, "spatial", 1):
        raise Unsupported("it normalizes by each batch (training_mode), or each pixel on its own "
                          "(spatial = 0)", "export the net for inference: model.eval() in PyTorch")
    epsilon, x = call.attribute("epsilon", 1e-5), call.output()
    if not {value.shape for value in (scale, shift, mean, variance)} == {x.shape[:1]}:
        raise ValueError(f"its constants have shapes {scale.shape}, {shift.shape}, {mean.shape}, "
                         f"{variance.shape} for {x.shape[0]} channels")
    if not (variance.astype(np.float32) + np.float32(epsilon) > 0).all():
        raise ValueError("it has a variance that isn't positive")
    return _add_batch_norm(call, x, scale, shift, mean, variance, epsilon)


def _add_batch_norm(call, x, scale, shift, mean=0, variance=1, epsilon=0.0):
    call.room((4, x.shape[0]))
    layer = BatchNorm(x.shape[0], epsilon=epsilon)
    layer.params["scale"][...], layer.params["shift"][...] = scale, shift
    layer.mean[...], layer.variance[...] = mean, variance
    return call.add(layer, x)


def _relu(call):
    call.ints("consumed_inputs", None, [])
    return call.add(ReLU(), call.output())


def _leaky_relu(call):
    call.ints("consumed_inputs", None, [])
    return call.add(LeakyReLU(_within(call.attribute("alpha", 0.01))), call.output())


def _within(value):
    if not abs(value) <= UNBOUNDED:
        raise ValueError(f"it has the number {value}")
    return value


def _sigmoid(call):
    call.ints("consumed_inputs", None, [])
    return call.add(Sigmoid(), call.output())


def _clip(call):
    low, high = -math.inf, math.inf
    if call.opset < 11:
        call.ints("consumed_inputs", None, [])
        low, high = call.attribute("min", low), call.attribute("max", high)
    else:
        low = call.number(1, "its minimum") if call.has(1) else low
        high = call.number(2, "its maximum") if call.has(2) else high
    low, high = (-math.inf if low <= -UNBOUNDED else low), (math.inf if high >= UNBOUNDED else high)
    if (low, high) == (-math.inf, math.inf):
        return call.output()
    return call.add(ReLU() if (low, high) == (0, math.inf) else ClippedReLU(low, high),
                    call.output())


def _softmax(call):
    old = call.opset < 13                   # then all axes from `axis` on are one
    axis, x = call.attribute("axis", 1 if old else -1), call.output()
    count = len(x.shape) + 1
    if not -count <= axis < count or axis % count != 1 or old and x.shape[1:] not in ((), (1, 1)):
        raise Unsupported(f"its attribute axis is {axis} for {with_batch(x.shape)}; read here is a "
                          f"softmax over the channels{', opset 13 or newer' if old else ''}")
    return call.add(Softmax(), x)


def _nothing(call):
    return call.output()


def _cast(call):
    kind, x = call.kind(), call.output()
    call.attribute("saturate", 1), call.attribute("round_mode", "up")
    if kind not in (FLOAT, FLOAT16, DOUBLE, BFLOAT16):
        raise Unsupported(f"its attribute to is the type {kind}; what a net computes is floats "
                          "here")
    return x


def _dropout(call):
    call.attribute("ratio", 0.5), call.attribute("seed", 0)
    call.ints("consumed_inputs", None, []), call.attribute("is_test", 1)
    if call.has(1):
        call.number(1, "its ratio")
    if call.has(2) and call.number(2, "its training_mode"):
        raise Unsupported("its training_mode is true",
                          "export the net for inference: model.eval() in PyTorch")
    return call.output()


# ---- fully connected -----------------------------------------------------------------------------

def _gemm(call):
    w = call.constant(1, "its matrix")
    alpha, beta = _within(call.attribute("alpha", 1.0)), _within(call.attribute("beta", 1.0))
    if _flag(call, "transA"):
        raise Unsupported("its attribute transA is 1: images are rows here")
    w = w if _flag(call, "transB") else w.T
    call.attribute("broadcast", 0)          # before opset 7
    out, layer = _linear(call, w, alpha)
    if call.has(2):
        b = call.constant(2, "its bias")
        if b.shape not in ((), (1,), (len(w),), (1, 1), (1, len(w))):
            raise Unsupported(f"its bias has shape {b.shape}; read here is one number for each of "
                              f"the {len(w)} outputs")
        _fill(layer, "b", np.broadcast_to(b.reshape(-1), len(w)), beta)
    return out


def _matmul(call):
    out, _ = _linear(call, call.constant(1, "its matrix").T, 1.0)
    call.builder.without_bias.add(out.layer)
    return out


def _linear(call, w, alpha):
    """A fully connected layer of the matrix w (outputs, inputs)."""
    if w.ndim != 2:
        raise Unsupported(f"its matrix has shape {w.T.shape}; read here are those of two axes")
    x = call.output()
    if x.shape != w.shape[1:]:
        raise ValueError(f"a matrix of {w.shape[1]} inputs doesn't fit {with_batch(x.shape)}")
    call.room(w.shape)
    layer = Linear(w.shape[1], w.shape[0])
    out = call.add(layer, x)
    _fill(layer, "w", w, alpha)
    return out, layer


# ---- several inputs, and arithmetic with constants -----------------------------------------------

def _concat(call):
    outputs = [call.output(i) for i in range(len(call.node.inputs))]
    axis = call.attribute("axis", 1)
    count = len(outputs[0].shape) + 1
    if axis not in (1, 1 - count):
        raise Unsupported(f"its attribute axis is {axis}; read here is 1, the channels")
    return outputs[0] if len(outputs) == 1 else call.add(Concat(), *outputs)


def _sum(call):
    call.ints("consumed_inputs", None, [])
    outputs = [call.output(i) for i in range(len(call.node.inputs))]
    return outputs[0] if len(outputs) == 1 else _add_outputs(call, outputs)


def _add_outputs(call, outputs):
    shapes = [x.shape for x in outputs]
    if len(set(shapes)) > 1:
        raise Unsupported(f"it adds {' and '.join(map(with_batch, shapes))}; read here are sums of "
                          "one shape")
    return call.add(Add(), *outputs)


def _arithmetic(call):
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
            return _add_batch_norm(call, x, -1, c)
        return _add_shift(call, x, c if op == "Add" else -c)
    if op == "Div":
        if first == 1 or not c.all():
            raise Unsupported("it divides by what the net computes, or by 0")
        c = finite(1 / c.astype(np.float64))
    return _add_batch_norm(call, x, c, 0)


def _add_shift(call, x, c):
    """Add numbers: to the bias of the layer before, if it has none and nothing else reads it."""
    builder = call.builder
    if x.layer in builder.without_bias and builder.uses[x.layer] == 1:
        builder.without_bias.discard(x.layer)
        builder.layers[x.layer].params["b"][...] = c
        return x
    return _add_batch_norm(call, x, 1, c)


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


# ---- shapes --------------------------------------------------------------------------------------

def _flatten(call):
    axis, x = call.attribute("axis", 1), call.output()
    if axis not in (1, -len(x.shape)):
        raise Unsupported(f"its attribute axis is {axis}; read here is 1, which keeps images apart")
    return _flat(call, x)


def _flat(call, x):
    return x if len(x.shape) == 1 else call.add(Flatten(), x)


def _reshape(call):
    x = call.output()
    copy = not _flag(call, "allowzero")
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


def _squeeze(call):
    axes, x = call.axes(13), call.output()
    if axes is None:
        raise Unsupported("it has no axes, so that one image is another shape than two",
                          "export it with axes, or as a Flatten")
    places = {axis % (len(x.shape) + 1) for axis in axes}
    if 0 in places:
        raise Unsupported(f"its axes are {axes}; 0, the images, must stay")
    return _reshaped(call, x, tuple(n for i, n in enumerate(x.shape, 1) if i not in places))


def _transpose(call):
    x = call.output()
    count = len(x.shape) + 1
    perm = call.ints("perm", count, [*range(count)][::-1])
    if perm != [*range(count)]:
        raise Unsupported(f"its attribute perm is {perm}: it exchanges axes of {with_batch(x.shape)}",
                          "export the net with axes (N, C, H, W) all through; tf2onnx has "
                          "--inputs-as-nchw for the input",
                          shape=[x.shape[axis - 1] for axis in perm[1:]] if perm[0] == 0 else None)
    return x


def _pad(call):
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
    return call.add(Pad((top, left, bottom, right), value=_within(float(value))), x)


# ---- the list ------------------------------------------------------------------------------------

OPERATORS = {
    "Add": _arithmetic, "AveragePool": _average_pool, "BatchNormalization": _batch_norm,
    "Cast": _cast, "Clip": _clip, "Concat": _concat, "Conv": _conv, "Div": _arithmetic,
    "Dropout": _dropout, "Flatten": _flatten, "Gemm": _gemm,
    "GlobalAveragePool": _global_average_pool, "GlobalMaxPool": _global_max_pool,
    "Identity": _nothing, "LRN": _lrn, "LeakyRelu": _leaky_relu, "MatMul": _matmul,
    "MaxPool": _max_pool, "Mul": _arithmetic, "Pad": _pad, "ReduceMean": _reduce_mean,
    "Relu": _relu, "Reshape": _reshape, "Sigmoid": _sigmoid, "Softmax": _softmax,
    "Squeeze": _squeeze, "Sub": _arithmetic, "Sum": _sum, "Transpose": _transpose,
}
# What a layer is called whose node has no name; a number follows.
WORDS = {"AveragePool": "pool", "BatchNormalization": "bn", "Clip": "relu", "Gemm": "fc",
         "GlobalAveragePool": "pool", "GlobalMaxPool": "pool", "LRN": "norm", "LeakyRelu": "relu",
         "MatMul": "fc", "MaxPool": "pool", "ReduceMean": "pool", "Relu": "relu",
         "Reshape": "flatten", "Squeeze": "flatten", "Sum": "add"}
