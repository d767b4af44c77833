"""Batch normalization folded into the layer before it: the same scores, one layer fewer."""
import copy

import numpy as np

from ..layers import Conv, Linear
from ..network import Network
from .layers import BatchNorm


def fold_batch_norm(net):
    """A network without the BatchNorm layers that stand behind a convolution or a Linear.

    y = factor · (w x + b − mean) + shift, factor = scale / √(variance + epsilon), is a convolution
    with the filters factor · w and the biases factor · (b − mean) + shift. So it is wherever
    nothing but the normalization takes the convolution's output. All others stay.

    net: a Network; not changed, and nothing of it is shared.
    Returns a Network with the convolutions' names, and the same scores, to rounding.
    """
    taken = [below for inputs in net.inputs.values() for below in inputs]
    layers, inputs = copy.deepcopy(net.layers), {}
    became = {}                         # {normalization: the layer that it went into}
    for name, layer in list(layers.items()):
        inputs[name] = tuple(became.get(below, below) for below in net.inputs[name])
        target = inputs[name][0]
        if (isinstance(layer, BatchNorm) and taken.count(net.inputs[name][0]) == 1
                and isinstance(layers.get(target), (Conv, Linear))):
            put_into(layers[target], layer)
            # it stands where the normalization stood: a net's output is its last layer's
            layers[target], inputs[target] = layers.pop(target), inputs.pop(target)
            became[name] = target
            del layers[name], inputs[name]
    return Network([(name, layers[name], inputs[name]) for name in inputs], net.input_shape)


def put_into(layer, normalization):
    """Change the parameters of a convolution or a Linear to those of it and the normalization."""
    scale, shift, mean, variance = (value.astype(np.float64) for value in (
        *normalization.params.values(), normalization.mean, normalization.variance))
    factor, dtype = scale / np.sqrt(variance + normalization.epsilon), layer.params["w"].dtype
    w, b = layer.params["w"], layer.params["b"]
    # (F, 1, …), one factor for each filter
    w = w * factor.reshape(-1, *(1,) * (w.ndim - 1))
    layer.params = {"w": w.astype(dtype), "b": (factor * (b - mean) + shift).astype(dtype)}
