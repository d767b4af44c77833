"""The scores of Figure 2 as four plots over the layers."""
import numpy as np

from ... import plots

NINE, CHANCE = "nine of one map", "nine at random"
PANELS = [      # title, the value at the top, {line: what it shows of a Score}
    ("on the object (%)", 100, {"projection's energy": lambda score: score.inside,
                                "pixels seen": lambda score: score.area}),
    ("one part in common (%)", 100, {NINE: lambda score: score.parts.share,
                                     CHANCE: lambda score: score.parts.chance}),
    ("one class in common (%)", 100, {NINE: lambda score: score.classes.share,
                                      CHANCE: lambda score: score.classes.chance}),
    ("correlation of two of nine", 1, {"projections": lambda score: score.projections,
                                       "image patches": lambda score: score.patches})]


def draw(scores):
    """Draw the scores on scenes.

    scores: one list per seed of one measure.Score per layer.
    Returns a matplotlib figure.
    """
    layers = [score.layer for score in scores[0]]
    with plots.style():
        figure = plots.figure(8.9, 2.7)
        for axes, (title, top, lines) in zip(figure.subplots(1, len(PANELS)), PANELS):
            for (name, get), style, color in zip(lines.items(), ("o-", "s--"),
                                                 (plots.BLUE, plots.ORANGE)):
                values = top * np.array([[get(score) for score in row] for row in scores], float)
                axes.errorbar(range(len(layers)), values.mean(axis=0), values.std(axis=0),
                              fmt=style, color=color, label=name, capsize=2)
            axes.set_title(title, loc="left")
            axes.set_xticks(range(len(layers)), layers, rotation=45)
            axes.set_ylim(min(0, axes.get_ylim()[0]), 1.04 * top)
            axes.grid(axis="y", color=plots.GRID, linewidth=0.8)
            axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.28), borderaxespad=0)
    return figure
