"""A net's sizes, read off it; and the paddings that give the paper's sizes."""
from itertools import product
from math import prod
from typing import NamedTuple

from ...geometry import conv_output_size, pool_output_size
from ...layers import ContrastNorm, Conv, Dropout, Linear, MaxPool, ReLU

SIZES = [110, 55, 26, 13, 13, 13, 13, 6]    # of the maps in the paper's figure, conv1 to pool5
OPERATIONS = {Conv: "conv", MaxPool: "pool", Linear: "full"}
FOLLOWING = {ReLU: "ReLU", ContrastNorm: "normalize", Dropout: "dropout"}


class Row(NamedTuple):
    """One layer, and what follows it without changing the size."""
    layer: str              # its name
    operation: str          # such as "conv 7×7 /2"
    then: tuple             # what follows, in words: ("ReLU", …)
    window: tuple           # (size, stride); None if fully connected
    shape: tuple            # of its output: (F, height, width) or (features,)
    field: tuple            # (size, stride) of the receptive field, pixels; None if it is all
    parameters: int
    multiply_adds: int      # for one image


class Plan(NamedTuple):
    """One net."""
    input_shape: tuple      # (C, H, W)
    rows: list              # a Row for each convolution, pool and fully connected layer


def measure(net):
    """Read a net's sizes off it.

    net: Network.
    Returns a Plan. A multiply-add is one weight times one value, added up. Each output of a
    convolution takes C·K·K of them, those on padding too; each output of a fully connected layer
    takes as many as it has inputs. Pools, ReLUs and contrast normalization count nothing.
    """
    rows = []
    for name, layer in net.layers.items():
        if type(layer) in OPERATIONS:
            rows.append(_row(net, name, layer))
        elif type(layer) in FOLLOWING and rows:
            last = rows[-1]
            rows[-1] = last._replace(then=(*last.then, FOLLOWING[type(layer)]))
    return Plan(net.input_shape, rows)


def _row(net, name, layer):
    """The Row of one layer, nothing following it yet."""
    shape, field, w = net.shapes[name], net.receptive_field(name), layer.params.get("w")
    operation, window = OPERATIONS[type(layer)], None
    if layer.window:
        size, stride, _ = layer.window
        window = size, stride
        operation += f" {size}×{size}"
        if stride > 1:
            operation += f" /{stride}"
    return Row(name, operation, (), window, shape,
               field=(field.size, field.stride) if field else None,
               parameters=sum(value.size for value in layer.params.values()),
               multiply_adds=0 if w is None else prod(shape) * w[0].size)


def paddings(side=224):
    """Which paddings give the map sizes of the paper's figure, which doesn't state them?

    side: of the image, pixels.

    conv3–5 keep their size. Returns (found, tried): a list of (pad of conv1, pad of conv2, pad of
    the pools, do the pools hang over the edge), and how many choices were tried.
    """
    choices = list(product(range(4), range(3), range(2), (False, True)))
    found = [choice for choice in choices if _sizes(side, *choice) == SIZES]
    return found, len(choices)


def _sizes(side, pad1, pad2, pool_pad, ceil):
    """The sizes of the maps from conv1 to pool5."""
    conv1 = conv_output_size(side, 7, 2, pad1)
    pool1 = pool_output_size(conv1, 3, 2, pool_pad, ceil)
    conv2 = conv_output_size(pool1, 5, 2, pad2)
    pool2 = pool_output_size(conv2, 3, 2, pool_pad, ceil)
    conv3 = conv4 = conv5 = pool2
    pool5 = pool_output_size(conv5, 3, 2, pool_pad, ceil)
    return [conv1, pool1, conv2, pool2, conv3, conv4, conv5, pool5]
