"""Invariance of nets whose invariance is known by construction."""
import numpy as np
import pytest

from numpyzf.data import transform
from numpyzf.paper import figure5
from numpyzf.paper.figure5 import Sweep
from numpyzf.layers import Conv, Flatten, Linear, MaxPool
from numpyzf.network import Network

SHIFTS = np.arange(-4, 5)


def prepare(images):
    return images.astype(np.float32)


def blobs():
    """Two images 1×16×16 of one bright pixel each, in row 8: 200 and 100."""
    images = np.zeros((2, 1, 16, 16), np.uint8)
    images[0, 0, 8, 8], images[1, 0, 8, 3] = 200, 100
    return images


def pooled():
    """The brightest pixel of the image, wherever it is; conv1 are the pixels."""
    net = Network([("conv1", Conv(1, 1, 1)), ("pool", MaxPool(16, stride=16)), ("flatten", Flatten()), ("fc", Linear(1, 2))], (1, 16, 16))
    net.parameters["conv1.w"][...] = 1
    net.parameters["fc.w"][:, 0] = 0.01, -0.01
    return net


def ruler():
    """The feature "row" is Σ row · pixel; class 0 if that is above 1900."""
    net = Network([("conv1", Conv(1, 1, 1)), ("flatten", Flatten()), ("row", Linear(256, 1)), ("fc", Linear(1, 2))], (1, 16, 16))
    net.parameters["conv1.w"][...] = 1
    net.parameters["row.w"][0] = np.arange(16).repeat(16)
    net.parameters["fc.w"][0], net.parameters["fc.b"][0] = 1e-3, -1.9
    return net


def test_a_net_invariant_to_translation():
    result = figure5.compute(pooled(), blobs(), [0, 1], prepare, layers=("conv1", "flatten"), amounts={"translation": SHIFTS})
    sweep = result.sweeps["translation"]
    unit = np.hypot(200, 100)                           # the distance of the two images
    moved = (SHIFTS != 0)[:, None] * np.sqrt(2) * np.array([200, 100]) / unit
    np.testing.assert_allclose(sweep.first, moved, rtol=1e-6)
    np.testing.assert_array_equal(sweep.last, 0)
    assert sweep.right[:, 0].all() and not sweep.right[:, 1].any()
    np.testing.assert_allclose(sweep.probability, np.broadcast_to([1 / (1 + np.exp(-4)), 1 / (1 + np.exp(2))], (9, 2)), rtol=1e-5)
    assert figure5.smallest_step(sweep) == (pytest.approx(np.sqrt(2) * 150 / unit), 0)
    assert figure5.kept(sweep) == 1


def test_a_feature_that_is_linear_in_translation():
    result = figure5.compute(ruler(), blobs(), [0, 0], prepare, layers=("conv1", "row"), amounts={"translation": SHIFTS})
    sweep = result.sweeps["translation"]
    np.testing.assert_array_equal(sweep.sizes, np.abs(SHIFTS))
    np.testing.assert_allclose(sweep.last, np.abs(SHIFTS)[:, None] * [200 / 800, 100 / 800], rtol=1e-6)    # the rows differ by 1600 − 800
    assert figure5.straightness(sweep.sizes, sweep.last.mean(axis=1)) == pytest.approx(1)
    assert figure5.straightness(sweep.sizes, sweep.first.mean(axis=1)) < 0.5
    np.testing.assert_array_equal(sweep.right[:, 0], SHIFTS >= 2)                  # 200 · (8 + 2) > 1900: down is positive
    np.testing.assert_allclose(sweep.probability[:, 0], 1 / (1 + np.exp(1.9 - 0.2 * (8 + SHIFTS))), rtol=1e-5)
    assert np.isnan(figure5.kept(sweep))                                           # nothing was right to begin with


def test_a_full_turn_and_what_looks_the_same_after_a_quarter():
    images = np.random.default_rng(0).integers(0, 256, (2, 1, 16, 16), dtype=np.uint8)
    images[0] = np.max([np.rot90(images[0], k, axes=(1, 2)) for k in range(4)], axis=0)
    amounts = {"rotation": np.array([0, 45, 90, 180, 270, 360])}
    sweep = figure5.compute(pooled(), images, [0, 0], prepare, layers=("conv1", "flatten"), amounts=amounts).sweeps["rotation"]
    np.testing.assert_array_equal(sweep.first[:, 0] == 0, [True, False, True, True, True, True])
    np.testing.assert_array_equal(sweep.first[:, 1] == 0, [True, False, False, False, False, True])
    assert sweep.sizes.tolist() == [0, 45, 90, 180, 90, 0]


