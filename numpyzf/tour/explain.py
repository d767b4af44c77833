"""What a net sees in one image: its answer, and every convolution's strongest maps as pixels."""
from typing import NamedTuple

import numpy as np

from .. import functional, plots, texts
from ..data.preprocess import center_crop
from ..deconvnet import project, strongest
from . import captions

RARE = 0.2      # an image's border is odd if at most this share of the training images has such one


class Explanation(NamedTuple):
    """One image as a net sees it. Lists per layer and map have the strongest map first."""
    image: np.ndarray           # uint8 (C, H, W), as the net gets it
    classes: list               # names of the five most likely classes, most likely first
    probabilities: np.ndarray   # (5,), theirs
    layers: list                # names of the convolutions, from the pixels up
    units: list                 # per layer and map: (0, channel, row, column), the strongest unit
    values: list                # per layer and map: its activation
    projections: list           # per layer and map: its projection (C, H, W)
    cones: list                 # per layer and map: two slices, the rows and columns it can see
    rule: str                   # how the projections went down
    remark: str                 # what seems wrong with the image, see polarity; "" if nothing does


def measure(run, image, *, rule="deconvnet", maps=4):
    """Ask a net about one image, and project what fires most in each convolution.

    run: runs.Run.
    image: uint8 (C, H, W), as large as the images the net was trained on.
    rule: how to go down, see deconvnet.project.
    maps: how many maps of each convolution; those with the largest activation are taken.
    Returns an Explanation. Raises ValueError if the run hasn't one class name per score.
    """
    net = run.net
    trace = net.forward(run.prepare(image[None]))
    probabilities = functional.softmax(trace.scores)[0]
    if len(run.classes) != len(probabilities):
        raise ValueError(f"classes has {len(run.classes)} names, but the net has "
                         f"{len(probabilities)} scores")
    likely = np.argsort(-probabilities, kind="stable")[:5]
    units, values, projections, cones = [], [], [], []
    for layer in net.convolutions:
        found = _strongest_units(trace, layer, maps)
        units.append(found)
        values.append([float(trace[layer][unit]) for unit in found])
        projections.append([project(net, trace, layer, unit, rule=rule) for unit in found])
        cones.append([net.cone(layer, row, column) for _, _, row, column in found])
    return Explanation(center_crop(image, *net.input_shape[1:]), [run.classes[c] for c in likely],
                       probabilities[likely], net.convolutions, units, values, projections, cones,
                       rule, polarity(image, run.prepare.mean))


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


def _strongest_units(trace, layer, maps):
    """The strongest unit of each of the `maps` maps that have the largest activation."""
    largest = trace[layer][0].max(axis=(1, 2))                  # (channels,)
    channels = np.argsort(-largest, kind="stable")[:maps]
    return [strongest(trace, layer, channel) for channel in channels]


def draw(result, net=None, name="the image"):
    """Draw an Explanation: image and answer at the left; at the right one row of maps per layer.

    Each map is shown by two pictures with a frame around all that its strongest unit sees. In the
    first one this is the image, in the second one the projection. Around it the image is faint.

    net, name: what the picture says of the net, see captions.describe, and of the image.
    Returns a matplotlib figure.
    """
    rows, columns = len(result.layers), max(len(units) for units in result.units)
    width = 2.5 + 1.9 * columns
    with plots.style():
        figure = plots.figure(width, max(1.12 * rows, 4.2) + 0.9)
        figure.suptitle(plots.heading(_title(result, net, name), width), x=0.005, ha="left",
                        fontsize=9)
        plots.key(figure, "outside lower center", columns=4, frame=True)
        left, right = figure.subfigures(1, 2, width_ratios=(2.5, 1.9 * columns))
        image, bars = left.subplots(2, 1)
        height, side = result.image.shape[1:]
        plots.show(image, plots.to_image(result.image))
        image.set_title(f"as the net gets it: {height}×{side}")
        image.set_anchor("N")
        _draw_answer(bars, result)
        panels = right.subplots(rows, 2 * columns, squeeze=False)
        for axes in panels.flat:
            axes.set_axis_off()
        for row, layer in enumerate(result.layers):
            for column in range(len(result.units[row])):
                _draw_pair(panels[row, 2 * column:2 * column + 2], result, row, column)
            panels[row, 0].text(-0.12, 0.5, layer, transform=panels[row, 0].transAxes, ha="right",
                                va="center", fontweight="bold", rotation=90)
    return figure


def _title(result, net, name):
    most = max(len(units) for units in result.units)
    lines = [f"{texts.short(name)}, as seen by {net or 'a net'}",
             f"rule: {captions.rule_name(result.rule)}; of each layer the {most} maps that fire "
             "most, strongest first: the image, and the projection of the map's strongest unit"]
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
    unit = result.units[row][column]
    axes[0].set_title(f"map {unit[1]}", loc="left")
    rows, columns = place
    axes[1].text((columns.start + columns.stop - 1) / 2, (rows.start + rows.stop - 1) / 2,
                 captions.why_flat(result.values[row][column], projection), ha="center",
                 va="center", fontsize=7)


def _draw_answer(axes, result):
    places = np.arange(len(result.classes))
    axes.barh(places, result.probabilities, color=plots.BLUE, height=0.35)
    for place, name, p in zip(places, result.classes, result.probabilities):
        axes.text(0, place - 0.28, f"{texts.short(name, 22)}  {p:.1%}", va="bottom", fontsize=8)
    axes.set(xlim=(0, 1), ylim=(len(places) - 0.6, -0.9))
    axes.set_axis_off()


def _frame(axes, rows, columns):
    """A frame around the pixels of two slices. Pixel i reaches from i − 0.5 to i + 0.5."""
    left, right = columns.start - 0.5, columns.stop - 0.5
    top, bottom = rows.start - 0.5, rows.stop - 0.5
    axes.fill([left, right, right, left], [top, top, bottom, bottom], fill=False,
              edgecolor=plots.CONE, linewidth=1.2, clip_on=False)
