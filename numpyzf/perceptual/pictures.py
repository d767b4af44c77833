"""Pictures: made smaller and larger."""
import numpy as np

from .. import checks


def bicubic_matrix(old, new):
    """The matrix that makes `new` pixels of `old` ones along an axis, by Keys' cubic, a = −0.5.

    Pixel p of the new ones lies at (p + ½) · old/new − ½ among the old ones. Where pixels get
    fewer, the cubic is wider by old/new, which keeps what is too fine for them from aliasing. Over
    an edge the row goes on as in a mirror: b a | a b c. Each row sums to 1.

    old, new: how many pixels, 1 or more.
    Returns float64 (new, old). Source: Keys 1981, "Cubic convolution interpolation".

    >>> bicubic_matrix(4, 8)[3].tolist()        # at 1¼: between pixels 1 and 2, nearer to 1
    [-0.0703125, 0.8671875, 0.2265625, -0.0234375]
    """
    old, new = (checks.integer(name, n, 1) for name, n in (("old", old), ("new", new)))
    width = max(old / new, 1.0)
    centers = (np.arange(new)[:, None] + 0.5) * (old / new) - 0.5
    reach = int(np.ceil(2 * width))
    at = np.floor(centers).astype(int) + np.arange(-reach, reach + 1)       # (new, taps)
    weights = cubic((at - centers) / width)
    weights /= weights.sum(axis=1, keepdims=True)
    at %= 2 * old                       # a row and its mirror image, again and again
    at = np.where(at < old, at, 2 * old - 1 - at)
    matrix = np.zeros((new, old))
    np.add.at(matrix, (np.arange(new)[:, None], at), weights)
    return matrix


def cubic(distance):
    """Keys' cubic for a = −0.5: 1 at 0, zero at ±1 and from ±2 on."""
    d = np.abs(distance)
    near, far = 1 + d ** 2 * (1.5 * d - 2.5), 2 + d * (-4 + d * (2.5 - 0.5 * d))
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))
