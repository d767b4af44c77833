"""Wrong answers to the tasks of the deconvnet lab, one misconception each; a docstring is the hint.

They use what solution.py imports and makes, and nothing else. Of those that fail the first check of
a task, no other is run: so they need not do more than that check asks for.
"""
import numpy as np

from ...functional import (Switches, conv_forward, conv_transpose, relu_backward, relu_project,
                           unpool)
from ...layers import Conv, MaxPool, ReLU
from .. import judge
from ..tasks import Wrong
from .solution import four_units


# ---- 1.2 rectify ---------------------------------------------------------------------------------

def mask_of_the_way_up(r, x, rule):
    """The deconvnet doesn't ask what x was: it lets r pass where r itself is positive."""
    return r * ((x > 0) & ((r > 0) | (rule != "guided")))


def size_without_sign(r, x, rule):
    """The deconvnet rectifies: where r is below zero, nothing goes on. Yours turns its sign."""
    if rule == "deconvnet":
        return np.abs(r)
    return r * ((x > 0) & ((r > 0) | (rule == "gradient")))


def everything_passes(r, x, rule):
    """By deconvnet a ReLU stops r where it isn't positive. Yours lets everything pass."""
    if rule == "deconvnet":
        return r.copy()
    return r * ((x > 0) & ((r > 0) | (rule == "gradient")))


def gradient_rectifies(r, x, rule):
    """A gradient may be negative. Yours stops what is; what counts is whether x was positive."""
    return r * ((r > 0) & ((x > 0) | (rule != "guided")))


def multiplies_by_the_output(r, x, rule):
    """The slope of a ReLU is 1 where x > 0, not x: r passes as it is."""
    if rule == "gradient":
        return r * np.maximum(x, 0)
    return r * ((r > 0) & ((x > 0) | (rule == "deconvnet")))


def guided_takes_either(r, x, rule):
    """Guided asks for both, x > 0 and r > 0. Yours is content with one of them."""
    if rule == "guided":
        return r * ((x > 0) | (r > 0))
    return r * (x > 0 if rule == "gradient" else r > 0)


def guided_is_the_gradient(r, x, rule):
    """Guided asks for r > 0 too. Yours is the gradient."""
    return r * (r > 0 if rule == "deconvnet" else x > 0)


def guided_is_open_at_zero(r, x, rule):
    """At x = 0 a ReLU is shut by guided too: x > 0, and not x >= 0."""
    return r * (r > 0 if rule == "deconvnet" else x > 0 if rule == "gradient" else
                (x >= 0) & (r > 0))


def open_at_zero(r, x, rule):
    """At x = 0 a ReLU is shut: x > 0, and not x >= 0."""
    return r * (r > 0 if rule == "deconvnet" else x >= 0 if rule == "gradient" else
                (x > 0) & (r > 0))


def rectifies_in_place(r, x, rule):
    """-"""
    if rule != "deconvnet":
        r[x <= 0] = 0
    if rule != "gradient":
        r[r <= 0] = 0
    return r


def mask_of_float64(r, x, rule):
    """-"""
    passes = np.ones(r.shape)
    if rule != "deconvnet":
        passes *= x > 0
    if rule != "gradient":
        passes *= r > 0
    return r * passes


# ---- 2.1 stage_down ------------------------------------------------------------------------------

def no_rectification(r, index, map_shape, w, *, stride, pad, size):
    """There is a ReLU between pool and convolution: rectify what comes down to it."""
    return conv_transpose(unpool(r, Switches(index, map_shape)), w, stride=stride, pad=pad,
                          size=size)


def rectifies_the_pixels(r, index, map_shape, w, *, stride, pad, size):
    """What the filters make isn't rectified: the ReLU lies above the convolution, and pixels may be
    negative."""
    r = relu_project(unpool(r, Switches(index, map_shape)))
    return relu_project(conv_transpose(r, w, stride=stride, pad=pad, size=size))


def filters_first(r, index, map_shape, w, *, stride, pad, size):
    """The ReLU comes before the filters on the way down. Yours filters, and then rectifies."""
    r = unpool(r, Switches(index, map_shape))
    return relu_project(conv_transpose(r, w, stride=stride, pad=pad, size=size))


def not_flipped(r, index, map_shape, w, *, stride, pad, size):
    """If you filter down by conv_forward, flip each filter first, up-down and left-right:
    w[:, :, ::-1, ::-1]. Or take conv_transpose, and the filters as they are."""
    if stride > 1 or size[0] != map_shape[2] + w.shape[2] - 1 - 2 * pad:
        return conv_transpose(relu_project(unpool(r, Switches(index, map_shape))), w,
                              stride=stride, pad=pad, size=size)
    r = relu_project(unpool(r, Switches(index, map_shape)))
    swapped = np.ascontiguousarray(w.transpose(1, 0, 2, 3))
    y, _ = conv_forward(r, swapped, np.zeros(len(swapped), w.dtype), pad=w.shape[2] - 1 - pad)
    return y


