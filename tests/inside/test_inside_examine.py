"""Single images: who is strongest where, what a covered square changes, one window in numbers."""
from base64 import b64decode

import numpy as np
import pytest

from numpyzf.data.preprocess import Prepared
from numpyzf.functional import softmax
from numpyzf.general.models import squeezenet
from numpyzf.inside import examine
from numpyzf.layers import Conv, Flatten, Linear, MaxPool, ReLU
from numpyzf.look.many import top_activations
from numpyzf.network import Network

from tiny import noise, tiny_net, tiny_run


def cells(found):
    """Units and amounts, (rows, columns, 3)."""
    shape = found["rows"], found["columns"], 3
    return (np.frombuffer(b64decode(found["units"]), "<u2").reshape(shape),
            np.frombuffer(b64decode(found["values"]), np.uint8).reshape(shape))


@pytest.mark.small
@pytest.mark.parametrize("shape", [(5, 4, 6), (4, 30, 17), (7,)])
def test_the_strongest_units_of_each_cell(shape, rng):
    y = rng.standard_normal(shape)
    units, amounts = cells(examine.strongest_units(y, 2.0))
    maps = y.reshape(len(y), *(shape[1:] or (1, 1)))
    rows, columns = (min(n, 14) for n in maps.shape[1:])
    assert units.shape == (rows, columns, 3)
    for i in range(rows):
        for j in range(columns):
            part = maps[:, i * maps.shape[1] // rows:(i + 1) * maps.shape[1] // rows,
                        j * maps.shape[2] // columns:(j + 1) * maps.shape[2] // columns]
            maxima = part.max(axis=(1, 2))
            best = sorted(range(len(y)), key=lambda unit: -maxima[unit])[:3]
            assert units[i, j].tolist() == best
            expected = np.clip(255 * maxima[best] / 2, 0, 255)
            np.testing.assert_allclose(amounts[i, j], expected, atol=0.5)


@pytest.mark.small
def test_fewer_units_than_three_and_nothing_positive():
    units, amounts = cells(examine.strongest_units(np.array([-1.0, 3.0]), 3.0))
    assert units.tolist() == [[[1, 0, examine.NOBODY]]] and amounts.tolist() == [[[255, 0, 0]]]
    assert cells(examine.strongest_units(np.array([-1.0]), -1.0))[1].tolist() == [[[0, 0, 0]]]


@pytest.mark.small
def test_which_images_are_examined():
    net = tiny_net()
    few = examine.chosen(np.array([3, 8]), 30, net)
    assert len(few) == 24 and {3, 8} <= set(few) and sorted(set(few)) == few.tolist()
    many = examine.chosen(np.arange(0, 200, 2), 300, net)
    assert len(many) == 24 and set(many) <= set(range(0, 200, 2)) and {0, 198} <= set(many)
    assert examine.chosen(np.array([1]), 3, net).tolist() == [0, 1, 2]
    assert len(examine.chosen(np.arange(100), 100, squeezenet(2))) == 48


def test_what_the_net_says_and_what_a_square_changes():
    net, x = tiny_net(), tiny_run().prepare(noise(1))
    largest = dict.fromkeys(["conv1", "fc4"], 5.0)
    found = examine.examine(net, ["conv1", "fc4"], x, largest, True)
    probabilities = softmax(net.predict(x))[0]
    order = np.argsort(-probabilities)
    assert [c for c, _ in found["scores"]] == order.tolist()
    assert [p for _, p in found["scores"]] == pytest.approx(probabilities[order].tolist())
    occlusion = found["occlusion"]
    assert (occlusion["rows"], occlusion["columns"], occlusion["size"]) == (10, 10, 3)
    assert occlusion["class"] == order[0]
    values = np.frombuffer(b64decode(occlusion["values"]), np.uint8).reshape(10, 10)
    for row, column in ((0, 0), (9, 9), (4, 7)):
        covered = x.copy()
        top, left = (place * 13 // 9 for place in (row, column))
        covered[:, :, top:top + 3, left:left + 3] = 0
        p = softmax(net.predict(covered))[0, order[0]]
        assert values[row, column] == pytest.approx(255 * p, abs=0.51)
    assert examine.examine(net, ["conv1"], x, largest, False)["occlusion"] is None


def test_the_window_s_sum_is_the_unit_s_value_and_the_pool_takes_it():
    net, images = tiny_net(), noise()
    inputs = Prepared(images, tiny_run().prepare)
    top = top_activations(net, inputs, "conv1", 1)["conv1"]
    for unit, found in enumerate(examine.windows(net, "conv1", inputs, top)):
        assert found["sum"] == pytest.approx(float(top.values[unit, 0]), rel=1e-5)
        assert found["bias"] == pytest.approx(float(net.layers["conv1"].params["b"][unit]))
        total = (np.asarray(found["x"]) * found["w"]).sum() + found["bias"]
        assert total == pytest.approx(found["sum"], rel=1e-5)
        pool = found["pool"]        # behind the ReLU
        values = np.asarray(pool["values"])
        assert values.max() == values[pool["row"], pool["column"]] == top.values[unit, 0]


def test_a_window_whose_layer_is_the_relu_behind_the_convolution(rng):
    net = Network([("c", Conv(3, 2, 3, stride=2)), ("r", ReLU()), ("p", MaxPool(2, stride=3)),
                   ("f", Flatten()), ("l", Linear(8, 2))], (3, 16, 16)).initialize(rng)
    inputs = Prepared(noise(), tiny_run().prepare)
    top = top_activations(net, inputs, "r", 1)["r"]
    for unit, found in enumerate(examine.windows(net, "r", inputs, top)):
        n, _, row, column = top.units[unit, 0]
        assert found["sum"] == pytest.approx(float(top.values[unit, 0]), rel=1e-5)
        seen = row % 3 < 2 and column % 3 < 2 and row < 5 and column < 5
        assert (found["pool"] is not None) == seen      # pools leave out every third place


def test_other_first_layers_have_no_window():
    net, inputs = tiny_net(), Prepared(noise(), tiny_run().prepare)
    for layer in ("conv2", "fc3", "relu2"):
        top = top_activations(net, inputs, layer, 1)[layer]
        assert examine.windows(net, layer, inputs, top) is None
