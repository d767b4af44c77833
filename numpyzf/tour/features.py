"""What a layer looks for (the paper's Figure 2): its most active maps.

Each map is shown by the nine images that fire it most. Each of these activations is projected down
to pixels. Beside the projection stands the patch of the image in the unit's receptive field. The
patch is all that the unit could see; the projection is what made it fire.
"""
from typing import NamedTuple

import numpy as np

from .. import plots, texts
from ..data.preprocess import Prepared, center_crop
from ..geometry import ceil_div
from ..look.many import project_many, top_activations
from . import captions


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
    classes: tuple = ()         # what the features are called, if they are the scores of a net


def measure(run, images, layer, *, channels=None, maps=6, k=9, rule="deconvnet", batch=128,
            top=None):
    """Find the k strongest activations of the most active maps of a layer, and project each one.

    run: runs.Run.
    images: uint8 (N, C, H, W), to search in.
    layer: name of a layer.
    channels: which maps (or features); without it the `maps` most active ones, see most_active.
    maps: how many maps, if channels is None.
    k: how many activations of each map, from as many images.
    rule: how to go down, see deconvnet.project.
    batch: images that go through the net at a time.
    top: what look.many.top_activations has found for this layer in these images, prepared; then
    nothing is searched, and k is the one of `top`.
    Returns Features. Raises ValueError for an unknown layer or channel, or if there are no images.
    Section 4.1 of the paper.
    """
    if len(images) == 0:
        raise ValueError("there are no images to search")
    inputs = Prepared(images, run.prepare)
    if top is None:
        top = top_activations(run.net, inputs, [layer], k, batch=batch)[layer]
    values, units = top
    scores = layer == [*run.net.layers][-1] and len(run.classes) == len(values)
    if channels is None:
        channels = most_active(values)[:maps]
    channels = _check_channels(channels, len(values), layer)
    values, units = values[channels], units[channels]
    step = max(1, batch // values.shape[1])     # maps at a time
    parts = [_tiles(run.net, inputs, layer, units[start:start + step], rule)
             for start in range(0, len(units), step)]
    projections, patches, corners, seen = (np.concatenate(part) for part in zip(*parts))
    return Features(layer, channels, values, units, projections, patches, corners, seen, rule,
                    run.classes if scores else ())


def usual_layer(net):
    """The layer to draw where nobody names one: conv3, or the middle one of those with maps."""
    if "conv3" in net.layers:
        return "conv3"
    with_maps = [name for name in net.layers if len(net.shapes[name]) == 3]
    return with_maps[len(with_maps) // 2] if with_maps else [*net.layers][-1]


def most_active(values):
    """Maps, the most active first, by the mean of their strongest activations `values` (maps, k).

    Among equals the first comes first.
    """
    return np.argsort(-values.mean(axis=1), kind="stable")


def _check_channels(channels, count, layer):
    channels = np.asarray(channels)
    integers = channels.ndim == 1 and channels.dtype.kind in "iu" and len(channels) > 0
    if not integers or channels.min() < 0 or channels.max() >= count:
        raise ValueError(f"channels must be a list of maps of {layer}, which counts them from 0 to "
                         f"{count - 1}, not {channels.tolist()}")
    return channels


def _tiles(net, inputs, layer, units, rule):
    """Projections, patches, corners and seen of units (maps, k, …); their images go up together."""
    flat = units.reshape(-1, units.shape[2])                        # (M, 4) or (M, 2)
    numbers, image_of = np.unique(flat[:, 0], return_inverse=True)
    trace = net.forward(inputs[numbers], until=layer)
    in_trace = np.column_stack([image_of, flat[:, 1:]])
    found = project_many(net, trace, layer, in_trace, rule=rule)
    size = found.boxes.shape[2:]
    pixels = center_crop(inputs.images[numbers], *net.input_shape[1:])
    seen = np.zeros((len(flat), *size), bool)
    patches = np.full((len(flat), len(pixels[0]), *size), 255, pixels.dtype)
    for m, (top, left) in enumerate(found.corners):
        # a feature has no place, and net.cone asks for none: it sees the whole image
        rows, columns = net.cone(layer, *flat[m, -2:])
        rows_of_tile = slice(rows.start - top, rows.stop - top)
        columns_of_tile = slice(columns.start - left, columns.stop - left)
        seen[m, rows_of_tile, columns_of_tile] = True
        patches[m, :, rows_of_tile, columns_of_tile] = pixels[image_of[m], :, rows, columns]
    return [x.reshape(*units.shape[:2], *x.shape[1:])
            for x in (found.boxes, patches, found.corners, seen)]


def draw(result, net=None):
    """Draw Features: of each map the projections and, to their right, the patches they come from.

    net: what the picture says of the net, see captions.describe.
    Returns a matplotlib figure.
    """
    count, k = result.values.shape
    columns, tiles_across = min(2, count), int(np.ceil(np.sqrt(k)))
    with plots.style():
        figure, pairs = _pairs(ceil_div(count, columns), columns, _title(result, net))
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
    return figure


def _title(result, net):
    _, k = result.values.shape
    layer = f"{result.layer} of {net}" if net else result.layer
    kind = "map" if result.units.shape[2] == 4 else "feature"
    number, order = (f"{k} ", ", strongest first") if k > 1 else ("", "")
    return (f"{layer}\nrule: {captions.rule_name(result.rule)}; left projections, right image "
            f"patches: {number}strongest of each {kind}{order}; each projection on a scale of its "
            "own")


def _name(result, i):
    channel = result.channels[i]
    if result.classes:
        return f"{texts.short(result.classes[channel], 24)} (feature {channel})"
    return f"map {channel}" if result.units.shape[2] == 4 else f"feature {channel}"


def _say_why_flat(axes, result, i, tiles_across):
    """Write on the tiles of map i of which the projection shows nothing why that is so."""
    side = axes.images[0].get_array().shape[1] / tiles_across       # of a tile with its frame
    for j, (value, projection) in enumerate(zip(result.values[i], result.projections[i])):
        row, column = divmod(j, tiles_across)
        axes.text((column + 0.5) * side, (row + 0.5) * side,
                  captions.why_flat(value, projection, bool(result.classes)),
                  ha="center", va="center", fontsize=7)


def _pairs(rows, columns, title, side=2.1, above=0.26, gap=0.08):
    """A figure with two square axes per map side by side, and the axes (maps, 2). Inches.

    Above all is the title, below them the key. Placed by hand: matplotlib would measure every title
    to arrange these few equal squares, which takes longer than drawing them.
    """
    width, height = 2 * side + 3 * gap, side + above
    title = plots.heading(title, columns * width)
    head, foot = 0.17 * (title.count("\n") + 1) + gap, 0.5 / columns + gap
    whole = rows * height + head + foot
    figure = plots.figure(columns * width, whole, layout="none")
    figure.suptitle(title, x=gap / (columns * width), y=1 - gap / whole, ha="left", fontsize=9)
    plots.key(figure, "lower center", columns=2 * columns)
    pairs = np.empty((rows * columns, 2), object)
    for i in range(rows * columns):
        bottom = foot + (rows - 1 - i // columns) * height
        for j in range(2):
            left = i % columns * width + gap + j * (side + gap)
            place = (left / (columns * width), bottom / whole,
                     side / (columns * width), side / whole)
            pairs[i, j] = figure.add_axes(place)
    return figure, pairs
