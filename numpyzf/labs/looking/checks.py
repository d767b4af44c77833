"""What each task of the looking lab is judged by."""
import numpy as np

from ... import functional
from ...data.transform import translate
from ...layers import Flatten, Linear
from ...look import many, occlusion
from ...network import Network
from ...paper.table1 import measure as table1
from ..inputs import distinct, normal, signed
from ..tasks import Check, Task


# ---- the right functions, with the contract's arguments ------------------------------------------

def top_units(y, k):
    """The library's answer to task 1.1."""
    none = many.Top(np.empty((y.shape[1], 0), y.dtype), np.empty((y.shape[1], 0, 4), np.int64))
    return tuple(many.merge(none, y, 0, k))


def cover(image, top, left, size, value):
    """The library's answer to task 2.1."""
    return table1.cover(image[None], [(top, left)], size, value)[0]


def occlusion_of(net):
    """The library's answer to task 2.3, for the net that `predict` asks."""
    def occlusion_map(predict, image, label, *, size, tops, lefts, value=0.0):
        scores = occlusion.occlude(net, image, size=size, tops=tops, lefts=lefts,
                                   value=value).scores
        return functional.softmax(scores.reshape(-1, scores.shape[2]))[:, label].reshape(
            scores.shape[:2])
    return occlusion_map


def shift_curve(features, image, shifts):
    """The library's answer to task 3.1: its `translate`, and a norm."""
    still = features(image[None])
    return np.array([np.linalg.norm(features(translate(image, down)[None]) - still)
                     for down in shifts])


def correspondence(before, after):
    """The library's answer to task 4.1."""
    return table1.disagreement(table1.change_signs(before, after).reshape(len(before), -1))


# ---- 1.1 top_units -------------------------------------------------------------------------------

def lonely(rng, shape):
    """Units of one map, one of which is the strongest; all others of its image are below zero."""
    y = distinct(rng, shape)
    n = rng.integers(shape[0])
    y[n] -= 1000
    row, column = rng.permutation([0, shape[2] - 1])        # not the same, if there are two
    y[n, 0, row, column] = 500
    return y


def strongest(judge, rng):
    """the strongest image alone, of one square map"""
    for shape in ((1, 1, 1, 1), (1, 1, 2, 2), (3, 1, 2, 2), (4, 1, 3, 3)):
        judge.compare(top_units, lonely(rng, shape), 1)


def several(judge, rng):
    """the strongest first, and each image once"""
    for count, side in ((3, 1), (3, 2), (5, 3)):
        y = distinct(rng, (count, 1, side, side))
        # the second image is the strongest, the first comes next, and then the third
        y[[1, 0, 2], 0, rng.integers(side), rng.integers(side)] = [900, 800, 700]
        judge.compare(top_units, y, 3)
        y = y.copy()                        # the judge still holds the first
        y[1] += 1000                        # now each of its units is stronger than all others
        judge.compare(top_units, y, 3)


def oblong(judge, rng):
    """maps that aren't square"""
    for shape in ((1, 1, 2, 3), (2, 1, 3, 2), (3, 1, 4, 6)):
        y = distinct(rng, shape)
        y[-1, 0, 1, -1] = 500
        judge.compare(top_units, y, 1)


def each_map(judge, rng):
    """each map for itself"""
    for shape in ((2, 2, 1, 1), (2, 2, 2, 2), (4, 3, 2, 2)):
        y = distinct(rng, shape)
        y[0, 0, 0, 0], y[1, 1:, 0, 0] = 500, 400        # image 0 fires map 0 most, 1 the others
        judge.compare(top_units, y, 1)


def fewer(judge, rng):
    """fewer images than k"""
    for side, k in ((1, 2), (2, 2), (3, 9)):
        judge.compare(top_units, signed(rng, (1, 1, side, side)), k)


def equals(judge, rng):
    """of equal images the earlier, of equal units the first"""
    for shape in ((2, 1, 1, 1), (1, 1, 2, 2), (3, 1, 2, 2)):
        judge.compare(top_units, np.ones(shape, np.float32), 1)


def top_manners(judge, rng):
    """values have y's dtype, units are int64, and y stays as it is"""
    for dtype in (np.float32, np.float64):
        judge.manners(top_units, normal(rng, (3, 2, 2, 2), dtype), 2)


# ---- 1.2 a test to write -------------------------------------------------------------------------

