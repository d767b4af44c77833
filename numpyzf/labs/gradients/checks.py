"""What each task of the gradients lab is judged by."""
import numpy as np

from ... import functional, gradcheck
from ...geometry import conv_output_size
from ..inputs import distinct, normal, signed
from ..tasks import Check, Task


# ---- the right functions, with the contract's arguments ------------------------------------------

def numerical_gradient(f, x, dy, h=1e-5):
    """The library's answer to task 1.1."""
    return gradcheck.numerical_gradient(f, x, dy, h)


def linear_backward(dy, x, w):
    """The library's answer to task 2.1."""
    return functional.linear_backward(dy, functional.LinearSaved(x, w))


def relu_backward(dy, x):
    """The library's answer to task 2.2."""
    return functional.relu_backward(dy, functional.relu_forward(x)[1])


def conv_backward(dy, x, w, *, stride, pad):
    """The library's answer to task 2.3."""
    none = np.zeros(len(w), w.dtype)
    _, saved = functional.conv_forward(x, w, none, stride=stride, pad=pad, method="direct")
    return functional.conv_backward(dy, saved)


def softmax_cross_entropy(scores, labels):
    """The library's answer to task 3.2."""
    return functional.softmax_cross_entropy(scores, labels)


# ---- 1.1 numerical_gradient ----------------------------------------------------------------------

def tripled(x):
    """3x: its slope is the same on both sides, and for every h."""
    return 3 * x


def product(x):
    """The product of all elements, one number: along each element a straight line."""
    return np.array([x.prod()])


def cubed(x):
    """x³: its slope isn't the same on both sides, and depends on h."""
    return x ** 3


def three_copies(x):
    """One element becomes three: x, 2x and 4x."""
    return x[0] * np.array([1., 2., 4.])


def one_number(judge, rng):
    """one number, and a straight line"""
    for h in (0.125, 0.5, 1):
        judge.compare(numerical_gradient, tripled, rng.integers(5, 10, 1).astype(float), np.ones(1),
                      h=h)
    judge.compare(numerical_gradient, tripled, normal(rng, (1,), float), np.ones(1))


def each_element(judge, rng):
    """each element by itself, while the others stay"""
    for shape in ((2,), (3,), (2, 2), (1, 2, 3)):
        x = signed(rng, shape, start=2).astype(float)
        judge.compare(numerical_gradient, product, x, np.ones(1), h=0.5)


def both_sides(judge, rng):
    """to both sides, and as far as h says"""
    for h in (1, 0.5, 0.25):
        x = rng.integers(2, 9, 1).astype(float)
        judge.compare(numerical_gradient, cubed, x, np.ones(1), h=h)


def weighted(judge, rng):
    """each output counts as much as dy says"""
    for _ in range(3):
        judge.compare(numerical_gradient, three_copies, signed(rng, (1,)).astype(float),
                      distinct(rng, (3,), start=2).astype(float), h=0.5)


def difference_manners(judge, rng):
    """the result is float64 and has memory of its own, and x stays as it is, to the last bit"""
    judge.manners(numerical_gradient, cubed, normal(rng, (3, 4), float), normal(rng, (3, 4), float))


# ---- 1.2 a test to write -------------------------------------------------------------------------

def squash_backward(dy, x):
    """The gradient of squash, by its formula."""
    s = np.sqrt(1 + (x ** 2).sum(axis=1, keepdims=True))
    return dy / s - x * (dy * x).sum(axis=1, keepdims=True) / s ** 3


def with_loops(dy, x):
    """The same, row by row: dx[i] = Σ_j dy[j] · (how fast output j grows with x[i])."""
    dx = np.zeros(np.shape(x), np.result_type(dy, x))
    for n, row in enumerate(x):
        s = np.sqrt(1 + (row ** 2).sum())
        for i in range(len(row)):
            for j in range(len(row)):
                dx[n, i] += dy[n, j] * ((i == j) / s - row[i] * row[j] / s ** 3)
    return dx


def for_ones_only(dy, x):
    """The gradient for a dy of ones, multiplied by dy afterwards."""
    return dy * squash_backward(np.ones_like(dy), x)


def without_dy(dy, x):
    """The gradient for a dy of ones."""
    return squash_backward(np.ones_like(dy), x)


def a_little_too_large(dy, x):
    """1 % too large."""
    return 1.01 * squash_backward(dy, x)


def over_the_batch(dy, x):
    """Divided by the number of rows."""
    return squash_backward(dy, x) / len(x)


def without_the_sign(dy, x):
    """|x| in the place of x."""
    return squash_backward(dy, np.abs(x))


def only_itself(dy, x):
    """As if a value changed nothing but its own output's numerator."""
    return dy / np.sqrt(1 + (x ** 2).sum(axis=1, keepdims=True))


RIGHT = {"made of the formula": squash_backward, "one with loops": with_loops}
CAUGHT = {"is right only where all of dy is 1": for_ones_only,
          "ignores dy": without_dy,
          "divides by the number of rows": over_the_batch,
          "mixes up the signs where x is negative": without_the_sign,
          "leaves out that each value changes its whole row": only_itself,
          "is 1 % too large": a_little_too_large}


