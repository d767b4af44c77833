"""One image explained, by a net whose answer is known."""
import numpy as np
import pytest
from matplotlib.text import Text

from numpyzf import data, plots, runs
from numpyzf.data import preprocess
from numpyzf.data.preprocess import Preparation
from numpyzf.general.layers import GlobalAveragePool
from numpyzf.layers import Conv, Flatten, Linear, ReLU
from numpyzf.network import Network
from numpyzf.runs import Run
from numpyzf.tour import explain, tiles

CLASSES = ("dark", "bright left", "bright right")


prepare = Preparation(np.zeros((1, 6, 6), np.float32), scale=1, size=6, pad=0, flip=False)


def planted():
    """Map 0 copies pixels, map 1 doubles them, map 2 negates them.

    The scores add up halves of the image.
    """
    net = Network([("conv1", Conv(1, 3, 1)), ("relu1", ReLU()), ("conv2", Conv(3, 1, 3, pad=1)),
                   ("flatten", Flatten()), ("fc", Linear(36, 3))], (1, 6, 6))
    net.layers["conv1"].params["w"][:, 0, 0, 0] = [1, 2, -1]
    net.layers["conv2"].params["w"][0, 0] = 0.1
    w = net.layers["fc"].params["w"].reshape(3, 6, 6)
    w[1, :, :3], w[2, :, 3:] = 1, 1
    return net


def image():
    x = np.zeros((1, 6, 6), np.uint8)
    x[0, 4, 5] = 20     # seen by conv2 in 2 × 3 places, all of which are right: 6 · 2 = 12
    return x


def test_the_answer_and_its_probabilities():
    result = explain.measure(Run(planted(), prepare, CLASSES), image())
    assert result.classes[0] == "bright right" and set(result.classes) == set(CLASSES)
    exps = np.exp([12.0 - 12.0, -12.0, -12.0])
    np.testing.assert_allclose(result.probabilities, exps / exps.sum(), rtol=1e-4)


def test_five_of_many_classes(rng):
    net = Network([("conv1", Conv(1, 2, 3)), ("flatten", Flatten()), ("fc", Linear(32, 9))],
                  (1, 6, 6)).initialize(rng)
    result = explain.measure(Run(net, prepare, tuple("abcdefghi")), image())
    assert len(result.classes) == 5 and result.probabilities.sum() < 1
    assert (np.diff(result.probabilities) <= 0).all()


def test_the_strongest_maps_with_their_places_projections_and_cones():
    result = explain.measure(Run(planted(), prepare, CLASSES), image(), maps=2)
    assert result.layers == ["conv1", "conv2"]
    assert result.units[0] == [(0, 1, 4, 5), (0, 0, 4, 5)] and result.values[0] == [40, 20]
    expected = np.zeros((2, 1, 6, 6))
    expected[:, 0, 4, 5] = 2 * 40, 20
    np.testing.assert_array_equal(result.projections[0], expected)
    assert result.cones[0][0] == (slice(4, 5), slice(5, 6))
    assert len(result.units[1]) == 1                                        # conv2 has one map only
    _, _, row, column = result.units[1][0]
    rows = slice(row - 1, min(row + 2, 6))
    assert result.cones[1][0] == (rows, slice(column - 1, min(column + 2, 6)))


def texts_of(figure):
    return {text.get_text() for text in figure.findobj(Text)} - {""}


def test_drawing_frames_the_cones_in_the_image_and_in_the_projection():
    result = explain.measure(Run(planted(), prepare, CLASSES), image(), maps=2)
    figure = explain.draw(result, "my net", "dot.png")
    panels = [axes for axes in figure.axes if axes.patches and axes.images]
    assert [axes.get_title("left") for axes in panels] == ["map 1", "", "map 0", "", "map 0", ""]
    for axes, inside in zip(panels, (20 / 255, 1)):
        corners = axes.patches[0].get_xy()
        np.testing.assert_array_equal(corners.min(axis=0), [4.5, 3.5])
        np.testing.assert_array_equal(corners.max(axis=0), [5.5, 4.5])
        shown = axes.images[0].get_array()
        assert shown[4, 5] == inside and shown[0, 0] == 0.75        # around it the image is faint
    said = texts_of(figure)
    assert said >= {"bright right  100.0%", "dark  0.0%", "conv1", "conv2",
                    "all that the unit sees", "0", "positive", "negative",
                    "as the net gets it: 6×6"}
    (title,) = [text for text in said if text.startswith("dot.png, as seen by my net")]
    assert "rule: deconvnet" in title and "strongest first" in title