def with_loops(y, k):
    """A right top_units, in loops."""
    values, units = [], []
    for c in range(y.shape[1]):
        best = [(-float(y[n, c].max()), n, c, *np.unravel_index(y[n, c].argmax(), y.shape[2:]))
                for n in range(len(y))]
        best = sorted(best)[:k]
        values.append([-value for value, *_ in best])
        units.append([unit for _, *unit in best])
    return np.array(values, y.dtype), np.array(units, np.int64)


def images_twice(y, k):
    """Takes the strongest units, also two of one image."""
    found = [sorted(((-y[n, c, h, w], n, c, h, w) for n in range(len(y))
                     for h, w in np.ndindex(y.shape[2:])))[:k] for c in range(y.shape[1])]
    return (np.array([[-unit[0] for unit in units] for units in found], y.dtype),
            np.array([[unit[1:] for unit in units] for units in found], np.int64))


def weakest_first(y, k):
    """The strongest come last."""
    values, units = top_units(y, k)
    return values[:, ::-1].copy(), units[:, ::-1].copy()


def by_mean(y, k):
    """Takes the images with the largest means."""
    order = np.argsort(-y.mean(axis=(2, 3)), axis=0, kind="stable")[:k].T       # (C, K)
    values, units = zip(*(top_units(y[rows, c:c + 1], 1) for c, chosen in enumerate(order)
                          for rows in chosen[:, None]))
    units = np.concatenate(units).reshape(*order.shape, 4)
    units[..., 0], units[..., 1] = order, np.arange(y.shape[1])[:, None]
    return np.concatenate(values).reshape(order.shape), units


def column_and_row(y, k):
    """Gives places as column, row."""
    values, units = top_units(y, k)
    return values, units[..., [0, 1, 3, 2]]


RIGHT = {"the library's own": top_units, "one with loops": with_loops}
CAUGHT = {"counts an image twice if it has two strong units": images_twice,
          "gives the strongest last": weakest_first,
          "takes the images with the largest mean": by_mean,
          "gives a place as column, row": column_and_row}


def accepted(judge, rng):
    """right functions pass"""
    judge.accepts(RIGHT, CAUGHT, hint="Work out by hand what must come. It gives two things, "
                                      "values (C, K) and units (C, K, 4).")


def caught(judge, rng):
    """wrong functions are caught"""
    judge.refuses(CAUGHT, hint="Give it maps of 2×2: one image with two strong units, one with the "
                               "largest mean but no strong unit; ask for k = 2, and compare values "
                               "and units with what you worked out by hand.")


# ---- 2.1 cover -----------------------------------------------------------------------------------

def inside(judge, rng):
    """a square inside of the image"""
    for side, corner, size in ((4, 1, 2), (2, 0, 1), (4, 2, 2), (6, 3, 3), (4, 0, 4)):
        judge.compare(cover, signed(rng, (1, side, side)), corner, corner, size, 0)


def row_and_column(judge, rng):
    """top is a row, left is a column"""
    for shape, top, left, size in (((1, 2, 2), 0, 1, 1), ((1, 3, 5), 0, 3, 2),
                                   ((1, 5, 4), 3, 1, 2)):
        judge.compare(cover, signed(rng, shape), top, left, size, 0)


def edge(judge, rng):
    """a square that hangs over an edge, or lies outside"""
    for side, corner, size in ((3, -1, 2), (3, 2, 2), (4, -2, 3), (4, 3, 5), (4, -5, 3), (4, 6, 2)):
        judge.compare(cover, signed(rng, (1, side, side)), corner, corner, size, 0)


def colors(judge, rng):
    """all channels are covered"""
    for channels in (2, 3):
        judge.compare(cover, signed(rng, (channels, 3, 3)), 1, 1, 2, 0)


def filling(judge, rng):
    """other values than 0"""
    for value in (-1, 0.5):
        judge.compare(cover, signed(rng, (1, 3, 3)), 1, 1, 2, value)


def cover_manners(judge, rng):
    """a new array of image's dtype, and image stays as it is"""
    for dtype in (np.float32, np.float64):
        judge.manners(cover, normal(rng, (2, 4, 4), dtype), 1, 1, 2, 0)


# ---- 2.2 a prediction, and 2.3 occlusion_map -----------------------------------------------------

def touched(judge, rng):
    """how far a square reaches"""
    judge.predicted(13, "At place 8 the square covers pixels 8 to 11 and just touches what the "
                        "unit sees; at place 20 it touches it for the last time. From 8 to 20 "
                        "there are 13 places, 10 + 4 − 1: an occlusion map is blurred by its "
                        "square.")


