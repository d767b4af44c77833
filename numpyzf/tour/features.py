"""What a layer looks for (the paper's Figure 2). Its most active maps, each by the nine images that fire it most.

Each strongest activation is projected down to pixels and stands beside the image patch in its receptive field: the patch is
all that the unit could see, the projection is what of it made the unit fire.
"""
from typing import NamedTuple

import numpy as np

from .. import plots
from ..data.preprocess import center_crop
from ..look.many import project_many, top_activations
from ..training import Prepared


class Features(NamedTuple):
    """The strongest activations of some maps of one layer, strongest first.

    channels (maps,), values (maps, k), units (maps, k, 4), or 2 numbers each behind a fully connected layer: see top_activations.
    projections float and patches uint8 (maps, k, C, h, w): the receptive field, and nothing (0; white) where it leaves the image.
    corners (maps, k, 2): the image's row and column of each tile's first pixel. seen bool (maps, k, h, w): the tile's pixels that lie
    in the image and that the unit can see.
    """
    layer: str
    channels: np.ndarray
    values: np.ndarray
    units: np.ndarray
    projections: np.ndarray
    patches: np.ndarray
    corners: np.ndarray
    seen: np.ndarray


def measure(run, images, layer, *, channels=None, maps=6, k=9, rule="deconvnet", batch=128, top=None):
    """Find the k strongest activations of the most active maps of `layer` over all images, and project each one.

    images: uint8 (N, C, H, W). run: a runs.Run; its net and its preparation are used.
    channels: which maps (or features) to show; without it the `maps` most active, by the mean of their k strongest activations.
    rule: how to go down, see deconvnet.project. batch: images that go through the net at a time.
    top: what top_activations(net, Prepared(images, prepare), …) has found for this layer; k is then its own, and nothing is searched.
    Returns Features. Raises ValueError for an unknown layer or channel, or if there are no images. Section 4.1 of the paper.
    """
    net, prepare = run.net, run.prepare
    if len(images) == 0:
        raise ValueError("there are no images to search")
    inputs = Prepared(images, prepare)
    values, units = top or top_activations(net, inputs, [layer], k, batch=batch)[layer]
    if channels is None:
        channels = most_active(values)[:maps]
    channels = np.asarray(channels)
    if channels.ndim != 1 or len(channels) == 0 or not ((0 <= channels) & (channels < len(values))).all():
        raise ValueError(f"channels must be a list of maps of {layer}, which counts them from 0 to {len(values) - 1}, not {channels.tolist()}")
    values, units = values[channels], units[channels]
    step = max(1, batch // values.shape[1])
    parts = [_tiles(net, inputs, layer, units[i:i + step], rule) for i in range(0, len(units), step)]
    return Features(layer, channels, values, units, *map(np.concatenate, zip(*parts)))


def most_active(values):
    """Which maps are the most active, by the mean of their strongest activations (maps, k); the first among equals."""
    return np.argsort(-values.mean(axis=1), kind="stable")


def _tiles(net, inputs, layer, units, rule):
    """Projections, patches, corners and seen of some maps' units (maps, k, …); one pass takes all of their images."""
    flat = units.reshape(-1, units.shape[2])
    images, rows = np.unique(flat[:, 0], return_inverse=True)
    trace = net.forward(inputs[images], until=layer)
    found = project_many(net, trace, layer, np.column_stack([rows, flat[:, 1:]]), rule=rule)
    size = found.boxes.shape[2:]
    pixels = center_crop(inputs.images[images], *net.input_shape[1:])
    cones = [net.cone(layer, *unit[-2:]) for unit in flat]          # of a feature's, which sees everything, the place doesn't matter
    seen = np.zeros((len(flat), *size), bool)
    patches = np.full((len(flat), len(pixels[0]), *size), 255, pixels.dtype)
    for m, (row, cone, corner) in enumerate(zip(rows, cones, found.corners)):
        inside = tuple(slice(side.start - first, side.stop - first) for side, first in zip(cone, corner))
        seen[(m, *inside)] = True
        patches[(m, slice(None), *inside)] = pixels[(row, slice(None), *cone)]
    return [x.reshape(*units.shape[:2], *x.shape[1:]) for x in (found.boxes, patches, found.corners, seen)]


def draw(result):
    """Draw Features: for each map its projections and, to their right, the patches they come from; returns a matplotlib figure."""
    count, k = result.values.shape
    columns, across = min(2, count), int(np.ceil(np.sqrt(k)))
    kind = "map" if result.units.shape[2] == 4 else "feature"
    with plots.style():
        figure, pairs = _pairs(-(-count // columns), columns)
        for i, ((left, right), projections, patches) in enumerate(zip(pairs, result.projections, result.patches)):
            plots.show(left, plots.mosaic([plots.to_display(tile) for tile in projections], across))
            plots.show(right, plots.mosaic([plots.to_image(tile) for tile in patches], across))
            left.set_title(f"{kind} {result.channels[i]}", loc="left", fontweight="bold")
            if i < columns:
                left.set_title("projections", loc="right", color=plots.GRAY)
                right.set_title("image patches", loc="right", color=plots.GRAY)
        for axes in pairs[count:].flat:
            axes.set_axis_off()
    return figure


def _pairs(rows, columns, side=2.1, title=0.26, gap=0.08):
    """A figure with two square axes per map, close together, and the axes (maps, 2). All measures are inches.

    Placed by hand: letting matplotlib measure every title to arrange these few equal squares takes longer than drawing them.
    """
    width, height = 2 * side + 3 * gap, side + title
    figure = plots.figure(columns * width, rows * height + gap, layout="none")
    pairs = np.empty((rows * columns, 2), object)
    for i in range(rows * columns):
        bottom = (rows - 1 - i // columns) * height + gap / 2
        for j in range(2):
            left = i % columns * width + gap + j * (side + gap)
            pairs[i, j] = figure.add_axes((left / (columns * width), bottom / (rows * height + gap),
                                           side / (columns * width), side / (rows * height + gap)))
    return figure, pairs
