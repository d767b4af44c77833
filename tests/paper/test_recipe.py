"""The recipe on nets whose signal shrinks by known factors, made-up histories and planted filters.
"""
from types import SimpleNamespace

import numpy as np
import pytest

from numpyzf import models, training
from numpyzf.functional import softmax_cross_entropy
from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network
from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS, NOT_DECIDED
from numpyzf.paper.recipe.draw import draw, draw_radius
from numpyzf.paper.recipe.measure import (Signals, Trainings, epochs_at_chance, filter_sizes,
                                          held_back, measure, measure_trainings)
from numpyzf.paper.recipe.report import (CONSTANT, DEEP, HE, SMALL, STATED, claims, sections,
                                         table, train)
from numpyzf.paper.study import RECIPES, Study
from numpyzf.runs import Run


def chain(*factors):
    """Layers that multiply by these factors; then 64 features to 2 classes by weights ±1.

    Each has a bias, which must not matter.
    """
    convolutions = [(f"conv{i}", Conv(1, 1, 1)) for i in range(1, len(factors) + 1)]
    net = Network([*convolutions, ("flatten", Flatten()), ("fc8", Linear(64, 2))], (1, 8, 8))
    for i, factor in enumerate(factors, 1):
        net.layers[f"conv{i}"].params["w"][...] = factor
        net.layers[f"conv{i}"].params["b"][...] = 5
    net.layers["fc8"].params["w"][...] = [[1], [-1]]
    return net


def batch(count=4):
    """Images of ±1 with a mean of zero, and their labels."""
    x = np.ones((count, 1, 8, 8), np.float32)
    x[:, :, ::2] = -1
    return x, np.arange(count) % 2


# ---- numbers ------------------------------------------------------------------------------------

def test_a_signal_that_shrinks_by_known_factors():
    """On the way down each gradient is what the layer above multiplies by."""
    signals = measure(chain(0.5, 0.1, 0.2), *batch())
    assert signals.layers == ["conv1", "conv2", "conv3", "fc8"]
    np.testing.assert_array_equal(signals.inputs, [1, 1, 1, 64])
    np.testing.assert_allclose(signals.activations[:3], [0.5, 0.05, 0.01], rtol=1e-4)
    np.testing.assert_allclose(signals.gradients[:2] / signals.gradients[1:3], [0.1, 0.2],
                               rtol=1e-5)


@pytest.mark.parametrize("count", [2, 4])
def test_the_gradient_at_the_scores_and_its_size(count):
    """Scores of zero are probabilities of a half, so each image's gradient is ±1/2.

    A unit below gets it from two scores.
    """
    net = chain(1.0)
    net.layers["conv1"].params["b"][...] = 0
    np.testing.assert_allclose(measure(net, *batch(count)).gradients, [1, 1 / 2], rtol=1e-6)


def test_the_change_of_one_step():
    """What a step at this rate really does to the weights."""
    x, labels = batch(3)
    net = chain(0.5, 0.1)
    before = net.parameters["conv2.w"].copy()
    trace = net.forward(x)
    _, dy = softmax_cross_entropy(trace.scores, labels)
    step = 0.3 * net.backward(trace, dy)["conv2.w"]
    change = measure(net, x, labels, rate=0.3).changes[1]
    assert change == pytest.approx(float(np.abs(step / before).item()), rel=1e-5) and change > 0
    np.testing.assert_array_equal(net.parameters["conv2.w"], before)


def test_a_gaussian_shrinks_the_signal_by_its_deviation_times_the_root_of_inputs(rng):
    """Without max pooling a layer behind a ReLU multiplies by 0.01·√(inputs/2), as in the table."""
    net = Network([("conv1", Conv(200, 800, 1)), ("relu1", ReLU()), ("conv2", Conv(800, 800, 1)),
                   ("relu2", ReLU()), ("conv3", Conv(800, 800, 1)), ("flatten", Flatten()),
                   ("fc8", Linear(3200, 2))], (200, 2, 2)).initialize(rng, "paper")
    x = rng.standard_normal((100, 200, 2, 2), np.float32)
    activations = measure(net, x, np.zeros(100, int)).activations
    np.testing.assert_allclose(activations[1:3] / activations[:2], 0.01 * np.sqrt(800 / 2),
                               rtol=0.06)


