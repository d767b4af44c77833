"""Figure 9: features that can be told apart get all of the new images right."""
from types import SimpleNamespace

import numpy as np
import pytest

from numpyzf import data, runs
from numpyzf.data.preprocess import Preparation
from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network
from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS, NOT_DECIDED
from numpyzf.paper.figure9 import draw, measure, report

pytestmark = pytest.mark.small


def brightness():
    """A run of images 1×2×2. Its relu7 is by how much the first two pixels exceed 100 each."""
    net = Network([("conv1", Conv(1, 1, 1)), ("flatten", Flatten()), ("fc7", Linear(4, 2)),
                   ("relu7", ReLU()), ("fc8", Linear(2, 3))], (1, 2, 2))
    net.layers["conv1"].params["w"][...] = 1
    net.layers["fc7"].params["w"][[0, 1], [0, 1]] = 1
    mean = np.full((1, 2, 2), 100, np.float32)
    return runs.Run(net, Preparation(mean, 1.0, 2, 0, False), tuple("xyz"))


def bright_at(count, rng):
    """Images of three classes in turn: dark, bright at the first pixel, bright at the second.

    The other two pixels are noise.
    """
    labels = np.arange(count) % 3
    images = np.full((count, 1, 4), 90, np.uint8)
    images[:, 0, 2:] = rng.integers(0, 256, (count, 2))
    images[labels == 1, 0, 0], images[labels == 2, 0, 1] = 180, 180
    return data.Dataset(images.reshape(-1, 1, 2, 2), labels, ("dark", "first", "second"))


# ---- numbers ------------------------------------------------------------------------------------

def test_classes_that_the_features_tell_apart_are_learned_from_two_images(rng):
    split = SimpleNamespace(run=brightness(), examples=bright_at(30, rng), test=bright_at(60, rng))
    np.testing.assert_array_equal(measure.accuracies_of_pretrained(split, (2, 5, 10)), [1, 1, 1])


def test_classes_that_the_features_do_not_tell_apart_are_not_learned(rng):
    """Classes 1 and 2 are bright at the same pixel: half of them can be right."""
    examples, test = bright_at(30, rng), bright_at(60, rng)
    for part in (examples, test):
        part.images[part.labels == 2, 0, 0, :] = 180, 90
    split = SimpleNamespace(run=brightness(), examples=examples, test=test)
    assert measure.accuracies_of_pretrained(split, (10,)) == pytest.approx([2 / 3])


ITEMS = np.array(["a1", "b1", "b2", "a2", "a3", "b3", "a4", "b4"])
LABELS = np.array([0, 1, 1, 0, 0, 1, 0, 1])


def test_accuracy_for_each_number_of_images():
    """A learner that is right about the images it was given and wrong about all others."""
    seen = []

    def learn(x, labels):
        seen.append(x.tolist())
        right, wrong = {"a": [1, 0], "b": [0, 1]}, {"a": [0, 1], "b": [1, 0]}
        return lambda test: np.array([(right if item in x else wrong)[item[0]] for item in test])
    train = ITEMS, LABELS
    found = measure.accuracies(train, train, (1, 3, 4), learn)
    np.testing.assert_array_equal(found, [1 / 4, 3 / 4, 1])
    assert seen[0] == ["a1", "b1"] and seen[1] == ["a1", "b1", "b2", "a2", "a3", "b3"]


def test_more_images_than_there_are():
    train = ITEMS, LABELS
    message = "counts asks for 5 images of each class, the rarest has 4"
    with pytest.raises(ValueError, match=message):
        measure.accuracies(train, train, (1, 5), None)


@pytest.mark.parametrize("count, times", [(5, 40), (100, 3)])
def test_few_images_are_repeated_for_a_net_from_scratch(rng, count, times):
    labels = np.arange(3 * count) % 3
    pixels = rng.integers(0, 256, (len(labels), 1, 8, 8)).astype(np.uint8)
    examples = data.Dataset(pixels, labels, tuple("abc"))

    def train_run(name, images, **options):
        return images, options
    study = SimpleNamespace(quick=False, train_run=train_run)
    images, options = measure.train_from_scratch(study, "images", examples, 2)
    assert len(images.labels) == times * len(labels) >= 600 and options["seed"] == 2
    assert options["recipe"].epochs == options["recipe"].patience == 10
    for copies, single in zip(images, examples):
        np.testing.assert_array_equal(copies[-len(labels):], single[-len(copies):])


