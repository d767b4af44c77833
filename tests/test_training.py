"""Training: one step by hand, renormalization and the schedule, and that a small net learns."""
import copy
import math
import re
import warnings

import numpy as np
import pytest

from numpyzf import training
from numpyzf.layers import Conv, Dropout, Flatten, Linear, MaxPool, ReLU
from numpyzf.network import Network
from numpyzf.training import (Recipe, State, accuracy, filter_rms, momentum_step, next_rate,
                              renormalize_filters, train, train_step)

small = pytest.mark.small


def build(seed=0, filters=4):
    """A small net over gray images of 8×8 pixels, three classes, with dropout."""
    net = Network([("conv1", Conv(1, filters, 3, pad=1)), ("relu1", ReLU()),
                   ("pool1", MaxPool(2, stride=2)),
                   ("conv2", Conv(filters, filters, 3, pad=1)), ("relu2", ReLU()),
                   ("pool2", MaxPool(2, stride=2)), ("flatten", Flatten()),
                   ("drop2", Dropout(0.2)), ("fc3", Linear(filters * 4, 3))], (1, 8, 8))
    return net.initialize(np.random.default_rng(seed))


def stripes(count, rng):
    """A problem with a known answer: horizontal, vertical or no stripes, shifted, under noise."""
    labels = rng.integers(0, 3, count)
    rows, columns = np.indices((8, 8))
    images = np.empty((count, 1, 8, 8), np.uint8)
    for image, label in zip(images, labels):
        place = (rows, columns, 0)[label] + rng.integers(4)
        noise = 20 * rng.standard_normal((8, 8))
        image[0] = np.clip(128 + 80 * (-1.0) ** (place // 2) + noise, 0, 255)
    return images, labels


def prepare(images, rng=None):
    """To −1 … 1; in training, mirrored by a coin."""
    x = (images.astype(np.float32) - 128) / 128
    return x if rng is None or rng.random() < 0.5 else np.ascontiguousarray(x[..., ::-1])


def learn(recipe, seed=0, images=60, **options):
    """Train on stripes; the State at the end."""
    data = np.random.default_rng(100)
    state = State(build(seed), np.random.default_rng(seed), recipe.rate)
    train(state, *stripes(images, data), stripes(30, data), prepare=prepare, recipe=recipe,
          **options)
    return state


# ---- one step ----------------------------------------------------------------------------------

@small
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_two_steps_with_momentum_by_hand(dtype):
    """Rate 1/2, momentum 1/4.

    v = 0 − 2/2 = −1, w = 3 − 1; then v = −1/4 − 6/2 = −3.25, w = 2 − 3.25.
    """
    w, velocity = {"a": np.array([[3, 0]], dtype)}, {"a": np.zeros((1, 2), dtype)}
    momentum_step(w, velocity, {"a": np.array([[2, -1]], dtype)}, rate=0.5, momentum=0.25)
    assert velocity["a"].tolist() == [[-1, 0.5]] and w["a"].tolist() == [[2, 0.5]]
    momentum_step(w, velocity, {"a": np.array([[6, 0]], dtype)}, rate=0.5, momentum=0.25)
    assert velocity["a"].tolist() == [[-3.25, 0.125]] and w["a"].tolist() == [[-1.25, 0.625]]


@small
def test_a_step_goes_along_the_gradient_of_this_batch(rng):
    """Without momentum and dropout: every parameter minus rate · gradient.

    The loss and the right answers are those of before the step.
    """
    net = build()
    net = Network([entry for entry in net.layers.items() if entry[0] != "drop2"], net.input_shape)
    x, labels = rng.standard_normal((5, 1, 8, 8), np.float32), rng.integers(0, 3, 5)
    before = {name: value.copy() for name, value in net.parameters.items()}
    trace = net.forward(x)
    scores = trace.scores.astype(float)
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    grads = net.backward(trace, ((p - np.eye(3)[labels]) / 5).astype(np.float32))
    loss, right = train_step(State(net, rng, 0.1), x, labels, 0.1, Recipe(momentum=0.0, radius=1e6))
    assert math.isclose(loss, -np.log(p[range(5), labels]).mean(), rel_tol=1e-6)
    assert right == (p.argmax(axis=1) == labels).sum()
    for name, value in net.parameters.items():
        np.testing.assert_allclose(before[name] - value, 0.1 * grads[name], rtol=1e-3, atol=1e-7)
        assert grads[name].any()


# ---- filter renormalization --------------------------------------------------------------------

@small
@pytest.mark.parametrize("radius", [0.1, 0.3, 7.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_filters_above_the_radius_are_scaled_to_it_and_others_not_touched(radius, dtype, rng):
    w = rng.standard_normal((6, 2, 3, 3))
    rms = np.sqrt(np.mean(w ** 2, axis=(1, 2, 3)))
    w *= (radius * np.array([0.5, 0.99, 1.01, 3, 100, 0]) / rms)[:, None, None, None]
    before = w.astype(dtype)
    w = before.copy()
    with np.errstate(all="raise"):              # the last filter is zero: no division by its size
        renormalize_filters(w, radius)
    rtol = 4 * np.finfo(dtype).eps
    np.testing.assert_array_equal(w[[0, 1, 5]], before[[0, 1, 5]])
    rms = np.sqrt(np.mean(w[2:5].astype(float) ** 2, axis=(1, 2, 3)))
    np.testing.assert_allclose(rms, radius, rtol=rtol)
    np.testing.assert_array_equal(filter_rms(w)[2:5], rms)
    factors = (w[2:5] / before[2:5]).reshape(3, -1)             # one factor for all of a filter
    np.testing.assert_allclose(factors, np.repeat(factors[:, :1], 18, axis=1), rtol=rtol)
    np.testing.assert_allclose(factors[:, 0], [1 / 1.01, 1 / 3, 1 / 100], rtol=1e-5)


@small
def test_filter_rms_of_float32_is_summed_in_float64():
    """4096 squares of 1e-4 beside a 1: in float32 a sum as large as theirs may lose some."""
    w = np.full((2, 1, 64, 64), 1e-2, np.float32)
    w[0, 0, 0, 0], w[1] = 1, 0
    found = filter_rms(w)
    assert found.dtype == np.float64 and found[1] == 0
    assert math.isclose(found[0], math.sqrt((1 + 4095 * float(w[0, 0, 0, 1]) ** 2) / 4096),
                        rel_tol=1e-13)


def rms_of(net, name):
    return np.sqrt(np.mean(net.parameters[name].astype(float) ** 2, axis=(1, 2, 3)))


@small
@pytest.mark.parametrize("chosen, layers", [(None, ["conv1", "conv2"]), (("conv1",), ["conv1"]),
                                            (("conv2",), ["conv2"]), ((), [])])
def test_training_renormalizes_the_filters_of_the_chosen_convolutions(chosen, layers):
    # one step, so that the layers don't act on each other
    free = learn(Recipe(epochs=1, batch=60, radius=1e6)).net
    net = learn(Recipe(epochs=1, batch=60, radius=0.005, renormalize=chosen)).net
    for name in ("conv1", "conv2"):
        assert (rms_of(free, f"{name}.w") > 0.006).all()
        if name in layers:
            np.testing.assert_allclose(rms_of(net, f"{name}.w"), 0.005, rtol=1e-6)
        else:
            before = free.parameters[f"{name}.w"]
            np.testing.assert_array_equal(net.parameters[f"{name}.w"], before)
    # neither biases nor what is fully connected
    for name in ("conv1.b", "conv2.b", "fc3.w", "fc3.b"):
        np.testing.assert_array_equal(net.parameters[name], free.parameters[name])


# ---- the schedule ------------------------------------------------------------------------------

@small
@pytest.mark.parametrize("accuracies, drops", [
    ([0.5], 0), ([0.5, 0.6, 0.7], 0), ([0.7, 0.6], 0), ([0.7, 0.6, 0.6], 1),
    ([0.7, 0.6, 0.65], 1),                          # better than the last is not better
    ([0.7, 0.6, 0.8], 0), ([0.7, 0.7, 0.7], 1),     # nor is as good as the best
    ([0.7, 0.6, 0.6, 0.6], 0), ([0.7, 0.6, 0.6, 0.6, 0.6], 1)])         # wait again
def test_the_rate_drops_when_the_best_accuracy_is_patience_epochs_old(accuracies, drops):
    assert next_rate(0.5, accuracies, Recipe(patience=2, factor=0.25)) == (0.5, 0.125)[drops]


@small
def test_patience_of_one_drops_after_every_epoch_that_is_not_better():
    recipe = Recipe(patience=1, factor=0.5)
    assert [next_rate(1.0, [0.7, 0.6, 0.5][:n], recipe) for n in (1, 2, 3)] == [1.0, 0.5, 0.5]


def test_the_history_tells_the_rate_of_each_epoch():
    # a rate so small that nothing gets better
    recipe = Recipe(epochs=6, batch=30, rate=1e-12, patience=2, factor=0.5, settle=1)
    rates = [row["rate"] for row in learn(recipe).history]
    # patience is over after 3 and 5; to settle, 0.5 would do
    np.testing.assert_allclose(np.array(rates) / 1e-12, [1, 1, 1, 0.5, 0.5, 0.25])


@pytest.mark.parametrize("epochs, settle, rates", [(5, 1, [1, 1, 1, 1, 0.5]), (2, 3, [1, 1]),
                                                   (3, 3, [1, 1, 0.5]), (3, 0, [1, 1, 1])])
def test_the_last_epochs_settle_at_a_lower_rate(epochs, settle, rates):
    recipe = Recipe(epochs=epochs, batch=30, rate=1e-12, patience=9, factor=0.5, settle=settle)
    history = learn(recipe).history
    np.testing.assert_allclose([row["rate"] / 1e-12 for row in history], rates)


# ---- learning ----------------------------------------------------------------------------------

RECIPE = Recipe(epochs=8, batch=16, rate=0.05, radius=1.0)


@pytest.mark.parametrize("seed", range(3))
def test_a_small_net_learns_what_is_there_to_learn(seed):
    state = learn(RECIPE, seed, images=300)
    losses = [row["loss"] for row in state.history]
    assert losses[0] > 4 * losses[-1] and losses[-1] < 0.1
    assert state.history[-1]["train_accuracy"] > 0.95
    assert state.history[-1]["validation_accuracy"] > 0.95
    assert accuracy(state.net, *stripes(200, np.random.default_rng(7)), prepare) > 0.95


def test_random_labels_cannot_be_learned_for_other_images(rng):
    """The counterpart: where nothing is to be learned, validation stays near chance."""
    images, labels = stripes(300, rng)[0], rng.integers(0, 3, 300)
    state = State(build(), rng, RECIPE.rate)
    train(state, images[:150], labels[:150], (images[150:], labels[150:]), prepare=prepare,
          recipe=RECIPE)
    assert state.history[-1]["validation_accuracy"] < 0.5


def same(a, b):
    pairs = (a.net.parameters, b.net.parameters), (a.velocity, b.velocity)
    arrays = all(np.array_equal(x[name], y[name]) for x, y in pairs for name in x)
    return a.history == b.history and a.rate == b.rate and arrays


def test_same_seed_same_bits():
    recipe = RECIPE._replace(epochs=2)
    first, again, other = learn(recipe, 5), learn(recipe, 5), learn(recipe, 6)
    assert same(first, again)
    for name, value in first.net.parameters.items():
        assert not np.array_equal(value, other.net.parameters[name])


def test_a_call_of_train_trains():
    """It is no generator, nobody asks for the epochs. It gives back the state, which it changed."""
    state, data = State(build(), np.random.default_rng(0), 0.05), np.random.default_rng(100)
    before = {name: value.copy() for name, value in state.net.parameters.items()}
    arguments = (*stripes(60, data), stripes(30, data))
    result = train(state, *arguments, prepare=prepare, recipe=RECIPE._replace(epochs=1))
    assert result is state and len(state.history) == 1
    for name, value in state.net.parameters.items():
        assert not np.array_equal(value, before[name]), name


def test_what_train_tells_while_it_runs():
    """Each step to progress; each epoch to save, and then to after_epoch."""
    calls, steps = [], []
    state = learn(RECIPE._replace(epochs=2, batch=25),
                  save=lambda state: calls.append(("save", len(state.history))),
                  after_epoch=lambda state: calls.append(("after", len(state.history))),
                  progress=lambda *step: steps.append(step))
    assert calls == [("save", 1), ("after", 1), ("save", 2), ("after", 2)]
    assert [step[:2] for step in steps] == [(epoch, seen) for epoch in (1, 2)
                                            for seen in (25, 50, 60)]
    for row, (_, _, loss, share) in zip(state.history, steps[2::3]):
        assert row["loss"] == loss and row["train_accuracy"] == share
    assert [row["epoch"] for row in state.history] == [1, 2]
    names = {"epoch", "rate", "loss", "train_accuracy", "validation_accuracy"}
    assert set(state.history[0]) == names
    # the last batch, of 10, counts by its size
    assert state.history[0]["train_accuracy"] in np.arange(61) / 60
    assert state.history[0]["validation_accuracy"] in np.arange(31) / 30


def test_progress_tells_the_means_over_what_was_seen(monkeypatch):
    """Of made-up steps: 25 images with a loss of 4, 20 right; 25 with 2, 5; 10 with 1, all."""
    results, steps = iter([(4.0, 20), (2.0, 5), (1.0, 10)]), []
    monkeypatch.setattr(training, "train_step", lambda *_: next(results))
    learn(RECIPE._replace(epochs=1, batch=25), progress=lambda *step: steps.append(step))
    assert steps == [(1, 25, 4, 20 / 25), (1, 50, 3, 25 / 50), (1, 60, 160 / 60, 35 / 60)]


def test_training_goes_on_where_it_stopped():
    """Two epochs, and then two more, are four: what is in between lies in the state."""
    recipe, data = RECIPE._replace(epochs=4, settle=0), np.random.default_rng(100)
    arguments = (*stripes(60, data), stripes(30, data))
    state = State(build(), np.random.default_rng(0), recipe.rate)
    train(state, *arguments, prepare=prepare, recipe=recipe._replace(epochs=2))
    train(state, *arguments, prepare=prepare, recipe=recipe)
    assert same(state, learn(recipe))


def test_a_finished_training_has_nothing_to_do():
    recipe = RECIPE._replace(epochs=1)
    state, data = learn(recipe), np.random.default_rng(100)
    finished, calls = copy.deepcopy(state), []
    train(state, *stripes(60, data), stripes(30, data), prepare=prepare, recipe=recipe,
          save=calls.append, after_epoch=calls.append)
    assert same(state, finished) and calls == []


@small
def test_accuracy_is_the_share_of_right_answers(rng):
    net = build()
    images, labels = stripes(10, rng)
    scores = net.forward(prepare(images)).scores
    right = sum(int(np.argmax(row)) == label for row, label in zip(scores, labels))
    assert 0 < right < 10
    for batch in (3, 10, 256):
        assert accuracy(net, images, labels, prepare, batch=batch) == right / 10


# ---- what is refused ---------------------------------------------------------------------------

@pytest.mark.parametrize("rate", [1e8, 1e30])
def test_a_diverging_training_says_so(rate):
    """At once or after some steps, in one error, without a shower of warnings before it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        words = "the loss is (nan|inf): training has diverged; start again with a lower rate than "
        with pytest.raises(ValueError, match=words + re.escape(f"{rate:g}")):
            learn(Recipe(epochs=20, batch=16, rate=rate, radius=1e30))


def test_parameters_lost_in_the_very_last_step_are_noticed():
    """Its loss was still fine: nothing else would tell before the checkpoint is written."""
    with pytest.raises(ValueError, match="parameters aren't finite: training has diverged"):
        learn(Recipe(epochs=1, batch=60, rate=1e39, radius=1e30, settle=0))


@small
@pytest.mark.parametrize("wrong, words", [
    ({"epochs": 0}, "epochs must be at least 1, not 0"),
    ({"batch": 0}, "batch must be at least 1, not 0"),
    ({"patience": 0}, "patience must be at least 1, not 0"),
    ({"settle": -1}, "settle must be at least 0, not -1"),
    ({"rate": 0.0}, "rate must be positive, not 0.0"),
    ({"rate": -1.0}, "rate must be positive"),
    ({"rate": math.nan}, "rate must be positive, not nan"),
    ({"rate": math.inf}, "rate must be positive, not inf"),
    ({"radius": 0.0}, "radius must be positive"),
    ({"momentum": -0.1}, "momentum must lie between 0 and 1"),
    ({"momentum": 1.1}, "momentum must lie between 0 and 1, not 1.1"),
    ({"factor": 2.0}, "factor must lie between 0 and 1"),
    ({"factor": math.nan}, "factor must lie between 0 and 1, not nan"),
    ({"renormalize": ("conv1", "conv7")},
     "renormalize must list convolutions, of conv1, conv2, not ('conv1', 'conv7')"),
    ({"renormalize": ("fc3",)}, "renormalize must list convolutions"),
    ({"renormalize": "conv1"}, "renormalize must list convolutions"),
], ids=str)
def test_recipes_that_cannot_be(wrong, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        learn(Recipe(**wrong))


@small
@pytest.mark.parametrize("counts, words", [
    ((0, 0, 3, 3), "at least one image, not 0 images, 0 labels"),
    ((4, 3, 3, 3), "one label per image and at least one image, not 4 images, 3 labels"),
    ((4, 4, 0, 0), "validation needs images and as many labels, not 0 images, 0 labels"),
    ((4, 4, 3, 2), "validation needs images and as many labels, not 3 images, 2 labels")], ids=str)
def test_images_and_labels_must_match(counts, words, rng):
    images, labels = stripes(4, rng)
    a, b, c, d = counts
    with pytest.raises(ValueError, match=words):
        train(State(build(), rng, 0.1), images[:a], labels[:b], (images[:c], labels[:d]),
              prepare=prepare, recipe=Recipe())


@small
def test_a_generator_that_no_checkpoint_could_hold_is_refused():
    with pytest.raises(ValueError, match=r"rng must be as numpy.random.default_rng makes it"):
        State(build(), np.random.Generator(np.random.MT19937(0)), 0.1)


@small
def test_a_step_refuses_what_it_could_not_change_in_place():
    w = np.ones((4, 3), np.float32)
    cases = (w.T, w.T, "w must be C-contiguous"), (w, w.T, "the gradient of w has shape")
    for parameter, gradient, words in cases:
        velocity = {"w": np.zeros_like(w, shape=parameter.shape)}
        with pytest.raises(ValueError, match=words):
            momentum_step({"w": parameter}, velocity, {"w": gradient}, rate=0.1, momentum=0.9)


@small
@pytest.mark.parametrize("name", ["parameter", "velocity"])
def test_a_step_refuses_what_is_read_only(name):
    arrays = {"parameter": np.ones(3), "velocity": np.zeros(3)}
    arrays[name].flags.writeable = False
    with pytest.raises(ValueError, match="^w must be C-contiguous and writable, to be changed in"):
        momentum_step({"w": arrays["parameter"]}, {"w": arrays["velocity"]}, {"w": np.ones(3)},
                      rate=0.1, momentum=0.9)


@small
@pytest.mark.parametrize("velocity, words", [
    (np.zeros(1, np.float32), r"the velocity of a has shape \(1,\), expected \(4,\)"),
    (np.zeros(4), "the velocity of a is float64"), (0, "the velocity of a must be a NumPy array")])
def test_a_velocity_that_is_none_of_the_parameter(velocity, words):
    """The kernel would write behind its end."""
    parameters = {"a": np.ones(4, np.float32)}
    with pytest.raises((TypeError, ValueError), match=words):
        momentum_step(parameters, {"a": velocity}, parameters, rate=0.1, momentum=0.9)


@pytest.mark.parametrize("labels", [np.zeros((4, 1), int), np.zeros(3, int), np.zeros(1, int),
                                    np.zeros(4), np.array(["0"] * 4)],
                         ids=["column", "too few", "one", "floats", "text"])
def test_an_accuracy_takes_one_label_per_image(labels):
    """A column would be compared with all answers, and give an accuracy of 4."""
    net = build()
    images = np.zeros((4, *net.input_shape), np.uint8)
    with pytest.raises((TypeError, ValueError), match="labels"):
        accuracy(net, images, labels, lambda images: images.astype(np.float32))
