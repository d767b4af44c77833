"""The Numba kernels, all of them. They write into arrays that the caller has made and checked; see functional.py.

Why the first call is slow: Numba compiles a kernel for the machine and the dtype when it is first called, a second
or two for each, and stores the result on disk (in __pycache__ beside this file, or under $NUMBA_CACHE_DIR). Every later process
loads it in milliseconds. A line on stderr says so when it happens.

Threads: some kernels run on all of Numba's threads (NUMBA_NUM_THREADS), each output plane on one of them, so results don't
depend on the order they run in. numpyzf/__init__.py sees to it that idle threads sleep. Where several Python threads call
them, one such kernel runs at a time: it has all the cores, and the simplest of Numba's thread pools, which machines without
OpenMP fall back to, can't be entered twice. Those of norm.py, pointwise.py, pool.py, shift.py, unfold.py and winograd.py, which compile
faster so, run on the thread that calls them, and numpyzf/threads.py calls them on several. Processes that call kernels must be spawned, not
forked, once a kernel has run: multiprocessing.get_context("spawn"). OpenMP ends a forked one, and the threads of threads.py aren't
there in it. Read-only arrays, such as memory maps, are another type to Numba and compile anew.
"""
import sys
import threading
import time

from numba import get_num_threads
from numba.core import event

from . import direct, naive, paste as pasting, window
from .norm import CHUNK as NORM_CHUNK, contrast_norm, contrast_norm_gradient
from .pointwise import momentum_step, relu, relu_gradient
from .pool import max_pool, unpool
from .shift import shift_forward, shift_weights
from .unfold import fold, unfold
from .winograd import inputs_from_points, inputs_to_points, outputs_from_points, outputs_to_points

__all__ = ["NORM_CHUNK", "contrast_norm", "contrast_norm_gradient", "cut", "direct_forward", "direct_transpose", "direct_weights", "fold",
           "inputs_from_points", "inputs_to_points", "max_pool", "momentum_step", "naive_forward", "outputs_from_points", "outputs_to_points",
           "paste", "relu", "relu_gradient", "shift_forward", "shift_weights", "triad", "unfold", "unpool", "unpool_windows", "compile_report"]


class CompileLog(event.Listener):
    """Announces the first compilation of one of our kernels and adds up the seconds of all."""

    def __init__(self):
        self.kernels, self.seconds, self.own = 0, 0.0, threading.local()

    def on_start(self, happening):
        """Called by Numba before it compiles anything (never when it loads from the cache)."""
        ours = (happening.data["dispatcher"].py_func.__module__ or "").startswith(__name__)      # None: made by exec
        running = self.own.__dict__.setdefault("running", [])      # of this thread, innermost last
        if ours and not self.kernels and not running:
            print("numpyzf: compiling kernels for this machine; this happens once, later starts load them from disk",
                  file=sys.stderr, flush=True)
        running.append((ours, time.perf_counter()))

    def on_end(self, happening):
        """Called by Numba when it has compiled. What compiles inside another compilation is part of it."""
        ours, start = self.own.running.pop()
        if ours and not self.own.running:
            self.kernels += 1
            self.seconds += time.perf_counter() - start


_log = CompileLog()
event.register("numba:compile", _log)
_lock = threading.Lock()


def _one_at_a_time(kernel):
    def launch(*arguments):
        with _lock:
            kernel(*arguments)
    launch.__doc__ = kernel.__doc__
    return launch


direct_forward, direct_transpose, direct_weights = map(
    _one_at_a_time, (direct.direct_forward, direct.direct_transpose, direct.direct_weights))
cut, unpool_windows = map(_one_at_a_time, (window.cut, window.unpool_windows))
paste = _one_at_a_time(pasting.paste)
naive_forward, triad = map(_one_at_a_time, (naive.naive_forward, naive.triad))


def compile_report():
    """(kernels, seconds): how many kernels this process has compiled so far, and how long that took in all."""
    return _log.kernels, _log.seconds
