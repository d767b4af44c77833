"""Many units at once: project them together, and find the activations that are worth it."""
import math
from typing import NamedTuple

import numpy as np

from ..deconvnet import axes_of, check_projection, descend, layers_up_to
from .boxes import below, cut, paste


class Projections:
    """Many projections, each as the part of the image that its unit can see: len(p) of them; p[m] is the picture (C, H, W) of one.

    boxes (M, C, h, w): pixels of the receptive field, zero where it leaves the image; along an axis where the field is as large as
    the image, or larger, all of the image. corners int64 (M, 2): the image's row and column of each box's first pixel, negative
    where the field leaves the image. size: (H, W) of the image.
    """

    def __init__(self, boxes, corners, size):
        self.boxes, self.corners, self.size = boxes, corners, tuple(size)

    def __len__(self):
        return len(self.boxes)

    def __getitem__(self, m):
        """The whole picture (C, H, W), as `project` gives it."""
        return paste(self.boxes[m][None], self.corners[m][None], self.size)[0]


CHUNK_BYTES = 16 << 20      # of the largest array while many units go down together


def project_many(net, trace, layer, units, *, rule="deconvnet", seed="activation", through_normalization="identity"):
    """Project many units of one layer, each on its own: what `project` gives for each one, many times faster.

    units: integers (M, 4), one (n, channel, row, column) per row, or (M, 2), (n, feature) behind a fully connected layer, as
    top_activations finds them. The rest is as in `project`. A unit's signal stays within its cone, so only this window of every
    map goes down, and equal windows of many units go down together. Memory beyond the result doesn't grow with M.

    Returns Projections. Raises ValueError like `project`, naming the unit.
    """
    y, rule = check_projection(net, trace, layer, rule, seed, through_normalization)
    units = _check_units(units, y.shape, layer)
    values = y[tuple(units.T)] if seed == "activation" else np.full(len(units), seed, y.dtype)
    field, (C, *size) = net.receptive_field(layer), net.input_shape
    inner, corners = size, np.zeros((len(units), 2), np.int64)
    if field:
        inner = [min(field.size, n) for n in size]
        corners = np.where(np.less(field.size, size), field.start + field.stride * units[:, 2:], 0)
    out = np.empty((len(units), C, *inner), y.dtype)
    step = max(1, CHUNK_BYTES // (_largest(net, layer) * y.itemsize))
    for start in range(0, len(units), step):
        part = slice(start, start + step)
        r, places = _descend_in_boxes(net, trace, layer, values[part], units[part], rule)
        out[part] = cut(r, np.arange(len(r)), corners[part] - places, inner)
    return Projections(out, corners, size)


def _descend_in_boxes(net, trace, layer, values, units, rule):
    """Seed each unit and go down in windows, as long as they are smaller than the maps; pixels (M, C, h, w) and corners (M, 2)."""
    images, m, whole = units[:, 0], np.arange(len(units)), np.zeros((len(units), 2), np.int64)
    if net.receptive_field(layer) is None:
        r = np.zeros((len(units), *net.shapes[layer]), values.dtype)
        r[(m, *units[:, 1:].T)] = values
        return descend(net, trace, layer, r, images, rule), whole
    r, corners = np.zeros((len(units), net.shapes[layer][0], 1, 1), values.dtype), units[:, 2:]
    r[m, units[:, 1], 0, 0] = values
    for name in reversed(layers_up_to(net, layer)):
        own, size = net.layers[name], net.shapes[name][1:]
        if r.shape[2] ** 2 >= math.prod(size) or not hasattr(own, "project_windows"):
            return descend(net, trace, name, paste(r, corners, size), images, rule), whole
        r = own.project_windows(r, trace.saved[name], images, corners, rule)
        corners, _ = below(corners, 1, own.window)
    return r, corners


def _largest(net, layer):
    """Number of values in the largest array on one unit's way down."""
    side, largest = 1 if net.receptive_field(layer) else math.inf, 0
    for name in reversed(["input", *layers_up_to(net, layer)]):
        maps, *size = net.shapes[name]
        largest = max(largest, maps * min(side ** 2, math.prod(size)))
        if side < math.inf and name != "input":
            _, side = below(0, side, net.layers[name].window)
    return largest


class Top(NamedTuple):
    """The k strongest activations of each map: values (channels, k) and units (channels, k, 4), strongest first.

    A unit is (n, channel, row, column), n counting over all images seen; (n, feature) with 2 numbers behind a fully connected layer.
    """
    values: np.ndarray
    units: np.ndarray


def top_activations(net, images, layers, k=9, *, batch=128):
    """The k images that fire each map of `layers` most, each with the place of its maximum (the paper's Figure 2).

    images: (N, C, H, W), or anything that has a length and gives such an array for a slice: it is read `batch` images at a time,
    and memory doesn't grow with N. An image counts once per map, with its strongest unit.
    layers: names of layers, or one name. They are searched together: the images go up once.
    Returns {layer: Top}. Raises ValueError for an unknown layer, or k < 1.
    """
    names = [layers] if isinstance(layers, str) else list(layers)
    if not names:
        raise ValueError("layers is empty: it takes one name of a layer at least")
    for name in names:
        net._check_name(name)
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    last = max(names, key=list(net.layers).index)
    tops = {name: Top(np.empty((net.shapes[name][0], 0), net.dtype),
                      np.empty((net.shapes[name][0], 0, 1 + len(net.shapes[name])), np.int64)) for name in names}
    for start in range(0, len(images), batch):
        trace = net.forward(images[start:start + batch], until=last)
        tops = {name: _merge(top, trace[name], start, k) for name, top in tops.items()}
        del trace       # or two would be held while the next one is made
    return tops


def _merge(top, y, start, k):
    """The k strongest of those in `top` and the outputs y of a batch whose first image is number `start`; the earlier among equals."""
    flat = y.reshape(*y.shape[:2], -1)
    best = flat.argmax(axis=2)                                              # (N, C)
    places = np.unravel_index(best, y.shape[2:]) if y.ndim > 2 else ()
    n, c = np.indices(best.shape)
    found = np.stack([n + start, c, *places], axis=-1).swapaxes(0, 1)       # (C, N, 4)
    values = np.concatenate([top.values, flat.max(axis=2).T], axis=1)
    units = np.concatenate([top.units, found], axis=1)
    order = np.argsort(-values, axis=1, kind="stable")[:, :k]
    return Top(np.take_along_axis(values, order, axis=1), np.take_along_axis(units, order[:, :, None], axis=1))


def _check_units(units, shape, layer):
    units, axes = np.asarray(units), _axes(shape)
    if units.size == 0:
        return np.empty((0, len(shape)), np.int64)
    if units.ndim != 2 or units.shape[1] != len(shape) or units.dtype.kind not in "iu":
        raise ValueError(f"units of {layer} must be integers (M, {len(shape)}), one {axes} per row, not {units.dtype} {units.shape}")
    units = units.astype(np.int64)
    outside = np.flatnonzero(((units < 0) | (units >= shape)).any(axis=1))
    if len(outside):
        raise ValueError(f"units[{outside[0]}], {tuple(units[outside[0]].tolist())}, is outside of {layer}, whose output is {shape}: "
                         f"{axes} counts from 0")
    return units
