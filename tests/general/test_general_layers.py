"""Every layer of general/layers.py: gradients, ways down, cones, dtypes, arguments that are wrong.

Against central differences in float64. The operations alone are in test_general_operations.py.
"""
import numpy as np
import pytest
from general_cases import LAYERS, NOT_LINEAR, assert_close, build, every_layer, listed

from numpyzf.deconvnet import RULES
from numpyzf.fields import Sides, along
from numpyzf.general import functional, layers
from numpyzf.geometry import Window, pixels_below
from numpyzf.gradcheck import check_adjoint, check_gradient
from numpyzf.layers import Conv, MaxPool, Rule
from numpyzf.network import Network

pytestmark = pytest.mark.small
WINDOWED = [name for name in LAYERS if LAYERS[name][0]().window not in (None, Window(1, 1, 0))]


def replaced(values, number, value):
    return [*values[:number], value, *values[number + 1:]]


# ---- up, and the gradient ------------------------------------------------------------------------

@every_layer
def test_the_output_has_the_shape_that_the_layer_says(name):
    layer, xs = build(name)
    shapes = [x.shape[1:] for x in xs]
    y, _ = layer.forward(*xs)
    assert y.shape == (2, *layer.output_shape(*shapes))
    empty, _ = layer.forward(*[x[:0] for x in xs])
    assert empty.shape == (0, *y.shape[1:])


@every_layer
def test_gradients_against_central_differences(name, rng):
    layer, xs = build(name)
    _, saved = layer.forward(*xs)
    for number, x in enumerate(xs):
        check_gradient(lambda x: layer.forward(*replaced(xs, number, x))[0],
                       lambda dy: listed(layer.backward(dy, saved)[0])[number], x, rng)
    for key, value in layer.params.items():
        def up(changed):
            other, _ = build(name)
            other.params = {**layer.params, key: changed}
            return other.forward(*xs)[0]
        check_gradient(up, lambda dy: layer.backward(dy, saved)[1][key], value, rng)


@every_layer
def test_nothing_that_comes_in_is_changed(name, rng):
    layer, xs = build(name)
    before = [x.copy() for x in xs]
    parameters = {key: value.copy() for key, value in layer.params.items()}
    y, saved = layer.forward(*xs)
    kept = y.copy()
    dy = rng.standard_normal(y.shape)
    signal = dy.copy()
    layer.backward(dy, saved)
    for rule in RULES.values():
        layer.project(dy, saved, np.arange(2), rule)
    for array, right in [*zip(xs, before), (y, kept), (dy, signal),
                         *((layer.params[key], parameters[key]) for key in parameters)]:
        np.testing.assert_array_equal(array, right)


@every_layer
def test_float32_stays_float32(name, rng):
    exact, coarse = build(name), build(name, np.float32)
    results = []
    for layer, xs in (exact, coarse):
        y, saved = layer.forward(*xs)
        dy = np.random.default_rng(3).standard_normal(y.shape).astype(y.dtype)
        dx, grads = layer.backward(dy, saved)
        down = layer.project(dy, saved, np.arange(2), RULES["guided"])
        results.append([y, *listed(dx), *grads.values(), *listed(down)])
    for fine, rough in zip(*results, strict=True):
        assert rough.dtype == np.float32 and fine.dtype == np.float64
        assert_close(rough, fine.astype(np.float32))


@every_layer
def test_any_layout_of_memory(name, rng):
    layer, xs = build(name)
    strange = [np.asfortranarray(x) for x in xs]
    y, saved = layer.forward(*xs)
    same, other = layer.forward(*strange)
    np.testing.assert_array_equal(y, same)
    dy = rng.standard_normal(y.shape)
    for a, b in zip(listed(layer.backward(dy, saved)[0]),
                    listed(layer.backward(np.asfortranarray(dy), other)[0])):
        np.testing.assert_allclose(a, b, rtol=1e-14, atol=1e-14)


# ---- down ----------------------------------------------------------------------------------------

