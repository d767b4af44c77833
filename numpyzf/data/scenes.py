"""Images with known truth: one object made of parts in a random scene, with its mask and the place of each part.

They are drawn when they are asked for, from a random generator. Kind and look are independent: place, size, rotation,
mirror image, colors, texture, light, background and clutter tell nothing about the class, only the form does. So a
linear classifier has little to hold on to: softmax regression on the standardized pixels of load("train"), by SGD over 20
epochs, with seven settings of rate and L2, gets at most 17 % of load("test") right, where guessing gets 10 %; a small
convnet with a 7×7, stride-2 first layer got 98 % after 12 epochs, with random mirror images.
"""
import colorsys
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from .shapes import KINDS, SYMMETRIC, WHITE

__all__ = ["CLASSES", "SYMMETRIC", "Scenes", "load", "render"]
CLASSES = tuple(KINDS)
SPLITS = {"train": (6000, 2013), "test": (1200, 2014)}      # how many images, and their seed
FINE = 3        # shapes are drawn this many times larger, and reduced


class Scenes(NamedTuple):
    """Images and all that is known of them.

    images: uint8 (N, 3, S, S); labels: int64 (N,), indices of classes; classes: the names of all classes.
    masks: bool (N, S, S), the pixels of the object.
    parts: {name: float32 (N, 3)} of every part that occurs: row and column of its center (of area) and the radius of the
    circle around it that covers the part, in pixels; (0, 0) is the center of the first pixel. NaN where the object has no
    such part. Left and right are the viewer's.
    """
    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    masks: np.ndarray
    parts: dict


def render(count, rng, *, size=64, classes=None, centered=False):
    """Draw `count` scenes.

    rng: numpy.random.Generator; from the same state come the same bytes.
    size: side of the images in pixels, at least 32. classes: names of those to draw, all unless given; as many of each, or
    one more. centered: the object stands upright in the middle at one medium size; all else stays random.
    Returns Scenes, in random order; labels count in CLASSES whatever `classes` is.
    Raises TypeError or ValueError for a bad argument.
    """
    count, size = _integer("count", count, 1), _integer("size", size, 32)
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, as numpy.random.default_rng(seed) makes it, not {rng!r}")
    return _draw_all(*_plan(count, rng, classes), size, centered)


def load(split, size=64, count=None):
    """The scenes of data.load("scenes", split, size=size), the first `count` of them unless it is None, kept for the next call.

    Returns Scenes whose arrays are read-only.
    """
    if split not in tuple(SPLITS):
        raise ValueError(f'split must be "train" or "test", not {split!r}')
    total, size = SPLITS[split][0], _integer("size", size, 32)
    count = total if count is None else _integer("count", count, 1)
    if count > total:
        raise ValueError(f"count must be at most {total:,}, the number of scenes in the {split} split, not {count:,}")
    return _load(split, size, count)


@lru_cache(maxsize=4)
def _load(split, size, count):
    total, seed = SPLITS[split]
    labels, seeds = _plan(total, np.random.default_rng(seed), None)
    scenes = _draw_all(labels[:count], seeds[:count], size, False)
    for array in (scenes.images, scenes.labels, scenes.masks, *scenes.parts.values()):
        array.flags.writeable = False
    return scenes


def _integer(name, value, least):
    if not hasattr(value, "__index__") or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")
    return int(value)


def _plan(count, rng, classes):
    """Label and seed of every scene."""
    names = CLASSES if classes is None else classes
    if not isinstance(names, (tuple, list)):
        raise TypeError(f"classes must be a list of names, not {classes!r}")
    if not all(name in CLASSES for name in names) or not 0 < len(names) == len(set(names)):
        raise ValueError(f"classes must be different names out of {', '.join(CLASSES)}, not {classes!r}")
    labels = np.array([CLASSES.index(name) for name in names], np.int64)
    return rng.permutation(np.resize(labels, count)), rng.integers(2 ** 63, size=count)


