"""What each task of the pooling lab is judged by."""
import numpy as np

from ... import functional
from ...geometry import pool_output_size
from ..inputs import distinct, normal, signed
from ..tasks import Check, Task


# ---- the right functions, with the contract's arguments ------------------------------------------

def output_size(n, size, stride, pad=0, ceil=False):
    """The library's answer to task 1.1."""
    return pool_output_size(n, size, stride, pad, ceil)


def max_pool(x, *, size, stride, pad=0, ceil=False):
    """The library's answer to task 2.1."""
    return functional.max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)[0]


def find_switches(x, *, size, stride, pad=0, ceil=False):
    """The library's answer to task 2.2."""
    return functional.max_pool_forward(x, size=size, stride=stride, pad=pad, ceil=ceil)[1].index


def unpool(r, index, x_shape):
    """The library's answer to task 3.2."""
    return functional.unpool(r, functional.Switches(index, tuple(x_shape)))


def max_pool_backward(dy, x, *, size, stride, pad=0, ceil=False):
    """The library's answer to task 3.3."""
    return functional.unpool(dy, functional.max_pool_forward(
        x, size=size, stride=stride, pad=pad, ceil=ceil)[1])


# ---- 1.1 output_size -----------------------------------------------------------------------------

def fits(judge, rng):
    """windows that fill the image exactly"""
    for n, size, stride in ((1, 1, 1), (4, 2, 2), (5, 3, 2), (3, 2, 1), (9, 3, 3), (13, 5, 4)):
        judge.compare(output_size, n, size, stride)


def floor(judge, rng):
    """pixels that are left over get no window"""
    for n, size, stride in ((3, 2, 2), (6, 3, 2), (5, 3, 3), (12, 5, 4)):
        judge.compare(output_size, n, size, stride)


def padded_size(judge, rng):
    """padding on both sides"""
    for n, size, stride, pad in ((2, 2, 2, 1), (3, 3, 1, 1), (5, 3, 2, 1), (9, 5, 4, 2)):
        judge.compare(output_size, n, size, stride, pad)


def hanging_size(judge, rng):
    """with ceil, a last window may hang over the edge"""
    # in the second nothing is left over, though one more window would begin inside
    for n, size, stride in ((3, 2, 2), (5, 3, 2), (6, 3, 2), (110, 3, 2), (12, 5, 4)):
        judge.compare(output_size, n, size, stride, ceil=True)


def beginning(judge, rng):
    """with ceil, a window that would begin behind the image doesn't count"""
    for n, size, stride, pad in ((2, 1, 2, 0), (3, 2, 2, 1), (4, 2, 3, 1), (5, 1, 3, 0)):
        judge.compare(output_size, n, size, stride, pad, ceil=True)


# ---- 2.1 max_pool, and 2.2 find_switches ---------------------------------------------------------

def values(judge, rng):
    """one square map, windows side by side"""
    for side in (2, 4, 6):
        judge.compare(max_pool, distinct(rng, (1, 1, side, side)), size=2, stride=2)


def places(judge, rng):
    """one square map, windows side by side"""
    judge.compare(find_switches, distinct(rng, (1, 1, 1, 1)), size=1, stride=1)
    for side in (2, 4, 6):
        judge.compare(find_switches, distinct(rng, (1, 1, side, side)), size=2, stride=2)


def both(right):
    """The checks that the maximum and its place have in common, each against `right`."""
    def oblong(judge, rng):
        """maps that aren't square"""
        for shape in ((2, 4), (4, 2), (4, 8)):
            judge.compare(right, distinct(rng, (1, 1, *shape)), size=2, stride=2)

    def several(judge, rng):
        """each image and each map for itself"""
        for shape in ((1, 2, 2, 2), (2, 1, 2, 2), (2, 3, 4, 4)):
            judge.compare(right, distinct(rng, shape), size=2, stride=2)

    def overlap(judge, rng):
        """windows that overlap, and windows with gaps between them"""
        for side, size, stride in ((3, 2, 1), (5, 3, 2), (4, 1, 3), (7, 3, 1), (7, 2, 5)):
            judge.compare(right, distinct(rng, (1, 1, side, side)), size=size, stride=stride)

    def padding(judge, rng):
        """padding counts as −∞"""
        for side, size in ((2, 2), (4, 2), (4, 3), (7, 3)):
            x = distinct(rng, (1, 1, side, side), start=-side * side)       # all below zero
            judge.compare(right, x, size=size, stride=size, pad=1)

    def hanging(judge, rng):
        """with ceil, a last window hangs over the edge"""
        for side, size in ((3, 2), (4, 3), (5, 3), (7, 2)):
            x = distinct(rng, (1, 1, side, side), start=-side * side)
            judge.compare(right, x, size=size, stride=size, ceil=True)
            low = x.copy()
            low[..., size - 1, -1] = -0.5       # in a window cut off at the right, its last row
            judge.compare(right, low, size=size, stride=size, ceil=True)

    return [Check("not square", 1, oblong), Check("maps", 1, several), Check("overlap", 1, overlap),
            Check("padding", 1, padding), Check("ceil", 1, hanging)]


