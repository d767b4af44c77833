"""Pictures: numbers become gray and color, small images become one, all figures share one style.

What makes an image is NumPy only. A matplotlib figure is a picture in memory; it never needs a
screen.
"""
import io
import os
import sys
import textwrap
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from . import draw_text
from .files import replacing, to_write
from .geometry import ceil_div

# Okabe & Ito's palette, which people with any kind of color blindness can tell apart.
BLUE, ORANGE = "#0072b2", "#d55e00"
COLORS = (BLUE, ORANGE, "#009e73", "#cc79a7", "#f0e442", "#56b4e9", "#e69f00")
GRAY, CONE = "#8a8a8a", ORANGE
GRID = "#e4e4e4"        # lines behind curves
NOTE = "#555555"        # words beside a line
STYLE = {
    "font.family": "sans-serif", "font.size": 9, "text.color": "#222222",
    "axes.titlesize": 9, "axes.titlepad": 4, "axes.labelsize": 9,
    "axes.facecolor": "white", "axes.edgecolor": GRAY,
    "axes.spines.top": False, "axes.spines.right": False,
    "xtick.labelsize": 8, "ytick.labelsize": 8, "legend.fontsize": 8, "legend.frameon": False,
    "lines.linewidth": 1.8, "lines.markersize": 4,
}
DPI, NOTEBOOK_DPI = 160, 100
PERCENTILE = 99.5   # of the amounts of signed pixels: what is beyond becomes white or black
FRAME = 0.85        # the light gray between the tiles of a mosaic
GAP = 3             # pixels of it
TILE = 96           # pixels: about the side of a tile of a mosaic
PIXELS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP", ".webp": "WEBP",
          ".tif": "TIFF", ".tiff": "TIFF"}      # endings of images, and what Pillow calls them
MOST_PIXELS = {"JPEG": 65_500, "WEBP": 16_383}      # along a side, of such files
HATCH = 0.55        # the gray of lines where there is no image, on white


# ---- from numbers to images ------------------------------------------------------------------

def to_display(r, percentile=PERCENTILE):
    """Show signed pixels, such as a projection: zero mid-gray, positive lighter, negative darker.

    r: (C, H, W), C = 1 or 3, any number type.
    percentile: of |r| over the pixels that aren't zero. It is the scale, the same both ways. So a
    small cone in a large image keeps its contrast, and one extreme pixel can't take it away.
    Returns floats in [0, 1], (H, W) or, for three channels, (H, W, 3):
    clip(0.5 + 0.5·r/scale). All zero is flat 0.5.
    Raises ValueError for another shape, or for NaN and infinite values.
    The paper leaves the scaling open.
    """
    r = np.asarray(r, np.float64)
    _check_channels("r", r)
    if not np.isfinite(r).all():
        raise ValueError(f"r holds {np.count_nonzero(~np.isfinite(r))} NaN or infinite values: "
                         "nothing that can be shown")
    scale = scale_of(r, percentile) or 1.0
    return _channels_last(np.clip(0.5 + 0.5 * (r / scale), 0, 1))


def scale_of(r, percentile=PERCENTILE):
    """The amount that becomes white, and its negative black, see to_display; 0 if all are zero.

    r: numbers of any shape.
    percentile: of |r| over the numbers that aren't zero.
    """
    amounts = np.abs(r[r != 0])
    return np.percentile(amounts, percentile) if amounts.size else 0.0


def to_image(x):
    """Turn bytes into floats: 0 is black and 1 is white, whatever the image holds.

    x: (C, H, W), uint8, C = 1 or 3.
    Returns (H, W) or, for three channels, (H, W, 3).
    Raises TypeError for another dtype, ValueError for another shape.
    """
    x = np.asarray(x)
    _check_channels("x", x)
    if x.dtype != np.uint8:
        raise TypeError(f"x must be uint8 pixels 0 … 255, not {x.dtype}; "
                        "to_display shows signed numbers")
    return _channels_last(x / 255)


def grid(images, columns, pad=1, background=1.0):
    """Lay equal images out row by row.

    images: a list of (H, W) or (H, W, 3).
    columns: images side by side.
    pad: pixels of `background` between two images.
    background: a gray, 0 … 1. If the last row isn't full, the rest of it is background too.
    Returns one image (height, width) or (height, width, 3).
    Raises ValueError if there are no images, if they differ in shape, or if columns < 1.
    """
    shapes = sorted({np.shape(image) for image in images})
    if len(shapes) != 1 or columns < 1:
        raise ValueError("a grid takes one column at least and images of one shape, "
                         f"not {columns} columns, shapes {shapes}")
    h, w, *color = shapes[0]
    rows = ceil_div(len(images), columns)
    shape = rows * (h + pad) - pad, columns * (w + pad) - pad, *color
    out = np.full(shape, background)
    for i, image in enumerate(images):
        row, column = divmod(i, columns)
        top, left = row * (h + pad), column * (w + pad)
        out[top:top + h, left:left + w] = image
    return out