def test_units_that_did_not_fire_are_named():
    result = explain.measure(Run(planted(), prepare, CLASSES), image(), maps=3)
    assert min(result.values[0]) <= 0
    found = [text for text in explain.draw(result).findobj(Text)
             if text.get_text() == "did not\nfire"]
    assert len(found) == 1


def test_long_names_are_shortened():
    classes = ("dark", "bright left", "bright " + 300 * "r")
    result = explain.measure(Run(planted(), prepare, classes), image())
    said = texts_of(explain.draw(result, "n" * 20, "i" * 300))
    assert max(len(line) for text in said for line in text.split("\n")) < 160
    assert not any("r" * 23 in text or "i" * 41 in text for text in said)


# ---- a picture of the other polarity ------------------------------------------------------------

def edged(border, middle=100):
    x = np.full((1, 8, 8), border, np.uint8)
    x[:, 1:-1, 1:-1] = middle
    return x


@pytest.mark.parametrize("border, of_training, words", [
    (200, 12, "is bright (200 of 255), that of the training images is dark (12 on average)"),
    (40, 250, "is dark (40 of 255), that of the training images is bright (250 on average)"),
    (255, 0, "bright"), (0, 255, "dark"),
    (0, 12, None), (12, 12, None), (90, 12, None), (255, 255, None), (0, 0, None),
    (255, 126, None), (0, 126, None), (200, 60, None)])     # photographs: borders of all kinds
def test_the_border_tells_a_negative(border, of_training, words):
    mean = edged(of_training, 128).astype(np.float32)
    remark = explain.polarity(edged(border), mean)
    assert (remark == "") if words is None else (words in remark)


def test_negatives_of_clothes_are_told_and_clothes_are_not():
    train, test = (data.load("fashion-mnist-small", split).images for split in ("train", "test"))
    mean = preprocess.mean_image(train)
    assert not any(explain.polarity(x, mean) for x in test)
    assert all(explain.polarity(255 - x, mean) for x in test)


def test_of_photographs_nothing_is_said(rng):
    mean = runs.pretrained().prepare.mean
    for level in range(0, 256, 15):
        assert explain.polarity(np.full((3, 32, 32), level, np.uint8), mean) == ""


def test_the_remark_stands_on_the_picture():
    bright = np.full((1, 6, 6), 250, np.uint8)
    result = explain.measure(Run(planted(), prepare, CLASSES), bright)
    assert result.remark
    assert any(result.remark.split(":")[0] in text.replace("\n", " ")
               for text in texts_of(explain.draw(result)))


def test_refuses_another_number_of_names():
    with pytest.raises(ValueError, match="2 names.*3 scores"):
        explain.measure(Run(planted(), prepare, CLASSES[:2]), image())


# ---- large images -------------------------------------------------------------------------------

def large(side=120):
    """A run whose images are large: conv1 sees 5×5 pixels, conv2 has a map for each of two classes.

    conv1 copies the pixel in the middle, or its negative. The first class is that of bright ones,
    and a bit of dark ones: there the deconvnet goes on to a unit that did not fire.
    """
    net = Network([("conv1", Conv(3, 2, 5, pad=2)), ("relu1", ReLU()), ("conv2", Conv(2, 2, 1)),
                   ("pool", GlobalAveragePool()), ("flat", Flatten())], (3, side, side))
    net.layers["conv1"].params["w"][:, :, 2, 2] = [[1, 0, 0], [-1, 0, 0]]
    net.layers["conv2"].params["w"][:, :, 0, 0] = [[1, 0.5], [0, 1]]
    prepare = Preparation(np.zeros((3, side, side), np.float32), 1, side, 0, False)
    return Run(net, prepare, ("bright", "dark"))


def spot(side=120):
    """Red is 7 in one pixel at the left edge, and blue is 9 beside it."""
    x = np.zeros((3, side, side), np.uint8)
    x[0, 50, 0], x[2, 50, 1] = 7, 9
    return x


