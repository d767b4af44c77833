"""The picture of Table 7: accuracy against layer."""
import numpy as np

from ... import plots, texts
from ..draw_accuracies import draw_two_curves
from .measure import LAYERS


LABELS = {"input": "pixels"}


def draw(results):
    """Draw a panel for each table: accuracies of both classifiers against the layer.

    results: {title: Table7 of several nets}.
    Returns a matplotlib figure.
    """
    with plots.style():
        figure = plots.figure(8.4, 3.2)
        panels = figure.subplots(1, len(results), squeeze=False)[0]
        for axes, (title, result) in zip(panels, results.items()):
            places = np.arange(len(result.layers))
            draw_two_curves(axes, places, {"support vector machine": result.svm,
                                           "softmax": result.softmax}, apart=0.04,
                            chance=1 / result.classes)
            axes.set(xlabel="layer whose outputs are classified", ylabel="test accuracy (%)",
                     title=title)
            axes.set_xticks(places, [f"{LAYERS[name].number}\n{LABELS.get(name, name)}"
                                     if name in LAYERS
                                     else texts.short(name, 12) for name in result.layers])
            axes.legend(loc="best")
    return figure
