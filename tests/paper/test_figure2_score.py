"""The scores of Figure 2 on images in which it is known where the object is, where its parts are, and what fires the maps."""
import numpy as np
import pytest

from numpyzf.data.scenes import Scenes
from numpyzf.paper import figure2_score
from numpyzf.runs import Run
from numpyzf.tour import features
from numpyzf.geometry import ReceptiveField
from numpyzf.layers import Conv
from numpyzf.network import Network

pytestmark = pytest.mark.small
FILTER = np.zeros((3, 3), np.float32)
FILTER[1, 1:] = 2, 1            # an energy of 4 in the middle, 1 at its right


def planted():
    """Each image has a red dot, the eye, and a blue one, the nose. Map 0 fires on red, map 1 on blue; map 2 never fires."""
    net = Network([("conv1", Conv(3, 3, 3, pad=1))], (3, 12, 12))
    w = net.layers["conv1"].params["w"]
    w[0, 0], w[1, 2], w[2, 1] = FILTER, FILTER, FILTER
    return net


def dots(count=6):
    """Scenes of two classes, in turns; the object is the eye's and the nose's one pixel each. The nose of class 1 is called mouth."""
    images, masks = np.zeros((count, 3, 12, 12), np.uint8), np.zeros((count, 12, 12), bool)
    labels = np.arange(count) % 2
    parts = {name: np.full((count, 3), np.nan, np.float32) for name in ("left eye", "right eye", "nose", "mouth")}
    for n in range(count):
        eye, nose = (2, 2 + n), (8, 9 - n)
        images[(n, 0, *eye)], images[(n, 2, *nose)] = 100 + n, 200 - n
        masks[(n, *eye)] = masks[(n, *nose)] = True
        parts["left eye" if n < 2 else "right eye"][n] = *eye, 1
        parts["mouth" if labels[n] else "nose"][n] = *nose, 1
    return Scenes(images, labels, ("a", "b"), masks, parts)


def found(net, scenes, k):
    return features.measure(Run(net, lambda images: images.astype(np.float32), ()), scenes.images, "conv1", channels=[0, 1, 2], k=k)


def test_a_unit_that_fires_on_one_part_of_one_class(rng):
    scenes, net = dots(), planted()
    one = Scenes(scenes.images[::2], scenes.labels[::2], scenes.classes, scenes.masks[::2], {name: p[::2] for name, p in scenes.parts.items()})
    score = figure2_score.compute(found(net, one, 3), net.receptive_field("conv1"), one.labels, rng, scenes=one)
    assert (score.layer, score.maps) == ("conv1", 2)
    np.testing.assert_allclose(score.inside, 4 / 5)
    np.testing.assert_allclose(score.area, 1 / 9)
    assert score.classes == (1, 1, 1)
    assert score.parts.share == 1                       # map 0 eyes, a left one and two right ones; map 1 noses
    assert 0.67 < score.parts.chance < 0.95             # three of each: 3 of 3 or 2 of 3
    np.testing.assert_allclose([score.projections, score.patches], 1, atol=1e-6)


def test_a_unit_that_fires_on_two_classes_agrees_by_half(rng):
    scenes, net = dots(), planted()
    score = figure2_score.compute(found(net, scenes, 6), net.receptive_field("conv1"), scenes.labels, rng, scenes=scenes)
    assert score.parts.share == score.classes.share == 1 / 2
    assert (figure2_score.nearest_parts(found(net, scenes, 6), scenes)[:2] >= 0).all()


def test_what_a_unit_cannot_see_counts_for_nothing(rng):
    """A dot at the corner: 2×2 pixels seen of 3×3, of which the mask has three."""
    scenes, net = dots(2), planted()
    scenes.images[:] = 0
    scenes.images[:, 0, 0, 0] = 100
    scenes.masks[:] = False
    scenes.masks[:, :3, :2] = [[1, 0], [1, 1], [1, 1]]
    result = found(net, scenes, 2)
    result = result._replace(**{name: getattr(result, name)[:1] for name in result._fields[1:]})
    inside, area = figure2_score.on_object(result, scenes.masks)
    np.testing.assert_allclose([inside, area], [4 / 5, 3 / 4])
    nothing = result._replace(projections=np.zeros_like(result.projections))
    assert np.isnan(figure2_score.on_object(nothing, scenes.masks)).all()
    assert (figure2_score.nearest_parts(nothing, scenes) == -1).all()


def test_agreement_and_chance(rng):
    assert figure2_score.common(np.array([[5, 5, 5], [2, 2, 2]]), rng).share == 1
    np.testing.assert_allclose(figure2_score.common(np.array([[0, 1, 2, 3], [7, 8, 9, 4]]), rng), 1 / 4)
    np.testing.assert_allclose(figure2_score.common(np.array([[0, 1, 1, 3], [7, 7, 7, 4]]), rng).share, (2 / 4 + 3 / 4) / 2)
    assert figure2_score.common(np.array([[-1, -1, -1]]), rng) == (0, 0, 0)
    assert figure2_score.common(np.array([[-1, 4, -1]]), rng).share == 1 / 3
    half = figure2_score.common(np.repeat([[0, 0], [1, 1]], 25, axis=0), rng)
    same = 49 / 99                                      # that the second label drawn is as the first
    assert half.share == 1
    np.testing.assert_allclose(half.chance, same + (1 - same) / 2, atol=0.01)
    assert half.chance + 0.03 < half.limit < half.chance + 0.12
    assert np.isnan(figure2_score.common(np.empty((0, 3), int), rng)).all()


