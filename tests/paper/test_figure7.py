"""Occlusion of a net that looks at known places only, and scores of planted maps."""
import numpy as np
import pytest

from numpyzf.paper import figure7
from numpyzf.paper.figure7 import Figure7
from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network

MAP, ANSWER = (12, 4), (2, 15)          # first row and column of the two patches of 4×4 pixels that matter
CLASSES = ["fruit", "leaf"]


def prepare(images):
    return images.astype(np.float32) / 100


def image():
    """Red at MAP, green at ANSWER, a little blue everywhere."""
    x = np.zeros((3, 20, 24), np.uint8)
    x[0, MAP[0]:MAP[0] + 4, MAP[1]:MAP[1] + 4] = 100
    x[1, ANSWER[0]:ANSWER[0] + 4, ANSWER[1]:ANSWER[1] + 4] = 50
    x[2] = 1
    return x


def planted():
    """Map 0 is green, map 1 red, map 2 blue; class 0 is half the sum of the green patch, 16 · 0.5 / 2 = 4, class 1 always 2."""
    net = Network([("conv1", Conv(3, 3, 1)), ("relu1", ReLU()), ("flatten", Flatten()), ("fc", Linear(3 * 20 * 24, 2))], (3, 20, 24))
    net.parameters["conv1.w"][:, :, 0, 0] = np.eye(3)[[1, 0, 2]]
    w = net.parameters["fc.w"].reshape(2, 3, 20, 24)
    w[0, 0, ANSWER[0]:ANSWER[0] + 4, ANSWER[1]:ANSWER[1] + 4] = 0.5
    net.parameters["fc.b"][:] = 0, 2
    return net


def found(step=1):
    return figure7.compute(planted(), image(), 0, prepare, layer="relu1", size=4, step=step)


def overlap(result, corner):
    """How many of the 16 pixels of a patch the square covers, at each place."""
    rows, columns = (np.maximum(0, 4 - np.abs(places - first)) for places, first in zip((result.tops, result.lefts), corner))
    return np.multiply.outer(rows, columns)


def test_the_strongest_map_falls_where_its_patch_is_covered():
    result = found()
    assert result.channel == 1 and result.whole_sum == pytest.approx(16)
    np.testing.assert_allclose(result.sums, 16 - overlap(result, MAP), rtol=1e-6)
    assert np.unravel_index(result.sums.argmin(), result.sums.shape) == MAP
    assert result.tops.tolist() == list(range(17)) and result.lefts.tolist() == list(range(21))


def test_the_probability_and_the_answer_where_the_other_patch_is_covered():
    result = found()
    score = (16 - overlap(result, ANSWER)) * 0.25
    np.testing.assert_allclose(result.probability, 1 / (1 + np.exp(2 - score)), rtol=1e-5)
    assert result.whole_probability == pytest.approx(1 / (1 + np.exp(-2)))
    np.testing.assert_array_equal(result.answers[score != 2], (score < 2)[score != 2])
    assert result.answers[ANSWER] == 1 and result.answers[MAP] == 0


def test_the_projection_is_all_of_the_map_and_the_square_is_put_on_it():
    result = found()
    expected = np.zeros((3, 20, 24))
    expected[0, MAP[0]:MAP[0] + 4, MAP[1]:MAP[1] + 4] = 1
    np.testing.assert_allclose(result.projection, expected, atol=1e-6)
    np.testing.assert_allclose(figure7.covered_energy(result), overlap(result, MAP) / 16, atol=1e-6)


def test_scores_of_the_planted_net():
    """The object is what the answer looks at, and a part of it is what the map looks at."""
    result, mask = found(), np.zeros((20, 24), bool)
    mask[ANSWER[0]:ANSWER[0] + 4, ANSWER[1]:ANSWER[1] + 4] = True
    score = figure7.score(result, mask, np.array([[13.5, 5.5], [0.0, 0.0]]))
    drop, middle = result.whole_probability - result.probability, np.zeros((17, 21), bool)
    middle[0:4, 13:17] = True                                   # tops whose row + 2 is 2 … 5, lefts whose column + 2 is 15 … 18
    assert score.area == 16 / (17 * 21)
    assert score.inside == pytest.approx(drop[middle].mean()) and score.outside == pytest.approx(drop[~middle].mean())
    assert score.share == pytest.approx(drop[middle].sum() / drop.sum()) and score.share > 10 * score.area
    assert score.part == 0 and score.covered == pytest.approx(1)
    assert score.anywhere == pytest.approx(256 / 16 / (17 * 21))            # each of 16 pixels is covered at 16 places


def blank(rows=5, columns=5, size=2, probability=0.5, sums=1.0):
    """A Figure7 of an image of 6×6 pixels whose maps are flat."""
    return Figure7(np.zeros((1, 6, 6), np.uint8), 0, "relu5", 3, size, np.arange(rows), np.arange(columns), np.full((rows, columns), sums),
                   np.full((rows, columns), probability), np.zeros((rows, columns), int), 1.0, 0.9, np.ones((1, 6, 6)))


def test_where_the_square_is_on_the_object():
    mask = np.zeros((6, 6), bool)
    mask[3, 1] = True
    for size, place in ((1, (3, 1)), (2, (2, 0)), (3, (2, 0))):
        result = blank(size=size)._replace(tops=np.arange(7 - size), lefts=np.arange(7 - size))
        assert np.argwhere(figure7.on_object(result, mask)).tolist() == [list(place)]


def test_a_drop_that_is_the_same_everywhere_has_the_share_of_the_area():
    mask = np.zeros((6, 6), bool)
    mask[1:4, 1:3] = True
    score = figure7.score(blank(), mask, np.empty((0, 2)))
    assert score.share == pytest.approx(6 / 25) and score.area == 6 / 25
    assert score.inside == pytest.approx(0.4) and score.outside == pytest.approx(0.4)
    assert np.isnan(score.part) and np.isnan(score.on_object)


