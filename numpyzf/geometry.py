"""Where windows lie: output sizes, receptive fields, and the cone of a unit. Integers only.

Windows are square, so one axis says it all: a window of `size` pixels moves by `stride` over an input that is
extended by `pad` on both sides. Window number i begins at pixel i·stride − pad.
"""
from numbers import Integral
from typing import NamedTuple


class Window(NamedTuple):
    """The window of a convolution or a pool along one axis: size, stride and padding in pixels of its input."""
    size: int
    stride: int
    pad: int


class ReceptiveField(NamedTuple):
    """What one unit sees of the image along one axis: unit i covers pixels start + i·stride … + size − 1.

    `start` is negative where padding is seen.
    """
    size: int
    stride: int
    start: int


def ceil_div(a, b):
    """⌈a / b⌉ of integers."""
    return -(-a // b)


IDENTITY = ReceptiveField(size=1, stride=1, start=0)


def check_window(size, stride, pad):
    """(size, stride, pad) as Python's integers, since NumPy's small and unsigned ones overflow.

    Raises a TypeError or ValueError unless size ≥ 1, stride ≥ 1 and pad ≥ 0 are integers.
    """
    for name, value, least in (("size", size, 1), ("stride", stride, 1), ("pad", pad, 0)):
        if not isinstance(value, Integral) or isinstance(value, bool):
            raise TypeError(f"{name} must be an integer (windows are square), not {value!r}")
        if value < least:
            raise ValueError(f"{name} must be at least {least}, not {value}")
    return int(size), int(stride), int(pad)


def conv_output_size(n, size, stride, pad):
    """Number of windows that fit into n + 2·pad pixels: ⌊(n + 2·pad − size) / stride⌋ + 1.

    Raises ValueError if the window is larger than the padded input.

    >>> conv_output_size(224, 7, 2, 1)   # conv1 of the paper's net; the last padded column is not visited
    110
    """
    size, stride, pad = check_window(size, stride, pad)
    if n < 1:
        raise ValueError(f"the input must have at least 1 pixel along each axis, not {n}")
    if size > n + 2 * pad:
        raise ValueError(f"a window of size {size} is larger than the padded input: {n} + 2·{pad} = {n + 2 * pad} pixels")
    return (n + 2 * pad - size) // stride + 1


def pool_output_size(n, size, stride, pad=0, ceil=False):
    """Number of pooling windows. With `ceil` a last window may hang over the edge, if it begins inside the input.

    Raises ValueError if the window is larger than the padded input, or if pad > size/2, where a window could
    hold nothing but padding.

    >>> [pool_output_size(110, 3, 2, ceil=c) for c in (False, True)]
    [54, 55]
    """
    size, stride, pad = check_window(size, stride, pad)
    floor_size = conv_output_size(n, size, stride, pad)
    if 2 * pad > size:
        raise ValueError(f"pad {pad} is more than half of the pooling window's size {size}: a window could be all padding")
    if not ceil:
        return floor_size
    count = -(-(n + 2 * pad - size) // stride) + 1
    if (count - 1) * stride >= n + pad:
        count -= 1
    return count


def see_through(field, window):
    """The receptive field after one more window, given the field before it.

    >>> see_through(see_through(IDENTITY, Window(7, 2, 1)), Window(3, 2, 0))   # pool1 of the paper's net
    ReceptiveField(size=11, stride=4, start=-1)
    """
    return ReceptiveField(size=field.size + (window.size - 1) * field.stride,
                          stride=field.stride * window.stride,
                          start=field.start - window.pad * field.stride)


def below(interval, window, n):
    """Pixels [lo, hi) of an input of n pixels that the windows [lo, hi) of the output look at.

    >>> below((0, 1), Window(7, 2, 1), 224), below((109, 110), Window(7, 2, 1), 224)
    ((0, 6), (217, 224))
    """
    lo, hi = interval
    return max(lo * window.stride - window.pad, 0), min((hi - 1) * window.stride - window.pad + window.size, n)
