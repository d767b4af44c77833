"""Every layer of perceptual/layers.py: gradients, ways down, dtypes, arguments that are wrong.

Against central differences in float64. The operations alone are in test_layers_operations.py,
PyTorch's gradients in test_layers_stored.py.
"""
import numpy as np
import pytest
from layer_cases import LINEAR, NORMS, assert_close, build, every_layer, listed, replaced

from numpyzf.deconvnet import RULES
from numpyzf.general import layers as general
from numpyzf.geometry import Window
from numpyzf.gradcheck import check_adjoint, check_gradient
from numpyzf.layers import Conv, Rule
from numpyzf.network import Network
from numpyzf.perceptual import layers

pytestmark = pytest.mark.small
GRADIENT = Rule(True, True, False, "gradient")


# ---- up, and the gradient ------------------------------------------------------------------------

@every_layer
def test_the_output_has_the_shape_that_the_layer_says(name):
    layer, xs, train = build(name)
    y, _ = layer.forward(*xs, train=train)
    assert y.shape == (3, *layer.output_shape(*[x.shape[1:] for x in xs]))
    if not train:
        empty, saved = layer.forward(*[x[:0] for x in xs])
        assert empty.shape == (0, *y.shape[1:])
        dx, _ = layer.backward(empty, saved)
        assert [part.shape for part in listed(dx)] == [(0, *x.shape[1:]) for x in xs]


@every_layer
def test_gradients_against_central_differences(name, rng):
    layer, xs, train = build(name)
    _, saved = layer.forward(*xs, train=train)
    for number, x in enumerate(xs):
        check_gradient(lambda x: layer.forward(*replaced(xs, number, x), train=train)[0],
                       lambda dy: listed(layer.backward(dy, saved)[0])[number], x, rng)
    for key, value in layer.params.items():
        def up(changed):
            other, _, _ = build(name)
            other.params = {**layer.params, key: changed}
            return other.forward(*xs, train=train)[0]
        check_gradient(up, lambda dy: layer.backward(dy, saved)[1][key], value, rng)


@every_layer
def test_nothing_that_comes_in_is_changed(name, rng):
    layer, xs, train = build(name)
    y, saved = layer.forward(*xs, train=train)
    dy = rng.standard_normal(y.shape)
    arrays = [*xs, y, dy, *layer.params.values()]
    before = [array.copy() for array in arrays]
    layer.backward(dy, saved)
    for rule in (*RULES.values(), GRADIENT):
        layer.project(dy, saved, np.arange(3), rule)
    layer.forward(*xs, train=train)
    for array, right in zip(arrays, before):
        np.testing.assert_array_equal(array, right)


@every_layer
def test_float32_stays_float32(name):
    results = []
    for layer, xs, train in (build(name), build(name, np.float32)):
        y, saved = layer.forward(*xs, train=train)
        dy = np.random.default_rng(3).standard_normal(y.shape).astype(y.dtype)
        dx, grads = layer.backward(dy, saved)
        down = layer.project(dy, saved, np.arange(3), RULES["guided"])
        results.append([y, *listed(dx), *grads.values(), *listed(down)])
    for fine, rough in zip(*results, strict=True):
        assert rough.dtype == np.float32 and fine.dtype == np.float64
        assert rough.flags.c_contiguous
        assert_close(rough, fine.astype(np.float32))


@every_layer
def test_any_layout_of_memory(name, rng):
    layer, xs, train = build(name)
    y, saved = layer.forward(*xs, train=train)
    same, other = layer.forward(*[np.asfortranarray(x) for x in xs], train=train)
    np.testing.assert_allclose(y, same, rtol=1e-13, atol=1e-13)
    dy = rng.standard_normal(y.shape)
    for a, b in zip(listed(layer.backward(dy, saved)[0]),
                    listed(layer.backward(np.asfortranarray(dy), other)[0])):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)


def test_the_first_layer_needs_no_gradient_of_the_pixels():
    layer, (x,), _ = build("transposed convolution")
    y, saved = layer.forward(x)
    dx, grads = layer.backward(y, saved)
    nothing, same = layer.backward(y, saved, need_dx=False)
    assert dx is not None and nothing is None
    for key in grads:
        np.testing.assert_array_equal(grads[key], same[key])


