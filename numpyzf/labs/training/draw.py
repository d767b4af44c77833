"""Two nets, trained by the student's functions: from weights that are too small, and from He's."""
import numpy as np

from ... import data, models, plots
from ...functional import softmax_cross_entropy
from ...layers import Dropout

STEPS, EPOCH, BATCH = 120, 20, 32       # steps in all, and until the rate is looked at; images
PIECES = (20, 12)                       # in which a batch goes through the net
# Name, color, line, and epochs until the rate drops. The second keeps its rate: so it isn't a low
# rate that holds it at chance.
WAYS = {"he": ("He's first weights", plots.BLUE, "-", 1),
        "paper": ("deviation 0.01", plots.ORANGE, "--", STEPS)}


class StudentDropout(Dropout):
    """Dropout by a student's function."""

    def __init__(self, rate, student):
        super().__init__(rate)
        self.student = student

    def forward(self, x, train=False, rng=None):
        """The student's y, and the student's mask."""
        return self.student.dropout(x, self.rate, rng, train)


def draw(student):
    """Draw the loss of both trainings, how large a signal is at the start, filters, and answers.

    student: has draw_weights, mean_gradient, momentum_step, next_rate, renormalize and dropout.
    Returns a matplotlib figure.
    """
    train, test = (data.load("fashion-mnist-small", split) for split in ("train", "test"))
    mean, deviation = train.images.mean(axis=0), train.images.std()

    def prepare(images):
        return ((images - mean) / deviation).astype(np.float32)

    with plots.style():
        figure = plots.figure(9.0, 5.6)
        upper, lower = figure.subfigures(2, 1, height_ratios=(1.25, 1))
        losses, sizes = upper.subplots(1, 2)
        filters, answers = lower.subfigures(1, 2, width_ratios=(1, 2.2))
        for way, (name, color, line, patience) in WAYS.items():
            net, rng = _first_net(student, way), np.random.default_rng(1)
            trace = net.forward(prepare(test.images[:64]))
            relus = [layer for layer in net.layers if layer.startswith("relu")]
            rms = [np.sqrt(np.mean(trace[layer] ** 2)) for layer in relus]
            sizes.semilogy(relus, rms, "o" + line, color=color, label=name)
            loss = _train(student, net, train, test, prepare, rng, patience)
            losses.plot(range(1, STEPS + 1), loss, line, color=color, label=name)
            if way == "he":
                _draw_answers(filters, answers, net, test, prepare)
        losses.axhline(np.log(10), color=plots.GRAY, linewidth=1)
        losses.annotate("chance: ln 10", (0.02, np.log(10)), xycoords=("axes fraction", "data"),
                        xytext=(0, 3), textcoords="offset points", color=plots.NOTE, fontsize=8)
        losses.set(xlabel=f"step of {BATCH} images", ylabel="loss", ylim=(0, 3.2))
        sizes.set(ylabel="RMS value before training")
        for axes in (losses, sizes):
            axes.legend(loc="lower left")
            axes.grid(axis="y", color=plots.GRID, linewidth=0.8)
        figure.suptitle("Trained by your functions: a lab net, on pictures of clothes")
    return figure


def _first_net(student, way):
    """A lab net with the student's first weights, and the student's dropout."""
    rng, net = np.random.default_rng(0), models.labnet(10)
    for name, value in net.parameters.items():
        if name.endswith(".w"):
            # the first layer starts small either way: then its filters grow out of what they see
            kind = "paper" if name == "conv1.w" else way
            value[...] = student.draw_weights(value.shape, kind, rng)
    for name, layer in net.layers.items():
        if isinstance(layer, Dropout):
            net.layers[name] = StudentDropout(layer.rate, student)
    return net


def _train(student, net, train, test, prepare, rng, patience):
    """Train by the student's functions; returns the loss of each step."""
    velocity = {name: np.zeros_like(w) for name, w in net.parameters.items()}
    rate, losses, accuracies = 0.02, [], []
    for step in range(1, STEPS + 1):
        rows = rng.integers(len(train.images), size=BATCH)
        x, labels = prepare(train.images[rows]), train.labels[rows]
        loss, grads, start = 0, [], 0
        for count in PIECES:
            piece = slice(start, start + count)
            trace = net.forward(x[piece], train=True, rng=rng)
            piece_loss, dscores = softmax_cross_entropy(trace.scores, labels[piece])
            grads.append(net.backward(trace, dscores))
            loss, start = loss + piece_loss * count / BATCH, start + count
        for name, w in net.parameters.items():
            gradient = student.mean_gradient(np.stack([each[name] for each in grads]), [*PIECES])
            w[...], velocity[name] = student.momentum_step(w, velocity[name], gradient, rate=rate,
                                                           momentum=0.9)
            if w.ndim == 4:
                w[...] = student.renormalize(w, 0.1)
        losses.append(loss)
        if step % EPOCH == 0:
            scores = net.predict(prepare(test.images[-200:]))
            accuracies.append(float(np.mean(scores.argmax(axis=1) == test.labels[-200:])))
            rate = student.next_rate(rate, accuracies, patience, 0.3)
    return losses


def _draw_answers(filters, answers, net, test, prepare):
    """The filters of the first layer, and what the net says to some pictures."""
    plots.show(filters.subplots(), plots.filters_image(net.parameters["conv1.w"]))
    filters.suptitle("filters of conv1 after training", fontsize=9)
    said = net.predict(prepare(test.images[:12])).argmax(axis=1)
    for axes, image, answer, label in zip(answers.subplots(2, 6).flat, test.images, said,
                                          test.labels):
        plots.show(axes, plots.to_image(image))
        color = "black" if answer == label else plots.ORANGE
        axes.set_title(test.classes[answer], fontsize=7, color=color)
    answers.suptitle("what that net says; orange is wrong", fontsize=9)
