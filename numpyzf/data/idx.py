"""The IDX format of the MNIST family.

    2 bytes         zero
    1 byte          type of the numbers: 0x08 is unsigned bytes
    1 byte          number of axes
    4 bytes each    length of each axis, big-endian
    the rest        the numbers, the last axis fastest
"""
import gzip
import hashlib
import math
import struct
import zlib

import numpy as np

UBYTE = 0x08
BLOCK = 1 << 20         # bytes read at a time


def read_idx(path, *, sha256=None, most=math.inf):
    """Read an IDX file of unsigned bytes, gzip-compressed or not.

    path: the file.
    sha256: the digest, in hexadecimal, that its uncompressed bytes must have; None takes any.
    most: numbers that it may hold. No more than its header declares is unpacked.
    Returns uint8, in the shape that the file declares.
    Raises ValueError if the file is damaged, of another kind, too large, or has another digest;
    OSError if it cannot be read.
    """
    with open(path, "rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            header, shape, content = _read(gzip.GzipFile(fileobj=file) if compressed else file,
                                           path, most)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path}: damaged gzip file ({error}); get it again") from error
    if sha256 is not None and hashlib.sha256(header + content).hexdigest() != sha256:
        raise ValueError(f"{path}: not the file expected, or changed (the SHA-256 of its "
                         f"uncompressed bytes is not {sha256}; MNIST's files have the same "
                         "names); replace it, or delete it to download it again")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _read(file, path, most):
    """The bytes of the header, the shape in it, and the numbers, a bytearray, of an open file."""
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[3] == 0:
        raise ValueError(f"{path}: not an IDX file (it begins with "
                         f"{start.hex(' ') or 'nothing'}); get it again")
    if start[2] != UBYTE:
        raise ValueError(f"{path}: IDX type 0x{start[2]:02x}, "
                         "but only 0x08, unsigned bytes, is read here")
    axes = start[3]
    lengths = file.read(4 * axes)
    if len(lengths) < 4 * axes:
        raise ValueError(f"{path}: truncated in its header of {4 + 4 * axes} bytes; get it again")
    shape = struct.unpack(f">{axes}I", lengths)
    expected = math.prod(shape)
    if expected > most:
        raise ValueError(f"{path}: its shape {shape} has more than the {most:,} numbers that are "
                         "expected; get it again")
    content = bytearray()
    # One byte more than is right tells that the file is too long, and makes gzip compare its
    # checksum, which stands at the end.
    while len(content) <= expected:
        block = file.read(min(BLOCK, expected + 1 - len(content)))
        if not block:
            break
        content += block
    if len(content) < expected:
        raise ValueError(f"{path}: truncated: {len(content)} bytes of data where the shape {shape} "
                         f"has {expected}; get it again")
    if len(content) > expected:
        raise ValueError(f"{path}: bytes trail after its end: {expected + 1} or more bytes of data "
                         f"where the shape {shape} has {expected}; get it again")
    return start + lengths, shape, content
