"""The layers of perceptual/, and a net of them, against PyTorch's numbers.

They are stored, see stored.py. PyTorch's bicubic enlargement is another one (a = −0.75 and edges
that go on as they are), so that stands in test_layers_operations.py alone.
"""
import numpy as np
import pytest
from stored import REFERENCE, assert_close, assert_equal_to_reference, cases_of

from numpyzf.gradcheck import check_gradient
from numpyzf.layers import Conv, ReLU
from numpyzf.network import Network
from numpyzf.perceptual import functional, layers, normalize
from numpyzf.perceptual.adam import adam_step


def settings(case, *names):
    return {name: value for name, value in REFERENCE[case].items() if name in names}


@cases_of("transposed_conv")
def test_transposed_conv(case):
    c = REFERENCE[case]
    y, saved = functional.conv_transpose_forward(c["x"], c["w"], c["b"],
                                                 **settings(case, "stride", "pad", "extra"))
    dx, dw, db = functional.conv_transpose_backward(c["dy"], saved)
    assert_equal_to_reference(case, y=y, dx=dx, dw=dw, db=db)


OPERATIONS = {"enlarge": "factor", "pixel_shuffle": "factor", "reflect_pad": "pad"}


@pytest.mark.parametrize("case", sorted(case for case in REFERENCE
                                        if case.split()[0] in OPERATIONS))
def test_larger_maps(case):
    c, name = REFERENCE[case], case.split()[0]
    y, saved = getattr(functional, f"{name}_forward")(c["x"], **settings(case, OPERATIONS[name]))
    dx = getattr(functional, f"{name}_backward")(c["dy"], saved)
    assert_equal_to_reference(case, y=y, dx=dx)


@cases_of("smooth")
def test_smooth(case):
    c = REFERENCE[case]
    y, dx = (functional.smooth(c[name], factor=c["factor"]) for name in ("x", "dy"))
    assert_equal_to_reference(case, y=y, dx=dx)


@cases_of("batch_norm_training")
def test_batch_norm_in_training(case):
    c = REFERENCE[case]
    layer = layers.BatchNorm(3, momentum=c["momentum"], epsilon=c["epsilon"])
    layer.params = {"scale": c["scale"], "shift": c["shift"]}
    layer.mean[...], layer.variance[...] = c["mean"], c["variance"]
    y, saved = layer.forward(c["x"], train=True)
    dx, grads = layer.backward(c["dy"], saved)
    assert_equal_to_reference(case, y=y, dx=dx, dscale=grads["scale"], dshift=grads["shift"],
                              new_mean=layer.mean, new_variance=layer.variance)


def test_instance_norm():
    c = REFERENCE["instance_norm"]
    y, saved, _, _ = normalize.normalize_forward(c["x"], c["scale"], c["shift"], batch=False,
                                                 epsilon=c["epsilon"])
    dx, dscale, dshift = normalize.normalize_backward(c["dy"], saved)
    assert_equal_to_reference("instance_norm", y=y, dx=dx, dscale=dscale, dshift=dshift)


def test_scaled_tanh():
    c = REFERENCE["scaled_tanh"]
    y, saved = functional.scaled_tanh_forward(c["x"], low=c["low"], high=c["high"])
    assert_equal_to_reference("scaled_tanh", y=y,
                              dx=functional.scaled_tanh_backward(c["dy"], saved))


def test_cropped_add():
    c = REFERENCE["cropped_add"]
    y, saved = functional.cropped_add_forward([c["x0"], c["x1"], c["x2"]])
    parts = functional.cropped_add_backward(c["dy"], saved)
    assert_equal_to_reference("cropped_add", y=y,
                              **{f"dx{number}": part for number, part in enumerate(parts)})


@cases_of("adam")
def test_adam(case):
    c = REFERENCE[case]
    w = c["w"].copy()
    moments = {"w": (np.zeros_like(w), np.zeros_like(w))}
    for step, (gradient, after) in enumerate(zip(c["gradients"], c["after"], strict=True), 1):
        adam_step({"w": w}, moments, {"w": gradient}, step,
                  **settings(case, "rate", "beta1", "beta2", "epsilon"))
        assert_close(w, after, f"step {step}")


# ---- a net of them -----------------------------------------------------------------------------

def picture(c):
    """The net of make_gradients.py, with the stored parameters."""
    net = Network([
        ("mirror", layers.ReflectPad(3)), ("conv1", Conv(3, 4, 3, stride=2, pad=1)),
        ("norm1", layers.BatchNorm(4)), ("relu1", ReLU()),
        ("conv2", Conv(4, 4, 3)), ("norm2", layers.InstanceNorm(4)),
        ("sum", layers.CroppedAdd(), ("relu1", "norm2")),
        ("up", layers.ConvTranspose(4, 3, 3, stride=2, pad=1, extra=1)), ("up_relu", ReLU()),
        ("enlarge", layers.Enlarge(2)), ("pixels", Conv(3, 4, 2)),
        ("shuffle", layers.PixelShuffle(2)), ("output", layers.ScaledTanh())],
        (3, 6, 8)).astype(np.float64)
    for name, value in net.parameters.items():
        value[...] = c[name.replace(".", "_")]
    return net


def test_a_net_against_reference():
    c = REFERENCE["picture"]
    net = picture(c)
    trace = net.forward(c["x"], train=True)
    assert_close(trace.scores, c["y"], "y")
    gradients = net.backward(trace, c["dy"], wrt_input=True)
    assert_close(gradients["input"], c["dx"], "dx")
    for name in net.parameters:
        stored = c["d" + name.replace(".", "_")]
        if name in ("conv1.b", "conv2.b"):
            # the mean that follows takes a bias away: rounding alone is left of its gradient
            assert max(np.abs(gradients[name]).max(), np.abs(stored).max()) < 1e-12
        else:
            assert_close(gradients[name], stored, name)


@pytest.mark.parametrize("name", ["conv1.w", "norm1.scale", "norm2.shift", "up.w", "pixels.b"])
def test_a_net_against_central_differences(name):
    c = REFERENCE["picture"]
    net = picture(c)
    gradients = net.backward(net.forward(c["x"], train=True), c["dy"])

    def score_at(value):
        other = picture(c)
        other.parameters[name][...] = value
        return float((c["dy"] * other.forward(c["x"], train=True).scores).sum())

    check_gradient(score_at, lambda dy: dy * gradients[name], net.parameters[name].copy(),
                   np.random.default_rng(0))
