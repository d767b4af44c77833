"""Curves of the signal through the layers, and dots for the sizes of filters."""
import numpy as np

from ... import plots

LOOKS = [("o-", plots.BLUE), ("s--", plots.ORANGE), ("^:", "#444444"), ("D-.", plots.GRAY)]
PANELS = [("activations", "on the way up", "activations, standard deviation"),
          ("gradients", "on the way down", "gradient of the loss, RMS"),
          ("changes", "what a step changes", "change of the weights in one step")]


def draw(signals):
    """Draw the signals in several nets over the layers.

    signals: {name: measure.Signals}, of nets with layers of the same names, four at most.
    Returns a matplotlib figure.
    """
    with plots.style():
        figure = plots.figure(8.8, 3.5)
        panels = figure.subplots(1, 3)
        for axes, (field, title, label) in zip(panels, PANELS):
            for (line, color), (name, signal) in zip(LOOKS, signals.items()):
                values = np.maximum(getattr(signal, field), 1e-30)      # a logarithm has no zero
                axes.plot(range(len(values)), values, line, color=color, label=name)
            axes.set(yscale="log", xticks=range(len(signal.layers)), title=title, ylabel=label)
            axes.set_xticklabels(signal.layers, rotation=60)
            axes.grid(axis="y", color=plots.GRID, linewidth=0.8)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2,
                      handlelength=3.5)      # or a dashed line looks solid
    return figure


def draw_radius(nets, radius):
    """Draw the RMS value of every filter of every convolution, and the radius of renormalization.

    nets: {title: {layer: (F,)}}, as measure.filter_sizes makes each.
    radius: Recipe.radius.
    Returns a matplotlib figure.
    """
    with plots.style():
        figure = plots.figure(8.8, 3.0)
        panels = figure.subplots(1, len(nets), sharey=True, squeeze=False)[0]
        for axes, (title, layers) in zip(panels, nets.items()):
            for place, sizes in enumerate(layers.values()):
                axes.plot(place + np.linspace(-0.3, 0.3, len(sizes)), np.sort(sizes), "o",
                          color=plots.BLUE, markersize=2.5)
            axes.axhline(radius, color=plots.ORANGE, linestyle="--", linewidth=1.2)
            axes.annotate(f"radius {radius:g}", (0.99, radius), xytext=(0, 2),
                          xycoords=("axes fraction", "data"), textcoords="offset points",
                          ha="right", va="bottom", fontsize=8, color=plots.ORANGE)
            axes.set(title=title, xticks=range(len(layers)), xticklabels=list(layers))
        panels[0].set(ylabel="RMS value of a filter", ylim=(0, None))
    return figure
