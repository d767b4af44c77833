"""The student's convolution in a trained net: up by loops and matrices, down to the pixels."""
import copy

import numpy as np

from ... import plots, runs
from ...data import scenes
from ...deconvnet import project, strongest
from ...functional import ConvSaved
from ...layers import Conv

CLASSES = ("cat", "bird", "car")
MAPS, LAYERS = ("conv1", "conv3", "conv5"), ("conv2", "conv3")
EDGES = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)      # Sobel's filter
COLORS = dict(zip(LAYERS, plots.COLORS))


class StudentConv(Conv):
    """A convolution by a student's windows as columns: one matrix product."""

    def __init__(self, layer, student):
        self.window, self.params, self.student = layer.window, layer.params, student
        self.method = "auto"

    def forward(self, x, train=False, rng=None):
        """The filters as rows, times the windows as columns."""
        (size, stride, pad), w, b = self.window, self.params["w"], self.params["b"]
        columns = self.student.unfold(x, size, stride=stride, pad=pad)
        y = w.reshape(len(w), -1) @ columns + b[:, None]    # (F, C·K·K) @ (N, C·K·K, OH·OW)
        sides = (self.student.output_size(n, size, stride, pad) for n in x.shape[2:])
        return y.reshape(len(x), len(w), *sides), ConvSaved(x, w, self.window, self.method)


class FirstConv(StudentConv):
    """The convolution next to the pixels: the student's filtering, up and down."""

    def forward(self, x, train=False, rng=None):
        """The student's filtering."""
        (_, stride, pad), w, b = self.window, self.params["w"], self.params["b"]
        y = self.student.conv_forward(x, w, b, stride=stride, pad=pad)
        return y, ConvSaved(x, w, self.window, self.method)

    def project(self, r, saved, image_of, rule):
        """The student's transposed filtering."""
        _, stride, pad = self.window
        return self.student.conv_transpose(r, saved.w, stride=stride, pad=pad,
                                           size=saved.x.shape[2:])


def draw(student):
    """Draw scenes: their edges, maps of three layers, and two units with what each has seen.

    student: has output_size, conv_forward, unfold, conv_transpose and receptive_field.
    Returns a matplotlib figure.
    """
    run = runs.pretrained()
    net = copy.deepcopy(run.net)
    for name, layer in net.layers.items():
        if isinstance(layer, Conv):
            net.layers[name] = (FirstConv if name == "conv1" else StudentConv)(layer, student)
    images = scenes.render(len(CLASSES), np.random.default_rng(4), size=32, classes=CLASSES,
                           centered=True).images
    titles = ["image", "your edges", *(f"{layer}, one map" for layer in MAPS),
              "two units see", *(f"from {layer}" for layer in LAYERS)]
    with plots.style():
        figure = plots.figure(1.2 * len(titles), 1.25 * len(images) + 0.4)
        panels = figure.subplots(len(images), len(titles))
        for row, image in zip(panels, images):
            _draw_row(row, net, student, run.prepare(image[None]), image)
        for axes, title in zip(panels[0], titles):
            axes.set_title(title, color=COLORS.get(title.removeprefix("from "), "#222222"))
        figure.suptitle("Your functions in a net trained on CIFAR-10: filtering up, transposed "
                        "filtering down")
    return figure


def _draw_row(row, net, student, x, image):
    """One image."""
    trace = net.forward(x, until=MAPS[-1])
    plots.show(row[0], plots.to_image(image))
    plots.show(row[1], _edges(student, image))
    for axes, layer in zip(row[2:], MAPS):
        maps = np.maximum(trace[layer][0], 0)
        busiest = maps[maps.max(axis=(1, 2)).argmax()]
        plots.show(axes, busiest / (busiest.max() or 1))
    seen = row[2 + len(MAPS)]
    plots.show(seen, plots.to_image(image))
    for axes, layer in zip(row[3 + len(MAPS):], LAYERS):
        channel = int(trace[layer][0].max(axis=(1, 2)).argmax())
        unit = strongest(trace, layer, channel)
        plots.show(axes, plots.to_display(project(net, trace, layer, unit)))
        _frame(seen, net, student, layer, unit)


def _edges(student, image):
    """How strongly brightness changes, by two filters: across and along."""
    gray = plots.to_image(image).mean(axis=2).astype(np.float32)
    maps = student.conv_forward(np.pad(gray, 1, mode="edge")[None, None],
                                np.stack([EDGES, EDGES.T])[:, None], np.zeros(2, np.float32),
                                stride=1, pad=0)[0]
    strength = np.hypot(*maps)
    return strength / strength.max()


def _frame(axes, net, student, layer, unit):
    """A frame around the pixels that a unit sees, as many as the student says."""
    names = list(net.layers)
    below = [net.layers[name].window for name in names[:names.index(layer) + 1]]
    size, stride = student.receptive_field([(window.size, window.stride) for window in below])
    first = net.receptive_field(layer).start
    side = net.input_shape[1]
    starts = [first + place * stride for place in unit[2:]]
    # what lies in the padding isn't drawn; the middle of pixel 0 is at 0
    (top, bottom), (left, right) = ((max(start, 0.5) - 0.5, min(start + size, side - 0.5) - 0.5)
                                    for start in starts)
    axes.plot([left, right, right, left, left], [top, top, bottom, bottom, top],
              color=COLORS[layer], linewidth=1.5)
