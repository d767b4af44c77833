"""Table 2 on probabilities whose errors are known, and on a net that looks at one pixel."""
from types import SimpleNamespace

import numpy as np
import pytest

from numpyzf.data import preprocess
from numpyzf.paper import table2
from numpyzf.layers import Flatten, Linear
from numpyzf.network import Network
from numpyzf.data.preprocess import Preparation

pytestmark = pytest.mark.small


def answers(*rows, sure=0.5):
    """Probabilities of a net over four classes, which gives `sure` to its answer for each image and the same to all others."""
    p = np.full((len(rows), 4), (1 - sure) / 3)
    p[np.arange(len(rows)), rows] = sure
    return p


def test_an_error_counted_by_hand():
    p = np.array([[0.5, 0.3, 0.2], [0.1, 0.5, 0.4], [0.4, 0.4, 0.2], [0.2, 0.2, 0.6]])
    labels = [1, 0, 1, 2]
    assert table2.error(p, labels) == 3 / 4             # of equal ones in row 2 the first class is the answer
    assert table2.error(p, labels, 2) == 1 / 4
    assert table2.error(p, labels, 3) == 0


def test_the_average_is_right_where_each_net_is_wrong_somewhere():
    """Three nets, each wrong on another image of three: together right everywhere. Over crops, all say the wrong thing for image 0."""
    labels = np.array([0, 1, 2])
    whole = [answers(3, 1, 2), answers(0, 3, 2), answers(0, 1, 3)]
    cropped = [answers(1, 1, 2), answers(1, 1, 2), answers(1, 1, 1, sure=0.9)]
    result = table2.compute(whole, cropped, labels, k=3)
    np.testing.assert_allclose(result.one[:, 0], [1 / 3] * 3)
    np.testing.assert_allclose(result.crops[:, 0], [1 / 3, 1 / 3, 2 / 3])
    assert result.together[0] == 0 and result.together_crops[0] == pytest.approx(2 / 3)     # one is so sure that it outvotes two
    other = table2.compute(cropped, whole, labels)
    assert other.together[0] == pytest.approx(2 / 3) and other.together_crops[0] == 0
    assert (result.k, result.images) == (3, 3)
    np.testing.assert_allclose(result.one[:, 1], [0, 0, 1 / 3])        # behind 3, classes 0 and 1 come first, and 2 is the fourth


def seeing(size=14, channels=1, flip=False, mean=None, pixel=(0, 0)):
    """A net of two classes whose score for class 1 is one pixel's value, for images whose mean is 100."""
    net = Network([("flatten", Flatten()), ("fc8", Linear(channels * size * size, 2))], (channels, size, size))
    net.layers["fc8"].params["w"].reshape(2, channels, size, size)[1, 0, pixel[0], pixel[1]] = 1
    mean = np.full((channels, size, size), 100, np.float32) if mean is None else mean
    return SimpleNamespace(net=net, prepare=Preparation(mean, 2.0, size, 0, flip))


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x)))


def test_the_crops_of_a_net_that_takes_whole_images_come_from_a_margin_of_the_mean():
    images = np.full((3, 1, 14, 14), 100, np.uint8)
    images[1, 0, 0, 0], images[2, 0, 1, 1] = 104, 106          # the corner of the whole image; one to the right and below of it
    whole, mean = table2.predict(seeing(), images, batch=2)
    np.testing.assert_allclose(whole[:, 1], sigmoid([0, 2, 0]), rtol=1e-6)
    # the margin is one pixel: the upper left crop looks at the margin, the lower right at (1, 1), the others at the margin or the mean
    np.testing.assert_allclose(mean[:, 1], [0.5, (4 * 0.5 + sigmoid(2)) / 5, (4 * 0.5 + sigmoid(3)) / 5], rtol=1e-6)


def test_a_net_that_knows_mirror_images_gets_ten_crops_and_one_that_knows_crops_needs_no_margin(rng):
    images = rng.integers(0, 256, (2, 3, 16, 16)).astype(np.uint8)
    run = seeing(14, 3, True, np.full((3, 16, 16), 100, np.float32), (13, 2))
    x = table2.views(run, images)
    np.testing.assert_array_equal(x, preprocess.ten_crops((images - np.float32(100)) / 2, 14))
    whole, mean = table2.predict(run, images)
    np.testing.assert_allclose(whole[:, 1], sigmoid(images[:, 0, 14, 3] / 2 - 50.0), rtol=1e-5)
    np.testing.assert_array_equal(x[:, 4], run.prepare(images))                     # the middle is what the net is tested on elsewhere
    np.testing.assert_allclose(mean[:, 1], sigmoid(x[:, :, 0, 13, 2]).mean(axis=1), rtol=1e-5)


@pytest.mark.parametrize("whole, labels", [(np.ones((2, 3, 4)), np.zeros(2, int)), (np.ones((3, 4)), np.zeros(3, int)),
                                           (np.ones((0, 3, 4)), np.zeros(3, int))])
def test_bad_arguments(whole, labels):
    with pytest.raises(ValueError, match="whole and cropped must be"):
        table2.compute(whole, whole, labels)


@pytest.mark.parametrize("nets", [1, 2, 5])
def test_the_picture(nets):
    p = [answers(0, 1, 2, 3, 0)] * nets
    figure = table2.draw(table2.compute(p, p, np.arange(5) % 4))
    left, right = figure.axes
    assert [t.get_text() for t in left.get_yticklabels()][::2] == ["one net", f"{'five' if nets == 5 else nets} nets"]
    assert left.get_xlabel() == "test error, first answer (%)" and right.get_xlabel() == "test error, first 2 answers (%)"