def test_of_a_large_image_a_second_rule_stands_beside():
    run = large()
    result = explain.measure(run, spot(), maps=1)
    assert (result.rule, result.second) == ("deconvnet", "guided")
    guided = explain.measure(run, spot(), maps=1, rule="guided")
    assert guided.second == "deconvnet"
    for row in range(len(result.layers)):
        np.testing.assert_array_equal(result.beside[row][0], guided.projections[row][0])
    assert result.projections[1][0].sum() == 0.5 * result.beside[1][0].sum() == 3.5
    small = explain.measure(Run(planted(), prepare, CLASSES), image())
    assert (small.second, small.beside) == (None, ())


def test_a_unit_of_a_large_image_is_shown_by_what_it_sees():
    """The patch, of which two columns are outside of the image; and two projections: one pixel."""
    result = explain.measure(large(), spot(), maps=1, layers=["conv1"])
    figure = explain.draw(result, "my net", "spot.png")
    shown = figure.axes[2].images[0].get_array()
    side, gap = tiles.SIDE, plots.GAP
    top = shown.shape[0] - side - gap
    patch, *projections = [shown[top:top + side, x:x + side] / 255
                           for x in range(gap, 3 * (side + gap), side + gap)]
    middle, outside = side // 2, side // 5
    np.testing.assert_allclose(patch[middle, middle], [7 / 255, 0, 0])
    np.testing.assert_allclose(patch[middle, middle + side // 5], [0, 0, 9 / 255])
    np.testing.assert_allclose(patch[outside, middle], 0)
    assert set(np.unique(patch[:, outside])) == {np.round(255 * plots.HATCH) / 255, 1}
    for r in projections:
        np.testing.assert_allclose(r[middle, middle], [1, 128 / 255, 128 / 255])
        np.testing.assert_allclose(r[outside, outside], 128 / 255)
    said = texts_of(figure)
    assert said >= {"conv1\n5×5", "map 0", "deconvnet", "guided",
                    "outside of the image, or not seen", "as the net gets it: 120×120"}
    assert any("Fine grids" in text for text in said)


def test_a_pixel_of_a_tile_is_one_of_the_picture():
    figure = explain.draw(explain.measure(large(), spot()))
    axes = figure.axes[2]
    height, width = axes.images[0].get_array().shape[:2]
    box = axes.get_position()
    size = figure.get_size_inches() * plots.DPI
    assert abs(box.width * size[0] - width) < 2 and abs(box.height * size[1] - height) < 2


def test_where_maps_are_of_classes_the_likeliest_come_first():
    """The spot fires the bright map most, though on average the other one is larger."""
    run = large()
    run.net.layers["conv2"].params["b"][:] = 0, 1
    result = explain.measure(run, spot(), layers=["relu1", "conv2"], maps=2)
    assert result.classes[0] == "dark"
    assert result.names == [["map 0", "map 1"], ["map 1: dark", "map 0: bright"]]
    assert result.values[1] == [1, 7]
    assert any("of conv2 those of the likeliest classes" in text.replace("\n", " ")
               for text in texts_of(explain.draw(result)))


def test_layers_that_are_asked_for_come_from_the_pixels_up():
    run = Run(planted(), prepare, CLASSES)
    assert explain.measure(run, image(), layers=["conv2", "relu1"]).layers == ["relu1", "conv2"]
    for wrong in ("fc", "conv9"):
        with pytest.raises(ValueError, match=f"'{wrong}', which is no layer with maps"):
            explain.measure(run, image(), layers=["conv1", wrong])


@pytest.mark.parametrize("side", [12, 120], ids=["small", "large"])
def test_a_long_name_of_a_layer_leaves_room_for_its_pictures(side, rng):
    """A name may be a path; beside the rows all names together are as high as the figure."""
    name = "features/encoder/block4/mixed.convolution"
    net = Network([(name, Conv(1, 4, 3, stride=3)), ("relu", ReLU()), ("pool", GlobalAveragePool()),
                   ("flatten", Flatten())], (1, side, side)).initialize(rng)
    own = Preparation(np.zeros((1, side, side), np.float32), 1, size=side, pad=0, flip=False)
    pixels = rng.integers(0, 256, (1, side, side)).astype(np.uint8)
    figure = explain.draw(explain.measure(Run(net, own, tuple("abcd")), pixels))
    assert "features…olution" in {text.split("\n")[0] for text in texts_of(figure)}
