"""Figure 9: copies of images that were planted are found; features that can be told apart get all of the new images right."""
from types import SimpleNamespace

import numpy as np
import pytest

from numpyzf import data, runs
from numpyzf.paper import figure9
from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network

pytestmark = pytest.mark.small


class Study:
    """Stands for study.Study: noise images of six classes, and a note of what was to be trained."""

    quick, seeds, name = False, (0, 1), "noise"

    def __init__(self, rng, channels=1):
        self.train, self.test = (data.Dataset(rng.integers(0, 256, (6 * count, channels, 8, 8)).astype(np.uint8),
                                              np.arange(6 * count) % 6, tuple("abcdef")) for count in (70, 20))
        self.trained = {}

    def run(self, name, images, **options):
        self.trained[name] = images, options
        return name


def test_only_some_classes_counted_anew():
    part = figure9.only(data.Dataset(np.arange(6)[:, None], np.array([2, 0, 1, 3, 2, 3]), tuple("abcd")), [0, 2, 3])
    assert part.images[:, 0].tolist() == [0, 1, 3, 4, 5] and part.labels.tolist() == [1, 0, 2, 1, 2] and part.classes == ("a", "c", "d")


def test_the_first_images_of_each_class():
    labels = np.array([1, 0, 0, 1, 1, 0, 1])
    assert figure9.first(labels, 2).tolist() == [0, 1, 2, 3]
    assert figure9.first(labels, 1, start=2).tolist() == [4, 5]


def test_copies_are_found_whatever_their_brightness_and_contrast_and_others_are_not(rng):
    others = rng.integers(40, 200, (30, 3, 8, 8)).astype(np.uint8)
    images = rng.integers(0, 256, (7, 3, 8, 8)).astype(np.uint8)
    images[1] = others[20]
    images[2] = others[21] * 0.5 + 30
    images[3] = others[22] + rng.integers(-10, 11, others[22].shape)
    images[4] = 255 - others[23]                                    # a negative isn't a copy
    images[5] = 77                                                  # nor is one of one gray
    correlation, index = figure9.closest(images, others, batch=3)
    assert (np.flatnonzero(correlation > figure9.SAME) == [1, 2, 3]).all() and index[1:4].tolist() == [20, 21, 22]
    assert correlation[1] == pytest.approx(1, abs=1e-6) and correlation[2] > 0.9998 and correlation[5] == 0
    a, b = images[0].ravel().astype(float), others[index[0]].ravel().astype(float)
    assert correlation[0] == pytest.approx(np.corrcoef(a, b)[0, 1], abs=1e-6) and correlation[0] < 0.5
    assert correlation[0] == pytest.approx(max(np.corrcoef(a, other.ravel())[0, 1] for other in others), abs=1e-6)


def test_a_split_keeps_the_classes_apart_and_leaves_copies_out(rng):
    study = Study(rng)
    plain = figure9.split(study, "images", 5)
    assert set(plain.old) | set(plain.new) == set("abcdef") and len(plain.old) == len(plain.new) == 3 and len(plain.pairs) == 0
    old, new = (np.flatnonzero(np.isin(study.train.labels, ["abcdef".index(name) for name in names])) for names in (plain.old, plain.new))
    rows = [next(i for i in range(len(study.train.images)) if np.array_equal(study.train.images[i], image)) for image in plain.few.images]
    assert set(rows) <= set(new) and rows != sorted(rows)
    assert [plain.new[label] for label in plain.few.labels] == ["abcdef"[study.train.labels[row]] for row in rows]
    assert np.bincount(plain.few.labels).tolist() == [60, 60, 60] and np.bincount(plain.test.labels).tolist() == [20, 20, 20]
    for image, label in zip(plain.test.images, plain.test.labels):
        row, = np.flatnonzero((study.test.images == image).all(axis=(1, 2, 3)))
        assert "abcdef"[study.test.labels[row]] == plain.new[label]
    images, options = study.trained[plain.run]
    np.testing.assert_array_equal(images.images, study.train.images[old])
    assert options["seed"] == 5 and not options["flip"]

    study.train.images[old[4]] = plain.few.images[100]                               # an old image that is among the few to learn from
    study.train.images[old[7]] = plain.test.images[3] * 0.8 + 20                     # and a pale one of the test images
    again = figure9.split(study, "images", 5)
    np.testing.assert_array_equal(study.trained[again.run][0].images, study.train.images[np.delete(old, [4, 7])])
    np.testing.assert_array_equal(again.pairs, [[study.train.images[old[4]], plain.few.images[100]],
                                                [study.train.images[old[7]], plain.test.images[3]]])
    assert again.correlations[0] >= again.correlations[1] > 0.99
    np.testing.assert_array_equal(again.few.images, plain.few.images)


