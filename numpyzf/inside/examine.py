"""Single images: what the net says, who is strongest where, what a covered square changes. And the
first layer's strongest windows, number by number.
"""
import json
from base64 import b64encode

import numpy as np

from .. import functional
from ..geometry import ceil_div, pixels_below
from ..layers import Conv, MaxPool, ReLU
from ..look.boxes import cut
from ..look.occlusion import occlude, places
from .layers import is_small

CELLS = 14          # of a map's grid, along an axis at most
UNITS = 3           # of a cell: its strongest
NOBODY = 65535      # in the place of a unit, where a layer has fewer than UNITS
SCORES = 5          # likeliest classes
COVERED = 5         # the square's side is the image's, divided by this
# Squares along an axis, each of which takes a pass of its own; in a large image a pass takes long.
GRID = {True: 10, False: 7}
MOST = {True: 24, False: 48}        # images: small ones, and large ones
MOST_OCCLUDED = 24                  # of them, those that are covered as well


def chosen(numbers, images, net):
    """The images to examine, evenly over those that a page holds, then over all others.

    numbers: sorted, of the images that a page holds anyway.
    images: how many there are.
    net: a network.Network.
    Returns sorted numbers.
    """
    most = min(MOST[is_small(net)], images)
    found = evenly(numbers, most)
    others = np.setdiff1d(np.arange(images), found)
    return np.union1d(found, evenly(others, most - len(found)))


def evenly(values, most):
    """At most so many of some values, evenly."""
    if most < 1 or len(values) <= most:
        return values[:max(most, 0)]
    return values[np.round(np.linspace(0, len(values) - 1, most)).astype(np.int64)]


def examine_all(net, layers, inputs, numbers, largest, parts, tell):
    """Examine some images, each of which is a part of the page.

    net: a network.Network.
    layers: names of layers.
    inputs: data.preprocess.Prepared.
    numbers: of the images.
    largest: {layer: its largest activation in all images}.
    parts: parts.Parts.
    tell: tell(done, all) is called before and after each image.
    Returns what `examine` gives for each.
    """
    found, covered = [], set(evenly(numbers, MOST_OCCLUDED).tolist())
    for done, number in enumerate(numbers.tolist()):
        part = parts.read(f"examined-{number}")
        if part is None:
            tell(done, len(numbers))
            made = examine(net, layers, inputs[[number]], largest, number in covered)
            part = {"found": np.array(json.dumps(made))}
            parts.write(f"examined-{number}", part)
            tell(done + 1, len(numbers))
        found.append(json.loads(str(part["found"])))
    return found


def examine(net, layers, x, largest, covered):
    """What one image does, as JSON values.

    net: a network.Network.
    layers: names of layers.
    x: the image, prepared, (1, C, H, W).
    largest: {layer: its largest activation in all images}.
    covered: whether to cover squares of it as well.
    Returns {"scores": [[class, probability] …], "layers": […], "occlusion": …}, see build.py.
    """
    trace = net.forward(x)
    probabilities = functional.softmax(trace.scores)[0]
    order = np.argsort(-probabilities, kind="stable")[:SCORES]
    return {"scores": [[int(c), float(probabilities[c])] for c in order],
            "layers": [strongest_units(trace[layer][0], largest[layer]) for layer in layers],
            "occlusion": occlusion(net, x[0], probabilities) if covered else None}


