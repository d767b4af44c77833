"""Training as the paper does it (section 3): mini-batches, SGD with momentum, filters that are
renormalized, and a rate that is lowered when the validation accuracy stalls.
`train_step` is one step, `train` the loop; runs/ keeps a training on disk.
"""
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from . import checks, kernels
from .functional import softmax_cross_entropy


class Recipe(NamedTuple):
    """How to train. Batch, rate, momentum and radius are the paper's; it trains for 70 epochs."""
    epochs: int = 10
    batch: int = 128                    # images per step
    rate: float = 1e-2                  # the learning rate at the start
    momentum: float = 0.9               # how much of the last step is kept
    radius: float = 1e-1                # the RMS value that filters are scaled back to
    renormalize: tuple | None = None    # convolutions to renormalize; None: all of them
    frozen: tuple | None = None         # layers whose parameters stay as they are; None: none
    patience: int = 2                   # epochs without a better accuracy, then the rate drops
    factor: float = 0.1                 # what the rate is then multiplied by
    settle: int = 2                     # last epochs, a third at most, with rate·factor or less


@dataclass
class State:
    """A training between two epochs: what a checkpoint holds of it."""
    net: object
    rng: np.random.Generator
    rate: float
    velocity: dict = field(default_factory=dict)    # the last step of each parameter
    history: list = field(default_factory=list)     # one dictionary per finished epoch

    def __post_init__(self):
        checks.seedable(self.rng)
        for name, value in self.net.parameters.items():
            self.velocity.setdefault(name, np.zeros_like(value))


# ---- one step ----------------------------------------------------------------------------------
def train_step(state, x, labels, rate, recipe):
    """One mini-batch: forward, loss, backward, momentum step, renormalization.

    x: (N, C, H, W), prepared for the net.
    labels: integers (N,).
    rate: the learning rate of this step.
    Returns the loss and the number of right answers. Raises ValueError if the loss isn't finite.
    """
    trace = state.net.forward(x, train=True, rng=state.rng)
    loss, dscores = softmax_cross_entropy(trace.scores, labels)
    if not np.isfinite(loss):
        raise checks.diverged(f"the loss is {loss}", rate)
    grads, frozen = state.net.backward(trace, dscores), recipe.frozen or ()
    trained = {name: w for name, w in state.net.parameters.items()
               if name.rpartition(".")[0] not in frozen}
    momentum_step(trained, state.velocity, grads, rate=rate, momentum=recipe.momentum)
    for name in state.net.convolutions:
        if name not in frozen and (recipe.renormalize is None or name in recipe.renormalize):
            renormalize_filters(state.net.layers[name].params["w"], recipe.radius)
    return loss, int((trace.scores.argmax(axis=1) == labels).sum())


def momentum_step(parameters, velocity, grads, *, rate, momentum):
    """One step of SGD with momentum, in place.

    v = momentum·v − rate·gradient,  parameter += v

    parameters, velocity, grads: dictionaries of arrays; the last two have what the first has.
    """
    for name, w in parameters.items():
        v, gradient, number = velocity[name], grads[name], w.dtype.type
        gradient = checks.array(f"the gradient of {name}", gradient, like=w.dtype, shape=w.shape,
                                why="that of the parameter")
        checks.array(f"the velocity of {name}", v, like=checks.array(name, w).dtype, shape=w.shape)
        if not all(own.flags.c_contiguous and own.flags.writeable for own in (w, v)):
            raise ValueError(f"{name} must be C-contiguous and writable, to be changed in place")
        kernels.run(kernels.momentum_step, w.size, w.reshape(-1), v.reshape(-1),
                    gradient.reshape(-1), number(rate), number(momentum))


def renormalize_filters(w, radius):
    """Scale filters of w (F, C, K, K) whose RMS value exceeds `radius` back to it, in place."""
    scale = radius / np.maximum(filter_rms(w), radius)
    w *= scale.astype(w.dtype)[:, None, None, None]


