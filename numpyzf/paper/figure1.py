"""Figure 1: a deconvnet layer beside its convnet layer, with the arrays of a trained net flowing through; and unpooling, magnified.

Going up: filter, rectify, pool, and keep the switches. Going down: unpool by the switches, rectify, filter with the transposed filters.
All arrays come from one pass up, net.forward, and from the layers' own way down, `project`.
"""
from typing import NamedTuple

import numpy as np

from .. import plots
from ..data.preprocess import center_crop
from ..deconvnet import RULES, strongest
from ..functional import Switches
from . import figure1_draw
from ..page import Section
from .claims import Claim, Report, spread, verdict

SIDE = 3            # windows a side of the magnified region
ROUNDING = 1e-6     # relative, in float32


class Magnified(NamedTuple):
    """SIDE×SIDE neighboring pooling windows of one map, seen closely.

    corner: row and column of the first pixel in the map; x (S, S), the rectified map under these windows; y (SIDE, SIDE), their maxima;
    places int (SIDE, SIDE, 2), row and column of each maximum in x; r (SIDE, SIDE), what comes down to them; unpooled (S, S), r at
    the places, and nothing from windows around; rectified (S, S).
    """
    corner: tuple
    x: np.ndarray
    y: np.ndarray
    places: np.ndarray
    r: np.ndarray
    unpooled: np.ndarray
    rectified: np.ndarray


class Figure1(NamedTuple):
    """One stage of a net, up and down, for one image.

    layers: names of (below, convolution, ReLU, pool); top: the layer where the way down began, with unit its place there.
    channel: the map that is shown. up: {name: array (maps, height, width)}, the outputs of `layers`; down: {name: array}, the signal
    that came down to these outputs. bias (maps,) of the convolution. index int (maps, OH, OW): the switches, row·width + column.
    filter: (C, K, K) of the map. image: uint8 (C, H, W). closely: a Magnified.
    """
    layers: tuple
    top: str
    unit: tuple
    channel: int
    up: dict
    down: dict
    bias: np.ndarray
    index: np.ndarray
    window: tuple
    filter: np.ndarray
    image: np.ndarray
    closely: Magnified


def compute(net, image, prepare, *, stage="1", top="conv5"):
    """Bring one image up through a net, and its strongest activation in layer `top` down again, and keep what one stage does.

    image: uint8 (C, H, W); prepare(images) -> the net's input. stage: the number of the stage, "1" of conv1, relu1, pool1.
    The map shown is the one that gets most of the signal. Returns a Figure1. Raises ValueError for a stage without these three layers,
    or one that isn't below `top`.
    """
    conv, relu, pool = (f"{name}{stage}" for name in ("conv", "relu", "pool"))
    names = ["input", *net.layers]
    if not {conv, relu, pool, top} <= set(names) or not names.index(conv) < names.index(relu) < names.index(pool) < names.index(top):
        raise ValueError(f"stage {stage!r} must have {conv}, {relu} and {pool} below {top!r}; the layers are: {', '.join(names[1:])}")
    below, trace = names[names.index(conv) - 1], net.forward(prepare(image[None]), until=top)
    unit = strongest(trace, top, int(trace[top][0].max(axis=(1, 2)).argmax()))
    down = descend(net, trace, top, unit)
    layers = below, conv, relu, pool
    up, down = ({name: signals[name][0] for name in layers} for signals in (trace, down))
    channel = int(np.square(down[conv]).sum(axis=(1, 2)).argmax())
    index = trace.saved[pool].index[0]
    return Figure1(layers, top, unit, channel, up, down, net.layers[conv].params["b"], index, net.layers[pool].window,
                   net.layers[conv].params["w"][channel], center_crop(image, *net.input_shape[1:]),
                   magnify(net, trace, (relu, pool), channel, down[pool]))


def descend(net, trace, layer, unit, rule=RULES["deconvnet"]):
    """As deconvnet.descend for one unit of the only image, but keep what arrives at every output: {name: array (1, …)}, "input" too."""
    r = np.zeros_like(trace[layer])
    r[unit] = trace[layer][unit]
    names, signals = list(net.layers), {}
    for name in reversed(names[:names.index(layer) + 1]):
        signals[name] = r
        r = net.layers[name].project(r, trace.saved[name], np.array([0]), rule)
    return {**signals, "input": r}