def _draw_all(labels, seeds, size, centered):
    images = np.empty((len(labels), 3, size, size), np.uint8)
    masks = np.empty((len(labels), size, size), bool)
    parts = {}
    for i, (label, seed) in enumerate(zip(labels, seeds)):
        image, masks[i], circles = _scene(CLASSES[label], np.random.default_rng(seed), size, centered)
        images[i] = image.transpose(2, 0, 1)
        for part, circle in circles.items():
            parts.setdefault(part, np.full((len(labels), 3), np.nan, np.float32))[i] = circle
    return Scenes(images, labels, CLASSES, masks, parts)


def _scene(name, rng, size, centered):
    """One scene: image uint8 (S, S, 3), mask bool (S, S), {part: (row, column, radius)}."""
    behind = _color(rng), _color(rng)
    canvas = _canvas(behind, rng, size)
    _clutter(canvas, rng)
    light, shading = 1 + 0.25 * rng.random() * _slope(rng, size), 0.35 * rng.random() * _slope(rng, size)
    texture = 0.5 * rng.random() * (_pattern(rng, size) - 0.5)
    shapes = KINDS[name](rng, _palette(behind, rng))
    outlines, circles = _place(shapes, rng, size, name in SYMMETRIC, centered)
    draw = ImageDraw.Draw(canvas)
    for shape, outline in zip(shapes, outlines):
        draw.polygon(outline, fill=(*shape.color, 255))
    covered = np.asarray(canvas.getchannel("A").reduce(FINE))
    gain = light + covered * ((shading + texture) / 255)
    pixels = np.asarray(canvas.convert("RGB").reduce(FINE)) * gain[:, :, None]
    return pixels.clip(0, 255).astype(np.uint8), covered >= 128, circles


def _place(shapes, rng, size, symmetric, centered):
    """Turn, scale and place an object: each shape's outline as a list of canvas coordinates, and {part: (row, column, radius)}."""
    starts = np.cumsum([0] + [len(shape.points) for shape in shapes])
    points = np.concatenate([shape.points for shape in shapes])
    low, high = points.min(axis=0), points.max(axis=0)
    extent = size * (0.6 if centered else rng.uniform(0.4, 0.75))       # of its larger side
    scale = extent / (high - low).max()
    angle = 0 if centered else rng.uniform(-np.pi, np.pi) if symmetric else np.radians(rng.uniform(-20, 20))
    mirror = -1 if rng.random() < 0.5 and not centered else 1
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    points = points @ np.array([(mirror * c, mirror * s), (-s, c)])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.015 * size
    where = 0.5 if centered else rng.random(2)
    points += margin - low + where * (size - 2 * margin - (high - low))     # from here on 0 … size: the first pixel is 0 … 1
    outlines = np.split((FINE * points).astype(int), starts[1:-1])
    circles = {_mirrored(part) if mirror < 0 else part: circle for part, circle in _circles(shapes, points, starts).items()}
    return [outline.ravel().tolist() for outline in outlines], circles


def _circles(shapes, points, starts):
    """Of every part (row, column, radius): the centroid of its polygons, and the distance from there to the farthest corner."""
    after = np.arange(1, len(points) + 1)
    after[starts[1:] - 1] = starts[:-1]         # the last corner of each polygon is followed by its first
    x, y = points.T
    cross = x * y[after] - x[after] * y         # the shoelace formula
    area = np.add.reduceat(cross, starts[:-1])
    moment = np.add.reduceat(cross[:, None] * (points + points[after]), starts[:-1])
    moment, area = moment * np.sign(area)[:, None], np.abs(area)            # whichever way round a polygon goes
    circles = {}
    for part in dict.fromkeys(shape.part for shape in shapes if shape.part):
        own = [k for k, shape in enumerate(shapes) if shape.part == part]
        center = moment[own].sum(axis=0) / (3 * area[own].sum())
        corners = np.concatenate([points[starts[k]:starts[k + 1]] for k in own])
        circles[part] = center[1] - 0.5, center[0] - 0.5, np.sqrt(((corners - center) ** 2).sum(axis=1).max())
    return circles


