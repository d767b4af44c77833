"""PNG files before Pillow reads them: every checksum is compared, which Pillow does for few.

    8 bytes         \\x89PNG\\r\\n\\x1a\\n
    then chunks, IHDR the first, IEND the last:
        4 bytes     length of the content, big-endian
        4 bytes     kind: IHDR, IDAT …
        content
        4 bytes     CRC-32 of the kind and the content

Source: the PNG specification, https://www.w3.org/TR/png-3/.
"""
import io
import os
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Pillow unpacks texts and color profiles, and refuses an image with a long one. No pixel needs
# them, but for the two texts in which programs write how to turn the image upright.
TEXTS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
ORIENTATIONS = (b"Raw profile type exif\0", b"XML:com.adobe.xmp\0")
GRAY, COLOR = 0, 2      # types of color, in IHDR


def checked(file):
    """The content of an open PNG file whose checksums are right, as a file in memory.

    Texts and profiles are left out, and the transparent value of a gray image of 2 or 4 bits is
    scaled to the 8 bits that Pillow makes of its pixels. Raises ValueError if the file is damaged.
    """
    out = io.BytesIO()
    out.write(file.read(len(SIGNATURE)))
    kind = depth = color = None
    while kind != b"IEND":
        kind, content = _chunk(file)
        if kind == b"IHDR" and len(content) == 13:
            depth, color = content[8], content[9]
        elif kind == b"tRNS" and (depth, color) == (16, COLOR):
            raise ValueError("16 bits per channel and a transparent color; save it with 8 bits")
        elif kind == b"tRNS" and color == GRAY and depth in (2, 4) and len(content) == 2:
            content = struct.pack(">H", content[1] * 255 // (2 ** depth - 1))
        if kind not in TEXTS or content.startswith(ORIENTATIONS):
            out.write(struct.pack(">I4s", len(content), kind) + content)
            out.write(struct.pack(">I", _checksum(kind, content)))
    out.seek(0)
    return out


def _chunk(file):
    """The kind and the content of the next chunk."""
    left = os.fstat(file.fileno()).st_size - file.tell()
    length, kind = struct.unpack(">I4s", file.read(8)) if left >= 12 else (0, b"")
    if left < 12 + length:
        raise ValueError("PNG file cut short or damaged")
    content = file.read(length)
    if file.read(4) != struct.pack(">I", _checksum(kind, content)):
        raise ValueError(f"damaged PNG file: wrong checksum of a chunk {kind!r}")
    return kind, content


def _checksum(kind, content):
    return zlib.crc32(content, zlib.crc32(kind))
