"""Figure 7: a gray square slides over an image; what the strongest upper map, the true class and the answer do at each place.

Source: Zeiler & Fergus section 4.3 (Occlusion Sensitivity), Figure 7. Where the object and its parts are known, the maps are scored.
"""
from typing import NamedTuple

import numpy as np

from .. import functional as F
from .. import page, plots
from ..data import scenes
from ..data.preprocess import center_crop
from ..deconvnet import project
from ..look import occlusion
from ..look.many import top_activations
from ..tour import features
from ..training import Prepared
from .claims import Claim, Report, spread, verdict


class Figure7(NamedTuple):
    """One image under a square of `size` pixels, whose top left pixel is at (tops[i], lefts[j]).

    image: uint8 (C, H, W). label: its true class. channel: the map of `layer` with the largest sum without a square.
    sums, probability, answers (rows, columns): that map's sum, the true class's probability, the most probable class;
    whole_sum, whole_probability: the first two without a square. projection (C, H, W): all of the map, without a square, as pixels.
    """
    image: np.ndarray
    label: int
    layer: str
    channel: int
    size: int
    tops: np.ndarray
    lefts: np.ndarray
    sums: np.ndarray
    probability: np.ndarray
    answers: np.ndarray
    whole_sum: float
    whole_probability: float
    projection: np.ndarray


