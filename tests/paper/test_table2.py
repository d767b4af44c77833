"""Table 2 on probabilities whose errors are known, and on a net that looks at one pixel."""
import numpy as np
import pytest

from numpyzf.data import preprocess
from numpyzf.data.preprocess import Preparation
from numpyzf.layers import Flatten, Linear
from numpyzf.network import Network
from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS, NOT_DECIDED, NOT_TESTABLE
from numpyzf.paper.table2 import draw, measure, report
from numpyzf.runs import Run

pytestmark = pytest.mark.small


def answers(*rows, sure=0.5):
    """Probabilities of a net over four classes.

    It gives `sure` to its answer for each image, and the same to all others.
    """
    p = np.full((len(rows), 4), (1 - sure) / 3)
    p[np.arange(len(rows)), rows] = sure
    return p


# ---- errors ---------------------------------------------------------------------------------

def test_an_error_counted_by_hand():
    p = np.array([[0.5, 0.3, 0.2], [0.1, 0.5, 0.4], [0.4, 0.4, 0.2], [0.2, 0.2, 0.6]])
    labels = [1, 0, 1, 2]
    assert measure.error(p, labels) == 3 / 4    # of equal ones in row 2 the first class is taken
    assert measure.error(p, labels, 2) == 1 / 4
    assert measure.error(p, labels, 3) == 0


def test_the_average_is_right_where_each_net_is_wrong_somewhere():
    """Three nets, each wrong on another image of three, are right everywhere on average.

    Over crops, all say the wrong thing for image 0.
    """
    labels = np.array([0, 1, 2])
    whole = [answers(3, 1, 2), answers(0, 3, 2), answers(0, 1, 3)]
    cropped = [answers(1, 1, 2), answers(1, 1, 2), answers(1, 1, 1, sure=0.9)]
    result = measure.errors(whole, cropped, labels, k=3)
    np.testing.assert_allclose(result.one_whole[:, 0], [1 / 3] * 3)
    np.testing.assert_allclose(result.one_crops[:, 0], [1 / 3, 1 / 3, 2 / 3])
    assert result.average_whole[0] == 0
    assert result.average_crops[0] == pytest.approx(2 / 3)  # one is so sure that it outvotes two
    other = measure.errors(cropped, whole, labels)
    assert other.average_whole[0] == pytest.approx(2 / 3) and other.average_crops[0] == 0
    assert (result.k, result.count) == (3, 3)
    # behind 3, classes 0 and 1 come first, and 2 is the fourth
    np.testing.assert_allclose(result.one_whole[:, 1], [0, 0, 1 / 3])


@pytest.mark.parametrize("whole, labels", [
    (np.ones((2, 3, 4)), np.zeros(2, int)), (np.ones((3, 4)), np.zeros(3, int)),
    (np.ones((0, 3, 4)), np.zeros(3, int))])
def test_bad_arguments(whole, labels):
    with pytest.raises(ValueError, match="whole and cropped must be"):
        measure.errors(whole, whole, labels)


# ---- views and probabilities ----------------------------------------------------------------

def planted_run(size=14, channels=1, flip=False, mean=None, pixel=(0, 0)):
    """A run of two classes, for images whose mean is 100: one pixel's value is class 1's score."""
    net = Network([("flatten", Flatten()), ("fc8", Linear(channels * size * size, 2))],
                  (channels, size, size))
    row, column = pixel
    net.layers["fc8"].params["w"].reshape(2, channels, size, size)[1, 0, row, column] = 1
    if mean is None:
        mean = np.full((channels, size, size), 100, np.float32)
    return Run(net, Preparation(mean, 2.0, size, 0, flip), ("0", "1"))


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x)))


def test_crops_of_a_net_that_takes_whole_images_come_from_a_margin_of_the_mean(monkeypatch):
    monkeypatch.setattr(measure, "BATCH", 2)
    images = np.full((3, 1, 14, 14), 100, np.uint8)
    images[1, 0, 0, 0] = 104        # the corner of the whole image
    images[2, 0, 1, 1] = 106        # one to the right and below of it
    whole, cropped = measure.probabilities(planted_run(), images)
    np.testing.assert_allclose(whole[:, 1], sigmoid([0, 2, 0]), rtol=1e-6)
    # The margin is one pixel. The upper left crop looks at the margin, the lower right at (1, 1),
    # the others at the margin or the mean.
    expected = [0.5, (4 * 0.5 + sigmoid(2)) / 5, (4 * 0.5 + sigmoid(3)) / 5]
    np.testing.assert_allclose(cropped[:, 1], expected, rtol=1e-6)


def test_a_net_that_knows_mirror_images_gets_ten_crops_and_one_that_knows_crops_no_margin(rng):
    images = rng.integers(0, 256, (2, 3, 16, 16)).astype(np.uint8)
    run = planted_run(14, 3, True, np.full((3, 16, 16), 100, np.float32), (13, 2))
    x = measure.views(run, images)
    np.testing.assert_array_equal(x, preprocess.ten_crops((images - np.float32(100)) / 2, 14))
    np.testing.assert_array_equal(x[:, 4], run.prepare(images))     # what it is tested on elsewhere
    whole, cropped = measure.probabilities(run, images)
    np.testing.assert_allclose(whole[:, 1], sigmoid(images[:, 0, 14, 3] / 2 - 50.0), rtol=1e-5)
    np.testing.assert_allclose(cropped[:, 1], sigmoid(x[:, :, 0, 13, 2]).mean(axis=1), rtol=1e-5)


