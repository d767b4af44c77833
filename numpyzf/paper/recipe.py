"""The paper's training recipe (section 3) as it stands, against He initialization: what each does to the signal in a net that
has not learned yet, how the training then goes, and which filters renormalization holds back.
"""
from typing import NamedTuple

import numpy as np

from .. import functional as F
from .. import models, plots, runs, training
from ..data import preprocess, scenes
from ..data.preprocess import Preparation
from ..tour import filters, training_curve
from ..page import Section
from .claims import Claim, Report, spread, verdict
from .study import RECIPES

EPOCHS = 2      # of the nets that begin as the paper's: enough to see whether they move
CONSTANT = {"rate": 1e-2, "patience": EPOCHS, "settle": 0}    # the paper's, and never lower because validation accuracy stalls


class Signals(NamedTuple):
    """What one batch does in a net, for each of its L convolutions and fully connected layers; all float64 (L,).

    layers: their names. inputs: how many numbers a unit adds up. activations: standard deviation of the outputs, before the ReLU, over
    images, maps and places. gradients: RMS value of the gradient of each image's own loss with respect to these outputs. changes: by
    which share of itself one step of gradient descent, without momentum, changes the weights: rate · RMS(gradient) / RMS(weights).
    """
    layers: list
    inputs: np.ndarray
    activations: np.ndarray
    gradients: np.ndarray
    changes: np.ndarray


def compute(net, x, labels, *, rate=training.Recipe().rate):
    """Measure the Signals of one batch: x float32 (N, C, H, W), a net's input, and its labels (N,). Nothing is dropped or learned."""
    trace = net.forward(x)
    _, dy = F.softmax_cross_entropy(trace.scores, labels)
    names, rows = list(net.layers), []
    for name in reversed(names):
        layer, gradient = net.layers[name], len(x) * _rms(dy)       # the loss is the mean over the batch
        dy, own = layer.backward(dy, trace.saved[name], need_dx=name != names[0])
        if "w" in own:
            w = layer.params["w"]
            rows.append((w[0].size, np.std(trace[name], dtype=np.float64), gradient, rate * _rms(own["w"]) / max(_rms(w), 1e-30)))
    return Signals([name for name in names if "w" in net.layers[name].params], *np.array(rows[::-1], np.float64).T)


def _rms(array):
    return np.sqrt(np.mean(np.square(array, dtype=np.float64)))


def epochs_at_chance(history, chance):
    """How many epochs pass before a net is better than guessing: its validation accuracy is 1.5 times that of guessing, or more.

    history: as training.train makes it. chance: the share of the most frequent class, 0 … 1. All epochs if it never is.

    >>> epochs_at_chance([{"validation_accuracy": a} for a in (0.1, 0.12, 0.4, 0.1)], 0.1)
    2
    """
    better = [row["validation_accuracy"] >= 1.5 * chance for row in history]
    return better.index(True) if True in better else len(history)


def train_unscaled(study, seed):
    """Train a labnet as the paper says, Gaussian of 0.01 and pixels of about ±128: (net, prepare, history). Kept in the study's folder.

    runs.train_run would divide the pixels by their standard deviation; all else is as there.
    """
    name = f"images-unscaled-paper-seed-{seed}"
    path = study.out / "nets" / name / "checkpoint.npz"
    recipe = RECIPES["images"]._replace(epochs=2 if study.quick else EPOCHS, **CONSTANT)
    images, labels, classes = study.train
    rng = np.random.default_rng(seed)
    rows, held = runs.hold_out(labels, rng)
    color = images.shape[1] == 3
    prepare = Preparation(preprocess.mean_image(images[rows]), 1.0, images.shape[2], 0, color)
    net = models.labnet(images.shape[1:], len(classes))
    if path.exists():
        state, _ = training.load_checkpoint(path, lambda about: net)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        state = training.State(net.initialize(rng, "paper"), rng, recipe.rate)
    study.report(f"  net {name}")
    for state in training.train(state, images[rows], labels[rows], (images[held], labels[held]), prepare=prepare, recipe=recipe,
                                save=lambda state: training.save_checkpoint(path, state, {})):
        pass
    return state.net, prepare, state.history


# ---- pictures -------------------------------------------------------------------------------------------------------

