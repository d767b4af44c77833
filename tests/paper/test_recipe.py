"""The recipe on nets whose signal shrinks by known factors, on made-up histories, and on filters at a known radius."""
import numpy as np
import pytest

from numpyzf import functional as F
from numpyzf import models
from numpyzf.paper import recipe, study
from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network


def chain(*factors):
    """Layers that multiply by these factors, each with a bias, which must not matter; then 64 features to 2 classes by weights ±1."""
    net = Network([*((f"conv{i}", Conv(1, 1, 1)) for i in range(1, len(factors) + 1)), ("flatten", Flatten()), ("fc8", Linear(64, 2))], (1, 8, 8))
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


def test_a_signal_that_shrinks_by_known_factors():
    x, labels = batch()
    signals = recipe.compute(chain(0.5, 0.1, 0.2), x, labels)
    assert signals.layers == ["conv1", "conv2", "conv3", "fc8"]
    np.testing.assert_array_equal(signals.inputs, [1, 1, 1, 64])
    np.testing.assert_allclose(signals.activations[:3], [0.5, 0.05, 0.01], rtol=1e-4)
    np.testing.assert_allclose(signals.gradients[:2] / signals.gradients[1:3], [0.1, 0.2], rtol=1e-5)     # by what the layer above multiplies


@pytest.mark.parametrize("count", [2, 4])
def test_the_gradient_at_the_scores_and_its_size(count):
    """Scores of zero: probabilities of a half, so the gradient is ±1/2 for each image; a unit below gets it from two scores."""
    x, labels = batch(count)
    net = chain(1.0)
    net.layers["conv1"].params["b"][...] = 0
    signals = recipe.compute(net, x, labels)
    np.testing.assert_allclose(signals.gradients, [1, 1 / 2], rtol=1e-6)


def test_the_change_of_one_step():
    """What the momentum step of training really does to the weights, at this rate."""
    x, labels = batch()
    net = chain(0.5, 0.1)
    before = net.parameters["conv2.w"].copy()
    grads = net.backward(*(lambda trace: (trace, F.softmax_cross_entropy(trace.scores, labels[:3])[1]))(net.forward(x[:3])))
    step = 0.3 * grads["conv2.w"]
    change = recipe.compute(net, x[:3], labels[:3], rate=0.3).changes[1]
    assert change == pytest.approx(float(np.abs(step / before).item()), rel=1e-5) and change > 0
    np.testing.assert_array_equal(net.parameters["conv2.w"], before)


def test_a_gaussian_shrinks_the_signal_by_its_deviation_times_the_root_of_inputs(rng):
    """Without max pooling each layer behind a ReLU multiplies by 0.01·√(inputs/2): the factor that the table states."""
    net = Network([("conv1", Conv(200, 800, 1)), ("relu1", ReLU()), ("conv2", Conv(800, 800, 1)), ("relu2", ReLU()), ("conv3", Conv(800, 800, 1)),
                   ("flatten", Flatten()), ("fc8", Linear(3200, 2))], (200, 2, 2)).initialize(rng, "paper")
    signals = recipe.compute(net, rng.standard_normal((100, 200, 2, 2), np.float32), np.zeros(100, int))
    np.testing.assert_allclose(signals.activations[1:3] / signals.activations[:2], 0.01 * np.sqrt(800 / 2), rtol=0.06)


@pytest.mark.small
@pytest.mark.parametrize("accuracies, chance, epochs", [
    ([0.1, 0.1, 0.1], 0.1, 3), ([0.5, 0.1], 0.1, 0), ([0.1, 0.149, 0.151, 0.1], 0.1, 2),
    ([0.55, 0.6, 0.76], 0.5, 2)])           # with one class that has half of the images, 55 % is nothing yet
def test_epochs_at_chance(accuracies, chance, epochs):
    assert recipe.epochs_at_chance([{"validation_accuracy": value} for value in accuracies], chance) == epochs


def test_what_is_not_scaled_is_trained_kept_and_read_again(tmp_path, monkeypatch):
    quick = study.Study(tmp_path, quick=True, report=lambda text: None)
    net, prepare, history = recipe.train_unscaled(quick, 0)
    assert len(history) == 2 and prepare.scale == 1 and not prepare.flip
    assert np.ptp(prepare(quick.train.images)) > 200                        # about ±128
    assert net.parameters["conv2.w"].std() == pytest.approx(0.01, rel=0.05)
    before = {name: value.copy() for name, value in net.parameters.items()}
    monkeypatch.setattr(recipe.training, "train_step", None)                # would fail if anything were trained again
    again, _, same = recipe.train_unscaled(quick, 0)
    assert same == history
    for name, value in again.parameters.items():
        np.testing.assert_array_equal(value, before[name])


