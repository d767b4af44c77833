"""What the kernels share: threads (run), memory (scratch, blocks), and pixels split by phases.

Numba looks for changes only in the file of the kernel that it has stored. The last three
functions are compiled into kernels of other files: whoever changes them must empty the cache
($NUMBA_CACHE_DIR, or __pycache__ beside this file).
"""
import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import ContextVar, copy_context
from functools import cache

import numpy as np
from numba import config, njit


# ---- threads ------------------------------------------------------------------------------------

THREADS = config.NUMBA_NUM_THREADS  # the cores, unless the environment variable says otherwise
FEW = 1 << 16               # one thread has passed over them before another wakes up (0.1 ms)
SMALL_PRODUCT = 3 << 17     # multiply-adds that OpenBLAS does on its caller's thread (not so 2^19)

_in_a_share = ContextVar("in a share", default=False)


def run(kernel, count, *arguments, least=1):
    """Call kernel(*arguments, start, stop) for even shares of range(count), on several threads.

    kernel: a kernel, or a Python function that releases the lock inside, in NumPy or kernels
    count: how many items there are
    arguments: what the kernel takes before start and stop
    least: a share has this many items or more; FEW for flat elementwise kernels

    Returns the list of results, in order of the shares. The first share is done on the caller's own
    thread. If a share raises an error, run raises it when all shares have ended. Shares depend only
    on count, least and THREADS: sums over the shares are the same every time. Nested calls run on
    the thread that makes them: a worker that waited for its own pool would wait forever.
    """
    parts = 1 if _in_a_share.get() else max(1, min(THREADS, count // least))
    outside = _in_a_share.set(True)
    others = []
    try:
        for part in range(1, parts):
            start, stop = count * part // parts, count * (part + 1) // parts
            # the context: that this is a share, and numpy.errstate
            others.append(_pool(parts - 1, os.getpid()).submit(
                copy_context().run, kernel, *arguments, start, stop))
        results = [kernel(*arguments, 0, count // parts)]
        for other in others:
            results.append(other.result())
        return results
    finally:
        _in_a_share.reset(outside)
        if others:
            wait(others)        # also after an error: they write into arrays of the caller


@cache
def _pool(size, process):
    """The threads of a process. A forked one has another number, and makes its own."""
    return ThreadPoolExecutor(size, thread_name_prefix="numpyzf")


# ---- memory -------------------------------------------------------------------------------------

_own = threading.local()


def scratch(name, shape, dtype):
    """An array, not cleared, that this thread keeps for the next call with the same name.

    One buffer per thread and name, as large as the largest request so far; freed with the thread.
    """
    nbytes = math.prod(shape) * np.dtype(dtype).itemsize
    buffer = getattr(_own, name, None)
    if buffer is None or buffer.size < nbytes:
        setattr(_own, name, None)               # the old one goes before the new one comes
        buffer = np.empty(nbytes, np.uint8)
        setattr(_own, name, buffer)
    return buffer[:nbytes].view(dtype).reshape(shape)


def blocks(start, stop, cost, limit):
    """Slices of range(start, stop): as few as there can be that cost at most `limit` each.

    cost: of one item, in bytes or multiply-adds
    limit: the same unit; a slice has one item at least, whatever it costs

    All have one length but the last, which may be shorter.
    """
    count = stop - start
    most = max(1, limit // cost)
    number = max(1, (count + most - 1) // most)         # ⌈count / most⌉
    step = max(1, (count + number - 1) // number)       # ⌈count / number⌉
    parts = []
    for begin in range(start, stop, step):
        parts.append(slice(begin, min(begin + step, stop)))
    return parts


# ---- pixels, split by row and column modulo the stride ------------------------------------------
#
# Neighboring windows lie `stride` pixels apart. So what they see at one place of the window is
# not contiguous, and vector instructions can't be used. Split by row and column modulo the
# stride, it is. The parts are called phases. Here is a plane with stride 2; "23" is the pixel in
# row 2, column 3:
#
#     00 01 02 03 04 05            phase 0 (row even, column even)   00 02 04   20 22 24
#     10 11 12 13 14 15     ->     phase 1 (row even, column odd)    01 03 05   21 23 25
#     20 21 22 23 24 25            phase 2 (row odd,  column even)   10 12 14   30 32 34
#     30 31 32 33 34 35            phase 3 (row odd,  column odd)    11 13 15   31 33 35
#
# Windows of 3×3: window (p, q) begins at pixel (2p, 2q). At its place (i, j) it sees pixel
# (2p + i, 2q + j). This pixel is in phase (i % 2)·2 + j % 2, in row p + i // 2, column q + j // 2:
#
#     place (0, 1) of windows (0, 0), (0, 1):   01 03   phase 1, from column 0
#     place (0, 2) of windows (0, 0), (0, 1):   02 04   phase 0, from column 1
#     place (2, 0) of windows (0, 0), (0, 1):   20 22   phase 0, from row 1
#
# One place of all windows is one run of numbers, whatever the stride, also from one row of windows
# to the next. A row of a phase has row_length = OW + overhang numbers, where
# overhang = (size − 1) // stride: the last window of a row looks so far. The run goes on over the
# overhang, where no window begins; what is computed there is never used. Padding is filled in, at
# the edges of the phases.

@njit(inline="always")
def inside(n, shift, stride, count):
    """The windows o of range(count) whose pixel o·stride + shift lies in range(n): start, stop."""
    # the first window that isn't before the plane, ⌈−shift / stride⌉
    start = 0 if shift >= 0 else (-shift + stride - 1) // stride
    # behind the last one that isn't after it
    stop = (n - 1 - shift) // stride + 1 if n - 1 - shift >= 0 else 0
    start = min(start, count)
    return start, max(min(stop, count), start)


@njit(inline="always")
def take_every(stride, pixels, out, count):
    """out[q] = pixels[q·stride]."""
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


@njit(inline="always")
def split_phases(plane, phases, fill, top, rows, row_length, stride, pad):
    """Split rows of a plane (H, W) by row and column modulo the stride, as drawn above.

    phases: (stride², ≥ rows·row_length), the result:
            phases[a·stride + b, p·row_length + q]
                = plane[(top + p)·stride + a − pad, q·stride + b − pad]
    fill: what stands for pixels outside of the plane
    top: the first row of windows; its first pixels are the first row of each phase
    """
    height, width = plane.shape
    for a in range(stride):
        for b in range(stride):
            # the columns of this phase that come from the plane
            q_start = min(max((pad - b + stride - 1) // stride, 0), row_length)
            q_stop = max(min((width - 1 + pad - b) // stride + 1, row_length), q_start)
            for p in range(rows):
                h = (top + p) * stride + a - pad
                line = phases[a * stride + b, p * row_length:]
                if 0 <= h < height:
                    # padding at the left, pixels, padding at the right
                    for q in range(q_start):
                        line[q] = fill
                    pixels = plane[h, q_start * stride + b - pad:]
                    take_every(stride, pixels, line[q_start:], q_stop - q_start)
                    for q in range(q_stop, row_length):
                        line[q] = fill
                else:
                    # a row of padding
                    for q in range(row_length):
                        line[q] = fill
