"""The picture of Table 2: a panel for each of its two errors."""
import numpy as np

from ... import plots


def draw(result):
    """Draw the errors: a faint dot for every net, a bar for their mean, a diamond for an average.

    result: a Table2.
    Returns a matplotlib figure.
    """
    nets = number_of_nets(result)
    rows = [("one net", result.one_whole, plots.BLUE, "o"),
            ("one net, crops", result.one_crops, plots.BLUE, "o"),
            (f"{nets} nets", result.average_whole[None], plots.ORANGE, "D"),
            (f"{nets} nets, crops", result.average_crops[None], plots.ORANGE, "D")]
    titles = ("first answer", f"first {result.k} answers")
    with plots.style():
        figure = plots.figure(8.0, 2.5)
        panels = figure.subplots(1, 2, sharey=True)
        for j, (axes, title) in enumerate(zip(panels, titles)):
            for y, (_, errors, color, marker) in enumerate(rows):
                several = len(errors) > 1
                axes.plot(100 * errors[:, j], np.full(len(errors), y), marker, color=color,
                          markersize=6, alpha=0.45 if several else 1)
                if several:
                    axes.plot(100 * errors[:, j].mean(), y, "|", color=color, markersize=18,
                              markeredgewidth=2)
            axes.set(xlabel=f"test error, {title} (%)", ylim=(len(rows) - 0.5, -0.5))
            axes.set_yticks(range(len(rows)), [name for name, *_ in rows])
            axes.grid(axis="x", color=plots.GRID, linewidth=0.8)
    return figure


def number_of_nets(result):
    """How many nets a Table2 is about, as labels say it: "five" or a number."""
    count = len(result.one_whole)
    return "five" if count == 5 else str(count)
