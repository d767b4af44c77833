"""Sub-pixel rearrangement, smoothing and the pixel loss against their formulas, index by index."""
import numpy as np
import pytest

from numpyzf import kernels

pytestmark = pytest.mark.small


@pytest.mark.parametrize("factor, height, width", [(1, 3, 4), (2, 3, 5), (3, 1, 2), (4, 2, 1)])
def test_every_number_goes_to_its_place_and_back(factor, height, width, rng):
    x = rng.standard_normal((5, factor, factor, height, width))
    y, back = np.full((5, factor * height, factor * width), np.nan), np.full_like(x, np.nan)
    kernels.run(kernels.shuffle, 5, x, y, pieces=2)
    for m, i, j, h, v in np.ndindex(x.shape):
        assert y[m, h * factor + i, v * factor + j] == x[m, i, j, h, v]
    kernels.run(kernels.unshuffle, 5, y, back, pieces=2)
    np.testing.assert_array_equal(back, x)


@pytest.mark.parametrize("weights", [[2], [1, 2, 3], [1, 2, 3, 4, 5]])
@pytest.mark.parametrize("height, width", [(1, 1), (2, 3), (6, 7)])
def test_smoothing_is_a_weighted_sum_with_zeros_beyond_the_edge(weights, height, width, rng):
    """The weights aren't symmetric here, so that no two of them can change places."""
    x, half = rng.standard_normal((4, height, width)), len(weights) // 2
    wide = np.pad(x, ((0, 0), (half, half), (half, half)))
    expected = np.zeros_like(x)
    for i, down in enumerate(weights):
        for j, across in enumerate(weights):
            expected += down * across * wide[:, i:i + height, j:j + width]
    y = np.full_like(x, np.nan)
    kernels.run(kernels.smooth, 4, x, y, np.array(weights, float), pieces=2)
    np.testing.assert_allclose(y, expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("power", [1, 2])
def test_the_loss_and_its_gradient(power, dtype, rng):
    y, target = rng.standard_normal((2, 31)).astype(dtype)
    y[3] = target[3]
    gradient = np.full(31, np.nan, dtype)
    sums = kernels.run(kernels.pixel_loss, 31, y, target, gradient, power, 50, pieces=3)
    step = y.astype(float) - target
    np.testing.assert_allclose(sum(sums), (np.abs(step) ** power).sum(), rtol=1e-6)
    expected = np.sign(step) if power == 1 else 2 * step
    np.testing.assert_allclose(gradient, expected / 50, rtol=1e-4, atol=1e-9)
    assert gradient[3] == 0


def test_a_difference_that_is_no_number_stays_one():
    for power in (1, 2):
        gradient = np.zeros(3)
        total = kernels.pixel_loss(np.array([1, np.nan, 2.0]), np.zeros(3), gradient, power, 3, 0,
                                   3)
        assert np.isnan(total) and np.isnan(gradient).tolist() == [False, True, False]
