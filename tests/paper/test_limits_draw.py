"""The four pictures of the limits: what stands where, and that nothing is cut off."""
import numpy as np
import pytest
from limits_nets import measured, rectified
from matplotlib.backends.backend_agg import FigureCanvasAgg

from numpyzf import plots
from numpyzf.deconvnet import RULES, Rule
from numpyzf.paper.limits import draw, measure

pytestmark = pytest.mark.small
CLASSES = "one", "two", "three", "four"


@pytest.fixture(scope="module")
def results():
    return [measured(rectified()), measured(rectified(), seed=1)]


def titles(figure):
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def pixels(axes):
    return axes.images[0].get_array()


def test_what_rules_and_ways_are_called():
    assert [draw.rule_name(RULES[name]) for name in RULES] == list(RULES)
    assert draw.rule_name(Rule(False, True, False)) == "linear"
    assert draw.rule_name(Rule(False, False, True)) == "deconvnet, no switches"
    assert [draw.way_title(way) for way in measure.WAYS] == [
        "learned, switches:\nthe deconvnet", "learned,\nno switches", "noise,\nswitches",
        "noise,\nno switches"]


def test_layers_that_are_noise(results):
    figure = draw.draw_cascades(results)
    assert titles(figure) == ["image", "trained net", "noise: fc8", "fc8 … conv5", "its edges",
                              "the object"]
    shown = [axes for axes in figure.axes if axes.images]
    rows = [shown[0:4], shown[4:8], shown[8:12]]
    for row, pictures in zip(rows, results[0].class_score.pictures):
        for axes, picture in zip(row[1:], pictures):
            np.testing.assert_array_equal(pixels(axes), plots.to_display(picture))
    left, middle, right = [axes for axes in figure.axes if not axes.images]
    ticks = [[tick.get_text() for tick in axes.get_xticklabels()] for axes in (left, middle, right)]
    assert ticks == [["fc8", "conv5"], ["fc8", "conv5"], ["conv5"]]
    assert left.get_ylabel() == "rank correlation\nwith the trained net's picture"
    assert [bars.get_label() for bars in left.containers] == list(RULES)
    for axes, arrays in ((left, [r.class_score.down_to_layer for r in results]),
                         (middle, [r.class_score.one_layer for r in results]),
                         (right, [r.unit.down_to_layer for r in results])):
        means = np.concatenate(arrays, axis=-1)[measure.RANK].mean(axis=-1)     # (rules, steps)
        np.testing.assert_allclose([bars.lines[0].get_ydata() for bars in axes.containers], means)


def test_other_classes(results):
    figure = draw.draw_classes(results, CLASSES)
    assert titles(figure) == ["image", "one (true)", "two", "three", "four", "fc8 is noise",
                              "its edges", "the object"]
    dots = figure.axes[-1]
    assert dots.get_xlabel() == "rank correlation with the\npicture of the true class"
    assert [tick.get_text() for tick in dots.get_yticklabels()] == [
        "another class", "noise for fc8", "another image"]
    for values, place in (([r.classes for r in results], 0),
                          ([r.class_score.one_layer[:, :, 0] for r in results], 3),
                          ([r.class_score.other_image for r in results], 6)):
        means = np.mean(values, axis=0)[measure.RANK].mean(axis=-1)             # (rules,)
        found = [bars.lines[0].get_xdata()[0] for bars in dots.containers[place:place + 3]]
        np.testing.assert_allclose(found, means)


def test_the_true_class_comes_first(results):
    other = results[0]._replace(labels=np.array([2, 0]))
    figure = draw.draw_classes([other], CLASSES)
    assert titles(figure)[1:5] == ["three (true)", "one", "two", "four"]
    first_row = [axes for axes in figure.axes if axes.images][:6]
    for axes, i in zip(first_row[1:5], (2, 0, 1, 3)):
        np.testing.assert_array_equal(pixels(axes), plots.to_display(other.class_pictures[0, i]))


def test_ways_down(results):
    figure = draw.draw_ways(results)
    dots = figure.axes[-1]
    assert dots.get_xlabel() == "similarity, or share"
    assert [bars.get_label() for bars in dots.containers[:3]] == [
        "rank correlation with the deconvnet's picture", "rank correlation with the image's edges",
        "share of energy on the object"]
    for i, way in enumerate(measure.WAYS):
        axes, = [axes for axes in figure.axes if axes.get_title() == draw.way_title(way)]
        np.testing.assert_array_equal(pixels(axes), plots.to_display(results[0].ways.pictures[i]))
        expected = [np.mean([r.way_similarities[measure.RANK, i] for r in results]),
                    np.mean([r.ways.edges[i] for r in results]),
                    np.mean([r.ways.inside[i] for r in results])]
        found = [bars.lines[0].get_xdata()[0] for bars in dots.containers[3 * i:3 * i + 3]]
        np.testing.assert_allclose(found, expected)


def test_the_eight_rules(results):
    figure = draw.draw_rules(results)
    shown = [axes for axes in figure.axes if axes.images]
    assert len(shown) == 2 + 8
    columns = (("deconvnet\nmask no, ReLU yes", (False, True)),
               ("gradient\nmask yes, ReLU no", (True, False)),
               ("guided\nmask yes, ReLU yes", (True, True)),
               ("linear\nmask no, ReLU no", (False, False)))
    for row, switches in ((shown[2:6], True), (shown[6:10], False)):
        for axes, (title, (mask, relu)) in zip(row, columns):
            assert axes.get_title() == title
            i = measure.EIGHT.index(Rule(mask, switches, relu))
            expected = plots.to_display(results[0].eight.pictures[i])
            np.testing.assert_array_equal(pixels(axes), expected)


def test_nothing_is_cut_off(results):
    figures = draw.draw(results, CLASSES)
    assert len(figures) == 4
    for figure in figures:
        assert figure.get_size_inches()[0] <= 9
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        for axes in figure.axes:
            box = axes.get_tightbbox(canvas.get_renderer())
            assert -1 <= box.x0 and box.x1 <= figure.bbox.x1 + 1, axes.get_title()
            assert -1 <= box.y0 and box.y1 <= figure.bbox.y1 + 1, axes.get_title()
