"""Table 1 and Figure 8: does the net know that an eye is an eye? The same part is covered in several faces, and the changes compared.

Source: Zeiler & Fergus section 4.4 (Correspondence Analysis), Table 1 and Figure 8.
"""
from typing import NamedTuple

import numpy as np

from .. import page, plots
from ..data import scenes
from .claims import Claim, Report, spread, verdict

PARTS, RANDOM, SAME = ("right eye", "left eye", "nose"), "random place", "same random place"
PAPER = {"right eye": (0.067, 0.069), "left eye": (0.069, 0.068), "nose": (0.079, 0.069), RANDOM: (0.107, 0.073)}    # layers 5 and 7
GROUP = 5       # faces that are compared with each other


class Table1(NamedTuple):
    """deltas {name of what is covered: float64 (layers, groups)}; layers: their names."""
    layers: tuple
    deltas: dict


def compute(net, images, places, prepare, side, *, layers=("pool5", "relu7"), group=GROUP):
    """Cover one square in every image, and compare how the features change in the images of each group.

    images: uint8 (N, C, H, W), `group` after `group`. places: {name: integers (N, 2)}, the square's first row and column in each
    image (as the net sees it). prepare(images) -> the net's input; 0, the mean image's gray, is what covers. side: in pixels.
    Of each image, ε = features − features when covered; Δ of a group is the mean over its pairs (i, j) of the Hamming distance between
    sign(ε_i) and sign(ε_j), divided by the number of features: the share of features that don't change the same way.

    layers: pool5 is the output of the paper's layer 5, relu7 of layer 7. Both are rectified, so that most features of an image are
    zero with and without the square, and their change is, too: the sign 0, which agrees with 0 and differs from −1 and 1.
    The paper's values near 0.07 ask for that; signs that are −1 or 1 by chance differ in half of the features.
    Returns a Table1. Raises ValueError if N isn't a multiple of group, for a group of one, or places of another shape.
    """
    if group < 2 or len(images) == 0 or len(images) % group:
        raise ValueError(f"{len(images)} images don't make groups of {group}: it takes two or more in each, and none left over")
    x = prepare(images)
    before = _features(net, x, layers)
    deltas = {}
    for name, corners in places.items():
        after = _features(net, cover(x, corners, side), layers)
        signs = [change_signs(a, b).reshape(-1, group, a.shape[1]) for a, b in zip(before, after)]
        deltas[name] = np.array([[disagreement(s) for s in layer] for layer in signs])
    return Table1(tuple(layers), deltas)


def _features(net, x, layers, batch=100):
    """The features (N, D) of each layer."""
    rows = []
    for start in range(0, len(x), batch):
        trace = net.forward(x[start:start + batch])
        rows.append([trace[name].reshape(len(trace[name]), -1) for name in layers])
    return [np.concatenate(layer) for layer in zip(*rows)]


def cover(x, corners, side, value=0):
    """A copy of x (N, C, H, W) with a square of `value` in every image, from corners (N, 2), row and column, on; cut at the edges."""
    if np.shape(corners) != (len(x), 2):
        raise ValueError(f"places must be (row, column) for each of {len(x)} images, not of shape {np.shape(corners)}")
    out = x.copy()
    for image, (top, left) in zip(out, corners):
        image[:, max(top, 0):max(top + side, 0), max(left, 0):max(left + side, 0)] = value
    return out


def change_signs(before, after):
    """The sign, int8, of before − after (N, D); what is no more than rounding, 1e-5 of the largest feature, is 0."""
    change = before - after
    return np.sign(change * (np.abs(change) > 1e-5 * np.abs(before).max())).astype(np.int8)


def disagreement(signs):
    """The mean over all pairs of rows of signs (n, D) of the share of columns where the two differ."""
    return np.mean([np.mean(signs[i] != signs[j]) for i in range(len(signs)) for j in range(i)])


# ---- where to cover -------------------------------------------------------------------------------------------------

