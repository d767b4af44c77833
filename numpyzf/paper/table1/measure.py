"""The numbers of Table 1: Δ, and where the squares lie."""
from typing import NamedTuple

import numpy as np

PARTS = ("right eye", "left eye", "nose")
RANDOM, SAME = "random place", "same random place"
GROUP = 5                       # faces that are compared with each other
LAYERS = ("pool5", "relu7")     # the outputs of the paper's layers 5 and 7
BATCH = 100


class Table1(NamedTuple):
    """Δ of one net."""
    layers: tuple       # their names
    deltas: dict        # {name of what is covered: float64 (layers, groups)}


def measure(run, images, places, side, *, layers=LAYERS, group=GROUP):
    """Cover one square in every image, and compare how the features change within each group.

    run: a runs.Run, the trained net.
    images: uint8 (N, C, H, W), one group after the other.
    places: {name: integers (N, 2)}, the square's first row and column in each image, as the net
    sees it.
    side: of the square, in pixels. It has the value 0: the mean image's gray.
    layers: names of layers.
    group: how many images are compared with each other, two at least.

    Of each image, ε = features − features when covered. Δ of a group is a mean over its pairs
    (i, j): the Hamming distance between sign(ε_i) and sign(ε_j), divided by the number of features.
    That is the share of features that don't change the same way.

    A sign is −1, 0 or 1; 0 agrees with 0 only. Both layers are rectified, so most features of an
    image are zero with the square and without it: their sign is 0. The paper's values near 0.07 ask
    for that. Signs that are −1 or 1 by chance differ in half of the features.

    Returns a Table1.
    Raises ValueError if N isn't a multiple of group, for a group of one, or for places of another
    shape.
    """
    if group < 2 or len(images) == 0 or len(images) % group:
        raise ValueError(f"{len(images)} images don't make groups of {group}: it takes two or more "
                         "in each, and none left over")
    x = run.prepare(images)
    before = run.net.outputs(x, layers, batch=BATCH)
    deltas = {}
    for name, corners in places.items():
        after = run.net.outputs(cover(x, corners, side), layers, batch=BATCH)
        deltas[name] = np.empty((len(layers), len(x) // group))
        for i, layer in enumerate(layers):
            signs = change_signs(before[layer], after[layer]).reshape(len(x), -1)     # (N, D)
            signs = signs.reshape(-1, group, signs.shape[1])                # (groups, group, D)
            deltas[name][i] = [disagreement(s) for s in signs]
    return Table1(tuple(layers), deltas)


def cover(x, corners, side, value=0):
    """A copy of images with a square in each.

    x: (N, C, H, W).
    corners: integers (N, 2), the square's first row and column; what lies outside is left out.
    side: of the square, in pixels.
    value: of its pixels.
    Raises ValueError for corners of another shape.
    """
    if np.shape(corners) != (len(x), 2):
        raise ValueError(f"places must be (row, column) for each of {len(x)} images, not of shape "
                         f"{np.shape(corners)}")
    out = x.copy()
    for image, (top, left) in zip(out, corners):
        rows = slice(max(top, 0), max(top + side, 0))
        columns = slice(max(left, 0), max(left + side, 0))
        image[:, rows, columns] = value
    return out


def change_signs(before, after):
    """The signs of changes, where 0 means unchanged.

    before, after: arrays of one shape. A change of at most 1e-5 of the largest number in `before`
    is rounding, and counts as none.
    Returns the sign of before − after, int8.
    """
    change = before - after
    is_change = np.abs(change) > 1e-5 * np.abs(before).max()
    return np.sign(change * is_change).astype(np.int8)


def disagreement(signs):
    """The share of columns where two rows differ, a mean over all pairs of rows.

    signs: (n, D).
    """
    shares = [np.mean(signs[i] != signs[j]) for i in range(len(signs)) for j in range(i)]
    return np.mean(shares)


# ---- where to cover -----------------------------------------------------------------------------

def places_to_cover(faces, side, rng):
    """Where to cover scenes of faces: the parts, and random places to compare with.

    faces: a scenes.Scenes, GROUP after GROUP.
    side: of the square, in pixels.
    rng: numpy.random.Generator.
    Returns {name: corners, int64 (N, 2)}. RANDOM is another place in each image, SAME is one
    random place for each group.
    """
    places = {name: corner(faces.parts[name][:, :2], side) for name in PARTS}
    places[RANDOM] = random_places(faces.masks, faces.parts, side, rng)
    places[SAME] = places[RANDOM][::GROUP].repeat(GROUP, axis=0)
    return places


def corner(centers, side):
    """The first row and column of squares around centers.

    centers: (N, 2), row and column.
    side: of the squares, in pixels.
    Returns int64 (N, 2).
    """
    return np.rint(np.asarray(centers, float) - (side - 1) / 2).astype(np.int64)


def random_places(masks, parts, side, rng):
    """For each image a random place on the object, where the square touches no part.

    masks: bool (N, H, W), the object's pixels.
    parts: {name: (N, 3)}, row, column and radius of the part's circle; NaN where it is absent.
    side: of the square, in pixels. Its middle pixel is on the object.
    rng: numpy.random.Generator.

    Where no place is free of parts, the one farthest from them is taken.
    Returns the squares' first rows and columns, int64 (N, 2).
    """
    corners = np.empty((len(masks), 2), np.int64)
    for n, mask in enumerate(masks):
        circles = [of_all[n] for of_all in parts.values() if np.isfinite(of_all[n]).all()]
        gap = _gaps(mask.shape, circles, side)
        free = np.argwhere(mask & (gap > 0))
        if len(free) == 0:
            free = np.argwhere(gap == gap.max())
        corners[n] = free[rng.integers(len(free))] - side // 2
    return corners


def _gaps(shape, circles, side):
    """For each pixel (H, W): how far the square around it is from the nearest circle's edge."""
    rows, columns = np.indices(shape)
    middle = 0.5 if side % 2 == 0 else 0    # from a square's center to its middle pixel
    gap = np.full(shape, np.inf)
    for row, column, radius in circles:
        down = np.maximum(np.abs(rows - middle - row) - side / 2, 0)
        right = np.maximum(np.abs(columns - middle - column) - side / 2, 0)
        gap = np.minimum(gap, np.hypot(down, right) - radius)
    return gap
