"""The IDX format of the MNIST family: two zero bytes, the type, the number of axes, their lengths, then the data."""
import gzip
import hashlib
import math
import struct
import zlib

import numpy as np

UBYTE = 0x08


def read_idx(path, *, sha256=None):
    """Read an IDX file of unsigned bytes, gzip-compressed or not.

    path: the file. sha256: the digest, in hexadecimal, that its uncompressed bytes must have; None takes any.
    Returns uint8, in the shape the file declares.
    Raises ValueError if the file is damaged, of another kind, or not the one the digest is of; OSError if unreadable.
    """
    data = _uncompressed(path)
    if len(data) < 4 or data[:2] != b"\0\0" or data[3] == 0:
        raise ValueError(f"{path}: not an IDX file (it begins with {data[:4].hex(' ') or 'nothing'}); get it again")
    if data[2] != UBYTE:
        raise ValueError(f"{path}: IDX type 0x{data[2]:02x}, but only 0x08, unsigned bytes, is read here")
    start = 4 + 4 * data[3]
    if len(data) < start:
        raise ValueError(f"{path}: truncated in its header of {start} bytes; get it again")
    shape = struct.unpack(f">{data[3]}I", data[4:start])
    if len(data) != start + math.prod(shape):
        kind = "truncated" if len(data) < start + math.prod(shape) else "bytes trail after its end"
        raise ValueError(f"{path}: {kind}: {len(data) - start} bytes of data where the shape {shape} has "
                         f"{math.prod(shape)}; get it again")
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError(f"{path}: not the file expected, or changed (the SHA-256 of its uncompressed bytes is not "
                         f"{sha256}; MNIST's files have the same names); replace it, or delete it to download it again")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()     # a copy: frombuffer is read-only


def _uncompressed(path):
    with open(path, "rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            return gzip.GzipFile(fileobj=file).read() if compressed else file.read()
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path}: damaged gzip file ({error}); get it again") from error
