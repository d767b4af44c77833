"""The deconvnet: project one activation down to the pixels that caused it (section 2.1).

Seed one unit, everything else zero, and go down: unpool by the switches, rectify, filter with the
transposed filters. `Network.backward` goes the same way; the difference is in `ReLU.project`. All
rules pass contrast normalization by, but for a Rule whose through_normalization is "gradient".
"""
import numpy as np

from . import checks
from .layers import Rule

RULES = {
    "deconvnet": Rule(forward_mask=False, switches=True, backward_relu=True),
    "gradient": Rule(forward_mask=True, switches=True, backward_relu=False),
    "guided": Rule(forward_mask=True, switches=True, backward_relu=True),
}


def project(net, trace, layer, unit, *, rule="deconvnet", seed="activation"):
    """Project one unit of one layer's output to pixels.

    trace: of net.forward(x).
    layer: the layer's name.
    unit: (n, channel, row, column), or (n, feature) behind a fully connected layer. A whole map
    only when asked, with slices: (n, channel, slice(None), slice(None)).
    rule: "deconvnet", "gradient" or "guided"; or a Rule; or its three booleans.
    seed: "activation", the unit's own value as in the paper; or a number.

    Returns pixels (C, H, W), zero outside of what the unit can see. Raises ValueError for an
    unknown layer, a unit outside of the layer, an unknown rule, a seed that is no finite number.
    """
    y, rule = checks.projection(net, trace, layer, rule, seed, RULES)
    n, *place = checks.unit(unit, y.shape, layer)
    r = np.zeros((1, *y.shape[1:]), y.dtype)
    r[(0, *place)] = y[(n, *place)] if seed == "activation" else float(seed)
    return descend(net, trace, {layer: r}, np.array([n]), Rule(*rule))[0]


def descend(net, trace, signals, image_of, rule, kept=None):
    """Bring signals at the outputs of layers down to pixels. Those that meet at an output add.

    signals: {layer: (M, …)}, M signals at the output of one layer or more.
    image_of: integers (M,), the image of the trace that each signal belongs to.
    rule: a Rule.
    kept: a dictionary that gets what each layer hands down, under its name.
    Returns pixels (M, C, H, W).
    """
    if trace.again:                     # a training pass doesn't keep all that is needed here
        trace.complete()
    signals = dict(signals)
    try:
        for name in reversed(net.layers):
            if name not in signals:
                continue
            inputs, r = net.inputs[name], signals.pop(name)
            r = net.layers[name].project(r, trace.saved[name], image_of, rule)
            for below, part in zip(inputs, r if len(inputs) > 1 else [r]):
                signals[below] = signals[below] + part if below in signals else part
            if kept is not None:
                kept[name] = r
    except (TypeError, ValueError) as error:
        raise checks.in_layer(name, error) from error
    return signals["input"]


def strongest(trace, layer, channel):
    """The unit with the largest activation of one map (or feature) over all images of a trace.

    Returns (n, channel, row, column), or (n, feature) behind a fully connected layer; the first
    among equals.
    """
    y = trace[layer]
    checks.integer(f"channel of {layer}", channel, 0, y.shape[1] - 1)
    n, *place = np.unravel_index(np.argmax(y[:, channel]), y[:, channel].shape)
    return (int(n), int(channel), *map(int, place))
