"""Occlusion sensitivity: cover a square of the image, at every place of a grid, and see what the net then says.

Source: Zeiler & Fergus section 4.3, Figure 7.

The idea: what a mask changes grows like a receptive field, but going up. A square changes a box of every map, a little
larger from layer to layer, and the rest of the map is as it was without the mask. So one ordinary pass of the whole image
comes first; then, for each place of the square, only these boxes are computed. The inputs of a box of outputs are a
larger box: it is cut out of the whole image's map, and what the mask changed is pasted in. Boxes of one layer have one
size wherever the square lies, so that many places make one batch, and the layers compute them like any images.
Where all of the map is needed, at the first fully connected layer, boxes are pasted into copies of the whole map.

Cost: of the paper's net, with a square of 32 pixels, a third of the operations of a full pass for each place; most
of them in conv4, conv5 and the fully connected layers, which a mask changes nearly everywhere.
"""
import copy
from math import prod
from numbers import Integral
from typing import NamedTuple

import numpy as np

from .. import kernels
from ..functional import check_array
from ..geometry import Window, check_window, conv_output_size
from ..layers import Conv, MaxPool
from . import boxes as windows

CHUNK_BYTES = 32 << 20     # of the largest array of a layer: as many places of the square at once as fit, at least one
POINT = Window(1, 1, 0)


class Occlusion(NamedTuple):
    """What the net says with a square at (tops[i], lefts[j]) covered: scores[i, j], a last layer's output, such as (classes,).

    sums[name][i, j] (maps,), float64: each map of that layer, summed over its places.
    """
    scores: np.ndarray
    sums: dict


def grid(n, size, count):
    """First pixels of `count` squares of `size` pixels, spread evenly over an axis of n from edge to edge; one alone in the middle.

    Raises ValueError where there are fewer than `count` places.

    >>> grid(224, 32, 30)[[0, 1, 2, -1]], grid(28, 6, 1)
    (array([  0,   6,  13, 192]), array([11]))
    """
    places = conv_output_size(n, size, 1, 0)
    if not isinstance(count, Integral) or not 1 <= count <= places:
        raise ValueError(f"count must be an integer from 1 to {places}, the places of {size} pixels along {n}, not {count!r}")
    return np.arange(count) * (n - size) // (count - 1) if count > 1 else np.array([(n - size) // 2])


