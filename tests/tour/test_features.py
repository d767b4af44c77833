"""Figure 2 on nets and images whose answer is known: which image, which place, which pixels."""
import numpy as np
import pytest
from matplotlib.text import Text

from numpyzf import plots
from numpyzf.data.preprocess import Prepared, center_crop
from numpyzf.deconvnet import project
from numpyzf.general.layers import GlobalAveragePool
from numpyzf.layers import Conv, Flatten, Linear, MaxPool, ReLU
from numpyzf.look.many import top_activations
from numpyzf.network import Network
from numpyzf.runs import Run
from numpyzf.tour import features

FILTER = np.array([[0, 1, 0], [1, 4, -1], [0, -1, 0]], np.float32)


def prepare(images):
    """The middle 8×8, no scaling."""
    return np.ascontiguousarray(center_crop(images, 8, 8), np.float32)


def planted():
    """Map 0 has FILTER, which answers to a bright dot with four times its value.

    Map 1 has its negative.
    """
    net = Network([("conv1", Conv(1, 2, 3, pad=1)), ("relu1", ReLU()),
                   ("pool1", MaxPool(2, stride=2))], (1, 8, 8))
    net.layers["conv1"].params["w"][0, 0] = FILTER
    net.layers["conv1"].params["w"][1, 0] = -FILTER
    return net


def dots():
    """30 black images of 10×10, of which the net sees the middle 8×8.

    Three have a dot there, one has a dot where the net can't see it.
    """
    images = np.zeros((30, 1, 10, 10), np.uint8)
    images[4, 0, 5, 6] = 100        # (4, 5) for the net
    images[21, 0, 1, 8] = 200       # (0, 7): the corner
    images[13, 0, 1, 4] = 150       # (0, 3): the edge
    images[7, 0, 0, 0] = 255
    return images


def run_of(net, prepare=prepare):
    return Run(net, prepare, ())


def test_the_answer_known_by_construction():
    result = features.measure(run_of(planted()), dots(), "relu1", channels=[0], k=3, batch=4)
    np.testing.assert_array_equal(result.values, [[800, 600, 400]])
    np.testing.assert_array_equal(result.units, [[[21, 0, 0, 7], [13, 0, 0, 3], [4, 0, 4, 5]]])
    corner, edge, inside = result.projections[0, :, 0]
    np.testing.assert_array_equal(inside, 400 * FILTER)
    np.testing.assert_array_equal(edge, 600 * np.vstack([np.zeros(3), FILTER[1:]]))
    np.testing.assert_array_equal(corner, 800 * np.array([[0, 0, 0], [1, 4, 0], [0, -1, 0]]))
    assert result.patches.dtype == np.uint8
    np.testing.assert_array_equal(result.patches[0, :, 0],
                                  [[[255, 255, 255], [0, 200, 255], [0, 0, 255]],
                                   [[255, 255, 255], [0, 150, 0], [0, 0, 0]],
                                   [[0, 0, 0], [0, 100, 0], [0, 0, 0]]])


def test_where_the_tiles_are_and_what_of_them_is_seen():
    result = features.measure(run_of(planted()), dots(), "relu1", channels=[0], k=3)
    np.testing.assert_array_equal(result.corners, [[[-1, 6], [-1, 2], [3, 4]]])
    corner, edge, inside = result.seen[0].astype(int)
    np.testing.assert_array_equal(corner, [[0, 0, 0], [1, 1, 0], [1, 1, 0]])
    np.testing.assert_array_equal(edge, [[0, 0, 0], [1, 1, 1], [1, 1, 1]])
    assert inside.all()


def test_the_images_of_many_maps_go_up_together(rng):
    net = Network([("conv1", Conv(1, 8, 3, pad=1))], (1, 8, 8)).initialize(rng)
    images, passes = rng.integers(0, 256, (20, 1, 10, 10), np.uint8), []
    top = top_activations(net, Prepared(images, prepare), ["conv1"], k=3)["conv1"]

    def count_and_prepare(x):
        passes.append(len(x))
        return prepare(x)

    channels, run = [5, 0, 7, 2, 1], run_of(net, count_and_prepare)
    at_once = features.measure(run, images, "conv1", channels=channels, top=top, batch=128)
    assert passes == [len(np.unique(top.units[channels, :, 0]))]
    three_maps_at_a_time = features.measure(run, images, "conv1", channels=channels, top=top,
                                            batch=9)
    assert len(passes) == 1 + 2 and max(passes[1:]) <= 9
    for a, b in zip(at_once, three_maps_at_a_time):
        np.testing.assert_array_equal(a, b)
    one_map = features.measure(run_of(net), images, "conv1", channels=[7], top=top)
    np.testing.assert_array_equal(at_once.patches[2:3], one_map.patches)
    np.testing.assert_allclose(at_once.projections[2:3], one_map.projections, rtol=1e-5)


