"""Many small pictures on few large ones, as WebP files that fit into a page of a given size."""
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from .. import kernels
from ..geometry import ceil_div

MOST_SIDE = 2048        # pixels of a sheet: a browser unpacks it whole
IMAGES_ACROSS = 16      # on a sheet of small images
QUALITIES = (None, 95, 90, 80, 70, 60, 50, 40, 30, 20)      # of WebP; None loses nothing


def layout(size, group, count):
    """How tiles lie on sheets, row by row: (columns, tiles per sheet).

    size: (h, w) of a tile.
    group: tiles that stay in one row, such as all of a unit.
    count: of the tiles.
    """
    groups = max(1, MOST_SIDE // (group * size[1]))
    columns = group * min(groups, max(1, ceil_div(count, group)))
    return columns, columns * max(1, MOST_SIDE // size[0])


def sheet(tiles, columns):
    """One picture of tiles.

    tiles: uint8 (n, C, h, w), C = 1 or 3.
    columns: side by side.
    Returns a Pillow image; gray where the last row isn't full.
    """
    count, channels, h, w = tiles.shape
    rows = ceil_div(count, columns)
    out = np.full((rows * columns, channels, h, w), 128, np.uint8)
    out[:count] = tiles
    out = out.reshape(rows, columns, channels, h, w).transpose(0, 3, 1, 4, 2)
    out = np.ascontiguousarray(out).reshape(rows * h, columns * w, channels)
    return Image.fromarray(out[:, :, 0] if channels == 1 else out)


def webp(image, quality):
    """A picture as the bytes of a WebP file.

    quality: 0 … 100; None loses nothing.
    """
    buffer = io.BytesIO()
    how = {"lossless": True, "quality": 50} if quality is None else {"quality": quality}
    image.save(buffer, format="WEBP", method=4, **how)
    return buffer.getvalue()


def pack(pictures, limit, tell):
    """Encode pictures by the best quality with which all of them fit.

    pictures: {id: function that returns a Pillow image}.
    limit: bytes, of all files as base64.
    tell: tell(done, all) is called after each picture, for each quality anew.
    Returns {id: bytes of a WebP file} and the quality. Raises ValueError where the worst one
    doesn't fit, with the bytes that they take.
    """
    with ThreadPoolExecutor(min(4, kernels.THREADS)) as pool:
        for quality in QUALITIES:
            made = _encode(pool, pictures, quality, limit if quality != QUALITIES[-1] else None,
                           tell)
            if made is not None:
                break
    nbytes = sum(map(base64_nbytes, made.values()))
    if nbytes > limit:
        raise TooLarge(nbytes)
    return made, quality


class TooLarge(ValueError):
    """The pictures don't fit, not even at the worst quality; args[0] is the bytes they take."""


def base64_nbytes(content):
    """Characters of bytes as base64."""
    return 4 * ceil_div(len(content), 3)


def _encode(pool, pictures, quality, limit, tell):
    """Files of all pictures; None as soon as they take more than `limit`."""
    made, total, ids = {}, 0, [*pictures]
    step = 4                # so few are unpacked at a time
    for start in range(0, len(ids), step):
        some = ids[start:start + step]
        for name, content in zip(some, pool.map(lambda key: webp(pictures[key](), quality), some)):
            made[name] = content
            total += base64_nbytes(content)
        tell(len(made), len(ids))
        if limit is not None and total > limit:
            return None
    return made
