"""Invariance of nets whose invariance is known by construction."""
import numpy as np
import pytest

from numpyzf.data import transform
from numpyzf.layers import Conv, Flatten, Linear, MaxPool
from numpyzf.network import Network
from numpyzf.paper.figure5 import measure as figure5
from numpyzf.paper.figure5.measure import Sweep, measure
from numpyzf.runs import Run

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
    net = Network([("conv1", Conv(1, 1, 1)), ("pool", MaxPool(16, stride=16)),
                   ("flatten", Flatten()), ("fc", Linear(1, 2))], (1, 16, 16))
    net.parameters["conv1.w"][...] = 1
    net.parameters["fc.w"][:, 0] = 0.01, -0.01
    return Run(net, prepare, ())


def ruler():
    """The feature "row" is Σ row · pixel; class 0 if that is above 1900."""
    net = Network([("conv1", Conv(1, 1, 1)), ("flatten", Flatten()), ("row", Linear(256, 1)),
                   ("fc", Linear(1, 2))], (1, 16, 16))
    net.parameters["conv1.w"][...] = 1
    net.parameters["row.w"][0] = np.arange(16).repeat(16)
    net.parameters["fc.w"][0], net.parameters["fc.b"][0] = 1e-3, -1.9
    return Run(net, prepare, ())


def pixels():
    """conv1 are the pixels of an image 3×16×16."""
    net = Network([("conv1", Conv(3, 3, 1)), ("flatten", Flatten()), ("fc", Linear(768, 2))],
                  (3, 16, 16))
    net.parameters["conv1.w"][:, :, 0, 0] = np.eye(3)
    return Run(net, prepare, ())


def test_a_net_invariant_to_translation():
    result = measure(pooled(), blobs(), [0, 1], layers=("conv1", "flatten"),
                     amounts={"translation": SHIFTS})
    sweep = result.sweeps["translation"]
    unit = np.hypot(200, 100)                           # the distance of the two images
    moved = (SHIFTS != 0)[:, None] * np.sqrt(2) * np.array([200, 100]) / unit
    np.testing.assert_allclose(sweep.first, moved, rtol=1e-6)
    np.testing.assert_array_equal(sweep.last, 0)
    assert sweep.right[:, 0].all() and not sweep.right[:, 1].any()
    probability = [1 / (1 + np.exp(-4)), 1 / (1 + np.exp(2))]
    np.testing.assert_allclose(sweep.probability, np.broadcast_to(probability, (9, 2)), rtol=1e-5)
    assert figure5.smallest_step(sweep) == (pytest.approx(np.sqrt(2) * 150 / unit), 0)
    assert figure5.kept(sweep) == 1


def test_a_feature_that_is_linear_in_translation():
    result = measure(ruler(), blobs(), [0, 0], layers=("conv1", "row"),
                     amounts={"translation": SHIFTS})
    sweep = result.sweeps["translation"]
    np.testing.assert_array_equal(sweep.sizes, np.abs(SHIFTS))
    last = np.abs(SHIFTS)[:, None] * [200 / 800, 100 / 800]     # the rows differ by 1600 − 800
    np.testing.assert_allclose(sweep.last, last, rtol=1e-6)
    assert figure5.straightness(sweep.sizes, sweep.last.mean(axis=1)) == pytest.approx(1)
    assert figure5.straightness(sweep.sizes, sweep.first.mean(axis=1)) < 0.5
    right = SHIFTS >= 2                                 # 200 · (8 + 2) > 1900: down is positive
    np.testing.assert_array_equal(sweep.right[:, 0], right)
    np.testing.assert_allclose(sweep.probability[:, 0],
                               1 / (1 + np.exp(1.9 - 0.2 * (8 + SHIFTS))), rtol=1e-5)
    assert np.isnan(figure5.kept(sweep))                # nothing was right to begin with


def test_a_full_turn_and_what_looks_the_same_after_a_quarter():
    images = np.random.default_rng(0).integers(0, 256, (2, 1, 16, 16), dtype=np.uint8)
    images[0] = np.max([np.rot90(images[0], k, axes=(1, 2)) for k in range(4)], axis=0)
    amounts = {"rotation": np.array([0, 45, 90, 180, 270, 360])}
    result = measure(pooled(), images, [0, 0], layers=("conv1", "flatten"), amounts=amounts)
    sweep = result.sweeps["rotation"]
    same = sweep.first == 0
    np.testing.assert_array_equal(same[:, 0], [True, False, True, True, True, True])
    np.testing.assert_array_equal(same[:, 1], [True, False, False, False, False, True])
    assert sweep.sizes.tolist() == [0, 45, 90, 180, 90, 0]


