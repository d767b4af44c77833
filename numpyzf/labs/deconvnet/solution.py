"""Lab deconvnet: what made a unit fire (section 2.1 of the paper, lesson 4).

A unit deep in a net is one number. The deconvnet shows the pixels that caused it: it sets every
other unit to zero, and goes down by the way that the number came up.

         up                                           down

    image                                         pixels
      |   conv1   filter, add the bias              ^   transposed filters; no bias
      |   relu1   max(x, 0)                         |   rectify
      |   pool1   maximum, and its switch           |   unpool: to where the maximum was
      |   conv2   filter, add the bias              |   transposed filters; no bias
      v                                             |
    one unit fires: 6                             its own value, 6, and zeros around it

There are three such ways down, and they differ in one line, at the ReLU. Into the ReLU went x, on
the way up. Back to it comes r, on the way down.

    "gradient"      lets r pass where x > 0: where the ReLU was open on the way up
    "deconvnet"     lets r pass where r > 0, whatever x was: so it rectifies r
    "guided"        lets r pass where both are

Write what is asked for, in any order, and check as often as you like:

    numpyzf lab check deconvnet.py                all of it
    numpyzf lab check deconvnet.py --task 2.1     one task
    numpyzf lab check deconvnet.py --seed 1       with other numbers

When everything passes, your functions look into a net that has been trained, and draw what made its
units fire. For all arrays: N images, C maps, H×W pixels; a convolution makes F maps by its filters
w (F, C, K, K). A window, of a convolution or a pool, is (size, stride, pad): it is `size` pixels
wide, the windows are `stride` pixels apart, and the first begins `pad` pixels before the map.
"""
import numpy as np

from numpyzf.functional import (Switches, conv_forward, conv_transpose, relu_backward,
                                relu_project, unpool)
from numpyzf.layers import Conv, MaxPool, ReLU
from numpyzf.network import Network

# For everything that a task does not ask for, use the library. What has a = below is given by its
# name, such as stride=2:
#
#     conv_forward(x, w, b, stride=1, pad=0)    filters on the way up; returns y and what it saved
#     conv_transpose(r, w, stride=1, pad=0, size=(H, W))    filters on the way down; makes H×W
#     unpool(r, Switches(index, x_shape))       sends r to the switches; what meets there adds
#     relu_project(r)                           r where r > 0, else 0
#     relu_backward(r, mask)                    r where the mask is True, else 0


# ---- 1. At a ReLU --------------------------------------------------------------------------------
#
# Task 1.1: predict, before you write any code. A picture has 2×2 pixels. A max pool takes the
# largest, 1. Four units multiply it by w = 2, −1, 3, −2. A ReLU follows. One last unit takes the
# four with weights v = 4, 5, −1, −3. Now down: seed the last unit with 1. So v comes down to the
# ReLU. What gets through, each of the four units multiplies by its w, and hands it to the one pixel
# that won the pool, where all of it is added.
#
#     unit                              0    1    2    3
#     going up, into the ReLU, x        2   −1    3   −2
#     coming down to the ReLU, r = v    4    5   −1   −3
#     at the pixel                      the sum of w·r over the units that the ReLU lets through
#
# What stands at that pixel, by each of the three ways down? Write three numbers: (by gradient, by
# deconvnet, by guided).

# BEGIN SOLUTION
at_the_pixel = (5, 3, 8)
# END SOLUTION


def rectify(r, x, rule):
    """Task 1.2: what a ReLU lets through on the way down.

    r: what comes down to it, floats of any shape.
    x: what went *into* the ReLU on the way up, of the same shape.
    rule: "gradient", "deconvnet" or "guided", see above. Where x or r is exactly 0, it isn't > 0.
    Returns what goes on, of r's shape and dtype: r where it passes, else 0.

    >>> r, x = np.array([4., 5., -1., -3.]), np.array([2., -1., 3., -2.])
    >>> rectify(r, x, "deconvnet")
    array([4., 5., 0., 0.])
    """
    # BEGIN SOLUTION
    passes = np.ones(r.shape, bool)
    if rule in ("gradient", "guided"):
        passes &= x > 0
    if rule in ("deconvnet", "guided"):
        passes &= r > 0
    return np.where(passes, r, 0).astype(r.dtype)
    # END SOLUTION


