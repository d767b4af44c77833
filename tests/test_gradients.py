"""Every gradient against central differences, and against gradients that PyTorch computed.

The reference gradients are stored, see stored.py, so the tests need no PyTorch. Where PyTorch is
installed, the layers of the paper's net are compared with it live, at their own sizes.
"""
import numpy as np
import pytest
from stored import REFERENCE, assert_close, assert_equal_to_reference, cases_of

from numpyzf import functional
from numpyzf.gradcheck import check_gradient

small = pytest.mark.small
every_method = pytest.mark.parametrize("method", ["unfold", "shift", "direct"])


def off_kinks(rng, *shape):
    """Values in random order, 0.1 apart and none closer to zero than 0.05.

    No ReLU and no maximum changes its mind within h.
    """
    n = int(np.prod(shape))
    return (rng.permutation(n) - n // 2 + 0.5).reshape(shape) / 10


# ---- central differences -----------------------------------------------------------------------

@small
@every_method
@pytest.mark.parametrize("x_shape, w_shape, stride, pad", [
    ((2, 2, 5, 4), (3, 2, 3, 3), 1, 1),         # overlapping windows
    ((1, 2, 6, 5), (2, 2, 2, 2), 2, 0),         # an edge not visited
    ((2, 1, 5, 5), (2, 1, 2, 2), 3, 1)])        # gaps
def test_conv(x_shape, w_shape, stride, pad, method, rng):
    x, w, b = (rng.standard_normal(shape) for shape in (x_shape, w_shape, w_shape[0]))
    windows = dict(stride=stride, pad=pad, method=method)
    _, saved = functional.conv_forward(x, w, b, **windows)

    def up(x, w, b):
        return functional.conv_forward(x, w, b, **windows)[0]

    def down(dy):
        return functional.conv_backward(dy, saved)

    check_gradient(lambda x: up(x, w, b), lambda dy: down(dy)[0], x, rng)
    check_gradient(lambda w: up(x, w, b), lambda dy: down(dy)[1], w, rng)
    check_gradient(lambda b: up(x, w, b), lambda dy: down(dy)[2], b, rng)


@small
@every_method
def test_conv_transpose(method, rng):
    """Its gradients are convolutions: filter dx for dr, swap input and output for dw."""
    r, w, none = rng.standard_normal((2, 3, 3, 2)), rng.standard_normal((3, 2, 3, 3)), np.zeros(3)
    windows = dict(stride=2, pad=1, method=method)
    check_gradient(lambda r: functional.conv_transpose(r, w, **windows, size=(6, 4)),
                   lambda dx: functional.conv_forward(dx, w, none, **windows)[0], r, rng)

    def dw(dx):
        _, saved = functional.conv_forward(dx, w, none, **windows)
        return functional.conv_backward(r, saved)[1]

    check_gradient(lambda w: functional.conv_transpose(r, w, **windows, size=(6, 4)), dw, w, rng)


@small
@pytest.mark.parametrize("windows", [dict(size=3, stride=2, ceil=True), dict(size=2, stride=2),
                                     dict(size=3, stride=2, pad=1), dict(size=2, stride=3),
                                     dict(size=3, stride=1, pad=1, ceil=True)], ids=str)
def test_max_pool(windows, rng):
    x = off_kinks(rng, 2, 2, 6, 5)
    _, switches = functional.max_pool_forward(x, **windows)
    check_gradient(lambda x: functional.max_pool_forward(x, **windows)[0],
                   lambda dy: functional.max_pool_backward(dy, switches), x, rng)


@small
@pytest.mark.parametrize("beta", [0.75, 0.5])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6])
def test_contrast_norm(size, beta, rng):
    x = 2 * rng.standard_normal((1, 7, 2, 2))
    constants = dict(size=size, alpha=1.0, beta=beta, k=1.5)
    _, saved = functional.contrast_norm_forward(x, **constants)
    check_gradient(lambda x: functional.contrast_norm_forward(x, **constants)[0],
                   lambda dy: functional.contrast_norm_backward(dy, saved), x, rng)


@small
def test_relu(rng):
    x = off_kinks(rng, 3, 4, 2)
    _, mask = functional.relu_forward(x)
    check_gradient(lambda x: functional.relu_forward(x)[0],
                   lambda dy: functional.relu_backward(dy, mask), x, rng)


@small
def test_linear(rng):
    x, w, b = rng.standard_normal((3, 5)), rng.standard_normal((4, 5)), rng.standard_normal(4)
    _, saved = functional.linear_forward(x, w, b)

    def up(x, w, b):
        return functional.linear_forward(x, w, b)[0]

    def down(dy):
        return functional.linear_backward(dy, saved)

    check_gradient(lambda x: up(x, w, b), lambda dy: down(dy)[0], x, rng)
    check_gradient(lambda w: up(x, w, b), lambda dy: down(dy)[1], w, rng)
    check_gradient(lambda b: up(x, w, b), lambda dy: down(dy)[2], b, rng)


