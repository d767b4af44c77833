"""Figure 4: how features come about. The same maps after more and more epochs, each by the training image that fires it most.

Beside each projection stands the image it comes from: where a picture jumps from one epoch to the next, it can be seen whether
the map has changed, or only another image has become the strongest.
"""
import copy
from typing import NamedTuple

import numpy as np

from .. import data, plots, runs
from ..look.many import top_activations
from ..tour import features
from ..tour.training_curve import rate_drops
from ..training import Prepared
from . import figure2_score
from ..page import Section
from .claims import NOT_TESTABLE, Claim, Report, verdict
from .study import RECIPES

SHOWN = (1, 2, 5, 10, 20, 30, 40, 64)                   # the paper's epochs, as far as they run
KEPT = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30)
SETTLED = {"filters": 0.9, "pictures": 0.9, "images": 0.5}      # above which a layer counts as settled, see Course


class Evolution(NamedTuple):
    """One layer over E epochs. found: one features.Features per epoch, of all maps, k = 1; field: the layer's geometry.ReceptiveField;
    filters (E, size): how far all weights are from where they began.
    """
    layer: str
    field: object
    found: list
    filters: np.ndarray


class Course(NamedTuple):
    """How a layer comes to rest, and where it jumps.

    filters, pictures, images (E,): at each epoch, cosine between the change of the weights since the start and that at the end; mean
    over maps of the cosine between the strongest projection and that at the end; share of maps whose strongest image is that at the end.
    jumps: mean change (1 - cosine) of a projection from one epoch to the next where the strongest image is another, and where it is the
    same, NaN where that never is; changes: the share of the former.
    """
    layer: str
    filters: np.ndarray
    pictures: np.ndarray
    images: np.ndarray
    jumps: tuple
    changes: float


def compute(nets, start, images, prepare):
    """Follow all convolutions of one net through its training.

    nets: one Network per epoch, in order; start: the same before training. images: uint8 (N, C, H, W), the training images;
    prepare(images) -> the net's input. Returns a list of Evolution. Section 4.1 of the paper.
    """
    layers, inputs = start.convolutions, Prepared(images, prepare)
    found = {layer: [] for layer in layers}
    for net in nets:
        for layer, top in top_activations(net, inputs, layers, 1).items():
            found[layer].append(features.measure(runs.Run(net, prepare, ()), images, layer, channels=np.arange(len(top.values)), top=top))
    filters = {layer: np.array([(net.layers[layer].params["w"] - start.layers[layer].params["w"]).ravel() for net in nets])
               for layer in layers}
    return [Evolution(layer, start.receptive_field(layer), found[layer], filters[layer]) for layer in layers]


def course(evolution):
    """Measure an Evolution; returns a Course. Maps that don't fire at every epoch are left out; NaN if that leaves none."""
    found, field = evolution.found, evolution.field
    fires = np.min([result.values[:, 0] for result in found], axis=0) > 0
    tiles = np.array([figure2_score.aligned(result.projections, result, field)[0][fires, 0] for result in found])
    strongest = np.array([result.units[fires, 0, 0] for result in found])                       # (E, maps)
    filters = cosine(evolution.filters, evolution.filters[-1:])
    if not fires.any():
        nothing = np.full(len(found), np.nan)
        return Course(evolution.layer, filters, nothing, nothing, (np.nan, np.nan), np.nan)
    another, jump = strongest[1:] != strongest[:-1], 1 - cosine(tiles[1:], tiles[:-1], axes=2)
    return Course(evolution.layer, filters, cosine(tiles, tiles[-1:], axes=2).mean(axis=1), (strongest == strongest[-1]).mean(axis=1),
                  tuple(float(jump[which].mean()) if which.any() else np.nan for which in (another, ~another)),
                  float(another.mean()) if another.size else np.nan)


def cosine(a, b, axes=1):
    """Cosine between arrays along all but the first `axes` axes; 0 where one of them is all zero. Shapes broadcast."""
    a, b, over = a.astype(np.float64), b.astype(np.float64), tuple(range(axes, a.ndim))
    lengths = np.sqrt((a ** 2).sum(axis=over) * (b ** 2).sum(axis=over))
    return (a * b).sum(axis=over) / np.maximum(lengths, np.finfo(float).tiny)


def settled(epochs, series, limit):
    """The epoch from which on `series` stays above `limit`, interpolated between two of `epochs`; infinity if it ends below.

    >>> settled([1, 2, 6], [0.95, 0.7, 1.1], 0.9), settled([1, 2], [0.9, 0.8], 0.9), settled([1, 2], [0.95, 1.0], 0.9)
    (4.0, inf, 1.0)
    """
    below = np.flatnonzero(~(np.asarray(series) > limit))
    if len(below) == 0:
        return float(epochs[0])
    if below[-1] == len(epochs) - 1:
        return np.inf
    i, j = below[-1], below[-1] + 1
    return round(float(epochs[i] + (epochs[j] - epochs[i]) * (limit - series[i]) / (series[j] - series[i])), 6)


# ---- drawing --------------------------------------------------------------------------------------------------------

