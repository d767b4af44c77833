"""One image file to an array: its header checked first, then turned upright, cropped to a square, made RGB or gray."""
import threading
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

MAX_PIXELS = 100_000_000
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")      # EPS, for one, would run a program to be read
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
_header_lock = threading.Lock()


def load_image(path, size=None, channels=3):
    """Read one image file, upright as its EXIF orientation says, transparent parts on white.

    size: None keeps the image as it is; an integer resizes its smallest side to `size` pixels and crops the center to
    size × size. channels: 3 for RGB, 1 for gray.
    Returns uint8 (channels, H, W), C-contiguous.
    Raises FileNotFoundError, ValueError for a file that is no image, is damaged or has more than MAX_PIXELS pixels,
    ValueError or TypeError for a bad argument.
    """
    if channels not in (1, 3):
        raise ValueError(f"channels must be 3 (RGB) or 1 (gray), not {channels!r}")
    if size is not None:
        check_size(size)
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such image file; check the path")
    with open(path, "rb") as file:
        try:
            image = _open(file)
            width, height = image.size
            if width * height <= MAX_PIXELS:
                pixels = np.asarray(_convert(image, size, "RGB" if channels == 3 else "L"))
                return np.ascontiguousarray(pixels.reshape(*pixels.shape[:2], channels).transpose(2, 0, 1))
        except MemoryError:
            raise
        except Exception as error:      # damaged files make Pillow raise errors of nearly every kind
            raise ValueError(f"{path}: cannot be read as an image ({_reason(error)}); replace or remove it") from error
    raise ValueError(f"{path}: {width}x{height} pixels, more than the {MAX_PIXELS:,} that are read; make it smaller")


def check_size(size):
    """Raise a TypeError or ValueError unless size is an integer, 1 ≤ size and size² ≤ MAX_PIXELS."""
    if not hasattr(size, "__index__") or isinstance(size, bool):
        raise TypeError(f"size must be an integer, the side of a square in pixels, not {size!r}")
    if not 1 <= size <= MAX_PIXELS ** 0.5:
        raise ValueError(f"size must be 1 … {int(MAX_PIXELS ** 0.5)} pixels, not {size}")


def _open(file):
    with _header_lock:      # Pillow's own limit is global and begins with a warning; the one here names the file
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(file, formats=FORMATS)
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _convert(image, size, mode):
    image.load()
    try:
        image = ImageOps.exif_transpose(image)
    except Exception:       # damaged EXIF data: the pixels, loaded above, are sound
        pass
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers of no known range")
    if image.mode.startswith("I"):      # 16 bits: Pillow's conversion would clip them at 255
        image = Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert(mode)
    return image if size is None else _center_square(image, size)


def _center_square(image, size):
    """The center of the image after its smallest side is resized to `size`, without the rest being computed."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.resize((size, size), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side))


def _reason(error):
    if isinstance(error, Image.UnidentifiedImageError):
        return f"its content is none of {', '.join(FORMATS)}"
    return str(error) or type(error).__name__