def test_scratch_trains_a_net_of_its_own_for_each_number(rng):
    examples, test = bright_at(30, rng), bright_at(60, rng)
    run, asked = brightness(), []
    run.net.layers["fc8"].params["w"][[1, 2], [0, 1]] = 1
    run.net.layers["fc8"].params["b"][0] = 1                        # right about everything

    def train_run(name, images, **options):
        asked.append((name, len(images.labels)))
        return run
    study = SimpleNamespace(quick=False, train_run=train_run)
    split = SimpleNamespace(examples=examples, test=test, new_classes=examples.classes)
    examples.images[1, 0, 0, :] = 90        # but for one example, which looks like another class
    on_test, on_examples = measure.accuracies_from_scratch(study, "scenes", split, (2, 10), 1)
    np.testing.assert_array_equal(on_test, [1, 1])
    np.testing.assert_allclose(on_examples, [5 / 6, 29 / 30])
    assert asked == [("scenes-scratch-6-seed-1", 600), ("scenes-scratch-30-seed-1", 600)]


@pytest.mark.parametrize("quick, fewest, counts", [
    (False, 60, (5, 20, 60)), (True, 60, (5, 20)), (False, 30, (5, 20)), (False, 4, (4,))])
def test_as_many_images_as_the_rarest_class_of_all_seeds_has(monkeypatch, quick, fewest, counts):
    """Two seeds of 60 and `fewest` images per class; each seed's numbers stand in its row."""
    def split_classes(study, kind, seed):
        labels = np.arange(2 * (60, fewest)[seed]) % 2
        examples, twins = SimpleNamespace(labels=labels), np.ones((seed + 3, 2))
        return SimpleNamespace(examples=examples, twins=twins, seed=seed, old_classes=("a", "b"),
                               new_classes=("c", "d"), test=SimpleNamespace(labels=labels))
    monkeypatch.setattr(measure.splits, "split_classes", split_classes)
    monkeypatch.setattr(measure.splits, "SEEDS", 2)
    monkeypatch.setattr(measure, "accuracies_of_pretrained",
                        lambda split, counts: np.full(len(counts), split.seed + 0.5))
    monkeypatch.setattr(measure, "accuracies_from_scratch", lambda study, kind, split, counts, seed:
                        (np.full(len(counts), seed + 0.25), np.full(len(counts), seed + 0.75)))
    result = measure.measure(SimpleNamespace(quick=quick, seeds=(0, 1, 2)), "images")
    assert result.counts == counts
    assert result.pretrained.tolist() == [[0.5] * len(counts), [1.5] * len(counts)]
    assert result.from_scratch.tolist() == [[0.25] * len(counts), [1.25] * len(counts)]
    assert result.training_accuracy.tolist() == [[0.75] * len(counts), [1.75] * len(counts)]
    assert result.twin_counts.tolist() == [3, 4] and result.twins.shape == (3, 2)
    assert result.old_classes == ("a", "b") and result.new_classes == ("c", "d")
    assert result.tested == 120 and result.chance == 0.5


# ---- the picture --------------------------------------------------------------------------------

def filled(pretrained, from_scratch, *, counts=(5, 60), pairs=0, channels=1, tested=100_000):
    """A Figure9 of these accuracies (seeds, counts)."""
    pretrained, from_scratch = np.array(pretrained), np.array(from_scratch)
    return measure.Figure9(counts, pretrained, from_scratch, np.ones_like(pretrained),
                           np.full(len(pretrained), pairs),
                           np.zeros((pairs, 2, channels, 8, 10), np.uint8), ("a", "b"), ("c", "d"),
                           tested)


@pytest.mark.parametrize("pairs, seeds, channels", [(0, 3, 1), (1, 1, 3), (9, 2, 1)])
def test_the_picture(pairs, seeds, channels):
    result = filled([[0.9, 0.8]] * seeds, [[0.4, 0.5]] * seeds, pairs=pairs, channels=channels)
    scenes = result._replace(twins=result.twins[:0])
    left, right, *alike = draw.draw({"scenes": scenes, "clothes": result}).axes
    assert left.get_xlabel() == "training images per class"
    assert left.get_ylabel() == "test accuracy on new classes (%)"
    assert left.get_title() == "scenes" and right.get_title() == "clothes"
    for axes in (left, right):      # both from 0 to 100 %, with guessing between two classes
        assert axes.get_ylim() == (0, 103)
        assert [list(line.get_ydata()) for line in axes.lines
                if line.get_linestyle() == ":"] == [[50, 50]]
    assert [len(axes.images) for axes in alike] == ([1] if pairs else [])
    lines = [bars.lines[0] for bars in right.containers]
    np.testing.assert_allclose([line.get_ydata() for line in lines], [[90, 80], [40, 50]])
    np.testing.assert_allclose([line.get_xdata() for line in lines], [[4.7, 59.7], [5.3, 60.3]])
    assert [bars.get_label() for bars in right.containers] == [
        "layers learned on other classes", "trained from scratch"]


def test_bars_are_deviations_over_seeds():
    result = filled([[0.8, 0.9], [0.6, 0.9]], [[0.5, 0.5], [0.5, 0.7]])
    panel, = draw.draw({"scenes": result}).axes
    bars = [container.lines[2][0].get_segments() for container in panel.containers]
    lengths = [[top[1] - bottom[1] for bottom, top in segments] for segments in bars]
    deviation = 2 * 100 * np.std([0.8, 0.6], ddof=1)
    np.testing.assert_allclose(lengths, [[deviation, 0], [0, deviation]], atol=1e-9)


