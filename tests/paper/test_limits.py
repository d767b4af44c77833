"""What a deconvnet does not tell you, on nets so small that every projection is known by construction."""
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from numpyzf.data.preprocess import center_crop
from numpyzf import plots
from numpyzf.deconvnet import project
from numpyzf.paper import limits, limits_claims, limits_draw
from numpyzf.paper.claims import DOES_NOT_HOLD, HOLDS
from numpyzf.layers import Conv, Flatten, Linear, MaxPool, ReLU
from numpyzf.network import Network

pytestmark = pytest.mark.small


def prepare(images):
    """The middle 2×2, from bytes 0 … 255 to −100 … 155."""
    return np.ascontiguousarray(center_crop(images, 2, 2), np.float32) - 100


def linear(rows=((1, 2, 3, 4), (1, 3, 2, 4), (4, 3, 2, 1))):
    """conv5 copies the 2×2 pixels, and a class score is a weighted sum of them: its gradient is the weights, whatever the image."""
    net = Network([("conv5", Conv(1, 1, 1)), ("flatten", Flatten()), ("fc8", Linear(4, 3))], (1, 2, 2))
    net.layers["conv5"].params["w"][...] = 1
    net.layers["fc8"].params["w"][...] = rows
    return net


def rectified():
    """Three maps of 2×2 pixels: x, −x and x − 1000, which is never on; pooled to their maxima, of which class 0 takes 2, −4 and 3."""
    net = Network([("conv5", Conv(1, 3, 1)), ("relu5", ReLU()), ("pool5", MaxPool(2, stride=2)), ("flatten", Flatten()),
                   ("fc8", Linear(3, 4))], (1, 2, 2))
    net.layers["conv5"].params["w"][:, 0, 0, 0] = 1, -1, 1
    net.layers["conv5"].params["b"][2] = -1000
    net.layers["fc8"].params["w"][0] = 2, -4, 3
    net.layers["fc8"].params["w"][1:] = [[1, 2, 3], [3, -2, 1], [-1, 1, 4]]
    return net


IMAGES = np.array([[[[105, 101], [102, 97]]], [[[103, 130], [98, 99]]]], np.uint8)       # 5 1 2 −3 and 3 30 −2 −1 for the net
LABELS = np.array([0, 0])
MASKS = np.array([[[1, 0], [0, 0]], [[0, 1], [0, 1]]], bool)


def computed(net, images=IMAGES, labels=LABELS, masks=MASKS, seed=0):
    return limits.compute(net, images, labels, masks, prepare, np.random.default_rng(seed))


def row(*values):
    """One picture of one channel."""
    return np.array(values, np.float32).reshape(1, 1, 1, -1)


# ---- measures -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("a, b, expected", [((1, 2, 3, 4), (1, 3, 2, 4), 0.8), ((1, 2, 3, 4), (4, 3, 2, 1), -1),
                                            ((1, -2, 3, 9), (-10, 20, 30, 31), 1),
                                            ((1, 1, 2, 3), (1, 2, 3, 4), 4.5 / np.sqrt(4.5 * 5)), ((2, 2, 2, -2), (1, 2, 3, 4), 0),
                                            ((0, 0, 0, 0), (1, 2, 3, 4), 0)])
def test_rank_correlation_of_strengths(a, b, expected):
    assert limits.rank_correlation(row(*a), row(*b)) == pytest.approx([expected])


def test_strength_is_the_length_over_channels():
    color = np.array([[[[3, 0]], [[4, 4.5]]]])          # strengths 5 and 4.5
    assert limits.rank_correlation(color, row(2, 1)) == pytest.approx([1])


def test_cosine_of_signed_pixels():
    assert limits.cosine(row(1, 0), row(1, 1)) == pytest.approx([np.sqrt(0.5)])
    assert limits.cosine(row(1, 2), row(-2, -4)) == pytest.approx([-1])
    assert limits.cosine(row(0, 0), row(1, 1)) == [0]
    np.testing.assert_allclose(limits.compare(row(1, 2, 3, 4), row(-1, 3, 2, 4)), [[0.8], [27 / 30]])


def test_inside_is_a_share_of_energy():
    p = np.zeros((3, 2, 2, 2))
    p[0, 0, 0, 0], p[0, 1, 1, 1] = 3, -4
    p[1, :, 0, 1] = 3, 4
    np.testing.assert_allclose(limits.inside(p, np.array([MASKS[0], MASKS[1], MASKS[0]])), [9 / 25, 1, 0])