def magnify(net, trace, layers, channel, r):
    """Choose SIDE×SIDE windows of one map where much is going on, two of them with one maximum if there are such; a Magnified.

    layers: names of a ReLU and the pool behind it; r (maps, OH, OW): the signal at the pool's output. Only what is inside of these
    windows goes down. Raises ValueError if the map has fewer windows.
    """
    relu, pool = layers
    x, y, index = trace[relu][0, channel], trace[pool][0, channel], trace.saved[pool].index[0, channel]
    size, stride, pad = net.layers[pool].window
    span = (SIDE - 1) * stride + size
    firsts = [[i for i in range(count - SIDE + 1) if 0 <= i * stride - pad <= n - span] for count, n in zip(y.shape, x.shape)]
    regions = [np.s_[p:p + SIDE, q:q + SIDE] for p in firsts[0] for q in firsts[1]]
    if not regions:
        raise ValueError(f"{pool} has no {SIDE}×{SIDE} windows that lie inside of the {x.shape[0]}×{x.shape[1]} pixels of {relu}")
    windows = max(regions, key=lambda region: _interest(y[region], r[channel][region], index[region]))
    top, left = (side.start * stride - pad for side in windows)
    here = np.s_[top:top + span, left:left + span]
    alone = np.zeros_like(trace[pool])
    alone[(0, channel, *windows)] = r[(channel, *windows)]
    unpooled = net.layers[pool].project(alone, trace.saved[pool], np.array([0]), RULES["deconvnet"])
    rectified = net.layers[relu].project(unpooled, trace.saved[relu], np.array([0]), RULES["deconvnet"])
    places = np.stack(np.divmod(index[windows], x.shape[1]), axis=-1) - (top, left)
    return Magnified((top, left), x[here], y[windows], places, r[channel][windows], unpooled[0, channel][here], rectified[0, channel][here])


def _interest(y, r, index):
    """How much there is to see, to be compared: do two windows with values share their maximum, are there both signs, how many values."""
    lively = (y > 0) & (np.abs(r) > 0.05 * np.abs(r).max())
    shared = int(lively.sum()) > len(np.unique(index[lively]))
    return shared, bool((r[lively] < 0).any()), int(lively.sum()), int((r[lively] > 0).sum())


# ---- what can be measured -------------------------------------------------------------------------------------------

class Measured(NamedTuple):
    """Shares of unpooled values that lie at a maximum, by the switches and in the middles of windows instead; relative errors of
    ⟨unpool r, x⟩ = ⟨r, pool x⟩ and of ⟨filtered x, r⟩ = ⟨x, transposed filtering of r⟩; and how like the rectified maps are to what their
    own pooled values give when unpooled (cosine), by the switches and in the middles."""
    at_maxima: float
    at_maxima_without: float
    unpooling: float
    filtering: float
    inverse: float
    inverse_without: float


def measure(net, result):
    """Measure a Figure1 made with this net; returns Measured."""
    below, conv, relu, pool = result.layers
    up, down, layer = result.up, result.down, net.layers[pool]
    maxima = at_maximum(up[relu], up[pool], result.window)
    without = _unpool(layer, down[pool], result.index, up[relu].shape, switches=False)
    again = [_unpool(layer, up[pool], result.index, up[relu].shape, switches) for switches in (True, False)]
    return Measured(*(float(maxima[r != 0].mean()) if r.any() else 1.0 for r in (down[relu], without)),
                    _difference(down[relu], up[relu], down[pool], up[pool]),
                    _difference(up[conv] - result.bias[:, None, None], down[conv], up[below], down[below]),
                    *(_cosine(maps, up[relu]) for maps in again))


def at_maximum(x, y, window):
    """Which pixels of x (maps, H, W) are the largest of a pooling window that they lie in? y: the pooled maps. bool (maps, H, W)."""
    size, stride, pad = window
    found = np.zeros(x.shape, bool)
    for p, q in np.ndindex(y.shape[1:]):
        rows, columns = (slice(max(i * stride - pad, 0), i * stride - pad + size) for i in (p, q))
        found[:, rows, columns] |= x[:, rows, columns] == y[:, p, q, None, None]
    return found


def _unpool(layer, r, index, shape, switches):
    saved = Switches(index[None], (1, *shape))
    return layer.project(r[None], saved, np.array([0]), RULES["deconvnet"]._replace(switches=switches))[0]


def _difference(a, b, c, d):
    """|⟨a, b⟩ − ⟨c, d⟩|, relative to the lengths of the vectors."""
    a, b, c, d = (array.ravel().astype(np.float64) for array in (a, b, c, d))
    scale = max(np.linalg.norm(a) * np.linalg.norm(b), np.linalg.norm(c) * np.linalg.norm(d))
    return float(abs(a @ b - c @ d) / scale) if scale else 0.0


def _cosine(a, b):
    scale = np.linalg.norm(a) * np.linalg.norm(b)
    return float(np.vdot(a, b) / scale) if scale else 0.0


# ---- the item of the paper ------------------------------------------------------------------------------------------

IMAGES = 20         # per net, to measure