def test_other_seeds_split_otherwise_and_color_is_mirrored(rng):
    study = Study(rng, channels=3)
    splits = [figure9.split(study, "images", seed) for seed in range(4)]
    assert len({s.old for s in splits}) > 1 and len({s.run for s in splits}) == 4
    assert study.trained[splits[0].run][1]["flip"]


@pytest.mark.parametrize("count, times", [(5, 40), (100, 3)])
def test_few_images_are_repeated_for_a_net_from_scratch(rng, count, times):
    study, labels = Study(rng), np.arange(3 * count) % 3
    few = data.Dataset(rng.integers(0, 256, (len(labels), 1, 8, 8)).astype(np.uint8), labels, tuple("abc"))
    images, options = study.trained[figure9.from_scratch(study, "images", few, 2)]
    assert len(images.labels) == times * len(labels) >= 600 and options["seed"] == 2
    assert options["recipe"].epochs == options["recipe"].patience == 10
    for copies, single in zip(images, few):
        np.testing.assert_array_equal(copies[-len(labels):], single[-len(copies):])


# ---- accuracies -----------------------------------------------------------------------------------------------------

def brightness():
    """A run of images 1×2×2 whose layer relu7 has the amounts by which the first two pixels exceed 100; fc8 isn't asked."""
    net = Network([("conv1", Conv(1, 1, 1)), ("flatten", Flatten()), ("fc7", Linear(4, 2)), ("relu7", ReLU()), ("fc8", Linear(2, 3))], (1, 2, 2))
    net.layers["conv1"].params["w"][...] = 1
    net.layers["fc7"].params["w"][[0, 1], [0, 1]] = 1
    return runs.Run(net, runs.Preparation(np.full((1, 2, 2), 100, np.float32), 1.0, 2, 0, False), ("x", "y", "z"), [], {})


def bright_at(labels, rng):
    """Class 0 is dark, class 1 bright at the first pixel, class 2 at the second; the other two pixels are noise."""
    images = np.full((len(labels), 1, 4), 90, np.uint8)
    images[:, 0, 2:] = rng.integers(0, 256, (len(labels), 2))
    images[labels == 1, 0, 0], images[labels == 2, 0, 1] = 180, 180
    return data.Dataset(images.reshape(-1, 1, 2, 2), labels, ("dark", "first", "second"))


def test_features_by_layer_and_in_batches(rng):
    run, images = brightness(), rng.integers(0, 256, (7, 1, 2, 2)).astype(np.uint8)
    found = figure9.features(run, images, ["conv1", "relu7"], batch=3)
    np.testing.assert_array_equal(found["conv1"], images.reshape(7, 4).astype(np.float32) - 100)
    np.testing.assert_array_equal(found["relu7"], np.maximum(found["conv1"][:, :2], 0))


def test_classes_that_the_features_tell_apart_are_learned_from_two_images(rng):
    few, test = bright_at(np.arange(30) % 3, rng), bright_at(np.arange(60) % 3, rng)
    split = SimpleNamespace(run=brightness(), few=few, test=test)
    np.testing.assert_array_equal(figure9.carried(split, (2, 5, 10)), [1, 1, 1])


def test_classes_that_the_features_do_not_tell_apart_are_not_learned(rng):
    """Classes 1 and 2 are bright at the same pixel: half of them can be right."""
    few, test = bright_at(np.arange(30) % 3, rng), bright_at(np.arange(60) % 3, rng)
    for part in (few, test):
        part.images[part.labels == 2, 0, 0, :] = 180, 90
    assert figure9.carried(SimpleNamespace(run=brightness(), few=few, test=test), (10,)) == pytest.approx([2 / 3])


