"""The checkers are checked: right gradients pass, and each kind of wrong one is refused."""
import numpy as np
import pytest

from numpyzf.gradcheck import check_adjoint, check_gradient, numerical_gradient

pytestmark = pytest.mark.small

A = np.random.default_rng(1).standard_normal((4, 4))


def forward(x):
    """A smooth function with a different slope everywhere: (3, 4) -> (3, 4)."""
    return np.tanh(x) @ A


def backward_at(x):
    return lambda dy: dy @ A.T * (1 - np.tanh(x) ** 2)


@pytest.fixture
def x(rng):
    return rng.standard_normal((3, 4))


# ---- central differences -----------------------------------------------------------------------

def test_numerical_gradient_of_a_known_function():
    x = np.array([0.5, -1.0, 2.0])
    dy = np.array([1.0, 10.0, -2.0])
    np.testing.assert_allclose(numerical_gradient(np.sin, x, dy), dy * np.cos(x), rtol=1e-8)


def test_numerical_gradient_leaves_x_as_it_was(x):
    before = x.copy()
    numerical_gradient(forward, x, np.ones((3, 4)))
    np.testing.assert_array_equal(x, before)


def test_views_and_in_place_functions_are_measured_correctly(x):
    def double_in_place(x):
        x *= 2
        return x.reshape(-1)                        # a view of the argument

    gradient = numerical_gradient(double_in_place, x, np.ones(12))
    np.testing.assert_allclose(gradient, np.full((3, 4), 2.0), rtol=1e-8)


def test_dy_is_not_broadcast(x):
    with pytest.raises(ValueError, match=r"dy has shape \(1, 4\), but f\(x\) has shape \(3, 4\)"):
        numerical_gradient(forward, x, np.ones((1, 4)))


# ---- right gradients pass ----------------------------------------------------------------------

def test_a_right_gradient_passes(x, rng):
    assert check_gradient(forward, backward_at(x), x, rng) < 1e-8


def test_a_function_with_one_number_as_output(x, rng):
    assert check_gradient(lambda x: np.sum(np.exp(x)), lambda dy: dy * np.exp(x), x, rng) < 1e-8


def test_elements_of_very_different_size(rng):
    x = np.array([1e-3, 1.0, 30.0])
    assert check_gradient(lambda x: x ** 3, lambda dy: dy * 3 * x ** 2, x, rng) < 1e-6


# ---- wrong gradients are refused ---------------------------------------------------------------

def one_element(dx, factor):
    dx = dx.copy()
    dx[1, 2] *= factor
    return dx


