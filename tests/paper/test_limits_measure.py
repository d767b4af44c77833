"""What a deconvnet does not tell you, in numbers: every projection is known by construction."""
import numpy as np
import pytest
from limits_nets import IMAGES, LABELS, MASKS, linear, measured, prepare, rectified

from numpyzf.deconvnet import RULES, Rule, project
from numpyzf.layers import Linear
from numpyzf.network import Network
from numpyzf.paper.limits import measure

pytestmark = pytest.mark.small
CLASS_0 = np.array([[0, 0], [1, 0]])        # the score of class 0 of both images


def row(*values):
    """One picture of one channel."""
    return np.array(values, np.float32).reshape(1, 1, 1, -1)


def everywhere(value, *shape):
    """The same picture, or number, at every place of the leading axes."""
    return np.broadcast_to(value, shape + np.shape(value))


# ---- measures -----------------------------------------------------------------------------------

def test_similarity_is_rank_correlation_and_cosine():
    found = measure.similarity(row(1, 2, 3, 4), row(-1, 3, 2, 4))
    np.testing.assert_allclose(found[measure.RANK], [0.8])
    np.testing.assert_allclose(found[measure.COSINE], [27 / 30])


def test_edges_are_where_brightness_changes():
    """A step of length 5 between columns 1 and 2, half of it seen from each side."""
    x = np.zeros((1, 2, 4, 4), np.float32)
    x[0, 0, :, 2:], x[0, 1, :, 2:] = 3, 4
    expected = everywhere([0, 2.5, 2.5, 0], 1, 1, 4)
    np.testing.assert_allclose(measure.edges(x), expected)
    np.testing.assert_allclose(measure.edges(x.swapaxes(2, 3)), expected.swapaxes(2, 3))


def test_strongest_units():
    y = np.zeros((2, 3, 2, 2))
    y[0, 2, 1, 0], y[1, 0, 0, 1], y[1, 1] = 5, 7, 6
    np.testing.assert_array_equal(measure.strongest_units(y), [[0, 2, 1, 0], [1, 0, 0, 1]])


# ---- nets that have forgotten -------------------------------------------------------------------

def test_randomize_changes_the_named_layers_only_and_not_the_net():
    net = rectified().initialize(np.random.default_rng(1))
    net.layers["fc8"].params["b"][:] = 5
    before = {name: value.copy() for name, value in net.parameters.items()}
    other = measure.randomize(net, ["fc8"], np.random.default_rng(0))
    for name, value in net.parameters.items():
        np.testing.assert_array_equal(value, before[name])
        assert np.array_equal(other.parameters[name], value) == (not name.startswith("fc8"))
        assert other.parameters[name].dtype == np.float32 and other.parameters[name].base is None
    assert not other.parameters["fc8.b"].any()
    again = measure.randomize(net, ["conv5", "fc8"], np.random.default_rng(0))
    # the same noise, whatever else is noise
    np.testing.assert_array_equal(again.parameters["fc8.w"], other.parameters["fc8.w"])
    assert not np.array_equal(again.parameters["conv5.w"], net.parameters["conv5.w"])


def test_noise_is_as_strong_as_the_weights_were():
    net = Network([("fc8", Linear(100, 100))], (100,))
    net.layers["fc8"].params["w"][...] = 7
    noise = measure.randomize(net, ["fc8"], np.random.default_rng(0)).parameters["fc8.w"]
    assert np.sqrt(np.mean(noise ** 2)) == pytest.approx(7, rel=0.05) and abs(noise.mean()) < 0.5


def test_randomize_refuses_layers_without_weights():
    message = "names has pool5, relu5; layers with weights are: conv5, fc8"
    with pytest.raises(ValueError, match=message):
        measure.randomize(rectified(), ["fc8", "relu5", "pool5"], np.random.default_rng(0))


def test_other_weights_go_down_by_the_same_switches():
    net, other = rectified(), rectified()
    other.layers["conv5"].params["w"][:, 0, 0, 0] = 10, 20, 30
    other.layers["fc8"].params["w"][...] = 1
    trace = net.forward(prepare(IMAGES))
    mixed = measure.with_weights(trace, other)
    np.testing.assert_array_equal(project(net, mixed, "fc8", unit=(0, 0), seed=1),
                                  [[[10 + 30, 0], [0, 20]]])
    np.testing.assert_array_equal(project(net, trace, "fc8", unit=(0, 0), seed=1),
                                  [[[2 + 3, 0], [0, 0]]])