@small
def test_dropout(rng):
    def dropout(x):                                 # the same mask at each call
        return functional.dropout_forward(x, rate=0.3, rng=np.random.default_rng(5))

    x = rng.standard_normal((4, 5))
    check_gradient(lambda x: dropout(x)[0],
                   lambda dy: functional.dropout_backward(dy, dropout(x)[1]), x, rng)


@small
def test_softmax_cross_entropy(rng):
    scores, labels = 2 * rng.standard_normal((4, 5)), np.array([0, 4, 2, 2])
    _, dscores = functional.softmax_cross_entropy(scores, labels)
    check_gradient(lambda scores: functional.softmax_cross_entropy(scores, labels)[0],
                   lambda dy: dy * dscores, scores, rng)


# ---- reference gradients -----------------------------------------------------------------------

@cases_of("conv")
@every_method
def test_conv_against_reference(case, method):
    c = REFERENCE[case]
    windows = dict(stride=c["stride"], pad=c["pad"], method=method)
    y, saved = functional.conv_forward(c["x"], c["w"], c["b"], **windows)
    dx, dw, db = functional.conv_backward(c["dy"], saved)
    assert_equal_to_reference(case, y=y, dx=dx, dw=dw, db=db)


@cases_of("conv_transpose")
@every_method
def test_conv_transpose_against_reference(case, method):
    c = REFERENCE[case]
    windows = dict(stride=c["stride"], pad=c["pad"], method=method)
    y = functional.conv_transpose(c["r"], c["w"], **windows, size=tuple(c["size"]))
    dr, saved = functional.conv_forward(c["dy"], c["w"], np.zeros(len(c["w"])), **windows)
    assert_equal_to_reference(case, y=y, dr=dr, dw=functional.conv_backward(c["r"], saved)[1])


@cases_of("max_pool")
def test_max_pool_against_reference(case):
    c = REFERENCE[case]
    windows = {name: c[name] for name in ("size", "stride", "pad", "ceil")}
    y, switches = functional.max_pool_forward(c["x"], **windows)
    assert_equal_to_reference(case, y=y, dx=functional.max_pool_backward(c["dy"], switches))


@cases_of("contrast_norm")
def test_contrast_norm_against_reference(case):
    c = REFERENCE[case]
    constants = {name: c[name] for name in ("size", "alpha", "beta", "k")}
    y, saved = functional.contrast_norm_forward(c["x"], **constants)
    assert_equal_to_reference(case, y=y, dx=functional.contrast_norm_backward(c["dy"], saved))


def test_relu_against_reference():
    c = REFERENCE["relu"]
    y, mask = functional.relu_forward(c["x"])
    assert_equal_to_reference("relu", y=y, dx=functional.relu_backward(c["dy"], mask))


def test_linear_against_reference():
    c = REFERENCE["linear"]
    y, saved = functional.linear_forward(c["x"], c["w"], c["b"])
    dx, dw, db = functional.linear_backward(c["dy"], saved)
    assert_equal_to_reference("linear", y=y, dx=dx, dw=dw, db=db)


def test_softmax_cross_entropy_against_reference():
    c = REFERENCE["softmax_cross_entropy"]
    loss, dscores = functional.softmax_cross_entropy(c["scores"], c["labels"])
    assert_equal_to_reference("softmax_cross_entropy", y=loss, dscores=c["dy"] * dscores)


# ---- a whole net -------------------------------------------------------------------------------

PARAMETERS = [f"{layer}_{kind}" for layer in ("conv1", "conv2", "fc3", "fc4") for kind in "wb"]


def net(x, p, labels):
    """Loss of a net with every kind of layer, and its gradients: {"dx": …, "dconv1_w": …, …}."""
    y1, conv1 = functional.conv_forward(x, p["conv1_w"], p["conv1_b"], stride=2, pad=1)
    y1, relu1 = functional.relu_forward(y1)
    y1, pool1 = functional.max_pool_forward(y1, size=3, stride=2, ceil=True)
    y1, norm1 = functional.contrast_norm_forward(y1, size=5, alpha=1.0, beta=0.75, k=2.0)
    y2, conv2 = functional.conv_forward(y1, p["conv2_w"], p["conv2_b"], stride=1, pad=1)
    y2, relu2 = functional.relu_forward(y2)
    y2, pool2 = functional.max_pool_forward(y2, size=3, stride=2, ceil=True)
    y3, fc3 = functional.linear_forward(y2.reshape(len(x), -1), p["fc3_w"], p["fc3_b"])
    y3, relu3 = functional.relu_forward(y3)
    scores, fc4 = functional.linear_forward(y3, p["fc4_w"], p["fc4_b"])
    loss, d = functional.softmax_cross_entropy(scores, labels)

    g = {}
    d, g["dfc4_w"], g["dfc4_b"] = functional.linear_backward(d, fc4)
    d = functional.relu_backward(d, relu3)
    d, g["dfc3_w"], g["dfc3_b"] = functional.linear_backward(d, fc3)
    d = functional.relu_backward(functional.max_pool_backward(d.reshape(y2.shape), pool2), relu2)
    d, g["dconv2_w"], g["dconv2_b"] = functional.conv_backward(d, conv2)
    d = functional.max_pool_backward(functional.contrast_norm_backward(d, norm1), pool1)
    d = functional.relu_backward(d, relu1)
    g["dx"], g["dconv1_w"], g["dconv1_b"] = functional.conv_backward(d, conv1)
    return loss, g