def corner(centers, side):
    """First row and column, int64 (N, 2), of squares of `side` pixels around centers (N, 2)."""
    return np.rint(np.asarray(centers, float) - (side - 1) / 2).astype(np.int64)


def random_places(masks, parts, side, rng):
    """For each image a place on the object, at random, where the square of `side` pixels touches no part; returns corners (N, 2).

    masks: bool (N, H, W). parts: {name: (N, 3)}, row, column, radius, NaN where absent. rng: numpy.random.Generator.
    The square's middle pixel is on the object. Where no place is free of parts, the farthest from them is taken.
    """
    out = np.empty((len(masks), 2), np.int64)
    rows, columns = np.indices(masks.shape[1:])
    for n, mask in enumerate(masks):
        gap = np.full(mask.shape, np.inf)       # from the square around each pixel to the nearest part's circle
        middle = 0.5 * (side % 2 == 0)          # a square of even side lies half a pixel before its middle pixel
        for row, column, radius in (circles[n] for circles in parts.values() if np.isfinite(circles[n]).all()):
            away = [np.maximum(np.abs(axis - middle - place) - side / 2, 0) for axis, place in ((rows, row), (columns, column))]
            gap = np.minimum(gap, np.hypot(*away) - radius)
        free = np.argwhere(mask & (gap > 0))
        if len(free) == 0:
            free = np.argwhere(gap == gap.max())
        out[n] = free[rng.integers(len(free))] - side // 2
    return out


def where(faces, side, rng):
    """What to cover in scenes of faces: {name: corners (N, 2)}, the parts, a random place, and one random place for each group."""
    places = {name: corner(faces.parts[name][:, :2], side) for name in PARTS}
    places[RANDOM] = random_places(faces.masks, faces.parts, side, rng)
    places[SAME] = places[RANDOM][::GROUP].repeat(GROUP, axis=0)
    return places


# ---- the pictures ---------------------------------------------------------------------------------------------------

def draw_faces(images, places, side):
    """Draw Figure 8: a column per image, uint8 (n, C, H, W), a row for the whole image and one for each of `places` covered.

    Returns a matplotlib figure.
    """
    with plots.style():
        figure = plots.figure(1.15 * len(images) + 1.3, 1.18 * (len(places) + 1))
        grid = figure.subplots(len(places) + 1, len(images), squeeze=False)
        for row, name in zip(grid, ("whole image", *places)):
            shown = images if name == "whole image" else cover(images, places[name][:len(images)], side, value=128)
            for axes, image in zip(row, shown):
                plots.show(axes, plots.to_image(image))
            row[0].text(-0.08, 0.5, name.replace(" random", "\nrandom"), transform=row[0].transAxes, ha="right", va="center")
    return figure


def draw(results):
    """Draw Δ of all that was covered, from one Table1 per seed: mean and deviation over all groups, a stroke for each seed's mean.

    Returns a matplotlib figure.
    """
    names, colors = list(results[0].deltas), (plots.BLUE, plots.ORANGE)
    with plots.style():
        figure = plots.figure(6.5, 0.5 * len(names) + 1.3)
        axes = figure.subplots()
        for layer, (color, marker, shift) in enumerate(zip(colors, "os", (-0.13, 0.13))):
            for place, name in enumerate(names):
                deltas = np.array([r.deltas[name][layer] for r in results])           # (seeds, groups)
                axes.errorbar(deltas.mean(), place + shift, xerr=deltas.std(), color=color, marker=marker, markersize=7, capsize=3,
                              linewidth=1.5, label=results[0].layers[layer] if place == 0 else None)
                axes.plot(deltas.mean(axis=1), [place + shift] * len(results), "|", markersize=14, color=color)
        axes.set(xlabel="Δ, share of features that change differently in two faces", yticks=range(len(names)), yticklabels=names,
                 ylim=(len(names) - 0.5, -0.5), xlim=(0, None))
        axes.legend(loc="lower left", title="layer")
        axes.grid(axis="x", color="#e4e4e4")
        axes.set_axisbelow(True)
    return figure


