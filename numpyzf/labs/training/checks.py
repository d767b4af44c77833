"""What each task of the training lab is judged by.

What comes by chance can't be compared number by number. So a measure of it is: see `measured`.
"""
import numpy as np

from ... import functional, training
from ..comparing import show
from ..inputs import distinct, normal, signed
from ..judge import Judge
from ..tasks import Check, Task, hint_of

CHANCE = 0.1        # room for chance in a measure, of its right value: five deviations or more


# ---- the right functions, with the contract's arguments ------------------------------------------

def draw_weights(shape, initialization, rng):
    """The library's answer to task 1.2, Network.initialize for layers behind the first."""
    deviation = 1e-2 if initialization == "paper" else np.sqrt(2 / np.prod(shape[1:]))
    return rng.standard_normal(shape, np.float32) * np.float32(deviation)


def mean_gradient(grads, sizes):
    """The answer to task 2.1."""
    weights = np.array(sizes, grads.dtype) / sum(sizes)
    return np.tensordot(weights.astype(grads.dtype), grads, axes=1)


def momentum_step(w, v, gradient, *, rate, momentum):
    """The library's answer to task 2.2."""
    w, v = w.copy(), v.copy()
    training.momentum_step({"w": w}, {"w": v}, {"w": gradient}, rate=rate, momentum=momentum)
    return w, v


def next_rate(rate, accuracies, patience, factor):
    """The library's answer to task 2.3."""
    return training.next_rate(rate, accuracies, training.Recipe(patience=patience, factor=factor))


def renormalize(w, radius):
    """The library's answer to task 2.4."""
    w = w.copy()
    training.renormalize_filters(w, radius)
    return w


def dropout(x, rate, rng, train):
    """The library's answer to task 3.1."""
    if not train:
        return x, np.ones_like(x)
    return functional.dropout_forward(x, rate=rate, rng=rng)


# ---- measures of what comes by chance ------------------------------------------------------------

def measured(judge, measure, *names):
    """A judge of a measure of what the student's function does.

    measure: measure(function, *arguments) -> numbers, as many as there are names.
    names: what these numbers are, in words.
    """
    def of(function):
        return lambda *arguments: tuple(map(float, measure(function, *arguments)))

    wrong = [each._replace(answer=of(each.answer), hint=hint_of(each)) for each in judge.wrong]
    # judge.wrong has this check's own first already
    return Judge(judge.task._replace(returns=names), "", of(judge.answer), judge.file, wrong,
                 judge.kept)


def is_array(judge, shape, *arguments):
    """Refuse what isn't an array of this shape, before it is measured."""
    came, names = judge.call(*arguments), judge.task.returns
    if names and (not isinstance(came, tuple | list) or len(came) != len(names)):
        judge.fail(f"{judge.task.name} must return {' and '.join(names)}, not {show(came)}.")
    for name, value in zip(names, came) if names else [("what it returns", came)]:
        if type(value) is not np.ndarray or value.shape != shape:
            judge.fail(f"{judge.task.name}: {name} must be an array of shape {shape}, not "
                       f"{show(value)}.")


# ---- 1.1 a prediction, and 1.2 draw_weights ------------------------------------------------------

def left_after_five(judge, rng):
    """what deviation 0.01 leaves of a signal after five layers"""
    judge.predicted(0.00032, "One layer and its ReLU make the mean square 800·0.01²/2 = 0.04 times "
                             "as large. Its root is 0.2, and five layers make 0.2⁵ of it.",
                    tolerance=0.05)


def deviation_of(function, *arguments):
    """The deviation of the weights."""
    return [np.std(function(*arguments))]


def deviations(judge, rng, initialization, shapes):
    """The deviation of the weights of some shapes."""
    judged = measured(judge, deviation_of, "the deviation of the weights")
    for shape in shapes:
        is_array(judge, shape, shape, initialization, rng)

        def right(shape, initialization, rng):
            return (float(deviation_of(draw_weights, shape, initialization, rng)[0]),)
        judged.compare(right, shape, initialization, rng, tolerance=CHANCE)


def paper_s(judge, rng):
    """the paper's deviation, 0.01"""
    deviations(judge, rng, "paper", [(64, 16, 3, 3), (100, 200)])


