"""The ladder: one convolution computed in six ways, and what limits each of them.

It goes from seven loops in Python to the machine's limit. Every way, a rung, is a function
rung(x, w, b, stride, pad) -> y. Its docstring says which bytes it moves: those that its own loops
ask for, without what they keep in a register or a cache on purpose.

Each rung is compared with reference.py on a small problem, and with float64 on the problem that
is timed. It stands as a point under the machine's roof: a rung is no faster than the machine's
arithmetic, and no faster than memory delivers the bytes that the rung moves (the roofline model,
Williams, Waterman and Patterson 2009). tutorials/13-speed.py is the lesson that climbs the ladder.
"""
import math
import time
from typing import Callable, NamedTuple

import numpy as np

from .. import functional, kernels, reference, texts
from ..geometry import Window, conv_output_size
from .draw import digits, draw

__all__ = ["CONV4", "RUNGS", "Ladder", "Problem", "Rung", "Step", "blocked", "compiled", "direct",
           "draw", "loops", "measure", "report", "unfolded", "winograd"]


class Problem(NamedTuple):
    """A convolution."""
    N: int              # images
    C: int              # channels
    H: int              # rows of pixels
    W: int              # columns of pixels
    F: int              # filters
    K: int              # rows and columns of a filter
    stride: int
    pad: int

    def output_size(self):
        """(OH, OW)."""
        return (conv_output_size(self.H, self.K, self.stride, self.pad),
                conv_output_size(self.W, self.K, self.stride, self.pad))

    def operations(self):
        """2·N·F·C·K·K·OH·OW: multiplications and additions of the definition."""
        return 2 * self.N * self.F * self.C * self.K ** 2 * math.prod(self.output_size())

    def elements(self):
        """How many numbers there are in x, w, y and the unfolded columns."""
        N, C, H, W, F, K, _, _ = self
        P = math.prod(self.output_size())
        return N * C * H * W, F * C * K * K, N * F * P, C * K * K * N * P

    def at_points(self):
        """How many points Winograd's way has, and how many tiles cover the maps of all images."""
        window = Window(self.K, self.stride, self.pad)
        tiles = kernels.METHODS["winograd"].tiles_of(
            self.N, self.H, self.W, (self.F, self.C, self.K, self.K), window)
        return tiles.points ** 2, self.N * tiles.tiles_down * tiles.tiles_across

    def arrays(self, rng):
        """Random x, w, b in float32; weights are scaled so that y is about as large as x."""
        x = rng.standard_normal((self.N, self.C, self.H, self.W), np.float32)
        w = rng.standard_normal((self.F, self.C, self.K, self.K), np.float32)
        w /= np.float32(self.K * np.sqrt(self.C))
        return x, w, rng.standard_normal(self.F, np.float32)


UNSTEADY = 2        # times the fastest: a median above that tells of other work on the machine

# the fourth convolution of the paper's net
CONV4 = Problem(N=8, C=384, H=13, W=13, F=384, K=3, stride=1, pad=1)


# ---- the rungs ----------------------------------------------------------------------------------

def loops(x, w, b, stride, pad):
    """Seven loops in Python.

    Bytes: two numbers per multiply-add; the sum stays at hand. Python itself moves far more.
    """
    return reference.conv_forward(x, w, b, stride=stride, pad=pad)


def compiled(x, w, b, stride, pad):
    """The same loops through Numba, one thread. Bytes: as for the loops."""
    OH, OW = (conv_output_size(n, w.shape[2], stride, pad) for n in x.shape[2:])
    y = np.empty((len(x), len(w), OH, OW), x.dtype)
    kernels.naive_forward(x, w, b, y, stride, pad)
    return y


def direct(x, w, b, stride, pad):
    """The loop over a row innermost, planes in parallel.

    Bytes: for each output plane all of its image and one filter; the plane stays in cache.
    """
    return functional.conv_forward(x, w, b, stride=stride, pad=pad, method="direct")[0]