def test_through_a_pool_the_projection_is_where_the_maximum_was():
    result = features.measure(run_of(planted()), dots(), "pool1", channels=[0], k=3)
    # of its window, rows and columns 4 and 5, the dot is at the upper right
    np.testing.assert_array_equal(result.units[0, 2], [4, 0, 2, 2])
    expected = np.zeros((4, 4))
    expected[:3, 1:] = 400 * FILTER
    np.testing.assert_array_equal(result.projections[0, 2, 0], expected)
    assert result.patches[0, 2, 0, 1, 2] == 100


def test_the_rule_gets_through():
    """Two maps copy a dot, and conv2 takes 3 of one minus 1 of the other.

    The deconvnet drops what comes down negative, the gradient keeps it.
    """
    net = Network([("conv1", Conv(1, 2, 1)), ("relu1", ReLU()), ("conv2", Conv(2, 1, 1))],
                  (1, 8, 8))
    net.layers["conv1"].params["w"][...] = 1
    net.layers["conv2"].params["w"][0, :, 0, 0] = 3, -1
    for rule, weight in ("deconvnet", 3), ("gradient", 3 - 1):
        result = features.measure(run_of(net), dots(), "conv2", k=1, rule=rule)
        np.testing.assert_array_equal(result.projections, [[[[[2 * 200 * weight]]]]])


def test_images_are_prepared_a_batch_at_a_time():
    counts = []

    def count_and_prepare(images):
        counts.append(len(images))
        return prepare(images)
    features.measure(run_of(planted(), count_and_prepare), dots(), "relu1", k=2, batch=7)
    assert max(counts) == 7


def colors():
    """Three maps that copy red, green and blue, and three images of these colors."""
    net = Network([("conv1", Conv(3, 3, 1))], (3, 8, 8))
    net.layers["conv1"].params["w"][:, :, 0, 0] = np.eye(3)
    images = np.zeros((3, 3, 8, 8), np.uint8)
    images[:, :, 2, 2] = [[250, 100, 255], [250, 100, 0], [0, 100, 0]]
    return net, images


def test_most_active_is_the_mean_of_the_strongest():
    net, images = colors()
    result = features.measure(run_of(net), images, "conv1", k=3)
    # by the largest it would be 2, 0, 1; by the third 1, 0, 2
    np.testing.assert_array_equal(result.channels, [0, 1, 2])
    np.testing.assert_array_equal(result.values, [[250, 250, 0], [100, 100, 100], [255, 0, 0]])
    two = features.measure(run_of(net), images, "conv1", k=3, maps=2)
    np.testing.assert_array_equal(two.channels, [0, 1])


def test_maps_of_other_kinds_come_before_stronger_ones_of_a_kind_that_is_shown():
    """The strongest four are of class 2; 4 and 5 are of others; 6, of class 0, doesn't fire."""
    values = np.array([[9, 5], [9, 8], [9, 7], [9, 6], [2, 2], [3, 3], [8, 0]])
    labels = np.array([[2, 2], [2, 2], [2, 2], [2, 2], [1, 1], [0, 3], [4, 4]])
    assert features.of_kinds(values, labels, 3).tolist() == [1, 5, 4]
    assert features.of_kinds(values, labels, 5).tolist() == [1, 5, 4, 2, 3]
    assert features.of_kinds(values, labels, 2).tolist() == [1, 5]
    assert features.of_kinds(values, labels, 9).tolist() == [1, 5, 4, 2, 3, 0, 6]


def test_a_map_s_kind_is_the_most_common_class_of_its_images():
    values, labels = np.array([[3, 3, 3], [2, 2, 2], [1, 1, 1]]), np.array(
        [[5, 5, 1], [1, 5, 5], [5, 1, 1]])
    assert features.of_kinds(values, labels, 2).tolist() == [0, 2]


def test_channels_that_are_asked_for_come_in_that_order():
    net, images = colors()
    result = features.measure(run_of(net), images, "conv1", channels=[2, 0], k=1)
    np.testing.assert_array_equal(result.channels, [2, 0])
    np.testing.assert_array_equal(result.values, [[255], [250]])
    np.testing.assert_array_equal(result.units, [[[0, 2, 2, 2]], [[0, 0, 2, 2]]])
    np.testing.assert_array_equal(result.projections[:, 0, :, 0, 0], [[0, 0, 255], [250, 0, 0]])


