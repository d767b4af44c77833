"""Pictures as numbers: made smaller and larger, compared, measured.

A picture is floats (…, C, H, W) of values 0 … 1, or bytes of 0 … 255; C is 3 for RGB, 1 for gray.
All that measures counts in 0 … 255, as the paper does, in float64.

The paper measures super-resolution by PSNR and SSIM of the luminance (Johnson et al. 2016, section
4.2). `low_resolution`, `luminance`, `psnr` and `ssim` are its protocol: they give its numbers for
bicubic enlargement.
"""
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .. import checks

RANGE = 255                     # of a channel: from black to white
WINDOW, DEVIATION = 11, 1.5     # of SSIM's Gaussian: its side and σ, pixels
K = 0.01, 0.03                  # of SSIM: with the range they keep its two quotients from 0/0
STRIP = 64                      # rows of SSIM at a time: their sums stay near the processor


# ---- bytes --------------------------------------------------------------------------------------

def from_bytes(image, dtype=np.float32):
    """Bytes as floats 0 … 1, of any shape."""
    if image.dtype != np.uint8:
        raise TypeError(f"image must be uint8 pixels 0 … 255, not {image.dtype}")
    return image.astype(dtype) / dtype(RANGE)


def to_bytes(x):
    """Floats 0 … 1 as bytes: rounded, and what is below black or above white is clipped first.

    x: floats of any shape. Raises TypeError for others, ValueError for NaN.
    """
    if x.dtype.kind != "f":
        raise TypeError(f"x must be floats 0 … 1, not {x.dtype}")
    if np.isnan(x).any():
        raise ValueError(f"x holds {np.isnan(x).sum():,} NaN values: no picture")
    return np.round(np.clip(x, 0, 1) * RANGE).astype(np.uint8)


# ---- smaller and larger -------------------------------------------------------------------------

def bicubic_matrix(old, new):
    """The matrix that resizes one axis of a picture: y = matrix @ x.

    A new pixel is a weighted sum of the old ones around it, by Keys' cubic with a = −0.5. Where
    the picture shrinks, the cubic is as many times wider: so fine patterns become gray and no
    coarse ones (antialiasing). Beyond the edge the picture is mirrored, its last pixel first.

    old, new: pixels.
    Returns float64 (new, old); each row sums to 1.
    """
    old, new = checks.integer("old", old, 1), checks.integer("new", new, 1)
    share = min(1, new / old)                                   # of a new pixel in an old one
    # The center of new pixel i lies at this place among the old ones', which count from 0.
    centers = (np.arange(new) + 0.5) * old / new - 0.5
    reach = int(np.ceil(2 / share)) + 1
    places = np.floor(centers).astype(int)[:, None] + np.arange(-reach, reach + 1)
    weights = _cubic((centers[:, None] - places) * share)       # (new, 2·reach + 1)
    weights /= weights.sum(axis=1, keepdims=True)
    mirrored = places % (2 * old)                               # 0 … old−1, old−1 … 0, again
    mirrored = np.minimum(mirrored, 2 * old - 1 - mirrored)
    matrix = np.zeros((new, old))
    np.add.at(matrix, (np.arange(new)[:, None], mirrored), weights)
    return matrix


def _cubic(t):
    """Keys' cubic with a = −0.5 (Keys 1981): 1 at 0, 0 at ±1 and from ±2 on, smooth between."""
    t = np.abs(t)
    inner = (1.5 * t - 2.5) * t * t + 1
    outer = ((-0.5 * t + 2.5) * t - 4) * t + 2
    return np.where(t < 1, inner, np.where(t < 2, outer, 0))


def resize(x, height, width):
    """Resize pictures by bicubic_matrix, down the rows and along the columns.

    x: floats (…, H, W).
    height, width: pixels.
    Returns (…, height, width), of x's dtype. Values may leave x's range a little.
    """
    x = checks.array("x", x)
    rows = bicubic_matrix(x.shape[-2], height).astype(x.dtype)
    columns = bicubic_matrix(x.shape[-1], width).astype(x.dtype)
    return rows @ x @ columns.T         # (height, H) @ (…, H, W) @ (W, width)


def enlarge_bicubic(image, scale):
    """Pictures enlarged by the protocol: bytes (…, H, W) -> bytes (…, scale·H, scale·W)."""
    scale, (height, width) = checks.integer("scale", scale, 1), image.shape[-2:]
    return to_bytes(resize(from_bytes(image, np.float64), scale * height, scale * width))


