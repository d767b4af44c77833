"""The deconvnet: project one activation down to the pixels that caused it (section 2.1), and find activations worth it.

Seed one unit, everything else zero, and go down: unpool by the switches, rectify, filter with the transposed filters.
`Network.backward` goes the same way; the difference is in `ReLU.project`.
"""
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np

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
    net._check_name(layer)
    rule = _rule(rule, through_normalization)
    y = trace[layer]
    if y.shape[1:] != net.shapes[layer] or trace["input"].shape[1:] != net.input_shape:
        raise ValueError(f"the trace is of another network: its {layer} is {y.shape[1:]}, this network's {net.shapes[layer]}")
    unit = _check_unit(unit, y.shape, layer)
    if not (isinstance(seed, Real) and np.isfinite(seed) or isinstance(seed, str) and seed == "activation"):
        raise ValueError(f"seed must be 'activation' or a finite number, not {seed!r}")
    image = unit[0]
    r = np.zeros((1, *y.shape[1:]), y.dtype)
    r[(0, *unit[1:])] = y[unit] if seed == "activation" else float(seed)
    return descend(net, trace, layer, r, np.array([image]), rule)[0]


def descend(net, trace, layer, r, images, rule):
    """Bring signals r (M, …) at the output of `layer` down to pixels (M, C, H, W); images (M,) are their rows in the trace."""
    names = list(net.layers)
    for name in reversed(names[:names.index(layer) + 1]):
        r = net.layers[name].project(r, trace.saved[name], images, rule)
    return r


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
    and memory doesn't grow with N. An image counts once per map, with its strongest unit. Returns a Top.
    """
    net._check_name(layer)
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    maps, *size = net.shapes[layer]
    k = min(k, len(images))
    values, units = np.empty((maps, 0), net.dtype), np.empty((maps, 0, 2 + len(size)), np.int64)
    for start in range(0, len(images), batch):
        y = net.forward(images[start:start + batch], until=layer)[layer]
        flat = y.reshape(*y.shape[:2], -1)
        best = flat.argmax(axis=2)                                              # (N, C)
        places = np.unravel_index(best, size) if size else ()
        n, c = np.indices(best.shape)
        found = np.stack([n + start, c, *places], axis=-1).swapaxes(0, 1)       # (C, N, 4)
        values = np.concatenate([values, flat.max(axis=2).T], axis=1)
        units = np.concatenate([units, found], axis=1)
        order = np.argsort(-values, axis=1, kind="stable")[:, :k]
        values = np.take_along_axis(values, order, axis=1)
        units = np.take_along_axis(units, order[:, :, None], axis=1)
    return Top(values, units)


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


def _check_unit(unit, shape, layer):
    axes = "(n, channel, row, column)" if len(shape) == 4 else "(n, feature)"
    if not isinstance(unit, (tuple, list, np.ndarray)) or len(unit) != len(shape):
        whole = "; for a whole map say (n, channel, slice(None), slice(None))" if len(shape) == 4 else ""
        raise ValueError(f"a unit of {layer} is {axes}, not {unit!r}{whole}")
    for axis, (place, count) in enumerate(zip(unit, shape)):
        if isinstance(place, slice) and axis >= 2 and range(count)[place]:
            continue
        if not isinstance(place, Integral) or isinstance(place, bool) or not 0 <= place < count:
            raise ValueError(f"unit {unit!r} is outside of {layer}, whose output is {shape}: {axes} counts from 0")
    return tuple(unit)
