"""Training a network for one style: it does in one pass what measure.py does in many steps."""
import zlib
from typing import NamedTuple

import numpy as np

from ... import checks
from .. import learn, networks, pictures
# as in super-resolution, the judge looks at each patch from another corner: no grid is learned
from ..superres.train import add_from_corners, from_corners, mirrored
from .objective import CONTENT, STYLE, Objective

LEAST_SIDE = 16     # of patches, and of pictures that a network takes


class Plan(NamedTuple):
    """What to train and how; the terms are objective.Plan's."""
    maps: int = 8               # of the network's first layer; the paper: 32
    steps: int = 2_000          # the paper: 40,000
    batch: int = 4              # patches per step
    patch: int = 96             # their side; the paper: 256
    rate: float = 1e-3          # of Adam, at the start
    judge: str = "squeezenet"
    content_layers: tuple = CONTENT
    style_layers: tuple = STYLE
    content: float = 1.0
    style: float = 5.0
    variation: float = 10.0
    seed: int = 0


def build(about):
    """The network that a dictionary like Plan's speaks of."""
    return networks.small_style((3, about["patch"], about["patch"]), about["maps"])


def train(folder, style, images, plan, *, report=print, progress=None):
    """Train a network that gives pictures one style, or go on with it; see learn.train.

    folder: where it goes.
    style: the style's picture, uint8 (3, H, W).
    images: photographs to learn from, uint8 (N, 3, H, W).
    plan: a Plan.
    Returns a learn.State. Raises ValueError.
    """
    check(plan)
    patch = min(plan.patch, *images.shape[2:]) // 4 * 4
    if patch < LEAST_SIDE:
        raise ValueError(f"images of {images.shape[3]}×{images.shape[2]} pixels are too small to "
                         f"learn a style from: {LEAST_SIDE}×{LEAST_SIDE} at least")
    about = {"kind": "style", **plan._asdict(), "content_layers": list(plan.content_layers),
             "style_layers": list(plan.style_layers), "patch": patch, "images": len(images),
             "checksum": zlib.crc32(np.ascontiguousarray(images)),
             "style picture": zlib.crc32(np.ascontiguousarray(style))}
    return learn.train(folder, about, build, networks.start, Patches(images, patch, plan.batch),
                       Judgment(Objective(plan, style)), report=report, progress=progress)


def check(plan):
    """Refuse a plan that can't be carried out, before any image is read."""
    for name in ("maps", "steps", "batch"):
        checks.integer(name, getattr(plan, name), 1)
    checks.integer("patch", plan.patch, LEAST_SIDE)
    for name in ("rate", "content", "style", "variation"):
        checks.finite(name, getattr(plan, name))


class Patches:
    """Draws patches of pictures, mirrored or turned: patches(rng) -> x, x.

    images: uint8 (N, C, H, W).
    patch: their side in pixels.
    batch: how many at a time.
    """

    def __init__(self, images, patch, batch):
        self.images, self.patch, self.batch = images, patch, batch

    def __call__(self, rng):
        """What goes in, float32 (batch, C, patch, patch), 0 … 1, is the content to keep, too."""
        N, C, H, W = self.images.shape
        x = np.empty((self.batch, C, self.patch, self.patch), np.float32)
        for one in x:
            n, row, column = (rng.integers(most) for most in
                              (N, H - self.patch + 1, W - self.patch + 1))
            cut = self.images[n, :, row:row + self.patch, column:column + self.patch]
            one[...] = mirrored(cut, rng.integers(2, size=3).astype(bool))
        x /= 255
        return x, x


class Judgment:
    """An Objective that looks at each patch from another corner, as learn.fit takes it."""

    def __init__(self, objective):
        self.objective = objective

    def __call__(self, y, content):
        """Value, {"content": …, "style": …, "variation": …}, gradient."""
        value, terms, seen = self.objective(*map(from_corners, (y, content)))
        dy = np.zeros_like(y)
        add_from_corners(dy, seen)
        return value, terms, dy


def apply(net, image):
    """Give one picture a network's style: uint8 (C, H, W) -> uint8 (3, H, W).

    It goes through as a whole, since instance normalization looks at all of it. A gray picture
    gets the style's colors. Raises ValueError for one that is too small.
    """
    C, H, W = image.shape
    if min(H, W) < LEAST_SIDE:
        raise ValueError(f"the picture has {W}×{H} pixels: a style takes {LEAST_SIDE}×{LEAST_SIDE} "
                         "at least")
    x = np.broadcast_to(pictures.from_bytes(image), (3, H, W))
    y = networks.at_size(net, x.shape).predict(np.ascontiguousarray(x)[None])
    return pictures.to_bytes(y[0, :, :H, :W])
