"""All of a page in order: search, project, examine, pack, write.

The data of a page, as page.js reads them; all numbers count from 0:

    title, made, caveats    what the net is called; where the page comes from, [[what, words] …];
                            what it does not tell, paragraphs
    classes, pixelated      the classes' names; whether images are so small that pixels are squares
    images      searched, side, channels; numbers: which of the searched ones the page holds, "shown
                images"; of each of these its label (-1: unknown) and its file's name; sheets: on
                which pictures they lie, row by row, and stored: their side there, in pixels
    versions, views         names of versions of the net; {version, rule} each
    layers      each has name, kind ("map" or "feature"), about, shape, field (the side of what a
                unit sees, None for all), box (its pixels), tile (stored pixels), classes (whether
                unit i is class i);
        tops    per version: images (shown images, strongest first), places (row and column, None
                for features), values, corners (of the box in the image) of each unit, and dead: the
                units that never fired
        views   per view: sheets, per_sheet, columns, depth: projection i of unit u is tile
                u·depth + i; scales of each, and the largest of all
        statistics, down    see search.Statistics; and layers.feeders of each unit
    examined    see examine.py; image is a shown image
    window      None, or the layer, and one dictionary for each unit: see examine.windows
"""
import time
from functools import partial
from typing import NamedTuple

import numpy as np
from PIL import Image

from .. import checks, texts
from ..data.preprocess import Prepared, center_crop
from ..files import locked
from ..look.many import boxes_seen
from ..progress import clock, show_progress
from ..runs import Run
from ..terminal import version
from ..tour import captions
from . import examine, layers as shown, project, search, sheets, write
from .parts import Parts, fingerprint, folder_of

TEXT = texts.read(__package__)
MEGABYTE = 1_000_000
LIMITS = {True: 8, False: 20}       # megabytes of a page: of small images, and of large ones
BATCH = {True: 128, False: 16}      # images that are searched at a time
MOST_PIXELS = 20_000_000            # of all stored images together
DIGITS = 4                          # of numbers in the data
STEPS = 4


class Asked(NamedTuple):
    """What a page is made of."""
    run: Run
    images: object          # uint8 (N, C, H, W), or data.folder.Files
    labels: np.ndarray      # integers (N,); -1 where nobody knows
    names: list             # of the images' files, or ""
    versions: list          # of names
    nets: list              # as many, the trained one first
    seed: int               # of the random weights
    title: str              # what the net is called
    source: str             # what the images are, in words


def build(run, images, out, *, title, source, labels=None, names=None, epochs=(), seed=0,
          megabytes=None, progress=show_progress, report=print):
    """Make the page to look inside a net.

    What is computed is kept beside the page until that is written, so an interrupted one goes on.
    The same net, images and settings give the same bytes.

    run: runs.Run, the net and how images are prepared for it.
    images: uint8 (N, C, H, W), or data.folder.Files: memory doesn't grow with how many there are.
    out: the page's file.
    title: what the net is called.
    source: what the images are, in words.
    labels: integers (N,), the class of each image; without them no page tells of classes.
    names: what the images' files are called.
    epochs: [(name, network.Network)], earlier states of the same net.
    seed: of the random weights that are shown beside the trained ones.
    megabytes: what the file may have, in millions of bytes; LIMITS if not given.
    progress: progress(text) gets a line that replaces the one before; None for none.
    report: report(text) gets a line now and then.
    Returns the file's size in bytes. Raises ValueError for a net without units, for no images, or
    if the page doesn't fit; OSError where it can't be written.
    """
    net, out = run.net, checks.path("out", out)
    check_place(out)
    layers = shown.shown_layers(net)
    if len(images) == 0:
        raise ValueError("there are no images to search")
    random, rng = run.net.astype(net.dtype), np.random.default_rng(seed)
    random.initialize(rng, _initialization(run))
    labels = np.full(len(images), -1) if labels is None else np.asarray(labels, np.int64)
    asked = Asked(run, images, labels, names or [""] * len(images),
                  ["trained", "random weights", *(name for name, _ in epochs)],
                  [net, random, *(net for _, net in epochs)], seed, title, source)
    limit = MEGABYTE * (megabytes or LIMITS[shown.is_small(net)])
    out.parent.mkdir(parents=True, exist_ok=True)
    parts = Parts(out, _origin(asked, layers))
    waiting = partial(report, f"{out} is being made by another process; this one waits")
    with locked(folder_of(out) / ".lock", waiting):
        folder_of(out).mkdir(exist_ok=True)     # another one may have ended and taken it away
        try:
            nbytes = _build(asked, layers, out, limit, parts, progress or (lambda text: None))
            parts.remove()
        finally:
            parts.tidy()
    return nbytes


