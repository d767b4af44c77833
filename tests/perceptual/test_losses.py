"""The losses: worked by hand, by central differences, and as PyTorch computes them."""
from pathlib import Path

import numpy as np
import pytest

from numpyzf import gradcheck
from numpyzf.perceptual import losses

with np.load(Path(__file__).parent.parent / "reference" / "losses.npz",
             allow_pickle=False) as file:
    STORED = {name: file[name] for name in file.files if name != "versions"}

pytestmark = pytest.mark.small


# ---- by hand -------------------------------------------------------------------------------------

def test_the_feature_loss_is_divided_by_all_numbers_of_a_picture():
    y, target = np.zeros((2, 1, 1, 2)), np.array([[[[3.0, 1.0]]], [[[0.0, 2.0]]]])
    value, dy = losses.feature(y, target)
    assert value == ((9 + 1) / 2 + 4 / 2) / 2       # the mean of two pictures
    np.testing.assert_array_equal(dy, -target / 2)  # 2 (y − target) / (C·H·W) / N
    assert losses.pixel(y, target, power=1)[0] == ((3 + 1) / 2 + 2 / 2) / 2


def test_gram_by_hand():
    y = np.array([[[[1.0, 2.0]], [[3.0, -1.0]]]])       # two maps of 1×2 pixels
    np.testing.assert_array_equal(losses.gram(y), [[[5 / 4, 1 / 4], [1 / 4, 10 / 4]]])


def test_the_style_loss_is_a_sum_and_no_mean():
    y = np.array([[[[1.0, 2.0]], [[3.0, -1.0]]]])
    target = np.array([[[1.0, 0.0], [0.0, 2.0]]])
    value, dy = losses.style(y, target)
    assert value == 0.25 ** 2 + 2 * 0.25 ** 2 + 0.5 ** 2
    # 4/4 · [[.25, .25], [.25, .5]] @ [[1, 2], [3, −1]]
    np.testing.assert_allclose(dy, [[[[1.0, 0.25]], [[1.75, 0.0]]]])


def test_a_picture_s_own_style_and_moved_maps_cost_nothing(rng):
    y = rng.standard_normal((1, 4, 6, 5))
    moved = np.roll(y, (2, 1), axis=(2, 3))
    value, dy = losses.style(moved, losses.gram(y))
    assert value < 1e-25 and np.abs(dy).max() < 1e-12


def test_total_variation_by_hand():
    x = np.array([[[[0.0, 1.0, 1.0], [0.0, 3.0, 1.0]]]])
    value, dx = losses.total_variation(x)
    assert value == 1 + 0 + 9 + 4 + 0 + 4 + 0
    # each pixel: 2 · (its distance from each neighbor, summed)
    np.testing.assert_array_equal(dx, [[[[-2, 2 - 4, 0], [-6, 4 + 6 + 4, -4]]]])
    assert losses.total_variation(np.full((2, 3, 4, 4), 0.7))[0] == 0


def test_sums_are_of_float64():
    """A million numbers whose float32 sum would lose the last ones."""
    y = np.full((1, 1, 1000, 1000), 0.1, np.float32)
    y[0, 0, 0, 0] = 4000
    exact = (np.float64(np.float32(0.1)) ** 2 * 999_999 + 4000.0 ** 2) / 1e6
    assert losses.gram(y)[0, 0, 0] == pytest.approx(exact, rel=1e-12)
    assert losses.feature(y, np.zeros_like(y))[0] == pytest.approx(exact, rel=1e-7)


def test_no_power_but_one_and_two_and_no_mean_of_nothing():
    y = np.ones((1, 1, 2, 2))
    with pytest.raises(ValueError, match="power must be 1 or 2, not 3"):
        losses.pixel(y, y, power=3)
    none = np.ones((0, 1, 2, 2))
    for loss in (lambda: losses.pixel(none, none), lambda: losses.total_variation(none),
                 lambda: losses.gram(none), lambda: losses.style(none, np.ones((1, 1, 1)))):
        with pytest.raises(ValueError, match=r"holds no numbers, it has shape \(0, 1, 2, 2\)"):
            loss()


# ---- gradients -----------------------------------------------------------------------------------

CASES = {"feature": lambda y, other: losses.feature(y, other),
         "absolute": lambda y, other: losses.pixel(y, other, power=1),
         "style": lambda y, other: losses.style(y, losses.gram(other)),
         "total_variation": lambda y, other: losses.total_variation(y)}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("shape", [(1, 3, 4, 5), (3, 2, 3, 3), (2, 2, 1, 4)])
def test_central_differences(name, shape, rng):
    y, other = rng.standard_normal(shape), rng.standard_normal(shape)
    gradcheck.check_gradient(lambda y: CASES[name](y, other)[0],
                             lambda dy: dy * CASES[name](y, other)[1], y, rng)


@pytest.mark.parametrize("case", sorted({name.split("/")[0] for name in STORED}))
def test_as_pytorch(case):
    stored = {name.split("/")[1]: array for name, array in STORED.items()
              if name.split("/")[0] == case}
    value, dy = CASES[case.split()[0]](stored["y"], stored.get("target"))
    assert value == pytest.approx(stored["value"].item(), rel=1e-10)
    np.testing.assert_allclose(dy, stored["dy"], rtol=0, atol=1e-10 * np.abs(stored["dy"]).max())


@pytest.mark.parametrize("name", CASES)
def test_gradients_keep_the_dtype_and_inputs_stay(name, rng):
    y, other = (rng.standard_normal((2, 3, 4, 5)).astype(np.float32) for _ in range(2))
    before = y.copy()
    value, dy = CASES[name](y, other)
    exact, exact_dy = CASES[name](y.astype(np.float64), other.astype(np.float64))
    assert isinstance(value, float) and dy.dtype == np.float32 and dy.shape == y.shape
    assert value == pytest.approx(exact, rel=1e-6)
    np.testing.assert_allclose(dy, exact_dy, atol=1e-6 * np.abs(exact_dy).max())
    np.testing.assert_array_equal(y, before)


# ---- bad arguments -------------------------------------------------------------------------------

def test_maps_that_don_t_fit_are_refused(rng):
    y = rng.standard_normal((2, 3, 4, 5))
    with pytest.raises(ValueError, match=r"\(2, 3, 4, 5\).*\(2, 3, 5, 4\)"):
        losses.feature(y, y.swapaxes(2, 3))
    with pytest.raises(ValueError, match="target_gram"):
        losses.style(y[:1], losses.gram(y))
    with pytest.raises(ValueError, match="target_gram"):
        losses.style(y, np.zeros((1, 4, 4)))
    with pytest.raises(ValueError, match="4 axes"):
        losses.total_variation(y[0])
