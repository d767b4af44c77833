"""Wrong answers to the tasks of the training lab, one misconception each; docstrings are the hints.

They use what solution.py imports, and nothing else.
"""
import numpy as np

from .. import judge
from ..tasks import Wrong


# ---- 1.2 draw_weights ----------------------------------------------------------------------------

def variance_of_a_hundredth(shape, initialization, rng):
    """0.01 is the deviation, not the variance: multiply standard numbers by 0.01."""
    variance = 0.01 if initialization == "paper" else 2 / np.prod(shape[1:])
    return (rng.standard_normal(shape) * np.sqrt(variance)).astype(np.float32)


def zeros(shape, initialization, rng):
    """If all weights are zero, all units do the same, and get the same gradient for ever. Draw
    them."""
    return np.zeros(shape, np.float32)


def he_always(shape, initialization, rng):
    """By "paper" the deviation is 0.01, whatever the number of inputs."""
    return (rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))).astype(np.float32)


def forgets_the_relu(shape, initialization, rng):
    """The 2 in He's variance makes up for the ReLU, which halves the mean square. Yours is 1 /
    inputs."""
    deviation = 0.01 if initialization == "paper" else np.sqrt(1 / np.prod(shape[1:]))
    return (rng.standard_normal(shape) * deviation).astype(np.float32)


def variance_for_deviation(shape, initialization, rng):
    """2 / inputs is the variance. The deviation, by which you multiply, is its root."""
    deviation = 0.01 if initialization == "paper" else 2 / np.prod(shape[1:])
    return (rng.standard_normal(shape) * deviation).astype(np.float32)


def counts_the_maps_alone(shape, initialization, rng):
    """A unit of a convolution has C·K·K inputs: all pixels of its window count, in all maps. Yours
    counts the maps."""
    deviation = 0.01 if initialization == "paper" else np.sqrt(2 / shape[1])
    return (rng.standard_normal(shape) * deviation).astype(np.float32)


def counts_the_outputs(shape, initialization, rng):
    """The first number of the shape is that of the units, or filters, not of their inputs."""
    inputs = shape[0] * np.prod(shape[2:])
    deviation = 0.01 if initialization == "paper" else np.sqrt(2 / inputs)
    return (rng.standard_normal(shape) * deviation).astype(np.float32)


def counts_all_weights(shape, initialization, rng):
    """The inputs of one unit are asked for, shape[1:]. Yours counts all weights of the layer."""
    deviation = 0.01 if initialization == "paper" else np.sqrt(2 / np.prod(shape))
    return (rng.standard_normal(shape) * deviation).astype(np.float32)


def even_numbers(shape, initialization, rng):
    """Gaussian numbers are asked for, rng.standard_normal. Yours have the right deviation, but are
    spread evenly between two limits."""
    deviation = 0.01 if initialization == "paper" else np.sqrt(2 / np.prod(shape[1:]))
    limit = deviation * np.sqrt(3)
    return rng.uniform(-limit, limit, shape).astype(np.float32)


def positive_weights(shape, initialization, rng):
    """The mean of the weights is to be 0: half of them are negative."""
    deviation = 0.01 if initialization == "paper" else np.sqrt(2 / np.prod(shape[1:]))
    return (rng.standard_normal(shape) * deviation + deviation).astype(np.float32)


def generator_of_its_own(shape, initialization, rng):
    """Draw from the argument rng. Yours makes a generator of its own from a fixed seed, so two
    layers of one shape begin with the same weights."""
    rng = np.random.default_rng(0)
    deviation = 0.01 if initialization == "paper" else np.sqrt(2 / np.prod(shape[1:]))
    return (rng.standard_normal(shape) * deviation).astype(np.float32)


def weights_of_float64(shape, initialization, rng):
    """-"""
    deviation = 0.01 if initialization == "paper" else np.sqrt(2 / np.prod(shape[1:]))
    return rng.standard_normal(shape) * deviation


def numpy_s_own_generator(shape, initialization, rng):
    """-"""
    deviation = 0.01 if initialization == "paper" else np.sqrt(2 / np.prod(shape[1:]))
    return (np.random.standard_normal(shape) * deviation).astype(np.float32)


# ---- 2.1 mean_gradient ---------------------------------------------------------------------------

def adds_up(grads, sizes):
    """The mean over the images is asked for. Yours is the sum over the pieces, as many times too
    large as there are pieces."""
    return grads.sum(axis=0)


