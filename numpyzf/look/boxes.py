"""Small boxes of large maps: the signals of many units go down together, each in its surroundings.

A unit's projection touches nothing but the unit's cone. So each of M signals is kept as one square
box (C, b, b) of its maps. All boxes have one side b; the first pixel of box m is row and column
corners[m] of the map. M of them are one batch, on which the ordinary operations run. A box may
stick out over the edges: there its values are zero, as there are no units.

`project_boxes` is Layer.project for boxes. It knows those layers of layers.py that have maps, and
of general/layers.py those that have no window; others, of your own too, go down in whole maps.
"""
import numpy as np

from .. import checks, functional, kernels
from ..general.layers import Add, BatchNorm, ClippedReLU, Concat, LeakyReLU
from ..layers import ContrastNorm, Conv, Dropout, MaxPool, ReLU


def project_boxes(layer, r, saved, image_of, corners, rule):
    """layer.project(r, saved, image_of, rule), where r holds boxes of the layer's output.

    layer: of a kind that is known, see `knows`.
    r: (M, C, b, b), the boxes.
    saved: what the layer's forward saved.
    image_of: integers (M,), the image of each box.
    corners: int64 (M, 2), row and column of each box's first pixel.
    rule: a layers.Rule.

    Returns the boxes one layer down, of a layer that takes several outputs a tuple of them. `below`
    gives their corners.
    """
    r, corners = checks.boxes("r", checks.array("r", r), corners)
    return PROJECT[type(layer)](layer, r, saved, image_of, corners, rule)


def knows(layer):
    """Whether project_boxes takes this layer."""
    return type(layer) in PROJECT


# ---- boxes ---------------------------------------------------------------------------------------

def cut(x, image_of, corners, size, fill=0):
    """Cut one box out of each of some images' maps.

    x: (N, C, H, W) of any type.
    image_of: integers (M,), rows of x.
    corners: integers (M, 2), row and column of each box's first pixel; may be negative.
    size: (h, w) of the boxes.
    fill: the value where a box lies outside of x.

    Returns (M, C, h, w).
    """
    x, _ = checks.boxes("x", x, None)
    image_of = checks.integers("image_of", image_of, (np.size(image_of),), 0, len(x))
    out = np.empty((len(image_of), x.shape[1], *size), x.dtype)
    _, corners = checks.boxes("out", out, corners)
    kernels.run(kernels.cut, len(out) * out.shape[1], x, image_of, corners, out,
                x.dtype.type(fill))
    return out


def paste(boxes, corners, out):
    """Write boxes into maps, in place. What sticks out is lost.

    boxes: (M, C, h, w).
    corners: integers (M, 2), row and column of each box's first pixel; may be negative.
    out: (M, C, H, W), the maps.
    """
    boxes, corners = checks.boxes("boxes", boxes, corners)
    out, _ = checks.boxes("out", out, None)
    if boxes.shape[:2] != out.shape[:2]:
        raise ValueError(f"boxes {boxes.shape} don't go into maps {out.shape}: (M, C, …) of both "
                         "must be the same")
    kernels.run(kernels.paste, len(boxes) * boxes.shape[1], boxes, corners, out)


def in_maps(r, corners, size):
    """Boxes in maps that are zero elsewhere.

    r: (M, C, b, b), the boxes.
    corners: integers (M, 2), row and column of each box's first pixel; may be negative.
    size: (H, W) of the maps.

    Returns (M, C, H, W).
    """
    r, corners = checks.boxes("r", r, corners)
    return cut(r, np.arange(len(r)), -corners, size)


def below(corners, side, window):
    """What boxes of a layer's output look at: boxes of its input.

    corners: integers (M, 2) of the boxes of the output.
    side: of these boxes.
    window: the layer's geometry.Window.

    Returns the lower boxes' corners (M, 2) and their side.
    """
    return corners * window.stride - window.pad, (side - 1) * window.stride + window.size


