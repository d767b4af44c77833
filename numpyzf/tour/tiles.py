"""What a unit of a large image sees, as equal tiles: the patch of the image, and two projections.

In an image of hundreds of pixels a unit of a lower layer sees a spot. So its box is cut out and
magnified. Plain projections of a net whose first layers move in large steps have grids in them, see
GRIDS; so a second rule's projection stands beside.
"""
import numpy as np

from .. import plots
from ..data.preprocess import center_crop
from . import captions

LARGE = 100         # pixels: up to this size an image is shown as it is
SIDE = 156          # of a tile, pixels of the picture; larger boxes are made smaller, see plots.fit
GRIDS = ""


def second_rule(net, rule):
    """The rule whose projection stands beside, of a net of large images; None for small ones.

    It is "guided", or "deconvnet" beside this one.
    """
    if max(net.input_shape[1:]) <= LARGE:
        return None
    return "deconvnet" if rule == "guided" else "guided"


def patches(net, layer, units, images, found):
    """What units see of their images, in the boxes of their projections.

    net: a network.Network.
    layer: the units' layer.
    units: integers (M, 4) or (M, 2), the first of each its image's number.
    images: uint8 (N, C, H, W), as large as the net's input or larger.
    found: the look.many.Projections of these units.
    Returns uint8 (M, C, h, w), white where nothing is seen, and bool (M, h, w): what is.
    """
    size, pixels = found.boxes.shape[2:], center_crop(images, *net.input_shape[1:])
    seen = np.zeros((len(units), *size), bool)
    made = np.full((len(units), pixels.shape[1], *size), 255, pixels.dtype)
    for m, (top, left) in enumerate(found.corners):
        # a feature has no place, and net.cone asks for none: it sees the whole image
        rows, columns = net.cone(layer, *units[m][-2:])
        rows_of_tile = slice(rows.start - top, rows.stop - top)
        columns_of_tile = slice(columns.start - left, columns.stop - left)
        seen[m, rows_of_tile, columns_of_tile] = True
        made[m, :, rows_of_tile, columns_of_tile] = pixels[units[m][0], :, rows, columns]
    return made, seen


def patch_tile(patch, seen, side):
    """A patch (C, h, w) as a tile, magnified to `side` pixels or made smaller."""
    visible = plots.fit(seen[None], side)[0] > 0.5
    return plots.patch(np.uint8(np.round(plots.fit(patch, side))), visible, side)


def projection_tile(projection, side):
    """A projection (C, h, w) as a tile, magnified to `side` pixels or made smaller."""
    return plots.to_display(plots.fit(projection, side))
