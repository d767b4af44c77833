"""Figure 3: the network itself. Its stages as volumes, drawn from the shapes that the code has, and what each layer costs.

Nothing is trained here, and nothing drawn by hand: sizes, receptive fields, parameters and multiply-adds are all read off the net.
"""
from itertools import product
from math import log2, prod
from typing import NamedTuple

from .. import models, plots
from ..geometry import conv_output_size, pool_output_size
from ..layers import ContrastNorm, Conv, Dropout, Linear, MaxPool, ReLU
from ..page import Section
from .claims import Claim, Report, verdict

SIZES = [110, 55, 26, 13, 13, 13, 13, 6]        # of the maps in the paper's Figure 3, from conv1 to pool5
OPERATIONS = {Conv: "conv", MaxPool: "pool", Linear: "full"}
FOLLOWING = {ReLU: "ReLU", ContrastNorm: "normalize", Dropout: "dropout"}


class Row(NamedTuple):
    """One layer, and what follows it without changing the size.

    layer: its name; operation: such as "conv 7×7 /2", and then: ("ReLU", …), what comes behind it, as words; window: (size, stride),
    None if fully connected; shape: of its output, (maps, height, width) or (features,); field: (size, stride) of the receptive field in
    pixels, None where every unit sees the whole image; parameters; multiply_adds for one image.
    """
    layer: str
    operation: str
    then: tuple
    window: tuple
    shape: tuple
    field: tuple
    parameters: int
    multiply_adds: int


class Figure3(NamedTuple):
    """One net: the shape of its input (C, H, W), and a Row for each convolution, pool and fully connected layer."""
    input_shape: tuple
    rows: list


def compute(net):
    """Read a net's sizes off it. Returns a Figure3.

    A multiply-add is one weight times one value, added up: each output of a convolution takes C·K·K of them (those on padding are
    counted too), of a fully connected layer as many as it has inputs. Pools, ReLUs and contrast normalization are left out.
    """
    rows = []
    for name, layer in net.layers.items():
        if type(layer) in OPERATIONS:
            field, window, w = net.receptive_field(name), layer.window and layer.window[:2], layer.params.get("w")
            rows.append(Row(name, _operation(layer), (), window, net.shapes[name], field and field[:2],
                            sum(value.size for value in layer.params.values()),
                            0 if w is None else prod(net.shapes[name]) * w[0].size))
        elif type(layer) in FOLLOWING and rows:
            rows[-1] = rows[-1]._replace(then=(*rows[-1].then, FOLLOWING[type(layer)]))
    return Figure3(net.input_shape, rows)


def _operation(layer):
    size, stride, _ = layer.window or (None, 1, 0)
    return OPERATIONS[type(layer)] + (f" {size}×{size}" if size else "") + (f" /{stride}" if stride > 1 else "")


def paddings(size=224):
    """Which paddings give the map sizes of the paper's figure, which doesn't state them? Returns (found, tried).

    found: a list of (pad of conv1, pad of conv2, pad of the pools, ceil: pools that hang over the edge). conv3–5 keep their size.
    """
    found, tried = [], 0
    for first, second, pool, ceil in product(range(4), range(3), range(2), (False, True)):
        tried, sizes = tried + 1, [conv_output_size(size, 7, 2, first)]
        sizes.append(pool_output_size(sizes[-1], 3, 2, pool, ceil))
        sizes.append(conv_output_size(sizes[-1], 5, 2, second))
        sizes += 4 * [pool_output_size(sizes[-1], 3, 2, pool, ceil)]            # pool2, and conv3–5 behind it
        sizes.append(pool_output_size(sizes[-1], 3, 2, pool, ceil))
        if sizes == SIZES:
            found.append((first, second, pool, ceil))
    return found, tried


# ---- the drawing ----------------------------------------------------------------------------------------------------

WIDTH, HEIGHT = 9.0, 2.5        # inches of one net
MIDDLE, UNDER, OVER = 1.2, 0.44, 1.88       # where the boxes' middle lies, and the text under and over them