# ---- 2. Through one stage, and where it can end --------------------------------------------------

def stage_down(r, index, map_shape, w, *, stride, pad, size):
    """Task 2.1: the deconvnet's way down through one stage: pool, ReLU, convolution.

    On the way up, the convolution's maps of shape map_shape went through the ReLU and then the
    pool. So on the way down the pool comes first: unpool, rectify, filter. The activations of the
    way up aren't needed, and the bias plays no part.

    r: (1, F, OH, OW), floats: what comes down to the pool.
    index: int32 (1, F, OH, OW), the pool's switches: row·width + column in maps of map_shape.
    map_shape: (1, F, height, width), of what the pool took. Values that meet in a place add.
    w: (F, C, K, K), the filters of the convolution.
    stride, pad: of the convolution.
    size: (H, W), of what the convolution took.
    Returns (1, C, H, W), of r's dtype.

    >>> r, index = np.array([[[[5.]], [[-6.]]]]), np.array([[[[1]], [[0]]]], np.int32)
    >>> w = np.array([10., 1.]).reshape(2, 1, 1, 1)
    >>> stage_down(r, index, (1, 2, 2, 2), w, stride=1, pad=0, size=(2, 2))
    array([[[[ 0., 50.],
             [ 0.,  0.]]]])
    """
    # BEGIN SOLUTION
    r = unpool(r, Switches(index, map_shape))
    r = relu_project(r)
    return conv_transpose(r, w, stride=stride, pad=pad, size=size)
    # END SOLUTION


def cone(place, windows, sizes):
    """Task 2.2: the pixels that a unit can see, along one axis. A projection is zero outside.

    place: the unit's place in the top map, an int: its row, say.
    windows: [(size, stride, pad), …] of all convolutions and pools from the image up.
    sizes: [pixels of the image, of the first map, …]: what each of the windows moves over.
    Returns (start, stop), ints, half-open: the unit sees the pixels start … stop − 1. Padding is no
    pixel, neither of the image nor of a map between.

        windows = (3, 1, 1), (2, 2, 0)           sizes = 6, 6           place = 1

        top map                        0     1     2
        the map between                     2 3           two of it, from 1·2 on
        image                              1 2 3 4        three around each: (1, 5)

    >>> cone(1, [(3, 1, 1), (2, 2, 0)], [6, 6])
    (1, 5)
    """
    # BEGIN SOLUTION
    start, stop = place, place + 1
    for (size, stride, pad), n in zip(reversed(windows), reversed(sizes)):
        start = max(start * stride - pad, 0)
        stop = min((stop - 1) * stride - pad + size, n)
    return start, stop
    # END SOLUTION


# ---- 3. From a unit to the pixels ----------------------------------------------------------------
#
# Here is the net of task 1.1. Its last unit has the bias 1, so it fires with 2·4 + 3·(−1) + 1 = 6.

def four_units(picture):
    """The net of task 1.1, and its trace for a picture of 2×2 pixels: (net, trace).

    >>> net, trace = four_units([[0, 1], [0.5, 0.25]])
    >>> trace["conv2"]
    array([[[[6.]]]], dtype=float32)
    """
    net = Network([("pool1", MaxPool(2, stride=2)), ("conv1", Conv(1, 4, 1)), ("relu1", ReLU()),
                   ("conv2", Conv(4, 1, 1))], (1, 2, 2))
    net.load_parameters({"conv1.w": np.float32([2, -1, 3, -2]).reshape(4, 1, 1, 1),
                         "conv1.b": np.zeros(4, np.float32),
                         "conv2.w": np.float32([4, 5, -1, -3]).reshape(1, 4, 1, 1),
                         "conv2.b": np.ones(1, np.float32)})
    return net, net.forward(np.float32(picture).reshape(1, 1, 2, 2))


