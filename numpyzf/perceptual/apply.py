"""A trained network on a picture of any size, in tiles without seams.

What a network makes of a pixel depends on the pixels in the field around it alone. So each tile is
computed with a margin as wide as that field, which is then cut off; at the picture's border the
margin is its mirror image. The result is that of the whole picture, in memory for one tile.
"""
import numpy as np

from .. import checks
from . import networks, pictures

TILE = 96           # side of a tile in pixels of the smaller picture, without its margin


def enlarge(net, picture, scale, *, tile=TILE):
    """Make a picture `scale` times larger on each side.

    net: a network.Network for pictures of 3 channels, or 1; of any input size.
    picture: uint8 (C, H, W). A gray one stays gray: the mean of what a network for RGB makes of it.
    An RGB one can't go through a network for gray.
    Returns uint8 (C, scale·H, scale·W). Raises TypeError or ValueError.
    """
    C, H, W = _shape(picture)
    channels, tile = net.input_shape[0], checks.integer("tile", tile, 1)
    if C > channels:
        raise ValueError("this network takes gray pictures; make this one gray first")
    margin = field(net)
    rows, columns = (min(tile, n) for n in (H, W))
    net = networks.at_size(net, (channels, rows + 2 * margin, columns + 2 * margin))
    around = np.pad(picture, ((0, 0), (margin, margin + rows), (margin, margin + columns)),
                    mode="symmetric")       # beyond the last tile, too
    out = np.empty((C, scale * H, scale * W), np.uint8)
    inside = slice(scale * margin, -scale * margin or None)
    for top in range(0, H, rows):
        for left in range(0, W, columns):
            x = around[:, top:top + net.input_shape[1], left:left + net.input_shape[2]]
            x = np.broadcast_to(pictures.from_bytes(x), net.input_shape)
            y = net.predict(np.ascontiguousarray(x)[None])[0][:, inside, inside]
            y = y if C == channels else y.mean(axis=0, keepdims=True)
            place = out[:, scale * top:scale * (top + rows), scale * left:scale * (left + columns)]
            place[...] = pictures.to_bytes(y)[:, :place.shape[1], :place.shape[2]]
    return out


def field(net):
    """How many pixels of the input, at most, lie between an output pixel and what it depends on.

    Each filter reaches half its size, in pixels of its own input, which are no larger than the
    network's: none of these networks makes its maps smaller. Smoothing reaches into the next pixel,
    the bicubic skip two.
    """
    reach = sum(value.shape[-1] // 2 for value in net.parameters.values() if value.ndim == 4)
    return max(reach + 1, 2)


def _shape(picture):
    """(C, H, W) of a picture; TypeError or ValueError if it isn't bytes of that shape."""
    if getattr(picture, "dtype", None) != np.uint8:
        raise TypeError("picture must be uint8, 0 … 255, as it is loaded, not "
                        f"{getattr(picture, 'dtype', type(picture).__name__)}")
    if picture.ndim != 3 or len(picture) not in (1, 3) or 0 in picture.shape:
        raise ValueError(f"picture must be (3, H, W), or (1, H, W) if gray, not {picture.shape}")
    return picture.shape
