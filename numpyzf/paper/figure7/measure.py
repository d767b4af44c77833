"""An image under a sliding square in numbers, and how well they fit an object that is known."""
from typing import NamedTuple

import numpy as np

from ... import functional
from ...data.preprocess import center_crop
from ...deconvnet import project
from ...look import occlusion
from .. import compare


class Figure7(NamedTuple):
    """One image under a square, whose top left pixel is at (tops[i], lefts[j])."""
    image: np.ndarray           # (C, H, W), uint8
    label: int                  # its true class
    layer: str
    channel: int                # the map of `layer` with the largest sum without a square
    size: int                   # the square's side in pixels
    tops: np.ndarray            # (rows,)
    lefts: np.ndarray           # (columns,)
    sums: np.ndarray            # (rows, columns), that map's sum
    probability: np.ndarray     # (rows, columns), the true class's probability
    answers: np.ndarray         # (rows, columns), the most probable class
    whole_sum: float            # the map's sum without a square
    whole_probability: float    # the true class's probability without a square
    projection: np.ndarray      # (C, H, W), all of the map, without a square, as pixels


def measure(run, image, label, *, layer="relu5", size=None, step=2):
    """Slide the square over one image.

    run: a runs.Run; after its preparation 0, which covers, is the gray of the mean image.
    image: uint8 (C, H, W).
    label: its true class.
    layer: the uppermost one with maps that can't be negative.
    size: the square's side in pixels; without it 27/224 of the image's side, as a replica of the
    paper chose, since the paper doesn't say.
    step: pixels from one place to the next, about.
    Returns a Figure7. Raises ValueError for an unknown label.
    """
    net = run.net
    x = run.prepare(image[None])
    trace = net.forward(x)
    classes, sides = trace.scores.shape[1], x.shape[2:]
    if not 0 <= label < classes:
        raise ValueError(f"label must be 0 to {classes - 1}, a class of the net, not {label}")
    totals = trace[layer][0].sum(axis=(1, 2), dtype=np.float64)
    channel = int(totals.argmax())
    size = size or max(1, round(27 / 224 * sides[0]))
    tops, lefts = [occlusion.places(side, size, (side - size) // step + 1) for side in sides]
    found = occlusion.occlude(net, x[0], size=size, tops=tops, lefts=lefts, sums=(layer,))
    probability = functional.softmax(found.scores.reshape(-1, classes))[:, label]
    return Figure7(
        center_crop(image, *sides), int(label), layer, channel, size, tops, lefts,
        sums=found.sums[layer][:, :, channel],
        probability=probability.reshape(len(tops), len(lefts)),
        answers=found.scores.argmax(axis=2),
        whole_sum=float(totals[channel]),
        whole_probability=float(functional.softmax(trace.scores)[0, label]),
        projection=project(net, trace, layer, unit=(0, channel, slice(None), slice(None))))


# ---- scores, where the truth is known ---------------------------------------------------------

class Score(NamedTuple):
    """How well the maps of one image fit the known object; or of several, then (images,) each."""
    inside: float       # mean drop of the true class's probability, square's middle on the object
    outside: float      # mean drop, square's middle off the object
    share: float        # how much of all the drop (where it is one) is on the object
    area: float         # how many of the places are on the object, 0 … 1
    part: float         # pixels from the minimum of the map's sum to the nearest part's center
    on_object: float    # pixels from an average place on the object to the nearest part's center
    covered: float      # relative drop of the map's sum where most of the projection is covered
    anywhere: float     # relative drop of the map's sum at an average place


def score(result, mask, parts):
    """The Score of one image.

    result: a Figure7.
    mask: bool (H, W), the object's pixels.
    parts: (P, 2), row and column of each part's center; P may be 0.
    Returns a Score. What cannot be said is NaN: of squares that all are, or never are, on the
    object; without parts; of a map that is zero.
    """
    drop, inside = result.whole_probability - result.probability, on_object(result, mask)
    losses, distances = np.maximum(drop, 0), distances_to(result, parts)
    lost = 1 - result.sums / (result.whole_sum or np.nan)
    lowest = np.unravel_index(result.sums.argmin(), result.sums.shape)
    most = most_covered(result)
    return Score(
        inside=mean(drop[inside]), outside=mean(drop[~inside]),
        share=losses[inside].sum() / (losses.sum() or np.nan), area=inside.mean(),
        part=distances[lowest], on_object=mean(distances[inside]),
        covered=lost[most], anywhere=lost.mean())


def of_images(scores):
    """The Scores of several images as one, whose fields are arrays (images,)."""
    return Score(*np.transpose(scores))


def on_object(result, mask):
    """Is the pixel in the middle of the square one of the object's?

    result: a Figure7.
    mask: bool (H, W), the object's pixels.
    Returns bool (rows, columns).
    """
    return mask[np.ix_(result.tops + result.size // 2, result.lefts + result.size // 2)]


def distances_to(result, places):
    """How far is the square's middle from the nearest of some places?

    result: a Figure7.
    places: (P, 2), row and column.
    Returns pixels (rows, columns); NaN without places.
    """
    if len(places) == 0:
        return np.full(result.sums.shape, np.nan)
    middle = (result.size - 1) / 2
    rows = (result.tops + middle)[:, None, None] - places[:, 0]         # (rows, 1, P)
    columns = (result.lefts + middle)[None, :, None] - places[:, 1]     # (1, columns, P)
    return np.hypot(rows, columns).min(axis=2)


def covered_energy(result):
    """The share of the projection's energy that the square covers, (rows, columns)."""
    energy = compare.energy(result.projection[None])[0]
    # total[i, j]: the energy of all pixels above row i and left of column j
    total = np.pad(energy.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    top, left = np.ix_(result.tops, result.lefts)
    bottom, right = top + result.size, left + result.size
    covered = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
    return covered / (energy.sum() or 1)


def most_covered(result):
    """Row and column of the place where the square covers most of the projection's energy."""
    return np.unravel_index(covered_energy(result).argmax(), result.sums.shape)


def mean(values):
    """The mean of an array; NaN if it is empty."""
    return values.mean() if values.size else np.nan
