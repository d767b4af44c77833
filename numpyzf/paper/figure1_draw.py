"""The two pictures of Figure 1: a stage up and down, and unpooling with its numbers. All measures are inches on the page."""
from math import floor, log10

import numpy as np

from .. import plots

UP, DOWN = plots.BLUE, plots.ORANGE
SIDE, STEP, BASE = 1.3, 1.95, 0.2       # of a picture, from one to the next, and the bottom of the lowest
LEFT, MIDDLE, RIGHT, WIDTH = 2.45, 4.5, 6.55, 9.0
ARROW = {"arrowstyle": "-|>", "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}


# ---- a stage --------------------------------------------------------------------------------------------------------

def stage(result):
    """Draw a figure1.Figure1; returns a matplotlib figure."""
    below, conv, relu, pool = result.layers
    height = BASE + 3 * STEP + SIDE + 0.15
    with plots.style():
        figure, axes = _canvas(WIDTH, height)
        for x, color, title in ((LEFT, DOWN, "deconvnet: down"), (RIGHT, UP, "convnet: up")):
            axes.text(x, height - 0.1, title, ha="center", va="top", fontsize=11, fontweight="bold", color=color)
        size = max(result.up[relu].shape[1:])
        for row, name in enumerate(result.layers):
            y = BASE + SIDE / 2 + row * STEP
            for x, signals, align in ((LEFT, result.down, "right"), (RIGHT, result.up, "left")):
                side = SIDE if name == below else SIDE * max(0.35, max(signals[name].shape[1:]) / size)
                _image(figure, x, y + (side - SIDE) / 2, side, _picture(result, signals, name))
                edge = x + (side / 2 + 0.12) * (1 if align == "left" else -1)
                axes.text(edge, y + (side - SIDE) / 2, _caption(result, signals, name), ha=align, va="center", fontsize=8.5,
                          linespacing=1.35)
        for row, (up, down) in enumerate((("Filter  {F}", "Filter, transposed  {Fᵀ}"), ("Rectify (ReLU)", "Rectify (ReLU)"),
                                          ("Max pooling", "Max unpooling"))):
            y = BASE + SIDE + (STEP - SIDE) / 2 + row * STEP
            _operation(axes, RIGHT, y, up, UP, 1)
            _operation(axes, LEFT, y, down, DOWN, -1)
        _switches(figure, axes, result, BASE + SIDE + (STEP - SIDE) / 2 + 2 * STEP)
        _filters(figure, axes, result, BASE + SIDE + (STEP - SIDE) / 2)
    return figure


def _canvas(width, height):
    figure = plots.figure(width, height, layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return figure, axes


def _image(figure, x, y, side, image):
    """Put an image on the figure around (x, y), its longer side as given, in a thin frame."""
    width, height = figure.get_size_inches()
    w, h = side * image.shape[1] / max(image.shape[:2]), side * image.shape[0] / max(image.shape[:2])
    axes = figure.add_axes(((x - w / 2) / width, (y - h / 2) / height, w / width, h / height))
    plots.show(axes, image)
    axes.set_axis_on()
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=plots.GRAY, linewidth=0.6)


def _picture(result, signals, name):
    below = result.layers[0]
    if name == below == "input" and signals is result.up:
        return plots.to_image(result.image)
    return plots.to_display(_shown(result, signals, name), percentile=100 if signals is result.up else 99.5)


def _shown(result, signals, name):
    """The maps of a signal that are shown: all channels of pixels, else one map."""
    if name == "input":
        return signals[name]
    channel = result.channel if name != result.layers[0] else int(np.square(result.down[name]).sum(axis=(1, 2)).argmax())
    return signals[name][channel][None]


def _caption(result, signals, name):
    below, conv, relu, pool = result.layers
    up = signals is result.up
    what = {below: "image" if below == "input" else f"layer below, {below}", conv: "feature map", relu: "rectified map", pool: "pooled map"}
    if not up:
        what = {below: "reconstruction", conv: "rectified\nunpooled map", relu: "unpooled map",
                pool: f"reconstruction\nof the layer above\n(from {result.top})"}
    values = _shown(result, signals, name)
    lines = [what[name], "{}×{}".format(*values.shape[1:])]
    if name != "input":
        lines.insert(1, f"map {result.channel} (of {len(signals[name])})" if name != below else "")
    lines.append(f"{_number(values.min())} … {_number(values.max())}")
    return "\n".join(line for line in lines if line)


def _number(value):
    return "0" if value == 0 else f"{value:.2g}".replace("-", "−")


def _operation(axes, x, y, text, color, direction):
    """A box with the operation's name between two pictures, and arrows through it, up (1) or down (−1)."""
    reach = (STEP - SIDE) / 2
    for start, end in ((-reach, -0.14), (0.14, reach)):
        a, b = (y + start + 0.02, y + end - 0.02)[::direction]
        axes.annotate("", (x, b), (x, a), arrowprops=ARROW | {"color": color})
    axes.text(x, y, text, ha="center", va="center", fontsize=9, color="white",
              bbox={"boxstyle": "round,pad=0.35", "facecolor": color, "edgecolor": "none"})


def _switches(figure, axes, result, y):
    """The places of the shown map's maxima as white pixels, on the way from pooling to unpooling."""
    shape = result.up[result.layers[2]].shape[1:]
    places = np.full(shape, 0.25)
    places.flat[np.unique(result.index[result.channel])] = 1
    _image(figure, MIDDLE, y, 1.15, places)
    for start, end in ((RIGHT - 0.55, MIDDLE + 0.65), (MIDDLE - 0.65, LEFT + 0.65)):
        axes.annotate("", (end, y), (start, y), arrowprops=ARROW | {"color": "black"})
    axes.text(MIDDLE, y - 0.64, "switches:\nplaces of the maxima", ha="center", va="top", fontsize=8.5, linespacing=1.2)


def _filters(figure, axes, result, y):
    """The filter of the shown map, and flipped, if it looks at pixels."""
    if len(result.filter) not in (1, 3):
        return
    for x, w, text in ((MIDDLE + 0.42, result.filter, "its filter"), (MIDDLE - 0.42, result.filter[:, ::-1, ::-1], "flipped")):
        _image(figure, x, y, 0.6, plots.to_display(w, percentile=100))
        axes.text(x, y - 0.36, text, ha="center", va="top", fontsize=8.5)


# ---- unpooling with its numbers -------------------------------------------------------------------------------------

CELL, GAP = 0.365, 1.0


def closely(result):
    """Draw the Magnified of a figure1.Figure1: up in the upper row, down in the lower; returns a matplotlib figure."""
    m, (_, _, relu, pool) = result.closely, result.layers
    n, k = len(m.x), len(m.y)
    small = CELL * 1.35
    width = 2 * n * CELL + k * small + 2 * GAP + 0.4
    height = 2 * (n * CELL + 0.8)
    lefts = [0.2, 0.2 + n * CELL + GAP, 0.2 + 2 * (n * CELL + GAP)]
    bottoms = [0.2, 0.2 + n * CELL + 0.8]
    letters = np.array([chr(ord("a") + i) for i in range(k * k)]).reshape(k, k)
    marks = {}
    for place, letter in zip(m.places.reshape(-1, 2).tolist(), letters.flat):
        marks[tuple(place)] = marks.get(tuple(place), "") + letter
    with plots.style():
        figure, axes = _canvas(width, height)
        own = {tuple(place): letters[place] for place in np.ndindex(k, k)}
        up, down = _power(m.x), _power(np.concatenate([m.r.ravel(), m.unpooled.ravel()]))
        middle = (n * CELL - k * small) / 2
        _grid(axes, lefts[1], bottoms[1], CELL, m.x, up, marks, f"rectified map, {relu}" + _unit(up))
        _grid(axes, lefts[2], bottoms[1] + middle, small, m.y, up, own, f"pooled, {pool}" + _unit(up))
        _grid(axes, lefts[2], bottoms[0] + middle, small, m.r, down, own, "from the layer above" + _unit(down))
        _grid(axes, lefts[1], bottoms[0], CELL, m.unpooled, down, marks, "unpooled" + _unit(down))
        _grid(axes, lefts[0], bottoms[0], CELL, m.rectified, down, marks, "unpooled, rectified" + _unit(down))
        _arrow(axes, lefts[1] + n * CELL, lefts[2], bottoms[1] + n * CELL / 2, "max\npooling", UP)
        _arrow(axes, lefts[2], lefts[1] + n * CELL, bottoms[0] + n * CELL / 2, "max\nunpooling", DOWN)
        _arrow(axes, lefts[1], lefts[0] + n * CELL, bottoms[0] + n * CELL / 2, "ReLU", DOWN)
        _shared_windows(axes, result, lefts[1], bottoms[1], marks)
        axes.text(lefts[0], bottoms[1] + n * CELL, _legend(marks, m, result), va="top", fontsize=9, linespacing=1.5)
    return figure


def _power(values):
    """The power of ten that brings the largest value to 1 … 10, to be printed with two decimals."""
    largest = np.abs(values).max()
    return -floor(log10(largest)) if largest else 0


def _unit(power):
    return f"\n×10{str(-power).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}" if power else "\n"


def _grid(axes, left, bottom, cell, values, power, marks, title):
    """Numbers in cells, positive ones on blue and negative ones on orange; marks: {(row, column): letters}, framed."""
    from matplotlib.patches import Rectangle
    rows, columns = values.shape
    largest = np.abs(values).max() or 1
    for (i, j), value in np.ndenumerate(values):
        x, y = left + j * cell, bottom + (rows - 1 - i) * cell
        color = UP if value > 0 else DOWN
        axes.add_patch(Rectangle((x, y), cell, cell, facecolor=color, alpha=0.55 * abs(value) / largest, edgecolor="none"))
        axes.add_patch(Rectangle((x, y), cell, cell, fill=False, edgecolor="#bbbbbb", linewidth=0.5))
        mark = marks.get((i, j), "")
        text = f"{value * 10.0 ** power:.2f}".replace("-", "−") if value else "0"
        axes.text(x + cell / 2, y + cell * (0.36 if mark else 0.5), text, ha="center", va="center", fontsize=7.5,
                  color="black" if value else plots.GRAY)
        if mark:
            axes.text(x + 0.04, y + cell - 0.03, mark, ha="left", va="top", fontsize=7.5, fontweight="bold",
                      color=DOWN if len(mark) > 1 else "black")
    for (i, j), mark in marks.items():
        axes.add_patch(Rectangle((left + j * cell, bottom + (rows - 1 - i) * cell), cell, cell, fill=False, zorder=3,
                                 edgecolor=DOWN if len(mark) > 1 else "black", linewidth=2 if len(mark) > 1 else 1))
    axes.text(left, bottom + rows * cell + 0.07, title, va="bottom", fontsize=9, fontweight="bold")


def _arrow(axes, start, end, y, text, color):
    inset = 0.1 if end > start else -0.1
    axes.annotate("", (end - inset, y), (start + inset, y), arrowprops=ARROW | {"color": color})
    axes.text((start + end) / 2, y + 0.1, text, ha="center", va="bottom", color=color, fontweight="bold", linespacing=1.1)


def _shared(marks):
    """(row, column) and letters of the first place that several windows share, or None."""
    return next(((place, mark) for place, mark in sorted(marks.items()) if len(mark) > 1), None)


def _shared_windows(axes, result, left, bottom, marks):
    """Dashed frames around the windows that share a maximum, in the rectified map."""
    from matplotlib.patches import Rectangle
    shared, (size, stride, _), (rows, _) = _shared(marks), result.window, result.closely.x.shape
    for number, letter in enumerate(shared[1] if shared else ""):
        i, j = (stride * first for first in divmod(ord(letter) - ord("a"), len(result.closely.y)))
        inset = 0.03 * number
        side = size * CELL - 2 * inset
        axes.add_patch(Rectangle((left + j * CELL + inset, bottom + (rows - i - size) * CELL + inset), side, side, fill=False,
                                 edgecolor=DOWN, linewidth=1.4, linestyle=("--", ":", "-.")[number % 3]))


def _legend(marks, m, result):
    size, stride, _ = result.window
    last = chr(ord("a") + m.y.size - 1)
    text = f"a … {last}: {m.y.size} windows of {size}×{size} pixels,\n{stride} pixels apart. A letter marks\nthe maximum of its window."
    shared = _shared(marks)
    if shared:
        (i, j), letters = shared
        power = _power(np.concatenate([m.r.ravel(), m.unpooled.ravel()]))
        values = [m.r.flat[ord(letter) - ord("a")] * 10.0 ** power for letter in letters]
        total = m.unpooled[i, j] * 10.0 ** power
        text += (f"\n\n{' and '.join(letters)} (dashed) have one\nmaximum. What comes down\nthrough them adds up:\n"
                 + " + ".join(f"({v:.2f})" if v < 0 else f"{v:.2f}" for v in values) + f" ≈ {total:.2f}").replace("-", "−")
    return text