def test_net_against_reference():
    c = REFERENCE["net"]
    loss, gradients = net(c["x"], c, c["labels"])
    scaled = {name: c["dy"] * gradient for name, gradient in gradients.items()}
    assert_equal_to_reference("net", y=loss, **scaled)


@pytest.mark.parametrize("name", ["x"] + PARAMETERS)
def test_net_against_central_differences(name):
    c = REFERENCE["net"]

    def loss_at(value):
        changed = {**c, name: value}
        return net(changed["x"], changed, c["labels"])[0]

    _, gradients = net(c["x"], c, c["labels"])
    # A nudge ten times the usual: a derivative of the loss is far smaller than the loss, whose
    # rounding it has to top.
    check_gradient(loss_at, lambda dy: dy * gradients[f"d{name}"], c[name],
                   np.random.default_rng(0), h=1e-4)


# ---- the paper's own geometries, live ----------------------------------------------------------

@pytest.fixture
def torch():
    why = "PyTorch is not installed: the paper's layers are not compared with it live"
    return pytest.importorskip("torch", reason=why)


@every_method
@pytest.mark.parametrize("x_shape, w_shape, stride, pad", [
    pytest.param((1, 3, 224, 224), (96, 3, 7, 7), 2, 1, id="conv1"),
    pytest.param((1, 96, 55, 55), (256, 96, 5, 5), 2, 0, id="conv2"),
    pytest.param((1, 256, 13, 13), (384, 256, 3, 3), 1, 1, id="conv3")])
def test_convolutions_of_the_papers_net(x_shape, w_shape, stride, pad, method, torch, rng):
    arrays = [rng.standard_normal(shape) for shape in (x_shape, w_shape, w_shape[0])]
    leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
    expected = torch.nn.functional.conv2d(*leaves, stride, pad)
    dy = rng.standard_normal(expected.shape)
    y, saved = functional.conv_forward(*arrays, stride=stride, pad=pad, method=method)
    assert_close(y, expected.detach().numpy(), "y")
    gradients = torch.autograd.grad(expected, leaves, torch.from_numpy(dy))
    found = functional.conv_backward(dy, saved)
    for name, actual, right in zip(["dx", "dw", "db"], found, gradients):
        assert_close(actual, right.numpy(), name)


@pytest.mark.parametrize("shape", [pytest.param((1, 96, 110, 110), id="pool1"),
                                   pytest.param((1, 256, 26, 26), id="pool2"),
                                   pytest.param((1, 256, 13, 13), id="pool5")])
def test_pools_of_the_papers_net(shape, torch, rng):
    x = rng.standard_normal(shape)
    leaf = torch.tensor(x, requires_grad=True)
    expected, places = torch.nn.functional.max_pool2d(leaf, 3, 2, ceil_mode=True,
                                                      return_indices=True)
    y, switches = functional.max_pool_forward(x, size=3, stride=2, ceil=True)
    np.testing.assert_array_equal(y, expected.detach().numpy())
    np.testing.assert_array_equal(switches.index, places.numpy())
    dy = rng.standard_normal(y.shape)
    (gradient,) = torch.autograd.grad(expected, leaf, torch.from_numpy(dy))
    assert_close(functional.max_pool_backward(dy, switches), gradient.numpy(), "dx")


@pytest.mark.parametrize("shape", [pytest.param((1, 96, 55, 55), id="norm1"),
                                   pytest.param((1, 256, 13, 13), id="norm2")])
def test_contrast_norms_of_the_papers_net(shape, torch, rng):
    x, dy = 100 * rng.standard_normal(shape), rng.standard_normal(shape)
    leaf = torch.tensor(x, requires_grad=True)
    expected = torch.nn.functional.local_response_norm(leaf, 5, alpha=5e-4, beta=0.75, k=2.0)
    y, saved = functional.contrast_norm_forward(x)
    assert_close(y, expected.detach().numpy(), "y")
    (gradient,) = torch.autograd.grad(expected, leaf, torch.from_numpy(dy))
    assert_close(functional.contrast_norm_backward(dy, saved), gradient.numpy(), "dx")
