"""Correspondence: signs that are known, and a net whose features change alike without an eye."""
import numpy as np
import pytest

from numpyzf.data import scenes
from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network
from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS, NOT_DECIDED
from numpyzf.paper.table1 import draw, measure, report
from numpyzf.paper.table1.measure import LAYERS, PARTS, RANDOM, SAME, Table1
from numpyzf.runs import Run


def prepare(images):
    return images.astype(np.float32) - 128


def planted_run():
    """A run whose relu1 has, in map 0, what is brighter than gray, in map 1 what is darker."""
    net = Network([("conv1", Conv(1, 2, 1)), ("relu1", ReLU()), ("flatten", Flatten()),
                   ("fc", Linear(288, 2))], (1, 12, 12))
    net.parameters["conv1.w"][:, 0, 0, 0] = 1, -1
    return Run(net, prepare, ())


def faces(count=105, seed=0):
    """Noise that is never gray, with a bright eye of 2×2 pixels at (3, 4)."""
    values = np.array([28, 228], np.uint8)
    x = np.random.default_rng(seed).choice(values, (count, 1, 12, 12))
    x[:, 0, 3:5, 4:6] = 250
    return x


def separate_places(count=105):
    """Places that differ, and don't touch each other, within each group of five."""
    return np.array([(8, 2 * (n % 5)) for n in range(count)])


def deltas_at_eye(images, corners, **options):
    """Δ at relu1, (groups,), of squares of two pixels."""
    result = measure.measure(planted_run(), images, {"eye": corners}, 2, layers=("relu1",),
                             **options)
    return result.deltas["eye"][0]


# ---- Δ --------------------------------------------------------------------------------------

@pytest.mark.parametrize("signs, expected", [
    ([[1, -1, 0]] * 3, 0),
    ([[1, -1, 1, -1], [-1, 1, -1, 1]], 1),
    ([[1, 1, 1, 1], [1, 1, 1, -1]], 1 / 4),
    ([[0, 1, -1], [1, 0, -1]], 2 / 3),                          # 0 differs from 1
    ([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, -1, -1]], (2 + 3 + 1) / 12)])
def test_disagreement_is_the_mean_over_pairs(signs, expected):
    assert measure.disagreement(np.array(signs, np.int8)) == pytest.approx(expected)


def test_signs_of_the_change():
    before = np.array([[2.0, 1.0, 0.0, 5.0, 1.0, 1.0]])
    after = np.array([[1.0, 2.0, 0.0, 0.0, 1.0 + 1e-7, 1.0 - 1e-3]])
    signs = measure.change_signs(before, after)
    assert signs.tolist() == [[1, -1, 0, 1, 0, 1]]      # the fifth is rounding, the last one isn't
    assert signs.dtype == np.int8
    from_zero = measure.change_signs(np.zeros((1, 2)), np.array([[0.0, 1e-3]]))
    assert from_zero.tolist() == [[0, -1]]


def test_a_net_that_knows_the_eye():
    """The eye changes the same four features in every face.

    A random place changes four of its own: for each pixel that of one of the two maps.
    """
    places = {"eye": np.tile([3, 4], (105, 1)), "random": separate_places()}
    result = measure.measure(planted_run(), faces(), places, 2, layers=("relu1", "flatten"))
    assert result.layers == ("relu1", "flatten") and result.deltas["eye"].shape == (2, 21)
    np.testing.assert_array_equal(result.deltas["eye"], 0)
    np.testing.assert_allclose(result.deltas["random"], 8 / 288)


def test_groups_are_compared_within_themselves():
    """The first five images and the next five are covered at two places.

    So nothing differs within a group of five, but something within a group of ten.
    """
    images, corners = faces(10), np.array([(3, 4)] * 5 + [(8, 8)] * 5)
    images[:, 0, 8:10, 8:10] = 250
    assert (deltas_at_eye(images, corners) == 0).all()
    np.testing.assert_allclose(deltas_at_eye(images, corners, group=10), [25 / 45 * 8 / 288])


def test_many_images_go_through_the_net_in_parts(monkeypatch):
    images, corners = faces(10), separate_places(10)
    whole = deltas_at_eye(images, corners)
    monkeypatch.setattr(measure, "BATCH", 3)
    np.testing.assert_array_equal(deltas_at_eye(images, corners), whole)


@pytest.mark.parametrize("count, group", [(9, 5), (0, 5), (3, 1)])
def test_refuses_images_that_make_no_groups(count, group):
    with pytest.raises(ValueError, match=f"{count} images.*groups of {group}"):
        measure.measure(planted_run(), faces(count), {}, 2, group=group)