def value_manners(judge, rng):
    """y has x's dtype and memory of its own, and x stays as it is"""
    for dtype in (np.float32, np.float64):
        judge.manners(max_pool, normal(rng, (1, 2, 4, 4), dtype), size=2, stride=2)


def ties(judge, rng):
    """of equal values the first, row by row"""
    for x in ([[1, 1], [1, 1]], [[0, 1], [1, 0]]):
        judge.compare(find_switches, np.array([[x]], np.float32), size=2, stride=2)
    for _ in range(4):
        x = rng.integers(0, 2, (1, 1, 4, 4)).astype(np.float32)
        judge.compare(find_switches, x, size=2, stride=2)


def place_manners(judge, rng):
    """index is int32 and has memory of its own, and x stays as it is"""
    judge.manners(find_switches, normal(rng, (1, 2, 4, 4)), size=2, stride=2)


# ---- 3.1 a prediction, and 3.2 unpool ------------------------------------------------------------

def meeting(judge, rng):
    """what two values make that meet at one pixel"""
    judge.predicted(11, "If x[2] grows by 0.1, then y becomes 9.1, 9.1. So Σ r·y grows by "
                        "10·0.1 + 1·0.1 = 1.1, which is 11 times 0.1.")


def random_switches(rng, shape, x_shape):
    """Places anywhere in maps of x_shape, no two the same in one map."""
    count = x_shape[2] * x_shape[3]
    index = [rng.permutation(count)[:shape[2] * shape[3]] for _ in range(shape[0] * shape[1])]
    return np.reshape(index, shape).astype(np.int32)


def sent(judge, rng):
    """one square map, each value to a place of its own"""
    for small, large in ((1, 1), (1, 2), (2, 4)):
        shape, x_shape = (1, 1, small, small), (1, 1, large, large)
        judge.compare(unpool, distinct(rng, shape), random_switches(rng, shape, x_shape), x_shape)


def sent_oblong(judge, rng):
    """maps that aren't square"""
    for x_shape in ((1, 1, 2, 3), (1, 1, 4, 2), (1, 1, 3, 5)):
        shape = (1, 1, 2, 2)
        judge.compare(unpool, distinct(rng, shape), random_switches(rng, shape, x_shape), x_shape)


def sent_maps(judge, rng):
    """each map goes by its own switches, and each image"""
    for shape, x_shape in (((1, 2, 1, 1), (1, 2, 2, 2)), ((2, 1, 1, 1), (2, 1, 2, 2)),
                           ((2, 3, 2, 2), (2, 3, 4, 4))):
        index = random_switches(rng, shape, x_shape)
        index[-1, -1] = (index[0, 0] + 1) % (x_shape[2] * x_shape[3])       # never all the same
        judge.compare(unpool, distinct(rng, shape), index, x_shape)


def meet(judge, rng):
    """where values meet, they add"""
    for shape, x_shape in (((1, 1, 1, 3), (1, 1, 2, 2)), ((1, 1, 2, 2), (1, 1, 3, 3)),
                           ((1, 1, 3, 3), (1, 1, 7, 7))):
        index = rng.integers(x_shape[2] * x_shape[3], size=shape).astype(np.int32)
        r = signed(rng, shape)
        # three values meet; the first, the last, the largest and the mean all differ
        index.reshape(-1)[:3] = index.reshape(-1)[0]
        r.reshape(-1)[:3] = rng.integers(1, 5) * np.array([2, 6, 1])
        judge.compare(unpool, r, index, x_shape)


def sent_manners(judge, rng):
    """x has r's dtype and memory of its own, and r and index stay as they are"""
    for dtype in (np.float32, np.float64):
        index = random_switches(rng, (1, 2, 2, 2), (1, 2, 4, 4))
        judge.manners(unpool, normal(rng, (1, 2, 2, 2), dtype), index, (1, 2, 4, 4))


# ---- 3.3 max_pool_backward -----------------------------------------------------------------------

def back(judge, rng, shape, *, size, stride, pad=0, ceil=False, start=1):
    """Compare max_pool_backward for an x of distinct values and a dy of distinct values."""
    x = distinct(rng, shape, start)
    y = max_pool(x, size=size, stride=stride, pad=pad, ceil=ceil)
    judge.compare(max_pool_backward, signed(rng, y.shape), x, size=size, stride=stride, pad=pad,
                  ceil=ceil)


def gradient(judge, rng):
    """one square map, windows side by side"""
    for side in (2, 4, 6):
        back(judge, rng, (1, 1, side, side), size=2, stride=2)


def gradient_maps(judge, rng):
    """several images and maps that aren't square"""
    for shape in ((1, 1, 2, 4), (1, 2, 2, 2), (2, 3, 4, 6)):
        back(judge, rng, shape, size=2, stride=2)


