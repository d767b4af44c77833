"""The convolutions of one net after each epoch: how they come to rest, and where they jump."""
import copy
from typing import NamedTuple

import numpy as np

from ...data.preprocess import Prepared
from ...geometry import ReceptiveField
from ...look.many import top_activations
from ...runs import hold_out
from ...tour import features
from ..compare import cosine
from ..figure2.measure import aligned

# Above these limits a layer counts as settled, by each of three measures in Course.
SETTLED = {"filters": 0.9, "pictures": 0.9, "images": 0.5}


class Evolution(NamedTuple):
    """One layer over E epochs."""
    layer: str
    field: ReceptiveField   # of the layer
    found: list             # one features.Features per epoch: all maps, one image each
    filters: np.ndarray     # (E, size): how far all weights are from where they began


class Course(NamedTuple):
    """How a layer comes to rest over E epochs, and where it jumps. NaN where nothing is to measure.

    A jump is the change (1 − cosine) of a map's projection from one epoch to the next.
    """
    layer: str
    filters: np.ndarray     # (E,): cosine of the change of the weights since the start with the end
    pictures: np.ndarray    # (E,): cosine of the strongest projection with the end, mean over maps
    images: np.ndarray      # (E,): share of maps whose strongest image is that at the end
    jump_with_image: float      # mean jump where the strongest image is another
    jump_without_image: float   # mean jump where the strongest image stays
    new_images: float           # share of the former


def measure(runs, start, images):
    """Follow all convolutions of one net through its training (section 4.1).

    runs: one runs.Run per epoch, in order.
    start: the Network before training.
    images: uint8 (N, C, H, W), the training images.
    Returns a list of Evolution.
    """
    layers = start.convolutions
    found = {layer: [] for layer in layers}
    for run in runs:
        inputs = Prepared(images, run.prepare)
        for layer, top in top_activations(run.net, inputs, layers, 1).items():
            channels = np.arange(len(top.values))
            found[layer].append(features.measure(run, images, layer, channels=channels, top=top))
    return [Evolution(layer, start.receptive_field(layer), found[layer],
                      np.stack([_change(run.net, start, layer) for run in runs]))
            for layer in layers]


def _change(net, start, layer):
    """How far the weights of a layer are from where they began, as one vector."""
    return (net.layers[layer].params["w"] - start.layers[layer].params["w"]).ravel()


def course(evolution):
    """Measure an Evolution; maps that don't fire at every epoch are left out.

    Returns a Course.
    """
    found, field = evolution.found, evolution.field
    filters = cosine(evolution.filters, evolution.filters[-1:])
    fires = np.min([epoch.values[:, 0] for epoch in found], axis=0) > 0
    if not fires.any():
        nothing = np.full(len(found), np.nan)
        return Course(evolution.layer, filters, nothing, nothing, np.nan, np.nan, np.nan)
    tiles = np.array([aligned(epoch.projections, epoch, field)[0][fires, 0]     # (E, maps, C, h, w)
                      for epoch in found])
    strongest = np.array([epoch.units[fires, 0, 0] for epoch in found])         # (E, maps)
    jump = 1 - cosine(tiles[1:], tiles[:-1], axes=2)                            # (E − 1, maps)
    other = strongest[1:] != strongest[:-1]
    return Course(evolution.layer, filters,
                  pictures=cosine(tiles, tiles[-1:], axes=2).mean(axis=1),
                  images=(strongest == strongest[-1]).mean(axis=1),
                  jump_with_image=_mean(jump[other]),
                  jump_without_image=_mean(jump[~other]),
                  new_images=_mean(other))


def _mean(values):
    """The mean as a number, NaN of none."""
    return float(values.mean()) if values.size else np.nan


def settled(epochs, series, limit):
    """The epoch from which on a series of likenesses with the end stays above a limit.

    epochs, series: as many numbers each, at least one. The last one is left out: the end is always
    like itself, which says nothing.
    limit: the series counts as above it where it is larger.
    Returns a number, interpolated between two of `epochs`; infinity if the series is below the
    limit just before the end.

    >>> settled([1, 2, 6, 9], [0.95, 0.7, 1.1, 1], 0.9), settled([1, 2, 3], [0.95, 0.8, 1], 0.9)
    (4.0, inf)
    >>> settled([1, 2, 3], [0.95, 0.95, 1.0], 0.9)
    1.0
    """
    epochs, series = epochs[:-1], np.asarray(series)[:-1]
    below = np.flatnonzero(~(series > limit))       # NaN counts as below
    if len(series) == 0 or (len(below) and below[-1] == len(series) - 1):
        return np.inf
    if len(below) == 0:
        return float(epochs[0])
    i, j = below[-1], below[-1] + 1
    share = (limit - series[i]) / (series[j] - series[i])
    return round(float(epochs[i] + (epochs[j] - epochs[i]) * share), 6)


def before_training(run, labels, seed):
    """The Network with which a training began: the same random numbers in the same order.

    run: what runs.train_run made.
    labels: of all its images, those for validation too.
    seed: of the run.
    """
    rng = np.random.default_rng(seed)
    hold_out(labels, rng)
    return copy.deepcopy(run.net).initialize(rng)
