"""Where windows lie: output sizes, receptive fields, what windows see. Integers only.

Windows are square, so one axis says it all: a window of `size` pixels moves by `stride` over an
input that is extended by `pad` on both sides. Window number i begins at pixel i·stride − pad.
"""
from functools import lru_cache
from typing import NamedTuple

from . import checks

# Every pass asks for the same sizes again. `typed`, so that True is not taken for 1.
remembered = lru_cache(maxsize=None, typed=True)


class Window(NamedTuple):
    """The window of a convolution or a pool along one axis, in pixels of its input."""
    size: int
    stride: int
    pad: int


class ReceptiveField(NamedTuple):
    """What one unit sees of the image along one axis: `size` pixels from start + i·stride on."""
    size: int
    stride: int
    start: int      # of unit 0; negative where padding is seen


IDENTITY = ReceptiveField(size=1, stride=1, start=0)


def ceil_div(a, b):
    """⌈a / b⌉ of integers."""
    return -(-a // b)


@remembered
def conv_output_size(n, size, stride, pad):
    """Number of windows that fit into n + 2·pad pixels: ⌊(n + 2·pad − size) / stride⌋ + 1.

    Raises ValueError if the window is larger than the padded input.

    >>> conv_output_size(224, 7, 2, 1)   # conv1 of the paper's net
    110
    """
    size, stride, pad = checks.window(size, stride, pad)
    if n < 1:
        raise ValueError(f"the input must have at least 1 pixel along each axis, not {n}")
    if size > n + 2 * pad:
        raise ValueError(f"a window of size {size} is larger than the padded input: "
                         f"{n} + 2·{pad} = {n + 2 * pad} pixels")
    return (n + 2 * pad - size) // stride + 1


@remembered
def pool_output_size(n, size, stride, pad=0, ceil=False):
    """Number of pooling windows.

    With `ceil` a last one may hang over the edge, if it begins inside of the input.

    Raises ValueError if the window is larger than the padded input, or if pad > size/2, where a
    window could hold nothing but padding.

    >>> [pool_output_size(110, 3, 2, ceil=c) for c in (False, True)]
    [54, 55]
    """
    count = conv_output_size(n, size, stride, pad)
    if 2 * pad > size:
        raise ValueError(f"pad {pad} is more than half of the pooling window's size {size}: "
                         "a window could be all padding")
    if not ceil:
        return count
    count = ceil_div(n + 2 * pad - size, stride) + 1
    if (count - 1) * stride >= n + pad:     # the last one would begin behind the input
        count -= 1
    return count


def see_through(field, window):
    """The receptive field after one more window, given the field before it.

    >>> conv1 = see_through(IDENTITY, Window(7, 2, 1))      # of the paper's net
    >>> see_through(conv1, Window(3, 2, 0))                 # pool1
    ReceptiveField(size=11, stride=4, start=-1)
    """
    return ReceptiveField(size=field.size + (window.size - 1) * field.stride,
                          stride=field.stride * window.stride,
                          start=field.start - window.pad * field.stride)


def pixels_below(start, stop, window, n):
    """The pixels of an input of n pixels that a run of windows looks at; a half-open range.

    start, stop: the windows, a half-open range too.

    >>> pixels_below(0, 1, Window(7, 2, 1), 224), pixels_below(109, 110, Window(7, 2, 1), 224)
    ((0, 6), (217, 224))
    """
    first = start * window.stride - window.pad
    end = (stop - 1) * window.stride - window.pad + window.size
    return min(max(first, 0), n), max(min(end, n), 0)