def steps_by_the_filter_s_size(r, index, map_shape, w, *, stride, pad, size):
    """Neighbors in the map are `stride` pixels apart below. Yours are the filter's size apart."""
    r = relu_project(unpool(r, Switches(index, map_shape)))
    N, F, height, width = map_shape
    K = w.shape[2]
    x = np.zeros((N, w.shape[1], K * height + K, K * width + K), r.dtype)
    for f, p, q in np.ndindex(F, height, width):
        x[0, :, p * K:p * K + K, q * K:q * K + K] += r[0, f, p, q] * w[f]
    return x[:, :, pad:pad + size[0], pad:pad + size[1]].copy()


def first_map_s_switches(r, index, map_shape, w, *, stride, pad, size):
    """Each map has switches of its own: index[0, f]. Yours uses those of the first for all."""
    index = np.broadcast_to(index[:, :1], index.shape).copy()
    r = relu_project(unpool(r, Switches(index, map_shape)))
    return conv_transpose(r, w, stride=stride, pad=pad, size=size)


def first_channel_alone(r, index, map_shape, w, *, stride, pad, size):
    """Filters have a part for each of the C maps below: w[f, c]. Yours uses w[f, 0] for all."""
    r = relu_project(unpool(r, Switches(index, map_shape)))
    return conv_transpose(r, np.broadcast_to(w[:, :1], w.shape).copy(), stride=stride, pad=pad,
                          size=size)


def works_the_size_out(r, index, map_shape, w, *, stride, pad, size):
    """With a stride, several sizes have one size of maps: make what `size` says. Its last pixels
    may be zero, since no filter has seen them."""
    r = relu_project(unpool(r, Switches(index, map_shape)))
    H, W = ((n - 1) * stride + w.shape[2] - 2 * pad for n in map_shape[2:])
    return conv_transpose(r, w, stride=stride, pad=pad, size=(H, W))


def rectifies_before_it_unpools(r, index, map_shape, w, *, stride, pad, size):
    """First unpool, then rectify. It matters where values meet: yours rectifies them one by one,
    not their sum."""
    r = unpool(relu_project(r), Switches(index, map_shape))
    return conv_transpose(r, w, stride=stride, pad=pad, size=size)


def the_last_value_stays(r, index, map_shape, w, *, stride, pad, size):
    """Where values meet in unpooling they add. Yours keeps the last."""
    x = np.zeros(map_shape, r.dtype)
    for f, p, q in np.ndindex(r.shape[1:]):
        x[0, f].reshape(-1)[index[0, f, p, q]] = r[0, f, p, q]
    return conv_transpose(relu_project(x), w, stride=stride, pad=pad, size=size)


def stage_in_float64(r, index, map_shape, w, *, stride, pad, size):
    """-"""
    r = relu_project(unpool(r, Switches(index, map_shape))).astype(float)
    return conv_transpose(r, w.astype(float), stride=stride, pad=pad, size=size)


def rectifies_the_caller_s_array(r, index, map_shape, w, *, stride, pad, size):
    """-"""
    x = relu_project(unpool(r, Switches(index, map_shape)))
    r[r < 0] = 0
    return conv_transpose(x, w, stride=stride, pad=pad, size=size)


# ---- 2.2 cone ------------------------------------------------------------------------------------

def up_to_and_with(place, windows, sizes):
    """stop is the first pixel that isn't seen: half-open, as in range(start, stop)."""
    start, stop = place, place + 1
    for (size, stride, pad), n in zip(reversed(windows), reversed(sizes)):
        start, stop = max(start * stride - pad, 0), min((stop - 1) * stride - pad + size, n)
    return start, stop - 1


def begins_at_the_stop(place, windows, sizes):
    """The last place is stop − 1, and its window begins at (stop − 1)·stride − pad. Yours begins
    at stop·stride − pad."""
    start, stop = place, place + 1
    for (size, stride, pad), n in zip(reversed(windows), reversed(sizes)):
        start, stop = max(start * stride - pad, 0), min(stop * stride - pad + size, n)
    return start, stop


