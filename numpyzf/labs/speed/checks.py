"""What each task of the speed lab is judged by."""
import sys
import time
import tracemalloc
from functools import lru_cache

import numpy as np

from ... import functional
from ..inputs import distinct, normal
from ..tasks import Check, Task
from .solution import slow_convolve

TIMES = 20          # as fast
SHAPES = (2, 3, 16, 16), (16, 3, 3, 3), (16,)       # of x, w and b, to be timed
TRIES = 4
PAUSE = 0.05        # seconds

# Hints for what is measured
LOOPS = ("Python still runs a line of yours for each output, or for each product. Lay all windows "
         "out as columns and multiply them at once, with @. np.vectorize is such a loop too, and "
         "so is a comprehension.")
NUMPY = ("Few lines run, so it is NumPy that takes the time. Only for float32 and float64 does @ "
         "use the fast product of matrices; other types, such as object, it multiplies one by one.")
VIEW = ("Something makes a copy: .copy(), np.array, reshape of a view, or filling a new array. "
        "sliding_window_view, slices and transpose don't.")
COLUMNS = ("Make the columns of one block, multiply them, write the result into y, and let them go "
           "before the next block. Yours makes all columns at once, or keeps those of each block.")


# ---- the right functions, with the contract's arguments ------------------------------------------

def windows(x, size, stride):
    """The answer to task 1.2, by its definition: the library has none."""
    N, C, H, W = x.shape
    places = range(0, H - size + 1, stride), range(0, W - size + 1, stride)
    return np.array([[[[x[n, c, p:p + size, q:q + size] for q in places[1]] for p in places[0]]
                      for c in range(C)] for n in range(N)])


def convolve(x, w, b, *, stride=1, pad=0):
    """The library's answer to task 2.1."""
    return functional.conv_forward(x, w, b, stride=stride, pad=pad)[0]


def convolve_in_blocks(x, w, b, *, limit, stride=1, pad=0):
    """The library's answer to task 2.2."""
    return convolve(x, w, b, stride=stride, pad=pad)


# ---- measuring -----------------------------------------------------------------------------------

def seconds(function, *arguments):
    """The processor's time that one call takes: other programs don't count."""
    start = time.process_time()
    function(*arguments)
    return time.process_time() - start


@lru_cache(1)
def slow_seconds():
    """The time that slow_convolve takes, the best of three; measured once in a process."""
    given = [np.ones(shape, np.float32) for shape in SHAPES]
    return min(seconds(slow_convolve, *given) for _ in range(3))


def lines_run(judge, *arguments):
    """How many lines of the student's file run in one call."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        if frame.f_code.co_filename == judge.file:
            count += event == "line"
            return trace
        return None
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        judge.call(*arguments)
    finally:
        sys.settrace(before)
    return count


def most_memory(judge, *arguments, enough=0, **keywords):
    """The bytes of all that a call has at one time, besides its arguments.

    That includes the result, and the copy of it that `judge` makes. All of the process is measured,
    so what another thread takes counts as well: the least of TRIES calls is the function's own.
    Between them is a longer and longer pause, for the other one to end. Once `enough` isn't
    exceeded, no other call is made.
    """
    given = sum(each.nbytes for each in arguments if isinstance(each, np.ndarray))
    least = np.inf
    for number in range(TRIES):
        time.sleep(PAUSE * number)
        tracemalloc.start()
        try:
            judge.call(*arguments, **keywords)
            least = min(least, tracemalloc.get_traced_memory()[1] - given)
        finally:
            tracemalloc.stop()
        if least <= enough:
            break
    return least


# ---- 1.1 a prediction, and 1.2 windows -----------------------------------------------------------

def copies(judge, rng):
    """how many numbers unfolding makes of one"""
    judge.predicted(9, "There is a window, and so a column, for each pixel, and it holds 3·3 "
                       "numbers. Or: each pixel inside is in nine windows, once in each of their "
                       "places.")


def one_map(judge, rng):
    """one square map, windows one pixel apart"""
    for side, size in ((1, 1), (4, 2), (4, 3)):
        judge.compare(windows, distinct(rng, (1, 1, side, side)), size, 1)


def oblong(judge, rng):
    """maps that aren't square"""
    for shape in ((1, 1, 2, 3), (1, 1, 4, 2)):
        judge.compare(windows, distinct(rng, shape), 2, 1)


def apart(judge, rng):
    """windows farther apart"""
    for side, size, stride in ((4, 2, 2), (7, 3, 2), (3, 1, 2)):
        judge.compare(windows, distinct(rng, (1, 1, side, side)), size, stride)


def several(judge, rng):
    """each image and each map for itself"""
    for shape in ((1, 2, 2, 2), (2, 1, 2, 2), (2, 3, 3, 3)):
        judge.compare(windows, distinct(rng, shape), 2, 1)