def draw(evolutions, epochs, *, maps=3, shown=SHOWN):
    """Draw the `maps` maps of each layer that are most active at the end; returns a matplotlib figure.

    One row per map, one column per epoch: the projection and, to its right, the image patch, framed where it is of another image
    than in the column before. epochs: of the evolutions; those in `shown`, and the last, are drawn.
    """
    columns = [i for i, epoch in enumerate(epochs) if epoch in shown or i == len(epochs) - 1]
    mosaics = [_rows(evolution, columns, maps) for evolution in evolutions]
    left, gap = 0.72, 0.3                   # inches, as are the scales, per pixel of a mosaic
    width = min(8.9, left + 1.5 * len(columns))
    scales = [(width - left) / image.shape[1] for image, *_ in mosaics]
    bottom = height = sum(image.shape[0] * scale + gap for (image, *_), scale in zip(mosaics, scales)) + 0.04
    with plots.style():
        figure = plots.figure(width, height, layout="none")
        for evolution, (image, channels, centers, frames), scale in zip(evolutions, mosaics, scales):
            size = image.shape[0] * scale
            bottom -= size + gap
            axes = figure.add_axes((left / width, bottom / height, 1 - left / width - 0.003, size / height))
            plots.show(axes, image)
            for i, channel in enumerate(channels):
                axes.text(-0.012, 1 - (i + 0.5) / len(channels), f"map {channel}", transform=axes.transAxes, ha="right", va="center")
            axes.text(-0.012, 1, evolution.layer, transform=axes.transAxes, ha="right", va="top", fontweight="bold")
            for column, center in zip(columns, centers):
                axes.text(center, -0.06 / scale, f"epoch {epochs[column]}", ha="center", va="bottom", fontsize=8)
            for frame in frames:
                _frame(axes, *frame)
    return figure


def _rows(evolution, columns, maps, thin=3, wide=12):
    """One layer's mosaic, its channels, the middle of each column, and the frames (left, top, side), all in pixels of the mosaic."""
    found = [evolution.found[i] for i in columns]
    channels, cells, frames = features.most_active(found[-1].values)[:maps], [], []
    for channel in channels:
        for result in found:
            pair = plots.to_display(result.projections[channel, 0]), plots.to_image(result.patches[channel, 0])
            cells.append(plots.grid([plots.enlarge(tile, 96) for tile in pair], 2, pad=thin, background=0.85))
    height, width = cells[0].shape[:2]
    side = (width - thin) // 2
    for row, channel in enumerate(channels):
        images = [result.units[channel, 0, 0] for result in found]
        frames += [(i * (width + wide) + side + thin, row * (height + wide), side, height)
                   for i in range(1, len(images)) if images[i] != images[i - 1]]
    centers = [i * (width + wide) + width / 2 for i in range(len(columns))]
    return plots.grid(cells, len(columns), pad=wide), channels, centers, frames


def _frame(axes, left, top, width, height):
    from matplotlib.patches import Rectangle
    axes.add_patch(Rectangle((left - 0.5, top - 0.5), width, height, fill=False, edgecolor=plots.ORANGE, linewidth=2, clip_on=False))


def draw_courses(courses, epochs):
    """Draw how the layers come to rest, the mean over seeds. courses: one list of Course per seed; returns a matplotlib figure."""
    import matplotlib
    titles = {"filters": "filters: cosine with the end", "pictures": "projections: cosine with the end",
              "images": "maps with their final image (%)"}
    with plots.style():
        figure = plots.figure(8.9, 2.8)
        panels = figure.subplots(1, 3)
        for axes, (name, title) in zip(panels, titles.items()):
            factor = 100 if name == "images" else 1
            for i, marker in zip(range(len(courses[0])), "os^Dv" * 4):
                values = factor * np.mean([getattr(row[i], name) for row in courses], axis=0)
                shade = matplotlib.colormaps["viridis"](0.85 * i / max(1, len(courses[0]) - 1))
                axes.plot(epochs, values, marker=marker, color=shade, label=courses[0][i].layer)
            axes.axhline(factor * SETTLED[name], color=plots.GRAY, linestyle=":", linewidth=1.2)
            axes.set(title=title, xlabel="epoch", xscale="log", ylim=(min(0, axes.get_ylim()[0]), 1.03 * factor))
            axes.set_xticks(*2 * [[epoch for epoch in epochs if epoch in SHOWN or epoch == epochs[-1]]])
            axes.minorticks_off()
            axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return figure


# ---- the item of the paper ------------------------------------------------------------------------------------------

