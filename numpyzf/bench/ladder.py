"""The ladder: one convolution computed in six ways, from seven loops in Python to the machine's limit, and what limits each.

Every way is a function rung(x, w, b, stride, pad) -> y. Its docstring says which bytes it moves: what its own loops ask for, but for what
they keep in a register or a cache on purpose. Each is compared with reference.py on a small problem and with float64 on the
timed one, and timed; it stands as a point under the roof that the machine sets: no faster than its arithmetic, and no faster
than memory delivers the bytes the rung moves (the roofline model, Williams, Waterman and Patterson 2009).
tutorials/ladder.md is the lesson that climbs it.
"""
import math
import time
from typing import Callable, NamedTuple

import numpy as np

from .. import functional as F
from .. import kernels, plots, reference
from ..geometry import conv_output_size


class Problem(NamedTuple):
    """A convolution: N images, C channels, H×W pixels, F filters of K×K."""
    N: int
    C: int
    H: int
    W: int
    F: int
    K: int
    stride: int
    pad: int

    def output_size(self):
        """(OH, OW)."""
        return tuple(conv_output_size(n, self.K, self.stride, self.pad) for n in (self.H, self.W))

    def operations(self):
        """2·N·F·C·K·K·OH·OW: multiplications and additions of the definition, whatever a rung really does."""
        return 2 * self.N * self.F * self.C * self.K ** 2 * math.prod(self.output_size())

    def elements(self):
        """How many numbers there are in x, w, y and the unfolded columns."""
        N, C, H, W, F, K, _, _ = self
        P = math.prod(self.output_size())
        return N * C * H * W, F * C * K * K, N * F * P, C * K * K * N * P

    def arrays(self, rng):
        """Random x, w, b in float32; weights are scaled so that y is about as large as x."""
        x = rng.standard_normal((self.N, self.C, self.H, self.W), np.float32)
        w = rng.standard_normal((self.F, self.C, self.K, self.K), np.float32) / np.float32(self.K * np.sqrt(self.C))
        return x, w, rng.standard_normal(self.F, np.float32)


CONV4 = Problem(N=8, C=384, H=13, W=13, F=384, K=3, stride=1, pad=1)       # the fourth convolution of the paper's net


# ---- the rungs ------------------------------------------------------------------------------------------------------

def loops(x, w, b, stride, pad):
    """Seven loops in Python. Bytes: two numbers per multiply-add, the sum stays at hand (Python itself moves far more)."""
    return reference.conv_forward(x, w, b, stride=stride, pad=pad)


def compiled(x, w, b, stride, pad):
    """The same loops through Numba, one thread. Bytes: as for the loops, two numbers per multiply-add."""
    y = np.empty((len(x), len(w), *(conv_output_size(n, w.shape[2], stride, pad) for n in x.shape[2:])), x.dtype)
    kernels.naive_forward(x, w, b, y, stride, pad)
    return y


def direct(x, w, b, stride, pad):
    """Rows innermost, planes in parallel. Bytes: for each output plane all of its image and one filter; the plane stays in cache."""
    return F.conv_forward(x, w, b, stride=stride, pad=pad, method="direct")[0]


def unfolded(x, w, b, stride, pad):
    """All unfolded by NumPy, one product. Bytes: x, its padded copy; columns written, read; w; y written, biased in place, laid out anew."""
    filters, C, K = w.shape[:3]
    padded = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (K, K), axis=(2, 3))[:, :, ::stride, ::stride]
    N, _, OH, OW = windows.shape[:4]
    cols = windows.transpose(1, 4, 5, 0, 2, 3).reshape(C * K * K, N * OH * OW)
    y = w.reshape(filters, -1) @ cols             # (F, C·K·K) @ (C·K·K, N·OH·OW) -> (F, N·OH·OW)
    y += b[:, None]
    return np.ascontiguousarray(y.reshape(filters, N, OH, OW).transpose(1, 0, 2, 3))


def blocked(x, w, b, stride, pad):
    """A few images unfolded at a time. Bytes: x, w, y, each once: a block's columns, and the filters, stay in cache."""
    return F.conv_forward(x, w, b, stride=stride, pad=pad, method="unfold")[0]


def winograd(x, w, b, stride, pad):
    """F(4×4, 3×3). Bytes: x, w, y; filters, tiles and products at 36 points, written and read. ValueError unless 3×3 with stride 1."""
    if (w.shape[2], stride) != (3, 1):
        raise ValueError(f"F(4×4, 3×3) takes 3×3 filters with stride 1, not {w.shape[2]}×{w.shape[2]} with stride {stride}")
    return F.conv_forward(x, w, b, stride=stride, pad=pad, method="winograd")[0]


