"""Training a network for one style: it paints any photograph so, in one pass (section 3 of the
paper), where an optimization takes hundreds. What is made small is the same, see objective.py.
"""
import zlib
from typing import NamedTuple

import numpy as np

from ... import checks
from .. import learn, networks, pictures
from ..judge import judge_of
from .objective import Objective, Plan as Aim

HELD_OUT = 8        # photographs at most that a network is measured on and doesn't learn from
LACKING = 0.05      # of the largest style loss: with less, a photograph is the style's picture
CORNERS = 8         # places, in each direction, from which the judge sees a patch


class Plan(NamedTuple):
    """What to train and how: all that decides about the bits, but for the images."""
    maps: int = 8               # of the network's first layer, see networks.small_style
    steps: int = 2000           # the paper: 40,000
    batch: int = 2              # patches per step; the paper: 4
    patch: int = 128            # their side in pixels, a multiple of 4; the paper: 256
    rate: float = 2e-3          # of Adam, at the start; the paper: 1e-3 all the time
    seed: int = 0
    judge: str = Aim().judge    # this and what follows: see objective.Plan
    content_layers: tuple = Aim().content_layers
    style_layers: tuple = Aim().style_layers
    # With 1 nothing can be recognized in a photograph that it paints; with 20 the Gram loss falls
    # by 63 % (photographs that it didn't learn from, the style "coffee").
    content: float = 20.0
    style: float = 5.0          # an optimization comes nearer to the style, and can take more
    variation: float = 1.0


def build(about):
    """The network that a dictionary like Plan's speaks of."""
    if about.get("kind") != "style":
        raise ValueError(f"it holds a network of the kind {about.get('kind')!r}, not one for a "
                         "style")
    return networks.small_style((3, about["patch"], about["patch"]), about["maps"])


def train(folder, style_picture, images, plan, *, report=print, progress=None):
    """Train a network that paints photographs as a picture is painted; see learn.train.

    The last of the photographs, HELD_OUT at most and a tenth at most, are not learned from. In
    every row of the history "missing" is how much of the style they lack when they are painted, as
    a share of what they lack as they are.

    folder: where it goes.
    style_picture: uint8 (3, H, W), whose size decides how large strokes become.
    images: uint8 (N, 3, H, W), photographs.
    plan: a Plan.
    Returns a learn.State. Raises ValueError for a plan that can't be, or pictures too small for it.
    """
    check(plan, folder)
    count = min(HELD_OUT, len(images) // 10)
    learned, others = images[:len(images) - count], images[len(images) - count:]
    objective = Objective(Aim(*(getattr(plan, name) for name in Aim._fields)), style_picture)
    patches = Patches(learned, plan.patch, plan.batch)
    smallest = pictures.from_bytes(learned[:1, :, CORNERS - 1:plan.patch, CORNERS - 1:plan.patch])
    objective.content(smallest)         # a patch too small for the judge is refused here
    about = {"kind": "style", **plan._asdict(), "content_layers": list(plan.content_layers),
             "style_layers": list(plan.style_layers), "images": len(images),
             "checksum": zlib.crc32(np.ascontiguousarray(images)),
             "style_checksum": zlib.crc32(np.ascontiguousarray(style_picture))}
    return learn.train(folder, about, build, networks.start, patches, FromCorners(objective),
                       report=report, progress=progress,
                       measure=HeldOut(others, objective) if count else None)


def check(plan, folder):
    """Refuse a plan, or a folder for it, that can't be, before any image is read."""
    checks.writable_folder(checks.path("out", folder))
    for name in ("maps", "steps", "batch", "patch"):
        checks.integer(name, getattr(plan, name), 1)
    if plan.patch % 4 or plan.patch < CORNERS:
        raise ValueError(f"patch must be a multiple of 4, and {CORNERS} at least, not "
                         f"{plan.patch}: the network makes maps 4 times smaller, and then larger, "
                         f"and the judge sees a patch from {CORNERS} corners")
    checks.positive(rate=plan.rate)
    for name in ("content", "style", "variation"):
        checks.weight(name, getattr(plan, name))
    judge_of(plan.judge, [*plan.content_layers, *plan.style_layers])    # raises what is wrong


class Patches:
    """Draws patches of photographs: patches(rng) -> x, (x, corner), see FromCorners.

    images: uint8 (N, 3, H, W); half of the patches are mirrored left to right.
    patch: their side in pixels.
    batch: how many at a time.
    """

    def __init__(self, images, patch, batch):
        if min(images.shape[2:]) < patch:
            raise ValueError(f"the photographs have {images.shape[3]}×{images.shape[2]} pixels, "
                             f"fewer than a patch of {patch}×{patch}: take a smaller patch")
        self.images, self.patch, self.batch = images, patch, batch

    def __call__(self, rng):
        """float32 (batch, 3, patch, patch), 0 … 1, and what FromCorners compares with."""
        (N, C, H, W), p = self.images.shape, self.patch
        x = np.empty((self.batch, C, p, p), np.uint8)
        for picture in x:
            n, row, column = rng.integers((N, H - p + 1, W - p + 1))
            picture[...] = self.images[n, :, row:row + p, column:column + p]
            if rng.integers(2):
                picture[...] = picture[:, :, ::-1].copy()
        x = pictures.from_bytes(x)
        return x, (x, rng.integers(CORNERS, size=2))


class FromCorners:
    """An objective.Objective for learn.fit, of patches that the judge sees from a corner.

    The judge's strides and pools make it look at some rows of pixels more than at others. So a
    patch is shown to it from another corner in each step, and no grid is drawn that it likes.
    """

    def __init__(self, objective):
        self.objective = objective

    def __call__(self, y, target):
        """Value, terms, gradient, of what the network makes, floats (N, 3, H, W).

        target: the photographs, floats like y, and the corner that is seen first, (row, column).
        """
        photographs, (row, column) = target
        seen = (np.ascontiguousarray(x[:, :, row:, column:]) for x in (y, photographs))
        value, terms, gradient = self.objective(*seen)
        dy = np.zeros_like(y)
        dy[:, :, row:, column:] = gradient
        return value, terms, dy


class HeldOut:
    """Measures a network on photographs that it doesn't learn from: {"missing": share}.

    images: uint8 (N, 3, H, W). One that has the style as it is, see LACKING, is left out: there is
    nothing to paint. {} if all are.
    objective: an Objective.
    """

    def __init__(self, images, objective):
        self.objective = objective
        before = [self.lacking(image) for image in images]
        measured = [n for n, lacks in enumerate(before) if lacks > LACKING * max(before)]
        self.images, self.before = ([each[n] for n in measured] for each in (images, before))

    def lacking(self, image):
        """How much of the style a picture lacks: its style loss."""
        return self.objective(pictures.from_bytes(image)[None], {})[1]["style"]

    def __call__(self, net):
        after = [self.lacking(paint(net, image)) for image in self.images]
        return {"missing": float(np.mean(np.divide(after, self.before)))} if after else {}


def paint(net, picture):
    """What a network for one style makes of a picture.

    picture: uint8 (3, H, W).
    Returns uint8 of the same shape. Raises ValueError for a picture that is too small.
    """
    C, H, W = picture.shape
    try:
        net = networks.at_size(net, picture.shape)
    except ValueError as error:
        raise ValueError(f"a picture of {W}×{H} pixels is too small for this network: "
                         f"{error}") from error
    return pictures.to_bytes(net.predict(pictures.from_bytes(picture)[None])[0, :, :H, :W])
