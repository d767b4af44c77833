"""Table 7 on layers of known quality: one tells all classes, one half of them, one nothing."""
from types import SimpleNamespace

import numpy as np
import pytest

from numpyzf import data, runs
from numpyzf.data.preprocess import Preparation
from numpyzf.layers import Flatten, Linear, ReLU
from numpyzf.look import linear
from numpyzf.network import Network
from numpyzf.paper import splits
from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS, NOT_DECIDED
from numpyzf.paper.table7 import draw, measure, report

pytestmark = pytest.mark.small


# ---- numbers ------------------------------------------------------------------------------------

def layers(labels, rng):
    """Features of four classes.

    "all" has a value for each class; "half" has one for classes 0 and 1 and another for 2 and 3;
    "none" is always the same.
    """
    noise = rng.standard_normal((len(labels), 4)).astype(np.float32)
    return {"none": np.ones((len(labels), 3), np.float32), "half": np.float32(labels[:, None] >= 2),
            "all": np.eye(4, dtype=np.float32)[labels] + 0.1 * noise}


def test_layers_of_known_quality(rng):
    labels, test_labels = np.arange(64) % 4, np.arange(80) % 4
    result = measure.accuracies(layers(labels, rng), labels, layers(test_labels, rng), test_labels,
                                per_class=8)
    assert result.layers == ("none", "half", "all")
    for accuracies in (result.svm, result.softmax):
        np.testing.assert_allclose(accuracies, [0.25, 0.5, 1])


def test_each_classifier_has_its_column(monkeypatch, rng):
    """In place of the support vector machine one that always says class 0: right once in four."""
    monkeypatch.setattr(linear, "fit_svm", lambda x, labels, strengths: [
        linear.Classifier(np.zeros((x.shape[1], 4)), np.eye(4)[0], strength)
        for strength in strengths])
    labels = np.arange(64) % 4
    result = measure.accuracies(layers(labels, rng), labels, layers(labels, rng), labels,
                                per_class=8)
    assert result.svm[-1] == 0.25 and result.softmax[-1] == 1


def test_the_mean_over_draws_that_share_no_image(rng):
    """From its second eight on, each class has the labels of the next one: the second draw learns
    everything wrong."""
    labels = np.repeat(np.arange(4), 20)
    values = labels.copy()
    values[np.arange(80) % 20 >= 8] = (values[np.arange(80) % 20 >= 8] + 1) % 4
    train, test = ({"all": layers(v, rng)["all"]} for v in (values, np.arange(40) % 4))
    for draws, expected in ((1, 1), (2, 0.5), (5, 0.5)):    # a third draw of eight isn't there
        result = measure.accuracies(train, labels, test, np.arange(40) % 4, per_class=8,
                                    draws=draws)
        np.testing.assert_allclose([result.svm, result.softmax], [[expected], [expected]])


def test_few_images_make_a_small_draw_and_one_is_too_few(rng):
    labels = np.array([0, 1, 2, 3, 0, 1, 2, 3, 3])
    result = measure.accuracies(layers(labels, rng), labels, layers(labels, rng), labels)
    assert result.svm[-1] == 1
    with pytest.raises(ValueError, match="labels has 1 of class 2"):
        measure.accuracies(layers(labels[:6], rng), labels[:6], layers(labels, rng), labels)


def bright_or_dark(count, rng):
    """Images 1×2×2 of three classes: a pixel like the others, a bright one, a dark one."""
    labels = np.arange(count) % 3
    pixels = rng.integers(80, 120, (count, 1, 2, 2)).astype(np.uint8)
    pixels[:, 0, 0, 0] = np.array([100, 200, 0])[labels]
    return data.Dataset(pixels, labels, tuple("012"))


