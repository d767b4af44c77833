"""The public operations: what isn't in reference.py, worked out by hand."""
import numpy as np
import pytest

from numpyzf import functional, kernels
from numpyzf.geometry import Window

pytestmark = pytest.mark.small
every_method = pytest.mark.parametrize("method", ["unfold", "shift", "direct"])


# ---- by hand -----------------------------------------------------------------------------------

@every_method
def test_conv_is_not_flipped_and_adds_its_bias(method):
    x = np.array([[[[1.0, 2.0, 3.0]]]]).repeat(2, axis=2)           # rows [1 2 3], [1 2 3]
    w = np.array([[[[1.0, 10.0], [100.0, 1000.0]]]])
    y, _ = functional.conv_forward(x, w, np.array([0.5]), method=method)
    # 1 + 20 + 100 + 2000, 2 + 30 + 200 + 3000, and the bias
    np.testing.assert_array_equal(y, [[[[2121.5, 3232.5]]]])


@every_method
def test_conv_backward_can_leave_dx_out(method, rng):
    x, w = rng.standard_normal((2, 3, 5, 5)), rng.standard_normal((4, 3, 3, 3))
    y, saved = functional.conv_forward(x, w, np.zeros(4), method=method)
    _, dw, db = functional.conv_backward(y, saved)
    nothing, same_dw, same_db = functional.conv_backward(y, saved, need_dx=False)
    assert nothing is None
    np.testing.assert_array_equal(same_dw, dw)
    np.testing.assert_array_equal(same_db, db)


@every_method
def test_conv_transpose_makes_the_size_it_is_told(method):
    """With stride 2, inputs of 5 and of 6 pixels give the same output: the sixth isn't visited."""
    r, w = np.array([[[[1.0, 2.0]]]]), np.ones((1, 1, 3, 3))
    for width, row in (5, [1, 1, 3, 2, 2]), (6, [1, 1, 3, 2, 2, 0]):
        x = functional.conv_transpose(r, w, stride=2, size=(3, width), method=method)
        np.testing.assert_array_equal(x, [[[row] * 3]])


def test_filtering_down_has_the_same_bits_whichever_method_goes_up(rng):
    """By default; here Winograd goes up, whose sums are others."""
    w = rng.standard_normal((48, 64, 3, 3), np.float32)
    assert kernels.choose("auto", 1, 28, 28, w.shape, Window(3, 1, 1)) == "winograd"
    r = rng.standard_normal((1, 48, 28, 28), np.float32)
    windows = dict(stride=1, pad=1, size=(28, 28))
    down = functional.conv_transpose(r, w, **windows)
    np.testing.assert_array_equal(down, functional.conv_transpose(r, w, **windows, method="unfold"))
    assert (down != functional.conv_transpose(r, w, **windows, method="winograd")).any()


def test_the_gradient_of_max_pool_is_unpool():
    assert functional.max_pool_backward is functional.unpool


def test_unpool_adds_where_windows_share_their_maximum():
    x = np.zeros((1, 1, 5, 5), np.float32)
    x[0, 0, 2, 2] = 9
    _, switches = functional.max_pool_forward(x, size=3, stride=2)
    expected = np.zeros_like(x)
    expected[0, 0, 2, 2] = 1 + 2 + 3 + 4
    x = functional.unpool(np.array([[[[1, 2], [3, 4]]]], np.float32), switches)
    np.testing.assert_array_equal(x, expected, strict=True)


def test_switches_may_be_of_any_integer_type_and_layout(rng):
    _, switches = functional.max_pool_forward(rng.standard_normal((2, 3, 6, 6)), size=3, stride=1)
    r = rng.standard_normal(switches.index.shape)
    index = np.asfortranarray(switches.index.astype(np.int64))
    other = functional.Switches(index, switches.x_shape)
    np.testing.assert_array_equal(functional.unpool(r, other), functional.unpool(r, switches))


def test_the_three_ways_down_through_a_relu():
    x = np.array([1.0, 1.0, -1.0, -1.0])                            # the signal going up
    r = np.array([2.0, -2.0, 2.0, -2.0])                            # the signal coming down
    _, mask = functional.relu_forward(x)
    gradient = functional.relu_backward(r, mask)
    np.testing.assert_array_equal(gradient, [2, -2, 0, 0])          # where x > 0
    deconvnet = functional.relu_project(r)
    np.testing.assert_array_equal(deconvnet, [2, 0, 2, 0])          # where r > 0
    guided = functional.relu_project(gradient)
    np.testing.assert_array_equal(guided, [2, 0, 0, 0])             # where both


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4, 5, 6)], ids=str)
def test_a_relu_keeps_the_shape_whatever_it_is(shape, rng):
    """A single number without axes, too: it comes out as an array without axes."""
    x = np.array(rng.standard_normal(shape))
    y, mask = functional.relu_forward(x)
    assert isinstance(y, np.ndarray) and y.shape == mask.shape == shape
    np.testing.assert_array_equal(y, np.maximum(x, 0))
    dx = functional.relu_backward(np.ones(shape), mask)
    assert isinstance(dx, np.ndarray) and dx.shape == shape
    np.testing.assert_array_equal(dx, x > 0)
    assert np.shape(functional.relu_project(x)) == shape


