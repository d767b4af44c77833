"""Figure 5: images shifted, enlarged and turned; how far that moves their features low and high in the net, and its answer.

Source: Zeiler & Fergus section 4.1 (Feature Invariance), Figure 5.
"""
from typing import NamedTuple

import numpy as np

from .. import functional as F
from .. import page, plots
from ..data import scenes, transform
from .claims import Claim, Report, spread, verdict

TRANSFORMS = {"translation": transform.translate, "scale": transform.scale, "rotation": transform.rotate}
STABLE = 0.8        # what "stable" means in the claims: four fifths are kept, on average over the range


class Sweep(NamedTuple):
    """N images under one transformation by each of A amounts.

    amounts (A,): pixels down, factors, or degrees; sizes (A,): how much that is, 0 for the untransformed image.
    first, last (A, N): Euclidean distance of the features to those of the untransformed image, at the two layers, divided by the
    mean distance between two different (untransformed) images at that layer. probability (A, N): of the true class.
    right (A, N): bool, is the true class the most probable one?
    """
    amounts: np.ndarray
    sizes: np.ndarray
    first: np.ndarray
    last: np.ndarray
    probability: np.ndarray
    right: np.ndarray


class Figure5(NamedTuple):
    """Images uint8 (N, C, H, W), labels (N,), the two layers' names, and {transformation: Sweep}."""
    images: np.ndarray
    labels: np.ndarray
    layers: tuple
    sweeps: dict


def ranges(side):
    """The amounts of each transformation for images of `side` pixels, as far as the paper's go in proportion.

    >>> {name: (len(amounts), amounts[0].item(), amounts[-1].item()) for name, amounts in ranges(64).items()}
    {'translation': (17, -16, 16), 'scale': (17, 1.0, 1.8), 'rotation': (36, 0, 350)}
    """
    return {"translation": max(1, round(side / 32)) * np.arange(-8, 9), "scale": 1 + np.arange(17) / 20,
            "rotation": np.arange(0, 360, 10)}


def sizes(name, amounts):
    """How far amounts of a transformation are from doing nothing: |pixels|, |factor − 1|, degrees either way (0 … 180)."""
    if name == "rotation":
        return np.minimum(amounts % 360, -amounts % 360)
    return np.abs(amounts - (name == "scale"))


def compute(net, images, labels, prepare, *, layers=("norm1", "relu7"), amounts=None):
    """Transform every image by every amount, and run the net.

    images: uint8 (N, C, H, W), two at least. labels: (N,) indices of the scores.
    prepare(images) -> the net's input. layers: the first and the last hidden one; norm1 is all that the paper calls layer 1
    (filtered, rectified, pooled, normalized), relu7 the last features before the scores.
    amounts: {"translation", "scale", "rotation": (A,)}; without it `ranges`. What comes in at the edges has the mean color of the
    image's own border. Returns a Figure5. Raises ValueError for fewer than two images, or another number of labels.
    """
    if len(images) < 2 or len(labels) != len(images):
        raise ValueError(f"it takes two images or more, and a label for each, not {len(images)} images and {len(labels)} labels")
    rest, _ = _run(net, images, prepare, layers)
    units = [mean_distance(features) or 1.0 for features in rest]
    fills = [transform.border_color(image) for image in images]
    sweeps = {}
    for name, steps in (amounts or ranges(images.shape[2])).items():
        rows = []
        for amount in steps:
            moved = np.stack([TRANSFORMS[name](image, amount, fill=fill) for image, fill in zip(images, fills)])
            features, scores = _run(net, moved, prepare, layers)
            distances = [np.linalg.norm(now - then, axis=1) / unit for now, then, unit in zip(features, rest, units)]
            rows.append((*distances, F.softmax(scores)[np.arange(len(labels)), labels], scores.argmax(axis=1) == labels))
        sweeps[name] = Sweep(np.asarray(steps), sizes(name, np.asarray(steps)), *map(np.array, zip(*rows)))
    return Figure5(images, np.asarray(labels), tuple(layers), sweeps)


