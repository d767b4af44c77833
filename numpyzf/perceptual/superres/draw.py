"""The pictures of the page: enlarged ones side by side as bytes, grids and spectra as figures."""
import io

import numpy as np
from PIL import Image

from .. import pictures


def png(image):
    """A picture, uint8 (C, H, W), as the bytes of a PNG file."""
    pixels = image[0] if len(image) == 1 else np.moveaxis(image, 0, -1)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def middle(image, side):
    """The middle of a picture (C, H, W): `side` pixels at most each way."""
    top, left = (max(0, (n - side) // 2) for n in image.shape[1:])
    return image[:, top:top + side, left:left + side]


def busiest(image, side):
    """The middle (row, column) of the place of side × side pixels with most edges in a picture.

    image: uint8 (C, H, W). In a smaller picture it is the picture's own middle.
    """
    y = pictures.luminance(image)
    height, width = (min(side, n) for n in y.shape)
    edges = np.zeros((y.shape[0] + 1, y.shape[1] + 1))
    edges[1:-1, 1:] += np.diff(y, axis=0) ** 2
    edges[1:, 1:-1] += np.diff(y, axis=1) ** 2
    sums = edges.cumsum(axis=0).cumsum(axis=1)      # of all edges above and left
    inside = (sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width]
              + sums[:-height, :-width])
    row, column = np.unravel_index(inside.argmax(), inside.shape)
    return int(row) + height // 2, int(column) + width // 2