def history_of(accuracies):
    return [{"validation_accuracy": value} for value in accuracies]


@pytest.mark.small
@pytest.mark.parametrize("accuracies, chance, epochs", [
    ([0.1, 0.1, 0.1], 0.1, 3), ([0.5, 0.1], 0.1, 0), ([0.1, 0.149, 0.151, 0.1], 0.1, 2),
    ([0.55, 0.6, 0.76], 0.5, 2)])           # one class has half of the images: 55 % is nothing yet
def test_epochs_at_chance(accuracies, chance, epochs):
    assert epochs_at_chance(history_of(accuracies), chance) == epochs


def test_trainings_have_their_own_test_accuracy():
    """A net whose scores are ± its pixels: it is right where the sign of the sum is the label's."""
    images = np.ones((4, 1, 8, 8), np.uint8)
    images[3] = 9
    run = Run(chain(1), lambda images: images.astype(np.float32) - 6 - 5, (), history_of([0.1]))
    test = SimpleNamespace(images=images, labels=np.array([1, 1, 0, 1]))
    run.net.layers["conv1"].params["b"][...] = 5
    found = measure_trainings([run, run._replace(history=history_of([0.9]))], test, 0.5)
    assert found.waits == [1, 0] and found.accuracies == [0.5, 0.5]
    assert found.histories == [history_of([0.1]), history_of([0.9])]


def with_rms(conv1, conv2):
    """A labnet whose first two layers' filters have these RMS values, half of them each.

    All other filters are zero.
    """
    net = models.labnet()
    for name, values in [("conv1", conv1), ("conv2", conv2)]:
        w = net.layers[name].params["w"]
        w[...] = np.resize(values, len(w))[:, None, None, None]
    return net


def test_filters_have_known_sizes():
    net = with_rms([0.1, 0.05], [0.02, 0])
    sizes, held = filter_sizes(net), held_back(net, 0.1)
    assert list(sizes) == list(held) == ["conv1", "conv2", "conv3", "conv4", "conv5"]
    np.testing.assert_allclose(sizes["conv1"], np.resize([0.1, 0.05], 32), rtol=1e-6)
    assert list(held.values()) == [0.5, 0, 0, 0, 0]


# ---- the pictures -------------------------------------------------------------------------------

def test_drawings():
    """One of the nets has a layer of zeros, which has no logarithm."""
    signals = {"one": measure(chain(0.5, 0.1), *batch()), "two": measure(chain(0.5, 0), *batch())}
    figure = draw(signals)
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "activations, standard deviation", "gradient of the loss, RMS",
        "change of the weights in one step"]
    for axes, values in zip(figure.axes, (signals["one"].activations, signals["one"].gradients,
                                          signals["one"].changes)):
        np.testing.assert_allclose(axes.lines[0].get_ydata(), np.maximum(values, 1e-30))
    assert all(np.isfinite(line.get_ydata()).all() for axes in figure.axes for line in axes.lines)
    labels = [label.get_text() for label in figure.axes[2].get_xticklabels()]
    assert labels == ["conv1", "conv2", "fc8"]


def test_the_drawing_of_the_radius():
    figure = draw_radius({"a": filter_sizes(with_rms([0.1, 0.05], [0.02, 0])),
                          "b": filter_sizes(chain(1))}, 0.1)
    dots, *_, line = figure.axes[0].lines
    np.testing.assert_allclose(dots.get_ydata(), np.repeat([0.05, 0.1], 16), rtol=1e-6)
    assert list(line.get_ydata()) == [0.1, 0.1]
    assert [axes.get_title() for axes in figure.axes] == ["a", "b"]


