"""Training a super-resolution network: pairs of patches, by the pixel loss or the feature loss."""
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ... import checks, data
from .. import apply, judge, learn, losses, networks, pictures

NETWORKS = ("small", "paper")
LOSSES = ("pixel", "feature")
CHUNK = 64          # images at a time that become small
GRID = 4            # pixels after which a judge's first layers look at rows as before
COME_ALONG = {name: Path(data.embedded.__file__).parent / f"superres-x4-{name}.npz"
              for name in LOSSES}       # trained networks
HELD_OUT = 16       # images at most that a network is measured on and doesn't learn from


class Plan(NamedTuple):
    """What to train and how: all that decides about the bits, but for the images."""
    scale: int = 4              # how many times larger pictures become on each side
    loss: str = "pixel"         # or "feature"
    power: int = 1              # of the pixel loss: Σ|d| or, as in the paper, Σd²
    network: str = "small"      # networks.small_superres; "paper": networks.paper_superres
    maps: int = 32              # of the small network
    blocks: int = 3             # of the small network
    steps: int = 20_000         # the paper: 200,000
    batch: int = 16             # patches per step; the paper: 4
    patch: int = 24             # side of a patch before it is enlarged; the paper: 72
    rate: float = 1e-3          # of Adam, at the start; the paper: the same all the time
    judge: str = "squeezenet"   # the net of the feature loss, see judge.judge_of
    layers: tuple = ("relu1",)  # whose outputs it compares
    feature: float = 3e-4       # weight of the feature loss, whose values are large …
    pixel: float = 1.0          # … beside the pixel loss, which holds the colors
    begin: str | None = None    # a trained network of the same build to begin with, not at random
    seed: int = 0


def build(about):
    """The network that a dictionary like Plan's, with "channels", speaks of."""
    if about.get("kind") != "superres":
        raise ValueError(f"it holds a network of the kind {about.get('kind')!r}, not one that "
                         "enlarges")
    scale, side = about["scale"], about["patch"]
    if about["network"] == "paper":
        return networks.paper_superres(scale, (about["channels"], side, side))
    return networks.small_superres(scale, channels=about["channels"], maps=about["maps"],
                                   blocks=about["blocks"], shape=(side, side))