def check_place(out):
    """Raise OSError if a page can't be written to this Path."""
    if out.is_dir():
        raise IsADirectoryError(f"{out} is a folder; give the name of the page's file")
    if out.exists() and not out.is_file():
        raise OSError(f"{out} is no file; give the name of the page's file")
    checks.writable_folder(out.parent)


def _initialization(run):
    return run.settings.get("initialization", "he")


def _origin(asked, layers):
    """The fingerprint of all that the parts of a page depend on."""
    run, images = asked.run, asked.images
    settings = {"version": version(), "layers": layers, "versions": asked.versions,
                "classes": [*run.classes], "net": repr(run.net), "size": run.prepare.size}
    arrays = [run.prepare.mean, np.asarray(run.prepare.scale), asked.labels]
    if hasattr(images, "stamps"):
        settings["files"] = images.stamps()
    else:
        arrays.append(images)
    return fingerprint(settings, arrays + [w for net in asked.nets
                                           for w in net.parameters.values()])


def _build(asked, layers, out, limit, parts, show):
    """The steps one after the other; returns the file's size."""
    net, images, run = asked.run.net, asked.images, asked.run
    small, inputs = shown.is_small(net), Prepared(images, run.prepare)
    views = project.views_of(len(asked.versions))
    depths = project.depths(net, layers, views, len(images))
    counts = [{layer: shown.NINE if number == 0 else
               max(deep[layer] for view, deep in zip(views, depths) if view.version == number)
               for layer in layers} for number in range(len(asked.nets))]
    tops, statistics = search.search(
        asked.nets, inputs, asked.labels, layers, counts=counts, classes=len(run.classes),
        batch=BATCH[small], parts=parts, tell=_step(show, 1, "searching, image"))
    planned = project.plan(asked.nets, tops, layers, views, depths)
    tiles, feeding = project.project(planned, inputs, parts,
                                     _step(show, 2, "projecting, tile"))
    numbers = np.unique(np.concatenate([top.units[:, :, 0].ravel()
                                        for found in tops for top in found.values()]))
    chosen = examine.chosen(numbers, len(images), net)
    numbers = np.union1d(numbers, chosen)
    largest = {layer: float(top.values.max()) for layer, top in tops[0].items()}
    examined = examine.examine_all(net, layers, inputs, chosen, largest, parts,
                                   _step(show, 3, "looking at image"))
    window = examine.windows(net, layers[0], inputs, tops[0][layers[0]])

    pixels, about = _images(asked, numbers)
    pictures = _image_pictures(pixels, about)
    data = {
        "title": asked.title, "made": _made(asked, limit), "caveats": _paragraphs("caveats"),
        "classes": [texts.clean(name) for name in run.classes], "pixelated": small,
        "images": about, "versions": asked.versions, "views": [view._asdict() for view in views],
        "layers": [_layer(asked, layers, place, tops, statistics, feeding, numbers)
                   for place in range(len(layers))],
        "examined": [{"image": int(np.searchsorted(numbers, number)), **found}
                     for number, found in zip(chosen, examined)],
        "window": window and {"layer": 0, "units": window}}
    for place, layer in enumerate(layers):
        for view, of_layers in enumerate(tiles):
            found = of_layers[layer]
            data["layers"][place]["views"].append(
                _tile_pictures(pictures, f"{place}-{view}", found))
    return _write(out, rounded(data), pictures, limit, parts, show)