def accepted(judge, rng):
    """right functions pass"""
    judge.accepts(RIGHT, CAUGHT,
                  hint="Differences are never quite right: compare by np.allclose or a small "
                       "tolerance, and use float64.")


def caught(judge, rng):
    """wrong functions are caught"""
    judge.refuses(CAUGHT, hint="Use random numbers of both signs for x and for dy, several rows "
                               "and several columns, and compare each element of dx with a "
                               "central difference.")


# ---- 2.1 linear_backward, and 2.2 relu_backward --------------------------------------------------

def connected(judge, rng, N, I, O):
    """Compare linear_backward for whole numbers."""
    judge.compare(linear_backward, signed(rng, (N, O)), signed(rng, (N, I), start=2),
                  signed(rng, (O, I), start=3))


def one_image(judge, rng):
    """all three gradients, for one image"""
    for inputs, outputs in ((1, 1), (2, 2), (3, 2)):
        connected(judge, rng, 1, inputs, outputs)


def several_images(judge, rng):
    """several images: dx for each, dw and db from all"""
    for N, inputs, outputs in ((2, 1, 1), (2, 2, 1), (3, 2, 4)):
        connected(judge, rng, N, inputs, outputs)


def linear_manners(judge, rng):
    """dx, dw and db have x's dtype and memory of their own, and dy, x and w stay as they are"""
    for dtype in (np.float32, np.float64):
        judge.manners(linear_backward, normal(rng, (2, 4), dtype), normal(rng, (2, 3), dtype),
                      normal(rng, (4, 3), dtype))


def both_signs(rng, shape):
    """Odd numbers of both signs, so none is 0; an even number of them."""
    count = np.prod(shape, dtype=int)
    return 2 * distinct(rng, shape) - np.float32(count + 1)


def passed(judge, rng):
    """dy, of whatever sign, passes where x is positive, and nowhere else"""
    # x and dy positive; x alone; dy alone; none
    order = rng.permutation(4)
    x = distinct(rng, (4,)) * np.array([1, 1, -1, -1], np.float32)
    dy = distinct(rng, (4,), start=2) * np.array([1, -1, 1, -1], np.float32)
    judge.compare(relu_backward, dy[order], x[order])
    for shape in ((2, 3), (1, 2, 2, 3)):
        judge.compare(relu_backward, both_signs(rng, shape), both_signs(rng, shape))


def at_zero(judge, rng):
    """where x is 0, dx is 0"""
    for shape in ((1,), (4,), (2, 3)):
        judge.compare(relu_backward, distinct(rng, shape), np.zeros(shape, np.float32))


def relu_manners(judge, rng):
    """dx has dy's dtype and memory of its own, and dy and x stay as they are"""
    for dtype in (np.float32, np.float64):
        judge.manners(relu_backward, normal(rng, (2, 2, 3, 3), dtype),
                      normal(rng, (2, 2, 3, 3), dtype))


# ---- 2.3 conv_backward ---------------------------------------------------------------------------

def convolved(judge, rng, x_shape, w_shape, *, stride=1, pad=0):
    """Compare conv_backward for whole numbers."""
    sides = (conv_output_size(n, w_shape[2], stride, pad) for n in x_shape[2:])
    dy = signed(rng, (x_shape[0], w_shape[0], *sides))
    judge.compare(conv_backward, dy, signed(rng, x_shape, start=2),
                  signed(rng, w_shape, start=3), stride=stride, pad=pad)


def one_map(judge, rng):
    """one square map and one filter, which moves by one pixel"""
    for side, size in ((1, 1), (2, 1), (2, 2), (3, 2), (4, 3)):
        convolved(judge, rng, (1, 1, side, side), (1, 1, size, size))


def conv_images(judge, rng):
    """several images: dx for each, dw and db from all"""
    for images, side, size in ((2, 1, 1), (2, 2, 2), (3, 3, 2)):
        convolved(judge, rng, (images, 1, side, side), (1, 1, size, size))
    # images, channels and filters at once: two channels that are the same, a filter without
    # weights, and dy whose sum is 0 for each filter
    x = np.repeat(signed(rng, (2, 1, 3, 3), start=2), 2, axis=1)
    w = signed(rng, (2, 2, 2, 2), start=3)
    w[0] = 0
    dy = np.stack([both_signs(rng, (2, 2, 2)) for _ in range(2)], axis=1)
    judge.compare(conv_backward, dy, x, w, stride=1, pad=0)


def conv_channels(judge, rng):
    """several channels, several filters"""
    for filters, channels, side in ((2, 1, 1), (1, 2, 1), (2, 2, 2), (2, 3, 3)):
        size = min(side, 2)
        convolved(judge, rng, (1, channels, side, side), (filters, channels, size, size))


def conv_strides(judge, rng):
    """windows that are further apart, and pixels that are in none"""
    for side, size, stride in ((3, 1, 2), (2, 1, 2), (5, 3, 2), (6, 2, 3), (4, 2, 2)):
        convolved(judge, rng, (1, 1, side, side), (1, 1, size, size), stride=stride)


