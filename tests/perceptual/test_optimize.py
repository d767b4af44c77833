"""L-BFGS inside of black and white."""
import numpy as np
import pytest

from numpyzf.perceptual.optimize import minimize

pytestmark = pytest.mark.small


def bowl(a, b):
    """½ xᵀ A x − bᵀ x, with its gradient."""
    return lambda x: (float(x @ a @ x / 2 - b @ x), a @ x - b)


def test_it_finds_the_minimum_of_a_narrow_bowl(rng):
    """The longest axis is a thousand times the shortest, which takes plain descent thousands of
    steps.
    """
    turn, _ = np.linalg.qr(rng.standard_normal((12, 12)))
    a = turn @ np.diag(np.geomspace(1, 1000, 12)) @ turn.T
    least = rng.uniform(0.3, 0.7, 12)
    found = minimize(bowl(a, a @ least), np.full(12, 0.5), steps=80)
    np.testing.assert_allclose(found.x, least, atol=1e-5)


def test_where_the_minimum_is_no_picture_it_is_the_best_picture(rng):
    """For two pixels that pull on each other: the one that would leave stays black, and the other
    goes where it is best beside it.
    """
    a, b = np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([0.2, 1.2])
    found = minimize(bowl(a, b), np.array([0.5, 0.5]), steps=50)
    np.testing.assert_allclose(found.x, [0.0, 0.6], atol=1e-7)      # without bounds: −0.27, 0.73


def test_rosenbrock_s_valley():
    def loss(x):
        u, v = 2 * x - 0.5                                          # the minimum, (1, 1), inside
        return ((1 - u) ** 2 + 100 * (v - u * u) ** 2,
                2 * np.array([-2 * (1 - u) - 400 * u * (v - u * u), 200 * (v - u * u)]))
    found = minimize(loss, np.array([0.0, 0.9]), steps=200)
    np.testing.assert_allclose(found.x, [0.75, 0.75], atol=1e-5)


def test_no_step_makes_it_worse_and_the_start_stays(rng):
    start = rng.random((1, 1, 6, 6))
    before, seen = start.copy(), []

    def loss(x):
        return np.sin(9 * x).sum(), 9 * np.cos(9 * x)
    found = minimize(loss, start, steps=30, progress=lambda step, value: seen.append(value))
    assert (np.diff(found.values) < 0).all() and seen == found.values[1:]
    assert loss(found.x)[0] == found.values[-1]
    assert found.x.min() >= 0 and found.x.max() <= 1
    np.testing.assert_array_equal(start, before)


def test_it_keeps_float32(rng):
    found = minimize(lambda x: (float(np.square(x - 0.25).sum()), 2 * x - np.float32(0.5)),
                     rng.random(20, np.float32), steps=20)
    assert found.x.dtype == np.float32
    np.testing.assert_allclose(found.x, 0.25, atol=1e-6)


def test_a_loss_that_turns_to_nan_ends_it_with_the_last_good_picture():
    def loss(x):
        bad = x[0] < 0.4
        return (np.nan if bad else x[0]), np.array([np.nan if bad else 1.0])
    found = minimize(loss, np.array([0.4]), steps=50)
    assert found.x[0] == 0.4 and "nan" in found.trouble
    found = minimize(loss, np.array([0.9]), steps=500)
    assert 0.4 <= found.x[0] < 0.41 and np.isfinite(found.values).all()


def test_a_first_picture_without_a_loss_is_refused():
    with pytest.raises(ValueError, match="the loss of the first picture is nan"):
        minimize(lambda x: (np.nan, x), np.zeros(3), steps=5)


def test_a_minimum_ends_it_without_trouble():
    found = minimize(lambda x: (0.0, np.zeros(3)), np.full(3, 0.5), steps=5)
    assert found.values == [0.0] and found.trouble == ""