def unfolded(x, w, b, stride, pad):
    """All unfolded by NumPy, one product.

    Bytes: x, its padded copy; columns written, read; w; y written, biased in place, laid out anew.
    """
    filters, C, K = w.shape[:3]
    padded = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (K, K), axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride]
    N, _, OH, OW = windows.shape[:4]
    # (N, C, OH, OW, K, K) -> (C·K·K, N·OH·OW)
    columns = windows.transpose(1, 4, 5, 0, 2, 3).reshape(C * K * K, N * OH * OW)
    # (F, C·K·K) @ (C·K·K, N·OH·OW) -> (F, N·OH·OW)
    y = w.reshape(filters, -1) @ columns
    y += b[:, None]
    return np.ascontiguousarray(y.reshape(filters, N, OH, OW).transpose(1, 0, 2, 3))


def blocked(x, w, b, stride, pad):
    """A few images unfolded at a time.

    Bytes: x, w, y, each once; a block's columns, and the filters, stay in cache.
    """
    return functional.conv_forward(x, w, b, stride=stride, pad=pad, method="unfold")[0]


def winograd(x, w, b, stride, pad):
    """Tiles by polynomial interpolation. ValueError unless filters are 3×3 with stride 1.

    Bytes: x, w, y; filters, tiles and products at the points, written and read.
    """
    K = w.shape[2]
    if (K, stride) != (3, 1):
        raise ValueError(f"this rung takes 3×3 filters with stride 1, not {K}×{K} with stride "
                         f"{stride}")
    return functional.conv_forward(x, w, b, stride=stride, pad=pad, method="winograd")[0]


class Rung(NamedTuple):
    """A way to convolve."""
    name: str
    function: Callable              # rung(x, w, b, stride, pad) -> y
    moves: Callable                 # moves(problem, x, w, y, columns) -> how many numbers are read
    #                                 and written, given how many there are in each array
    images: int | None = None       # how many of the problem's images it is timed on; None: all
    filters: int | None = None      # and filters


def _two_per_product(p, x, w, y, columns):
    return p.operations() + y


def _at_points(p):
    """Numbers at the points: of the filters, of the tiles of x, of the tiles of y."""
    points, tiles = p.at_points()
    return points * (p.F * p.C + tiles * (p.C + p.F))


RUNGS = [
    Rung("loops in Python", loops, _two_per_product, images=1, filters=1),
    Rung("loops, compiled", compiled, _two_per_product, images=1),
    Rung("direct, parallel", direct, lambda p, x, w, y, columns: p.F * x + p.N * w + y),
    Rung("unfold + BLAS", unfolded, lambda p, x, w, y, columns: 3 * x + 2 * columns + w + 5 * y),
    Rung("unfold in blocks", blocked, lambda p, x, w, y, columns: x + w + y),
    Rung("Winograd", winograd, lambda p, x, w, y, columns: x + w + y + 2 * _at_points(p)),
]


# ---- measure ------------------------------------------------------------------------------------

class Step(NamedTuple):
    """One rung measured. The two errors are the largest difference over the largest value."""
    name: str
    timed: Problem          # the part of the problem that it was timed on
    seconds: float          # the fastest of several times
    gflops: float           # operations of the definition per second / 1e9
    intensity: float        # these operations per byte moved
    difference: float       # from reference.py, on a small problem
    rounding: float         # from the unfolded product in float64, on what was timed


class Ladder(NamedTuple):
    """All rungs measured, and the machine."""
    problem: Problem
    steps: list             # a Step for each rung
    peak: float             # GFLOP/s of a product of matrices
    bandwidth: float        # GB/s of the triad
    missing: list           # a line of text for each rung that is left out: why
    unsteady: tuple = ()    # names of the rungs whose times differed too much to be compared


