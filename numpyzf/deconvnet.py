"""The deconvnet: project one activation down to the pixels that caused it (section 2.1), and find activations worth it.

Seed one unit, everything else zero, and go down: unpool by the switches, rectify, filter with the transposed filters.
`Network.backward` goes the same way; the difference is in `ReLU.project`.
"""
import math
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np

from . import windows
from .layers import Rule

RULES = {
    "deconvnet": Rule(forward_mask=False, switches=True, backward_relu=True),
    "gradient": Rule(forward_mask=True, switches=True, backward_relu=False),
    "guided": Rule(forward_mask=True, switches=True, backward_relu=True),
}


def project(net, trace, layer, *, unit, rule="deconvnet", seed="activation", through_normalization="identity"):
    """Project one unit of one layer's output to pixels.

    trace: of net.forward(x). unit: (n, channel, row, column), or (n, feature) behind a fully connected layer. A whole
    map only when asked, with slices: (n, channel, slice(None), slice(None)).
    rule: "deconvnet", "gradient" or "guided", or three booleans (forward ReLU mask, pooling switches, backward ReLU).
    seed: "activation", the unit's own value as in the paper, or a number.
    through_normalization: "identity" as in the paper, or "gradient".

    Returns pixels (C, H, W), zero outside the unit's receptive field. Raises ValueError for an unknown layer, a unit
    outside the layer, an unknown rule.
    """
    y, rule = _check(net, trace, layer, rule, seed, through_normalization)
    unit = _check_unit(unit, y.shape, layer)
    r = np.zeros((1, *y.shape[1:]), y.dtype)
    r[(0, *unit[1:])] = y[unit] if seed == "activation" else float(seed)
    return descend(net, trace, layer, r, np.array([unit[0]]), rule)[0]


def descend(net, trace, layer, r, images, rule):
    """Bring signals r (M, …) at the output of `layer` down to pixels (M, C, H, W); images (M,) are their rows in the trace."""
    for name in reversed(_up_to(net, layer)):
        r = net.layers[name].project(r, trace.saved[name], images, rule)
    return r


class Projections:
    """Many projections, each as the part of the image that its unit can see: len(p) of them; p[m] is the picture (C, H, W) of one.

    windows (M, C, h, w): pixels of the receptive field, zero where it leaves the image; along an axis where the field is as large as
    the image, or larger, all of the image. corners int64 (M, 2): the image's row and column of each window's first pixel, negative
    where the field leaves the image. size: (H, W) of the image.
    """

    def __init__(self, windows, corners, size):
        self.windows, self.corners, self.size = windows, corners, tuple(size)

    def __len__(self):
        return len(self.windows)

    def __getitem__(self, m):
        """The whole picture (C, H, W), as `project` gives it."""
        return windows.paste(self.windows[m][None], self.corners[m][None], self.size)[0]


CHUNK_BYTES = 16 << 20      # of the largest array while many units go down together


def project_many(net, trace, layer, units, *, rule="deconvnet", seed="activation", through_normalization="identity"):
    """Project many units of one layer, each on its own: what `project` gives for each one, many times faster.

    units: integers (M, 4), one (n, channel, row, column) per row, or (M, 2), (n, feature) behind a fully connected layer, as
    top_activations finds them. The rest is as in `project`. A unit's signal stays within its cone, so only this window of every
    map goes down, and equal windows of many units go down together. Memory beyond the result doesn't grow with M.

    Returns Projections. Raises ValueError like `project`, naming the unit.
    """
    y, rule = _check(net, trace, layer, rule, seed, through_normalization)
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
        r, places = _descend_in_windows(net, trace, layer, values[part], units[part], rule)
        out[part] = windows.cut(r, np.arange(len(r)), corners[part] - places, inner)
    return Projections(out, corners, size)


def _descend_in_windows(net, trace, layer, values, units, rule):
    """Seed each unit and go down in windows, as long as they are smaller than the maps; pixels (M, C, h, w) and corners (M, 2)."""
    images, m, whole = units[:, 0], np.arange(len(units)), np.zeros((len(units), 2), np.int64)
    if net.receptive_field(layer) is None:
        r = np.zeros((len(units), *net.shapes[layer]), values.dtype)
        r[(m, *units[:, 1:].T)] = values
        return descend(net, trace, layer, r, images, rule), whole
    r, corners = np.zeros((len(units), net.shapes[layer][0], 1, 1), values.dtype), units[:, 2:]
    r[m, units[:, 1], 0, 0] = values
    for name in reversed(_up_to(net, layer)):
        own, size = net.layers[name], net.shapes[name][1:]
        if r.shape[2] ** 2 >= math.prod(size) or not hasattr(own, "project_windows"):
            return descend(net, trace, name, windows.paste(r, corners, size), images, rule), whole
        r = own.project_windows(r, trace.saved[name], images, corners, rule)
        corners, _ = windows.below(corners, 1, own.window)
    return r, corners


