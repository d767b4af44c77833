"""What the pictures of Figure 2 show, in numbers: is a projection on the object, and do the nine of one map show the same thing?

All of it is counted on a features.Features of all maps of a layer, over the nine strongest images of each map.
"""
from typing import NamedTuple

import numpy as np

from .. import plots
from ..look import boxes as windows


class Common(NamedTuple):
    """Mean over maps of the largest share of their k images that have one label in common, and what chance gives.

    chance: the same with all labels of the layer dealt out to the maps at random, mean of many deals; limit: what 95 % of deals stay below.
    """
    share: float
    chance: float
    limit: float


class Score(NamedTuple):
    """One layer in numbers; each is a mean over `maps`, the number of maps that fire on k images.

    classes, a Common: how far the k images of a map are of one class. projections and patches: how alike the k of a map are, the mean
    correlation of two of them, -1 … 1. On scenes also inside and area: shares of a projection's energy (sum of squares over
    channels) and of the pixels seen that lie on the object; parts, a Common: how far the k are at one part of one class. Else None.
    """
    layer: str
    maps: int
    classes: Common
    projections: float
    patches: float
    inside: float = None
    area: float = None
    parts: Common = None


def compute(result, field, labels, rng, *, scenes=None):
    """Score a features.Features of conv or pool maps, k ≥ 2 each.

    field: the layer's geometry.ReceptiveField. labels (N,): classes of the images that were searched. rng: deals the labels.
    scenes: the scenes.Scenes that these images are, if they are.
    Returns a Score; of a layer none of whose maps fires k times its numbers are NaN.
    Raises ValueError for k < 2, or if there are more or fewer scenes than labels.
    """
    if result.values.shape[1] < 2 or result.units.shape[2] != 4:
        raise ValueError(f"a score takes maps with at least 2 images each, not units of shape {result.units.shape}")
    if scenes is not None and len(scenes.labels) != len(labels):
        raise ValueError(f"{len(labels)} labels don't belong to {len(scenes.labels)} scenes")
    fires = result.values.min(axis=1) > 0
    result = result._replace(**{name: getattr(result, name)[fires] for name in result._fields[1:]})
    own = np.asarray(labels)[result.units[:, :, 0]]
    likeness = [alike(*aligned(tiles, result, field)) for tiles in (result.projections, result.patches)]
    score = Score(result.layer, int(fires.sum()), common(own, rng), *likeness)
    if scenes is None:
        return score
    inside, area = on_object(result, scenes.masks)
    return score._replace(inside=inside, area=area, parts=common(nearest_parts(result, scenes), rng))


def common(labels, rng, deals=200):
    """How far the k images of each map agree on a label: a Common of labels (maps, k); those < 0 agree with none."""
    if labels.size == 0:
        return Common(np.nan, np.nan, np.nan)
    dealt = [_largest_share(rng.permutation(labels.ravel()).reshape(labels.shape)) for _ in range(deals)]
    return Common(_largest_share(labels), float(np.mean(dealt)), float(np.quantile(dealt, 0.95)))


def _largest_share(labels):
    kinds = np.arange(max(labels.max(), 0) + 1)
    return float((labels[:, :, None] == kinds).mean(axis=1).max(axis=1).mean())


def aligned(tiles, result, field):
    """Tiles (maps, k, C, h, w) of a Figure2 moved, where they are whole images, so that the units are in the middle; and what is seen."""
    size = np.array(tiles.shape[3:])
    corners = field.start + field.stride * result.units[:, :, 2:] + (field.size - size) // 2
    shift = (corners - result.corners).reshape(-1, 2)
    moved, seen = (windows.cut(x.reshape(-1, *x.shape[2:]), np.arange(len(shift)), shift, size)
                   for x in (tiles, result.seen[:, :, None].astype(np.uint8)))
    return moved.reshape(tiles.shape), seen.reshape(result.seen.shape).astype(bool)


def alike(tiles, seen):
    """Mean correlation of two of a map's k tiles, mean over maps: of tiles (maps, k, C, h, w) where they are seen (maps, k, h, w).

    What isn't seen counts as the tile's mean. A tile all of one value correlates with none.
    """
    if tiles.size == 0:
        return np.nan
    maps, k, channels = tiles.shape[:3]
    x = tiles.astype(np.float64)
    mean = (x * seen[:, :, None]).sum(axis=(2, 3, 4)) / (channels * seen.sum(axis=(2, 3)))
    x = ((x - mean[:, :, None, None, None]) * seen[:, :, None]).reshape(maps, k, -1)
    length = np.sqrt((x ** 2).sum(axis=2, keepdims=True))
    x = np.divide(x, length, out=np.zeros_like(x), where=length > 1e-9 * np.abs(tiles).max())
    pairs = (x.sum(axis=1) ** 2).sum(axis=1) - (x ** 2).sum(axis=(1, 2))        # of x·x' over all ordered pairs of different tiles
    return float((pairs / (k * (k - 1))).mean())


