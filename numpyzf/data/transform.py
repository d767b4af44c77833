"""One image moved, enlarged or turned: what Figure 5 of the paper does to its images."""
from numbers import Real

import numpy as np
from PIL import Image

from .. import checks


def translate(image, down, right=0, fill=0):
    """Move an image by whole pixels.

    image: (C, H, W), uint8, C = 1 or 3.
    down: pixels, negative is up.
    right: pixels, negative is left.
    fill: what comes in at the edge, 0 … 255: one number, or one for each channel.
    Returns a new uint8 array (C, H, W). Raises TypeError or ValueError.

    >>> translate(np.array([[[1, 2], [3, 4]]], np.uint8), 1, fill=9)[0].tolist()
    [[9, 9], [1, 2]]
    """
    fill = _check(image, fill)
    down, right = checks.integer("down", down), checks.integer("right", right)
    height, width = image.shape[1:]
    to_rows, from_rows = _overlap(down, height)
    to_columns, from_columns = _overlap(right, width)
    out = np.empty_like(image)
    out[:] = np.reshape(fill, (-1, 1, 1))
    out[:, to_rows, to_columns] = image[:, from_rows, from_columns]
    return out


def scale(image, factor, fill=0):
    """Enlarge an image about its center, within its frame.

    image, fill: as in `translate`.
    factor: positive. 1 changes nothing. Above 1, what leaves the frame is cut off; below 1, a
    margin of `fill` comes in. Bilinear: far below 1, pixels are skipped.
    Returns a new uint8 array (C, H, W). Raises TypeError or ValueError.
    """
    fill = _check(image, fill)
    if not (isinstance(factor, Real) and 0 < factor < np.inf):
        raise ValueError(f"factor must be a positive number, not {factor!r}")
    h, w = image.shape[1:]
    # Pillow wants the way back: from (x, y) in the result to the place that it shows, both
    # counted from the image's corner. x -> back·x + w/2·(1 − back), and y in the same way.
    back = 1 / float(factor)
    matrix = (back, 0, w / 2 * (1 - back), 0, back, h / 2 * (1 - back))
    picture = _to_pillow(image)
    return _to_array(picture.transform(picture.size, Image.Transform.AFFINE, matrix,
                                       Image.Resampling.BILINEAR, fillcolor=fill))


def rotate(image, degrees, fill=0):
    """Turn an image about its center, counterclockwise.

    image: as in `translate`.
    degrees: finite. Multiples of 360°, and of 90° if the image is square, only move pixels.
    fill: as in `translate`, for the corners that are uncovered.
    Returns a new uint8 array (C, H, W), bilinear. Raises TypeError or ValueError.
    """
    fill = _check(image, fill)
    if not (isinstance(degrees, Real) and np.isfinite(degrees)):
        raise ValueError(f"degrees must be a finite number, not {degrees!r}")
    picture = _to_pillow(image)
    return _to_array(picture.rotate(float(degrees), Image.Resampling.BILINEAR, fillcolor=fill))


def border_color(image):
    """The mean of an image's outermost pixels: a fill that adds as little edge as one color can.

    image: (C, H, W), uint8.
    Returns uint8 (C,).
    """
    edge = np.concatenate([image[:, 0], image[:, -1], image[:, 1:-1, 0], image[:, 1:-1, -1]],
                          axis=1)
    return np.rint(edge.mean(axis=1)).astype(np.uint8)


def _overlap(shift, n):
    """Two slices of an axis of n pixels: where the moved image lands, and what lands there."""
    shift = max(-n, min(n, shift))
    return slice(max(shift, 0), n + min(shift, 0)), slice(max(-shift, 0), n - max(shift, 0))


def _to_pillow(image):
    """(1, H, W) -> gray image, (3, H, W) -> RGB image."""
    if len(image) == 1:
        return Image.fromarray(image[0])
    return Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0)))


def _to_array(picture):
    """Gray image -> (1, H, W), RGB image -> (3, H, W)."""
    pixels = np.asarray(picture)
    if pixels.ndim == 2:
        return pixels[None].copy()
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _check(image, fill):
    """`fill` as Pillow takes it: one integer, or a tuple of three. Image and fill must fit."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        found = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"image must be a NumPy array of uint8, not {found}")
    if image.ndim != 3 or len(image) not in (1, 3) or image.size == 0:
        raise ValueError(f"image must be one image (1 or 3, H, W), not of shape {image.shape}")
    values = np.asarray(fill)
    integers = values.dtype.kind in "iu" and values.shape in ((), image.shape[:1])
    if not integers or values.min() < 0 or values.max() > 255:
        raise ValueError(f"fill must be an integer 0 … 255, or {len(image)} of them, "
                         f"one per channel, not {fill!r}")
    values = tuple(np.broadcast_to(values, len(image)).tolist())
    return values if len(values) == 3 else values[0]
