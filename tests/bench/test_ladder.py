"""Every rung convolves, what it claims to move is right by hand, and labels stand apart.

Nothing is timed.
"""
import itertools
import math

import numpy as np
import pytest
from matplotlib.text import Text

from numpyzf import kernels, reference
from numpyzf.bench import ladder
from numpyzf.bench.ladder import Ladder, Problem, Rung, Step

small = pytest.mark.small
GEOMETRIES = [Problem(2, 2, 5, 4, 3, 3, 1, 1), Problem(1, 3, 7, 9, 2, 3, 1, 0),
              Problem(2, 1, 6, 5, 2, 2, 1, 2), Problem(1, 2, 9, 7, 3, 3, 2, 1),
              Problem(2, 2, 7, 4, 1, 1, 3, 0), Problem(1, 1, 8, 6, 2, 5, 2, 2)]
TINY = Problem(N=3, C=2, H=6, W=5, F=4, K=3, stride=1, pad=1)
OTHERS = [rung for rung in ladder.RUNGS if rung.function is not ladder.winograd]


def measure(problem=TINY, **options):
    return ladder.measure(problem, **{"side": 8, "length": 64, "seconds": 0} | options)


# ---- the rungs ----------------------------------------------------------------------------------

@small
@pytest.mark.parametrize("rung", ladder.RUNGS, ids=lambda rung: rung.name)
@pytest.mark.parametrize("problem", GEOMETRIES, ids=lambda p: "-".join(map(str, p)))
def test_every_rung_convolves_or_says_that_it_does_not(rung, problem, rng):
    x, w, b = problem.arrays(rng)
    try:
        y = rung.function(x, w, b, problem.stride, problem.pad)
    except ValueError as error:
        assert rung.function is ladder.winograd
        assert "winograd" in str(error) or (problem.K, problem.stride) != (3, 1)
        return
    expected = reference.conv_forward(x, w, b, stride=problem.stride, pad=problem.pad)
    assert (y.shape, y.dtype, y.flags.c_contiguous) == (expected.shape, np.float32, True)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@small
def test_winograd_says_what_it_takes(rng):
    for problem, words in [(GEOMETRIES[2], "not 2×2 with stride 1"),
                           (GEOMETRIES[3], "not 3×3 with stride 2")]:
        with pytest.raises(ValueError, match=words):
            ladder.winograd(*problem.arrays(rng), problem.stride, problem.pad)