def test_linear_transpose_and_need_dx():
    w = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    down = functional.linear_transpose(np.array([[1.0, -1.0]]), w)
    np.testing.assert_array_equal(down, [[-9, -18, -27]])
    _, saved = functional.linear_forward(np.ones((1, 3)), w, np.zeros(2))
    assert functional.linear_backward(np.ones((1, 2)), saved, need_dx=False)[0] is None


def test_dropout_backward_uses_the_mask():
    mask = np.array([[0.0, 2.0, 2.0]])
    dx = functional.dropout_backward(np.array([[5.0, 6.0, -7.0]]), mask)
    np.testing.assert_array_equal(dx, [[0, 12, -14]])


def test_softmax():
    p = functional.softmax(np.log([[1.0, 2.0, 5.0]]))
    np.testing.assert_allclose(p, [[1 / 8, 2 / 8, 5 / 8]], rtol=1e-15)


def test_an_empty_batch_stays_empty():
    x = np.zeros((0, 2, 4, 4))
    assert functional.conv_forward(x, np.zeros((3, 2, 3, 3)), np.zeros(3))[0].shape == (0, 3, 2, 2)
    assert functional.max_pool_forward(x, size=2, stride=2)[0].shape == (0, 2, 2, 2)
    for forward in (functional.contrast_norm_forward, functional.relu_forward):
        assert forward(x)[0].shape == (0, 2, 4, 4)


# ---- a NaN's way -------------------------------------------------------------------------------

NAN = np.nan


def test_a_nan_goes_up_through_a_relu_and_gets_no_gradient():
    y, mask = functional.relu_forward(np.array([NAN, -1, 2]))
    np.testing.assert_array_equal(y, [NAN, 0, 2])
    assert mask.tolist() == [False, False, True]
    np.testing.assert_array_equal(functional.relu_backward(np.ones(3), mask), [0, 0, 1])


def test_a_nan_coming_down_is_not_rectified_away():
    r = np.array([NAN, -1, 2])
    np.testing.assert_array_equal(functional.relu_project(r), [NAN, 0, 2])
    np.testing.assert_array_equal(functional.relu_backward(r, r != -1), [NAN, 0, 2])


def test_a_nan_is_the_maximum_of_its_windows_and_of_no_other():
    """The first of two in row-major order; the gradient goes to where it is."""
    x = np.array([[[[1, 2, -3, -4], [NAN, NAN, -5, -6.0]]]])
    y, switches = functional.max_pool_forward(x, size=2, stride=2)
    np.testing.assert_array_equal(y, [[[[NAN, -3]]]])
    assert switches.index.tolist() == [[[[4, 2]]]]
    dx = functional.unpool(np.array([[[[10.0, 20]]]]), switches)
    np.testing.assert_array_equal(dx, [[[[0, 0, 20, 0], [10, 0, 0, 0]]]])


def test_a_relu_and_a_pool_give_a_nan_the_same_gradient_in_one_as_in_two():
    """None: the switch points at it, but the ReLU lets nothing through."""
    x, dy = np.array([[[[1, 2], [NAN, 4.0]]]]), np.ones((1, 1, 1, 1))
    both = kernels.RectifiedPool(Window(2, 2, 0), False)
    y, saved = both.forward(x, train=True)
    assert np.isnan(y).all() and np.isnan(both.forward(x)[0]).all()
    np.testing.assert_array_equal(both.backward(dy, saved)[0], np.zeros_like(x))
    y, mask = functional.relu_forward(x)
    _, switches = functional.max_pool_forward(y, size=2, stride=2)
    dx = functional.relu_backward(functional.unpool(dy, switches), mask)
    np.testing.assert_array_equal(dx, np.zeros_like(x))


@every_method
def test_a_nan_reaches_what_sees_it(method):
    x, w = np.zeros((1, 1, 5, 5)), np.ones((1, 1, 3, 3))
    x[0, 0, 0, 1] = NAN
    y, _ = functional.conv_forward(x, w, np.zeros(1), method=method)
    np.testing.assert_array_equal(y, [[[[NAN, NAN, 0], [0, 0, 0], [0, 0, 0]]]])
