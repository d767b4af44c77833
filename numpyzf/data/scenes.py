"""Images with known truth: one object made of parts in a random scene.

The object's mask and the place of each part are known. Scenes are drawn when they are asked for,
from a random generator.

The class shows in the form of the object only. Place, size, rotation, mirror image, colors,
texture, light, background and clutter are random and tell nothing about it. So a linear classifier
has little to hold on to. Softmax regression on the standardized pixels of load("train"), by SGD
over 20 epochs, with seven settings of rate and L2, gets at most 17 % of load("test") right, where
guessing gets 10 %. models.labnet at 64 pixels (conv1: 7×7, stride 2) got 97 % after 12 epochs (one
training, random mirror images).

The way through: `render` and `load` plan the scenes and draw one after another. A scene is a
background, light and texture (paint.py), an object (shapes.py) and the object's place (here).
"""
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import ImageDraw

from .. import checks
from . import paint
from .paint import FINE
from .shapes import KINDS, SYMMETRIC, mirrored_part

__all__ = ["CLASSES", "SYMMETRIC", "Scenes", "load", "render"]
CLASSES = tuple(KINDS)
SPLITS = {"train": (6000, 2013), "test": (1200, 2014)}      # how many scenes, and their seed
LEAST_SIZE = 32     # pixels


class Scenes(NamedTuple):
    """N images of S × S pixels, and all that is known of them.

    Places count pixels: (0, 0) is the center of the first one. Left and right are the viewer's.
    """
    images: np.ndarray          # (N, 3, S, S), uint8
    labels: np.ndarray          # (N,), int64: indices of classes
    classes: tuple[str, ...]    # the names of all classes
    masks: np.ndarray           # (N, S, S), bool: the pixels of the object
    parts: dict                 # {name: (N, 3), float32} of every part that occurs: row and
                                # column of its center of area, and the radius of the circle
                                # around it that covers the part; NaN where there is none


def render(count, rng, *, size=64, classes=None, centered=False):
    """Draw scenes in random order.

    count: how many.
    rng: numpy.random.Generator. From the same state come the same bytes.
    size: side of the images in pixels, at least 32.
    classes: names of the classes to draw, all if not given. Each gets the same number of scenes, or
    one more.
    centered: True stands the object upright in the middle, at one medium size. All else stays
    random.
    Returns Scenes. Its labels are indices of CLASSES, whatever `classes` is.
    Raises TypeError or ValueError.
    """
    count = checks.integer("count", count, 1)
    size = checks.integer("size", size, LEAST_SIZE)
    checks.generator("rng", rng)
    labels, seeds = _plan(count, rng, classes)
    return _draw_all(labels, seeds, size, centered)


def load(split, size=64, count=None):
    """The scenes of data.load("scenes", split, size=size), kept for the next call.

    split: "train" or "test".
    size: side of the images in pixels, at least 32.
    count: only the first so many; None gives all.
    Returns Scenes whose arrays are read-only. Raises TypeError or ValueError.
    """
    checks.one_of("split", split, tuple(SPLITS))
    total, _ = SPLITS[split]
    size = checks.integer("size", size, LEAST_SIZE)
    count = total if count is None else checks.integer("count", count, 1)
    if count > total:
        raise ValueError(f"count must be at most {total:,}, the number of scenes in the {split} "
                         f"split, not {count:,}")
    return _load(split, size, count)


@lru_cache(maxsize=4)
def _load(split, size, count):
    total, seed = SPLITS[split]
    labels, seeds = _plan(total, np.random.default_rng(seed), None)
    scenes = _draw_all(labels[:count], seeds[:count], size, False)
    for array in (scenes.images, scenes.labels, scenes.masks, *scenes.parts.values()):
        array.flags.writeable = False
    return scenes


# ---- many scenes -----------------------------------------------------------------------------

def _plan(count, rng, classes):
    """The label and the seed of every scene."""
    names = CLASSES if classes is None else classes
    if not isinstance(names, (tuple, list)):
        raise TypeError(f"classes must be a list of names, not {classes!r}")
    unknown = [name for name in names if name not in CLASSES]
    if unknown or len(names) == 0 or len(names) != len(set(names)):
        raise ValueError(f"classes must be different names out of {', '.join(CLASSES)}, "
                         f"not {classes!r}")
    own = np.array([CLASSES.index(name) for name in names], np.int64)
    labels = rng.permutation(np.resize(own, count))     # resize repeats them until there are count
    seeds = rng.integers(2 ** 63, size=count)
    return labels, seeds


