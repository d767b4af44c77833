"""A small page made up: every image and every projection has a color that says which one it is."""
import base64
import io
import math

import numpy as np
from PIL import Image

LONG = "w" * 200
CLASSES = ["<script>document.title = 'bad'</script>", "quotes \" and ' & &amp;", "Käfer größer",
           "猫科动物", LONG]
# Names as ONNX files have them, one that addresses need for themselves, and one of HTML.
LAYERS = ["image", "fire2/concat", "<b>deep</b>", "scores"]
UNITS = [60, 20, 20, 5]
SIDE, SHOWN, SEARCHED, NINE = 32, 30, 60, 9
BOXES = [5, 14, 32, 32]
FIELDS = [5, 14, 60, None]
PLACES = [28, 10, 4, None]
VERSIONS = ["trained", "random weights", "epoch 1", "epoch 2"]
VIEWS = [(0, "deconvnet"), (0, "gradient"), (0, "guided"), (0, "no switches"), (1, "deconvnet"),
         (2, "deconvnet"), (3, "deconvnet")]
DEPTHS = [9, 3, 3, 3, 3, 1, 1]
PER_SHEET = 70      # tiles, so that a view has several sheets
DEAD = 7            # a unit of the second layer


def image_color(s):
    """(red, green) of a shown image; its blue says the row, see `image`."""
    return 8 * s, 255 - 8 * s


def tile_color(layer, view, unit, i):
    """The color of a projection."""
    return 60 * layer + 3 * i, 4 * unit, 35 * view


def image(s):
    """A shown image (SIDE, SIDE, 3): its color, and blue that grows from row to row."""
    pixels = np.empty((SIDE, SIDE, 3), np.uint8)
    pixels[..., :2] = image_color(s)
    pixels[..., 2] = np.arange(SIDE)[:, None] * 8
    return pixels


def sheet(tiles, columns):
    """Tiles (n, H, W, 3) row by row on a WebP sheet without loss."""
    tiles = np.asarray(tiles, np.uint8)
    count, height, width = tiles.shape[:3]
    rows = math.ceil(count / columns)
    whole = np.full((rows * columns, height, width, 3), 128, np.uint8)
    whole[:count] = tiles
    whole = whole.reshape(rows, columns, height, width, 3).swapaxes(1, 2)
    file = io.BytesIO()
    Image.fromarray(whole.reshape(rows * height, columns * width, 3)).save(file, "WEBP",
                                                                         lossless=True)
    return file.getvalue()


def text_of(values, dtype):
    """Numbers as base64."""
    return base64.b64encode(np.asarray(values, dtype).tobytes()).decode()


def top(layer, version, rng):
    """The nine of every unit of a layer, whose corners hang over the image's edge now and then."""
    count, box, places = UNITS[layer], BOXES[layer], PLACES[layer]
    images = [[int(s) for s in rng.permutation(SHOWN)[:NINE]] for _ in range(count)]
    values = np.sort(rng.uniform(0.5, 9, (count, NINE)).round(2))[:, ::-1]
    if layer == 1:
        values[DEAD] = 0
    corners, spots = np.zeros((count, NINE, 2), int), None
    if FIELDS[layer] and FIELDS[layer] < SIDE:
        corners = rng.integers(-2, SIDE - box + 3, (count, NINE, 2))
    if places:
        spots = rng.integers(0, places, (count, NINE, 2)).tolist()
    return {"images": images, "values": values.tolist(), "corners": corners.tolist(),
            "places": spots, "dead": [DEAD] if layer == 1 else []}


def statistics(layer, rng):
    """Numbers of every unit of a layer."""
    count = UNITS[layer]
    shares = rng.dirichlet(np.full(16, 0.3), count)
    return {"edges": np.linspace(0 if layer < 3 else -4, 9, 17).round(3).tolist(),
            "histogram": shares.round(5).tolist(),
            "silent": rng.uniform(0, 1, count).round(3).tolist(),
            # With unit 2 no class has a mean above 0, as with scores
            "bars": (rng.uniform(0, 3, (count, len(CLASSES))) - 9 * (np.arange(count) == 2)[:, None]
                     ).round(3).tolist(),
            "selectivity": rng.uniform(0, 1, count).round(3).tolist(),
            "common": [[int(rng.integers(5)), int(rng.integers(2, 10))] for _ in range(count)]}


