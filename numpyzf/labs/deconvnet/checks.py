"""What each task of the deconvnet lab is judged by."""
import numpy as np

from ... import deconvnet, functional
from ...geometry import Window, pixels_below
from ...layers import ContrastNorm, Conv, MaxPool, ReLU
from ...network import Network
from ..comparing import picture
from ..inputs import distinct, normal
from ..judge import Refused
from ..tasks import Check, Task


# ---- the right functions, with the contract's arguments ------------------------------------------

def rectify(r, x, rule):
    """The library's answer to task 1.2."""
    return ReLU().project(r, x > 0, slice(None), deconvnet.RULES[rule])


def stage_down(r, index, map_shape, w, *, stride, pad, size):
    """The library's answer to task 2.1."""
    r = functional.unpool(r, functional.Switches(index, map_shape))
    return functional.conv_transpose(functional.relu_project(r), w, stride=stride, pad=pad,
                                     size=size)


def cone(place, windows, sizes):
    """The library's answer to task 2.2."""
    start, stop = place, place + 1
    for window, n in zip(reversed(windows), reversed(sizes)):
        start, stop = pixels_below(start, stop, Window(*window), n)
    return start, stop


def project(net, trace, layer, unit, rule):
    """The library's answer to task 3.2."""
    return deconvnet.project(net, trace, layer, unit, rule=rule)


# ---- 1.1 a prediction, and 1.2 rectify -----------------------------------------------------------

def at_the_pixel(judge, rng):
    """what three ways down make of one net"""
    judge.predicted((5.0, 3.0, 8.0), "Each of the three sums is over other units: look at the "
                                     "signs in both rows.")


def two_signs(rng, shape):
    """Whole numbers from −6 to 6 without 0, float32: one of each sign at least."""
    numbers = rng.integers(1, 7, shape) * rng.choice([-1, 1], shape)
    flat = numbers.reshape(-1)
    flat[:2] = abs(flat[0]), -abs(flat[1])
    return numbers.astype(np.float32)


def all_signs(rng, count):
    """r and x, (count,): the first four places have all combinations of signs.

    Sums of r·x over any of these four differ, and with the signs of r turned round too. So what a
    ReLU lets through can be told from the sum.
    """
    while True:
        r, x = two_signs(rng, count), two_signs(rng, count)
        r[:4], x[:4] = abs(r[:4]) * [1, 1, -1, -1], abs(x[:4]) * [1, -1, 1, -1]
        sums = [{float(np.dot(some, products)) for some in np.ndindex(2, 2, 2, 2)}
                for products in (r[:4] * x[:4], r[3::-1] * x[:4])]
        if len(sums[0]) == len(sums[1]) == 16:
            return r, x


def by_rule(rule, title):
    """The check of one rule."""
    def passes(judge, rng):
        for count in (4, 4, 6):
            judge.compare(rectify, *all_signs(rng, count), rule)
        r, x = all_signs(rng, 8)
        judge.compare(rectify, r.reshape(2, 1, 2, 2), x.reshape(2, 1, 2, 2), rule)
        if rule == "guided":
            judge.compare(rectify, abs(r), np.zeros_like(x), rule)
    passes.__doc__ = title
    return passes


def zeros(judge, rng):
    """where x is exactly 0, nothing passes by gradient"""
    for count in (2, 5):
        # below 0, so that what is asked is x alone
        judge.compare(rectify, -abs(two_signs(rng, count)), np.zeros(count, np.float32), "gradient")


def rectify_manners(judge, rng):
    """what comes has r's dtype and memory of its own, and r and x stay as they are"""
    for dtype in (np.float32, np.float64):
        for rule in deconvnet.RULES:
            judge.manners(rectify, normal(rng, (2, 3), dtype), normal(rng, (2, 3), dtype), rule)


# ---- 2.1 stage_down ------------------------------------------------------------------------------