@every_layer
def test_by_the_gradient_s_rule_a_projection_is_the_gradient(name, rng):
    """Of some signals of some images: one of image 1, two of image 0."""
    layer, xs = build(name)
    y, saved = layer.forward(*xs)
    r, image_of = rng.standard_normal((3, *y.shape[1:])), np.array([1, 0, 0])
    down = listed(layer.project(r, saved, image_of, RULES["gradient"]))
    for m, n in enumerate(image_of):
        dy = np.zeros(y.shape)
        dy[n] = r[m]
        gradient = listed(layer.backward(dy, saved)[0])
        for part, right in zip(down, gradient, strict=True):
            np.testing.assert_allclose(part[m], right[n], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", [name for name in LAYERS if name not in NOT_LINEAR])
def test_what_is_linear_goes_down_by_its_adjoint_under_every_rule(name, rule, rng):
    layer, xs = build(name, N=1)
    if "b" in layer.params:
        layer.params["b"][...] = 0
    if name.startswith("batch"):
        layer.params["shift"][...], layer.mean = 0, np.zeros(3)
    if name == "padding":
        layer.value = 0.0
    rule = RULES[rule]
    if name == "max pool":                          # linear once it doesn't choose
        rule = rule._replace(switches=False)
    y, saved = layer.forward(*xs)
    image_of, number = np.zeros(1, int), len(xs) - 1

    def up(x):
        zeros = [np.zeros(x.shape) for x in xs]
        if name == "max pool":
            places = layer.middles(y.shape, x.shape).reshape(1, 3, -1)
            return np.take_along_axis(x.reshape(1, 3, -1), places, axis=2).reshape(y.shape)
        return layer.forward(*replaced(zeros, number, x))[0]

    check_adjoint(up, lambda r: listed(layer.project(r, saved, image_of, rule))[number],
                  xs[number].shape, y.shape, rng)


@pytest.mark.parametrize("name", WINDOWED)
@pytest.mark.parametrize("rule", [*RULES.values(), Rule(False, False, True)], ids=str)
def test_a_projection_is_zero_outside_of_the_window(name, rule, rng):
    """And on the way up, no other pixel moves the unit."""
    layer, (x,) = build(name, N=1)
    y, saved = layer.forward(x)
    sides = [along(layer.window, axis) for axis in (0, 1)]
    for row, column in np.ndindex(*y.shape[2:]):
        seen = np.zeros(x.shape[2:], bool)
        seen[tuple(slice(*pixels_below(place, place + 1, window, n))
                   for place, window, n in zip((row, column), sides, x.shape[2:]))] = True
        r = np.zeros(y.shape)
        r[:, :, row, column] = rng.uniform(0.5, 1, y.shape[:2])
        down = layer.project(r, saved, np.zeros(1, int), rule)
        assert not down[..., ~seen].any()
        assert down.any() or not seen.any() or name in ("dilated", "padding")
        other = np.where(seen, x, rng.uniform(2, 3, x.shape))
        unit, same = (layer.forward(a)[0][:, :, row, column] for a in (x, other))
        np.testing.assert_allclose(same, unit, rtol=1e-12)


@pytest.mark.parametrize("name", WINDOWED)
def test_the_window_is_no_larger_than_what_is_seen(name, rng):
    """The first and the last pixel of each side of it, where a unit's window lies inside."""
    layer, (x,) = build(name, N=1)
    y, saved = layer.forward(x)
    sides = [along(layer.window, axis) for axis in (0, 1)]
    seen = 0
    for place in np.ndindex(*y.shape[2:]):
        first = [i * window.stride - window.pad for i, window in zip(place, sides)]
        last = [start + window.size - 1 for start, window in zip(first, sides)]
        if min(first) < 0 or last[0] >= x.shape[2] or last[1] >= x.shape[3]:
            continue
        seen += 1
        for corner in (first, last):
            changed = x.copy()
            changed[(0, slice(None), *corner)] += 100           # wins in a maximum too
            assert (layer.forward(changed)[0][(0, slice(None), *place)]
                    != y[(0, slice(None), *place)]).any()
    assert seen


def test_rectified_ways_down():
    """By hand: what each rule lets pass, of a signal +1 and one of −1, where x is −2, 1 and 9."""
    x = np.array([[-2.0, 1.0, 9.0]])
    r, image_of = np.array([[1.0, 1, 1], [-1, -1, -1]]), np.zeros(2, int)
    expected = {
        "leaky": (layers.LeakyReLU(0.5),
                  {"deconvnet": [[1, 1, 1], [-.5, -.5, -.5]],
                   "gradient": [[.5, 1, 1], [-.5, -1, -1]],
                   "guided": [[.5, 1, 1], [-.25, -.5, -.5]]}),
        "clipped": (layers.ClippedReLU(0, 6),
                    {"deconvnet": [[1, 1, 1], [0, 0, 0]], "gradient": [[0, 1, 0], [0, -1, 0]],
                     "guided": [[0, 1, 0], [0, 0, 0]]}),
        "clipped on both sides": (layers.ClippedReLU(-1, 1.5),
                                  {"deconvnet": [[1, 1, 1], [-1, -1, -1]],
                                   "gradient": [[0, 1, 0], [0, -1, 0]],
                                   "guided": [[0, 1, 0], [0, -1, 0]]})}
    for layer, ways in expected.values():
        _, saved = layer.forward(x)
        for rule, right in ways.items():
            np.testing.assert_array_equal(layer.project(r, saved, image_of, RULES[rule]), right)
    for layer in (layers.Sigmoid(), layers.Softmax()):
        _, saved = layer.forward(x)
        assert layer.project(r, saved, image_of, RULES["deconvnet"]) is r


def test_a_pool_without_switches_goes_to_the_middles():
    layer = layers.GeneralMaxPool((3, 2), stride=(2, 3), pad=(1, 0, 0, 1), dilation=(1, 2))
    assert layer.output_shape((1, 6, 7)) == (1, 3, 2)
    # rows −1 … 1, 1 … 3, 3 … 5; columns 0, 2 and 3, 5
    np.testing.assert_array_equal(layer.middles((1, 1, 3, 2), (1, 1, 6, 7))[0, 0],
                                  [[0 * 7 + 2, 0 * 7 + 5], [2 * 7 + 2, 2 * 7 + 5],
                                   [4 * 7 + 2, 4 * 7 + 5]])


# ---- what a layer says of itself -----------------------------------------------------------------

@pytest.mark.parametrize("layer, words", [
    (layers.GeneralConv(4, 6, 3), "convolution 3×3"),
    (layers.GeneralConv(4, 6, (1, 7), stride=2, pad=(0, 3, 0, 3)),
     "convolution 1×7/2, pad 0 3 0 3"),
    (layers.GeneralConv(4, 6, 3, stride=(2, 1), pad=2, dilation=2, groups=2),
     "convolution 3×3/2×1, pad 2, dilation 2, 2 groups"),
    (layers.GeneralMaxPool(3, stride=1, dilation=(1, 2)), "max pool 3×3, dilation 1×2"),
    (layers.AveragePool(2, stride=2), "average pool 2×2/2"),
    (layers.AveragePool(2, stride=1, dilation=3), "average pool 2×2, dilation 3"),
    (layers.AveragePool(3, stride=1, pad=1, count_pad=True),
     "average pool 3×3, pad 1, padding counted"),
    (layers.LeakyReLU(0.1), "leaky ReLU 0.1"), (layers.ClippedReLU(), "clip to 0 … 6"),
    (layers.Pad((0, 1, 0, 1), 0.5), "pad 0 1 0 1 with 0.5"), (layers.Pad(1), "pad 1")], ids=repr)
def test_a_layer_in_words(layer, words):
    assert repr(layer) == words


def test_windows_along_both_axes():
    assert (layers.GeneralConv(1, 1, 3, stride=(2, 1), pad=(1, 0, 0, 2), dilation=(1, 2)).window
            == Sides(Window(3, 2, 1), Window(5, 1, 0)))
    assert layers.GeneralMaxPool(3, stride=2).window == Sides(Window(3, 2, 0), Window(3, 2, 0))
    assert layers.Pad((0, 2, 1, 0)).window == Sides(Window(1, 1, 0), Window(1, 1, 2))
    assert layers.GlobalAveragePool().window is None


def test_they_are_convolutions_and_pools_to_whoever_asks():
    net = Network([("conv1", layers.GeneralConv(2, 4, 3, groups=2)), ("conv2", Conv(4, 2, 1))],
                  (2, 5, 6)).initialize(np.random.default_rng(0))
    assert net.convolutions == ["conv1", "conv2"]
    assert isinstance(layers.GeneralMaxPool(2, stride=2), MaxPool)
    w, double = net.parameters["conv1.w"], net.astype(np.float64)
    assert w.shape == (4, 1, 3, 3) and w.any() and not net.parameters["conv1.b"].any()
    assert double.layers["conv1"].params["w"].dtype == np.float64
    assert net.receptive_field("conv2") == (3, 1, 0)


def test_a_square_window_gives_the_numbers_of_the_plain_layers(rng):
    x, image_of = rng.standard_normal((2, 3, 7, 6)), np.arange(2)
    general, plain = layers.GeneralConv(3, 4, 3, stride=2, pad=1), Conv(3, 4, 3, stride=2, pad=1)
    plain.params = general.params = {"w": rng.standard_normal((4, 3, 3, 3)),
                                     "b": rng.standard_normal(4)}
    pools = [kind(3, stride=2, pad=1, ceil=True) for kind in (layers.GeneralMaxPool, MaxPool)]
    for one, other in ((general, plain), pools):
        assert one.window == Sides(other.window, other.window)
        assert one.output_shape((3, 7, 6)) == other.output_shape((3, 7, 6))
        (y, saved), (same, other_saved) = one.forward(x), other.forward(x)
        assert_close(y, same)
        for rule in (RULES["deconvnet"], Rule(True, False, True)):
            assert_close(one.project(y, saved, image_of, rule),
                         other.project(y, other_saved, image_of, rule))


def test_batch_normalization_keeps_its_statistics_in_training(rng):
    layer, (x,) = build("batch normalization")
    y, _ = layer.forward(x)
    trained, _ = layer.forward(x, train=True, rng=rng)
    np.testing.assert_array_equal(trained, y)
    assert layer.params.keys() == {"scale", "shift"}


# ---- what is refused -----------------------------------------------------------------------------

X = np.ones((2, 4, 5, 6), np.float32)


@pytest.mark.parametrize("make, error, words", [
    (lambda: layers.GeneralConv(4, 2, (3, 3, 3)), ValueError,
     r"size must be an integer or \(rows, columns\), not \(3, 3, 3\)"),
    (lambda: layers.GeneralConv(4, 2, 3, pad=(1, 1)), ValueError,
     r"pad must be an integer or \(top, left, bottom, right\), not \(1, 1\)"),
    (lambda: layers.GeneralConv(4, 2, 3, stride=(1, 0)), ValueError, "stride must lie between 1"),
    (lambda: layers.GeneralConv(4, 2, 3, dilation=1.5), TypeError, "dilation must be an integer"),
    (lambda: layers.GeneralConv(4, 2, 5000), ValueError, "size must lie between 1 and 4096"),
    (lambda: layers.GeneralConv(4, 2, True), TypeError, "size must be an integer"),
    (lambda: layers.GeneralConv(4, 6, 3, groups=3), ValueError,
     "channels must be divisible by 3 groups, not 4"),
    (lambda: layers.GeneralConv(3, 4, 3, groups=3), ValueError,
     "filters must be divisible by 3 groups, not 4"),
    (lambda: layers.GeneralConv(3, 4, 3, groups=0), ValueError, "groups must be at least 1"),
    (lambda: layers.GeneralConv(4, 6, 3, groups=2).output_shape((3, 5, 5)), ValueError,
     r"convolution 3×3, 2 groups takes 4 channels \(C, H, W\), but gets shape \(3, 5, 5\)"),
    (lambda: layers.GeneralConv(4, 6, (2, 9)).output_shape((4, 5, 5)), ValueError,
     r"a window of 9 columns is larger than the padded input: 0 \+ 5 \+ 0 = 5"),
    (lambda: layers.GeneralConv(4, 6, 3, groups=2).forward(X[:, :3]), ValueError,
     "x has 3 channels"),
    (lambda: layers.GeneralConv(4, 6, 3).forward(X.astype(int)), TypeError, "x must be float32"),
    (lambda: layers.GeneralMaxPool(2, stride=1, pad=2).output_shape((4, 5, 5)), ValueError,
     "would hold nothing but padding"),
    (lambda: layers.GeneralMaxPool(2, stride=1).output_shape((4,)), ValueError, "takes maps"),
    (lambda: layers.AveragePool(3, stride=1).forward(X[:, :, :2]), ValueError, "3 rows is larger"),
    (lambda: layers.BatchNorm(0), ValueError, "channels must be at least 1"),
    (lambda: layers.BatchNorm(3, epsilon=np.nan), ValueError, "epsilon must be a finite number"),
    (lambda: layers.BatchNorm(3).output_shape((4, 5, 6)), ValueError, "takes 3 channels"),
    (lambda: layers.BatchNorm(3).forward(X), ValueError, r"x must be \(N, 3, H, W\) or \(N, 3\)"),
    (lambda: layers.ClippedReLU(6, 0), ValueError, "low must be less than high"),
    (lambda: layers.LeakyReLU("a"), TypeError, "slope must be a number, not 'a'"),
    (lambda: layers.LeakyReLU(np.inf), ValueError, "slope must be a finite number, not inf"),
    (lambda: layers.Concat().output_shape((1, 2, 3)), ValueError, "takes two outputs or more"),
    (lambda: layers.Add().output_shape((1, 2, 3)), ValueError, "takes two outputs or more"),
    (lambda: layers.Concat().output_shape((1, 2, 3), (1, 3, 3)), ValueError,
     r"one height and width, but gets \(1, 2, 3\), \(1, 3, 3\)"),
    (lambda: layers.Concat().forward(X, X[:1]), ValueError, "all axes but the channels"),
    (lambda: layers.Concat().forward([X, X]), TypeError, "input 0 must be a NumPy array, not list"),
    (lambda: functional.concat_forward(X), TypeError, "xs must be a list of arrays"),
    (lambda: functional.add_forward([]), TypeError, "xs must be a list of arrays"),
    (lambda: layers.Add().output_shape((1, 2, 3), (2, 2, 3)), ValueError, "one shape"),
    (lambda: layers.Add().forward(X, X[:, :1]), ValueError, "input 1 has shape"),
    (lambda: layers.Add().forward(X, X.astype(float)), TypeError, "input 1 is float64"),
    (lambda: layers.Pad(-1), ValueError, "pad must lie between 0 and 4096, not -1"),
    (lambda: layers.Pad(1, np.nan), ValueError, "value must be a finite number, not nan")])
def test_one_clear_error(make, error, words):
    with pytest.raises(error, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [name for name in LAYERS if len(LAYERS[name][1]) == 1])
def test_a_signal_of_another_shape_is_refused(name):
    layer, (x,) = build(name)
    y, saved = layer.forward(x)
    with pytest.raises(ValueError, match=r"^(dy|r) has shape .* expected"):
        layer.backward(np.ones((2, *y.shape[1:-1], y.shape[-1] + 1)), saved)
    with pytest.raises(TypeError):
        layer.backward(np.ones(y.shape, int), saved)


def test_variance_must_be_positive():
    layer = layers.BatchNorm(2, epsilon=0.0)
    layer.variance = np.array([1.0, 0.0])
    with pytest.raises(ValueError, match="variance . epsilon must be positive in every channel"):
        layer.forward(np.ones((1, 2, 3, 3), np.float32))