def views(layer, tops, sheets):
    """A layer's views, whose sheets are put among the others."""
    found, side = [], BOXES[layer]
    for view, ((version, _), depth) in enumerate(zip(VIEWS, DEPTHS)):
        if layer == 3 and view == 3:        # a layer that lacks a view
            found.append(None)
            continue
        tiles = [np.broadcast_to(np.uint8(tile_color(layer, view, unit, i)), (side, side, 3))
                 for unit in range(UNITS[layer]) for i in range(depth)]
        names = []
        for start in range(0, len(tiles), PER_SHEET):
            names.append(f"tiles-{layer}-{view}-{len(names)}")
            sheets[names[-1]] = sheet(tiles[start:start + PER_SHEET], 10)
        scales = [row[:depth] for row in tops[version]["values"]]
        found.append({"sheets": names, "per_sheet": PER_SHEET, "columns": 10, "depth": depth,
                      "scales": scales, "largest": max(map(max, scales))})
    return found


def down(layer, rng):
    """Which units below feed each most."""
    if layer == 0:
        return [[] for _ in range(UNITS[0])]
    return [[[layer - 1, int(u), round(float(share), 3)]
             for u, share in zip(rng.permutation(UNITS[layer - 1])[:6], (.4, .3, .2, .1, .05, -.1))]
            for _ in range(UNITS[layer])]


def examined(s, rng):
    """One image looked at place by place."""
    layers = []
    for layer, places in enumerate(PLACES):
        if places is None:
            layers.append(None)
            continue
        side = min(14, places)
        units = rng.integers(0, UNITS[layer], (side, side, 3))
        values = np.sort(rng.integers(0, 255, (side, side, 3)))[..., ::-1]
        layers.append({"rows": side, "columns": side, "units": text_of(units, "<u2"),
                       "values": text_of(values, "u1")})
    scores = zip(rng.permutation(5), (.7, .2, .05, .03, .02))
    return {"image": s, "scores": [[int(label), share] for label, share in scores],
            "layers": layers,
            "occlusion": {"rows": 10, "columns": 10, "class": 3, "probability": 0.7, "size": 6,
                          "values": text_of(rng.integers(0, 255, 100), "u1")}}


def window(rng):
    """Windows of the first layer in numbers."""
    units = []
    for unit in range(UNITS[0]):
        x, w = rng.normal(0, 1, (2, 3, 5, 5)).round(3)
        total = round(float((x * w).sum()) + 0.1, 4)
        values = [[total, total - 1], [total - 2, 0.0]]
        units.append({"x": x.tolist(), "w": w.tolist(), "bias": 0.1, "sum": total,
                      "pool": {"values": values, "row": 0, "column": 0} if unit % 2 else None})
    return {"layer": 0, "units": units}


def planted():
    """The data and the sheets of a page, as numpyzf.inside.write.write takes them."""
    rng, sheets = np.random.default_rng(0), {}
    sheets["images-0"] = sheet([image(s) for s in range(20)], 6)
    sheets["images-1"] = sheet([image(s) for s in range(20, SHOWN)], 6)
    layers = []
    for layer, name in enumerate(LAYERS):
        tops = [top(layer, version, rng) for version in range(len(VERSIONS))]
        side, places = BOXES[layer], PLACES[layer]
        layers.append({
            "name": name, "kind": "map" if places else "feature",
            "about": f"Conv {layer} → {UNITS[layer]}, 3×3, pad 1",
            "shape": [UNITS[layer], places, places] if places else [UNITS[layer]],
            "field": FIELDS[layer], "box": [side, side], "tile": [side, side],
            "classes": layer == 3, "tops": tops, "views": views(layer, tops, sheets),
            "statistics": statistics(layer, rng), "down": down(layer, rng)})
    numbers = sorted(int(n) for n in rng.permutation(SEARCHED)[:SHOWN])
    data = {
        "title": "planted <i>net</i>", "pixelated": True, "classes": CLASSES,
        "made": [["Net", "made up"], ["Seed", "0"], ["Size", "0.1 MB"]],
        "caveats": ["One.", "Two."], "versions": VERSIONS,
        "images": {"searched": SEARCHED, "side": SIDE, "stored": SIDE, "channels": 3,
                   "numbers": numbers, "labels": [s % 5 for s in range(SHOWN)],
                   "names": [f"<img src=x>/{LONG if s == 3 else s}.jpg" for s in range(SHOWN)],
                   "sheets": [{"id": "images-0", "columns": 6, "count": 20},
                              {"id": "images-1", "columns": 6, "count": 10}]},
        "views": [{"version": version, "rule": rule} for version, rule in VIEWS],
        "layers": layers, "examined": [examined(s, rng) for s in (2, 3, 11, 25)],
        "window": window(rng)}
    return data, sheets