def linear_net(rng, shape):
    """A net of two classes, the first of which is likely, for small images with distinct(…) pixels.

    Each pixel speaks for class 0, none of them more than twice as much as another.
    Returns the net, and the function that gives its probabilities.
    """
    count = int(np.prod(shape))
    net = Network([("flatten", Flatten()), ("fc", Linear(count, 2))], shape)
    net.layers["fc"].params["w"][0] = rng.uniform(0.5, 1, count) / (count * (count + 1) / 2)
    net.layers["fc"].params["b"][0] = 0.5

    def predict(x):
        return functional.softmax(net.predict(np.asarray(x, net.dtype)))
    return net, predict


def compare_maps(judge, rng, shape, label, **square):
    """Compare occlusion_map for a small linear net."""
    net, predict = linear_net(rng, shape)
    judge.compare(occlusion_of(net), predict, distinct(rng, shape), label, **square)


def one_place(judge, rng):
    """one square"""
    for side, corner, size in ((2, 0, 1), (3, 1, 2), (4, 1, 3)):
        compare_maps(judge, rng, (1, side, side), 0, size=size, tops=[corner], lefts=[corner])


def grid(judge, rng):
    """a map of several places, one square at a time"""
    for shape, tops, lefts in (((1, 2, 2), [0], [0, 1]), ((1, 3, 3), [0, 1, 2], [2, 0]),
                               ((1, 3, 5), [0, 1], [0, 2, 3])):
        compare_maps(judge, rng, shape, 0, size=1, tops=tops, lefts=lefts)


def map_edge(judge, rng):
    """a square that hangs over an edge"""
    for side, corner, size in ((3, -1, 2), (3, 2, 2), (4, -2, 3)):
        compare_maps(judge, rng, (1, side, side), 0, size=size, tops=[corner], lefts=[corner])


def map_colors(judge, rng):
    """all channels are covered"""
    for channels in (2, 3):
        compare_maps(judge, rng, (channels, 3, 3), 0, size=2, tops=[1], lefts=[1])


def map_filling(judge, rng):
    """other values than 0"""
    for value in (20, -5.5):
        compare_maps(judge, rng, (1, 3, 3), 0, size=2, tops=[1], lefts=[1], value=value)


def map_label(judge, rng):
    """the probability of the class that is asked for"""
    for side in (2, 3):
        compare_maps(judge, rng, (1, side, side), 1, size=1, tops=[0], lefts=[0])


def map_manners(judge, rng):
    """the map has image's dtype and memory of its own, and image stays as it is"""
    net, predict = linear_net(rng, (1, 4, 4))
    judge.manners(occlusion_of(net), predict, normal(rng, (1, 4, 4)), 0, size=2, tops=[1],
                  lefts=[1])


# ---- 3.1 shift_curve -----------------------------------------------------------------------------

def pixels(x):
    """Features that are the pixels, one after another."""
    return x.reshape(len(x), -1).astype(np.float64)


def rows_weighted(x):
    """Pixels, those of lower rows larger."""
    return pixels(x * np.arange(1.0, x.shape[2] + 1)[:, None])


def maps(x):
    """The pixels, and their squares, as maps."""
    return np.concatenate([x, x.astype(np.float64) ** 2 / 8], axis=1)


def framed(rng, shape):
    """An image whose outer two rows, above and below, are zero."""
    image = np.zeros(shape, np.uint8)
    image[:, 2:-2] = rng.permutation(np.arange(2, 2 + image[:, 2:-2].size)).reshape(
        image[:, 2:-2].shape)
    return image


def one_shift(judge, rng):
    """one shift, with nothing at the edges"""
    for shape, down in (((1, 5, 1), 1), ((1, 6, 2), 1), ((1, 7, 3), 2)):
        judge.compare(shift_curve, pixels, framed(rng, shape), [down])


def direction(judge, rng):
    """positive is down, negative is up"""
    for shape, down in (((1, 5, 1), 1), ((1, 5, 1), -1), ((1, 6, 2), 2)):
        judge.compare(shift_curve, rows_weighted, framed(rng, shape), [down])


def coming_in(judge, rng):
    """what comes in at the edge is 0"""
    for rows in (2, 3):
        half = rng.permutation(np.arange(1, 1 + 2 * rows)).reshape(1, rows, 2)
        image = np.concatenate([half, half[:, ::-1]], axis=1).astype(np.uint8)
        for down in (2, -2):
            judge.compare(shift_curve, pixels, image, [down])


def many_shifts(judge, rng):
    """several shifts, each from the image as it was"""
    for shape, shifts in (((1, 6, 1), [1, 2]), ((1, 6, 2), [2, 1, -1, -2]),
                          ((1, 7, 2), [-2, 0, 2])):
        judge.compare(shift_curve, pixels, framed(rng, shape), shifts)