def reproduce(study):
    """Figure 4 of the paper on a third of the training scenes, with two seeds."""
    scenes, courses, drawn = study.train_scenes, [], None
    part = data.Dataset(*(x[:2000] for x in scenes[:2]), scenes.classes)
    recipe = RECIPES["scenes"]._replace(epochs=KEPT[-1], patience=5)
    for seed in study.seeds[:2]:
        name = f"scenes-{len(part.images)}-epochs-{recipe.epochs}-seed-{seed}"
        run = study.run(name, part, recipe=recipe, seed=seed, flip=True, keep=KEPT)
        last = len(run.history)
        epochs = [epoch for epoch in KEPT if epoch < last] + [last]
        nets = [runs.load_run(runs.epoch_file(study.out / "nets" / name, epoch)).net for epoch in epochs[:-1]] + [run.net]
        study.report(f"  strongest images after each of {len(nets)} epochs, seed {seed}")
        evolutions = compute(nets, before_training(run, part.labels, seed), part.images, run.prepare)
        courses.append([course(evolution) for evolution in evolutions])
        drawn = drawn or (draw(evolutions, epochs), run.history)
    return Report(_claims(courses, epochs), _sections(*drawn, courses, epochs))


def before_training(run, labels, seed):
    """A Network with the weights that runs.train_run began with: the same random numbers in the same order."""
    rng = np.random.default_rng(seed)
    runs.hold_out(labels, rng)
    return copy.deepcopy(run.net).initialize(rng)


SETTLES = """Lower layers settle before upper ones. Tested: the epoch at which {what}; mean of the two lowest convolutions earlier \
than of the two highest."""
WHAT = {
    "filters": "filters settle: from then on the change of all weights since the start has a cosine above 0.9 with that at the end",
    "pictures": "projections settle: from then on a map's strongest projection has, on average, a cosine above 0.9 with that at the end",
    "images": "strongest images settle: from then on more than half of the maps have the strongest image that they have at the end"}
JUMPS = """Sudden jumps in a picture come from a change of the image that fires the map most. Tested: from one kept epoch to the next, a \
projection changes more (1 − cosine, mean) where the image changes than where it stays, in each of {upper}."""
NEEDED = "needs the paper's epochs: 1.3 million images each, 10,000 steps; here it is some thousands of images, of a simple kind"


def _claims(courses, epochs):
    upper, seeds = courses[0][1:], f"{len(courses)} seed" + "s" * (len(courses) > 1)
    claims = []
    for name, what in WHAT.items():
        rests = [[settled(epochs, getattr(c, name), SETTLED[name]) for c in row] for row in courses]
        layers = "; ".join(f"{c.layer}: {' and '.join(_epoch(row[i]) for row in rests)}" for i, c in enumerate(courses[0]))
        claims.append(Claim(SETTLES.format(what=what), f"{layers} (epoch of {epochs[-1]}, interpolated; {seeds})",
                            verdict(bool(np.mean(row[:2]) < np.mean(row[-2:])) for row in rests)))
    layers = []
    for i, c in enumerate(upper, 1):
        other, same, changes = np.mean([(*row[i].jumps, row[i].changes) for row in courses], axis=0)
        layers.append(f"{c.layer}: {other:.2f} against {same:.2f}, and the image changes in {100 * changes:.0f} % of cases")
    claims.append(Claim(JUMPS.format(upper=", ".join(c.layer for c in upper)), "; ".join(layers) + f" ({seeds})",
                        verdict(all(c.jumps[0] > c.jumps[1] for c in row[1:]) for row in courses)))
    return claims + [Claim("Lower layers converge within a few epochs, upper ones after 40 to 50.", NEEDED, NOT_TESTABLE)]


def _epoch(epoch):
    return "not before the end" if epoch == np.inf else f"{epoch:.1f}"


def _sections(figure, history, courses, epochs):
    drops = [f"before epoch {epoch} to {rate:g}" for epoch, rate in rate_drops(history)]
    drops = ", ".join(drops) if drops else "never"
    rows = [("layer", *(f"epoch {epoch}" for epoch in epochs))]
    for i, c in enumerate(courses[0]):
        rows.append((c.layer, *(f"{100 * share:.0f} %" for share in np.mean([row[i].images for row in courses], axis=0))))
    return [Section("Features while they are learned", PICTURE, figure, alt="Three maps per convolution in rows, epochs in columns: "
                    "a projection and its image patch each"),
            Section("When do they settle?", COURSE.format(drops=drops), draw_courses(courses, epochs),
                    alt="Three plots over the epochs, one line per convolution: filters, projections and strongest images against the end"),
            Section("Maps whose strongest image is the final one", "Mean over seeds. The last column is the end itself.", rows=rows)]


PICTURE = """Each row is one map, the three most active ones of each convolution, and each column one epoch. At the left of a pair is the \
projection of the strongest activation over all training images, at its right the patch of the image that it comes from. An orange frame \
marks a patch of another image than in the column before.

Follow a row from left to right. Where the frame is missing and the picture still changes, the map itself has learned. Where a framed \
patch goes with a sudden new picture, the map may have changed little: only another image has overtaken the strongest one."""

COURSE = """How near to its end is a layer after each epoch? Left: its weights, by the direction in which they have moved since the start. \
Middle: the pictures above, for all maps. Right: how many maps have found the image that is their strongest at the end. The dotted line is \
where we call a layer settled.

Weights come to rest for another reason too: the learning rate is lowered, as in the paper, when the validation accuracy stops rising, and \
in the last two epochs. With small steps nothing moves far. Here, in the run shown above, it fell {drops}. The order of the \
layers can be compared, since all have the same rate; the epochs at which they settle belong to this schedule."""