def mosaic(tiles, columns):
    """Lay tiles out in light gray frames, which show where a white tile ends.

    tiles: a list of images (H, W) or (H, W, 3).
    columns: tiles side by side.
    Returns one image.
    """
    image = grid([enlarge(tile, TILE) for tile in tiles], columns, pad=GAP, background=FRAME)
    around = [(GAP, GAP), (GAP, GAP), (0, 0)]
    return np.pad(image, around[:image.ndim], constant_values=FRAME)


def enlarge(image, side):
    """Repeat an image's pixels until its longer side has about `side` of them.

    image: (H, W) or (H, W, 3). A larger one stays as it is.
    side: pixels.
    Returns the image, larger by a whole factor.
    """
    times = max(1, round(side / max(image.shape[:2])))
    return image.repeat(times, axis=0).repeat(times, axis=1)


def fit(x, side):
    """Make pixels larger or smaller, until the longer side has `side` of them.

    A pixel of the result is the mean of what lies under it. So nothing is skipped, as it would be
    where a large image is shown by fewer pixels: a fine pattern would become a coarse one.

    x: (C, h, w), any numbers.
    side: pixels.
    Returns float32 (C, height, width).
    """
    h, w = x.shape[1:]
    height, width = (max(1, round(n * side / max(h, w))) for n in (h, w))
    maps = [Image.fromarray(np.asarray(one, np.float32)) for one in x]
    return np.stack([np.asarray(one.resize((width, height), Image.Resampling.BOX))
                     for one in maps])


def patch(x, seen, side=TILE):
    """A piece of an image, with oblique lines where there is none: no wall, no cloth is drawn so.

    x: (C, h, w), uint8, C = 1 or 3.
    seen: bool (h, w), which of its pixels are in the image, and can be seen.
    side: pixels, see enlarge.
    Returns (height, width) or (height, width, 3), enlarged.
    """
    image, seen = enlarge(to_image(x), side), enlarge(seen, side)
    rows, columns = np.indices(seen.shape)
    lines = np.where((rows + columns) % 8 < 2, HATCH, 1.0)
    image[~seen] = lines[~seen].reshape(-1, *[1] * (image.ndim - 2))
    return image


def picture(image, side=256):
    """An image to look at: a notebook shows it, `picture(image).save("a.png")` writes it.

    image: floats in [0, 1], (H, W) or (H, W, 3), from to_display, to_image, mosaic …
    side: pixels, see enlarge.
    Returns a Pillow Image.
    """
    return Image.fromarray(np.uint8(np.round(255 * enlarge(np.asarray(image), side))))


def filters_image(w):
    """All filters of the first layer in one image.

    Zero is mid-gray. Each filter has a scale of its own, its largest weight.

    w: (F, C, K, K). C = 1 gives a gray image, C = 3 a color image.
    Returns (height, width) or (height, width, 3). Raises ValueError without filters, and for
    other C: only a filter that looks at pixels is itself a picture.
    """
    if np.ndim(w) != 4 or len(w) == 0 or w.shape[1] not in (1, 3):
        raise ValueError("w must be the filters of a first layer (F, 1 or 3, K, K), one at least, "
                         f"not {np.shape(w)}: deeper ones look at maps and not at pixels")
    least = int(np.ceil(np.sqrt(len(w))))       # as many columns as rows, or more
    full = [c for c in range(least, 2 * least + 1) if len(w) % c == 0]      # no gap in the last row
    columns = full[0] if full else least
    tiles = [enlarge(to_display(f, percentile=100), 40) for f in w]
    return grid(tiles, columns, pad=4)


# ---- figures ---------------------------------------------------------------------------------

def style():
    """The style of all figures, to draw in: `with plots.style(): …`.

    It is the same for everyone: what a user's matplotlibrc says has no effect inside.
    """
    _import_matplotlib()
    from matplotlib import style
    return style.context(["default", STYLE])


def figure(width, height, layout="constrained"):
    """A new matplotlib Figure, white. In a notebook, as the last line of a cell, it is shown.

    width, height: inches.
    layout: "constrained" lets it arrange its parts by itself, "none" leaves them where they are.
    """
    _import_matplotlib()
    from matplotlib.figure import Figure
    made = Figure(figsize=(width, height), facecolor="white", layout=layout)
    made._repr_png_ = partial(png_bytes, made, NOTEBOOK_DPI)      # notebooks look for this name
    return made


def show(axes, image):
    """Put an image on matplotlib axes, with sharp pixels and nothing around it.

    axes: matplotlib's.
    image: floats in [0, 1], (H, W) or (H, W, 3). A gray one runs from 0, black, to 1, white,
    whatever it holds. A color one may be uint8 as well.
    """
    axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_axis_off()


def heading(text, width):
    """A text in lines as long as a figure is wide, for its suptitle.

    text: lines, of which each may become several.
    width: of the figure, inches.
    """
    return "\n".join(textwrap.fill(line, int(16 * width)) for line in text.split("\n"))


