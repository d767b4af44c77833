"""The scores of Figure 2 on images in which all is known.

Where the object is, where its parts are, and what fires the maps.
"""
import numpy as np
import pytest

from numpyzf.data.scenes import Scenes
from numpyzf.geometry import ReceptiveField
from numpyzf.layers import Conv
from numpyzf.network import Network
from numpyzf.paper.figure2 import measure
from numpyzf.runs import Run
from numpyzf.tour import features

pytestmark = pytest.mark.small
FILTER = np.zeros((3, 3), np.float32)
FILTER[1, 1:] = 2, 1            # an energy of 4 in the middle, 1 at its right


def planted():
    """Each image has a red dot, the eye, and a blue one, the nose.

    Map 0 fires on red, map 1 on blue; map 2 never fires.
    """
    net = Network([("conv1", Conv(3, 3, 3, pad=1))], (3, 12, 12))
    w = net.layers["conv1"].params["w"]
    w[0, 0], w[1, 2], w[2, 1] = FILTER, FILTER, FILTER
    return net


def dots(count=6):
    """Scenes of two classes, in turns; the object is the eye and the nose, one pixel each.

    The nose of class 1 is called mouth.
    """
    images, masks = np.zeros((count, 3, 12, 12), np.uint8), np.zeros((count, 12, 12), bool)
    labels = np.arange(count) % 2
    parts = {name: np.full((count, 3), np.nan, np.float32)
             for name in ("left eye", "right eye", "nose", "mouth")}
    for n in range(count):
        eye, nose = (2, 2 + n), (8, 9 - n)
        images[(n, 0, *eye)], images[(n, 2, *nose)] = 100 + n, 200 - n
        masks[(n, *eye)] = masks[(n, *nose)] = True
        parts["left eye" if n < 2 else "right eye"][n] = *eye, 1
        parts["mouth" if labels[n] else "nose"][n] = *nose, 1
    return Scenes(images, labels, ("a", "b"), masks, parts)


def every_second(scenes):
    parts = {name: places[::2] for name, places in scenes.parts.items()}
    return Scenes(scenes.images[::2], scenes.labels[::2], scenes.classes, scenes.masks[::2], parts)


def prepare(images):
    return images.astype(np.float32)


def found(net, scenes, k):
    run = Run(net, prepare, ())
    return features.measure(run, scenes.images, "conv1", channels=[0, 1, 2], k=k)


def score(net, scenes, k, rng):
    field = net.receptive_field("conv1")
    return measure.score(found(net, scenes, k), field, scenes.labels, rng, scenes=scenes)


def test_a_unit_that_fires_on_one_part_of_one_class(rng):
    own = score(planted(), every_second(dots()), 3, rng)
    assert (own.layer, own.maps) == ("conv1", 2)
    np.testing.assert_allclose(own.inside, 4 / 5)
    np.testing.assert_allclose(own.area, 1 / 9)
    assert own.classes == (1, 1, 1)
    assert own.parts.share == 1             # map 0: a left eye and two right ones; map 1: noses
    assert 0.67 < own.parts.chance < 0.95   # three of each: 3 of 3 or 2 of 3
    np.testing.assert_allclose([own.projections, own.patches], 1, atol=1e-6)


def test_a_unit_that_fires_on_two_classes_agrees_by_half(rng):
    scenes, net = dots(), planted()
    own = score(net, scenes, 6, rng)
    assert own.parts.share == own.classes.share == 1 / 2
    assert (measure.nearest_parts(found(net, scenes, 6), scenes)[:2] >= 0).all()


def test_what_a_unit_cannot_see_counts_for_nothing(rng):
    """A dot at the corner: 2×2 pixels seen of 3×3, of which the mask has three."""
    scenes, net = dots(2), planted()
    scenes.images[:] = 0
    scenes.images[:, 0, 0, 0] = 100
    scenes.masks[:] = False
    scenes.masks[:, :3, :2] = [[1, 0], [1, 1], [1, 1]]
    result = measure.of_maps(found(net, scenes, 2), [0])
    inside, area = measure.on_object(result, scenes.masks)
    np.testing.assert_allclose([inside, area], [4 / 5, 3 / 4])
    nothing = result._replace(projections=np.zeros_like(result.projections))
    assert np.isnan(measure.on_object(nothing, scenes.masks)).all()
    assert (measure.nearest_parts(nothing, scenes) == -1).all()


