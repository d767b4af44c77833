"""What several test files share: a seeded generator, the geometries to compare, a second process.

`conv_case` and `pool_case` run a test once per geometry. Its name is in the test's name, so that a
failing one can be run by itself:

    pytest "tests/kernels/test_kernels.py::test_conv[N2-C2-5x4-F3-K3-s1-p1-unfold-float64]"
"""
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from tempfile import TemporaryDirectory
from typing import NamedTuple

# numpyzf comes before NumPy: it tells OpenBLAS's threads, also in processes that tests start, to
# sleep while they wait. Otherwise they would take the cores from what else runs.
from numpyzf.geometry import ceil_div, conv_output_size, pool_output_size

import numpy as np
import pytest


class ConvCase(NamedTuple):
    N: int
    C: int
    H: int
    W: int
    F: int
    K: int
    stride: int
    pad: int

    def __str__(self):
        return (f"N{self.N}-C{self.C}-{self.H}x{self.W}-F{self.F}-K{self.K}"
                f"-s{self.stride}-p{self.pad}")

    def x_shape(self):
        return self.N, self.C, self.H, self.W

    def w_shape(self):
        return self.F, self.C, self.K, self.K

    def y_shape(self):
        sides = (conv_output_size(n, self.K, self.stride, self.pad) for n in (self.H, self.W))
        return (self.N, self.F, *sides)


class PoolCase(NamedTuple):
    N: int
    C: int
    H: int
    W: int
    size: int
    stride: int
    pad: int
    ceil: bool

    def __str__(self):
        return (f"N{self.N}-C{self.C}-{self.H}x{self.W}-K{self.size}-s{self.stride}-p{self.pad}"
                + ("-ceil" if self.ceil else ""))

    def x_shape(self):
        return self.N, self.C, self.H, self.W

    def y_shape(self):
        sides = (pool_output_size(n, **self.windows()) for n in (self.H, self.W))
        return (self.N, self.C, *sides)

    def windows(self):
        return dict(size=self.size, stride=self.stride, pad=self.pad, ceil=self.ceil)


SMALL_CONV = [ConvCase(2, 2, 5, 4, 3, 3, 1, 1),     # overlapping windows, not square
              ConvCase(1, 1, 6, 5, 2, 2, 2, 0),     # last column not visited
              ConvCase(2, 1, 7, 4, 1, 1, 3, 0),     # stride larger than the filter
              ConvCase(1, 3, 3, 3, 2, 3, 1, 0),     # one window
              ConvCase(1, 2, 1, 4, 1, 3, 2, 3)]     # windows that see nothing but padding

SMALL_POOL = [PoolCase(2, 2, 6, 5, 3, 2, 0, True),      # the paper's: hangs over the edge
              PoolCase(1, 1, 5, 7, 2, 2, 0, False),     # last row and column not visited
              PoolCase(1, 2, 7, 4, 2, 3, 0, False),     # stride larger than the window
              PoolCase(2, 1, 4, 3, 3, 1, 1, False),     # padding
              PoolCase(1, 1, 3, 3, 3, 1, 0, True)]      # one window


def random_conv_cases(count, rng):
    cases = set()
    while len(cases) < count:
        K = rng.integers(1, 5)
        shape = (*rng.integers(1, 4, 2), *rng.integers(1, 10, 2))                   # N, C, H, W
        window = (rng.integers(1, 4), K, rng.integers(1, 6), rng.integers(0, K + 1))    # F first
        case = ConvCase(*map(int, shape + window))
        # else all windows may lie in the padding
        sees_the_image = case.pad < K or case.stride == 1
        if K <= min(case.H, case.W) + 2 * case.pad and sees_the_image:
            cases.add(case)
    return sorted(cases)


def random_pool_cases(count, rng):
    cases = set()
    while len(cases) < count:
        size = rng.integers(1, 6)
        shape = (*rng.integers(1, 4, 2), *rng.integers(1, 12, 2))                   # N, C, H, W
        window = (size, rng.integers(1, 7), rng.integers(0, size // 2 + 1))
        case = PoolCase(*map(int, shape + window), ceil=bool(rng.integers(2)))
        if size <= min(case.H, case.W) + 2 * case.pad:
            cases.add(case)
    return sorted(cases)


def named(small, others):
    return ([pytest.param(case, id=str(case), marks=pytest.mark.small) for case in small]
            + [pytest.param(case, id=str(case)) for case in others if case not in small])


CONV_CASES = SMALL_CONV + random_conv_cases(120, np.random.default_rng(2013))
POOL_CASES = SMALL_POOL + random_pool_cases(120, np.random.default_rng(2013))


@pytest.fixture(params=named(SMALL_CONV, CONV_CASES))
def conv_case(request):
    return request.param


@pytest.fixture(params=named([], [case for case in CONV_CASES
                                  if 2 <= ceil_div(case.K, case.stride) <= 7]))
def winograd_case(request):
    """The geometries that method="winograd" takes."""
    return request.param


@pytest.fixture(params=named(SMALL_POOL, POOL_CASES))
def pool_case(request):
    return request.param


@pytest.fixture(scope="session")
def all_cases():
    return CONV_CASES, POOL_CASES


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# ---- beside the tests ----------------------------------------------------------------------------
#
# What takes long is computed in a second process, one thing after the other, from the beginning on:
# while it does that, this process runs other tests. A test says what it needs by a mark, and gets
# it by the fixture `beside`:
#
#     @pytest.mark.beside(function, each=False)       function()
#     @pytest.mark.beside(function, each=True)        function("07-evolution"), the test's own id
#
# The process starts before any test does, so nothing that a test changes for a while reaches it.

SECOND, COMPUTING = pytest.StashKey(), pytest.StashKey()


def pytest_collection_finish(session):
    """Begin what the selected tests need, in the order of the tests."""
    jobs = dict.fromkeys(job for item in session.items if (job := job_of(item)))
    if not jobs or session.config.option.collectonly:
        return
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    folder = TemporaryDirectory()
    with pytest.MonkeyPatch.context() as patch:     # for the process, which starts now
        patch.setenv("NUMBA_NUM_THREADS", "1")
        patch.setenv("OPENBLAS_NUM_THREADS", "1")
        patch.setenv("TMPDIR", folder.name)         # for what is left if it is killed
        computing = {(function, *arguments): pool.submit(function, *arguments)
                     for function, *arguments in jobs}
    session.config.stash[SECOND], session.config.stash[COMPUTING] = (pool, folder), computing


def pytest_sessionfinish(session):
    """End the second process, also in the middle of something that no test waits for any more."""
    if SECOND in session.config.stash:
        pool, folder = session.config.stash[SECOND]
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.kill()
            process.join()
        folder.cleanup()


def job_of(item):
    """The function and its arguments that a test is marked with; None if it isn't."""
    mark = item.get_closest_marker("beside")
    if mark is None:
        return None
    return (*mark.args, item.callspec.id) if mark.kwargs["each"] else mark.args


@pytest.fixture
def beside(request):
    """What the function returned that the test is marked with. If it failed, so does the test."""
    future = request.config.stash[COMPUTING][job_of(request.node)]
    error = future.exception()
    if error:
        pytest.fail(str(error.__cause__ or error), pytrace=False)       # the cause: a traceback
    return future.result()
