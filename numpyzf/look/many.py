"""Many units at once: project them together, and find the strongest ones."""
import math
from typing import NamedTuple

import numpy as np

from .. import checks
from ..deconvnet import RULES, descend
from ..layers import Rule
from .boxes import below, cut, in_maps, knows, project_boxes, together

CHUNK_NBYTES = 16 << 20     # of the largest array: as many units as fit go down in one batch


class Projections:
    """M projections, each stored as the box of the image that its unit sees.

    p[m] is the picture (C, H, W) of one, as `project` gives it; p[:9] are nine of them.
    """

    def __init__(self, boxes, corners, size):
        # (M, C, h, w): zero where the field leaves the image. Along an axis where the field is
        # larger than the image, a box is all of it
        self.boxes = boxes
        self.corners = corners      # int64 (M, 2): row and column of a box's first pixel
        self.size = tuple(size)     # (H, W) of the image

    def __len__(self):
        return len(self.boxes)

    def __getitem__(self, m):
        if isinstance(m, slice):
            return in_maps(self.boxes[m], self.corners[m], self.size)
        m = checks.integer("the number of a projection", m)
        if not -len(self) <= m < len(self):         # an IndexError also ends a loop over them
            raise IndexError(f"no projection {m}: there are {len(self)}")
        m %= len(self)
        return in_maps(self.boxes[m:m + 1], self.corners[m:m + 1], self.size)[0]

    def __repr__(self):
        channels, height, width = self.boxes.shape[1:]
        return (f"{len(self)} projections, boxes of {height}×{width} pixels in images of "
                f"{channels}×{self.size[0]}×{self.size[1]}; p[m] is picture m")


