"""Occlusion gives what the plain loop gives, one covered image after the other.

And where the answer is known by construction, it gives that.
"""
import re

import numpy as np
import pytest

from numpyzf import models
from numpyzf.layers import ContrastNorm, Conv, Dropout, Flatten, Linear, MaxPool, ReLU
from numpyzf.look import occlusion
from numpyzf.look.occlusion import occlude, places, reach
from numpyzf.network import Network

small = pytest.mark.small


class Average:
    """A layer that occlusion.py has never heard of: the mean of 3×3 places, one apart."""
    params, window = {}, (3, 1, 0)

    def output_shape(self, shape):
        return shape[0], shape[1] - 2, shape[2] - 2

    def forward(self, x, train=False, rng=None):
        windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
        return np.ascontiguousarray(windows.mean(axis=(-1, -2))), None


def build(layers, input_shape, bias=0.0):
    """A net in float64 with random weights and biases.

    A bias around −5 makes negative maps, where zeros can't pass for padding.
    """
    named = [(f"layer{i}", layer) for i, layer in enumerate(layers, 1)]
    net = Network(named, input_shape).astype(np.float64)
    rng = np.random.default_rng(0)
    for name, value in net.parameters.items():
        value[...] = rng.standard_normal(value.shape) + (bias if name.endswith(".b") else 0)
    return net


NETS = {
    "the paper's stages": build([Conv(2, 3, 5, stride=2, pad=1), ReLU(),
                                 MaxPool(3, stride=2, ceil=True),
                                 ContrastNorm(size=3, alpha=0.5), Conv(3, 4, 3, pad=1), ReLU(),
                                 MaxPool(2, stride=2, ceil=True), Flatten(),
                                 Linear(4 * 4 * 3, 6), ReLU(), Dropout(), Linear(6, 3)],
                                (2, 29, 25)),
    "without pools": build([Conv(1, 3, 4, stride=2), ReLU(), Conv(3, 2, 3),
                            Conv(2, 2, 2, stride=2), Flatten(), Linear(2 * 2 * 4, 4)],
                           (1, 17, 25)),
    "gaps between windows": build([Conv(2, 3, 2, stride=5), MaxPool(1, stride=2), Flatten(),
                                   Linear(3 * 3 * 2, 4)], (2, 23, 19)),
    "maximum of negative values": build([Conv(1, 2, 3, pad=1), MaxPool(3, stride=2, pad=1),
                                         MaxPool(3, stride=2, ceil=True), Conv(2, 2, 3, pad=1)],
                                        (1, 22, 18), bias=-5.0),
    "more padding than filter": build([Conv(1, 2, 3, stride=2, pad=4), ReLU(),
                                       MaxPool(2, stride=2), Flatten(), Linear(2 * 4 * 5, 3)],
                                      (1, 11, 13)),
    "one pixel wide filters": build([Conv(2, 3, 1), ReLU(), Conv(3, 2, 1, stride=3), Flatten(),
                                     Linear(2 * 3 * 4, 3)], (2, 7, 11)),
    "maps at the end, too": build([Conv(2, 3, 3, stride=2, pad=1), ReLU()], (2, 31, 28)),
    "a layer of another kind": build([Conv(1, 2, 3), ReLU(), Average(), Conv(2, 2, 3, pad=1),
                                      Flatten(), Linear(2 * 9 * 6, 3)], (1, 13, 10)),
    "no window at all": build([Flatten(), Linear(2 * 5 * 4, 3)], (2, 5, 4)),
}
SQUARES = {     # size, tops, lefts
    "inside": (3, [0, 1, 2, 3], [0, 1]),
    "hanging over the edges": (4, [-6, -3, -1, 2, 9, 15, 28, 40], [-2, 3, 16, 22]),
    "one place": (2, [1], [2]),
    "one pixel": (1, [0, 4, 6], [3, 2]),
    "the whole image": (40, [0, -11, 3], [0, -1, 5]),
    "its whole width": (11, [-1, 0, 2, 12], [0, 1]),
}


def plain(net, image, size, tops, lefts, value=0.0, sums=()):
    """The specification: cover a copy of the image, run the net, for one place after the other."""
    scores, totals = [], {name: [] for name in sums}
    if np.ndim(value) < 3:
        value = np.reshape(value, (-1, 1, 1))
    cover = np.broadcast_to(value, image.shape)
    for top in tops:
        for left in lefts:
            covered = image.copy()
            rows = slice(max(top, 0), max(top + size, 0))
            columns = slice(max(left, 0), max(left + size, 0))
            covered[:, rows, columns] = cover[:, rows, columns]
            trace = net.forward(covered[None])
            scores.append(trace.scores[0])
            for name in sums:
                totals[name].append(trace[name][0].sum(axis=(1, 2), dtype=np.float64))
    shape = len(tops), len(lefts)
    return (np.reshape(scores, (*shape, *np.shape(scores)[1:])),
            {name: np.reshape(total, (*shape, -1)) for name, total in totals.items()})


