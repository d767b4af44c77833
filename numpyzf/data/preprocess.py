"""From bytes to what a net takes in.

The mean image is removed. Training takes random crops and mirror images; testing takes the center
or ten crops.
Zeiler & Fergus 2013, section 3 (Training details).
"""
from numbers import Real
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .. import checks


# ---- values ----------------------------------------------------------------------------------

def mean_image(images):
    """The mean of each pixel over a training set.

    images: (N, C, H, W), uint8, N ≥ 1.
    Returns float32 (C, H, W), summed in float64. Raises TypeError or ValueError.
    """
    _check_images(images)
    if images.dtype != np.uint8:
        raise TypeError(f"images must be uint8, as loaded, not {images.dtype}")
    if len(images) == 0:
        raise ValueError(f"images is empty, shape {images.shape}: "
                         "it takes one image at least to have a mean")
    return images.mean(axis=0, dtype=np.float64).astype(np.float32)


def normalize(images, mean, scale):
    """(images − mean) / scale.

    images: (N, C, H, W), any number type.
    mean: what is subtracted, (C, H, W) for each pixel or (C, 1, 1) for each channel.
    scale: a positive number, or one for each channel, (C, 1, 1). 1 leaves values of about
    −128 … 128, as in the paper.
    Returns float32 (N, C, H, W). Raises TypeError or ValueError.
    """
    _check_images(images)
    mean = np.asarray(mean)
    per_pixel, per_channel = images.shape[1:], (images.shape[1], 1, 1)
    if mean.shape not in (per_pixel, per_channel):
        raise ValueError(f"mean has shape {mean.shape}, expected {per_pixel} or {per_channel} for "
                         f"images of shape {images.shape}")
    number = isinstance(scale, Real) or np.shape(scale) == per_channel
    if not (number and np.all(np.greater(scale, 0)) and np.isfinite(scale).all()):
        raise ValueError(f"scale must be one positive number, or {per_channel}, not {scale!r}")
    out = np.subtract(images, mean, dtype=np.float32, casting="same_kind")
    out /= np.asarray(scale, np.float32)
    return out


# ---- crops -----------------------------------------------------------------------------------

def center_crop(images, height, width):
    """The middle height × width of each image: what Preparation lets a net see.

    images: (…, H, W), any type.
    height, width: pixels.
    Returns (…, height, width), a view. Raises ValueError if the images are smaller.
    """
    top, left = (images.shape[-2] - height) // 2, (images.shape[-1] - width) // 2
    if top < 0 or left < 0:
        raise ValueError(f"images of {images.shape[-2]}×{images.shape[-1]} "
                         f"have no middle of {height}×{width}")
    return images[..., top:top + height, left:left + width]


def random_crop_flip(images, size, rng, *, pad=0, flip=True):
    """Crop each image at a random place, and mirror it if its coin says so.

    images: (N, C, H, W), any type.
    size: side of the crops, pixels.
    rng: numpy.random.Generator. It draws N rows, then N columns, then N coins.
    pad: pixels of zeros around the images. After normalization, zero is the mean.
    flip: False draws no coins and mirrors none.
    Returns a new array (N, C, size, size) of the same dtype. Raises TypeError or ValueError.
    """
    _check_images(images)
    checks.generator("rng", rng)
    pad = checks.integer("pad", pad, 0, checks.MOST_SIDE)
    if pad:
        images = np.pad(images, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    size = _crop_size(images, size)
    n, _, h, w = images.shape
    rows = rng.integers(0, h - size + 1, n)
    columns = rng.integers(0, w - size + 1, n)
    # (N, C, H, W) -> (N, C, H−size+1, W−size+1, size, size): a view that holds every crop
    windows = sliding_window_view(images, (size, size), axis=(2, 3))
    crops = windows[np.arange(n), :, rows, columns]         # one each: (N, C, size, size)
    if flip:
        coins = rng.random(n) < 0.5
        crops[coins] = crops[coins, :, :, ::-1]
    return crops


def ten_crops(images, size):
    """The corners and the center of each image, and their mirror images.

    images: (N, C, H, W), any type.
    size: side of the crops, pixels.
    Returns (N, 10, C, size, size) of the same dtype, in the order top left, top right, bottom
    left, bottom right, center, then these five mirrored left to right.
    Raises TypeError or ValueError.
    """
    _check_images(images)
    size = _crop_size(images, size)
    n, c, h, w = images.shape
    bottom, right = h - size, w - size
    corners = [(0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)]
    crops = np.empty((n, 10, c, size, size), images.dtype)
    for i, (top, left) in enumerate(corners):
        crops[:, i] = images[:, :, top:top + size, left:left + size]
    crops[:, 5:] = crops[:, :5, :, :, ::-1]
    return crops


# ---- all of it -------------------------------------------------------------------------------

class Preparation(NamedTuple):
    """From uint8 images to a net's input: mean removed, divided by `scale`, cropped.

    The paper removes the mean image and leaves values of about ±128. A scale of the training
    set's standard deviation lets He initialization and today's usual rates work.
    """
    mean: np.ndarray        # (C, H, W), float32: the training set's mean image
    scale: float            # the training set's standard deviation; 1 in the paper; or (C, 1, 1)
    size: int               # side of the net's input, pixels
    pad: int                # pixels of zeros around an image before a random crop
    flip: bool              # random crops are mirrored, half of them

    def __call__(self, images, rng=None):
        """Prepare images: to test on, the middle; with rng, random crops to train on.

        images: (N, C, H, W), uint8.
        rng: numpy.random.Generator, or None.
        Returns float32 (N, C, size, size). Raises TypeError for other numbers than bytes, which
        would be on another scale, and ValueError for images of another shape.
        """
        if np.asarray(images).dtype != np.uint8:
            raise TypeError("images must be uint8, 0 … 255, as they are loaded: this prepares them "
                            f"for the net; they are {np.asarray(images).dtype}")
        if images.shape[1:] != self.mean.shape:
            raise ValueError(f"the images are {images.shape[1:]}, this net was trained on "
                             f"{self.mean.shape}: (channels, height, width)")
        x = normalize(images, self.mean, self.scale)
        if rng is not None:
            return random_crop_flip(x, self.size, rng, pad=self.pad, flip=self.flip)
        return np.ascontiguousarray(center_crop(x, self.size, self.size))


class Prepared:
    """uint8 images as inputs of a net, prepared a slice at a time.

    All of them as floats would take four times the memory.
    """

    def __init__(self, images, prepare):
        self.images, self.prepare = images, prepare

    def __len__(self):
        return len(self.images)

    def __getitem__(self, rows):
        return self.prepare(self.images[rows])


# ---- checks ----------------------------------------------------------------------------------

def _check_images(images):
    if not isinstance(images, np.ndarray):
        raise TypeError("images must be a NumPy array (N, C, H, W), "
                        f"not {type(images).__name__}")
    if images.ndim != 4:
        raise ValueError(f"images must have four axes, (N, C, H, W), not the shape {images.shape}")


def _crop_size(images, size):
    size = checks.integer("size", size, 1)
    height, width = images.shape[2:]
    if size > min(height, width):
        raise ValueError(f"size {size} is larger than the images: "
                         f"{height}×{width} with the padding")
    return size
