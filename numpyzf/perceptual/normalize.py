"""Normalization of each channel by its own mean and variance, over the batch or in each image.

The two ways are one operation; numpyzf/general/functional.py has batch normalization at inference,
where mean and variance are constants.
"""
from typing import NamedTuple

import numpy as np

from .. import checks, kernels


class NormSaved(NamedTuple):
    """What normalize_backward needs."""
    normal: np.ndarray      # (N, C, P): the input, of mean 0 and variance 1
    scale: np.ndarray       # (C,)
    root: np.ndarray        # (N, C), or (1, C) over the batch: √(variance + epsilon)


def normalize_forward(x, scale, shift, *, batch, epsilon=1e-5):
    """Normalize each channel by its own mean and variance: over the batch, or in each image.

    normal = (x − mean) / √(variance + epsilon),  y[n,c] = scale[c] · normal[n,c] + shift[c]

    x: (N, C, H, W), or (N, C) over the batch.
    scale, shift: (C,).
    batch: mean and variance are those of all images together, as in a training by batch
    normalization (Ioffe & Szegedy 2015); else of each one, instance normalization (Ulyanov et al.
    2016, arXiv 1607.08022). The variance is the mean square, not the estimate.
    Returns y, saved, and mean and variance, (1, C) or (N, C).
    """
    x = checks.array("x", x, "NCHW" if np.ndim(x) != 2 or not batch else None)
    scale, shift = (checks.array(name, value, "C", like=x.dtype, shape=x.shape[1:2],
                                 why="one per channel of x")
                    for name, value in (("scale", scale), ("shift", shift)))
    checks.positive(epsilon=epsilon)
    N, C, *size = x.shape
    P = int(np.prod(size))
    if (N if batch else 1) * P < 2:
        raise ValueError(f"x has shape {x.shape}: it takes two numbers of a channel at least "
                         f"{'' if batch else 'in each image '}to have a variance")
    y, normal = np.empty_like(x), np.empty((N, C, P), x.dtype)
    mean, variance, root = (np.empty((1 if batch else N, C), x.dtype) for _ in range(3))
    kernels.run(normalize_channels, C, x.reshape(N, C, P), y.reshape(N, C, P), normal, scale, shift,
                mean, variance, root, epsilon)
    return y, NormSaved(normal, scale, root), mean, variance


def normalize_channels(x, y, normal, scale, shift, mean, variance, root, epsilon, start, stop):
    """normalize_forward of (N, C, P) for channels from start to stop, one after the other: small
    enough for the cache.
    """
    axes = (0, 1) if len(mean) == 1 else 1
    for c in range(start, stop):
        own = normal[:, c]                                      # (N, P)
        mean[:, c] = x[:, c].mean(axis=axes)
        np.subtract(x[:, c], mean[:, c, None], out=own)
        variance[:, c] = np.square(own).mean(axis=axes)
        root[:, c] = np.sqrt(variance[:, c] + x.dtype.type(epsilon))
        own /= root[:, c, None]
        np.multiply(own, scale[c], out=y[:, c])
        y[:, c] += shift[c]


def normalize_backward(dy, saved):
    """Gradients, also through mean and variance: dy -> dx, both like x, dscale (C,), dshift (C,).

    dx = scale/root · (dy − mean of dy − normal · mean of dy·normal), means as on the way up
    """
    normal, scale, root = saved
    N, C, P = normal.shape
    dy = checks.array("dy", dy, like=normal.dtype)
    if dy.shape[:2] != (N, C) or dy.size != normal.size:
        raise ValueError(f"dy has shape {dy.shape}, expected {N} images of {C} channels and {P} "
                         "pixels: that of the output")
    dx, dscale, dshift = np.empty_like(dy), np.empty_like(scale), np.empty_like(scale)
    kernels.run(normalize_gradients, C, dy.reshape(N, C, P), normal, scale, root,
                dx.reshape(N, C, P), dscale, dshift)
    return dx, dscale, dshift


def normalize_gradients(dy, normal, scale, root, dx, dscale, dshift, start, stop):
    """normalize_backward for channels from start to stop."""
    axes = (0, 1) if len(root) == 1 else 1
    for c in range(start, stop):
        own, products = dx[:, c], dy[:, c] * normal[:, c]       # (N, P)
        dshift[c], dscale[c] = dy[:, c].sum(), products.sum()
        mean, slope = (values.mean(axis=axes).reshape(-1, 1)    # (N, 1), or (1, 1) over the batch
                       for values in (dy[:, c], products))
        np.multiply(normal[:, c], -slope, out=own)
        own += dy[:, c]
        own -= mean
        own *= scale[c] / root[:, c, None]


def normalize_transpose(r, saved, image_of):
    """r · scale / root: what would come down if mean and variance were constants.

    r: (M, C, …), signals of the images image_of (M,).
    """
    r = checks.array("r", r, like=saved.normal.dtype)
    factor = saved.scale / saved.root                           # (N, C), or (1, C) over the batch
    factor = factor[image_of] if len(factor) > 1 else factor
    return r * factor.reshape(*factor.shape, *[1] * (r.ndim - 2))
