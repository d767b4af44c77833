"""What a net sees in one image: its answer, and the strongest maps of its layers as pixels."""
from typing import NamedTuple

import numpy as np

from .. import checks, functional, plots, texts
from ..data.preprocess import center_crop
from ..deconvnet import strongest
from ..look.many import project_many
from . import captions, tiles
from .usual import maps_are_scores, usual_layers

RARE = 0.2      # an image's border is odd if at most this share of the training images has such one
LABEL = 16      # letters of the name of a layer, beside its row


class Explanation(NamedTuple):
    """One image as a net sees it. Lists per layer and map have the strongest map first.

    Where each map is of one class, see usual.maps_are_scores, the likeliest class is first.
    """
    image: np.ndarray           # uint8 (C, H, W), as the net gets it
    classes: list               # names of the five most likely classes, most likely first
    probabilities: np.ndarray   # (5,), theirs
    layers: list                # names, from the pixels up
    units: list                 # per layer and map: (0, channel, row, column), the strongest unit
    values: list                # per layer and map: its activation
    projections: list           # per layer the look.many.Projections of these units
    cones: list                 # per layer and map: two slices, the rows and columns it can see
    rule: str                   # how the projections went down
    remark: str                 # what seems wrong with the image, see polarity; "" if nothing does
    names: list                 # per layer and map: "map 5", with its class if it is of one
    second: str = None          # of a large image, another rule, see tiles.second_rule
    beside: tuple = ()          # as projections, by that rule


def measure(run, image, *, rule="deconvnet", maps=None, layers=None):
    """Ask a net about one image, and project what fires most in some of its layers.

    run: runs.Run.
    image: uint8 (C, H, W), as large as the images the net was trained on.
    rule: how to go down, see deconvnet.project.
    maps: how many maps of each layer, those with the largest activation; 4 if not given, or 3 of a
    large image. Where each map is of one class they are those of the likeliest classes.
    layers: names of layers that have maps; those of usual.usual_layers if not given.
    Returns an Explanation. Raises ValueError if the run hasn't one class name per score, or for a
    layer that isn't there or has no maps.
    """
    net = run.net
    layers = usual_layers(net) if layers is None else sorted(
        checks.layers_of_maps("layers", net, layers), key=[*net.layers].index)
    second = tiles.second_rule(net, rule)
    maps = maps or (3 if second else 4)
    trace = net.forward(run.prepare(image[None]))
    probabilities = functional.softmax(trace.scores)[0]
    if len(run.classes) != len(probabilities):
        raise ValueError(f"classes has {len(run.classes)} names, but the net has "
                         f"{len(probabilities)} scores")
    likely = np.argsort(-probabilities, kind="stable")[:5]
    channels = [likely if maps_are_scores(net, layer) else _most_active(trace[layer][0])
                for layer in layers]
    units = [[strongest(trace, layer, channel) for channel in found[:maps]]
             for layer, found in zip(layers, channels)]
    values = [[float(trace[layer][unit]) for unit in found] for layer, found in zip(layers, units)]
    cones = [[net.cone(layer, row, column) for _, _, row, column in found]
             for layer, found in zip(layers, units)]
    projections, *beside = [[project_many(net, trace, layer, found, rule=way)
                             for layer, found in zip(layers, units)]
                            for way in ([rule, second] if second else [rule])]
    return Explanation(center_crop(image, *net.input_shape[1:]), [run.classes[c] for c in likely],
                       probabilities[likely], layers, units, values, projections, cones, rule,
                       polarity(image, run.prepare.mean), _names(run, layers, units), second,
                       *beside)


def _names(run, layers, units):
    """Per layer and map what it is called: its number, and its class if it is of one."""
    found = []
    for layer, of_layer in zip(layers, units):
        classes = run.classes if maps_are_scores(run.net, layer) else None
        found.append([f"map {c}: {texts.short(classes[c], 20)}" if classes else f"map {c}"
                      for _, c, _, _ in of_layer])
    return found


def polarity(image, mean):
    """Tell an image that may be the negative of what a net was trained on, by its border.

    The border is the outermost pixels, mostly background. Let training images have a border of
    brightness m on average. Since no brightness is negative, at most m/b of them have a border of b
    or more (Markov's inequality). If m/b is RARE or less, and the image's negative would be nearer
    to m, something is odd. The same holds of bright borders, counted from white. Photographs have
    borders of all kinds, so that nothing is ever said of them.

    image: uint8 (C, H, W).
    mean: (C, H, W), the mean of the training images.
    Returns a sentence, or "".
    """
    b, m = _border(image), _border(mean)
    most = m / b if b > m else (255 - m) / max(255 - b, 1e-9)
    if most > RARE or abs(255 - b - m) > abs(b - m):
        return ""
    is_bright = b > m
    now, trained = ("bright", "dark") if is_bright else ("dark", "bright")
    return (f"The border of this image is {now} ({b:.0f} of 255), that of the training images is "
            f"{trained} ({m:.0f} on average): its negative, 255 − image, may be what the net "
            "knows.")