def draw(signals):
    """Draw Signals of several nets with layers of the same names, {name: Signals}, over the layers; returns a matplotlib figure."""
    looks = [("o-", plots.BLUE), ("s--", plots.ORANGE), ("^:", "#444444"), ("D-.", plots.GRAY)]
    with plots.style():
        figure = plots.figure(8.8, 3.5)
        panels = figure.subplots(1, 3)
        fields = [("activations", "on the way up", "activations, standard deviation"),
                  ("gradients", "on the way down", "gradient of the loss, RMS"), ("changes", "what a step changes", "change of the weights in one step")]
        for axes, (field, title, label) in zip(panels, fields):
            for (line, color), (name, signal) in zip(looks, signals.items()):
                axes.plot(range(len(signal.layers)), np.maximum(getattr(signal, field), 1e-30), line, color=color, label=name)
            axes.set(yscale="log", xticks=range(len(signal.layers)), title=title, ylabel=label)
            axes.set_xticklabels(signal.layers, rotation=60)
            axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def draw_radius(nets, radius):
    """Draw the RMS value of every filter of every convolution, {name: net}, and the radius of renormalization; a matplotlib figure."""
    with plots.style():
        figure = plots.figure(8.8, 3.0)
        panels = figure.subplots(1, len(nets), sharey=True, squeeze=False)[0]
        for axes, (name, net) in zip(panels, nets.items()):
            weights = convolutions(net)
            for place, w in enumerate(weights.values()):
                values = np.sort(filters.rms(w))
                axes.plot(place + np.linspace(-0.3, 0.3, len(values)), values, "o", color=plots.BLUE, markersize=2.5)
            axes.axhline(radius, color=plots.ORANGE, linestyle="--", linewidth=1.2)
            axes.annotate(f"radius {radius:g}", (0.99, radius), xycoords=("axes fraction", "data"), xytext=(0, 2),
                          textcoords="offset points", ha="right", va="bottom", fontsize=8, color=plots.ORANGE)
            axes.set(title=name, xticks=range(len(weights)), xticklabels=list(weights))
        panels[0].set(ylabel="RMS value of a filter", ylim=(0, None))
    return figure


def convolutions(net):
    """The filters of every convolution of a net, {name: w (F, C, K, K)}."""
    return {name: layer.params["w"] for name, layer in net.layers.items() if np.ndim(layer.params.get("w")) == 4}


# ---- the item -------------------------------------------------------------------------------------------------------

HE, SMALL, STATED = "He", "Gaussian of 0.01", "Gaussian of 0.01, pixels ±128"
DEEP = "the paper's net, Gaussian of 0.01, pixels ±128"

CURVES = """The paper's recipe: weights from a Gaussian of deviation 0.01, pixels of about ±128, a rate of 0.01 with momentum 0.9, \
dropout, and filters whose RMS value exceeds 0.1 scaled back. The dotted lines are nets trained so (with batches of 32 and a quarter \
dropped, for a small net). The dashed ones see pixels divided by their standard deviation. The solid ones are the nets used on the rest of \
this page: in addition, their weights begin with a variance of 2 over the number of a unit's inputs, as He and others proposed two years \
later; but for the first layer, which stays at 0.01.

Thin lines are single nets, each from other random numbers, thick ones their mean. A loss of {loss:.2f} is that of guessing among \
{classes} classes. The rate of the nets that begin as the paper's was left at 0.01 throughout, so that it isn't lowered because they stall."""

SIGNALS = """Why a net stalls, seen in one batch before any training. Left: how much the outputs of each layer vary; a sum of n numbers \
weighted by numbers of deviation 0.01 is 0.01·√n times as large as they are, and the ReLU removes half of their energy. Middle: the \
gradient, which comes down through the same weights and shrinks in the same way. Right: what decides. A weight's gradient is a product of \
both, and this is by which part of itself one step changes the weights: at 10⁻⁶ it takes about a million steps to become another net. \
Scales are logarithmic.

The recipe belongs to a wide net. The paper's own (gray, on scenes of 224×224 pixels) has the same eight layers, but many times more inputs \
to a unit, and loses far less from layer to layer. (Its gradient begins lower, as it is spread over 1000 scores.) The table has how many times larger each layer's outputs are than the one's before it: \
predicted as 0.01·√(n/2), and measured, where pools and contrast normalization play a part too."""

RADIUS = """Each dot is a filter of a trained net, sorted by its RMS value within its layer. Those that renormalization holds back lie on the \
dashed line. It can hold back any convolution's, but upper layers begin at their own size, {start} in conv5, and grow little beyond it; \
conv1 begins at 0.01, and grows the most."""


