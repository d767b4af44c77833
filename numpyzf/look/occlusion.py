"""Occlusion sensitivity: cover a square of the image, place by place, and see what the net says.

Source: Zeiler & Fergus section 4.3, Figure 7.

The idea: what a mask changes grows like a receptive field, but going up. A square changes a box
of every map, a little larger from layer to layer. The rest of the map is as it was without the
mask. So one ordinary pass of the whole image comes first; then, for each place of the square,
only these boxes are computed. The inputs of a box of outputs are a larger box: it is cut out of
the whole image's map, and what the mask changed is pasted in. Boxes of one layer have one size
wherever the square lies. So many places make one batch, and the layers compute them like any
images. Where all of the map is needed, at the first fully connected layer or the first branch,
boxes are pasted into copies of the whole map.

Cost: of the paper's net, with a square of 32 pixels, a third of the operations of a full pass for
each place. Most of them are in conv4, conv5 and the fully connected layers, which a mask changes
nearly everywhere.
"""
import copy
from math import prod
from typing import NamedTuple

import numpy as np

from .. import checks
from ..geometry import Window, ceil_div, conv_output_size
from ..layers import Conv, MaxPool
from .boxes import below, cut, paste

CHUNK_NBYTES = 32 << 20     # of the largest array of a layer: as many squares as fit, at least one
MOST_PIXELS = 65_535        # along an axis of an image
POINT = Window(1, 1, 0)     # of layers that treat each pixel by itself


class Occlusion(NamedTuple):
    """What the net says with a square at (tops[i], lefts[j]) covered, in row i and column j."""
    scores: np.ndarray      # (rows, columns, …): the last layer's outputs
    sums: dict              # {layer: (rows, columns, maps)}, float64: the sum of each map