# ---- what is said -------------------------------------------------------------------------------

def verdicts(pretrained, from_scratch, tested=100_000):
    """Of three seeds with the same accuracies."""
    result = filled([pretrained] * 3, [from_scratch] * 3, tested=tested)
    return [claim.verdict for claim in report.claims("noise", result)]


@pytest.mark.parametrize("pretrained, from_scratch, expected", [
    ([0.85, 0.9], [0.6, 0.85], [HOLDS, HOLDS, HOLDS]),
    ([0.7, 0.9], [0.6, 0.85], [HOLDS, DOES_NOT_HOLD, HOLDS]),
    ([0.8, 0.9], [0.6, 0.85], [HOLDS, NOT_DECIDED, HOLDS]),         # just half of the errors
    ([0.85, 0.95], [0.75, 0.8], [HOLDS, DOES_NOT_HOLD, DOES_NOT_HOLD]),     # it grows
    ([0.7, 0.8], [0.6, 0.7], [HOLDS, DOES_NOT_HOLD, NOT_DECIDED]),          # it stays
    ([0.85, 0.8], [0.6, 0.9], [DOES_NOT_HOLD, HOLDS, DOES_NOT_HOLD]),       # it reverses
    ([0.85, 0.9], [0.6, 0.9], [NOT_DECIDED, HOLDS, HOLDS]),                 # it closes
    ([0.6, 0.8], [0.7, 0.95], [DOES_NOT_HOLD, DOES_NOT_HOLD, DOES_NOT_HOLD])])
def test_verdicts(pretrained, from_scratch, expected):
    """Better everywhere; at most half of the errors with few images; a gap that shrinks."""
    assert verdicts(pretrained, from_scratch) == expected


def test_one_seed_that_says_otherwise_leaves_it_open():
    result = filled([[0.85, 0.9], [0.85, 0.9], [0.6, 0.8]], [[0.6, 0.85]] * 3)
    assert [claim.verdict for claim in report.claims("noise", result)] == [NOT_DECIDED] * 3


def test_a_gap_that_may_have_reversed_is_left_open():
    """27, then -9 ± 7 points: it shrinks, but has the net from scratch overtaken?"""
    result = filled([[0.85, 0.8]] * 3, [[0.6, 0.96], [0.6, 0.81], [0.6, 0.89]])
    assert report.claims("noise", result)[-1].verdict == NOT_DECIDED


def test_a_lead_of_two_in_a_hundred_images_is_none():
    assert verdicts([0.62, 0.72], [0.6, 0.7], tested=100)[0] == NOT_DECIDED
    assert verdicts([0.62, 0.72], [0.6, 0.7], tested=100_000)[0] == HOLDS


def test_what_was_measured():
    found = report.claims("noise", filled([[0.85, 0.9]] * 2, [[0.6, 0.85]] * 2))
    first, second, third = found
    assert first.measured == "5 per class: 25.0 points; 60 per class: 5.0 points (2 seeds)."
    assert second.measured == "85.0 % against 60.0 % (2 seeds)."
    assert third.measured == "25.0 points → 5.0 points (2 seeds)."
    assert "60 per class" in third.paper and "with 5, without" in third.paper
    assert third.on == "noise"
    *_, third = report.claims("noise", filled([[0.85, 0.8]] * 2, [[0.6, 0.9]] * 2))
    assert third.measured.startswith("25.0 points → -10.0 points: that isn't a gap that shrinks")


def test_the_page(monkeypatch):
    """Both kinds of images are measured, and stand in the words, in the table and in the claims."""
    results = {"scenes": filled([[0.8, 0.9]], [[0.6, 0.85]], pairs=2),
               "images": filled([[0.7, 0.75]], [[0.1, 0.2]], counts=(5, 20))}
    monkeypatch.setattr(report, "measure", lambda study, kind: results[kind])
    claims, sections, _ = report.report(SimpleNamespace(name="clothes"))
    assert [claim.verdict for claim in claims].count("not testable here") == 1 and len(claims) == 7
    assert claims[0].on == "scenes" and claims[3].on == "clothes"
    section, = sections
    assert "scenes: trained on a, b, tested on c, d; clothes: trained on" in section.text
    assert "Those above 0.95" in section.text and "2 (scenes); 0 (clothes)" in section.text
    assert not any(sign in text for sign in "{}" for text in (section.text, section.alt))
    head, *rows = section.rows
    assert {len(row) for row in section.rows} == {5}
    assert rows[1] == ("scenes", 60, "90.0 %", "85.0 %", "100.0 %")
    assert [row[:2] for row in rows[2:]] == [("clothes", 5), ("clothes", 20),
                                             ("paper: Caltech-101", 30), ("paper: Caltech-256", 60)]