def test_each_amount_belongs_to_its_transformation():
    images = np.random.default_rng(1).integers(0, 256, (3, 3, 16, 16), dtype=np.uint8)
    images[:, :, [0, -1]] = images[:, :, :, [0, -1]] = 7
    net = Network([("conv1", Conv(3, 3, 1)), ("flatten", Flatten()), ("fc", Linear(768, 2))], (3, 16, 16))
    net.parameters["conv1.w"][:, :, 0, 0] = np.eye(3)
    result = figure5.compute(net, images, [0, 1, 1], prepare, layers=("conv1", "flatten"),
                             amounts={"scale": [1, 1.5], "translation": [0, 3], "rotation": [0, 30]})
    unit = figure5.mean_distance(images.reshape(3, -1).astype(float))
    for name, move, size in (("scale", lambda x: transform.scale(x, 1.5, fill=7), 0.5),
                             ("translation", lambda x: transform.translate(x, 3, fill=7), 3),
                             ("rotation", lambda x: transform.rotate(x, 30, fill=7), 30)):
        sweep = result.sweeps[name]
        expected = [np.linalg.norm(move(x).astype(float) - x) / unit for x in images]
        np.testing.assert_allclose(sweep.first, [np.zeros(3), expected], rtol=1e-6)
        np.testing.assert_array_equal(sweep.sizes, [0, size])


def test_what_comes_in_has_the_color_of_the_border():
    images = np.full((2, 3, 16, 16), [[[[50]], [[90]], [[250]]], [[[5]], [[10]], [[15]]]], np.uint8)
    net = Network([("conv1", Conv(3, 3, 1)), ("flatten", Flatten()), ("fc", Linear(768, 2))], (3, 16, 16))
    net.parameters["conv1.w"][:, :, 0, 0] = np.eye(3)
    result = figure5.compute(net, images, [0, 1], prepare, layers=("conv1", "flatten"))
    for sweep in result.sweeps.values():
        assert (sweep.first == 0).all() and (sweep.last == 0).all()


def test_mean_distance_of_all_pairs():
    assert figure5.mean_distance(np.array([[0.0, 0], [3, 4], [0, 12]])) == pytest.approx((5 + 12 + np.hypot(3, 8)) / 3)


@pytest.mark.parametrize("x, y, expected", [([0, 1, 2, 3], [0, 2, 4, 6], 1),
                                            ([0, 1, 2], [0, 1, 4], 1 - 0.8 / (26 / 3)),          # slope 9/5
                                            ([0, 1, 2], [2, 0, 1], 1 - (5 - 0.8) / 2)])          # slope 2/5: worse than a constant
def test_straightness(x, y, expected):
    assert figure5.straightness(x, y) == pytest.approx(expected)


def test_no_straightness_without_change():
    assert np.isnan(figure5.straightness([0, 1, 2], [0, 0, 0]))


def sweep():
    """Three images at 0, ±1, 2: the first is always right, the second half the time, the third is wrong untransformed."""
    return Sweep(np.array([-1, 0, 1, 2]), np.array([1, 0, 1, 2]),
                 first=np.array([[1, 2, 3], [0, 0, 0], [3, 4, 5], [9, 9, 9]]), last=np.array([[1, 1, 1], [0, 0, 0], [2, 2, 2], [9, 9, 9]]),
                 probability=np.array([[0.8, 0.3, 0.1], [0.8, 0.6, 0.0], [0.4, 0.3, 0.9], [0.6, 0.3, 0.9]]),
                 right=np.array([[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 0, 1]], bool))


def test_what_the_claims_rest_on():
    assert figure5.smallest_step(sweep()) == (3, 1.5)
    assert figure5.kept(sweep()) == pytest.approx(4 / 6)
    assert figure5.kept_probability(sweep(), np.array([True, False, True])) == pytest.approx(0.6 / 0.8)
    assert figure5.kept_probability(sweep(), np.array([True, True, False])) == pytest.approx(0.45 / 0.7)
    assert np.isnan(figure5.kept_probability(sweep(), np.array([False, False, True])))


