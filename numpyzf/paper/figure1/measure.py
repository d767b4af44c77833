"""One stage of a net, up and down, for one image; how exactly the way down answers the way up."""
from itertools import product
from typing import NamedTuple

import numpy as np

from ...data.preprocess import center_crop
from ...deconvnet import RULES, descend, strongest
from ...functional import Switches
from ..compare import cosine

SIDE = 3                    # the magnified region has SIDE×SIDE windows
RULE = RULES["deconvnet"]
ONE_IMAGE = np.array([0])   # image_of: the only signal goes with the only image


class Magnified(NamedTuple):
    """SIDE×SIDE neighboring pooling windows of one map, with all their numbers; S pixels a side."""
    corner: tuple           # row and column of the first pixel in the map
    x: np.ndarray           # (S, S): the rectified map under these windows
    y: np.ndarray           # (SIDE, SIDE): the windows' maxima
    places: np.ndarray      # (SIDE, SIDE, 2), int: row and column in x of each maximum
    r: np.ndarray           # (SIDE, SIDE): what comes down to each window
    unpooled: np.ndarray    # (S, S): r at the places; nothing from windows around
    rectified: np.ndarray   # (S, S): `unpooled` behind the ReLU
    interest: tuple         # how much there is to see, from `interest`


class Stage(NamedTuple):
    """One stage of a net for one image: what goes up through it, and what comes down."""
    layers: tuple           # names of (what is below, convolution, ReLU, pool)
    top: str                # the layer where the way down began …
    unit: tuple             # … and its unit: (0, channel, row, column)
    channel: int            # the map that is shown
    up: dict                # {name: (F, H, W)}: the output of each of `layers`
    down: dict              # {name: (F, H, W)}: the signal that came down to this output
    bias: np.ndarray        # (F,): of the convolution
    index: np.ndarray       # (F, OH, OW), int: the switches, row·width + column
    window: tuple           # (size, stride, pad) of the pool
    filter: np.ndarray      # (C, K, K): the filter of the map that is shown
    image: np.ndarray       # (C, H, W), uint8: the pixels that the net sees
    magnified: Magnified    # a part of the map that is shown


class Exactness(NamedTuple):
    """How exactly the way down answers the way up. "In the middles" means without switches."""
    at_maxima: float        # share of unpooled values that lie at a window's maximum
    at_maxima_middles: float    # the same for values put in the middles of windows
    unpooling: float        # relative error of ⟨unpool r, x⟩ = ⟨r, pool x⟩
    filtering: float        # relative error of ⟨filtered x, r⟩ = ⟨x, transposed filtering of r⟩
    inverse: float          # cosine of the rectified maps and their own maxima, unpooled
    inverse_middles: float  # the same with the maxima put in the middles of windows


def measure(run, image, *, stage="1", top="conv5"):
    """Bring an image up through a net and its strongest activation down again; keep one stage.

    run: runs.Run, a trained net.
    image: uint8 (C, H, W).
    stage: the number of the stage; "1" is conv1, relu1, pool1.
    top: the layer, one of maps, where the way down begins.
    Returns a Stage. Its map is the one that gets most of the signal.
    Raises ValueError if the net has no such stage below `top`.
    """
    net = run.net
    layers = _layers_of(net, stage, top)
    _, conv, _, pool = layers
    trace = net.forward(run.prepare(image[None]), until=top)
    unit = strongest(trace, top, int(trace[top][0].max(axis=(1, 2)).argmax()))
    signals = signals_down(net, trace, top, unit)
    up = {name: trace[name][0] for name in layers}
    down = {name: signals[name][0] for name in layers}
    channel = int(np.square(down[conv]).sum(axis=(1, 2)).argmax())
    return Stage(layers, top, unit, channel, up, down,
                 bias=net.layers[conv].params["b"],
                 index=trace.saved[pool].index[0],
                 window=net.layers[pool].window,
                 filter=net.layers[conv].params["w"][channel],
                 image=center_crop(image, *net.input_shape[1:]),
                 magnified=magnify(net, trace, layers, channel, down[pool]))


def _layers_of(net, stage, top):
    """The names of (what is below, convolution, ReLU, pool) of a stage; ValueError if absent."""
    conv, relu, pool = f"conv{stage}", f"relu{stage}", f"pool{stage}"
    names = ["input", *net.layers]
    wanted = [conv, relu, pool, top]
    places = [names.index(name) for name in wanted if name in names]
    if len(places) < len(wanted) or places != sorted(set(places)):
        raise ValueError(f"stage {stage!r} must have {conv}, {relu} and {pool} below {top!r}; "
                         f"the layers are: {', '.join(net.layers)}")
    return names[places[0] - 1], conv, relu, pool


def signals_down(net, trace, layer, unit):
    """What comes down from one unit to the output of every layer below.

    net: Network.
    trace: of one image.
    layer, unit: where the way down begins, with the unit's own value.
    Returns {name: (1, F, H, W)}. The signal at the pixels is under "input".
    """
    r = np.zeros_like(trace[layer])
    r[unit] = trace[layer][unit]
    handed_down = {}
    descend(net, trace, {layer: r}, ONE_IMAGE, RULE, handed_down)
    below = dict(zip(net.layers, ["input", *net.layers]))      # each layer's input
    return {below[name]: signal for name, signal in handed_down.items()}


# ---- a part of a map, magnified -----------------------------------------------------------------