def _largest(net, layer):
    """Number of values in the largest array on one unit's way down."""
    side, largest = 1 if net.receptive_field(layer) else math.inf, 0
    for name in reversed(["input", *_up_to(net, layer)]):
        maps, *size = net.shapes[name]
        largest = max(largest, maps * min(side ** 2, math.prod(size)))
        if side < math.inf and name != "input":
            _, side = windows.below(0, side, net.layers[name].window)
    return largest


def _up_to(net, layer):
    names = list(net.layers)
    return names[:names.index(layer) + 1]


def strongest(trace, layer, channel):
    """The unit with the largest activation of one map (or feature) over all images of a trace.

    Returns (n, channel, row, column), or (n, feature) behind a fully connected layer; the first among equals.
    """
    y = trace[layer]
    if not isinstance(channel, Integral) or isinstance(channel, bool) or not 0 <= channel < y.shape[1]:
        raise ValueError(f"channel {channel} is outside of {layer}, which has {y.shape[1]}")
    n, *place = np.unravel_index(np.argmax(y[:, channel]), y[:, channel].shape)
    return (int(n), int(channel), *map(int, place))


class Top(NamedTuple):
    """The k strongest activations of each map: values (channels, k) and units (channels, k, 4), strongest first.

    A unit is (n, channel, row, column), n counting over all images seen; (n, feature) with 2 numbers behind a fully connected layer.
    """
    values: np.ndarray
    units: np.ndarray


def top_activations(net, images, layer, k=9, *, batch=128):
    """The k images that fire each map of `layer` most, each with the place of its maximum (the paper's Figure 2).

    images: (N, C, H, W), or anything that has a length and gives such an array for a slice: it is read `batch` images at a time,
    and memory doesn't grow with N. An image counts once per map, with its strongest unit.
    layer: a name; or a list of names, which are searched together: the images go up once.
    Returns a Top; for a list {name: Top}. Raises ValueError for an unknown layer, or k < 1.
    """
    names = [layer] if isinstance(layer, str) else list(layer)
    if not names:
        raise ValueError("layer must be a name or a list of names, not an empty list")
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
    return tops[layer] if isinstance(layer, str) else tops


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


def _check(net, trace, layer, rule, seed, through_normalization):
    """The layer's output in the trace, and the Rule."""
    net._check_name(layer)
    rule = _rule(rule, through_normalization)
    y = trace[layer]
    if y.shape[1:] != net.shapes[layer] or trace["input"].shape[1:] != net.input_shape:
        raise ValueError(f"the trace is of another network: its {layer} is {y.shape[1:]}, this network's {net.shapes[layer]}")
    if not (isinstance(seed, Real) and np.isfinite(seed) or isinstance(seed, str) and seed == "activation"):
        raise ValueError(f"seed must be 'activation' or a finite number, not {seed!r}")
    return y, rule


def _rule(rule, through_normalization):
    if through_normalization not in ("identity", "gradient"):
        raise ValueError(f"through_normalization must be 'identity' or 'gradient', not {through_normalization!r}")
    if isinstance(rule, str):
        if rule not in RULES:
            raise ValueError(f"rule must be one of {', '.join(RULES)} or three booleans, not {rule!r}")
        rule = RULES[rule]
    elif np.shape(rule) != (3,):
        raise ValueError(f"rule must be three booleans (forward ReLU mask, pooling switches, backward ReLU), not {rule!r}")
    return Rule(*map(bool, rule[:3]), through_normalization)


def _axes(shape):
    return "(n, channel, row, column)" if len(shape) == 4 else "(n, feature)"


def _check_unit(unit, shape, layer):
    axes = _axes(shape)
    if not isinstance(unit, (tuple, list, np.ndarray)) or len(unit) != len(shape):
        whole = "; for a whole map say (n, channel, slice(None), slice(None))" if len(shape) == 4 else ""
        raise ValueError(f"a unit of {layer} is {axes}, not {unit!r}{whole}")
    for axis, (place, count) in enumerate(zip(unit, shape)):
        if isinstance(place, slice) and axis >= 2 and range(count)[place]:
            continue
        if not isinstance(place, Integral) or isinstance(place, bool) or not 0 <= place < count:
            raise ValueError(f"unit {unit!r} is outside of {layer}, whose output is {shape}: {axes} counts from 0")
    return tuple(unit)


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
