"""Features and answers of a net under three transformations of its images, in numbers."""
from typing import NamedTuple

import numpy as np

from ... import functional
from ...data import transform
from ...data.preprocess import Prepared

TRANSFORMS = {"translation": transform.translate, "scale": transform.scale,
              "rotation": transform.rotate}
KNOWN = 0.5     # of the untransformed images a net must be right about so many


class Sweep(NamedTuple):
    """N images under one transformation by each of A amounts."""
    amounts: np.ndarray         # (A,), pixels down, factors, or degrees
    sizes: np.ndarray           # (A,), how much that is: 0 for the untransformed image
    first: np.ndarray           # (A, N), how far the first layer's features went, see measure
    last: np.ndarray            # (A, N), how far the last hidden layer's features went
    probability: np.ndarray     # (A, N), of the true class
    right: np.ndarray           # (A, N), bool, is the true class the most probable one?


class Figure5(NamedTuple):
    """Images under every transformation."""
    images: np.ndarray      # (N, C, H, W), uint8
    labels: np.ndarray      # (N,)
    layers: tuple           # the names of the first and of the last hidden layer
    sweeps: dict            # {transformation: Sweep}


def ranges(side):
    """The amounts of each transformation, in proportion about as far as the paper goes.

    side: the images' height in pixels.
    Returns {transformation: (A,)}.

    >>> for name, amounts in ranges(64).items():
    ...     print(name, len(amounts), amounts[0], amounts[-1])
    translation 17 -16 16
    scale 17 1.0 1.8
    rotation 36 0 350
    """
    return {"translation": max(1, round(side / 32)) * np.arange(-8, 9),
            "scale": 1 + np.arange(17) / 20,
            "rotation": np.arange(0, 360, 10)}


def sizes(name, amounts):
    """How far amounts are from doing nothing: |pixels|, |factor − 1|, degrees either way."""
    if name == "rotation":
        return np.minimum(amounts % 360, -amounts % 360)
    nothing = 1 if name == "scale" else 0
    return np.abs(amounts - nothing)


def measure(run, images, labels, *, layers=("norm1", "relu7"), amounts=None):
    """Transform every image by every amount, and run the net.

    run: a runs.Run.
    images: uint8 (N, C, H, W), at least two.
    labels: (N,), indices of the scores.
    layers: the names of the first and of the last hidden layer. norm1 is all that the paper calls
    layer 1 (filtered, rectified, pooled, normalized); relu7 has the last features below the scores.
    amounts: {"translation", "scale", "rotation": (A,)}; without it `ranges`.
    Returns a Figure5. Its distances are Euclidean, from the features of the transformed image to
    those of the untransformed one. They are divided by the mean distance between two different
    (untransformed) images in that layer. What comes in at the edges has the mean color of the
    image's own border.
    Raises ValueError for fewer than two images, or another number of labels.
    """
    if len(images) < 2 or len(labels) != len(images):
        raise ValueError(f"it takes two images or more, and a label for each, not {len(images)} "
                         f"images and {len(labels)} labels")
    labels = np.asarray(labels)
    *rest, _ = features_and_scores(run, images, layers)
    units = [mean_distance(features) or 1.0 for features in rest]

    def observe(moved):
        """Of each image: two distances, the true class's probability, and is it the answer?"""
        *features, scores = features_and_scores(run, moved, layers)
        first, last = [np.linalg.norm(now - then, axis=1) / unit
                       for now, then, unit in zip(features, rest, units)]
        probability = functional.softmax(scores)[np.arange(len(labels)), labels]
        return first, last, probability, scores.argmax(axis=1) == labels

    sweeps = {}
    for name, steps in (amounts or ranges(images.shape[2])).items():
        steps = np.asarray(steps)
        rows = [observe(transformed(name, images, amount)) for amount in steps]
        first, last, probability, right = (np.array(column) for column in zip(*rows))
        sweeps[name] = Sweep(steps, sizes(name, steps), first, last, probability, right)
    return Figure5(images, labels, tuple(layers), sweeps)


def transformed(name, images, amount):
    """All images under one transformation by one amount; what comes in has the border's color."""
    return np.stack([TRANSFORMS[name](image, amount, fill=transform.border_color(image))
                     for image in images])


def features_and_scores(run, images, layers, *, batch=32):
    """What the net makes of images.

    run: a runs.Run.
    images: uint8 (N, C, H, W).
    layers: the names of the first and of the last hidden layer.
    batch: images that go through the net at a time.
    Returns the features of both layers, float64 (N, D), and the scores (N, classes).
    """
    scores = list(run.net.layers)[-1]
    wanted = list(dict.fromkeys([*layers, scores]))         # one of the layers may be the last
    found = run.net.outputs(Prepared(images, run.prepare), wanted, batch=batch)
    first, last = (found[name].reshape(len(images), -1).astype(np.float64) for name in layers)
    return first, last, found[scores]


def mean_distance(features):
    """The mean Euclidean distance between two different rows of features (N, D)."""
    return np.concatenate([np.linalg.norm(features[i + 1:] - features[i], axis=1)
                           for i in range(len(features) - 1)]).mean()


# ---- what the claims rest on ------------------------------------------------------------------

def smallest_step(sweep):
    """The mean distances (first, last) that the smallest step makes, of both directions."""
    step = sweep.sizes == sweep.sizes[sweep.sizes > 0].min()
    return sweep.first[step].mean(), sweep.last[step].mean()


def straightness(x, y):
    """R² of the best line through the origin: 1 − Σ(y − slope·x)² / Σ(y − mean of y)².

    x, y: numbers (A,).
    Returns 1 if the points lie on such a line; 0 or less if the line says no more than a constant
    would; NaN if y is constant.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    slope, varies = x @ y / (x @ x), np.sum((y - y.mean()) ** 2)
    return 1 - np.sum((y - slope * x) ** 2) / varies if varies > 0 else np.nan


def kept(sweep):
    """How many right answers stay right?

    sweep: a Sweep.
    Returns their share, over all amounts, of the images whose answer is right untransformed; NaN
    if the net doesn't know the images: see `kept_by_image`.
    """
    shares = kept_by_image(sweep)
    return np.nan if np.isnan(shares).all() else np.nanmean(shares)


def kept_by_image(sweep):
    """At how many of the amounts does the right answer to an image stay right? Shares (N,).

    NaN for an image whose answer is wrong untransformed; and for all if the net is right about
    fewer than KNOWN of them: one that gives the same answer to every image loses nothing.
    """
    known = _right_untransformed(sweep)
    if known.mean() < KNOWN:
        return np.full(len(known), np.nan)
    return np.where(known, sweep.right[sweep.sizes > 0].mean(axis=0), np.nan)


def kept_probability(sweep, chosen):
    """How much of the true class's probability is left?

    sweep: a Sweep.
    chosen: bool (N,), images; of these, only those count whose answer is right untransformed.
    Returns the mean probability over all amounts / the mean probability untransformed; NaN if no
    image counts, or if the net doesn't know the images, as in `kept_by_image`.
    """
    known = _right_untransformed(sweep)
    chosen = chosen & known
    if known.mean() < KNOWN or not chosen.any():
        return np.nan
    turned = sweep.probability[sweep.sizes > 0][:, chosen].mean()
    return turned / sweep.probability[sweep.sizes == 0][:, chosen].mean()


def _right_untransformed(sweep):
    return sweep.right[sweep.sizes == 0].all(axis=0)