def test_a_net_whose_upper_layer_loses_what_the_first_one_has(rng):
    """The first layer keeps the pixel's value, the second only what is above the mean."""
    net = Network([("flatten", Flatten()), ("norm1", Linear(4, 2)), ("fc7", Linear(2, 1)),
                   ("relu7", ReLU())], (1, 2, 2))
    net.layers["norm1"].params["w"][:, 0] = 1, -1
    net.layers["fc7"].params["w"][0, 0] = 1
    mean = np.full((1, 2, 2), 100, np.float32)
    run = runs.Run(net, Preparation(mean, 50.0, 2, 0, False), tuple("012"))
    train, test = bright_or_dark(90, rng), bright_or_dark(60, rng)
    result = measure.measure_layers(run, train, test, ("norm1", "relu7"))
    assert result.layers == ("norm1", "relu7")
    assert result.softmax[0] == 1 and result.softmax[1] == pytest.approx(2 / 3)
    assert result.svm[1] == pytest.approx(2 / 3)


def test_own_classes_are_learned_from_images_held_out_of_the_training():
    labels = np.arange(100) % 2
    train = data.Dataset(np.arange(100)[:, None], labels, ("a", "b"))
    test = data.Dataset(np.arange(30)[:, None], np.arange(30) % 2, ("a", "b"))
    study = SimpleNamespace(train=train, test=test, run_of=lambda kind, seed: (kind, seed))
    run, examples, mixed = measure.own_classes(study, "images", 7)
    held_out = runs.hold_out(labels, np.random.default_rng(7))[1]
    assert run == ("images", 7)
    assert examples.images[:, 0].tolist() == held_out.tolist()
    assert examples.labels.tolist() == (held_out % 2).tolist()
    assert sorted(mixed.images[:, 0]) == list(range(30))
    assert (mixed.images[:, 0] % 2 == mixed.labels).all()


def test_new_classes_and_own_classes_of_every_seed(monkeypatch):
    """A layer's accuracy is told by the run's number: 0, 1 for splits, 10, 11 for standard nets."""
    def split_classes(study, kind, seed):
        return SimpleNamespace(run=seed, examples=f"{kind} examples", test=f"{kind} test")

    def own_classes(study, kind, seed):
        return 10 + seed, f"{kind} held out", f"{kind} mixed"
    asked = []

    def measure_layers(run, train, test):
        asked.append((run, train, test))
        return measure.Table7(("conv1",), np.array([run]), np.array([-run]), 2, 10)
    monkeypatch.setattr(measure.splits, "split_classes", split_classes)
    monkeypatch.setattr(measure.splits, "SEEDS", 2)
    monkeypatch.setattr(measure, "own_classes", own_classes)
    monkeypatch.setattr(measure, "measure_layers", measure_layers)
    new, own = measure.measure(SimpleNamespace(seeds=(0, 1, 2)), "scenes")
    assert new.layers == own.layers == ("conv1",)
    assert new.svm.tolist() == [[0], [1]] and new.softmax.tolist() == [[0], [-1]]
    assert own.svm.tolist() == [[10], [11]] and own.softmax.tolist() == [[-10], [-11]]
    assert asked[:2] == [(0, "scenes examples", "scenes test"),
                         (10, "scenes held out", "scenes mixed")]


# ---- the picture --------------------------------------------------------------------------------

def filled(*rows, softmax=0.25, classes=5, tested=100_000):
    """A Table7 of several nets with these accuracies of the SVM; that on pixels is 0.05."""
    svm = np.array([[0.05, *row] for row in rows])
    return measure.Table7(tuple(measure.LAYERS), svm, np.full(svm.shape, softmax), classes, tested)


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_picture(seeds):
    result = filled(*[[0.5] * 6] * seeds)
    left, right = draw.draw({"new classes": result, "own": result._replace(classes=10)}).axes
    for axes, guessing in ((left, 20), (right, 10)):        # panels to compare, each with its own
        assert axes.get_ylim() == (0, 103)
        assert [list(line.get_ydata()) for line in axes.lines
                if line.get_linestyle() == ":"] == [[guessing] * 2]
    assert [tick.get_text() for tick in left.get_xticklabels()] == [
        "0\npixels", "1\nnorm1", "2\nnorm2", "3\nrelu3", "4\nrelu4", "5\npool5", "7\nrelu7"]
    assert left.get_ylabel() == "test accuracy (%)" and right.get_title() == "own"
    svm, softmax = [bars.lines[0] for bars in left.containers]
    np.testing.assert_allclose(svm.get_ydata(), [5] + [50] * 6)
    np.testing.assert_allclose(softmax.get_ydata(), [25] * 7)
    np.testing.assert_allclose(svm.get_xdata() + 0.04, softmax.get_xdata() - 0.04)


