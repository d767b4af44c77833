"""What scenes are painted with: colors, light, textures, and a background with clutter.

Nothing here knows the class of an object, so nothing here can tell it.
"""
import colorsys
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from .shapes import WHITE

FINE = 3        # outlines are drawn on a canvas this many times larger, and reduced
PATTERNS = ("gradient", "clouds", "waves", "checks", "stripes")


# ---- colors: tuples of red, green, blue, 0 … 255 ---------------------------------------------

def color(rng):
    """A random color: neither gray, nor black, nor white."""
    hue, saturation, value = rng.random(3)
    rgb = colorsys.hsv_to_rgb(hue, 0.2 + 0.7 * saturation, 0.3 + 0.65 * value)
    return tuple(int(255 * c) for c in rgb)


def palette(behind, rng):
    """Four random colors for an object: body, second, third, light.

    behind: the two colors of the background.
    rng: numpy.random.Generator.

    The body is unlike the background and unlike the white of an eye; the second and the third
    color are unlike the body.
    """
    body = _unlike((*behind, WHITE), rng)
    second = _unlike((body, behind[0]), rng)
    third = _unlike((body, second), rng)
    light = tuple(200 + c // 5 for c in color(rng))
    return body, second, third, light


def _unlike(others, rng, tries=6):
    """Of a few random colors, the one that is farthest from the nearest of the others."""
    def distance(candidate):
        return min(sum((a - b) ** 2 for a, b in zip(candidate, other)) for other in others)
    return max([color(rng) for _ in range(tries)], key=distance)


# ---- light and textures: float32 (S, S) ------------------------------------------------------

def slope(rng, side):
    """A plane through 0 that rises in a random direction, to about 1 at the edge."""
    x, y = _grid(side)
    angle = 2 * np.pi * rng.random()
    return np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y


def pattern(rng, side):
    """A random texture, 0 … 1, of one of the PATTERNS."""
    kind = PATTERNS[rng.integers(len(PATTERNS))]
    if kind == "gradient":
        return 0.5 + 0.35 * slope(rng, side)
    if kind == "clouds":
        return _clouds(rng, side).clip(0, 1)
    frequency = np.float32(rng.uniform(6, 25))
    phase = 4 * _clouds(rng, side) if kind == "waves" else np.float32(6 * rng.random())
    wave = np.sin(frequency * slope(rng, side) + phase)
    if kind == "checks":
        wave *= np.sin(frequency * slope(rng, side))
    return (0.5 + np.float32(rng.uniform(0.5, 2)) * wave).clip(0, 1)


@lru_cache(maxsize=4)
def _grid(side):
    """x (1, S) and y (S, 1) of every pixel, -1 … 1."""
    ticks = np.linspace(-1, 1, side, dtype=np.float32)
    return ticks[None], ticks[:, None]


def _clouds(rng, side):
    """The random values of a coarse grid, smoothly enlarged, about 0 … 1."""
    cells = rng.integers(3, 11)
    coarse = Image.fromarray(rng.random((cells, cells), np.float32))
    return np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC))


# ---- what the object stands in front of ------------------------------------------------------

def background(colors, rng, side):
    """A random mixture of two colors, as a canvas to draw an object on.

    colors: two RGB colors.
    rng: numpy.random.Generator.
    side: S, side of the scene in pixels.
    Returns a Pillow image RGBA, FINE·S × FINE·S. Its fourth channel is 0 here; it becomes 255
    where an object is drawn.
    """
    first, second = np.array(colors, np.float32)
    amount = (0.2 + 0.6 * rng.random()) * pattern(rng, side) + 0.2 * pattern(rng, side)
    pixels = np.zeros((side, side, 4), np.uint8)
    pixels[:, :, :3] = first + amount[:, :, None] * (second - first)
    fine = (FINE * side, FINE * side)
    return Image.fromarray(pixels).resize(fine, Image.Resampling.NEAREST)


def clutter(canvas, rng):
    """Draw on the canvas a few small splinters that belong to no object, of all colors."""
    count, corners = rng.integers(2, 8), 5
    # The scene's side is 1 here. Corners go around a splinter's center, angle by angle.
    angles = 2 * np.pi * np.sort(rng.random((count, corners)))
    radii = rng.uniform(0.03, 0.12, (count, 1)) * rng.uniform(0.5, 1, (count, corners))
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=2)
    outlines = rng.random((count, 1, 2)) + radii[:, :, None] * directions
    draw = ImageDraw.Draw(canvas)
    for outline in (canvas.width * outlines).reshape(count, -1).tolist():
        draw.polygon(outline, fill=(*color(rng), 0))
