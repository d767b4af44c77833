"""Drawing Figure 7."""
import numpy as np
import pytest
from figure7_planted import CLASSES, found

from numpyzf.paper.figure7 import draw


@pytest.mark.parametrize("count", [1, 3])
def test_drawing(count):
    result = found(step=3)
    others = [np.ones((k, 3, 20, 24)) for k in (3, 2, 0)[:count]]
    masks = np.ones((count, 20, 24), bool) & (np.arange(20)[:, None] > 9)
    figure = draw.draw([result] * count, others, CLASSES, masks)
    titles = [axes.get_title() for axes in figure.axes[:5]]
    assert [title[:3] for title in titles] == ["(a)", "(b)", "(c)", "(d)", "(e)"]
    assert {text.get_text() for text in figure.legends[0].get_texts()} == set(CLASSES)
    texts = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {"fruit", "map 1"} <= texts
    axes = figure.axes[3]
    heat = axes.images[0]
    np.testing.assert_array_equal(heat.get_array(), result.probability)
    left, right, bottom, top = heat.get_extent()
    across, down = np.diff(result.lefts).mean(), np.diff(result.tops).mean()
    assert left + across / 2 == result.lefts[0] + 1.5
    assert right - across / 2 == result.lefts[-1] + 1.5
    assert top + down / 2 == result.tops[0] + 1.5
    assert bottom - down / 2 == result.tops[-1] + 1.5
    assert axes.get_xlim() == (-0.5, 23.5) and axes.get_ylim() == (19.5, -0.5)


def test_the_square_and_the_frames():
    result = found(step=3)
    figure = draw.draw([result], [np.zeros((3, 3, 20, 24))], CLASSES)
    covered, _, projections = (axes.images[0].get_array() for axes in figure.axes[:3])
    assert (covered[:4, :4] == 128 / 255).all() and (covered[:4, 4] != 128 / 255).any()
    assert projections.shape[:2] == (2 * 24 + 1, 2 * 28 + 1)    # four tiles in frames of two pixels
    assert (projections[0, :28] == 0).all()                     # its own has a dark one
    assert (projections[0, 29:] == 1).all()


def test_classes_beyond_the_colors_are_gray():
    answers = np.repeat(np.arange(9), np.arange(9, 0, -1))
    colors = draw.class_colors([answers[:20], answers[20:]])
    assert list(colors) == list(range(7)) and len(set(colors.values())) == 7
    assert draw.REST not in colors.values()