def mean_taken_twice(grads, sizes):
    """Each piece's gradient is a mean already. Yours divides by the number of images once more."""
    return grads.sum(axis=0) / np.sum(sizes).astype(grads.dtype)


def sum_over_images(grads, sizes):
    """The mean over the images is asked for: divide by their number. Yours is the sum over all
    images."""
    return sum(size * gradient for gradient, size in zip(grads, sizes))


def last_one_stays(grads, sizes):
    """All pieces count. Yours is the gradient of the last one."""
    return grads[-1].copy()


def mean_over_pieces(grads, sizes):
    """All images count the same, not all pieces: a piece counts as much as it has images."""
    return grads.mean(axis=0)


def weights_for_two_axes(grads, sizes):
    """The sizes go with the first axis of grads, whatever the others are. Yours fits arrays of two
    axes only."""
    weights = np.array(sizes, grads.dtype)[:, None]
    return (weights * grads).sum(axis=0) / weights.sum()


def adds_to_the_first(grads, sizes):
    """-"""
    total = grads[0]
    total *= sizes[0]
    for gradient, size in zip(grads[1:], sizes[1:]):
        total += size * gradient
    return total / sum(sizes)


def averages_in_float64(grads, sizes):
    """-"""
    return np.average(grads, axis=0, weights=np.array(sizes, float))


# ---- 2.2 momentum_step ---------------------------------------------------------------------------

def climbs(w, v, gradient, *, rate, momentum):
    """The gradient points to where the loss grows. Take it off: momentum·v − rate·gradient."""
    v = momentum * v + rate * gradient
    return w + v, v


def velocity_turned_round(w, v, gradient, *, rate, momentum):
    """Your w is right, but your v has the other sign: here v is what is *added* to w."""
    new = momentum * -v + rate * gradient
    return w - new, new


def rate_at_the_end(w, v, gradient, *, rate, momentum):
    """Your v is made without the rate. Then a rate that drops would change all of the velocity at
    once; here it is a part of v: momentum·v − rate·gradient."""
    v = momentum * v - gradient
    return w + rate * v, v


def with_the_old_velocity(w, v, gradient, *, rate, momentum):
    """w moves by the v that has just been made. Yours moves by the old one."""
    return w + v, momentum * v - rate * gradient


def damped(w, v, gradient, *, rate, momentum):
    """The gradient counts in full, times the rate. Yours makes it smaller by 1 − momentum, as in a
    running mean."""
    v = momentum * v - (1 - momentum) * rate * gradient
    return w + v, v


def no_momentum(w, v, gradient, *, rate, momentum):
    """The old velocity is forgotten: v is momentum·v − rate·gradient."""
    v = -rate * gradient
    return w + v, v


def no_friction(w, v, gradient, *, rate, momentum):
    """The old velocity counts momentum times, 0.9 say. Yours counts in full, and never gets
    slower."""
    v = v - rate * gradient
    return w + v, v


def looks_ahead(w, v, gradient, *, rate, momentum):
    """That is Nesterov's momentum, which takes a look at where the velocity leads. Here w moves by
    v alone."""
    v = momentum * v - rate * gradient
    return w + momentum * v - rate * gradient, v


def steps_in_place(w, v, gradient, *, rate, momentum):
    """-"""
    v *= momentum
    v -= rate * gradient
    w += v
    return w, v


def steps_in_float64(w, v, gradient, *, rate, momentum):
    """-"""
    v = np.float64(momentum) * v - np.float64(rate) * gradient
    return w + v, v


# ---- 2.3 next_rate -------------------------------------------------------------------------------

def never_drops(rate, accuracies, patience, factor):
    """If the best accuracy is that of epoch 2, then in epoch 4 it is 2 epochs old, not 1 or 3. With
    patience 2 the rate drops there. Yours stays."""
    return rate


def takes_the_factor_off(rate, accuracies, patience, factor):
    """The rate is multiplied by `factor`, not made smaller by it."""
    age = len(accuracies) - 1 - accuracies.index(max(accuracies))
    return rate * (1 - 0.9 * factor) if age > 0 and age % patience == 0 else rate


def at_once(rate, accuracies, patience, factor):
    """The rate waits for `patience` epochs. Yours drops in the first that isn't the best."""
    age = len(accuracies) - 1 - accuracies.index(max(accuracies))
    return rate * factor if age > 0 and (age < patience or age % patience == 0) else rate