def he_s(judge, rng):
    """He's variance, 2 / (inputs of one unit)"""
    deviations(judge, rng, "he", [(24, 96, 3, 3), (400, 50), (64, 3, 7, 7)])


def gaussian(judge, rng):
    """Gaussian numbers with mean 0"""
    def shape_of(function, *arguments):
        w = function(*arguments)
        return 1 + np.mean(w) / np.std(w), np.mean(np.abs(w - np.mean(w)) > 2 * np.std(w))
    judged = measured(judge, shape_of, "1 + mean / deviation",
                      "the share of weights beyond two deviations")

    def right(shape, initialization, rng):
        return 1.0, 0.0455
    for initialization in ("paper", "he"):
        judged.compare(right, (500, 600), initialization, rng, tolerance=CHANCE)


def chance_of_weights(judge, rng):
    """chance comes from rng: another generator makes other weights"""
    def draws(function, *arguments):
        return [len({function(*arguments, each).tobytes() for each in rng.spawn(2)})]

    def right(shape, initialization):
        return (2.0,)
    measured(judge, draws, "the number of different results of two generators").compare(
        right, (4, 6), "he")


def weight_manners(judge, rng):
    """w is float32, and nothing but rng is used up"""
    for initialization in ("paper", "he"):
        judge.manners(draw_weights, (3, 2, 2, 2), initialization, rng)


# ---- 2.1 mean_gradient ---------------------------------------------------------------------------

def equal_pieces(judge, rng):
    """pieces of the same size"""
    for shape, size in (((2, 1), 4), ((2, 2), 3), ((4, 3), 2)):
        judge.compare(mean_gradient, signed(rng, shape), [size] * shape[0])


def last_piece(judge, rng):
    """a last piece that is smaller; weights of any shape, as those of filters"""
    for shape, sizes in (((2, 1), [3, 1]), ((3, 2), [4, 4, 2]), ((2, 2, 1, 2, 2), [3, 1])):
        # positive: a mean that should be zero would be so to rounding only
        judge.compare(mean_gradient, distinct(rng, shape), sizes)


def gradient_manners(judge, rng):
    """the result has grads' dtype and memory of its own, and the arguments stay as they are"""
    for dtype in (np.float32, np.float64):
        judge.manners(mean_gradient, normal(rng, (3, 4), dtype), [4, 4, 1])


# ---- 2.2 momentum_step ---------------------------------------------------------------------------

def stepped(judge, rng, shape, v):
    """Compare one step from w, a velocity of v times whole numbers, and a gradient."""
    w, speed, gradient = (signed(rng, shape, start=start) for start in (1, 2, 3))
    judge.compare(momentum_step, w, v * speed, gradient, rate=0.25, momentum=0.5)


def first_step(judge, rng):
    """the first step, when v is zero"""
    for shape in ((1,), (3,), (2, 1, 2, 2)):
        stepped(judge, rng, shape, 0)


def later_step(judge, rng):
    """a step with a velocity"""
    for shape in ((1,), (3,)):
        stepped(judge, rng, shape, 8)


def step_manners(judge, rng):
    """w and v are new arrays of w's dtype, and the arguments stay as they are"""
    for dtype in (np.float32, np.float64):
        judge.manners(momentum_step, *(normal(rng, (2, 3), dtype) for _ in range(3)), rate=0.01,
                      momentum=0.9)


# ---- 2.3 next_rate -------------------------------------------------------------------------------

def rates(judge, rng, *cases):
    """Compare next_rate for accuracies in tenths: (patience, 5, 7, 6) each."""
    for patience, *tenths in cases:
        judge.compare(next_rate, float(rng.choice([1, 2, 4, 8])), [n / 10 for n in tenths],
                      patience, 0.5)


def stalls(judge, rng):
    """the best accuracy came `patience` epochs ago"""
    rates(judge, rng, (1, 7, 6), (2, 5, 7, 6, 6), (3, 5, 8, 7, 6, 6))


def waits(judge, rng):
    """it came less than that ago, or right now"""
    rates(judge, rng, (1, 7), (2, 5, 6), (2, 5, 7, 6), (3, 4, 5, 8, 7, 6))


def drops_again(judge, rng):
    """the rate drops again after as many more epochs, and not before"""
    rates(judge, rng, (2, 7, 6, 6, 6), (2, 7, 6, 6, 6, 6), (3, 8, 7, 7, 7, 7, 7), (1, 7, 6, 5))