def _write(out, data, pictures, limit, parts, show):
    """Pack the pictures into what the data leave of the limit, and write the page."""
    frame = write.write(parts.folder / "frame.html", data, {})
    frame += sum(len(name) + 60 for name in pictures)       # of the elements that hold them
    try:
        files, quality = sheets.pack(pictures, limit - frame, _step(show, 4, "packing, picture"))
    except sheets.TooLarge as error:
        needed = (frame + error.args[0]) / MEGABYTE
        raise ValueError(TEXT["too large"].format(needed=needed, enough=int(needed) + 1)) from None
    show("")
    kind = "pictures without loss" if quality is None else "pictures with loss"
    size = frame + sum(map(sheets.base64_nbytes, files.values()))
    data["made"] += [
        ["Pictures", TEXT[kind].format(quality=quality, megabytes=limit / MEGABYTE)],
        ["Version", f"numpyzf {version() or '(not installed)'}"],
        ["Size", f"{size / MEGABYTE:.1f} MB"]]
    return write.write(out, data, files)


def _step(show, number, what):
    """A function tell(done, all) that shows how far a step is, and how long it still takes."""
    begun = []

    def tell(done, total):
        now = time.monotonic()
        begun[:] = begun or [now, done]
        text = f"{number}/{STEPS} {what} {done:,} of {total:,}"
        if done > begun[1] and now > begun[0]:
            text += f"  {clock((total - done) * (now - begun[0]) / (done - begun[1]))} left"
        show(text)
    return tell


# ---- the data ------------------------------------------------------------------------------------

