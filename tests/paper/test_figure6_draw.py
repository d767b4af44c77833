"""Drawing Figure 6."""
import numpy as np
from figure6_planted import measured

from numpyzf.paper.figure6 import draw


def test_filters():
    results = {"one": measured(stride=2), "two": measured(stride=4)}
    figure = draw.draw(results)
    assert [axes.get_title("left") for axes in figure.axes] \
        == [f"{name}: largest RMS 6.7 times the median, 3 of 5 dead" for name in results]
    assert figure.axes[0].images[0].get_array().shape == (45, 5 * (45 + 4) - 4)


def test_second_layer():
    results = {"one": measured(stride=2), "two": measured(stride=4, k=2)}
    figure = draw.draw_second(results)
    pictures = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert len(pictures) == 2 * 2 * 2           # nets, maps, projections and patches
    assert len({picture.shape for picture in pictures}) == 1    # two activations of each map


def test_measures():
    one, two = measured(), measured()._replace(different=3.0)
    figure = draw.draw_measures({"one": [one, two], "two": [two]})
    assert [axes.get_xlabel().split("\n")[0] for axes in figure.axes] == [
        "largest RMS / median", "dead filters", "energy in middle", "aliased energy (%)",
        "independent maps"]
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["one", "two"]
    np.testing.assert_allclose(figure.axes[1].lines[0].get_xdata(), [3, 3])
    dots, mean = figure.axes[4].lines[:2]
    np.testing.assert_allclose(dots.get_xdata(), [1, 3])
    np.testing.assert_allclose(mean.get_xdata(), [2, 2])


def test_filters_of_one_net_share_a_scale_and_come_strongest_first():
    w = np.zeros((2, 1, 3, 3), np.float32)
    w[0], w[1] = 0.1, -1
    image = draw.filters_image(w)
    np.testing.assert_allclose([image[0, 0], image[0, -1]], [0.55, 0])
    drawn = draw.draw({"net": measured()}).axes[0].images[0].get_array()
    assert drawn[22, 22] == 1                   # the strongest at the left
    assert drawn[22, -22] == 0.5                # the zero filter at the right