# ---- what is compared ---------------------------------------------------------------------------

def test_a_linear_net_shows_its_weights_whatever_the_image():
    """Deconvnet, gradient and guided are one, and another image's projection is the same."""
    result, weights = measured(linear()), [[[1, 2], [3, 4]]]
    scores = result.class_score
    np.testing.assert_allclose(scores.other_image, 1)
    np.testing.assert_array_equal(scores.pictures[:, 0], everywhere(weights, 3))
    np.testing.assert_allclose(scores.inside[:, 0], everywhere([1 / 30, (4 + 16) / 30], 3))
    np.testing.assert_array_equal(result.eight.pictures, everywhere(weights, 8))


def test_classes_are_compared_with_the_true_one():
    result = measured(linear(), labels=np.array([0, 1]))
    ranks, cosines = result.classes[measure.RANK], result.classes[measure.COSINE]
    np.testing.assert_allclose(ranks, everywhere([(0.8 - 1) / 2, (0.8 - 0.8) / 2], 3), atol=1e-12)
    np.testing.assert_allclose(cosines, everywhere([(29 + 20) / 60, (29 + 21) / 60], 3))
    np.testing.assert_array_equal(result.class_pictures[0, 2], [[[4, 3], [2, 1]]])


def test_orthogonal_classes_have_nothing_in_common():
    result = measured(linear(rows=((1, 1, 1, 1), (1, -1, 1, -1), (1, 1, -1, -1))))
    np.testing.assert_array_equal(result.classes[measure.COSINE], np.zeros((3, 2)))


def test_the_eight_rules_by_hand():
    """2 comes down to map 0, whose maximum is at the top left; −4 to map 1, at the bottom right;
    3 to map 2, which is off everywhere. Without switches all of it goes to the bottom right, where
    only map 1 is on."""
    result = measured(rectified())
    expected = {                        # top left and bottom right, by (mask, switches, ReLU)
        (False, False, False): (0, 2 + 4 + 3), (False, False, True): (0, 2 + 3),
        (False, True, False): (2 + 3, 4), (False, True, True): (2 + 3, 0),
        (True, False, False): (0, 4), (True, False, True): (0, 0),
        (True, True, False): (2, 4), (True, True, True): (2, 0)}
    assert set(measure.EIGHT) == {Rule(*choices) for choices in expected}
    pictures = result.eight.pictures
    for rule, picture, share in zip(measure.EIGHT, pictures, result.eight.inside[:, 0]):
        left, right = expected[rule.forward_mask, rule.switches, rule.backward_relu]
        np.testing.assert_array_equal(picture, [[[left, 0], [0, right]]], err_msg=str(rule))
        assert share == pytest.approx(left ** 2 / max(1, left ** 2 + right ** 2))
    assert {rule: measure.EIGHT.index(RULES[rule]) for rule in RULES} == {
        "deconvnet": 3, "gradient": 6, "guided": 7}


def test_ways_of_going_down():
    """Switches and weights of the trained net, or only one of the two, or none."""
    result = measured(rectified(), seed=4)
    pictures = result.ways.pictures
    assert measure.WAYS == ((True, True), (True, False), (False, True), (False, False))
    np.testing.assert_array_equal(pictures[:2], [[[[5, 0], [0, 0]]], [[[0, 0], [0, 5]]]])
    np.testing.assert_allclose(result.way_similarities[:, 0], 1)
    # no pixel in common
    np.testing.assert_allclose(result.way_similarities[measure.COSINE, 1], 0)
    seed = np.random.default_rng(4).integers(2 ** 32)
    noise = measure.randomize(rectified(), ["conv5", "fc8"], np.random.default_rng(seed)).parameters
    # what comes down through each map
    left, turned, off = noise["conv5.w"].ravel() * np.maximum(noise["fc8.w"][0], 0)
    assert (left + off) * turned != 0
    np.testing.assert_allclose(pictures[2, 0], [[left + off, 0], [0, turned]], rtol=1e-6)
    np.testing.assert_allclose(pictures[3, 0], [[0, 0], [0, left + turned + off]], rtol=1e-6)
    # in the second image, map 2 lets 3 down, off the object
    np.testing.assert_allclose(result.ways.inside[0], [1, 2 ** 2 / (3 ** 2 + 2 ** 2)])


