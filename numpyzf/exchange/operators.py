"""ONNX's operators of 2-D convnets as layers: one function each.

A function takes a call.Call. It returns an Output, after it has put layers into the net, or what
it takes where the operator does nothing at inference. It raises call.Unsupported for what numpyzf
doesn't have, and ValueError for what can't be.

What changed between versions of an operator stands in its function: call.opset is the version.
Source: https://onnx.ai/onnx/operators/.
"""
import math

import numpy as np

from ..general.layers import (AveragePool, ClippedReLU, GeneralConv, GeneralMaxPool,
                              GlobalAveragePool, LeakyReLU, Sigmoid, Softmax)
from ..geometry import ceil_div
from ..kernels import Frame
from ..layers import ContrastNorm, Conv, Flatten, Linear, MaxPool, ReLU
from . import shapes
from .call import UNBOUNDED, Unsupported, finite, with_batch, within
from .messages import BFLOAT16, DOUBLE, FLOAT, FLOAT16

# ---- windows -------------------------------------------------------------------------------------

def is_simple(window):
    """Whether one axis says it all: square, padded alike on all sides, not dilated."""
    size, stride, pad, dilation = window
    return len({*size}) == len({*stride}) == len({*pad}) == max(dilation) == 1


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
    return Frame(tuple(size), tuple(stride), tuple(pad), tuple(dilation))


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
    if groups == 1 and is_simple(window):
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


def _max_pool(call):
    window = _window(call, call.ints("kernel_shape", 2, least=1))
    ceil = call.flag("ceil_mode")
    call.flag("storage_order")            # of the indices, which no net uses here
    size, stride, pad, dilation = window
    if is_simple(window) and 2 * pad[0] <= size[0]:
        layer = MaxPool(size[0], stride=stride[0], pad=pad[0], ceil=ceil)
    else:
        layer = GeneralMaxPool(size, stride=stride, pad=pad, dilation=dilation, ceil=ceil)
    return call.add(layer, call.maps())


def _average_pool(call):
    size, stride, pad, dilation = _window(call, call.ints("kernel_shape", 2, least=1))
    ceil = call.flag("ceil_mode")
    count_pad = call.flag("count_include_pad")
    return call.add(AveragePool(size, stride=stride, pad=pad, dilation=dilation, ceil=ceil,
                                count_pad=count_pad), call.maps())


def _global_average_pool(call):
    return call.add(GlobalAveragePool(), call.maps())


def _global_max_pool(call):
    x = call.maps()
    return call.add(GeneralMaxPool(x.shape[1:], stride=1), x)


def _reduce_mean(call):
    axes, keep = call.axes(18), call.flag("keepdims", 1)
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
    alpha, beta, k = (within(call.attribute(name, default)) for name, default in
                      (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0)))
    return call.add(ContrastNorm(size=size, alpha=alpha, beta=beta, k=k), call.maps())


def _batch_norm(call):
    names = ("scale", "shift", "mean", "variance")
    scale, shift, mean, variance = (finite(call.constant(i, f"its {name}"))
                                    for i, name in enumerate(names, 1))
    call.attribute("momentum", 0.9), call.ints("consumed_inputs", None, [])
    call.attribute("is_test", 1)
    if call.flag("training_mode") or not call.flag("spatial", 1):
        raise Unsupported("it normalizes by each batch (training_mode), or each pixel on its own "
                          "(spatial = 0)", "export the net for inference: model.eval() in PyTorch")
    epsilon, x = call.attribute("epsilon", 1e-5), call.output()
    if not {value.shape for value in (scale, shift, mean, variance)} == {x.shape[:1]}:
        raise ValueError(f"its constants have shapes {scale.shape}, {shift.shape}, {mean.shape}, "
                         f"{variance.shape} for {x.shape[0]} channels")
    if not (variance.astype(np.float32) + np.float32(epsilon) > 0).all():
        raise ValueError("it has a variance that isn't positive")
    return shapes.add_batch_norm(call, x, scale, shift, mean, variance, epsilon)


def _relu(call):
    call.ints("consumed_inputs", None, [])
    return call.add(ReLU(), call.output())


def _leaky_relu(call):
    call.ints("consumed_inputs", None, [])
    return call.add(LeakyReLU(within(call.attribute("alpha", 0.01))), call.output())


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
    alpha, beta = within(call.attribute("alpha", 1.0)), within(call.attribute("beta", 1.0))
    if call.flag("transA"):
        raise Unsupported("its attribute transA is 1: images are rows here")
    w = w if call.flag("transB") else w.T
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


# ---- the list ------------------------------------------------------------------------------------

OPERATORS = {
    "Add": shapes.arithmetic, "AveragePool": _average_pool, "BatchNormalization": _batch_norm,
    "Cast": _cast, "Clip": _clip, "Concat": shapes.concat, "Conv": _conv,
    "Div": shapes.arithmetic, "Dropout": _dropout, "Flatten": shapes.flatten, "Gemm": _gemm,
    "GlobalAveragePool": _global_average_pool, "GlobalMaxPool": _global_max_pool,
    "Identity": _nothing, "LRN": _lrn, "LeakyRelu": _leaky_relu, "MatMul": _matmul,
    "MaxPool": _max_pool, "Mul": shapes.arithmetic, "Pad": shapes.pad,
    "ReduceMean": _reduce_mean, "Relu": _relu, "Reshape": shapes.reshape, "Sigmoid": _sigmoid,
    "Softmax": _softmax, "Squeeze": shapes.squeeze, "Sub": shapes.arithmetic,
    "Sum": shapes.sum_outputs, "Transpose": shapes.transpose,
}
# What a layer is called whose node has no name; a number follows.
WORDS = {"AveragePool": "pool", "BatchNormalization": "bn", "Clip": "relu", "Gemm": "fc",
         "GlobalAveragePool": "pool", "GlobalMaxPool": "pool", "LRN": "norm", "LeakyRelu": "relu",
         "MatMul": "fc", "MaxPool": "pool", "ReduceMean": "pool", "Relu": "relu",
         "Reshape": "flatten", "Squeeze": "flatten", "Sum": "add"}