def _run(net, images, prepare, layers, batch=32):
    """The features (N, D) of each layer in float64, and the scores (N, classes)."""
    rows = []
    for start in range(0, len(images), batch):
        trace = net.forward(prepare(images[start:start + batch]))
        rows.append([trace[name].reshape(trace.images, -1) for name in layers] + [trace.scores])
    *features, scores = map(np.concatenate, zip(*rows))
    return [f.astype(np.float64) for f in features], scores


def mean_distance(features):
    """The mean Euclidean distance between two different rows of features (N, D)."""
    return np.concatenate([np.linalg.norm(features[i + 1:] - features[i], axis=1) for i in range(len(features) - 1)]).mean()


# ---- what the claims rest on ----------------------------------------------------------------------------------------

def smallest_step(sweep):
    """The mean distances (first, last) that the smallest transformation makes, up and down, or left and right."""
    step = sweep.sizes == sweep.sizes[sweep.sizes > 0].min()
    return sweep.first[step].mean(), sweep.last[step].mean()


def straightness(x, y):
    """R² of the best line through the origin: 1 − Σ(y − slope·x)² / Σ(y − mean of y)²; NaN if y is constant.

    1: the points lie on such a line; 0 or below: it says no more than a constant would.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    slope, varies = x @ y / (x @ x), np.sum((y - y.mean()) ** 2)
    return 1 - np.sum((y - slope * x) ** 2) / varies if varies > 0 else np.nan


def kept(sweep):
    """Share of right answers over all amounts, of the images whose answer is right untransformed; NaN without any."""
    right = sweep.right[:, sweep.right[sweep.sizes == 0].all(axis=0)]
    return right[sweep.sizes > 0].mean() if right.size else np.nan


def kept_probability(sweep, chosen):
    """What is left of the probability of the true class, on average over all amounts and the images in `chosen` (N,) bool
    whose answer is right untransformed: mean probability / mean probability untransformed; NaN without any."""
    chosen = chosen & sweep.right[sweep.sizes == 0].all(axis=0)
    if not chosen.any():
        return np.nan
    return sweep.probability[sweep.sizes > 0][:, chosen].mean() / sweep.probability[sweep.sizes == 0][:, chosen].mean()


# ---- the picture ----------------------------------------------------------------------------------------------------

LINES = ((plots.BLUE, "-", "o"), (plots.ORANGE, "--", "s"), (plots.COLORS[2], "-.", "^"), (plots.COLORS[3], ":", "D"),
         ("#222222", (0, (6, 1)), "v"))        # Okabe and Ito's colors, each with a line and a marker of its own
LABELS = {"translation": "shift down (pixels)", "scale": "scale (factor)", "rotation": "rotation (degrees)"}


def draw(result, classes, shown):
    """Draw a Figure5 like the paper's: a row per transformation; example images, distances at both layers, probability.

    classes: the names of the labels. shown: which images get a curve of their own, five at most; the gray line is the mean over all.
    Returns a matplotlib figure.
    """
    if not 1 <= len(shown) <= len(LINES):
        raise ValueError(f"shown must be 1 to {len(LINES)} images, not {len(shown)}")
    titles = (f"first layer ({result.layers[0]})", f"last hidden layer ({result.layers[1]})", "true class")
    with plots.style():
        figure = plots.figure(9, 7.6)
        grid = figure.subplots(3, 4, gridspec_kw={"width_ratios": (1.25, 1.4, 1.4, 1.4)})
        for row, (name, sweep) in zip(grid, result.sweeps.items()):
            _draw_examples(row[0], result.images[shown], name, sweep.amounts)
            for axes, values in zip(row[1:], (sweep.first, sweep.last, sweep.probability)):
                _draw_curves(axes, sweep.amounts, values, [classes[result.labels[n]] for n in shown], shown)
                axes.set(xlabel=LABELS[name], ylabel="relative distance", ylim=(0, 1.05))
                if name == "rotation":
                    axes.set_xticks(range(0, 361, 90))
            row[1].set_title(f"first layer ({result.layers[0]})")
            row[2].set_title(f"last hidden layer ({result.layers[1]})")
            row[3].set(title="true class", ylabel="probability")
        top = max(values[:, shown].max() for sweep in result.sweeps.values() for values in (sweep.first, sweep.last))
        for axes in grid[:, 1:3].flat:      # equal, so that layers and transformations can be compared
            axes.set_ylim(0, 1.05 * top or 1)
        figure.legend(*grid[0, 1].get_legend_handles_labels(), loc="outside lower center", ncols=6, handlelength=3)
    return figure


def _draw_curves(axes, amounts, values, names, shown):
    axes.plot(amounts, values.mean(axis=1), color="#c8c8c8", linewidth=5, label=f"mean of {values.shape[1]} images")
    for n, name, (color, line, marker) in zip(shown, names, LINES):
        axes.plot(amounts, values[:, n], color=color, linestyle=line, linewidth=1.2, marker=marker,
                  markevery=max(1, len(values) // 8), label=name)


def _draw_examples(axes, images, name, amounts):
    """Images (rows) as they are and under the amounts at the ends of the range and halfway (columns)."""
    places = [0, len(amounts) // 2, len(amounts) - 1] if name != "rotation" else [0, len(amounts) // 8, len(amounts) // 2]
    tiles = [plots.to_image(TRANSFORMS[name](image, amounts[i], fill=transform.border_color(image)))
             for image in images for i in places]
    pad = max(1, tiles[0].shape[0] // 20)
    plots.show(axes, plots.grid(tiles, len(places), pad))
    h, w = tiles[0].shape[0] + pad, tiles[0].shape[1] + pad
    unit = {"translation": " px", "scale": "×", "rotation": "°"}[name]
    for column, i in enumerate(places):
        axes.text(column * w + w / 2, -pad, f"{amounts[i]:.3g}{unit}".replace("-", "−"), ha="center", va="bottom", fontsize=7)
    for row, (color, _, marker) in zip(range(len(images)), LINES):
        axes.plot(-0.15 * w, row * h + h / 2, color=color, marker=marker, markersize=5, clip_on=False)


# ---- the item -------------------------------------------------------------------------------------------------------

def reproduce(study):
    """Figure 5 on centered scenes, and once more on the study's own images."""
    each = 2 if study.quick else 5
    size = study.train_scenes.images.shape[2]
    rendered = scenes.render(each * len(scenes.CLASSES), np.random.default_rng(5), size=size, centered=True)
    report = Report([], [])
    for kind, images, labels, classes, first in (
            ("scenes", rendered.images, rendered.labels, rendered.classes, ("face", "bird", "car", "boat", "wheel")),
            ("images", study.test.images, study.test.labels, study.test.classes, ())):
        rows = _take(labels, each, most=100)
        images, labels = images[rows], labels[rows]
        nets = [study.run_of(kind, seed) for seed in study.seeds]
        results = [compute(run.net, images, labels, run.prepare) for run in nets]
        wanted = [classes.index(name) for name in first] or _spread_out(np.unique(labels), len(LINES))
        shown = _shown(labels, results[0].sweeps["scale"].right[0], wanted)
        where = "centered scenes" if kind == "scenes" else study.name
        symmetric = np.isin(labels, [classes.index(name) for name in scenes.SYMMETRIC]) if kind == "scenes" else None
        report.claims.extend(_claims(results, where, symmetric))
        report.sections.append(page.Section(
            f"Shifted, enlarged, turned: {where}", TEXT.format(n=len(images)), draw(results[0], classes, shown), _table(results),
            f"Distances of features and probabilities under three transformations, {where}"))
    return report


