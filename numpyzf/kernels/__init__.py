"""The machine room: all Numba code, and how it uses the cores. This file is its only door.

What is in this room:

    machine.py      run and product (threads), scratch and blocks (memory)
    phases.py       how pixels are split by a stride, with a drawing
    direct.py       convolution by its definition: the one to read first
    unfold.py       convolution by a matrix product
    shift.py        convolution of few channels, or of few filters
    winograd.py     convolution of many channels, with fewer multiplications; its kernels:
    points.py       to the values at the points, and back
    polynomials.py  the same for a tile, in one dimension
    pool.py         max pooling and unpooling
    general.py      convolution and max pooling with any window, for nets from elsewhere
    pointwise.py    ReLU, contrast normalization, the momentum step
    pictures.py     sub-pixel rearrangement, smoothing, the pixel loss
    boxes.py        boxes of maps: cut, paste, unpool
    naive.py        the definition word for word, and the triad: for the ladder
    cache.py        where compiled kernels are kept

Each convolution file is one method: conv_forward, conv_backward and conv_transpose, then their
kernels; where shift has no conv_transpose of its own, it is unfold's. `METHODS` holds them by name,
all but general.py's, which general/functional.py calls: there is no choice for its windows. Of
finite numbers all but Winograd's give the same to rounding; Winograd's differs by up to some 3e-5
of the largest in float32. Where it would give a NaN or an infinity, as numbers overflow on its way
or come in, it leaves the call to direct, which is slower. A NaN or an infinity in the arguments
then reaches what the definition says. By unfold and shift it can reach further, where it meets a
zero of padding or between two rows (0 · NaN is NaN): outputs, taps and pixels that don't see it.

Which method `choose` takes for "auto", and why. functional.py asks it for convolutions and their
gradients; a projection always takes unfold:

    "winograd"  where there are 16 maps or more on both sides (below, each phase of a stride counts
                as a map), 2 to 7 taps per stride, and less than 0.6 of the definition's
                multiplications to do, tiles that hang over the edge included. With fewer maps
                the transforms cost more than the products save; with many filters and few images
                the filters' transform does.
    "shift"     else, with 3 or more taps per stride, in two cases. Few filters: fewer than 16, at
                stride 1, with rows of 16 outputs or more, twice as many as a filter has columns.
                Few channels: fewer than 16 (each phase of a stride counts as one), if all filters
                together have up to 960 rows of taps. With few of either, a matrix product doesn't
                make up for unfolding.
    "unfold"    else.
    "direct"    never. It is there to be read, and to check the others.

Kernels write into arrays that the caller has made and checked (functional.py). All but
naive_forward are called through `run`, with the arguments `start, stop` last: which piece of the
work to do.

    run(max_pool, N * C, x, y, index, size, stride, pad, rectify)

Threads: `run` is the one way to use several threads, and `product` multiplies matrices by it; no
kernel starts threads of its own, and BLAS's are at rest meanwhile. Work is cut into more pieces
than there are threads, and each thread takes the next one when it is free: a core that another
program uses holds nobody up. No two pieces write one number: an output plane is in one piece in
direct, the pools and pictures, an image in Winograd, or a filter on its way to the points, a band
of rows in shift, some rows of one in unfold and general, a map of a box in boxes, a chunk or a part
of a flat array in pointwise and the pixel loss. Sums of several pieces are added in the order of
the pieces, and how many there are depends on the work alone. So results don't depend on which
thread is first, nor on how many there are. Kernels release the interpreter's lock. A forked process
makes threads of its own when it first needs some; fork while no kernel and no product runs.

Why the first call is slow: when a kernel is first called, Numba compiles it for the machine and
the dtype. This takes one to four seconds. The result is stored on disk (in __pycache__ beside
this file, or under $NUMBA_CACHE_DIR), from where every later process loads it in milliseconds,
until a file of this room is edited. A line on stderr says when a process compiles its first
kernel.

What the kernels say to Numba:

    x.dtype.type(0)         a zero of x's own type. A bare 0.0 is a float64 to Numba, and would make
                            the arithmetic around it float64.
    error_model="numpy"     a division isn't checked for zero: the check would stop vector code.
    inline="always"         the function's code is copied into the kernel that calls it.

To Numba a read-only array, such as a memory map opened to read, has another type: a kernel is
compiled anew for it.
"""
import functools
import threading
import time

from numba.core import event

from .. import checks
from . import cache, direct, shift, unfold, winograd
from .boxes import cut, paste, unpool_boxes
from .general import (Frame, general_backward, general_forward, general_max_pool,
                      general_transpose, spread)
from .machine import THREADS, product, run
from .naive import naive_forward, triad
from .pictures import pixel_loss, shuffle, smooth, unshuffle
from .pointwise import (NORM_CHUNK, contrast_norm, contrast_norm_gradient, momentum_step, relu,
                        relu_gradient)
from .pool import RectifiedPool, max_pool, unpool

__all__ = ["Frame", "METHODS", "NORM_CHUNK", "RectifiedPool", "THREADS", "choose",
           "compile_report", "contrast_norm", "contrast_norm_gradient", "cut", "general_backward",
           "general_forward", "general_max_pool", "general_transpose", "max_pool", "momentum_step",
           "naive_forward", "paste", "pixel_loss", "product", "relu", "relu_gradient", "run",
           "shuffle", "smooth", "spread", "triad", "unpool", "unpool_boxes", "unshuffle"]

METHODS = {"direct": direct, "unfold": unfold, "shift": shift, "winograd": winograd}


@functools.cache
def choose(method, images, height, width, w_shape, window):
    """The method to use, a name in METHODS: what "auto" stands for (see above), or `method`.

    method: "auto" or a name in METHODS.
    images: how many there are.
    height, width: of the input.
    w_shape: (F, C, K, K).
    window: geometry.Window of the filters.

    Raises ValueError for another method, and for "winograd" with filters that it can't take.
    """
    checks.one_of("method", method, ("auto", *METHODS))
    if method == "winograd":
        winograd.tiles_of(images, height, width, w_shape, window)        # raises the error
    if method != "auto":
        return method
    if winograd.pays(images, height, width, w_shape, window):
        return "winograd"
    return "shift" if shift.pays(width, w_shape, window) else "unfold"


class CompileLog(event.Listener):
    """Announces the first compilation of one of our kernels and adds up the seconds of all."""

    def __init__(self):
        self.kernels, self.seconds, self.own = 0, 0.0, threading.local()

    def on_start(self, happening):
        """Called by Numba before it compiles anything (never when it loads from the cache)."""
        module = happening.data["dispatcher"].py_func.__module__ or ""         # None: made by exec
        ours = module.startswith(__name__)
        running = self.own.__dict__.setdefault("running", [])      # of this thread, innermost last
        if ours and not self.kernels and not running:
            cache.say("compiling kernels for this machine, " + (
                "each when it is first needed; later starts load them from disk" if cache.FOLDER
                else "which every start does again, as no folder can be written to that would keep "
                "them; set NUMBA_CACHE_DIR to one"))
        running.append((ours, time.perf_counter()))

    def on_end(self, happening):
        """Called by Numba when it has compiled. What compiles inside of a kernel is part of it."""
        ours, begin = self.own.running.pop()
        if ours and not self.own.running:
            self.kernels += 1
            self.seconds += time.perf_counter() - begin


_log = CompileLog()
event.register("numba:compile", _log)


def compile_report():
    """(kernels, seconds): how many kernels this process has compiled, and how long it took."""
    return _log.kernels, _log.seconds
