"""Pictures: how numbers become gray and color, how many small images become one, and the one style of all figures.

What makes an image is NumPy only; a matplotlib figure is a picture in memory, which never needs a screen.
"""
import io
from pathlib import Path

import numpy as np

from .checkpoints import replacing

# Colors that people with any kind of color blindness can tell apart (Okabe & Ito's palette), blue and vermilion first.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#f0e442", "#56b4e9", "#e69f00")
BLUE, ORANGE, *_ = COLORS
GRAY, CONE = "#8a8a8a", ORANGE
STYLE = {
    "font.family": "sans-serif", "font.size": 9, "text.color": "#222222",
    "axes.titlesize": 9, "axes.titlepad": 4, "axes.labelsize": 9, "axes.facecolor": "white", "axes.edgecolor": GRAY,
    "axes.spines.top": False, "axes.spines.right": False,
    "xtick.labelsize": 8, "ytick.labelsize": 8, "legend.fontsize": 8, "legend.frameon": False,
    "lines.linewidth": 1.8, "lines.markersize": 4,
}
DPI = 160


# ---- from numbers to images -----------------------------------------------------------------------------------------

def to_display(r, percentile=99.5):
    """Show signed pixels, as a projection has them: zero is mid-gray, positive is lighter, negative is darker.

    r: (C, H, W) with C = 1 or 3, any number type. The scale is the given percentile of |r| over the pixels that aren't
    zero, the same both ways: a small cone in a large image keeps its contrast, and one extreme pixel can't take it away.
    Returns floats in [0, 1], (H, W) or, of three channels, (H, W, 3): clip(0.5 + 0.5·r/scale). All zero is flat 0.5.
    Raises ValueError for another shape, or for NaN and infinite values. The paper leaves the scaling open.
    """
    r = np.asarray(r, np.float64)
    _check_channels("r", r)
    if not np.isfinite(r).all():
        raise ValueError(f"r holds {np.count_nonzero(~np.isfinite(r))} NaN or infinite values: nothing that can be shown")
    sizes = np.abs(r[r != 0])
    scale = np.percentile(sizes, percentile) if sizes.size else 1.0
    return _channels_last(np.clip(0.5 + 0.5 * (r / scale), 0, 1))


def to_image(x):
    """Turn uint8 pixels (C, H, W), C = 1 or 3, into floats: 0 is black and 1 is white, whatever the image holds.

    Returns (H, W), or (H, W, 3) of three channels. Raises TypeError for another dtype, ValueError for another shape.
    """
    x = np.asarray(x)
    _check_channels("x", x)
    if x.dtype != np.uint8:
        raise TypeError(f"x must be uint8 pixels 0 … 255, not {x.dtype}; to_display shows signed numbers")
    return _channels_last(x / 255)


def grid(images, columns, pad=1, background=1.0):
    """Lay equal images (H, W) or (H, W, 3) out row by row, with `pad` pixels of `background` between them.

    Returns one image; where the last row isn't full, the rest of it is background.
    Raises ValueError if there are no images, if they differ in shape, or if columns < 1.
    """
    shapes = sorted({np.shape(image) for image in images})
    if len(shapes) != 1 or columns < 1:
        raise ValueError(f"a grid takes one column at least and images of one shape, not {columns} columns, shapes {shapes}")
    (h, w, *color), rows = shapes[0], -(-len(images) // columns)
    out = np.full((rows * (h + pad) - pad, columns * (w + pad) - pad, *color), background)
    for i, image in enumerate(images):
        top, left = i // columns * (h + pad), i % columns * (w + pad)
        out[top:top + h, left:left + w] = image
    return out


def mosaic(tiles, columns):
    """Tiles in light gray frames, in which even a white one, and the white beyond an image's edge, can be told."""
    image = grid([enlarge(tile, 96) for tile in tiles], columns, pad=3, background=0.85)
    return np.pad(image, [(3, 3), (3, 3)] + [(0, 0)] * (image.ndim - 2), constant_values=0.85)


def enlarge(image, side):
    """Repeat the pixels of an image (H, W) or (H, W, 3) until its longer side has about `side`; large ones stay as they are."""
    times = max(1, round(side / max(image.shape[:2])))
    return image.repeat(times, axis=0).repeat(times, axis=1)


def filters_image(w):
    """All filters of the first layer in one image, each scaled on its own around mid-gray (zero) by its largest weight.

    w: (F, C, K, K), C = 1 gives a gray image, C = 3 a color image. Returns (height, width) or (height, width, 3).
    Raises ValueError for other C: only what looks at pixels is itself a picture.
    """
    if np.ndim(w) != 4 or w.shape[1] not in (1, 3):
        raise ValueError(f"w must be the filters of a first layer (F, 1 or 3, K, K), not {np.shape(w)}: deeper ones look at "
                         "maps and not at pixels")
    side = int(np.ceil(np.sqrt(len(w))))
    columns = next(c for c in range(side, len(w) + 1) if len(w) % c == 0)      # the last row is full
    return grid([enlarge(to_display(f, percentile=100), 40) for f in w], columns, pad=4)


# ---- figures --------------------------------------------------------------------------------------------------------

def style():
    """The style of all figures, to draw in: `with plots.style(): …`."""
    import matplotlib
    return matplotlib.rc_context(STYLE)


def figure(width, height, layout="constrained"):
    """A new matplotlib Figure of width × height inches, white; it arranges its parts by itself, or, with layout "none", not at all."""
    from matplotlib.figure import Figure
    return Figure(figsize=(width, height), facecolor="white", layout=layout)


def show(axes, image):
    """Put an image of floats in [0, 1] on matplotlib axes, with sharp pixels; gray ones always run from 0, black, to 1, white."""
    axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_axis_off()


def png_bytes(figure, dpi=DPI):
    """The bytes of a matplotlib figure as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, facecolor="white")
    return buffer.getvalue()


def save(figure, path, dpi=DPI):
    """Write a matplotlib figure to `path`, as PNG, PDF or SVG by the name's ending; an earlier one stays whole if that fails."""
    with replacing(path) as file:
        figure.savefig(file, format=Path(path).suffix[1:].lower(), dpi=dpi, facecolor="white")


# ---- checks ---------------------------------------------------------------------------------------------------------

def _check_channels(name, x):
    if x.ndim != 3 or x.shape[0] not in (1, 3):
        raise ValueError(f"{name} must be one image (1 or 3, H, W), not of shape {x.shape}")


def _channels_last(x):
    return x[0] if len(x) == 1 else np.moveaxis(x, 0, -1)
