"""What a layer looks for (the paper's Figure 2): its most active maps.

Each map is shown by the nine images that fire it most. Each of these activations is projected down
to pixels. Beside the projection stands the patch of the image in the unit's receptive field. The
patch is all that the unit could see; the projection is what made it fire. Of large images there are
two projections, see tiles.py.
"""
from typing import NamedTuple

import numpy as np

from .. import plots, texts
from ..data.preprocess import Prepared, center_crop
from ..geometry import ceil_div
from ..look.many import project_many, top_activations
from . import captions, tiles
from .usual import maps_are_scores


class Features(NamedTuple):
    """The k strongest activations of some maps of one layer, strongest first.

    A tile is an h×w box of pixels, as large as the receptive field, or as the image along an axis
    where the field is larger. It may leave the image.
    """
    layer: str
    channels: np.ndarray        # (maps,): which maps
    values: np.ndarray          # (maps, k): the activations
    units: np.ndarray           # (maps, k, 4): n, channel, row, column;
                                # (maps, k, 2) behind a fully connected layer: n, feature
    projections: np.ndarray     # float (maps, k, C, h, w): tiles, 0 outside of the image
    patches: np.ndarray         # uint8 (maps, k, C, h, w): tiles, white where nothing is seen
    corners: np.ndarray         # (maps, k, 2): the image's row and column of a tile's first pixel
    seen: np.ndarray            # bool (maps, k, h, w): in the image, and the unit can see it
    rule: str = "deconvnet"     # how they went down
    classes: tuple = ()         # what the maps or features are called, if each is of one class
    second: str = None          # the rule of the projections that stand beside, if there are any
    beside: np.ndarray = None   # as projections, by that rule