def check(net, image, size, tops, lefts, value=0.0):
    maps = [name for name in net.layers if len(net.shapes[name]) == 3]
    found = occlude(net, image, size=size, tops=tops, lefts=lefts, value=value, sums=maps)
    scores, sums = plain(net, image, size, tops, lefts, value, maps)
    tolerance = {np.float64: 1e-12, np.float32: 1e-5}[image.dtype.type]
    assert found.scores.dtype == image.dtype and list(found.sums) == maps
    pairs = [(found.scores, scores), *((found.sums[name], sums[name]) for name in maps)]
    for actual, expected in pairs:
        assert actual.shape == expected.shape
        atol = tolerance * np.abs(expected).max()
        np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)
    return found


def draw(net, seed=1):
    return np.random.default_rng(seed).standard_normal(net.input_shape).astype(net.dtype)


# ---- the plain loop ----------------------------------------------------------------------------

@pytest.mark.parametrize("squares", SQUARES)
@pytest.mark.parametrize("title", NETS)
def test_the_numbers_are_those_of_the_plain_loop(title, squares):
    net = NETS[title]
    found = check(net, draw(net), *SQUARES[squares], value=3)
    if squares == "inside":
        # it does matter where the square lies
        assert np.ptp(found.scores, axis=(0, 1)).max() > 0.1


@pytest.mark.parametrize("title", NETS)
def test_in_float32_too(title):
    net = NETS[title].astype(np.float32)
    check(net, draw(net), *SQUARES["hanging over the edges"], value=3)


@pytest.mark.parametrize("value", [0, -3.5, [1.5, -2.0], "of each pixel"], ids=str)
def test_what_the_square_is_filled_with(value):
    net = NETS["the paper's stages"]
    if value == "of each pixel":
        value = draw(net, seed=2)
    check(net, draw(net), *SQUARES["hanging over the edges"], value=value)


@pytest.mark.parametrize("input_shape", [(1, 28, 28), (3, 32, 32)], ids=str)
def test_small_images_where_all_of_the_upper_maps_changes(input_shape):
    net = models.labnet(input_shape=input_shape).initialize(np.random.default_rng(0))
    net = net.astype(np.float64)
    assert reach(net, 8)["conv4"] == net.shapes["conv4"][1:]
    check(net, 10 * draw(net), 8, places(input_shape[1], 8, 3), [-4, 7, input_shape[2] - 4])


def test_a_square_filled_with_what_it_covers_changes_nothing():
    net = NETS["the paper's stages"]
    image = draw(net)
    found = occlude(net, image, size=9, tops=[-2, 0, 13], lefts=[1, 20], value=image,
                    sums=["layer5"])
    trace = net.forward(image)
    scores = np.broadcast_to(trace.scores[0], (3, 2, 3))
    sums = np.broadcast_to(trace["layer5"][0].sum(axis=(1, 2)), (3, 2, 4))
    np.testing.assert_allclose(found.scores, scores, rtol=1e-12)
    np.testing.assert_allclose(found.sums["layer5"], sums, rtol=1e-12)


# ---- an answer known by construction -----------------------------------------------------------

def covered(corners, size, start, stop):
    """How many of the pixels from start to stop lie in a square that begins at each corner."""
    return np.array([len(set(range(corner, corner + size)) & set(range(start, stop)))
                     for corner in corners])


@small
def test_the_score_drops_where_the_square_covers_what_the_net_looks_at_and_by_how_much():
    """The net adds up the pixels of rows 5–8, columns 2–5, all 1: a covered pixel costs 1.

    A second class sees nothing.
    """
    net = Network([("conv1", Conv(1, 1, 4)), ("relu1", ReLU()), ("flatten", Flatten()),
                   ("fc2", Linear(9 * 7, 2))], (1, 12, 10))
    net.parameters["conv1.w"][...] = 1
    net.parameters["fc2.w"][0, 5 * 7 + 2] = 1
    tops, lefts = [-2, 0, 3, 4, 6, 8, 9], [-3, -1, 1, 3, 5, 6, 9]
    found = occlude(net, np.ones((1, 12, 10), np.float32), size=3, tops=tops, lefts=lefts,
                    sums=["conv1"])
    expected = 16 - np.outer(covered(tops, 3, 5, 9), covered(lefts, 3, 2, 6))
    assert expected.min() == 7 and expected.max() == 16             # 9 pixels covered, and none
    np.testing.assert_array_equal(found.scores[..., 0], expected)
    np.testing.assert_array_equal(found.scores[..., 1], 0)
    # 9·7 windows of 16 pixels; each covered pixel lies in up to 16 of them
    rows = sum(covered(tops, 3, start, start + 4) for start in range(9))
    columns = sum(covered(lefts, 3, start, start + 4) for start in range(7))
    np.testing.assert_array_equal(found.sums["conv1"][..., 0], 16 * 63 - np.outer(rows, columns))