def magnify(net, trace, layers, channel, r):
    """Choose SIDE×SIDE windows of one map with much to see, and bring only their values down.

    net: Network.
    trace: of one image.
    layers: names of (what is below, convolution, ReLU, pool).
    channel: the map.
    r: (F, OH, OW), the signal at the pool's output.
    Returns the Magnified of the highest `interest`.
    Raises ValueError if the map has fewer windows.
    """
    _, _, relu, pool = layers
    x, y = trace[relu][0, channel], trace[pool][0, channel]
    r, index = r[channel], trace.saved[pool].index[0, channel]
    window = net.layers[pool].window
    regions = _regions(y.shape, x.shape, window)
    if not regions:
        raise ValueError(f"{pool} has no {SIDE}×{SIDE} windows that lie inside of the "
                         f"{x.shape[0]}×{x.shape[1]} pixels of {relu}")

    def interest_of(region):
        return interest(y[region], r[region], index[region])

    region = max(regions, key=interest_of)
    rows, columns = region
    top, left = (side.start * window.stride - window.pad for side in region)
    span = _span(window)
    pixels = slice(top, top + span), slice(left, left + span)
    only = np.zeros_like(trace[pool])
    only[0, channel, rows, columns] = r[region]
    unpooled = net.layers[pool].project(only, trace.saved[pool], ONE_IMAGE, RULE)
    rectified = net.layers[relu].project(unpooled, trace.saved[relu], ONE_IMAGE, RULE)
    places = np.stack(np.divmod(index[region], x.shape[1]), axis=-1) - (top, left)
    return Magnified((top, left), x[pixels], y[region], places, r[region],
                     unpooled[0, channel][pixels], rectified[0, channel][pixels],
                     interest_of(region))


def _span(window):
    """How many pixels a side SIDE neighboring windows cover."""
    return (SIDE - 1) * window.stride + window.size


def _regions(counts, sizes, window):
    """All SIDE×SIDE neighboring windows inside of a map, each as two slices (rows, columns).

    counts: how many windows there are along each axis.
    sizes: how many pixels the map has along each axis.
    """
    sides = []
    for count, n in zip(counts, sizes):
        firsts = [first * window.stride - window.pad for first in range(count - SIDE + 1)]
        sides.append([slice(i, i + SIDE) for i, first in enumerate(firsts)
                      if 0 <= first <= n - _span(window)])
    return list(product(*sides))


def interest(y, r, index):
    """How much there is to see in some windows, as a tuple to be compared.

    y, r: (k, k), the windows' maxima and what comes down to them.
    index: int (k, k), the places of the maxima.

    A window is lively if it has a maximum above zero and much comes down to it. Returns (do two
    lively windows share their maximum, does something negative come down to one, how many are
    lively, to how many of them something positive comes down).
    """
    lively = (y > 0) & (np.abs(r) > 0.05 * np.abs(r).max())
    count = int(lively.sum())
    shared = count > len(np.unique(index[lively]))
    return shared, bool((r[lively] < 0).any()), count, int((r[lively] > 0).sum())


# ---- what can be measured -----------------------------------------------------------------------

def exactness(run, stage):
    """How exactly the way down answers the way up, in numbers.

    run: runs.Run.
    stage: the Stage that `measure` made of it.
    Returns an Exactness.
    """
    below, conv, relu, pool = stage.layers
    up, down, layer = stage.up, stage.down, run.net.layers[pool]
    maxima = at_maximum(up[relu], up[pool], stage.window)

    def unpool(r, switches):
        saved = Switches(stage.index[None], (1, *up[relu].shape))
        rule = RULE._replace(switches=switches)
        return layer.project(r[None], saved, ONE_IMAGE, rule)[0]

    return Exactness(
        at_maxima=_share_at(maxima, down[relu]),
        at_maxima_middles=_share_at(maxima, unpool(down[pool], switches=False)),
        unpooling=relative_difference(down[relu], up[relu], down[pool], up[pool]),
        filtering=relative_difference(up[conv] - stage.bias[:, None, None], down[conv],
                                      up[below], down[below]),
        inverse=float(cosine(unpool(up[pool], switches=True), up[relu], axes=0)),
        inverse_middles=float(cosine(unpool(up[pool], switches=False), up[relu], axes=0)))


def at_maximum(x, y, window):
    """Which pixels are the largest of a pooling window that they lie in?

    x: (F, H, W), maps.
    y: (F, OH, OW), the same maps pooled.
    window: (size, stride, pad) of the pool.
    Returns bool (F, H, W).
    """
    size, stride, pad = window
    found = np.zeros(x.shape, bool)
    for p, q in np.ndindex(y.shape[1:]):
        rows, columns = (slice(max(i * stride - pad, 0), i * stride - pad + size) for i in (p, q))
        found[:, rows, columns] |= x[:, rows, columns] == y[:, p, q, None, None]
    return found


def _share_at(places, r):
    """Share of the values of r that aren't zero and lie at `places`; 1 if all are zero."""
    return float(places[r != 0].mean()) if r.any() else 1.0


def relative_difference(a, b, c, d):
    """|⟨a, b⟩ − ⟨c, d⟩| of arrays, relative to the lengths of the vectors."""
    a, b, c, d = (array.ravel().astype(np.float64) for array in (a, b, c, d))
    scale = max(np.linalg.norm(a) * np.linalg.norm(b), np.linalg.norm(c) * np.linalg.norm(d))
    return float(abs(a @ b - c @ d) / scale) if scale else 0.0
