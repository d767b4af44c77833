"""The numbers of Figure 9: accuracies on new classes, of nets pretrained and from scratch."""
from typing import NamedTuple

import numpy as np

from ... import data, training
from ...data.preprocess import Prepared
from ...geometry import ceil_div
from ...look import linear
from .. import photographs, splits
from ..study import RECIPES, check_classes, first_of_each

COUNTS = (5, 20, splits.MOST_EXAMPLES)      # training images per class
SCRATCH_EPOCHS = {1: 10, 3: 18}             # by color channels: enough to learn the few images
POOL = 2000             # photographs from which a seed draws those to learn from and those to test
SCRATCH_SIDE = 64       # pixels: photographs of 227 would take a net from scratch hours


class Figure9(NamedTuple):
    """Accuracies on new classes, 0 … 1, for several numbers of training images per class."""
    counts: tuple                   # training images per class, ascending
    pretrained: np.ndarray          # (seeds, counts): a new softmax on layers learned elsewhere
    from_scratch: np.ndarray        # (seeds, counts): nets that know the few images only
    training_accuracy: np.ndarray   # (seeds, counts): the same nets on these few images; near 1 if
    #                                 they were trained long enough
    twin_counts: np.ndarray         # (seeds,): images left out, see splits.Split
    twins: np.ndarray               # uint8 (pairs, 2, C, H, W): those of the first seed
    old_classes: tuple              # names, those of the first seed
    new_classes: tuple
    tested: int                     # images on which an accuracy was counted, of the first seed

    @property
    def chance(self):
        """The accuracy of guessing."""
        return 1 / len(self.new_classes)


def measure(study, kind):
    """Train nets on half of the classes, for each seed, and learn the other half from few images.

    study: a Study.
    kind: one of splits.KINDS.
    Returns a Figure9.
    """
    seeds = study.seeds[:splits.SEEDS]
    found = [splits.split_classes(study, kind, seed) for seed in seeds]
    fewest = min(len(split.examples.labels) // len(split.new_classes) for split in found)
    counts = tuple(count for count in COUNTS if count <= fewest) or (fewest,)
    if study.quick:
        counts = counts[:2]
    scratch = [accuracies_from_scratch(study, kind, split, counts, seed)
               for split, seed in zip(found, seeds)]
    return Figure9(counts, np.array([accuracies_of_pretrained(split, counts) for split in found]),
                   np.array([on_test for on_test, _ in scratch]),
                   np.array([on_examples for _, on_examples in scratch]),
                   np.array([len(split.twins) for split in found]), found[0].twins,
                   found[0].old_classes, found[0].new_classes, len(found[0].test.labels))


def measure_real(study):
    """Learn classes of photographs from few of them, with the layers of a real network or without.

    study: a Study with photographs; it keeps the nets from scratch.
    Returns a Figure9, whose twins are none: what the network was trained on isn't here.
    """
    photos = study.photos
    pool = photographs.evenly(photos.data, POOL)
    check_classes(pool, 4, "to learn from two photographs of each class and test on others")
    most = min(splits.MOST_EXAMPLES, np.bincount(pool.labels).min() // 2)
    counts = tuple(count for count in COUNTS if count <= most) or (int(most),)
    counts = counts[:2] if study.quick else counts
    layer = photographs.last_hidden(photos.run.net)
    study.step(f"{layer} of {photos.net_name}, {len(pool.labels)} photographs")
    x = photographs.features(photos.run, pool.images, [layer])[layer]
    small = pool._replace(images=photographs.smaller(pool.images, SCRATCH_SIDE))
    pretrained, scratch = [], []
    for seed in photos.seeds:
        order = np.random.default_rng(seed).permutation(len(x))
        learned = order[first_of_each(pool.labels[order], most)]
        tested = np.setdiff1d(order, learned)
        split = splits.Split((), pool.classes, photos.run, splits.take(small, learned),
                             splits.take(small, tested), np.empty((0, 2, *small.images.shape[1:]),
                                                                  np.uint8), np.empty(0))
        pretrained.append(accuracies((x[learned], pool.labels[learned]),
                                     (x[tested], pool.labels[tested]), counts, _learn_softmax))
        scratch.append(accuracies_from_scratch(study, "photographs", split, counts, seed))
    return Figure9(counts, np.array(pretrained), np.array([on_test for on_test, _ in scratch]),
                   np.array([on_examples for _, on_examples in scratch]),
                   np.zeros(len(photos.seeds), int), split.twins, (), pool.classes,
                   len(split.test.labels))


def accuracies_of_pretrained(split, counts, layer="relu7"):
    """Accuracies (counts,) of a new softmax on a layer of the split's net, which stays as it is."""
    def features(images):
        return splits.features(split.run, images, [layer])[layer]

    examples, test = split.examples, split.test
    return accuracies((features(examples.images), examples.labels),
                      (features(test.images), test.labels), counts, _learn_softmax)


def _learn_softmax(x, labels):
    return linear.choose(linear.fit_softmax, x, labels).predict


def accuracies_from_scratch(study, kind, split, counts, seed):
    """Accuracies of nets that know nothing but the few images of the new classes.

    Returns two arrays (counts,): on the test images, and on the few images themselves.
    """
    on_examples = []

    def learn(images, labels):
        examples = data.Dataset(images, labels, split.new_classes)
        run = train_from_scratch(study, kind, examples, seed)
        on_examples.append(training.accuracy(run.net, images, labels, run.prepare))
        return lambda images: run.net.predict(Prepared(images, run.prepare))
    examples, test = split.examples, split.test
    on_test = accuracies((examples.images, examples.labels), (test.images, test.labels), counts,
                         learn)
    return on_test, np.array(on_examples)


def train_from_scratch(study, kind, examples, seed):
    """Train a net on few images only, long enough that it gets nearly all of them right.

    The images are repeated, 3 times at least, until they make an epoch of 600. Images held out for
    validation would be copies, which say nothing. So no accuracy steers the rate: it is lowered for
    the last epochs only.

    study: a Study; it keeps the net.
    kind: one of splits.KINDS.
    examples: a data.Dataset.
    seed: of everything random.
    Returns a Run.
    """
    count = len(examples.labels)
    times = 1 if study.quick else max(3, ceil_div(600, count))
    repeated = data.Dataset(np.tile(examples.images, (times, 1, 1, 1)),
                            np.tile(examples.labels, times), examples.classes)
    epochs = SCRATCH_EPOCHS[examples.images.shape[1]]
    recipe = RECIPES[kind]._replace(epochs=epochs, batch=32, rate=0.01, patience=epochs, settle=3)
    return splits.train_on(study, f"{kind}-scratch-{count}-seed-{seed}", repeated, seed=seed,
                           recipe=recipe)


def accuracies(train, test, counts, learn):
    """Accuracies (counts,) on test, after learning from so many training images of each class.

    train, test: (x, labels); x (N, …) are images or features, labels (N,) integers from 0.
    counts: images of each class; the first ones of each class are taken.
    learn: learn(x, labels) -> a function that gives scores (N, classes) for the x of test.
    Raises ValueError if a class has fewer images than the largest count.
    """
    x, labels = train
    test_x, test_labels = test
    fewest = np.bincount(labels).min()
    if max(counts) > fewest:
        raise ValueError(f"counts asks for {max(counts)} images of each class, "
                         f"the rarest has {fewest}")
    found = []
    for count in counts:
        rows = first_of_each(labels, count)
        scores = learn(x[rows], labels[rows])
        found.append((scores(test_x).argmax(axis=1) == test_labels).mean())
    return np.array(found)