def reach(net, size):
    """How much of each layer's maps a square of `size` pixels can change: {name: (rows, columns)}.

    It ends at the first layer that needs whole maps, such as a fully connected one. It is the same wherever the square lies:
    b pixels touch at most ⌊(b + K − 2)/s⌋ + 1 windows of size K and stride s.

    >>> from numpyzf import models
    >>> sides = reach(models.zfnet(), 32)
    >>> [sides[name][0] for name in ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5")]
    [19, 11, 8, 5, 7, 9, 11, 6]
    """
    size, _, _ = check_window(size, stride=1, pad=0)
    sides, box = {}, tuple(min(size, n) for n in net.input_shape[1:])
    for name, layer in net.layers.items():
        if not (isinstance(layer, (Conv, MaxPool)) or layer.window == POINT):
            break
        K, s, _ = layer.window
        box = sides[name] = tuple(min((b + K - 2) // s + 1, n) for b, n in zip(box, net.shapes[name][1:]))
    return sides


def occlude(net, image, *, size, tops, lefts, value=0.0, sums=()):
    """Cover a square of the image, with its top left pixel at each (tops[i], lefts[j]), and run the net; returns an Occlusion.

    image: (C, H, W), prepared as for net.forward, of its dtype. size: the square's side in pixels. tops (rows,), lefts
    (columns,): integers, such as grid(H, size, 30); of a square that hangs over the edge, what is inside is covered.
    value: what covers it, in the units of the net's input: a number, (C,) or (C, H, W). Where a mean was subtracted from
    the image, 0 is the mean, a gray. sums: names of layers that have maps; Figure 7(b) is sums["conv5"] of the map whose
    sum is largest without a square.

    The numbers are those of net.forward for each covered image, to rounding. Memory doesn't grow with the number of
    places, but for the result. Raises TypeError or ValueError for what doesn't fit; for unknown layers, and layers without maps.
    """
    image, value = _check_images(net, image, value)
    sums = _check_sums(net, sums)
    tops, lefts, sides = _check_places("tops", tops), _check_places("lefts", lefts), reach(net, size)
    corners = np.array([(top, left) for top in tops for left in lefts])
    base = net.forward(image)
    scores = np.empty((len(corners), *base.scores.shape[1:]), net.dtype)
    totals = {name: np.empty((len(corners), net.shapes[name][0])) for name in sums}
    step = max(1, CHUNK_BYTES // (_largest(net, sides) * net.dtype.itemsize))
    for part in np.array_split(np.arange(len(corners)), -(-len(corners) // step)):     # of nearly equal length
        boxes, at = _cover(image, value, corners[part], size)
        scores[part] = _rise(net, base, sides, boxes, at, part, totals)
    places = len(tops), len(lefts)
    return Occlusion(scores.reshape(*places, *scores.shape[1:]), {name: total.reshape(*places, -1) for name, total in totals.items()})


def _cover(image, value, corners, size):
    """The boxes of the image that the squares at `corners` change, (M, C, b, b), and their own corners (M, 2), inside of the image."""
    box = [min(size, n) for n in image.shape[2:]]
    at = np.clip(corners, 0, np.subtract(image.shape[2:], box))
    rows, columns = ((at[:, axis, None] + np.arange(box[axis]) - corners[:, axis, None]) for axis in (0, 1))    # counted in the square
    covered = ((0 <= rows) & (rows < size))[:, None, :, None] & ((0 <= columns) & (columns < size))[:, None, None, :]
    return np.where(covered, _cut(value, at, box), _cut(image, at, box)), at


def _rise(net, base, sides, boxes, at, part, totals):
    """Bring the changed boxes (M, C, h, w), which lie `at` (M, 2), up through the net; returns its output for each.

    base: the trace of the image itself. Sums are written into totals[name][part].
    """
    below = "input"
    for name, layer in net.layers.items():
        if name in sides and layer.window != POINT:
            K, s, p = layer.window
            above = -((K - 1 - p - at) // s)                                # ⌈(at + p − K + 1)/s⌉, the first window to touch the box
            above = np.clip(above, 0, np.subtract(net.shapes[name][1:], sides[name]))
            outside = -np.inf if isinstance(layer, MaxPool) else 0
            boxes = _surround(boxes, at, base[below], above * s - p, _seen(layer, sides[name]), outside)
            layer, at = _unpadded(layer), above
        elif name not in sides and (below == "input" or below in sides):
            boxes = _whole(boxes, at, base[below])
        boxes = layer.forward(boxes)[0]
        if name in totals:
            totals[name][part] = _sum(boxes)
            if name in sides:                                               # and what lies around the boxes
                totals[name][part] += _sum(base[name]) - _sum(_cut(base[name], at, sides[name]))
        below = name
    return _whole(boxes, at, base[below]) if below in sides else boxes


def _surround(boxes, at, base, corners, size, fill=0):
    """Windows of `size` at `corners` of the base map, `fill` outside of it, with the boxes, which lie `at`, pasted in."""
    out = _cut(base, corners, size, fill)
    kernels.run(kernels.paste, out.shape[0] * out.shape[1], boxes, at - corners, out)
    return out


def _whole(boxes, at, base):
    """Copies of the whole base map (1, C, H, W), with the boxes, which lie `at`, pasted in: (M, C, H, W)."""
    return _surround(boxes, at, base, np.zeros_like(at), base.shape[2:])


def _cut(x, corners, size, fill=0):
    """Windows (M, C, h, w) of `size` at `corners` (M, 2) of x (1, C, H, W), `fill` outside of it."""
    return windows.cut(x, np.zeros(len(corners), np.int64), corners, size, fill)


def _sum(maps):
    return maps.sum(axis=(2, 3), dtype=np.float64)


def _unpadded(layer):
    """The same layer without padding: that of the whole map has been cut out with the windows."""
    layer = copy.copy(layer)
    layer.window = layer.window._replace(pad=0)
    return layer


def _seen(layer, side):
    """The size of the box of inputs that a box of outputs of size `side` looks at, padding included."""
    K, s, _ = layer.window
    return [(n - 1) * s + K for n in side]


def _largest(net, sides):
    """The number of elements of the largest array that a layer takes or gives, for one place of the square."""
    names = ["input", *net.layers]
    sizes = [prod(net.shapes[names[-1]])]
    for below, name in zip(names, names[1:]):
        if name in sides:
            sizes += [net.shapes[below][0] * prod(_seen(net.layers[name], sides[name])), net.shapes[name][0] * prod(sides[name])]
        else:
            sizes += [prod(net.shapes[below]), prod(net.shapes[name])]
    return max(sizes)


# ---- checks ---------------------------------------------------------------------------------------------------------

def _check_images(net, image, value):
    """image and value as two arrays (1, C, H, W) of the net's dtype, if they fit."""
    image = check_array("image", image, "CHW")
    if image.dtype != net.dtype:
        raise TypeError(f"image is {image.dtype}, this network {net.dtype}; convert it with image.astype(np.{net.dtype})")
    if image.shape != net.input_shape:
        raise ValueError(f"image has shape {image.shape}, this network takes {net.input_shape}")
    value = np.asarray(value)
    if value.dtype.kind not in "iuf":
        raise TypeError(f"value must hold numbers, not {value.dtype}")
    if value.shape not in ((), image.shape[:1], image.shape):
        raise ValueError(f"value has shape {value.shape}; it must be a number, or of shape {image.shape[:1]} or {image.shape}")
    if not (np.abs(value) <= np.finfo(net.dtype).max).all():
        raise ValueError(f"value must be finite, as {net.dtype}")
    whole = np.broadcast_to(value.reshape(-1, 1, 1) if value.ndim < 3 else value, image.shape)
    return image[None], whole.astype(net.dtype)[None]


def _check_sums(net, sums):
    if isinstance(sums, str):
        raise TypeError(f"sums must be a sequence of layer names, such as ({sums!r},), not one string")
    sums = list(sums)
    for name in sums:
        if name not in net.layers or len(net.shapes[name]) != 3:
            maps = ", ".join(key for key in net.layers if len(net.shapes[key]) == 3)
            raise ValueError(f"sums names {name!r}, which is no layer with maps; these are: {maps}")
    return sums


def _check_places(name, places):
    places = np.asarray(places)
    if places.ndim != 1 or not len(places) or places.dtype.kind not in "iu":
        raise ValueError(f"{name} must be a sequence of one or more integers, not {places.dtype} of shape {places.shape}")
    return places.astype(np.int64)
