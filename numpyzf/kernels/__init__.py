"""The Numba kernels, all of them. They write into arrays that the caller has made and checked; see functional.py.

Why the first call is slow: Numba compiles a kernel for the machine and the dtype when it is first called, a second
or two for each, and stores the result on disk (in __pycache__ beside this file, or under $NUMBA_CACHE_DIR). Every later process
loads it in milliseconds. A line on stderr says so when it happens.

Threads: a kernel runs on all of Numba's threads (NUMBA_NUM_THREADS), each output plane on one of them, so results
don't depend on the order they run in. numpyzf/__init__.py sees to it that idle threads sleep. Arrays that are read-only (memory maps)
count as another type to Numba and compile anew.
"""
import sys
import time

from numba.core import event

from .direct import direct_forward, direct_transpose, direct_weights
from .norm import contrast_norm, contrast_norm_gradient
from .pointwise import momentum_step, relu, relu_gradient
from .pool import max_pool, unpool
from .unfold import fold, unfold

__all__ = ["contrast_norm", "contrast_norm_gradient", "direct_forward", "direct_transpose", "direct_weights", "fold",
           "max_pool", "momentum_step", "relu", "relu_gradient", "unfold", "unpool", "compile_report"]


class CompileLog(event.Listener):
    """Announces the first compilation of one of our kernels and adds up the seconds of all."""

    def __init__(self):
        self.kernels, self.seconds, self.running = 0, 0.0, []

    def on_start(self, happening):
        """Called by Numba before it compiles anything (never when it loads from the cache)."""
        ours = happening.data["dispatcher"].py_func.__module__.startswith(__name__)
        if ours and not self.kernels and not self.running:
            print("numpyzf: compiling kernels for this machine; this happens once, later starts load them from disk",
                  file=sys.stderr, flush=True)
        self.running.append((ours, time.perf_counter()))

    def on_end(self, happening):
        """Called by Numba when it has compiled. What compiles inside another compilation is part of it."""
        ours, start = self.running.pop()
        if ours and not self.running:
            self.kernels += 1
            self.seconds += time.perf_counter() - start


_log = CompileLog()
event.register("numba:compile", _log)


def compile_report():
    """(kernels, seconds): how many kernels this process has compiled so far, and how long that took in all."""
    return _log.kernels, _log.seconds