def _take(labels, each, most):
    """Rows of the first `each` images of every class: first one of each class, then the second ones …; no more than `most`."""
    own = [np.flatnonzero(labels == c)[:each] for c in np.unique(labels)]
    return np.array([rows[i] for i in range(each) for rows in own if i < len(rows)])[:most]


def _spread_out(values, count):
    return values[np.linspace(0, len(values) - 1, min(len(values), count)).astype(int)]


def _shown(labels, right, wanted):
    """For each wanted class the first image whose answer is right untransformed, or the first one."""
    own = [np.flatnonzero(labels == c) for c in wanted]
    return [int((rows[right[rows]] if right[rows].any() else rows)[0]) for rows in own]


def _claims(results, where, symmetric):
    steps = {name: np.array([smallest_step(r.sweeps[name]) for r in results]) for name in ("translation", "scale")}
    lines = {name: np.array([[straightness(s.sizes, values.mean(axis=1)) for values in (s.first, s.last)] for s in
                             (r.sweeps[name] for r in results)]) for name in ("translation", "scale")}
    right = {name: np.array([kept(r.sweeps[name]) for r in results]) for name in TRANSFORMS}
    n, step, seeds = len(results[0].images), _step(results[0]), range(len(results))
    claims = [
        Claim(f"A small transformation changes the first layer much, the last hidden layer less ({where})",
              f"relative change, 1 = distance of two different images; {step} px: first layer "
              f"{spread(steps['translation'][:, 0])}, last {spread(steps['translation'][:, 1])}; 5 % larger: first "
              f"{spread(steps['scale'][:, 0])}, last {spread(steps['scale'][:, 1])}; mean of {n} images",
              verdict(all(steps[name][i, 0] > steps[name][i, 1] for name in steps) for i in seeds)),
        Claim(f"In the last hidden layer the change is nearly linear in translation and scale (here: R² ≥ 0.9; {where})",
              f"R² of a line through the origin: translation {spread(lines['translation'][:, 1])}, scale "
              f"{spread(lines['scale'][:, 1])}; first layer {spread(lines['translation'][:, 0])} and "
              f"{spread(lines['scale'][:, 0])}; mean curve of {n} images",
              verdict(all(lines[name][i, 1] >= 0.9 for name in lines) for i in seeds)),
        Claim(f"The output is stable under translation and scale, and less under rotation (here: {STABLE:.0%} of right answers "
              f"stay right; {where})", "answers that stay right, mean over the range: " +
              ", ".join(f"{name} {spread(100 * right[name], '.0f', ' %')}" for name in right),
              verdict(right["rotation"][i] < min(right["translation"][i], right["scale"][i]) >= STABLE for i in seeds))]
    if symmetric is not None:
        own, others = (np.array([kept_probability(r.sweeps["rotation"], chosen) for r in results])
                       for chosen in (symmetric, ~symmetric))
        claims.append(Claim(
            f"Only objects with rotational symmetry keep their probability when turned (here: more than {STABLE:.0%}; others less)",
            f"probability kept, mean over 10° … 350°: {', '.join(scenes.SYMMETRIC)} {spread(100 * own, '.0f', ' %')}, others "
            f"{spread(100 * others, '.0f', ' %')}", verdict(a > STABLE > b for a, b in zip(own, others))))
    return claims


