"""Figure 9 and Tables 4–6: what a net learned on some classes helps with others, of which there are few images.

A net is trained on half of the classes. Then all of its layers stay as they are, and only a new softmax is trained on the outputs of
layer 7, for the other classes. Beside it: the same net trained on the few images from scratch. Twice: with scenes, of which the pixels
alone tell little, and with the images of the study, which may be so simple that there is little to carry over.
"""
from typing import NamedTuple

import numpy as np

from .. import data, plots, runs, training
from ..look import linear
from ..page import Section
from .claims import NOT_TESTABLE, Claim, Report, spread, verdict
from .study import RECIPES

COUNTS = (5, 20, 60)            # training images per class
SAME = 0.95                     # normalized correlation from which on two images count as the same
MOST_TESTS = 2000
SCRATCH_EPOCHS = {1: 10, 3: 18}         # by color channels: enough to know the few images
KINDS, SEEDS = ("scenes", "images"), 2


class Split(NamedTuple):
    """A net that knows half of the classes, and images of the other half.

    old, new: names of classes. run: the net. few, test: data.Dataset of the new classes, labels counted in `new`; few has the same
    number of images of each, in random order. pairs: (N, 2, C, H, W), images of old classes that were left out of the net's training,
    since one of few or test looks the same, and that one; the most alike first. correlations (N,): of the pairs.
    """
    old: tuple
    new: tuple
    run: runs.Run
    few: data.Dataset
    test: data.Dataset
    pairs: np.ndarray
    correlations: np.ndarray


class Figure9(NamedTuple):
    """Accuracies on new classes, 0 … 1, of shape (seeds, counts), for `counts` training images per class.

    known, of the same shape: the accuracy of the nets from scratch on their few training images, a check that they were trained long enough.
    twins (seeds,): how many images were left out as the same; pairs: those of one seed, as in Split.
    """
    counts: tuple
    pretrained: np.ndarray
    scratch: np.ndarray
    known: np.ndarray
    twins: np.ndarray
    pairs: np.ndarray


# ---- images ---------------------------------------------------------------------------------------------------------

def only(dataset, classes):
    """The images of some classes, given by their numbers; labels are counted in `classes`. Returns a data.Dataset."""
    classes = np.asarray(classes)
    rows = np.flatnonzero(np.isin(dataset.labels, classes))
    labels = (dataset.labels[rows, None] == classes).argmax(axis=1)
    return data.Dataset(dataset.images[rows], labels, tuple(dataset.classes[c] for c in classes))


def first(labels, count, start=0):
    """Indices of `count` images of each class, from number `start` of the class on, ascending."""
    return np.sort(np.concatenate([np.flatnonzero(labels == c)[start:start + count] for c in np.unique(labels)]))


def closest(images, others, batch=500):
    """For each image the one of `others` that looks most like it, whatever brightness and contrast they have.

    images (N, C, H, W), others (M, C, H, W). Returns (correlation (N,) float32, index (N,)): the normalized correlation of all values,
    1 for images that differ in brightness and contrast only. An image of one gray has 0 with all.
    """
    def normalized(x):
        x = x.reshape(len(x), -1).astype(np.float32)
        x -= x.mean(axis=1, keepdims=True)
        return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-6)
    others, found = normalized(others), []
    for n in range(0, len(images), batch):
        correlation = normalized(images[n:n + batch]) @ others.T
        found.append((correlation.max(axis=1), correlation.argmax(axis=1)))
    return tuple(np.concatenate(part) for part in zip(*found))


def images_of(study, kind):
    """Training and test images of one kind, "scenes" or "images": two data.Dataset."""
    if kind == "images":
        return study.train, study.test
    return tuple(data.Dataset(*part[:3]) for part in (study.train_scenes, study.test_scenes))


def split(study, kind, seed):
    """Half of the classes, drawn by the seed, to train a net on, the other half to learn from few images. Returns a Split."""
    train, test = images_of(study, kind)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(train.classes))
    source, rest, test = (only(part, np.sort(half)) for part, half in ((train, order[::2]), (train, order[1::2]), (test, order[1::2])))
    mixed = rng.permutation(len(rest.labels))
    few = _rows(rest, mixed[first(rest.labels[mixed], min(COUNTS[-1], np.bincount(rest.labels).min()))])
    test = _rows(test, rng.permutation(len(test.labels))[:MOST_TESTS])
    others = np.concatenate([few.images, test.images])
    correlations, index = closest(source.images, others)
    alike = correlations > SAME
    twins = np.flatnonzero(alike)[np.argsort(-correlations[alike], kind="stable")]
    run = _train(study, kind, f"{kind}-old-classes-seed-{seed}", _rows(source, ~alike), seed, RECIPES[kind])
    return Split(source.classes, few.classes, run, few, test, np.stack([source.images[twins], others[index[twins]]], axis=1),
                 correlations[twins])