def compute(net, image, label, prepare, *, layer="relu5", size=None, step=2):
    """Slide the square over one image.

    image: uint8 (C, H, W). prepare(images) -> the net's input, where 0, which covers, is the gray of the mean image.
    layer: the uppermost with maps that can't be negative. size: the square's side in pixels; without it 27/224 of the image's,
    since the paper doesn't say. step: pixels from one place to the next, about. Returns a Figure7; ValueError for an unknown label.
    """
    x = prepare(image[None])
    trace = net.forward(x)
    if not 0 <= label < trace.scores.shape[1]:
        raise ValueError(f"label must be 0 to {trace.scores.shape[1] - 1}, a class of the net, not {label}")
    totals = trace[layer][0].sum(axis=(1, 2), dtype=np.float64)
    channel = int(totals.argmax())
    size = size or max(1, round(27 / 224 * x.shape[2]))
    tops, lefts = (occlusion.grid(n, size, (n - size) // step + 1) for n in x.shape[2:])
    found = occlusion.occlude(net, x[0], size=size, tops=tops, lefts=lefts, sums=(layer,))
    shape = len(tops), len(lefts)
    probability = F.softmax(found.scores.reshape(shape[0] * shape[1], -1))[:, label].reshape(shape)
    return Figure7(center_crop(image, *x.shape[2:]), int(label), layer, channel, size, tops, lefts, found.sums[layer][:, :, channel],
                   probability, found.scores.argmax(axis=2), float(totals[channel]), float(F.softmax(trace.scores)[0, label]),
                   project(net, trace, layer, unit=(0, channel, slice(None), slice(None))))


# ---- scores, where the truth is known -------------------------------------------------------------------------------

class Score(NamedTuple):
    """How well the maps of one image fit the known object.

    inside, outside: mean drop of the true class's probability with the square's middle on and off the object; share: how much of
    all the drop (where it is one) is inside; area: how many of the places are.
    part: distance in pixels of the minimum of the map's sum to the nearest part's center; on_object: of an average place on it.
    covered: relative drop of the map's sum with the square where it covers most of the projection's energy; anywhere: on average.
    """
    inside: float
    outside: float
    share: float
    area: float
    part: float
    on_object: float
    covered: float
    anywhere: float


def score(result, mask, parts):
    """The Score of one Figure7.

    mask: bool (H, W), the object's pixels. parts: (P, 2), row and column of each part's center; P may be 0.
    What cannot be said is NaN: of squares that all are, or never are, on the object; without parts; of a map that is zero.
    """
    drop, inside = result.whole_probability - result.probability, on_object(result, mask)
    losses, distances = np.maximum(drop, 0), distances_to(result, parts)
    lost = 1 - result.sums / (result.whole_sum or np.nan)
    lowest = np.unravel_index(result.sums.argmin(), result.sums.shape)
    most = np.unravel_index(covered_energy(result).argmax(), result.sums.shape)
    return Score(_mean(drop[inside]), _mean(drop[~inside]), losses[inside].sum() / (losses.sum() or np.nan), inside.mean(),
                 distances[lowest], _mean(distances[inside]), lost[most], lost.mean())


def on_object(result, mask):
    """bool (rows, columns): is the pixel in the middle of the square one of the object's, mask (H, W)?"""
    return mask[np.ix_(result.tops + result.size // 2, result.lefts + result.size // 2)]


def distances_to(result, places):
    """(rows, columns): pixels from the square's middle to the nearest of places (P, 2), row and column; NaN without any."""
    if len(places) == 0:
        return np.full(result.sums.shape, np.nan)
    middle = (result.size - 1) / 2
    rows = (result.tops + middle)[:, None, None] - places[:, 0]         # (rows, 1, P)
    columns = (result.lefts + middle)[None, :, None] - places[:, 1]
    return np.hypot(rows, columns).min(axis=2)


def covered_energy(result):
    """(rows, columns): the share of the projection's energy, the squares of its pixels, that the square covers at each place."""
    energy = np.square(result.projection, dtype=np.float64).sum(axis=0)
    total = np.pad(energy.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))     # total[i, j]: all above row i, left of column j
    top, left = np.ix_(result.tops, result.lefts)
    bottom, right = top + result.size, left + result.size
    return (total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]) / (energy.sum() or 1)


def _mean(values):
    return values.mean() if values.size else np.nan


# ---- the picture ----------------------------------------------------------------------------------------------------

REST = "#c8c8c8"        # for classes that are rarely the answer
TITLES = ("(a) image\nand square", "(b) activity of\nthe strongest map", "(c) its projection,\nand other images'",
          "(d) probability of\nthe true class", "(e) most probable\nclass")


def draw(results, others, classes, masks=None):
    """Draw some Figure7 like the paper's, a row for each image.

    others: for each one, projections (k, C, h, w) of the same map's strongest activations in other images. classes: names.
    masks: bool (images, H, W): the objects, whose outlines are then drawn in. Returns a matplotlib figure.
    """
    colors = _class_colors([r.answers for r in results])
    with plots.style():
        figure = plots.figure(9, 2.1 * len(results) + 1.2)
        *grid, foot = figure.subplots(len(results) + 1, 5, gridspec_kw={"height_ratios": [1] * len(results) + [0.05]})
        for i, (row, result) in enumerate(zip(grid, results)):
            covered = result.image.copy()
            covered[:, result.tops[0]:result.tops[0] + result.size, result.lefts[0]:result.lefts[0] + result.size] = 128
            plots.show(row[0], plots.to_image(covered))
            _below(row[0], classes[result.label])
            activity = _heat(row[1], result, result.sums / (result.whole_sum or 1), "magma", 1.25)
            _draw_projections(row[2], result, others[i])
            chance = _heat(row[3], result, result.probability, "viridis", 1)
            _draw_answers(row[4], result, colors)
            for axes in row[[1, 3, 4]] if masks is not None else ():
                axes.contour(masks[i], [0.5], colors="white", linewidths=1.2)
                axes.contour(masks[i], [0.5], colors="black", linewidths=0.5)
        for axes, title in zip(grid[0], TITLES):
            axes.set_title(title)
        for axes in foot[[0, 2, 4]]:
            axes.set_axis_off()
        figure.colorbar(activity, cax=foot[1], orientation="horizontal", label="share of that without square")
        figure.colorbar(chance, cax=foot[3], orientation="horizontal", label="probability")
        _legend(figure, colors, classes)
    return figure


def _heat(axes, result, values, colors, top):
    """Values at the places of the square's middle, over axes that are the image's pixels; returns the matplotlib image."""
    image = axes.imshow(values, cmap=colors, vmin=0, vmax=top, extent=_extent(result), interpolation="nearest")
    _pixel_axes(axes, result)
    return image


def _extent(result):
    """Left, right, bottom, top of a picture of one cell per place of the square."""
    middle = (result.size - 1) / 2
    down, right = (np.diff(places).mean() / 2 if len(places) > 1 else result.size / 2 for places in (result.tops, result.lefts))
    return (result.lefts[0] + middle - right, result.lefts[-1] + middle + right,
            result.tops[-1] + middle + down, result.tops[0] + middle - down)


def _pixel_axes(axes, result):
    h, w = result.image.shape[1:]
    axes.set(xlim=(-0.5, w - 0.5), ylim=(h - 0.5, -0.5), xticks=(0, w // 2, w - 1), yticks=(0, h // 2, h - 1), aspect="equal")
    axes.tick_params(labelsize=7, length=2)
    axes.set_xlabel("pixels", fontsize=7, labelpad=1)


def _draw_answers(axes, result, colors):
    from matplotlib.colors import to_rgb
    image = [[to_rgb(colors.get(c, REST)) for c in row] for row in result.answers]
    axes.imshow(image, extent=_extent(result), interpolation="nearest")
    _pixel_axes(axes, result)


def _draw_projections(axes, result, others):
    """The image's own projection, in a dark frame, and those of other images: four tiles at most."""
    tiles = [plots.to_display(p) for p in (result.projection, *others[:3])]
    tiles = [np.pad(tile, [(2, 2), (2, 2)] + [(0, 0)] * (tile.ndim - 2), constant_values=float(i > 0)) for i, tile in enumerate(tiles)]
    plots.show(axes, plots.grid(tiles, 2, pad=1))
    _below(axes, f"map {result.channel}")


def _below(axes, text):
    axes.text(0.5, -0.04, text, transform=axes.transAxes, ha="center", va="top", fontsize=8)


def _class_colors(answers):
    """{class: color} of the most frequent answers, as many as there are colors."""
    found, counts = np.unique(np.concatenate([a.ravel() for a in answers]), return_counts=True)
    return dict(zip(found[np.argsort(-counts, kind="stable")].tolist(), plots.COLORS))


def _legend(figure, colors, classes):
    from matplotlib.patches import Patch
    patches = [Patch(facecolor=color, edgecolor=plots.GRAY, label=classes[c]) for c, color in colors.items()]
    if len(colors) == len(plots.COLORS):
        patches.append(Patch(facecolor=REST, edgecolor=plots.GRAY, label="other classes"))
    figure.legend(handles=patches, loc="outside lower right", ncols=4, handlelength=1.2, columnspacing=1)


# ---- the item -------------------------------------------------------------------------------------------------------

def reproduce(study):
    """Figure 7 on test scenes, scored with every seed's net."""
    test, pool = study.test_scenes, study.test_scenes.images[:600]
    each = 1 if study.quick else 10
    rows = np.sort(np.concatenate([np.flatnonzero(test.labels == c)[:each] for c in range(len(test.classes))]))
    results, scores, figure = [], [], None
    for seed in study.seeds:
        run = study.run_of("scenes", seed)
        answers = run.net.predict(run.prepare(test.images[rows])).argmax(axis=1)
        right = rows[answers == test.labels[rows]] if (answers == test.labels[rows]).any() else rows
        results = [compute(run.net, test.images[n], test.labels[n], run.prepare, step=4) for n in right]
        scores.append(Score(*np.transpose([score(r, test.masks[n], _parts(test, n)) for r, n in zip(results, right)])))
        figure = figure or _picture(run, test, pool, _examples(results, right))
    return Report(_claims(scores), [page.Section(
        "A gray square over the image", TEXT.format(size=results[0].size), figure,
        alt="Maps of activity, probability and answer over the places of an occluding square")])


def _examples(results, rows):
    """Of rows, the images of some Figure7, three of different classes: those whose probability the square lowers most."""
    order = np.argsort([r.probability.min() - r.whole_probability for r in results], kind="stable")
    labels = [results[i].label for i in order]
    return [rows[i] for k, i in enumerate(order) if labels[k] not in labels[:k]][:3]


def _picture(run, test, pool, rows):
    results = [compute(run.net, test.images[n], test.labels[n], run.prepare) for n in rows]
    top = top_activations(run.net, Prepared(pool, run.prepare), [results[0].layer], 4)[results[0].layer]
    others = [features.measure(run, pool, r.layer, channels=[r.channel], top=top).projections[0] for r in results]
    own = [top.units[r.channel, :, 0] == n for r, n in zip(results, rows)]
    return draw(results, [p[~same] for p, same in zip(others, own)], test.classes, test.masks[rows])


def _parts(test, n):
    """Row and column (P, 2) of the parts of scene n; none of a symmetric object, whose parts lie all around its middle."""
    places = np.array([places[n, :2] for places in test.parts.values()])
    return places[np.isfinite(places[:, 0]) & (test.classes[test.labels[n]] not in scenes.SYMMETRIC)]


def _clearly(a, b):
    """Is the mean of a − b, over the images where both can be said, more than two standard errors above zero?"""
    difference = (a - b)[np.isfinite(a - b)]
    return len(difference) > 1 and difference.mean() > 2 * difference.std(ddof=1) / np.sqrt(len(difference))


def _over_seeds(scores, field, form=".0f", unit=" %", factor=100):
    return spread([factor * _mean(values[np.isfinite(values)]) for values in (getattr(s, field) for s in scores)], form, unit)


def _claims(scores):
    n = min(len(s.inside) for s in scores)
    return [
        Claim("The probability of the true class drops significantly when the object is covered: the net finds the object in the "
              "scene (here: more with the square's middle on the object than off it, by 2 standard errors)",
              f"mean drop, square on the object {_over_seeds(scores, 'inside', '.1f', ' points')}, off it "
              f"{_over_seeds(scores, 'outside', '.1f', ' points')}; {_over_seeds(scores, 'share')} of the drop lies on the object, "
              f"which has {_over_seeds(scores, 'area')} of the places; {n} images or more per seed",
              verdict(_clearly(s.inside, s.outside) for s in scores)),
        Claim("When the square covers what the projection of the strongest map shows, the activity of this map drops strongly "
              "(here: twice as much as at an average place)",
              f"drop of the map's sum, square on most of the projection's energy {_over_seeds(scores, 'covered')}, at an average "
              f"place {_over_seeds(scores, 'anywhere')}", verdict(_mean(s.covered) > 2 * abs(_mean(s.anywhere)) for s in scores)),
        Claim("The strongest map looks for a part of the object (here: its activity is lowest with the square nearer to a part than "
              "an average place on the object is, by 2 standard errors)",
              f"distance of the minimum to the nearest part {_over_seeds(scores, 'part', '.1f', ' px', 1)}, of an average place on "
              f"the object {_over_seeds(scores, 'on_object', '.1f', ' px', 1)}; objects without rotational symmetry",
              verdict(_clearly(s.on_object, s.part) for s in scores))]


TEXT = """Does the net look at the object, or only at what surrounds it? A gray square of {size} pixels covers one place of the \
image after another (a). At each place we ask what has changed; the colors show the answer where the square's middle was. The \
thin outline is the object.

(b) is the activity of one map of the last convolution layer, added up, the one that the whole image fires most: dark where it \
falls silent when that place is covered. (c) shows with a dark frame what of this image fires that map, projected down to pixels \
by the deconvnet, and beside it what fires it in other images. Where (c) has structure, (b) should be dark. (d) is the \
probability of the true class: dark where the net needs to see what is covered. (e) is the net's answer. The three images are \
those, of three classes, that the square changes most.

With photographs one can only look. In scenes the object's pixels and parts are known, so that the same maps can be scored: the \
claims say how much more it matters to cover the object than to cover something else."""
