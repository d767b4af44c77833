"""What each task of the losses lab is judged by."""
import numpy as np

from ...perceptual import losses
from ..inputs import distinct, normal, signed
from ..tasks import Check, Task


# ---- the right functions, with the contract's arguments ------------------------------------------

def gram(y):
    """What is right in task 1.2."""
    return losses.gram(y).astype(y.dtype)


feature_loss, total_variation = losses.feature, losses.total_variation      # tasks 2.1 and 2.3


def style_loss(y, gram, target):
    """What is right in task 2.2; `gram` is y's, as always here."""
    return losses.style(y, target)


# ---- 1.1 a prediction, and 1.2 gram --------------------------------------------------------------

def larger_and_stronger(judge, rng):
    """larger maps, and stronger ones"""
    judge.predicted((1.0, 4.0), "In maps of twice the height and width there are four times as "
                    "many products to add, and G is divided by four times as much: it stays, and "
                    "pictures of different sizes can be compared. Of values twice as large each "
                    "product is four times as large.")


def one_picture(judge, rng):
    """one picture, of square maps"""
    # the first tells by what is divided: C is 3, H·W is 4, C·C is 9
    for C, side in ((3, 2), (1, 1), (2, 3), (1, 2), (2, 1)):
        judge.compare(gram, signed(rng, (1, C, side, side)))


def several_pictures(judge, rng):
    """several pictures, each with a matrix of its own"""
    for N, C, side in ((2, 1, 1), (2, 2, 2), (3, 2, 2)):
        judge.compare(gram, signed(rng, (N, C, side, side)))


def oblong_maps(judge, rng):
    """maps that aren't square"""
    for C, H, W in ((1, 1, 2), (1, 2, 1), (2, 2, 3), (2, 3, 1)):
        judge.compare(gram, signed(rng, (1, C, H, W)))


def gram_manners(judge, rng):
    """the result has y's dtype and memory of its own, and y stays as it is"""
    for dtype in (np.float32, np.float64):
        judge.manners(gram, normal(rng, (2, 3, 4, 5), dtype))


# ---- 1.3 a test to write -------------------------------------------------------------------------

def with_loops(y):
    """Number by number."""
    N, C, H, W = y.shape
    found = np.zeros((N, C, C), y.dtype)
    for n, c, d in np.ndindex(N, C, C):
        found[n, c, d] = (y[n, c] * y[n, d]).sum() / (C * H * W)
    return found


def divided_first(y):
    """y / √(C·H·W) by itself: other roundings."""
    maps = y.reshape(*y.shape[:2], -1) / np.sqrt(y[0].size)
    return maps @ maps.transpose(0, 2, 1)


def not_divided(y):
    """ψψᵀ alone."""
    return gram(y) * y[0].size


def by_places_alone(y):
    """Divided by H·W."""
    return gram(y) * y.shape[1]


def by_maps_alone(y):
    """Divided by C."""
    return gram(y) * y[0, 0].size


def by_square_maps(y):
    """Divided by C·H·H."""
    return gram(y) * y.shape[3] / y.shape[2]


def of_the_batch(y):
    """The mean over all pictures, for each."""
    return np.broadcast_to(gram(y).mean(axis=0), (len(y), y.shape[1], y.shape[1])).copy()


def with_the_mean_off(y):
    """Of maps whose mean is taken off: how they vary together."""
    return gram(y - y.mean(axis=(2, 3), keepdims=True))


def diagonal_alone(y):
    """Each map with itself, zeros elsewhere."""
    return gram(y) * np.eye(y.shape[1], dtype=y.dtype)


def without_signs(y):
    """Of |y|."""
    return gram(np.abs(y))


RIGHT = {"made of a matrix product": gram, "one with loops": with_loops,
         "one that divides first": divided_first}
CAUGHT = {"doesn't divide": not_divided,
          "divides by H·W, and not by C": by_places_alone,
          "divides by C, and not by H·W": by_maps_alone,
          "divides by C·H·H": by_square_maps,
          "mixes up the pictures": of_the_batch,
          "takes each map's mean off": with_the_mean_off,
          "leaves out all pairs of different maps": diagonal_alone,
          "takes all values for positive": without_signs}


def accepted(judge, rng):
    """right functions pass"""
    judge.accepts(RIGHT, CAUGHT, hint="Two right functions differ by rounding: compare by "
                                      "np.allclose or np.isclose.")


def caught(judge, rng):
    """wrong functions are caught"""
    judge.refuses(CAUGHT, hint="Use two pictures, several maps that aren't square, numbers of both "
                               "signs whose mean isn't 0, and compare every number with a sum of "
                               "products that you add up yourself.")


# ---- 2.1 feature_loss ----------------------------------------------------------------------------

def maps_apart(rng, shape):
    """Two arrays of whole numbers, apart in both directions, by 3 and more."""
    y, apart = signed(rng, shape, start=2), distinct(rng, shape, start=3)
    return y, y + rng.choice(np.float32([-1, 1]), shape) * apart


