"""What a net sees in one image: its answer, and the strongest maps of every convolution layer projected to pixels."""
from typing import NamedTuple

import numpy as np

from .. import functional as F
from .. import plots
from ..deconvnet import project, strongest
from ..data.preprocess import center_crop


class Explanation(NamedTuple):
    """One image as a net sees it.

    image uint8 (C, H, W), as the net gets it; classes and probabilities, the five most likely first; layers, the names of the
    convolutions; and per layer and map, the strongest map first: units (0, channel, row, column), values, projections (C, H, W),
    and cones, the pixels (rows, columns) as two slices that the unit can see.
    """
    image: np.ndarray
    classes: list
    probabilities: np.ndarray
    layers: list
    units: list
    values: list
    projections: list
    cones: list


def compute(net, image, prepare, classes, *, rule="deconvnet", maps=4):
    """Ask a net about one image, and project the strongest activation of the `maps` most active maps of each convolution.

    image: uint8 (C, H, W). prepare(images) -> the net's input, cropped from the middle, if at all. classes: their names, in
    the order of the scores. rule: how to go down, see deconvnet.project. The most active maps are those with the largest activation.
    Returns an Explanation. Raises ValueError if the names aren't as many as the scores.
    """
    trace = net.forward(prepare(image[None]))
    probabilities = F.softmax(trace.scores)[0]
    if len(classes) != len(probabilities):
        raise ValueError(f"classes has {len(classes)} names, but the net has {len(probabilities)} scores")
    best = np.argsort(-probabilities, kind="stable")[:5]
    layers = net.convolutions
    units = [[strongest(trace, name, c) for c in np.argsort(-trace[name][0].max(axis=(1, 2)), kind="stable")[:maps]] for name in layers]
    return Explanation(
        image=center_crop(image, *net.input_shape[1:]),
        classes=[classes[c] for c in best], probabilities=probabilities[best], layers=layers, units=units,
        values=[[float(trace[name][unit]) for unit in row] for name, row in zip(layers, units)],
        projections=[[project(net, trace, name, unit=unit, rule=rule) for unit in row] for name, row in zip(layers, units)],
        cones=[[net.cone(name, *unit[2:]) for unit in row] for name, row in zip(layers, units)])


def draw(result):
    """Draw an Explanation: the image and the answer at the left, one column of projections per layer; returns a matplotlib figure."""
    rows, columns = max(map(len, result.units)), len(result.layers)
    with plots.style():
        figure = plots.figure(2.4 + 1.35 * columns, max(1.5 * rows + 0.3, 3.2))
        left, right = figure.subfigures(1, 2, width_ratios=(2.4, 1.35 * columns))
        image, bars = left.subplots(2, 1)
        plots.show(image, plots.to_image(result.image))
        image.set_title("the image")
        image.set_anchor("N")
        _draw_answer(bars, result)
        grid = right.subplots(rows, columns, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        for column, layer in enumerate(result.layers):
            for row, unit in enumerate(result.units[column]):
                axes = grid[row, column]
                plots.show(axes, plots.to_display(result.projections[column][row]))
                axes.set_title(f"{layer} · map {unit[1]}")
                _outline(axes, *result.cones[column][row])
    return figure


def _draw_answer(axes, result):
    places = np.arange(len(result.classes))
    axes.barh(places, result.probabilities, color=plots.BLUE, height=0.35)
    for place, name, p in zip(places, result.classes, result.probabilities):
        axes.text(0, place - 0.28, f"{name}  {p:.1%}", va="bottom", fontsize=8)
    axes.set(xlim=(0, 1), ylim=(len(places) - 0.6, -0.9))
    axes.set_axis_off()


def _outline(axes, rows, columns):
    from matplotlib.patches import Rectangle
    axes.add_patch(Rectangle((columns.start - 0.5, rows.start - 0.5), columns.stop - columns.start, rows.stop - rows.start,
                             fill=False, edgecolor=plots.CONE, linewidth=1.2, clip_on=False))
