"""The maps of a net from epoch to epoch, and the curves of how they come to rest."""
from itertools import cycle
from typing import NamedTuple

import numpy as np

from ... import plots
from ...tour.features import most_active
from .measure import SETTLED

SHOWN = (1, 2, 5, 10, 20, 30, 40, 64)       # the paper's epochs, as far as they run
TITLES = {"filters": "filters: cosine with the end", "pictures": "projections: cosine with the end",
          "images": "maps with their final image (%)"}

LEFT, GAP, TOP = 0.72, 0.3, 0.04            # inches: beside, over each, and over all mosaics
THIN, WIDE = 3, 12                          # pixels within a pair, and between pairs
SIDE = 96                                   # pixels: about the side of a picture


class Mosaic(NamedTuple):
    """One layer's pictures: one row per map, one column per epoch, two pictures in each."""
    layer: str
    channels: np.ndarray    # the maps
    found: list             # one features.Features per column
    image: np.ndarray       # (height, width) or (height, width, 3)


def draw(evolutions, epochs, *, maps=3, shown=SHOWN):
    """Draw the maps of each layer that are most active at the end.

    One row per map, one column per epoch: the projection and, to its right, the image patch. A
    patch is framed where it is of another image than in the column before.

    evolutions: list of measure.Evolution.
    epochs: their epochs.
    maps: how many maps of each layer.
    shown: the epochs that are drawn, of those there are; the last one is drawn in any case.
    Returns a matplotlib figure.
    """
    columns = [i for i, epoch in enumerate(epochs) if epoch in shown or i == len(epochs) - 1]
    names = [f"epoch {epochs[i]}" for i in columns]
    mosaics = [_mosaic(evolution, columns, maps) for evolution in evolutions]
    width = min(8.9, LEFT + 1.5 * len(columns))
    sizes = [(width - LEFT) * mosaic.image.shape[0] / mosaic.image.shape[1] for mosaic in mosaics]
    bottom = height = sum(size + GAP for size in sizes) + TOP
    with plots.style():
        figure = plots.figure(width, height, layout="none")
        for mosaic, size in zip(mosaics, sizes):
            bottom -= size + GAP
            axes = figure.add_axes((LEFT / width, bottom / height, 1 - LEFT / width - 0.003,
                                    size / height))
            plots.show(axes, mosaic.image)
            _names(axes, mosaic, names, 0.06 * mosaic.image.shape[0] / size)
            _frames(axes, mosaic)
    return figure


def _mosaic(evolution, columns, maps):
    """The Mosaic of the most active maps of a layer; columns: which epochs."""
    found = [evolution.found[i] for i in columns]
    channels, pairs = most_active(found[-1].values)[:maps], []
    for channel in channels:
        for epoch in found:
            tiles = [plots.to_display(epoch.projections[channel, 0]),
                     plots.patch(epoch.patches[channel, 0], epoch.seen[channel, 0])]
            pairs.append(plots.grid([plots.enlarge(tile, SIDE) for tile in tiles], 2, pad=THIN,
                                    background=0.85))
    return Mosaic(evolution.layer, channels, found, plots.grid(pairs, len(found), pad=WIDE))


def _pair(mosaic):
    """Height and width in pixels of a pair of pictures."""
    height, width = mosaic.image.shape[:2]
    return ((height + WIDE) // len(mosaic.channels) - WIDE,
            (width + WIDE) // len(mosaic.found) - WIDE)


def _names(axes, mosaic, names, above):
    """The layer and its maps at the left; the columns' names, so many pixels above the mosaic."""
    for i, channel in enumerate(mosaic.channels):
        axes.text(-0.012, 1 - (i + 0.5) / len(mosaic.channels), f"map {channel}",
                  transform=axes.transAxes, ha="right", va="center")
    axes.text(-0.012, 1, mosaic.layer, transform=axes.transAxes, ha="right", va="top",
              fontweight="bold")
    _, width = _pair(mosaic)
    for i, name in enumerate(names):
        axes.text(i * (width + WIDE) + width / 2, -above, name, ha="center", va="bottom",
                  fontsize=8)


def _frames(axes, mosaic):
    """Frame the patches of another image than in the column before."""
    from matplotlib.patches import Rectangle
    height, width = _pair(mosaic)
    side = (width - THIN) // 2              # of a patch
    for row, channel in enumerate(mosaic.channels):
        images = [epoch.units[channel, 0, 0] for epoch in mosaic.found]
        for column in range(1, len(images)):
            if images[column] != images[column - 1]:
                corner = column * (width + WIDE) + side + THIN - 0.5, row * (height + WIDE) - 0.5
                axes.add_patch(Rectangle(corner, side, height, fill=False, edgecolor=plots.ORANGE,
                                         linewidth=2, clip_on=False))


def draw_courses(courses, epochs):
    """Draw how the layers come to rest, the mean over seeds.

    courses: one list of measure.Course per seed, the same layers in each.
    epochs: of the courses.
    Returns a matplotlib figure.
    """
    ticks = [epoch for epoch in epochs if epoch in SHOWN or epoch == epochs[-1]]
    with plots.style():
        figure = plots.figure(8.9, 2.8)
        panels = figure.subplots(1, 3)
        for axes, (name, limit) in zip(panels, SETTLED.items()):
            factor = 100 if name == "images" else 1
            _draw_lines(axes, courses, epochs, name, factor)
            axes.axhline(factor * limit, color=plots.GRAY, linestyle=":", linewidth=1.2)
            lowest, _ = axes.get_ylim()
            axes.set(title=TITLES[name], xlabel="epoch", xscale="log",
                     ylim=(min(0, lowest), 1.03 * factor))
            axes.set_xticks(ticks, ticks)
            axes.minorticks_off()
            axes.grid(axis="y", color=plots.GRID, linewidth=0.8)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    return figure


def _draw_lines(axes, courses, epochs, name, factor):
    """One line per layer, the higher the lighter: the mean over seeds of one field of Course."""
    import matplotlib
    layers = [course.layer for course in courses[0]]
    for i, (layer, marker) in enumerate(zip(layers, cycle("os^Dv"))):
        mean = np.mean([getattr(of_seed[i], name) for of_seed in courses], axis=0)
        shade = matplotlib.colormaps["viridis"](0.85 * i / max(1, len(layers) - 1))
        axes.plot(epochs, factor * mean, marker=marker, color=shade, label=layer)
