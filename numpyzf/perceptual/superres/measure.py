"""How good enlarged pictures are: PSNR and SSIM by the paper's protocol, sharpness, and grids.

A picture is made smaller, enlarged again by each method, and compared with what it was. All pixels
are bytes between the steps, as they would be in files.
"""
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ... import data, texts
from .. import pictures
from . import grid

BICUBIC = "bicubic"
MOST_LINES = 50         # of a table on the terminal
# PSNR in dB and SSIM on luminance, from the paper's Tables 1 and 2 and their text:
# {(set, scale): {method: (PSNR, SSIM)}}
PAPER = {
    ("set5", 4): {BICUBIC: (28.43, .8114), "pixel": (28.40, .8205), "feature": (27.09, .7680)},
    ("set14", 4): {BICUBIC: (25.99, .7301), "pixel": (25.75, .6994), "feature": (24.99, .6731)},
    ("set5", 8): {BICUBIC: (23.80, .6455), "pixel": (24.77, .6864), "feature": (23.26, .7058)},
    ("set14", 8): {BICUBIC: (22.37, .5518), "pixel": (23.02, .5787), "feature": (21.64, .5837)},
}


class Scores(NamedTuple):
    """How one picture came out, or the mean of many."""
    psnr: float         # dB; infinite if no pixel differs
    ssim: float
    sharpness: float    # gradient energy, as a share of the original's
    grid: float         # a grid that repeats after `scale` pixels, see grid.grid; 1 is none. NaN
    #                     where it can't be told: scales but 2, 4, 8, 16, fewer than 16 pixels
    pattern: float      # any weave, dots or grid of its own, see grid.pattern; 1 is none. NaN for
    #                     fewer than 16 pixels


class Row(NamedTuple):
    """One picture, by all methods."""
    picture: str        # its name, with the folder in which it is
    size: tuple         # (H, W) of what was compared
    scores: dict        # {method: Scores}

    @property
    def group(self):
        """The set that it belongs to: the topmost folder in its name; "" without one."""
        return Path(self.picture).parts[0] if len(Path(self.picture).parts) > 1 else ""


def read(source):
    """The pictures of a folder and of the folders in it; or the test images of a data set.

    source: a path, also that of one picture; or a name that `numpyzf data` lists.
    Yields (name, uint8 (C, H, W)). A gray file stays gray, C = 1. One that holds colors is RGB,
    even if all of them are gray: its luminance is that of colors. Raises what data.files,
    data.load_image and data.load do.
    """
    if source in data.NAMES:
        images = data.load(source, "test").images
        for number, image in enumerate(images):
            yield f"{number:0{len(str(len(images) - 1))}}", image
        return
    paths, top = data.files(source), Path(source).expanduser()
    for path in paths:
        name = path.relative_to(top).with_suffix("").as_posix() if top.is_dir() else path.stem
        yield texts.clean(name), data.load_image(path, channels=None)


def enlarged(name, image, scale, networks):
    """A picture made smaller, and enlarged again by each method.

    name: of the picture, for errors.
    image: uint8 (C, H, W).
    scale: how many times smaller, and larger.
    networks: {name: network(low) -> uint8 (C, scale·H, scale·W)}, low uint8 (C, H, W).
    Returns the original, cropped to a multiple of `scale`; the small one; and {method: picture},
    bicubic first. Raises ValueError naming the picture.
    """
    try:
        original = pictures.crop_to_multiple(image, scale)
        low = pictures.low_resolution(original, scale)
        made = {BICUBIC: pictures.enlarge_bicubic(low, scale)}
        for method, network in networks.items():
            made[method] = network(low)
            if made[method].shape != original.shape:
                raise ValueError(f"{method} made a picture of shape {made[method].shape} of one of "
                                 f"shape {low.shape}; enlarged {scale} times it is "
                                 f"{original.shape}")
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from error
    return original, low, made


def evaluate(source, scale, networks, *, progress=None):
    """Measure bicubic enlargement and networks on pictures.

    source: a folder or a data set's name, see `read`; or pairs (name, uint8 (C, H, W)).
    scale, networks: see `enlarged`.
    progress: progress(text) gets a line for every picture.
    Returns a list of Row. Raises ValueError naming the picture that can't be measured.
    """
    if isinstance(source, str | Path) and source not in data.NAMES:
        for name, image in read(source):        # none too small, to know before the work
            _check_size(name, image, scale)
    rows = []
    for name, image in read(source) if isinstance(source, str | Path) else source:
        original, _, made = enlarged(name, image, scale, networks)
        rows.append(Row(name, original.shape[1:], {
            method: score(name, picture, original, scale) for method, picture in made.items()}))
        if progress:
            progress(f"{len(rows):,} pictures measured: {name}")
    return rows


