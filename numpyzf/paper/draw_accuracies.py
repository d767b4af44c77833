"""Curves of accuracy, means over seeds with bars: drawn in Figure 9 and in Table 7."""
import numpy as np

from .. import plots

STYLES = ((plots.BLUE, "o-"), (plots.ORANGE, "s--"))


def draw_two_curves(axes, places, series, *, apart, chance):
    """Draw two curves in percent: means over seeds, and standard deviations as bars.

    axes: of matplotlib.
    places: (points,), where the points lie on the horizontal axis.
    series: {label: float (seeds, points)}, two of them, accuracies 0 … 1.
    apart: how far each curve is moved aside, so that the bars don't cover each other.
    chance: the accuracy of guessing, 0 … 1: a dotted line.

    The vertical axis goes from 0 to 100 %, so that panels side by side can be compared.
    """
    shifts = -apart, apart
    for (label, accuracies), (color, line), shift in zip(series.items(), STYLES, shifts):
        deviation = 100 * accuracies.std(axis=0, ddof=1) if len(accuracies) > 1 else None
        axes.errorbar(np.add(places, shift), 100 * accuracies.mean(axis=0), deviation, fmt=line,
                      color=color, capsize=3, label=label)
    axes.axhline(100 * chance, color=plots.GRAY, linestyle=":", linewidth=1.2)
    axes.text(1, 100 * chance - 1.5, f"guessing, {100 * chance:.0f} %", color=plots.GRAY,
              fontsize=8, ha="right", va="top", transform=axes.get_yaxis_transform())
    axes.set_ylim(0, 103)
    axes.grid(axis="y", color=plots.GRID, linewidth=0.8)