def test_accuracy_for_each_number_of_images():
    """A learner that knows the classes of exactly those images that it was given: with n of 4 numbers known, n/4 are right."""
    def learn(x, labels):
        seen.append(sorted(x.tolist()))
        return lambda test: np.array([[label == "ab".index(name) for label in (0, 1)] if (name, number) in known else [0.5, 0.6 - name.count("b")]
                                      for name, number in test for known in [set(map(tuple, x.tolist()))]])
    seen = []
    items = np.array([("a", "1"), ("b", "1"), ("b", "2"), ("a", "2"), ("a", "3"), ("b", "3"), ("a", "4"), ("b", "4")])
    labels = np.array([0, 1, 1, 0, 0, 1, 0, 1])
    np.testing.assert_array_equal(figure9.compute((items, labels), (items, labels), (1, 3, 4), learn), [1 / 4, 3 / 4, 1])
    assert seen[0] == [["a", "1"], ["b", "1"]] and len(seen[1]) == 6
    with pytest.raises(ValueError, match="counts asks for 5 images of each class, the rarest has 4"):
        figure9.compute((items, labels), (items, labels), (1, 5), learn)


def test_scratch_trains_a_net_of_its_own_for_each_number(rng):
    few, test = bright_at(np.arange(30) % 3, rng), bright_at(np.arange(60) % 3, rng)
    run, study = brightness(), SimpleNamespace(quick=False)
    run.net.layers["fc8"].params["w"][[1, 2], [0, 1]] = 1
    run.net.layers["fc8"].params["b"][0] = 1                        # right about everything
    asked = []
    study.run = lambda name, images, **options: asked.append((name, len(images.labels))) or run
    split = SimpleNamespace(few=few, test=test, new=("dark", "first", "second"))
    few.images[1, 0, 0, :] = 90                                     # but for one of the few, which looks like another class
    np.testing.assert_allclose(figure9.scratch(study, "scenes", split, (2, 10), 1), [[1, 1], [5 / 6, 29 / 30]])
    assert asked == [("scenes-scratch-6-seed-1", 600), ("scenes-scratch-30-seed-1", 600)]


@pytest.mark.parametrize("pairs, seeds, channels", [(0, 3, 1), (1, 1, 3), (9, 2, 1)])
def test_the_picture(pairs, seeds, channels):
    result = figure9.Figure9((5, 30), np.full((seeds, 2), 0.9), np.full((seeds, 2), 0.4), np.ones((seeds, 2)), np.full(seeds, pairs),
                             np.zeros((pairs, 2, channels, 8, 10), np.uint8))
    left, right, alike = figure9.draw({"scenes": result._replace(pairs=result.pairs[:0]), "clothes": result}).axes
    assert left.get_xlabel() == "training images per class" and left.get_ylabel() == "test accuracy on new classes (%)"
    assert right.get_title() == "clothes" and len(alike.images) == (pairs > 0)
    np.testing.assert_allclose([box.lines[0].get_ydata() for box in right.containers], [[90, 90], [40, 40]])


def claims(pretrained, scratch):
    result = figure9.Figure9((5, 60), np.array(pretrained), np.array(scratch), None, np.zeros(1), None)
    return [claim.verdict == "holds" for claim in figure9._claims("noise", result)]


def test_verdicts():
    """Better everywhere; at most half of the errors with few images; a gap that shrinks."""
    assert claims([[0.8, 0.9]], [[0.6, 0.85]]) == [True, True, True]
    assert claims([[0.79, 0.9]], [[0.6, 0.85]]) == [True, False, True]
    assert claims([[0.8, 0.84]], [[0.6, 0.85]]) == [False, True, True]
    assert claims([[0.8, 0.95]], [[0.7, 0.8]]) == [True, False, False]
    assert claims([[0.6, 0.8]], [[0.7, 0.95]]) == [False, False, False]         # a lead of the other side isn't a gap that shrinks
    assert claims([[0.8, 0.9], [0.6, 0.9]], [[0.6, 0.85], [0.6, 0.85]]) == [False, False, False]