def _check_size(name, image, scale):
    height, width = (n // scale * scale - 2 * scale for n in image.shape[1:])
    if min(height, width) < pictures.WINDOW:
        raise ValueError(f"{name}: {image.shape[2]}×{image.shape[1]} pixels are too few to be "
                         f"measured at ×{scale}: SSIM takes {pictures.WINDOW}×{pictures.WINDOW} "
                         f"beside {scale} at each side")


def score(name, picture, original, scale):
    """The Scores of an enlarged picture: `scale` pixels at each side don't count.

    name: of the picture, for errors.
    picture, original: uint8 (C, H, W).
    Raises ValueError naming the picture if there is too little of it.
    """
    try:
        psnr, ssim = (measure(picture, original, crop=scale)
                      for measure in (pictures.psnr, pictures.ssim))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    energies = [pictures.gradient_energy(x, crop=scale) for x in (picture, original)]
    inside = [x[:, scale:-scale, scale:-scale] for x in (picture, original)]
    large = min(inside[0].shape[1:]) >= grid.SEGMENTS[-1]
    return Scores(psnr, ssim, _share(*energies),
                  grid.grid(*inside, scale) if large and grid.LONGEST % scale == 0 else np.nan,
                  grid.pattern(*inside) if large else np.nan)


def _share(energy, of):
    """A share; of an original without any edge it is 1 if there is none in the other either."""
    return energy / of if of else (np.inf if energy else 1.0)


def means(rows):
    """The mean Scores of each method over pictures: {method: Scores}.

    rows: a list of Row, one at least. A picture without any error has no PSNR that can go into a
    mean, one without any edge no share of sharpness, a small one no grid. If one method has no such
    number for a picture, it is left out of that mean for all: so they are of the same pictures. A
    mean of none is that of the first picture, often infinite, or NaN.
    """
    values, counts = _values(rows), _counts(rows)
    found = {}
    for method, own in zip(rows[0].scores, values):
        columns = zip(own.T, counts.T)
        found[method] = Scores(*(float(column[which].mean() if which.any() else column[0])
                                 for column, which in columns))
    return found


def counted(rows):
    """How many pictures count in the mean of each score: {"psnr": 12, …}."""
    return dict(zip(Scores._fields, map(int, _counts(rows).sum(axis=0))))


def uncounted(rows):
    """A sentence about pictures that are left out of means; "" if none is."""
    few = [f"{name} of {count:,}" for name, count in counted(rows).items()
           if count < len(rows) and (count or name not in ("grid", "pattern"))]
    return (f"Means are over the pictures for which every method has the number, of {len(rows):,}: "
            f"{', '.join(few)}." if few else "")


def _values(rows):
    """Numbers (methods, pictures, scores)."""
    return np.array([[row.scores[method] for row in rows] for method in rows[0].scores])


def _counts(rows):
    """Whether a picture counts in the mean of a score: booleans (pictures, scores)."""
    return np.isfinite(_values(rows)).all(axis=0)


def groups(rows):
    """The rows of each set, {name: rows}: of each topmost folder, and of all under "" at last."""
    found = {name: [row for row in rows if row.group == name]
             for name in dict.fromkeys(row.group for row in rows)}
    return found if [*found] == [""] else {**found, "": rows}


def table(rows):
    """The scores of all pictures as lines of text; of many pictures only the means of each set."""
    head = [f"{method}  dB    SSIM  sharp   grid    pat" for method in rows[0].scores]
    lines = [("", "pixels", *head)]
    if len(rows) <= MOST_LINES:
        lines += [(texts.short(row.picture), f"{row.size[1]}×{row.size[0]}",
                   *map(_cell, row.scores.values())) for row in rows]
    lines += [(f"mean of {len(own):,}" + (f", {texts.short(name)}" if name else ""), "",
               *map(_cell, means(own).values())) for name, own in groups(rows).items()]
    return texts.table(lines, left=1)


def _cell(scores):
    seen, drawn = (times(value) for value in (scores.grid, scores.pattern))
    return (f"{scores.psnr:.2f}  {scores.ssim:.4f}  {share(scores.sharpness):>4}  {seen:>5}  "
            f"{drawn:>5}")


def share(value):
    """A share as text, "–" for that of an original without any edge."""
    return f"{value:.0%}" if np.isfinite(value) else "–"


def times(value):
    """A quotient as text, "–" if there is none."""
    return "–" if np.isnan(value) else f"{value:.2f}"


def as_json(source, scale, rows):
    """What was measured as JSON values; an infinite number and NaN are null."""
    def plain(scores):
        return {key: value if np.isfinite(value) else None
                for key, value in scores._asdict().items()}

    def each(by_method):
        return {method: plain(scores) for method, scores in by_method.items()}
    return {"source": str(source), "scale": scale,
            "mean": each(means(rows)), "counted": counted(rows),
            "means": {name: each(means(own)) for name, own in groups(rows).items() if name},
            "counts": {name: counted(own) for name, own in groups(rows).items() if name},
            "pictures": [{"picture": row.picture, "height": row.size[0], "width": row.size[1],
                          "scores": each(row.scores)} for row in rows]}