def test_agreement_and_chance(rng):
    assert measure.common(np.array([[5, 5, 5], [2, 2, 2]]), rng).share == 1
    np.testing.assert_allclose(measure.common(np.array([[0, 1, 2, 3], [7, 8, 9, 4]]), rng), 1 / 4)
    two = measure.common(np.array([[0, 1, 1, 3], [7, 7, 7, 4]]), rng)
    np.testing.assert_allclose(two.share, (2 / 4 + 3 / 4) / 2)
    assert measure.common(np.array([[-1, -1, -1]]), rng) == (0, 0, 0)
    assert measure.common(np.array([[-1, 4, -1]]), rng).share == 1 / 3
    half = measure.common(np.repeat([[0, 0], [1, 1]], 25, axis=0), rng)
    same = 49 / 99              # the chance that the second label drawn is as the first
    assert half.share == 1
    np.testing.assert_allclose(half.chance, same + (1 - same) / 2, atol=0.01)
    assert half.chance + 0.03 < half.limit < half.chance + 0.12
    assert np.isnan(measure.common(np.empty((0, 3), int), rng)).all()


def unit(energy, corner=(0, 0), seen=None):
    """Features of one map, one image: a projection with this energy in a tile at `corner`."""
    energy = np.asarray(energy, np.float32)
    seen = np.ones(energy.shape, bool) if seen is None else np.asarray(seen, bool)
    return features.Features(
        "conv", channels=np.array([0]), values=np.ones((1, 1)), units=np.zeros((1, 1, 4), int),
        projections=np.sqrt(energy)[None, None, None],
        patches=np.zeros((1, 1, 1, *energy.shape), np.uint8),
        corners=np.array([[corner]]), seen=seen[None, None])


def scene(label=0, **parts):
    parts = {name.replace("_", " "): np.array([[*place, 1]], np.float32)
             for name, place in parts.items()}
    return Scenes(np.zeros((1, 3, 9, 9), np.uint8), np.array([label]), ("a", "b"),
                  np.zeros((1, 9, 9), bool), parts)


def nearest(tile, scene):
    return measure.nearest_parts(tile, scene)[0, 0]


def test_the_nearest_part_is_that_of_the_center_of_energy():
    energy = np.zeros((5, 5))
    energy[0, 0], energy[0, 4] = 1, 3       # its center: (0, 3) of the tile, (2, 4) of the image
    tile = unit(energy, corner=(2, 1))
    assert nearest(tile, scene(beak=(2, 1), wing=(2, 4))) == 1      # in alphabetical order
    assert nearest(tile, scene(beak=(2, 4), wing=(2, 1))) == 0
    assert nearest(tile, scene(beak=(2, 2.6), wing=(2, 5.2))) == 1
    assert nearest(tile, scene(1, beak=(2, 1), wing=(2, 4))) == 3
    assert nearest(tile, scene(left_eye=(2, 4), right_eye=(6, 1))) == 0
    assert nearest(tile, scene(left_eye=(6, 1), right_eye=(2, 4))) == 0
    assert nearest(tile, scene(beak=(np.nan, np.nan), wing=(6, 1))) == 1


def test_along_the_rows_as_well():
    energy = np.zeros((5, 5))
    energy[0, 0], energy[4, 0] = 1, 3       # its center: row 3 of the tile, 4 of the image
    tile = unit(energy, corner=(1, 2))
    assert nearest(tile, scene(beak=(2, 2), wing=(4, 2))) == 1
    assert nearest(tile, scene(beak=(4, 2), wing=(2, 2))) == 0
    assert nearest(unit(np.zeros((5, 5)), corner=(1, 2)), scene(beak=(4, 2))) == -1


