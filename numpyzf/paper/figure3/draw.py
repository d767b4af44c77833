"""Nets as rows of boxes. All measures are inches on the page."""
from math import log2

from ... import plots

WIDTH, HEIGHT = 9.0, 2.5                    # of one net
MIDDLE, UNDER, OVER = 1.2, 0.44, 1.88       # the boxes' middle, and the text under and over them


def draw(plans, titles):
    """Draw nets below each other: maps as boxes, features as bars.

    plans: list of measure.Plan.
    titles: one text for each.

    A box's face grows with the logarithm of its maps' size, and its depth with that of their
    number. Returns a matplotlib figure.
    """
    with plots.style():
        figure = plots.figure(WIDTH, HEIGHT * len(plans), layout="none")
        for i, (plan, title) in enumerate(zip(plans, titles)):
            axes = figure.add_axes((0, 1 - (i + 1) / len(plans), 1, 1 / len(plans)))
            axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
            axes.set_axis_off()
            axes.text(0.12, HEIGHT - 0.08, title, va="top", fontweight="bold")
            _draw_net(axes, plan)
    return figure


def _draw_net(axes, plan):
    """From left to right: the input, then one volume per row, each with its words."""
    shapes = [plan.input_shape, *(row.shape for row in plan.rows)]
    sizes = [_size(shape) for shape in shapes]
    slot = (WIDTH - 0.1) / len(shapes)
    lefts = [0.05 + (i + 0.5) * slot - (width + depth) / 2
             for i, (width, _, depth) in enumerate(sizes)]
    for i, row in enumerate([None, *plan.rows]):
        (width, height, depth), left = sizes[i], lefts[i]
        color = _color(row)
        _box(axes, left, width, height, depth, color)
        _words(axes, left + (width + depth) / 2, row, shapes[i], color)
        if row is None:
            continue
        width_below, height_below, depth_below = sizes[i - 1]
        start = lefts[i - 1] + width_below + depth_below
        axes.annotate("", (left - 0.01, MIDDLE), (start + 0.01, MIDDLE),
                      arrowprops={"arrowstyle": "->", "color": plots.GRAY, "shrinkA": 0,
                                  "shrinkB": 0, "linewidth": 0.8})
        if row.window:
            size, _ = row.window
            face = lefts[i - 1], width_below, height_below
            point = left + width / 3, MIDDLE + height / 4
            _draw_window(axes, size, shapes[i - 1], face, point)


def _color(row):
    """Gray for the image, orange for a pool, blue for what has weights."""
    if row is None:
        return plots.GRAY
    return plots.ORANGE if row.operation.startswith("pool") else plots.BLUE


def _words(axes, center, row, shape, color):
    """Under a box its name and size; over it what makes it, and what follows first."""
    name = row.layer if row else "image"
    axes.text(center, UNDER, name, ha="center", va="top", fontsize=8, fontweight="bold")
    axes.text(center, UNDER - 0.14, _size_text(shape), ha="center", va="top", fontsize=7.5,
              linespacing=1.1)
    if row:
        lines = [row.operation]
        if row.then:
            lines.append(row.then[0])
        axes.text(center, OVER, "\n".join(lines), ha="center", va="bottom", fontsize=7.5,
                  linespacing=1.1, color=color)


def _size(shape):
    """Width, height and depth of a box; maps are narrowed a little, as if seen from the side."""
    if len(shape) == 1:
        return 0.09, 0.1 * log2(shape[0] + 1), 0.0
    maps, height, width = shape
    return 0.05 * log2(width + 1), 0.13 * log2(height + 1), 0.016 * log2(maps + 1)


def _size_text(shape):
    return f"{shape[0]:,}" if len(shape) == 1 else f"{shape[1]}×{shape[2]}\n× {shape[0]}"


def _box(axes, left, width, height, depth, color):
    """A box in the middle of the row, with its upper and its right side."""
    from matplotlib.patches import Polygon
    right, bottom, top = left + width, MIDDLE - height / 2, MIDDLE + height / 2
    front = [(left, bottom), (right, bottom), (right, top), (left, top)]
    roof = [(left, top), (right, top), (right + depth, top + depth), (left + depth, top + depth)]
    wall = [(right, bottom), (right + depth, bottom + depth), (right + depth, top + depth),
            (right, top)]
    for corners, alpha in [(front, 0.25), (roof, 0.12), (wall, 0.4)]:
        axes.add_patch(Polygon(corners, facecolor=color, alpha=alpha, edgecolor="none"))
        axes.add_patch(Polygon(corners, facecolor="none", edgecolor=color, linewidth=0.8))


def _draw_window(axes, size, shape, face, point):
    """What one unit sees of the maps below: a small frame on their face, and two lines to the unit.

    size: of the window.
    shape: (F, height, width) of the maps below.
    face: (left, width, height) of their box.
    point: where the unit is.
    """
    left, width, height = face
    w, h = max(size / shape[2], 0.12) * width, max(size / shape[1], 0.12) * height
    x, y = left + 0.6 * width - w / 2, MIDDLE + height / 4 - h / 2
    axes.plot([x, x + w, x + w, x, x], [y, y, y + h, y + h, y], color="black", linewidth=0.8)
    for end in (y, y + h):
        axes.plot([x + w, point[0]], [end, point[1]], color="black", linewidth=0.5)
