"""What the kernels share: threads (run), memory (scratch, blocks), and pixels split by phases.

The last three functions are compiled into kernels of other files.
"""
import ctypes
import functools
import importlib
import math
import operator
import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from numba import config, njit


# ---- threads ------------------------------------------------------------------------------------

THREADS = config.NUMBA_NUM_THREADS  # the cores, unless $NUMBA_NUM_THREADS says otherwise
PIECES = 32                 # of one call of run, at most: enough for 16 threads, some of them slow
GRAIN = 1 << 18             # bytes of arrays for each piece: fewer aren't worth another call
PRODUCT_GRAIN = 1 << 21     # multiply-adds for each piece of a product
# Rows or columns of each piece. BLAS packs the whole other matrix anew for each: pieces of 256 are
# 5 to 10 % slower, of 96 up to 20 %, of 64 a third and more. So there are wide ones where this
# makes four or more of them, or else up to four narrow ones.
WIDE, NARROW = 512, 96
# The largest product, in multiply-adds, of a few images that go through all steps on one thread.
SMALL_PRODUCT = 3 << 17

_in_a_piece = ContextVar("in a piece", default=False)
_inside = SimpleNamespace(lock=threading.Lock(), count=0, before=1)     # of in_a_piece


def run(kernel, count, *arguments, pieces=None):
    """Call kernel(*arguments, start, stop) for even pieces of range(count), on several threads.

    kernel: a kernel, or a Python function that spends its time in NumPy or kernels, which release
    the interpreter's lock.
    count: how many items there are.
    arguments: what the kernel takes before start and stop.
    pieces: how many pieces; if not given, as many as the arrays among the arguments have GRAIN
    bytes. There are PIECES at most, and `count` at most.

    Returns the list of results, in the order of the pieces. Each thread, and the caller's own is
    one, takes the next piece as soon as it is free: a core that is busy with something else does
    fewer. If a piece raises an error, no other is begun, and run raises it.

    The pieces depend on the work alone. So equal calls give equal sums, on any number of threads.
    A nested call is one piece, on the thread that makes it: a worker that waited for its own pool
    could wait forever. So is a product.
    """
    if _in_a_piece.get():
        return [kernel(*arguments, 0, count)]
    if pieces is None:
        nbytes = sum(each.nbytes for each in arguments if isinstance(each, np.ndarray))
        pieces = nbytes // GRAIN
    pieces = max(1, min(pieces, count, PIECES))
    with in_a_piece():
        if pieces == 1:
            return [kernel(*arguments, 0, count)]
        return _share(kernel, count, arguments, pieces)


