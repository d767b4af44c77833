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


def project(net, trace, layer, unit, *, rule="deconvnet", seed="activation", through_normalization="identity"):
    """Project one unit of one layer's output to pixels.

    trace: of net.forward(x). unit: (n, channel, row, column), or (n, feature) behind a fully connected layer. A whole
    map only when asked, with slices: (n, channel, slice(None), slice(None)).
    rule: "deconvnet", "gradient" or "guided", or three booleans (forward ReLU mask, pooling switches, backward ReLU).
    seed: "activation", the unit's own value as in the paper, or a number.
    through_normalization: "identity" as in the paper, or "gradient".

    Returns pixels (C, H, W), zero outside the unit's receptive field. Raises ValueError for an unknown layer, a unit
    outside the layer, an unknown rule.
    """
    y, rule = check_projection(net, trace, layer, rule, seed, through_normalization)
    unit = _check_unit(unit, y.shape, layer)
    r = np.zeros((1, *y.shape[1:]), y.dtype)
    r[(0, *unit[1:])] = y[unit] if seed == "activation" else float(seed)
    return descend(net, trace, layer, r, np.array([unit[0]]), rule)[0]


def descend(net, trace, layer, r, image_of, rule, kept=None):
    """Bring signals at the output of a layer down to pixels (M, C, H, W).

    r: (M, …), the signals at the output of `layer`
    image_of: (M,), the row of the trace that each signal goes with
    rule: Rule
    kept: a dict, or None; it gets what each layer hands down, under that layer's name
    """
    for name in reversed(layers_up_to(net, layer)):
        r = net.layers[name].project(r, trace.saved[name], image_of, rule)
        if kept is not None:
            kept[name] = r
    return r


def layers_up_to(net, layer):
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


def check_projection(net, trace, layer, rule, seed, through_normalization):
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
    elif not isinstance(rule, Rule) and np.shape(rule) != (3,):
        raise ValueError(f"rule must be three booleans (forward ReLU mask, pooling switches, backward ReLU), not {rule!r}")
    return rule if isinstance(rule, Rule) else Rule(*map(bool, rule[:3]), through_normalization)


def axes_of(shape):
    return "(n, channel, row, column)" if len(shape) == 4 else "(n, feature)"


def _check_unit(unit, shape, layer):
    axes = axes_of(shape)
    if not isinstance(unit, (tuple, list, np.ndarray)) or len(unit) != len(shape):
        whole = "; for a whole map say (n, channel, slice(None), slice(None))" if len(shape) == 4 else ""
        raise ValueError(f"a unit of {layer} is {axes}, not {unit!r}{whole}")
    for axis, (place, count) in enumerate(zip(unit, shape)):
        if isinstance(place, slice) and axis >= 2 and range(count)[place]:
            continue
        if not isinstance(place, Integral) or isinstance(place, bool) or not 0 <= place < count:
            raise ValueError(f"unit {unit!r} is outside of {layer}, whose output is {shape}: {axes} counts from 0")
    return tuple(unit)