# ---- words and verdicts -------------------------------------------------------------------------

def trained(*accuracies):
    """Trainings with these validation accuracies, one per seed, where guessing gives 0.1."""
    histories = [history_of(own) for own in accuracies]
    return Trainings(histories, [epochs_at_chance(history, 0.1) for history in histories],
                     [0.5] * len(histories))


def held(*conv1_and_conv2):
    """What is held back in nets whose first two convolutions have filters of these sizes."""
    return [held_back(with_rms(*sizes), 0.1) for sizes in conv1_and_conv2]


HELD = {kind: held(*[([0.1, 0.05], [0, 0])] * 2) for kind in ("images", "scenes")}
STALLED, TRAINED, LATE = [0.1, 0.1], [0.5, 0.6], [0.1, 0.6]


def verdicts(stated=(TRAINED,) * 2, small=(STALLED,) * 2, he=(TRAINED,) * 2, held=HELD):
    trainings = {HE: trained(*he), SMALL: trained(*small), STATED: trained(*stated)}
    return [claim.verdict for claim in claims(trainings, held, 0.1)]


@pytest.mark.parametrize("change, expected", [
    ({}, [HOLDS, HOLDS, HOLDS]),
    ({"stated": [STALLED, STALLED]}, [DOES_NOT_HOLD, HOLDS, HOLDS]),
    ({"stated": [TRAINED, STALLED]}, [NOT_DECIDED, HOLDS, HOLDS]),
    ({"small": [TRAINED, TRAINED]}, [HOLDS, HOLDS, DOES_NOT_HOLD]),
    ({"small": [TRAINED, STALLED]}, [HOLDS, HOLDS, NOT_DECIDED]),
    ({"he": [LATE, LATE]}, [HOLDS, HOLDS, DOES_NOT_HOLD]),
    ({"he": [TRAINED, LATE]}, [HOLDS, HOLDS, NOT_DECIDED])], ids=str)
def test_claims_about_the_start(change, expected):
    assert verdicts(**change) == expected


def test_what_was_measured_of_the_start_and_who_says_so():
    trainings = {HE: trained(TRAINED), SMALL: trained(STALLED), STATED: trained(LATE)}
    first, _, stalls = claims(trainings, HELD, 0.1)
    assert first.measured.startswith("1.0 of 2 epochs at chance, test accuracy 50.0 % (1 seed).")
    assert stalls.measured.startswith("Gaussian of 0.01: ") and "; He: " in stalls.measured
    assert stalls.source == "He et al. 2015" and first.source == ""


@pytest.mark.parametrize("images, scenes, expected", [
    (([0.1, 0.05], [0, 0]), ([0.1, 0.1], [0.1, 0]), HOLDS),
    (([0.1, 0.05], [0.1, 0]), ([0.1, 0.1], [0, 0]), NOT_DECIDED),           # equal in both layers
    (([0.1, 0.05], [0.1, 0.1]), ([0.1, 0.1], [0, 0]), DOES_NOT_HOLD),       # more in the second
    (([0.1, 0.05], [0, 0]), ([0.05, 0.09], [0, 0]), NOT_DECIDED)])          # none at all
def test_the_claim_about_the_radius(images, scenes, expected):
    trainings = {name: trained(TRAINED) for name in (HE, SMALL, STATED)}
    both = {"images": held(images, images), "scenes": held(scenes, scenes)}
    claim = claims(trainings, both, 0.1)[1]
    assert claim.verdict == expected
    conv1, conv2 = (50 * layer.count(0.1) for layer in images)
    assert f"images: conv1 {conv1} %, conv2 {conv2} %, conv3 0 %" in claim.measured
    conv1, conv2 = (50 * layer.count(0.1) for layer in scenes)
    assert f"scenes: conv1 {conv1} %, conv2 {conv2} %, conv3 0 %" in claim.measured