def _share(kernel, count, arguments, pieces):
    """run, with several pieces."""
    numbers, results, others = iter(range(pieces)), [None] * pieces, []

    def take():
        """Do pieces until none is left."""
        try:
            for piece in numbers:       # threads share the iterator: each number comes once
                results[piece] = kernel(*arguments, count * piece // pieces,
                                        count * (piece + 1) // pieces)
        except BaseException:
            for _ in numbers:           # nobody begins another one
                pass
            raise

    try:
        for _ in range(min(THREADS, pieces) - 1):
            # the context: that this is a piece, and numpy.errstate
            try:
                others.append(_pool().submit(copy_context().run, take))
            except RuntimeError:
                # When the main thread has ended, Python lets no pool begin anything new. What goes
                # on, a thread or a function of atexit, does all pieces by itself.
                if threading.main_thread().is_alive():
                    raise
                break
        take()
        for other in others:
            if not other.cancel():      # one that hasn't begun has nothing left to do
                other.result()
        return results
    finally:
        # also after an error: they write into arrays of the caller
        wait([other for other in others if not other.cancel()])


def add_up(work, parts, own):
    """Call work(part) for every part, and add up what the calls return.

    work: returns a list of numbers, and of arrays that nothing else uses.
    parts: a list of one part or more.
    own: True where each part is one thread's. Else one comes after the other, and the threads
    share what `work` runs.

    Returns a list like those of `work`. Sums are in the order of the parts.
    """
    def these(start, stop):
        return functools.reduce(_added, map(work, parts[start:stop]))
    if not own:
        return these(0, len(parts))
    return functools.reduce(_added, run(these, len(parts), pieces=len(parts)))


def _added(sums, more):
    return [operator.iadd(*pair) for pair in zip(sums, more)]       # arrays in place


def product(a, b, out=None):
    """a @ b, on several threads: by groups of matrices, or by rows or columns of the result.

    a: (M, K) or (B, M, K).
    b: (K, N), or (B, K, N), each multiplied with its a or with the only one.
    out: where the result goes, (M, N) or (B, M, N); a new array if not given.

    Returns the result. The pieces depend on the shapes alone, and BLAS multiplies each on the
    thread that does it.
    """
    if b.ndim > a.ndim:
        a = np.broadcast_to(a, (len(b), *a.shape))
    if out is None:
        out = np.empty((*a.shape[:-1], b.shape[-1]), a.dtype)
    if _in_a_piece.get():
        return np.matmul(a, b, out=out)
    if a.ndim == 3 and len(a) == 1:
        return product(a[0], b[0], out[0])[None]
    pieces, (rows, columns) = out.size * a.shape[-1] // PRODUCT_GRAIN, out.shape[-2:]
    if a.ndim == 3:
        run(_some_matrices, len(a), a, b, out, pieces=pieces)
    else:
        side = max(rows, columns)
        pieces = min(pieces, max(side // WIDE, min(side // NARROW, 4)))
        if rows > columns:              # rows of a: columns of bᵀ aᵀ = outᵀ
            run(_some_columns, rows, b.T, a.T, out.T, pieces=pieces)
        else:
            run(_some_columns, columns, a, b, out, pieces=pieces)
    return out


def _some_matrices(a, b, out, start, stop):
    np.matmul(a[start:stop], b[start:stop], out=out[start:stop])


def _some_columns(a, b, out, start, stop):
    np.matmul(a, b[:, start:stop], out=out[:, start:stop])


@contextmanager
def in_a_piece():
    """What is called inside is one piece: run makes no others, OpenBLAS uses no other thread.

    Two pools that take turns on the same cores wait for each other: OpenBLAS's threads go on
    looking for work for a while, on cores that ours could have. Its number of threads is one for
    the process: a product of the user's own, on another thread at the same moment, is on one
    thread, too. Then all is as before. Other BLAS libraries are left as they are.
    """
    set_threads, get_threads = _openblas()
    outside = _in_a_piece.set(True)
    with _inside.lock:
        if set_threads and not _inside.count:
            _inside.before = get_threads()
            set_threads(1)
        _inside.count += 1
    try:
        yield
    finally:
        _in_a_piece.reset(outside)
        with _inside.lock:
            _inside.count -= 1
            if set_threads and not _inside.count:
                set_threads(_inside.before)


@cache
def _openblas():
    """OpenBLAS's functions that set and get its number of threads; (None, None) without it."""
    # the library that NumPy multiplies with: named among its own needs, or, on Windows, beside it
    paths = [importlib.import_module("numpy.linalg._umath_linalg").__file__,
             *Path(np.__file__).parents[1].glob("numpy.libs/*openblas*")]
    for path in paths:
        try:
            library = ctypes.PyDLL(str(path))       # keeps the interpreter's lock: it's a moment
        except OSError:
            continue
        for name in ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_",
                     "scipy_openblas_{}_num_threads", "openblas_{}_num_threads"):
            if hasattr(library, name.format("set")):
                return [getattr(library, name.format(word)) for word in ("set", "get")]
    return None, None


@cache
def _pool():
    """The worker threads. They don't survive a fork: a forked process makes its own."""
    return ThreadPoolExecutor(max(1, THREADS - 1), thread_name_prefix="numpyzf")


if hasattr(os, "register_at_fork"):         # not on Windows
    os.register_at_fork(after_in_child=_pool.cache_clear)


# ---- memory -------------------------------------------------------------------------------------

LINE_NBYTES = 64

_own = threading.local()


def scratch(name, shape, dtype):
    """An array, not cleared, that this thread keeps for the next call with the same name.

    name: of the buffer. Each thread has one of its own under this name.
    shape, dtype: of the array.

    A buffer is as large as the largest request so far. It is freed when its thread ends.
    """
    nbytes = math.prod(shape) * np.dtype(dtype).itemsize
    buffer = getattr(_own, name, None)
    if buffer is None or buffer.size < nbytes:
        setattr(_own, name, None)               # the old one goes before the new one comes
        buffer = np.empty(nbytes + LINE_NBYTES, np.uint8)
        # begin where a line of the cache does
        begin = -buffer.ctypes.data % LINE_NBYTES
        buffer = buffer[begin:begin + nbytes]
        setattr(_own, name, buffer)
    return buffer[:nbytes].view(dtype).reshape(shape)


def blocks(start, stop, cost, limit):
    """The fewest slices of range(start, stop) that cost at most `limit` each.

    start, stop: the range.
    cost: of one item, in bytes or multiply-adds.
    limit: of a slice, in the same unit. A slice has one item at least, whatever it costs.

    Returns a list. All slices have one length but the last, which may be shorter.
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
# Neighboring windows lie `stride` pixels apart. What they see at one place of the window is then
# not contiguous, and vector instructions can't be used. So pixels are split by row and column
# modulo the stride: now it is contiguous. The parts are called phases. Here is a plane with
# stride 2; "23" is the pixel in row 2, column 3, and ".." is fill:
#
#     00 01 02 03 04        phase 0 (row even, column even)   00 02 04   20 22 24   40 42 44
#     10 11 12 13 14        phase 1 (row even, column odd)    01 03 ..   21 23 ..   41 43 ..
#     20 21 22 23 24   ->   phase 2 (row odd,  column even)   10 12 14   30 32 34   .. .. ..
#     30 31 32 33 34        phase 3 (row odd,  column odd)    11 13 ..   31 33 ..   .. .. ..
#     40 41 42 43 44
#
# Windows of 3×3, two rows of two: window (p, q) begins at pixel (2p, 2q). At its place (i, j) it
# sees pixel (2p + i, 2q + j). This pixel is in phase (i % 2)·2 + j % 2, in row p + i // 2, column
# q + j // 2:
#
#     place (0, 0) of all windows:   00 02 [04] 20 22    phase 0, from its first number
#     place (0, 2) of all windows:   02 04 [20] 22 24    one number further on
#     place (2, 0) of all windows:   20 22 [24] 40 42    one row further on
#
# [ ] is between two rows of windows: no window begins there, and what is computed there is never
# used. With padding, window (p, q) begins at (2p − pad, 2q − pad).
#
# So one place of all windows is one stretch of numbers, whatever the stride. A row of a phase has
# row_length = OW + overhang numbers, where overhang = (size − 1) // stride: the last window of a
# row looks `overhang` numbers beyond its first. Padding is fill, at the edges of the phases.

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
