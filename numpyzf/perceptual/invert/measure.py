"""A picture made anew from what one layer of a net saw of it.

Pixels are changed until the layer sees the same (Johnson et al. 2016, Figure 3; Mahendran & Vedaldi
2015). What comes out like the picture, the layer knows; where it differs, the layer doesn't care,
or cares less than the weight of smoothness has it.
"""
from typing import NamedTuple

import numpy as np

from ... import checks
from ...geometry import ceil_div
from .. import losses, optimize, pictures
from ..judge import Judge

GRAY, NOISE = 0.5, 0.1      # the first picture, in few pixels: this gray, and noise of this σ
COARSE = 8, 4, 2, 1         # the picture is found in so many times fewer pixels first: broad shapes


class Inversion(NamedTuple):
    """What could be made of one layer's features."""
    layer: str
    numbers: int        # how many the layer's output has; the picture has C·H·W
    picture: np.ndarray         # uint8 (C, H, W)
    psnr: float         # dB, of the picture's luminance
    left: float         # of the features: ‖φ(picture) − φ(image)‖² / ‖φ(image)‖²
    steps: int          # of the optimization
    trouble: str        # see optimize.Found


def invert(run, image, layer, *, variation=1.0, steps=200, seed=0, progress=None):
    """Make a picture anew from the output of one layer.

    What becomes small is the feature loss, relative to that of a layer that is silent, plus
    `variation` times the mean squared step between neighbors: where the layer doesn't care, the
    picture stays smooth. It is found in few pixels first, enlarged, and then in more: else the fine
    pattern in which a net's strides and pools look at pixels settles in it.

    run: a runs.Run, the net.
    image: uint8 (C, H, W).
    variation: weight of the total variation, for pixels of 0 … 1. More of it makes upper layers'
    pictures smoother; with 10 it blurs the lowest ones of pictures of many edges, too.
    steps: of the optimization in all, at most.
    seed: of the noise at the start.
    progress: progress(step, value).
    Returns an Inversion. Raises ValueError for a layer that isn't there, or that a picture of this
    size doesn't fit.
    """
    judge, seen = features(run, image, layer)
    size = np.square(seen).sum(dtype=np.float64)
    loss = Loss(judge, seen, seen.size / size, checks.finite("variation", variation))
    first = Coarse(loss, image.shape[1:], COARSE[0])
    noise = np.random.default_rng(seed).standard_normal((1, len(image), *first.small), np.float32)
    x = np.clip(first.enlarge(np.float32(GRAY) + np.float32(NOISE) * noise), 0, 1)
    done = 0
    for number, factor in enumerate(COARSE, 1):
        coarse = Coarse(loss, image.shape[1:], factor)
        more = steps * number // len(COARSE) - done
        found = optimize.minimize(coarse, coarse.shrink(x), steps=more,
                                  progress=progress and _after(progress, done))
        x = np.clip(coarse.enlarge(found.x), 0, 1)
        done += len(found.values) - 1
        if found.trouble:
            break
    made = pictures.to_bytes(x[0])
    left, _ = losses.feature(judge.targets(x)[layer], seen)
    return Inversion(layer, seen.size, made, pictures.psnr(made, image),
                     float(left * loss.scale), done, found.trouble)


def features(run, image, layer):
    """A judge that looks at one layer, and what it sees of an image, (1, F, OH, OW).

    Raises ValueError as `invert` does.
    """
    judge = Judge(run, [layer])
    seen = judge.targets(pictures.from_bytes(image)[None])[layer]
    if not seen.any():
        raise ValueError(f"{layer} is silent on this picture: there is nothing to start from")
    return judge, seen


def _after(progress, done):
    """`progress`, that counts on."""
    return lambda step, value: progress(done + step, value)


class Coarse:
    """A loss of pictures in `factor` times fewer pixels on each side, enlarged for it.

    The gradient comes down by the transposes of the two matrices that enlarge.
    """

    def __init__(self, loss, size, factor, dtype=np.float32):
        self.loss, self.small = loss, tuple(ceil_div(n, factor) for n in size)
        # (H, h) and (W, w); x = rows @ z @ columns.T
        self.rows, self.columns = (pictures.bicubic_matrix(few, many).astype(dtype)
                                   for few, many in zip(self.small, size))

    def shrink(self, x):
        """Fewer pixels, of values 0 … 1."""
        return np.clip(pictures.resize(x, *self.small), 0, 1)

    def enlarge(self, z):
        """As many pixels as the loss takes."""
        return self.rows @ z @ self.columns.T

    def __call__(self, z):
        value, dx = self.loss(self.enlarge(z))
        return value, self.rows.T @ dx @ self.columns


class Loss:
    """What optimize.minimize makes small."""

    def __init__(self, judge, seen, scale, variation):
        self.judge, self.seen, self.scale, self.variation = judge, seen, scale, variation

    def __call__(self, x):
        (layer,), number = self.judge.layers, x.dtype.type
        trace = self.judge.features(x)
        value, signal = losses.feature(trace[layer], self.seen)
        signal *= number(self.scale)
        dx = self.judge.pull(trace, {layer: signal}, x.shape[1])
        roughness, gradient = losses.total_variation(x)
        gradient *= number(self.variation / x.size)
        dx += gradient
        return self.scale * value + self.variation / x.size * roughness, dx