def at_the_best_too(rate, accuracies, patience, factor):
    """When this epoch is the best one, the rate stays: 0 epochs are no multiple that counts."""
    age = len(accuracies) - 1 - accuracies.index(max(accuracies))
    return rate * factor if age % patience == 0 else rate


def in_every_epoch_from_then_on(rate, accuracies, patience, factor):
    """After a drop the rate waits for `patience` more epochs. Yours drops in each epoch from then
    on."""
    age = len(accuracies) - 1 - accuracies.index(max(accuracies))
    return rate * factor if age >= patience else rate


def once_only(rate, accuracies, patience, factor):
    """It drops again at 2·patience, 3·patience … Yours drops once."""
    age = len(accuracies) - 1 - accuracies.index(max(accuracies))
    return rate * factor if age == patience else rate


def last_of_the_best(rate, accuracies, patience, factor):
    """Of equal accuracies the first is the best. Yours takes the last, so it waits for ever while
    nothing changes."""
    age = accuracies[::-1].index(max(accuracies))
    return rate * factor if age > 0 and age % patience == 0 else rate


def since_it_grew_last(rate, accuracies, patience, factor):
    """Compare with the best of all epochs. Yours compares each with the one before it."""
    pairs = zip(accuracies, accuracies[1:])
    grew = [epoch for epoch, (before, now) in enumerate(pairs, 1) if now > before]
    age = len(accuracies) - 1 - (grew[-1] if grew else 0)
    return rate * factor if age > 0 and age % patience == 0 else rate


# ---- 2.4 renormalize -----------------------------------------------------------------------------

def by_the_length(w, radius):
    """The RMS value is the root of the *mean* of the squares. Yours is the root of their sum."""
    length = np.sqrt(np.sum(w ** 2, axis=(1, 2, 3), keepdims=True))
    return w * (radius / np.maximum(length, radius)).astype(w.dtype)


def by_the_largest(w, radius):
    """Yours makes the largest weight `radius`. It is the RMS value that must be."""
    largest = np.abs(w).max(axis=(1, 2, 3), keepdims=True)
    return w * (radius / np.maximum(largest, radius)).astype(w.dtype)


def by_the_deviation(w, radius):
    """The RMS value is about zero, not about the mean: np.std takes the mean off first."""
    deviation = w.std(axis=(1, 2, 3), keepdims=True)
    return w * (radius / np.maximum(deviation, radius)).astype(w.dtype)


def cuts_off(w, radius):
    """A filter is scaled as a whole, so that it keeps its form. Yours cuts large weights off."""
    return np.clip(w, -radius, radius)


def to_one(w, radius):
    """Scale to an RMS value of `radius`. Yours becomes 1."""
    rms = np.sqrt(np.mean(w ** 2, axis=(1, 2, 3), keepdims=True))
    return np.where(rms > radius, w / np.where(rms == 0, 1, rms), w).astype(w.dtype)


def the_square_of_it(w, radius):
    """The mean of the squares isn't the RMS value yet: take its root."""
    square = np.mean(w ** 2, axis=(1, 2, 3), keepdims=True)
    return w * (radius / np.maximum(square, radius)).astype(w.dtype)


def all_filters_together(w, radius):
    """Each filter w[f] has an RMS value of its own. Yours is that of all filters together."""
    rms = np.sqrt(np.mean(w ** 2))
    return w * (radius / np.maximum(rms, radius)).astype(w.dtype)


def each_map_alone(w, radius):
    """A filter is all of w[f], over all its maps. Yours scales each map w[f, c] by itself."""
    rms = np.sqrt(np.mean(w ** 2, axis=(2, 3), keepdims=True))
    return w * (radius / np.maximum(rms, radius)).astype(w.dtype)


def all_of_them(w, radius):
    """Only filters beyond the radius are scaled. Yours makes small ones larger."""
    rms = np.sqrt(np.mean(w ** 2, axis=(1, 2, 3), keepdims=True))
    return (w * (radius / np.where(rms == 0, 1, rms))).astype(w.dtype)