def key(figure, loc, *, columns, frame=False):
    """A legend of what gray, white, black, oblique lines and, if wanted, a frame stand for."""
    from matplotlib.patches import Patch
    edge = {"edgecolor": GRAY, "linewidth": 0.6}
    patches = [Patch(facecolor="0.5", label="0", **edge),
               Patch(facecolor="1", label="positive", **edge),
               Patch(facecolor="0", label="negative", **edge)]
    if frame:
        patches.append(Patch(facecolor="white", edgecolor=CONE, linewidth=1.2,
                             label="all that the unit sees"))
    else:
        patches.append(Patch(facecolor="white", edgecolor=str(HATCH), hatch=6 * "/", linewidth=0.6,
                             label="outside of the image, or not seen"))
    figure.legend(handles=patches, loc=loc, ncols=columns, handlelength=1.4, columnspacing=1.4)


def png_bytes(figure, dpi=DPI):
    """The bytes of a matplotlib figure as a PNG file."""
    buffer = io.BytesIO()
    _write(figure, buffer, "png", dpi)
    return buffer.getvalue()


def save(figure, path, dpi=DPI):
    """Write a matplotlib figure to a file. If that fails, an earlier file stays whole.

    figure: the figure.
    path: the file; its ending says PNG, PDF or SVG.
    dpi: pixels per inch of a PNG.
    """
    with replacing(path) as file:
        _write(figure, file, _format(path), dpi)


def check_path(path):
    """Whether `save` can write this file, to know before a long computation.

    path: the file.
    Raises ValueError for an ending that is no kind of picture, OSError if there is no folder to
    write it into.
    """
    _import_matplotlib()
    from matplotlib.backend_bases import FigureCanvasBase
    if _format(path) not in FigureCanvasBase.get_supported_filetypes():
        raise ValueError(f"{path}: {Path(path).suffix or 'no ending'} is no kind of picture; use "
                         ".png, .pdf or .svg")
    to_write("path", path, "the picture")


def pixels(x):
    """A Pillow image with the pixels of x, uint8 (C, H, W), C = 1 or 3: no copy as floats.

    Raises TypeError for another dtype, ValueError for another shape.
    """
    x = np.asarray(x)
    _check_channels("x", x)
    if x.dtype != np.uint8:
        raise TypeError(f"x must be uint8 pixels 0 … 255, not {x.dtype}")
    return Image.fromarray(np.ascontiguousarray(_channels_last(x)))


def save_pixels(x, path):
    """Write an image file with the pixels of x, and nothing else. An earlier one stays whole if
    that fails.

    x: uint8 (C, H, W), C = 1 or 3.
    path: the file; its ending says of what kind it is.
    """
    kind, image = check_pixels_path(path, max(x.shape)), pixels(x)
    with replacing(path) as file:
        image.save(file, format=kind, quality=95)       # only JPEG and WebP have a quality


def check_pixels_path(path, side=0):
    """Whether `save_pixels` can write this file, to know before a long computation.

    path: the file.
    side: of the picture, the longer one in pixels, if it is known.
    Returns Pillow's name of its kind. Raises ValueError for an ending that is no kind of image, or
    for more pixels than such a file can have; OSError if there is no folder to write it into.
    """
    kind = PIXELS.get(Path(path).suffix.lower())
    if kind is None:
        raise ValueError(f"{path}: {Path(path).suffix or 'no ending'} is no kind of image; use "
                         f"{', '.join(PIXELS)}")
    if side > MOST_PIXELS.get(kind, side):
        raise ValueError(f"{path}: a picture of {side:,} pixels along a side doesn't fit into a "
                         f"{kind} file, which has {MOST_PIXELS[kind]:,} at most; use .png")
    to_write("path", path, "the picture")
    return kind


def _format(path):
    return Path(path).suffix[1:].lower()


def _write(figure, file, kind, dpi):
    """Write a figure to an open file, in matplotlib's own settings and not in a user's."""
    from matplotlib import style
    with style.context("default"), draw_text.plain(figure):
        figure.savefig(file, format=kind, dpi=dpi, facecolor="white")


def _import_matplotlib():
    """Import matplotlib, also where $MPLBACKEND names a backend that it doesn't know.

    A notebook's terminal inherits the notebook's, and matplotlib could not be imported at all. Our
    figures use none. A backend that can be had is set, as matplotlib does when it is imported.
    """
    if "matplotlib" in sys.modules or not os.environ.get("MPLBACKEND"):
        return
    backend = os.environ.pop("MPLBACKEND")
    try:
        import matplotlib
        matplotlib.rcParams["backend"] = backend
    except ValueError:
        pass
    finally:
        os.environ["MPLBACKEND"] = backend


# ---- checks ----------------------------------------------------------------------------------

def _check_channels(name, x):
    if x.ndim != 3 or x.shape[0] not in (1, 3):
        raise ValueError(f"{name} must be one image (1 or 3, H, W), not of shape {x.shape}")


def _channels_last(x):
    """(1, H, W) -> (H, W), (3, H, W) -> (H, W, 3)."""
    return x[0] if len(x) == 1 else np.moveaxis(x, 0, -1)