def test_filters_at_the_radius_are_held_in_nets_not_trained():
    """All begin below it: a net before its training passes nothing."""
    fresh = models.labnet().initialize(np.random.default_rng(0))
    both = {kind: [held_back(fresh, 0.1)] * 2 for kind in ("images", "scenes")}
    assert verdicts(held=both)[1] == NOT_DECIDED


def test_the_table():
    small = Signals(["conv1", "conv2", "fc8"], np.array([25, 800, 50]), np.array([2.0, 0.5, 1.0]),
                    np.zeros(3), np.zeros(3))
    deep = small._replace(inputs=np.array([147, 20000, 200]),
                          activations=np.array([8.0, 6.0, 3.0]))
    assert table(small, deep)[1:] == [
        ("conv1", "25", "", "", "147", "", ""),
        ("conv2", "800", "0.20", "0.25", "20,000", "1.00", "0.75"),
        ("fc8", "50", "0.05", "2.00", "200", "0.10", "0.50")]


def test_the_words_say_how_the_nets_were_trained():
    """0.06 is √(2 / (64·9)), where conv5 of the labnet begins."""
    history = [{"loss": 2.3, "validation_accuracy": 0.1}]
    trainings = {name: Trainings([history], [1], [0.1]) for name in (HE, SMALL, STATED)}
    signals = {name: measure(chain(0.5), *batch()) for name in (HE, SMALL, STATED, DEEP)}
    nets = {"images": models.labnet(), "scenes": models.labnet()}
    curves, signal, radius = sections(10, trainings, 0.1, signals, nets)
    assert "but with batches of 64" in curves.text and "Their rate begins at 0.02," in curves.text
    assert "they get 5 epochs in batches of 64" in curves.text
    assert "have a rate of 0.015 and 9 epochs" in curves.text
    assert "A loss of 2.30 is that of guessing among 10 classes" in curves.text
    assert "scenes of 224×224 pixels" in signal.text and signal.rows[1][0] == "conv1"
    assert "0.06 in conv5" in radius.text
    assert all(section.picture and section.alt for section in (curves, signal, radius))


def test_nets_are_trained_as_they_say_and_only_once(tmp_path, monkeypatch):
    runs = train(Study(tmp_path, quick=True, report=lambda text: None))
    assert [len(of_seeds) for of_seeds in (runs[HE], runs[SMALL], runs[STATED])] == [2, 2, 2]
    images = Study(tmp_path, quick=True).train.images
    for name, low, high in [(HE, 1, 10), (SMALL, 1, 10), (STATED, 250, 510)]:
        run = runs[name][0]
        assert len(run.history) == 2 and not run.prepare.flip
        assert low < np.ptp(run.prepare(images)) < high     # 510 would be ±255
    assert runs[STATED][0].prepare.scale == 1
    for name in (SMALL, STATED):
        w = runs[name][0].net.parameters["conv2.w"]
        assert w.std() == pytest.approx(0.01, rel=0.05)
        assert [row["rate"] for row in runs[name][0].history] == [0.01, 0.01]
    monkeypatch.setattr(training, "train_step", None)       # fails if anything is trained again
    again = train(Study(tmp_path, quick=True, report=lambda text: None))
    for name, of_seeds in runs.items():
        for one, other in zip(of_seeds, again[name]):
            assert one.history == other.history
            for key, value in one.net.parameters.items():
                np.testing.assert_array_equal(value, other.net.parameters[key])


def test_a_net_is_not_continued_on_pixels_of_another_scale(tmp_path):
    study = Study(tmp_path, quick=True, report=lambda text: None)
    recipe = RECIPES["images"]._replace(epochs=1, **CONSTANT)
    study.train_run("one", study.train, recipe=recipe, scale=1.0)
    again = Study(tmp_path, quick=True, report=lambda text: None)
    with pytest.raises(ValueError, match="another scale .1.0, not None."):
        again.train_run("one", again.train, recipe=recipe)
