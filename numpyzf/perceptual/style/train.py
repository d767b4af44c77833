"""Training a network for one style: it paints any photograph so, in one pass (section 3 of the
paper), where an optimization takes hundreds.

The losses are the paper's, each in shares of what it is compared with: 1 means that all of the
style, or of the content, is missing. So weights suit any picture and any judge.
"""
import zlib
from typing import NamedTuple

import numpy as np

from ... import checks
from .. import judge, learn, losses, networks, pictures

HELD_OUT = 8        # photographs at most that a network is measured on and doesn't learn from
CORNERS = 8         # places, in each direction, from which the judge sees a patch
LEAST = 1e-12       # what a loss is divided by, where there are no features at all


class Plan(NamedTuple):
    """What to train and how: all that decides about the bits, but for the images."""
    maps: int = 8               # of the network's first layer, see networks.small_style
    steps: int = 2000           # the paper: 40,000
    batch: int = 2              # patches per step; the paper: 4
    patch: int = 128            # their side in pixels, a multiple of 4; the paper: 256
    rate: float = 2e-3          # of Adam, at the start; the paper: 1e-3 all the time
    judge: str = "squeezenet"   # the net that compares, see judge.judge_of
    content_layers: tuple = ("fire3",)                              # of the judge
    style_layers: tuple = ("relu1", "fire2", "fire3", "fire5")      # of the judge
    content: float = 1.0        # weight of the feature loss, to the photograph
    style: float = 3.0          # weight of the Gram loss, to the style
    variation: float = 0.3      # weight of total variation
    seed: int = 0


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
    check(plan)
    count = min(HELD_OUT, len(images) // 10)
    learned, others = images[:len(images) - count], images[len(images) - count:]
    objective = Objective(style_picture, plan)
    patches = Patches(learned, plan.patch, plan.batch)
    smallest = pictures.from_bytes(learned[:1, :, CORNERS - 1:plan.patch, CORNERS - 1:plan.patch])
    objective.judge.features(smallest)      # a patch too small for the judge is refused here
    about = {"kind": "style", **plan._asdict(), "content_layers": list(plan.content_layers),
             "style_layers": list(plan.style_layers), "images": len(images),
             "checksum": zlib.crc32(np.ascontiguousarray(images)),
             "style_checksum": zlib.crc32(np.ascontiguousarray(style_picture))}
    return learn.train(folder, about, build, networks.start, patches, objective, report=report,
                       progress=progress, measure=HeldOut(others, objective) if count else None)


def check(plan):
    """Refuse a plan that can't be carried out, before any image is read."""
    for name in ("maps", "steps", "batch", "patch"):
        checks.integer(name, getattr(plan, name), 1)
    if plan.patch % 4:
        raise ValueError(f"patch must be a multiple of 4, not {plan.patch}: the network makes maps "
                         "4 times smaller, and then larger")
    for name in ("rate", "content", "style", "variation"):
        checks.finite(name, getattr(plan, name))


class Patches:
    """Draws patches of photographs: patches(rng) -> x, (x, corner), see Objective.

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
        """float32 (batch, 3, patch, patch), 0 … 1, and what Objective compares with."""
        (N, C, H, W), p = self.images.shape, self.patch
        x = np.empty((self.batch, C, p, p), np.uint8)
        for picture in x:
            n, row, column = rng.integers((N, H - p + 1, W - p + 1))
            picture[...] = self.images[n, :, row:row + p, column:column + p]
            if rng.integers(2):
                picture[...] = picture[:, :, ::-1].copy()
        x = pictures.from_bytes(x)
        return x, (x, rng.integers(CORNERS, size=2))


class Objective:
    """content · feature loss + style · Gram loss + variation · total variation, with its terms.

    The feature loss is divided by the mean square of the photograph's features, the Gram loss by
    the squared norm of the style's Gram; both are means over their layers. Total variation is
    divided by the number of values in a picture.

    The judge's strides and pools make it look at some rows of pixels more than at others. So a
    patch is shown to it from another corner in each step, and no grid is drawn that it likes.
    """

    def __init__(self, style_picture, plan):
        self.plan = plan
        self.judge = judge.judge_of(plan.judge,
                                    [*dict.fromkeys(plan.content_layers + plan.style_layers)])
        self.content_judge = judge.judge_of(plan.judge, [*plan.content_layers])
        trace = self.judge.features(pictures.from_bytes(style_picture)[None])
        self.grams = {layer: losses.gram(trace[layer]) for layer in plan.style_layers}

    def __call__(self, y, target):
        """Value, terms, gradient, of what the network makes, floats (N, 3, H, W).

        target: the photographs, floats like y, and the corner that the judge sees them from,
        (row, column).
        """
        photographs, (row, column) = target
        own = self.judge.features(np.ascontiguousarray(y[:, :, row:, column:]))
        other = self.content_judge.features(np.ascontiguousarray(photographs[:, :, row:, column:]))
        variation, dy = losses.total_variation(y)
        dy *= y.dtype.type(self.plan.variation / y[0].size)
        terms, signals = {}, {}
        for name, (value, pulls) in (("content", self._content(own, other)),
                                     ("style", self._style(own))):
            terms[name] = value
            for layer, pull in pulls.items():       # of layers that serve both, they add
                pull *= y.dtype.type(getattr(self.plan, name))
                signals[layer] = signals[layer] + pull if layer in signals else pull
        terms["variation"] = variation / y[0].size
        dy[:, :, row:, column:] += self.judge.pull(own, signals, y.shape[1])
        return sum(getattr(self.plan, name) * value for name, value in terms.items()), terms, dy

    def lacking(self, y):
        """How much of the style pictures lack: the Gram loss of floats (N, 3, H, W)."""
        return self._style(self.judge.features(y))[0]

    def _content(self, own, other):
        """The feature loss and its gradients, {layer: (N, F, OH, OW)}."""
        return _mean({layer: (losses.feature(own[layer], other[layer]),
                              np.square(other[layer]).mean(dtype=np.float64))
                      for layer in self.plan.content_layers})

    def _style(self, own):
        """The Gram loss and its gradients."""
        return _mean({layer: (losses.style(own[layer], gram), np.square(gram).sum())
                      for layer, gram in self.grams.items()})


def _mean(found):
    """The mean of losses, in shares, and their gradients.

    found: {layer: ((value, gradient), what its value is divided by)}.
    """
    mean, gradients = 0.0, {}
    for layer, ((value, gradient), size) in found.items():
        share = 1 / (max(size, LEAST) * len(found))
        mean += float(share * value)
        gradients[layer] = np.multiply(gradient, gradient.dtype.type(share), out=gradient)
    return mean, gradients


class HeldOut:
    """Measures a network on photographs that it doesn't learn from: {"missing": share}.

    images: uint8 (N, 3, H, W).
    objective: an Objective.
    """

    def __init__(self, images, objective):
        self.images, self.objective = images, objective
        self.before = [objective.lacking(pictures.from_bytes(image)[None]) for image in images]

    def __call__(self, net):
        after = [self.objective.lacking(pictures.from_bytes(paint(net, image))[None])
                 for image in self.images]
        return {"missing": float(np.mean(np.divide(after, self.before)))}


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
