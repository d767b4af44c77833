"""What the pictures of Figure 2 show, in numbers.

Is a projection on the object, and do the nine of one map show the same thing? Everything is counted
on the Features of all maps of a layer, over the nine strongest images of each map.
"""
from typing import NamedTuple

import numpy as np

from ...data.preprocess import Prepared
from ...look import boxes
from ...look.many import Top, top_activations
from ...tour import features, tiles
from .. import compare

SHOWN = 4       # maps of a layer that are shown, see features.of_kinds
SCORED = 16     # maps of a layer of a real network whose pictures are compared
BATCH = 18      # large images that go up, and projections that go down, at a time


class Common(NamedTuple):
    """How far the k images of a map have one label in common, and what chance gives.

    Chance deals all labels of the layer out to the maps at random, many times.
    """
    share: float    # share of a map's k images that have its most frequent label, mean over maps
    chance: float   # the same of dealt labels, mean over deals
    limit: float    # 95 % of the deals stay below it


class Score(NamedTuple):
    """One layer in numbers. Each is a mean over the maps that fire on k images."""
    layer: str
    maps: int               # how many maps fire on k images
    classes: Common         # have the k images of a map their class in common?
    projections: float      # mean correlation of two of a map's k projections, −1 … 1
    patches: float          # mean correlation of two of a map's k image patches, −1 … 1
    inside: float = None    # on scenes: share of a projection's energy that lies on the object
    area: float = None      # on scenes: share of the pixels seen that lie on the object
    parts: Common = None    # on scenes: have the k images of a map one part of one class in common?


class Layer(NamedTuple):
    """What was found on one convolution."""
    shown: features.Features    # some maps, see features.of_kinds
    score: Score                # of all maps


def measure(run, images, labels, *, scenes=None):
    """Find and score the nine strongest images of every map of every convolution.

    run: a runs.Run.
    images: uint8 (N, C, H, W).
    labels: (N,), their classes.
    scenes: the scenes.Scenes that these images are, if they are.
    Returns a list of Layer, one for each convolution, from the pixels up.
    """
    net, layers = run.net, []
    tops = top_activations(net, Prepared(images, run.prepare), net.convolutions)
    for name, top in tops.items():
        every = np.arange(len(top.values))
        result = features.measure(run, images, name, channels=every, top=top)
        rng = np.random.default_rng(0)
        own = score(result, net.receptive_field(name), labels, rng, scenes=scenes)
        chosen = features.of_kinds(top.values, labels[top.units[:, :, 0]], SHOWN)
        layers.append(Layer(of_maps(result, chosen), own))
    return layers


def measure_real(run, images, labels, layers, samples):
    """Find the nine strongest photographs of maps of a real network, and score them.

    run: a runs.Run.
    images: uint8 (N, C, H, W), at least nine for each sample.
    labels: (N,), their classes.
    layers: names of layers with maps.
    samples: into so many the images are dealt; each is searched and scored on its own.
    Returns (scores, shown): a list for each sample of one Score per layer, and the Features of some
    maps of each layer over all images, of large ones with both rules' projections, see
    features.of_kinds and tiles.second_rule. In a Score the classes are of all maps, the
    correlations of SCORED of them, evenly taken.
    """
    net, scores = run.net, []
    tops = [top_activations(net, Prepared(images[start::samples], run.prepare), layers, batch=BATCH)
            for start in range(samples)]
    for start, own in enumerate(tops):
        scores.append([_score_of_some(run, images[start::samples], labels[start::samples], name,
                                      own[name]) for name in layers])
    shown = []
    for name in layers:
        top = merged([own[name] for own in tops])
        chosen = features.of_kinds(top.values, labels[top.units[:, :, 0]], SHOWN)
        shown.append(features.measure(run, images, name, channels=chosen, top=top, batch=BATCH,
                                      second=tiles.second_rule(net, "deconvnet")))
    return scores, shown


def _score_of_some(run, images, labels, name, top):
    """The Score of a layer: its classes on all maps, its pictures on SCORED of them."""
    count, rng = len(top.values), np.random.default_rng(0)
    some = np.linspace(0, count - 1, min(count, SCORED)).astype(int)
    result = features.measure(run, images, name, channels=some, top=top, batch=BATCH)
    own = score(result, run.net.receptive_field(name), labels, rng)
    fires = top.values.min(axis=1) > 0
    return own._replace(maps=int(fires.sum()),
                        classes=common(labels[top.units[fires][:, :, 0]], rng))


