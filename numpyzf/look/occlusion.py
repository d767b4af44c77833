"""Occlusion sensitivity: cover a square of the image, place by place, and see what the net says.

Source: Zeiler & Fergus section 4.3, Figure 7.

The idea: what a mask changes grows like a receptive field, but going up. A square changes a box
of every map, a little larger from layer to layer, and the rest of the map is as it was without
the mask. So one ordinary pass of the whole image comes first; then, for each place of the square,
only these boxes are computed. The inputs of a box of outputs are a larger box: it is cut out of
the whole image's map, and what the mask changed is pasted in. Boxes of one layer have one size
wherever the square lies, so that many places make one batch, and the layers compute them like any
images. Where all of the map is needed, at the first fully connected layer, boxes are pasted into
copies of the whole map.

Cost: of the paper's net, with a square of 32 pixels, a third of the operations of a full pass for
each place; most of them in conv4, conv5 and the fully connected layers, which a mask changes
nearly everywhere.
"""
import copy
from math import prod
from typing import NamedTuple

import numpy as np

from .. import checks
from ..geometry import Window, ceil_div, conv_output_size
from ..layers import Conv, MaxPool
from .boxes import cut, paste

# Of the largest array of a layer: as many squares at once as fit, at least one.
CHUNK_BYTES = 32 << 20
POINT = Window(1, 1, 0)


class Occlusion(NamedTuple):
    """What the net says with a square at (tops[i], lefts[j]) covered, in row i and column j."""
    scores: np.ndarray      # (rows, columns, …): a last layer's output each
    sums: dict              # {layer: (rows, columns, maps)}, float64: each map, summed up


