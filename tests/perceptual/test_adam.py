"""Adam: by hand, by the loops, in place; PyTorch's numbers are in test_layers_stored.py."""
import numpy as np
import pytest
from layer_cases import assert_close, both_dtypes, normal

from numpyzf.perceptual import reference
from numpyzf.perceptual.adam import adam_step

pytestmark = pytest.mark.small


def zeros(parameters):
    return {name: (np.zeros_like(w), np.zeros_like(w)) for name, w in parameters.items()}


def test_two_steps_by_hand():
    parameters, moments = {"w": np.array([1.0])}, {"w": (np.zeros(1), np.zeros(1))}
    settings = dict(rate=0.1, beta1=0.5, beta2=0.75, epsilon=1.0)
    adam_step(parameters, moments, {"w": np.array([4.0])}, 1, **settings)
    # m = 2, v = 4; corrected 4 and 16: the step is 0.1 · 4/(4 + 1)
    assert parameters["w"] == pytest.approx(0.92, rel=1e-15)
    assert [float(moment[0]) for moment in moments["w"]] == [2, 4]
    adam_step(parameters, moments, {"w": np.array([-2.0])}, 2, **settings)
    # m = 0: nothing moves, though v = 4 did
    assert parameters["w"] == pytest.approx(0.92, rel=1e-15)
    assert [float(moment[0]) for moment in moments["w"]] == [0, 4]


def test_the_first_step_is_the_rate_whatever_the_gradient_s_size():
    gradient = np.array([1e-4, -3.0, 1e5])
    parameters = {"w": np.zeros(3)}
    adam_step(parameters, zeros(parameters), {"w": gradient}, 1, rate=0.01)
    np.testing.assert_allclose(parameters["w"], [-0.01, 0.01, -0.01], rtol=2e-4)


@both_dtypes
def test_steps_are_those_of_the_loops_and_in_place(dtype, rng):
    w, b = normal(rng, dtype, (2, 3, 2), 4)
    parameters = {"conv.w": w, "conv.b": b}
    moments, settings = zeros(parameters), dict(rate=1e-2, beta1=0.9, beta2=0.999, epsilon=1e-8)
    arrays = [w, b, *moments["conv.w"], *moments["conv.b"]]
    right = {name: (value.copy(), *(m.copy() for m in moments[name]))
             for name, value in parameters.items()}
    for step in range(1, 5):
        grads = dict(zip(parameters, normal(rng, dtype, w.shape, b.shape)))
        given = {name: gradient.copy() for name, gradient in grads.items()}
        adam_step(parameters, moments, grads, step, rate=1e-2)
        for name in parameters:
            np.testing.assert_array_equal(grads[name], given[name])
            right[name] = reference.adam_step(*right[name], grads[name], step, **settings)
            for actual, expected in zip((parameters[name], *moments[name]), right[name]):
                assert_close(actual, expected, f"{name}, step {step}")
    now = [parameters["conv.w"], parameters["conv.b"], *moments["conv.w"], *moments["conv.b"]]
    assert all(one is other for one, other in zip(arrays, now))


def test_it_finds_the_bottom_of_a_long_valley():
    """Slopes that differ by 1e6 don't matter to it."""
    slopes = np.array([1e-3, 1.0, 1e3])
    parameters = {"x": np.ones(3)}
    moments = zeros(parameters)
    for step in range(1, 601):
        adam_step(parameters, moments, {"x": slopes * parameters["x"]}, step,
                  rate=0.05 * (1 - step / 601))
    np.testing.assert_allclose(parameters["x"], 0, atol=1e-3)


@pytest.mark.parametrize("grads, step, error, words", [
    ({"w": np.ones(2)}, 0, ValueError, "step must be at least 1, not 0"),
    ({"w": np.ones(2)}, 1.0, TypeError, "step must be an integer"),
    ({"w": np.ones(3)}, 1, ValueError, r"the gradient of w has shape \(3,\), expected \(2,\)"),
    ({"w": np.ones(2, np.float32)}, 1, TypeError, "the gradient of w is float32")])
def test_one_clear_error(grads, step, error, words):
    parameters = {"w": np.zeros(2)}
    with pytest.raises(error, match=words):
        adam_step(parameters, zeros(parameters), grads, step, rate=0.1)
    assert not parameters["w"].any()
