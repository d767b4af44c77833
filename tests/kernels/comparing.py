"""What the tests of this folder share: random arrays, and what counts as the same numbers."""
import numpy as np


def draw(rng, dtype, *shapes):
    """A list of arrays of normal random numbers."""
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def assert_close(actual, expected):
    """The largest difference over the largest value: 1e-12 in float64, 1e-5 in float32."""
    tolerance = {np.float64: 1e-12, np.float32: 1e-5}[expected.dtype.type]
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
    atol = tolerance * np.abs(expected).max(initial=0)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)
