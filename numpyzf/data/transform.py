"""One image moved, enlarged or turned: what Figure 5 of the paper does to its images."""
from numbers import Real

import numpy as np
from PIL import Image


def translate(image, down, right=0, fill=0):
    """Move an image by whole pixels: down and right are positive, up and left negative.

    image: uint8 (C, H, W), C = 1 or 3. fill: what comes in at the edge, 0 … 255, a number or one for each channel.
    Returns a new uint8 array (C, H, W). Raises TypeError or ValueError.

    >>> translate(np.array([[[1, 2], [3, 4]]], np.uint8), 1, fill=9)[0].tolist()
    [[9, 9], [1, 2]]
    """
    fill = _check(image, fill)
    for name, value in (("down", down), ("right", right)):
        if not hasattr(value, "__index__") or isinstance(value, bool):
            raise TypeError(f"{name} must be an integer, in pixels, not {value!r}")
    out = np.empty_like(image)
    out[:] = np.reshape(fill, (-1, 1, 1))
    (to_rows, from_rows), (to_columns, from_columns) = (_overlap(int(shift), n) for shift, n in zip((down, right), image.shape[1:]))
    out[:, to_rows, to_columns] = image[:, from_rows, from_columns]
    return out


def scale(image, factor, fill=0):
    """Enlarge an image about its center by `factor` > 0; what leaves the frame is cut off, below 1 a margin of `fill` comes in.

    image, fill, errors: as in `translate`. A factor of 1 changes nothing. Bilinear: made to enlarge; far below 1, pixels are skipped.
    """
    fill = _check(image, fill)
    if not (isinstance(factor, Real) and 0 < factor < np.inf):
        raise ValueError(f"factor must be a positive number, not {factor!r}")
    h, w = image.shape[1:]
    back = 1 / float(factor)        # from a place of the result to the place that it shows, both counted from the image's corner
    matrix = (back, 0, w / 2 * (1 - back), 0, back, h / 2 * (1 - back))
    picture = _to_pillow(image)
    return _to_array(picture.transform(picture.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=fill))


def rotate(image, degrees, fill=0):
    """Turn an image about its center, counterclockwise; the corners that are uncovered get `fill`.

    image, fill, errors: as in `translate`. Bilinear; multiples of 360° (of 90° if the image is square) only move pixels, exactly.
    """
    fill = _check(image, fill)
    if not (isinstance(degrees, Real) and np.isfinite(degrees)):
        raise ValueError(f"degrees must be a finite number, not {degrees!r}")
    return _to_array(_to_pillow(image).rotate(float(degrees), Image.Resampling.BILINEAR, fillcolor=fill))


def border_color(image):
    """The mean of an image's outermost pixels, one number per channel: a fill that makes as little of a new edge as one color can.

    image: uint8 (C, H, W). Returns uint8 (C,).
    """
    edge = np.concatenate([image[:, 0], image[:, -1], image[:, 1:-1, 0], image[:, 1:-1, -1]], axis=1)
    return np.rint(edge.mean(axis=1)).astype(np.uint8)


def _overlap(shift, n):
    """Slices of an axis of n: where a moved image lands, and what of it that is."""
    shift = max(-n, min(n, shift))
    return slice(max(shift, 0), n + min(shift, 0)), slice(max(-shift, 0), n - max(shift, 0))


def _to_pillow(image):
    return Image.fromarray(image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0)))


def _to_array(picture):
    pixels = np.asarray(picture)
    return pixels[None].copy() if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _check(image, fill):
    """fill as Pillow takes it, one integer or a tuple of three, if it and the image fit."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        raise TypeError(f"image must be a NumPy array of uint8, not {getattr(image, 'dtype', type(image).__name__)}")
    if image.ndim != 3 or len(image) not in (1, 3) or image.size == 0:
        raise ValueError(f"image must be one image (1 or 3, H, W), not of shape {image.shape}")
    values = np.asarray(fill)
    if values.dtype.kind not in "iu" or values.shape not in ((), image.shape[:1]) or not ((0 <= values) & (values <= 255)).all():
        raise ValueError(f"fill must be an integer 0 … 255, or {len(image)} of them, one per channel, not {fill!r}")
    values = tuple(np.broadcast_to(values, len(image)).tolist())
    return values if len(values) == 3 else values[0]
