"""Occlusion of a net that looks at known places only, and scores of planted maps."""
import numpy as np
import pytest
from figure7_planted import ANSWER, MAP, blank, found, image, patch, planted

from numpyzf.paper.figure7 import measure as figure7
from numpyzf.paper.figure7.measure import measure

NO_PARTS = np.empty((0, 2))


def overlap(result, corner):
    """How many of the 16 pixels of a patch the square covers, at each place."""
    rows, columns = (np.maximum(0, 4 - np.abs(places - first))
                     for places, first in zip((result.tops, result.lefts), corner))
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
    expected[0][patch(MAP)] = 1
    np.testing.assert_allclose(result.projection, expected, atol=1e-6)
    covered = figure7.covered_energy(result)
    np.testing.assert_allclose(covered, overlap(result, MAP) / 16, atol=1e-6)


def test_scores_of_the_planted_net():
    """The object is what the answer looks at, and a part of it is what the map looks at."""
    result, mask = found(), np.zeros((20, 24), bool)
    mask[patch(ANSWER)] = True
    score = figure7.score(result, mask, np.array([[13.5, 5.5], [0.0, 0.0]]))
    drop, middle = result.whole_probability - result.probability, np.zeros((17, 21), bool)
    middle[0:4, 13:17] = True       # tops whose row + 2 is 2 … 5, lefts whose column + 2 is 15 … 18
    assert score.area == 16 / (17 * 21)
    assert score.inside == pytest.approx(drop[middle].mean())
    assert score.outside == pytest.approx(drop[~middle].mean())
    assert score.share == pytest.approx(drop[middle].sum() / drop.sum())
    assert score.share > 10 * score.area
    assert score.part == 0 and score.covered == pytest.approx(1)
    assert score.anywhere == pytest.approx(256 / 16 / (17 * 21))    # 16 pixels, at 16 places each


def test_where_the_square_is_on_the_object():
    mask = np.zeros((6, 6), bool)
    mask[3, 1] = True
    for size, place in [(1, [3, 1]), (2, [2, 0]), (3, [2, 0])]:
        result = blank(rows=7 - size, columns=7 - size, size=size)
        assert np.argwhere(figure7.on_object(result, mask)).tolist() == [place]


def test_a_drop_that_is_the_same_everywhere_has_the_share_of_the_area():
    mask = np.zeros((6, 6), bool)
    mask[1:4, 1:3] = True
    score = figure7.score(blank(), mask, NO_PARTS)
    assert score.share == pytest.approx(6 / 25) and score.area == 6 / 25
    assert score.inside == pytest.approx(0.4) and score.outside == pytest.approx(0.4)
    assert np.isnan(score.part) and np.isnan(score.on_object)


def test_a_rise_is_no_drop():
    mask, result = np.zeros((6, 6), bool), blank()
    mask[1:4, 1:3] = True
    result.probability[:] = 1.0                 # more than the whole image's 0.9
    result.probability[0, 0] = 0.6              # its middle is (1, 1), on the object
    result.probability[4, 4] = 0.8              # its middle is (5, 5)
    score = figure7.score(result, mask, NO_PARTS)
    assert score.share == pytest.approx(3 / 4)
    assert score.inside == pytest.approx((0.3 - 5 * 0.1) / 6)
    assert score.outside == pytest.approx((0.1 - 18 * 0.1) / 19)


def test_distance_of_the_minimum_to_the_nearest_part():
    result, mask = blank(), np.zeros((6, 6), bool)
    mask[1, 1], mask[5, 5] = True, True         # the middles (0.5, 0.5) and (4.5, 4.5)
    result.sums[0, 2] = 0.3                     # the middle (0.5, 2.5)
    parts = np.array([[0.5, 3.5], [3.5, 6.5]])
    score = figure7.score(result, mask, parts)
    assert score.part == 1 and score.on_object == pytest.approx((3 + np.hypot(1, 2)) / 2)
    assert score.covered == 0 and score.anywhere == pytest.approx(0.7 / 25)
    distances = figure7.distances_to(result, parts)[3]
    np.testing.assert_allclose(distances, [np.hypot(3, 3), np.hypot(3, 2), np.hypot(3, 1), 3, 2])


def test_the_drop_is_read_where_most_of_the_projection_is_covered():
    result = blank()
    result.projection[0, 2:4, 3:5] = [[2, -2], [-2, 2]]     # an energy of 4 each, 1 elsewhere
    result.sums[2, 3] = 0.2
    covered = figure7.covered_energy(result)
    assert covered[2, 3] == pytest.approx(16 / 48) and covered[0, 0] == pytest.approx(4 / 48)
    score = figure7.score(result, np.ones((6, 6), bool), NO_PARTS)
    assert score.covered == pytest.approx(0.8) and score.anywhere == pytest.approx(0.8 / 25)
    assert np.isnan(score.outside)


def test_what_cannot_be_said_is_nan():
    result = blank(probability=0.9)._replace(whole_sum=0.0, projection=np.zeros((1, 6, 6)))
    score = figure7.score(result, np.zeros((6, 6), bool), NO_PARTS)
    assert np.isnan([score.inside, score.share, score.covered, score.anywhere]).all()
    assert score.outside == 0


def test_scores_of_several_images():
    one = figure7.Score(*range(8))
    both = figure7.of_images([one, one._replace(part=np.nan)])
    assert both.inside.tolist() == [0, 0] and both.anywhere.tolist() == [7, 7]
    np.testing.assert_array_equal(both.part, [4, np.nan])


def test_the_size_that_a_replica_had():
    assert measure(planted(), image(), 0, layer="relu1").size == 2      # 27/224 of 20


@pytest.mark.parametrize("label", [-1, 2])
def test_refuses_an_unknown_label(label):
    with pytest.raises(ValueError, match=f"0 to 1.*not {label}"):
        measure(planted(), image(), label, layer="relu1")