def rounded(values):
    """JSON values of nested lists, dictionaries, NumPy's arrays and numbers; floats of DIGITS.

    >>> rounded({"a": np.float32([1 / 3, 2.0, -0.0]), "b": (np.int64(7), None, "c")})
    {'a': [0.3333, 2, 0], 'b': [7, None, 'c']}
    """
    if isinstance(values, (np.ndarray, np.generic)):
        values = values.tolist()
    if isinstance(values, dict):
        return {key: rounded(value) for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [rounded(value) for value in values]
    if isinstance(values, float):
        short = float(f"{values:.{DIGITS}g}")
        return int(short) if short.is_integer() else short
    return values


def _paragraphs(heading):
    return TEXT[heading].split("\n\n")


def _made(asked, limit):
    """Where the page comes from, but for what is known at the end only."""
    run = asked.run
    count = sum(w.size for w in run.net.parameters.values())
    random = TEXT["random"].format(initialization=_initialization(run), seed=asked.seed)
    rows = [["Net", captions.describe(run, asked.title)], ["Parameters", f"{count:,}"],
            ["Images", asked.source], ["Random weights", random]]
    if run.settings.get("assumed"):
        rows.append(["Preparation", "; ".join(run.settings["assumed"])])
    return rows + [["Scale", TEXT["scale"]]]


def _images(asked, numbers):
    """The pixels of the shown images, as they are stored, and what the data say of them."""
    net, images = asked.run.net, asked.images
    channels, side, _ = net.input_shape
    stored = min(side, max(64, int((MOST_PIXELS / len(numbers)) ** 0.5)))
    pixels = np.empty((len(numbers), channels, stored, stored), np.uint8)
    step = BATCH[shown.is_small(net)]
    for start in range(0, len(numbers), step):
        some = center_crop(images[numbers[start:start + step]], *net.input_shape[1:])
        pixels[start:start + len(some)] = some if stored == side else _smaller(some, stored)
    return pixels, {"searched": len(images), "side": side, "stored": stored, "channels": channels,
                    "numbers": numbers, "labels": asked.labels[numbers],
                    "names": [texts.clean(asked.names[number]) for number in numbers],
                    "sheets": []}


def _smaller(images, side):
    """Images (N, C, H, W) as uint8 (N, C, side, side)."""
    return np.stack([[Image.fromarray(channel).resize((side, side), Image.Resampling.BOX)
                      for channel in image] for image in images])


def _image_pictures(pixels, about):
    """{id: function that makes a sheet}; `about` gets where which image lies, in place."""
    columns = min(sheets.IMAGES_ACROSS, max(1, sheets.MOST_SIDE // pixels.shape[3]))
    pictures = {}
    for i, start in enumerate(range(0, len(pixels), columns ** 2)):
        some = pixels[start:start + columns ** 2]
        pictures[f"images-{i}"] = partial(sheets.sheet, some, min(columns, len(some)))
        about["sheets"].append({"id": f"images-{i}", "columns": min(columns, len(some)),
                                "count": len(some)})
    return pictures


def _tile_pictures(pictures, name, tiles):
    """What the data say of one view of a layer; `pictures` gets its sheets, in place."""
    units, depth, *shape = tiles.bytes.shape
    flat = tiles.bytes.reshape(units * depth, *shape)
    columns, per_sheet = sheets.layout(shape[1:], depth, len(flat))
    ids = []
    for i, start in enumerate(range(0, len(flat), per_sheet)):
        ids.append(f"{name}-{i}")
        pictures[ids[-1]] = partial(sheets.sheet, flat[start:start + per_sheet], columns)
    return {"sheets": ids, "per_sheet": per_sheet, "columns": columns, "depth": depth,
            "scales": tiles.scales, "largest": tiles.scales.max(initial=0)}


def _layer(asked, layers, place, tops, statistics, feeding, numbers):
    """What the data say of a layer, but for its views."""
    net, name = asked.run.net, layers[place]
    field, (units, *maps) = net.receptive_field(name), net.shapes[name]
    box, _ = boxes_seen(net, name, tops[0][name].units[0])
    down = [[]] * units
    if name in feeding:
        down = [shown.feeders(mean, place - 1) for mean in feeding[name]]
    return {
        "name": name, "kind": "map" if maps else "feature", "about": _about(net, name),
        "shape": net.shapes[name], "field": field and field.size, "box": box,
        "tile": project.tile_size(net, name),
        "classes": shown.are_classes(net, name, asked.run.classes),
        "tops": [_tops(net, name, found[name], numbers) for found in tops], "views": [],
        "statistics": _statistics(asked, statistics[name], tops[0][name]), "down": down}


def _about(net, name):
    """A layer in words: "convolution 3×3, pad 1; 48 → 64 maps"."""
    layer, (units, *maps) = net.layers[name], net.shapes[name]
    taken = sum(net.shapes[below][0] for below in net.inputs[name])
    kind = "maps" if maps else "features"
    return f"{layer!r}; {f'{taken} → ' if layer.params else ''}{units} {kind}"


def _tops(net, name, top, numbers):
    """The strongest images of each unit, for one version."""
    flat = top.units.reshape(-1, top.units.shape[2])
    _, corners = boxes_seen(net, name, flat)
    return {"images": np.searchsorted(numbers, top.units[:, :, 0]),
            "places": top.units[:, :, 2:] if top.units.shape[2] == 4 else None,
            "values": top.values, "corners": corners.reshape(*top.units.shape[:2], 2),
            "dead": np.flatnonzero(top.values[:, 0] <= 0)}


def _statistics(asked, found, top):
    """What is usual in a layer; and which class most of a unit's strongest images are of."""
    labels, common = asked.labels[top.units[:, :, 0]], None                 # (units, k)
    if (labels >= 0).all():
        counts = np.apply_along_axis(np.bincount, 1, labels, minlength=len(asked.run.classes))
        common = np.stack([counts.argmax(axis=1), counts.max(axis=1)], axis=1)
    # a bar needs no more digits
    return {**found._asdict(), "histogram": found.histogram.round(3), "common": common}