@pytest.mark.parametrize("side, shift, count", [(28, 8, 17), (32, 8, 17), (64, 16, 17), (224, 56, 17)])
def test_ranges_go_as_far_as_the_papers(side, shift, count):
    shifts = figure5.ranges(side)["translation"]
    assert len(shifts) == count and shifts[-1] == -shifts[0] == shift and shifts[count // 2] == 0


def test_images_class_by_class():
    labels = np.array([2, 2, 2, 0, 1, 0, 2, 1])
    assert figure5._take(labels, 2, most=9).tolist() == [3, 4, 0, 5, 7, 1]
    assert figure5._take(labels, 3, most=7).tolist() == [3, 4, 0, 5, 7, 1, 2]


def test_images_to_show():
    labels, right = np.array([0, 0, 1, 1, 2]), np.array([False, True, False, False, True])
    assert figure5._shown(labels, right, [2, 0, 1]) == [4, 1, 2]


def test_many_images_go_through_the_net_in_parts():
    images = np.random.default_rng(0).integers(0, 256, (7, 1, 16, 16), dtype=np.uint8)
    (whole, rows), (parts, rows_too) = (figure5._run(ruler(), images, prepare, ("conv1", "row"), batch) for batch in (7, 3))
    assert [f.shape for f in parts] == [(7, 256), (7, 1)] and rows_too.shape == (7, 2) and parts[0].dtype == np.float64
    for a, b in ((whole[0], parts[0]), (whole[1], parts[1]), (rows, rows_too)):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_claims_are_judged_for_every_seed():
    """Hand-made results: the first layer jumps, the last one follows a line; the second seed's small scale moves the last one more,
    and its rotation does no harm."""
    def one(amounts, sizes, first, last, turned):
        sizes, right = np.array(sizes, float), [[True, True]] + [[True, turned > 0.5]] * 2
        return Sweep(np.array(amounts), sizes, np.multiply.outer(sizes > 0, [first] * 2), np.multiply.outer(sizes, [last] * 2),
                     np.array([[1, 1]] + [[1, turned]] * 2), np.array(right))

    def result(first, last, turned):
        return figure5.Figure5(np.zeros((2, 1, 4, 4), np.uint8), np.zeros(2, int), ("norm1", "relu7"), {
            "translation": one([0, 1, 2], [0, 1, 2], 0.5, 0.1, 1), "scale": one([1, 1.05, 1.1], [0, 0.05, 0.1], first, last, 1),
            "rotation": one([0, 10, 20], [0, 10, 20], 1, 1, turned)})

    good, bad, symmetric = result(0.1, 1, 0.1), result(0.04, 1, 0.9), np.array([True, False])
    holds, fails = "holds", "does not hold at this size"
    assert [c.verdict for c in figure5._claims([good, good], "here", symmetric)] == [holds] * 4
    assert [c.verdict for c in figure5._claims([good, bad], "here", symmetric)] == [fails, holds, fails, fails]
    assert len(figure5._claims([good], "here", None)) == 3


@pytest.mark.parametrize("channels, side", [(1, 17), (3, 29)])
def test_drawing(channels, side):
    images = np.random.default_rng(0).integers(0, 256, (4, channels, side, side), dtype=np.uint8)
    net = Network([("conv1", Conv(channels, 2, 3)), ("flatten", Flatten()), ("fc", Linear(2 * (side - 2) ** 2, 3))],
                  (channels, side, side)).initialize(np.random.default_rng(0))
    result = figure5.compute(net, images, np.array([0, 1, 2, 1]), lambda x: x.astype(np.float32) / 255, layers=("conv1", "fc"))
    figure = figure5.draw(result, ["cat", "dog", "owl"], [2, 0])
    assert len(figure.axes) == 12
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert [labels[i] for i in (1, 6, 11)] == ["shift down (pixels)", "scale (factor)", "rotation (degrees)"]
    assert {axes.get_title() for axes in figure.axes} == {"", "first layer (conv1)", "last hidden layer (fc)", "true class"}
    assert [axes.get_ylabel() for axes in figure.axes[:4]] == ["", "relative distance", "relative distance", "probability"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["mean of 4 images", "owl", "cat"]
    gray, owl, _ = figure.axes[2].lines
    np.testing.assert_array_equal(owl.get_ydata(), result.sweeps["translation"].last[:, 2])
    np.testing.assert_array_equal(gray.get_ydata(), result.sweeps["translation"].last.mean(axis=1))
    assert figure.axes[1].get_ylim() == figure.axes[2].get_ylim() == figure.axes[5].get_ylim()


def test_refuses_too_few_images_and_other_labels():
    with pytest.raises(ValueError, match="two images.*1 images"):
        figure5.compute(pooled(), blobs()[:1], [0], prepare)
    with pytest.raises(ValueError, match="a label for each.*3 labels"):
        figure5.compute(pooled(), blobs(), [0, 1, 1], prepare)
    result = figure5.compute(pooled(), blobs(), [0, 1], prepare, layers=("conv1", "flatten"))
    for shown in ([], [0] * 6):
        with pytest.raises(ValueError, match="1 to 5"):
            figure5.draw(result, "ab", shown)
