"""Drawing Figure 5."""
import numpy as np
import pytest

from numpyzf.layers import Conv, Flatten, Linear
from numpyzf.network import Network
from numpyzf.paper.figure5.draw import draw
from numpyzf.paper.figure5.measure import measure
from numpyzf.runs import Run

CLASSES = ["cat", "dog", "owl"]


def prepare(images):
    return images.astype(np.float32) / 255


def result(channels, side):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (4, channels, side, side), dtype=np.uint8)
    net = Network([("conv1", Conv(channels, 2, 3)), ("flatten", Flatten()),
                   ("fc", Linear(2 * (side - 2) ** 2, 3))], (channels, side, side))
    run = Run(net.initialize(rng), prepare, ())
    return measure(run, images, np.array([0, 1, 2, 1]), layers=("conv1", "fc"))


@pytest.mark.parametrize("channels, side", [(1, 17), (3, 29)])
def test_drawing(channels, side):
    found = result(channels, side)
    figure = draw(found, CLASSES, [2, 0])
    assert len(figure.axes) == 12
    assert [figure.axes[i].get_xlabel() for i in (1, 6, 11)] \
        == ["shift down (pixels)", "scale (factor)", "rotation (degrees)"]
    assert {axes.get_title() for axes in figure.axes} \
        == {"", "first layer (conv1)", "last hidden layer (fc)", "true class"}
    assert [axes.get_ylabel() for axes in figure.axes[:4]] \
        == ["", "relative distance", "relative distance", "probability"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] \
        == ["mean of 4 images", "owl", "cat"]
    last = found.sweeps["translation"].last
    gray, owl, _ = figure.axes[2].lines
    np.testing.assert_array_equal(owl.get_ydata(), last[:, 2])
    np.testing.assert_array_equal(gray.get_ydata(), last.mean(axis=1))
    assert len({figure.axes[i].get_ylim() for i in (1, 2, 5)}) == 1


def test_examples_are_under_the_amounts_that_are_written_above_them():
    figure = draw(result(1, 17), CLASSES, [2, 0])
    texts = [[text.get_text() for text in figure.axes[i].texts] for i in (0, 4, 8)]
    assert texts == [["−8 px", "0 px", "8 px"], ["1×", "1.4×", "1.8×"], ["0°", "40°", "180°"]]
    first, *_ = (axes.images[0].get_array() for axes in figure.axes if axes.images)
    assert first.shape == (2 * 17 + 1, 3 * 17 + 2)      # two images, three amounts


def test_refuses_too_many_images_to_show():
    found = result(1, 17)
    for shown in ([], [0] * 6):
        with pytest.raises(ValueError, match="1 to 5"):
            draw(found, CLASSES, shown)