def unit(energy, corner=(0, 0), seen=None):
    """A Figure2 of one map, one image: a projection with this energy in a tile that begins at `corner`."""
    energy = np.asarray(energy, np.float32)
    seen = np.ones(energy.shape, bool) if seen is None else np.asarray(seen, bool)
    return features.Features("conv", np.array([0]), np.ones((1, 1)), np.zeros((1, 1, 4), int), np.sqrt(energy)[None, None, None],
                           np.zeros((1, 1, 1, *energy.shape), np.uint8), np.array([[corner]]), seen[None, None])


def scene(label=0, **parts):
    parts = {name.replace("_", " "): np.array([[*place, 1]], np.float32) for name, place in parts.items()}
    return Scenes(np.zeros((1, 3, 9, 9), np.uint8), np.array([label]), ("a", "b"), np.zeros((1, 9, 9), bool), parts)


def test_the_nearest_part_is_that_of_the_center_of_energy():
    energy = np.zeros((5, 5))
    energy[0, 0], energy[0, 4] = 1, 3                   # its center is at (0, 3) of the tile, (2, 4) of the image
    tile = unit(energy, corner=(2, 1))
    labels = [figure2_score.nearest_parts(tile, scene(**parts))[0, 0]
              for parts in ({"beak": (2, 1), "wing": (2, 4)}, {"beak": (2, 4), "wing": (2, 1)}, {"beak": (2, 2.6), "wing": (2, 5.2)})]
    assert labels == [1, 0, 1]                          # in alphabetical order: 0 is the beak
    assert figure2_score.nearest_parts(tile, scene(1, beak=(2, 1), wing=(2, 4)))[0, 0] == 3
    assert figure2_score.nearest_parts(tile, scene(left_eye=(2, 4), right_eye=(6, 1)))[0, 0] == 0
    assert figure2_score.nearest_parts(tile, scene(left_eye=(6, 1), right_eye=(2, 4)))[0, 0] == 0
    assert figure2_score.nearest_parts(tile, scene(beak=(np.nan, np.nan), wing=(6, 1)))[0, 0] == 1


def test_along_the_rows_as_well():
    energy = np.zeros((5, 5))
    energy[0, 0], energy[4, 0] = 1, 3                   # its center is row 3 of the tile, 4 of the image
    tile = unit(energy, corner=(1, 2))
    assert figure2_score.nearest_parts(tile, scene(beak=(2, 2), wing=(4, 2)))[0, 0] == 1
    assert figure2_score.nearest_parts(tile, scene(beak=(4, 2), wing=(2, 2)))[0, 0] == 0
    assert figure2_score.nearest_parts(unit(np.zeros((5, 5)), corner=(1, 2)), scene(beak=(4, 2)))[0, 0] == -1


def test_an_object_beyond_what_is_seen_is_not_seen():
    """A tile of the whole image, of which the unit sees the left four columns; the object covers columns 3 to 8."""
    seen, energy, masks = np.zeros((9, 9)), np.zeros((9, 9)), np.zeros((1, 9, 9), bool)
    seen[:, :4], energy[:, 2], energy[:, 3], masks[:, :, 3:] = 1, 3, 1, True
    np.testing.assert_allclose(figure2_score.on_object(unit(energy, seen=seen), masks), [1 / 4, 1 / 4])
    energy[:, 1] = 4
    np.testing.assert_allclose(figure2_score.on_object(unit(energy, seen=seen), masks), [1 / 8, 1 / 4])


def test_a_part_outside_of_what_is_seen_is_none():
    seen = np.ones((5, 5))
    seen[:, 4] = 0
    tile = unit(np.eye(5), corner=(2, 1), seen=seen)
    assert figure2_score.nearest_parts(tile, scene(beak=(4, 5), wing=(2, 1)))[0, 0] == 1        # column 4 of the tile
    assert figure2_score.nearest_parts(tile, scene(beak=(4, 0), wing=(7, 3)))[0, 0] == -1
    assert figure2_score.nearest_parts(tile, scene(beak=(4, 4), wing=(2, 1)))[0, 0] == 0


