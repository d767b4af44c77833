"""Splits of classes: copies of images that were planted are found, and classes are kept apart."""
import numpy as np
import pytest

from numpyzf import data, runs
from numpyzf.data.preprocess import Preparation
from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network
from numpyzf.paper import splits

pytestmark = pytest.mark.small


class Study:
    """Stands for study.Study: noise images of six classes, and a note of what was to be trained."""

    quick, seeds, name = False, (0, 1), "noise"

    def __init__(self, rng, channels=1):
        self.train, self.test = (noise(rng, 6 * count, channels) for count in (70, 20))
        self.trained = {}

    def train_run(self, name, images, **options):
        self.trained[name] = images, options
        return name


def noise(rng, count, channels):
    pixels = rng.integers(0, 256, (count, channels, 8, 8)).astype(np.uint8)
    return data.Dataset(pixels, np.arange(count) % 6, tuple("abcdef"))


# ---- images and their classes -------------------------------------------------------------------

def test_only_some_classes_counted_anew():
    whole = data.Dataset(np.arange(6)[:, None], np.array([2, 0, 1, 3, 2, 3]), tuple("abcd"))
    part = splits.subset(whole, [0, 2, 3])
    assert part.images[:, 0].tolist() == [0, 1, 3, 4, 5]
    assert part.labels.tolist() == [1, 0, 2, 1, 2]
    assert part.classes == ("a", "c", "d")


def test_some_images_by_their_number_or_by_a_mask():
    whole = data.Dataset(np.arange(4)[:, None], np.array([2, 0, 1, 1]), tuple("abc"))
    part = splits.take(whole, np.array([3, 0]))
    assert part.images[:, 0].tolist() == [3, 0] and part.labels.tolist() == [1, 2]
    part = splits.take(whole, np.array([True, False, False, True]))
    assert part.images[:, 0].tolist() == [0, 3] and part.classes == ("a", "b", "c")


def test_copies_are_found_whatever_their_brightness_and_contrast_and_others_are_not(rng):
    others = rng.integers(40, 200, (30, 3, 8, 8)).astype(np.uint8)
    images = rng.integers(0, 256, (7, 3, 8, 8)).astype(np.uint8)
    images[1] = others[20]
    images[2] = others[21] * 0.5 + 30
    images[3] = others[22] + rng.integers(-10, 11, others[22].shape)
    images[4] = 255 - others[23]                                    # a negative isn't a copy
    images[5] = 77                                                  # nor is one of one gray
    correlation, index = splits.closest(images, others, batch=3)
    assert np.flatnonzero(correlation > splits.SAME).tolist() == [1, 2, 3]
    assert index[1:4].tolist() == [20, 21, 22]
    assert correlation[1] == pytest.approx(1, abs=1e-6)
    assert correlation[2] > 0.9998 and correlation[5] == 0
    each = [np.corrcoef(images[0].ravel(), other.ravel())[0, 1] for other in others]
    assert correlation[0] == pytest.approx(max(each), abs=1e-6) and correlation[0] < 0.5
    assert index[0] == np.argmax(each)


# ---- splits -------------------------------------------------------------------------------------

def rows_of(names, labels):
    """Where the labels are those of some of the six classes."""
    return np.flatnonzero(np.isin(labels, ["abcdef".index(name) for name in names]))


def places(images, whole):
    """Where each of some images is in `whole`."""
    return [next(i for i, other in enumerate(whole) if np.array_equal(other, image))
            for image in images]


def test_a_split_keeps_the_classes_apart(rng):
    study = Study(rng)
    split = splits.split_classes(study, "images", 5)
    assert set(split.old_classes) | set(split.new_classes) == set("abcdef")
    assert len(split.old_classes) == len(split.new_classes) == 3
    rows = places(split.examples.images, study.train.images)
    assert set(rows) <= set(rows_of(split.new_classes, study.train.labels))
    assert rows != sorted(rows)                                     # in random order
    assert [split.new_classes[label] for label in split.examples.labels] == [
        "abcdef"[study.train.labels[row]] for row in rows]
    assert np.bincount(split.examples.labels).tolist() == [60, 60, 60]
    rows = places(split.test.images, study.test.images)
    assert [split.new_classes[label] for label in split.test.labels] == [
        "abcdef"[study.test.labels[row]] for row in rows]
    assert np.bincount(split.test.labels).tolist() == [20, 20, 20]
    images, options = study.trained[split.run]
    old = rows_of(split.old_classes, study.train.labels)
    np.testing.assert_array_equal(images.images, study.train.images[old])
    assert options["seed"] == 5 and not options["flip"]
    assert len(split.twins) == len(split.correlations) == 0


def test_a_split_leaves_copies_out_of_the_training(rng):
    study = Study(rng)
    plain = splits.split_classes(study, "images", 5)
    old = rows_of(plain.old_classes, study.train.labels)
    # an old image that is among the examples, and a pale one of the test images
    study.train.images[old[4]] = plain.examples.images[100]
    study.train.images[old[7]] = plain.test.images[3] * 0.8 + 20
    split = splits.split_classes(study, "images", 5)
    images, _ = study.trained[split.run]
    np.testing.assert_array_equal(images.images, study.train.images[np.delete(old, [4, 7])])
    np.testing.assert_array_equal(split.twins, [
        [study.train.images[old[4]], plain.examples.images[100]],
        [study.train.images[old[7]], plain.test.images[3]]])
    assert split.correlations[0] >= split.correlations[1] > 0.99
    np.testing.assert_array_equal(split.examples.images, plain.examples.images)


def test_other_seeds_split_otherwise_and_color_is_mirrored(rng):
    study = Study(rng, channels=3)
    found = [splits.split_classes(study, "images", seed) for seed in range(4)]
    assert len({split.old_classes for split in found}) > 1
    assert len({split.run for split in found}) == 4
    _, options = study.trained[found[0].run]
    assert options["flip"]


# ---- features -----------------------------------------------------------------------------------

def test_features_are_rows_of_each_layer(rng):
    net = Network([("conv1", Conv(1, 1, 1)), ("flatten", Flatten()), ("fc7", Linear(4, 2)),
                   ("relu7", ReLU())], (1, 2, 2))
    net.layers["conv1"].params["w"][...] = 1
    net.layers["fc7"].params["w"][[0, 1], [0, 1]] = 1
    mean = np.full((1, 2, 2), 100, np.float32)
    run = runs.Run(net, Preparation(mean, 1.0, 2, 0, False), ())
    images = rng.integers(0, 256, (7, 1, 2, 2)).astype(np.uint8)
    found = splits.features(run, images, ["conv1", "relu7"])
    assert list(found) == ["conv1", "relu7"]
    np.testing.assert_array_equal(found["conv1"], images.reshape(7, 4).astype(np.float32) - 100)
    np.testing.assert_array_equal(found["relu7"], np.maximum(found["conv1"][:, :2], 0))