def down(judge, rng, maps, channels, side, K, *, stride=1, pad=0, size=None, count=2):
    """Compare stage_down for r of both signs, `count`×`count` in each map, that don't meet.

    maps, channels: F and C.
    side: of the maps that the pool took.
    K: of the filters.
    size: of what the convolution took; the smallest that fits if not given.
    """
    H = size or (side - 1) * stride + K - 2 * pad
    index = np.stack([rng.permutation(side * side)[:count ** 2] for _ in range(maps)])
    r = two_signs(rng, (1, maps, count, count))
    if maps > 1:                                        # the last map goes elsewhere, and passes
        index[-1], r[:, -1] = (index[0] + 1) % side ** 2, abs(r[:, -1])
    w = distinct(rng, (maps, channels, K, K), start=-(maps * channels * K * K // 2))
    judge.compare(stage_down, r, index.reshape(r.shape).astype(np.int32), (1, maps, side, side), w,
                  stride=stride, pad=pad, size=(H, H))


def one_map(judge, rng):
    """one map, stride 1"""
    down(judge, rng, 1, 1, 2, 2)
    down(judge, rng, 1, 1, 3, 3, pad=1)


def several_maps(judge, rng):
    """several maps, each with switches and filters of its own"""
    down(judge, rng, 2, 1, 2, 1, count=1)
    down(judge, rng, 2, 3, 3, 2)


def strides(judge, rng):
    """stride, and pixels in the last row and column that no filter has seen"""
    down(judge, rng, 1, 1, 2, 2, stride=2)
    down(judge, rng, 1, 1, 2, 1, stride=2, size=4)
    down(judge, rng, 1, 1, 2, 3, stride=2, pad=1, size=4)


def meeting_signs(judge, rng):
    """where values of different sign meet, their sum is rectified"""
    for first, second in ((3, -2), (2, -5), (-4, 1), (-1, 6)):
        r = np.full((1, 1, 1, 2), first, np.float32)
        r[..., 1] = second
        index = np.full((1, 1, 1, 2), rng.integers(4), np.int32)
        judge.compare(stage_down, r, index, (1, 1, 2, 2), distinct(rng, (1, 1, 1, 1)), stride=1,
                      pad=0, size=(2, 2))


def stage_manners(judge, rng):
    """what comes has r's dtype and memory of its own, and the arguments stay as they are"""
    for dtype in (np.float32, np.float64):
        index = rng.permutation(9)[:8].reshape(1, 2, 2, 2).astype(np.int32)
        judge.manners(stage_down, normal(rng, (1, 2, 2, 2), dtype), index, (1, 2, 3, 3),
                      normal(rng, (2, 3, 2, 2), dtype), stride=1, pad=0, size=(4, 4))


# ---- 2.2 cone ------------------------------------------------------------------------------------

def one_window(judge, rng):
    """one window, which sees whole pixels only"""
    for place, size, stride, n in ((1, 3, 1, 5), (2, 3, 1, 5), (1, 2, 2, 6), (3, 3, 2, 9)):
        judge.compare(cone, place, [(size, stride, 0)], [n])


def stacked(judge, rng):
    """windows on windows"""
    for place, windows, sizes in ((0, [(3, 1, 0), (2, 2, 0)], [8, 6]),
                                  (1, [(2, 2, 0), (3, 1, 0)], [10, 5]),
                                  (1, [(3, 2, 0), (2, 1, 0), (3, 2, 0)], [15, 7, 6])):
        judge.compare(cone, place, windows, sizes)


def margins(judge, rng):
    """padding, which is no pixel, at every map on the way"""
    for place, windows, sizes in (
            (1, [(3, 1, 1)], [5]),                          # no edge is near
            (0, [(3, 1, 1)], [5]),                          # the first edge
            (4, [(3, 1, 1)], [5]),                          # and the last
            (0, [(2, 2, 0), (3, 1, 1)], [3, 1]),            # the image's last pixel is never seen
            (2, [(3, 2, 1)], [9])):                         # no edge is near, and a stride
        judge.compare(cone, place, windows, sizes)


# ---- 3.1 a prediction, and 3.2 project -----------------------------------------------------------

def with_bias(judge, rng):
    """what the bias does to a projection"""
    judge.predicted(24, "With the bias 3 the unit's own value is 2·4 + 3·(−1) + 3 = 8.")


def drawn(rng, layers, shape):
    """A net of these layers with whole numbers in it, biases too."""
    net = Network(layers, shape)
    for value in net.parameters.values():
        value[...] = two_signs(rng, value.size + 1)[1:].reshape(value.shape)
    return net


def from_unit(judge, net, x, layer, unit, rule="deconvnet"):
    """Compare project for one unit; a failure shows the net and its input."""
    try:
        judge.compare(project, net, net.forward(x), layer, unit, rule)
    except Refused as refused:
        lines = [*(f"{name}: {each}" for name, each in net.layers.items()), *picture("x", x)]
        for name, value in net.parameters.items():
            flat = value.reshape(len(value), -1) if value.ndim == 4 else value
            lines += picture(name if flat is value else f"{name}, as (F, C·K·K)", flat)
        raise Refused("\n".join([refused.text, "The net, and what went in:",
                                 *(f"    {line}" for line in lines)]), refused.hint) from None


def one_convolution(rng):
    """conv1 over 1×2 pixels. Its unit (0, 1, 0, 1) is below zero, and so is what it projects."""
    net = Network([("conv1", Conv(1, 2, 1))], (1, 1, 2))
    x, w, below = rng.integers(1, 5), rng.integers(2, 6), rng.integers(6, 10)
    net.load_parameters({"conv1.w": np.float32([9, w]).reshape(2, 1, 1, 1),
                         "conv1.b": np.float32([9, -w * x - below])})
    return net, np.float32([x + 1, x]).reshape(1, 1, 1, 2)


def two_convolutions(rng):
    """conv1, relu1 and conv2 over 1×2 pixels; each of both ReLU rules stops something."""
    net = drawn(rng, [("conv1", Conv(1, 4, 1)), ("relu1", ReLU()), ("conv2", Conv(4, 2, 1))],
                (1, 1, 2))
    down, up = all_signs(rng, 4)
    net.layers["conv1"].params["w"][...] = up.reshape(4, 1, 1, 1)
    net.layers["conv1"].params["b"][...] = 0
    net.layers["conv2"].params["w"][...] = np.stack([down, down[::-1]]).reshape(2, 4, 1, 1)
    # 200, so that the units fire, and what comes down has the signs of their weights
    net.layers["conv2"].params["b"][...] = 200 + rng.permutation(9)[:2]
    return net, rng.integers(1, 3, (1, 1, 1, 2)).astype(np.float32)


def one_image(judge, rng):
    """convolutions and a ReLU by deconvnet, one image"""
    from_unit(judge, *one_convolution(rng), "conv1", (0, 1, 0, 1))
    for unit in ((0, 0, 0, 1), (0, 1, 0, 0)):
        from_unit(judge, *two_convolutions(rng), "conv2", unit)
    net = drawn(rng, [("conv1", Conv(2, 3, 3, stride=2, pad=1)), ("relu1", ReLU()),
                      ("conv2", Conv(3, 2, 2))], (2, 5, 6))
    from_unit(judge, net, two_signs(rng, (1, 2, 5, 6)), "conv2", (0, 1, 1, 0))


def other_rules(judge, rng):
    """gradient and guided"""
    for rule in ("gradient", "guided"):
        for unit in ((0, 0, 0, 0), (0, 1, 0, 1)):
            from_unit(judge, *two_convolutions(rng), "conv2", unit, rule)


def through_pools(judge, rng):
    """a pool, whose windows may overlap, in any image of the batch"""
    for size, side, K, n in ((2, 2, 1, 0), (3, 5, 2, 0), (2, 2, 1, 1), (2, 2, 1, 2)):
        net = drawn(rng, [("pool1", MaxPool(size, stride=2)), ("conv1", Conv(1, 1, K))],
                    (1, side, side))
        net.layers["conv1"].params["b"][...] = 5000         # so that it fires
        x = distinct(rng, (n + 1, 1, side, side))
        # the maximum is in no window's middle, in two windows if they overlap; in the images before
        # this one it is as large, and elsewhere
        x[:n, :, 0, 1], x[n, :, side // 2, side // 2 - 1] = 99, 99
        from_unit(judge, net, x, "conv1", (n, 0, 0, 0))


def other_images(judge, rng):
    """an image that isn't the first of its batch"""
    net = drawn(rng, [("conv1", Conv(1, 2, 1))], (1, 1, 2))
    from_unit(judge, net, distinct(rng, (2, 1, 1, 2)), "conv1", (1, 1, 0, 0))
    net = drawn(rng, [("conv1", Conv(1, 2, 1)), ("relu1", ReLU()), ("conv2", Conv(2, 1, 1))],
                (1, 1, 1))
    for value in net.parameters.values():
        value[...] = abs(value)
    # all that is shut in the first image is open in the other, and all that comes down is positive
    x = np.float32([-50, 1]).reshape(2, 1, 1, 1)
    from_unit(judge, net, x, "conv2", (1, 0, 0, 0), "gradient")


def middle_layers(judge, rng):
    """a layer with others above it"""
    net = drawn(rng, [("conv1", Conv(1, 2, 1)), ("relu1", ReLU()), ("conv2", Conv(2, 3, 2))],
                (1, 2, 2))
    net.layers["conv1"].params["b"][...] = 100              # so that they fire
    for layer in ("conv1", "relu1"):
        from_unit(judge, net, two_signs(rng, (1, 1, 2, 2)), layer, (0, 1, 1, 1))


def other_layers(judge, rng):
    """contrast normalization lets everything pass"""
    net = drawn(rng, [("conv1", Conv(1, 2, 1)), ("norm1", ContrastNorm(alpha=5.0))], (1, 1, 2))
    net.layers["conv1"].params["b"][...] = 100
    from_unit(judge, net, two_signs(rng, (1, 1, 1, 2)), "norm1", (0, 1, 0, 1))
    net = drawn(rng, [("norm1", ContrastNorm(alpha=5.0)), ("conv1", Conv(2, 1, 1))], (2, 1, 1))
    net.layers["conv1"].params["w"][...] = two_signs(rng, 2).reshape(1, 2, 1, 1)
    net.layers["conv1"].params["b"][...] = 100      # it fires: both signs come to the normalization
    from_unit(judge, net, two_signs(rng, (1, 2, 1, 1)), "conv1", (0, 0, 0, 0))


def project_manners(judge, rng):
    """the pixels have the trace's dtype and memory of their own; net and trace stay as they are"""
    for dtype in (np.float32, np.float64):
        net, x = two_convolutions(rng)
        net = net.astype(dtype)
        judge.manners(project, net, net.forward(x.astype(dtype)), "conv2", (0, 0, 0, 0), "guided")


# ---- 3.3 a test to write -------------------------------------------------------------------------

def layer_by_layer(net, trace, layer, unit, rule=deconvnet.RULES["deconvnet"], seed=None):
    """A right project, by the layers' own ways down; or a wrong one, by another rule or seed."""
    n, *place = unit
    r = np.zeros((1, *trace[layer].shape[1:]), trace[layer].dtype)
    r[(0, *place)] = trace[layer][unit] if seed is None else seed
    for name in reversed(net.up_to(layer)):
        r = net.layers[name].project(r, trace.saved[name], np.array([n]), rule)
    return r[0]


def by_the_library(net, trace, layer, unit):
    """The library's own."""
    return deconvnet.project(net, trace, layer, unit)


def by_gradient(net, trace, layer, unit):
    """The ReLU's mask of the way up, and no rectification."""
    return deconvnet.project(net, trace, layer, unit, rule="gradient")


def by_guided(net, trace, layer, unit):
    """Both at the ReLU."""
    return deconvnet.project(net, trace, layer, unit, rule="guided")


def by_nothing(net, trace, layer, unit):
    """Everything passes the ReLU."""
    return deconvnet.project(net, trace, layer, unit, rule=(False, True, False))


def without_switches(net, trace, layer, unit):
    """A pool sends each value to the middle of its window."""
    return deconvnet.project(net, trace, layer, unit, rule=(False, False, True))


def from_one(net, trace, layer, unit):
    """The seed is 1."""
    return layer_by_layer(net, trace, layer, unit, seed=1)


RIGHT = {"the library's own": by_the_library, "one that goes layer by layer": layer_by_layer}
CAUGHT = {"is the gradient: at a ReLU it passes where the input was positive": by_gradient,
          "is guided backpropagation: at a ReLU it passes where both are positive": by_guided,
          "lets everything pass at a ReLU": by_nothing,
          "seeds with 1, not with the unit's own value": from_one,
          "doesn't go by the switches, but to the middle of each window": without_switches}


def accepted(judge, rng):
    """right functions pass"""
    judge.accepts(RIGHT, CAUGHT,
                  hint="Work out by hand what must come, and compare floats by np.allclose.")


def caught(judge, rng):
    """wrong functions are caught"""
    judge.refuses(CAUGHT, hint="Take a picture of different pixels through four_units, and compare "
                               "every pixel with what you worked out by hand.")


TASKS = [
    Task("1.1", "at_the_pixel", [Check("prediction", 1, at_the_pixel)], prediction=True),
    Task("1.2", "rectify", [
        Check("deconvnet", 2, by_rule("deconvnet", "r passes where r > 0")),
        Check("gradient", 1, by_rule("gradient", "r passes where x > 0")),
        Check("guided", 1, by_rule("guided", "r passes where both are > 0")),
        Check("zero", 1, zeros), Check("manners", 1, rectify_manners)], after="at_the_pixel"),
    Task("2.1", "stage_down", [
        Check("one map", 2, one_map), Check("maps", 1, several_maps), Check("stride", 1, strides),
        Check("meeting", 2, meeting_signs), Check("manners", 1, stage_manners)]),
    Task("2.2", "cone", [
        Check("one window", 1, one_window), Check("stack", 2, stacked),
        Check("padding", 2, margins)], returns=("start", "stop")),
    Task("3.1", "with_bias", [Check("prediction", 1, with_bias)], prediction=True),
    Task("3.2", "project", [
        Check("one image", 3, one_image), Check("rules", 2, other_rules),
        Check("pool", 2, through_pools), Check("images", 1, other_images),
        Check("layers", 1, middle_layers), Check("normalization", 1, other_layers),
        Check("manners", 1, project_manners)], after="with_bias"),
    Task("3.3", "test_project", [Check("right ones", 1, accepted), Check("wrong ones", 2, caught)]),
]
