"""One pass over all images: the strongest nine of every unit of all layers, and what is usual.

All that is counted stands in one dictionary of arrays, a part of the page. So a search that was
interrupted goes on from the last time that it was kept.
"""
import time
from typing import NamedTuple

import numpy as np

from ..look.many import Top, merge

KEEP_EVERY = 20     # seconds of work, after which a search is kept
BINS = 16           # of a histogram
MOST_BARS = 40      # classes; of more, no page shows a bar each


class Statistics(NamedTuple):
    """What the units of one layer of the trained net do in all images."""
    edges: np.ndarray       # (BINS + 1,) of the histograms; the outer bins hold what is beyond
    histogram: np.ndarray   # (units, BINS): shares of all activations
    silent: np.ndarray      # (units,): the share of activations that aren't positive
    bars: np.ndarray        # (units, classes): the mean of the image's maximum; or None
    selectivity: np.ndarray     # (units,), see `selectivity`; or None


def search(versions, inputs, labels, layers, *, counts, classes, batch, parts, tell):
    """Find the strongest units of several nets in the same images, each of which is read once.

    versions: networks of one architecture, the trained one first.
    inputs: data.preprocess.Prepared, what they take.
    labels: integers (N,), the class of each image; -1 where nobody knows.
    layers: names of layers.
    counts: for each version {layer: how many images to find for each unit}.
    classes: how many there are.
    batch: images that are read at a time.
    parts: parts.Parts.
    tell: tell(done, all) is called before the first batch and after each.
    Returns [{layer: look.many.Top}], one for each version, and {layer: Statistics} of the first.
    """
    state = parts.read("search")
    if state is None:
        state = begin(versions, inputs, layers, batch, classes)
    kept = time.monotonic()
    tell(int(state["next"]), len(inputs))
    while (start := int(state["next"])) < len(inputs):
        x, own = inputs[start:start + batch], labels[start:start + batch]
        for number, net in enumerate(versions):
            trace = net.forward(x, until=layers[-1])
            for place, layer in enumerate(layers):
                name = f"{number} {place}"
                top = Top(state[f"{name} values"], state[f"{name} units"])
                top = merge(top, trace[layer], start, counts[number][layer])
                state[f"{name} values"], state[f"{name} units"] = top
                if number == 0:
                    count(state, place, trace[layer], own)
            del trace       # or two would be held while the next one is made
        state["next"] = np.array(min(start + batch, len(inputs)))
        if time.monotonic() - kept > KEEP_EVERY or state["next"] == len(inputs):
            parts.write("search", state)
            kept = time.monotonic()
        tell(int(state["next"]), len(inputs))
    tops = [{layer: Top(state[f"{number} {place} values"], state[f"{number} {place} units"])
             for place, layer in enumerate(layers)} for number in range(len(versions))]
    return tops, {layer: summary(state, place, labels) for place, layer in enumerate(layers)}


def begin(versions, inputs, layers, batch, classes):
    """The state of a search before its first image: arrays by name.

    The edges of the histograms are those of a few images, which lie evenly among all.
    """
    net, state = versions[0], {"next": np.array(0)}
    rows = np.unique(np.linspace(0, len(inputs) - 1, batch).round().astype(np.int64))
    trace = net.forward(inputs[rows], until=layers[-1])
    for place, layer in enumerate(layers):
        y, units, axes = trace[layer], net.shapes[layer][0], 1 + len(net.shapes[layer])
        low, high = float(y.min()), float(y.max())
        state[f"{place} edges"] = np.linspace(low, high if high > low else low + 1, BINS + 1)
        state[f"{place} histogram"] = np.zeros((units, BINS), np.int64)
        state[f"{place} silent"] = np.zeros(units, np.int64)
        for kind in ("maxima", "rectified"):
            state[f"{place} {kind}"] = np.zeros((units, classes if classes <= MOST_BARS else 0))
        for number in range(len(versions)):
            state[f"{number} {place} values"] = np.empty((units, 0), net.dtype)
            state[f"{number} {place} units"] = np.empty((units, 0, axes), np.int64)
    return state


def count(state, place, y, labels):
    """Add a batch of a layer's outputs to what is counted, in place.

    state: see `begin`.
    place: the number of the layer.
    y: its outputs, (N, C, …).
    labels: integers (N,).
    """
    flat = y.reshape(*y.shape[:2], -1)                                      # (N, C, places)
    state[f"{place} histogram"] += histograms(flat, state[f"{place} edges"])
    state[f"{place} silent"] += np.count_nonzero(flat <= 0, axis=(0, 2))
    known, sums = labels >= 0, state[f"{place} maxima"]
    if sums.size and known.any():
        maxima = flat.max(axis=2)[known].astype(np.float64)                 # (N, C)
        chosen = np.equal.outer(labels[known], np.arange(sums.shape[1])).astype(np.float64)
        sums += maxima.T @ chosen                                           # (C, classes)
        state[f"{place} rectified"] += np.maximum(maxima, 0).T @ chosen


def histograms(y, edges):
    """How many values of each unit lie in each of equal bins; what is beyond, in the outer ones.

    y: (N, C, places).
    edges: (BINS + 1,), equally far apart.
    Returns integers (C, BINS).
    """
    units, bins = y.shape[1], len(edges) - 1
    found = (y - y.dtype.type(edges[0])) * y.dtype.type(bins / (edges[-1] - edges[0]))
    found = np.clip(found, 0, bins - 1).astype(np.intp)
    found += bins * np.arange(units)[:, None]
    return np.bincount(found.ravel(), minlength=units * bins).reshape(units, bins)


def summary(state, place, labels):
    """The Statistics of layer number `place` of a finished search."""
    histogram, maxima = state[f"{place} histogram"], state[f"{place} maxima"]
    total = histogram.sum(axis=1)
    images = np.bincount(labels[labels >= 0], minlength=maxima.shape[1])
    bars = kinds = None
    if maxima.size and images.all():        # each class has images
        bars, kinds = maxima / images, selectivity(state[f"{place} rectified"] / images)
    return Statistics(state[f"{place} edges"], histogram / total[:, None],
                      state[f"{place} silent"] / total, bars, kinds)


def selectivity(means):
    """How much more a unit does for its best class than for the others: 0 … 1.

    (μ_max − μ_rest) / (μ_max + μ_rest), where μ_rest is the mean over the other classes; 0 for a
    unit that does nothing. Source: Morcos et al. 2018, arXiv 1803.06959.

    means: (units, classes), the mean activation for each class, not negative.
    Returns (units,).

    >>> selectivity(np.array([[3.0, 1.0, 1.0], [2.0, 2.0, 2.0], [0.0, 0.0, 5.0]]))
    array([0.5, 0. , 1. ])
    """
    best = means.max(axis=1)
    rest = (means.sum(axis=1) - best) / max(means.shape[1] - 1, 1)
    total = best + rest
    return np.divide(best - rest, total, out=np.zeros_like(total), where=total > 0)
