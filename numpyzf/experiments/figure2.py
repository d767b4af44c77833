"""Figure 2: what a layer looks for. Its most active maps, each by the nine images that fire it most.

Each strongest activation is projected down to pixels and stands beside the image patch in its receptive field: the patch is
all that the unit could see, the projection is what of it made the unit fire.
"""
import copy
from typing import NamedTuple

import numpy as np

from .. import plots
from ..deconvnet import project_many, top_activations
from . import explain, figure2_claims, figure2_score
from .page import Section
from .study import Report


class Figure2(NamedTuple):
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


class Prepared:
    """uint8 images as inputs of a net, prepared a slice at a time: all of them as floats would take four times the memory."""

    def __init__(self, images, prepare):
        self.images, self.prepare = images, prepare

    def __len__(self):
        return len(self.images)

    def __getitem__(self, rows):
        return self.prepare(self.images[rows])


def compute(net, images, prepare, layer, *, channels=None, maps=6, k=9, rule="deconvnet", batch=128, top=None):
    """Find the k strongest activations of the most active maps of `layer` over all images, and project each one.

    images: uint8 (N, C, H, W). prepare(images) -> the net's input, cropped from the middle, if at all.
    channels: which maps (or features) to show; without it the `maps` most active, by the mean of their k strongest activations.
    rule: how to go down, see deconvnet.project. batch: images that go through the net at a time.
    top: what top_activations(net, Prepared(images, prepare), …) has found for this layer; k is then its own, and nothing is searched.
    Returns a Figure2. Raises ValueError for an unknown layer or channel, or if there are no images. Section 4.1 of the paper.
    """
    if len(images) == 0:
        raise ValueError("there are no images to search")
    inputs = Prepared(images, prepare)
    values, units = top or top_activations(net, inputs, layer, k, batch=batch)
    if channels is None:
        channels = most_active(values)[:maps]
    channels = np.asarray(channels)
    if channels.ndim != 1 or len(channels) == 0 or not ((0 <= channels) & (channels < len(values))).all():
        raise ValueError(f"channels must be a list of maps of {layer}, which counts them from 0 to {len(values) - 1}, not {channels.tolist()}")
    values, units = values[channels], units[channels]
    step = max(1, batch // values.shape[1])
    parts = [_tiles(net, inputs, layer, units[i:i + step], rule) for i in range(0, len(units), step)]
    return Figure2(layer, channels, values, units, *map(np.concatenate, zip(*parts)))


def most_active(values):
    """Which maps are the most active, by the mean of their strongest activations (maps, k); the first among equals."""
    return np.argsort(-values.mean(axis=1), kind="stable")


def _tiles(net, inputs, layer, units, rule):
    """Projections, patches, corners and seen of some maps' units (maps, k, …); one pass takes all of their images."""
    flat = units.reshape(-1, units.shape[2])
    images, rows = np.unique(flat[:, 0], return_inverse=True)
    trace = net.forward(inputs[images], until=layer)
    found = project_many(net, trace, layer, np.column_stack([rows, flat[:, 1:]]), rule=rule)
    size = found.windows.shape[2:]
    pixels = plots.center(inputs.images[images], *net.input_shape[1:])
    cones = [net.cone(layer, *unit[-2:]) for unit in flat]          # of a feature's, which sees everything, the place doesn't matter
    seen = np.zeros((len(flat), *size), bool)
    patches = np.full((len(flat), len(pixels[0]), *size), 255, pixels.dtype)
    for m, (row, cone, corner) in enumerate(zip(rows, cones, found.corners)):
        inside = tuple(slice(side.start - first, side.stop - first) for side, first in zip(cone, corner))
        seen[(m, *inside)] = True
        patches[(m, slice(None), *inside)] = pixels[(row, slice(None), *cone)]
    return [x.reshape(*units.shape[:2], *x.shape[1:]) for x in (found.windows, patches, found.corners, seen)]


def draw(result):
    """Draw a Figure2: for each map its projections and, to their right, the patches they come from; returns a matplotlib figure."""
    count, k = result.values.shape
    columns, across = min(2, count), int(np.ceil(np.sqrt(k)))
    kind = "map" if result.units.shape[2] == 4 else "feature"
    with plots.style():
        figure, pairs = _pairs(-(-count // columns), columns)
        for i, ((left, right), projections, patches) in enumerate(zip(pairs, result.projections, result.patches)):
            plots.show(left, _mosaic([plots.to_display(tile) for tile in projections], across))
            plots.show(right, _mosaic([plots.to_image(tile) for tile in patches], across))
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


def _mosaic(tiles, columns):
    """Tiles in light gray frames, in which even a white one, and the white beyond an image's edge, can be told."""
    image = plots.grid([plots.enlarge(tile, 96) for tile in tiles], columns, pad=3, background=0.85)
    return np.pad(image, [(3, 3), (3, 3)] + [(0, 0)] * (image.ndim - 2), constant_values=0.85)


# ---- the item of the paper ------------------------------------------------------------------------------------------

def reproduce(study):
    """Figure 2 of the paper on the study's images and on scenes, where it is scored, also with nets that have learned nothing yet."""
    scores, sections = {"images": [], "scenes": [], "untrained": []}, []
    for kind, images, scenes in ("images", study.test, None), ("scenes", study.test_scenes, study.test_scenes):
        for seed in study.seeds:
            study.report(f"  strongest images of every map: {kind}, seed {seed}")
            run = study.net(kind, seed)
            found = list(_layers(run.net, run.prepare, images, scenes))
            scores[kind].append([score for _, score in found])
            if scenes:
                untrained = copy.deepcopy(run.net).initialize(np.random.default_rng(seed))
                scores["untrained"].append([score for _, score in _layers(untrained, run.prepare, images, scenes)])
            if seed == study.seeds[0]:
                sections += [_section(run.net, result, kind) for result, _ in found if kind == "images" or result.layer > "conv2"]
    return Report(figure2_claims.claims(scores), sections + figure2_claims.sections(scores))


def _layers(net, prepare, images, scenes):
    """Of every convolution: the four most active maps, to be shown, and the score of all maps."""
    for layer, top in top_activations(net, Prepared(images.images, prepare), explain.convolutions(net)).items():
        result = compute(net, images.images, prepare, layer, channels=np.arange(len(top.values)), top=top)
        score = figure2_score.compute(result, net.receptive_field(layer), images.labels, np.random.default_rng(0), scenes=scenes)
        rows = most_active(result.values)[:4]
        yield Figure2(layer, *(x[rows] for x in result[1:])), score


def _section(net, result, kind):
    size, (_, height, width) = net.receptive_field(result.layer).size, net.input_shape
    sees = f"{size}×{size} pixels" + (", more than the whole image" if size > max(height, width) else f" of {height}×{width}")
    where = {"images": "the test images", "scenes": "rendered scenes"}[kind]
    text = MAPS.format(layer=result.layer, where=where, sees=sees, count=len(result.channels))
    if (kind, result.layer) in NOTES:
        text += "\n\n" + NOTES[kind, result.layer]
    return Section(f"{result.layer} on {where}", text, draw(result),
                   alt=f"Maps {', '.join(map(str, result.channels))} of {result.layer}: nine projections beside nine image patches each")


MAPS = """The {count} most active maps of {layer}. At the right of each block are the nine patches of {where} that fire the map most, \
strongest first, and at its left the projections of these nine activations. A unit of this layer sees {sees}."""

NOTES = {
    ("images", "conv1"): """How to read it: a projection is no picture the net has made up. It is the part of this one image that fired \
the unit; mid-gray pixels played no part. Look for what the nine have in common. Where the patches differ and the projections don't, the \
map has learned to ignore the difference. White is outside of the image, or of what the unit can see.

In this first layer the nine projections of a map are the same, its filter. From the second layer on they follow the image.""",
    ("images", "conv2"): """Here the switches of the first pool decide where the filters of conv1 are laid down, so the nine begin to \
differ: corners, crossings and pairs of edges, each in its own place.""",
    ("images", "conv5"): """The last convolution. Its units see the whole image, and the nine may stand in different places of it. \
Ask of each map: are the nine of one class? Of one outline, or of one detail that several classes share? The table further down \
counts it.""",
    ("scenes", "conv3"): """Scenes are drawn by a program: one object made of known parts, in front of a random background with random \
clutter. That is why on them the pictures can be scored, and not only admired.""",
}