def equals(judge, rng):
    """an accuracy equal to the best is no better"""
    rates(judge, rng, (2, 5, 7, 7, 7), (1, 7, 7))


def recovers(judge, rng):
    """an accuracy that grows again, but is below the best, is no better"""
    rates(judge, rng, (2, 7, 5, 6), (3, 4, 8, 5, 6, 7))


# ---- 2.4 renormalize -----------------------------------------------------------------------------

def one_filter(judge, rng):
    """one filter over one map, too large"""
    for K in (1, 2, 3):
        judge.compare(renormalize, signed(rng, (1, 1, K, K), start=2), 0.5)


def filters(judge, rng):
    """each filter by its own RMS value"""
    for F in (2, 4):
        judge.compare(renormalize, signed(rng, (F, 1, 2, 2)), 0.5)


def over_maps(judge, rng):
    """all maps of a filter together"""
    for C in (2, 3):
        judge.compare(renormalize, signed(rng, (1, C, 2, 2)), 0.5)


def small_ones(judge, rng):
    """a filter that isn't too large, or is all zero, stays as it is"""
    for w in (signed(rng, (1, 1, 2, 2)), np.zeros((1, 1, 2, 2), np.float32)):
        judge.compare(renormalize, w, 10.0)


def renormalize_manners(judge, rng):
    """the result has w's dtype and memory of its own, and w stays as it is"""
    for dtype in (np.float32, np.float64):
        judge.manners(renormalize, normal(rng, (2, 2, 2, 2), dtype), 0.5)


# ---- 3.1 dropout ---------------------------------------------------------------------------------

def dropped(judge, rng, measure, names, arguments):
    """Compare measures of y and mask in training with those of the library's dropout."""
    for x, rate in arguments:
        is_array(judge, x.shape, x, rate, rng, True)
        judged = measured(judge, lambda function, x, rate, rng, train: measure(
            x, *function(x.copy(), rate, rng, train)), *names)

        def right(x, rate, rng, train):
            return tuple(map(float, measure(x, *dropout(x, rate, rng, train))))
        judged.compare(right, x, rate, rng, True, tolerance=CHANCE)


def dropped_values(judge, rng):
    """in training a value becomes 0, or is scaled"""
    dropped(judge, rng, lambda x, y, mask: (y.min(), y.max()),
            ["the smallest value of y", "the largest value of y"],
            [(np.full((2, 100), 3, np.float32), rate) for rate in (0.25, 0.5, 0.8)])


def share(judge, rng):
    """values are dropped with the probability `rate`"""
    dropped(judge, rng, lambda x, y, mask: [np.mean(y == 0)], ["the share of zeros in y"],
            [(np.ones((1, 40000), np.float32), rate) for rate in (0.2, 0.8)])


def each_by_itself(judge, rng):
    """each image, each map and each place for itself"""
    def different(x, y, mask):
        return [len({each.tobytes() for each in some}) for some in (y, y[0], y[0, 0])]
    dropped(judge, rng, different, ["the number of images that differ",
                                    "the number of maps of an image that differ",
                                    "the number of rows of a map that differ"],
            [(np.ones((3, 4, 2, 200), np.float32), 0.5)])


def testing(judge, rng):
    """in testing nothing is dropped, and nothing scaled"""
    for shape in ((2, 3), (2, 2, 3, 3)):
        judge.compare(dropout, signed(rng, shape), 0.5, rng, False)


def used_mask(judge, rng):
    """y is x times the mask"""
    dropped(judge, rng, lambda x, y, mask: [1 + np.abs(y - x * mask).max()],
            ["1 + the largest difference of y and x·mask"],
            [(signed(rng, (4, 25)), rate) for rate in (0.25, 0.5)])


def chance_of_dropout(judge, rng):
    """chance comes from rng: another generator drops other values"""
    def draws(function, x, rate):
        return [len({function(x, rate, each, True)[0].tobytes() for each in rng.spawn(2)})]

    def right(x, rate):
        return (2.0,)
    measured(judge, draws, "the number of different results of two generators").compare(
        right, np.ones((5, 20), np.float32), 0.5)


