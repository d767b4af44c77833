"""Table 7 on layers whose quality is known: one that tells all classes, one that tells half of them, one that tells nothing."""
from types import SimpleNamespace

import numpy as np
import pytest

from numpyzf import data, runs
from numpyzf.look import linear
from numpyzf.paper import table7
from numpyzf.layers import Flatten, Linear, ReLU
from numpyzf.network import Network

pytestmark = pytest.mark.small
SETTINGS = dict(per_class=8, draws=2)


def layers(labels, rng):
    """Of four classes, "all" has a value each; "half" has one for classes 0 and 1 and another for 2 and 3; "none" is always the same."""
    one_hot = np.eye(4, dtype=np.float32)[labels] + 0.1 * rng.standard_normal((len(labels), 4)).astype(np.float32)
    return {"none": np.ones((len(labels), 3), np.float32), "half": np.float32(labels[:, None] >= 2), "all": one_hot}


def test_layers_of_known_quality(rng):
    labels, test_labels = np.arange(64) % 4, np.arange(80) % 4
    result = table7.compute(layers(labels, rng), labels, layers(test_labels, rng), test_labels, **SETTINGS)
    assert result.layers == ("none", "half", "all")
    for accuracies in (result.svm, result.softmax):
        np.testing.assert_allclose(accuracies, [0.25, 0.5, 1])


def test_each_classifier_has_its_column(monkeypatch, rng):
    """In place of the support vector machine one that always says class 0: right once in four."""
    monkeypatch.setattr(linear, "fit_svm", lambda x, labels, strengths: [
        linear.Classifier(np.zeros((x.shape[1], 4)), np.eye(4)[0], strength) for strength in strengths])
    labels = np.arange(64) % 4
    result = table7.compute(layers(labels, rng), labels, layers(labels, rng), labels, **SETTINGS)
    assert result.svm[-1] == 0.25 and result.softmax[-1] == 1


def test_the_mean_over_draws_that_share_no_image(rng):
    """From its second eight on, the labels of each class are those of the next one: the second draw learns everything wrong."""
    labels = np.repeat(np.arange(4), 20)
    values = labels.copy()
    values[np.arange(80) % 20 >= 8] = (values[np.arange(80) % 20 >= 8] + 1) % 4
    train, test = ({"all": layers(v, rng)["all"]} for v in (values, np.arange(40) % 4))
    for draws, expected in (1, 1), (2, 0.5), (5, 0.5):              # a third draw of eight isn't there
        result = table7.compute(train, labels, test, np.arange(40) % 4, per_class=8, draws=draws)
        np.testing.assert_allclose([result.svm, result.softmax], [[expected], [expected]])


def test_few_images_make_a_small_draw_and_one_is_too_few(rng):
    labels = np.array([0, 1, 2, 3, 0, 1, 2, 3, 3])
    result = table7.compute(layers(labels, rng), labels, layers(labels, rng), labels)
    assert result.svm[-1] == 1
    with pytest.raises(ValueError, match="labels has 1 of class 2"):
        table7.compute(layers(labels[:6], rng), labels[:6], layers(labels, rng), labels)


def test_a_net_whose_middle_layer_loses_what_the_first_one_has(monkeypatch, rng):
    """Class 1 has a bright pixel, class 2 a dark one. The net's first layer keeps the value, the second only what is above the mean."""
    net = Network([("flatten", Flatten()), ("norm1", Linear(4, 2)), ("fc7", Linear(2, 1)), ("relu7", ReLU())], (1, 2, 2))
    net.layers["norm1"].params["w"][0, 0] = net.layers["fc7"].params["w"][0, 0] = 1
    net.layers["norm1"].params["w"][1, 0] = -1
    run = runs.Run(net, runs.Preparation(np.full((1, 2, 2), 100, np.float32), 50.0, 2, 0, False), tuple("012"), [], {})
    monkeypatch.setattr(table7, "LAYERS", {"norm1": "1", "relu7": "7"})

    def images(count):
        labels = np.arange(count) % 3
        pixels = rng.integers(80, 120, (count, 1, 2, 2)).astype(np.uint8)
        pixels[:, 0, 0, 0] = np.array([100, 200, 0])[labels]
        return data.Dataset(pixels, labels, tuple("012"))
    result = table7.judge(run, images(90), images(60))
    assert result.softmax[0] == 1 and result.softmax[1] == pytest.approx(2 / 3)
    assert result.svm[1] == pytest.approx(2 / 3)


def test_own_classes_are_learned_from_images_held_out_of_the_training(rng):
    labels = np.arange(100) % 2
    train = data.Dataset(np.arange(100)[:, None], labels, ("a", "b"))
    test = data.Dataset(np.arange(30)[:, None], np.arange(30) % 2, ("a", "b"))
    study = SimpleNamespace(train=train, test=test, net=lambda kind, seed: (kind, seed))
    run, few, mixed = table7.own_classes(study, "images", 7)
    held = runs.hold_out(labels, np.random.default_rng(7))[1]
    assert run == ("images", 7) and few.images[:, 0].tolist() == held.tolist() and few.labels.tolist() == (held % 2).tolist()
    assert sorted(mixed.images[:, 0]) == list(range(30)) and (mixed.images[:, 0] % 2 == mixed.labels).all()


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_picture(seeds):
    result = table7.Table7(tuple(table7.LAYERS), np.full((seeds, 6), 0.5), np.full((seeds, 6), 0.25))
    left, right = table7.draw({"new classes": result, "own": result}).axes
    assert [t.get_text() for t in left.get_xticklabels()] == ["1\nnorm1", "2\nnorm2", "3\nrelu3", "4\nrelu4", "5\npool5", "7\nrelu7"]
    assert left.get_ylabel() == "test accuracy (%)" and right.get_title() == "own"
    np.testing.assert_allclose(left.containers[0].lines[0].get_ydata(), [50] * 6)


def test_verdicts():
    """Layers 1 to 5 rise at every step; and the last is above the first."""
    def claims(*rows):
        result = table7.Table7(tuple(table7.LAYERS), np.array(rows), None)
        return [claim.verdict == "holds" for claim in table7._claims("noise", result)]
    assert claims([0.1, 0.2, 0.3, 0.4, 0.5, 0.45]) == [True, True]
    assert claims([0.1, 0.2, 0.2, 0.4, 0.5, 0.6]) == [False, True]
    assert claims([0.5, 0.6, 0.7, 0.8, 0.9, 0.4]) == [True, False]
    assert claims([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [0.1, 0.2, 0.3, 0.5, 0.4, 0.0]) == [False, False]