def _border(image):
    """The mean of the outermost pixels."""
    inner = np.asarray(image, np.float64)[:, 1:-1, 1:-1]
    return (np.sum(image, dtype=np.float64) - inner.sum()) / (image.size - inner.size)


def _most_active(y):
    """The maps of y (channels, H, W), that with the largest activation first."""
    return np.argsort(-y.max(axis=(1, 2)), kind="stable")


def draw(result, net=None, name="the image"):
    """Draw an Explanation: image and answer at the left; at the right one row of maps per layer.

    Each map is shown by two pictures with a frame around all that its strongest unit sees. In the
    first one this is the image, in the second one the projection. Around it the image is faint.
    Of a large image each map is shown by three tiles, see tiles.py.

    net, name: what the picture says of the net, see captions.describe, and of the image.
    Returns a matplotlib figure.
    """
    if result.second:
        return _draw_large(result, net, name)
    rows, columns = len(result.layers), max(len(units) for units in result.units)
    width = 2.5 + 1.9 * columns
    with plots.style():
        figure = plots.figure(width, max(1.12 * rows, 4.2) + 0.9)
        figure.suptitle(plots.heading(_title(result, net, name), width), x=0.005, ha="left",
                        fontsize=9)
        plots.key(figure, "outside lower center", columns=4, frame=True)
        left, right = figure.subfigures(1, 2, width_ratios=(2.5, 1.9 * columns))
        image, bars = left.subplots(2, 1)
        _show_image(image, result)
        _draw_answer(bars, result)
        panels = right.subplots(rows, 2 * columns, squeeze=False)
        for axes in panels.flat:
            axes.set_axis_off()
        for row, layer in enumerate(result.layers):
            for column in range(len(result.units[row])):
                _draw_pair(panels[row, 2 * column:2 * column + 2], result, row, column)
            panels[row, 0].text(-0.12, 0.5, texts.short(layer, LABEL), ha="right", va="center",
                                transform=panels[row, 0].transAxes, fontweight="bold", rotation=90)
    return figure


def _show_image(axes, result):
    height, side = result.image.shape[1:]
    plots.show(axes, plots.to_image(result.image))
    axes.set_title(f"as the net gets it: {height}×{side}")
    axes.set_anchor("N")


def _first_line(net, name):
    return f"{texts.short(name)}, as seen by {net or 'a net'}"


def _title(result, net, name):
    lines = [_first_line(net, name),
             f"rule: {captions.rule_name(result.rule)}; of each layer {_which(result)}: the image, "
             "and the projection of the map's strongest unit"]
    return "\n".join(lines + [result.remark] * bool(result.remark))


def _draw_pair(axes, result, row, column):
    """What one unit sees, and its projection, both in the faint image."""
    image = plots.to_image(result.image)
    place = result.cones[row][column]
    around = 0.75 + 0.2 * image
    projection = result.projections[row][column]
    for panel, inside in zip(axes, (image, plots.to_display(projection))):
        shown = around.copy()
        shown[place] = inside[place]
        plots.show(panel, shown)
        _frame(panel, *place)
    axes[0].set_title(result.names[row][column], loc="left")
    rows, columns = place
    axes[1].text((columns.start + columns.stop - 1) / 2, (rows.start + rows.stop - 1) / 2,
                 captions.why_flat(result.values[row][column], projection), ha="center",
                 va="center", fontsize=7)


def _draw_large(result, net, name, head=2.6, foot=0.4, left=0.5, above=0.25):
    """As draw, of a large image: image and answer above, and below a row of maps per layer.

    Placed by hand, in inches: so each pixel of a tile is one of the picture. All rows are one image
    on one pair of axes, since axes take longer to make than what is on them.
    """
    rows = [_mosaics(result, row) for row in range(len(result.layers))]
    high, wide = (n / plots.DPI for n in rows[0][0].shape[:2])
    columns, gap = max(map(len, rows)), 0.09
    width = left + max(columns, 3) * (wide + gap)
    height = head + foot + len(rows) * (high + above)

    def place(x, y, w=0, h=0):
        return x / width, 1 - (y + h) / height, w / width, h / height

    with plots.style():
        figure = plots.figure(width, height, layout="none")
        lines = [_first_line(net, name), *[result.remark] * bool(result.remark)]
        figure.suptitle(plots.heading("\n".join(lines), 0.9 * width), x=gap / width,
                        y=1 - gap / height, ha="left", fontsize=9)
        plots.key(figure, "lower center", columns=4)
        _show_image(figure.add_axes(place(left, 0.6, 1.8, 1.8)), result)
        _draw_answer(figure.add_axes(place(left + 2, 0.5, 2.5, 1.9)), result, 40)
        figure.text(*place(left + 4.9, 0.6)[:2], plots.heading(_how_to_read(result), width - 6),
                    va="top", linespacing=1.4)
        axes = figure.add_axes(place(left, head, columns * (wide + gap),
                                     height - head - foot))
        _show_rows(axes, rows, result, (high + above) * plots.DPI, (wide + gap) * plots.DPI)
    return figure