def dropout_manners(judge, rng):
    """y and mask have x's dtype and memory of their own, and x stays as it is"""
    for dtype in (np.float32, np.float64):
        judge.manners(dropout, normal(rng, (3, 4), dtype), 0.5, rng, True)


# ---- 3.2 a test to write -------------------------------------------------------------------------

def by_choice(x, rate, rng, train):
    """A right dropout, another way; it drops exactly the share."""
    if not train:
        return x, np.ones_like(x)
    mask = np.full(x.size, 1 / (1 - rate))
    mask[rng.permutation(x.size)[:round(rate * x.size)]] = 0
    mask = mask.reshape(x.shape).astype(x.dtype)
    return x * mask, mask


def unscaled(x, rate, rng, train):
    """What is kept isn't scaled."""
    y, mask = dropout(x, rate, rng, train)
    scale = 1 - rate if train else 1
    return y * scale, mask * scale


def scaled_in_testing(x, rate, rng, train):
    """As in the paper's days: scaled in testing, not in training."""
    y, mask = unscaled(x, rate, rng, train)
    return (y, mask) if train else (y * (1 - rate), mask * (1 - rate))


def in_testing_too(x, rate, rng, train):
    """It drops in testing."""
    return dropout(x, rate, rng, True)


def the_other_share(x, rate, rng, train):
    """It keeps the share that it should drop."""
    if not train:
        return dropout(x, rate, rng, train)
    mask = (rng.random(x.shape) < rate) * x.dtype.type(1 / (1 - rate))
    return x * mask, mask


def one_mask_for_all(x, rate, rng, train):
    """All images have the same mask."""
    y, mask = dropout(x, rate, rng, train)
    mask = np.broadcast_to(mask[:1], x.shape).copy()
    return x * mask, mask


RIGHT = {"the library's own": dropout, "one that drops exactly the share": by_choice}
CAUGHT = {"doesn't scale what it keeps": unscaled,
          "scales in testing, and not in training": scaled_in_testing,
          "drops in testing too": in_testing_too,
          "keeps the share that it should drop": the_other_share,
          "drops the same places in all images": one_mask_for_all}


def accepted(judge, rng):
    """right functions pass"""
    judge.accepts(RIGHT, CAUGHT, hint="Leave chance some room: of 10,000 values with rate 0.2 any "
                                      "number between 1,800 and 2,200 may be dropped.")


def caught(judge, rng):
    """wrong functions are caught"""
    judge.refuses(CAUGHT, hint="Ask for each sentence of task 3.1: the values that are kept, the "
                               "share that isn't, two images beside each other, and testing.")


TASKS = [
    Task("1.1", "left_after_five", [Check("prediction", 1, left_after_five)], prediction=True),
    Task("1.2", "draw_weights", [
        Check("paper", 1, paper_s), Check("he", 2, he_s), Check("gaussian", 1, gaussian),
        Check("chance", 1, chance_of_weights), Check("manners", 1, weight_manners)],
        after="left_after_five"),
    Task("2.1", "mean_gradient", [
        Check("equal pieces", 1, equal_pieces), Check("last piece", 2, last_piece),
        Check("manners", 1, gradient_manners)]),
    Task("2.2", "momentum_step", [
        Check("first step", 2, first_step), Check("velocity", 2, later_step),
        Check("manners", 1, step_manners)], returns=("w", "v")),
    Task("2.3", "next_rate", [
        Check("stalls", 1, stalls), Check("waits", 1, waits), Check("again", 1, drops_again),
        Check("equals", 1, equals), Check("recovers", 1, recovers)]),
    Task("2.4", "renormalize", [
        Check("one filter", 2, one_filter), Check("filters", 1, filters),
        Check("maps", 1, over_maps), Check("small ones", 1, small_ones),
        Check("manners", 1, renormalize_manners)]),
    Task("3.1", "dropout", [
        Check("values", 2, dropped_values), Check("share", 1, share),
        Check("independent", 1, each_by_itself), Check("testing", 2, testing),
        Check("mask", 1, used_mask), Check("chance", 1, chance_of_dropout),
        Check("manners", 1, dropout_manners)], returns=("y", "mask")),
    Task("3.2", "test_dropout", [Check("right ones", 1, accepted), Check("wrong ones", 2, caught)]),
]