def _rows(dataset, rows):
    return data.Dataset(dataset.images[rows], dataset.labels[rows], dataset.classes)


def _train(study, kind, name, images, seed, recipe):
    flip = kind == "scenes" or images.images.shape[1] == 3              # as Study.net has it
    return study.train_run(name, images, recipe=recipe, seed=seed, flip=flip)


# ---- features and nets ----------------------------------------------------------------------------------------------

def features(run, images, layers, batch=250):
    """The outputs of some layers of a run's net for uint8 images (N, C, H, W): {layer: float32 (N, values)}."""
    found, last = {layer: [] for layer in layers}, max(layers, key=list(run.net.layers).index)
    for n in range(0, len(images), batch):
        trace = run.net.forward(run.prepare(images[n:n + batch]), until=last)
        for layer in layers:
            found[layer].append(trace[layer].reshape(len(trace[layer]), -1))
        del trace
    return {layer: np.concatenate(parts) for layer, parts in found.items()}


def from_scratch(study, kind, few, seed):
    """A net trained on few images only, a data.Dataset, long enough that it gets nearly all of them right.

    They are repeated, 3 times at least, until they make an epoch of 600. Held out for validation would be copies, which say nothing:
    the rate is lowered for the last epochs only.
    """
    times = 1 if study.quick else max(3, -(-600 // len(few.labels)))
    repeated = data.Dataset(np.tile(few.images, (times, 1, 1, 1)), np.tile(few.labels, times), few.classes)
    epochs = SCRATCH_EPOCHS[few.images.shape[1]]
    recipe = RECIPES[kind]._replace(epochs=epochs, batch=32, rate=0.01, patience=epochs, settle=3)
    return _train(study, kind, f"{kind}-scratch-{len(few.labels)}-seed-{seed}", repeated, seed, recipe)


def compute(train, test, counts, learn):
    """Accuracies (counts,) on test for so many training images per class, the first ones of each class.

    train, test: (x, labels), x images or features. learn(x, labels) -> a function that gives scores (N, classes) for x of test.
    Raises ValueError if a class has fewer than the largest count.
    """
    fewest = np.bincount(train[1]).min()
    if max(counts) > fewest:
        raise ValueError(f"counts asks for {max(counts)} images of each class, the rarest has {fewest}")
    found = []
    for count in counts:
        rows = first(train[1], count)
        scores = learn(train[0][rows], train[1][rows])
        found.append((scores(test[0]).argmax(axis=1) == test[1]).mean())
    return np.array(found)


def carried(split, counts, layer="relu7"):
    """Accuracies (counts,) of a new softmax on the split's net, all of whose layers stay as they are."""
    train, test = (features(split.run, part.images, [layer])[layer] for part in (split.few, split.test))
    return compute((train, split.few.labels), (test, split.test.labels), counts,
                   lambda x, labels: linear.choose(linear.fit_softmax, x, labels).predict)


def scratch(study, kind, split, counts, seed):
    """Nets that know nothing but the few images: their accuracies (counts,) on the test images, and those on the few themselves."""
    known = []

    def learn(images, labels):
        run = from_scratch(study, kind, data.Dataset(images, labels, split.new), seed)
        known.append(training.accuracy(run.net, images, labels, run.prepare))
        return lambda images: run.net.predict(run.prepare(images))
    accuracies = compute((split.few.images, split.few.labels), (split.test.images, split.test.labels), counts, learn)
    return accuracies, np.array(known)


# ---- the picture and the report -------------------------------------------------------------------------------------

def draw(results):
    """Draw {title: Figure9}: accuracy against training images per class, a panel each, and the most alike images; a matplotlib figure."""
    shown = [pair for result in results.values() for pair in result.pairs][:4]
    with plots.style():
        figure = plots.figure(8.8, 3.4)
        *panels, last = figure.subplots(1, len(results) + 1, width_ratios=[3] * len(results) + [1.3])
        for axes, (title, result) in zip(panels, results.items()):
            for accuracies, line, color, label, shift in ((result.pretrained, "o-", plots.BLUE, "layers learned on other classes", -0.005),
                                                          (result.scratch, "s--", plots.ORANGE, "trained from scratch", 0.005)):
                deviation = 100 * accuracies.std(axis=0, ddof=1) if len(accuracies) > 1 else None
                x = np.add(result.counts, shift * result.counts[-1])        # bars beside each other
                axes.errorbar(x, 100 * accuracies.mean(axis=0), deviation, fmt=line, color=color, capsize=3, label=label)
            axes.set(xlabel="training images per class", title=title)
            axes.set_xlim(0, result.counts[-1] * 1.08)
            axes.set_xticks(result.counts)
            axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
        panels[0].set_ylabel("test accuracy on new classes (%)")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
        last.set_axis_off()
        if shown:
            tiles = [plots.enlarge(plots.to_image(image), 96) for pair in shown for image in pair]
            plots.show(last, plots.grid(tiles, 2, pad=6))
            last.set_title("most alike:\nleft out | kept")
    return figure


def measure(study, kind):
    """The Figure9 of one kind of images, and the Split of its first seed."""
    seeds = study.seeds[:SEEDS]
    splits = [split(study, kind, seed) for seed in seeds]
    fewest = min(len(s.few.labels) // len(s.new) for s in splits)
    counts = tuple(c for c in COUNTS if c <= fewest)[:2 if study.quick else None] or (fewest,)
    alone, known = zip(*(scratch(study, kind, s, counts, seed) for s, seed in zip(splits, seeds)))
    return Figure9(counts, np.array([carried(s, counts) for s in splits]), np.array(alone), np.array(known),
                   np.array([len(s.pairs) for s in splits]), splits[0].pairs), splits[0]


def reproduce(study):
    """Splits of the classes of the scenes and of the images, nets from scratch and a new softmax for each; a Report."""
    names = {"scenes": "scenes", "images": study.name}
    found = {names[kind]: measure(study, kind) for kind in KINDS}
    results = {name: result for name, (result, _) in found.items()}
    claims = [claim for name, result in results.items() for claim in _claims(name, result)]
    claims.append(Claim("Caltech-101: 86.5 %, Caltech-256: 74.2 %, VOC 2012: 79.0 %, with layers learned on ImageNet",
                        "neither these photographs nor those of ImageNet come with numpyzf", NOT_TESTABLE))
    rows = [("new classes of", "training images per class", "layers from other classes", "from scratch", "from scratch, on its training images")]
    rows += [(name, count, *(_percent(accuracies[:, i]) for accuracies in (result.pretrained, result.scratch, result.known)))
             for name, result in results.items() for i, count in enumerate(result.counts)]
    rows += [("paper: Caltech-101", 30, "86.5 %", "46.5 %", ""), ("paper: Caltech-256", 60, "74.2 %", "38.8 %", "")]
    return Report(claims, [Section("Features that carry over to other classes", _text(found), draw(results), rows,
                                   "Test accuracy against the number of training images per class, pretrained and from scratch")])


def _claims(name, result):
    gap, few, many = 100 * (result.pretrained - result.scratch), result.counts[0], result.counts[-1]
    return [
        Claim("Layers learned on other images, with a new softmax, beat the same net trained from scratch. Tested: for every number of images "
              f"({name})", "; ".join(f"{count} per class: {spread(gap[:, i], '.1f', ' points')}" for i, count in enumerate(result.counts)),
              verdict((gap > 0).all(axis=1))),
        Claim("With few images they win by far (Caltech-101, 30 per class: 86.5 against 46.5 %). Tested: at most half of the errors, "
              f"{few} per class ({name})", f"{_percent(result.pretrained[:, 0])} against {_percent(result.scratch[:, 0])}",
              verdict(1 - result.pretrained[:, 0] <= 0.5 * (1 - result.scratch[:, 0]))),
        Claim(f"The gap shrinks with more images. Tested: there is one, and it is smaller with {many} per class than with {few} ({name})",
              f"{spread(gap[:, 0], '.1f', ' points')} → {spread(gap[:, -1], '.1f', ' points')}",
              verdict((gap[:, 0] > 0) & (gap[:, -1] < gap[:, 0])))]


def _percent(accuracies):
    return spread(100 * accuracies, ".1f", " %")


def _text(found):
    classes = "; ".join(f"{name}: trained on {', '.join(s.old)}, tested on {', '.join(s.new)}" for name, (_, s) in found.items())
    twins = "; ".join(f"{', '.join(map(str, result.twins))} ({name})" for name, (result, _) in found.items())
    return f"""Can what a net has learned be used for something else? A net is trained on half of the classes. Then it stays as it is, and for \
the other classes only the last layer is learned anew, a softmax on the outputs of layer 7. The other curve is the same net trained from scratch on \
the same few images. Where the first curve starts high, few examples are enough, because the layers below already tell apart what matters. Where it \
lies below the other, what was learned on the old classes doesn't help: few kinds of pictures teach less than the thousand of the paper. The nets \
from scratch were trained until they knew (nearly) all of their few training images; the table's last column checks it.

The first seed's classes. {classes}. Each seed draws its own.

A comparison like this is worthless if the net has seen the test images. So every image of the old classes was compared with those of the new ones \
by normalized correlation: 1 means the same up to brightness and contrast. Those above {SAME} were left out of the net's training; their numbers, seed \
by seed: {twins}. Some may only look alike; to leave out a few too many does no harm.

Points are means over the seeds, bars standard deviations, of which a part comes from some classes being harder than others."""