def divides_by_zero(w, radius):
    """A filter that is all zero has the RMS value 0, and 0/0 is no number. It stays as it is."""
    with np.errstate(invalid="ignore"):
        rms = np.sqrt(np.mean(w ** 2, axis=(1, 2, 3), keepdims=True))
        return (w / rms * np.minimum(rms, radius)).astype(w.dtype)


def scales_in_place(w, radius):
    """-"""
    rms = np.sqrt(np.mean(w ** 2, axis=(1, 2, 3), keepdims=True))
    w *= radius / np.maximum(rms, radius)
    return w


def scales_in_float64(w, radius):
    """-"""
    rms = np.sqrt(np.mean(w.astype(float) ** 2, axis=(1, 2, 3), keepdims=True))
    return w * (radius / np.maximum(rms, radius))


# ---- 3.1 dropout ---------------------------------------------------------------------------------

def not_scaled(x, rate, rng, train):
    """What is kept must be divided by 1 − rate in training. Otherwise the next layer gets less in
    training than in testing."""
    mask = (rng.random(x.shape) >= rate).astype(x.dtype) if train else np.ones_like(x)
    return x * mask, mask


def scaled_by_the_rate(x, rate, rng, train):
    """Divide by 1 − rate, the share that is kept. Yours divides by the share that is dropped."""
    if not train:
        return x.copy(), np.ones_like(x)
    mask = (rng.random(x.shape) >= rate) * x.dtype.type(1 / rate)
    return x * mask, mask


def scaled_down(x, rate, rng, train):
    """What is kept must become larger: divide by 1 − rate. Yours multiplies."""
    if not train:
        return x.copy(), np.ones_like(x)
    mask = (rng.random(x.shape) >= rate) * x.dtype.type(1 - rate)
    return x * mask, mask


def drops_nothing(x, rate, rng, train):
    """In training values are dropped: they become zero, by chance."""
    return x.copy(), np.ones_like(x)


def keeps_the_rate(x, rate, rng, train):
    """`rate` is the probability to be dropped. Yours is that to be kept."""
    if not train:
        return x.copy(), np.ones_like(x)
    mask = (rng.random(x.shape) < rate) * x.dtype.type(1 / (1 - rate))
    return x * mask, mask


def half_always(x, rate, rng, train):
    """The probability is `rate`. Yours is one half, whatever the rate."""
    if not train:
        return x.copy(), np.ones_like(x)
    mask = (rng.random(x.shape) >= 0.5) * x.dtype.type(1 / (1 - rate))
    return x * mask, mask


def one_mask_for_all_images(x, rate, rng, train):
    """Each image has a mask of its own: draw numbers of the shape x.shape. Yours has one for
    all."""
    if not train:
        return x.copy(), np.ones_like(x)
    mask = (rng.random((1, *x.shape[1:])) >= rate) * x.dtype.type(1 / (1 - rate))
    mask = np.repeat(mask, len(x), axis=0)
    return x * mask, mask


def whole_maps(x, rate, rng, train):
    """Each value is dropped for itself. Yours drops whole maps."""
    if not train:
        return x.copy(), np.ones_like(x)
    ones = (1,) * (x.ndim - 2)
    # of two axes, each value is a map
    mask = (rng.random((*x.shape[:2], *ones)) >= rate) * x.dtype.type(1 / (1 - rate))
    return x * mask, mask + np.zeros_like(x)


def in_testing_too(x, rate, rng, train):
    """In testing nothing is dropped: look at `train`."""
    mask = (rng.random(x.shape) >= rate) * x.dtype.type(1 / (1 - rate))
    return x * mask, mask


def scales_in_testing_too(x, rate, rng, train):
    """In testing nothing is scaled: training has scaled already, so that nothing is left to do."""
    if not train:
        mask = np.full_like(x, 1 - rate)
        return x * mask, mask
    mask = (rng.random(x.shape) >= rate) * x.dtype.type(1 / (1 - rate))
    return x * mask, mask


def mask_of_true_and_false(x, rate, rng, train):
    """The mask is what x was multiplied by, the scale and all. Yours tells only what was kept."""
    if not train:
        return x.copy(), np.ones_like(x)
    kept = rng.random(x.shape) >= rate
    return x * kept / x.dtype.type(1 - rate), kept.astype(x.dtype)


def draws_twice(x, rate, rng, train):
    """The mask must be the one that was used. Yours is drawn anew."""
    if not train:
        return x.copy(), np.ones_like(x)
    used, returned = ((rng.random(x.shape) >= rate) * x.dtype.type(1 / (1 - rate))
                      for _ in range(2))
    return x * used, returned