def together(one, other):
    """The sum of two signals that come down to one output: boxes and corners that hold both.

    one, other: (boxes (M, C, b, b), corners (M, 2)) each. From one to the other the corners of all
    boxes differ by the same, as they do where the branches have equal strides.
    """
    (a, corners), (b, others) = one, other
    shift = (others - corners)[0]                               # of b's boxes in a's
    start = np.minimum(shift, 0)
    side = max(np.maximum(a.shape[2], shift + b.shape[2]) - start)
    out = np.zeros((*a.shape[:2], side, side), a.dtype)
    for boxes, (row, column) in ((a, -start), (b, shift - start)):
        out[:, :, row:row + boxes.shape[2], column:column + boxes.shape[2]] += boxes
    return out, corners + start


def blank_outside(r, corners, size):
    """Set to zero, in place, what of boxes lies outside of their maps.

    r: (M, C, b, b), the boxes.
    corners: integers (M, 2), row and column of each box's first pixel.
    size: (H, W) of the maps.

    Returns r.
    """
    side = r.shape[2]
    for m in np.flatnonzero(((corners < 0) | (corners + side > size)).any(axis=1)):
        (top, left), (H, W) = corners[m], size
        r[m, :, :max(-top, 0)] = 0
        r[m, :, max(H - top, 0):] = 0
        r[m, :, :, :max(-left, 0)] = 0
        r[m, :, :, max(W - left, 0):] = 0
    return r


# ---- each layer's way down -----------------------------------------------------------------------

def project_conv(layer, r, saved, image_of, corners, rule):
    """Transposed filtering. No padding: boxes go on over the edges, but no units are there."""
    corners, side = below(corners, r.shape[2], layer.window)
    r = functional.conv_transpose(r, saved.w, stride=layer.window.stride, pad=0,
                                  size=(side, side), method=layer.method)
    return blank_outside(r, corners, saved.x.shape[2:])


def project_relu(layer, r, saved, image_of, corners, rule):
    """As layer.project, with boxes of the masks."""
    if rule.forward_mask:
        saved, image_of = cut(saved, image_of, corners, r.shape[2:]), slice(None)
    return layer.project(r, saved, image_of, rule)


def project_pool(layer, r, saved, image_of, corners, rule):
    """Unpooling. The switches are read where they are, in the whole maps."""
    index = saved.index
    if not rule.switches:
        index = np.ascontiguousarray(layer.middles((1, *index.shape[1:]), saved.x_shape))
        image_of = np.zeros(len(r), np.int64)
    image_of = checks.integers("image_of", image_of, (len(r),), 0, len(index))
    if r.shape[1] != index.shape[1]:
        raise ValueError(f"r has {r.shape[1]} maps, the pool {index.shape[1]}")
    lower_corners, side = below(corners, r.shape[2], layer.window)
    x = np.empty((*r.shape[:2], side, side), r.dtype)
    kernels.run(kernels.unpool_boxes, len(r) * r.shape[1], r, index, image_of, corners,
                lower_corners, saved.x_shape[3], x)
    return x


def project_norm(layer, r, saved, image_of, corners, rule):
    """As layer.project, with boxes of what was normalized.

    Outside of the maps r is zero, so the strength there only has to be nonzero: 1.
    """
    if rule.through_normalization == "gradient":
        x = cut(saved.x, image_of, corners, r.shape[2:])
        s = cut(saved.s, image_of, corners, r.shape[2:], fill=1)
        saved, image_of = saved._replace(x=x, s=s), slice(None)
    return layer.project(r, saved, image_of, rule)


def project_dropout(layer, r, saved, image_of, corners, rule):
    """As layer.project, with boxes of the mask."""
    if saved is None:
        return r
    return functional.dropout_backward(r, cut(saved, image_of, corners, r.shape[2:]))


def project_leaky(layer, r, saved, image_of, corners, rule):
    """As layer.project, with boxes of the masks."""
    if rule.forward_mask:
        saved = saved._replace(mask=cut(saved.mask, image_of, corners, r.shape[2:]))
    return layer.project(r, saved, slice(None), rule)


def project_plain(layer, r, saved, image_of, corners, rule):
    """As layer.project, which looks at nothing that differs from place to place."""
    return layer.project(r, saved, image_of, rule)


PROJECT = {Conv: project_conv, ReLU: project_relu, MaxPool: project_pool,
           ContrastNorm: project_norm, Dropout: project_dropout, BatchNorm: project_plain,
           Concat: project_plain, Add: project_plain, LeakyReLU: project_leaky,
           ClippedReLU: project_relu}