def train(folder, images, plan, *, report=print, progress=None):
    """Train a network that enlarges pictures, or go on with it; see learn.train.

    The last of the images, HELD_OUT at most and a tenth at most, are not learned from. Every row of
    the history has their mean PSNR, "psnr", and that of bicubic enlargement, "bicubic".

    folder: where it goes.
    images: uint8 (N, C, H, W), gray or RGB.
    plan: a Plan.
    Returns a learn.State. Raises ValueError for images smaller than a patch.
    """
    check(plan, folder)
    count = min(HELD_OUT, len(images) // 10)
    learned, others = images[:len(images) - count], images[len(images) - count:]
    pairs = Pairs(learned, plan.scale, plan.patch, plan.batch)
    about = {"kind": "superres", **plan._asdict(), "layers": list(plan.layers),
             "channels": images.shape[1], "patch": pairs.patch,
             "images": len(images), "checksum": zlib.crc32(np.ascontiguousarray(images))}
    begin = beginning(plan, folder)
    if plan.begin:
        about |= {"begin": Path(plan.begin).name, **_checksum_of(begin, plan, folder)}
    if plan.loss == "pixel":        # what plays no part isn't compared when it is continued
        about |= {"judge": None, "layers": [], "feature": 0.0, "pixel": 1.0}
    objective = objective_of(plan)
    if plan.loss == "feature":      # pictures may be too small for it
        if pairs.patch * plan.scale < GRID:
            raise ValueError(f"patches of {pairs.patch * plan.scale} pixels are too small for a "
                             "judge: take a larger patch")
        seen = from_corners(np.zeros((1, images.shape[1], *[pairs.patch * plan.scale] * 2), "f"))
        objective.judge.net_for(seen)
    return learn.train(folder, about, build, starting(plan, begin), pairs, objective,
                       report=report, progress=progress,
                       measure=HeldOut(others, plan.scale) if count else None)


def beginning(plan, folder):
    """The network to begin with, as plan.begin says; None without one, or where a training goes on
    and there is no such file any more.

    Raises ValueError if it is of another build, and what learn.load does.
    """
    if plan.begin is None:
        return None
    try:
        state = learn.load(COME_ALONG.get(plan.begin, plan.begin), build)
    except (FileNotFoundError, NotADirectoryError):
        if (checks.path("out", folder) / learn.FILE).exists():
            return None
        raise
    names = ("scale", "network") + (("maps", "blocks") if plan.network == "small" else ())
    different = [f"{name} {state.about[name]}, not {getattr(plan, name)}" for name in names
                 if state.about[name] != getattr(plan, name)]
    if different:
        raise ValueError(f"begin: {plan.begin} is of another build: {'; '.join(different)}. Ask "
                         "for the same, or begin with another network")
    return state.net


def _checksum_of(begin, plan, folder):
    """{"begin_checksum": number} of the network that a training begins, or has begun, with.

    Raises ValueError for a training that has begun with another one of the same name.
    """
    own = begin and learn.checksum(begin)
    path = checks.path("out", folder) / learn.FILE
    if not path.exists():
        return {"begin_checksum": own}
    stored = learn.load(path, build).about
    first = stored.get("begin_checksum", own)
    if begin and own != first and stored.get("begin") == Path(plan.begin).name:
        raise ValueError(f"{path} was begun with another network than {plan.begin} is now: choose "
                         "another folder")
    return {"begin_checksum": first} if "begin_checksum" in stored else {}


def starting(plan, begin):
    """start(net, rng), which gives a network its first weights: those of `begin`, if there is one.
    """
    if begin is None:
        return networks.start_bicubic if plan.network == "small" else networks.start

    def start(net, rng):
        if net.input_shape[0] != begin.input_shape[0]:
            raise ValueError(f"begin: {plan.begin} takes pictures of {begin.input_shape[0]} "
                             f"channels, and these have {net.input_shape[0]}")
        return learn.copy(begin, net)
    return start


def objective_of(plan):
    """What learn.fit makes small: objective(y, target) -> value, {term: number}, dy."""
    if plan.loss == "feature":
        return FeatureObjective(plan)

    def objective(y, target):
        value, dy = losses.pixel(y, target, power=plan.power)
        return value, {}, dy
    return objective


class FeatureObjective:
    """feature · the feature loss + the pixel loss, with its terms.

    The judge's strides and pools make it look at some rows of pixels more than at others, and a
    network learns to draw a grid that the judge likes. So each patch of a batch is shown to it from
    another corner, GRID in each direction: on average no row is special.
    """

    def __init__(self, plan):
        self.judge = judge.judge_of(plan.judge, plan.layers)
        self.weight, self.pixel, self.power = plan.feature, plan.pixel, plan.power

    def __call__(self, y, target):
        """Value, {"feature": …, "pixel": …}, gradient, of floats (N, C, H, W), 0 … 1."""
        pixel, dy = losses.pixel(y, target, power=self.power)
        dy *= y.dtype.type(self.pixel)
        own = self.judge.features(from_corners(y))
        other = self.judge.targets(from_corners(target))
        feature, signals = 0.0, {}
        for layer in self.judge.layers:
            value, signals[layer] = losses.feature(own[layer], other[layer])
            feature += value
            signals[layer] *= y.dtype.type(self.weight)
        add_from_corners(dy, self.judge.pull(own, signals, y.shape[1]))
        value = self.weight * feature + self.pixel * pixel
        return value, {"feature": feature, "pixel": pixel}, dy


def corners(x):
    """Where the view of each picture of a batch begins: slices of its rows and columns."""
    height, width = (side - GRID + 1 for side in x.shape[2:])
    for n in range(len(x)):
        top, left = n % GRID, n // GRID % GRID
        yield slice(top, top + height), slice(left, left + width)


def from_corners(x):
    """Pictures (N, C, H, W) without GRID − 1 rows and columns, each cut off at other sides."""
    return np.stack([picture[:, rows, columns]
                     for picture, (rows, columns) in zip(x, corners(x))])


def add_from_corners(x, seen):
    """The adjoint of from_corners, added to x in place."""
    for picture, view, (rows, columns) in zip(x, seen, corners(x)):
        picture[:, rows, columns] += view


def check(plan, folder):
    """Refuse a plan, or a folder for it, that can't be, before any image is read."""
    checks.writable_folder(checks.path("out", folder))
    checks.one_of("network", plan.network, NETWORKS)
    checks.one_of("loss", plan.loss, LOSSES)
    scales = (4, 8) if plan.network == "paper" else (2, 3, 4, 6, 8)
    if plan.scale not in scales:
        raise ValueError(f"scale of the {plan.network} network must be one of "
                         f"{', '.join(map(str, scales))}, not {plan.scale}")
    for name in ("maps", "blocks", "steps", "batch", "patch"):
        checks.integer(name, getattr(plan, name), 1)
    checks.positive(rate=plan.rate)
    for name in ("feature", "pixel"):
        checks.weight(name, getattr(plan, name))
    beginning(plan, folder)
    if plan.loss == "feature":
        judge.judge_of(plan.judge, plan.layers)     # raises what is wrong with them


class HeldOut:
    """Measures a network on images that it doesn't learn from: {"psnr": dB, "bicubic": dB}.

    images: uint8 (N, C, H, W).
    scale: how many times smaller they become, and then larger.
    """

    def __init__(self, images, scale):
        self.images, self.scale = pictures.crop_to_multiple(images, scale), scale
        self.low = pictures.low_resolution(self.images, scale)
        self.bicubic = self.psnr(pictures.enlarge_bicubic(self.low, scale))

    def psnr(self, enlarged):
        """The mean PSNR in dB of enlarged pictures."""
        return float(np.mean([pictures.psnr(image, picture, crop=self.scale)
                              for image, picture in zip(self.images, enlarged)]))

    def __call__(self, net):
        enlarged = [apply.enlarge(net, picture, self.scale) for picture in self.low]
        return {"psnr": self.psnr(enlarged), "bicubic": self.bicubic}


class Pairs:
    """Draws patches of pictures made small, and what they were: pairs(rng) -> x, target.

    Pictures are made small as they are when a network is measured, see pictures.low_resolution, and
    half of the patches are mirrored left to right, half upside down, half along the diagonal.

    images: uint8 (N, C, H, W).
    scale: how many times smaller they become.
    patch: side of x in pixels; the whole picture's if that is smaller.
    batch: how many patches are drawn at a time.
    """

    def __init__(self, images, scale, patch, batch):
        self.high = pictures.crop_to_multiple(images, scale)
        self.low = np.concatenate([pictures.low_resolution(images[n:n + CHUNK], scale)
                                   for n in range(0, len(images), CHUNK)])
        self.scale, self.patch, self.batch = scale, min(patch, *self.low.shape[2:]), batch

    def __call__(self, rng):
        """x float32 (batch, C, patch, patch) and target, scale times larger; 0 … 1."""
        (N, C, H, W), s, p = self.low.shape, self.scale, self.patch
        x = np.empty((self.batch, C, p, p), np.float32)
        target = np.empty((self.batch, C, p * s, p * s), np.float32)
        which = rng.integers(N, size=self.batch)
        rows = rng.integers(H - p + 1, size=self.batch)
        columns = rng.integers(W - p + 1, size=self.batch)
        coins = rng.integers(2, size=(self.batch, 3)).astype(bool)
        for i, (n, row, column) in enumerate(zip(which, rows, columns)):
            low = self.low[n, :, row:row + p, column:column + p]
            high = self.high[n, :, row * s:(row + p) * s, column * s:(column + p) * s]
            x[i], target[i] = mirrored(low, coins[i]), mirrored(high, coins[i])
        x /= 255
        target /= 255
        return x, target


def mirrored(patch, coins):
    """A square patch (C, P, P): mirrored left to right, upside down, along the diagonal, or not."""
    across, over, diagonal = coins
    patch = patch[:, :, ::-1] if across else patch
    patch = patch[:, ::-1] if over else patch
    return patch.swapaxes(1, 2) if diagonal else patch


def read(source, *, folder=None, size=256, channels=3):
    """The images to train on: of a data set with a name, or all in a folder, as squares.

    source: a name that `numpyzf data` lists, or a folder's path.
    size: side of the squares that the pictures in a folder become.
    """
    if source in data.NAMES:
        return data.load(source, folder=folder).images
    return data.photographs(source, size, channels=channels)