def filter_rms(w):
    """The RMS value of each filter of w (F, C, K, K): float64 (F,)."""
    return np.sqrt(np.mean(np.square(w, dtype=np.float64), axis=(1, 2, 3)))


# ---- many steps --------------------------------------------------------------------------------
def accuracy(net, images, labels, prepare, *, batch=256):
    """The share of images, uint8 (N, C, H, W), whose highest score is their label's.

    prepare: prepare(images) makes the net's input.
    """
    right, labels = 0, checks.one_label_each("labels", labels, len(images))
    batch = checks.integer("batch", batch, 1)
    for n in range(0, len(images), batch):
        scores = net.predict(prepare(images[n:n + batch]), batch=batch)
        right += int((scores.argmax(axis=1) == labels[n:n + batch]).sum())
    return right / len(images)


def train(state, images, labels, validation, *, prepare, recipe, save=None, after_epoch=None,
          progress=None):
    """Train from where `state` is up to recipe.epochs epochs; returns the state, which is changed.

    images, labels: uint8 (N, C, H, W) and integers (N,).
    validation: images and labels held out from them.
    prepare: prepare(images, rng=None) makes the net's input; with rng it may crop and flip.
    save: save(state) is called after every epoch, and then after_epoch(state).
    progress: progress(epoch, seen, loss, accuracy) is called after every step, with what the
    `seen` images of this epoch gave.
    """
    checks.recipe(recipe)
    labels, validation = checks.training_data(state.net, images, labels, validation, recipe)
    while len(state.history) < recipe.epochs:
        epoch = len(state.history) + 1
        settling = epoch > recipe.epochs - min(recipe.settle, recipe.epochs // 3)
        rate = min(state.rate, recipe.rate * recipe.factor) if settling else state.rate
        # an overflow ends in an error, here or in train_step; NumPy's warnings add nothing
        with np.errstate(over="ignore", invalid="ignore"):
            loss, share = train_epoch(state, images, labels, prepare, rate, recipe, progress)
        if not all(np.isfinite(w).all() for w in state.net.parameters.values()):
            raise checks.diverged("parameters aren't finite", rate)
        state.history.append({"epoch": epoch, "rate": rate, "loss": loss, "train_accuracy": share,
                              "validation_accuracy": accuracy(state.net, *validation, prepare)})
        accuracies = [row["validation_accuracy"] for row in state.history]
        state.rate = next_rate(state.rate, accuracies, recipe)
        if save:
            save(state)
        if after_epoch:
            after_epoch(state)
    return state


def train_epoch(state, images, labels, prepare, rate, recipe, progress=None):
    """One pass over the images, in an order drawn anew; returns the loss and the accuracy."""
    order = state.rng.permutation(len(images))
    total = right = seen = 0
    for start in range(0, len(images), recipe.batch):
        rows = order[start:start + recipe.batch]
        x = prepare(images[rows], state.rng)
        loss, correct = train_step(state, x, labels[rows], rate, recipe)
        total, right, seen = total + loss * len(rows), right + correct, seen + len(rows)
        if progress:
            progress(len(state.history) + 1, seen, total / seen, right / seen)
    return total / seen, right / seen


def next_rate(rate, accuracies, recipe):
    """The rate after epochs with these validation accuracies.

    It drops when the best of them is `patience` epochs old, and again after as many more; an equal
    one is not better. `train` lowers it too, for the last Recipe.settle epochs.

    >>> recipe = Recipe(patience=2)
    >>> next_rate(0.01, [0.5, 0.7, 0.6], recipe), next_rate(0.01, [0.5, 0.7, 0.6, 0.7], recipe)
    (0.01, 0.001)
    """
    age = len(accuracies) - 1 - int(np.argmax(accuracies))
    return rate * recipe.factor if age and age % recipe.patience == 0 else rate