def as_maps(judge, rng):
    """features with more axes: one distance over all of them"""
    for shape in ((1, 5, 1), (3, 6, 2)):
        judge.compare(shift_curve, maps, framed(rng, shape), [1])


def shift_manners(judge, rng):
    """the result is float64 and has memory of its own, and image stays as it is"""
    judge.manners(shift_curve, pixels, framed(rng, (1, 6, 2)), [1])


# ---- 4.1 correspondence --------------------------------------------------------------------------

def compare_changes(judge, rng, changes, negative=0):
    """Compare correspondence for these changes (n, …), and features of about ten.

    negative: so many of the second image's features are below zero; all others are above.
    """
    after = distinct(rng, np.shape(changes), start=10)
    after[1, :negative] *= -1
    judge.compare(correspondence, after + np.asarray(changes, np.float32), after)


def random_signs(rng, shape):
    """−1 and 1."""
    return rng.choice([-1, 1], shape)


def disagreeing(rng, features, count):
    """Changes (2, features) of −1 and 1, of which the first `count` disagree."""
    changes = np.tile(random_signs(rng, features), (2, 1))
    changes[1, :count] *= -1
    return changes


def two_images(judge, rng):
    """two images"""
    for features, count in ((4, 1), (5, 1), (7, 5)):
        compare_changes(judge, rng, rng.permutation(disagreeing(rng, features, count), axis=1),
                        negative=2 if count == 1 else 1)


def pairs(judge, rng):
    """all pairs of several images, each once"""
    for features, a, b in ((4, 1, 2), (7, 3, 1)):
        changes = np.tile(random_signs(rng, features), (4, 1))
        changes[2, :a] *= -1
        changes[3, features - b:] *= -1
        compare_changes(judge, rng, changes)


def only_signs(judge, rng):
    """only the sign of a change counts"""
    for features, count in ((3, 1), (6, 2)):
        sizes = np.array([[1], [3]]) + rng.integers(0, 2, (2, features))
        compare_changes(judge, rng, disagreeing(rng, features, count) * sizes)


def no_change(judge, rng):
    """no change is a third sign, which agrees with itself only"""
    for _ in range(2):
        changes = np.array([[0, 0, 0, 1, 0, 0, 1], [1, -1, -1, -1, 0, 0, 1]])
        compare_changes(judge, rng, rng.permutation(changes, axis=1))


def more_axes(judge, rng):
    """features that are maps"""
    for shape, count in (((2, 2, 2), 3), ((2, 3, 2, 2), 5)):
        compare_changes(judge, rng, disagreeing(rng, int(np.prod(shape[1:])), count).reshape(shape))


def change_manners(judge, rng):
    """before and after stay as they are"""
    judge.manners(correspondence, normal(rng, (2, 6)), normal(rng, (2, 6)))


TASKS = [
    Task("1.1", "top_units", [
        Check("strongest", 2, strongest), Check("several", 2, several),
        Check("not square", 1, oblong), Check("maps", 1, each_map), Check("few images", 1, fewer),
        Check("ties", 1, equals), Check("manners", 1, top_manners)], returns=("values", "units")),
    Task("1.2", "test_top_units", [
        Check("right ones", 1, accepted), Check("wrong ones", 2, caught)]),
    Task("2.1", "cover", [
        Check("inside", 2, inside), Check("row and column", 1, row_and_column),
        Check("edge", 1, edge), Check("channels", 1, colors), Check("value", 1, filling),
        Check("manners", 1, cover_manners)]),
    Task("2.2", "touched", [Check("prediction", 1, touched)], prediction=True),
    Task("2.3", "occlusion_map", [
        Check("one place", 2, one_place), Check("grid", 1, grid), Check("edge", 1, map_edge),
        Check("channels", 1, map_colors), Check("value", 1, map_filling),
        Check("label", 1, map_label), Check("manners", 1, map_manners)], after="touched"),
    Task("3.1", "shift_curve", [
        Check("one shift", 2, one_shift), Check("direction", 1, direction),
        Check("edge", 1, coming_in), Check("several", 1, many_shifts), Check("maps", 1, as_maps),
        Check("manners", 1, shift_manners)]),
    Task("4.1", "correspondence", [
        Check("two images", 2, two_images), Check("pairs", 1, pairs), Check("signs", 1, only_signs),
        Check("zeros", 1, no_change), Check("maps", 1, more_axes),
        Check("manners", 1, change_manners)]),
]
