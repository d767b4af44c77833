"""One image file to an array, in four steps.

The header is checked; the image is turned upright, made RGB or gray, and cropped to a square.
"""
import os
import threading

import numpy as np
from PIL import Image, ImageOps

from .. import checks
from . import png

MAX_PIXELS = 100_000_000
MAX_SIDE = 65_535       # as in JPEG: a picture one pixel wide takes far more memory than its pixels
# EPS, for example, is left out: Pillow would run a program to read it.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
SUFFIXES = (".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif",
            ".tiff", ".webp")
# How files begin that Pillow may still refuse as of a rare kind, or as damaged.
BEGINNINGS = {b"II*\0": "TIFF", b"MM\0*": "TIFF", b"II+\0": "TIFF", b"MM\0+": "TIFF",
              b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", png.SIGNATURE: "PNG"}
PHONES = b"ftyp"        # in HEIC and AVIF, after 4 bytes
BITS_PER_SAMPLE, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339     # tags of TIFF
WHITE_IS_ZERO, SIGNED = 0, 2
GRAYS = ("1", "L", "I", "F")    # Pillow's names of a first channel that is no color
_header_lock = threading.Lock()


def load_image(path, size=None, channels=3):
    """Read one image file, upright as its EXIF orientation says, transparent parts on white.

    path: the file; ~ is the home folder.
    size: None keeps the image as it is. An integer resizes its smallest side to `size` pixels and
    crops the center to size × size.
    channels: 3 for RGB, 1 for gray; None for gray if the file holds no colors, else RGB.
    Returns uint8 (channels, H, W), C-contiguous.
    Raises FileNotFoundError; ValueError for a file that is no image, is damaged, has more than
    MAX_PIXELS pixels, a side longer than MAX_SIDE, or pixels of no known range; ValueError or
    TypeError for a bad argument.
    Zeiler & Fergus 2013, section 3 (Training details), for the crop.
    """
    if channels not in (1, 3, None):
        raise ValueError("channels must be 3 (RGB), 1 (gray) or None (as the file has them), not "
                         f"{channels!r}")
    side = None if size is None else check_size(size)
    path = checks.path("path", path)
    if not os.path.isfile(path):        # also where the name is too long for a file
        raise FileNotFoundError(f"{path}: no such image file; check the path")
    with open(path, "rb") as file:
        try:
            image = _open(file)
            width, height = image.size
            if width * height <= MAX_PIXELS and max(width, height) <= MAX_SIDE:
                return _pixels(image, side, channels)
        except MemoryError:
            raise
        except Exception as error:      # damaged files make Pillow raise nearly every error
            raise ValueError(f"{path}: cannot be read as an image ({_reason(error, file)}); "
                             "replace or remove it") from error
    raise ValueError(f"{path}: {width}x{height} pixels, more than the {MAX_PIXELS:,}, or than the "
                     f"{MAX_SIDE:,} on a side, that are read; make it smaller")


def check_size(size):
    """`size`, the side of a square in pixels, as Python's int.

    Raises TypeError or ValueError unless size ≥ 1 and size² ≤ MAX_PIXELS.
    """
    return checks.integer("size", size, 1, int(MAX_PIXELS ** 0.5))


def _open(file):
    """The image of an open file. Pillow has read its header, and no pixel yet."""
    beginning = file.read(len(png.SIGNATURE))
    file.seek(0)
    if beginning == png.SIGNATURE:
        file = png.checked(file)
    # Pillow's own limit is global and begins with a warning. MAX_PIXELS names the file instead.
    with _header_lock:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(file, formats=FORMATS)
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _pixels(image, side, channels):
    """The pixels of an open image, uint8 (channels, H, W)."""
    if channels is None:
        channels = 1 if image.getbands()[0] in GRAYS and image.mode != "LAB" else 3
    numbers = _numbers(image)
    image = _plain(_upright(image), *numbers).convert("RGB" if channels == 3 else "L")
    if side is not None:
        image = _center_square(image, side)
    pixels = np.asarray(image).reshape(image.height, image.width, channels)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _upright(image):
    """The image, its pixels read, turned as its EXIF data say."""
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:       # damaged EXIF data: the pixels are sound
        return image


def _numbers(image):
    """What a file's gray numbers mean: (bits of each, is 0 white).

    Pillow takes TIFF's as they come.
    """
    if image.format != "TIFF":
        return 16, False
    tags = image.tag_v2
    if SIGNED in np.atleast_1d(tags.get(SAMPLE_FORMAT, 1)):
        raise ValueError("its pixels are signed numbers of no known range")
    return np.atleast_1d(tags.get(BITS_PER_SAMPLE, 1))[0], tags.get(PHOTOMETRIC) == WHITE_IS_ZERO


def _plain(image, bits, white_is_zero):
    """The image in 8 bits per channel, without transparency. The rest is of _numbers."""
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers of no known range")
    if image.mode.startswith("I"):      # more than 8 bits: Pillow's own conversion clips at 255
        values = np.asarray(image)
        gray = ((values.view(np.uint32) if bits == 32 else values) >> (bits - 8)).astype(np.uint8)
        if white_is_zero:
            gray = 255 - gray
        if "transparency" in image.info:        # one value
            gray[values == image.info["transparency"]] = 255
        image = Image.fromarray(gray)
    if image.mode != "LAB" and "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image


def _center_square(image, side):
    """The image's largest centered square, resized to side × side.

    It is the center of the image that was resized as a whole, but the rest is never computed.
    """
    full = min(image.size)
    left, top = (image.width - full) // 2, (image.height - full) // 2
    return image.resize((side, side), Image.Resampling.LANCZOS,
                        box=(left, top, left + full, top + full))


def _reason(error, file):
    """Why Pillow couldn't read the open file."""
    if not isinstance(error, Image.UnidentifiedImageError):
        return " ".join(str(error).split()) or type(error).__name__
    file.seek(0)
    beginning = file.read(12)
    for start, kind in BEGINNINGS.items():
        if beginning.startswith(start):
            return (f"it begins like {kind}, but is damaged or of a rare kind: save it anew, with "
                    "8 bits per channel")
    if beginning[4:8] == PHONES:
        return "it is HEIC, AVIF or a film: save it as JPEG or PNG"
    return f"its content is none of {', '.join(FORMATS)}"
