"""Style transfer of one picture: its pixels are changed until the judge sees the other's style.

That is the slow way (Gatys et al. 2015), to which the paper compares its network: train.py.
"""
from typing import NamedTuple

import numpy as np

from .. import functional, optimize, pictures

# pixels of a mirror image around a picture, so that its border is no edge: as far as what
# SqueezeNet's fire5 sees of its padding
MARGIN = 24
GRID = 4            # pixels after which a judge's first layers look at rows as before
STAGES = 8          # in each of which the judge looks from another corner


class Transfer(NamedTuple):
    """What came of a style transfer."""
    picture: np.ndarray         # uint8 (C, H, W)
    first: dict         # the terms at the start: {"content": …, "style": …, "variation": …}
    last: dict          # and at the end
    steps: int
    trouble: str        # see optimize.Found


def transfer(objective, image, *, steps=200, progress=None):
    """Give a picture the style of another; it begins as itself, which is seen smoothed.

    Three things keep frames and grids out, which a judge's padding, strides and pools like. The
    picture is a smoothed one, so no pattern repeats every two pixels. It is seen within a mirror
    image of its border; the style of this margin doesn't count, nor of what sees the judge's
    padding. And it is seen from another corner in each stage.

    objective: an objective.Objective, which holds the style.
    image: uint8 (C, H, W).
    steps: in all, at most.
    progress: progress(step, value).
    Returns a Transfer. Raises ValueError for a picture that doesn't fit the judge's layers.
    """
    content = pictures.from_bytes(image)[None]
    view = View(objective, content, 0, 0)
    y, first, done, trouble = content, view.terms(content), 0, ""
    for stage in range(STAGES):
        # corners that are far from the last one's: 0, 2, 1, 3 along both axes, in another order
        top, left = (0, 2, 1, 3)[stage % 4], (0, 1, 3, 2)[(stage + stage // 4) % 4]
        view = View(objective, content, top, left)
        begun = done
        found = optimize.minimize(
            view, y, steps=steps * (stage + 1) // STAGES - done,
            progress=progress and (lambda step, value: progress(begun + step, value)))
        y, done, trouble = found.x, done + len(found.values) - 1, found.trouble
        if trouble:
            break
    last = View(objective, content, 0, 0).terms(y)
    margin = margin_of(y)
    made = smoothed(y)[0][0, :, margin:-margin, margin:-margin]
    return Transfer(pictures.to_bytes(made), first, last, done, trouble)


def margin_of(y):
    """How wide the mirror image around pictures (…, H, W) is: a picture has one pixel more."""
    return max(1, min(MARGIN, *(n - 1 for n in y.shape[-2:])))


def smoothed(y):
    """Pictures within a mirror image, smoothed over two pixels; what is needed to come back."""
    around, saved = functional.reflect_pad_forward(y, pad=margin_of(y))
    return functional.smooth(around, factor=2), saved


class View:
    """A loss of pictures as they are seen from one corner, for optimize.minimize.

    objective: see `transfer`.
    content: floats (1, C, H, W).
    top, left: rows and columns of the mirror image that aren't seen, 0 … GRID − 1; as many less
    than GRID are cut off at the other side.
    """

    def __init__(self, objective, content, top, left):
        pad = margin_of(content)
        H, W = (n + 2 * pad - GRID - 1 for n in content.shape[2:])          # the smoothed ones
        self.place = ..., slice(top + 1, top + 1 + H), slice(left + 1, left + 1 + W)
        around, _ = functional.reflect_pad_forward(content, pad=pad)        # not smoothed
        self.objective, self.margin = objective, max(0, pad - GRID)
        self.content = objective.content(np.ascontiguousarray(around[self.place]))

    def terms(self, y):
        """The objective's terms, without weights."""
        return self._judged(smoothed(y)[0])[1]

    def __call__(self, y):
        around, saved = smoothed(y)
        value, _, gradient = self._judged(around)
        around[...] = 0
        around[self.place] = gradient
        return value, functional.reflect_pad_backward(functional.smooth(around, factor=2), saved)

    def _judged(self, around):
        """What the objective says of smoothed pictures within their mirror images."""
        return self.objective(np.ascontiguousarray(around[self.place]), self.content, self.margin)
