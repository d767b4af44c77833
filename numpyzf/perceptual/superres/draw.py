"""The pictures of the page: enlarged ones side by side as bytes, grids and spectra as figures."""
import io

import numpy as np

from ... import plots
from ...geometry import ceil_div
from .. import pictures
from . import grid

CUT = 64        # side in pixels of the piece of a picture in which a grid is shown


def png(image):
    """A picture, uint8 (C, H, W), as the bytes of a PNG file."""
    buffer = io.BytesIO()
    plots.pixels(image).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def cut(image, place, side):
    """The piece of a picture (C, H, W) around a place (row, column), side × side pixels at most."""
    top, left = (int(np.clip(at - side // 2, 0, max(0, n - side)))
                 for at, n in zip(place, image.shape[1:]))
    return image[:, top:top + side, left:left + side]


def busiest(image, side):
    """The middle (row, column) of the place of side × side pixels with most edges in a picture.

    image: uint8 (C, H, W). In a smaller picture it is the picture's own middle.
    """
    y = pictures.luminance(image)
    height, width = (min(side, n) for n in y.shape)
    edges = np.zeros((y.shape[0] + 1, y.shape[1] + 1))
    edges[1:-1, 1:] += np.diff(y, axis=0) ** 2
    edges[1:, 1:-1] += np.diff(y, axis=1) ** 2
    sums = edges.cumsum(axis=0).cumsum(axis=1)      # of all edges above and left
    inside = (sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width]
              + sums[:-height, :-width])
    row, column = np.unravel_index(inside.argmax(), inside.shape)
    return int(row) + height // 2, int(column) + width // 2


# ---- grids --------------------------------------------------------------------------------------

def draw_grids(made):
    """Draw what each way to enlarge makes, untrained and trained, and the spectra of that.

    made: a list of grid.Made.
    Returns a matplotlib figure.
    """
    with plots.style():
        figure = plots.figure(8.8, 2.6 * len(made))
        panels = figure.subplots(len(made), 3, width_ratios=(1, 1, 1.5), squeeze=False)
        place = busiest(made[-1].shown[1], CUT)
        for row, own in zip(panels, made):
            row[2].sharey(panels[0, 2])
            for axes, image, when in zip(row, own.shown, ("untrained", "trained")):
                plots.show(axes, plots.to_image(cut(image, place, CUT)))
                axes.set_title(f"{own.ending}, {when}")
            for power, color, when in zip(own.powers, plots.COLORS[1::-1],
                                          ("untrained", "trained")):
                _draw_spectrum(row[2], power, color, when)
        _label(panels[-1, 2])
        panels[0, 2].legend(loc="upper center")
        panels[0, 2].set_title("spectrum: power against frequency")
    return figure


def draw_pulls(pulls):
    """Draw the spectra of how strongly losses pull at pixels: the pixel loss and layers.

    pulls: a list of grid.Pull.
    Returns a matplotlib figure.
    """
    columns = 4
    rows = ceil_div(len(pulls), columns)
    with plots.style():
        figure = plots.figure(8.8, 2.1 * rows + 0.4)
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, pull in zip(panels, pulls):
            for (kind, power), color in zip(pull.powers.items(), plots.COLORS):
                _draw_spectrum(axes, power / power[1:].mean(), color, kind)
            axes.set_yticks([0.5, 1, 2, 4], ["0.5", "1", "2", "4"])
            axes.minorticks_off()
            axes.set_title(pull.layer if pull.layer == grid.PIXELS
                           else f"{pull.layer}, stride {pull.period}")
        for axes in panels[len(pulls):]:
            axes.set_axis_off()
        for axes in panels[max(0, len(pulls) - columns):len(pulls)]:
            _label(axes)
            axes.tick_params(labelbottom=True)
        lines, labels = panels[min(1, len(pulls) - 1)].get_legend_handles_labels()
        figure.legend(lines, [f"judge with {label} weights" for label in labels],
                      loc="outside upper center", ncols=2)
    return figure


def _draw_spectrum(axes, power, color, label):
    """A curve of power against frequency, its values at 1/16, 2/16 … marked."""
    frequencies = np.linspace(0, 0.5, len(power))
    axes.semilogy(frequencies[1:], power[1:], color=color, label=label, linewidth=1.4)
    axes.set_xticks([0, 1 / 8, 1 / 4, 3 / 8, 1 / 2], ["0", "1/8", "1/4", "3/8", "1/2"])
    axes.grid(axis="x", color=plots.GRID)
    axes.set_axisbelow(True)


def _label(axes):
    axes.set_xlabel("frequency (per pixel)")