def draw(result):
    """Draw a Figure1: the deconvnet layer at the left, going down, the convnet layer at the right; returns a matplotlib figure."""
    return figure1_draw.stage(result)


def reproduce(study):
    """Figure 1 of the paper: one stage of a trained net, and what its way down does exactly, measured on test images."""
    rows = np.linspace(0, len(study.test.images) - 1, IMAGES).astype(int)
    nets = [study.run_of("images", seed) for seed in study.seeds]
    results = [[compute(run.net, study.test.images[row], run.prepare) for row in rows] for run in nets]
    measured = [[measure(run.net, result) for result in of_net] for run, of_net in zip(nets, results)]
    shown = max(results[0], key=lambda result: _interest(result.closely.y, result.closely.r, _flat(result.closely)))
    names = shown.layers
    return Report(claims(measured), [
        Section("A deconvnet layer beside its convnet layer", STAGE.format(relu=names[2], conv=names[1], top=shown.top, map=shown.channel),
                draw(shown), alt=STAGE_ALT),
        Section("Unpooling, magnified", CLOSELY, figure1_draw.closely(shown), alt=CLOSELY_ALT)])


def _flat(closely):
    return closely.places[..., 0] * closely.x.shape[1] + closely.places[..., 1]


def claims(measured):
    """The claims on the Measured of each net's images: measured[seed][image]."""
    means = [Measured(*np.mean(of_net, axis=0)) for of_net in measured]
    worst = Measured(*np.max([of for of_net in measured for of in of_net], axis=0))
    count = f"{len(measured[0])} images each"
    return [
        Claim("Unpooling puts each value back at the place its maximum came from.",
              f"{spread([100 * m.at_maxima for m in means], '.1f', ' %')} of the unpooled values that aren't zero lie at the largest "
              f"value of a pooling window. Put in the middle of the windows, without switches: "
              f"{spread([100 * m.at_maxima_without for m in means], '.1f', ' %')}. {count}",
              verdict([m.at_maxima == 1 for m in means])),
        Claim("Max pooling can't be inverted, but with the switches there is an approximate inverse.",
              f"Pooled and unpooled, a rectified map is like itself by a cosine of {spread([m.inverse for m in means])} with switches, "
              f"{spread([m.inverse_without for m in means])} with values put in the middle of the windows. {count}",
              verdict([m.inverse > m.inverse_without for m in means])),
        Claim("(The paper leaves open what happens where windows share a maximum.) Adding makes unpooling the exact transpose of pooling: "
              "⟨unpool r, x⟩ = ⟨r, pool x⟩.",
              f"Equal to {worst.unpooling:.1e} at worst, relative, in float32 (rounding is below {ROUNDING:g}). {count}",
              verdict([max(m.unpooling for m in of_net) < ROUNDING for of_net in measured])),
        Claim("The deconvnet filters with the transposed versions of the same filters: ⟨Fx, r⟩ = ⟨x, Fᵀr⟩.",
              f"Equal to {worst.filtering:.1e} at worst, relative, in float32 (rounding is below {ROUNDING:g}). {count}",
              verdict([max(m.filtering for m in of_net) < ROUNDING for of_net in measured]))]


STAGE = """At the right an image goes up through the first layer of a trained net: {conv} filters it, a ReLU sets what is negative to \
zero, and max pooling keeps the largest of every 3×3 pixels. Where each one came from is written down in the switches (in the middle).

At the left something comes down. It began as one activation in {top}, the strongest of this image, and was brought down to the top of \
this picture by the same steps in the layers above. Unpooling puts each value back where its maximum was; a ReLU drops what is negative; \
filtering with the same filters, flipped, gives the reconstruction: the pixels that made this unit fire, as far as this net can tell.

Only map {map} is shown, the one with most of the signal; the reconstruction is the sum over all maps. Mid-gray is zero, lighter is \
positive, darker is negative, and every picture has a scale of its own."""

STAGE_ALT = """Two columns of pictures joined by arrows: at the right the image, its feature map, the rectified and the pooled map, \
upwards; at the left the reconstruction from above, the unpooled map, the rectified unpooled map and the reconstruction, downwards; \
switches in the middle"""

CLOSELY = """A corner of the same map with its numbers. Nine pooling windows, a to i, each 3×3 pixels and two pixels apart, so that \
neighbors share a row or a column. A letter marks the place of a window's maximum: its switch. On the way down each value goes to the \
place with its letter, and everything else stays zero.

Where a place has two letters, two windows have the same maximum, and what comes down through them adds up. The paper doesn't say what \
happens there. Adding is the choice that makes unpooling the exact transpose of pooling, and the gradient goes the same way."""

CLOSELY_ALT = """A small region of a rectified map with numbers and marked maxima, the pooled values beside it; below it the values that \
come down, unpooled to the marked places, and rectified"""