def centered_on_the_place(place, windows, sizes):
    """A window begins at place·stride − pad. Yours is centered there."""
    start, stop = place, place + 1
    for (size, stride, pad), n in zip(reversed(windows), reversed(sizes)):
        start = max(start * stride - size // 2, 0)
        stop = min((stop - 1) * stride - size // 2 + size, n)
    return start, stop


def steps_of_one(place, windows, sizes):
    """Windows are `stride` pixels apart. Yours are 1 apart."""
    start, stop = place, place + 1
    for (size, stride, pad), n in zip(reversed(windows), reversed(sizes)):
        start, stop = max(start - pad, 0), min(stop - 1 - pad + size, n)
    return start, stop


def adds_the_sizes(place, windows, sizes):
    """What is seen grows by (size − 1) of that map's own pixels. Below a stride these are `stride`
    pixels apart; yours counts them as neighbors."""
    start, stop = place, place + 1
    for (size, stride, pad), n in zip(reversed(windows), reversed(sizes)):
        first = start * stride - pad
        start, stop = max(first, 0), min(first + (stop - start) + size - 1, n)
    return start, stop


def from_the_image_up(place, windows, sizes):
    """Begin with the last window, which is the top one, and go down. Yours begins at the image."""
    start, stop = place, place + 1
    for (size, stride, pad), n in zip(windows, reversed(sizes)):
        start, stop = max(start * stride - pad, 0), min((stop - 1) * stride - pad + size, n)
    return start, stop


def around_the_first_alone(place, windows, sizes):
    """One window makes a range of places. The window below is to be put around all of these, from
    the first to the last. Yours looks at the first alone."""
    start, stop = place, place + 1
    for (size, stride, pad), n in zip(reversed(windows), reversed(sizes)):
        start, stop = max(start * stride - pad, 0), min(start * stride - pad + size, n)
    return start, stop


def forgets_the_padding(place, windows, sizes):
    """The first window begins `pad` pixels before the map: take pad off."""
    start, stop = place, place + 1
    for (size, stride, pad), n in zip(reversed(windows), reversed(sizes)):
        start, stop = start * stride, min((stop - 1) * stride + size, n)
    return start, stop


def pads_before_it_strides(place, windows, sizes):
    """Padding is of the map below: start·stride − pad. Yours takes it off first, and then
    multiplies it by the stride."""
    start, stop = place, place + 1
    for (size, stride, pad), n in zip(reversed(windows), reversed(sizes)):
        start, stop = max((start - pad) * stride, 0), min((stop - 1 - pad) * stride + size, n)
    return start, stop


def counts_the_padding(place, windows, sizes):
    """Padding is no pixel: nothing below 0, and nothing from the map's size on."""
    start, stop = place, place + 1
    for (size, stride, pad), n in zip(reversed(windows), reversed(sizes)):
        start, stop = start * stride - pad, (stop - 1) * stride - pad + size
    return start, stop


def cuts_at_the_image_alone(place, windows, sizes):
    """Padding of a map between is no place of it, and sees nothing: cut at every map, not at the
    image alone."""
    start, stop = place, place + 1
    for (size, stride, pad), n in zip(reversed(windows), reversed(sizes)):
        start, stop = start * stride - pad, (stop - 1) * stride - pad + size
    return max(start, 0), min(stop, sizes[0])


# ---- 3.2 project ---------------------------------------------------------------------------------

def seeds_with_one(net, trace, layer, unit, rule):
    """The seed is the unit's own value, trace[layer][unit]. Yours is 1."""
    r = np.zeros_like(trace[layer])
    r[unit] = 1
    for name in reversed(net.up_to(layer)):
        if isinstance(net.layers[name], Conv):
            r = net.layers[name].project(r, trace.saved[name], [0], rule)
        else:
            r = relu_project(r)
    return r[0]


def whole_map(net, trace, layer, unit, rule):
    """All units but one are zero. Yours keeps the whole map of the unit."""
    r = np.zeros_like(trace[layer])
    r[:, unit[1]] = trace[layer][:, unit[1]]
    for name in reversed(net.up_to(layer)):
        if isinstance(net.layers[name], Conv):
            r = net.layers[name].project(r, trace.saved[name], [0], rule)
        else:
            r = relu_project(r)
    return r[0]


def all_maps_at_the_place(net, trace, layer, unit, rule):
    """All units but one are zero. Yours keeps those of the other maps at the same place."""
    r = np.zeros_like(trace[layer])
    r[..., unit[2], unit[3]] = trace[layer][..., unit[2], unit[3]]
    for name in reversed(net.up_to(layer)):
        if isinstance(net.layers[name], Conv):
            r = net.layers[name].project(r, trace.saved[name], [0], rule)
        else:
            r = relu_project(r)
    return r[0]


def leaves_its_own_layer_out(net, trace, layer, unit, rule):
    """The way down begins with the unit's own layer: if it is a convolution, its filters come
    first. Yours begins below it."""
    r = np.zeros_like(trace[layer])
    r[unit] = trace[layer][unit]
    for name in reversed(net.up_to(layer)[:-1]):
        if isinstance(net.layers[name], Conv):
            r = net.layers[name].project(r, trace.saved[name], [0], rule)
        else:
            r = relu_project(r)
    return r[0]


def takes_the_bias_off(net, trace, layer, unit, rule):
    """The bias plays no part on the way down. Yours takes it off before it filters."""
    r = np.zeros_like(trace[layer])
    r[unit] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        if isinstance(net.layers[name], Conv):
            r = r - net.layers[name].params["b"][:, None, None]
            r = net.layers[name].project(r, trace.saved[name], [0], rule)
        else:
            r = relu_project(r)
    return r[0]


def adds_the_bias(net, trace, layer, unit, rule):
    """The bias plays no part on the way down. Yours adds it before it filters."""
    r = np.zeros_like(trace[layer])
    r[unit] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        if isinstance(net.layers[name], Conv):
            r = r + net.layers[name].params["b"][:, None, None]
            r = net.layers[name].project(r, trace.saved[name], [0], rule)
        else:
            r = relu_project(r)
    return r[0]


def mask_for_the_deconvnet(net, trace, layer, unit, rule):
    """By deconvnet a ReLU rectifies what comes down, whatever the mask of the way up says.
    Yours uses that mask."""
    r = np.zeros_like(trace[layer])
    r[unit] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        if isinstance(net.layers[name], Conv):
            r = net.layers[name].project(r, trace.saved[name], [0], rule)
        else:
            r = relu_backward(r, trace.saved[name])
    return r[0]


def rectifies_nothing(net, trace, layer, unit, rule):
    """By deconvnet a ReLU stops what comes down and isn't positive. Yours lets everything
    pass."""
    r = np.zeros_like(trace[layer])
    r[unit] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        if isinstance(net.layers[name], Conv):
            r = net.layers[name].project(r, trace.saved[name], [0], rule)
        else:
            pass
    return r[0]


def rectifies_the_picture(net, trace, layer, unit, rule):
    """Only a ReLU rectifies, and there is none below the image: pixels may be negative."""
    r = np.zeros_like(trace[layer])
    r[unit] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        if isinstance(net.layers[name], Conv):
            r = net.layers[name].project(r, trace.saved[name], [0], rule)
        else:
            r = relu_project(r)
    return relu_project(r)[0]


def keeps_the_batch(net, trace, layer, unit, rule):
    """It is one image that comes back, (C, H, W): take it out of its batch of one."""
    r = np.zeros_like(trace[layer])
    r[unit] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        if isinstance(net.layers[name], Conv):
            r = net.layers[name].project(r, trace.saved[name], [0], rule)
        else:
            r = relu_project(r)
    return r


def deconvnet_always(net, trace, layer, unit, rule):
    """The rule is an argument. Yours does the same for all three."""
    r = np.zeros((1, *trace[layer].shape[1:]), trace[layer].dtype)
    r[(0, *unit[1:])] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        kind, saved, n = net.layers[name], trace.saved[name], unit[0]
        if isinstance(kind, Conv):
            r = kind.project(r, saved, [n], rule)
        elif isinstance(kind, MaxPool):
            r = unpool(r, Switches(saved.index[n:n + 1], (1, *saved.x_shape[1:])))
        elif isinstance(kind, ReLU):
            r = relu_project(r)
    return r[0]


def guided_without_the_mask(net, trace, layer, unit, rule):
    """Guided asks for both: what comes down is positive, and the mask of the way up is True.
    Yours asks for the first alone."""
    r = np.zeros((1, *trace[layer].shape[1:]), trace[layer].dtype)
    r[(0, *unit[1:])] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        kind, saved, n = net.layers[name], trace.saved[name], unit[0]
        if isinstance(kind, Conv):
            r = kind.project(r, saved, [n], rule)
        elif isinstance(kind, MaxPool):
            r = unpool(r, Switches(saved.index[n:n + 1], (1, *saved.x_shape[1:])))
        elif isinstance(kind, ReLU):
            r = relu_backward(r, saved[n:n + 1]) if rule == "gradient" else relu_project(r)
    return r[0]


def guided_without_rectifying(net, trace, layer, unit, rule):
    """Guided asks for both: what comes down is positive, and the mask of the way up is True.
    Yours asks for the mask alone."""
    r = np.zeros((1, *trace[layer].shape[1:]), trace[layer].dtype)
    r[(0, *unit[1:])] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        kind, saved, n = net.layers[name], trace.saved[name], unit[0]
        if isinstance(kind, Conv):
            r = kind.project(r, saved, [n], rule)
        elif isinstance(kind, MaxPool):
            r = unpool(r, Switches(saved.index[n:n + 1], (1, *saved.x_shape[1:])))
        elif isinstance(kind, ReLU):
            r = relu_project(r) if rule == "deconvnet" else relu_backward(r, saved[n:n + 1])
    return r[0]


def to_the_corner(net, trace, layer, unit, rule):
    """A pool sends each value to its switch, trace.saved[name].index. Yours goes to the first
    pixel of each window."""
    r = np.zeros((1, *trace[layer].shape[1:]), trace[layer].dtype)
    r[(0, *unit[1:])] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        kind, saved, n = net.layers[name], trace.saved[name], unit[0]
        if isinstance(kind, Conv):
            r = kind.project(r, saved, [n], rule)
        elif isinstance(kind, MaxPool):
            x = np.zeros((1, *saved.x_shape[1:]), r.dtype)
            for c, p, q in np.ndindex(r.shape[1:]):
                x[0, c, p * kind.window.stride, q * kind.window.stride] += r[0, c, p, q]
            r = x
        elif isinstance(kind, ReLU):
            r = r if rule == "gradient" else relu_project(r)
            r = r if rule == "deconvnet" else relu_backward(r, saved[n:n + 1])
    return r[0]


def to_all_pixels(net, trace, layer, unit, rule):
    """A pool sends each value to one pixel, its switch. Yours goes to all pixels of the
    window."""
    r = np.zeros((1, *trace[layer].shape[1:]), trace[layer].dtype)
    r[(0, *unit[1:])] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        kind, saved, n = net.layers[name], trace.saved[name], unit[0]
        if isinstance(kind, Conv):
            r = kind.project(r, saved, [n], rule)
        elif isinstance(kind, MaxPool):
            x, (size, stride, _) = np.zeros((1, *saved.x_shape[1:]), r.dtype), kind.window
            for c, p, q in np.ndindex(r.shape[1:]):
                top, left = p * stride, q * stride
                x[0, c, top:top + size, left:left + size] += r[0, c, p, q]
            r = x
        elif isinstance(kind, ReLU):
            r = r if rule == "gradient" else relu_project(r)
            r = r if rule == "deconvnet" else relu_backward(r, saved[n:n + 1])
    return r[0]


def does_not_add(net, trace, layer, unit, rule):
    """Where windows overlap, two values may meet at one switch. They add; yours keeps the
    last."""
    r = np.zeros((1, *trace[layer].shape[1:]), trace[layer].dtype)
    r[(0, *unit[1:])] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        kind, saved, n = net.layers[name], trace.saved[name], unit[0]
        if isinstance(kind, Conv):
            r = kind.project(r, saved, [n], rule)
        elif isinstance(kind, MaxPool):
            x = np.zeros((1, *saved.x_shape[1:]), r.dtype)
            for c, p, q in np.ndindex(r.shape[1:]):
                x[0, c].reshape(-1)[saved.index[n, c, p, q]] = r[0, c, p, q]
            r = x
        elif isinstance(kind, ReLU):
            r = r if rule == "gradient" else relu_project(r)
            r = r if rule == "deconvnet" else relu_backward(r, saved[n:n + 1])
    return r[0]


def first_image_s_switches(net, trace, layer, unit, rule):
    """The switches are those of the unit's own image: .index[n]. Yours are the first
    image's."""
    r = np.zeros((1, *trace[layer].shape[1:]), trace[layer].dtype)
    r[(0, *unit[1:])] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        kind, saved, n = net.layers[name], trace.saved[name], unit[0]
        if isinstance(kind, Conv):
            r = kind.project(r, saved, [n], rule)
        elif isinstance(kind, MaxPool):
            r = unpool(r, Switches(saved.index[:1], (1, *saved.x_shape[1:])))
        elif isinstance(kind, ReLU):
            r = r if rule == "gradient" else relu_project(r)
            r = r if rule == "deconvnet" else relu_backward(r, saved[n:n + 1])
    return r[0]


def seeds_from_the_first_image(net, trace, layer, unit, rule):
    """The seed is the value of the unit in its own image, trace[layer][unit]. Yours is that in the
    first image."""
    r = np.zeros((1, *trace[layer].shape[1:]), trace[layer].dtype)
    r[(0, *unit[1:])] = trace[layer][(0, *unit[1:])]
    for name in reversed(net.up_to(layer)):
        kind, saved, n = net.layers[name], trace.saved[name], unit[0]
        if isinstance(kind, Conv):
            r = kind.project(r, saved, [n], rule)
        elif isinstance(kind, MaxPool):
            r = unpool(r, Switches(saved.index[n:n + 1], (1, *saved.x_shape[1:])))
        elif isinstance(kind, ReLU):
            r = r if rule == "gradient" else relu_project(r)
            r = r if rule == "deconvnet" else relu_backward(r, saved[n:n + 1])
    return r[0]


def first_image_s_mask(net, trace, layer, unit, rule):
    """The mask is that of the unit's own image: trace.saved[name][n]. Yours is the first
    image's."""
    r = np.zeros((1, *trace[layer].shape[1:]), trace[layer].dtype)
    r[(0, *unit[1:])] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        kind, saved, n = net.layers[name], trace.saved[name], unit[0]
        if isinstance(kind, Conv):
            r = kind.project(r, saved, [n], rule)
        elif isinstance(kind, MaxPool):
            r = unpool(r, Switches(saved.index[n:n + 1], (1, *saved.x_shape[1:])))
        elif isinstance(kind, ReLU):
            r = r if rule == "gradient" else relu_project(r)
            r = r if rule == "deconvnet" else relu_backward(r, saved[:1])
    return r[0]


def from_the_top_of_the_net(net, trace, layer, unit, rule):
    """Begin at the layer that is asked for, and leave out those above it. Yours goes through
    all."""
    r = np.zeros((1, *trace[layer].shape[1:]), trace[layer].dtype)
    r[(0, *unit[1:])] = trace[layer][unit]
    for name in reversed([*net.layers]):
        kind, saved, n = net.layers[name], trace.saved[name], unit[0]
        if isinstance(kind, Conv):
            r = kind.project(r, saved, [n], rule)
        elif isinstance(kind, MaxPool):
            r = unpool(r, Switches(saved.index[n:n + 1], (1, *saved.x_shape[1:])))
        elif isinstance(kind, ReLU):
            r = r if rule == "gradient" else relu_project(r)
            r = r if rule == "deconvnet" else relu_backward(r, saved[n:n + 1])
    return r[0]


def multiplies_by_the_normalization(net, trace, layer, unit, rule):
    """Contrast normalization lets everything pass unchanged on the way down. Yours multiplies
    by what was divided by."""
    r = np.zeros((1, *trace[layer].shape[1:]), trace[layer].dtype)
    r[(0, *unit[1:])] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        kind, saved, n = net.layers[name], trace.saved[name], unit[0]
        if isinstance(kind, Conv):
            r = kind.project(r, saved, [n], rule)
        elif isinstance(kind, MaxPool):
            r = unpool(r, Switches(saved.index[n:n + 1], (1, *saved.x_shape[1:])))
        elif isinstance(kind, ReLU):
            r = r if rule == "gradient" else relu_project(r)
            r = r if rule == "deconvnet" else relu_backward(r, saved[n:n + 1])
        else:
            r = r * saved.s[n:n + 1] ** saved.beta
    return r[0]


def gradient_of_the_normalization(net, trace, layer, unit, rule):
    """Contrast normalization lets everything pass unchanged on the way down. Yours takes its
    gradient."""
    r = np.zeros((1, *trace[layer].shape[1:]), trace[layer].dtype)
    r[(0, *unit[1:])] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        kind, saved, n = net.layers[name], trace.saved[name], unit[0]
        if isinstance(kind, Conv):
            r = kind.project(r, saved, [n], rule)
        elif isinstance(kind, MaxPool):
            r = unpool(r, Switches(saved.index[n:n + 1], (1, *saved.x_shape[1:])))
        elif isinstance(kind, ReLU):
            r = r if rule == "gradient" else relu_project(r)
            r = r if rule == "deconvnet" else relu_backward(r, saved[n:n + 1])
        else:
            r = kind.backward(np.repeat(r, len(trace), axis=0), saved)[0][n:n + 1]
    return r[0]


def rectifies_at_the_normalization(net, trace, layer, unit, rule):
    """Contrast normalization lets everything pass unchanged on the way down. Yours treats it as a
    ReLU: `else` isn't enough."""
    r = np.zeros((1, *trace[layer].shape[1:]), trace[layer].dtype)
    r[(0, *unit[1:])] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        kind, saved, n = net.layers[name], trace.saved[name], unit[0]
        if isinstance(kind, Conv):
            r = kind.project(r, saved, [n], rule)
        elif isinstance(kind, MaxPool):
            r = unpool(r, Switches(saved.index[n:n + 1], (1, *saved.x_shape[1:])))
        else:
            r = r if rule == "gradient" else relu_project(r)
            r = r if rule == "deconvnet" else relu_backward(r, trace[name][n:n + 1] > 0)
    return r[0]


def empties_the_trace(net, trace, layer, unit, rule):
    """-"""
    value, r = trace[layer][unit], trace[layer][unit[0]:unit[0] + 1]
    r[...] = 0
    r[(0, *unit[1:])] = value
    for name in reversed(net.up_to(layer)):
        kind, saved, n = net.layers[name], trace.saved[name], unit[0]
        if isinstance(kind, Conv):
            r = kind.project(r, saved, [n], rule)
        elif isinstance(kind, MaxPool):
            r = unpool(r, Switches(saved.index[n:n + 1], (1, *saved.x_shape[1:])))
        elif isinstance(kind, ReLU):
            r = r if rule == "gradient" else relu_project(r)
            r = r if rule == "deconvnet" else relu_backward(r, saved[n:n + 1])
    return r[0]


def pixels_in_float64(net, trace, layer, unit, rule):
    """-"""
    r = np.zeros((1, *trace[layer].shape[1:]), trace[layer].dtype)
    r[(0, *unit[1:])] = trace[layer][unit]
    for name in reversed(net.up_to(layer)):
        kind, saved, n = net.layers[name], trace.saved[name], unit[0]
        if isinstance(kind, Conv):
            r = kind.project(r, saved, [n], rule)
        elif isinstance(kind, MaxPool):
            r = unpool(r, Switches(saved.index[n:n + 1], (1, *saved.x_shape[1:])))
        elif isinstance(kind, ReLU):
            r = r if rule == "gradient" else relu_project(r)
            r = r if rule == "deconvnet" else relu_backward(r, saved[n:n + 1])
    return r[0].astype(float)


# ---- 3.3 test_project ----------------------------------------------------------------------------

def always_fails(project):
    """Your test fails whatever it is given."""
    assert False


def wants_the_gradient(project):
    """Your test wants what the gradient gives. At the ReLU the deconvnet passes units 0 and 1, so
    that 6·(4·2 − 5·1) comes to the pixel."""
    net, trace = four_units([[0, 1], [0.5, 0.25]])
    assert np.allclose(project(net, trace, "conv2", (0, 0, 0, 0)), [[[0, 30], [0, 0]]])


def wants_a_seed_of_one(project):
    """Your test wants what comes from a seed of 1. The seed is the unit's own value, 6 for a
    picture whose largest pixel is 1."""
    net, trace = four_units([[0, 1], [0.5, 0.25]])
    assert np.allclose(project(net, trace, "conv2", (0, 0, 0, 0)), [[[0, 3], [0, 0]]])


def never_fails(project):
    """Your test catches nothing: it calls the function, but doesn't look at what comes, or at its
    shape alone."""
    net, trace = four_units([[0, 1], [0.5, 0.25]])
    assert project(net, trace, "conv2", (0, 0, 0, 0)).shape == (1, 2, 2)


def no_relu_on_the_way(project):
    """In your test there is no ReLU below the unit, so the deconvnet and its relatives do the same.
    Project the last unit."""
    net, trace = four_units([[0, 2], [0.5, 0.25]])
    assert np.allclose(project(net, trace, "conv1", (0, 0, 0, 0)), [[[0, 8], [0, 0]]])


def where_alone(project):
    """Your test looks at the place, or at the size but for a factor, not at the value: all of those
    that differ at the ReLU come out the same."""
    net, trace = four_units([[0, 1], [0.5, 0.25]])
    pixels = project(net, trace, "conv2", (0, 0, 0, 0))
    assert np.flatnonzero(pixels).tolist() == [1]


def largest_in_the_middle(project):
    """In your test a pool's largest pixel is where a value also goes without switches: in the
    middle of the window, which of 2×2 pixels is the last. Put it elsewhere."""
    net, trace = four_units([[0, 0.5], [0.25, 1]])
    assert np.allclose(project(net, trace, "conv2", (0, 0, 0, 0)), [[[0, 0], [0, 18]]])


def a_unit_of_one(project):
    """In your test the unit's own value is 1, or its size isn't looked at, so a seed of 1 gives the
    same."""
    net, trace = four_units([[0, 0], [0, 0]])
    assert np.allclose(project(net, trace, "conv2", (0, 0, 0, 0)), [[[3, 0], [0, 0]]])


WRONG = [
    Wrong("1.1", "prediction", (3.0, 5.0, 8.0),
          "You have exchanged gradient and deconvnet: the gradient looks at the sign of what went "
          "up."),
    Wrong("1.1", "prediction", (6.0, 6.0, 6.0),
          "That is the sum over all four units: nothing was stopped at the ReLU."),
    Wrong("1.1", "prediction", (5.0, 3.0, 0.0),
          "Guided lets a unit pass if both signs are positive, not if one of them is."),
    Wrong("1.1", "prediction", (5.0, 14.0, 8.0),
          "The deconvnet rectifies what comes down to the ReLU, v. Yours rectifies w·v, after the "
          "weights."),
    Wrong("1.1", "prediction", (3.0, 9.0, 4.0),
          "These are the sums of v alone. Below the ReLU each unit multiplies by its w."),
    Wrong("1.2", "deconvnet", mask_of_the_way_up),
    Wrong("1.2", "deconvnet", size_without_sign),
    Wrong("1.2", "deconvnet", everything_passes),
    Wrong("1.2", "gradient", gradient_rectifies),
    Wrong("1.2", "gradient", multiplies_by_the_output),
    Wrong("1.2", "guided", guided_takes_either),
    Wrong("1.2", "guided", guided_is_the_gradient),
    Wrong("1.2", "guided", guided_is_open_at_zero),
    Wrong("1.2", "zero", open_at_zero),
    Wrong("1.2", "manners", rectifies_in_place, judge.INPUT),
    Wrong("1.2", "manners", mask_of_float64, judge.DTYPE),
    Wrong("2.1", "one map", no_rectification),
    Wrong("2.1", "one map", rectifies_the_pixels),
    Wrong("2.1", "one map", filters_first),
    Wrong("2.1", "one map", not_flipped),
    Wrong("2.1", "one map", steps_by_the_filter_s_size),
    Wrong("2.1", "maps", first_map_s_switches),
    Wrong("2.1", "maps", first_channel_alone),
    Wrong("2.1", "stride", works_the_size_out),
    Wrong("2.1", "meeting", rectifies_before_it_unpools),
    Wrong("2.1", "meeting", the_last_value_stays),
    Wrong("2.1", "manners", stage_in_float64, judge.DTYPE),
    Wrong("2.1", "manners", rectifies_the_caller_s_array, judge.INPUT),
    Wrong("2.2", "one window", up_to_and_with),
    Wrong("2.2", "one window", begins_at_the_stop),
    Wrong("2.2", "one window", centered_on_the_place),
    Wrong("2.2", "one window", steps_of_one),
    Wrong("2.2", "stack", adds_the_sizes),
    Wrong("2.2", "stack", from_the_image_up),
    Wrong("2.2", "stack", around_the_first_alone),
    Wrong("2.2", "padding", forgets_the_padding),
    Wrong("2.2", "padding", pads_before_it_strides),
    Wrong("2.2", "padding", counts_the_padding),
    Wrong("2.2", "padding", cuts_at_the_image_alone),
    Wrong("3.1", "prediction", 18.0,
          "The bias isn't filtered on the way down, that is true. But the seed is the unit's own "
          "value, and the bias is part of that."),
    Wrong("3.1", "prediction", 20.0,
          "The bias isn't added on the way down. It is part of the seed, the unit's own value."),
    Wrong("3.1", "prediction", 54.0,
          "The unit's value isn't 3 times as large: the bias is added to what the weights make, "
          "2·4 + 3·(−1)."),
    Wrong("3.2", "one image", seeds_with_one),
    Wrong("3.2", "one image", whole_map),
    Wrong("3.2", "one image", all_maps_at_the_place),
    Wrong("3.2", "one image", leaves_its_own_layer_out),
    Wrong("3.2", "one image", takes_the_bias_off),
    Wrong("3.2", "one image", adds_the_bias),
    Wrong("3.2", "one image", mask_for_the_deconvnet),
    Wrong("3.2", "one image", rectifies_nothing),
    Wrong("3.2", "one image", rectifies_the_picture),
    Wrong("3.2", "one image", keeps_the_batch),
    Wrong("3.2", "rules", deconvnet_always),
    Wrong("3.2", "rules", guided_without_the_mask),
    Wrong("3.2", "rules", guided_without_rectifying),
    Wrong("3.2", "pool", to_the_corner),
    Wrong("3.2", "pool", to_all_pixels),
    Wrong("3.2", "pool", does_not_add),
    Wrong("3.2", "pool", first_image_s_switches),
    Wrong("3.2", "images", seeds_from_the_first_image),
    Wrong("3.2", "images", first_image_s_mask),
    Wrong("3.2", "layers", from_the_top_of_the_net),
    Wrong("3.2", "normalization", multiplies_by_the_normalization),
    Wrong("3.2", "normalization", gradient_of_the_normalization),
    Wrong("3.2", "normalization", rectifies_at_the_normalization),
    Wrong("3.2", "manners", empties_the_trace, judge.INPUT),
    Wrong("3.2", "manners", pixels_in_float64, judge.DTYPE),
    Wrong("3.3", "right ones", always_fails),
    Wrong("3.3", "right ones", wants_the_gradient),
    Wrong("3.3", "right ones", wants_a_seed_of_one),
    Wrong("3.3", "wrong ones", never_fails),
    Wrong("3.3", "wrong ones", no_relu_on_the_way),
    Wrong("3.3", "wrong ones", where_alone),
    Wrong("3.3", "wrong ones", largest_in_the_middle),
    Wrong("3.3", "wrong ones", a_unit_of_one),
]