# ---- the item -------------------------------------------------------------------------------------------------------

def reproduce(study):
    """Table 1 and Figure 8 on scenes of faces."""
    groups = 4 if study.quick else 20
    rng = np.random.default_rng(8)
    faces = scenes.render(GROUP * groups, rng, size=study.train_scenes.images.shape[2], classes=("face",), centered=True)
    side = round(2 * np.mean([faces.parts[name][:, 2].mean() for name in PARTS]))
    places = where(faces, side, rng)
    results = []
    for seed in study.seeds:
        run = study.run_of("scenes", seed)
        results.append(compute(run.net, faces.images, places, run.prepare, side))
    return Report(_claims(results, groups), [
        page.Section("Covered faces", FACES.format(side=side), draw_faces(faces.images[:GROUP], places, side),
                     alt="Five faces, whole and with the right eye, the left eye, the nose or a random place covered"),
        page.Section("How alike the changes are", TEXT.format(groups=groups, seeds=len(results)), draw(results), _table(results),
                     "Delta of each part at two layers, with deviations")])


def _claims(results, groups):
    means = {name: np.array([r.deltas[name].mean(axis=1) for r in results]) for name in results[0].deltas}     # (seeds, layers)
    parts = np.array([means[name] for name in PARTS])               # (parts, seeds, layers)
    gaps = 1 - parts.mean(axis=0) / np.maximum(means[RANDOM], 1e-12)    # (seeds, layers)
    listed = ", ".join(f"{name} {spread(means[name][:, 0], '.3f')}" for name in (*PARTS, RANDOM))
    return [
        Claim("Layer 5 establishes some correspondence of parts: Δ is lower for the eyes and the nose than for random places",
              f"Δ at {results[0].layers[0]}, {groups} groups of {GROUP} faces: {listed}",
              verdict((parts[:, i, 0] < means[RANDOM][i, 0]).all() for i in range(len(results)))),
        Claim("At layer 7 the differences between parts and random places are smaller",
              f"Δ of the three parts is lower than of random places by {spread(100 * gaps[:, 0], '.0f', ' %')} at "
              f"{results[0].layers[0]} and by {spread(100 * gaps[:, 1], '.0f', ' %')} at {results[0].layers[1]}", verdict(gap[1] < gap[0] for gap in gaps))]


def _table(results):
    rows = [("covered", *(f"{text}, {layer}" for layer in results[0].layers for text in ("Δ here", "the paper's"))),]
    for name in results[0].deltas:
        cells = []
        for layer in (0, 1):
            deltas = np.array([r.deltas[name][layer] for r in results])
            cells += [f"{deltas.mean():.3f} ± {deltas.std():.3f}", f"{PAPER[name][layer]:.3f}" if name in PAPER else ""]
        rows.append((name, *cells))
    return rows


FACES = """No one told the net that faces have eyes. If it has nevertheless a notion of an eye, then covering the left eye must \
change its features in the same way in every face. So the same part is covered, by a gray square of {side} pixels, in five \
faces; and, to compare with, a random place of the face that is no part, somewhere else in each of them. Left and right are the \
viewer's."""

TEXT = """For each face, ε is the change of the features at a layer when the square is put on. Δ compares two faces: in which \
share of the features do the signs of ε (down, unchanged, up) differ? Zero means that both faces react alike, feature by \
feature. The large marks are means over {groups} groups of five faces and {seeds} nets, the bars their standard deviation, the \
thin strokes the nets on their own. The paper's Δ has other faces and another net behind it: compare the order, not the size.

The last row is a check that the paper doesn't have: a random place that is the same in all five faces. These faces stand in the \
middle and upright, so that an eye is always at about the same place. If Δ were as low there as for an eye, the net would only \
know places, not parts."""