def test_refuses_places_that_do_not_fit():
    with pytest.raises(ValueError, match=r"each of 5 images, not of shape \(4, 2\)"):
        deltas_at_eye(faces(5), np.zeros((4, 2), int))


# ---- what is covered ------------------------------------------------------------------------

def test_cover():
    x = np.ones((4, 2, 5, 6))
    out = measure.cover(x, np.array([(1, 2), (-1, 4), (4, -4), (-4, 1)]), 3)
    expected = np.ones_like(x)
    expected[0, :, 1:4, 2:5] = 0
    expected[1, :, :2, 4:] = 0      # the others lie outside
    np.testing.assert_array_equal(out, expected)
    assert (x == 1).all()
    assert measure.cover(x, np.zeros((4, 2), int), 1, value=7)[0, 1, 0, 0] == 7


@pytest.mark.parametrize("center, side, first", [
    ((4, 6), 3, [3, 5]), ((4.5, 6.5), 2, [4, 6]), ((4.4, 5.6), 3, [3, 5]), ((3, 3), 1, [3, 3]),
    ((0.5, 1.5), 4, [-1, 0])])
def test_corner_of_a_square_around_a_center(center, side, first):
    assert measure.corner([center], side).tolist() == [first]


@pytest.mark.parametrize("side", [3, 4])
def test_random_places_are_on_the_object_and_touch_no_part(side):
    count, rng = 300, np.random.default_rng(0)
    masks = np.zeros((count, 30, 30), bool)
    masks[:, 5:25, 8:22] = True
    parts = {"eye": np.tile(np.float32([10.3, 12, 2]), (count, 1)),
             "nose": np.tile(np.float32([18, 16.5, 1.5]), (count, 1)),
             "none": np.full((count, 3), np.nan, np.float32)}
    corners = measure.random_places(masks, parts, side, rng)
    middles = corners + side // 2
    assert masks[0][tuple(middles.T)].all()
    for row, column, radius in (parts["eye"][0], parts["nose"][0]):
        # the square's nearest point is outside of the circle
        nearest_row = np.clip(row, corners[:, 0] - 0.5, corners[:, 0] + side - 0.5)
        nearest_column = np.clip(column, corners[:, 1] - 0.5, corners[:, 1] + side - 0.5)
        assert (np.hypot(nearest_row - row, nearest_column - column) >= radius).all()
    seen = set(map(tuple, middles.tolist()))
    assert len(seen) > 60                               # all over the object


def test_without_a_free_place_the_farthest_from_the_parts_is_taken():
    masks = np.zeros((1, 9, 9), bool)
    masks[0, 2, 2] = True
    corners = measure.random_places(masks, {"eye": np.float32([[2, 2, 4]])}, 1,
                                    np.random.default_rng(0))
    assert corners.tolist() == [[8, 8]]


def test_where_to_cover_faces():
    n = 10
    masks = np.zeros((n, 30, 30), bool)
    masks[:, 4:28, 4:28] = True
    circles = {"left eye": (10, 9, 2), "right eye": (10, 20, 2), "nose": (15, 15, 2),
               "mouth": (22, 15, 3)}
    parts = {name: np.tile(np.float32(circle), (n, 1)) for name, circle in circles.items()}
    drawn = scenes.Scenes(np.zeros((n, 3, 30, 30), np.uint8), np.zeros(n, int), ("face",), masks,
                          parts)
    places = measure.places_to_cover(drawn, 3, np.random.default_rng(0))
    assert list(places) == ["right eye", "left eye", "nose", "random place", "same random place"]
    assert (places["right eye"] == (9, 19)).all() and (places["left eye"] == (9, 8)).all()
    assert (places["nose"] == (14, 14)).all()
    assert len(np.unique(places["random place"], axis=0)) > 5
    np.testing.assert_array_equal(places["same random place"],
                                  places["random place"][[0] * 5 + [5] * 5])


# ---- claims and the table -------------------------------------------------------------------

def planted_result(right=0.1, left=0.1, nose=0.1, random=0.2, same=0.15, upper=(0.2, 0.21),
                   noise=0.0):
    """A Table1 with a Δ at the first layer for each thing covered, in four groups.

    upper: Δ at the second layer, of the parts and of the random places.
    noise: by which Δ of the random places differs from group to group.
    """
    lower = {PARTS[0]: right, PARTS[1]: left, PARTS[2]: nose, RANDOM: random, SAME: same}
    groups = noise * np.array([-1, 1, -1, 1])
    deltas = {name: np.array([delta + (groups if name in (RANDOM, SAME) else 0 * groups),
                              [upper[name not in PARTS]] * 4]) for name, delta in lower.items()}
    return Table1(LAYERS, deltas)


def nothing(**change):
    """A Table1 of a net for which all places are alike."""
    return planted_result(**{"right": 0.2, "left": 0.2, "nose": 0.2, "same": 0.2,
                             "upper": (0.2, 0.2)} | change)