WRONG = {
    "0.1 % too large": (lambda dx: dx * 1.001, "looks like 1.001 times the right one"),
    "0.1 % too small": (lambda dx: dx * 0.999, "looks like 0.999 times the right one"),
    "wrong sign": (lambda dx: -dx, "looks like -1 times the right one"),
    "half": (lambda dx: dx / 2, "looks like 0.5 times the right one"),
    "zero": (lambda dx: 0 * dx, "zero everywhere"),
    "flipped": (lambda dx: dx[::-1, ::-1], "last two axes flipped"),
    "one element off by 0.1 %": (lambda dx: one_element(dx, 1.001),
                                 r"1 of 12 elements.*\n.*at \[1, 2\]"),
    "one element missing": (lambda dx: one_element(dx, 0),
                            r"1 of 12 elements.*\n.*at \[1, 2\]: backward says 0,"),
    "a small constant added": (lambda dx: dx + 1e-5, "12 of 12 elements"),
    "a row sum": (lambda dx: np.broadcast_to(dx.sum(0), dx.shape),
                  "elements of the gradient are wrong"),
    "missing axis": (lambda dx: dx[0], r"backward\(dy\) has shape \(4,\), expected \(3, 4\)"),
    "an axis too many": (lambda dx: dx[None], r"has shape \(1, 3, 4\), expected \(3, 4\)"),
    "float32": (lambda dx: dx.astype(np.float32), "is float32, expected float64"),
    "NaN": (lambda dx: one_element(dx, np.nan), "1 values that are not finite"),
    "infinity": (lambda dx: one_element(dx, np.inf), "1 values that are not finite"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_gradient_is_refused(fault, x, rng):
    spoil, message = WRONG[fault]
    right = backward_at(x)
    with pytest.raises(AssertionError, match=message):
        check_gradient(forward, lambda dy: spoil(right(dy)), x, rng)


def test_a_transposed_gradient_is_refused(rng):
    x = rng.standard_normal((4, 4))
    right = backward_at(x)
    with pytest.raises(AssertionError, match="last two axes transposed"):
        check_gradient(forward, lambda dy: right(dy).T, x, rng)


# Each of these is exact when every element of dy is the same: the checker must not use such a dy.
BLIND_TO_DY = {"mean": lambda dy: np.full_like(dy, dy.mean()),
               "mean over rows": lambda dy: np.broadcast_to(dy.mean(axis=0), dy.shape),
               "first value": lambda dy: np.full_like(dy, dy.flat[0]),
               "mirrored": lambda dy: dy[:, ::-1]}


@pytest.mark.parametrize("fault", BLIND_TO_DY)
def test_a_gradient_right_only_for_a_constant_dy_is_refused(fault, x, rng):
    spoil, right = BLIND_TO_DY[fault], backward_at(x)
    np.testing.assert_allclose(right(spoil(np.ones((3, 4)))), right(np.ones((3, 4))), rtol=1e-14)
    with pytest.raises(AssertionError, match="elements of the gradient are wrong"):
        check_gradient(forward, lambda dy: right(spoil(dy)), x, rng)


def test_an_error_in_a_small_element_is_not_hidden_by_large_ones(rng):
    x = np.array([1.0, 1.0, 1.0, 0.01])             # gradients of about 3, 3, 3 and 0.0003
    wrong = np.array([1.0, 1.0, 1.0, 1.001])
    with pytest.raises(AssertionError, match=r"1 of 4 elements.*\nworst at \[3\]"):
        check_gradient(lambda x: x ** 3, lambda dy: wrong * dy * 3 * x ** 2, x, rng)


def test_a_gradient_where_there_is_none_is_refused(rng):
    with pytest.raises(AssertionError, match="2 of 2 elements"):
        check_gradient(lambda x: np.zeros(2), lambda dy: dy, np.ones(2), rng)


def test_a_kink_is_named(rng):
    x = np.array([1.0, 0.0, -1.0])
    with pytest.raises(AssertionError, match=r"1 of 3 elements(.|\n)*forward has a kink here"):
        check_gradient(lambda x: np.maximum(x, 0), lambda dy: dy * (x > 0), x, rng)


def test_rounding_is_named(rng):
    # 1e9 + x² is known to 1e-7 only, a nudge changes it by 1e-5
    x = np.array([0.3, 1e-6])
    with pytest.raises(AssertionError, match="within the rounding of forward"):
        check_gradient(lambda x: np.sum(1e9 + x ** 2), lambda dy: dy * 2 * x, x, rng)


# ---- checks that would prove nothing -----------------------------------------------------------

def test_float32_is_refused(x, rng):
    with pytest.raises(TypeError, match="x must be a float64 array, not float32"):
        check_gradient(forward, backward_at(x), x.astype(np.float32), rng)
    with pytest.raises(TypeError, match="x must be a float64 array, not list"):
        numerical_gradient(forward, x.tolist(), np.ones((3, 4)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(bad, x, rng):
    x[0, 0] = bad
    with pytest.raises(ValueError, match="must be finite"):
        check_gradient(forward, backward_at(x), x, rng)


def test_an_output_that_is_not_finite_is_refused(rng):
    with pytest.raises(ValueError, match="must be finite"):
        check_gradient(lambda x: x + np.inf, lambda dy: dy, np.ones(2), rng)


def test_a_gradient_that_is_zero_everywhere_is_refused(rng):
    dead = np.full(3, -1.0)                         # a ReLU that passes nothing
    with pytest.raises(ValueError, match="zero everywhere at this x"):
        check_gradient(lambda x: np.maximum(x, 0), lambda dy: 0 * dy, dead, rng)


# ---- adjoints ----------------------------------------------------------------------------------

def test_a_matrix_and_its_transpose_are_adjoint(rng):
    a = rng.standard_normal((5, 3))
    assert check_adjoint(lambda x: a @ x, lambda y: a.T @ y, (3, 2), (5, 2), rng) < 1e-15


@pytest.mark.parametrize("fault", ["0.1 % too large", "one element off by 1e-9", "zero", "flipped"])
def test_a_wrong_transpose_is_refused(fault, rng):
    a = rng.standard_normal((4, 4))
    one_element = np.zeros((4, 4))
    one_element[2, 1] = 1e-9
    wrong = {"0.1 % too large": 1.001 * a.T, "zero": 0 * a.T, "flipped": a.T[::-1, ::-1],
             "one element off by 1e-9": a.T + one_element}[fault]
    with pytest.raises(AssertionError, match=r"<forward\(x\), y> = .*, but <x, transpose\(y\)> ="):
        check_adjoint(lambda x: a @ x, lambda y: wrong @ y, (4,), (4,), rng)


def test_a_bias_is_named(rng):
    with pytest.raises(AssertionError, match="leave the bias out"):
        check_adjoint(lambda x: A @ x + 1, lambda y: A.T @ y, (4,), (4,), rng)


def test_shapes_are_compared_not_broadcast(rng):
    with pytest.raises(AssertionError, match=r"forward\(x\) has shape \(4,\), expected \(1, 4\)"):
        check_adjoint(lambda x: A @ x, lambda y: A.T @ y[0], (4,), (1, 4), rng)
    with pytest.raises(AssertionError, match=r"transpose\(y\) has shape \(1, 4\), expected \(4,\)"):
        check_adjoint(lambda x: A @ x, lambda y: (A.T @ y)[None], (4,), (4,), rng)


def test_maps_that_give_only_zeros_are_refused(rng):
    with pytest.raises(ValueError, match="proves nothing"):
        check_adjoint(np.zeros_like, np.zeros_like, (4,), (4,), rng)


def test_a_nudge_over_the_edge_of_what_is_finite_is_told(rng):
    """Less than a nudge from 0, √x is NaN on one side: a wrong gradient would not be found."""
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="forward is not finite"):
        check_gradient(np.sqrt, lambda dy: 7 * dy, np.array([1.0, 5e-6, 2.0]), rng)


# ---- not a kink --------------------------------------------------------------------------------

def drop(x, rng):
    return x * (rng.random(x.shape) < 0.5)


def test_a_forward_that_draws_anew_each_time_is_named(x, rng):
    with pytest.raises(AssertionError, match="something else each time for the same x") as caught:
        check_gradient(lambda x: drop(x, rng), lambda dy: dy, x, rng)
    assert "kink" not in str(caught.value)
    with pytest.raises(AssertionError, match="something else each time for the same x"):
        check_adjoint(lambda x: drop(x, rng), lambda y: y, (3, 4), (3, 4), rng)


def test_a_mask_that_stays_passes(x, rng):
    mask = drop(np.ones_like(x), np.random.default_rng(5))
    assert check_gradient(lambda x: drop(x, np.random.default_rng(5)), lambda dy: dy * mask, x,
                          rng) < 1e-8


@pytest.mark.parametrize("back", [np.float32, np.float64], ids=["returned", "inside"])
def test_a_forward_that_rounds_to_float32_is_named(back, x, rng):
    with pytest.raises(AssertionError, match="are rounded to float32, too coarse") as caught:
        check_gradient(lambda x: (2 * x.astype(np.float32)).astype(back), lambda dy: 2 * dy, x, rng)
    assert "kink" not in str(caught.value)


def test_whole_numbers_are_not_taken_for_rounded_ones(rng):
    """A ReLU at its zero gives 0, 1 and 2: a kink, as before."""
    x = np.array([0.0, 1.0, 2.0])
    with pytest.raises(AssertionError, match="forward has a kink here"):
        check_gradient(lambda x: np.maximum(x, 0), lambda dy: dy * (x > 0), x, rng)