# ---- only what the mask changes ----------------------------------------------------------------

def changed(net, image, size, top, left):
    """{layer: (rows, columns)}: the smallest box of all that a square changes, by two passes."""
    other = image.copy()
    other[:, top:top + size, left:left + size] += 10
    before, after = (net.forward(x[None]) for x in (image, other))
    sides = {}
    for name in reach(net, size):
        units = np.argwhere((np.abs(after[name] - before[name]) > 1e-6).any(axis=(0, 1)))
        sides[name] = tuple(np.ptp(units, axis=0) + 1) if len(units) else (0, 0)
    return sides


def test_reach_is_all_that_a_square_changes_somewhere_and_no_more():
    """Weights and pixels are positive, and the square adds much: nothing is lost on the way."""
    net = Network([("conv1", Conv(1, 1, 5, stride=2, pad=1)), ("relu1", ReLU()),
                   ("pool1", MaxPool(3, stride=2, ceil=True)), ("norm1", ContrastNorm()),
                   ("conv2", Conv(1, 2, 3, pad=1)), ("conv3", Conv(2, 1, 2, stride=3))],
                  (1, 60, 49))
    net = net.astype(np.float64)
    for value in net.parameters.values():
        value[...] = np.random.default_rng(0).uniform(0.5, 1.5, value.shape)
    image = np.random.default_rng(1).uniform(1, 2, net.input_shape)
    found = [changed(net, image, 7, top, left)
             for top in range(18, 30) for left in range(12, 24)]
    for name, side in reach(net, 7).items():
        assert tuple(np.max([sides[name] for sides in found], axis=0)) == side, name
    assert list(reach(net, 7)) == list(net.layers)


def test_layers_get_no_more_than_the_reach_and_what_it_looks_at(monkeypatch):
    net, shapes = NETS["the paper's stages"], []
    for kind in (Conv, MaxPool, Linear):
        def forward(self, x, *rest, own=kind.forward, **named):
            y = own(self, x, *rest, **named)
            shapes.append((x.shape, y[0].shape))
            return y
        monkeypatch.setattr(kind, "forward", forward)
    occlude(net, draw(net), size=5, tops=[0, 8, 20], lefts=[-1, 9])
    sides = reach(net, 5)
    layers = "layer1", "layer3", "layer5", "layer7"
    assert [sides[name] for name in layers] == [(5, 5), (4, 4), (6, 6), (4, 3)]
    assert shapes[-6:] == [((6, 2, 13, 13), (6, 3, 5, 5)), ((6, 3, 9, 9), (6, 3, 4, 4)),
                           ((6, 3, 8, 8), (6, 4, 6, 6)), ((6, 4, 8, 6), (6, 4, 4, 3)),
                           ((6, 48), (6, 6)), ((6, 6), (6, 3))]


@pytest.mark.parametrize("places_at_once", [0, 1, 3, 5])
def test_few_places_at_once_where_memory_is_short_give_the_same(places_at_once, monkeypatch):
    net, counts = NETS["the paper's stages"], []
    image = draw(net)
    arguments = dict(size=5, tops=[0, 8, 20], lefts=[-1, 4, 9], sums=("layer1", "layer7"))
    expected = occlude(net, image, **arguments)
    # what layer1 and layer3 look at, what layer5 gives
    largest = max(2 * 13 * 13, 3 * 9 * 9, 4 * 6 * 6)
    monkeypatch.setattr(occlusion, "CHUNK_NBYTES", places_at_once * largest * 8)
    own = Linear.forward
    monkeypatch.setattr(Linear, "forward", lambda self, x, *rest, **named:
                        counts.append(len(x)) or own(self, x, *rest, **named))
    found = occlude(net, image, **arguments)
    assert max(counts) == max(places_at_once, 1) and sum(counts) == 2 * (9 + 1)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-12)
    for name in ("layer1", "layer7"):
        np.testing.assert_allclose(found.sums[name], expected.sums[name], rtol=1e-12)