def test_errors_of_nets_on_images():
    """One net looks at a bright corner, the other at a dark pixel; the average takes the surer."""
    images = np.full((4, 1, 14, 14), 100, np.uint8)
    images[:, 0, 0, 0], images[:, 0, 5, 5] = [104, 104, 96, 96], [90, 110, 110, 90]
    runs = [planted_run(), planted_run(pixel=(5, 5))]
    result = measure.measure(runs, images, np.array([1, 1, 0, 0]), k=2)
    np.testing.assert_allclose(result.one_whole, [[0, 0], [0.5, 0]])
    np.testing.assert_allclose(result.average_whole, [0.5, 0])
    p = [measure.probabilities(run, images)[1] for run in runs]
    np.testing.assert_allclose(result.one_crops[1, 0], measure.error(p[1], [1, 1, 0, 0]))


# ---- words and the picture ------------------------------------------------------------------

def planted_result(nets=2, one=0.2, crops=0.1, average=0.15, count=4000):
    """A Table2 whose second errors are half of the first ones."""
    rng = np.random.default_rng(0)

    def helps(error):
        """Where this error and that of one net differ, each net with its own images."""
        wrong = [[rng.permutation(count) < share * count for share in (one, error)]
                 for _ in range(nets)]
        return np.array([own.astype(int) - other for own, other in wrong])
    return measure.Table2(2, 400, one_whole=np.tile([one, one / 2], (nets, 1)),
                          one_crops=np.tile([crops, crops / 2], (nets, 1)),
                          average_whole=np.array([average, average / 2]),
                          average_crops=np.array([0.05, 0.025]),
                          average_helps=helps(average), crops_help=helps(crops))


@pytest.mark.parametrize("numbers, verdicts", [
    ({}, [HOLDS, HOLDS]), ({"average": 0.25}, [DOES_NOT_HOLD, HOLDS]),
    ({"average": 0.199}, [NOT_DECIDED, HOLDS]), ({"crops": 0.3}, [HOLDS, DOES_NOT_HOLD]),
    ({"crops": 0.2}, [HOLDS, NOT_DECIDED]), ({"count": 40}, [NOT_DECIDED, NOT_DECIDED])], ids=str)
def test_the_claims(numbers, verdicts):
    average, crops, known = report.claims(planted_result(**numbers), mirrored=True)
    assert [average.verdict, crops.verdict] == verdicts and known.verdict == NOT_TESTABLE
    assert average.paper.startswith("The average of 2 nets errs less than one net")
    assert average.measured.startswith("20.0 % alone, ")
    assert crops.measured.startswith("20.0 % on whole images, ")
    assert " over 10 crops (2 seeds)." in crops.measured


def test_one_net_that_errs_as_little_as_the_average_leaves_it_open():
    result = planted_result(nets=5)
    assert report.claims(result, mirrored=False)[0].verdict == HOLDS
    result.average_helps[3] = 0
    assert report.claims(result, mirrored=False)[0].verdict == NOT_DECIDED
    assert report.claims(result, mirrored=False)[0].paper.startswith("The average of five nets")


def test_where_an_average_helps_image_by_image():
    """Net 0 is wrong about image 1, net 1 about image 2; together they are right about both."""
    p = np.array([[[0.9, 0.1], [0.4, 0.6], [0.9, 0.1]], [[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]]])
    result = measure.errors(p, p[::-1], np.array([0, 0, 0]))
    assert result.average_helps.tolist() == [[0, 1, 0], [0, 0, 1]]
    assert result.crops_help.tolist() == [[0, 1, -1], [0, -1, 1]]


def test_the_table_has_the_papers_numbers_beside():
    head, whole, crops, average_whole, average_crops = report.table(planted_result(nets=5))
    assert head == ("", "first answer", "first 2 answers", "paper, first answer", "paper, first 5")
    assert whole == ("one net, whole images", "20.0 %", "10.0 %", "", "")
    assert crops == ("one net, crops", "10.0 %", "5.0 %", "38.4 %", "16.5 %")
    assert average_whole == ("five nets, whole images", "15.0 %", "7.5 %", "", "")
    assert average_crops == ("five nets, crops", "5.0 %", "2.5 %", "36.7 %", "15.3 %")


def test_the_text_says_how_well_an_error_is_known():
    """The deviation of 400 answers, of which a fifth are wrong: √(0.2 · 0.8 / 400) = 2 %."""
    text = report.text(planted_result(), mirrored=False, data="shoes")
    assert "With 400 test images" in text and text.endswith("about ± 2.0 points.")
    assert "classes as shoes has" in text and "5 views" in text and "none mirrored" in text
    assert "10 views" in report.text(planted_result(), mirrored=True, data="shoes")


@pytest.mark.parametrize("nets", [1, 2, 5])
def test_the_picture(nets):
    left, right = draw.draw(planted_result(nets)).axes
    names = [text.get_text() for text in left.get_yticklabels()]
    several = "five nets" if nets == 5 else f"{nets} nets"
    assert names == ["one net", "one net, crops", several, f"{several}, crops"]
    assert left.get_xlabel() == "test error, first answer (%)"
    assert right.get_xlabel() == "test error, first 2 answers (%)"
    dots = [line.get_xdata() for line in right.lines if line.get_marker() in "oD"]
    assert [len(x) for x in dots] == [nets, nets, 1, 1]
    np.testing.assert_allclose(np.concatenate(dots), [10] * nets + [5] * nets + [7.5, 2.5])