def reproduce(study):
    """The recipe on the study's images: a Report."""
    images, labels, classes = study.test
    chance = np.bincount(study.train.labels).max() / len(study.train.labels)
    he = [study.run_of("images", seed) for seed in study.seeds]
    small = [study.run_of("images", seed, epochs=EPOCHS, recipe=CONSTANT, initialization="paper") for seed in study.seeds[:2]]
    trained = {HE: [(run.net, run.prepare, run.history) for run in he], SMALL: [(run.net, run.prepare, run.history) for run in small],
               STATED: [train_unscaled(study, seed) for seed in study.seeds[:2]]}
    waits = {name: [epochs_at_chance(history, chance) for _, _, history in nets] for name, nets in trained.items()}
    accuracies = {name: [100 * training.accuracy(net, images, labels, prepare) for net, prepare, _ in nets]
                  for name, nets in trained.items()}
    shown = {"images": he[0].net, "scenes": study.run_of("scenes").net}
    signals = _signals(study, {name: nets[0][1] for name, nets in trained.items()})
    text = CURVES.format(loss=np.log(len(classes)), classes=len(classes))
    return Report(_claims(study, trained, waits, accuracies), [
        Section("The recipe as it stands, and He's start", text,
                training_curve.draw_compared({name: [history for _, _, history in nets] for name, nets in trained.items()}, chance),
                alt="Loss and validation accuracy over the epochs for three ways to begin"),
        Section("What becomes of the signal", SIGNALS, draw(signals), _factors(signals[SMALL], signals[DEEP]),
                alt="Three plots over the layers: activations, gradients, change of the weights"),
        Section("What renormalization holds back", RADIUS.format(start=f"{np.sqrt(2 / convolutions(he[0].net)['conv5'][0].size):.2f}"),
                draw_radius(shown, training.Recipe().radius),
                alt="Dots for the RMS value of every filter, by layer, and the radius as a line")])


def _signals(study, prepares):
    """Signals at the start of labnets, each with its way to prepare images, and of the paper's net on scenes in its own size."""
    images, labels, classes = study.train
    signals, count = {}, 2 if study.quick else 8
    for name, prepare in prepares.items():
        net = models.labnet(images.shape[1:], len(classes)).initialize(np.random.default_rng(0), "he" if name == HE else "paper")
        signals[name] = compute(net, prepare(images[:count]), labels[:count])
    large = scenes.load("test", size=224, count=count)
    x = preprocess.normalize(large.images, large.images.mean(axis=(0, 2, 3))[:, None, None], 1.0)
    signals[DEEP] = compute(models.zfnet().initialize(np.random.default_rng(0), "paper"), x, large.labels)
    return signals


def _factors(lab, deep):
    """Table of what each layer makes of the deviation of the one before it, as predicted and as measured."""
    rows = [("layer", "small net: inputs of a unit, n", "predicted", "measured", "paper's net: n", "predicted", "measured")]
    for i, layer in enumerate(lab.layers):
        rows.append((layer, *(cell for signals in (lab, deep) for cell in (
            f"{signals.inputs[i]:,.0f}", f"{0.01 * np.sqrt(signals.inputs[i] / 2):.2f}" if i else "",
            f"{signals.activations[i] / max(signals.activations[i - 1], 1e-30):.2f}" if i else ""))))
    return rows


def _claims(study, trained, waits, accuracies):
    def outcome(name):
        epochs = len(trained[name][0][2])
        return f"{spread(waits[name], '.1f')} of {epochs} epochs at chance, test accuracy {spread(accuracies[name], '.1f', ' %')}"

    radius = training.Recipe().radius
    held = [{name: 100 * filters.at_radius(w, radius) for name, w in convolutions(net).items()}
            for net in [net for net, _, _ in trained[HE]] + [study.run_of("scenes", seed).net for seed in study.seeds]]
    count = len(study.seeds)
    shares = [", ".join(f"{name} {np.mean([row[name] for row in nets]):.0f} %" for name in nets[0])
              for nets in (held[:count], held[count:])]
    return [
        Claim("The recipe (Gaussian of 0.01, pixels of ±128, rate 0.01, momentum, dropout, renormalization) trains the net (tested on a "
              "small net: it gets better than guessing)", outcome(STATED),
              verdict(wait < len(history) for wait, (_, _, history) in zip(waits[STATED], trained[STATED]))),
        Claim("Not the paper's but later work's: a Gaussian of 0.01 stalls deep nets and a variance of 2/inputs doesn't (tested: all epochs "
              "at chance with the first, not one with the second)", f"{SMALL}: {outcome(SMALL)}; {HE}: {outcome(HE)}",
              verdict(a == len(history) and b == 0 for a, b, (_, _, history) in zip(waits[SMALL], waits[HE], trained[SMALL]))),
        Claim("In training some first-layer filters grow to dominate, and renormalization holds them at a radius of 0.1 (tested: some filters "
              "are at it, and a larger share of them in conv1 than in any other convolution)",
              f"at the radius, mean of {count} seeds each: images: {shares[0]}; scenes: {shares[1]}",
              verdict(row["conv1"] > max(share for name, share in row.items() if name != "conv1") for row in held))]
