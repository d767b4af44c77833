"""Classes that a net has learned, and classes that it hasn't: what Figure 9 and Table 7 share.

Half of the classes train a net. The other half, the new classes, are to be learned from few images,
with the help of what the net has learned on its own half.
"""
from typing import NamedTuple

import numpy as np

from .. import data, runs
from ..data.preprocess import Prepared
from .claims import NotTestable
from .study import RECIPES, check_classes, first_of_each, flips, images_of

KINDS = ("scenes", "images")    # of pictures: rendered scenes, and the images of the study
SEEDS = 3                       # how many splits are drawn of each kind
MOST_EXAMPLES = 60              # of each new class, to learn from
MOST_TESTS = 2000               # images of all new classes, to test on
SAME = 0.95                     # normalized correlation above which two images count as the same


class Split(NamedTuple):
    """A net that knows half of the classes, and images of the other half.

    Images of the old classes that look the same as an image of the new ones were left out of the
    net's training.
    """
    old_classes: tuple          # names
    new_classes: tuple          # names; the labels of `examples` and `test` count in them
    run: runs.Run               # the net, trained on the old classes
    examples: data.Dataset      # new classes, in random order, as many images of each: to learn
    test: data.Dataset          # new classes, in random order: to test
    twins: np.ndarray           # uint8 (pairs, 2, C, H, W): twins[:, 0] was left out of the net's
    #                             training, as twins[:, 1] in `examples` or `test` looks the same
    correlations: np.ndarray    # (pairs,), float32: of each pair, largest first


def split_classes(study, kind, seed):
    """Draw half of the classes, train a net on them, and keep the other half to learn and to test.

    study: a Study; it keeps the net.
    kind: one of KINDS.
    seed: draws the classes, and the order of the images.
    Returns a Split. Raises NotTestable for fewer than four classes, or for too few images of one.
    """
    train, test = images_of(study, kind)
    if len(train.classes) < 4:
        raise NotTestable("half of the classes train a net, and the other half are new to it: that "
                          f"takes four classes at least; here are {len(train.classes)}")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(train.classes))
    old, new = np.sort(order[::2]), np.sort(order[1::2])
    source, examples, test = subset(train, old), subset(train, new), subset(test, new)
    check_classes(examples, 2, "to learn new classes")
    check_classes(test, 1, "to test new classes")
    examples = _draw_examples(examples, rng)
    test = take(test, rng.permutation(len(test.labels))[:MOST_TESTS])
    seen_later = np.concatenate([examples.images, test.images])
    correlations, partners = closest(source.images, seen_later)
    same = correlations > SAME
    left_out = np.flatnonzero(same)[np.argsort(-correlations[same], kind="stable")]
    twins = np.stack([source.images[left_out], seen_later[partners[left_out]]], axis=1)
    run = train_on(study, f"{kind}-old-classes-seed-{seed}", take(source, ~same), seed=seed,
                   recipe=RECIPES[kind])
    return Split(source.classes, examples.classes, run, examples, test, twins,
                 correlations[left_out])


def _draw_examples(dataset, rng):
    """As many images of each class, MOST_EXAMPLES if there are so many, in random order."""
    order = rng.permutation(len(dataset.labels))
    count = min(MOST_EXAMPLES, np.bincount(dataset.labels).min())
    return take(dataset, order[first_of_each(dataset.labels[order], count)])


def train_on(study, name, images, *, seed, recipe):
    """Train a net on a data.Dataset, under a name of its own; returns a Run."""
    return study.train_run(name, images, recipe=recipe, seed=seed, flip=flips(images.images))


# ---- images and their classes -------------------------------------------------------------------

def subset(dataset, classes):
    """The images of some classes, given by their numbers; the labels count in `classes`.

    Returns a data.Dataset.
    """
    classes = np.asarray(classes)
    rows = np.flatnonzero(np.isin(dataset.labels, classes))
    labels = (dataset.labels[rows, None] == classes).argmax(axis=1)
    return data.Dataset(dataset.images[rows], labels, tuple(dataset.classes[c] for c in classes))


def take(dataset, rows):
    """Some images of a data.Dataset, in the order of `rows`: indices, or one bool per image."""
    return data.Dataset(dataset.images[rows], dataset.labels[rows], dataset.classes)


def closest(images, others, batch=500):
    """For each image, the one of `others` that looks most like it, at any brightness and contrast.

    images: (N, C, H, W).
    others: (M, C, H, W).
    batch: how many images are compared at a time.
    Returns (correlations, indices): float32 (N,), the normalized correlation of all values, and
    integers (N,), which of `others` it is. The correlation is 1 for images that differ in
    brightness and contrast only; an image of one gray has 0 with all.
    """
    others, correlations, indices = _normalized(others), [], []
    for n in range(0, len(images), batch):
        correlation = _normalized(images[n:n + batch]) @ others.T       # (batch, M)
        correlations.append(correlation.max(axis=1))
        indices.append(correlation.argmax(axis=1))
    return np.concatenate(correlations), np.concatenate(indices)


def _normalized(images):
    """Rows (N, values) of mean 0 and length 1; a row of zeros for an image of one gray."""
    x = images.reshape(len(images), -1).astype(np.float32)
    x -= x.mean(axis=1, keepdims=True)
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-6)


# ---- features -----------------------------------------------------------------------------------

def features(run, images, layers):
    """The outputs of some layers of a run's net, a row for each image.

    run: a runs.Run.
    images: uint8 (N, C, H, W).
    layers: names; "input" is the prepared pixels.
    Returns {layer: float32 (N, values)}.
    """
    inputs = Prepared(images, run.prepare)
    outputs = run.net.outputs(inputs, [name for name in layers if name != "input"], batch=250)
    if "input" in layers:
        outputs["input"] = inputs[:]
    return {layer: outputs[layer].reshape(len(images), -1) for layer in layers}
