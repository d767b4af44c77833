"""The public operations: what isn't in reference.py, worked out by hand, and bad input.

Bad input gets a TypeError or a ValueError that names the argument and the numbers.
"""
import numpy as np
import pytest

from numpyzf import functional

pytestmark = pytest.mark.small
every_method = pytest.mark.parametrize("method", ["unfold", "shift", "direct"])


# ---- by hand -----------------------------------------------------------------------------------

@every_method
def test_conv_is_not_flipped_and_adds_its_bias(method):
    x = np.array([[[[1.0, 2.0, 3.0]]]]).repeat(2, axis=2)                       # rows [1 2 3], [1 2 3]
    w = np.array([[[[1.0, 10.0], [100.0, 1000.0]]]])
    y, _ = functional.conv_forward(x, w, np.array([0.5]), method=method)
    np.testing.assert_array_equal(y, [[[[2121.5, 3232.5]]]])                    # 1 + 20 + 100 + 2000, 2 + 30 + 200 + 3000


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
    """With stride 2, inputs of 5 and of 6 pixels give the same output; the last pixel of the larger one isn't visited."""
    r, w = np.array([[[[1.0, 2.0]]]]), np.ones((1, 1, 3, 3))
    for width, row in (5, [1, 1, 3, 2, 2]), (6, [1, 1, 3, 2, 2, 0]):
        x = functional.conv_transpose(r, w, stride=2, size=(3, width), method=method)
        np.testing.assert_array_equal(x, [[[row] * 3]])


def test_the_gradient_of_max_pool_is_unpool():
    assert functional.max_pool_backward is functional.unpool


def test_unpool_adds_where_windows_share_their_maximum():
    x = np.zeros((1, 1, 5, 5), np.float32)
    x[0, 0, 2, 2] = 9
    _, switches = functional.max_pool_forward(x, size=3, stride=2)
    expected = np.zeros_like(x)
    expected[0, 0, 2, 2] = 1 + 2 + 3 + 4
    np.testing.assert_array_equal(functional.unpool(np.array([[[[1, 2], [3, 4]]]], np.float32), switches), expected, strict=True)


def test_switches_may_be_of_any_integer_type_and_layout(rng):
    _, switches = functional.max_pool_forward(rng.standard_normal((2, 3, 6, 6)), size=3, stride=1)
    r = rng.standard_normal(switches.index.shape)
    other = functional.Switches(np.asfortranarray(switches.index.astype(np.int64)), switches.x_shape)
    np.testing.assert_array_equal(functional.unpool(r, other), functional.unpool(r, switches))


def test_the_three_ways_down_through_a_relu():
    x = np.array([1.0, 1.0, -1.0, -1.0])                                        # the signal going up
    r = np.array([2.0, -2.0, 2.0, -2.0])                                        # the signal coming down
    _, mask = functional.relu_forward(x)
    np.testing.assert_array_equal(functional.relu_backward(r, mask), [2, -2, 0, 0])      # gradient: where x > 0
    np.testing.assert_array_equal(functional.relu_project(r), [2, 0, 2, 0])              # deconvnet: where r > 0
    np.testing.assert_array_equal(functional.relu_project(functional.relu_backward(r, mask)), [2, 0, 0, 0])       # guided: both


def test_linear_transpose_and_need_dx():
    w = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    np.testing.assert_array_equal(functional.linear_transpose(np.array([[1.0, -1.0]]), w), [[-9, -18, -27]])
    _, saved = functional.linear_forward(np.ones((1, 3)), w, np.zeros(2))
    assert functional.linear_backward(np.ones((1, 2)), saved, need_dx=False)[0] is None


def test_dropout_backward_uses_the_mask():
    mask = np.array([[0.0, 2.0, 2.0]])
    np.testing.assert_array_equal(functional.dropout_backward(np.array([[5.0, 6.0, -7.0]]), mask), [[0, 12, -14]])


def test_softmax():
    np.testing.assert_allclose(functional.softmax(np.log([[1.0, 2.0, 5.0]])), [[1 / 8, 2 / 8, 5 / 8]], rtol=1e-15)