# ---- down ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("rule", [*RULES.values(), GRADIENT], ids=str)
@pytest.mark.parametrize("name", LINEAR)
def test_what_is_linear_goes_down_by_its_adjoint_under_every_rule(name, rule, rng):
    layer, xs, _ = build(name, N=1)
    if "b" in layer.params:
        layer.params["b"][...] = 0
    y, saved = layer.forward(*xs)
    zeros = [np.zeros(x.shape) for x in xs]
    for number, x in enumerate(xs):
        check_adjoint(
            lambda x: layer.forward(*replaced(zeros, number, x))[0],
            lambda r: listed(layer.project(r, saved, np.zeros(1, int), rule))[number],
            x.shape, y.shape, rng)


@pytest.mark.parametrize("name", ["tanh", "instance norm", "batch norm", *LINEAR])
def test_by_the_gradient_s_rule_a_projection_is_the_gradient(name, rng):
    """Of some signals of some images: one of image 2, two of image 0."""
    layer, xs, _ = build(name)
    y, saved = layer.forward(*xs)
    r, image_of = rng.standard_normal((3, *y.shape[1:])), np.array([2, 0, 0])
    down = listed(layer.project(r, saved, image_of, GRADIENT))
    for m, n in enumerate(image_of):
        dy = np.zeros(y.shape)
        dy[n] = r[m]
        for part, right in zip(down, listed(layer.backward(dy, saved)[0]), strict=True):
            np.testing.assert_allclose(part[m], right[n], rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", NORMS)
def test_normalization_multiplies_as_on_the_way_up(name, rule, rng):
    """By scale / √(variance + ε): of the batch, of the signal's image, or of what was learned."""
    layer, (x,), train = build(name)
    y, saved = layer.forward(x, train=train)
    r, image_of = rng.standard_normal((4, *y.shape[1:])), np.array([2, 0, 0, 1])
    # a line through two numbers of one map: y = factor · x + …, the same factor in all of it
    flat, out = x.reshape(3, 3, -1), y.reshape(3, 3, -1)
    if x.ndim == 2:                         # over the batch, then: one map
        flat, out = (np.broadcast_to(a.T, (3, *a.T.shape)) for a in (x, y))
    factor = (out[..., 0] - out[..., 1]) / (flat[..., 0] - flat[..., 1])            # (N, C)
    expected = r * factor[image_of].reshape(4, 3, *[1] * (x.ndim - 2))
    np.testing.assert_allclose(layer.project(r, saved, image_of, RULES[rule]), expected, rtol=1e-9)


def test_a_tanh_is_passed_by_or_takes_its_gradient():
    layer, x, r = layers.ScaledTanh(0, 4), np.array([[0.0, 1.0]]), np.array([[1.0, -1], [2.0, 2]])
    _, saved = layer.forward(x)
    slopes = np.array([2.0, 2 / np.cosh(1.0) ** 2])
    assert layer.project(r, saved, np.zeros(2, int), RULES["deconvnet"]) is r
    for rule in "gradient", "guided":
        np.testing.assert_allclose(layer.project(r, saved, np.zeros(2, int), RULES[rule]),
                                   r * slopes, rtol=1e-14)


def test_up_a_transposed_convolution_is_down_a_convolution(rng):
    """The one idea: with a convolution's filters, the layer draws what the deconvnet looks at."""
    conv = Conv(2, 3, 3, stride=2, pad=1)
    conv.params["w"] = rng.standard_normal(conv.params["w"].shape)
    conv.params["b"] = np.zeros(3)
    y, saved = conv.forward(rng.standard_normal((2, 2, 6, 8)))
    layer = layers.ConvTranspose(3, 2, 3, stride=2, pad=1, extra=1)
    layer.params = {"w": conv.params["w"], "b": np.zeros(2)}
    up, other = layer.forward(y)
    assert_close(up, conv.project(y, saved, np.arange(2), RULES["deconvnet"]))
    assert_close(layer.project(up, other, np.arange(2), RULES["deconvnet"]), conv.forward(up)[0])


# ---- batch normalization -------------------------------------------------------------------------

def test_at_inference_it_is_the_one_of_general(rng):
    ours, theirs = layers.BatchNorm(3, epsilon=1e-3), general.BatchNorm(3, epsilon=1e-3)
    ours.params = theirs.params = {"scale": rng.standard_normal(3), "shift": rng.standard_normal(3)}
    theirs.mean, theirs.variance = rng.standard_normal(3), rng.uniform(0.5, 2, 3)
    ours.mean[...], ours.variance[...] = theirs.mean, theirs.variance
    x = rng.standard_normal((2, 3, 4, 5))
    (y, saved), (same, other) = ours.forward(x), theirs.forward(x)
    np.testing.assert_array_equal(y, same)
    for a, b in zip(ours.backward(y, saved)[1].values(), theirs.backward(y, other)[1].values()):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(ours.project(y, saved, np.arange(2), RULES["deconvnet"]),
                                  theirs.project(y, other, np.arange(2), RULES["deconvnet"]))


def test_running_mean_and_variance_by_hand():
    layer = layers.BatchNorm(1, momentum=0.25)
    x = np.array([1.0, 3, 5, 7], np.float32).reshape(2, 1, 1, 2)    # mean 4, squares 20 in sum
    layer.forward(x, train=True)
    np.testing.assert_allclose([layer.mean[0], layer.variance[0]], [1, 0.75 + 0.25 * 20 / 3],
                               rtol=1e-15)
    kept = layer.mean.copy(), layer.variance.copy()
    layer.forward(x)
    assert (layer.mean, layer.variance) == kept                     # at inference they stay
    layer.forward(x, train=True)
    assert layer.mean == [1.75]


def test_a_trained_one_says_at_inference_what_it_said_in_training(rng):
    layer, x = layers.BatchNorm(2, momentum=1.0), 5 + 3 * rng.standard_normal((6, 2, 30, 30))
    layer.params = {"scale": np.array([2.0, -1]), "shift": np.array([0.5, 3])}
    trained, _ = layer.forward(x, train=True)
    # but for the divisor, 5,400 against 5,399
    np.testing.assert_allclose(layer.forward(x)[0], trained, atol=2e-3)
    np.testing.assert_allclose(trained.mean(axis=(0, 2, 3)), [0.5, 3], atol=1e-12)
    np.testing.assert_allclose(trained.std(axis=(0, 2, 3)), [2, 1], atol=1e-5)


def test_astype_keeps_what_was_gathered(rng):
    net = Network([("norm", layers.BatchNorm(2))], (2, 3, 3))
    net.layers["norm"].forward(rng.standard_normal((2, 2, 3, 3), np.float32), train=True)
    double = net.astype(np.float64)
    for key in "mean", "variance":
        one, other = (getattr(n.layers["norm"], key) for n in (net, double))
        assert one is not other and one.dtype == other.dtype == np.float64 and (one == other).all()


def test_an_image_alone_and_in_a_batch_are_one_to_instance_normalization(rng):
    layer, (x,), _ = build("instance norm")
    together = layer.forward(x)[0]
    for n in range(3):
        np.testing.assert_array_equal(layer.forward(x[n:n + 1])[0][0], together[n])
    np.testing.assert_allclose(layer.forward(x * 7 + 2)[0], together, atol=1e-3)    # ε alone


@pytest.mark.parametrize("batch", [True, False])
def test_a_map_without_contrast_has_no_nan(batch):
    layer = layers.BatchNorm(2) if batch else layers.InstanceNorm(2)
    x = np.full((2, 2, 3, 3), 0.7, np.float32)
    y, saved = layer.forward(x, train=True)
    dx, grads = layer.backward(np.ones_like(x), saved)
    for array in (y, dx, *grads.values()):
        assert np.isfinite(array).all()
    np.testing.assert_allclose(y, 0, atol=1e-3)


# ---- what a layer says of itself -----------------------------------------------------------------

@pytest.mark.parametrize("layer, words", [
    (layers.ConvTranspose(4, 6, 3, stride=2, pad=1, extra=1),
     "transposed convolution 3×3, stride 1/2, pad 1"),
    (layers.ConvTranspose(4, 6, 5), "transposed convolution 5×5"),
    (layers.Enlarge(2), "enlarge ×2"), (layers.PixelShuffle(4), "pixel shuffle ×4"),
    (layers.BicubicEnlarge(4), "bicubic ×4"), (layers.ReflectPad(40), "reflection pad 40"),
    (layers.BatchNorm(3), "batch normalization"),
    (layers.InstanceNorm(3), "instance normalization"),
    (layers.ScaledTanh(), "tanh to 0 … 1"), (layers.CroppedAdd(), "cropped sum")], ids=repr)
def test_a_layer_in_words(layer, words):
    assert repr(layer) == words


@every_layer
def test_a_window_is_given_only_where_it_holds(name):
    """One unit of y is moved by the pixels of its window, and by no others."""
    layer, xs, _ = build(name, N=1)
    if layer.window is None or xs[0].ndim == 2:
        return
    assert type(layer.window) is Window and len(xs) == 1
    x, (size, stride, pad) = xs[0], layer.window
    y, _ = layer.forward(x)
    for row, column in np.ndindex(*y.shape[2:]):
        rows, columns = (slice(max(n * stride - pad, 0), n * stride - pad + size)
                         for n in (row, column))
        other = np.full(x.shape, 9.0)
        other[:, :, rows, columns] = x[:, :, rows, columns]
        np.testing.assert_allclose(layer.forward(other)[0][:, :, row, column],
                                   y[:, :, row, column], rtol=1e-12)


def test_a_net_of_them_is_drawn_and_sees_all_pixels(rng):
    net = Network([("conv", Conv(3, 8, 3, pad=1)), ("shuffle", layers.PixelShuffle(2)),
                   ("mirror", layers.ReflectPad(1)), ("last", Conv(2, 3, 3))], (3, 4, 5))
    assert net.receptive_field("conv") == (3, 1, -1) and net.receptive_field("last") is None
    assert net.cone("last", 0, 0) == (slice(0, 4), slice(0, 5))
    lines = [line.split() for line in str(net).splitlines()]
    assert ["shuffle", "pixel", "shuffle", "×2", "2×8×10", "all"] in lines


# ---- what is refused -----------------------------------------------------------------------------

X = np.ones((2, 4, 5, 6), np.float32)


@pytest.mark.parametrize("make, error, words", [
    (lambda: layers.ConvTranspose(4, 2, 3, stride=2, extra=2), ValueError,
     "extra must be less than the stride, 2, not 2"),
    (lambda: layers.ConvTranspose(4, 2, 3, extra=-1), ValueError, "extra must be at least 0"),
    (lambda: layers.ConvTranspose(4, 2, 3, stride=2, extra=0.5), TypeError,
     "extra must be an integer"),
    (lambda: layers.ConvTranspose(4, 0, 3), ValueError, "filters must be at least 1"),
    (lambda: layers.ConvTranspose(4, 2, (3, 3)), TypeError, r"windows are square"),
    (lambda: layers.ConvTranspose(4, 2, 3).output_shape((3, 5, 6)), ValueError,
     r"transposed convolution 3×3 takes 4 channels \(C, H, W\), but gets shape \(3, 5, 6\)"),
    (lambda: layers.ConvTranspose(4, 2, 2, pad=3).output_shape((4, 4, 6)), ValueError,
     "4 pixels along an axis leave nothing by a window of size 2, stride 1, pad 3"),
    (lambda: layers.ConvTranspose(3, 2, 3).forward(X), ValueError,
     r"x has 4 channels \(shape \(2, 4, 5, 6\)\), the filters w take 3"),
    (lambda: layers.ConvTranspose(4, 2, 3).forward(X.astype(float)), TypeError, "x is float64"),
    (lambda: layers.Enlarge(0), ValueError, "factor must be at least 1, not 0"),
    (lambda: layers.Enlarge(1.5), TypeError, "factor must be an integer, not 1.5"),
    (lambda: layers.Enlarge(2).output_shape((4,)), ValueError, r"enlarge ×2 takes maps"),
    (lambda: layers.PixelShuffle(3).output_shape((4, 5, 6)), ValueError,
     "a pixel shuffle ×3 takes maps in multiples of 9, not 4"),
    (lambda: layers.PixelShuffle(3).forward(X), ValueError, "in multiples of 9, not 4"),
    (lambda: layers.BicubicEnlarge(2).output_shape((5, 6)), ValueError, "bicubic ×2 takes maps"),
    (lambda: layers.ReflectPad(-1), ValueError, "pad must lie between 0 and 4096, not -1"),
    (lambda: layers.ReflectPad(5).output_shape((4, 5, 6)), ValueError,
     "reflection padding of 5 takes maps of 6 pixels or more a side, not 5×6"),
    (lambda: layers.ReflectPad(6).forward(X), ValueError, "7 pixels or more a side, not 5×6"),
    (lambda: layers.BatchNorm(3, momentum=2), ValueError,
     "momentum must lie between 0 and 1, not 2"),
    (lambda: layers.BatchNorm(3, momentum="a"), TypeError, "momentum must be a number"),
    (lambda: layers.BatchNorm(4).forward(X[:1, :, :1, :1], train=True), ValueError,
     "it takes two numbers of a channel at least to have a variance"),
    (lambda: layers.BatchNorm(4).forward(X[:0], train=True), ValueError, "two numbers"),
    (lambda: layers.BatchNorm(3).forward(X, train=True), ValueError, r"scale has shape \(3,\)"),
    (lambda: layers.BatchNorm(4, epsilon=0.0).forward(X, train=True), ValueError,
     "epsilon must be positive, not 0"),
    (lambda: layers.InstanceNorm(4, epsilon=-1), ValueError, "epsilon must be positive, not -1"),
    (lambda: layers.InstanceNorm(4).output_shape((4, 1, 1)), ValueError,
     "takes maps of two pixels or more"),
    (lambda: layers.InstanceNorm(3).output_shape((4, 5, 6)), ValueError, "takes 3 channels"),
    (lambda: layers.InstanceNorm(4).forward(X[:, :, :1, :1]), ValueError,
     "two numbers of a channel at least in each image"),
    (lambda: layers.InstanceNorm(4).forward(X[:, :, 0, 0]), ValueError, "x must have 4 axes"),
    (lambda: layers.ScaledTanh(1, 1), ValueError, "low must be less than high, not 1 and 1"),
    (lambda: layers.ScaledTanh(0, np.inf), ValueError, "high must be a finite number"),
    (lambda: layers.CroppedAdd().output_shape((4, 5, 6)), ValueError, "takes two outputs or more"),
    (lambda: layers.CroppedAdd().output_shape((4, 5, 6), (3, 5, 6)), ValueError,
     r"one number of channels, but gets \(4, 5, 6\), \(3, 5, 6\)"),
    (lambda: layers.CroppedAdd().output_shape((4, 5, 6), (4, 4, 6)), ValueError,
     "maps of 5×6 have no middle of 4×6 pixels: sizes must differ by even numbers"),
    (lambda: layers.CroppedAdd().forward(X, X[:1]), ValueError, "input 1 has shape"),
    (lambda: layers.CroppedAdd().forward(X, X.astype(float)), TypeError, "input 1 is float64")])
def test_one_clear_error(make, error, words):
    with pytest.raises(error, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [name for name in LINEAR + NORMS + ["tanh"]
                                  if name not in ("cropped sum", "smoothing", "smoothing, odd")])
def test_a_signal_of_another_shape_is_refused(name):
    layer, (x,), train = build(name)
    y, saved = layer.forward(x, train=train)
    with pytest.raises(ValueError, match="^(dy|r) has shape .* expected"):
        layer.backward(np.ones((3, *y.shape[1:-1], y.shape[-1] + 1)), saved)
    with pytest.raises(TypeError):
        layer.backward(np.ones(y.shape, int), saved)