def _tiles(p):
    """How many 4×4 tiles cover the output maps of all images."""
    return p.N * math.prod(-(-n // 4) for n in p.output_size())


class Rung(NamedTuple):
    """A way to convolve: name, rung(x, w, b, stride, pad) -> y, what it moves, and how much of the problem it is timed on.

    moves(problem, x, w, y, cols) -> how many numbers the rung reads and writes, given how many there are in each array.
    """
    name: str
    function: Callable
    moves: Callable
    images: int | None = None       # None: all
    filters: int | None = None


RUNGS = [
    Rung("loops in Python", loops, lambda p, x, w, y, cols: p.operations() + y, images=1, filters=1),
    Rung("loops, compiled", compiled, lambda p, x, w, y, cols: p.operations() + y, images=1),
    Rung("direct, parallel", direct, lambda p, x, w, y, cols: p.F * x + p.N * w + y),
    Rung("unfold + BLAS", unfolded, lambda p, x, w, y, cols: 3 * x + 2 * cols + w + 5 * y),
    Rung("unfold in blocks", blocked, lambda p, x, w, y, cols: x + w + y),
    Rung("Winograd", winograd, lambda p, x, w, y, cols: x + w + y + 2 * 36 * (p.F * p.C + _tiles(p) * (p.C + p.F))),
]


# ---- measuring ------------------------------------------------------------------------------------------------------

class Step(NamedTuple):
    """One rung measured: on which part of the problem, its speed and its error.

    seconds: the median. gflops: operations of the definition per second / 1e9. intensity: these operations per byte moved.
    difference: from reference.py, on a small problem; rounding: from the unfolded product in float64, on what was timed. Both are
    the largest difference over the largest value.
    """
    name: str
    timed: Problem
    seconds: float
    gflops: float
    intensity: float
    difference: float
    rounding: float


class Ladder(NamedTuple):
    """All of it: the problem, the Steps, peak (GFLOP/s of a matrix product), bandwidth (GB/s of the triad), and why rungs are missing."""
    problem: Problem
    steps: list
    peak: float
    bandwidth: float
    missing: list


def compute(problem=CONV4, *, rungs=RUNGS, side=2048, length=1 << 24, seconds=0.5, report=lambda text: None):
    """Measure the machine's limits, then check and time every rung.

    side, length: of the matrices and the arrays that the limits are measured with; the arrays must be larger than all caches.
    seconds: each is repeated three times at least and for that long. report: called with a line of text before each measurement.
    Returns a Ladder. A rung that refuses this kind of convolution with a ValueError is left out, and the reason stands in `missing`.
    """
    report(f"the machine: product of {side}×{side} matrices, triad of arrays of {4 * length / 1e6:.0f} MB")
    peak, bandwidth = _peak(side, seconds), _bandwidth(length, seconds)
    rng = np.random.default_rng(0)
    x, w, b = problem.arrays(rng)
    exact = F.conv_forward(*(a.astype(np.float64) for a in (x, w, b)), stride=problem.stride, pad=problem.pad, method="unfold")[0]
    small = _small(problem).arrays(rng)
    expected = reference.conv_forward(*small, stride=problem.stride, pad=problem.pad)
    steps, missing = [], []
    for rung in rungs:
        report(rung.name)
        try:
            difference = _difference(rung.function(*small, problem.stride, problem.pad), expected)
        except ValueError as error:
            missing.append(f"{rung.name} is left out: {error}")
            continue
        timed = problem._replace(N=min(rung.images or problem.N, problem.N), F=min(rung.filters or problem.F, problem.F))
        part = x[:timed.N], w[:timed.F], b[:timed.F], problem.stride, problem.pad
        rounding = _difference(rung.function(*part), exact[:timed.N, :timed.F])
        t = _median(lambda: rung.function(*part), seconds)
        steps.append(Step(rung.name, timed, t, timed.operations() / t / 1e9, timed.operations() / (4 * rung.moves(timed, *timed.elements())),
                          difference, rounding))
    return Ladder(problem, steps, peak, bandwidth, missing)


def _small(problem):
    """A problem of the same kind, small enough for reference.py: tens of thousands of multiply-adds."""
    K = problem.K
    return problem._replace(N=min(problem.N, 2), C=min(problem.C, 16), F=min(problem.F, 4), H=min(problem.H, K + 4), W=min(problem.W, K + 3))


def _difference(actual, expected):
    return float(np.abs(actual - expected).max() / np.abs(expected).max())


def _median(call, seconds):
    call()                                  # compiles, wakes threads, fills caches
    times = []
    while len(times) < 3 or sum(times) < seconds:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def _peak(side, seconds):
    a, b, c = np.ones((3, side, side), np.float32)
    return 2 * side ** 3 / _median(lambda: np.matmul(a, b, out=c), seconds) / 1e9


def _bandwidth(length, seconds):
    a, b, c = np.ones((3, length), np.float32)
    return 12 * length / _median(lambda: kernels.triad(a, b, np.float32(3), c), seconds) / 1e9


# ---- showing --------------------------------------------------------------------------------------------------------

def table(result):
    """The lines of a text table. Speed-ups compare rates, operations per second: the slowest rungs are timed on a part only."""
    rows = [("rung", "images × filters", "GFLOP/s", "of peak", "over loops", "over last", "from reference", "rounding")]
    before = first = result.steps[0].gflops
    for step in result.steps:
        rows.append((step.name, f"{step.timed.N} × {step.timed.F}", _digits(step.gflops), f"{_digits(100 * step.gflops / result.peak)}%",
                     f"× {_digits(step.gflops / first)}", f"× {_digits(step.gflops / before)}", f"{step.difference:.0e}", f"{step.rounding:.0e}"))
        before = step.gflops
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]) for row in rows]