def measure(run, images, layer, *, channels=None, maps=6, k=9, rule="deconvnet", second=None,
            batch=None, top=None):
    """Find the k strongest activations of the most active maps of a layer, and project each one.

    run: runs.Run.
    images: uint8 (N, C, H, W), to search in.
    layer: name of a layer.
    channels: which maps (or features); without it the `maps` most active ones, see most_active.
    maps: how many maps, if channels is None.
    k: how many activations of each map, from as many images.
    rule: how to go down, see deconvnet.project.
    second: another rule, whose projections stand beside; for large images see tiles.second_rule.
    batch: images that go through the net at a time; 128 if not given, or 16 large ones, of which
    one may take 30 MB in a net such as SqueezeNet.
    top: what look.many.top_activations has found for this layer in these images, prepared; then
    nothing is searched, and k is the one of `top`.
    Returns Features. Raises ValueError for an unknown layer or channel, or if there are no images.
    Section 4.1 of the paper.
    """
    if len(images) == 0:
        raise ValueError("there are no images to search")
    inputs = Prepared(images, run.prepare)
    batch = batch or (16 if tiles.second_rule(run.net, rule) else 128)
    if top is None:
        top = top_activations(run.net, inputs, [layer], k, batch=batch)[layer]
    values, units = top
    scores = layer == [*run.net.layers][-1] or maps_are_scores(run.net, layer)
    if channels is None:
        channels = most_active(values)[:maps]
    channels = _check_channels(channels, len(values), layer)
    values, units = values[channels], units[channels]
    step = max(1, batch // values.shape[1])     # maps at a time
    rules = [rule] if second is None else [rule, second]
    parts = [_tiles(run.net, inputs, layer, units[start:start + step], rules)
             for start in range(0, len(units), step)]
    patches, corners, seen, projections, *beside = (np.concatenate(part) for part in zip(*parts))
    named = scores and len(run.classes) == run.net.shapes[layer][0]
    return Features(layer, channels, values, units, projections, patches, corners, seen, rule,
                    run.classes if named else (), second, *beside)


def most_active(values):
    """Maps, the most active first, by the mean of their strongest activations `values` (maps, k).

    Among equals the first comes first.
    """
    return np.argsort(-values.mean(axis=1), kind="stable")


def of_kinds(values, labels, count):
    """`count` maps of different kinds: not all that is strongest, if that is the same.

    From the most active map down, one is taken if the most common class of its images is not yet
    that of a map taken. If these are too few, the most active of the others follow; last come those
    that don't fire on all of their images.

    values: (maps, k), their strongest activations.
    labels: (maps, k), the classes of their images.
    Returns maps.
    """
    order = most_active(values)
    fires = values[order].min(axis=1) > 0
    firing = order[fires]
    kinds = [np.bincount(own).argmax() for own in labels[firing]]
    return np.concatenate([firing[first_of_kinds(kinds)], order[~fires]])[:count]


def first_of_kinds(kinds):
    """The places in a list of the first of each kind, in the list's order, then all others.

    >>> first_of_kinds(["a", "a", "b", "a", "c"]).tolist()
    [0, 2, 4, 1, 3]
    """
    _, first = np.unique(kinds, return_index=True)
    return np.concatenate([np.sort(first), np.setdiff1d(np.arange(len(kinds)), first)])


def _check_channels(channels, count, layer):
    channels = np.asarray(channels)
    integers = channels.ndim == 1 and channels.dtype.kind in "iu" and len(channels) > 0
    if not integers or channels.min() < 0 or channels.max() >= count:
        raise ValueError(f"channels must be a list of maps of {layer}, which counts them from 0 to "
                         f"{count - 1}, not {channels.tolist()}")
    return channels


def _tiles(net, inputs, layer, units, rules):
    """Patches, corners, seen and each rule's projections of units (maps, k, …).

    Their images go up together.
    """
    flat = units.reshape(-1, units.shape[2])                        # (M, 4) or (M, 2)
    numbers, image_of = np.unique(flat[:, 0], return_inverse=True)
    trace = net.forward(inputs[numbers], until=layer)
    in_trace = np.column_stack([image_of, flat[:, 1:]])
    first, *others = [project_many(net, trace, layer, in_trace, rule=rule) for rule in rules]
    pixels = center_crop(inputs.images[numbers], *net.input_shape[1:])
    # a feature has no place, and net.cone asks for none: it sees the whole image
    cones = [net.cone(layer, *unit[-2:]) for unit in flat]
    patches, seen = tiles.patches(pixels, image_of, cones, first)
    boxes = [found.boxes for found in (first, *others)]
    return [x.reshape(*units.shape[:2], *x.shape[1:])
            for x in (patches, first.corners, seen, *boxes)]


def draw(result, net=None):
    """Draw Features: of each map the projections and, to their right, the patches they come from.

    With a second rule: of each map the patches and, to their right, both rules' projections.

    net: what the picture says of the net, see captions.describe.
    Returns a matplotlib figure.
    """
    if result.second:
        return _draw_large(result, net)
    count, k = result.values.shape
    columns, tiles_across = min(2, count), int(np.ceil(np.sqrt(k)))
    with plots.style():
        title = (f"{_first_line(result, net)}\nrule: {captions.rule_name(result.rule)}; left "
                 f"projections, right image patches: {_which(result)}")
        pairs = _squares(ceil_div(count, columns), columns, title)
        for i in range(count):
            left, right = pairs[i]
            projections = [plots.to_display(tile) for tile in result.projections[i]]
            patches = [plots.patch(*tile) for tile in zip(result.patches[i], result.seen[i])]
            plots.show(left, plots.mosaic(projections, tiles_across))
            plots.show(right, plots.mosaic(patches, tiles_across))
            _say_why_flat(left, result, i, tiles_across)
            left.set_title(_name(result, i), loc="left", fontweight="bold")
        for axes in pairs[count:].flat:
            axes.set_axis_off()
    return pairs[0, 0].figure


def _draw_large(result, net, across=3):
    """Of each map the patches and two rules' projections, each `across` tiles of a page's width."""
    count, k = result.values.shape
    tiles_across = int(np.ceil(np.sqrt(k)))
    # as many pixels as the figure has for them, so that none is left out
    side = across * (tiles.SIDE + plots.GAP) // tiles_across - plots.GAP
    length = (tiles_across * (side + plots.GAP) + plots.GAP) / plots.DPI
    names = [captions.rule_name(rule) for rule in (result.rule, result.second)]
    with plots.style():
        title = (f"{_first_line(result, net)}\nof each map image patches, and their projections "
                 f"by {names[0]} and {names[1]}: {_which(result)}. {tiles.GRIDS}")
        rows = _squares(count, 1, title, per_map=3, side=length)
        for i in range(count):
            shown = [[tiles.patch_tile(*tile, side)
                      for tile in zip(result.patches[i], result.seen[i])]]
            shown += [[tiles.projection_tile(tile, side) for tile in found[i]]
                      for found in (result.projections, result.beside)]
            for axes, mosaic, name in zip(rows[i], shown, (_name(result, i), *names)):
                plots.show(axes, plots.mosaic(mosaic, tiles_across))
                axes.set_title(name, loc="left",
                               fontweight="bold" if axes is rows[i][0] else "normal")
            _say_why_flat(rows[i][1], result, i, tiles_across)
    return rows[0][0].figure


def _first_line(result, net):
    return f"{result.layer} of {net}" if net else result.layer


def _which(result):
    _, k = result.values.shape
    kind = _kind(result)
    number, order = (f"{k} ", ", strongest first") if k > 1 else ("", "")
    return f"{number}strongest of each {kind}{order}; each projection on a scale of its own"


def _name(result, i):
    channel = result.channels[i]
    number = f"{_kind(result)} {channel}"
    return f"{texts.short(result.classes[channel], 24)} ({number})" if result.classes else number


def _kind(result):
    """What a map is in words: where each is of one class, that counts."""
    return "class" if result.classes else "map" if result.units.shape[2] == 4 else "feature"


def _say_why_flat(axes, result, i, tiles_across):
    """Write on the tiles of map i of which the projection shows nothing why that is so."""
    side = axes.images[0].get_array().shape[1] / tiles_across       # of a tile with its frame
    scores = bool(result.classes) and result.units.shape[2] == 2
    for j, (value, projection) in enumerate(zip(result.values[i], result.projections[i])):
        row, column = divmod(j, tiles_across)
        axes.text((column + 0.5) * side, (row + 0.5) * side,
                  captions.why_flat(value, projection, scores),
                  ha="center", va="center", fontsize=7)


def _squares(rows, columns, title, per_map=2, side=2.1, above=0.26, gap=0.08):
    """A figure with square axes for each map side by side: the axes (maps, per_map). Inches.

    Above all is the title, below them the key. Placed by hand: matplotlib would measure every title
    to arrange these few equal squares, which takes longer than drawing them.
    """
    width, height = per_map * side + (per_map + 1) * gap, side + above
    # a heading's letters are a little wider than reckoned, which shows in a long line
    title = plots.heading(title, columns * width * (0.93 if per_map > 2 else 1))
    head, foot = 0.17 * (title.count("\n") + 1) + gap, 0.5 / columns + gap
    whole = rows * height + head + foot
    figure = plots.figure(columns * width, whole, layout="none")
    figure.suptitle(title, x=gap / (columns * width), y=1 - gap / whole, ha="left", fontsize=9)
    plots.key(figure, "lower center", columns=int(columns * width / 2.2))
    squares = np.empty((rows * columns, per_map), object)
    for i in range(rows * columns):
        bottom = foot + (rows - 1 - i // columns) * height
        for j in range(per_map):
            left = i % columns * width + gap + j * (side + gap)
            place = (left / (columns * width), bottom / whole,
                     side / (columns * width), side / whole)
            squares[i, j] = figure.add_axes(place)
    return squares
