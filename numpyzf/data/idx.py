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


def read_idx(path, *, sha256=None):
    """Read an IDX file of unsigned bytes, gzip-compressed or not.

    path: the file.
    sha256: the digest, in hexadecimal, that its uncompressed bytes must have; None takes any.
    Returns uint8, in the shape that the file declares.
    Raises ValueError if the file is damaged, of another kind, or has another digest; OSError if
    it cannot be read.
    """
    content = _uncompressed(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[3] == 0:
        raise ValueError(f"{path}: not an IDX file (it begins with "
                         f"{content[:4].hex(' ') or 'nothing'}); get it again")
    if content[2] != UBYTE:
        raise ValueError(f"{path}: IDX type 0x{content[2]:02x}, "
                         "but only 0x08, unsigned bytes, is read here")
    axes = content[3]
    start = 4 + 4 * axes        # of the numbers
    if len(content) < start:
        raise ValueError(f"{path}: truncated in its header of {start} bytes; get it again")
    shape = struct.unpack(f">{axes}I", content[4:start])
    nbytes, expected = len(content) - start, math.prod(shape)
    if nbytes != expected:
        kind = "truncated" if nbytes < expected else "bytes trail after its end"
        raise ValueError(f"{path}: {kind}: {nbytes} bytes of data where the shape {shape} has "
                         f"{expected}; get it again")
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"{path}: not the file expected, or changed (the SHA-256 of its "
                         f"uncompressed bytes is not {sha256}; MNIST's files have the same "
                         "names); replace it, or delete it to download it again")
    numbers = np.frombuffer(content, np.uint8, offset=start).reshape(shape)
    return numbers.copy()       # frombuffer is read-only


def _uncompressed(path):
    with open(path, "rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            return gzip.GzipFile(fileobj=file).read() if compressed else file.read()
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path}: damaged gzip file ({error}); get it again") from error