def test_edges_are_where_brightness_changes():
    x = np.zeros((1, 2, 4, 4), np.float32)
    x[0, 0, :, 2:], x[0, 1, :, 2:] = 3, 4               # a step of length 5 between columns 1 and 2, half of it seen from each side
    np.testing.assert_allclose(limits.edges(x), np.broadcast_to([0, 2.5, 2.5, 0], (1, 1, 4, 4)))
    np.testing.assert_allclose(limits.edges(x.swapaxes(2, 3)), np.broadcast_to([[0], [2.5], [2.5], [0]], (1, 1, 4, 4)))


def test_strongest_units():
    y = np.zeros((2, 3, 2, 2))
    y[0, 2, 1, 0], y[1, 0, 0, 1], y[1, 1] = 5, 7, 6
    np.testing.assert_array_equal(limits.strongest_units(y), [[0, 2, 1, 0], [1, 0, 0, 1]])


# ---- nets that have forgotten ---------------------------------------------------------------------------------------

def test_randomize_changes_the_named_layers_only_and_not_the_net():
    net = rectified().initialize(np.random.default_rng(1))
    net.layers["fc8"].params["b"][:] = 5
    before = {name: value.copy() for name, value in net.parameters.items()}
    other = limits.randomize(net, ["fc8"], np.random.default_rng(0))
    for name, value in net.parameters.items():
        np.testing.assert_array_equal(value, before[name])
        assert np.array_equal(other.parameters[name], value) == (not name.startswith("fc8"))
        assert other.parameters[name].dtype == np.float32 and other.parameters[name].base is None
    assert not other.parameters["fc8.b"].any()
    again = limits.randomize(net, ["conv5", "fc8"], np.random.default_rng(0))
    np.testing.assert_array_equal(again.parameters["fc8.w"], other.parameters["fc8.w"])       # whatever else is noise
    assert not np.array_equal(again.parameters["conv5.w"], net.parameters["conv5.w"])


def test_noise_is_as_strong_as_the_weights_were():
    net = Network([("fc8", Linear(100, 100))], (100,))
    net.layers["fc8"].params["w"][...] = 7
    noise = limits.randomize(net, ["fc8"], np.random.default_rng(0)).parameters["fc8.w"]
    assert np.sqrt(np.mean(noise ** 2)) == pytest.approx(7, rel=0.05) and abs(noise.mean()) < 0.5


def test_randomize_refuses_layers_without_weights():
    with pytest.raises(ValueError, match="names has pool5, relu5; layers with weights are: conv5, fc8"):
        limits.randomize(rectified(), ["fc8", "relu5", "pool5"], np.random.default_rng(0))


def test_other_weights_go_down_by_the_same_switches():
    net, other = rectified(), rectified()
    other.layers["conv5"].params["w"][:, 0, 0, 0] = 10, 20, 30
    other.layers["fc8"].params["w"][...] = 1
    trace = net.forward(prepare(IMAGES))
    mixed = limits.with_weights(trace, other)
    np.testing.assert_array_equal(project(net, mixed, "fc8", unit=(0, 0), seed=1), [[[10 + 30, 0], [0, 20]]])
    np.testing.assert_array_equal(project(net, trace, "fc8", unit=(0, 0), seed=1), [[[2 + 3, 0], [0, 0]]])


# ---- what is compared -----------------------------------------------------------------------------------------------

def test_a_linear_net_shows_its_weights_whatever_the_image():
    """Deconvnet, gradient and guided are one, and another image's projection is the same."""
    result = computed(linear())
    np.testing.assert_allclose(result.top.another, 1)
    np.testing.assert_array_equal(result.top.pictures[:, 0], np.broadcast_to([[[1, 2], [3, 4]]], (3, 1, 2, 2)))
    np.testing.assert_allclose(result.top.inside[:, 0], np.broadcast_to([1 / 30, (4 + 16) / 30], (3, 2)))
    np.testing.assert_array_equal(result.rule_pictures, np.broadcast_to([[[1, 2], [3, 4]]], (8, 1, 2, 2)))