def trained(accuracies, net=None):
    return [(net, None, [{"validation_accuracy": value} for value in accuracies])]


class Nets:
    """A study of one seed whose nets for scenes all are the same."""
    seeds = (0,)

    def __init__(self, net):
        self.scenes = study.runs.Run(net, None, (), [], {})

    def net(self, kind, seed):
        return self.scenes


def with_rms(conv1, conv2):
    """A labnet whose filters in the first two layers have these RMS values, one each for a half of them; all others are zero."""
    net = models.labnet()
    for name, values in ("conv1", conv1), ("conv2", conv2):
        w = net.layers[name].params["w"]
        w[...] = np.resize(values, len(w))[:, None, None, None]
    return net


@pytest.mark.parametrize("stated, small, he, verdicts", [
    ([0.1, 0.1], [0.1, 0.1], [0.5, 0.6], (False, True)), ([0.1, 0.3], [0.1, 0.2], [0.5, 0.6], (True, False)),
    ([0.1, 0.1], [0.1, 0.1], [0.1, 0.6], (False, False))])
def test_claims_about_the_start(stated, small, he, verdicts):
    net = with_rms([0.1, 0.05], [0, 0])
    nets = {recipe.HE: trained(he, net), recipe.SMALL: trained(small), recipe.STATED: trained(stated)}
    waits = {name: [recipe.epochs_at_chance(nets[name][0][2], 0.1)] for name in nets}
    claims = recipe._claims(Nets(net), nets, waits, {name: [50.0] for name in nets})
    assert [claim.verdict == "holds" for claim in claims[:2]] == list(verdicts)
    assert claims[0].measured.startswith(f"{waits[recipe.STATED][0]}.0 (1 seed) of 2 epochs at chance")


@pytest.mark.parametrize("images, scenes, holds", [
    (([0.1, 0.05], [0, 0]), ([0.1, 0.1], [0.1, 0]), True), (([0.1, 0.05], [0.1, 0]), ([0.1, 0.1], [0, 0]), False),
    (([0.1, 0.05], [0, 0]), ([0.05, 0.09], [0, 0]), False)])        # equal in both layers; none at all
def test_the_claim_about_the_radius(images, scenes, holds):
    nets = {recipe.HE: trained([0.5], with_rms(*images)), recipe.SMALL: trained([0.1]), recipe.STATED: trained([0.1])}
    claim = recipe._claims(Nets(with_rms(*scenes)), nets, {name: [0] for name in nets}, {name: [50.0] for name in nets})[2]
    assert (claim.verdict == "holds") == holds
    assert f"images: conv1 {50 if images[0][0] == 0.1 else 0} %, conv2 {50 * images[1].count(0.1)} %, conv3 0 %" in claim.measured


def test_drawings():
    x, labels = batch()
    signals = {"one": recipe.compute(chain(0.5, 0.1), x, labels), "two": recipe.compute(chain(0.5, 0), x, labels)}     # a layer of zeros
    figure = recipe.draw(signals)
    assert [axes.get_ylabel() for axes in figure.axes] == ["activations, standard deviation", "gradient of the loss, RMS",
                                                           "change of the weights in one step"]
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), signals["one"].activations)
    assert all(np.isfinite(line.get_ydata()).all() for axes in figure.axes for line in axes.lines)
    assert [label.get_text() for label in figure.axes[2].get_xticklabels()] == ["conv1", "conv2", "fc8"]
    figure = recipe.draw_radius({"a": with_rms([0.1, 0.05], [0.02, 0]), "b": chain(1)}, 0.1)
    dots, *_ = figure.axes[0].lines
    np.testing.assert_allclose(dots.get_ydata(), np.repeat([0.05, 0.1], 16), rtol=1e-6)
    assert [axes.get_title() for axes in figure.axes] == ["a", "b"]


def test_factors_of_the_table():
    lab, deep = (recipe.Signals(["conv1", "conv2", "fc8"], np.array(inputs), np.array(activations), *[np.zeros(3)] * 2)
                 for inputs, activations in (([25, 800, 50], [2.0, 0.5, 1.0]), ([147, 20000, 200], [8.0, 6.0, 3.0])))
    assert recipe._factors(lab, deep)[1:] == [
        ("conv1", "25", "", "", "147", "", ""), ("conv2", "800", "0.20", "0.25", "20,000", "1.00", "0.75"),
        ("fc8", "50", "0.05", "2.00", "200", "0.10", "0.50")]
