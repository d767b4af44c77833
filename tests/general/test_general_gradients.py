"""The operations of general/functional.py, and a net of their layers, against PyTorch's numbers.

They are stored, see stored.py. Central differences stand in test_general_layers.py.
"""
import numpy as np
import pytest
from stored import REFERENCE, assert_close, assert_equal_to_reference, cases_of

from numpyzf.deconvnet import project
from numpyzf.functional import relu_backward, unpool
from numpyzf.general import functional, layers
from numpyzf.gradcheck import check_gradient
from numpyzf.layers import Conv, Flatten, MaxPool, ReLU
from numpyzf.network import Network


def settings(case, *names):
    """The stored settings of a case; a pair or four numbers as a tuple."""
    return {name: tuple(value.tolist()) if isinstance(value, np.ndarray) else value
            for name, value in REFERENCE[case].items() if name in names}


# ---- one operation at a time -----------------------------------------------------------------

@cases_of("general_conv")
def test_conv(case):
    c = REFERENCE[case]
    windows = settings(case, "stride", "pad", "dilation", "groups")
    y, saved = functional.conv_forward(c["x"], c["w"], c["b"], **windows)
    dx, dw, db = functional.conv_backward(c["dy"], saved)
    assert_equal_to_reference(case, y=y, dx=dx, dw=dw, db=db)


@cases_of("general_max_pool")
def test_max_pool(case):
    c = REFERENCE[case]
    windows = settings(case, "size", "stride", "pad", "dilation", "ceil")
    y, switches = functional.max_pool_forward(c["x"], **windows)
    assert_equal_to_reference(case, y=y, dx=unpool(c["dy"], switches))


@cases_of("average_pool")
def test_average_pool(case):
    c = REFERENCE[case]
    windows = settings(case, "size", "stride", "pad", "dilation", "ceil", "count_pad")
    y, saved = functional.average_pool_forward(c["x"], **windows)
    assert_equal_to_reference(case, y=y, dx=functional.average_pool_backward(c["dy"], saved))


@cases_of("batch_norm")
def test_batch_norm(case):
    c = REFERENCE[case]
    y, saved = functional.batch_norm_forward(c["x"], c["scale"], c["shift"], c["mean"],
                                             c["variance"], epsilon=c["epsilon"])
    dx, dscale, dshift = functional.batch_norm_backward(c["dy"], saved)
    assert_equal_to_reference(case, y=y, dx=dx, dscale=dscale, dshift=dshift)


@cases_of("clipped_relu")
def test_clipped_relu(case):
    c = REFERENCE[case]
    y, mask = functional.clipped_relu_forward(c["x"], low=c["low"], high=c["high"])
    assert_equal_to_reference(case, y=y, dx=relu_backward(c["dy"], mask))


@pytest.mark.parametrize("case, up, down", [
    ("global_average_pool", functional.global_average_pool_forward,
     functional.global_average_pool_backward),
    ("leaky_relu", functional.leaky_relu_forward, functional.leaky_relu_backward),
    ("sigmoid", functional.sigmoid_forward, functional.sigmoid_backward),
    ("softmax of features", functional.softmax_forward, functional.softmax_backward),
    ("softmax of maps", functional.softmax_forward, functional.softmax_backward),
    ("pad", functional.pad_forward, functional.pad_backward)],
    ids=lambda value: value if isinstance(value, str) else "")
def test_the_others(case, up, down):
    c = REFERENCE[case]
    y, saved = up(c["x"], **settings(case, "slope", "pad", "value"))
    assert_equal_to_reference(case, y=y, dx=down(c["dy"], saved))


@pytest.mark.parametrize("case, up, down", [
    ("concat", functional.concat_forward, functional.concat_backward),
    ("add", functional.add_forward, functional.add_backward)], ids=["concat", "add"])
def test_several_inputs(case, up, down):
    c = REFERENCE[case]
    y, saved = up([c[name] for name in ("x0", "x1", "x2") if name in c])
    gradients = {f"dx{number}": dx for number, dx in enumerate(down(c["dy"], saved))}
    assert_equal_to_reference(case, y=y, **gradients)


# ---- a net with branches -----------------------------------------------------------------------

PARAMETERS = [f"{layer}.{kind}" for layer in ("stem", "narrow", "wide", "deep") for kind in "wb"]


def branches(c):
    """The net of make_gradients.py, with the stored parameters."""
    net = Network([
        ("stem", Conv(3, 4, 3, stride=2, pad=1)), ("stem_relu", ReLU()),
        ("pool", MaxPool(3, stride=2, ceil=True)),
        ("narrow", Conv(4, 2, 1)), ("narrow_relu", layers.LeakyReLU(0.1)),
        ("wide", layers.GeneralConv(4, 4, 3, pad=1, groups=2), "pool"), ("wide_relu", ReLU()),
        ("fire", layers.Concat(), ("narrow_relu", "wide_relu")),
        ("deep", layers.GeneralConv(6, 6, 3, pad=2, dilation=2, groups=6)),
        ("deep_relu", layers.ClippedReLU(0.0, 1.0)), ("sum", layers.Add(), ("fire", "deep_relu")),
        ("mean", layers.AveragePool(3, stride=2, pad=1, count_pad=True)),
        ("most", layers.GeneralMaxPool(3, stride=2, pad=1), "sum"),
        ("both", layers.Concat(), ("mean", "most")),
        ("all", layers.GlobalAveragePool()), ("flatten", Flatten()), ("softmax", layers.Softmax())],
        (3, 15, 18)).astype(np.float64)
    for name in PARAMETERS:
        net.parameters[name][...] = c[name.replace(".", "_")]
    return net


def test_a_net_against_reference():
    c = REFERENCE["branches"]
    net = branches(c)
    trace = net.forward(c["x"])
    assert_close(trace.scores, c["y"], "y")
    gradients = net.backward(trace, c["dy"], wrt_input=True)
    assert_close(gradients["input"], c["dx"], "dx")
    for name in PARAMETERS:
        assert_close(gradients[name], c["d" + name.replace(".", "_")], name)


def test_by_the_gradient_s_rule_its_projection_is_that_gradient():
    c = REFERENCE["branches"]
    net = branches(c)
    trace = net.forward(c["x"])
    # the layers are linear in what comes down: the projections of all units, by dy, add to dx
    down = sum(c["dy"][0, k] * project(net, trace, "softmax", (0, k), rule="gradient", seed=1)
               for k in range(trace.scores.shape[1]))
    assert_close(down, c["dx"][0], "dx")


@pytest.mark.parametrize("name", ["stem.b", "narrow.w", "wide.w", "deep.w"])
def test_a_net_against_central_differences(name):
    c = REFERENCE["branches"]
    net = branches(c)
    gradients = net.backward(net.forward(c["x"]), c["dy"])

    def score_at(value):
        other = branches(c)
        other.parameters[name][...] = value
        return float((c["dy"] * other.forward(c["x"]).scores).sum())

    check_gradient(score_at, lambda dy: dy * gradients[name], net.parameters[name].copy(),
                   np.random.default_rng(0))
