"""What units of a trained net saw, through the student's functions."""
import numpy as np

from ... import plots, runs
from ...data import scenes
from ...deconvnet import strongest
from ...layers import Conv, MaxPool

CLASSES = ("cat", "bird", "car", "boat")
LAYERS = ("conv2", "conv5")
RULES = ("gradient", "deconvnet", "guided")


def draw(student):
    """Draw scenes, and by the student's three rules what made the strongest units fire.

    student: has project and cone.
    Returns a matplotlib figure.
    """
    run = runs.pretrained()
    images = scenes.render(len(CLASSES), np.random.default_rng(4), size=32, classes=CLASSES,
                           centered=True).images
    with plots.style():
        figure = plots.figure(1.25 * (1 + len(LAYERS) * len(RULES)), 1.25 * len(images) + 0.4)
        panels = figure.subplots(len(images), 1 + len(LAYERS) * len(RULES))
        for row, image in zip(panels, images):
            _draw_row(row, student, run.net, run.prepare(image[None]), image)
        titles = ["image", *(f"{layer}, {rule}" for layer in LAYERS for rule in RULES)]
        for axes, title in zip(panels[0], titles):
            axes.set_title(title)
        figure.suptitle("Your way down from the unit that fires most, in a net trained on "
                        "CIFAR-10; framed: your cone")
    return figure


def _draw_row(row, student, net, x, image):
    """One image: the strongest unit of each layer, by each rule, inside of its cone."""
    trace, places = net.forward(x), iter(row[1:])
    plots.show(row[0], plots.to_image(image))
    for layer in LAYERS:
        unit = strongest(trace, layer, int(trace[layer][0].max(axis=(1, 2)).argmax()))
        for rule in RULES:
            axes = next(places)
            plots.show(axes, plots.to_display(student.project(net, trace, layer, unit, rule)))
            _frame(axes, *(seen(student, net, layer, axis, unit[axis]) for axis in (2, 3)))


def seen(student, net, layer, axis, place):
    """(start, stop) along an axis, by the student's cone; axis 2 is rows, 3 is columns."""
    names = [name for name in net.up_to(layer) if isinstance(net.layers[name], Conv | MaxPool)]
    below = ["input", *net.layers]
    sizes = [net.shapes[below[below.index(name) - 1]][axis - 1] for name in names]
    return student.cone(place, [tuple(net.layers[name].window) for name in names], sizes)


def _frame(axes, rows, columns):
    """A frame around the pixels that the unit can see."""
    (top, bottom), (left, right) = ([n - 0.5 for n in side] for side in (rows, columns))
    axes.fill([left, right, right, left], [top, top, bottom, bottom], fill=False,
              edgecolor=plots.CONE, linewidth=1.2, clip_on=False)