def _draw_all(labels, seeds, side, centered):
    """Scenes of these labels and seeds."""
    count = len(labels)
    images = np.empty((count, 3, side, side), np.uint8)
    masks = np.empty((count, side, side), bool)
    parts = {}
    for i, (label, seed) in enumerate(zip(labels, seeds)):
        rng = np.random.default_rng(seed)
        image, masks[i], circles = _scene(CLASSES[label], rng, side, centered)
        images[i] = image.transpose(2, 0, 1)
        for part, circle in circles.items():
            if part not in parts:
                parts[part] = np.full((count, 3), np.nan, np.float32)
            parts[part][i] = circle
    return Scenes(images, labels, CLASSES, masks, parts)


# ---- one scene -------------------------------------------------------------------------------

def _scene(name, rng, side, centered):
    """One scene of the class `name`.

    Returns the image uint8 (S, S, 3), the mask bool (S, S), {part: (row, column, radius)}.
    """
    behind = paint.color(rng), paint.color(rng)
    canvas = paint.background(behind, rng, side)
    paint.clutter(canvas, rng)
    # Light falls on all of the scene; shading and texture are the object's own.
    light = 1 + 0.25 * rng.random() * paint.slope(rng, side)
    shading = 0.35 * rng.random() * paint.slope(rng, side)
    texture = 0.5 * rng.random() * (paint.pattern(rng, side) - 0.5)
    shapes = KINDS[name](rng, paint.palette(behind, rng))
    outlines, circles = _place(shapes, rng, side, name in SYMMETRIC, centered)
    draw = ImageDraw.Draw(canvas)
    for shape, outline in zip(shapes, outlines):
        draw.polygon(outline, fill=(*shape.color, 255))
    covered = np.asarray(canvas.getchannel("A").reduce(FINE))       # 0 … 255: share of a pixel
    gain = light + covered * ((shading + texture) / 255)
    pixels = np.asarray(canvas.convert("RGB").reduce(FINE)) * gain[:, :, None]
    return pixels.clip(0, 255).astype(np.uint8), covered >= 128, circles


def _place(shapes, rng, side, symmetric, centered):
    """Turn, scale and place an object.

    Returns each shape's outline, a list x, y, x, y … on the canvas, and
    {part: (row, column, radius)} in the scene.
    """
    share, angle = 0.6, 0       # share: the object's larger side, divided by the scene's
    if not centered:
        share = rng.uniform(0.4, 0.75)
        angle = rng.uniform(-np.pi, np.pi) if symmetric else np.radians(rng.uniform(-20, 20))
    mirrored = rng.random() < 0.5 and not centered      # a number is drawn either way
    where = 0.5 if centered else rng.random(2)      # 0 … 1: from the top left to the bottom right

    # points[starts[k]:starts[k + 1]] are the corners of shape k.
    starts = np.cumsum([0] + [len(shape.points) for shape in shapes])
    points = np.concatenate([shape.points for shape in shapes])
    low, high = points.min(axis=0), points.max(axis=0)
    extent = side * share
    scale = extent / (high - low).max()
    mirror = -1 if mirrored else 1
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    points = points @ np.array([(mirror * c, mirror * s), (-s, c)])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.015 * side
    # From here on points are 0 … side; the first pixel is 0 … 1.
    points += margin - low + where * (side - 2 * margin - (high - low))

    outlines = np.split((FINE * points).astype(int), starts[1:-1])
    circles = _circles(shapes, points, starts)
    if mirrored:
        circles = {mirrored_part(part): circle for part, circle in circles.items()}
    return [outline.ravel().tolist() for outline in outlines], circles


def _circles(shapes, points, starts):
    """{part: (row, column, radius)}.

    The center is the centroid of the part's polygons; the radius is the distance from there to
    the farthest corner.
    """
    after = np.arange(1, len(points) + 1)
    after[starts[1:] - 1] = starts[:-1]     # a polygon's last corner is followed by its first
    x, y = points.T
    # The shoelace formula: each edge and the origin make a triangle. Its area, with a sign, is
    # cross / 2; its centroid is (points + points[after]) / 3. reduceat sums over each polygon's
    # triangles. The factors 1/2 cancel below.
    cross = x * y[after] - x[after] * y
    area = np.add.reduceat(cross, starts[:-1])
    moment = np.add.reduceat(cross[:, None] * (points + points[after]), starts[:-1])
    # A polygon may go either way round: its area counts as positive.
    moment, area = moment * np.sign(area)[:, None], np.abs(area)
    circles = {}
    for part in dict.fromkeys(shape.part for shape in shapes if shape.part):    # each name once
        own = [k for k, shape in enumerate(shapes) if shape.part == part]
        center = moment[own].sum(axis=0) / (3 * area[own].sum())
        corners = np.concatenate([points[starts[k]:starts[k + 1]] for k in own])
        radius = np.sqrt(((corners - center) ** 2).sum(axis=1).max())
        circles[part] = center[1] - 0.5, center[0] - 0.5, radius
    return circles
