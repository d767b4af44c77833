"""Work that is split among Python threads, for kernels and matrix products that release the interpreter's lock."""
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import cache
from threading import current_thread

from .kernels import get_num_threads

NAME = "numpyzf"                # of the threads made here
FEW_NUMBERS = 1 << 16           # one thread has passed over them before another has woken up, which takes about 0.1 ms
SMALL_PRODUCT = 3 << 17         # multiply-adds up to which OpenBLAS multiplies on the caller's thread alone (2^19 wake others)


def in_threads(work, count, least=1):
    """Call work(first, last) for an even share, of `least` or more, of range(count) on each of Numba's threads; -> what they return, in order.

    Shares depend on `count` and the number of threads alone, so sums over them are the same in every run. Work that calls in_threads
    again from one of the threads made here does it all on that thread: it would wait for threads that wait for it.
    """
    parts = 1 if current_thread().name.startswith(NAME) else min(get_num_threads(), count // least)
    if parts < 2:
        return [work(0, count)]
    ends = [count * part // parts for part in range(parts + 1)]
    others = [_pool(parts - 1).submit(copy_context().run, work, *share)         # the context: numpy.errstate
              for share in zip(ends[1:-1], ends[2:])]
    try:
        return [work(0, ends[1]), *(other.result() for other in others)]
    finally:
        wait(others)            # also if one has failed: they write into arrays of the caller


def in_parts(kernel, *arrays):
    """Call kernel(*parts) with equal parts of all arrays, flat, which must be C-contiguous and of one size; small ones are not split."""
    flat = [array.reshape(-1) for array in arrays]
    in_threads(lambda first, last: kernel(*(array[first:last] for array in flat)), flat[0].size, least=FEW_NUMBERS)


@cache
def _pool(size):
    return ThreadPoolExecutor(size, thread_name_prefix=NAME)