def draw(results, titles):
    """Draw one or more Figure3 below each other: maps as boxes, features as bars; returns a matplotlib figure.

    A box's face grows with the logarithm of its maps' size, and its depth with that of their number.
    """
    with plots.style():
        figure = plots.figure(WIDTH, HEIGHT * len(results), layout="none")
        for i, (result, title) in enumerate(zip(results, titles)):
            axes = figure.add_axes((0, 1 - (i + 1) / len(results), 1, 1 / len(results)))
            axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
            axes.set_axis_off()
            axes.text(0.12, HEIGHT - 0.08, title, va="top", fontweight="bold")
            _draw_net(axes, result)
    return figure


def _draw_net(axes, result):
    """From left to right: the input, then one volume per row, with the size under it and the operation that makes it over it."""
    shapes = [result.input_shape, *(row.shape for row in result.rows)]
    sizes = [_size(shape) for shape in shapes]
    slot = (WIDTH - 0.1) / len(shapes)
    lefts = [0.05 + (i + 0.5) * slot - (width + depth) / 2 for i, (width, _, depth) in enumerate(sizes)]
    for i, (shape, left, (width, height, depth)) in enumerate(zip(shapes, lefts, sizes)):
        row, center = (result.rows[i - 1] if i else None), left + (width + depth) / 2
        color = plots.GRAY if row is None else plots.ORANGE if row.operation.startswith("pool") else plots.BLUE
        _box(axes, left, MIDDLE - height / 2, width, height, depth, color)
        axes.text(center, UNDER, row.layer if row else "image", ha="center", va="top", fontsize=8, fontweight="bold")
        axes.text(center, UNDER - 0.14, _size_text(shape), ha="center", va="top", fontsize=7.5, linespacing=1.1)
        if row:
            axes.text(center, OVER, "\n".join((row.operation, *row.then[:1])), ha="center", va="bottom", fontsize=7.5, linespacing=1.1,
                      color=color)
            start = lefts[i - 1] + sizes[i - 1][0] + sizes[i - 1][2]
            axes.annotate("", (left - 0.01, MIDDLE), (start + 0.01, MIDDLE),
                          arrowprops={"arrowstyle": "->", "color": plots.GRAY, "shrinkA": 0, "shrinkB": 0, "linewidth": 0.8})
            if row.window:
                _draw_window(axes, row.window[0], shapes[i - 1], (lefts[i - 1], *sizes[i - 1][:2]), (left + width / 3, MIDDLE + height / 4))


def _size(shape):
    """Width, height and depth of the box in inches; maps are drawn a little narrowed, as if seen from the side."""
    if len(shape) == 1:
        return 0.09, 0.1 * log2(shape[0] + 1), 0.0
    maps, height, width = shape
    return 0.05 * log2(width + 1), 0.13 * log2(height + 1), 0.016 * log2(maps + 1)


def _size_text(shape):
    return f"{shape[0]:,}" if len(shape) == 1 else f"{shape[1]}×{shape[2]}\n× {shape[0]}"


def _box(axes, left, bottom, width, height, depth, color):
    from matplotlib.patches import Polygon
    right, top = left + width, bottom + height
    for corners, alpha in (([(left, bottom), (right, bottom), (right, top), (left, top)], 0.25),
                           ([(left, top), (right, top), (right + depth, top + depth), (left + depth, top + depth)], 0.12),
                           ([(right, bottom), (right + depth, bottom + depth), (right + depth, top + depth), (right, top)], 0.4)):
        axes.add_patch(Polygon(corners, facecolor=color, alpha=alpha, edgecolor="none"))
        axes.add_patch(Polygon(corners, facecolor="none", edgecolor=color, linewidth=0.8))


def _draw_window(axes, size, shape, face, point):
    """What one unit, at `point` of its map, sees of the maps below: a small frame on their face (left, width, height), and two lines."""
    left, width, height = face
    w, h = max(size / shape[2], 0.12) * width, max(size / shape[1], 0.12) * height
    x, y = left + 0.6 * width - w / 2, MIDDLE + height / 4 - h / 2
    axes.plot([x, x + w, x + w, x, x], [y, y, y + h, y + h, y], color="black", linewidth=0.8)
    for end in y, y + h:
        axes.plot([x + w, point[0]], [end, point[1]], color="black", linewidth=0.5)