def _mirrored(part):
    """The name of a part in a mirror: left and right are the viewer's."""
    side, _, rest = part.partition(" ")
    return {"left": "right ", "right": "left "}[side] + rest if side in ("left", "right") else part


def _color(rng):
    h, s, v = rng.random(3)
    return tuple(int(255 * c) for c in colorsys.hsv_to_rgb(h, 0.2 + 0.7 * s, 0.3 + 0.65 * v))


def _palette(behind, rng):
    """Four colors for an object: body, unlike those behind it and an eye's white; second and third, unlike the body; light."""
    body = _unlike((*behind, WHITE), rng)
    second = _unlike((body, behind[0]), rng)
    return body, second, _unlike((body, second), rng), tuple(200 + c // 5 for c in _color(rng))


def _unlike(others, rng, tries=6):
    """The one of a few random colors that differs most from others, in its distance to the nearest."""
    return max((_color(rng) for _ in range(tries)),
               key=lambda color: min(sum((a - b) ** 2 for a, b in zip(color, other)) for other in others))


@lru_cache(maxsize=4)
def _grid(size):
    """x and y of every pixel, -1 … 1, float32 (1, S) and (S, 1)."""
    ticks = np.linspace(-1, 1, size, dtype=np.float32)
    return ticks[None], ticks[:, None]


def _slope(rng, size):
    """A plane through 0 that rises in a random direction to about 1 at the edge, float32 (S, S)."""
    x, y = _grid(size)
    angle = 2 * np.pi * rng.random()
    return np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y


def _clouds(rng, size):
    """Random values of a coarse grid, smoothly enlarged, about 0 … 1, float32 (S, S)."""
    cells = rng.integers(3, 11)
    return np.asarray(Image.fromarray(rng.random((cells, cells), np.float32)).resize((size, size), Image.Resampling.BICUBIC))


def _pattern(rng, size):
    """A texture, 0 … 1, float32 (S, S): a gradient, clouds, stripes, waves or checks."""
    kind = rng.integers(5)
    if kind == 0:
        return 0.5 + 0.35 * _slope(rng, size)
    if kind == 1:
        return _clouds(rng, size).clip(0, 1)
    frequency = np.float32(rng.uniform(6, 25))
    phase = 4 * _clouds(rng, size) if kind == 2 else np.float32(6 * rng.random())
    wave = np.sin(frequency * _slope(rng, size) + phase)
    if kind == 3:
        wave *= np.sin(frequency * _slope(rng, size))
    return (0.5 + np.float32(rng.uniform(0.5, 2)) * wave).clip(0, 1)


def _canvas(colors, rng, size):
    """The background as a Pillow image FINE times larger; its fourth channel, 0 here, tells where the object is."""
    first, second = np.array(colors, np.float32)
    amount = (0.2 + 0.6 * rng.random()) * _pattern(rng, size) + 0.2 * _pattern(rng, size)
    pixels = np.zeros((size, size, 4), np.uint8)
    pixels[:, :, :3] = first + amount[:, :, None] * (second - first)
    return Image.fromarray(pixels).resize((FINE * size, FINE * size), Image.Resampling.NEAREST)


def _clutter(canvas, rng):
    """A few small splinters that belong to no object, of all colors."""
    count, corners = rng.integers(2, 8), 5
    angles = 2 * np.pi * np.sort(rng.random((count, corners)))
    radii = rng.uniform(0.03, 0.12, (count, 1)) * rng.uniform(0.5, 1, (count, corners))
    outlines = rng.random((count, 1, 2)) + radii[:, :, None] * np.stack([np.cos(angles), np.sin(angles)], axis=2)
    draw = ImageDraw.Draw(canvas)
    for outline in (canvas.width * outlines).reshape(count, -1).tolist():
        draw.polygon(outline, fill=(*_color(rng), 0))
