"""One image explained, by a net whose answer is known."""
import numpy as np
import pytest

from numpyzf.tour import explain
from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network
from numpyzf.runs import Run

CLASSES = ("dark", "bright left", "bright right")


def prepare(images):
    return images.astype(np.float32)


def planted():
    """Map 0 copies pixels, map 1 doubles them, map 2 negates them.

    The scores add up halves of the image.
    """
    net = Network([("conv1", Conv(1, 3, 1)), ("relu1", ReLU()), ("conv2", Conv(3, 1, 3, pad=1)),
                   ("flatten", Flatten()), ("fc", Linear(36, 3))], (1, 6, 6))
    net.layers["conv1"].params["w"][:, 0, 0, 0] = [1, 2, -1]
    net.layers["conv2"].params["w"][0, 0] = 0.1
    w = net.layers["fc"].params["w"].reshape(3, 6, 6)
    w[1, :, :3], w[2, :, 3:] = 1, 1
    return net


def image():
    x = np.zeros((1, 6, 6), np.uint8)
    x[0, 4, 5] = 20     # seen by conv2 in 2 × 3 places, all of which are right: 6 · 2 = 12
    return x


def test_the_answer_and_its_probabilities():
    result = explain.measure(Run(planted(), prepare, CLASSES), image())
    assert result.classes[0] == "bright right" and set(result.classes) == set(CLASSES)
    exps = np.exp([12.0 - 12.0, -12.0, -12.0])
    np.testing.assert_allclose(result.probabilities, exps / exps.sum(), rtol=1e-4)


def test_five_of_many_classes(rng):
    net = Network([("conv1", Conv(1, 2, 3)), ("flatten", Flatten()), ("fc", Linear(32, 9))],
                  (1, 6, 6)).initialize(rng)
    result = explain.measure(Run(net, prepare, tuple("abcdefghi")), image())
    assert len(result.classes) == 5 and result.probabilities.sum() < 1
    assert (np.diff(result.probabilities) <= 0).all()


def test_the_strongest_maps_with_their_places_projections_and_cones():
    result = explain.measure(Run(planted(), prepare, CLASSES), image(), maps=2)
    assert result.layers == ["conv1", "conv2"]
    assert result.units[0] == [(0, 1, 4, 5), (0, 0, 4, 5)] and result.values[0] == [40, 20]
    expected = np.zeros((2, 1, 6, 6))
    expected[:, 0, 4, 5] = 2 * 40, 20
    np.testing.assert_array_equal(result.projections[0], expected)
    assert result.cones[0][0] == (slice(4, 5), slice(5, 6))
    assert len(result.units[1]) == 1                                        # conv2 has one map only
    _, _, row, column = result.units[1][0]
    rows = slice(row - 1, min(row + 2, 6))
    assert result.cones[1][0] == (rows, slice(column - 1, min(column + 2, 6)))


def test_drawing_frames_the_cones():
    result = explain.measure(Run(planted(), prepare, CLASSES), image(), maps=2)
    figure = explain.draw(result)
    panels = {axes.get_title(): axes for axes in figure.axes if axes.get_title()}
    assert set(panels) == {"the image", "conv1 · map 1", "conv1 · map 0", "conv2 · map 0"}
    corners = panels["conv1 · map 1"].patches[0].get_xy()
    np.testing.assert_array_equal(corners.min(axis=0), [4.5, 3.5])
    np.testing.assert_array_equal(corners.max(axis=0), [5.5, 4.5])
    shown = panels["conv1 · map 1"].images[0].get_array()
    assert shown[4, 5] == 1 and shown[0, 0] == 0.5
    texts = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert texts >= {"bright right  100.0%", "dark  0.0%"}


def test_refuses_another_number_of_names():
    with pytest.raises(ValueError, match="2 names.*3 scores"):
        explain.measure(Run(planted(), prepare, CLASSES[:2]), image())
