"""Correspondence: signs that are known, and a net for which covering the eye changes all faces alike."""
import numpy as np
import pytest

from numpyzf.paper import table1
from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network


def prepare(images):
    return images.astype(np.float32) - 128


def net():
    """relu1: map 0 is what is brighter than gray, map 1 what is darker."""
    net = Network([("conv1", Conv(1, 2, 1)), ("relu1", ReLU()), ("flatten", Flatten()), ("fc", Linear(288, 2))], (1, 12, 12))
    net.parameters["conv1.w"][:, 0, 0, 0] = 1, -1
    return net


def faces(count=105, seed=0):
    """Noise that is never gray, with a bright eye of 2×2 pixels at (3, 4)."""
    x = np.random.default_rng(seed).choice(np.array([28, 228], np.uint8), (count, 1, 12, 12))
    x[:, 0, 3:5, 4:6] = 250
    return x


def disjoint(count=105):
    """Places that differ, and don't touch each other, within each group of five."""
    return np.array([(8, 2 * (n % 5)) for n in range(count)])


# ---- Δ --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("signs, expected", [
    ([[1, -1, 0]] * 3, 0),
    ([[1, -1, 1, -1], [-1, 1, -1, 1]], 1),
    ([[1, 1, 1, 1], [1, 1, 1, -1]], 1 / 4),
    ([[0, 1, -1], [1, 0, -1]], 2 / 3),                          # 0 differs from 1
    ([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, -1, -1]], (2 + 3 + 1) / 12)])
def test_disagreement_is_the_mean_over_pairs(signs, expected):
    assert table1.disagreement(np.array(signs, np.int8)) == pytest.approx(expected)


def test_signs_of_the_change():
    before = np.array([[2.0, 1.0, 0.0, 5.0, 1.0, 1.0]])
    after = np.array([[1.0, 2.0, 0.0, 0.0, 1.0 + 1e-7, 1.0 - 1e-3]])
    signs = table1.change_signs(before, after)
    assert signs.tolist() == [[1, -1, 0, 1, 0, 1]] and signs.dtype == np.int8      # the fifth is rounding, the last one isn't
    assert table1.change_signs(np.zeros((1, 2)), np.array([[0.0, 1e-3]])).tolist() == [[0, -1]]


def test_a_net_that_knows_the_eye():
    """The eye changes the same four features in every face; a random place four of its own, one of two maps for each pixel."""
    places = {"eye": np.tile([3, 4], (105, 1)), "random": disjoint()}
    result = table1.compute(net(), faces(), places, prepare, 2, layers=("relu1", "flatten"))
    assert result.layers == ("relu1", "flatten") and result.deltas["eye"].shape == (2, 21)
    np.testing.assert_array_equal(result.deltas["eye"], 0)
    np.testing.assert_allclose(result.deltas["random"], 8 / 288)


def test_groups_are_compared_within_themselves():
    """The first five images and the next five are covered at two places: no difference within a group of five, some within ten."""
    images, places = faces(10), np.array([(3, 4)] * 5 + [(8, 8)] * 5)
    images[:, 0, 8:10, 8:10] = 250
    assert (table1.compute(net(), images, {"": places}, prepare, 2, layers=("relu1",)).deltas[""] == 0).all()
    whole = table1.compute(net(), images, {"": places}, prepare, 2, layers=("relu1",), group=10).deltas[""]
    np.testing.assert_allclose(whole, [[25 / 45 * 8 / 288]])


def test_many_images_go_through_the_net_in_parts():
    x = prepare(faces(7))
    whole, parts = (table1._features(net(), x, ("relu1", "fc"), batch) for batch in (7, 3))
    assert [f.shape for f in parts] == [(7, 288), (7, 2)]
    for a, b in zip(whole, parts):
        np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize("count, group", [(9, 5), (0, 5), (3, 1)])
def test_refuses_images_that_make_no_groups(count, group):
    with pytest.raises(ValueError, match=f"{count} images.*groups of {group}"):
        table1.compute(net(), faces(count), {}, prepare, 2, group=group)


def test_refuses_places_that_do_not_fit():
    with pytest.raises(ValueError, match=r"each of 5 images, not of shape \(4, 2\)"):
        table1.compute(net(), faces(5), {"eye": np.zeros((4, 2), int)}, prepare, 2, layers=("relu1",))


# ---- what is covered ------------------------------------------------------------------------------------------------

def test_cover():
    x = np.ones((4, 2, 5, 6))
    out = table1.cover(x, np.array([(1, 2), (-1, 4), (4, -4), (-4, 1)]), 3)
    expected = np.ones_like(x)
    expected[0, :, 1:4, 2:5], expected[1, :, :2, 4:] = 0, 0     # the others lie outside
    np.testing.assert_array_equal(out, expected)
    assert (x == 1).all() and table1.cover(x, np.zeros((4, 2), int), 1, value=7)[0, 1, 0, 0] == 7


@pytest.mark.parametrize("center, side, first", [((4, 6), 3, (3, 5)), ((4.5, 6.5), 2, (4, 6)), ((4.4, 5.6), 3, (3, 5)), ((3, 3), 1, (3, 3)),
                                                 ((0.5, 1.5), 4, (-1, 0))])
def test_corner_of_a_square_around_a_center(center, side, first):
    assert table1.corner([center], side).tolist() == [list(first)]


