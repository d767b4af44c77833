"""The machine that kernels run on: its threads (run, product) and its memory (scratch, blocks)."""
import ctypes
import functools
import importlib
import math
import operator
import os
import threading
from contextvars import ContextVar, copy_context
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace

import numpy as np
from numba import config


# ---- threads ------------------------------------------------------------------------------------

THREADS = config.NUMBA_NUM_THREADS  # the cores, unless $NUMBA_NUM_THREADS says otherwise
PIECES = 32                 # of one call of run, at most: enough for 16 threads, some of them slow
GRAIN = 1 << 18             # bytes of arrays for each piece: fewer aren't worth another call
LIGHT_GRAIN = 1 << 22       # where next to nothing is done with each of them
PRODUCT_GRAIN = 1 << 21     # multiply-adds for each piece of a product
# Rows or columns of each piece. BLAS packs the whole other matrix anew for each: pieces of 256 are
# 5 to 10 % slower, of 96 up to 20 %, of 64 a third and more. So there are wide ones where this
# makes four or more of them, or else up to four narrow ones.
WIDE, NARROW = 512, 96

_in_a_piece = ContextVar("in a piece", default=False)
_inside = SimpleNamespace(lock=threading.Lock(), threads=set(), before=1)     # of _run


def run(kernel, count, *arguments, pieces=None, light=False):
    """Call kernel(*arguments, start, stop) for even pieces of range(count), on several threads.

    kernel: a kernel, or a Python function that spends its time in NumPy or kernels, which release
    the interpreter's lock.
    count: how many items there are.
    arguments: what the kernel takes before start and stop.
    pieces: how many pieces; if not given, as many as the arrays among the arguments have GRAIN
    bytes. There are PIECES at most, and `count` at most.
    light: whether the kernel does next to nothing with each byte: then LIGHT_GRAIN bytes, since
    memory is done with fewer before another thread has begun.

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
        pieces = nbytes // (LIGHT_GRAIN if light else GRAIN)
    pieces = max(1, min(pieces, count, PIECES))
    # in a copy of the context: an interruption, wherever it comes, leaves nothing set
    return copy_context().run(_run, kernel, count, arguments, pieces)


def _run(kernel, count, arguments, pieces):
    """run, from outside of a piece, in a context of its own; meanwhile OpenBLAS uses one thread.

    Two pools that take turns on the same cores wait for each other: OpenBLAS's threads go on
    looking for work for a while, on cores that ours could have. Its number of threads is one for
    the process: a product of the user's own, on another thread at the same moment, is on one
    thread, too. Then all is as before. Other BLAS libraries are left as they are.
    """
    set_threads, get_threads = _openblas()
    _in_a_piece.set(True)               # until this context ends
    own = threading.get_ident()
    try:
        with _inside.lock:
            if set_threads and not _inside.threads:
                _inside.before = get_threads()
            _inside.threads.add(own)
            if set_threads:
                set_threads(1)
        if pieces == 1:
            return [kernel(*arguments, 0, count)]
        return _share(kernel, count, arguments, pieces)
    except SystemError as error:        # what Numba makes of an interruption as it returns arrays
        while error is not None and not isinstance(error, KeyboardInterrupt):
            error = error.__cause__
        if error is None:
            raise
        raise error from None
    finally:
        with _inside.lock:
            # the number first: if an interruption comes between, the next call finds this thread
            # still here, and keeps the number from before
            if set_threads and not _inside.threads - {own}:
                set_threads(_inside.before)
            _inside.threads.discard(own)


def _share(kernel, count, arguments, pieces):
    """run, with several pieces."""
    numbers, results = iter(range(pieces)), [None] * pieces
    # of each worker that has helped: None, or its error; and a sign that there is one more
    finished, signs = [], SimpleQueue()

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

    def help_out(seat):
        """On a worker's thread: take, unless the caller had the seat first."""
        if seat.setdefault("whose", "a worker's") != "a worker's":
            return
        try:
            seat["take"]()
            finished.append(None)
        except BaseException as error:
            finished.append(error)
        signs.put(None)

    helpers = min(THREADS, pieces) - 1
    calls, workers = _workers() if helpers else (None, 0)
    # one for each worker that is asked: its own as soon as it comes, or the caller's in the end
    seats, interrupted = [{"take": take} for _ in range(min(helpers, workers))], None
    try:
        for seat in seats:
            # the context: that this is a piece, and numpy.errstate
            calls.put(functools.partial(copy_context().run, help_out, seat))
        take()
    finally:
        # Wait for who has begun, also after an error or an interruption: they write into arrays of
        # the caller. Who hasn't has nothing left to do, and no reason to hold on to these arrays.
        waiting = True
        while waiting:
            try:
                begun = [seat.setdefault("whose", "the caller's") for seat in seats]
                while len(finished) < begun.count("a worker's"):
                    signs.get()
                waiting = False
            except KeyboardInterrupt as interrupt:
                interrupted = interrupt
        for seat in seats:
            del seat["take"]
    errors = [error for error in (*finished, interrupted) if error is not None]
    finished.clear()
    try:
        if errors:
            raise errors[0]
    finally:
        del errors, interrupted         # an error that is held where it was raised is kept long
    return results


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
    b: (K, N); or (B, K, N), each multiplied with its a, or with the only one if that is (M, K).
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


def _workers():
    """The queue of what worker threads call, and how many of these threads there are.

    They wait for the queue without using a core. concurrent.futures would do the same in twice the
    time, and there are some 50 calls of run in a training step.
    """
    with _pool.lock:
        if not _pool.count:
            _pool.calls = SimpleQueue()
            while _pool.count < max(1, THREADS - 1):
                try:
                    # a daemon: Python doesn't wait for it in the end
                    threading.Thread(target=_work, args=(_pool.calls,), daemon=True,
                                     name=f"numpyzf {_pool.count}").start()
                except RuntimeError:    # there can't be more threads, or Python is about to end
                    break
                _pool.count += 1
        return _pool.calls, _pool.count


def _work(calls):
    while True:
        calls.get()()


def _forget_workers():
    """Threads don't survive a fork: the forked process makes its own when it needs them."""
    _pool.lock, _pool.count = threading.Lock(), 0


_pool = SimpleNamespace(lock=threading.Lock(), calls=None, count=0)
if hasattr(os, "register_at_fork"):         # not on Windows
    os.register_at_fork(after_in_child=_forget_workers)


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
