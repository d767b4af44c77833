"""The pictures: the covered faces of Figure 8, and Δ of Table 1 as marks."""
import numpy as np

from ... import plots
from .measure import cover

GRAY = 128      # what the squares look like to us
LOOKS = ((plots.BLUE, "o", -0.13), (plots.ORANGE, "s", 0.13))   # of a layer: color, mark, shift


def draw(results):
    """Draw Δ of all that was covered.

    results: a list of Table1, one per seed.

    A mark is the mean over all groups and seeds, a bar their deviation. A stroke is the mean of one
    seed. Returns a matplotlib figure.
    """
    names = list(results[0].deltas)
    with plots.style():
        figure = plots.figure(6.5, 0.5 * len(names) + 1.3)
        axes = figure.subplots()
        for layer, (color, marker, shift) in enumerate(LOOKS):
            for place, name in enumerate(names):
                deltas = np.array([r.deltas[name][layer] for r in results])     # (seeds, groups)
                axes.errorbar(deltas.mean(), place + shift, xerr=deltas.std(), color=color,
                              marker=marker, markersize=7, capsize=3, linewidth=1.5,
                              label=results[0].layers[layer] if place == 0 else None)
                axes.plot(deltas.mean(axis=1), [place + shift] * len(results), "|", markersize=14,
                          color=color)
        axes.set(xlabel="Δ, share of features that change differently in two faces",
                 yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5),
                 xlim=(0, None))
        axes.legend(loc="lower left", title="layer")
        axes.grid(axis="x", color=plots.GRID)
        axes.set_axisbelow(True)
    return figure


def draw_faces(images, places, side):
    """Draw Figure 8: a column per image, a row for the whole images and one per covered place.

    images: uint8 (n, C, H, W).
    places: {name: corners (n or more, 2)}, see `cover`.
    side: of the square, in pixels.
    Returns a matplotlib figure.
    """
    rows = {"whole image": images}
    for name, corners in places.items():
        rows[name] = cover(images, corners[:len(images)], side, value=GRAY)
    with plots.style():
        figure = plots.figure(1.15 * len(images) + 1.3, 1.18 * len(rows))
        grid = figure.subplots(len(rows), len(images), squeeze=False)
        for row, (name, shown) in zip(grid, rows.items()):
            for axes, image in zip(row, shown):
                plots.show(axes, plots.to_image(image))
            row[0].text(-0.08, 0.5, name.replace(" random", "\nrandom"), ha="right", va="center",
                        transform=row[0].transAxes)
    return figure
