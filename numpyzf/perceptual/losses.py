"""What pictures are compared by: values, and gradients with respect to the first picture.

Every loss is the mean over the pictures of a batch, normalized as in the paper (section 3.2), and
summed in float64.
"""
import numpy as np

from .. import checks


def pixel(y, target, *, power=2):
    """The pixel loss: Σ |y − target|^power / (C·H·W).

    y, target: floats (N, C, H, W) of one shape.
    power: 2 is the paper's; 1 has lines less blurred, since one large difference costs no more
    than many small ones.
    Returns the value, a float, and its gradient with respect to y.
    """
    checks.same_shape("y", y, "target", target)
    difference = y - target
    if power == 1:
        value = np.abs(difference).mean(dtype=np.float64)
        gradient = np.sign(difference, out=difference)
    else:
        value = np.square(difference).mean(dtype=np.float64)
        gradient = np.multiply(difference, 2, out=difference)
    gradient *= y.dtype.type(1 / y.size)        # of the mean over N too
    return float(value), gradient


def feature(y, target):
    """The feature loss of one layer: ‖y − target‖² / (C·H·W), between outputs of the judge.

    The same formula as the paper's pixel loss, on maps. Returns the value and its gradient.
    """
    return pixel(y, target)
