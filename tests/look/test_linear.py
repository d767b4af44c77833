"""The linear classifiers find the minimum of what their documentation says.

Where the answer is known by construction, they find that.
"""
import numpy as np
import pytest

from numpyzf.look import linear
from numpyzf.look.linear import Classifier, choose, fit_softmax, fit_svm

pytestmark = pytest.mark.small
FITS = [fit_svm, fit_softmax]


def objective(fit, x, labels, strength, weights, bias):
    """The mean loss and the penalty, image by image and class by class, as documented."""
    total = 0.0
    for row, label in zip(x, labels):
        scores = row @ weights + bias
        if fit is fit_softmax:
            total += np.log(np.exp(scores).sum()) - scores[label]
        else:
            signs = [1 if c == label else -1 for c in range(len(scores))]
            total += sum(max(0, 1 - sign * score) ** 2 for sign, score in zip(signs, scores))
    variance = np.mean([np.sum((row - x.mean(axis=0)) ** 2) for row in x])
    return total / len(x) + 0.5 * strength * variance * np.sum(weights ** 2)


def slope(fit, x, labels, strength, weights, bias, step=1e-5):
    """The gradient of the objective by central differences.

    Weights and bias are in one array (features + 1, classes).
    """
    point, out = np.vstack([weights, bias]), np.zeros((len(weights) + 1, len(bias)))
    for place in np.ndindex(out.shape):
        sides = []
        for sign in (1, -1):
            moved = point.copy()
            moved[place] += sign * step
            sides.append(objective(fit, x, labels, strength, moved[:-1], moved[-1]))
        out[place] = (sides[0] - sides[1]) / (2 * step)
    return out


@pytest.fixture
def problem(rng):
    """Three classes that overlap, features of different sizes far from zero."""
    labels = np.repeat([0, 1, 2], 8)
    x = rng.standard_normal((24, 4)) * [1, 2, 0.5, 3]
    return x + labels[:, None] * [1, 0, 0.5, -1] + [5, 0, -3, 1], labels


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("strength", [0.3, 1e-3])
def test_the_gradient_is_zero_at_the_minimum(fit, strength, problem):
    x, labels = problem
    found = fit(x, labels, [strength])[0]
    start = slope(fit, x, labels, strength, np.zeros((4, 3)), np.zeros(3))
    end = slope(fit, x, labels, strength, found.weights, found.bias)
    assert np.abs(end).max() < 1e-5 * np.abs(start).max()


@pytest.mark.parametrize("fit", FITS)
def test_plain_gradient_descent_gets_to_the_same_place(fit, problem):
    x, labels = problem
    x = x - x.mean(axis=0)      # or it would take far longer
    point = np.zeros((5, 3))
    signs = np.where(labels[:, None] == np.arange(3), 1, -1)
    variance = (x ** 2).sum(axis=1).mean()
    for _ in range(4000):
        scores = x @ point[:-1] + point[-1]
        e = np.exp(scores)
        if fit is fit_softmax:
            d = e / e.sum(axis=1, keepdims=True) - (signs > 0)
        else:
            d = -2 * signs * np.maximum(0, 1 - signs * scores)
        down = np.vstack([x.T @ d / 24 + 0.1 * variance * point[:-1], d.mean(axis=0)])
        point = point - 0.03 * down
    found = fit(x, labels, [0.1])[0]
    np.testing.assert_allclose(np.vstack([found.weights, found.bias]), point, atol=1e-6)


