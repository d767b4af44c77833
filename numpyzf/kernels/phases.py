"""Pixels, split by row and column modulo the stride. These functions are compiled into kernels.

Neighboring windows lie `stride` pixels apart. What they see at one place of the window is then
not contiguous, and vector instructions can't be used. So pixels are split by row and column
modulo the stride: now it is contiguous. The parts are called phases. Here is a plane with
stride 2; "23" is the pixel in row 2, column 3, and ".." is fill:

    00 01 02 03 04        phase 0 (row even, column even)   00 02 04   20 22 24   40 42 44
    10 11 12 13 14        phase 1 (row even, column odd)    01 03 ..   21 23 ..   41 43 ..
    20 21 22 23 24   ->   phase 2 (row odd,  column even)   10 12 14   30 32 34   .. .. ..
    30 31 32 33 34        phase 3 (row odd,  column odd)    11 13 ..   31 33 ..   .. .. ..
    40 41 42 43 44

Windows of 3×3, two rows of two: window (p, q) begins at pixel (2p, 2q). At its place (i, j) it
sees pixel (2p + i, 2q + j). This pixel is in phase (i % 2)·2 + j % 2, in row p + i // 2, column
q + j // 2:

    place (0, 0) of all windows:   00 02 [04] 20 22    phase 0, from its first number
    place (0, 2) of all windows:   02 04 [20] 22 24    one number further on
    place (2, 0) of all windows:   20 22 [24] 40 42    one row further on

[ ] is between two rows of windows: no window begins there, and what is computed there is never
used. With padding, window (p, q) begins at (2p − pad, 2q − pad).

So one place of all windows is one stretch of numbers, whatever the stride. A row of a phase has
row_length = OW + overhang numbers, where overhang = (size − 1) // stride: the last window of a
row looks `overhang` numbers beyond its first. Padding is fill, at the edges of the phases.
"""
from .cache import njit


@njit(inline="always")
def inside(n, shift, stride, count):
    """The windows o of range(count) whose pixel o·stride + shift lies in range(n).

    n: how many pixels there are along the axis.
    shift: the pixel of window 0.
    stride: from one window's pixel to the next one's.
    count: how many windows there are.

    Returns start, stop.
    """
    # the first window whose pixel isn't before the plane, ⌈−shift / stride⌉
    start = 0 if shift >= 0 else (-shift + stride - 1) // stride
    # one more than the last window whose pixel isn't behind the plane
    stop = (n - 1 - shift) // stride + 1 if n - 1 - shift >= 0 else 0
    # at most count; an empty range where no window qualifies
    start = min(start, count)
    return start, max(min(stop, count), start)


@njit(inline="always")
def take_every(stride, pixels, out, count):
    """out[q] = pixels[q·stride].

    stride: of the pixels taken.
    pixels: a row of pixels, from the first one taken on.
    out: the result, `count` numbers or more.
    count: how many pixels to take.
    """
    # strides 1 and 2 have loops of their own, which the compiler vectorizes
    if stride == 1:
        for q in range(count):
            out[q] = pixels[q]
    elif stride == 2:
        # a constant, which the compiler knows
        for q in range(count):
            out[q] = pixels[2 * q]
    else:
        # any other stride
        for q in range(count):
            out[q] = pixels[q * stride]


@njit(nogil=True)
def split_phases(plane, phases, begin, fill, top, rows, row_length, stride, pad):
    """Split rows of a plane (H, W) by row and column modulo the stride, as drawn above.

        phases[a·stride + b, begin + p·row_length + q] = plane[(top + p)·stride + a − pad,
                                                       q·stride + b − pad]

    plane: (H, W), the pixels.
    phases: (stride², ≥ begin + rows·row_length), the result.
    begin: where in each phase the result begins.
    fill: what stands for pixels outside of the plane.
    top: a row of windows. The first pixels that it sees are the first row of each phase.
    rows: how many rows each phase gets.
    row_length: how many numbers a row of a phase has.
    stride, pad: of the windows.
    """
    height, width = plane.shape
    for a in range(stride):
        for b in range(stride):
            # the columns of this phase that come from the plane
            q_start = min(max((pad - b + stride - 1) // stride, 0), row_length)
            q_stop = max(min((width - 1 + pad - b) // stride + 1, row_length), q_start)
            for p in range(rows):
                h = (top + p) * stride + a - pad
                line = phases[a * stride + b, begin + p * row_length:]
                if 0 <= h < height:
                    # padding at the left
                    for q in range(q_start):
                        line[q] = fill
                    # pixels
                    pixels = plane[h, q_start * stride + b - pad:]
                    take_every(stride, pixels, line[q_start:], q_stop - q_start)
                    # padding at the right
                    for q in range(q_stop, row_length):
                        line[q] = fill
                else:
                    # a row of padding
                    for q in range(row_length):
                        line[q] = fill
