"""The two pictures of Figure 1: a stage up and down, and unpooling with its numbers.

All measures are inches on the page.
"""
from itertools import cycle
from math import floor, log10
from textwrap import wrap

import numpy as np

from ... import plots

UP, DOWN = plots.BLUE, plots.ORANGE
ARROW = {"arrowstyle": "-|>", "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}


# ---- a stage: four pictures in each of two columns ----------------------------------------------

SIDE, STEP, BASE = 1.3, 1.95, 0.2       # a picture, from one to the next, below the lowest
LEFT, MIDDLE, RIGHT, WIDTH = 2.45, 4.5, 6.55, 9.0       # the columns' middles; the figure
FILTER, RECTIFY, POOL = range(3)        # the operations, from the lowest up


def draw(stage):
    """Draw a stage: the deconvnet layer at the left, going down, the convnet layer at the right.

    stage: measure.Stage.
    Returns a matplotlib figure.
    """
    height = BASE + 3 * STEP + SIDE + 0.15
    with plots.style():
        figure, axes = _canvas(WIDTH, height)
        for x, color, title in [(LEFT, DOWN, "deconvnet: down"), (RIGHT, UP, "convnet: up")]:
            axes.text(x, height - 0.1, title, ha="center", va="top", fontsize=11,
                      fontweight="bold", color=color)
        for row, name in enumerate(stage.layers):
            for up in (False, True):
                _picture(figure, axes, stage, name, row, up)
        for row, up, down in [(FILTER, "Filter  {F}", "Filter, transposed  {Fᵀ}"),
                              (RECTIFY, "Rectify (ReLU)", "Rectify (ReLU)"),
                              (POOL, "Max pooling", "Max unpooling")]:
            _operation(axes, RIGHT, _between(row), up, up=True)
            _operation(axes, LEFT, _between(row), down, up=False)
        _switches(figure, axes, stage)
        _filters(figure, axes, stage)
    return figure


def _between(row):
    """The middle between the pictures number `row` and row + 1, from the lowest up."""
    return BASE + SIDE + (STEP - SIDE) / 2 + row * STEP


def _canvas(width, height):
    """A figure and axes over all of it, in inches."""
    figure = plots.figure(width, height, layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return figure, axes


def _picture(figure, axes, stage, name, row, up):
    """One signal, on its way up or down, with its caption beside it. Small maps are drawn small."""
    below, _, relu, _ = stage.layers
    signals = stage.up if up else stage.down
    side = SIDE
    if name != below:
        largest = max(stage.up[relu].shape[1:])
        side = SIDE * max(0.35, max(signals[name].shape[1:]) / largest)
    x, y = RIGHT if up else LEFT, BASE + row * STEP + side / 2
    values = _shown(stage, signals, name)
    if up and name == "input":
        image = plots.to_image(stage.image)
    else:
        image = plots.to_display(values, percentile=100 if up else 99.5)
    _image(figure, x, y, side, image)
    caption = _caption(stage, name, up, values, count=len(signals[name]))
    edge, align = (x + side / 2 + 0.12, "left") if up else (x - side / 2 - 0.12, "right")
    axes.text(edge, y, caption, ha=align, va="center", fontsize=8.5, linespacing=1.35)


def _image(figure, x, y, side, image):
    """Put an image on the figure around (x, y), its longer side as given, in a thin frame."""
    width, height = figure.get_size_inches()
    scale = side / max(image.shape[:2])
    h, w = scale * image.shape[0], scale * image.shape[1]
    box = (x - w / 2) / width, (y - h / 2) / height, w / width, h / height
    axes = figure.add_axes(box)
    plots.show(axes, image)
    axes.set_axis_on()
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=plots.GRAY, linewidth=0.6)


def _shown(stage, signals, name):
    """The maps of a signal that are shown: all channels of pixels, else one map."""
    if name == "input":
        return signals[name]
    channel = stage.channel
    if name == stage.layers[0]:
        channel = int(np.square(stage.down[name]).sum(axis=(1, 2)).argmax())
    return signals[name][channel][None]


def _caption(stage, name, up, values, count):
    """What a picture shows, which map of how many, its size, and the range of its values."""
    below, conv, relu, pool = stage.layers
    if up:
        what = {below: "image" if below == "input" else f"layer below, {below}",
                conv: "feature map", relu: "rectified map", pool: "pooled map"}
    else:
        what = {below: "reconstruction", conv: "rectified\nunpooled map",
                relu: "unpooled map",
                pool: f"reconstruction\nof the layer above\n(from {stage.top})"}
    lines = [what[name]]
    if name != below:
        lines.append(f"map {stage.channel} (of {count})")
    _, height, width = values.shape
    lines += [f"{height}×{width}", f"{_number(values.min())} … {_number(values.max())}"]
    return "\n".join(lines)


def _number(value):
    return "0" if value == 0 else _minus(f"{value:.2g}")


def _minus(text):
    """Text with minus signs in place of hyphens."""
    return text.replace("-", "−")


def _operation(axes, x, y, text, up):
    """A box with the operation's name between two pictures, and arrows through it."""
    reach, color = (STEP - SIDE) / 2, UP if up else DOWN
    for low, high in [(y - reach + 0.02, y - 0.16), (y + 0.16, y + reach - 0.02)]:
        tail, head = (low, high) if up else (high, low)
        axes.annotate("", (x, head), (x, tail), arrowprops=ARROW | {"color": color})
    axes.text(x, y, text, ha="center", va="center", fontsize=9, color="white",
              bbox={"boxstyle": "round,pad=0.35", "facecolor": color, "edgecolor": "none"})


def _switches(figure, axes, stage):
    """The places of the shown map's maxima, white, on the way from pooling to unpooling."""
    _, _, relu, _ = stage.layers
    y = _between(POOL)
    places = np.full(stage.up[relu].shape[1:], 0.25)
    places.flat[np.unique(stage.index[stage.channel])] = 1
    _image(figure, MIDDLE, y, 1.15, places)
    for tail, head in [(RIGHT - 0.55, MIDDLE + 0.65), (MIDDLE - 0.65, LEFT + 0.65)]:
        axes.annotate("", (head, y), (tail, y), arrowprops=ARROW | {"color": "black"})
    axes.text(MIDDLE, y - 0.64, "switches:\nplaces of the maxima", ha="center", va="top",
              fontsize=8.5, linespacing=1.2)


def _filters(figure, axes, stage):
    """The filter of the shown map, and the same flipped, if it looks at pixels."""
    if len(stage.filter) not in (1, 3):
        return
    y = _between(FILTER)
    for x, w, text in [(MIDDLE + 0.42, stage.filter, "its filter"),
                       (MIDDLE - 0.42, stage.filter[:, ::-1, ::-1], "flipped")]:
        _image(figure, x, y, 0.6, plots.to_display(w, percentile=100))
        axes.text(x, y - 0.36, text, ha="center", va="top", fontsize=8.5)


# ---- unpooling with its numbers -----------------------------------------------------------------

CELL, GAP, EDGE, TITLE = 0.365, 1.0, 0.2, 0.8   # a pixel, between grids, around all, over a grid
FRAMES = {"dashed": "--", "dotted": ":", "dash-dotted": "-."}   # of windows with one maximum


def draw_magnified(stage):
    """Draw the magnified part of a stage: up in the upper row, down in the lower.

    stage: measure.Stage.
    Returns a matplotlib figure.
    """
    m = stage.magnified
    _, _, relu, pool = stage.layers
    n, k = len(m.x), len(m.y)
    side, window = n * CELL, 1.35 * CELL            # of a grid of pixels; of a window's cell
    left, middle, right = (EDGE + i * (side + GAP) for i in range(3))
    lower, upper = EDGE, EDGE + side + TITLE
    inset = (side - k * window) / 2                 # a grid of windows stands in the middle
    letters = _letters(k)
    marks = _marks(m.places, letters)
    own = dict(np.ndenumerate(letters))
    up, down = _power(m.x), _power_down(m)
    with plots.style():
        figure, axes = _canvas(right + k * window + EDGE, 2 * (side + TITLE))
        _grid(axes, middle, upper, CELL, m.x, up, marks, f"rectified map, {relu}")
        _grid(axes, right, upper + inset, window, m.y, up, own, f"pooled, {pool}")
        _grid(axes, right, lower + inset, window, m.r, down, own, "from the layer above")
        _grid(axes, middle, lower, CELL, m.unpooled, down, marks, "unpooled")
        _grid(axes, left, lower, CELL, m.rectified, down, marks, "unpooled, rectified")
        _arrow(axes, middle + side, right, upper + side / 2, "max\npooling", UP)
        _arrow(axes, right, middle + side, lower + side / 2, "max\nunpooling", DOWN)
        _arrow(axes, middle, left + side, lower + side / 2, "ReLU", DOWN)
        _shared_windows(axes, stage, middle, upper, marks)
        axes.text(left, upper + side, _legend(stage, marks), va="top", fontsize=9,
                  linespacing=1.5)
    return figure


def _letters(k):
    """Names of k×k windows, row by row: a, b, c …"""
    return np.array([chr(ord("a") + i) for i in range(k * k)]).reshape(k, k)


def _marks(places, letters):
    """{(row, column): letters} of the windows whose maximum lies at this place."""
    marks = {}
    for place, letter in zip(places.reshape(-1, 2).tolist(), letters.flat):
        marks[tuple(place)] = marks.get(tuple(place), "") + letter
    return marks


def _power(values):
    """The power of ten that brings the largest value to 1 … 10: two decimals are enough then."""
    largest = np.abs(values).max()
    return -floor(log10(largest)) if largest else 0


def _power_down(m):
    """The one power of ten for all that comes down."""
    return _power(np.concatenate([m.r.ravel(), m.unpooled.ravel()]))


def _unit(power):
    """The line under a title: "×10⁻²", or an empty one."""
    raised = str(-power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"×10{raised}" if power else ""


def _grid(axes, left, bottom, cell, values, power, marks, title):
    """Numbers in cells, positive ones on blue and negative ones on orange.

    values: (rows, columns), printed times ten to the `power`.
    marks: {(row, column): letters}; these cells are framed, in orange if windows share them.
    """
    from matplotlib.patches import Rectangle
    rows, _ = values.shape
    largest = np.abs(values).max() or 1
    for (i, j), value in np.ndenumerate(values):
        x, y = left + j * cell, bottom + (rows - 1 - i) * cell
        axes.add_patch(Rectangle((x, y), cell, cell, facecolor=UP if value > 0 else DOWN,
                                 alpha=0.55 * abs(value) / largest, edgecolor="none"))
        axes.add_patch(Rectangle((x, y), cell, cell, fill=False, edgecolor="#bbbbbb",
                                 linewidth=0.5))
        text = _minus(f"{value * 10.0 ** power:.2f}") if value else "0"
        height = 0.36 if (i, j) in marks else 0.5
        axes.text(x + cell / 2, y + cell * height, text, ha="center", va="center", fontsize=7.5,
                  color="black" if value else plots.GRAY)
    for (i, j), mark in marks.items():
        x, y = left + j * cell, bottom + (rows - 1 - i) * cell
        color, width = (DOWN, 2) if len(mark) > 1 else ("black", 1)
        axes.add_patch(Rectangle((x, y), cell, cell, fill=False, zorder=3, edgecolor=color,
                                 linewidth=width))
        axes.text(x + 0.04, y + cell - 0.03, mark, ha="left", va="top", fontsize=7.5,
                  fontweight="bold", color=color)
    axes.text(left, bottom + rows * cell + 0.07, f"{title}\n{_unit(power)}", va="bottom",
              fontsize=9, fontweight="bold")


def _arrow(axes, start, end, y, text, color):
    inset = 0.1 if end > start else -0.1
    axes.annotate("", (end - inset, y), (start + inset, y), arrowprops=ARROW | {"color": color})
    axes.text((start + end) / 2, y + 0.1, text, ha="center", va="bottom", color=color,
              fontweight="bold", linespacing=1.1)


def _shared(marks):
    """The first place that several windows share and their letters, or (None, "")."""
    shared = [place for place in sorted(marks) if len(marks[place]) > 1]
    return (shared[0], marks[shared[0]]) if shared else (None, "")


def _shared_windows(axes, stage, left, bottom, marks):
    """Frames around the windows that share a maximum, in the rectified map: see FRAMES."""
    from matplotlib.patches import Rectangle
    size, stride, _ = stage.window
    rows, k = len(stage.magnified.x), len(stage.magnified.y)
    _, shared = _shared(marks)
    for number, (letter, line) in enumerate(zip(shared, cycle(FRAMES.values()))):
        i, j = np.argwhere(_letters(k) == letter)[0] * stride
        inset = 0.03 * number                       # or frames would lie on each other
        corner = left + j * CELL + inset, bottom + (rows - i - size) * CELL + inset
        side = size * CELL - 2 * inset
        axes.add_patch(Rectangle(corner, side, side, fill=False, edgecolor=DOWN, linewidth=1.4,
                                 linestyle=line))


def _legend(stage, marks):
    """How to read the letters, and how the values of one shared place add up."""
    m, (size, stride, _) = stage.magnified, stage.window
    letters = _letters(len(m.y))
    lines = [f"a … {letters[-1, -1]}: {m.y.size} windows of {size}×{size} pixels,",
             f"{stride} pixels apart. A letter marks", "the maximum of its window."]
    place, shared = _shared(marks)
    if shared:
        scale = 10.0 ** _power_down(m)
        values = [m.r[letters == letter].item() * scale for letter in shared]
        terms = [f"({value:.2f})" if value < 0 else f"{value:.2f}" for value in values]
        total = m.unpooled[place] * scale
        named = [f"{letter} ({name})" for letter, name in zip(shared, cycle(FRAMES))]
        words = f"{' and '.join(named)} have one maximum. What comes down through them adds up:"
        lines += ["", *wrap(words, 30), _minus(f"{' + '.join(terms)} ≈ {total:.2f}")]
    return "\n".join(lines)
