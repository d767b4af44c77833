"""Small square windows of large maps: what lets the signals of many units go down together, each in its own surroundings.

A unit's projection touches nothing but the unit's cone. So each of M signals is kept as one window (C, b, b) of its maps,
all of one size b, whose first pixel is row and column corners[m] of the map; M of them are one batch, on which the ordinary
operations run. A window may stick out over the edges: there its values are zero, as there are no units.
"""
import numpy as np

from .. import kernels


def cut(x, images, corners, size, fill=0):
    """Cut one window of `size` = (h, w) out of each of some images' maps.

    x (N, C, H, W) of any type, images (M,): rows of x, corners (M, 2): row and column of each window's first pixel, which may
    be negative. Returns (M, C, h, w), `fill` where a window lies outside of x.
    """
    out = np.empty((len(images), x.shape[1], *size), x.dtype)
    kernels.run(kernels.cut, out.shape[0] * out.shape[1], x, *_whole(images, corners), out, x.dtype.type(fill))
    return out


def paste(r, corners, size):
    """Put windows r (M, C, b, b) into maps (M, C, H, W) that are zero elsewhere; size = (H, W). What sticks out is lost."""
    return cut(r, np.arange(len(r)), -corners, size)


def below(corners, side, window):
    """The windows that windows of the output look at: their corners (M, 2) and side. window: the layer's geometry.Window."""
    return corners * window.stride - window.pad, (side - 1) * window.stride + window.size


def blank(r, corners, size):
    """Set to zero, in place, what of r (M, C, b, b) lies outside of maps of `size` = (H, W); returns r."""
    side = r.shape[2]
    for m in np.flatnonzero(((corners < 0) | (corners + side > size)).any(axis=1)):
        (top, left), (H, W) = corners[m], size
        r[m, :, :max(-top, 0)] = 0
        r[m, :, max(H - top, 0):] = 0
        r[m, :, :, :max(-left, 0)] = 0
        r[m, :, :, max(W - left, 0):] = 0
    return r


def unpool(r, index, images, corners, width, window):
    """functional.unpool in windows: r (M, C, b, b) of pooled maps -> the windows below, (M, C, b', b').

    index (N, C, OH, OW): the switches of all images, row·width + column in the pool's input; images (M,), corners (M, 2).
    """
    lower, side = below(corners, r.shape[2], window)
    x = np.empty((*r.shape[:2], side, side), r.dtype)
    kernels.run(kernels.unpool_boxes, x.shape[0] * x.shape[1], r, index, *_whole(images, corners, lower), width, x)
    return x


def _whole(*arrays):
    """Contiguous int64 arrays: of other kinds, the kernels would be compiled anew."""
    return [np.ascontiguousarray(array, np.int64) for array in arrays]