def gradient_overlap(judge, rng):
    """windows that overlap: a maximum of two windows gets both gradients"""
    for side, size, stride in ((3, 2, 1), (5, 3, 2), (7, 3, 1)):
        x = np.ones((1, 1, side, side), np.float32)
        x[..., side // 2, side // 2] = 2 * side             # the maximum of every window near it
        x += distinct(rng, x.shape, start=0) / x.size       # no ties
        y = max_pool(x, size=size, stride=stride)
        judge.compare(max_pool_backward, signed(rng, y.shape), x, size=size, stride=stride)


def gradient_padding(judge, rng):
    """padding, and windows that hang over the edge"""
    for side, size, stride, pad, ceil in ((2, 2, 2, 1, False), (3, 2, 2, 0, True),
                                          (5, 3, 3, 1, False), (4, 3, 3, 0, True)):
        back(judge, rng, (1, 1, side, side), size=size, stride=stride, pad=pad, ceil=ceil,
             start=-side * side)


def gradient_ties(judge, rng):
    """of equal maxima only the first gets something"""
    judge.compare(max_pool_backward, signed(rng, (1, 1, 1, 1)), np.ones((1, 1, 2, 2), np.float32),
                  size=2, stride=2)
    for _ in range(4):
        x = rng.integers(0, 2, (1, 1, 4, 4)).astype(np.float32)
        judge.compare(max_pool_backward, signed(rng, (1, 1, 2, 2)), x, size=2, stride=2)


def gradient_manners(judge, rng):
    """dx has dy's dtype and memory of its own, and dy and x stay as they are"""
    for dtype in (np.float32, np.float64):
        judge.manners(max_pool_backward, normal(rng, (1, 2, 2, 2), dtype),
                      normal(rng, (1, 2, 4, 4), dtype), size=2, stride=2)


# ---- 3.4 a test to write -------------------------------------------------------------------------

def with_loops(r, index, x_shape):
    """A right unpool, in loops."""
    x = np.zeros(x_shape, np.asarray(r).dtype)
    for n, c, p, q in np.ndindex(np.shape(r)):
        x[n, c].reshape(-1)[index[n, c, p, q]] += r[n, c, p, q]
    return x


def scattered(r, index, x_shape, gather):
    """Unpool with another rule for values that meet: x[place] = gather(x[place], value)."""
    x = np.zeros(x_shape, np.asarray(r).dtype)
    for n, c, p, q in np.ndindex(np.shape(r)):
        flat = x[n, c].reshape(-1)
        flat[index[n, c, p, q]] = gather(flat[index[n, c, p, q]], r[n, c, p, q])
    return x


def overwriting(r, index, x_shape):
    """The last of the values that meet stays."""
    return scattered(r, index, x_shape, lambda old, new: new)


def keeping(r, index, x_shape):
    """The first of the values that meet stays."""
    return scattered(r, index, x_shape, lambda old, new: old if old else new)


def largest(r, index, x_shape):
    """The largest of the values that meet stays."""
    return scattered(r, index, x_shape, lambda old, new: max(old, new) if old else new)


def one_map_s_switches(r, index, x_shape):
    """All maps go by the first one's switches."""
    return unpool(r, np.broadcast_to(index[:, :1], index.shape).copy(), x_shape)


RIGHT = {"the library's own": unpool, "one with loops": with_loops}
CAUGHT = {"overwrites: the last of the values that meet stays": overwriting,
          "keeps the first of the values that meet": keeping,
          "keeps the largest of the values that meet": largest,
          "sends all maps by the switches of the first": one_map_s_switches}


def accepted(judge, rng):
    """right functions pass"""
    judge.accepts(RIGHT, CAUGHT,
                  hint="Work out by hand what must come, and compare floats by np.allclose.")


def caught(judge, rng):
    """wrong functions are caught"""
    judge.refuses(CAUGHT, hint="Give it two maps with different switches, and in one of them two "
                               "equal switches; then compare every pixel with what you worked out "
                               "by hand.")


TASKS = [
    Task("1.1", "output_size", [
        Check("fits", 1, fits), Check("floor", 1, floor), Check("padding", 1, padded_size),
        Check("ceil", 1, hanging_size), Check("begins inside", 1, beginning)]),
    Task("2.1", "max_pool", [
        Check("one map", 2, values), *both(max_pool), Check("manners", 1, value_manners)]),
    Task("2.2", "find_switches", [
        Check("one map", 2, places), *both(find_switches), Check("ties", 1, ties),
        Check("manners", 1, place_manners)]),
    Task("3.1", "meeting", [Check("prediction", 1, meeting)], prediction=True),
    Task("3.2", "unpool", [
        Check("one map", 2, sent), Check("not square", 1, sent_oblong), Check("maps", 1, sent_maps),
        Check("overlap", 2, meet), Check("manners", 1, sent_manners)], after="meeting"),
    Task("3.3", "max_pool_backward", [
        Check("one map", 2, gradient), Check("maps", 1, gradient_maps),
        Check("overlap", 1, gradient_overlap), Check("padding", 1, gradient_padding),
        Check("ties", 1, gradient_ties), Check("manners", 1, gradient_manners)]),
    Task("3.4", "test_unpool", [Check("right ones", 1, accepted), Check("wrong ones", 2, caught)]),
]
