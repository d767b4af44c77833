"""Windows whose axes may differ: where they lie, how many there are, how they are written."""
import numpy as np

from .. import checks
from ..fields import Sides
from ..geometry import Window, ceil_div
from ..kernels import Frame


def frame(size, stride=1, pad=0, dilation=1):
    """The Frame of a layer's arguments.

    size, stride, dilation: an integer or (rows, columns).
    pad: an integer or (top, left, bottom, right).

    Raises TypeError or ValueError for what is no such window.
    """
    return Frame(numbers("size", size, "(rows, columns)", 1),
                 numbers("stride", stride, "(rows, columns)", 1),
                 numbers("pad", pad, "(top, left, bottom, right)", 0),
                 numbers("dilation", dilation, "(rows, columns)", 1))


def numbers(name, value, axes, least):
    """An integer for all axes, or one for each, as a tuple of Python's integers."""
    count = axes.count(",") + 1
    if not isinstance(value, (tuple, list, np.ndarray)):
        value = (value,) * count
    if np.shape(value) != (count,):
        raise ValueError(f"{name} must be an integer or {axes}, not {value!r}")
    return tuple(checks.integer(name, number, least, checks.MOST_SIDE) for number in value)


def windows(frame):
    """A layer's `window`: fields.Sides. Of a dilated one the size is its span."""
    return Sides(*(Window(span(frame, axis), frame.stride[axis], frame.pad[axis])
                   for axis in (0, 1)))


def span(frame, axis):
    """Pixels from a window's first tap to its last, both counted."""
    return (frame.size[axis] - 1) * frame.dilation[axis] + 1


def output_size(frame, hw, ceil=False):
    """(OH, OW), the number of windows along each axis of maps of (H, W).

    ceil: a last window may hang over the end; one that begins in the padding there is dropped.

    Raises ValueError where a window is larger than the padded maps.
    """
    return tuple(count_along(frame, axis, n, ceil) for axis, n in enumerate(hw))


def count_along(frame, axis, n, ceil):
    """The number of windows along one axis of n pixels."""
    before, after = frame.pad[axis], frame.pad[axis + 2]
    left, stride = n + before + after - span(frame, axis), frame.stride[axis]
    if n < 1:
        raise ValueError(f"the input must have at least 1 pixel along each axis, not {n}")
    count = ceil_div(left, stride) + 1 if ceil else left // stride + 1
    if count < 1:
        raise ValueError(f"a window of {span(frame, axis)} {('rows', 'columns')[axis]} is larger "
                         f"than the padded input: {before} + {n} + {after} = "
                         f"{n + before + after}")
    if ceil and (count - 1) * stride >= n + before:     # the last one begins behind the input
        count -= 1
    return count


def pool_size(frame, hw, ceil=False):
    """output_size of a pool; ValueError where a window holds nothing but padding."""
    sizes = output_size(frame, hw, ceil)
    for axis, (n, count) in enumerate(zip(hw, sizes)):
        # each window's first tap that isn't before the maps, and the pixel under it
        begin, step = np.arange(count) * frame.stride[axis] - frame.pad[axis], frame.dilation[axis]
        tap = ceil_div(np.maximum(-begin, 0), step)
        if not ((tap < frame.size[axis]) & (begin + tap * step < n)).all():
            raise ValueError(f"pad {frame.pad} is too wide for a pooling window of "
                             f"{words(frame.size)} over {hw[0]}×{hw[1]} pixels: one window would "
                             "hold nothing but padding")
    return sizes


def middles(frame, hw, sizes):
    """int32 (OH, OW): the middle of each window, row·W + column, or the nearest pixel to it."""
    rows, columns = (
        np.clip(np.arange(count) * stride - before + size // 2 * dilation, 0, n - 1)
        for count, stride, before, size, dilation, n
        in zip(sizes, frame.stride, frame.pad, frame.size, frame.dilation, hw))
    return (rows[:, None] * hw[1] + columns).astype(np.int32)


# ---- in words ------------------------------------------------------------------------------------

def words(pair):
    """3×3, or 1×7."""
    return "×".join(map(str, pair))


def sides(numbers):
    """One number where all are the same, else all: 1, or 0 1 0 1."""
    return " ".join(map(str, numbers[:1] if len(set(numbers)) == 1 else numbers))


def describe(frame):
    """What a layer's name goes on with: 3×3/2, pad 1, dilation 2."""
    size, stride, pad, dilation = frame
    step = f"/{sides(stride).replace(' ', '×')}" if stride != (1, 1) else ""
    margin = f", pad {sides(pad)}" if any(pad) else ""
    gaps = f", dilation {sides(dilation).replace(' ', '×')}" if dilation != (1, 1) else ""
    return words(size) + step + margin + gaps