def test_an_object_beyond_what_is_seen_is_not_seen():
    """A tile of the whole image: the unit sees its columns 0 … 3, the object covers 3 … 8."""
    seen, energy, masks = np.zeros((9, 9)), np.zeros((9, 9)), np.zeros((1, 9, 9), bool)
    seen[:, :4], energy[:, 2], energy[:, 3], masks[:, :, 3:] = 1, 3, 1, True
    np.testing.assert_allclose(measure.on_object(unit(energy, seen=seen), masks), [1 / 4, 1 / 4])
    energy[:, 1] = 4
    np.testing.assert_allclose(measure.on_object(unit(energy, seen=seen), masks), [1 / 8, 1 / 4])


def test_a_part_outside_of_what_is_seen_is_none():
    seen = np.ones((5, 5))
    seen[:, 4] = 0
    tile = unit(np.eye(5), corner=(2, 1), seen=seen)
    assert nearest(tile, scene(beak=(4, 5), wing=(2, 1))) == 1      # column 4 of the tile
    assert nearest(tile, scene(beak=(4, 0), wing=(7, 3))) == -1
    assert nearest(tile, scene(beak=(4, 4), wing=(2, 1))) == 0


def test_alike(rng):
    a, b = rng.standard_normal((2, 1, 4, 4))
    seen = np.ones((1, 2, 4, 4), bool)
    correlation = np.corrcoef(a.ravel(), b.ravel())[0, 1]
    for second, expected in [(a, 1), (-a, -1), (3 * a + 7, 1), (np.full_like(a, 0.3), 0),
                             (b, correlation)]:
        both = np.array([[a, second]])
        np.testing.assert_allclose(measure.alike(both, seen), expected, atol=1e-12)
    two = np.array([[a, a], [a, -a]])
    np.testing.assert_allclose(measure.alike(two, np.ones((2, 2, 4, 4), bool)), 0, atol=1e-12)
    three = np.array([[a, a, -a]])
    np.testing.assert_allclose(measure.alike(three, np.ones((1, 3, 4, 4), bool)),
                               (1 - 1 - 1) / 3, atol=1e-12)


def test_what_is_not_seen_is_not_compared(rng):
    a, b = rng.standard_normal((2, 1, 4, 4))
    left = np.zeros((1, 2, 4, 4), bool)
    left[..., :2] = True
    correlation = np.corrcoef(a[..., :2].ravel(), b[..., :2].ravel())[0, 1]
    a[..., 2:], b[..., 2:] = 50, -70
    np.testing.assert_allclose(measure.alike(np.array([[a, b]]), left), correlation, atol=1e-12)


def test_whole_images_are_laid_over_each_other_by_their_units():
    """A field of 11 on images of 8: a bright block at two places gives one patch, once aligned."""
    net = Network([("conv1", Conv(1, 1, 11, pad=5))], (1, 8, 8))
    net.layers["conv1"].params["w"][0, 0, 4:7, 4:7] = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    images = np.zeros((2, 1, 8, 8), np.uint8)
    for n, (top, left) in enumerate([(1, 2), (4, 3)]):
        block = [[10, 20, 10], [20, 50 - n, 20], [10, 20, 10]]
        images[n, 0, top:top + 3, left:left + 3] = block
    result = features.measure(Run(net, prepare, ()), images, "conv1", k=2)
    np.testing.assert_array_equal(result.units[0, :, 2:], [[2, 3], [5, 4]])
    tiles, seen = measure.aligned(result.patches, result, net.receptive_field("conv1"))
    where = np.argwhere(tiles[0, :, 0] >= 49)[:, 1:]            # the units' places in the tiles
    np.testing.assert_array_equal(where, [[4, 4], [4, 4]])      # the middle of 8×8
    np.testing.assert_array_equal(tiles[0, 0, 0][3:6, 3:6], images[0, 0, 1:4, 2:5])
    for n, unit_at in enumerate(result.units[0, :, 2:]):
        at = np.indices((8, 8)).transpose(1, 2, 0) + unit_at - where[n]     # pixels of the image
        in_image = ((at >= 0) & (at < 8)).all(axis=2)
        in_field = (np.abs(at - unit_at) <= 5).all(axis=2)
        np.testing.assert_array_equal(seen[0, n], in_image & in_field)


