"""From bytes to what a net takes in: the mean image removed, random crops and mirrors to train on, ten crops to test.

Zeiler & Fergus 2013, section 3 (Training details).
"""
from numbers import Real
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def mean_image(images):
    """The mean of each pixel over a training set.

    images: uint8 (N, C, H, W), N ≥ 1.
    Returns float32 (C, H, W), summed in float64; takes no memory beyond that.
    Raises TypeError or ValueError for other arrays.
    """
    _check_images(images)
    if images.dtype != np.uint8:
        raise TypeError(f"images must be uint8, as loaded, not {images.dtype}")
    if len(images) == 0:
        raise ValueError(f"images is empty, shape {images.shape}: it takes one image at least to have a mean")
    return images.mean(axis=0, dtype=np.float64).astype(np.float32)


def normalize(images, mean, scale):
    """(images − mean) / scale.

    images: (N, C, H, W), any number type. mean: what is subtracted, (C, H, W) per pixel or (C, 1, 1) per channel.
    scale: a positive number; 1 leaves values of about −128 … 128, as in the paper.
    Returns float32 (N, C, H, W). Raises TypeError or ValueError.
    """
    _check_images(images)
    mean = np.asarray(mean)
    if mean.shape not in (images.shape[1:], (images.shape[1], 1, 1)):
        raise ValueError(f"mean has shape {mean.shape}, expected {images.shape[1:]} or {(images.shape[1], 1, 1)} for "
                         f"images of shape {images.shape}")
    if not (isinstance(scale, Real) and 0 < scale < np.inf):
        raise ValueError(f"scale must be one positive number, not {scale!r}")
    out = np.subtract(images, mean, dtype=np.float32, casting="same_kind")
    out /= np.float32(scale)
    return out


def random_crop_flip(images, size, rng, *, pad=0, flip=True):
    """Crop each image at a place of its own and mirror it by a coin of its own.

    images: (N, C, H, W). size: side of the crops in pixels. rng: a numpy.random.Generator; rows, columns and coins are
    drawn in that order, N each. pad: pixels of zeros around the images first (after normalization, zero is the mean).
    Returns a new array (N, C, size, size) of the same dtype. Raises TypeError or ValueError.
    """
    _check_images(images)
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, such as numpy.random.default_rng(0), not {rng!r}")
    _check_integer("pad", pad, 0)
    if pad:
        images = np.pad(images, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    _check_crop(images, size)
    n, _, h, w = images.shape
    rows = rng.integers(0, h - size + 1, n)
    columns = rng.integers(0, w - size + 1, n)
    windows = sliding_window_view(images, (size, size), axis=(2, 3))    # (N, C, H−size+1, W−size+1, size, size), a view
    crops = windows[np.arange(n), :, rows, columns]                     # one window per image: (N, C, size, size)
    if flip:
        coins = rng.random(n) < 0.5
        crops[coins] = crops[coins, :, :, ::-1]
    return crops


def ten_crops(images, size):
    """The corners and the center of each image, and their mirror images.

    images: (N, C, H, W). size: side of the crops in pixels.
    Returns (N, 10, C, size, size) of the same dtype, in the order top left, top right, bottom left, bottom right,
    center, then these five mirrored left to right. Raises TypeError or ValueError.
    """
    _check_images(images)
    _check_crop(images, size)
    n, c, h, w = images.shape
    bottom, right = h - size, w - size
    crops = np.empty((n, 10, c, size, size), images.dtype)
    for i, (y, x) in enumerate([(0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)]):
        crops[:, i] = images[:, :, y:y + size, x:x + size]
    crops[:, 5:] = crops[:, :5, :, :, ::-1]
    return crops


def _check_images(images):
    if not isinstance(images, np.ndarray):
        raise TypeError(f"images must be a NumPy array (N, C, H, W), not {type(images).__name__}")
    if images.ndim != 4:
        raise ValueError(f"images must have four axes, (N, C, H, W), not the shape {images.shape}")


def _check_integer(name, value, least):
    if not hasattr(value, "__index__") or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, in pixels, not {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")


def _check_crop(images, size):
    _check_integer("size", size, 1)
    if size > min(images.shape[2:]):
        raise ValueError(f"size {size} is larger than the images: {images.shape[2]}×{images.shape[3]} with the padding")


def center_crop(images, height, width):
    """The middle height×width of images (…, H, W), as Preparation crops them: the pixels that the net gets to see."""
    top, left = (images.shape[-2] - height) // 2, (images.shape[-1] - width) // 2
    if top < 0 or left < 0:
        raise ValueError(f"images of {images.shape[-2]}×{images.shape[-1]} have no middle of {height}×{width}")
    return images[..., top:top + height, left:left + width]


class Preparation(NamedTuple):
    """From uint8 images to a net's input: mean image removed, divided by the training set's standard deviation, cropped.

    The paper removes the mean image and leaves values at about ±128; dividing by `scale` lets He initialization and
    rates that are usual today work. Call it with rng for random crops (of images padded by `pad`) and, with `flip`, mirror images.
    """
    mean: np.ndarray        # (C, H, W)
    scale: float
    size: int               # side of the net's input
    pad: int
    flip: bool

    def __call__(self, images, rng=None):
        """uint8 (N, C, H, W) -> float32 (N, C, size, size)."""
        if images.shape[1:] != self.mean.shape:
            raise ValueError(f"the images are {images.shape[1:]}, this net was trained on {self.mean.shape}: (channels, height, width)")
        x = normalize(images, self.mean, self.scale)
        if rng is not None:
            return random_crop_flip(x, self.size, rng, pad=self.pad, flip=self.flip)
        return np.ascontiguousarray(center_crop(x, self.size, self.size))