def test_image_and_net_stay_as_they_are():
    net = NETS["the paper's stages"]
    image, value = draw(net), draw(net, seed=2)
    before = image.copy(), value.copy()
    windows = [layer.window for layer in net.layers.values()]
    arguments = dict(size=5, tops=[0, 8], lefts=[-1, 4])
    expected, sums = occlude(net, image, value=value, sums=iter(["layer1"]), **arguments)
    assert sums["layer1"].shape == (2, 2, 3)
    np.testing.assert_array_equal((image, value), before)
    assert [layer.window for layer in net.layers.values()] == windows
    image.flags.writeable = value.flags.writeable = False
    np.testing.assert_array_equal(occlude(net, image, value=value, **arguments).scores, expected)


# ---- places, and what is refused ---------------------------------------------------------------

@small
def test_places_go_evenly_from_edge_to_edge():
    assert places(10, 4, 3).tolist() == [0, 3, 6] and places(10, 10, 1).tolist() == [0]
    assert places(9, 4, 1).tolist() == [2] and places(28, 8, 21).tolist() == list(range(21))
    for n, size, count in ((224, 32, 30), (28, 7, 9), (50, 1, 50)):
        found = places(n, size, count)
        assert (len(found), found[0], found[-1]) == (count, 0, n - size)
        assert np.ptp(np.diff(found)) <= 1 and np.diff(found).min() > 0


COUNT = "the number of places of 4 pixels along 10 must"


@small
@pytest.mark.parametrize("arguments, error, words", [
    ((10, 4, 8), ValueError, f"{COUNT} lie between 1 and 7, not 8"),
    ((10, 4, 0), ValueError, f"{COUNT} lie between 1 and 7, not 0"),
    ((10, 4, 2.5), TypeError, f"{COUNT} be an integer, not 2.5"),
    ((10, 11, 1), ValueError, "a window of size 11 is larger than the padded input"),
    ((10, 0, 3), ValueError, "size must be at least 1, not 0"),
], ids=str)
def test_places_say_what_is_wrong(arguments, error, words):
    with pytest.raises(error, match=re.escape(words)):
        places(*arguments)


@pytest.mark.parametrize("arguments, error, words", [
    ({"image": np.zeros((2, 29, 24))}, ValueError,
     "image has shape (2, 29, 24), this network takes (2, 29, 25)"),
    ({"image": np.zeros((1, 2, 29, 25))}, ValueError, "image must have 3 axes (CHW), not 4"),
    ({"image": np.zeros((2, 29, 25), np.float32)}, TypeError,
     "image is float32, but the other arrays of this call are float64; "
     "convert it with image.astype(np.float64)"),
    ({"image": np.full((2, 29, 25), np.nan)}, ValueError,
     "image 0 of x holds NaN or infinite values"),
    ({"image": [[0.0]]}, TypeError, "image must be a NumPy array, not list"),
    ({"size": 0}, ValueError, "size must be at least 1, not 0"),
    ({"size": (3, 3)}, TypeError, "size must be an integer, not (3, 3)"),
    ({"size": True}, TypeError, "size must be an integer, not True"),
    ({"tops": 3}, ValueError,
     "tops must be a sequence of one or more integers, not int64 of shape ()"),
    ({"tops": []}, ValueError,
     "tops must be a sequence of one or more integers, not float64 of shape (0,)"),
    ({"lefts": [[1, 2]]}, ValueError,
     "lefts must be a sequence of one or more integers, not int64 of shape (1, 2)"),
    ({"lefts": [0.5]}, ValueError,
     "lefts must be a sequence of one or more integers, not float64 of shape (1,)"),
    ({"value": np.zeros(3)}, ValueError,
     "value has shape (3,); it must be a number, or of shape (2,) or (2, 29, 25)"),
    ({"value": np.inf}, ValueError, "value must be finite, as float64"),
    ({"value": "gray"}, TypeError, "value must hold numbers"),
    ({"sums": ["conv9"]}, ValueError,
     "sums names 'conv9', which is no layer with maps; these are: layer1"),
    ({"sums": ["input"]}, ValueError, "sums names 'input', which is no layer with maps"),
    ({"sums": ["layer1", "layer9"]}, ValueError,
     "sums names 'layer9', which is no layer with maps; "
     "these are: layer1, layer2, layer3, layer4, layer5, layer6, layer7"),
    ({"sums": [None]}, ValueError, "sums names None, which is no layer with maps"),
    ({"sums": "layer1"}, TypeError,
     "sums must be a sequence of layer names, such as ('layer1',), not one string"),
], ids=str)
def test_occlude_says_what_is_wrong(arguments, error, words):
    net = NETS["the paper's stages"]
    with pytest.raises(error, match=re.escape(words)):
        occlude(net, **{"image": draw(net), "size": 3, "tops": [0], "lefts": [0], **arguments})
