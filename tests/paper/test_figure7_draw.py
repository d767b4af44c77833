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
    assert {"fruit\n(changed most)", "map 1"} <= texts
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


def test_no_change_is_white_and_as_much_up_and_down_is_as_far_from_it():
    """One of two images has the largest change, a half; of a silent map nothing can change."""
    up = found(step=3)
    up = up._replace(sums=np.full(up.sums.shape, 1.5 * up.whole_sum))
    flat = up._replace(sums=np.full(up.sums.shape, up.whole_sum))
    silent = flat._replace(whole_sum=0.0)
    figure = draw.draw([up, flat, silent], [np.zeros((0, 3, 20, 24))] * 3, CLASSES)
    heats = [figure.axes[5 * row + 1].images[0] for row in range(3)]
    assert [heat.get_clim() for heat in heats] == [(0.5, 1.5)] * 3
    colors = [heat.to_rgba(heat.get_array())[0, 0, :3] for heat in heats]
    assert min(colors[1]) > 0.95 and min(colors[2]) > 0.95 and min(colors[0]) < 0.5
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert "times that without the square\n(white: no change)" in labels


def test_hardly_a_change_stays_pale():
    result = found(step=3)
    result = result._replace(sums=np.full(result.sums.shape, 0.999 * result.whole_sum))
    heat = draw.draw([result], [np.zeros((0, 3, 20, 24))], CLASSES).axes[1].images[0]
    assert heat.get_clim() == (1 - draw.LEAST, 1 + draw.LEAST)


def test_the_cross_is_where_the_square_covers_most_and_the_number_belongs_to_it():
    """The patch of 4×4 has its middle at row 13.5, column 5.5; covered, nothing is left."""
    axes = draw.draw([found()], [np.zeros((0, 3, 20, 24))], CLASSES).axes[1]
    (column, row), = axes.lines[0].get_xydata()
    assert (row, column) == (13.5, 5.5)
    assert axes.get_xlabel() == "pixels; at the cross −100 %"


def test_images_drawn_at_random_say_so():
    others = [np.zeros((0, 3, 20, 24))] * 3
    figure = draw.draw([found(step=5)] * 3, others, CLASSES, random=2)
    below = [figure.axes[5 * row].texts[0].get_text() for row in range(3)]
    assert below == ["fruit\n(changed most)"] + ["fruit\n(drawn at random)"] * 2


def test_classes_beyond_the_colors_are_gray():
    answers = np.repeat(np.arange(9), np.arange(9, 0, -1))
    colors = draw.class_colors([answers[:20], answers[20:]])
    assert list(colors) == list(range(7)) and len(set(colors.values())) == 7
    assert draw.REST not in colors.values()
