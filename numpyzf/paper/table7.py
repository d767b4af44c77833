"""Table 7: how good are the features of each layer? A linear support vector machine and a softmax learn classes from them.

The classes are, as in the paper, others than the net was trained on; for comparison, the same with the net's own classes.
"""
from typing import NamedTuple

import numpy as np

from .. import data, plots, runs
from ..look import linear
from . import figure9
from ..page import Section
from .claims import Claim, Report, spread, verdict

LAYERS = {"norm1": "1", "norm2": "2", "relu3": "3", "relu4": "4", "pool5": "5", "relu7": "7"}     # the last output of each
PAPER = (44.8, 66.2, 72.3, 76.6, 86.2, 85.5)        # Caltech-101, support vector machine (%)
PER_CLASS, DRAWS = 30, 2


class Table7(NamedTuple):
    """Accuracies 0 … 1 of the two classifiers for each layer: svm, softmax (layers,); of several nets together (nets, layers)."""
    layers: tuple
    svm: np.ndarray
    softmax: np.ndarray


def compute(train, labels, test, test_labels, *, per_class=PER_CLASS, draws=DRAWS):
    """Learn from `per_class` images of each class, on each layer's features, and test; the mean over draws that share no image.

    train, test: {layer: float (N, values)}, as figure9.features gives them; labels, test_labels: integers (N,).
    The strength of each classifier's penalty is chosen on parts of its training images. Returns a Table7.
    Raises ValueError if a class has too few images for even one draw of two per class; fewer draws, or smaller ones, are made as needed.
    """
    fewest = np.bincount(labels).min()
    if fewest < 2:
        raise ValueError(f"labels has {fewest} of class {np.bincount(labels).argmin()}: it takes two images of each class")
    per_class = min(per_class, fewest)
    rows = [figure9.first(labels, per_class, start) for start in range(0, fewest - per_class + 1, per_class)][:draws]
    found = [[np.mean([linear.choose(fit, train[layer][draw], labels[draw]).accuracy(test[layer], test_labels) for draw in rows])
              for layer in train] for fit in (linear.fit_svm, linear.fit_softmax)]
    return Table7(tuple(train), *map(np.array, found))


def judge(run, train, test):
    """A Table7 of one net: train, test are data.Dataset, labels counted from 0."""
    return compute(figure9.features(run, train.images, LAYERS), train.labels, figure9.features(run, test.images, LAYERS), test.labels)


def own_classes(study, kind, seed):
    """The net trained on all classes, the images held out of its training, and test images: (run, train, test)."""
    train, test = figure9.images_of(study, kind)
    _, held = runs.hold_out(train.labels, np.random.default_rng(seed))
    rows = np.random.default_rng(seed).permutation(len(test.labels))[:figure9.MOST_TESTS]
    return study.run_of(kind, seed), *(data.Dataset(part.images[r], part.labels[r], part.classes) for part, r in ((train, held), (test, rows)))


def draw(results):
    """Draw {title: Table7 of several nets}: a panel each, accuracy against layer; returns a matplotlib figure."""
    with plots.style():
        figure = plots.figure(8.4, 3.2)
        for axes, (title, result) in zip(figure.subplots(1, len(results), squeeze=False)[0], results.items()):
            x = np.arange(len(result.layers))
            for accuracies, line, color, label, shift in ((result.svm, "o-", plots.BLUE, "support vector machine", -0.04),
                                                          (result.softmax, "s--", plots.ORANGE, "softmax", 0.04)):
                deviation = 100 * accuracies.std(axis=0, ddof=1) if len(accuracies) > 1 else None
                axes.errorbar(x + shift, 100 * accuracies.mean(axis=0), deviation, fmt=line, color=color, capsize=3, label=label)
            axes.set(xlabel="layer whose outputs are classified", ylabel="test accuracy (%)", title=title)
            axes.set_xticks(x, [f"{LAYERS.get(name, '')}\n{name}" for name in result.layers])
            axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
            axes.legend(loc="best")
    return figure


def measure(study, kind):
    """Each seed's net from Figure 9 on its new classes, and the standard net on its own: two Table7 of several nets."""
    new, own = [], []
    for seed in study.seeds[:figure9.SEEDS]:
        split = figure9.split(study, kind, seed)
        new.append(judge(split.run, split.few, split.test))
        own.append(judge(*own_classes(study, kind, seed)))
    return [Table7(many[0].layers, np.array([r.svm for r in many]), np.array([r.softmax for r in many])) for many in (new, own)]


def reproduce(study):
    """Layers of nets on scenes and on the study's images, with new classes and their own; a Report."""
    claims, sections = [], []
    for kind, name in zip(figure9.KINDS, ("scenes", study.name)):
        new, own = measure(study, kind)
        claims += _claims(name, new)
        picture = draw({f"{name}: new classes": new, f"{name}: the net's own classes": own})
        sections.append(Section(f"How good are the features of each layer? {name.capitalize()}", SAME if sections else TEXT, picture,
                                _rows(new, own), f"Accuracy of linear classifiers on the outputs of each layer, {name}"))
    return Report(claims, sections)


def _claims(name, new):
    svm = 100 * new.svm
    return [
        Claim("On classes the net wasn't trained on, features are the better the deeper the layer: a support vector machine gets from "
              "44.8 % (layer 1) to 86.2 % (layer 5). Tested: higher at every step up to "
              f"layer 5 ({name})", " → ".join(f"{value:.1f}" for value in svm[:, :-1].mean(axis=0)) + f" % (mean of {len(svm)} seeds)",
              verdict((np.diff(svm[:, :-1], axis=1) > 0).all(axis=1))),
        Claim(f"The top is far above the bottom (85.5 % for layer 7, 44.8 % for layer 1). Tested: layer 7 above layer 1 ({name})",
              f"{spread(svm[:, -1], '.1f', ' %')} against {spread(svm[:, 0], '.1f', ' %')}, a gain of "
              f"{spread(svm[:, -1] - svm[:, 0], '.1f', ' points')}", verdict(svm[:, -1] > svm[:, 0]))]


def _rows(new, own):
    rows = [("layer", "new classes: SVM", "softmax", "own classes: SVM", "softmax", "paper: Caltech-101, SVM")]
    return rows + [(f"{LAYERS[name]} ({name})", *(spread(100 * a[:, i], ".1f", " %") for a in (new.svm, new.softmax, own.svm, own.softmax)),
                    f"{PAPER[i]} %") for i, name in enumerate(new.layers)]


SAME = """The same with these images. Where classes can almost be told apart by their pixels, the lower layers leave little to improve."""

TEXT = f"""A linear classifier can only draw straight borders. If it tells classes apart well from the outputs of a layer, the layer has \
already done the hard part: it has brought images of one class together and moved others away. So a linear classifier measures features. Here \
two of them, a support vector machine (SVM) and a softmax, learn from {PER_CLASS} images per class, as in the paper, on the outputs of each layer.

On the left the classes are new: the net was trained on the other half of the classes, and nothing of it is changed. On the right they are the \
net's own classes, learned from images that were held out of its training. Where a curve rises from left to right, each layer makes the task easier \
for the one above; where the last step falls, that layer has become specialized in the classes it was trained on.

Points are means over the seeds, bars standard deviations; each seed has another net, another split of the classes and {DRAWS} draws of training \
images. All outputs of a layer are used; the strength of each classifier's penalty is chosen by cross-validation on the training images alone."""