def claims_of(results, before=None):
    return report.claims(results, before or [nothing()] * len(results))


@pytest.mark.parametrize("change, number", [
    ({"left": 0.3, "same": 0.5}, 0), ({"nose": 0.3}, 1),
    ({"upper": (0.2, 0.9)}, 2), ({"same": 0.05}, 3)], ids=str)
def test_each_claim_has_its_own_number_and_one_seed_leaves_it_open(change, number):
    changed, ideal = planted_result(**change), planted_result()

    def verdicts(*results):
        found = [claim.verdict for claim in claims_of(results)]
        return found[number], {verdict for i, verdict in enumerate(found) if i != number}
    assert verdicts(ideal, ideal) == (HOLDS, {HOLDS})
    assert verdicts(changed, changed)[0] == DOES_NOT_HOLD
    assert DOES_NOT_HOLD not in verdicts(changed, changed)[1]
    assert verdicts(ideal, changed)[0] == NOT_DECIDED


def test_a_nose_that_does_not_correspond_leaves_the_eyes_alone():
    found = claims_of([planted_result(nose=0.3)] * 2)
    assert [claim.verdict for claim in found[:2]] == [HOLDS, DOES_NOT_HOLD]


def test_a_net_that_knows_places_only_passes_for_the_eyes_and_not_what_is_asked_beside():
    found = claims_of([planted_result(same=0.1)] * 2)
    assert found[0].verdict == HOLDS and "knows places" in found[0].paper.replace("\n", " ")
    assert found[3].verdict == NOT_DECIDED and found[3].source == "asked here"
    assert [claim.source for claim in found[:3]] == [""] * 3


def test_what_a_net_shows_before_training_was_not_learned():
    """It shows as much, or more; and with half of it, the rest was learned."""
    for before in (planted_result(), planted_result(0.05, 0.05, 0.05, same=0.12)):
        found = claims_of([planted_result()] * 2, [before] * 2)
        assert HOLDS not in {claim.verdict for claim in found}
    half = planted_result(0.15, 0.15, 0.15, same=0.175, upper=(0.2, 0.2))
    found = claims_of([planted_result()] * 2, [half] * 2)
    assert [claim.verdict for claim in found] == [HOLDS] * 4


def test_groups_of_faces_that_differ_as_much_decide_nothing():
    assert claims_of([planted_result(noise=0.2)] * 2)[1].verdict == NOT_DECIDED
    assert claims_of([planted_result(noise=0.05)] * 2)[1].verdict == HOLDS


def test_what_was_measured():
    found = claims_of([planted_result()] * 2)
    assert found[0].measured == ("Δ at pool5, 4 groups of 5 faces: right eye 0.100, "
                                 "left eye 0.100, random place 0.200; before training: "
                                 "right eye 0.200, left eye 0.200, random place 0.200 (2 seeds).")
    assert found[2].measured == ("Δ of the three parts is lower than of random places by 50 % at "
                                 "pool5 and by 5 % at relu7; before training by 0 % and 0 % "
                                 "(2 seeds).")


def test_the_table_has_the_papers_numbers_beside():
    head, right, left, nose, random, same = report.table([planted_result(random=0.3)])
    assert head == ("covered", "Δ here, pool5", "the paper's, pool5", "Δ here, relu7",
                    "the paper's, relu7")
    assert right == ("right eye", "0.100", "0.067", "0.200", "0.069")
    assert random[:3] == ("random place", "0.300", "0.107") and same[2] == same[4] == ""
    assert [row[4] for row in (left, nose, random)] == ["0.068", "0.069", "0.073"]


# ---- pictures -------------------------------------------------------------------------------

def test_drawing_the_values():
    result = planted_result(0.1, 0.11, 0.12, 0.3)
    axes, = draw.draw([result] * 2).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [*PARTS, RANDOM, SAME]
    assert "Δ" in axes.get_xlabel()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["pool5", "relu7"]
    strokes = [line.get_xdata() for line in axes.lines if line.get_markersize() == 14]
    np.testing.assert_allclose(strokes[2], [0.12, 0.12])        # the nose at the first layer


@pytest.mark.parametrize("channels, side", [(1, 13), (3, 20)])
def test_drawing_the_faces(channels, side):
    images = np.full((3, channels, side, side), 9, np.uint8)
    figure = draw.draw_faces(images, {"nose": np.array([(2, 3)] * 4)}, 4)
    assert len(figure.axes) == 6
    names = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert names == {"whole image", "nose"}
    shown = figure.axes[4].images[0].get_array()
    assert np.isclose(shown, 128 / 255).sum() == 16 * channels