def test_classes_are_compared_with_the_true_one():
    result = computed(linear(), labels=np.array([0, 1]))
    np.testing.assert_allclose(result.classes[0], np.broadcast_to([(0.8 - 1) / 2, (0.8 - 0.8) / 2], (3, 2)), atol=1e-12)
    np.testing.assert_allclose(result.classes[1], np.broadcast_to([(29 + 20) / 60, (29 + 21) / 60], (3, 2)))
    np.testing.assert_array_equal(result.class_pictures[0, 2], [[[4, 3], [2, 1]]])


def test_orthogonal_classes_have_nothing_in_common():
    result = computed(linear(rows=((1, 1, 1, 1), (1, -1, 1, -1), (1, 1, -1, -1))))
    np.testing.assert_array_equal(result.classes[1], np.zeros((3, 2)))


def test_the_eight_rules_by_hand():
    """2 comes down to map 0, whose maximum is at the top left; −4 to map 1, at the bottom right; 3 to map 2, which is off everywhere.
    Without switches all of it goes to the bottom right, where only map 1 is on."""
    result = computed(rectified())
    expected = {(False, False, False): (0, 2 + 4 + 3), (False, False, True): (0, 2 + 3),
                (False, True, False): (2 + 3, 4), (False, True, True): (2 + 3, 0),
                (True, False, False): (0, 4), (True, False, True): (0, 0), (True, True, False): (2, 4), (True, True, True): (2, 0)}
    assert set(limits.EIGHT) == set(expected)
    for rule, picture in zip(limits.EIGHT, result.rule_pictures):
        np.testing.assert_array_equal(picture, [[[expected[rule][0], 0], [0, expected[rule][1]]]], err_msg=str(rule))
    shares = [expected[rule][0] ** 2 / max(1, sum(v ** 2 for v in expected[rule])) for rule in limits.EIGHT]
    np.testing.assert_allclose(result.rule_inside[:, 0], shares)
    assert [limits_draw.name(rule) for rule in ((False, True, True), (True, True, False), (True, True, True), (False, False, True))] == [
        "deconvnet", "gradient", "guided", "deconvnet, no switches"]


def test_ways_of_going_down():
    """Switches and weights of the trained net, or only one of the two, or none."""
    result = computed(rectified(), seed=4)
    assert limits.WAYS == ((True, True), (True, False), (False, True), (False, False))
    np.testing.assert_array_equal(result.way_pictures[:2], [[[[5, 0], [0, 0]]], [[[0, 0], [0, 5]]]])
    np.testing.assert_allclose(result.way_original[:, 0], 1)
    np.testing.assert_allclose(result.way_original[1, 1], 0)            # no pixel in common
    noise = limits.randomize(rectified(), ["conv5", "fc8"], np.random.default_rng(np.random.default_rng(4).integers(2 ** 32))).parameters
    left, turned, off = noise["conv5.w"].ravel() * np.maximum(noise["fc8.w"][0], 0)            # what comes down through each map
    assert (left + off) * turned != 0
    np.testing.assert_allclose(result.way_pictures[2:, 0], [[[left + off, 0], [0, turned]], [[0, 0], [0, left + turned + off]]], rtol=1e-6)
    np.testing.assert_allclose(result.way_inside[0], [1, 2 ** 2 / (3 ** 2 + 2 ** 2)])     # map 2 lets 3 down, off the second object


def test_a_cascade_goes_down_from_the_top(monkeypatch):
    asked = []
    monkeypatch.setattr(limits, "randomize", lambda net, names, rng: asked.append((list(names), int(rng.integers(1000)))) or net)
    net, x = rectified(), prepare(IMAGES)
    result = limits.cascade(net, x, "fc8", np.array([[0, 0], [1, 0]]), MASKS, seed=3)
    assert result.steps == ["fc8", "conv5"]
    assert [names for names, _ in asked] == [[], [], ["fc8"], ["fc8", "conv5"], ["conv5"]]
    assert len({number for _, number in asked}) == 1                    # the same noise each time
    np.testing.assert_allclose(result.together, 1)                      # no noise at all: all is as it was
    np.testing.assert_allclose(result.alone, 1)
    by_hand = (5 * 3) / (5 * np.hypot(3, 2))        # map 0's maxima are at different places; map 2 lets 3 down at the top left in both
    np.testing.assert_allclose(result.another[1], [[by_hand] * 2, [0, 0], [0, 0]])
    middle = limits.cascade(net, x, "conv5", np.array([[0, 0, 0, 0], [1, 0, 0, 1]]), MASKS, seed=3)
    assert middle.steps == ["conv5"] and middle.together.shape == (2, 3, 1, 2)
    np.testing.assert_array_equal(middle.pictures[:, 0], np.broadcast_to([[[1, 0], [0, 0]]], (3, 1, 2, 2)))     # seeded with 1, not with 5
    np.testing.assert_allclose(middle.inside, 1)