def test_the_support_vector_machine_finds_the_widest_margin():
    """The nearest points of the two sides' hulls are center ± normal.

    One is halfway between two points of its side; the other is itself a point of its side.
    """
    normal, along, center = np.array([0.6, 0.8]), np.array([-0.8, 0.6]), np.array([3.0, -1.0])
    sides = [normal + 2 * along, normal - 1 * along, 4 * normal + 9 * along,
             -normal, -5 * normal + 2 * along, -3 * normal - 7 * along]
    x, labels = center + sides, np.array([1, 1, 1, 0, 0, 0])
    found = fit_svm(x, labels, [1e-6])[0]
    np.testing.assert_allclose(found.weights, np.column_stack([-normal, normal]), atol=1e-3)
    np.testing.assert_allclose(found.bias, [normal @ center, -normal @ center], atol=3e-3)
    # The scores of the three points that the margin rests on.
    np.testing.assert_allclose(found.predict(x[[0, 1, 3]])[:, 1], [1, 1, -1], atol=1e-3)
    assert found.accuracy(x, labels) == 1


def test_the_softmax_finds_the_frequencies():
    """The odds of class 1 are the frequencies'.

    Where the feature is 1, three of four images are of class 1; where it is −1, one of four.
    """
    x = np.repeat([[1.0], [-1.0]], 4, axis=0)
    found = fit_softmax(x, np.array([1, 1, 1, 0, 0, 0, 0, 1]), [1e-8])[0]
    odds = np.diff(found.predict(np.array([[1.0], [-1.0]])))[:, 0]
    np.testing.assert_allclose(odds, [np.log(3), -np.log(3)], atol=1e-5)


@pytest.mark.parametrize("fit", FITS)
def test_size_and_place_of_the_features_do_not_matter(fit, problem):
    x, labels = problem
    # Scaled, shifted, and with a feature that never changes.
    other = np.column_stack([1000 * x - 70, np.full(24, 7.0)])
    for one, two in zip(fit(x, labels, [1, 0.01]), fit(other, labels, [1, 0.01])):
        np.testing.assert_allclose(one.predict(x), two.predict(other), atol=1e-5)


@pytest.mark.parametrize("fit", FITS)
def test_more_features_than_images_and_float32(fit, rng):
    labels = np.arange(12) % 3
    x = rng.standard_normal((12, 40)).astype(np.float32)
    found = fit(x, labels, [0.01])[0]
    assert found.weights.shape == (40, 3) and found.weights.dtype == np.float64
    assert found.accuracy(x, labels) == 1
    assert np.abs(slope(fit, x, labels, 0.01, found.weights, found.bias)).max() < 1e-4


@pytest.mark.parametrize("fit", FITS)
def test_features_that_never_change_leave_the_most_frequent_class(fit):
    found = choose(fit, np.ones((9, 3)), np.array([0, 1, 2, 1, 1, 0, 2, 1, 1]))
    assert not found.weights.any()
    assert (found.predict(np.ones((2, 3))).argmax(axis=1) == 1).all()


def noise_to_learn_by_heart(labels, rng):
    """One feature tells most classes. 200 small ones are noise, by which few images can be learned.

    A strong penalty is better.
    """
    x = np.column_stack([2.0 * labels - 1, rng.standard_normal((40, 200)) * 0.35])
    x[:6, 0] *= -1
    return x


def small_but_telling(labels, rng):
    """What tells the classes is a small difference between two large features.

    A strong penalty can't pick it out.
    """
    large = 3 * rng.standard_normal(40)
    return np.column_stack([large, large + 0.5 * (2 * labels - 1) + 0.1 * rng.standard_normal(40)])


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("make, strong", [(noise_to_learn_by_heart, True),
                                          (small_but_telling, False)])
def test_the_chosen_strength_is_the_one_that_serves_others_best(fit, make, strong, rng):
    labels = np.arange(40) % 2
    x, strengths = make(labels, rng), [1e-4, 1.0, 1e-2]
    fold, right = np.arange(40) // 2 % 5, dict.fromkeys(strengths, 0)
    for s in strengths:
        for k in range(5):
            rest, out = fold != k, fold == k
            found = fit(x[rest], labels[rest], [s])[0]
            right[s] += (found.predict(x[out]).argmax(axis=1) == labels[out]).sum()
    best = max(s for s in strengths if right[s] == max(right.values()))
    assert (best == 1.0) == strong
    found = choose(fit, x, labels, strengths=strengths)
    assert found.strength == best
    expected = fit(x, labels, [best])[0].weights
    np.testing.assert_allclose(found.weights, expected, rtol=1e-4, atol=1e-4)