def places(n, size, count):
    """First pixels of `count` squares of `size` pixels, spread evenly over an axis of n pixels.

    They reach from edge to edge; one alone lies in the middle. Raises ValueError where there are
    fewer than `count` places.

    >>> places(224, 32, 30)[[0, 1, 2, -1]], places(28, 6, 1)
    (array([  0,   6,  13, 192]), array([11]))
    """
    most = conv_output_size(n, size, 1, 0)
    count = checks.integer(f"the number of places of {size} pixels along {n}", count, 1, most)
    if count == 1:
        return np.array([(n - size) // 2])
    return np.arange(count) * (n - size) // (count - 1)


def reach(net, size):
    """How much of each layer's maps a square of `size` pixels can change: {name: (rows, columns)}.

    It ends at the first layer that needs whole maps, such as a fully connected one. It is the
    same wherever the square lies: b pixels touch at most ⌊(b + K − 2)/s⌋ + 1 windows of size K,
    stride s.

    >>> from numpyzf import models
    >>> sides = reach(models.zfnet(), 32)
    >>> stages = ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5")
    >>> [sides[name][0] for name in stages]
    [19, 11, 8, 5, 7, 9, 11, 6]
    """
    size = checks.integer("size", size, 1)
    sides, box = {}, [min(size, n) for n in net.input_shape[1:]]
    for name, layer in net.layers.items():
        if not (isinstance(layer, (Conv, MaxPool)) or layer.window == POINT):
            break
        K, s, _ = layer.window
        box = [min((b + K - 2) // s + 1, n) for b, n in zip(box, net.shapes[name][1:])]
        sides[name] = tuple(box)
    return sides


def occlude(net, image, *, size, tops, lefts, value=0.0, sums=()):
    """Cover a square of the image at every place of a grid, and run the net.

    image: (C, H, W), prepared as for net.forward, of its dtype.
    size: the square's side in pixels.
    tops, lefts: integers (rows,) and (columns,), the square's top left pixels, such as
    places(H, size, 30). Of a square that hangs over the edge, what is inside is covered.
    value: what covers it, in the units of the net's input: a number, (C,) or (C, H, W). Where a
    mean was subtracted from the image, 0 is the mean, a gray.
    sums: names of layers that have maps. Figure 7(b) is sums["conv5"] of the map whose sum is
    largest without a square.

    Returns an Occlusion. Its numbers are those of net.forward for each covered image, to
    rounding. Memory doesn't grow with the number of places, but for the result. Raises TypeError
    or ValueError for what doesn't fit; for unknown layers, and layers without maps.
    """
    image, value = checks.covering(net, image, value)
    sums = checks.layers_of_maps("sums", net, sums)
    tops, lefts = checks.places("tops", tops), checks.places("lefts", lefts)
    sides = reach(net, size)
    corners = np.array([(top, left) for top in tops for left in lefts])
    base = net.forward(image)
    scores = np.empty((len(corners), *base.scores.shape[1:]), net.dtype)
    totals = {name: np.empty((len(corners), net.shapes[name][0])) for name in sums}
    step = max(1, CHUNK_BYTES // (largest_array(net, sides) * net.dtype.itemsize))
    parts = np.array_split(np.arange(len(corners)), ceil_div(len(corners), step))
    for part in parts:                                  # of nearly equal length
        boxes, at = cover(image, value, corners[part], size)
        scores[part] = rise(net, base, sides, boxes, at, part, totals)
    grid = len(tops), len(lefts)
    totals = {name: total.reshape(*grid, -1) for name, total in totals.items()}
    return Occlusion(scores.reshape(*grid, *scores.shape[1:]), totals)


def cover(image, value, corners, size):
    """The boxes of the image that the squares at `corners` change, inside of the image.

    Returns the boxes (M, C, b, b) and their own corners (M, 2).
    """
    box = [min(size, n) for n in image.shape[2:]]
    at = np.clip(corners, 0, np.subtract(image.shape[2:], box))
    # places of the boxes' pixels, counted in the square: (M, rows) and (M, columns)
    rows = at[:, 0, None] + np.arange(box[0]) - corners[:, 0, None]
    columns = at[:, 1, None] + np.arange(box[1]) - corners[:, 1, None]
    covered_rows = ((0 <= rows) & (rows < size))[:, None, :, None]
    covered_columns = ((0 <= columns) & (columns < size))[:, None, None, :]
    covered = covered_rows & covered_columns
    return np.where(covered, cut_all(value, at, box), cut_all(image, at, box)), at


def rise(net, base, sides, boxes, at, part, totals):
    """Bring the changed boxes (M, C, h, w), which lie `at` (M, 2), up through the net.

    base: the trace of the image itself.
    sides: of the boxes of each layer, see reach.
    part: the rows of `totals` that these M belong to; totals[name][part] gets the sums.
    Returns the net's output for each.
    """
    below = "input"
    for name, layer in net.layers.items():
        if name in sides and layer.window != POINT:
            K, s, p = layer.window
            # ⌈(at + p − K + 1)/s⌉, the first window to touch the box
            above = -((K - 1 - p - at) // s)
            above = np.clip(above, 0, np.subtract(net.shapes[name][1:], sides[name]))
            outside = -np.inf if isinstance(layer, MaxPool) else 0
            size = seen_by(layer, sides[name])
            boxes = surround(boxes, at, base[below], above * s - p, size, outside)
            layer, at = unpadded(layer), above
        elif name not in sides and (below == "input" or below in sides):
            boxes = in_whole_maps(boxes, at, base[below])
        boxes = layer.forward(boxes)[0]
        if name in totals:
            totals[name][part] = sum_of(boxes)
            if name in sides:                           # and what lies around the boxes
                around = sum_of(base[name]) - sum_of(cut_all(base[name], at, sides[name]))
                totals[name][part] += around
        below = name
    return in_whole_maps(boxes, at, base[below]) if below in sides else boxes


def surround(boxes, at, base, corners, size, fill=0):
    """Boxes of `size` at `corners` of the base map, with the smaller boxes, `at`, pasted in.

    fill: the value outside of the base map.
    """
    out = cut_all(base, corners, size, fill)
    paste(boxes, at - corners, out)
    return out


def in_whole_maps(boxes, at, base):
    """Copies (M, C, H, W) of the whole base map (1, C, H, W), with the boxes, `at`, pasted in."""
    return surround(boxes, at, base, np.zeros_like(at), base.shape[2:])


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


def seen_by(layer, side):
    """The size of the box of inputs that a box of outputs looks at, padding included."""
    K, s, _ = layer.window
    return [(n - 1) * s + K for n in side]


def largest_array(net, sides):
    """Number of values of the largest array that a layer takes or gives, for one square."""
    names = ["input", *net.layers]
    largest = prod(net.shapes[names[-1]])
    for below, name in zip(names, names[1:]):
        taken, given = prod(net.shapes[below]), prod(net.shapes[name])
        if name in sides:
            taken = net.shapes[below][0] * prod(seen_by(net.layers[name], sides[name]))
            given = net.shapes[name][0] * prod(sides[name])
        largest = max(largest, taken, given)
    return largest