def measure(problem=CONV4, *, rungs=RUNGS, side=2048, length=1 << 24, seconds=0.5,
            progress=lambda text: None):
    """Measure the machine's limits, then check and time every rung.

    problem: the convolution.
    rungs: a list of Rungs.
    side: rows and columns of the matrices whose product is the peak.
    length: of the arrays that bandwidth is measured with; larger than all caches.
    seconds: each is repeated for so long, and three times at least; the fastest counts.
    progress: called with a line of text before each measurement.

    Returns a Ladder. A rung that refuses this convolution with a ValueError is left out.
    """
    progress(f"the machine: product of {side}×{side} matrices, "
             f"triad of arrays of {4 * length / 1e6:.0f} MB")
    peak, bandwidth = _peak(side, seconds), _bandwidth(length, seconds)
    rng = np.random.default_rng(0)
    x, w, b = problem.arrays(rng)
    # what the rungs should give: in float64, and on a small problem by the definition
    doubles = [a.astype(np.float64) for a in (x, w, b)]
    place = {"stride": problem.stride, "pad": problem.pad}
    exact, _ = functional.conv_forward(*doubles, **place, method="unfold")
    small = _small(problem).arrays(rng)
    expected = reference.conv_forward(*small, **place)
    steps, missing, unsteady = [], [], []
    for rung in rungs:
        progress(rung.name)
        try:
            y = rung.function(*small, problem.stride, problem.pad)
        except ValueError as error:
            missing.append(f"{rung.name} is left out: {error}")
            continue
        timed = problem._replace(N=min(rung.images or problem.N, problem.N),
                                 F=min(rung.filters or problem.F, problem.F))
        part = x[:timed.N], w[:timed.F], b[:timed.F], problem.stride, problem.pad
        rounding = _difference(rung.function(*part), exact[:timed.N, :timed.F])
        times = _times(lambda: rung.function(*part), seconds)
        taken = min(times)
        if np.median(times) > UNSTEADY * taken:
            unsteady.append(rung.name)
        nbytes = 4 * rung.moves(timed, *timed.elements())
        steps.append(Step(rung.name, timed, taken, timed.operations() / taken / 1e9,
                          timed.operations() / nbytes, _difference(y, expected), rounding))
    return Ladder(problem, steps, peak, bandwidth, missing, tuple(unsteady))


def _small(problem):
    """A problem of the same kind, small enough for reference.py: some 10,000 multiply-adds."""
    N, C, H, W, F, K, _, _ = problem
    return problem._replace(N=min(N, 2), C=min(C, 16), F=min(F, 4),
                            H=min(H, K + 4), W=min(W, K + 3))


def _difference(actual, expected):
    return float(np.abs(actual - expected).max() / np.abs(expected).max())


def _times(call, seconds):
    """How long a call took, several times. The fastest was disturbed the least by other work."""
    call()                                  # compiles, wakes threads, fills caches
    times = []
    while len(times) < 3 or sum(times) < seconds:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return times


def _peak(side, seconds):
    a, b, c = np.ones((3, side, side), np.float32)
    return 2 * side ** 3 / min(_times(lambda: np.matmul(a, b, out=c), seconds)) / 1e9


def _bandwidth(length, seconds):
    a, b, c = np.ones((3, length), np.float32)

    def triad():
        kernels.run(kernels.triad, length, a, b, np.float32(3), c)
    return 12 * length / min(_times(triad, seconds)) / 1e9


# ---- report -------------------------------------------------------------------------------------

def report(result):
    """The lines of a text table of a Ladder, then why rungs are missing, and what is unsteady.

    Speed-ups compare rates, operations per second: the slowest rungs are timed on a part only.
    Where all rungs are missing, there is no table.

    result: a Ladder.
    """
    if not result.steps:
        return result.missing
    rows = [("rung", "images × filters", "GFLOP/s", "of peak", "over loops", "over last",
             "from reference", "rounding")]
    before = first = result.steps[0].gflops
    for step in result.steps:
        rows.append((step.name, f"{step.timed.N} × {step.timed.F}", digits(step.gflops),
                     f"{digits(100 * step.gflops / result.peak)}%",
                     f"× {digits(step.gflops / first)}", f"× {digits(step.gflops / before)}",
                     f"{step.difference:.0e}", f"{step.rounding:.0e}"))
        before = step.gflops
    lines = texts.table(rows, left=1).split("\n")
    if result.unsteady:
        lines.append(f"Don't trust these speeds: half of the times of {', '.join(result.unsteady)} "
                     f"were over {UNSTEADY} times the fastest. Something else runs on this "
                     "machine: stop it, and measure again.")
    return lines + result.missing