def the_same_again(x, rate, rng, train):
    """Draw from the argument rng. Yours makes a generator of its own from a fixed seed, so it drops
    the same in every step."""
    if not train:
        return x.copy(), np.ones_like(x)
    rng = np.random.default_rng(0)
    mask = (rng.random(x.shape) >= rate) * x.dtype.type(1 / (1 - rate))
    return x * mask, mask


def drops_in_place(x, rate, rng, train):
    """-"""
    mask = np.ones_like(x)
    if train:
        mask = (rng.random(x.shape) >= rate) * x.dtype.type(1 / (1 - rate))
    x *= mask
    return x, mask


def generator_made_anew(x, rate, rng, train):
    """-"""
    if not train:
        return x.copy(), np.ones_like(x)
    rng = np.random.default_rng()
    mask = (rng.random(x.shape) >= rate) * x.dtype.type(1 / (1 - rate))
    return x * mask, mask


# ---- 3.2 test_dropout ----------------------------------------------------------------------------

def always_fails(dropout):
    """Your test fails whatever it is given."""
    assert False


def wants_the_share_exactly(dropout):
    """Your test leaves chance no room: a right function drops about 2,000 of 10,000 values, not
    exactly so many."""
    y, _ = dropout(np.ones((100, 101)), 0.2, np.random.default_rng(0), True)
    assert np.sum(y == 0) == 2020


def never_fails(dropout):
    """Your test catches nothing: it calls the function, but doesn't look at what comes, or at its
    shape alone."""
    y, _ = dropout(np.ones((10, 10)), 0.2, np.random.default_rng(0), True)
    assert y.shape == (10, 10)


def counts_zeros_alone(dropout):
    """Your test looks at what is dropped, but not at what is kept: is that scaled, and in training
    only?"""
    rng = np.random.default_rng(0)
    y, _ = dropout(np.ones((2, 10000)), 0.2, rng, True)
    assert abs(np.mean(y == 0) - 0.2) < 0.02 and np.any(y[0] != y[1])
    y, _ = dropout(np.ones((2, 10000)), 0.2, rng, False)
    assert np.all(y != 0)


def rate_of_a_half(dropout):
    """With a rate of 0.5 as many are kept as dropped, so your test can't see which of both the rate
    is."""
    rng = np.random.default_rng(0)
    y, _ = dropout(np.ones((2, 10000)), 0.5, rng, True)
    assert np.allclose(y[y != 0], 2) and abs(np.mean(y == 0) - 0.5) < 0.02
    assert np.any(y[0] != y[1])
    y, _ = dropout(np.ones((2, 10000)), 0.5, rng, False)
    assert np.allclose(y, 1)


def forgets_testing(dropout):
    """Your test never calls the function with train=False."""
    y, _ = dropout(np.ones((2, 10000)), 0.2, np.random.default_rng(0), True)
    assert np.allclose(y[y != 0], 1.25) and abs(np.mean(y == 0) - 0.2) < 0.02
    assert np.any(y[0] != y[1])


def one_image(dropout):
    """Your test doesn't compare two images: they must not have the same mask."""
    rng = np.random.default_rng(0)
    y, _ = dropout(np.ones((1, 10000)), 0.2, rng, True)
    assert np.allclose(y[y != 0], 1.25) and abs(np.mean(y == 0) - 0.2) < 0.02
    y, _ = dropout(np.ones((1, 10000)), 0.2, rng, False)
    assert np.allclose(y, 1)


