"""What a unit of a large image sees, as equal tiles: the patch of the image, and two projections.

In an image of hundreds of pixels a unit of a lower layer sees a spot. So its box is cut out and
magnified. Beside the projection stands that of a second rule, see second_rule.

Why projections have fine grids: measured on SqueezeNet, the four strongest maps each of fire3,
fire5, fire7 and fire9 in ten photographs. Its first convolution is 3×3 in strides of 2, and so is
the pool behind it. Convolution units at even places lie in two pool windows along each axis, others
in one. So units at even rows and columns get 60 to 66 % of the deconvnet's energy (25 % would be
even), those at odd ones 5 to 6 %. The even ones are 4 pixels apart and see 3. So every fourth row
of pixels gets 9 to 11 % of the energy (25 % would be even). It is the same with guided: 9 to 10 %.

What differs is where signals go above: of the deconvnet's from fire9 up to 81 % of the energy at a
ReLU below is for units that did not fire. Guided drops these.
"""
import numpy as np

from .. import plots

LARGE = 100         # pixels: up to this size an image is shown as it is
SIDE = 156          # of a tile, pixels of the picture; larger boxes are made smaller, see plots.fit
GRIDS = ("Fine grids are the marks of strides: where windows overlap, more comes down. The "
         "deconvnet sends signals on to units that did not fire, too; guided only to those that "
         "did.")


def second_rule(net, rule):
    """The rule whose projection stands beside, of a net of large images; None for small ones.

    It is "guided", or "deconvnet" beside this one.
    """
    if max(net.input_shape[1:]) <= LARGE:
        return None
    return "deconvnet" if rule == "guided" else "guided"


def patches(pixels, image_of, cones, found):
    """What units see of their images, in the boxes of their projections.

    pixels: uint8 (N, C, H, W), the images as the net gets them.
    image_of: integers (M,), the image of each unit.
    cones: of each unit two slices, the rows and columns that it can see, from net.cone.
    found: the look.many.Projections of these units.
    Returns uint8 (M, C, h, w), white where nothing is seen, and bool (M, h, w): what is.
    """
    size = found.boxes.shape[2:]
    seen = np.zeros((len(found), *size), bool)
    made = np.full((len(found), pixels.shape[1], *size), 255, pixels.dtype)
    for m, ((top, left), (rows, columns)) in enumerate(zip(found.corners, cones)):
        rows_of_tile = slice(rows.start - top, rows.stop - top)
        columns_of_tile = slice(columns.start - left, columns.stop - left)
        seen[m, rows_of_tile, columns_of_tile] = True
        made[m, :, rows_of_tile, columns_of_tile] = pixels[image_of[m], :, rows, columns]
    return made, seen


def patch_tile(patch, seen, side):
    """A patch (C, h, w) as a tile, magnified to `side` pixels or made smaller."""
    visible = plots.fit(seen[None], side)[0] > 0.5
    return plots.patch(np.uint8(np.round(plots.fit(patch, side))), visible, side)


def projection_tile(projection, side):
    """A projection (C, h, w) as a tile, magnified to `side` pixels or made smaller."""
    return plots.to_display(plots.fit(projection, side))