def test_alike(rng):
    a, b = rng.standard_normal((2, 1, 4, 4))
    seen = np.ones((1, 2, 4, 4), bool)
    for second, expected in (a, 1), (-a, -1), (3 * a + 7, 1), (np.full_like(a, 0.3), 0), (b, np.corrcoef(a.ravel(), b.ravel())[0, 1]):
        np.testing.assert_allclose(figure2_score.alike(np.array([[a, second]]), seen), expected, atol=1e-12)
    left = seen.copy()
    left[..., 2:] = False
    half_a, half_b = a.copy(), b.copy()
    half_a[..., 2:], half_b[..., 2:] = 50, -70
    np.testing.assert_allclose(figure2_score.alike(np.array([[half_a, half_b]]), left),
                               np.corrcoef(a[..., :2].ravel(), b[..., :2].ravel())[0, 1], atol=1e-12)
    two = np.array([[a, a], [a, -a]])
    np.testing.assert_allclose(figure2_score.alike(two, np.ones((2, 2, 4, 4), bool)), 0, atol=1e-12)
    three = np.array([[a, a, -a]])
    np.testing.assert_allclose(figure2_score.alike(three, np.ones((1, 3, 4, 4), bool)), (1 - 1 - 1) / 3, atol=1e-12)


def test_whole_images_are_laid_over_each_other_by_their_units():
    """A field of 11 on images of 8: a bright block at two places gives the same patch where both can be seen, once aligned."""
    net = Network([("conv1", Conv(1, 1, 11, pad=5))], (1, 8, 8))
    net.layers["conv1"].params["w"][0, 0, 4:7, 4:7] = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    images = np.zeros((2, 1, 8, 8), np.uint8)
    for n, (top, left) in enumerate([(1, 2), (4, 3)]):
        images[n, 0, top:top + 3, left:left + 3] = [[10, 20, 10], [20, 50 - n, 20], [10, 20, 10]]
    result = features.measure(Run(net, lambda images: images.astype(np.float32), ()), images, "conv1", k=2)
    np.testing.assert_array_equal(result.units[0, :, 2:], [[2, 3], [5, 4]])
    field = net.receptive_field("conv1")
    tiles, seen = figure2_score.aligned(result.patches, result, field)
    where = np.argwhere(tiles[0, :, 0] >= 49)
    np.testing.assert_array_equal(where[0, 1:], where[1, 1:])
    np.testing.assert_array_equal(tiles[0, 0, 0][3:6, 3:6], images[0, 0, 1:4, 2:5])
    for n, ((top, left), (row, column)) in enumerate(zip(result.units[0, :, 2:] - where[:, 1:], result.units[0, :, 2:])):
        expected = [[0 <= r + top < 8 and 0 <= c + left < 8 and abs(r + top - row) <= 5 and abs(c + left - column) <= 5 for c in range(8)]
                    for r in range(8)]
        np.testing.assert_array_equal(seen[0, n], expected)


def test_windows_of_a_smaller_field_stay_as_they_are():
    net, scenes = planted(), dots()
    result = found(net, scenes, 3)
    tiles, seen = figure2_score.aligned(result.projections, result, ReceptiveField(3, 1, -1))
    np.testing.assert_array_equal(tiles, result.projections)
    np.testing.assert_array_equal(seen, result.seen)


def test_a_net_that_never_fires_has_no_score(rng):
    net, scenes = planted(), dots()
    net.layers["conv1"].params["w"][...] = 0
    score = figure2_score.compute(found(net, scenes, 3), net.receptive_field("conv1"), scenes.labels, rng, scenes=scenes)
    assert score.maps == 0
    assert np.isnan([score.projections, score.patches, score.inside, score.area, *score.parts, *score.classes]).all()


def test_images_of_which_nothing_is_known_but_the_class(rng):
    net, scenes = planted(), dots()
    score = figure2_score.compute(found(net, scenes, 6), net.receptive_field("conv1"), scenes.labels, rng)
    assert score.classes.share == 1 / 2 and score.inside is score.area is score.parts is None


def test_refuses(rng):
    net, scenes = planted(), dots()
    field = net.receptive_field("conv1")
    with pytest.raises(ValueError, match="at least 2 images"):
        figure2_score.compute(found(net, scenes, 1), field, scenes.labels, rng)
    with pytest.raises(ValueError, match="4 labels don't belong to 6 scenes"):
        figure2_score.compute(found(net, scenes, 3), field, scenes.labels[:4], rng, scenes=scenes)


def test_drawing():
    scores = [[figure2_score.Score(f"conv{i}", 5, figure2_score.Common(0.1 * i, 0.1, 0.2), 0.9, -0.2, 0.5 + 0.1 * i + 0.01 * seed, 0.4,
                                   figure2_score.Common(0.3, 0.1, 0.2)) for i in (1, 2, 3)] for seed in (0, 2)]
    figure = figure2_score.draw(scores)
    first, *_, last = figure.axes
    assert [label.get_text() for label in first.get_xticklabels()] == ["conv1", "conv2", "conv3"]
    energy = first.containers[0].lines[0]
    np.testing.assert_allclose(energy.get_ydata(), [61, 71, 81])
    assert energy.get_marker() == "o" and first.containers[1].lines[0].get_marker() == "s"
    assert [text.get_text() for text in first.get_legend().get_texts()] == ["projection's energy", "pixels seen"]
    assert last.get_ylim()[0] < -0.2