def _show_rows(axes, rows, result, down, along):
    """Mosaics on one pair of axes, and around them what they are.

    down, along: pixels from one to the next.
    """
    high, wide = rows[0][0].shape[:2]
    down, along = round(down), round(along)
    canvas = np.ones((len(rows) * down, along * max(map(len, rows)), 3))
    rules = [captions.rule_name(rule) for rule in (result.rule, result.second)]
    for i, row in enumerate(rows):
        bottom = (i + 1) * down
        size = "×".join(map(str, result.projections[i].boxes.shape[2:]))
        name = texts.short(result.layers[i], LABEL)
        axes.text(-0.2 * plots.DPI, bottom - high / 2, f"{name}\n{size}", rotation=90, ha="center",
                  va="center", fontweight="bold")
        for j, mosaic in enumerate(row):
            x, tile = j * along, (wide - plots.GAP) / 3
            canvas[bottom - high:bottom, x:x + wide] = mosaic.reshape(high, wide, -1)
            axes.text(x, bottom - high - 5, result.names[i][j], va="bottom")
            for k, rule in enumerate(rules, 1):
                if i == 0:
                    axes.text(x + k * tile, bottom - high - 5, rule, va="bottom")
                if _why_flat(result, i, j, k):
                    axes.text(x + (k + 0.5) * tile, bottom - high / 2, _why_flat(result, i, j, k),
                              ha="center", va="center", fontsize=7)
    plots.show(axes, np.uint8(np.round(255 * canvas)))      # which matplotlib draws faster


def _mosaics(result, row):
    """Of each map of one layer three tiles side by side: what its unit sees, two projections."""
    found = result.projections[row], result.beside[row]
    patches, seen = tiles.patches(result.image[None], [0] * len(found[0]), result.cones[row],
                                  found[0])
    return [plots.mosaic([tiles.patch_tile(patches[m], seen[m], tiles.SIDE),
                          *(tiles.projection_tile(r.boxes[m], tiles.SIDE) for r in found)], 3)
            for m in range(len(patches))]


def _why_flat(result, row, column, number):
    """What stands on projection 1 or 2 of a unit."""
    found = (result.projections, result.beside)[number - 1]
    return captions.why_flat(result.values[row][column], found[row].boxes[column])


def _which(result):
    """Which maps of each layer are drawn, in words."""
    of_classes = [layer for layer, names in zip(result.layers, result.names) if ":" in names[0]]
    note = f" (of {texts.listed(of_classes)} those of the likeliest classes)" if of_classes else ""
    return f"the {max(map(len, result.units))} maps that fire most{note}, strongest first"


def _how_to_read(result):
    rules = " and by ".join(captions.rule_name(rule) for rule in (result.rule, result.second))
    return (f"Below, of each layer {_which(result)}. Each has three tiles: all that the map's "
            f"strongest unit sees of the image, and the unit's projections by {rules}. The "
            f"numbers say how many pixels it sees.\n{tiles.GRIDS}")


def _draw_answer(axes, result, length=22):
    places = np.arange(len(result.classes))
    axes.barh(places, result.probabilities, color=plots.BLUE, height=0.35)
    for place, name, p in zip(places, result.classes, result.probabilities):
        axes.text(0, place - 0.28, f"{texts.short(name, length)}  {p:.1%}", va="bottom", fontsize=8)
    axes.set(xlim=(0, 1), ylim=(len(places) - 0.6, -0.9))
    axes.set_axis_off()


def _frame(axes, rows, columns):
    """A frame around the pixels of two slices. Pixel i reaches from i − 0.5 to i + 0.5."""
    left, right = columns.start - 0.5, columns.stop - 0.5
    top, bottom = rows.start - 0.5, rows.stop - 0.5
    axes.fill([left, right, right, left], [top, top, bottom, bottom], fill=False,
              edgecolor=plots.CONE, linewidth=1.2, clip_on=False)