def test_similarity_with_the_edges():
    """The first image's edges are strongest at the bottom right, then bottom left, then top right.

    So are the weights 1 2 3 4, which are the picture by every rule.
    """
    result = measured(linear())
    # slopes, vertical and horizontal, from pixel to pixel: −3 −4, −4 −4, −3 −5, −4 −5
    np.testing.assert_allclose(result.edges[0, 0] ** 2, [[25, 32], [34, 41]], rtol=1e-6)
    np.testing.assert_allclose(result.eight.edges[:, 0], 1)
    assert result.edges_inside[0] == pytest.approx(25 / (25 + 32 + 34 + 41))


def test_a_cascade_goes_down_from_the_top(monkeypatch):
    asked, numbers = [], set()

    def randomize(net, names, rng):
        asked.append(list(names))
        numbers.add(int(rng.integers(1000)))
        return net
    monkeypatch.setattr(measure, "randomize", randomize)
    net, x = rectified(), prepare(IMAGES)
    result = measure.cascade(net, x, "fc8", CLASS_0, MASKS, seed=3)
    assert result.steps == ["fc8", "conv5"]
    assert sorted(asked) == [[], [], ["conv5"], ["fc8"], ["fc8", "conv5"]]
    assert len(numbers) == 1                                    # the same noise each time
    np.testing.assert_allclose(result.down_to_layer, 1)         # no noise at all: all is as it was
    np.testing.assert_allclose(result.one_layer, 1)
    # map 0's maxima are at different places; map 2 lets 3 down at the top left in both
    by_hand = (5 * 3) / (5 * np.hypot(3, 2))
    np.testing.assert_allclose(result.other_image[measure.COSINE], [[by_hand] * 2, [0, 0], [0, 0]])
    units = np.array([[0, 0, 0, 0], [1, 0, 0, 1]])
    conv5 = measure.cascade(net, x, "conv5", units, MASKS, seed=3)
    assert conv5.steps == ["conv5"] and conv5.down_to_layer.shape == (2, 3, 1, 2)
    # seeded with 1, not with 5
    np.testing.assert_array_equal(conv5.pictures[:, 0], everywhere([[[1, 0], [0, 0]]], 3))
    np.testing.assert_allclose(conv5.inside, 1)


def test_noise_in_the_cascade_is_that_of_randomize():
    net, x = rectified(), prepare(IMAGES)
    result = measure.cascade(net, x, "fc8", CLASS_0, MASKS, seed=3)
    for step, names in ((1, ["fc8"]), (2, ["fc8", "conv5"])):
        other = measure.randomize(net, names, np.random.default_rng(3))
        for rule, picture in zip(RULES, result.pictures[:, step]):
            expected = project(other, other.forward(x), "fc8", unit=(0, 0), seed=1, rule=rule)
            np.testing.assert_array_equal(picture, expected)
    other = measure.randomize(net, ["conv5"], np.random.default_rng(3))
    noise = project(other, other.forward(x), "fc8", unit=(1, 0), seed=1)
    trained = project(net, net.forward(x), "fc8", unit=(1, 0), seed=1)
    deconvnet, conv5, second_image = 0, 1, 1
    np.testing.assert_allclose(result.one_layer[:, deconvnet, conv5, second_image],
                               measure.similarity(noise[None], trained[None])[:, 0])


def test_images_larger_than_the_net_are_seen_in_their_middle():
    wide = np.pad(IMAGES, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=255)
    masks = np.pad(MASKS, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    result, cropped = measured(rectified(), images=wide, masks=masks), measured(rectified())
    for name in ("images", "masks", "edges", "edges_inside"):
        np.testing.assert_array_equal(getattr(result, name), getattr(cropped, name))
    np.testing.assert_array_equal(result.eight.inside, cropped.eight.inside)


def test_refuses_one_image():
    with pytest.raises(ValueError, match="two images at least"):
        measured(rectified(), IMAGES[:1], LABELS[:1], MASKS[:1])
