"""The pictures of Figure 6: filters, projections of layer 2, and the numbers of each net."""
import numpy as np

from ... import plots
from ...geometry import ceil_div
from . import measure

COLUMNS = 16        # filters in a row
MEASURES = {"largest RMS / median": measure.dominance,
            "dead filters": measure.dead_filters,
            "energy in middle\nfrequencies (%)": measure.middle_percent,
            "aliased energy (%)": measure.aliased_percent,
            "independent maps": measure.independent_maps}


def draw(results):
    """Draw the first-layer filters of several nets, each net's strongest first.

    All filters of a net share one scale: a filter that dominates is seen to dominate, and one that
    is nearly zero is gray.

    results: {name: measure.Figure6}.
    Returns a matplotlib figure.
    """
    with plots.style():
        rows = [ceil_div(len(result.w), COLUMNS) for result in results.values()]
        figure = plots.figure(8.8, sum(0.58 * n + 0.3 for n in rows))
        panels = figure.subplots(len(results), 1, squeeze=False, height_ratios=rows)[:, 0]
        for axes, (name, result) in zip(panels, results.items()):
            strongest_first = np.argsort(-result.rms, kind="stable")
            plots.show(axes, filters_image(result.w[strongest_first]))
            axes.set_anchor("W")
            axes.set_title(f"{name}: largest RMS {measure.dominance(result):.1f} times the median, "
                           f"{measure.dead_filters(result)} of {len(result.w)} dead", loc="left")
    return figure


def filters_image(w):
    """All filters w (F, C, K, K) in one image, with one scale for all, zero as mid-gray."""
    shown = plots.to_display(np.concatenate(list(w), axis=1))       # (F·K, K) or (F·K, K, 3)
    tiles = [plots.enlarge(tile, 44) for tile in np.split(shown, len(w))]
    return plots.grid(tiles, min(COLUMNS, len(w)), pad=4)


def draw_second(results):
    """Draw projections of layer 2 of several nets, above the image patches they come from.

    results: {name: measure.Figure6}.
    Returns a matplotlib figure.
    """
    maps, k = np.min([result.second.values.shape for result in results.values()], axis=0)
    across = int(np.ceil(np.sqrt(k)))
    with plots.style():
        figure = plots.figure(8.8, 3.25 * len(results))
        parts = np.atleast_1d(figure.subfigures(len(results), 1))
        for part, (name, result) in zip(parts, results.items()):
            second = result.second
            height, width = second.patches.shape[3:]
            part.suptitle(f"{name}: one unit of layer 2 sees {height}×{width} pixels", fontsize=9,
                          x=0.01, ha="left")
            panels = part.subplots(2, maps, squeeze=False)
            for i in range(maps):
                projections = [plots.to_display(tile) for tile in second.projections[i, :k]]
                patches = [plots.patch(second.patches[i, j], second.seen[i, j]) for j in range(k)]
                plots.show(panels[0, i], plots.mosaic(projections, across))
                plots.show(panels[1, i], plots.mosaic(patches, across))
                panels[0, i].set_title(f"map {second.channels[i]}")
    return figure


def draw_measures(results):
    """Draw the numbers of several nets: a dot per seed, and a line at their mean.

    results: {name: list of measure.Figure6, one per seed}.
    Returns a matplotlib figure.
    """
    with plots.style():
        figure = plots.figure(8.8, 0.75 + 0.42 * len(results))
        panels = figure.subplots(1, len(MEASURES), sharey=True, gridspec_kw={"wspace": 0.12})
        for axes, (label, number) in zip(panels, MEASURES.items()):
            for place, seeds in enumerate(results.values()):
                values = [number(result) for result in seeds]
                mean = np.mean(values)
                axes.plot(values, [place] * len(values), "o", color=plots.BLUE, alpha=0.7,
                          clip_on=False)
                axes.plot([mean, mean], [place - 0.3, place + 0.3], color=plots.ORANGE)
            axes.set(xlabel=label, xlim=(0, None) if axes.get_xlim()[1] > 1 else (0, 1),
                     ylim=(len(results) - 0.5, -0.5), yticks=range(len(results)),
                     yticklabels=list(results))
            axes.xaxis.get_major_locator().set_params(nbins=4, integer=True)
            axes.tick_params(axis="y", length=0)
            axes.grid(axis="x", color=plots.GRID, linewidth=0.8)
    return figure
