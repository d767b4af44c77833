"""What a net sees in one image: its answer, and every convolution's strongest maps as pixels."""
from typing import NamedTuple

import numpy as np

from .. import functional, plots
from ..data.preprocess import center_crop
from ..deconvnet import project, strongest


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
                       probabilities[likely], net.convolutions, units, values, projections, cones)


def _strongest_units(trace, layer, maps):
    """The strongest unit of each of the `maps` maps that have the largest activation."""
    largest = trace[layer][0].max(axis=(1, 2))                  # (channels,)
    channels = np.argsort(-largest, kind="stable")[:maps]
    return [strongest(trace, layer, channel) for channel in channels]


def draw(result):
    """Draw an Explanation: image and answer at the left, then a column of projections per layer.

    Returns a matplotlib figure.
    """
    rows, columns = max(len(units) for units in result.units), len(result.layers)
    with plots.style():
        figure = plots.figure(2.4 + 1.35 * columns, max(1.5 * rows + 0.3, 3.2))
        left, right = figure.subfigures(1, 2, width_ratios=(2.4, 1.35 * columns))
        image, bars = left.subplots(2, 1)
        plots.show(image, plots.to_image(result.image))
        image.set_title("the image")
        image.set_anchor("N")
        _draw_answer(bars, result)
        panels = right.subplots(rows, columns, squeeze=False)
        for axes in panels.flat:
            axes.set_axis_off()
        for column, layer in enumerate(result.layers):
            for row, (_, channel, _, _) in enumerate(result.units[column]):
                axes = panels[row, column]
                plots.show(axes, plots.to_display(result.projections[column][row]))
                axes.set_title(f"{layer} · map {channel}")
                _frame(axes, *result.cones[column][row])
    return figure


def _draw_answer(axes, result):
    places = np.arange(len(result.classes))
    axes.barh(places, result.probabilities, color=plots.BLUE, height=0.35)
    for place, name, p in zip(places, result.classes, result.probabilities):
        axes.text(0, place - 0.28, f"{name}  {p:.1%}", va="bottom", fontsize=8)
    axes.set(xlim=(0, 1), ylim=(len(places) - 0.6, -0.9))
    axes.set_axis_off()


def _frame(axes, rows, columns):
    """A frame around the pixels of two slices. Pixel i reaches from i − 0.5 to i + 0.5."""
    left, right = columns.start - 0.5, columns.stop - 0.5
    top, bottom = rows.start - 0.5, rows.stop - 0.5
    axes.fill([left, right, right, left], [top, top, bottom, bottom], fill=False,
              edgecolor=plots.CONE, linewidth=1.2, clip_on=False)
