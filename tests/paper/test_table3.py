"""Table 3 with a net that looks at one pixel, on images that it is right about by construction; and on errors made up."""
import numpy as np
import pytest

from numpyzf import data, runs
from numpyzf.paper import table3
from numpyzf.paper.table3 import Row
from numpyzf.layers import Flatten, Linear
from numpyzf.network import Network

pytestmark = pytest.mark.small


def right_when_bright(seed):
    """A run whose net says class 1 for an image with a bright first pixel, else class 0."""
    net = Network([("flatten", Flatten()), ("fc8", Linear(4, 2))], (1, 2, 2))
    net.layers["fc8"].params["w"][1, 0] = 1
    return runs.Run(net, runs.Preparation(np.full((1, 2, 2), 100, np.float32), 1.0, 2, 0, False), ("dark", "bright"), [], {"seed": seed})


def images(labels, wrong=()):
    pixels = np.full((len(labels), 1, 2, 2), 100, np.uint8)
    pixels[:, 0, 0, 0] = np.where(labels == 1, 150, 50)
    pixels[list(wrong), 0, 0, 0] = 200 - pixels[list(wrong), 0, 0, 0]
    return data.Dataset(pixels, np.asarray(labels), ("dark", "bright"))


def test_errors_of_a_net_on_images_it_is_right_about_by_construction():
    """It errs on all that its own training held out, which must not count, and on a fifth of the test images."""
    labels = np.arange(100) % 2
    nets = [right_when_bright(0), right_when_bright(3)]
    held = [runs.hold_out(labels, np.random.default_rng(seed))[1] for seed in (0, 3)]
    assert len(held[0]) == 10 and set(held[0]) != set(held[1])
    test = images(np.arange(95) % 2, wrong=range(19))
    row = table3.compute(nets[:1], images(labels, wrong=held[0]), test)
    assert row.parameters == 10
    np.testing.assert_allclose([row.train, row.test], [[0], [0.2]])
    row = table3.compute(nets, images(labels, wrong=held[1]), test)            # to the first net some of these were shown
    assert row.train[0] == pytest.approx(len(set(held[1]) - set(held[0])) / 90) and row.train[1] == 0
    np.testing.assert_allclose(row.test, [0.2, 0.2])


def test_of_many_training_images_as_many_as_there_are_test_images_are_looked_at():
    labels = np.arange(200) % 2
    rows = runs.hold_out(labels, np.random.default_rng(0))[0]
    seen = rows[[0, 59, 119, 179]]                                              # evenly spread over 180
    assert table3.compute([right_when_bright(0)], images(labels, wrong=seen), images(np.array([0, 1, 0, 1]))).train == [1]


def table(full, middle, hidden, both, fc=0.2):
    return {key: Row(1, np.zeros(1), np.atleast_1d(test)) for key, test in
            dict(full=full, middle=middle, hidden=hidden, both=both, fc=fc).items()}


@pytest.mark.parametrize("both, much", [(0.38, True), (0.36, True), (0.34, False), (0.1, False)])
def test_what_costs_much(both, much):
    """Twice the larger of 3 and 7 points is 14: more than 34 % of error is much."""
    assert table3.costs_much_together(table(0.2, 0.23, 0.27, both)) == [much]
    assert table3.costs_much_together(table(0.2, 0.27, 0.23, both)) == [much]


def test_where_less_is_better_both_must_still_cost_something():
    assert table3.costs_much_together(table(0.2, 0.18, 0.19, 0.199)) == [False]
    assert table3.costs_much_together(table(0.2, 0.18, 0.19, 0.21)) == [True]


def test_costs_are_counted_seed_by_seed():
    rows = table([0.2, 0.3, 0.5], [0.25, 0.29], 0.27, [0.5, 0.5])
    np.testing.assert_allclose(table3.cost(rows, "middle"), [0.05, -0.01])
    np.testing.assert_allclose(table3.cost(rows, "hidden"), [0.07])


@pytest.mark.parametrize("fc, little", [(0.219, True), (0.181, True), (0.221, False), (0.179, False)])
def test_what_makes_little_difference(fc, little):
    assert table3.makes_little_difference(table(0.2, 0.2, 0.2, 0.2, fc), "fc") == [little]


def test_every_variant_is_a_net_of_the_right_layers():
    from numpyzf.models import labnet
    layers = {v.key: [name[-1] for name in labnet(**v.variant).layers if name.startswith(("conv", "fc"))] for v in table3.VARIANTS}
    assert {key: "".join(names) for key, names in layers.items()} == {
        "full": "12345678", "middle": "125678", "hidden": "123458", "both": "1258", "fc": "12345678", "wide": "12345678"}


def test_the_picture():
    rows = {"whole net": Row(10, np.array([0.1, 0.12]), np.array([0.2, 0.24])), "less": Row(5, np.array([0.3]), np.array([0.4]))}
    axes, = table3.draw(rows).axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["whole net", "less"] and axes.get_xlabel().startswith("error (%)")
    large = [line.get_xdata()[0] for line in axes.lines if line.get_markersize() == 7.5]
    np.testing.assert_allclose(large, [22, 11, 40, 30])
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["test", "training"]