def strongest_units(y, largest):
    """Which units are strongest in each cell of a grid over the maps.

    y: (C, H, W) or (C,), which is one cell.
    largest: the value that becomes 255.
    Returns {"rows", "columns", "units", "values"}: rows·columns·UNITS numbers each, strongest
    first, as base64 of uint16, little-endian, and of bytes.
    """
    y = y.reshape(len(y), *(y.shape[1:] or (1, 1)))
    starts = [np.arange(count) * n // count for n in y.shape[1:] for count in [min(n, CELLS)]]
    cells = np.maximum.reduceat(np.maximum.reduceat(y, starts[0], axis=1), starts[1], axis=2)
    order = np.argsort(-cells, axis=0, kind="stable")[:UNITS]               # (UNITS, rows, columns)
    values = np.take_along_axis(cells, order, axis=0)
    missing = [(0, UNITS - len(order)), (0, 0), (0, 0)]
    order = np.pad(order, missing, constant_values=NOBODY)
    values = np.pad(values, missing)
    amounts = np.clip(np.round(255 * values / largest), 0, 255) if largest > 0 else 0 * values
    return {"rows": cells.shape[1], "columns": cells.shape[2],
            "units": text_of(np.moveaxis(order, 0, -1), "<u2"),
            "values": text_of(np.moveaxis(amounts, 0, -1), np.uint8)}


def occlusion(net, image, probabilities):
    """How likely the net's answer is with a square of the image covered, at each place of a grid.

    net: a network.Network.
    image: prepared, (C, H, W).
    probabilities: (classes,), of the image itself.
    Returns {"rows", "columns", "class", "probability", "values", "size"}; the values are rows ·
    columns bytes as base64, of which 255 is certain.
    """
    size = max(1, min(image.shape[1:]) // COVERED)
    tops, lefts = (places(n, size, min(GRID[is_small(net)], n - size + 1))
                   for n in image.shape[1:])
    scores = occlude(net, image, size=size, tops=tops, lefts=lefts).scores
    answer = int(probabilities.argmax())
    found = functional.softmax(scores.reshape(-1, scores.shape[2]))[:, answer]
    return {"rows": len(tops), "columns": len(lefts), "class": answer,
            "probability": float(probabilities[answer]), "size": size,
            "values": text_of(np.round(255 * found), np.uint8)}


def text_of(array, dtype):
    """The bytes of an array as base64, a string."""
    return b64encode(np.ascontiguousarray(array.astype(dtype))).decode()


# ---- one window, number by number ----------------------------------------------------------------

def windows(net, layer, inputs, top):
    """What the strongest unit of each map of the first layer computes, and what a pool makes of it.

    net: a network.Network.
    layer: the first shown layer: a convolution of the pixels, or a ReLU behind one.
    inputs: data.preprocess.Prepared.
    top: its look.many.Top.
    Returns one dictionary of JSON values for each map, see build.py; None for other layers.
    """
    name = layer if isinstance(net.layers[layer], Conv) else net.inputs[layer][0]
    own = net.layers.get(name)
    if type(own) is not Conv or net.inputs[name] != ("input",):
        return None
    if name != layer and type(net.layers[layer]) is not ReLU:
        return None
    pool = pool_above(net, name)
    K, stride, pad = own.window
    found = []
    for c, (n, _, row, column) in enumerate(top.units[:, 0]):
        x = inputs[[n]]
        corner = np.array([[row * stride - pad, column * stride - pad]])
        seen, w = cut(x, [0], corner, (K, K))[0], own.params["w"][c]
        bias = float(own.params["b"][c])
        sum_ = float(np.sum(seen * w, dtype=np.float64)) + bias
        found.append({"x": seen, "w": w, "bias": bias, "sum": sum_,
                      "pool": pool and pooled(net, pool, x, c, row, column)})
    return found


def pool_above(net, name):
    """The max pool that takes the output of layer `name`, or of the ReLU behind it; None if none.
    """
    for above, inputs in net.inputs.items():
        if inputs == (name,) and type(net.layers[above]) is ReLU:
            return pool_above(net, above)
        if inputs == (name,) and type(net.layers[above]) is MaxPool:
            return above
    return None


def pooled(net, pool, x, c, row, column):
    """The pool's first window that holds this place of map c: its values, and where the largest is.

    net: a network.Network.
    pool: the name of a max pool.
    x: the image, prepared, (1, C, H, W).
    """
    (below,), window = net.inputs[pool], net.layers[pool].window
    y = net.forward(x, until=below)[below][0, c]
    starts = []
    for place, n, count in zip((row, column), y.shape, net.shapes[pool][1:]):
        first = max(0, ceil_div(int(place) + window.pad - window.size + 1, window.stride))
        if first >= count or place not in range(*pixels_below(first, first + 1, window, n)):
            return None         # no window looks at it
        starts.append(slice(*pixels_below(first, first + 1, window, n)))
    values = y[tuple(starts)]
    largest = np.unravel_index(values.argmax(), values.shape)
    return {"values": values, "row": int(largest[0]), "column": int(largest[1])}