def _digits(value):
    """Three digits that count, with commas, never an exponent."""
    return f"{value:,.{max(0, 2 - math.floor(math.log10(value)))}f}"


def draw(result):
    """Draw a Ladder: the roofline with a point per rung at the left, bars of the speeds at the right; returns a matplotlib figure."""
    with plots.style():
        figure = plots.figure(9.6, 4.2)
        left, right = figure.subplots(1, 2, width_ratios=(1.55, 1))
        _draw_bars(right, result)
        _draw_roof(left, result)
    return figure


def _draw_bars(axes, result):
    places, speeds = np.arange(len(result.steps)), [step.gflops for step in result.steps]
    axes.barh(places, speeds, color=[_color(step) for step in result.steps], height=0.62)
    for place, speed in zip(places, speeds):
        axes.text(speed * 1.2, place, _digits(speed), va="center", fontsize=8, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
    axes.axvline(result.peak, color=plots.GRAY, linewidth=1, zorder=0)
    axes.text(result.peak / 1.2, -0.55, f"peak {_digits(result.peak)}", ha="right", va="bottom", fontsize=8, color="#555555")
    axes.set(xscale="log", xlabel="GFLOP/s, counted as the definition does", xlim=(min(speeds) / 2, 12 * max(*speeds, result.peak)),
             yticks=places, ylim=(len(places) - 0.5, -1))
    axes.set_yticklabels([f"{i + 1}  {step.name}" for i, step in enumerate(result.steps)])


def _draw_roof(axes, result):
    from matplotlib.transforms import Bbox
    steps, ridge = result.steps, result.peak / result.bandwidth
    low, high = min([0.1, *(step.intensity / 2 for step in steps)]), max([10 * ridge, *(4 * step.intensity for step in steps)])
    line = np.geomspace(low, high, 200)
    roof = np.minimum(result.peak, result.bandwidth * line)
    axes.plot(line, roof, color="#555555", linewidth=1.5)
    for i, step in enumerate(steps):
        axes.plot(step.intensity, step.gflops, "o", color=_color(step), markersize=7)
    axes.set(xscale="log", yscale="log", xlim=(low, high), xlabel="operations per byte moved", ylabel="GFLOP/s",
             ylim=(min(step.gflops for step in steps) / 3, 12 * max(result.peak, *(step.gflops for step in steps))))
    axes.grid(color="#ececec", linewidth=0.8)
    axes.figure.draw_without_rendering()            # now places in pixels are known
    covered = [(x, y, 1) for x, y in zip(line, roof)] + [(step.intensity, step.gflops, 7) for step in steps]
    taken = [Bbox([at - size, at + size]) for at, size in ((axes.transData.transform((x, y)), size) for x, y, size in covered)]
    texts = [(f"peak: {_digits(result.peak)} GFLOP/s", high, result.peak, "#555555"),
             (f"memory: {_digits(result.bandwidth)} GB/s", np.sqrt(low * ridge), result.bandwidth * np.sqrt(low * ridge), "#555555")]
    texts += [(f"{i + 1} {step.name}{_fewer(step)}", step.intensity, step.gflops, _color(step)) for i, step in enumerate(steps)]
    for text, x, y, color in texts:
        taken.append(_place(axes, text, x, y, color, taken))


def _fewer(step):
    """What Winograd's label adds: how many of the definition's multiplications it saves, partly filled tiles counted."""
    saved = step.timed.operations() / 2 / (36 * _tiles(step.timed) * step.timed.C * step.timed.F)
    return f":\n{saved:.1f}× fewer multiplications" if step.name == "Winograd" else ""


def _color(step):
    return plots.ORANGE if step.name == "Winograd" else plots.BLUE


def _place(axes, text, x, y, color, taken):
    """Write a text near a point, at the nearest of some places where it covers nothing; returns its box in pixels."""
    from matplotlib.text import Text
    for distance in (8, 18, 30, 44, 60, 80, 104):           # points
        for right, up in (1, 0), (-1, 0), (0, -1), (0, 1), (-1, 1), (1, -1), (-1, -1), (1, 1):
            label = axes.annotate(text, (x, y), xytext=(right * distance, up * distance), textcoords="offset points", fontsize=8,
                                  color=color, ha=("center", "left", "right")[right], va=("center", "bottom", "top")[up],
                                  arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.6} if distance > 18 else None)
            label.set_in_layout(False)
            label.get_window_extent()                       # moves it to its place
            box = Text.get_window_extent(label)             # of the words alone, without the line to the point
            if axes.bbox.contains(*box.min) and axes.bbox.contains(*box.max) and not any(box.overlaps(other) for other in taken):
                return box
            if (distance, right, up) != (104, 1, 1):        # where nothing is free, the last place has to do
                label.remove()
    return box
