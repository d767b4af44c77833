"""The student's pooling in a trained net: what goes up through it, and what comes down."""
import copy

import numpy as np

from ... import plots, runs
from ...data import scenes
from ...deconvnet import project, strongest
from ...functional import Switches
from ...layers import MaxPool

CLASSES = ("cat", "fish", "bird", "car", "boat")
LAYERS = ("conv2", "conv3", "conv5")


class StudentPool(MaxPool):
    """A max pool that is made of a student's functions."""

    def __init__(self, window, ceil, student):
        super().__init__(window.size, stride=window.stride, pad=window.pad, ceil=ceil)
        self.student = student

    def forward(self, x, train=False, rng=None):
        """The student's maxima, and the student's switches."""
        size, stride, pad = self.window
        windows = {"size": size, "stride": stride, "pad": pad, "ceil": self.ceil}
        y = self.student.max_pool(x, **windows)
        return y, Switches(self.student.find_switches(x, **windows), x.shape)

    def project(self, r, saved, image_of, rule):
        """The student's unpooling."""
        return self.student.unpool(r, saved.index[image_of], (len(r), *saved.x_shape[1:]))


def draw(student):
    """Draw drawn scenes, conv1's strongest map of each before and after pooling, and projections.

    student: has max_pool, find_switches and unpool.
    Returns a matplotlib figure.
    """
    run = runs.pretrained()
    net = copy.deepcopy(run.net)
    for name, layer in net.layers.items():
        if isinstance(layer, MaxPool):
            net.layers[name] = StudentPool(layer.window, layer.ceil, student)
    images = scenes.render(len(CLASSES), np.random.default_rng(4), size=32, classes=CLASSES,
                           centered=True).images
    with plots.style():
        figure = plots.figure(1.15 * (4 + len(LAYERS)), 1.2 * len(images) + 0.4)
        panels = figure.subplots(len(images), 4 + len(LAYERS))
        for row, image in zip(panels, images):
            _draw_row(row, net, run.prepare(image[None]), image)
        titles = ["image", "conv1, one map", "your pooling", "your unpooling",
                  *(f"from {layer}" for layer in LAYERS)]
        for axes, title in zip(panels[0], titles):
            axes.set_title(title)
        figure.suptitle("Your functions in a net trained on CIFAR-10: up, and down to the pixels")
    return figure


def _draw_row(row, net, x, image):
    """One image: a map before and after pooling, and back, and projections of strong units."""
    trace = net.forward(x)
    busiest = int(trace["relu1"][0].max(axis=(1, 2)).argmax())
    up, pooled = trace["relu1"], trace["pool1"]
    back = net.layers["pool1"].project(pooled, trace.saved["pool1"], np.array([0]), None)
    scale = up[0, busiest].max() or 1
    plots.show(row[0], plots.to_image(image))
    for axes, maps in zip(row[1:], (up, pooled, back)):
        plots.show(axes, np.clip(maps[0, busiest] / scale, 0, 1))
    for axes, layer in zip(row[4:], LAYERS):
        channel = int(trace[layer][0].max(axis=(1, 2)).argmax())
        unit = strongest(trace, layer, channel)
        plots.show(axes, plots.to_display(project(net, trace, layer, unit)))
