"""The projections of a page as tiles of bytes: every version of the net, by every rule.

The images that hold strongest units go up in small groups, and all that is to be projected of a
group comes down: of all layers, by all rules. Each group is a part of the page, see parts.py.
"""
from typing import NamedTuple

import numpy as np

from .. import plots
from ..layers import Rule
from ..deconvnet import RULES
from ..look.many import boxes_seen, project_many
from .layers import between, depth, is_small, shares

SIDE = 48           # pixels of a tile of a large image; larger boxes are made smaller
# Images that go up together: small ones, and large ones. All that is projected of one of a dozen
# photographs takes some ten seconds.
GROUP = {True: 128, False: 1}
FED = 3             # of a unit's strongest images, of which it is asked what feeds it
WAYS = {**RULES, "no switches": Rule(forward_mask=False, switches=False, backward_relu=True)}


class View(NamedTuple):
    """A version of the net, and a rule."""
    version: int
    rule: str


class Tiles(NamedTuple):
    """The projections of one layer in one view."""
    bytes: np.ndarray       # uint8 (units, depth, C, h, w): 128 is zero, 1 and 255 are ±scale
    scales: np.ndarray      # (units, depth), see plots.scale_of; 0 where nothing came down


def views_of(count):
    """The views of a page, for the first of which, see layers.depth, most is projected.

    count: of versions; the first is the trained net.
    Returns Views.
    """
    return [View(0, rule) for rule in WAYS] + [View(i, "deconvnet") for i in range(1, count)]


def depths(net, layers, views, images):
    """{layer: how many images of a unit are projected} for each view.

    net: a network.Network.
    layers: names.
    views: Views.
    images: how many there are.
    """
    return [{layer: min(depth(net, layer, i == 0), images) for layer in layers}
            for i in range(len(views))]


def tile_size(net, layer):
    """Height and width of a layer's tiles, in pixels."""
    size, _ = boxes_seen(net, layer, np.zeros((0, 1 + len(net.shapes[layer])), np.int64))
    if is_small(net) or max(size) <= SIDE:
        return size
    return tuple(max(1, round(n * SIDE / max(size))) for n in size)


def as_tiles(boxes, size):
    """Projections as bytes, each on a scale of its own, see plots.scale_of.

    boxes: (M, C, h, w).
    size: of the tiles, not larger than the boxes.
    Returns uint8 (M, C, *size) and the scales (M,).
    """
    if boxes.shape[2:] != tuple(size):
        fitted = [plots.fit(box, max(size)) for box in boxes]
        boxes = np.stack(fitted) if fitted else np.zeros((0, boxes.shape[1], *size), np.float32)
    scales = np.array([plots.scale_of(box) for box in boxes])
    by = 127 / np.where(scales > 0, scales, 1)
    tiles = np.clip(np.round(128 + boxes * by[:, None, None, None]), 1, 255)
    return tiles.astype(np.uint8), scales.astype(np.float32)


# ---- all that is to be projected -----------------------------------------------------------------

class Wanted(NamedTuple):
    """The units of one layer that fired, in the order in which they are projected."""
    owners: np.ndarray      # (M,): which unit
    ranks: np.ndarray       # (M,): its how manyth strongest image
    units: np.ndarray       # (M, 4) or (M, 2), see look.many.Top


def wanted(top, most):
    """Which of a layer's strongest units go down: the first `most` of each, if they fired."""
    owners, ranks = np.nonzero(top.values[:, :most] > 0)
    return Wanted(owners, ranks, top.units[owners, ranks])


class Version(NamedTuple):
    """What is asked of one version of the net."""
    net: object             # a network.Network
    wanted: dict            # {layer: Wanted}
    views: list             # [(number of a view, View, {layer: depth})]
    parts_below: dict       # {layer: the Network that leads to it from the shown layer below}


def plan(nets, tops, layers, views, view_depths):
    """What is asked of each version of the net.

    nets: networks, the trained one first.
    tops: {layer: Top} of each.
    layers: names.
    views, view_depths: see `views_of` and `depths`.
    Returns Versions.
    """
    planned = []
    for number, (net, found) in enumerate(zip(nets, tops)):
        own = [(i, view, view_depths[i]) for i, view in enumerate(views) if view.version == number]
        asked = {layer: wanted(found[layer], max(deep[layer] for _, _, deep in own))
                 for layer in layers}
        below = {}
        if number == 0:
            below = {upper: part for lower, upper in zip(layers, layers[1:])
                     if (part := between(net, lower, upper))}
        planned.append(Version(net, asked, own, below))
    return planned