def test_boxes_of_a_smaller_field_stay_as_they_are():
    net, scenes = planted(), dots()
    result = found(net, scenes, 3)
    tiles, seen = measure.aligned(result.projections, result, ReceptiveField(3, 1, -1))
    np.testing.assert_array_equal(tiles, result.projections)
    np.testing.assert_array_equal(seen, result.seen)


def test_patches_that_differ_in_what_the_map_does_not_look_at(rng):
    """A green pixel beside each dot, now here, now there: no filter looks at green."""
    scenes, net = every_second(dots()), planted()
    net.layers["conv1"].params["w"][2] = 0
    for n, images in enumerate(scenes.images):
        for row, column in np.argwhere(scenes.masks[n]):
            images[1, row - 1, column - 1 + n % 2] = 200
    own = score(net, scenes, 3, rng)
    np.testing.assert_allclose(own.projections, 1, atol=1e-6)
    assert own.patches < 0.8


def test_a_net_that_never_fires_has_no_score(rng):
    net = planted()
    net.layers["conv1"].params["w"][...] = -1              # no image is darker than black
    own = score(net, dots(), 3, rng)
    assert own.maps == 0
    assert np.isnan([own.projections, own.patches, own.inside, own.area]).all()
    assert np.isnan([own.parts, own.classes]).all()


def test_images_of_which_nothing_is_known_but_the_class(rng):
    net, scenes = planted(), dots()
    own = measure.score(found(net, scenes, 6), net.receptive_field("conv1"), scenes.labels, rng)
    assert own.classes.share == 1 / 2 and own.inside is own.area is own.parts is None


def test_every_convolution_is_scored_and_its_most_active_maps_are_shown():
    """conv2 has five maps that copy the red one, weaker or stronger: the weakest isn't shown.

    They are of one kind, so the most active ones fill up.
    """
    scenes = dots(9)
    net = Network([("conv1", planted().layers["conv1"]), ("conv2", Conv(3, 5, 1))], (3, 12, 12))
    net.layers["conv2"].params["w"][:, 0, 0, 0] = 4, 5, 3, 1, 2
    first, second = measure.measure(Run(net, prepare, ()), scenes.images, scenes.labels,
                                    scenes=scenes)
    assert (first.score.layer, second.score.layer) == ("conv1", "conv2")
    assert (first.score.maps, second.score.maps) == (2, 5)      # the score is of all maps
    assert second.shown.channels.tolist() == [1, 0, 2, 4] and second.shown.layer == "conv2"
    assert second.shown.values.shape == (4, 9) and len(second.shown.projections) == 4
    same = score(planted(), scenes, 9, np.random.default_rng(0))
    np.testing.assert_equal(first.score, same)


def test_maps_of_different_kinds_are_shown():
    """Five maps fire on red and are stronger than the one on blue; the two are of two classes."""
    red, blue = np.zeros((2, 3, 4, 4), np.uint8)
    red[0], blue[2] = 200, 100
    images, labels = np.stack([red] * 9 + [blue] * 9), np.repeat([0, 1], 9)
    net = Network([("conv1", Conv(3, 6, 1))], (3, 4, 4))
    net.parameters["conv1.w"][:5, 0, 0, 0] = 5, 4, 3, 2, 1
    net.parameters["conv1.w"][5, 2, 0, 0] = 1
    run = Run(net, prepare, ())
    layer, = measure.measure(run, images, labels)
    _, (shown,) = measure.measure_real(run, images, labels, ["conv1"], 1)
    assert layer.shown.channels.tolist() == shown.channels.tolist() == [0, 5, 1, 2]


def test_refuses(rng):
    net, scenes = planted(), dots()
    field = net.receptive_field("conv1")
    with pytest.raises(ValueError, match="at least 2 images"):
        measure.score(found(net, scenes, 1), field, scenes.labels, rng)
    with pytest.raises(ValueError, match="4 labels don't belong to 6 scenes"):
        measure.score(found(net, scenes, 3), field, scenes.labels[:4], rng, scenes=scenes)
