"""ReLU, contrast normalization and the momentum step, against reference.py and NumPy."""
import numpy as np
import pytest
from comparing import assert_close, draw

from numpyzf import functional, kernels, reference

small = pytest.mark.small
both_dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])


@both_dtypes
@pytest.mark.parametrize("shape", [pytest.param((2, 3, 4, 5), marks=small),
                                   pytest.param((7,), marks=small),
                                   pytest.param((3, 2 ** 16 + 5), id="several shares")])
def test_relu(shape, dtype, rng):
    x, dy = draw(rng, dtype, shape, shape)
    x.flat[:6] = [0.0, -0.0, np.nan, np.inf, -np.inf, np.finfo(dtype).tiny]
    y, mask = functional.relu_forward(x)
    dx, right = functional.relu_backward(dy, mask), reference.relu_backward(dy, x)
    np.testing.assert_array_equal(y, reference.relu_forward(x), strict=True)
    np.testing.assert_array_equal(dx, right, strict=True)
    np.testing.assert_array_equal(functional.relu_project(x), y, strict=True)


@small
def test_relu_in_place(rng):
    """y may be x, dx may be dy."""
    x, dy = draw(rng, np.float32, 50, 50)
    right, right_dx = reference.relu_forward(x), reference.relu_backward(dy, x)
    mask = np.empty(50, bool)
    kernels.run(kernels.relu, 50, x, x, mask)
    kernels.run(kernels.relu_gradient, 50, dy, mask, dy)
    np.testing.assert_array_equal(x, right)
    np.testing.assert_array_equal(dy, right_dx)


@both_dtypes
@pytest.mark.parametrize("size", [pytest.param(10, marks=small), 2 ** 17 + 5])
def test_momentum_step(size, dtype, rng):
    w, velocity, gradient = draw(rng, dtype, size, size, size)
    right_velocity = dtype(0.9) * velocity - dtype(0.01) * gradient
    right_w = w + right_velocity
    arrays = w, velocity, gradient
    kernels.run(kernels.momentum_step, size, *arrays, dtype(0.01), dtype(0.9))
    assert_close(velocity, right_velocity)
    assert_close(w, right_w)


@small
def test_a_share_of_a_flat_array_is_all_that_is_written(rng):
    x, other = draw(rng, np.float64, 20, 20)
    mask = np.ones(20, bool)
    calls = [(kernels.relu, (x, y := np.full(20, 7.0), mask)),
             (kernels.relu_gradient, (x, mask, dx := np.full(20, 7.0))),
             (kernels.momentum_step, (w := np.full(20, 7.0), other, x, 0.1, 0.9))]
    for kernel, arguments in calls:
        kernel(*arguments, 4, 15)
    for written in (y, dx, w):
        assert (written[:4] == 7).all() and (written[15:] == 7).all()
        assert (written[4:15] != 7).all()


def norm_both_ways(x, dy, **constants):
    y, saved = functional.contrast_norm_forward(x, **constants)
    assert_close(y, reference.contrast_norm_forward(x, **constants))
    dx = functional.contrast_norm_backward(dy, saved)
    assert_close(dx, reference.contrast_norm_backward(dy, x, **constants))


@both_dtypes
@pytest.mark.parametrize("beta", [0.75, 0.6])       # 0.75 has a way of its own: two square roots
@pytest.mark.parametrize("C", [1, 3, 8])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8])
def test_contrast_norm(size, C, beta, dtype, rng):
    """A large alpha, so that the neighbors matter."""
    x, dy = draw(rng, dtype, (2, C, 3, 4), (2, C, 3, 4))
    norm_both_ways(x, dy, size=size, alpha=2.0, beta=beta, k=1.5)


@both_dtypes
def test_contrast_norm_of_an_image_larger_than_a_chunk(dtype, rng):
    """299 pixels: two full chunks and a part."""
    x, dy = draw(rng, dtype, (2, 4, 13, 23), (2, 4, 13, 23))
    assert 2 * kernels.NORM_CHUNK < 13 * 23 < 3 * kernels.NORM_CHUNK
    norm_both_ways(x, dy, alpha=2.0)


@small
def test_contrast_norm_with_its_default_constants(rng):
    """Activations as large as the paper's."""
    x, dy = draw(rng, np.float64, (1, 6, 2, 2), (1, 6, 2, 2))
    norm_both_ways(100 * x, dy)
