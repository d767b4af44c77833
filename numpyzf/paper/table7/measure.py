"""The numbers of Table 7: accuracies of two linear classifiers on the outputs of each layer."""
from typing import NamedTuple

import numpy as np

from ... import runs
from ...look import linear
from .. import photographs, splits
from ..study import check_classes, first_of_each, images_of

PER_CLASS, DRAWS = 30, 2        # training images of each class, and how often they are drawn
POOL = 1500                     # photographs from which a seed draws
CELLS = 3                       # maps of a real network are averaged over 3×3 parts of the image


class Layer(NamedTuple):
    """A row of the paper's table."""
    number: int
    paper: float        # accuracy of the support vector machine on Caltech-101, %; None without


LAYERS = {"input": Layer(0, None),      # the pixels, which the paper doesn't have
          "norm1": Layer(1, 44.8), "norm2": Layer(2, 66.2), "relu3": Layer(3, 72.3),
          "relu4": Layer(4, 76.6), "pool5": Layer(5, 86.2), "relu7": Layer(7, 85.5)}
#         ↑ the last output of each layer


class Table7(NamedTuple):
    """Accuracies, 0 … 1, of the two classifiers on each layer, of one net or of several nets."""
    layers: tuple           # names
    svm: np.ndarray         # (layers,) or (nets, layers)
    softmax: np.ndarray     # the same
    classes: int            # how many there are: guessing is right once in so many
    tested: int             # images on which an accuracy was counted, of the first net

    def of(self, name):
        """Accuracies of the support vector machine on a layer: a number, or one for each net."""
        return self.svm[..., self.layers.index(name)]


def measure(study, kind):
    """Judge the layers of nets, one for each seed, by new classes and by the nets' own classes.

    study: a Study.
    kind: one of splits.KINDS.
    Returns two Table7 of several nets: the nets of Figure 9 on their new classes, and the standard
    nets on their own classes.
    """
    new, own = [], []
    for seed in study.seeds[:splits.SEEDS]:
        split = splits.split_classes(study, kind, seed)
        new.append(measure_layers(split.run, split.examples, split.test))
        own.append(measure_layers(*own_classes(study, kind, seed)))
    return _stack(new), _stack(own)


def measure_real(study):
    """Judge the layers of a real network by the classes of photographs.

    study: a Study with photographs.
    Returns a Table7, with a row for each of the seeds, which draw the photographs.
    """
    photos, tables = study.photos, []
    net = photos.run.net
    layers = list(dict.fromkeys([*photographs.stages(net), photographs.last_hidden(net),
                                 photographs.classifier(net)]))
    pool = photographs.evenly(photos.data, POOL)
    check_classes(pool, 4, "to learn from two photographs of each class and test on others")
    each = min(PER_CLASS, np.bincount(pool.labels).min() // 2)
    study.step(f"{len(layers)} layers of {photos.net_name}, {len(pool.labels)} photographs")
    x = photographs.features(photos.run, pool.images, layers, CELLS)
    for seed in photos.seeds:
        order = np.random.default_rng(seed).permutation(len(pool.labels))
        learned = order[first_of_each(pool.labels[order], each)]
        tested = np.setdiff1d(order, learned)
        tables.append(accuracies({name: rows[learned] for name, rows in x.items()},
                                 pool.labels[learned],
                                 {name: rows[tested] for name, rows in x.items()},
                                 pool.labels[tested]))
    return _stack(tables)


def _stack(tables):
    """Tables of single nets as one of several nets."""
    return tables[0]._replace(svm=np.array([table.svm for table in tables]),
                              softmax=np.array([table.softmax for table in tables]))


def own_classes(study, kind, seed):
    """The net that was trained on all classes, and images of these classes that it has not seen.

    Returns (run, train, test): a Run, and two data.Dataset, the images held out of its training,
    and test images. Raises NotTestable if fewer than two images of a class were held out.
    """
    train, test = images_of(study, kind)
    _, held_out = runs.hold_out(train.labels, np.random.default_rng(seed))
    held_out = splits.take(train, held_out)
    check_classes(held_out, 2, "to judge layers by the tenth held out of the training")
    order = np.random.default_rng(seed).permutation(len(test.labels))[:splits.MOST_TESTS]
    return study.run_of(kind, seed), held_out, splits.take(test, order)


def measure_layers(run, train, test, layers=tuple(LAYERS)):
    """Judge the layers of one net.

    run: a Run.
    train, test: data.Dataset, labels counted from 0.
    layers: names.
    Returns a Table7 of one net.
    """
    return accuracies(splits.features(run, train.images, layers), train.labels,
                      splits.features(run, test.images, layers), test.labels)


def accuracies(train, labels, test, test_labels, *, per_class=PER_CLASS, draws=DRAWS):
    """Learn from a few images of each class, on the features of each layer, and test.

    The strength of each classifier's penalty is chosen on parts of its training images.

    train, test: {layer: float (N, values)}, as splits.features gives them.
    labels, test_labels: (N,), integers from 0.
    per_class: training images of each class; fewer if a class has fewer.
    draws: how many sets of training images, which share no image; fewer if there are fewer.
    Returns a Table7 of one net, the means over the draws.
    Raises ValueError if a class has fewer than two images.
    """
    counts = np.bincount(labels)
    fewest = counts.min()
    if fewest < 2:
        raise ValueError(f"labels has {fewest} of class {counts.argmin()}: "
                         "it takes two images of each class")
    per_class = min(per_class, fewest)
    starts = range(0, fewest - per_class + 1, per_class)
    rows = [first_of_each(labels, per_class, start) for start in starts][:draws]

    def accuracy(fit, layer):
        """The mean over the draws."""
        return np.mean([linear.choose(fit, train[layer][draw], labels[draw])
                        .accuracy(test[layer], test_labels) for draw in rows])
    return Table7(tuple(train), np.array([accuracy(linear.fit_svm, layer) for layer in train]),
                  np.array([accuracy(linear.fit_softmax, layer) for layer in train]),
                  len(counts), len(test_labels))