def project_many(net, trace, layer, units, *, rule="deconvnet", seed="activation"):
    """Project many units of one layer, each on its own: as `project` does, many times faster.

    A unit's signal stays within its cone. So only this box of every map goes down, and equal boxes
    of many units go down in one batch. Memory beyond the result doesn't grow with M.

    net: a network.Network.
    trace: what its forward gave.
    layer: the units' layer.
    units: integers (M, 4), one (n, channel, row, column) per row; or (M, 2), (n, feature), behind a
    fully connected layer. `top_activations` finds them.
    rule, seed: as in deconvnet.project.

    Returns Projections. Raises ValueError like `project`, naming the unit.
    """
    y, rule = checks.projection(net, trace, layer, rule, seed, RULES)
    rule, units = Rule(*rule), checks.units(units, y.shape, layer)
    values = y[tuple(units.T)] if seed == "activation" else np.full(len(units), seed, y.dtype)
    C, *size = net.input_shape
    inner, corners = boxes_seen(net, layer, units)
    out = np.empty((len(units), C, *inner), y.dtype)
    step = max(1, CHUNK_NBYTES // (largest_array(net, layer) * y.itemsize))
    for start in range(0, len(units), step):
        part = slice(start, start + step)
        r, places = descend_in_boxes(net, trace, layer, values[part], units[part], rule)
        out[part] = cut(r, np.arange(len(r)), corners[part] - places, inner)
    return Projections(out, corners, size)


def boxes_seen(net, layer, units):
    """The boxes of the image that units see. Along an axis where they'd be larger, all of it.

    net: a network.Network.
    layer: the units' layer.
    units: integers (M, 4) or (M, 2), as in project_many.

    Returns the height and width of all boxes, and int64 (M, 2): each one's first row and column.
    """
    fields, size = [net.receptive_field(layer, axis) for axis in (0, 1)], net.input_shape[1:]
    if not all(fields):
        return size, np.zeros((len(units), 2), np.int64)
    sides, strides, starts = zip(*fields)
    corners = np.where(np.less(sides, size), starts + strides * units[:, 2:], 0)
    return tuple(min(side, n) for side, n in zip(sides, size)), corners


def descend_in_boxes(net, trace, layer, values, units, rule):
    """Seed each unit and go down in boxes, as long as they are smaller than the maps.

    net: a network.Network.
    trace: what its forward gave.
    layer: the units' layer.
    values: (M,), what the units are seeded with.
    units: integers (M, 4) or (M, 2), as in project_many.
    rule: a layers.Rule.

    Returns pixels (M, C, h, w) and their corners (M, 2).
    """
    image_of, m, origin = units[:, 0], np.arange(len(units)), np.zeros((len(units), 2), np.int64)
    if net.receptive_field(layer) is None:
        r = np.zeros((len(units), *net.shapes[layer]), values.dtype)
        r[(m, *units[:, 1:].T)] = values
        return descend(net, trace, {layer: r}, image_of, rule), origin
    r = np.zeros((len(units), net.shapes[layer][0], 1, 1), values.dtype)
    r[m, units[:, 1], 0, 0] = values
    signals = {layer: (r, units[:, 2:])}        # boxes and their corners
    for name in reversed(net.up_to(layer)):
        r, corners = signals[name]
        own, inputs = net.layers[name], net.inputs[name]
        if r.shape[2] ** 2 >= math.prod(net.shapes[name][1:]) or not knows(own):
            maps = {key: in_maps(*boxes, net.shapes[key][1:]) for key, boxes in signals.items()}
            return descend(net, trace, maps, image_of, rule), origin
        del signals[name]
        r = project_boxes(own, r, trace.saved[name], image_of, corners, rule)
        corners, _ = below(corners, 1, own.window)
        for key, part in zip(inputs, r if len(inputs) > 1 else [r]):
            boxes = part, corners
            signals[key] = together(signals[key], boxes) if key in signals else boxes
    return signals["input"]


def largest_array(net, layer):
    """Number of values in the largest array on the way down of one unit.

    net: a network.Network.
    layer: the unit's layer.
    """
    names = net.up_to(layer)
    # of each output, as along an axis: the first place of its box, and the place behind the last;
    # None where whole maps go down
    boxes = {layer: (0, 1) if net.receptive_field(layer) else None}
    largest = 0
    for name in [*reversed(names), "input"]:
        maps, *size = net.shapes[name]
        if name != "input" and not knows(net.layers[name]):
            boxes = dict.fromkeys(boxes)        # all of them, from here on: as in descend_in_boxes
        box = boxes[name]
        side = box[1] - box[0] if box else math.inf
        largest = max(largest, maps * min(side ** 2, math.prod(size)))
        for key in net.inputs[name] if name != "input" else ():
            seen = None
            if box:
                start, side = below(box[0], box[1] - box[0], net.layers[name].window)
                other = boxes.get(key, (start, start + side))
                seen = other and (min(start, other[0]), max(start + side, other[1]))
            boxes[key] = seen
    return largest


# ---- the strongest -------------------------------------------------------------------------------

class Top(NamedTuple):
    """The k strongest activations of each map, strongest first."""
    values: np.ndarray      # (channels, k)
    units: np.ndarray       # integers (channels, k, 4): (n, channel, row, column), n counting over
    #                         all images seen; (channels, k, 2) behind a fully connected layer


def top_activations(net, images, layers, k=9, *, batch=128):
    """The k images that fire each map most, each with the place of its maximum (Figure 2).

    An image counts once per map, with its strongest unit.

    net: a network.Network.
    images: prepared ones (N, C, H, W), or what has a length and gives such an array for a slice,
    see data.preprocess.Prepared.
    layers: names of layers, or one name. They are searched in one pass: each image goes up once.
    k: how many images for each map, at least 1; fewer where there are fewer images.
    batch: so many images are read at a time. Memory doesn't grow with N.

    Returns {layer: Top}. Raises ValueError for an unknown layer, no layers, or k or batch < 1.
    """
    names = checks.layers(net, [layers] if isinstance(layers, str) else layers)
    k, batch = checks.integer("k", k, 1), checks.integer("batch", batch, 1)
    last = max(names, key=[*net.layers].index)
    tops = {}
    for name in names:
        channels, axes = net.shapes[name][0], 1 + len(net.shapes[name])
        tops[name] = Top(np.empty((channels, 0), net.dtype),
                         np.empty((channels, 0, axes), np.int64))
    for start in range(0, len(images), batch):
        trace = net.forward(images[start:start + batch], until=last)
        tops = {name: merge(top, trace[name], start, k) for name, top in tops.items()}
        del trace       # or two would be held while the next one is made
    return tops


def merge(top, y, start, k):
    """The k strongest of those in a Top and of a batch; the earlier among equals.

    top: a Top of the images before.
    y: the outputs of the batch, (N, C, …).
    start: the number of its first image.
    k: how many to keep for each map.

    Returns a Top.
    """
    flat = y.reshape(*y.shape[:2], -1)
    best = flat.argmax(axis=2)                                              # (N, C)
    places = np.unravel_index(best, y.shape[2:]) if y.ndim > 2 else ()
    n, c = np.indices(best.shape)
    found = np.stack([n + start, c, *places], axis=-1).swapaxes(0, 1)       # (C, N, 4)
    values = np.concatenate([top.values, flat.max(axis=2).T], axis=1)       # (C, k + N)
    units = np.concatenate([top.units, found], axis=1)
    order = np.argsort(-values, axis=1, kind="stable")[:, :k]
    return Top(np.take_along_axis(values, order, axis=1),
               np.take_along_axis(units, order[:, :, None], axis=1))