# Task 3.1: predict, before you write any code. A projection starts from the unit's own value. By
# the deconvnet, a seed of 1 puts 3 at the pixel, see task 1.1. (If you don't have that: 4·2 and
# 5·(−1) get through, and make 3.) The unit's own value is 6. So its projection puts 18 there. Now
# the bias of the last unit is raised from 1 to 3, and the same picture goes up, and down again.
# What stands at the pixel?

# BEGIN SOLUTION
with_bias = 24
# END SOLUTION


def project(net, trace, layer, unit, rule):
    """Task 3.2: project one unit of one layer down to the pixels that caused it.

    net: a Network. What you need of it:
        net.layers                  {"conv1": Conv, "relu1": ReLU, …} from the image up, each layer
                                    on top of the one before it. isinstance(…, Conv) tells
        net.layers["conv1"]         .params["w"] are its filters, .window is (size, stride, pad)
    trace: what net.forward(x) returned for a batch of N images:
        trace["conv1"]              the output of that layer, (N, F, OH, OW); trace["input"] is x
        trace.saved["relu1"]        a ReLU's mask, (N, F, OH, OW): True where its input was > 0
        trace.saved["pool1"]        a pool's Switches: .index (N, C, OH, OW) and .x_shape
    layer: the name of the unit's layer. The way down begins with this layer itself.
    unit: (n, map, row, column), of trace[layer]. The seed is the unit's own value, every other unit
    is zero, and of the trace only image n counts.
    rule: "gradient", "deconvnet" or "guided", at every ReLU. Layers of another kind than Conv, ReLU
    and MaxPool let everything pass unchanged, by any rule.
    Returns the pixels (C, H, W) of that one image, of the dtype of trace[layer]. Neither net nor
    trace is changed.

    >>> net, trace = four_units([[0, 1], [0.5, 0.25]])
    >>> project(net, trace, "conv2", (0, 0, 0, 0), "deconvnet")
    array([[[ 0., 18.],
            [ 0.,  0.]]], dtype=float32)
    """
    # BEGIN SOLUTION
    n, *place = unit
    y = trace[layer]
    r = np.zeros((1, *y.shape[1:]), y.dtype)
    r[(0, *place)] = y[unit]
    names = ["input", *net.layers]
    for above in range(names.index(layer), 0, -1):
        name = names[above]
        kind, x_shape = net.layers[name], (1, *trace[names[above - 1]].shape[1:])
        if isinstance(kind, Conv):
            _, stride, pad = kind.window
            r = conv_transpose(r, kind.params["w"], stride=stride, pad=pad, size=x_shape[2:])
        elif isinstance(kind, MaxPool):
            r = unpool(r, Switches(trace.saved[name].index[n:n + 1], x_shape))
        elif isinstance(kind, ReLU):
            if rule != "gradient":
                r = relu_project(r)
            if rule != "deconvnet":
                r = relu_backward(r, trace.saved[name][n:n + 1])
    return r[0]
    # END SOLUTION


def test_project(project):
    """Task 3.3: write a test. Is this `project` the deconvnet, and not one of its relatives?

    Your test will be run on right functions, which it must let pass, and on wrong ones, which it
    must catch. One of these is the gradient. A net like `four_units` is all that you need.

    project: a function like that of task 3.2, but without a rule, as it always goes by "deconvnet":
    call project(net, trace, layer, unit).
    Returns nothing if the function is right. If it is wrong, an `assert` fails.
    """
    # BEGIN SOLUTION
    net, trace = four_units([[0, 1], [0.5, 0.25]])
    pixels = project(net, trace, "conv2", (0, 0, 0, 0))
    assert np.allclose(pixels, [[[0, 18], [0, 0]]])
    # END SOLUTION