# ---- what is said -------------------------------------------------------------------------------

def verdicts(*rows, **options):
    return [claim.verdict for claim in report.claims("noise", filled(*rows, **options))]


@pytest.mark.parametrize("row, expected", [
    ([0.1, 0.2, 0.3, 0.4, 0.5, 0.45], [HOLDS, HOLDS]),
    ([0.1, 0.2, 0.2, 0.4, 0.5, 0.6], [NOT_DECIDED, HOLDS]),
    ([0.1, 0.2, 0.15, 0.4, 0.5, 0.6], [DOES_NOT_HOLD, HOLDS]),
    ([0.5, 0.6, 0.7, 0.8, 0.9, 0.4], [HOLDS, DOES_NOT_HOLD]),
    ([0.5, 0.6, 0.7, 0.8, 0.9, 0.5], [HOLDS, NOT_DECIDED])])
def test_verdicts(row, expected):
    """Layers 1 to 5 rise at every step; and the last is above the first."""
    assert verdicts(row, row) == expected


def test_a_step_that_one_seed_or_few_images_make_decides_nothing():
    rising = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert verdicts(rising, rising, [0.1, 0.2, 0.3, 0.5, 0.4, 0.0]) == [NOT_DECIDED] * 2
    flat = [0.1, 0.11, 0.12, 0.13, 0.14, 0.15]
    assert verdicts(flat, flat, tested=200) == [NOT_DECIDED] * 2
    assert verdicts(flat, flat) == [HOLDS] * 2


def test_pixels_are_features_too(rng):
    """As layer 0, and no claim is about them."""
    run = runs.Run(Network([("flatten", Flatten()), ("relu7", ReLU())], (1, 2, 2)),
                   Preparation(np.zeros((1, 2, 2), np.float32), 1.0, 2, 0, False), tuple("01"))
    pixels = rng.integers(0, 256, (3, 1, 2, 2)).astype(np.uint8)
    found = splits.features(run, pixels, ("input", "relu7"))
    assert list(found) == ["input", "relu7"]
    np.testing.assert_array_equal(found["input"], pixels.reshape(3, 4))
    assert list(measure.LAYERS)[0] == "input"


def test_what_was_measured():
    rising = [0.1, 0.2, 0.3, 0.4, 0.5, 0.45]
    steps, gain = report.claims("noise", filled(rising, rising))
    assert steps.measured == "10.0 → 20.0 → 30.0 → 40.0 → 50.0 % (2 seeds)."
    assert gain.measured == "45.0 % against 10.0 %, a gain of 35.0 points (2 seeds)."
    assert steps.on == gain.on == "noise"


def test_the_page(monkeypatch):
    rising = [0.1, 0.2, 0.3, 0.4, 0.5, 0.45]
    monkeypatch.setattr(report, "measure", lambda study, kind: (
        filled(rising), filled([0.9] * 6, softmax=0.75, classes=10)))
    claims, (scenes, clothes), _ = report.report(SimpleNamespace(name="clothes"))
    assert [claim.on for claim in claims] == ["scenes"] * 2 + ["clothes"] * 2
    assert scenes.heading.endswith("layer? Scenes") and clothes.heading.endswith("layer? Clothes")
    assert "learn from 30 images per class" in scenes.text and "2 draws" in scenes.text
    assert clothes.text.startswith("The same with these images.")
    for section in (scenes, clothes):
        assert not any(sign in text for sign in "{}" for text in (section.text, section.alt))
    assert scenes.rows[1] == ("0 (pixels)", "5.0 %", "25.0 %", "5.0 %", "75.0 %", "")
    assert scenes.rows[2] == ("1 (norm1)", "10.0 %", "25.0 %", "90.0 %", "75.0 %", "44.8 %")
    assert [row[-1] for row in scenes.rows[2:-1]] == ["44.8 %", "66.2 %", "72.3 %", "76.6 %",
                                                      "86.2 %", "85.5 %"]
    assert scenes.rows[-1] == ("guessing", "20.0 %", "20.0 %", "10.0 %", "10.0 %", "")