@pytest.mark.parametrize("side", [3, 4])
def test_random_places_are_on_the_object_and_touch_no_part(side):
    count, rng = 300, np.random.default_rng(0)
    masks = np.zeros((count, 30, 30), bool)
    masks[:, 5:25, 8:22] = True
    parts = {"eye": np.tile(np.float32([10.3, 12, 2]), (count, 1)), "nose": np.tile(np.float32([18, 16.5, 1.5]), (count, 1)),
             "none": np.full((count, 3), np.nan, np.float32)}
    corners = table1.random_places(masks, parts, side, rng)
    middles = corners + side // 2
    assert masks[0][tuple(middles.T)].all()
    for row, column, radius in (parts["eye"][0], parts["nose"][0]):
        inside = [np.clip(place, first - 0.5, first + side - 0.5) for place, first in ((row, corners[:, 0]), (column, corners[:, 1]))]
        assert (np.hypot(inside[0] - row, inside[1] - column) >= radius).all()     # the square's nearest point is outside of the circle
    free = {(i, j) for i in range(5, 25) for j in range(8, 22)}
    seen = set(map(tuple, middles.tolist()))
    assert seen <= free and len(seen) > 60                                          # all over the object


def test_without_a_free_place_the_farthest_from_the_parts_is_taken():
    masks = np.zeros((1, 9, 9), bool)
    masks[0, 2, 2] = True
    corners = table1.random_places(masks, {"eye": np.float32([[2, 2, 4]])}, 1, np.random.default_rng(0))
    assert corners.tolist() == [[8, 8]]


def test_where_to_cover_faces():
    n = 10
    masks = np.zeros((n, 30, 30), bool)
    masks[:, 4:28, 4:28] = True
    parts = {"left eye": (10, 9, 2), "right eye": (10, 20, 2), "nose": (15, 15, 2), "mouth": (22, 15, 3)}
    circles = {name: np.tile(np.float32(circle), (n, 1)) for name, circle in parts.items()}
    faces = table1.scenes.Scenes(np.zeros((n, 3, 30, 30), np.uint8), np.zeros(n, int), ("face",), masks, circles)
    places = table1.where(faces, 3, np.random.default_rng(0))
    assert list(places) == ["right eye", "left eye", "nose", "random place", "same random place"]
    assert (places["right eye"] == (9, 19)).all() and (places["left eye"] == (9, 8)).all() and (places["nose"] == (14, 14)).all()
    assert len(np.unique(places["random place"], axis=0)) > 5
    np.testing.assert_array_equal(places["same random place"], places["random place"][[0] * 5 + [5] * 5])


# ---- claims and pictures --------------------------------------------------------------------------------------------

def result(right, left, nose, random, groups=4):
    """Δ at both layers for each thing covered."""
    named = zip((*table1.PARTS, table1.RANDOM, table1.SAME), (right, left, nose, random, random))
    return table1.Table1(("pool5", "relu7"), {name: np.tile(np.array(pair, float)[:, None], groups) for name, pair in named})


@pytest.mark.parametrize("second, verdicts", [
    (((0.1, 0.2), (0.1, 0.2), (0.1, 0.2), (0.2, 0.22)), ["holds", "holds"]),
    (((0.1, 0.2), (0.1, 0.2), (0.21, 0.2), (0.2, 0.22)), ["does not hold at this size", "holds"]),       # one part is enough
    (((0.1, 0.1), (0.1, 0.1), (0.1, 0.1), (0.2, 0.3)), ["holds", "does not hold at this size"])])
def test_claims_are_judged_for_every_seed(second, verdicts):
    first = result((0.1, 0.2), (0.1, 0.2), (0.1, 0.2), (0.2, 0.21))
    claims = table1._claims([first, result(*second)], 4)
    assert [claim.verdict for claim in claims] == verdicts
    assert "random place 0.200 ± 0.000 (2 seeds)" in claims[0].measured and "50 ± 0 %" in table1._claims([first, first], 4)[1].measured


def test_the_table_has_the_papers_numbers_beside():
    head, right, left, nose, random, same = table1._table([result((0.1, 0.2), (0.1, 0.2), (0.1, 0.2), (0.3, 0.21))])
    assert head == ("covered", "Δ here, pool5", "the paper's, pool5", "Δ here, relu7", "the paper's, relu7")
    assert right == ("right eye", "0.100 ± 0.000", "0.067", "0.200 ± 0.000", "0.069")
    assert random[:3] == ("random place", "0.300 ± 0.000", "0.107") and same[2] == same[4] == ""


def test_drawing_the_values():
    figure = table1.draw([result((0.1, 0.2), (0.11, 0.2), (0.12, 0.2), (0.3, 0.21))] * 2)
    axes, = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [*table1.PARTS, table1.RANDOM, table1.SAME]
    assert "Δ" in axes.get_xlabel() and [text.get_text() for text in axes.get_legend().get_texts()] == ["pool5", "relu7"]


@pytest.mark.parametrize("channels, side", [(1, 13), (3, 20)])
def test_drawing_the_faces(channels, side):
    images = np.full((3, channels, side, side), 9, np.uint8)
    figure = table1.draw_faces(images, {"nose": np.array([(2, 3)] * 3)}, 4)
    assert len(figure.axes) == 6
    assert {text.get_text() for axes in figure.axes for text in axes.texts} == {"whole image", "nose"}
    shown = figure.axes[4].images[0].get_array()
    assert np.isclose(shown, 128 / 255).sum() == 16 * (channels if channels == 3 else 1)
