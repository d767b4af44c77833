"""What pictures are compared by: values, and gradients with respect to the first picture.

Every loss is the mean over the pictures of a batch, normalized as in the paper (section 3.2), and
summed in float64. Values of pictures are 0 … 1: a weight of the paper's for pixels of 0 … 255 is
255² times as large here.
"""
import numpy as np

from .. import checks, kernels


def pixel(y, target, *, power=2):
    """The pixel loss: Σ |y − target|^power / (C·H·W).

    y, target: floats (N, C, H, W) of one shape.
    power: 2 is the paper's; 1 has lines less blurred, since one large difference costs no more
    than many small ones.
    Returns the value, a float, and its gradient with respect to y.
    """
    checks.one_of("power", power, (1, 2))
    checks.same_shape("y", y, "target", target)
    y = _some("y", y)
    target, gradient = checks.array("target", target, like=y.dtype), np.empty_like(y)
    flat = (each.reshape(-1) for each in (y, target, gradient))
    # divided by their number: C·H·W, and N as it is a mean over the batch
    value = sum(kernels.run(kernels.pixel_loss, gradient.size, *flat, power, gradient.size))
    return float(value / gradient.size), gradient


def feature(y, target):
    """The feature loss of one layer: ‖y − target‖² / (C·H·W), between outputs of the judge.

    The same formula as the paper's pixel loss, on maps. Returns the value and its gradient.
    """
    return pixel(y, target)


def gram(y):
    """Which maps fire together, wherever that is: G = ψψᵀ / (C·H·W), with ψ the maps as rows.

    y: outputs of the judge (N, C, H, W).
    Returns float64 (N, C, C): what the style of a picture is compared by.
    """
    maps = _as_rows(y).astype(np.float64)               # (N, C, H·W)
    return maps @ maps.swapaxes(1, 2) / maps[0].size    # (N, C, H·W) @ (N, H·W, C)


def style(y, target_gram):
    """The style loss of one layer: ‖G(y) − target‖², the squared Frobenius distance of the Grams.

    It is a sum over the C² numbers and no mean.

    y: outputs of the judge (N, C, H, W).
    target_gram: of the style's picture, (N, C, C), or (1, C, C) for all N; its H and W may be
    others.
    Returns the value and its gradient, 4 (G − target) ψ / (C·H·W).
    """
    maps = _as_rows(y)
    N, C, _ = maps.shape
    if np.shape(target_gram) not in ((N, C, C), (1, C, C)):
        raise ValueError(f"target_gram has shape {np.shape(target_gram)}, expected {(N, C, C)}, or "
                         f"{(1, C, C)} for all {N} pictures")
    difference = gram(y) - target_gram
    value = np.square(difference).sum() / len(y)
    difference *= 4 / maps.size                         # N·C·H·W: of the mean over N too
    return float(value), (difference.astype(y.dtype) @ maps).reshape(y.shape)


def _as_rows(y):
    """Maps (N, C, H, W) as rows (N, C, H·W)."""
    return _some("y", y, "NCHW").reshape(*y.shape[:2], -1)


def _some(name, values, axes=None):
    """checks.array, of one number at least: there is no mean of none."""
    values = checks.array(name, values, axes)
    if not values.size:
        raise ValueError(f"{name} holds no numbers, it has shape {values.shape}")
    return values


def total_variation(x):
    """How much neighbors differ: the sum of the squares of all steps to the right and down.

    As in the paper's code it isn't divided by C·H·W: a larger picture has more of it.

    x: pictures (N, C, H, W).
    Returns the value, a mean over N, and its gradient.
    """
    x = _some("x", x, "NCHW")
    value, gradient = 0.0, np.zeros_like(x)
    for axis in (2, 3):
        steps = np.diff(x, axis=axis)
        value += np.square(steps).sum(dtype=np.float64)
        steps *= x.dtype.type(2 / len(x))
        # a step is what lies behind it, minus what lies before it
        down, steps = (np.moveaxis(part, axis, 0) for part in (gradient, steps))
        down[1:] += steps
        down[:-1] -= steps
    return float(value / len(x)), gradient