@small
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_naive_kernel(conv_case, dtype, rng):
    shapes = conv_case.x_shape(), conv_case.w_shape(), conv_case.F
    x, w, b = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    y = np.full(conv_case.y_shape(), np.nan, dtype)
    kernels.naive_forward(x, w, b, y, conv_case.stride, conv_case.pad)
    expected = reference.conv_forward(x, w, b, stride=conv_case.stride, pad=conv_case.pad)
    atol = {np.float32: 1e-5, np.float64: 1e-12}[dtype] * np.abs(expected).max()
    np.testing.assert_allclose(y, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("size", [pytest.param(7, marks=small), 2 ** 14 + 5])
def test_the_triad(size, rng):
    a, b = rng.standard_normal((2, size), np.float32)
    c = np.full(size, np.nan, np.float32)
    kernels.run(kernels.triad, size, a, b, np.float32(3), c)
    np.testing.assert_allclose(c, a + np.float32(3) * b, rtol=1e-6, atol=1e-6)


# ---- what is counted ----------------------------------------------------------------------------

@small
def test_operations_and_numbers_of_a_problem_by_hand():
    p = Problem(N=2, C=3, H=5, W=7, F=4, K=3, stride=2, pad=0)
    assert p.output_size() == (2, 3)
    assert p.operations() == 2 * 2 * 4 * 3 * 9 * 6
    assert p.elements() == (2 * 3 * 5 * 7, 4 * 3 * 9, 2 * 4 * 6, 3 * 9 * 2 * 6)
    assert p._replace(stride=1).at_points() == (49, 2 * 1)       # 3×5 outputs: one tile of 5×5
    shapes = [a.shape for a in p.arrays(np.random.default_rng(0))]
    assert shapes == [(2, 3, 5, 7), (4, 3, 3, 3), (4,)]


@small
def test_what_each_rung_moves_by_hand():
    x, w, y, columns = 3 * 2 * 30, 4 * 18, 3 * 4 * 30, 18 * 90
    # one tile of 6×6 outputs for each of 3 images
    U, V, M = 64 * 8, 64 * 2 * 3, 64 * 4 * 3
    by_hand = {"loops in Python": 2 * 18 * y + y, "loops, compiled": 2 * 18 * y + y,
               "direct, parallel": 4 * x + 3 * w + y,
               "unfold + BLAS": 3 * x + 2 * columns + w + 5 * y, "unfold in blocks": x + w + y,
               "Winograd": x + w + y + 2 * (U + V + M)}
    assert {rung.name: rung.moves(TINY, *TINY.elements()) for rung in ladder.RUNGS} == by_hand


# ---- measuring ----------------------------------------------------------------------------------

@small
def test_a_tiny_ladder():
    lines = []
    result = measure(rungs=OTHERS, progress=lines.append)
    assert result.problem == TINY and result.missing == []
    assert result.peak > 0 and result.bandwidth > 0
    assert [step.name for step in result.steps] == lines[1:] == [rung.name for rung in OTHERS]
    parts = [(step.timed.N, step.timed.F) for step in result.steps]
    assert parts == [(1, 1), (1, 4), (3, 4), (3, 4), (3, 4)]
    for step, rung in zip(result.steps, OTHERS):
        assert math.isclose(step.gflops, step.timed.operations() / step.seconds / 1e9)
        nbytes = 4 * rung.moves(step.timed, *step.timed.elements())
        assert math.isclose(step.intensity, step.timed.operations() / nbytes)
        assert step.difference < 1e-6 and 0 < step.rounding < 1e-6
    assert result.steps[0].difference == 0                          # it is the reference


@small
def test_a_wrong_rung_shows_in_both_differences():
    def wrong(x, w, b, stride, pad):
        return 1.01 * ladder.direct(x, w, b, stride, pad)
    step, = measure(rungs=[Rung("wrong", wrong, ladder.RUNGS[2].moves)]).steps
    assert step.difference == pytest.approx(0.01, rel=1e-3)
    assert step.rounding == pytest.approx(0.01, rel=1e-3)


@small
def test_a_rung_is_timed_and_checked_on_its_part_of_the_problem():
    shapes = []

    def part(x, w, b, stride, pad):
        shapes.append((x.shape, w.shape, b.shape))
        return ladder.unfolded(x, w, b, stride, pad)
    step, = measure(rungs=[Rung("part", part, ladder.RUNGS[3].moves, images=2, filters=3)]).steps
    assert set(shapes[1:]) == {((2, 2, 6, 5), (3, 2, 3, 3), (3,))}
    assert len(shapes) == 1 + 2 + 3                     # small; compared, warm-up; three times
    assert step.timed == TINY._replace(N=2, F=3) and step.rounding < 1e-6


@small
def test_a_problem_that_a_rung_does_not_take_leaves_it_out_and_says_so():
    result = measure(GEOMETRIES[3])
    assert [step.name for step in result.steps] == [rung.name for rung in OTHERS]
    assert result.missing == ["Winograd is left out: this rung takes 3×3 filters with stride 1, "
                              "not 3×3 with stride 2"]
    assert ladder.report(result)[-1:] == result.missing


@small
def test_where_every_rung_refuses_there_is_a_reason_and_no_table():
    def none(x, w, b, stride, pad):
        raise ValueError("it takes nothing")
    result = measure(rungs=[Rung("none", none, None), Rung("neither", none, None)])
    assert result.steps == []
    assert ladder.report(result) == ["none is left out: it takes nothing",
                                     "neither is left out: it takes nothing"]
    with pytest.raises(ValueError, match="nothing to draw: no rung takes this convolution"):
        ladder.draw(result)


@small
@pytest.mark.parametrize("taken, busy", [([2, 2, 3], False), ([2, 4, 4], False),
                                         ([5, 2, 5], True), ([9, 2, 3], False)])
def test_the_fastest_counts_and_a_busy_machine_is_told(monkeypatch, taken, busy):
    """By a clock of our own, with these times for the three calls of the one rung."""
    machine = [1, 1, 1, 1, 1, 1]
    ticks = [tick for time in [*machine, *taken] for tick in (0, time)]
    monkeypatch.setattr(ladder.time, "perf_counter", lambda clock=iter(ticks): next(clock))
    result = measure(rungs=[ladder.RUNGS[3]])
    assert result.steps[0].seconds == 2
    assert result.unsteady == (("unfold + BLAS",) if busy else ())
    told = [line for line in ladder.report(result) if "half of the times of unfold + BLAS" in line]
    assert len(told) == busy


# ---- showing ------------------------------------------------------------------------------------

def made_up(*speeds, peak=200.0, bandwidth=30.0):
    """A ladder of the default problem with these speeds."""
    steps = []
    for rung, gflops in zip(ladder.RUNGS, speeds):
        p = ladder.CONV4
        timed = p._replace(N=rung.images or p.N, F=rung.filters or p.F)
        intensity = p.operations() / 4 / rung.moves(p, *p.elements())
        steps.append(Step(rung.name, timed, 1.0, gflops, intensity, 2e-7, 3e-6))
    return Ladder(ladder.CONV4, steps, peak, bandwidth, [])


@small
def test_the_report():
    head, *rows = ladder.report(made_up(0.005, 1.5, 4.5, 90.0, 180.0, 280.0))
    assert head.split("  ")[0] == "rung" and all(len(row) == len(head) for row in rows)
    cells = [[cell.strip() for cell in row.split("  ") if cell] for row in rows]
    assert cells[0] == ["loops in Python", "1 × 1", "0.00500", "0.00250%", "× 1.00", "× 1.00",
                        "2e-07", "3e-06"]
    assert cells[1][:6] == ["loops, compiled", "1 × 384", "1.50", "0.750%", "× 300", "× 300"]
    assert cells[5] == ["Winograd", "8 × 384", "280", "140%", "× 56,000", "× 1.56",
                        "2e-07", "3e-06"]


@pytest.mark.parametrize("result", [
    made_up(0.005, 1.5, 4.5, 90, 180, 280),
    made_up(0.003, 0.8, 0.9, 27, 34, 58, peak=56, bandwidth=12.6),
    made_up(0.005, 1.5, 4.5, 170, 121),
    made_up(0.01, 3, 100, 800, 1500, 2400, peak=2000, bandwidth=200),
    made_up(0.005, 1.5, 8, 20, 22, 19, peak=25, bandwidth=8)], ids=range(5))
def test_the_drawing_names_every_rung_and_no_label_covers_another(result):
    figure = ladder.draw(result)
    roof, bars = figure.axes
    names = [step.name for step in result.steps]
    labels = [label.get_text() for label in bars.get_yticklabels()]
    assert labels == [f"{i + 1}  {name}" for i, name in enumerate(names)]
    widths = [round(bar.get_width(), 6) for bar in bars.patches]
    assert widths == [step.gflops for step in result.steps]
    figure.draw_without_rendering()
    texts = {text.get_text(): Text.get_window_extent(text) for text in roof.texts}
    assert all(any(f"{i + 1} {name}" in text for text in texts) for i, name in enumerate(names))
    assert any("2.6× fewer multiplications" in text for text in texts) == ("Winograd" in names)
    for box in texts.values():
        assert roof.bbox.contains(*box.min) and roof.bbox.contains(*box.max)
    for one, other in itertools.combinations(texts.values(), 2):
        assert not one.overlaps(other)
    for text in [*bars.texts, *bars.get_yticklabels(),
                 roof.xaxis.label, bars.xaxis.label, roof.yaxis.label]:
        box = text.get_window_extent()
        assert figure.bbox.contains(*box.min) and figure.bbox.contains(*box.max)


def test_the_roof_and_the_points_are_where_the_numbers_say():
    result = made_up(0.005, 1.5, 4.5, 90, 180, 280)
    line, *points = ladder.draw(result).axes[0].lines
    intensity, speed = line.get_data()
    np.testing.assert_allclose(speed, np.minimum(200, 30 * intensity))
    assert intensity[0] < 200 / 30 < intensity[-1]
    places = [tuple(point.get_xydata()[0]) for point in points]
    assert places == [(step.intensity, step.gflops) for step in result.steps]


def test_a_tiny_ladder_can_be_drawn():
    assert len(ladder.draw(measure()).axes) == 2