def places(n, size, count):
    """First pixels of `count` squares, spread evenly from edge to edge of an axis.

    n: pixels along the axis.
    size: the squares' side in pixels.
    count: how many squares. If it is one, it lies in the middle.

    Returns integers (count,). Raises ValueError where there are fewer than `count` places.

    >>> places(224, 32, 30)[[0, 1, 2, -1]], places(28, 6, 1)
    (array([  0,   6,  13, 192]), array([11]))
    """
    n = checks.integer("n", n, 1, MOST_PIXELS)
    most = conv_output_size(n, size, 1, 0)
    count = checks.integer(f"the number of places of {size} pixels along {n}", count, 1, most)
    if count == 1:
        return np.array([(n - size) // 2])
    return np.arange(count) * (n - size) // (count - 1)


def reach(net, size):
    """How much of each layer's maps a square can change, wherever it lies.

    b pixels touch at most ⌊(b + K − 2)/s⌋ + 1 windows of size K, stride s.

    net: a network.Network.
    size: the square's side in pixels.

    Returns {name: (rows, columns)}. It ends before the first layer that needs whole maps, such as a
    fully connected one, and before the first branch: where an output goes to two layers, or a
    layer takes another output than the one before it.

    >>> from numpyzf import models
    >>> sides = reach(models.zfnet(), 32)
    >>> stages = ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5")
    >>> [sides[name][0] for name in stages]
    [19, 11, 8, 5, 7, 9, 11, 6]
    """
    size = checks.integer("size", size, 1)
    sides, box, lower = {}, [min(size, n) for n in net.input_shape[1:]], "input"
    uses = [below for inputs in net.inputs.values() for below in inputs]
    for name, layer in net.layers.items():
        known = type(layer.window) is Window and (isinstance(layer, (Conv, MaxPool))
                                                  or layer.window == POINT)
        if not known or net.inputs[name] != (lower,) or uses.count(lower) > 1:
            break
        lower, (K, s, _) = name, layer.window
        box = [min((b + K - 2) // s + 1, n) for b, n in zip(box, net.shapes[name][1:])]
        sides[name] = tuple(box)
    return sides


def occlude(net, image, *, size, tops, lefts, value=0.0, sums=()):
    """Cover a square of the image at every place of a grid, and run the net.

    net: a network.Network.
    image: (C, H, W), prepared as for net.forward, of its dtype.
    size: the square's side in pixels.
    tops, lefts: integers (rows,) and (columns,), where the square's first pixel lies, such as
    places(H, size, 30). Of a square that hangs over the edge, what is inside is covered.
    value: what covers it, in the units of the net's input: a number, (C,) or (C, H, W). Where a
    mean was subtracted from the image, 0 is the mean, a gray.
    sums: names of layers that have maps. Figure 7(b) is sums["conv5"] of the map whose sum is
    largest without a square.

    Returns an Occlusion. Its numbers are those of net.forward for each covered image, to rounding.
    Memory doesn't grow with the number of places, but for the result. Raises TypeError or
    ValueError for what doesn't fit, for unknown layers and for layers without maps.
    """
    image, value = checks.covering(net, image, value)
    sums = checks.layers_of_maps("sums", net, sums)
    tops, lefts = checks.places("tops", tops), checks.places("lefts", lefts)
    sides = reach(net, size)
    squares = np.array([(top, left) for top in tops for left in lefts])
    base = net.forward(image)
    scores = np.empty((len(squares), *base.scores.shape[1:]), net.dtype)
    totals = {name: np.empty((len(squares), net.shapes[name][0])) for name in sums}
    step = max(1, CHUNK_NBYTES // (largest_batch_of_one(net, sides) * net.dtype.itemsize))
    parts = np.array_split(np.arange(len(squares)), ceil_div(len(squares), step))
    for part in parts:                                  # of nearly equal length
        boxes, corners = cover(image, value, squares[part], size)
        scores[part] = rise(net, base, sides, boxes, corners, part, totals)
    grid = len(tops), len(lefts)
    totals = {name: total.reshape(*grid, -1) for name, total in totals.items()}
    return Occlusion(scores.reshape(*grid, *scores.shape[1:]), totals)


def cover(image, value, squares, size):
    """The boxes of the image that the squares change, inside of the image.

    image: (1, C, H, W).
    value: (1, C, H, W), what the squares are filled with.
    squares: integers (M, 2), row and column of each square's first pixel; may be negative.
    size: the squares' side in pixels.

    Returns the boxes (M, C, b, b) and their own corners (M, 2).
    """
    box = [min(size, n) for n in image.shape[2:]]
    corners = np.clip(squares, 0, np.subtract(image.shape[2:], box))
    # places of the boxes' pixels, counted in the square: (M, rows) and (M, columns)
    rows = corners[:, 0, None] + np.arange(box[0]) - squares[:, 0, None]
    columns = corners[:, 1, None] + np.arange(box[1]) - squares[:, 1, None]
    covered_rows = ((0 <= rows) & (rows < size))[:, None, :, None]
    covered_columns = ((0 <= columns) & (columns < size))[:, None, None, :]
    covered = covered_rows & covered_columns
    return np.where(covered, cut_all(value, corners, box), cut_all(image, corners, box)), corners


def rise(net, base, sides, boxes, corners, part, totals):
    """Bring the changed boxes up through the net.

    net: a network.Network.
    base: the trace of the image itself.
    sides: of the boxes of each layer, see reach.
    boxes: (M, C, h, w) of the image.
    corners: integers (M, 2), row and column of each box's first pixel.
    part: the rows of `totals` that these M belong to.
    totals: {layer: (squares, maps)}; totals[name][part] gets the sums.

    Returns the net's output for each.
    """
    lower = "input"
    for name in sides:
        layer = net.layers[name]
        if layer.window != POINT:
            K, s, p = layer.window
            # ⌈(corner + p − K + 1)/s⌉, the first window to touch the box
            upper = -((K - 1 - p - corners) // s)
            upper = np.clip(upper, 0, np.subtract(net.shapes[name][1:], sides[name]))
            # boxes of all that the upper boxes look at, with what has changed in them
            outside = -np.inf if isinstance(layer, MaxPool) else 0
            size = seen_by(layer, sides[name])
            boxes = surround(boxes, corners, base[lower], upper * s - p, size, outside)
            layer, corners = unpadded(layer), upper
        boxes = layer.forward(boxes)[0]
        if name in totals:                      # and what lies around the boxes
            around = sum_of(base[name]) - sum_of(cut_all(base[name], corners, sides[name]))
            totals[name][part] = sum_of(boxes) + around
        lower = name
    made = {lower: in_whole_maps(boxes, corners, base[lower])}
    above = [name for name in net.layers if name not in sides]
    last_use = {below: name for name in above for below in net.inputs[name]}
    for name in above:
        taken = [made[below] for below in net.inputs[name]]
        made[name] = net.layers[name].forward(*taken)[0]
        if name in totals:
            totals[name][part] = sum_of(made[name])
        for below in net.inputs[name]:
            if last_use[below] == name:
                made.pop(below, None)
    return made[[*net.layers][-1]]


def surround(boxes, corners, base, lower_corners, size, fill=0):
    """Larger boxes of a map, with the changed boxes pasted in.

    boxes: (M, C, h, w), what has changed.
    corners: integers (M, 2), row and column of each of these boxes' first pixel.
    base: (1, C, H, W), the map as it was.
    lower_corners: integers (M, 2), of the larger boxes.
    size: (rows, columns) of the larger boxes.
    fill: the value outside of the map.

    Returns (M, C, rows, columns).
    """
    out = cut_all(base, lower_corners, size, fill)
    paste(boxes, corners - lower_corners, out)
    return out


def in_whole_maps(boxes, corners, base):
    """Copies (M, C, H, W) of the map `base` (1, C, H, W), with boxes pasted in at their corners."""
    return surround(boxes, corners, base, np.zeros_like(corners), base.shape[2:])


def cut_all(x, corners, size, fill=0):
    """Boxes (M, C, h, w) of `size` at `corners` (M, 2) of x (1, C, H, W), `fill` outside of it."""
    return cut(x, np.zeros(len(corners), np.int64), corners, size, fill)


def sum_of(maps):
    """The sum of each map (M, C, H, W): float64 (M, C)."""
    return maps.sum(axis=(2, 3), dtype=np.float64)


def unpadded(layer):
    """The same layer without padding: that of the whole map has been cut out with the boxes."""
    layer = copy.copy(layer)
    layer.window = layer.window._replace(pad=0)
    return layer


def seen_by(layer, sides):
    """The size of the box of inputs that a box of outputs looks at, padding included.

    layer: with a window.
    sides: (rows, columns) of the box of outputs.
    """
    return [below(0, side, Window(*layer.window))[1] for side in sides]


def largest_batch_of_one(net, sides):
    """Number of values of the largest array that a layer takes or gives, for one square.

    net: a network.Network.
    sides: of the boxes of each layer, see reach.
    """
    largest = prod(net.shapes[[*net.layers][-1]])
    for name, inputs in net.inputs.items():
        taken, given = max(prod(net.shapes[below]) for below in inputs), prod(net.shapes[name])
        if name in sides:
            taken = net.shapes[inputs[0]][0] * prod(seen_by(net.layers[name], sides[name]))
            given = net.shapes[name][0] * prod(sides[name])
        largest = max(largest, taken, given)
    return largest
