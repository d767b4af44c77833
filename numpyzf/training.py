"""Training as the paper does it: mini-batch SGD with momentum, filter renormalization, a rate lowered when validation
accuracy stalls, and a checkpoint after every epoch from which a run goes on bit for bit.
"""
import sys
import time
from dataclasses import dataclass, field
from numbers import Integral
from typing import NamedTuple

import numpy as np

from . import kernels
from .functional import softmax_cross_entropy


class Recipe(NamedTuple):
    """How to train. The defaults are the paper's, but for the number of epochs (70 there) and the two of the schedule.

    rate: the learning rate at the start; momentum: how much of the last step is kept; radius: the RMS value that
    filters are scaled back to; renormalize: names of the convolutions whose filters are renormalized, or None for
    all, as in the paper. The rate is multiplied by `factor` when the best validation accuracy is `patience` epochs old,
    and, since a short training may end before that, in the last `settle` epochs (a third of all at most).
    """
    epochs: int = 10
    batch: int = 128
    rate: float = 1e-2
    momentum: float = 0.9
    radius: float = 1e-1
    renormalize: tuple | None = None
    patience: int = 2
    factor: float = 0.1
    settle: int = 2

    def check(self):
        """Raise a ValueError for a value that can't be."""
        for name, least in (("epochs", 1), ("batch", 1), ("patience", 1), ("settle", 0)):
            if not isinstance(getattr(self, name), Integral):
                raise TypeError(f"{name} must be an integer, not {getattr(self, name)!r}")
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(self, name)}")
        for name in ("rate", "radius"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")
        for name in ("momentum", "factor"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie between 0 and 1, not {getattr(self, name)}")


@dataclass
class State:
    """A training between two epochs: all that a checkpoint holds. history has one dictionary per finished epoch."""
    net: object
    rng: np.random.Generator
    rate: float
    velocity: dict = field(default_factory=dict)
    history: list = field(default_factory=list)

    def __post_init__(self):
        if not isinstance(self.rng.bit_generator, np.random.PCG64):
            raise ValueError(f"rng must be as numpy.random.default_rng makes it (PCG64), to be saved, not {self.rng}")
        for name, value in self.net.parameters.items():
            self.velocity.setdefault(name, np.zeros_like(value))


def momentum_step(parameters, velocity, grads, *, rate, momentum):
    """One step of SGD with momentum, in place: v = momentum·v − rate·gradient, parameter += v. Three dictionaries, the same names."""
    for name, w in parameters.items():
        if not w.shape == velocity[name].shape == np.shape(grads[name]):
            raise ValueError(f"the gradient of {name} has shape {np.shape(grads[name])}, the parameter {w.shape}")
        if not (w.flags.c_contiguous and velocity[name].flags.c_contiguous):
            raise ValueError(f"{name} must be C-contiguous, to be changed in place")
        cast = w.dtype.type
        flat = [array.reshape(-1) for array in (w, velocity[name], np.ascontiguousarray(grads[name]))]
        kernels.run(kernels.momentum_step, w.size, *flat, cast(rate), cast(momentum), least=kernels.FEW)


def renormalize_filters(w, radius):
    """Scale every filter of w (F, C, K, K) whose RMS value exceeds `radius` back to it, in place (the paper's section 3)."""
    rms = np.sqrt(np.mean(np.square(w, dtype=np.float64), axis=(1, 2, 3)))
    w *= (radius / np.maximum(rms, radius)).astype(w.dtype)[:, None, None, None]


def train_step(state, x, labels, rate, recipe):
    """One mini-batch at this learning rate: forward, loss, backward, momentum step, renormalization. Returns (loss, number of correct answers)."""
    trace = state.net.forward(x, train=True, rng=state.rng)
    loss, dscores = softmax_cross_entropy(trace.scores, labels)
    if not np.isfinite(loss):
        raise ValueError(f"the loss is {loss}: training has diverged; start again with a lower rate than {rate:g}")
    grads = state.net.backward(trace, dscores)
    momentum_step(state.net.parameters, state.velocity, grads, rate=rate, momentum=recipe.momentum)
    for name, layer in state.net.layers.items():
        w = layer.params.get("w")
        if w is not None and w.ndim == 4 and (recipe.renormalize is None or name in recipe.renormalize):
            renormalize_filters(w, recipe.radius)
    return loss, int((trace.scores.argmax(axis=1) == labels).sum())


class Prepared:
    """uint8 images as inputs of a net, prepared a slice at a time: all of them as floats would take four times the memory."""

    def __init__(self, images, prepare):
        self.images, self.prepare = images, prepare

    def __len__(self):
        return len(self.images)

    def __getitem__(self, rows):
        return self.prepare(self.images[rows])


def accuracy(net, images, labels, prepare, batch=256):
    """Share of uint8 images (N, C, H, W) whose highest score is their label's. prepare(images) makes the net's input."""
    right = 0
    for n in range(0, len(images), batch):
        scores = net.predict(prepare(images[n:n + batch]), batch=batch)
        right += int((scores.argmax(axis=1) == labels[n:n + batch]).sum())
    return right / len(images)


def train(state, images, labels, validation, *, prepare, recipe, save=None, progress=None):
    """Train from where `state` is up to recipe.epochs epochs; yields the state after each one.

    images uint8 (N, C, H, W), labels (N,), validation = (images, labels) held out from them.
    prepare(images, rng=None) -> float32 input of the net; with rng it may crop and flip at random.
    save(state) is called after every epoch, before it is yielded; progress(text) with a line to show, several times a second at most.
    """
    recipe.check()
    if not len(images) == len(labels) > 0:
        raise ValueError(f"training needs one label per image and at least one image, not {len(images)} images, {len(labels)} labels")
    if not len(validation[0]) == len(validation[1]) > 0:
        raise ValueError(f"validation needs images and as many labels, not {len(validation[0])} images, {len(validation[1])} labels")
    convolutions = [name for name, layer in state.net.layers.items() if np.ndim(layer.params.get("w")) == 4]
    if not set(recipe.renormalize or ()) <= set(convolutions):
        raise ValueError(f"renormalize must list convolutions, of {', '.join(convolutions)}, not {recipe.renormalize!r}")
    while len(state.history) < recipe.epochs:
        epoch = len(state.history) + 1
        settling = epoch > recipe.epochs - min(recipe.settle, recipe.epochs // 3)
        rate = min(state.rate, recipe.rate * recipe.factor) if settling else state.rate
        with np.errstate(over="ignore", invalid="ignore"):      # what overflows is told by an error, below and in train_step
            loss, train_accuracy = _epoch(state, images, labels, prepare, rate, recipe, progress)
        if not all(np.isfinite(w).all() for w in state.net.parameters.values()):
            raise ValueError(f"parameters aren't finite: training has diverged; start again with a lower rate than {rate:g}")
        state.history.append({"epoch": epoch, "rate": rate, "loss": loss, "train_accuracy": train_accuracy,
                              "validation_accuracy": accuracy(state.net, *validation, prepare)})
        state.rate = next_rate(state.rate, [row["validation_accuracy"] for row in state.history], recipe)
        if save:
            save(state)
        yield state


def next_rate(rate, accuracies, recipe):
    """The rate after the epochs with these validation accuracies: lowered when the best is `patience` epochs old.

    >>> next_rate(0.01, [0.5, 0.7, 0.6], Recipe(patience=2)), next_rate(0.01, [0.5, 0.7, 0.6, 0.7], Recipe(patience=2))
    (0.01, 0.001)
    """
    age = len(accuracies) - 1 - int(np.argmax(accuracies))
    return rate * recipe.factor if age and age % recipe.patience == 0 else rate


def _epoch(state, images, labels, prepare, rate, recipe, progress):
    order = state.rng.permutation(len(images))
    total = right = seen = 0
    start = shown = time.monotonic()
    epoch, steps = len(state.history) + 1, -(-len(images) // recipe.batch)
    for step in range(steps):
        rows = order[step * recipe.batch:(step + 1) * recipe.batch]
        loss, correct = train_step(state, prepare(images[rows], state.rng), labels[rows], rate, recipe)
        total, right, seen = total + loss * len(rows), right + correct, seen + len(rows)
        now = time.monotonic()
        if progress and (now - shown > 0.2 or step + 1 == steps):
            shown, speed = now, seen / max(now - start, 1e-9)
            left = (len(images) * (recipe.epochs - epoch + 1) - seen) / speed
            progress(f"epoch {epoch}/{recipe.epochs}  loss {total / seen:.3f}  accuracy {right / seen:.1%}  "
                     f"{speed:,.0f} images/s  {_clock(left)} left")
    return total / seen, right / seen


def _clock(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def show_progress(text):
    """Rewrite one line on stderr, or print nothing where stderr isn't a terminal."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
