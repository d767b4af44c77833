"""The picture of Table 3: test and training error of every variant."""
import numpy as np

from ... import plots


def draw(rows):
    """Draw the errors of each variant: the mean of the seeds, and each seed small and faint.

    rows: {name: Row}.
    Returns a matplotlib figure.
    """
    with plots.style():
        figure = plots.figure(8.0, 0.9 + 0.36 * len(rows))
        axes = figure.subplots()
        for y, row in enumerate(rows.values()):
            _draw_errors(axes, y, row.test, "test", "o", plots.BLUE, plots.BLUE)
            _draw_errors(axes, y, row.train, "training", "s", plots.ORANGE, "white")
        axes.set_yticks(range(len(rows)), rows)
        axes.set(xlabel="error (%): mean of the seeds, and each seed small and faint",
                 ylim=(len(rows) - 0.5, -0.5))
        axes.set_xlim(left=0)
        axes.grid(color=plots.GRID, linewidth=0.8)
        axes.legend(loc="best", frameon=True, edgecolor="none")
    return figure


def _draw_errors(axes, y, errors, label, marker, color, fill):
    """Errors (seeds,) at height y; only the first row has a label in the legend."""
    look = {"color": color, "markerfacecolor": fill, "linestyle": "none"}
    if len(errors) > 1:
        axes.plot(100 * errors, np.full(len(errors), y), marker, markersize=4, alpha=0.5, **look)
    axes.plot(100 * errors.mean(), y, marker, markersize=7.5, label=label if y == 0 else None,
              **look)
