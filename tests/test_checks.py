"""Bad input gets a TypeError or a ValueError that names the argument and the numbers.

Here are the public operations. What a network, a projection, occlusion or training refuse is
tested with them.
"""
import numpy as np
import pytest

from numpyzf import functional
from numpyzf.layers import Linear

pytestmark = pytest.mark.small

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
    "x a list": (lambda: functional.conv_forward(x.tolist(), w, b),
                 TypeError, "x must be a NumPy array, not list"),
    "x integers": (lambda: functional.conv_forward(x.astype(np.int64), w, b),
                   TypeError, r"x must be float32 or float64, not int64.*x\.astype"),
    "x float16": (lambda: functional.max_pool_forward(x.astype(np.float16), size=2, stride=2),
                  TypeError, "x must be .*, not float16"),
    "x complex": (lambda: functional.relu_forward(x.astype(complex)),
                  TypeError, "x must be .*, not complex128"),
    "x of another dtype than w": (
        lambda: functional.conv_forward(x, w.astype(np.float32), b.astype(np.float32)),
        TypeError, r"x is float64, but the other arrays of this call are float32; "
                   r"convert it with x\.astype\(np\.float32\)"),
    "features of another dtype": (
        lambda: functional.linear_forward(f, v.astype(np.float32), c.astype(np.float32)),
        TypeError, r"x is float64, but the other arrays of this call are float32; "
                   r"convert it with x\.astype\(np\.float32\)"),
    "x of another dtype than a layer": (
        lambda: Linear(5, 3).forward(f),
        TypeError, r"x is float64, but the other arrays of this call are float32; "
                   r"convert it with x\.astype\(np\.float32\)"),
    "b of another dtype": (
        lambda: functional.linear_forward(f, v, c.astype(np.float32)),
        TypeError, r"b is float32, but .* are float64; convert it with b\.astype\(np\.float64\)"),
    "dy of another dtype": (
        lambda: functional.conv_backward(y.astype(np.float32), saved),
        TypeError, "dy is float32, but the other arrays of this call are float64"),
    "r and w differ": (lambda: functional.linear_transpose(scores.astype(np.float32), v),
                       TypeError, "r is float32, but the other arrays of this call are float64"),
    # shapes
    "x of three axes": (lambda: functional.conv_forward(x[0], w, b),
                        ValueError, r"x must have 4 axes \(NCHW\), not 3: shape \(3, 6, 5\)"),
    "w of two axes": (lambda: functional.conv_forward(x, w[0, 0], b),
                      ValueError, r"w must have 4 axes \(FCKK\), not 2: shape \(3, 3\)"),
    "b of two axes": (lambda: functional.conv_forward(x, w, b[None]),
                      ValueError, r"b must have 1 axes \(F\), not 2: shape \(1, 4\)"),
    "channels": (lambda: functional.conv_forward(x[:, :2], w, b),
                 ValueError, r"x has 2 channels .*\(2, 2, 6, 5\).* 3 .*\(4, 3, 3, 3\)"),
    "wide filters": (lambda: functional.conv_forward(x, w[..., :2], b),
                     ValueError, r"w must hold square filters .*, not \(4, 3, 3, 2\)"),
    "wide filters down": (lambda: functional.conv_transpose(y, w[:, :, :2], size=(6, 5)),
                          ValueError, r"square .*, not \(4, 3, 2, 3\)"),
    "biases": (lambda: functional.conv_forward(x, w, np.zeros(3)),
               ValueError, r"b has shape \(3,\), expected \(4,\): one bias per output"),
    "filter too large": (lambda: functional.conv_forward(x, np.zeros((4, 3, 8, 8)), b, pad=1),
                         ValueError, r"size 8 is larger .* 5 \+ 2·1 = 7"),
    "pool too large": (lambda: functional.max_pool_forward(x, size=6, stride=1),
                       ValueError, r"size 6 is larger .* 5 \+ 2·0 = 5"),
    "dy": (lambda: functional.conv_backward(y[:, :, 1:], saved),
           ValueError, r"dy has shape \(2, 4, 3, 3\), expected \(2, 4, 4, 3\)"),
    "dy of a norm": (lambda: functional.contrast_norm_backward(x[:1], norm_saved),
                     ValueError, r"dy has shape \(1, 3, 6, 5\), expected \(2, 3"),
    "dy of a relu": (lambda: functional.relu_backward(x[:, :, ::2], mask),
                     ValueError, r"dy has shape \(2, 3, 3, 5\), expected \(2, 3, 6, 5\)"),
    "dy of dropout": (lambda: functional.dropout_backward(scores, f),
                      ValueError, r"dy has shape \(2, 3\), expected \(2, 5\)"),
    "dy of linear": (lambda: functional.linear_backward(f, linear_saved),
                     ValueError, r"dy has shape \(2, 5\), expected \(2, 3\)"),
    "r": (lambda: functional.conv_transpose(y, w, size=(7, 5)),
          ValueError, r"r has shape \(2, 4, 4, 3\), expected \(2, 4, 5, 3\).* size 7×5"),
    "maps of r": (lambda: functional.conv_transpose(y[:, :2], w, size=(6, 5)),
                  ValueError, r"r has shape \(2, 2, 4, 3\), expected \(2, 4"),
    "size of one number": (lambda: functional.conv_transpose(y, w, size=6),
                           ValueError, r"size must be \(H, W\), .* not 6"),
    "features": (lambda: functional.linear_forward(f[:, 1:], v, c),
                 ValueError, r"x has 4 features .*\(2, 4\).* 5 .*\(3, 5\)"),
    "outputs": (lambda: functional.linear_transpose(f, v),
                ValueError, r"r has shape \(2, 5\), expected \(2, 3\)"),
    # windows
    "stride 0": (lambda: functional.conv_forward(x, w, b, stride=0),
                 ValueError, "stride must be at least 1, not 0"),
    "stride -1": (lambda: functional.max_pool_forward(x, size=2, stride=-1),
                  ValueError, "stride must be at least 1, not -1"),
    "stride 1.5": (lambda: functional.conv_forward(x, w, b, stride=1.5),
                   TypeError, r"stride must be an integer .*, not 1\.5"),
    "stride (2, 2)": (lambda: functional.conv_forward(x, w, b, stride=(2, 2)),
                      TypeError, r"stride must be .* square\), not \(2, 2\)"),
    "pad -1": (lambda: functional.conv_forward(x, w, b, pad=-1),
               ValueError, "pad must be at least 0, not -1"),
    "pad True": (lambda: functional.conv_forward(x, w, b, pad=True),
                 TypeError, "pad must be an integer .*, not True"),
    "pad 'same'": (lambda: functional.conv_transpose(y, w, pad="same", size=(6, 5)),
                   TypeError, "pad must be .*, not 'same'"),
    "size 0": (lambda: functional.max_pool_forward(x, size=0, stride=1),
               ValueError, "size must be at least 1, not 0"),
    "all padding": (lambda: functional.max_pool_forward(x, size=2, stride=1, pad=2),
                    ValueError, "pad 2 is more than half .* size 2"),
    "norm size 2.5": (lambda: functional.contrast_norm_forward(x, size=2.5),
                      TypeError, r"size must be an integer .*, not 2\.5"),
    "norm size 0": (lambda: functional.contrast_norm_forward(x, size=0),
                    ValueError, "size must be at least 1, not 0"),
    "norm k 0": (lambda: functional.contrast_norm_forward(x, k=0),
                 ValueError, "k > 0 and alpha ≥ 0, not k=0, alpha=0.0005"),
    "norm alpha -1": (lambda: functional.contrast_norm_forward(x, alpha=-1),
                      ValueError, r"k > 0 and alpha ≥ 0, not k=2\.0, alpha=-1"),
    "method": (lambda: functional.conv_forward(x, w, b, method="fft"),
               ValueError, "method must be 'auto' or 'direct' or .* or 'winograd', not 'fft'"),
    "method down": (lambda: functional.conv_transpose(y, w, size=(6, 5), method=None),
                    ValueError, "method must be .*, not None"),
    # switches
    "switches of another shape": (
        lambda: functional.unpool(pooled[:, :, 1:], switches),
        ValueError, r"r has shape \(2, 3, 2, 2\), expected \(2, 3, 3, 2\)"),
    "switches of another batch": (
        lambda: functional.unpool(pooled, functional.Switches(switches.index, (1, 3, 6, 5))),
        ValueError, r"r has shape \(2, 3, 3, 2\), expected \(1, 3, 3, 2\).*"
                    r"input of shape \(1, 3, 6, 5\)"),
    "switches beyond the end": (lambda: functional.unpool(pooled, moved(9)),
                                ValueError, r"outside their 6×5 input: 9 … 31"),
    "negative switches": (lambda: functional.unpool(pooled, moved(-1)),
                          ValueError, r"outside their 6×5 input: -1 … 21"),
    # dropout and loss
    "rate 1": (lambda: functional.dropout_forward(x, rate=1, rng=generator),
               ValueError, r"rate must lie in \[0, 1\), not 1"),
    "rate -0.1": (lambda: functional.dropout_forward(x, rate=-0.1, rng=generator),
                  ValueError, r"rate must lie in \[0, 1\), not -0\.1"),
    "rate NaN": (lambda: functional.dropout_forward(x, rate=np.nan, rng=generator),
                 ValueError, r"rate must lie in \[0, 1\), not nan"),
    "scores of one axis": (lambda: functional.softmax(scores[0]),
                           ValueError, r"scores must have 2 axes \(NK\), not 1"),
    "label too large": (lambda: functional.softmax_cross_entropy(scores, [0, 3]),
                        ValueError, r"labels\[1\] is 3, but there are 3 classes: 0 … 2"),
    "negative label": (lambda: functional.softmax_cross_entropy(scores, [-1, 0]),
                       ValueError, r"labels\[0\] is -1, but there are 3 classes"),
    "float labels": (lambda: functional.softmax_cross_entropy(scores, [0.0, 1.0]),
                     TypeError, "labels must be integers, not float64"),
    "boolean labels": (lambda: functional.softmax_cross_entropy(scores, [True, False]),
                       TypeError, "labels must be integers, not bool"),
    "too many labels": (lambda: functional.softmax_cross_entropy(scores, [0, 1, 2]),
                        ValueError, r"labels has shape \(3,\), expected \(2,\)"),
    "no images in a loss": (lambda: functional.softmax_cross_entropy(scores[:0], np.zeros(0, int)),
                            ValueError, r"scores has shape \(0, 3\)"),
    "no pixels": (
        lambda: functional.max_pool_forward(np.ones((1, 1, 0, 6)), size=2, stride=1, pad=1),
        ValueError, "at least 1 pixel along each axis, not 0"),
    "a float mask": (lambda: functional.relu_backward(scores, scores),
                     TypeError, "mask must be the boolean array"),
    "a mask of dropout that is a list": (lambda: functional.dropout_backward(scores, [1, 0]),
                                         TypeError, "mask must be a NumPy array, not list"),
    "the mask of a relu": (lambda: functional.dropout_backward(x, mask),
                           TypeError, "mask must be float32 or float64, not bool"),
    "no weights": (lambda: functional.linear_transpose(scores, None),
                   TypeError, "w must be a NumPy array, not NoneType"),
    "no r": (lambda: functional.linear_transpose(None, v),
             TypeError, "r must be a NumPy array, not NoneType"),
    "bare switches": (
        lambda: functional.unpool(np.ones((1, 1, 2, 2)), np.zeros((1, 1, 2, 2), np.int32)),
        TypeError, "switches must be the Switches of max_pool_forward"),
    "no generator": (lambda: functional.dropout_forward(scores, rate=0.5, rng=0),
                     TypeError, "rng must be a numpy.random.Generator"),
    "no filters": (
        lambda: functional.conv_forward(np.ones((1, 2, 3, 3)), np.ones((0, 2, 3, 3)), np.ones(0)),
        ValueError, r"one at least, not \(0, 2, 3, 3\)"),
    "one-hot labels": (lambda: functional.softmax_cross_entropy(scores, np.eye(2, 3, dtype=int)),
                       ValueError, r"labels has shape \(2, 3\), expected \(2,\)"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    call, error, message = BAD[name]
    with pytest.raises(error, match=message):
        call()