def test_each_amount_belongs_to_its_transformation():
    images = np.random.default_rng(1).integers(0, 256, (3, 3, 16, 16), dtype=np.uint8)
    images[:, :, [0, -1]] = images[:, :, :, [0, -1]] = 7
    amounts = {"scale": [1, 1.5], "translation": [0, 3], "rotation": [0, 30]}
    result = measure(pixels(), images, [0, 1, 1], layers=("conv1", "flatten"), amounts=amounts)
    unit = figure5.mean_distance(images.reshape(3, -1).astype(float))
    moves = {"scale": (lambda x: transform.scale(x, 1.5, fill=7), 0.5),
             "translation": (lambda x: transform.translate(x, 3, fill=7), 3),
             "rotation": (lambda x: transform.rotate(x, 30, fill=7), 30)}
    assert list(result.sweeps) == list(amounts)
    for name, (move, size) in moves.items():
        sweep = result.sweeps[name]
        expected = [np.linalg.norm(move(x).astype(float) - x) / unit for x in images]
        np.testing.assert_allclose(sweep.first, [np.zeros(3), expected], rtol=1e-6)
        np.testing.assert_array_equal(sweep.sizes, [0, size])
        np.testing.assert_array_equal(sweep.amounts, amounts[name])


def test_what_comes_in_has_the_color_of_the_border():
    colors = np.uint8([[50, 90, 250], [5, 10, 15]])
    images = np.broadcast_to(colors[:, :, None, None], (2, 3, 16, 16)).copy()
    result = measure(pixels(), images, [0, 1], layers=("conv1", "flatten"))
    assert list(result.sweeps) == ["translation", "scale", "rotation"]
    for sweep in result.sweeps.values():
        assert (sweep.first == 0).all() and (sweep.last == 0).all()


def test_mean_distance_of_all_pairs():
    expected = (5 + 12 + np.hypot(3, 8)) / 3
    distance = figure5.mean_distance(np.array([[0.0, 0], [3, 4], [0, 12]]))
    assert distance == pytest.approx(expected)


@pytest.mark.parametrize("x, y, expected", [
    ([0, 1, 2, 3], [0, 2, 4, 6], 1),
    ([0, 1, 2], [0, 1, 4], 1 - 0.8 / (26 / 3)),         # slope 9/5
    ([0, 1, 2], [2, 0, 1], 1 - (5 - 0.8) / 2)])         # slope 2/5: worse than a constant
def test_straightness(x, y, expected):
    assert figure5.straightness(x, y) == pytest.approx(expected)


def test_no_straightness_without_change():
    assert np.isnan(figure5.straightness([0, 1, 2], [0, 0, 0]))


def sweep():
    """Three images at 0, ±1, 2.

    The first is always right, the second half the time; the third is wrong untransformed.
    """
    return Sweep(np.array([-1, 0, 1, 2]), np.array([1, 0, 1, 2]),
                 first=np.array([[1, 2, 3], [0, 0, 0], [3, 4, 5], [9, 9, 9]]),
                 last=np.array([[1, 1, 1], [0, 0, 0], [2, 2, 2], [9, 9, 9]]),
                 probability=np.array([[0.8, 0.3, 0.1], [0.8, 0.6, 0.0], [0.4, 0.3, 0.9],
                                       [0.6, 0.3, 0.9]]),
                 right=np.array([[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 0, 1]], bool))


def test_what_the_claims_rest_on():
    assert figure5.smallest_step(sweep()) == (3, 1.5)
    assert figure5.kept(sweep()) == pytest.approx(4 / 6)
    for chosen, expected in [([True, False, True], 0.6 / 0.8), ([True, True, False], 0.45 / 0.7)]:
        left = figure5.kept_probability(sweep(), np.array(chosen))
        assert left == pytest.approx(expected)
    assert np.isnan(figure5.kept_probability(sweep(), np.array([False, False, True])))


@pytest.mark.parametrize("side, shift", [(28, 8), (32, 8), (64, 16), (224, 56)])
def test_ranges_go_as_far_as_the_papers(side, shift):
    shifts = figure5.ranges(side)["translation"]
    assert len(shifts) == 17 and shifts[-1] == -shifts[0] == shift and shifts[8] == 0


def test_many_images_go_through_the_net_in_parts():
    images = np.random.default_rng(0).integers(0, 256, (7, 1, 16, 16), dtype=np.uint8)
    whole, parts = (figure5.features_and_scores(ruler(), images, ("conv1", "row"), batch=batch)
                    for batch in (7, 3))
    assert [array.shape for array in parts] == [(7, 256), (7, 1), (7, 2)]
    assert [array.dtype for array in parts] == [np.float64, np.float64, np.float32]
    for a, b in zip(whole, parts):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_the_last_layer_may_be_one_of_the_two():
    _, last, scores = figure5.features_and_scores(ruler(), blobs(), ("row", "fc"))
    np.testing.assert_array_equal(last, scores)


def test_refuses_too_few_images_and_other_labels():
    with pytest.raises(ValueError, match="two images.*1 images"):
        measure(pooled(), blobs()[:1], [0])
    with pytest.raises(ValueError, match="a label for each.*3 labels"):
        measure(pooled(), blobs(), [0, 1, 1])