def crop_to_multiple(image, scale):
    """The upper left part of a picture (…, H, W) whose sides are multiples of `scale`.

    Raises ValueError where a side is shorter than `scale`.
    """
    scale = checks.integer("scale", scale, 1)
    height, width = (n // scale * scale for n in image.shape[-2:])
    if not (height and width):
        raise ValueError(f"the picture has {image.shape[-1]}×{image.shape[-2]} pixels, too few to "
                         f"be made {scale} times smaller")
    return image[..., :height, :width]


def low_resolution(image, scale):
    """Pictures made smaller by the protocol: cropped to multiples of `scale`, resized, rounded.

    image: uint8 (…, H, W).
    scale: an integer.
    Returns uint8 (…, H // scale, W // scale). Raises ValueError for a side shorter than `scale`.
    """
    scale = checks.integer("scale", scale, 1)
    image = crop_to_multiple(image, scale)
    height, width = image.shape[-2:]
    return to_bytes(resize(from_bytes(image, np.float64), height // scale, width // scale))


def match_histogram(image, like):
    """Give a picture the histogram of another one, channel by channel.

    A value of which so many pixels are darker becomes the one of which as many are in `like`. The
    paper does it to what its network made, with the low-resolution picture as `like`.

    image, like: uint8 (C, H, W) each; H and W may differ.
    Returns uint8, of image's shape. Raises TypeError or ValueError for others.
    """
    for x in (image, like):
        if x.dtype != np.uint8:
            raise TypeError(f"pictures must be uint8 pixels 0 … 255, not {x.dtype}")
        if x.ndim != 3 or len(x) != len(image) or not x.size:
            raise ValueError("pictures must be (C, H, W), with as many channels each, not "
                             f"{image.shape} and {like.shape}")
    levels = np.arange(RANGE + 1)
    out = np.empty_like(image)
    for channel, (own, other) in enumerate(zip(image, like, strict=True)):
        own_counts, counts = (np.bincount(x.reshape(-1), minlength=RANGE + 1)
                              for x in (own, other))
        # the share of pixels that are darker, half of those of the level itself included
        own_share = (np.cumsum(own_counts) - own_counts / 2) / own.size
        share = (np.cumsum(counts) - counts / 2) / other.size
        there = counts > 0
        table = np.interp(own_share, share[there], levels[there])
        out[channel] = np.round(table).astype(np.uint8)[own]
    return out


# ---- measured -----------------------------------------------------------------------------------

def luminance(image):
    """How light each pixel is: Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255, not rounded.

    That of black is 16, of white 235. A gray picture is its own luminance, 0 … 255.

    image: bytes, or floats 0 … 1, (…, C, H, W).
    Returns float64 (…, H, W). Raises TypeError for another dtype, ValueError for another shape.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 and image.dtype.kind != "f":
        raise TypeError(f"a picture is uint8, 0 … 255, or floats, 0 … 1, not {image.dtype}")
    if image.ndim < 3 or image.shape[-3] not in (1, 3):
        raise ValueError(f"a picture is (1 or 3, H, W), not of shape {image.shape}")
    values = image.astype(np.float64)
    if image.dtype != np.uint8:
        values *= RANGE
    if image.shape[-3] == 1:
        return values[..., 0, :, :]
    red, green, blue = np.moveaxis(values, -3, 0)
    return 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255


def psnr(a, b, *, crop=0):
    """The peak signal-to-noise ratio of two pictures: 10 log10(255² / mean (Ya − Yb)²).

    a, b: pictures (C, H, W) of one shape, see luminance.
    crop: pixels that don't count at each side; the protocol's are as many as the scale.
    Returns dB; infinity for equal pictures.
    """
    ya, yb = _compared(a, b, crop)
    error = np.mean((ya - yb) ** 2)
    return float(10 * np.log10(RANGE ** 2 / error)) if error else float("inf")


def ssim(a, b, *, crop=0):
    """The structural similarity of two pictures: the mean of it over all places of its window.

    (2 μa μb + c1) (2 σab + c2) / ((μa² + μb² + c1) (σa² + σb² + c2)), where means, variances and
    the covariance are those of the luminance under a Gaussian window of 11×11 pixels, σ = 1.5,
    which must fit into the picture (Wang et al. 2004).

    a, b, crop: as for psnr. Returns a number of −1 … 1. Raises ValueError for too small pictures.
    """
    ya, yb = _compared(a, b, crop)
    if min(ya.shape) < WINDOW:
        raise ValueError(f"SSIM takes pictures of {WINDOW}×{WINDOW} pixels or more, not "
                         f"{ya.shape[1]}×{ya.shape[0]} (what is cropped doesn't count)")
    distance = np.arange(WINDOW) - WINDOW // 2
    window = np.exp(-distance ** 2 / (2 * DEVIATION ** 2))
    window /= window.sum()
    total, rows = 0.0, len(ya) - WINDOW + 1
    for start in range(0, rows, STRIP):
        strip = slice(start, min(start + STRIP, rows) + WINDOW - 1)
        total += _similarity(ya[strip], yb[strip], window).sum()
    return float(total / (rows * (ya.shape[1] - WINDOW + 1)))


def _similarity(a, b, window):
    """SSIM at every place of the window in two images of luminance (H, W)."""
    c1, c2 = (k * RANGE for k in K)
    c1, c2 = c1 ** 2, c2 ** 2
    moments = np.stack([a, b, a * a, b * b, a * b])
    # The window is one product of a column and a row, so the sums are taken one after the other.
    moments = sliding_window_view(moments, WINDOW, axis=1) @ window
    mean_a, mean_b, aa, bb, ab = sliding_window_view(moments, WINDOW, axis=2) @ window
    products = mean_a * mean_b
    squares = mean_a ** 2 + mean_b ** 2
    return ((2 * products + c1) * (2 * (ab - products) + c2)
            / ((squares + c1) * (aa + bb - squares + c2)))


def gradient_energy(image, *, crop=0):
    """How sharp a picture is: the mean squared difference of neighbors, of luminance.

    image: a picture (C, H, W).
    crop: pixels that don't count at each side.
    Returns a float, of squared steps of 0 … 255. Compare it with that of the same picture, sharp.
    """
    y = _cropped(luminance(image), crop)
    return float(np.mean(np.diff(y, axis=0) ** 2) + np.mean(np.diff(y, axis=1) ** 2))


def _compared(a, b, crop):
    """The luminance of two pictures (C, H, W), cropped."""
    checks.same_shape("a", a, "b", b)
    return _cropped(luminance(a), crop), _cropped(luminance(b), crop)


def _cropped(y, crop):
    crop = checks.integer("crop", crop, 0)
    if y.ndim != 2 or min(y.shape) <= 2 * crop:
        raise ValueError(f"one picture of more than {2 * crop}×{2 * crop} pixels is measured, as "
                         f"{crop} at each side don't count, not luminance of shape {y.shape}")
    return y[crop:y.shape[0] - crop, crop:y.shape[1] - crop]