def groups(version):
    """The images that are asked for, in groups that go up together: arrays of numbers."""
    numbers = np.unique(np.concatenate([asked.units[:, 0] for asked in version.wanted.values()]))
    size = GROUP[is_small(version.net)]
    return [numbers[start:start + size] for start in range(0, len(numbers), size)]


def rows_of(version, layer, numbers, most):
    """The rows of what is Wanted of a layer that lie in these images, of the first `most` ranks."""
    asked = version.wanted[layer]
    return np.flatnonzero(np.isin(asked.units[:, 0], numbers) & (asked.ranks < most))


def work(version, numbers):
    """How many projections a group of images takes."""
    return sum(len(rows_of(version, layer, numbers, most))
               for _, _, deep in version.views for layer, most in deep.items())


def project_group(version, inputs, numbers):
    """All tiles of a group of images: the arrays of a part.

    version: Version.
    inputs: data.preprocess.Prepared.
    numbers: of the images.
    Returns arrays by name: "tiles V L" and "scales V L" for view V and the layer at place L, and
    "shares L".
    """
    net, arrays, layers = version.net, {}, [*version.wanted]
    trace = net.forward(inputs[numbers], until=layers[-1])
    for place, layer in enumerate(layers):
        size, asked = tile_size(net, layer), version.wanted[layer]

        def in_trace(rows):
            units = asked.units[rows].copy()
            units[:, 0] = np.searchsorted(numbers, units[:, 0])
            return units

        for number, view, deep in version.views:
            units = in_trace(rows_of(version, layer, numbers, deep[layer]))
            found = project_many(net, trace, layer, units, rule=WAYS[view.rule])
            arrays[f"tiles {number} {place}"], arrays[f"scales {number} {place}"] = as_tiles(
                found.boxes, size)
        if layer in version.parts_below:
            units = in_trace(rows_of(version, layer, numbers, FED))
            arrays[f"shares {place}"] = shares(version.parts_below[layer],
                                               trace[layers[place - 1]], layer, units)
    return arrays


def project(planned, inputs, parts, tell):
    """All tiles of a page.

    planned: Versions.
    inputs: data.preprocess.Prepared.
    parts: parts.Parts.
    tell: tell(done, all) is called before and after each group, with numbers of projections.
    Returns for each view {layer: Tiles}, and {layer: (units, C)}, the mean share of each map below
    in a unit's value; NaN for a unit that never fired.
    """
    tiles, feeding = blank(planned)
    todo = [(i, version, numbers) for i, version in enumerate(planned)
            for numbers in groups(version)]
    amounts = [work(version, numbers) for _, version, numbers in todo]
    for k, (i, version, numbers) in enumerate(todo):
        name = f"tiles-{i}-{numbers[0]}"
        arrays = parts.read(name)
        if arrays is None:
            tell(sum(amounts[:k]), sum(amounts))
            arrays = project_group(version, inputs, numbers)
            parts.write(name, arrays)
            tell(sum(amounts[:k + 1]), sum(amounts))
        take(version, numbers, arrays, tiles, feeding)
    fired = {layer: np.bincount(asked.owners[asked.ranks < FED],
                                minlength=planned[0].net.shapes[layer][0])
             for layer, asked in planned[0].wanted.items()}
    return tiles, {layer: sums / np.where(fired[layer] > 0, fired[layer], np.nan)[:, None]
                   for layer, sums in feeding.items()}


def blank(planned):
    """Gray Tiles for each view and layer, and zeros where shares are added up."""
    views = sorted((number, deep) for version in planned for number, _, deep in version.views)
    net = planned[0].net
    tiles = [{layer: Tiles(np.full((net.shapes[layer][0], most, net.input_shape[0],
                                    *tile_size(net, layer)), 128, np.uint8),
                           np.zeros((net.shapes[layer][0], most), np.float32))
              for layer, most in deep.items()} for _, deep in views]
    feeding = {layer: np.zeros((net.shapes[layer][0], part.input_shape[0]))
               for layer, part in planned[0].parts_below.items()}
    return tiles, feeding


def take(version, numbers, arrays, tiles, feeding):
    """Put what came of a group of images where it belongs, in place."""
    for place, (layer, asked) in enumerate(version.wanted.items()):
        for number, _, deep in version.views:
            rows = rows_of(version, layer, numbers, deep[layer])
            where = asked.owners[rows], asked.ranks[rows]
            tiles[number][layer].bytes[where] = arrays[f"tiles {number} {place}"]
            tiles[number][layer].scales[where] = arrays[f"scales {number} {place}"]
        if layer in version.parts_below:
            rows = rows_of(version, layer, numbers, FED)
            np.add.at(feeding[layer], asked.owners[rows], arrays[f"shares {place}"])