def conv_padding(judge, rng):
    """zeros around the image"""
    # in the last three a single window sees padding on both sides: the stride moves nothing, but
    # who mixes it up with the padding is found out
    for side, size, stride, pad in ((1, 2, 1, 1), (2, 3, 1, 1), (3, 5, 1, 2), (1, 3, 2, 1),
                                    (1, 3, 3, 1), (3, 5, 2, 1)):
        convolved(judge, rng, (1, 1, side, side), (1, 1, size, size), stride=stride, pad=pad)


def conv_oblong(judge, rng):
    """maps that aren't square"""
    for shape, size in (((1, 2), 1), ((3, 2), 2), ((3, 5), 3)):
        convolved(judge, rng, (1, 1, *shape), (1, 1, size, size))


def conv_manners(judge, rng):
    """dx, dw and db have x's dtype and memory of their own, and dy, x and w stay as they are"""
    for dtype in (np.float32, np.float64):
        judge.manners(conv_backward, normal(rng, (2, 2, 4, 4), dtype),
                      normal(rng, (2, 2, 4, 4), dtype), normal(rng, (2, 2, 3, 3), dtype),
                      stride=1, pad=1)


# ---- 3.1 a prediction, and 3.2 softmax_cross_entropy ---------------------------------------------

def knowing_nothing(judge, rng):
    """the loss of a net that knows nothing"""
    judge.predicted(float(np.log(10)), "Each of ten classes gets the probability 0.1, and the loss "
                    "is −log 0.1 = log 10 = 2.30. With so much a training of ten classes should "
                    "begin; while it stays there, nothing is learned.", tolerance=0.005)


LARGE = "Take each image's largest score off all its scores first. Probabilities stay the same."


def scored(judge, rng, N, classes):
    """Compare softmax_cross_entropy for small whole numbers, and labels that aren't all the same"""
    scores = np.stack([distinct(rng, (classes,)) for _ in range(N)])
    labels = rng.permutation(np.arange(max(N, classes)) % classes)[:N]
    if N > 1:
        labels[1] = (labels[0] + 1) % classes
    judge.compare(softmax_cross_entropy, scores, labels)


def one_score(judge, rng):
    """the loss and its gradient, for one image"""
    for classes in (2, 3, 5):
        scored(judge, rng, 1, classes)


def several_scores(judge, rng):
    """several images: each has its label, and the loss is the mean"""
    for N, classes in ((2, 2), (2, 3), (4, 3)):
        scored(judge, rng, N, classes)


def large_scores(judge, rng):
    """scores of 1000 and more, below zero too"""
    for scores, label in (([1000, 0], 0), ([0, 1000], 0), ([-1000, -1000], 1),
                          ([1000, 1002, 1001], 2)):
        judge.compare(softmax_cross_entropy, np.array([scores], np.float32), np.array([label]),
                      hint=LARGE)
    # an image with high scores and one with low scores, both right: the loss is 0, of both too
    for high, low in ((2000, -1000), (1000, 0)):
        scores = np.array([[high, high - 1000], [low, low - 1000]], np.float32)
        judge.compare(softmax_cross_entropy, scores, np.array([0, 0]), hint=LARGE)


def loss_manners(judge, rng):
    """dscores has scores' dtype and memory of its own, and scores and labels stay as they are"""
    for dtype in (np.float32, np.float64):
        judge.manners(softmax_cross_entropy, normal(rng, (3, 4), dtype), rng.integers(0, 4, 3))


TASKS = [
    Task("1.1", "numerical_gradient", [
        Check("one number", 2, one_number), Check("each element", 1, each_element),
        Check("both sides", 1, both_sides), Check("dy", 1, weighted),
        Check("manners", 1, difference_manners)]),
    Task("1.2", "test_squash_backward", [
        Check("right ones", 1, accepted), Check("wrong ones", 2, caught)]),
    Task("2.1", "linear_backward", [
        Check("one image", 2, one_image), Check("images", 1, several_images),
        Check("manners", 1, linear_manners)], returns=("dx", "dw", "db")),
    Task("2.2", "relu_backward", [
        Check("where", 2, passed), Check("at zero", 1, at_zero),
        Check("manners", 1, relu_manners)]),
    Task("2.3", "conv_backward", [
        Check("one map", 2, one_map), Check("images", 1, conv_images),
        Check("channels", 1, conv_channels), Check("stride", 1, conv_strides),
        Check("padding", 1, conv_padding), Check("not square", 1, conv_oblong),
        Check("manners", 1, conv_manners)], returns=("dx", "dw", "db")),
    Task("3.1", "at_chance", [Check("prediction", 1, knowing_nothing)], prediction=True),
    Task("3.2", "softmax_cross_entropy", [
        Check("one image", 2, one_score), Check("images", 1, several_scores),
        Check("large scores", 1, large_scores), Check("manners", 1, loss_manners)],
        after="at_chance", returns=("loss", "dscores")),
]