def test_of_equal_strengths_the_strongest_and_nothing_is_learned_from_what_is_left_out():
    labels, sizes = np.array([0, 1] * 6), []

    def fit(x, labels, strengths):
        sizes.append(np.bincount(labels).tolist())
        return [Classifier(np.zeros((x.shape[1], 2)), np.zeros(2), s) for s in strengths]
    x = np.random.default_rng(0).standard_normal((12, 3))
    assert choose(fit, x, labels, strengths=(0.1, 10, 1), folds=4).strength == 10
    assert sizes == [[4, 4], [4, 4], [5, 5], [5, 5], [6, 6]]


def test_the_method_takes_its_long_steps_together(monkeypatch):
    """Axes whose energies differ by a million are done in a few steps: each has its own step."""
    bound, calls = np.array([[1e6], [1.0]]), []

    def gradient(a):
        calls.append(a)
        return bound * (a - [[2.0], [3.0]]) * 0.9
    found = linear.minimize(gradient, bound, np.zeros((2, 1)))
    np.testing.assert_allclose(found, [[2], [3]], rtol=1e-6)
    assert len(calls) < 40


def test_momentum_that_leads_uphill_is_given_up():
    """Momentum is stopped where it carries on past the minimum, back and forth.

    It does where the bound is far too cautious along one axis.
    """
    slopes, calls = np.array([[1.0], [1e-3]]), []

    def gradient(a):
        calls.append(a)
        return slopes * (a - [[1], [1000]])
    found = linear.minimize(gradient, np.ones((2, 1)), np.zeros((2, 1)))
    np.testing.assert_allclose(found, [[1], [1000]], rtol=1e-5)
    assert len(calls) < 700          # some 3400 otherwise


@pytest.mark.parametrize("x, labels, strengths, message", [
    (np.ones((3, 2)), np.array([0, 1]), [1], "labels has 2 entries, expected one for each of 3"),
    (np.ones((2, 2)), np.array([0, 0]), [1], "two classes"),
    (np.ones((2, 2)), np.array([0, -1]), [1], "two classes"),
    (np.ones((2, 2)), np.array([0.0, 1.0]), [1], "labels must be integers"),
    (np.ones((2, 2)), np.array([0, 1]), [0], "strengths must be positive, not 0"),
    (np.array([[1, np.nan], [0, 1]]), np.array([0, 1]), [1], "x holds NaN"),
    (np.ones(2), np.array([0, 1]), [1], "x must have 2 axes"),
    (np.ones((2, 0)), np.array([0, 1]), [1], "x has no features")])
@pytest.mark.parametrize("fit", FITS)
def test_bad_arguments(fit, x, labels, strengths, message):
    with pytest.raises(ValueError, match=message):
        fit(x, labels, strengths)


def test_a_class_of_one_image_leaves_none_to_choose_by():
    with pytest.raises(ValueError, match="labels has 1 of class 1"):
        choose(fit_svm, np.ones((3, 2)), np.array([0, 1, 0]))


@pytest.mark.parametrize("features, count, options, message", [
    (2, 4, {"folds": 0}, "folds must be at least 2, not 0"),
    (2, 4, {"folds": 1}, "folds must be at least 2, not 1"),
    (2, 4, {"strengths": ()}, "strengths is empty"),
    (2, 6, {}, "labels has 6 entries, expected one for each of 4"),
    (0, 4, {}, "x has no features")])
@pytest.mark.parametrize("fit", FITS)
def test_bad_arguments_of_a_choice(fit, features, count, options, message):
    with pytest.raises(ValueError, match=message):
        choose(fit, np.ones((4, features)), np.arange(count) % 2, **options)
