"""Max pooling and unpooling give exactly the numbers and switches of reference.py."""
import numpy as np
import pytest
from comparing import assert_close, draw

from numpyzf import kernels, reference
from numpyzf.geometry import Window

both_dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
both_ways = pytest.mark.parametrize("rectify", [False, True], ids=["", "rectify"])
VALUES = {"normal": lambda rng, shape: rng.standard_normal(shape),
          "ties": lambda rng, shape: rng.integers(-2, 2, shape),
          "nan and inf": lambda rng, shape: rng.choice([-np.inf, -1, 0, 1, np.inf, np.nan], shape),
          "nothing positive": lambda rng, shape: rng.choice([-1, -0.0, 0.0], shape),
          "minus infinity": lambda rng, shape: np.full(shape, -np.inf)}


def expected(x, rectify, **windows):
    """A ReLU, if asked for, and then the pool."""
    return reference.max_pool_forward(reference.relu_forward(x) if rectify else x, **windows)


def pooled(x, shape, rectify, size, stride, pad=0, ceil=False):
    y, index = np.full(shape, 7, x.dtype), np.full(shape, 7, np.int32)
    planes = x.shape[0] * x.shape[1]
    kernels.run(kernels.max_pool, planes, x, y, index, size, stride, pad, rectify)
    return y, index


@both_dtypes
@both_ways
@pytest.mark.parametrize("values", VALUES)
def test_max_pool_and_unpool(pool_case, values, rectify, dtype, rng):
    x = VALUES[values](rng, pool_case.x_shape()).astype(dtype)
    right_y, right_index = expected(x, rectify, **pool_case.windows())
    y, index = pooled(x, right_y.shape, rectify, **pool_case.windows())
    np.testing.assert_array_equal(y, right_y, strict=True)
    np.testing.assert_array_equal(index, right_index, strict=True)
    if rectify:
        assert not np.signbit(y).any()                          # no −0 either
        maxima, saved = kernels.RectifiedPool(
            Window(pool_case.size, pool_case.stride, pool_case.pad), pool_case.ceil).forward(x)
        np.testing.assert_array_equal(maxima, y, strict=True)
        assert not np.signbit(maxima).any() and saved is None
    r, = draw(rng, dtype, y.shape)
    down = np.full_like(x, 7)
    kernels.run(kernels.unpool, x.shape[0] * x.shape[1], r, index, down)
    assert_close(down, reference.unpool(r, right_index, x.shape))


@both_ways
@pytest.mark.parametrize("values", ["normal", "nan and inf", "minus infinity"])
@pytest.mark.parametrize("H, W, size, stride, pad",
                         [(40, 33, 3, 1, 1), (85, 61, 3, 2, 0), (70, 64, 2, 2, 1),
                          (5, 600, 2, 1, 0)])
def test_more_windows_than_a_band(H, W, size, stride, pad, values, rectify, rng):
    """A band has some 512 windows: several bands of rows, the last one smaller, or longer rows."""
    x = VALUES[values](rng, (1, 1, H, W))
    right_y, right_index = expected(x, rectify, size=size, stride=stride, pad=pad, ceil=False)
    y, index = pooled(x, right_y.shape, rectify, size, stride, pad)
    np.testing.assert_array_equal(y, right_y)
    np.testing.assert_array_equal(index, right_index)
    if rectify:
        maxima, _ = kernels.RectifiedPool(Window(size, stride, pad), False).forward(x)
        np.testing.assert_array_equal(maxima, y)


@pytest.mark.small
def test_a_share_writes_its_own_planes(rng):
    x, r = draw(rng, np.float64, (2, 2, 6, 6), (2, 2, 3, 3))
    y, index, down = (np.full(s, -7, t) for s, t in
                      [(r.shape, float), (r.shape, np.int32), (x.shape, float)])
    kernels.max_pool(x, y, index, 2, 2, 0, False, 1, 3)
    kernels.unpool(r, np.zeros_like(index), down, 1, 3)
    for array in (y, index, down):
        planes = array.reshape(4, -1)
        assert (planes[[0, 3]] == -7).all() and (planes[1:3] != -7).all()