def merged(tops):
    """One Top of those of several samples, sample s being the images s, s + S, s + 2·S …"""
    k = tops[0].values.shape[1]
    values = np.concatenate([top.values for top in tops], axis=1)       # (maps, S·k)
    units = np.concatenate([top.units * (len(tops), 1, 1, 1) + (start, 0, 0, 0)
                            for start, top in enumerate(tops)], axis=1)
    order = np.argsort(-values, axis=1, kind="stable")[:, :k]
    return Top(np.take_along_axis(values, order, axis=1),
               np.take_along_axis(units, order[:, :, None], axis=1))


def of_maps(result, rows):
    """The Features of some of the maps only.

    result: a features.Features.
    rows: indices or bools along its axis of maps.
    """
    arrays = {name: value for name, value in result._asdict().items()
              if isinstance(value, np.ndarray)}
    return result._replace(**{name: value[rows] for name, value in arrays.items()})


def score(result, field, labels, rng, *, scenes=None):
    """Score the maps of one layer.

    result: a features.Features of convolution or pooling maps, k ≥ 2 images each.
    field: the layer's geometry.ReceptiveField.
    labels: (N,), classes of the images that were searched.
    rng: a numpy.random.Generator, deals the labels.
    scenes: the scenes.Scenes that these images are, if they are.
    Returns a Score; where no map fires k times its numbers are NaN.
    Raises ValueError for k < 2, or if there are more or fewer scenes than labels.
    """
    if result.values.shape[1] < 2 or result.units.shape[2] != 4:
        raise ValueError(f"a score takes maps with at least 2 images each, not units of shape "
                         f"{result.units.shape}")
    if scenes is not None and len(scenes.labels) != len(labels):
        raise ValueError(f"{len(labels)} labels don't belong to {len(scenes.labels)} scenes")
    fires = result.values.min(axis=1) > 0
    result = of_maps(result, fires)
    own = Score(result.layer, int(fires.sum()),
                classes=common(np.asarray(labels)[result.units[:, :, 0]], rng),
                projections=alike(*aligned(result.projections, result, field)),
                patches=alike(*aligned(result.patches, result, field)))
    if scenes is None:
        return own
    inside, area = on_object(result, scenes.masks)
    parts = common(nearest_parts(result, scenes), rng)
    return own._replace(inside=inside, area=area, parts=parts)


# ---- have the images of one map a label in common? ------------------------------------------

def common(labels, rng, deals=200):
    """The share of a map's k images that have its most frequent label, and what chance gives.

    labels: integers (maps, k); a negative label equals no other.
    rng: a numpy.random.Generator.
    deals: how often all labels are dealt out to the maps at random.
    Returns a Common; NaN without maps.
    """
    if labels.size == 0:
        return Common(np.nan, np.nan, np.nan)
    dealt = [_largest_share(rng.permutation(labels.ravel()).reshape(labels.shape))
             for _ in range(deals)]
    return Common(_largest_share(labels), float(np.mean(dealt)), float(np.quantile(dealt, 0.95)))


def _largest_share(labels):
    kinds = np.arange(max(labels.max(), 0) + 1)
    equal = labels[:, :, None] == kinds                     # (maps, k, kinds)
    return float(equal.mean(axis=1).max(axis=1).mean())


# ---- are the images of one map alike? -------------------------------------------------------

def aligned(tiles, result, field):
    """Move tiles so that the units lie in their middle.

    A tile that is a receptive field has its unit in the middle; one that is a whole image has not.

    tiles: result.projections or result.patches, (maps, k, C, h, w).
    result: the features.Features.
    field: the layer's geometry.ReceptiveField.
    Returns the moved tiles, and bool (maps, k, h, w): which of their pixels the units see.
    """
    size = np.array(tiles.shape[3:])
    corners = field.start + field.stride * result.units[:, :, 2:] + (field.size - size) // 2
    shift = (corners - result.corners).reshape(-1, 2)
    seen = _moved(result.seen[:, :, None].astype(np.uint8), shift)
    return _moved(tiles, shift), seen[:, :, 0].astype(bool)


def _moved(tiles, shift):
    """Cut each of tiles (maps, k, C, h, w) anew, beginning at its pixel shift (maps·k, 2)."""
    flat = tiles.reshape(-1, *tiles.shape[2:])
    moved = boxes.cut(flat, np.arange(len(flat)), shift, tiles.shape[3:])
    return moved.reshape(tiles.shape)


