"""The cone of a unit, against the plain experiment.

Change one pixel after the other, and see which ones move the unit.
"""
import numpy as np
import pytest

from numpyzf.layers import ContrastNorm, Conv, Flatten, Linear, MaxPool, ReLU
from numpyzf.network import Network

pytestmark = pytest.mark.small


def build(*layers, size):
    """A net in float64 with positive weights: what makes a pixel large isn't lost on the way."""
    net = Network([(f"layer{i}", layer) for i, layer in enumerate(layers, 1)], (1, *size))
    rng = np.random.default_rng(0)
    for value in net.parameters.values():
        value[...] = rng.uniform(0.5, 1.5, value.shape)
    return net.astype(np.float64)


NETS = {
    "the paper's stages": build(Conv(1, 2, 3, stride=2, pad=1), ReLU(),
                                MaxPool(3, stride=2, ceil=True), ContrastNorm(),
                                Conv(2, 2, 2), ReLU(), size=(10, 9)),
    "padded twice": build(Conv(1, 2, 3, pad=1), MaxPool(3, stride=2, pad=1),
                          Conv(2, 1, 3, pad=2), size=(7, 6)),
    "pools that hang over": build(MaxPool(3, stride=2, ceil=True), MaxPool(3, stride=2, ceil=True),
                                  Conv(1, 1, 1), size=(8, 10)),
    "edges not visited": build(Conv(1, 1, 2, stride=2), MaxPool(2, stride=2), size=(7, 11)),
}


def moved(net, name, row, column):
    """Which pixels (H, W), made large, change unit (row, column) of some map of layer `name`."""
    H, W = net.input_shape[1:]
    x = np.random.default_rng(1).uniform(1, 2, (1, 1, H, W))
    changed = np.repeat(x, H * W, axis=0)
    # image i has pixel i changed
    changed.reshape(H * W, H * W)[np.diag_indices(H * W)] += 100
    before, after = (net.forward(images, until=name)[name][:, :, row, column]
                     for images in (x, changed))
    # less is rounding: BLAS sums another batch in another order
    return (abs(after - before) > 1e-3).any(axis=1).reshape(H, W)


@pytest.mark.parametrize("title", NETS)
def test_a_unit_sees_its_cone_and_nothing_else(title):
    net = NETS[title]
    for name in net.layers:
        for row, column in np.ndindex(*net.shapes[name][1:]):
            expected = np.zeros(net.input_shape[1:], bool)
            expected[net.cone(name, row, column)] = True
            np.testing.assert_array_equal(moved(net, name, row, column), expected,
                                          f"{name}, unit ({row}, {column})")


@pytest.mark.parametrize("title", NETS)
def test_the_receptive_field_cut_at_the_edges_is_the_cone(title):
    net = NETS[title]
    for name in net.layers:
        size, stride, start = net.receptive_field(name)
        for place in np.ndindex(*net.shapes[name][1:]):
            first = [start + i * stride for i in place]
            cone = [(max(i, 0), min(i + size, n)) for i, n in zip(first, net.input_shape[1:])]
            assert [(side.start, side.stop) for side in net.cone(name, *place)] == cone


def test_with_gaps_between_windows_the_cone_is_all_from_the_first_pixel_to_the_last():
    net = build(Conv(1, 1, 2, stride=3), Conv(1, 1, 2), size=(8, 8))
    seen = moved(net, "layer2", 0, 0)
    for axis in (0, 1):
        assert np.flatnonzero(seen.any(axis=axis)).tolist() == [0, 1, 3, 4]
    assert net.cone("layer2", 0, 0) == (slice(0, 5), slice(0, 5))


def test_behind_a_fully_connected_layer_everything_is_seen():
    net = build(Conv(1, 2, 3), Flatten(), Linear(2 * 3 * 4, 2), ReLU(), size=(5, 6))
    for name in ("layer2", "layer3", "layer4"):
        assert net.receptive_field(name) is None
        assert net.cone(name, 0, 0) == (slice(0, 5), slice(0, 6))
    assert net.receptive_field("layer1") == (3, 1, 0)


def test_a_unit_that_sees_nothing_but_padding_has_an_empty_cone():
    net = Network([("conv1", Conv(1, 1, 3, pad=5))], (1, 8, 8))
    last = net.shapes["conv1"][1] - 1
    for place in (0, last):
        rows, columns = net.cone("conv1", place, place)
        assert 0 <= rows.start <= 8 and 0 <= rows.stop <= 8
        assert np.arange(8)[rows].size == np.arange(8)[columns].size == 0