def no_copy(judge, rng):
    """a view: no number is copied"""
    x = normal(rng, (1, 1, 100, 100))
    nbytes = judge.compare(windows, x, 5, 1).nbytes
    most = most_memory(judge, x, 5, 1, enough=1.5 * nbytes)
    copied = (most - nbytes) / nbytes           # judge's own copy left out
    if copied > 0.5:
        judge.fail(f"windows(x, 5, 1), x: float32 {x.shape}\nBesides x it takes memory for "
                   f"{copied:.1f} times the numbers of all windows. A view takes none.", VIEW)


# ---- 2.1 convolve, and 2.2 convolve_in_blocks ----------------------------------------------------

def arrays(rng, shape, filters, size, bias=0):
    """x, w of whole numbers, and b, which is `bias` or random."""
    x = distinct(rng, shape)
    w = rng.integers(1, 10, (filters, shape[1], size, size)).astype(np.float32)
    w.reshape(filters, -1)[:, 0] = 10 + np.arange(filters)      # no filter is symmetric
    b = np.full(filters, bias, np.float32) if np.isscalar(bias) else 100 * distinct(rng, filters)
    return x, w, b


def right(judge, rng):
    """right for square maps: one filter, several images, channels and filters, the bias"""
    for side, size in ((1, 1), (2, 2), (4, 3)):
        judge.compare(convolve, *arrays(rng, (1, 1, side, side), 1, size))
    for shape, filters, size in (((1, 2, 2, 2), 1, 2), ((2, 1, 2, 2), 2, 1), ((2, 3, 4, 4), 3, 2)):
        judge.compare(convolve, *arrays(rng, shape, filters, size))
    for filters in (1, 3):
        judge.compare(convolve, *arrays(rng, (1, 1, 2, 2), filters, 2, bias=None))


def not_square(judge, rng):
    """maps that aren't square"""
    for shape in ((1, 1, 2, 3), (1, 1, 5, 4)):
        judge.compare(convolve, *arrays(rng, shape, 1, 2))


def striding(judge, rng):
    """windows farther apart"""
    for side, size, stride in ((3, 1, 2), (6, 2, 2), (7, 3, 2)):
        judge.compare(convolve, *arrays(rng, (1, 1, side, side), 1, size), stride=stride)


def padding(judge, rng):
    """zeros on both sides"""
    for side, size, pad in ((1, 3, 1), (3, 3, 1), (4, 2, 2)):
        judge.compare(convolve, *arrays(rng, (1, 1, side, side), 1, size), pad=pad)


def manners(judge, rng):
    """y has x's dtype and memory of its own, and x, w and b stay as they are"""
    for dtype in (np.float32, np.float64):
        judge.manners(convolve, *(normal(rng, shape, dtype)
                                  for shape in ((2, 2, 4, 4), (3, 2, 2, 2), 3)))


def fast(judge, rng):
    """at least 20 times as fast as slow_convolve"""
    given = [normal(rng, shape) for shape in SHAPES]
    judge.compare(convolve, *given)                     # right first; and Numba compiles here
    best = min_seconds(judge, given)
    if best * TIMES > slow_seconds():
        hint = LOOPS if lines_run(judge, *given) > 1000 else NUMPY
        judge.fail(f"It takes {1000 * best:.3g} ms, and slow_convolve {1000 * slow_seconds():.3g} "
                   f"ms. That is {slow_seconds() / best:.2g} times as fast; {TIMES} times is asked "
                   "for.", hint)


def min_seconds(judge, given):
    """The student's best time; no more calls than it takes to see that it is fast enough."""
    best = np.inf
    for _ in range(TRIES):
        best = min(best, seconds(judge.call, *given))
        if best * TIMES <= slow_seconds():
            break
    return best


def in_blocks(judge, rng):
    """right for one image, and in several blocks, the last of which has fewer images"""
    for shape, filters, size in (((1, 1, 2, 2), 1, 2), ((1, 2, 4, 3), 3, 2)):
        judge.compare(convolve_in_blocks, *arrays(rng, shape, filters, size, bias=None),
                      limit=1 << 20)
    for count, fit in ((3, 2), (5, 2), (7, 3)):
        x, w, b = arrays(rng, (count, 1, 2, 3), 1, 2)
        # a column has 4 numbers of 4 bytes; an image has two
        judge.compare(convolve_in_blocks, x, w, b, limit=fit * 2 * 4 * 4)


def windows_too(judge, rng):
    """stride and padding"""
    for shape, size, stride, pad in (((1, 1, 3, 3), 1, 2, 0), ((1, 1, 2, 2), 2, 1, 1),
                                     ((1, 2, 5, 6), 3, 2, 1)):
        judge.compare(convolve_in_blocks, *arrays(rng, shape, 2, size), limit=1 << 20,
                      stride=stride, pad=pad)


def one_at_least(judge, rng):
    """a limit that is less than one image takes"""
    for limit in (1, 20):
        judge.compare(convolve_in_blocks, *arrays(rng, (1, 1, 2, 3), 1, 2), limit=limit)