def alike(tiles, seen):
    """Mean correlation of two of a map's k tiles, mean over maps.

    What isn't seen counts as the tile's mean. A tile all of one value correlates with none.

    tiles: (maps, k, C, h, w).
    seen: bool (maps, k, h, w), the pixels that count.
    Returns −1 … 1; NaN without maps.
    """
    if tiles.size == 0:
        return np.nan
    maps, k, channels = tiles.shape[:3]
    x = tiles.astype(np.float64)
    mean = (x * seen[:, :, None]).sum(axis=(2, 3, 4)) / (channels * seen.sum(axis=(2, 3)))
    x = ((x - mean[:, :, None, None, None]) * seen[:, :, None]).reshape(maps, k, -1)
    length = np.sqrt((x ** 2).sum(axis=2, keepdims=True))
    x = np.divide(x, length, out=np.zeros_like(x), where=length > 1e-9 * np.abs(tiles).max())
    # |Σ x|² = Σ |x|² + the products of all ordered pairs of different tiles
    pairs = (x.sum(axis=1) ** 2).sum(axis=1) - (x ** 2).sum(axis=(1, 2))
    return float((pairs / (k * (k - 1))).mean())


# ---- is it on the object, and on which part? ------------------------------------------------

def on_object(result, masks):
    """How much of the projections' energy, and of the pixels seen, lies on the object?

    result: a features.Features.
    masks: bool (N, H, W), the objects' pixels, as large as the net's input.
    Returns two shares, means over all units: (inside, area). A projection that is zero everywhere
    does not count; NaN if all are.
    """
    pictures, seen = _flat(result.projections), _flat(result.seen)
    on = boxes.cut(masks[:, None].astype(np.uint8), result.units[:, :, 0].ravel(),
                   result.corners.reshape(-1, 2), seen.shape[1:])[:, 0].astype(bool) & seen
    some = compare.energy(pictures).any(axis=(1, 2))
    if not some.any():
        return np.nan, np.nan
    inside = compare.energy_inside(pictures, on)[some]
    area = on.sum(axis=(1, 2))[some] / seen.sum(axis=(1, 2))[some]
    return float(inside.mean()), float(area.mean())


def nearest_parts(result, scenes):
    """Which part of the object does each projection show?

    It is the part whose center is nearest to the center of the projection's energy. Only parts
    whose center the unit sees count. Of parts with one center the first counts.

    result: a features.Features.
    scenes: the scenes.Scenes on which it was measured.
    Returns labels (maps, k). Two are equal if class and part are; left and right ones are one part,
    as the images are mirrored in training. −1 where no part is seen, or the projection is zero.
    """
    energy = compare.energy(_flat(result.projections))                              # (M, h, w)
    image_of, corners = result.units[:, :, 0].ravel(), result.corners.reshape(-1, 2)
    places = np.stack([part[image_of, :2] for part in scenes.parts.values()])       # (parts, M, 2)
    distance = np.linalg.norm(places - (_center(energy) + corners), axis=2)         # (parts, M)
    visible = _visible(places - corners, _flat(result.seen))
    distance[~visible | ~energy.any(axis=(1, 2))] = np.inf
    names = [name.removeprefix("left ").removeprefix("right ") for name in scenes.parts]
    kinds = sorted(set(names))
    kind_of = np.array([kinds.index(name) for name in names])
    label = scenes.labels[image_of] * len(kinds) + kind_of[np.argmin(distance, axis=0)]
    label = np.where(np.isfinite(distance.min(axis=0)), label, -1)
    return label.reshape(result.units.shape[:2])


def _center(energy):
    """Row and column (M, 2) of the center of each energy (M, h, w)."""
    total = np.maximum(energy.sum(axis=(1, 2)), np.finfo(float).tiny)
    rows = (energy.sum(axis=2) * np.arange(energy.shape[1])).sum(axis=1)
    columns = (energy.sum(axis=1) * np.arange(energy.shape[2])).sum(axis=1)
    return np.column_stack([rows, columns]) / total[:, None]


def _visible(places, seen):
    """Which places (parts, M, 2) in tiles are pixels that are seen (M, h, w)?

    NaN, the place of a part that isn't there, is not.
    """
    pixels = np.nan_to_num(np.round(places), nan=-1).astype(int)
    inside = ((pixels >= 0) & (pixels < seen.shape[1:])).all(axis=2)
    row, column = np.where(inside, pixels[..., 0], 0), np.where(inside, pixels[..., 1], 0)
    return inside & seen[np.arange(len(seen)), row, column]


def _flat(x):
    """(maps, k, …) -> (maps·k, …), all units in one row."""
    return x.reshape(-1, *x.shape[2:])