WRONG = [
    Wrong("1.1", "prediction", 0.0018,
          "That is without the ReLUs, each of which halves the mean square."),
    Wrong("1.1", "prediction", 1e-7, "That is the mean square. The RMS value is its root."),
    Wrong("1.1", "prediction", 0.2, "That is what one layer leaves. Five make 0.2⁵."),
    Wrong("1.1", "prediction", 1.0,
          "The RMS value stays the same if 800 · deviation² / 2 is 1. Here it is 800 · 0.01² / 2."),
    Wrong("1.1", "prediction", 1024.0,
          "It is the square of the deviation that counts, 800 · 0.01²: sums of random signs partly "
          "cancel."),
    Wrong("1.2", "paper", variance_of_a_hundredth),
    Wrong("1.2", "paper", zeros),
    Wrong("1.2", "paper", he_always),
    Wrong("1.2", "he", forgets_the_relu),
    Wrong("1.2", "he", variance_for_deviation),
    Wrong("1.2", "he", counts_the_maps_alone),
    Wrong("1.2", "he", counts_the_outputs),
    Wrong("1.2", "he", counts_all_weights),
    Wrong("1.2", "gaussian", even_numbers),
    Wrong("1.2", "gaussian", positive_weights),
    Wrong("1.2", "chance", generator_of_its_own),
    Wrong("1.2", "manners", weights_of_float64, judge.DTYPE),
    Wrong("1.2", "manners", numpy_s_own_generator, judge.WORLD),
    Wrong("2.1", "equal pieces", adds_up),
    Wrong("2.1", "equal pieces", mean_taken_twice),
    Wrong("2.1", "equal pieces", sum_over_images),
    Wrong("2.1", "equal pieces", last_one_stays),
    Wrong("2.1", "last piece", mean_over_pieces),
    Wrong("2.1", "last piece", weights_for_two_axes),
    Wrong("2.1", "manners", adds_to_the_first, judge.INPUT),
    Wrong("2.1", "manners", averages_in_float64, judge.DTYPE),
    Wrong("2.2", "first step", climbs),
    Wrong("2.2", "first step", velocity_turned_round),
    Wrong("2.2", "first step", rate_at_the_end),
    Wrong("2.2", "first step", with_the_old_velocity),
    Wrong("2.2", "first step", damped),
    Wrong("2.2", "velocity", no_momentum),
    Wrong("2.2", "velocity", no_friction),
    Wrong("2.2", "first step", looks_ahead),
    Wrong("2.2", "manners", steps_in_place, judge.INPUT),
    Wrong("2.2", "manners", steps_in_float64, judge.DTYPE),
    Wrong("2.3", "stalls", never_drops),
    Wrong("2.3", "stalls", takes_the_factor_off),
    Wrong("2.3", "waits", at_once),
    Wrong("2.3", "waits", at_the_best_too),
    Wrong("2.3", "again", in_every_epoch_from_then_on),
    Wrong("2.3", "again", once_only),
    Wrong("2.3", "equals", last_of_the_best),
    Wrong("2.3", "recovers", since_it_grew_last),
    Wrong("2.4", "one filter", by_the_length),
    Wrong("2.4", "one filter", by_the_largest),
    Wrong("2.4", "one filter", by_the_deviation),
    Wrong("2.4", "one filter", cuts_off),
    Wrong("2.4", "one filter", to_one),
    Wrong("2.4", "one filter", the_square_of_it),
    Wrong("2.4", "filters", all_filters_together),
    Wrong("2.4", "maps", each_map_alone),
    Wrong("2.4", "small ones", all_of_them),
    Wrong("2.4", "small ones", divides_by_zero),
    Wrong("2.4", "manners", scales_in_place, judge.INPUT),
    Wrong("2.4", "manners", scales_in_float64, judge.DTYPE),
    Wrong("3.1", "values", not_scaled),
    Wrong("3.1", "values", scaled_by_the_rate),
    Wrong("3.1", "values", scaled_down),
    Wrong("3.1", "values", drops_nothing),
    Wrong("3.1", "share", keeps_the_rate),
    Wrong("3.1", "share", half_always),
    Wrong("3.1", "independent", one_mask_for_all_images),
    Wrong("3.1", "independent", whole_maps),
    Wrong("3.1", "testing", in_testing_too),
    Wrong("3.1", "testing", scales_in_testing_too),
    Wrong("3.1", "mask", mask_of_true_and_false),
    Wrong("3.1", "mask", draws_twice),
    Wrong("3.1", "chance", the_same_again),
    Wrong("3.1", "manners", drops_in_place, judge.INPUT),
    Wrong("3.1", "manners", generator_made_anew, judge.AGAIN),
    Wrong("3.2", "right ones", always_fails),
    Wrong("3.2", "right ones", wants_the_share_exactly),
    Wrong("3.2", "wrong ones", never_fails),
    Wrong("3.2", "wrong ones", counts_zeros_alone),
    Wrong("3.2", "wrong ones", rate_of_a_half),
    Wrong("3.2", "wrong ones", forgets_testing),
    Wrong("3.2", "wrong ones", one_image),
]
