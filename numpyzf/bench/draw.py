"""The picture of the ladder: a point per rung under the machine's roof, and the speeds as bars."""
import math

import numpy as np

from .. import plots

DARK = "#555555"
WORD = {"fontsize": 8}
DISTANCES = (8, 18, 30, 44, 60, 80, 104)        # of a label from its point, in 1/72 inch
# where a label lies, seen from its point: right, left, below, above, then the four corners
DIRECTIONS = ((1, 0), (-1, 0), (0, -1), (0, 1), (-1, 1), (1, -1), (-1, -1), (1, 1))
HORIZONTAL = {-1: "right", 0: "center", 1: "left"}  # alignment that keeps it clear of the point
VERTICAL = {-1: "top", 0: "center", 1: "bottom"}


def draw(result):
    """Draw a ladder.Ladder: the roof and its points at the left, bars at the right.

    result: the Ladder.

    Returns a matplotlib figure. Raises ValueError if it has no steps: all rungs were left out.
    """
    if not result.steps:
        raise ValueError("nothing to draw: no rung takes this convolution")
    with plots.style():
        figure = plots.figure(9.6, 4.2)
        left, right = figure.subplots(1, 2, width_ratios=(1.55, 1))
        _draw_bars(right, result)
        _draw_roof(left, result)
    return figure


def digits(value):
    """Three digits that count, with commas, never an exponent.

    >>> digits(0.0123456), digits(1.5), digits(56000)
    ('0.0123', '1.50', '56,000')
    """
    return f"{value:,.{max(0, 2 - math.floor(math.log10(value)))}f}"


def _draw_bars(axes, result):
    places, speeds = np.arange(len(result.steps)), [step.gflops for step in result.steps]
    axes.barh(places, speeds, color=[_color(step) for step in result.steps], height=0.62)
    white = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    for place, speed in zip(places, speeds):
        axes.text(speed * 1.2, place, digits(speed), va="center", bbox=white, **WORD)
    # the peak is a line through all bars
    axes.axvline(result.peak, color=plots.GRAY, linewidth=1, zorder=0)
    axes.text(result.peak / 1.2, -0.55, f"peak {digits(result.peak)}", ha="right", va="bottom",
              color=DARK, **WORD)
    axes.set(xscale="log", xlabel="GFLOP/s, counted as the definition does",
             xlim=(min(speeds) / 2, 12 * max(*speeds, result.peak)),
             yticks=places, ylim=(len(places) - 0.5, -1))
    axes.set_yticklabels([f"{i + 1}  {step.name}" for i, step in enumerate(result.steps)])


def _draw_roof(axes, result):
    steps, ridge = result.steps, result.peak / result.bandwidth
    low = min([0.1, *(step.intensity / 2 for step in steps)])
    high = max([10 * ridge, *(4 * step.intensity for step in steps)])
    # the roof rises with the bandwidth up to the peak
    line = np.geomspace(low, high, 200)
    roof = np.minimum(result.peak, result.bandwidth * line)
    axes.plot(line, roof, color=DARK, linewidth=1.5)
    for step in steps:
        axes.plot(step.intensity, step.gflops, "o", color=_color(step), markersize=7)
    speeds = [step.gflops for step in steps]
    axes.set(xscale="log", yscale="log", xlim=(low, high), xlabel="operations per byte moved",
             ylabel="GFLOP/s", ylim=(min(speeds) / 3, 12 * max(result.peak, *speeds)))
    axes.grid(color="#ececec", linewidth=0.8)
    _label_roof(axes, result, ridge, line, roof)


def _label_roof(axes, result, ridge, line, roof):
    """Write the labels, none of which covers the roof, a point or another label."""
    from matplotlib.transforms import Bbox
    low, high = axes.get_xlim()
    axes.figure.draw_without_rendering()        # now places in pixels are known
    # boxes around what is drawn: (x, y, half of the side in pixels)
    covered = [(x, y, 1) for x, y in zip(line, roof)]
    covered += [(step.intensity, step.gflops, 7) for step in result.steps]
    taken = []
    for x, y, half in covered:
        place = axes.transData.transform((x, y))
        taken.append(Bbox([place - half, place + half]))
    middle = np.sqrt(low * ridge)                   # of the rising part
    texts = [(f"peak: {digits(result.peak)} GFLOP/s", high, result.peak, DARK),
             (f"memory: {digits(result.bandwidth)} GB/s", middle, result.bandwidth * middle, DARK)]
    for i, step in enumerate(result.steps):
        name = f"{i + 1} {step.name}{_fewer(step)}"
        texts.append((name, step.intensity, step.gflops, _color(step)))
    for text, x, y, color in texts:
        taken.append(_place(axes, text, x, y, color, taken))


def _fewer(step):
    """What Winograd's label adds: how many of the definition's multiplications it saves.

    Tiles that hang over the edge are counted in full.
    """
    if step.name != "Winograd":
        return ""
    products = math.prod(step.timed.at_points()) * step.timed.C * step.timed.F
    return f":\n{step.timed.operations() / 2 / products:.1f}× fewer multiplications"


def _color(step):
    return plots.ORANGE if step.name == "Winograd" else plots.BLUE


def _place(axes, text, x, y, color, taken):
    """Write a text near a point, at the nearest place where it covers nothing.

    Returns its box in pixels. Where nothing is free, the last place has to do.
    """
    from matplotlib.text import Text
    tries = [(distance, *direction) for distance in DISTANCES for direction in DIRECTIONS]
    for number, (distance, right, up) in enumerate(tries):
        arrow = {"arrowstyle": "-", "color": color, "linewidth": 0.6} if distance > 18 else None
        label = axes.annotate(text, (x, y), xytext=(right * distance, up * distance),
                              textcoords="offset points", color=color, arrowprops=arrow,
                              ha=HORIZONTAL[right], va=VERTICAL[up], **WORD)
        label.set_in_layout(False)
        label.get_window_extent()                       # moves it to its place
        box = Text.get_window_extent(label)             # of the words, not of the line to the point
        inside = axes.bbox.contains(*box.min) and axes.bbox.contains(*box.max)
        if inside and not any(box.overlaps(other) for other in taken):
            return box
        if number < len(tries) - 1:
            label.remove()
    return box
