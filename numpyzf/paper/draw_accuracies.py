"""Curves of accuracy, means over seeds with bars: drawn in Figure 9 and in Table 7."""
import numpy as np

from .. import plots

STYLES = ((plots.BLUE, "o-"), (plots.ORANGE, "s--"))


def draw_two_curves(axes, places, series, *, apart):
    """Draw two curves in percent: means over seeds, and standard deviations as bars.

    axes: of matplotlib.
    places: (points,), where the points lie on the horizontal axis.
    series: {label: float (seeds, points)}, two of them, accuracies 0 … 1.
    apart: how far each curve is moved aside, so that the bars don't cover each other.
    """
    shifts = -apart, apart
    for (label, accuracies), (color, line), shift in zip(series.items(), STYLES, shifts):
        deviation = 100 * accuracies.std(axis=0, ddof=1) if len(accuracies) > 1 else None
        axes.errorbar(np.add(places, shift), 100 * accuracies.mean(axis=0), deviation, fmt=line,
                      color=color, capsize=3, label=label)
    axes.grid(axis="y", color=plots.GRID, linewidth=0.8)