def test_an_empty_batch_stays_empty():
    x = np.zeros((0, 2, 4, 4))
    assert functional.conv_forward(x, np.zeros((3, 2, 3, 3)), np.zeros(3))[0].shape == (0, 3, 2, 2)
    assert functional.max_pool_forward(x, size=2, stride=2)[0].shape == (0, 2, 2, 2)
    assert functional.contrast_norm_forward(x)[0].shape == functional.relu_forward(x)[0].shape == (0, 2, 4, 4)


# ---- bad input ---------------------------------------------------------------------------------

x, w, b = np.zeros((2, 3, 6, 5)), np.zeros((4, 3, 3, 3)), np.zeros(4)
y, saved = functional.conv_forward(x, w, b)
pooled, switches = functional.max_pool_forward(x, size=2, stride=2)
_, norm_saved = functional.contrast_norm_forward(x)
_, mask = functional.relu_forward(x)
f, v, c = np.zeros((2, 5)), np.zeros((3, 5)), np.zeros(3)
scores, linear_saved = functional.linear_forward(f, v, c)
generator = np.random.default_rng(0)


def moved(offset):
    return functional.Switches(switches.index + offset, switches.x_shape)


BAD = {
    # dtypes
    "x a list": (lambda: functional.conv_forward(x.tolist(), w, b), TypeError, "x must be a NumPy array, not list"),
    "x integers": (lambda: functional.conv_forward(x.astype(np.int64), w, b), TypeError,
                   r"x must be float32 or float64, not int64.*x\.astype"),
    "x float16": (lambda: functional.max_pool_forward(x.astype(np.float16), size=2, stride=2), TypeError,
                  "x must be .*, not float16"),
    "x complex": (lambda: functional.relu_forward(x.astype(complex)), TypeError, "x must be .*, not complex128"),
    "w of another dtype": (lambda: functional.conv_forward(x, w.astype(np.float32), b), TypeError, "w is float32 but .* are float64"),
    "b of another dtype": (lambda: functional.linear_forward(f, v, c.astype(np.float32)), TypeError,
                           "b is float32 but .* are float64"),
    "dy of another dtype": (lambda: functional.conv_backward(y.astype(np.float32), saved), TypeError,
                            "dy is float32 but .* are float64"),
    "r and w differ": (lambda: functional.linear_transpose(scores.astype(np.float32), v), TypeError,
                       "w is float64 but .* are float32"),
    # shapes
    "x of three axes": (lambda: functional.conv_forward(x[0], w, b), ValueError,
                        r"x must have 4 axes \(NCHW\), not 3: shape \(3, 6, 5\)"),
    "w of two axes": (lambda: functional.conv_forward(x, w[0, 0], b), ValueError,
                      r"w must have 4 axes \(FCKK\), not 2: shape \(3, 3\)"),
    "b of two axes": (lambda: functional.conv_forward(x, w, b[None]), ValueError, r"b must have 1 axes \(F\), not 2: shape \(1, 4\)"),
    "channels": (lambda: functional.conv_forward(x[:, :2], w, b), ValueError,
                 r"x has 2 channels .*\(2, 2, 6, 5\).* 3 .*\(4, 3, 3, 3\)"),
    "wide filters": (lambda: functional.conv_forward(x, w[..., :2], b), ValueError,
                     r"w must hold square filters .*, not \(4, 3, 3, 2\)"),
    "wide filters down": (lambda: functional.conv_transpose(y, w[:, :, :2], size=(6, 5)), ValueError,
                          r"square .*, not \(4, 3, 2, 3\)"),
    "biases": (lambda: functional.conv_forward(x, w, np.zeros(3)), ValueError,
               r"b has shape \(3,\), expected \(4,\): one bias per filter"),
    "filter too large": (lambda: functional.conv_forward(x, np.zeros((4, 3, 8, 8)), b, pad=1), ValueError,
                         r"size 8 is larger .* 5 \+ 2·1 = 7"),
    "pool too large": (lambda: functional.max_pool_forward(x, size=6, stride=1), ValueError, r"size 6 is larger .* 5 \+ 2·0 = 5"),
    "dy": (lambda: functional.conv_backward(y[:, :, 1:], saved), ValueError, r"dy has shape \(2, 4, 3, 3\), expected \(2, 4, 4, 3\)"),
    "dy of a norm": (lambda: functional.contrast_norm_backward(x[:1], norm_saved), ValueError,
                     r"dy has shape \(1, 3, 6, 5\), expected \(2, 3"),
    "dy of a relu": (lambda: functional.relu_backward(x[:, :, ::2], mask), ValueError,
                     r"dy has shape \(2, 3, 3, 5\), expected \(2, 3, 6, 5\)"),
    "dy of dropout": (lambda: functional.dropout_backward(scores, f), ValueError, r"dy has shape \(2, 3\), expected \(2, 5\)"),
    "dy of linear": (lambda: functional.linear_backward(f, linear_saved), ValueError, r"dy has shape \(2, 5\), expected \(2, 3\)"),
    "r": (lambda: functional.conv_transpose(y, w, size=(7, 5)), ValueError,
          r"r has shape \(2, 4, 4, 3\), expected \(2, 4, 5, 3\).* size 7×5"),
    "maps of r": (lambda: functional.conv_transpose(y[:, :2], w, size=(6, 5)), ValueError,
                  r"r has shape \(2, 2, 4, 3\), expected \(2, 4"),
    "size of one number": (lambda: functional.conv_transpose(y, w, size=6), ValueError, r"size must be \(H, W\), .* not 6"),
    "features": (lambda: functional.linear_forward(f[:, 1:], v, c), ValueError, r"x has 4 features .*\(2, 4\).* 5 .*\(3, 5\)"),
    "outputs": (lambda: functional.linear_transpose(f, v), ValueError, r"r has shape \(2, 5\), expected \(2, 3\)"),
    # windows
    "stride 0": (lambda: functional.conv_forward(x, w, b, stride=0), ValueError, "stride must be at least 1, not 0"),
    "stride -1": (lambda: functional.max_pool_forward(x, size=2, stride=-1), ValueError, "stride must be at least 1, not -1"),
    "stride 1.5": (lambda: functional.conv_forward(x, w, b, stride=1.5), TypeError, r"stride must be an integer .*, not 1\.5"),
    "stride (2, 2)": (lambda: functional.conv_forward(x, w, b, stride=(2, 2)), TypeError,
                      r"stride must be .* square\), not \(2, 2\)"),
    "pad -1": (lambda: functional.conv_forward(x, w, b, pad=-1), ValueError, "pad must be at least 0, not -1"),
    "pad True": (lambda: functional.conv_forward(x, w, b, pad=True), TypeError, "pad must be an integer .*, not True"),
    "pad 'same'": (lambda: functional.conv_transpose(y, w, pad="same", size=(6, 5)), TypeError, "pad must be .*, not 'same'"),
    "size 0": (lambda: functional.max_pool_forward(x, size=0, stride=1), ValueError, "size must be at least 1, not 0"),
    "all padding": (lambda: functional.max_pool_forward(x, size=2, stride=1, pad=2), ValueError, "pad 2 is more than half .* size 2"),
    "norm size 2.5": (lambda: functional.contrast_norm_forward(x, size=2.5), TypeError, r"size must be an integer .*, not 2\.5"),
    "norm size 0": (lambda: functional.contrast_norm_forward(x, size=0), ValueError, "size must be at least 1, not 0"),
    "norm k 0": (lambda: functional.contrast_norm_forward(x, k=0), ValueError, "k > 0 and alpha ≥ 0, not k=0, alpha=0.0005"),
    "norm alpha -1": (lambda: functional.contrast_norm_forward(x, alpha=-1), ValueError,
                      r"k > 0 and alpha ≥ 0, not k=2\.0, alpha=-1"),
    "method": (lambda: functional.conv_forward(x, w, b, method="fft"), ValueError, "method must be 'auto', 'winograd', 'shift', 'unfold' or 'direct', not 'fft'"),
    "method down": (lambda: functional.conv_transpose(y, w, size=(6, 5), method=None), ValueError, "method must be .*, not None"),
    # switches
    "switches of another shape": (lambda: functional.unpool(pooled[:, :, 1:], switches), ValueError,
                                  r"r has shape \(2, 3, 2, 2\), expected \(2, 3, 3, 2\)"),
    "switches of another batch": (lambda: functional.unpool(pooled, functional.Switches(switches.index, (1, 3, 6, 5))), ValueError,
                                  r"r has shape \(2, 3, 3, 2\), expected \(1, 3, 3, 2\).*input of shape \(1, 3, 6, 5\)"),
    "switches beyond the end": (lambda: functional.unpool(pooled, moved(9)), ValueError, r"outside their 6×5 input: 9 … 31"),
    "negative switches": (lambda: functional.unpool(pooled, moved(-1)), ValueError, r"outside their 6×5 input: -1 … 21"),
    # dropout and loss
    "rate 1": (lambda: functional.dropout_forward(x, rate=1, rng=generator), ValueError, r"rate must lie in \[0, 1\), not 1"),
    "rate -0.1": (lambda: functional.dropout_forward(x, rate=-0.1, rng=generator), ValueError,
                  r"rate must lie in \[0, 1\), not -0\.1"),
    "rate NaN": (lambda: functional.dropout_forward(x, rate=np.nan, rng=generator), ValueError,
                 r"rate must lie in \[0, 1\), not nan"),
    "scores of one axis": (lambda: functional.softmax(scores[0]), ValueError, r"scores must have 2 axes \(NK\), not 1"),
    "label too large": (lambda: functional.softmax_cross_entropy(scores, [0, 3]), ValueError,
                        r"labels\[1\] is 3, but there are 3 classes: 0 … 2"),
    "negative label": (lambda: functional.softmax_cross_entropy(scores, [-1, 0]), ValueError,
                       r"labels\[0\] is -1, but there are 3 classes"),
    "float labels": (lambda: functional.softmax_cross_entropy(scores, [0.0, 1.0]), TypeError, "labels must be integers, not float64"),
    "boolean labels": (lambda: functional.softmax_cross_entropy(scores, [True, False]), TypeError,
                       "labels must be integers, not bool"),
    "too many labels": (lambda: functional.softmax_cross_entropy(scores, [0, 1, 2]), ValueError,
                        r"labels has shape \(3,\), expected \(2,\)"),
    "no images in a loss": (lambda: functional.softmax_cross_entropy(scores[:0], np.zeros(0, int)), ValueError,
                            r"scores has shape \(0, 3\)"),
    "no pixels": (lambda: functional.max_pool_forward(np.ones((1, 1, 0, 6)), size=2, stride=1, pad=1), ValueError,
                  "at least 1 pixel along each axis, not 0"),
    "a float mask": (lambda: functional.relu_backward(scores, scores), TypeError, "mask must be the boolean array"),
    "bare switches": (lambda: functional.unpool(np.ones((1, 1, 2, 2)), np.zeros((1, 1, 2, 2), np.int32)), TypeError,
                      "switches must be the Switches of max_pool_forward"),
    "no generator": (lambda: functional.dropout_forward(scores, rate=0.5, rng=0), TypeError, "rng must be a numpy.random.Generator"),
    "no filters": (lambda: functional.conv_forward(np.ones((1, 2, 3, 3)), np.ones((0, 2, 3, 3)), np.ones(0)), ValueError,
                   r"one at least, not \(0, 2, 3, 3\)"),
    "one-hot labels": (lambda: functional.softmax_cross_entropy(scores, np.eye(2, 3, dtype=int)), ValueError,
                       r"labels has shape \(2, 3\), expected \(2,\)"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    call, error, message = BAD[name]
    with pytest.raises(error, match=message):
        call()
