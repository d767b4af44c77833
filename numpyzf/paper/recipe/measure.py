"""The signal in a net that has not learned yet, how trainings went, and the sizes of filters."""
from typing import NamedTuple

import numpy as np

from ...functional import softmax_cross_entropy
from ...tour import filters
from ...training import Recipe, accuracy, filter_rms


BETTER = 1.5        # than guessing is a net whose accuracy is so many times that of guessing


class Signals(NamedTuple):
    """What one batch does in a net, for each of its L convolutions and fully connected layers."""
    layers: list                # their names
    inputs: np.ndarray          # (L,): how many numbers a unit adds up
    activations: np.ndarray     # (L,): standard deviation of the outputs, before the ReLU
    gradients: np.ndarray       # (L,): RMS gradient of an image's own loss at these outputs
    changes: np.ndarray         # (L,): by which share of itself one step changes the weights


class Trainings(NamedTuple):
    """How the trainings from one kind of start went, one per seed."""
    histories: list         # of training.train: one dictionary per epoch
    waits: list             # epochs at chance
    accuracies: list        # on test images, 0 … 1


def measure(net, x, labels, *, rate=Recipe().rate):
    """Measure what one batch does in a net. Nothing is dropped or learned.

    net: Network.
    x: float32 (N, C, H, W), the net's input.
    labels: (N,).
    rate: of the step, which is one of gradient descent without momentum.

    The standard deviation and the RMS values are over images, maps and places. The change of the
    weights is rate · RMS(gradient) / RMS(weights). Returns Signals.
    """
    trace = net.forward(x)
    _, dy = softmax_cross_entropy(trace.scores, labels)
    names, rows = list(net.layers), []
    for name in reversed(names):
        layer, gradient = net.layers[name], len(x) * rms(dy)    # the loss is the batch's mean
        dy, own = layer.backward(dy, trace.saved[name], need_dx=name != names[0])
        if "w" in own:
            w = layer.params["w"]
            rows.append((w[0].size, np.std(trace[name], dtype=np.float64), gradient,
                         rate * rms(own["w"]) / max(rms(w), 1e-30)))
    layers = [name for name in names if "w" in net.layers[name].params]
    return Signals(layers, *np.array(rows[::-1], np.float64).T)


def rms(array):
    """The RMS value of all numbers of an array, float64."""
    return np.sqrt(np.mean(np.square(array, dtype=np.float64)))


def measure_trainings(runs, test, chance):
    """How some trainings went.

    runs: list of runs.Run, one per seed.
    test: data.Dataset of test images.
    chance: the share of the most frequent class, 0 … 1.
    Returns Trainings.
    """
    histories = [run.history for run in runs]
    return Trainings(histories, [epochs_at_chance(history, chance) for history in histories],
                     [accuracy(run.net, test.images, test.labels, run.prepare) for run in runs])


def epochs_at_chance(history, chance):
    """How many epochs pass before a net is better than guessing; all epochs if it never is.

    history: one dictionary per epoch, as training.train makes it.
    chance: the share of the most frequent class, 0 … 1.

    Better than guessing: the validation accuracy is BETTER times that of guessing, or more.

    >>> epochs_at_chance([{"validation_accuracy": a} for a in (0.1, 0.12, 0.4, 0.1)], 0.1)
    2
    """
    better = [row["validation_accuracy"] >= BETTER * chance for row in history]
    return better.index(True) if True in better else len(history)


def filter_sizes(net):
    """The RMS value of each filter of each convolution: {layer: (F,)}."""
    return {name: filter_rms(net.layers[name].params["w"]) for name in net.convolutions}


def held_back(net, radius):
    """The share of each convolution's filters that renormalization holds back: {layer: 0 … 1}."""
    return {name: filters.at_radius(net.layers[name].params["w"], radius)
            for name in net.convolutions}
