"""A trained network on a picture of any size, in tiles without seams.

What a network makes of a pixel depends on the pixels in the field around it alone. So each tile is
computed with a margin as wide as that field, which is then cut off. At the picture's border there
is no margin: the network pads with zeros, as at the border of the patches that it learned from. The
result is that of the whole picture to rounding: here and there a byte differs by one. Memory is for
one tile.
"""
from typing import NamedTuple

import numpy as np

from .. import checks
from . import networks, pictures

TILE = 96           # side of a tile in pixels of the smaller picture, without its margin


def enlarge(net, picture, scale, *, tile=TILE, progress=None):
    """Make a picture `scale` times larger on each side.

    net: a network.Network for pictures of 3 channels, or 1; of any input size.
    picture: uint8 (C, H, W). A gray one stays gray: the mean of what a network for RGB makes of it.
    An RGB one can't go through a network for gray.
    tile: pixels of the picture along a tile's side, without its margin.
    progress: progress(text) gets a line after every row of tiles.
    Returns uint8 (C, scale·H, scale·W). Raises TypeError or ValueError.
    """
    C, H, W = _shape(picture)
    channels, tile = net.input_shape[0], checks.integer("tile", tile, 1)
    scale = checks.integer("scale", scale, 1)
    if C > channels:
        raise ValueError("this network takes gray pictures; make this one gray first")
    out, margin = np.empty((C, scale * H, scale * W), np.uint8), field(net)
    for rows in tiles(H, tile, margin):
        for columns in tiles(W, tile, margin):
            x = pictures.from_bytes(picture[:, rows.seen, columns.seen])
            x = np.repeat(x, channels // C, axis=0)
            y = networks.at_size(net, x.shape).predict(x[None])[0]
            if y.shape != (channels, scale * x.shape[1], scale * x.shape[2]):
                raise ValueError(f"this network makes {y.shape} of {x.shape}: that is not {scale} "
                                 "times larger")
            y = y[:, scaled(rows.own, scale), scaled(columns.own, scale)]
            y = y if C == channels else y.mean(axis=0, keepdims=True)
            out[:, scaled(rows.out, scale), scaled(columns.out, scale)] = pictures.to_bytes(y)
        if progress:
            progress(f"{rows.out.stop:,} of {H:,} rows")
    return out


class Tile(NamedTuple):
    """A tile along one axis, as slices."""
    seen: slice         # of the picture, with its margin
    own: slice          # of what is seen, without
    out: slice          # of the picture, without


def tiles(n, side, margin):
    """The tiles of n pixels: `side` each, the last one less, and a margin where there is one.

    >>> [(tile.seen, tile.own) for tile in tiles(5, 3, 1)]
    [(slice(0, 4, None), slice(0, 3, None)), (slice(2, 5, None), slice(1, 3, None))]
    """
    for start in range(0, n, side):
        stop = min(start + side, n)
        first = max(start - margin, 0)
        yield Tile(slice(first, min(stop + margin, n)), slice(start - first, stop - first),
                   slice(start, stop))


def scaled(place, scale):
    """A slice of pixels of the larger picture, for one of the smaller."""
    return slice(scale * place.start, scale * place.stop)


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