def _step(result):
    pixels = result.sweeps["translation"].sizes
    return pixels[pixels > 0].min()


def _table(results):
    rows = [("", f"smallest step, {results[0].layers[0]}", f"smallest step, {results[0].layers[1]}", "right answers kept")]
    for name, step in (("translation", f"{_step(results[0])} px"), ("scale", "5 %"), ("rotation", "10°")):
        low, high = zip(*(smallest_step(r.sweeps[name]) for r in results))
        right = spread([100 * kept(r.sweeps[name]) for r in results], ".0f", " %")
        rows.append((f"{name} ({step})", spread(low), spread(high), right))
    return rows


TEXT = """Each image is moved down or up, enlarged, and turned, by more and more. For every step the net sees the result, and we \
ask: how far did the features go from those of the untransformed image? The first two curves say so for the first layer and for \
the last hidden one, the third is the probability the net gives to the true class. Each line is one image that the net knows \
untransformed, tied by its marker to the pictures at the left; the broad gray line is the mean of {n} images.

Distances in different layers have different units. Here 1 is the mean distance between two different images in the same layer: \
a curve at 1 means that the net takes the image for as different as any other picture. A curve that climbs steeply at once \
belongs to a layer that sees pixels; one that climbs slowly, to a layer that sees what pixels stand for. Enlarging and turning \
also blurs a little, and what comes in at the edges has the mean color of the image's border.

Look at the rotation: a curve that comes back to zero at 90° or 180° belongs to something that looks the same again. Nets learn \
nothing of invariance to rotation that their training images don't show."""