def on_object(result, masks):
    """Shares of the projections' energy and of the pixels seen that lie on the object, means over all units: (inside, area).

    masks bool (N, H, W), as large as the net's input. Projections that are zero everywhere don't count.
    """
    energy = _energy(result)
    on = _cut(masks, result) & result.seen.reshape(energy.shape)
    total = energy.sum(axis=(1, 2))
    some = total > 0
    if not some.any():
        return np.nan, np.nan
    inside = (energy * on).sum(axis=(1, 2))[some] / total[some]
    area = on.sum(axis=(1, 2))[some] / result.seen.reshape(energy.shape).sum(axis=(1, 2))[some]
    return float(inside.mean()), float(area.mean())


def nearest_parts(result, scenes):
    """For each unit the part of the object whose center is nearest to the center of the projection's energy: labels (maps, k).

    Two are equal if class and part are; left and right ones are one part, as the images are mirrored in training. Only parts whose
    center the unit sees count; -1 where there are none, or the projection is zero. Parts with one center count as the first of them.
    """
    energy = _energy(result)
    images, corners = result.units[:, :, 0].ravel(), result.corners.reshape(-1, 2)
    names = [name.removeprefix("left ").removeprefix("right ") for name in scenes.parts]
    kinds = sorted(set(names))
    places = np.stack([part[images, :2] for part in scenes.parts.values()])             # (parts, M, 2)
    total = np.maximum(energy.sum(axis=(1, 2)), np.finfo(float).tiny)
    middle = np.column_stack([(energy.sum(axis=2) * np.arange(energy.shape[1])).sum(axis=1),
                              (energy.sum(axis=1) * np.arange(energy.shape[2])).sum(axis=1)]) / total[:, None] + corners
    distance = np.linalg.norm(places - middle, axis=2)
    distance[~_visible(places - corners, result.seen.reshape(energy.shape)) | ~energy.any(axis=(1, 2))] = np.inf
    nearest = np.argmin(distance, axis=0)
    label = scenes.labels[images] * len(kinds) + np.array([kinds.index(name) for name in names])[nearest]
    return np.where(np.isfinite(distance.min(axis=0)), label, -1).reshape(result.units.shape[:2])


def _visible(places, seen):
    """Which places (parts, M, 2) in tiles are pixels that are seen (M, h, w); NaN, a part that isn't there, is none."""
    pixels = np.nan_to_num(np.round(places), nan=-1).astype(int)
    inside = ((pixels >= 0) & (pixels < seen.shape[1:])).all(axis=2)
    row, column = np.where(inside, pixels[..., 0], 0), np.where(inside, pixels[..., 1], 0)
    return inside & seen[np.arange(len(seen)), row, column]


def _energy(result):
    """Sum of squares over the channels of each projection, (M, h, w) of all units."""
    return np.square(result.projections, dtype=np.float64).sum(axis=2).reshape(-1, *result.projections.shape[3:])


def _cut(masks, result):
    """The masks (N, H, W) in the tiles of all units, bool (M, h, w)."""
    return windows.cut(masks[:, None].astype(np.uint8), result.units[:, :, 0].ravel(), result.corners.reshape(-1, 2),
                       result.projections.shape[3:])[:, 0].astype(bool)


# ---- drawing --------------------------------------------------------------------------------------------------------

def draw(scores):
    """Draw the scores of scenes, one list of Score per seed, as four plots over the layers; returns a matplotlib figure."""
    ours, chance = "nine of one map", "nine at random"
    panels = [("on the object (%)", 100, [("projection's energy", lambda s: s.inside), ("pixels seen", lambda s: s.area)]),
              ("one part in common (%)", 100, [(ours, lambda s: s.parts.share), (chance, lambda s: s.parts.chance)]),
              ("one class in common (%)", 100, [(ours, lambda s: s.classes.share), (chance, lambda s: s.classes.chance)]),
              ("correlation of two of nine", 1, [("projections", lambda s: s.projections), ("image patches", lambda s: s.patches)])]
    layers = [score.layer for score in scores[0]]
    with plots.style():
        figure = plots.figure(8.9, 2.7)
        for axes, (title, factor, lines) in zip(figure.subplots(1, 4), panels):
            for (name, get), style, color in zip(lines, ("o-", "s--"), (plots.BLUE, plots.ORANGE)):
                values = factor * np.array([[get(score) for score in row] for row in scores], float)
                axes.errorbar(range(len(layers)), values.mean(axis=0), values.std(axis=0), fmt=style, color=color, label=name, capsize=2)
            axes.set_title(title, loc="left")
            axes.set_xticks(range(len(layers)), layers, rotation=45)
            axes.set_ylim(min(0, axes.get_ylim()[0]), 1.04 * factor)
            axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
            axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.28), borderaxespad=0)
    return figure