def test_a_rise_is_no_drop():
    mask, result = np.zeros((6, 6), bool), blank()
    mask[1:4, 1:3] = True
    result.probability[:] = 1.0                                 # more than the whole image's 0.9
    result.probability[0, 0], result.probability[4, 4] = 0.6, 0.8           # middles (1, 1), on the object, and (5, 5)
    score = figure7.score(result, mask, np.empty((0, 2)))
    assert score.share == pytest.approx(3 / 4)
    assert score.inside == pytest.approx((0.3 - 5 * 0.1) / 6) and score.outside == pytest.approx((0.1 - 18 * 0.1) / 19)


def test_distance_of_the_minimum_to_the_nearest_part():
    result, mask = blank(), np.zeros((6, 6), bool)
    mask[1, 1], mask[5, 5] = True, True                         # places (0, 0) and (4, 4), middles (0.5, 0.5) and (4.5, 4.5)
    result.sums[0, 2] = 0.3                                     # middle (0.5, 2.5)
    parts = np.array([[0.5, 1.5], [3.5, 6.5]])
    score = figure7.score(result, mask, parts)
    assert score.part == 1 and score.on_object == pytest.approx((1 + np.hypot(1, 2)) / 2)
    assert score.covered == 0 and score.anywhere == pytest.approx(0.7 / 25)
    np.testing.assert_allclose(figure7.distances_to(result, parts)[3], [np.hypot(3, 1), 3, np.hypot(3, 1), 3, 2])


def test_the_drop_is_read_where_most_of_the_projection_is_covered():
    result = blank()
    result.projection[0, 2:4, 3:5] = [[2, -2], [-2, 2]]         # signs don't matter: energy is 4 per pixel there, 1 elsewhere
    result.sums[2, 3] = 0.2
    assert figure7.covered_energy(result)[2, 3] == pytest.approx(16 / 48)
    assert figure7.covered_energy(result)[0, 0] == pytest.approx(4 / 48)
    score = figure7.score(result, np.ones((6, 6), bool), np.empty((0, 2)))
    assert score.covered == pytest.approx(0.8) and score.anywhere == pytest.approx(0.8 / 25) and np.isnan(score.outside)


def test_what_cannot_be_said_is_nan():
    result = blank(probability=0.9)._replace(whole_sum=0.0, projection=np.zeros((1, 6, 6)))
    score = figure7.score(result, np.zeros((6, 6), bool), np.empty((0, 2)))
    assert np.isnan([score.inside, score.share, score.covered, score.anywhere]).all() and score.outside == 0


def test_clearly():
    far, near = np.array([1.0, 1.2, 0.8, np.nan]), np.array([0.1, 0.0, 0.2, 0.0])
    assert figure7._clearly(far, near) and not figure7._clearly(near, far)
    assert not figure7._clearly(np.array([3.0, -1, 1] * 2), np.zeros(6))    # mean 1, standard error 0.73
    assert figure7._clearly(np.array([3.0, 1, 2]), np.zeros(3))             # mean 2, standard error 0.58
    assert not figure7._clearly(np.array([1.0]), np.zeros(1)) and not figure7._clearly(np.full(3, np.nan), np.zeros(3))


def test_the_size_that_the_paper_would_have():
    assert figure7.compute(planted(), image(), 0, prepare, layer="relu1").size == 2       # 27/224 of 20


@pytest.mark.parametrize("count", [1, 3])
def test_drawing(count):
    results = [found(step=3)] * count
    others = [np.ones((k, 3, 20, 24)) for k in (3, 2, 0)[:count]]
    figure = figure7.draw(results, others, CLASSES, np.ones((count, 20, 24), bool) & (np.arange(20)[:, None] > 9))
    titles = [axes.get_title() for axes in figure.axes[:5]]
    assert [title[:3] for title in titles] == ["(a)", "(b)", "(c)", "(d)", "(e)"]
    assert {text.get_text() for text in figure.legends[0].get_texts()} == set(CLASSES)
    texts = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {"fruit", "map 1"} <= texts
    heat = figure.axes[3].images[0]
    np.testing.assert_array_equal(heat.get_array(), results[0].probability)
    left, right, bottom, top = heat.get_extent()
    step = np.diff(results[0].lefts).mean()
    assert left + step / 2 == results[0].lefts[0] + 1.5 and right - step / 2 == results[0].lefts[-1] + 1.5 and top < bottom
    assert figure.axes[3].get_xlim() == (-0.5, 23.5) and figure.axes[3].get_ylim() == (19.5, -0.5)


def test_classes_beyond_the_colors_are_gray():
    answers = np.repeat(np.arange(9), np.arange(9, 0, -1))
    colors = figure7._class_colors([answers[:20], answers[20:]])
    assert list(colors) == list(range(7)) and len(set(colors.values())) == 7
    assert figure7.REST not in colors.values()


def test_examples_are_those_that_change_most_one_of_a_class():
    results = [blank(probability=p)._replace(label=label) for p, label in ((0.8, 0), (0.2, 1), (0.1, 1), (0.9, 2), (0.4, 3))]
    assert figure7._examples(results, np.array([10, 11, 12, 13, 14])) == [12, 14, 10]
    assert figure7._examples(results[:1], np.array([10])) == [10]


def test_refuses_an_unknown_label():
    for label in (-1, 2):
        with pytest.raises(ValueError, match=f"0 to 1.*not {label}"):
            figure7.compute(planted(), image(), label, prepare, layer="relu1")