def blocks_manners(judge, rng):
    """y has x's dtype and memory of its own, and x, w and b stay as they are"""
    for dtype in (np.float32, np.float64):
        judge.manners(convolve_in_blocks, *(normal(rng, shape, dtype)
                                            for shape in ((2, 2, 4, 4), (3, 2, 2, 2), 3)),
                      limit=1 << 20)


def little_memory(judge, rng):
    """little memory, however many images there are"""
    x, w, b = (normal(rng, shape) for shape in ((48, 2, 12, 12), (2, 2, 5, 5), 2))
    of_one = 2 * 5 * 5 * 8 * 8 * 4              # bytes of one image's columns
    limit = 4 * of_one
    y = judge.compare(convolve_in_blocks, x, w, b, limit=limit)
    # a block's columns three times, as in float64 with a copy; x twice over, padded in float64
    enough = 3 * limit + 4 * x.nbytes
    most = most_memory(judge, x, w, b, limit=limit, enough=enough + 2 * y.nbytes) - 2 * y.nbytes
    if most > enough:
        judge.fail(f"convolve_in_blocks(x, w, b, limit={limit}), x: float32 {x.shape}, w: float32 "
                   f"{w.shape}\nBesides x and y it takes {most / 1e6:.2f} MB. All columns are "
                   f"{len(x) * of_one / 1e6:.2f} MB, the limit is {limit / 1e6:.2f} MB.", COLUMNS)


# ---- 3.1 a prediction, and 3.2 a test to write ---------------------------------------------------

def limited(judge, rng):
    """what each way to calculate waits for"""
    judge.predicted("BCAD", "In Python, multiplying drowns in all else that a line does. Compiled, "
                            "it waits for the total: only one addition is under way, where eight "
                            "or more could be. A large product uses each number that it fetches "
                            "hundreds of times, and its additions don't wait for each other. The "
                            "bias is one addition for each number that comes from memory and goes "
                            "back.")


def in_float64(x, w, b, *, stride=1, pad=0):
    """A right convolve, with float64 inside."""
    y = convolve(*(each.astype(np.float64) for each in (x, w, b)), stride=stride, pad=pad)
    return y.astype(x.dtype)


def flipped(x, w, b, *, stride=1, pad=0):
    """Flips the filters."""
    return convolve(x, np.ascontiguousarray(w[:, :, ::-1, ::-1]), b, stride=stride, pad=pad)


def without_bias(x, w, b, *, stride=1, pad=0):
    """Leaves the bias out."""
    return convolve(x, w, np.zeros_like(b), stride=stride, pad=pad)


def always_dense(x, w, b, *, stride=1, pad=0):
    """Takes stride 1, cut to the right shape."""
    right = convolve(x, w, b, stride=stride, pad=pad)
    return convolve(x, w, b, pad=pad)[:, :, :right.shape[2], :right.shape[3]].copy()


def one_side(x, w, b, *, stride=1, pad=0):
    """All padding behind the image."""
    padded = np.pad(x, ((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad)))
    return convolve(padded, w, b, stride=stride)


def of_16_bits(x, w, b, *, stride=1, pad=0):
    """Rounds all numbers to float16."""
    rounded = [each.astype(np.float16).astype(np.float32) for each in (x, w, b)]
    return convolve(*rounded, stride=stride, pad=pad).astype(np.float16).astype(x.dtype)


RIGHT = {"the library's own": convolve, "slow_convolve": slow_convolve,
         "one with float64 inside": in_float64}
CAUGHT = {"flips the filters": flipped, "leaves out the bias": without_bias,
          "takes stride 1 whatever is asked for": always_dense,
          "has all padding on one side": one_side,
          "calculates with 16 bits": of_16_bits}


def accepted(judge, rng):
    """right functions pass"""
    judge.accepts(RIGHT, CAUGHT, hint="Compare with slow_convolve, and allow for rounding: an "
                                      "error of 1e-4 of the largest value.")


def caught(judge, rng):
    """wrong functions are caught"""
    judge.refuses(CAUGHT, hint="Random x, w and b, b not zero; once with stride 2, once with "
                               "padding; and an error of at most 1e-4 of the largest value.")


TASKS = [
    Task("1.1", "copies", [Check("prediction", 1, copies)], prediction=True),
    Task("1.2", "windows", [
        Check("one map", 2, one_map), Check("not square", 1, oblong), Check("stride", 1, apart),
        Check("maps", 1, several), Check("no copy", 2, no_copy)], after="copies"),
    Task("2.1", "convolve", [
        Check("right", 3, right), Check("not square", 1, not_square), Check("stride", 1, striding),
        Check("padding", 1, padding), Check("manners", 1, manners), Check("20 times", 4, fast)]),
    Task("2.2", "convolve_in_blocks", [
        Check("blocks", 3, in_blocks), Check("windows", 1, windows_too),
        Check("one at least", 1, one_at_least),
        Check("manners", 1, blocks_manners), Check("memory", 3, little_memory)]),
    Task("3.1", "limits", [Check("prediction", 1, limited)], prediction=True),
    Task("3.2", "test_convolve", [Check("right ones", 1, accepted),
                                  Check("wrong ones", 2, caught)]),
]