def test_a_field_larger_than_the_image_gives_the_image_and_blanks_what_is_not_seen(rng):
    net = Network([("conv1", Conv(1, 1, 9, pad=4, stride=2))], (1, 8, 8)).initialize(rng)
    images = rng.integers(1, 255, (6, 1, 8, 8), np.uint8)
    result = features.measure(run_of(net), images, "conv1", k=6)
    assert result.projections.shape == result.patches.shape == (1, 6, 1, 8, 8)
    hidden = 0
    for unit, projection, patch in zip(result.units[0], result.projections[0], result.patches[0]):
        n, _, row, column = unit
        unseen = np.ones((8, 8), bool)
        unseen[max(2 * row - 4, 0):2 * row + 5, max(2 * column - 4, 0):2 * column + 5] = False
        hidden += unseen.sum()
        assert not projection[0, unseen].any() and projection[0, ~unseen].all()
        assert (patch[0, unseen] == 255).all()
        np.testing.assert_array_equal(patch[0, ~unseen], images[n, 0, ~unseen])
    assert hidden > 50


@pytest.mark.parametrize("layer", ["conv1", "conv2", "conv3", "fc"])
def test_each_tile_is_the_projection_in_the_receptive_field(layer, rng):
    """conv2 sees as many columns as the image has, but not all rows; conv3 more than the image."""
    net = Network([("conv1", Conv(1, 3, 3, pad=1)), ("relu1", ReLU()),
                   ("pool1", MaxPool(2, stride=2, ceil=True)), ("conv2", Conv(3, 4, 3, pad=1)),
                   ("conv3", Conv(4, 4, 3, pad=1)), ("flatten", Flatten()),
                   ("fc", Linear(96, 3))], (1, 11, 8)).initialize(rng)
    images = rng.integers(0, 256, (9, 1, 11, 8), np.uint8)
    run = run_of(net, lambda images: images.astype(np.float32))
    result = features.measure(run, images, layer, maps=3, k=4)
    trace = net.forward(images.astype(np.float32))
    field = net.receptive_field(layer)
    for units, tiles in zip(result.units, result.projections):
        for unit, tile in zip(units, tiles):
            picture = project(net, trace, layer, unit=tuple(unit))
            whole = np.zeros((1, 11 + 40, 8 + 40), np.float32)      # margins for any field
            whole[:, 20:31, 20:28] = picture
            corner = [20, 20]
            for axis, side in enumerate((11, 8)):
                if field and field.size < side:
                    corner[axis] += field.start + field.stride * unit[2 + axis]
            top, left = corner
            expected = whole[:, top:top + tile.shape[1], left:left + tile.shape[2]]
            np.testing.assert_allclose(tile, expected, atol=1e-5 * np.abs(picture).max())
            assert tile.any()
    sides = {"conv1": (3, 3), "conv2": (8, 8), "conv3": (11, 8), "fc": (11, 8)}
    assert result.projections.shape[3:] == sides[layer]


def test_what_is_already_found_is_not_searched_again(monkeypatch):
    top = top_activations(planted(), Prepared(dots(), prepare), ["pool1"], k=3)["pool1"]
    monkeypatch.setattr(features, "top_activations", None)
    result = features.measure(run_of(planted()), dots(), "pool1", channels=[0], top=top)
    np.testing.assert_array_equal(result.values, [[800, 600, 400]])
    assert result.patches.shape == result.projections.shape == (1, 3, 1, 4, 4)


def test_behind_a_fully_connected_layer_it_is_the_whole_image(rng):
    net = Network([("conv1", Conv(1, 2, 3)), ("flatten", Flatten()), ("fc", Linear(72, 4))],
                  (1, 8, 8)).initialize(rng)
    images = rng.integers(0, 256, (12, 1, 8, 8), np.uint8)
    result = features.measure(run_of(net), images, "fc", maps=2, k=5)
    assert result.units.shape == (2, 5, 2)
    np.testing.assert_array_equal(result.patches, images[result.units[:, :, 0]])
    assert result.projections.any()
    titles = [axes.get_title("left") for axes in features.draw(result).axes[::2]]
    assert titles == [f"feature {c}" for c in result.channels]


def test_drawing_shows_every_map_once(rng):
    net = Network([("conv1", Conv(3, 5, 3))], (3, 8, 8)).initialize(rng)
    images = rng.integers(0, 256, (4, 3, 8, 8), np.uint8)
    result = features.measure(run_of(net), images, "conv1", maps=3)
    figure = features.draw(result)
    drawn = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title("left") for axes in drawn[::2]] == [f"map {c}" for c in result.channels]
    assert all(axes.images[0].get_array().shape == (2 * 96 + 9, 2 * 96 + 9, 3) for axes in drawn)


