"""The student's convolution: in a race, and in a trained net."""
import copy

import numpy as np

from ... import functional, plots, runs
from ...data import scenes
from ...deconvnet import project, strongest
from ...layers import Conv
from .checks import SHAPES, convolve, seconds, slow_seconds

CLASSES = ("cat", "bird", "car", "boat")
LAYERS = ("conv2", "conv3", "conv5")
LIMIT = 1 << 20         # bytes of columns, of the student's blocks


class StudentConv(Conv):
    """A convolution that is the student's function, with the weights of another."""

    def __init__(self, layer, student):
        self.window, self.method, self.params = layer.window, layer.method, layer.params
        self.student = student

    def forward(self, x, train=False, rng=None):
        """The student's convolution."""
        _, stride, pad = self.window
        w, b = self.params["w"], self.params["b"]
        y = self.student.convolve(x, w, b, stride=stride, pad=pad)
        return np.ascontiguousarray(y), functional.ConvSaved(x, w, self.window, "unfold")


def draw(student):
    """Draw a race of convolutions, and what a net sees that convolves by the student's function.

    student: has convolve and convolve_in_blocks.
    Returns a matplotlib figure.
    """
    run = runs.pretrained()
    net = copy.deepcopy(run.net)
    for name in net.convolutions:
        net.layers[name] = StudentConv(net.layers[name], student)
    images = scenes.render(len(CLASSES), np.random.default_rng(4), size=32, classes=CLASSES,
                           centered=True).images
    with plots.style():
        figure = plots.figure(8, 7.6)
        upper, lower = figure.subfigures(2, 1, height_ratios=[1, 2.6])
        _draw_race(upper.subplots(), student)
        panels = lower.subplots(len(images), 3 + len(LAYERS))
        for row, image in zip(panels, images):
            _draw_row(row, net, run, image)
        titles = ["image", "conv1, one map", "conv3, one map",
                  *(f"down from {layer}" for layer in LAYERS)]
        for axes, title in zip(panels[0], titles):
            axes.set_title(title, fontsize=9)
        figure.suptitle("Your convolution, in a race and in a net trained on CIFAR-10")
    return figure


def _draw_race(axes, student):
    """How many times as fast as seven loops."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape).astype(np.float32) for shape in SHAPES]

    def in_blocks(x, w, b):
        return student.convolve_in_blocks(x, w, b, limit=LIMIT)
    racers = {"your convolve": student.convolve, "your convolve_in_blocks": in_blocks,
              "the library": convolve}
    times = [1.0]
    for function in racers.values():
        function(*arrays)                               # what has to be compiled is
        # a clock that stands still between its ticks would make it infinitely fast
        best = max(min(seconds(function, *arrays) for _ in range(9)), 1e-6)
        times.append(slow_seconds() / best)
    names = ["slow_convolve", *racers]
    bars = axes.barh(names, times, color=[plots.GRAY, plots.BLUE, plots.BLUE, plots.ORANGE])
    axes.bar_label(bars, [f"{value:,.0f}" for value in times], padding=3)
    axes.set(xscale="log", xlim=(0.8, 6 * max(times)), xlabel="times as fast as seven loops",
             ylim=(len(names) - 0.5, -0.5))


def _draw_row(row, net, run, image):
    """One image: two maps on the way up, and projections of strong units."""
    trace = net.forward(run.prepare(image[None]))
    plots.show(row[0], plots.to_image(image))
    row[0].text(0.5, -0.04, run.classes[int(trace.scores[0].argmax())], ha="center", va="top",
                transform=row[0].transAxes, fontsize=8)
    for axes, layer in zip(row[1:3], ("relu1", "relu3")):
        busiest = trace[layer][0, int(trace[layer][0].max(axis=(1, 2)).argmax())]
        plots.show(axes, busiest / (busiest.max() or 1))
    for axes, layer in zip(row[3:], LAYERS):
        channel = int(trace[layer][0].max(axis=(1, 2)).argmax())
        unit = strongest(trace, layer, channel)
        plots.show(axes, plots.to_display(project(net, trace, layer, unit)))