# ---- the item of the paper ------------------------------------------------------------------------------------------

def reproduce(study):
    """Figure 3 of the paper, and the nets of this study beside it."""
    paper = compute(models.zfnet())
    kinds = [(f"The small net for {study.name}", study.test), ("The small net for the scenes", study.test_scenes)]
    small = [compute(models.labnet(images.images.shape[1:], len(images.classes))) for _, images in kinds]
    titles = ["The paper's net", *(title for title, _ in kinds)]
    tables = [Section(f"{title}, layer by layer", text, rows=table(result))
              for title, text, result in zip(titles, (TABLE, "The same stages, made to train in minutes.", SCENES), [paper, *small])]
    return Report(claims(paper), [Section("The network", TEXT, draw([paper, *small], titles), alt=ALT), *tables])


def claims(paper):
    """The claims about the paper's own net, a Figure3."""
    sizes = [row.shape[1] for row in paper.rows if len(row.shape) == 3]
    found, tried = paddings()
    count = {row.layer: row.parameters for row in paper.rows}
    total, full = sum(count.values()), sum(count[name] for name in ("fc6", "fc7"))
    return [
        Claim("An image of 224×224 pixels becomes maps of 110, 55, 26, 13, 13, 13, 13 and 6 pixels a side.",
              f"The same, read off the net: {', '.join(map(str, sizes))}. The paper doesn't state its paddings; of {tried} choices tried, "
              f"{len(found)} gives these sizes.", verdict([sizes == SIZES])),
        Claim("(Follows from the sizes.) Most of the net's parameters are in the fully connected layers 6 and 7, which the paper's Table 3 leaves out.",
              f"{full:,} of {total:,} with 1000 classes, {full / total:.1%}; the five convolutions have "
              f"{sum(count[f'conv{i}'] for i in range(1, 6)):,}. ", verdict([full > total / 2]))]


def table(result):
    """Rows of a table of a Figure3: size, receptive field, parameters and multiply-adds of every layer, and their sums."""
    rows = [("layer", "operation", "output", "receptive field / stride, pixels", "parameters", "multiply-adds per image")]
    rows.append(("image", "", "×".join(map(str, result.input_shape)), "", "", ""))
    for row in result.rows:
        rows.append((row.layer, " · ".join((row.operation, *row.then)), "×".join(map(str, row.shape)),
                     "{} / {}".format(*row.field) if row.field else "all of it",
                     f"{row.parameters:,}" if row.parameters else "", f"{row.multiply_adds:,}" if row.multiply_adds else ""))
    parameters, multiply_adds = (sum(getattr(row, what) for row in result.rows) for what in ("parameters", "multiply_adds"))
    return [*rows, ("sum", "", "", "", f"{parameters:,}", f"{multiply_adds:,}")]


TEXT = """Read it from left to right. Each box is the output of one layer: a stack of maps, every one of them the answers of one filter \
at all places. Blue boxes are made by convolutions (and by fully connected layers, which have no places any more: bars), orange ones by \
max pooling. The small frame is the window that one unit of the next layer looks at. A stride of 2 (“/2”) halves the maps. On a linear \
scale the last maps would be too small to see, so boxes grow with the logarithm of the size and number of maps.

Along the way maps get smaller and more numerous: the net gives up where something is, and gains what it is. That is why a unit at the \
end can be hard to read, and why the deconvnet brings it back to pixels.

Our small nets have the same stages, in the same order. They look at smaller images, so they shrink them less."""

TABLE = """Receptive field: what one unit can see of the image, so many pixels a side; the stride says how far apart two neighboring \
units look. A unit of conv5 sees 139 of 224 pixels. Multiply-adds: one weight times one value, added up. Convolutions have few weights \
and use each of them at every place: most of the work. Fully connected layers use each weight once: most of the parameters."""

SCENES = """On 64×64 pixels the first filters are 7×7 with a stride of 2, as in the paper."""

ALT = """Three networks, each a row of boxes from the image at the left to the class scores at the right; under each box its size, over \
it the operation that made it"""