def one_picture_s_features(judge, rng):
    """the loss and its gradient, for one picture"""
    for C, H, W in ((1, 1, 2), (1, 1, 1), (2, 1, 1), (2, 2, 3)):
        judge.compare(feature_loss, *maps_apart(rng, (1, C, H, W)))


def several_pictures_features(judge, rng):
    """several pictures: the loss is their mean"""
    for N, C, side in ((2, 1, 1), (2, 2, 2), (3, 2, 2)):
        judge.compare(feature_loss, *maps_apart(rng, (N, C, side, side)))


def feature_manners(judge, rng):
    """the gradient has y's dtype and memory of its own, and y and target stay as they are"""
    for dtype in (np.float32, np.float64):
        judge.manners(feature_loss, normal(rng, (2, 3, 4, 5), dtype),
                      normal(rng, (2, 3, 4, 5), dtype))


# ---- 2.2 style_loss ------------------------------------------------------------------------------

def styles(rng, shape):
    """Maps y, their Gram matrices, and those of other maps."""
    y = signed(rng, shape, start=2)
    return y, gram(y), gram(2 * signed(rng, shape) + 3)


def one_picture_s_style(judge, rng):
    """the loss and its gradient, for one picture of square maps"""
    # in the first a division by C·H·W is none by 2, nor by H·W
    for C, side in ((3, 2), (2, 1), (1, 1), (1, 2), (2, 2)):
        judge.compare(style_loss, *styles(rng, (1, C, side, side)))


def several_pictures_styles(judge, rng):
    """several pictures: the loss is their mean"""
    for N, C, side in ((2, 1, 1), (2, 2, 2), (3, 2, 2)):
        judge.compare(style_loss, *styles(rng, (N, C, side, side)))


def oblong_styles(judge, rng):
    """maps that aren't square"""
    for C, H, W in ((1, 1, 2), (1, 2, 1), (2, 2, 3), (2, 3, 1)):
        judge.compare(style_loss, *styles(rng, (1, C, H, W)))


def style_manners(judge, rng):
    """the gradient has y's dtype and memory of its own, and the arguments stay as they are"""
    for dtype in (np.float32, np.float64):
        y, other = normal(rng, (2, 3, 4, 5), dtype), normal(rng, (2, 3, 4, 5), dtype)
        judge.manners(style_loss, y, gram(y), gram(other))


# ---- 2.3 total_variation -------------------------------------------------------------------------

def in_a_frame(rng, shape):
    """Whole numbers with zeros around: there is no step along, or over, the border."""
    return np.pad(signed(rng, shape, start=2), ((0, 0), (0, 0), (1, 1), (1, 1)))


def one_map(judge, rng):
    """one square map, with zeros at its border"""
    for side in (1, 2, 3):
        judge.compare(total_variation, in_a_frame(rng, (1, 1, side, side)))


def at_the_border(judge, rng):
    """the border: no step leads out of the picture, and all steps inside count"""
    for side in (1, 2, 3):
        judge.compare(total_variation, signed(rng, (1, 1, side, side), start=2))


def several_colors(judge, rng):
    """several colors, each by itself"""
    for C, side in ((2, 1), (2, 2), (3, 2)):
        judge.compare(total_variation, in_a_frame(rng, (1, C, side, side)))


def several_pictures_steps(judge, rng):
    """several pictures: the loss is their mean"""
    for N, side in ((2, 1), (2, 2), (3, 2)):
        judge.compare(total_variation, in_a_frame(rng, (N, 1, side, side)))


def oblong_pictures(judge, rng):
    """pictures that aren't square"""
    for H, W in ((1, 2), (2, 1), (2, 3), (3, 1)):
        judge.compare(total_variation, in_a_frame(rng, (1, 1, H, W)))


def variation_manners(judge, rng):
    """the gradient has x's dtype and memory of its own, and x stays as it is"""
    for dtype in (np.float32, np.float64):
        judge.manners(total_variation, normal(rng, (2, 3, 4, 5), dtype))


LOSS = ("loss", "gradient")
TASKS = [
    Task("1.1", "grows", [Check("prediction", 1, larger_and_stronger)], prediction=True),
    Task("1.2", "gram", [
        Check("one picture", 2, one_picture), Check("pictures", 1, several_pictures),
        Check("not square", 1, oblong_maps), Check("manners", 1, gram_manners)], after="grows"),
    Task("1.3", "test_gram", [
        Check("right ones", 1, accepted), Check("wrong ones", 2, caught)]),
    Task("2.1", "feature_loss", [
        Check("one picture", 2, one_picture_s_features),
        Check("pictures", 1, several_pictures_features),
        Check("manners", 1, feature_manners)], returns=LOSS),
    Task("2.2", "style_loss", [
        Check("one picture", 3, one_picture_s_style),
        Check("pictures", 1, several_pictures_styles), Check("not square", 1, oblong_styles),
        Check("manners", 1, style_manners)], returns=LOSS),
    Task("2.3", "total_variation", [
        Check("one map", 2, one_map), Check("border", 2, at_the_border),
        Check("colors", 1, several_colors), Check("pictures", 1, several_pictures_steps),
        Check("not square", 1, oblong_pictures), Check("manners", 1, variation_manners)],
        returns=LOSS),
]
