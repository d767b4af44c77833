"""Drawing the scores of Figure 2."""
import numpy as np
import pytest

from numpyzf.paper.figure2.draw import draw
from numpyzf.paper.figure2.measure import Common, Score

pytestmark = pytest.mark.small


def score(layer, seed):
    return Score(f"conv{layer}", 5, Common(0.1 * layer, 0.1, 0.2), 0.9, -0.2,
                 0.5 + 0.1 * layer + 0.01 * seed, 0.4, Common(0.3, 0.1, 0.2))


def test_drawing():
    figure = draw([[score(layer, seed) for layer in (1, 2, 3)] for seed in (0, 2)])
    first, *_, last = figure.axes
    assert [label.get_text() for label in first.get_xticklabels()] == ["conv1", "conv2", "conv3"]
    energy, pixels = (container.lines[0] for container in first.containers)
    np.testing.assert_allclose(energy.get_ydata(), [61, 71, 81])
    assert energy.get_marker() == "o" and pixels.get_marker() == "s"
    names = [text.get_text() for text in first.get_legend().get_texts()]
    assert names == ["projection's energy", "pixels seen"]
    assert last.get_ylim()[0] < -0.2


def test_every_line_shows_its_own_number():
    own = Score("conv1", 5, classes=Common(0.1, 0.2, 0), projections=0.3, patches=0.4,
                inside=0.5, area=0.6, parts=Common(0.7, 0.8, 0))
    lines = [container.lines[0] for axes in draw([[own]]).axes for container in axes.containers]
    shown = [line.get_ydata()[0] for line in lines]
    np.testing.assert_allclose(shown, [50, 60, 70, 80, 10, 20, 0.3, 0.4])