def texts_of(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_the_picture_says_what_it_is():
    result = features.measure(run_of(planted()), dots(), "relu1", k=3, rule="guided")
    said = texts_of(features.draw(result, "my net"))
    title = " ".join(said[said.index(next(t for t in said if t.startswith("relu1 of my net")))]
                     .split())
    for words in ("rule: guided", "left projections, right image patches", "strongest first",
                  "a scale of its own"):
        assert words in title
    assert {"0", "positive", "negative",
            "outside of the image, or not seen"} <= set(said)


def test_scores_have_the_names_of_classes():
    net = Network([("conv1", Conv(1, 2, 3)), ("flatten", Flatten()), ("fc", Linear(72, 2))],
                  (1, 8, 8)).initialize(np.random.default_rng(0))
    run = Run(net, prepare, ("Ankle boot", "B" * 300))
    result = features.measure(run, dots(), "fc", channels=[1, 0], k=2)
    titles = [axes.get_title("left") for axes in features.draw(result).axes[::2]]
    assert titles == [f"{'B' * 12}…{'B' * 11} (class 1)", "Ankle boot (class 0)"]
    assert any("2 strongest of each class" in text for text in texts_of(features.draw(result)))
    assert features.measure(run, dots(), "conv1", channels=[1], k=2).classes == ()


def test_units_that_did_not_fire_are_named():
    """Map 0 fires on four of the images, in which it sees a dot."""
    result = features.measure(run_of(planted()), dots(), "relu1", channels=[0], k=5)
    assert (result.values[0] > 0).tolist() == [True, True, True, False, False]
    figure = features.draw(result)
    found = [text for text in figure.findobj(Text) if text.get_text() == "did not\nfire"]
    side = figure.axes[0].images[0].get_array().shape[1]
    places = [tuple(3 * p // side for p in text.get_position()) for text in found]
    assert places == [(0, 1), (1, 1)]       # the fourth and the fifth tile: column, row


def test_what_is_not_seen_is_hatched_in_the_picture():
    result = features.measure(run_of(planted()), dots(), "relu1", channels=[0], k=1)
    patches = features.draw(result).axes[1].images[0].get_array()
    np.testing.assert_array_equal(patches[3:-3, 3:-3],
                                  plots.patch(result.patches[0, 0], result.seen[0, 0]))
    assert (patches == plots.HATCH).any()


def test_of_large_images_two_projections_stand_beside_the_patches():
    run = Run(planted(), prepare, ("fires", "doesn't"))
    result = features.measure(run, dots(), "relu1", k=4, second="guided")
    guided = features.measure(run, dots(), "relu1", k=4, rule="guided")
    np.testing.assert_array_equal(result.beside, guided.projections)
    figure = features.draw(result._replace(beside=-result.beside), "my net")
    drawn = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title("left") for axes in drawn] == [
        "map 0", "deconvnet", "guided", "map 1", "deconvnet", "guided"]
    across = drawn[0].images[0].get_array().shape[1]
    side = (across - 3 * plots.GAP) // 2
    for axes in drawn:                  # a pixel of a tile is one of the picture
        width = axes.get_position().width * figure.get_size_inches()[0] * plots.DPI
        assert axes.images[0].get_array().shape[1] == across == pytest.approx(width)
    third = slice(-side - plots.GAP, -plots.GAP), slice(plots.GAP, plots.GAP + side)
    np.testing.assert_allclose(drawn[0].images[0].get_array()[third],
                               plots.fit(result.patches[0, 2], side)[0] / 255, atol=1 / 255)
    first, second = (axes.images[0].get_array()[third] for axes in drawn[1:3])
    assert first.max() == 1 and first.min() < 0.5
    np.testing.assert_allclose(first + second, 1)
    assert any("deconvnet and guided" in text and "Fine grids" in text
               for text in texts_of(figure))
    assert figure.findobj(lambda t: isinstance(t, Text) and t.get_text() == "did not\nfire")


def test_maps_of_classes_have_their_names():
    net = Network([("conv1", Conv(1, 2, 3)), ("pool", GlobalAveragePool()), ("flat", Flatten())],
                  (1, 8, 8)).initialize(np.random.default_rng(0))
    result = features.measure(Run(net, prepare, ("a boot", "a bag")), dots(), "conv1",
                              channels=[1, 0])
    titles = [axes.get_title("left") for axes in features.draw(result).axes[::2]]
    assert titles == ["a bag (class 1)", "a boot (class 0)"]


@pytest.mark.parametrize("change, message", [
    ({"layer": "conv9"}, "no layer 'conv9'"), ({"channels": [0, 2]}, "from 0 to 1, not"),
    ({"channels": []}, "channels"), ({"channels": [-1]}, "channels"),
    ({"channels": [0.0, 1.0]}, "channels"), ({"channels": [True, False]}, "channels"),
    ({"images": dots()[:0]}, "no images")])
def test_refuses(change, message):
    arguments = {"run": run_of(planted()), "images": dots(), "layer": "relu1"}
    with pytest.raises(ValueError, match=message):
        features.measure(**arguments | change)