def test_noise_in_the_cascade_is_that_of_randomize():
    net, x = rectified(), prepare(IMAGES)
    result = limits.cascade(net, x, "fc8", np.array([[0, 0], [1, 0]]), MASKS, seed=3)
    for step, names in ((1, ["fc8"]), (2, ["fc8", "conv5"])):
        other = limits.randomize(net, names, np.random.default_rng(3))
        for rule, picture in zip(limits.NAMES, result.pictures[:, step]):
            np.testing.assert_array_equal(picture, project(other, other.forward(x), "fc8", unit=(0, 0), seed=1, rule=rule))
    other = limits.randomize(net, ["conv5"], np.random.default_rng(3))
    alone = project(other, other.forward(x), "fc8", unit=(1, 0), seed=1)
    trained = project(net, net.forward(x), "fc8", unit=(1, 0), seed=1)
    np.testing.assert_allclose(result.alone[:, 0, 1, 1], limits.compare(alone[None], trained[None])[:, 0])


def test_images_larger_than_the_net_are_seen_in_their_middle():
    wide = np.pad(IMAGES, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=255)
    masks = np.pad(MASKS, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    result, cropped = computed(rectified(), images=wide, masks=masks), computed(rectified())
    for name in "images", "masks", "edges", "rule_inside", "edge_inside":
        np.testing.assert_array_equal(getattr(result, name), getattr(cropped, name))


def test_refuses_one_image():
    with pytest.raises(ValueError, match="two images at least"):
        computed(rectified(), IMAGES[:1], LABELS[:1], MASKS[:1])


# ---- sentences ------------------------------------------------------------------------------------------------------

def test_lost_is_nearer_to_another_image_than_to_all():
    assert limits_claims.lost(np.array([0.5, 0.6, 0.7]), np.array([0.1, 0.1, 0.5])).tolist() == [True, False, True]


def filled(result, **values):
    """A Limits in which the numbers that claims rest on are set: by rule, deconvnet, gradient, guided; the cosine is half of the rank's."""
    def rules(array, numbers):
        numbers = array[0] * 0 + np.asarray(numbers).reshape(3, *(1,) * (array.ndim - 2))
        return np.stack([numbers, numbers / 2])
    top, middle = result.top, result.middle
    top = top._replace(another=rules(top.another, [0.1, 0.1, 0.1]), together=rules(top.together, values.get("top", [0.2] * 3)))
    middle = middle._replace(another=rules(middle.another, [0.3] * 3), together=rules(middle.together, values.get("middle", [0.2] * 3)))
    inside = top.inside * 0 + 0.7
    inside[0, -1] = values.get("noise_inside", 0.3)
    ways = result.way_original * 0 + np.reshape(values.get("ways", [1, 0.8, 0.2, 0.1]), (4, 1))
    classes = rules(result.classes, values.get("classes", [0.2] * 3))
    return result._replace(top=top._replace(inside=inside), middle=middle, classes=classes, way_original=ways)


def test_each_claim_rests_on_its_own_number():
    """The object is 3/8 of the images, so the middle between that and 70 % on the object is 54 %."""
    result = computed(rectified())
    def broken(**values):
        verdicts = [claim.verdict for claim in limits_claims.claims([filled(result), filled(result, **values)])]
        assert len(verdicts) == 11 and set(verdicts) <= {HOLDS, DOES_NOT_HOLD}
        return [i for i, verdict in enumerate(verdicts) if verdict == DOES_NOT_HOLD]
    assert broken() == []
    assert broken(top=[0.9, 0.9, 0.2]) == [0, 2] and broken(top=[0.2, 0.9, 0.9]) == [1, 3]
    assert broken(middle=[0.6, 0.6, 0.6]) == []         # another image's is 0.3 there, and not 0.1
    assert broken(middle=[0.9, 0.9, 0.2]) == [4] and broken(middle=[0.2, 0.9, 0.9]) == [5]
    assert broken(classes=[0.9, 0.9, 0.2]) == [6] and broken(classes=[0.2, 0.9, 0.9]) == [7]
    assert broken(ways=[1, 0.8, 0.6, 0.1]) == [8] and broken(ways=[1, 0.5, 0.2, 0.1]) == [9]
    assert broken(noise_inside=0.53) == [] and broken(noise_inside=0.55) == [10]


def test_the_first_claims_are_on_fc8_to_fc6_and_on_all():
    result = computed(rectified())
    lost, kept = np.full((2, 3, 1, 2), 0.2), np.full((2, 3, 1, 2), 0.9)
    for together, expected in (([kept, lost], [DOES_NOT_HOLD, HOLDS]), ([lost, kept], [HOLDS, DOES_NOT_HOLD])):
        changed = filled(result)
        changed = changed._replace(top=changed.top._replace(together=np.concatenate(together, axis=2)))
        assert [claim.verdict for claim in limits_claims.claims([changed])[0:4:2]] == expected


def test_tables():
    results = [filled(computed(rectified())), filled(computed(rectified()), top=[0.4, 0.6, 0.8])]
    assert limits_claims.layers(results)[1:] == [("fc8", "0.30, 0.15", "0.40, 0.20", "0.50, 0.25"),
                                                 ("fc8 … conv5", "0.30, 0.15", "0.40, 0.20", "0.50, 0.25"),
                                                 ("nothing, but another image", "0.10, 0.05", "0.10, 0.05", "0.10, 0.05")]
    assert limits_claims.classes(results)[1] == ("another class", "0.20, 0.10", "0.20, 0.10", "0.20, 0.10")
    rows = limits_claims.rules(results)
    assert len(rows) == 1 + 8 + 2 and {len(r) for r in rows} == {6}
    assert rows[1 + limits.EIGHT.index((False, True, True))][:4] == ("deconvnet", "no", "yes", "yes")
    assert rows[-1][-1] == "38 ± 0 % (2 seeds)"


# ---- pictures -------------------------------------------------------------------------------------------------------

def test_the_four_pictures():
    results = [computed(rectified()), computed(rectified(), seed=1)]
    cascades, classes, ways, rules = limits.draw(results, ("one", "two", "three", "four"))
    titles = [axes.get_title() for axes in cascades.axes]
    assert "trained net" in titles and "noise: fc8" in titles and "fc8 … conv5" in titles
    lower = [axes for axes in cascades.axes if not axes.images]
    assert [[text.get_text() for text in axes.get_xticklabels()] for axes in lower] == [["fc8", "conv5"], ["fc8", "conv5"], ["conv5"]]
    assert lower[0].get_ylabel() == "rank correlation\nwith the trained net's picture"
    assert [axes.get_title() for axes in classes.axes if axes.get_title()] == [
        "image", "one (true)", "two", "three", "four", "fc8 is noise", "its edges", "the object"]
    assert [axes.get_xlabel() for axes in (classes.axes[-1], ways.axes[-1])] == ["rank correlation with the\npicture of the true class",
                                                                                "similarity, or share"]
    assert sum(bool(axes.images) for axes in rules.axes) == 2 + 8
    shown = {axes.get_title().partition("\n")[::2]: axes.images[0].get_array() for axes in rules.axes[2:6]}       # the row with switches
    for name, choices, rule in (("deconvnet", "mask no, ReLU yes", (False, True, True)), ("gradient", "mask yes, ReLU no", (True, True, False)),
                                ("guided", "mask yes, ReLU yes", (True, True, True)), ("linear", "mask no, ReLU no", (False, True, False))):
        np.testing.assert_array_equal(shown[name, choices], plots.to_display(results[0].rule_pictures[limits.EIGHT.index(rule)]))
    for figure in (cascades, classes, ways, rules):
        assert figure.get_size_inches()[0] <= 9
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        for axes in figure.axes:
            box = axes.get_tightbbox(canvas.get_renderer())
            assert -1 <= box.x0 and box.x1 <= figure.bbox.x1 + 1 and -1 <= box.y0 and box.y1 <= figure.bbox.y1 + 1, axes.get_title()
